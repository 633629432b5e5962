/* cli/help: man pages, made of the tables. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/help.h"
#include "cli/options.h"
#include "gable.h"

const gable_help_row gable_help_environment[] = {
    {"GABLE_DATA", "folder that holds hw/, workloads/ and configs/, instead of the one beside the "
                   "program"},
    {"COLUMNS", "columns of tables and of help where standard output is no terminal (80)"},
    {"NO_COLOR", "when it is not empty, nothing is coloured"},
    {"TERM", "dumb: nothing is coloured"},
    {NULL, NULL}};

const gable_help_row gable_help_files[] = {
    {"PREFIX/share/gable",
     "the data: hw, workloads, configs, plots; PREFIX is where the program is "
     "installed"},
    {"PREFIX/include/gable.h", "the library; pkg-config calls it gable"},
    {NULL, NULL}};

/* Code point of the UTF-8 sequence of `n` bytes at `c`. */
static unsigned code_point(const char *c, size_t n)
{
    static const unsigned char first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    unsigned code = (unsigned char)c[0] & first_bits[n];
    for (size_t i = 1; i < n; i++)
        code = code << 6 | ((unsigned char)c[i] & 0x3fu);
    return code;
}

void gable_roff_add(gable_text *out, const char *text)
{
    bool starts = true;
    for (const char *c = text; *c;) {
        size_t n = gable_text_utf8_bytes(c);
        if (starts && (*c == '.' || *c == '\''))
            gable_text_add(out, "\\&");
        starts = *c == '\n';
        if (*c == '\\')
            gable_text_add(out, "\\e");
        else if (*c == '-')
            gable_text_add(out, "\\-");
        else if (*c == '\'')
            gable_text_add(out, "\\(aq");
        else if (*c == '`')
            gable_text_add(out, "\\(ga");
        else if (n > 1)
            gable_text_addf(out, "\\[u%04X]", code_point(c, n));
        else
            gable_text_add_n(out, c, 1);
        c += n ? n : 1;
    }
}

static void add_title(gable_text *out, const char *name)
{
    gable_text_add(out, ".TH ");
    for (const char *c = name; *c; c++)
        gable_text_addf(out, *c == '-' ? "\\-" : "%c", toupper((unsigned char)*c));
    gable_text_addf(out, " 1 %s \"gable %s\" \"User Commands\"\n.ad l\n", GABLE_RELEASED,
                    gable_version());
}

static void add_section(gable_text *out, const char *name)
{
    gable_text_addf(out, ".SH %s\n", name);
}

/* Lines that can be pasted, as they are. */
static void add_lines(gable_text *out, const char *lines)
{
    gable_text_add(out, ".EX\n");
    gable_roff_add(out, lines);
    gable_text_add(out, ".EE\n");
}

static void add_rows(gable_text *out, const gable_help_row *rows)
{
    for (; rows->name; rows++) {
        gable_text_add(out, ".TP\n.B ");
        gable_roff_add(out, rows->name);
        gable_text_add(out, "\n");
        gable_roff_add(out, rows->text);
        gable_text_add(out, "\n");
    }
}

static void add_exit_codes(gable_text *out)
{
    add_section(out, "EXIT STATUS");
#define EXIT_ROW(symbol, code, text) gable_text_addf(out, ".TP\n.B %d\n%s\n", (code), (text));
    GABLE_STATUS_LIST(EXIT_ROW)
#undef EXIT_ROW
}

static void add_option(gable_text *out, const gable_command *command, const gable_option *option)
{
    char spelling[GABLE_OPTION_SPELLING_CAP];
    gable_text meaning = {0};
    gable_option_spelling(option, spelling);
    gable_option_meaning(command, option, &meaning);
    gable_text_add(out, ".TP\n.B ");
    gable_roff_add(out, spelling);
    gable_text_add(out, "\n");
    /* A line may be broken after a choice. */
    for (const char *at = meaning.text ? meaning.text : ""; *at;) {
        size_t n = strcspn(at, "|");
        char part[512];
        snprintf(part, sizeof part, "%.*s", (int)(n + (at[n] == '|')), at);
        gable_roff_add(out, part);
        at += n;
        if (*at == '|') {
            gable_text_add(out, "\\:");
            at++;
        }
    }
    gable_text_add(out, "\n");
    out->failed = out->failed || meaning.failed;
    gable_text_free(&meaning);
}

void gable_man_command(gable_text *out, const gable_command *command)
{
    char name[64];
    snprintf(name, sizeof name, "gable-%s", command->name);
    add_title(out, name);
    add_section(out, "NAME");
    gable_roff_add(out, name);
    gable_text_add(out, " \\- ");
    gable_roff_add(out, command->summary);
    gable_text_add(out, "\n");
    add_section(out, "SYNOPSIS");
    gable_text_addf(out, ".B gable %s\n", command->name);
    if (command->n_options)
        gable_text_add(out, ".RI [ options ]\n");
    gable_roff_add(out, command->arguments);
    gable_text_add(out, *command->arguments ? "\n" : "");
    if (command->n_options)
        add_section(out, "OPTIONS");
    for (size_t i = 0; i < command->n_options; i++)
        add_option(out, command, &command->options[i]);
    add_section(out, "EXAMPLES");
    add_lines(out, command->examples);
    add_exit_codes(out);
    add_section(out, "SEE ALSO");
    gable_text_add(out, ".BR gable (1)\n");
}

static void add_commands(gable_text *out)
{
    add_section(out, "COMMANDS");
    for (size_t i = 0; gable_commands[i]; i++) {
        gable_text_addf(out, ".TP\n.BR gable\\-%s (1)\n", gable_commands[i]->name);
        gable_roff_add(out, gable_commands[i]->summary);
        gable_text_add(out, "\n");
    }
}

static void add_questions(gable_text *out)
{
    add_section(out, "EXAMPLES");
    for (size_t i = 0; i < gable_n_questions; i++) {
        gable_text_add(out, i ? ".PP\n" : "");
        gable_roff_add(out, gable_questions[i].text);
        gable_text_add(out, "\n.RS 4\n");
        add_lines(out, gable_questions[i].command);
        gable_text_add(out, ".RE\n");
    }
}

void gable_man_program(gable_text *out)
{
    add_title(out, "gable");
    add_section(out, "NAME");
    gable_text_add(out, "gable \\- roofline and interconnect simulator for LLM inference\n");
    add_section(out, "SYNOPSIS");
    gable_text_add(out, ".B gable\n.I command\n.RI [ options ]\n");
    add_section(out, "DESCRIPTION");
    gable_text_add(
        out, "Descriptions of hardware and of models go in; out comes what prefill and decode of a "
             "large language model cost, operator by operator, what each is bound by, whether it "
             "fits, and how it is served.\n.PP\n"
             "The answer goes to standard output, as text, JSON, CSV or Markdown; messages go to "
             "standard error. Quantities take units: 80GB, 80GiB, 3.35TB/s, 50us, 4k.\n");
    add_commands(out);
    add_questions(out);
    add_exit_codes(out);
    add_section(out, "ENVIRONMENT");
    add_rows(out, gable_help_environment);
    add_section(out, "FILES");
    add_rows(out, gable_help_files);
    add_section(out, "SEE ALSO");
    gable_text_add(out, ".BR gable\\-json (5)\n");
}
