/* cli/model_show: one model in full, as text and as JSON. Private to `gable model`.
 * Room: cli. Uses: base, model. */
#ifndef GABLE_CLI_MODEL_SHOW_H
#define GABLE_CLI_MODEL_SHOW_H
#include "cli/model_flops.h"
#include "model/describe.h"

/* Layers, formats, parameters and cache of a model, for people; names are made safe to print. */
void gable_model_show_text(gable_text *out, const gable_model *model,
                           const gable_model_flops *flops);

/* The same as one JSON object, "schema": "gable.model-show/1". */
void gable_model_show_json(gable_text *out, const gable_model *model,
                           const gable_model_flops *flops);

#endif
