/* cost: what streaming kernels do: layers of linear attention, hyper-connections, quantisation.
 * Formulas: facts/models.md 4.7 and 4.13, facts/attention.md 5. `grid` is how their thread blocks
 * see the same work. */
#include "cost/forms.h"

/* Chunk of the delta rule, and tokens and channels of a block of a convolution: all libraries take
 * about these. */
static const double chunk = 64.0, conv_channels = 4096.0, conv_block = 64.0;

/* Width of heads that units of work are counted in. */
static const double usual_dim = 128.0;

static const double state_bytes = 4.0; /* recurrent states and residual streams are fp32 */

/* Blocks of 32 rows of a state's value dimension. */
static const double rows_of_update = 32.0;

static double chunks(double tokens)
{
    return gable_form_ceil(tokens / chunk);
}

/* Channels in and out. The last taps - 1 tokens come from, and go to, the state of an update. */
static void work_conv(const gable_linear *l, double element, gable_work *out)
{
    double tokens = l->batch * l->tokens, values = tokens * l->channels;
    out->flops = 2.0 * values * l->taps;
    out->vector = true;
    out->activation_bytes = 2.0 * values * element;
    if (l->stage == GABLE_LINEAR_CONV_UPDATE) {
        out->cache_bytes = 2.0 * l->batch * l->channels * (l->taps - 1.0) * element;
        out->grid = (gable_grid){1.0, values / conv_channels, values / conv_channels,
                                 out->activation_bytes + out->cache_bytes / 2.0};
        return;
    }
    double units = l->batch * chunks(l->tokens) * chunk * l->channels / conv_channels;
    out->grid = (gable_grid){chunks(l->tokens), units, units / conv_block, out->activation_bytes};
}

/* Queries, keys, values in; outputs out. */
static double streams(const gable_linear *l, double element)
{
    return l->batch * l->tokens * element *
           (2.0 * l->key_heads * l->key_dim + 2.0 * l->value_heads * l->value_dim);
}

/* Chunked delta rule, per token and head: K K^T, Q K^T, W, U and the chunk's output, then three
 * products with the state. The states between chunks go to memory and come back. */
static void work_scan(const gable_linear *l, double element, gable_work *out)
{
    double dk = l->key_dim, dv = l->value_dim, state = l->value_heads * dk * dv * state_bytes;
    double n = chunks(l->tokens), real = l->tokens < chunk ? l->tokens : chunk;
    out->flops = l->batch * l->tokens * l->value_heads *
                 (2.0 * real * (3.0 * dk + 2.0 * dv) + 6.0 * dk * dv);
    out->activation_bytes = streams(l, element);
    out->cache_bytes = 2.0 * l->batch * state;
    out->spill_bytes = 2.0 * l->batch * n * state;
    double size = dk * dv / (usual_dim * usual_dim);
    out->grid = (gable_grid){n, l->batch * n * l->value_heads * size, l->batch * l->value_heads,
                             out->activation_bytes + (out->cache_bytes + out->spill_bytes) / 2.0};
}

/* Every state is read once and written once; 8 FLOPs an element and token. Kernels that keep a
 * state for each draft, in case later ones are refused, write the others too. */
static void work_update(const gable_linear *l, double element, gable_work *out)
{
    double state = l->batch * l->value_heads * l->key_dim * l->value_dim;
    out->flops = 8.0 * state * l->tokens;
    out->vector = true;
    out->activation_bytes = streams(l, element);
    out->cache_bytes = 2.0 * state * state_bytes;
    out->spill_bytes = state * state_bytes * (l->tokens - 1.0);
    out->grid =
        (gable_grid){l->tokens, l->batch * l->tokens * l->value_heads,
                     l->batch * l->value_heads * gable_form_ceil(l->value_dim / rows_of_update),
                     out->activation_bytes + out->cache_bytes / 2.0 + out->spill_bytes};
}

/* Several tokens of a sequence at once are drafts. */
static gable_flavour flavour_of(const gable_linear *l)
{
    static const gable_flavour jobs[][2] = {
        [GABLE_RECURRENCE_NONE] = {GABLE_FLAVOUR_USUAL, GABLE_FLAVOUR_USUAL},
        [GABLE_RECURRENCE_GDN] = {GABLE_FLAVOUR_GDN, GABLE_FLAVOUR_GDN_VERIFY},
        [GABLE_RECURRENCE_KDA] = {GABLE_FLAVOUR_KDA, GABLE_FLAVOUR_KDA_VERIFY},
        [GABLE_RECURRENCE_MAMBA2] = {GABLE_FLAVOUR_MAMBA2, GABLE_FLAVOUR_MAMBA2_VERIFY},
    };
    bool update = l->stage == GABLE_LINEAR_UPDATE || l->stage == GABLE_LINEAR_CONV_UPDATE;
    return jobs[l->recurrence][update && l->tokens > 1.0];
}

void gable_work_linear(const gable_op *op, gable_work *out)
{
    static const gable_family families[] = {
        [GABLE_LINEAR_CONV] = GABLE_FAMILY_LINEAR_CONV,
        [GABLE_LINEAR_SCAN] = GABLE_FAMILY_LINEAR_SCAN,
        [GABLE_LINEAR_CONV_UPDATE] = GABLE_FAMILY_LINEAR_CONV_UPDATE,
        [GABLE_LINEAR_UPDATE] = GABLE_FAMILY_LINEAR_UPDATE,
    };
    const gable_linear *l = &op->linear;
    double element = gable_dtype_bytes(op->activations);
    if (l->stage == GABLE_LINEAR_SCAN)
        work_scan(l, element, out);
    else if (l->stage == GABLE_LINEAR_UPDATE)
        work_update(l, element, out);
    else
        work_conv(l, element, out);
    out->l2_bytes = out->activation_bytes + out->cache_bytes + out->spill_bytes;
    out->mma = gable_dtype_mma(op->activations, op->activations);
    out->family = families[l->stage];
    out->flavour = flavour_of(l);
    out->dtype = op->activations;
}

/* Residual streams are fp32 (fitted: facts/attention.md 5); the bf16 input or output of the block
 * beside them. `pre` also projects all streams to the mixing coefficients, and kernels of today
 * read them twice for it. */
void gable_work_mhc(const gable_op *op, gable_work *out)
{
    const gable_mhc *m = &op->mhc;
    double n = m->streams, values = m->tokens * m->hidden;
    double coefficients = n * n + 2.0 * n;
    out->weight_bytes = m->pre ? n * m->hidden * coefficients * 4.0 : 0.0;
    out->activation_bytes = values * ((m->pre ? n : 2.0 * n) * state_bytes + 2.0);
    out->spill_bytes = m->pre ? values * n * state_bytes : 0.0;
    out->flops = m->pre ? 2.0 * values * n * coefficients : 2.0 * values * (n * n + n);
    out->vector = !m->pre;
    out->l2_bytes = out->activation_bytes + out->weight_bytes + out->spill_bytes;
    out->mma = m->pre ? GABLE_MMA_TF32 : GABLE_MMA_FP32;
    out->family = m->pre ? GABLE_FAMILY_MHC_PRE : GABLE_FAMILY_MHC_POST;
    out->dtype = op->activations;
    out->grid = (gable_grid){m->hidden / conv_channels, values / conv_channels, m->tokens,
                             out->activation_bytes + out->weight_bytes};
}

/* bf16 in; 8 bits out, or one number. */
void gable_work_quantize(const gable_op *op, gable_work *out)
{
    const gable_quantize *q = &op->quantize;
    double values = q->rows * q->columns;
    out->flops = values;
    out->vector = true;
    out->activation_bytes = values * (2.0 + (q->find_scale ? 0.0 : gable_dtype_bytes(op->weights)));
    out->l2_bytes = out->activation_bytes;
    out->mma = GABLE_MMA_FP32;
    out->family = GABLE_FAMILY_QUANTIZE;
    out->dtype = op->weights;
    out->grid = (gable_grid){q->columns / conv_channels, values / conv_channels, q->rows,
                             out->activation_bytes};
}
