/* gable completion: scripts for shells, and the words that they ask for. */
#include <string.h>

#include "cli/commands.h"
#include "cli/completion.h"

static const struct {
    const char *name;
    gable_completion_writer *write;
} shells[] = {{"bash", gable_completion_bash},
              {"zsh", gable_completion_zsh},
              {"fish", gable_completion_fish}};
enum { N_SHELLS = sizeof shells / sizeof shells[0] };

static gable_status write_words(gable_cli *cli)
{
    const char *wanted = cli->n_arguments > 1 ? cli->arguments[1] : "";
    if (!cli->hw && strcmp(wanted, gable_words_names[GABLE_WORDS_COMMANDS]) != 0)
        return gable_fail(&cli->err, GABLE_INPUT, "no data folder to list %s of", wanted);
    for (int i = 0; i < GABLE_N_WORDS; i++)
        if (strcmp(gable_words_names[i], wanted) == 0)
            return gable_words_write(cli, (gable_words)i, &cli->out);
    return gable_cli_unknown(cli, "list of words", wanted, gable_words_names, GABLE_N_WORDS);
}

static gable_status run(gable_cli *cli, const void *options)
{
    const char *names[N_SHELLS + 1];
    (void)options;
    if (cli->n_arguments == 0)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "completion of which shell? gable completion bash, zsh or fish");
    bool words = strcmp(cli->arguments[0], "words") == 0;
    if (cli->n_arguments > 1 + words)
        return gable_fail(&cli->err, GABLE_USAGE, "completion: unexpected argument \"%.80s\"",
                          cli->arguments[1 + words]);
    if (words)
        return write_words(cli);
    for (int i = 0; i < N_SHELLS; i++) {
        names[i] = shells[i].name;
        if (strcmp(shells[i].name, cli->arguments[0]) == 0) {
            shells[i].write(&cli->out);
            return GABLE_OK;
        }
    }
    names[N_SHELLS] = "words";
    return gable_cli_unknown(cli, "shell", cli->arguments[0], names, N_SHELLS + 1);
}

const gable_command gable_command_completion = {
    .name = "completion",
    .summary = "completion of commands, options, devices and models in your shell",
    .arguments = "bash | zsh | fish | words LIST",
    .examples = "gable completion bash >~/.local/share/bash-completion/completions/gable\n"
                "gable completion zsh >~/.zfunc/_gable\n"
                "gable completion fish >~/.config/fish/completions/gable.fish\n",
    .needs_no_data = true,
    .run = run,
};
