/* check: tolerance edges, regimes that flip, what is refused and where, the texts of --update. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/check.h"
#include "recorded.h"
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

/* ---- helpers ---- */

/* `text` with its first `old` replaced; it must be there. The answer lives until the test ends. */
static const char *with(const char *text, const char *old, const char *now)
{
    const char *at = strstr(text, old);
    ck_assert_msg(at != NULL, "no %s in the text", old);
    gable_text out = {0};
    gable_text_add_n(&out, text, (size_t)(at - text));
    gable_text_add(&out, now);
    gable_text_add(&out, at + strlen(old));
    const char *copy = gable_arena_copy(scratch_arena(), out.text, out.length_bytes);
    gable_text_free(&out);
    return copy;
}

static gable_status try_check(const char *text, gable_check *out)
{
    static char scratch_memory[sizeof(gable_arena)];
    gable_arena *scratch = (gable_arena *)(void *)scratch_memory;
    err = (gable_err){0};
    GABLE_TRY(gable_check_read(scratch_arena(), scratch_file("case.json", text, strlen(text)), out,
                               &err));
    ck_assert_int_eq(gable_arena_init(scratch, (size_t)64 << 20, &err), GABLE_OK);
    gable_check_source source = {"hw", "workloads", scratch_arena(), scratch, NULL};
    gable_status status = gable_check_price(&source, out, &err);
    gable_arena_free(scratch);
    return status;
}

static gable_check check(const char *text)
{
    gable_check out;
    ck_assert_msg(try_check(text, &out) == GABLE_OK, "%s", err.text);
    return out;
}

static const char *rewritten(const gable_check *c)
{
    gable_text out = {0};
    ck_assert_int_eq(gable_check_rewrite(scratch_arena(), c, &out, &err), GABLE_OK);
    const char *copy = gable_arena_copy(scratch_arena(), out.text, out.length_bytes);
    gable_text_free(&out);
    return copy;
}

static const char *recorded(const char *text)
{
    gable_check c = check(text);
    return rewritten(&c);
}

/* ---- tolerances ---- */

static const struct {
    double old, now, tolerance;
    bool within;
} edges[] = {
    {100.0, 101.0, 0.01, true}, /* the edge itself is inside */
    {100.0, 99.0, 0.01, true},        {100.0, 101.0000001, 0.01, false},
    {100.0, 98.9999999, 0.01, false}, {1.0, 1.0, 0.0, true},
    {1.0, 1.0 + 1e-15, 0.0, false},   {0.0, 0.0, 0.0, true},
    {0.0, 1e-300, 10.0, false}, /* nothing is a fraction of 0 */
    {-2.0, -2.5, 0.25, true},         {1.0, -1.0, 2.0, true},
};

START_TEST(tolerance_edges)
{
    ck_assert_int_eq(gable_check_within(edges[_i].old, edges[_i].now, edges[_i].tolerance),
                     edges[_i].within);
}
END_TEST

START_TEST(tolerance_of_the_file_decides)
{
    const char *text = recorded(blank);
    const char *moved = with(text, "\"flops\": {\"value\": 60", "\"flops\": {\"value\": 61");
    ck_assert_int_eq(check(moved).outcome, GABLE_CHECK_DIFFERS);
    const char *at = strstr(moved, "\"flops\"");
    char line[120];
    snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
    const char *wide = with(moved, line, with(line, "1e-09", "0.05"));
    ck_assert_int_eq(check(wide).outcome, GABLE_CHECK_OK);
}
END_TEST

/* ---- what moved ---- */

START_TEST(nothing_is_expected_yet)
{
    gable_check c = check(blank);
    ck_assert_int_eq(c.outcome, GABLE_CHECK_UNRECORDED);
    ck_assert_int_eq(c.n_changes, 0);
}
END_TEST

START_TEST(a_regime_that_flips_is_worst)
{
    const char *text = with(recorded(blank), "\"bound\": \"memory\"", "\"bound\": \"compute\"");
    text = with(text, "\"flops\": {\"value\": 60", "\"flops\": {\"value\": 30");
    gable_check c = check(text);
    ck_assert_int_eq(c.outcome, GABLE_CHECK_DIFFERS);
    ck_assert_int_eq(c.n_changes, 2);
    ck_assert_str_eq(c.changes[0].name, "bound");
    ck_assert_str_eq(c.changes[0].old_text, "compute");
    ck_assert_str_eq(c.changes[0].now_text, "memory");
    ck_assert_uint_eq(c.changes[0].line, 15);
    ck_assert_uint_eq(c.changes[0].column, 14);
    ck_assert_str_eq(c.changes[1].name, "flops");
    ck_assert_double_eq_tol(c.changes[1].relative_frac, 1.0, 0.05);
    ck_assert_int_eq(c.n_moves, 0);
}
END_TEST

START_TEST(regimes_of_operators_are_compared)
{
    const char *text = recorded(blank);
    gable_check c = check(with(text, "\"qkv_proj\": {\"bound\": \"memory\"",
                               "\"qkv_proj\": {\"bound\": \"network\""));
    ck_assert_int_eq(c.n_changes, 1);
    ck_assert_str_eq(c.changes[0].name, "qkv_proj");
    c = check(with(text, "\"qkv_proj\"", "\"qkv_prox\""));
    ck_assert_int_eq(c.n_changes, 2);
    ck_assert_str_eq(c.changes[0].old_text, "memory");
    ck_assert_str_eq(c.changes[0].now_text, "absent");
    ck_assert_str_eq(c.changes[1].old_text, "absent");
    ck_assert_int_eq(c.n_moves, 2); /* its time went from one name to the other */
}
END_TEST

START_TEST(worst_comes_first)
{
    const char *text = with(recorded(blank), "\"batch\": 1,", "\"batch\": 3,");
    gable_check c = check(text);
    ck_assert_int_gt(c.n_changes, 4);
    for (int i = 1; i < c.n_changes; i++)
        ck_assert(fabs(c.changes[i - 1].relative_frac) >= fabs(c.changes[i].relative_frac));
    for (int i = 1; i < c.n_moves; i++)
        ck_assert(fabs(c.moves[i - 1].now_s - c.moves[i - 1].old_s) >=
                  fabs(c.moves[i].now_s - c.moves[i].old_s));
}
END_TEST

START_TEST(data_that_changed_is_named)
{
    const char *text = recorded(blank), *at = strstr(text, "\"accelerator\": \"");
    char line[80];
    snprintf(line, sizeof line, "%.33s", at);
    text = with(text, line, "\"accelerator\": \"0123456789abcdef\"");
    ck_assert_int_eq(check(text).outcome, GABLE_CHECK_OK); /* other bytes, same figures */
    gable_check c = check(with(text, "\"fits\": true", "\"fits\": false"));
    ck_assert(c.data_moved[GABLE_CHECK_DATA_ACCELERATOR]);
    ck_assert(!c.data_moved[GABLE_CHECK_DATA_MODEL]);
}
END_TEST

static const struct {
    const char *a, *b;
    bool same;
} hashed[] = {
    {"{\"a\": 1}", "{\n\t\"a\":1 }\r\n", true},
    {"{\"a b\":1}", "{\"ab\":1}", false},
    {"{\"a\":1}", "{\"a\":2}", false},
    {"\"\\\" x\"", "\"\\\"x\"", false},
    {"", " ", true},
};

START_TEST(layout_is_not_hashed)
{
    uint64_t a = gable_check_hash(hashed[_i].a, strlen(hashed[_i].a));
    uint64_t b = gable_check_hash(hashed[_i].b, strlen(hashed[_i].b));
    ck_assert(a != 0 && b != 0);
    ck_assert_int_eq(a == b, hashed[_i].same);
}
END_TEST

/* ---- rewriting ---- */

START_TEST(a_second_run_passes)
{
    const char *text = recorded(blank);
    gable_check c = check(text);
    ck_assert_int_eq(c.outcome, GABLE_CHECK_OK);
    ck_assert_str_eq(rewritten(&c), text);
    ck_assert_ptr_nonnull(strstr(text, "\"time_s\": {\"value\": 0.0179"));
    ck_assert_ptr_null(strstr(text, scratch_path("")));
}
END_TEST

START_TEST(only_figures_are_rewritten)
{
    const char *text = recorded(blank);
    const char *mine =
        with(text, "  \"why\"",
             "  \"note\":   \"mine\",\n  \"x-more\": [1, {\"a\": \"}\\\"\"}],\n  \"why\"");
    mine = with(mine, "1e-09", "0.25");
    mine = with(mine, "\"bound\": \"memory\"", "\"note\": \"kept\", \"bound\": \"memory\"");
    const char *moved = with(mine, "\"flops\": {\"value\": 60", "\"flops\": {\"value\": 61");
    moved = with(moved, "\"fits\": true", "\"fits\": false");
    gable_check c = check(moved);
    ck_assert_str_eq(rewritten(&c), mine);
}
END_TEST

START_TEST(what_is_not_expected_is_not_added)
{
    const char *expect = "\"expect\": {\"metrics\": {\"time_s\": {\"value\": 1}}}}\n";
    gable_check c = check(with(blank, "  }\n}\n", with("  },\n  X", "X", expect)));
    ck_assert_int_eq(c.outcome, GABLE_CHECK_DIFFERS);
    ck_assert_int_eq(c.n_changes, 1);
    const char *text = rewritten(&c);
    ck_assert_ptr_null(strstr(text, "operators"));
    ck_assert_ptr_null(strstr(text, "flops"));
    ck_assert_ptr_nonnull(strstr(text, "\"recorded\""));
    ck_assert_int_eq(check(text).outcome, GABLE_CHECK_OK);
}
END_TEST

START_TEST(no_memory_no_text)
{
    gable_check c = check(recorded(blank));
    gable_text out = {0};
    gable_wrap_fail_after(3);
    gable_status status = gable_check_rewrite(scratch_arena(), &c, &out, &err);
    gable_wrap_off();
    ck_assert_int_eq(status, GABLE_INTERNAL);
    gable_text_free(&out);
}
END_TEST

/* ---- what is refused ---- */

static const struct {
    const char *old, *now, *at, *holds;
} refused[] = {
    {"gable.check/1", "gable.check/2", ":2:13: schema: ", "expected \"gable.check/1\""},
    {"\"why\"", "\"wy\"", ":4:3: wy: ", "did you mean \"why\"?"},
    {"  \"why\": \"a test\",\n", "", ":1:1: ", "missing key \"why\""},
    {"\"case\"", "\"a b\"", ":3:11: name: ", "not a name"},
    {"\"phase\"", "\"fase\"", ":9:5: scenario.fase: ", "did you mean \"phase\"?"},
    {"\"decode\"", "\"decoder\"", ":9:14: scenario.phase: ", "did you mean \"decode\"?"},
    {"\"batch\": 1", "\"batch\": 0", ":10:14: scenario.batch: ", "out of range"},
    {"\"batch\": 1", "\"batch\": 1.5", ":10:14: scenario.batch: ", "a whole number, got 1.5"},
    {"\"new_tokens\": 1", "\"new_tokens\": 2.25", ":12:19: scenario.new_tokens: ", "got 2.25"},
    {"\"batch\": 1", "\"batch\": \"many\"", ":10:14: scenario.batch: ", "expected"},
    {"\"batch\": 1", "\"batch\": 1, \"batch\": 2", ":10:17: ", "duplicate"},
    {"\"batch\": 1", "\"batch\": 01", ":10:14: ", ""},
    {"\"batch\": 1", "\"batch\": 1, \"tp\": 1.5", ":10:23: scenario.tp: ", "whole"},
    {"\"batch\": 1", "\"batch\": 1, \"weights\": \"fp88\"",
     ":10:28: scenario.weights: ", "did you mean \"fp8\"?"},
    {"\"dense-30b\"", "\"dense-3b\"", ":6:14: scenario.model: ", "did you mean \"dense-30b\"?"},
    {"\"h100-sxm\"", "\"h100-sxn\"", ":7:15: scenario.system: ", "did you mean \"h100-sxm\"?"},
    {"\"ideal\"", "\"idea\"", ":8:14: scenario.stack: ", "did you mean \"ideal\"?"},
    {"\"batch\": 1", "\"batch\": 1, \"tp\": 2", ":5:15: scenario: ", "2"},
    {"  }\n}", "  },\n  \"expect\": 1}", ":14:13: expect: ", "expected an object"},
    {"  }\n}", "  },\n  \"expect\": {\"metric\": {}}}",
     ":14:14: expect.metric: ", "did you mean \"metrics\"?"},
    {"  }\n}", "  },\n  \"expect\": {\"metrics\": {\"times\": {}}}}",
     ":14:26: expect.metrics.times: ", "did you mean \"time_s\"?"},
    {"  }\n}", "  },\n  \"expect\": {\"metrics\": {\"time_s\": 1}}}",
     ":14:36: ", "expected an object, got a number"},
    {"  }\n}", "  },\n  \"expect\": {\"metrics\": {\"time_s\": {\"tolerance\": 1}}}}",
     ":14:36: ", "missing key \"value\""},
    {"  }\n}", "  },\n  \"expect\": {\"bound\": \"memry\"}}",
     ":14:23: ", "did you mean \"memory\"?"},
    {"  }\n}", "  },\n  \"expect\": {\"fits\": 1}}", ":14:22: ", "expected true or false"},
    {"  }\n}", "  },\n  \"expect\": {\"operators\": {\"::error\": {\"bound\": \"memory\"}}}}",
     ":14:28: ", "not the name of an operator"},
    {"  }\n}", "  },\n  \"recorded\": {\"data\": {\"model\": \"12\"}}}", ":14:34: ", "hexadecimal"},
    {"  }\n}", "  },\n  \"recorded\": {\"data\": {\"modle\": \"12\"}}}",
     ":14:25: ", "did you mean \"model\"?"},
};

START_TEST(refuses)
{
    gable_check c;
    ck_assert_int_eq(try_check(with(blank, refused[_i].old, refused[_i].now), &c), GABLE_INPUT);
    const char *place = strstr(err.text, "case.json");
    ck_assert_msg(place && strncmp(place + 9, refused[_i].at, strlen(refused[_i].at)) == 0,
                  "expected %s, got %s", refused[_i].at, err.text);
    ck_assert_msg(strstr(place, refused[_i].holds) != NULL, "expected %s in %s", refused[_i].holds,
                  err.text);
}
END_TEST

Suite *gable_suite_check(void);

Suite *gable_suite_check(void)
{
    Suite *suite = suite_create("check");
    TCase *tcase = tcase_create("check");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    ADD_ROWS(tcase, tolerance_edges, edges);
    tcase_add_test(tcase, tolerance_of_the_file_decides);
    tcase_add_test(tcase, nothing_is_expected_yet);
    tcase_add_test(tcase, a_regime_that_flips_is_worst);
    tcase_add_test(tcase, regimes_of_operators_are_compared);
    tcase_add_test(tcase, worst_comes_first);
    tcase_add_test(tcase, data_that_changed_is_named);
    ADD_ROWS(tcase, layout_is_not_hashed, hashed);
    tcase_add_test(tcase, a_second_run_passes);
    tcase_add_test(tcase, only_figures_are_rewritten);
    tcase_add_test(tcase, what_is_not_expected_is_not_added);
    tcase_add_test(tcase, no_memory_no_text);
    ADD_ROWS(tcase, refuses, refused);
    suite_add_tcase(suite, tcase);
    return suite;
}
