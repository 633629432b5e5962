/* engine/serving: see serving.h. Numbers of sections are those of facts/serving.md. */
#include "engine/serving.h"

#include <math.h>

#include "engine/overlap.h"
#include "engine/step_costs.h"

/* 2.5: a running sequence holds, on average over its life, a little more than half its answer;
 * from the start all of it where room for it must be there. */
static const double held_answer_frac = 0.55;

/* 2.6: waiting for prompts of others: all clients start at once, and steadily they collide. */
static const double collision_frac = 0.008, default_waves = 10.0, step_wait = 1.0;

static const double z_90 = 1.2815515655446004;

/* Clients of one replica. */
static double clients_of(const gable_serving_request *r)
{
    return ceil(r->concurrency / (r->dp > 1 ? r->dp : 1.0));
}

/* 2.5. `plan` is of the whole batch: what it keeps tells what a sequence keeps. */
static void cap_batch(const gable_plan *plan, const gable_serving_layout *l,
                      gable_serving_parts *out)
{
    const gable_serving_intake *intake = &l->request.intake;
    double n = plan->scenario.n_cached + plan->scenario.n_new;
    double sequence = (plan->kv_bytes + plan->state_bytes) / plan->sequences;
    gable_memory_of(plan, l->machine, l->rules, intake->step_tokens, intake->most_sequences,
                    &out->memory);
    out->weights_bytes = plan->weights_bytes;
    out->token_bytes = sequence / n;
    out->free_bytes = fmax(out->memory.cache_bytes, 0.0);
    out->kv_tokens = plan->ranks.attn_dp * out->free_bytes / out->token_bytes;
    double held_frac = intake->reserve || l->rules->whole_answers ? 1.0 : held_answer_frac;
    out->capacity = out->kv_tokens / (out->isl + held_frac * out->osl);
    out->fits = out->capacity >= 1.0;
}

gable_scenario gable_serving_ranks(const gable_serving_request *request)
{
    gable_scenario s = {.batch = 1.0,
                        .n_new = 1.0,
                        .overlap = request->overlap,
                        .exchange = request->exchange,
                        .skew = request->skew,
                        .redundant_experts = request->redundant_experts};
    GABLE_RANKS_COPY(&s, request);
    s.dp = 1;
    return s;
}

static gable_status lay_and_price(const gable_serving_layout *l, const gable_scenario *s,
                                  gable_plan *plan, gable_step *step, gable_serving_draw *draw,
                                  gable_err *err)
{
    GABLE_TRY(gable_engine_lay(l->arena, l->model, l->machine, s, plan, step, err));
    return gable_serving_hold(l->arena, plan, l->machine, step, draw, err);
}

static gable_status price_decode(gable_serving_layout *l, gable_serving_parts *out, gable_err *err)
{
    gable_plan plan;
    gable_step step;
    gable_serving_draw draw;
    gable_scenario s = gable_serving_ranks(&l->request);
    double clients = clients_of(&l->request), most = l->request.intake.most_sequences;
    if (most > 0.0)
        clients = fmax(fmin(clients, floor(most)), 1.0);
    s.phase = GABLE_PHASE_DECODE;
    s.batch = clients;
    s.n_cached = floor(out->isl + out->osl / 2.0);
    GABLE_TRY(lay_and_price(l, &s, &plan, &step, &draw, err));
    cap_batch(&plan, l, out);
    out->batch = clients;
    if (out->fits && out->capacity < out->batch) {
        s.batch = out->batch = floor(out->capacity);
        GABLE_TRY(lay_and_price(l, &s, &plan, &step, &draw, err));
    }
    out->decode_s = gable_step_costs_kernels(&plan, &step);
    out->decode_ceiling_s = step.ceiling_s_total;
    gable_engine_links(&plan, l->machine, out->decode_links_s);
    out->pass_batch = fmax(out->batch - 1.0, 1.0) / (plan.ranks.attn_dp * plan.passes);
    out->n_layers = l->model->n_layers * plan.stage_frac * plan.passes * (1.0 + plan.bubble_frac);
    for (int b = 0; b < GABLE_N_BOUNDS; b++)
        out->bound_s[b] = step.bound_s[b];
    out->decode_j = draw.beyond_idle_j;
    out->decode_slower = draw.slower;
    return GABLE_OK;
}

static void mean_lengths(const gable_serving_request *r, gable_serving_parts *out)
{
    double ratio = r->length_ratio > 0.0 ? r->length_ratio : 1.0;
    *out = (gable_serving_parts){.isl = ratio * r->isl, .osl = fmax(ratio * r->osl, 2.0)};
}

static double budget_of(const gable_serving_layout *l)
{
    double given = l->request.intake.step_tokens;
    return given > 0.0 ? given : l->rules->step_tokens;
}

/* Parts of a prompt follow each other through the stages of a pipeline: the last one alone passes
 * the others. Returns how much longer than in one stage it all takes. */
static double stages_of(const gable_serving_layout *l, const gable_plan *prompt)
{
    double budget = budget_of(l), parts = 1.0;
    if (!l->rules->whole_prompts && budget > 0.0)
        parts = ceil(prompt->scenario.n_new / budget);
    return 1.0 + prompt->bubble_frac / parts;
}

/* One prompt alone; and one of each group, which a step carries together (2.3). */
gable_status gable_serving_open(gable_arena *arena, const gable_model *model,
                                const gable_machine *machine, const gable_serving_rules *rules,
                                const gable_serving_request *request, gable_serving_layout *out,
                                gable_err *err)
{
    *out = (gable_serving_layout){.arena = arena,
                                  .mark = gable_arena_mark(arena),
                                  .model = model,
                                  .machine = machine,
                                  .rules = rules,
                                  .request = *request};
    gable_step step;
    gable_serving_parts lengths;
    gable_scenario s = gable_serving_ranks(request);
    mean_lengths(request, &lengths);
    s.phase = GABLE_PHASE_PREFILL;
    s.n_new = fmax(floor(lengths.isl), 1.0);
    GABLE_TRY(lay_and_price(out, &s, &out->prompts, &step, &out->prompt, err));
    double stages = stages_of(out, &out->prompts), whole = 1.0 + out->prompts.bubble_frac;
    out->held_frac = 1.0 / stages;
    out->prefill_s = gable_step_costs_kernels(&out->prompts, &step) / whole * stages;
    out->prefill_ceiling_s = step.ceiling_s_total / whole * stages;
    gable_engine_links(&out->prompts, machine, out->prefill_links_s);
    if (out->prompts.ranks.attn_dp > 1.0) {
        s.batch = out->prompts.ranks.attn_dp;
        GABLE_TRY(lay_and_price(out, &s, &out->prompts, &step, &out->prompt, err));
    }
    out->prompts_like = step.like;
    out->alone_s =
        gable_step_costs_kernels(&out->prompts, &step) / (1.0 + out->prompts.bubble_frac);
    out->prompt.beyond_idle_j /= out->prompts.ranks.attn_dp;
    out->launches = gable_step_costs_launches(&out->prompts);
    return GABLE_OK;
}

gable_status gable_serving_at(gable_serving_layout *l, double concurrency, gable_serving_parts *out,
                              gable_err *err)
{
    size_t mark = gable_arena_mark(l->arena);
    l->request.concurrency = concurrency;
    mean_lengths(&l->request, out);
    gable_status status = price_decode(l, out, err);
    gable_arena_release(l->arena, mark);
    if (status != GABLE_OK)
        return status;
    out->prefill_s = l->prefill_s;
    out->held_frac = l->held_frac;
    out->prefill_ceiling_s = l->prefill_ceiling_s;
    out->prefill_links_s[0] = l->prefill_links_s[0];
    out->prefill_links_s[1] = l->prefill_links_s[1];
    out->prompt_j = l->prompt.beyond_idle_j;
    out->prompt_slower = l->prompt.slower;
    out->joined_s =
        l->rules->separate_prefill
            ? l->alone_s
            : gable_step_costs_joined(&l->prompts, l->prompts_like, l->machine, out->pass_batch);
    out->groups = l->prompts.ranks.attn_dp;
    out->joined_s /= out->groups;
    double graph_tokens = l->request.intake.graph_tokens > 0.0 ? l->request.intake.graph_tokens
                                                               : l->rules->graph_tokens;
    out->launches = out->isl + out->batch > graph_tokens ? l->launches : 0.0;
    out->burst = fmax(floor(budget_of(l) / out->isl), 1.0);
    out->launch_steps = l->rules->separate_prefill ? 1.0 : 2.0;
    return GABLE_OK;
}

void gable_serving_close(gable_serving_layout *layout)
{
    if (layout->arena)
        gable_arena_release(layout->arena, layout->mark);
    layout->arena = NULL;
}

gable_status gable_serving_price(gable_arena *arena, const gable_model *model,
                                 const gable_machine *machine, const gable_serving_rules *rules,
                                 const gable_serving_request *request, gable_serving_parts *out,
                                 gable_err *err)
{
    gable_serving_layout layout;
    gable_status status = gable_serving_open(arena, model, machine, rules, request, &layout, err);
    if (status == GABLE_OK)
        status = gable_serving_at(&layout, request->concurrency, out, err);
    gable_serving_close(&layout);
    return status;
}

/* 2.2, 2.4: what a step takes, and what a prompt adds to it or takes alone, with the engine's
 * share. */
double gable_serving_step_s(const gable_serving_parts *p, const gable_serving_constants *c)
{
    return c->step_scale * p->decode_s + p->n_layers * c->gap_s + p->batch * c->sequence_s;
}

static double kernels_and_gaps_s(const gable_serving_parts *p, const gable_serving_constants *c,
                                 double kernels_s)
{
    return c->prefill_scale * kernels_s + p->n_layers * c->prefill_gap_s;
}

/* No sooner than the host has launched it. */
double gable_serving_prompt_s(const gable_serving_parts *p, const gable_serving_constants *c)
{
    return fmax(kernels_and_gaps_s(p, c, p->prefill_s), p->launches * c->launch_s);
}

/* The host is a step ahead: what it launches while steps decode does not show. */
double gable_serving_joined_s(const gable_serving_parts *p, const gable_serving_constants *c)
{
    double launching_s = p->launches * c->launch_s - p->launch_steps * gable_serving_step_s(p, c);
    return fmax(kernels_and_gaps_s(p, c, p->joined_s), launching_s / p->groups);
}

/* Each of the other sequences is refilled once in the life of an answer. */
double gable_serving_refills(const gable_serving_parts *p)
{
    return (p->batch - 1.0) / (p->osl - 1.0);
}

bool gable_serving_in_range(const gable_serving_parts *p)
{
    return gable_serving_refills(p) <= fmax(p->groups, 1.0);
}

/* The prompt of each lengthens a step. */
double gable_serving_tpot(const gable_serving_parts *p, const gable_serving_constants *c)
{
    return gable_serving_step_s(p, c) + gable_serving_refills(p) * gable_serving_joined_s(p, c);
}

/* Alone, or in a step of others. */
double gable_serving_service_s(const gable_serving_parts *p, const gable_serving_constants *c)
{
    double others = fmin(p->batch - 1.0, 1.0);
    return gable_serving_prompt_s(p, c) + others * step_wait * gable_serving_step_s(p, c);
}

/* 2.6; clients beyond the cache wait for a whole answer (Little). Where arrivals are looked for
 * every n steps half of them pass by, while others run. */
double gable_serving_queue_s(const gable_serving_parts *p, const gable_serving_constants *c,
                             const gable_serving_request *r)
{
    double clients = clients_of(r);
    double waves = r->waves > 0.0 ? r->waves : default_waves;
    double others = p->batch - 1.0;
    double crowded_s = fmax(kernels_and_gaps_s(p, c, p->joined_s),
                            p->launches * c->launch_s / (p->groups * p->burst));
    double waiting =
        others * (0.5 / waves * crowded_s + collision_frac * gable_serving_joined_s(p, c));
    double held = 0.5 * fmax(r->intake.poll_steps - 1.0, 0.0) + r->intake.wait_steps;
    double first = gable_serving_service_s(p, c) + waiting +
                   fmin(others, 1.0) * held * gable_serving_step_s(p, c);
    double beyond = clients / p->batch - 1.0;
    return first + beyond * (p->osl * gable_serving_tpot(p, c) + first);
}

double gable_serving_ttft(const gable_serving_constants *c, const gable_serving_wait *wait,
                          double present)
{
    return c->first_s + (c->first_token_s + c->client_s * present) * wait->prompt + wait->queue_s;
}

void gable_serving_finish(const gable_serving_parts *parts, const gable_serving_constants *c,
                          const gable_serving_request *request, const gable_machine *machine,
                          const gable_serving_wait *wait, gable_serving *out)
{
    gable_scenario layout = gable_serving_ranks(request);
    layout.dp = request->dp;
    double gpus = gable_layout_devices(&layout);
    *out = (gable_serving){.parts = *parts, .provenance = c->provenance, .from = c->from};
    out->n_gpus = gpus;
    if (!parts->fits)
        return;
    gable_serving_wait alone = {parts->isl, gable_serving_service_s(parts, c)};
    gable_serving_wait closed = {parts->isl, gable_serving_queue_s(parts, c, request)};
    double tpot = gable_serving_tpot(parts, c);
    double ttft = gable_serving_ttft(c, wait ? wait : &closed, clients_of(request));
    double tpot_factor = exp(z_90 * c->tpot_sigma_ln), ttft_factor = exp(z_90 * c->ttft_sigma_ln);
    out->tpot_ceiling_s = parts->decode_ceiling_s;
    out->tpot_s = fmax(tpot, out->tpot_ceiling_s);
    out->ttft_s = ttft;
    out->ttft_service_s = gable_serving_ttft(c, &alone, 0.0);
    out->tpot_p10_s = fmax(out->tpot_s / tpot_factor, out->tpot_ceiling_s);
    out->tpot_p90_s = out->tpot_s * tpot_factor;
    out->ttft_p10_s = ttft / ttft_factor;
    out->ttft_p90_s = ttft * ttft_factor;
    out->requests_per_s = request->concurrency / (ttft + (parts->osl - 1.0) * out->tpot_s);
    out->tokens_per_s = out->requests_per_s * parts->osl;
    out->tokens_per_s_per_gpu = out->tokens_per_s / gpus;
    out->tokens_per_s_per_user = 1.0 / out->tpot_s;
    gable_serving_energy_of(parts, machine, gpus, out->tokens_per_s, &out->energy);
    out->joules_per_token = out->energy.joules_per_token;
}
