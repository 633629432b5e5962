/* cli/options: see options.h. */
#include "cli/options.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OPTIONS_CAP = 64 };

typedef struct parsing {
    const gable_command *command;
    const char *const *words;
    int count, at;
    char *options;
    gable_err *err;
} parsing;

static gable_status refuse_range(const gable_option *option, const char *text, gable_err *err)
{
    char low[GABLE_UNITS_TEXT_CAP], high[GABLE_UNITS_TEXT_CAP];
    gable_units_print(option->min, option->dim, 6, low);
    if (option->min == 0.0 && option->max == 0.0)
        return gable_fail(err, GABLE_USAGE, "--%s: %.60s is negative", option->name, text);
    gable_units_print(option->max, option->dim, 6, high);
    return gable_fail(err, GABLE_USAGE, "--%s: %.60s is out of range, expected %s to %s",
                      option->name, text, low, high);
}

static gable_status read_number(const gable_option *option, const char *text, double *value,
                                gable_err *err)
{
    gable_dim dim = option->type == GABLE_OPTION_INT ? GABLE_DIM_COUNT : option->dim;
    gable_units_result result = gable_units_parse(text, dim, true, value);
    if (result != GABLE_UNITS_OK) {
        char why[256];
        gable_units_explain(result, text, dim, why, sizeof why);
        return gable_fail(err, GABLE_USAGE, "--%s: %s", option->name, why);
    }
    bool open = option->min == 0.0 && option->max == 0.0;
    if (*value < option->min || (!open && *value > option->max))
        return refuse_range(option, text, err);
    return GABLE_OK;
}

static gable_status read_int(const gable_option *option, const char *text, int *value,
                             gable_err *err)
{
    double number;
    GABLE_TRY(read_number(option, text, &number, err));
    if (floor(number) < number || number > INT_MAX)
        return gable_fail(err, GABLE_USAGE, "--%s: %.60s is not a whole number", option->name,
                          text);
    *value = (int)number;
    return GABLE_OK;
}

static gable_status read_choice(const gable_option *option, const char *text, int *value,
                                gable_err *err)
{
    char list[256] = "";
    size_t n = 0;
    for (; option->choices[n]; n++) {
        if (strcmp(option->choices[n], text) == 0) {
            *value = (int)n;
            return GABLE_OK;
        }
        size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", n ? ", " : "", option->choices[n]);
    }
    const char *near = gable_text_nearest(text, option->choices, n);
    return gable_fail(err, GABLE_USAGE, "--%s: \"%.60s\" is not one of %s%s%s%s", option->name,
                      text, list, near ? "; did you mean \"" : "", near ? near : "",
                      near ? "\"?" : "");
}

static gable_status read_dtype(const gable_option *option, const char *text, int *value,
                               gable_err *err)
{
    gable_dtype dtype;
    if (gable_dtype_find(text, &dtype)) {
        *value = (int)dtype;
        return GABLE_OK;
    }
    const char *near = gable_text_nearest(text, gable_dtype_names(), GABLE_N_DTYPES);
    return gable_fail(err, GABLE_USAGE, "--%s: unknown dtype \"%.60s\"%s%s%s", option->name, text,
                      near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static gable_status add_text(const gable_option *option, const char *text, gable_texts *texts,
                             gable_err *err)
{
    if (texts->n == GABLE_TEXTS_CAP)
        return gable_fail(err, GABLE_USAGE, "--%s: given more than %d times", option->name,
                          GABLE_TEXTS_CAP);
    texts->text[texts->n++] = text;
    return GABLE_OK;
}

static gable_status set_option(const gable_option *option, const char *text, char *options,
                               gable_err *err)
{
    void *member = options + option->offset;
    switch (option->type) {
    case GABLE_OPTION_FLAG:
        *(bool *)member = true;
        return GABLE_OK;
    case GABLE_OPTION_TEXT:
        *(const char **)member = text;
        return GABLE_OK;
    case GABLE_OPTION_QUANTITY:
        return read_number(option, text, member, err);
    case GABLE_OPTION_INT:
        return read_int(option, text, member, err);
    case GABLE_OPTION_CHOICE:
        return read_choice(option, text, member, err);
    case GABLE_OPTION_DTYPE:
        return read_dtype(option, text, member, err);
    case GABLE_OPTION_TEXTS:
        return add_text(option, text, member, err);
    }
    return GABLE_INTERNAL;
}

static gable_status set_defaults(const parsing *p)
{
    for (size_t i = 0; i < p->command->n_options; i++) {
        const gable_option *option = &p->command->options[i];
        if (option->type == GABLE_OPTION_DTYPE)
            *(int *)(void *)(p->options + option->offset) = -1;
        if (option->default_text)
            GABLE_TRY(set_option(option, option->default_text, p->options, p->err));
    }
    return GABLE_OK;
}

static gable_status refuse_unknown(const parsing *p, const char *word, size_t n_name)
{
    const char *names[OPTIONS_CAP];
    char given[64];
    size_t n = 0;
    snprintf(given, sizeof given, "%.*s", (int)n_name, word);
    for (size_t i = 0; i < p->command->n_options && n < OPTIONS_CAP; i++)
        names[n++] = p->command->options[i].name;
    const char *near = gable_text_nearest(given + strspn(given, "-"), names, n);
    return gable_fail(p->err, GABLE_USAGE, "%s: unknown option %s%s%s%s; see gable help %s",
                      p->command->name, given, near ? "; did you mean --" : "", near ? near : "",
                      near ? "?" : "", p->command->name);
}

static const gable_option *find_option(const gable_command *command, const char *word,
                                       size_t n_name)
{
    for (size_t i = 0; i < command->n_options; i++) {
        const gable_option *option = &command->options[i];
        bool is_long = n_name > 2 && strlen(option->name) == n_name - 2 &&
                       strncmp(word + 2, option->name, n_name - 2) == 0 && word[1] == '-';
        bool is_letter = n_name == 2 && option->letter && word[1] == option->letter;
        if (is_long || is_letter)
            return option;
    }
    return NULL;
}

static gable_status take_option(parsing *p)
{
    const char *word = p->words[p->at++];
    size_t n_name = strcspn(word, "=");
    const gable_option *option = find_option(p->command, word, n_name);
    const char *value = word[n_name] == '=' ? word + n_name + 1 : NULL;
    if (!option)
        return refuse_unknown(p, word, n_name);
    if (option->type == GABLE_OPTION_FLAG) {
        if (value)
            return gable_fail(p->err, GABLE_USAGE, "--%s takes no value", option->name);
        return set_option(option, NULL, p->options, p->err);
    }
    if (!value && p->at >= p->count)
        return gable_fail(p->err, GABLE_USAGE, "--%s needs a value: %s", option->name,
                          option->help);
    if (!value)
        value = p->words[p->at++];
    return set_option(option, value, p->options, p->err);
}

gable_status gable_options_set(const gable_command *command, const char *assignment, void *options,
                               gable_err *err)
{
    char word[200];
    if (!strchr(assignment, '='))
        return gable_fail(err, GABLE_USAGE, "\"%.80s\": expected OPTION=VALUE, such as tp=4",
                          assignment);
    int n = snprintf(word, sizeof word, "--%.*s", (int)strcspn(assignment, "="), assignment);
    const gable_option *option = find_option(command, word, (size_t)n);
    parsing p = {command, NULL, 0, 0, options, err};
    if (!option)
        return refuse_unknown(&p, word, (size_t)n);
    return set_option(option, strchr(assignment, '=') + 1, options, err);
}

gable_status gable_options_read(const gable_command *command, const char *const *words, int count,
                                void *options, const char **arguments, int *n_arguments,
                                gable_err *err)
{
    parsing p = {command, words, count, 0, options, err};
    bool open = true;
    *n_arguments = 0;
    GABLE_TRY(set_defaults(&p));
    while (p.at < count) {
        const char *word = words[p.at];
        if (open && strcmp(word, "--") == 0) {
            open = false;
            p.at++;
        } else if (open && word[0] == '-' && word[1]) {
            GABLE_TRY(take_option(&p));
        } else {
            arguments[(*n_arguments)++] = word;
            p.at++;
        }
    }
    return GABLE_OK;
}

static void help_option(gable_text *out, const gable_option *option)
{
    char left[64];
    int n = 0;
    if (option->letter)
        n = snprintf(left, sizeof left, "-%c, ", option->letter);
    snprintf(left + n, sizeof left - (size_t)n, "--%s%s%s", option->name,
             option->argument ? " " : "", option->argument ? option->argument : "");
    gable_text_addf(out, "  %-24s %s", left, option->help);
    for (size_t i = 0; option->type == GABLE_OPTION_CHOICE && option->choices[i]; i++)
        gable_text_addf(out, "%s%s", i ? "|" : ": ", option->choices[i]);
    if (option->default_text)
        gable_text_addf(out, " (default %s)", option->default_text);
    gable_text_add(out, "\n");
}

void gable_options_help(gable_text *out, const gable_command *command)
{
    gable_text_addf(out, "gable %s - %s\n\nUsage: gable %s %s%s\n", command->name, command->summary,
                    command->name, command->n_options ? "[options] " : "", command->arguments);
    if (command->n_options)
        gable_text_add(out, "\nOptions:\n");
    for (size_t i = 0; i < command->n_options; i++)
        help_option(out, &command->options[i]);
    if (command->examples)
        gable_text_addf(out, "\nExamples:\n%s", command->examples);
}
