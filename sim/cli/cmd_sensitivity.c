/* gable sensitivity: what a little more of each field of the hardware is worth to a step. */
#include <stdlib.h>

#include "cli/scenario_options.h"
#include "report/sensitivity.h"

static const gable_option options[] = {GABLE_SCENARIO_OPTIONS(gable_phase_choices, "decode")};

static const double picture_timeout_s = 30.0;

static gable_status draw(gable_cli *cli, const gable_priced *priced, const gable_sensitivity *s,
                         gable_canvas canvas)
{
    gable_text script = {0};
    const gable_gnuplot gnuplot = {getenv("PATH"), picture_timeout_s};
    gable_status status =
        gable_sensitivity_script(&cli->arena, priced, s, canvas, cli->plots, &script, &cli->err);
    if (status == GABLE_OK)
        status = gable_gnuplot_run(&gnuplot, &script, &cli->out, &cli->err);
    gable_text_free(&script);
    return status;
}

static gable_status run(gable_cli *cli, const void *given)
{
    const gable_scenario_options *o = given;
    gable_case c;
    gable_priced priced;
    gable_sensitivity sensitivity;
    gable_canvas canvas = o->output ? gable_canvas_of(o->output) : GABLE_N_CANVASES;
    GABLE_TRY(gable_scenario_check_form(cli, o->output, o->format));
    GABLE_TRY(gable_scenario_price_one(cli, o, &c, &priced));
    const gable_whatif_step step = {priced.plan, priced.machine, priced.step};
    GABLE_TRY(gable_sensitivity_run(&cli->arena, &step, &sensitivity, &cli->err));
    if (canvas == GABLE_N_CANVASES || canvas == GABLE_CANVAS_TERMINAL)
        GABLE_TRY(gable_report_sensitivity(&cli->arena, &priced, &sensitivity,
                                           (gable_format)o->format, cli->width, &cli->out,
                                           &cli->err));
    else
        GABLE_TRY(draw(cli, &priced, &sensitivity, canvas));
    return gable_scenario_deliver(cli, o->output);
}

const gable_command gable_command_sensitivity = {
    .name = "sensitivity",
    .summary = "what a little more of each field of the hardware is worth",
    .arguments = "",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .draws = ".svg .gif .png .pdf",
    .options_bytes = sizeof(gable_scenario_options),
    .examples =
        "gable sensitivity --model llama-3.1-70b --system hgx-h100-8 --tp 8 --batch 64\n"
        "gable sensitivity --model qwen3-235b-a22b --system gb200-nvl72 --tp 4 --phase prefill\n"
        "gable sensitivity --model llama-3.1-8b --system h100-sxm -o tornado.svg\n",
    .run = run,
};
