/* engine: the price of a step. One pass over the plan's columns; nothing is allocated. */
#include <math.h>
#include <stdio.h>

#include "cost/chip.h"
#include "engine/engine.h"
#include "engine/host.h"
#include "engine/memory.h"
#include "engine/overlap.h"
#include "layout/families.h"

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

/* Kins of rows: kernels of one family, collectives, gaps. */
enum { KIN_NET = GABLE_N_FAMILIES, KIN_GAP, KINS_CAP };

static int kin_of(const gable_plan *plan, int row)
{
    if (plan->kind[row] == GABLE_ROW_OP)
        return (int)plan->work[row].family;
    return plan->kind[row] == GABLE_ROW_COLLECTIVE ? KIN_NET : KIN_GAP;
}

/* Numbers the kins that there are, in their order. */
static void number_kins(const gable_plan *plan, gable_step *step)
{
    int number[KINS_CAP] = {0};
    for (int i = 0; i < plan->n_rows; i++)
        number[kin_of(plan, i)] = 1;
    for (int k = 0; k < KINS_CAP; k++)
        number[k] = number[k] ? step->n_kins++ : 0;
    bool open[KINS_CAP] = {false};
    for (int i = 0; i < plan->n_rows; i++) {
        step->kin[i] = number[kin_of(plan, i)];
        step->opens[i] = !open[step->kin[i]];
        open[step->kin[i]] = true;
    }
}

/* What no machine changes. */
static void add_work(const gable_plan *plan, gable_step *step)
{
    step->position_bytes = gable_memory_position_bytes(plan->model);
    for (int i = 0; i < plan->n_rows; i++) {
        const gable_work *work = &plan->work[i];
        double calls = plan->calls[i];
        if (plan->kind[i] != GABLE_ROW_OP)
            continue;
        step->flops += work->flops * calls;
        step->hbm_bytes += work->hbm_bytes * calls;
        step->l2_bytes += work->l2_bytes * calls;
        if (work->vector)
            continue;
        step->matrix_flops += work->flops * calls;
        step->product[step->n_products++] = i;
    }
}

gable_status gable_step_init(gable_arena *arena, const gable_plan *plan, gable_step *step,
                             gable_err *err)
{
    *step = (gable_step){.n_rows = plan->n_rows};
    size_t n = (size_t)plan->n_rows;
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->like, &step->like, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->kin, &step->kin, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->opens, &step->opens, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->product, &step->product, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->row, &step->row, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->time_s, &step->time_s, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->ceiling_s, &step->ceiling_s, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->wire_bytes, &step->wire_bytes, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->hidden_s, &step->hidden_s, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *step->wire, &step->wire, err));
    for (int i = 0; i < plan->n_rows; i++) {
        step->like[i] = first_like(plan, i);
        step->hidden_s[i] = 0.0;
    }
    number_kins(plan, step);
    add_work(plan, step);
    return gable_arena_take(arena, n, sizeof *step->algorithm, &step->algorithm, err);
}

static void price_gap(const gable_constants *constants, gable_time *out)
{
    gable_time_clear(out);
    out->bound = out->ceiling_bound = GABLE_BOUND_OVERHEAD;
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
    out->time_s = out->network_s =
        gable_engine_host_s(plan, machine, step->time_s_total,
                            gable_engine_exchange_s(machine, step->wire_bytes_total));
    out->ceiling_s = gable_engine_host_s(plan, machine, step->ceiling_s_total, 0.0);
    out->wire_bytes = plan->host.ahead_bytes + plan->host.routed_bytes + plan->host.memory_bytes;
    out->provenance = GABLE_PROVENANCE_SPEC;
}

/* A stage waits as long as its rows take, for each pass that it is not in. */
static void price_bubble(const gable_plan *plan, const gable_step *step, gable_time *out)
{
    *out = (gable_time){.bound = GABLE_BOUND_OVERHEAD, .ceiling_bound = GABLE_BOUND_OVERHEAD};
    out->time_s = out->overhead_s = plan->bubble_frac * step->time_s_total;
    out->ceiling_s = plan->bubble_frac * step->ceiling_s_total;
    out->provenance = GABLE_PROVENANCE_SPEC;
}

/* One call of a row; rows whose seconds follow from the others' are left to add_following. */
static void price_row(const gable_plan *plan, int row, const gable_machine *machine,
                      gable_chip *chip, gable_step *step)
{
    gable_time *time = &step->row[row];
    gable_transfer transfer;
    step->algorithm[row] = NULL;
    switch (plan->kind[row]) {
    case GABLE_ROW_OP:
        gable_cost_time_on(&plan->op[row], &plan->work[row], chip, time);
        break;
    case GABLE_ROW_COLLECTIVE:
        gable_net_transfer(&plan->collective[row], machine, &transfer);
        *time = transfer.time;
        time->wire_bytes = transfer.wire_bytes;
        step->algorithm[row] = transfer.algorithm;
        if (plan->overlaps)
            step->wire[row] = transfer.wire;
        break;
    case GABLE_ROW_GAP:
        price_gap(machine->constants, time);
        break;
    case GABLE_ROW_BUBBLE:
    case GABLE_ROW_HOST:
        break;
    }
}

void gable_engine_price_rows(const gable_plan *plan, const gable_machine *machine, gable_chip *chip,
                             const int *rows, int n, gable_step *step)
{
    for (int k = 0; k < n; k++) {
        int i = rows ? rows[k] : k, like = step->like[i];
        if (like == i) {
            price_row(plan, i, machine, chip, step);
        } else {
            step->row[i] = step->row[like];
            step->algorithm[i] = step->algorithm[like];
            if (plan->overlaps)
                step->wire[i] = step->wire[like];
        }
    }
}

/* ---- the sums ---- */

/* Rows whose seconds follow from those of the others. */
static bool follows(const gable_plan *plan, int row)
{
    return plan->kind[row] == GABLE_ROW_BUBBLE || plan->kind[row] == GABLE_ROW_HOST;
}

/* Seconds and bytes of all calls of the rows from `first` to before `end`. */
static void add_times(const gable_plan *plan, int first, int end, gable_step *step)
{
    double time_s = step->time_s_total, ceiling_s = step->ceiling_s_total;
    double wire_bytes = step->wire_bytes_total;
    for (int i = first; i < end; i++) {
        const gable_time *time = &step->row[i];
        double calls = plan->calls[i];
        time_s += step->time_s[i] = time->time_s * calls;
        ceiling_s += step->ceiling_s[i] = time->ceiling_s * calls;
        wire_bytes += step->wire_bytes[i] = time->wire_bytes * calls;
        if (time->provenance > step->provenance)
            step->provenance = time->provenance;
    }
    step->time_s_total = time_s;
    step->ceiling_s_total = ceiling_s;
    step->wire_bytes_total = wire_bytes;
}

static double n_sm(const gable_machine *machine)
{
    double own = machine->constants->n_sm;
    return own > 0.0 ? own : machine->accelerator->n_sm;
}

static void add_all_times(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    int n = plan->n_rows;
    while (n > 0 && follows(plan, n - 1))
        n--;
    add_times(plan, 0, n, step);
    if (plan->overlaps)
        gable_engine_overlap(plan, n, n_sm(machine), step);
    for (int i = n; i < plan->n_rows; i++) {
        step->algorithm[i] = NULL;
        if (plan->kind[i] == GABLE_ROW_BUBBLE)
            price_bubble(plan, step, &step->row[i]);
        else
            price_host(plan, machine, step, &step->row[i]);
        add_times(plan, i, i + 1, step);
    }
}

/* What the longest term of a row is spent on, its floor aside. */
static gable_bound longest_of(gable_row_kind kind, const gable_time *time)
{
    if (kind == GABLE_ROW_COLLECTIVE || kind == GABLE_ROW_HOST)
        return GABLE_BOUND_NETWORK;
    return time->compute_s > time->memory_s ? GABLE_BOUND_COMPUTE : GABLE_BOUND_MEMORY;
}

/* 10th and 90th percentile of a standard normal. */
static const double z_90 = 1.2815515655446004;

/* Errors are log-normal, fully correlated inside a kin and independent between kins: the step's
 * spread is the root of the sum of squares of (share x sigma). Never faster than the ceiling. */
static void add_interval(const double *spread, gable_step *step)
{
    double variance = 0.0, total = step->time_s_total;
    for (int k = 0; k < step->n_kins && total > 0.0; k++) {
        double share = spread[k] / total; /* NOLINT(clang-analyzer-core.*): each is opened */
        variance += share * share;
    }
    double factor = exp(z_90 * sqrt(variance));
    step->p10_s = fmax(total / factor, step->ceiling_s_total);
    step->p90_s = total * factor;
}

/* Where the seconds of the rows went: floors to overhead, the rest to what was longest; and how far
 * they may be off. */
static void add_bounds(const gable_plan *plan, gable_step *step)
{
    double overhead_s = 0.0, by[GABLE_N_BOUNDS] = {0}, spread[KINS_CAP];
    for (int i = 0; i < plan->n_rows; i++) {
        const gable_time *time = &step->row[i];
        double calls = plan->calls[i], shown_s = step->time_s[i];
        int kin = step->kin[i];
        if (step->hidden_s[i] != 0.0) {
            calls *= 1.0 - step->hidden_s[i] / shown_s;
            shown_s -= step->hidden_s[i];
        }
        overhead_s += time->overhead_s * calls;
        by[longest_of(plan->kind[i], time)] += (time->time_s - time->overhead_s) * calls;
        double own = shown_s * time->sigma_ln;
        spread[kin] = step->opens[i] ? own : spread[kin] + own;
    }
    by[GABLE_BOUND_OVERHEAD] = overhead_s;
    for (int b = 0; b < GABLE_N_BOUNDS; b++) {
        step->bound_s[b] = by[b];
        if (by[b] > by[step->bound])
            step->bound = (gable_bound)b;
    }
    add_interval(spread, step);
}

/* Sums of the work, which knows no machine, are made once (gable_step_init); what goes with it are
 * the seconds of products at datasheet peaks: FLOPs may run on several units, and the ridge is
 * where their mixture meets the memory. */
static void add_intensity(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    double matrix_s = 0.0;
    for (int i = 0; i < step->n_products; i++) {
        int row = step->product[i];
        matrix_s += step->row[row].peak_s * plan->calls[row];
    }
    if (step->hbm_bytes > 0.0)
        step->intensity_flops_per_byte = step->flops / step->hbm_bytes;
    if (matrix_s > 0.0)
        step->ridge_flops_per_byte =
            step->matrix_flops / matrix_s / machine->accelerator->hbm_bandwidth_bytes_per_s;
}

static void add_memory(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    step->total_bytes =
        plan->weights_bytes + plan->kv_bytes + plan->state_bytes + plan->activation_bytes;
    step->capacity_bytes = gable_accelerator_memory_bytes(machine->accelerator);
    const gable_serving_rules *rules = machine->constants->rules;
    step->communication_bytes = rules ? gable_memory_communication_bytes(plan, rules) : 0.0;
    step->reserve_bytes = step->communication_bytes +
                          (rules ? gable_memory_framework_bytes(rules, step->position_bytes) : 0.0);
    step->fits =
        gable_accelerator_holds(machine->accelerator, plan->weights_bytes, plan->kv_bytes,
                                plan->state_bytes + plan->activation_bytes + step->reserve_bytes);
}

/* What the sums below add to, or do not always set. */
static void reset_totals(gable_step *step)
{
    step->time_s_total = step->ceiling_s_total = step->wire_bytes_total = 0.0;
    step->intensity_flops_per_byte = step->ridge_flops_per_byte = 0.0;
    step->contended_s = 0.0;
    step->bound = GABLE_BOUND_COMPUTE;
    step->provenance = GABLE_PROVENANCE_SPEC;
}

void gable_engine_add_times(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    reset_totals(step);
    add_all_times(plan, machine, step);
    add_memory(plan, machine, step);
    step->tokens_per_s = step->time_s_total > 0.0 ? plan->tokens / step->time_s_total : 0.0;
}

void gable_engine_add(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    gable_engine_add_times(plan, machine, step);
    add_bounds(plan, step);
    add_intensity(plan, machine, step);
}

void gable_engine_price(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    gable_chip chip;
    gable_cost_chip(machine->accelerator, machine->constants, &chip);
    gable_engine_price_rows(plan, machine, &chip, NULL, plan->n_rows, step);
    gable_engine_add(plan, machine, step);
}

/* Which of its counts make a layout so large: "--tp 4 --pp 2". */
static const char *counted(const gable_ranks *r, char text[100])
{
    const struct {
        const char *name;
        double n;
    } counts[] = {
        {"tp", r->tp}, {"pp", r->pp}, {"cp", r->cp}, {"attn-dp", r->attn_dp}, {"dp", r->dp}};
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (counts[i].n > 1.0)
            length += (size_t)snprintf(text + length, 100 - length, "%s--%s %.0f",
                                       length > 0 ? " " : "", counts[i].name, counts[i].n);
    return text;
}

gable_status gable_engine_check(const gable_plan *plan, const gable_machine *machine,
                                gable_err *err)
{
    char counts[100];
    const gable_system *system = machine->system;
    int world = (int)plan->ranks.world, domain = system->n_accelerators;
    int nodes = machine->n_nodes > 1 ? machine->n_nodes : 1;
    const gable_constants *constants = machine->constants;
    gable_families absent = constants->ideal ? 0 : constants->absent; /* none where all are read */
    if (absent && (gable_layout_families(plan->model) & absent))
        return gable_fail(err, GABLE_INTERNAL, "kernels of %s were not loaded", plan->model->name);
    if (nodes > 1 && !(system->scale_out_bytes_per_s > 0.0))
        return gable_fail(err, GABLE_INPUT, "--nodes %d: %s has no links to others of its kind",
                          nodes, system->name);
    if (system->max_nodes > 0 && nodes > system->max_nodes)
        return gable_fail(err, GABLE_INPUT, "--nodes %d: at most %d of %s are connected", nodes,
                          system->max_nodes, system->name);
    if (world <= nodes * domain)
        return gable_engine_check_host(plan, machine, err);
    if (domain == 1)
        return gable_fail(err, GABLE_INPUT,
                          "%s needs %d accelerators, %s is one device without a fabric",
                          counted(&plan->ranks, counts), world, system->name);
    if (nodes == 1)
        return gable_fail(err, GABLE_INPUT,
                          "the layout (%s) needs %d accelerators, %s has %d in one domain%s",
                          counted(&plan->ranks, counts), world, system->name, domain,
                          system->scale_out_bytes_per_s > 0.0 ? "; --nodes N takes several" : "");
    return gable_fail(err, GABLE_INPUT, "the layout (%s) needs %d accelerators, %d x %s have %d",
                      counted(&plan->ranks, counts), world, nodes, system->name, nodes * domain);
}

static gable_status lay_one(gable_arena *arena, const gable_model *model,
                            const gable_machine *machine, const gable_scenario *scenario,
                            gable_plan *plan, gable_step *step, gable_err *err)
{
    GABLE_TRY(gable_layout_plan(arena, model, scenario, plan, err));
    GABLE_TRY(gable_engine_check(plan, machine, err));
    GABLE_TRY(gable_step_init(arena, plan, step, err));
    gable_engine_price(plan, machine, step);
    return GABLE_OK;
}

bool gable_engine_may_send(const gable_plan *plan)
{
    gable_ranks r = plan->ranks;
    return plan->scenario.exchange == GABLE_EXCHANGE_AUTO && r.ep >= r.experts &&
           r.experts > r.ffn_tp;
}

gable_status gable_engine_lay(gable_arena *arena, const gable_model *model,
                              const gable_machine *machine, const gable_scenario *scenario,
                              gable_plan *plan, gable_step *step, gable_err *err)
{
    GABLE_TRY(lay_one(arena, model, machine, scenario, plan, step, err));
    if (!gable_engine_may_send(plan))
        return GABLE_OK;
    gable_scenario sending = *scenario;
    gable_plan other;
    gable_step priced;
    sending.exchange = GABLE_EXCHANGE_TOKENS;
    GABLE_TRY(lay_one(arena, model, machine, &sending, &other, &priced, err));
    if (priced.time_s_total < step->time_s_total) {
        *plan = other;
        *step = priced;
    }
    return GABLE_OK;
}
