/* engine/decoding: see decoding.h. */
#include "engine/decoding.h"

#include <math.h>

static const struct {
    const char *name, *title;
} methods[] = {
#define DECODING_ROW(symbol, name, title) {name, title},
    GABLE_DECODING_LIST(DECODING_ROW)
#undef DECODING_ROW
};

const char *gable_decoding_name(gable_decoding_method method)
{
    return methods[method].name;
}

const char *gable_decoding_title(gable_decoding_method method)
{
    return methods[method].title;
}

/* What all parts of an iteration are priced with. */
typedef struct pricing {
    gable_arena *arena;
    const gable_machine *machine;
    gable_err *err;
} pricing;

static gable_status price(const pricing *p, const gable_model *model,
                          const gable_scenario *scenario, gable_plan *plan, gable_step *step)
{
    GABLE_TRY(gable_layout_plan(p->arena, model, scenario, plan, p->err));
    GABLE_TRY(gable_engine_check(plan, p->machine, p->err));
    GABLE_TRY(gable_step_init(p->arena, plan, step, p->err));
    gable_engine_price(plan, p->machine, step);
    return GABLE_OK;
}

static double distinct_experts(const gable_plan *plan)
{
    double most = 0.0;
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_OP && plan->op[i].kind == GABLE_OP_MOE &&
            plan->work[i].load.distinct > most)
            most = plan->work[i].load.distinct;
    return most;
}

static double weight_floor_s(const gable_plan *plan, const gable_machine *machine)
{
    double bytes = 0.0;
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_OP)
            bytes += plan->work[i].weight_bytes * plan->calls[i];
    return bytes / machine->accelerator->hbm_bandwidth_bytes_per_s;
}

/* Seconds of drafting, expected and at the speed of light. */
typedef struct draft_time {
    double time_s, p10_s, p90_s, ceiling_s;
} draft_time;

/* Who drafts: another model, or a module of this one. NULL when the model predicts by itself. */
static gable_status find_draft(const pricing *p, const gable_model *model,
                               const gable_decoding_options *o, const gable_model **draft)
{
    *draft = o->draft;
    if (o->method == GABLE_DECODING_PARALLEL || *draft)
        return GABLE_OK;
    return gable_model_mtp_module(p->arena, model, draft, p->err);
}

static gable_status check_draft(const pricing *p, const gable_model *model,
                                const gable_decoding_options *o)
{
    if (o->n_drafted < 1 || o->n_drafted > GABLE_DRAFT_CAP)
        return gable_fail(p->err, GABLE_INPUT,
                          "--draft-tokens %d is out of range, expected 1 to %d", o->n_drafted,
                          GABLE_DRAFT_CAP);
    if (o->acceptance.n_known < o->n_drafted)
        return gable_fail(p->err, GABLE_INPUT,
                          "--draft-tokens %d: lengths are known up to %d drafted tokens (%s)",
                          o->n_drafted, o->acceptance.n_known, o->acceptance.source);
    if (o->method == GABLE_DECODING_DRAFT && !o->draft)
        return gable_fail(p->err, GABLE_INPUT, "draft needs a model that drafts (--draft)");
    if (o->draft && o->draft->vocab > model->vocab)
        return gable_fail(p->err, GABLE_INPUT,
                          "%s cannot draft for %s: its vocabulary has %d tokens, not %d",
                          o->draft->name, model->name, o->draft->vocab, model->vocab);
    return GABLE_OK;
}

/* Sequential drafts pass once a token, blocks once a step. Prediction modules are as many as the
 * model has, and no more of them are kept than tokens are drafted. */
static gable_status price_draft(const pricing *p, const gable_model *model,
                                const gable_scenario *scenario, const gable_decoding_options *o,
                                draft_time *time, gable_decoding *out)
{
    const gable_model *draft;
    gable_plan plan;
    gable_step step;
    *time = (draft_time){0};
    GABLE_TRY(find_draft(p, model, o, &draft));
    if (!draft)
        return GABLE_OK;
    bool block = o->method == GABLE_DECODING_BLOCK;
    gable_scenario s = *scenario;
    s.n_new = block ? o->n_drafted : 1.0;
    s.memory_place = GABLE_MEMORY_HBM; /* a draft is small: it stays in the device */
    s.offload_weights = s.offload_kv = 0.0;
    GABLE_TRY(price(p, draft, &s, &plan, &step));
    double passes = block ? 1.0 : o->n_drafted, copies = 1.0;
    if (draft->mtp_module && !block)
        copies = fmin(model->n_mtp, o->n_drafted);
    *time = (draft_time){passes * step.time_s_total, passes * step.p10_s, passes * step.p90_s,
                         passes * step.ceiling_s_total};
    out->draft_name = draft->mtp_module ? "its prediction module" : draft->name;
    out->draft_weights_bytes = copies * plan.weights_bytes;
    out->draft_kv_bytes = copies * (plan.kv_bytes + plan.state_bytes);
    return GABLE_OK;
}

/* What one token a step takes, with the model's canvas put aside. */
static gable_status price_plain(const pricing *p, const gable_model *model,
                                const gable_scenario *scenario, gable_decoding *out)
{
    gable_plan plan;
    gable_step step;
    gable_scenario s = *scenario;
    gable_model one_by_one = *model;
    one_by_one.canvas = 0;
    s.n_new = 1.0;
    GABLE_TRY(price(p, &one_by_one, &s, &plan, &step));
    out->plain_s = step.time_s_total;
    out->plain_ceiling_s = step.ceiling_s_total;
    out->plain_tokens_per_s = step.tokens_per_s;
    out->plain_distinct_experts = distinct_experts(&plan);
    return GABLE_OK;
}

/* Prices all numbers of verified tokens and takes the best; scratch memory is given back. */
static gable_status schedule(const pricing *p, const gable_model *model,
                             const gable_scenario *scenario, const gable_decoding_options *o,
                             double draft_s, gable_schedule *best)
{
    double seconds[GABLE_DRAFT_CAP + 1];
    size_t mark = gable_arena_mark(p->arena);
    for (int n = 0; n <= o->n_drafted; n++) {
        gable_plan plan;
        gable_step step;
        gable_scenario s = *scenario;
        s.n_new = n + 1.0;
        GABLE_TRY(price(p, model, &s, &plan, &step));
        seconds[n] = step.time_s_total;
        gable_arena_release(p->arena, mark);
    }
    gable_schedule_options options = {.n_drafted = o->n_drafted,
                                      .seconds = seconds,
                                      .draft_s = draft_s,
                                      .spread = o->spread,
                                      .acceptance = &o->acceptance};
    gable_decoding_schedule(&options, best);
    return GABLE_OK;
}

/* Figures that follow from the parts. */
static void finish(const pricing *p, const gable_scenario *scenario, const gable_plan *plan,
                   gable_step *step, gable_decoding *out)
{
    double tokens = scenario->batch * out->accepted_tokens;
    out->tokens_per_s = out->time_s > 0.0 ? tokens / out->time_s : 0.0;
    out->speedup =
        out->plain_tokens_per_s > 0.0 ? out->tokens_per_s / out->plain_tokens_per_s : 0.0;
    if (out->ceiling_s > 0.0)
        out->ceiling_speedup = out->accepted_tokens * out->plain_ceiling_s / out->ceiling_s;
    out->distinct_experts = distinct_experts(plan);
    out->weight_floor_s = weight_floor_s(plan, p->machine);
    out->total_bytes = step->total_bytes + out->draft_weights_bytes + out->draft_kv_bytes;
    out->fits = out->total_bytes + step->reserve_bytes <= step->capacity_bytes;
    step->tokens_per_s = out->tokens_per_s;
}

static gable_status speculate(const pricing *p, const gable_model *model,
                              const gable_scenario *scenario, const gable_decoding_options *o,
                              gable_plan *plan, gable_step *step, gable_decoding *out)
{
    draft_time draft;
    GABLE_TRY(check_draft(p, model, o));
    GABLE_TRY(price_draft(p, model, scenario, o, &draft, out));
    out->n_drafted = o->n_drafted;
    out->acceptance_source = o->acceptance.source;
    out->accepted_tokens = o->acceptance.length[o->n_drafted];
    gable_schedule best = {.verified = o->n_drafted};
    if (o->scheduled) {
        GABLE_TRY(schedule(p, model, scenario, o, draft.time_s, &best));
        out->accepted_tokens = best.accepted;
    }
    if (best.verified <= 0.0)
        draft = (draft_time){0};
    gable_scenario s = *scenario;
    s.n_new = ceil(best.verified) + 1.0;
    GABLE_TRY(price(p, model, &s, plan, step));
    /* Between two whole numbers of tokens the step is as much shorter as the schedule found. */
    double part =
        o->scheduled && step->time_s_total > 0.0 ? best.seconds / step->time_s_total : 1.0;
    out->verified_tokens = best.verified + 1.0;
    out->draft_s = draft.time_s;
    out->step_s = part * step->time_s_total;
    out->time_s = draft.time_s + out->step_s;
    out->p10_s = draft.p10_s + part * step->p10_s;
    out->p90_s = draft.p90_s + part * step->p90_s;
    out->ceiling_s = draft.ceiling_s + part * step->ceiling_s_total;
    return GABLE_OK;
}

/* All steps of a block, and one causal pass that leaves its keys and values in the cache. */
static gable_status denoise(const pricing *p, const gable_model *model,
                            const gable_scenario *scenario, const gable_decoding_options *o,
                            gable_plan *plan, gable_step *step, gable_decoding *out)
{
    gable_plan commit_plan;
    gable_step commit;
    gable_scenario s = *scenario;
    if (model->canvas < 1)
        return gable_fail(p->err, GABLE_INPUT,
                          "%s writes one token after another: it has no denoising steps",
                          model->name);
    if (o->denoise_steps < 1)
        return gable_fail(p->err, GABLE_INPUT, "--denoise-steps %d is out of range, expected >= 1",
                          o->denoise_steps);
    s.phase = GABLE_PHASE_PREFILL;
    GABLE_TRY(price(p, model, &s, &commit_plan, &commit));
    GABLE_TRY(price(p, model, scenario, plan, step));
    out->denoise_steps = o->denoise_steps;
    out->verified_tokens = out->accepted_tokens = scenario->n_new;
    out->step_s = step->time_s_total;
    out->commit_s = commit.time_s_total;
    out->time_s = o->denoise_steps * step->time_s_total + commit.time_s_total;
    out->p10_s = o->denoise_steps * step->p10_s + commit.p10_s;
    out->p90_s = o->denoise_steps * step->p90_s + commit.p90_s;
    out->ceiling_s = o->denoise_steps * step->ceiling_s_total + commit.ceiling_s_total;
    return GABLE_OK;
}

gable_status gable_engine_decode(gable_arena *arena, const gable_model *model,
                                 const gable_machine *machine, const gable_scenario *scenario,
                                 const gable_decoding_options *options, gable_plan *plan,
                                 gable_step *step, gable_decoding *out, gable_err *err)
{
    gable_err local = {0};
    pricing p = {arena, machine, err ? err : &local};
    *out = (gable_decoding){.method = options->method};
    if (scenario->phase != GABLE_PHASE_DECODE)
        return gable_fail(p.err, GABLE_INPUT, "a prefill step does not decode: --decoding %s",
                          gable_decoding_name(options->method));
    bool diffusion = options->method == GABLE_DECODING_DIFFUSION;
    if (!diffusion && model->canvas > 0)
        return gable_fail(p.err, GABLE_INPUT,
                          "%s denoises blocks: --decoding %s is for models that "
                          "write one token after another",
                          model->name, gable_decoding_name(options->method));
    GABLE_TRY(price_plain(&p, model, scenario, out));
    GABLE_TRY((diffusion ? denoise : speculate)(&p, model, scenario, options, plan, step, out));
    finish(&p, scenario, plan, step, out);
    return GABLE_OK;
}
