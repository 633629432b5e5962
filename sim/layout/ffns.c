/* layout: rows of the feed-forward parts (facts/models.md 4.0, 4.11, 4.12). Widths are split over
 * the ranks of tensor parallelism; experts over ep of them, and their width over the tp / ep ranks
 * that share an expert. */
#include "layout/rows.h"

typedef struct ffn_names {
    const char *up, *act, *down;
} ffn_names;

/* Up (and gate), activation, down; `width` is the whole width, before the split. */
static void ffn_rows(gable_laying *l, const ffn_names *names, gable_module module, double width)
{
    double d = l->layer->hidden, local = width / l->tp;
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
    gable_rows_collective(l, "ffn_all_reduce", GABLE_COLLECTIVE_ALL_REDUCE,
                          l->tokens * l->layer->hidden);
}

static void routed_experts(gable_laying *l, double hidden)
{
    const gable_ffn *f = &l->layer->ffn;
    const gable_module_dtypes *dtypes = &l->model->dtypes[GABLE_MODULE_ROUTED];
    double skew = l->plan->scenario.skew;
    gable_op op = {.kind = GABLE_OP_MOE,
                   .weights = dtypes->weights,
                   .activations = dtypes->activations,
                   .moe = {.tokens = l->tokens,
                           .hidden = hidden,
                           .inter = f->expert_width,
                           .top_k = f->n_active,
                           .experts = f->n_experts,
                           .n_matrices = f->n_matrices,
                           .tp = l->tp / l->ep,
                           .ep = l->ep,
                           .skew = skew,
                           .routing = skew > 0.0 ? GABLE_ROUTING_ZIPF : GABLE_ROUTING_UNIFORM}};
    double parameters =
        f->n_experts / l->ep * f->n_matrices * hidden * f->expert_width / (l->tp / l->ep);
    gable_rows_op(l, "experts", &op, parameters * gable_dtype_bytes(dtypes->weights));
}

/* The up-projection is applied to each rank's partial sums, so that one all-reduce serves both it
 * and the shared experts. */
void gable_layout_moe(gable_laying *l)
{
    const gable_ffn *f = &l->layer->ffn;
    double d = l->layer->hidden, latent = f->latent_dim;
    bool in_latent = f->kind == GABLE_FFN_LATENT_MOE;
    gable_rows_norm(l, "ffn_norm");
    if (!f->hash_routed)
        gable_rows_gemm(l, "router", GABLE_MODULE_ROUTER, l->tokens, f->n_experts, d, 1.0);
    if (in_latent)
        gable_rows_gemm(l, "latent_down", GABLE_MODULE_LATENT, l->tokens, latent, d, 1.0);
    routed_experts(l, in_latent ? latent : d);
    if (in_latent)
        gable_rows_gemm(l, "latent_up", GABLE_MODULE_LATENT, l->tokens, d, latent, 1.0);
    if (f->shared_width > 0)
        ffn_rows(l, &shared_names, GABLE_MODULE_SHARED, f->shared_width);
    if (f->width > 0)
        ffn_rows(l, &dense_names, GABLE_MODULE_DENSE, f->width);
    gable_rows_collective(l, "ffn_all_reduce", GABLE_COLLECTIVE_ALL_REDUCE, l->tokens * d);
}

void gable_layout_linear_ffn(gable_laying *l)
{
    double d = l->layer->hidden;
    gable_rows_norm(l, "ffn_norm");
    gable_rows_gemm(l, "linear_ffn", GABLE_MODULE_DENSE, l->tokens, d / l->tp, d, 1.0);
    gable_rows_collective(l, "linear_ffn_all_gather", GABLE_COLLECTIVE_ALL_GATHER, l->tokens * d);
}
