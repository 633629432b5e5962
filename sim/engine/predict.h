/* engine/predict: prices of the rows of a table, each on its device and stack.
 * Room: engine. Uses: base, machine, cost, engine/kinds. */
#ifndef GABLE_ENGINE_PREDICT_H
#define GABLE_ENGINE_PREDICT_H
#include "engine/kinds.h"

/* Standard normal deviate of the 90th percentile: p10 and p90 are time_s exp(-+ this sigma_ln). */
#define GABLE_P90_DEVIATE 1.2815515655446004

typedef struct gable_prediction {
    bool supported; /* false: the rest is 0 */
    gable_time time;
    double p10_s, p90_s;
    const char *stack; /* whose constants priced it */
    const char *from;  /* what they were fitted to */
} gable_prediction;

/* Where the rows do not say. */
typedef struct gable_predict_options {
    const char *hw;
    const char *device; /* for tables without the column `device`; may be NULL */
    const char *stack;  /* for rows without a framework; never NULL */
    bool force_stack;   /* `stack` prices every row, whatever its framework */
} gable_predict_options;

/* Prices all rows; *out has one prediction a row, in the arena. Refuses with GABLE_INPUT: a row
 * without device, an unknown device (with the nearest name). A row whose framework no stack stands
 * for, or that its KIND calls unsupported, is not priced. */
gable_status gable_predict_rows(gable_arena *arena, const gable_rows *rows,
                                const gable_predict_options *options, gable_prediction **out,
                                gable_err *err);

#endif
