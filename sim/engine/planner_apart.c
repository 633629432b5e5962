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
    double devices, requests_per_s, ttft_s;
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
    /* A group of ranks with prompts of its own takes one while the others take theirs. */
    double busy_s = gable_serving_prompt_s(p, &offer->constants) / ranks;
    gable_serving_wait wait = {p->isl, gable_serving_prompt_s(p, &offer->constants) +
                                           busy_s * prompts_use / (2.0 * (1.0 - prompts_use))};
    *out = (prompts_engine){.candidate = c,
                            .devices = devices_of(&c->layout),
                            .requests_per_s = prompts_use / busy_s,
                            .ttft_s = gable_serving_ttft(&offer->constants, &wait, 1.0)};
    return !(x->goal->ttft_s > 0.0) || out->ttft_s <= x->goal->ttft_s;
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

/* The pair at the clients of `c`; false when it does not serve within the limits. */
static bool pair(const gable_search *x, const gable_candidate *c, const prompts_engine *p,
                 gable_candidate *out)
{
    const gable_offer *offer = &x->offers[c->offer];
    const gable_goal *g = x->goal;
    gable_handover handover;
    gable_err ignored = {0};
    double devices = devices_of(&c->layout), decode, prompts;
    *out = *c;
    double step_s = gable_serving_step_s(&c->serving.parts, &offer->constants);
    double tpot_s = fmax(step_s, c->serving.parts.decode_ceiling_s);
    double answer_s = (c->serving.parts.osl - 1.0) * tpot_s;
    match(offer->n_gpus, g->rate_per_s, devices, c->layout.concurrency / answer_s, p, &decode,
          &prompts);
    if (decode < 1.0)
        return false;
    const gable_serving_parts *from = &p->candidate->serving.parts;
    if (gable_serving_handover(&offer->machine, from->token_bytes, c->serving.parts.token_bytes,
                               decode * devices + prompts * p->devices, &handover,
                               &ignored) != GABLE_OK)
        return false;
    out->transfer_s = handover.fixed_s + handover.token_s * c->serving.parts.isl;
    out->serving.ttft_s = out->serving.ttft_service_s = p->ttft_s;
    out->serving.tpot_s = tpot_s;
    out->prompt_layout = p->candidate->layout;
    out->prompt_replicas = prompts;
    double used = decode * devices + prompts * p->devices;
    double rate = fmin(decode * c->layout.concurrency / answer_s, prompts * p->requests_per_s);
    gable_planner_fill(g, offer, used, rate, out);
    out->requests_per_s = rate;
    out->replicas = decode;
    return true;
}

static bool within(const gable_goal *g, const gable_offer *offer, const gable_candidate *c)
{
    return (!(g->tpot_s > 0.0) || c->serving.tpot_s <= g->tpot_s) &&
           (!(g->ttft_s > 0.0) || c->serving.ttft_s + c->transfer_s <= g->ttft_s) &&
           (!(g->e2e_s > 0.0) || c->e2e_s <= g->e2e_s) &&
           (!(g->usd_per_h > 0.0) || c->usd_per_h <= g->usd_per_h) &&
           (!(g->power_w > 0.0) || c->power_w <= g->power_w) && c->gpus <= offer->n_gpus;
}

/* The layout at one number of clients beside each of the engines for prompts. */
static void try_pairs(gable_search *x, const gable_candidate *c, const prompts_engine *kept,
                      int n_kept, gable_candidate *best)
{
    for (int k = 0; k < n_kept; k++) {
        gable_candidate both;
        if (!pair(x, c, &kept[k], &both) || !within(x->goal, &x->offers[c->offer], &both))
            continue;
        both.verdict = GABLE_VERDICT_BEHIND;
        if (x->n_points < x->points_cap)
            x->points[x->n_points++] = both;
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
        c.layout.concurrency = clients;
        x->n_priced++;
        if (gable_serving_at(&open, clients, &c.serving.parts, x->err) != GABLE_OK ||
            !c.serving.parts.fits || c.serving.parts.capacity < clients)
            break;
        double step_s = gable_serving_step_s(&c.serving.parts, &offer->constants);
        try_pairs(x, &c, kept, n_kept, best);
        if (x->goal->tpot_s > 0.0 && step_s > x->goal->tpot_s)
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
