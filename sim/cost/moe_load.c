/* cost: how tokens fall on experts, seen from the rank that has most of them. Made once a plan, not
 * once a price. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cost/cost.h"

static const double tile_tokens[GABLE_MOE_TILES] = {16, 32, 64, 128, 256};

static double min2(double a, double b)
{
    return a < b ? a : b;
}

static double max2(double a, double b)
{
    return a > b ? a : b;
}

/* An expert with `count` tokens; a fraction of a token is the chance that one arrives. */
static void add_expert(gable_moe_load *load, double count, double experts)
{
    load->pairs += experts * count;
    load->distinct += experts * min2(count, 1.0);
    for (int i = 0; i < GABLE_MOE_TILES; i++)
        load->tiles[i] += experts * (count < 1.0 ? count : ceil(count / tile_tokens[i]));
}

/* ---- uniform ---- */

/* Expected tiles of an expert whose tokens are Poisson around `mean`: sum over j of P(n > j b).
 * Beyond a few hundred tokens the fraction of a tile is as likely to be anything, and half a tile
 * is lost. */
static double poisson_tiles(double mean, double tile)
{
    if (mean > 16.0 * tile || mean > 600.0) /* exp(-mean) would underflow */
        return mean / tile + 0.5;
    double p = exp(-mean), below = p, tiles = 0.0;
    double last = mean + 12.0 * sqrt(mean) + 12.0;
    double n = 0.0;
    for (double edge = 0.0; edge <= last; edge += tile) {
        for (; n < edge; n += 1.0) {
            p *= mean / (n + 1.0);
            below += p;
        }
        tiles += max2(1.0 - below, 0.0);
    }
    return tiles;
}

/* K distinct experts per token, all equally likely: D = E (1 - (1 - K/E)^T), shared evenly over the
 * ranks. */
static gable_moe_load load_uniform(const gable_moe *e)
{
    double places = max2(e->slots, e->experts); /* a copy takes its share of the tokens */
    double miss = 1.0 - e->top_k / places, local = places / e->ep;
    double distinct = miss > 0.0 ? 1.0 - exp(e->tokens * log(miss)) : 1.0;
    gable_moe_load load = {.pairs = e->tokens * e->top_k / e->ep, .distinct = local * distinct};
    double mean = e->tokens * e->top_k / places;
    for (int i = 0; i < GABLE_MOE_TILES; i++)
        load.tiles[i] = max2(local * poisson_tiles(mean, tile_tokens[i]), load.distinct);
    return load;
}

/* ---- balanced: the collector's rule, facts/kernels.md 5.1 ---- */

/* Tokens of expert `expert`: slot j of token t goes to (start(t) + j stride) mod E, and start runs
 * through 0 … E-1 (or, with fewer tokens than the stride, spreads over it). */
static double balanced_count(const gable_moe *e, double expert)
{
    double stride = ceil(e->experts / e->top_k), count = 0.0;
    for (double j = 0.0; j < e->top_k; j += 1.0) {
        double start = fmod(expert - j * stride + e->top_k * e->experts, e->experts);
        if (e->tokens >= stride)
            count += floor((e->tokens - 1.0 - start) / e->experts) + 1.0; /* t = start + i E < T */
        else if (start < stride) /* floor(t stride / T) hits `start` when a token falls there */
            count += ceil((start + 1.0) * e->tokens / stride) - ceil(start * e->tokens / stride);
    }
    return max2(count, 0.0);
}

static gable_moe_load load_balanced(const gable_moe *e)
{
    gable_moe_load load = {0};
    double local = e->experts / e->ep;
    for (double x = 0.0; x < local; x += 1.0)
        add_expert(&load, balanced_count(e, x), 1.0);
    /* A rank that no token reaches is not what a benchmark times. */
    if (load.pairs < 1.0)
        add_expert(&load, 1.0, 1.0);
    return load;
}

/* ---- power law: counts drawn as the collector draws them ---- */

enum { DRAWS = 4, EXPERTS_CAP = 4096 };

static double next_uniform(uint64_t *state)
{
    *state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    uint64_t z = *state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-53;
}

/* x^-alpha truncated to [low, high], by its inverse distribution. */
static double power_law(double alpha, double low, double high, double u)
{
    double p = 1.0 - alpha, a = pow(low, p), b = pow(high, p);
    return pow((b - a) * u + a, 1.0 / p);
}

/* The rank's expert that is given a token more (step 1: the one with least), or one less (step -1:
 * the one with most); -1 when none can. */
static int expert_to_change(const double *counts, int local, double step, double most)
{
    int best = -1;
    for (int i = 0; i < local; i++) {
        bool fits = counts[i] + step >= 0.0 && counts[i] + step <= most;
        if (fits && (best < 0 || step * counts[i] < step * counts[best]))
            best = i;
    }
    return best;
}

/* What rounding and clipping lost is put back one by one, rank after rank (facts/kernels.md 5.1);
 * experts that fill no rank belong to the last. */
static void put_back(const gable_moe *e, double *counts, int n, double missing)
{
    int ranks = e->clumped ? n : (int)min2(e->ep, n), local = n / ranks;
    double step = missing > 0.0 ? 1.0 : -1.0;
    for (int r = 0, idle = 0; fabs(missing) >= 1.0 && idle < ranks; r = (r + 1) % ranks) {
        int first = r * local, size = r == ranks - 1 ? n - first : local;
        int i = expert_to_change(counts + first, size, step, e->tokens);
        idle = i < 0 ? idle + 1 : 0;
        if (i < 0)
            continue;
        counts[first + i] += step;
        missing -= step;
    }
}

/* Draws integer counts that sum to T K, at most T each. Returns the number of experts. */
static int draw_counts(const gable_moe *e, uint64_t *state, double *counts)
{
    int n = (int)min2(e->experts, EXPERTS_CAP);
    double pairs = e->tokens * e->top_k, sum = 0.0, given = 0.0;
    bool many = pairs > e->experts;
    double low = many ? 1.0 : 0.01, high = many ? max2(0.8 * e->tokens, 1.5) : 2.0;
    double alpha = fabs(e->skew - 1.0) > 1e-9 ? e->skew : 1.0 + 1e-9;
    for (int i = 0; i < n; i++)
        sum += counts[i] = power_law(alpha, low, high, next_uniform(state));
    for (int i = 0; i < n; i++)
        given += counts[i] = min2(floor(counts[i] / sum * pairs + 0.5), e->tokens);
    put_back(e, counts, n, pairs - given);
    return n;
}

/* The rank (a run of E / ep experts) with the most pairs. */
static int heaviest_rank(const double *counts, int local, int ranks)
{
    int heaviest = 0;
    double most = -1.0;
    for (int r = 0; r < ranks; r++) {
        double sum = 0.0;
        for (int i = 0; i < local; i++)
            sum += counts[r * local + i];
        if (sum > most) {
            most = sum;
            heaviest = r;
        }
    }
    return heaviest;
}

/* Places beyond the experts hold copies of the most popular ones, which share the tokens. Returns
 * the number of places. */
static int copy_popular(const gable_moe *e, double *counts, int n)
{
    int slots = (int)min2(e->slots, EXPERTS_CAP);
    for (; n < slots; n++) {
        int most = 0;
        for (int i = 1; i < n; i++)
            most = counts[i] > counts[most] ? i : most;
        counts[n] = floor(counts[most] / 2.0);
        counts[most] -= counts[n];
    }
    return n;
}

static int more_first(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* A load balancer deals the places, most popular first, to the rank with least so far that has
 * room: on return each rank's places lie side by side, as they do without one. */
static void deal(double *counts, int local, int ranks)
{
    double dealt[EXPERTS_CAP] = {0}, sum[EXPERTS_CAP] = {0};
    int held[EXPERTS_CAP] = {0}, n = local * ranks;
    qsort(counts, (size_t)n, sizeof *counts, more_first);
    for (int i = 0; i < n; i++) {
        int least = -1;
        for (int r = 0; r < ranks; r++)
            if (held[r] < local && (least < 0 || sum[r] < sum[least]))
                least = r;
        if (least < 0) /* never: there are as many places as counts */
            break;
        dealt[least * local + held[least]++] = counts[i];
        sum[least] += counts[i];
    }
    memcpy(counts, dealt, (size_t)n * sizeof *counts);
}

/* Where it is known how many tokens reached the rank, the draw is scaled to it: of T tokens, T (1 -
 * prod (1 - n/T)) meet one of its experts. Hardly any were spared: then that says nothing. */
static double scale_to_rank(const gable_moe *e, const double *counts, int local)
{
    double spared = 1.0 - e->rank_tokens / e->tokens, logs = 0.0;
    if (e->rank_tokens < 1.0 || spared < 0.02)
        return 1.0;
    for (int i = 0; i < local; i++)
        logs -= log(max2(1.0 - counts[i] / e->tokens, 0.02));
    double scale = logs > 0.0 ? -log(spared) / logs : 1.0;
    return scale < 0.25 ? 0.25 : scale > 4.0 ? 4.0 : scale;
}

/* Averages over seeded draws: the same row always gives the same load. */
static gable_moe_load load_power_law(const gable_moe *e)
{
    double counts[EXPERTS_CAP] = {0};
    uint64_t state = 20261122u;
    gable_moe_load load = {0};
    for (int d = 0; d < DRAWS; d++) {
        int n = copy_popular(e, counts, draw_counts(e, &state, counts));
        int local = (int)(n / e->ep), ranks = (int)e->ep;
        local = local > 0 ? local : 1;
        ranks = ranks * local > n ? n / local : ranks;
        if (e->even)
            deal(counts, local, ranks);
        const double *first = counts + (size_t)heaviest_rank(counts, local, ranks) * (size_t)local;
        double scale = scale_to_rank(e, first, local);
        for (int i = 0; i < local; i++)
            add_expert(&load, min2(first[i] * scale, e->tokens), 1.0 / DRAWS);
    }
    return load;
}

/* ---- zipf ---- */

/* Scale that makes clipped p_r = min(1, scale r^-skew) sum to K. */
static double zipf_scale(const gable_moe *e)
{
    double sum = 0.0;
    for (double r = 1.0; r <= e->experts; r += 1.0)
        sum += pow(r, -e->skew);
    double scale = e->top_k / sum;
    /* Clipping lowers the sum; a few rounds of rescaling the rest settle it. */
    for (int round = 0; round < 32; round++) {
        double clipped = 0.0, rest = 0.0;
        for (double r = 1.0; r <= e->experts; r += 1.0) {
            double p = scale * pow(r, -e->skew);
            clipped += p >= 1.0 ? 1.0 : 0.0;
            rest += p >= 1.0 ? 0.0 : p;
        }
        if (rest <= 0.0 || fabs(clipped + rest - e->top_k) < 1e-9 * e->top_k)
            break;
        scale *= (e->top_k - clipped) / rest;
    }
    return scale;
}

/* An expert, or a copy of one, that a token chooses with probability p. */
static void add_popular(gable_moe_load *load, const gable_moe *e, double p)
{
    double mean = e->tokens * p;
    double hit = p >= 1.0 ? min2(e->tokens, 1.0) : 1.0 - exp(e->tokens * log1p(-p));
    load->pairs += mean;
    load->distinct += hit;
    for (int i = 0; i < GABLE_MOE_TILES; i++)
        load->tiles[i] += max2(poisson_tiles(mean, tile_tokens[i]), hit);
}

/* Each place beyond the experts goes to the one with most tokens a copy, whose copies share them;
 * then a load balancer deals the places. */
static gable_moe_load load_copies(const gable_moe *e, double scale)
{
    double p[EXPERTS_CAP] = {0}, copies[EXPERTS_CAP] = {0}, dealt[EXPERTS_CAP] = {0};
    int n = (int)min2(e->experts, EXPERTS_CAP), slots = (int)min2(e->slots, EXPERTS_CAP), k = 0;
    for (int i = 0; i < n; i++) {
        p[i] = min2(1.0, scale * pow(i + 1.0, -e->skew));
        copies[i] = 1.0;
    }
    for (int extra = n; extra < slots; extra++) {
        int most = 0;
        for (int i = 1; i < n; i++)
            most = p[i] / copies[i] > p[most] / copies[most] ? i : most;
        copies[most] += 1.0;
    }
    for (int i = 0; i < n; i++)
        for (double c = 0.0; c < copies[i]; c += 1.0)
            dealt[k++] = p[i] / copies[i];
    int ranks = (int)e->ep, local = slots / ranks;
    deal(dealt, local, ranks);
    const double *first = dealt + (size_t)heaviest_rank(dealt, local, ranks) * (size_t)local;
    gable_moe_load load = {0};
    for (int i = 0; i < local; i++)
        add_popular(&load, e, first[i]);
    return load;
}

/* Experts are dealt to the ranks by popularity; the first rank is the heaviest. D = sum 1 - (1 -
 * p)^T. */
static gable_moe_load load_zipf(const gable_moe *e)
{
    double scale = zipf_scale(e);
    gable_moe_load load = {0};
    if (e->slots > e->experts)
        return load_copies(e, scale);
    for (double r = 1.0; r <= e->experts; r += e->ep)
        add_popular(&load, e, min2(1.0, scale * pow(r, -e->skew)));
    return load;
}

gable_moe_load gable_cost_moe_load(const gable_moe *moe)
{
    switch (moe->routing) {
    case GABLE_ROUTING_UNIFORM:
        return load_uniform(moe);
    case GABLE_ROUTING_BALANCED:
        return load_balanced(moe);
    case GABLE_ROUTING_POWER_LAW:
        return load_power_law(moe);
    case GABLE_ROUTING_ZIPF:
        return load_zipf(moe);
    }
    return (gable_moe_load){0};
}
