/* gable cost: one step of one model on one machine. */
#include "cli/scenario_options.h"

static const gable_option options[] = {GABLE_SCENARIO_OPTIONS(gable_phase_choices, "decode")};

static gable_status run(gable_cli *cli, const void *given)
{
    const gable_scenario_options *o = given;
    gable_case priced_case;
    gable_priced priced;
    GABLE_TRY(gable_scenario_price_one(cli, o, &priced_case, &priced));
    GABLE_TRY(gable_report_cost(&cli->arena, &priced, (gable_format)o->format, cli->width,
                                &cli->out, &cli->err));
    return gable_scenario_deliver(cli, o->output);
}

const gable_command gable_command_cost = {
    .name = "cost",
    .summary = "how long one step takes, what it is bound by, whether it fits",
    .arguments = "",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(gable_scenario_options),
    .examples =
        "gable cost --model llama-3.1-70b --system hgx-h100-8 --tp 8 --batch 64 --context 4k\n"
        "gable cost --model llama-3.1-8b --system l4 --phase prefill --new-tokens 2048\n"
        "gable cost --model qwen3-30b-a3b --system h200-sxm --weights fp8 --format json\n",
    .run = run,
};
