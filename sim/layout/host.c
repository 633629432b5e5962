/* layout: what does not live in the device's memory: offloaded weights and cache, memory tables
 * (facts/models.md 4.14). Weights are taken to be offloaded evenly over all layers and experts. */
#include "layout/rows.h"

#include <math.h>

/* Two layers' worth stays in the device: one that is used and one that arrives. */
static double kept_in_flight(const gable_plan *plan, double offloaded)
{
    double layers = ceil(plan->model->n_layers * plan->stage_frac);
    return layers > 2.0 ? offloaded * 2.0 / layers : offloaded;
}

/* Bytes of the rows that a step reads. Of the cache, the share of what is cached already: what new
 * tokens add goes the other way. */
static void add_reads(const gable_plan *plan, gable_host_traffic *host)
{
    const gable_scenario *s = &plan->local;
    double old = s->n_cached / (s->n_cached + s->n_new);
    for (int i = 0; i < plan->n_rows; i++) {
        if (plan->kind[i] != GABLE_ROW_OP)
            continue;
        double weights = s->offload_weights * plan->work[i].weight_bytes * plan->calls[i];
        if (plan->op[i].kind == GABLE_OP_MOE)
            host->routed_bytes += weights;
        else
            host->ahead_bytes += weights;
        host->ahead_bytes += s->offload_kv * old * plan->work[i].cache_bytes * plan->calls[i];
    }
}

static void add_memory_table(const gable_plan *plan, gable_host_traffic *host)
{
    const gable_model *model = plan->model;
    if (!(model->memory_params > 0.0) || plan->local.memory_place == GABLE_MEMORY_HBM)
        return;
    double first = model->memory_first_layer > 0 ? model->memory_first_layer - 1.0 : 0.0;
    host->memory_bytes =
        plan->local.batch * plan->local.n_new * plan->passes * model->memory_row_elements * 2.0;
    host->memory_frac = first / model->n_layers;
    host->stored_bytes += model->memory_params * 2.0 / plan->local.tp;
}

void gable_layout_host(gable_laying *l)
{
    gable_plan *plan = l->plan;
    gable_host_traffic *host = &plan->host;
    double weights = plan->local.offload_weights * plan->weights_bytes;
    double kv = plan->local.offload_kv * plan->kv_bytes;
    add_reads(plan, host);
    add_memory_table(plan, host);
    host->stored_bytes += weights + kv;
    plan->weights_bytes += kept_in_flight(plan, weights) - weights;
    plan->kv_bytes += kept_in_flight(plan, kv) - kv;
    if (host->stored_bytes > 0.0)
        gable_rows_host(l);
}
