/* layout: rows of the feed-forward parts (facts/models.md 4.0, 4.11, 4.12). Widths are split over
 * the ranks of tensor parallelism; experts over ep of them, and their width over the tp / ep ranks
 * that share an expert. */
#include <math.h>

#include "layout/rows.h"

typedef struct ffn_names {
    const char *up, *act, *down;
} ffn_names;

/* Up (and gate), activation, down; `width` is the whole width, before the split over the ranks that
 * have the same tokens. */
static void ffn_rows(gable_laying *l, const ffn_names *names, gable_module module, double width)
{
    double d = l->layer->hidden, local = width / l->ffn_tp;
    double ups = l->layer->ffn.n_matrices - 1.0;
    gable_rows_gemm(l, names->up, module, l->tokens, ups * local, d, 1.0);
    gable_rows_stream(l, names->act, ups * local, local, 6.0 * local, 0.0);
    gable_rows_gemm(l, names->down, module, l->tokens, d, local, 1.0);
}

static const ffn_names dense_names = {"gate_up_proj", "activation", "down_proj"};
static const ffn_names shared_names = {"shared_gate_up", "shared_activation", "shared_down"};

void gable_layout_dense(gable_laying *l)
{
    gable_rows_norm(l, "ffn_norm");
    ffn_rows(l, &dense_names, GABLE_MODULE_DENSE, l->layer->ffn.width);
    gable_rows_over(l, "ffn_all_reduce", GABLE_COLLECTIVE_ALL_REDUCE, l->tokens * l->layer->hidden,
                    l->ffn_tp);
}

/* Groups of ranks with tokens of their own that share the experts: the groups of attention, and the
 * parts of a context in prefill. */
static double token_groups(const gable_laying *l)
{
    return l->plan->ranks.experts / l->ffn_tp;
}

/* Tokens of all groups; of a few sequences on many groups some have none. */
static double all_tokens(const gable_laying *l)
{
    const gable_plan *plan = l->plan;
    const gable_scenario *s = &plan->scenario;
    double of_replica = ceil(s->batch / plan->ranks.dp) * s->n_new / plan->passes;
    return fmin(l->tokens * token_groups(l), ceil(of_replica));
}

/* Experts and copies of them. */
static double slots_of(const gable_laying *l)
{
    return l->layer->ffn.n_experts + l->plan->scenario.redundant_experts;
}

static void routed_experts(gable_laying *l, double hidden)
{
    const gable_ffn *f = &l->layer->ffn;
    const gable_module_dtypes *dtypes = &l->model->dtypes[GABLE_MODULE_ROUTED];
    double skew = l->plan->scenario.skew, slots = slots_of(l);
    double experts_tp = l->plan->ranks.experts / l->ep;
    gable_op op = {.kind = GABLE_OP_MOE,
                   .weights = dtypes->weights,
                   .activations = dtypes->activations,
                   .moe = {.tokens = all_tokens(l),
                           .hidden = hidden,
                           .inter = f->expert_width,
                           .top_k = f->n_active,
                           .experts = f->n_experts,
                           .slots = slots > f->n_experts ? slots : 0.0,
                           .n_matrices = f->n_matrices,
                           .tp = experts_tp,
                           .ep = l->ep,
                           .wide = token_groups(l) > 1.0 &&
                                   l->plan->scenario.exchange == GABLE_EXCHANGE_TOKENS,
                           .decode = l->plan->local.phase == GABLE_PHASE_DECODE,
                           .even = slots > f->n_experts,
                           .skew = skew,
                           .routing = skew > 0.0 ? GABLE_ROUTING_ZIPF : GABLE_ROUTING_UNIFORM}};
    double parameters = slots / l->ep * f->n_matrices * hidden * f->expert_width / experts_tp;
    gable_rows_op(l, "experts", &op, parameters * gable_dtype_bytes(dtypes->weights));
}

/* What the busiest rank gets over the mean. */
static double imbalance(const gable_laying *l)
{
    const gable_plan *plan = l->plan;
    int row = plan->n_rows - 1;
    if (!(plan->scenario.skew > 0.0) || row < 0 || plan->kind[row] != GABLE_ROW_OP ||
        plan->op[row].kind != GABLE_OP_MOE)
        return 0.0;
    const gable_moe *e = &plan->op[row].moe;
    return plan->work[row].load.pairs * e->ep / (e->tokens * e->top_k);
}

/* All tokens to all ranks, in the format that the experts take; partial sums back (facts/serving.md
 * 2.7). */
static void gather_and_experts(gable_laying *l, double hidden)
{
    gable_ranks r = l->plan->ranks;
    double groups = token_groups(l), values = l->tokens * groups * hidden;
    gable_dtype taken = l->model->dtypes[GABLE_MODULE_ROUTED].activations;
    gable_collective out = {.kind = GABLE_COLLECTIVE_ALL_GATHER,
                            .bytes = values * gable_dtype_bytes(taken),
                            .n_ranks = groups,
                            .span = r.experts};
    gable_collective back = {.kind = GABLE_COLLECTIVE_REDUCE_SCATTER,
                             .bytes = values * 2.0,
                             .n_ranks = r.experts,
                             .span = r.experts};
    gable_rows_exchange(l, "experts_all_gather", &out);
    routed_experts(l, hidden);
    gable_rows_exchange(l, "experts_reduce_scatter", &back);
}

/* Each of the ranks that have the same tokens sends its part of them. */
static void send_and_experts(gable_laying *l, double hidden)
{
    const gable_ffn *f = &l->layer->ffn;
    gable_ranks r = l->plan->ranks;
    gable_collective c = {.kind = GABLE_COLLECTIVE_MOE_DISPATCH,
                          .n_ranks = r.experts,
                          .span = r.experts,
                          .tokens = ceil(l->tokens / l->ffn_tp),
                          .hidden = hidden,
                          .top_k = f->n_active,
                          .experts = slots_of(l),
                          .payload = l->model->dtypes[GABLE_MODULE_ROUTED].activations};
    bool waves = l->plan->scenario.overlap == GABLE_OVERLAP_WAVES;
    bool beside = waves || l->plan->scenario.overlap == GABLE_OVERLAP_SHARED;
    gable_overlap_group group = beside ? GABLE_GROUP_LAYERS : GABLE_GROUP_NONE;
    gable_rows_within(l, group, waves ? GABLE_LANE_NETWORK : GABLE_LANE_DEVICE);
    int way_out = gable_rows_exchange(l, "dispatch", &c);
    gable_rows_within(l, group, GABLE_LANE_DEVICE);
    routed_experts(l, hidden);
    c.imbalance = imbalance(l);
    if (way_out >= 0)
        l->plan->collective[way_out].imbalance = c.imbalance;
    c.kind = GABLE_COLLECTIVE_MOE_COMBINE;
    c.payload = GABLE_DTYPE_BF16;
    gable_rows_within(l, group, waves ? GABLE_LANE_RETURN : GABLE_LANE_DEVICE);
    gable_rows_exchange(l, "combine", &c);
    gable_rows_within(l, GABLE_GROUP_NONE, GABLE_LANE_DEVICE);
}

static void shared_parts(gable_laying *l)
{
    const gable_ffn *f = &l->layer->ffn;
    gable_overlap overlap = l->plan->scenario.overlap;
    if (overlap == GABLE_OVERLAP_SHARED || overlap == GABLE_OVERLAP_WAVES)
        gable_rows_within(l, GABLE_GROUP_LAYERS, GABLE_LANE_SIDE);
    if (f->shared_width > 0)
        ffn_rows(l, &shared_names, GABLE_MODULE_SHARED, f->shared_width);
    if (f->width > 0)
        ffn_rows(l, &dense_names, GABLE_MODULE_DENSE, f->width);
    gable_rows_within(l, GABLE_GROUP_NONE, GABLE_LANE_DEVICE);
}

static void experts_alone(gable_laying *l, double hidden)
{
    gable_overlap overlap = l->plan->scenario.overlap;
    if (overlap == GABLE_OVERLAP_SHARED || overlap == GABLE_OVERLAP_WAVES)
        gable_rows_within(l, GABLE_GROUP_LAYERS, GABLE_LANE_DEVICE);
    routed_experts(l, hidden);
    gable_rows_within(l, GABLE_GROUP_NONE, GABLE_LANE_DEVICE);
}

/* Where all ranks have the same tokens, the up-projection of latent experts is applied to each
 * rank's partial sums, so that one all-reduce serves both it and the shared experts; else sums come
 * back first. */
void gable_layout_moe(gable_laying *l)
{
    const gable_ffn *f = &l->layer->ffn;
    double d = l->layer->hidden, latent = f->latent_dim;
    bool in_latent = f->kind == GABLE_FFN_LATENT_MOE, apart = token_groups(l) > 1.0;
    double hidden = in_latent ? latent : d;
    gable_rows_norm(l, "ffn_norm");
    if (!f->hash_routed)
        gable_rows_gemm(l, "router", GABLE_MODULE_ROUTER, l->tokens, f->n_experts, d, 1.0);
    if (in_latent)
        gable_rows_gemm(l, "latent_down", GABLE_MODULE_LATENT, l->tokens, latent, d, 1.0);
    if (!apart)
        experts_alone(l, hidden);
    else if (l->plan->scenario.exchange == GABLE_EXCHANGE_TOKENS)
        send_and_experts(l, hidden);
    else
        gather_and_experts(l, hidden);
    if (in_latent)
        gable_rows_gemm(l, "latent_up", GABLE_MODULE_LATENT, l->tokens, d, latent, 1.0);
    shared_parts(l);
    gable_rows_over(l, "ffn_all_reduce", GABLE_COLLECTIVE_ALL_REDUCE, l->tokens * d, l->ffn_tp);
}

void gable_layout_linear_ffn(gable_laying *l)
{
    double d = l->layer->hidden;
    gable_rows_norm(l, "ffn_norm");
    gable_rows_gemm(l, "linear_ffn", GABLE_MODULE_DENSE, l->tokens, d / l->tp, d, 1.0);
    gable_rows_collective(l, "linear_ffn_all_gather", GABLE_COLLECTIVE_ALL_GATHER, l->tokens * d);
}
