/* layout/flops: see flops.h. */
#include "layout/flops.h"

static void add_row(const gable_op *op, const gable_work *work, double calls, gable_flops *out)
{
    switch (op->kind) {
    case GABLE_OP_SUBLAYER:
        out->linear += calls * work->parts.projection_flops;
        out->attention += calls * work->parts.core_flops;
        out->index += calls * work->parts.index_flops;
        break;
    case GABLE_OP_ATTENTION:
    case GABLE_OP_LATENT:
        out->attention += calls * work->flops;
        break;
    case GABLE_OP_LINEAR:
        out->recurrence += calls * work->flops;
        break;
    case GABLE_OP_GEMM:
    case GABLE_OP_BATCHED:
    case GABLE_OP_MOE:
        out->linear += calls * work->flops;
        break;
    case GABLE_OP_MHC:
    case GABLE_OP_QUANTIZE:
    case GABLE_OP_STREAM:
    case GABLE_OP_EXCHANGE:
    case GABLE_N_OP_KINDS:
        break;
    }
}

void gable_plan_flops(const gable_plan *plan, gable_flops *out)
{
    bool narrow_index = gable_dtype_bytes(plan->model->index_dtype) < 1.0;
    *out = (gable_flops){0};
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_OP)
            add_row(&plan->op[i], &plan->work[i], plan->calls[i], out);
    out->fp8_equivalent = out->linear + 2.0 * (out->attention + out->recurrence) +
                          (narrow_index ? 0.5 : 1.0) * out->index;
}

gable_status gable_model_token_flops(gable_arena *arena, const gable_model *model, double n_cached,
                                     gable_flops *out, gable_err *err)
{
    gable_scenario one = {.phase = GABLE_PHASE_DECODE,
                          .batch = 1.0,
                          .n_cached = n_cached,
                          .n_new = 1.0,
                          .tp = 1,
                          .ep = 1};
    gable_plan plan;
    size_t mark = gable_arena_mark(arena);
    gable_status status = gable_layout_plan(arena, model, &one, &plan, err);
    if (status == GABLE_OK)
        gable_plan_flops(&plan, out);
    gable_arena_release(arena, mark);
    return status;
}
