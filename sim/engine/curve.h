/* engine/curve: one figure of several models along one axis: what a teacher draws.
 * Room: engine. Uses: layout, cost, model, machine. */
#ifndef GABLE_ENGINE_CURVE_H
#define GABLE_ENGINE_CURVE_H
#include "engine/engine.h"

/* X(symbol, name, axis, key of x, key of y, label of x, label of y, what it shows). Axis 0: context
 * grows; 1: batch grows, and a machine prices the steps. */
#define GABLE_CURVE_LIST(X)                                                                        \
    X(CACHE, "cache", 0, "context_tokens", "cache_bytes_per_token", "context, tokens",             \
      "cache per token of context, bytes", "bytes of cache and state per token, as context grows") \
    X(FLOPS, "flops", 0, "context_tokens", "fp8_equivalent_flops", "context, tokens",              \
      "FLOPs of one new token, in 8-bit work", "FLOPs of one new token, as context grows")         \
    X(ROOFLINE, "roofline", 1, "intensity_flops_per_byte", "flops_per_s",                          \
      "FLOP per byte of device memory", "FLOP/s reached on one device",                            \
      "whole decode steps under the roofs, as batch grows")                                        \
    X(STEP, "step", 1, "batch", "time_s", "sequences in the step", "seconds of a decode step",     \
      "seconds of a decode step, as batch grows")                                                  \
    X(THROUGHPUT, "throughput", 1, "batch", "tokens_per_s_per_device", "sequences in the step",    \
      "tokens/s of one device", "decode throughput of a device, as batch grows")
typedef enum gable_curve_kind {
#define GABLE_CURVE_ENUM(symbol, name, axis, x, y, x_label, y_label, help) GABLE_CURVE_##symbol,
    GABLE_CURVE_LIST(GABLE_CURVE_ENUM)
#undef GABLE_CURVE_ENUM
        GABLE_N_CURVES
} gable_curve_kind;

typedef struct gable_curve_text {
    const char *name, *x_key, *y_key, *x_label, *y_label, *help;
    bool over_batch;
} gable_curve_text;
extern const gable_curve_text gable_curves[GABLE_N_CURVES];

enum { GABLE_SERIES_CAP = 12, GABLE_SERIES_POINTS_CAP = 48 };

/* One line of a picture. `batch` of each point where the batch grows; else NULL. */
typedef struct gable_series {
    const char *name;
    bool roof; /* of the machine, not of a model */
    int n;
    const double *x, *y, *batch;
} gable_series;

/* One series a model, and the roofs of the units that they use for ROOFLINE.
 *   Contexts go from 1k to 1M also for models that were not trained so far: arithmetic.
 *   machine    prices steps; may be NULL for kinds over context
 *   scenario   layout; context of the kinds over batch; its batch and n_new are not read
 *   out        room for GABLE_SERIES_CAP; *n of them filled, in the arena
 * Refuses with GABLE_INPUT what gable_layout_plan refuses. */
gable_status gable_engine_curve(gable_arena *arena, gable_curve_kind kind,
                                const gable_model *const *models, int n_models,
                                const gable_machine *machine, const gable_scenario *scenario,
                                gable_series *out, int *n, gable_err *err);

#endif
