/* engine/sweep: many points of a grid, or a sample of it, priced one after another; what is kept of
 * them is a list of the best, a front, a histogram and counts, however many points there are.
 *
 * A point is a 64-bit index: a mixed-radix number whose digits are the values of the axes, or the
 * index of a Sobol sequence. Threads, shards and what a journal remembers are ranges of indices,
 * and what is kept is the same whatever the split: orders are total (ties go to the lower index)
 * and nothing is added up but whole numbers.
 * Room: engine. Uses: every room below. Format: configs/README.md. */
#ifndef GABLE_ENGINE_SWEEP_H
#define GABLE_ENGINE_SWEEP_H
#include <stdbool.h>
#include <stdint.h>

#include "engine/sweep_metrics.h"
#include "machine/edit.h"

enum {
    GABLE_SWEEP_AXES_CAP = 24,
    GABLE_SWEEP_WHERE_CAP = 16,
    GABLE_SWEEP_BINS_CAP = 512,
    GABLE_SWEEP_TOP_CAP = 1000,
    GABLE_SWEEP_FRONT_CAP = 16384
};

/* Which object an axis changes; in this order from the slowest digit to the fastest, but for the
 * last axis of the layout, which is the fastest of all: a plan is laid out once for all machines.
 */
typedef enum gable_sweep_part {
    GABLE_SWEEP_MODEL,
    GABLE_SWEEP_LAYOUT,
    GABLE_SWEEP_MACHINE,
    GABLE_SWEEP_RUN, /* the axis of the layout that goes fastest */
    GABLE_SWEEP_N_PARTS
} gable_sweep_part;

typedef enum gable_sweep_type {
    GABLE_SWEEP_NAME,   /* text: a model, a system, a stack */
    GABLE_SWEEP_DTYPE,  /* gable_dtype */
    GABLE_SWEEP_CHOICE, /* index into `choices` */
    GABLE_SWEEP_WHOLE,
    GABLE_SWEEP_NUMBER
} gable_sweep_type;

/* What an axis may be called, one row each; any field of machine/edit.h is an axis as well. */
typedef struct gable_sweep_row {
    const char *key;
    gable_sweep_part part;
    gable_sweep_type type;
    gable_dim dim;
    double min, max;
    const char *const *choices;
    size_t offset; /* of the member of gable_sweep_words */
} gable_sweep_row;

/* What all axes together say, in the types of the table: names and choices as indices. */
typedef struct gable_sweep_words {
    const char *model, *checkpoint, *system, *stack;
    double weights, activations, kv;          /* gable_dtype; -1: as the model has it */
    double clocks, nodes;                     /* 1: sustained */
    double phase, batch, context, new_tokens; /* negative: as `gable cost` takes it */
    double tp, ep, pp, cp, dp, attn_dp, micro_batches, redundant_experts;
    double overlap, exchange, context_exchange;
    double experts_skew, offload_weights, offload_kv;
} gable_sweep_words;

typedef struct gable_sweep_axis {
    const char *key;            /* as the file spells it */
    const gable_sweep_row *row; /* NULL: a field of the machine */
    gable_edit_field field;
    gable_dim dim;
    gable_sweep_part part;
    gable_sweep_type type;
    int n;              /* values; 0: a range, for samples */
    const char **text;  /* of each, as written; NULL where it was worked out */
    double *value;      /* of each; a field's are in base_value */
    double *base_value; /* n x bases: factors are of each machine's own */
    double from, to;    /* a range */
    bool log;
    const gable_json *node;
} gable_sweep_axis;

/* "max tokens_per_s": a metric, and which way is better. */
typedef struct gable_sweep_goal {
    gable_metric metric;
    bool least;
} gable_sweep_goal;

/* "time_s <= 50 ms" */
typedef struct gable_sweep_where {
    gable_metric metric;
    bool at_most; /* else at least */
    double limit;
    const char *text;
} gable_sweep_where;

typedef struct gable_sweep_histogram {
    bool wanted, log;
    gable_metric metric;
    double from, to;
    int n_bins;
} gable_sweep_histogram;

/* One machine of the sweep, before fields are set. */
typedef struct gable_sweep_base {
    gable_machine machine;
} gable_sweep_base;

/* A sweep as read, with all models and machines loaded. Lives in an arena; immutable while it
 * runs. */
typedef struct gable_sweep {
    const char *path, *name, *why;
    int n_axes;
    gable_sweep_axis axis[GABLE_SWEEP_AXES_CAP]; /* in the order of the digits */
    uint64_t total;                              /* points */
    bool sampled;                                /* index of a Sobol sequence */
    uint64_t n_slow, n_machines, n_run;
    gable_sweep_goal objective, front[2];
    bool has_front;
    int n_where, top;
    gable_sweep_where where[GABLE_SWEEP_WHERE_CAP];
    gable_sweep_histogram histogram;
    bool sums; /* some metric needs more than the seconds of the rows */
    int n_variants, n_bases;
    const gable_model **variant; /* by the digits of the axes of the model */
    gable_sweep_base *base;      /* by those of system, stack and clocks */
    uint64_t block;              /* points that are priced between two lines of a journal */
    uint64_t hash;               /* of the file, the options and what some points cost */
} gable_sweep;

/* What the command line says beyond the file; 0 or NULL: as the file says. */
typedef struct gable_sweep_request {
    const char *path, *hw, *workloads;
    int top;
    const char *pareto; /* "x,y" */
} gable_sweep_request;

/* The rows of a sweep's file besides its axes. */
extern const gable_schema gable_sweep_schema;

/* Reads a file and loads what it names. Refuses with GABLE_INPUT and file:line:column. */
gable_status gable_sweep_read(gable_arena *arena, const gable_sweep_request *request,
                              gable_sweep *out, gable_err *err);

/* Adds what some points cost to the hash, so that other data or another program is another sweep.
 */
gable_status gable_sweep_fingerprint(gable_arena *arena, gable_sweep *sweep, gable_err *err);

/* ---- points: engine/sweep_points.c ---- */

/* Values of the axes at a point; for lists also which of them. */
typedef struct gable_sweep_point {
    int at[GABLE_SWEEP_AXES_CAP];       /* -1: from a range */
    double value[GABLE_SWEEP_AXES_CAP]; /* of a field: on its machine */
    int variant, base;
} gable_sweep_point;

/* Coordinates in [0, 1) of a Sobol sequence; walks forward cheaply, backward from the start. */
typedef struct gable_sweep_walk {
    void *generator; /* GSL's; NULL: no sample */
    uint64_t next;
} gable_sweep_walk;
gable_status gable_sweep_walk_open(const gable_sweep *sweep, gable_sweep_walk *out, gable_err *err);
void gable_sweep_walk_close(gable_sweep_walk *walk);

void gable_sweep_at(const gable_sweep *sweep, gable_sweep_walk *walk, uint64_t index,
                    gable_sweep_point *out);

/* What a point says, as words of `gable cost`. */
void gable_sweep_words_of(const gable_sweep *sweep, const gable_sweep_point *point,
                          gable_sweep_words *out);
void gable_sweep_scenario(const gable_sweep *sweep, const gable_sweep_words *words, int variant,
                          gable_scenario *out);

/* ---- one point, the way of `gable cost`: engine/sweep_price.c ---- */

typedef struct gable_sweep_priced {
    gable_sweep_point point;
    gable_plan plan;
    gable_machine machine;
    gable_step step;
    double metric[GABLE_N_METRICS]; /* NaN: not published */
} gable_sweep_priced;

/* Fails with GABLE_INPUT and the reason where the point is refused. All in `arena`. */
gable_status gable_sweep_price(gable_arena *arena, const gable_sweep *sweep, uint64_t index,
                               gable_sweep_priced *out, gable_err *err);

#endif
