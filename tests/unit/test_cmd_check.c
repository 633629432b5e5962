/* cli, `gable check`: reports, with names that try to leave their place in them; files that are
 * updated whole or not at all. What is compared is in test_check.c. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/options.h"
#include "recorded.h"
#include "report/check.h"
#include "rows.h"
#include "scratch.h"
#include "wrap.h"

extern const gable_command gable_command_check;

static gable_err err;
static gable_cli cli;

static void set_up(void)
{
    scratch_open();
    err = (gable_err){0};
}

static void tear_down(void)
{
    gable_text_free(&cli.out);
    gable_arena_free(&cli.arena);
    cli = (gable_cli){0};
    scratch_close();
}

static const char *report(const gable_check *checks, size_t n, gable_check_format format)
{
    gable_text out = {0};
    gable_check_report all = {checks, n};
    ck_assert_int_eq(gable_report_check(scratch_arena(), &all, format, &out, &err), GABLE_OK);
    const char *copy = gable_arena_copy(scratch_arena(), out.text, out.length_bytes);
    gable_text_free(&out);
    return copy;
}

/* ---- reports ---- */

static void add_hostile(gable_text *out, const char *text)
{
    gable_check_add_github(out, text, true);
}

START_TEST(github_escapes)
{
    gable_text out = {0};
    add_hostile(&out, "a\n::error file=x,line=1::50%\r\x1b");
    ck_assert_str_eq(out.text, "a%0A%3A%3Aerror file=x%2Cline=1%3A%3A50%25%0D?");
    gable_text_free(&out);
    out = (gable_text){0};
    gable_check_add_github(&out, "a\n::b, 50%", false);
    ck_assert_str_eq(out.text, "a%0A::b, 50%25");
    gable_text_free(&out);
}
END_TEST

START_TEST(xml_escapes)
{
    gable_text out = {0};
    gable_check_add_xml(&out, "<a href=\"x\">&'\x01\xff</a>]]>");
    ck_assert_str_eq(out.text, "&lt;a href=&quot;x&quot;&gt;&amp;&apos;??&lt;/a&gt;]]&gt;");
    gable_text_free(&out);
}
END_TEST

/* A scenario that nobody would write, in the room that strings have in C. */
static gable_check hostile(void)
{
    static gable_check_change changes[2];
    changes[0] = (gable_check_change){.name = "x\n::error::<b>|`#",
                                      .is_regime = true,
                                      .old_text = "memory",
                                      .now_text = "compute",
                                      .relative_frac = (double)INFINITY,
                                      .line = 7,
                                      .column = 3};
    changes[1] = (gable_check_change){.name = "time_s",
                                      .dim = GABLE_DIM_SECONDS,
                                      .old = 0.0,
                                      .now = 1.0,
                                      .relative_frac = (double)INFINITY};
    return (gable_check){.path = "a,b:c\nd.json",
                         .name = "n#1\n::stop-commands::x",
                         .why = "</failure>\x1b[31m",
                         .model = "m\"",
                         .system = "s",
                         .stack = "t",
                         .outcome = GABLE_CHECK_DIFFERS,
                         .n_changes = 2,
                         .changes = changes};
}

static const struct {
    gable_check_format format;
    const char *never, *holds;
} hostile_reports[] = {
    {GABLE_CHECK_FORMAT_GITHUB, "\n::stop",
     "::error file=a%2Cb%3Ac%0Ad.json,line=7,col=3,title=n#1%0A%3A%3Astop-commands%3A%3Ax::"},
    {GABLE_CHECK_FORMAT_JUNIT, "<b>", "why: &lt;/failure&gt;?[31m"},
    {GABLE_CHECK_FORMAT_TAP, "\n::", "not ok 1 - n\\#1?::stop-commands::x\n"},
    {GABLE_CHECK_FORMAT_JSON, "\n::", "\"model\": \"m\\\"\""},
    {GABLE_CHECK_FORMAT_JSON, "inf", "\"relative_frac\": null, \"reason\": \"recorded as 0\""},
    {GABLE_CHECK_FORMAT_TEXT, "\x1b", "</failure>?[31m"},
};

START_TEST(hostile_names_stay_in_their_place)
{
    gable_check c = hostile();
    const char *text = report(&c, 1, hostile_reports[_i].format);
    ck_assert_msg(strstr(text, hostile_reports[_i].never) == NULL, "%s", text);
    ck_assert_msg(strstr(text, hostile_reports[_i].holds) != NULL, "%s", text);
}
END_TEST

START_TEST(ten_annotations_worst_first)
{
    enum { N = 13 };
    gable_check checks[N];
    gable_check_change changes[N];
    char names[N][16];
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "n%d", i);
        changes[i] = (gable_check_change){.name = "flops",
                                          .old = 1.0,
                                          .now = 1.0 + i,
                                          .relative_frac = i == 5 ? -100.0 : i + 0.5};
        checks[i] = (gable_check){.path = "f",
                                  .name = names[i],
                                  .why = "",
                                  .n_changes = 1,
                                  .outcome = GABLE_CHECK_DIFFERS,
                                  .changes = &changes[i]};
    }
    const char *text = report(checks, N, GABLE_CHECK_FORMAT_GITHUB);
    ck_assert_ptr_eq(strstr(text, "::error file=f,title=n5::"), text);
    const char *at = strchr(text, '\n') + 1;
    ck_assert_ptr_eq(strstr(at, "::error file=f,title=n12::"), at);
    int n = 0;
    for (at = text; (at = strstr(at, "::error ")) != NULL; at++)
        n++;
    ck_assert_int_eq(n, GABLE_CHECK_ANNOTATIONS_CAP);
    ck_assert_ptr_nonnull(strstr(text, "3 more scenarios differ, by less\n"));
}
END_TEST

/* ---- the command ---- */

static gable_status run(int n, const char *const *words)
{
    double options[16] = {0};
    static const char *arguments[16];
    gable_text_free(&cli.out);
    gable_arena_free(&cli.arena);
    cli = (gable_cli){.hw = "hw", .workloads = "workloads", .arguments = arguments, .width = 80};
    GABLE_TRY(gable_arena_init(&cli.arena, (size_t)256 << 20, &cli.err));
    gable_status status = gable_options_read(&gable_command_check, words, n, options, arguments,
                                             &cli.n_arguments, &cli.err);
    return status == GABLE_OK ? gable_command_check.run(&cli, options) : status;
}
#define RUN(...)                                                                                   \
    run((int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                             \
        (const char *[]){__VA_ARGS__})

static const char *content(const char *path)
{
    const char *text;
    size_t n;
    ck_assert_int_eq(gable_file_read(scratch_arena(), path, 1 << 20, &text, &n, &err), GABLE_OK);
    return text;
}

/* The file that --update makes of `blank`, and one with a figure that is no longer true. */
static const char *recorded(void)
{
    const char *path = scratch_file("blank.json", blank, strlen(blank));
    ck_assert_int_eq(RUN("--update", path), GABLE_OK);
    const char *text = content(path);
    remove(path);
    return text;
}

static const char *moved(const char *text)
{
    static const char old[] = "\"flops\": {\"value\": 6";
    char *copy = gable_arena_copy(scratch_arena(), text, strlen(text));
    char *at = strstr(copy, old);
    ck_assert_ptr_nonnull(at);
    at[sizeof old - 2] = '7';
    return copy;
}

START_TEST(update_and_check_again)
{
    const char *good = recorded();
    const char *bad = moved(good);
    const char *a = scratch_file("a.json", good, strlen(good));
    const char *b = scratch_file("b.json", bad, strlen(bad));
    const char *c = scratch_file("c.json", blank, strlen(blank));
    ck_assert_int_eq(RUN(a, b, c), GABLE_DIFFERS);
    ck_assert_str_eq(content(b), bad);
    ck_assert_int_eq(RUN("--update", a, b, c), GABLE_OK);
    ck_assert_ptr_nonnull(strstr(cli.out.text, "1 as recorded, 1 updated, 1 newly recorded"));
    ck_assert_str_eq(content(a), good);
    ck_assert_str_eq(content(b), good);
    ck_assert_str_eq(content(c), good);
    ck_assert_int_eq(RUN(a, b, c), GABLE_OK);
}
END_TEST

START_TEST(update_is_whole_or_not_at_all)
{
    /* A name so long that there is no room for a temporary file beside it. */
    char longest[252];
    memset(longest, 'n', sizeof longest);
    memcpy(longest + 246, ".json", 6);
    const char *bad = moved(recorded());
    const char *a = scratch_file("a.json", bad, strlen(bad));
    const char *b = scratch_file(longest, bad, strlen(bad));
    ck_assert_int_eq(RUN("--update", a, b), GABLE_OUTPUT);
    ck_assert_str_eq(content(a), bad);
    ck_assert_str_eq(content(b), bad);
}
END_TEST

START_TEST(a_bad_file_stops_the_update)
{
    const char *good = scratch_file("a.json", blank, strlen(blank));
    const char *bad = scratch_file("b.json", "{}\n", 3);
    ck_assert_int_eq(RUN("--update", good, bad), GABLE_INPUT);
    ck_assert_str_eq(content(good), blank);
    ck_assert_int_eq(RUN(bad, bad), GABLE_INPUT);
    ck_assert_ptr_nonnull(strstr(cli.err.text, "2 of 2 files refused"));
}
END_TEST

START_TEST(no_memory_is_said)
{
    const char *text = recorded(), *bad = moved(text);
    const char *path = scratch_file("case.json", bad, strlen(bad));
    gable_status status = GABLE_INTERNAL;
    for (long n = 0; status != GABLE_DIFFERS && n < 2000; n++) {
        gable_wrap_fail_after(n);
        status = RUN("--format", "junit", path);
        gable_wrap_off();
        ck_assert_msg(status == GABLE_DIFFERS || status == GABLE_INTERNAL, "%s", cli.err.text);
        status = cli.out.failed ? GABLE_INTERNAL : status;
    }
    ck_assert_int_eq(status, GABLE_DIFFERS);
    ck_assert_str_eq(content(path), bad);
}
END_TEST

START_TEST(folders_and_nothing)
{
    const char *text = recorded();
    scratch_file("case.json", text, strlen(text));
    ck_assert_int_eq(RUN(scratch_path("")), GABLE_OK);
    ck_assert_int_eq(RUN("sim"), GABLE_INPUT); /* no *.json there: nothing checked is not a pass */
    ck_assert_int_eq(run(0, NULL), GABLE_USAGE);
    ck_assert_int_eq(RUN("--update", "-"), GABLE_USAGE);
    ck_assert_int_eq(RUN("--format", "xml", "sim"), GABLE_USAGE);
}
END_TEST

Suite *gable_suite_cmd_check(void);

Suite *gable_suite_cmd_check(void)
{
    Suite *suite = suite_create("cmd_check");
    TCase *tcase = tcase_create("cmd_check");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, github_escapes);
    tcase_add_test(tcase, xml_escapes);
    ADD_ROWS(tcase, hostile_names_stay_in_their_place, hostile_reports);
    tcase_add_test(tcase, ten_annotations_worst_first);
    tcase_add_test(tcase, update_and_check_again);
    tcase_add_test(tcase, update_is_whole_or_not_at_all);
    tcase_add_test(tcase, a_bad_file_stops_the_update);
    tcase_add_test(tcase, no_memory_is_said);
    tcase_add_test(tcase, folders_and_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
