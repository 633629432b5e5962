/* Tables: the first line names what it is (a KIND of measured operators, "checkpoints", "recipes",
 * "acceptance"), the rest is the CSV. Refused with a place in the text, or rows that are priced
 * with finite times. */
#include <math.h>
#include <string.h>

#include "engine/acceptance.h"
#include "engine/predict.h"
#include "engine/recipes.h"
#include "input.h"

static const char path[] = "fuzzed.csv";

/* Messages of tables have a line, and a column of the table by its name. */
static void refused(const input *in)
{
    size_t line, n = strlen(path);
    input_refused(in, NULL);
    if (strncmp(in->err.text, path, n) == 0 && in->err.text[n] == ':' &&
        sscanf(in->err.text + n, ":%zu:", &line) == 1)
        MUST(line >= 1 && line <= in->length_bytes + 1);
}

static void check_rows(input *in, const gable_table_kind *kind, const char *text, size_t length)
{
    static const gable_predict_options options = {
        .hw = "hw", .device = "h100-sxm", .stack = "ideal", .force_stack = true};
    gable_csv csv;
    gable_rows rows;
    gable_prediction *priced;
    if (gable_csv_parse(in->arena, path, text, length, &csv, &in->err) != GABLE_OK ||
        gable_rows_read(in->arena, &csv, kind, &rows, &in->err) != GABLE_OK ||
        gable_predict_rows(in->arena, &rows, &options, &priced, &in->err) != GABLE_OK) {
        refused(in);
        return;
    }
    for (size_t i = 0; i < csv.n_rows; i++) {
        if (!priced[i].supported)
            continue;
        MUST(isfinite(priced[i].time.time_s) && isfinite(priced[i].p90_s));
        MUST(priced[i].time.time_s >= priced[i].time.ceiling_s && priced[i].time.ceiling_s >= 0.0);
        MUST(priced[i].p10_s <= priced[i].time.time_s && priced[i].time.time_s <= priced[i].p90_s);
    }
}

static gable_status read_acceptance(input *in)
{
    gable_acceptance table;
    GABLE_TRY(gable_acceptance_read(in->arena, path, NULL, "m", "mtp", &table, &in->err));
    for (int i = 0; i <= table.n_known; i++)
        MUST(table.length[i] >= 1.0 && table.length[i] <= i + 1.0);
    return GABLE_OK;
}

static gable_status read_other(input *in, const char *what, const gable_model *model)
{
    const gable_model *with;
    gable_recipes recipes;
    if (strcmp(what, "checkpoints") == 0)
        return gable_model_checkpoint(in->arena, path, "c", model, &with, &in->err);
    if (strcmp(what, "recipes") == 0)
        return gable_recipes_read(in->arena, path, &recipes, &in->err);
    return strcmp(what, "acceptance") == 0 ? read_acceptance(in) : GABLE_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const gable_model *model;
    if (!model)
        model = input_tree_model("llama-3.1-8b");
    input in = input_open(data, size);
    char *text = strchr(in.text, '\n');
    if (text) {
        *text++ = '\0';
        size_t length = size - (size_t)(text - in.text);
        const gable_table_kind *kind = gable_table_kind_find(in.text);
        input_stands_in(&in, path, text, length);
        if (kind)
            check_rows(&in, kind, text, length);
        else if (read_other(&in, in.text, model) != GABLE_OK)
            refused(&in);
    }
    input_close(&in);
    return 0;
}
