/* Laws of energy: never below what an idle device draws unless its clock is held down, never above
 * limit x time, rows add up, more limit is never slower, and without a limit the step is as it was
 * priced. */
#include <check.h>
#include <math.h>

#include "../scratch.h"
#include "engine/energy.h"
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
    n_plans = 0;
    for (size_t m = 0; m < sizeof models / sizeof models[0]; m++)
        for (int p = 0; p < n_tree_phases && n_plans < PLANS_CAP; p++)
            if (tree_plan(tree_model(models[m]), &tree_phases[p].scenario, &plans[n_plans]))
                n_plans++;
    ck_assert_int_gt(n_plans, 10);
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

Suite *gable_suite_laws_energy(void);
Suite *gable_suite_laws_energy(void)
{
    Suite *suite = suite_create("laws_energy");
    TCase *laws = tcase_create("laws");
    tcase_set_timeout(laws, 120.0);
    tcase_add_checked_fixture(laws, open_plans, scratch_close);
    tcase_add_test(laws, energy_obeys_its_laws);
    suite_add_tcase(suite, laws);
    return suite;
}
