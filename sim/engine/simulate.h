/* engine/simulate: requests served by engines with continuous batching, event by event. An engine
 * makes steps: each decodes one token of every running sequence and computes parts of waiting
 * prompts beside them, as many as its budget of tokens allows. Requests wait in order of arrival.
 * The cache is kept in blocks: a prompt's are taken when it starts, one more whenever an answer
 * grows into it; when none is left, the sequence that came last gives up all of its blocks, waits
 * first in the queue and computes its tokens anew (or, with `reserve`, a request starts only when
 * its whole answer has room). Steps that only decode are jumped over in one go, to the next end of
 * an answer, to the next arrival, or to the step for which the cache is too small. Nothing is
 * allocated once it runs; equal input gives equal output.
 * Room: engine. Uses: engine/step_costs. Rules: facts/serving.md 2.6; DESIGN 5. */
#ifndef GABLE_ENGINE_SIMULATE_H
#define GABLE_ENGINE_SIMULATE_H
#include <stdint.h>

#include "engine/step_costs.h"

enum { GABLE_SIMULATE_REQUESTS_CAP = 2000000, GABLE_SIMULATE_ENGINES_CAP = 1024 };

/* Columns of n requests in order of arrival. `cached` may be NULL: tokens of each prompt that need
 * not be computed because a cache of prefixes holds them (below prompt). The last three are
 * results: when the first part of the prompt began, the first token came, the last one did. */
typedef struct gable_requests {
    size_t n;
    double *arrival_s;
    int32_t *prompt, *answer; /* tokens, >= 1 */
    int32_t *cached;
    double *start_s, *first_s, *end_s;
} gable_requests;

/* Takes the columns (without `cached`) from the arena. */
gable_status gable_requests_init(gable_arena *arena, size_t n, gable_requests *out, gable_err *err);

/* What an engine adds to kernels: a step costs kernels x scale + step_s + batch x sequence_s, a
 * part of a prompt its kernels x prompt_scale + prompt_s. Steps that decode replay graphs; in one
 * with prompts the host launches kernel by kernel, and takes launch_s for each. */
typedef struct gable_step_extras {
    double scale, step_s, sequence_s, prompt_scale, prompt_s, launch_s;
} gable_step_extras;

/* Engines that are alike. */
typedef struct gable_sim_rules {
    const gable_step_costs *costs;
    gable_step_extras extras;
    double step_tokens;  /* budget of one group of ranks: tokens of a step, decoding sequences
                            included; >= 1 */
    double stages;       /* of a pipeline: where sequences decode, each pass of a step through them
                            has a budget of its own; 0: one */
    double graph_tokens; /* steps with prompts of up to so many are graphs too */
    double most_sequences; /* that hold cache at a time; 0: no limit */
    double cache_tokens;   /* 0: no limit */
    int block_tokens;      /* 1 to GABLE_SIM_BLOCK_CAP */
    bool whole_prompts;    /* a prompt is computed in one step, however long */
    bool separate_prefill; /* prompts are steps of their own, decoding stands still */
    bool reserve;          /* cache for the whole answer is taken at the start */
    int poll_steps;   /* an engine that runs looks for arrivals every so many steps; 0, 1: each */
    int wait_steps;   /* new prompts wait for others, at most so many steps; 0: they do not */
    double wait_frac; /* … until decoding and waiting tokens fill this share of the budget */
} gable_sim_rules;

enum { GABLE_SIM_BLOCK_CAP = 1024 };

typedef struct gable_sim_setup {
    gable_sim_rules rules;    /* of engines that decode */
    gable_sim_rules prefill;  /* of engines that compute prompts for those; costs NULL: none */
    int n_engines, n_prefill; /* an arrival goes to the engine with the fewest requests */
    /* From an engine of `prefill` to one that decodes: one cache after the other leaves an engine.
     */
    double transfer_s, transfer_s_per_token;
    /* > 0: a closed loop. So many requests arrive at 0, each other one when an answer ends; of
     * arrival_s nothing is read. 0: arrivals are those of the requests. */
    size_t clients;
} gable_sim_setup;

/* One pool of engines; shares of the span, means over it. */
typedef struct gable_sim_use {
    double busy_frac;                        /* of its engines */
    double batch_mean;                       /* sequences that an engine holds */
    double cache_mean_frac, cache_most_frac; /* 0 without a limit */
} gable_sim_use;

typedef struct gable_simulated {
    double span_s;                 /* first arrival to the end of the last answer */
    double queue_mean, queue_most; /* requests that arrived and have not begun, or begin anew */
    double present_mean;           /* requests that arrived and have not ended */
    gable_sim_use use, prefill_use;
    double link_busy_frac; /* of the links out of engines that compute prompts */
    double n_steps, n_preempted;
} gable_simulated;

/* Runs all requests to their end, filling their result columns (and arrival_s in a closed loop).
 * `arena` is released to where it was. Refuses with GABLE_INPUT: a request that the cache can never
 * hold, rules out of range, too many requests or engines. */
gable_status gable_simulate(gable_arena *arena, const gable_sim_setup *setup,
                            gable_requests *requests, gable_simulated *out, gable_err *err);

#endif
