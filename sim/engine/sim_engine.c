/* engine/sim_engine: see sim_engine.h. */
#include "engine/sim_engine.h"

#include <math.h>
#include <string.h>

/* ---- lists ---- */

void gable_sim_push(gable_sim_states *states, gable_sim_list *list, int32_t request)
{
    states->next[request] = GABLE_SIM_NONE;
    if (list->first == GABLE_SIM_NONE)
        list->first = request;
    else
        states->next[list->last] = request;
    list->last = request;
}

int32_t gable_sim_pop(gable_sim_states *states, gable_sim_list *list)
{
    int32_t request = list->first;
    if (request != GABLE_SIM_NONE)
        list->first = states->next[request];
    return request;
}

static void push_front(gable_sim_states *states, gable_sim_list *list, int32_t request)
{
    states->next[request] = list->first;
    if (list->first == GABLE_SIM_NONE)
        list->last = request;
    list->first = request;
}

static void take_out(gable_sim_states *states, gable_sim_list *list, int32_t request)
{
    gable_sim_list rest = {GABLE_SIM_NONE, GABLE_SIM_NONE};
    for (int32_t i = gable_sim_pop(states, list); i != GABLE_SIM_NONE;
         i = gable_sim_pop(states, list))
        if (i != request)
            gable_sim_push(states, &rest, i);
    *list = rest;
}

static const gable_sim_list nothing = {GABLE_SIM_NONE, GABLE_SIM_NONE};

gable_status gable_sim_engine_init(gable_arena *arena, const gable_sim_rules *rules,
                                   gable_sim_role role, gable_sim_states *states,
                                   gable_sim_engine *out, gable_err *err)
{
    double most = (double)states->requests->n;
    int64_t blocks = (int64_t)(rules->cache_tokens / rules->block_tokens);
    *out = (gable_sim_engine){.rules = rules,
                              .states = states,
                              .role = role,
                              .planned_s = (double)INFINITY,
                              .queue = nothing,
                              .parts = nothing,
                              .ended = nothing,
                              .partial = nothing,
                              .draining = nothing,
                              .waited_from = -1,
                              .oldest = GABLE_SIM_NONE,
                              .newest = GABLE_SIM_NONE,
                              .n_blocks = blocks,
                              .free_blocks = blocks};
    if (blocks > 0)
        most = fmin(most, (double)blocks);
    if (rules->most_sequences > 0.0)
        most = fmin(most, ceil(rules->most_sequences));
    GABLE_TRY(gable_arena_take(arena, (size_t)most + 1, sizeof *out->heap, &out->heap, err));
    return gable_arena_take(arena, (size_t)rules->block_tokens, sizeof *out->residues,
                            &out->residues, err);
}

/* ---- cache ---- */

static int64_t blocks_of(const gable_sim_engine *e, int64_t tokens)
{
    int64_t b = e->rules->block_tokens;
    return (tokens + b - 1) / b;
}

/* Tokens that must be in the cache before the request decodes: its prompt, and what it answered
 * before it had to give way. */
static int32_t wanted_tokens(const gable_sim_engine *e, int32_t request)
{
    const gable_sim_states *s = e->states;
    bool handed_over = e->role == GABLE_SIM_DECODE && s->made[request] == 1;
    return s->requests->prompt[request] + (handed_over ? 0 : s->made[request]);
}

static int64_t start_blocks(const gable_sim_engine *e, int32_t request)
{
    const gable_requests *r = e->states->requests;
    if (e->n_blocks == 0)
        return 0;
    if (e->rules->reserve && e->role != GABLE_SIM_PREFILL)
        return blocks_of(e, (int64_t)r->prompt[request] + r->answer[request]);
    return blocks_of(e, wanted_tokens(e, request));
}

static void hold(gable_sim_engine *e, int32_t request, int64_t blocks)
{
    gable_sim_states *s = e->states;
    s->older[request] = e->newest;
    s->newer[request] = GABLE_SIM_NONE;
    *(e->newest == GABLE_SIM_NONE ? &e->oldest : &s->newer[e->newest]) = request;
    e->newest = request;
    s->blocks[request] = (int32_t)blocks;
    e->free_blocks -= blocks;
    e->n_held++;
}

/* Blocks that the sequence took since its start are those of its tokens. */
static void release(gable_sim_engine *e, int32_t request)
{
    gable_sim_states *s = e->states;
    int64_t blocks = s->blocks[request];
    if (e->n_blocks > 0 && !e->rules->reserve && blocks_of(e, s->held[request]) > blocks)
        blocks = blocks_of(e, s->held[request]);
    int32_t older = s->older[request], newer = s->newer[request];
    *(older == GABLE_SIM_NONE ? &e->oldest : &s->newer[older]) = newer;
    *(newer == GABLE_SIM_NONE ? &e->newest : &s->older[newer]) = older;
    e->free_blocks += blocks;
    e->n_held--;
}

/* The sequence that came last gives up its cache and waits first in the queue. */
static void preempt_newest(gable_sim_engine *e)
{
    gable_sim_states *s = e->states;
    int32_t request = e->newest;
    take_out(s, &e->partial, request);
    take_out(s, &e->draining, request);
    if (s->heap_at[request] != GABLE_SIM_NONE)
        gable_sim_leave(e, request);
    release(e, request);
    s->held[request] = 0;
    if (s->made[request] == 0)
        s->late_s[request] = 0.0;
    push_front(s, &e->queue, request);
    e->n_queued++;
    e->n_seen++;
    e->queued_tokens += wanted_tokens(e, request);
    e->n_preempted += 1.0;
}

static void make_room_for_a_step(gable_sim_engine *e)
{
    while (e->n_blocks > 0 && e->n_held > 1 && gable_sim_growth(e, 1) > e->free_blocks)
        preempt_newest(e);
}

/* ---- prompts ---- */

static bool fits(const gable_sim_engine *e, int32_t request)
{
    double most = e->rules->most_sequences;
    if (most > 0.0 && (double)e->n_held >= most)
        return false;
    return e->n_blocks == 0 || start_blocks(e, request) + gable_sim_growth(e, 1) <= e->free_blocks;
}

/* Steps of prompts alone follow each other through the stages of a pipeline; beside sequences that
 * decode, each pass takes a share of the prompts with it. */
static double most_passes(const gable_sim_engine *e)
{
    bool beside = e->n_decoding > 0 && !e->rules->separate_prefill;
    return beside ? fmax(e->rules->stages, 1.0) : 1.0;
}

/* A prompt is computed by one group. */
static void take_part(gable_sim_engine *e, int32_t request, double *room)
{
    gable_sim_states *s = e->states;
    double need = (double)(wanted_tokens(e, request) - s->held[request]);
    double most = fmin(*room, e->rules->step_tokens * most_passes(e));
    double part = e->rules->whole_prompts ? need : floor(fmin(need, most));
    s->part[request] = (int32_t)part;
    *room -= part;
    gable_sim_push(s, &e->parts, request);
}

static void start(gable_sim_engine *e, int32_t request)
{
    gable_sim_states *s = e->states;
    const gable_requests *r = s->requests;
    gable_sim_pop(s, &e->queue);
    e->n_queued--;
    e->n_seen--;
    e->queued_tokens -= wanted_tokens(e, request);
    hold(e, request, start_blocks(e, request));
    if (!(r->start_s[request] >= 0.0))
        r->start_s[request] = e->now_s;
    s->held[request] = s->made[request] == 0 && r->cached ? r->cached[request] : 0;
}

/* Prompts that came computed decode from the next step on. */
static void start_handed_over(gable_sim_engine *e, int32_t request)
{
    start(e, request);
    e->states->held[request] = wanted_tokens(e, request);
    gable_sim_join(e, request);
}

/* Whether there is room for a part of this one. Of whole prompts each group takes one, however long
 * it is; others that are longer than what is left of the budget wait. */
static bool has_room(const gable_sim_engine *e, int32_t request, double room, double n)
{
    bool whole = e->rules->whole_prompts;
    if (whole && n > 0.0 && n < e->rules->costs->groups)
        return true;
    return room >= 1.0 && (!whole || !(n > 0.0) || wanted_tokens(e, request) <= room);
}

static void take_parts(gable_sim_engine *e)
{
    double room = e->rules->step_tokens * e->rules->costs->groups * most_passes(e), n = 0.0;
    if (!e->rules->separate_prefill)
        room -= (double)e->n_decoding;
    for (; e->partial.first != GABLE_SIM_NONE && room >= 1.0; n += 1.0)
        take_part(e, gable_sim_pop(e->states, &e->partial), &room);
    while (e->n_seen > 0 && fits(e, e->queue.first)) {
        int32_t request = e->queue.first;
        if (e->role == GABLE_SIM_DECODE && e->states->made[request] == 1) {
            start_handed_over(e, request);
            continue;
        }
        if (!has_room(e, request, room, n))
            break;
        start(e, request);
        take_part(e, request, &room);
        n += 1.0;
    }
}

/* Prompts wait until there are enough of them, or for long enough. */
static bool waits(gable_sim_engine *e)
{
    const gable_sim_rules *r = e->rules;
    bool more = e->n_seen > 0 && e->n_decoding > 0 && r->wait_steps > 0 &&
                e->partial.first == GABLE_SIM_NONE;
    if (more && e->waited_from < 0)
        e->waited_from = e->n_steps;
    bool goes_on =
        more && e->n_steps - e->waited_from < r->wait_steps &&
        e->queued_tokens + (double)e->n_decoding < r->wait_frac * r->step_tokens * r->costs->groups;
    if (!goes_on)
        e->waited_from = -1;
    return goes_on;
}

/* Passes through the stages that parts of prompts are in. */
static double passes_of(const gable_sim_engine *e, double n, double tokens)
{
    double most = e->rules->whole_prompts ? fmin(n, most_passes(e)) : most_passes(e);
    double full = ceil(tokens / (e->rules->step_tokens * e->rules->costs->groups));
    return fmax(fmin(full, most), 1.0);
}

/* Seconds of a step with prompts: the device runs kernels while the host launches the next ones.
 * The engine keeps by how much its prompts come later than it ends. */
static double prompts_s(gable_sim_engine *e)
{
    const gable_sim_states *s = e->states;
    const gable_step_costs *c = e->rules->costs;
    const gable_step_extras *x = &e->rules->extras;
    double tokens = 0.0, attention = 0.0, n = 0.0, late_s;
    for (int32_t i = e->parts.first; i != GABLE_SIM_NONE; i = s->next[i]) {
        tokens += s->part[i];
        attention += gable_step_costs_attention(c, s->part[i], s->held[i]);
        n += 1.0;
    }
    bool beside = !e->rules->separate_prefill && e->n_decoding > 0;
    double passes = passes_of(e, n, tokens), decoding = (double)e->n_decoding;
    double pass_s = gable_step_costs_parts(c, n, tokens / passes, attention / passes,
                                           beside ? decoding : 0.0, &late_s);
    double kernels_s = passes * x->prompt_scale * pass_s;
    e->behind_s = passes * x->prompt_scale * late_s;
    e->drain_s = c->drain_frac * (kernels_s + e->behind_s) / n;
    double all_s = kernels_s + ceil(n / c->groups) * x->prompt_s;
    if (beside)
        all_s += gable_sim_decode_s(e, 1);
    if (tokens + decoding <= e->rules->graph_tokens)
        return all_s;
    double share = n / (c->groups * ceil(n / c->groups)); /* likewise */
    return fmax(all_s, passes * x->launch_s * c->launches * share);
}

/* ---- events ---- */

/* Steps to the next at which arrivals are looked for. */
static int64_t to_poll(const gable_sim_engine *e)
{
    int64_t every = e->rules->poll_steps > 1 ? e->rules->poll_steps : 1;
    return (every - e->n_steps % every) % every;
}

/* Prompts whose first token is there decode from the next step on. */
static void join_due(gable_sim_engine *e)
{
    gable_sim_states *s = e->states;
    gable_sim_list later = nothing;
    e->next_join_s = (double)INFINITY;
    for (int32_t i = gable_sim_pop(s, &e->draining); i != GABLE_SIM_NONE;
         i = gable_sim_pop(s, &e->draining)) {
        if (s->requests->first_s[i] > e->now_s) {
            e->next_join_s = fmin(e->next_join_s, s->requests->first_s[i]);
            gable_sim_push(s, &later, i);
            continue;
        }
        s->made[i]++;
        s->late_s[i] = 0.0;
        gable_sim_join(e, i);
    }
    e->draining = later;
}

static void plan_decoding(gable_sim_engine *e)
{
    int64_t most = e->states->leaves[e->heap[0]] - e->n_decoded;
    if (e->n_seen < e->n_queued && to_poll(e) > 0 && to_poll(e) < most)
        most = to_poll(e);
    if (e->waited_from >= 0) {
        int64_t left = e->rules->wait_steps - (e->n_steps - e->waited_from);
        most = left < most ? left : most;
    }
    if (isfinite(e->next_join_s))
        most = gable_sim_steps_within(e, e->next_join_s - e->now_s, most);
    int64_t held = gable_sim_steps_held(e, most);
    e->planned_steps = held > 0 ? held : 1;
    e->planned_s = e->now_s + gable_sim_decode_s(e, e->planned_steps);
}

void gable_sim_engine_plan(gable_sim_engine *e, double now_s)
{
    bool idle = e->n_held == 0;
    e->now_s = now_s;
    if (idle || to_poll(e) == 0)
        e->n_seen = e->n_queued;
    join_due(e);
    make_room_for_a_step(e);
    if (!waits(e))
        take_parts(e);
    e->planned_steps = 0;
    if (e->parts.first != GABLE_SIM_NONE) {
        e->planned_s = e->now_s + prompts_s(e);
    } else if (e->n_decoding > 0) {
        plan_decoding(e);
    } else {
        e->planned_s = e->next_join_s;
    }
}

/* Does nothing but wait for what is in the last stages. */
static bool only_drains(const gable_sim_engine *e)
{
    return e->parts.first == GABLE_SIM_NONE && e->n_decoding == 0;
}

void gable_sim_engine_add(gable_sim_engine *e, int32_t request, double now_s)
{
    bool first = e->n_seen == 0; /* else those before it cannot start either */
    gable_sim_push(e->states, &e->queue, request);
    e->n_queued++;
    e->queued_tokens += wanted_tokens(e, request);
    if (isfinite(e->planned_s) && only_drains(e))
        e->planned_s = now_s;
    if (e->planned_steps == 0 || !isfinite(e->planned_s) ||
        (!first && e->waited_from < 0 && e->rules->poll_steps <= 1))
        return;
    int64_t steps = gable_sim_steps_within(e, now_s - e->now_s, e->planned_steps);
    int64_t every = e->rules->poll_steps > 1 ? e->rules->poll_steps : 1;
    int64_t off = (e->n_steps + steps) % every;
    steps += off ? every - off : 0;
    if (steps >= e->planned_steps)
        return;
    e->planned_steps = steps;
    e->planned_s = e->now_s + gable_sim_decode_s(e, steps);
}

/* A sequence has all of its prompt: its first token comes, or the one after those it had. */
static void prompt_done(gable_sim_engine *e, int32_t request)
{
    gable_sim_states *s = e->states;
    const gable_requests *r = s->requests;
    bool decodes = s->made[request] + 1 < r->answer[request] && e->role != GABLE_SIM_PREFILL;
    if (s->made[request] == 0) {
        s->late_s[request] += e->drain_s;
        r->first_s[request] = e->now_s + s->late_s[request];
    }
    if (decodes && s->made[request] == 0 && s->late_s[request] > 0.0) {
        gable_sim_push(s, &e->draining, request);
        return;
    }
    s->made[request]++;
    if (decodes) {
        gable_sim_join(e, request);
        return;
    }
    release(e, request);
    gable_sim_push(s, &e->ended, request);
}

static void end_parts(gable_sim_engine *e)
{
    gable_sim_states *s = e->states;
    for (int32_t i = gable_sim_pop(s, &e->parts); i != GABLE_SIM_NONE;
         i = gable_sim_pop(s, &e->parts)) {
        s->held[i] += s->part[i];
        s->late_s[i] += s->made[i] == 0 ? e->behind_s : 0.0;
        if (s->held[i] < wanted_tokens(e, i))
            gable_sim_push(s, &e->partial, i);
        else
            prompt_done(e, i);
    }
}

static void end_steps(gable_sim_engine *e, int64_t steps)
{
    e->free_blocks -= e->n_blocks > 0 ? gable_sim_growth(e, steps) : 0;
    e->n_decoded += steps;
    e->context_tokens += (double)(steps * e->n_decoding);
    while (e->n_decoding > 0 && e->states->leaves[e->heap[0]] <= e->n_decoded) {
        int32_t request = e->heap[0];
        gable_sim_leave(e, request);
        release(e, request);
        gable_sim_push(e->states, &e->ended, request);
    }
}

void gable_sim_engine_commit(gable_sim_engine *e)
{
    double seconds = e->planned_s - e->now_s;
    bool prompts = e->parts.first != GABLE_SIM_NONE;
    bool decodes = e->n_decoding > 0 && !(prompts && e->rules->separate_prefill);
    int64_t steps = prompts ? 1 : e->planned_steps;
    double before = (double)(e->n_blocks - e->free_blocks);
    e->busy_s += seconds;
    e->batch_s += seconds * (double)e->n_held;
    e->now_s = e->planned_s;
    e->n_steps += steps;
    if (decodes)
        end_steps(e, steps);
    if (prompts)
        end_parts(e);
    double after = (double)(e->n_blocks - e->free_blocks);
    e->cache_s += seconds * 0.5 * (before + after);
    e->cache_most = fmax(e->cache_most, fmax(before, after));
    e->planned_s = (double)INFINITY;
    e->planned_steps = 0;
}
