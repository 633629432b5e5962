/* machine, the door: descriptions that are broken in one place are refused with file, line, column,
 * JSON path and what was meant; names that do not exist are refused with those that do. */
#include <stdio.h>
#include <string.h>

#include "machine/machine.h"
#include "rows.h"
#include "scratch.h"

static const char hw[] = "hw"; /* tests run in the root of the tree */
static gable_err err;

static void set_up(void)
{
    err = (gable_err){0};
    scratch_open();
}

/* The file with the first `find` replaced, as a scratch file of the same name. */
static const char *broken_copy(const char *file, const char *find, const char *replace)
{
    const char *text;
    size_t length;
    gable_text copy = {0};
    ck_assert_int_eq(gable_file_read(scratch_arena(), file, 1 << 20, &text, &length, &err), 0);
    const char *at = strstr(text, find);
    ck_assert_msg(at != NULL, "%s does not hold %s", file, find);
    gable_text_add_n(&copy, text, (size_t)(at - text));
    gable_text_add(&copy, replace);
    gable_text_add(&copy, at + strlen(find));
    const char *path = scratch_file("broken.json", copy.text, copy.length_bytes);
    gable_text_free(&copy);
    return path;
}

static void expect_place(const char *path, const char *what)
{
    int line = 0, column = 0;
    ck_assert_int_eq(err.status, GABLE_INPUT);
    ck_assert_msg(strncmp(err.text, path, strlen(path)) == 0, "no file in: %s", err.text);
    ck_assert_msg(sscanf(err.text + strlen(path), ":%d:%d: ", &line, &column) == 2 && line > 0 &&
                      column > 0,
                  "no line and column in: %s", err.text);
    ck_assert_msg(strstr(err.text, what) != NULL, "expected …%s… in: %s", what, err.text);
}

#define H100 "hw/accelerators/h100-sxm.json"
#define ULTRA "hw/accelerators/rubin-ultra.json"
#define NODE "hw/systems/hgx-h100-8.json"
#define RATE "\"bandwidth\": \"3.35 TB/s\""

static const struct {
    const char *file, *find, *replace;
    const char *path, *what;
} broken[] = {
    /* keys */
    {H100, RATE, "\"bandwith\": \"3.35 TB/s\"", "hbm.bandwith", "did you mean \"bandwidth\""},
    {H100, "\"hbm\": {", "\"hmb\": {", "hmb", "did you mean \"hbm\""},
    {H100, "\"bf16\":", "\"bf61\":", "compute.matrix.bf61", "did you mean \"bf16\""},
    {H100, "\"kind\": \"HBM3\",", "\"kind\": \"HBM3\", \"kind\": \"HBM3\",", "kind", "uplicate"},
    {H100, RATE, RATE ", \"bandwidth_bytes_per_s\": 3.35e12", "hbm.bandwidth_bytes_per_s", "twice"},
    {H100, "  \"generation\": \"hopper\",\n", "", "", "missing key \"generation\""},
    {H100, "gable.accelerator/1", "gable.accelerator/2", "schema",
     "expected \"gable.accelerator/1\""},
    {H100, "gable.accelerator/1", "gable.link/1", "vendor", "unknown key"},
    /* quantities */
    {H100, RATE, "\"bandwidth\": \"3.35 TB\"", "hbm.bandwidth", "3.35 TB"},
    {H100, RATE, "\"bandwidth\": \"-3.35 TB/s\"", "hbm.bandwidth", "out of range"},
    {H100, RATE, "\"bandwidth\": \"3.35 EB/s\"", "hbm.bandwidth", "out of range"},
    {H100, RATE, "\"bandwidth\": 3.35", "hbm.bandwidth", "without unit"},
    {H100, RATE, "\"bandwidth\": null", "hbm.bandwidth", "expected a value"},
    {H100, RATE, "\"bandwidth\": \"3,35 TB/s\"", "hbm.bandwidth", "3,35"},
    {H100, RATE, "\"bandwidth\": [\"3.35 TB/s\"]", "hbm.bandwidth", "an array"},
    {H100, RATE, "\"bandwidth\": {\"source\": \"MLE\"}", "hbm.bandwidth", "\"value\""},
    {H100, "\"sm_count\": 132", "\"sm_count\": 1e999", "", "range"},
    {H100, "\"sm_count\": 132", "\"sm_count\": -132", "compute.sm_count", "out of range"},
    {H100, "\"sm_count\": 132", "\"sm_count\": 1.5", "compute.sm_count", "whole number"},
    {H100, "79.19 GiB", "90 GB", "hbm.usable", "more than \"capacity\""},
    {H100, "\"usable\": { \"value\": \"79.19 GiB\"", "\"usable_bytes\": { \"value\": 9e10", "hbm",
     "\"usable_bytes\" is more than"},
    {H100, "\"hopper\"", "\"hoper\"", "generation", "did you mean \"hopper\""},
    {H100, "\"status\": \"shipping\"", "\"status\": \"shiping\"", "status", "\"shipping\""},
    {H100, "\"name\": \"h100-sxm\"", "\"name\": \"../h100\"", "name", "not a name"},
    /* sources */
    {H100, "\"source\": \"SEMI\"", "\"source\": \"SEMY\"", "typical.source",
     "did you mean \"SEMI\""},
    {H100, "    \"source\": \"H100T\",\n    \"kind\"", "    \"kind\"", "hbm.capacity", "source"},
    /* names of other files, and members that must agree */
    {H100, "\"scale_up\": \"nvlink-4\"", "\"scale_up\": \"nvlink-44\"", "links.scale_up",
     "\"nvlink-4\""},
    {ULTRA, "\"fp4\": { \"value\": \"100 PFLOP/s\", \"source\": \"TH\" }", "\"fp4\": null",
     "compute", "no peak"},
    {NODE, "\"accelerator\": \"h100-sxm\"", "\"accelerator\": \"h100-smx\"", "devices.accelerator",
     "did you mean \"h100-sxm\""},
    {NODE, "\"accelerator\": \"h100-sxm\"", "\"accelerator\": \"h100\"", "devices.accelerator",
     "one of h100-nvl, h100-pcie, h100-sxm"},
    {NODE, "\"cpu\": \"xeon-8480c\"", "\"cpu\": \"xeon-8480\"", "host.cpu", "xeon-8480c"},
    {NODE, "\"link\": \"infiniband-ndr\"", "\"link\": \"infiniband\"", "scale_out.link", "one of"},
    {NODE, "\"fabric\": \"switch\"", "\"fabric\": \"swich\"", "scale_up.fabric", "\"switch\""},
    {NODE, "\"fabric\": \"switch\"", "\"fabric\": \"none\"", "scale_up", "8 accelerators"},
    {NODE, "\"count\": 8", "\"count\": 8.5", "devices.count", "whole"},
    {NODE, "\"count\": 8", "\"count\": 1", "scale_up", "1 accelerators"},
    {NODE, "\"bandwidth\": \"50 GB/s\"", "\"bandwidth\": null", "scale_out", "without bandwidth"},
    {NODE, "\"topology\": \"rail_fat_tree\"", "\"topology\": \"fat-tree\"", "scale_out.topology",
     "fat_tree"},
    {"hw/links/efa.json", "\"kind\": \"efa\"", "\"kind\": \"fea\"", "kind", "\"efa\""},
    {"hw/cpus/vera.json", "\"cores\": 88", "\"cores\": \"88 GB\"", "cores", ""},
};

START_TEST(a_broken_description_is_refused)
{
    gable_hw_entry entry;
    const char *path = broken_copy(broken[_i].file, broken[_i].find, broken[_i].replace);
    gable_status status = gable_hw_find(scratch_arena(), hw, path, &entry, &err);
    ck_assert_msg(status == GABLE_INPUT, "taken, with %s", broken[_i].replace);
    expect_place(path, broken[_i].path);
    expect_place(path, broken[_i].what);
}
END_TEST

/* The place is that of the slip, to the column. */
START_TEST(the_place_is_exact)
{
    gable_hw_entry entry;
    char expected[400];
    const char *path =
        scratch_file("p.json", "{\n  \"schema\": \"gable.link/1\",\n  \"nane\": 1}\n", 43);
    ck_assert_int_eq(gable_hw_find(scratch_arena(), hw, path, &entry, &err), GABLE_INPUT);
    snprintf(expected, sizeof expected, "%s:3:3: nane: ", path);
    ck_assert_msg(strncmp(err.text, expected, strlen(expected)) == 0, "%s", err.text);
    ck_assert_msg(strstr(err.text, "did you mean \"name\"") != NULL, "%s", err.text);
}
END_TEST

static const struct {
    const char *name, *text;
} unknown[] = {
    {"h100-smx", "unknown system \"h100-smx\"; did you mean \"h100-sxm\"?"},
    {"hgx-h100-9", "unknown system \"hgx-h100-9\"; did you mean \"hgx-h100-"},
    {"h100", "unknown system \"h100\"; one of h100-nvl, h100-pcie, h100-sxm"},
    {"b200", "unknown system \"b200\"; did you mean \"b200-sxm\"?"}, /* not b100 */
    {"", "unknown system \"\""},
    {"grace", "grace is a cpu, expected a system or an accelerator"},
    {"nvlink-4", "nvlink-4 is a link, expected a system or an accelerator"},
    {"zebra", "unknown system \"zebra\""},
    {"h100-sxm\x1b[31m", "unknown system \"h100-sxm?[31m\""},
    {"..", "unknown system \"..\""},
    {"hw/accelerators/none.json", "hw/accelerators/none.json: cannot open"},
    {"hw/accelerators", "hw/accelerators"},
};

START_TEST(an_unknown_name_is_refused)
{
    const gable_system *out = NULL;
    ck_assert_int_eq(gable_system_load(scratch_arena(), hw, unknown[_i].name, &out, &err),
                     GABLE_INPUT);
    ck_assert_msg(strncmp(err.text, unknown[_i].text, strlen(unknown[_i].text)) == 0,
                  "expected %s, got %s", unknown[_i].text, err.text);
}
END_TEST

static const struct {
    const char *name, *text;
} unknown_anywhere[] = {
    {"nvlnk-4", "did you mean \"nvlink-4\"?"},
    {"grac", "did you mean \"grace\"?"},
    {"h200-smx", "did you mean \"h200-sxm\"?"},
    {"vr-nvl7", "did you mean \"vr-nvl72\"?"},
};

START_TEST(any_kind_is_suggested)
{
    gable_hw_entry entry;
    ck_assert_int_eq(gable_hw_find(scratch_arena(), hw, unknown_anywhere[_i].name, &entry, &err),
                     GABLE_INPUT);
    ck_assert_msg(strstr(err.text, unknown_anywhere[_i].text) != NULL, "%s", err.text);
}
END_TEST

START_TEST(each_loader_says_what_it_looked_for)
{
    const gable_accelerator *accelerator;
    const gable_cpu *cpu;
    const gable_link *link;
    gable_err one = {0}, two = {0}, three = {0};
    gable_accelerator_load(scratch_arena(), hw, "hgx-h100-8", &accelerator, &one);
    gable_cpu_load(scratch_arena(), hw, "gracie", &cpu, &two);
    gable_link_load(scratch_arena(), hw, "pcie5", &link, &three);
    ck_assert_str_eq(one.text, "unknown accelerator \"hgx-h100-8\"");
    ck_assert_str_eq(two.text, "unknown cpu \"gracie\"; did you mean \"grace\"?");
    ck_assert_msg(strstr(three.text, "unknown link \"pcie5\"; did you mean \"pcie-") != NULL, "%s",
                  three.text);
}
END_TEST

/* A folder that is no data folder refuses every name, without a suggestion. */
START_TEST(an_empty_folder_has_no_names)
{
    gable_hw_entry entry;
    ck_assert_int_eq(gable_hw_find(scratch_arena(), "configs", "h100-sxm", &entry, &err),
                     GABLE_INPUT);
    ck_assert_str_eq(err.text, "unknown hardware \"h100-sxm\"");
}
END_TEST

Suite *gable_suite_machine_refused(void);
Suite *gable_suite_machine_refused(void)
{
    Suite *suite = suite_create("machine_refused");
    TCase *door = tcase_create("door");
    tcase_add_checked_fixture(door, set_up, scratch_close);
    ADD_ROWS(door, a_broken_description_is_refused, broken);
    tcase_add_test(door, the_place_is_exact);
    ADD_ROWS(door, an_unknown_name_is_refused, unknown);
    ADD_ROWS(door, any_kind_is_suggested, unknown_anywhere);
    tcase_add_test(door, each_loader_says_what_it_looked_for);
    tcase_add_test(door, an_empty_folder_has_no_names);
    suite_add_tcase(suite, door);
    return suite;
}
