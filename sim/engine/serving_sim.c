/* engine/serving_sim: see serving_sim.h. */
#include "engine/serving_sim.h"

#include <math.h>

#include "engine/gslx.h"

/* An engine whose stack says nothing: a budget of step tokens that all three are near. */
static const double default_step_tokens = 8192.0, default_waves = 10.0;

gable_request_range gable_request_range_of(const gable_requests *r, size_t clients)
{
    gable_request_range range = {.n = clients > 0 ? (double)clients : (double)r->n,
                                 .least_prompt = (double)INFINITY};
    for (size_t i = 0; i < r->n; i++) {
        range.least_prompt = fmin(range.least_prompt, r->prompt[i]);
        range.most_prompt = fmax(range.most_prompt, r->prompt[i]);
        range.most_total = fmax(range.most_total, (double)r->prompt[i] + r->answer[i]);
        range.cached = range.cached || (r->cached && r->cached[i] > 0);
    }
    return range;
}

/* What the grid of step costs must reach. */
static gable_step_range reach_of(const gable_sim_rules *rules, const gable_request_range *r)
{
    double most_part = rules->step_tokens * rules->stages;
    double batch = r->n;
    if (rules->cache_tokens > 0.0)
        batch = fmin(batch, ceil(rules->cache_tokens / r->least_prompt));
    if (rules->most_sequences > 0.0)
        batch = fmin(batch, rules->most_sequences);
    double longest = batch > 1.0 ? r->most_total : r->most_prompt; /* alone, it never gives way */
    double tokens = fmin(rules->step_tokens, longest * batch);
    bool in_parts = r->cached || !rules->whole_prompts;
    return (gable_step_range){
        .most_batch = fmax(batch, 1.0),
        .least_context = r->least_prompt,
        .most_context = r->most_total,
        .most_tokens = fmax(fmax(tokens, batch), rules->whole_prompts ? longest : 1.0),
        .most_part = rules->whole_prompts ? longest : fmin(longest, most_part),
        .most_prior = in_parts ? fmax(longest - 1.0, 0.0) : 0.0};
}

static double first_given(double given, double of_stack, double otherwise)
{
    if (given > 0.0)
        return given;
    return of_stack > 0.0 ? of_stack : otherwise;
}

gable_step_extras gable_serving_extras(const gable_serving_constants *c, double n_layers)
{
    return (gable_step_extras){.scale = c->step_scale,
                               .step_s = n_layers * c->gap_s,
                               .sequence_s = c->sequence_s,
                               .prompt_scale = c->prefill_scale,
                               .prompt_s = n_layers * c->prefill_gap_s,
                               .launch_s = c->launch_s};
}

gable_status gable_serving_engine(gable_arena *arena, const gable_served *served,
                                  const gable_request_range *range, gable_step_costs *costs,
                                  gable_sim_rules *out, gable_err *err)
{
    const gable_serving_rules *rules = served->rules;
    const gable_serving_intake *intake = &served->request->intake;
    *out = (gable_sim_rules){
        .costs = costs,
        .step_tokens = first_given(intake->step_tokens, rules->step_tokens, default_step_tokens),
        .graph_tokens = first_given(intake->graph_tokens, rules->graph_tokens, 0.0),
        .most_sequences = intake->most_sequences,
        .cache_tokens = floor(served->parts->kv_tokens),
        .block_tokens = (int)first_given(intake->block_tokens, rules->block_tokens, 1.0),
        .whole_prompts = rules->whole_prompts,
        .separate_prefill = rules->separate_prefill,
        .reserve = intake->reserve || rules->whole_answers,
        .poll_steps = intake->poll_steps,
        .wait_steps = intake->wait_steps,
        .wait_frac = intake->wait_frac > 0.0 ? intake->wait_frac : 1.0};
    gable_scenario ranks = gable_serving_ranks(served->request);
    out->stages = fmax(ranks.pp, 1.0);
    gable_step_range reach = reach_of(out, range);
    reach.most_tokens *= fmax(ranks.attn_dp, 1.0); /* groups have budgets of their own */
    return gable_step_costs_build(arena, served->model, served->machine, &ranks, &reach, costs,
                                  err);
}

/* ---- what requests came to ---- */

static gable_spread spread_of(double *values, size_t n)
{
    gable_spread s = {0};
    for (size_t i = 0; i < n; i++)
        s.mean += values[i] / (double)n;
    s.p50 = gslx_select(values, n, 0.5);
    s.p90 = gslx_select(values, n, 0.9);
    s.p99 = gslx_select(values, n, 0.99);
    return s;
}

gable_serving_wait gable_serving_wait_of(const gable_requests *r)
{
    gable_serving_wait wait = {0};
    for (size_t i = 0; i < r->n; i++) {
        wait.prompt += r->prompt[i] / (double)r->n;
        wait.queue_s += (r->first_s[i] - r->arrival_s[i]) / (double)r->n;
    }
    return wait;
}

void gable_serving_add_first(const gable_serving_constants *constants, double present,
                             gable_requests *r)
{
    for (size_t i = 0; i < r->n; i++) {
        gable_serving_wait wait = {r->prompt[i], r->first_s[i] - r->arrival_s[i]};
        double more = gable_serving_ttft(constants, &wait, present) - wait.queue_s;
        r->first_s[i] += more;
        r->end_s[i] += more;
    }
}

gable_requests gable_requests_after(const gable_requests *r, size_t n)
{
    n = n < r->n ? n : r->n;
    return (gable_requests){.n = r->n - n,
                            .arrival_s = r->arrival_s + n,
                            .prompt = r->prompt + n,
                            .answer = r->answer + n,
                            .cached = r->cached ? r->cached + n : NULL,
                            .start_s = r->start_s + n,
                            .first_s = r->first_s + n,
                            .end_s = r->end_s + n};
}

gable_status gable_request_times_of(gable_arena *arena, const gable_requests *r, double span_s,
                                    gable_request_times *out, gable_err *err)
{
    double *v, tokens = 0.0;
    size_t mark = gable_arena_mark(arena), n = 0;
    GABLE_TRY(gable_arena_take(arena, r->n, sizeof *v, &v, err));
    for (size_t i = 0; i < r->n; i++)
        v[i] = r->first_s[i] - r->arrival_s[i];
    out->ttft = spread_of(v, r->n);
    for (size_t i = 0; i < r->n; i++)
        v[i] = r->end_s[i] - r->arrival_s[i];
    out->e2e = spread_of(v, r->n);
    for (size_t i = 0; i < r->n; i++)
        v[i] = r->start_s[i] - r->arrival_s[i];
    out->wait = spread_of(v, r->n);
    for (size_t i = 0; i < r->n; i++) {
        tokens += r->answer[i];
        if (r->answer[i] > 1)
            v[n++] = (r->end_s[i] - r->first_s[i]) / (r->answer[i] - 1.0);
    }
    out->tpot = spread_of(v, n);
    out->requests_per_s = span_s > 0.0 ? (double)r->n / span_s : 0.0;
    out->tokens_per_s = span_s > 0.0 ? tokens / span_s : 0.0;
    gable_arena_release(arena, mark);
    return GABLE_OK;
}

/* ---- the closed loop ---- */

void gable_serving_loop_size(const gable_serving_request *r, double *clients, double *n)
{
    double waves = r->waves > 0.0 ? r->waves : default_waves;
    *clients = fmax(floor(r->concurrency), 1.0);
    *n = fmax(floor(*clients * waves), 1.0);
}

gable_status gable_serving_loop_init(gable_arena *arena, const gable_served *served,
                                     gable_serving_loop *out, gable_err *err)
{
    const gable_serving_request *r = served->request;
    double clients, n;
    gable_serving_loop_size(r, &clients, &n);
    if (r->dp > 1) { /* replicas share the clients evenly */
        n = ceil(n / r->dp);
        clients = ceil(clients / r->dp);
    }
    *out = (gable_serving_loop){.lengths = gable_lengths_of(r->isl, r->osl, r->length_ratio),
                                .n_layers = served->parts->n_layers};
    double longest = out->lengths.prompt_most + out->lengths.answer_most;
    if (n > GABLE_SERVING_LOOP_CAP || served->parts->kv_tokens < longest + GABLE_SIM_BLOCK_CAP)
        return GABLE_OK;
    out->clients = (size_t)clients;
    out->n = (size_t)n;
    gable_request_range range = {.n = fmin(clients, n),
                                 .least_prompt = out->lengths.prompt_least,
                                 .most_prompt = out->lengths.prompt_most,
                                 .most_total = longest};
    out->simulated = true;
    return gable_serving_engine(arena, served, &range, &out->costs, &out->rules, err);
}

gable_status gable_serving_loop_run(gable_arena *arena, gable_serving_loop *loop,
                                    const gable_serving_constants *constants,
                                    gable_serving_wait *out, gable_err *err)
{
    gable_requests requests;
    gable_simulated simulated;
    size_t mark = gable_arena_mark(arena);
    loop->rules.costs = &loop->costs;
    loop->rules.extras = gable_serving_extras(constants, loop->n_layers);
    gable_sim_setup setup = {.rules = loop->rules, .n_engines = 1, .clients = loop->clients};
    GABLE_TRY(gable_requests_init(arena, loop->n, &requests, err));
    GABLE_TRY(
        gable_arrivals_lengths(arena, &loop->lengths, GABLE_SERVING_LOOP_SEED, &requests, err));
    GABLE_TRY(gable_simulate(arena, &setup, &requests, &simulated, err));
    *out = gable_serving_wait_of(&requests);
    gable_arena_release(arena, mark);
    return GABLE_OK;
}
