/* cost: how tokens fall on experts, seen from the rank that has most of them. */
#include <math.h>

#include "cost/cost.h"

static double min2(double a, double b)
{
    return a < b ? a : b;
}

static double max2(double a, double b)
{
    return a > b ? a : b;
}

/* K distinct experts per token, all equally likely: D = E (1 - (1 - K/E)^T), shared evenly over the
 * ranks. */
static gable_moe_load load_uniform(const gable_moe *e)
{
    double miss = 1.0 - e->top_k / e->experts;
    double distinct = e->experts * (1.0 - (miss > 0.0 ? exp(e->tokens * log(miss)) : 0.0));
    return (gable_moe_load){e->tokens * e->top_k / e->ep, distinct / e->ep};
}

/* The benchmarks deal pairs to experts in turn, with a stride that spreads them over the ranks. */
static gable_moe_load load_balanced(const gable_moe *e)
{
    double pairs = e->tokens * e->top_k;
    double distinct = ceil(min2(e->experts, pairs) / e->ep);
    return (gable_moe_load){max2(pairs / e->ep, min2(distinct, 1.0)), distinct};
}

/* Quantile (0..1) of a power law x^-alpha truncated to [low, high]: the collector draws counts from
 * it (facts/kernels.md 5.1); evenly spaced quantiles stand for the draws. */
static double power_law_quantile(double alpha, double low, double high, double u)
{
    double p = 1.0 - alpha;
    double a = pow(low, p), b = pow(high, p);
    return pow((b - a) * u + a, 1.0 / p);
}

/* Experts sorted by load and dealt to the ranks in turn: the first rank is the heaviest. */
static gable_moe_load load_power_law(const gable_moe *e)
{
    double pairs = e->tokens * e->top_k;
    bool many = pairs > e->experts;
    double low = many ? 1.0 : 0.01, high = many ? max2(0.8 * e->tokens, 1.5) : 2.0;
    double alpha = e->skew > 0.0 && fabs(e->skew - 1.0) > 1e-9 ? e->skew : 1.01;
    double sum = 0.0;
    for (double i = 0.0; i < e->experts; i += 1.0)
        sum += power_law_quantile(alpha, low, high, (i + 0.5) / e->experts);
    gable_moe_load load = {0};
    for (double i = 0.0; i < e->experts; i += e->ep) {
        double u = 1.0 - (i + 0.5) / e->experts;
        double count = min2(power_law_quantile(alpha, low, high, u) / sum * pairs, e->tokens);
        load.pairs += count;
        load.distinct += min2(count, 1.0); /* a fraction of a token: the chance that one arrives */
    }
    load.pairs = min2(load.pairs, pairs);
    return load;
}

/* p_r ~ r^-skew, clipped at 1 and scaled so that a token hits K experts: D = sum 1 - (1 - p)^T. */
static gable_moe_load load_zipf(const gable_moe *e)
{
    double scale = 0.0, sum = 0.0;
    for (double r = 1.0; r <= e->experts; r += 1.0)
        sum += pow(r, -e->skew);
    scale = e->top_k / sum;
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
    gable_moe_load load = {0};
    for (double r = 1.0; r <= e->experts; r += e->ep) {
        double p = min2(1.0, scale * pow(r, -e->skew));
        load.pairs += e->tokens * p;
        load.distinct += p >= 1.0 ? min2(e->tokens, 1.0) : 1.0 - exp(e->tokens * log1p(-p));
    }
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
