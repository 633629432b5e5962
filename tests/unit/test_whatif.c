/* whatif: tiers of memory, directions, comparisons, intervals, sensitivities. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../scratch.h"
#include "cost/tiers.h"
#include "engine/gslx.h"
#include "engine/interval.h"
#include "engine/sensitivity.h"
#include "machine/direction.h"
#include "report/report.h"
#include "rows.h"

static gable_err err;

static void set_up(void)
{
    err = (gable_err){0};
    scratch_open();
}

#define ck_near(got, expected, part)                                                               \
    ck_assert_msg(fabs((got) - (expected)) <= (part)*fabs(expected), "got %.9g, expected %.9g",    \
                  (double)(got), (double)(expected))

/* ---- tiers ---- */

/* By hand: 100 B of which 60 are weights and 30 cache; device memory reads 10 B/s. */
static const struct {
    double flash, context, rate;
} tiers[] = {
    {0.0, 0.0, 10.0},         /* no flash */
    {5.0, 0.0, 100.0 / 12.0}, /* 60 / 5 = 12 s, beside 40 / 10 = 4 s */
    {100.0, 0.0, 25.0},       /* 0.6 s beside 4 s */
    {5.0, 0.5, 100.0 / 15.0}, /* 75 / 5 = 15 s, beside 25 / 10 */
    {20.0, 1.0, 100.0 / 4.5}, /* 90 / 20 = 4.5 s, beside 1 s */
};

START_TEST(flash_reads_beside_the_device_memory)
{
    gable_work work = {.hbm_bytes = 100.0, .weight_bytes = 60.0, .cache_bytes = 30.0};
    gable_accelerator a = {.hbm_bandwidth_bytes_per_s = 10.0,
                           .flash_bytes_per_s = tiers[_i].flash,
                           .flash_context_frac = tiers[_i].context};
    ck_near(gable_tiers_bandwidth(&work, &a), tiers[_i].rate, 1e-12);
}
END_TEST

START_TEST(flash_latency_shows_where_a_router_chooses)
{
    gable_accelerator a = {.flash_bytes_per_s = 5.0, .flash_latency_s = 1e-5};
    gable_work experts = {.family = GABLE_FAMILY_MOE}, product = {.family = GABLE_FAMILY_GEMM};
    ck_assert_double_eq(gable_tiers_latency_s(&experts, &a), 1e-5);
    ck_assert_double_eq(gable_tiers_latency_s(&product, &a), 0.0);
    a.flash_bytes_per_s = 0.0;
    ck_assert_double_eq(gable_tiers_latency_s(&experts, &a), 0.0);
}
END_TEST

START_TEST(units_in_the_memory_attend)
{
    gable_accelerator a = {.near_bytes_per_s = 20.0, .near_flops_per_s = 50.0};
    gable_work attend = {
        .family = GABLE_FAMILY_ATTENTION_GENERATION, .hbm_bytes = 100.0, .flops = 200.0};
    gable_work product = {.family = GABLE_FAMILY_GEMM, .hbm_bytes = 100.0};
    double compute_s, memory_s;
    ck_assert(gable_tiers_near(&attend, &a, &compute_s, &memory_s));
    ck_assert_double_eq(compute_s, 4.0);
    ck_assert_double_eq(memory_s, 5.0);
    ck_assert(!gable_tiers_near(&product, &a, &compute_s, &memory_s));
}
END_TEST

/* Device memory 100 B, flash 1000 B where there is any. */
static const struct {
    double flash, context, weights, cache, other;
    bool holds;
} held[] = {
    {0, 0, 60, 30, 10, true},      {0, 0, 60, 30, 11, false},       {1000, 0, 900, 90, 10, true},
    {1000, 0, 900, 95, 10, false}, {1000, 0.9, 900, 100, 80, true}, {1000, 0, 1001, 0, 0, false},
    {1000, 1, 950, 60, 10, false},
};

START_TEST(what_a_device_holds)
{
    gable_accelerator a = {.hbm_capacity_bytes = 100.0,
                           .flash_capacity_bytes = held[_i].flash,
                           .flash_context_frac = held[_i].context};
    ck_assert_int_eq(gable_accelerator_holds(&a, held[_i].weights, held[_i].cache, held[_i].other),
                     held[_i].holds);
}
END_TEST

/* ---- a step to change ---- */

typedef struct priced {
    gable_machine machine;
    gable_plan plan;
    gable_step step;
    gable_whatif_step whatif;
} priced;

static void load(const char *model_name, const char *system, const char *stack, int tp, priced *out)
{
    const gable_model *model;
    gable_scenario s = {
        .phase = GABLE_PHASE_DECODE, .batch = 4, .n_cached = 2048, .n_new = 1, .tp = tp, .ep = 1};
    ck_assert_msg(gable_model_load(scratch_arena(), "workloads", model_name, &model, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    ck_assert_msg(gable_machine_load(scratch_arena(), "hw", system, stack, &out->machine, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), model, &s, &out->plan, &err), GABLE_OK);
    ck_assert_int_eq(gable_step_init(scratch_arena(), &out->plan, &out->step, &err), GABLE_OK);
    gable_engine_price(&out->plan, &out->machine, &out->step);
    out->whatif = (gable_whatif_step){&out->plan, &out->machine, &out->step};
}

static void load_edited(const char *model, const char *system, const char *stack, int tp,
                        const char *edit_text, priced *out)
{
    static gable_edited_list done;
    gable_edit *edit;
    load(model, system, stack, tp, out);
    ck_assert_int_eq(gable_arena_take(scratch_arena(), 1, sizeof *edit, &edit, &err), GABLE_OK);
    ck_assert_int_eq(gable_edit_open(scratch_arena(), &out->machine, edit, &err), GABLE_OK);
    done.n = 0;
    ck_assert_msg(gable_edit_apply(edit, edit_text, &done, &err) == GABLE_OK, "%s", err.text);
    out->machine = edit->machine;
    gable_engine_price(&out->plan, &out->machine, &out->step);
}

/* ---- directions ---- */

START_TEST(every_direction_loads_and_applies)
{
    static const char *const on[] = {"hgx-h100-8", "gb200-nvl72", "t4"};
    const char *const *names;
    size_t n;
    ck_assert_int_eq(gable_direction_names(scratch_arena(), "configs/whatif", &names, &n, &err),
                     GABLE_OK);
    ck_assert_uint_ge(n, 5);
    for (size_t i = 0; i < n; i++) {
        const gable_direction *direction;
        static gable_edited_list assumed, done;
        priced p;
        gable_edit *edit;
        ck_assert_msg(gable_direction_load(scratch_arena(), "configs/whatif", names[i], &direction,
                                           &err) == GABLE_OK,
                      "%s", err.text);
        ck_assert_str_eq(direction->name, names[i]);
        load("llama-3.1-8b", on[_i], "trtllm", 1, &p);
        double before_s = p.step.time_s_total;
        assumed.n = done.n = 0;
        ck_assert_int_eq(gable_arena_take(scratch_arena(), 1, sizeof *edit, &edit, &err), GABLE_OK);
        ck_assert_int_eq(gable_edit_open(scratch_arena(), &p.machine, edit, &err), GABLE_OK);
        ck_assert_int_eq(gable_direction_assume(direction, edit, &assumed, &err), GABLE_OK);
        gable_engine_price(&p.plan, &edit->machine, &p.step);
        ck_assert_double_eq(p.step.time_s_total, before_s); /* assumptions are no change */
        ck_assert_msg(gable_direction_apply(scratch_arena(), direction, 0.0, edit, &done, &err) ==
                          GABLE_OK,
                      "%s", err.text);
        ck_assert_int_gt(done.n, 0);
        ck_assert_int_eq(gable_edit_check_whole(edit, &err), GABLE_OK);
    }
}
END_TEST

/* Two years are one period, four are two. */
START_TEST(a_trend_grows_by_its_period)
{
    const gable_direction *wall;
    static gable_edited_list done;
    priced p;
    gable_edit edit;
    load("llama-3.1-8b", "h100-sxm", "trtllm", 1, &p);
    ck_assert_int_eq(
        gable_direction_load(scratch_arena(), "configs/whatif", "memory-wall", &wall, &err),
        GABLE_OK);
    for (int periods = 0; periods <= 2; periods++) {
        done.n = 0;
        ck_assert_int_eq(gable_edit_open(scratch_arena(), &p.machine, &edit, &err), GABLE_OK);
        double year = p.machine.accelerator->year + 2.0 * periods;
        ck_assert_int_eq(gable_direction_apply(scratch_arena(), wall, year, &edit, &done, &err),
                         GABLE_OK);
        ck_near(edit.accelerator.hbm_bandwidth_bytes_per_s, 3.35e12 * pow(1.6, periods), 1e-12);
        ck_near(edit.accelerator.matrix_flops_per_s[GABLE_MMA_BF16], 989.4e12 * pow(3.0, periods),
                1e-12);
        ck_near(edit.accelerator.scale_up_bytes_per_s, 450e9 * pow(1.4, periods), 1e-12);
    }
    ck_assert_int_eq(gable_direction_apply(scratch_arena(), wall, 2001, &edit, &done, &err),
                     GABLE_INPUT);
}
END_TEST

#define HEAD                                                                                       \
    "{\"schema\": \"gable.direction/1\", \"name\": \"x\", \"title\": \"t\", \"text\": \"p\""
static const struct {
    const char *text, *says;
} bad_directions[] = {
    {"[]", "expected an object"},
    {"{\"schema\": \"gable.whatif/1\"}", "expected \"gable.direction/1\""},
    {HEAD "}", "nothing would change"},
    {HEAD ", \"set\": {}}", "nothing would change"},
    {HEAD ", \"set\": [\"hbm.bandwidth=x2\"]}", "expected an object of fields"},
    {HEAD ", \"set\": {\"hbm.bandwith\": \"x2\"}}", "did you mean \"hbm.bandwidth\"?"},
    {HEAD ", \"set\": {\"hbm.bandwidth\": 2}}", "expected a value such as"},
    {HEAD ", \"sett\": {}}", "did you mean \"set\"?"},
    {HEAD ", \"set\": {\"hbm.bandwidth\": \"x2\"}, \"every_years\": 0}", "expected a number"},
    {"{\"schema\": \"gable.direction/1\"}", "missing key \"name\""},
};

START_TEST(bad_directions_are_refused)
{
    const gable_direction *direction;
    const char *text = bad_directions[_i].text;
    const char *path = scratch_file("x.json", text, strlen(text));
    ck_assert_int_eq(
        gable_direction_load(scratch_arena(), "configs/whatif", path, &direction, &err),
        GABLE_INPUT);
    ck_assert_msg(strstr(err.text, bad_directions[_i].says) != NULL, "%s", err.text);
}
END_TEST

START_TEST(a_trend_needs_factors)
{
    const gable_direction *direction;
    static gable_edited_list done;
    gable_edit edit;
    priced p;
    static const char text[] =
        HEAD ", \"every_years\": 2, \"set\": {\"hbm.bandwidth\": \"8 TB/s\"}}";
    const char *path = scratch_file("x.json", text, strlen(text));
    load("llama-3.1-8b", "h100-sxm", "trtllm", 1, &p);
    ck_assert_int_eq(gable_edit_open(scratch_arena(), &p.machine, &edit, &err), GABLE_OK);
    ck_assert_int_eq(gable_direction_load(scratch_arena(), "", path, &direction, &err), GABLE_OK);
    ck_assert_int_eq(gable_direction_apply(scratch_arena(), direction, 2030, &edit, &done, &err),
                     GABLE_INPUT);
    ck_assert_msg(strstr(err.text, "a trend needs factors") != NULL, "%s", err.text);
}
END_TEST

/* ---- comparing ---- */

START_TEST(rows_add_up_to_the_step)
{
    priced before, after;
    gable_whatif w;
    double sum[2] = {0.0, 0.0};
    load("llama-3.1-8b", "hgx-h100-8", "trtllm", 1, &before);
    load("llama-3.1-8b", "hgx-h100-8", "trtllm", 8, &after); /* has collectives */
    ck_assert_int_eq(gable_whatif_compare(scratch_arena(), &before.whatif, &after.whatif, &w, &err),
                     GABLE_OK);
    ck_assert_int_gt(w.n_rows, before.plan.n_rows);
    for (int i = 0; i < w.n_rows; i++) {
        sum[0] += w.rows[i].before_s;
        sum[1] += w.rows[i].after_s;
        ck_assert((w.rows[i].before_bound != NULL) || w.rows[i].before_s == 0.0);
        ck_assert_double_eq_tol(w.rows[i].saved_s, w.rows[i].before_s - w.rows[i].after_s, 1e-15);
    }
    ck_near(sum[0], before.step.time_s_total, 1e-12);
    ck_near(sum[1], after.step.time_s_total, 1e-12);
    ck_near(w.speedup, before.step.time_s_total / after.step.time_s_total, 1e-12);
    ck_near(w.after.tokens_per_s_per_device, after.step.tokens_per_s / 8.0, 1e-12);
    double hourly = 8.0 * after.machine.accelerator->price_usd_per_h;
    ck_near(w.after.usd_per_million_tokens, hourly / 3600.0 / after.step.tokens_per_s * 1e6, 1e-12);
    ck_assert(isnan(w.before.memory_j));
}
END_TEST

/* 8 bits a byte, 3.9 pJ each. */
START_TEST(memory_takes_energy)
{
    priced p;
    gable_whatif_side side;
    load_edited("llama-3.1-8b", "h100-sxm", "ideal", 1, "hbm.energy=3.9 pJ/bit", &p);
    gable_whatif_figures(&p.whatif, &side);
    ck_near(side.memory_j, 8.0 * 3.9e-12 * p.step.hbm_bytes, 1e-12);
}
END_TEST

/* At the ceiling a dense decode step is weights over flash beside all else over what is left of
 * HBM. */
START_TEST(weights_on_flash_bound_the_ceiling)
{
    priced p;
    load_edited("llama-3.1-8b", "h100-sxm", "ideal", 1, "flash.read_bandwidth=1 TB/s", &p);
    double weights = 0.0;
    for (int i = 0; i < p.plan.n_rows; i++)
        weights += p.plan.kind[i] == GABLE_ROW_OP
                       ? p.plan.work[i].weight_bytes * p.plan.calls[i] / 1e12
                       : 0.0;
    ck_assert_double_gt(p.step.time_s_total, weights);
    ck_assert_double_lt(p.step.time_s_total, 1.2 * weights);
}
END_TEST

/* The arithmetic that explain prints follows from its lines, with tiers of memory too. */
static const char *const tiered[] = {"flash.read_bandwidth=2 TB/s", "near_memory.*=x1",
                                     "hbm.bandwidth=x4"};

START_TEST(explain_holds_with_tiers)
{
    static gable_edited_list done;
    const gable_node *root;
    const char *label = NULL;
    gable_edit *edit;
    priced p;
    load("llama-3.1-8b", "h100-sxm", _i % 2 ? "ideal" : "trtllm", 1, &p);
    ck_assert_int_eq(gable_arena_take(scratch_arena(), 1, sizeof *edit, &edit, &err), GABLE_OK);
    ck_assert_int_eq(gable_edit_open(scratch_arena(), &p.machine, edit, &err), GABLE_OK);
    done.n = 0;
    ck_assert_int_eq(gable_edit_apply(edit, "near_memory.bandwidth=12 TB/s", &done, &err),
                     GABLE_OK);
    ck_assert_int_eq(gable_edit_apply(edit, "near_memory.compute=1e14", &done, &err), GABLE_OK);
    ck_assert_int_eq(gable_edit_apply(edit, tiered[_i / 2], &done, &err), GABLE_OK);
    gable_engine_price(&p.plan, &edit->machine, &p.step);
    const gable_priced seen = {.plan = &p.plan, .machine = &edit->machine, .step = &p.step};
    ck_assert_int_eq(gable_explain_build(scratch_arena(), &seen, &root, &err), GABLE_OK);
    ck_assert_msg(gable_explain_holds(root, 1e-9, &label), "%s", label);
}
END_TEST

/* ---- intervals ---- */

/* Ideal: nothing but the tolerance of one rate, 2 % for a part that ships. */
START_TEST(a_ceiling_is_as_uncertain_as_its_datasheet)
{
    priced p;
    gable_uncertainty u;
    load("llama-3.1-8b", "h100-sxm", "ideal", 1, &p);
    ck_assert_int_eq(gable_interval_run(scratch_arena(), &p.whatif, 1, &u, NULL, &err), GABLE_OK);
    ck_near(u.time_s.p50, p.step.time_s_total, 2e-3);
    ck_near(log(u.time_s.p90 / u.time_s.p10), 2.0 * 1.2816 * 0.02, 0.02);
    ck_assert_str_eq(u.doubts[0].name, "hbm.bandwidth");
    ck_assert_double_gt(u.doubts[0].share_frac, 0.98);
}
END_TEST

/* The closed form of the step has the residuals alone. */
START_TEST(draws_agree_with_the_closed_form)
{
    static const char *const on[] = {"h100-sxm", "gb200", "t4", "rubin"};
    priced p;
    gable_uncertainty u;
    double shares = 0.0;
    load("llama-3.1-8b", on[_i], "trtllm", 1, &p);
    ck_assert_int_eq(gable_interval_run(scratch_arena(), &p.whatif, 1, &u, NULL, &err), GABLE_OK);
    double closed = log(p.step.p90_s / p.step.time_s_total) / 1.2816;
    double tolerance = gable_interval_tolerance(p.machine.accelerator->status);
    double drawn = log(u.time_s.p90 / u.time_s.p50) / 1.2816;
    double most = sqrt(closed * closed + tolerance * tolerance);
    ck_assert_msg(drawn < 1.2 * most + 0.005 && drawn > 0.8 * closed, "%g, closed %g, at most %g",
                  drawn, closed, most);
    ck_assert_double_lt(u.time_s.p10, u.time_s.p50);
    for (int i = 0; i < u.n_doubts; i++)
        shares += u.doubts[i].is_price ? 0.0 : u.doubts[i].share_frac;
    /* First order: where spreads are wide their products are left out. */
    ck_assert_double_eq_tol(shares, 1.0, 0.15);
}
END_TEST

START_TEST(equal_runs_give_equal_numbers)
{
    priced p;
    gable_uncertainty a, b;
    load("llama-3.1-8b", "h100-sxm", "trtllm", 1, &p);
    ck_assert_int_eq(gable_interval_run(scratch_arena(), &p.whatif, 1, &a, NULL, &err), GABLE_OK);
    ck_assert_int_eq(gable_interval_run(scratch_arena(), &p.whatif, 1, &b, NULL, &err), GABLE_OK);
    ck_assert_double_eq(a.time_s.p10, b.time_s.p10);
    ck_assert_double_eq(a.usd_per_million_tokens.p90, b.usd_per_million_tokens.p90);
}
END_TEST

/* On one device errors cancel: the same step never beats itself, one with more memory always does.
 */
START_TEST(decisions_on_one_device_share_their_errors)
{
    priced p[2];
    gable_whatif_step sides[2];
    gable_uncertainty u[2];
    gable_decision d;
    load("llama-3.1-8b", "h100-sxm", "trtllm", 1, &p[0]);
    load_edited("llama-3.1-8b", "h100-sxm", "trtllm", 1, "hbm.bandwidth=+3%", &p[1]);
    sides[0] = sides[1] = p[0].whatif;
    ck_assert_int_eq(gable_interval_run(scratch_arena(), sides, 2, u, &d, &err), GABLE_OK);
    ck_assert(d.same_device);
    ck_assert_double_eq(d.faster_frac, 0.0);
    ck_assert_double_eq(d.speedup.p10, 1.0);
    ck_assert_double_eq(d.speedup.p90, 1.0);
    sides[1] = p[1].whatif;
    ck_assert_int_eq(gable_interval_run(scratch_arena(), sides, 2, u, &d, &err), GABLE_OK);
    ck_assert_double_eq(d.faster_frac, 1.0);
    ck_assert_double_eq(d.cheaper_frac, 1.0);
}
END_TEST

/* Of two devices they do not: H100 and H200 read weights at 3.35 and 4.8 TB/s, which is more than
 * their errors; an L40S and an L4 likewise; the prices overlap. */
START_TEST(decisions_between_devices_draw_apart)
{
    priced p[2];
    gable_whatif_step sides[2];
    gable_uncertainty u[2];
    gable_decision d;
    load("llama-3.1-8b", "h100-sxm", "trtllm", 1, &p[0]);
    load("llama-3.1-8b", "h200-sxm", "trtllm", 1, &p[1]);
    sides[0] = p[0].whatif;
    sides[1] = p[1].whatif;
    ck_assert_int_eq(gable_interval_run(scratch_arena(), sides, 2, u, &d, &err), GABLE_OK);
    ck_assert(!d.same_device);
    ck_assert_double_gt(d.faster_frac, 0.7);
    ck_assert_double_gt(d.speedup.p90, d.speedup.p10);
    ck_assert_double_gt(d.cheaper_frac, 0.02);
    ck_assert_double_lt(d.cheaper_frac, 0.98);
}
END_TEST

START_TEST(sobol_points_are_normal)
{
    enum { N = 1023, D = 7 };
    static double z[N * D];
    ck_assert_int_eq(gslx_sobol_normals(D, N, z, &err), GABLE_OK);
    for (int d = 0; d < D; d++) {
        double mean = 0.0, square = 0.0;
        for (int i = 0; i < N; i++) {
            mean += z[i * D + d] / N;
            square += z[i * D + d] * z[i * D + d] / N;
        }
        ck_assert_double_eq_tol(mean, 0.0, 5e-3);
        ck_assert_double_eq_tol(square, 1.0, 2e-2);
    }
}
END_TEST

/* ---- sensitivity ---- */

/* An ideal decode step of a dense model is its bytes over the bandwidth, but for what is compute.
 */
START_TEST(ideal_decode_hangs_on_the_bandwidth)
{
    priced p;
    gable_sensitivity s;
    load("llama-3.1-8b", "h100-sxm", "ideal", 1, &p);
    ck_assert_int_eq(gable_sensitivity_run(scratch_arena(), &p.whatif, &s, &err), GABLE_OK);
    ck_assert_str_eq(s.rows[0].field.path, "accelerator.hbm.bandwidth");
    ck_near(s.rows[0].elasticity, -1.0, 1e-9);
    ck_near(s.rows[0].saved_frac, 1.0 - 1.0 / 1.1, 1e-9);
    ck_assert_int_eq(s.n, 1);
    ck_assert_int_gt(s.n_without, 20);
}
END_TEST

static TCase *add_case(Suite *all, const char *name)
{
    TCase *tcase = tcase_create(name);
    tcase_add_checked_fixture(tcase, set_up, scratch_close);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(all, tcase);
    return tcase;
}

Suite *gable_suite_whatif(void);
Suite *gable_suite_whatif(void)
{
    Suite *all = suite_create("whatif");
    TCase *memory = add_case(all, "tiers"), *changes = add_case(all, "directions");
    TCase *doubts = add_case(all, "intervals"), *slopes = add_case(all, "sensitivity");
    ADD_ROWS(memory, flash_reads_beside_the_device_memory, tiers);
    tcase_add_test(memory, flash_latency_shows_where_a_router_chooses);
    tcase_add_test(memory, units_in_the_memory_attend);
    ADD_ROWS(memory, what_a_device_holds, held);
    tcase_add_loop_test(changes, every_direction_loads_and_applies, 0, 3);
    tcase_add_test(changes, a_trend_grows_by_its_period);
    ADD_ROWS(changes, bad_directions_are_refused, bad_directions);
    tcase_add_test(changes, a_trend_needs_factors);
    tcase_add_test(changes, rows_add_up_to_the_step);
    tcase_add_test(changes, memory_takes_energy);
    tcase_add_test(changes, weights_on_flash_bound_the_ceiling);
    tcase_add_loop_test(changes, explain_holds_with_tiers, 0, 2 * N_ROWS(tiered));
    tcase_add_test(doubts, a_ceiling_is_as_uncertain_as_its_datasheet);
    tcase_add_loop_test(doubts, draws_agree_with_the_closed_form, 0, 4);
    tcase_add_test(doubts, equal_runs_give_equal_numbers);
    tcase_add_test(doubts, decisions_on_one_device_share_their_errors);
    tcase_add_test(doubts, decisions_between_devices_draw_apart);
    tcase_add_test(doubts, sobol_points_are_normal);
    tcase_add_test(slopes, ideal_decode_hangs_on_the_bandwidth);
    return all;
}
