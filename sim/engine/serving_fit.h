/* engine/serving_fit: the constants of serving engines from measured runs, and how far off they
 * are.
 * Room: engine. Uses: engine/serving_table, engine/gslx. */
#ifndef GABLE_ENGINE_SERVING_FIT_H
#define GABLE_ENGINE_SERVING_FIT_H
#include "engine/serving_table.h"

enum { GABLE_SERVING_GROUPS_CAP = 64 };

/* Errors of a group of runs: |predicted / measured - 1|, and the share inside [p10, p90]. */
typedef struct gable_serving_errors {
    const char *stack, *device, *model, *precision; /* NULL: all */
    int n, n_covered, n_ttft;
    int n_impossible; /* measured below the ceiling */
    double tpot_median_frac, tpot_p90_frac, tpot_bias_ln, tpot_inside_frac;
    double ttft_median_frac, ttft_p90_frac, ttft_bias_ln, ttft_inside_frac;
} gable_serving_errors;

/* Which runs count. */
typedef enum gable_serving_half {
    GABLE_SERVING_BOTH,
    GABLE_SERVING_TRAIN,
    GABLE_SERVING_TEST
} gable_serving_half;

/* Errors by stack, device, model and precision; the last one is of all. `out` has room for
 * GABLE_SERVING_GROUPS_CAP; more groups than that are refused with GABLE_INPUT. */
gable_status gable_serving_validate(gable_arena *arena, const gable_serving_runs *runs,
                                    gable_serving_half half, gable_serving_errors *out, int *n,
                                    gable_err *err);

/* Constants of each generation that `stack` was measured on, fitted by soft-L1 of ln(predicted /
 * measured) with the priors of GABLE_SERVING_LIST, those of steps to TPOT and then, on simulations
 * with them, the others to TTFT, without runs that stalled: on the runs that train, tested on the
 * others (stalled ones too), then (unless `half`) refitted to all. *n is 0 when there are no runs.
 */
gable_status gable_serving_fit(gable_arena *arena, const gable_serving_runs *runs,
                               const char *stack, bool half, gable_serving_entry *out, int *n,
                               gable_err *err);

#endif
