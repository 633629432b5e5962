/* cli/serve: `gable serve`: its options, what it priced, and how that is written.
 * Room: cli. Uses: engine, report. */
#ifndef GABLE_CLI_SERVE_H
#define GABLE_CLI_SERVE_H
#include "cli/energy_options.h"
#include "cli/scenario_options.h"
#include "engine/rent.h"
#include "engine/serving_sim.h"
#include "engine/serving_split.h"

typedef struct gable_serve_options {
    const char *model, *system, *stack, *checkpoint, *trace, *output;
    double isl, osl, length_ratio, concurrency, waves, warmup;
    double rate, burstiness, requests, prefix_cache;
    double chunk, max_sequences, wait_fill;
    double ttft_limit_s, tpot_limit_s, attain; /* limits: 0: none */
    GABLE_LAYOUT_MEMBERS                       /* dp: engines that answer */
        int weights,
        activations, kv, format;
    int arrivals, seed, prefill_engines, prefill_tp, block, poll, wait;
    bool reserve, strict;
    gable_texts set;
    gable_energy_words energy;
} gable_serve_options;

/* Engines that compute prompts for others. */
typedef struct gable_serve_split {
    gable_handover handover;
    gable_split_rates rates;
} gable_serve_split;

/* What was served. */
typedef struct gable_serve_answer {
    gable_case priced; /* model and machine */
    gable_serving_request request;
    gable_serving serving;
    double n_devices;
    gable_rent rent;
    /* NaN: no price is known. The first counts all that is paid for output tokens; the other two
     * split it by the time that prompts and answers take. */
    double usd_per_million_tokens, usd_per_million_input, usd_per_million_generated;
    /* of the simulation */
    bool simulated;
    gable_requests requests;
    gable_simulated result;
    gable_request_times times;
    double prefix_hit_frac; /* NaN: no cache of prefixes */
    bool saturated;         /* requests arrive faster than they are answered */
    double within_frac;     /* of requests, within the limits; NaN: no limits */
    double rate;            /* of arrivals from outside, asked for or found; 0: none */
    bool rate_found;        /* the most that keeps the limits */
    bool split;
    gable_serve_split apart;
} gable_serve_answer;

/* Prices what the options ask for; lives in the arena of `cli`. */
gable_status gable_serve_price(gable_cli *cli, const gable_serve_options *options,
                               gable_serve_answer *out);

/* "  power     410 W of 700 W a device …": lines of what a deployment draws, and what a limit does
 * to its steps; nothing where no design power is published. Shared with `gable plan`. */
void gable_serve_write_power(gable_text *out, const gable_serving *serving,
                             const gable_machine *machine);

/* The answer in one of gable_formats. */
void gable_serve_write(gable_cli *cli, const gable_serve_options *options,
                       const gable_serve_answer *answer);

#endif
