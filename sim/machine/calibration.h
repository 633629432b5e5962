/* machine/calibration: hw/calibration/DEVICE.json, what was fitted on one device. `gable calibrate`
 * writes it. Room: machine. Uses: base. Format: hw/calibration/README.md. */
#ifndef GABLE_MACHINE_CALIBRATION_H
#define GABLE_MACHINE_CALIBRATION_H
#include "machine/constants.h"

/* Constants of one family, format and stack, with the error that they had on rows they were not
 * fitted on. */
typedef struct gable_calibrated {
    int family;                  /* gable_family */
    int weights;                 /* gable_dtype of the weights, or of the cache */
    int unit;                    /* gable_mma that the FLOPs run on */
    const char *stack, *version; /* of the software that was measured */
    const char *kernel;          /* label of its kernel; "" when the rows have none */
    double
        value[GABLE_PARAMETERS_CAP]; /* constants of the family's form, in the order of its table */
    double sigma_ln;                 /* as in gable_kernel_constants */
    int n_train, n_test;
    double median_frac, p90_frac; /* of |predicted / measured - 1| on the test rows */
    double bias_frac;             /* median of predicted / measured - 1 on the test rows */
    const char *source, *date;    /* id of a source of the file; day of the fit */
} gable_calibrated;

typedef struct gable_source {
    const char *id, *title, *where;
} gable_source;

/* Lives in an arena. Entries are sorted by family, stack, weights, unit; one of each. */
typedef struct gable_calibration {
    const char *name; /* device */
    int n_entries, n_notes;
    gable_calibrated *entries;
    gable_source *notes;  /* the file's "sources" */
    const char **sources; /* of the root's numbers; it has none */
} gable_calibration;

extern const gable_schema gable_calibration_schema, gable_calibrated_schema;

/* Reads hw/calibration/`device`.json, or a path. *out is NULL when the device has no such file.
 * Refuses with GABLE_INPUT and file, line and column. */
gable_status gable_calibration_load(gable_arena *arena, const char *hw, const char *device,
                                    gable_calibration **out, gable_err *err);

/* The same with the entries of these families alone: others are checked as JSON and no further. */
gable_status gable_calibration_load_families(gable_arena *arena, const char *hw, const char *device,
                                             gable_families families, gable_calibration **out,
                                             gable_err *err);

/* Copy of `old` (or of nothing, when NULL) in which `entries` and `source` take the place of those
 * with the same key. */
gable_status gable_calibration_merge(gable_arena *arena, const gable_calibration *old,
                                     const gable_calibration *more, gable_calibration *out,
                                     gable_err *err);

/* The file's text: four significant digits, entries one a line, so that refits give the same bytes.
 */
void gable_calibration_write(gable_text *out, const gable_calibration *calibration);

#endif
