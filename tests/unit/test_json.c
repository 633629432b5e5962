/* base/json: every row of facts/interface.md 6.2 (what cJSON accepts and should not), the tree that
 * is read, and the messages. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "rows.h"
#include "scratch.h"

static gable_err err;
static const gable_json *root;

static gable_status parse_n(const char *text, size_t length_bytes, unsigned flags)
{
    err = (gable_err){0};
    root = NULL;
    return gable_json_parse(scratch_arena(), "t.json", text, length_bytes, flags, &root, &err);
}

static gable_status parse(const char *text)
{
    return parse_n(text, strlen(text), GABLE_JSON_STRICT);
}

static void expect_refusal(gable_status status, const char *where, const char *what)
{
    char start[64];
    snprintf(start, sizeof start, "t.json:%s: ", where);
    ck_assert_int_eq(status, GABLE_INPUT);
    ck_assert_int_eq(err.status, GABLE_INPUT);
    ck_assert_msg(strncmp(err.text, start, strlen(start)) == 0, "expected %s…, got %s", start,
                  err.text);
    ck_assert_msg(strstr(err.text, what) != NULL, "expected …%s…, got %s", what, err.text);
}

/* A row whose text holds a NUL gives its length; 0 means strlen. */
static const struct {
    const char *text, *where, *what;
    size_t length_bytes;
} refused[] = {
    /* numbers */
    {"1e999", "1:1", "range", 0},
    {"-1e999", "1:1", "range", 0},
    {"1e-400", "1:1", "too small", 0},
    {"[1, -0.0000001e-330]", "1:5", "too small", 0},
    {"1234567890123456789012345678901234567890123456789012345678901234567890", "1:1", "64", 0},
    {"01", "1:1", "leading zero", 0},
    {"-01", "1:1", "leading zero", 0},
    {"1.", "1:1", "digit", 0},
    {"1.e5", "1:1", "digit", 0},
    {"-.5", "1:1", "digit", 0},
    {".5", "1:1", "value", 0},
    {"1e", "1:1", "exponent", 0},
    {"1e+", "1:1", "exponent", 0},
    {"-", "1:1", "digit", 0},
    {"--1", "1:1", "digit", 0},
    {"+1", "1:1", "value", 0},
    {"0x10", "1:2", "after the end", 0},
    {"1_000", "1:2", "after the end", 0},
    {"1-2", "1:2", "after the end", 0},
    {"1.2.3", "1:4", "after the end", 0},
    {"1e5e5", "1:4", "after the end", 0},
    {"NaN", "1:1", "value", 0},
    {"nan", "1:1", "value", 0},
    {"Infinity", "1:1", "value", 0},
    {"-Infinity", "1:1", "digit", 0},
    {"inf", "1:1", "value", 0},
    /* words and text around the value */
    {"truex", "1:1", "value", 0},
    {"True", "1:1", "value", 0},
    {"nul", "1:1", "value", 0},
    {"", "1:1", "ends", 0},
    {" \n ", "2:2", "ends", 0},
    {"{\"a\":1} xyz", "1:9", "after the end", 0},
    {"{\"a\":1}{\"b\":2}", "1:8", "after the end", 0},
    {"1 2", "1:3", "after the end", 0},
    {"\xef\xbb\xbf{}", "1:1", "byte-order mark", 0},
    {"\v1", "1:1", "value", 0},
    {"[1,\f2]", "1:4", "value", 0},
    {"\xc2\xa0{}", "1:1", "value", 0}, /* no-break space is no blank */
    {"// a\n1", "1:1", "value", 0},
    {"/* a */ 1", "1:1", "value", 0},
    {"[1 /* a */]", "1:4", "','", 0},
    /* brackets and commas */
    {"[1,]", "1:4", "comma before", 0},
    {"[,1]", "1:2", "value", 0},
    {"[1 2]", "1:4", "','", 0},
    {"[1", "1:3", "", 0},
    {"[", "1:2", "", 0},
    {"]", "1:1", "value", 0},
    {"[1}", "1:3", "", 0},
    {"{\"a\":1]", "1:7", "", 0},
    {"{\"a\":1,}", "1:8", "comma before", 0},
    {"{,}", "1:2", "key", 0},
    {"{a:1}", "1:2", "key", 0},
    {"{'a':1}", "1:2", "key", 0},
    {"{1:1}", "1:2", "key", 0},
    {"{\"a\" 1}", "1:6", "':'", 0},
    {"{\"a\"}", "1:5", "':'", 0},
    {"{\"a\":}", "1:6", "value", 0},
    {"{\"a\":", "1:6", "ends", 0},
    {"{\"a\"", "1:5", "':'", 0},
    {"{", "1:2", "", 0},
    {"['a']", "1:2", "value", 0},
    /* keys */
    {"{\"a\":1,\"a\":2}", "1:8", "a: duplicate key", 0},
    {"{\"a\":1,\n  \"b\":2,\n  \"\\u0061\":3}", "3:3", "a: duplicate key", 0},
    {"{\"x\":[{}, {\"k\":1, \"k\":1}]}", "1:19", "x[1].k: duplicate key", 0},
    {"{\"\":1,\"\":2}", "1:7", "duplicate key", 0},
    /* strings */
    {"\"a\\u0000b\"", "1:3", "U+0000", 0},
    {"{\"a\\u0000b\":1}", "1:4", "U+0000", 0},
    {"\"a\0b\"", "1:3", "NUL", 5},
    {"{\"a\":1}\0", "1:8", "NUL", 8},
    {"{\"a\0\":1}", "1:4", "NUL", 8},
    {"\"\xff\"", "1:2", "UTF-8", 0},
    {"\"\xc0\x80\"", "1:2", "UTF-8", 0},         /* overlong NUL */
    {"\"\xe0\x80\xaf\"", "1:2", "UTF-8", 0},     /* overlong slash */
    {"\"\xed\xa0\x80\"", "1:2", "UTF-8", 0},     /* surrogate */
    {"\"\xf4\x90\x80\x80\"", "1:2", "UTF-8", 0}, /* beyond U+10FFFF */
    {"\"\xe2\x82\"", "1:2", "UTF-8", 0},         /* cut short */
    {"\"\x80\"", "1:2", "UTF-8", 0},
    {"[1]\xff", "1:4", "UTF-8", 0},
    {"\"a\x01\"", "1:3", "control", 0},
    {"\"a\nb\"", "1:3", "control", 0},
    {"\"a\tb\"", "1:3", "control", 0},
    {"\"a\x7f\"", "1:3", "control", 0},
    {"{\"a\tb\":1}", "1:4", "control", 0},
    {"\"abc", "1:1", "closing quote", 0},
    {"[\"abc", "1:2", "closing quote", 0},
    {"\"abc\\", "1:5", "escape", 0},
    {"\"abc\\\"", "1:1", "closing quote", 0},
    {"\"\\x41\"", "1:2", "escape", 0},
    {"\"\\u12\"", "1:2", "escape", 0},
    {"\"\\u12g4\"", "1:2", "escape", 0},
    {"\"\\u", "1:2", "escape", 0},
    {"\"\\ud800\"", "1:8", "surrogate", 0},
    {"\"\\ud800", "1:8", "surrogate", 0},
    {"\"\\ud800\\u", "1:8", "surrogate", 0},
    {"\"\\ud800\\ud", "1:8", "surrogate", 0},
    {"\"\\ud800\\u0041\"", "1:8", "surrogate", 0},
    {"\"\\ud800\\ud800\"", "1:8", "surrogate", 0},
    {"\"\\ud800\\udcg0\"", "1:8", "surrogate", 0},
    {"\"\\ud800\\udc0g\"", "1:8", "surrogate", 0},
    {"\"\\ud800\\\\dc00\"", "1:8", "surrogate", 0},
    {"\"\\udc00\"", "1:2", "surrogate", 0},
    {"\"\\udc00\\ud800\"", "1:2", "surrogate", 0},
    /* positions count lines and bytes */
    {"{\n  \"a\": 1,\n  \"b\": 01\n}", "3:8", "leading zero", 0},
    {"{\r\n\"a\": x}", "2:6", "value", 0},
    {"[\"\xc3\xa9\", x]", "1:8", "value", 0},
};

START_TEST(refuses)
{
    size_t length = refused[_i].length_bytes ? refused[_i].length_bytes : strlen(refused[_i].text);
    expect_refusal(parse_n(refused[_i].text, length, GABLE_JSON_STRICT), refused[_i].where,
                   refused[_i].what);
    ck_assert_ptr_null(root);
}
END_TEST

static const struct {
    const char *text;
    double number;
} numbers[] = {
    {"0", 0.0},
    {"-0", -0.0},
    {"1", 1.0},
    {"-12.50e+2", -1250.0},
    {"1E-3", 0.001},
    {"0.30000000000000004", 0.30000000000000004},
    {"9007199254740993", 9007199254740992.0}, /* nearest double */
    {"5e-324", 5e-324},
    {"0e999", 0.0},
    {"0.000e-999", 0.0},
    {"1.7976931348623157e308", 1.7976931348623157e308},
    {" \t\r\n 7 \n", 7.0},
    {"123456789012345678901234567890123456789012345678901234567890.123", 1.2345678901234568e59},
};

START_TEST(reads_numbers)
{
    ck_assert_msg(parse(numbers[_i].text) == GABLE_OK, "%s: %s", numbers[_i].text, err.text);
    ck_assert_int_eq(root->type, GABLE_JSON_NUMBER);
    ck_assert_double_eq(root->number, numbers[_i].number);
    ck_assert_int_eq(signbit(root->number) != 0, signbit(numbers[_i].number) != 0);
}
END_TEST

static const struct {
    const char *text, *string;
} strings[] = {
    {"\"\"", ""},
    {"\"abc\"", "abc"},
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
    {"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
    {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
    {"\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf"},
    {"\"\\ud7ff\\ue000\"", "\xed\x9f\xbf\xee\x80\x80"}, /* either side of the surrogates */
    {"\"\xf0\x9f\x98\x80 \xe2\x82\xac\"", "\xf0\x9f\x98\x80 \xe2\x82\xac"},
    {"\"\\u001b\"", "\x1b"}, /* good JSON; printing it is gable_text_add_safe's business */
};

START_TEST(reads_strings)
{
    ck_assert_msg(parse(strings[_i].text) == GABLE_OK, "%s: %s", strings[_i].text, err.text);
    ck_assert_int_eq(root->type, GABLE_JSON_STRING);
    ck_assert_str_eq(root->string, strings[_i].string);
}
END_TEST

START_TEST(keys_differ_by_case)
{
    ck_assert_int_eq(parse("{\"A\":1,\"a\":2}"), GABLE_OK);
    ck_assert_double_eq(gable_json_get(root, "A")->number, 1.0);
    ck_assert_double_eq(gable_json_get(root, "a")->number, 2.0);
    ck_assert_ptr_null(gable_json_get(root, "b"));
}
END_TEST

START_TEST(tree_says_where_it_stands)
{
    const char *text = "{\"a\": [true, null, {\"b\": \"x\"}],\n \"c\": false}";
    ck_assert_int_eq(parse(text), GABLE_OK);
    ck_assert_int_eq(root->type, GABLE_JSON_OBJECT);
    ck_assert_uint_eq(root->n_children, 2);
    ck_assert_ptr_null(root->parent);
    ck_assert_ptr_null(root->key);
    const gable_json *a = gable_json_get(root, "a"), *c = a->next, *object = a->child->next->next;
    ck_assert_int_eq(a->type, GABLE_JSON_ARRAY);
    ck_assert_uint_eq(a->n_children, 3);
    ck_assert_ptr_eq(a->parent, root);
    ck_assert_uint_eq(a->key_offset_bytes, 1);
    ck_assert_uint_eq(a->offset_bytes, 6);
    ck_assert_int_eq(a->child->type, GABLE_JSON_BOOL);
    ck_assert(a->child->boolean);
    ck_assert_int_eq(a->child->next->type, GABLE_JSON_NULL);
    ck_assert_uint_eq(object->index, 2);
    ck_assert_str_eq(gable_json_get(object, "b")->string, "x");
    ck_assert_str_eq(c->key, "c");
    ck_assert_uint_eq(c->index, 1);
    ck_assert(!c->boolean);
    ck_assert_ptr_null(c->next);
    ck_assert_uint_eq(c->offset_bytes, strlen("{\"a\": [true, null, {\"b\": \"x\"}],\n \"c\": "));
}
END_TEST

START_TEST(look_up_is_null_safe)
{
    ck_assert_ptr_null(gable_json_get(NULL, "a"));
    ck_assert_int_eq(parse("[1]"), GABLE_OK);
    ck_assert_ptr_null(gable_json_get(root, "a"));
}
END_TEST

START_TEST(messages_carry_the_path)
{
    ck_assert_int_eq(parse("{\"layers\": [0, {\"kind\": 3}]}"), GABLE_OK);
    const gable_json *kind = gable_json_get(root->child->child->next, "kind");
    expect_refusal(gable_json_fail(kind, &err, "expected %s", "a string"), "1:25",
                   "layers[1].kind: expected a string");
    err = (gable_err){0};
    expect_refusal(gable_json_fail_key(kind, &err, "no"), "1:17", "layers[1].kind: no");
    err = (gable_err){0};
    expect_refusal(gable_json_fail(root, &err, "no"), "1:1", "(root): no");
}
END_TEST

START_TEST(messages_are_safe_for_a_terminal)
{
    ck_assert_int_eq(parse("{\"\\u001b[31m\\u202e\": 1}"), GABLE_OK);
    gable_json_fail(root->child, &err, "no");
    ck_assert_ptr_null(strchr(err.text, '\x1b'));
    ck_assert_ptr_null(strstr(err.text, "\xe2\x80\xae"));
    ck_assert_ptr_nonnull(strstr(err.text, "?[31m?: no"));
}
END_TEST

static const char *const allowed[] = {"bandwidth", "capacity", "latency"};

static const struct {
    const char *text, *where, *what; /* where NULL: accepted */
} keys[] = {
    {"{}", NULL, NULL},
    {"{\"capacity\":1,\"latency\":2}", NULL, NULL},
    {"{\"x-mine\":1,\"_comment\":2,\"note\":3}", NULL, NULL},
    {"{\"bandwith\":1}", "1:2", "bandwith: unknown key; did you mean \"bandwidth\"?"},
    {"{\"lat\":1}", "1:2", "did you mean \"latency\"?"},
    {"{\"capacity\":1, \"Latency\":1}", "1:16", "did you mean \"latency\"?"},
    {"{\"price\":1}", "1:2", "price: unknown key"},
};

START_TEST(unknown_keys_are_refused)
{
    ck_assert_int_eq(parse(keys[_i].text), GABLE_OK);
    gable_status status = gable_json_check_keys(root, allowed, 3, &err);
    if (keys[_i].where)
        expect_refusal(status, keys[_i].where, keys[_i].what);
    else
        ck_assert_msg(status == GABLE_OK, "%s", err.text);
}
END_TEST

static char *nested(int depth)
{
    char *text = gable_arena_alloc(scratch_arena(), (size_t)depth * 2 + 1, 1);
    memset(text, '[', (size_t)depth);
    memset(text + depth, ']', (size_t)depth);
    return text;
}

START_TEST(depth_is_capped)
{
    ck_assert_int_eq(parse(nested(GABLE_JSON_DEPTH_CAP)), GABLE_OK);
    expect_refusal(parse(nested(GABLE_JSON_DEPTH_CAP + 1)), "1:33", "32");
    expect_refusal(parse(nested(1000000)), "1:33", "32");
}
END_TEST

/* 4 MiB of the same two bytes: what was quadratic in any pass would not end before the timeout. */
static void expect_large(const char *open, const char *element, const char *close)
{
    size_t cap = (size_t)4 << 20, n = strlen(element), used = strlen(open);
    char *text = gable_arena_alloc(scratch_arena(), cap + 1, 1);
    ck_assert_ptr_nonnull(text);
    memcpy(text, open, used);
    while (used + n + strlen(close) < cap) {
        memcpy(text + used, element, n);
        used += n;
    }
    memcpy(text + used - 1, close, strlen(close)); /* over the last comma */
    ck_assert_msg(parse(text) == GABLE_OK, "%s", err.text);
}

START_TEST(large_files_take_linear_time)
{
    static const char *const elements[] = {"0,", "1,", "\"\",", "[],", "{},", "-0.0e-5,"};
    expect_large("[", elements[_i], "]");
}
END_TEST

START_TEST(large_objects_are_checked_for_duplicates)
{
    gable_text text = {0};
    gable_text_add(&text, "{\"key\":0");
    for (int i = 0; i < 200000; i++)
        gable_text_addf(&text, ",\"k%d\":0", i);
    gable_text_add(&text, ",\n\"k77777\":1}");
    ck_assert(!text.failed);
    expect_refusal(parse(text.text), "2:1", "k77777: duplicate key");
    gable_text_free(&text);
}
END_TEST

START_TEST(million_digits_are_refused)
{
    size_t n = 1000000;
    char *text = gable_arena_alloc(scratch_arena(), n + 1, 1);
    memset(text, '9', n);
    expect_refusal(parse(text), "1:1", "64");
}
END_TEST

START_TEST(python_constants_become_null)
{
    const char *text = "{\"a\": NaN, \"b\": Infinity, \"c\": -Infinity, \"d\": 1}";
    ck_assert_msg(parse_n(text, strlen(text), GABLE_JSON_PYTHON) == GABLE_OK, "%s", err.text);
    ck_assert_int_eq(gable_json_get(root, "a")->type, GABLE_JSON_NULL);
    ck_assert_int_eq(gable_json_get(root, "b")->type, GABLE_JSON_NULL);
    ck_assert_int_eq(gable_json_get(root, "c")->type, GABLE_JSON_NULL);
    ck_assert_double_eq(gable_json_get(root, "d")->number, 1.0);
    ck_assert_uint_eq(gable_json_get(root, "d")->offset_bytes, strlen(text) - 2);
    expect_refusal(parse_n("Infinityx", 9, GABLE_JSON_PYTHON), "1:1", "value");
    expect_refusal(parse_n("[NaN1]", 6, GABLE_JSON_PYTHON), "1:2", "value");
}
END_TEST

/* Every arena size up to one that is enough: refused as full, never a crash and never half a tree.
 */
START_TEST(full_arena_is_an_error)
{
    const char *text = "{\"a\": [1, \"two\", {\"b\": null}], \"c\": \"three\"}";
    int n_full = 0;
    for (size_t bytes = 16;; bytes += 16) {
        gable_arena small;
        err = (gable_err){0};
        ck_assert_int_eq(gable_arena_init(&small, bytes, &err), GABLE_OK);
        gable_status status =
            gable_json_parse(&small, "t.json", text, strlen(text), 0, &root, &err);
        gable_arena_free(&small);
        if (status == GABLE_OK)
            break;
        ck_assert_int_eq(status, GABLE_INTERNAL);
        ck_assert_ptr_nonnull(strstr(err.text, "arena full"));
        n_full++;
    }
    ck_assert_int_gt(n_full, 10);
}
END_TEST

START_TEST(reads_files)
{
    const char *path = scratch_file("a.json", "{\"a\": 01}", 9);
    char start[300];
    err = (gable_err){0};
    ck_assert_int_eq(gable_json_read(scratch_arena(), path, 0, &root, &err), GABLE_INPUT);
    snprintf(start, sizeof start, "%s:1:7: ", path);
    ck_assert_msg(strncmp(err.text, start, strlen(start)) == 0, "%s", err.text);
}
END_TEST

/* ---- elements that are left out ---- */

static bool wants_a(const void *with, const char *value, size_t length_bytes)
{
    (void)with;
    return length_bytes == 1 && value[0] == 'a';
}

static gable_status read_picked(const char *text)
{
    static const gable_json_pick pick = {"list", "is", wants_a, NULL};
    const char *path = scratch_file("p.json", text, strlen(text));
    err = (gable_err){0};
    root = NULL;
    return gable_json_read_picked(scratch_arena(), path, GABLE_JSON_STRICT, &pick, &root, &err);
}

/* text, indices of the elements of "list" that are in the tree, or where it is refused */
static const struct {
    const char *text, *kept, *refused;
} picked[] = {
    {"{\"list\": [{\"is\": \"a\"}, {\"is\": \"b\"}, {\"is\": \"a\"}]}", "0 2 ", NULL},
    {"{\"list\": [{\"n\": [{\"is\": \"a\"}], \"is\": \"b\"}]}", "", NULL},
    {"{\"list\": [{\"n\": {\"is\": \"b\"}, \"is\": \"a\"}]}", "0 ", NULL},
    {"{\"list\": [{\"is\": \"\\u0062\"}, {\"is\": 1}, {}, 7, null]}", "0 1 2 3 4 ", NULL},
    {"{\"other\": [{\"is\": \"b\"}], \"list\": [{\"is\": \"b\"}, {\"no\": 1}]}", "1 ", NULL},
    {"{\"list\": [{\"is\": \"b\", \"x\": 01}]}", NULL, ":1:28: bad number"},
    {"{\"list\": [{\"is\": \"b\"}, {\"is\": \"a\",\n\"is\": \"a\"}]}", NULL,
     ":2:1: list[1].is: duplicate key"},
    {"{\"list\": [{\"is\": \"b\"}], \"x\": 1, \"x\": 2}", NULL, ":1:33: x: duplicate key"},
    {"{\"list\": [{\"is\": \"b\"}]", NULL, ":1:23: expected ',' or '}'"},
};

START_TEST(leaves_out_what_nobody_wants)
{
    char kept[64] = "";
    gable_status status = read_picked(picked[_i].text);
    if (picked[_i].refused) {
        ck_assert_int_eq(status, GABLE_INPUT);
        ck_assert_msg(strstr(err.text, picked[_i].refused), "%s", err.text);
        return;
    }
    ck_assert_msg(status == GABLE_OK, "%s", err.text);
    const gable_json *list = gable_json_get(root, "list");
    size_t n = 0;
    for (const gable_json *e = list->child; e; e = e->next, n++)
        snprintf(kept + strlen(kept), sizeof kept - strlen(kept), "%zu ", e->index);
    ck_assert_str_eq(kept, picked[_i].kept);
    ck_assert_uint_eq(list->n_children, n);
    const gable_json *other = gable_json_get(root, "other");
    ck_assert(!other || other->n_children == 1);
}
END_TEST

Suite *gable_suite_json(void);
Suite *gable_suite_json(void)
{
    Suite *suite = suite_create("json");
    TCase *gate = tcase_create("gate"), *tree = tcase_create("tree"), *size = tcase_create("size");
    ADD_ROWS(gate, refuses, refused);
    ADD_ROWS(gate, reads_numbers, numbers);
    ADD_ROWS(gate, reads_strings, strings);
    tcase_add_test(gate, python_constants_become_null);
    tcase_add_test(tree, keys_differ_by_case);
    tcase_add_test(tree, tree_says_where_it_stands);
    tcase_add_test(tree, look_up_is_null_safe);
    tcase_add_test(tree, messages_carry_the_path);
    tcase_add_test(tree, messages_are_safe_for_a_terminal);
    ADD_ROWS(tree, unknown_keys_are_refused, keys);
    tcase_add_test(tree, reads_files);
    ADD_ROWS(tree, leaves_out_what_nobody_wants, picked);
    tcase_add_test(size, depth_is_capped);
    tcase_add_loop_test(size, large_files_take_linear_time, 0, 6);
    tcase_add_test(size, large_objects_are_checked_for_duplicates);
    tcase_add_test(size, million_digits_are_refused);
    tcase_add_test(size, full_arena_is_an_error);
    tcase_set_timeout(size, 60);
    tcase_set_tags(size, "slow");
    TCase *const all[] = {gate, tree, size};
    for (int i = 0; i < 3; i++) {
        tcase_add_checked_fixture(all[i], scratch_open, scratch_close);
        suite_add_tcase(suite, all[i]);
    }
    return suite;
}
