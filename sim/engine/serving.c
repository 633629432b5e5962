/* engine/serving: see serving.h. Numbers of sections are those of facts/serving.md. */
#include "engine/serving.h"

#include <math.h>

/* 2.5: a running sequence holds, on average over its life, a little more than half its answer. */
static const double held_answer_frac = 0.55;

/* 2.6: waiting for prompts of others: all clients start at once, and steadily they collide. */
static const double collision_frac = 0.008, default_waves = 10.0, step_wait = 1.1;

static const double z_90 = 1.2815515655446004;

typedef struct pricing {
    gable_arena *arena;
    const gable_model *model;
    const gable_machine *machine;
    gable_err *err;
} pricing;

/* Clients of one replica. */
static double clients_of(const gable_serving_request *r)
{
    return ceil(r->concurrency / (r->dp > 1 ? r->dp : 1.0));
}

/* One replica's step. */
static gable_scenario scenario_of(const gable_serving_request *r, gable_phase phase)
{
    gable_scenario s = {.phase = phase,
                        .overlap = r->overlap,
                        .exchange = r->exchange,
                        .skew = r->skew,
                        .redundant_experts = r->redundant_experts};
    GABLE_RANKS_COPY(&s, r);
    s.dp = 1;
    return s;
}

static gable_status lay_and_price(const pricing *p, const gable_scenario *s, gable_plan *plan,
                                  gable_step *step)
{
    return gable_engine_lay(p->arena, p->model, p->machine, s, plan, step, p->err);
}

/* Gaps are the engine's, and fitted apart. */
static double without_gaps(const gable_plan *plan, const gable_step *step)
{
    double s = step->time_s_total;
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_GAP)
            s -= step->time_s[i] * (1.0 + plan->bubble_frac);
    return s;
}

static double time_of(const gable_op *op, const gable_machine *machine)
{
    gable_work work;
    gable_time time;
    gable_cost_work(op, &work);
    gable_cost_time(op, &work, machine->accelerator, machine->constants, &time);
    return time.time_s;
}

/* Multiplies the tokens of an operator that all tokens of a step pass together, whichever sequence
 * they are of; false for others. */
static bool scale_tokens(gable_op *op, double by)
{
    if (op->kind == GABLE_OP_GEMM) {
        op->gemm.m *= by;
    } else if (op->kind == GABLE_OP_MOE) {
        op->moe.tokens *= by;
    } else if (op->kind == GABLE_OP_MHC) {
        op->mhc.tokens *= by;
    } else if (op->kind == GABLE_OP_STREAM) {
        op->stream.read_bytes *= by;
        op->stream.write_bytes *= by;
        op->stream.flops *= by;
    } else if (op->kind == GABLE_OP_SUBLAYER && op->sublayer.part == GABLE_BLOCK_PROJECTIONS) {
        op->sublayer.batch *= by;
    } else {
        return false;
    }
    return true;
}

/* Seconds of the row when the tokens of the plan are `by` times as many. */
static double scaled_row(const gable_plan *plan, int row, const gable_machine *machine, double by)
{
    if (plan->kind[row] == GABLE_ROW_COLLECTIVE) {
        gable_collective c = plan->collective[row];
        gable_transfer transfer;
        c.bytes *= by;
        c.tokens *= by;
        gable_net_transfer(&c, machine, &transfer);
        return transfer.time.time_s;
    }
    gable_op op = plan->op[row];
    scale_tokens(&op, by);
    return time_of(&op, machine);
}

/* 2.3: a prompt in a decode step shares its weights and launches: products run once over the tokens
 * of both, attention of the prompt comes on top. `batch` is what a rank decodes in one pass. */
static double joined_seconds(const gable_plan *prompt, const gable_machine *machine, double batch)
{
    double s = 0.0, tokens = prompt->local.batch * prompt->local.n_new;
    for (int i = 0; i < prompt->n_rows; i++) {
        gable_op op = prompt->op[i];
        if (prompt->layers[i] == 0 || prompt->kind[i] == GABLE_ROW_GAP ||
            prompt->kind[i] == GABLE_ROW_HOST)
            continue;
        if (prompt->kind[i] == GABLE_ROW_OP && !scale_tokens(&op, 1.0))
            s += prompt->calls[i] * time_of(&prompt->op[i], machine);
        else
            s += prompt->calls[i] * (scaled_row(prompt, i, machine, (tokens + batch) / tokens) -
                                     scaled_row(prompt, i, machine, batch / tokens));
    }
    return s > 0.0 ? s : 0.0;
}

/* 2.5. `plan` is of the whole batch: what it keeps tells what a sequence keeps. */
static void cap_batch(const gable_plan *plan, const gable_machine *machine,
                      const gable_serving_rules *rules, gable_serving_parts *out)
{
    double memory = gable_accelerator_memory_bytes(machine->accelerator);
    double weights = plan->weights_bytes, n = plan->scenario.n_cached + plan->scenario.n_new;
    double sequence = (plan->kv_bytes + plan->state_bytes) / plan->sequences;
    double groups = plan->ranks.attn_dp;
    double frac = rules->memory_frac > 0.0 ? rules->memory_frac : 1.0;
    out->free_bytes = rules->of_free ? frac * (memory - weights) : frac * memory - weights;
    out->free_bytes -= rules->reserve_bytes;
    out->kv_tokens = out->free_bytes > 0.0 ? groups * out->free_bytes / (sequence / n) : 0.0;
    out->capacity = out->kv_tokens / (out->isl + held_answer_frac * out->osl);
    out->fits = out->capacity >= 1.0;
}

static gable_status price_decode(const pricing *p, const gable_serving_rules *rules,
                                 const gable_serving_request *r, gable_serving_parts *out)
{
    gable_plan plan;
    gable_step step;
    gable_scenario s = scenario_of(r, GABLE_PHASE_DECODE);
    double clients = clients_of(r);
    s.batch = clients;
    s.n_cached = floor(out->isl + out->osl / 2.0);
    s.n_new = 1.0;
    GABLE_TRY(lay_and_price(p, &s, &plan, &step));
    cap_batch(&plan, p->machine, rules, out);
    out->batch = clients;
    if (out->fits && out->capacity < out->batch) {
        s.batch = out->batch = floor(out->capacity);
        GABLE_TRY(lay_and_price(p, &s, &plan, &step));
    }
    out->decode_s = without_gaps(&plan, &step);
    out->decode_ceiling_s = step.ceiling_s_total;
    out->pass_batch = fmax(out->batch - 1.0, 1.0) / (plan.ranks.attn_dp * plan.passes);
    out->n_layers = p->model->n_layers * plan.stage_frac * plan.passes * (1.0 + plan.bubble_frac);
    return GABLE_OK;
}

/* One prompt alone; and what a prompt adds to a step that decodes: with groups of their own a step
 * carries a prompt of each (2.3). */
static gable_status price_prompt(const pricing *p, const gable_serving_rules *rules,
                                 const gable_serving_request *r, gable_serving_parts *out)
{
    gable_plan plan;
    gable_step step;
    gable_scenario s = scenario_of(r, GABLE_PHASE_PREFILL);
    s.batch = 1.0;
    s.n_new = fmax(floor(out->isl), 1.0);
    GABLE_TRY(lay_and_price(p, &s, &plan, &step));
    out->prefill_s = without_gaps(&plan, &step);
    out->prefill_ceiling_s = step.ceiling_s_total;
    double groups = plan.ranks.attn_dp;
    if (groups > 1.0) {
        s.batch = groups;
        GABLE_TRY(lay_and_price(p, &s, &plan, &step));
    }
    double working = 1.0 + plan.bubble_frac;
    out->joined_s = rules->separate_prefill ? without_gaps(&plan, &step) / working
                                            : joined_seconds(&plan, p->machine, out->pass_batch);
    out->joined_s /= groups;
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
                                 .osl = fmax(ratio * request->osl, 2.0)};
    gable_status status = price_decode(&p, rules, request, out);
    if (status == GABLE_OK)
        status = price_prompt(&p, rules, request, out);
    gable_arena_release(arena, mark);
    return status;
}

/* 2.2, 2.4: each of the other sequences is refilled once in the life of an answer, and its prompt
 * lengthens a step. */
double gable_serving_tpot(const gable_serving_parts *p, const gable_serving_constants *c)
{
    double step = c->step_scale * p->decode_s + p->n_layers * c->gap_s + p->batch * c->sequence_s;
    double prompt = c->prefill_scale * p->joined_s + p->n_layers * c->prefill_gap_s;
    return step + (p->batch - 1.0) / (p->osl - 1.0) * prompt;
}

static double service_seconds(const gable_serving_parts *p, const gable_serving_constants *c)
{
    return c->first_s + c->first_token_s * p->isl +
           c->queue_scale * (p->prefill_s + step_wait * p->decode_s);
}

/* 2.6; clients beyond the cache wait for a whole answer (Little). */
double gable_serving_ttft(const gable_serving_parts *p, const gable_serving_constants *c,
                          const gable_serving_request *r)
{
    double clients = clients_of(r);
    double waves = r->waves > 0.0 ? r->waves : default_waves;
    double others = p->batch - 1.0;
    double waiting = others * (0.5 / waves + collision_frac) * p->joined_s;
    double first =
        service_seconds(p, c) + c->queue_scale * waiting + c->client_s * clients * p->isl;
    double beyond = clients / p->batch - 1.0;
    return first + beyond * (p->osl * gable_serving_tpot(p, c) + first);
}

void gable_serving_finish(const gable_serving_parts *parts, const gable_serving_constants *c,
                          const gable_serving_request *request, const gable_machine *machine,
                          gable_serving *out)
{
    gable_scenario layout = scenario_of(request, GABLE_PHASE_DECODE);
    layout.dp = request->dp;
    double gpus = gable_layout_devices(&layout);
    *out = (gable_serving){.parts = *parts, .provenance = c->provenance, .from = c->from};
    out->n_gpus = gpus;
    if (!parts->fits)
        return;
    double tpot = gable_serving_tpot(parts, c), ttft = gable_serving_ttft(parts, c, request);
    double tpot_factor = exp(z_90 * c->tpot_sigma_ln), ttft_factor = exp(z_90 * c->ttft_sigma_ln);
    out->tpot_ceiling_s = parts->decode_ceiling_s;
    out->tpot_s = fmax(tpot, out->tpot_ceiling_s);
    out->ttft_s = ttft;
    out->ttft_service_s = service_seconds(parts, c);
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
