/* cost: time of the kernels of latent attention: prefill with expanded or absorbed latents,
 * absorbed decode, the per-head products around it (facts/attention.md 2, 4, 5). */
#include <math.h>

#include "cost/forms.h"

/* Every published latent carries 64 elements that positions rotate (facts/models.md 2.3). */
static const double rope_elements = 64.0;

static double max2(double a, double b)
{
    return a > b ? a : b;
}

static double min2(double a, double b)
{
    return a < b ? a : b;
}

static double norm3(double a, double b, double c, double power)
{
    double a2 = a * a, b2 = b * b, c2 = c * c;
    if (power < 4.0)
        return sqrt(a2 + b2 + c2);
    return sqrt(sqrt(a2 * a2 + b2 * b2 + c2 * c2));
}

/* ---- prefill ---- */

/* All heads of a query share the keys, so that a tile holds the heads of one or a few queries. */
static void absorb(gable_attention *a)
{
    double latent = a->write_elements;
    a->kv_heads = 1.0;
    a->qk_dim = latent;
    a->v_dim = latent - rope_elements;
    a->read_elements = latent;
}

/* The prefill form, with the tiles of one head width and without what latents do not have (windows,
 * splits). */
void gable_form_latent_context(const gable_op *op, const gable_work *work, gable_chip *chip,
                               const double *value, gable_time *out)
{
    static const int same[][2] = {
        {GABLE_CONTEXT_T0, GABLE_LATENT_CONTEXT_T0},
        {GABLE_CONTEXT_EM, GABLE_LATENT_CONTEXT_EM},
        {GABLE_CONTEXT_EE, GABLE_LATENT_CONTEXT_EE},
        {GABLE_CONTEXT_PP, GABLE_LATENT_CONTEXT_PP},
        {GABLE_CONTEXT_LAT, GABLE_LATENT_CONTEXT_LAT},
        {GABLE_CONTEXT_KAP, GABLE_LATENT_CONTEXT_KAP},
        {GABLE_CONTEXT_AL, GABLE_LATENT_CONTEXT_AL},
        {GABLE_CONTEXT_EB, GABLE_LATENT_CONTEXT_EB},
        {GABLE_CONTEXT_EP, GABLE_LATENT_CONTEXT_EP},
        {GABLE_CONTEXT_CTK, GABLE_LATENT_CONTEXT_CTK},
        {GABLE_CONTEXT_L2X, GABLE_LATENT_CONTEXT_L2X},
        {GABLE_CONTEXT_CL2, GABLE_LATENT_CONTEXT_CL2},
        {GABLE_CONTEXT_M, GABLE_LATENT_CONTEXT_M},
        {GABLE_CONTEXT_MW, GABLE_LATENT_CONTEXT_M},
        {GABLE_CONTEXT_N, GABLE_LATENT_CONTEXT_N},
        {GABLE_CONTEXT_NW, GABLE_LATENT_CONTEXT_N},
        {GABLE_CONTEXT_STAGE, GABLE_LATENT_CONTEXT_STAGE},
    };
    double v[GABLE_PARAMETERS_CAP] = {0};
    gable_op shaped = *op;
    for (unsigned i = 0; i < sizeof same / sizeof same[0]; i++)
        v[same[i][0]] = value[same[i][1]];
    v[GABLE_CONTEXT_NN] = v[GABLE_CONTEXT_N];
    v[GABLE_CONTEXT_XW] = v[GABLE_CONTEXT_XN] = v[GABLE_CONTEXT_XM] = v[GABLE_CONTEXT_NSM] = 1.0;
    bool absorbed = op->attention.read_elements <
                    op->attention.kv_heads * (op->attention.qk_dim + op->attention.v_dim);
    if (!absorbed && value[GABLE_LATENT_CONTEXT_ABSORB] > 0.0)
        absorb(&shaped.attention);
    if (absorbed || value[GABLE_LATENT_CONTEXT_ABSORB] > 0.0)
        v[GABLE_CONTEXT_PACK] = 1.0;
    gable_form_context(&shaped, work, chip, v, out);
}

/* ---- decode ---- */

static const double key_tile = 64.0;

typedef struct decode {
    double blocks, splits, chain_s, work_s;
} decode;

/* Keys and values are one latent: a tile of 64 is loaded once, and used by both products of the
 * heads of a block. */
static decode decode_seconds(const gable_attention *a, const gable_chip *chip, const double *v)
{
    decode d = {.splits = 1.0};
    double heads = a->heads * a->n_new, keys = a->n_cached + a->n_new;
    double share = v[GABLE_LATENT_DECODE_GT], tiles = gable_form_ceil(keys / key_tile);
    double rows = gable_form_ceil(heads / 8.0) * 8.0;
    rows = min2(max2(rows, v[GABLE_LATENT_DECODE_HMIN]), share);
    d.blocks = a->batch * gable_form_ceil(heads / share);
    if (v[GABLE_LATENT_DECODE_SPLITS] > 0.0) {
        double room = gable_form_floor(chip->n_sm * v[GABLE_LATENT_DECODE_OCC] / d.blocks);
        d.splits = max2(1.0, min2(room, gable_form_ceil(tiles / v[GABLE_LATENT_DECODE_MINT])));
    }
    double products = 2.0 * rows * (a->qk_dim + a->v_dim) * key_tile /
                      (chip->peak_flops_per_s * v[GABLE_LATENT_DECODE_EM] / chip->n_sm);
    double load = a->read_elements * gable_dtype_bytes(a->kv) * key_tile /
                  (v[GABLE_LATENT_DECODE_BWSM] * chip->clock_hz);
    double tile = sqrt(products * products + load * load);
    double waves = d.blocks * d.splits / chip->n_sm, whole = gable_form_ceil(waves);
    double fixed = 1e-6 * v[GABLE_LATENT_DECODE_KAP] * (1.0 + heads / v[GABLE_LATENT_DECODE_GK]);
    d.chain_s =
        gable_form_ceil(tiles / d.splits) * tile * v[GABLE_LATENT_DECODE_LAT] + whole * fixed;
    d.work_s = d.blocks * max2(keys / key_tile, 0.125) * tile / chip->n_sm * sqrt(whole / waves);
    return d;
}

/* What of the cache the last call did not leave in L2. */
static double missed_bytes(double cache, double useful_l2)
{
    double x = cache / useful_l2, x2 = x * x, x4 = x2 * x2, x12 = x4 * x4 * x4;
    return x > 1e3 ? cache : cache * x12 / (1.0 + x12);
}

void gable_form_latent_decode(const gable_op *op, const gable_work *work, gable_chip *chip,
                              const double *value, gable_time *out)
{
    const gable_attention *a = &op->attention;
    decode d = decode_seconds(a, chip, value);
    double cache =
        a->batch * (a->n_cached + a->n_new) * a->read_elements * gable_dtype_bytes(a->kv);
    double missed = cache;
    if (work->copies != 0.0 && chip->l2_bytes > 0.0)
        missed = missed_bytes(cache, value[GABLE_LATENT_DECODE_CL2] * chip->l2_bytes);
    out->memory_s = (missed + work->activation_bytes) /
                    (chip->bandwidth_bytes_per_s * value[GABLE_LATENT_DECODE_EB]);
    out->compute_s = max2(d.chain_s, d.work_s);
    double core = norm3(d.chain_s, d.work_s, out->memory_s, value[GABLE_LATENT_DECODE_POWER]);
    if (a->heads * a->n_new > 31.0 && a->heads * a->n_new < 33.0)
        core *= value[GABLE_LATENT_DECODE_X32];
    double ramp_bytes = 1e6 * value[GABLE_LATENT_DECODE_S0] * chip->bandwidth_bytes_per_s / 3.35e12;
    double ramp = 1e-6 * value[GABLE_LATENT_DECODE_RR] * missed / (missed + ramp_bytes);
    double reduce = d.splits > 1.0 ? 1e-6 * value[GABLE_LATENT_DECODE_TR1] * sqrt(d.splits) : 0.0;
    out->overhead_s =
        1e-6 * (value[GABLE_LATENT_DECODE_T0] + value[GABLE_LATENT_DECODE_TB] * a->batch) + reduce +
        ramp;
    out->exposed_s = max2(core - max2(out->compute_s, out->memory_s), 0.0);
}

/* ---- per-head products ---- */

static const double tile_rows = 128.0, reference_clock_hz = 1.83e9;

/* Many small products in one kernel: tiles on the SMs beside the streams; no search among tile
 * shapes. */
void gable_form_batched(const gable_op *op, const gable_work *work, gable_chip *chip,
                        const double *value, gable_time *out)
{
    const gable_gemm *g = &op->gemm;
    double groups = g->groups > 0.0 ? g->groups : 1.0, slow = reference_clock_hz / chip->clock_hz;
    double tiles = groups * gable_form_ceil(g->m / tile_rows) * gable_form_ceil(g->n / tile_rows);
    double waves = tiles / chip->n_sm, whole = gable_form_ceil(waves);
    double chain = 1e-6 * value[GABLE_BATCHED_CHAIN] * slow;
    double spread =
        1e-6 * value[GABLE_BATCHED_TILE] * slow * waves * sqrt(min2(whole / waves, 8.0));
    double bytes = work->weight_bytes + work->activation_bytes, gain = 1.0;
    if (work->copies != 0.0 && chip->l2_bytes > 0.0)
        gain = 1.0 + (value[GABLE_BATCHED_L2X] - 1.0) *
                         gable_form_hit(bytes, value[GABLE_BATCHED_CL2] * chip->l2_bytes);
    double products = work->flops / (chip->peak_flops_per_s * value[GABLE_BATCHED_EF]);
    out->memory_s = bytes / (chip->bandwidth_bytes_per_s * value[GABLE_BATCHED_EB] * gain);
    out->compute_s = max2(products, max2(chain, spread));
    double power = value[GABLE_BATCHED_POWER];
    double core = norm3(norm3(chain, spread, products, power), out->memory_s, 0.0, power);
    out->overhead_s = 1e-6 * value[GABLE_BATCHED_T0];
    out->exposed_s = core - max2(out->compute_s, out->memory_s);
}
