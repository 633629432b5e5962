/* layout: the rows of a plan against hand-computed shapes, what is stored, what is refused and how
 * it is said. */
#include <math.h>
#include <string.h>

#include "plans.h"
#include "rows.h"

static const gable_scenario decode = {
    .phase = GABLE_PHASE_DECODE, .batch = 3, .n_cached = 10, .n_new = 1, .tp = 1, .ep = 1};

/* ---- GEMM shapes of the dense layer, for tp 1 and 2 ---- */
static const struct {
    const char *name;
    int tp;
    double m, n, k, calls;
} gemm_rows[] = {
    {"qkv_proj", 1, 3, 32, 16, 2}, /* 16 q + 8 k + 8 v */
    {"o_proj", 1, 3, 16, 16, 2},    {"gate_up_proj", 1, 3, 64, 16, 2},
    {"down_proj", 1, 3, 16, 32, 2}, {"lm_head", 1, 3, 64, 16, 1},
    {"qkv_proj", 2, 3, 16, 16, 2}, /* half the heads */
    {"o_proj", 2, 3, 16, 8, 2},     {"gate_up_proj", 2, 3, 32, 16, 2},
    {"down_proj", 2, 3, 16, 16, 2}, {"lm_head", 2, 3, 32, 16, 1},
    {"qkv_proj", 4, 3, 12, 16, 2}, /* one query head; key/value heads are replicated beyond two
                                      ranks */
};

START_TEST(gemm_shapes)
{
    gable_model model = make_model(&dense_layer, 1);
    gable_scenario s = decode;
    s.tp = gemm_rows[_i].tp;
    gable_plan plan = lay(&model, &s);
    int row = find(&plan, gemm_rows[_i].name);
    ck_assert_double_eq(plan.op[row].gemm.m, gemm_rows[_i].m);
    ck_assert_double_eq(plan.op[row].gemm.n, gemm_rows[_i].n);
    ck_assert_double_eq(plan.op[row].gemm.k, gemm_rows[_i].k);
    ck_assert_double_eq(plan.calls[row], gemm_rows[_i].calls);
}
END_TEST

/* Embedding and head 64*16 each; a layer 16*32 + 16*16 + 3*16*32 + 2 norms of 16; the last norm. */
START_TEST(stored_bytes)
{
    gable_model model = make_model(&dense_layer, 1);
    gable_plan plan = lay(&model, &decode);
    double layer = 16 * 32 + 16 * 16 + 3 * 16 * 32 + 32;
    ck_assert_double_eq(plan.weights_bytes, 2.0 * (2 * 64 * 16 + 2 * layer + 16));
    ck_assert_double_eq(plan.kv_bytes,
                        2.0 * 3 * 11 * 16 * 2); /* layers, sequences, tokens, elements, bytes */
    model.tied = true;
    plan = lay(&model, &decode);
    ck_assert_double_eq(plan.weights_bytes, 2.0 * (64 * 16 + 2 * layer + 16));
}
END_TEST

/* Two all-reduces a layer and one for the embedding; all of tokens x 16 elements of 2 B. The logits
 * are gathered. */
START_TEST(collectives)
{
    gable_model model = make_model(&dense_layer, 1);
    gable_scenario s = decode;
    s.tp = 2;
    gable_plan plan = lay(&model, &s);
    double reduces = 0, bytes = 0;
    for (int i = 0; i < plan.n_rows; i++)
        if (plan.kind[i] == GABLE_ROW_COLLECTIVE &&
            plan.collective[i].kind == GABLE_COLLECTIVE_ALL_REDUCE) {
            reduces += plan.calls[i];
            bytes += plan.calls[i] * plan.collective[i].bytes;
        }
    ck_assert_double_eq(reduces, 5);
    ck_assert_double_eq(bytes, 5 * 3 * 16 * 2);
    ck_assert_double_eq(plan.collective[find(&plan, "logits_all_gather")].bytes, 3 * 64 * 2);
    s.tp = 1;
    plan = lay(&model, &s);
    for (int i = 0; i < plan.n_rows; i++)
        ck_assert(plan.kind[i] != GABLE_ROW_COLLECTIVE);
}
END_TEST

/* Prefill needs the logits of the last token of each prompt only. */
START_TEST(prefill_head)
{
    gable_model model = make_model(&dense_layer, 1);
    gable_scenario s = {.phase = GABLE_PHASE_PREFILL, .batch = 3, .n_new = 100, .tp = 1, .ep = 1};
    gable_plan plan = lay(&model, &s);
    ck_assert_double_eq(plan.op[find(&plan, "lm_head")].gemm.m, 3);
    ck_assert_double_eq(plan.op[find(&plan, "qkv_proj")].gemm.m, 300);
}
END_TEST

/* Equal work is one row over both runs; another width is a second row with a name of its own. */
START_TEST(equal_work_is_one_row)
{
    gable_layer layers[3] = {dense_layer, dense_layer, dense_layer};
    layers[1].ffn.width = 64;
    layers[2].mixer.window = 4;
    gable_model model = make_model(layers, 3);
    gable_plan plan = lay(&model, &decode);
    ck_assert_double_eq(plan.calls[find(&plan, "qkv_proj")], 6);
    ck_assert_double_eq(plan.calls[find(&plan, "down_proj")], 4);
    ck_assert_double_eq(plan.calls[find(&plan, "down_proj.2")], 2);
    ck_assert_double_eq(plan.calls[find(&plan, "attention")], 4);
    ck_assert_double_eq(plan.calls[find(&plan, "attention_window")], 2);
    for (int i = 0; i < plan.n_rows; i++)
        ck_assert_int_eq(find(&plan, plan.name[i]), i);
    ck_assert_double_eq(plan.kv_bytes,
                        2.0 * 16 * 3 * (4 * 11 + 2 * 4)); /* the window keeps 4 of 11 */
}
END_TEST

/* A token that passes both layers three times: three times the work, gaps and cache, once the
 * weights. */
START_TEST(looped_layers)
{
    gable_layer loop = dense_layer;
    gable_model model = make_model(&loop, 1);
    gable_plan once = lay(&model, &decode);
    loop.passes = 3;
    gable_plan thrice = lay(&model, &decode);
    ck_assert_double_eq(thrice.calls[find(&thrice, "qkv_proj")], 6);
    ck_assert_double_eq(thrice.calls[find(&thrice, "engine_gap")], 6);
    ck_assert_double_eq(thrice.calls[find(&thrice, "lm_head")], 1);
    ck_assert_double_eq(thrice.weights_bytes, once.weights_bytes);
    ck_assert_double_eq(thrice.kv_bytes, 3 * once.kv_bytes);
    double per_token, constant, looped;
    gable_model_cache(&model, &looped, &constant);
    loop.passes = 1;
    gable_model_cache(&model, &per_token, &constant);
    ck_assert_double_eq(looped, 3 * per_token);
}
END_TEST

/* ---- MLA: which form, and its shapes ---- */
static const gable_layer latent_layer = {
    .mixer = {.kind = GABLE_MIXER_MLA,
              .n_heads = 128,
              .n_kv_heads = 128,
              .q_rank = 1536,
              .kv_rank = 512,
              .nope_dim = 128,
              .rope_dim = 64,
              .v_head_dim = 128},
    .ffn = {.kind = GABLE_FFN_DENSE, .width = 18432, .n_matrices = 3},
    .count = 1,
    .hidden = 7168};

START_TEST(mla_form)
{
    gable_model model = make_model(&latent_layer, 1);
    model.hidden = 7168;
    gable_plan plan = lay(&model, &decode);
    int row = find(&plan, "mla_absorbed");
    ck_assert_double_eq(plan.op[row].attention.qk_dim, 576);
    ck_assert_double_eq(plan.op[row].attention.v_dim, 512);
    ck_assert_double_eq(plan.op[find(&plan, "q_absorb")].gemm.groups, 128);
    gable_scenario prefill = {
        .phase = GABLE_PHASE_PREFILL, .batch = 1, .n_new = 4096, .tp = 1, .ep = 1};
    plan = lay(&model, &prefill);
    row = find(&plan, "mla_expanded");
    ck_assert_double_eq(plan.op[row].attention.qk_dim, 192);
    ck_assert_double_eq(plan.op[row].attention.v_dim, 128);
    ck_assert_double_eq(plan.op[row].attention.write_elements, 576);
}
END_TEST

/* facts/models.md 4.3: expanding pays beyond about 171 new tokens per chunk on a long context. */
static const struct {
    double n_cached, n_new;
    const char *row;
} break_even_rows[] = {
    {100000, 150, "mla_absorbed"},
    {100000, 190, "mla_expanded"},
    {100000, 1, "mla_absorbed"},
    {100000, 4096, "mla_expanded"},
};

START_TEST(mla_break_even)
{
    gable_model model = make_model(&latent_layer, 1);
    gable_scenario s = {.phase = GABLE_PHASE_PREFILL,
                        .batch = 1,
                        .n_cached = break_even_rows[_i].n_cached,
                        .n_new = break_even_rows[_i].n_new,
                        .tp = 1,
                        .ep = 1};
    gable_plan plan = lay(&model, &s);
    find(&plan, break_even_rows[_i].row);
}
END_TEST

/* The latent cache is whole on every rank. */
START_TEST(mla_cache_is_replicated)
{
    gable_model model = make_model(&latent_layer, 1);
    gable_scenario s = decode;
    gable_plan one = lay(&model, &s);
    s.tp = 8;
    gable_plan eight = lay(&model, &s);
    ck_assert_double_eq(one.kv_bytes, 3.0 * 11 * 576 * 2);
    ck_assert_double_eq(eight.kv_bytes, one.kv_bytes);
}
END_TEST

/* ---- experts ---- */
static const gable_layer moe_layer = {
    .mixer = {.kind = GABLE_MIXER_GQA, .n_heads = 8, .n_kv_heads = 8, .head_dim = 2},
    .ffn = {.kind = GABLE_FFN_LATENT_MOE,
            .n_matrices = 2,
            .n_experts = 16,
            .n_active = 4,
            .expert_width = 24,
            .shared_width = 40,
            .latent_dim = 4},
    .count = 2,
    .hidden = 16};

START_TEST(latent_moe)
{
    gable_model model = make_model(&moe_layer, 1);
    gable_scenario s = decode;
    s.tp = 4;
    s.ep = 2;
    gable_plan plan = lay(&model, &s);
    int row = find(&plan, "experts");
    ck_assert_double_eq(plan.op[row].moe.hidden, 4);
    ck_assert_double_eq(plan.op[row].moe.ep, 2);
    ck_assert_double_eq(plan.op[row].moe.tp, 2);
    ck_assert_double_eq(plan.stored_bytes[row],
                        2 * (8 * 2 * 4 * 12) * 2.0); /* layers, experts x 2 x 4 x 12, B */
    ck_assert_double_eq(plan.op[find(&plan, "latent_down")].gemm.n, 4);
    ck_assert_double_eq(plan.op[find(&plan, "latent_up")].gemm.k, 4);
    ck_assert_double_eq(plan.op[find(&plan, "router")].gemm.n, 16);
    ck_assert_double_eq(plan.op[find(&plan, "shared_gate_up")].gemm.n, 10); /* ungated: 40 / 4 */
    ck_assert_double_eq(plan.calls[find(&plan, "ffn_all_reduce")], 2);
}
END_TEST

/* ---- refusals ---- */
typedef void change(gable_layer *layer, gable_model *model, gable_scenario *scenario);

static void odd_tp(gable_layer *l, gable_model *m, gable_scenario *s)
{
    (void)l;
    (void)m;
    s->tp = 3;
}
static void no_batch(gable_layer *l, gable_model *m, gable_scenario *s)
{
    (void)l;
    (void)m;
    s->batch = 0;
}
static void half_batch(gable_layer *l, gable_model *m, gable_scenario *s)
{
    (void)l;
    (void)m;
    s->batch = 1.5;
}
static void nan_context(gable_layer *l, gable_model *m, gable_scenario *s)
{
    (void)l;
    (void)m;
    s->n_cached = (double)NAN;
}
static void bad_ep(gable_layer *l, gable_model *m, gable_scenario *s)
{
    (void)l;
    (void)m;
    s->ep = 2;
}
static void bad_skew(gable_layer *l, gable_model *m, gable_scenario *s)
{
    (void)l;
    (void)m;
    s->skew = -1;
}
static void canvas(gable_layer *l, gable_model *m, gable_scenario *s)
{
    (void)l;
    s->n_new = 300;
    m->canvas = 256;
}
static void odd_width(gable_layer *l, gable_model *m, gable_scenario *s)
{
    (void)m;
    s->tp = 4;
    l->ffn.width = 30;
}
static void experts(gable_layer *l, gable_model *m, gable_scenario *s)
{
    (void)m;
    s->tp = s->ep = 4;
    l->ffn = (gable_ffn){
        .kind = GABLE_FFN_MOE, .n_matrices = 3, .n_experts = 6, .n_active = 2, .expert_width = 8};
}

static const struct {
    change *apply;
    const char *says;
} refused[] = {
    {odd_tp, "4 attention heads cannot be split over --tp 3"},
    {no_batch, "--batch 0 is out of range"},
    {half_batch, "--batch 1.5 is out of range"},
    {nan_context, "--context nan is out of range"},
    {bad_ep, "--ep 2 does not divide --tp 1"},
    {bad_skew, "--experts-skew -1 is out of range"},
    {canvas, "--new-tokens 300: tiny denoises blocks of at most 256"},
    {odd_width, "a feed-forward width of 30 cannot be split over --tp 4"},
    {experts, "6 experts cannot be split over --ep 4"},
};

START_TEST(refusal)
{
    gable_layer layer = dense_layer;
    gable_model model = make_model(&layer, 1);
    gable_scenario s = decode;
    gable_plan plan;
    gable_err err = {0};
    refused[_i].apply(&layer, &model, &s);
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), &model, &s, &plan, &err), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "says: %s", err.text);
}
END_TEST

Suite *gable_suite_layout(void);

Suite *gable_suite_layout(void)
{
    Suite *suite = suite_create("layout");
    TCase *all = tcase_create("plans");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    ADD_ROWS(all, gemm_shapes, gemm_rows);
    tcase_add_test(all, stored_bytes);
    tcase_add_test(all, collectives);
    tcase_add_test(all, prefill_head);
    tcase_add_test(all, equal_work_is_one_row);
    tcase_add_test(all, looped_layers);
    tcase_add_test(all, mla_form);
    ADD_ROWS(all, mla_break_even, break_even_rows);
    tcase_add_test(all, mla_cache_is_replicated);
    tcase_add_test(all, latent_moe);
    ADD_ROWS(all, refusal, refused);
    suite_add_tcase(suite, all);
    return suite;
}
