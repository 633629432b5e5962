/* cli: gable help [COMMAND|examples]: the tables, printed. */
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"

static void list_commands(gable_text *out)
{
    gable_text_add(out, "gable - roofline and interconnect simulator for LLM inference\n\n"
                        "Usage: gable COMMAND [options]\n\nCommands:\n");
    for (size_t i = 0; gable_commands[i]; i++)
        gable_text_addf(out, "  %-11s %s\n", gable_commands[i]->name, gable_commands[i]->summary);
    gable_text_add(
        out,
        "\nStart with:\n"
        "  gable cost --model llama-3.1-70b --system hgx-h100-8 --tp 8 --phase decode\n"
        "  gable roofline --model llama-3.1-70b --system hgx-h100-8 --tp 8 --terminal\n"
        "  gable demo\n"
        "\ngable help COMMAND explains one; gable help examples shows all examples.\n"
        "Exit: 0 ok, 1 the check said no, 2 usage, 3 input refused, 4 cannot write, 70 defect.\n");
}

static void list_examples(gable_text *out)
{
    for (size_t i = 0; gable_commands[i]; i++)
        if (gable_commands[i]->examples)
            gable_text_addf(out, "# %s\n%s\n", gable_commands[i]->summary,
                            gable_commands[i]->examples);
}

static gable_status run(gable_cli *cli, const void *options)
{
    (void)options;
    const char *names[65] = {"examples"};
    size_t n = 1;
    if (cli->n_arguments == 0) {
        list_commands(&cli->out);
        return GABLE_OK;
    }
    const char *wanted = cli->arguments[0];
    if (strcmp(wanted, "examples") == 0) {
        list_examples(&cli->out);
        return GABLE_OK;
    }
    for (size_t i = 0; gable_commands[i] && n < 65; i++) {
        names[n++] = gable_commands[i]->name;
        if (strcmp(gable_commands[i]->name, wanted) == 0) {
            gable_options_help(&cli->out, gable_commands[i]);
            return GABLE_OK;
        }
    }
    return gable_cli_unknown(cli, "command", wanted, names, n);
}

const gable_command gable_command_help = {
    .name = "help",
    .summary = "Explain a command, or list them",
    .arguments = "[COMMAND|examples]",
    .run = run,
};
