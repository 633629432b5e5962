/* layout/rows: see rows.h. */
#include "layout/rows.h"

static const double bf16_bytes = 2.0;

/* Index of a fresh row, or -1 when the plan is full or an error stands. */
static int new_row(gable_laying *l, const char *name, gable_row_kind kind)
{
    gable_plan *plan = l->plan;
    if (l->err->status != GABLE_OK)
        return -1;
    if (plan->n_rows == GABLE_PLAN_ROWS_CAP) {
        gable_fail(l->err, GABLE_INPUT, "%s: more than %d distinct operators", l->model->path,
                   GABLE_PLAN_ROWS_CAP);
        return -1;
    }
    int row = plan->n_rows++;
    plan->name[row] = name;
    plan->kind[row] = kind;
    plan->layers[row] = l->layer ? l->layer->count : 0;
    plan->calls[row] = l->layer ? l->layer->count : 1.0;
    return row;
}

void gable_rows_op(gable_laying *l, const char *name, const gable_op *op, double stored_bytes)
{
    int row = new_row(l, name, GABLE_ROW_OP);
    if (row < 0)
        return;
    l->plan->op[row] = *op;
    gable_cost_work(op, &l->plan->work[row]);
    l->plan->stored_bytes[row] = stored_bytes * l->plan->calls[row];
}

void gable_rows_gemm(gable_laying *l, const char *name, gable_module module, double m, double n,
                     double k, double groups)
{
    const gable_module_dtypes *dtypes = &l->model->dtypes[module];
    gable_op op = {.kind = GABLE_OP_GEMM,
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

void gable_rows_collective(gable_laying *l, const char *name, gable_collective_kind kind,
                           double elements)
{
    if (l->tp <= 1.0)
        return;
    int row = new_row(l, name, GABLE_ROW_COLLECTIVE);
    if (row >= 0)
        l->plan->collective[row] = (gable_collective){kind, elements * bf16_bytes, l->tp};
}

void gable_rows_gap(gable_laying *l)
{
    int row = new_row(l, "engine_gap", GABLE_ROW_GAP);
    if (row < 0)
        return;
    l->plan->layers[row] = l->model->n_layers;
    l->plan->calls[row] = l->model->n_layers;
}
