/* report/explain_rows: the lines of one operator or collective: work by its shape, ceiling by the
 * datasheet, expected time by its constants. One function per row of ops.def. */
#include <math.h>

#include "cost/tiers.h"
#include "engine/host.h"
#include "report/explain.h"

static void count(gable_node *node, const char *symbol, double value)
{
    gable_explain_times(node, symbol, value, GABLE_DIM_NONE, NULL);
}

static void element_bytes(gable_node *node, double bytes)
{
    gable_explain_times(node, "each", bytes, GABLE_DIM_NONE, "B");
}

/* ---- FLOPs and weight bytes by shape: facts/models.md 4 ---- */

static void gemm_factors(const gable_op *op, gable_node *flops, gable_node *weights)
{
    const gable_gemm *g = &op->gemm;
    double groups = g->groups > 0.0 ? g->groups : 1.0;
    count(flops, "2", 2.0);
    count(flops, "m", g->m);
    count(flops, "n", g->n);
    count(flops, "k", g->k);
    count(weights, "n", g->n);
    count(weights, "k", g->k);
    element_bytes(weights, gable_dtype_bytes(op->weights));
    if (groups > 1.0) {
        count(flops, "groups", groups);
        count(weights, "groups", groups);
    }
}

static void attention_factors(const gable_op *op, gable_node *flops, gable_node *weights)
{
    const gable_attention *a = &op->attention;
    (void)weights;
    count(flops, "2", 2.0);
    count(flops, "sequences", a->batch);
    count(flops, "heads", a->heads);
    count(flops, "qk + v", a->qk_dim + a->v_dim);
    count(flops, "pairs", gable_cost_pairs(a->n_cached, a->n_new, a->window, a->causal));
}

static void moe_factors(const gable_op *op, gable_node *flops, gable_node *weights)
{
    const gable_moe *e = &op->moe;
    gable_moe_load load = gable_cost_moe_load(e);
    count(flops, "2", 2.0);
    count(flops, "token-expert pairs", load.pairs);
    count(flops, "matrices", e->n_matrices);
    count(flops, "d", e->hidden);
    count(flops, "width", e->inter / e->tp);
    count(weights, "distinct experts", load.distinct);
    count(weights, "matrices", e->n_matrices);
    count(weights, "d", e->hidden);
    count(weights, "width", e->inter / e->tp);
    element_bytes(weights, gable_dtype_bytes(op->weights));
}

static void stream_factors(const gable_op *op, gable_node *flops, gable_node *weights)
{
    (void)op;
    (void)flops;
    (void)weights;
}

typedef void factor_function(const gable_op *op, gable_node *flops, gable_node *weights);

static factor_function *const factors[GABLE_N_OP_KINDS] = {
    [GABLE_OP_GEMM] = gemm_factors,        [GABLE_OP_ATTENTION] = attention_factors,
    [GABLE_OP_LATENT] = attention_factors, [GABLE_OP_BATCHED] = gemm_factors,
    [GABLE_OP_SUBLAYER] = stream_factors, /* a sum of parts, no product */
    [GABLE_OP_MOE] = moe_factors,          [GABLE_OP_STREAM] = stream_factors,
    [GABLE_OP_LINEAR] = stream_factors,    [GABLE_OP_MHC] = stream_factors,
    [GABLE_OP_QUANTIZE] = stream_factors,
};

static void close_factors(gable_node *node, double calls)
{
    if (node->n_factors > 0)
        count(node, "calls", calls);
    gable_explain_keep_true(node);
}

static void add_work(gable_tree *tree, gable_node *parent, int row)
{
    const gable_plan *plan = tree->priced->plan;
    const gable_work *work = &plan->work[row];
    double calls = plan->calls[row];
    gable_node none = {0}, *flops = &none, *weights = &none;
    if (work->flops > 0.0)
        flops = gable_explain_add(tree, parent, "compute", calls * work->flops, GABLE_DIM_FLOPS);
    gable_node *bytes =
        gable_explain_add(tree, parent, "memory", calls * work->hbm_bytes, GABLE_DIM_BYTES);
    bytes->combine = GABLE_COMBINE_SUM;
    if (work->weight_bytes > 0.0)
        weights =
            gable_explain_add(tree, bytes, "weights", calls * work->weight_bytes, GABLE_DIM_BYTES);
    if (work->activation_bytes > 0.0)
        gable_explain_add(tree, bytes, "activations", calls * work->activation_bytes,
                          GABLE_DIM_BYTES);
    if (work->cache_bytes > 0.0)
        gable_explain_add(tree, bytes, "cache", calls * work->cache_bytes, GABLE_DIM_BYTES);
    factors[plan->op[row].kind](&plan->op[row], flops, weights);
    close_factors(flops, calls);
    close_factors(weights, calls);
}

/* ---- ceiling ---- */

typedef struct peak {
    double flops_per_s;
    const char *symbol, *source;
} peak;

static peak peak_of(gable_tree *tree, const gable_work *work)
{
    const gable_accelerator *device = tree->priced->machine->accelerator;
    if (work->vector)
        return (peak){
            device->vector_fp32_flops_per_s, "vector peak",
            gable_explain_spec(tree, offsetof(gable_accelerator, vector_fp32_flops_per_s))};
    gable_mma used = work->mma;
    double rate = gable_accelerator_peak(device, work->mma, &used);
    size_t offset = offsetof(gable_accelerator, matrix_flops_per_s) + (size_t)used * sizeof(double);
    return (peak){rate, gable_report_format(tree->arena, "dense %s peak", gable_mma_key(used)),
                  gable_explain_spec(tree, offset)};
}

/* What the bytes of an operator come through, and by what name. */
typedef struct source_of_bytes {
    double bytes_per_s;
    const char *symbol, *source;
} source_of_bytes;

/* Device memory; with flash beside it both; or units inside it, which bring their own peak. */
static source_of_bytes memory_of(gable_tree *tree, const gable_work *work, peak *top)
{
    const gable_accelerator *a = tree->priced->machine->accelerator;
    double compute_s, memory_s, bandwidth = gable_tiers_bandwidth(work, a);
    source_of_bytes out = {
        bandwidth, a->flash_bytes_per_s > 0.0 ? "flash and memory" : "bandwidth",
        gable_explain_spec(tree, offsetof(gable_accelerator, hbm_bandwidth_bytes_per_s))};
    double usual = fmax(top->flops_per_s > 0.0 ? work->flops / top->flops_per_s : 0.0,
                        work->hbm_bytes / bandwidth);
    if (gable_tiers_near(work, a, &compute_s, &memory_s) && fmax(compute_s, memory_s) < usual) {
        *top = (peak){a->near_flops_per_s, "units in the memory",
                      gable_explain_spec(tree, offsetof(gable_accelerator, near_flops_per_s))};
        out.bytes_per_s = a->near_bytes_per_s;
        out.symbol = "inside the memory";
        out.source = gable_explain_spec(tree, offsetof(gable_accelerator, near_bytes_per_s));
    }
    return out;
}

static void add_ceiling(gable_tree *tree, gable_node *parent, int row)
{
    const gable_priced *priced = tree->priced;
    const gable_work *work = &priced->plan->work[row];
    double calls = priced->plan->calls[row];
    peak top = peak_of(tree, work);
    source_of_bytes from = memory_of(tree, work, &top);
    double flops = calls * work->flops, bytes = calls * work->hbm_bytes;
    gable_node *ceiling =
        gable_explain_add(tree, parent, "ceiling", priced->step->ceiling_s[row], GABLE_DIM_SECONDS);
    ceiling->combine = GABLE_COMBINE_MAX;
    if (top.flops_per_s > 0.0 && flops > 0.0) {
        gable_node *compute =
            gable_explain_add(tree, ceiling, "compute", flops / top.flops_per_s, GABLE_DIM_SECONDS);
        compute->source = top.source;
        gable_explain_times(compute, "compute", flops, GABLE_DIM_FLOPS, NULL);
        gable_explain_over(compute, top.symbol, top.flops_per_s, GABLE_DIM_FLOPS_PER_S, NULL);
    }
    gable_node *memory =
        gable_explain_add(tree, ceiling, "memory", bytes / from.bytes_per_s, GABLE_DIM_SECONDS);
    memory->source = from.source;
    gable_explain_times(memory, "memory", bytes, GABLE_DIM_BYTES, NULL);
    gable_explain_over(memory, from.symbol, from.bytes_per_s, GABLE_DIM_BYTES_PER_S, NULL);
}

/* ---- expected time ---- */

/* "fitted: h100-sxm gemm bf16, 137 rows" */
static const char *provenance(gable_tree *tree, gable_provenance source, const char *from)
{
    return gable_report_format(tree->arena, "%s%s%s", gable_provenance_name(source),
                               from ? ": " : "", from ? from : "");
}

static void add_overhead(gable_tree *tree, gable_node *parent, int row, const char *source)
{
    const gable_time *time = &tree->priced->step->row[row];
    double calls = tree->priced->plan->calls[row];
    if (time->overhead_s <= 0.0)
        return;
    gable_node *floor =
        gable_explain_add(tree, parent, "floor", calls * time->overhead_s, GABLE_DIM_SECONDS);
    gable_explain_times(floor, "calls", calls, GABLE_DIM_NONE, NULL);
    gable_explain_times(floor, "each", time->overhead_s, GABLE_DIM_SECONDS, NULL);
    floor->source = source;
}

/* One of the terms that overlap; its fraction of the datasheet rate where there is one. */
static void add_term(gable_tree *tree, gable_node *parent, const char *label, double term_s,
                     double ideal_s, const char *source)
{
    if (term_s <= 0.0)
        return;
    gable_node *term = gable_explain_add(tree, parent, label, term_s, GABLE_DIM_SECONDS);
    gable_explain_times(term, "at full rate", ideal_s, GABLE_DIM_SECONDS, NULL);
    gable_explain_over(term, "reached", ideal_s / term_s, GABLE_DIM_NONE, NULL);
    gable_explain_keep_true(term);
    term->source = source;
}

static void add_expected(gable_tree *tree, gable_node *parent, int row)
{
    const gable_priced *priced = tree->priced;
    const gable_time *time = &priced->step->row[row];
    const gable_work *work = &priced->plan->work[row];
    const gable_constants *constants = priced->machine->constants;
    const gable_kernel_constants *kernel = time->kernel;
    double calls = priced->plan->calls[row], top = peak_of(tree, work).flops_per_s;
    const char *source =
        constants->ideal ? "spec: stack ideal" : provenance(tree, time->provenance, kernel->from);
    double longest = fmax(time->compute_s, fmax(time->memory_s, time->network_s));
    gable_node *expected =
        gable_explain_add(tree, parent, "expected", priced->step->time_s[row], GABLE_DIM_SECONDS);
    expected->combine = GABLE_COMBINE_SUM;
    add_overhead(tree, expected, row, source);
    gable_node *rest =
        gable_explain_add(tree, expected, "longest of", calls * longest, GABLE_DIM_SECONDS);
    rest->combine = GABLE_COMBINE_MAX;
    add_term(tree, rest, "compute", calls * time->compute_s,
             top > 0.0 ? calls * work->flops / top : 0.0, source);
    add_term(tree, rest, "memory", calls * time->memory_s,
             calls * work->hbm_bytes / gable_tiers_bandwidth(work, priced->machine->accelerator),
             source);
    add_term(tree, rest, "network", calls * time->network_s, 0.0, source);
    double other = priced->step->time_s[row] - calls * (time->overhead_s + longest);
    if (fabs(other) > 1e-12 * priced->step->time_s[row])
        gable_explain_add(tree, expected, "what the kernel model adds", other, GABLE_DIM_SECONDS)
            ->source = source;
}

/* The constants of the kernel's form by name: what was fitted, and what each means. */
static void add_constants(gable_tree *tree, gable_node *parent, int row)
{
    const gable_priced *priced = tree->priced;
    const gable_work *work = &priced->plan->work[row];
    const gable_constants *constants = priced->machine->constants;
    if (!priced->constants || constants->ideal)
        return;
    const gable_kernel_constants *kernel = priced->step->row[row].kernel;
    const gable_form *form = &gable_forms[gable_family_form(work->family)];
    gable_node *list =
        gable_explain_add(tree, parent, "constants", form->n_parameters, GABLE_DIM_NONE);
    list->reason = gable_report_format(tree->arena, "of the form \"%s\"", form->name);
    list->source = provenance(tree, kernel->provenance, kernel->from);
    for (int i = 0; i < form->n_parameters; i++)
        gable_explain_add(tree, list, form->parameters[i].name, kernel->value[i], GABLE_DIM_NONE)
            ->reason = form->parameters[i].help;
}

static void explain_op(gable_tree *tree, gable_node *node, int row)
{
    node->combine = GABLE_COMBINE_LAST;
    add_work(tree, node, row);
    add_ceiling(tree, node, row);
    add_constants(tree, node, row);
    add_expected(tree, node, row);
}

/* ---- collectives and gaps ---- */

/* What one call is given: a buffer, or tokens for experts. */
static void explain_buffer(gable_tree *tree, gable_node *node, const gable_collective *collective)
{
    bool tokens = collective->tokens > 0.0;
    double bytes =
        tokens ? collective->tokens * collective->hidden * gable_dtype_bytes(collective->payload)
               : collective->bytes;
    gable_node *buffer = gable_explain_add(tree, node, tokens ? "tokens of a rank" : "full buffer",
                                           bytes, GABLE_DIM_BYTES);
    buffer->reason =
        gable_report_format(tree->arena, "%s over %.0f ranks, one call",
                            gable_collective_name((int)collective->kind), collective->n_ranks);
    if (!tokens)
        return;
    gable_explain_times(buffer, "tokens", collective->tokens, GABLE_DIM_COUNT, NULL);
    gable_explain_times(buffer, "width", collective->hidden, GABLE_DIM_COUNT, NULL);
    gable_explain_times(buffer, "each", gable_dtype_bytes(collective->payload), GABLE_DIM_NONE,
                        "B");
}

static void explain_collective(gable_tree *tree, gable_node *node, int row)
{
    const gable_priced *priced = tree->priced;
    const gable_collective *collective = &priced->plan->collective[row];
    const gable_constants *constants = priced->machine->constants;
    double calls = priced->plan->calls[row];
    gable_transfer transfer;
    gable_net_transfer(collective, priced->machine, &transfer);
    node->combine = GABLE_COMBINE_LAST;
    explain_buffer(tree, node, collective);
    gable_node *wire =
        gable_explain_add(tree, node, "wire", calls * transfer.wire_bytes, GABLE_DIM_BYTES);
    gable_explain_times(wire, "calls", calls, GABLE_DIM_NONE, NULL);
    gable_explain_times(wire, "each", transfer.wire_bytes, GABLE_DIM_BYTES, NULL);
    wire->reason =
        gable_report_format(tree->arena, "%s, %.0f steps", transfer.algorithm, transfer.steps);
    gable_node *ceiling =
        gable_explain_add(tree, node, "ceiling", priced->step->ceiling_s[row], GABLE_DIM_SECONDS);
    double least = gable_net_wire_bytes(collective, priced->machine->system);
    gable_explain_times(ceiling, "calls", calls, GABLE_DIM_NONE, NULL);
    gable_explain_times(ceiling, "least wire", least, GABLE_DIM_BYTES, NULL);
    gable_explain_over(ceiling, "link", priced->machine->system->scale_up_bytes_per_s,
                       GABLE_DIM_BYTES_PER_S, NULL);
    gable_explain_keep_true(ceiling);
    ceiling->source = "spec";
    const char *source = constants->ideal
                             ? "spec: stack ideal"
                             : provenance(tree, transfer.time.provenance, transfer.from);
    gable_node *expected =
        gable_explain_add(tree, node, "expected", priced->step->time_s[row], GABLE_DIM_SECONDS);
    expected->combine = GABLE_COMBINE_SUM;
    add_overhead(tree, expected, row, source);
    gable_node *moving = gable_explain_add(tree, expected, "moving",
                                           calls * transfer.time.network_s, GABLE_DIM_SECONDS);
    gable_explain_times(moving, "calls", calls, GABLE_DIM_NONE, NULL);
    gable_explain_times(moving, "each", transfer.time.network_s, GABLE_DIM_SECONDS, NULL);
    moving->source = source;
}

static void explain_gap(gable_tree *tree, gable_node *node, int row)
{
    const gable_constants *constants = tree->priced->machine->constants;
    gable_explain_times(node, "calls", tree->priced->plan->calls[row], GABLE_DIM_NONE, NULL);
    gable_explain_times(node, "each", tree->priced->step->row[row].time_s, GABLE_DIM_SECONDS, NULL);
    node->source = provenance(tree, constants->gap_provenance, constants->gap_from);
    node->reason = "time between kernels";
}

static void explain_bubble(gable_tree *tree, gable_node *node, int row)
{
    const gable_plan *plan = tree->priced->plan;
    double working = tree->priced->step->time_s[row] / plan->bubble_frac;
    gable_explain_times(node, "a stage works", working, GABLE_DIM_SECONDS, NULL);
    gable_explain_times(node, "waits for each of it", plan->bubble_frac, GABLE_DIM_NONE, NULL);
    node->reason = "a stage without a micro-batch";
}

static void explain_host(gable_tree *tree, gable_node *node, int row)
{
    (void)row;
    node->source = provenance(tree, GABLE_PROVENANCE_SPEC, NULL);
    const gable_priced *priced = tree->priced;
    node->reason =
        gable_engine_exchange_s(priced->machine, priced->step->wire_bytes_total) > 0.0
            ? "fetched from beyond the device's memory over the link that exchanges use too, as "
              "far "
              "as other rows do not hide it"
            : "fetched from beyond the device's memory, as far as other rows do not hide it";
}

typedef void row_function(gable_tree *tree, gable_node *node, int row);

static row_function *const explainers[] = {
    [GABLE_ROW_OP] = explain_op,     [GABLE_ROW_COLLECTIVE] = explain_collective,
    [GABLE_ROW_GAP] = explain_gap,   [GABLE_ROW_BUBBLE] = explain_bubble,
    [GABLE_ROW_HOST] = explain_host,
};

void gable_explain_row(gable_tree *tree, gable_node *parent, int row)
{
    const gable_plan *plan = tree->priced->plan;
    gable_node *node = gable_explain_add(tree, parent, plan->name[row],
                                         tree->priced->step->time_s[row], GABLE_DIM_SECONDS);
    explainers[plan->kind[row]](tree, node, row);
}
