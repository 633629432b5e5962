/* cli/serving_table: see serving_table.h. */
#include "cli/serving_table.h"

#include <math.h>
#include <string.h>

#include "engine/serving_fit.h"
#include "report/report.h"

static const char *const appended[] = {"ttft_ms_predicted", "tpot_ms_predicted"};
enum { N_APPENDED = sizeof appended / sizeof appended[0] };

bool gable_is_serving(const gable_cli *cli)
{
    return cli->n_arguments > 0 && strcmp(cli->arguments[0], "serving") == 0;
}

/* Published runs, which say when they were measured, were set as their benchmark's scripts say:
 * settings that a table without that day is not given unless asked for. */
static gable_status read_recipes(gable_cli *cli, const char *recipes, const gable_csv *csv,
                                 gable_recipes *out)
{
    *out = (gable_recipes){0};
    if (recipes && strcmp(recipes, "none") == 0)
        return GABLE_OK;
    if (recipes)
        return gable_recipes_read(&cli->arena, recipes, out, &cli->err);
    const char *path = gable_file_join(&cli->arena, cli->workloads, "recipes.csv");
    if (gable_csv_column(csv, "measured") == csv->n_columns || !gable_file_exists(path))
        return GABLE_OK;
    gable_cli_note(
        "published runs: engines set as workloads/recipes.csv says (--recipes none: as by "
        "default)");
    return gable_recipes_read(&cli->arena, path, out, &cli->err);
}

static gable_status read_runs(gable_cli *cli, const char *recipes, bool measured, gable_csv *csv,
                              gable_serving_runs *runs)
{
    gable_recipes known;
    if (cli->n_arguments != 2)
        return gable_fail(&cli->err, GABLE_USAGE, "expected serving FILE.csv, got %d arguments",
                          cli->n_arguments);
    GABLE_TRY(gable_csv_read(&cli->arena, cli->arguments[1], csv, &cli->err));
    GABLE_TRY(read_recipes(cli, recipes, csv, &known));
    return gable_serving_runs_read(&cli->arena, cli->hw, cli->workloads, csv, &known, measured,
                                   runs, &cli->err);
}

static void note_unsupported(const gable_serving_runs *runs)
{
    const gable_csv *csv = runs->csv;
    size_t n = 0, first = csv->n_rows;
    for (size_t i = 0; i < csv->n_rows; i++)
        if (runs->run[i].unsupported) {
            first = n == 0 ? i : first;
            n++;
        }
    if (n)
        gable_cli_note("%zu of %zu rows unsupported; the first is %s:%zu: %s", n, csv->n_rows,
                       csv->file, csv->lines[first], runs->run[first].unsupported);
}

/* ---- predict ---- */

/* Milliseconds with six significant digits. */
static void add_ms(gable_text *out, double seconds)
{
    char text[GABLE_NUM_TEXT_CAP];
    double ms = seconds * 1e3;
    double scale = ms > 0.0 ? pow(10.0, 5.0 - floor(log10(ms))) : 1.0;
    gable_text_addf(out, ",%s", gable_num_print(round(ms * scale) / scale, text));
}

gable_status gable_serving_table_predict(gable_cli *cli, const char *recipes)
{
    gable_csv csv;
    gable_serving_runs runs;
    GABLE_TRY(read_runs(cli, recipes, false, &csv, &runs));
    for (size_t i = 0; i < N_APPENDED; i++)
        if (gable_csv_column(&csv, appended[i]) < csv.n_columns)
            return gable_fail(&cli->err, GABLE_INPUT, "%s:1: there is a column %s already",
                              csv.file, appended[i]);
    for (size_t c = 0; c < csv.n_columns; c++) {
        gable_csv_add_cell(&cli->out, csv.names[c]);
        gable_text_add(&cli->out, ",");
    }
    gable_text_addf(&cli->out, "%s,%s\n", appended[0], appended[1]);
    for (size_t i = 0; i < csv.n_rows; i++) {
        for (size_t c = 0; c < csv.n_columns; c++) {
            gable_text_add(&cli->out, c ? "," : "");
            gable_csv_add_cell(&cli->out, csv.cells[i * csv.n_columns + c]);
        }
        if (runs.run[i].unsupported) {
            gable_text_add(&cli->out, ",,\n");
            continue;
        }
        add_ms(&cli->out, runs.run[i].serving.ttft_s);
        add_ms(&cli->out, runs.run[i].serving.tpot_s);
        gable_text_add(&cli->out, "\n");
    }
    note_unsupported(&runs);
    return GABLE_OK;
}

/* ---- validate ---- */

/* One line of the answer. */
typedef struct line {
    gable_serving_errors e;
    double coverage_frac;
} line;

/* No error is not an error of 0: figures of runs that are not there, or were not measured, are
 * none. */
static line make_line(const gable_serving_errors *errors)
{
    line made = {*errors, errors->n ? (double)errors->n_covered / errors->n : 0.0};
    gable_serving_errors *e = &made.e;
    if (e->n_covered == 0)
        e->tpot_median_frac = e->tpot_p90_frac = e->tpot_bias_ln = e->tpot_inside_frac =
            (double)NAN;
    if (e->n_ttft == 0)
        e->ttft_median_frac = e->ttft_p90_frac = e->ttft_inside_frac = (double)NAN;
    return made;
}

#define ERROR(member) (offsetof(line, e) + offsetof(gable_serving_errors, member))
#define SHARE_ROW(key_, header_, member, drop_)                                                    \
    {                                                                                              \
        .key = key_, .header = header_, .type = GABLE_CELL_SHARE, .offset = ERROR(member),         \
        .drop = drop_                                                                              \
    }
#define TEXT_ROW(key_, member)                                                                     \
    {                                                                                              \
        .key = key_, .header = key_, .type = GABLE_CELL_TEXT, .offset = ERROR(member)              \
    }
static const gable_column columns[] = {
    TEXT_ROW("stack", stack),
    TEXT_ROW("device", device),
    TEXT_ROW("model", model),
    TEXT_ROW("precision", precision),
    {.key = "n", .header = "n", .type = GABLE_CELL_INT, .offset = ERROR(n)},
    {.key = "coverage_frac",
     .header = "priced",
     .type = GABLE_CELL_SHARE,
     .offset = offsetof(line, coverage_frac),
     .drop = 3},
    SHARE_ROW("tpot_median_frac", "TPOT median", tpot_median_frac, 0),
    SHARE_ROW("tpot_p90_frac", "p90", tpot_p90_frac, 0),
    {.key = "tpot_bias_ln",
     .header = "bias ln",
     .type = GABLE_CELL_NUMBER,
     .offset = ERROR(tpot_bias_ln),
     .drop = 2},
    SHARE_ROW("tpot_inside_frac", "inside", tpot_inside_frac, 4),
    {.key = "n_impossible",
     .header = "below ceiling",
     .type = GABLE_CELL_INT,
     .offset = ERROR(n_impossible),
     .drop = 5},
    {.key = "n_ttft", .header = "n", .type = GABLE_CELL_INT, .offset = ERROR(n_ttft), .drop = 3},
    SHARE_ROW("ttft_median_frac", "TTFT median", ttft_median_frac, 0),
    SHARE_ROW("ttft_p90_frac", "p90", ttft_p90_frac, 0),
    SHARE_ROW("ttft_inside_frac", "inside", ttft_inside_frac, 4),
};
#undef SHARE_ROW
#undef TEXT_ROW

gable_status gable_serving_table_validate(gable_cli *cli, const char *recipes, int half, int format)
{
    gable_csv csv;
    gable_serving_runs runs;
    gable_serving_errors *errors;
    line *lines;
    int n;
    GABLE_TRY(read_runs(cli, recipes, true, &csv, &runs));
    GABLE_TRY(gable_arena_take(&cli->arena, GABLE_SERVING_GROUPS_CAP, sizeof *errors, &errors,
                               &cli->err));
    GABLE_TRY(gable_serving_validate(&cli->arena, &runs, (gable_serving_half)half, errors, &n,
                                     &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, (size_t)n, sizeof *lines, &lines, &cli->err));
    for (int i = 0; i < n; i++)
        lines[i] = make_line(&errors[i]);
    lines[n - 1].e.stack = "all";
    gable_table table = {.columns = columns,
                         .n_columns = sizeof columns / sizeof columns[0],
                         .rows = lines,
                         .row_bytes = sizeof *lines,
                         .n_rows = (size_t)n};
    bool json = format == GABLE_FORMAT_JSON;
    gable_text_add(&cli->out, json ? "{\n  \"schema\": \"gable.validate/1\",\n  \"kind\": "
                                     "\"serving\",\n  \"groups\": "
                                   : "");
    gable_table_write(&cli->out, &table, (gable_format)format, cli->width);
    gable_text_add(&cli->out, json ? "\n}\n" : "");
    note_unsupported(&runs);
    return GABLE_OK;
}

/* ---- calibrate ---- */

static void write_entry(gable_text *out, const gable_serving_entry *e)
{
    const gable_serving_constants *c = &e->constants;
    gable_text_addf(out,
                    "    { \"generation\": \"%s\", \"from\": \"%d runs; %s: TPOT median "
                    "%.1f %%, p90 %.1f %%, TTFT %.1f %%, %.1f %%; %d stalled\", \"source\": "
                    "\"RUNS\",\n     ",
                    e->generation, e->n_train + e->n_test,
                    e->n_test ? "held-out ones" : "too few to hold any out",
                    100.0 * e->tpot_median_frac, 100.0 * e->tpot_p90_frac,
                    100.0 * e->ttft_median_frac, 100.0 * e->ttft_p90_frac, e->n_stalled);
    /* Four digits: what a fit knows, and the same bytes on every machine. */
#define CONSTANT(member, key, dim, prior, spread, least, most, help)                               \
    gable_text_addf(out, " \"%s%s\": %.4g,", key,                                                  \
                    GABLE_DIM_##dim == GABLE_DIM_SECONDS ? "_s" : "", c->member);
    GABLE_SERVING_LIST(CONSTANT)
#undef CONSTANT
    gable_text_addf(out, "\n      \"tpot_sigma_ln\": %.4g, \"ttft_sigma_ln\": %.4g }",
                    c->tpot_sigma_ln, c->ttft_sigma_ln);
}

static void write_file(gable_text *out, const char *stack, const gable_serving_entry *entries,
                       int n, const gable_csv *csv, const char *date)
{
    const char *slash = strrchr(csv->file, '/');
    gable_text_addf(out, "{\n  \"schema\": \"gable.serving/1\",\n  \"name\": \"%s\",\n", stack);
    gable_text_add(out, "  \"engines\": [\n");
    for (int i = 0; i < n; i++) {
        write_entry(out, &entries[i]);
        gable_text_add(out, i + 1 < n ? ",\n" : "\n");
    }
    gable_text_add(out, "  ],\n  \"sources\": {\n    \"RUNS\": { \"title\": \"Serving runs that "
                        "gable calibrate fitted to");
    gable_text_addf(out, "%s%s\", \"where\": ", date ? ", " : "", date ? date : "");
    gable_text_add_json_string(out, slash ? slash + 1 : csv->file);
    gable_text_add(out, " }\n  }\n}\n");
}

gable_status gable_serving_table_calibrate(gable_cli *cli, const char *recipes, const char *stack,
                                           bool half, const char *date, const char *output)
{
    gable_csv csv;
    gable_serving_runs runs;
    gable_serving_entry *entries;
    gable_text text = {0};
    int n;
    if (!stack)
        return gable_fail(&cli->err, GABLE_USAGE, "missing --stack STACK");
    GABLE_TRY(read_runs(cli, recipes, true, &csv, &runs));
    GABLE_TRY(gable_arena_take(&cli->arena, GABLE_SERVING_GROUPS_CAP, sizeof *entries, &entries,
                               &cli->err));
    GABLE_TRY(gable_serving_fit(&cli->arena, &runs, stack, half, entries, &n, &cli->err));
    note_unsupported(&runs);
    if (n == 0)
        return gable_fail(&cli->err, GABLE_INPUT, "%s: no run of %s can be fitted to", csv.file,
                          stack);
    write_file(output ? &text : &cli->out, stack, entries, n, &csv, date);
    if (!output)
        return GABLE_OK;
    gable_status status = text.failed ? gable_fail(&cli->err, GABLE_INTERNAL, "out of memory")
                                      : gable_cli_write(cli, output, text.text, text.length_bytes);
    gable_text_free(&text);
    return status;
}
