/* gable cost: one step of one model on one machine. */
#include <stddef.h>

#include "cli/decoding_options.h"
#include "cli/energy_options.h"
#include "cli/placement_options.h"
#include "cli/scenario_options.h"
#include "engine/interval.h"

typedef struct cost_options {
    gable_scenario_options scenario; /* first: its rows are offsets into it */
    gable_decoding_words decoding;
    gable_placement_words placement;
    gable_energy_words energy;
    bool interval;
} cost_options;

static const gable_option options[] = {
    GABLE_SCENARIO_OPTIONS(gable_phase_choices, "decode"),
    GABLE_DECODING_OPTIONS(cost_options),
    GABLE_PLACEMENT_OPTIONS(cost_options),
    GABLE_ENERGY_OPTIONS(cost_options),
    {.name = "interval",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(cost_options, interval),
     .help = "p10 to p90 of time and cost, and what they hang on"}};

/* A priced step and what it is part of. */
typedef struct cost {
    gable_case priced_case;
    gable_decoding decoding;
    gable_compression compression;
    gable_uncertainty uncertainty;
    gable_bill bill;
    gable_priced priced;
} cost;

static gable_status add_interval(gable_cli *cli, cost *out)
{
    const gable_whatif_step step = {out->priced.plan, out->priced.machine, out->priced.step};
    if (out->priced.decoding || out->priced.compression)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--interval is for plain steps, without speculation or compression");
    out->priced.uncertainty = &out->uncertainty;
    return gable_interval_run(&cli->arena, &step, 1, &out->uncertainty, NULL, &cli->err);
}

static gable_status decode(gable_cli *cli, const cost_options *o, const gable_scenario *scenario,
                           cost *out)
{
    gable_case *c = &out->priced_case;
    gable_decoding_options how;
    if (o->scenario.new_tokens && c->model->canvas == 0)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--new-tokens: a step of speculation takes one token more than "
                          "--draft-tokens says");
    if (o->placement.compress > 0.0)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--compress is for steps that add one token after another");
    GABLE_TRY(
        gable_decoding_read(&cli->arena, cli->workloads, &o->decoding, c->model, &how, &cli->err));
    GABLE_TRY(gable_engine_decode(&cli->arena, c->model, &c->machine, scenario, &how, &c->plan,
                                  &c->step, &out->decoding, &cli->err));
    out->priced = (gable_priced){.plan = &c->plan,
                                 .machine = &c->machine,
                                 .step = &c->step,
                                 .decoding = &out->decoding,
                                 .edited = c->edited};
    return GABLE_OK;
}

static gable_status compress(gable_cli *cli, const cost_options *o, const gable_scenario *scenario,
                             cost *out)
{
    gable_case *c = &out->priced_case;
    gable_scenario shorter;
    const gable_model *compressor = NULL;
    const char *name = o->placement.compressor;
    double ratio = o->placement.compress;
    if (name)
        GABLE_TRY(gable_model_load(&cli->arena, cli->workloads, name, &compressor, &cli->err));
    GABLE_TRY(gable_compress_scenario(scenario, ratio, &shorter, &cli->err));
    GABLE_TRY(gable_scenario_price_read(cli, &shorter, c, &out->priced));
    out->priced.compression = &out->compression;
    return gable_compress_price(&cli->arena, c->model, compressor, &c->machine, scenario, ratio,
                                &c->step, &out->compression, &cli->err);
}

/* A step and, when tokens do not come one after another, the iteration that it is part of. */
static gable_status price(gable_cli *cli, const cost_options *o, cost *out)
{
    gable_case *c = &out->priced_case;
    gable_scenario scenario;
    bool asked;
    gable_phase phase = gable_scenario_phase(&o->scenario);
    gable_scenario_options read = o->scenario;
    read.beside = o->decoding.draft ? o->decoding.draft : o->placement.compressor;
    GABLE_TRY(gable_scenario_read(cli, &read, phase, false, c, &scenario));
    GABLE_TRY(gable_placement_apply(cli, &o->placement, &scenario));
    GABLE_TRY(gable_decoding_asked(&o->decoding, c->model, phase, &asked, &cli->err));
    if (asked)
        return decode(cli, o, &scenario, out);
    if (o->placement.compress > 0.0)
        return compress(cli, o, &scenario, out);
    return gable_scenario_price_read(cli, &scenario, c, &out->priced);
}

static gable_status run(gable_cli *cli, const void *given)
{
    const cost_options *o = given;
    cost all;
    GABLE_TRY(price(cli, o, &all));
    GABLE_TRY(gable_bill_add(cli, &o->energy, &all.priced_case.step, &all.priced, &all.bill));
    if (o->interval)
        GABLE_TRY(add_interval(cli, &all));
    GABLE_TRY(gable_report_cost(&cli->arena, &all.priced, (gable_format)o->scenario.format,
                                cli->width, &cli->out, &cli->err));
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
        "--denoise-steps 16\n"
        "gable cost --model llama-3.1-70b --system gb200-nvl72 --offload-weights 0.5\n"
        "gable cost --model llama-3.1-70b --system hgx-h100-8 --tp 8 --set hbm.bandwidth=8TB/s\n"
        "gable cost --model llama-3.1-8b --system h100-sxm --phase prefill --new-tokens 8k "
        "--prefix-hit 0.6\n",
    .run = run,
};
