/* machine/ladder: the calibrated devices that may stand in for one, nearest first. Private to
 * machine: constants.c asks it for each column of gable_constants.
 * Room: machine. Uses: base. */
#ifndef GABLE_MACHINE_LADDER_H
#define GABLE_MACHINE_LADDER_H
#include "machine/calibration.h"
#include "machine/constants.h"
#include "machine/generation.h"
#include "machine/machine.h"

enum { GABLE_RUNGS_CAP = 64, GABLE_KEPT_CAP = 1024 };

/* One calibrated device on the ladder. */
typedef struct gable_rung {
    const gable_calibration *calibration;
    /* Of each entry, made once and not once a column: its text, how far its stack is (-1: it may
     * not stand in); and the entries of a family, order[first[f]] …. */
    const char **described;
    double *stack_distance, *base_distance; /* the latter: all that does not go with a column */
    int *order, first[GABLE_N_FAMILIES + 1];
    double distance, sigma_ln;
    gable_provenance provenance;
    bool coherent_host; /* launches, and so collectives, are faster behind one */
} gable_rung;

typedef struct gable_ladder {
    gable_arena *arena;
    const char *hw;
    const gable_accelerator *accelerator;
    gable_families wanted, open;    /* open: what a device further away may have nearer */
    double reach[GABLE_N_FAMILIES]; /* at most so far from any column to one of its entries */
    const gable_generation *own;
    const gable_stack *stack;
    gable_rung rungs[GABLE_RUNGS_CAP];
    int n_rungs;
    double log_bytes[GABLE_N_DTYPES], log_unit[GABLE_N_MMA]; /* base 2 */
    const gable_kernel_constants *kept[GABLE_KEPT_CAP];
    int n_kept;
    gable_err *err;
} gable_ladder;

/* Loads the stack, and of the calibrations of the device, its generation and the nearest ones what
 * columns of the `wanted` families can take: a device that is too far away for all is not read. */
gable_status gable_ladder_open(gable_ladder *ladder, gable_arena *arena, const char *hw,
                               const gable_accelerator *accelerator, const char *stack,
                               gable_families wanted, gable_err *err);

/* Every column of the kernels of the wanted families, jobs and rivals included. */
gable_status gable_ladder_fill(gable_ladder *ladder, gable_constants *out);

/* 0: the stack itself; -1: not one that may stand in. */
double gable_stack_distance(const gable_stack *stack, const char *theirs);

#endif
