/* engine/arrivals: requests of a simulation: how many tokens, and when they arrive.
 * Room: engine. Uses: engine/simulate, engine/gslx. */
#ifndef GABLE_ENGINE_ARRIVALS_H
#define GABLE_ENGINE_ARRIVALS_H
#include "engine/simulate.h"

/* X(symbol, name) */
#define GABLE_ARRIVALS_LIST(X)                                                                     \
    X(CLOSED, "closed")   /* clients that ask again as soon as they are answered */                \
    X(POISSON, "poisson") /* at random */                                                          \
    X(BURSTY, "bursty")   /* in clumps */                                                          \
    X(TRACE, "trace")     /* as recorded */
typedef enum gable_arrivals {
#define GABLE_ARRIVALS_ENUM(symbol, name) GABLE_ARRIVALS_##symbol,
    GABLE_ARRIVALS_LIST(GABLE_ARRIVALS_ENUM)
#undef GABLE_ARRIVALS_ENUM
        GABLE_N_ARRIVALS
} gable_arrivals;
extern const char *const gable_arrivals_names[]; /* NULL-terminated */

/* Uniform whole numbers of tokens, both ends included. */
typedef struct gable_lengths {
    double prompt_least, prompt_most, answer_least, answer_most;
} gable_lengths;

/* Lengths of isl and osl tokens.
 *   ratio   mean / most, isl and osl being the most: a ratio of 0.9 gives [0.8 L, L], 1 the same
 * for
 *           all; below 0.5 they start at 1. 0: a tenth around isl and osl. Clients of a closed loop
 *           whose lengths are all the same fall into step, as no others do. */
gable_lengths gable_lengths_of(double isl, double osl, double ratio);

gable_status gable_arrivals_lengths(gable_arena *arena, const gable_lengths *lengths, unsigned seed,
                                    gable_requests *out, gable_err *err);

/* Arrivals at `requests_per_s` on average, the first at 0: gaps between them are gamma distributed.
 *   shape   1: a Poisson process; below: bursts (the squared coefficient of variation of a gap is
 *           1 / shape) */
gable_status gable_arrivals_times(gable_arena *arena, double requests_per_s, double shape,
                                  unsigned seed, gable_requests *out, gable_err *err);

#endif
