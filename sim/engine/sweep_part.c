/* engine/sweep_part: reading what `gable sweep --format json` wrote. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "engine/sweep_axes.h"
#include "engine/sweep_result.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* 2^53: whole numbers that JSON carries. */
static const double whole_cap = 9007199254740992.0;

static gable_status need(const gable_json *object, const char *key, gable_json_type type,
                         const gable_json **out, gable_err *err)
{
    *out = gable_json_get(object, key);
    if (!*out)
        return gable_json_fail(object, err, "\"%s\" is missing: not what `gable sweep` wrote", key);
    if ((*out)->type == type)
        return GABLE_OK;
    return gable_json_fail(*out, err, "expected %s, got %s", gable_json_type_text(type),
                           gable_json_type_text((*out)->type));
}

static gable_status as_whole(const gable_json *node, uint64_t *out, gable_err *err)
{
    if (node->type != GABLE_JSON_NUMBER || !(node->number >= 0.0 && node->number <= whole_cap) ||
        floor(node->number) < node->number)
        return gable_json_fail(node, err, "expected a whole number from 0");
    *out = (uint64_t)node->number;
    return GABLE_OK;
}

static gable_status need_whole(const gable_json *object, const char *key, uint64_t *out,
                               gable_err *err)
{
    const gable_json *node;
    GABLE_TRY(need(object, key, GABLE_JSON_NUMBER, &node, err));
    return as_whole(node, out, err);
}

static gable_status need_text(const gable_json *object, const char *key, const char **out,
                              gable_err *err)
{
    const gable_json *node;
    GABLE_TRY(need(object, key, GABLE_JSON_STRING, &node, err));
    *out = node->string;
    return GABLE_OK;
}

/* "max tokens_per_s", always with its word. */
static gable_status need_goal(const gable_json *object, const char *key, gable_sweep_goal *out,
                              gable_err *err)
{
    const gable_json *node;
    GABLE_TRY(need(object, key, GABLE_JSON_STRING, &node, err));
    out->least = strncmp(node->string, "min ", 4) == 0;
    if ((out->least || strncmp(node->string, "max ", 4) == 0) &&
        gable_metric_find(node->string + 4, &out->metric))
        return GABLE_OK;
    return gable_json_fail(node, err, "expected such as \"min time_s\"");
}

/* ---- pieces ---- */

static gable_status read_ranges(gable_arena *arena, const gable_json *root, gable_sweep_result *out,
                                gable_err *err)
{
    const gable_json *list;
    uint64_t points = 0;
    GABLE_TRY(need(root, "ranges", GABLE_JSON_ARRAY, &list, err));
    GABLE_TRY(gable_arena_take(arena, list->n_children + 1, sizeof *out->range, &out->range, err));
    for (const gable_json *r = list->child; r; r = r->next) {
        gable_sweep_range *to = &out->range[out->n_ranges++];
        if (r->type != GABLE_JSON_ARRAY || r->n_children != 2)
            return gable_json_fail(r, err, "expected [first, end]");
        GABLE_TRY(as_whole(r->child, &to->first, err));
        GABLE_TRY(as_whole(r->child->next, &to->end, err));
        if (!(to->first < to->end && to->end <= out->total))
            return gable_json_fail(r, err, "an empty range, or one beyond the sweep");
        points += to->end - to->first;
    }
    if (out->points != points)
        return gable_json_fail(gable_json_get(root, "points"), err,
                               "expected %" PRIu64 ", as many as \"ranges\" has", points);
    return GABLE_OK;
}

/* What a key is: a row of the table, or a field of the machine. */
static gable_status name_axis(const gable_json *node, const char *key, gable_sweep_named_axis *out,
                              gable_err *err)
{
    gable_edit_field field;
    gable_err why = {0};
    out->key = key;
    for (int i = 0; i < gable_sweep_n_rows; i++)
        if (strcmp(gable_sweep_rows[i].key, key) == 0) {
            out->words = gable_sweep_in_words(&gable_sweep_rows[i], NULL);
            out->dim = gable_sweep_rows[i].dim;
            return GABLE_OK;
        }
    if (gable_edit_find(key, &field, &why) != GABLE_OK)
        return gable_json_fail(node, err, "%s", why.text);
    out->words = gable_sweep_in_words(NULL, &field);
    out->dim = field.row->dim;
    return GABLE_OK;
}

static gable_status read_axes(const gable_json *root, gable_sweep_result *out, gable_err *err)
{
    const gable_json *list;
    GABLE_TRY(need(root, "axes", GABLE_JSON_ARRAY, &list, err));
    if (list->n_children > GABLE_SWEEP_AXES_CAP)
        return gable_json_fail(list, err, "more than %d axes", GABLE_SWEEP_AXES_CAP);
    for (const gable_json *a = list->child; a; a = a->next) {
        gable_sweep_named_axis *axis = &out->axis[out->n_axes++];
        const char *key;
        uint64_t n;
        GABLE_TRY(need_text(a, "axis", &key, err));
        GABLE_TRY(need_whole(a, "values", &n, err));
        GABLE_TRY(name_axis(a, key, axis, err));
        axis->n = (double)n;
    }
    return GABLE_OK;
}

static gable_status read_metrics(const gable_json *node, gable_sweep_found *out, gable_err *err)
{
    for (int m = 0; m < GABLE_N_METRICS; m++) {
        const gable_json *x = gable_json_get(node, gable_metrics[m].key);
        if (x && x->type == GABLE_JSON_NUMBER)
            out->metric[m] = x->number;
        else if (x && x->type == GABLE_JSON_BOOL)
            out->metric[m] = x->boolean ? 1.0 : 0.0;
        else if (x && x->type == GABLE_JSON_NULL)
            out->metric[m] = (double)NAN;
        else
            return gable_json_fail(x ? x : node, err, "\"%s\" is missing or no number",
                                   gable_metrics[m].key);
    }
    return GABLE_OK;
}

static gable_status read_point(const gable_json *node, const gable_sweep_result *r,
                               gable_sweep_found *out, gable_err *err)
{
    const gable_json *value;
    GABLE_TRY(need_whole(node, "index", &out->index, err));
    if (out->index >= r->total)
        return gable_json_fail(node, err, "a point beyond the sweep");
    GABLE_TRY(need_text(node, "bound", &out->bound, err));
    for (int i = 0; i < r->n_axes; i++) {
        gable_json_type type = r->axis[i].words ? GABLE_JSON_STRING : GABLE_JSON_NUMBER;
        GABLE_TRY(need(node, r->axis[i].key, type, &value, err));
        out->text[i] = value->string;
        out->value[i] = value->number;
    }
    return read_metrics(node, out, err);
}

static gable_status read_points(gable_arena *arena, const gable_json *list, int cap,
                                const gable_sweep_result *r, gable_sweep_found **out, int *n,
                                gable_err *err)
{
    *n = 0;
    if (list->n_children > (size_t)cap)
        return gable_json_fail(list, err, "more than %d points", cap);
    GABLE_TRY(gable_arena_take(arena, list->n_children + 1, sizeof **out, out, err));
    for (const gable_json *point = list->child; point; point = point->next)
        GABLE_TRY(read_point(point, r, &(*out)[(*n)++], err));
    return GABLE_OK;
}

static gable_status read_front(gable_arena *arena, const gable_json *root, gable_sweep_result *out,
                               gable_err *err)
{
    const gable_json *front = gable_json_get(root, "pareto"), *list;
    if (!front || front->type == GABLE_JSON_NULL)
        return gable_arena_take(arena, 1, sizeof *out->in_front, &out->in_front, err);
    GABLE_TRY(need_goal(front, "x", &out->front[0], err));
    GABLE_TRY(need_goal(front, "y", &out->front[1], err));
    GABLE_TRY(need(front, "points", GABLE_JSON_ARRAY, &list, err));
    out->has_front = true;
    return read_points(arena, list, GABLE_SWEEP_FRONT_CAP, out, &out->in_front, &out->n_in_front,
                       err);
}

static gable_status read_bins(const gable_json *node, gable_sweep_result *out, gable_err *err)
{
    const gable_json *edges, *counts;
    const char *metric, *scale;
    gable_sweep_histogram *h = &out->histogram;
    int i = 1;
    if (!node || node->type == GABLE_JSON_NULL)
        return GABLE_OK;
    GABLE_TRY(need_text(node, "metric", &metric, err));
    GABLE_TRY(need_text(node, "scale", &scale, err));
    GABLE_TRY(need(node, "edges", GABLE_JSON_ARRAY, &edges, err));
    GABLE_TRY(need(node, "counts", GABLE_JSON_ARRAY, &counts, err));
    size_t n = counts->n_children;
    if (!gable_metric_find(metric, &h->metric) || n < 1 || n > GABLE_SWEEP_BINS_CAP ||
        edges->n_children != n + 1 || edges->child->type != GABLE_JSON_NUMBER)
        return gable_json_fail(node, err, "not a histogram that `gable sweep` wrote");
    h->wanted = true;
    h->log = strcmp(scale, "log") == 0;
    h->n_bins = (int)n;
    h->from = edges->child->number;
    for (const gable_json *e = edges->child; e; e = e->next)
        h->to = e->number;
    for (const gable_json *c = counts->child; c; c = c->next)
        GABLE_TRY(as_whole(c, &out->bin[i++], err));
    GABLE_TRY(need_whole(node, "below", &out->bin[0], err));
    return need_whole(node, "above", &out->bin[i], err);
}

static gable_status read_refused(const gable_json *root, gable_sweep_result *out, gable_err *err)
{
    const gable_json *first = gable_json_get(root, "first_refused");
    out->first_refused = UINT64_MAX;
    if (out->refused == 0)
        return GABLE_OK;
    if (!first || first->type != GABLE_JSON_OBJECT)
        return gable_json_fail(root, err, "\"first_refused\" is missing");
    GABLE_TRY(need_whole(first, "index", &out->first_refused, err));
    return need_text(first, "why", &out->refused_why, err);
}

static gable_status read_where(const gable_json *root, gable_sweep_result *out, gable_err *err)
{
    const gable_json *list;
    GABLE_TRY(need(root, "where", GABLE_JSON_ARRAY, &list, err));
    if (list->n_children > GABLE_SWEEP_WHERE_CAP)
        return gable_json_fail(list, err, "more than %d conditions", GABLE_SWEEP_WHERE_CAP);
    for (const gable_json *w = list->child; w; w = w->next) {
        if (w->type != GABLE_JSON_STRING)
            return gable_json_fail(w, err, "expected a string");
        out->where[out->n_where++] = w->string;
    }
    return GABLE_OK;
}

/* ---- the whole ---- */

static gable_status read_heading(const gable_json *root, gable_sweep_result *out, gable_err *err)
{
    const gable_json *node, *shard = gable_json_get(root, "shard"),
                            *why = gable_json_get(root, "why");
    const char *schema, *hash;
    uint64_t top;
    GABLE_TRY(need_text(root, "schema", &schema, err));
    if (strcmp(schema, "gable.sweep/1") != 0 || gable_json_get(root, "ranges") == NULL)
        return gable_json_fail(root, err,
                               "not an answer of `gable sweep --format json` or --shard");
    GABLE_TRY(need_text(root, "name", &out->name, err));
    out->why = why && why->type == GABLE_JSON_STRING ? why->string : NULL;
    GABLE_TRY(need_text(root, "hash", &hash, err));
    if (strlen(hash) != 16)
        return gable_json_fail(gable_json_get(root, "hash"), err, "expected 16 digits");
    memcpy(out->hash, hash, 16);
    if (shard && shard->type == GABLE_JSON_STRING && strlen(shard->string) < GABLE_SWEEP_SHARD_CAP)
        memcpy(out->shard, shard->string, strlen(shard->string));
    GABLE_TRY(need(root, "sampled", GABLE_JSON_BOOL, &node, err));
    out->sampled = node->boolean;
    GABLE_TRY(need_whole(root, "total_points", &out->total, err));
    GABLE_TRY(need_whole(root, "points", &out->points, err));
    GABLE_TRY(need_whole(root, "refused", &out->refused, err));
    GABLE_TRY(need_whole(root, "feasible", &out->feasible, err));
    GABLE_TRY(need_whole(root, "top", &top, err));
    if (top < 1 || top > GABLE_SWEEP_TOP_CAP)
        return gable_json_fail(root, err, "\"top\": expected 1 to %d", GABLE_SWEEP_TOP_CAP);
    out->top = (int)top;
    return need_goal(root, "objective", &out->objective, err);
}

gable_status gable_sweep_part_read(gable_arena *arena, const char *path, gable_sweep_result *out,
                                   gable_err *err)
{
    const gable_json *root, *best;
    const char *text;
    size_t n;
    *out = (gable_sweep_result){.path = path};
    GABLE_TRY(gable_file_read(arena, path, GABLE_FILE_CAP_CSV_BYTES, &text, &n, err));
    GABLE_TRY(gable_json_parse(arena, path, text, n, GABLE_JSON_STRICT, &root, err));
    GABLE_TRY(read_heading(root, out, err));
    GABLE_TRY(read_ranges(arena, root, out, err));
    GABLE_TRY(read_axes(root, out, err));
    GABLE_TRY(read_where(root, out, err));
    GABLE_TRY(read_refused(root, out, err));
    GABLE_TRY(need(root, "best", GABLE_JSON_ARRAY, &best, err));
    GABLE_TRY(read_points(arena, best, GABLE_SWEEP_TOP_CAP, out, &out->found, &out->n_found, err));
    GABLE_TRY(read_front(arena, root, out, err));
    return read_bins(gable_json_get(root, "histogram"), out, err);
}
