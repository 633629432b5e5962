/* engine: plan + machine -> the time of a step; solving, fitting, predicting and validating on top of it.
 * Room: engine. Uses: every room below. GSL lives here and nowhere else, behind engine/gslx.h. */
#ifndef GABLE_ENGINE_H
#define GABLE_ENGINE_H
#include <stdbool.h>

#include "base/base.h"
#include "cost/cost.h"
#include "layout/layout.h"
#include "machine/machine.h"
#include "model/model.h"
#include "net/net.h"

/* Price of a step. The columns (n_rows of the plan) are times of all calls of a row; the caller owns them through an
 * arena (gable_step_init). time_s is the sum of the column; nothing overlaps between operators yet. */
typedef struct gable_step {
    int n_rows;
    gable_time *row; /* one call */
    double *time_s, *ceiling_s, *wire_bytes; /* all calls */
    const char **algorithm; /* of collectives; NULL for others */

    double time_s_total, ceiling_s_total, p10_s, p90_s;
    double bound_s[GABLE_N_BOUNDS]; /* time_s_total split by what each second was spent on */
    gable_bound bound;              /* the largest of those */
    gable_provenance provenance;    /* the worst among the rows */
    double flops, hbm_bytes, wire_bytes_total, l2_bytes;
    double intensity_flops_per_byte, ridge_flops_per_byte;
    double tokens_per_s;            /* new tokens of the whole deployment; for prefill the prompt tokens */
    /* memory of one device */
    double total_bytes, capacity_bytes, reserve_bytes;
    bool fits;
} gable_step;

/* Takes the columns for `plan` from the arena. */
gable_status gable_step_init(gable_arena *arena, const gable_plan *plan, gable_step *step,
                             gable_err *err);

/* Prices all rows on `machine`. Allocates nothing, prints nothing, cannot fail. `step` was made for this plan. */
void gable_engine_price(const gable_plan *plan, const gable_machine *machine, gable_step *step);

/* Checks that a plan can run on a machine: enough devices in the scale-up domain. Refuses with GABLE_INPUT. */
gable_status gable_engine_check(const gable_plan *plan, const gable_machine *machine, gable_err *err);

/* One unknown that `gable solve` finds. */
typedef enum gable_solve_kind {
    GABLE_SOLVE_COMPUTE_BOUND_BATCH, /* batch at which a decode step's FLOPs take as long as its weight bytes */
    GABLE_SOLVE_COMPUTE_BOUND_BATCH_KV, /* the same with the cache counted */
    GABLE_SOLVE_KV_CONTEXT           /* context at which cache bytes equal weight bytes */
} gable_solve_kind;

typedef struct gable_solution {
    bool found;
    double value;       /* batch (sequences) or context (tokens) */
    double low, high;   /* the range that was searched */
    const char *reason; /* why nothing was found; NULL when found */
} gable_solution;

/* Solves on the ceiling by bracketing and Brent's method (GSL). `scenario` gives all but the unknown. */
gable_status gable_engine_solve(const gable_model *model, const gable_machine *machine,
                                const gable_scenario *scenario, gable_solve_kind kind,
                                gable_solution *out, gable_err *err);

#endif
