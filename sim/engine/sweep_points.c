/* engine/sweep: a point and its index. */
#include <math.h>

#include "engine/gslx.h"
#include "engine/sweep_axes.h"
#include "engine/sweep_run.h"

gable_status gable_sweep_walk_open(const gable_sweep *sweep, gable_sweep_walk *out, gable_err *err)
{
    *out = (gable_sweep_walk){0};
    return sweep->sampled ? gslx_sobol_open((unsigned)sweep->n_axes, &out->generator, err)
                          : GABLE_OK;
}

void gable_sweep_walk_close(gable_sweep_walk *walk)
{
    gslx_sobol_close(walk->generator);
    *walk = (gable_sweep_walk){0};
}

uint64_t gable_sweep_shard_start(uint64_t total, uint64_t i, uint64_t n)
{
    return total / n * i + total % n * i / n;
}

/* Digits of the index, the last axis fastest. */
static void take_digits(const gable_sweep *sweep, uint64_t index, gable_sweep_point *out)
{
    for (int i = sweep->n_axes - 1; i >= 0; i--) {
        uint64_t n = (uint64_t)sweep->axis[i].n;
        out->at[i] = (int)(index % n);
        index /= n;
    }
}

/* A place in [0, 1) of a range. */
static double in_range(const gable_sweep_axis *axis, double place)
{
    bool whole = axis->type == GABLE_SWEEP_WHOLE;
    double to = axis->to + (whole && !axis->log ? 1.0 : 0.0);
    double x = axis->log ? axis->from * pow(axis->to / axis->from, place)
                         : axis->from + (to - axis->from) * place;
    x = whole ? floor(axis->log ? x + 0.5 : x) : x;
    return fmin(x, axis->to);
}

static void take_sample(const gable_sweep *sweep, gable_sweep_walk *walk, uint64_t index,
                        double place[GABLE_SWEEP_AXES_CAP], gable_sweep_point *out)
{
    if (index < walk->next) {
        gslx_sobol_restart(walk->generator);
        walk->next = 0;
    }
    for (; walk->next <= index; walk->next++)
        gslx_sobol_next(walk->generator, place);
    for (int i = 0; i < sweep->n_axes; i++) {
        int n = sweep->axis[i].n;
        int at = (int)(place[i] * n);
        out->at[i] = n == 0 ? -1 : at < n ? at : n - 1;
    }
}

/* Which model and which machine the digits say. */
static void take_objects(const gable_sweep *sweep, gable_sweep_point *out)
{
    out->variant = out->base = 0;
    for (int i = 0; i < sweep->n_axes; i++) {
        const gable_sweep_axis *axis = &sweep->axis[i];
        if (axis->part == GABLE_SWEEP_MODEL)
            out->variant = out->variant * axis->n + out->at[i];
        else if (gable_sweep_loads(axis))
            out->base = out->base * axis->n + out->at[i];
    }
}

void gable_sweep_at(const gable_sweep *sweep, gable_sweep_walk *walk, uint64_t index,
                    gable_sweep_point *out)
{
    double place[GABLE_SWEEP_AXES_CAP] = {0};
    if (sweep->sampled)
        take_sample(sweep, walk, index, place, out);
    else
        take_digits(sweep, index, out);
    take_objects(sweep, out);
    for (int i = 0; i < sweep->n_axes; i++) {
        const gable_sweep_axis *axis = &sweep->axis[i];
        if (out->at[i] < 0)
            out->value[i] = in_range(axis, place[i]);
        else if (axis->row)
            out->value[i] = axis->value[out->at[i]];
        else
            out->value[i] = axis->base_value[out->base * axis->n + out->at[i]];
    }
}

void gable_sweep_words_of(const gable_sweep *sweep, const gable_sweep_point *point,
                          gable_sweep_words *out)
{
    *out = gable_sweep_defaults;
    for (int i = 0; i < sweep->n_axes; i++)
        if (sweep->axis[i].row)
            gable_sweep_set_word(&sweep->axis[i], point->at[i], point->value[i], out);
}

/* What `gable cost` takes when nothing is said: a short chat. */
static const double default_context = 1024.0, default_prompt = 1024.0;

void gable_sweep_scenario(const gable_sweep *sweep, const gable_sweep_words *w, int variant,
                          gable_scenario *out)
{
    bool decode = (int)w->phase == GABLE_PHASE_DECODE;
    double canvas = sweep->variant[variant]->canvas;
    double fallback = !decode ? default_prompt : canvas > 0.0 ? canvas : 1.0;
    *out = (gable_scenario){.phase = (gable_phase)w->phase,
                            .batch = w->batch,
                            .n_cached = w->context >= 0.0 ? w->context
                                        : decode          ? default_context
                                                          : 0.0,
                            .n_new = w->new_tokens > 0.0 ? w->new_tokens : fallback,
                            .tp = (int)w->tp,
                            .ep = (int)w->ep,
                            .pp = (int)w->pp,
                            .cp = (int)w->cp,
                            .dp = (int)w->dp,
                            .attn_dp = (int)w->attn_dp,
                            .micro_batches = (int)w->micro_batches,
                            .redundant_experts = (int)w->redundant_experts,
                            .overlap = (gable_overlap)w->overlap,
                            .exchange = (gable_token_exchange)w->exchange,
                            .context_exchange = (gable_context_exchange)w->context_exchange,
                            .skew = w->experts_skew,
                            .offload_weights = w->offload_weights,
                            .offload_kv = w->offload_kv};
}
