/* See tree.h. */
#include "tree.h"

#include <check.h>
#include <string.h>

#include "../scratch.h"

const tree_phase tree_phases[] = {
    {"decode, one sequence",
     {.phase = GABLE_PHASE_DECODE, .batch = 1, .n_cached = 1024, .n_new = 1, .tp = 1, .ep = 1}},
    {"decode, many",
     {.phase = GABLE_PHASE_DECODE, .batch = 128, .n_cached = 8192, .n_new = 1, .tp = 1, .ep = 1}},
    {"verify",
     {.phase = GABLE_PHASE_DECODE, .batch = 8, .n_cached = 4096, .n_new = 4, .tp = 1, .ep = 1}},
    {"prefill",
     {.phase = GABLE_PHASE_PREFILL, .batch = 1, .n_cached = 0, .n_new = 4096, .tp = 1, .ep = 1}},
    {"chunk",
     {.phase = GABLE_PHASE_PREFILL,
      .batch = 2,
      .n_cached = 16384,
      .n_new = 2048,
      .tp = 1,
      .ep = 1}},
};
const int n_tree_phases = sizeof tree_phases / sizeof tree_phases[0];

size_t tree_names(const char *folder, const char *const **names)
{
    gable_err err = {0};
    const char *const *files;
    size_t n;
    ck_assert_msg(gable_file_list(scratch_arena(), folder, ".json", &files, &n, &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_msg(n > 0, "%s holds nothing", folder);
    const char **list = gable_arena_alloc(scratch_arena(), n, sizeof *list);
    for (size_t i = 0; i < n; i++)
        list[i] = gable_arena_copy(scratch_arena(), files[i], strlen(files[i]) - strlen(".json"));
    *names = (const char *const *)list;
    return n;
}

const gable_model *tree_model(const char *name)
{
    gable_err err = {0};
    const gable_model *model = NULL;
    ck_assert_msg(gable_model_load(scratch_arena(), "workloads", name, &model, &err) == GABLE_OK,
                  "%s", err.text);
    return model;
}

gable_machine tree_machine(const char *system, const char *stack)
{
    gable_err err = {0};
    gable_machine machine = {0};
    ck_assert_msg(gable_machine_load(scratch_arena(), "hw", system, stack, &machine, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    return machine;
}

gable_plan tree_plan(const gable_model *model, const gable_scenario *scenario)
{
    gable_err err = {0};
    gable_plan plan = {0};
    ck_assert_msg(gable_layout_plan(scratch_arena(), model, scenario, &plan, &err) == GABLE_OK,
                  "%s", err.text);
    return plan;
}

int tree_plans(const char *const *models, size_t n_models, gable_plan *plans, int cap)
{
    int n = 0;
    ck_assert_int_le((int)n_models * n_tree_phases, cap);
    for (size_t m = 0; m < n_models; m++) {
        const gable_model *model = tree_model(models[m]);
        for (int p = 0; p < n_tree_phases; p++)
            plans[n++] = tree_plan(model, &tree_phases[p].scenario);
    }
    return n;
}
