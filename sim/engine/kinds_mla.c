/* engine/kinds_mla: see kinds_mla.h. The tables hold rank-local heads and no other sizes: those are
 * of the checkpoints that the collectors ran (facts/models.md 2.3, 2.4, 4.8). */
#include "engine/kinds_mla.h"

#include <string.h>

static const char unknown_format[] = "unknown number format";
static const char zero_size[] = "a size below 1";
static const char unknown_phase[] = "unknown phase, expected context or generation";

/* Width of the heads and latents of all checkpoints in mla_kernel, mla_bmm and mla_module. */
static const double nope = 128.0, rope = 64.0, value = 128.0, rank = 512.0;

static bool is_phase(const char *phase)
{
    return strcmp(phase, "context") == 0 || strcmp(phase, "generation") == 0;
}

/* ---- mla_kernel, mla_bmm ---- */

/* Prefill has keys and values of every head, decode reads the latents for all heads
 * (facts/attention.md 2, 4). */
const char *gable_make_mla_kernel(const gable_cells *cells, gable_op *op)
{
    const char *phase = cells->label[GABLE_MLAK_PHASE];
    bool decode = strcmp(phase, "generation") == 0;
    double heads = cells->number[GABLE_MLAK_HEADS], n_new = cells->number[GABLE_MLAK_NEW];
    double n_all = cells->number[GABLE_MLAK_LEN];
    gable_attention a = {.batch = cells->number[GABLE_MLAK_BATCH],
                         .n_new = n_new,
                         .n_cached = n_all - n_new, /* kv_len counts the new tokens */
                         .heads = heads,
                         .kv_heads = decode ? 1.0 : heads,
                         .qk_dim = decode ? rank + rope : nope + rope,
                         .v_dim = decode ? rank : value,
                         .write_elements = rank + rope,
                         .causal = true};
    gable_dtype ignored;
    if (!is_phase(phase))
        return unknown_phase;
    if (!gable_row_formats(cells->label[GABLE_MLAK_KV], &a.kv, &ignored))
        return unknown_format;
    if (a.batch < 1.0 || heads < 1.0 || n_new < 1.0)
        return zero_size;
    if (n_all < n_new)
        return "fewer tokens in the cache than new ones";
    a.read_elements = decode ? rank + rope : heads * (a.qk_dim + a.v_dim);
    *op = (gable_op){.kind = GABLE_OP_LATENT,
                     .weights = GABLE_DTYPE_BF16,
                     .activations = GABLE_DTYPE_BF16,
                     .attention = a};
    return NULL;
}

const char *gable_make_mla_bmm(const gable_cells *cells, gable_op *op)
{
    const char *which = cells->label[GABLE_BMM_OP];
    bool pre = strcmp(which, "mla_gen_pre") == 0;
    double tokens = cells->number[GABLE_BMM_TOKENS], heads = cells->number[GABLE_BMM_HEADS];
    if (!pre && strcmp(which, "mla_gen_post") != 0)
        return "unknown product, expected mla_gen_pre or mla_gen_post";
    if (!gable_row_formats(cells->label[GABLE_BMM_DTYPE], &op->weights, &op->activations))
        return unknown_format;
    if (tokens < 1.0 || heads < 1.0)
        return zero_size;
    op->kind = GABLE_OP_BATCHED;
    op->gemm =
        (gable_gemm){.m = tokens, .n = pre ? rank : value, .k = pre ? nope : rank, .groups = heads};
    return NULL;
}

/* ---- blocks ---- */

typedef struct block_cells {
    const char *phase, *kv, *gemm;
    double heads, batch, n_new, n_cached;
} block_cells;

static const char *fill_block(const block_cells *c, const gable_sublayer *shape, gable_op *op)
{
    gable_dtype ignored;
    *op = (gable_op){.kind = GABLE_OP_SUBLAYER, .sublayer = *shape};
    gable_sublayer *s = &op->sublayer;
    if (!is_phase(c->phase))
        return unknown_phase;
    if (!gable_row_formats(c->gemm, &op->weights, &op->activations) ||
        !gable_row_formats(c->kv, &s->kv, &ignored))
        return unknown_format;
    if (c->heads < 1.0 || c->batch < 1.0 || c->n_new < 1.0)
        return zero_size;
    /* A prompt of one token runs on the kernels of decode. */
    s->decode = strcmp(c->phase, "generation") == 0 || c->n_new <= 1.0;
    s->heads = c->heads;
    s->batch = c->batch;
    s->n_new = c->n_new;
    s->n_cached = c->n_cached;
    return NULL;
}

const char *gable_make_mla_module(const gable_cells *cells, gable_op *op)
{
    static const gable_sublayer shape = {.selection = GABLE_SELECTION_ALL,
                                         .hidden = 7168,
                                         .q_rank = 1536,
                                         .kv_rank = 512,
                                         .nope_dim = 128,
                                         .rope_dim = 64,
                                         .v_dim = 128};
    block_cells c = {.phase = cells->label[GABLE_MLAM_PHASE],
                     .kv = cells->label[GABLE_MLAM_KV],
                     .gemm = cells->label[GABLE_MLAM_GEMM],
                     .heads = cells->number[GABLE_MLAM_HEADS],
                     .batch = cells->number[GABLE_MLAM_BATCH],
                     .n_new = cells->number[GABLE_MLAM_NEW],
                     .n_cached = cells->number[GABLE_MLAM_PAST]};
    return fill_block(&c, &shape, op);
}

/* Checkpoints by a part of the label that all their variants (other formats, revisions) share. */
static const struct {
    const char *part;
    double n_heads;
    gable_sublayer shape;
} checkpoints[] = {
    {"V3.2",
     128,
     {.selection = GABLE_SELECTION_TOKENS,
      .hidden = 7168,
      .q_rank = 1536,
      .kv_rank = 512,
      .nope_dim = 128,
      .rope_dim = 64,
      .v_dim = 128,
      .index_heads = 64,
      .index_dim = 128,
      .top_k = 2048}},
    {"GLM-5",
     64,
     {.selection = GABLE_SELECTION_TOKENS,
      .hidden = 6144,
      .q_rank = 2048,
      .kv_rank = 512,
      .nope_dim = 192,
      .rope_dim = 64,
      .v_dim = 256,
      .index_heads = 32,
      .index_dim = 128,
      .top_k = 2048}},
    {"V4-Flash",
     64,
     {.selection = GABLE_SELECTION_COMPRESSED,
      .hidden = 4096,
      .q_rank = 1024,
      .nope_dim = 448,
      .rope_dim = 64,
      .v_dim = 512,
      .kv_heads = 1,
      .groups = 8,
      .group_rank = 1024,
      .index_heads = 64,
      .index_dim = 128,
      .top_k = 512,
      .compress = 4,
      .window = 128}},
    {"V4-Pro",
     128,
     {.selection = GABLE_SELECTION_COMPRESSED,
      .hidden = 7168,
      .q_rank = 1536,
      .nope_dim = 448,
      .rope_dim = 64,
      .v_dim = 512,
      .kv_heads = 1,
      .groups = 16,
      .group_rank = 1024,
      .index_heads = 64,
      .index_dim = 128,
      .top_k = 1024,
      .compress = 4,
      .window = 128}},
};

static const char *take_variant(const char *variant, const char *model, double heads,
                                gable_sublayer *out)
{
    static const double coarse = 128.0; /* tokens of a coarse entry */
    for (size_t i = 0; i < sizeof checkpoints / sizeof checkpoints[0]; i++) {
        if (!strstr(model, checkpoints[i].part))
            continue;
        bool tokens = checkpoints[i].shape.selection == GABLE_SELECTION_TOKENS;
        *out = checkpoints[i].shape;
        out->groups *= heads / checkpoints[i].n_heads;
        if (strcmp(variant, "dsa") == 0 && tokens)
            return NULL;
        if (strcmp(variant, "dsv4_csa") == 0 && !tokens)
            return NULL;
        if (strcmp(variant, "dsv4_hca") != 0 || tokens)
            return "a variant that this model does not have";
        out->selection = GABLE_SELECTION_COARSE;
        out->compress = coarse;
        out->index_heads = out->index_dim = out->top_k = 0.0;
        return NULL;
    }
    return "unknown model";
}

const char *gable_make_sparse(const gable_cells *cells, gable_op *op)
{
    block_cells c = {.phase = cells->label[GABLE_SPARSE_PHASE],
                     .kv = cells->label[GABLE_SPARSE_KV],
                     .gemm = cells->label[GABLE_SPARSE_GEMM],
                     .heads = cells->number[GABLE_SPARSE_HEADS],
                     .batch = cells->number[GABLE_SPARSE_BATCH],
                     .n_new = cells->number[GABLE_SPARSE_NEW],
                     .n_cached = cells->number[GABLE_SPARSE_PAST]};
    gable_sublayer shape;
    const char *why = take_variant(cells->label[GABLE_SPARSE_VARIANT],
                                   cells->label[GABLE_SPARSE_MODEL], c.heads, &shape);
    return why ? why : fill_block(&c, &shape, op);
}

const char *gable_make_msa(const gable_cells *cells, gable_op *op)
{
    static const double group = 16.0,
                        budget = 2048.0; /* heads that share keys; tokens of the picked blocks */
    block_cells c = {.phase = cells->label[GABLE_MSA_PHASE],
                     .kv = cells->label[GABLE_MSA_KV],
                     .gemm = cells->label[GABLE_MSA_GEMM],
                     .heads = cells->number[GABLE_MSA_HEADS],
                     .batch = cells->number[GABLE_MSA_BATCH],
                     .n_new = cells->number[GABLE_MSA_NEW],
                     .n_cached = cells->number[GABLE_MSA_PAST]};
    double kv_heads = c.heads > group ? c.heads / group : 1.0;
    gable_sublayer shape = {.selection = GABLE_SELECTION_BLOCKS,
                            .hidden = 6144,
                            .kv_heads = kv_heads,
                            .nope_dim = 64,
                            .rope_dim = 64,
                            .v_dim = 128,
                            .index_heads = kv_heads,
                            .index_dim = 128,
                            .top_k = budget};
    return fill_block(&c, &shape, op);
}
