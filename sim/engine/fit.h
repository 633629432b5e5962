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
} gable_fit_rows;

/* Groups with fewer rows than this are left to the ladder of machine/constants: three for four
 * continuous constants, which priors hold, within 6 to 12. A group that has as many rows but not as
 * many that train trains on all of them. */
size_t gable_fit_least_rows(gable_family family);

/* Fits the constants of the form of out->family to the training rows by soft-L1 of ln(predicted /
 * measured), with the priors of the form's table, continuous constants in their range and discrete
 * ones by trying each choice; then fills the errors on the test rows (on all rows when fewer than 8
 * test). Unless `half` is set, the constants are then refitted to all rows, test rows included,
 * with the discrete ones as found: the errors stay those of the half that was tested. sigma_ln
 * makes 80 % of those rows lie in [p10, p90]. Scratch comes from the arena and is given back.
 *   out   family is read; constants, counts and errors are set
 * Fails with GABLE_INPUT when there are fewer training rows than gable_fit_least_rows. */
gable_status gable_fit_kernel(gable_arena *arena, const gable_fit_rows *rows, gable_calibrated *out,
                              gable_err *err);

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
} gable_calibrate_options;

/* Rows of one group that was too small: for the report. */
typedef struct gable_left_out {
    const char *stack, *dtype;
    int n_rows;
} gable_left_out;

enum { GABLE_FIT_GROUPS_CAP = 128 };

typedef struct gable_calibrate_report {
    gable_calibration fitted; /* entries and the one source: `rows->kind->name` */
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
