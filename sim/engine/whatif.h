/* engine/whatif: two priced steps beside each other, operator by operator.
 * Room: engine. Uses: every room below. */
#ifndef GABLE_ENGINE_WHATIF_H
#define GABLE_ENGINE_WHATIF_H
#include "engine/engine.h"

/* A priced step and what it stands on. */
typedef struct gable_whatif_step {
    const gable_plan *plan;
    const gable_machine *machine;
    const gable_step *step;
} gable_whatif_step;

/* The figures of one step that a planner compares. NaN where something needed is not published. */
typedef struct gable_whatif_side {
    double time_s, p10_s, p90_s, ceiling_s;
    double tokens_per_s, tokens_per_s_per_device;
    double usd_per_million_tokens; /* of all devices, at the typical rental price */
    double memory_j;               /* bits between device memory and SMs, all devices */
    double total_bytes, capacity_bytes;
    bool fits;
    const char *bound;
    double bound_s[GABLE_N_BOUNDS];
} gable_whatif_side;

/* All calls of an operator of that name, less what others hide; 0 s on the side that has none. */
typedef struct gable_whatif_row {
    const char *name;
    double before_s, after_s, saved_s;
    double speedup; /* before / after; NaN where a side has none */
    double before_ceiling_s, after_ceiling_s;
    const char *before_bound, *after_bound; /* NULL on the side that has none */
} gable_whatif_row;

typedef struct gable_whatif {
    gable_whatif_side before, after;
    double speedup, ceiling_speedup;
    int n_rows;
    gable_whatif_row *rows; /* in the order of the plans; in the arena */
    gable_whatif_row total;
} gable_whatif;

/* Fails only when the arena is full. */
gable_status gable_whatif_compare(gable_arena *arena, const gable_whatif_step *before,
                                  const gable_whatif_step *after, gable_whatif *out,
                                  gable_err *err);

/* One side alone. */
void gable_whatif_figures(const gable_whatif_step *step, gable_whatif_side *out);

/* Devices that take part in a step. */
double gable_whatif_devices(const gable_plan *plan);

#endif
