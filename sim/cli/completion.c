/* cli/completion: see completion.h. What may follow a word; the scripts are in completion_shells.c.
 */
#include "cli/completion.h"

#include <ctype.h>
#include <string.h>

#include "engine/kinds.h"

const char *const gable_words_names[GABLE_N_WORDS + 1] = {
#define WORDS_NAME(symbol, name) [GABLE_WORDS_##symbol] = (name),
    GABLE_WORDS_LIST(WORDS_NAME)
#undef WORDS_NAME
        NULL};

/* ---- the words ---- */

/* Names of the descriptions in root/folder: files without ".json". */
static gable_status add_names(gable_cli *cli, const char *root, const char *folder, gable_text *out)
{
    static const char ending[] = ".json";
    const char *const *files;
    size_t n;
    const char *path = gable_file_join(&cli->arena, root, folder);
    if (!path)
        return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_file_list(&cli->arena, path, ending, &files, &n, &cli->err));
    for (size_t i = 0; i < n; i++) {
        gable_text_add_n(out, files[i], strlen(files[i]) - (sizeof ending - 1));
        gable_text_add(out, "\n");
    }
    return GABLE_OK;
}

/* The column "name" of a table of workloads/. */
static gable_status add_column(gable_cli *cli, const char *file, gable_text *out)
{
    gable_csv csv;
    const char *path = gable_file_join(&cli->arena, cli->workloads, file);
    if (!path)
        return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_csv_read(&cli->arena, path, &csv, &cli->err));
    for (size_t i = 0; i < csv.n_rows; i++) {
        gable_text_add_safe(out, csv.cells[i * csv.n_columns]);
        gable_text_add(out, "\n");
    }
    return GABLE_OK;
}

gable_status gable_words_write(gable_cli *cli, gable_words words, gable_text *out)
{
    switch (words) {
    case GABLE_WORDS_COMMANDS:
        for (size_t i = 0; gable_commands[i]; i++)
            gable_text_addf(out, "%s\n", gable_commands[i]->name);
        return GABLE_OK;
    case GABLE_WORDS_MODELS:
        return add_names(cli, cli->workloads, "models", out);
    case GABLE_WORDS_SYSTEMS:
        GABLE_TRY(add_names(cli, cli->hw, "systems", out));
        return add_names(cli, cli->hw, "accelerators", out);
    case GABLE_WORDS_DEVICES:
        return add_names(cli, cli->hw, "accelerators", out);
    case GABLE_WORDS_STACKS:
        return add_names(cli, cli->hw, "stacks", out);
    case GABLE_WORDS_CHECKPOINTS:
        return add_column(cli, "checkpoints.csv", out);
    case GABLE_WORDS_TABLES:
        return add_column(cli, "acceptance.csv", out);
    case GABLE_WORDS_KINDS:
        for (int i = 0; i < gable_n_table_kinds; i++)
            gable_text_addf(out, "%s\n", gable_table_kinds[i].name);
        return GABLE_OK;
    case GABLE_N_WORDS:
        break;
    }
    return GABLE_INTERNAL;
}

/* ---- what an option takes ---- */

gable_value gable_value_of_option(const gable_option *option)
{
    /* By the option's name, else by the word that stands for its value. */
    static const struct {
        const char *name, *argument;
        gable_value_kind kind;
        gable_words words;
    } rows[] = {
        {"model", NULL, GABLE_VALUE_WORDS, GABLE_WORDS_MODELS},
        {"models", NULL, GABLE_VALUE_WORDS, GABLE_WORDS_MODELS},
        {"draft", NULL, GABLE_VALUE_WORDS, GABLE_WORDS_MODELS},
        {"compressor", NULL, GABLE_VALUE_WORDS, GABLE_WORDS_MODELS},
        {"system", NULL, GABLE_VALUE_WORDS, GABLE_WORDS_SYSTEMS},
        {"systems", NULL, GABLE_VALUE_WORDS, GABLE_WORDS_SYSTEMS},
        {"checkpoint", NULL, GABLE_VALUE_WORDS, GABLE_WORDS_CHECKPOINTS},
        {"acceptance-table", NULL, GABLE_VALUE_WORDS, GABLE_WORDS_TABLES},
        {NULL, "DEVICE", GABLE_VALUE_WORDS, GABLE_WORDS_DEVICES},
        {NULL, "STACK", GABLE_VALUE_WORDS, GABLE_WORDS_STACKS},
        {NULL, "FILE", GABLE_VALUE_FILES, GABLE_N_WORDS},
        {NULL, "FOLDER", GABLE_VALUE_FOLDERS, GABLE_N_WORDS},
    };
    gable_value value = {.kind = GABLE_VALUE_NOTHING};
    if (option->type == GABLE_OPTION_CHOICE)
        return (gable_value){.kind = GABLE_VALUE_FIXED, .fixed = option->choices};
    if (option->type == GABLE_OPTION_DTYPE)
        return (gable_value){.kind = GABLE_VALUE_FIXED, .fixed = gable_dtype_names()};
    for (size_t i = 0; option->type == GABLE_OPTION_TEXT && i < sizeof rows / sizeof rows[0]; i++) {
        bool named = rows[i].name && strcmp(rows[i].name, option->name) == 0;
        bool like =
            rows[i].argument && option->argument && strcmp(rows[i].argument, option->argument) == 0;
        if (named || like)
            return (gable_value){.kind = rows[i].kind, .words = rows[i].words};
    }
    return value;
}

/* ---- what may stand first ---- */

static bool is_verb(const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!islower((unsigned char)word[i]) && word[i] != '-')
            return false;
    return n > 0 && n < GABLE_VERB_CAP;
}

int gable_verbs(const gable_command *command, char verbs[GABLE_VERBS_CAP][GABLE_VERB_CAP])
{
    int n = 0;
    for (const char *at = command->arguments; *at && n < GABLE_VERBS_CAP;) {
        at += strspn(at, " [");
        size_t length = strcspn(at, " |]");
        if (is_verb(at, length)) {
            memcpy(verbs[n], at, length);
            verbs[n++][length] = '\0';
        }
        at += strcspn(at, "|");
        at += *at == '|';
    }
    return n;
}

gable_value gable_value_of_verb(const gable_command *command, const char *verb)
{
    static const struct {
        const char *command, *verb;
        gable_words words;
    } rows[] = {
        {"hw", "show", GABLE_WORDS_SYSTEMS},  {"model", "show", GABLE_WORDS_MODELS},
        {"net", "show", GABLE_WORDS_SYSTEMS}, {"net", "compare", GABLE_WORDS_SYSTEMS},
        {"predict", "", GABLE_WORDS_KINDS},   {"validate", "", GABLE_WORDS_KINDS},
        {"calibrate", "", GABLE_WORDS_KINDS}, {"help", "", GABLE_WORDS_COMMANDS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].command, command->name) == 0 && strcmp(rows[i].verb, verb) == 0)
            return (gable_value){.kind = GABLE_VALUE_WORDS, .words = rows[i].words};
    return (gable_value){.kind = *command->arguments ? GABLE_VALUE_FILES : GABLE_VALUE_NOTHING};
}
