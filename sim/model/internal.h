/* model/internal: what the files of this room share and nobody else includes.
 * Room: model. Uses: base. */
#ifndef GABLE_MODEL_INTERNAL_H
#define GABLE_MODEL_INTERNAL_H
#include "model/describe.h"

/* Checks one layer against the tables of layer.c: required and unused members of its kinds,
 * divisibility. where   node that the message points at */
gable_status gable_layer_check(const gable_layer *layer, const gable_json *where, gable_err *err);

/* True when mixer, feed-forward part and width agree in every member. */
bool gable_layer_equal(const gable_layer *a, const gable_layer *b);

/* Stores equal layers once: sets kinds, n_kinds, kind_of_layer and n_layers of `model`. */
gable_status gable_model_set_layers(gable_arena *arena, gable_model *model,
                                    const gable_layer *layers, int n_layers, gable_err *err);

/* The layer of a multi-token-prediction module. */
gable_layer gable_model_mtp_layer(const gable_model *model);

/* Activations that go with weights of a format when a checkpoint does not say: weight-only formats
 * keep bf16 (facts/models.md 4.18). */
gable_dtype gable_model_natural_activations(gable_dtype weights);

/* Reads our own schema from a parsed file; everything lands in the arena. */
gable_status gable_model_read(gable_arena *arena, const gable_json *root, gable_model *model,
                              gable_err *err);

/* Reads a Hugging Face config; `companion` is hf_quant_config.json or NULL; `stem` names the model.
 */
gable_status gable_hf_read(gable_arena *arena, const gable_json *root, const gable_json *companion,
                           const char *stem, gable_model *model, gable_err *err);

/* Fills `remark` from a list of sentences; grows in place, cut (with "…") at its capacity. */
enum { GABLE_REMARK_CAP = 1500 };
typedef struct gable_remark {
    char text[GABLE_REMARK_CAP];
} gable_remark;
void gable_remark_add(gable_remark *remark, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
