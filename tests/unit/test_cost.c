/* cost: work by hand-computed rows, pairs, expert loads, the ceiling and the expected time. */
#include <math.h>

#include "cost/cost.h"
#include "rows.h"

/* ---- pairs: facts/models.md 1 ---- */
static const struct {
    double n_cached, n_new, window;
    bool causal;
    double pairs;
} pair_rows[] = {
    {0, 1, 0, true, 1},    /* the first token sees itself */
    {0, 4, 0, true, 10},   /* 1 + 2 + 3 + 4 */
    {10, 1, 0, true, 11},  /* decode: the cache and itself */
    {10, 3, 0, true, 36},  /* 11 + 12 + 13 */
    {0, 4, 0, false, 16},  /* encoder: all with all */
    {0, 8, 3, true, 21},   /* 1 + 2 + 3 * 6 */
    {100, 4, 8, true, 32}, /* the window is full from the start */
    {2, 4, 4, true, 15},   /* 3 + 4 + 4 + 4 */
    {0, 4, 100, true, 10}, /* a window that is never full changes nothing */
    {1000, 1, 128, true, 128},
};

START_TEST(pairs)
{
    check_close(gable_cost_pairs(pair_rows[_i].n_cached, pair_rows[_i].n_new, pair_rows[_i].window,
                                 pair_rows[_i].causal),
                pair_rows[_i].pairs, 1e-15);
}
END_TEST

/* ---- GEMM ---- */
static const struct {
    gable_gemm shape;
    gable_dtype weights, activations;
    double flops, weight_bytes, activation_bytes;
    gable_mma mma;
} gemm_rows[] = {
    /* 2*2*3*4 FLOPs; 12 weights of 2 B; 8 inputs and 6 outputs of 2 B */
    {{2, 3, 4, 0}, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16, 48, 24, 28, GABLE_MMA_BF16},
    /* fp8 in, bf16 out */
    {{2, 3, 4, 1}, GABLE_DTYPE_FP8, GABLE_DTYPE_FP8, 48, 12, 20, GABLE_MMA_FP8},
    /* weight-only: half a byte and 1/16 of scales, at the activations' rate */
    {{1, 16, 16, 1}, GABLE_DTYPE_NVFP4, GABLE_DTYPE_BF16, 512, 144, 64, GABLE_MMA_BF16},
    {{1, 16, 16, 1}, GABLE_DTYPE_NVFP4, GABLE_DTYPE_NVFP4, 512, 144, 41, GABLE_MMA_FP4},
    {{1, 16, 16, 1}, GABLE_DTYPE_MXFP4, GABLE_DTYPE_MXFP8, 512, 136, 48.5, GABLE_MMA_FP8},
    {{1, 128, 128, 1}, GABLE_DTYPE_INT4, GABLE_DTYPE_BF16, 32768, 8448, 512, GABLE_MMA_BF16},
    /* one product per head */
    {{2, 3, 4, 5}, GABLE_DTYPE_BF16, GABLE_DTYPE_BF16, 240, 120, 140, GABLE_MMA_BF16},
};

START_TEST(gemm)
{
    gable_work work;
    gable_op op = {.kind = GABLE_OP_GEMM,
                   .weights = gemm_rows[_i].weights,
                   .activations = gemm_rows[_i].activations,
                   .gemm = gemm_rows[_i].shape};
    gable_cost_work(&op, &work);
    check_close(work.flops, gemm_rows[_i].flops, 1e-15);
    check_close(work.weight_bytes, gemm_rows[_i].weight_bytes, 1e-15);
    check_close(work.activation_bytes, gemm_rows[_i].activation_bytes, 1e-15);
    check_close(work.hbm_bytes, gemm_rows[_i].weight_bytes + gemm_rows[_i].activation_bytes, 1e-15);
    ck_assert_int_eq((int)work.mma, (int)gemm_rows[_i].mma);
    ck_assert(work.l2_bytes >= work.hbm_bytes * (1.0 - 1e-12));
}
END_TEST

/* ---- attention ---- */
static const struct {
    gable_attention shape;
    double flops, cache_bytes, activation_bytes;
    gable_family family;
} attention_rows[] = {
    /* decode, 8 heads on 2 key/value heads of 4: 4*8*4*11 FLOPs; 11 entries read, 1 written, 16
       elements of 2 B */
    {{.batch = 1,
      .n_new = 1,
      .n_cached = 10,
      .heads = 8,
      .kv_heads = 2,
      .qk_dim = 4,
      .v_dim = 4,
      .read_elements = 16,
      .write_elements = 16,
      .causal = true,
      .kv = GABLE_DTYPE_BF16},
     1408,
     384,
     128,
     GABLE_FAMILY_ATTENTION_GENERATION},
    /* two sequences: twice everything */
    {{.batch = 2,
      .n_new = 1,
      .n_cached = 10,
      .heads = 8,
      .kv_heads = 2,
      .qk_dim = 4,
      .v_dim = 4,
      .read_elements = 16,
      .write_elements = 16,
      .causal = true,
      .kv = GABLE_DTYPE_BF16},
     2816,
     768,
     256,
     GABLE_FAMILY_ATTENTION_GENERATION},
    /* an 8-bit cache halves the bytes of the cache and nothing else */
    {{.batch = 1,
      .n_new = 1,
      .n_cached = 10,
      .heads = 8,
      .kv_heads = 2,
      .qk_dim = 4,
      .v_dim = 4,
      .read_elements = 16,
      .write_elements = 16,
      .causal = true,
      .kv = GABLE_DTYPE_FP8},
     1408,
     192,
     128,
     GABLE_FAMILY_ATTENTION_GENERATION},
    /* prefill of 4: 10 pairs */
    {{.batch = 1,
      .n_new = 4,
      .n_cached = 0,
      .heads = 8,
      .kv_heads = 2,
      .qk_dim = 4,
      .v_dim = 4,
      .read_elements = 16,
      .write_elements = 16,
      .causal = true,
      .kv = GABLE_DTYPE_BF16},
     1280,
     256,
     512,
     GABLE_FAMILY_ATTENTION_CONTEXT},
    /* a window of 4 tokens, decode: 4 pairs, 4 entries read, 1 written */
    {{.batch = 1,
      .n_new = 1,
      .n_cached = 10,
      .heads = 8,
      .kv_heads = 2,
      .qk_dim = 4,
      .v_dim = 4,
      .window = 4,
      .read_elements = 16,
      .write_elements = 16,
      .causal = true,
      .kv = GABLE_DTYPE_BF16},
     512,
     160,
     128,
     GABLE_FAMILY_ATTENTION_GENERATION},
    /* latent cache, absorbed: 2*H*(2*512+64) FLOPs a pair, 576 elements read once for all heads */
    {{.batch = 1,
      .n_new = 1,
      .n_cached = 99,
      .heads = 128,
      .kv_heads = 1,
      .qk_dim = 576,
      .v_dim = 512,
      .read_elements = 576,
      .write_elements = 576,
      .causal = true,
      .kv = GABLE_DTYPE_BF16},
     2.0 * 128 * 1088 * 100,
     101 * 576 * 2,
     128 * 1088 * 2,
     GABLE_FAMILY_ATTENTION_GENERATION},
    /* encoder: no cache is written */
    {{.batch = 1,
      .n_new = 4,
      .n_cached = 0,
      .heads = 8,
      .kv_heads = 8,
      .qk_dim = 4,
      .v_dim = 4,
      .read_elements = 64,
      .causal = false,
      .kv = GABLE_DTYPE_BF16},
     2048,
     512,
     512,
     GABLE_FAMILY_ATTENTION_ENCODER},
};

START_TEST(attention)
{
    gable_work work;
    gable_op op = {.kind = GABLE_OP_ATTENTION,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .attention = attention_rows[_i].shape};
    gable_cost_work(&op, &work);
    check_close(work.flops, attention_rows[_i].flops, 1e-15);
    check_close(work.cache_bytes, attention_rows[_i].cache_bytes, 1e-15);
    check_close(work.activation_bytes, attention_rows[_i].activation_bytes, 1e-15);
    ck_assert_int_eq((int)work.family, (int)attention_rows[_i].family);
}
END_TEST

/* ---- experts: the table of facts/models.md 4.11, printed with one decimal ---- */
static const struct {
    double experts, top_k, tokens, distinct;
} distinct_rows[] = {
    {8, 2, 1, 2},        {8, 2, 4, 5.5},      {8, 2, 8, 7.2},       {8, 2, 16, 7.9},
    {128, 4, 1, 4},      {128, 4, 16, 51.0},  {128, 4, 64, 111.2},  {128, 4, 256, 128},
    {128, 8, 4, 29.1},   {128, 8, 16, 82.4},  {128, 8, 64, 125.9},  {256, 8, 1, 8},
    {256, 8, 4, 30.5},   {256, 8, 32, 163.3}, {256, 8, 256, 255.9}, {384, 6, 8, 45.5},
    {384, 6, 64, 243.8}, {512, 22, 4, 82.5},  {512, 22, 16, 258.4}, {512, 22, 128, 510.1},
};

START_TEST(distinct_uniform)
{
    gable_moe moe = {.tokens = distinct_rows[_i].tokens,
                     .top_k = distinct_rows[_i].top_k,
                     .experts = distinct_rows[_i].experts,
                     .tp = 1,
                     .ep = 1};
    gable_moe_load load = gable_cost_moe_load(&moe);
    /* Half a unit of the last printed digit, and a little for rows that were rounded at .05. */
    ck_assert_double_eq_tol(load.distinct, distinct_rows[_i].distinct, 0.06);
    check_close(load.pairs, moe.tokens * moe.top_k, 1e-15);
}
END_TEST

static const gable_routing routings[] = {GABLE_ROUTING_UNIFORM, GABLE_ROUTING_BALANCED,
                                         GABLE_ROUTING_POWER_LAW, GABLE_ROUTING_ZIPF};

/* Whatever the routing: between 1 and E experts, no fewer than K on all ranks together, no more
 * pairs than exist, and the heaviest rank has at least its fair share. */
START_TEST(load_is_possible)
{
    for (double tokens = 1; tokens <= 65536; tokens *= 4)
        for (double ep = 1; ep <= 64; ep *= 4) {
            gable_moe moe = {.tokens = tokens,
                             .top_k = 8,
                             .experts = 256,
                             .tp = 1,
                             .ep = ep,
                             .skew = 1.2,
                             .routing = routings[_i]};
            gable_moe_load load = gable_cost_moe_load(&moe);
            ck_assert_double_ge(load.distinct, 0.0);
            ck_assert_double_le(load.distinct, 256 / ep * (1 + 1e-12));
            ck_assert_double_ge(load.pairs, tokens * 8 / ep * (1 - 1e-9));
            ck_assert_double_le(load.pairs, tokens * 8 * (1 + 1e-9));
            ck_assert_double_le(load.distinct, load.pairs * (1 + 1e-9) + 1e-9);
        }
}
END_TEST

/* Skew sends more tokens to fewer experts. */
START_TEST(skew_reads_fewer_experts)
{
    double last = 1e9;
    for (double skew = 0.0; skew <= 2.0; skew += 0.25) {
        gable_moe moe = {.tokens = 16,
                         .top_k = 8,
                         .experts = 128,
                         .tp = 1,
                         .ep = 1,
                         .skew = skew,
                         .routing = skew > 0 ? GABLE_ROUTING_ZIPF : GABLE_ROUTING_UNIFORM};
        double distinct = gable_cost_moe_load(&moe).distinct;
        ck_assert_double_lt(distinct, last);
        last = distinct;
    }
}
END_TEST

/* gated: 3 matrices; 2 tokens on 2 of 4 experts each, all experts of 8 x 16 */
START_TEST(moe_bytes)
{
    gable_work work;
    gable_op op = {.kind = GABLE_OP_MOE,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .moe = {.tokens = 2,
                           .hidden = 8,
                           .inter = 16,
                           .top_k = 2,
                           .experts = 4,
                           .n_matrices = 3,
                           .tp = 1,
                           .ep = 1}};
    gable_cost_work(&op, &work);
    check_close(work.flops, 2.0 * 4 * 3 * 8 * 16, 1e-15);
    check_close(work.weight_bytes, 3.0 * 3 * 8 * 16 * 2, 1e-15); /* D = 4 (1 - 1/4) = 3 */
    op.moe.tp = 2; /* half the width on each rank: half the FLOPs and weights */
    gable_cost_work(&op, &work);
    check_close(work.flops, 4.0 * 3 * 8 * 16, 1e-15);
    check_close(work.weight_bytes, 3.0 * 3 * 8 * 16, 1e-15);
}
END_TEST

/* ---- time ---- */
static gable_accelerator device(void)
{
    gable_accelerator a = {.name = "test",
                           .hbm_bandwidth_bytes_per_s = 1e12,
                           .hbm_capacity_bytes = 1e11,
                           .vector_fp32_flops_per_s = 1e13};
    a.matrix_flops_per_s[GABLE_MMA_BF16] = 1e14;
    return a;
}

START_TEST(ceiling_is_the_longer)
{
    gable_accelerator a = device();
    gable_bound bound;
    gable_work work = {.flops = 1e12, .hbm_bytes = 1e9, .mma = GABLE_MMA_BF16};
    check_close(gable_cost_ceiling_s(&work, &a, &bound), 0.01, 1e-15);
    ck_assert_int_eq((int)bound, (int)GABLE_BOUND_COMPUTE);
    work.hbm_bytes = 1e11;
    check_close(gable_cost_ceiling_s(&work, &a, &bound), 0.1, 1e-15);
    ck_assert_int_eq((int)bound, (int)GABLE_BOUND_MEMORY);
}
END_TEST

/* floor 2 us; half the peak, a quarter of the bandwidth */
START_TEST(expected_time_terms)
{
    static gable_constants constants; /* large: not on the stack */
    static gable_kernel_constants kernel = {.sigma_ln = 0.1, .provenance = GABLE_PROVENANCE_FITTED};
    gable_accelerator a = device();
    gable_time time;
    gable_op op = {.kind = GABLE_OP_STREAM};
    gable_work work = {.flops = 1e10,
                       .hbm_bytes = 1e6,
                       .mma = GABLE_MMA_BF16,
                       .dtype = GABLE_DTYPE_BF16,
                       .family = GABLE_FAMILY_ELEMENTWISE};
    kernel.value[GABLE_ROOFLINE_FLOOR] = 2.0;
    kernel.value[GABLE_ROOFLINE_COMPUTE] = 0.5;
    kernel.value[GABLE_ROOFLINE_MEMORY] = 0.25;
    constants.silicon_frac = 1.0;
    constants.kernel[GABLE_FAMILY_ELEMENTWISE][GABLE_DTYPE_BF16][GABLE_MMA_BF16] = &kernel;
    gable_cost_time(&op, &work, &a, &constants, &time);
    check_close(time.compute_s, 2e-4, 1e-12);
    check_close(time.memory_s, 4e-6, 1e-12);
    check_close(time.time_s, 2.02e-4, 1e-12);
    check_close(time.ceiling_s, 1e-4, 1e-12);
    ck_assert_int_eq((int)time.bound, (int)GABLE_BOUND_COMPUTE);
    work.flops = 1.0;
    work.hbm_bytes = 1.0;
    gable_cost_time(&op, &work, &a, &constants, &time);
    ck_assert_int_eq((int)time.bound, (int)GABLE_BOUND_OVERHEAD);
    constants.ideal = true;
    gable_cost_time(&op, &work, &a, &constants, &time);
    check_close(time.time_s, time.ceiling_s, 1e-15);
    ck_assert_int_eq((int)time.provenance, (int)GABLE_PROVENANCE_SPEC);
}
END_TEST

/* What L2 may have kept is free for the ceiling, and only in benchmarks. */
START_TEST(warm_ceiling)
{
    gable_accelerator a = device();
    gable_bound bound;
    gable_work work = {.flops = 1.0, .hbm_bytes = 3e8, .mma = GABLE_MMA_BF16};
    a.l2_capacity_bytes = 1e8;
    check_close(gable_cost_ceiling_s(&work, &a, &bound), 3e-4, 1e-12);
    work.copies = 5.0;
    check_close(gable_cost_ceiling_s(&work, &a, &bound), 2e-4, 1e-12);
}
END_TEST

Suite *gable_suite_cost(void);

Suite *gable_suite_cost(void)
{
    Suite *suite = suite_create("cost");
    TCase *work = tcase_create("work");
    ADD_ROWS(work, pairs, pair_rows);
    ADD_ROWS(work, gemm, gemm_rows);
    ADD_ROWS(work, attention, attention_rows);
    suite_add_tcase(suite, work);
    TCase *experts = tcase_create("experts");
    ADD_ROWS(experts, distinct_uniform, distinct_rows);
    ADD_ROWS(experts, load_is_possible, routings);
    tcase_add_test(experts, skew_reads_fewer_experts);
    tcase_add_test(experts, moe_bytes);
    suite_add_tcase(suite, experts);
    TCase *time = tcase_create("time");
    tcase_add_test(time, ceiling_is_the_longer);
    tcase_add_test(time, expected_time_terms);
    tcase_add_test(time, warm_ceiling);
    suite_add_tcase(suite, time);
    return suite;
}
