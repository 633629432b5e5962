/* Models out of a text in a test's own folder, and what a refusal of one must say. */
#ifndef GABLE_TESTS_MODEL_TEXT_H
#define GABLE_TESTS_MODEL_TEXT_H
#include <stdio.h>
#include <string.h>

#include "model/describe.h"
#include "rows.h"
#include "scratch.h"

static gable_err err;

static void set_up(void)
{
    err = (gable_err){0};
    scratch_open();
}

static gable_status load_text(const char *text, const gable_model **model)
{
    const char *path = scratch_file("model.json", text, strlen(text));

    return gable_model_load(scratch_arena(), "workloads", path, model, &err);
}

static void expect_refusal(const char *what)
{
    const char *name = strstr(err.text, "model.json");
    int line = 0, column = 0;

    ck_assert_int_eq(err.status, GABLE_INPUT);
    ck_assert_msg(name && sscanf(name, "model.json:%d:%d: ", &line, &column) == 2,
                  "no place in: %s", err.text);
    ck_assert_msg(strstr(err.text, what) != NULL, "expected ...%s... in: %s", what, err.text);
}

#endif
