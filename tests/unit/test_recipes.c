/* engine: settings of published runs: the first row that a run is of, and nothing else. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../scratch.h"
#include "engine/recipes.h"
#include "rows.h"

static const char header[] =
    "framework,device,model,precision,before,isl,osl,tp_most,concurrency_least,concurrency_most,"
    "step_tokens,step_prompts,graph_tokens,poll_steps,wait_steps,wait_frac,remark,source\n";

static const char rows[] = "a,,m,,,1024,1024,4,,,16384,,2048,,20,0.9,,\n"
                           "a,,m,,,,,,,,16384,,,,,,,\n"
                           "a,,n,,2026-01-01,,,,,,,2,,,,,,\n"
                           "b,chip,,fp4,,,,,,15,,,,10,,,,\n"
                           "b,chip,,fp4,,,,,16,,,,,30,,,,\n";

static gable_status read(const char *text, gable_recipes *out, gable_err *err)
{
    return gable_recipes_read(scratch_arena(), scratch_file("r.csv", text, strlen(text)), out, err);
}

static const struct {
    const char *what;
    gable_recipe_key key;
    double isl, concurrency;
    int tp;
    gable_serving_intake own, expected;
} runs[] = {
    {"the first row",
     {"a", "x", "m", "fp8", ""},
     1024,
     8,
     4,
     {.poll_steps = 0},
     {.step_tokens = 16384, .graph_tokens = 2048, .wait_steps = 20, .wait_frac = 0.9}},
    {"too many ranks",
     {"a", "x", "m", "fp8", ""},
     1024,
     8,
     8,
     {.poll_steps = 0},
     {.step_tokens = 16384}},
    {"other lengths",
     {"a", "x", "m", "fp8", ""},
     8192,
     8,
     4,
     {.poll_steps = 0},
     {.step_tokens = 16384}},
    {"what the run says stays",
     {"a", "x", "m", "fp8", ""},
     1024,
     8,
     4,
     {.step_tokens = 100, .wait_steps = 1},
     {.step_tokens = 100, .graph_tokens = 2048, .wait_steps = 1, .wait_frac = 0.9}},
    /* 2 x 1000 + 40 + 64, to whole 64s */
    {"in prompts",
     {"a", "x", "n", "fp8", "2025-12-31"},
     1000,
     40,
     1,
     {.poll_steps = 0},
     {.step_tokens = 2112}},
    {"measured later",
     {"a", "x", "n", "fp8", "2026-01-01"},
     1000,
     40,
     1,
     {.poll_steps = 0},
     {.poll_steps = 0}},
    {"measured nobody knows when",
     {"a", "x", "n", "fp8", ""},
     1000,
     40,
     1,
     {.poll_steps = 0},
     {.poll_steps = 0}},
    {"few clients",
     {"b", "chip", "m", "fp4", ""},
     1024,
     15,
     1,
     {.poll_steps = 0},
     {.poll_steps = 10}},
    {"many clients",
     {"b", "chip", "m", "fp4", ""},
     1024,
     16,
     1,
     {.poll_steps = 0},
     {.poll_steps = 30}},
    {"another device",
     {"b", "other", "m", "fp4", ""},
     1024,
     16,
     1,
     {.poll_steps = 0},
     {.poll_steps = 0}},
    {"another format",
     {"b", "chip", "m", "fp8", ""},
     1024,
     16,
     1,
     {.poll_steps = 0},
     {.poll_steps = 0}},
};

START_TEST(settings_of_a_run)
{
    gable_recipes recipes;
    gable_err err = {0};
    char text[2048];
    snprintf(text, sizeof text, "%s%s", header, rows);
    ck_assert_msg(read(text, &recipes, &err) == GABLE_OK, "%s", err.text);
    gable_serving_request q = {.isl = runs[_i].isl,
                               .osl = 1024,
                               .concurrency = runs[_i].concurrency,
                               .tp = runs[_i].tp,
                               .intake = runs[_i].own};
    gable_recipes_apply(&recipes, &runs[_i].key, &q);
    const gable_serving_intake *e = &runs[_i].expected;
    ck_assert_msg(fabs(q.intake.step_tokens - e->step_tokens) < 1e-9 &&
                      fabs(q.intake.graph_tokens - e->graph_tokens) < 1e-9 &&
                      q.intake.poll_steps == e->poll_steps &&
                      q.intake.wait_steps == e->wait_steps &&
                      fabs(q.intake.wait_frac - e->wait_frac) < 1e-12,
                  "%s: %g tokens, poll %d, wait %d, %g", runs[_i].what, q.intake.step_tokens,
                  q.intake.poll_steps, q.intake.wait_steps, q.intake.wait_frac);
}
END_TEST

START_TEST(refuses_a_bad_cell)
{
    gable_recipes recipes;
    gable_err err = {0};
    char text[2048];
    snprintf(text, sizeof text, "%s%s", header, "a,,m,,,x,,,,,,,,,,,,\n");
    ck_assert_int_eq(read(text, &recipes, &err), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, ":2: isl: expected a number") != NULL, "%s", err.text);
}
END_TEST

START_TEST(the_file_of_the_tree_reads)
{
    gable_recipes recipes;
    gable_err err = {0};
    ck_assert_msg(gable_recipes_read(scratch_arena(), "workloads/recipes.csv", &recipes, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    ck_assert_uint_ge(recipes.n, 1);
}
END_TEST

Suite *gable_suite_recipes(void);

Suite *gable_suite_recipes(void)
{
    Suite *suite = suite_create("recipes");
    TCase *all = tcase_create("recipes");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    ADD_ROWS(all, settings_of_a_run, runs);
    tcase_add_test(all, refuses_a_bad_cell);
    tcase_add_test(all, the_file_of_the_tree_reads);
    suite_add_tcase(suite, all);
    return suite;
}
