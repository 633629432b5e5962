/* diff: values that differ in two documents, one of them exchanged; causes priced one by one. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/diff.h"
#include "rows.h"
#include "scratch.h"
#include "wrap.h"

static gable_err err;

static void set_up(void)
{
    scratch_open();
    err = (gable_err){0};
}

static void tear_down(void)
{
    scratch_close();
}

static const gable_json *parse(const char *text)
{
    const gable_json *root;
    ck_assert_msg(gable_json_parse(scratch_arena(), "t", text, strlen(text), 0, &root, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    return root;
}

/* ---- documents ---- */

/* Each row: two documents, the paths that differ, and the first with the first difference
 * exchanged. By hand. */
static const struct {
    const char *a, *b, *paths, *patched;
} documents[] = {
    {"{\"x\": 1}", "{ \"x\" : 1.0 }", "", NULL},
    {"{\"x\": 1, \"y\": 2}", "{\"x\": 3, \"y\": 2}", "x;", "{\"x\": 3, \"y\": 2}"},
    {"{\"x\": {\"y\": \"a\"}}", "{\"x\": {\"y\": \"b\"}}", "x.y;", "{\"x\": {\"y\": \"b\"}}"},
    {"{\"x\": [1, 2]}", "{\"x\": [1, 3]}", "x[1];", "{\"x\": [1, 3]}"},
    {"{\"x\": [1, 2]}", "{\"x\": [1]}", "x;", "{\"x\": [1]}"},
    {"{\"x\": null}", "{\"x\": {\"y\": [\"}\"]}}", "x;", "{\"x\": {\"y\": [\"}\"]}}"},
    {"{\"x\": true}", "{\"x\": false}", "x;", "{\"x\": false}"},
    /* a member less: the comma before it goes, or after it where it was the first */
    {"{\"x\": 1, \"y\": 2, \"z\": 3}", "{\"x\": 1, \"z\": 3}", "y;", "{\"x\": 1, \"z\": 3}"},
    {"{\"x\": 1, \"y\": 2}", "{\"y\": 2}", "x;", "{\"y\": 2}"},
    {"{\"x\": 1}", "{}", "x;", "{}"},
    /* a member more */
    {"{\"x\": 1}", "{\"x\": 1, \"y\": [2]}", "y;", "{\"y\": [2], \"x\": 1}"},
    {"{}", "{\"y\": \"q\"}", "y;", "{\"y\": \"q\"}"},
    /* notes are nobody's input */
    {"{\"x\": 1, \"note\": \"a\"}", "{\"x\": 1, \"note\": \"b\", \"x-mine\": 3, \"_c\": 4}", "",
     NULL},
    {"{\"x\": 1, \"y\": 2}", "{\"x\": 2, \"y\": 3}", "x;y;", "{\"x\": 2, \"y\": 2}"},
};

START_TEST(documents_differ_where_they_do)
{
    gable_diff_leaf leaves[8];
    char paths[200] = "", path[GABLE_JSON_PATH_CAP];
    const char *a = documents[_i].a;
    size_t n = gable_diff_leaves(parse(a), parse(documents[_i].b), leaves, 8);
    ck_assert_uint_le(n, 8);
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(paths);
        const gable_json *node = leaves[i].a ? leaves[i].a : leaves[i].b;
        snprintf(paths + used, sizeof paths - used, "%s;", gable_json_path(node, path));
    }
    ck_assert_str_eq(paths, documents[_i].paths);
    if (n == 0)
        return;
    gable_text out = {0};
    gable_diff_patch(a, strlen(a), &leaves[0], &out);
    ck_assert_str_eq(out.text, documents[_i].patched);
    gable_text_free(&out);
}
END_TEST

START_TEST(more_leaves_than_room_are_counted)
{
    gable_diff_leaf leaf[1];
    const char *a = "{\"x\": 1, \"y\": 2, \"z\": 3}", *b = "{\"x\": 2, \"y\": 3, \"z\": 4}";
    ck_assert_uint_eq(gable_diff_leaves(parse(a), parse(b), leaf, 1), 3);
}
END_TEST

/* A text in the place of a file, for one arena and no other. */
START_TEST(overlay_stands_in_for_a_file)
{
    const char *path = scratch_file("a.json", "file", 4), *text;
    gable_file_overlay overlay = {path, "text in memory", 14};
    size_t n;
    scratch_arena()->overlay = &overlay;
    ck_assert_int_eq(gable_file_read(scratch_arena(), path, 100, &text, &n, &err), GABLE_OK);
    ck_assert_str_eq(text, "text in memory");
    ck_assert_uint_eq(n, 14);
    scratch_arena()->overlay = NULL;
    ck_assert_int_eq(gable_file_read(scratch_arena(), path, 100, &text, &n, &err), GABLE_OK);
    ck_assert_str_eq(text, "file");
}
END_TEST

/* ---- causes ---- */

static const char scenario[] =
    "{\"schema\": \"gable.check/1\", \"name\": \"case\", \"why\": \"a test\", \"scenario\": {"
    "\"model\": \"dense-30b\", \"system\": \"%s\", \"stack\": \"ideal\", \"phase\": \"decode\", "
    "\"batch\": %d, \"context\": 0, \"new_tokens\": 1, \"tp\": %d}}\n";

static const char *file_of(const char *name, const char *system, int batch, int tp)
{
    char text[600];
    int n = snprintf(text, sizeof text, scenario, system, batch, tp);
    return scratch_file(name, text, (size_t)n);
}

static gable_diff diff_of(const char *a, const char *b, const char *data_before)
{
    static gable_diff diff;
    gable_arena scratch;
    ck_assert_int_eq(gable_arena_init(&scratch, (size_t)128 << 20, &err), GABLE_OK);
    gable_diff_request request = {.before = a,
                                  .after = b,
                                  .data = ".",
                                  .data_before = data_before,
                                  .keep = scratch_arena(),
                                  .scratch = &scratch};
    gable_status status = gable_diff_run(&request, &diff, &err);
    gable_arena_free(&scratch);
    ck_assert_msg(status == GABLE_OK, "%s", err.text);
    return diff;
}

static double time_of(const gable_diff_side *side)
{
    return side->figures.metric[GABLE_CHECK_TIME];
}

/* Effects and the rest are the whole change. */
static void assert_adds_up(const gable_diff *diff)
{
    double sum = diff->rest_s;
    for (int i = 0; i < diff->n_causes; i++)
        sum += diff->causes[i].effect_s;
    double all_s = time_of(&diff->after) - time_of(&diff->before);
    ck_assert_double_eq_tol(sum, all_s, 1e-12 * fabs(time_of(&diff->before)));
}

START_TEST(scenario_fields_add_up)
{
    const char *a = file_of("a.json", "hgx-h100-8", 4, 8), *b = file_of("b.json", "h200-sxm", 2, 1);
    gable_diff diff = diff_of(a, b, NULL);
    /* tp 8 of one device cannot be priced: the system waits until tp is 1, and is its own cause. */
    ck_assert_int_eq(diff.n_causes, 3);
    for (int i = 0; i < diff.n_causes; i++) {
        ck_assert_ptr_null(diff.causes[i].reason);
        ck_assert_int_eq(diff.causes[i].kind, GABLE_DIFF_SCENARIO);
    }
    ck_assert_double_eq(diff.rest_s, 0.0);
    assert_adds_up(&diff);
}
END_TEST

/* What cannot be priced at all is said, once, with all its fields. */
START_TEST(what_cannot_be_priced_says_why)
{
    const char *a = file_of("a.json", "h200-sxm", 4, 1), *b = file_of("b.json", "h100-sxm", 4, 8);
    gable_diff diff;
    gable_arena scratch;
    ck_assert_int_eq(gable_arena_init(&scratch, (size_t)128 << 20, &err), GABLE_OK);
    gable_diff_request request = {
        .before = a, .after = b, .data = ".", .keep = scratch_arena(), .scratch = &scratch};
    ck_assert_int_eq(gable_diff_run(&request, &diff, &err), GABLE_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "--tp 8 needs 8 accelerators"));
    gable_arena_free(&scratch);
}
END_TEST

/* ---- an answer of gable cost ---- */

#define ANSWER(time, bound, fits, batch, tp, operator_s)                                           \
    "{\"schema\": \"gable.cost/1\", \"time_s\": " time ", \"bound\": " bound                       \
    ", \"memory\": {\"fits\": " fits "}, \"model\": \"dense-30b\", \"system\": \"h100-sxm\", "     \
    "\"stack\": \"ideal\", \"phase\": \"decode\", \"batch\": " batch                               \
    ", \"context\": 0, \"new_tokens\": 1, \"tp\": " tp                                             \
    ", \"operators\": [{\"name\": \"gemm\", \"bound\": \"memory\", \"time_s\": " operator_s "}]}"

/* What would be compared as something else, or not at all, is refused where it stands. */
static const struct {
    const char *text, *says;
} answers[] = {
    {ANSWER("0.5", "\"memory\"", "true", "1", "1", "0.5"), NULL},
    {ANSWER("-0.5", "\"memory\"", "true", "1", "1", "0.5"), ":1:38: time_s: -0.5: expected 0 or"},
    {ANSWER("\"1 s\"", "\"memory\"", "true", "1", "1", "0.5"),
     "time_s: expected a number or null, got a string"},
    {ANSWER("null", "\"memory\"", "true", "1", "1", "0.5"), "time_s: expected a number, got null"},
    {ANSWER("0.5", "\"memry\"", "true", "1", "1", "0.5"),
     "bound: unknown \"memry\"; did you mean \"memory\"?"},
    {ANSWER("0.5", "\"warmth\"", "true", "1", "1", "0.5"),
     "bound: unknown \"warmth\", expected such as \"compute\""},
    {ANSWER("0.5", "3", "true", "1", "1", "0.5"), "bound: expected a string, got a number"},
    {ANSWER("0.5", "\"memory\"", "\"yes\"", "1", "1", "0.5"),
     "memory.fits: expected true or false, got a string"},
    {ANSWER("0.5", "\"memory\"", "true", "1.5", "1", "0.5"),
     "batch: 1.5: expected a whole number in 0 to 1073741824"},
    {ANSWER("0.5", "\"memory\"", "true", "-3", "1", "0.5"), "batch: -3: expected a whole"},
    {ANSWER("0.5", "\"memory\"", "true", "1", "1.5", "0.5"),
     "tp: 1.5: expected a whole number in 0 to 1000000"},
    {ANSWER("0.5", "\"memory\"", "true", "1", "1", "-1"),
     "operators[0].time_s: -1: expected 0 or more"},
    {"{\"schema\": \"gable.cost/1\"}", ":1:1: (root): \"model\" is missing"},
};

START_TEST(answers_are_read_strictly)
{
    const char *text = answers[_i].text;
    gable_diff_side side;
    gable_status status =
        gable_diff_read(scratch_arena(), scratch_file("a.json", text, strlen(text)), &side, &err);
    ck_assert_msg(status == (answers[_i].says ? GABLE_INPUT : GABLE_OK), "%s", err.text);
    if (answers[_i].says)
        ck_assert_msg(strstr(err.text, answers[_i].says) != NULL, "says: %s", err.text);
}
END_TEST

/* ---- the report ---- */

START_TEST(hostile_words_stay_in_their_place)
{
    gable_diff_cause cause = {.kind = GABLE_DIFF_SCENARIO,
                              .field = "model",
                              .old_text = "`x` <b>\x1b",
                              .now_text = "y\n# z",
                              .most = "gemm",
                              .effect_s = 1.0,
                              .n_operators = 1};
    gable_diff diff = {.n_causes = 1, .causes = &cause};
    gable_text out = {0};
    diff.compared.name = diff.before.check.path = diff.after.check.path = "a\n::error::";
    diff.compared.outcome = GABLE_CHECK_DIFFERS;
    diff.compared.recorded.bound = diff.before.figures.bound = diff.after.figures.bound = -1;
    for (int format = 0; format < GABLE_N_FORMATS; format++)
        ck_assert_int_eq(
            gable_report_diff(scratch_arena(), &diff, (gable_format)format, 80, &out, &err),
            GABLE_OK);
    ck_assert_ptr_null(strchr(out.text, '\x1b'));
    ck_assert_ptr_null(strstr(out.text, "\n::error"));
    ck_assert_ptr_null(strstr(out.text, "\n# z"));
    ck_assert_ptr_nonnull(strstr(out.text, "`'x' <b>?` -> `y?# z`"));
    gable_text_free(&out);
}
END_TEST

/* Whichever allocation fails, the command says so and leaks nothing. */
START_TEST(no_memory_is_said)
{
    const char *a = file_of("a.json", "hgx-h100-8", 4, 8), *b = file_of("b.json", "h200-sxm", 2, 1);
    gable_status status = GABLE_INTERNAL;
    for (long n = 0; status != GABLE_OK && n < 3000; n++) {
        gable_arena scratch = {0};
        gable_diff diff;
        gable_text out = {0};
        err = (gable_err){0};
        gable_wrap_fail_after(n);
        gable_diff_request request = {
            .before = a, .after = b, .data = ".", .keep = scratch_arena(), .scratch = &scratch};
        status = gable_arena_init(&scratch, (size_t)128 << 20, &err);
        if (status == GABLE_OK)
            status = gable_diff_run(&request, &diff, &err);
        if (status == GABLE_OK)
            status = gable_report_diff(scratch_arena(), &diff, GABLE_FORMAT_MD, 80, &out, &err);
        gable_wrap_off();
        ck_assert_msg(status == GABLE_OK || status == GABLE_INTERNAL || status == GABLE_INPUT, "%s",
                      err.text);
        gable_text_free(&out);
        gable_arena_free(&scratch);
    }
    ck_assert_int_eq(status, GABLE_OK);
}
END_TEST

Suite *gable_suite_diff(void);

Suite *gable_suite_diff(void)
{
    Suite *suite = suite_create("diff");
    TCase *tcase = tcase_create("diff");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    ADD_ROWS(tcase, documents_differ_where_they_do, documents);
    tcase_add_test(tcase, more_leaves_than_room_are_counted);
    tcase_add_test(tcase, overlay_stands_in_for_a_file);
    tcase_add_test(tcase, scenario_fields_add_up);
    tcase_add_test(tcase, what_cannot_be_priced_says_why);
    ADD_ROWS(tcase, answers_are_read_strictly, answers);
    tcase_add_test(tcase, hostile_words_stay_in_their_place);
    tcase_add_test(tcase, no_memory_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}
