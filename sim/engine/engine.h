/* engine: plan + machine -> the time of a step; solving, fitting, predicting and validating on top
 * of it.
 * Room: engine. Uses: every room below. GSL lives here and nowhere else, behind engine/gslx.h. */
#ifndef GABLE_ENGINE_H
#define GABLE_ENGINE_H
#include <stdbool.h>

#include "base/base.h"
#include "cost/chip.h"
#include "layout/layout.h"
#include "machine/machine.h"
#include "model/model.h"
#include "net/net.h"

/* Price of a step. The columns (n_rows of the plan) are times of all calls of a row; the caller
 * owns them through an arena (gable_step_init). time_s_total is the sum of time_s - hidden_s. */
typedef struct gable_step {
    int n_rows;
    int *like; /* the first row that does the same work, so that it is priced once; or itself */
    int *kin;  /* rows whose errors move together have one number, from 0 */
    int n_kins;
    bool *opens;  /* the first row of its kin */
    int *product; /* rows that run on matrix units */
    int n_products;
    double matrix_flops;                     /* of them */
    gable_time *row;                         /* one call */
    double *time_s, *ceiling_s, *wire_bytes; /* all calls */
    double *hidden_s;       /* of all calls, what other rows hide, or, below 0, how much they
                               slow it; 0 unless the plan overlaps */
    const char **algorithm; /* of collectives; NULL for others */
    gable_wire *wire;       /* of one call of a collective; stays as it is for others and where
                               nothing overlaps */

    double time_s_total, ceiling_s_total, p10_s, p90_s;
    double contended_s; /* of time_s_total: exchanges wait for links that others beside them use */
    double bound_s[GABLE_N_BOUNDS]; /* time_s_total split by what each second was spent on */
    gable_bound bound;              /* the largest of those */
    gable_provenance provenance;    /* the worst among the rows */
    double flops, hbm_bytes, wire_bytes_total, l2_bytes;
    double intensity_flops_per_byte, ridge_flops_per_byte;
    double tokens_per_s; /* new tokens of the whole deployment; for prefill the prompt tokens */
    /* memory of one device */
    double total_bytes, capacity_bytes;
    double reserve_bytes;       /* what the stack keeps beside the plan (engine/memory.h) */
    double position_bytes;      /* of that, the table of positions; of the model, made once */
    double communication_bytes; /* of that, buffers; the rest is the framework's */
    bool fits;
} gable_step;

/* Takes the columns for `plan` from the arena. */
gable_status gable_step_init(gable_arena *arena, const gable_plan *plan, gable_step *step,
                             gable_err *err);

/* Prices all rows on `machine`. Allocates nothing, prints nothing, cannot fail. `step` was made for
 * this plan. */
void gable_engine_price(const gable_plan *plan, const gable_machine *machine, gable_step *step);

/* The halves of gable_engine_price, for those who price many steps: the price of one call of rows
 * on the device that `chip` was made of, and the sums over all rows.
 *   rows   indices of n rows, ascending; NULL: the first n. A row whose operator and machine are
 *          those of the last call keeps its price.
 * gable_engine_add_times leaves out the bounds, the interval and the intensity. */
void gable_engine_price_rows(const gable_plan *plan, const gable_machine *machine, gable_chip *chip,
                             const int *rows, int n, gable_step *step);
void gable_engine_add_times(const gable_plan *plan, const gable_machine *machine, gable_step *step);
void gable_engine_add(const gable_plan *plan, const gable_machine *machine, gable_step *step);

/* Whole experts on ranks with tokens of their own, which can be sent one by one: gable_engine_lay
 * lays such a step out in a second way (exchange TOKENS). */
bool gable_engine_may_send(const gable_plan *plan);

/* Lays out, checks and prices a step. Where tokens may reach experts in two ways (exchange AUTO),
 * both are laid out and the faster is kept. Refuses with GABLE_INPUT as gable_layout_plan and
 * gable_engine_check do. */
gable_status gable_engine_lay(gable_arena *arena, const gable_model *model,
                              const gable_machine *machine, const gable_scenario *scenario,
                              gable_plan *plan, gable_step *step, gable_err *err);

/* Checks that a plan can run on a machine: enough devices in its scale-up domains, and links
 * between them where it takes several. Refuses with GABLE_INPUT. */
gable_status gable_engine_check(const gable_plan *plan, const gable_machine *machine,
                                gable_err *err);

/* Roofline of one routed expert (facts/models.md 4.12): how many tokens each expert needs before
 * its products, rather than its weights, take the time, and how long moving those tokens over the
 * scale-up links takes beside them.
 *   paper   the convention of the LatentMoE paper: one matrix, one byte per element, 0.5 B out and
 * 2 B back per
 *           element over the links; else true bytes and all matrices of the expert */
typedef struct gable_expert_roofline {
    double ridge_flops_per_byte;
    bool found;                /* false: memory-bound however many tokens arrive */
    double tokens;             /* per expert, where both take equally long */
    double network_to_compute; /* time on the links / time of the products; 0 without a fabric */
} gable_expert_roofline;

/* Fails with GABLE_INPUT when the model has no routed experts. */
gable_status gable_engine_expert_roofline(const gable_model *model, const gable_machine *machine,
                                          bool paper, gable_expert_roofline *out, gable_err *err);

/* One unknown that `gable solve` finds. */
typedef enum gable_solve_kind {
    GABLE_SOLVE_COMPUTE_BOUND_BATCH,    /* batch at which a decode step's FLOPs take as long as its
                                           weight bytes */
    GABLE_SOLVE_COMPUTE_BOUND_BATCH_KV, /* the same with the cache counted */
    GABLE_SOLVE_KV_CONTEXT,             /* context at which cache bytes equal weight bytes */
    GABLE_SOLVE_EXPERT_TOKENS /* tokens per routed expert at which it turns compute-bound */
} gable_solve_kind;

typedef struct gable_solution {
    bool found;
    double value;              /* batch (sequences) or context (tokens) */
    double low, high;          /* the range that was searched */
    double network_to_compute; /* for EXPERT_TOKENS: gable_expert_roofline; else 0 */
    const char *reason;        /* why nothing was found; NULL when found */
} gable_solution;

/* Solves on the ceiling by bracketing and Brent's method (GSL). `scenario` gives all but the
 * unknown; `paper` is for EXPERT_TOKENS. That nothing is found in the range is an answer, not an
 * error. */
gable_status gable_engine_solve(const gable_model *model, const gable_machine *machine,
                                const gable_scenario *scenario, gable_solve_kind kind, bool paper,
                                gable_solution *out, gable_err *err);

#endif
