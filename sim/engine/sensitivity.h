/* engine/sensitivity: what a little more of each field of the hardware is worth:
 * d ln(time) / d ln(field), by central differences whose error is known.
 * Room: engine. Uses: every room below. */
#ifndef GABLE_ENGINE_SENSITIVITY_H
#define GABLE_ENGINE_SENSITIVITY_H
#include "engine/whatif.h"
#include "machine/edit.h"

/* One field. A rate that time waits for has a negative elasticity: -0.6 means that 1 % more of it
 * takes 0.6 % off the time. */
typedef struct gable_elasticity {
    gable_edit_field field;
    double base;
    double elasticity, ceiling_elasticity; /* of the expected time, of the speed of light */
    double error;      /* what two step widths differ by: large where a kernel changes its mind */
    double saved_frac; /* of the time, by a tenth more of the field: priced, not extrapolated */
    bool rate;         /* FLOP/s, B/s, Hz: scaling all of them scales the speed of light */
} gable_elasticity;

typedef struct gable_sensitivity {
    int n; /* fields that matter, the largest |elasticity| first; in the arena */
    gable_elasticity *rows;
    int n_without; /* fields that do not move the time at all */
    /* Sums over the rates, sign turned: 1 for the speed of light; for the expected time what the
     * datasheet's rates buy, the rest being launches and latencies that are on none. */
    double rates_sum, ceiling_rates_sum;
    double fixed_frac; /* 1 - rates_sum */
} gable_sensitivity;

/* Fields whose value only follows another one that is listed (the system's rate between devices
 * from the device's links) are left out, and so are whole numbers and choices. Fails only when the
 * arena is full. About 0.3 ms. */
gable_status gable_sensitivity_run(gable_arena *arena, const gable_whatif_step *step,
                                   gable_sensitivity *out, gable_err *err);

#endif
