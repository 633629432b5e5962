/* cost/sublayer: a whole attention block of one layer as an operator (cost.h), for tables that time
 * it as one: MLA, and the sparse kinds of attention. Its work is sim/cost/work_sublayer.c, its time
 * form_sublayer.c.
 * Room: cost. Uses: base, machine. Formulas: facts/models.md 4.3, 4.4, 4.7, 4.8. */
#ifndef GABLE_COST_SUBLAYER_H
#define GABLE_COST_SUBLAYER_H
#include <stdbool.h>

#include "base/base.h"
#include "machine/machine.h"

/* Which of the cached tokens the queries of an attention block see
 * (facts/models.md 4.3, 4.4, 4.7, 4.8). */
typedef enum gable_selection {
    GABLE_SELECTION_ALL,        /* MLA: every latent */
    GABLE_SELECTION_TOKENS,     /* DSA: an indexer picks top_k latents */
    GABLE_SELECTION_COMPRESSED, /* CSA: a window, and top_k of the entries that stand for `compress`
                                   tokens each */
    GABLE_SELECTION_COARSE,     /* HCA: a window, and every such entry */
    GABLE_SELECTION_BLOCKS, /* MSA: an indexer picks blocks of together top_k tokens, per group of
                               heads */
    GABLE_SELECTION_WINDOW, /* the window alone (the first layers of V4-Flash) */
} gable_selection;

/* Of an attention block, what one operator does: the parts run one after the other, so their times
 * add up to the block's. */
typedef enum gable_block_part {
    GABLE_BLOCK_WHOLE,       /* as benchmarks time it */
    GABLE_BLOCK_PROJECTIONS, /* down, up, compressors, output; launches of the whole block */
    GABLE_BLOCK_INDEXER,     /* its projections, scores and the choice */
    GABLE_BLOCK_CORE         /* softmax attention over what was chosen */
} gable_block_part;

/* A whole attention block of one layer on one rank, as benchmarks time it: projections, indexer,
 * attention, output. heads, kv_heads, groups are those of the rank; the indexer and the
 * down-projections are replicated. Heads are nope_dim + rope_dim wide for scores and v_dim for
 * values; kv_rank 0: keys and values are cached per head. */
typedef struct gable_sublayer {
    gable_selection selection;
    gable_block_part part;
    gable_dtype kv;
    bool decode; /* runs on the kernels of decode */
    double batch, n_new, n_cached;
    double hidden, heads, kv_heads, q_rank, kv_rank, nope_dim, rope_dim, v_dim;
    double groups, group_rank; /* grouped output projection; 0: one matrix */
    double index_heads, index_dim, top_k, compress, window;
} gable_sublayer;

/* Elements of the weights of the projections that the operator (or the part of it) does. */
double gable_cost_block_weights(const gable_sublayer *sublayer);

/* Kernels of a layer of linear attention (GDN, KDA, Mamba-2). CONV: a causal convolution over the
 * channels, of a prompt or of the next tokens. SCAN: a prompt, in chunks, through the recurrence;
 * UPDATE: a few tokens, one by one. */
typedef enum gable_linear_stage {
    GABLE_LINEAR_CONV,
    GABLE_LINEAR_SCAN,
    GABLE_LINEAR_CONV_UPDATE,
    GABLE_LINEAR_UPDATE
} gable_linear_stage;

/* The recurrence: kernels are built for one of them. NONE: as a named kernel is. */
typedef enum gable_recurrence {
    GABLE_RECURRENCE_NONE,
    GABLE_RECURRENCE_GDN,
    GABLE_RECURRENCE_KDA,
    GABLE_RECURRENCE_MAMBA2
} gable_recurrence;

/* `batch` sequences of `tokens` new tokens each; states of value_heads x key_dim x value_dim in
 * fp32; convolutions over `channels` with `taps` taps. Each new token of an UPDATE leaves a state:
 * drafts may be refused. */
typedef struct gable_linear {
    gable_linear_stage stage;
    gable_recurrence recurrence;
    double batch, tokens, channels, taps, key_heads, key_dim, value_heads, value_dim;
} gable_linear;

/* Manifold-constrained hyper-connections: `streams` residual streams of `hidden`, mixed before
 * (pre) or after a block. */
typedef struct gable_mhc {
    double tokens, hidden, streams;
    bool pre;
} gable_mhc;

/* (rows, columns) of bf16 to 8 bits with a known scale, or (find_scale) the search of the scale
 * alone. */
typedef struct gable_quantize {
    double rows, columns;
    bool find_scale;
} gable_quantize;

/* Parts of an attention block, which run one after the other on different units. */
typedef struct gable_sublayer_work {
    double projection_flops, core_flops, index_flops;
    double expanded_flops; /* the core, when latents are expanded to keys and values first; 0:
                              cannot be */
    double core_bytes, index_bytes, score_bytes;
    double average_keys; /* that a query attends to */
    double keys;         /* that the last query of a sequence attends to */
    double candidates;   /* entries among which the indexer picks for it; 0: nothing to pick */
    gable_mma projection_mma, core_mma, index_mma;
} gable_sublayer_work;

/* A streaming kernel as its thread blocks see it: steps of the longest chain, units of work of all
 * blocks, blocks; and the bytes that it touches, where those that are read and written in place
 * count once. */
typedef struct gable_grid {
    double steps, units, blocks, touched_bytes;
} gable_grid;

#endif
