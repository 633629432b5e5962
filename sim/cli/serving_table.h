/* cli/serving_table: the KIND serving of predict, validate and calibrate: runs instead of
 * operators. `recipes` is a file (engine/recipes.h), "none", or NULL: that of the
 * data folder for published runs.
 * Room: cli. Uses: engine. */
#ifndef GABLE_CLI_SERVING_TABLE_H
#define GABLE_CLI_SERVING_TABLE_H
#include "cli/cli.h"

/* Row of an option table: the member `recipes` of `owner_`. */
#define GABLE_RECIPES_OPTION(owner_)                                                               \
    {                                                                                              \
        .name = "recipes", .type = GABLE_OPTION_TEXT, .argument = "FILE",                          \
        .offset = offsetof(owner_, recipes),                                                       \
        .help = "serving: settings of the engines of published runs; none: none (default: those "  \
                "of the data folder, for tables with the column measured)"                         \
    }

/* Whether the first argument is "serving". */
bool gable_is_serving(const gable_cli *cli);

/* The rows with ttft_ms_predicted and tpot_ms_predicted appended; a column of measured times is
 * never read. */
gable_status gable_serving_table_predict(gable_cli *cli, const char *recipes);

/* Errors by stack, device, model and precision. `half`: 0 both, 1 train, 2 test. */
gable_status gable_serving_table_validate(gable_cli *cli, const char *recipes, int half,
                                          int format);

/* Fits the constants of `stack`. With `output` writes the file of hw/serving; else the constants
 * are the answer. */
gable_status gable_serving_table_calibrate(gable_cli *cli, const char *recipes, const char *stack,
                                           bool half, const char *date, const char *output);

#endif
