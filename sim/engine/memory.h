/* engine/memory: the bytes of one device while an engine serves, each by its name: weights, cache
 * and states, what a step keeps alive, buffers of collectives, and what the framework takes. How
 * much of the device an engine takes, and what it counts in that, are rules of its stack
 * (hw/stacks, "serving"):
 *   vLLM           u x memory, less weights, a profiled step, buffers and kernels
 *   SGLang         u x (memory at the start, beside context and buffers), less weights; a step
 *                  lives in the rest ("of_start")
 *   TensorRT-LLM   u x (memory less weights); all else lives in the rest ("of_free")
 * Room: engine. Uses: layout, machine. */
#ifndef GABLE_ENGINE_MEMORY_H
#define GABLE_ENGINE_MEMORY_H
#include "layout/layout.h"
#include "machine/machine.h"
#include "machine/serving.h"

/* Bytes of one device. capacity = the sum of all others; what is left may be below 0: then the
 * engine's rule promises memory that the device does not have. */
typedef struct gable_memory {
    double capacity_bytes;
    double weights_bytes;
    double cache_bytes;         /* that cache and states may take; below 0: weights alone exceed the
                                   engine's share */
    double activation_bytes;    /* of the largest step that the engine runs */
    double communication_bytes; /* buffers of collectives and of exchanges of tokens */
    double context_bytes;       /* of the driver */
    double runtime_bytes;       /* kernels and their workspaces, the table of positions */
    double graph_bytes;         /* captured steps */
    double left_bytes;
} gable_memory;

/* What an engine keeps alive in its largest step, on one rank, bytes: the larger of one layer's
 * buffers and of the sampler's, and those of experts, which engines keep from layer to layer.
 *   layer     T tokens: 4 streams of the width d, the input and output of the widest pair of
 *             products (gate and up, and what enters down; or queries, keys, values and the output)
 *   sampler   n sequences x vocabulary x logit_bytes, one fp32 row of logits for each SM (top-k and
 *             top-p), and the hidden states
 *   experts   T x top-k rows: the larger of gate and up or d, and what enters down; 2 bytes each
 *   step_tokens, sequences   of one rank
 * Checked against 12 published logs of vLLM 0.19: tests/unit/test_memory.c. */
double gable_memory_step_bytes(const gable_plan *plan, const gable_machine *machine,
                               const gable_serving_rules *rules, double step_tokens,
                               double sequences);

/* Buffers of collectives that a plan needs, bytes: once where ranks share products, and again where
 * tokens are sent to experts. */
double gable_memory_communication_bytes(const gable_plan *plan, const gable_serving_rules *rules);

/* Sines and cosines of all positions of the widest rotary embedding, bytes. */
double gable_memory_position_bytes(const gable_model *model);

/* Kernels and their workspaces with that table, and all that the framework takes whatever runs,
 * bytes. */
static inline double gable_memory_runtime_bytes(const gable_serving_rules *rules,
                                                double position_bytes)
{
    return rules->runtime_bytes > 0.0 ? rules->runtime_bytes + position_bytes : 0.0;
}
static inline double gable_memory_framework_bytes(const gable_serving_rules *rules,
                                                  double position_bytes)
{
    return rules->context_bytes + gable_memory_runtime_bytes(rules, position_bytes) +
           rules->graph_bytes;
}

/* All bytes of a rank of `plan`.
 *   step_tokens, sequences   as the recipe has it; 0: as the rules do */
void gable_memory_of(const gable_plan *plan, const gable_machine *machine,
                     const gable_serving_rules *rules, double step_tokens, double sequences,
                     gable_memory *out);

#endif
