/* cli/model_flops: what one new token of a model costs as its context grows. Private to `gable
 * model`.
 * Room: cli. Uses: layout. */
#ifndef GABLE_CLI_MODEL_FLOPS_H
#define GABLE_CLI_MODEL_FLOPS_H
#include "cli/cli.h"
#include "layout/flops.h"

enum { GABLE_MODEL_CONTEXTS_CAP = 4 };

/* Contexts that the model reaches, at least one. */
typedef struct gable_model_flops {
    int n;
    double context[GABLE_MODEL_CONTEXTS_CAP];
    gable_flops flops[GABLE_MODEL_CONTEXTS_CAP];
} gable_model_flops;

gable_status gable_model_flops_take(gable_cli *cli, const gable_model *model,
                                    gable_model_flops *out);
void gable_model_flops_text(gable_text *out, const gable_model_flops *table);
/* A member of a JSON object, with a comma behind it. */
void gable_model_flops_json(gable_text *out, const gable_model_flops *table);

#endif
