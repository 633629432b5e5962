/* gable curve: one figure of several models along one axis, as numbers or as a picture. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/scenario_options.h"
#include "engine/curve.h"
#include "report/plot.h"

typedef struct curve_options {
    const char *models, *system, *stack, *output, *title;
    double context;
    int tp, ep, format;
} curve_options;

static const gable_option options[] = {
    {.name = "model",
     .type = GABLE_OPTION_TEXT,
     .argument = "NAME,NAME…",
     .offset = offsetof(curve_options, models),
     .help = "models, one line each: names of `gable model list`, or paths"},
    {.name = "system",
     .type = GABLE_OPTION_TEXT,
     .argument = "NAME|PATH",
     .offset = offsetof(curve_options, system),
     .help = "machine that prices the steps, for what grows with the batch"},
    {.name = "context",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_COUNT,
     .argument = "N",
     .default_text = "4096",
     .offset = offsetof(curve_options, context),
     .help = "tokens of each sequence already cached, where the batch grows"},
    GABLE_RANK_OPTIONS(curve_options),
    {.name = "stack",
     .type = GABLE_OPTION_TEXT,
     .argument = "STACK",
     .default_text = "trtllm",
     .offset = offsetof(curve_options, stack),
     .help = "software that runs the kernels; ideal: the ceiling alone"},
    {.name = "title",
     .type = GABLE_OPTION_TEXT,
     .argument = "TEXT",
     .offset = offsetof(curve_options, title),
     .help = "title of the picture"},
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .argument = "FORMAT",
     .choices = gable_formats,
     .default_text = "text",
     .offset = offsetof(curve_options, format),
     .help = "form of the numbers"},
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .argument = "FILE",
     .offset = offsetof(curve_options, output),
     .help = "draw into FILE instead of printing numbers"},
};

static gable_status find_kind(gable_cli *cli, gable_curve_kind *kind)
{
    const char *names[GABLE_N_CURVES];
    for (int i = 0; i < GABLE_N_CURVES; i++)
        names[i] = gable_curves[i].name;
    if (cli->n_arguments > 1)
        return gable_fail(&cli->err, GABLE_USAGE, "curve: unexpected argument \"%.80s\"",
                          cli->arguments[1]);
    if (cli->n_arguments == 0)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "curve needs what to draw: cache, flops, roofline, step or throughput");
    for (int i = 0; i < GABLE_N_CURVES; i++)
        if (strcmp(names[i], cli->arguments[0]) == 0) {
            *kind = (gable_curve_kind)i;
            return GABLE_OK;
        }
    return gable_cli_unknown(cli, "curve", cli->arguments[0], names, GABLE_N_CURVES);
}

static gable_status load_models(gable_cli *cli, const char *list, const gable_model **models,
                                int *n)
{
    if (!list || !*list)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--model is needed, for example --model llama-3.1-70b,deepseek-v3");
    const char *names[GABLE_SERIES_CAP];
    GABLE_TRY(gable_cli_names(cli, "model", list, GABLE_SERIES_CAP, names, n));
    for (int i = 0; i < *n; i++)
        GABLE_TRY(gable_model_load(&cli->arena, cli->workloads, names[i], &models[i], &cli->err));
    return GABLE_OK;
}

/* One point, for tables. */
typedef struct point {
    const char *series;
    double batch, x, y;
} point;

static gable_status write_numbers(gable_cli *cli, gable_curve_kind kind, gable_format format,
                                  const gable_series *series, int n)
{
    const gable_curve_text *text = &gable_curves[kind];
    gable_column columns[] = {
        {.key = "series", .header = "series", .offset = offsetof(point, series)},
        {.key = "batch", .header = "batch", .offset = offsetof(point, batch)},
        {.key = text->x_key, .header = text->x_label, .offset = offsetof(point, x)},
        {.key = text->y_key, .header = text->y_label, .offset = offsetof(point, y)},
    };
    point *points;
    gable_table table = {.columns = columns, .n_columns = 4, .row_bytes = sizeof *points};
    for (int i = 1; i < 4; i++)
        columns[i].type = GABLE_CELL_NUMBER;
    columns[0].type = GABLE_CELL_TEXT;
    if (kind != GABLE_CURVE_ROOFLINE) { /* elsewhere the batch is x, or there is none */
        memmove(&columns[1], &columns[2], 2 * sizeof *columns);
        table.n_columns = 3;
    }
    GABLE_TRY(gable_arena_take(&cli->arena, (size_t)n * GABLE_SERIES_POINTS_CAP, sizeof *points,
                               &points, &cli->err));
    for (int i = 0; i < n; i++)
        for (int k = 0; k < series[i].n; k++)
            points[table.n_rows++] =
                (point){series[i].name, series[i].batch ? series[i].batch[k] : (double)NAN,
                        series[i].x[k], series[i].y[k]};
    table.rows = points;
    if (format == GABLE_FORMAT_JSON)
        gable_text_addf(&cli->out,
                        "{\n  \"schema\": \"gable.curve/1\",\n  \"curve\": \"%s\",\n  "
                        "\"points\": ",
                        text->name);
    gable_table_write(&cli->out, &table, format, cli->width);
    if (format == GABLE_FORMAT_JSON)
        gable_text_add(&cli->out, "\n}\n");
    return GABLE_OK;
}

static const double picture_timeout_s = 30.0;

static gable_status draw(gable_cli *cli, gable_curve_kind kind, const curve_options *o,
                         const gable_series *series, int n)
{
    gable_text script = {0}, picture = {0};
    const gable_gnuplot gnuplot = {getenv("PATH"), picture_timeout_s};
    gable_curve_request request = {.series = series,
                                   .n_series = n,
                                   .canvas = gable_canvas_of(o->output),
                                   .mark_batches = kind == GABLE_CURVE_ROOFLINE,
                                   .title = o->title ? o->title : gable_curves[kind].help,
                                   .x_label = gable_curves[kind].x_label,
                                   .y_label = gable_curves[kind].y_label,
                                   .plots = cli->plots};
    if (request.canvas == GABLE_N_CANVASES || request.canvas == GABLE_CANVAS_TERMINAL)
        return gable_fail(&cli->err, GABLE_USAGE, "-o %.200s: expected .svg, .png or .pdf",
                          o->output);
    gable_status status = gable_curve_script(&cli->arena, &request, &script, &cli->err);
    if (status == GABLE_OK)
        status = gable_gnuplot_run(&gnuplot, &script, &picture, &cli->err);
    if (status == GABLE_OK)
        status = gable_cli_write(cli, o->output, picture.text, picture.length_bytes);
    gable_text_free(&script);
    gable_text_free(&picture);
    return status;
}

static gable_status run(gable_cli *cli, const void *given)
{
    const curve_options *o = given;
    const gable_model *models[GABLE_SERIES_CAP];
    gable_series series[GABLE_SERIES_CAP];
    gable_machine machine = {0};
    gable_curve_kind kind = GABLE_CURVE_CACHE;
    int n_models, n;
    GABLE_TRY(find_kind(cli, &kind));
    GABLE_TRY(gable_scenario_check_form(cli, o->output, o->format));
    GABLE_TRY(load_models(cli, o->models, models, &n_models));
    bool priced = gable_curves[kind].over_batch;
    if (priced && !o->system)
        return gable_fail(&cli->err, GABLE_USAGE, "--system is needed, for example --system gb200");
    if (priced)
        GABLE_TRY(
            gable_machine_load(&cli->arena, cli->hw, o->system, o->stack, &machine, &cli->err));
    gable_scenario scenario = {.n_cached = o->context, .tp = o->tp, .ep = o->ep};
    GABLE_TRY(gable_engine_curve(&cli->arena, kind, models, n_models, priced ? &machine : NULL,
                                 &scenario, series, &n, &cli->err));
    if (o->output && strcmp(o->output, "-") != 0)
        return draw(cli, kind, o, series, n);
    return write_numbers(cli, kind, (gable_format)o->format, series, n);
}

const gable_command gable_command_curve = {
    .name = "curve",
    .summary = "one figure of several models along one axis: numbers or a picture",
    .arguments = "cache|flops|roofline|step|throughput",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .draws = ".svg .png .pdf",
    .options_bytes = sizeof(curve_options),
    .examples = "gable curve cache --model llama-3.1-70b,deepseek-v3,deepseek-v4-pro -o cache.svg\n"
                "gable curve flops --model deepseek-v3.2,deepseek-v4-pro --format csv\n"
                "gable curve roofline --model llama-3.1-70b,qwen3-235b-a22b --system gb200 "
                "-o roofs.svg\n",
    .run = run,
};
