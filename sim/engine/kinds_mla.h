/* engine/kinds_mla: the KINDs of latent attention: its kernels, the per-head products around them,
 * and whole attention blocks (MLA, DSA, CSA, HCA, MSA). Columns here, rows of the table in kinds.c.
 * Private to engine.
 * Room: engine. Uses: engine/kinds. */
#ifndef GABLE_ENGINE_KINDS_MLA_H
#define GABLE_ENGINE_KINDS_MLA_H
#include "engine/kinds.h"

enum {
    GABLE_MLAK_PHASE,
    GABLE_MLAK_KV,
    GABLE_MLAK_HEADS,
    GABLE_MLAK_BATCH,
    GABLE_MLAK_NEW,
    GABLE_MLAK_LEN,
    GABLE_N_MLAK
};
enum { GABLE_BMM_OP, GABLE_BMM_DTYPE, GABLE_BMM_TOKENS, GABLE_BMM_HEADS, GABLE_N_BMM };
enum {
    GABLE_MLAM_PHASE,
    GABLE_MLAM_DTYPE,
    GABLE_MLAM_KV,
    GABLE_MLAM_GEMM,
    GABLE_MLAM_HEADS,
    GABLE_MLAM_BATCH,
    GABLE_MLAM_NEW,
    GABLE_MLAM_PAST,
    GABLE_N_MLAM
};
enum {
    GABLE_SPARSE_VARIANT,
    GABLE_SPARSE_PHASE,
    GABLE_SPARSE_MODEL,
    GABLE_SPARSE_KV,
    GABLE_SPARSE_GEMM,
    GABLE_SPARSE_HEADS,
    GABLE_SPARSE_TP,
    GABLE_SPARSE_BATCH,
    GABLE_SPARSE_NEW,
    GABLE_SPARSE_PAST,
    GABLE_N_SPARSE
};
enum {
    GABLE_MSA_PHASE,
    GABLE_MSA_KV,
    GABLE_MSA_GEMM,
    GABLE_MSA_HEADS,
    GABLE_MSA_TP,
    GABLE_MSA_BATCH,
    GABLE_MSA_NEW,
    GABLE_MSA_PAST,
    GABLE_N_MSA
};

/* As gable_table_kind.make: fill `op`, or say why the row is outside the model's range. */
const char *gable_make_mla_kernel(const gable_cells *cells, gable_op *op);
const char *gable_make_mla_bmm(const gable_cells *cells, gable_op *op);
const char *gable_make_mla_module(const gable_cells *cells, gable_op *op);
const char *gable_make_sparse(const gable_cells *cells, gable_op *op);
const char *gable_make_msa(const gable_cells *cells, gable_op *op);

#endif
