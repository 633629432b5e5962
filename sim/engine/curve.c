/* engine/curve: see curve.h. */
#include "engine/curve.h"

#include <math.h>
#include <stdio.h>

#include "layout/flops.h"

const gable_curve_text gable_curves[GABLE_N_CURVES] = {
#define CURVE_TEXT(symbol, name, axis, x, y, x_label, y_label, help)                               \
    {name, x, y, x_label, y_label, help, axis},
    GABLE_CURVE_LIST(CURVE_TEXT)
#undef CURVE_TEXT
};

/* Contexts from 1k to 1M, batches from 1 to 4096. */
static const double context_low = 1024.0, context_high = 1048576.0;
static const double batch_high = 4096.0;

typedef struct drawing {
    gable_arena *arena;
    gable_curve_kind kind;
    const gable_machine *machine;
    const gable_scenario *scenario;
    gable_err *err;
} drawing;

typedef struct points {
    double *x, *y, *batch;
    int n;
} points;

static gable_status take_points(const drawing *d, points *p)
{
    p->n = 0;
    GABLE_TRY(gable_arena_take(d->arena, GABLE_SERIES_POINTS_CAP, sizeof *p->x, &p->x, d->err));
    GABLE_TRY(gable_arena_take(d->arena, GABLE_SERIES_POINTS_CAP, sizeof *p->y, &p->y, d->err));
    return gable_arena_take(d->arena, GABLE_SERIES_POINTS_CAP, sizeof *p->batch, &p->batch, d->err);
}

/* What one sequence keeps after `n` tokens: windows hold no more than there is. */
static gable_status kept_bytes(const drawing *d, const gable_model *model, double n, double *out)
{
    gable_scenario s = {.phase = GABLE_PHASE_DECODE,
                        .batch = 1.0,
                        .n_cached = n - 1.0,
                        .n_new = 1.0,
                        .tp = 1,
                        .ep = 1};
    gable_plan plan;
    size_t mark = gable_arena_mark(d->arena);
    gable_status status = gable_layout_plan(d->arena, model, &s, &plan, d->err);
    if (status == GABLE_OK)
        *out = plan.kv_bytes + plan.state_bytes;
    gable_arena_release(d->arena, mark);
    return status;
}

/* Half octaves, so that kinks of windows and budgets show. */
static gable_status over_context(const drawing *d, const gable_model *model, points *p)
{
    for (double n = context_low; p->n < GABLE_SERIES_POINTS_CAP; n *= sqrt(2.0)) {
        double whole = fmin(floor(n + 0.5), context_high), bytes = 0.0;
        gable_flops flops = {0};
        if (d->kind == GABLE_CURVE_FLOPS)
            GABLE_TRY(gable_model_token_flops(d->arena, model, whole - 1.0, &flops, d->err));
        else
            GABLE_TRY(kept_bytes(d, model, whole, &bytes));
        p->x[p->n] = whole;
        p->y[p->n++] = d->kind == GABLE_CURVE_FLOPS ? flops.fp8_equivalent : bytes / whole;
        if (whole >= context_high)
            break;
    }
    return GABLE_OK;
}

static void add_step(const drawing *d, const gable_plan *plan, const gable_step *step, points *p)
{
    double batch = plan->scenario.batch;
    double x[GABLE_N_CURVES] = {[GABLE_CURVE_ROOFLINE] = step->intensity_flops_per_byte,
                                [GABLE_CURVE_STEP] = batch,
                                [GABLE_CURVE_THROUGHPUT] = batch};
    double y[GABLE_N_CURVES] = {[GABLE_CURVE_ROOFLINE] = step->flops / step->time_s_total,
                                [GABLE_CURVE_STEP] = step->time_s_total,
                                [GABLE_CURVE_THROUGHPUT] = step->tokens_per_s / plan->scenario.tp};
    p->batch[p->n] = batch;
    p->x[p->n] = x[d->kind];
    p->y[p->n++] = y[d->kind];
}

/* The unit that most of the FLOPs run on. */
static gable_mma main_unit(const gable_plan *plan)
{
    double flops[GABLE_N_MMA] = {0};
    int best = GABLE_MMA_BF16;
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_OP && !plan->work[i].vector)
            flops[plan->work[i].mma] += plan->work[i].flops * plan->calls[i];
    for (int u = 0; u < GABLE_N_MMA; u++)
        if (flops[u] > flops[best])
            best = u;
    return (gable_mma)best;
}

static gable_status over_batch(const drawing *d, const gable_model *model, points *p,
                               bool used[GABLE_N_MMA])
{
    for (double batch = 1.0; batch <= batch_high; batch *= 2.0) {
        gable_scenario s = *d->scenario;
        gable_plan plan;
        gable_step step;
        size_t mark = gable_arena_mark(d->arena);
        s.phase = GABLE_PHASE_DECODE;
        s.batch = batch;
        s.n_new = 1.0;
        GABLE_TRY(gable_layout_plan(d->arena, model, &s, &plan, d->err));
        GABLE_TRY(gable_engine_check(&plan, d->machine, d->err));
        GABLE_TRY(gable_step_init(d->arena, &plan, &step, d->err));
        gable_engine_price(&plan, d->machine, &step);
        add_step(d, &plan, &step, p);
        if (batch >= batch_high)
            used[main_unit(&plan)] = true;
        gable_arena_release(d->arena, mark);
    }
    return GABLE_OK;
}

/* From the left edge of the picture up the slope to the ridge, and along the flat to its right
 * edge. */
static gable_status add_roof(const drawing *d, gable_mma unit, double low, double high,
                             gable_series *out)
{
    points p;
    gable_mma used;
    const gable_accelerator *a = d->machine->accelerator;
    double peak = gable_accelerator_peak(a, unit, &used);
    double slope = a->hbm_bandwidth_bytes_per_s, ridge = peak / slope;
    GABLE_TRY(take_points(d, &p));
    const double x[] = {fmin(low, ridge), ridge, 2.0 * fmax(high, ridge)};
    for (int i = 0; i < 3; i++) {
        p.x[i] = x[i];
        p.y[i] = fmin(slope * x[i], peak);
    }
    const char *key = gable_mma_key(used);
    char *name = gable_arena_alloc(d->arena, 32, 1);
    if (!name)
        return gable_fail(d->err, GABLE_INTERNAL, "arena full");
    snprintf(name, 32, "roof, %.16s", key);
    *out = (gable_series){.name = name, .roof = true, .n = 3, .x = p.x, .y = p.y};
    return GABLE_OK;
}

gable_status gable_engine_curve(gable_arena *arena, gable_curve_kind kind,
                                const gable_model *const *models, int n_models,
                                const gable_machine *machine, const gable_scenario *scenario,
                                gable_series *out, int *n, gable_err *err)
{
    drawing d = {arena, kind, machine, scenario, err};
    bool used[GABLE_N_MMA] = {false}, batches = gable_curves[kind].over_batch;
    double low = HUGE_VAL, high = 0.0;
    for (*n = 0; *n < n_models && *n < GABLE_SERIES_CAP; (*n)++) {
        points p;
        GABLE_TRY(take_points(&d, &p));
        GABLE_TRY(batches ? over_batch(&d, models[*n], &p, used)
                          : over_context(&d, models[*n], &p));
        for (int i = 0; i < p.n; i++) {
            low = fmin(low, p.x[i]);
            high = fmax(high, p.x[i]);
        }
        out[*n] = (gable_series){.name = models[*n]->name,
                                 .n = p.n,
                                 .x = p.x,
                                 .y = p.y,
                                 .batch = batches ? p.batch : NULL};
    }
    for (int u = 0; kind == GABLE_CURVE_ROOFLINE && u < GABLE_N_MMA; u++)
        if (used[u] && *n < GABLE_SERIES_CAP)
            GABLE_TRY(add_roof(&d, (gable_mma)u, low, high, &out[(*n)++]));
    return GABLE_OK;
}
