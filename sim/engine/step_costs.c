/* engine/step_costs: see step_costs.h. Numbers of sections are those of facts/serving.md. */
#include "engine/step_costs.h"

#include <math.h>

#include "engine/energy.h"

/* From one grid point to the next, and below which batch each is one. Kernels step with their
 * tiles, so batches and tokens want more points than contexts, in which times are all but linear.
 */
static const double batch_ratio = 1.1892071150027210667,
                    context_ratio = 2.0; /* 4 and 1 an octave */
static const double token_ratio = 1.1892071150027210667, part_ratio = 1.2599210498948731648,
                    prior_ratio = 4.0;
static const double exact_batch = 8.0, least_context = 64.0, least_tokens = 16.0,
                    least_prior = 1024.0;

double gable_step_costs_operator(const gable_op *op, const gable_machine *machine)
{
    gable_work work;
    gable_time time;
    gable_cost_work(op, &work);
    gable_cost_time(op, &work, machine->accelerator, machine->constants, &time);
    return gable_energy_held_s(machine, &work, &time);
}

double gable_step_costs_kernels(const gable_plan *plan, const gable_step *step)
{
    double s = step->time_s_total;
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_GAP)
            s -= step->time_s[i] * (1.0 + plan->bubble_frac);
    return s;
}

/* Experts: scores, their choice (2), counting and sorting tokens (3), two products, the activation
 * between them, the sum. Attention: turning and storing keys, then itself; of latents, joining and
 * storing their parts takes five. A block of sparse attention comes in three rows. Activations that
 * are scaled by blocks as they come are quantised by a kernel of their own, others by the norm or
 * activation before. */
static double kernels_of(const gable_op *op)
{
    static const double of_kind[] = {
        [GABLE_OP_GEMM] = 1.0,     [GABLE_OP_ATTENTION] = 2.0, [GABLE_OP_LATENT] = 6.0,
        [GABLE_OP_BATCHED] = 1.0,  [GABLE_OP_SUBLAYER] = 6.0,  [GABLE_OP_MOE] = 10.0,
        [GABLE_OP_LINEAR] = 2.0,   [GABLE_OP_MHC] = 1.0,       [GABLE_OP_QUANTIZE] = 1.0,
        [GABLE_OP_EXCHANGE] = 1.0, [GABLE_OP_STREAM] = 1.0};
    bool product = op->kind == GABLE_OP_GEMM || op->kind == GABLE_OP_MOE;
    bool beside = op->activations == GABLE_DTYPE_FP8 || op->activations == GABLE_DTYPE_NVFP4;
    bool quantised_apart = product && gable_dtype_bytes(op->activations) < 2.0 && !beside;
    return of_kind[op->kind] + (quantised_apart ? 1.0 : 0.0);
}

double gable_step_costs_launches(const gable_plan *plan)
{
    double n = 0.0;
    for (int i = 0; i < plan->n_rows; i++) {
        if (plan->kind[i] == GABLE_ROW_OP)
            n += plan->calls[i] * kernels_of(&plan->op[i]);
        else if (plan->kind[i] == GABLE_ROW_COLLECTIVE)
            n += plan->calls[i];
    }
    return n;
}

/* ---- rows that all tokens share ---- */

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
        transfer.time.wire_bytes = transfer.wire_bytes;
        return gable_energy_held_s(machine, NULL, &transfer.time);
    }
    gable_op op = plan->op[row];
    scale_tokens(&op, by);
    return gable_step_costs_operator(&op, machine);
}

/* Of one layer or more: the parts of a step that a prompt adds to. */
static bool in_layers(const gable_plan *plan, int row)
{
    return plan->layers[row] != 0 &&
           (plan->kind[row] == GABLE_ROW_OP || plan->kind[row] == GABLE_ROW_COLLECTIVE);
}

static bool shares(const gable_plan *plan, int row)
{
    gable_op op = plan->op[row];
    return plan->kind[row] == GABLE_ROW_COLLECTIVE || scale_tokens(&op, 1.0);
}

/* What one call of a row adds. */
static double joined_row(const gable_plan *prompt, int row, const gable_machine *machine,
                         double batch)
{
    double tokens = prompt->local.batch * prompt->local.n_new;
    if (!shares(prompt, row))
        return gable_step_costs_operator(&prompt->op[row], machine);
    return scaled_row(prompt, row, machine, (tokens + batch) / tokens) -
           scaled_row(prompt, row, machine, batch / tokens);
}

double gable_step_costs_joined(const gable_plan *prompt, const int *like,
                               const gable_machine *machine, double batch)
{
    enum { KEPT = 128 };
    double s = 0.0, kept[KEPT];
    for (int i = 0; i < prompt->n_rows; i++) {
        double row_s = 0.0;
        bool again = like[i] < i && like[i] < KEPT && in_layers(prompt, like[i]);
        if (!in_layers(prompt, i))
            continue;
        row_s = again ? kept[like[i]] : joined_row(prompt, i, machine, batch);
        if (i < KEPT)
            kept[i] = row_s;
        s += prompt->calls[i] * row_s;
    }
    return s > 0.0 ? s : 0.0;
}

/* ---- the grid ---- */

typedef struct building {
    gable_arena *arena;
    const gable_model *model;
    const gable_machine *machine;
    const gable_scenario *ranks;
    gable_err *err;
} building;

/* Whole numbers from `least` to `most`, each by `ratio` from the one before and at least one more;
 * both ends are among them, and `zero` before them if asked for. */
static gable_status take_nodes(const building *b, bool zero, double least, double most,
                               double ratio, double **out, int *n)
{
    double nodes[GABLE_STEP_NODES_CAP] = {0}, x = fmin(least, most);
    *n = 0;
    if (zero)
        nodes[(*n)++] = 0.0;
    for (; x < most && *n < GABLE_STEP_NODES_CAP - 1; x = fmax(floor(x * ratio), x + 1.0))
        nodes[(*n)++] = x;
    if (!zero || most > 0.0)
        nodes[(*n)++] = most;
    GABLE_TRY(gable_arena_take(b->arena, (size_t)*n, sizeof **out, out, b->err));
    for (int i = 0; i < *n; i++)
        (*out)[i] = nodes[i];
    return GABLE_OK;
}

static gable_status lay_and_price(const building *b, const gable_scenario *scenario,
                                  gable_plan *plan, gable_step *step)
{
    gable_energy held;
    const gable_power_limits limits = {.device_w = b->machine->power_limit_w};
    GABLE_TRY(gable_engine_lay(b->arena, b->model, b->machine, scenario, plan, step, b->err));
    if (!b->machine->power || !(limits.device_w > 0.0))
        return GABLE_OK;
    return gable_energy_of_step(b->arena, plan, b->machine, b->machine->power, &limits, step, &held,
                                b->err);
}

static gable_status price_decode(const building *b, double batch, double context,
                                 gable_step_costs *costs, double *out)
{
    gable_plan plan;
    gable_step step;
    gable_scenario s = *b->ranks;
    size_t mark = gable_arena_mark(b->arena);
    s.phase = GABLE_PHASE_DECODE;
    s.batch = batch;
    s.n_cached = context;
    s.n_new = 1.0;
    GABLE_TRY(lay_and_price(b, &s, &plan, &step));
    *out = gable_step_costs_kernels(&plan, &step);
    costs->groups = fmax(plan.ranks.attn_dp, 1.0);
    costs->passes = fmax(plan.passes, 1.0); /* the last priced is the largest step */
    gable_arena_release(b->arena, mark);
    return GABLE_OK;
}

typedef struct prompt_price {
    double shared_s, experts_s, attention_s, rest_s, launches, drain_frac;
} prompt_price;

/* What a row counts to. */
static double *part_of(const gable_plan *plan, int row, prompt_price *out)
{
    if (!shares(plan, row))
        return &out->attention_s;
    bool experts = plan->kind[row] == GABLE_ROW_OP && plan->op[row].kind == GABLE_OP_MOE;
    return experts ? &out->experts_s : &out->shared_s;
}

/* As many prompts as there are groups, each of these tokens. */
static gable_status price_prompts(const building *b, double n, double tokens, double prior,
                                  prompt_price *out)
{
    gable_plan plan;
    gable_step step;
    gable_scenario s = *b->ranks;
    size_t mark = gable_arena_mark(b->arena);
    s.phase = GABLE_PHASE_PREFILL;
    s.batch = n;
    s.n_cached = prior;
    s.n_new = tokens;
    GABLE_TRY(lay_and_price(b, &s, &plan, &step));
    *out = (prompt_price){.launches = gable_step_costs_launches(&plan),
                          .drain_frac = plan.bubble_frac};
    for (int i = 0; i < plan.n_rows; i++)
        if (in_layers(&plan, i))
            *part_of(&plan, i, out) += step.time_s[i];
    double stage_s = gable_step_costs_kernels(&plan, &step) / (1.0 + plan.bubble_frac);
    out->rest_s = stage_s - out->shared_s - out->experts_s - out->attention_s;
    gable_arena_release(b->arena, mark);
    return GABLE_OK;
}

/* Every batch up to `exact_batch`, then by ratio. */
static gable_status take_batches(const building *b, double most, gable_step_costs *out)
{
    double *beyond;
    int n_beyond = 0, n_exact = (int)fmin(exact_batch, most);
    if (most > exact_batch)
        GABLE_TRY(take_nodes(b, false, exact_batch + 1.0, most, batch_ratio, &beyond, &n_beyond));
    GABLE_TRY(gable_arena_take(b->arena, (size_t)(n_exact + n_beyond), sizeof *out->batch,
                               &out->batch, b->err));
    for (int i = 0; i < n_exact; i++)
        out->batch[out->n_batch++] = i + 1.0;
    for (int i = 0; i < n_beyond; i++)
        out->batch[out->n_batch++] = beyond[i];
    return GABLE_OK;
}

static gable_status build_decode(const building *b, const gable_step_range *range,
                                 gable_step_costs *out)
{
    GABLE_TRY(take_batches(b, floor(range->most_batch), out));
    GABLE_TRY(take_nodes(b, false, fmax(floor(range->least_context), least_context),
                         ceil(range->most_context), context_ratio, &out->context, &out->n_context));
    size_t n = (size_t)out->n_batch * (size_t)out->n_context;
    GABLE_TRY(gable_arena_take(b->arena, n, sizeof *out->decode_s, &out->decode_s, b->err));
    for (int i = 0; i < out->n_batch; i++)
        for (int j = 0; j < out->n_context; j++)
            GABLE_TRY(price_decode(b, out->batch[i], out->context[j], out,
                                   &out->decode_s[i * out->n_context + j]));
    return GABLE_OK;
}

static gable_status build_prompts(const building *b, const gable_step_range *range,
                                  gable_step_costs *out)
{
    prompt_price price;
    GABLE_TRY(take_nodes(b, false, 1.0, ceil(fmax(range->most_tokens, 2.0)), token_ratio,
                         &out->tokens, &out->n_tokens));
    GABLE_TRY(gable_arena_take(b->arena, (size_t)out->n_tokens, sizeof *out->shared_s,
                               &out->shared_s, b->err));
    GABLE_TRY(gable_arena_take(b->arena, (size_t)out->n_tokens, sizeof *out->experts_s,
                               &out->experts_s, b->err));
    GABLE_TRY(gable_arena_take(b->arena, (size_t)out->n_tokens, sizeof *out->rest_s, &out->rest_s,
                               b->err));
    for (int i = 0; i < out->n_tokens; i++) {
        GABLE_TRY(price_prompts(b, out->groups, ceil(out->tokens[i] / out->groups), 0.0, &price));
        out->shared_s[i] = price.shared_s;
        out->experts_s[i] = price.experts_s;
        out->rest_s[i] = price.rest_s;
        out->launches = price.launches;
    }
    GABLE_TRY(take_nodes(b, false, least_tokens, ceil(fmax(range->most_part, 2.0)), part_ratio,
                         &out->part, &out->n_part));
    GABLE_TRY(take_nodes(b, true, least_prior, ceil(range->most_prior), prior_ratio, &out->prior,
                         &out->n_prior));
    size_t n = (size_t)out->n_part * (size_t)out->n_prior;
    GABLE_TRY(gable_arena_take(b->arena, n, sizeof *out->attention_s, &out->attention_s, b->err));
    for (int i = 0; i < out->n_part; i++)
        for (int j = 0; j < out->n_prior; j++) {
            GABLE_TRY(price_prompts(b, 1.0, out->part[i], out->prior[j], &price));
            out->attention_s[i * out->n_prior + j] = price.attention_s / out->part[i];
            out->drain_frac = price.drain_frac;
        }
    return GABLE_OK;
}

gable_status gable_step_costs_build(gable_arena *arena, const gable_model *model,
                                    const gable_machine *machine, const gable_scenario *ranks,
                                    const gable_step_range *range, gable_step_costs *out,
                                    gable_err *err)
{
    building b = {arena, model, machine, ranks, err};
    *out = (gable_step_costs){0};
    GABLE_TRY(build_decode(&b, range, out));
    return build_prompts(&b, range, out);
}

/* ---- looking up ---- */

/* Index i of the segment [i, i + 1] that x is in, the first or last beyond the ends, and how far
 * along it x is: beyond the last point the line goes on, before the first it stays. */
static int segment_of(const double *nodes, int n, double x, double *along)
{
    int low = 0, high = n - 1;
    *along = 0.0;
    if (n == 1)
        return 0;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        *(nodes[middle] <= x ? &low : &high) = middle;
    }
    *along = fmax((x - nodes[low]) / (nodes[low + 1] - nodes[low]), 0.0);
    return low;
}

static double between(const double *values, int i, int step, double along)
{
    return along > 0.0 ? values[i] + along * (values[i + step] - values[i]) : values[i];
}

void gable_step_costs_decode(const gable_step_costs *costs, double batch, double *row_s)
{
    double along;
    int n = costs->n_context;
    int i = segment_of(costs->batch, costs->n_batch, batch, &along);
    const double *low = &costs->decode_s[(size_t)i * (size_t)n];
    for (int j = 0; j < n; j++)
        row_s[j] = between(low, j, n, along);
}

double gable_step_costs_decode_at(const gable_step_costs *costs, double batch, double context)
{
    double row_s[GABLE_STEP_NODES_CAP], along;
    gable_step_costs_decode(costs, batch, row_s);
    int i = segment_of(costs->context, costs->n_context, context, &along);
    return between(row_s, i, 1, along);
}

static double by_tokens(const gable_step_costs *costs, const double *values, double tokens)
{
    double along;
    if (!values || !(tokens > 0.0))
        return 0.0;
    int i = segment_of(costs->tokens, costs->n_tokens, tokens, &along);
    return between(values, i, 1, along);
}

double gable_step_costs_shared(const gable_step_costs *costs, double tokens)
{
    return by_tokens(costs, costs->shared_s, tokens);
}

double gable_step_costs_experts(const gable_step_costs *costs, double tokens)
{
    return by_tokens(costs, costs->experts_s, tokens);
}

double gable_step_costs_rest(const gable_step_costs *costs, double tokens)
{
    double along;
    int i = segment_of(costs->tokens, costs->n_tokens, tokens, &along);
    return between(costs->rest_s, i, 1, along);
}

double gable_step_costs_attention(const gable_step_costs *costs, double part, double prior)
{
    double along, along_prior;
    int n = costs->n_prior;
    int i = segment_of(costs->part, costs->n_part, part, &along);
    int j = segment_of(costs->prior, n, prior, &along_prior);
    const double *row = &costs->attention_s[(size_t)i * (size_t)n];
    double low = between(row, j, 1, along_prior);
    double high = along > 0.0 ? between(row + n, j, 1, along_prior) : low;
    return part * (low + along * (high - low));
}

/* `tokens` of all groups, of which the fullest has `share`; beside `decoded` sequences a pass. */
static double parts_s(const gable_step_costs *costs, double tokens, double share,
                      double attention_s, double decoded)
{
    double all = tokens * share * costs->groups;
    double kernels = gable_step_costs_experts(costs, tokens + decoded) -
                     gable_step_costs_experts(costs, decoded) +
                     gable_step_costs_shared(costs, all + decoded) -
                     gable_step_costs_shared(costs, decoded);
    if (!(decoded > 0.0))
        kernels += gable_step_costs_rest(costs, all);
    return kernels + attention_s * share;
}

double gable_step_costs_parts(const gable_step_costs *costs, double n, double tokens,
                              double attention_s, double batch, double *late_s)
{
    double heaviest = ceil(n / costs->groups) / n, decoded = batch / costs->passes;
    double longest_s = parts_s(costs, tokens, heaviest, attention_s, decoded);
    *late_s = 0.0;
    if (heaviest * costs->groups <= 1.0)
        return longest_s;
    /* As many for each group, of which these are some. */
    double times = heaviest * costs->groups;
    double all_s =
        parts_s(costs, tokens * times, 1.0 / costs->groups, attention_s * times, decoded);
    *late_s = fmax(longest_s - all_s / times, 0.0);
    return all_s / times;
}
