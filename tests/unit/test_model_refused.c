/* model, the door: our own descriptions that are wrong in one place are refused with file, line,
 * column, JSON path and what was meant. */
#include "model_text.h"

/* One good text, broken in one place. */
#define VISION                                                                                     \
    "\"hidden\": 64, \"vision\": {\"layers\": 2, \"hidden\": 64, \"width\": 9, \"patch\": 9, "     \
    "\"merge\": 2, \"n_matrices\": "
#define MEMORY "\"hidden\": 64, \"memory\": {\"params\": 1e9"

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
    {"\"kv\": \"fp8\"", "\"kv\": \"zebra\"", " more"},
    {"{\"default\": \"bf16\",", "\"fp8\", \"note\": {", "dtypes: expected an object, got a string"},
    {"\"default\": \"bf16\"", "\"default\": 8", "dtypes.default: expected the name of a format"},
    {"{\"weights\": \"mxfp4\", ", "{", "dtypes.routed: missing key \"weights\""},
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
    {"\"id\": \"b\"", "\"id\": \"a\"", "layers[1].id: another layer has the id \"a\""},
    {"\"expert_width\": 32}}",
     "\"expert_width\": 32}}, {\"id\": \"c\", \"mixer\": {\"kind\": \"none\"}, \"ffn\": {\"kind\": "
     "\"none\"}}",
     "layers[2]: count = 1, but the order has 0 of them"},
    {"\"kind\": \"gqa\", \"n_heads\": 4, \"n_kv_heads\": 2,\n   \"head_dim\": 16, \"window\": 32}",
     "\"kind\": \"dsa\", \"n_heads\": 4, \"q_rank\": 8, \"kv_rank\": 8, \"nope_dim\": 8, "
     "\"rope_dim\": 8, "
     "\"v_head_dim\": 8, \"index_heads\": 4, \"index_dim\": 8, \"index_topk\": 4, "
     "\"index_shared\": true}",
     "order: the first layer has no selection of an earlier one to share"},
    {"(a*2 b)*2 a", "a*0 b", "expected a number of layers from 1 after *"},
    {"(a*2 b)*2 a", "a*5 b*3000", "more than 2048 layers"},
    {"(a*2 b)*2 a", "a*5 b*2 ()", "a group is empty"},
    {"(a*2 b)*2 a", "a*5 b*2)", "cannot read the order at \")\""},
    {"\"ffn\": {\"kind\": \"dense\", \"width\": 128,\n   \"n_matrices\": 3}", "\"hidden\": 8",
     "layers[0]: missing key \"ffn\""},
    {"\"mixer\": {\"kind\": \"mla\"", "\"mixer\": null, \"note\": {\"kind\": \"mla\"",
     "layers[1].mixer: expected an object, got null"},
    {"\"n_experts\": 8", "\"n_experts\": 8, \"top_groups\": 2",
     "top_groups = 2 is more than n_groups = 0"},
    {"\"n_experts\": 8, \"n_active\": 2",
     "\"n_experts\": 8, \"n_groups\": 4, \"top_groups\": 1, \"n_active\": 3",
     "a token uses 3 experts, but 1 of 4 groups have 2"},
    {"\"hidden\": 64", "\"hidden\": 64, \"vision\": {\"hidden\": 8}",
     "vision: \"layers\", \"hidden\""},
    {"\"hidden\": 64", VISION "4, \"n_heads\": 4}", "\"n_matrices\" is 2 or 3"},
    {"\"hidden\": 64", VISION "3, \"n_heads\": 5}", "5 heads do not divide hidden = 64"},
    {"\"hidden\": 64", VISION "3, \"n_heads\": 4, \"window\": 2, \"stride\": 3}",
     "\"stride\" is larger than \"window\""},
    {"\"hidden\": 64", MEMORY "}",
     "memory: \"params\", \"row_elements\" and \"modules\" must be above 0"},
    {"\"hidden\": 64", MEMORY ", \"row_elements\": 9, \"modules\": 8}",
     "memory: 8 modules in layers 0 to 0"},
    {"\"hidden\": 64",
     MEMORY ", \"row_elements\": 9, \"modules\": 2, \"first_layer\": 5, \"last_layer\": 2}",
     "2 modules in layers 5 to 2, expected 1 <= first <= last <= 7"},
    {"\"hidden\": 64", "\"hidden\": 64, \"published\": {\"params\": 1e9, \"active_params\": 2e9}",
     "published: more active parameters than parameters"},
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

Suite *gable_suite_model_refused(void);

Suite *gable_suite_model_refused(void)
{
    Suite *suite = suite_create("model_refused");
    TCase *tables = tcase_create("tables");

    tcase_add_checked_fixture(tables, set_up, scratch_close);
    ADD_ROWS(tables, ours_is_refused, ours);
    tcase_add_test(tables, ours_is_read);
    suite_add_tcase(suite, tables);
    return suite;
}
