/* engine/energy: see energy.h. */
#include "engine/energy.h"

#include <math.h>

/* A board that would draw more is held at its limit by its clock; between, readings bend. */
static const double bend = 8.0;

/* Of the energy of a byte of memory, what its device takes at any clock: 3.9 pJ/bit (HBM2, O'Connor
 * et al., MICRO 2017) of the 70 pJ that the constants count on; the rest is the way to the SMs. */
static const double dram_frac = 8.0 * 3.9 / 70.0;

/* Of what an idle board draws, leakage and refresh, which no clock lowers; assumed. */
static const double leak_frac = 0.5;

/* Slowest clock, over that at the design power, at which L2 still passes what the memory yields;
 * assumed. Below it the memory waits. */
static const double least_clock_frac = 0.4;

/* Bits of the operands of each unit, as its FLOPs are wide. */
static double unit_bits(gable_mma mma)
{
    static const double bits[GABLE_N_MMA] = {
        [GABLE_MMA_FP64] = 64.0, [GABLE_MMA_FP32] = 32.0, [GABLE_MMA_TF32] = 19.0,
        [GABLE_MMA_BF16] = 16.0, [GABLE_MMA_FP16] = 16.0, [GABLE_MMA_FP8] = 8.0,
        [GABLE_MMA_INT8] = 8.0,  [GABLE_MMA_FP6] = 6.0,   [GABLE_MMA_FP4] = 4.0,
        [GABLE_MMA_INT4] = 4.0,
    };
    return bits[mma];
}

/* Attention whose products wait for exponentials: not that of decoding, which waits for memory. */
static bool is_softmax(gable_family family)
{
    gable_form_kind form = gable_family_form(family);
    return form == GABLE_FORM_CONTEXT || form == GABLE_FORM_LATENT_CONTEXT;
}

static double joules_per_flop(const gable_power *p, const gable_work *work)
{
    double bits = work->vector ? 32.0 : unit_bits(work->mma);
    return p->flop_j * pow(bits / 16.0, p->width_exponent);
}

void gable_energy_of_op(const gable_power *p, const gable_work *work, const gable_time *time,
                        gable_activity *out)
{
    *out = (gable_activity){
        .time_s = time->time_s,
        .busy_s = fmax(time->time_s - time->overhead_s, 0.0),
        .compute_s = time->compute_s,
        .other_s = fmax(time->memory_s, time->network_s),
        .active_w = p->active_w + (is_softmax(work->family) ? p->softmax_w : 0.0),
        .sm_j = joules_per_flop(p, work) * work->flops + p->l2_byte_j * work->l2_bytes,
        .memory_j = p->hbm_byte_j * work->hbm_bytes,
    };
}

/* Seconds and joules of a call at a share of the clock; `held` is what the base state's energies
 * are of those at unlimited power. */
typedef struct at_clock {
    double time_s, idle_w, dynamic_j;
} at_clock;

static at_clock run_at(const gable_power *p, const gable_activity *a, double held, double clock)
{
    double core = fmax(a->compute_s, a->other_s), slow = fmax(a->compute_s / clock, a->other_s);
    double time = a->time_s + slow - core, busy = a->busy_s + slow - core;
    double sm = a->sm_j * clock + a->active_w * clock * clock * busy;
    double memory = a->memory_j * (dram_frac + (1.0 - dram_frac) * clock);
    double idle = p->idle_w * (leak_frac + (1.0 - leak_frac) * clock * clock);
    return (at_clock){time, idle, held * (sm + memory)};
}

static double raw_w(const gable_power *p, const gable_activity *a)
{
    return p->idle_w + run_at(p, a, 1.0, 1.0).dynamic_j / a->time_s;
}

double gable_energy_draw_w(const gable_power *p, const gable_activity *a)
{
    if (!(a->time_s > 0.0))
        return p->idle_w;
    double raw = raw_w(p, a), cap = p->cap_frac * p->limit_w;
    return raw * pow(1.0 + pow(raw / cap, bend), -1.0 / bend);
}

static double draw_at(const gable_power *p, const gable_activity *a, double held, double clock)
{
    at_clock run = run_at(p, a, held, clock);
    return run.idle_w + run.dynamic_j / run.time_s;
}

/* The fastest clock in [least, 1] whose draw meets the limit; draw rises with the clock. */
static double clock_of(const gable_power *p, const gable_activity *a, double held, double limit)
{
    double low = least_clock_frac, high = 1.0;
    for (int i = 0; i < 60; i++) {
        double middle = 0.5 * (low + high);
        if (draw_at(p, a, held, middle) <= limit)
            low = middle;
        else
            high = middle;
    }
    return low;
}

void gable_energy_throttle(const gable_power *p, double limit_w, const gable_activity *a,
                           gable_throttled *out)
{
    double draw = gable_energy_draw_w(p, a);
    *out = (gable_throttled){.time_s = a->time_s, .draw_w = draw, .clock_frac = 1.0};
    if (draw <= limit_w || !(a->time_s > 0.0))
        return;
    double raw = raw_w(p, a);
    double held = raw > p->idle_w ? (draw - p->idle_w) / (raw - p->idle_w) : 1.0;
    double clock = clock_of(p, a, held, limit_w);
    at_clock run = run_at(p, a, held, clock);
    double least_s = run.dynamic_j / (limit_w - run.idle_w);
    out->clock_frac = clock;
    out->time_s = fmax(run.time_s, least_s);
    out->draw_w = run.idle_w + run.dynamic_j / out->time_s;
}

/* ---- a step ---- */

/* A collective's kernel is resident all the time; its bytes pass the memory and the links. */
static void of_collective(const gable_power *p, const gable_time *time, gable_activity *out)
{
    *out = (gable_activity){
        .time_s = time->time_s,
        .busy_s = time->time_s,
        .active_w = p->active_w,
        .other_s = time->time_s,
        .memory_j = (p->wire_byte_j + 2.0 * p->hbm_byte_j) * time->wire_bytes,
    };
}

static void of_row(const gable_power *p, const gable_plan *plan, const gable_step *step, int i,
                   gable_activity *out)
{
    const gable_time *time = &step->row[i];
    *out = (gable_activity){.time_s = time->time_s, .other_s = time->time_s};
    if (plan->kind[i] == GABLE_ROW_OP)
        gable_energy_of_op(p, &plan->work[i], time, out);
    else if (plan->kind[i] == GABLE_ROW_COLLECTIVE)
        of_collective(p, time, out);
}

/* What others set on the step stays: its rate may be that of several steps, and its memory may hold
 * more than the plan's. */
static void add_up(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    gable_step before = *step;
    gable_engine_add(plan, machine, step);
    step->tokens_per_s = before.tokens_per_s * before.time_s_total / step->time_s_total;
    step->reserve_bytes = before.reserve_bytes;
    step->total_bytes = before.total_bytes;
    step->fits = before.fits;
}

/* Lengthens the rows that would draw more than the limit, then adds the step up anew. */
static void hold(const gable_plan *plan, const gable_machine *machine, const gable_power *p,
                 gable_step *step, gable_energy *out)
{
    double clock_s = 0.0, held_s = 0.0;
    bool slower = false; /* any row so far */
    for (int i = 0; i < plan->n_rows; i++) {
        gable_activity activity;
        gable_throttled held;
        gable_time *time = &step->row[i];
        int like = step->like[i];
        if (like < i && !slower) {
            out->row_w[i] = out->row_w[like];
            continue;
        }
        of_row(p, plan, step, i, &activity);
        gable_energy_throttle(p, out->limit_w, &activity, &held);
        out->row_w[i] = held.draw_w;
        if (held.time_s <= time->time_s)
            continue;
        slower = true;
        out->n_throttled += plan->calls[i] > 0.0;
        clock_s += plan->calls[i] * held.time_s * held.clock_frac;
        held_s += plan->calls[i] * held.time_s;
        if (time->compute_s >= time->memory_s)
            time->compute_s += held.time_s - time->time_s;
        else
            time->memory_s += held.time_s - time->time_s;
        time->time_s = held.time_s;
    }
    if (held_s > 0.0)
        out->throttled_clock_frac = clock_s / held_s;
    if (out->n_throttled)
        add_up(plan, machine, step);
}

/* Rows that run at the same time may together want more than the limit: what they draw beyond idle
 * shares what it leaves. */
static void add_rows(const gable_plan *plan, const gable_power *p, const gable_step *step,
                     gable_energy *out)
{
    double dynamic = 0.0, total_s = step->time_s_total;
    for (int i = 0; i < plan->n_rows; i++)
        dynamic += (out->row_w[i] - p->idle_w) * step->time_s[i];
    double room = (out->limit_w - p->idle_w) * total_s;
    double share = dynamic > room ? room / dynamic : 1.0;
    for (int i = 0; i < plan->n_rows; i++) {
        double seconds = step->time_s[i], alone = seconds - step->hidden_s[i];
        out->row_j[i] = p->idle_w * alone + share * (out->row_w[i] - p->idle_w) * seconds;
        out->energy_j += out->row_j[i];
    }
    out->idle_j = p->idle_w * total_s;
    out->power_w = total_s > 0.0 ? out->energy_j / total_s : p->idle_w;
}

double gable_energy_held_s(const gable_machine *machine, const gable_work *work,
                           const gable_time *time)
{
    gable_activity activity;
    gable_throttled held;
    if (!machine->power || !(machine->power_limit_w > 0.0))
        return time->time_s;
    if (work)
        gable_energy_of_op(machine->power, work, time, &activity);
    else
        of_collective(machine->power, time, &activity);
    gable_energy_throttle(machine->power, machine->power_limit_w, &activity, &held);
    return held.time_s;
}

double gable_energy_host_w(const gable_system *system)
{
    double devices = system->n_accelerators * system->accelerator->tdp_w;
    if (system->n_accelerators == 1 || !(system->power_w > 0.0) || !(devices > 0.0))
        return (double)NAN;
    return fmax(system->power_w - devices, 0.0);
}

gable_status gable_energy_take_limits(const gable_machine *machine, const gable_power *p,
                                      const gable_power_limits *limits, gable_energy *out,
                                      gable_err *err)
{
    const gable_system *system = machine->system;
    out->limit_w = p->limit_w;
    out->host_w = gable_energy_host_w(system);
    out->system_limit_w = isnan(out->host_w) ? (double)NAN : system->power_w;
    if (limits->device_w > 0.0)
        out->limit_w = fmin(out->limit_w, limits->device_w);
    if (limits->system_w > 0.0) {
        if (isnan(out->host_w))
            return gable_fail(
                err, GABLE_INPUT,
                "a limit of the system: what %s draws beside its devices is not known",
                system->name);
        double share = (limits->system_w - out->host_w) / system->n_accelerators;
        out->system_limit_w = limits->system_w;
        out->limit_w = fmin(out->limit_w, share);
    }
    if (out->limit_w > p->idle_w)
        return GABLE_OK;
    return gable_fail(err, GABLE_INPUT,
                      "a limit of %.4g W for each %s: expected more than the %.4g W that it draws "
                      "idle",
                      out->limit_w, machine->accelerator->name, p->idle_w);
}

gable_status gable_energy_of_step(gable_arena *arena, const gable_plan *plan,
                                  const gable_machine *machine, const gable_power *power,
                                  const gable_power_limits *limits, gable_step *step,
                                  gable_energy *out, gable_err *err)
{
    size_t n = (size_t)plan->n_rows + 1;
    *out = (gable_energy){.throttled_clock_frac = 1.0,
                          .n_devices = plan->ranks.world,
                          .provenance = power->provenance,
                          .unlimited_s = step->time_s_total,
                          .joules_per_token = (double)NAN,
                          .system_w = (double)NAN};
    GABLE_TRY(gable_arena_take(arena, n, sizeof *out->row_j, &out->row_j, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *out->row_w, &out->row_w, err));
    if (!(power->limit_w > 0.0))
        return GABLE_OK;
    GABLE_TRY(gable_energy_take_limits(machine, power, limits, out, err));
    hold(plan, machine, power, step, out);
    add_rows(plan, power, step, out);
    if (step->tokens_per_s > 0.0)
        out->joules_per_token = out->n_devices * out->power_w / step->tokens_per_s;
    out->system_w = machine->system->n_accelerators * out->power_w + out->host_w;
    return GABLE_OK;
}
