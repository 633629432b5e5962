/* cli/solve_table: one question of `gable solve` asked of several systems: the table of classroom
 * fame. Private to that command. Room: cli. Uses: every room below. */
#ifndef GABLE_CLI_SOLVE_TABLE_H
#define GABLE_CLI_SOLVE_TABLE_H
#include "cli/scenario_options.h"

/* Whether --system names several, by commas. */
bool gable_solve_table_asked(const gable_scenario_options *options);

/* Solves for each system and appends the table.
 *   question, unit   for headers: "batch", "sequences" */
gable_status gable_solve_table(gable_cli *cli, const gable_scenario_options *options,
                               gable_solve_kind kind, bool paper, const char *question,
                               const char *unit);

#endif
