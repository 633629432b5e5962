/* report/page: questions of the page against the reports that it promises to repeat, what data
 * files can do to the page (nothing), and the page put together. The page in a browser:
 * tests/browser. */
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "report/page.h"
#include "rows.h"

/* ---- data in the page ---- */
static const struct {
    const char *json, *element;
} data_rows[] = {
    {"{ \"a\" : [ 1 ,\n\t2 ] }\n", "{\"a\":[1,2]}"},
    {"{\"a b\": \" c \"}", "{\"a b\":\" c \"}"},
    {"{\"t\": \"</script><!-- <b>\"}", "{\"t\":\"\\u003c/script>\\u003c!-- \\u003cb>\"}"},
    {"{\"t\": \"\\\\\", \"u\": \"<\"}", "{\"t\":\"\\\\\",\"u\":\"\\u003c\"}"},
    {"{\"t\": \"\\\" <\"}", "{\"t\":\"\\\" \\u003c\"}"},
    {"", ""},
};

START_TEST(data)
{
    gable_text out = {0};
    gable_page_add_data(&out, data_rows[_i].json, strlen(data_rows[_i].json));
    ck_assert_str_eq(out.text ? out.text : "", data_rows[_i].element);
    gable_text_free(&out);
}
END_TEST

/* ---- questions ---- */
static const char question[] = "{\"schema\": \"gable.page/1\", \"model\": \"llama-3.1-8b\", "
                               "\"system\": \"hgx-h100-8\", \"stack\": \"trtllm\", \"phase\": "
                               "\"decode\", \"batch\": %d, \"context\": 2048, \"tp\": %d%s}";

static gable_status ask(gable_page *page, int batch, int tp, const char *more, gable_text *out,
                        gable_err *err)
{
    char text[400];
    int n = snprintf(text, sizeof text, question, batch, tp, more);
    *err = (gable_err){0};
    gable_text_free(out);
    return gable_page_ask(page, text, (size_t)n, out, err);
}

static gable_page a_page(void)
{
    return (gable_page){.arena = scratch_arena(), .hw = "hw", .workloads = "workloads"};
}

static const gable_cli folders = {
    .hw = "hw", .workloads = "workloads", .configs = "configs", .plots = "plots", .width = 80};
extern const gable_command gable_command_cost;

/* The same step by the way of the command line; lives until the next one. */
static const char *cost_of(int batch, int tp)
{
    char line[200];
    snprintf(line, sizeof line,
             "--model llama-3.1-8b --system hgx-h100-8 --batch %d --context 2048 --tp %d --format "
             "json",
             batch, tp);
    ck_assert_int_eq(command_run(&gable_command_cost, &folders, line, ""), GABLE_OK);
    return cli.out.text;
}

START_TEST(answer_repeats_cost)
{
    gable_page page = a_page();
    gable_text answer = {0};
    gable_err err;
    static const int steps[][2] = {{1, 1}, {64, 8}, {64, 4}, {1, 1}};
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(ask(&page, steps[i][0], steps[i][1], "", &answer, &err), GABLE_OK);
        ck_assert_ptr_nonnull(strstr(answer.text, cost_of(steps[i][0], steps[i][1])));
        ck_assert_ptr_nonnull(
            strstr(answer.text, "\"roofline\": {\n  \"schema\": \"gable.roofline/1\""));
    }
    gable_text_free(&answer);
}
END_TEST

START_TEST(loads_once)
{
    gable_page page = a_page();
    gable_text answer = {0};
    gable_err err;
    ck_assert_int_eq(ask(&page, 1, 1, "", &answer, &err), GABLE_OK);
    const gable_model *model = page.model;
    ck_assert_int_eq(ask(&page, 2, 1, "", &answer, &err), GABLE_OK);
    size_t used = gable_arena_mark(page.arena);
    for (int batch = 1; batch < 200; batch++)
        ck_assert_int_eq(ask(&page, batch, 1, "", &answer, &err), GABLE_OK);
    ck_assert_ptr_eq(page.model, model);
    ck_assert_uint_le(gable_arena_mark(page.arena), used + 4096); /* a longer question, no more */
    gable_text_free(&answer);
}
END_TEST

static const struct {
    const char *more, *says;
    int tp;
} refused_rows[] = {
    {"", "cannot be split over --tp 7", 7},      {", \"weights\": \"bf61\"", "unknown format", 1},
    {", \"contexts\": 1", "contexts", 1},        {", \"ep\": 0", "ep", 1},
    {", \"system\": \"x\"", "duplicate key", 1},
};

START_TEST(refused)
{
    gable_page page = a_page();
    gable_text answer = {0};
    gable_err err;
    ck_assert_int_eq(ask(&page, 1, refused_rows[_i].tp, refused_rows[_i].more, &answer, &err),
                     GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refused_rows[_i].says), "%s", err.text);
    ck_assert_int_eq(ask(&page, 1, 1, "", &answer, &err), GABLE_OK); /* and it goes on */
    gable_text_free(&answer);
}
END_TEST

/* ---- the page put together ---- */
static gable_status write_page(const char *template_path, const char *model, gable_text *out,
                               gable_err *err)
{
    const gable_scenario scenario = {.phase = GABLE_PHASE_DECODE,
                                     .batch = 4.0,
                                     .n_cached = 100.0,
                                     .tp = 1,
                                     .ep = 1,
                                     .pp = 1,
                                     .cp = 1,
                                     .dp = 1,
                                     .attn_dp = 1};
    const gable_page_request request = {.template_path = template_path,
                                        .hw = "hw",
                                        .workloads = "workloads",
                                        .model = model,
                                        .system = "h100-sxm",
                                        .stack = "ideal",
                                        .scenario = &scenario,
                                        .n_nodes = 1};
    *err = (gable_err){0};
    return gable_page_write(scratch_arena(), &request, out, err);
}

static const char shell[] = "<html><!-- data --></html>";

START_TEST(page_of_a_file)
{
    gable_text out = {0};
    gable_err err = {0};
    const char *text;
    size_t length;
    ck_assert_int_eq(gable_file_read(scratch_arena(), "workloads/models/llama-3.1-8b.json",
                                     GABLE_FILE_CAP_JSON_BYTES, &text, &length, &err),
                     GABLE_OK);
    const char *model = scratch_file("a\"<b>.json", text, length);
    const char *page = scratch_file("page.html", shell, sizeof shell - 1);
    ck_assert_int_eq(write_page(page, model, &out, &err), GABLE_OK);
    ck_assert_int_eq(
        strncmp(out.text, "<html><script type=\"application/json\" data-file=\"hw/", 52), 0);
    ck_assert_str_eq(out.text + out.length_bytes - 17, "</script>\n</html>");
    ck_assert_ptr_nonnull(strstr(out.text, "data-file=\"given/a&#34;&#60;b&#62;.json\""));
    ck_assert_ptr_nonnull(
        strstr(out.text, "\"model\":\"given/a\\\"\\u003cb>.json\",\"system\":\"h100-sxm\""));
    ck_assert_ptr_null(strstr(out.text, "new_tokens\":0"));
    *strrchr((char *)model, '/') = '\0';
    ck_assert_ptr_null(strstr(out.text, model)); /* where it was is nobody's business */
    gable_text_free(&out);
}
END_TEST

START_TEST(page_without_its_parts)
{
    gable_text out = {0};
    gable_err err = {0};
    ck_assert_int_eq(write_page("no/such/page.html", "llama-3.1-8b", &out, &err), GABLE_OUTPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "make setup all"));
    ck_assert_ptr_null(strchr(err.text, '\n'));
    const char *empty = scratch_file("page.html", "<html></html>", 13);
    ck_assert_int_eq(write_page(empty, "llama-3.1-8b", &out, &err), GABLE_INPUT);
    ck_assert_int_eq(write_page(empty, "llama-3.1-9b", &out, &err), GABLE_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "did you mean"));
    ck_assert_uint_eq(out.length_bytes, 0);
}
END_TEST

Suite *gable_suite_page(void);
Suite *gable_suite_page(void)
{
    Suite *suite = suite_create("page");
    TCase *rows = tcase_create("rows");
    tcase_add_checked_fixture(rows, scratch_open, scratch_close);
    ADD_ROWS(rows, data, data_rows);
    ADD_ROWS(rows, refused, refused_rows);
    suite_add_tcase(suite, rows);
    TCase *steps = tcase_create("steps");
    tcase_add_checked_fixture(steps, scratch_open, command_close);
    tcase_add_test(steps, answer_repeats_cost);
    tcase_add_test(steps, loads_once);
    tcase_add_test(steps, page_of_a_file);
    tcase_add_test(steps, page_without_its_parts);
    suite_add_tcase(suite, steps);
    return suite;
}
