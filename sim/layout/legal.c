/* layout: which layouts are legal, and why others are not (facts/models.md 0). */
#include <math.h>

#include "layout/rows.h"

static bool divides(int ranks, int size)
{
    return size % ranks == 0;
}

/* Whole heads to every rank, or whole copies of a head. */
static bool splits(int ranks, int heads)
{
    return divides(ranks, heads) || divides(heads, ranks);
}

static gable_status check_mixer(const gable_model *model, const gable_layer *layer, int tp,
                                gable_err *err)
{
    const gable_mixer *m = &layer->mixer;
    const struct {
        const char *what;
        int n;
        bool copies; /* ranks beyond the number share a copy */
    } parts[] = {{"attention", m->n_heads, false},       {"key/value", m->n_kv_heads, true},
                 {"state", m->state_heads, false},       {"state key", m->state_key_heads, true},
                 {"state group", m->state_groups, true}, {"output group", m->out_groups, true}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        bool fits = parts[i].copies ? splits(tp, parts[i].n) : divides(tp, parts[i].n);
        if (!fits) /* of none, every rank has none */
            return gable_fail(err, GABLE_INPUT, "%s: %d %s heads cannot be split over --tp %d",
                              model->name, parts[i].n, parts[i].what, tp);
    }
    return GABLE_OK;
}

static gable_status check_experts(const gable_model *model, const gable_layer *layer,
                                  const gable_scenario *s, gable_err *err)
{
    gable_ranks r = gable_layout_ranks(s);
    const gable_ffn *f = &layer->ffn;
    int ep = (int)r.ep, moe_tp = (int)(r.experts / r.ep),
        slots = f->n_experts + s->redundant_experts;
    if (f->n_experts < 1)
        return GABLE_OK;
    if (!divides(ep, slots))
        return gable_fail(err, GABLE_INPUT, "%s: %d experts%s cannot be split over --ep %d",
                          model->name, slots, s->redundant_experts ? " and copies" : "", ep);
    if (!divides(moe_tp, f->expert_width))
        return gable_fail(err, GABLE_INPUT,
                          "%s: experts of width %d cannot be split over %d ranks (--tp x --attn-dp "
                          "x --cp / --ep)",
                          model->name, f->expert_width, moe_tp);
    if (s->exchange == GABLE_EXCHANGE_TOKENS && moe_tp > 1)
        return gable_fail(err, GABLE_INPUT,
                          "--exchange tokens sends each token to whole experts: it needs --ep %g, "
                          "not %d",
                          r.experts, ep);
    return GABLE_OK;
}

static gable_status check_ffn(const gable_model *model, const gable_layer *layer,
                              const gable_scenario *s, gable_err *err)
{
    int tp = (int)gable_layout_ranks(s).ffn_tp;
    const gable_ffn *f = &layer->ffn;
    if (!divides(tp, f->width) || !divides(tp, f->shared_width))
        return gable_fail(err, GABLE_INPUT,
                          "%s: a feed-forward width of %d cannot be split over --tp %d",
                          model->name, divides(tp, f->width) ? f->shared_width : f->width, tp);
    return GABLE_OK;
}

/* Limits that keep every product finite and every answer meaningful. */
static const double batch_cap = 1048576.0, context_cap = 1073741824.0, ranks_cap = 4096.0,
                    world_cap = 1048576.0;

static gable_status check_range(const char *what, double value, double low, double high,
                                gable_err *err)
{
    if (value >= low && value <= high && floor(value) >= value)
        return GABLE_OK;
    return gable_fail(err, GABLE_INPUT,
                      "%s %g is out of range, expected a whole number in %.0f to %.0f", what, value,
                      low, high);
}

static gable_status check_ranks(const gable_model *model, const gable_scenario *s, gable_err *err)
{
    const struct {
        const char *option;
        int n;
    } ranks[] = {
#define RANK_ROW(member, name, help) {"--" name, s->member},
        GABLE_RANK_LIST(RANK_ROW)
#undef RANK_ROW
            {"--micro-batches", s->micro_batches},
        {"--redundant-experts", s->redundant_experts}};
    for (size_t i = 0; i < sizeof ranks / sizeof ranks[0]; i++)
        GABLE_TRY(check_range(ranks[i].option, ranks[i].n, 0.0, ranks_cap, err));
    gable_ranks r = gable_layout_ranks(s);
    if (r.world > world_cap)
        return gable_fail(err, GABLE_INPUT, "%g devices are too many, expected at most %g", r.world,
                          world_cap);
    if (!divides((int)r.ep, (int)r.experts))
        return gable_fail(err, GABLE_INPUT, "--ep %g does not divide %s %g", r.ep,
                          r.experts > r.tp ? "--tp x --attn-dp x --cp," : "--tp", r.experts);
    int layers = 0;
    for (int i = 0; i < model->n_kinds; i++)
        layers += model->kinds[i].count;
    if (r.pp > layers)
        return gable_fail(err, GABLE_INPUT, "--pp %g: %s has only %d layers", r.pp, model->name,
                          layers);
    return GABLE_OK;
}

static gable_status check_context(const gable_model *model, const gable_scenario *s, gable_err *err)
{
    bool split = gable_layout_ranks(s).cp > 1.0;
    for (int i = 0; i < model->n_kinds && split; i++)
        if (gable_mixer_has_state(&model->kinds[i].mixer))
            return gable_fail(err, GABLE_INPUT,
                              "--cp %d: %s has layers with a state, which passes every token after "
                              "the one before",
                              s->cp, model->name);
    if (split && s->images > 0.0)
        return gable_fail(err, GABLE_INPUT, "--images: a context with images is not split (--cp)");
    return GABLE_OK;
}

static gable_status check_scenario(const gable_model *model, const gable_scenario *s,
                                   gable_err *err)
{
    GABLE_TRY(check_range("--batch", s->batch, 1.0, batch_cap, err));
    GABLE_TRY(check_range("--context", s->n_cached, 0.0, context_cap, err));
    GABLE_TRY(check_range("--new-tokens", s->n_new, 1.0, context_cap, err));
    GABLE_TRY(check_ranks(model, s, err));
    GABLE_TRY(check_context(model, s, err));
    if (!(s->skew >= 0.0 && s->skew <= 8.0))
        return gable_fail(err, GABLE_INPUT, "--experts-skew %g is out of range, expected 0 to 8",
                          s->skew);
    return gable_layout_check_decoding(model, s, err);
}

gable_status gable_layout_check(const gable_model *model, const gable_scenario *scenario,
                                gable_err *err)
{
    GABLE_TRY(check_scenario(model, scenario, err));
    int tp = (int)gable_layout_ranks(scenario).tp;
    for (int i = 0; i < model->n_kinds; i++) {
        GABLE_TRY(check_mixer(model, &model->kinds[i], tp, err));
        GABLE_TRY(check_ffn(model, &model->kinds[i], scenario, err));
        GABLE_TRY(check_experts(model, &model->kinds[i], scenario, err));
    }
    return GABLE_OK;
}
