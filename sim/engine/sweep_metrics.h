/* engine/sweep_metrics: figures of a step that a sweep can optimise, constrain and count. Adding
 * one is a row.
 * Room: engine. Uses: engine/engine.h. */
#ifndef GABLE_ENGINE_SWEEP_METRICS_H
#define GABLE_ENGINE_SWEEP_METRICS_H
#include "engine/engine.h"

/* X(symbol, key, header, dim, whether less is better, whether all sums are needed (else times and
 * memory alone), figure of a `plan` on a `machine` with a priced `step`). NaN: not published. */
#define GABLE_METRIC_LIST(X)                                                                       \
    X(TIME, "time_s", "time", SECONDS, true, false, step->time_s_total)                            \
    X(P10, "p10_s", "p10", SECONDS, true, true, step->p10_s)                                       \
    X(P90, "p90_s", "p90", SECONDS, true, true, step->p90_s)                                       \
    X(CEILING, "ceiling_s", "ceiling", SECONDS, true, false, step->ceiling_s_total)                \
    X(TOKENS, "tokens_per_s", "tokens/s", NONE, false, false, step->tokens_per_s)                  \
    X(TOKENS_PER_GPU, "tokens_per_s_per_gpu", "per device", NONE, false, false,                    \
      step->tokens_per_s / plan->ranks.world)                                                      \
    X(TOKENS_PER_USER, "tokens_per_s_per_user", "per user", NONE, false, false,                    \
      step->tokens_per_s / plan->scenario.batch)                                                   \
    X(DEVICES, "devices", "devices", COUNT, true, false, plan->ranks.world)                        \
    X(USD_PER_HOUR, "usd_per_hour", "$/h", NONE, true, false,                                      \
      gable_metric_usd_per_h(plan, machine))                                                       \
    X(USD_PER_TOKENS, "usd_per_million_tokens", "$/Mtoken", NONE, true, false,                     \
      gable_metric_usd_per_h(plan, machine) / 3600.0 / step->tokens_per_s * 1e6)                   \
    X(WEIGHTS, "weights_bytes", "weights", BYTES, true, false, plan->weights_bytes)                \
    X(KV, "kv_bytes", "cache", BYTES, true, false, plan->kv_bytes)                                 \
    X(TOTAL, "total_bytes", "memory", BYTES, true, false, step->total_bytes)                       \
    X(CAPACITY, "capacity_bytes", "capacity", BYTES, false, false, step->capacity_bytes)           \
    X(FITS, "fits", "fits", NONE, false, false, step->fits ? 1.0 : 0.0)                            \
    X(FLOPS, "flops", "FLOPs", FLOPS, true, true, step->flops)                                     \
    X(HBM, "hbm_bytes", "read", BYTES, true, true, step->hbm_bytes)                                \
    X(WIRE, "wire_bytes", "sent", BYTES, true, false, step->wire_bytes_total)                      \
    X(INTENSITY, "intensity_flops_per_byte", "FLOP/B", NONE, false, true,                          \
      step->intensity_flops_per_byte)                                                              \
    X(CEILING_FRAC, "ceiling_frac", "of ceiling", NONE, false, false,                              \
      step->ceiling_s_total / step->time_s_total)                                                  \
    X(COMPUTE_FRAC, "compute_frac", "compute", NONE, false, true,                                  \
      step->bound_s[GABLE_BOUND_COMPUTE] / step->time_s_total)                                     \
    X(MEMORY_FRAC, "memory_frac", "memory", NONE, true, true,                                      \
      step->bound_s[GABLE_BOUND_MEMORY] / step->time_s_total)                                      \
    X(NETWORK_FRAC, "network_frac", "network", NONE, true, true,                                   \
      step->bound_s[GABLE_BOUND_NETWORK] / step->time_s_total)                                     \
    X(OVERHEAD_FRAC, "overhead_frac", "overhead", NONE, true, true,                                \
      step->bound_s[GABLE_BOUND_OVERHEAD] / step->time_s_total)

typedef enum gable_metric {
#define GABLE_METRIC_ENUM(symbol, key, header, dim, least, sums, figure) GABLE_METRIC_##symbol,
    GABLE_METRIC_LIST(GABLE_METRIC_ENUM)
#undef GABLE_METRIC_ENUM
        GABLE_N_METRICS
} gable_metric;

typedef struct gable_metric_row {
    const char *key, *header;
    gable_dim dim;
    bool least; /* less is better */
    bool sums;
} gable_metric_row;
extern const gable_metric_row gable_metrics[GABLE_N_METRICS];

/* Rent of all devices of a layout at the typical price, $/h; NaN where none is published. */
double gable_metric_usd_per_h(const gable_plan *plan, const gable_machine *machine);

double gable_metric_of(gable_metric metric, const gable_plan *plan, const gable_machine *machine,
                       const gable_step *step);

/* The metric of that key; false when there is none. */
bool gable_metric_find(const char *key, gable_metric *out);

#endif
