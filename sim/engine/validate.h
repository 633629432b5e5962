/* engine/validate: how far predictions are from measurements, by group and by regime; no regime is
 * averaged away. Room: engine. Uses: base, engine/kinds, engine/predict, engine/gslx. */
#ifndef GABLE_ENGINE_VALIDATE_H
#define GABLE_ENGINE_VALIDATE_H
#include "engine/predict.h"

/* X(symbol, name). Rows by what should dominate: the launch, else the longer term of the
 * prediction. */
#define GABLE_REGIME_LIST(X)                                                                       \
    X(ALL, "all")                                                                                  \
    X(SHORT, "under 10 us")                                                                        \
    X(MEMORY, "memory-bound")                                                                      \
    X(COMPUTE, "compute-bound")
typedef enum gable_regime {
#define GABLE_REGIME_ENUM(symbol, name) GABLE_REGIME_##symbol,
    GABLE_REGIME_LIST(GABLE_REGIME_ENUM)
#undef GABLE_REGIME_ENUM
        GABLE_N_REGIMES
} gable_regime;
const char *gable_regime_name(gable_regime regime);

/* Errors of some rows; e = predicted / measured - 1. All 0 when nothing is covered. */
typedef struct gable_errors {
    size_t n, n_covered;
    double median_frac, p90_frac; /* of |e| */
    double bias_frac;             /* median of e */
    double ceiling_median_frac;   /* of |e| when the ceiling is the prediction */
    double three_median_frac,
        three_p90_frac; /* when three fitted constants are (engine/baseline.h) */
    double inside_frac; /* share of measured in [p10, p90] */
} gable_errors;

typedef struct gable_error_group {
    const char *device, *dtype, *framework; /* "" where the table has no such column */
    gable_errors regime[GABLE_N_REGIMES];
} gable_error_group;

typedef struct gable_validation {
    int n_groups;
    gable_error_group *groups; /* sorted by device, dtype, framework */
    gable_error_group total;
} gable_validation;

typedef enum gable_half { GABLE_HALF_BOTH, GABLE_HALF_TRAIN, GABLE_HALF_TEST } gable_half;

/* Errors per device x dtype x framework.
 *   measured_s   one a row, > 0     half   which rows count (engine/fit.h)
 *   baseline_s   of engine/baseline, one a row */
gable_status gable_validate_rows(gable_arena *arena, const gable_rows *rows,
                                 const gable_prediction *predictions, const double *measured_s,
                                 const double *baseline_s, gable_half half, gable_validation *out,
                                 gable_err *err);

#endif
