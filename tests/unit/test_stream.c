/* cost: streaming kernels (linear attention, hyper-connections, quantisation) and experts under
 * wide expert parallelism: work and seconds by hand, and laws of the form. */
#include <math.h>

#include "cost/forms.h"
#include "rows.h"

/* ---- work ---- */

#define LINEAR(...)                                                                                \
    {                                                                                              \
        .kind = GABLE_OP_LINEAR, .weights = GABLE_DTYPE_BF16, .activations = GABLE_DTYPE_BF16,     \
        .linear = {                                                                                \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const struct {
    gable_op op;
    double flops, hbm_bytes, spill_bytes, steps, units, blocks;
    gable_family family;
} works[] = {
    /* 2 x 100 tokens of 4096 channels, 4 taps: in and out at 2 B; 2 chunks of 64 each, 256 padded
       tokens in all */
    {LINEAR(.stage = GABLE_LINEAR_CONV, .batch = 2, .tokens = 100, .channels = 4096, .taps = 4),
     2.0 * 200 * 4096 * 4, 2.0 * 200 * 4096 * 2, 0, 2, 256, 4, GABLE_FAMILY_LINEAR_CONV},
    /* one token of 8 sequences; states of 3 tokens read and written */
    {LINEAR(.stage = GABLE_LINEAR_CONV_UPDATE, .batch = 8, .tokens = 1, .channels = 4096,
            .taps = 4),
     2.0 * 8 * 4096 * 4, 2.0 * 8 * 4096 * 2 + 2.0 * 8 * 4096 * 3 * 2, 0, 1, 8, 8,
     GABLE_FAMILY_LINEAR_CONV_UPDATE},
    /* 128 tokens, 4 value heads on 2 key heads of 128: 2*64*(3+2)*128 + 6*128*128 FLOPs a token and
     * head; the state of 4*128*128*4 B in and out, and between the 2 chunks out and in */
    {LINEAR(.stage = GABLE_LINEAR_SCAN, .batch = 1, .tokens = 128, .key_heads = 2, .key_dim = 128,
            .value_heads = 4, .value_dim = 128),
     128.0 * 4 * (2 * 64 * 5 * 128 + 6 * 128 * 128), 128.0 * 2 * (2 * 256 + 2 * 512) + 2.0 * 262144,
     4.0 * 262144, 2, 8, 4, GABLE_FAMILY_LINEAR_SCAN},
    /* half as wide both ways: a quarter of a unit */
    {LINEAR(.stage = GABLE_LINEAR_SCAN, .batch = 1, .tokens = 1, .key_heads = 1, .key_dim = 64,
            .value_heads = 1, .value_dim = 64),
     2 * 5 * 64 + 6 * 64 * 64, 2.0 * (128 + 128) + 2 * 16384, 2 * 16384, 1, 0.25, 1,
     GABLE_FAMILY_LINEAR_SCAN},
    /* 3 drafts: one state read and one written; two more written by kernels that keep them */
    {LINEAR(.stage = GABLE_LINEAR_UPDATE, .batch = 1, .tokens = 3, .key_heads = 2, .key_dim = 128,
            .value_heads = 4, .value_dim = 128),
     8.0 * 65536 * 3, 3.0 * 2 * (2 * 256 + 2 * 512) + 2.0 * 262144, 2.0 * 262144, 3, 12, 16,
     GABLE_FAMILY_LINEAR_UPDATE},
    /* 10 tokens, 4 streams of 4096: fp32 streams in, bf16 out, 24 coefficients of 16384 inputs each
     */
    {{.kind = GABLE_OP_MHC, .mhc = {.tokens = 10, .hidden = 4096, .streams = 4, .pre = true}},
     2.0 * 40960 * 4 * 24,
     40960.0 * (16 + 2) + 4.0 * 4096 * 24 * 4,
     40960.0 * 16,
     1,
     10,
     10,
     GABLE_FAMILY_MHC_PRE},
    {{.kind = GABLE_OP_MHC, .mhc = {.tokens = 10, .hidden = 4096, .streams = 4}},
     2.0 * 40960 * 20,
     40960.0 * (32 + 2),
     0,
     1,
     10,
     10,
     GABLE_FAMILY_MHC_POST},
    /* 2 B in, 1 B out; or in alone */
    {{.kind = GABLE_OP_QUANTIZE, .weights = GABLE_DTYPE_FP8, .quantize = {16, 4096, false}},
     65536,
     3.0 * 65536,
     0,
     1,
     16,
     16,
     GABLE_FAMILY_QUANTIZE},
    {{.kind = GABLE_OP_QUANTIZE, .weights = GABLE_DTYPE_FP8, .quantize = {16, 4096, true}},
     65536,
     2.0 * 65536,
     0,
     1,
     16,
     16,
     GABLE_FAMILY_QUANTIZE},
};

START_TEST(work)
{
    gable_work w;
    gable_cost_work(&works[_i].op, &w);
    check_close(w.flops, works[_i].flops, 1e-12);
    check_close(w.hbm_bytes, works[_i].hbm_bytes, 1e-12);
    check_close(w.spill_bytes, works[_i].spill_bytes, 1e-12);
    check_close(w.grid.steps, works[_i].steps, 1e-12);
    check_close(w.grid.units, works[_i].units, 1e-12);
    check_close(w.grid.blocks, works[_i].blocks, 1e-12);
    ck_assert_double_le(w.grid.touched_bytes, w.hbm_bytes + w.spill_bytes);
    ck_assert_int_eq((int)w.family, (int)works[_i].family);
}
END_TEST

/* ---- seconds ---- */

static const gable_chip small = {.n_sm = 100,
                                 .clock_hz = 1.83e9,
                                 .boost_hz = 1.83e9, /* constants count at this clock */
                                 .peak_flops_per_s = 1e14,
                                 .bandwidth_bytes_per_s = 1e12,
                                 .l2_bytes = 5e7,
                                 .vector_flops_per_s = 1e13};

/* floor 2, a step 3, a wave 4, a unit 100 us of one SM, half the bandwidth, a tenth of the peak. */
static void constants(double *v)
{
    v[GABLE_STREAM_T0] = 2.0;
    v[GABLE_STREAM_C1] = 3.0;
    v[GABLE_STREAM_KAP] = 4.0;
    v[GABLE_STREAM_SIG] = 0.0;
    v[GABLE_STREAM_C2] = 100.0;
    v[GABLE_STREAM_UW] = 2.0;
    v[GABLE_STREAM_EB] = 0.5;
    v[GABLE_STREAM_L2X] = 4.0;
    v[GABLE_STREAM_CL2] = 1.0;
    v[GABLE_STREAM_EF] = 0.1;
    v[GABLE_STREAM_SPILL] = 0.0;
    v[GABLE_STREAM_SERIAL] = 0.0;
    v[GABLE_STREAM_POWER] = 1.0; /* a sum */
    v[GABLE_STREAM_GRID] = 0.0;
    v[GABLE_STREAM_L2ON] = 0.0;
}

static double seconds(const gable_op *op, const gable_work *w, const gable_chip *chip,
                      const double *v)
{
    gable_time t = {0};
    gable_chip own = *chip; /* forms keep rates in it */
    gable_form_stream(op, w, &own, v, &t);
    return t.overhead_s + fmax(t.compute_s, t.memory_s) + t.exposed_s;
}

static const gable_op update = LINEAR(.stage = GABLE_LINEAR_UPDATE, .batch = 1, .tokens = 1);

/* One change to the constants at a time; 2 us floor + 3 steps of 3 us and one wave of 4 us + 200
 * units of 100 us on 100 SMs with 100 blocks + 10^8 B at half of 10^12 B/s = 2 + 13 + 200 + 200 us.
 */
static const struct {
    int which;
    double value, expected_us;
} changes[] = {
    {GABLE_STREAM_T0, 2.0, 415.0},           {GABLE_STREAM_T0, 5.0, 418.0},
    {GABLE_STREAM_SPILL, 1.0, 415.0 + 20.0}, /* 10^7 B more */
    {GABLE_STREAM_SERIAL, 1.0, 415.0},       /* one full wave */
    {GABLE_STREAM_POWER, 2.0, 2.0 + 283.14}, /* root of 13^2 + 200^2 + 200^2 */
    {GABLE_STREAM_L2ON, 1.0, 215.0 + 80.0},  /* 5e7 B touched, as much as L2: half hits, 1 + 3/2 as
                                                fast */
};

START_TEST(seconds_by_hand)
{
    double v[GABLE_N_STREAM];
    gable_work w = {
        .hbm_bytes = 1e8, .spill_bytes = 1e7, .vector = true, .grid = {3.0, 200.0, 100.0, 5e7}};
    constants(v);
    v[changes[_i].which] = changes[_i].value;
    check_close(seconds(&update, &w, &small, v), 1e-6 * changes[_i].expected_us, 1e-4);
}
END_TEST

/* 250 blocks on 100 SMs are 3 waves of 3 steps and a fixed cost when each fills its SM, 2 when two
 * share one. */
START_TEST(waves_of_chains)
{
    double v[GABLE_N_STREAM];
    gable_work w = {.vector = true, .grid = {3.0, 0.0, 250.0, 0.0}};
    constants(v);
    check_close(seconds(&update, &w, &small, v), 1e-6 * (2 + 13), 1e-12);
    v[GABLE_STREAM_SERIAL] = 1.0;
    check_close(seconds(&update, &w, &small, v), 1e-6 * (2 + 3 * 13), 1e-12);
    v[GABLE_STREAM_SERIAL] = 2.0;
    check_close(seconds(&update, &w, &small, v), 1e-6 * (2 + 2 * 13), 1e-12);
}
END_TEST

/* A block for each of 2 x 100 sequences and channels: 200 units, twice as slow below 8 tokens;
 * chain of one step. */
START_TEST(convolution_per_channel)
{
    double v[GABLE_N_STREAM];
    gable_op op =
        LINEAR(.stage = GABLE_LINEAR_CONV, .batch = 2, .tokens = 64, .channels = 100, .taps = 4);
    gable_work w = {.vector = true};
    constants(v);
    v[GABLE_STREAM_GRID] = 1.0;
    check_close(seconds(&op, &w, &small, v), 1e-6 * (2 + 3 + 4 + 200), 1e-12);
    op.linear.tokens = 1.0;
    check_close(seconds(&op, &w, &small, v), 1e-6 * (2 + 3 + 4 + 400), 1e-12);
}
END_TEST

/* ---- laws: more of anything is never slower ---- */

static const struct {
    size_t offset;
    double factor;
} richer[] = {
    {offsetof(gable_chip, n_sm), 1.01},
    {offsetof(gable_chip, n_sm), 1.37},
    {offsetof(gable_chip, n_sm), 2.0},
    {offsetof(gable_chip, boost_hz), 1.2},
    {offsetof(gable_chip, peak_flops_per_s), 1.5},
    {offsetof(gable_chip, bandwidth_bytes_per_s), 1.5},
    {offsetof(gable_chip, l2_bytes), 2.0},
};

START_TEST(more_is_never_slower)
{
    double v[GABLE_N_STREAM];
    gable_chip more = small;
    *(double *)((char *)&more + richer[_i].offset) *= richer[_i].factor;
    for (int how = 0; how < 8; how++)
        for (int i = 0; i < N_ROWS(works); i++)
            for (double batch = 1.0; batch <= 4096.0; batch *= 3.0) {
                gable_op op = works[i].op;
                gable_work w;
                if (op.kind == GABLE_OP_LINEAR)
                    op.linear.batch = batch;
                gable_cost_work(&op, &w);
                constants(v);
                v[GABLE_STREAM_SERIAL] = how & 1;
                v[GABLE_STREAM_L2ON] = how >> 1 & 1;
                v[GABLE_STREAM_GRID] = how >> 2;
                v[GABLE_STREAM_POWER] = how & 1 ? 4.0 : 2.0;
                double less_s = seconds(&op, &w, &small, v), more_s = seconds(&op, &w, &more, v);
                ck_assert_msg(more_s <= less_s * (1.0 + 1e-12), "%g > %g", more_s, less_s);
            }
}
END_TEST

/* ---- experts under wide expert parallelism ---- */

/* A load balancer never makes the heaviest rank heavier, copies neither; ranks together still have
 * all pairs. */
START_TEST(balancer_lightens)
{
    for (double tokens = 16; tokens <= 16384; tokens *= 8)
        for (double ep = 2; ep <= 64; ep *= 2) {
            gable_moe plain = {.tokens = tokens,
                               .top_k = 8,
                               .experts = 256,
                               .tp = 1,
                               .ep = ep,
                               .skew = 1.2,
                               .routing = GABLE_ROUTING_POWER_LAW,
                               .wide = true};
            gable_moe even = plain, copied = plain;
            even.even = copied.even = true;
            copied.slots = 256 + ep * 4;
            double a = gable_cost_moe_load(&plain).pairs, b = gable_cost_moe_load(&even).pairs;
            double c = gable_cost_moe_load(&copied).pairs, fair = tokens * 8 / ep;
            ck_assert_double_le(b, a * (1 + 1e-9));
            ck_assert_double_le(c, b * (1 + 1e-9));
            ck_assert_double_ge(c, fair * (1 - 1e-9));
        }
}
END_TEST

/* One expert on the rank: its tokens are all the tokens that reach it. */
START_TEST(known_tokens_of_a_rank)
{
    gable_moe moe = {.tokens = 1000,
                     .top_k = 8,
                     .experts = 256,
                     .tp = 1,
                     .ep = 256,
                     .skew = 1.2,
                     .routing = GABLE_ROUTING_POWER_LAW,
                     .wide = true,
                     .rank_tokens = 400};
    check_close(gable_cost_moe_load(&moe).pairs, 400, 0.25);
    moe.rank_tokens = 200;
    double fewer = gable_cost_moe_load(&moe).pairs;
    moe.rank_tokens = 600;
    ck_assert_double_lt(fewer, gable_cost_moe_load(&moe).pairs);
}
END_TEST

/* Beside a host that takes 500 us a short layer takes 500 us, and a graph does not. */
START_TEST(host_hides_kernels)
{
    double v[GABLE_PARAMETERS_CAP];
    gable_op op = {.kind = GABLE_OP_MOE,
                   .weights = GABLE_DTYPE_FP8,
                   .activations = GABLE_DTYPE_FP8,
                   .moe = {.tokens = 64,
                           .hidden = 512,
                           .inter = 256,
                           .top_k = 2,
                           .experts = 8,
                           .n_matrices = 3,
                           .tp = 1,
                           .ep = 1,
                           .wide = true}};
    gable_work w;
    gable_cost_work(&op, &w);
    ck_assert_int_eq((int)w.family, (int)GABLE_FAMILY_MOE_WIDE);
    for (int i = 0; i < GABLE_N_WIDE; i++)
        v[i] = gable_forms[GABLE_FORM_WIDE].parameters[i].centre;
    v[GABLE_MOE_L2ON] = v[GABLE_WIDE_EAGER] = 0.0;
    v[GABLE_WIDE_HOST] = 500.0;
    gable_time graph = {0}, eager = {0};
    gable_chip chip = small;
    gable_form_wide(&op, &w, &chip, v, &graph);
    v[GABLE_WIDE_EAGER] = 1.0;
    gable_form_wide(&op, &w, &chip, v, &eager);
    double kernels = graph.overhead_s + fmax(graph.compute_s, graph.memory_s) + graph.exposed_s;
    ck_assert_double_lt(kernels, 500e-6);
    check_close(eager.overhead_s + fmax(eager.compute_s, eager.memory_s) + eager.exposed_s, 500e-6,
                1e-12);
}
END_TEST

Suite *gable_suite_stream(void);

Suite *gable_suite_stream(void)
{
    Suite *suite = suite_create("stream");
    TCase *tcase = tcase_create("stream");
    ADD_ROWS(tcase, work, works);
    ADD_ROWS(tcase, seconds_by_hand, changes);
    tcase_add_test(tcase, waves_of_chains);
    tcase_add_test(tcase, convolution_per_channel);
    ADD_ROWS(tcase, more_is_never_slower, richer);
    tcase_add_test(tcase, balancer_lightens);
    tcase_add_test(tcase, known_tokens_of_a_rank);
    tcase_add_test(tcase, host_hides_kernels);
    suite_add_tcase(suite, tcase);
    return suite;
}
