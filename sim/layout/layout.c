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
#define NAME(symbol, name, help) name,
const char *const gable_overlaps[] = {GABLE_OVERLAP_LIST(NAME) NULL};
const char *const gable_token_exchanges[] = {GABLE_EXCHANGE_LIST(NAME) NULL};
const char *const gable_context_exchanges[] = {GABLE_CONTEXT_LIST(NAME) NULL};
#undef NAME

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

static const int rows_of_step = 64, rows_of_kind = 48; /* at most, without those of layers alike */

static gable_status take_columns(gable_arena *arena, gable_plan *plan, gable_err *err)
{
    /* Columns are cleared when they are given back: short ones for models of few kinds of layers.
     */
    int cap = rows_of_step + plan->model->n_kinds * rows_of_kind;
    plan->rows_cap = cap < GABLE_PLAN_ROWS_CAP ? cap : GABLE_PLAN_ROWS_CAP;
    const size_t n = (size_t)plan->rows_cap;
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->name, &plan->name, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->kind, &plan->kind, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->calls, &plan->calls, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->layers, &plan->layers, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->op, &plan->op, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->work, &plan->work, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->collective, &plan->collective, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->group, &plan->group, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *plan->lane, &plan->lane, err));
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
    double d = model->hidden, rows = head_tokens(&l->plan->local);
    double local = ceil(model->vocab / l->ffn_tp);
    lay_streams_sum(l);
    gable_rows_stream(l, "final_norm", 2.0 * d, 2.0 * d, 5.0 * d, d);
    gable_rows_gemm(l, "lm_head", GABLE_MODULE_HEAD, rows, local, d, 1.0);
    bool shared = (model->tied && l->plan->ranks.pp <= 1.0) || model->mtp_module;
    if (shared &&
        l->err->status == GABLE_OK) /* the table is the embedding's, or the main model's */
        l->plan->stored_bytes[l->plan->n_rows - 1] = 0.0;
    gable_rows_over(l, "logits_all_gather", GABLE_COLLECTIVE_ALL_GATHER, rows * model->vocab,
                    l->ffn_tp);
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
static double activation_bytes(const gable_plan *plan, const gable_model *model)
{
    const gable_scenario *s = &plan->local;
    double widest = 0.0;
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_OP && plan->work[i].activation_bytes > widest)
            widest = plan->work[i].activation_bytes;
    double logits = head_tokens(s) * ceil((double)model->vocab / plan->ranks.ffn_tp) * 4.0;
    return 2.0 * s->batch * s->n_new * model->hidden * 2.0 + widest + logits;
}

/* Pieces of a pipelined exchange, as in the papers on fused dispatch (assumed). */
static const double waves = 4.0;

/* Micro-batches that the next stage gets; the fullest stage is taken to be the last, which has the
 * head. */
static void lay_send(gable_laying *l)
{
    double streams = l->model->hyper_streams > 1 ? l->model->hyper_streams : 1.0;
    gable_collective send = {.kind = GABLE_COLLECTIVE_P2P,
                             .bytes = l->tokens * l->model->hidden * streams * 2.0,
                             .n_ranks = 2.0,
                             .span = l->plan->ranks.replica};
    /* One half goes to the next stage while this one works on the other half. */
    if (l->turns)
        gable_rows_within(l, GABLE_GROUP_LAYERS, GABLE_LANE_RETURN);
    if (l->plan->ranks.pp > 1.0)
        gable_rows_exchange(l, "stage_send", &send);
    gable_rows_within(l, GABLE_GROUP_NONE, GABLE_LANE_DEVICE);
}

static void lay_all(gable_laying *l)
{
    gable_layout_vision(l);
    if (l->plan->ranks.pp <= 1.0) /* the first stage has it */
        lay_embedding(l);
    gable_layout_inputs(l);
    lay_layers(l);
    lay_send(l);
    lay_head(l);
    gable_rows_gap(l);
    gable_layout_canvas(l->plan);
}

gable_status gable_layout_plan(gable_arena *arena, const gable_model *model,
                               const gable_scenario *scenario, gable_plan *out, gable_err *err)
{
    gable_err local = {0};
    err = err ? err : &local;
    GABLE_TRY(gable_layout_check(model, scenario, err));
    GABLE_TRY(gable_layout_check_vision(model, scenario, err));
    GABLE_TRY(gable_layout_check_residency(model, scenario, err));
    *out = (gable_plan){.model = model, .scenario = *scenario};
    out->tokens = scenario->batch * scenario->n_new;
    out->waves = scenario->overlap == GABLE_OVERLAP_WAVES ? waves : 0.0;
    GABLE_TRY(gable_layout_deal(model, out, err));
    GABLE_TRY(take_columns(arena, out, err));
    gable_laying l = {.plan = out,
                      .arena = arena,
                      .err = err,
                      .model = model,
                      .tokens = out->local.batch * out->local.n_new,
                      .tp = out->ranks.tp,
                      .ep = out->ranks.ep,
                      .ffn_tp = out->ranks.ffn_tp,
                      .stage_frac = out->stage_frac,
                      .turns = scenario->overlap == GABLE_OVERLAP_TWO_BATCH};
    lay_all(&l);
    for (int i = 0; i < out->n_rows; i++)
        out->weights_bytes += out->stored_bytes[i];
    out->activation_bytes = activation_bytes(out, model);
    gable_layout_residency(&l);
    gable_rows_bubble(&l);
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
    case GABLE_ROW_BUBBLE:
        return "bubble";
    case GABLE_ROW_HOST:
        return "host";
    }
    return "";
}
