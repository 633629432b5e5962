/* engine/arrivals: see arrivals.h. */
#include "engine/arrivals.h"

#include <math.h>

#include "engine/gslx.h"

const char *const gable_arrivals_names[] = {
#define ARRIVALS_NAME(symbol, name) name,
    GABLE_ARRIVALS_LIST(ARRIVALS_NAME)
#undef ARRIVALS_NAME
        NULL};

/* Columns draw from streams of their own, so that one does not move another. */
enum { STREAM_PROMPTS, STREAM_ANSWERS, STREAM_ARRIVALS };

static unsigned long stream_seed(unsigned seed, int stream)
{
    return (unsigned long)seed * 4u + (unsigned long)stream + 1u;
}

static const double around = 0.1;

static void bounds_of(double length, double ratio, double *least, double *most)
{
    double low = ratio > 0.0 ? (2.0 * ratio - 1.0) * length : (1.0 - around) * length;
    double high = ratio > 0.0 ? fmin(2.0 * ratio, 1.0) * length : (1.0 + around) * length;
    *most = fmax(floor(high + 1e-9), 1.0);
    *least = fmin(fmax(ceil(low - 1e-9), 1.0), *most);
}

gable_lengths gable_lengths_of(double isl, double osl, double ratio)
{
    gable_lengths out;
    bounds_of(isl, ratio, &out.prompt_least, &out.prompt_most);
    bounds_of(osl, ratio, &out.answer_least, &out.answer_most);
    return out;
}

static void take_lengths(const double *u, double least, double most, size_t n, int32_t *out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (int32_t)(least + floor(u[i] * (most - least + 1.0)));
}

gable_status gable_arrivals_lengths(gable_arena *arena, const gable_lengths *lengths, unsigned seed,
                                    gable_requests *out, gable_err *err)
{
    double *u;
    size_t mark = gable_arena_mark(arena);
    GABLE_TRY(gable_arena_take(arena, out->n, sizeof *u, &u, err));
    GABLE_TRY(gslx_uniform(stream_seed(seed, STREAM_PROMPTS), out->n, u, err));
    take_lengths(u, lengths->prompt_least, lengths->prompt_most, out->n, out->prompt);
    GABLE_TRY(gslx_uniform(stream_seed(seed, STREAM_ANSWERS), out->n, u, err));
    take_lengths(u, lengths->answer_least, lengths->answer_most, out->n, out->answer);
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
