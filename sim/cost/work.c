/* cost: what an operator does, whatever it runs on. One function per row of ops.def; formulas are
 * those of facts/models.md 4, with multiply-add = 2 FLOPs. */
#include <math.h>

#include "cost/forms.h"

/* Kernels of all generations that we price keep about 128 x 128 of the output on chip. */
static const double tile = 128.0;

static double min2(double a, double b)
{
    return a < b ? a : b;
}

/* Each tile row of the output reads the weights once, each tile column the activations: 4.0. */
static void work_gemm(const gable_op *op, gable_work *out)
{
    const gable_gemm *g = &op->gemm;
    double w = gable_dtype_bytes(op->weights), a = gable_dtype_bytes(op->activations);
    double output = gable_dtype_bytes(GABLE_DTYPE_BF16);
    double groups = g->groups > 0.0 ? g->groups : 1.0;
    double in = groups * g->m * g->k * a, back = groups * g->m * g->n * output;
    out->flops = 2.0 * groups * g->m * g->n * g->k;
    out->weight_bytes = groups * g->n * g->k * w;
    out->activation_bytes = in + back;
    out->l2_bytes = ceil(g->m / tile) * out->weight_bytes + ceil(g->n / tile) * in + back;
    out->mma = gable_dtype_mma(op->weights, op->activations);
    out->family = GABLE_FAMILY_GEMM;
    out->dtype = op->weights;
}

/* Sum over the new tokens of the tokens that each one sees: P, P_w of facts/models.md 1. */
double gable_cost_pairs(double n_cached, double n_new, double window, bool causal)
{
    double n = n_cached + n_new;
    if (!causal)
        return n_new * (window > 0.0 ? min2(n, window) : n);
    double all = n_new * n_cached + n_new * (n_new + 1.0) / 2.0;
    if (window <= 0.0 || n <= window)
        return all;
    if (n_cached >= window)
        return n_new * window;
    return (window * (window + 1.0) - n_cached * (n_cached + 1.0)) / 2.0 + (n - window) * window;
}

static gable_family attention_family(const gable_attention *a)
{
    if (!a->causal)
        return GABLE_FAMILY_ATTENTION_ENCODER;
    /* Speculative verification adds a few tokens and runs on the decode kernels. */
    bool decode = a->n_cached > 0.0 && a->n_new <= 8.0;
    return decode ? GABLE_FAMILY_ATTENTION_GENERATION : GABLE_FAMILY_ATTENTION_CONTEXT;
}

/* Queries in, outputs out, new entries written, and every visible entry read once for all
 * heads: 4.1, 4.2. */
static void work_attention(const gable_op *op, gable_work *out)
{
    const gable_attention *a = &op->attention;
    double activation = gable_dtype_bytes(op->activations), entry = gable_dtype_bytes(a->kv);
    double tokens = a->batch * a->n_new, n = a->n_cached + a->n_new;
    /* Each query sees `window` tokens, itself included: the q queries together see q - 1 more. */
    double visible = a->window > 0.0 ? min2(n, a->window + a->n_new - 1.0) : n;
    double pairs = gable_cost_pairs(a->n_cached, a->n_new, a->window, a->causal);
    out->flops = 2.0 * a->batch * a->heads * (a->qk_dim + a->v_dim) * pairs;
    out->activation_bytes = tokens * a->heads * (a->qk_dim + a->v_dim) * activation;
    double read = a->batch * visible * a->read_elements * entry;
    double written = tokens * a->write_elements * entry;
    out->cache_bytes = read + written;
    out->l2_bytes = out->activation_bytes + written + ceil(a->n_new / tile) * read;
    bool narrow = a->kv == GABLE_DTYPE_FP8 || a->kv == GABLE_DTYPE_MXFP8;
    /* With an 8-bit cache the query is quantised too: measurements/README.md 5. */
    out->mma = narrow ? GABLE_MMA_FP8 : gable_dtype_mma(op->activations, op->activations);
    out->family = attention_family(a);
    out->dtype = a->kv;
}

/* Latents serve all heads of a few new tokens; for many tokens they are expanded to keys and values
 * first, and the kernels are those of prefill (facts/models.md 4.3). An absorbed operator reads
 * less than keys and values. */
static void work_latent(const gable_op *op, gable_work *out)
{
    const gable_attention *a = &op->attention;
    bool absorbed = a->read_elements < a->kv_heads * (a->qk_dim + a->v_dim);
    work_attention(op, out);
    out->family =
        absorbed && a->n_new <= 8.0 ? GABLE_FAMILY_LATENT_GENERATION : GABLE_FAMILY_LATENT_CONTEXT;
}

static void work_batched(const gable_op *op, gable_work *out)
{
    work_gemm(op, out);
    out->family = GABLE_FAMILY_BATCHED;
}

/* Distinct experts are read once; pairs are computed: 4.11. A fused kernel would read the tokens
 * and write the results; the hidden activations between the two products are a spill. */
static void work_moe(const gable_op *op, gable_work *out)
{
    const gable_moe *e = &op->moe;
    gable_moe_load load = out->load = gable_cost_moe_load(e);
    double w = gable_dtype_bytes(op->weights), a = gable_dtype_bytes(op->activations);
    double output = gable_dtype_bytes(GABLE_DTYPE_BF16);
    double inter = e->inter / e->tp, matrix = e->hidden * inter;
    double gated = e->n_matrices - 1.0;
    out->flops = 2.0 * load.pairs * e->n_matrices * matrix;
    out->weight_bytes = load.distinct * e->n_matrices * matrix * w;
    double in = load.pairs * e->hidden * a, back = load.pairs * e->hidden * output;
    out->activation_bytes = in + back;
    out->spill_bytes = load.pairs * inter * (gated * 2.0 * output + 2.0 * a);
    double per_expert = load.distinct > 0.0 ? load.pairs / load.distinct : 0.0;
    out->l2_bytes = ceil(per_expert / tile) * out->weight_bytes + ceil(inter / tile) * in + back +
                    out->spill_bytes;
    out->mma = gable_dtype_mma(op->weights, op->activations);
    out->family = e->wide ? GABLE_FAMILY_MOE_WIDE : GABLE_FAMILY_MOE;
    if (!e->wide && e->n_matrices < 3.0)
        out->flavour = GABLE_FLAVOUR_UNGATED;
    if (e->wide && e->decode)
        out->flavour = GABLE_FLAVOUR_DECODE;
    out->dtype = op->weights;
}

static void work_stream(const gable_op *op, gable_work *out)
{
    const gable_stream *s = &op->stream;
    out->flops = s->flops;
    out->vector = true;
    out->activation_bytes = s->read_bytes + s->write_bytes;
    out->l2_bytes = out->activation_bytes;
    out->mma = GABLE_MMA_FP32;
    out->family = GABLE_FAMILY_ELEMENTWISE;
    out->dtype = op->activations;
}

typedef void work_function(const gable_op *op, gable_work *out);

static const struct {
    const char *name;
    work_function *work;
} kinds[GABLE_N_OP_KINDS] = {
#define OP(symbol, name, work, help) [GABLE_OP_##symbol] = {name, work},
#include "cost/ops.def"
#undef OP
};

const char *gable_op_kind_name(int kind)
{
    return kinds[kind].name;
}

void gable_cost_work(const gable_op *op, gable_work *out)
{
    *out = (gable_work){.copies = op->copies,
                        .weight_element_bytes = gable_dtype_bytes(op->weights),
                        .activation_element_bytes = gable_dtype_bytes(op->activations)};
    kinds[op->kind].work(op, out);
    out->hbm_bytes = out->weight_bytes + out->activation_bytes + out->cache_bytes;
}
