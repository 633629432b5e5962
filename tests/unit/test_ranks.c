/* layout over stages, contexts, replicas and groups of attention: shapes, bytes and refusals worked
 * out by hand; what overlaps. */
#include <math.h>
#include <string.h>

#include "engine/engine.h"
#include "engine/overlap.h"
#include "plans.h"
#include "rows.h"

/* The dense layer with 8 experts of width 24, two a token, and a shared one of 32. */
static const gable_layer moe_layer = {
    .mixer = {.kind = GABLE_MIXER_GQA, .n_heads = 4, .n_kv_heads = 2, .head_dim = 4},
    .ffn = {.kind = GABLE_FFN_MOE,
            .n_experts = 8,
            .n_active = 2,
            .expert_width = 24,
            .shared_width = 32,
            .n_matrices = 3},
    .count = 2,
    .hidden = 16};

static const gable_scenario decode = {
    .phase = GABLE_PHASE_DECODE, .batch = 4, .n_cached = 10, .n_new = 1, .tp = 1, .ep = 1};
static const gable_scenario prefill = {
    .phase = GABLE_PHASE_PREFILL, .batch = 4, .n_new = 8, .tp = 1, .ep = 1};

/* One layer a stage, two micro-batches of two sequences: nobody waits in decode; in prefill each
 * stage waits for one of two. */
START_TEST(stages)
{
    gable_model model = make_model(&dense_layer, 1);
    gable_scenario s = decode;
    s.pp = 2;
    gable_plan plan = lay(&model, &s);
    int qkv = find(&plan, "qkv_proj"), send = find(&plan, "stage_send");
    ck_assert_double_eq(plan.op[qkv].gemm.m, 2);
    ck_assert_double_eq(plan.calls[qkv], 2); /* one layer, two passes */
    ck_assert_int_eq(plan.layers[qkv], 1);
    ck_assert_double_eq(plan.collective[send].bytes, 2 * 16 * 2);
    ck_assert_double_eq(plan.calls[send], 2);
    ck_assert_double_eq(plan.kv_bytes, 1 * 4 * 11 * 16 * 2); /* one layer, all sequences */
    ck_assert_double_eq(plan.bubble_frac, 0);
    ck_assert_int_eq(row_of(&plan, "embedding"), -1); /* the first stage has it */
    gable_scenario first = prefill;
    first.pp = 2;
    ck_assert_double_eq(lay(&model, &first).bubble_frac, 0.5);
    first.micro_batches = 4;
    ck_assert_double_eq(lay(&model, &first).bubble_frac, 0.25);
    s.micro_batches = 1; /* one of two stages idles */
    ck_assert_double_eq(lay(&model, &s).bubble_frac, 1.0);
}
END_TEST

START_TEST(replicas)
{
    gable_model model = make_model(&dense_layer, 1);
    gable_scenario s = decode;
    s.dp = 2;
    gable_plan plan = lay(&model, &s);
    ck_assert_double_eq(plan.op[find(&plan, "qkv_proj")].gemm.m, 2);
    ck_assert_double_eq(plan.ranks.world, 2);
    ck_assert_double_eq(plan.tokens, 4);
    for (int i = 0; i < plan.n_rows; i++)
        ck_assert(plan.kind[i] != GABLE_ROW_COLLECTIVE);
}
END_TEST

/* Two groups of two sequences: 4 tokens of 16 elements gathered and summed back in 2 B each. */
START_TEST(groups_gather)
{
    gable_model model = make_model(&moe_layer, 1);
    gable_scenario s = decode;
    s.attn_dp = s.ep = 2;
    gable_plan plan = lay(&model, &s);
    int gather = find(&plan, "experts_all_gather"), back = find(&plan, "experts_reduce_scatter");
    const gable_moe *moe = &plan.op[find(&plan, "experts")].moe;
    ck_assert_double_eq(plan.collective[gather].bytes, 4 * 16 * 2);
    ck_assert_double_eq(plan.collective[back].bytes, 4 * 16 * 2);
    ck_assert_double_eq(plan.collective[back].n_ranks, 2);
    ck_assert_double_eq(moe->tokens, 4);
    ck_assert_double_eq(moe->ep, 2);
    ck_assert_double_eq(moe->tp, 1);
    ck_assert_double_eq(plan.op[find(&plan, "shared_gate_up")].gemm.m, 2); /* its own tokens */
    ck_assert_int_eq(row_of(&plan, "ffn_all_reduce"), -1);
    s.batch = 1; /* one of the groups has nothing: one token in all */
    plan = lay(&model, &s);
    ck_assert_double_eq(plan.op[find(&plan, "experts")].moe.tokens, 1);
}
END_TEST

START_TEST(groups_send)
{
    gable_model model = make_model(&moe_layer, 1);
    gable_scenario s = decode;
    s.attn_dp = s.ep = 2;
    s.exchange = GABLE_EXCHANGE_TOKENS;
    s.redundant_experts = 2;
    gable_plan plan = lay(&model, &s);
    const gable_collective *out = &plan.collective[find(&plan, "dispatch")];
    ck_assert_int_eq((int)out->kind, GABLE_COLLECTIVE_MOE_DISPATCH);
    ck_assert_double_eq(out->tokens, 2);
    ck_assert_double_eq(out->experts, 10);
    ck_assert_double_eq(out->n_ranks, 2);
    int experts = find(&plan, "experts");
    ck_assert(plan.op[experts].moe.wide);
    /* 5 of 10 places on each rank, 3 matrices of 16 x 24, 2 B, 2 layers */
    ck_assert_double_eq(plan.stored_bytes[experts], 5 * 3 * 16 * 24 * 2 * 2);
}
END_TEST

/* Half the cache; the four heads' partial answers and one sum each are added up; feed-forward parts
 * are split over both ranks. */
START_TEST(context_of_decode)
{
    gable_model model = make_model(&dense_layer, 1);
    gable_scenario s = decode;
    s.cp = 2;
    gable_plan plan = lay(&model, &s);
    ck_assert_double_eq(plan.op[find(&plan, "attention")].attention.n_cached, 5);
    ck_assert_double_eq(plan.kv_bytes, 2 * 4 * 11 * 16 * 2 / 2.0);
    ck_assert_double_eq(plan.collective[find(&plan, "context_all_reduce")].bytes,
                        4 * 4 * (4 + 1) * 2);
    ck_assert_double_eq(plan.op[find(&plan, "gate_up_proj")].gemm.n, 32);
    ck_assert_double_eq(plan.op[find(&plan, "qkv_proj")].gemm.n, 32);
}
END_TEST

/* 4 of 8 tokens on each rank; keys and values (16 elements of 2 B a token) of the other half go
 * round once a layer, while attention runs. Both ranks see as many pairs. */
START_TEST(context_of_prefill)
{
    gable_model model = make_model(&dense_layer, 1);
    gable_scenario s = prefill;
    gable_plan whole = lay(&model, &s);
    s.cp = 2;
    gable_plan plan = lay(&model, &s);
    int ring = find(&plan, "context_ring"), attention = find(&plan, "attention");
    ck_assert_double_eq(plan.op[find(&plan, "qkv_proj")].gemm.m, 4 * 4);
    ck_assert_double_eq(plan.collective[ring].bytes, 4 * 8 * 16 * 2 / 2.0);
    ck_assert_double_eq(plan.calls[ring], 2);
    ck_assert_int_eq((int)plan.group[ring], GABLE_GROUP_CONTEXT);
    ck_assert_int_eq((int)plan.lane[ring], GABLE_LANE_NETWORK);
    ck_assert_int_eq((int)plan.group[attention], GABLE_GROUP_CONTEXT);
    ck_assert_double_eq_tol(2 * plan.work[attention].flops,
                            whole.work[find(&whole, "attention")].flops, 1e-9);
    s.context_exchange = GABLE_CONTEXT_GATHER;
    plan = lay(&model, &s);
    ck_assert_double_eq(plan.collective[find(&plan, "context_gather")].bytes, 4 * 8 * 16 * 2);
    ck_assert(!plan.overlaps);
}
END_TEST

/* Two halves: of the sequences, of the tokens of one. */
START_TEST(halves)
{
    gable_model model = make_model(&dense_layer, 1);
    gable_scenario s = decode;
    s.tp = 2;
    s.overlap = GABLE_OVERLAP_TWO_BATCH;
    gable_plan plan = lay(&model, &s);
    int qkv = find(&plan, "qkv_proj"), reduce = find(&plan, "ffn_all_reduce");
    ck_assert_double_eq(plan.op[qkv].gemm.m, 2);
    ck_assert_double_eq(plan.calls[qkv], 4);
    ck_assert_int_eq((int)plan.lane[qkv], GABLE_LANE_DEVICE);
    ck_assert_int_eq((int)plan.lane[reduce], GABLE_LANE_NETWORK);
    s.pp =
        2; /* one half is on its way to the next stage beside the other's kernels and exchanges */
    plan = lay(&model, &s);
    int send = find(&plan, "stage_send");
    ck_assert_int_eq((int)plan.group[send], GABLE_GROUP_LAYERS);
    ck_assert_int_eq((int)plan.lane[send], GABLE_LANE_RETURN);
    s.overlap = GABLE_OVERLAP_NONE;
    plan = lay(&model, &s);
    ck_assert_int_eq((int)plan.group[find(&plan, "stage_send")], GABLE_GROUP_NONE);
    s = prefill;
    s.batch = 1;
    s.overlap = GABLE_OVERLAP_TWO_BATCH;
    plan = lay(&model, &s);
    ck_assert_double_eq(plan.op[find(&plan, "qkv_proj")].gemm.m, 4);
}
END_TEST

static const struct {
    double lane_s[GABLE_N_LANES], busy_s, shared_s, waves, expected_s;
} groups[] = {
    {{3, 0, 2, 0}, 2.5, 0.0, 0, 3},   /* the network hides behind kernels */
    {{3, 2, 0, 0}, 4.5, 0.0, 0, 4.5}, /* two streams share a device that is busy for 4.5 */
    {{3, 2, 0, 0}, 7.0, 0.0, 0, 5},   /* never longer than one after another */
    {{3, 0, 2, 0}, 2.5, 0.0, 2, 4},   /* two pieces: half of what would be hidden shows */
    {{1, 0, 4, 2}, 1.0, 0.0, 0, 4},   /* three lanes, links of their own */
    {{1, 0, 4, 2}, 1.0, 5.5, 0, 5.5}, /* two of them share links until 5.5 */
    {{1, 0, 4, 2}, 1.0, 5.5, 3, 6},   /* and a third of what is left to hide shows */
    {{1, 0, 4, 2}, 1.0, 9.0, 0, 7},   /* never longer than one after another */
};

START_TEST(groups_of_rows)
{
    ck_assert_double_eq_tol(gable_engine_group_s(groups[_i].lane_s, groups[_i].busy_s,
                                                 groups[_i].shared_s, groups[_i].waves),
                            groups[_i].expected_s, 1e-12);
}
END_TEST

static const struct {
    int tp, ep, pp, cp, attn_dp, micro, copies;
    gable_overlap overlap;
    gable_token_exchange exchange;
    const char *says;
} refusals[] = {
    {1, 4, 1, 1, 2, 0, 0, 0, 0, "--ep 4 does not divide --tp x --attn-dp x --cp, 2"},
    {1, 1, 3, 1, 1, 0, 0, 0, 0, "--pp 3: tiny has only 2 layers"},
    {1, 2, 1, 1, 2, 0, 1, 0, 0, "9 experts and copies cannot be split over --ep 2"},
    {1, 1, 1, 1, 2, 0, 0, 0, GABLE_EXCHANGE_TOKENS, "it needs --ep 2, not 1"},
    {1, 1, 2, 1, 1, 9, 0, 0, 0, "--micro-batches 9: a rank has 4 sequences"},
    {1, 1, 1, 1, 4, 0, 0, GABLE_OVERLAP_TWO_BATCH, 0, "one sequence, which has no halves"},
    {1, 1, 1, 1, -1, 0, 0, 0, 0, "--attn-dp -1 is out of range"},
};

START_TEST(refusal)
{
    gable_model model = make_model(&moe_layer, 1);
    gable_scenario s = decode;
    gable_plan plan;
    gable_err err = {0};
    s.tp = refusals[_i].tp;
    s.ep = refusals[_i].ep;
    s.pp = refusals[_i].pp;
    s.cp = refusals[_i].cp;
    s.attn_dp = refusals[_i].attn_dp;
    s.micro_batches = refusals[_i].micro;
    s.redundant_experts = refusals[_i].copies;
    s.overlap = refusals[_i].overlap;
    s.exchange = refusals[_i].exchange;
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), &model, &s, &plan, &err), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refusals[_i].says) != NULL, "%s", err.text);
}
END_TEST

/* Copies of popular experts even the ranks out: never worse, and with as many places as the mean
 * asks for nearly even. */
START_TEST(copies_even_out)
{
    gable_moe e = {.tokens = 1024,
                   .hidden = 16,
                   .inter = 24,
                   .top_k = 2,
                   .experts = 32,
                   .n_matrices = 3,
                   .tp = 1,
                   .ep = 8,
                   .skew = 1.0,
                   .routing = GABLE_ROUTING_ZIPF};
    double mean = e.tokens * e.top_k / e.ep, before = gable_cost_moe_load(&e).pairs;
    ck_assert_double_gt(before, 1.5 * mean);
    for (double slots = 40; slots <= 64; slots += 8) {
        e.slots = slots;
        double pairs = gable_cost_moe_load(&e).pairs;
        ck_assert_double_le(pairs, before * 1.02); /* places are whole */
        ck_assert_double_ge(pairs, mean * (1 - 1e-9));
        before = pairs;
    }
    ck_assert_double_lt(before, 1.1 * mean);
}
END_TEST

Suite *gable_suite_ranks(void);

Suite *gable_suite_ranks(void)
{
    Suite *suite = suite_create("ranks");
    TCase *t = tcase_create("plans");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    tcase_add_test(t, stages);
    tcase_add_test(t, replicas);
    tcase_add_test(t, groups_gather);
    tcase_add_test(t, groups_send);
    tcase_add_test(t, context_of_decode);
    tcase_add_test(t, context_of_prefill);
    tcase_add_test(t, halves);
    tcase_add_test(t, copies_even_out);
    ADD_ROWS(t, groups_of_rows, groups);
    ADD_ROWS(t, refusal, refusals);
    suite_add_tcase(suite, t);
    return suite;
}
