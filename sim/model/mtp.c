/* model/mtp: a multi-token-prediction module as a model of its own, to draft with. */
#include "model/internal.h"

gable_status gable_model_mtp_module(gable_arena *arena, const gable_model *model,
                                    const gable_model **out, gable_err *err)
{
    gable_model *module;
    gable_layer *layer;
    int *order;

    if (model->n_mtp == 0)
        return gable_fail(err, GABLE_INPUT,
                          "%s has no multi-token-prediction module; draft with another model "
                          "(--draft)",
                          model->name);
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *module, &module, err));
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *layer, &layer, err));
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *order, &order, err));
    *layer = gable_model_mtp_layer(model);
    *module = *model;
    module->mtp_module = true;
    module->n_mtp = 0;
    module->hyper_streams = 0; /* streams are joined before the module */
    module->memory_params = module->memory_row_elements = 0.0;
    module->kinds = layer;
    module->n_kinds = module->n_layers = 1;
    module->kind_of_layer = order; /* the arena gives zeroed memory: layer 0 */
    *out = module;
    return GABLE_OK;
}
