/* model, the door: Hugging Face configs that are wrong in one place are refused with file, line,
 * column, JSON path and what was meant; small configs show how one rule each is read. */
#include "model_text.h"

#define DENSE_KEYS                                                                                 \
    "\"num_hidden_layers\": 4, \"hidden_size\": 64, \"num_attention_heads\": 4, "                  \
    "\"vocab_size\": 100, \"intermediate_size\": 128"
#define LLAMA "{\"model_type\": \"llama\", " DENSE_KEYS
#define MOE LLAMA ", \"num_experts\": 8, \"num_experts_per_tok\": 2, \"moe_intermediate_size\": 32"
#define HYBRID                                                                                     \
    "{\"model_type\": \"nemotron_h\", \"hidden_size\": 64, \"vocab_size\": 9, "                    \
    "\"num_attention_heads\": 4, \"intermediate_size\": 8"
#define DSA                                                                                        \
    "{\"model_type\": \"deepseek_v32\", " DENSE_KEYS ", \"kv_lora_rank\": 8, "                     \
    "\"qk_nope_head_dim\": 8, \"qk_rope_head_dim\": 8, \"v_head_dim\": 8, \"index_topk\": 8"
#define MSA                                                                                        \
    "{\"model_type\": \"minimax_m3\", " DENSE_KEYS ", \"sparse_attention_config\": {"              \
    "\"use_sparse_attention\": true, "
#define NAS                                                                                        \
    "{\"model_type\": \"nemotron-nas\", \"num_hidden_layers\": 1, \"hidden_size\": 64, "           \
    "\"num_attention_heads\": 4, \"vocab_size\": 9, \"block_configs\": [{\"attention\": "
#define KDA                                                                                        \
    "{\"model_type\": \"kimi_linear\", " DENSE_KEYS ", \"linear_attn_config\": {\"kda_layers\": "
#define QUANT LLAMA ", \"quantization_config\": {\"quant_method\": "
#define GROUP QUANT "\"compressed-tensors\", \"config_groups\": {\"group_0\": {\"weights\": "
#define EIGHT "{\"num_bits\": 8, \"type\": \"float\"}"
#define FP8 ", \"quantization_config\": {\"quant_method\": \"fp8\""

static const struct {
    const char *text, *what;
} configs[] = {
    {"{\"model_type\": \"lama\", " DENSE_KEYS "}",
     "\"lama\" is not understood; did you mean \"llama\""},
    {"{\"model_type\": \"t5\", " DENSE_KEYS "}", "\"t5\" is not understood"},
    {"{" DENSE_KEYS "}", "no \"model_type\""},
    {"[1]", "expected a model, got an array"},
    {"{\"model_type\": \"llama\"}", "missing key \"hidden_size\""},
    {LLAMA ", \"num_key_value_heads\": 3}", "not a multiple of n_kv_heads = 3"},
    {"{\"model_type\": \"llama\", \"num_hidden_layers\": 4, \"hidden_size\": 65, "
     "\"num_attention_heads\": 4, \"vocab_size\": 100, \"intermediate_size\": 8}",
     "4 heads do not divide hidden_size = 65"},
    {LLAMA ", \"head_dim\": \"16\"}", "expected a number, got a string"},
    {LLAMA ", \"head_dim\": 16.5}", "whole number"},
    {LLAMA ", \"head_dim\": -16}", "whole number"},
    {LLAMA ", \"tie_word_embeddings\": 1}", "expected true or false"},
    {LLAMA ", \"is_encoder_decoder\": true}", "encoder-decoder"},
    {LLAMA ", \"num_kv_shared_layers\": 2}", "share the cache"},
    {LLAMA ", \"layer_types\": [\"full_attention\"]}", "an entry for each of 4 layers"},
    {LLAMA ", \"layer_types\": [\"full_attention\", \"odd\", \"odd\", \"odd\"]}",
     "layer_types[1]: a layer of type \"odd\" is not understood; known are full_attention"},
    {LLAMA ", \"layer_types\": [1, 1, 1, 1, 1]}",
     "layer_types: 5 entries, expected a list with an entry"},
    {LLAMA ", \"layer_types\": \"full_attention\"}", "an entry for each layer, got a string"},
    {LLAMA ", \"layer_types\": [\"full_atention\", 1, 1, 1]}", "did you mean \"full_attention\""},
    {LLAMA ", \"layer_types\": [\"linear_attention\", \"odd\", \"odd\", \"odd\"]}",
     "linear attention"},
    {LLAMA ", \"layer_types\": [\"sliding_attention\", \"odd\", \"odd\", \"odd\"]}",
     "missing key \"sliding_window\""},
    {LLAMA ", \"num_experts\": 8}", "missing key \"num_experts_per_tok\""},
    {MOE ", \"n_group\": 3}", "not a multiple of n_groups = 3"},
    {MOE ", \"num_experts_per_token\": 9}",
     "num_experts_per_token: num_experts_per_token = 9, but num_experts_per_tok = 2"},
    {LLAMA ", \"num_experts\": 8, \"num_experts_per_tok\": 9, \"moe_intermediate_size\": 32}",
     "num_experts_per_tok: a token uses 9 experts, but there are only 8"},
    {MOE ", \"mlp_only_layers\": 3}", "mlp_only_layers: expected a list of layers, got a number"},
    {MOE ", \"mlp_only_layers\": [\"2\"]}", "mlp_only_layers[0]: expected the number of a layer"},
    {MOE ", \"moe_layer_freq\": [\"1\", 1, 1, 1]}", "moe_layer_freq[0]: expected true or false"},
    {MOE ", \"enable_moe_block\": \"true\"}", "enable_moe_block: expected true or false"},
    {LLAMA ", \"hybrid_layer_pattern\": [1, 2, 0, 0], \"sliding_window\": 8}",
     "hybrid_layer_pattern[1]: expected true or false, or 1 or 0"},
    {LLAMA ", \"text_config\": \"x\"}", "text_config: expected an object, got a string"},
    {"{\"model_type\": 7, " DENSE_KEYS "}", "model_type: expected a string, got a number"},
    {"{\"model_type\": \"llama\", \"hidden_size\": 8, \"num_hidden_layers\": 2049}",
     "num_hidden_layers: more than 2048 layers"},
    {"{\"model_type\": \"gemma3_text\", " DENSE_KEYS "}", "missing key \"head_dim\""},
    {"{\"model_type\": \"mimo_v2_flash\", \"sliding_window\": 8, " DENSE_KEYS "}",
     "missing key \"layer_types\", \"hybrid_layer_pattern\" or"},
    {"{\"model_type\": \"minimax_m3\", " DENSE_KEYS "}", "missing key \"sparse_attention_config\""},
    {"{\"model_type\": \"mixtral\", " DENSE_KEYS ", \"num_local_experts\": 8, "
     "\"num_experts_per_tok\": 2, \"mlp_only_layers\": [0]}",
     "missing key \"dense_intermediate_size\""},
    {LLAMA ", \"num_experts_per_tok\": 2}", "num_experts_per_tok: experts of a token, but no"},
    {LLAMA ", \"num_key_value_heads\": 0}", "num_key_value_heads: 0, expected at least 1"},
    {LLAMA ", \"sliding_window\": 8, \"swa_num_attention_heads\": 0}", /* found by fuzzing */
     "swa_num_attention_heads: 0, expected at least 1"},
    {"{\"model_type\": \"gemma3_text\", \"head_dim\": 16, " DENSE_KEYS "}",
     "missing key \"sliding_window\" or \"attention_chunk_size\""},
    {"{\"model_type\": \"qwen3_next\", " DENSE_KEYS "}",
     "missing key \"layer_types\", \"hybrid_layer_pattern\" or \"full_attention_interval\""},
    {DSA ", \"q_lora_rank\": 8, \"index_n_heads\": 4, \"index_head_dim\": 8, \"indexer_types\": "
         "[\"shared\", \"full\", \"full\", \"full\"]}",
     "indexer_types[0]: the first layer has no selection"},
    {DSA ", \"q_lora_rank\": null}", "missing key \"q_lora_rank\""},
    {DSA ", \"q_lora_rank\": 8, \"index_n_heads\": \"4\"}", "index_n_heads: expected a number"},
    {MSA "\"sparse_attention_freq\": [\"1\", 1, 1, 1]}}",
     "sparse_attention_freq[0]: expected true or false"},
    {MSA "\"sparse_attention_freq\": []}}", "with one entry per layer"},
    {MSA "\"sparse_attention_freq\": [1, 1, 1, 1], \"sparse_num_index_heads\": 0}}",
     "sparse_num_index_heads: 0, expected at least 1"},
    {NAS "{\"n_heads_in_group\": 1.5}}]}", "n_heads_in_group: expected a whole number"},
    {NAS "{\"n_heads_in_group\": 3}}]}", "n_heads_in_group: expected n_heads_in_group to divide 4"},
    {NAS "{\"n_heads_in_group\": 2, \"window_length\": \"8\"}}]}",
     "window_length: expected a number, got a string"},
    {NAS "{\"no_op\": \"yes\"}}]}", "no_op: expected true or false"},
    {NAS "{\"no_op\": true}}]}", "expected \"block_configs\" with an \"ffn\" per layer"},
    {NAS "{\"no_op\": true}, \"ffn\": {\"ffn_mult\": \"1\"}}]}",
     "ffn_mult: expected an \"ffn_mult\""},
    {MOE ", \"mlp_layer_types\": [\"dense\", \"thin\", \"sparse\", \"sparse\"]}",
     "expected \"dense\" or \"sparse\""},
    {"{\"model_type\": \"deepseek_v3\", " DENSE_KEYS "}", "missing key \"kv_lora_rank\""},
    {"{\"model_type\": \"deepseek_v4\", " DENSE_KEYS "}", "missing key \"compress_ratios\""},
    {"{\"model_type\": \"deepseek_v4\", " DENSE_KEYS ", \"compress_ratios\": [7, 7, 7, 7]}",
     "ratio of 0, 4 or 128"},
    {HYBRID "}", "missing key \"hybrid_override_pattern\" or \"layers_block_type\""},
    {HYBRID ", \"hybrid_override_pattern\": 7}", "expected a string with a letter for each layer"},
    {HYBRID ", \"hybrid_override_pattern\": \"\"}", "0 layers, expected 1 to 2048"},
    {HYBRID ", \"layers_block_type\": \"mlp\"}", "layers_block_type: expected a list"},
    {HYBRID ", \"layers_block_type\": [\"mpl\"]}",
     "layers_block_type[0]: expected mamba, attention"},
    {HYBRID ", \"hybrid_override_pattern\": \"*X\"}", "layer 1 is 'X'"},
    {HYBRID ", \"hybrid_override_pattern\": \"*-\", \"num_hidden_layers\": 3}",
     "3 layers, but the pattern has 2"},
    {HYBRID ", \"hybrid_override_pattern\": \"M\"}", "missing key \"mamba_num_heads\""},
    {"{\"model_type\": \"nemotron-nas\", " DENSE_KEYS "}", "block_configs"},
    {"{\"model_type\": \"kimi_linear\", " DENSE_KEYS ", \"linear_attn_config\": {}}", "neither"},
    {KDA "[1, 2, 3, 4], \"full_attn_layers\": [1]}}", "in both of kda_layers and full_attn_layers"},
    {KDA "\"all\"}}", "kda_layers: expected a list of layers, got a string"},
    {KDA "[1, 2, 3, 4], \"num_heads\": 0}}", "num_heads: 0, expected at least 1"},
    {KDA "[1, 2, 3, 4], \"use_full_rank_gate\": \"no\"}}", "use_full_rank_gate: expected true or"},
    {"{\"model_type\": \"kimi_linear\", " DENSE_KEYS ", \"linear_attn_config\": 7}",
     "linear_attn_config: expected an object"},
    {LLAMA FP8 ", \"weight_block_size\": [64, 64]}}", "blocks of 128x128"},
    {LLAMA ", \"quantization_config\": {\"quant_method\": \"sorcery\"}}",
     "quant_method \"sorcery\" is not understood; known are fp8, compressed-tensors"},
    {QUANT "\"gptqq\"}}", "did you mean \"gptq\""},
    {QUANT "7}}", "quant_method: expected a string, got a number"},
    {LLAMA ", \"quantization_config\": {\"bits\": 4}}", "missing key \"quant_method\""},
    {LLAMA ", \"quantization_config\": [1]}", "quantization_config: expected an object"},
    {QUANT "\"modelopt\"}}", "missing key \"quant_algo\""},
    {QUANT "\"modelopt\", \"quant_algo\": \"MIXED_PRECISION\"}}", "needs \"quantized_layers\""},
    {QUANT "\"modelopt\", \"quant_algo\": \"MIXED_PRECISION\", \"quantized_layers\": {\"a\": 1}}}",
     "quantized_layers.a: expected \"quant_algo\""},
    {QUANT "\"gptq\"}}", "missing key \"bits\""},
    {QUANT "\"gptq\", \"bits\": 3}}", "bits: 3 bits, expected 4 or 8"},
    {QUANT "\"gptq\", \"bits\": 4, \"group_size\": \"32\"}}", "group_size: expected a number"},
    {QUANT "\"gptq\", \"bits\": 4, \"dynamic\": {\"-:.*attn.*\": {}}}}", "read from \"dynamic\""},
    {LLAMA FP8 ", \"weight_block_size\": 128}}", "weight_block_size: expected blocks of 128x128"},
    {QUANT "\"compressed-tensors\"}}", "expected \"config_groups\": an object"},
    {QUANT "\"compressed-tensors\", \"config_groups\": \"W8A8\"}}",
     "config_groups: expected \"config_groups\": an object"},
    {GROUP "\"fp8\"}}}}", "group_0: expected \"weights\""},
    {GROUP "{\"num_bits\": 1e300, \"type\": \"int\"}}}}}",
     "weights.num_bits: expected a whole number"},
    {GROUP "{\"num_bits\": 4, \"type\": \"float\"}}}}}", "4-bit float in groups of 0 is not"},
    {GROUP "{\"num_bits\": 8, \"type\": \"float\", \"block_structure\": [64, 64]}}}}}",
     "block_structure: expected blocks of 128x128"},
    {GROUP EIGHT ", \"input_activations\": \"fp8\"}}}}",
     "input_activations: expected an object or null, got a string"},
    {GROUP EIGHT ", \"targets\": [\"LlamaMLP\"]}}}}", "targets[0]: \"LlamaMLP\" names no module"},
    {GROUP EIGHT ", \"targets\": [7]}}}}", "targets[0]: expected the name of a module"},
    {LLAMA FP8 ", \"ignore\": [\"re:.*layers\\\\.\\\\d\\\\..*\"]}}",
     "pattern that is not understood"},
    {LLAMA FP8 ", \"ignore\": [\"layers.[0-1].mlp\"]}}", "pattern that is not understood"},
    /* too many ways to match */
    {LLAMA FP8 ", \"ignore\": [\"re:.*.*.*.*.*.*.*.*Z\"]}}", "pattern that is not understood"},
    {LLAMA FP8 ", \"ignore\": \"lm_head\"}}", "ignore: expected a list of modules"},
    {LLAMA FP8 ", \"kv_cache_scheme\": {\"num_bits\": 4, \"type\": \"float\"}}}",
     "kv_cache_scheme: 4-bit float in groups of 0"},
    {LLAMA FP8 ", \"kv_cache_scheme\": 8}}", "kv_cache_scheme: expected a string, got a number"},
    {LLAMA ", \"quantization_config\": {\"quant_algo\": \"W1A1\"}}",
     "quant_algo \"W1A1\" is not understood; did you mean"},
    {LLAMA FP8 ", \"ignore\": [\"re:a{9}\"]}}", "pattern that is not understood"},
    {LLAMA FP8 ", \"ignore\": [7]}}", "expected the name of a module"},
    {LLAMA FP8 ", \"kv_cache_scheme\": \"INT1\"}}",
     "cache format \"INT1\" is not understood; did you mean \"INT8\""}, /* found by fuzzing */
    {"{\"model_type\": \"llama4_text\", " DENSE_KEYS
     ", \"attention_chunk_size\": 8, \"num_local_experts\": 8, \"num_experts_per_tok\": 1, "
     "\"moe_intermediate_size\": 999999999}",
     "too wide"}, /* found by fuzzing */
    {LLAMA ", \"head_dim\": 999999999}", "head_dim = 999999999, expected at most 65536"},
    {LLAMA ", \"torch_dtype\": \"float7\"}", "unknown format"},
};

START_TEST(config_is_refused)
{
    const gable_model *model;

    load_text(configs[_i].text, &model);
    expect_refusal(configs[_i].what);
}
END_TEST

/* One rule each, told by the order of layers and the first kind's members. */
static const struct {
    const char *text, *order;
    int n_kv_heads, window, expert_width;
} rules[] = {
    {LLAMA "}", "a*4", 4, 0, 0},
    {LLAMA ", \"sliding_window\": null, \"time_step_limit\": [0.0, Infinity]}", "a*4", 4, 0, 0},
    {LLAMA ", \"sliding_window\": 8}", "a*4", 4, 8, 0},
    {LLAMA ", \"sliding_window\": 8, \"use_sliding_window\": false}", "a*4", 4, 0, 0},
    {LLAMA ", \"sliding_window\": 8, \"use_sliding_window\": true, \"max_window_layers\": 3}",
     "a*3 b", 4, 0, 0},
    {LLAMA ", \"sliding_window\": 8, \"sliding_window_pattern\": 2}", "(a b)*2", 4, 8, 0},
    {"{\"model_type\": \"qwen2\", " DENSE_KEYS ", \"sliding_window\": 8}", "a*4", 4, 0, 0},
    {"{\"model_type\": \"gpt_oss\", " DENSE_KEYS ", \"head_dim\": 16, \"sliding_window\": 8}",
     "(a b)*2", 4, 8, 0},
    {MOE "}", "a*4", 4, 0, 32},
    {MOE ", \"first_k_dense_replace\": 1}", "a b*3", 4, 0, 0},
    {MOE ", \"mlp_only_layers\": [2]}", "a*2 b a", 4, 0, 32},
    {MOE ", \"decoder_sparse_step\": 2}", "(a b)*2", 4, 0, 0},
    {MOE ", \"moe_layer_freq\": [1, 1, 0, 1]}", "a*2 b a", 4, 0, 32},
    {MOE ", \"moe_layer_freq\": 2}", "(a b)*2", 4, 0, 32},
    {MOE ", \"moe_layer_freq\": [true, true, false, true]}", "a*2 b a", 4, 0, 32},
    {LLAMA ", \"sliding_window\": 8, \"hybrid_layer_pattern\": [1, 0, 1, 1]}", "a b a*2", 4, 8, 0},
    {NAS "{\"no_op\": true}, \"ffn\": {\"replace_with_linear\": true}}]}", "a", 0, 0, 0},
    {NAS "{\"n_heads_in_group\": 2, \"window_length\": 8}, \"ffn\": {\"no_op\": true}}]}", "a", 2,
     8, 0},
    {"{\"model_type\": \"mixtral\", " DENSE_KEYS
     ", \"num_local_experts\": 8, \"num_experts_per_tok\": 2}",
     "a*4", 4, 0, 128},
    {"{\"text_config\": {\"model_type\": \"llama\", \"num_key_value_heads\": 2, " DENSE_KEYS "}}",
     "a*4", 2, 0, 0},
};

START_TEST(rule_is_read)
{
    const gable_model *model;
    gable_text order = {0};

    ck_assert_msg(load_text(rules[_i].text, &model) == GABLE_OK, "%s", err.text);
    gable_model_write_order(&order, model);
    ck_assert_str_eq(order.text, rules[_i].order);
    gable_text_free(&order);
    ck_assert_int_eq(model->kinds[0].mixer.n_kv_heads, rules[_i].n_kv_heads);
    ck_assert_int_eq(model->kinds[0].mixer.window, rules[_i].window);
    ck_assert_int_eq(model->kinds[0].ffn.expert_width, rules[_i].expert_width);
}
END_TEST

/* Formats of the attention and of the dense part, and of the cache. */
static const struct {
    const char *text;
    gable_dtype attention, attention_in, dense, kv;
} formats[] = {
    {LLAMA "}", GABLE_DTYPE_BF16, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16},
    {QUANT "\"fbgemm_fp8\", \"modules_to_not_convert\": [\"self_attn\"]}}", GABLE_DTYPE_BF16,
     GABLE_DTYPE_BF16, GABLE_DTYPE_FP8, GABLE_DTYPE_BF16},
    {QUANT "\"fp8\", \"ignored_layers\": [\"model.layers.*.mlp*\"]}}", GABLE_DTYPE_FP8,
     GABLE_DTYPE_FP8, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16},
    {QUANT "\"fp8\", \"weight_block_size\": [1, 32]}}", GABLE_DTYPE_MXFP8, GABLE_DTYPE_MXFP8,
     GABLE_DTYPE_MXFP8, GABLE_DTYPE_BF16},
    {QUANT "\"gptq\", \"bits\": 4, \"group_size\": 128}}", GABLE_DTYPE_INT4, GABLE_DTYPE_BF16,
     GABLE_DTYPE_INT4, GABLE_DTYPE_BF16},
    {QUANT "\"awq\", \"bits\": 4, \"group_size\": 32}}", GABLE_DTYPE_INT4_G32, GABLE_DTYPE_BF16,
     GABLE_DTYPE_INT4_G32, GABLE_DTYPE_BF16},
    {QUANT "\"gptq\", \"bits\": 8, \"group_size\": -1, \"dynamic\": {}}}", GABLE_DTYPE_INT8,
     GABLE_DTYPE_BF16, GABLE_DTYPE_INT8, GABLE_DTYPE_BF16},
    {GROUP EIGHT ", \"input_activations\": " EIGHT ", \"targets\": [\"Linear\"]}}}}",
     GABLE_DTYPE_FP8, GABLE_DTYPE_FP8, GABLE_DTYPE_FP8, GABLE_DTYPE_BF16},
    {GROUP EIGHT ", \"targets\": [\"lm_head\", \"Linear\"]}}}}", GABLE_DTYPE_FP8, GABLE_DTYPE_BF16,
     GABLE_DTYPE_FP8, GABLE_DTYPE_BF16},
    {GROUP EIGHT ", \"targets\": \"re:.*self_attn.*\"}}}}", GABLE_DTYPE_FP8, GABLE_DTYPE_BF16,
     GABLE_DTYPE_BF16, GABLE_DTYPE_BF16},
    {GROUP "{\"num_bits\": 8, \"type\": \"float\", \"block_structure\": [128, 128]}, "
           "\"input_activations\": {\"num_bits\": 8, \"type\": \"float\", \"group_size\": 128}}}}}",
     GABLE_DTYPE_FP8_BLOCK, GABLE_DTYPE_FP8_BLOCK, GABLE_DTYPE_FP8_BLOCK, GABLE_DTYPE_BF16},
    {LLAMA FP8 ", \"ignore\": [\"re:model\\\\.layers\\\\.\\\\d+\\\\.mlp.*\"]}}", GABLE_DTYPE_FP8,
     GABLE_DTYPE_FP8, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16},
    {LLAMA FP8 ", \"ignore\": [\"re:^model.layers.[0-9]+.self_attn\"]}}", GABLE_DTYPE_BF16,
     GABLE_DTYPE_BF16, GABLE_DTYPE_FP8, GABLE_DTYPE_BF16},
    {LLAMA FP8 ", \"ignore\": [\"model*self_attn*\"]}}", GABLE_DTYPE_BF16, GABLE_DTYPE_BF16,
     GABLE_DTYPE_FP8, GABLE_DTYPE_BF16},
    {LLAMA FP8 ", \"kv_cache_scheme\": {\"num_bits\": 8, \"type\": \"int\"}}}", GABLE_DTYPE_FP8,
     GABLE_DTYPE_FP8, GABLE_DTYPE_FP8, GABLE_DTYPE_INT8},
    {LLAMA FP8 ", \"kv_cache_scheme\": {\"num_bits\": 8, \"type\": \"float\"}}}", GABLE_DTYPE_FP8,
     GABLE_DTYPE_FP8, GABLE_DTYPE_FP8, GABLE_DTYPE_FP8},
    {QUANT "\"modelopt\", \"quant_algo\": \"NVFP4\", \"kv_cache_quant_algo\": \"NVFP4\"}}",
     GABLE_DTYPE_NVFP4, GABLE_DTYPE_NVFP4, GABLE_DTYPE_NVFP4, GABLE_DTYPE_NVFP4},
};

START_TEST(format_is_read)
{
    const gable_model *model;

    ck_assert_msg(load_text(formats[_i].text, &model) == GABLE_OK, "%s", err.text);
    const gable_module_dtypes *got = model->dtypes;
    ck_assert_int_eq(got[GABLE_MODULE_ATTENTION].weights, formats[_i].attention);
    ck_assert_int_eq(got[GABLE_MODULE_ATTENTION].activations, formats[_i].attention_in);
    ck_assert_int_eq(got[GABLE_MODULE_DENSE].weights, formats[_i].dense);
    ck_assert_int_eq(got[GABLE_MODULE_HEAD].weights,
                     strstr(formats[_i].text, "lm_head") ? GABLE_DTYPE_FP8 : GABLE_DTYPE_BF16);
    ck_assert_int_eq(model->kv_dtype, formats[_i].kv);
}
END_TEST

/* Sizes of models that are not beside the repository; parameters as published by their makers. */
static const struct {
    const char *text;
    double billions;
} sizes[] = {
    /* Qwen2-57B-A14B: 57.4 B */
    {"{\"model_type\": \"qwen2_moe\", \"hidden_size\": 3584, \"num_hidden_layers\": 28, "
     "\"num_attention_heads\": 28, \"num_key_value_heads\": 4, \"vocab_size\": 151936, "
     "\"intermediate_size\": 18944, \"num_experts\": 64, \"num_experts_per_tok\": 8, "
     "\"moe_intermediate_size\": 2560, \"shared_expert_intermediate_size\": 20480}",
     57.41},
    /* Phi-4: 14.7 B; its window is as long as its context */
    {"{\"model_type\": \"phi3\", \"hidden_size\": 5120, \"num_hidden_layers\": 40, "
     "\"num_attention_heads\": 40, \"num_key_value_heads\": 10, \"vocab_size\": 100352, "
     "\"intermediate_size\": 17920, \"sliding_window\": null, \"tie_word_embeddings\": false}",
     14.66},
};

START_TEST(size_is_right)
{
    const gable_model *model;
    gable_params p;

    ck_assert_msg(load_text(sizes[_i].text, &model) == GABLE_OK, "%s", err.text);
    gable_model_params(model, &p);
    ck_assert_double_eq_tol(p.total / 1e9, sizes[_i].billions, 0.005);
}
END_TEST

/* What a model is called after its file. */
static const struct {
    const char *file, *name;
} names[] = {
    {"owner--Model-7B.transcribed.json", "model-7b"},
    {"-.json", "model"},
    {"--x.json", "x"},
    {".a b.json", "a-b"},
    {"v1.5_x.json", "v1.5_x"},
};

START_TEST(name_is_of_the_file)
{
    const gable_model *model;
    const char *path = scratch_file(names[_i].file, LLAMA "}", strlen(LLAMA "}"));

    ck_assert_msg(gable_model_load(scratch_arena(), "workloads", path, &model, &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_str_eq(model->name, names[_i].name);
}
END_TEST

START_TEST(unknown_keys_are_said)
{
    const gable_model *model;

    ck_assert_msg(load_text(LLAMA ", \"num_wormholes\": 3, \"use_warp\": false}", &model) ==
                      GABLE_OK,
                  "%s", err.text);
    ck_assert_ptr_nonnull(model->remark);
    ck_assert_ptr_nonnull(strstr(model->remark, "num_wormholes"));
    ck_assert_ptr_null(strstr(model->remark, "use_warp")); /* off changes nothing */
    ck_assert_int_eq(load_text(LLAMA FP8 ", \"quant_wormholes\": 3}}", &model), GABLE_OK);
    ck_assert_str_eq(model->remark, "1 keys of the quantization_config were not understood and had "
                                    "no effect: quant_wormholes.");
}
END_TEST

START_TEST(mixed_classes_are_said)
{
    const gable_model *model;

    ck_assert_msg(load_text(LLAMA FP8 ", \"ignore\": [\"layers.0.self_attn*\"]}}", &model) ==
                      GABLE_OK,
                  "%s", err.text);
    ck_assert_int_eq(model->dtypes[GABLE_MODULE_ATTENTION].weights, GABLE_DTYPE_FP8);
    ck_assert_ptr_nonnull(strstr(model->remark, "attention: 75 % of the weights are fp8"));
}
END_TEST

START_TEST(names_and_folders)
{
    const gable_model *model, *again;
    char twice[1100];
    const char *path = scratch_file("config.json", LLAMA "}", strlen(LLAMA "}"));
    char folder[1024];
    static const char companion[] =
        "{\"quantization\": {\"quant_algo\": \"FP8\", \"kv_cache_quant_algo\": \"FP8\"}}";

    scratch_file("hf_quant_config.json", companion, strlen(companion));
    snprintf(folder, sizeof folder, "%.*s", (int)(strlen(path) - strlen("/config.json")), path);
    ck_assert_msg(gable_model_load(scratch_arena(), "workloads", folder, &model, &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_int_eq(model->dtypes[GABLE_MODULE_DENSE].weights, GABLE_DTYPE_FP8);
    ck_assert_int_eq(model->kv_dtype, GABLE_DTYPE_FP8);
    ck_assert(gable_text_is_name(model->name));
    const char *slashes = strcat(strcpy(twice, folder), "//");
    ck_assert_int_eq(gable_model_load(scratch_arena(), "workloads", slashes, &again, &err),
                     GABLE_OK);
    ck_assert_str_eq(again->name, model->name);
    scratch_file("hf_quant_config.json", "{\"quantization\": 1}", 19);
    ck_assert_int_eq(gable_model_load(scratch_arena(), "workloads", folder, &model, &err),
                     GABLE_INPUT);
    ck_assert_msg(strstr(err.text, "hf_quant_config.json:1:18: quantization: expected an object"),
                  "%s", err.text);
    err = (gable_err){0};
    ck_assert_int_eq(gable_model_load(scratch_arena(), "workloads", "llama-3.1-8bb", &model, &err),
                     GABLE_INPUT);
    ck_assert_msg(strstr(err.text, "did you mean \"llama-3.1-8b\"") != NULL, "%s", err.text);
    err = (gable_err){0};
    ck_assert_int_eq(gable_model_load(scratch_arena(), "workloads", "no/such.json", &model, &err),
                     GABLE_INPUT);
    err = (gable_err){0};
    ck_assert_int_eq(gable_model_load(scratch_arena(), "workloads", "a`b\n\033[31m", &model, &err),
                     GABLE_INPUT);
    ck_assert_ptr_null(strchr(err.text, '\033'));
    ck_assert_ptr_null(strchr(err.text, '\n'));
}
END_TEST

Suite *gable_suite_model_config(void);

Suite *gable_suite_model_config(void)
{
    Suite *suite = suite_create("model_config");
    TCase *tables = tcase_create("tables");

    tcase_add_checked_fixture(tables, set_up, scratch_close);
    ADD_ROWS(tables, config_is_refused, configs);
    ADD_ROWS(tables, rule_is_read, rules);
    ADD_ROWS(tables, format_is_read, formats);
    ADD_ROWS(tables, size_is_right, sizes);
    ADD_ROWS(tables, name_is_of_the_file, names);
    tcase_add_test(tables, unknown_keys_are_said);
    tcase_add_test(tables, mixed_classes_are_said);
    tcase_add_test(tables, names_and_folders);
    suite_add_tcase(suite, tables);
    return suite;
}
