/* cli: what every subcommand may call: see cli.h. */
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void gable_cli_note(const char *format, ...)
{
    char text[GABLE_ERR_CAP];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    gable_text_make_safe(text);
    fprintf(stderr, "gable: %s\n", text);
}

gable_status gable_cli_unknown(gable_cli *cli, const char *what, const char *given,
                               const char *const *candidates, size_t count)
{
    const char *near = gable_text_nearest(given, candidates, count);
    return gable_fail(&cli->err, GABLE_USAGE, "unknown %s \"%.80s\"%s%s%s", what, given,
                      near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

const char *gable_cli_path(gable_cli *cli, const char *path)
{
    const char *slash = cli->configs ? strrchr(cli->configs, '/') : NULL;
    bool outside = path[0] == '/' || strstr(path, "..") || strcmp(path, "-") == 0;
    if (!slash || outside || gable_file_exists(path) || gable_file_is_folder(path))
        return path;
    char *root = gable_arena_copy(&cli->arena, cli->configs, (size_t)(slash - cli->configs));
    char *found = root ? gable_file_join(&cli->arena, root, path) : NULL;
    return found && (gable_file_exists(found) || gable_file_is_folder(found)) ? found : path;
}

gable_status gable_cli_write(gable_cli *cli, const char *path, const char *text,
                             size_t length_bytes)
{
    if (cli->arena.full)
        return gable_fail(&cli->err, GABLE_INTERNAL, "out of memory");
    return gable_file_write(path, text, length_bytes, &cli->err);
}
