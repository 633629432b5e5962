/* engine/fit: see fit.h. The constants of one group of rows: continuous ones by robust least
 * squares with priors, discrete ones (tile shapes, switches of a library) by trying. */
#include "engine/fit.h"

#include <math.h>
#include <string.h>

#include "engine/gslx.h"

/* ln scale at which the loss turns from quadratic to linear: the spread of a good kernel model
 * (facts/kernels.md 1 uses the same). */
static const double loss_scale = 0.08;

/* Groups of so few rows are cheap enough to start every choice from two points. */
enum { SWEEPS = 2, AFRESH_ROWS_CAP = 200, LEAST_ROWS = 6, LEAST_ROWS_CAP = 12 };

typedef struct problem {
    const gable_fit_rows *rows;
    const gable_form *form;
    gable_calibrated *entry; /* holds the discrete constants, and the continuous ones being tried */
    int free[GABLE_PARAMETERS_CAP]; /* continuous constants */
    int n_free;
    bool all; /* test rows take part too */
} problem;

/* ln(predicted / measured) of one row. */
static double row_error(const gable_fit_rows *rows, size_t i, const gable_calibrated *entry)
{
    gable_kernel_constants k = {.sigma_ln = 0.0};
    gable_time time;
    const gable_fit_row *row = &rows->row[i];
    memcpy(k.value, entry->value, sizeof k.value);
    gable_cost_time_with(row->op, &row->work, rows->accelerator, rows->constants, &k, &time);
    return log(time.time_s / row->measured_s);
}

static double clamp(double x, double low, double high)
{
    return x < low ? low : (x > high ? high : x);
}

/* The search works on logarithms; what leaves the range of a constant is clamped, and the prior
 * pulls it back. */
static void unpack(const problem *p, const double *parameters)
{
    for (int i = 0; i < p->n_free; i++) {
        const gable_parameter *c = &p->form->parameters[p->free[i]];
        p->entry->value[p->free[i]] = clamp(exp(parameters[i]), c->low, c->high);
    }
}

static void residuals(const double *parameters, void *ctx, double *out)
{
    problem *p = (problem *)ctx;
    size_t n = 0;
    unpack(p, parameters);
    for (size_t i = 0; i < p->rows->n; i++)
        if (p->all || p->rows->row[i].train)
            out[n++] = row_error(p->rows, i, p->entry);
    for (int i = 0; i < p->n_free; i++) {
        const gable_parameter *c = &p->form->parameters[p->free[i]];
        out[n++] = loss_scale * (parameters[i] - log(c->centre)) / c->spread;
    }
}

static size_t count_training(const gable_fit_rows *rows)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->n; i++)
        count += rows->row[i].train;
    return count;
}

/* The least squares of p, and the point where it stands. */
static gslx_fit fit_of(problem *p, double *parameters)
{
    for (int i = 0; i < p->n_free; i++)
        parameters[i] = log(p->entry->value[p->free[i]]);
    return (gslx_fit){.residuals = residuals,
                      .ctx = p,
                      .n_residuals =
                          (p->all ? p->rows->n : count_training(p->rows)) + (size_t)p->n_free,
                      .n_parameters = (size_t)p->n_free,
                      .scale = loss_scale};
}

/* Continuous constants for the discrete ones that stand in p->entry, from where the continuous ones
 * stand. */
static gable_status descend(problem *p, double *loss, gable_err *err)
{
    double parameters[GABLE_PARAMETERS_CAP];
    gslx_fit fit = fit_of(p, parameters);
    GABLE_TRY(gslx_least_squares(&fit, parameters, loss, err));
    unpack(p, parameters);
    return GABLE_OK;
}

static problem problem_of(const gable_fit_rows *rows, gable_calibrated *entry)
{
    problem p = {.rows = rows,
                 .form = &gable_forms[gable_family_form((gable_family)entry->family)],
                 .entry = entry};
    for (int i = 0; i < p.form->n_parameters; i++)
        if (!p.form->parameters[i].n_choices)
            p.free[p.n_free++] = i;
    return p;
}

static void start(problem *p)
{
    for (int i = 0; i < p->form->n_parameters; i++) {
        const gable_parameter *c = &p->form->parameters[i];
        p->entry->value[i] = c->n_choices ? c->choices[0] : c->centre;
    }
}

/* From the centres of the priors, keeping the discrete constants: another way of a kernel to work
 * has other minima. */
static gable_status descend_afresh(problem *p, double *loss, gable_err *err)
{
    gable_calibrated near = *p->entry;
    double fresh;
    for (int i = 0; i < p->n_free; i++)
        p->entry->value[p->free[i]] = p->form->parameters[p->free[i]].centre;
    GABLE_TRY(descend(p, &fresh, err));
    if (fresh < *loss)
        *loss = fresh;
    else
        *p->entry = near;
    return GABLE_OK;
}

/* One discrete constant: every other choice is tried with a fit of its own; a better one is kept.
 */
static gable_status try_choices(problem *p, int which, double *best_loss, bool *changed,
                                gable_err *err)
{
    const gable_parameter *c = &p->form->parameters[which];
    gable_calibrated best = *p->entry;
    for (int i = 0; i < c->n_choices; i++) {
        double loss;
        gable_calibrated from = best;
        if (c->choices[i] >= best.value[which] && c->choices[i] <= best.value[which])
            continue;
        *p->entry = from;
        p->entry->value[which] = c->choices[i];
        GABLE_TRY(descend(p, &loss, err));
        if (count_training(p->rows) <= AFRESH_ROWS_CAP)
            GABLE_TRY(descend_afresh(p, &loss, err));
        /* A tie stays with the simpler default. */
        if (loss < *best_loss * (1.0 - 1e-3)) {
            *best_loss = loss;
            best = *p->entry;
            *changed = true;
        }
    }
    *p->entry = best;
    return GABLE_OK;
}

static gable_status search(problem *p, gable_err *err)
{
    double loss;
    bool changed = true;
    start(p);
    GABLE_TRY(descend(p, &loss, err));
    for (int sweep = 0; sweep < SWEEPS && changed; sweep++) {
        changed = false;
        for (int i = 0; i < p->form->n_parameters; i++)
            if (p->form->parameters[i].n_choices)
                GABLE_TRY(try_choices(p, i, &loss, &changed, err));
    }
    return GABLE_OK;
}

/* Errors on the half that was not fitted to. */
static void score(const gable_fit_rows *rows, double *values, gable_calibrated *out)
{
    bool all = (size_t)out->n_test < GABLE_FIT_TEST_LEAST;
    size_t m = 0;
    for (size_t i = 0; i < rows->n; i++)
        if (all || !rows->row[i].train)
            values[m++] = row_error(rows, i, out);
    gslx_sort(values, m);
    out->bias_frac = expm1(gslx_median(values, m));
    for (size_t i = 0; i < m; i++)
        values[i] = fabs(values[i]);
    gslx_sort(values, m);
    out->sigma_ln = gslx_quantile(values, m, 0.8) / 1.2815515655446004;
    for (size_t i = 0, j = 0; i < rows->n; i++)
        if (all || !rows->row[i].train)
            values[j++] = fabs(expm1(row_error(rows, i, out)));
    gslx_sort(values, m);
    out->median_frac = gslx_median(values, m);
    out->p90_frac = gslx_quantile(values, m, 0.9);
}

size_t gable_fit_least_rows(gable_family family)
{
    const gable_form *form = &gable_forms[gable_family_form(family)];
    size_t n_free = 0;
    for (int i = 0; i < form->n_parameters; i++)
        n_free += form->parameters[i].n_choices == 0;
    size_t least = 3 * n_free / 4;
    return least < LEAST_ROWS ? LEAST_ROWS : least > LEAST_ROWS_CAP ? LEAST_ROWS_CAP : least;
}

gable_status gable_fit_kernel(gable_arena *arena, const gable_fit_rows *rows, gable_calibrated *out,
                              gable_err *err)
{
    double *values;
    size_t n_train = count_training(rows);
    size_t least = gable_fit_least_rows((gable_family)out->family);
    if (n_train < least && !rows->few)
        return gable_fail(err, GABLE_INPUT, "%zu rows to fit to, expected at least %zu", n_train,
                          least);
    problem p = problem_of(rows, out);
    out->n_train = (int)n_train;
    out->n_test = (int)(rows->n - n_train);
    GABLE_TRY(search(&p, err));
    size_t mark = gable_arena_mark(arena);
    GABLE_TRY(gable_arena_take(arena, rows->n, sizeof *values, &values, err));
    score(rows, values, out);
    gable_arena_release(arena, mark);
    if (rows->half)
        return GABLE_OK;
    double loss;
    p.all = true;
    return descend(&p, &loss, err);
}

/* ---- how well the constants are known ---- */

const char *gable_verdict_name(gable_verdict verdict)
{
    static const char *const names[] = {"data", "prior", "range"};
    return names[verdict];
}

static gable_verdict judge(const gable_certain *c)
{
    const gable_parameter *p = c->parameter;
    const double slack = 5e-5; /* half of the last digit that is written */
    if (c->value <= p->low * (1.0 + slack) || c->value >= p->high * (1.0 - slack))
        return GABLE_VERDICT_RANGE;
    return 2.0 * c->error_ln * c->error_ln < p->spread * p->spread ? GABLE_VERDICT_DATA
                                                                   : GABLE_VERDICT_PRIOR;
}

/* Constant i of p, from the covariance of all. */
static gable_certain certain_of(const problem *p, const double *covariance, int i)
{
    int n = p->n_free;
    gable_certain c = {.parameter = &p->form->parameters[p->free[i]],
                       .value = p->entry->value[p->free[i]],
                       .error_ln = sqrt(covariance[i * n + i])};
    for (int j = 0; j < n; j++) {
        double scale = sqrt(covariance[i * n + i] * covariance[j * n + j]);
        double correlation = scale > 0.0 ? covariance[i * n + j] / scale : 0.0;
        if (j == i || fabs(correlation) <= fabs(c.correlation))
            continue;
        c.correlation = correlation;
        c.pair = p->form->parameters[p->free[j]].name;
    }
    c.verdict = judge(&c);
    return c;
}

gable_status gable_fit_certainty(const gable_fit_rows *rows, const gable_calibrated *entry,
                                 gable_certainty *out, gable_err *err)
{
    double parameters[GABLE_PARAMETERS_CAP];
    double covariance[GABLE_PARAMETERS_CAP * GABLE_PARAMETERS_CAP];
    gable_calibrated at = *entry;
    problem p = problem_of(rows, &at);
    p.all = !rows->half;
    gslx_fit fit = fit_of(&p, parameters);
    GABLE_TRY(gslx_covariance(&fit, parameters, covariance, err));
    unpack(&p, parameters);
    *out = (gable_certainty){.n = p.n_free};
    for (int i = 0; i < p.n_free; i++) {
        out->constant[i] = certain_of(&p, covariance, i);
        out->n_data += out->constant[i].verdict == GABLE_VERDICT_DATA;
    }
    return GABLE_OK;
}
