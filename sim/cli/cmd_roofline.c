/* gable roofline: the roofs of a machine and the operators of a step below them, as a picture. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/roofline_along.h"

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
    {.name = "hierarchy",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(roofline_options, hierarchy),
     .help = "each operator a second time, at its FLOP per byte of L2"},
    {.name = "animate",
     .type = GABLE_OPTION_TEXT,
     .argument = "AXIS=FROM..TO",
     .offset = offsetof(roofline_options, animate),
     .help =
         "a frame for each value: batch=1..512, context, new-tokens, tp, ep; :x4 or :+64 steps"},
    {.name = "along",
     .type = GABLE_OPTION_TEXT,
     .argument = "AXIS=FROM..TO",
     .offset = offsetof(roofline_options, along),
     .help = "whole steps at all these values in one picture"},
    {.name = "beside",
     .type = GABLE_OPTION_TEXTS,
     .argument = "SYSTEM",
     .offset = offsetof(roofline_options, beside),
     .help = "with --along: another machine in the same picture; may be repeated"},
    {.name = "level",
     .type = GABLE_OPTION_CHOICE,
     .argument = "LEVEL",
     .choices = gable_levels,
     .default_text = "hbm",
     .offset = offsetof(roofline_options, level),
     .help = "with --along: bytes that FLOPs are counted against: hbm, l2, network"},
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

/* ---- frames ---- */

static const char page_break[] = "\f\n";

static gable_status make_frames(gable_cli *cli, const roofline_options *o,
                                const gable_roofline_request *like, gable_roofline_request **frames,
                                size_t *n)
{
    roofline_axis axis;
    roofline_steps *steps;
    GABLE_TRY(roofline_axis_read(cli, "animate", o->animate, &axis));
    *n = (size_t)axis.n;
    GABLE_TRY(gable_arena_take(&cli->arena, *n, sizeof **frames, frames, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, *n, sizeof *steps, &steps, &cli->err));
    for (size_t i = 0; i < *n; i++) {
        gable_scenario_options at = o->scenario;
        if (at.phase == GABLE_PHASE_CHOICE_BOTH)
            at.phase = GABLE_PHASE_CHOICE_DECODE; /* one thing moves */
        GABLE_TRY(roofline_axis_set(cli, &axis, (int)i, &at));
        GABLE_TRY(price_steps(cli, &at, &steps[i]));
        (*frames)[i] = *like;
        (*frames)[i].steps = steps[i].priced;
        (*frames)[i].n_steps = steps[i].n;
    }
    return GABLE_OK;
}

/* For somebody who looks on: one frame over the other. */
static gable_status play(gable_cli *cli)
{
    const struct timespec pause = {0, GABLE_FRAME_MS * 1000000L};
    for (char *at = cli->out.text; at;) {
        char *end = strstr(at, page_break);
        size_t length = end ? (size_t)(end - at) : strlen(at);
        GABLE_TRY(gable_cli_write(cli, "-", "\033[H\033[2J", 7));
        GABLE_TRY(gable_cli_write(cli, "-", at, length));
        at = end ? end + sizeof page_break - 1 : NULL;
        if (at)
            nanosleep(&pause, NULL);
    }
    gable_text_free(&cli->out);
    return GABLE_OK;
}

static gable_status animate(gable_cli *cli, const roofline_options *o,
                            const gable_roofline_request *like, const gable_gnuplot *gnuplot)
{
    gable_roofline_request *frames;
    size_t n;
    if (o->emit_script || o->scenario.format != GABLE_FORMAT_TEXT)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--animate draws; for figures along an axis: --along %.60s --format json",
                          o->animate);
    if (like->canvas == GABLE_CANVAS_PNG || like->canvas == GABLE_CANVAS_PDF)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "-o %.200s: what moves is .gif or .svg, or the terminal",
                          o->scenario.output);
    GABLE_TRY(make_frames(cli, o, like, &frames, &n));
    GABLE_TRY(gable_frames_draw(&cli->arena, frames, n, gnuplot, page_break, &cli->out, &cli->err));
    bool watched = like->canvas == GABLE_CANVAS_TERMINAL && isatty(STDOUT_FILENO) &&
                   !to_file(o->scenario.output);
    return watched ? play(cli) : gable_scenario_deliver(cli, o->scenario.output);
}

/* ---- all of it ---- */

static gable_status draw_one(gable_cli *cli, const roofline_options *o,
                             const gable_roofline_request *like, const gable_gnuplot *gnuplot)
{
    roofline_steps steps;
    gable_roofline_request request = *like;
    gable_format format = (gable_format)o->scenario.format;
    GABLE_TRY(price_steps(cli, &o->scenario, &steps));
    request.steps = steps.priced;
    request.n_steps = steps.n;
    if (o->emit_script)
        return gable_roofline_script(&cli->arena, &request, &cli->out, &cli->err);
    if (format != GABLE_FORMAT_TEXT)
        return gable_roofline_write(&cli->arena, &request, format, &cli->out, &cli->err);
    return gable_roofline_draw(&cli->arena, &request, gnuplot, &cli->out, &cli->err);
}

/* -o names a picture, something else asks for text. */
static gable_status check_form(gable_cli *cli, const roofline_options *o)
{
    const char *word = o->terminal ? "terminal" : "emit-script", *output = o->scenario.output;
    bool said = o->terminal || o->emit_script;
    if (said && o->scenario.format != GABLE_FORMAT_TEXT)
        return gable_fail(&cli->err, GABLE_USAGE, "--%s draws, --format %s lists: expected one",
                          word, gable_formats[o->scenario.format]);
    gable_canvas canvas = to_file(output) ? gable_canvas_of(output) : GABLE_N_CANVASES;
    if (said && canvas != GABLE_N_CANVASES && canvas != GABLE_CANVAS_TERMINAL)
        return gable_fail(&cli->err, GABLE_USAGE, "-o %.200s is a picture, --%s writes text",
                          output, word);
    return gable_scenario_check_form(cli, output, o->scenario.format);
}

static gable_status check_words(gable_cli *cli, const roofline_options *o)
{
    if (o->animate && o->along)
        return gable_fail(&cli->err, GABLE_USAGE, "give one of --animate and --along");
    if (!o->along && (o->beside.n > 0 || o->level != GABLE_LEVEL_HBM))
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--%s is for --along, for example --along batch=1..512",
                          o->beside.n > 0 ? "beside" : "level");
    if (o->along && o->hierarchy)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--hierarchy shows operators; --along whole "
                          "steps, with --level l2 for the same");
    return check_form(cli, o);
}

static gable_status run(gable_cli *cli, const void *given)
{
    const roofline_options *o = given;
    gable_canvas canvas;
    GABLE_TRY(check_words(cli, o));
    GABLE_TRY(choose_canvas(cli, o, &canvas));
    gable_roofline_request request = {
        .canvas = canvas,
        .width = cli->width,
        .color = cli->color && !to_file(o->scenario.output),
        .plots = cli->plots,
        .hierarchy = o->hierarchy,
    };
    const gable_gnuplot gnuplot = {getenv("PATH"), timeout_s};
    if (o->animate)
        return animate(cli, o, &request, &gnuplot);
    GABLE_TRY(o->along ? roofline_along(cli, o, canvas, &gnuplot)
                       : draw_one(cli, o, &request, &gnuplot));
    return gable_scenario_deliver(cli, o->scenario.output);
}

const gable_command gable_command_roofline = {
    .name = "roofline",
    .summary = "draw the roofs of a machine and the operators of a step below them",
    .arguments = "",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .draws = ".svg .gif .png .pdf",
    .options_bytes = sizeof(roofline_options),
    .examples =
        "gable roofline --model llama-3.1-70b --system hgx-h100-8 --tp 8 --batch 64 --context 4k\n"
        "gable roofline --model llama-3.1-8b --system h100-sxm -o roofline.svg\n"
        "gable roofline --model llama-3.1-8b --system l4 --emit-script | gnuplot -d > l4.svg\n"
        "gable roofline --model llama-3.1-8b --system h100-sxm --animate batch=1..512 -o "
        "climb.gif\n"
        "gable roofline --model llama-3.1-8b --system h100-sxm --along batch=1..512 --beside l40s "
        "--beside b200-sxm -o three.svg\n"
        "gable roofline --model llama-3.1-70b --system hgx-h100-8 --along tp=2..8 --level "
        "network\n",
    .run = run,
};
