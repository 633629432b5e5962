/* layout/flops: what the operators of a plan compute, by what the FLOPs are for.
 * Room: layout. Uses: layout/layout.h. */
#ifndef GABLE_LAYOUT_FLOPS_H
#define GABLE_LAYOUT_FLOPS_H
#include "layout/layout.h"

/* FLOPs of all calls in the step, on one rank. */
typedef struct gable_flops {
    double linear;     /* products with weights: projections, experts, head */
    double attention;  /* Q K^T and P V */
    double index;      /* scores of sparse-attention indexers */
    double recurrence; /* scans and updates of states */
    /* In units of 8-bit work, as DeepSeek-V4's report compares models: products with weights count
     * once, attention and recurrences (16 bits or more) twice, indexers with 4-bit keys half
     * (facts/models.md 0 and 5). */
    double fp8_equivalent;
} gable_flops;

/* Norms, activations and other elementwise work are left out. */
void gable_plan_flops(const gable_plan *plan, gable_flops *out);

/* The same for one new token of one sequence after n_cached others, on one device. Refuses what
 * gable_layout_plan refuses. `arena` is released to where it was. */
gable_status gable_model_token_flops(gable_arena *arena, const gable_model *model, double n_cached,
                                     gable_flops *out, gable_err *err);

#endif
