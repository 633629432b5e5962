/* base/fields: one table that reads, refuses, prints and describes. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fields.h"
#include "rows.h"
#include "scratch.h"

typedef struct chip {
    const char *name, *title;
    int kind, n_cores;
    double bandwidth_bytes_per_s, share, peak_flops_per_s, rate;
    bool shipping;
} chip;

static const char *const kinds[] = {"gpu", "cpu", NULL};
static const char *const extras[] = {"layers", "hbm.stacks"};

#define FIELD(block, key, type, dim, member, min, max, flags, choices, help)                       \
    {                                                                                              \
        block, key, type, dim, offsetof(chip, member), min, max, flags, choices, help              \
    }

static const gable_field fields[] = {
    FIELD("", "name", GABLE_FIELD_NAME, GABLE_DIM_NONE, name, 0, 0, GABLE_FIELD_REQUIRED, NULL,
          "what it is called"),
    FIELD("", "title", GABLE_FIELD_TEXT, GABLE_DIM_NONE, title, 0, 0, 0, NULL, "for people"),
    FIELD("", "kind", GABLE_FIELD_CHOICE, GABLE_DIM_NONE, kind, 0, 0, 0, kinds, "what it is"),
    FIELD("", "shipping", GABLE_FIELD_BOOL, GABLE_DIM_NONE, shipping, 0, 0, 0, NULL, "sold today"),
    FIELD("hbm", "bandwidth", GABLE_FIELD_NUMBER, GABLE_DIM_BYTES_PER_S, bandwidth_bytes_per_s, 1e6,
          1e15, GABLE_FIELD_REQUIRED, NULL, "of the memory, B/s"),
    FIELD("hbm", "share", GABLE_FIELD_NUMBER, GABLE_DIM_NONE, share, 0, 1, 0, NULL, "usable part"),
    FIELD("compute", "cores", GABLE_FIELD_INT, GABLE_DIM_COUNT, n_cores, 0, 0, 0, NULL, "cores"),
    FIELD("compute.matrix", "peak", GABLE_FIELD_NUMBER, GABLE_DIM_FLOPS_PER_S, peak_flops_per_s, 0,
          0, 0, NULL, "dense peak, FLOP/s"),
    FIELD("deep.down", "rate", GABLE_FIELD_NUMBER, GABLE_DIM_NONE, rate, 0, 0, 0, NULL, "a rate"),
};

static const gable_schema schema = {"gable.chip/1", "A chip", fields, 9, extras, 2, true};

static gable_err err;
static chip got;
static const char *sources[9];

/* Quotes are easier to read as ' here. */
static const gable_json *parse(const char *text)
{
    char *json = gable_arena_copy(scratch_arena(), text, strlen(text));
    const gable_json *root = NULL;
    for (char *at = json; *at; at++)
        if (*at == '\'')
            *at = '"';
    err = (gable_err){0};
    gable_status status =
        gable_json_parse(scratch_arena(), "c.json", json, strlen(json), 0, &root, &err);
    ck_assert_msg(status == GABLE_OK, "%s", err.text);
    return root;
}

static gable_status read_chip(const char *text)
{
    const gable_json *root = parse(text);
    got = (chip){0};
    memset(sources, 0, sizeof sources);
    return gable_fields_read(scratch_arena(), root, &schema, &got, sources, &err);
}

#define HEAD "{'schema':'gable.chip/1','name':'x1','sources':{'S1':'a','S2':'b'},"

START_TEST(reads_every_type)
{
    gable_status status = read_chip(
        HEAD "'title':'X one','kind':'cpu','shipping':true,'source':'S1','layers':[1],"
             "'hbm':{'bandwidth':'3.35 TB/s','share':0.5,'stacks':4},"
             "'compute':{'source':'S2','cores':132,'matrix':{'peak_flops_per_s':989.4e12}}}");
    ck_assert_msg(status == GABLE_OK, "%s", err.text);
    ck_assert_str_eq(got.name, "x1");
    ck_assert_str_eq(got.title, "X one");
    ck_assert_int_eq(got.kind, 1);
    ck_assert(got.shipping);
    ck_assert_double_eq(got.bandwidth_bytes_per_s, 3.35e12);
    ck_assert_double_eq(got.share, 0.5);
    ck_assert_int_eq(got.n_cores, 132);
    ck_assert_double_eq(got.peak_flops_per_s, 989.4e12);
    ck_assert_str_eq(sources[4], "S1"); /* of the root */
    ck_assert_str_eq(sources[6], "S2"); /* of its block */
    ck_assert_ptr_null(sources[0]);     /* no number, no source */
}
END_TEST

START_TEST(a_number_may_bring_its_own_source)
{
    gable_status status = read_chip(
        HEAD "'source':'S1','hbm':{'bandwidth':{'value':'2 TB/s','source':'S2','note':'n'},"
             "'share':{'value':0.9}}}");
    ck_assert_msg(status == GABLE_OK, "%s", err.text);
    ck_assert_double_eq(got.bandwidth_bytes_per_s, 2e12);
    ck_assert_str_eq(sources[4], "S2");
    ck_assert_str_eq(sources[5], "S1");
}
END_TEST

START_TEST(null_is_not_published)
{
    gable_status status = read_chip(HEAD "'title':null,'source':'S1','compute':null,"
                                         "'hbm':{'bandwidth':'2 TB/s','share':null}}");
    ck_assert_msg(status == GABLE_OK, "%s", err.text);
    ck_assert_ptr_null(got.title);
    ck_assert_double_eq(got.share, 0.0);
    ck_assert_ptr_null(sources[5]);
}
END_TEST

#define HBM "'hbm':{'bandwidth':'2 TB/s'}"
#define GOOD HEAD "'source':'S1'," HBM

static const struct {
    const char *text, *says;
} bad[] = {
    {"[]", "c.json:1:1: (root): expected an object, got an array"},
    {"{'name':'x'}", "missing key \"schema\", expected \"gable.chip/1\""},
    {"{'schema':'gable.chip/2'}", "c.json:1:11: schema: expected \"gable.chip/1\""},
    {"{'schema':1}", "schema: expected \"gable.chip/1\""},
    {"{'schema':'gable.chip/1','source':'S1','sources':{'S1':1}," HBM "}", "missing key \"name\""},
    {HEAD "'source':'S1'}", "missing block \"hbm\" with \"bandwidth\""},
    {HEAD "'source':'S1','hbm':{}}", "hbm: missing key \"bandwidth\": of the memory, B/s"},
    {HEAD "'source':'S1','hbm':{'bandwidth':null}}", "hbm.bandwidth: null, expected a value"},
    {HEAD "'source':'S1','hbm':[]}", "hbm: expected an object, got an array"},
    {GOOD ",'titel':'x'}", "titel: unknown key; did you mean \"title\"?"},
    {HEAD "'source':'S1','hbm':{'bandwith':1}}",
     "hbm.bandwith: unknown key; did you mean \"bandwidth\"?"},
    {GOOD ",'stacks':1}", "stacks: unknown key"}, /* it belongs into hbm */
    {GOOD ",'compute':{'matrix':{'peek':1}}}", "compute.matrix.peek: unknown key"},
    {GOOD ",'compute':{'junk':1,'matrix':{}}}", "compute.junk: unknown key"},
    {GOOD ",'deep':{'junk':1,'down':{}}}", "deep.junk: unknown key"},
    {GOOD ",'deep':{'down':{'rates':1}}}", "deep.down.rates: unknown key"},
    {HEAD "'source':'S1','hbm':{'bandwidth':'2 TB/s','bandwidth_bytes_per_s':2e12}}",
     "hbm.bandwidth_bytes_per_s: given twice, also as \"bandwidth\""},
    {HEAD "'source':'S1','hbm':{'bandwidth':2e12}}", "hbm.bandwidth: a number without unit"},
    {HEAD "'source':'S1','hbm':{'bandwidth_bytes_per_s':'2 TB/s'}}",
     "expected a number, got a string"},
    {HEAD "'source':'S1','hbm':{'bandwidth':'2 TB'}}", "hbm.bandwidth: \"2 TB\" is in B"},
    {HEAD "'source':'S1','hbm':{'bandwidth':'fast'}}", "hbm.bandwidth: expected a quantity"},
    {HEAD "'source':'S1','hbm':{'bandwidth':true}}", "expected a quantity with its unit, got true"},
    {HEAD "'source':'S1','hbm':{'bandwidth':'1 B/s'}}", "out of range, expected 1 MB/s to 1 PB/s"},
    {HEAD "'source':'S1','hbm':{'bandwidth':'2 PB/s'}}", "out of range, expected 1 MB/s to 1 PB/s"},
    {HEAD "'source':'S1','hbm':{'bandwidth':'2 TB/s','share':1.01}}", "hbm.share: out of range"},
    {HEAD "'source':'S1','hbm':{'bandwidth':'2 TB/s','share':-0.01}}", "hbm.share: out of range"},
    {GOOD ",'compute':{'cores':1.5}}", "compute.cores: expected a whole number"},
    {GOOD ",'compute':{'cores':3e9}}", "compute.cores: expected a whole number"},
    {GOOD ",'compute':{'cores':-1}}", "compute.cores: out of range, expected at least 0"},
    {GOOD ",'compute':{'cores':[1]}}", "compute.cores: expected a number, got an array"},
    {GOOD ",'shipping':1}", "shipping: expected true or false, got a number"},
    {GOOD ",'title':7}", "title: expected a string, got a number"},
    {GOOD ",'kind':'npu'}", "kind: \"npu\" is not one of gpu, cpu"},
    {GOOD ",'kind':'gpuu'}", "did you mean \"gpu\"?"},
    {GOOD ",'kind':0}", "kind: expected a string, got a number"},
    {"{'schema':'gable.chip/1','name':'../x','source':'S1','sources':{'S1':1}," HBM "}",
     "name: not a name"},
    {HEAD HBM "}", "hbm.bandwidth: number without source"},
    {HEAD "'source':'S3'," HBM "}", "source: source \"S3\" is not in \"sources\""},
    {HEAD "'hbm':{'source':'zzz','bandwidth':'2 TB/s'}}", "hbm.source: source \"zzz\" is not in"},
    {HEAD "'hbm':{'source':7,'bandwidth':'2 TB/s'}}", "hbm.source: expected the id of a source"},
    {HEAD "'source':'S1','hbm':{'bandwidth':{'source':'S1'}}}",
     "hbm.bandwidth: expected a \"value\""},
    {HEAD "'source':'S1','hbm':{'bandwidth':{'value':'2 TB/s','unit':'x'}}}", "unit: unknown key"},
    {"{'schema':'gable.chip/1','name':'x','sources':[]}", "sources: expected an object"},
};

START_TEST(refuses)
{
    ck_assert_msg(read_chip(bad[_i].text) == GABLE_INPUT, "read: %s", bad[_i].text);
    ck_assert_msg(strncmp(err.text, "c.json:1:", 9) == 0, "%s", err.text);
    ck_assert_msg(strstr(err.text, bad[_i].says) != NULL, "\"%s\" does not say \"%s\"", err.text,
                  bad[_i].says);
}
END_TEST

typedef struct port {
    int lanes;
    double rate_bytes_per_s;
} port;

static const gable_field port_fields[] = {
    {"", "lanes", GABLE_FIELD_INT, GABLE_DIM_COUNT, offsetof(port, lanes), 1, 64, 0, NULL, "lanes"},
    {"", "rate", GABLE_FIELD_NUMBER, GABLE_DIM_BYTES_PER_S, offsetof(port, rate_bytes_per_s), 0, 0,
     GABLE_FIELD_REQUIRED, NULL, "rate"},
};
static const gable_schema port_schema = {NULL, "A port", port_fields, 2, NULL, 0, false};

START_TEST(reads_elements_of_arrays)
{
    port p = {0};
    const gable_json *root =
        parse("[{'lanes':16,'rate':'400 Gb/s'},{'lanes':65,'rate':'1 B/s'},3]");
    const gable_json *first = root->child;
    ck_assert_int_eq(gable_fields_read_object(scratch_arena(), first, &port_schema, &p, &err),
                     GABLE_OK);
    ck_assert_int_eq(p.lanes, 16);
    ck_assert_double_eq(p.rate_bytes_per_s, 50e9);
    gable_fields_read_object(scratch_arena(), first->next, &port_schema, &p, &err);
    ck_assert_ptr_nonnull(strstr(err.text, "[1].lanes: out of range, expected 1 to 64"));
    err = (gable_err){0};
    gable_fields_read_object(scratch_arena(), first->next->next, &port_schema, &p, &err);
    ck_assert_ptr_nonnull(strstr(err.text, "[2]: expected an object, got a number"));
}
END_TEST

START_TEST(prints_what_is_set)
{
    gable_text text = {0};
    ck_assert_int_eq(read_chip(GOOD ",'compute':{'cores':132},'title':'a\\u001b[31m'}"), GABLE_OK);
    gable_fields_print(&text, &schema, &got, sources);
    ck_assert_ptr_nonnull(strstr(text.text, "hbm.bandwidth"));
    ck_assert_ptr_nonnull(strstr(text.text, " 2 TB/s  [S1]\n"));
    ck_assert_ptr_nonnull(strstr(text.text, " 132  [S1]\n"));
    ck_assert_ptr_null(strstr(text.text, "share"));
    ck_assert_ptr_null(strchr(text.text, '\x1b'));
    gable_text_free(&text);
}
END_TEST

/* The JSON Schema is JSON, knows both spellings, and closes its objects. */
START_TEST(describes_itself)
{
    gable_text text = {0};
    gable_fields_write_schema(&text, &schema);
    cJSON *tree = cJSON_Parse(text.text);
    ck_assert_ptr_nonnull(tree);
    ck_assert_int_eq(text.text[text.length_bytes - 1], '\n');
    const cJSON *top = cJSON_GetObjectItemCaseSensitive(tree, "properties");
    const cJSON *hbm = cJSON_GetObjectItemCaseSensitive(top, "hbm");
    const cJSON *inside = cJSON_GetObjectItemCaseSensitive(hbm, "properties");
    ck_assert_ptr_nonnull(cJSON_GetObjectItemCaseSensitive(top, "layers"));
    ck_assert_ptr_nonnull(cJSON_GetObjectItemCaseSensitive(inside, "bandwidth"));
    ck_assert_ptr_nonnull(cJSON_GetObjectItemCaseSensitive(inside, "bandwidth_bytes_per_s"));
    ck_assert_ptr_nonnull(cJSON_GetObjectItemCaseSensitive(inside, "stacks"));
    ck_assert(cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(hbm, "additionalProperties")));
    const cJSON *compute = cJSON_GetObjectItemCaseSensitive(top, "compute");
    inside = cJSON_GetObjectItemCaseSensitive(compute, "properties");
    ck_assert_ptr_nonnull(cJSON_GetObjectItemCaseSensitive(inside, "matrix"));
    const cJSON *required = cJSON_GetObjectItemCaseSensitive(tree, "required");
    ck_assert_int_eq(cJSON_GetArraySize(required), 2);
    ck_assert_str_eq(cJSON_GetArrayItem(required, 1)->valuestring, "name");
    cJSON_Delete(tree);
    gable_text_free(&text);
}
END_TEST

Suite *gable_suite_fields(void);
Suite *gable_suite_fields(void)
{
    Suite *suite = suite_create("fields");
    TCase *tcase = tcase_create("fields");
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    tcase_add_test(tcase, reads_every_type);
    tcase_add_test(tcase, a_number_may_bring_its_own_source);
    tcase_add_test(tcase, null_is_not_published);
    ADD_ROWS(tcase, refuses, bad);
    tcase_add_test(tcase, reads_elements_of_arrays);
    tcase_add_test(tcase, prints_what_is_set);
    tcase_add_test(tcase, describes_itself);
    suite_add_tcase(suite, tcase);
    return suite;
}
