/* cli/rank_options: rows of option tables that commands with a layout share.
 * Room: cli. Uses: cli/cli.h. */
#ifndef GABLE_CLI_RANK_OPTIONS_H
#define GABLE_CLI_RANK_OPTIONS_H
#include "cli/cli.h"

/* --tp and --ep, whole numbers into the members `tp` and `ep` of `owner_`. */
#define GABLE_RANK_OPTION(owner_, member_, help_)                                                  \
    {                                                                                              \
        .name = #member_, .type = GABLE_OPTION_INT, .dim = GABLE_DIM_COUNT, .argument = "N",       \
        .default_text = "1", .min = 1.0, .max = 1024.0, .offset = offsetof(owner_, member_),       \
        .help = help_                                                                              \
    }
#define GABLE_RANK_OPTIONS(owner_)                                                                 \
    GABLE_RANK_OPTION(owner_, tp, "tensor-parallel ranks"),                                        \
        GABLE_RANK_OPTION(owner_, ep, "ranks that experts are split over, of those of --tp")

#endif
