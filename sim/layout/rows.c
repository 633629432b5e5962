/* layout/rows: see rows.h. */
#include "layout/rows.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const double bf16_bytes = 2.0;

static bool same_base_name(const char *row_name, const char *name)
{
    size_t n = strlen(name);
    return strncmp(row_name, name, n) == 0 && (row_name[n] == '\0' || row_name[n] == '.');
}

/* Names are unique in a plan, so that reports, checks and diffs can refer to them: the second shape
 * of an operator is "qkv_proj.2". */
static const char *unique_name(gable_laying *l, const char *name)
{
    char numbered[64];
    int same = 1;
    for (int i = 0; i < l->plan->n_rows; i++)
        same += same_base_name(l->plan->name[i], name);
    if (same == 1)
        return name;
    snprintf(numbered, sizeof numbered, "%.48s.%d", name, same);
    return gable_arena_copy(l->arena, numbered, strlen(numbered));
}

/* Layers of the run on one stage, and calls of a rank in the step. */
static int stage_layers(const gable_laying *l)
{
    return l->layer ? (int)ceil(l->layer->count * l->stage_frac) : 0;
}

static double stage_calls(const gable_laying *l)
{
    double passes = l->plan->passes;
    return l->layer ? gable_layer_calls(l->layer) * l->stage_frac * passes : passes;
}

/* Halves that take turns: one computes while the other exchanges. */
static void place(gable_laying *l, int row)
{
    gable_plan *plan = l->plan;
    bool exchanges = plan->kind[row] == GABLE_ROW_COLLECTIVE, turns = l->turns && l->layer;
    plan->group[row] = turns ? GABLE_GROUP_LAYERS : l->group;
    plan->lane[row] = !turns ? l->lane : exchanges ? GABLE_LANE_NETWORK : GABLE_LANE_DEVICE;
    plan->overlaps |= plan->group[row] != GABLE_GROUP_NONE;
}

/* Index of a fresh row, or -1 when the plan is full or an error stands. */
static int new_row(gable_laying *l, const char *name, gable_row_kind kind)
{
    gable_plan *plan = l->plan;
    if (l->err->status != GABLE_OK)
        return -1;
    if (plan->n_rows == plan->rows_cap) {
        gable_fail(l->err, GABLE_INPUT, "%s: more than %d distinct operators", l->model->path,
                   plan->rows_cap);
        return -1;
    }
    int row = plan->n_rows;
    plan->name[row] = unique_name(l, name);
    if (!plan->name[row]) {
        gable_fail(l->err, GABLE_INTERNAL, "arena full");
        return -1;
    }
    plan->n_rows++;
    plan->kind[row] = kind;
    plan->layers[row] = stage_layers(l);
    plan->calls[row] = stage_calls(l);
    place(l, row);
    return row;
}

/* Work decides the price, so equal work under one name is one row, however many runs of layers it
 * is in. */
static bool same_work(const gable_work *a, const gable_work *b)
{
    return a->flops == b->flops && a->weight_bytes == b->weight_bytes &&
           a->activation_bytes == b->activation_bytes && a->cache_bytes == b->cache_bytes &&
           a->mma == b->mma && a->dtype == b->dtype && a->family == b->family;
}

/* Adds the layer run to an equal row; false when there is none. */
static bool join_op(gable_laying *l, const char *name, const gable_op *op, const gable_work *work,
                    double stored_bytes)
{
    gable_plan *plan = l->plan;
    for (int i = 0; i < plan->n_rows && l->layer; i++) {
        bool same = plan->kind[i] == GABLE_ROW_OP && plan->layers[i] > 0 &&
                    plan->op[i].kind == op->kind && same_base_name(plan->name[i], name) &&
                    same_work(&plan->work[i], work);
        if (!same)
            continue;
        plan->layers[i] += stage_layers(l);
        plan->calls[i] += stage_calls(l);
        plan->stored_bytes[i] += stored_bytes * l->layer->count * l->stage_frac;
        return true;
    }
    return false;
}

/* Keys and values that are equal may be kept once: the part of them that the cache holds. */
static double kept_frac(const gable_laying *l)
{
    if (!l->layer || !l->layer->mixer.kv_once)
        return 1.0;
    const gable_mixer *m = &l->layer->mixer;
    double dv = m->v_head_dim > 0 ? m->v_head_dim : m->head_dim;
    return m->head_dim / (m->head_dim + dv);
}

static bool is_fed_by_ring(const gable_laying *l, const gable_op *op)
{
    const gable_scenario *s = &l->plan->local;
    bool core = op->kind == GABLE_OP_SUBLAYER && op->sublayer.part == GABLE_BLOCK_CORE;
    return l->plan->ranks.cp > 1.0 && s->phase == GABLE_PHASE_PREFILL &&
           s->context_exchange == GABLE_CONTEXT_RING &&
           (core || op->kind == GABLE_OP_ATTENTION || op->kind == GABLE_OP_LATENT);
}

void gable_rows_op(gable_laying *l, const char *name, const gable_op *op, double stored_bytes)
{
    gable_op kept = *op;
    if (op->kind == GABLE_OP_ATTENTION) {
        kept.attention.read_elements *= kept_frac(l);
        kept.attention.write_elements *= kept_frac(l);
        op = &kept;
    }
    gable_work work;
    gable_cost_work(op, &work);
    if (join_op(l, name, op, &work, stored_bytes))
        return;
    gable_overlap_group group = l->group;
    l->group = is_fed_by_ring(l, op) ? GABLE_GROUP_CONTEXT : group;
    int row = new_row(l, name, GABLE_ROW_OP);
    l->group = group;
    if (row < 0)
        return;
    l->plan->op[row] = *op;
    l->plan->work[row] = work;
    l->plan->stored_bytes[row] = stored_bytes * (l->layer ? l->layer->count * l->stage_frac : 1.0);
}

void gable_rows_gemm(gable_laying *l, const char *name, gable_module module, double m, double n,
                     double k, double groups)
{
    const gable_module_dtypes *dtypes = &l->model->dtypes[module];
    /* Kernels that run a small product for each head have constants of their own. */
    gable_op op = {.kind = groups > 1.0 ? GABLE_OP_BATCHED : GABLE_OP_GEMM,
                   .weights = dtypes->weights,
                   .activations = dtypes->activations,
                   .gemm = {m, n, k, groups}};
    gable_rows_op(l, name, &op, n * k * groups * gable_dtype_bytes(dtypes->weights));
}

void gable_rows_stream(gable_laying *l, const char *name, double read_elements,
                       double write_elements, double flops_per_token, double stored_elements)
{
    gable_op op = {.kind = GABLE_OP_STREAM,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .stream = {l->tokens * read_elements * bf16_bytes,
                              l->tokens * write_elements * bf16_bytes,
                              l->tokens * flops_per_token}};
    gable_rows_op(l, name, &op, stored_elements * bf16_bytes);
}

/* x and the residual in, both out; 5 FLOPs per element. */
void gable_rows_norm(gable_laying *l, const char *name)
{
    double d = l->layer->hidden, passes = l->model->hyper_streams > 1 ? 1.0 : 2.0;
    gable_rows_stream(l, name, passes * d, passes * d, 5.0 * d, d);
}

void gable_rows_hyper(gable_laying *l, bool pre)
{
    gable_work work;
    gable_op op = {.kind = GABLE_OP_MHC,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .mhc = {.tokens = l->tokens,
                           .hidden = l->layer->hidden,
                           .streams = l->model->hyper_streams,
                           .pre = pre}};
    if (l->model->hyper_streams < 2)
        return;
    gable_cost_work(&op, &work);
    gable_rows_op(l, pre ? "hyper_pre" : "hyper_post", &op, work.weight_bytes);
}

/* What one stage keeps of the run's layers. */
static double kept_calls(const gable_laying *l)
{
    return gable_layer_calls(l->layer) * l->stage_frac * l->plan->sequences;
}

/* Keys and values of a prompt whose tokens are spread over ranks: each needs all of them. In decode
 * the ranks attend to their own part, and gable_rows_context_join brings the answers together. */
static void share_context(gable_laying *l, double bytes_per_token, double kept)
{
    const gable_scenario *s = &l->plan->local;
    double cp = l->plan->ranks.cp, bytes = s->batch * kept * bytes_per_token;
    if (cp <= 1.0 || s->phase == GABLE_PHASE_DECODE)
        return;
    if (s->context_exchange == GABLE_CONTEXT_GATHER) {
        gable_rows_exchange(l, "context_gather",
                            &(gable_collective){.kind = GABLE_COLLECTIVE_ALL_GATHER,
                                                .bytes = bytes,
                                                .n_ranks = cp,
                                                .span = cp * l->tp});
        return;
    }
    gable_collective pass = {
        .kind = GABLE_COLLECTIVE_P2P, .bytes = bytes / cp, .n_ranks = 2.0, .span = cp * l->tp};
    gable_rows_within(l, GABLE_GROUP_CONTEXT, GABLE_LANE_NETWORK);
    int row = gable_rows_exchange(l, "context_ring", &pass);
    if (row >= 0)
        l->plan->calls[row] += stage_calls(l) * (cp - 2.0);
    gable_rows_within(l, GABLE_GROUP_NONE, GABLE_LANE_DEVICE);
}

void gable_rows_keep(gable_laying *l, double bytes_per_token, double window)
{
    bytes_per_token *= kept_frac(l);
    const gable_scenario *s = &l->plan->scenario;
    double n = s->n_cached + s->n_new;
    double kept = window > 0.0 && window < n ? window : n;
    l->plan->kv_bytes += kept_calls(l) * kept * bytes_per_token / l->plan->ranks.cp;
    share_context(l, bytes_per_token, kept);
}

void gable_rows_keep_state(gable_laying *l, double state_bytes)
{
    l->plan->state_bytes += kept_calls(l) * state_bytes;
}

void gable_rows_within(gable_laying *l, gable_overlap_group group, gable_lane lane)
{
    l->group = group;
    l->lane = lane;
}

static bool same_exchange(const gable_collective *a, const gable_collective *b)
{
    return a->kind == b->kind && a->bytes == b->bytes && a->n_ranks == b->n_ranks &&
           a->tokens == b->tokens && a->hidden == b->hidden && a->experts == b->experts;
}

int gable_rows_exchange(gable_laying *l, const char *name, const gable_collective *collective)
{
    gable_plan *plan = l->plan;
    if (collective->n_ranks <= 1.0)
        return -1;
    for (int i = 0; i < plan->n_rows && l->layer; i++) {
        bool same = plan->kind[i] == GABLE_ROW_COLLECTIVE && plan->layers[i] > 0 &&
                    same_base_name(plan->name[i], name) &&
                    same_exchange(&plan->collective[i], collective);
        if (!same)
            continue;
        plan->layers[i] += stage_layers(l);
        plan->calls[i] += stage_calls(l);
        return i;
    }
    int row = new_row(l, name, GABLE_ROW_COLLECTIVE);
    if (row >= 0)
        plan->collective[row] = *collective;
    return row;
}

void gable_rows_collective(gable_laying *l, const char *name, gable_collective_kind kind,
                           double elements)
{
    gable_rows_over(l, name, kind, elements, l->tp);
}

void gable_rows_over(gable_laying *l, const char *name, gable_collective_kind kind, double elements,
                     double n_ranks)
{
    gable_collective c = {.kind = kind, .bytes = elements * bf16_bytes, .n_ranks = n_ranks};
    gable_rows_exchange(l, name, &c);
}

void gable_rows_context_join(gable_laying *l, double elements_per_token)
{
    double cp = l->plan->ranks.cp;
    if (l->plan->local.phase != GABLE_PHASE_DECODE || cp <= 1.0)
        return;
    gable_collective c = {.kind = GABLE_COLLECTIVE_ALL_REDUCE,
                          .bytes = l->tokens * elements_per_token * bf16_bytes,
                          .n_ranks = cp,
                          .span = cp * l->tp};
    gable_rows_exchange(l, "context_all_reduce", &c);
}

void gable_rows_gap(gable_laying *l)
{
    int row = new_row(l, "engine_gap", GABLE_ROW_GAP);
    if (row < 0)
        return;
    l->plan->layers[row] = (int)ceil(l->model->n_layers * l->stage_frac);
    l->plan->calls[row] = 0.0;
    for (int i = 0; i < l->model->n_kinds; i++)
        l->plan->calls[row] +=
            gable_layer_calls(&l->model->kinds[i]) * l->stage_frac * l->plan->passes;
}

void gable_rows_bubble(gable_laying *l)
{
    int row = l->plan->bubble_frac > 0.0 ? new_row(l, "pipeline_bubble", GABLE_ROW_BUBBLE) : -1;
    if (row >= 0)
        l->plan->calls[row] = 1.0;
}

void gable_rows_host(gable_laying *l)
{
    int row = new_row(l, "host_transfer", GABLE_ROW_HOST);
    if (row >= 0)
        l->plan->calls[row] = 1.0;
}
