/* engine/planner: see planner.h. The search; layouts come from planner_layouts.c, engines apart
 * from planner_apart.c. */
#include "engine/planner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/planner_parts.h"

const char *const gable_objectives[] = {
#define OBJECTIVE_NAME(symbol, name, help) name,
    GABLE_OBJECTIVE_LIST(OBJECTIVE_NAME)
#undef OBJECTIVE_NAME
        NULL};

/* Batches beyond this serve nobody. */
static const double most_clients = 16384.0;
/* How near to a limit a batch is sought. */
static const double near_enough = 1.04;

double gable_planner_score(const gable_candidate *c, gable_objective objective)
{
    switch (objective) {
    case GABLE_OBJECTIVE_THROUGHPUT:
        return -c->tokens_per_s_per_gpu;
    case GABLE_OBJECTIVE_COST:
        return c->usd_per_million_tokens > 0.0 ? c->usd_per_million_tokens : (double)INFINITY;
    case GABLE_OBJECTIVE_ENERGY:
        return c->joules_per_token > 0.0 ? c->joules_per_token : (double)INFINITY;
    case GABLE_OBJECTIVE_GPUS: /* between equal numbers the faster one */
        return c->gpus - 1.0 / (2.0 + c->tokens_per_s_per_gpu);
    case GABLE_OBJECTIVE_LATENCY:
        return c->serving.tpot_s;
    case GABLE_N_OBJECTIVES:
        break;
    }
    return 0.0;
}

/* ---- one candidate ---- */

static gable_verdict missed(gable_candidate *c, gable_verdict verdict, double asked, double limit)
{
    c->verdict = verdict;
    c->asked = asked;
    c->limit = limit;
    return verdict;
}

static gable_verdict judge(const gable_goal *g, const gable_offer *offer, gable_candidate *c)
{
    const struct {
        gable_verdict verdict;
        double asked, limit;
    } limits[] = {
        {GABLE_VERDICT_TPOT, c->serving.tpot_s, g->tpot_s},
        {GABLE_VERDICT_TTFT, c->serving.ttft_s + c->transfer_s, g->ttft_s},
        {GABLE_VERDICT_E2E, c->e2e_s, g->e2e_s},
        {GABLE_VERDICT_RATE, c->gpus,
         g->rate_per_s > 0.0 ? fmax(offer->n_gpus, offer->most_gpus) : 0.0},
        {GABLE_VERDICT_BUDGET, c->usd_per_h, g->usd_per_h},
        {GABLE_VERDICT_POWER, c->power_w, g->power_w},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        if (limits[i].limit > 0.0 && limits[i].asked > limits[i].limit)
            return missed(c, limits[i].verdict, limits[i].asked, limits[i].limit);
    return c->verdict = GABLE_VERDICT_BEHIND;
}

static double replica_gpus(const gable_serving_request *layout)
{
    gable_scenario s = {0};
    GABLE_RANKS_COPY(&s, layout);
    s.dp = 1;
    return gable_layout_devices(&s);
}

/* As many replicas as the rate takes, or as there is room for. */
void gable_planner_fill(const gable_goal *g, const gable_offer *offer, double of_replica,
                        double requests_per_s, gable_candidate *c)
{
    double osl = c->serving.parts.osl;
    c->replicas = floor(offer->n_gpus / of_replica);
    if (g->rate_per_s > 0.0)
        c->replicas = ceil(g->rate_per_s / requests_per_s);
    c->requests_per_s = c->replicas * requests_per_s;
    c->gpus = g->all_gpus && !(g->rate_per_s > 0.0) ? offer->n_gpus : c->replicas * of_replica;
    c->e2e_s = c->serving.ttft_s + c->transfer_s + (osl - 1.0) * c->serving.tpot_s;
    c->tokens_per_s = c->requests_per_s * osl;
    c->tokens_per_s_per_gpu = c->tokens_per_s / c->gpus;
    c->tokens_per_s_per_user = 1.0 / c->serving.tpot_s;
    c->usd_per_h = c->gpus * offer->usd_per_gpu_h;
    c->usd_per_million_tokens = c->usd_per_h / 3600.0 / c->tokens_per_s * 1e6;
    c->power_w = c->gpus * offer->machine.accelerator->tdp_w;
    gable_serving_energy_of(&c->serving.parts, &offer->machine, c->gpus, c->tokens_per_s,
                            &c->serving.energy);
    c->joules_per_token = c->serving.energy.joules_per_token;
}

/* Prices the open layout with `clients`; false when they do not fit. */
static bool price_at(gable_search *x, gable_serving_layout *open, double clients,
                     gable_candidate *c)
{
    const gable_offer *offer = &x->offers[c->offer];
    gable_serving_parts parts;
    x->n_priced++;
    c->layout.concurrency = clients;
    if (gable_serving_at(open, clients, &parts, x->err) != GABLE_OK)
        return false;
    c->serving.parts = parts;
    if (!parts.fits || parts.capacity < clients) {
        double memory = gable_accelerator_memory_bytes(offer->machine.accelerator);
        missed(c, GABLE_VERDICT_MEMORY, parts.weights_bytes, memory);
        return false;
    }
    gable_serving_finish(&parts, &offer->constants, &c->layout, &offer->machine, NULL, &c->serving);
    gable_planner_fill(x->goal, offer, replica_gpus(&c->layout), c->serving.requests_per_s, c);
    judge(x->goal, offer, c);
    return true;
}

/* ---- points of the front ---- */

static void add_point(gable_search *x, const gable_candidate *c)
{
    if (x->n_points < x->points_cap)
        x->points[x->n_points++] = *c;
}

static int by_user_rate(const void *a, const void *b)
{
    const gable_candidate *x = a, *y = b;
    if (x->tokens_per_s_per_user < y->tokens_per_s_per_user ||
        x->tokens_per_s_per_user > y->tokens_per_s_per_user)
        return x->tokens_per_s_per_user < y->tokens_per_s_per_user ? 1 : -1;
    return (x->tokens_per_s_per_gpu < y->tokens_per_s_per_gpu) -
           (x->tokens_per_s_per_gpu > y->tokens_per_s_per_gpu);
}

/* From the fastest for a user on, each that gives a device more than all before. */
static void take_front(gable_search *x, gable_planned *out)
{
    double most = 0.0;
    qsort(x->points, (size_t)x->n_points, sizeof *x->points, by_user_rate);
    out->front = x->points;
    for (int i = 0; i < x->n_points; i++) {
        if (x->points[i].tokens_per_s_per_gpu <= most)
            continue;
        most = x->points[i].tokens_per_s_per_gpu;
        out->front[out->n_front] = x->points[i];
        out->front[out->n_front++].front = true;
    }
}

/* ---- one layout ---- */

static void keep_better(gable_search *x, const gable_candidate *c, gable_candidate *best)
{
    bool first = best->verdict != GABLE_VERDICT_BEHIND;
    if (c->verdict != GABLE_VERDICT_BEHIND)
        return;
    add_point(x, c);
    if (first ||
        gable_planner_score(c, x->goal->objective) < gable_planner_score(best, x->goal->objective))
        *best = *c;
}

/* A limit that more clients can only miss by more. */
static bool grows(gable_verdict v)
{
    return v == GABLE_VERDICT_TPOT || v == GABLE_VERDICT_TTFT || v == GABLE_VERDICT_E2E ||
           v == GABLE_VERDICT_MEMORY;
}

/* Between clients that are served within the limits and clients that are not. */
static void approach(gable_search *x, gable_serving_layout *open, double low, double high,
                     gable_candidate *best)
{
    while (high > low + 1.0 && high > near_enough * low) {
        gable_candidate c = {.offer = best->offer, .layout = best->layout};
        double middle = floor(sqrt(low * high));
        middle = middle > low ? middle : low + 1.0;
        price_at(x, open, middle, &c);
        keep_better(x, &c, best);
        if (grows(c.verdict))
            high = middle;
        else
            low = middle;
    }
}

static void climb(gable_search *x, gable_serving_layout *open, gable_candidate *best)
{
    double low = 0.0;
    for (double clients = 1.0; clients <= most_clients; clients *= 2.0) {
        gable_candidate c = {.offer = best->offer, .layout = best->layout};
        price_at(x, open, clients, &c);
        if (clients <= 1.0)
            *best = c; /* what it misses with a single client is why it falls out */
        if (clients <= 1.0 && c.verdict == GABLE_VERDICT_BEHIND)
            add_point(x, &c);
        else if (best->verdict == c.verdict && c.asked < best->asked)
            *best = c; /* nearer to the limit */
        else
            keep_better(x, &c, best);
        if (grows(c.verdict)) {
            if (low > 0.0)
                approach(x, open, low, clients, best);
            return;
        }
        low = clients;
    }
}

static gable_status look_at(gable_search *x, gable_candidate *c)
{
    const gable_offer *offer = &x->offers[c->offer];
    gable_err refused = {0};
    gable_serving_layout open;
    gable_status status = gable_serving_open(x->arena, offer->model, &offer->machine, &offer->rules,
                                             &c->layout, &open, &refused);
    if (status == GABLE_OK) {
        climb(x, &open, c);
        gable_serving_close(&open);
        return x->err->status;
    }
    gable_serving_close(&open);
    if (status != GABLE_INPUT)
        return gable_fail(x->err, status, "%s", refused.text);
    c->verdict = GABLE_VERDICT_ILLEGAL;
    c->why = gable_arena_copy(x->arena, refused.text, strlen(refused.text));
    return c->why ? GABLE_OK : gable_fail(x->err, GABLE_INTERNAL, "arena full");
}

/* ---- all of them ---- */

static int by_score(const void *a, const void *b)
{
    const gable_candidate *x = a, *y = b;
    bool fx = x->verdict == GABLE_VERDICT_BEHIND, fy = y->verdict == GABLE_VERDICT_BEHIND;
    if (fx != fy)
        return fx ? -1 : 1;
    if (!fx && x->verdict != y->verdict)
        return x->verdict < y->verdict ? 1 : -1; /* limits before memory before illegal */
    double sx = fx ? x->score : x->asked / x->limit;
    double sy = fy ? y->score : y->asked / y->limit;
    return (sx > sy) - (sx < sy);
}

static void rank_all(gable_search *x, gable_planned *out)
{
    for (int i = 0; i < out->n_best; i++)
        out->best[i].score = gable_planner_score(&out->best[i], x->goal->objective);
    qsort(out->best, (size_t)out->n_best, sizeof *out->best, by_score);
    for (int i = 0; i < out->n_best; i++) {
        out->n_feasible += out->best[i].verdict == GABLE_VERDICT_BEHIND;
        out->n_illegal += out->best[i].verdict == GABLE_VERDICT_ILLEGAL;
    }
    if (out->n_feasible > 0)
        out->best[0].verdict = GABLE_VERDICT_BEST;
}

static gable_status check_goal(const gable_goal *g, gable_err *err)
{
    if (!(g->isl >= 1.0) || !(g->osl >= 1.0))
        return gable_fail(err, GABLE_INPUT, "--isl and --osl: at least one token");
    if (g->objective == GABLE_OBJECTIVE_GPUS && !(g->rate_per_s > 0.0))
        return gable_fail(err, GABLE_INPUT,
                          "--objective gpus asks how many devices a --rate of requests takes");
    return GABLE_OK;
}

gable_status gable_planner_search(gable_arena *arena, const gable_offer *offers, int n_offers,
                                  const gable_goal *goal, gable_planned *out, gable_err *err)
{
    enum { POINTS_PER_LAYOUT = 24 };
    gable_err local = {0};
    gable_search x = {.arena = arena,
                      .offers = offers,
                      .n_offers = n_offers,
                      .goal = goal,
                      .err = err ? err : &local};
    *out = (gable_planned){0};
    GABLE_TRY(check_goal(goal, x.err));
    GABLE_TRY(gable_planner_layouts(&x, &out->best, &out->n_best));
    out->n_layouts = out->n_best;
    x.points_cap = POINTS_PER_LAYOUT * (out->n_best + 1);
    GABLE_TRY(gable_arena_take(arena, (size_t)x.points_cap, sizeof *x.points, &x.points, x.err));
    for (int i = 0; i < out->n_layouts; i++)
        GABLE_TRY(look_at(&x, &out->best[i]));
    if (goal->disagg)
        GABLE_TRY(gable_planner_apart(&x, out));
    out->n_priced = x.n_priced;
    rank_all(&x, out);
    take_front(&x, out);
    return GABLE_OK;
}
