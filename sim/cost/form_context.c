/* cost: time of prefill, chunked-prefill and encoder attention (facts/attention.md 2): tiles of
 * queries x keys on the SMs, bounded by products and exponentials, by the longest block and by the
 * sum of all; streams of Q, K, V, O; the stage that rotates positions or stores the cache. */
#include <math.h>

#include "cost/forms.h"

typedef enum stage { STAGE_STORE_512, STAGE_STORE, STAGE_ROPE, STAGE_NONE } stage;

/* Which queries share a tile with those of the other heads of their group. One library does it
 * where a tile would hold a single row otherwise and no window tells rows apart: a decode step run
 * by a prefill kernel. */
typedef enum pack { PACK_NONE, PACK_ALL, PACK_SINGLE } pack;

/* The tables count a token's store on 132 SMs, and a store block holds 512 elements. */
static const double reference_sms = 132.0, store_block = 512.0;

typedef struct shape {
    double batch, n_new, n_all, heads, kv_heads, d, dv, window;
    double kv_bytes, query_bytes; /* per element */
    bool causal, narrow;          /* narrow: the products run in 8 bits */
} shape;

typedef struct blocks {
    double n;             /* thread blocks */
    double average, most; /* key tiles of a block */
} blocks;

static double max2(double a, double b)
{
    return a > b ? a : b;
}

static double min2(double a, double b)
{
    return a < b ? a : b;
}

static double join4(double a, double b)
{
    double a2 = a * a, b2 = b * b;
    return sqrt(sqrt(a2 * a2 + b2 * b2));
}

static double tile_rows(const shape *s, const double *v)
{
    return s->d > 128.0 ? v[GABLE_CONTEXT_MW] : v[GABLE_CONTEXT_M];
}

/* Wider heads leave room for fewer keys. */
static double tile_keys(const shape *s, const double *v)
{
    if (s->d > 128.0)
        return v[GABLE_CONTEXT_NW];
    return s->d < 128.0 ? v[GABLE_CONTEXT_NN] : v[GABLE_CONTEXT_N];
}

static double tile_seconds(const shape *s, const gable_chip *chip, const double *v, double m)
{
    double n = tile_keys(s, v);
    double products =
        2.0 * m * n * (s->d + s->dv) / (chip->peak_flops_per_s * v[GABLE_CONTEXT_EM] / chip->n_sm);
    double softmax = m * n / (chip->exp_per_s * v[GABLE_CONTEXT_EE] / chip->n_sm);
    double tile = gable_form_join(products, softmax, v[GABLE_CONTEXT_PP]);
    /* Libraries have their own, slower kernels for widths that no tile divides into. */
    if (s->d > 16.0 * gable_form_floor(s->d / 16.0))
        tile *= v[GABLE_CONTEXT_XO];
    /* All tiles of a window are masked element by element. */
    if (s->window > 0.0 && s->window < s->n_all)
        tile *= v[GABLE_CONTEXT_XM];
    if (s->d > 128.0)
        return tile * v[GABLE_CONTEXT_XW];
    return s->d < 128.0 ? tile * v[GABLE_CONTEXT_XN] : tile;
}

static bool packs(const shape *s, const double *v)
{
    int kind = (int)v[GABLE_CONTEXT_PACK];
    return kind == PACK_ALL || (kind == PACK_SINGLE && s->n_new <= 1.0 && s->window <= 0.0);
}

/* Key tiles of the average and of the longest block; half of the work of the diagonal is masked. */
static blocks count_blocks(const shape *s, const double *v, double m)
{
    double n = tile_keys(s, v), rows = m, n_rows, groups;
    blocks b;
    if (packs(s, v)) {
        rows = max2(m * s->kv_heads / s->heads, 1.0);
        n_rows = gable_form_ceil(s->n_new * s->heads / s->kv_heads / m);
        groups = s->batch * s->kv_heads;
    } else {
        n_rows = gable_form_ceil(s->n_new / m);
        groups = s->batch * s->heads;
    }
    double cached = s->n_all - s->n_new, slack = max2(0.0, n - rows) / 2.0;
    b.n = groups * n_rows;
    b.most = gable_form_ceil(s->n_all / n);
    b.average = b.most;
    if (s->causal && n_rows > 1.0)
        b.average =
            min2(b.most, max2(1.0, ((n_rows * rows + rows) / 2.0 + slack) / n) + cached / n);
    if (s->window > 0.0 && s->window < s->n_all) {
        double inside = min2(b.most, (s->window + rows + slack) / n + (rows >= n ? 1.0 : 0.0));
        double part = min2(s->window / s->n_new, 1.0);
        double start = max2(1.0, ((s->window + rows) / 2.0 + slack) / n);
        b.average = min2(b.average, part * min2(start, inside) + (1.0 - part) * inside);
        b.most = min2(b.most, max2(inside, b.average));
    }
    return b;
}

static double core_seconds(const shape *s, const gable_chip *chip, const double *v)
{
    double m = tile_rows(s, v), tile = tile_seconds(s, chip, v, m), splits = 1.0;
    double block = 1e-6 * v[GABLE_CONTEXT_KAP], longest;
    blocks b = count_blocks(s, v, m);
    if (v[GABLE_CONTEXT_SPLIT] > 0.0) {
        double room = gable_form_floor(chip->n_sm / b.n);
        splits = min2(max2(1.0, min2(room, v[GABLE_CONTEXT_NSM])), max2(1.0, b.most / 2.0));
    }
    longest = b.most * tile * v[GABLE_CONTEXT_LAT] / splits + block;
    if (splits > 1.0)
        longest += 1e-6 * v[GABLE_CONTEXT_TCMB];
    double all = b.n * (b.average * tile + block) / chip->n_sm;
    if (b.n > chip->n_sm)
        all += v[GABLE_CONTEXT_AL] * (b.most * tile + block);
    return join4(longest, all);
}

/* Seconds of a stream at part `frac` of the bandwidth, faster where L2 keeps it. */
static double stream_seconds(double bytes, double frac, const gable_chip *chip, const double *v)
{
    double x = bytes / (v[GABLE_CONTEXT_CL2] * chip->l2_bytes), hit = 0.0;
    if (chip->l2_bytes > 0.0)
        hit = 1.0 / (1.0 + x * x * x * x);
    return bytes / (chip->bandwidth_bytes_per_s * frac) /
           (1.0 + (v[GABLE_CONTEXT_L2X] - 1.0) * hit);
}

static double stage_seconds(const shape *s, const gable_chip *chip, const double *v)
{
    double tokens = s->batch * s->n_new, frac = v[GABLE_CONTEXT_EP];
    double per_token = 1e-9 * v[GABLE_CONTEXT_CTK] * reference_sms / chip->n_sm;
    int kind = (int)v[GABLE_CONTEXT_STAGE];
    if (kind == STAGE_NONE)
        return 0.0;
    if (kind == STAGE_ROPE) {
        double bytes = tokens * s->d *
                       ((s->heads + 2.0 * s->kv_heads) * 2.0 + s->heads * s->query_bytes +
                        2.0 * s->kv_heads * s->kv_bytes);
        return stream_seconds(bytes, frac, chip, v) + tokens * per_token;
    }
    double bytes = tokens * s->d * 2.0 * s->kv_heads * (2.0 + s->kv_bytes);
    double part =
        kind == STAGE_STORE_512 ? min2(s->kv_heads * s->d, store_block) / store_block : 1.0;
    double by_bytes = stream_seconds(bytes, frac, chip, v), by_tokens = tokens * per_token * part;
    double seconds = sqrt(by_bytes * by_bytes + by_tokens * by_tokens);
    if (s->narrow)
        seconds += stream_seconds(tokens * s->heads * s->d * 3.0, frac, chip, v);
    return seconds;
}

void gable_form_context(const gable_op *op, const gable_work *work, gable_chip *chip,
                        const double *value, gable_time *out)
{
    const gable_attention *a = &op->attention;
    bool narrow = work->mma == GABLE_MMA_FP8;
    shape s = {.batch = a->batch,
               .n_new = a->n_new,
               .n_all = a->n_cached + a->n_new,
               .heads = a->heads,
               .kv_heads = a->kv_heads,
               .d = a->qk_dim,
               .dv = a->v_dim,
               .window = a->window,
               .kv_bytes = gable_dtype_bytes(a->kv),
               .query_bytes = narrow ? 1.0 : 2.0,
               .causal = a->causal,
               .narrow = narrow};
    double tokens = s.batch * s.n_new, all_tokens = s.batch * s.n_all;
    double streams =
        tokens * s.heads * (s.d + s.dv) * 2.0 + all_tokens * s.kv_heads * (s.d + s.dv) * s.kv_bytes;
    out->compute_s = core_seconds(&s, chip, value);
    out->memory_s = stream_seconds(streams, value[GABLE_CONTEXT_EB], chip, value);
    out->overhead_s = 1e-6 * value[GABLE_CONTEXT_T0];
    double core = sqrt(out->compute_s * out->compute_s + out->memory_s * out->memory_s);
    out->exposed_s = core - max2(out->compute_s, out->memory_s) + stage_seconds(&s, chip, value);
}
