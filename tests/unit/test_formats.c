/* formats: bits with scales, the unit that products run on, the formats of published checkpoints,
 * and figures that follow from them and from the shapes of the models (facts/models.md 4.10-4.12,
 * 4.18, 4.20, 5, 7). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../scratch.h"
#include "layout/layout.h"
#include "machine/machine.h"
#include "model/describe.h"
#include "rows.h"
#include "shared.h"

static gable_err err;

static const gable_model *load(const char *name)
{
    const gable_model *model = NULL;
    err = (gable_err){0};
    ck_assert_msg(gable_model_load(scratch_arena(), "workloads", name, &model, &err) == GABLE_OK,
                  "%s", err.text);
    return model;
}

static gable_plan lay(const gable_model *model, double batch, double n_cached, int tp)
{
    gable_plan plan;
    gable_scenario s = {.phase = GABLE_PHASE_DECODE,
                        .batch = batch,
                        .n_cached = n_cached,
                        .n_new = 1,
                        .tp = tp,
                        .ep = 1};
    ck_assert_msg(gable_layout_plan(scratch_arena(), model, &s, &plan, &err) == GABLE_OK, "%s",
                  err.text);
    return plan;
}

static int find(const gable_plan *plan, const char *name)
{
    for (int i = 0; i < plan->n_rows; i++)
        if (strcmp(plan->name[i], name) == 0)
            return i;
    ck_abort_msg("no row %s", name);
    return -1;
}

#define ck_within(got, expected, part)                                                             \
    ck_assert_msg(fabs((got) - (expected)) <= (part)*fabs(expected), "got %.9g, expected %.9g",    \
                  (double)(got), (double)(expected))

/* ---- facts/models.md 4.18: bits an element; GGUF by the bytes of its blocks ---- */

static const struct {
    const char *name;
    double bits;
} bits[] = {
    {"bf16", 16},
    {"fp8", 8},
    {"fp8_block", 8 + 32.0 / 16384}, /* 8.002 */
    {"fp8_ue8m0", 8 + 8.0 / 16384},  /* 8.0005 */
    {"fp8_group", 8.25},             /* fp32 per 128 */
    {"mxfp8", 8.25},                 /* E8M0 per 32 */
    {"nvfp4", 4.5},                  /* E4M3 per 16 */
    {"mxfp4", 4.25},                 /* E8M0 per 32 */
    {"int4_g32", 4.5},               /* fp16 per 32 */
    {"int4", 4.125},                 /* fp16 per 128 */
    {"int8", 8},
    {"ternary", 2},               /* packed */
    {"mla_fp8", 656 * 8 / 576.0}, /* 9.11: 512 fp8, 4 fp32, 64 bf16 */
    {"v4_kv", 584 * 8 / 512.0},   /* 9.125 */
    {"iq2_xxs", 2.0625},
    {"q2_k", 2.625},
    {"iq3_xxs", 3.0625},
    {"q3_k", 3.4375},
    {"q4_k", 4.5},
    {"q5_k", 5.5},
    {"q6_k", 6.5625},
    {"q8_0", 8.5},
};

START_TEST(bits_with_scales)
{
    gable_dtype dtype;
    ck_assert(gable_dtype_find(bits[_i].name, &dtype));
    ck_assert_double_eq_tol(8.0 * gable_dtype_bytes(dtype), bits[_i].bits, 1e-12);
}
END_TEST

/* Weight-only formats run at the rate of the activations, MXFP4 x FP8 at that of FP8, NVFP4 x NVFP4
 * at that of FP4 where there is such a unit: not on Hopper, which has FP8 at best. */
static const struct {
    const char *weights, *activations, *device, *unit;
} units[] = {
    {"int4_g32", "bf16", "b200-sxm", "bf16"},
    {"nvfp4", "bf16", "b200-sxm", "bf16"},
    {"mxfp4", "bf16", "h100-sxm", "bf16"},
    {"q3_k", "bf16", "h100-sxm", "bf16"},
    {"q8_0", "bf16", "h100-sxm", "bf16"},
    {"mxfp4", "fp8", "b200-sxm", "fp8"},
    {"mxfp4", "fp8", "h100-sxm", "fp8"},
    {"nvfp4", "nvfp4", "b200-sxm", "fp4"},
    {"nvfp4", "nvfp4", "h100-sxm", "fp8"},
    {"nvfp4", "nvfp4", "a100-sxm-80gb", "bf16"},
    {"fp8_ue8m0", "fp8_group", "h100-sxm", "fp8"},
    {"ternary", "int8", "h100-sxm", "int8"},
    {"fp8_block", "fp8_group", "a100-sxm-80gb", "bf16"},
};

START_TEST(unit_that_is_used)
{
    gable_dtype w, a;
    gable_mma used;
    const gable_accelerator *device;
    ck_assert(gable_dtype_find(units[_i].weights, &w) &&
              gable_dtype_find(units[_i].activations, &a));
    ck_assert_int_eq(gable_accelerator_load(scratch_arena(), "hw", units[_i].device, &device, &err),
                     GABLE_OK);
    gable_accelerator_peak(device, gable_dtype_mma(w, a), &used);
    ck_assert_str_eq(gable_mma_key(used), units[_i].unit);
}
END_TEST

/* ---- checkpoints: workloads/checkpoints.csv ---- */

static const char table[] = "workloads/checkpoints.csv";

static const gable_model *checkpoint(const char *name, const char *model)
{
    const gable_model *out = NULL;
    err = (gable_err){0};
    ck_assert_msg(gable_model_checkpoint(scratch_arena(), table, name, load(model), &out, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    return out;
}

/* facts/models.md 7, and bytes of the weights by hand: V3.1 keeps 1.96 B parameters of 671.0 in 16
 * bits (tables and router), all else is NVFP4: 669.0 B x 4.5 bits + 3.9 GB; its attention in full,
 * though a third of it is not. Kimi-K2.6: 1014.7 B of experts in NVFP4, 11.7 B in 16 bits. */
static const struct {
    const char *name, *model;
    gable_module module;
    const char *weights, *activations, *kv;
    double bytes; /* of all weights; 0: not tested */
} presets[] = {
    {"deepseek-v3.1-nvfp4", "deepseek-v3", GABLE_MODULE_ROUTED, "nvfp4", "nvfp4", "fp8", 380.2e9},
    {"deepseek-v3.1-nvfp4", "deepseek-v3", GABLE_MODULE_HEAD, "bf16", "bf16", "fp8", 0},
    {"deepseek-v4-pro-nvfp4", "deepseek-v4-pro", GABLE_MODULE_SHARED, "fp8_block", "fp8_block",
     "v4_kv", 0},
    {"glm-5-nvfp4", "glm-5", GABLE_MODULE_ATTENTION, "bf16", "bf16", "mla_fp8", 0},
    {"glm-5.2-nvfp4", "glm-5.2", GABLE_MODULE_SHARED, "bf16", "bf16", "mla_fp8", 0},
    {"kimi-k2.6-nvfp4", "kimi-k2.5", GABLE_MODULE_ROUTED, "nvfp4", "nvfp4", "fp8", 594.2e9},
    {"kimi-k2.6-nvfp4", "kimi-k2.5", GABLE_MODULE_DENSE, "bf16", "bf16", "fp8", 0},
    {"minimax-m2.5-nvfp4", "minimax-m2.5", GABLE_MODULE_ATTENTION, "bf16", "bf16", "fp8", 0},
    {"minimax-m3-nvfp4", "minimax-m3", GABLE_MODULE_ATTENTION, "mxfp8", "mxfp8", "bf16", 0},
    {"qwen3-235b-a22b-nvfp4", "qwen3-235b-a22b", GABLE_MODULE_ATTENTION, "nvfp4", "nvfp4", "fp8",
     0},
    {"qwen3.5-397b-a17b-nvfp4", "qwen3.5-397b-a17b", GABLE_MODULE_SHARED, "bf16", "bf16", "fp8", 0},
    {"nemotron-3.5-lightning-30b-a3b-nvfp4", "nemotron-3-nano-30b-a3b", GABLE_MODULE_ROUTED,
     "nvfp4", "bf16", "fp8", 0},
    {"gemma-4-26b-a4b-nvfp4", "gemma-4-26b-a4b", GABLE_MODULE_DENSE, "bf16", "bf16", "fp8", 0},
    {"gemma-4-31b-it-nvfp4", "gemma-4-31b", GABLE_MODULE_DENSE, "nvfp4", "nvfp4", "fp8", 0},
    /* 3.1 bits: 277.0 B x 3.0625, 0.53 x (4.5 + 6.5625), 6.17 x 4.5, 0.65 x 16, over 284.3 B */
    {"deepseek-v4-flash-3.1bit", "deepseek-v4-flash", GABLE_MODULE_ROUTED, "iq3_xxs", "bf16",
     "v4_kv", 3.1065 / 8 * 284.33e9},
};

START_TEST(presets_match)
{
    const gable_model *m = checkpoint(presets[_i].name, presets[_i].model);
    gable_module_dtypes got = m->dtypes[presets[_i].module];
    ck_assert_str_eq(gable_dtype_name(got.weights), presets[_i].weights);
    ck_assert_str_eq(gable_dtype_name(got.activations), presets[_i].activations);
    ck_assert_str_eq(gable_dtype_name(m->kv_dtype), presets[_i].kv);
    if (presets[_i].bytes > 0.0)
        ck_within(gable_model_weight_bytes(m), presets[_i].bytes, 0.002);
}
END_TEST

/* owner/Name of the column `source` -> folder/owner--Name.json; false when there is none. */
static bool raw_path(const char *source, char *path, size_t path_bytes)
{
    const char *slash = strchr(source, '/');
    if (!slash)
        return false;
    snprintf(path, path_bytes, "%s/%.*s--%s.json", shared_path("models"), (int)(slash - source),
             source, slash + 1);
    return gable_file_exists(path);
}

static void expect_raw(const gable_model *ours, const char *path)
{
    const gable_model *raw;
    double params[GABLE_N_MODULES + 1];
    ck_assert_msg(gable_model_load(scratch_arena(), NULL, path, &raw, &err) == GABLE_OK, "%s",
                  err.text);
    gable_model_module_params(raw, params);
    for (int k = 0; k < GABLE_N_MODULES; k++) {
        if (!(params[k] > 0.0))
            continue;
        ck_assert_str_eq(gable_dtype_name(ours->dtypes[k].weights),
                         gable_dtype_name(raw->dtypes[k].weights));
        ck_assert_str_eq(gable_dtype_name(ours->dtypes[k].activations),
                         gable_dtype_name(raw->dtypes[k].activations));
    }
    ck_assert_str_eq(gable_dtype_name(ours->kv_dtype), gable_dtype_name(raw->kv_dtype));
}

/* Every row is of a model that is there, and says what the checkpoint's own files say (where those
 * can be read). */
START_TEST(every_preset_is_its_checkpoint)
{
    gable_csv csv;
    size_t name, model, source;
    char path[2048];
    ck_assert_int_eq(gable_csv_read(scratch_arena(), table, &csv, &err), GABLE_OK);
    ck_assert_int_eq(gable_csv_need(&csv, "name", &name, &err), GABLE_OK);
    ck_assert_int_eq(gable_csv_need(&csv, "model", &model, &err), GABLE_OK);
    ck_assert_int_eq(gable_csv_need(&csv, "source", &source, &err), GABLE_OK);
    ck_assert_uint_ge(csv.n_rows, 38);
    bool raw_here = shared_is_here("models", "presets against their checkpoints");
    size_t n_compared = 0;
    for (size_t i = 0; i < csv.n_rows; i++) {
        const char *const *row = &csv.cells[i * csv.n_columns];
        size_t mark = gable_arena_mark(scratch_arena());
        const gable_model *ours = checkpoint(row[name], row[model]);
        if (raw_here && raw_path(row[source], path, sizeof path)) {
            expect_raw(ours, path);
            n_compared++;
        }
        gable_arena_release(scratch_arena(), mark);
    }
    ck_assert(!raw_here || n_compared >= 30);
}
END_TEST

static const struct {
    const char *name, *model, *says;
} refused[] = {
    {"deepseek-v3.1-nvfp", "deepseek-v3", "did you mean \"deepseek-v3.1-nvfp4\"?"},
    {"mine", "deepseek-v3", "deepseek-v3 has deepseek-v3.1-nvfp4"},
    {"mine", "mixtral-8x7b", "mixtral-8x7b has none"},
    {"glm-5-fp8", "deepseek-v3", "--checkpoint glm-5-fp8 is one of glm-5, not of deepseek-v3"},
};

START_TEST(checkpoint_is_refused)
{
    const gable_model *out = NULL;
    err = (gable_err){0};
    ck_assert_int_eq(gable_model_checkpoint(scratch_arena(), table, refused[_i].name,
                                            load(refused[_i].model), &out, &err),
                     GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "says: %s", err.text);
}
END_TEST

START_TEST(bad_checkpoints_are_refused)
{
    static const char text[] =
        "name,model,embed,head,router,attention,shared,routed,dense,latent,indexer,kv\n"
        "a,deepseek-v3,bf16,bf16,bf16,fp5,,,,,,bf16\n"
        "b,deepseek-v3,bf16,bf16,bf16,nvfp4/fp5,,,,,,bf16\n";
    const char *path = scratch_file("bad.csv", text, strlen(text)), *names[] = {"a", "b"};
    const gable_model *out = NULL;
    for (int i = 0; i < 2; i++) {
        err = (gable_err){0};
        ck_assert_int_eq(gable_model_checkpoint(scratch_arena(), path, names[i],
                                                load("deepseek-v3"), &out, &err),
                         GABLE_INPUT);
        ck_assert_msg(strstr(err.text, "attention: ") && strstr(err.text, "is not a format"),
                      "says: %s", err.text);
    }
}
END_TEST

/* ---- figures of models ---- */

/* BitNet 2B4T reads its ternary layers (2.08 B of 2 bits) and its 16-bit table as the head in each
 * step: 1.18 GB (facts/models.md 4.20). */
START_TEST(bitnet_decode_bytes)
{
    gable_plan plan = lay(load("bitnet-b1.58-2b-4t"), 1, 0, 1);
    double bytes = 0.0;
    for (int i = 0; i < plan.n_rows; i++)
        bytes += plan.kind[i] == GABLE_ROW_OP ? plan.work[i].weight_bytes * plan.calls[i] : 0.0;
    ck_within(bytes, 1.18e9, 0.003);
}
END_TEST

/* LatentMoE, 95BT-8BA (facts/models.md 4.12): experts that a standard layer reads over those of the
 * latent one with as many active: 128 of d and 512 of d / 4, 6 active. */
static const struct {
    double tokens, advantage;
} latent[] = {{1, 4.00}, {4, 3.79}, {16, 3.12}, {64, 1.80}, {256, 1.05}, {1024, 1.00}};

START_TEST(latent_experts_are_read_less)
{
    gable_plan standard = lay(load("latentmoe-95bt-8ba-standard"), latent[_i].tokens, 0, 1);
    gable_plan eff = lay(load("latentmoe-95bt-8ba-eff"), latent[_i].tokens, 0, 1);
    double ratio = standard.work[find(&standard, "experts")].weight_bytes /
                   eff.work[find(&eff, "experts")].weight_bytes;
    ck_assert_double_eq_tol(ratio, latent[_i].advantage, 0.005);
}
END_TEST

/* Values that are keys (facts/models.md 4.10, 5 row 13): half the cache of 16 heads; with four
 * heads for 16 queries an eighth, with one a thirty-second. */
static const struct {
    int kv_heads;
    bool once;
    double saved;
} shared[] = {
    {16, false, 0.0}, {16, true, 0.5}, {4, true, 0.875}, {1, true, 0.96875}, {4, false, 0.75}};

START_TEST(shared_keys_save_cache)
{
    gable_layer layer = {.mixer = {.kind = GABLE_MIXER_GQA,
                                   .n_heads = 16,
                                   .n_kv_heads = shared[_i].kv_heads,
                                   .head_dim = 128,
                                   .k_eq_v = shared[_i].once,
                                   .kv_once = shared[_i].once},
                         .ffn = {.kind = GABLE_FFN_DENSE, .width = 5504, .n_matrices = 3},
                         .count = 24,
                         .hidden = 2048};
    gable_model model = {.name = "shared",
                         .path = "shared.json",
                         .hidden = 2048,
                         .vocab = 32000,
                         .n_layers = 24,
                         .kinds = &layer,
                         .n_kinds = 1,
                         .kv_dtype = GABLE_DTYPE_BF16};
    double per_token, constant, whole = 24.0 * 2 * 16 * 128 * 2, left = 1.0 - shared[_i].saved;
    for (int i = 0; i < GABLE_N_MODULES; i++)
        model.dtypes[i] = (gable_module_dtypes){GABLE_DTYPE_BF16, GABLE_DTYPE_BF16};
    gable_model_cache(&model, &per_token, &constant);
    ck_assert_double_eq(per_token, left * whole);
    gable_plan plan = lay(&model, 2, 999, 1);
    ck_assert_double_eq(plan.kv_bytes, left * whole * 2 * 1000);
    int row = find(&plan, "attention");
    ck_assert_double_eq(plan.work[row].cache_bytes, left * whole / 24 * 2 * 1001);
    ck_assert_double_eq(plan.work[row].flops, 2.0 * 4 * 16 * 128 * 1000); /* as many as before */
}
END_TEST

/* C / B <= 2 m for gated experts (facts/models.md 4.7, 5 row 8). */
static const struct {
    const char *model;
    double bound;
} overlaps[] = {{"deepseek-v4-pro", 6144},
                {"deepseek-v3", 4096},
                {"nemotron-3-super-120b-a12b", 2688 * 4.0 / 3}, /* two matrices */
                {"llama-3.1-8b", 0}};

START_TEST(traffic_of_experts_hides)
{
    ck_assert_double_eq_tol(gable_model_overlap_flops_per_byte(load(overlaps[_i].model)),
                            overlaps[_i].bound, 1e-9);
}
END_TEST

Suite *gable_suite_formats(void);

Suite *gable_suite_formats(void)
{
    Suite *suite = suite_create("formats");
    TCase *all = tcase_create("formats");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    ADD_ROWS(all, bits_with_scales, bits);
    ADD_ROWS(all, unit_that_is_used, units);
    ADD_ROWS(all, presets_match, presets);
    tcase_add_test(all, every_preset_is_its_checkpoint);
    ADD_ROWS(all, checkpoint_is_refused, refused);
    tcase_add_test(all, bad_checkpoints_are_refused);
    tcase_add_test(all, bitnet_decode_bytes);
    ADD_ROWS(all, latent_experts_are_read_less, latent);
    ADD_ROWS(all, shared_keys_save_cache, shared);
    ADD_ROWS(all, traffic_of_experts_hides, overlaps);
    suite_add_tcase(suite, all);
    return suite;
}
