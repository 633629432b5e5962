/* engine/simulate: see simulate.h. The clock goes from event to event: an arrival, a cache that has
 * been handed over, the end of what an engine does. */
#include "engine/simulate.h"

#include <math.h>

#include "engine/sim_engine.h"

/* Everything that a run needs; times of events never go back. */
typedef struct simulation {
    const gable_sim_setup *setup;
    gable_requests *requests;
    gable_sim_states states;
    gable_sim_engine *engines, *prefill; /* n_engines, n_prefill */
    gable_sim_list *handing;             /* n_prefill: caches on their way, in order */
    double *link_free_s, *hand_s;        /* of each link; of each request */
    double link_s;
    size_t n_known; /* requests with an arrival time */
    size_t n_arrived;
    double now_s, last_s; /* the last token so far may come after the steps that made it */
    double present, queued, present_s, queued_s, queued_most;
} simulation;

gable_status gable_requests_init(gable_arena *arena, size_t n, gable_requests *out, gable_err *err)
{
    if (n < 1 || n > GABLE_SIMULATE_REQUESTS_CAP)
        return gable_fail(err, GABLE_INPUT, "%zu requests, expected 1 to %d", n,
                          GABLE_SIMULATE_REQUESTS_CAP);
    *out = (gable_requests){.n = n};
    GABLE_TRY(gable_arena_take(arena, n, sizeof *out->arrival_s, &out->arrival_s, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *out->prompt, &out->prompt, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *out->answer, &out->answer, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *out->start_s, &out->start_s, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *out->first_s, &out->first_s, err));
    return gable_arena_take(arena, n, sizeof *out->end_s, &out->end_s, err);
}

/* ---- at the door ---- */

static gable_status check_rules(const gable_sim_rules *r, const char *what, gable_err *err)
{
    bool ok = r->step_tokens >= 1.0 && r->most_sequences >= 0.0 && r->cache_tokens >= 0.0 &&
              r->block_tokens >= 1 && r->block_tokens <= GABLE_SIM_BLOCK_CAP &&
              r->poll_steps >= 0 && r->wait_steps >= 0 && r->wait_frac >= 0.0;
    return ok ? GABLE_OK : gable_fail(err, GABLE_INPUT, "%s: a rule is out of range", what);
}

static bool counts_tokens(const gable_requests *r, size_t i)
{
    bool cached_fits = !r->cached || (r->cached[i] >= 0 && r->cached[i] < r->prompt[i]);
    return r->prompt[i] >= 1 && r->answer[i] >= 1 && cached_fits &&
           (double)r->prompt[i] + r->answer[i] <= INT32_MAX;
}

static bool arrives_in_order(const gable_requests *r, size_t i)
{
    double before = i > 0 ? r->arrival_s[i - 1] : 0.0;
    return isfinite(r->arrival_s[i]) && r->arrival_s[i] >= before;
}

/* Alone in an engine it must have room to its last token. */
static gable_status check_room(const gable_sim_rules *rules, size_t i, double tokens,
                               gable_err *err)
{
    double block = rules->block_tokens;
    if (!(rules->cache_tokens > 0.0) || ceil(tokens / block) <= floor(rules->cache_tokens / block))
        return GABLE_OK;
    return gable_fail(err, GABLE_INPUT, "request %zu has %.0f tokens, the cache holds %.0f", i + 1,
                      tokens, floor(rules->cache_tokens));
}

static gable_status check_request(const simulation *s, size_t i, gable_err *err)
{
    const gable_requests *r = s->requests;
    if (!counts_tokens(r, i))
        return gable_fail(err, GABLE_INPUT, "request %zu: a number of tokens is out of range",
                          i + 1);
    if (s->setup->clients == 0 && !arrives_in_order(r, i))
        return gable_fail(err, GABLE_INPUT, "request %zu arrives before the one ahead of it",
                          i + 1);
    if (s->setup->prefill.costs)
        GABLE_TRY(check_room(&s->setup->prefill, i, r->prompt[i], err));
    return check_room(&s->setup->rules, i, (double)r->prompt[i] + r->answer[i], err);
}

static gable_status check(const simulation *s, gable_err *err)
{
    const gable_sim_setup *p = s->setup;
    if (p->n_engines < 1 || p->n_engines > GABLE_SIMULATE_ENGINES_CAP || p->n_prefill < 0 ||
        p->n_prefill > GABLE_SIMULATE_ENGINES_CAP || (p->prefill.costs && p->n_prefill < 1))
        return gable_fail(err, GABLE_INPUT, "expected 1 to %d engines", GABLE_SIMULATE_ENGINES_CAP);
    GABLE_TRY(check_rules(&p->rules, "engine", err));
    if (p->prefill.costs)
        GABLE_TRY(check_rules(&p->prefill, "prefill engine", err));
    if (s->requests->n < 1 || s->requests->n > GABLE_SIMULATE_REQUESTS_CAP)
        return gable_fail(err, GABLE_INPUT, "%zu requests, expected 1 to %d", s->requests->n,
                          GABLE_SIMULATE_REQUESTS_CAP);
    for (size_t i = 0; i < s->requests->n; i++)
        GABLE_TRY(check_request(s, i, err));
    return GABLE_OK;
}

/* ---- memory ---- */

static gable_status take_states(gable_arena *arena, simulation *s, gable_err *err)
{
    size_t n = s->requests->n;
    gable_sim_states *t = &s->states;
    int32_t **const small[] = {&t->next, &t->newer, &t->older,  &t->made,
                               &t->held, &t->part,  &t->blocks, &t->heap_at};
    *t = (gable_sim_states){.requests = s->requests};
    for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
        GABLE_TRY(gable_arena_take(arena, n, sizeof **small[i], small[i], err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *t->joined, &t->joined, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *t->leaves, &t->leaves, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *t->late_s, &t->late_s, err));
    for (size_t i = 0; i < n; i++) {
        t->heap_at[i] = GABLE_SIM_NONE;
        s->requests->start_s[i] = -1.0; /* not begun */
    }
    return GABLE_OK;
}

static gable_status take_engines(gable_arena *arena, simulation *s, gable_err *err)
{
    const gable_sim_setup *p = s->setup;
    bool apart = p->prefill.costs != NULL;
    size_t n = (size_t)p->n_engines, n_prefill = apart ? (size_t)p->n_prefill : 0;
    GABLE_TRY(gable_arena_take(arena, n, sizeof *s->engines, &s->engines, err));
    for (size_t i = 0; i < n; i++)
        GABLE_TRY(gable_sim_engine_init(arena, &p->rules, apart ? GABLE_SIM_DECODE : GABLE_SIM_BOTH,
                                        &s->states, &s->engines[i], err));
    if (!apart)
        return GABLE_OK;
    GABLE_TRY(gable_arena_take(arena, n_prefill, sizeof *s->prefill, &s->prefill, err));
    GABLE_TRY(gable_arena_take(arena, n_prefill, sizeof *s->handing, &s->handing, err));
    GABLE_TRY(gable_arena_take(arena, n_prefill, sizeof *s->link_free_s, &s->link_free_s, err));
    GABLE_TRY(gable_arena_take(arena, s->requests->n, sizeof *s->hand_s, &s->hand_s, err));
    for (size_t i = 0; i < n_prefill; i++) {
        s->handing[i] = (gable_sim_list){GABLE_SIM_NONE, GABLE_SIM_NONE};
        GABLE_TRY(gable_sim_engine_init(arena, &p->prefill, GABLE_SIM_PREFILL, &s->states,
                                        &s->prefill[i], err));
    }
    return GABLE_OK;
}

/* ---- events ---- */

static int n_prefill(const simulation *s)
{
    return s->prefill ? s->setup->n_prefill : 0;
}

static double next_arrival(const simulation *s)
{
    return s->n_arrived < s->n_known ? s->requests->arrival_s[s->n_arrived] : (double)INFINITY;
}

static double next_event(const simulation *s)
{
    double t = next_arrival(s);
    for (int i = 0; i < s->setup->n_engines; i++)
        t = fmin(t, s->engines[i].planned_s);
    for (int i = 0; i < n_prefill(s); i++) {
        t = fmin(t, s->prefill[i].planned_s);
        if (s->handing[i].first != GABLE_SIM_NONE)
            t = fmin(t, s->hand_s[s->handing[i].first]);
    }
    return t;
}

/* Requests in a state x seconds, up to the next event. */
static void move_clock(simulation *s, double t)
{
    s->present_s += s->present * (t - s->now_s);
    s->queued_s += s->queued * (t - s->now_s);
    s->now_s = t;
}

static void add_to_fewest(gable_sim_engine *engines, int n, int32_t request, double now_s)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (engines[i].n_held + engines[i].n_queued < engines[best].n_held + engines[best].n_queued)
            best = i;
    gable_sim_engine_add(&engines[best], request, now_s);
}

/* Its client asks again when it has all of the answer; what was asked and has not arrived is kept
 * in order. */
static void end_request(simulation *s, int32_t request)
{
    double end_s = s->now_s + s->states.late_s[request];
    double *arrival_s = s->requests->arrival_s;
    s->requests->end_s[request] = end_s;
    s->last_s = fmax(s->last_s, end_s);
    s->present -= 1.0;
    if (s->setup->clients == 0 || s->n_known == s->requests->n)
        return;
    size_t at = s->n_known++;
    for (; at > s->n_arrived && arrival_s[at - 1] > end_s; at--)
        arrival_s[at] = arrival_s[at - 1];
    arrival_s[at] = end_s;
}

/* A prompt is done: its cache leaves after those before it. */
static void hand_over(simulation *s, int from, int32_t request)
{
    const gable_sim_setup *p = s->setup;
    double seconds = p->transfer_s + p->transfer_s_per_token * s->requests->prompt[request];
    double start = fmax(s->now_s + s->states.late_s[request], s->link_free_s[from]);
    s->link_free_s[from] = s->hand_s[request] = start + seconds;
    s->link_s += seconds;
    s->states.late_s[request] = 0.0;
    gable_sim_push(&s->states, &s->handing[from], request);
}

static void commit(simulation *s, gable_sim_engine *engine, int from)
{
    gable_sim_engine_commit(engine);
    for (int32_t i = gable_sim_pop(&s->states, &engine->ended); i != GABLE_SIM_NONE;
         i = gable_sim_pop(&s->states, &engine->ended)) {
        if (engine->role == GABLE_SIM_PREFILL && s->requests->answer[i] > 1)
            hand_over(s, from, i);
        else
            end_request(s, i);
    }
}

static void commit_due(simulation *s, gable_sim_engine *engines, int n)
{
    for (int i = 0; i < n; i++)
        if (engines[i].planned_s <= s->now_s)
            commit(s, &engines[i], i);
}

/* The first token counts from when it is at the engine that answers. */
static void receive_due(simulation *s)
{
    for (int i = 0; i < n_prefill(s); i++)
        while (s->handing[i].first != GABLE_SIM_NONE &&
               s->hand_s[s->handing[i].first] <= s->now_s) {
            int32_t request = gable_sim_pop(&s->states, &s->handing[i]);
            s->requests->first_s[request] = s->now_s;
            add_to_fewest(s->engines, s->setup->n_engines, request, s->now_s);
        }
}

static void arrive_due(simulation *s)
{
    while (next_arrival(s) <= s->now_s) {
        int32_t request = (int32_t)s->n_arrived++;
        s->present += 1.0;
        if (s->prefill)
            add_to_fewest(s->prefill, s->setup->n_prefill, request, s->now_s);
        else
            add_to_fewest(s->engines, s->setup->n_engines, request, s->now_s);
    }
}

static double plan_due(simulation *s, gable_sim_engine *engines, int n)
{
    double queued = 0.0;
    for (int i = 0; i < n; i++) {
        if (!isfinite(engines[i].planned_s))
            gable_sim_engine_plan(&engines[i], s->now_s);
        queued += (double)engines[i].n_queued;
    }
    return queued;
}

static double queued_now(const simulation *s)
{
    double queued = 0.0;
    for (int i = 0; i < s->setup->n_engines; i++)
        queued += (double)s->engines[i].n_queued;
    for (int i = 0; i < n_prefill(s); i++)
        queued += (double)s->prefill[i].n_queued;
    return queued;
}

static void run(simulation *s)
{
    const gable_sim_setup *p = s->setup;
    double first = next_arrival(s);
    s->now_s = first;
    for (double t = first; isfinite(t); t = next_event(s)) {
        move_clock(s, t);
        commit_due(s, s->engines, p->n_engines);
        commit_due(s, s->prefill, n_prefill(s));
        receive_due(s);
        arrive_due(s);
        s->queued_most = fmax(s->queued_most, queued_now(s));
        s->queued = plan_due(s, s->engines, p->n_engines);
        s->queued += plan_due(s, s->prefill, n_prefill(s));
    }
}

/* ---- what it comes to ---- */

static gable_sim_use use_of(const gable_sim_engine *engines, int n, double span_s)
{
    gable_sim_use use = {0};
    double blocks = n > 0 ? (double)engines[0].n_blocks : 0.0;
    for (int i = 0; i < n; i++) {
        use.busy_frac += engines[i].busy_s;
        use.batch_mean += engines[i].batch_s;
        use.cache_mean_frac += engines[i].cache_s;
        use.cache_most_frac = fmax(use.cache_most_frac, engines[i].cache_most);
    }
    double all_s = n > 0 && span_s > 0.0 ? n * span_s : 1.0;
    use.busy_frac /= all_s;
    use.batch_mean /= all_s;
    use.cache_mean_frac = blocks > 0.0 ? use.cache_mean_frac / (all_s * blocks) : 0.0;
    use.cache_most_frac = blocks > 0.0 ? use.cache_most_frac / blocks : 0.0;
    return use;
}

static void sum_up(const simulation *s, double first_s, gable_simulated *out)
{
    const gable_sim_setup *p = s->setup;
    double span = s->last_s - first_s, each = span > 0.0 ? span : 1.0;
    *out = (gable_simulated){.span_s = span,
                             .queue_mean = s->queued_s / each,
                             .queue_most = s->queued_most,
                             .present_mean = s->present_s / each,
                             .use = use_of(s->engines, p->n_engines, span),
                             .prefill_use = use_of(s->prefill, n_prefill(s), span)};
    out->link_busy_frac = n_prefill(s) > 0 ? s->link_s / (each * n_prefill(s)) : 0.0;
    for (int i = 0; i < p->n_engines; i++) {
        out->n_steps += (double)s->engines[i].n_steps;
        out->n_preempted += s->engines[i].n_preempted;
    }
    for (int i = 0; i < n_prefill(s); i++)
        out->n_steps += (double)s->prefill[i].n_steps;
}

gable_status gable_simulate(gable_arena *arena, const gable_sim_setup *setup,
                            gable_requests *requests, gable_simulated *out, gable_err *err)
{
    simulation s = {.setup = setup, .requests = requests, .n_known = requests->n};
    size_t mark = gable_arena_mark(arena);
    GABLE_TRY(check(&s, err));
    GABLE_TRY(take_states(arena, &s, err));
    GABLE_TRY(take_engines(arena, &s, err));
    if (setup->clients > 0) {
        s.n_known = setup->clients < requests->n ? setup->clients : requests->n;
        for (size_t i = 0; i < s.n_known; i++)
            requests->arrival_s[i] = 0.0;
    }
    double first_s = requests->arrival_s[0];
    run(&s);
    sum_up(&s, first_s, out);
    gable_arena_release(arena, mark);
    return GABLE_OK;
}
