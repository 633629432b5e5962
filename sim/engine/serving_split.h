/* engine/serving_split: engines that compute prompts apart from engines that answer: how long a
 * cache takes from one to the other, and how many of one kind keep one of the other busy.
 * Room: engine. Uses: engine/serving_sim, net. */
#ifndef GABLE_ENGINE_SERVING_SPLIT_H
#define GABLE_ENGINE_SERVING_SPLIT_H
#include "engine/serving_sim.h"

/* Seconds of handing a cache over: fixed_s + token_s x tokens of the prompt. Each rank sends what
 * it holds to its partner, all of them at once. */
typedef struct gable_handover {
    double fixed_s, token_s;
    double token_bytes; /* of a rank, per token of the prompt */
    bool out;           /* over the scale-out fabric: not all engines are in one domain */
} gable_handover;

/* From engines of from_parts to those of to_parts, `n_devices` in all. Refuses with GABLE_INPUT a
 * system that has no fabric to reach over. */
gable_status gable_serving_handover(const gable_machine *machine, double from_token_bytes,
                                    double to_token_bytes, double n_devices, gable_handover *out,
                                    gable_err *err);

/* Closed form, of requests of these mean lengths (facts/serving.md 2.3, 2.4). */
typedef struct gable_split_rates {
    double prefill_requests_per_s; /* of one engine that computes prompts and nothing else */
    double decode_requests_per_s;  /* of one that answers, with `batch` sequences */
    double batch;
    double prefill_per_decode; /* engines: where both are equally busy */
} gable_split_rates;

/*   batch   sequences that an engine decodes: the load's, at most what its cache holds */
gable_split_rates gable_serving_split_rates(const gable_sim_rules *prefill,
                                            const gable_sim_rules *decode, double prompt,
                                            double answer, double batch);

#endif
