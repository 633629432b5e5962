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

const char *const gable_statistics[] = {
#define STATISTIC_NAME(symbol, name, member) name,
    GABLE_STATISTIC_LIST(STATISTIC_NAME)
#undef STATISTIC_NAME
        NULL};

/* Batches beyond this serve nobody. */
static const double most_clients = 16384.0;
const double gable_planner_most_clients = GABLE_SERVING_LOOP_CAP / 10.0; /* ten waves */
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

static bool is_percentile(const gable_latency_limit *l)
{
    return l->s > 0.0 && l->of != GABLE_STATISTIC_MEAN;
}

bool gable_goal_simulates(const gable_goal *g)
{
    return is_percentile(&g->ttft) || is_percentile(&g->tpot) || is_percentile(&g->e2e);
}

/* The mean; for a percentile what hardly any request is below: a prompt served at once (the start
 * of the loop can lift the mean above p50 and p90), steps without prompts of others. */
static double ttft_of(const gable_candidate *c, const gable_latency_limit *l)
{
    bool mean = l->of == GABLE_STATISTIC_MEAN;
    return (mean ? c->serving.ttft_s : c->serving.ttft_service_s) + c->transfer_s;
}

static double tpot_of(const gable_offer *offer, const gable_candidate *c,
                      const gable_latency_limit *l)
{
    bool mean = l->of == GABLE_STATISTIC_MEAN;
    return mean ? c->serving.tpot_s : gable_serving_step_s(&c->serving.parts, &offer->constants);
}

gable_verdict gable_planner_judge(const gable_goal *g, const gable_offer *offer, gable_candidate *c)
{
    double answer_s = (c->serving.parts.osl - 1.0) * tpot_of(offer, c, &g->e2e);
    const struct {
        gable_verdict verdict;
        double asked, limit;
    } limits[] = {
        {GABLE_VERDICT_TPOT, tpot_of(offer, c, &g->tpot), g->tpot.s},
        {GABLE_VERDICT_TTFT, ttft_of(c, &g->ttft), g->ttft.s},
        {GABLE_VERDICT_E2E, ttft_of(c, &g->e2e) + answer_s, g->e2e.s},
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

void gable_planner_cannot_hold(const gable_search *x, gable_candidate *c)
{
    missed(c, GABLE_VERDICT_MEMORY, c->serving.parts.weights_bytes,
           gable_accelerator_memory_bytes(x->offers[c->offer].machine.accelerator));
}

static double replica_gpus(const gable_serving_request *layout)
{
    gable_scenario s = {0};
    GABLE_RANKS_COPY(&s, layout);
    s.dp = 1;
    return gable_layout_devices(&s);
}

static void fill_energy(const gable_offer *offer, gable_candidate *c)
{
    gable_serving_energy_of(&c->serving.parts, &offer->machine, c->gpus, c->tokens_per_s,
                            &c->serving.energy);
    c->joules_per_token = c->serving.energy.joules_per_token;
    c->power_w = c->serving.energy.all_w;
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
    fill_energy(offer, c);
}

bool gable_planner_price(gable_search *x, gable_serving_layout *open, double clients,
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
        gable_planner_cannot_hold(x, c);
        return false;
    }
    gable_serving_finish(&parts, &offer->constants, &c->layout, &offer->machine, NULL, &c->serving);
    gable_planner_fill(x->goal, offer, replica_gpus(&c->layout), c->serving.requests_per_s, c);
    gable_planner_judge(x->goal, offer, c);
    return true;
}

/* ---- points of the front ---- */

void gable_planner_point(gable_search *x, const gable_candidate *c)
{
    if (x->n_points < x->points_cap)
        x->points[x->n_points++] = *c;
    else if (c->simulated) /* is sure to be one */
        x->points[x->n_points - 1] = *c;
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
void gable_planner_front(gable_search *x, gable_planned *out)
{
    double most = 0.0;
    qsort(x->points, (size_t)x->n_points, sizeof *x->points, by_user_rate);
    out->n_front = 0;
    for (int i = 0; i < x->n_points; i++) {
        gable_candidate *c = &x->points[i];
        c->front = c->tokens_per_s_per_gpu > most && out->n_front < GABLE_FRONT_CAP;
        if (!c->front)
            continue;
        most = c->tokens_per_s_per_gpu;
        out->front[out->n_front++] = *c;
    }
}

/* ---- one layout ---- */

static void keep_better(gable_search *x, const gable_candidate *c, gable_candidate *best)
{
    bool first = best->verdict != GABLE_VERDICT_BEHIND;
    if (c->verdict != GABLE_VERDICT_BEHIND)
        return;
    gable_planner_point(x, c);
    if (first ||
        gable_planner_score(c, x->goal->objective) < gable_planner_score(best, x->goal->objective))
        *best = *c;
}

/* A limit that more clients can only miss by more; with a rate, they need fewer devices. */
static bool grows(const gable_goal *g, gable_verdict v)
{
    return (v == GABLE_VERDICT_POWER && !(g->rate_per_s > 0.0)) || v == GABLE_VERDICT_TPOT ||
           v == GABLE_VERDICT_TTFT || v == GABLE_VERDICT_E2E || v == GABLE_VERDICT_MEMORY;
}

/* Between clients that are served within the limits and clients that are not. */
static void approach(gable_search *x, gable_serving_layout *open, double low, double high,
                     gable_candidate *best)
{
    while (high > low + 1.0 && high > near_enough * low) {
        gable_candidate c = {.offer = best->offer, .id = best->id, .layout = best->layout};
        double middle = floor(sqrt(low * high));
        middle = middle > low ? middle : low + 1.0;
        gable_planner_price(x, open, middle, &c);
        keep_better(x, &c, best);
        if (grows(x->goal, c.verdict))
            high = middle;
        else
            low = middle;
    }
}

/* By doublings to what the cache holds, which the first pricing says. */
static void climb(gable_search *x, gable_serving_layout *open, gable_candidate *best)
{
    double low = 0.0, most = most_clients;
    for (double clients = 1.0; clients > low; clients = fmin(2.0 * clients, most)) {
        gable_candidate c = {.offer = best->offer, .id = best->id, .layout = best->layout};
        gable_planner_price(x, open, clients, &c);
        if (clients <= 1.0)
            *best = c; /* what it misses with a single client is why it falls out */
        if (clients <= 1.0 && c.verdict == GABLE_VERDICT_BEHIND)
            gable_planner_point(x, &c);
        else if (best->verdict == c.verdict && c.asked < best->asked)
            *best = c; /* nearer to the limit */
        else
            keep_better(x, &c, best);
        if (grows(x->goal, c.verdict)) {
            if (low > 0.0)
                approach(x, open, low, clients, best);
            return;
        }
        low = clients;
        most = fmin(most, floor(c.serving.parts.capacity));
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

/* Those within the limits; simulated and not within them; not simulated; the rest. */
static int class_of(const gable_candidate *c)
{
    if (c->verdict == GABLE_VERDICT_BEHIND)
        return 0;
    if (c->simulated)
        return 1;
    return c->verdict == GABLE_VERDICT_UNSIMULATED ? 2 : 3;
}

int gable_planner_order(const void *a, const void *b)
{
    const gable_candidate *x = a, *y = b;
    int cx = class_of(x), cy = class_of(y);
    bool scored = cx == 0 || cx == 2;
    if (cx != cy)
        return cx - cy;
    if (!scored && x->verdict != y->verdict)
        return x->verdict < y->verdict ? 1 : -1; /* limits before memory before illegal */
    double sx = scored ? x->score : x->asked / x->limit;
    double sy = scored ? y->score : y->asked / y->limit;
    return (sx > sy) - (sx < sy);
}

static void rank_all(gable_search *x, gable_planned *out)
{
    for (int i = 0; i < out->n_best; i++)
        out->best[i].score = gable_planner_score(&out->best[i], x->goal->objective);
    qsort(out->best, (size_t)out->n_best, sizeof *out->best, gable_planner_order);
}

static void count_all(gable_search *x, gable_planned *out)
{
    out->n_priced = x->n_priced;
    out->n_simulated = x->n_simulated;
    for (int i = 0; i < out->n_best; i++) {
        out->n_feasible += out->best[i].verdict == GABLE_VERDICT_BEHIND;
        out->n_illegal += out->best[i].verdict == GABLE_VERDICT_ILLEGAL;
    }
    if (out->n_feasible > 0)
        out->best[0].verdict = GABLE_VERDICT_BEST;
}

/* ---- watts ---- */

gable_status gable_planner_draw(gable_arena *arena, const gable_offer *offer, gable_candidate *c,
                                gable_err *err)
{
    gable_serving_parts parts;
    if (c->serving.energy.modelled || !offer->machine.power || !(c->tokens_per_s > 0.0))
        return GABLE_OK;
    GABLE_TRY(gable_serving_price(arena, offer->model, &offer->machine, &offer->rules, &c->layout,
                                  &parts, err));
    c->serving.parts.decode_j = parts.decode_j;
    c->serving.parts.prompt_j = parts.prompt_j;
    fill_energy(offer, c);
    return GABLE_OK;
}

/* Offers whose watts are not looked at. */
static gable_status set_aside_power(gable_search *x)
{
    gable_offer *copy;
    bool asked = x->goal->objective == GABLE_OBJECTIVE_ENERGY || x->goal->power_w > 0.0;
    for (int i = 0; i < x->n_offers; i++)
        asked = asked || x->offers[i].machine.power_limit_w > 0.0;
    if (asked)
        return GABLE_OK;
    GABLE_TRY(gable_arena_take(x->arena, (size_t)x->n_offers, sizeof *copy, &copy, x->err));
    for (int i = 0; i < x->n_offers; i++) {
        copy[i] = x->offers[i];
        copy[i].machine.power = NULL;
    }
    x->offers = copy;
    return GABLE_OK;
}

/* ---- the search ---- */

static gable_status check_goal(const gable_goal *g, gable_err *err)
{
    if (!(g->isl >= 1.0) || !(g->osl >= 1.0))
        return gable_fail(err, GABLE_INPUT, "--isl and --osl: at least one token");
    if (g->objective == GABLE_OBJECTIVE_GPUS && !(g->rate_per_s > 0.0))
        return gable_fail(err, GABLE_USAGE,
                          "--objective gpus asks how many devices a --rate of requests takes");
    return GABLE_OK;
}

gable_status gable_planner_search(gable_arena *arena, const gable_offer *offers, int n_offers,
                                  const gable_goal *goal, gable_planned *out, gable_err *err)
{
    enum { POINTS_PER_LAYOUT = 24, POINTS_OF_PAIRS = 120, POINTS_CAP = 200000 };
    gable_err local = {0};
    gable_search x = {.arena = arena,
                      .offers = offers,
                      .n_offers = n_offers,
                      .goal = goal,
                      .err = err ? err : &local};
    *out = (gable_planned){0};
    GABLE_TRY(check_goal(goal, x.err));
    GABLE_TRY(set_aside_power(&x));
    GABLE_TRY(gable_planner_layouts(&x, &out->best, &out->n_best));
    out->n_layouts = out->n_best;
    x.points_cap = (out->n_best + 1) * (goal->disagg ? POINTS_OF_PAIRS : POINTS_PER_LAYOUT);
    x.points_cap = x.points_cap < POINTS_CAP ? x.points_cap : POINTS_CAP;
    GABLE_TRY(gable_arena_take(arena, (size_t)x.points_cap, sizeof *x.points, &x.points, x.err));
    GABLE_TRY(gable_arena_take(arena, GABLE_FRONT_CAP, sizeof *out->front, &out->front, x.err));
    for (int i = 0; i < out->n_layouts; i++) {
        out->best[i].id = i;
        GABLE_TRY(look_at(&x, &out->best[i]));
    }
    if (goal->disagg)
        GABLE_TRY(gable_planner_apart(&x, out));
    rank_all(&x, out);
    gable_planner_front(&x, out);
    if (gable_goal_simulates(goal)) {
        GABLE_TRY(gable_planner_tails(&x, out));
        rank_all(&x, out);
    }
    count_all(&x, out);
    return GABLE_OK;
}
