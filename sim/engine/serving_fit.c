/* engine/serving_fit: see serving_fit.h. */
#include "engine/serving_fit.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "engine/gslx.h"

static const double z_90 = 1.2815515655446004;

/* Half of the runs are repeated within a few percent; residuals beyond this are other settings. */
static const double robust_scale = 0.1;

/* A deviation from the prior by its spread costs as much as this many runs off by the scale. */
static const double prior_weight = 1.0;

/* Groups below this are fitted and tested on all their runs. */
enum { LEAST_TO_SPLIT = 24 };

static const struct {
    size_t offset;
    double prior, spread, least, most;
} parameters[] = {
#define PARAMETER(member, key, dim, prior, spread, least, most, help)                              \
    {offsetof(gable_serving_constants, member), prior, spread, least, most},
    GABLE_SERVING_LIST(PARAMETER)
#undef PARAMETER
};
enum { N_PARAMETERS = sizeof parameters / sizeof parameters[0] };

/* ---- errors ---- */

static bool counts(const gable_serving_run *run, gable_serving_half half)
{
    return half == GABLE_SERVING_BOTH || run->train == (half == GABLE_SERVING_TRAIN);
}

static bool same_group(const gable_serving_errors *g, const gable_serving_run *run)
{
    if (!g->stack)
        return true;
    return run->stack && strcmp(g->stack, run->stack) == 0 && strcmp(g->device, run->device) == 0 &&
           strcmp(g->model, run->model) == 0 && strcmp(g->precision, run->precision) == 0;
}

/* Median and 90th percentile of |exp(r) - 1|, and the median of r; `r` is used up. */
static void spread_of(double *r, int n, double *median, double *p90, double *bias)
{
    gslx_sort(r, (size_t)n);
    *bias = gslx_median(r, (size_t)n);
    for (int i = 0; i < n; i++)
        r[i] = fabs(exp(r[i]) - 1.0);
    gslx_sort(r, (size_t)n);
    *median = gslx_median(r, (size_t)n);
    *p90 = gslx_quantile(r, (size_t)n, 0.9);
}

static void add_errors(const gable_serving_runs *runs, gable_serving_half half, double *tpot,
                       double *ttft, gable_serving_errors *g)
{
    int n_tpot = 0, n_ttft = 0, tpot_inside = 0, ttft_inside = 0;
    for (size_t i = 0; i < runs->csv->n_rows; i++) {
        const gable_serving_run *run = &runs->run[i];
        const gable_serving *s = &run->serving;
        if (!counts(run, half) || !same_group(g, run))
            continue;
        g->n++;
        if (run->unsupported)
            continue;
        g->n_covered++;
        if (run->tpot_s > 0.0) {
            tpot[n_tpot++] = log(s->tpot_s / run->tpot_s);
            tpot_inside += s->tpot_p10_s <= run->tpot_s && run->tpot_s <= s->tpot_p90_s;
            g->n_impossible += run->tpot_s < s->tpot_ceiling_s;
        }
        if (run->ttft_clean) {
            ttft[n_ttft++] = log(s->ttft_s / run->ttft_s);
            ttft_inside += s->ttft_p10_s <= run->ttft_s && run->ttft_s <= s->ttft_p90_s;
        }
    }
    g->n_ttft = n_ttft;
    g->tpot_inside_frac = n_tpot ? (double)tpot_inside / n_tpot : 0.0;
    g->ttft_inside_frac = n_ttft ? (double)ttft_inside / n_ttft : 0.0;
    spread_of(tpot, n_tpot, &g->tpot_median_frac, &g->tpot_p90_frac, &g->tpot_bias_ln);
    spread_of(ttft, n_ttft, &g->ttft_median_frac, &g->ttft_p90_frac, &g->ttft_bias_ln);
}

gable_status gable_serving_validate(gable_arena *arena, const gable_serving_runs *runs,
                                    gable_serving_half half, gable_serving_errors *out, int *n,
                                    gable_err *err)
{
    double *tpot, *ttft;
    size_t n_rows = runs->csv->n_rows;
    GABLE_TRY(gable_arena_take(arena, n_rows + 1, sizeof *tpot, &tpot, err));
    GABLE_TRY(gable_arena_take(arena, n_rows + 1, sizeof *ttft, &ttft, err));
    *n = 0;
    for (size_t i = 0; i < n_rows; i++) {
        const gable_serving_run *run = &runs->run[i];
        int k = 0;
        while (k < *n && !same_group(&out[k], run))
            k++;
        if (k < *n || !counts(run, half) || !run->stack)
            continue;
        if (*n == GABLE_SERVING_GROUPS_CAP - 1)
            return gable_fail(err, GABLE_INPUT, "%s: more than %d groups of runs", runs->csv->file,
                              GABLE_SERVING_GROUPS_CAP);
        out[(*n)++] = (gable_serving_errors){.stack = run->stack,
                                             .device = run->device,
                                             .model = run->model,
                                             .precision = run->precision};
    }
    out[(*n)++] = (gable_serving_errors){0};
    for (int k = 0; k < *n; k++)
        add_errors(runs, half, tpot, ttft, &out[k]);
    return GABLE_OK;
}

/* ---- fit ---- */

/* Constants of steps are fitted to TPOT; with them the runs are simulated, and what comes around
 * the simulated first step is fitted to TTFT. What launches cost shows in both: each of a row of
 * values is tried, and that with the least loss of both is kept. */
typedef struct fit_stage {
    int first, n; /* parameters */
    bool ttft;
} fit_stage;
enum { LAUNCH = 5, N_LAUNCHES = 21 };
_Static_assert(offsetof(gable_serving_constants, launch_s) == LAUNCH * sizeof(double),
               "the first constants are those of steps");
static const fit_stage steps_stage = {0, LAUNCH, false};
static const fit_stage ttft_stage = {LAUNCH + 1, N_PARAMETERS - LAUNCH - 1, true};
static const double launch_step_s = 5e-6;

/* Versions of an engine differ by 3.6 % in TPOT and 9 % in TTFT (facts/serving.md 8): rows of the
 * former say more. */
static const double steps_weight = 2.0;

/* Runs whose clients waited for something that came once, as kernels being compiled: a mean that
 * is this far beyond the simulated one tells nothing of constants. */
static const double stalled_factor = 2.0, stalled_s = 0.5;

typedef struct fitting {
    gable_arena *arena;
    gable_serving_run **run;
    gable_serving_wait *wait; /* of each run, simulated with the constants of steps */
    size_t n, n_ttft;
    const fit_stage *stage;
    gable_serving_constants constants;
} fitting;

static bool stalled(const fitting *f, size_t i)
{
    return f->run[i]->ttft_s > stalled_factor * f->wait[i].queue_s + stalled_s;
}

static void take(const fit_stage *stage, const double *z, gable_serving_constants *out)
{
    for (int i = 0; i < stage->n; i++) {
        int k = stage->first + i;
        double value = parameters[k].prior + z[i] * parameters[k].spread;
        value = fmin(fmax(value, parameters[k].least), parameters[k].most);
        memcpy((char *)out + parameters[k].offset, &value, sizeof value);
    }
}

static int tpot_errors(const fitting *f, const gable_serving_constants *c, double *r)
{
    int n = 0;
    for (size_t i = 0; i < f->n; i++)
        r[n++] = log(gable_serving_tpot(&f->run[i]->parts, c) / f->run[i]->tpot_s);
    return n;
}

static int ttft_errors(const fitting *f, const gable_serving_constants *c, double *r)
{
    int n = 0;
    for (size_t i = 0; i < f->n; i++)
        if (f->run[i]->ttft_clean)
            r[n++] = log(gable_serving_ttft(c, &f->wait[i], f->run[i]->request.concurrency) /
                         f->run[i]->ttft_s);
    return n;
}

static void residuals(const double *z, void *ctx, double *out)
{
    const fitting *f = ctx;
    gable_serving_constants c = f->constants;
    take(f->stage, z, &c);
    int n = f->stage->ttft ? ttft_errors(f, &c, out) : tpot_errors(f, &c, out);
    for (size_t i = 0, k = 0; f->stage->ttft && i < f->n; k += f->run[i++]->ttft_clean)
        if (f->run[i]->ttft_clean && stalled(f, i))
            out[k] = 0.0;
    for (int i = 0; i < f->stage->n; i++)
        out[n + i] = prior_weight * robust_scale * z[i];
}

static size_t select_runs(const gable_serving_runs *runs, const char *stack, const char *generation,
                          gable_serving_half half, fitting *out)
{
    out->n = out->n_ttft = 0;
    for (size_t i = 0; i < runs->csv->n_rows; i++) {
        gable_serving_run *run = &runs->run[i];
        if (run->unsupported || !run->stack || strcmp(run->stack, stack) != 0 ||
            strcmp(run->generation, generation) != 0 || !(run->tpot_s > 0.0) || !counts(run, half))
            continue;
        out->run[out->n++] = run;
        out->n_ttft += run->ttft_clean;
    }
    return out->n;
}

static gable_status fit_one(fitting *f, const fit_stage *stage, double *loss, gable_err *err)
{
    double z[N_PARAMETERS] = {0};
    f->stage = stage;
    gslx_fit fit = {.residuals = residuals,
                    .ctx = f,
                    .n_residuals = (stage->ttft ? f->n_ttft : f->n) + (size_t)stage->n,
                    .n_parameters = (size_t)stage->n,
                    .scale = robust_scale};
    GABLE_TRY(gslx_least_squares(&fit, z, loss, err));
    take(stage, z, &f->constants);
    return GABLE_OK;
}

static gable_status simulate_runs(fitting *f, gable_err *err)
{
    for (size_t i = 0; i < f->n; i++)
        if (f->run[i]->ttft_clean)
            GABLE_TRY(gable_serving_run_wait(f->arena, f->run[i], &f->constants, &f->wait[i], err));
    return GABLE_OK;
}

static gable_status fit_runs(fitting *f, gable_serving_entry *out, gable_err *err)
{
    double least = (double)INFINITY, steps_loss, ttft_loss;
    for (int i = 0; i < N_LAUNCHES; i++) {
        f->constants = (gable_serving_constants){.launch_s = i * launch_step_s};
        double z = (f->constants.launch_s - parameters[LAUNCH].prior) / parameters[LAUNCH].spread;
        double prior_loss = pow(prior_weight * robust_scale * z, 2.0);
        GABLE_TRY(fit_one(f, &steps_stage, &steps_loss, err));
        GABLE_TRY(simulate_runs(f, err));
        GABLE_TRY(fit_one(f, &ttft_stage, &ttft_loss, err));
        if (steps_weight * steps_loss + ttft_loss + prior_loss < least) {
            least = steps_weight * steps_loss + ttft_loss + prior_loss;
            out->constants = f->constants;
        }
    }
    f->constants = out->constants;
    GABLE_TRY(simulate_runs(f, err));
    out->n_stalled = 0;
    for (size_t i = 0; i < f->n; i++)
        out->n_stalled += f->run[i]->ttft_clean && stalled(f, i);
    return GABLE_OK;
}

/* Spread that puts 80 % of the tested runs inside [p10, p90]; without runs, the prior's. */
static double sigma_of(double *r, int n)
{
    for (int i = 0; i < n; i++)
        r[i] = fabs(r[i]);
    gslx_sort(r, (size_t)n);
    return n ? gslx_quantile(r, (size_t)n, 0.8) / z_90 : 0.55;
}

static gable_status test_runs(fitting *f, double *r, gable_serving_entry *e, gable_err *err)
{
    double bias;
    gable_serving_constants *c = &e->constants;
    GABLE_TRY(simulate_runs(f, err));
    c->tpot_sigma_ln = sigma_of(r, tpot_errors(f, c, r));
    c->ttft_sigma_ln = sigma_of(r, ttft_errors(f, c, r));
    spread_of(r, tpot_errors(f, c, r), &e->tpot_median_frac, &e->tpot_p90_frac, &bias);
    spread_of(r, ttft_errors(f, c, r), &e->ttft_median_frac, &e->ttft_p90_frac, &bias);
    return GABLE_OK;
}

static gable_status fit_generation(gable_arena *arena, const gable_serving_runs *runs,
                                   const char *stack, bool half, gable_serving_entry *e,
                                   gable_err *err)
{
    fitting f = {.arena = arena};
    double *r;
    size_t n_rows = runs->csv->n_rows;
    GABLE_TRY(gable_arena_take(arena, n_rows + 1, sizeof *f.run, &f.run, err));
    GABLE_TRY(gable_arena_take(arena, n_rows + 1, sizeof *f.wait, &f.wait, err));
    GABLE_TRY(gable_arena_take(arena, n_rows + 1, sizeof *r, &r, err));
    size_t n_all = select_runs(runs, stack, e->generation, GABLE_SERVING_BOTH, &f);
    bool split = half || n_all >= LEAST_TO_SPLIT; /* what is to be held out never trains */
    e->n_train = (int)select_runs(runs, stack, e->generation,
                                  split ? GABLE_SERVING_TRAIN : GABLE_SERVING_BOTH, &f);
    GABLE_TRY(fit_runs(&f, e, err));
    if (split)
        e->n_test = (int)select_runs(runs, stack, e->generation, GABLE_SERVING_TEST, &f);
    GABLE_TRY(test_runs(&f, r, e, err));
    if (half || !split)
        return GABLE_OK;
    gable_serving_constants tested = e->constants;
    select_runs(runs, stack, e->generation, GABLE_SERVING_BOTH, &f);
    GABLE_TRY(fit_runs(&f, e, err));
    e->constants.tpot_sigma_ln = tested.tpot_sigma_ln;
    e->constants.ttft_sigma_ln = tested.ttft_sigma_ln;
    return GABLE_OK;
}

gable_status gable_serving_fit(gable_arena *arena, const gable_serving_runs *runs,
                               const char *stack, bool half, gable_serving_entry *out, int *n,
                               gable_err *err)
{
    *n = 0;
    for (size_t i = 0; i < runs->csv->n_rows; i++) {
        const gable_serving_run *run = &runs->run[i];
        int k = 0;
        if (run->unsupported || !run->stack || strcmp(run->stack, stack) != 0)
            continue;
        while (k < *n && strcmp(out[k].generation, run->generation) != 0)
            k++;
        if (k < *n || *n == GABLE_SERVING_GROUPS_CAP)
            continue;
        out[*n] = (gable_serving_entry){.generation = run->generation};
        GABLE_TRY(fit_generation(arena, runs, stack, half, &out[*n], err));
        (*n)++;
    }
    return GABLE_OK;
}
