/* gable validate: predictions against the column latency_us, by device, format and framework, and
 * by regime. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/kind_table.h"
#include "engine/baseline.h"
#include "engine/validate.h"
#include "report/plot.h"

static const char *const halves[] = {"both", "train", "test", NULL};

static const gable_option options[] = {
    {.name = "device",
     .type = GABLE_OPTION_TEXT,
     .argument = "DEVICE",
     .offset = offsetof(gable_kind_options, device),
     .help = "device of rows without the column device"},
    {.name = "stack",
     .type = GABLE_OPTION_TEXT,
     .argument = "STACK",
     .offset = offsetof(gable_kind_options, stack),
     .help = "stack of all rows instead of their framework: trtllm vllm sglang ideal"},
    {.name = "half",
     .type = GABLE_OPTION_CHOICE,
     .argument = "HALF",
     .choices = halves,
     .default_text = "both",
     .offset = offsetof(gable_kind_options, half),
     .help = "shapes that calibrate fits to (train), those that it does not (test), or both"},
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .argument = "FILE",
     .offset = offsetof(gable_kind_options, output),
     .help = "draw predicted against measured into FILE (.svg, .png or .pdf)"},
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .argument = "FORMAT",
     .choices = gable_formats,
     .default_text = "text",
     .offset = offsetof(gable_kind_options, format),
     .help = "form of the answer"},
};

/* One line of the answer: a group in one regime. */
typedef struct line {
    const char *device, *dtype, *framework, *regime;
    int n;
    double coverage_frac, median_frac, p90_frac, bias_frac, inside_frac;
    double three_median_frac, three_p90_frac, ceiling_median_frac;
} line;

static const gable_column columns[] = {
    {.key = "device",
     .header = "device",
     .type = GABLE_CELL_TEXT,
     .offset = offsetof(line, device)},
    {.key = "dtype", .header = "dtype", .type = GABLE_CELL_TEXT, .offset = offsetof(line, dtype)},
    {.key = "framework",
     .header = "stack",
     .type = GABLE_CELL_TEXT,
     .offset = offsetof(line, framework)},
    {.key = "regime",
     .header = "regime",
     .type = GABLE_CELL_TEXT,
     .offset = offsetof(line, regime)},
    {.key = "n", .header = "n", .type = GABLE_CELL_INT, .offset = offsetof(line, n)},
    {.key = "coverage_frac",
     .header = "cover",
     .type = GABLE_CELL_SHARE,
     .offset = offsetof(line, coverage_frac),
     .drop = 2},
    {.key = "median_frac",
     .header = "median",
     .type = GABLE_CELL_SHARE,
     .offset = offsetof(line, median_frac)},
    {.key = "p90_frac",
     .header = "p90",
     .type = GABLE_CELL_SHARE,
     .offset = offsetof(line, p90_frac)},
    {.key = "bias_frac",
     .header = "bias",
     .type = GABLE_CELL_SHARE,
     .offset = offsetof(line, bias_frac)},
    {.key = "inside_frac",
     .header = "inside",
     .type = GABLE_CELL_SHARE,
     .offset = offsetof(line, inside_frac)},
    {.key = "three_median_frac",
     .header = "3c med",
     .type = GABLE_CELL_SHARE,
     .offset = offsetof(line, three_median_frac),
     .drop = 3},
    {.key = "three_p90_frac",
     .header = "3c p90",
     .type = GABLE_CELL_SHARE,
     .offset = offsetof(line, three_p90_frac),
     .drop = 4},
    {.key = "ceiling_median_frac",
     .header = "ceiling",
     .type = GABLE_CELL_SHARE,
     .offset = offsetof(line, ceiling_median_frac),
     .drop = 1},
};
enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

static line make_line(const gable_error_group *group, gable_regime regime)
{
    const gable_errors *e = &group->regime[regime];
    double known = e->n_covered ? 0.0 : (double)NAN; /* no error is not an error of 0 */
    return (line){.device = group->device,
                  .dtype = group->dtype,
                  .framework = group->framework,
                  .regime = gable_regime_name(regime),
                  .n = (int)e->n,
                  .coverage_frac = e->n ? (double)e->n_covered / (double)e->n : 0.0,
                  .median_frac = e->median_frac + known,
                  .p90_frac = e->p90_frac + known,
                  .bias_frac = e->bias_frac + known,
                  .three_median_frac = e->three_median_frac + known,
                  .three_p90_frac = e->three_p90_frac + known,
                  .ceiling_median_frac = e->ceiling_median_frac + known,
                  .inside_frac = e->inside_frac + known};
}

/* Regimes without rows are left out; a group's own line comes first. */
static size_t add_lines(line *lines, size_t n, const gable_error_group *group)
{
    for (int r = 0; r < GABLE_N_REGIMES; r++)
        if (group->regime[r].n)
            lines[n++] = make_line(group, (gable_regime)r);
    return n;
}

static void write_table(gable_cli *cli, const gable_rows *rows, const gable_table *table,
                        gable_format format)
{
    if (format != GABLE_FORMAT_JSON) {
        gable_table_write(&cli->out, table, format, cli->width);
        return;
    }
    gable_text_addf(&cli->out, "{\n  \"schema\": \"gable.validate/1\",\n  \"kind\": \"%s\",\n",
                    rows->kind->name);
    gable_text_add(&cli->out, "  \"groups\": ");
    gable_table_write(&cli->out, table, format, cli->width);
    gable_text_add(&cli->out, "\n}\n");
}

static gable_status write_answer(gable_cli *cli, const gable_rows *rows,
                                 const gable_validation *validation, gable_format format)
{
    line *lines;
    size_t n = 0, most = ((size_t)validation->n_groups + 1) * GABLE_N_REGIMES;
    GABLE_TRY(gable_arena_take(&cli->arena, most, sizeof *lines, &lines, &cli->err));
    for (int i = 0; i < validation->n_groups; i++)
        n = add_lines(lines, n, &validation->groups[i]);
    n = add_lines(lines, n, &validation->total);
    gable_table table = {.columns = columns,
                         .n_columns = N_COLUMNS,
                         .rows = lines,
                         .row_bytes = sizeof *lines,
                         .n_rows = n};
    write_table(cli, rows, &table, format);
    return GABLE_OK;
}

static const double picture_timeout_s = 30.0;

/* Every row that was priced, one colour a device. */
static gable_status draw(gable_cli *cli, const gable_rows *rows,
                         const gable_prediction *predictions, const double *measured_s,
                         const char *output)
{
    gable_scatter_point *points;
    gable_text script = {0}, picture = {0};
    const gable_gnuplot gnuplot = {getenv("PATH"), picture_timeout_s};
    gable_scatter_request request = {
        .canvas = gable_canvas_of(output), .title = rows->kind->name, .plots = cli->plots};
    if (request.canvas == GABLE_N_CANVASES || request.canvas == GABLE_CANVAS_TERMINAL)
        return gable_fail(&cli->err, GABLE_USAGE, "-o %.200s: expected .svg, .png or .pdf", output);
    GABLE_TRY(
        gable_arena_take(&cli->arena, rows->csv->n_rows + 1, sizeof *points, &points, &cli->err));
    for (size_t i = 0; i < rows->csv->n_rows; i++)
        if (predictions[i].supported)
            points[request.n_points++] =
                (gable_scatter_point){rows->row[i].device ? rows->row[i].device : "device",
                                      measured_s[i], predictions[i].time.time_s};
    request.points = points;
    gable_status status = gable_scatter_script(&cli->arena, &request, &script, &cli->err);
    if (status == GABLE_OK)
        status = gable_gnuplot_run(&gnuplot, &script, &picture, &cli->err);
    if (status == GABLE_OK)
        status = gable_file_write(output, picture.text, picture.length_bytes, &cli->err);
    gable_text_free(&script);
    gable_text_free(&picture);
    return status;
}

static gable_status run(gable_cli *cli, const void *given)
{
    const gable_kind_options *o = (const gable_kind_options *)given;
    gable_csv csv;
    gable_rows rows;
    gable_prediction *predictions;
    gable_validation validation;
    double *measured_s, *baseline_s;
    GABLE_TRY(gable_kind_table_read(cli, &csv, &rows));
    GABLE_TRY(gable_measured_read(&cli->arena, &csv, &measured_s, &cli->err));
    gable_predict_options how = {.hw = cli->hw,
                                 .device = o->device,
                                 .stack = o->stack ? o->stack : GABLE_DEFAULT_STACK,
                                 .force_stack = o->stack != NULL};
    GABLE_TRY(gable_predict_rows(&cli->arena, &rows, &how, &predictions, &cli->err));
    GABLE_TRY(gable_baseline_rows(&cli->arena, cli->hw, &rows, measured_s, o->device, &baseline_s,
                                  &cli->err));
    GABLE_TRY(gable_validate_rows(&cli->arena, &rows, predictions, measured_s, baseline_s,
                                  (gable_half)o->half, &validation, &cli->err));
    if (o->output)
        GABLE_TRY(draw(cli, &rows, predictions, measured_s, o->output));
    return write_answer(cli, &rows, &validation, (gable_format)o->format);
}

const gable_command gable_command_validate = {
    .name = "validate",
    .summary = "how far predictions are from the column latency_us of a table",
    .arguments = "KIND FILE.csv",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(gable_kind_options),
    .examples = "gable validate gemm measured.csv\n"
                "gable validate moe measured.csv --half test --format md\n"
                "gable validate gemm measured.csv -o gemm.svg\n",
    .run = run,
};
