/* cost: time of a whole attention block (facts/attention.md 6): kernels one after the other, so the
 * parts add: floors of all of them, projections, streams, indexer and its choice, attention. */
#include <math.h>

#include "cost/forms.h"

static const double query_tile = 128.0, key_tile = 128.0, heads_tile = 64.0;

static double max2(double a, double b)
{
    return a > b ? a : b;
}

static double square(double x)
{
    return x * x;
}

typedef struct part {
    double compute_s, memory_s, latency_s;
} part;

/* Weights and cache that fit in L2 were left there by the last call of a benchmark. */
static double l2_gain(const gable_work *work, const gable_chip *chip, const double *v)
{
    if (work->copies == 0.0 || chip->l2_bytes <= 0.0)
        return 1.0;
    double kept = work->weight_bytes + work->cache_bytes;
    return 1.0 + (v[GABLE_SUBLAYER_L2X] - 1.0) *
                     gable_form_hit(kept, v[GABLE_SUBLAYER_CL2] * chip->l2_bytes);
}

static part projections(const gable_work *work, const gable_chip *chip, const double *v,
                        double gain)
{
    const gable_sublayer_work *p = &work->parts;
    double frac = v[GABLE_SUBLAYER_EG];
    if (p->projection_mma == GABLE_MMA_FP8 || p->projection_mma == GABLE_MMA_INT8)
        frac = v[GABLE_SUBLAYER_EN];
    else if (p->projection_mma == GABLE_MMA_FP4)
        frac = v[GABLE_SUBLAYER_EF];
    return (part){.compute_s = p->projection_flops / (chip->projection_flops_per_s * frac),
                  .memory_s = work->weight_bytes /
                              (chip->bandwidth_bytes_per_s * v[GABLE_SUBLAYER_EW] * gain)};
}

static bool expands(const gable_sublayer *s, const gable_sublayer_work *p, const double *v)
{
    int rule = (int)v[GABLE_SUBLAYER_EXPAND];
    bool all = s->n_cached + s->n_new <= p->keys; /* nothing is left out */
    return p->expanded_flops > 0.0 && (rule == 1 || (rule == 2 && all));
}

/* Rows of a tile that is filled with fewer, beside those: n rounded up to whole tiles. */
static double padding(double n, double rows)
{
    return gable_form_ceil(n / rows) * rows / n;
}

/* Work beside that of the keys that a query sees: lists of picked keys that are not full are walked
 * to their end by some kernels, and short ones cost as much as somewhat longer ones everywhere. */
static double more_keys(const gable_sublayer *s, const gable_sublayer_work *p, const double *v)
{
    if (v[GABLE_SUBLAYER_FULL] > 0.0 && s->top_k > 0.0)
        return max2(1.0, (s->top_k + s->window) / p->average_keys);
    return sqrt(1.0 + square(v[GABLE_SUBLAYER_KF] / p->average_keys));
}

/* The attention: thread blocks of query rows when heads have keys of their own, of heads when they
 * share latents. */
static part attention(const gable_sublayer *s, const gable_sublayer_work *p, const gable_chip *chip,
                      const double *v, double gain)
{
    bool expanded = expands(s, p, v), per_head = expanded || s->selection == GABLE_SELECTION_BLOCKS;
    double flops = expanded ? p->expanded_flops : p->core_flops, splits = 1.0, blocks;
    if (per_head) {
        flops *= padding(s->n_new, v[GABLE_SUBLAYER_QT]);
        if (!expanded) /* the heads of a group share a tile */
            flops *= padding(s->heads / s->kv_heads, v[GABLE_SUBLAYER_HP]);
        double heads = s->decode && !expanded ? s->kv_heads : s->heads; /* decode packs groups */
        blocks = s->batch * heads * gable_form_ceil(s->n_new / query_tile);
    } else {
        flops *= padding(s->heads, v[GABLE_SUBLAYER_HP]);
        if (s->heads > 31.0 && s->heads < 33.0)
            flops *= v[GABLE_SUBLAYER_X32];
        blocks = s->batch * s->n_new * gable_form_ceil(s->heads / heads_tile);
    }
    if (v[GABLE_SUBLAYER_SPLITS] > 0.0)
        splits = max2(1.0, gable_form_floor(chip->n_sm / blocks));
    flops *= more_keys(s, p, v);
    double fill = blocks * splits / chip->n_sm, frac = v[GABLE_SUBLAYER_EM];
    if (p->core_mma == GABLE_MMA_FP8)
        frac *= v[GABLE_SUBLAYER_EC];
    part a = {.compute_s = flops / (chip->core_flops_per_s * frac),
              .memory_s =
                  p->core_bytes / (chip->bandwidth_bytes_per_s * v[GABLE_SUBLAYER_EB] * gain)};
    if (fill < 1.0)
        a.compute_s /= pow(fill, v[GABLE_SUBLAYER_UT]);
    a.latency_s = 1e-6 * v[GABLE_SUBLAYER_CHAIN] * p->keys / key_tile / splits;
    return a;
}

/* Scores on the matrix units, keys and scores through memory, and one thread block a query that
 * picks. */
static part indexer(const gable_sublayer *s, const gable_sublayer_work *p, const gable_chip *chip,
                    const double *v)
{
    part i = {0};
    double queries = s->batch * s->n_new, waves = max2(queries / chip->n_sm, 1.0);
    i.compute_s = p->index_flops / (chip->index_flops_per_s * v[GABLE_SUBLAYER_EI]);
    i.memory_s =
        (p->index_bytes + p->score_bytes) / (chip->bandwidth_bytes_per_s * v[GABLE_SUBLAYER_ES]);
    if (s->index_heads <= 1.0) {
        i.compute_s *= v[GABLE_SUBLAYER_X1];
        i.memory_s *= v[GABLE_SUBLAYER_X1];
    }
    i.latency_s =
        1e-6 * v[GABLE_SUBLAYER_TS] +
        waves * (1e-9 * v[GABLE_SUBLAYER_KS] * p->candidates + 1e-6 * v[GABLE_SUBLAYER_TW]);
    return i;
}

static double seconds(const part *p)
{
    return sqrt(square(p->compute_s) + square(p->memory_s) + square(p->latency_s));
}

/* Launches of all kernels of the block, counted with its projections. */
static double floor_us(const gable_sublayer *s, const gable_work *work, const double *v)
{
    const gable_sublayer_work *p = &work->parts;
    double us = v[GABLE_SUBLAYER_T0];
    if (work->weight_element_bytes < 2.0)
        us += v[p->projection_mma == GABLE_MMA_FP4 ? GABLE_SUBLAYER_TF : GABLE_SUBLAYER_TQ];
    us += v[GABLE_SUBLAYER_TB] * s->batch;
    if (p->core_mma == GABLE_MMA_FP8)
        us += v[GABLE_SUBLAYER_TC];
    return us;
}

void gable_form_sublayer(const gable_op *op, const gable_work *work, gable_chip *chip,
                         const double *value, gable_time *out)
{
    const gable_sublayer *s = &op->sublayer;
    const gable_sublayer_work *p = &work->parts;
    double gain = l2_gain(work, chip, value);
    part weights = projections(work, chip, value, gain), core = {0}, index = {0};
    if (p->keys > 0.0)
        core = attention(s, p, chip, value, gain);
    if (p->candidates > 0.0)
        index = indexer(s, p, chip, value);
    double streams = (work->activation_bytes + work->spill_bytes - p->score_bytes) /
                     (chip->bandwidth_bytes_per_s * value[GABLE_SUBLAYER_EA]);
    double choice_s = index.latency_s;
    index.latency_s = 0.0;
    double total = seconds(&weights) + seconds(&core) + seconds(&index) + streams;
    bool launches = s->part == GABLE_BLOCK_WHOLE || s->part == GABLE_BLOCK_PROJECTIONS;
    out->compute_s = weights.compute_s + core.compute_s + index.compute_s;
    out->memory_s = weights.memory_s + core.memory_s + index.memory_s + streams;
    out->overhead_s = (launches ? 1e-6 * floor_us(s, work, value) : 0.0) + choice_s;
    out->exposed_s = total - max2(out->compute_s, out->memory_s);
}
