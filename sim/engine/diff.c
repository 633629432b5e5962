/* engine/diff: two steps, read or priced, and compared. The causes are in diff_causes.c. */
#include "engine/diff.h"

#include <math.h>
#include <string.h>

#include "gable.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

const char *const gable_diff_kind_keys[GABLE_N_DIFF_KINDS] = {
#define KIND_KEY(symbol, key) [GABLE_DIFF_##symbol] = (key),
    GABLE_DIFF_CAUSE_LIST(KIND_KEY)
#undef KIND_KEY
};

/* ---- an answer of gable cost ---- */

static gable_status refuse_type(const gable_json *root, const gable_json *node, const char *key,
                                gable_json_type type, gable_err *err)
{
    if (!node)
        return gable_json_fail(root, err, "\"%s\" is missing", key);
    return gable_json_fail(node, err, "expected %s, got %s", gable_json_type_text(type),
                           gable_json_type_text(node->type));
}

static gable_status text_of(const gable_json *root, const char *key, const char **out,
                            gable_err *err)
{
    const gable_json *node = gable_json_get(root, key);
    if (!node || node->type != GABLE_JSON_STRING)
        return refuse_type(root, node, key, GABLE_JSON_STRING, err);
    *out = node->string;
    return GABLE_OK;
}

static gable_status number_of(const gable_json *root, const char *key, double *out, gable_err *err)
{
    const gable_json *node = gable_json_get(root, key);
    *out = 0.0;
    if (!node || node->type != GABLE_JSON_NUMBER)
        return refuse_type(root, node, key, GABLE_JSON_NUMBER, err);
    *out = node->number;
    return GABLE_OK;
}

static gable_status index_of(const gable_json *root, const char *key, const char *const *names,
                             int *out, gable_err *err)
{
    const char *text = "";
    GABLE_TRY(text_of(root, key, &text, err));
    for (int i = 0; names[i]; i++)
        if (strcmp(names[i], text) == 0) {
            *out = i;
            return GABLE_OK;
        }
    size_t n = 0;
    while (names[n])
        n++;
    const char *near = gable_text_nearest(text, names, n);
    return gable_json_fail(gable_json_get(root, key), err, "unknown \"%.40s\"%s%s%s", text,
                           near ? "; did you mean \"" : ", expected such as \"",
                           near ? near : names[0], near ? "\"?" : "\"");
}

static const char *const bounds[] = {
#define BOUND_NAME(symbol, name) [GABLE_BOUND_##symbol] = (name),
    GABLE_BOUND_LIST(BOUND_NAME)
#undef BOUND_NAME
        NULL};

/* A time: below 0 would say that there is none. */
static gable_status time_of(const gable_json *root, double *out, gable_err *err)
{
    GABLE_TRY(number_of(root, "time_s", out, err));
    if (*out < 0.0)
        return gable_json_fail(gable_json_get(root, "time_s"), err, "%g: expected 0 or more", *out);
    return GABLE_OK;
}

static gable_status whole_of(const gable_json *root, const char *key, double max, double *out,
                             gable_err *err)
{
    GABLE_TRY(number_of(root, key, out, err));
    if (*out < 0.0 || *out > max || floor(*out) < *out)
        return gable_json_fail(gable_json_get(root, key), err,
                               "%g: expected a whole number in 0 to %.0f", *out, max);
    return GABLE_OK;
}

/* A whole number that an answer may have. */
static gable_status count_of(const gable_json *root, const char *key, int *out, gable_err *err)
{
    double value;
    if (!gable_json_get(root, key))
        return GABLE_OK;
    GABLE_TRY(whole_of(root, key, 1e6, &value, err));
    *out = (int)value;
    return GABLE_OK;
}

/* A word that an answer may have, or null where nothing was chosen. */
static gable_status choice_of(const gable_json *root, const char *key, const char *const *names,
                              int *out, gable_err *err)
{
    const gable_json *node = gable_json_get(root, key);
    return !node || node->type == GABLE_JSON_NULL ? GABLE_OK : index_of(root, key, names, out, err);
}

static gable_status read_layout(const gable_json *root, gable_check *out, gable_err *err)
{
    gable_check_set_layout(out);
#define READ_RANK(member, name, help) GABLE_TRY(count_of(root, #member, &out->member, err));
    GABLE_RANK_LIST(READ_RANK)
#undef READ_RANK
    GABLE_TRY(count_of(root, "nodes", &out->nodes, err));
    GABLE_TRY(count_of(root, "micro_batches", &out->micro_batches, err));
    GABLE_TRY(choice_of(root, "overlap_mode", gable_overlaps, &out->overlap, err));
    return choice_of(root, "exchange", gable_token_exchanges, &out->exchange, err);
}

static const double tokens_most = 1073741824.0;

/* As the options of the command that answered: what the answer does not tell is as by default. */
static gable_status read_scenario(const gable_json *root, gable_check *out, gable_err *err)
{
    GABLE_TRY(text_of(root, "model", &out->model, err));
    GABLE_TRY(text_of(root, "system", &out->system, err));
    GABLE_TRY(text_of(root, "stack", &out->stack, err));
    GABLE_TRY(index_of(root, "phase", gable_phases, &out->phase, err));
    GABLE_TRY(whole_of(root, "batch", tokens_most, &out->batch, err));
    GABLE_TRY(whole_of(root, "context", tokens_most, &out->n_cached, err));
    GABLE_TRY(whole_of(root, "new_tokens", tokens_most, &out->n_new, err));
    return read_layout(root, out, err);
}

static gable_status read_operators(gable_arena *arena, const gable_json *list, gable_check *out,
                                   gable_err *err)
{
    gable_check_figures *recorded = &out->recorded;
    GABLE_TRY(gable_arena_take(arena, list->n_children + 1, sizeof *recorded->operators,
                               &recorded->operators, err));
    for (const gable_json *node = list->child; node; node = node->next) {
        gable_check_operator *is = &recorded->operators[recorded->n_operators++];
        GABLE_TRY(text_of(node, "name", &is->name, err));
        if (!gable_text_is_name(is->name))
            return gable_json_fail(node, err, "not the name of an operator");
        GABLE_TRY(index_of(node, "bound", bounds, &is->bound, err));
        GABLE_TRY(time_of(node, &is->time_s, err));
    }
    out->expects_operators = true;
    return GABLE_OK;
}

static gable_status read_figures(gable_arena *arena, const gable_json *root, gable_check *out,
                                 gable_err *err)
{
    const gable_json *memory = gable_json_get(root, "memory");
    const gable_json *fits = gable_json_get(memory, "fits");
    const gable_json *operators = gable_json_get(root, "operators");
    if (!operators || operators->type != GABLE_JSON_ARRAY)
        return gable_json_fail(root, err, "expected an array \"operators\"");
    for (int i = 0; i < GABLE_N_CHECK_METRICS; i++) {
        const gable_json *node = gable_json_get(root, gable_check_metric_keys[i]);
        node = node ? node : gable_json_get(memory, gable_check_metric_keys[i]);
        if (node && node->type != GABLE_JSON_NUMBER && node->type != GABLE_JSON_NULL)
            return gable_json_fail(node, err, "expected a number or null, got %s",
                                   gable_json_type_text(node->type));
        out->expects[i] = node && node->type == GABLE_JSON_NUMBER;
        out->recorded.metric[i] = out->expects[i] ? node->number : 0.0;
    }
    GABLE_TRY(time_of(root, &out->recorded.metric[GABLE_CHECK_TIME], err));
    GABLE_TRY(index_of(root, "bound", bounds, &out->recorded.bound, err));
    if (fits && fits->type != GABLE_JSON_BOOL)
        return gable_json_fail(fits, err, "expected true or false, got %s",
                               gable_json_type_text(fits->type));
    if (fits)
        out->recorded.fits = fits->boolean;
    return read_operators(arena, operators, out, err);
}

static gable_status read_answer(gable_arena *arena, const char *path, gable_check *out,
                                gable_err *err)
{
    out->name = out->path = path;
    out->recorded.fits = -1;
    GABLE_TRY(read_scenario(out->root, out, err));
    return read_figures(arena, out->root, out, err);
}

gable_status gable_diff_read(gable_arena *arena, const char *path, gable_diff_side *out,
                             gable_err *err)
{
    static const char *const ids[] = {"gable.check/1", "gable.cost/1"};
    const gable_json *root, *id;
    *out = (gable_diff_side){0};
    GABLE_TRY(gable_json_read(arena, path, GABLE_JSON_STRICT, &root, err));
    id = gable_json_get(root, "schema");
    const char *text = id && id->type == GABLE_JSON_STRING ? id->string : "";
    out->answers = strcmp(text, ids[1]) == 0;
    if (!out->answers && strcmp(text, ids[0]) != 0)
        return gable_json_fail(id ? id : root, err,
                               "expected a recorded scenario (schema \"%s\") or an answer of gable "
                               "cost --format json (\"%s\")",
                               ids[0], ids[1]);
    if (!out->answers)
        return gable_check_read(arena, path, &out->check, err);
    out->check.root = root;
    return read_answer(arena, path, &out->check, err);
}

/* ---- figures of a side ---- */

static bool is_recorded(const gable_diff_side *side)
{
    const gable_check *check = &side->check;
    bool any = check->expects_operators || check->recorded.bound >= 0;
    for (int i = 0; i < GABLE_N_CHECK_METRICS; i++)
        any = any || check->expects[i];
    return any;
}

static gable_status place(gable_arena *arena, const char *root, gable_diff_side *side,
                          gable_err *err)
{
    side->hw = gable_file_join(arena, root, "hw");
    side->workloads = gable_file_join(arena, root, "workloads");
    if (!side->hw || !side->workloads)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    if (!gable_file_is_folder(side->hw))
        return gable_fail(err, GABLE_INPUT, "%s: holds no folder hw, expected a root of data",
                          root);
    return GABLE_OK;
}

static gable_status fill(const gable_diff_request *request, gable_diff_side *side, gable_err *err)
{
    gable_check_source source = {side->hw, side->workloads, request->keep, request->scratch, NULL};
    if (side->is_priced)
        GABLE_TRY(gable_check_figure(&source, &side->check, true, &side->figures, err));
    else
        side->figures = side->check.recorded;
    for (int i = 0; i < GABLE_N_CHECK_METRICS; i++)
        side->has[i] = side->is_priced || side->check.expects[i];
    return GABLE_OK;
}

static gable_status read_sides(const gable_diff_request *request, gable_diff *out, gable_err *err)
{
    gable_diff_side *before = &out->before, *after = &out->after;
    const char *root = request->data_before ? request->data_before : request->data;
    GABLE_TRY(gable_diff_read(request->keep, request->before, before, err));
    if (request->after)
        GABLE_TRY(gable_diff_read(request->keep, request->after, after, err));
    else
        *after = *before;
    before->is_priced = !is_recorded(before);
    after->is_priced =
        !request->after || request->data_before || request->data_after || !is_recorded(after);
    GABLE_TRY(place(request->keep, root, before, err));
    root = request->data_after ? request->data_after : request->data;
    GABLE_TRY(place(request->keep, root, after, err));
    GABLE_TRY(fill(request, before, err));
    return fill(request, after, err);
}

/* ---- the comparison ---- */

/* An operator whose time one file does not say has not moved. */
static void forget_times(gable_check_figures *before, const gable_check_figures *after)
{
    for (int i = 0; i < after->n_operators; i++)
        for (int k = 0; k < before->n_operators && after->operators[i].time_s < 0.0; k++)
            if (strcmp(before->operators[k].name, after->operators[i].name) == 0)
                before->operators[k].time_s = after->operators[i].time_s;
}

static gable_status compare(gable_arena *keep, gable_diff *diff, gable_err *err)
{
    gable_check *c = &diff->compared;
    *c = (gable_check){.name = diff->before.check.name,
                       .path = diff->before.check.path,
                       .recorded = diff->before.figures,
                       .now = diff->after.figures};
    for (int i = 0; i < GABLE_N_CHECK_METRICS; i++) {
        c->expects[i] = diff->before.has[i] && diff->after.has[i];
        c->tolerance[i] = gable_check_tolerance;
    }
    if (c->now.bound < 0)
        c->recorded.bound = -1;
    if (c->now.fits < 0)
        c->recorded.fits = -1;
    c->expects_operators = c->recorded.n_operators && c->now.n_operators;
    if (!c->expects_operators)
        c->recorded.n_operators = c->now.n_operators = 0;
    forget_times(&c->recorded, &c->now);
    return gable_check_compare(keep, c, err);
}

gable_status gable_diff_run(const gable_diff_request *request, gable_diff *out, gable_err *err)
{
    *out = (gable_diff){.base_s = (double)NAN};
    GABLE_TRY(read_sides(request, out, err));
    GABLE_TRY(compare(request->keep, out, err));
    if (out->compared.outcome == GABLE_CHECK_OK && !request->data_before)
        return GABLE_OK;
    return gable_diff_find_causes(request, out, err);
}
