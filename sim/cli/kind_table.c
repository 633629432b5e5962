/* cli/kind_table: see kind_table.h. */
#include "cli/kind_table.h"

/* Stack of rows that name no framework. */
static const char default_stack[] = "trtllm";

gable_status gable_kind_table_read(gable_cli *cli, gable_csv *csv, gable_rows *rows)
{
    const char *names[64];
    size_t n = 0;
    if (cli->n_arguments != 2)
        return gable_fail(&cli->err, GABLE_USAGE, "expected KIND FILE.csv, got %d arguments",
                          cli->n_arguments);
    const gable_table_kind *kind = gable_table_kind_find(cli->arguments[0]);
    for (; n < (size_t)gable_n_table_kinds && n < sizeof names / sizeof names[0]; n++)
        names[n] = gable_table_kinds[n].name;
    if (!kind)
        return gable_cli_unknown(cli, "KIND", cli->arguments[0], names, n);
    GABLE_TRY(gable_csv_read(&cli->arena, cli->arguments[1], csv, &cli->err));
    return gable_rows_read(&cli->arena, csv, kind, rows, &cli->err);
}

gable_status gable_kind_check_serving(gable_cli *cli, const gable_kind_options *options)
{
    const char *ignored = options->device ? "--device" : options->stack ? "--stack" : NULL;
    if (ignored)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "%s is of tables of kernels; serving runs say theirs", ignored);
    return GABLE_OK;
}

gable_status gable_kind_predict(gable_cli *cli, const gable_kind_options *options,
                                const gable_rows *rows, gable_prediction **predictions)
{
    gable_predict_options how = {.hw = cli->hw,
                                 .device = options->device,
                                 .stack = options->stack ? options->stack : default_stack,
                                 .force_stack = options->stack != NULL};
    if (options->recipes)
        return gable_fail(&cli->err, GABLE_USAGE, "--recipes is of the KIND serving");
    return gable_predict_rows(&cli->arena, rows, &how, predictions, &cli->err);
}
