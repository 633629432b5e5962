/* cli/power_table: the KIND power of predict, validate and calibrate: what a board draws, beside
 * how long an operator takes.
 * Room: cli. Uses: engine. */
#ifndef GABLE_CLI_POWER_TABLE_H
#define GABLE_CLI_POWER_TABLE_H
#include "cli/kind_table.h"

/* Whether the first argument is "power". */
bool gable_is_power(const gable_cli *cli);

/* The columns of power that follow those of time, "draw_w_predicted,…", or one row's cells. */
extern const char *const gable_power_columns[]; /* NULL-terminated */

/* Cells of those columns for each row: text[i] lives in the arena. Columns of measurements are not
 * read. */
gable_status gable_power_table_cells(gable_cli *cli, const gable_kind_options *options,
                                     const gable_rows *rows, const gable_prediction *predictions,
                                     const char ***cells);

/* Errors of readings by device, operator, format and framework, beside those of rules of thumb. */
gable_status gable_power_table_validate(gable_cli *cli, const gable_kind_options *options);

/* Fits the constants of one generation; writes the file of hw/power to `output`, or to standard
 * output. */
gable_status gable_power_table_calibrate(gable_cli *cli, const char *reference, bool half,
                                         const char *date, const char *output);

#endif
