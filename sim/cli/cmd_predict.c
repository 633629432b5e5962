/* gable predict: the rows of a table of operators, priced. A column latency_us is copied and never
 * read. */
#include <math.h>
#include <string.h>

#include "cli/kind_table.h"
#include "cli/power_table.h"
#include "cli/serving_table.h"
#include "engine/predict.h"

static const char *const appended[] = {"ceiling_us", "predicted_us", "p10_us", "p90_us", "bound"};
enum { N_APPENDED = sizeof appended / sizeof appended[0] };

static const gable_option options[] = {
    GABLE_KIND_OPTIONS,
    GABLE_RECIPES_OPTION(gable_kind_options),
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .argument = "FILE",
     .offset = offsetof(gable_kind_options, output),
     .help = "file to write instead of standard output"},
};

/* A second column of the same name would make the table unreadable. */
static gable_status check_columns(gable_cli *cli, const gable_csv *csv)
{
    for (size_t i = 0; i < N_APPENDED; i++)
        if (gable_csv_column(csv, appended[i]) < csv->n_columns)
            return gable_fail(&cli->err, GABLE_INPUT, "%s:1: there is a column %s already",
                              csv->file, appended[i]);
    for (size_t i = 0; gable_is_power(cli) && gable_power_columns[i]; i++)
        if (gable_csv_column(csv, gable_power_columns[i]) < csv->n_columns)
            return gable_fail(&cli->err, GABLE_INPUT, "%s:1: there is a column %s already",
                              csv->file, gable_power_columns[i]);
    return GABLE_OK;
}

/* Microseconds with six significant digits: more than any clock gives, and the same bytes
 * everywhere. */
static void add_us(gable_text *out, double seconds)
{
    char text[GABLE_NUM_TEXT_CAP];
    double us = seconds * 1e6;
    double scale = us > 0.0 ? pow(10.0, 5.0 - floor(log10(us))) : 1.0;
    double value = round(us * scale) / scale;
    gable_text_addf(out, ",%s", gable_num_print(value, text));
}

/* `power`: cells of the KIND power; NULL: none. */
static void add_row(gable_text *out, const gable_csv *csv, size_t row,
                    const gable_prediction *prediction, const char *power)
{
    for (size_t i = 0; i < csv->n_columns; i++) {
        if (i)
            gable_text_add(out, ",");
        gable_csv_add_cell(out, csv->cells[row * csv->n_columns + i]);
    }
    if (!prediction->supported) {
        gable_text_addf(out, ",,,,,unsupported%s\n", power ? power : "");
        return;
    }
    add_us(out, prediction->time.ceiling_s);
    add_us(out, prediction->time.time_s);
    add_us(out, prediction->p10_s);
    add_us(out, prediction->p90_s);
    gable_text_addf(out, ",%s%s\n", gable_bound_name(prediction->time.bound), power ? power : "");
}

static size_t add_table(gable_text *out, const gable_rows *rows,
                        const gable_prediction *predictions, const char *const *power)
{
    const gable_csv *csv = rows->csv;
    size_t n_unsupported = 0;
    for (size_t i = 0; i < csv->n_columns; i++) {
        gable_csv_add_cell(out, csv->names[i]);
        gable_text_add(out, ",");
    }
    for (size_t i = 0; i < N_APPENDED; i++)
        gable_text_addf(out, "%s%s", appended[i], i + 1 < N_APPENDED ? "," : "");
    for (size_t i = 0; power && gable_power_columns[i]; i++)
        gable_text_addf(out, ",%s", gable_power_columns[i]);
    gable_text_add(out, "\n");
    for (size_t i = 0; i < csv->n_rows; i++) {
        add_row(out, csv, i, &predictions[i], power ? power[i] : NULL);
        n_unsupported += !predictions[i].supported;
    }
    return n_unsupported;
}

/* The first reason stands for all: what to look at. */
static void note_unsupported(const gable_rows *rows, const gable_prediction *predictions, size_t n)
{
    for (size_t i = 0; i < rows->csv->n_rows; i++) {
        const char *why = rows->row[i].unsupported;
        if (predictions[i].supported)
            continue;
        gable_cli_note("%zu of %zu rows unsupported; the first is %s:%zu: %s", n, rows->csv->n_rows,
                       rows->csv->file, rows->csv->lines[i],
                       why ? why : "no stack stands for its framework");
        return;
    }
}

static gable_status deliver(gable_cli *cli, const char *output)
{
    if (!output || strcmp(output, "-") == 0)
        return GABLE_OK;
    if (cli->out.failed)
        return gable_fail(&cli->err, GABLE_INTERNAL, "out of memory");
    GABLE_TRY(gable_cli_write(cli, output, cli->out.text, cli->out.length_bytes));
    gable_text_free(&cli->out);
    cli->out = (gable_text){0};
    return GABLE_OK;
}

static gable_status run(gable_cli *cli, const void *given)
{
    const gable_kind_options *o = (const gable_kind_options *)given;
    gable_csv csv;
    gable_rows rows;
    gable_prediction *predictions;
    const char **power = NULL;
    if (gable_is_serving(cli)) {
        GABLE_TRY(gable_kind_check_serving(cli, o));
        GABLE_TRY(gable_serving_table_predict(cli, o->recipes));
        return deliver(cli, o->output);
    }
    GABLE_TRY(gable_kind_table_read(cli, &csv, &rows));
    GABLE_TRY(check_columns(cli, &csv));
    GABLE_TRY(gable_kind_predict(cli, o, &rows, &predictions));
    if (gable_is_power(cli))
        GABLE_TRY(gable_power_table_cells(cli, o, &rows, predictions, &power));
    size_t n_unsupported = add_table(&cli->out, &rows, predictions, power);
    if (n_unsupported)
        note_unsupported(&rows, predictions, n_unsupported);
    return deliver(cli, o->output);
}

const gable_command gable_command_predict = {
    .name = "predict",
    .summary = "times of many operators: a table in, the same rows with predictions out",
    .arguments = "KIND FILE.csv",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(gable_kind_options),
    .examples = "gable predict gemm shapes.csv\n"
                "gable predict moe - --device h200-sxm --stack sglang -o priced.csv < experts.csv\n"
                "gable predict serving runs.csv\n"
                "gable predict power readings.csv\n",
    .run = run,
};
