/* gable demo: a tour for a class: seven stops, each a page. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/demo.h"
#include "report/paragraph.h"

typedef struct demo_options {
    bool list, quiz;
    int stop; /* 0: all */
} demo_options;

/* An answer counts when it is this near: head arithmetic is allowed to round. */
static const double near_enough = 0.05;

typedef struct score {
    int n_right, n_asked;
    bool ended;    /* end of input: do not ask on */
    bool sketched; /* as in demo */
} score;

/* ---- quiz ---- */

/* "ms" of "17.9 ms": what a bare number is taken to be in. */
static const char *shown_unit(const demo_question *q)
{
    const char *blank = strchr(q->shown, ' ');
    return blank ? blank + 1 : "";
}

/* A quantity as the page prints it, or a bare number in the same unit. */
static bool read_answer(const demo_question *q, const char *line, double *value)
{
    char number[80], shown[DEMO_NUMBER_CAP];
    double bare, printed;
    if (q->dim != GABLE_DIM_NONE && gable_units_parse(line, q->dim, false, value) == GABLE_UNITS_OK)
        return true;
    snprintf(number, sizeof number, "%.*s", (int)strspn(line, "0123456789.eE+-"), line);
    snprintf(shown, sizeof shown, "%.*s", (int)strcspn(q->shown, " "), q->shown);
    if (!gable_num_parse(number, &bare) || !gable_num_parse(shown, &printed) || !(printed > 0.0))
        return false;
    *value = bare * q->value / printed;
    return true;
}

/* One line of the keyboard without its blanks; false at its end. */
static bool read_line(char *line, int cap)
{
    if (!fgets(line, cap, stdin))
        return false;
    size_t n = strlen(line);
    while (n > 0 && strchr(" \t\r\n", line[n - 1]))
        line[--n] = '\0';
    memmove(line, line + strspn(line, " \t"), strlen(line + strspn(line, " \t")) + 1);
    return true;
}

static void ask(const demo_question *q, int number, score *total)
{
    char line[256];
    double value = 0.0;
    const char *unit = shown_unit(q);
    fprintf(stderr, "[%d] %s\n    %s%s> ", number, q->text, *unit ? "in " : "", unit);
    fflush(stderr);
    if (!read_line(line, sizeof line)) {
        fprintf(stderr, "\n");
        total->ended = true;
        return;
    }
    total->n_asked++;
    bool understood = read_answer(q, line, &value);
    bool right = understood && fabs(value - q->value) <= near_enough * fabs(q->value);
    total->n_right += right;
    fprintf(stderr, "    %s: %s\n", right ? "right" : (understood ? "no" : "not a number"),
            q->shown);
}

static void ask_all(const demo *d, score *total)
{
    for (int i = 0; i < d->n_questions && !total->ended; i++)
        ask(&d->questions[i], i + 1, total);
    fprintf(stderr, "\n");
}

static void print_questions(demo *d)
{
    if (!d->n_questions)
        return;
    demo_line(d, "Questions");
    for (int i = 0; i < d->n_questions; i++)
        demo_line(d, "  [%d] %s", i + 1, d->questions[i].text);
    demo_line(d, "\nAnswers");
    for (int i = 0; i < d->n_questions; i++)
        demo_line(d, "  [%d] %s", i + 1, d->questions[i].shown);
    demo_gap(d);
}

/* ---- pages ---- */

static void add_title(demo *d, size_t i_stop)
{
    char title[160], rule[160];
    int n = snprintf(title, sizeof title, "Stop %zu of %zu. %s", i_stop + 1, demo_n_stops,
                     demo_stops[i_stop].title);
    snprintf(rule, sizeof rule, "%.*s", n,
             "==============================================================================");
    demo_line(d, "%s\n%s\n", title, rule);
}

/* One question that the page does not answer, and how to find out. */
static void add_question(demo *d, const demo_stop *stop)
{
    demo_say(d, "Question: %s", stop->question);
    gable_paragraph(&d->page, stop->command, 2, DEMO_WIDTH);
    demo_gap(d);
}

/* Writes the page; when somebody sits there, at once, and then asks. */
static gable_status deliver(demo *d, bool interactive, score *total)
{
    gable_cli *cli = d->cli;
    if (d->page.failed)
        return gable_fail(&cli->err, GABLE_INTERNAL, "out of memory");
    if (!interactive) {
        gable_text_add(&cli->out, d->page.text);
        return GABLE_OK;
    }
    GABLE_TRY(gable_cli_write(cli, "-", d->page.text, d->page.length_bytes));
    ask_all(d, total);
    return GABLE_OK;
}

static gable_status show_stop(gable_cli *cli, size_t i_stop, const demo_options *options,
                              score *total)
{
    bool interactive = options->quiz && isatty(STDIN_FILENO);
    demo d = {.cli = cli, .search_path = getenv("PATH"), .quiz = options->quiz};
    add_title(&d, i_stop);
    gable_status status = demo_stops[i_stop].show(&d);
    if (status == GABLE_OK)
        status = d.status;
    if (status == GABLE_OK)
        add_question(&d, &demo_stops[i_stop]);
    if (status == GABLE_OK && !interactive)
        print_questions(&d);
    if (status == GABLE_OK)
        status = deliver(&d, interactive, total);
    total->sketched = total->sketched || d.sketched;
    gable_text_free(&d.page);
    return status;
}

static gable_status list_stops(gable_cli *cli)
{
    for (size_t i = 0; i < demo_n_stops; i++)
        gable_text_addf(&cli->out, "%zu  %s\n", i + 1, demo_stops[i].title);
    return GABLE_OK;
}

static gable_status run(gable_cli *cli, const void *given)
{
    const demo_options *options = given;
    score total = {0};
    if (options->list)
        return list_stops(cli);
    if (options->stop > (int)demo_n_stops)
        return gable_fail(&cli->err, GABLE_USAGE, "there is no stop %d, the last one is %zu",
                          options->stop, demo_n_stops);
    for (size_t i = 0; i < demo_n_stops && !total.ended; i++)
        if (options->stop == 0 || options->stop == (int)i + 1)
            GABLE_TRY(show_stop(cli, i, options, &total));
    if (total.sketched)
        gable_cli_note(
            "gnuplot is missing or failed (gable roofline says why): rooflines are sketched");
    if (total.n_asked > 0)
        gable_text_addf(&cli->out, "%d of %d right\n", total.n_right, total.n_asked);
    return GABLE_OK;
}

static const gable_option options_of_demo[] = {
    {.name = "list",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(demo_options, list),
     .help = "list the stops"},
    {.name = "stop",
     .type = GABLE_OPTION_INT,
     .dim = GABLE_DIM_COUNT,
     .offset = offsetof(demo_options, stop),
     .argument = "N",
     .min = 1.0,
     .max = 99.0,
     .help = "show this stop only"},
    {.name = "quiz",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(demo_options, quiz),
     .help = "leave the key numbers blank, and ask for them"},
};

extern const gable_command gable_command_demo;
const gable_command gable_command_demo = {
    .name = "demo",
    .summary = "a tour for a class: why decode is memory-bound, and what changes it",
    .arguments = "",
    .options = options_of_demo,
    .n_options = sizeof options_of_demo / sizeof options_of_demo[0],
    .options_bytes = sizeof(demo_options),
    .examples = "gable demo --list\n"
                "gable demo --stop 1\n"
                "gable demo --quiz --stop 2\n",
    .run = run,
};
