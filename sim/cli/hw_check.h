/* cli/hw_check: `gable hw check`: loads descriptions and prints the ratios that betray a wrong
 * figure. Private to `gable hw`. Room: cli. Uses: base, machine, cli/hw_table. */
#ifndef GABLE_CLI_HW_CHECK_H
#define GABLE_CLI_HW_CHECK_H
#include "cli/cli.h"
#include "cli/hw_table.h"

/* Checks the files given as arguments from the second on, or all of hw/ when there are none. Every
 * refused file is noted on stderr; then the first refusal is the error. */
gable_status hw_check_run(gable_cli *cli, hw_format format);

#endif
