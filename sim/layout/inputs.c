/* layout: rows of what enters beside the layers, and of steps that do not add one token after
 * another: prediction modules (facts/models.md 4.15), hashed memory tables (4.14), denoised blocks
 * (4.16). */
#include "layout/rows.h"

/* Embedding and hidden state are normed apart, laid side by side and projected to one width. */
static void prediction_inputs(gable_laying *l)
{
    double d = l->model->hidden;
    gable_rows_stream(l, "mtp_norms", 2.0 * d, 2.0 * d, 10.0 * d, 2.0 * d);
    gable_rows_gemm(l, "mtp_proj", GABLE_MODULE_ATTENTION, l->tokens, d / l->tp, 2.0 * d, 1.0);
    gable_rows_collective(l, "mtp_all_gather", GABLE_COLLECTIVE_ALL_GATHER, l->tokens * d);
}

/* The last row happens in each of the memory modules. */
static void repeat_in_modules(gable_laying *l, double modules)
{
    gable_plan *plan = l->plan;
    if (l->err->status != GABLE_OK)
        return;
    plan->calls[plan->n_rows - 1] *= modules;
    plan->stored_bytes[plan->n_rows - 1] *= modules;
}

/* Rows of the tables are gathered for all modules at once, because their indices follow from the
 * tokens alone; each module projects its rows to one value and one key per residual stream, and
 * smooths along the text with a short convolution. A table in HBM is split over the ranks, which
 * exchange what they find. */
static void memory_rows(gable_laying *l)
{
    const gable_model *model = l->model;
    double d = model->hidden, modules = model->memory_modules;
    double found = l->tokens * model->memory_row_elements;
    double streams = model->hyper_streams > 1 ? model->hyper_streams : 1.0;
    bool in_hbm = l->plan->local.memory_place == GABLE_MEMORY_HBM;
    gable_op op = {.kind = GABLE_OP_STREAM,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .stream = {found * 2.0, found * 2.0, 0.0}};
    gable_rows_op(l, "memory_lookup", &op, in_hbm ? model->memory_params * 2.0 / l->tp : 0.0);
    if (in_hbm)
        gable_rows_collective(l, "memory_all_gather", GABLE_COLLECTIVE_ALL_GATHER, found);
    gable_rows_gemm(l, "memory_proj", GABLE_MODULE_DENSE, l->tokens, d * (1.0 + streams),
                    model->memory_row_elements / modules, 1.0);
    repeat_in_modules(l, modules);
    gable_rows_stream(l, "memory_gate", (2.0 + streams) * d, d, 14.0 * d, 4.0 * d);
    repeat_in_modules(l, modules);
}

void gable_layout_inputs(gable_laying *l)
{
    if (l->model->mtp_module)
        prediction_inputs(l);
    if (l->model->memory_params > 0.0)
        memory_rows(l);
}

void gable_layout_canvas(gable_plan *plan)
{
    bool denoises = plan->model->canvas > 0 && plan->local.phase == GABLE_PHASE_DECODE;
    for (int i = 0; denoises && i < plan->n_rows; i++) {
        if (plan->kind[i] != GABLE_ROW_OP || plan->op[i].kind != GABLE_OP_ATTENTION)
            continue;
        plan->op[i].attention.causal = false;
        gable_cost_work(&plan->op[i], &plan->work[i]);
    }
}

gable_status gable_layout_check_decoding(const gable_model *model, const gable_scenario *s,
                                         gable_err *err)
{
    if (model->canvas > 0 && s->phase == GABLE_PHASE_DECODE && s->n_new > model->canvas)
        return gable_fail(err, GABLE_INPUT, "--new-tokens %g: %s denoises blocks of at most %d",
                          s->n_new, model->name, model->canvas);
    if (!(s->offload_weights >= 0.0 && s->offload_weights <= 1.0))
        return gable_fail(err, GABLE_INPUT, "--offload-weights %g is out of range, expected 0 to 1",
                          s->offload_weights);
    if (!(s->offload_kv >= 0.0 && s->offload_kv <= 1.0))
        return gable_fail(err, GABLE_INPUT, "--offload-kv %g is out of range, expected 0 to 1",
                          s->offload_kv);
    if (s->memory_place != GABLE_MEMORY_HBM && !(model->memory_params > 0.0))
        return gable_fail(err, GABLE_INPUT, "--memory %s: %s has no memory table",
                          gable_memory_places[s->memory_place], model->name);
    return GABLE_OK;
}
