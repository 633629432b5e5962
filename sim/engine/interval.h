/* engine/interval: how far a figure, or a choice between two, can be trusted. What is uncertain is
 * drawn together and everything is priced again: the residuals of the constants (log-normal, fully
 * correlated inside a family of kernels, independent between families), the tolerance of the
 * datasheet's rates (correlated within a device), the rental price. 2047 points of a Sobol sequence
 * of normals: the same numbers every time.
 * Room: engine. Uses: every room below. */
#ifndef GABLE_ENGINE_INTERVAL_H
#define GABLE_ENGINE_INTERVAL_H
#include "engine/whatif.h"

typedef struct gable_spread {
    double p10, p50, p90;
} gable_spread;

/* One thing that is uncertain. */
typedef struct gable_doubt {
    const char *name;  /* "gemm", "collectives", "hbm.bandwidth", "price" */
    double sigma_ln;   /* of it alone */
    double share_frac; /* of the variance of ln(time), first order; of ln(cost) for the price */
    bool is_price;
} gable_doubt;

enum { GABLE_DOUBTS_CAP = 20 };
typedef struct gable_uncertainty gable_uncertainty;
struct gable_uncertainty {
    gable_spread time_s, tokens_per_s;
    gable_spread usd_per_million_tokens; /* NaN: no price is published */
    int n_doubts;
    gable_doubt doubts[GABLE_DOUBTS_CAP]; /* the largest share first; the price last */
};

/* How often the second of two steps beats the first, in the same draws. */
typedef struct gable_decision {
    double faster_frac;  /* takes less time for each token of the step */
    double cheaper_frac; /* NaN: a price is missing */
    gable_spread speedup;
    bool same_device; /* their constants and tolerances are drawn as one */
} gable_decision;

/* `sides` holds one step or two.
 *   out        as many
 *   decision   of two; else not written, may be NULL
 * Two steps share what is uncertain when both run on the device of that name under the same stack:
 * an edit of a machine keeps its name. Fails only when memory runs out. About 10 ms. */
gable_status gable_interval_run(gable_arena *arena, const gable_whatif_step *sides, int n_sides,
                                gable_uncertainty *out, gable_decision *decision, gable_err *err);

/* ln spread of the rates of a device of this status (facts/hardware.md 11: what sources of one
 * figure differ by). */
double gable_interval_tolerance(int status);

#endif
