/* engine/kinds: see kinds.h. One row and one function a KIND. */
#include "engine/kinds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/kinds_mla.h"
#include "engine/kinds_net.h"
#include "engine/kinds_power.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- labels ---- */

/* Labels of the tables that are not the name of one format for both operands. */
static const struct {
    const char *label;
    gable_dtype weights, activations;
} labels[] = {
    {"fp8_block", GABLE_DTYPE_FP8_BLOCK, GABLE_DTYPE_FP8},
    {"int4_wo", GABLE_DTYPE_INT4, GABLE_DTYPE_BF16}, /* weight only: the product runs in bf16 */
    {"int8_wo", GABLE_DTYPE_INT8, GABLE_DTYPE_BF16},
    {"sq", GABLE_DTYPE_INT8, GABLE_DTYPE_INT8}, /* SmoothQuant */
    {"w4a16_mxfp4", GABLE_DTYPE_MXFP4, GABLE_DTYPE_BF16},
    {"w4a8_mxfp4_mxfp8", GABLE_DTYPE_MXFP4, GABLE_DTYPE_MXFP8},
};

bool gable_row_formats(const char *label, gable_dtype *weights, gable_dtype *activations)
{
    for (size_t i = 0; i < COUNT_OF(labels); i++)
        if (strcmp(labels[i].label, label) == 0) {
            *weights = labels[i].weights;
            *activations = labels[i].activations;
            return true;
        }
    if (!gable_dtype_find(label, weights))
        return false;
    *activations = *weights;
    return true;
}

static const char unknown_format[] = "unknown number format";
static const char zero_size[] = "a size below 1";

static bool below_one(const gable_cells *cells, const int *columns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (cells->number[columns[i]] < 1.0)
            return true;
    return false;
}

/* ---- gemm ---- */

enum { GEMM_DTYPE, GEMM_M, GEMM_N, GEMM_K, N_GEMM };

static const char *make_gemm(const gable_cells *cells, gable_op *op)
{
    static const int sizes[] = {GEMM_M, GEMM_N, GEMM_K};
    if (!gable_row_formats(cells->label[GEMM_DTYPE], &op->weights, &op->activations))
        return unknown_format;
    if (below_one(cells, sizes, COUNT_OF(sizes)))
        return zero_size; /* two files of the collection hold rows of no tokens */
    op->kind = GABLE_OP_GEMM;
    op->gemm = (gable_gemm){.m = cells->number[GEMM_M],
                            .n = cells->number[GEMM_N],
                            .k = cells->number[GEMM_K],
                            .groups = 1.0};
    return NULL;
}

/* ---- attention ---- */

/* What the three attention tables share. Queries enter in bf16 whatever the cache holds. */
static const char *fill_attention(gable_op *op, const gable_attention *shape, const char *kv)
{
    gable_dtype ignored;
    op->kind = GABLE_OP_ATTENTION;
    op->attention = *shape;
    if (!gable_row_formats(kv, &op->attention.kv, &ignored))
        return unknown_format;
    if (shape->batch < 1.0 || shape->heads < 1.0 || shape->qk_dim < 1.0)
        return zero_size;
    if (shape->kv_heads < 1.0 || shape->kv_heads > shape->heads)
        return "more heads in the cache than queries";
    op->weights = op->activations = GABLE_DTYPE_BF16;
    op->attention.read_elements = shape->kv_heads * (shape->qk_dim + shape->v_dim);
    op->attention.write_elements = shape->causal ? op->attention.read_elements : 0.0;
    return NULL;
}

enum {
    CTX_ATTN,
    CTX_KV,
    CTX_BATCH,
    CTX_ISL,
    CTX_HEADS,
    CTX_KV_HEADS,
    CTX_DIM,
    CTX_WINDOW,
    CTX_KERNEL,
    N_CTX
};

/* Rows with an fp8 cache run on the fp8 unit even where attn_dtype says bf16: the kernels quantise
 * Q. */
static const char *make_context(const gable_cells *cells, gable_op *op)
{
    gable_attention shape = {
        .batch = cells->number[CTX_BATCH],
        .n_new = cells->number[CTX_ISL],
        .heads = cells->number[CTX_HEADS],
        .kv_heads = cells->number[CTX_KV_HEADS],
        .qk_dim = cells->number[CTX_DIM],
        .v_dim = cells->number[CTX_DIM],
        .window = cells->number[CTX_WINDOW],
        .causal = true,
    };
    gable_dtype queries, ignored;
    if (!gable_row_formats(cells->label[CTX_ATTN], &queries, &ignored))
        return unknown_format;
    if (shape.n_new < 1.0)
        return zero_size;
    return fill_attention(op, &shape, cells->label[CTX_KV]);
}

enum { GEN_KV, GEN_BATCH, GEN_LEN, GEN_HEADS, GEN_KV_HEADS, GEN_DIM, GEN_WINDOW, N_GEN };

static const char *make_generation(const gable_cells *cells, gable_op *op)
{
    gable_attention shape = {
        .batch = cells->number[GEN_BATCH],
        .n_new = 1.0,
        .n_cached = cells->number[GEN_LEN] - 1.0, /* kv_len counts the new token */
        .heads = cells->number[GEN_HEADS],
        .kv_heads = cells->number[GEN_KV_HEADS],
        .qk_dim = cells->number[GEN_DIM],
        .v_dim = cells->number[GEN_DIM],
        .window = cells->number[GEN_WINDOW],
        .causal = true,
    };
    if (shape.n_cached < 1.0)
        return "no cached token: that is prefill of one token";
    return fill_attention(op, &shape, cells->label[GEN_KV]);
}

enum { ENC_DTYPE, ENC_BATCH, ENC_ISL, ENC_HEADS, ENC_DIM, N_ENC };

static const char *make_encoder(const gable_cells *cells, gable_op *op)
{
    gable_attention shape = {
        .batch = cells->number[ENC_BATCH],
        .n_new = cells->number[ENC_ISL],
        .heads = cells->number[ENC_HEADS],
        .kv_heads = cells->number[ENC_HEADS],
        .qk_dim = cells->number[ENC_DIM],
        .v_dim = cells->number[ENC_DIM],
        .causal = false,
    };
    if (shape.n_new < 1.0)
        return zero_size;
    return fill_attention(op, &shape, cells->label[ENC_DTYPE]);
}

/* ---- moe ---- */

enum {
    MOE_DTYPE,
    MOE_DIST,
    MOE_TOKENS,
    MOE_HIDDEN,
    MOE_INTER,
    MOE_TOPK,
    MOE_EXPERTS,
    MOE_TP,
    MOE_EP,
    MOE_GEMMS,
    N_MOE
};

bool gable_row_routing(const char *label, gable_moe *moe)
{
    static const char power_law[] = "power_law_";
    if (strcmp(label, "balanced") == 0) {
        moe->routing = GABLE_ROUTING_BALANCED;
        return true;
    }
    if (strcmp(label, "uniform") == 0) {
        moe->routing = GABLE_ROUTING_UNIFORM;
        return true;
    }
    moe->routing = GABLE_ROUTING_POWER_LAW;
    return strncmp(label, power_law, sizeof power_law - 1) == 0 &&
           gable_num_parse(label + sizeof power_law - 1, &moe->skew);
}

static const char *make_moe(const gable_cells *cells, gable_op *op)
{
    static const int sizes[] = {MOE_TOKENS,  MOE_HIDDEN, MOE_INTER, MOE_TOPK,
                                MOE_EXPERTS, MOE_TP,     MOE_EP};
    gable_moe moe = {
        .tokens = cells->number[MOE_TOKENS],
        .hidden = cells->number[MOE_HIDDEN],
        .inter = cells->number[MOE_INTER],
        .top_k = cells->number[MOE_TOPK],
        .experts = cells->number[MOE_EXPERTS],
        .n_matrices = cells->number[MOE_GEMMS],
        .tp = cells->number[MOE_TP],
        .ep = cells->number[MOE_EP],
    };
    if (!gable_row_formats(cells->label[MOE_DTYPE], &op->weights, &op->activations))
        return unknown_format;
    if (below_one(cells, sizes, COUNT_OF(sizes)))
        return zero_size;
    if (!gable_row_routing(cells->label[MOE_DIST], &moe))
        return "unknown distribution of tokens over experts";
    if (moe.n_matrices != 2.0 && moe.n_matrices != 3.0)
        return "experts have 2 or 3 matrices"; /* relu^2 experts are not gated */
    if (moe.top_k > moe.experts || moe.ep > moe.experts || moe.experts > 1e5)
        return "fewer experts than a token uses, or than ranks";
    op->kind = GABLE_OP_MOE;
    op->moe = moe;
    return NULL;
}

/* ---- the table ---- */

#define LABEL(name_)                                                                               \
    {                                                                                              \
        .name = (name_), .label = true                                                             \
    }
#define SIZE(name_)                                                                                \
    {                                                                                              \
        .name = (name_), .hashed = true                                                            \
    }
#define FREE(name_)                                                                                \
    {                                                                                              \
        .name = (name_)                                                                            \
    } /* a number outside the shape: whole curves stay in one half */

/* A number that may be left empty, or a label whose column may be missing. */
#define BLANK(name_)                                                                               \
    {                                                                                              \
        .name = (name_), .hashed = true, .blank = true                                             \
    }

#define BLANK_LABEL(name_)                                                                         \
    {                                                                                              \
        .name = (name_), .label = true, .blank = true                                              \
    }

#define SHAPE_LABEL(name_)                                                                         \
    {                                                                                              \
        .name = (name_), .label = true, .hashed = true                                             \
    } /* sizes in one text */

const gable_table_kind gable_table_kinds[] = {
    {.name = "gemm",
     .columns = {LABEL("dtype"), SIZE("m"), SIZE("n"), SIZE("k")},
     .n_columns = N_GEMM,
     .dtype_column = GEMM_DTYPE,
     .make = make_gemm},
    {.name = "attention_context",
     .columns = {LABEL("attn_dtype"), LABEL("kv_dtype"), SIZE("batch"), SIZE("isl"), SIZE("heads"),
                 SIZE("kv_heads"), SIZE("head_dim"), SIZE("window"), BLANK_LABEL("kernel")},
     .n_columns = N_CTX,
     .dtype_column = CTX_KV,
     /* One label of a library stands for two kernels: with an 8-bit cache, queries of 16 or of 8
      * bits. */
     .kernel_columns = {CTX_KERNEL, CTX_ATTN},
     .n_kernel_columns = 2,
     .make = make_context},
    {.name = "attention_generation",
     .columns = {LABEL("kv_dtype"), SIZE("batch"), SIZE("kv_len"), SIZE("heads"), SIZE("kv_heads"),
                 SIZE("head_dim"), SIZE("window")},
     .n_columns = N_GEN,
     .dtype_column = GEN_KV,
     .make = make_generation},
    {.name = "attention_encoder",
     .columns = {LABEL("dtype"), SIZE("batch"), SIZE("isl"), SIZE("heads"), SIZE("head_dim")},
     .n_columns = N_ENC,
     .dtype_column = ENC_DTYPE,
     .make = make_encoder},
    {.name = "moe",
     .columns = {LABEL("dtype"), LABEL("dist"), FREE("tokens"), SIZE("hidden"), SIZE("inter"),
                 SIZE("topk"), SIZE("experts"), SIZE("tp"), SIZE("ep"), FREE("gemms")},
     .n_columns = N_MOE,
     .dtype_column = MOE_DTYPE,
     .make = make_moe},
    {.name = "mla_kernel",
     .columns = {LABEL("phase"), LABEL("kv_dtype"), SIZE("heads"), SIZE("batch"),
                 SIZE("new_tokens"), SIZE("kv_len")},
     .n_columns = GABLE_N_MLAK,
     .dtype_column = GABLE_MLAK_KV,
     .make = gable_make_mla_kernel},
    {.name = "mla_bmm",
     .columns = {LABEL("op"), LABEL("dtype"), SIZE("tokens"), SIZE("heads")},
     .n_columns = GABLE_N_BMM,
     .dtype_column = GABLE_BMM_DTYPE,
     .make = gable_make_mla_bmm},
    {.name = "mla_module",
     .columns = {LABEL("phase"), LABEL("mla_dtype"), LABEL("kv_dtype"), LABEL("gemm_dtype"),
                 SIZE("heads"), SIZE("batch"), SIZE("new_tokens"), SIZE("past_kv")},
     .n_columns = GABLE_N_MLAM,
     .dtype_column = GABLE_MLAM_PHASE,
     .make = gable_make_mla_module},
    {.name = "sparse_attention",
     .columns = {LABEL("variant"), LABEL("phase"), LABEL("model"), LABEL("kv_dtype"),
                 LABEL("gemm_dtype"), SIZE("heads"), SIZE("tp"), SIZE("batch"), SIZE("new_tokens"),
                 SIZE("past_kv")},
     .n_columns = GABLE_N_SPARSE,
     .dtype_column = GABLE_SPARSE_PHASE,
     .make = gable_make_sparse},
    {.name = "msa",
     .columns = {LABEL("phase"), LABEL("kv_dtype"), LABEL("gemm_dtype"), SIZE("heads"), SIZE("tp"),
                 SIZE("batch"), SIZE("new_tokens"), SIZE("past_kv")},
     .n_columns = GABLE_N_MSA,
     .dtype_column = GABLE_MSA_PHASE,
     .make = gable_make_msa},
    {.name = "moe_wideep",
     .columns = {LABEL("kind"), LABEL("dtype"), LABEL("dist"), LABEL("phase"), FREE("tokens"),
                 BLANK("rank0_tokens"), SIZE("hidden"), SIZE("inter"), SIZE("topk"),
                 SIZE("experts"), SIZE("slots"), SIZE("ep")},
     .n_columns = GABLE_WIDE_COLUMNS,
     .dtype_column = 1,
     .kernel_columns = {0, 3},
     .n_kernel_columns = 2,
     .make = gable_kind_make_wide},
    {.name = "linear_attention",
     .columns = {LABEL("family"), LABEL("kernel"), LABEL("phase"), BLANK_LABEL("framework"),
                 SIZE("batch"), SIZE("seq"), SIZE("d_model"), SIZE("d_conv"), SIZE("num_k_heads"),
                 SIZE("head_k_dim"), SIZE("num_v_heads"), SIZE("head_v_dim"), BLANK("d_state"),
                 BLANK("n_groups"), BLANK("chunk")},
     .n_columns = GABLE_LINEAR_COLUMNS,
     .dtype_column = 1,
     .kernel_columns = {0, 1, 2},
     .n_kernel_columns = 3,
     .make = gable_kind_make_linear},
    {.name = "mhc",
     .columns = {LABEL("op"), SIZE("tokens"), SIZE("hidden"), SIZE("hc_mult")},
     .n_columns = GABLE_MHC_COLUMNS,
     .dtype_column = 0,
     .make = gable_kind_make_mhc},
    {.name = "quantize",
     .columns = {LABEL("op"), SIZE("m"), SIZE("k")},
     .n_columns = GABLE_QUANTIZE_COLUMNS,
     .dtype_column = 0,
     .kernel_columns = {0},
     .n_kernel_columns = 1,
     .make = gable_kind_make_quantize},
    {.name = "moe_a2a",
     .columns = {LABEL("library"), LABEL("phase"), LABEL("dtype"), SIZE("nodes"), SIZE("ep"),
                 SIZE("hidden"), SIZE("topk"), SIZE("experts"), SIZE("tokens_per_rank"),
                 BLANK("sms")},
     .n_columns = GABLE_N_A2A,
     .dtype_column = GABLE_A2A_PHASE,
     .library_first = true,
     .kernel_columns = {GABLE_A2A_LIBRARY, GABLE_A2A_PHASE},
     .n_kernel_columns = 2,
     .make = gable_make_moe_a2a},
    {.name = "comm",
     .columns = {LABEL("library"), LABEL("op"), LABEL("dtype"), SIZE("gpus"), SIZE("bytes")},
     .n_columns = GABLE_N_COMM,
     .dtype_column = GABLE_COMM_OP,
     .library_first = true,
     .kernel_columns = {GABLE_COMM_LIBRARY, GABLE_COMM_OP},
     .n_kernel_columns = 2,
     .make = gable_make_comm},
    {.name = "power",
     .columns = {LABEL("op"), LABEL("dtype"), SHAPE_LABEL("shape")},
     .n_columns = GABLE_N_POWER,
     .dtype_column = GABLE_POWER_DTYPE,
     .make = gable_make_power},
};
const int gable_n_table_kinds = (int)COUNT_OF(gable_table_kinds);

const gable_table_kind *gable_table_kind_find(const char *name)
{
    for (int i = 0; i < gable_n_table_kinds; i++)
        if (strcmp(gable_table_kinds[i].name, name) == 0)
            return &gable_table_kinds[i];
    return NULL;
}
