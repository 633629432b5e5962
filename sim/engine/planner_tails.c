/* engine/planner: percentiles. The closed form knows means alone, so what may be the best is run as
 * `gable serve` runs it: a closed loop of ten waves. The first wave, all clients at once, does not
 * count. The most promising by the closed form come first, and the search ends where even the
 * closed form is behind what was found. More clients are taken to wait longer: what is refused at n
 * of them is refused at more. */
#include <math.h>

#include "engine/planner_parts.h"

/* How near to a limit a batch is sought. */
static const double near_enough = 1.04;

/* ---- one loop ---- */

/* A layout at any number of clients up to those that it was opened for. */
typedef struct tail {
    gable_search *x;
    gable_serving_layout open;
    gable_serving_loop loop;
} tail;

static double percentile_of(const gable_spread *s, gable_statistic of)
{
    const double values[GABLE_N_STATISTICS] = {
#define STATISTIC_VALUE(symbol, name, member) s->member,
        GABLE_STATISTIC_LIST(STATISTIC_VALUE)
#undef STATISTIC_VALUE
    };
    return values[of];
}

/* Limits of percentiles, of a candidate whose times are known; those of means are the closed
 * form's. */
static bool keeps(const gable_search *x, gable_candidate *c)
{
    const gable_goal *g = x->goal;
    const struct {
        gable_verdict verdict;
        const gable_latency_limit *limit;
        const gable_spread *spread;
    } limits[] = {
        {GABLE_VERDICT_TPOT, &g->tpot, &c->times.tpot},
        {GABLE_VERDICT_TTFT, &g->ttft, &c->times.ttft},
        {GABLE_VERDICT_E2E, &g->e2e, &c->times.e2e},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        const gable_latency_limit *l = limits[i].limit;
        double asked = percentile_of(limits[i].spread, l->of);
        if (!(l->s > 0.0) || l->of == GABLE_STATISTIC_MEAN || asked <= l->s)
            continue;
        c->verdict = limits[i].verdict;
        c->asked = asked;
        c->limit = l->s;
        return false;
    }
    return c->verdict == GABLE_VERDICT_BEHIND;
}

static gable_status open_tail(tail *t, gable_search *x, const gable_candidate *c)
{
    const gable_offer *offer = &x->offers[c->offer];
    *t = (tail){.x = x};
    GABLE_TRY(gable_serving_open(x->arena, offer->model, &offer->machine, &offer->rules, &c->layout,
                                 &t->open, x->err));
    const gable_served served = {.model = offer->model,
                                 .machine = &offer->machine,
                                 .rules = &offer->rules,
                                 .request = &c->layout,
                                 .parts = &c->serving.parts};
    return gable_serving_loop_init(x->arena, &served, &t->loop, x->err);
}

static gable_status run_loop(tail *t, const gable_candidate *c, gable_request_times *out)
{
    gable_search *x = t->x;
    gable_requests requests;
    gable_simulated simulated;
    const gable_serving_constants *constants = &x->offers[c->offer].constants;
    double clients, n;
    gable_serving_loop_size(&c->layout, &clients, &n);
    t->loop.rules.costs = &t->loop.costs;
    t->loop.rules.extras = gable_serving_extras(constants, t->loop.n_layers);
    const gable_sim_setup setup = {
        .rules = t->loop.rules, .n_engines = 1, .clients = (size_t)clients};
    GABLE_TRY(gable_requests_init(x->arena, (size_t)n, &requests, x->err));
    GABLE_TRY(gable_arrivals_lengths(x->arena, &t->loop.lengths, GABLE_SERVING_LOOP_SEED, &requests,
                                     x->err));
    GABLE_TRY(gable_simulate(x->arena, &setup, &requests, &simulated, x->err));
    gable_serving_add_first(constants, clients, &requests);
    const gable_requests steady = gable_requests_after(&requests, setup.clients);
    return gable_request_times_of(x->arena, &steady, simulated.span_s, out, x->err);
}

/* Prices and runs `c` at so many clients; its verdict is BEHIND where it keeps all limits. */
static gable_status try_clients(tail *t, double clients, gable_candidate *c)
{
    gable_search *x = t->x;
    c->simulated = false;
    if (!gable_planner_price(x, &t->open, clients, c) || c->verdict != GABLE_VERDICT_BEHIND)
        return x->err->status;
    size_t mark = gable_arena_mark(x->arena);
    gable_status status = run_loop(t, c, &c->times);
    gable_arena_release(x->arena, mark);
    x->n_simulated++;
    c->simulated = true;
    keeps(x, c);
    return status;
}

/* ---- one layout ---- */

/* The fewest clients, up to `most`, at which the closed form is as good as `score`. */
static double clients_for(tail *t, const gable_candidate *c, double score, double most)
{
    gable_objective objective = t->x->goal->objective;
    double low = 0.0, high = most;
    while (high > low + 1.0) {
        gable_candidate at = *c;
        double middle = floor(0.5 * (low + high));
        bool priced = gable_planner_price(t->x, &t->open, middle, &at);
        if (priced && gable_planner_score(&at, objective) <= score)
            high = middle;
        else
            low = middle;
    }
    return high;
}

/* Between clients that keep the limits (`best`) and `high`, which do not. */
static gable_status approach(tail *t, double high, gable_candidate *best)
{
    double low = best->layout.concurrency;
    while (high > low + 1.0 && high > near_enough * low) {
        gable_candidate c = *best;
        double middle = fmax(floor(sqrt(low * high)), low + 1.0);
        GABLE_TRY(try_clients(t, middle, &c));
        if (c.verdict == GABLE_VERDICT_BEHIND)
            *best = c;
        *(c.verdict == GABLE_VERDICT_BEHIND ? &low : &high) = middle;
    }
    return GABLE_OK;
}

/* At as many clients as the limits allow. What cannot be as good as `score` falls out at the
 * clients that it takes to be. */
static gable_status judge_open(tail *t, double score, gable_candidate *c)
{
    double most = fmin(c->layout.concurrency, gable_planner_most_clients);
    gable_candidate full = *c;
    if (!t->loop.simulated) {
        gable_planner_cannot_hold(t->x, c);
        return GABLE_OK;
    }
    GABLE_TRY(try_clients(t, isfinite(score) ? clients_for(t, c, score, most) : 1.0, c));
    if (c->verdict != GABLE_VERDICT_BEHIND || c->layout.concurrency >= most)
        return GABLE_OK;
    GABLE_TRY(try_clients(t, most, &full));
    if (full.verdict == GABLE_VERDICT_BEHIND) {
        *c = full;
        return GABLE_OK;
    }
    return approach(t, most, c);
}

/* Half the clients until the limits are kept, or until what is left is not as good as `score`. */
static gable_status judge_apart(gable_search *x, double score, gable_candidate *c)
{
    gable_candidate at = *c;
    double most = c->layout.concurrency;
    for (double clients = most; clients >= 1.0; clients = floor(clients / 2.0)) {
        bool fewer = clients < most;
        if (fewer && !gable_planner_pair_at(x, c, clients, &at))
            continue;
        if (fewer && gable_planner_score(&at, x->goal->objective) > score)
            break;
        GABLE_TRY(gable_planner_run_apart(x, &at));
        bool kept = at.simulated && keeps(x, &at);
        *c = at;
        if (kept)
            break;
    }
    return GABLE_OK;
}

static gable_status judge_layout(gable_search *x, double score, gable_candidate *c)
{
    tail t;
    size_t mark = gable_arena_mark(x->arena);
    if (c->prompt_replicas > 0.0)
        return judge_apart(x, score, c);
    gable_status status = open_tail(&t, x, c);
    if (status == GABLE_OK)
        status = judge_open(&t, score, c);
    gable_arena_release(x->arena, mark);
    return status;
}

/* The score that one must have to be among the n_ranked best that are known. */
typedef struct ranking {
    double *score; /* ascending */
    int n, cap;
} ranking;

static double to_beat(const ranking *r)
{
    return r->n < r->cap ? (double)INFINITY : r->score[r->n - 1];
}

static void enter(ranking *r, double score)
{
    int at = r->n < r->cap ? r->n++ : r->n - 1;
    for (; at > 0 && r->score[at - 1] > score; at--)
        r->score[at] = r->score[at - 1];
    r->score[at] = score;
}

static gable_status judge_best(gable_search *x, gable_planned *out, double *misses)
{
    ranking r = {.cap = x->goal->n_ranked > 1 ? x->goal->n_ranked : 1};
    GABLE_TRY(gable_arena_take(x->arena, (size_t)r.cap, sizeof *r.score, &r.score, x->err));
    for (int i = 0; i < out->n_best && out->best[i].verdict == GABLE_VERDICT_BEHIND; i++) {
        gable_candidate *c = &out->best[i];
        if (c->score > to_beat(&r)) {
            c->verdict = GABLE_VERDICT_UNSIMULATED;
            continue;
        }
        GABLE_TRY(judge_layout(x, to_beat(&r), c));
        if (c->verdict == GABLE_VERDICT_BEHIND) {
            enter(&r, gable_planner_score(c, x->goal->objective));
            gable_planner_point(x, c);
        } else if (c->id >= 0) {
            misses[c->id] = c->layout.concurrency;
        }
    }
    return GABLE_OK;
}

/* ---- the front ---- */

/* Takes points that are known to miss their limits from the list. */
static void drop_points(gable_search *x, const double *misses)
{
    int n = 0;
    for (int i = 0; i < x->n_points; i++) {
        const gable_candidate *c = &x->points[i];
        bool beyond = c->id >= 0 && c->layout.concurrency >= misses[c->id];
        if (c->verdict == GABLE_VERDICT_BEHIND && (c->simulated || !beyond))
            x->points[n++] = *c;
    }
    x->n_points = n;
}

/* At its own clients. */
static gable_status judge_point(gable_search *x, gable_candidate *c)
{
    tail t;
    size_t mark = gable_arena_mark(x->arena);
    gable_status status = GABLE_OK;
    if (c->prompt_replicas > 0.0) {
        status = gable_planner_run_apart(x, c);
        if (c->simulated)
            keeps(x, c);
    } else if ((status = open_tail(&t, x, c)) == GABLE_OK) {
        if (t.loop.simulated)
            status = try_clients(&t, c->layout.concurrency, c);
        else
            gable_planner_cannot_hold(x, c);
    }
    gable_arena_release(x->arena, mark);
    return status;
}

/* Points that fall out uncover others, so until none does. */
static gable_status judge_front(gable_search *x, gable_planned *out, double *misses)
{
    bool fell = true;
    while (fell) {
        fell = false;
        drop_points(x, misses);
        gable_planner_front(x, out);
        for (int i = 0; i < x->n_points; i++) {
            gable_candidate *c = &x->points[i];
            if (!c->front || c->simulated)
                continue;
            GABLE_TRY(judge_point(x, c));
            fell = true;
            if (c->id >= 0 && c->verdict != GABLE_VERDICT_BEHIND)
                misses[c->id] = fmin(misses[c->id], c->layout.concurrency);
        }
    }
    return GABLE_OK;
}

static bool same_ranks(const gable_serving_request *a, const gable_serving_request *b)
{
#define SAME_RANK(member, name, help) &&a->member == b->member
    return true GABLE_RANK_LIST(SAME_RANK);
#undef SAME_RANK
}

/* Clients are sought to a few percent, and pairs were judged with one engine for prompts: a point
 * of the front may have shown something better for its layout. */
static void take_better(gable_search *x, gable_planned *out)
{
    gable_objective objective = x->goal->objective;
    for (int i = 0; i < out->n_front; i++)
        for (int k = 0; k < out->n_best; k++) {
            const gable_candidate *point = &out->front[i];
            gable_candidate *best = &out->best[k];
            bool same = point->offer == best->offer &&
                        (point->prompt_replicas > 0.0) == (best->prompt_replicas > 0.0) &&
                        same_ranks(&point->layout, &best->layout);
            if (same && point->simulated &&
                (best->verdict != GABLE_VERDICT_BEHIND ||
                 gable_planner_score(point, objective) < gable_planner_score(best, objective)))
                *best = *point;
        }
}

gable_status gable_planner_tails(gable_search *x, gable_planned *out)
{
    double *misses;
    GABLE_TRY(
        gable_arena_take(x->arena, (size_t)out->n_layouts + 1, sizeof *misses, &misses, x->err));
    for (int i = 0; i < out->n_layouts; i++)
        misses[i] = (double)INFINITY;
    GABLE_TRY(judge_best(x, out, misses));
    GABLE_TRY(judge_front(x, out, misses));
    take_better(x, out);
    return GABLE_OK;
}
