/* cli: gable help [COMMAND|examples]: the tables, printed. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/help.h"
#include "cli/json_reference.h"
#include "cli/options.h"

typedef struct help_options {
    int format;
} help_options;

enum { HELP_TEXT, HELP_MD, HELP_MAN, HELP_JSON };
static const char *const formats[] = {
    [HELP_TEXT] = "text", [HELP_MD] = "md", [HELP_MAN] = "man", [HELP_JSON] = "json", NULL};

const gable_question gable_questions[] = {
#define QUESTION(text, command) {text, command "\n"},
#include "cli/questions.def"
#undef QUESTION
};
const size_t gable_n_questions = sizeof gable_questions / sizeof gable_questions[0];

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
        "\ngable help COMMAND explains one; gable help examples shows a command for each question\n"
        "of a planner, and all examples; gable help json tells every key of the JSON.\n"
        "Exit: 0 ok, 1 the check said no, 2 usage, 3 input refused, 4 cannot write, 70 defect.\n");
}

static void list_examples(gable_text *out)
{
    gable_text_add(out, "# Questions\n\n");
    for (size_t i = 0; i < gable_n_questions; i++)
        gable_text_addf(out, "# %s\n%s\n", gable_questions[i].text, gable_questions[i].command);
    gable_text_add(out, "# Examples of each command\n\n");
    for (size_t i = 0; gable_commands[i]; i++)
        gable_text_addf(out, "# %s\n%s\n", gable_commands[i]->summary, gable_commands[i]->examples);
}

static gable_status explain(gable_cli *cli, const char *wanted, bool man)
{
    const char *names[65] = {"examples", "json"};
    size_t n = 2;
    for (size_t i = 0; gable_commands[i] && n < 65; i++) {
        names[n++] = gable_commands[i]->name;
        if (strcmp(gable_commands[i]->name, wanted) != 0)
            continue;
        if (man)
            gable_man_command(&cli->out, gable_commands[i]);
        else
            gable_options_help(&cli->out, gable_commands[i], cli->width);
        return GABLE_OK;
    }
    return gable_cli_unknown(cli, "command", wanted, names, n);
}

/* gable help json [NAME…]: "net collective" may be two words. */
static gable_status explain_json(gable_cli *cli, int format)
{
    static const gable_json_form forms[] = {[HELP_TEXT] = GABLE_JSON_TEXT,
                                            [HELP_MD] = GABLE_JSON_MD,
                                            [HELP_MAN] = GABLE_JSON_MAN,
                                            [HELP_JSON] = GABLE_JSON_TEXT};
    const char *names[128];
    char name[64];
    size_t n = 0;
    if (cli->n_arguments == 1) {
        if (format == HELP_MAN)
            gable_json_page(&cli->out);
        else
            gable_json_list(&cli->out);
        return GABLE_OK;
    }
    snprintf(name, sizeof name, "%s%s%s", cli->arguments[1], cli->n_arguments > 2 ? " " : "",
             cli->n_arguments > 2 ? cli->arguments[2] : "");
    if (format == HELP_JSON ? gable_json_schema(&cli->out, name)
                            : gable_json_reference(&cli->out, name, forms[format], cli->width))
        return GABLE_OK;
    for (size_t i = 0; i < gable_n_json_documents; i++)
        names[n++] = gable_json_documents[i].name;
    for (size_t i = 0; i < gable_n_json_rows && n < sizeof names / sizeof names[0]; i++)
        if (gable_json_rows[i].schema)
            names[n++] = gable_json_rows[i].command;
    return gable_cli_unknown(cli, "JSON", name, names, n);
}

static gable_status run(gable_cli *cli, const void *given)
{
    const help_options *options = given;
    bool man = options->format == HELP_MAN;
    const char *wanted = cli->n_arguments ? cli->arguments[0] : NULL;
    bool json = wanted && strcmp(wanted, "json") == 0;
    int most = json ? 3 : 1; /* "net collective" */
    if (cli->n_arguments > most)
        return gable_fail(&cli->err, GABLE_USAGE, "help: unexpected argument \"%.80s\"",
                          cli->arguments[most]);
    if (json && (cli->n_arguments > 1 || options->format == HELP_TEXT || man))
        return explain_json(cli, options->format);
    if (options->format == HELP_JSON || options->format == HELP_MD)
        return gable_fail(&cli->err, GABLE_USAGE, "--format %s is of gable help json NAME",
                          formats[options->format]);
    if (wanted && strcmp(wanted, "examples") != 0)
        return explain(cli, wanted, man);
    if (man)
        gable_man_program(&cli->out);
    else if (wanted)
        list_examples(&cli->out);
    else
        list_commands(&cli->out);
    return GABLE_OK;
}

static const gable_option options_of_help[] = {
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .offset = offsetof(help_options, format),
     .argument = "FORMAT",
     .default_text = "text",
     .choices = formats,
     .help = "form of the answer; man: a page for man(1); md and json (a JSON Schema) are of json "
             "NAME"},
};

const gable_command gable_command_help = {
    .name = "help",
    .summary = "Explain a command, or list them",
    .arguments = "[COMMAND | examples | json [NAME]]",
    .options = options_of_help,
    .n_options = sizeof options_of_help / sizeof options_of_help[0],
    .options_bytes = sizeof(help_options),
    .examples = "gable help cost\n"
                "gable help examples\n"
                "gable help json\n"
                "gable help json cost\n"
                "gable help json scenario --format json\n"
                "gable help --format man cost | man -l -\n",
    .needs_no_data = true,
    .run = run,
};
