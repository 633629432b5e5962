/* layout: rows of the mixers. Shapes are those of one tensor-parallel rank: heads are split, and
 * key/value heads are replicated once there are more ranks than heads; latent caches are never
 * split (facts/models.md 0, 4.1-4.3). */
#include "layout/rows.h"

static double max2(double a, double b)
{
    return a > b ? a : b;
}

static double value_dim(const gable_mixer *m)
{
    return m->v_head_dim > 0 ? m->v_head_dim : m->head_dim;
}

void gable_layout_gqa(gable_laying *l)
{
    const gable_mixer *m = &l->layer->mixer;
    const gable_scenario *s = &l->plan->local;
    double d = l->layer->hidden, dv = value_dim(m), dk = m->head_dim;
    double heads = m->n_heads / l->tp, kv_heads = max2(m->n_kv_heads / l->tp, 1.0);
    double entry = kv_heads * (dk + dv);
    double q = heads * dk, gate = m->gated ? heads * dv : 0.0;
    double kv = kv_heads * (m->k_eq_v ? dk : dk + dv);
    gable_rows_norm(l, "attention_norm");
    gable_rows_gemm(l, "qkv_proj", GABLE_MODULE_ATTENTION, l->tokens, q + gate + kv, d, 1.0);
    if (m->qk_norm)
        gable_rows_stream(l, "qk_norm", q + kv_heads * dk, q + kv_heads * dk,
                          5.0 * (q + kv_heads * dk), 2.0 * dk);
    /* Positions are rotated inside the attention kernel: no bytes of their own. */
    gable_op op = {.kind = GABLE_OP_ATTENTION,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .attention = {.batch = s->batch,
                                 .n_new = s->n_new,
                                 .n_cached = s->n_cached,
                                 .heads = heads,
                                 .kv_heads = kv_heads,
                                 .qk_dim = dk,
                                 .v_dim = dv,
                                 .window = m->window,
                                 .read_elements = entry,
                                 .write_elements = entry,
                                 .causal = true,
                                 .kv = l->model->kv_dtype}};
    gable_rows_op(l, m->window > 0 ? "attention_window" : "attention", &op, 0.0);
    gable_rows_keep(l, entry * gable_dtype_bytes(l->model->kv_dtype), m->window);
    gable_rows_context_join(l, heads * (dv + 1.0));
    if (m->gated)
        gable_rows_stream(l, "attention_gate", 2.0 * gate, gate, 4.0 * gate, 0.0);
    gable_rows_gemm(l, "o_proj", GABLE_MODULE_ATTENTION, l->tokens, d, heads * dv, 1.0);
    gable_rows_collective(l, "attention_all_reduce", GABLE_COLLECTIVE_ALL_REDUCE, l->tokens * d);
}

bool gable_layout_mla_absorbs(const gable_mixer *m, const gable_scenario *s)
{
    double n = s->n_cached + s->n_new, rank = m->kv_rank;
    double pairs = gable_cost_pairs(s->n_cached, s->n_new, 0.0, true);
    double dn = m->nope_dim, dr = m->rope_dim, dv = m->v_head_dim;
    double expanded = 2.0 * n * rank * (dn + dv) + 2.0 * (dn + dr + dv) * pairs;
    double absorbed = 2.0 * s->n_new * rank * (dn + dv) + 2.0 * (2.0 * rank + dr) * pairs;
    return absorbed < expanded;
}

/* Latents of the whole context become keys and values of every head; what the GEMM writes,
 * attention reads. */
static void mla_expanded(gable_laying *l, gable_op *op, double heads)
{
    const gable_mixer *m = &l->layer->mixer;
    const gable_scenario *s = &l->plan->local;
    gable_attention *a = &op->attention;
    double context_tokens = s->batch * (s->n_cached + s->n_new);
    gable_rows_gemm(l, "kv_b_proj", GABLE_MODULE_ATTENTION, context_tokens,
                    heads * (m->nope_dim + m->v_head_dim), m->kv_rank, 1.0);
    a->kv_heads = heads;
    a->qk_dim = m->nope_dim + m->rope_dim;
    a->v_dim = m->v_head_dim;
    a->read_elements = heads * (a->qk_dim + a->v_dim);
    a->kv = GABLE_DTYPE_BF16;
    gable_rows_op(l, "mla_expanded", op, 0.0);
}

/* The up-projections move to the query and the output, and every head reads the latents themselves.
 */
static void mla_absorbed(gable_laying *l, gable_op *op, double heads)
{
    const gable_mixer *m = &l->layer->mixer;
    gable_attention *a = &op->attention;
    gable_rows_gemm(l, "q_absorb", GABLE_MODULE_ATTENTION, l->tokens, m->kv_rank, m->nope_dim,
                    heads);
    a->kv_heads = 1.0;
    a->qk_dim = m->kv_rank + m->rope_dim;
    a->v_dim = m->kv_rank;
    a->read_elements = m->kv_rank + m->rope_dim;
    a->kv = l->model->kv_dtype;
    gable_rows_op(l, "mla_absorbed", op, 0.0);
    gable_rows_gemm(l, "v_absorb", GABLE_MODULE_ATTENTION, l->tokens, m->v_head_dim, m->kv_rank,
                    heads);
}

static void mla_queries(gable_laying *l, double heads)
{
    const gable_mixer *m = &l->layer->mixer;
    double d = l->layer->hidden, q = heads * (m->nope_dim + m->rope_dim);
    double latent = m->kv_rank + m->rope_dim;
    if (m->q_rank > 0) {
        gable_rows_gemm(l, "qkv_a_proj", GABLE_MODULE_ATTENTION, l->tokens, m->q_rank + latent, d,
                        1.0);
        double normed = m->q_rank + m->kv_rank;
        gable_rows_stream(l, "qkv_a_norm", normed, normed, 5.0 * normed, normed);
        gable_rows_gemm(l, "q_b_proj", GABLE_MODULE_ATTENTION, l->tokens, q, m->q_rank, 1.0);
    } else {
        gable_rows_gemm(l, "qkv_a_proj", GABLE_MODULE_ATTENTION, l->tokens, q + latent, d, 1.0);
        gable_rows_stream(l, "kv_a_norm", m->kv_rank, m->kv_rank, 5.0 * m->kv_rank, m->kv_rank);
    }
}

void gable_layout_mla(gable_laying *l)
{
    const gable_mixer *m = &l->layer->mixer;
    const gable_scenario *s = &l->plan->local;
    double d = l->layer->hidden, heads = m->n_heads / l->tp, latent = m->kv_rank + m->rope_dim;
    gable_op op = {.kind = GABLE_OP_LATENT,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .attention = {.batch = s->batch,
                                 .n_new = s->n_new,
                                 .n_cached = s->n_cached,
                                 .heads = heads,
                                 .write_elements = latent,
                                 .causal = true}};
    gable_rows_norm(l, "attention_norm");
    mla_queries(l, heads);
    if (gable_layout_mla_absorbs(m, s))
        mla_absorbed(l, &op, heads);
    else
        mla_expanded(l, &op, heads);
    gable_rows_keep(l, latent * gable_dtype_bytes(l->model->kv_dtype), 0.0);
    gable_rows_context_join(l, heads * (m->v_head_dim + 1.0));
    if (m->gated) {
        double gate = heads * m->v_head_dim;
        gable_rows_gemm(l, "gate_proj", GABLE_MODULE_ATTENTION, l->tokens, gate, d, 1.0);
        gable_rows_stream(l, "attention_gate", 2.0 * gate, gate, 4.0 * gate, 0.0);
    }
    gable_rows_gemm(l, "o_proj", GABLE_MODULE_ATTENTION, l->tokens, d, heads * m->v_head_dim, 1.0);
    gable_rows_collective(l, "attention_all_reduce", GABLE_COLLECTIVE_ALL_REDUCE, l->tokens * d);
}

void gable_layout_linear_mixer(gable_laying *l)
{
    double d = l->layer->hidden;
    gable_rows_norm(l, "attention_norm");
    gable_rows_gemm(l, "linear_mixer", GABLE_MODULE_ATTENTION, l->tokens, d / l->tp, d, 1.0);
    gable_rows_collective(l, "linear_mixer_all_gather", GABLE_COLLECTIVE_ALL_GATHER, l->tokens * d);
}
