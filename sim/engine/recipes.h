/* engine/recipes: how engines of published serving runs were set to take requests in
 * (workloads/recipes.csv): settings of a benchmark, which no hardware tells. Read for tables of
 * published runs, never for `gable serve`.
 * Room: engine. Uses: engine/serving. */
#ifndef GABLE_ENGINE_RECIPES_H
#define GABLE_ENGINE_RECIPES_H
#include "engine/serving.h"

/* One row: the runs that it is of ("" or 0: any), and their settings. */
typedef struct gable_recipe {
    const char *framework, *device, *model, *precision;
    const char *before; /* day that it was measured before, 2026-01-31 */
    double isl, osl, tp_most, concurrency_least, concurrency_most;
    double
        step_prompts; /* instead of a budget: it holds so many prompts and a token of each client */
    gable_serving_intake intake;
} gable_recipe;

typedef struct gable_recipes {
    const gable_recipe *row;
    size_t n;
} gable_recipes;

gable_status gable_recipes_read(gable_arena *arena, const char *path, gable_recipes *out,
                                gable_err *err);

/* Which run it is. */
typedef struct gable_recipe_key {
    const char *framework, *device, *model, *precision;
    const char *measured; /* day; "": not known, no row with a day is of it */
} gable_recipe_key;

/* Settings of the first row that the run is of; what `request` says already, and runs without a
 * row, stay as they are. */
void gable_recipes_apply(const gable_recipes *recipes, const gable_recipe_key *key,
                         gable_serving_request *request);

#endif
