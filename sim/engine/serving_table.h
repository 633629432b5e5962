/* engine/serving_table: runs of a table, "KIND serving" of predict, validate and calibrate.
 * Columns: shared/measurements/README.md, CONTRACT 5.
 * Room: engine. Uses: engine/serving_sim. */
#ifndef GABLE_ENGINE_SERVING_TABLE_H
#define GABLE_ENGINE_SERVING_TABLE_H
#include "engine/recipes.h"
#include "engine/serving_sim.h"

/* One run. Measured figures are 0 where the table does not say, and are not read for predictions.
 */
typedef struct gable_serving_run {
    const char *device, *stack, *model, *precision, *generation;
    gable_serving_request request;
    const char *unsupported; /* why not; NULL: priced */
    gable_serving_parts parts;
    gable_serving_loop loop;
    gable_serving_constants constants;
    gable_serving serving;
    double ttft_s, tpot_s;
    bool ttft_clean, train;
} gable_serving_run;

typedef struct gable_serving_runs {
    const gable_csv *csv;
    gable_serving_run *run; /* csv->n_rows */
} gable_serving_runs;

/* Reads and prices every row. A model is looked for with the formats of its precision: a published
 * checkpoint (workloads/checkpoints.csv) where there is one. Refuses with GABLE_INPUT bad cells; a
 * row that cannot be laid out is unsupported.
 *   recipes    settings of engines where the table has no columns for them; NULL: none
 *   measured   columns ttft_ms, tpot_ms are wanted too */
gable_status gable_serving_runs_read(gable_arena *arena, const char *hw, const char *workloads,
                                     const gable_csv *csv, const gable_recipes *recipes,
                                     bool measured, gable_serving_runs *out, gable_err *err);

/* What requests of the run come to with these constants: simulated, or in closed form where the
 * loop is not. */
gable_status gable_serving_run_wait(gable_arena *arena, gable_serving_run *run,
                                    const gable_serving_constants *constants,
                                    gable_serving_wait *out, gable_err *err);

#endif
