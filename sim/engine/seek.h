/* engine/seek: for what value of anything (a field of the hardware, a batch, a context, a number of
 * ranks) does a step meet a target? Targets, and the search for the first value that meets one.
 * Room: engine. Uses: every room below. */
#ifndef GABLE_ENGINE_SEEK_H
#define GABLE_ENGINE_SEEK_H
#include "engine/gslx.h"
#include "engine/whatif.h"

/* What is asked of a step. X(symbol, name, dimension of its value, whether more is better, help) */
#define GABLE_TARGET_LIST(X)                                                                       \
    X(TIME, "time", SECONDS, false, "seconds of the step, at most")                                \
    X(TPOT, "tpot", SECONDS, false, "seconds per token of a sequence, at most")                    \
    X(CEILING, "ceiling", SECONDS, false, "seconds at the speed of light, at most")                \
    X(RATE, "tokens_per_s", NONE, true, "tokens/s of all devices, at least")                       \
    X(DEVICE_RATE, "tokens_per_s_per_device", NONE, true, "tokens/s of one device, at least")      \
    X(USER_RATE, "tokens_per_s_per_user", NONE, true, "tokens/s of one sequence, at least")        \
    X(USD, "usd_per_million_tokens", NONE, false, "$ per million tokens of the step, at most")     \
    X(SPEEDUP, "speedup", NONE, true, "of the step as it is without the change, at least")         \
    X(EQUAL, "equal", SECONDS, false, "as long as the step that --with describes")                 \
    X(BOUND, "bound", NONE, true, "compute, memory, network or overhead takes the most time")      \
    X(FITS, "fits", NONE, true, "the step fits in memory")
typedef enum gable_target_kind {
#define GABLE_TARGET_ENUM(symbol, name, dim, more, help) GABLE_TARGET_##symbol,
    GABLE_TARGET_LIST(GABLE_TARGET_ENUM)
#undef GABLE_TARGET_ENUM
        GABLE_N_TARGETS
} gable_target_kind;

typedef struct gable_target_text {
    const char *name, *help;
    gable_dim dim;
    bool more;
} gable_target_text;
extern const gable_target_text gable_targets[GABLE_N_TARGETS];

typedef struct gable_target {
    gable_target_kind kind;
    double value;      /* in the target's dimension; not for EQUAL, BOUND, FITS */
    gable_bound bound; /* for BOUND */
} gable_target;

/* "time=5ms", "bound=compute", "fits", "equal". Refuses with GABLE_USAGE, naming the nearest. */
gable_status gable_target_read(const char *text, gable_target *out, gable_err *err);

/* By how much a step misses the target: > 0 misses, <= 0 meets; ln of the ratio where it is one.
 *   batch     sequences of the step
 *   other_s   SPEEDUP: seconds as it is; EQUAL: seconds of the other step
 * NaN where the figure is not known. */
double gable_target_miss(const gable_target *target, const gable_whatif_side *side, double batch,
                         double other_s);

/* The figure that the target is about; for a reason that people read. */
double gable_target_figure(const gable_target *target, const gable_whatif_side *side, double batch,
                           double other_s);

typedef struct gable_sought {
    bool found;
    double value;
    double low, high;       /* what was searched */
    double at_low, at_high; /* misses there */
    int crossings;          /* values at which the target begins or ceases to be met */
} gable_sought;

/* First change of sign of `miss` in [low, high], both > 0: a scan in ln x, then Brent's method to
 * 1e-12. Places where miss is NaN are passed over. That nothing is found is an answer. */
gable_status gable_seek(gslx_function *miss, void *ctx, double low, double high, gable_sought *out,
                        gable_err *err);

/* First of n ascending whole values at which miss <= 0. */
void gable_seek_whole(gslx_function *miss, void *ctx, const double *values, int n,
                      gable_sought *out);

#endif
