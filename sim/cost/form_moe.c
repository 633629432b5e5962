/* cost: time of a layer of routed experts (facts/kernels.md 5.2): routing, permutation, two grouped
 * products over the experts that are hit, activation, finalisation. A latent layer passes its
 * latent width as hidden. */
#include <math.h>

#include "cost/forms.h"

/* Rows of the tiles that gable_moe_load counts. */
static const double tile_m[GABLE_MOE_TILES] = {16, 32, 64, 128, 256};

/* Tiles that are searched: rows (an index of tile_m) and columns, at most 32768 elements. Columns
 * are powers of two: dividing by them is exact. */
enum { SEARCHED = 14 };
static const struct {
    int rows;
    double columns;
} searched[SEARCHED] = {{0, 64},  {0, 128}, {0, 256}, {1, 64},  {1, 128}, {1, 256}, {2, 64},
                        {2, 128}, {2, 256}, {3, 64},  {3, 128}, {3, 256}, {4, 64},  {4, 128}};

/* Units of the tables: PT counts 1e-4 us, TFA starts at 64 pairs, TK at the 8 experts per token of
 * fast routing. */
static const double pair_unit_s = 1e-10, first_pairs = 64.0, fast_top_k = 8.0;

typedef struct experts {
    const gable_work *work;
    gable_chip *chip;
    const double *v;
    double w, a, sm_flops, sm_bytes;
    bool few; /* no more tokens than experts on the rank */
} experts;

typedef struct seconds {
    double compute_s, memory_s, joined_s;
} seconds;

static double max2(double a, double b)
{
    return a > b ? a : b;
}

/* Part of a stream that L2 keeps, with the softer cliff of many small matrices. */
static double kept(double bytes, double useful_l2)
{
    if (useful_l2 <= 0.0)
        return 0.0;
    double x = bytes / useful_l2, x2 = x * x;
    return 1.0 / (1.0 + x2 * x2);
}

/* Libraries without a search take one tile for at most a token per expert and one for more: those
 * of the default configuration of fused Triton kernels; other kernels with 16-bit activations fit
 * it too (those with 8-bit ones lose more on unseen configurations than they gain). */
static const int rows_few = 0, rows_many = 2; /* of tile_m */
static const double columns_few = 32.0, columns_many = 64.0;

/* Of one tile on one SM: seconds for each element of k, and fixed ones. */
static void tile_rates(const experts *e, int rows, double columns, double *per_k_s, double *fixed_s)
{
    const double *v = e->v;
    double m = tile_m[rows], area = 2.0 * m * columns;
    double halo = 1.0 + v[GABLE_MOE_H] * (1.0 / m + 1.0 / columns);
    double per_k = max2(area * halo / e->sm_flops, (m * e->a + columns * e->w) / e->sm_bytes);
    *per_k_s = max2(per_k, v[GABLE_MOE_LATK] / e->chip->clock_hz);
    *fixed_s = (area / v[GABLE_MOE_EPI] + v[GABLE_MOE_OV]) / e->chip->clock_hz;
}

/* `count` rows of tiles of one shape: `rows` an index of tile_m. */
static double tile_seconds(const experts *e, int rows, double count, double columns, double n,
                           double k)
{
    double per_k, fixed, blocks = count * gable_form_ceil(n / columns);
    tile_rates(e, rows, columns, &per_k, &fixed);
    return gable_form_waves(blocks, e->chip->n_sm, e->v[GABLE_MOE_SIG]) * (per_k * k + fixed);
}

/* Past the change of tiles no less than one small tile for each expert, so that more tokens never
 * take less time. */
static double fixed_seconds(const experts *e, double n, double k)
{
    const gable_moe_load *load = &e->work->load;
    if (e->few)
        return tile_seconds(e, rows_few, load->tiles[rows_few], columns_few, n, k);
    return max2(tile_seconds(e, rows_few, load->distinct, columns_few, n, k),
                tile_seconds(e, rows_many, load->tiles[rows_many], columns_many, n, k));
}

/* The searched tile that is fastest beside the memory. */
static double best_seconds(const experts *e, double n, double k, double memory_s)
{
    const gable_tile_rates *rates = &e->chip->grouped;
    double n_sm = e->chip->n_sm, softness = e->v[GABLE_MOE_SIG], compute[SEARCHED];
    double across[] = {gable_form_ceil(n * (1.0 / 64.0)), gable_form_ceil(n * (1.0 / 128.0)),
                       gable_form_ceil(n * (1.0 / 256.0))};
    double best = 0.0, best_score = HUGE_VAL;
    for (int i = 0; i < SEARCHED; i++)
        compute[i] = e->work->load.tiles[i / 3] * across[i % 3];
    for (int i = 0; i < SEARCHED; i++)
        compute[i] = gable_form_waves(compute[i], n_sm, softness) *
                     (rates->per_k_s[i] * k + rates->fixed_s[i]);
    for (int i = 0; i < SEARCHED; i++) {
        double score = max2(compute[i], memory_s) + 1e-3 * compute[i];
        if (score < best_score) {
            best_score = score;
            best = compute[i];
        }
    }
    return best;
}

/* Fixed tiles are those of a kernel that is not searched. */
static bool searches(const experts *e)
{
    return !(e->v[GABLE_MOE_RULE] > 0.0 && e->a >= 2.0);
}

static void keep_rates(const experts *e)
{
    gable_tile_rates *rates = &e->chip->grouped;
    if (!searches(e) || gable_form_kept(rates, e->v, e->work))
        return;
    for (int i = 0; i < SEARCHED; i++)
        tile_rates(e, searched[i].rows, searched[i].columns, &rates->per_k_s[i],
                   &rates->fixed_s[i]);
}

static double compute_seconds(const experts *e, double n, double k, double memory_s)
{
    return searches(e) ? best_seconds(e, n, k, memory_s) : fixed_seconds(e, n, k);
}

/* One grouped product of the pairs: k inputs, n outputs. */
static seconds grouped(const experts *e, double n, double k, double all_weights)
{
    const double *v = e->v;
    const gable_moe_load *load = &e->work->load;
    bool credit = v[GABLE_MOE_L2ON] > 0.0;
    double useful = credit ? v[GABLE_MOE_L2T] * e->chip->l2_bytes : 0.0;
    double weights = load->distinct * n * k * e->w;
    double streams = load->pairs * (k * e->a + 2.0 * n * v[GABLE_MOE_EW]);
    /* Only benchmarks find the experts of the last call in L2. */
    double warm = e->work->copies != 0.0 ? kept(all_weights, useful) : 0.0;
    double bytes = weights * (1.0 - warm) + streams * (1.0 - kept(streams, useful));
    seconds s;
    s.memory_s = bytes / (v[GABLE_MOE_EM] * e->chip->bandwidth_bytes_per_s);
    s.compute_s = compute_seconds(e, n, k, s.memory_s);
    s.joined_s = gable_form_join(s.compute_s, s.memory_s, v[GABLE_MOE_JOIN]);
    return s;
}

static double floor_seconds(const gable_moe *moe, const gable_work *work, const double *v)
{
    double pairs = moe->tokens * moe->top_k;
    return 1e-6 *
               (v[GABLE_MOE_TF] + v[GABLE_MOE_TFA] * log2(1.0 + pairs / first_pairs) +
                v[GABLE_MOE_TK] * max2(0.0, moe->top_k - fast_top_k) +
                v[GABLE_MOE_PE] * work->load.distinct + v[GABLE_MOE_PR] * moe->experts / moe->ep) +
           pair_unit_s * v[GABLE_MOE_PT] * pairs;
}

void gable_form_moe(const gable_op *op, const gable_work *work, gable_chip *chip,
                    const double *value, gable_time *out)
{
    const gable_moe *moe = &op->moe;
    experts e = {.work = work,
                 .chip = chip,
                 .v = value,
                 .w = work->weight_element_bytes,
                 .a = work->activation_element_bytes,
                 .sm_flops = chip->peak_flops_per_s * value[GABLE_MOE_EC] / chip->n_sm,
                 .sm_bytes = value[GABLE_MOE_LSM] * chip->clock_hz,
                 .few = fmin(moe->tokens, work->load.pairs) <= moe->experts / moe->ep};
    keep_rates(&e);
    double inter = moe->inter / moe->tp, ups = (moe->n_matrices - 1.0) * inter;
    double all = work->load.distinct * moe->n_matrices * moe->hidden * inter * e.w;
    seconds up = grouped(&e, ups, moe->hidden, all), down = grouped(&e, moe->hidden, inter, all);
    /* Tokens permuted and quantised, the activation between the products, results weighed and
     * summed. */
    double pairs = value[GABLE_MOE_ALL] > 0.0 ? moe->tokens * moe->top_k : work->load.pairs;
    double streams = pairs * moe->hidden * (2.0 + e.a) + pairs * (2.0 * ups + inter * e.a) +
                     pairs * moe->hidden * 2.0 + moe->tokens * moe->hidden * 2.0;
    out->compute_s = up.compute_s + down.compute_s;
    out->memory_s =
        up.memory_s + down.memory_s + value[GABLE_MOE_PB] * streams / chip->bandwidth_bytes_per_s;
    out->overhead_s = floor_seconds(moe, work, value);
    double total = up.joined_s + down.joined_s + (out->memory_s - up.memory_s - down.memory_s);
    out->exposed_s = max2(total - max2(out->compute_s, out->memory_s), 0.0);
}

/* The host prepares the next launches while kernels run: the longer of both counts. */
void gable_form_wide(const gable_op *op, const gable_work *work, gable_chip *chip,
                     const double *value, gable_time *out)
{
    gable_form_moe(op, work, chip, value, out);
    if (value[GABLE_WIDE_EAGER] <= 0.0)
        return;
    double kernels = out->overhead_s + max2(out->compute_s, out->memory_s) + out->exposed_s;
    out->overhead_s += max2(1e-6 * value[GABLE_WIDE_HOST] - kernels, 0.0);
}
