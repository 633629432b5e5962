/* cli/options: what an unknown option is answered with. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "rows.h"

static const char *message_of(const gable_command *command, const char *word, const char *value)
{
    static gable_err err;
    static double options[200];
    const char *arguments[8], *words[] = {word, value};
    int n_arguments;
    ck_assert_uint_le(command->options_bytes, sizeof options);
    err = (gable_err){0};
    memset(options, 0, sizeof options);
    gable_options_read(command, words, value ? 2 : 1, options, arguments, &n_arguments, &err);
    return err.text;
}

static const gable_command *command_of(const char *name)
{
    for (int i = 0; gable_commands[i]; i++)
        if (strcmp(gable_commands[i]->name, name) == 0)
            return gable_commands[i];
    ck_abort_msg("no command %s", name);
    return NULL;
}

static const struct {
    const char *command, *word, *suggestion; /* "": none */
} unknown[] = {
    {"cost", "--batch-size", "did you mean --batch?"},
    {"cost", "--kv-cache-dtype=fp8", "did you mean --kv?"},
    {"cost", "--tensor-parallel-size", "did you mean --tp?"},
    {"cost", "--json", "did you mean --format json?"},
    {"roofline", "--png", "did you mean --output FILE.png?"},
    /* Each command is pointed to what it has. */
    {"plan", "--num-gpus", "did you mean --gpus?"},
    {"cost", "--num-gpus", "did you mean --tp?"},
    {"serve", "--input-len", "did you mean --isl?"},
    {"cost", "--input-len", "did you mean --new-tokens?"},
    {"serve", "--batch-size", "did you mean --concurrency?"},
    {"serve", "--context", "did you mean --isl?"}, /* not --context-exchange */
    {"plan", "--attain", "did you mean --ttft 2s@p90?"},
    {"plan", "--tp", "did you mean --gpus?"}, /* not --top */
    {"cost", "-oFILE", "did you mean -o FILE?"},
    {"cost", "--qps", ""}, /* one step has no rate */
    /* A slip of the pen. */
    {"cost", "--contxt", "did you mean --context?"},
    {"cost", "--nothing-like-it", ""},
};

START_TEST(unknown_option)
{
    const char *message = message_of(command_of(unknown[_i].command), unknown[_i].word, NULL);
    ck_assert_msg(strstr(message, "unknown option"), "%s", message);
    if (*unknown[_i].suggestion)
        ck_assert_msg(strstr(message, unknown[_i].suggestion), "%s", message);
    else
        ck_assert_msg(!strstr(message, "did you mean"), "%s", message);
}
END_TEST

static const struct {
    const char *theirs, *ours;
} words[] = {
#define WORD(theirs, ours) {theirs, ours},
#include "cli/option_words.def"
#undef WORD
};

/* What is suggested is taken: no row outlives its option, or a choice of it. */
START_TEST(suggested_is_taken)
{
    char ours[40], theirs[60], suggestion[80];
    int n_suggesting = 0;
    snprintf(ours, sizeof ours, "--%s", words[_i].ours);
    snprintf(theirs, sizeof theirs, "--%s", words[_i].theirs);
    snprintf(suggestion, sizeof suggestion, "did you mean %s?", ours);
    char *value = strchr(ours, ' ');
    if (value)
        *value++ = '\0';
    for (int i = 0; gable_commands[i]; i++) {
        if (!strstr(message_of(gable_commands[i], theirs, NULL), suggestion))
            continue;
        const char *message = message_of(gable_commands[i], ours, value);
        bool taken = *message == '\0' || (!value && strstr(message, "needs a value"));
        n_suggesting += taken;
        ck_assert_msg(!strstr(message, "unknown option"), "%s", message);
    }
    ck_assert_msg(n_suggesting > 0, "no command suggests %s for %s and takes it", ours, theirs);
}
END_TEST

static const struct {
    const char *command, *word, *value, *message; /* "": taken */
} needing[] = {
    {"cost", "--image-size", "100x100", "--image-size has no effect without --images"},
    {"cost", "--image-size=100x100", "--images=2", ""},
    {"cost", "--images", "2", ""}, /* the default size is not asked */
    {"serve", "--attain", "0.8", "--attain has no effect without --ttft or --tpot"},
    {"serve", "--attain=0.8", "--ttft=1s", ""},
    {"serve", "--attain=0.8", "--tpot=1s", ""},
    {"serve", "--concurrency", "8", ""}, /* a choice holds by default */
    {"serve", "--concurrency=8", "--arrivals=poisson",
     "--concurrency has no effect without --arrivals closed"},
    {"serve", "--waves=8", "--trace=x.csv", "--waves has no effect with --trace"},
    {"serve", "--burstiness=1", "--arrivals=poisson",
     "--burstiness has no effect without --arrivals bursty"},
    {"serve", "--burstiness=1", "--arrivals=bursty", ""},
    {"serve", "--isl=100", "--trace=x.csv", "--isl has no effect with --trace"},
    {"plan", "--isl", "100", ""},
    {"cost", "-o", "x.PNG",
     "-o x.PNG: cost writes text; gable roofline and gable curve draw pictures"},
    {"cost", "--output=x.json", NULL, ""},
    {"plan", "--output=x.gif", NULL, "-o x.gif: the pictures of plan are .svg .png .pdf"},
    {"plan", "-o", "x.png", ""},
    {"hw", "--kind", "gpu",
     "--kind: \"gpu\" is not one of all, accelerator, cpu, link, system; GPUs, TPUs and NPUs are "
     "accelerators"},
};

START_TEST(needed_option)
{
    ck_assert_str_eq(
        message_of(command_of(needing[_i].command), needing[_i].word, needing[_i].value),
        needing[_i].message);
}
END_TEST

/* Of a row's words each is an option, and its value a choice of it; shared rows may name options
 * that a command does not have in `never`. */
static void check_words(const gable_command *command, const char *named_words, bool must)
{
    for (const char *at = named_words; at && *at; at += strcspn(at, " "), at += strspn(at, " ")) {
        size_t n_name = strcspn(at, "= "), n_word = strcspn(at, " ");
        const gable_option *named = NULL;
        bool chosen = n_name == n_word;
        for (size_t i = 0; i < command->n_options; i++)
            if (strlen(command->options[i].name) == n_name &&
                strncmp(command->options[i].name, at, n_name) == 0)
                named = &command->options[i];
        for (int i = 0; named && !chosen && named->choices && named->choices[i]; i++)
            chosen = strlen(named->choices[i]) == n_word - n_name - 1 &&
                     strncmp(named->choices[i], at + n_name + 1, n_word - n_name - 1) == 0;
        ck_assert_msg(named ? chosen : !must, "%s: %s", command->name, at);
    }
}

START_TEST(needed_words_are_options)
{
    for (int i = 0; gable_commands[i]; i++)
        for (size_t j = 0; j < gable_commands[i]->n_options; j++) {
            check_words(gable_commands[i], gable_commands[i]->options[j].needs, true);
            check_words(gable_commands[i], gable_commands[i]->options[j].never, false);
        }
}
END_TEST

START_TEST(words_are_in_order)
{
    for (int i = 0; i + 1 < N_ROWS(words); i++)
        ck_assert_msg(strcmp(words[i].theirs, words[i + 1].theirs) <= 0, "%s stands before %s",
                      words[i].theirs, words[i + 1].theirs);
}
END_TEST

Suite *gable_suite_options(void);
Suite *gable_suite_options(void)
{
    Suite *suite = suite_create("options");
    TCase *rows = tcase_create("unknown");
    ADD_ROWS(rows, unknown_option, unknown);
    ADD_ROWS(rows, suggested_is_taken, words);
    ADD_ROWS(rows, needed_option, needing);
    tcase_add_test(rows, needed_words_are_options);
    tcase_add_test(rows, words_are_in_order);
    suite_add_tcase(suite, rows);
    return suite;
}
