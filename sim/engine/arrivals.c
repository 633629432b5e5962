/* engine/arrivals: see traffic.h. */
#include "engine/arrivals.h"

#include <math.h>

#include "engine/gslx.h"

/* Columns draw from streams of their own, so that one does not move another. */
enum { STREAM_PROMPTS, STREAM_ANSWERS, STREAM_ARRIVALS };

static unsigned long stream_seed(unsigned seed, int stream)
{
    return (unsigned long)seed * 4u + (unsigned long)stream + 1u;
}

/* Uniform in [least, most]: with a mean of ratio x most, least is (2 ratio - 1) x most; below half,
 * from 1 up to twice the mean. */
static void bounds_of(double most, double ratio, double *low, double *high)
{
    *high = fmax(floor(fmin(most, 2.0 * ratio * most)), 1.0);
    *low = fmin(fmax(ceil((2.0 * ratio - 1.0) * most - 1e-9), 1.0), *high);
}

double gable_lengths_least(const gable_lengths *lengths)
{
    double low, high;
    bounds_of(lengths->prompt_most, lengths->ratio, &low, &high);
    return low;
}

static void take_lengths(const double *u, double most, double ratio, size_t n, int32_t *out)
{
    double low, high;
    bounds_of(most, ratio, &low, &high);
    for (size_t i = 0; i < n; i++)
        out[i] = (int32_t)(low + floor(u[i] * (high - low + 1.0)));
}

gable_status gable_arrivals_lengths(gable_arena *arena, const gable_lengths *lengths, unsigned seed,
                                    gable_requests *out, gable_err *err)
{
    double *u;
    size_t mark = gable_arena_mark(arena);
    GABLE_TRY(gable_arena_take(arena, out->n, sizeof *u, &u, err));
    GABLE_TRY(gslx_uniform(stream_seed(seed, STREAM_PROMPTS), out->n, u, err));
    take_lengths(u, lengths->prompt_most, lengths->ratio, out->n, out->prompt);
    GABLE_TRY(gslx_uniform(stream_seed(seed, STREAM_ANSWERS), out->n, u, err));
    take_lengths(u, lengths->answer_most, lengths->ratio, out->n, out->answer);
    gable_arena_release(arena, mark);
    return GABLE_OK;
}

gable_status gable_arrivals_times(gable_arena *arena, double requests_per_s, double shape,
                                  unsigned seed, gable_requests *out, gable_err *err)
{
    double *gap, t = 0.0;
    size_t mark = gable_arena_mark(arena);
    GABLE_TRY(gable_arena_take(arena, out->n, sizeof *gap, &gap, err));
    GABLE_TRY(gslx_gamma(stream_seed(seed, STREAM_ARRIVALS), shape, out->n, gap, err));
    for (size_t i = 0; i < out->n; i++) {
        out->arrival_s[i] = t;
        t += gap[i] / requests_per_s;
    }
    gable_arena_release(arena, mark);
    return GABLE_OK;
}
