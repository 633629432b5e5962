/* engine: the price of a step. One pass over the plan's columns; nothing is allocated. */
#include <math.h>

#include "cost/chip.h"
#include "engine/engine.h"
#include "engine/host.h"

static bool same_row(const gable_plan *plan, int a, int b)
{
    if (plan->kind[a] != plan->kind[b])
        return false;
    if (plan->kind[a] == GABLE_ROW_OP)
        return gable_op_same(&plan->op[a], &plan->op[b]);
    return plan->kind[a] == GABLE_ROW_COLLECTIVE &&
           gable_collective_same(&plan->collective[a], &plan->collective[b]);
}

static int first_like(const gable_plan *plan, int row)
{
    int i = 0;
    while (i < row && !same_row(plan, i, row))
        i++;
    return i;
}

gable_status gable_step_init(gable_arena *arena, const gable_plan *plan, gable_step *step,
                             gable_err *err)
{
    *step = (gable_step){.n_rows = plan->n_rows};
    size_t n = (size_t)plan->n_rows;
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->like, &step->like, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->row, &step->row, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->time_s, &step->time_s, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->ceiling_s, &step->ceiling_s, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->wire_bytes, &step->wire_bytes, err));
    for (int i = 0; i < plan->n_rows; i++)
        step->like[i] = first_like(plan, i);
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
static void price_host(const gable_plan *plan, const gable_machine *machine, double before_s,
                       double ceiling_before_s, gable_time *out)
{
    *out = (gable_time){.bound = GABLE_BOUND_NETWORK, .ceiling_bound = GABLE_BOUND_NETWORK};
    out->time_s = out->network_s = gable_engine_host_s(plan, machine, before_s);
    out->ceiling_s = gable_engine_host_s(plan, machine, ceiling_before_s);
    out->wire_bytes = plan->host.ahead_bytes + plan->host.routed_bytes + plan->host.memory_bytes;
    out->provenance = GABLE_PROVENANCE_SPEC;
}

/* One call of a row that no earlier row is like, but for what goes with the others. */
static void price_row(const gable_plan *plan, int row, const gable_machine *machine,
                      gable_chip *chip, gable_step *step)
{
    gable_time *time = &step->row[row];
    step->algorithm[row] = NULL;
    switch (plan->kind[row]) {
    case GABLE_ROW_OP:
        gable_cost_time_on(&plan->op[row], &plan->work[row], chip, time);
        break;
    case GABLE_ROW_COLLECTIVE: {
        gable_transfer transfer;
        gable_net_transfer(&plan->collective[row], machine, &transfer);
        *time = transfer.time;
        time->wire_bytes = transfer.wire_bytes;
        step->algorithm[row] = transfer.algorithm;
        break;
    }
    case GABLE_ROW_GAP:
        price_gap(machine->constants, time);
        break;
    case GABLE_ROW_HOST: /* once the others are added up */
        break;
    }
}

static void price_rows(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    gable_chip chip;
    gable_cost_chip(machine->accelerator, machine->constants, &chip);
    for (int i = 0; i < plan->n_rows; i++) {
        int like = step->like[i];
        if (like == i) {
            price_row(plan, i, machine, &chip, step);
        } else {
            step->row[i] = step->row[like];
            step->algorithm[i] = step->algorithm[like];
        }
    }
}

/* What the longest term of a row is spent on, its floor aside. */
static gable_bound longest_of(gable_row_kind kind, const gable_time *time)
{
    if (kind == GABLE_ROW_COLLECTIVE || kind == GABLE_ROW_HOST)
        return GABLE_BOUND_NETWORK;
    return time->compute_s > time->memory_s ? GABLE_BOUND_COMPUTE : GABLE_BOUND_MEMORY;
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
static void add_interval(const double *spread, gable_step *step)
{
    double variance = 0.0, total = step->time_s_total;
    for (int g = 0; g < N_GROUPS; g++)
        if (spread[g] > 0.0)
            variance += spread[g] / total * (spread[g] / total);
    double factor = exp(z_90 * sqrt(variance));
    step->p10_s = fmax(total / factor, step->ceiling_s_total);
    step->p90_s = total * factor;
}

/* Sums over the rows that locals hold while the loop runs. */
typedef struct sums {
    double time_s, ceiling_s, wire_bytes, flops, hbm_bytes, l2_bytes, matrix_flops, matrix_s;
} sums;

static void add_work(const gable_work *work, const gable_time *time, double calls, sums *to)
{
    to->flops += work->flops * calls;
    to->hbm_bytes += work->hbm_bytes * calls;
    to->l2_bytes += work->l2_bytes * calls;
    if (work->vector)
        return;
    to->matrix_flops += work->flops * calls;
    to->matrix_s += time->peak_s * calls;
}

/* Where the seconds of a row went: its floor to overhead, the rest to what was longest. */
static void add_rows(const gable_plan *plan, const gable_machine *machine, gable_step *step,
                     double *spread, sums *to)
{
    sums all = {0};
    for (int i = 0; i < plan->n_rows; i++) {
        gable_time *time = &step->row[i];
        double calls = plan->calls[i];
        if (plan->kind[i] == GABLE_ROW_HOST)
            price_host(plan, machine, all.time_s, all.ceiling_s, time);
        else if (plan->kind[i] == GABLE_ROW_OP)
            add_work(&plan->work[i], time, calls, &all);
        all.time_s += step->time_s[i] = time->time_s * calls;
        all.ceiling_s += step->ceiling_s[i] = time->ceiling_s * calls;
        all.wire_bytes += step->wire_bytes[i] = time->wire_bytes * calls;
        step->bound_s[GABLE_BOUND_OVERHEAD] += time->overhead_s * calls;
        step->bound_s[longest_of(plan->kind[i], time)] += (time->time_s - time->overhead_s) * calls;
        spread[group_of(plan, i)] += step->time_s[i] * time->sigma_ln;
        if (time->provenance > step->provenance)
            step->provenance = time->provenance;
    }
    *to = all;
}

/* FLOPs may run on several units; the ridge is where their mixture meets the memory. */
static void take_sums(const sums *all, const gable_machine *machine, gable_step *step)
{
    step->time_s_total = all->time_s;
    step->ceiling_s_total = all->ceiling_s;
    step->wire_bytes_total = all->wire_bytes;
    step->flops = all->flops;
    step->hbm_bytes = all->hbm_bytes;
    step->l2_bytes = all->l2_bytes;
    if (all->hbm_bytes > 0.0)
        step->intensity_flops_per_byte = all->flops / all->hbm_bytes;
    if (all->matrix_s > 0.0)
        step->ridge_flops_per_byte =
            all->matrix_flops / all->matrix_s / machine->accelerator->hbm_bandwidth_bytes_per_s;
}

static void add_memory(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    step->total_bytes =
        plan->weights_bytes + plan->kv_bytes + plan->state_bytes + plan->activation_bytes;
    step->capacity_bytes = gable_accelerator_memory_bytes(machine->accelerator);
    step->fits = step->total_bytes + step->reserve_bytes <= step->capacity_bytes;
}

static void reset_totals(gable_step *step)
{
    gable_step fresh = {.n_rows = step->n_rows,
                        .like = step->like,
                        .row = step->row,
                        .time_s = step->time_s,
                        .ceiling_s = step->ceiling_s,
                        .wire_bytes = step->wire_bytes,
                        .algorithm = step->algorithm};
    *step = fresh;
}

void gable_engine_price(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    double spread[N_GROUPS] = {0};
    sums all;
    reset_totals(step);
    price_rows(plan, machine, step);
    add_rows(plan, machine, step, spread, &all);
    take_sums(&all, machine, step);
    step->bound = GABLE_BOUND_COMPUTE;
    for (int b = 1; b < GABLE_N_BOUNDS; b++)
        if (step->bound_s[b] > step->bound_s[step->bound])
            step->bound = (gable_bound)b;
    add_interval(spread, step);
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
