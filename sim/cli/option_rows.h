/* cli/option_rows: rows of option tables, one macro a type; and the rows that `gable serve` and
 * `gable plan` share. `owner_` is the options struct of the command, `member_` what a row fills.
 * Room: cli. Uses: cli/cli.h, report. */
#ifndef GABLE_CLI_OPTION_ROWS_H
#define GABLE_CLI_OPTION_ROWS_H
#include "cli/cli.h"
#include "cli/edit_options.h"

#define GABLE_TEXT_ROW(owner_, member_, name_, argument_, help_)                                   \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_TEXT, .argument = argument_,                           \
        .offset = offsetof(owner_, member_), .help = help_                                         \
    }
/* After the help, more members: .never = "trace". */
#define GABLE_NUMBER_ROW(owner_, member_, name_, dim_, argument_, default_, min_, max_, ...)       \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_QUANTITY, .dim = GABLE_DIM_##dim_,                     \
        .argument = argument_, .default_text = default_, .min = min_, .max = max_,                 \
        .offset = offsetof(owner_, member_), .help = __VA_ARGS__                                   \
    }
#define GABLE_INT_ROW(owner_, member_, name_, default_, min_, max_, help_)                         \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_INT, .dim = GABLE_DIM_COUNT, .argument = "N",          \
        .default_text = default_, .min = min_, .max = max_, .offset = offsetof(owner_, member_),   \
        .help = help_                                                                              \
    }
#define GABLE_DTYPE_ROW(owner_, member_, name_, help_)                                             \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_DTYPE, .argument = "DTYPE",                            \
        .offset = offsetof(owner_, member_), .help = help_                                         \
    }
#define GABLE_CHOICE_ROW(owner_, member_, name_, argument_, choices_, default_, help_)             \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_CHOICE, .argument = argument_, .choices = choices_,    \
        .default_text = default_, .offset = offsetof(owner_, member_), .help = help_               \
    }
#define GABLE_FLAG_ROW(owner_, member_, name_, help_)                                              \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_FLAG, .offset = offsetof(owner_, member_),             \
        .help = help_                                                                              \
    }
#define GABLE_OUTPUT_ROW(owner_, help_)                                                            \
    {                                                                                              \
        .name = "output", .letter = 'o', .type = GABLE_OPTION_TEXT, .argument = "FILE",            \
        .offset = offsetof(owner_, output), .help = help_                                          \
    }

/* ---- what is served ---- */

#define GABLE_SERVED_OPTIONS(owner_)                                                               \
    GABLE_TEXT_ROW(owner_, model, "model", "NAME|PATH",                                            \
                   "model: a name of `gable model list`, or a config.json"),                       \
        GABLE_TEXT_ROW(owner_, checkpoint, "checkpoint", "NAME",                                   \
                       "formats of a published checkpoint: a row of workloads/checkpoints.csv"),   \
        {.name = "stack",                                                                          \
         .type = GABLE_OPTION_TEXT,                                                                \
         .argument = "STACK",                                                                      \
         .default_text = "vllm",                                                                   \
         .offset = offsetof(owner_, stack),                                                        \
         .help = "engine that serves; ideal: no software cost"},                                   \
        GABLE_DTYPE_ROW(owner_, weights, "weights",                                                \
                        "format of the weights instead of the model's"),                           \
        GABLE_DTYPE_ROW(owner_, activations, "activations",                                        \
                        "format of the activations instead of the model's"),                       \
        GABLE_DTYPE_ROW(owner_, kv, "kv", "format of the cache instead of the engine's default"),  \
        GABLE_EDIT_OPTION(owner_, set)

/* To whom. A length_ratio of 0 lets lengths vary. */
#define GABLE_LENGTH_OPTIONS(owner_)                                                               \
    GABLE_NUMBER_ROW(owner_, isl, "isl", COUNT, "N", "1024", 1.0, 1e9, "tokens of a prompt",       \
                     .never = "trace"),                                                            \
        GABLE_NUMBER_ROW(owner_, osl, "osl", COUNT, "N", "1024", 1.0, 1e9, "tokens of an answer",  \
                         .never = "trace"),                                                        \
        GABLE_NUMBER_ROW(owner_, length_ratio, "length-ratio", NONE, "R", "0", 0.0, 1.0,           \
                         "mean length / --isl and --osl, where those are the most; 1: all alike; " \
                         "0: a tenth around them",                                                 \
                         .never = "trace")

#endif
