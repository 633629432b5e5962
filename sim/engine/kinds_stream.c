/* engine/kinds: rows of streaming kernels (linear attention, hyper-connections, quantisation) and
 * of experts under wide expert parallelism. See kinds.h; columns and traps:
 * shared/measurements/README.md. */
#include <string.h>

#include "engine/kinds.h"

static const char zero_size[] = "a size below 1";
static const char unknown_format[] = "unknown number format";

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* ---- linear attention ---- */

enum {
    LIN_FAMILY,
    LIN_KERNEL,
    LIN_PHASE,
    LIN_FRAMEWORK,
    LIN_BATCH,
    LIN_SEQ,
    LIN_D_MODEL,
    LIN_CONV,
    LIN_KEY_HEADS,
    LIN_KEY_DIM,
    LIN_VALUE_HEADS,
    LIN_VALUE_DIM,
    LIN_STATE,
    LIN_GROUPS,
    LIN_CHUNK
};

/* Channels of the convolution: queries, keys and values; heads and both projections of the state in
 * Mamba-2. One collector convolves the keys alone (measurements/README.md 7). */
static double conv_channels(const gable_cells *c)
{
    double keys = c->number[LIN_KEY_HEADS] * c->number[LIN_KEY_DIM];
    double values = c->number[LIN_VALUE_HEADS] * c->number[LIN_VALUE_DIM];
    if (strcmp(c->label[LIN_FAMILY], "mamba2") == 0)
        return values + 2.0 * c->number[LIN_GROUPS] * c->number[LIN_STATE];
    bool keys_alone = strcmp(c->label[LIN_FRAMEWORK], "trtllm") == 0;
    return keys_alone ? keys : 2.0 * keys + values;
}

const char *gable_kind_make_linear(const gable_cells *c, gable_op *op)
{
    bool conv = starts(c->label[LIN_KERNEL], "causal_conv1d");
    bool context = strcmp(c->label[LIN_PHASE], "context") == 0;
    bool mamba = strcmp(c->label[LIN_FAMILY], "mamba2") == 0;
    gable_linear_stage stage = context ? GABLE_LINEAR_SCAN : GABLE_LINEAR_UPDATE;
    if (conv)
        stage = context ? GABLE_LINEAR_CONV : GABLE_LINEAR_CONV_UPDATE;
    op->kind = GABLE_OP_LINEAR;
    op->weights = op->activations = GABLE_DTYPE_BF16;
    op->linear = (gable_linear){
        .stage = stage,
        .batch = c->number[LIN_BATCH],
        .tokens = c->number[LIN_SEQ],
        .channels = conv_channels(c),
        .taps = c->number[LIN_CONV],
        /* Mamba-2 shares its state's projections, the keys of the other two, over the heads of a
           group. */
        .key_heads = mamba ? c->number[LIN_GROUPS] : c->number[LIN_KEY_HEADS],
        .key_dim = mamba ? c->number[LIN_STATE] : c->number[LIN_KEY_DIM],
        .value_heads = c->number[LIN_VALUE_HEADS],
        .value_dim = c->number[LIN_VALUE_DIM],
    };
    const gable_linear *l = &op->linear;
    bool small = l->batch < 1.0 || l->tokens < 1.0 || l->channels < 1.0 || l->taps < 1.0 ||
                 l->key_heads < 1.0 || l->key_dim < 1.0 || l->value_heads < 1.0 ||
                 l->value_dim < 1.0;
    return small ? zero_size : NULL;
}

/* ---- hyper-connections ---- */

enum { MHC_OP, MHC_TOKENS, MHC_HIDDEN, MHC_STREAMS };

const char *gable_kind_make_mhc(const gable_cells *c, gable_op *op)
{
    bool pre = strcmp(c->label[MHC_OP], "pre") == 0;
    if (!pre && strcmp(c->label[MHC_OP], "post") != 0)
        return "neither pre nor post";
    op->kind = GABLE_OP_MHC;
    op->weights = op->activations = GABLE_DTYPE_BF16;
    op->mhc = (gable_mhc){.tokens = c->number[MHC_TOKENS],
                          .hidden = c->number[MHC_HIDDEN],
                          .streams = c->number[MHC_STREAMS],
                          .pre = pre};
    bool small = op->mhc.tokens < 1.0 || op->mhc.hidden < 1.0 || op->mhc.streams < 1.0;
    return small ? zero_size : NULL;
}

/* ---- quantisation ---- */

enum { QUANT_OP, QUANT_M, QUANT_K };

const char *gable_kind_make_quantize(const gable_cells *c, gable_op *op)
{
    op->kind = GABLE_OP_QUANTIZE;
    op->weights = GABLE_DTYPE_FP8;
    op->activations = GABLE_DTYPE_BF16;
    op->quantize = (gable_quantize){.rows = c->number[QUANT_M],
                                    .columns = c->number[QUANT_K],
                                    .find_scale = starts(c->label[QUANT_OP], "compute_scale")};
    return op->quantize.rows < 1.0 || op->quantize.columns < 1.0 ? zero_size : NULL;
}

/* ---- experts under wide expert parallelism ---- */

enum {
    WIDE_KIND,
    WIDE_DTYPE,
    WIDE_DIST,
    WIDE_PHASE,
    WIDE_TOKENS,
    WIDE_RANK_TOKENS,
    WIDE_HIDDEN,
    WIDE_INTER,
    WIDE_TOPK,
    WIDE_EXPERTS,
    WIDE_SLOTS,
    WIDE_EP
};

/* "power_law_1.2_eplb", "power_law_sampled_1.9" */
static bool take_routing(const char *label, gable_moe *moe)
{
    static const char balancer[] = "_eplb", sampled[] = "power_law_sampled_";
    char text[64];
    size_t n = strlen(label);
    if (starts(label, sampled)) {
        moe->routing = GABLE_ROUTING_POWER_LAW;
        return gable_num_parse(label + sizeof sampled - 1, &moe->skew);
    }
    moe->even = n >= sizeof balancer && strcmp(label + n - (sizeof balancer - 1), balancer) == 0;
    n -= moe->even ? sizeof balancer - 1 : 0;
    if (n >= sizeof text)
        return false;
    memcpy(text, label, n);
    text[n] = '\0';
    return gable_row_routing(text, moe);
}

const char *gable_kind_make_wide(const gable_cells *c, gable_op *op)
{
    /* Kernels that also send the tokens count those of one rank, the others those of all ranks. */
    bool sends = strstr(c->label[WIDE_KIND], "fused_a2a") != NULL;
    gable_moe moe = {.tokens = c->number[WIDE_TOKENS] * (sends ? c->number[WIDE_EP] : 1.0),
                     .hidden = c->number[WIDE_HIDDEN],
                     .inter = c->number[WIDE_INTER],
                     .top_k = c->number[WIDE_TOPK],
                     .experts = c->number[WIDE_EXPERTS],
                     .slots = c->number[WIDE_SLOTS],
                     .rank_tokens = c->number[WIDE_RANK_TOKENS],
                     .n_matrices = 3.0,
                     .tp = 1.0,
                     .ep = c->number[WIDE_EP],
                     .wide = true,
                     /* Its collector gives the pairs that rounding lost to the first experts. */
                     .clumped = strstr(c->label[WIDE_KIND], "deepep") != NULL};
    if (!gable_row_formats(c->label[WIDE_DTYPE], &op->weights, &op->activations))
        return unknown_format;
    if (!take_routing(c->label[WIDE_DIST], &moe))
        return "unknown distribution of tokens over experts";
    if (moe.tokens < 1.0 || moe.hidden < 1.0 || moe.inter < 1.0 || moe.top_k < 1.0 || moe.ep < 1.0)
        return zero_size;
    if (moe.top_k > moe.experts || moe.ep > moe.experts || moe.experts > 1e5)
        return "fewer experts than a token uses, or than ranks";
    op->kind = GABLE_OP_MOE;
    op->moe = moe;
    return NULL;
}
