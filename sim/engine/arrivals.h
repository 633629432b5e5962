/* engine/arrivals: requests of a simulation: how many tokens, and when they arrive.
 * Room: engine. Uses: engine/simulate, engine/gslx. */
#ifndef GABLE_ENGINE_ARRIVALS_H
#define GABLE_ENGINE_ARRIVALS_H
#include "engine/simulate.h"

/* Tokens of prompts and answers, uniform whole numbers up to `most` with a mean of ratio x most. */
typedef struct gable_lengths {
    double prompt_most, answer_most; /* >= 1 */
    double ratio;                    /* 0 < ratio <= 1; 1: all the same */
} gable_lengths;

/* The shortest prompt that may come. */
double gable_lengths_least(const gable_lengths *lengths);

gable_status gable_arrivals_lengths(gable_arena *arena, const gable_lengths *lengths, unsigned seed,
                                    gable_requests *out, gable_err *err);

/* Arrivals at `requests_per_s` on average, the first at 0: gaps between them are gamma distributed.
 *   shape   1: a Poisson process; below: bursts (the squared coefficient of variation of a gap is
 *           1 / shape) */
gable_status gable_arrivals_times(gable_arena *arena, double requests_per_s, double shape,
                                  unsigned seed, gable_requests *out, gable_err *err);

#endif
