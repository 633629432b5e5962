/* A command line, one word a line, the first of which is the subcommand: read, or refused in one
 * line with the status of wrong usage; --set of another option the same. */
#include <string.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "input.h"

enum { WORDS_CAP = 64 };

const gable_command *const gable_commands[] = {
#define COMMAND(name) &gable_command_##name,
#include "cli/commands.def"
#undef COMMAND
    NULL};

static int split(char *text, const char **words)
{
    int n = 0;
    while (text && n < WORDS_CAP) {
        char *end = strchr(text, '\n');
        if (end)
            *end = '\0';
        words[n++] = text;
        text = end ? end + 1 : NULL;
    }
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *words[WORDS_CAP], *arguments[WORDS_CAP];
    input in = input_open(data, size);
    int n = split(in.text, words), n_arguments = 0;
    for (size_t i = 0; gable_commands[i]; i++) {
        const gable_command *command = gable_commands[i];
        if (strcmp(command->name, words[0]) != 0)
            continue;
        void *options = gable_arena_alloc(in.arena, 1, command->options_bytes + 1);
        MUST(options);
        gable_status status = gable_options_read(command, words + 1, n - 1, options, arguments,
                                                 &n_arguments, &in.err);
        MUST(n_arguments >= 0 && n_arguments < n);
        MUST(status == in.err.status);
        if (status != GABLE_OK)
            input_refused(&in, NULL);
    }
    input_close(&in);
    return 0;
}
