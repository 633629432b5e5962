/* layout: rows of sparse attention (facts/models.md 4.4, 4.5, 4.7, 4.8): projections, indexer and
 * attention are parts of one block, whose constants were fitted to the whole (cost/sublayer.h).
 * Down-projections, compressors, latents and the indexer are replicated on every rank; heads are
 * split. */
#include "layout/rows.h"

#include <math.h>

static double max2(double a, double b)
{
    return a > b ? a : b;
}

static const struct {
    gable_selection selection;
    const char *core;
} kinds[GABLE_N_MIXERS] = {
    [GABLE_MIXER_DSA] = {GABLE_SELECTION_TOKENS, "dsa_attention"},
    [GABLE_MIXER_CSA] = {GABLE_SELECTION_COMPRESSED, "csa_attention"},
    [GABLE_MIXER_HCA] = {GABLE_SELECTION_COARSE, "hca_attention"},
    [GABLE_MIXER_MSA] = {GABLE_SELECTION_BLOCKS, "msa_attention"},
};

static gable_selection selection_of(const gable_mixer *m)
{
    bool window_alone = m->kind == GABLE_MIXER_HCA && m->compress_ratio == 0;
    return window_alone ? GABLE_SELECTION_WINDOW : kinds[m->kind].selection;
}

static bool is_v4(const gable_mixer *m)
{
    return m->kind == GABLE_MIXER_CSA || m->kind == GABLE_MIXER_HCA;
}

/* A few new tokens on a cache run on the kernels of decode, as in cost/work.c. */
static bool runs_decode(const gable_scenario *s)
{
    return s->n_cached > 0.0 && s->n_new <= 8.0;
}

/* Ranks that hold the entries which an indexer chooses among, each its part of the chosen. */
static double chosen_from(const gable_laying *l)
{
    return l->plan->local.phase == GABLE_PHASE_DECODE ? l->plan->ranks.cp : 1.0;
}

static gable_sublayer block_of(const gable_laying *l)
{
    const gable_mixer *m = &l->layer->mixer;
    const gable_scenario *s = &l->plan->local;
    gable_sublayer b = {.selection = selection_of(m),
                        .kv = l->model->kv_dtype,
                        .decode = runs_decode(s),
                        .batch = s->batch,
                        .n_new = s->n_new,
                        .n_cached = s->n_cached,
                        .hidden = l->layer->hidden,
                        .heads = m->n_heads / l->tp,
                        .q_rank = m->q_rank,
                        .kv_rank = m->kv_rank,
                        .nope_dim = m->nope_dim,
                        .rope_dim = m->rope_dim,
                        .v_dim = m->v_head_dim,
                        .index_heads = m->index_heads,
                        .index_dim = m->index_dim,
                        .top_k = ceil(m->index_topk / chosen_from(l)),
                        .compress = m->compress_ratio,
                        .window = m->window};
    if (is_v4(m)) {
        b.kv_heads = 1.0;
        b.nope_dim = m->head_dim - m->rope_dim;
        b.v_dim = m->head_dim;
        b.groups = max2(m->out_groups / l->tp, 1.0);
        b.group_rank = m->out_rank;
    }
    if (m->kind == GABLE_MIXER_MSA) { /* an index query per group of heads */
        b.kv_heads = max2(m->n_kv_heads / l->tp, 1.0);
        b.index_heads = max2(m->index_heads / l->tp, 1.0);
        b.nope_dim = m->head_dim;
        b.rope_dim = 0.0;
        b.v_dim = m->v_head_dim > 0 ? m->v_head_dim : m->head_dim;
        b.top_k = ceil(m->index_topk / chosen_from(l)) * max2(m->index_block, 1.0);
    }
    return b;
}

static void part(gable_laying *l, const char *name, const gable_sublayer *block,
                 gable_block_part which, gable_module module)
{
    const gable_module_dtypes *dtypes = &l->model->dtypes[module];
    gable_op op = {.kind = GABLE_OP_SUBLAYER,
                   .weights = dtypes->weights,
                   .activations = dtypes->activations,
                   .sublayer = *block};
    op.sublayer.part = which;
    double elements = gable_cost_block_weights(&op.sublayer);
    gable_rows_op(l, name, &op, elements * gable_dtype_bytes(dtypes->weights));
}

/* Compressors keep in fp32 what they have seen and not yet emitted: two streams over one block, in
 * csa (whose blocks overlap) over two, and the indexer's own (facts/models.md 4.7). */
static double compressor_bytes(const gable_mixer *m)
{
    double fp32 = gable_dtype_bytes(GABLE_DTYPE_FP32), ratio = m->compress_ratio;
    if (m->kind == GABLE_MIXER_HCA)
        return 2.0 * ratio * m->head_dim * fp32;
    return 4.0 * ratio * (m->head_dim + m->index_dim) * fp32;
}

static void keep(gable_laying *l, const gable_sublayer *b)
{
    const gable_mixer *m = &l->layer->mixer;
    double kv = gable_dtype_bytes(l->model->kv_dtype);
    double index = m->index_shared ? 0.0 : m->index_dim * gable_dtype_bytes(l->model->index_dtype);
    if (m->kind == GABLE_MIXER_DSA)
        gable_rows_keep(l, (b->kv_rank + b->rope_dim) * kv + index, 0.0);
    if (m->kind == GABLE_MIXER_MSA)
        gable_rows_keep(l, b->kv_heads * (b->nope_dim + b->v_dim) * kv + index, 0.0);
    if (!is_v4(m))
        return;
    gable_rows_keep(l, m->head_dim * kv, m->window);
    if (m->compress_ratio == 0)
        return;
    gable_rows_keep(l, (m->head_dim * kv + index) / m->compress_ratio, 0.0);
    gable_rows_keep_state(l, compressor_bytes(m));
}

void gable_layout_sparse(gable_laying *l)
{
    const gable_mixer *m = &l->layer->mixer;
    gable_sublayer block = block_of(l);
    gable_rows_norm(l, "attention_norm");
    part(l, "attention_proj", &block, GABLE_BLOCK_PROJECTIONS, GABLE_MODULE_ATTENTION);
    if (m->index_heads > 0 && !m->index_shared)
        part(l, "indexer", &block, GABLE_BLOCK_INDEXER, GABLE_MODULE_INDEXER);
    part(l, kinds[m->kind].core, &block, GABLE_BLOCK_CORE, GABLE_MODULE_ATTENTION);
    keep(l, &block);
    gable_rows_context_join(l, block.heads * (block.v_dim + 1.0));
    gable_rows_collective(l, "attention_all_reduce", GABLE_COLLECTIVE_ALL_REDUCE,
                          l->tokens * l->layer->hidden);
}
