/* engine/power_rows: rows of the KIND power: readings of a meter while a benchmark repeats one
 * operator, and what the power model says that it reads.
 *   reading   idle + (draw - idle) (1 - (1 - before) exp(-latency / settle))
 * because a benchmark of a short operator ends before a meter that averages has settled. Room:
 * engine. Uses: engine/predict, engine/energy. Columns: shared/measurements/README.md (power). */
#ifndef GABLE_ENGINE_POWER_ROWS_H
#define GABLE_ENGINE_POWER_ROWS_H
#include "engine/energy.h"
#include "engine/predict.h"
#include "engine/validate.h"

typedef struct gable_power_row {
    bool supported; /* false: no time is predicted, or no design power is published */
    const gable_row *row;
    const gable_prediction *prediction;
    gable_activity activity; /* by the predicted time */
    double limit_w;          /* column power_limit_w, else the device's design power */
    const gable_power *power;
    gable_power_meter meter; /* settle_s with its host's factor; 0: the meter has settled */
    double measured_s; /* column latency_us; 0 without it. Readings are compared at this time too */
    double reading_w;  /* column power_w; 0 without it */
    double draw_w;     /* predicted: of the kernel itself, again and again */
    double predicted_w;   /* predicted: what the meter reads, at the predicted time */
    double at_measured_w; /* the same at the measured time */
} gable_power_row;

typedef struct gable_power_rows {
    const gable_rows *rows;
    gable_power_row *row; /* csv->n_rows */
} gable_power_rows;

/* Joins rows with their predictions and the constants of their devices; predicts all readings. The
 * columns latency_us and power_w are optional unless `measured`; predicted_w depends on neither.
 * Refuses with GABLE_INPUT cells that are no number above 0, and a missing column. */
gable_status gable_power_rows_read(gable_arena *arena, const char *hw, const char *device,
                                   const gable_rows *rows, const gable_prediction *predictions,
                                   bool measured, gable_power_rows *out, gable_err *err);

/* What the meter reads of a row that takes time_s a call; NULL: what the kernel draws. */
double gable_power_reading_w(const gable_power *power, const gable_power_row *row,
                             const gable_power_meter *meter, double time_s);

/* ---- errors ---- */

/* e = predicted / reading - 1; the rules are those of thumb: always the limit; the limit where
 * compute-bound and 77 % of it where memory-bound. */
typedef struct gable_power_errors {
    const char *device, *op, *dtype, *framework;
    size_t n, n_covered;
    double median_frac, p90_frac, bias_frac, inside_frac; /* at the measured time */
    double own_median_frac, own_p90_frac;                 /* at the predicted time */
    double limit_median_frac, limit_p90_frac;
    double rule_median_frac, rule_p90_frac;
} gable_power_errors;

/* One entry for each device, operator, format and framework, sorted, and one for all rows at the
 * end; *n counts them. */
gable_status gable_power_validate(gable_arena *arena, const gable_power_rows *rows, gable_half half,
                                  gable_power_errors **out, int *n, gable_err *err);

/* ---- fit ---- */

/* Constants and meters from the readings of one generation, robustly (soft-L1 of the logarithm) on
 * the half that trains, tested on the other, then refitted to both unless `half`. `out` has no
 * sources; name, reference and lists are set. Refuses with GABLE_INPUT rows of several generations,
 * or too few. */
gable_status gable_power_fit(gable_arena *arena, const gable_power_rows *rows, bool half,
                             gable_power_file *out, gable_err *err);

#endif
