/* cli, `gable demo`: every stop fits a terminal, the quiz asks for what it leaves blank and knows a
 * right answer when it sees one, and a page that cannot be made is an error. */
#define _XOPEN_SOURCE 700 /* pseudo terminals */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "rows.h"
#include "wrap.h"

extern const gable_command gable_command_demo;

static gable_cli cli;

static gable_status run(int n, const char *const *words)
{
    double options[16] = {0};
    static const char *arguments[16];
    gable_text_free(&cli.out);
    gable_arena_free(&cli.arena);
    cli = (gable_cli){.hw = "hw",
                      .workloads = "workloads",
                      .plots = "plots",
                      .arguments = arguments,
                      .width = 80};
    GABLE_TRY(gable_arena_init(&cli.arena, (size_t)256 << 20, &cli.err));
    GABLE_TRY(gable_options_read(&gable_command_demo, words, n, options, arguments,
                                 &cli.n_arguments, &cli.err));
    return gable_command_demo.run(&cli, options);
}
#define RUN(...)                                                                                   \
    run((int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                             \
        (const char *[]){__VA_ARGS__})

/* No gnuplot: pages are made from what is at hand, and quickly. */
static void set_up(void)
{
    setenv("PATH", "/nowhere", 1);
}

static void tear_down(void)
{
    gable_text_free(&cli.out);
    gable_arena_free(&cli.arena);
    cli = (gable_cli){0};
}

static const struct {
    const char *stop, *holds;
} stops[] = {
    {"1", "= 17.9 ms\n"},  {"1", "= 55.8 tokens/s\n"}, {"2", "= 295 users\n"},
    {"3", "   compute\n"}, {"4", "does not fit\n"},    {"5", "latentmoe"},
    {"6", "= 75.2 ms\n"},  {"7", "= 148 FLOP/byte\n"}, {"7", "Question: "},
};

START_TEST(stops_fit_a_terminal)
{
    ck_assert_int_eq(RUN("--stop", stops[_i].stop), GABLE_OK);
    ck_assert_ptr_nonnull(strstr(cli.out.text, stops[_i].holds));
    for (const char *line = cli.out.text; *line;) {
        size_t n = strcspn(line, "\n");
        ck_assert_msg(n <= 80, "%.*s", (int)n, line);
        ck_assert_msg(n == 0 || line[n - 1] != ' ', "blank at the end: %.*s", (int)n, line);
        line += n + (line[n] != '\0');
    }
}
END_TEST

START_TEST(quiz_asks_for_every_blank)
{
    char blank[16];
    ck_assert_int_eq(RUN("--quiz", "--stop", stops[_i].stop), GABLE_OK);
    const char *questions = strstr(cli.out.text, "\nQuestions\n");
    const char *answers = strstr(cli.out.text, "\nAnswers\n");
    ck_assert(questions && answers);
    for (int n = 1; n <= 9; n++) {
        snprintf(blank, sizeof blank, "[%d]", n);
        bool on_page = strstr(cli.out.text, blank) < questions;
        ck_assert_int_eq(on_page && strstr(cli.out.text, blank), strstr(questions, blank) != NULL);
        ck_assert_int_eq(strstr(questions, blank) != NULL, strstr(answers, blank) != NULL);
    }
}
END_TEST

START_TEST(mistakes_are_usage)
{
    ck_assert_int_eq(RUN("--stop", "8"), GABLE_USAGE);
    ck_assert_int_eq(RUN("--stop", "0"), GABLE_USAGE);
    ck_assert_int_eq(RUN("2"), GABLE_USAGE);
    ck_assert_ptr_nonnull(strstr(cli.err.text, "gable help demo"));
    ck_assert_int_eq(RUN("--list"), GABLE_OK);
}
END_TEST

START_TEST(no_memory_is_said)
{
    gable_status status = GABLE_INTERNAL;
    for (long n = 0; status != GABLE_OK && n < 4000; n += n < 40 ? 1 : 37) {
        gable_wrap_fail_after(n);
        status = RUN("--stop", "2");
        gable_wrap_off();
        ck_assert_msg(status == GABLE_OK || status == GABLE_INTERNAL, "%s", cli.err.text);
        ck_assert(status != GABLE_OK || cli.out.failed || strstr(cli.out.text, "stop 4."));
        status = cli.out.failed ? GABLE_INTERNAL : status;
    }
    ck_assert_int_eq(status, GABLE_OK);
}
END_TEST

/* ---- somebody at the keyboard ---- */

static const struct {
    const char *typed, *total;
} sessions[] = {
    {"17.9\n0.0607\n55.8\n0.338\n", "4 of 4 right\n"},
    {"18 ms\n61us\n 56 tokens/s\n0.34 %\n", "4 of 4 right\n"}, /* rounded, units of one's own */
    {"0.0179 s\n6e-2\n53\n0.3\n", "2 of 4 right\n"},           /* 53 is 5.03 % off */
    {"a lot\n\n-55.8\n1e999\n", "0 of 4 right\n"},
    {"17.9\n\x04", "1 of 1 right\n"}, /* the end of input ends the quiz */
};

/* A terminal as standard input, with `typed` in it; returns the other end. */
static int type_in(const char *typed)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    ck_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    ck_assert(slave >= 0);
    ck_assert_int_eq(dup2(slave, STDIN_FILENO), STDIN_FILENO);
    close(slave);
    ck_assert_int_eq(write(master, typed, strlen(typed)), (ssize_t)strlen(typed));
    return master;
}

START_TEST(answers_are_judged)
{
    /* The page goes to standard output at once: it is not part of the runner's. */
    int kept[2] = {dup(STDOUT_FILENO), dup(STDERR_FILENO)};
    int nothing = open("/dev/null", O_WRONLY);
    fflush(NULL);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    int master = type_in(sessions[_i].typed);
    gable_status status = RUN("--quiz", "--stop", "1");
    fflush(NULL);
    dup2(kept[0], STDOUT_FILENO);
    dup2(kept[1], STDERR_FILENO);
    close(master);
    close(nothing);
    ck_assert_int_eq(status, GABLE_OK);
    ck_assert_str_eq(cli.out.text, sessions[_i].total);
}
END_TEST

Suite *gable_suite_cmd_demo(void);

Suite *gable_suite_cmd_demo(void)
{
    Suite *suite = suite_create("cmd_demo");
    TCase *tcase = tcase_create("cmd_demo");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    ADD_ROWS(tcase, stops_fit_a_terminal, stops);
    ADD_ROWS(tcase, quiz_asks_for_every_blank, stops);
    tcase_add_test(tcase, mistakes_are_usage);
    tcase_add_test(tcase, no_memory_is_said);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("keyboard"); /* takes standard input: a process of its own */
    tcase_set_tags(tcase, "fork");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    ADD_ROWS(tcase, answers_are_judged, sessions);
    suite_add_tcase(suite, tcase);
    return suite;
}
