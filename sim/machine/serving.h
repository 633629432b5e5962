/* machine/serving: what an engine adds to the kernels of a step, and how it fills the memory. The
 * rules are its defaults (hw/stacks), the constants are fitted to serving runs (hw/serving, written
 * by `gable calibrate serving`). Formulas: facts/serving.md 2.
 * Room: machine. Uses: base. */
#ifndef GABLE_MACHINE_SERVING_H
#define GABLE_MACHINE_SERVING_H
#include "machine/constants.h"

/* X(member, key, dim, prior, spread of the prior, least, most, help). Fitted; `scale` constants are
 * factors, the others seconds. */
#define GABLE_SERVING_LIST(X)                                                                      \
    X(step_scale, "step_scale", NONE, 1.0, 0.1, 0.3, 3.0, "kernels of a step, factor")             \
    X(gap_s, "gap", SECONDS, 10e-6, 10e-6, 0.0, 1e-3, "glue of one layer of a step")               \
    X(sequence_s, "sequence", SECONDS, 5e-6, 10e-6, 0.0, 1e-3, "of each sequence of a step")       \
    X(prefill_scale, "prefill_scale", NONE, 1.0, 0.2, 0.2, 5.0,                                    \
      "what a prompt adds to the step it joins, factor")                                           \
    X(prefill_gap_s, "prefill_gap", SECONDS, 50e-6, 100e-6, 0.0, 5e-3,                             \
      "glue of one layer for each prompt")                                                         \
    X(launch_s, "launch", SECONDS, 50e-6, 3e-6, 0.0, 1e-3,                                         \
      "of each kernel of a step with prompts, on hosts that are alike")                            \
    X(first_s, "first", SECONDS, 50e-3, 60e-3, 0.0, 1.0, "arrival to the first kernel, and back")  \
    X(first_token_s, "first_token", SECONDS, 1e-6, 4e-6, 0.0, 1e-3, "of each token of a prompt")   \
    X(client_s, "client", SECONDS, 0.2e-6, 0.2e-6, 0.0, 1e-4, "of each token of all prompts")

typedef struct gable_serving_constants {
#define GABLE_SERVING_MEMBER(member, key, dim, prior, spread, least, most, help) double member;
    GABLE_SERVING_LIST(GABLE_SERVING_MEMBER)
#undef GABLE_SERVING_MEMBER
    /* ln spread of measured / predicted on runs that were held out */
    double tpot_sigma_ln, ttft_sigma_ln;
    gable_provenance provenance;
    const char *from;
} gable_serving_constants;

/* Defaults of an engine. */
typedef struct gable_serving_rules {
    double memory_frac;      /* of the device's memory that the engine takes (engine/memory.h) */
    bool of_free;            /* of what the weights leave, for the cache alone */
    bool of_start;           /* of what context and buffers leave, for weights and cache alone */
    double context_bytes;    /* of the driver, before the engine counts */
    double runtime_bytes;    /* kernels and their libraries */
    double graph_bytes;      /* captured steps */
    double workspace_bytes;  /* of products */
    double collective_bytes; /* buffers of collectives between ranks that share products */
    double exchange_bytes;   /* buffers of tokens on their way to experts and back */
    double logit_bytes;      /* that sampling keeps alive for each logit; 0: nothing is modelled */
    double rows_per_sm;      /* of logits in fp32, scratch of top-k and top-p */
    double sequences;        /* that run at a time, at most */
    double small_memory_bytes; /* devices with less take … */
    double small_step_tokens, small_sequences;
    bool separate_prefill; /* a prompt is a step of its own */
    bool kv_fp8;           /* the cache is 8 bits on this device unless the checkpoint says so */
    double step_tokens;    /* of one step, prompts and decoding sequences together */
    double graph_tokens;   /* a step with prompts of up to so many is launched as a graph */
    double block_tokens;   /* of the cache */
    bool whole_prompts;    /* a prompt is not cut to fill a step */
    bool whole_answers;    /* a request starts when the cache has room for its whole answer */
} gable_serving_rules;

/* Constants and rules of `stack` on a device. A stack without fitted constants on the device's
 * generation takes those of the nearest that has them (transferred); without any, the priors
 * (assumed). */
gable_status gable_serving_load(gable_arena *arena, const char *hw,
                                const struct gable_accelerator *accelerator, const char *stack,
                                gable_serving_constants *constants, gable_serving_rules *rules,
                                gable_err *err);

/* What was fitted for one stack, for writing: one entry a generation. */
typedef struct gable_serving_entry {
    const char *generation;
    gable_serving_constants constants;
    int n_stalled;       /* runs that TTFT was fitted without */
    int n_train, n_test; /* 0 test: too few runs, the errors are of those that were fitted to */
    double tpot_median_frac, tpot_p90_frac, ttft_median_frac, ttft_p90_frac;
} gable_serving_entry;

extern const gable_schema gable_serving_schema, gable_serving_entry_schema;

#endif
