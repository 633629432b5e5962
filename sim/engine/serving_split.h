/* engine/serving_split: engines that compute prompts apart from engines that answer: how long a
 * cache takes from one to the other, and how many of one kind keep one of the other busy.
 * Room: engine. Uses: engine/serving_sim, net. */
#ifndef GABLE_ENGINE_SERVING_SPLIT_H
#define GABLE_ENGINE_SERVING_SPLIT_H
#include "engine/serving_sim.h"

/* One side of a handover. */
typedef struct gable_handover_end {
    double token_bytes;  /* that a rank holds of a token of the prompt */
    double busy_frac[2]; /* of the time its exchanges take a device's links: inside the node,
                            between nodes; 0 to 1 */
} gable_handover_end;

/* The side of engines that compute prompts, and that of engines that answer. */
gable_handover_end gable_handover_from(const gable_serving_parts *parts,
                                       const gable_serving_constants *constants);
gable_handover_end gable_handover_to(const gable_serving_parts *parts,
                                     const gable_serving_constants *constants);

/* Seconds of handing a cache over: fixed_s + token_s x tokens of the prompt. Each rank sends what
 * it holds to its partner, all of them at once, while both engines go on with their steps.
 *
 * Beside exchanges that take the link a part f of the time the transfer gets half of it while one
 * runs: it takes 1 + f times as long, and so do the steps meanwhile (max-min fairness; exact over
 * whole steps, tests/unit/test_split.c runs it through net/flows). The end that is busier decides
 * how long; each engine loses f x the time that the transfer would take alone. */
typedef struct gable_handover {
    double fixed_s, token_s;
    double token_bytes;            /* of a rank, per token of the prompt */
    double from_late_s, to_late_s; /* by which either engine's steps are later, per token */
    double longer_frac;            /* by which exchanges beside it lengthen token_s */
    bool out; /* over the scale-out fabric: not all engines are in one domain */
} gable_handover;

/* Between engines of `n_devices` in all. Refuses with GABLE_INPUT a system that has no fabric to
 * reach over. */
gable_status gable_serving_handover(const gable_machine *machine, const gable_handover_end *from,
                                    const gable_handover_end *to, double n_devices,
                                    gable_handover *out, gable_err *err);

/* What handing over costs the engines, as parts of their steps: of prompts of `prompt` tokens and
 * answers of `answer`. */
void gable_handover_slow(const gable_handover *handover, double prompt, double answer,
                         gable_sim_rules *prefill, gable_sim_rules *decode);

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
