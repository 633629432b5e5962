/* Any bytes: refused with a place in the text, or requests in order that a simulation can serve:
 * all end, no sooner than they arrive. */
#include <math.h>
#include <string.h>

#include "engine/trace.h"
#include "input.h"

static double one[] = {1}, tokens[] = {1, 2}, shared_s[] = {1e-6, 2e-6}, none[] = {0, 0};
static const gable_step_costs costs = {.n_batch = 1,
                                       .n_context = 1,
                                       .n_tokens = 2,
                                       .n_part = 1,
                                       .n_prior = 1,
                                       .batch = one,
                                       .context = one,
                                       .decode_s = one,
                                       .tokens = tokens,
                                       .shared_s = shared_s,
                                       .rest_s = none,
                                       .part = one,
                                       .prior = none,
                                       .attention_s = none,
                                       .groups = 1,
                                       .passes = 1};

static void simulate(gable_arena *arena, gable_requests *r)
{
    gable_simulated out;
    gable_err err = {0};
    double all = 0.0, most = 0.0;
    for (size_t i = 0; i < r->n; i++) {
        all += (double)r->prompt[i] + r->answer[i];
        most = fmax(most, (double)r->prompt[i] + r->answer[i]);
    }
    if (all > 1e6)
        return;
    gable_sim_setup setup = {.n_engines = 2,
                             .rules = {.costs = &costs,
                                       .extras = {.scale = 1, .prompt_scale = 1},
                                       .step_tokens = 64,
                                       .cache_tokens = 2.0 * most + 16.0,
                                       .block_tokens = 4,
                                       .wait_frac = 1}};
    MUST(gable_simulate(arena, &setup, r, &out, &err) == GABLE_OK || err.status == GABLE_INTERNAL);
    for (size_t i = 0; err.status == GABLE_OK && i < r->n; i++) {
        MUST(r->start_s[i] >= r->arrival_s[i] && r->first_s[i] >= r->start_s[i]);
        MUST(isfinite(r->end_s[i]) && r->end_s[i] >= r->first_s[i]);
    }
}

static void check(gable_arena *arena, const char *text, size_t size)
{
    gable_trace trace;
    gable_err err = {0};
    double hit_frac;
    size_t line;
    if (gable_trace_parse(arena, "f", text, size, 0, &trace, &err) != GABLE_OK) {
        MUST(err.status == GABLE_INTERNAL || sscanf(err.text, "f:%zu:", &line) == 1);
        return;
    }
    for (size_t i = 0; i < trace.requests.n; i++)
        MUST(trace.requests.prompt[i] >= 1 && trace.requests.answer[i] >= 1 &&
             trace.requests.arrival_s[i] >= (i > 0 ? trace.requests.arrival_s[i - 1] : 0.0));
    if (trace.block_at && gable_trace_prefixes(arena, &trace, 4096, &hit_frac, &err) == GABLE_OK)
        MUST(hit_frac >= 0.0 && hit_frac < 1.0);
    simulate(arena, &trace.requests);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return input_text(data, size, (size_t)1 << 22, 1200, check);
}
