/* layout: see layout.h. The order of rows is the order of execution in one layer of each run. */
#include "layout/layout.h"

#include <math.h>

#include "layout/rows.h"

const char *const gable_phases[] = {"prefill", "decode", NULL};
const char *const gable_memory_places[] = {
#define MEMORY_NAME(symbol, name) name,
    GABLE_MEMORY_LIST(MEMORY_NAME)
#undef MEMORY_NAME
        NULL};

typedef void lay_function(gable_laying *l);

static lay_function *const mixers[GABLE_N_MIXERS] = {
    [GABLE_MIXER_GQA] = gable_layout_gqa,       [GABLE_MIXER_MLA] = gable_layout_mla,
    [GABLE_MIXER_DSA] = gable_layout_sparse,    [GABLE_MIXER_CSA] = gable_layout_sparse,
    [GABLE_MIXER_HCA] = gable_layout_sparse,    [GABLE_MIXER_MSA] = gable_layout_sparse,
    [GABLE_MIXER_MAMBA2] = gable_layout_mamba2, [GABLE_MIXER_GDN] = gable_layout_gdn,
    [GABLE_MIXER_KDA] = gable_layout_kda,       [GABLE_MIXER_LINEAR] = gable_layout_linear_mixer,
};
static lay_function *const ffns[GABLE_N_FFNS] = {
    [GABLE_FFN_DENSE] = gable_layout_dense,
    [GABLE_FFN_MOE] = gable_layout_moe,
    [GABLE_FFN_LATENT_MOE] = gable_layout_moe,
    [GABLE_FFN_LINEAR] = gable_layout_linear_ffn,
};

static bool divides(int ranks, int size)
{
    return size % ranks == 0;
}

/* Whole heads to every rank, or whole copies of a head. */
static bool splits(int ranks, int heads)
{
    return divides(ranks, heads) || (heads > 0 && divides(heads, ranks));
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
        bool latent = m->kv_rank > 0 && parts[i].n == m->n_kv_heads; /* one latent for all heads */
        bool fits = parts[i].copies ? splits(tp, parts[i].n) : divides(tp, parts[i].n);
        if (!fits && parts[i].n > 0 && !latent)
            return gable_fail(err, GABLE_INPUT, "%s: %d %s heads cannot be split over --tp %d",
                              model->name, parts[i].n, parts[i].what, tp);
    }
    return GABLE_OK;
}

static gable_status check_ffn(const gable_model *model, const gable_layer *layer, int tp, int ep,
                              gable_err *err)
{
    const gable_ffn *f = &layer->ffn;
    if (f->n_experts > 0 && !divides(ep, f->n_experts))
        return gable_fail(err, GABLE_INPUT, "%s: %d experts cannot be split over --ep %d",
                          model->name, f->n_experts, ep);
    if (f->n_experts > 0 && !divides(tp / ep, f->expert_width))
        return gable_fail(err, GABLE_INPUT,
                          "%s: experts of width %d cannot be split over %d ranks (--tp / --ep)",
                          model->name, f->expert_width, tp / ep);
    if (!divides(tp, f->width) || !divides(tp, f->shared_width))
        return gable_fail(err, GABLE_INPUT,
                          "%s: a feed-forward width of %d cannot be split over --tp %d",
                          model->name, divides(tp, f->width) ? f->shared_width : f->width, tp);
    return GABLE_OK;
}

/* Limits that keep every product finite and every answer meaningful. */
static const double batch_cap = 1048576.0, context_cap = 1073741824.0, tp_cap = 1024.0;

static gable_status check_range(const char *what, double value, double low, double high,
                                gable_err *err)
{
    if (value >= low && value <= high && floor(value) >= value)
        return GABLE_OK;
    return gable_fail(err, GABLE_INPUT,
                      "%s %g is out of range, expected a whole number in %.0f to %.0f", what, value,
                      low, high);
}

static gable_status check_scenario(const gable_model *model, const gable_scenario *s,
                                   gable_err *err)
{
    GABLE_TRY(check_range("--batch", s->batch, 1.0, batch_cap, err));
    GABLE_TRY(check_range("--context", s->n_cached, 0.0, context_cap, err));
    GABLE_TRY(check_range("--new-tokens", s->n_new, 1.0, context_cap, err));
    GABLE_TRY(check_range("--tp", s->tp, 1.0, tp_cap, err));
    GABLE_TRY(check_range("--ep", s->ep, 1.0, tp_cap, err));
    if (!divides(s->ep, s->tp))
        return gable_fail(err, GABLE_INPUT, "--ep %d does not divide --tp %d", s->ep, s->tp);
    if (!(s->skew >= 0.0 && s->skew <= 8.0))
        return gable_fail(err, GABLE_INPUT, "--experts-skew %g is out of range, expected 0 to 8",
                          s->skew);
    return gable_layout_check_decoding(model, s, err);
}

static gable_status take_columns(gable_arena *arena, gable_plan *plan, gable_err *err)
{
    const size_t n = GABLE_PLAN_ROWS_CAP;
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->name, &plan->name, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->kind, &plan->kind, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->calls, &plan->calls, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->layers, &plan->layers, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->op, &plan->op, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->work, &plan->work, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->collective, &plan->collective, err));
    return gable_arena_take(arena, n, sizeof *plan->stored_bytes, &plan->stored_bytes, err);
}

/* Tokens whose logits are needed: the last of each prompt, or every token of a decode step. */
static double head_tokens(const gable_scenario *s)
{
    return s->phase == GABLE_PHASE_PREFILL ? s->batch : s->batch * s->n_new;
}

static void lay_embedding(gable_laying *l)
{
    double d = l->model->hidden;
    double table = ceil(l->model->vocab / l->tp) * d;
    double bytes = table * gable_dtype_bytes(l->model->dtypes[GABLE_MODULE_EMBED].weights);
    bytes = l->model->mtp_module ? 0.0 : bytes; /* the table is the main model's */
    gable_op op = {.kind = GABLE_OP_STREAM,
                   .weights = l->model->dtypes[GABLE_MODULE_EMBED].weights,
                   .activations = GABLE_DTYPE_BF16,
                   .stream = {l->tokens * d * 2.0, l->tokens * d * 2.0, 0.0}};
    gable_rows_op(l, "embedding", &op, bytes);
    gable_rows_collective(l, "embedding_all_reduce", GABLE_COLLECTIVE_ALL_REDUCE, l->tokens * d);
}

/* Residual streams, fp32, become one. */
static void lay_streams_sum(gable_laying *l)
{
    double n = l->model->hyper_streams, values = l->tokens * l->model->hidden;
    gable_op op = {.kind = GABLE_OP_STREAM,
                   .weights = GABLE_DTYPE_FP32,
                   .activations = GABLE_DTYPE_BF16,
                   .stream = {n * values * 4.0, values * 2.0, 2.0 * n * values}};
    if (n > 1.0)
        gable_rows_op(l, "hyper_head", &op, 0.0);
}

static void lay_head(gable_laying *l)
{
    const gable_model *model = l->model;
    double d = model->hidden, rows = head_tokens(&l->plan->scenario);
    double local = ceil(model->vocab / l->tp);
    lay_streams_sum(l);
    gable_rows_stream(l, "final_norm", 2.0 * d, 2.0 * d, 5.0 * d, d);
    gable_rows_gemm(l, "lm_head", GABLE_MODULE_HEAD, rows, local, d, 1.0);
    bool shared = model->tied || model->mtp_module;
    if (shared &&
        l->err->status == GABLE_OK) /* the table is the embedding's, or the main model's */
        l->plan->stored_bytes[l->plan->n_rows - 1] = 0.0;
    gable_rows_collective(l, "logits_all_gather", GABLE_COLLECTIVE_ALL_GATHER, rows * model->vocab);
    gable_op op = {.kind = GABLE_OP_STREAM,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .stream = {rows * model->vocab * 2.0, rows * 8.0, 3.0 * rows * model->vocab}};
    gable_rows_op(l, "sampling", &op, 0.0);
}

/* NULL: a layer without a mixer, or without a feed-forward part. */
static void lay_part(gable_laying *l, lay_function *lay)
{
    if (!lay)
        return;
    gable_rows_hyper(l, true);
    lay(l);
    gable_rows_hyper(l, false);
}

static void lay_layers(gable_laying *l)
{
    for (int i = 0; i < l->model->n_kinds; i++) {
        l->layer = &l->model->kinds[i];
        lay_part(l, mixers[l->layer->mixer.kind]);
        lay_part(l, ffns[l->layer->ffn.kind]);
    }
    l->layer = NULL;
}

/* Buffers alive at once: the residual twice, the widest operator's input and output, and the logits
 * in fp32. */
static double activation_bytes(const gable_plan *plan, const gable_model *model, int tp)
{
    double widest = 0.0;
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_OP && plan->work[i].activation_bytes > widest)
            widest = plan->work[i].activation_bytes;
    double logits = head_tokens(&plan->scenario) * ceil((double)model->vocab / tp) * 4.0;
    return 2.0 * plan->tokens * model->hidden * 2.0 + widest + logits;
}

gable_status gable_layout_plan(gable_arena *arena, const gable_model *model,
                               const gable_scenario *scenario, gable_plan *out, gable_err *err)
{
    gable_err local = {0};
    err = err ? err : &local;
    GABLE_TRY(check_scenario(model, scenario, err));
    for (int i = 0; i < model->n_kinds; i++) {
        GABLE_TRY(check_mixer(model, &model->kinds[i], scenario->tp, err));
        GABLE_TRY(check_ffn(model, &model->kinds[i], scenario->tp, scenario->ep, err));
    }
    GABLE_TRY(gable_layout_check_vision(model, scenario, err));
    GABLE_TRY(gable_layout_check_residency(model, scenario, err));
    *out = (gable_plan){.model = model, .scenario = *scenario};
    out->tokens = scenario->batch * scenario->n_new;
    GABLE_TRY(take_columns(arena, out, err));
    gable_laying l = {.plan = out,
                      .arena = arena,
                      .err = err,
                      .model = model,
                      .tokens = out->tokens,
                      .tp = scenario->tp,
                      .ep = scenario->ep};
    gable_layout_vision(&l);
    lay_embedding(&l);
    gable_layout_inputs(&l);
    lay_layers(&l);
    lay_head(&l);
    gable_rows_gap(&l);
    gable_layout_canvas(out);
    for (int i = 0; i < out->n_rows; i++)
        out->weights_bytes += out->stored_bytes[i];
    out->activation_bytes = activation_bytes(out, model, scenario->tp);
    gable_layout_residency(&l);
    gable_layout_host(&l);
    return err->status;
}

const char *gable_plan_kind_name(const gable_plan *plan, int row)
{
    switch (plan->kind[row]) {
    case GABLE_ROW_OP:
        return gable_op_kind_name((int)plan->op[row].kind);
    case GABLE_ROW_COLLECTIVE:
        return gable_collective_name((int)plan->collective[row].kind);
    case GABLE_ROW_GAP:
        return "gap";
    case GABLE_ROW_HOST:
        return "host";
    }
    return "";
}
