/* cost: what the forms of attention with a cache and of experts know of libraries, each term alone
 * against a hand-computed difference. */
#include <math.h>

#include "cost/forms.h"
#include "rows.h"

static double seconds(const gable_time *time)
{
    return time->overhead_s + fmax(time->compute_s, time->memory_s) + time->exposed_s;
}

/* 4 SMs of 1 TFLOP/s and 1 T exponentials/s in all, 100 GB/s, no L2. */
static gable_chip chip(void)
{
    return (gable_chip){.n_sm = 4,
                        .clock_hz = 1e9,
                        .peak_flops_per_s = 1e12,
                        .bandwidth_bytes_per_s = 1e11,
                        .exp_per_s = 1e12};
}

/* ---- prefill ---- */

typedef struct context_shape {
    double batch, n_new, heads, kv_heads, dim, window;
} context_shape;

static gable_op context_op(const context_shape *s)
{
    return (gable_op){.kind = GABLE_OP_ATTENTION,
                      .weights = GABLE_DTYPE_BF16,
                      .activations = GABLE_DTYPE_BF16,
                      .attention = {.batch = s->batch,
                                    .n_new = s->n_new,
                                    .heads = s->heads,
                                    .kv_heads = s->kv_heads,
                                    .qk_dim = s->dim,
                                    .v_dim = s->dim,
                                    .read_elements = 2 * s->kv_heads * s->dim,
                                    .write_elements = 2 * s->kv_heads * s->dim,
                                    .window = s->window,
                                    .causal = true,
                                    .kv = GABLE_DTYPE_BF16}};
}

static const double plain_context[GABLE_N_CONTEXT] = {
    [GABLE_CONTEXT_EM] = 1,   [GABLE_CONTEXT_EE] = 1,  [GABLE_CONTEXT_PP] = 1,
    [GABLE_CONTEXT_LAT] = 1,  [GABLE_CONTEXT_EB] = 1,  [GABLE_CONTEXT_EP] = 1,
    [GABLE_CONTEXT_L2X] = 1,  [GABLE_CONTEXT_CL2] = 1, [GABLE_CONTEXT_NSM] = 1,
    [GABLE_CONTEXT_XW] = 1,   [GABLE_CONTEXT_XO] = 1,  [GABLE_CONTEXT_XN] = 1,
    [GABLE_CONTEXT_XM] = 1,   [GABLE_CONTEXT_M] = 128, [GABLE_CONTEXT_MW] = 128,
    [GABLE_CONTEXT_N] = 128,  [GABLE_CONTEXT_NW] = 64, [GABLE_CONTEXT_NN] = 256,
    [GABLE_CONTEXT_STAGE] = 3};

/* Seconds on the SMs with one constant changed. */
static double core(const context_shape *s, int constant, double value)
{
    double v[GABLE_PARAMETERS_CAP] = {0};
    gable_chip c = chip();
    gable_op op = context_op(s);
    gable_work work;
    gable_time time = {0};
    for (int i = 0; i < GABLE_N_CONTEXT; i++)
        v[i] = plain_context[i];
    v[constant] = value;
    gable_cost_work(&op, &work);
    gable_form_context(&op, &work, &c, v, &time);
    return time.compute_s;
}

/* One key of each of 8 sequences. A tile of 128 x 128: 2 * 128 * 128 * 256 FLOPs at 0.25 TFLOP/s,
 * 33.55 us, and 128 * 128 exponentials, 0.066 us: 33.62. Packed: 8 blocks on 4 SMs beside one of
 * them, (2^4 + 1)^(1/4) tiles; else 48 times as many. */
static const struct {
    context_shape shape;
    double packs, tiles;
} pack_rows[] = {
    {{8, 1, 48, 1, 128, 0}, 1, 2.0305431848},
    {{8, 1, 48, 1, 128, 0}, 2, 2.0305431848},
    {{8, 1, 48, 1, 128, 0}, 0, 96.0000002826},
    {{8, 1, 48, 1, 128, 128}, 2, 96.0000002826}, /* a window tells rows apart */
    {{8, 2, 48, 1, 128, 0}, 2, 96.0000002826},   /* two queries: a prefill */
};

START_TEST(single_queries_share_a_tile)
{
    double tile = 2.0 * 128 * 128 * 256 / 0.25e12 + 128.0 * 128 / 0.25e12;
    check_close(core(&pack_rows[_i].shape, GABLE_CONTEXT_PACK, pack_rows[_i].packs),
                pack_rows[_i].tiles * tile, 1e-9);
}
END_TEST

/* One sequence of 1024 keys and one head of each width on a tile of all queries: the longest block
 * has 1024 / n tiles, whatever n is, so that its time does not change; half a tile of slack does.
 */
static const struct {
    double dim, n_keys;
} width_rows[] = {{64, 256}, {128, 128}, {192, 64}};

START_TEST(wider_heads_have_shorter_tiles)
{
    context_shape s = {1, 1, 1, 1, width_rows[_i].dim, 0};
    double n = width_rows[_i].n_keys;
    double tile = 2.0 * 128 * n * 2 * s.dim / 0.25e12 + 128.0 * n / 0.25e12;
    /* one block on four SMs: (1 + 1/4^4)^(1/4) */
    check_close(core(&s, GABLE_CONTEXT_PACK, 0), tile * pow(1.0 + 1.0 / 256.0, 0.25), 1e-9);
}
END_TEST

START_TEST(masks_cost_where_a_window_leaves_keys_out)
{
    context_shape inside = {2, 1024, 4, 4, 64, 128}, whole = {2, 1024, 4, 4, 64, 2048};
    context_shape none = {2, 1024, 4, 4, 64, 0};
    check_close(core(&inside, GABLE_CONTEXT_XM, 1.5), 1.5 * core(&inside, GABLE_CONTEXT_XM, 1),
                1e-12);
    check_close(core(&whole, GABLE_CONTEXT_XM, 1.5), core(&none, GABLE_CONTEXT_XM, 1), 1e-12);
}
END_TEST

/* ---- decode ---- */

static double decode(double window, double copies, double whole_cache)
{
    double v[GABLE_PARAMETERS_CAP] = {[GABLE_DECODE_T0] = 5,
                                      [GABLE_DECODE_KAP] = 3,
                                      [GABLE_DECODE_BWC] = 10,
                                      [GABLE_DECODE_BWSM] = 50,
                                      [GABLE_DECODE_G0] = 100,
                                      [GABLE_DECODE_GK] = 100,
                                      [GABLE_DECODE_CL2] = 1,
                                      [GABLE_DECODE_EB] = 1,
                                      [GABLE_DECODE_RR] = 16,
                                      [GABLE_DECODE_S0] = 33.5,
                                      [GABLE_DECODE_XD] = 1,
                                      [GABLE_DECODE_XS] = 0,
                                      [GABLE_DECODE_OCC] = 1,
                                      [GABLE_DECODE_OCCR] = 1,
                                      [GABLE_DECODE_MINT] = 1,
                                      [GABLE_DECODE_POWER] = 4,
                                      [GABLE_DECODE_WHOLE] = whole_cache};
    gable_chip c = chip();
    c.l2_bytes = 1e6;
    gable_op op = {.kind = GABLE_OP_ATTENTION,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .copies = copies,
                   .attention = {.batch = 1,
                                 .n_new = 1,
                                 .n_cached = 8191,
                                 .heads = 4,
                                 .kv_heads = 1,
                                 .qk_dim = 128,
                                 .v_dim = 128,
                                 .read_elements = 256,
                                 .write_elements = 256,
                                 .window = window,
                                 .causal = true,
                                 .kv = GABLE_DTYPE_BF16}};
    gable_work work;
    gable_time time = {0};
    gable_cost_work(&op, &work);
    gable_form_decode(&op, &work, &c, v, &time);
    return seconds(&time);
}

/* 8192 keys of 512 bytes: 4.19 MB, 4.19 times what L2 keeps, so that the ramp is 16 us * 4.194 /
 * (4.194 + 33.5 / 33.5); a window of 128 keys, 65.5 kB, starts from L2. Bytes themselves hide
 * behind the chain of one block, at 10 GB/s. */
START_TEST(window_of_a_large_cache_is_cold)
{
    double ramp = 16e-6 * 4.194304 / (4.194304 + 1.0);
    check_close(decode(128, 5, 1) - decode(128, 5, 0), ramp, 1e-3);
    check_close(decode(0, 5, 1), decode(0, 5, 0), 1e-15);       /* no window: nothing differs */
    check_close(decode(8192, 5, 1), decode(8192, 5, 0), 1e-15); /* nor a full one */
}
END_TEST

/* ---- experts ---- */

static gable_moe moe_of(double tokens, double ep)
{
    return (gable_moe){.tokens = tokens,
                       .hidden = 64,
                       .inter = 32,
                       .top_k = 8,
                       .experts = 256,
                       .n_matrices = 3,
                       .tp = 1,
                       .ep = ep,
                       .skew = 1.2,
                       .routing = GABLE_ROUTING_POWER_LAW};
}

static double moe_seconds(int constant, double value)
{
    double v[GABLE_PARAMETERS_CAP] = {
        [GABLE_MOE_EC] = 1,   [GABLE_MOE_EM] = 1,   [GABLE_MOE_EW] = 1, [GABLE_MOE_JOIN] = 2,
        [GABLE_MOE_LSM] = 64, [GABLE_MOE_EPI] = 16, [GABLE_MOE_PB] = 2, [GABLE_MOE_SIG] = 0.5};
    gable_chip c = chip();
    gable_op op = {.kind = GABLE_OP_MOE,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .moe = moe_of(64, 8)};
    gable_work work;
    gable_time time = {0};
    op.moe.routing = GABLE_ROUTING_UNIFORM;
    v[constant] = value;
    gable_cost_work(&op, &work);
    gable_form_moe(&op, &work, &c, v, &time);
    return seconds(&time);
}

/* 256 experts on 8 ranks: 32 each, idle or not. */
START_TEST(idle_experts_cost)
{
    check_close(moe_seconds(GABLE_MOE_PR, 0.5) - moe_seconds(GABLE_MOE_PR, 0), 16e-6, 1e-9);
}
END_TEST

/* 64 tokens on 8 experts: 512 pairs, of which 64 on the rank. 64 wide and 32 between: a pair moves
 * 64 * (2 + 2) + 2 * 64 + 32 * 2 + 64 * 2 = 576 B, twice (the weight), at 100 GB/s. */
START_TEST(buffers_of_all_pairs_are_streamed)
{
    check_close(moe_seconds(GABLE_MOE_ALL, 1) - moe_seconds(GABLE_MOE_ALL, 0),
                2.0 * 448 * 576 / 1e11, 1e-9);
}
END_TEST

/* One token: 8 pairs of at most one each, of which rounding leaves next to nothing. Rank after rank
 * gives each of 8 about one; the old way gives all to the first. */
START_TEST(lost_pairs_go_rank_after_rank)
{
    gable_moe moe = moe_of(1, 8);
    double even = gable_cost_moe_load(&moe).pairs;
    ck_assert_msg(even >= 1.0 && even <= 3.0, "%g", even);
    moe.clumped = true;
    double clumped = gable_cost_moe_load(&moe).pairs;
    ck_assert_msg(clumped >= 5.0 && clumped <= 8.0, "%g", clumped);
    moe = moe_of(16384, 8); /* many tokens: nearly all are drawn */
    even = gable_cost_moe_load(&moe).pairs;
    moe.clumped = true;
    check_close(gable_cost_moe_load(&moe).pairs, even, 0.01);
}
END_TEST

Suite *gable_suite_forms(void);
Suite *gable_suite_forms(void)
{
    Suite *suite = suite_create("forms");
    TCase *tcase = tcase_create("forms");
    ADD_ROWS(tcase, single_queries_share_a_tile, pack_rows);
    ADD_ROWS(tcase, wider_heads_have_shorter_tiles, width_rows);
    tcase_add_test(tcase, masks_cost_where_a_window_leaves_keys_out);
    tcase_add_test(tcase, window_of_a_large_cache_is_cold);
    tcase_add_test(tcase, idle_experts_cost);
    tcase_add_test(tcase, buffers_of_all_pairs_are_streamed);
    tcase_add_test(tcase, lost_pairs_go_rank_after_rank);
    suite_add_tcase(suite, tcase);
    return suite;
}
