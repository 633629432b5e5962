/* model/checkpoint: the formats of a published checkpoint, as a row of a table. */
#include <stdio.h>
#include <string.h>

#include "model/internal.h"

static const char *cell(const gable_csv *csv, size_t row, size_t column)
{
    return csv->cells[row * csv->n_columns + column];
}

/* "nvfp4", or "nvfp4/bf16": weights and activations; nothing: the model has no such module. */
static gable_status read_pair(const gable_csv *csv, size_t row, size_t column,
                              gable_module_dtypes *out, gable_err *err)
{
    const char *text = cell(csv, row, column), *slash = strchr(text, '/');
    char weights[40];

    if (!*text)
        return GABLE_OK;
    snprintf(weights, sizeof weights, "%.*s", (int)(slash ? slash - text : 39), text);
    bool known = gable_dtype_find(weights, &out->weights);
    if (known && slash)
        known = gable_dtype_find(slash + 1, &out->activations);
    else if (known)
        out->activations = out->weights;
    return known ? GABLE_OK
                 : gable_csv_fail(csv, row, column, err, "\"%.40s\" is not a format", text);
}

static gable_status apply(const gable_csv *csv, size_t row, gable_model *model, gable_err *err)
{
    size_t column;

    for (int i = 0; i < GABLE_N_MODULES; i++) {
        GABLE_TRY(gable_csv_need(csv, gable_module_name(i), &column, err));
        GABLE_TRY(read_pair(csv, row, column, &model->dtypes[i], err));
    }
    GABLE_TRY(gable_csv_need(csv, "kv", &column, err));
    if (!gable_dtype_find(cell(csv, row, column), &model->kv_dtype))
        return gable_csv_fail(csv, row, column, err, "\"%.40s\" is not a format",
                              cell(csv, row, column));
    return GABLE_OK;
}

/* Names the nearest checkpoint, or those of the model. */
static gable_status unknown(gable_arena *arena, const gable_csv *csv, size_t names, size_t models,
                            const char *name, const gable_model *model, gable_err *err)
{
    const char **all;
    char of_model[240] = "";

    GABLE_TRY(gable_arena_take(arena, csv->n_rows + 1, sizeof *all, &all, err));
    for (size_t i = 0; i < csv->n_rows; i++) {
        size_t used = strlen(of_model);
        all[i] = cell(csv, i, names);
        if (strcmp(cell(csv, i, models), model->name) == 0)
            snprintf(of_model + used, sizeof of_model - used, "%s%.60s", used ? ", " : "", all[i]);
    }
    const char *near = gable_text_nearest(name, all, csv->n_rows);
    if (near)
        return gable_fail(err, GABLE_INPUT, "%s: no checkpoint \"%.60s\"; did you mean \"%s\"?",
                          csv->file, name, near);
    return gable_fail(err, GABLE_INPUT, "%s: no checkpoint \"%.60s\"; %s has %s", csv->file, name,
                      model->name, *of_model ? of_model : "none");
}

gable_status gable_model_checkpoint(gable_arena *arena, const char *path, const char *name,
                                    const gable_model *model, const gable_model **out,
                                    gable_err *err)
{
    gable_csv csv;
    gable_model *copy;
    size_t names, models;

    GABLE_TRY(gable_csv_read(arena, path, &csv, err));
    GABLE_TRY(gable_csv_need(&csv, "name", &names, err));
    GABLE_TRY(gable_csv_need(&csv, "model", &models, err));
    for (size_t i = 0; i < csv.n_rows; i++) {
        if (strcmp(cell(&csv, i, names), name) != 0)
            continue;
        if (strcmp(cell(&csv, i, models), model->name) != 0)
            return gable_fail(err, GABLE_INPUT, "--checkpoint %s is one of %s, not of %s", name,
                              cell(&csv, i, models), model->name);
        GABLE_TRY(gable_arena_take(arena, 1, sizeof *copy, &copy, err));
        *copy = *model;
        *out = copy;
        return apply(&csv, i, copy, err);
    }
    return unknown(arena, &csv, names, models, name, model, err);
}
