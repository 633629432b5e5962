/* cli/model_flops: see model_flops.h. */
#include "cli/model_flops.h"

#include <stddef.h>
#include <string.h>

static const double contexts[GABLE_MODEL_CONTEXTS_CAP] = {4096.0, 32768.0, 131072.0, 1e6};

static const struct {
    const char *key, *heading;
    size_t offset;
} parts[] = {
    {"linear_flops", "weights", offsetof(gable_flops, linear)},
    {"attention_flops", "attention", offsetof(gable_flops, attention)},
    {"index_flops", "indexer", offsetof(gable_flops, index)},
    {"recurrence_flops", "state", offsetof(gable_flops, recurrence)},
    {"fp8_equivalent_flops", "in FP8", offsetof(gable_flops, fp8_equivalent)},
};
enum { N_PARTS = sizeof parts / sizeof parts[0] };

static double part_of(const gable_flops *flops, int i)
{
    double value;
    const char *at = (const char *)flops + parts[i].offset;
    memcpy(&value, at, sizeof value);
    return value;
}

gable_status gable_model_flops_take(gable_cli *cli, const gable_model *model,
                                    gable_model_flops *out)
{
    double longest = model->max_context;
    *out = (gable_model_flops){0};
    for (int i = 0; i < GABLE_MODEL_CONTEXTS_CAP; i++) {
        if (i > 0 && longest > 0.0 && contexts[i] > longest)
            break;
        double n = longest > 0.0 && contexts[i] > longest ? longest : contexts[i];
        out->context[i] = n;
        GABLE_TRY(gable_model_token_flops(&cli->arena, model, n - 1.0, &out->flops[i], &cli->err));
        out->n = i + 1;
    }
    return GABLE_OK;
}

void gable_model_flops_text(gable_text *out, const gable_model_flops *table)
{
    char text[GABLE_UNITS_TEXT_CAP];
    gable_text_add(out, "\nFLOPs of one new token, by context\n  context   ");
    for (int p = 0; p < N_PARTS; p++)
        gable_text_addf(out, "%13s", parts[p].heading);
    gable_text_add(out, "\n");
    for (int i = 0; i < table->n; i++) {
        gable_text_addf(out, "  %-10.0f", table->context[i]);
        for (int p = 0; p < N_PARTS; p++)
            gable_text_addf(
                out, "%13s",
                gable_units_print(part_of(&table->flops[i], p), GABLE_DIM_FLOPS, 4, text));
        gable_text_add(out, "\n");
    }
    gable_text_add(out, "  in FP8: 8-bit work; attention and states count twice, 4-bit indexers "
                        "half\n");
}

void gable_model_flops_json(gable_text *out, const gable_model_flops *table)
{
    gable_text_add(out, " \"token_flops\": [");
    for (int i = 0; i < table->n; i++) {
        gable_text_add(out, i ? ",\n  {\"context_tokens\": " : "\n  {\"context_tokens\": ");
        gable_text_add_json_number(out, table->context[i]);
        for (int p = 0; p < N_PARTS; p++) {
            gable_text_addf(out, ", \"%s\": ", parts[p].key);
            gable_text_add_json_number(out, part_of(&table->flops[i], p));
        }
        gable_text_add(out, "}");
    }
    gable_text_add(out, "],\n");
}
