/* base/text: strings that grow, names, near misses, and text that cannot drive a terminal. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "rows.h"
#include "wrap.h"

START_TEST(grows)
{
    gable_text text = {0};
    ck_assert_ptr_null(text.text);
    for (int i = 0; i < 1000; i++)
        gable_text_addf(&text, "%d,", i);
    gable_text_add_n(&text, "end of it", 3);
    ck_assert(!text.failed);
    ck_assert_uint_eq(text.length_bytes, 10 * 2 + 90 * 3 + 900 * 4 + 3);
    ck_assert_uint_eq(strlen(text.text), text.length_bytes);
    ck_assert_uint_gt(text.capacity_bytes, text.length_bytes);
    ck_assert_str_eq(text.text + text.length_bytes - 7, "999,end");
    gable_text_free(&text);
    ck_assert_ptr_null(text.text);
    ck_assert_uint_eq(text.length_bytes, 0);
    gable_text_free(&text); /* twice is safe */
}
END_TEST

START_TEST(empty_additions_make_a_string)
{
    gable_text text = {0};
    gable_text_add(&text, "");
    ck_assert_str_eq(text.text, "");
    gable_text_free(&text);
}
END_TEST

/* Fails each allocation in turn: what was there before stays whole, and later calls do nothing. */
START_TEST(survives_running_out_of_memory)
{
    int n_failed = 0;
    for (long allowed = 0;; allowed++) {
        gable_text text = {0};
        gable_wrap_fail_after(allowed);
        for (int i = 0; i < 300; i++)
            gable_text_addf(&text, "%s%06d\n", "line ", i);
        gable_text_add_json_string(&text, "\x01 end");
        gable_text_add_safe(&text, "end");
        gable_wrap_off();
        bool failed = text.failed;
        ck_assert_uint_eq(text.length_bytes, text.text ? strlen(text.text) : 0);
        ck_assert(text.length_bytes < text.capacity_bytes || !text.text);
        if (failed) {
            ck_assert_uint_eq(text.length_bytes % 12, 0); /* no half line */
            size_t before = text.length_bytes;
            gable_text_add(&text, "x");
            ck_assert_uint_eq(text.length_bytes, before);
        }
        gable_text_free(&text);
        if (!failed)
            break;
        n_failed++;
    }
    ck_assert_int_ge(n_failed, 4);
}
END_TEST

static const struct {
    const char *string, *json;
} json_strings[] = {
    {"", "\"\""},
    {"plain", "\"plain\""},
    {"a\"b\\c", "\"a\\\"b\\\\c\""},
    {"a/b", "\"a/b\""},
    {"\n\t\x01\x1b", "\"\\u000a\\u0009\\u0001\\u001b\""},
    {"\x7f", "\"\\u007f\""},
    {"\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\""},
};

START_TEST(writes_json_strings)
{
    gable_text text = {0};
    gable_text_add_json_string(&text, json_strings[_i].string);
    ck_assert_str_eq(text.text, json_strings[_i].json);
    gable_text_free(&text);
}
END_TEST

START_TEST(writes_json_numbers)
{
    static const struct {
        double value;
        const char *json;
    } rows[] = {{0.1, "0.1"},       {-0.0, "0"},         {1e300, "1e+300"}, {NAN, "null"},
                {INFINITY, "null"}, {-INFINITY, "null"}, {3.0, "3"}};
    for (int i = 0; i < N_ROWS(rows); i++) {
        gable_text text = {0};
        gable_text_add_json_number(&text, rows[i].value);
        ck_assert_str_eq(text.text, rows[i].json);
        gable_text_free(&text);
    }
}
END_TEST

static const struct {
    const char *in, *out;
} safe[] = {
    {"plain text, 100 %", "plain text, 100 %"},
    {"", ""},
    {"\x1b[31mred", "?[31mred"},
    {"\x1b]0;title\x07", "?]0;title?"},
    {"a\nb\rc\td", "a?b?c?d"},
    {"\x08\x7f", "??"},
    {"\xc2\x9b"
     "31m",
     "?31m"},                                   /* CSI as a C1 character */
    {"\xc2\x80\xc2\x9f\xc2\xa0", "??\xc2\xa0"}, /* ends of C1; no-break space stays */
    {"\x9b"
     "31m",
     "?31m"}, /* CSI of an 8-bit terminal */
    {"\xe2\x80\xae"
     "txt.exe",
     "?txt.exe"}, /* right-to-left override */
    {"\xe2\x80\xaa\xe2\x80\xab\xe2\x80\xac\xe2\x80\xad", "????"},
    {"\xe2\x81\xa6\xe2\x81\xa7\xe2\x81\xa8\xe2\x81\xa9", "????"},
    {"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "???"},
    {"\xe2\x80\xa8\xe2\x80\xa9", "??"}, /* line and paragraph separators */
    {"\xe2\x80\xa6 \xe2\x82\xac", "\xe2\x80\xa6 \xe2\x82\xac"},
    {"\xc3\x80\xe4\xb8\x9b", "\xc3\x80\xe4\xb8\x9b"}, /* continuation bytes in the C1 range */
    {"cut \xe2\x80", "cut ??"},
    {"\xff\xfe", "??"},
    {"\xed\xa0\x80", "???"},
};

static void check_added(void (*add)(gable_text *, const char *), const char *in, const char *out)
{
    gable_text text = {0};
    gable_text_add(&text, "<");
    add(&text, in);
    ck_assert_str_eq(text.text + 1, out);
    gable_text_free(&text);
}

START_TEST(text_is_safe_for_a_terminal)
{
    check_added(gable_text_add_safe, safe[_i].in, safe[_i].out);
    char in_place[64];
    strcpy(in_place, safe[_i].in);
    gable_text_make_safe(in_place);
    ck_assert_str_eq(in_place, safe[_i].out);
}
END_TEST

static const struct {
    const char *path, *out;
} paths[] = {
    {"configs/ci/a-b_1.json", "configs/ci/a-b_1.json"},
    {"my file.json", "'my file.json'"},
    {"it's", "'it'\\''s'"},
    {"$(date)", "'$(date)'"},
    {"", "''"},
    {"a\x1b[31m", "'a?[31m'"},
};

START_TEST(path_is_a_word_of_a_shell)
{
    check_added(gable_text_add_path, paths[_i].path, paths[_i].out);
}
END_TEST

START_TEST(errors_are_safe_whole_and_first)
{
    gable_err err = {0};
    char longest[3 * GABLE_ERR_CAP];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ck_assert_int_eq(gable_fail(&err, GABLE_INPUT, "bad \x1b %s", "\xc2\x9b"), GABLE_INPUT);
    ck_assert_str_eq(err.text, "bad ? ?");
    ck_assert_int_eq(gable_fail(&err, GABLE_OUTPUT, "later"), GABLE_INPUT); /* the first one wins */
    ck_assert_str_eq(err.text, "bad ? ?");
    ck_assert_int_eq(gable_fail(NULL, GABLE_USAGE, "x"), GABLE_USAGE);
    err = (gable_err){0};
    gable_fail(&err, GABLE_INTERNAL, "%s", longest);
    ck_assert_uint_eq(strlen(err.text), GABLE_ERR_CAP - 1);
    ck_assert_str_eq(gable_status_text(GABLE_USAGE), "usage");
    ck_assert_ptr_nonnull(gable_status_text((gable_status)99));
}
END_TEST

static const struct {
    const char *string;
    bool is_name;
} names[] = {
    {"h100-sxm", true},
    {"bitnet-b1.58-2b-4t", true},
    {"Qwen_3+x", true},
    {"a", true},
    {"1234567890123456789012345678901234567890123456789012345678901234", true},
    {"12345678901234567890123456789012345678901234567890123456789012345", false},
    {"", false},
    {".", false},
    {"..", false},
    {".hidden", false},
    {"a/b", false},
    {"../../etc/passwd", false},
    {"a b", false},
    {"a\n", false},
    {"=1+1", false},
    {"@x", false},
    {"a:b", false},
    {"'a'", false},
    {"\xc3\xa9", false},
};

START_TEST(knows_names)
{
    ck_assert_msg(gable_text_is_name(names[_i].string) == names[_i].is_name, "\"%s\"",
                  names[_i].string);
}
END_TEST

static const char *const candidates[] = {
    "h100-sxm", "h100-pcie", "h200-sxm", NULL, "a100-sxm-80gb",
    "decode",   "prefill",   "tp",       "ep", "bandwidth",
};

static const struct {
    const char *wanted, *nearest;
} nearest[] = {
    {"h100-sxn", "h100-sxm"},  /* one changed */
    {"h10-sxm", "h100-sxm"},   /* one missing */
    {"hh100-sxm", "h100-sxm"}, /* one too many */
    {"h100-smx", "h100-sxm"},  /* two swapped */
    {"deocde", "decode"},
    {"pre", "prefill"}, /* unique prefix */
    {"a100", "a100-sxm-80gb"},
    {"h100", NULL}, /* prefix of two */
    {"h100-pci", "h100-pcie"},
    {"bandwidht", "bandwidth"},
    {"bndwdth", "bandwidth"}, /* two missing */
    {"bndwth", NULL},         /* three missing */
    {"xyz", NULL},
    {"tq", NULL}, /* one of two letters is no near miss */
    {"", NULL},
    {"decode", "decode"},
    {"Decode", "decode"},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL},
};

START_TEST(suggests_the_nearest)
{
    const char *got =
        gable_text_nearest(nearest[_i].wanted, candidates, (size_t)N_ROWS(candidates));
    if (nearest[_i].nearest)
        ck_assert_pstr_eq(got, nearest[_i].nearest);
    else
        ck_assert_ptr_null(got);
}
END_TEST

START_TEST(suggests_nothing_from_nothing)
{
    ck_assert_ptr_null(gable_text_nearest("a", NULL, 0));
    const char *const none[] = {NULL, NULL};
    ck_assert_ptr_null(gable_text_nearest("a", none, 2));
}
END_TEST

static const struct {
    const char *text;
    size_t n;
} sequences[] = {
    {"a", 1},
    {"", 0},
    {"\x01", 1},
    {"\xc3\xa9", 2},
    {"\xe2\x82\xac", 3},
    {"\xf0\x9f\x98\x80", 4},
    {"\xef\xbf\xbf", 3},
    {"\xf4\x8f\xbf\xbf", 4},
    {"\xf4\x90\x80\x80", 0},
    {"\xc1\x81", 0},
    {"\xe0\x9f\xbf", 0},
    {"\xe0\xa0\x80", 3},
    {"\xed\x9f\xbf", 3},
    {"\xed\xa0\x80", 0},
    {"\x80", 0},
    {"\xc3", 0},
    {"\xc3(", 0},
    {"\xe2\x82", 0},
    {"\xf0\x9f\x98", 0},
    {"\xf8\x88\x80\x80\x80", 0},
};

START_TEST(measures_utf8)
{
    ck_assert_uint_eq(gable_text_utf8_bytes(sequences[_i].text), sequences[_i].n);
}
END_TEST

Suite *gable_suite_text(void);
Suite *gable_suite_text(void)
{
    Suite *suite = suite_create("text");
    TCase *grow = tcase_create("grow"), *names_case = tcase_create("names");
    TCase *terminal = tcase_create("terminal");
    tcase_add_test(grow, grows);
    tcase_add_test(grow, empty_additions_make_a_string);
    tcase_add_test(grow, survives_running_out_of_memory);
    ADD_ROWS(grow, writes_json_strings, json_strings);
    tcase_add_test(grow, writes_json_numbers);
    ADD_ROWS(terminal, text_is_safe_for_a_terminal, safe);
    ADD_ROWS(terminal, path_is_a_word_of_a_shell, paths);
    tcase_add_test(terminal, errors_are_safe_whole_and_first);
    ADD_ROWS(terminal, measures_utf8, sequences);
    ADD_ROWS(names_case, knows_names, names);
    ADD_ROWS(names_case, suggests_the_nearest, nearest);
    tcase_add_test(names_case, suggests_nothing_from_nothing);
    suite_add_tcase(suite, grow);
    suite_add_tcase(suite, terminal);
    suite_add_tcase(suite, names_case);
    return suite;
}
