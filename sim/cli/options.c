/* cli/options: see options.h. */
#include "cli/options.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

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
        return gable_fail(err, GABLE_USAGE, "--%s: %s%s%s", option->name, why,
                          option->hint ? "; " : "", option->hint ? option->hint : "");
    }
    bool open = option->min == 0.0 && option->max == 0.0;
    if (*value < option->min || (!open && *value > option->max))
        return refuse_range(option, text, err);
    if (dim != GABLE_DIM_COUNT)
        return GABLE_OK;
    double whole = rint(*value);
    if (fabs(*value - whole) > 1e-9 * whole) /* 8.03G is whole, whatever its last bit */
        return gable_fail(err, GABLE_USAGE, "--%s: %.60s is not a whole number", option->name,
                          text);
    *value = whole;
    return GABLE_OK;
}

static gable_status read_int(const gable_option *option, const char *text, int *value,
                             gable_err *err)
{
    double number;
    GABLE_TRY(read_number(option, text, &number, err));
    if (number > INT_MAX)
        return gable_fail(err, GABLE_USAGE, "--%s: %.60s is beyond %d", option->name, text,
                          INT_MAX);
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
    const char *near = option->hint ? NULL : gable_text_nearest(text, option->choices, n);
    const char *hint = option->hint ? option->hint : "";
    return gable_fail(err, GABLE_USAGE, "--%s: \"%.60s\" is not one of %s%s%s%s", option->name,
                      text, list,
                      near    ? "; did you mean \""
                      : *hint ? "; "
                              : "",
                      near ? near : hint, near ? "\"?" : "");
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
                      near ? "; did you mean \""
                           : ", expected such as bf16, fp8, mxfp8, nvfp4, int8",
                      near ? near : "", near ? "\"?" : "");
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

static bool has_option(const gable_command *command, const char *name, size_t n_name)
{
    for (size_t i = 0; i < command->n_options; i++)
        if (strlen(command->options[i].name) == n_name &&
            strncmp(command->options[i].name, name, n_name) == 0)
            return true;
    return false;
}

/* What others call it, then what it may be a slip of; NULL: neither. */
static const char *suggest(const gable_command *command, const char *given)
{
    static const struct {
        const char *theirs, *ours;
    } words[] = {
#define WORD(theirs, ours) {theirs, ours},
#include "cli/option_words.def"
#undef WORD
    };
    const char *names[OPTIONS_CAP];
    size_t n = 0;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i].theirs, given) == 0 &&
            has_option(command, words[i].ours, strcspn(words[i].ours, " ")))
            return words[i].ours;
    for (size_t i = 0; i < command->n_options && n < OPTIONS_CAP; i++)
        names[n++] = command->options[i].name;
    return gable_text_nearest(given, names, n);
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

static gable_status refuse_unknown(const parsing *p, const char *word, size_t n_name)
{
    char given[64];
    snprintf(given, sizeof given, "%.*s", (int)n_name, word);
    const char *near = suggest(p->command, given + strspn(given, "-"));
    if (!near && given[1] != '-' && find_option(p->command, given, 2))
        return gable_fail(p->err, GABLE_USAGE, "%s: unknown option %s; did you mean %.2s %s?",
                          p->command->name, given, given, given + 2);
    return gable_fail(p->err, GABLE_USAGE, "%s: unknown option %s%s%s%s; see gable help %s",
                      p->command->name, given, near ? "; did you mean --" : "", near ? near : "",
                      near ? "?" : "", p->command->name);
}

/* The ending of `path` in words by blanks; without regard to case, so that none slips through. */
static bool ends_in(const char *path, const char *endings)
{
    size_t length = strlen(path);
    for (const char *at = endings; at && *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (length > n && strncasecmp(path + length - n, at, n) == 0)
            return true;
        at += n;
    }
    return false;
}

/* Text under the name of a picture would be found out by who opens it. */
static gable_status check_picture(const parsing *p, const char *path)
{
    static const char pictures[] = ".png .svg .pdf .gif .jpg .jpeg .bmp .webp .tif .tiff .eps .ps";
    const char *name = p->command->name;
    if (!ends_in(path, pictures) || ends_in(path, p->command->draws))
        return GABLE_OK;
    if (p->command->draws)
        return gable_fail(p->err, GABLE_USAGE, "-o %.200s: the pictures of %s are %s", path, name,
                          p->command->draws);
    return gable_fail(p->err, GABLE_USAGE,
                      "-o %.200s: %s writes text; gable roofline and gable curve draw pictures",
                      path, name);
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
    if (!value && p->at < p->count)
        value = p->words[p->at++];
    bool is_file = option->argument && strcmp(option->argument, "FILE") == 0;
    if (!value || (is_file && !*value))
        return gable_fail(p->err, GABLE_USAGE, "--%s needs a value: %s", option->name,
                          option->help);
    if (option->letter == 'o')
        GABLE_TRY(check_picture(p, value));
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

/* As an option, or in an assignment of another (--with images=2). */
static bool is_given(const parsing *p, const char *name, size_t n_name)
{
    for (int i = 0; i < p->count; i++) {
        const char *word = p->words[i] + strspn(p->words[i], "-");
        if (strcspn(word, "=") == n_name && strncmp(word, name, n_name) == 0)
            return true;
    }
    return false;
}

/* A word of gable_option.needs or never. */
static bool holds(const parsing *p, const char *word, size_t n_word)
{
    size_t n_name = strcspn(word, "= ");
    char name[48];
    if (n_name == n_word)
        return is_given(p, word, n_word);
    int n = snprintf(name, sizeof name, "--%.*s", (int)n_name, word);
    const gable_option *option = find_option(p->command, name, (size_t)n);
    if (!option || option->type != GABLE_OPTION_CHOICE)
        return false;
    const char *choice = option->choices[*(const int *)(const void *)(p->options + option->offset)];
    return strlen(choice) == n_word - n_name - 1 &&
           strncmp(choice, word + n_name + 1, strlen(choice)) == 0;
}

/* The first word that holds; NULL: none. */
static const char *first_holding(const parsing *p, const char *words)
{
    for (const char *at = words; at && *at; at += strspn(at, " ")) {
        size_t n = strcspn(at, " ");
        if (holds(p, at, n))
            return at;
        at += n;
    }
    return NULL;
}

/* "--arrivals closed" of "arrivals=closed other". */
static void spell(const char *word, char out[64])
{
    snprintf(out, 64, "--%.*s", (int)strcspn(word, " "), word);
    char *equal = strchr(out, '=');
    if (equal)
        *equal = ' ';
}

/* What was given and has no effect; defaults are not asked. */
static gable_status check_effects(const parsing *p)
{
    char word[64], other[64];
    for (size_t i = 0; i < p->command->n_options; i++) {
        const gable_option *option = &p->command->options[i];
        if ((!option->needs && !option->never) || !is_given(p, option->name, strlen(option->name)))
            continue;
        const char *in_vain = first_holding(p, option->never);
        if (in_vain) {
            spell(in_vain, word);
            return gable_fail(p->err, GABLE_USAGE, "--%s has no effect with %s", option->name,
                              word);
        }
        if (!option->needs || first_holding(p, option->needs))
            continue;
        const char *second = strchr(option->needs, ' ');
        spell(option->needs, word);
        spell(second ? second + 1 : "", other);
        return gable_fail(p->err, GABLE_USAGE, "--%s has no effect without %s%s%s", option->name,
                          word, second ? " or " : "", second ? other : "");
    }
    return GABLE_OK;
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
    GABLE_TRY(check_effects(&p));
    if (*n_arguments && !*command->arguments)
        return gable_fail(err, GABLE_USAGE, "%s: unexpected argument \"%.80s\"; see gable help %s",
                          command->name, arguments[0], command->name);
    return GABLE_OK;
}

/* ---- help ---- */

enum { HELP_INDENT = 27, HELP_WIDTH_MOST = 110 };

/* Columns of `n` bytes of UTF-8: continuation bytes take none. */
static int columns_of(const char *text, size_t n)
{
    int columns = 0;
    for (size_t i = 0; i < n; i++)
        columns += ((unsigned char)text[i] & 0xc0) != 0x80;
    return columns;
}

/* Appends `text` from `column` on, broken after blanks and '|', later lines indented. */
static void add_wrapped(gable_text *out, const char *text, int column, int width)
{
    for (const char *at = text; *at;) {
        size_t n = strcspn(at, " |");
        n += at[n] == '|';
        int columns = columns_of(at, n);
        if (column > HELP_INDENT && column + columns > width) {
            gable_text_addf(out, "\n%*s", HELP_INDENT, "");
            column = HELP_INDENT;
        }
        gable_text_add_n(out, at, n);
        column += columns;
        at += n;
        if (*at == ' ' && column + 1 + columns_of(at + 1, strcspn(at + 1, " |")) <= width) {
            gable_text_add(out, " ");
            column++;
        } else if (*at == ' ') {
            column = width; /* the next word opens a line */
        }
        at += *at == ' ';
    }
    gable_text_add(out, "\n");
}

void gable_option_spelling(const gable_option *option, char out[GABLE_OPTION_SPELLING_CAP])
{
    char letter[8] = "";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(out, GABLE_OPTION_SPELLING_CAP, "%s--%s%s%s", letter, option->name,
             option->argument ? " " : "", option->argument ? option->argument : "");
}

/* "with --ttft or --tpot" of "ttft tpot": what the command has of them. */
static void add_words(const gable_command *command, const char *how, const char *words,
                      gable_text *notes)
{
    char word[64];
    const char *before = how;
    for (const char *at = words; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        if (!has_option(command, at, strcspn(at, "= ")))
            continue;
        spell(at, word);
        gable_text_addf(notes, "%s%s%s", before == how && notes->length_bytes ? "; " : "", before,
                        word);
        before = " or ";
    }
}

void gable_option_meaning(const gable_command *command, const gable_option *option, gable_text *out)
{
    gable_text notes = {0};
    gable_text_add(out, option->help);
    for (size_t i = 0; option->type == GABLE_OPTION_CHOICE && option->choices[i]; i++)
        gable_text_addf(out, "%s%s", i ? "|" : ": ", option->choices[i]);
    if (option->default_text)
        gable_text_addf(&notes, "default %s", option->default_text);
    if (option->letter == 'o' && command->draws)
        gable_text_addf(&notes, "pictures: %s", command->draws);
    add_words(command, "with ", option->needs, &notes);
    add_words(command, "not with ", option->never, &notes);
    if (notes.length_bytes)
        gable_text_addf(out, " (%s)", notes.text);
    out->failed = out->failed || notes.failed;
    gable_text_free(&notes);
}

static void help_option(gable_text *out, const gable_command *command, const gable_option *option,
                        int width)
{
    char left[GABLE_OPTION_SPELLING_CAP];
    gable_text meaning = {0};
    gable_option_spelling(option, left);
    gable_option_meaning(command, option, &meaning);
    int columns = 2 + columns_of(left, strlen(left)), pad = HELP_INDENT - 1 - columns;
    gable_text_addf(out, "  %s%*s", left, pad > 0 ? pad + 1 : 1, "");
    add_wrapped(out, meaning.text ? meaning.text : "",
                columns < HELP_INDENT ? HELP_INDENT : columns + 1, width);
    out->failed = out->failed || meaning.failed;
    gable_text_free(&meaning);
}

void gable_options_help(gable_text *out, const gable_command *command, int width)
{
    int wide = width < HELP_WIDTH_MOST ? width : HELP_WIDTH_MOST;
    gable_text_addf(out, "gable %s - %s\n\nUsage: gable %s%s%s%s\n", command->name,
                    command->summary, command->name, command->n_options ? " [options]" : "",
                    *command->arguments ? " " : "", command->arguments);
    if (command->n_options)
        gable_text_add(out, "\nOptions:\n");
    for (size_t i = 0; i < command->n_options; i++)
        help_option(out, command, &command->options[i], wide < 60 ? 60 : wide);
    gable_text_addf(out, "\nExamples:\n%s", command->examples);
}
