/* Engines whose steps cost round numbers, for suites of the simulation. */
#ifndef GABLE_TESTS_SIMULATED_H
#define GABLE_TESTS_SIMULATED_H
#include <math.h>

#include "../scratch.h"
#include "engine/simulate.h"
#include "rows.h"

/* A step of decoding takes 1 s whatever it holds; a token of a prompt adds 0.1 s. */
static double one_batch[] = {1}, one_context[] = {1}, one_second[] = {1};
static double token_nodes[] = {0, 1e9}, token_s[] = {0, 1e8}, no_rest[] = {0, 0};
static double one_part[] = {1}, no_prior[] = {0}, no_attention[] = {0};
static const gable_step_costs flat = {.n_batch = 1,
                                      .n_context = 1,
                                      .n_tokens = 2,
                                      .n_part = 1,
                                      .n_prior = 1,
                                      .groups = 1,
                                      .passes = 1,
                                      .batch = one_batch,
                                      .context = one_context,
                                      .decode_s = one_second,
                                      .tokens = token_nodes,
                                      .shared_s = token_s,
                                      .rest_s = no_rest,
                                      .part = one_part,
                                      .prior = no_prior,
                                      .attention_s = no_attention};
static const gable_step_extras nothing_more = {.scale = 1, .prompt_scale = 1};

static inline gable_sim_rules rules_of(const gable_step_costs *costs, double step_tokens)
{
    return (gable_sim_rules){.costs = costs,
                             .extras = nothing_more,
                             .step_tokens = step_tokens,
                             .block_tokens = 1,
                             .wait_frac = 1};
}

static inline gable_requests requests_of(size_t n)
{
    gable_requests r;
    gable_err err = {0};
    ck_assert_int_eq(gable_requests_init(scratch_arena(), n, &r, &err), GABLE_OK);
    return r;
}

static inline gable_simulated simulate(const gable_sim_setup *setup, gable_requests *requests)
{
    gable_simulated out;
    gable_err err = {0};
    ck_assert_msg(gable_simulate(scratch_arena(), setup, requests, &out, &err) == GABLE_OK, "%s",
                  err.text);
    return out;
}

#endif
