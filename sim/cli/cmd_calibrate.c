/* gable calibrate: fits the constants of one device to measured rows; reports the error on the
 * held-out half; writes the calibration block. */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "cli/calibrate_tables.h"
#include "cli/power_table.h"
#include "cli/serving_table.h"

typedef struct calibrate_options {
    const char *device, *stack, *recipes, *date, *output;
    int format, show;
    bool half;
} calibrate_options;

static const gable_option options[] = {
    {.name = "device",
     .type = GABLE_OPTION_TEXT,
     .argument = "DEVICE",
     .offset = offsetof(calibrate_options, device),
     .help = "device whose rows are fitted to"},
    {.name = "stack",
     .type = GABLE_OPTION_TEXT,
     .argument = "STACK",
     .offset = offsetof(calibrate_options, stack),
     .help = "only rows of this stack; that of rows without the column framework"},
    GABLE_RECIPES_OPTION(calibrate_options),
    {.name = "date",
     .type = GABLE_OPTION_TEXT,
     .argument = "DAY",
     .offset = offsetof(calibrate_options, date),
     .help = "day that is written into the block (no clock is read)"},
    {.name = "half",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(calibrate_options, half),
     .help = "ship the constants of the tested half; else they are refitted to all rows"},
    {.name = "show",
     .type = GABLE_OPTION_CHOICE,
     .argument = "TABLE",
     .choices = gable_calibrate_tables,
     .default_text = "kernels",
     .offset = offsetof(calibrate_options, show),
     .help = "kernels; constants, each with its standard error and what determines it, the rows or "
             "its prior; or curve, the error after fitting to 8, 16, 32 ... rows"},
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .argument = "FILE",
     .offset = offsetof(calibrate_options, output),
     .help = "calibration to write; entries that it has already are replaced or kept"},
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .argument = "FORMAT",
     .choices = gable_formats,
     .default_text = "text",
     .offset = offsetof(calibrate_options, format),
     .help = "form of the report"},
};

static void note_left_out(const gable_calibrate_report *report)
{
    for (int i = 0; i < report->n_left_out; i++)
        gable_cli_note("%s %s: %d rows are too few to fit", report->left_out[i].stack,
                       report->left_out[i].dtype, report->left_out[i].n_rows);
    if (report->n_unsupported)
        gable_cli_note("%d rows unsupported", report->n_unsupported);
}

/* What the file holds of other kinds and stacks stays. */
static gable_status merge_into(gable_cli *cli, const gable_calibration *fitted, const char *path)
{
    gable_calibration *old = NULL, merged;
    gable_text text = {0};
    if (gable_file_exists(path))
        GABLE_TRY(gable_calibration_load(&cli->arena, cli->hw, path, &old, &cli->err));
    if (old && strcmp(old->name, fitted->name) != 0)
        return gable_fail(&cli->err, GABLE_INPUT, "%s: calibration of %s, not of %s", path,
                          old->name, fitted->name);
    GABLE_TRY(gable_calibration_merge(&cli->arena, old, fitted, &merged, &cli->err));
    gable_calibration_write(&text, &merged);
    gable_status status = text.failed ? gable_fail(&cli->err, GABLE_INTERNAL, "out of memory")
                                      : gable_cli_write(cli, path, text.text, text.length_bytes);
    gable_text_free(&text);
    return status;
}

static int two_digits(const char *text)
{
    return 10 * (text[0] - '0') + text[1] - '0';
}

static bool is_day(const char *date)
{
    static const char form[] = "dddd-dd-dd";
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    size_t n = 0;
    while (n < sizeof form - 1 && (form[n] == '-' ? date[n] == '-' : isdigit((uint8_t)date[n])))
        n++;
    if (date[n] || (n != strlen("dddd-dd") && n != sizeof form - 1))
        return false;
    int month = two_digits(date + strlen("dddd-"));
    int day = n == sizeof form - 1 ? two_digits(date + strlen("dddd-dd-")) : 1;
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1];
}

/* "2026-11" or "2026-11-23", as the data have it. */
static gable_status check_date(gable_cli *cli, const char *date)
{
    if (!date || is_day(date))
        return GABLE_OK;
    return gable_fail(&cli->err, GABLE_USAGE,
                      "--date: \"%.60s\" is not a day, expected YYYY-MM-DD or YYYY-MM", date);
}

static gable_status run(gable_cli *cli, const void *given)
{
    const calibrate_options *o = (const calibrate_options *)given;
    gable_csv csv;
    gable_rows rows;
    double *seconds;
    gable_calibrate_report *report;
    GABLE_TRY(check_date(cli, o->date));
    if (gable_is_serving(cli))
        return gable_serving_table_calibrate(cli, o->recipes, o->stack, o->half, o->date,
                                             o->output);
    if (gable_is_power(cli))
        return gable_power_table_calibrate(cli, o->device, o->half, o->date, o->output);
    if (!o->device)
        return gable_fail(&cli->err, GABLE_USAGE, "missing --device DEVICE");
    GABLE_TRY(gable_kind_table_read(cli, &csv, &rows));
    GABLE_TRY(gable_measured_read(&cli->arena, &csv, &seconds, &cli->err));
    gable_calibrate_options how = {.hw = cli->hw,
                                   .device = o->device,
                                   .stack = o->stack,
                                   .date = o->date,
                                   .half = o->half,
                                   .curve = o->show == GABLE_CALIBRATE_CURVE};
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *report, &report, &cli->err));
    GABLE_TRY(gable_calibrate_rows(&cli->arena, &rows, seconds, &how, report, &cli->err));
    note_left_out(report);
    if (report->fitted.n_entries == 0)
        return gable_fail(&cli->err, GABLE_INPUT, "%s: no group of rows is large enough to fit",
                          csv.file);
    if (o->output)
        GABLE_TRY(merge_into(cli, &report->fitted, o->output));
    return gable_calibrate_write(cli, rows.kind->name, report, (gable_calibrate_table)o->show,
                                 (gable_format)o->format);
}

const gable_command gable_command_calibrate = {
    .name = "calibrate",
    .summary = "fits the constants of one device to measured rows",
    .arguments = "KIND FILE.csv",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(calibrate_options),
    .examples =
        "gable calibrate gemm measured.csv --device h100-sxm\n"
        "gable calibrate gemm measured.csv --device h100-sxm -o hw/calibration/h100-sxm.json\n"
        "gable calibrate power readings.csv -o hw/power/blackwell.json\n",
    .run = run,
};
