/* cli: main: finds the subcommand and the data, runs it, prints its answer, maps its status to an
 * exit code. */
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "gable.h"

enum { COMMANDS_CAP = 64 };

/* Descriptions, measurements and results of one run; pages are touched only when used. */
static const size_t arena_bytes = (size_t)512 * 1024 * 1024;

static bool holds_data(gable_arena *arena, const char *root)
{
    const char *hw = gable_file_join(arena, root, "hw");
    return hw && gable_file_is_folder(hw);
}

/* Folder of the running program, "" when it cannot be told. */
static const char *program_folder(gable_arena *arena)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return "";
    path[n] = '\0';
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    return gable_arena_copy(arena, path, strlen(path));
}

/* `folder` without its last `up` steps. */
static const char *folder_above(gable_arena *arena, const char *folder, int up)
{
    size_t length = strlen(folder);
    for (int i = 0; i < up; i++)
        while (length > 0 && folder[--length] != '/')
            continue;
    return gable_arena_copy(arena, folder, length);
}

/* The source tree or the install prefix around the program; NULL when neither is there. */
static const char *data_around(gable_arena *arena, const char *folder)
{
    /* Seen from the folder of the program: how far up, and what below that. */
    static const struct {
        int up;
        const char *below;
    } around[] = {{1, ""}, {2, ""}, {1, "share/gable"}};
    for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
        const char *candidate = folder_above(arena, folder, around[i].up);
        if (candidate && *around[i].below)
            candidate = gable_file_join(arena, candidate, around[i].below);
        if (candidate && holds_data(arena, candidate))
            return candidate;
    }
    return NULL;
}

static gable_status name_folders(gable_cli *cli, const char *root)
{
    cli->hw = gable_file_join(&cli->arena, root, "hw");
    cli->workloads = gable_file_join(&cli->arena, root, "workloads");
    cli->configs = gable_file_join(&cli->arena, root, "configs");
    cli->plots = gable_file_join(&cli->arena, root, "plots");
    return cli->hw && cli->workloads && cli->configs && cli->plots
               ? GABLE_OK
               : gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
}

/* GABLE_DATA, then what is around the program. */
static gable_status find_data(gable_cli *cli)
{
    const char *root = getenv("GABLE_DATA");
    bool given = root && *root;
    if (given && !holds_data(&cli->arena, root))
        return gable_fail(&cli->err, GABLE_INPUT, "GABLE_DATA is %s, which has no folder hw", root);
    const char *folder = program_folder(&cli->arena);
    if (!folder)
        return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
    if (!given)
        root = data_around(&cli->arena, folder);
    if (!root)
        return gable_fail(&cli->err, GABLE_INPUT,
                          "no data folder (hw, workloads) beside the program; set GABLE_DATA");
    return name_folders(cli, root);
}

static void find_terminal(gable_cli *cli)
{
    struct winsize size;
    const char *columns = getenv("COLUMNS"), *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    double wide;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        wide = size.ws_col;
    else if (!columns || !gable_num_parse(columns, &wide) || !(wide > 0.0))
        wide = 80.0;
    cli->width = (int)fmin(fmax(wide, 40.0), 1000.0); /* no picture or table is narrower */
    bool dumb = !term || strcmp(term, "dumb") == 0;
    cli->color = isatty(STDOUT_FILENO) && !dumb && !(no_color && *no_color);
}

static const gable_command *find_command(const char *name)
{
    for (size_t i = 0; gable_commands[i]; i++)
        if (strcmp(gable_commands[i]->name, name) == 0)
            return gable_commands[i];
    return NULL;
}

static gable_status unknown_command(gable_cli *cli, const char *name)
{
    const char *names[COMMANDS_CAP + 2] = {"--version", "--help"};
    size_t n = 2;
    for (size_t i = 0; i < COMMANDS_CAP && gable_commands[i]; i++)
        names[n++] = gable_commands[i]->name;
    return gable_cli_unknown(cli, "command", name, names, n);
}

static bool asks_for_help(int count, const char *const *words)
{
    for (int i = 0; i < count && strcmp(words[i], "--") != 0; i++)
        if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0)
            return true;
    return false;
}

static gable_status run_command(gable_cli *cli, const gable_command *command, int count,
                                const char *const *words)
{
    const char **arguments;
    void *options;
    find_terminal(cli);
    if (asks_for_help(count, words)) {
        gable_options_help(&cli->out, command, cli->width);
        return GABLE_OK;
    }
    GABLE_TRY(
        gable_arena_take(&cli->arena, (size_t)count + 1, sizeof *arguments, &arguments, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, 1, command->options_bytes + 1, &options, &cli->err));
    GABLE_TRY(gable_options_read(command, words, count, options, arguments, &cli->n_arguments,
                                 &cli->err));
    cli->arguments = arguments;
    gable_status found = find_data(cli);
    if (found != GABLE_OK && (found != GABLE_INPUT || !command->needs_no_data))
        return found;
    if (found != GABLE_OK)
        cli->err = (gable_err){0};
    return command->run(cli, options);
}

static gable_status dispatch(gable_cli *cli, int count, const char *const *words)
{
    const char *name = count > 0 ? words[0] : "help";
    if (strcmp(name, "--version") == 0) {
        gable_text_addf(&cli->out, "gable %s\n", gable_version());
        return GABLE_OK;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    const gable_command *command = find_command(name);
    if (!command)
        return unknown_command(cli, name);
    GABLE_TRY(gable_arena_init(&cli->arena, arena_bytes, &cli->err));
    return run_command(cli, command, count > 0 ? count - 1 : 0, words + (count > 0));
}

/* The answer goes out whole, and a full disk is an error. */
static gable_status print_answer(gable_cli *cli, gable_status status)
{
    if (status != GABLE_OK && status != GABLE_DIFFERS)
        return status;
    if (cli->out.failed || cli->arena.full)
        return gable_fail(&cli->err, GABLE_INTERNAL, "out of memory");
    if (cli->out.length_bytes == 0)
        return status;
    gable_status written = gable_file_write("-", cli->out.text, cli->out.length_bytes, &cli->err);
    return written == GABLE_OK ? status : written;
}

int main(int argc, char **argv)
{
    gable_cli cli = {0};
    signal(SIGXFSZ, SIG_IGN); /* a write that may not grow its file fails, as on a full disk */
    gable_status status = dispatch(&cli, argc - 1, (const char *const *)argv + 1);
    status = print_answer(&cli, status);
    if (cli.err.status != GABLE_OK)
        gable_cli_note("%s", cli.err.text);
    gable_text_free(&cli.out);
    gable_arena_free(&cli.arena);
    return (int)status;
}
