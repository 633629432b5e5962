/* Laws of layouts over stages, contexts, replicas and groups, and of what overlaps, on models of
 * every family. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../rows.h"
#include "../scratch.h"
#include "tree.h"

static const struct {
    const char *model, *system;
    int nodes;
} subjects[] = {
    {"llama-3.1-70b", "hgx-h100-8", 4},     {"gpt-oss-120b", "hgx-h200-8", 4},
    {"deepseek-v3", "gb200-nvl72", 1},      {"qwen3-235b-a22b", "hgx-b200-8", 4},
    {"deepseek-v3.2", "hgx-h800-8", 4},     {"minimax-m2.5", "hgx-h200-8", 4},
    {"qwen3.5-397b-a17b", "hgx-b200-8", 4}, {"kimi-k2", "gb200-nvl72", 1},
};

static const struct {
    int tp, ep, pp, cp, dp, attn_dp;
} layouts[] = {
    {1, 1, 2, 1, 1, 1}, {1, 1, 4, 1, 2, 1},   {2, 2, 1, 1, 4, 1}, {1, 8, 1, 1, 1, 8},
    {2, 8, 1, 1, 1, 4}, {2, 4, 2, 1, 1, 2},   {2, 1, 1, 2, 1, 1}, {1, 4, 1, 4, 1, 1},
    {4, 1, 1, 1, 1, 2}, {1, 32, 1, 1, 1, 32},
};

static const gable_scenario steps[] = {
    {.phase = GABLE_PHASE_DECODE, .batch = 64, .n_cached = 4096, .n_new = 1},
    {.phase = GABLE_PHASE_PREFILL, .batch = 32, .n_cached = 0, .n_new = 2048},
};

/* False when the model has parts that the layout may not split; the reason names them. */
static bool lay(const gable_model *model, const gable_scenario *s, gable_plan *plan)
{
    gable_err err = {0};
    if (gable_layout_plan(scratch_arena(), model, s, plan, &err) == GABLE_OK)
        return true;
    ck_assert_msg(strstr(err.text, "cannot be split") || strstr(err.text, "have layers") ||
                      strstr(err.text, "has layers") || strstr(err.text, "sends each token"),
                  "%s", err.text);
    return false;
}

static gable_scenario with(const gable_scenario *step, int layout)
{
    gable_scenario s = *step;
    GABLE_RANKS_COPY(&s, &layouts[layout]);
    return s;
}

static double flops_of(const gable_plan *plan)
{
    double flops = 0.0;
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_OP && !plan->work[i].vector)
            flops += plan->work[i].flops * plan->calls[i];
    return flops;
}

/* All ranks together do and keep at least what one would, and no rank more than that one. The
 * embedding is on the first stage, which is not the one that is priced; a context is rounded up. */
START_TEST(ranks_conserve)
{
    const gable_model *model = tree_model(subjects[_i].model);
    for (size_t p = 0; p < N_ROWS(steps); p++) {
        gable_plan one, part;
        gable_scenario whole = steps[p];
        ck_assert(lay(model, &whole, &one));
        double embedding = model->vocab * (double)model->hidden * 2.0;
        for (int i = 0; i < N_ROWS(layouts); i++) {
            gable_scenario s = with(&steps[p], i);
            if (!lay(model, &s, &part))
                continue;
            double world = part.ranks.world;
            ck_assert_msg(world * flops_of(&part) >= flops_of(&one) * (1 - 2e-3),
                          "%s layout %d step %zu: %g x %g of %g FLOPs", model->name, i, p, world,
                          flops_of(&part), flops_of(&one));
            ck_assert_msg(world * part.weights_bytes >= one.weights_bytes - embedding,
                          "%s layout %d weights", model->name, i);
            ck_assert_msg(world * part.kv_bytes >= one.kv_bytes * (1 - 1e-9), "%s layout %d cache",
                          model->name, i);
            ck_assert_msg(part.weights_bytes <= one.weights_bytes &&
                              part.kv_bytes <= one.kv_bytes * (1 + 1e-9),
                          "%s layout %d: a rank has more than all", model->name, i);
        }
    }
}
END_TEST

static gable_step price(const gable_plan *plan, const gable_machine *machine)
{
    gable_step step;
    gable_err err = {0};
    ck_assert_int_eq(gable_step_init(scratch_arena(), plan, &step, &err), GABLE_OK);
    gable_engine_price(plan, machine, &step);
    return step;
}

static bool near(double a, double b)
{
    return fabs(a - b) <= 1e-9 * fabs(b);
}

/* Rows less what is hidden make the step, by bound as by row; never below the ceiling; pricing a
 * step again changes nothing. */
static void check_sums(const gable_plan *plan, const gable_machine *machine, const char *what)
{
    gable_step step = price(plan, machine);
    double rows = 0.0, bounds = 0.0, total = step.time_s_total;
    for (int i = 0; i < plan->n_rows; i++) {
        rows += step.time_s[i] - step.hidden_s[i];
        ck_assert_msg(isfinite(step.time_s[i]) && step.hidden_s[i] <= step.time_s[i] * (1 + 1e-12),
                      "%s %s", what, plan->name[i]);
    }
    for (int b = 0; b < GABLE_N_BOUNDS; b++)
        bounds += step.bound_s[b];
    ck_assert_msg(near(rows, total), "%s: rows %g, step %g", what, rows, total);
    ck_assert_msg(near(bounds, total), "%s: bounds %g, step %g", what, bounds, total);
    ck_assert_msg(total >= step.ceiling_s_total * (1 - 1e-12), "%s: %g below the ceiling %g", what,
                  total, step.ceiling_s_total);
    gable_engine_price(plan, machine, &step);
    ck_assert_double_eq(step.time_s_total, total);
}

START_TEST(overlaps_add_up)
{
    const gable_model *model = tree_model(subjects[_i].model);
    gable_machine machine = tree_machine(subjects[_i].system, "sglang");
    machine.n_nodes = subjects[_i].nodes;
    for (size_t p = 0; p < N_ROWS(steps); p++)
        for (int i = 0; i < N_ROWS(layouts); i++)
            for (int o = 0; o < GABLE_N_OVERLAPS; o++)
                for (int x = GABLE_EXCHANGE_GATHER; x < GABLE_N_EXCHANGES; x++) {
                    gable_scenario s = with(&steps[p], i);
                    gable_plan plan;
                    size_t mark = gable_arena_mark(scratch_arena());
                    s.overlap = (gable_overlap)o;
                    s.exchange = (gable_token_exchange)x;
                    if (lay(model, &s, &plan))
                        check_sums(&plan, &machine, model->name);
                    gable_arena_release(scratch_arena(), mark);
                }
}
END_TEST

/* Beside one another never longer than one after another, where nothing is laid out anew for it. */
START_TEST(overlap_never_slower)
{
    const gable_model *model = tree_model(subjects[_i].model);
    gable_machine machine = tree_machine(subjects[_i].system, "trtllm");
    machine.n_nodes = subjects[_i].nodes;
    gable_scenario s = with(&steps[0], 3);
    gable_plan plan;
    if (!lay(model, &s, &plan))
        return;
    static const gable_overlap beside[] = {GABLE_OVERLAP_SHARED, GABLE_OVERLAP_WAVES};
    double before = price(&plan, &machine).time_s_total;
    for (int i = 0; i < N_ROWS(beside); i++) {
        s.overlap = beside[i];
        s.exchange = i ? GABLE_EXCHANGE_TOKENS : GABLE_EXCHANGE_AUTO;
        gable_scenario alone = s;
        alone.overlap = GABLE_OVERLAP_NONE;
        if (i && !lay(model, &alone, &plan))
            return;
        before = i ? price(&plan, &machine).time_s_total : before;
        ck_assert(lay(model, &s, &plan));
        gable_step step = price(&plan, &machine);
        ck_assert_double_le(step.time_s_total, before * (1 + 1e-12));
        ck_assert(step.contended_s >= 0.0 && step.contended_s <= before);
    }
}
END_TEST

/* Tokens on their way out and back at the same time wait for one another's links: in nodes for the
 * port, which both fill; in a rack kernels take longer than both. Exchanges one after another, of
 * two halves of a step, wait for nothing but what goes to the next stage, and that shows where
 * exchanges are longest. */
static const struct {
    const char *model, *system;
    int nodes, tp, ep, pp;
    gable_overlap overlap;
    bool contended;
} waiting[] = {
    {"deepseek-v3", "hgx-h200-8", 4, 1, 32, 1, GABLE_OVERLAP_WAVES, true},
    {"deepseek-v3", "gb200-nvl72", 1, 1, 32, 1, GABLE_OVERLAP_WAVES, false},
    {"deepseek-v3", "hgx-h200-8", 4, 1, 32, 1, GABLE_OVERLAP_TWO_BATCH, false},
    {"deepseek-v3", "hgx-h200-8", 4, 1, 16, 2, GABLE_OVERLAP_TWO_BATCH, false},
    {"llama-3.1-70b", "hgx-h200-8", 8, 32, 1, 2, GABLE_OVERLAP_TWO_BATCH, true},
};

START_TEST(exchanges_wait_for_links)
{
    gable_machine machine = tree_machine(waiting[_i].system, "sglang");
    gable_scenario s = steps[waiting[_i].ep > 1 ? 0 : 1];
    gable_plan plan;
    machine.n_nodes = waiting[_i].nodes;
    if (waiting[_i].ep > 1)
        s.batch = 128.0 * waiting[_i].ep;
    s.tp = waiting[_i].tp;
    s.ep = s.attn_dp = waiting[_i].ep;
    s.pp = waiting[_i].pp;
    s.exchange = s.ep > 1 ? GABLE_EXCHANGE_TOKENS : GABLE_EXCHANGE_AUTO;
    s.overlap = waiting[_i].overlap;
    ck_assert(lay(tree_model(waiting[_i].model), &s, &plan));
    gable_step step = price(&plan, &machine);
    if (waiting[_i].contended)
        ck_assert_double_gt(step.contended_s, 1e-6);
    else
        ck_assert_double_eq(step.contended_s, 0.0);
}
END_TEST

/* DeepSeek's published deployment (facts/network.md 6): an H800 node of decode, 144 ranks,
 * gives 14.8 k tokens/s at 20 to 22 a user; one of prefill, 32 ranks, takes in 73.7 k, 56.3 % of
 * them from the cache. */
START_TEST(deepseek_production)
{
    const gable_model *model = tree_model("deepseek-v3");
    gable_machine machine = tree_machine("hgx-h800-8", "sglang");
    gable_scenario decode = {.phase = GABLE_PHASE_DECODE,
                             .batch = 144 * 88,
                             .n_cached = 4989,
                             .n_new = 1,
                             .tp = 1,
                             .ep = 144,
                             .attn_dp = 144,
                             .redundant_experts = 32,
                             .exchange = GABLE_EXCHANGE_TOKENS,
                             .overlap = GABLE_OVERLAP_TWO_BATCH};
    gable_scenario prefill = decode;
    gable_plan plan;
    machine.n_nodes = 18;
    ck_assert(lay(model, &decode, &plan));
    gable_step step = price(&plan, &machine);
    ck_assert_double_eq_tol(step.tokens_per_s / 18.0, 14.8e3, 0.2 * 14.8e3);
    ck_assert_double_eq_tol(1.0 / step.time_s_total, 21.0, 0.2 * 21.0);
    prefill.phase = GABLE_PHASE_PREFILL;
    prefill.batch = 32 * 4;
    prefill.n_new = 2048;
    prefill.n_cached = 2048 * 56.3 / 43.7;
    prefill.n_cached = floor(prefill.n_cached);
    prefill.ep = prefill.attn_dp = 32;
    machine.n_nodes = 4;
    ck_assert(lay(model, &prefill, &plan));
    step = price(&plan, &machine);
    ck_assert_double_eq_tol(step.tokens_per_s / 4.0 / 0.437, 73.7e3, 0.2 * 73.7e3);
}
END_TEST

Suite *gable_suite_laws_ranks(void);

Suite *gable_suite_laws_ranks(void)
{
    Suite *suite = suite_create("laws_ranks");
    TCase *t = tcase_create("layouts");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    ADD_ROWS(t, ranks_conserve, subjects);
    ADD_ROWS(t, overlaps_add_up, subjects);
    ADD_ROWS(t, overlap_never_slower, subjects);
    ADD_ROWS(t, exchanges_wait_for_links, waiting);
    tcase_add_test(t, deepseek_production);
    suite_add_tcase(suite, t);
    return suite;
}
