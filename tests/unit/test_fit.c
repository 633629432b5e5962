/* engine/gslx and engine/fit: roots, robust least squares, quantiles; a fit finds the constants
 * that made its rows, also among outliers, and says how far off it is. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/fit.h"
#include "engine/gslx.h"
#include "rows.h"
#include "scratch.h"

static gable_err err;

static void set_up(void)
{
    err = (gable_err){0};
    scratch_open();
}

/* ---- gslx ---- */

static double square_minus(double x, void *ctx)
{
    return x * x - *(const double *)ctx;
}

static const struct {
    double of, low, high, root;
} roots[] = {
    {2.0, 0.0, 2.0, 1.4142135623730951},
    {1e12, 0.0, 1e9, 1e6},
    {0.0, 0.0, 5.0, 0.0},  /* at the lower end */
    {25.0, 0.0, 5.0, 5.0}, /* at the upper end */
    {9.0, -10.0, 0.0, -3.0},
};

START_TEST(finds_root)
{
    double of = roots[_i].of, x = NAN;
    ck_assert_int_eq(gslx_root(square_minus, &of, roots[_i].low, roots[_i].high, &x, &err), 0);
    ck_assert_msg(fabs(x - roots[_i].root) <= 1e-9 * fmax(1.0, fabs(roots[_i].root)), "%.17g", x);
}
END_TEST

START_TEST(no_change_of_sign_is_refused)
{
    double of = -1.0, x;
    ck_assert_int_eq(gslx_root(square_minus, &of, 0.0, 1.0, &x, &err), GABLE_INTERNAL);
    ck_assert_msg(strstr(err.text, "sign"), "%s", err.text);
}
END_TEST

START_TEST(not_finite_is_refused)
{
    double of = NAN, x;
    ck_assert_int_eq(gslx_root(square_minus, &of, 0.0, 1.0, &x, &err), GABLE_INTERNAL);
}
END_TEST

enum { N_LINE = 40 };

/* y = 3 x + 7 with one point far off, which least squares without a robust loss would follow. */
static void line_residuals(const double *p, void *ctx, double *out)
{
    const double *y = (const double *)ctx;
    for (int i = 0; i < N_LINE; i++)
        out[i] = p[0] * i + p[1] - y[i];
}

START_TEST(outlier_does_not_drag)
{
    double y[N_LINE], p[2] = {0.0, 0.0}, loss = -1.0;
    for (int i = 0; i < N_LINE; i++)
        y[i] = 3.0 * i + 7.0;
    y[5] += 1e4;
    gslx_fit fit = {.residuals = line_residuals,
                    .ctx = y,
                    .n_residuals = N_LINE,
                    .n_parameters = 2,
                    .scale = 0.1};
    ck_assert_msg(gslx_least_squares(&fit, p, &loss, &err) == GABLE_OK, "%s", err.text);
    ck_assert_msg(fabs(p[0] - 3.0) < 0.01 && fabs(p[1] - 7.0) < 0.1, "%g %g", p[0], p[1]);
    ck_assert(loss > 0.0 && isfinite(loss));
}
END_TEST

/* y = a x + b at x = 0 … n-1 with scatter s: var a = 12 s^2 / (n (n^2 - 1)), var b = 2 s^2 (2 n -
 * 1) / (n (n + 1)), cov = -6 s^2 / (n (n + 1)); wherever the line lies. */
static const double lines[] = {0.0, 1e-12, 3.0, -40.0};

START_TEST(covariance_of_a_line_is_known)
{
    double y[N_LINE], p[2] = {lines[_i], 7.0}, got[4], n = N_LINE, s2 = 0.25;
    for (int i = 0; i < N_LINE; i++)
        y[i] = p[0] * i + 7.0;
    gslx_fit fit = {.residuals = line_residuals,
                    .ctx = y,
                    .n_residuals = N_LINE,
                    .n_parameters = 2,
                    .scale = 0.5};
    ck_assert_msg(gslx_covariance(&fit, p, got, &err) == GABLE_OK, "%s", err.text);
    double want[] = {12.0 * s2 / (n * (n * n - 1.0)), -6.0 * s2 / (n * (n + 1.0)),
                     -6.0 * s2 / (n * (n + 1.0)), 2.0 * s2 * (2.0 * n - 1.0) / (n * (n + 1.0))};
    for (int i = 0; i < 4; i++)
        ck_assert_msg(fabs(got[i] / want[i] - 1.0) < 1e-5, "%d: %.9g, not %.9g", i, got[i],
                      want[i]);
}
END_TEST

static void first_alone(const double *p, void *ctx, double *out)
{
    (void)ctx;
    for (int i = 0; i < N_LINE; i++)
        out[i] = p[0];
}

START_TEST(parameter_without_rows_has_no_variance)
{
    double p[2] = {0.0, 0.0}, got[4];
    gslx_fit fit = {
        .residuals = first_alone, .n_residuals = N_LINE, .n_parameters = 2, .scale = 0.5};
    ck_assert_msg(gslx_covariance(&fit, p, got, &err) == GABLE_OK, "%s", err.text);
    ck_assert(fabs(got[0] / (0.25 / N_LINE) - 1.0) < 1e-6);
    ck_assert(got[1] == 0.0 && got[2] == 0.0 && got[3] == 0.0);
}
END_TEST

START_TEST(bad_fits_are_refused)
{
    double y[N_LINE] = {NAN}, p[2] = {0.0, 0.0};
    gslx_fit fit = {.residuals = line_residuals, .ctx = y, .n_residuals = N_LINE, .scale = 0.1};
    ck_assert_int_eq(gslx_least_squares(&fit, p, NULL, &err), GABLE_INTERNAL);
    fit.n_parameters = 2;
    ck_assert_int_eq(gslx_least_squares(&fit, p, NULL, NULL), GABLE_INTERNAL);
}
END_TEST

START_TEST(quantiles)
{
    double values[] = {5.0, 1.0, 3.0, 2.0, 4.0};
    gslx_sort(values, 5);
    ck_assert(values[0] == 1.0 && values[4] == 5.0);
    ck_assert(gslx_median(values, 5) == 3.0);
    ck_assert(fabs(gslx_quantile(values, 5, 0.9) - 4.6) < 1e-12);
    ck_assert(gslx_quantile(values, 0, 0.5) == 0.0);
    ck_assert(gslx_quantile(values, 1, 0.9) == 1.0);
    double mixed[] = {3, 1, 5, 2, 4};
    ck_assert(fabs(gslx_select(mixed, 5, 0.9) - 4.6) < 1e-12);
    ck_assert(fabs(gslx_select(mixed, 5, 0.5) - 3.0) < 1e-12);
    ck_assert(gslx_select(mixed, 5, 1.0) == 5.0);
    ck_assert(gslx_select(mixed, 0, 0.5) == 0.0);
}
END_TEST

/* ---- fits ---- */

enum { N_PLANTED = 600 };

/* Uniform in [0, 1): a fixed generator, so that the test is the same everywhere. */
static double draw(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0;
}

static double ranged(uint64_t *state, double low, double high)
{
    return low * pow(high / low, draw(state));
}

/* A device of 1 TFLOP/s and 1 TB/s, so that FLOPs and bytes are picoseconds. */
static gable_accelerator unit_device = {.hbm_bandwidth_bytes_per_s = 1e12};
static gable_constants unit_constants = {.silicon_frac = 1.0};
static gable_op unit_op = {.kind = GABLE_OP_STREAM};

typedef struct truth {
    double floor_s, compute_frac, memory_frac;
} truth;

/* Rows of launch-, memory- and compute-bound kernels with a log-uniform error of at most `noise`,
 * in the form of three constants. */
static gable_fit_rows plant(gable_fit_row *rows, const truth *k, double noise, uint64_t seed)
{
    unit_device.matrix_flops_per_s[GABLE_MMA_BF16] = 1e12;
    for (int i = 0; i < N_PLANTED; i++) {
        double compute = ranged(&seed, 1e-8, 1e-3), memory = ranged(&seed, 1e-8, 1e-3);
        double longer = fmax(compute / k->compute_frac, memory / k->memory_frac);
        double error = noise * (2.0 * draw(&seed) - 1.0);
        rows[i] = (gable_fit_row){.op = &unit_op,
                                  .work = {.flops = 1e12 * compute,
                                           .hbm_bytes = 1e12 * memory,
                                           .mma = GABLE_MMA_BF16,
                                           .family = GABLE_FAMILY_ELEMENTWISE},
                                  .measured_s = (k->floor_s + longer) * exp(error),
                                  .train = i % 2 == 0};
    }
    return (gable_fit_rows){.row = rows,
                            .n = N_PLANTED,
                            .accelerator = &unit_device,
                            .constants = &unit_constants,
                            .half = true};
}

static truth found(const gable_calibrated *k)
{
    return (truth){1e-6 * k->value[GABLE_ROOFLINE_FLOOR], k->value[GABLE_ROOFLINE_COMPUTE],
                   k->value[GABLE_ROOFLINE_MEMORY]};
}

static gable_calibrated fit_planted(gable_fit_rows *rows)
{
    gable_calibrated k = {.family = GABLE_FAMILY_ELEMENTWISE};
    ck_assert_msg(gable_fit_kernel(scratch_arena(), rows, &k, &err) == GABLE_OK, "%s", err.text);
    return k;
}

static const struct {
    double floor_s, compute_frac, memory_frac, noise, tolerance;
} planted[] = {
    {3e-6, 0.75, 0.80, 0.0, 0.005},  {12e-6, 0.55, 0.70, 0.05, 0.03},
    {30e-6, 0.10, 0.90, 0.05, 0.04}, {2e-6, 0.30, 0.15, 0.05, 0.03},
    {5e-6, 0.95, 0.97, 0.1, 0.04},
};

START_TEST(recovers_planted_constants)
{
    static gable_fit_row rows[N_PLANTED];
    truth made = {planted[_i].floor_s, planted[_i].compute_frac, planted[_i].memory_frac};
    gable_fit_rows all = plant(rows, &made, planted[_i].noise, 17);
    gable_calibrated k = fit_planted(&all);
    truth got = found(&k);
    double tolerance = planted[_i].tolerance;
    ck_assert_msg(fabs(got.floor_s / made.floor_s - 1.0) < tolerance, "floor %g", got.floor_s);
    ck_assert_msg(fabs(got.compute_frac - made.compute_frac) < tolerance, "%g", got.compute_frac);
    ck_assert_msg(fabs(got.memory_frac - made.memory_frac) < tolerance, "%g", got.memory_frac);
    ck_assert_int_eq(k.n_train, N_PLANTED / 2);
    ck_assert_int_eq(k.n_test, N_PLANTED / 2);
    ck_assert_msg(k.median_frac <= 0.6 * planted[_i].noise + 0.005, "%g", k.median_frac);
    ck_assert(k.p90_frac >= k.median_frac && fabs(k.bias_frac) <= k.p90_frac);
}
END_TEST

START_TEST(outliers_do_not_move_the_fit)
{
    static gable_fit_row rows[N_PLANTED];
    truth made = {5e-6, 0.6, 0.8};
    gable_fit_rows all = plant(rows, &made, 0.03, 5);
    for (int i = 0; i < N_PLANTED; i += 12) /* one training row in six is eight times too slow */
        rows[i].measured_s *= 8.0;
    gable_calibrated k = fit_planted(&all);
    truth got = found(&k);
    ck_assert_msg(fabs(got.floor_s / 5e-6 - 1.0) < 0.1, "%g", got.floor_s);
    ck_assert_msg(fabs(got.compute_frac - 0.6) < 0.06, "%g", got.compute_frac);
    ck_assert_msg(fabs(got.memory_frac - 0.8) < 0.08, "%g", got.memory_frac);
}
END_TEST

/* Eight of ten test rows lie in [p10, p90]: that is what sigma is for. */
START_TEST(sigma_covers_eight_in_ten)
{
    static gable_fit_row rows[N_PLANTED];
    truth made = {5e-6, 0.6, 0.8};
    gable_fit_rows all = plant(rows, &made, 0.3, 11);
    gable_calibrated k = fit_planted(&all);
    truth got = found(&k);
    int inside = 0;
    for (int i = 0; i < N_PLANTED; i++) {
        double compute = 1e-12 * rows[i].work.flops, memory = 1e-12 * rows[i].work.hbm_bytes;
        double longer = fmax(compute / got.compute_frac, memory / got.memory_frac);
        double error = log(rows[i].measured_s / (got.floor_s + longer));
        inside += !rows[i].train && fabs(error) <= 1.2815515655446004 * k.sigma_ln;
    }
    ck_assert_msg(abs(inside - N_PLANTED * 4 / 10) <= 3, "%d", inside);
}
END_TEST

START_TEST(few_rows_are_refused)
{
    static gable_fit_row rows[N_PLANTED];
    truth made = {5e-6, 0.6, 0.8};
    gable_calibrated k = {.family = GABLE_FAMILY_ELEMENTWISE};
    gable_fit_rows all = plant(rows, &made, 0.0, 3);
    all.n = 2 * gable_fit_least_rows(GABLE_FAMILY_ELEMENTWISE) - 2;
    ck_assert_int_eq(gable_fit_kernel(scratch_arena(), &all, &k, &err), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, "expected at least"), "%s", err.text);
}
END_TEST

/* ---- how well constants are known ---- */

enum { N_SAME = 100 };

/* N_SAME rows of one kernel, whose times the centres of the priors, 10 us, 0.5, 0.75, give exactly:
 * no residual, none softened. */
static gable_fit_rows same_rows(gable_fit_row *rows, double compute_s, double memory_s)
{
    unit_device.matrix_flops_per_s[GABLE_MMA_BF16] = 1e12;
    for (int i = 0; i < N_SAME; i++)
        rows[i] = (gable_fit_row){.op = &unit_op,
                                  .work = {.flops = 0.5e12 * compute_s,
                                           .hbm_bytes = 0.75e12 * memory_s,
                                           .mma = GABLE_MMA_BF16,
                                           .family = GABLE_FAMILY_ELEMENTWISE},
                                  .measured_s = 10e-6 + fmax(compute_s, memory_s),
                                  .train = true};
    return (gable_fit_rows){.row = rows,
                            .n = N_SAME,
                            .accelerator = &unit_device,
                            .constants = &unit_constants,
                            .half = true};
}

static gable_certainty certainty_of(const gable_fit_rows *rows, double memory_frac)
{
    gable_certainty known;
    gable_calibrated entry = {.family = GABLE_FAMILY_ELEMENTWISE};
    entry.value[GABLE_ROOFLINE_FLOOR] = 10.0;
    entry.value[GABLE_ROOFLINE_COMPUTE] = 0.5;
    entry.value[GABLE_ROOFLINE_MEMORY] = memory_frac;
    ck_assert_msg(gable_fit_certainty(rows, &entry, &known, &err) == GABLE_OK, "%s", err.text);
    ck_assert_int_eq(known.n, 3);
    return known;
}

static bool near(double got, double want)
{
    return fabs(got - want) <= 1e-4 * fabs(want);
}

/* Rows that are all floor: n rows of scatter 0.08 and a prior of 1; of the rest the prior alone is
 * known. */
START_TEST(constant_without_rows_is_its_prior)
{
    static gable_fit_row rows[N_SAME];
    gable_fit_rows all = same_rows(rows, 0.0, 0.0);
    gable_certainty known = certainty_of(&all, 0.75);
    const gable_certain *c = known.constant;
    ck_assert_msg(near(c[0].error_ln, 1.0 / sqrt(N_SAME / (0.08 * 0.08) + 1.0)), "%g",
                  c[0].error_ln);
    ck_assert_str_eq(gable_verdict_name(c[0].verdict), "data");
    for (int i = 1; i < 3; i++) {
        ck_assert_msg(near(c[i].error_ln, c[i].parameter->spread), "%g", c[i].error_ln);
        ck_assert_str_eq(gable_verdict_name(c[i].verdict), "prior");
        ck_assert(!c[i].pair);
    }
    ck_assert_int_eq(known.n_data, 1);
}
END_TEST

/* Half floor, half products: rows know the sum alone, so that each constant keeps half of the
 * variance of its prior, 1, and the two go up and down together. */
START_TEST(rows_that_know_a_sum_say_so)
{
    static gable_fit_row rows[N_SAME];
    gable_fit_rows all = same_rows(rows, 10e-6, 0.0);
    gable_certainty known = certainty_of(&all, 0.75);
    double rows_know = N_SAME / 4.0 / (0.08 * 0.08);
    for (int i = 0; i < 2; i++) {
        const gable_certain *c = &known.constant[i];
        ck_assert_msg(near(c->error_ln, sqrt((rows_know + 1.0) / (2.0 * rows_know + 1.0))), "%g",
                      c->error_ln);
        ck_assert_str_eq(c->pair, i ? "floor_us" : "compute_frac");
        ck_assert_msg(near(c->correlation, rows_know / (rows_know + 1.0)), "%g", c->correlation);
        ck_assert_int_eq(c->verdict, GABLE_VERDICT_PRIOR);
    }
}
END_TEST

START_TEST(end_of_a_range_is_named)
{
    static gable_fit_row rows[N_SAME];
    gable_fit_rows all = same_rows(rows, 0.0, 0.0);
    gable_certainty known = certainty_of(&all, 1.0);
    ck_assert_str_eq(gable_verdict_name(known.constant[2].verdict), "range");
}
END_TEST

START_TEST(more_rows_know_more)
{
    static gable_fit_row rows[N_PLANTED];
    gable_curve_point curve[GABLE_CURVE_POINTS_CAP], again[GABLE_CURVE_POINTS_CAP];
    truth made = {12e-6, 0.15, 0.3};
    int n, m;
    gable_fit_rows all = plant(rows, &made, 0.2, 23);
    for (int i = 0; i < N_PLANTED; i++)
        rows[i].draw = (uint64_t)i * 0x9e3779b97f4a7c15u;
    gable_status status =
        gable_fit_curve(scratch_arena(), &all, GABLE_FAMILY_ELEMENTWISE, curve, &n, &err);
    ck_assert_msg(status == GABLE_OK, "%s", err.text);
    ck_assert_int_eq(n, 7); /* 8 16 32 64 128 256 300 */
    ck_assert_int_eq(curve[0].n_train, 8);
    ck_assert_int_eq(curve[0].n_draws, GABLE_CURVE_DRAWS);
    ck_assert_int_eq(curve[n - 1].n_train, N_PLANTED / 2);
    ck_assert_int_eq(curve[n - 1].n_draws, 1);
    gable_calibrated whole = fit_planted(&all);
    ck_assert(near(curve[n - 1].median_frac, whole.median_frac));
    ck_assert(near(curve[n - 1].p90_frac, whole.p90_frac));
    ck_assert_msg(curve[0].median_frac > 1.02 * curve[n - 1].median_frac, "%g %g",
                  curve[0].median_frac, curve[n - 1].median_frac);
    for (int i = 0; i < n; i++)
        ck_assert(curve[i].worst_p90_frac >= curve[i].p90_frac * (1.0 - 1e-12));
    ck_assert_int_eq(
        gable_fit_curve(scratch_arena(), &all, GABLE_FAMILY_ELEMENTWISE, again, &m, &err), 0);
    ck_assert(m == n && again[2].median_frac == curve[2].median_frac);
    for (int i = 0; i < N_PLANTED; i++)
        rows[i].train = true;
    ck_assert_int_eq(
        gable_fit_curve(scratch_arena(), &all, GABLE_FAMILY_ELEMENTWISE, curve, &n, &err), 0);
    ck_assert_int_eq(n, 0); /* nothing to test on */
}
END_TEST

/* ---- tables ---- */

/* A table of one device whose times were made with known constants. */
static const char *write_table(void)
{
    static const double sizes[] = {64, 192, 512, 2048, 4096, 8192};
    static const double tokens[] = {1, 16, 128, 512, 2048, 8192};
    gable_text text = {0};
    gable_text_add(&text, "device,framework,version,dtype,m,n,k,latency_us\n");
    for (int i = 0; i < 216; i++) {
        double m = tokens[i / 36], n = sizes[i / 6 % 6], k = sizes[i % 6];
        double flops = 2.0 * m * n * k, bytes = 2.0 * (m * n + n * k + m * k);
        double s = 4e-6 + fmax(flops / (0.7 * 989.4e12), bytes / (0.8 * 3.35e12));
        gable_text_addf(&text, "h100-sxm,trtllm,1.0,bf16,%g,%g,%g,%.9g\n", m, n, k, s * 1e6);
    }
    gable_text_add(&text, "l40s,trtllm,1.0,bf16,1,64,64,900\nh100-sxm,trtllm,1.0,fp8,1,64,64,9\n");
    const char *path = scratch_file("gemm.csv", text.text, text.length_bytes);
    gable_text_free(&text);
    return path;
}

START_TEST(calibrates_a_table)
{
    gable_csv csv;
    gable_rows rows;
    double *seconds;
    static gable_calibrate_report report;
    gable_arena *arena = scratch_arena();
    gable_calibrate_options options = {.hw = "hw", .device = "h100-sxm", .date = "2026-11-22"};
    ck_assert_int_eq(gable_csv_read(arena, write_table(), &csv, &err), GABLE_OK);
    ck_assert_int_eq(gable_rows_read(arena, &csv, gable_table_kind_find("gemm"), &rows, &err), 0);
    ck_assert_int_eq(gable_measured_read(arena, &csv, &seconds, &err), GABLE_OK);
    ck_assert_msg(gable_calibrate_rows(arena, &rows, seconds, &options, &report, &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_int_eq(report.fitted.n_entries, 1);
    ck_assert_int_eq(report.n_left_out, 1); /* one row of fp8 */
    const gable_calibrated *k = &report.fitted.entries[0];
    ck_assert_int_eq(k->n_train + k->n_test, 216); /* the other device is not ours */
    ck_assert_int_ge(k->n_train, 70);
    ck_assert_int_ge(k->n_test, 70);
    /* The rows obey a plain roofline, the form has tiles and waves: near, not equal. */
    ck_assert_msg(k->median_frac < 0.06 && fabs(k->bias_frac) < 0.03, "%g %g", k->median_frac,
                  k->bias_frac);
    ck_assert_msg(fabs(k->value[GABLE_GEMM_T0] / 4.0 - 1.0) < 0.15, "%g", k->value[GABLE_GEMM_T0]);
    ck_assert_str_eq(k->source, "gemm");
    ck_assert_msg(strstr(report.fitted.notes[0].where, "gemm.csv, 218 rows"), "%s",
                  report.fitted.notes[0].where);
    options.device = "gb200";
    ck_assert_int_eq(gable_calibrate_rows(arena, &rows, seconds, &options, &report, &err),
                     GABLE_INPUT);
}
END_TEST

Suite *gable_suite_fit(void);
Suite *gable_suite_fit(void)
{
    Suite *suite = suite_create("fit");
    TCase *tcase = tcase_create("fit");
    tcase_add_checked_fixture(tcase, set_up, scratch_close);
    tcase_set_timeout(tcase, 60);
    ADD_ROWS(tcase, finds_root, roots);
    tcase_add_test(tcase, no_change_of_sign_is_refused);
    tcase_add_test(tcase, not_finite_is_refused);
    tcase_add_test(tcase, outlier_does_not_drag);
    ADD_ROWS(tcase, covariance_of_a_line_is_known, lines);
    tcase_add_test(tcase, parameter_without_rows_has_no_variance);
    tcase_add_test(tcase, bad_fits_are_refused);
    tcase_add_test(tcase, quantiles);
    ADD_ROWS(tcase, recovers_planted_constants, planted);
    tcase_add_test(tcase, outliers_do_not_move_the_fit);
    tcase_add_test(tcase, sigma_covers_eight_in_ten);
    tcase_add_test(tcase, few_rows_are_refused);
    tcase_add_test(tcase, constant_without_rows_is_its_prior);
    tcase_add_test(tcase, rows_that_know_a_sum_say_so);
    tcase_add_test(tcase, end_of_a_range_is_named);
    tcase_add_test(tcase, more_rows_know_more);
    tcase_add_test(tcase, calibrates_a_table);
    suite_add_tcase(suite, tcase);
    return suite;
}
