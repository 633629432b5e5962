/* engine/fit: see fit.h. The three constants of one group of rows. */
#include "engine/fit.h"

#include <math.h>
#include <string.h>

#include "engine/gslx.h"
#include "engine/predict.h"

/* ln scale at which the loss turns from quadratic to linear: the spread of a good kernel model
 * (facts/kernels.md 1 uses the same). */
static const double loss_scale = 0.08;

/* Priors, weak: at one `spread` from its centre a parameter costs what one row at the loss scale
 * costs. */
enum { FLOOR, COMPUTE, MEMORY, N_PARAMETERS };
static const double prior_spread[N_PARAMETERS] = {[FLOOR] = 1.0, [COMPUTE] = 1.0, [MEMORY] = 1.0};

enum { TEST_ROWS_LEAST = 8 };

typedef struct problem {
    const gable_fit_row *rows;
    size_t n;
    double prior[N_PARAMETERS];
} problem;

static double logistic(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static double logit(double frac)
{
    return log(frac / (1.0 - frac));
}

/* ln(predicted / measured) of one row. */
static double row_error(const gable_fit_row *row, const gable_calibrated *k)
{
    double compute = row->compute_s / k->compute_frac, memory = row->memory_s / k->memory_frac;
    return log((k->floor_s + fmax(compute, memory)) / row->measured_s);
}

static void unpack(const double *parameters, gable_calibrated *out)
{
    out->floor_s = exp(parameters[FLOOR]);
    out->compute_frac = logistic(parameters[COMPUTE]);
    out->memory_frac = logistic(parameters[MEMORY]);
}

static void residuals(const double *parameters, void *ctx, double *out)
{
    const problem *p = (const problem *)ctx;
    gable_calibrated k = {0};
    unpack(parameters, &k);
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->rows[i].train)
            out[n++] = row_error(&p->rows[i], &k);
    for (int i = 0; i < N_PARAMETERS; i++)
        out[n++] = loss_scale * (parameters[i] - p->prior[i]) / prior_spread[i];
}

static size_t count_training(const gable_fit_row *rows, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += rows[i].train;
    return count;
}

/* The fastest row bounds the floor from above. */
static double fastest(const gable_fit_row *rows, size_t n)
{
    double least = HUGE_VAL;
    for (size_t i = 0; i < n; i++)
        if (rows[i].train)
            least = fmin(least, rows[i].measured_s);
    return least;
}

/* max() has kinks, so the search starts from several points and the best end is kept. */
static gable_status search(const gable_fit_row *rows, size_t n, gable_calibrated *out,
                           gable_err *err)
{
    static const double starts[][2] = {{0.5, 0.75}, {0.2, 0.4}, {0.8, 0.3}};
    problem p = {.rows = rows, .n = n, .prior = {log(0.9 * fastest(rows, n)), 0.0, logit(0.75)}};
    gslx_fit fit = {.residuals = residuals,
                    .ctx = &p,
                    .n_residuals = count_training(rows, n) + N_PARAMETERS,
                    .n_parameters = N_PARAMETERS,
                    .scale = loss_scale};
    double best = HUGE_VAL;
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        double parameters[N_PARAMETERS] = {p.prior[FLOOR], logit(starts[i][0]),
                                           logit(starts[i][1])};
        double loss;
        GABLE_TRY(gslx_least_squares(&fit, parameters, &loss, err));
        if (loss < best) {
            best = loss;
            unpack(parameters, out);
        }
    }
    return GABLE_OK;
}

/* Errors on the half that was not fitted to. */
static void score(const gable_fit_row *rows, size_t n, double *values, gable_calibrated *out)
{
    bool all = (size_t)out->n_test < TEST_ROWS_LEAST;
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (all || !rows[i].train)
            values[m++] = row_error(&rows[i], out);
    gslx_sort(values, m);
    out->bias_frac = expm1(gslx_median(values, m));
    for (size_t i = 0; i < m; i++)
        values[i] = fabs(values[i]);
    gslx_sort(values, m);
    out->sigma_ln = gslx_quantile(values, m, 0.8) / GABLE_P90_DEVIATE;
    for (size_t i = 0, j = 0; i < n; i++)
        if (all || !rows[i].train)
            values[j++] = fabs(expm1(row_error(&rows[i], out)));
    gslx_sort(values, m);
    out->median_frac = gslx_median(values, m);
    out->p90_frac = gslx_quantile(values, m, 0.9);
}

gable_status gable_fit_kernel(gable_arena *arena, const gable_fit_row *rows, size_t n,
                              gable_calibrated *out, gable_err *err)
{
    double *values;
    size_t n_train = count_training(rows, n);
    if (n_train < GABLE_FIT_LEAST_ROWS)
        return gable_fail(err, GABLE_INPUT, "%zu rows to fit to, expected at least %d", n_train,
                          (int)GABLE_FIT_LEAST_ROWS);
    out->n_train = (int)n_train;
    out->n_test = (int)(n - n_train);
    GABLE_TRY(search(rows, n, out, err));
    size_t mark = gable_arena_mark(arena);
    GABLE_TRY(gable_arena_take(arena, n, sizeof *values, &values, err));
    score(rows, n, values, out);
    gable_arena_release(arena, mark);
    return GABLE_OK;
}
