/* gable validate: predictions against the column latency_us, by device, format and framework, and
 * by regime. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/kind_table.h"
#include "cli/power_table.h"
#include "cli/serving_table.h"
#include "engine/baseline.h"
#include "engine/validate.h"
#include "report/plot.h"

static const char *const halves[] = {"both", "train", "test", NULL};

static const gable_option options[] = {
    GABLE_KIND_OPTIONS,
    GABLE_RECIPES_OPTION(gable_kind_options),
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
     .help = "draw predicted against measured into FILE"},
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
    GABLE_CELL(line, device, "device", TEXT, 0),
    GABLE_CELL(line, dtype, "dtype", TEXT, 0),
    GABLE_CELL(line, framework, "stack", TEXT, 0),
    GABLE_CELL(line, regime, "regime", TEXT, 0),
    GABLE_CELL(line, n, "n", INT, 0),
    GABLE_CELL(line, coverage_frac, "cover", SHARE, 2),
    GABLE_CELL(line, median_frac, "median", SHARE, 0),
    GABLE_CELL(line, p90_frac, "p90", SHARE, 0),
    GABLE_CELL(line, bias_frac, "bias", SHARE, 0),
    GABLE_CELL(line, inside_frac, "inside", SHARE, 0),
    GABLE_CELL(line, three_median_frac, "3c med", SHARE, 3),
    GABLE_CELL(line, three_p90_frac, "3c p90", SHARE, 4),
    GABLE_CELL(line, ceiling_median_frac, "ceiling", SHARE, 1),
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
        status = gable_cli_write(cli, output, picture.text, picture.length_bytes);
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
    if (gable_is_serving(cli)) {
        GABLE_TRY(gable_kind_check_serving(cli, o));
        if (o->output)
            return gable_fail(&cli->err, GABLE_USAGE,
                              "-o draws times of kernels; serving has no picture");
        return gable_serving_table_validate(cli, o->recipes, o->half, o->format);
    }
    if (gable_is_power(cli))
        return gable_power_table_validate(cli, o);
    GABLE_TRY(gable_kind_table_read(cli, &csv, &rows));
    GABLE_TRY(gable_measured_read(&cli->arena, &csv, &measured_s, &cli->err));
    GABLE_TRY(gable_kind_predict(cli, o, &rows, &predictions));
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
    .draws = ".svg .png .pdf",
    .options_bytes = sizeof(gable_kind_options),
    .examples = "gable validate gemm measured.csv\n"
                "gable validate moe experts.csv --half test --format md\n"
                "gable validate gemm measured.csv -o gemm.svg\n"
                "gable validate serving runs.csv\n"
                "gable validate power readings.csv --half test\n",
    .run = run,
};
