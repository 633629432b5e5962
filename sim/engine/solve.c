/* engine: where a regime changes, found by root finding on the ceiling instead of by reading a
 * table. */
#include <math.h>

#include "engine/engine.h"
#include "engine/gslx.h"

typedef struct unknown {
    const gable_model *model;
    const gable_machine *machine;
    gable_scenario scenario;
    gable_solve_kind kind;
    gable_arena *arena;
    gable_err *err;
} unknown;

/* What memory traffic counts beside the weights. */
static double other_bytes(const gable_plan *plan, gable_solve_kind kind)
{
    double bytes = 0.0;
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_OP)
            bytes += plan->work[i].cache_bytes * plan->calls[i];
    return kind == GABLE_SOLVE_COMPUTE_BOUND_BATCH ? 0.0 : bytes;
}

/* Seconds of mathematics and seconds of memory of one step; products with weights only for the
 * weights-only question, as the textbook has it. */
static void seconds_of(const gable_plan *plan, const unknown *u, double *compute_s,
                       double *weights_s, double *other_s)
{
    double bandwidth = u->machine->accelerator->hbm_bandwidth_bytes_per_s, bytes = 0.0;
    *compute_s = 0.0;
    for (int i = 0; i < plan->n_rows; i++) {
        const gable_work *work = &plan->work[i];
        bool weights_only = u->kind == GABLE_SOLVE_COMPUTE_BOUND_BATCH;
        if (plan->kind[i] != GABLE_ROW_OP || work->vector)
            continue;
        bytes += work->weight_bytes * plan->calls[i];
        if (weights_only && work->weight_bytes <= 0.0)
            continue;
        gable_work products = *work;
        if (weights_only) /* scores of an indexer are no products with weights */
            products.parts.index_flops = products.parts.core_flops = 0.0;
        *compute_s += gable_cost_compute_s(plan->op[i].kind == GABLE_OP_SUBLAYER ? &products : work,
                                           u->machine->accelerator) *
                      plan->calls[i];
    }
    *weights_s = bytes / bandwidth;
    *other_s = other_bytes(plan, u->kind) / bandwidth;
}

/* The shape of the plan does not depend on the unknown, so a fractional batch or context is laid
 * out as the whole numbers around it and interpolated: both sides are piecewise smooth. */
static double balance_at(const unknown *u, double whole)
{
    gable_scenario s = u->scenario;
    gable_plan plan;
    double compute_s, weights_s, other_s;
    if (u->kind == GABLE_SOLVE_KV_CONTEXT)
        s.n_cached = whole;
    else
        s.batch = whole;
    size_t mark = gable_arena_mark(u->arena);
    double balance = 0.0;
    if (gable_layout_plan(u->arena, u->model, &s, &plan, u->err) == GABLE_OK) {
        seconds_of(&plan, u, &compute_s, &weights_s, &other_s);
        balance = u->kind == GABLE_SOLVE_KV_CONTEXT ? other_s - weights_s
                                                    : compute_s - weights_s - other_s;
    }
    gable_arena_release(u->arena, mark);
    return balance;
}

static double balance(double x, void *context)
{
    const unknown *u = context;
    double low = floor(x), part = x - low;
    double at_low = balance_at(u, low);
    return part > 0.0 ? at_low + part * (balance_at(u, low + 1.0) - at_low) : at_low;
}

static const struct {
    double low, high;
    const char *below, *above;
} ranges[] = {
    [GABLE_SOLVE_COMPUTE_BOUND_BATCH] = {1.0, 1048575.0, "compute-bound from the first sequence on",
                                         "memory-bound at every batch up to the largest"},
    [GABLE_SOLVE_COMPUTE_BOUND_BATCH_KV] = {1.0, 1048575.0,
                                            "compute-bound from the first sequence on",
                                            "memory-bound at every batch: the cache grows with it"},
    [GABLE_SOLVE_KV_CONTEXT] = {0.0, 1073741823.0, "the cache dominates from the first token on",
                                "the weights dominate at every context: the cache stops growing"},
    [GABLE_SOLVE_EXPERT_TOKENS] = {1.0, 1048575.0, "compute-bound from the first token on",
                                   "memory-bound however many tokens arrive"},
};

static gable_status solve_expert(const gable_model *model, const gable_machine *machine, bool paper,
                                 gable_solution *out, gable_err *err)
{
    gable_expert_roofline roofline;
    GABLE_TRY(gable_engine_expert_roofline(model, machine, paper, &roofline, err));
    out->found = roofline.found;
    out->value = roofline.tokens;
    out->network_to_compute = roofline.network_to_compute;
    out->reason = roofline.found ? NULL : ranges[GABLE_SOLVE_EXPERT_TOKENS].above;
    return GABLE_OK;
}

gable_status gable_engine_solve(const gable_model *model, const gable_machine *machine,
                                const gable_scenario *scenario, gable_solve_kind kind, bool paper,
                                gable_solution *out, gable_err *err)
{
    gable_arena arena;
    *out = (gable_solution){.low = ranges[kind].low, .high = ranges[kind].high};
    if (kind == GABLE_SOLVE_EXPERT_TOKENS)
        return solve_expert(model, machine, paper, out, err);
    GABLE_TRY(gable_arena_init(&arena, (size_t)4 * 1024 * 1024, err));
    unknown u = {model, machine, *scenario, kind, &arena, err};
    double at_low = balance(out->low, &u), at_high = balance(out->high, &u);
    gable_status status = err->status;
    if (status == GABLE_OK && at_low >= 0.0)
        out->reason = ranges[kind].below;
    else if (status == GABLE_OK && at_high < 0.0)
        out->reason = ranges[kind].above;
    else if (status == GABLE_OK)
        status = gslx_root(balance, &u, out->low, out->high, &out->value, err);
    if (status == GABLE_OK)
        status = err->status; /* of a point on the way */
    out->found = status == GABLE_OK && !out->reason;
    gable_arena_free(&arena);
    return status;
}
