/* model, the door: descriptions and configs that are wrong in one place are refused with file,
 * line, column, JSON path and what was meant; small configs show how one rule each is read. */
#include <stdio.h>
#include <string.h>

#include "model/describe.h"
#include "rows.h"
#include "scratch.h"

static gable_err err;

static void set_up(void)
{
    err = (gable_err){0};
    scratch_open();
}

static gable_status load_text(const char *text, const gable_model **model)
{
    const char *path = scratch_file("model.json", text, strlen(text));

    return gable_model_load(scratch_arena(), "workloads", path, model, &err);
}

static void expect_refusal(const char *what)
{
    const char *name = strstr(err.text, "model.json");
    int line = 0, column = 0;

    ck_assert_int_eq(err.status, GABLE_INPUT);
    ck_assert_msg(name && sscanf(name, "model.json:%d:%d: ", &line, &column) == 2,
                  "no place in: %s", err.text);
    ck_assert_msg(strstr(err.text, what) != NULL, "expected ...%s... in: %s", what, err.text);
}

/* ---- our own descriptions: one good text, broken in one place ---- */

static const char good[] =
    "{\"schema\": \"gable.model/1\", \"name\": \"x\", \"sources\": {\"s\": \"t\"},\n"
    " \"source\": \"s\", \"hidden\": 64, \"vocab\": 100, \"dtypes\": {\"default\": \"bf16\",\n"
    " \"routed\": {\"weights\": \"mxfp4\", \"activations\": \"fp8\"}}, \"cache\": {\"kv\": "
    "\"fp8\"},\n"
    " \"layers\": [\n"
    "  {\"id\": \"a\", \"count\": 5, \"mixer\": {\"kind\": \"gqa\", \"n_heads\": 4, "
    "\"n_kv_heads\": 2,\n"
    "   \"head_dim\": 16, \"window\": 32}, \"ffn\": {\"kind\": \"dense\", \"width\": 128,\n"
    "   \"n_matrices\": 3}},\n"
    "  {\"id\": \"b\", \"count\": 2, \"mixer\": {\"kind\": \"mla\", \"n_heads\": 4, "
    "\"v_head_dim\": 16,\n"
    "   \"kv_rank\": 8, \"nope_dim\": 16, \"rope_dim\": 8}, \"ffn\": {\"kind\": \"moe\",\n"
    "   \"n_matrices\": 2, \"n_experts\": 8, \"n_active\": 2, \"expert_width\": 32}}],\n"
    " \"order\": \"(a*2 b)*2 a\"}\n";

/* `good` with the first `find` replaced. */
static const char *broken(const char *find, const char *replace, char *out, size_t out_bytes)
{
    const char *at = strstr(good, find);

    ck_assert_msg(at != NULL, "the good text has no %s", find);
    snprintf(out, out_bytes, "%.*s%s%s", (int)(at - good), good, replace, at + strlen(find));
    return out;
}

static const struct {
    const char *find, *replace, *what;
} ours[] = {
    {"\"hidden\"", "\"hiden\"", "did you mean \"hidden\""},
    {"\"hidden\": 64, ", "", "missing key \"hidden\""},
    {"\"hidden\": 64", "\"hidden\": true", "expected a number"},
    {"\"hidden\": 64", "\"hidden\": 64.5", "whole number"},
    {"\"hidden\": 64", "\"hidden\": 0", "at least 1"},
    {"\"source\": \"s\"", "\"source\": \"u\"", "not in \"sources\""},
    {"gable.model/1", "gable.model/2", "expected \"gable.model/1\""},
    {"\"name\": \"x\"", "\"name\": \"x\\n`id`\"", "not a name"},
    {"\"vocab\": 100", "\"vocab\": 100, \"vocab\": 100", "uplicate"},
    {"\"default\": \"bf16\"", "\"default\": \"bf61\"", "unknown format \"bf61\""},
    {"\"routed\"", "\"ruoted\"", "did you mean \"routed\""},
    {"\"weights\"", "\"weight\"", "did you mean \"weights\""},
    {"\"kv\": \"fp8\"", "\"kv\": \"fp7\"", "is not one of"},
    {"\"n_heads\": 4, ", "", "needs \"n_heads\""},
    {"\"n_kv_heads\": 2", "\"n_kv_heads\": 3", "n_heads = 4 is not a multiple of n_kv_heads = 3"},
    {"\"window\": 32", "\"kv_rank\": 32", "has no \"kv_rank\""},
    {"\"window\": 32", "\"windw\": 32", "did you mean \"window\""},
    {"\"window\": 32", "\"window\": -1", "out of range"},
    {"\"kind\": \"gqa\"", "\"kind\": \"gqx\"", "did you mean \"gqa\""},
    {"\"window\": 32", "\"kv_once\": true", "kv_once without k_eq_v"},
    {"\"n_active\": 2", "\"n_active\": 9", "uses 9 experts"},
    {"\"n_matrices\": 2", "\"n_matrices\": 1", "expected 2 or 3"},
    {"\"count\": 5", "\"count\": 4", "count = 4, but the order has 5"},
    {"\"count\": 5", "\"count\": 1e9", "out of range"},
    {"(a*2 b)*2 a", "(a*2 c)*2 a", "no layer has the id \"c\""},
    {"(a*2 b)*2 a", "(a*2 b*2 a", "not closed"},
    {"(a*2 b)*2 a", "((a*2 b))*2 a", "cannot read the order"},
    {"(a*2 b)*2 a", "(a*2 b)*999999999 a", "layers"},
    {"(a*2 b)*2 a", "a*x b", "layers"},
    {"(a*2 b)*2 a", "", "has no layers"},
    {"\"order\": \"(a*2 b)*2 a\"", "\"order\": 7", "expected a string"},
    {"\"ffn\": {\"kind\": \"dense\"", "\"fnn\": {\"kind\": \"dense\"", "did you mean \"ffn\""},
    {"100,", "NaN,", "1:"},
};

START_TEST(ours_is_refused)
{
    const gable_model *model;
    char text[2048];

    load_text(broken(ours[_i].find, ours[_i].replace, text, sizeof text), &model);
    expect_refusal(strcmp(ours[_i].what, "1:") == 0 ? "model.json" : ours[_i].what);
}
END_TEST

START_TEST(ours_is_read)
{
    const gable_model *model;
    gable_text order = {0};

    ck_assert_msg(load_text(good, &model) == GABLE_OK, "%s", err.text);
    ck_assert_int_eq(model->n_layers, 7);
    ck_assert_int_eq(model->n_kinds, 2);
    ck_assert_int_eq(model->kinds[0].count, 5);
    ck_assert_int_eq(model->kind_of_layer[2], 1);
    ck_assert_int_eq(model->kind_of_layer[6], 0);
    ck_assert_int_eq(model->dtypes[GABLE_MODULE_ROUTED].activations, GABLE_DTYPE_FP8);
    ck_assert_int_eq(model->dtypes[GABLE_MODULE_DENSE].weights, GABLE_DTYPE_BF16);
    ck_assert_int_eq(model->kv_dtype, GABLE_DTYPE_FP8);
    gable_model_write_order(&order, model);
    ck_assert_str_eq(order.text, "(a*2 b)*2 a");
    gable_text_free(&order);
}
END_TEST

/* ---- Hugging Face configs ---- */

#define DENSE_KEYS                                                                                 \
    "\"num_hidden_layers\": 4, \"hidden_size\": 64, \"num_attention_heads\": 4, "                  \
    "\"vocab_size\": 100, \"intermediate_size\": 128"
#define LLAMA "{\"model_type\": \"llama\", " DENSE_KEYS
#define MOE LLAMA ", \"num_experts\": 8, \"num_experts_per_tok\": 2, \"moe_intermediate_size\": 32"
#define HYBRID                                                                                     \
    "{\"model_type\": \"nemotron_h\", \"hidden_size\": 64, \"vocab_size\": 9, "                    \
    "\"num_attention_heads\": 4, \"intermediate_size\": 8"
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
     "a kind of layer that is not understood"},
    {LLAMA ", \"layer_types\": [\"linear_attention\", \"odd\", \"odd\", \"odd\"]}",
     "linear attention"},
    {LLAMA ", \"layer_types\": [\"sliding_attention\", \"odd\", \"odd\", \"odd\"]}",
     "missing key \"sliding_window\""},
    {LLAMA ", \"num_experts\": 8}", "missing key \"num_experts_per_tok\""},
    {MOE ", \"num_experts_per_token\": 9, \"n_group\": 3}", "not a multiple of n_groups = 3"},
    {MOE ", \"mlp_layer_types\": [\"dense\", \"thin\", \"sparse\", \"sparse\"]}",
     "expected \"dense\" or \"sparse\""},
    {"{\"model_type\": \"deepseek_v3\", " DENSE_KEYS "}", "missing key \"kv_lora_rank\""},
    {"{\"model_type\": \"deepseek_v4\", " DENSE_KEYS "}", "missing key \"compress_ratios\""},
    {"{\"model_type\": \"deepseek_v4\", " DENSE_KEYS ", \"compress_ratios\": [7, 7, 7, 7]}",
     "ratio of 0, 4 or 128"},
    {HYBRID "}", "expected \"hybrid_override_pattern\""},
    {HYBRID ", \"hybrid_override_pattern\": \"*X\"}", "layer 1 is 'X'"},
    {HYBRID ", \"hybrid_override_pattern\": \"*-\", \"num_hidden_layers\": 3}",
     "3 layers, but the pattern has 2"},
    {HYBRID ", \"hybrid_override_pattern\": \"M\"}", "missing key \"mamba_num_heads\""},
    {"{\"model_type\": \"nemotron-nas\", " DENSE_KEYS "}", "block_configs"},
    {"{\"model_type\": \"kimi_linear\", " DENSE_KEYS ", \"linear_attn_config\": {}}", "neither"},
    {LLAMA FP8 ", \"weight_block_size\": [64, 64]}}", "blocks of 128x128"},
    {LLAMA ", \"quantization_config\": {\"quant_method\": \"sorcery\"}}",
     "quant_method that is not understood"},
    {LLAMA ", \"quantization_config\": {\"quant_algo\": \"W1A1\"}}", "not understood"},
    {LLAMA FP8 ", \"ignore\": [\"re:a{9}\"]}}", "pattern that is not understood"},
    {LLAMA FP8 ", \"ignore\": [7]}}", "expected the name of a module"},
    {LLAMA FP8 ", \"kv_cache_scheme\": \"INT1\"}}", "cache format \"INT1\""}, /* found by fuzzing */
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
    {MOE "}", "a*4", 4, 0, 32},
    {MOE ", \"first_k_dense_replace\": 1}", "a b*3", 4, 0, 0},
    {MOE ", \"mlp_only_layers\": [2]}", "a*2 b a", 4, 0, 32},
    {MOE ", \"decoder_sparse_step\": 2}", "(a b)*2", 4, 0, 0},
    {MOE ", \"moe_layer_freq\": [1, 1, 0, 1]}", "a*2 b a", 4, 0, 32},
    {MOE ", \"moe_layer_freq\": 2}", "(a b)*2", 4, 0, 32},
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

START_TEST(unknown_keys_are_said)
{
    const gable_model *model;

    ck_assert_msg(load_text(LLAMA ", \"num_wormholes\": 3, \"use_warp\": false}", &model) ==
                      GABLE_OK,
                  "%s", err.text);
    ck_assert_ptr_nonnull(model->remark);
    ck_assert_ptr_nonnull(strstr(model->remark, "num_wormholes"));
    ck_assert_ptr_null(strstr(model->remark, "use_warp")); /* off changes nothing */
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
    const gable_model *model;
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

Suite *gable_suite_model_refused(void);

Suite *gable_suite_model_refused(void)
{
    Suite *suite = suite_create("model_refused");
    TCase *tables = tcase_create("tables");

    tcase_add_checked_fixture(tables, set_up, scratch_close);
    ADD_ROWS(tables, ours_is_refused, ours);
    ADD_ROWS(tables, config_is_refused, configs);
    ADD_ROWS(tables, rule_is_read, rules);
    tcase_add_test(tables, ours_is_read);
    tcase_add_test(tables, unknown_keys_are_said);
    tcase_add_test(tables, mixed_classes_are_said);
    tcase_add_test(tables, names_and_folders);
    suite_add_tcase(suite, tables);
    return suite;
}
