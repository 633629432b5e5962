/* cost: time of a matrix product (facts/kernels.md 2): tiles and waves on the SMs, operands through
 * memory and L2, splits of k, quantisation of the activations, clock droop. Cold operands in
 * serving; benchmarks may find them in L2. */
#include <math.h>

#include "cost/forms.h"

/* Tiles of a menu, tokens x outputs, in columns so that loops over them become vectors; a short
 * menu repeats its last tile. Sides are powers of two: dividing by them is exact, and so is what is
 * worked out here. */
enum { TILES = 6 };
typedef struct menu {
    double m[TILES], n[TILES], one_m[TILES], one_n[TILES], edges[TILES], area[TILES];
} menu;
#define COLUMN(of, a, b, c, d, e, f)                                                               \
    {                                                                                              \
        of a, of b, of c, of d, of e, of f                                                         \
    }
#define FIRST(m, n) (m)
#define SECOND(m, n) (n)
#define ONE_FIRST(m, n) 1.0 / (m)
#define ONE_SECOND(m, n) 1.0 / (n)
#define EDGES(m, n) 1.0 / (m) + 1.0 / (n)
#define AREA(m, n) (double)(m) * (n)
#define MENU(...)                                                                                  \
    {                                                                                              \
        COLUMN(FIRST, __VA_ARGS__), COLUMN(SECOND, __VA_ARGS__), COLUMN(ONE_FIRST, __VA_ARGS__),   \
            COLUMN(ONE_SECOND, __VA_ARGS__), COLUMN(EDGES, __VA_ARGS__), COLUMN(AREA, __VA_ARGS__) \
    }

/* Menus that libraries pick from; more tiles change the mean error by less than 0.3 points
 * (facts/kernels.md 2.1). */
static const menu menus[] = {
    MENU((16, 64), (64, 64), (64, 128), (128, 128), (128, 256), (128, 256)),
    MENU((16, 128), (64, 64), (128, 64), (128, 128), (128, 128), (128, 128)),
    MENU((64, 128), (128, 32), (16, 128), (16, 128), (16, 128), (16, 128)),
};

static const double k_granule = 64.0, least_k_of_split = 128.0, splits_cap = 64.0;

typedef struct gemm {
    double m, n, k, w, a; /* sizes, bytes per element */
    double sm_bytes, clock, n_sm;
    const double *v;
    double memory_s;
    double partial_s; /* partial sums of each split through memory */
    bool sustained;
} gemm;

/* The best way to compute the product: its seconds on the SMs, what a split of k adds, and both
 * with the memory. */
typedef struct choice {
    double compute_s, split_s, total_s;
} choice;

static double max2(double a, double b)
{
    return a > b ? a : b;
}

static double least(const double *x)
{
    double best = x[0];
    for (int i = 1; i < TILES; i++)
        best = x[i] < best ? x[i] : best;
    return best;
}

/* Of one tile on one SM: mathematics, loads and issue for each element of k, and its store. */
static void work_out_rates(const gemm *g, double sm_flops, gable_tile_rates *out)
{
    const double *v = g->v;
    const menu *t = &menus[(int)v[GABLE_GEMM_MENU]];
    double store = 2.0 / (v[GABLE_GEMM_EPI] * g->clock), issue = v[GABLE_GEMM_LATK] / g->clock;
    double halo = v[GABLE_GEMM_H];
    for (int i = 0; i < TILES; i++) {
        double maths = 2.0 * t->area[i] * (1.0 + halo * t->edges[i]) / sm_flops;
        double loads = (t->m[i] * g->a + t->n[i] * g->w) / g->sm_bytes;
        out->per_k_s[i] = max2(max2(maths, loads), issue);
        out->fixed_s[i] = store * t->area[i];
    }
}

/* What does not depend on how k is split. */
typedef struct tiles {
    double blocks[TILES];
    const gable_tile_rates *rates;
    double least_blocks;
} tiles;

static void count_tiles(const gemm *g, tiles *out)
{
    const menu *t = &menus[(int)g->v[GABLE_GEMM_MENU]];
    double m = g->m, n = g->n;
    for (int i = 0; i < TILES; i++)
        out->blocks[i] = gable_form_ceil(m * t->one_m[i]) * gable_form_ceil(n * t->one_n[i]);
    out->least_blocks = least(out->blocks);
}

/* Fastest tile when k is split `splits` ways; there is room for twice as many blocks as SMs. */
static double fastest_tile(const gemm *g, const tiles *t, double splits)
{
    double seconds[TILES], steps = k_granule * gable_form_ceil(g->k / (splits * k_granule));
    double room = splits > 1.0 ? 2.0 * g->n_sm : HUGE_VAL, softness = g->v[GABLE_GEMM_SIG];
    double n_sm = g->n_sm;
    for (int i = 0; i < TILES; i++) {
        double blocks = t->blocks[i] * splits;
        double waves = gable_form_waves(blocks, n_sm, softness);
        double busy = waves * (t->rates->per_k_s[i] * steps + t->rates->fixed_s[i]);
        seconds[i] = blocks > room ? HUGE_VAL : busy;
    }
    return least(seconds);
}

/* Clocks droop in long kernels; when one follows another without a pause, in all of them. */
static double droop(const gemm *g, double compute_s)
{
    double all = g->v[GABLE_GEMM_DEL];
    double reached = all * compute_s / (compute_s + 1e-3 * g->v[GABLE_GEMM_TAU]);
    return compute_s * (1.0 + (g->sustained ? all : reached));
}

/* Compares what counts in the end, so that a faster unit or memory is never slower. False: the
 * memory and what splitting adds take longer than the best; of more splits too. */
static bool try_splits(const gemm *g, const tiles *t, double splits, choice *best)
{
    choice c = {0};
    if (splits > 1.0) /* one more kernel, and partial sums */
        c.split_s = 1e-6 * g->v[GABLE_GEMM_TSK] + splits * g->partial_s;
    if (best->total_s > 0.0 && g->memory_s + c.split_s >= best->total_s)
        return false;
    c.compute_s = droop(g, fastest_tile(g, t, splits));
    if (best->total_s > 0.0 && max2(c.compute_s, g->memory_s) + c.split_s >= best->total_s)
        return true;
    c.total_s = gable_form_join(c.compute_s, g->memory_s, g->v[GABLE_GEMM_JOIN]) + c.split_s;
    if (best->total_s <= 0.0 || c.total_s < best->total_s)
        *best = c;
    return true;
}

/* 1 - (1 - 1/gain) hit: what is left of a stream's time when L2 serves it `gain` times as fast. */
static double left(const double *v, double bytes, double useful_l2)
{
    if (v[GABLE_GEMM_L2ON] <= 0.0 || useful_l2 <= 0.0)
        return 1.0;
    return 1.0 - (1.0 - 1.0 / v[GABLE_GEMM_KAP]) * gable_form_hit(bytes, useful_l2);
}

/* Over how many copies of the weights a benchmark's calls rotate. */
static double copies_of(const gable_work *work, const gable_chip *chip, double weight_bytes)
{
    if (work->copies < 0.0)
        return -work->copies;
    return fmin(work->copies, max2(1.0, gable_form_ceil(chip->l2_bytes / weight_bytes)));
}

static double memory_seconds(const gemm *g, const gable_work *work, const gable_chip *chip)
{
    const double *v = g->v;
    double useful = v[GABLE_GEMM_L2T] * chip->l2_bytes, cold = 1.0;
    double weights = g->n * g->k * g->w, in = g->m * g->k * g->a, out = 2.0 * g->m * g->n;
    double all = weights + in + out;
    double streamed = in + v[GABLE_GEMM_EW] * out;
    if (work->copies != 0.0)
        cold = left(v, copies_of(work, chip, weights) * weights + in + out, useful);
    double kept = weights * cold + streamed * left(v, all, useful);
    return kept / (v[GABLE_GEMM_EM] * chip->bandwidth_bytes_per_s);
}

/* Dynamic quantisation of the activations, where the product runs on a narrower unit than bf16. */
static double quantise_seconds(const gemm *g, const gable_work *work, const gable_chip *chip)
{
    const double *v = g->v;
    if (work->activation_element_bytes >= 2.0 || chip->quantised)
        return 0.0;
    double bytes = g->m * g->k * v[GABLE_GEMM_TQB] *
                   left(v, 3.0 * g->m * g->k, v[GABLE_GEMM_L2T] * chip->l2_bytes);
    return 1e-6 * v[GABLE_GEMM_TQ0] + bytes / (v[GABLE_GEMM_EM] * chip->bandwidth_bytes_per_s);
}

void gable_form_gemm(const gable_op *op, const gable_work *work, gable_chip *chip,
                     const double *value, gable_time *out)
{
    double groups = op->gemm.groups > 0.0 ? op->gemm.groups : 1.0;
    gemm g = {.m = op->gemm.m,
              .n = op->gemm.n * groups,
              .k = op->gemm.k,
              .w = work->weight_element_bytes,
              .a = work->activation_element_bytes,
              .sm_bytes = value[GABLE_GEMM_LSM] * chip->clock_hz,
              .clock = chip->clock_hz,
              .n_sm = chip->n_sm,
              .sustained = chip->sustained,
              .v = value};
    choice best = {0};
    tiles t = {.rates = &chip->tiles[work->mma]};
    g.memory_s = memory_seconds(&g, work, chip);
    if (!gable_form_kept(&chip->tiles[work->mma], value, work))
        work_out_rates(&g, chip->peak_flops_per_s * value[GABLE_GEMM_EC] / chip->n_sm,
                       &chip->tiles[work->mma]);
    count_tiles(&g, &t);
    g.partial_s = 8.0 * g.m * g.n / (value[GABLE_GEMM_KSK] * g.n_sm * g.sm_bytes);
    double most = value[GABLE_GEMM_SPLIT] > 0.0 ? splits_cap : 1.0, s = 1.0;
    while (try_splits(&g, &t, s, &best)) {
        s *= 2.0;
        if (s > most || t.least_blocks * s > 2.0 * g.n_sm || g.k < least_k_of_split * s)
            break;
    }
    out->compute_s = best.compute_s;
    out->memory_s = g.memory_s;
    out->overhead_s = 1e-6 * value[GABLE_GEMM_T0] + best.split_s + quantise_seconds(&g, work, chip);
    out->exposed_s = max2(best.total_s - best.split_s - max2(best.compute_s, g.memory_s), 0.0);
}
