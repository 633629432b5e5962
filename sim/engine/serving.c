/* engine/serving: see serving.h. Numbers of sections are those of facts/serving.md. */
#include "engine/serving.h"

#include <math.h>

#include "engine/step_costs.h"

/* 2.5: a running sequence holds, on average over its life, a little more than half its answer. */
static const double held_answer_frac = 0.55;

/* 2.6: waiting for prompts of others: all clients start at once, and steadily they collide. */
static const double collision_frac = 0.008, default_waves = 10.0, step_wait = 1.0;

static const double z_90 = 1.2815515655446004;

typedef struct pricing {
    gable_arena *arena;
    const gable_model *model;
    const gable_machine *machine;
    gable_err *err;
} pricing;

static gable_status lay_and_price(const pricing *p, const gable_scenario *s, gable_plan *plan,
                                  gable_step *step)
{
    GABLE_TRY(gable_layout_plan(p->arena, p->model, s, plan, p->err));
    GABLE_TRY(gable_engine_check(plan, p->machine, p->err));
    GABLE_TRY(gable_step_init(p->arena, plan, step, p->err));
    gable_engine_price(plan, p->machine, step);
    return GABLE_OK;
}

/* 2.5. `plan` is of the whole batch: what it keeps tells what a sequence keeps. */
static void cap_batch(const gable_plan *plan, const gable_machine *machine,
                      const gable_serving_rules *rules, gable_serving_parts *out)
{
    double memory = gable_accelerator_memory_bytes(machine->accelerator);
    double weights = plan->weights_bytes, n = plan->scenario.n_cached + plan->scenario.n_new;
    double sequence = (plan->kv_bytes + plan->state_bytes) / plan->scenario.batch;
    double frac = rules->memory_frac > 0.0 ? rules->memory_frac : 1.0;
    out->free_bytes = rules->of_free ? frac * (memory - weights) : frac * memory - weights;
    out->free_bytes -= rules->reserve_bytes;
    out->kv_tokens = out->free_bytes > 0.0 ? out->free_bytes / (sequence / n) : 0.0;
    out->capacity = out->kv_tokens / (out->isl + held_answer_frac * out->osl);
    out->fits = out->capacity >= 1.0;
}

gable_scenario gable_serving_ranks(const gable_serving_request *request)
{
    return (gable_scenario){.batch = 1.0, .n_new = 1.0, .tp = request->tp, .ep = request->ep};
}

static gable_status price_decode(const pricing *p, const gable_serving_rules *rules,
                                 const gable_serving_request *r, gable_serving_parts *out)
{
    gable_plan plan;
    gable_step step;
    gable_scenario s = gable_serving_ranks(r);
    s.phase = GABLE_PHASE_DECODE;
    s.batch = r->concurrency;
    s.n_cached = floor(out->isl + out->osl / 2.0);
    GABLE_TRY(lay_and_price(p, &s, &plan, &step));
    cap_batch(&plan, p->machine, rules, out);
    out->batch = r->concurrency;
    if (out->fits && out->capacity < out->batch) {
        s.batch = out->batch = floor(out->capacity);
        GABLE_TRY(lay_and_price(p, &s, &plan, &step));
    }
    out->decode_s = gable_step_costs_kernels(&plan, &step);
    out->decode_ceiling_s = step.ceiling_s_total;
    return GABLE_OK;
}

static gable_status price_prompt(const pricing *p, const gable_serving_rules *rules,
                                 const gable_serving_request *r, gable_serving_parts *out)
{
    gable_plan plan;
    gable_step step;
    gable_scenario s = gable_serving_ranks(r);
    s.phase = GABLE_PHASE_PREFILL;
    s.n_new = fmax(floor(out->isl), 1.0);
    GABLE_TRY(lay_and_price(p, &s, &plan, &step));
    out->prefill_s = gable_step_costs_kernels(&plan, &step);
    out->prefill_ceiling_s = step.ceiling_s_total;
    out->joined_s = rules->separate_prefill
                        ? out->prefill_s
                        : gable_step_costs_joined(&plan, p->machine, fmax(out->batch - 1.0, 1.0));
    return GABLE_OK;
}

gable_status gable_serving_price(gable_arena *arena, const gable_model *model,
                                 const gable_machine *machine, const gable_serving_rules *rules,
                                 const gable_serving_request *request, gable_serving_parts *out,
                                 gable_err *err)
{
    pricing p = {arena, model, machine, err};
    size_t mark = gable_arena_mark(arena);
    double ratio = request->length_ratio > 0.0 ? request->length_ratio : 1.0;
    *out = (gable_serving_parts){.isl = ratio * request->isl,
                                 .osl = fmax(ratio * request->osl, 2.0),
                                 .n_layers = model->n_layers};
    gable_status status = price_decode(&p, rules, request, out);
    if (status == GABLE_OK)
        status = price_prompt(&p, rules, request, out);
    gable_arena_release(arena, mark);
    return status;
}

/* 2.2, 2.4: what a step takes, and what a prompt adds to it or takes alone, with the engine's
 * share. */
static double step_seconds(const gable_serving_parts *p, const gable_serving_constants *c)
{
    return c->step_scale * p->decode_s + p->n_layers * c->gap_s + p->batch * c->sequence_s;
}

static double prompt_seconds(const gable_serving_parts *p, const gable_serving_constants *c,
                             double kernels_s)
{
    return c->prefill_scale * kernels_s + p->n_layers * c->prefill_gap_s;
}

/* Each of the other sequences is refilled once in the life of an answer, and its prompt lengthens a
 * step. */
double gable_serving_tpot(const gable_serving_parts *p, const gable_serving_constants *c)
{
    return step_seconds(p, c) +
           (p->batch - 1.0) / (p->osl - 1.0) * prompt_seconds(p, c, p->joined_s);
}

/* Alone, or in a step of others. */
double gable_serving_service_s(const gable_serving_parts *p, const gable_serving_constants *c)
{
    double others = fmin(p->batch - 1.0, 1.0);
    return prompt_seconds(p, c, p->prefill_s) + others * step_wait * step_seconds(p, c);
}

/* 2.6; clients beyond the cache wait for a whole answer (Little). Where arrivals are looked for
 * every n steps half of them pass by, while others run. */
double gable_serving_queue_s(const gable_serving_parts *p, const gable_serving_constants *c,
                             const gable_serving_request *r)
{
    double waves = r->waves > 0.0 ? r->waves : default_waves;
    double others = p->batch - 1.0;
    double waiting = others * (0.5 / waves + collision_frac) * prompt_seconds(p, c, p->joined_s);
    double held = 0.5 * fmax(r->intake.poll_steps - 1.0, 0.0) + r->intake.wait_steps;
    double first =
        gable_serving_service_s(p, c) + waiting + fmin(others, 1.0) * held * step_seconds(p, c);
    double beyond = r->concurrency / p->batch - 1.0;
    return first + beyond * (p->osl * gable_serving_tpot(p, c) + first);
}

double gable_serving_ttft(const gable_serving_constants *c, const gable_serving_wait *wait,
                          double present)
{
    return c->first_s + (c->first_token_s + c->client_s * present) * wait->prompt +
           c->queue_scale * wait->queue_s;
}

void gable_serving_finish(const gable_serving_parts *parts, const gable_serving_constants *c,
                          const gable_serving_request *request, const gable_machine *machine,
                          const gable_serving_wait *wait, gable_serving *out)
{
    double gpus = request->tp;
    *out = (gable_serving){.parts = *parts, .provenance = c->provenance, .from = c->from};
    if (!parts->fits)
        return;
    gable_serving_wait alone = {parts->isl, gable_serving_service_s(parts, c)};
    gable_serving_wait closed = {parts->isl, gable_serving_queue_s(parts, c, request)};
    double tpot = gable_serving_tpot(parts, c);
    double ttft = gable_serving_ttft(c, wait ? wait : &closed, request->concurrency);
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
    if (machine->accelerator->tdp_w > 0.0)
        out->joules_per_token = gpus * machine->accelerator->tdp_w / out->tokens_per_s;
}
