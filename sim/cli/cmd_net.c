/* gable net: the interconnect on its own. One verb a row and a file. */
#include <string.h>

#include "cli/net.h"

static const gable_option options[] = {
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .argument = "FORMAT",
     .choices = gable_formats,
     .default_text = "text",
     .offset = offsetof(gable_net_options, format),
     .help = "form of the answer"},
};

static const struct {
    const char *name;
    gable_net_verb *run;
} verbs[] = {
    {"flows", gable_net_flows},
};
enum { N_VERBS = sizeof verbs / sizeof verbs[0] };

static gable_status run(gable_cli *cli, const void *given)
{
    const char *names[N_VERBS];
    for (int i = 0; i < N_VERBS; i++)
        names[i] = verbs[i].name;
    if (cli->n_arguments < 1)
        return gable_fail(&cli->err, GABLE_USAGE, "net needs a verb: see gable help net");
    for (int i = 0; i < N_VERBS; i++)
        if (strcmp(verbs[i].name, cli->arguments[0]) == 0)
            return verbs[i].run(cli, given);
    return gable_cli_unknown(cli, "verb of net", cli->arguments[0], names, N_VERBS);
}

const gable_command gable_command_net = {
    .name = "net",
    .summary = "the interconnect: transfers that share links",
    .arguments = "flows FILE.json",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(gable_net_options),
    .examples = "gable net flows transfers.json\n",
    .run = run,
};
