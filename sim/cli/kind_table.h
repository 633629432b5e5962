/* cli/kind_table: "KIND FILE.csv" of predict, validate and calibrate.
 * Room: cli. Uses: engine. */
#ifndef GABLE_CLI_KIND_TABLE_H
#define GABLE_CLI_KIND_TABLE_H
#include "cli/cli.h"
#include "engine/predict.h"

/* Options that predict and validate share: where the rows do not say. */
typedef struct gable_kind_options {
    const char *device;  /* NULL: the column */
    const char *stack;   /* NULL: the column, else the first stack below */
    const char *recipes; /* of serving runs; NULL: none */
    const char *output;
    int format;
    int half;
} gable_kind_options;

/* Their first rows of the option table. */
#define GABLE_KIND_OPTIONS                                                                         \
    {.name = "device",                                                                             \
     .type = GABLE_OPTION_TEXT,                                                                    \
     .argument = "DEVICE",                                                                         \
     .offset = offsetof(gable_kind_options, device),                                               \
     .help = "device of rows without the column device"},                                          \
    {                                                                                              \
        .name = "stack", .type = GABLE_OPTION_TEXT, .argument = "STACK",                           \
        .offset = offsetof(gable_kind_options, stack),                                             \
        .help = "stack of all rows instead of their framework: trtllm vllm sglang ideal"           \
    }

/* Reads the two positional arguments and the table. Fails with GABLE_USAGE on an unknown KIND or a
 * wrong number of arguments, with GABLE_INPUT on a bad table. */
gable_status gable_kind_table_read(gable_cli *cli, gable_csv *csv, gable_rows *rows);

/* Fails with GABLE_USAGE on an option that serving runs have no use for. */
gable_status gable_kind_check_serving(gable_cli *cli, const gable_kind_options *options);

/* Prices the rows as the options say; `predictions` lives in the arena of `cli`. Fails with
 * GABLE_USAGE on --recipes, which operators have no use for. */
gable_status gable_kind_predict(gable_cli *cli, const gable_kind_options *options,
                                const gable_rows *rows, gable_prediction **predictions);

#endif
