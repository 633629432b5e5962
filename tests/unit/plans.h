/* A model small enough to reckon with by hand, and its plans: what tests of layouts share. */
#ifndef GABLE_TESTS_PLANS_H
#define GABLE_TESTS_PLANS_H
#include <check.h>
#include <string.h>

#include "../scratch.h"
#include "layout/layout.h"

/* Two layers of width 16: 4 query heads and 2 key/value heads of 4, feed-forward width 32. */
static const gable_layer dense_layer = {
    .mixer = {.kind = GABLE_MIXER_GQA, .n_heads = 4, .n_kv_heads = 2, .head_dim = 4},
    .ffn = {.kind = GABLE_FFN_DENSE, .width = 32, .n_matrices = 3},
    .count = 2,
    .hidden = 16};

/* Vocabulary 64, all in bf16. */
static inline gable_model make_model(const gable_layer *layers, int n_kinds)
{
    gable_model model = {.name = "tiny",
                         .path = "tiny.json",
                         .hidden = 16,
                         .vocab = 64,
                         .kinds = layers,
                         .n_kinds = n_kinds,
                         .kv_dtype = GABLE_DTYPE_BF16};
    for (int i = 0; i < n_kinds; i++)
        model.n_layers += layers[i].count;
    for (int i = 0; i < GABLE_N_MODULES; i++)
        model.dtypes[i] = (gable_module_dtypes){GABLE_DTYPE_BF16, GABLE_DTYPE_BF16};
    return model;
}

static inline gable_plan lay(const gable_model *model, const gable_scenario *scenario)
{
    gable_plan plan;
    gable_err err = {0};
    ck_assert_msg(gable_layout_plan(scratch_arena(), model, scenario, &plan, &err) == GABLE_OK,
                  "%s", err.text);
    return plan;
}

/* -1 without such a row. */
static inline int row_of(const gable_plan *plan, const char *name)
{
    for (int i = 0; i < plan->n_rows; i++)
        if (strcmp(plan->name[i], name) == 0)
            return i;
    return -1;
}

static inline int find(const gable_plan *plan, const char *name)
{
    int row = row_of(plan, name);
    ck_assert_msg(row >= 0, "no row %s", name);
    return row;
}

#endif
