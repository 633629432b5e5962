/* gable explain: the arithmetic behind `gable cost`, line by line. */
#include <stddef.h>

#include "cli/scenario_options.h"

typedef struct explain_options {
    gable_scenario_options scenario; /* first: its rows are offsets into it */
    bool constants;
} explain_options;

static const gable_option options[] = {
    GABLE_SCENARIO_OPTIONS(gable_phase_choices, "decode"),
    {.name = "constants",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(explain_options, constants),
     .help = "list the fitted constants of every kernel as well"},
};

static gable_status run(gable_cli *cli, const void *given)
{
    const explain_options *all = given;
    const gable_scenario_options *o = &all->scenario;
    gable_case priced_case;
    gable_priced priced;
    const gable_node *root = NULL;
    GABLE_TRY(gable_scenario_price_one(cli, o, &priced_case, &priced));
    priced.constants = all->constants;
    GABLE_TRY(gable_explain_build(&cli->arena, &priced, &root, &cli->err));
    GABLE_TRY(gable_explain_write(&cli->arena, root, (gable_format)o->format, cli->width, &cli->out,
                                  &cli->err));
    return gable_scenario_deliver(cli, o->output);
}

const gable_command gable_command_explain = {
    .name = "explain",
    .summary = "the arithmetic of a step: every number with its formula and source",
    .arguments = "",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(explain_options),
    .examples = "gable explain --model llama-3.1-8b --system h100-sxm --stack ideal\n"
                "gable explain --model llama-3.1-70b --system hgx-h100-8 --tp 8 --format json\n"
                "gable explain --model llama-3.1-8b --system h100-sxm --constants\n",
    .run = run,
};
