/* Laws of hardware that does not exist: an edit that changes nothing changes nothing, all rates
 * times k take the speed of light through k, elasticities of the rates sum to 1 at the ceiling. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../scratch.h"
#include "engine/sensitivity.h"
#include "tree.h"

enum { PLANS_CAP = 64 };

static gable_err err;
static gable_plan plans[PLANS_CAP];
static int n_plans;

/* One model of each kind of attention and of feed-forward part. */
static const char *const models[] = {"llama-3.1-8b",
                                     "qwen3-30b-a3b",
                                     "gpt-oss-20b",
                                     "deepseek-v2",
                                     "qwen3-next-80b-a3b",
                                     "deepseek-v3.2",
                                     "nemotron-3-nano-30b-a3b",
                                     "ministral-3-8b"};

static void open_plans(void)
{
    scratch_open();
    err = (gable_err){0};
    n_plans = tree_plans(models, sizeof models / sizeof models[0], plans, PLANS_CAP);
}

static gable_edit *open_edit(const gable_machine *machine)
{
    gable_edit *edit;
    ck_assert_int_eq(gable_arena_take(scratch_arena(), 1, sizeof *edit, &edit, &err), GABLE_OK);
    ck_assert_int_eq(gable_edit_open(scratch_arena(), machine, edit, &err), GABLE_OK);
    return edit;
}

static void price(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    ck_assert_int_eq(gable_step_init(scratch_arena(), plan, step, &err), GABLE_OK);
    gable_engine_price(plan, machine, step);
}

static bool is_rate(gable_dim dim)
{
    return dim == GABLE_DIM_BYTES_PER_S || dim == GABLE_DIM_FLOPS_PER_S ||
           dim == GABLE_DIM_OPS_PER_S || dim == GABLE_DIM_HERTZ;
}

static void scale_rates(gable_edit *edit, double factor)
{
    for (int i = 0; i < gable_edit_count(); i++) {
        gable_edit_field field;
        gable_edit_at(i, &field);
        double base = gable_edit_get_base(edit, &field);
        if (is_rate(field.row->dim) && base > 0.0)
            gable_edit_set(edit, &field, factor * base);
    }
}

/* Every device; each plan. */
START_TEST(an_edit_of_nothing_changes_nothing)
{
    const char *const *names;
    size_t n = tree_names("hw/accelerators", &names);
    for (size_t d = 0; d < n; d++) {
        size_t mark = gable_arena_mark(scratch_arena());
        gable_machine machine = tree_machine(names[d], _i ? "ideal" : "trtllm");
        gable_edit *edit = open_edit(&machine);
        scale_rates(edit, 3.0);
        gable_edit_reset(edit);
        for (int i = 0; i < gable_edit_count(); i++) {
            gable_edit_field field;
            gable_edit_at(i, &field);
            if (field.part != GABLE_EDIT_HOST)
                gable_edit_set(edit, &field, gable_edit_get_base(edit, &field));
        }
        for (int p = 0; p < n_plans; p++) {
            gable_step before, after;
            price(&plans[p], &machine, &before);
            price(&plans[p], &edit->machine, &after);
            ck_law(before.time_s_total == after.time_s_total, &plans[p], &machine);
            ck_law(before.ceiling_s_total == after.ceiling_s_total, &plans[p], &machine);
            ck_law(before.fits == after.fits, &plans[p], &machine);
        }
        gable_arena_release(scratch_arena(), mark);
    }
}
END_TEST

/* Expected times have launches and latencies in them, which no rate buys. */
START_TEST(all_rates_together_scale_the_ceiling)
{
    const char *const *names;
    size_t n = tree_names("hw/accelerators", &names);
    const double k = 2.5;
    for (size_t d = 0; d < n; d++) {
        size_t mark = gable_arena_mark(scratch_arena());
        gable_machine machine = tree_machine(names[d], "trtllm");
        gable_edit *edit = open_edit(&machine);
        scale_rates(edit, k);
        for (int p = 0; p < n_plans; p++) {
            gable_step before, after;
            price(&plans[p], &machine, &before);
            price(&plans[p], &edit->machine, &after);
            double ceiling = before.ceiling_s_total / k, time = before.time_s_total;
            ck_law(fabs(after.ceiling_s_total / ceiling - 1.0) < 1e-9, &plans[p], &machine);
            ck_law(after.time_s_total < 1.000001 * time, &plans[p], &machine);
            /* A little faster still: shorter kernels droop less. */
            ck_law(after.time_s_total > 0.95 * time / k, &plans[p], &machine);
        }
        gable_arena_release(scratch_arena(), mark);
    }
}
END_TEST

static const struct {
    const char *system;
    int tp;
} systems[] = {{"t4", 1},          {"hgx-a100-8", 8},  {"hgx-h100-8", 4},
               {"l40s-pcie-8", 4}, {"gb200-nvl72", 4}, {"rubin", 1}};

/* The ceiling to 1e-6; the expected time: the sum over fields is what scaling them together does
 * (chain rule; kernels that change their tiles make it inexact), and never more than all of it. */
START_TEST(elasticities_of_the_rates_sum_to_one)
{
    gable_machine machine = tree_machine(systems[_i].system, "trtllm");
    for (int p = 0; p < n_plans; p++) {
        size_t mark = gable_arena_mark(scratch_arena());
        gable_scenario scenario = plans[p].scenario;
        gable_plan plan;
        gable_step step, up, down;
        gable_sensitivity s;
        scenario.tp = systems[_i].tp;
        plan = tree_plan(plans[p].model, &scenario);
        price(&plan, &machine, &step);
        const gable_whatif_step one = {&plan, &machine, &step};
        ck_assert_int_eq(gable_sensitivity_run(scratch_arena(), &one, &s, &err), GABLE_OK);
        ck_law(fabs(s.ceiling_rates_sum - 1.0) < 1e-6, &plan, &machine);
        gable_edit *edit = open_edit(&machine);
        scale_rates(edit, exp(0.02));
        price(&plan, &edit->machine, &up);
        scale_rates(edit, exp(-0.02));
        price(&plan, &edit->machine, &down);
        double together = -log(up.time_s_total / down.time_s_total) / 0.04;
        ck_law(fabs(s.rates_sum - together) < 0.15, &plan, &machine);
        ck_law(s.rates_sum > 0.0 && s.rates_sum < 1.1, &plan, &machine);
        gable_arena_release(scratch_arena(), mark);
    }
}
END_TEST

Suite *gable_suite_whatif(void);
Suite *gable_suite_whatif(void)
{
    Suite *suite = suite_create("whatif");
    TCase *tcase = tcase_create("laws");
    tcase_add_checked_fixture(tcase, open_plans, scratch_close);
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, an_edit_of_nothing_changes_nothing, 0, 2);
    tcase_add_test(tcase, all_rates_together_scale_the_ceiling);
    tcase_add_loop_test(tcase, elasticities_of_the_rates_sum_to_one, 0,
                        (int)(sizeof systems / sizeof systems[0]));
    suite_add_tcase(suite, tcase);
    return suite;
}
