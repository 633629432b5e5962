/* layout: rows of a vision tower: patches of an image attend to one another, both ways, before
 * merged patches enter the text model as tokens. Towers are bf16 in all published checkpoints.
 * Heads are split over the ranks where they divide; else every rank encodes for itself. */
#include <math.h>

#include "layout/rows.h"

/* Patches on a side of the tiles that a kernel of neighbourhood attention works on: 8 x 16 of
 * them are 128 queries, or keys. */
static const double tile_rows = 8.0, tile_columns = 16.0;

gable_image gable_layout_image(const gable_vision *v, const gable_scenario *s)
{
    double side = (double)v->patch * v->merge;
    gable_image image = {.rows = ceil(s->image_height / side) * v->merge,
                         .columns = ceil(s->image_width / side) * v->merge};
    image.patches = image.rows * image.columns;
    image.tokens = image.patches / ((double)v->merge * v->merge);
    return image;
}

gable_status gable_layout_check_vision(const gable_model *model, const gable_scenario *s,
                                       gable_err *err)
{
    if (!(s->images > 0.0))
        return GABLE_OK;
    if (model->vision.layers == 0)
        return gable_fail(err, GABLE_INPUT, "--images: %s has no vision tower", model->name);
    if (s->phase != GABLE_PHASE_PREFILL)
        return gable_fail(err, GABLE_INPUT, "--images are encoded in prefill, not in decode");
    if (!(s->image_width >= 1.0 && s->image_height >= 1.0 && s->image_width <= 65536.0 &&
          s->image_height <= 65536.0 && s->images <= 65536.0))
        return gable_fail(err, GABLE_INPUT, "--images %g of %gx%g pixels is out of range",
                          s->images, s->image_width, s->image_height);
    gable_image image = gable_layout_image(&model->vision, s);
    if (s->images * image.tokens > s->n_new)
        return gable_fail(
            err, GABLE_INPUT, "--new-tokens %g: %g images of %gx%g pixels are %g tokens already",
            s->n_new, s->images, s->image_width, s->image_height, s->images * image.tokens);
    return GABLE_OK;
}

/* Keys that a tile of queries covers on one side: whole tiles of the neighbourhoods of its first
 * and last query (facts/models.md 4.6). */
static double covered(double side, double window, double stride, double tile)
{
    double span = window + (tile > stride ? tile - stride : 0.0);
    double whole = ceil(span / tile) * tile;
    return whole < side ? whole : side;
}

double gable_layout_neighbourhood(const gable_vision *v, const gable_image *image)
{
    if (v->window == 0)
        return 0.0;
    return covered(image->rows, v->window, v->stride, tile_rows) *
           covered(image->columns, v->window, v->stride, tile_columns);
}

static void product(gable_laying *l, const char *name, double m, double n, double k)
{
    gable_op op = {.kind = GABLE_OP_GEMM,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .gemm = {m, n, k, 1.0}};
    gable_rows_op(l, name, &op, n * k * gable_dtype_bytes(GABLE_DTYPE_BF16));
}

typedef struct tower {
    const gable_vision *v;
    gable_image image;
    double n_images, patches; /* of the batch */
    double heads, head_dim, width;
    bool split;
} tower;

static tower tower_of(const gable_laying *l)
{
    const gable_vision *v = &l->model->vision;
    const gable_scenario *s = &l->plan->local;
    tower t = {.v = v, .image = gable_layout_image(v, s), .n_images = s->batch * s->images};
    t.split = v->n_heads % s->tp == 0 && v->width % s->tp == 0;
    double ranks = t.split ? s->tp : 1.0;
    t.patches = t.n_images * t.image.patches;
    t.head_dim = v->head_dim > 0 ? v->head_dim : v->hidden / (double)v->n_heads;
    t.heads = v->n_heads / ranks;
    t.width = v->width / ranks;
    return t;
}

static void attend(gable_laying *l, const tower *t)
{
    double q = t->heads * t->head_dim, h = t->v->hidden;
    gable_op op = {.kind = GABLE_OP_ATTENTION,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .attention = {.batch = t->n_images,
                                 .n_new = t->image.patches,
                                 .heads = t->heads,
                                 .kv_heads = t->heads,
                                 .qk_dim = t->head_dim,
                                 .v_dim = t->head_dim,
                                 .window = gable_layout_neighbourhood(t->v, &t->image),
                                 .read_elements = 2.0 * q,
                                 .kv = GABLE_DTYPE_BF16}};
    gable_rows_stream(l, "vision_norm", h, h, 5.0 * h, h);
    product(l, "vision_qkv", t->patches, 3.0 * q, h);
    gable_rows_op(l, "vision_attention", &op, 0.0);
    product(l, "vision_o_proj", t->patches, h, q);
}

static void feed(gable_laying *l, const tower *t)
{
    double h = t->v->hidden, ups = t->v->n_matrices - 1.0;
    gable_rows_stream(l, "vision_norm", h, h, 5.0 * h, h);
    product(l, "vision_up", t->patches, ups * t->width, h);
    gable_rows_stream(l, "vision_activation", ups * t->width, t->width, 6.0 * t->width, 0.0);
    product(l, "vision_down", t->patches, h, t->width);
}

static void project(gable_laying *l, const tower *t)
{
    double merged = t->v->hidden * (double)t->v->merge * t->v->merge, d = l->model->hidden;
    double tokens = t->n_images * t->image.tokens;
    if (!t->v->pooled)
        product(l, "vision_merge", tokens, merged, merged);
    product(l, "vision_proj", tokens, d, t->v->pooled ? t->v->hidden : merged);
}

void gable_layout_vision(gable_laying *l)
{
    if (!(l->plan->local.images > 0.0))
        return;
    tower t = tower_of(l);
    gable_layer layer = {.count = t.v->layers, .hidden = t.v->hidden};
    double text_tokens = l->tokens, elements = t.patches * t.v->hidden;
    product(l, "vision_patches", t.patches, t.v->hidden, 3.0 * t.v->patch * t.v->patch);
    double stage_frac = l->stage_frac;
    l->layer = &layer;
    l->stage_frac = 1.0;
    l->tokens = t.patches;
    attend(l, &t);
    if (t.split)
        gable_rows_collective(l, "vision_all_reduce", GABLE_COLLECTIVE_ALL_REDUCE, elements);
    feed(l, &t);
    if (t.split)
        gable_rows_collective(l, "vision_all_reduce", GABLE_COLLECTIVE_ALL_REDUCE, elements);
    l->layer = NULL;
    l->stage_frac = stage_frac;
    l->tokens = text_tokens;
    project(l, &t);
}
