/* cli/scenario_options: what to price: the options that cost, roofline, explain and later commands
 * share, and the way from them to a priced step.
 * Room: cli. Uses: every room below. */
#ifndef GABLE_CLI_SCENARIO_OPTIONS_H
#define GABLE_CLI_SCENARIO_OPTIONS_H
#include "cli/edit_options.h"
#include "cli/rank_options.h"
#include "report/report.h"

/* First member of the options struct of each of these commands. */
typedef struct gable_scenario_options {
    const char *model, *system, *stack, *checkpoint;
    int phase;  /* gable_phase_choice */
    int clocks; /* 0 burst, 1 sustained */
    double batch;
    const char *context, *new_tokens; /* their defaults depend on the phase */
    GABLE_LAYOUT_MEMBERS
    double skew;
    int weights, activations, kv; /* gable_dtype or -1 */
    gable_texts set;              /* fields of the hardware that are edited */
    int format;
    const char *output; /* NULL or "-": standard output */
    const char *beside; /* another model that runs on the machine; NULL: none */
} gable_scenario_options;

typedef enum gable_phase_choice {
    GABLE_PHASE_CHOICE_DECODE,
    GABLE_PHASE_CHOICE_PREFILL,
    GABLE_PHASE_CHOICE_BOTH
} gable_phase_choice;
extern const char *const gable_phase_choices[];      /* "decode" "prefill" NULL */
extern const char *const gable_clocks[];             /* "burst" "sustained" NULL */
extern const char *const gable_phase_choices_both[]; /* the same and "both" */

/* Rows of the option table; `choices_` and `fallback_` are those of --phase: commands differ. */
#define GABLE_SCENARIO_OPTIONS(choices_, fallback_)                                                \
    {.name = "model",                                                                              \
     .type = GABLE_OPTION_TEXT,                                                                    \
     .argument = "NAME|PATH",                                                                      \
     .offset = offsetof(gable_scenario_options, model),                                            \
     .help = "model: a name of `gable model list`, or a config.json"},                             \
        {.name = "system",                                                                         \
         .type = GABLE_OPTION_TEXT,                                                                \
         .argument = "NAME|PATH",                                                                  \
         .offset = offsetof(gable_scenario_options, system),                                       \
         .help = "system or device: a name of `gable hw list`, or a file"},                        \
        {.name = "phase",                                                                          \
         .type = GABLE_OPTION_CHOICE,                                                              \
         .argument = "PHASE",                                                                      \
         .choices = choices_,                                                                      \
         .default_text = fallback_,                                                                \
         .offset = offsetof(gable_scenario_options, phase),                                        \
         .help = "what the step does"},                                                            \
        {.name = "batch",                                                                          \
         .type = GABLE_OPTION_QUANTITY,                                                            \
         .dim = GABLE_DIM_COUNT,                                                                   \
         .argument = "N",                                                                          \
         .default_text = "1",                                                                      \
         .min = 1.0,                                                                               \
         .max = 1048576.0,                                                                         \
         .offset = offsetof(gable_scenario_options, batch),                                        \
         .help = "sequences in the step"},                                                         \
        {.name = "context",                                                                        \
         .type = GABLE_OPTION_TEXT,                                                                \
         .argument = "N",                                                                          \
         .offset = offsetof(gable_scenario_options, context),                                      \
         .help = "tokens of each sequence already cached (decode 1024, prefill 0)"},               \
        {.name = "new-tokens",                                                                     \
         .type = GABLE_OPTION_TEXT,                                                                \
         .argument = "N",                                                                          \
         .offset = offsetof(gable_scenario_options, new_tokens),                                   \
         .help = "tokens that each sequence adds (decode 1, prefill 1024)"},                       \
        GABLE_LAYOUT_OPTIONS(gable_scenario_options),                                              \
        {.name = "experts-skew",                                                                   \
         .type = GABLE_OPTION_QUANTITY,                                                            \
         .dim = GABLE_DIM_NONE,                                                                    \
         .argument = "A",                                                                          \
         .default_text = "0",                                                                      \
         .min = 0.0,                                                                               \
         .max = 8.0,                                                                               \
         .offset = offsetof(gable_scenario_options, skew),                                         \
         .help = "Zipf exponent of the experts' popularity; 0 is uniform"},                        \
        {.name = "checkpoint",                                                                     \
         .type = GABLE_OPTION_TEXT,                                                                \
         .argument = "NAME",                                                                       \
         .offset = offsetof(gable_scenario_options, checkpoint),                                   \
         .help = "formats of a published checkpoint: a row of workloads/checkpoints.csv"},         \
        {.name = "weights",                                                                        \
         .type = GABLE_OPTION_DTYPE,                                                               \
         .argument = "DTYPE",                                                                      \
         .offset = offsetof(gable_scenario_options, weights),                                      \
         .help = "format of the weights instead of the model's"},                                  \
        {.name = "activations",                                                                    \
         .type = GABLE_OPTION_DTYPE,                                                               \
         .argument = "DTYPE",                                                                      \
         .offset = offsetof(gable_scenario_options, activations),                                  \
         .help = "format of the activations instead of the model's"},                              \
        {.name = "kv",                                                                             \
         .type = GABLE_OPTION_DTYPE,                                                               \
         .argument = "DTYPE",                                                                      \
         .offset = offsetof(gable_scenario_options, kv),                                           \
         .help = "format of the cache instead of the model's"},                                    \
        {.name = "stack",                                                                          \
         .type = GABLE_OPTION_TEXT,                                                                \
         .argument = "STACK",                                                                      \
         .default_text = "trtllm",                                                                 \
         .offset = offsetof(gable_scenario_options, stack),                                        \
         .help = "software that runs the kernels; ideal: the ceiling alone"},                      \
        {.name = "clocks",                                                                         \
         .type = GABLE_OPTION_CHOICE,                                                              \
         .argument = "CLOCKS",                                                                     \
         .choices = gable_clocks,                                                                  \
         .default_text = "burst",                                                                  \
         .offset = offsetof(gable_scenario_options, clocks),                                       \
         .help = "of kernels that the power limits: as benchmarked, or without a pause"},          \
        GABLE_EDIT_OPTION(gable_scenario_options, set),                                            \
        {.name = "format",                                                                         \
         .type = GABLE_OPTION_CHOICE,                                                              \
         .argument = "FORMAT",                                                                     \
         .choices = gable_formats,                                                                 \
         .default_text = "text",                                                                   \
         .offset = offsetof(gable_scenario_options, format),                                       \
         .help = "form of the answer"},                                                            \
    {                                                                                              \
        .name = "output", .letter = 'o', .type = GABLE_OPTION_TEXT, .argument = "FILE",            \
        .offset = offsetof(gable_scenario_options, output),                                        \
        .help = "write the answer to FILE, whole or not at all"                                    \
    }

/* A priced step and all that it stands on; lives in cli->arena. */
typedef struct gable_case {
    const gable_model *model;
    gable_machine machine;
    gable_plan plan;
    gable_step step;
    const gable_edited_list *edited; /* NULL: the machine is as its files say */
} gable_case;

/* Loads model and machine, applies the formats, lays out and prices the step of `phase`.
 *   both   a pair: decode takes --batch and --context, prefill reads one prompt of that length */
gable_status gable_scenario_price(gable_cli *cli, const gable_scenario_options *options,
                                  gable_phase phase, bool both, gable_case *out);

/* Loads model and machine, applies the formats and reads the step of `phase`, without pricing it. A
 * decode step of a model with a canvas is one denoising step of it unless --new-tokens says
 * otherwise. */
gable_status gable_scenario_read(gable_cli *cli, const gable_scenario_options *options,
                                 gable_phase phase, bool both, gable_case *out,
                                 gable_scenario *scenario);

/* Lays out and prices a step that was read. */
gable_status gable_scenario_price_read(gable_cli *cli, const gable_scenario *scenario,
                                       gable_case *out, gable_priced *priced);

/* A count given as text, because its default depends on the phase; `fallback` for NULL. `name` is
 * that of the option, for messages. */
gable_status gable_scenario_count(gable_cli *cli, const char *name, const char *text,
                                  double fallback, double *out);

/* The phase that --phase names; decode for "both". */
gable_phase gable_scenario_phase(const gable_scenario_options *options);

/* The step that --phase names, as a report takes it. */
gable_status gable_scenario_price_one(gable_cli *cli, const gable_scenario_options *options,
                                      gable_case *out, gable_priced *priced);

/* Usage error where `output` names a picture and `format` (a gable_format) asks for text. */
gable_status gable_scenario_check_form(gable_cli *cli, const char *output, int format);

/* Sends cli->out to -o FILE when there is one; then standard output stays empty. */
gable_status gable_scenario_deliver(gable_cli *cli, const char *output);

#endif
