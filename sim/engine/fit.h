/* engine/fit: the constants of a kernel family from measured rows.
 * Split: a row trains when the finished FNV-1a hash of its shape ("m=1;n=128;k=3584;") is even; the
 * shape leaves device, format and stack out, so a shape is in the same half everywhere. For experts
 * the shape is the configuration without the tokens: whole curves are held out. Errors are of the
 * other half; what ships is then fitted to both. Room: engine. Uses: base, machine, cost,
 * engine/kinds, engine/gslx. */
#ifndef GABLE_ENGINE_FIT_H
#define GABLE_ENGINE_FIT_H
#include "engine/kinds.h"
#include "machine/calibration.h"

/* One row: an operator, its work, and what was measured. */
typedef struct gable_fit_row {
    const gable_op *op;
    gable_work work;
    double measured_s; /* > 0 */
    bool train;
    uint64_t draw; /* gable_row's */
} gable_fit_row;

/* Rows of one device that share constants. `constants` gives what the form needs beside them
 * (clock, SMs). */
typedef struct gable_fit_rows {
    gable_fit_row *row;
    size_t n;
    const gable_accelerator *accelerator;
    const gable_constants *constants;
    bool half; /* ship what was fitted to the training half; else refit to all rows once it is
                  tested */
    bool few;  /* any number of training rows will do: for learning curves */
} gable_fit_rows;

/* With fewer test rows, errors are those of all rows. */
enum { GABLE_FIT_TEST_LEAST = 8 };

/* Groups with fewer rows than this are left to the ladder of machine/constants: three for four
 * continuous constants, which priors hold, within 6 to 12. A group that has as many rows but not as
 * many that train trains on all of them. */
size_t gable_fit_least_rows(gable_family family);

/* Fits the constants of the form of out->family to the training rows by soft-L1 of ln(predicted /
 * measured), with the priors of the form's table, continuous constants in their range and discrete
 * ones by trying each choice; then fills the errors on the test rows (on all rows when fewer than
 * GABLE_FIT_TEST_LEAST test). Unless `half` is set, the constants are then refitted to all rows,
 * test rows included, with the discrete ones as found: the errors stay those of the half that was
 * tested. sigma_ln makes 80 % of those rows lie in [p10, p90]. Scratch comes from the arena and is
 * given back.
 *   out   family is read; constants, counts and errors are set
 * Fails with GABLE_INPUT when there are fewer training rows than gable_fit_least_rows. */
gable_status gable_fit_kernel(gable_arena *arena, const gable_fit_rows *rows, gable_calibrated *out,
                              gable_err *err);

/* What says what a constant is: the rows, when they hold more information on it than its prior does
 * (its variance, with all others free, is less than half of the prior's), else the prior; or the
 * end of its range, on which it stands. */
typedef enum gable_verdict {
    GABLE_VERDICT_DATA,
    GABLE_VERDICT_PRIOR,
    GABLE_VERDICT_RANGE
} gable_verdict;
const char *gable_verdict_name(gable_verdict verdict); /* "data" "prior" "range" */

/* How well one continuous constant is known. */
typedef struct gable_certain {
    const gable_parameter *parameter;
    double value;
    double error_ln;  /* standard error of its logarithm, >= 0; the prior's spread when no row
                         depends on it */
    const char *pair; /* constant whose error is most correlated with its own; NULL: it is alone */
    double correlation; /* of the two, -1 to 1 */
    gable_verdict verdict;
} gable_certain;

/* All continuous constants of one entry, in the order of the form's table. */
typedef struct gable_certainty {
    int n, n_data; /* n_data: those that the rows determine */
    gable_certain constant[GABLE_PARAMETERS_CAP];
} gable_certainty;

/* Covariance of the constants of `entry` at the values that it ships, from the Jacobian of the fit
 * that found them: rows scatter by the scale of the loss, 8 %, independently of each other;
 * discrete constants are taken as known. Rows err together where the form is wrong, so a standard
 * error is a lower bound. */
gable_status gable_fit_certainty(const gable_fit_rows *rows, const gable_calibrated *entry,
                                 gable_certainty *out, gable_err *err);

/* Error on the test rows of constants, discrete ones included, that were fitted to a sample of the
 * training rows. */
typedef struct gable_curve_point {
    int n_train, n_draws;
    double median_frac, p90_frac; /* mean over the draws */
    double worst_p90_frac;        /* of one draw */
} gable_curve_point;

enum { GABLE_CURVE_POINTS_CAP = 12, GABLE_CURVE_DRAWS = 5 };

/* How many rows are enough: 8, 16, 32 … training rows, GABLE_CURVE_DRAWS samples each, drawn by the
 * hash of the row and the number of the draw; the last point is the fit to all training rows.
 *   family   of the rows
 *   out      GABLE_CURVE_POINTS_CAP; n_out is 0 when fewer than GABLE_FIT_TEST_LEAST rows test */
gable_status gable_fit_curve(gable_arena *arena, const gable_fit_rows *rows, gable_family family,
                             gable_curve_point *out, int *n_out, gable_err *err);

/* Seconds of the column latency_us. Refuses with GABLE_INPUT a missing column and what is no number
 * above 0. */
gable_status gable_measured_read(gable_arena *arena, const gable_csv *csv, double **seconds,
                                 gable_err *err);

typedef struct gable_calibrate_options {
    const char *hw;
    const char *device;
    const char
        *stack; /* NULL: every stack that the rows name; else rows of it, or without a framework */
    const char *date; /* written into the entries; may be NULL */
    bool half;        /* ship the constants of the training half, as they were tested */
    bool curve;       /* learning curves too */
} gable_calibrate_options;

/* Rows of one group that was too small: for the report. */
typedef struct gable_left_out {
    const char *stack, *dtype;
    int n_rows;
} gable_left_out;

enum { GABLE_FIT_GROUPS_CAP = 128 };

typedef struct gable_calibrate_report {
    gable_calibration fitted;   /* entries and the one source: `rows->kind->name` */
    gable_certainty *certainty; /* of each entry */
    gable_curve_point (*curve)[GABLE_CURVE_POINTS_CAP]; /* of each entry, where asked for */
    int *n_curve;
    int n_left_out;
    gable_left_out left_out[GABLE_FIT_GROUPS_CAP];
    int n_unsupported;
} gable_calibrate_report;

/* Fits every (stack, format, unit) that the rows of `device` hold. Refuses with GABLE_INPUT when no
 * row is of this device and stack. */
gable_status gable_calibrate_rows(gable_arena *arena, const gable_rows *rows, const double *seconds,
                                  const gable_calibrate_options *options,
                                  gable_calibrate_report *out, gable_err *err);

#endif
