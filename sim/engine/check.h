/* engine/check: recorded scenarios (configs/ci, "gable.check/1"): read, priced again, compared with
 * what was recorded, rewritten. Nothing here prints; sim/report/check.h shows the outcome. Room:
 * engine. Uses: every room below. Format: configs/README.md. */
#ifndef GABLE_ENGINE_CHECK_H
#define GABLE_ENGINE_CHECK_H
#include <stdbool.h>
#include <stdint.h>

#include "engine/engine.h"

/* Figures that can be expected of a step. X(symbol, key, dim, where it is in a priced `step` of a
 * `plan`) */
#define GABLE_CHECK_METRIC_LIST(X)                                                                 \
    X(TIME, "time_s", SECONDS, step->time_s_total)                                                 \
    X(CEILING, "ceiling_s", SECONDS, step->ceiling_s_total)                                        \
    X(P10, "p10_s", SECONDS, step->p10_s)                                                          \
    X(P90, "p90_s", SECONDS, step->p90_s)                                                          \
    X(FLOPS, "flops", FLOPS, step->flops)                                                          \
    X(HBM, "hbm_bytes", BYTES, step->hbm_bytes)                                                    \
    X(WIRE, "wire_bytes", BYTES, step->wire_bytes_total)                                           \
    X(INTENSITY, "intensity_flops_per_byte", NONE, step->intensity_flops_per_byte)                 \
    X(RIDGE, "ridge_flops_per_byte", NONE, step->ridge_flops_per_byte)                             \
    X(TOKENS, "tokens_per_s", NONE, step->tokens_per_s)                                            \
    X(WEIGHTS, "weights_bytes", BYTES, plan->weights_bytes)                                        \
    X(KV, "kv_bytes", BYTES, plan->kv_bytes)                                                       \
    X(STATE, "state_bytes", BYTES, plan->state_bytes)                                              \
    X(ACTIVATION, "activation_bytes", BYTES, plan->activation_bytes)                               \
    X(TOTAL, "total_bytes", BYTES, step->total_bytes)                                              \
    X(CAPACITY, "capacity_bytes", BYTES, step->capacity_bytes)

typedef enum gable_check_metric {
#define GABLE_CHECK_METRIC_ENUM(symbol, key, dim, where) GABLE_CHECK_##symbol,
    GABLE_CHECK_METRIC_LIST(GABLE_CHECK_METRIC_ENUM)
#undef GABLE_CHECK_METRIC_ENUM
        GABLE_N_CHECK_METRICS
} gable_check_metric;

/* Files of hw/ and workloads/ that a price rests on. X(symbol, key) */
#define GABLE_CHECK_DATA_LIST(X)                                                                   \
    X(MODEL, "model")                                                                              \
    X(SYSTEM, "system")                                                                            \
    X(ACCELERATOR, "accelerator")                                                                  \
    X(GENERATION, "generation")                                                                    \
    X(STACK, "stack")                                                                              \
    X(CHECKPOINTS, "checkpoints") /* the table, when the scenario names a checkpoint */            \
    X(CALIBRATION, "calibration") /* the folder: siblings lend constants to each other */

typedef enum gable_check_data {
#define GABLE_CHECK_DATA_ENUM(symbol, key) GABLE_CHECK_DATA_##symbol,
    GABLE_CHECK_DATA_LIST(GABLE_CHECK_DATA_ENUM)
#undef GABLE_CHECK_DATA_ENUM
        GABLE_N_CHECK_DATA
} gable_check_data;

/* Both arrays are in the order of their lists. */
extern const char *const gable_check_metric_keys[GABLE_N_CHECK_METRICS];
extern const gable_dim gable_check_metric_dims[GABLE_N_CHECK_METRICS];
extern const char *const gable_check_data_keys[GABLE_N_CHECK_DATA];

/* Relative; what a metric has when its file says nothing else. Rounding moves the last digits only.
 */
extern const double gable_check_tolerance;

typedef struct gable_check_operator {
    const char *name; /* unique in a plan */
    int bound;        /* gable_bound */
    double time_s;    /* all calls of the step; negative in a file that does not say */
} gable_check_operator;

/* What was recorded, and what is now. */
typedef struct gable_check_figures {
    double metric[GABLE_N_CHECK_METRICS];
    int bound; /* gable_bound; -1: nothing is expected */
    int fits;  /* 0, 1; -1: nothing is expected */
    int n_operators;
    gable_check_operator *operators;
    const char *program;               /* version; NULL: the file does not say */
    uint64_t hash[GABLE_N_CHECK_DATA]; /* of the canonical text; 0: there is no such file */
} gable_check_figures;

/* One thing that is not as recorded. A regime has texts, a metric numbers. */
typedef struct gable_check_change {
    const char *name; /* "time_s", "bound", "fits", or an operator */
    bool is_regime;
    const char *old_text, *now_text; /* regimes: "memory", "compute" …, "absent" */
    gable_dim dim;
    double old, now, tolerance; /* metrics */
    double relative_frac;       /* now / old - 1; infinite when old is 0, and for regimes */
    size_t line, column;        /* of the expectation in its file; 0: the file has no line for it */
} gable_check_change;

/* An operator whose time moved; 0 where it is absent. */
typedef struct gable_check_move {
    const char *name;
    double old_s, now_s;
} gable_check_move;

/* How a scenario ended. X(symbol, key) */
#define GABLE_CHECK_OUTCOME_LIST(X)                                                                \
    X(OK, "ok")                                                                                    \
    X(DIFFERS, "differs")                                                                          \
    X(UNRECORDED, "unrecorded") /* the file has no "expect" */                                     \
    X(UPDATED, "updated")       /* it differed, and was rewritten */                               \
    X(RECORDED, "recorded")     /* it had no "expect", and was written */

typedef enum gable_check_outcome {
#define GABLE_CHECK_OUTCOME_ENUM(symbol, key) GABLE_CHECK_##symbol,
    GABLE_CHECK_OUTCOME_LIST(GABLE_CHECK_OUTCOME_ENUM)
#undef GABLE_CHECK_OUTCOME_ENUM
        GABLE_N_CHECK_OUTCOMES
} gable_check_outcome;
extern const char *const gable_check_outcome_keys[GABLE_N_CHECK_OUTCOMES];

/* One recorded scenario. Lives in an arena, with its text. */
typedef struct gable_check {
    const char *path, *text;
    size_t length_bytes;
    const gable_json *root;

    const char *name, *why;
    const char *model, *system, *stack;
    int phase; /* gable_phase */
    double batch, n_cached, n_new, skew;
    GABLE_RANK_MEMBERS
    int nodes, micro_batches, redundant_experts;
    int overlap, exchange, context_exchange; /* gable_overlap … of layout/layout.h */
    const char *checkpoint;                  /* a row of workloads/checkpoints.csv; NULL: none */
    const char *weights, *activations, *kv; /* names of formats; NULL: as the checkpoint has them */

    bool expects[GABLE_N_CHECK_METRICS];
    double tolerance[GABLE_N_CHECK_METRICS];
    bool expects_operators;
    gable_check_figures recorded, now;

    gable_check_outcome outcome;
    int n_changes, n_moves;
    gable_check_change *changes;         /* regimes first, then metrics, worst first */
    gable_check_move *moves;             /* by seconds, largest first; empty when nothing differs */
    bool data_moved[GABLE_N_CHECK_DATA]; /* the file is another than when this was recorded */
} gable_check;

/* The rows that are read from a file: what a scenario is, an expected figure, an operator. */
extern const gable_schema gable_check_schema, gable_check_expectation_schema,
    gable_check_operator_schema;

/* Reads one file. Refuses with GABLE_INPUT and file:line:column: typos, wrong types, formats and
 * bounds that there are not. Whether the model and system exist is found by gable_check_price. */
gable_status gable_check_read(gable_arena *arena, const char *path, gable_check *out,
                              gable_err *err);

/* The layout that a scenario has when it says nothing: one device. */
void gable_check_set_layout(gable_check *out);

/* The machine of the scenario before: loading one takes longer than pricing a thousand steps. Start
 * as {0}; its memory is the scratch that it was loaded into. */
typedef struct gable_check_held {
    const char *system, *stack; /* NULL: none is held */
    gable_machine machine;
    size_t mark;               /* of the scratch, before it */
    uint64_t calibration_hash; /* of the folder; 0: not known yet */
} gable_check_held;

/* Where prices come from, and memory for them. */
typedef struct gable_check_source {
    const char *hw, *workloads; /* data folders */
    gable_arena *keep;          /* what the outcome holds */
    gable_arena *scratch;       /* models, machines, plans: given back before the call returns */
    gable_check_held *held; /* then only by the next scenario of another system or stack, so that
                               those of one machine are best priced in a row; NULL: no machine is
                               held. Nothing else may take from the scratch meanwhile */
} gable_check_source;

/* Prices the scenario and compares: fills `now`, the changes and the outcome. Refuses with
 * GABLE_INPUT what cannot be priced, pointing into the file. */
gable_status gable_check_price(const gable_check_source *source, gable_check *check,
                               gable_err *err);

/* The figures of the scenario with the data of today, and nothing else; `hashed`: those of the data
 * files too. *now lives in source->keep. Refuses as gable_check_price. */
gable_status gable_check_figure(const gable_check_source *source, const gable_check *check,
                                bool hashed, gable_check_figures *now, gable_err *err);

/* Compares `now` with what is recorded: fills changes, moves and outcome. Both are filled; a check
 * that was not read from a file (root NULL) has no lines to point at. */
gable_status gable_check_compare(gable_arena *keep, gable_check *check, gable_err *err);

/* |now - old| <= tolerance * |old|; a recorded 0 allows 0 alone. */
bool gable_check_within(double old, double now, double tolerance);

/* The text of the file with the figures of now. Values are put in their places, so that everything
 * else stays byte for byte; a file without "expect" gets one with all figures. The outcome must be
 * known. */
gable_status gable_check_rewrite(gable_arena *arena, const gable_check *check, gable_text *out,
                                 gable_err *err);

/* FNV-1a of a JSON text without the white space outside its strings: 64 bits, never 0. */
uint64_t gable_check_hash(const char *text, size_t length_bytes);

#endif
