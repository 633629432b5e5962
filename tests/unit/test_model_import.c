/* model: real Hugging Face configs, read as they are. They are not in this repository: the tests
 * look in $GABLE_SHARED/models or ../shared/models and say so when there is none. Expected sizes:
 * published to three digits, else facts/models.md 2; precision maps: facts/models.md 7. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/describe.h"
#include "rows.h"
#include "scratch.h"
#include "shared.h"

static gable_err err;
static gable_arena arena; /* the largest config has 3 MB, and a companion as large */

static void set_up(void)
{
    err = (gable_err){0};
    scratch_open();
    ck_assert_int_eq(gable_arena_init(&arena, (size_t)128 * 1024 * 1024, &err), GABLE_OK);
}

static void tear_down(void)
{
    gable_arena_free(&arena);
    scratch_close();
}

static const char *raw_path(const char *name)
{
    static char under[512];
    snprintf(under, sizeof under, "models/%s.json", name);
    return shared_path(under);
}

/* The longest row that a file's name holds gives its size. */
static const struct {
    const char *name;
    double billions, tolerance;
} sizes[] = {
    {"MiniMax-M2.", 229.9, 0.01},
    {"MiniMax-M3", 426.2, 0.001},
    {"Qwen2.5-Coder-3B", 3.09, 0.01},
    {"Qwen3-0.6B", 0.596, 0.01},
    {"Qwen3-1.7B", 1.72, 0.01},
    {"Qwen3-8B", 8.19, 0.01},
    {"Qwen3-32B", 32.8, 0.01},
    {"Qwen3-30B-A3B", 30.5, 0.01},
    {"Qwen3-235B-A22B", 235, 0.01},
    {"Qwen3-Coder-480B", 480, 0.01},
    {"Qwen3-Next-80B", 79.7, 0.01},
    {"Qwen3-VL-2B", 1.72, 0.01}, /* text parts: those of Qwen3 */
    {"Qwen3-VL-4B", 4.02, 0.01},
    {"Qwen3-VL-8B", 8.19, 0.01},
    {"Qwen3-VL-30B", 30.5, 0.01},
    {"Qwen3-VL-32B", 32.8, 0.01},
    {"Qwen3-VL-235B", 235, 0.01},
    {"Qwen3.5-27B", 26.9, 0.01},
    {"Qwen3.5-35B", 34.7, 0.01},
    {"Qwen3.5-122B", 122, 0.01},
    {"Qwen3.5-397B", 397, 0.01},
    {"Qwen3.6-27B", 26.9, 0.01},
    {"Qwen3.6-35B", 34.7, 0.01},
    {"MiMo-7B", 7.6, 0.01},
    {"MiMo-V2-Flash", 309, 0.01},
    {"DeepSeek-R1", 671, 0.01},
    {"DeepSeek-V2", 236, 0.01},
    {"DeepSeek-V3", 671, 0.01},
    {"DeepSeek-V4-Flash", 284, 0.01},
    {"DeepSeek-V4-Pro", 1573, 0.001}, /* published as 1.6T */
    {"diffusiongemma", 25.2, 0.01},
    {"gemma-3-1b", 1.0, 0.01},
    {"gemma-3-4b", 3.88, 0.01},
    {"gemma-3-12b", 11.8, 0.01},
    {"gemma-3-27b", 27.0, 0.01},
    {"emma-4-26B", 25.2, 0.01},
    {"Gemma-4-31B", 30.7, 0.01},
    {"Llama-4-Maverick", 400, 0.01},
    {"Llama-4-Scout", 109, 0.012}, /* 109 B with the vision tower, 107.8 B without */
    {"Llama-3.1-8B", 8.03, 0.01},
    {"Llama-3.1-70B", 70.6, 0.01},
    {"Llama-3.1-405B", 405, 0.01},
    {"Nemotron-Super-49B", 49.9, 0.01},
    {"bitnet", 2.41, 0.01},
    {"Ministral-3-3B", 3.43, 0.01},
    {"Ministral-3-8B", 8.49, 0.01},
    {"Ministral-3-14B", 13.5, 0.01},
    {"Mixtral-8x7B", 46.7, 0.01},
    {"Mixtral-8x22B", 141, 0.01},
    {"Kimi-K2", 1026.4, 0.001}, /* published as 1T */
    {"Kimi-K3", 2780, 0.01},
    {"GLM-4.5", 352.8, 0.01}, /* 355 with MTP */
    {"GLM-4.5-Air", 106.9, 0.01},
    {"GLM-5", 744, 0.01},
    {"Nemotron-3-Nano", 31.6, 0.01},
    {"Nemotron-3.5-Lightning", 31.6, 0.01},
    {"Nemotron-3-Super-120B", 120.7, 0.01},
    {"Nemotron-3-Ultra", 550, 0.01},
    {"Nemotron-H-56B", 56.3, 0.01},
    {"gpt-oss-20b", 20.9, 0.01},
    {"gpt-oss-120b", 116.8, 0.01},
    {"Step-3.7-Flash", 195.8, 0.01},
};

static int size_row(const char *file)
{
    int best = -1;

    for (int i = 0; i < N_ROWS(sizes); i++)
        if (strstr(file, sizes[i].name) &&
            (best < 0 || strlen(sizes[i].name) > strlen(sizes[best].name)))
            best = i;
    return best;
}

/* The model as our file, read again: equal to the byte when written once more. */
static void expect_round_trip(const char *file, const gable_model *model)
{
    gable_text text = {0}, again = {0};
    const gable_model *back;

    gable_model_write(&text, model, "config.json", NULL);
    const char *path = scratch_file("back.json", text.text, text.length_bytes);
    ck_assert_msg(gable_model_load(&arena, NULL, path, &back, &err) == GABLE_OK, "%s: %s", file,
                  err.text);
    gable_model_write(&again, back, "config.json", NULL);
    ck_assert_str_eq(text.text, again.text);
    gable_text_free(&text);
    gable_text_free(&again);
}

/* One raw config: loads with its size, or is refused with a place. Returns whether it loaded. */
static bool import(const char *folder, const char *file)
{
    const gable_model *model;
    gable_params p;
    char path[2048];

    snprintf(path, sizeof path, "%s/%s", folder, file);
    err = (gable_err){0};
    if (gable_model_load(&arena, NULL, path, &model, &err) != GABLE_OK) {
        ck_assert_int_eq(err.status, GABLE_INPUT);
        ck_assert_msg(strncmp(err.text, path, strlen(path)) == 0 &&
                          strchr(err.text + strlen(path), ':'),
                      "no place in: %s", err.text);
        return false;
    }
    int row = size_row(file);
    ck_assert_msg(row >= 0, "%s: no row gives its size", file);
    gable_model_params(model, &p);
    ck_assert_msg(fabs(p.total / 1e9 / sizes[row].billions - 1) <= sizes[row].tolerance,
                  "%s: %.4f B, expected %.4f B", file, p.total / 1e9, sizes[row].billions);
    expect_round_trip(file, model);
    return true;
}

START_TEST(every_raw_config_loads_or_is_refused)
{
    /* no model_type: transcribed notes of models that have no config */
    static const char *const refused[] = {"deepseek-ai--Engram-27B.transcribed.json",
                                          "microsoft--MAI-Base-1.transcribed.json"};
    const char *folder =
        gable_arena_copy(&arena, shared_path("models"), strlen(shared_path("models")));
    const char *const *files;
    size_t n, n_loaded = 0, n_refused = 0;

    ck_assert_int_eq(gable_file_list(&arena, folder, ".json", &files, &n, &err), GABLE_OK);
    for (size_t i = 0; i < n; i++) {
        bool expected = true;
        if (strstr(files[i], ".hf_quant.json"))
            continue;
        for (int k = 0; k < N_ROWS(refused); k++)
            expected = expected && strcmp(files[i], refused[k]) != 0;
        size_t mark = gable_arena_mark(&arena);
        ck_assert_msg(import(folder, files[i]) == expected, "%s: %s", files[i], err.text);
        gable_arena_release(&arena, mark);
        n_loaded += expected;
        n_refused += !expected;
    }
    ck_assert_uint_ge(n_loaded, 99);
    ck_assert_uint_eq(n_refused, 2);
}
END_TEST

/* ---- precision maps ---- */

#define BF16 GABLE_DTYPE_BF16
#define NVFP4 GABLE_DTYPE_NVFP4
#define FP8 GABLE_DTYPE_FP8
#define BLOCK GABLE_DTYPE_FP8_BLOCK

static const struct {
    const char *file;
    gable_module module;
    gable_dtype weights, activations, kv;
} maps[] = {
    /* o_proj is NVFP4, the low-rank projections are not: 63 % of the weights are */
    {"nvidia--DeepSeek-V3.1-NVFP4", GABLE_MODULE_ATTENTION, NVFP4, NVFP4, FP8},
    {"nvidia--DeepSeek-V3.1-NVFP4", GABLE_MODULE_ROUTED, NVFP4, NVFP4, FP8},
    {"nvidia--DeepSeek-V3.1-NVFP4", GABLE_MODULE_DENSE, NVFP4, NVFP4, FP8},
    {"nvidia--DeepSeek-V3.1-NVFP4", GABLE_MODULE_HEAD, BF16, BF16, FP8},
    {"nvidia--DeepSeek-V3.2-NVFP4", GABLE_MODULE_INDEXER, BF16, BF16, GABLE_DTYPE_MLA_FP8},
    {"nvidia--DeepSeek-V4-Pro-NVFP4", GABLE_MODULE_ROUTED, NVFP4, NVFP4, GABLE_DTYPE_V4_KV},
    {"nvidia--DeepSeek-V4-Pro-NVFP4", GABLE_MODULE_SHARED, BLOCK, BLOCK, GABLE_DTYPE_V4_KV},
    {"nvidia--DeepSeek-V4-Pro-NVFP4", GABLE_MODULE_ATTENTION, BLOCK, BLOCK, GABLE_DTYPE_V4_KV},
    {"nvidia--DeepSeek-V4-Flash-NVFP4", GABLE_MODULE_ROUTED, NVFP4, NVFP4, GABLE_DTYPE_V4_KV},
    {"nvidia--GLM-5-NVFP4", GABLE_MODULE_ATTENTION, BF16, BF16, GABLE_DTYPE_MLA_FP8},
    {"nvidia--GLM-5-NVFP4", GABLE_MODULE_ROUTED, NVFP4, NVFP4, GABLE_DTYPE_MLA_FP8},
    {"nvidia--GLM-5-NVFP4", GABLE_MODULE_DENSE, NVFP4, NVFP4, GABLE_DTYPE_MLA_FP8},
    {"nvidia--GLM-5-NVFP4", GABLE_MODULE_INDEXER, BF16, BF16, GABLE_DTYPE_MLA_FP8},
    {"nvidia--GLM-5.1-NVFP4", GABLE_MODULE_SHARED, BF16, BF16, GABLE_DTYPE_MLA_FP8},
    {"nvidia--GLM-5.2-NVFP4", GABLE_MODULE_ATTENTION, BF16, BF16, GABLE_DTYPE_MLA_FP8},
    {"nvidia--GLM-5.2-NVFP4", GABLE_MODULE_ROUTED, NVFP4, NVFP4, GABLE_DTYPE_MLA_FP8},
    {"nvidia--Kimi-K2.6-NVFP4", GABLE_MODULE_ROUTED, NVFP4, NVFP4, FP8},
    {"nvidia--Kimi-K2.6-NVFP4", GABLE_MODULE_SHARED, BF16, BF16, FP8},
    {"nvidia--Kimi-K2.6-NVFP4", GABLE_MODULE_DENSE, BF16, BF16, FP8}, /* layer 0 */
    {"nvidia--Kimi-K2.7-Code-NVFP4", GABLE_MODULE_ATTENTION, BF16, BF16, FP8},
    {"nvidia--MiniMax-M2.5-NVFP4", GABLE_MODULE_ROUTED, NVFP4, NVFP4, FP8},
    {"nvidia--MiniMax-M2.5-NVFP4", GABLE_MODULE_ATTENTION, BF16, BF16, FP8},
    {"nvidia--MiniMax-M3-NVFP4", GABLE_MODULE_ROUTED, NVFP4, NVFP4, BF16},
    {"nvidia--MiniMax-M3-NVFP4", GABLE_MODULE_ATTENTION, GABLE_DTYPE_MXFP8, GABLE_DTYPE_MXFP8,
     BF16},
    {"nvidia--MiniMax-M3-NVFP4", GABLE_MODULE_ROUTER, BF16, BF16, BF16},
    {"nvidia--Qwen3-235B-A22B-NVFP4", GABLE_MODULE_ATTENTION, NVFP4, NVFP4, FP8},
    {"nvidia--Qwen3-235B-A22B-NVFP4", GABLE_MODULE_ROUTER, BF16, BF16, FP8},
    {"nvidia--Qwen3.5-397B-A17B-NVFP4", GABLE_MODULE_ROUTED, NVFP4, NVFP4, FP8},
    {"nvidia--Qwen3.5-397B-A17B-NVFP4", GABLE_MODULE_SHARED, BF16, BF16, FP8},
    {"nvidia--Qwen3.5-397B-A17B-NVFP4", GABLE_MODULE_ATTENTION, BF16, BF16, FP8},
    {"nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-NVFP4", GABLE_MODULE_ROUTED, NVFP4, NVFP4, FP8},
    {"nvidia--NVIDIA-Nemotron-3.5-Lightning-30B-A3B-NVFP4", GABLE_MODULE_ROUTED, NVFP4, BF16, FP8},
    {"nvidia--NVIDIA-Nemotron-3.5-Lightning-30B-A3B-NVFP4", GABLE_MODULE_ATTENTION, FP8, FP8, FP8},
    {"nvidia--NVIDIA-Nemotron-3.5-Lightning-30B-A3B-NVFP4", GABLE_MODULE_HEAD, NVFP4, BF16, FP8},
    {"nvidia--Qwen3.6-27B-NVFP4", GABLE_MODULE_DENSE, NVFP4, BF16, FP8},
    {"nvidia--Qwen3.6-27B-NVFP4", GABLE_MODULE_ATTENTION, FP8, FP8, FP8},
    {"nvidia--Gemma-4-26B-A4B-NVFP4", GABLE_MODULE_ROUTED, NVFP4, NVFP4, FP8},
    {"nvidia--Gemma-4-26B-A4B-NVFP4", GABLE_MODULE_DENSE, BF16, BF16, FP8},
    {"nvidia--Gemma-4-26B-A4B-NVFP4", GABLE_MODULE_ATTENTION, BF16, BF16, FP8},
    {"nvidia--Gemma-4-31B-IT-NVFP4", GABLE_MODULE_DENSE, NVFP4, NVFP4, FP8},
    {"nvidia--Gemma-4-31B-IT-NVFP4", GABLE_MODULE_ATTENTION, BF16, BF16, FP8},
    {"openai--gpt-oss-20b", GABLE_MODULE_ROUTED, GABLE_DTYPE_MXFP4, BF16, BF16},
    {"openai--gpt-oss-20b", GABLE_MODULE_ATTENTION, BF16, BF16, BF16},
    {"nvidia--Llama-3.1-70B-Instruct-FP8", GABLE_MODULE_ATTENTION, FP8, FP8, FP8},
    {"Qwen--Qwen3-32B-FP8", GABLE_MODULE_DENSE, BLOCK, BLOCK, BF16},
    {"zai-org--GLM-5.2-FP8", GABLE_MODULE_ROUTED, BLOCK, BLOCK, GABLE_DTYPE_MLA_FP8},
    {"sgl-project--DeepSeek-V4-Pro-FP8", GABLE_MODULE_ROUTED, BLOCK, BLOCK, GABLE_DTYPE_V4_KV},
    {"deepseek-ai--DeepSeek-V4-Pro", GABLE_MODULE_ROUTED, GABLE_DTYPE_MXFP4, FP8,
     GABLE_DTYPE_V4_KV},
};

START_TEST(precision_maps_match)
{
    const gable_model *model;
    ck_assert_msg(gable_model_load(&arena, NULL, raw_path(maps[_i].file), &model, &err) == GABLE_OK,
                  "%s", err.text);
    gable_module_dtypes got = model->dtypes[maps[_i].module];
    ck_assert_str_eq(gable_dtype_name(got.weights), gable_dtype_name(maps[_i].weights));
    ck_assert_str_eq(gable_dtype_name(got.activations), gable_dtype_name(maps[_i].activations));
    ck_assert_str_eq(gable_dtype_name(model->kv_dtype), gable_dtype_name(maps[_i].kv));
}
END_TEST

/* Every description in workloads/models that came from a config is what that config gives today. */
static const struct {
    const char *file, *name;
} same[] = {
    {"meta-llama--Meta-Llama-3.1-70B", "llama-3.1-70b"},
    {"deepseek-ai--DeepSeek-V3", "deepseek-v3"},
    {"deepseek-ai--DeepSeek-V4-Pro", "deepseek-v4-pro"},
    {"nvidia--Llama-3_3-Nemotron-Super-49B-v1", "nemotron-super-49b"},
    {"nvidia--NVIDIA-Nemotron-3-Ultra-550B-A55B-BF16", "nemotron-3-ultra-550b-a55b"},
    {"moonshotai--Kimi-K3", "kimi-k3"},
    {"google--gemma-4-26B-A4B", "gemma-4-26b-a4b"},
    {"zai-org--GLM-5.2", "glm-5.2"},
    {"openai--gpt-oss-120b", "gpt-oss-120b"},
};

START_TEST(descriptions_are_their_configs)
{
    const gable_model *raw, *ours;
    gable_text a = {0}, b = {0};
    ck_assert_int_eq(gable_model_load(&arena, NULL, raw_path(same[_i].file), &raw, &err), GABLE_OK);
    ck_assert_int_eq(gable_model_load(&arena, "workloads", same[_i].name, &ours, &err), GABLE_OK);
    gable_model raw_named = *raw;
    raw_named.name = ours->name;
    raw_named.title = ours->title;
    raw_named.remark = ours->remark;
    raw_named.published_params = ours->published_params;
    raw_named.published_active_params = ours->published_active_params;
    gable_model_write(&a, &raw_named, "config.json", NULL);
    gable_model_write(&b, ours, "config.json", NULL);
    ck_assert_str_eq(a.text, b.text);
    gable_text_free(&a);
    gable_text_free(&b);
}
END_TEST

Suite *gable_suite_model_import(void);

Suite *gable_suite_model_import(void)
{
    Suite *suite = suite_create("model_import");
    TCase *tables = tcase_create("tables"), *all = tcase_create("all");

    tcase_add_checked_fixture(tables, set_up, tear_down);
    tcase_set_timeout(tables, 60);
    suite_add_tcase(suite, tables);
    suite_add_tcase(suite, all);
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_set_timeout(all, 300);
    if (!shared_is_here("models", "raw configs"))
        return suite;
    ADD_ROWS(tables, precision_maps_match, maps);
    ADD_ROWS(tables, descriptions_are_their_configs, same);
    tcase_add_test(all, every_raw_config_loads_or_is_refused);
    return suite;
}
