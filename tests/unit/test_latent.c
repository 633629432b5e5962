/* cost: latent attention. Work of whole attention blocks and times of the forms by hand-computed
 * rows, laws of the forms. */
#include <math.h>

#include "cost/forms.h"
#include "rows.h"

/* ---- work of blocks: facts/models.md 4.3, 4.4, 4.7, 4.8 ---- */

#define LATENT_SIZES                                                                               \
    .kv = GABLE_DTYPE_BF16, .decode = true, .batch = 3, .n_new = 1, .n_cached = 9, .hidden = 8,    \
    .heads = 2, .q_rank = 4, .kv_rank = 6, .nope_dim = 2, .rope_dim = 1, .v_dim = 3
#define COMPRESSED_SIZES                                                                           \
    .kv = GABLE_DTYPE_FP8, .batch = 1, .n_new = 1, .n_cached = 15, .hidden = 8, .heads = 2,        \
    .kv_heads = 1, .q_rank = 4, .nope_dim = 3, .rope_dim = 1, .v_dim = 4, .groups = 1,             \
    .group_rank = 5, .compress = 4, .window = 3

static const struct {
    gable_sublayer shape;
    double weights, core_flops, expanded_flops, core_bytes, index_flops, index_bytes, score_bytes;
    double keys, candidates;
    gable_family family;
} block_rows[] = {
    /* 32 + 24 down and up, 56 + 60 latents, 48 out; pairs 10, width 13; 6 * 10 + 9 * 6 * 5 expanded
     */
    {{.selection = GABLE_SELECTION_ALL, LATENT_SIZES},
     220,
     1560,
     3960,
     420,
     0,
     0,
     0,
     10,
     0,
     GABLE_FAMILY_MLA_GENERATION},
    /* the indexer's 32 + 32 + 16; 5 of 10 keys, a sixth row for the new token; 8 B a key */
    {{.selection = GABLE_SELECTION_TOKENS,
      LATENT_SIZES,
      .index_heads = 2,
      .index_dim = 4,
      .top_k = 5},
     300,
     780,
     3960,
     252,
     480,
     240,
     240,
     5,
     10,
     GABLE_FAMILY_DSA_GENERATION},
    /* no more tokens than may be picked: nothing is scored */
    {{.selection = GABLE_SELECTION_TOKENS,
      LATENT_SIZES,
      .index_heads = 2,
      .index_dim = 4,
      .top_k = 10},
     300,
     1560,
     3960,
     420,
     0,
     0,
     0,
     10,
     0,
     GABLE_FAMILY_DSA_GENERATION},
    /* 64 queries, 160 keys with compressors, 80 out, 176 indexer; 3 in the window and 2 of 3.625
       entries */
    {{.selection = GABLE_SELECTION_COMPRESSED,
      COMPRESSED_SIZES,
      .index_heads = 2,
      .index_dim = 4,
      .top_k = 2},
     480,
     160,
     0,
     5.25 * 584,
     58,
     24,
     29,
     5,
     4,
     GABLE_FAMILY_CSA_CONTEXT},
    {{.selection = GABLE_SELECTION_COARSE, COMPRESSED_SIZES},
     240,
     212,
     0,
     7.25 * 584,
     0,
     0,
     0,
     7,
     0,
     GABLE_FAMILY_HCA_CONTEXT},
    /* 64 queries, 64 keys and values, 64 out, 64 indexer */
    {{.selection = GABLE_SELECTION_BLOCKS,
      .kv = GABLE_DTYPE_BF16,
      .decode = true,
      .batch = 3,
      .n_new = 1,
      .n_cached = 9,
      .hidden = 8,
      .heads = 2,
      .kv_heads = 1,
      .nope_dim = 3,
      .rope_dim = 1,
      .v_dim = 4,
      .index_heads = 1,
      .index_dim = 4,
      .top_k = 5},
     256,
     480,
     0,
     288,
     240,
     240,
     240,
     5,
     10,
     GABLE_FAMILY_MSA_GENERATION},
};

static gable_op block_op(const gable_sublayer *shape)
{
    return (gable_op){.kind = GABLE_OP_SUBLAYER,
                      .weights = GABLE_DTYPE_BF16,
                      .activations = GABLE_DTYPE_BF16,
                      .sublayer = *shape};
}

START_TEST(block_work)
{
    gable_op op = block_op(&block_rows[_i].shape);
    gable_work work;
    gable_cost_work(&op, &work);
    double tokens = op.sublayer.batch * op.sublayer.n_new;
    check_close(work.weight_bytes, 2.0 * block_rows[_i].weights, 1e-15);
    check_close(work.parts.projection_flops, 2.0 * tokens * block_rows[_i].weights, 1e-15);
    check_close(work.parts.core_flops, block_rows[_i].core_flops, 1e-12);
    check_close(work.parts.expanded_flops, block_rows[_i].expanded_flops, 1e-12);
    check_close(work.parts.core_bytes, block_rows[_i].core_bytes, 1e-12);
    check_close(work.parts.index_flops, block_rows[_i].index_flops, 1e-12);
    check_close(work.parts.index_bytes, block_rows[_i].index_bytes, 1e-12);
    check_close(work.parts.score_bytes, block_rows[_i].score_bytes, 1e-12);
    check_close(work.parts.keys, block_rows[_i].keys, 1e-12);
    check_close(work.parts.candidates, block_rows[_i].candidates, 1e-12);
    ck_assert_int_eq((int)work.family, (int)block_rows[_i].family);
    check_close(work.flops,
                work.parts.projection_flops + work.parts.core_flops + work.parts.index_flops,
                1e-12);
}
END_TEST

/* The compressed pairs of a chunk are those of its tokens one by one, below and above the cap. */
START_TEST(compressed_chunk_is_its_tokens)
{
    gable_sublayer shape = block_rows[3].shape;
    double together, apart = 0.0;
    gable_work work;
    shape.n_cached = 0.0;
    shape.n_new = 64.0;
    shape.top_k = 6.0;
    gable_op op = block_op(&shape);
    gable_cost_work(&op, &work);
    together = work.parts.core_flops;
    for (int i = 0; i < 64; i++) {
        op.sublayer.n_new = 1.0;
        op.sublayer.n_cached = i;
        gable_cost_work(&op, &work);
        apart += work.parts.core_flops;
    }
    check_close(together, apart, 0.01);
}
END_TEST

/* Absorbed and few: decode. Expanded, or many: prefill. */
static const struct {
    double kv_heads, n_new, qk_dim, v_dim, read_elements;
    gable_family family;
} latent_rows[] = {
    {1, 1, 576, 512, 576, GABLE_FAMILY_LATENT_GENERATION},
    {1, 4, 576, 512, 576, GABLE_FAMILY_LATENT_GENERATION},
    {1, 100, 576, 512, 576, GABLE_FAMILY_LATENT_CONTEXT},
    {16, 4, 192, 128, 16 * 320, GABLE_FAMILY_LATENT_CONTEXT},
    {1, 4, 192, 128, 320, GABLE_FAMILY_LATENT_CONTEXT}, /* one head */
};

START_TEST(latent_family)
{
    gable_op op = {.kind = GABLE_OP_LATENT,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .attention = {.batch = 2,
                                 .n_new = latent_rows[_i].n_new,
                                 .n_cached = 50,
                                 .heads = 16,
                                 .kv_heads = latent_rows[_i].kv_heads,
                                 .qk_dim = latent_rows[_i].qk_dim,
                                 .v_dim = latent_rows[_i].v_dim,
                                 .read_elements = latent_rows[_i].read_elements,
                                 .write_elements = 576,
                                 .causal = true,
                                 .kv = GABLE_DTYPE_BF16}};
    gable_work work;
    gable_cost_work(&op, &work);
    ck_assert_int_eq((int)work.family, (int)latent_rows[_i].family);
}
END_TEST

/* ---- times ---- */

static double seconds(const gable_time *t)
{
    return t->overhead_s + fmax(t->compute_s, t->memory_s) + t->exposed_s;
}

static gable_chip chip(double n_sm, double clock_hz, double bandwidth)
{
    return (gable_chip){.n_sm = n_sm,
                        .clock_hz = clock_hz,
                        .peak_flops_per_s = 1e12,
                        .bandwidth_bytes_per_s = bandwidth,
                        .exp_per_s = 1e12,
                        .projection_flops_per_s = 1e12,
                        .core_flops_per_s = 1e12,
                        .index_flops_per_s = 1e12};
}

/* chain 1, tiles 4 * 0.5 * sqrt(2), products 16.777, bytes 3.932 us in quadrature, and a floor of 3
 */
START_TEST(batched_time)
{
    gable_op op = {.kind = GABLE_OP_BATCHED,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .gemm = {128, 128, 128, 2}};
    double v[GABLE_PARAMETERS_CAP] = {
        [GABLE_BATCHED_T0] = 3,    [GABLE_BATCHED_CHAIN] = 1, [GABLE_BATCHED_TILE] = 4,
        [GABLE_BATCHED_EF] = 0.5,  [GABLE_BATCHED_EB] = 0.5,  [GABLE_BATCHED_L2X] = 2,
        [GABLE_BATCHED_CL2] = 0.5, [GABLE_BATCHED_POWER] = 2};
    gable_chip c = chip(4, 1.83e9, 1e11);
    gable_work work;
    gable_time time = {0};
    gable_cost_work(&op, &work);
    gable_form_batched(&op, &work, &c, v, &time);
    check_close(seconds(&time), 20.491051e-6, 1e-6);
}
END_TEST

/* Two splits of one tile each: chain 21.863, throughput 12.631, memory 3.645 us in quadrature; 5 +
 * 0.5 + 0.99 + 0.257 of floors, joining and ramp. */
START_TEST(latent_decode_time)
{
    gable_op op = {.kind = GABLE_OP_LATENT,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .attention = {.batch = 1,
                                 .n_new = 1,
                                 .n_cached = 127,
                                 .heads = 16,
                                 .kv_heads = 1,
                                 .qk_dim = 576,
                                 .v_dim = 512,
                                 .read_elements = 576,
                                 .write_elements = 576,
                                 .causal = true,
                                 .kv = GABLE_DTYPE_BF16}};
    double v[GABLE_PARAMETERS_CAP] = {
        [GABLE_LATENT_DECODE_T0] = 5,    [GABLE_LATENT_DECODE_EM] = 0.5,
        [GABLE_LATENT_DECODE_BWSM] = 32, [GABLE_LATENT_DECODE_LAT] = 1,
        [GABLE_LATENT_DECODE_KAP] = 2,   [GABLE_LATENT_DECODE_GK] = 16,
        [GABLE_LATENT_DECODE_CL2] = 0.7, [GABLE_LATENT_DECODE_EB] = 0.5,
        [GABLE_LATENT_DECODE_TB] = 0.5,  [GABLE_LATENT_DECODE_TR1] = 0.7,
        [GABLE_LATENT_DECODE_RR] = 2,    [GABLE_LATENT_DECODE_S0] = 33.5,
        [GABLE_LATENT_DECODE_X32] = 1,   [GABLE_LATENT_DECODE_GT] = 64,
        [GABLE_LATENT_DECODE_MINT] = 1,  [GABLE_LATENT_DECODE_OCC] = 1,
        [GABLE_LATENT_DECODE_POWER] = 2, [GABLE_LATENT_DECODE_HMIN] = 16,
        [GABLE_LATENT_DECODE_SPLITS] = 1};
    gable_chip c = chip(4, 2e9, 1e11);
    gable_work work;
    gable_time time = {0};
    gable_cost_work(&op, &work);
    gable_form_latent_decode(&op, &work, &c, v, &time);
    check_close(seconds(&time), 32.25817e-6, 1e-5);
}
END_TEST

/* 10 us of floors; 440 B of weights, 420 B of cache and 360 B of streams at half of 1 GB/s: 0.88,
 * 0.84, 0.72 us; the products take nanoseconds. */
START_TEST(block_time)
{
    gable_op op = block_op(&block_rows[0].shape);
    double v[GABLE_PARAMETERS_CAP] = {
        [GABLE_SUBLAYER_T0] = 10,   [GABLE_SUBLAYER_EW] = 0.5, [GABLE_SUBLAYER_L2X] = 1,
        [GABLE_SUBLAYER_CL2] = 0.5, [GABLE_SUBLAYER_EG] = 0.5, [GABLE_SUBLAYER_EA] = 0.5,
        [GABLE_SUBLAYER_EM] = 0.5,  [GABLE_SUBLAYER_EC] = 1,   [GABLE_SUBLAYER_EB] = 0.5,
        [GABLE_SUBLAYER_X32] = 1,   [GABLE_SUBLAYER_HP] = 1,   [GABLE_SUBLAYER_QT] = 1};
    gable_chip c = chip(4, 2e9, 1e9);
    gable_work work;
    gable_time time = {0};
    gable_cost_work(&op, &work);
    gable_form_sublayer(&op, &work, &c, v, &time);
    check_close(seconds(&time), 12.44e-6, 1e-4);
    op.weights = op.activations = GABLE_DTYPE_FP8; /* half the weights, 3 us of quantising */
    v[GABLE_SUBLAYER_TQ] = 3;
    v[GABLE_SUBLAYER_EN] = 0.5;
    gable_cost_work(&op, &work);
    gable_form_sublayer(&op, &work, &c, v, &time);
    check_close(seconds(&time), 15.0e-6, 1e-3);
}
END_TEST

/* ---- laws: with the constants believed before any fit ---- */

typedef struct law_case {
    gable_op op;
    gable_form_kind form;
    gable_form_function *time;
} law_case;

static double priced(const law_case *k, const gable_chip *c)
{
    gable_chip own = *c; /* forms keep rates in it */
    double v[GABLE_PARAMETERS_CAP];
    const gable_form *form = &gable_forms[k->form];
    gable_work work;
    gable_time time = {0};
    for (int i = 0; i < form->n_parameters; i++) {
        const gable_parameter *p = &form->parameters[i];
        v[i] = p->n_choices ? p->choices[0] : p->centre;
    }
    gable_cost_work(&k->op, &work);
    k->time(&k->op, &work, &own, v, &time);
    ck_assert(isfinite(seconds(&time)) && seconds(&time) > 0.0);
    ck_assert(time.exposed_s >= -1e-12);
    return seconds(&time);
}

static void check_laws(const law_case *k)
{
    gable_chip base = chip(132, 1.8e9, 3e12), other = base;
    base.l2_bytes = other.l2_bytes = 5e7;
    double before = priced(k, &base);
    other.bandwidth_bytes_per_s *= 2.0;
    ck_assert(priced(k, &other) <= before * (1.0 + 1e-12));
    other = base;
    other.peak_flops_per_s *= 2.0;
    other.projection_flops_per_s *= 2.0;
    other.core_flops_per_s *= 2.0;
    other.index_flops_per_s *= 2.0;
    ck_assert(priced(k, &other) <= before * (1.0 + 1e-12));
    /* More SMs of the same kind; more splits cost a little to join. */
    other.n_sm *= 2.0;
    other.exp_per_s *= 2.0;
    ck_assert(priced(k, &other) <= before * 1.1);
}

static const double law_batches[] = {1, 7, 64, 1000}, law_lengths[] = {1, 100, 5000, 100000};

static void check_blocks(double batch, double n_new, double n_cached)
{
    for (int r = 0; r < N_ROWS(block_rows); r++) {
        gable_sublayer shape = block_rows[r].shape;
        shape.batch = batch;
        shape.n_new = n_new;
        shape.n_cached = n_cached;
        shape.decode = n_new <= 1.0;
        law_case k = {block_op(&shape), GABLE_FORM_SUBLAYER, gable_form_sublayer};
        check_laws(&k);
    }
}

START_TEST(laws)
{
    double batch = law_batches[_i];
    for (int i = 0; i < N_ROWS(law_lengths); i++) {
        double n = law_lengths[i];
        gable_attention a = {.batch = batch,
                             .n_new = 1,
                             .n_cached = n,
                             .heads = 32,
                             .kv_heads = 1,
                             .qk_dim = 576,
                             .v_dim = 512,
                             .read_elements = 576,
                             .write_elements = 576,
                             .causal = true,
                             .kv = GABLE_DTYPE_FP8};
        law_case decode = {{.kind = GABLE_OP_LATENT,
                            .weights = GABLE_DTYPE_BF16,
                            .activations = GABLE_DTYPE_BF16,
                            .attention = a},
                           GABLE_FORM_LATENT_DECODE,
                           gable_form_latent_decode};
        check_laws(&decode);
        law_case context = decode;
        context.form = GABLE_FORM_LATENT_CONTEXT;
        context.time = gable_form_latent_context;
        context.op.attention.n_new = n;
        context.op.attention.n_cached = 0;
        check_laws(&context);
        law_case batched = {{.kind = GABLE_OP_BATCHED,
                             .weights = GABLE_DTYPE_BF16,
                             .activations = GABLE_DTYPE_BF16,
                             .gemm = {n, 512, 128, batch}},
                            GABLE_FORM_BATCHED,
                            gable_form_batched};
        check_laws(&batched);
        check_blocks(batch, 1, n);
        check_blocks(batch, n, 128);
    }
}
END_TEST

Suite *gable_suite_latent(void);

Suite *gable_suite_latent(void)
{
    Suite *suite = suite_create("latent");
    TCase *work = tcase_create("work");
    ADD_ROWS(work, block_work, block_rows);
    tcase_add_test(work, compressed_chunk_is_its_tokens);
    ADD_ROWS(work, latent_family, latent_rows);
    suite_add_tcase(suite, work);
    TCase *time = tcase_create("time");
    tcase_add_test(time, batched_time);
    tcase_add_test(time, latent_decode_time);
    tcase_add_test(time, block_time);
    ADD_ROWS(time, laws, law_batches);
    suite_add_tcase(suite, time);
    return suite;
}
