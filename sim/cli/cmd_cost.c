/* gable cost: one step of one model on one machine. */
#include <stddef.h>

#include "cli/decoding_options.h"
#include "cli/scenario_options.h"

typedef struct cost_options {
    gable_scenario_options scenario; /* first: its rows are offsets into it */
    gable_decoding_words decoding;
} cost_options;

static const gable_option options[] = {GABLE_SCENARIO_OPTIONS(gable_phase_choices, "decode"),
                                       GABLE_DECODING_OPTIONS(cost_options)};

/* A step and, when tokens do not come one after another, the iteration that it is part of. */
static gable_status price(gable_cli *cli, const cost_options *o, gable_case *c,
                          gable_decoding *decoding, gable_priced *priced)
{
    gable_scenario scenario;
    gable_decoding_options how;
    bool asked;
    gable_phase phase = gable_scenario_phase(&o->scenario);
    GABLE_TRY(gable_scenario_read(cli, &o->scenario, phase, false, c, &scenario));
    GABLE_TRY(gable_decoding_asked(&o->decoding, c->model, phase, &asked, &cli->err));
    if (!asked)
        return gable_scenario_price_read(cli, &scenario, c, priced);
    GABLE_TRY(
        gable_decoding_read(&cli->arena, cli->workloads, &o->decoding, c->model, &how, &cli->err));
    GABLE_TRY(gable_engine_decode(&cli->arena, c->model, &c->machine, &scenario, &how, &c->plan,
                                  &c->step, decoding, &cli->err));
    *priced = (gable_priced){
        .plan = &c->plan, .machine = &c->machine, .step = &c->step, .decoding = decoding};
    return GABLE_OK;
}

static gable_status run(gable_cli *cli, const void *given)
{
    const cost_options *o = given;
    gable_case priced_case;
    gable_decoding decoding;
    gable_priced priced;
    GABLE_TRY(price(cli, o, &priced_case, &decoding, &priced));
    GABLE_TRY(gable_report_cost(&cli->arena, &priced, (gable_format)o->scenario.format, cli->width,
                                &cli->out, &cli->err));
    return gable_scenario_deliver(cli, o->scenario.output);
}

const gable_command gable_command_cost = {
    .name = "cost",
    .summary = "how long one step takes, what it is bound by, whether it fits",
    .arguments = "",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(cost_options),
    .examples =
        "gable cost --model llama-3.1-70b --system hgx-h100-8 --tp 8 --batch 64 --context 4k\n"
        "gable cost --model llama-3.1-8b --system l4 --phase prefill --new-tokens 2048\n"
        "gable cost --model qwen3-30b-a3b --system h200-sxm --weights fp8 --format json\n"
        "gable cost --model deepseek-v3 --system hgx-h200-8 --tp 8 --decoding mtp "
        "--acceptance-rate 0.8\n"
        "gable cost --model qwen3-32b --system h100-sxm --draft qwen3-0.6b --draft-tokens 4 "
        "--accepted-length 3\n"
        "gable cost --model diffusiongemma-26b-a4b --system h100-sxm --weights fp8 "
        "--denoise-steps 16\n",
    .run = run,
};
