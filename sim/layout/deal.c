/* layout: what one rank does in one pass: its sequences, tokens, layers (facts/serving.md 2). */
#include <math.h>

#include "layout/rows.h"

static double at_least_one(int n)
{
    return n > 1 ? n : 1.0;
}

gable_ranks gable_layout_ranks(const gable_scenario *s)
{
    gable_ranks r = {.tp = at_least_one(s->tp),
                     .ep = at_least_one(s->ep),
                     .pp = at_least_one(s->pp),
                     .cp = at_least_one(s->cp),
                     .dp = at_least_one(s->dp),
                     .attn_dp = at_least_one(s->attn_dp)};
    bool decode = s->phase == GABLE_PHASE_DECODE;
    r.experts = r.tp * r.attn_dp * r.cp;
    r.ffn_tp = decode ? r.tp * r.cp : r.tp;
    r.replica = r.experts * r.pp;
    r.world = r.replica * r.dp;
    return r;
}

int gable_layout_devices(const gable_scenario *scenario)
{
    return (int)gable_layout_ranks(scenario).world;
}

/* New tokens in `parts` equal parts, one after another: the mean part sees what is before it. Ranks
 * of a context get a piece of both ends, so that each sees as much. */
static void split_tokens(gable_scenario *local, double parts)
{
    double n = ceil(local->n_new / parts);
    local->n_cached = floor(local->n_cached + (local->n_new - n) / 2.0);
    local->n_new = n;
}

/* Two halves of the sequences, or of the tokens of one. */
static gable_status halve(gable_plan *plan, gable_err *err)
{
    gable_scenario *local = &plan->local;
    if (local->batch >= 2.0)
        local->batch = ceil(local->batch / 2.0);
    else if (local->n_new >= 2.0 && !(local->images > 0.0))
        split_tokens(local, 2.0);
    else
        return gable_fail(err, GABLE_INPUT,
                          "--overlap two-batch: a rank has one sequence, which has no halves");
    plan->passes *= 2.0;
    return GABLE_OK;
}

static double n_layers(const gable_model *model)
{
    double n = 0.0;
    for (int i = 0; i < model->n_kinds; i++)
        n += model->kinds[i].count;
    return n;
}

gable_status gable_layout_deal(const gable_model *model, gable_plan *plan, gable_err *err)
{
    const gable_scenario *s = &plan->scenario;
    gable_ranks r = plan->ranks = gable_layout_ranks(s);
    bool decode = s->phase == GABLE_PHASE_DECODE;
    double layers = n_layers(model);
    plan->local = *s;
    plan->local.tp = (int)r.tp;
    plan->sequences = ceil(s->batch / (r.dp * r.attn_dp));
    plan->passes = s->micro_batches > 0 ? s->micro_batches : fmin(r.pp, plan->sequences);
    if (plan->passes > plan->sequences)
        return gable_fail(err, GABLE_INPUT, "--micro-batches %g: a rank has %g sequences",
                          plan->passes, plan->sequences);
    plan->local.batch = ceil(plan->sequences / plan->passes);
    plan->stage_frac = ceil(layers / r.pp) / layers;
    plan->bubble_frac = (decode ? fmax(r.pp - plan->passes, 0.0) : r.pp - 1.0) / plan->passes;
    if (s->overlap == GABLE_OVERLAP_TWO_BATCH)
        GABLE_TRY(halve(plan, err));
    if (decode)
        plan->local.n_cached = ceil(s->n_cached / r.cp);
    else if (r.cp > 1.0)
        split_tokens(&plan->local, r.cp);
    return GABLE_OK;
}
