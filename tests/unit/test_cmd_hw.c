/* cli, `gable hw`: every verb in every format; JSON that the strict reader takes back; what is
 * refused. */
#include <stdio.h>
#include <string.h>

#include "../command.h"
#include "machine/machine.h"
#include "rows.h"

extern const gable_command gable_command_hw;

/* Runs `gable hw LINE`. */
static gable_status run(const char *line)
{
    static const gable_cli folders = {.hw = "hw", .width = 80};
    return command_run(&gable_command_hw, &folders, line, "");
}

static const struct {
    const char *line, *holds;
} answers[] = {
    {"list", "hgx-h100-8"},
    {"list --kind link", "nvlink-5"},
    {"list --format csv", "kind,name,generation,status,n_accelerators,memory_bytes,"
                          "memory_bandwidth_bytes_per_s,peak_16_flops_per_s,"},
    {"list --format md --kind cpu", "| cpu  | grace"},
    {"show h100-sxm", "hbm.bandwidth                      3.35 TB/s  [H100T]"},
    {"show hgx-h100-8", "accelerator h100-sxm"},
    {"show nvlink-4", "bandwidth.port                     450 GB/s  [MLN]"},
    {"show hw/cpus/vera.json", "memory.bandwidth                   1.2 TB/s  [HC26]"},
    {"check", "outlier: h20 w16 958.3, siblings 409"},
    {"check hw/links/pcie-5.json", "1 read, none refused"},
    {"check --format csv", "h100-sxm,295.34"},
    {"schema link", "\"raw_bidirectional_bytes_per_s\""},
};

START_TEST(verbs_answer)
{
    ck_assert_msg(run(answers[_i].line) == GABLE_OK, "%s", cli.err.text);
    ck_assert_msg(strstr(cli.out.text, answers[_i].holds) != NULL, "%s: no %s in:\n%s",
                  answers[_i].line, answers[_i].holds, cli.out.text);
}
END_TEST

static const char *const json_lines[] = {
    "list --format json",          "list --format json --kind system",
    "show b200-sxm --format json", "show gb200-nvl72 --format json",
    "show efa --format json",      "show grace --format json",
    "check --format json",         "check hw/links/efa.json --format json",
};

START_TEST(json_is_strict_and_repeatable)
{
    gable_err err = {0};
    const gable_json *root;
    ck_assert_msg(run(json_lines[_i]) == GABLE_OK, "%s", cli.err.text);
    const char *first = gable_arena_copy(scratch_arena(), cli.out.text, cli.out.length_bytes);
    ck_assert_msg(gable_json_parse(scratch_arena(), "out", first, strlen(first), GABLE_JSON_STRICT,
                                   &root, &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_str_eq(gable_json_get(root, "schema")->string, "gable.hw/1");
    ck_assert_int_eq(run(json_lines[_i]), GABLE_OK);
    ck_assert_str_eq(cli.out.text, first);
}
END_TEST

static const struct {
    const char *line;
    gable_status status;
    const char *message;
} refused[] = {
    {"", GABLE_USAGE, "list, show, check, schema"},
    {"lst", GABLE_USAGE, "did you mean \"list\""},
    {"list --format cvs", GABLE_USAGE, "did you mean \"csv\""},
    {"show", GABLE_USAGE, "one name"},
    {"show h100-sxm h200-sxm", GABLE_USAGE, "one name"},
    {"show h100-sxm --format md", GABLE_USAGE, "text or json"},
    {"show h100-smx", GABLE_INPUT, "did you mean \"h100-sxm\""},
    {"schema", GABLE_USAGE, "accelerator, cpu, link, system"},
    {"schema sytem", GABLE_USAGE, "did you mean \"system\""},
    {"check none.json", GABLE_INPUT, "none.json: cannot open"},
};

START_TEST(wrong_lines_are_refused)
{
    ck_assert_int_eq(run(refused[_i].line), refused[_i].status);
    ck_assert_int_eq(cli.err.status, refused[_i].status);
    ck_assert_msg(strstr(cli.err.text, refused[_i].message) != NULL, "%s: %s", refused[_i].line,
                  cli.err.text);
}
END_TEST

static const char *const wide_lines[] = {"list", "check"};

START_TEST(tables_fit_a_terminal)
{
    ck_assert_int_eq(run(wide_lines[_i]), GABLE_OK);
    for (const char *at = cli.out.text; *at;) {
        size_t n = strcspn(at, "\n");
        ck_assert_msg(n <= 80, "%zu columns: %.*s", n, (int)n, at);
        at += n + (at[n] != '\0');
    }
}
END_TEST

Suite *gable_suite_cmd_hw(void);
Suite *gable_suite_cmd_hw(void)
{
    Suite *suite = suite_create("cmd_hw");
    TCase *lines = tcase_create("lines");
    tcase_add_checked_fixture(lines, scratch_open, command_close);
    ADD_ROWS(lines, verbs_answer, answers);
    ADD_ROWS(lines, json_is_strict_and_repeatable, json_lines);
    ADD_ROWS(lines, wrong_lines_are_refused, refused);
    ADD_ROWS(lines, tables_fit_a_terminal, wide_lines);
    suite_add_tcase(suite, lines);
    return suite;
}
