/* report/explain: the arithmetic of a step as a tree. Each line carries the factors of its formula,
 * so that a program (gable_explain_holds) can work it out again. Where the shape of an operator
 * does not give its figure by the formula of facts/models.md 4 (a kernel model counts more), the
 * figure stands without factors. */
#include "report/explain.h"

#include <math.h>
#include <string.h>

#include "model/describe.h"

/* ---- building ---- */

gable_node *gable_explain_add(gable_tree *tree, gable_node *parent, const char *label, double value,
                              gable_dim dim)
{
    gable_node *node = NULL;
    if (gable_arena_take(tree->arena, 1, sizeof *node, &node, tree->err) != GABLE_OK)
        return &tree->sink;
    node->label = label;
    node->value = value;
    node->dim = dim;
    if (!parent)
        return node;
    if (parent->last)
        parent->last->next = node;
    else
        parent->child = node;
    parent->last = node;
    return node;
}

void gable_explain_times(gable_node *node, const char *symbol, double value, gable_dim dim,
                         const char *unit)
{
    if (node->n_factors < GABLE_FACTORS_CAP)
        node->factors[node->n_factors++] = (gable_factor){symbol, value, dim, unit, false};
}

void gable_explain_over(gable_node *node, const char *symbol, double value, gable_dim dim,
                        const char *unit)
{
    if (node->n_factors < GABLE_FACTORS_CAP)
        node->factors[node->n_factors++] = (gable_factor){symbol, value, dim, unit, true};
}

static double product(const gable_node *node)
{
    double value = 1.0;
    for (int i = 0; i < node->n_factors; i++) {
        const gable_factor *factor = &node->factors[i];
        value = factor->divides ? value / factor->value : value * factor->value;
    }
    return value;
}

static bool near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance * fmax(fabs(a), fabs(b));
}

/* Factors that do not give the value are worse than none. */
static const double factor_tolerance = 1e-12;

void gable_explain_keep_true(gable_node *node)
{
    if (!near(product(node), node->value, factor_tolerance))
        node->n_factors = 0;
}

/* ---- checking ---- */

static double combined(const gable_node *node)
{
    double sum = 0.0, most = 0.0, last = 0.0;
    for (const gable_node *child = node->child; child; child = child->next) {
        sum += child->value;
        most = fmax(most, child->value);
        last = child->value;
    }
    const double values[GABLE_N_COMBINES] = {
        [GABLE_COMBINE_NONE] = node->value,
        [GABLE_COMBINE_SUM] = sum,
        [GABLE_COMBINE_MAX] = most,
        [GABLE_COMBINE_LAST] = last,
    };
    return values[node->combine];
}

/* The tree is as deep as its builder makes it (6), whatever the input. */
bool gable_explain_holds(const gable_node *root, double tolerance, const char **label)
{
    bool own = (root->n_factors == 0 || near(product(root), root->value, tolerance)) &&
               (!root->child || near(combined(root), root->value, tolerance));
    if (!own && label)
        *label = root->label;
    for (const gable_node *child = root->child; own && child; child = child->next)
        own = gable_explain_holds(child, tolerance, label);
    return own;
}

/* ---- the step ---- */

static void add_weights(gable_tree *tree, gable_node *root)
{
    const gable_model *model = tree->priced->plan->model;
    double params[GABLE_N_MODULES + 1];
    gable_model_module_params(model, params);
    gable_node *all =
        gable_explain_add(tree, root, "weights of the whole model", 0.0, GABLE_DIM_BYTES);
    all->combine = GABLE_COMBINE_SUM;
    for (int i = 0; i <= GABLE_N_MODULES; i++) {
        if (params[i] <= 0.0)
            continue;
        gable_dtype dtype = i < GABLE_N_MODULES ? model->dtypes[i].weights : GABLE_DTYPE_BF16;
        double element = gable_dtype_bytes(dtype);
        const char *name = i < GABLE_N_MODULES ? gable_module_name(i) : "norms and the rest";
        gable_node *part = gable_explain_add(tree, all, name, params[i] * element, GABLE_DIM_BYTES);
        gable_explain_times(part, "parameters", params[i], GABLE_DIM_COUNT, NULL);
        gable_explain_times(part, "each", element, GABLE_DIM_NONE, "B");
        part->source = gable_report_format(tree->arena, "model, %s", gable_dtype_name(dtype));
        all->value += part->value;
    }
}

/* By operator: what the rank of the plan keeps. */
static void add_stored(gable_tree *tree, gable_node *parent)
{
    const gable_plan *plan = tree->priced->plan;
    gable_node *weights =
        gable_explain_add(tree, parent, "weights", plan->weights_bytes, GABLE_DIM_BYTES);
    weights->combine = GABLE_COMBINE_SUM;
    weights->reason = "this rank's; what has fewer parts than ranks is replicated";
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->stored_bytes[i] > 0.0)
            gable_explain_add(tree, weights, plan->name[i], plan->stored_bytes[i], GABLE_DIM_BYTES);
}

static void add_cache(gable_tree *tree, gable_node *parent)
{
    const gable_plan *plan = tree->priced->plan;
    const gable_scenario *s = &plan->scenario;
    gable_node *cache = gable_explain_add(tree, parent, "cache", plan->kv_bytes, GABLE_DIM_BYTES);
    cache->reason = "all layers, this rank's heads";
    double tokens = plan->sequences * (s->n_cached + s->n_new);
    if (plan->kv_bytes <= 0.0)
        return;
    gable_explain_times(cache, "sequences", plan->sequences, GABLE_DIM_COUNT, NULL);
    gable_explain_times(cache, "tokens each", s->n_cached + s->n_new, GABLE_DIM_COUNT, NULL);
    gable_explain_times(cache, "per token", plan->kv_bytes / tokens, GABLE_DIM_BYTES, NULL);
    cache->source =
        gable_report_format(tree->arena, "model, %s", gable_dtype_name(plan->model->kv_dtype));
}

static void add_memory(gable_tree *tree, gable_node *root)
{
    const gable_plan *plan = tree->priced->plan;
    const gable_step *step = tree->priced->step;
    gable_node *memory =
        gable_explain_add(tree, root, "memory of one device", step->total_bytes, GABLE_DIM_BYTES);
    memory->combine = GABLE_COMBINE_SUM;
    add_stored(tree, memory);
    add_cache(tree, memory);
    if (plan->state_bytes > 0.0)
        gable_explain_add(tree, memory, "recurrent states", plan->state_bytes, GABLE_DIM_BYTES);
    gable_explain_add(tree, memory, "activations", plan->activation_bytes, GABLE_DIM_BYTES)
        ->reason = "residual stream, the widest operator, logits";
    gable_node *fit = gable_explain_add(tree, root, "of capacity", 0.0, GABLE_DIM_NONE);
    fit->value = (step->total_bytes + step->reserve_bytes) / step->capacity_bytes;
    if (step->reserve_bytes <= 0.0)
        gable_explain_times(fit, "needed", step->total_bytes, GABLE_DIM_BYTES, NULL);
    else
        gable_explain_times(fit, "needed and reserved", step->total_bytes + step->reserve_bytes,
                            GABLE_DIM_BYTES, NULL);
    gable_explain_over(fit, "capacity", step->capacity_bytes, GABLE_DIM_BYTES, NULL);
    fit->reason = step->fits ? "it fits" : "it does not fit";
    fit->source = gable_explain_spec(tree, offsetof(gable_accelerator, hbm_capacity_bytes));
}

static void add_operators(gable_tree *tree, gable_node *root)
{
    const gable_priced *priced = tree->priced;
    gable_node *all = gable_explain_add(tree, root, "expected time", priced->step->time_s_total,
                                        GABLE_DIM_SECONDS);
    all->combine = GABLE_COMBINE_SUM;
    all->reason = "one after another; each of all its calls";
    double rows_s = 0.0;
    for (int i = 0; i < priced->plan->n_rows; i++) {
        gable_explain_row(tree, all, i);
        rows_s += priced->step->time_s[i];
    }
    double contended_s = priced->step->contended_s;
    if (priced->plan->overlaps)
        gable_explain_add(tree, all, "hidden: rows that run beside longer ones",
                          priced->step->time_s_total - rows_s - contended_s, GABLE_DIM_SECONDS);
    if (contended_s > 0.0)
        gable_explain_add(tree, all, "links that exchanges beside one another share", contended_s,
                          GABLE_DIM_SECONDS);
}

static void add_ceiling(gable_tree *tree, gable_node *root)
{
    const gable_priced *priced = tree->priced;
    gable_node *all =
        gable_explain_add(tree, root, "ceiling", priced->step->ceiling_s_total, GABLE_DIM_SECONDS);
    all->combine = GABLE_COMBINE_SUM;
    all->reason = "speed of light: datasheet peaks, nothing else";
    for (int i = 0; i < priced->plan->n_rows; i++)
        if (priced->step->ceiling_s[i] > 0.0)
            gable_explain_add(tree, all, priced->plan->name[i], priced->step->ceiling_s[i],
                              GABLE_DIM_SECONDS);
    double rows_s = 0.0;
    for (int i = 0; i < priced->plan->n_rows; i++)
        rows_s += priced->step->ceiling_s[i];
    if (priced->plan->overlaps)
        gable_explain_add(tree, all, "hidden", priced->step->ceiling_s_total - rows_s,
                          GABLE_DIM_SECONDS);
}

static void add_verdict(gable_tree *tree, gable_node *root)
{
    const gable_step *step = tree->priced->step;
    gable_node *why =
        gable_explain_add(tree, root, "where the time goes", step->time_s_total, GABLE_DIM_SECONDS);
    why->combine = GABLE_COMBINE_SUM;
    for (int i = 0; i < GABLE_N_BOUNDS; i++)
        if (step->bound_s[i] > 0.0)
            gable_explain_add(tree, why, gable_bound_name((gable_bound)i), step->bound_s[i],
                              GABLE_DIM_SECONDS);
    gable_node *intensity =
        gable_explain_add(tree, root, "intensity", step->intensity_flops_per_byte, GABLE_DIM_NONE);
    intensity->unit = "FLOP/B";
    if (step->hbm_bytes > 0.0) {
        gable_explain_times(intensity, "compute", step->flops, GABLE_DIM_FLOPS, NULL);
        gable_explain_over(intensity, "memory", step->hbm_bytes, GABLE_DIM_BYTES, NULL);
    }
    double bandwidth = tree->priced->machine->accelerator->hbm_bandwidth_bytes_per_s;
    gable_node *ridge =
        gable_explain_add(tree, root, "ridge", step->ridge_flops_per_byte, GABLE_DIM_NONE);
    ridge->unit = "FLOP/B";
    ridge->source =
        gable_explain_spec(tree, offsetof(gable_accelerator, hbm_bandwidth_bytes_per_s));
    ridge->reason = "below it memory is the limit, above it the matrix units";
    gable_explain_times(ridge, "peak of formats in use", step->ridge_flops_per_byte * bandwidth,
                        GABLE_DIM_FLOPS_PER_S, NULL);
    gable_explain_over(ridge, "bandwidth", bandwidth, GABLE_DIM_BYTES_PER_S, NULL);
    gable_text verdict = {0};
    gable_report_verdict(&verdict, tree->priced);
    gable_report_keep(tree->arena, &verdict, &root->reason, tree->err);
}

const char *gable_explain_spec(gable_tree *tree, size_t offset)
{
    const char *id = gable_accelerator_source(tree->priced->machine->accelerator, offset);
    return gable_report_format(tree->arena, "spec%s%s", id && *id ? " " : "", id ? id : "");
}

gable_status gable_explain_build(gable_arena *arena, const gable_priced *priced,
                                 const gable_node **root, gable_err *err)
{
    gable_err local = {0};
    gable_tree tree = {.arena = arena, .err = err ? err : &local, .priced = priced};
    gable_text title = {0};
    const char *label = NULL;
    gable_report_title(&title, priced);
    GABLE_TRY(gable_report_keep(arena, &title, &label, tree.err));
    gable_node *top =
        gable_explain_add(&tree, NULL, label, priced->step->time_s_total, GABLE_DIM_SECONDS);
    add_weights(&tree, top);
    add_memory(&tree, top);
    add_operators(&tree, top);
    add_ceiling(&tree, top);
    add_verdict(&tree, top);
    *root = top;
    return tree.err->status;
}
