/* engine: the price of a step. One pass over the plan's columns; nothing is allocated. */
#include <math.h>

#include "engine/engine.h"
#include "engine/host.h"

gable_status gable_step_init(gable_arena *arena, const gable_plan *plan, gable_step *step,
                             gable_err *err)
{
    *step = (gable_step){.n_rows = plan->n_rows};
    size_t n = (size_t)plan->n_rows;
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->row, &step->row, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->time_s, &step->time_s, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->ceiling_s, &step->ceiling_s, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->wire_bytes, &step->wire_bytes, err));
    return gable_arena_take(arena, n, sizeof *step->algorithm, &step->algorithm, err);
}

static void price_gap(const gable_constants *constants, gable_time *out)
{
    *out = (gable_time){.bound = GABLE_BOUND_OVERHEAD, .ceiling_bound = GABLE_BOUND_OVERHEAD};
    out->provenance = GABLE_PROVENANCE_SPEC;
    if (constants->ideal)
        return;
    out->time_s = out->overhead_s = constants->gap_s_per_layer;
    out->provenance = constants->gap_provenance;
}

/* The last row: what the others do not hide. With slower others less of it shows, so it may be
 * shorter than at the ceiling; the step never is. */
static void price_host(const gable_plan *plan, const gable_machine *machine, const gable_step *step,
                       gable_time *out)
{
    *out = (gable_time){.bound = GABLE_BOUND_NETWORK, .ceiling_bound = GABLE_BOUND_NETWORK};
    out->time_s = out->network_s = gable_engine_host_s(plan, machine, step->time_s_total);
    out->ceiling_s = gable_engine_host_s(plan, machine, step->ceiling_s_total);
    out->provenance = GABLE_PROVENANCE_SPEC;
}

static void price_row(const gable_plan *plan, int row, const gable_machine *machine,
                      gable_step *step)
{
    gable_time *time = &step->row[row];
    step->algorithm[row] = NULL;
    step->wire_bytes[row] = 0.0;
    switch (plan->kind[row]) {
    case GABLE_ROW_OP:
        gable_cost_time(&plan->op[row], &plan->work[row], machine->accelerator, machine->constants,
                        time);
        break;
    case GABLE_ROW_COLLECTIVE: {
        gable_transfer transfer;
        gable_net_transfer(&plan->collective[row], machine, &transfer);
        *time = transfer.time;
        step->algorithm[row] = transfer.algorithm;
        step->wire_bytes[row] = transfer.wire_bytes * plan->calls[row];
        break;
    }
    case GABLE_ROW_GAP:
        price_gap(machine->constants, time);
        break;
    case GABLE_ROW_HOST:
        price_host(plan, machine, step, time);
        step->wire_bytes[row] =
            plan->host.ahead_bytes + plan->host.routed_bytes + plan->host.memory_bytes;
        break;
    }
    step->time_s[row] = time->time_s * plan->calls[row];
    step->ceiling_s[row] = time->ceiling_s * plan->calls[row];
}

/* Where the seconds of a row went: its floor to overhead, the rest to what was longest. */
static void add_bounds(const gable_plan *plan, int row, gable_step *step)
{
    const gable_time *time = &step->row[row];
    double rest = time->time_s - time->overhead_s;
    gable_bound longest = GABLE_BOUND_MEMORY;
    if (plan->kind[row] == GABLE_ROW_COLLECTIVE || plan->kind[row] == GABLE_ROW_HOST)
        longest = GABLE_BOUND_NETWORK;
    else if (time->compute_s > time->memory_s)
        longest = GABLE_BOUND_COMPUTE;
    step->bound_s[GABLE_BOUND_OVERHEAD] += time->overhead_s * plan->calls[row];
    step->bound_s[longest] += rest * plan->calls[row];
}

/* Groups of rows whose errors move together: kernels of one family, collectives, gaps. */
enum { GROUP_NET = GABLE_N_FAMILIES, GROUP_GAP, N_GROUPS };

static int group_of(const gable_plan *plan, int row)
{
    if (plan->kind[row] == GABLE_ROW_OP)
        return (int)plan->work[row].family;
    return plan->kind[row] == GABLE_ROW_COLLECTIVE ? GROUP_NET : GROUP_GAP;
}

/* 10th and 90th percentile of a standard normal. */
static const double z_90 = 1.2815515655446004;

/* Errors are log-normal, fully correlated inside a group and independent between groups: the step's
 * spread is the root of the sum of squares of (share x sigma). Never faster than the ceiling. */
static void add_interval(const gable_plan *plan, gable_step *step)
{
    double spread[N_GROUPS] = {0};
    double variance = 0.0, total = step->time_s_total;
    for (int i = 0; i < plan->n_rows; i++)
        spread[group_of(plan, i)] += step->time_s[i] * step->row[i].sigma_ln;
    for (int g = 0; g < N_GROUPS; g++)
        variance += total > 0.0 ? spread[g] / total * (spread[g] / total) : 0.0;
    double factor = exp(z_90 * sqrt(variance));
    step->p10_s = fmax(total / factor, step->ceiling_s_total);
    step->p90_s = total * factor;
}

/* FLOPs may run on several units; the ridge is where their mixture meets the memory. */
static void add_intensity(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    const gable_accelerator *device = machine->accelerator;
    double matrix_flops = 0.0, matrix_s = 0.0;
    for (int i = 0; i < plan->n_rows; i++) {
        const gable_work *work = &plan->work[i];
        if (plan->kind[i] != GABLE_ROW_OP)
            continue;
        step->flops += work->flops * plan->calls[i];
        step->hbm_bytes += work->hbm_bytes * plan->calls[i];
        step->l2_bytes += work->l2_bytes * plan->calls[i];
        if (work->vector)
            continue;
        matrix_flops += work->flops * plan->calls[i];
        matrix_s += gable_cost_compute_s(work, device) * plan->calls[i];
    }
    if (step->hbm_bytes > 0.0)
        step->intensity_flops_per_byte = step->flops / step->hbm_bytes;
    if (matrix_s > 0.0)
        step->ridge_flops_per_byte = matrix_flops / matrix_s / device->hbm_bandwidth_bytes_per_s;
}

static void add_memory(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    step->total_bytes =
        plan->weights_bytes + plan->kv_bytes + plan->state_bytes + plan->activation_bytes;
    step->capacity_bytes = gable_accelerator_memory_bytes(machine->accelerator);
    step->fits = gable_accelerator_holds(
        machine->accelerator, plan->weights_bytes, plan->kv_bytes,
        plan->state_bytes + plan->activation_bytes + step->reserve_bytes);
}

static void reset_totals(gable_step *step)
{
    gable_step fresh = {.n_rows = step->n_rows,
                        .row = step->row,
                        .time_s = step->time_s,
                        .ceiling_s = step->ceiling_s,
                        .wire_bytes = step->wire_bytes,
                        .algorithm = step->algorithm};
    *step = fresh;
}

void gable_engine_price(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    reset_totals(step);
    for (int i = 0; i < plan->n_rows; i++) {
        price_row(plan, i, machine, step);
        add_bounds(plan, i, step);
        step->time_s_total += step->time_s[i];
        step->ceiling_s_total += step->ceiling_s[i];
        step->wire_bytes_total += step->wire_bytes[i];
        if (step->row[i].provenance > step->provenance)
            step->provenance = step->row[i].provenance;
    }
    step->bound = GABLE_BOUND_COMPUTE;
    for (int b = 1; b < GABLE_N_BOUNDS; b++)
        if (step->bound_s[b] > step->bound_s[step->bound])
            step->bound = (gable_bound)b;
    add_interval(plan, step);
    add_intensity(plan, machine, step);
    add_memory(plan, machine, step);
    step->tokens_per_s = step->time_s_total > 0.0 ? plan->tokens / step->time_s_total : 0.0;
}

gable_status gable_engine_check(const gable_plan *plan, const gable_machine *machine,
                                gable_err *err)
{
    int tp = plan->scenario.tp, n = machine->system->n_accelerators;
    if (tp <= n)
        return gable_engine_check_host(plan, machine, err);
    if (n == 1)
        return gable_fail(err, GABLE_INPUT,
                          "--tp %d needs %d accelerators, %s is one device without a fabric", tp,
                          tp, machine->system->name);
    return gable_fail(err, GABLE_INPUT, "--tp %d needs %d accelerators, %s has %d in one domain",
                      tp, tp, machine->system->name, n);
}
