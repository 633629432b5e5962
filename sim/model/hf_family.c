/* model/hf_family: the families, the keys, and what happens to keys that nobody knows. Adding a
 * family that is a mix of known parts is adding a row. */
#include <string.h>

#include "model/hf.h"

enum { ALIASES_CAP = 6 };

static const char *const aliases[HF_N_KEYS][ALIASES_CAP] = {
#define ALIASES(symbol, ...) [HF_##symbol] = {__VA_ARGS__},
    HF_KEY_LIST(ALIASES)
#undef ALIASES
};

static const hf_paths standard = {.attention = "self_attn",
                                  .state = "linear_attn",
                                  .routed = "mlp.experts.0",
                                  .shared = "mlp.shared_experts",
                                  .dense = "mlp",
                                  .router = "mlp"};
static const hf_paths one_shared = {.attention = "self_attn",
                                    .state = "linear_attn",
                                    .routed = "mlp.experts.0",
                                    .shared = "mlp.shared_expert",
                                    .dense = "mlp",
                                    .router = "mlp"};
static const hf_paths sparse_block = {.attention = "self_attn",
                                      .state = "linear_attn",
                                      .routed = "block_sparse_moe.experts.0",
                                      .shared = "block_sparse_moe.shared_experts",
                                      .dense = "mlp",
                                      .router = "block_sparse_moe"};
static const hf_paths beside = {.attention = "self_attn",
                                .state = "linear_attn",
                                .routed = "experts.0",
                                .shared = "shared_experts",
                                .dense = "mlp",
                                .router = "router"};
static const hf_paths short_names = {.attention = "attn",
                                     .state = "attn",
                                     .routed = "ffn.experts.0",
                                     .shared = "ffn.shared_experts",
                                     .dense = "ffn",
                                     .router = "ffn"};
static const hf_paths blocks = {.attention = "mixer",
                                .state = "mixer",
                                .routed = "mixer.experts.0",
                                .shared = "mixer.shared_experts",
                                .dense = "mixer",
                                .router = "mixer"};
static const hf_paths kimi_linear = {.attention = "self_attn",
                                     .state = "self_attn",
                                     .routed = "block_sparse_moe.experts.0",
                                     .shared = "block_sparse_moe.shared_experts",
                                     .dense = "mlp",
                                     .router = "block_sparse_moe"};

#define PLAIN gable_hf_mixer_gqa, gable_hf_ffn_plain
#define BF16_CACHE .kv = GABLE_DTYPE_BF16, .index = GABLE_DTYPE_BF16
/* 656 B per token, and a 128-element FP8 index key with a 4-byte scale (facts/models.md 3) */
#define SPARSE_CACHE .kv = GABLE_DTYPE_MLA_FP8, .index = GABLE_DTYPE_MXFP8
#define V4_CACHE .kv = GABLE_DTYPE_V4_KV, .index = GABLE_DTYPE_MXFP4

static const hf_family families[] = {
    {"llama", PLAIN, 0, 0, &standard, BF16_CACHE},
    {"mistral", PLAIN, 0, 0, &standard, BF16_CACHE},
    {"phi3", PLAIN, 0, 0, &standard, BF16_CACHE},
    {"ministral3", PLAIN, 0, 0, &standard, BF16_CACHE},
    {"mixtral", PLAIN, HF_EXPERT_IS_WIDTH, 0, &sparse_block, BF16_CACHE},
    {"qwen2", PLAIN, HF_QKV_BIAS | HF_WINDOW_OFF, 0, &standard, BF16_CACHE},
    {"qwen2_moe", PLAIN, HF_QKV_BIAS | HF_WINDOW_OFF, 0, &one_shared, BF16_CACHE},
    {"qwen3", PLAIN, HF_QK_NORM | HF_WINDOW_OFF | HF_HEAD_DIM_OWN, 0, &standard, BF16_CACHE},
    {"qwen3_moe", PLAIN, HF_QK_NORM | HF_WINDOW_OFF, 0, &standard, BF16_CACHE},
    {"qwen3_vl_text", PLAIN, HF_QK_NORM | HF_HEAD_DIM_OWN, 0, &standard, BF16_CACHE},
    {"qwen3_vl_moe_text", PLAIN, HF_QK_NORM, 0, &standard, BF16_CACHE},
    {"qwen3_next", gable_hf_mixer_gdn, gable_hf_ffn_plain,
     HF_QK_NORM | HF_GATED | HF_MIXED | HF_HEAD_DIM_OWN, 0, &one_shared, BF16_CACHE},
    {"qwen3_5_text", gable_hf_mixer_gdn, gable_hf_ffn_plain,
     HF_QK_NORM | HF_GATED | HF_MIXED | HF_HEAD_DIM_OWN, 0, &one_shared, BF16_CACHE},
    {"qwen3_5_moe_text", gable_hf_mixer_gdn, gable_hf_ffn_plain,
     HF_QK_NORM | HF_GATED | HF_MIXED | HF_HEAD_DIM_OWN, 0, &one_shared, BF16_CACHE},
    {"gpt_oss", PLAIN, HF_HEAD_DIM_OWN | HF_EXPERT_IS_WIDTH | HF_SINKS | HF_FFN_BIAS, 2, &standard,
     BF16_CACHE},
    {"glm4_moe", PLAIN, 0, 0, &standard, BF16_CACHE},
    {"minimax_m2", PLAIN, HF_EXPERT_IS_WIDTH, 0, &sparse_block, BF16_CACHE},
    {"minimax_m3", gable_hf_mixer_msa, gable_hf_ffn_plain, HF_EXPERT_IS_WIDTH, 0, &sparse_block,
     BF16_CACHE},
    {"minimax_m3_vl", gable_hf_mixer_msa, gable_hf_ffn_plain, HF_EXPERT_IS_WIDTH, 0, &sparse_block,
     BF16_CACHE},
    {"llama4_text", PLAIN, HF_EXPERT_IS_WIDTH | HF_ONE_SHARED, 4, &standard, BF16_CACHE},
    {"mimo", PLAIN, 0, 0, &standard, BF16_CACHE},
    {"mimo_v2_flash", PLAIN, HF_MIXED, 0, &standard, BF16_CACHE},
    {"step3p7", PLAIN, HF_MIXED, 0, &standard, BF16_CACHE},
    {"gemma3_text", PLAIN, HF_QK_NORM | HF_TIED | HF_HEAD_DIM_OWN, 6, &standard, BF16_CACHE},
    {"gemma4_text", PLAIN, HF_QK_NORM | HF_TIED | HF_HEAD_DIM_OWN, 6, &beside, BF16_CACHE},
    {"bitnet", PLAIN, 0, 0, &standard, BF16_CACHE},
    {"nemotron-nas", gable_hf_mixer_nas, gable_hf_ffn_nas, 0, 0, &standard, BF16_CACHE},
    {"nemotron_h", gable_hf_mixer_hybrid, gable_hf_ffn_hybrid, HF_UNGATED_FFN | HF_BLOCKS, 0,
     &blocks, BF16_CACHE},
    {"deepseek_v2", gable_hf_mixer_mla, gable_hf_ffn_plain, 0, 0, &standard, BF16_CACHE},
    {"deepseek_v3", gable_hf_mixer_mla, gable_hf_ffn_plain, 0, 0, &standard, BF16_CACHE},
    {"kimi_k2", gable_hf_mixer_mla, gable_hf_ffn_plain, 0, 0, &standard, BF16_CACHE},
    {"moe", gable_hf_mixer_mla, gable_hf_ffn_plain, 0, 0, &standard,
     BF16_CACHE}, /* SimuMax's own files */
    {"deepseek_v32", gable_hf_mixer_mla, gable_hf_ffn_plain, 0, 0, &standard, SPARSE_CACHE},
    {"glm_moe_dsa", gable_hf_mixer_mla, gable_hf_ffn_plain, 0, 0, &standard, SPARSE_CACHE},
    {"deepseek_v4", gable_hf_mixer_v4, gable_hf_ffn_plain, 0, 0, &short_names, V4_CACHE},
    {"deepseek_ref", gable_hf_mixer_v4, gable_hf_ffn_plain, 0, 0, &short_names, V4_CACHE},
    {"kimi_linear", gable_hf_mixer_kda, gable_hf_ffn_plain, 0, 0, &kimi_linear, BF16_CACHE},
};
enum { N_FAMILIES = sizeof families / sizeof families[0] };

const hf_family *gable_hf_find_family(const char *model_type, const char **near)
{
    const char *names[N_FAMILIES];

    *near = NULL;
    for (size_t i = 0; i < N_FAMILIES; i++) {
        names[i] = families[i].model_type;
        if (strcmp(names[i], model_type) == 0)
            return &families[i];
    }
    *near = gable_text_nearest(model_type, names, N_FAMILIES);
    return NULL;
}

const char *gable_hf_key_name(hf_key key)
{
    return aliases[key][0];
}

const gable_json *gable_hf_find(const hf_import *in, hf_key key)
{
    const gable_json *places[] = {in->text, in->root};

    for (size_t p = 0; p < 2; p++)
        for (int i = 0; i < ALIASES_CAP && aliases[key][i]; i++) {
            const gable_json *node = gable_json_get(places[p], aliases[key][i]);
            if (node && node->type != GABLE_JSON_NULL)
                return node;
        }
    return NULL;
}

/* Keys that say nothing on shapes: initialisation, training, sampling, tokens, rotary embedding,
 * vision towers (the text part is what is priced), and details of routing and norms. */
static const char *const harmless[] = {
    "_kind",
    "_name_or_path",
    "_source",
    "_attn_implementation",
    "activation_situ_beta",
    "activation_situ_linear_beta",
    "architectures",
    "attention_dropout",
    "attention_type",
    "attention_value_scale",
    "attn_res_block_size",
    "audio_config",
    "audio_token_id",
    "auto_map",
    "aux_loss_alpha",
    "bad_words_ids",
    "begin_suppress_tokens",
    "boa_token_id",
    "boi_token_id",
    "bos_token_id",
    "chunk_size_feed_forward",
    "compress_rope_theta",
    "decoder_start_token_id",
    "diversity_penalty",
    "do_sample",
    "early_stopping",
    "encoder_no_repeat_ngram_size",
    "eoa_token_id",
    "eoa_token_index",
    "eoi_token_id",
    "eos_token_id",
    "ep_size",
    "expand",
    "exponential_decay_length_penalty",
    "final_logit_softcapping",
    "attn_logit_softcapping",
    "finetuning_task",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "hc_eps",
    "hc_sinkhorn_iters",
    "hidden_act",
    "hidden_activation",
    "hidden_dropout",
    "id2label",
    "ignore_index",
    "image_grid_pinpoints",
    "image_placeholder",
    "image_seq_length",
    "image_token_id",
    "image_token_index",
    "img_token_compression_config",
    "indexer_rope_interleave",
    "index_share_for_mtp_iteration",
    "initial_context_length",
    "initializer_range",
    "is_decoder",
    "label2id",
    "language_model_only",
    "latent_moe_use_norm",
    "layer_norm_eps",
    "layer_norm_epsilon",
    "layernorm_epsilon",
    "length_penalty",
    "mamba_hidden_act",
    "max_denoising_steps_default",
    "max_length",
    "media_placeholder_token_id",
    "min_length",
    "mla_use_nope",
    "mlp_hidden_act",
    "model_name",
    "model_type",
    "moe_renormalize",
    "moe_router_activation_func",
    "moe_router_dtype",
    "moe_router_scaling_factor",
    "moe_shared_expert_overlap",
    "mtp_hybrid_override_pattern",
    "mtp_layers_block_type",
    "mtp_use_dedicated_embeddings",
    "multimodal_projector_bias",
    "no_repeat_ngram_size",
    "norm_eps",
    "norm_topk_prob",
    "num_beam_groups",
    "num_beams",
    "num_logits_to_keep",
    "num_return_sequences",
    "num_reward_heads",
    "output_attentions",
    "output_gate_type",
    "output_hidden_states",
    "output_router_logits",
    "output_scores",
    "pad_token_id",
    "partial_rotary_factor",
    "prefix",
    "pretraining_tp",
    "problem_type",
    "process_image_mode",
    "projector_hidden_act",
    "projector_hidden_size",
    "pruned_heads",
    "qk_norm_type",
    "remove_invalid_values",
    "repetition_penalty",
    "rescale_prenorm_residual",
    "residual_in_fp32",
    "return_dict",
    "return_dict_in_generate",
    "rms_norm_eps",
    "rope_interleave",
    "rope_parameters",
    "rope_scaling",
    "rope_theta",
    "rope_local_base_freq",
    "rotary_dim",
    "routed_scaling_factor",
    "router_aux_loss_coef",
    "router_jitter_noise",
    "scoring_func",
    "sep_token_id",
    "seq_aux",
    "suppress_tokens",
    "swa_rope_theta",
    "swiglu_alpha",
    "swiglu_limit",
    "task_specific_params",
    "temperature",
    "text_config",
    "tf_legacy_loss",
    "tie_encoder_decoder",
    "time_step_floor",
    "time_step_limit",
    "time_step_max",
    "time_step_min",
    "time_step_rank",
    "tokenizer_class",
    "top_k",
    "top_p",
    "topk_method",
    "torchscript",
    "transformers_version",
    "typical_p",
    "use_bfloat16",
    "use_bidirectional_attention",
    "use_cache",
    "use_gemma_norm",
    "use_grouped_topk",
    "use_mamba_kernels",
    "use_moe_router_bias",
    "use_mrope",
    "use_mtp",
    "use_routing_bias",
    "use_swiglu",
    "use_unified_vision_chunk",
    "video_placeholder",
    "video_token_id",
    "video_token_index",
    "vision_config",
    "vision_end_token_id",
    "vision_feature_layer",
    "vision_feature_select_strategy",
    "vision_soft_tokens_per_image",
    "vision_start_token_id",
    "vocab_size_per_layer_input",
    "query_pre_attn_scalar",
    "head_dim_qk",
    "qk_head_dim",
    "use_conv_bias",
    "mamba_proj_bias",
    "use_bias",
    "mtp_transformer_layers",
    "moe_token_dispatcher",
    "no_rope_layers",
    "no_rope_layer_interval",
    "attn_temperature_tuning",
    "expert_intermediate_size",
};

/* Keys that change the architecture in a way that no row here can say: anything but off is refused.
 */
static const struct {
    const char *key, *why;
} unsupported[] = {
    {"num_kv_shared_layers", "layers that share the cache of others are not modelled"},
    {"use_double_wide_mlp", "double-wide feed-forward parts are not modelled"},
    {"hidden_size_per_layer_input", "per-layer input embeddings are not modelled"},
    {"index_topk_pattern", "a pattern of selections is not modelled"},
    {"add_cross_attention", "cross-attention is not modelled"},
    {"cross_attention_hidden_size", "cross-attention is not modelled"},
    {"is_encoder_decoder", "encoder-decoder models are not modelled"},
};

static bool is_off(const gable_json *node)
{
    return node->type == GABLE_JSON_NULL || (node->type == GABLE_JSON_BOOL && !node->boolean) ||
           (node->type == GABLE_JSON_NUMBER && node->number == 0);
}

static bool is_known(const char *key)
{
    for (int i = 0; i < HF_N_KEYS; i++)
        for (int j = 0; j < ALIASES_CAP && aliases[i][j]; j++)
            if (strcmp(aliases[i][j], key) == 0)
                return true;
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
        if (strcmp(harmless[i], key) == 0)
            return true;
    for (size_t i = 0; i < sizeof unsupported / sizeof unsupported[0]; i++)
        if (strcmp(unsupported[i].key, key) == 0)
            return true;
    return false;
}

/* One sentence with the keys of `object` that `known` does not know and that are not off. */
static void say_unknown(const hf_import *in, const gable_json *object, const char *whose,
                        bool (*known)(const char *key))
{
    char list[400] = "";
    size_t used = 0;
    int n = 0;

    for (const gable_json *node = object->child; node; node = node->next) {
        size_t length = strlen(node->key);
        if (known(node->key) || is_off(node))
            continue;
        n++;
        if (used + length + 3 > sizeof list)
            continue;
        memcpy(list + used, used ? ", " : "", used ? 2 : 0);
        used += used ? 2 : 0;
        memcpy(list + used, node->key, length + 1);
        used += length;
    }
    if (n > 0)
        gable_remark_add(in->remark, "%d keys of the %s were not understood and had no effect: %s.",
                         n, whose, list);
}

/* Counts that go by several keys: a config that has two of them must mean one number. */
static gable_status check_aliases(const hf_import *in)
{
    static const hf_key counts[] = {HF_LAYERS,  HF_HEADS,  HF_KV_HEADS,
                                    HF_EXPERTS, HF_ACTIVE, HF_SHARED};

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        const gable_json *first = NULL;
        for (int j = 0; j < ALIASES_CAP && aliases[counts[i]][j]; j++) {
            const gable_json *node = gable_json_get(in->text, aliases[counts[i]][j]);
            if (!node || node->type != GABLE_JSON_NUMBER)
                continue;
            first = first ? first : node;
            if (node->number != first->number)
                return gable_json_fail(node, in->err, "%s = %g, but %s = %g", node->key,
                                       node->number, first->key, first->number);
        }
    }
    return GABLE_OK;
}

gable_status gable_hf_check_keys(const hf_import *in)
{
    for (size_t i = 0; i < sizeof unsupported / sizeof unsupported[0]; i++) {
        const gable_json *node = gable_json_get(in->text, unsupported[i].key);
        if (node && !is_off(node))
            return gable_json_fail(node, in->err, "%s", unsupported[i].why);
    }
    say_unknown(in, in->text, "config", is_known);
    return check_aliases(in);
}

/* Read, or saying nothing on formats. */
static bool is_known_quant(const char *key)
{
    static const char *const known[] = {"quant_method",
                                        "quant_algo",
                                        "quantized_layers",
                                        "exclude_modules",
                                        "config_groups",
                                        "ignore",
                                        "ignored_layers",
                                        "modules_to_not_convert",
                                        "weight_block_size",
                                        "bits",
                                        "group_size",
                                        "dynamic",
                                        "kv_cache_scheme",
                                        "moe_quant_algo",
                                        "kv_cache_quant_algo",
                                        "producer",
                                        "activation_scheme",
                                        "fmt",
                                        "scale_fmt",
                                        "format",
                                        "version",
                                        "linear_class",
                                        "quantization_mode",
                                        "quantization_status",
                                        "sym",
                                        "desc_act",
                                        "static_groups",
                                        "true_sequential",
                                        "damp_percent",
                                        "zero_point",
                                        "checkpoint_format",
                                        "meta",
                                        "backend",
                                        "quant_type",
                                        "model_name_or_path",
                                        "model_file_base_name",
                                        "activation_scale_ub",
                                        "global_compression_ratio",
                                        "sparsity_config",
                                        "transform_config"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], key) == 0)
            return true;
    return false;
}

void gable_hf_check_quant_keys(const hf_import *in, const gable_json *config)
{
    say_unknown(in, config, "quantization_config", is_known_quant);
}
