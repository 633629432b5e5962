/* layout: rows of sparse, recurrent and hyper-connected layers by hand (facts/models.md 4.4 to 4.8,
 * 4.13), and the figures that papers print about the models that have them (facts/models.md 5). */
#include <math.h>
#include <string.h>

#include "../scratch.h"
#include "engine/engine.h"
#include "layout/flops.h"
#include "rows.h"

static const gable_model *load(const char *name)
{
    const gable_model *model;
    gable_err err = {0};
    ck_assert_msg(gable_model_load(scratch_arena(), "workloads", name, &model, &err) == GABLE_OK,
                  "%s", err.text);
    return model;
}

static gable_scenario decode(double batch, double n_cached, double n_new, int tp)
{
    return (gable_scenario){.phase = GABLE_PHASE_DECODE,
                            .batch = batch,
                            .n_cached = n_cached,
                            .n_new = n_new,
                            .tp = tp,
                            .ep = 1};
}

static gable_plan lay(const gable_model *model, gable_scenario scenario)
{
    gable_plan plan;
    gable_err err = {0};
    ck_assert_msg(gable_layout_plan(scratch_arena(), model, &scenario, &plan, &err) == GABLE_OK,
                  "%s", err.text);
    return plan;
}

static int find(const gable_plan *plan, const char *name)
{
    for (int i = 0; i < plan->n_rows; i++)
        if (strcmp(plan->name[i], name) == 0)
            return i;
    return -1;
}

/* ---- one new token after 999,999 cached ones: what a call of a row does ---- */

static const struct {
    const char *model, *row;
    int tp;
    double calls, flops, cache_bytes;
} rows[] = {
    /* 128 heads x 2*(576 + 512) for 2048 chosen latents of 656 B, and the new one */
    {"deepseek-v3.2", "dsa_attention", 1, 61, 2.0 * 128 * 1088 * 2048, 2049.0 * 656},
    {"deepseek-v3.2", "dsa_attention", 8, 61, 2.0 * 16 * 1088 * 2048, 2049.0 * 656},
    /* 64 index heads of 128 score every token; 132 B of index key each; projections of 1536 x 8192
       and 7168 x (128 + 64). Replicated: the same on every rank */
    {"deepseek-v3.2", "indexer", 1, 61, 2.0 * 64 * 128 * 1e6 + 2.0 * 13959168, 132e6},
    {"deepseek-v3.2", "indexer", 8, 61, 2.0 * 64 * 128 * 1e6 + 2.0 * 13959168, 132e6},
    /* 21 of 78 layers choose; all attend to what was chosen */
    {"glm-5.2", "indexer", 1, 21, 2.0 * 32 * 128 * 1e6 + 2.0 * 9371648, 132e6},
    {"glm-5.2", "dsa_attention", 1, 78, 2.0 * 64 * 1088 * 2048, 2049.0 * 656},
    /* a window of 128 and the best 1024 entries of 4 tokens; 584 B an entry */
    {"deepseek-v4-pro", "csa_attention", 1, 30, 4.0 * 128 * 512 * (128 + 1024),
     584.0 * (128 + 1024 + 0.25)},
    /* and every entry of 128 tokens: (1e6 - 63.5) / 128 of them, as the mean of a whole block */
    {"deepseek-v4-pro", "hca_attention", 1, 31, 4.0 * 128 * 512 * (128 + 999936.5 / 128),
     584.0 * (128 + 7812 + 1.0 / 128)},
    /* the first two layers of Flash see the window alone */
    {"deepseek-v4-flash", "hca_attention", 1, 2, 4.0 * 64 * 512 * 128, 584.0 * 129},
    /* 64 heads of 128 see 2048 tokens; 2049 entries of 4 key/value heads, bf16 */
    {"minimax-m3", "msa_attention", 1, 57, 4.0 * 64 * 128 * 2048, 2049.0 * 4 * 256 * 2},
    {"minimax-m3", "indexer", 1, 57, 2.0 * 4 * 128 * 1e6 + 2.0 * 6144 * 5 * 128, 128e6 * 2},
    {"minimax-m3", "indexer", 4, 57, 2.0 * 128 * 1e6 + 2.0 * 6144 * 2 * 128, 128e6 * 2},
    /* states of 256 x 64 x 128 in fp32, read and written; 8 FLOPs an element */
    {"nemotron-3-ultra-550b-a55b", "state_update", 1, 48, 8.0 * 256 * 64 * 128,
     2.0 * 256 * 64 * 128 * 4},
    {"nemotron-3-ultra-550b-a55b", "state_update", 8, 48, 8.0 * 32 * 64 * 128,
     2.0 * 32 * 64 * 128 * 4},
    /* 16384 + 2 x 8 x 128 channels, 4 taps, 3 tokens of state in bf16 */
    {"nemotron-3-ultra-550b-a55b", "conv_update", 1, 48, 2.0 * 18432 * 4, 2.0 * 18432 * 3 * 2},
    {"qwen3-next-80b-a3b", "state_update", 1, 36, 8.0 * 32 * 128 * 128, 2.0 * 32 * 128 * 128 * 4},
    /* q, k of 16 heads, v, z of 32, two numbers a head: 2048 inputs */
    {"qwen3-next-80b-a3b", "in_proj", 1, 36, 2.0 * 2048 * (2 * 2048 + 2 * 4096 + 64), 0},
    {"qwen3-next-80b-a3b", "in_proj", 4, 36, 2.0 * 2048 * (2 * 512 + 2 * 1024 + 16), 0},
    {"kimi-k3", "state_update", 1, 69, 8.0 * 96 * 128 * 128, 2.0 * 96 * 128 * 128 * 4},
    /* q, k, v, the full gate, a number a head, and one head's width for the forget gate */
    {"kimi-k3", "in_proj", 1, 69, 2.0 * 7168 * (4 * 12288 + 96 + 128), 0},
    /* the output gate of its 24 attention layers: 96 heads of 128 */
    {"kimi-k3", "gate_proj", 1, 24, 2.0 * 7168 * 12288, 0},
    /* two sites a layer, before and after each half */
    {"deepseek-v4-pro", "hyper_pre", 1, 122, 2.0 * 4 * 7168 * 24, 0},
    {"deepseek-v4-pro", "hyper_post", 8, 122, 2.0 * 7168 * 20, 0},
};

START_TEST(row_of_a_mechanism)
{
    gable_plan plan = lay(load(rows[_i].model), decode(1, 999999, 1, rows[_i].tp));
    int row = -1;
    for (int i = 0; i < plan.n_rows && row < 0; i++) { /* "hca_attention.2" is the other shape */
        size_t n = strlen(rows[_i].row);
        if (strncmp(plan.name[i], rows[_i].row, n) == 0 && plan.calls[i] == rows[_i].calls)
            row = i;
    }
    ck_assert_msg(row >= 0, "no row %s of %g calls", rows[_i].row, rows[_i].calls);
    check_close(plan.work[row].flops, rows[_i].flops, 1e-5);
    check_close(plan.work[row].cache_bytes + 1.0, rows[_i].cache_bytes + 1.0, 1e-5);
}
END_TEST

/* ---- parts of a block ---- */

static const char *const blocks[] = {"deepseek-v3.2", "glm-5", "deepseek-v4-flash",
                                     "deepseek-v4-pro", "minimax-m3"};
static const struct {
    double batch, n_cached, n_new;
} sizes[] = {{1, 4096, 1}, {64, 100000, 1}, {8, 30000, 4}, {1, 0, 8192}, {2, 32768, 2048}};

/* What benchmarks time is the block; a plan lists its parts. They do the same, and add up to the
 * same time but for the indexer's projections, which are one GEMM more. */
START_TEST(parts_add_up_to_the_block)
{
    gable_machine machine = {0};
    gable_err err = {0};
    ck_assert_int_eq(gable_machine_load(scratch_arena(), "hw", "gb200", "sglang", &machine, &err),
                     GABLE_OK);
    const gable_model *model = load(blocks[_i]);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        gable_plan plan = lay(model, decode(sizes[k].batch, sizes[k].n_cached, sizes[k].n_new, 1));
        int proj = find(&plan, "attention_proj"), index = find(&plan, "indexer"), core = index + 1;
        while (index >= 0 && plan.op[proj].sublayer.selection != plan.op[index].sublayer.selection)
            proj++;
        ck_assert_int_ge(index, 0);
        ck_assert_int_eq(plan.op[core].sublayer.part, GABLE_BLOCK_CORE);
        gable_op whole = plan.op[core];
        whole.sublayer.part = GABLE_BLOCK_WHOLE;
        gable_work work;
        gable_time time, part;
        gable_cost_work(&whole, &work);
        gable_cost_time(&whole, &work, machine.accelerator, machine.constants, &time);
        double flops = 0, bytes = 0, seconds = 0;
        const int parts[] = {proj, index, core};
        for (size_t i = 0; i < 3; i++) {
            gable_cost_time(&plan.op[parts[i]], &plan.work[parts[i]], machine.accelerator,
                            machine.constants, &part);
            flops += plan.work[parts[i]].flops;
            bytes += plan.work[parts[i]].cache_bytes + plan.work[parts[i]].activation_bytes;
            seconds += part.time_s;
        }
        check_close(flops, work.flops, 1e-12);
        check_close(bytes, work.cache_bytes + work.activation_bytes, 1e-12);
        check_close(seconds, time.time_s, 0.04);
    }
}
END_TEST

/* ---- what papers print ---- */

static double token_flops(const char *name, double n, bool equivalent)
{
    gable_flops f;
    gable_err err = {0};
    ck_assert_int_eq(gable_model_token_flops(scratch_arena(), load(name), n - 1, &f, &err),
                     GABLE_OK);
    return equivalent ? f.fp8_equivalent : f.linear + f.attention + f.index + f.recurrence;
}

static double cache_bytes(const char *name, double n)
{
    double per_token, constant;
    gable_model_cache(load(name), &per_token, &constant);
    return per_token * n + constant;
}

/* DeepSeek-V4 report, figure 1: at one million tokens 27 % and 10 % of V3.2's FLOPs (in FP8 terms),
 * 10 % and 7 % of its cache, and 2 % of that of a bf16 GQA with 8 heads of 128. */
START_TEST(v4_against_v3)
{
    const double n = 1e6;
    double v3 = token_flops("deepseek-v3.2", n, true), v3_cache = cache_bytes("deepseek-v3.2", n);
    ck_assert_double_eq_tol(token_flops("deepseek-v4-pro", n, true) / v3, 0.268, 0.003);
    ck_assert_double_eq_tol(cache_bytes("deepseek-v4-pro", n) / v3_cache, 0.105, 0.003);
    ck_assert_double_eq_tol(token_flops("deepseek-v4-flash", n, true) / v3, 0.100, 0.003);
    ck_assert_double_eq_tol(cache_bytes("deepseek-v4-flash", n) / v3_cache, 0.073, 0.003);
    ck_assert_double_eq_tol(cache_bytes("deepseek-v4-pro", n) / (61.0 * 2 * 8 * 128 * 2 * n), 0.02,
                            0.001);
    ck_assert_double_eq_tol(cache_bytes("deepseek-v4-flash", n) / (43.0 * 2 * 8 * 128 * 2 * n),
                            0.02, 0.001);
}
END_TEST

/* facts/models.md 5: FP8-equivalent TFLOP per token. */
static const struct {
    const char *model;
    double n, tflop;
} curve[] = {
    {"deepseek-v3.2", 4096, 0.149},        {"deepseek-v3.2", 32768, 0.177},
    {"deepseek-v3.2", 131072, 0.276},      {"deepseek-v3.2", 262144, 0.407},
    {"deepseek-v3.2", 1048576, 1.193},     {"deepseek-v4-pro", 4096, 0.119},
    {"deepseek-v4-pro", 32768, 0.124},     {"deepseek-v4-pro", 131072, 0.143},
    {"deepseek-v4-pro", 262144, 0.167},    {"deepseek-v4-pro", 1048576, 0.315},
    {"deepseek-v4-flash", 4096, 0.031},    {"deepseek-v4-flash", 32768, 0.034},
    {"deepseek-v4-flash", 131072, 0.042},  {"deepseek-v4-flash", 262144, 0.053},
    {"deepseek-v4-flash", 1048576, 0.119},
};

START_TEST(flops_per_token)
{
    double got = token_flops(curve[_i].model, curve[_i].n, true) * 1e-12;
    ck_assert_double_eq_tol(got, curve[_i].tflop, 0.0012);
}
END_TEST

/* GLM-5.2 keeps the choice of 21 layers for 78 (IndexShare): "2.9x" FLOPs per token at 1M against
 * an indexer in each layer. Which FLOPs is not said: all of them give 2.73, in FP8 terms 2.61,
 * those of weights and indexers 2.88. */
START_TEST(index_share)
{
    gable_layer kinds[8];
    gable_model all = *load("glm-5.2");
    gable_flops shared, every;
    gable_err err = {0};
    ck_assert_int_le(all.n_kinds, 8);
    ck_assert_int_eq(gable_model_token_flops(scratch_arena(), &all, 1048575, &shared, &err),
                     GABLE_OK);
    for (int i = 0; i < all.n_kinds; i++) {
        kinds[i] = all.kinds[i];
        kinds[i].mixer.index_shared = false;
    }
    all.kinds = kinds;
    ck_assert_int_eq(gable_model_token_flops(scratch_arena(), &all, 1048575, &every, &err),
                     GABLE_OK);
    double raw = (every.linear + every.attention + every.index) /
                 (shared.linear + shared.attention + shared.index);
    double without_core = (every.linear + every.index) / (shared.linear + shared.index);
    ck_assert_double_eq_tol(raw, 2.73, 0.02);
    ck_assert_double_eq_tol(without_core, 2.88, 0.02);
    ck_assert_double_eq_tol(every.fp8_equivalent / shared.fp8_equivalent, 2.61, 0.02);
}
END_TEST

/* MiniMax MSA: 28.4x less attention at 1M as the mean over a prompt, 30.1x for its last token.
 * 64 heads of 128, 4 index heads, 2048 tokens chosen. */
START_TEST(msa_saves)
{
    const double n = 1048576;
    double dense_mean = 4.0 * 64 * 128 * n / 2.0, dense_last = 4.0 * 64 * 128 * n;
    gable_sublayer s = {.selection = GABLE_SELECTION_BLOCKS,
                        .kv = GABLE_DTYPE_BF16,
                        .batch = 1,
                        .n_new = n,
                        .hidden = 6144,
                        .heads = 64,
                        .kv_heads = 4,
                        .nope_dim = 128,
                        .v_dim = 128,
                        .index_heads = 4,
                        .index_dim = 128,
                        .top_k = 2048};
    gable_op op = {.kind = GABLE_OP_SUBLAYER,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .sublayer = s};
    gable_work work;
    gable_cost_work(&op, &work);
    double mean = (work.parts.core_flops + work.parts.index_flops) / n;
    ck_assert_double_eq_tol(dense_mean / mean, 28.44, 0.02);
    op.sublayer.n_cached = n - 1;
    op.sublayer.n_new = 1;
    gable_cost_work(&op, &work);
    double last = work.parts.core_flops + work.parts.index_flops;
    ck_assert_double_eq_tol(dense_last / last, 30.12, 0.02);
}
END_TEST

/* Reading and writing fp32 states, per sequence and token, all layers (facts/models.md 4.13). */
static const struct {
    const char *model;
    double megabytes;
} traffic[] = {{"nemotron-3-nano-30b-a3b", 96.5},
               {"nemotron-3-super-120b-a12b", 335.5},
               {"nemotron-3-ultra-550b-a55b", 805.3},
               {"qwen3.5-397b-a17b", 377.5},
               {"kimi-k3", 868.2}};

START_TEST(state_traffic)
{
    gable_plan plan = lay(load(traffic[_i].model), decode(1, 1000, 1, 1));
    int row = find(&plan, "state_update");
    double bytes = plan.calls[row] * plan.work[row].cache_bytes;
    check_close(bytes, traffic[_i].megabytes * 1e6, 1e-3);
}
END_TEST

/* A verified draft may end at any of its tokens: the states after each are kept. */
START_TEST(drafts_leave_states)
{
    const gable_model *model = load("nemotron-3-nano-30b-a3b");
    gable_plan one = lay(model, decode(2, 1000, 1, 1)), four = lay(model, decode(2, 1000, 4, 1));
    check_close(four.state_bytes, 4 * one.state_bytes, 1e-12);
    int row = find(&four, "state_update");
    check_close(four.work[row].spill_bytes, 3.0 * 2 * 64 * 64 * 128 * 4, 1e-12);
}
END_TEST

/* Kernels are built for a recurrence, and some for checking drafts. */
START_TEST(state_kernels_have_jobs)
{
    const struct {
        const char *model;
        double n_new;
        gable_flavour flavour;
    } cases[] = {{"qwen3-next-80b-a3b", 1, GABLE_FLAVOUR_GDN},
                 {"qwen3-next-80b-a3b", 3, GABLE_FLAVOUR_GDN_VERIFY},
                 {"kimi-k3", 1, GABLE_FLAVOUR_KDA},
                 {"kimi-k3", 2, GABLE_FLAVOUR_KDA_VERIFY},
                 {"nemotron-3-nano-30b-a3b", 1, GABLE_FLAVOUR_MAMBA2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gable_plan plan = lay(load(cases[i].model), decode(1, 1000, cases[i].n_new, 1));
        ck_assert_int_eq(plan.work[find(&plan, "state_update")].flavour, cases[i].flavour);
    }
    ck_assert_int_eq(gable_flavour_distance(GABLE_FLAVOUR_KDA, "kda/fused/generation"), 0);
    ck_assert_int_eq(gable_flavour_distance(GABLE_FLAVOUR_KDA, "kda/fused/verify"), 1);
    ck_assert_int_eq(gable_flavour_distance(GABLE_FLAVOUR_KDA_VERIFY, "kda/fused/verify"), 0);
    ck_assert_int_eq(gable_flavour_distance(GABLE_FLAVOUR_KDA, "gdn/fused/generation"), 2);
    ck_assert_int_eq(gable_flavour_distance(GABLE_FLAVOUR_USUAL, "anything"), 0);
}
END_TEST

/* Several kernels for one job: the fastest is run. A rival twice as fast takes over. */
START_TEST(fastest_of_rivals)
{
    gable_machine machine = {0};
    gable_err err = {0};
    ck_assert_int_eq(gable_machine_load(scratch_arena(), "hw", "gb200", "trtllm", &machine, &err),
                     GABLE_OK);
    gable_constants constants = *machine.constants;
    gable_op op = {.kind = GABLE_OP_MHC,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .mhc = {.tokens = 8, .hidden = 7168, .streams = 4, .pre = true}};
    gable_work work;
    gable_time best, alone;
    gable_cost_work(&op, &work);
    gable_cost_time(&op, &work, machine.accelerator, &constants, &best);
    double fastest = INFINITY;
    for (int f = GABLE_FLAVOUR_OTHER - 1; f <= GABLE_FLAVOUR_THIRD; f++) {
        const gable_kernel_constants *k =
            f < GABLE_FLAVOUR_OTHER ? constants.kernel[work.family][work.dtype][work.mma]
                                    : constants.flavoured[f][work.family][work.dtype][work.mma];
        ck_assert_ptr_nonnull(k);
        gable_cost_time_with(&op, &work, machine.accelerator, &constants, k, &alone);
        fastest = fmin(fastest, alone.time_s);
    }
    ck_assert_double_eq(best.time_s, fastest);
    check_close(best.time_s, 20.9e-6, 0.1); /* measured: mhc.csv, gb200, trtllm, 8 tokens */
}
END_TEST

/* Without pauses the clocks of all products droop as those of the longest do; what memory bounds
 * is as fast as before. */
START_TEST(sustained_clocks)
{
    gable_machine machine = {0};
    gable_err err = {0};
    ck_assert_int_eq(
        gable_machine_load(scratch_arena(), "hw", "h100-sxm", "trtllm", &machine, &err), GABLE_OK);
    gable_constants constants = *machine.constants;
    const double products[][2] = {{8192, 1.0}, {1, 0.0}}; /* tokens; whether the clock matters */
    for (size_t i = 0; i < 2; i++) {
        gable_op op = {.kind = GABLE_OP_GEMM,
                       .weights = GABLE_DTYPE_BF16,
                       .activations = GABLE_DTYPE_BF16,
                       .gemm = {products[i][0], 8192, 8192, 1}};
        gable_work work;
        gable_time burst, sustained;
        gable_cost_work(&op, &work);
        constants.sustained = false;
        gable_cost_time(&op, &work, machine.accelerator, &constants, &burst);
        constants.sustained = true;
        gable_cost_time(&op, &work, machine.accelerator, &constants, &sustained);
        double more = sustained.time_s / burst.time_s;
        ck_assert_double_ge(more, 1.0);
        if (products[i][1] > 0.0)
            ck_assert_double_gt(more, 1.02);
        else
            ck_assert_double_lt(more, 1.01);
    }
}
END_TEST

Suite *gable_suite_mixers(void);

Suite *gable_suite_mixers(void)
{
    Suite *suite = suite_create("mixers");
    TCase *all = tcase_create("mechanisms");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    ADD_ROWS(all, row_of_a_mechanism, rows);
    ADD_ROWS(all, parts_add_up_to_the_block, blocks);
    tcase_add_test(all, v4_against_v3);
    ADD_ROWS(all, flops_per_token, curve);
    tcase_add_test(all, index_share);
    tcase_add_test(all, msa_saves);
    ADD_ROWS(all, state_traffic, traffic);
    tcase_add_test(all, drafts_leave_states);
    tcase_add_test(all, state_kernels_have_jobs);
    tcase_add_test(all, fastest_of_rivals);
    tcase_add_test(all, sustained_clocks);
    suite_add_tcase(suite, all);
    return suite;
}
