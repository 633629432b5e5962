/* model/hf: the importer of Hugging Face configs, private to this room. A config is read through alias rows
 * (one concept, the keys that families use for it); a family is one row that says how its layers are told
 * apart. Aliases and families: facts/models.md 2 and 9.
 * Room: model. Uses: base. */
#ifndef GABLE_MODEL_HF_H
#define GABLE_MODEL_HF_H
#include "model/internal.h"

/* X(symbol, keys in order of preference …) */
#define HF_KEY_LIST(X)                                                                             \
    X(LAYERS, "num_hidden_layers", "layer_num")                                                    \
    X(HIDDEN, "hidden_size")                                                                       \
    X(VOCAB, "vocab_size")                                                                         \
    X(CONTEXT, "max_position_embeddings")                                                          \
    X(TIED_KEY, "tie_word_embeddings")                                                                 \
    X(MTP, "num_mtp_modules", "num_nextn_predict_layers", "mtp_num_hidden_layers")                 \
    X(HYPER, "hc_mult")                                                                            \
    X(CANVAS, "canvas_length")                                                                     \
    X(HEADS, "num_attention_heads", "head_num")                                                    \
    X(KV_HEADS, "num_key_value_heads", "kv_head_num")                                              \
    X(HEAD_DIM, "head_dim", "attention_head_dim", "head_size")                                     \
    X(V_HEAD_DIM, "v_head_dim")                                                                    \
    X(GLOBAL_HEAD_DIM, "global_head_dim")                                                          \
    X(GLOBAL_KV_HEADS, "num_global_key_value_heads")                                               \
    X(SWA_HEADS, "swa_num_attention_heads")                                                        \
    X(SWA_KV_HEADS, "swa_num_key_value_heads")                                                     \
    X(SWA_HEAD_DIM, "swa_head_dim")                                                                \
    X(SWA_V_HEAD_DIM, "swa_v_head_dim")                                                            \
    X(SWA_SINKS, "add_swa_attention_sink_bias")                                                    \
    X(FULL_SINKS, "add_full_attention_sink_bias")                                                  \
    X(K_EQ_V, "attention_k_eq_v")                                                                  \
    X(GATED_KEY, "attn_output_gate", "attention_output_gate", "mla_use_output_gate")                   \
    X(QK_NORM_KEY, "use_qk_norm")                                                                      \
    X(BIAS, "attention_bias", "qkv_bias")                                                          \
    X(WINDOW, "sliding_window", "sliding_window_size")                                             \
    X(CHUNK_WINDOW, "attention_chunk_size")                                                        \
    X(USE_WINDOW, "use_sliding_window")                                                            \
    X(WINDOW_FROM, "max_window_layers")                                                            \
    X(WINDOW_EVERY, "sliding_window_pattern")                                                      \
    X(LAYER_TYPES, "layer_types")                                                                  \
    X(SWA_LAYERS, "hybrid_layer_pattern")                                                          \
    X(FULL_EVERY, "full_attention_interval")                                                       \
    X(ATTENTION_TYPES, "attn_type_list")                                                           \
    X(Q_RANK, "q_lora_rank")                                                                       \
    X(KV_RANK, "kv_lora_rank")                                                                     \
    X(NOPE_DIM, "qk_nope_head_dim", "qk_head_dim")                                                 \
    X(ROPE_DIM, "qk_rope_head_dim", "qk_pos_emb_head_dim")                                         \
    X(INDEX_HEADS, "index_n_heads")                                                                \
    X(INDEX_DIM, "index_head_dim")                                                                 \
    X(INDEX_TOPK, "index_topk")                                                                    \
    X(INDEX_TYPES, "indexer_types")                                                                \
    X(INDEX_EVERY, "index_topk_freq")                                                              \
    X(INDEX_OFFSET, "index_skip_topk_offset")                                                      \
    X(OUT_GROUPS, "o_groups")                                                                      \
    X(OUT_RANK, "o_lora_rank")                                                                     \
    X(RATIOS, "compress_ratios")                                                                   \
    X(SPARSE, "sparse_attention_config")                                                           \
    X(LINEAR, "linear_attn_config")                                                                \
    X(GDN_KEY_HEADS, "linear_num_key_heads")                                                       \
    X(GDN_HEADS, "linear_num_value_heads")                                                         \
    X(GDN_KEY_DIM, "linear_key_head_dim")                                                          \
    X(GDN_VALUE_DIM, "linear_value_head_dim")                                                      \
    X(CONV, "linear_conv_kernel_dim", "conv_kernel")                                               \
    X(SSM_HEADS, "mamba_num_heads")                                                                \
    X(SSM_HEAD_DIM, "mamba_head_dim")                                                              \
    X(SSM_STATE, "ssm_state_size")                                                                 \
    X(SSM_GROUPS, "n_groups")                                                                      \
    X(SSM_CHUNK, "chunk_size")                                                                     \
    X(SSM_DTYPE, "mamba_ssm_cache_dtype", "mamba_ssm_dtype")                                       \
    X(HYBRID, "hybrid_override_pattern")                                                           \
    X(BLOCK_TYPES, "layers_block_type")                                                            \
    X(BLOCKS_KEY, "block_configs")                                                                     \
    X(WIDTH, "intermediate_size_mlp", "dense_intermediate_size", "intermediate_size")              \
    X(EXPERTS, "n_routed_experts", "num_local_experts", "num_experts", "expert_num")               \
    X(ACTIVE, "num_experts_per_tok", "num_experts_per_token", "top_k_experts", "experts_per_token", \
      "topk")                                                                                      \
    X(EXPERT_WIDTH, "moe_intermediate_size", "moe_ffn_hidden_size")                                \
    X(PLAIN_WIDTH, "intermediate_size")                                                            \
    X(SHARED, "n_shared_experts", "num_shared_experts")                                            \
    X(SHARED_WIDTH, "shared_expert_intermediate_size", "moe_shared_expert_intermediate_size",      \
      "share_expert_dim", "shared_intermediate_size")                                              \
    X(LATENT, "moe_latent_size", "routed_expert_hidden_size")                                      \
    X(GROUPS, "n_group", "num_expert_group")                                                       \
    X(TOP_GROUPS, "topk_group")                                                                    \
    X(HASH_LAYERS, "num_hash_layers")                                                              \
    X(FIRST_MOE, "first_k_dense_replace", "dense_layers")                                          \
    X(MOE_FREQ, "moe_layer_freq")                                                                  \
    X(MOE_TYPES, "mlp_layer_types")                                                                \
    X(MOE_STEP, "decoder_sparse_step", "interleave_moe_layer_step")                                \
    X(DENSE_LAYERS, "mlp_only_layers")                                                             \
    X(MOE_BLOCK, "enable_moe_block")                                                               \
    X(MLP_BIAS, "mlp_bias")                                                                        \
    X(DTYPE, "torch_dtype", "dtype")                                                               \
    X(EXPERT_DTYPE, "expert_dtype")                                                                \
    X(QUANT, "quantization_config")

typedef enum hf_key {
#define HF_ENUM(symbol, ...) HF_##symbol,
    HF_KEY_LIST(HF_ENUM)
#undef HF_ENUM
        HF_N_KEYS
} hf_key;

/* Where the modules of a layer hang in checkpoints, for precision maps: "layers.7.<part>.<matrix>". */
typedef struct hf_paths {
    const char *attention, *state, *routed, *shared, *dense, *router;
} hf_paths;

typedef struct hf_import hf_import;
typedef gable_status hf_mixer_function(const hf_import *in, int i_layer, gable_mixer *out);
typedef gable_status hf_ffn_function(const hf_import *in, int i_layer, gable_ffn *out);

typedef enum hf_trait {
    HF_EXPERT_IS_WIDTH = 1, /* "intermediate_size" is the expert's width */
    HF_QK_NORM = 2,
    HF_QKV_BIAS = 4,
    HF_SINKS = 8,
    HF_FFN_BIAS = 16,
    HF_TIED = 32,           /* embeddings are tied unless the config says otherwise */
    HF_GATED = 64,          /* attention has an output gate */
    HF_UNGATED_FFN = 128,   /* two matrices per feed-forward part */
    HF_ONE_SHARED = 256,    /* one shared expert as wide as a routed one, without a key for it */
    HF_BLOCKS = 512         /* mixers and feed-forward parts are layers of their own */
} hf_trait;

/* One family: what its model_type is called and how its layers are read. */
typedef struct hf_family {
    const char *model_type;
    hf_mixer_function *mixer;
    hf_ffn_function *ffn;
    unsigned traits;      /* hf_trait */
    int window_every;     /* every n-th layer sees everything; 0: as the config says */
    const hf_paths *paths;
    gable_dtype kv, index; /* cache formats of the engines that serve it, unless the checkpoint says */
} hf_family;

struct hf_import {
    gable_arena *arena;
    gable_err *err;
    const gable_json *root; /* the file */
    const gable_json *text; /* the part that describes the language model: text_config or the root */
    const hf_family *family;
    int n_layers, hidden;
    gable_remark *remark;
};

/* Value of a concept under any of its keys, in the text part or else the root; NULL when absent or null. */
const gable_json *hf_find(const hf_import *in, hf_key key);

/* First key of a concept, for messages. */
const char *hf_key_name(hf_key key);

/* Reads a whole number >= 0; *out is left alone when absent. Wrong types are refused. */
gable_status hf_int(const hf_import *in, hf_key key, int *out);

/* As hf_int, but absence or 0 is refused. */
gable_status hf_need(const hf_import *in, hf_key key, int *out);

/* True or false; *out is left alone when absent. */
gable_status hf_bool(const hf_import *in, hf_key key, bool *out);

/* Reads member `name` of a nested object as a whole number >= 0; refused when absent. */
gable_status hf_member_int(const hf_import *in, const gable_json *object, const char *name, int *out);

/* Element `i` of the array of a concept: refused when it is no array or shorter than the layers. NULL in *out
 * when the key is absent. */
gable_status hf_element(const hf_import *in, hf_key key, int i, const gable_json **out);

/* A JSON true / false; an absent node is neither. */
bool hf_is_true(const gable_json *node);
bool hf_is_false(const gable_json *node);

/* True when an array of numbers holds `value`. */
bool hf_holds(const gable_json *array, double value);

extern hf_mixer_function hf_mixer_gqa, hf_mixer_mla, hf_mixer_v4, hf_mixer_msa, hf_mixer_gdn,
    hf_mixer_kda, hf_mixer_hybrid, hf_mixer_nas;
extern hf_ffn_function hf_ffn_plain, hf_ffn_hybrid, hf_ffn_nas;

/* Kinds of blocks of a hybrid that lists them ('M' state space, '*' attention, 'E' experts, '-' dense), and how
 * many there are; refused when the config has neither of the two ways to list them. */
gable_status hf_block(const hf_import *in, int i_layer, char *out);
gable_status hf_count_blocks(const hf_import *in, int *out);

/* Row of a model_type; NULL when it is unknown, and then the nearest known one is in *near. */
const hf_family *hf_find_family(const char *model_type, const char **near);

/* Adds a sentence on keys that no row knows; refuses keys that would change the architecture. */
gable_status hf_check_keys(const hf_import *in);

/* Fills dtypes and cache formats from the config's quantization_config and the companion. */
gable_status hf_quant(const hf_import *in, const gable_json *companion, gable_model *model);

/* Whether a pattern of an exclusion list names a module: whole components, "*" globs, and for "re:" the
 * subset of regular expressions that checkpoints use (. * \. and one-level (a|b) groups).
 * *ok becomes false when the pattern uses more than that. */
bool hf_match(const char *pattern, const char *module, bool *ok);

#endif
