/* cli/calibrate_tables: what `gable calibrate` shows of a fit, one table a run.
 * Room: cli. Uses: engine, report. */
#ifndef GABLE_CLI_CALIBRATE_TABLES_H
#define GABLE_CLI_CALIBRATE_TABLES_H
#include "cli/kind_table.h"
#include "engine/fit.h"
#include "report/report.h"

typedef enum gable_calibrate_table {
    GABLE_CALIBRATE_KERNELS,   /* one line a group of rows: errors on the test half */
    GABLE_CALIBRATE_CONSTANTS, /* one line a continuous constant: how well it is known */
    GABLE_CALIBRATE_CURVE,     /* one line a group and number of training rows */
    GABLE_N_CALIBRATE_TABLES
} gable_calibrate_table;

/* "kernels" "constants" "curve" NULL: choices of --show. */
extern const char *const gable_calibrate_tables[];

/* Appends the table to cli->out.
 *   kind   name of the KIND that was fitted */
gable_status gable_calibrate_write(gable_cli *cli, const char *kind,
                                   const gable_calibrate_report *report,
                                   gable_calibrate_table which, gable_format format);

#endif
