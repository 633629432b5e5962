/* model: sizes, caches and formats of every description in workloads/models against the tables of
 * facts/models.md 2 and 3 (the tests run in the root of the tree). */
#include <math.h>
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

static const gable_model *load(const char *name)
{
    const gable_model *model = NULL;
    gable_status status = gable_model_load(scratch_arena(), "workloads", name, &model, &err);

    ck_assert_msg(status == GABLE_OK, "%s: %s", name, err.text);
    return model;
}

static void expect_near(const char *what, double got, double expected, double tolerance)
{
    ck_assert_msg(fabs(got - expected) <= tolerance * expected, "%s: got %.9g, expected %.9g", what,
                  got, expected);
}

/* ---- sizes: facts/models.md 2, "params (calc)" ---- */

/* Who counts what as active (facts/models.md 5). */
typedef enum convention { ALL, NO_INPUT, NO_TABLES } convention;

static const struct {
    const char *name;
    double total, active; /* billions, as printed there */
    convention convention;
} sizes[] = {
    {"llama-3.1-8b", 8.03, 8.03, ALL},
    {"llama-3.1-70b", 70.55, 70.55, ALL},
    {"llama-3.1-405b", 405.85, 405.85, ALL},
    {"qwen2.5-3b", 3.09, 3.09, ALL},
    {"qwen3-32b", 32.76, 32.76, ALL},
    {"gemma-3-27b", 27.01, 27.01, ALL},
    {"gemma-4-31b", 30.7, 30.7, ALL},
    {"ministral-3-3b", 3.43, 3.43, ALL},
    {"ministral-3-8b", 8.49, 8.49, ALL},
    {"ministral-3-14b", 13.51, 13.51, ALL},
    {"bitnet-b1.58-2b-4t", 2.41, 2.41, ALL},
    {"nemotron-super-49b", 49.87, 49.87, ALL},
    {"mixtral-8x7b", 46.70, 12.88, ALL},
    {"qwen3-30b-a3b", 30.53, 3.35, ALL},
    {"qwen3-235b-a22b", 235.09, 22.19, ALL},
    {"gpt-oss-20b", 20.91, 3.61, NO_INPUT},
    {"gpt-oss-120b", 116.79, 5.13, NO_INPUT},
    {"glm-4.5", 352.8, 33.6, ALL},
    {"minimax-m2.5", 228.7, 9.8, NO_TABLES},
    {"minimax-m2.7", 228.7, 9.8, NO_TABLES},
    {"minimax-m3", 426.2, 26.0, ALL},
    {"gemma-4-26b-a4b", 25.23, 3.82, ALL},
    {"diffusiongemma-26b-a4b", 25.23, 3.82, ALL},
    {"deepseek-v2", 235.7, 21.4, ALL},
    {"deepseek-v3", 671.0, 37.6, ALL},
    {"deepseek-r1", 671.0, 37.6, ALL},
    {"deepseek-v3.2", 671.9, 38.4, ALL},
    {"kimi-k2", 1026.4, 32.9, ALL},
    {"kimi-k2.5", 1026.4, 32.9, ALL},
    {"glm-5", 743.9, 41.8, ALL},
    {"glm-5.1", 743.9, 41.8, ALL},
    {"glm-5.2", 743.4, 41.3, ALL},
    {"deepseek-v4-flash", 284.3, 13.8, ALL},
    {"deepseek-v4-pro", 1573, 49.8, ALL},
    {"nemotron-3-nano-30b-a3b", 31.58, 3.58, ALL},
    {"nemotron-3-nano-30b-a3b", 31.58, 3.23, NO_INPUT},
    {"nemotron-3-super-120b-a12b", 120.7, 12.8, ALL},
    {"nemotron-3-ultra-550b-a55b", 549.3, 56.1, ALL},
    {"qwen3-next-80b-a3b", 79.7, 3.87, ALL},
    {"qwen3.5-35b-a3b", 34.7, 3.45, ALL},
    {"qwen3.5-122b-a10b", 122.1, 9.8, ALL},
    {"qwen3.5-397b-a17b", 396.4, 17.4, ALL},
    {"kimi-k3", 2780, 105, ALL},
    {"mai-base-1", 962.28, 34.80, ALL},
    {"engram-27b", 26.7, 4.35, ALL},
    {"latentmoe-95bt-8ba-standard", 94.4, 8.47, ALL}, /* facts/models.md 4.12 */
    {"latentmoe-95bt-8ba-eff", 94.8, 5.62, ALL},
    {"latentmoe-95bt-8ba-acc", 94.8, 8.44, ALL},
    {"dense-30b", 30.0, 30.0, ALL},
};

START_TEST(sizes_match)
{
    const gable_model *model = load(sizes[_i].name);
    gable_params p;

    gable_model_params(model, &p);
    const double active[] = {[ALL] = p.active_total,
                             [NO_INPUT] = p.linear,
                             [NO_TABLES] = p.active_total - p.embedding - p.head};
    expect_near("total", p.total / 1e9, sizes[_i].total, 0.0025);
    expect_near("active", active[sizes[_i].convention] / 1e9, sizes[_i].active, 0.004);
}
END_TEST

START_TEST(teaching_model_is_exact)
{
    const gable_model *model = load("dense-30b");
    gable_params p;

    gable_model_params(model, &p);
    ck_assert_double_eq(p.total, 30e9);
    ck_assert_double_eq(p.linear, 30e9); /* tied: every weight is read in a step */
    ck_assert_double_eq(gable_model_weight_bytes(model), 60e9);
}
END_TEST

/* ---- caches: facts/models.md 3 ---- */

#define TAILS_CSA (2.0 * 4 * 2 * 512 * 4 + 2.0 * 4 * 2 * 128 * 4)
#define TAILS_HCA (2.0 * 128 * 512 * 4)

static const struct {
    const char *name;
    double per_token, constant; /* bytes */
    double tolerance;           /* of the constant part: the table prints MB */
} caches[] = {
    {"llama-3.1-8b", 131072, 0, 0},
    {"llama-3.1-70b", 327680, 0, 0},
    {"llama-3.1-405b", 516096, 0, 0},
    {"qwen3-32b", 262144, 0, 0},
    {"qwen3-30b-a3b", 98304, 0, 0},
    {"qwen3-235b-a22b", 192512, 0, 0},
    {"gpt-oss-20b", 24576, 3.15e6, 0.002},
    {"gpt-oss-120b", 36864, 4.72e6, 0.002},
    {"mixtral-8x7b", 131072, 0, 0},
    {"deepseek-v2", 69120, 0, 0},
    {"deepseek-v3", 70272, 0, 0},
    {"deepseek-r1", 70272, 0, 0},
    {"kimi-k2", 70272, 0, 0},
    {"kimi-k2.5", 70272, 0, 0},
    {"deepseek-v3.2", 48068, 0, 0},
    {"glm-5", 61464, 0, 0},
    {"glm-5.1", 61464, 0, 0},
    {"glm-5.2", 53940, 0, 0},
    /* the windows of the table, and the compressor tails of its 4.7 */
    {"deepseek-v4-flash", 21 * 163 + 20 * 4.5625, 43 * 128 * 584 + 21 * TAILS_CSA + 20 * TAILS_HCA,
     1e-12},
    {"deepseek-v4-pro", 30 * 163 + 31 * 4.5625, 61 * 128 * 584 + 30 * TAILS_CSA + 31 * TAILS_HCA,
     1e-12},
    {"glm-4.5", 376832, 0, 0},
    {"minimax-m2.5", 253952, 0, 0},
    {"minimax-m2.7", 253952, 0, 0},
    {"minimax-m3", 137472, 0, 0},
    {"nemotron-3-nano-30b-a3b", 6144, 49.1e6, 0.002},
    {"nemotron-3-super-120b-a12b", 8192, 170.2e6, 0.002},
    {"nemotron-3-ultra-550b-a55b", 12288, 408.0e6, 0.002},
    {"qwen3-next-80b-a3b", 24576, 77e6, 0.007},
    {"qwen3.5-35b-a3b", 20480, 64e6, 0.007},
    {"qwen3.5-122b-a10b", 24576, 154e6, 0.007},
    {"qwen3.5-397b-a17b", 30720, 192e6, 0.007},
    {"gemma-4-26b-a4b", 20480, 210e6, 0.003},
    {"diffusiongemma-26b-a4b", 20480, 210e6, 0.003}, /* the same backbone */
    {"gemma-3-27b", 81920, 436e6, 0.003},
    {"ministral-3-3b", 106496, 0, 0},
    {"ministral-3-8b", 139264, 0, 0},
    {"ministral-3-14b", 163840, 0, 0},
    {"qwen2.5-3b", 36864, 0, 0},
    {"bitnet-b1.58-2b-4t", 76800, 0, 0},
    {"mai-base-1", 53248, 136e6, 0.003},
    /* the table counts the fp32 state alone; the three short convolutions keep 3 of 4 taps in bf16
     */
    {"kimi-k3", 27648, 434e6 + 69.0 * 3 * 96 * 128 * 3 * 2, 0.001},
    {"nemotron-super-49b", 200704, 0, 0},
};

START_TEST(caches_match)
{
    double per_token, constant;

    gable_model_cache(load(caches[_i].name), &per_token, &constant);
    expect_near("bytes per token", per_token, caches[_i].per_token, 1e-14);
    expect_near("bytes per sequence", constant, caches[_i].constant, caches[_i].tolerance);
}
END_TEST

static const struct {
    const char *name;
    gable_dtype kv;
    double per_token;
} other_caches[] = {
    {"deepseek-v3", GABLE_DTYPE_MLA_FP8, 40016},   {"deepseek-v3", GABLE_DTYPE_FP8, 35136},
    {"glm-5", GABLE_DTYPE_BF16, 89856 + 78 * 132}, {"glm-5.2", GABLE_DTYPE_BF16, 89856 + 21 * 132},
    {"llama-3.1-8b", GABLE_DTYPE_FP8, 65536},
};

START_TEST(overridden_caches_match)
{
    const gable_model *model;
    double per_token, constant;

    ck_assert_int_eq(gable_model_override(scratch_arena(), load(other_caches[_i].name), NULL, NULL,
                                          &other_caches[_i].kv, &model, &err),
                     GABLE_OK);
    gable_model_cache(model, &per_token, &constant);
    ck_assert_double_eq(per_token, other_caches[_i].per_token);
}
END_TEST

/* ---- formats of the published checkpoints ---- */

static const struct {
    const char *name;
    gable_module module;
    gable_dtype weights, activations;
} formats[] = {
    {"llama-3.1-70b", GABLE_MODULE_DENSE, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16},
    {"deepseek-v3", GABLE_MODULE_ROUTED, GABLE_DTYPE_FP8_BLOCK, GABLE_DTYPE_FP8_BLOCK},
    {"deepseek-v3", GABLE_MODULE_ATTENTION, GABLE_DTYPE_FP8_BLOCK, GABLE_DTYPE_FP8_BLOCK},
    {"deepseek-v3", GABLE_MODULE_ROUTER, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16},
    {"deepseek-v3", GABLE_MODULE_HEAD, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16},
    {"deepseek-v3", GABLE_MODULE_EMBED, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16},
    {"gpt-oss-120b", GABLE_MODULE_ROUTED, GABLE_DTYPE_MXFP4, GABLE_DTYPE_BF16},
    {"gpt-oss-120b", GABLE_MODULE_ATTENTION, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16},
    {"deepseek-v4-pro", GABLE_MODULE_ROUTED, GABLE_DTYPE_MXFP4, GABLE_DTYPE_FP8},
    {"deepseek-v4-pro", GABLE_MODULE_SHARED, GABLE_DTYPE_FP8_BLOCK, GABLE_DTYPE_FP8_BLOCK},
    {"kimi-k2", GABLE_MODULE_ROUTED, GABLE_DTYPE_FP8_BLOCK, GABLE_DTYPE_FP8_BLOCK},
    {"kimi-k2.5", GABLE_MODULE_ROUTED, GABLE_DTYPE_INT4_G32, GABLE_DTYPE_BF16},
    {"kimi-k2.5", GABLE_MODULE_DENSE, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16},
    {"kimi-k3", GABLE_MODULE_ROUTED, GABLE_DTYPE_MXFP4, GABLE_DTYPE_BF16},
    {"minimax-m2.5", GABLE_MODULE_ROUTED, GABLE_DTYPE_FP8_BLOCK, GABLE_DTYPE_FP8_BLOCK},
    {"bitnet-b1.58-2b-4t", GABLE_MODULE_DENSE, GABLE_DTYPE_TERNARY, GABLE_DTYPE_INT8},
    {"bitnet-b1.58-2b-4t", GABLE_MODULE_EMBED, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16},
};

START_TEST(formats_match)
{
    gable_module_dtypes got = load(formats[_i].name)->dtypes[formats[_i].module];

    ck_assert_str_eq(gable_dtype_name(got.weights), gable_dtype_name(formats[_i].weights));
    ck_assert_str_eq(gable_dtype_name(got.activations), gable_dtype_name(formats[_i].activations));
}
END_TEST

/* Files of checkpoints: facts/models.md 2.4 (published size; MTP left out) and 4.20. */
static const struct {
    const char *name;
    double bytes, tolerance;
} weights[] = {
    {"deepseek-v4-flash", 160e9, 0.04},
    {"deepseek-v4-pro", 865e9, 0.03},
    {"bitnet-b1.58-2b-4t", 1.18e9, 0.003},
    {"llama-3.1-8b", 16.06e9, 0.001},
};

START_TEST(weights_match)
{
    expect_near("weights", gable_model_weight_bytes(load(weights[_i].name)), weights[_i].bytes,
                weights[_i].tolerance);
}
END_TEST

START_TEST(override_leaves_what_checkpoints_leave)
{
    const gable_dtype nvfp4 = GABLE_DTYPE_NVFP4, bf16 = GABLE_DTYPE_BF16;
    const gable_model *base = load("mixtral-8x7b"), *model;

    ck_assert_int_eq(gable_model_override(scratch_arena(), base, &nvfp4, &bf16, NULL, &model, &err),
                     GABLE_OK);
    for (int i = 0; i < GABLE_N_MODULES; i++) {
        bool kept = i == GABLE_MODULE_EMBED || i == GABLE_MODULE_HEAD || i == GABLE_MODULE_ROUTER;
        ck_assert_int_eq(model->dtypes[i].weights, kept ? bf16 : nvfp4);
        ck_assert_int_eq(model->dtypes[i].activations, bf16);
        ck_assert_int_eq(base->dtypes[i].weights, bf16);
    }
    ck_assert_int_eq(model->kv_dtype, base->kv_dtype);
}
END_TEST

/* ---- every description ---- */

static void expect_parts_to_add_up(const gable_model *model)
{
    double modules[GABLE_N_MODULES + 1], sum = 0;
    int n_layers = 0;
    gable_params p;

    gable_model_params(model, &p);
    gable_model_module_params(model, modules);
    for (int i = 0; i <= GABLE_N_MODULES; i++)
        sum += modules[i];
    expect_near("modules", sum, p.total, 1e-12);
    for (int i = 0; i < model->n_kinds; i++)
        n_layers += model->kinds[i].count;
    ck_assert_int_eq(n_layers, model->n_layers);
    ck_assert_double_le(p.active_total, p.total);
    ck_assert_double_le(p.linear, p.active_total);
}

/* Published totals are rounded, some to one digit, and some count more than the text part. */
static double published_tolerance(const char *name)
{
    static const struct {
        const char *name;
        double tolerance;
    } rows[] = {
        {"kimi-k2", 0.03}, /* "1T" */
        {"kimi-k2.5", 0.03},
        {"qwen3-1.7b", 0.02},             /* "1.7B" */
        {"deepseek-v4-pro", 0.02},        /* "1.6T" */
        {"llama-4-scout-17b-16e", 0.012}, /* with the vision tower */
    };

    for (int i = 0; i < N_ROWS(rows); i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].tolerance;
    return 0.0105;
}

START_TEST(every_description_holds)
{
    const char *const *files;
    size_t n;

    ck_assert_int_eq(
        gable_file_list(scratch_arena(), "workloads/models", ".json", &files, &n, &err), GABLE_OK);
    ck_assert_uint_ge(n, 64);
    for (size_t i = 0; i < n; i++) {
        char name[80];
        gable_text text = {0}, again = {0};
        gable_params p;
        size_t mark = gable_arena_mark(scratch_arena());
        snprintf(name, sizeof name, "%.*s", (int)(strlen(files[i]) - 5), files[i]);
        const gable_model *model = load(name);
        ck_assert_str_eq(model->name, name);
        expect_parts_to_add_up(model);
        gable_model_params(model, &p);
        double total = p.total + (strcmp(name, "glm-4.5") == 0 ? p.mtp : 0);
        if (model->published_params > 0)
            expect_near(name, total, model->published_params, published_tolerance(name));
        gable_model_write(&text, model, "a test", NULL);
        const gable_model *back = load(scratch_file("back.json", text.text, text.length_bytes));
        gable_model_write(&again, back, "a test", NULL);
        ck_assert_str_eq(text.text, again.text);
        gable_text_free(&text);
        gable_text_free(&again);
        gable_arena_release(scratch_arena(), mark);
    }
}
END_TEST

Suite *gable_suite_model(void);

Suite *gable_suite_model(void)
{
    Suite *suite = suite_create("model");
    TCase *tables = tcase_create("tables"), *all = tcase_create("all");

    tcase_add_checked_fixture(tables, set_up, scratch_close);
    ADD_ROWS(tables, sizes_match, sizes);
    ADD_ROWS(tables, caches_match, caches);
    ADD_ROWS(tables, overridden_caches_match, other_caches);
    ADD_ROWS(tables, formats_match, formats);
    ADD_ROWS(tables, weights_match, weights);
    tcase_add_test(tables, teaching_model_is_exact);
    tcase_add_test(tables, override_leaves_what_checkpoints_leave);
    suite_add_tcase(suite, tables);
    tcase_add_checked_fixture(all, set_up, scratch_close);
    tcase_set_timeout(all, 60);
    tcase_add_test(all, every_description_holds);
    suite_add_tcase(suite, all);
    return suite;
}
