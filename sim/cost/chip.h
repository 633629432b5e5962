/* cost/chip: a device as the formulas of its kernels see it, made once for all operators of a step.
 * Room: cost. Uses: cost/cost.h. */
#ifndef GABLE_COST_CHIP_H
#define GABLE_COST_CHIP_H
#include "cost/cost.h"

/* Seconds of tiles of a kernel on one SM, which do not go with the shape: worked out for the first
 * product of a step and kept for the others. */
enum { GABLE_TILES_CAP = 14 };
typedef struct gable_tile_rates {
    const double *of;                      /* constants of the kernel; NULL: nothing is kept */
    double weight_bytes, activation_bytes; /* per element */
    double per_k_s[GABLE_TILES_CAP], fixed_s[GABLE_TILES_CAP];
} gable_tile_rates;

/* One device under one stack as its kernels see it, SI units: what all operators of a step share.
 * Filled by gable_cost_chip; pricing writes to it, so that each thread has one of its own. */
typedef struct gable_chip {
    const gable_accelerator *accelerator;
    const gable_constants *constants;
    double n_sm, clock_hz;
    double boost_hz; /* of kernels that the power does not limit */
    double l2_bytes;
    double exp_per_s, vector_flops_per_s;
    bool sustained;                       /* clocks are those of a busy hour */
    bool tiered;                          /* there is memory of another kind: cost/tiers.h */
    double unit_flops_per_s[GABLE_N_MMA]; /* datasheet; 0: not asked for yet */
    gable_tile_rates tiles[GABLE_N_MMA];  /* of plain products on each unit */
    gable_tile_rates grouped;             /* of experts */
    /* Of the operator that is priced: */
    double peak_flops_per_s;      /* of the unit that its FLOPs run on */
    double bandwidth_bytes_per_s; /* of the memories that its bytes are in */
    bool quantised;               /* its activations arrive in the format of the product */
    /* peaks, of attention blocks only */
    double projection_flops_per_s, core_flops_per_s, index_flops_per_s;
} gable_chip;
void gable_cost_chip(const gable_accelerator *accelerator, const gable_constants *constants,
                     gable_chip *out);

/* As gable_cost_time, for one operator of many on the same device. About 30 ns. */
void gable_cost_time_on(const gable_op *op, const gable_work *work, gable_chip *chip,
                        gable_time *out);

#endif
