/* gable check: recorded scenarios, priced again and compared. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "report/check.h"

typedef struct check_options {
    int format; /* gable_check_format */
    bool update;
} check_options;

/* What a run works on. */
typedef struct checking {
    gable_cli *cli;
    const char **paths;
    size_t n, n_refused;
    gable_check *checks;
    gable_err first; /* of the refusals */
    gable_arena scratch;
} checking;

enum { PATHS_CAP = 65536 };
static const size_t scratch_bytes = (size_t)256 * 1024 * 1024;

/* ---- which files ---- */

static gable_status add_path(checking *c, const char *path)
{
    if (!path)
        return gable_fail(&c->cli->err, GABLE_INTERNAL, "arena full");
    if (c->n == PATHS_CAP)
        return gable_fail(&c->cli->err, GABLE_INPUT, "more than %d files", PATHS_CAP);
    c->paths[c->n++] = path;
    return GABLE_OK;
}

static gable_status add_folder(checking *c, const char *folder)
{
    const char *const *names;
    size_t count;
    gable_arena *arena = &c->cli->arena;
    char trimmed[4096];
    size_t n = strlen(folder);
    while (n > 1 && folder[n - 1] == '/')
        n--;
    if (n >= sizeof trimmed)
        return gable_fail(&c->cli->err, GABLE_INPUT, "%.80s…: the path is too long", folder);
    memcpy(trimmed, folder, n);
    trimmed[n] = '\0';
    GABLE_TRY(gable_file_list(arena, trimmed, ".json", &names, &count, &c->cli->err));
    if (count == 0)
        return gable_fail(&c->cli->err, GABLE_INPUT, "%s: no *.json in this folder", trimmed);
    for (size_t i = 0; i < count; i++)
        GABLE_TRY(add_path(c, gable_file_join(arena, trimmed, names[i])));
    return GABLE_OK;
}

static gable_status list_paths(checking *c)
{
    gable_cli *cli = c->cli;
    GABLE_TRY(gable_arena_take(&cli->arena, PATHS_CAP, sizeof *c->paths, &c->paths, &cli->err));
    if (cli->n_arguments == 0)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "check takes recorded scenarios or folders of them, for example "
                          "gable check configs/ci");
    for (int i = 0; i < cli->n_arguments; i++) {
        const char *argument = gable_cli_path(cli, cli->arguments[i]);
        if (gable_file_is_folder(argument))
            GABLE_TRY(add_folder(c, argument));
        else
            GABLE_TRY(add_path(c, argument));
    }
    return GABLE_OK;
}

/* ---- reading and pricing ---- */

enum { REFUSED_SHOWN = 10 };

/* Every refused file is told, so that a CI needs one run to see them all; with several the error is
 * their count. */
static void refuse(checking *c, const gable_err *why)
{
    gable_err *err = &c->cli->err;
    if (c->n_refused == 0)
        c->first = *why;
    if (c->n_refused == 1)
        gable_cli_note("%s", c->first.text);
    if (c->n_refused >= 1 && c->n_refused < REFUSED_SHOWN)
        gable_cli_note("%s", why->text);
    c->n_refused++;
    *err = (gable_err){0};
    if (c->n_refused == 1)
        *err = *why;
    else
        gable_fail(err, c->first.status, "%zu of %zu files refused, nothing is reported",
                   c->n_refused, c->n);
}

/* By system, then stack: scenarios of one machine in a row. */
static int compare_machines(const void *a, const void *b)
{
    const gable_check *x = *(const gable_check *const *)a, *y = *(const gable_check *const *)b;
    int systems = strcmp(x->system, y->system), stacks = strcmp(x->stack, y->stack);
    return systems ? systems : stacks ? stacks : (x > y) - (x < y);
}

static gable_status check_all(checking *c)
{
    gable_cli *cli = c->cli;
    gable_check_held held = {0};
    gable_check_source source = {cli->hw, cli->workloads, &cli->arena, &c->scratch, &held};
    gable_check **order;
    gable_err *why;
    size_t n = 0;
    GABLE_TRY(gable_arena_take(&cli->arena, c->n + 1, sizeof *order, &order, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, c->n + 1, sizeof *why, &why, &cli->err));
    for (size_t i = 0; i < c->n; i++)
        if (gable_check_read(&cli->arena, c->paths[i], &c->checks[i], &why[i]) == GABLE_OK)
            order[n++] = &c->checks[i];
    qsort(order, n, sizeof *order, compare_machines);
    for (size_t i = 0; i < n; i++)
        gable_check_price(&source, order[i], &why[order[i] - c->checks]);
    for (size_t i = 0; i < c->n; i++)
        if (why[i].by_system || (why[i].status != GABLE_OK && why[i].status != GABLE_INPUT))
            return gable_fail(&cli->err, why[i].status, "%s", why[i].text);
    for (size_t i = 0; i < c->n; i++)
        if (why[i].status != GABLE_OK)
            refuse(c, &why[i]);
    return GABLE_OK;
}

/* ---- --update ---- */

/* Puts back what was there in files that are written already: all of an update happens, or none. */
static void undo(checking *c, const bool *written)
{
    for (size_t i = 0; i < c->n; i++) {
        gable_err ignored = {0};
        const gable_check *check = &c->checks[i];
        if (written[i] && gable_file_write(check->path, check->text, check->length_bytes, &ignored))
            gable_cli_note("%s", ignored.text);
    }
}

static gable_status write_all(checking *c, const gable_text *texts)
{
    bool *written;
    GABLE_TRY(gable_arena_take(&c->cli->arena, c->n + 1, sizeof *written, &written, &c->cli->err));
    for (size_t i = 0; i < c->n; i++) {
        if (!texts[i].text)
            continue;
        if (gable_file_write(c->checks[i].path, texts[i].text, texts[i].length_bytes,
                             &c->cli->err) != GABLE_OK) {
            undo(c, written);
            return c->cli->err.status;
        }
        written[i] = true;
    }
    return GABLE_OK;
}

static gable_status update(checking *c)
{
    gable_text *texts;
    gable_cli *cli = c->cli;
    gable_status status = GABLE_OK;
    GABLE_TRY(gable_arena_take(&cli->arena, c->n + 1, sizeof *texts, &texts, &cli->err));
    for (size_t i = 0; i < c->n && status == GABLE_OK; i++)
        if (gable_check_failed(&c->checks[i]))
            status = gable_check_rewrite(&cli->arena, &c->checks[i], &texts[i], &cli->err);
    if (status == GABLE_OK)
        status = write_all(c, texts);
    for (size_t i = 0; i < c->n; i++) {
        gable_check *check = &c->checks[i];
        gable_text_free(&texts[i]);
        if (status == GABLE_OK && gable_check_failed(check))
            check->outcome = check->outcome == GABLE_CHECK_UNRECORDED ? GABLE_CHECK_RECORDED
                                                                      : GABLE_CHECK_UPDATED;
    }
    return status;
}

/* ---- the command ---- */

static gable_status refuse_stdin_update(checking *c)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->paths[i], "-") == 0)
            return gable_fail(&c->cli->err, GABLE_USAGE, "--update cannot rewrite standard input");
    return GABLE_OK;
}

static gable_status check_and_report(checking *c, const check_options *options)
{
    gable_cli *cli = c->cli;
    GABLE_TRY(gable_arena_init(&c->scratch, scratch_bytes, &cli->err));
    gable_status status = check_all(c);
    gable_arena_free(&c->scratch);
    GABLE_TRY(status);
    if (c->n_refused)
        return cli->err.status;
    if (options->update)
        GABLE_TRY(update(c));
    gable_check_report report = {c->checks, c->n};
    GABLE_TRY(gable_report_check(&cli->arena, &report, (gable_check_format)options->format,
                                 &cli->out, &cli->err));
    for (size_t i = 0; i < c->n; i++)
        if (gable_check_failed(&c->checks[i]))
            return GABLE_DIFFERS;
    return GABLE_OK;
}

static gable_status run(gable_cli *cli, const void *given)
{
    const check_options *options = given;
    checking c = {.cli = cli};
    GABLE_TRY(list_paths(&c));
    if (options->update)
        GABLE_TRY(refuse_stdin_update(&c));
    GABLE_TRY(gable_arena_take(&cli->arena, c.n + 1, sizeof *c.checks, &c.checks, &cli->err));
    return check_and_report(&c, options);
}

static const gable_option options_of_check[] = {
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .offset = offsetof(check_options, format),
     .argument = "FORMAT",
     .default_text = "text",
     .choices = gable_check_formats,
     .help = "form of the answer"},
    {.name = "update",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(check_options, update),
     .help = "rewrite the expectations of the files that differ"},
};

extern const gable_command gable_command_check;
const gable_command gable_command_check = {
    .name = "check",
    .summary = "has a recorded scenario moved? prices it again and compares",
    .arguments = "FILE|FOLDER...",
    .options = options_of_check,
    .n_options = sizeof options_of_check / sizeof options_of_check[0],
    .options_bytes = sizeof(check_options),
    .examples = "gable check configs/ci\n"
                "gable check --format github configs/ci\n"
                "gable check --update configs/ci/dense-decode-h100.json\n",
    .run = run,
};
