/* engine/baseline: what three constants (floor, part of the peak, part of the bandwidth) would
 * predict when they are fitted to each device x format x framework of a table: the bar that a
 * kernel model must beat.
 * Room: engine. Uses: base, machine, cost, engine/fit. */
#ifndef GABLE_ENGINE_BASELINE_H
#define GABLE_ENGINE_BASELINE_H
#include "engine/fit.h"

/* Seconds of every row, fitted to the training half of its group; NaN where a group has fewer than
 * gable_fit_least_rows of those, or a row cannot be priced. *out lives in the arena.
 *   device   of rows without the column; may be NULL (such rows are not priced) */
gable_status gable_baseline_rows(gable_arena *arena, const char *hw, const gable_rows *rows,
                                 const double *measured_s, const char *device, double **out,
                                 gable_err *err);

#endif
