/* gable roofline: the roofs of a machine and the operators of a step below them, as a picture. */
#include <stdlib.h>
#include <string.h>

#include "cli/scenario_options.h"
#include "report/plot.h"

typedef struct roofline_options {
    gable_scenario_options scenario; /* first: the shared rows point into it */
    bool terminal, emit_script;
} roofline_options;

static const gable_option options[] = {
    GABLE_SCENARIO_OPTIONS(gable_phase_choices_both, "both"),
    {.name = "terminal",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(roofline_options, terminal),
     .help = "draw with characters (the default without -o)"},
    {.name = "emit-script",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(roofline_options, emit_script),
     .help = "print the gnuplot script instead of running it"},
};

/* gnuplot draws one in 0.1 s. */
static const double timeout_s = 30.0;

enum { N_BOTH = 2 };

typedef struct roofline_steps {
    gable_case cases[N_BOTH];
    gable_priced priced[N_BOTH];
    size_t n;
} roofline_steps;

static gable_status price_steps(gable_cli *cli, const gable_scenario_options *o,
                                roofline_steps *out)
{
    static const gable_phase order[N_BOTH] = {GABLE_PHASE_DECODE, GABLE_PHASE_PREFILL};
    out->n = 1;
    if (o->phase != GABLE_PHASE_CHOICE_BOTH)
        return gable_scenario_price_one(cli, o, &out->cases[0], &out->priced[0]);
    out->n = N_BOTH;
    for (size_t i = 0; i < N_BOTH; i++) {
        gable_case *c = &out->cases[i];
        GABLE_TRY(gable_scenario_price(cli, o, order[i], true, c));
        out->priced[i] = (gable_priced){.plan = &c->plan, .machine = &c->machine, .step = &c->step};
    }
    return GABLE_OK;
}

static bool to_file(const char *output)
{
    return output && strcmp(output, "-") != 0;
}

/* What to draw on: characters, unless -o names a picture. */
static gable_status choose_canvas(gable_cli *cli, const roofline_options *o, gable_canvas *canvas)
{
    const char *output = o->scenario.output;
    *canvas = o->emit_script && !o->terminal ? GABLE_CANVAS_SVG : GABLE_CANVAS_TERMINAL;
    if (!to_file(output) || o->terminal || o->emit_script ||
        o->scenario.format != GABLE_FORMAT_TEXT)
        return GABLE_OK;
    *canvas = gable_canvas_of(output);
    if (*canvas != GABLE_N_CANVASES)
        return GABLE_OK;
    gable_text endings = {0};
#define CANVAS_ENDING(symbol, suffix, help) gable_text_add(&endings, " " suffix);
    GABLE_CANVAS_LIST(CANVAS_ENDING)
#undef CANVAS_ENDING
    gable_fail(&cli->err, GABLE_USAGE, "-o %.200s: the ending says what to draw; known are%s",
               output, endings.text ? endings.text : "");
    gable_text_free(&endings);
    return GABLE_USAGE;
}

static gable_status run(gable_cli *cli, const void *given)
{
    const roofline_options *o = given;
    gable_canvas canvas;
    roofline_steps steps;
    GABLE_TRY(choose_canvas(cli, o, &canvas));
    GABLE_TRY(price_steps(cli, &o->scenario, &steps));
    gable_roofline_request request = {
        .steps = steps.priced,
        .n_steps = steps.n,
        .canvas = canvas,
        .width = cli->width,
        .color = cli->color && !to_file(o->scenario.output),
        .plots = cli->plots,
    };
    const gable_gnuplot gnuplot = {getenv("PATH"), timeout_s};
    gable_format format = (gable_format)o->scenario.format;
    if (o->emit_script)
        GABLE_TRY(gable_roofline_script(&cli->arena, &request, &cli->out, &cli->err));
    else if (format != GABLE_FORMAT_TEXT)
        GABLE_TRY(gable_roofline_write(&cli->arena, &request, format, &cli->out, &cli->err));
    else
        GABLE_TRY(gable_roofline_draw(&cli->arena, &request, &gnuplot, &cli->out, &cli->err));
    return gable_scenario_deliver(cli, o->scenario.output);
}

const gable_command gable_command_roofline = {
    .name = "roofline",
    .summary = "draw the roofs of a machine and the operators of a step below them",
    .arguments = "",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(roofline_options),
    .examples =
        "gable roofline --model llama-3.1-70b --system hgx-h100-8 --tp 8 --batch 64 --context 4k\n"
        "gable roofline --model llama-3.1-8b --system h100-sxm -o roofline.svg\n"
        "gable roofline --model llama-3.1-8b --system l4 --emit-script | gnuplot -d > l4.svg\n",
    .run = run,
};
