/* Runs the suites of one suites.def and prints TAP. Filters and modes are Check's own environment
 * (CK_FORK=no, CK_RUN_SUITE, CK_RUN_CASE, CK_EXCLUDE_TAGS); tests tagged "fork" end their process
 * or are killed, and are left out when there is no fork. */
#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUITE(name) Suite *gable_suite_##name(void);
#include GABLE_SUITES
#undef SUITE

typedef Suite *suite_function(void);

static suite_function *const suites[] = {
#define SUITE(name) gable_suite_##name,
#include GABLE_SUITES
#undef SUITE
};

static pid_t runner;
static int finished;

/* Without fork a test that calls exit(0) would end the run with status 0 and no closing line. */
static void refuse_early_exit(void)
{
    if (getpid() == runner && !finished) {
        fprintf(stderr, "runner: a test ended the whole run\n");
        _exit(70);
    }
}

/* "2/4" */
static size_t share_of_all(size_t *first)
{
    const char *text = getenv("GABLE_SHARE");
    size_t n = 1;
    *first = 1;
    if (text && (sscanf(text, "%4zu/%4zu", first, &n) != 2 || *first < 1 || *first > n)) {
        fprintf(stderr, "runner: GABLE_SHARE=%s: expected I/N\n", text);
        _exit(70);
    }
    --*first;
    return n;
}

int main(void)
{
    runner = getpid();
    if (atexit(refuse_early_exit) != 0)
        return 70;
    SRunner *all = srunner_create(NULL);
    size_t first, step = share_of_all(&first);
    for (size_t i = first; i < sizeof suites / sizeof suites[0]; i += step)
        srunner_add_suite(all, suites[i]());
    if (!getenv("CK_TAP_LOG_FILE_NAME"))
        srunner_set_tap(all, "-");
    bool no_fork = srunner_fork_status(all) == CK_NOFORK && !getenv("CK_EXCLUDE_TAGS");
    srunner_run_tagged(all, NULL, NULL, NULL, no_fork ? "fork" : NULL, CK_SILENT);
    int n_run = srunner_ntests_run(all), n_failed = srunner_ntests_failed(all);
    srunner_free(all);
    finished = 1;
    bool some = n_run > 0 || step > 1 || getenv("CK_INCLUDE_TAGS"); /* tests/run counts them */
    return some && n_failed == 0 ? 0 : 1;
}
