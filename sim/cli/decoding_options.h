/* cli/decoding_options: options of `gable cost` that say how tokens are decoded: speculation and
 * block diffusion.
 * Room: cli. Uses: every room below. */
#ifndef GABLE_CLI_DECODING_OPTIONS_H
#define GABLE_CLI_DECODING_OPTIONS_H
#include "cli/cli.h"
#include "engine/decoding_words.h"

/* Rows of an option table; `owner_` is an options struct with the member `decoding`. */
#define GABLE_DECODING_OPTIONS(owner_)                                                             \
    {.name = "decoding",                                                                           \
     .type = GABLE_OPTION_CHOICE,                                                                  \
     .argument = "METHOD",                                                                         \
     .choices = gable_decoding_choices,                                                            \
     .default_text = "plain",                                                                      \
     .offset = offsetof(owner_, decoding.method),                                                  \
     .help = "who drafts what a step verifies"},                                                   \
        {.name = "draft",                                                                          \
         .type = GABLE_OPTION_TEXT,                                                                \
         .argument = "NAME|PATH",                                                                  \
         .offset = offsetof(owner_, decoding.draft),                                               \
         .help = "model that drafts, for --decoding draft (implied) and block"},                   \
        {.name = "draft-tokens",                                                                   \
         .type = GABLE_OPTION_INT,                                                                 \
         .dim = GABLE_DIM_COUNT,                                                                   \
         .argument = "K",                                                                          \
         .min = 1.0,                                                                               \
         .max = GABLE_DRAFT_CAP,                                                                   \
         .offset = offsetof(owner_, decoding.draft_tokens),                                        \
         .help = "tokens drafted in each step (default 3)"},                                       \
        {.name = "acceptance-rate",                                                                \
         .type = GABLE_OPTION_QUANTITY,                                                            \
         .dim = GABLE_DIM_NONE,                                                                    \
         .argument = "A",                                                                          \
         .min = 0.0,                                                                               \
         .max = 1.0,                                                                               \
         .offset = offsetof(owner_, decoding.acceptance_rate),                                     \
         .help = "chance that a drafted token is kept if those before it were"},                   \
        {.name = "accepted-length",                                                                \
         .type = GABLE_OPTION_QUANTITY,                                                            \
         .dim = GABLE_DIM_NONE,                                                                    \
         .argument = "L",                                                                          \
         .min = 0.0,                                                                               \
         .max = GABLE_DRAFT_CAP + 1,                                                               \
         .offset = offsetof(owner_, decoding.accepted_length),                                     \
         .help = "tokens that a step yields, the model's own one included"},                       \
        {.name = "acceptance-table",                                                               \
         .type = GABLE_OPTION_TEXT,                                                                \
         .argument = "NAME",                                                                       \
         .offset = offsetof(owner_, decoding.acceptance_table),                                    \
         .help = "row of workloads/acceptance.csv; default: the model's for this method"},         \
        {.name = "schedule",                                                                       \
         .type = GABLE_OPTION_FLAG,                                                                \
         .offset = offsetof(owner_, decoding.schedule),                                            \
         .help = "verify only as many drafted tokens as pay (DSpark)"},                            \
        {.name = "confidence-spread",                                                              \
         .type = GABLE_OPTION_QUANTITY,                                                            \
         .dim = GABLE_DIM_NONE,                                                                    \
         .argument = "A",                                                                          \
         .min = 0.0,                                                                               \
         .max = 0.5,                                                                               \
         .offset = offsetof(owner_, decoding.confidence_spread),                                   \
         .help = "half of the requests keep drafts at a rate higher by so much, half lower"},      \
    {                                                                                              \
        .name = "denoise-steps", .type = GABLE_OPTION_INT, .dim = GABLE_DIM_COUNT,                 \
        .argument = "S", .min = 1.0, .max = 4096.0,                                                \
        .offset = offsetof(owner_, decoding.denoise_steps),                                        \
        .help = "steps that denoise a block, for block diffusion (default 16)"                     \
    }

#endif
