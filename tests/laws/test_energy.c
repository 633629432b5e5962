/* Laws of energy, of a step and of serving: never below what an idle device draws unless its clock
 * is held down, never above limit x time, rows add up, more limit is never slower, and without a
 * limit the step is as it was priced. */
#include <check.h>
#include <math.h>

#include "../scratch.h"
#include "engine/energy.h"
#include "engine/planner.h"
#include "tree.h"

enum { PLANS_CAP = 64 };

static gable_err err;
static gable_plan plans[PLANS_CAP];
static int n_plans;

static const char *const models[] = {"llama-3.1-8b", "qwen3-30b-a3b", "deepseek-v2",
                                     "nemotron-3-nano-30b-a3b"};

static void open_plans(void)
{
    scratch_open();
    err = (gable_err){0};
    n_plans = tree_plans(models, sizeof models / sizeof models[0], plans, PLANS_CAP);
}

static void price(const gable_plan *plan, const gable_machine *machine, double limit_w,
                  gable_step *step, gable_energy *out)
{
    const gable_power_limits limits = {.device_w = limit_w};
    ck_assert_int_eq(gable_step_init(scratch_arena(), plan, step, &err), GABLE_OK);
    gable_engine_price(plan, machine, step);
    ck_assert_msg(gable_energy_of_step(scratch_arena(), plan, machine, machine->power, &limits,
                                       step, out, &err) == GABLE_OK,
                  "%s", err.text);
}

static void check_energy(const gable_plan *plan, const gable_machine *machine,
                         const gable_step *step, const gable_energy *e)
{
    double sum = 0.0, slack = 1.0 + 1e-9, idle = machine->power->idle_w * step->time_s_total;
    for (int i = 0; i < plan->n_rows; i++) {
        ck_law(e->row_j[i] >= 0.0, plan, machine);
        ck_law(e->row_w[i] <= e->limit_w * slack, plan, machine);
        sum += e->row_j[i];
    }
    ck_law(fabs(sum - e->energy_j) <= 1e-9 * e->energy_j, plan, machine);
    ck_law(e->energy_j <= e->limit_w * step->time_s_total * slack, plan, machine);
    ck_law(e->n_throttled > 0 || e->energy_j * slack >= idle, plan, machine);
    ck_law(e->joules_per_token > 0.0, plan, machine);
}

/* Every device of the tree under limits from a little above idle to its design power. */
static void check_device(const char *name)
{
    gable_machine machine = tree_machine(name, "trtllm");
    ck_assert_int_eq(gable_power_attach(scratch_arena(), "hw", &machine, &err), GABLE_OK);
    double idle = machine.power->idle_w, tdp = machine.power->limit_w;
    for (int p = 0; p < n_plans && tdp > 0.0; p++) {
        gable_step step, plain;
        gable_energy e;
        double before = INFINITY;
        size_t mark = gable_arena_mark(scratch_arena());
        for (int k = 1; k <= 8; k++) {
            price(&plans[p], &machine, idle + (tdp - idle) * k / 8.0, &step, &e);
            check_energy(&plans[p], &machine, &step, &e);
            ck_law(step.time_s_total <= before * (1.0 + 1e-9), &plans[p], &machine);
            before = step.time_s_total;
        }
        ck_assert_int_eq(gable_step_init(scratch_arena(), &plans[p], &plain, &err), GABLE_OK);
        gable_engine_price(&plans[p], &machine, &plain);
        ck_law(e.n_throttled == 0 && step.time_s_total == plain.time_s_total, &plans[p], &machine);
        gable_arena_release(scratch_arena(), mark);
    }
}

START_TEST(energy_obeys_its_laws)
{
    const char *const *names;
    size_t n = tree_names("hw/accelerators", &names);
    ck_assert_int_gt((int)n, 30);
    for (size_t d = 0; d < n; d++)
        check_device(names[d]);
}
END_TEST

/* ---- serving held to a limit ---- */

typedef struct served {
    const char *system, *model;
    int tp, ep;
} served;
static const served deployments[] = {{"hgx-h100-8", "llama-3.1-70b", 8, 1},
                                     {"hgx-a100-8", "llama-3.1-8b", 1, 1},
                                     {"hgx-b200-8", "qwen3-30b-a3b", 2, 2},
                                     {"gb300-nvl72", "deepseek-v3", 16, 16},
                                     {"l4", "llama-3.1-8b", 1, 1}};
static const double share_of_tdp[] = {0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.5};

/* An engine's steps, as the simulation looks them up. */
static double grid_s(const served *d, const gable_machine *machine, double *alone_s)
{
    const gable_scenario ranks = {.batch = 1.0, .n_new = 1.0, .tp = d->tp, .ep = d->ep};
    const gable_step_range range = {16.0, 512.0, 2048.0, 2048.0, 2048.0, 0.0};
    gable_step_costs costs;
    ck_assert_msg(gable_step_costs_build(scratch_arena(), tree_model(d->model), machine, &ranks,
                                         &range, &costs, &err) == GABLE_OK,
                  "%s", err.text);
    double late_s;
    *alone_s = gable_step_costs_parts(&costs, 1.0, 2048.0, 0.0, 0.0, &late_s);
    return gable_step_costs_decode_at(&costs, 16.0, 1024.0);
}

static void serve(const served *d, const gable_machine *machine, gable_serving *out)
{
    gable_serving_rules rules;
    gable_serving_constants constants;
    gable_serving_parts parts;
    const gable_serving_request request = {
        .isl = 1024, .osl = 512, .concurrency = 16, .tp = d->tp, .ep = d->ep};
    ck_assert_int_eq(gable_serving_load(scratch_arena(), "hw", machine->accelerator, "vllm",
                                        &constants, &rules, &err),
                     GABLE_OK);
    ck_assert_msg(gable_serving_price(scratch_arena(), tree_model(d->model), machine, &rules,
                                      &request, &parts, &err) == GABLE_OK,
                  "%s", err.text);
    gable_serving_finish(&parts, &constants, &request, machine, NULL, out);
    ck_assert(parts.fits);
}

/* A lower limit is never faster, nothing draws more than its limit, and one above the design power
 * changes nothing. */
START_TEST(serving_obeys_its_limit)
{
    const served *d = &deployments[_i];
    gable_machine machine = tree_machine(d->system, "vllm");
    gable_serving free, held;
    double slack = 1.0 + 1e-9, decode_s = INFINITY, prompt_s = INFINITY, rate = 0.0;
    double grid_decode_s = INFINITY, grid_prompt_s = INFINITY, alone_s = 0.0, free_alone_s;
    ck_assert_int_eq(gable_power_attach(scratch_arena(), "hw", &machine, &err), GABLE_OK);
    serve(d, &machine, &free);
    double free_grid_s = grid_s(d, &machine, &free_alone_s), last_grid_s = 0.0;
    for (size_t i = 0; i < sizeof share_of_tdp / sizeof share_of_tdp[0]; i++) {
        machine.power_limit_w = share_of_tdp[i] * machine.power->limit_w;
        serve(d, &machine, &held);
        last_grid_s = grid_s(d, &machine, &alone_s);
        ck_assert_double_le(held.parts.decode_s, decode_s * slack);
        ck_assert_double_le(held.parts.prefill_s, prompt_s * slack);
        ck_assert_double_le(last_grid_s, grid_decode_s * slack);
        ck_assert_double_le(alone_s, grid_prompt_s * slack);
        ck_assert_double_ge(held.tokens_per_s * slack, rate);
        ck_assert_double_le(held.energy.power_w, machine.power_limit_w * slack);
        ck_assert_double_le(held.energy.power_p90_w, machine.power_limit_w * slack);
        ck_assert_double_le(held.energy.power_p10_w, held.energy.power_w);
        ck_assert_double_ge(held.parts.decode_slower * slack, 1.0);
        if (i == 0) { /* prompts want all of the power */
            ck_assert_double_gt(held.parts.prefill_s, 1.02 * free.parts.prefill_s);
            ck_assert_double_gt(alone_s, 1.02 * free_alone_s);
            ck_assert_double_gt(held.parts.joined_s, 1.02 * free.parts.joined_s);
        }
        decode_s = held.parts.decode_s;
        prompt_s = held.parts.prefill_s;
        grid_decode_s = last_grid_s;
        grid_prompt_s = alone_s;
        rate = held.tokens_per_s;
    }
    ck_assert_double_eq(held.tpot_s, free.tpot_s);
    ck_assert_double_eq(held.ttft_s, free.ttft_s);
    ck_assert_double_eq(held.energy.power_w, free.energy.power_w);
    ck_assert_double_eq(last_grid_s, free_grid_s);
    ck_assert_double_eq(alone_s, free_alone_s);
}
END_TEST

/* What may be planned under a limit is never better than without, nor than under more power. */
START_TEST(plans_obey_their_limit)
{
    gable_machine machine = tree_machine("hgx-h100-8", "vllm");
    gable_offer offer = {.model = tree_model("llama-3.1-8b"), .n_gpus = 8, .usd_per_gpu_h = 2.0};
    gable_goal goal = {.isl = 1000, .osl = 200, .tpot = {.s = 0.02}, .all_gpus = true};
    gable_planned planned;
    double slack = 1.0 + 1e-9, before = 0.0, at_power = 0.0;
    ck_assert_int_eq(gable_power_attach(scratch_arena(), "hw", &machine, &err), GABLE_OK);
    ck_assert_int_eq(gable_serving_load(scratch_arena(), "hw", machine.accelerator, "vllm",
                                        &offer.constants, &offer.rules, &err),
                     GABLE_OK);
    for (size_t i = 0; i < sizeof share_of_tdp / sizeof share_of_tdp[0]; i++) {
        machine.power_limit_w = share_of_tdp[i] * machine.power->limit_w;
        offer.machine = machine;
        ck_assert_int_eq(gable_planner_search(scratch_arena(), &offer, 1, &goal, &planned, &err),
                         GABLE_OK);
        ck_assert_int_gt(planned.n_feasible, 0);
        ck_assert_double_ge(1.04 * planned.best[0].tokens_per_s, before); /* clients, to 4 % */
        before = planned.best[0].tokens_per_s;
    }
    offer.machine.power_limit_w = 0.0;
    for (double watts = 6e3; watts < 11e3; watts += 1e3) { /* of the node */
        goal.power_w = watts;
        ck_assert_int_eq(gable_planner_search(scratch_arena(), &offer, 1, &goal, &planned, &err),
                         GABLE_OK);
        double most = planned.n_feasible > 0 ? planned.best[0].tokens_per_s : 0.0;
        for (int k = 0; k < planned.n_feasible; k++)
            ck_assert_double_le(planned.best[k].power_w, watts * slack);
        ck_assert_double_ge(1.04 * most, at_power);
        at_power = most;
    }
    ck_assert_double_eq(at_power, before); /* 10 kW is more than it draws */
}
END_TEST

Suite *gable_suite_laws_energy(void);
Suite *gable_suite_laws_energy(void)
{
    Suite *suite = suite_create("laws_energy");
    TCase *laws = tcase_create("laws");
    tcase_set_timeout(laws, 120.0);
    tcase_add_checked_fixture(laws, open_plans, scratch_close);
    tcase_add_test(laws, energy_obeys_its_laws);
    tcase_add_loop_test(laws, serving_obeys_its_limit, 0,
                        (int)(sizeof deployments / sizeof deployments[0]));
    tcase_add_test(laws, plans_obey_their_limit);
    suite_add_tcase(suite, laws);
    return suite;
}
