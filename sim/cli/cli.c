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
    enum { FEW = 16 };
    const char *near = gable_text_nearest(given, candidates, count);
    char list[300] = "";
    for (size_t i = 0; !near && count <= FEW && i < count; i++) {
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "; one of ", candidates[i]);
    }
    return gable_fail(&cli->err, GABLE_USAGE, "unknown %s \"%.80s\"%s%s%s%s", what, given,
                      near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "", list);
}

gable_status gable_cli_names(gable_cli *cli, const char *option, const char *list, int most,
                             const char **names, int *n)
{
    static const char between[] = ", \t";
    *n = 0;
    for (const char *at = list + strspn(list, between); *at; at += strspn(at, between)) {
        size_t length = strcspn(at, between);
        if (*n == most)
            return gable_fail(&cli->err, GABLE_USAGE, "--%s: at most %d at a time", option, most);
        names[*n] = gable_arena_copy(&cli->arena, at, length);
        if (!names[(*n)++])
            return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
        at += length;
    }
    return *n ? GABLE_OK
              : gable_fail(&cli->err, GABLE_USAGE, "--%s \"%.60s\": expected names, by commas",
                           option, list);
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
