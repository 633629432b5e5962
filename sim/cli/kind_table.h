/* cli/kind_table: "KIND FILE.csv" of predict, validate and calibrate.
 * Room: cli. Uses: engine. */
#ifndef GABLE_CLI_KIND_TABLE_H
#define GABLE_CLI_KIND_TABLE_H
#include "cli/cli.h"
#include "engine/kinds.h"

/* Options that predict and validate share: where the rows do not say. */
typedef struct gable_kind_options {
    const char *device; /* NULL: the column */
    const char *stack;  /* NULL: the column, else the first stack below */
    const char *output;
    int format;
    int half;
} gable_kind_options;

/* Stack of rows that name no framework. */
#define GABLE_DEFAULT_STACK "trtllm"

/* Reads the two positional arguments and the table. Fails with GABLE_USAGE on an unknown KIND or a
 * wrong number of arguments, with GABLE_INPUT on a bad table. */
gable_status gable_kind_table_read(gable_cli *cli, gable_csv *csv, gable_rows *rows);

#endif
