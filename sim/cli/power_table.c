/* cli/power_table: see power_table.h. */
#include "cli/power_table.h"

#include <math.h>
#include <string.h>

#include "engine/power_rows.h"
#include "report/report.h"

bool gable_is_power(const gable_cli *cli)
{
    return cli->n_arguments > 0 && strcmp(cli->arguments[0], "power") == 0;
}

/* ---- predict ---- */

const char *const gable_power_columns[] = {"draw_w_predicted",      "power_w_predicted",
                                           "power_w_predicted_p10", "power_w_predicted_p90",
                                           "energy_j_predicted",    NULL};

/* Six significant digits, as the times beside them. */
static void add_rounded(gable_text *out, double value)
{
    char text[GABLE_NUM_TEXT_CAP];
    double scale = value > 0.0 ? pow(10.0, 5.0 - floor(log10(value))) : 1.0;
    gable_text_addf(out, ",%s", gable_num_print(round(value * scale) / scale, text));
}

static void add_row(gable_text *out, const gable_power_row *row)
{
    if (!row->supported) {
        gable_text_add(out, ",,,,,");
        return;
    }
    double spread = exp(GABLE_P90_DEVIATE * row->power->sigma_ln);
    add_rounded(out, row->draw_w);
    add_rounded(out, row->predicted_w);
    add_rounded(out, row->predicted_w / spread);
    add_rounded(out, fmin(row->predicted_w * spread, row->limit_w));
    add_rounded(out, row->draw_w * row->prediction->time.time_s);
}

gable_status gable_power_table_cells(gable_cli *cli, const gable_kind_options *o,
                                     const gable_rows *rows, const gable_prediction *predictions,
                                     const char ***cells)
{
    gable_power_rows power;
    gable_status status = GABLE_OK;
    size_t n = rows->csv->n_rows;
    GABLE_TRY(gable_power_rows_read(&cli->arena, cli->hw, o->device, rows, predictions, false,
                                    &power, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, n + 1, sizeof **cells, cells, &cli->err));
    for (size_t i = 0; i < n && status == GABLE_OK; i++) {
        gable_text text = {0};
        add_row(&text, &power.row[i]);
        (*cells)[i] =
            text.failed ? NULL : gable_arena_copy(&cli->arena, text.text, text.length_bytes);
        gable_text_free(&text);
        if (!(*cells)[i])
            status = gable_fail(&cli->err, GABLE_INTERNAL, "out of memory");
    }
    return status;
}

/* ---- validate ---- */

typedef struct line {
    gable_power_errors e;
    int n;
    double coverage_frac;
} line;

#define CELL(key_, header_, type_, member_, drop_)                                                 \
    {                                                                                              \
        .key = (key_), .header = (header_), .type = GABLE_CELL_##type_,                            \
        .offset = offsetof(line, member_), .drop = (drop_)                                         \
    }
static const gable_column columns[] = {
    CELL("device", "device", TEXT, e.device, 0),
    CELL("op", "operator", TEXT, e.op, 0),
    CELL("dtype", "dtype", TEXT, e.dtype, 0),
    CELL("framework", "stack", TEXT, e.framework, 0),
    CELL("n", "n", INT, n, 0),
    CELL("coverage_frac", "cover", SHARE, coverage_frac, 5),
    CELL("median_frac", "median", SHARE, e.median_frac, 0),
    CELL("p90_frac", "p90", SHARE, e.p90_frac, 0),
    CELL("bias_frac", "bias", SHARE, e.bias_frac, 3),
    CELL("inside_frac", "inside", SHARE, e.inside_frac, 4),
    CELL("own_median_frac", "own med", SHARE, e.own_median_frac, 1),
    CELL("own_p90_frac", "own p90", SHARE, e.own_p90_frac, 2),
    CELL("limit_median_frac", "TDP med", SHARE, e.limit_median_frac, 7),
    CELL("limit_p90_frac", "TDP p90", SHARE, e.limit_p90_frac, 8),
    CELL("rule_median_frac", "rule med", SHARE, e.rule_median_frac, 6),
    CELL("rule_p90_frac", "rule p90", SHARE, e.rule_p90_frac, 9),
};
#undef CELL

static gable_status read_rows(gable_cli *cli, const gable_kind_options *o, gable_csv *csv,
                              gable_rows *rows, gable_power_rows *out)
{
    gable_prediction *predictions;
    GABLE_TRY(gable_kind_table_read(cli, csv, rows));
    GABLE_TRY(gable_kind_predict(cli, o, rows, &predictions));
    return gable_power_rows_read(&cli->arena, cli->hw, o->device, rows, predictions, true, out,
                                 &cli->err);
}

gable_status gable_power_table_validate(gable_cli *cli, const gable_kind_options *o)
{
    gable_csv csv;
    gable_rows rows;
    gable_power_rows power;
    gable_power_errors *errors;
    line *lines;
    int n;
    bool json = o->format == GABLE_FORMAT_JSON;
    if (o->output)
        return gable_fail(&cli->err, GABLE_USAGE, "-o draws times; power has no picture");
    GABLE_TRY(read_rows(cli, o, &csv, &rows, &power));
    GABLE_TRY(
        gable_power_validate(&cli->arena, &power, (gable_half)o->half, &errors, &n, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, (size_t)n, sizeof *lines, &lines, &cli->err));
    for (int i = 0; i < n; i++)
        lines[i] = (line){errors[i], (int)errors[i].n,
                          errors[i].n ? (double)errors[i].n_covered / (double)errors[i].n : 0.0};
    gable_table table = {.columns = columns,
                         .n_columns = sizeof columns / sizeof columns[0],
                         .rows = lines,
                         .row_bytes = sizeof *lines,
                         .n_rows = (size_t)n};
    gable_text_add(&cli->out, json ? "{\n  \"schema\": \"gable.validate/1\",\n  \"kind\": "
                                     "\"power\",\n  \"groups\": "
                                   : "");
    gable_table_write(&cli->out, &table, (gable_format)o->format, cli->width);
    gable_text_add(&cli->out, json ? "\n}\n" : "");
    return GABLE_OK;
}

/* ---- calibrate ---- */

/* All readings are of one generation, that of the reference. */
static gable_status check_devices(gable_cli *cli, const gable_power_file *file,
                                  const char *reference, const char **generation)
{
    const gable_accelerator *one, *first;
    GABLE_TRY(gable_accelerator_load(&cli->arena, cli->hw, reference, &first, &cli->err));
    for (int i = 0; i < file->n_hosts; i++) {
        GABLE_TRY(
            gable_accelerator_load(&cli->arena, cli->hw, file->hosts[i].device, &one, &cli->err));
        if (strcmp(one->generation, first->generation) != 0)
            return gable_fail(&cli->err, GABLE_INPUT,
                              "%s is of generation %s, %s of %s: expected readings of one",
                              one->name, one->generation, first->name, first->generation);
    }
    *generation = first->generation;
    return GABLE_OK;
}

static void write_lists(gable_text *out, const gable_power_file *f)
{
    gable_text_add(out, "  \"hosts\": [\n");
    for (int i = 0; i < f->n_hosts; i++)
        gable_text_addf(out,
                        "    { \"device\": \"%s\", \"settle_frac\": %.4g, \"idle_frac\": %.4g, "
                        "\"source\": \"ROWS\" }%s\n",
                        f->hosts[i].device, f->hosts[i].settle_frac, f->hosts[i].idle_frac,
                        i + 1 < f->n_hosts ? "," : "");
    gable_text_add(out, "  ],\n  \"meters\": [\n");
    for (int i = 0; i < f->n_meters; i++) {
        const gable_power_meter *m = &f->meters[i];
        gable_text_add(out, "    { \"framework\": ");
        gable_text_add_json_string(out, m->framework);
        gable_text_add(out, ", \"op\": ");
        gable_text_add_json_string(out, m->op);
        gable_text_add(out, ", \"dtype\": ");
        gable_text_add_json_string(out, m->dtype);
        gable_text_addf(out, ", \"settle_s\": %.4g, \"source\": \"ROWS\" }%s\n", m->settle_s,
                        i + 1 < f->n_meters ? "," : "");
    }
    gable_text_add(out, "  ],\n");
}

/* Four digits: what a fit knows, and the same bytes on every machine. */
static void write_file(gable_text *out, const gable_power_file *f, const gable_csv *csv)
{
    const char *slash = strrchr(csv->file, '/');
    gable_text_addf(out, "{\n  \"schema\": \"gable.power/1\",\n  \"name\": \"%s\",\n", f->name);
    gable_text_addf(out, "  \"reference\": \"%s\",\n", f->reference);
    if (f->date) {
        gable_text_add(out, "  \"date\": ");
        gable_text_add_json_string(out, f->date);
        gable_text_add(out, ",\n");
    }
    gable_text_add(out, "  \"draw\": {\n    \"source\": \"ROWS\",\n");
#define CONSTANT(member, key, dim, prior, spread, least, most, help)                               \
    gable_text_addf(out, "    \"%s%s\": %.4g,\n", key, gable_dim_ending(GABLE_DIM_##dim),          \
                    f->power.member);
    GABLE_POWER_LIST(CONSTANT)
#undef CONSTANT
    gable_text_addf(out, "    \"sigma_ln\": %.4g\n  },\n", f->power.sigma_ln);
    gable_text_addf(out,
                    "  \"fit\": { \"source\": \"ROWS\", \"n_train\": %d, \"n_test\": %d, "
                    "\"median_frac\": %.4g, \"p90_frac\": %.4g, \"bias_frac\": %.3g },\n",
                    f->n_train, f->n_test, f->median_frac, f->p90_frac, f->bias_frac);
    write_lists(out, f);
    gable_text_add(out, "  \"sources\": {\n    \"ROWS\": { \"title\": \"Readings that gable "
                        "calibrate power fitted to\", \"where\": ");
    gable_text_add_json_string(out, slash ? slash + 1 : csv->file);
    gable_text_add(out, " }\n  }\n}\n");
}

gable_status gable_power_table_calibrate(gable_cli *cli, const char *reference, bool half,
                                         const char *date, const char *output)
{
    gable_csv csv;
    gable_rows rows;
    gable_power_rows power;
    gable_text text = {0};
    const gable_kind_options options = {0};
    gable_power_file file = {.date = date};
    GABLE_TRY(read_rows(cli, &options, &csv, &rows, &power));
    GABLE_TRY(gable_power_fit(&cli->arena, &power, half, &file, &cli->err));
    file.reference = reference ? reference : file.hosts[0].device;
    GABLE_TRY(check_devices(cli, &file, file.reference, &file.name));
    write_file(output ? &text : &cli->out, &file, &csv);
    if (!output)
        return GABLE_OK;
    gable_status status = text.failed ? gable_fail(&cli->err, GABLE_INTERNAL, "out of memory")
                                      : gable_cli_write(cli, output, text.text, text.length_bytes);
    gable_text_free(&text);
    return status;
}
