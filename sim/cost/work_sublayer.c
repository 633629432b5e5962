/* cost: what a whole attention block does (facts/models.md 4.3, 4.4, 4.7, 4.8): projections,
 * indexer, attention. */
#include <math.h>

#include "cost/forms.h"

static double min2(double a, double b)
{
    return a < b ? a : b;
}

static double max2(double a, double b)
{
    return a > b ? a : b;
}

/* Sum over the new tokens of the compressed entries that each one sees, floor(t / m) approximated
 * by its mean (t - (m - 1) / 2) / m, at most `cap` of them (0: all). */
static double compressed_pairs(double n_cached, double n_new, double m, double cap)
{
    double first = max2((n_cached + 1.0 - (m - 1.0) / 2.0) / m, 0.0);
    double last = max2((n_cached + n_new - (m - 1.0) / 2.0) / m, 0.0);
    if (cap <= 0.0 || last <= cap)
        return n_new * (first + last) / 2.0;
    if (first >= cap)
        return n_new * cap;
    double growing = n_new * (cap - first) / (last - first);
    return growing * (first + cap) / 2.0 + (n_new - growing) * cap;
}

/* DeepSeek-V4: one latent per token is key and value of all heads, and a window is always seen. */
static bool shares_latent(const gable_sublayer *s)
{
    return s->selection == GABLE_SELECTION_COMPRESSED || s->selection == GABLE_SELECTION_COARSE ||
           s->selection == GABLE_SELECTION_WINDOW;
}

/* What the query heads come from. */
static double query_source(const gable_sublayer *s)
{
    return s->q_rank > 0.0 ? s->q_rank : s->hidden;
}

/* Streams of a compressor, values and gates: twice two where blocks overlap (4.7). */
static double compressor_streams(const gable_sublayer *s)
{
    if (s->compress <= 0.0)
        return 0.0;
    return s->selection == GABLE_SELECTION_COMPRESSED ? 4.0 : 2.0;
}

/* Weights of the projections, elements: down, up, output, compressors. */
static double projection_weights(const gable_sublayer *s)
{
    double d = s->hidden, h = s->heads, wide = s->nope_dim + s->rope_dim;
    double n = (s->q_rank > 0.0 ? d * s->q_rank : 0.0) + query_source(s) * h * wide;
    if (shares_latent(s))
        return n + d * wide * (1.0 + compressor_streams(s)) + h * wide * s->group_rank +
               s->groups * s->group_rank * d;
    if (s->kv_rank > 0.0)
        n += d * (s->kv_rank + s->rope_dim) + s->kv_rank * h * (s->nope_dim + s->v_dim);
    else
        n += d * s->kv_heads * (wide + s->v_dim);
    return n + h * s->v_dim * d;
}

/* Of the indexer: its queries, keys (or their compressor), and the weights of its heads. */
static double index_weights(const gable_sublayer *s)
{
    double d = s->hidden, index = query_source(s) * s->index_heads * s->index_dim;
    switch (s->selection) {
    case GABLE_SELECTION_COMPRESSED:
        return index + d * (compressor_streams(s) * s->index_dim + s->index_heads);
    case GABLE_SELECTION_TOKENS:
        return index + d * s->index_dim + d * s->index_heads;
    case GABLE_SELECTION_BLOCKS:
        return index + d * s->index_dim;
    case GABLE_SELECTION_ALL:
    case GABLE_SELECTION_COARSE:
    case GABLE_SELECTION_WINDOW:
        break;
    }
    return 0.0;
}

/* Elements of the weights that the operator holds; the indexer's are those of a part of its own. */
double gable_cost_block_weights(const gable_sublayer *s)
{
    switch (s->part) {
    case GABLE_BLOCK_PROJECTIONS:
        return projection_weights(s);
    case GABLE_BLOCK_INDEXER:
        return index_weights(s);
    case GABLE_BLOCK_CORE:
        return 0.0;
    case GABLE_BLOCK_WHOLE:
        break;
    }
    return projection_weights(s) + index_weights(s);
}

/* Bytes of a cached entry: an 8-bit latent keeps its rotated part in bf16 beside scales
 * (facts/models.md 3). */
static double entry_bytes(const gable_sublayer *s)
{
    double bytes = gable_dtype_bytes(s->kv);
    bool narrow = bytes < 2.0;
    if (shares_latent(s))
        return 584.0;
    if (s->kv_rank <= 0.0)
        return s->kv_heads * (s->nope_dim + s->rope_dim + s->v_dim) * bytes;
    if (narrow && s->selection == GABLE_SELECTION_TOKENS)
        return 656.0;
    return (s->kv_rank + s->rope_dim) * bytes;
}

/* Pairs of the attention itself, and the entries that the last query of a sequence sees. */
static double core_pairs(const gable_sublayer *s, double *keys)
{
    double n = s->n_cached + s->n_new, pairs;
    if (s->selection == GABLE_SELECTION_WINDOW) {
        *keys = min2(n, s->window);
        return gable_cost_pairs(s->n_cached, s->n_new, s->window, true);
    }
    if (shares_latent(s)) {
        double cap = s->selection == GABLE_SELECTION_COMPRESSED ? s->top_k : 0.0;
        double entries = gable_form_floor(n / s->compress);
        *keys = min2(n, s->window) + (cap > 0.0 ? min2(entries, cap) : entries);
        return gable_cost_pairs(s->n_cached, s->n_new, s->window, true) +
               compressed_pairs(s->n_cached, s->n_new, s->compress, cap);
    }
    *keys = s->top_k > 0.0 ? min2(n, s->top_k) : n;
    pairs = gable_cost_pairs(s->n_cached, s->n_new, s->top_k, true);
    return pairs;
}

/* Scores of the indexer: every query with every key (or compressed key) so far; keys are read once
 * a sequence. */
static void add_index(const gable_sublayer *s, gable_sublayer_work *p)
{
    double n = s->n_cached + s->n_new, scores = 0.0, key_bytes = 0.0;
    switch (s->selection) {
    case GABLE_SELECTION_TOKENS:
        scores = gable_cost_pairs(s->n_cached, s->n_new, 0.0, true);
        key_bytes = s->index_dim + 4.0; /* 8 bits and one scale */
        break;
    case GABLE_SELECTION_COMPRESSED:
        n = gable_form_floor(n / s->compress);
        scores = compressed_pairs(s->n_cached, s->n_new, s->compress, 0.0);
        key_bytes = s->index_dim / 2.0 + 4.0; /* 4 bits and scales */
        break;
    case GABLE_SELECTION_BLOCKS:
        scores = gable_cost_pairs(s->n_cached, s->n_new, 0.0, true);
        key_bytes =
            s->index_dim * gable_dtype_bytes(GABLE_DTYPE_BF16); /* whatever the cache holds */
        break;
    case GABLE_SELECTION_ALL:
    case GABLE_SELECTION_COARSE:
    case GABLE_SELECTION_WINDOW:
        return;
    }
    if (n <= s->top_k) /* nothing to choose: the indexer is skipped */
        scores = 0.0;
    p->candidates = n > s->top_k ? n : 0.0;
    p->index_flops = 2.0 * s->index_heads * s->index_dim * s->batch * scores;
    p->index_bytes = scores > 0.0 ? s->batch * n * key_bytes : 0.0;
    p->score_bytes = 8.0 * s->batch * scores; /* fp32, written and read */
}

static gable_family family_of(const gable_sublayer *s)
{
    static const gable_family context[] = {
        [GABLE_SELECTION_ALL] = GABLE_FAMILY_MLA_CONTEXT,
        [GABLE_SELECTION_TOKENS] = GABLE_FAMILY_DSA_CONTEXT,
        [GABLE_SELECTION_COMPRESSED] = GABLE_FAMILY_CSA_CONTEXT,
        [GABLE_SELECTION_COARSE] = GABLE_FAMILY_HCA_CONTEXT,
        [GABLE_SELECTION_BLOCKS] = GABLE_FAMILY_MSA_CONTEXT,
        [GABLE_SELECTION_WINDOW] = GABLE_FAMILY_HCA_CONTEXT,
    };
    static const gable_family generation[] = {
        [GABLE_SELECTION_ALL] = GABLE_FAMILY_MLA_GENERATION,
        [GABLE_SELECTION_TOKENS] = GABLE_FAMILY_DSA_GENERATION,
        [GABLE_SELECTION_COMPRESSED] = GABLE_FAMILY_CSA_GENERATION,
        [GABLE_SELECTION_COARSE] = GABLE_FAMILY_HCA_GENERATION,
        [GABLE_SELECTION_BLOCKS] = GABLE_FAMILY_MSA_GENERATION,
        [GABLE_SELECTION_WINDOW] = GABLE_FAMILY_HCA_GENERATION,
    };
    return s->decode ? generation[s->selection] : context[s->selection];
}

/* The attention itself, latents absorbed or (when that can be) expanded first. */
static void add_core(const gable_sublayer *s, gable_sublayer_work *p)
{
    double keys, pairs = core_pairs(s, &keys), n = s->n_cached + s->n_new;
    double wide = s->nope_dim + s->rope_dim;
    double width = s->kv_rank > 0.0 ? 2.0 * s->kv_rank + s->rope_dim : wide + s->v_dim;
    /* Sparse queries may each pick other entries, but together no more than there are. */
    double visited = s->compress > 0.0 ? keys + s->n_new / s->compress : min2(n, keys + s->n_new);
    p->keys = keys;
    p->average_keys = pairs / s->n_new;
    p->core_flops = 2.0 * s->batch * s->heads * width * pairs;
    p->core_bytes = s->batch * visited * entry_bytes(s);
    if (s->kv_rank > 0.0)
        p->expanded_flops =
            2.0 * s->batch * s->heads *
            ((wide + s->v_dim) * gable_cost_pairs(s->n_cached, s->n_new, 0.0, true) +
             s->n_cached * s->kv_rank * (s->nope_dim + s->v_dim));
}

static bool includes(const gable_sublayer *s, gable_block_part part)
{
    return s->part == GABLE_BLOCK_WHOLE || s->part == part;
}

/* In and out of the block, and between the projections: queries, latents, heads' outputs. */
static void add_streams(const gable_sublayer *s, gable_work *out)
{
    double tokens = s->batch * s->n_new, wide = s->nope_dim + s->rope_dim;
    out->activation_bytes = 2.0 * tokens * (2.0 * s->hidden);
    out->spill_bytes =
        2.0 * tokens * (2.0 * (s->q_rank + s->kv_rank) + 2.0 * s->heads * (wide + s->v_dim));
}

void gable_work_sublayer(const gable_op *op, gable_work *out)
{
    const gable_sublayer *s = &op->sublayer;
    gable_sublayer_work *p = &out->parts;
    double weights = gable_cost_block_weights(s);
    *p = (gable_sublayer_work){0};
    p->projection_mma = gable_dtype_mma(op->weights, op->activations);
    p->core_mma = gable_dtype_bytes(s->kv) < 2.0 ? GABLE_MMA_FP8 : GABLE_MMA_BF16;
    p->index_mma = s->selection == GABLE_SELECTION_BLOCKS ? GABLE_MMA_BF16 : GABLE_MMA_FP8;
    p->projection_flops = 2.0 * s->batch * s->n_new * weights;
    if (includes(s, GABLE_BLOCK_PROJECTIONS))
        add_streams(s, out);
    if (includes(s, GABLE_BLOCK_CORE))
        add_core(s, p);
    if (includes(s, GABLE_BLOCK_INDEXER))
        add_index(s, p);
    out->flops = p->projection_flops + p->core_flops + p->index_flops;
    out->weight_bytes = weights * gable_dtype_bytes(op->weights);
    out->spill_bytes += p->score_bytes;
    out->cache_bytes = p->core_bytes + p->index_bytes;
    out->mma = GABLE_MMA_BF16;
    out->dtype = GABLE_DTYPE_BF16;
    out->family = family_of(s);
}
