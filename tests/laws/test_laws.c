/* Laws that hold for every device, model and phase in the tree (DESIGN 6), not for chosen examples.
 */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../scratch.h"
#include "../wrap.h"
#include "layout/families.h"
#include "model/describe.h"
#include "tree.h"

enum { PLANS_CAP = 1024, DEVICES_CAP = 128 };

static gable_plan plans[PLANS_CAP];
static int n_plans;
static gable_machine machines[DEVICES_CAP];
static int n_machines;

static void plan_models(void)
{
    const char *const *names;
    size_t n = tree_names("workloads/models", &names);
    n_plans = tree_plans(names, n, plans, PLANS_CAP);
    ck_assert_int_gt(n_plans, 100);
}

static void load_devices(const char *stack)
{
    const char *const *names;
    size_t n = tree_names("hw/accelerators", &names);
    n_machines = 0;
    ck_assert(n <= DEVICES_CAP);
    for (size_t i = 0; i < n; i++)
        machines[n_machines++] = tree_machine(names[i], stack);
}

static void open_tree(void)
{
    scratch_open();
    plan_models();
}

static gable_step price(const gable_plan *plan, const gable_machine *machine)
{
    gable_step step;
    gable_err err = {0};
    ck_assert_int_eq(gable_step_init(scratch_arena(), plan, &step, &err), GABLE_OK);
    gable_engine_price(plan, machine, &step);
    return step;
}

typedef void law(const gable_plan *plan, const gable_machine *machine);

static void everywhere(law *holds)
{
    for (int m = 0; m < n_machines; m++)
        for (int p = 0; p < n_plans; p++) {
            size_t mark = gable_arena_mark(scratch_arena());
            holds(&plans[p], &machines[m]);
            gable_arena_release(scratch_arena(), mark);
        }
}

static const char *const stacks[] = {"trtllm", "vllm", "sglang", "ideal"};

/* ---- one step ---- */

static bool good(double x)
{
    return isfinite(x) && x >= 0.0;
}

static void adds_up(const gable_plan *plan, const gable_machine *machine)
{
    gable_step step = price(plan, machine);
    double time = 0.0, ceiling = 0.0, bounds = 0.0;
    for (int i = 0; i < step.n_rows; i++) {
        const gable_time *row = &step.row[i];
        ck_law(good(row->time_s) && good(row->ceiling_s), plan, machine);
        ck_law(row->time_s >= row->ceiling_s, plan, machine);
        double terms = row->overhead_s + row->exposed_s +
                       fmax(row->compute_s, fmax(row->memory_s, row->network_s));
        ck_law(machine->constants->ideal || fabs(row->time_s - terms) <= 1e-12 * terms, plan,
               machine);
        time += step.time_s[i];
        ceiling += step.ceiling_s[i];
    }
    for (int b = 0; b < GABLE_N_BOUNDS; b++)
        bounds += step.bound_s[b];
    ck_law(fabs(time - step.time_s_total) <= 1e-12 * time, plan, machine);
    ck_law(fabs(ceiling - step.ceiling_s_total) <= 1e-12 * ceiling, plan, machine);
    ck_law(fabs(bounds - time) <= 1e-9 * time, plan, machine);
    ck_law(step.time_s_total >= step.ceiling_s_total, plan, machine);
    ck_law(step.p10_s <= step.time_s_total && step.time_s_total <= step.p90_s, plan, machine);
    ck_law(step.wire_bytes_total == 0.0, plan, machine); /* tp 1 sends nothing */
    ck_law(good(step.flops) && good(step.hbm_bytes) && good(step.tokens_per_s), plan, machine);
    ck_law(good(step.intensity_flops_per_byte) && good(step.ridge_flops_per_byte), plan, machine);
    ck_law(good(step.total_bytes) && step.total_bytes > 0.0, plan, machine);
}

START_TEST(step_adds_up)
{
    load_devices(stacks[_i]);
    everywhere(adds_up);
}
END_TEST

/* ---- what-if on the hardware ---- */

static gable_accelerator scaled(const gable_accelerator *a, double flops, double bandwidth)
{
    gable_accelerator out = *a;
    for (int i = 0; i < GABLE_N_MMA; i++)
        out.matrix_flops_per_s[i] *= flops;
    out.vector_fp32_flops_per_s *= flops;
    out.vector_fp64_flops_per_s *= flops;
    out.hbm_bandwidth_bytes_per_s *= bandwidth;
    return out;
}

static double time_with(const gable_plan *plan, const gable_machine *machine, double flops,
                        double bandwidth)
{
    gable_accelerator a = scaled(machine->accelerator, flops, bandwidth);
    gable_machine other = *machine;
    other.accelerator = &a;
    return price(plan, &other).time_s_total;
}

static void faster_is_never_slower(const gable_plan *plan, const gable_machine *machine)
{
    double base = price(plan, machine).time_s_total;
    ck_law(time_with(plan, machine, 1.3, 1.0) <= base, plan, machine);
    ck_law(time_with(plan, machine, 1.0, 1.3) <= base, plan, machine);
}

START_TEST(better_hardware_is_never_slower)
{
    load_devices(stacks[_i]);
    everywhere(faster_is_never_slower);
}
END_TEST

static void scales_by_four(const gable_plan *plan, const gable_machine *machine)
{
    double base = price(plan, machine).time_s_total;
    double fast = time_with(plan, machine, 4.0, 4.0);
    ck_law(fabs(4.0 * fast - base) <= 1e-12 * base, plan, machine);
}

START_TEST(ceiling_is_scale_free)
{
    load_devices("ideal");
    everywhere(scales_by_four);
}
END_TEST

/* ---- what-if on the scenario ---- */

/* Twice the batch takes at most twice the time: floors and weights are shared. Exceptions, which
 * only expected times have: clocks droop in kernels of milliseconds, and streams fall out of L2;
 * both together stay below an eighth. */
static const double doubling_slack = 0.12;

static void doubling(const gable_plan *plan, const gable_machine *machine)
{
    gable_scenario twice = plan->scenario;
    twice.batch *= 2.0;
    gable_plan more = tree_plan(plan->model, &twice);
    double one = price(plan, machine).time_s_total, two = price(&more, machine).time_s_total;
    double slack = machine->constants->ideal ? 1e-12 : doubling_slack;
    ck_law(two <= 2.0 * one * (1.0 + slack), plan, machine);
    ck_law(two >= one, plan, machine);
}

START_TEST(doubling_the_batch)
{
    load_devices(stacks[_i]);
    everywhere(doubling);
}
END_TEST

static void longer_context(const gable_plan *plan, const gable_machine *machine)
{
    gable_scenario longer = plan->scenario;
    longer.n_cached += 4096.0;
    gable_plan more = tree_plan(plan->model, &longer);
    ck_law(more.kv_bytes >= plan->kv_bytes, plan, machine);
    ck_law(price(&more, machine).ceiling_s_total >=
               price(plan, machine).ceiling_s_total * (1.0 - 1e-12),
           plan, machine);
}

START_TEST(more_context_is_never_faster)
{
    load_devices("ideal");
    everywhere(longer_context);
}
END_TEST

/* ---- sharding ---- */

typedef struct totals {
    double flops, weights, kv;
} totals;

static totals sum(const gable_plan *plan)
{
    totals t = {.weights = plan->weights_bytes, .kv = plan->kv_bytes};
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_OP && !plan->work[i].vector)
            t.flops += plan->work[i].flops * plan->calls[i];
    return t;
}

/* Ranks together do and keep at least what one would: sharding loses nothing, and replicates only
 * what the rules say (norms, routers, latents, key/value heads beyond their number). */
START_TEST(sharding_conserves)
{
    for (int p = 0; p < n_plans; p++)
        for (int tp = 2; tp <= 8; tp *= 2) {
            gable_scenario split = plans[p].scenario;
            gable_plan part;
            gable_err err = {0};
            split.tp = tp;
            size_t mark = gable_arena_mark(scratch_arena());
            if (gable_layout_plan(scratch_arena(), plans[p].model, &split, &part, &err) ==
                GABLE_OK) {
                totals whole = sum(&plans[p]), rank = sum(&part);
                const char *name = plans[p].model->name;
                ck_assert_msg(tp * rank.flops >= whole.flops * (1 - 1e-12), "%s tp %d flops", name,
                              tp);
                ck_assert_msg(tp * rank.weights >= whole.weights * (1 - 1e-12), "%s tp %d weights",
                              name, tp);
                ck_assert_msg(tp * rank.kv >= whole.kv * (1 - 1e-12), "%s tp %d kv", name, tp);
                ck_assert_msg(rank.flops <= whole.flops * (1 + 1e-12), "%s tp %d rank flops", name,
                              tp);
                ck_assert_msg(rank.weights <= whole.weights, "%s tp %d rank weights", name, tp);
            } else {
                ck_assert_msg(strstr(err.text, "cannot be split") != NULL, "%s", err.text);
            }
            gable_arena_release(scratch_arena(), mark);
        }
}
END_TEST

/* What a plan stores is what the model counts: weights (biases and the precision of small vectors
 * aside), and the cache of contexts longer than any window. */
START_TEST(plans_keep_what_models_count)
{
    const char *const *names;
    size_t n = tree_names("workloads/models", &names);
    for (size_t i = 0; i < n; i++) {
        const gable_model *model = tree_model(names[i]);
        gable_scenario s = {.phase = GABLE_PHASE_DECODE,
                            .batch = 3,
                            .n_cached = 299999,
                            .n_new = 1,
                            .tp = 1,
                            .ep = 1};
        double per_token, constant;
        double weights = gable_model_weight_bytes(model);
        gable_plan plan = tree_plan(model, &s);
        gable_model_cache(model, &per_token, &constant);
        double cache = 3.0 * (300000.0 * per_token + constant);
        ck_assert_msg(fabs(plan.kv_bytes + plan.state_bytes - cache) <= 1e-9 * cache, "%s cache",
                      names[i]);
        ck_assert_msg(fabs(plan.weights_bytes - weights) <= 2e-3 * weights, "%s weights %g of %g",
                      names[i], plan.weights_bytes, weights);
    }
}
END_TEST

/* Dense models with enough key/value heads replicate nothing but norms: exact to those. */
START_TEST(dense_sharding_is_exact)
{
    const gable_model *model = tree_model("llama-3.1-70b");
    gable_scenario s = {
        .phase = GABLE_PHASE_DECODE, .batch = 4, .n_cached = 4096, .n_new = 1, .tp = 1, .ep = 1};
    gable_plan one = tree_plan(model, &s);
    s.tp = 8;
    gable_plan eight = tree_plan(model, &s);
    totals whole = sum(&one), rank = sum(&eight);
    double norms = (2.0 * 80 + 1) * 8192 * 2.0;
    ck_assert_double_eq_tol(8 * rank.flops, whole.flops, 1e-9 * whole.flops);
    ck_assert_double_eq_tol(8 * rank.weights, whole.weights + 7 * norms, 1.0);
    ck_assert_double_eq_tol(8 * rank.kv, whole.kv, 1.0);
}
END_TEST

/* ---- systems ---- */

START_TEST(links_are_used_and_faster_links_never_slower)
{
    const char *const *names;
    size_t n = tree_names("hw/systems", &names);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof stacks / sizeof stacks[0]; k++) {
            gable_machine machine = tree_machine(names[i], stacks[k]);
            int tp = machine.system->n_accelerators >= 8 ? 8 : machine.system->n_accelerators;
            gable_scenario s = {.phase = GABLE_PHASE_DECODE,
                                .batch = 16,
                                .n_cached = 2048,
                                .n_new = 1,
                                .tp = tp,
                                .ep = 1};
            gable_plan plan = tree_plan(tree_model("llama-3.1-8b"), &s);
            gable_step step = price(&plan, &machine);
            ck_assert_msg(tp == 1 || step.wire_bytes_total > 0.0, "%s", names[i]);
            ck_assert_msg(step.time_s_total >= step.ceiling_s_total, "%s", names[i]);
            gable_system fast = *machine.system;
            fast.scale_up_bytes_per_s *= 1.5;
            fast.host_bounce_bytes_per_s *= 1.5;
            machine.system = &fast;
            ck_assert_msg(price(&plan, &machine).time_s_total <= step.time_s_total, "%s", names[i]);
        }
}
END_TEST

/* ---- the hot path ---- */

/* ---- what is loaded ---- */

/* More than a row can have would only cost time; fewer, and a row has no kernel. */
static void asks_for_known(const gable_plan *plan)
{
    gable_families known = gable_layout_families(plan->model);
    for (int i = 0; i < plan->n_rows; i++) {
        gable_family family = GABLE_FAMILY_ELEMENTWISE;
        if (plan->kind[i] == GABLE_ROW_OP)
            family = plan->work[i].family;
        else if (plan->kind[i] == GABLE_ROW_COLLECTIVE)
            family = gable_collective_family(&plan->collective[i]);
        ck_assert_msg(gable_families_have(known, family), "%s, row %s: %s", plan->model->name,
                      plan->name[i], gable_family_key(family));
    }
}

START_TEST(models_name_the_kernels_they_need)
{
    static const gable_scenario wide[] = {
        {.phase = GABLE_PHASE_DECODE, .batch = 64, .n_cached = 4096, .n_new = 1, .tp = 8, .ep = 8},
        {.phase = GABLE_PHASE_PREFILL,
         .batch = 8,
         .n_new = 2048,
         .tp = 1,
         .attn_dp = 8,
         .ep = 8,
         .exchange = GABLE_EXCHANGE_TOKENS},
    };
    int n_wide = 0;
    for (int p = 0; p < n_plans; p++) {
        asks_for_known(&plans[p]);
        for (size_t w = 0; w < sizeof wide / sizeof wide[0]; w++) {
            size_t mark = gable_arena_mark(scratch_arena());
            gable_plan plan;
            if (gable_layout_plan(scratch_arena(), plans[p].model, &wide[w], &plan, NULL) ==
                GABLE_OK) {
                asks_for_known(&plan);
                n_wide++;
            }
            gable_arena_release(scratch_arena(), mark);
        }
    }
    ck_assert_int_gt(n_wide, 100);
}
END_TEST

START_TEST(pricing_allocates_nothing)
{
    gable_err err = {0};
    load_devices("trtllm");
    gable_step step;
    ck_assert_int_eq(gable_step_init(scratch_arena(), &plans[0], &step, &err), GABLE_OK);
    size_t arena_before = gable_arena_mark(scratch_arena());
    long before = gable_wrap_count();
    for (int m = 0; m < n_machines; m++)
        gable_engine_price(&plans[0], &machines[m], &step);
    long priced =
        gable_wrap_count() - before; /* read before the next assertion: Check allocates too */
    ck_assert_int_eq(priced, 0);
    ck_assert(gable_arena_mark(scratch_arena()) == arena_before);
    gable_arena probe;
    before = gable_wrap_count();
    gable_status status = gable_arena_init(&probe, 64, &err);
    long counted = gable_wrap_count() - before;
    ck_assert_int_eq(status, GABLE_OK);
    ck_assert_int_eq(counted, 1); /* the counter counts */
    gable_arena_free(&probe);
}
END_TEST

Suite *gable_suite_laws(void);

Suite *gable_suite_laws(void)
{
    Suite *suite = suite_create("laws");
    TCase *all = tcase_create("tree");
    tcase_add_checked_fixture(all, open_tree, scratch_close);
    tcase_set_timeout(all, 300.0);
    tcase_add_loop_test(all, step_adds_up, 0, 4);
    tcase_add_loop_test(all, better_hardware_is_never_slower, 0, 4);
    tcase_add_test(all, ceiling_is_scale_free);
    tcase_add_loop_test(all, doubling_the_batch, 0, 4);
    tcase_add_test(all, more_context_is_never_faster);
    tcase_add_test(all, sharding_conserves);
    tcase_add_test(all, plans_keep_what_models_count);
    tcase_add_test(all, dense_sharding_is_exact);
    tcase_add_test(all, links_are_used_and_faster_links_never_slower);
    tcase_add_test(all, models_name_the_kernels_they_need);
    tcase_add_test(all, pricing_allocates_nothing);
    suite_add_tcase(suite, all);
    return suite;
}
