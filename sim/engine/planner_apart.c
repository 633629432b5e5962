/* engine/planner: prompts and answers on engines of their own. Each engine that answers gets the
 * engines for its prompts that leave the fewest devices idle (facts/serving.md 2.3, rate matching).
 */
#include <math.h>

#include "engine/planner_parts.h"
#include "engine/serving_split.h"

/* An engine that computes prompts is kept this busy; a queue before it is then, for prompts alike,
 * use / (2 (1 - use)) of a prompt (M/D/1). */
static const double prompts_use = 0.8;

typedef struct prompts_engine {
    const gable_candidate *candidate;
    double devices, requests_per_s;
    double service_s, ttft_s; /* without and with a queue */
} prompts_engine;

enum { KEPT = 8 }; /* of the engines for prompts, the best of each offer */

static double devices_of(const gable_serving_request *layout)
{
    gable_scenario s = {0};
    GABLE_RANKS_COPY(&s, layout);
    s.dp = 1;
    return gable_layout_devices(&s);
}

/* What the engine gives when it does nothing but prompts. */
static bool describe(const gable_search *x, const gable_candidate *c, prompts_engine *out)
{
    const gable_offer *offer = &x->offers[c->offer];
    const gable_serving_parts *p = &c->serving.parts;
    double ranks = c->layout.attn_dp > 1 ? c->layout.attn_dp : 1.0;
    if (!p->fits || !(p->prefill_s > 0.0))
        return false;
    /* A group of ranks with prompts of its own takes one while the others take theirs; one follows
     * the other through the stages of a pipeline. */
    double busy_s = p->held_frac * gable_serving_prompt_s(p, &offer->constants) / ranks;
    gable_serving_wait wait = {p->isl, gable_serving_prompt_s(p, &offer->constants) +
                                           busy_s * prompts_use / (2.0 * (1.0 - prompts_use))};
    gable_serving_wait alone = {p->isl, gable_serving_prompt_s(p, &offer->constants)};
    *out = (prompts_engine){.candidate = c,
                            .devices = devices_of(&c->layout),
                            .requests_per_s = prompts_use / busy_s,
                            .service_s = gable_serving_ttft(&offer->constants, &alone, 0.0),
                            .ttft_s = gable_serving_ttft(&offer->constants, &wait, 1.0)};
    bool limited = x->goal->ttft.s > 0.0 && x->goal->ttft.of == GABLE_STATISTIC_MEAN;
    return !limited || out->ttft_s <= x->goal->ttft.s;
}

/* Keeps the KEPT engines with most prompts a device. */
static void keep(prompts_engine *kept, int *n, const prompts_engine *one)
{
    int at = *n < KEPT ? (*n)++ : KEPT;
    double rate = one->requests_per_s / one->devices;
    while (at > 0 && kept[at - 1].requests_per_s / kept[at - 1].devices < rate) {
        if (at < KEPT)
            kept[at] = kept[at - 1];
        at--;
    }
    if (at < KEPT)
        kept[at] = *one;
}

/* Replicas of both kinds within the devices that serve most. */
static void match(double n_gpus, double rate_asked, double decode_devices, double decode_rate,
                  const prompts_engine *p, double *decode, double *prompts)
{
    double best = 0.0;
    *decode = *prompts = 0.0;
    for (double d = 1.0; d * decode_devices + p->devices <= n_gpus; d += 1.0) {
        double most = floor((n_gpus - d * decode_devices) / p->devices);
        double need = ceil(d * decode_rate / p->requests_per_s), used = fmin(most, need);
        double rate = fmin(d * decode_rate, used * p->requests_per_s);
        double per_gpu = rate / (d * decode_devices + used * p->devices);
        bool enough = !(rate_asked > 0.0) || rate >= rate_asked;
        if (!enough || per_gpu <= best)
            continue;
        best = per_gpu;
        *decode = d;
        *prompts = used;
    }
}

/* What is asked of a pair, and how many of each there are of it. */
typedef struct pairing {
    double step_s, answer_s, decode, prompts;
    prompts_engine engine; /* for prompts, with what handing over costs it */
    gable_handover handover;
} pairing;

static double groups_of(const gable_candidate *c)
{
    return c->layout.attn_dp > 1 ? c->layout.attn_dp : 1.0;
}

/* Matches the engines, then again with what the handover between so many of them costs both: caches
 * come in while the engine answers, one for each of its sequences. */
static bool match_twice(const gable_search *x, const gable_candidate *c, const prompts_engine *p,
                        pairing *out)
{
    const gable_offer *offer = &x->offers[c->offer];
    const gable_serving_parts *parts = &c->serving.parts;
    gable_handover_end from = gable_handover_from(&p->candidate->serving.parts, &offer->constants);
    gable_handover_end to = gable_handover_to(parts, &offer->constants);
    double devices = devices_of(&c->layout), clients = c->layout.concurrency;
    double step_s = gable_serving_step_s(parts, &offer->constants), late_s = 0.0;
    gable_err ignored = {0};
    *out = (pairing){.engine = *p};
    for (int pass = 0; pass < 2; pass++) {
        out->step_s = fmax(step_s + late_s, parts->decode_ceiling_s);
        out->answer_s = (parts->osl - 1.0) * out->step_s;
        match(offer->n_gpus, x->goal->rate_per_s, devices, clients / out->answer_s, &out->engine,
              &out->decode, &out->prompts);
        double used = out->decode * devices + out->prompts * p->devices;
        if (out->decode < 1.0 ||
            (pass == 0 && gable_serving_handover(&offer->machine, &from, &to, used, &out->handover,
                                                 &ignored) != GABLE_OK))
            return false;
        late_s =
            clients * out->handover.to_late_s * parts->isl / ((parts->osl - 1.0) * groups_of(c));
        out->engine.requests_per_s =
            1.0 / (1.0 / p->requests_per_s +
                   out->handover.from_late_s * parts->isl / groups_of(p->candidate));
    }
    return true;
}

/* The pair at the clients of `c`; false when it does not serve within the limits. */
static bool pair(const gable_search *x, const gable_candidate *c, const prompts_engine *p,
                 gable_candidate *out)
{
    pairing m;
    *out = *c;
    if (!match_twice(x, c, p, &m))
        return false;
    out->transfer_s = m.handover.fixed_s + m.handover.token_s * c->serving.parts.isl;
    out->serving.ttft_s = p->ttft_s;
    out->serving.ttft_service_s = p->service_s;
    out->serving.tpot_s = m.step_s;
    out->prompt_layout = p->candidate->layout;
    double used = m.decode * devices_of(&c->layout) + m.prompts * p->devices;
    double rate =
        fmin(m.decode * c->layout.concurrency / m.answer_s, m.prompts * m.engine.requests_per_s);
    gable_planner_fill(x->goal, &x->offers[c->offer], used, rate, out); /* replicas: such sets */
    out->prompt_replicas = out->replicas * m.prompts;
    out->replicas *= m.decode;
    return true;
}

static bool within(const gable_goal *g, const gable_offer *offer, gable_candidate *c)
{
    return gable_planner_judge(g, offer, c) == GABLE_VERDICT_BEHIND && c->gpus <= offer->n_gpus;
}

/* The layout at one number of clients beside each of the engines for prompts. */
static void try_pairs(gable_search *x, const gable_candidate *c, const prompts_engine *kept,
                      int n_kept, gable_candidate *best)
{
    for (int k = 0; k < n_kept; k++) {
        gable_candidate both;
        if (!pair(x, c, &kept[k], &both) || !within(x->goal, &x->offers[c->offer], &both))
            continue;
        gable_planner_point(x, &both);
        if (best->verdict != GABLE_VERDICT_BEHIND ||
            gable_planner_score(&both, x->goal->objective) <
                gable_planner_score(best, x->goal->objective))
            *best = both;
    }
}

/* Clients by doublings, as many as the cache holds: answers alone may be more than with prompts. */
static gable_status climb(gable_search *x, const gable_candidate *layout,
                          const prompts_engine *kept, int n_kept, gable_candidate *best)
{
    const gable_offer *offer = &x->offers[layout->offer];
    gable_serving_layout open;
    GABLE_TRY(gable_serving_open(x->arena, offer->model, &offer->machine, &offer->rules,
                                 &layout->layout, &open, x->err));
    for (double clients = 1.0; clients <= 16384.0; clients *= 2.0) {
        gable_candidate c = *layout;
        c.id = -1;
        c.layout.concurrency = clients;
        x->n_priced++;
        if (gable_serving_at(&open, clients, &c.serving.parts, x->err) != GABLE_OK ||
            !c.serving.parts.fits || c.serving.parts.capacity < clients)
            break;
        double step_s = gable_serving_step_s(&c.serving.parts, &offer->constants);
        try_pairs(x, &c, kept, n_kept, best);
        if (x->goal->tpot.s > 0.0 && step_s > x->goal->tpot.s)
            break;
    }
    gable_serving_close(&open);
    return x->err->status;
}

gable_status gable_planner_apart(gable_search *x, gable_planned *out)
{
    int n = out->n_best;
    for (int offer = 0; offer < x->n_offers; offer++) {
        prompts_engine kept[KEPT], one;
        int n_kept = 0;
        for (int i = 0; i < n; i++)
            if (out->best[i].offer == offer && out->best[i].verdict != GABLE_VERDICT_ILLEGAL &&
                describe(x, &out->best[i], &one))
                keep(kept, &n_kept, &one);
        for (int i = 0; i < n && n_kept > 0; i++) {
            gable_candidate best = out->best[i];
            best.id = -1;
            if (best.offer != offer || best.verdict == GABLE_VERDICT_ILLEGAL ||
                !best.serving.parts.fits)
                continue;
            best.verdict = GABLE_VERDICT_MEMORY; /* none yet */
            GABLE_TRY(climb(x, &out->best[i], kept, n_kept, &best));
            if (best.verdict == GABLE_VERDICT_BEHIND)
                out->best[out->n_best++] = best;
        }
    }
    return GABLE_OK;
}

/* ---- percentiles ---- */

/* The engine for prompts of a candidate that was found. */
static bool open_prompts(gable_search *x, const gable_candidate *c, gable_candidate *engine,
                         prompts_engine *out)
{
    const gable_offer *offer = &x->offers[c->offer];
    gable_err ignored = {0};
    *engine = (gable_candidate){.offer = c->offer, .id = -1, .layout = c->prompt_layout};
    return gable_serving_price(x->arena, offer->model, &offer->machine, &offer->rules,
                               &engine->layout, &engine->serving.parts, &ignored) == GABLE_OK &&
           describe(x, engine, out);
}

bool gable_planner_pair_at(gable_search *x, const gable_candidate *c, double clients,
                           gable_candidate *out)
{
    const gable_offer *offer = &x->offers[c->offer];
    gable_candidate engine, at = *c;
    prompts_engine prompts;
    gable_err ignored = {0};
    at.layout.concurrency = clients;
    return open_prompts(x, c, &engine, &prompts) &&
           gable_serving_price(x->arena, offer->model, &offer->machine, &offer->rules, &at.layout,
                               &at.serving.parts, &ignored) == GABLE_OK &&
           pair(x, &at, &prompts, out) && within(x->goal, offer, out);
}

/* Engines that are matched serve apart from other such sets. */
static double sets_of(const gable_candidate *c)
{
    double a = c->replicas, b = c->prompt_replicas;
    while (b >= 1.0) {
        double rest = fmod(a, b);
        a = b;
        b = rest;
    }
    return a;
}

static gable_status run_split(gable_search *x, const gable_candidate *c,
                              const gable_candidate *engine, gable_request_times *out)
{
    const gable_offer *offer = &x->offers[c->offer];
    gable_step_costs decode, prefill;
    gable_handover handover;
    gable_requests requests;
    gable_simulated simulated;
    const gable_lengths lengths =
        gable_lengths_of(c->layout.isl, c->layout.osl, c->layout.length_ratio);
    /* Those that decode, and by Little those that wait for their first token. */
    double sets = sets_of(c), clients = ceil(c->requests_per_s * c->e2e_s / sets);
    double n = fmax(fmin(10.0 * clients, GABLE_SERVING_LOOP_CAP), 2.0 * clients);
    gable_served served = {.model = offer->model,
                           .machine = &offer->machine,
                           .rules = &offer->rules,
                           .request = &c->layout,
                           .parts = &c->serving.parts};
    gable_sim_setup setup = {.n_engines = (int)(c->replicas / sets),
                             .n_prefill = (int)(c->prompt_replicas / sets),
                             .clients = (size_t)clients};
    GABLE_TRY(gable_requests_init(x->arena, (size_t)n, &requests, x->err));
    GABLE_TRY(
        gable_arrivals_lengths(x->arena, &lengths, GABLE_SERVING_LOOP_SEED, &requests, x->err));
    const gable_request_range range = gable_request_range_of(&requests, setup.clients);
    GABLE_TRY(gable_serving_engine(x->arena, &served, &range, &decode, &setup.rules, x->err));
    setup.rules.extras = gable_serving_extras(&offer->constants, c->serving.parts.n_layers);
    served.request = &engine->layout;
    served.parts = &engine->serving.parts;
    GABLE_TRY(gable_serving_engine(x->arena, &served, &range, &prefill, &setup.prefill, x->err));
    setup.prefill.extras = gable_serving_extras(&offer->constants, served.parts->n_layers);
    gable_handover_end from = gable_handover_from(served.parts, &offer->constants);
    gable_handover_end to = gable_handover_to(&c->serving.parts, &offer->constants);
    GABLE_TRY(gable_serving_handover(&offer->machine, &from, &to, c->gpus, &handover, x->err));
    gable_handover_slow(&handover, c->serving.parts.isl, c->serving.parts.osl, &setup.prefill,
                        &setup.rules);
    setup.transfer_s = handover.fixed_s;
    setup.transfer_s_per_token = handover.token_s;
    GABLE_TRY(gable_simulate(x->arena, &setup, &requests, &simulated, x->err));
    gable_serving_add_first(&offer->constants, simulated.present_mean / setup.n_engines, &requests);
    const gable_requests steady = gable_requests_after(&requests, setup.clients);
    return gable_request_times_of(x->arena, &steady, simulated.span_s, out, x->err);
}

gable_status gable_planner_run_apart(gable_search *x, gable_candidate *c)
{
    gable_candidate engine;
    prompts_engine prompts;
    gable_err refused = {0};
    gable_search own = *x;
    size_t mark = gable_arena_mark(x->arena);
    own.err = &refused;
    if (!open_prompts(x, c, &engine, &prompts))
        return gable_fail(x->err, GABLE_INTERNAL, "no engine for prompts");
    gable_status status = run_split(&own, c, &engine, &c->times);
    gable_arena_release(x->arena, mark);
    x->n_simulated++;
    c->simulated = status == GABLE_OK;
    if (status == GABLE_OK)
        return GABLE_OK;
    if (status != GABLE_INPUT)
        return gable_fail(x->err, status, "%s", refused.text);
    gable_planner_cannot_hold(x, c);
    return GABLE_OK;
}
