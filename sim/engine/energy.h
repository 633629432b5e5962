/* engine/energy: what a step draws: joules of every row, watts of a device, and how a power limit
 * lengthens it. A pass of its own over a priced step, for reports that ask; pricing knows nothing
 * of it.
 *   raw watts   idle + (joules of FLOPs, L2 and memory + active watts x busy seconds) / seconds
 *   drawn       the same, held at cap_frac x limit by a smooth minimum
 *   clock       compute-bound rates go with the root of the power (facts/kernels.md 2.3): a FLOP at
 *               a share r of the clock takes r of the energy, active watts r^2
 * Room: engine. Uses: every room below. Constants: machine/power.h. */
#ifndef GABLE_ENGINE_ENERGY_H
#define GABLE_ENGINE_ENERGY_H
#include "engine/engine.h"
#include "machine/power.h"

/* What one call does with its time. */
typedef struct gable_activity {
    double time_s, busy_s; /* a kernel is resident for busy_s of time_s */
    double compute_s;      /* what a slower clock lengthens, hidden under other_s while shorter */
    double other_s;        /* memory and network beside it */
    double active_w;       /* of the busy seconds */
    double sm_j, memory_j; /* at the full clock: FLOPs and L2; memory and links */
} gable_activity;

/* One call of `work`, priced as `time`. */
void gable_energy_of_op(const gable_power *power, const gable_work *work, const gable_time *time,
                        gable_activity *out);

/* Watts over the time of the call, at most cap_frac x power->limit_w; idle_w when time_s is 0. */
double gable_energy_draw_w(const gable_power *power, const gable_activity *activity);

/* The same under a lower limit. The clock falls until the draw meets the limit; where the slowest
 * clock is not enough, memory waits too. Draw never exceeds the limit and more limit never
 * lengthens a call.
 *   limit_w   > power->idle_w */
typedef struct gable_throttled {
    double time_s, draw_w, clock_frac; /* of the clock at the design power */
} gable_throttled;
void gable_energy_throttle(const gable_power *power, double limit_w, const gable_activity *activity,
                           gable_throttled *out);

/* Energy of a step. Columns have plan->n_rows. All of one device, the slowest rank. */
typedef struct gable_energy {
    double *row_j, *row_w; /* of all calls; mean watts while the row runs */
    double energy_j;       /* sum of row_j */
    double power_w;        /* mean over the step; 0: its design power is not published */
    double idle_j;         /* of energy_j, what an idle device would have drawn */
    double limit_w;        /* that the device was held to */
    double n_devices;
    double joules_per_token; /* of all devices; NaN without tokens */
    /* Under a limit below the design power: */
    int n_throttled;             /* rows that it lengthens */
    double unlimited_s;          /* time of the step without it */
    double throttled_clock_frac; /* of those rows, mean over their time; 1: none */
    /* Node or rack with all its devices at power_w. NaN where its power is not published. */
    double host_w;   /* hosts, switches, network cards and fans: design power less the devices' */
    double system_w; /* with them */
    double system_limit_w;
    gable_provenance provenance;
} gable_energy;

/* Limits; 0: the datasheet's. */
typedef struct gable_power_limits {
    double device_w;
    double system_w; /* of one node or rack; its devices share what hosts leave */
} gable_power_limits;

/* What the limits leave a device: limit_w, host_w and system_limit_w of `out`. Refuses what
 * gable_energy_of_step refuses. */
gable_status gable_energy_take_limits(const gable_machine *machine, const gable_power *power,
                                      const gable_power_limits *limits, gable_energy *out,
                                      gable_err *err);

/* Beside its devices a node or rack draws what its design power leaves, W; NaN: not published. */
double gable_energy_host_w(const gable_system *system);

/* Seconds of one call held to machine->power_limit_w: time->time_s where there is no limit.
 *   work   NULL: a collective */
double gable_energy_held_s(const gable_machine *machine, const gable_work *work,
                           const gable_time *time);

/* Holds a priced step to the limits, then adds up its energy: rows that would draw more get longer
 * and the sums of `step` are those of the longer rows. Where no design power is published, out's
 * power_w is 0 and nothing changes. Refuses with GABLE_INPUT a limit that is not above what the
 * device draws idle, or a limit of the system without published power of the system.
 *   tokens_per_s   of the deployment; 0: step->tokens_per_s */
gable_status gable_energy_of_step(gable_arena *arena, const gable_plan *plan,
                                  const gable_machine *machine, const gable_power *power,
                                  const gable_power_limits *limits, gable_step *step,
                                  gable_energy *out, gable_err *err);

#endif
