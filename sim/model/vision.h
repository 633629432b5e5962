/* model/vision: the tower that turns images into tokens of a model.
 * Room: model. Uses: nothing. */
#ifndef GABLE_MODEL_VISION_H
#define GABLE_MODEL_VISION_H
#include <stdbool.h>

/* Encoder of images: patches attend to all patches of their image (or to a neighbourhood), and
 * merge x merge of them become one token of the text model. layers 0: none. */
typedef struct gable_vision {
    int layers, hidden, n_heads;
    int head_dim;          /* 0: hidden / n_heads */
    int width, n_matrices; /* of the feed-forward parts; 2 ungated, 3 gated */
    int patch;             /* pixels on a side */
    int merge;             /* patches on a side that become one token */
    bool pooled;           /* by averaging; else side by side through two matrices */
    /* Generalised neighbourhood attention: patches on a side of the neighbourhood, which moves in
       steps of `stride` (arXiv 2504.16922); window 0: all patches of the image. */
    int window, stride;
} gable_vision;

struct gable_model;

/* Parameters of the vision tower and its projector into the text model, which the counts above
 * leave out; 0 without one. */
double gable_model_vision_params(const struct gable_model *model);

#endif
