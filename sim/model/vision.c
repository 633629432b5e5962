/* model/vision: parameters of a vision tower. */
#include "model/internal.h"

double gable_model_vision_params(const gable_model *model)
{
    const gable_vision *v = &model->vision;
    double h = v->hidden, merged = (double)v->merge * v->merge * h;
    double heads = (double)v->n_heads * (v->head_dim > 0 ? v->head_dim : h / v->n_heads);
    if (v->layers == 0)
        return 0.0;
    double layer = 4.0 * h * heads + v->n_matrices * h * v->width + 2.0 * h;
    double projector = v->pooled ? h * model->hidden : merged * merged + merged * model->hidden;
    return v->layers * layer + 3.0 * v->patch * v->patch * h + projector;
}
