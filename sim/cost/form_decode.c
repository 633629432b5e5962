/* cost: time of decode attention (facts/attention.md 3): keys split over blocks, the latency of one
 * block's chain, the throughput of the SMs with wave loss, the memory, and the per-head kernels
 * that libraries fall back to. */
#include <math.h>

#include "cost/forms.h"

typedef enum rule { RULE_ANY, RULE_ONE_UNSPLIT, RULE_ONE_OR_WIDE, RULE_WIDE } rule;

static const double key_tile = 128.0, widest_group = 32.0;

typedef struct shape {
    double batch, heads, kv_heads, group, keys, width; /* width: mean of key and value elements */
    double key_bytes; /* of one key and its value, one key/value head */
    double blocks;    /* before splitting */
    bool may_split;
} shape;

static double max2(double a, double b)
{
    return a > b ? a : b;
}

static double min2(double a, double b)
{
    return a < b ? a : b;
}

static double join3(double a, double b, double c, double power)
{
    double a2 = a * a, b2 = b * b, c2 = c * c;
    if (power < 4.0)
        return sqrt(a2 + b2 + c2);
    return sqrt(sqrt(a2 * a2 + b2 * b2 + c2 * c2));
}

/* Heads that are not 128 wide cost more than their bytes. */
static double width_weight(double width, const double *v)
{
    if (width > 128.0)
        return pow(width / 128.0, v[GABLE_DECODE_XD] - 1.0);
    return width < 128.0 ? pow(128.0 / width, v[GABLE_DECODE_XS]) : 1.0;
}

static double splits_of(const shape *s, const gable_chip *chip, const double *v, double tiles)
{
    if (!s->may_split || v[GABLE_DECODE_SPLITS] <= 0.0)
        return 1.0;
    double room = gable_form_floor(chip->n_sm * v[GABLE_DECODE_OCC] / s->blocks);
    return max2(1.0, min2(room, gable_form_ceil(tiles / v[GABLE_DECODE_MINT])));
}

typedef struct parts {
    double chain_s, work_s, splits;
} parts;

static parts packed_seconds(const shape *s, const gable_chip *chip, const double *v)
{
    parts p;
    double tiles = gable_form_ceil(s->keys / key_tile),
           group = gable_form_ceil(s->group / 8.0) * 8.0;
    p.splits = splits_of(s, chip, v, tiles);
    double tile_bytes = s->key_bytes * key_tile * width_weight(s->width, v);
    double more = 1.0 + group / v[GABLE_DECODE_G0];
    double fixed = 1e-6 * v[GABLE_DECODE_KAP] *
                   (1.0 + group * s->width / 128.0 / v[GABLE_DECODE_GK]) *
                   (1.0 + v[GABLE_DECODE_KN] * min2(s->keys, key_tile) / key_tile);
    double waves = s->blocks * p.splits / (chip->n_sm * v[GABLE_DECODE_OCCR]),
           whole = gable_form_ceil(waves);
    p.chain_s =
        gable_form_ceil(tiles / p.splits) * tile_bytes / (1e9 * v[GABLE_DECODE_BWC]) * more +
        whole * fixed;
    p.work_s = s->blocks * max2(s->keys / key_tile, 0.125) * tile_bytes /
               (v[GABLE_DECODE_BWSM] * chip->clock_hz) * more / chip->n_sm * sqrt(whole / waves);
    return p;
}

/* One block a head: no packing of groups, so keys are read again for each head, from L2. */
static parts per_head_seconds(const shape *s, const gable_chip *chip, const double *v)
{
    parts p = {.splits = 1.0};
    double blocks = s->batch * s->heads, width = s->width / 128.0;
    double splits = max2(
        1.0, min2(gable_form_floor(2.0 * chip->n_sm / blocks), gable_form_ceil(s->keys / 256.0)));
    p.chain_s = gable_form_ceil(blocks / (4.0 * chip->n_sm)) * 1e-6 * v[GABLE_DECODE_FK] +
                s->keys / splits * 1e-9 * v[GABLE_DECODE_FL] * width;
    p.work_s =
        blocks * s->keys * width * 1e-9 * v[GABLE_DECODE_FT] / chip->n_sm * 1.83e9 / chip->clock_hz;
    return p;
}

static bool falls_back(const shape *s, const double *v)
{
    int kind = (int)v[GABLE_DECODE_RULE];
    bool wide = s->group > widest_group;
    return (kind == RULE_WIDE && wide) || (kind == RULE_ONE_OR_WIDE && (wide || s->group <= 1.0));
}

static shape shape_of(const gable_attention *a, const double *v)
{
    double keys = a->n_cached + a->n_new;
    shape s = {.batch = a->batch,
               .heads = a->heads,
               .kv_heads = a->kv_heads,
               .group = a->n_new * a->heads / a->kv_heads,
               .may_split = true};
    s.keys = a->window > 0.0 ? min2(keys, a->window + a->n_new - 1.0) : keys;
    s.width = (a->qk_dim + a->v_dim) / 2.0;
    s.key_bytes = a->read_elements / a->kv_heads * gable_dtype_bytes(a->kv);
    s.blocks = a->batch * a->kv_heads * gable_form_ceil(s.group / 64.0);
    if ((int)v[GABLE_DECODE_RULE] == RULE_ONE_UNSPLIT && (s.group <= 1.0 || a->window > 0.0)) {
        s.blocks = a->batch * a->heads;
        s.group = 1.0;
        s.may_split = false;
    }
    return s;
}

void gable_form_decode(const gable_op *op, const gable_work *work, gable_chip *chip,
                       const double *value, gable_time *out)
{
    const gable_attention *a = &op->attention;
    shape s = shape_of(a, value);
    bool alone = falls_back(&s, value);
    parts p = alone ? per_head_seconds(&s, chip, value) : packed_seconds(&s, chip, value);
    double cache = s.batch * s.kv_heads * s.keys * s.key_bytes, whole = cache, miss = 1.0;
    if (value[GABLE_DECODE_WHOLE] > 0.0) /* keys that the window leaves out count too */
        whole = s.batch * s.kv_heads * (a->n_cached + a->n_new) * s.key_bytes;
    if (work->copies != 0.0 && chip->l2_bytes > 0.0) { /* the last call left it in L2 */
        double x = whole / (value[GABLE_DECODE_CL2] * chip->l2_bytes), x2 = x * x, x4 = x2 * x2;
        double x12 = x4 * x4 * x4;
        miss = x > 1e3 ? 1.0 : x12 / (1.0 + x12);
    }
    double bandwidth = chip->bandwidth_bytes_per_s * value[GABLE_DECODE_EB];
    double memory = (cache * miss + work->activation_bytes) / bandwidth;
    double core = join3(p.chain_s, p.work_s, memory, value[GABLE_DECODE_POWER]);
    /* Throughput of the SMs is that of loading the cache; what a chain of few blocks adds is
     * latency. */
    out->memory_s = max2(memory, p.work_s);
    out->compute_s = work->flops / chip->peak_flops_per_s;
    double ramp_bytes = 1e6 * value[GABLE_DECODE_S0] * chip->bandwidth_bytes_per_s / 3.35e12;
    double ramp = 1e-6 * value[GABLE_DECODE_RR] * whole * miss / (whole * miss + ramp_bytes);
    double reduce = p.splits > 1.0 ? 1e-6 * value[GABLE_DECODE_TR1] * sqrt(p.splits) : 0.0;
    double latency = max2(core - max2(out->memory_s, out->compute_s), 0.0);
    out->overhead_s = latency + 1e-6 * (value[GABLE_DECODE_T0] + value[GABLE_DECODE_TB] * s.batch) +
                      reduce + ramp;
}
