/* gable diff: two steps compared, and what made them differ. */
#include <stddef.h>
#include <string.h>

#include "cli/commands.h"
#include "report/diff.h"

typedef struct diff_options {
    const char *data_before, *data_after;
    int format;
} diff_options;

static const gable_option options_of_diff[] = {
    {.name = "data-before",
     .type = GABLE_OPTION_TEXT,
     .argument = "FOLDER",
     .offset = offsetof(diff_options, data_before),
     .help =
         "data (hw, workloads) of before, such as another checkout: names the fields that moved"},
    {.name = "data-after",
     .type = GABLE_OPTION_TEXT,
     .argument = "FOLDER",
     .offset = offsetof(diff_options, data_after),
     .help = "data of after, if not the program's own"},
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .argument = "FORMAT",
     .choices = gable_formats,
     .default_text = "text",
     .offset = offsetof(diff_options, format),
     .help = "form of the answer"},
};

static const size_t scratch_bytes = (size_t)256 * 1024 * 1024;

/* The folder that holds hw/, which main found. */
static const char *root_of(gable_cli *cli)
{
    const char *slash = strrchr(cli->hw, '/');
    return slash ? gable_arena_copy(&cli->arena, cli->hw, (size_t)(slash - cli->hw)) : ".";
}

static gable_status run(gable_cli *cli, const void *given)
{
    const diff_options *options = given;
    gable_arena scratch;
    gable_diff diff;
    if (cli->n_arguments < 1 || cli->n_arguments > 2)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "diff takes two files, or one to compare with the step priced now: "
                          "gable diff A.json B.json");
    gable_diff_request request = {
        .before = gable_cli_path(cli, cli->arguments[0]),
        .after = cli->n_arguments > 1 ? gable_cli_path(cli, cli->arguments[1]) : NULL,
        .data = root_of(cli),
        .data_before = options->data_before,
        .data_after = options->data_after,
        .keep = &cli->arena,
        .scratch = &scratch};
    if (!request.data)
        return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_arena_init(&scratch, scratch_bytes, &cli->err));
    gable_status status = gable_diff_run(&request, &diff, &cli->err);
    gable_arena_free(&scratch);
    GABLE_TRY(status);
    GABLE_TRY(gable_report_diff(&cli->arena, &diff, (gable_format)options->format, cli->width,
                                &cli->out, &cli->err));
    return diff.compared.outcome == GABLE_CHECK_OK ? GABLE_OK : GABLE_DIFFERS;
}

const gable_command gable_command_diff = {
    .name = "diff",
    .summary = "what moved between two priced steps, operator by operator, and which field did it",
    .arguments = "A.json [B.json]",
    .options = options_of_diff,
    .n_options = sizeof options_of_diff / sizeof options_of_diff[0],
    .options_bytes = sizeof(diff_options),
    .examples = "gable diff configs/ci/dense-decode-h100.json\n"
                "gable diff configs/ci/dense-decode-h100.json --data-before ../main\n"
                "gable diff configs/ci/dense-decode-h100.json configs/ci/dense-decode-a100.json\n"
                "gable diff before.json after.json --format md\n",
    .run = run,
};
