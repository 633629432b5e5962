/* engine/sweep_goals: what a sweep looks for: goals, conditions, the front, the histogram. */
#include <math.h>
#include <string.h>

#include "engine/sweep_goals.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static gable_status find_metric(const char *text, gable_metric *out, gable_err *err)
{
    const char *keys[GABLE_N_METRICS];
    if (gable_metric_find(text, out))
        return GABLE_OK;
    for (int i = 0; i < GABLE_N_METRICS; i++)
        keys[i] = gable_metrics[i].key;
    const char *near = gable_text_nearest(text, keys, GABLE_N_METRICS);
    return gable_fail(err, GABLE_INPUT, "unknown metric \"%.60s\"%s%s%s", text,
                      near ? "; did you mean \"" : ", expected such as time_s", near ? near : "",
                      near ? "\"?" : "");
}

/* "max tokens_per_s", "time_s" */
gable_status gable_sweep_goal_read(const char *text, gable_sweep_goal *out, gable_err *err)
{
    bool min = strncmp(text, "min ", 4) == 0, max = strncmp(text, "max ", 4) == 0;
    GABLE_TRY(find_metric(text + (min || max ? 4 : 0), &out->metric, err));
    out->least = min || (!max && gable_metrics[out->metric].least);
    return GABLE_OK;
}

/* Copies `text` without blanks at its ends. */
static const char *trimmed(gable_arena *arena, const char *text, size_t n)
{
    while (n > 0 && *text == ' ') {
        text++;
        n--;
    }
    while (n > 0 && text[n - 1] == ' ')
        n--;
    return gable_arena_copy(arena, text, n);
}

/* "fits", or "METRIC <= VALUE", "METRIC >= VALUE" */
static gable_status read_condition(gable_arena *arena, const char *text, gable_sweep_where *out,
                                   gable_err *err)
{
    size_t n = strcspn(text, "<>");
    const char *metric = trimmed(arena, text, n);
    char why[200];
    *out = (gable_sweep_where){.text = text, .limit = 1.0};
    if (!metric)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    bool formed = *metric && !strpbrk(metric, "=!"); /* not "== 4", "time_s => 4" */
    if (formed)
        GABLE_TRY(find_metric(metric, &out->metric, err));
    if (formed && text[n] == '\0' && out->metric == GABLE_METRIC_FITS)
        return GABLE_OK;
    if (!formed || text[n] == '\0' || text[n + 1] != '=')
        return gable_fail(err, GABLE_INPUT,
                          "\"%.60s\": expected METRIC <= VALUE, METRIC >= VALUE or fits", text);
    out->at_most = text[n] == '<';
    const char *value = trimmed(arena, text + n + 2, strlen(text + n + 2));
    gable_dim dim = gable_metrics[out->metric].dim;
    gable_units_result result = gable_units_parse(value ? value : "", dim, true, &out->limit);
    if (result == GABLE_UNITS_OK)
        return GABLE_OK;
    gable_units_explain(result, value ? value : "", dim, why, sizeof why);
    return gable_fail(err, GABLE_INPUT, "\"%.60s\": %s", text, why);
}

static gable_status expect_text(const gable_json *node, gable_err *err)
{
    if (node->type == GABLE_JSON_STRING)
        return GABLE_OK;
    return gable_json_fail(node, err, "expected a string, got %s",
                           gable_json_type_text(node->type));
}

gable_status gable_sweep_expect(const gable_json *node, gable_json_type type, gable_err *err)
{
    if (node->type == type)
        return GABLE_OK;
    return gable_json_fail(node, err, "expected %s, got %s", gable_json_type_text(type),
                           gable_json_type_text(node->type));
}

/* Without "where" a point must fit. */
gable_status gable_sweep_where_read(gable_arena *arena, const gable_json *node, gable_sweep *out,
                                    gable_err *err)
{
    if (!node)
        return read_condition(arena, "fits", &out->where[out->n_where++], err);
    GABLE_TRY(gable_sweep_expect(node, GABLE_JSON_ARRAY, err));
    if (node->n_children > GABLE_SWEEP_WHERE_CAP)
        return gable_json_fail(node, err, "at most %d conditions", GABLE_SWEEP_WHERE_CAP);
    for (const gable_json *text = node->child; text; text = text->next) {
        gable_err why = {0};
        GABLE_TRY(expect_text(text, err));
        if (read_condition(arena, text->string, &out->where[out->n_where++], &why) != GABLE_OK)
            return gable_json_fail(text, err, "%s", why.text);
    }
    return GABLE_OK;
}

gable_status gable_sweep_front_read(const gable_json *node, gable_sweep *out, gable_err *err)
{
    int i = 0;
    if (!node)
        return GABLE_OK;
    GABLE_TRY(gable_sweep_expect(node, GABLE_JSON_ARRAY, err));
    if (node->n_children != 2)
        return gable_json_fail(node, err, "expected two metrics, got %zu", node->n_children);
    for (const gable_json *text = node->child; text; text = text->next) {
        gable_err why = {0};
        GABLE_TRY(expect_text(text, err));
        if (gable_sweep_goal_read(text->string, &out->front[i++], &why) != GABLE_OK)
            return gable_json_fail(text, err, "%s", why.text);
    }
    if (out->front[0].metric == out->front[1].metric)
        return gable_json_fail(node, err, "expected two metrics, got one twice");
    out->has_front = true;
    return GABLE_OK;
}

/* "x,y" of the command line. */
gable_status gable_sweep_front_words(gable_arena *arena, const char *text, gable_sweep *out,
                                     gable_err *err)
{
    const char *comma = text ? strchr(text, ',') : NULL;
    gable_err why = {0};
    if (!text)
        return GABLE_OK;
    if (!comma || comma == text || comma[1] == '\0' || strchr(comma + 1, ','))
        return gable_fail(err, GABLE_USAGE, "--pareto %.80s: expected two metrics, x,y", text);
    const char *x = trimmed(arena, text, (size_t)(comma - text));
    const char *y = trimmed(arena, comma + 1, strlen(comma + 1));
    if (!x || !y)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    out->has_front = true;
    if (gable_sweep_goal_read(x, &out->front[0], &why) != GABLE_OK ||
        gable_sweep_goal_read(y, &out->front[1], &why) != GABLE_OK)
        return gable_fail(err, GABLE_USAGE, "--pareto: %s", why.text);
    if (out->front[0].metric == out->front[1].metric)
        return gable_fail(err, GABLE_USAGE, "--pareto %.80s: expected two metrics, got one twice",
                          text);
    return GABLE_OK;
}

gable_status gable_sweep_quantity(const gable_json *object, const char *key, gable_dim dim,
                                  double *out, gable_err *err)
{
    const gable_json *node = gable_json_get(object, key);
    char why[200];
    if (!node)
        return gable_json_fail(object, err, "\"%s\" is missing", key);
    if (node->type == GABLE_JSON_NUMBER) {
        *out = node->number;
        return GABLE_OK;
    }
    GABLE_TRY(expect_text(node, err));
    gable_units_result result = gable_units_parse(node->string, dim, true, out);
    if (result == GABLE_UNITS_OK)
        return GABLE_OK;
    gable_units_explain(result, node->string, dim, why, sizeof why);
    return gable_json_fail(node, err, "%s", why);
}

gable_status gable_sweep_scale_read(const gable_json *node, bool *log, gable_err *err)
{
    *log = node && node->type == GABLE_JSON_STRING && strcmp(node->string, "log") == 0;
    bool linear = !node || (node->type == GABLE_JSON_STRING && strcmp(node->string, "linear") == 0);
    return *log || linear ? GABLE_OK : gable_json_fail(node, err, "expected \"linear\" or \"log\"");
}

gable_status gable_sweep_histogram_read(const gable_json *node, gable_sweep_histogram *out,
                                        gable_err *err)
{
    static const char *const keys[] = {"metric", "from", "to", "bins", "scale"};
    gable_err why = {0};
    double bins;
    if (!node)
        return GABLE_OK;
    GABLE_TRY(gable_sweep_expect(node, GABLE_JSON_OBJECT, err));
    GABLE_TRY(gable_json_check_keys(node, keys, COUNT_OF(keys), err));
    const gable_json *metric = gable_json_get(node, "metric");
    if (!metric)
        return gable_json_fail(node, err, "\"metric\" is missing");
    GABLE_TRY(expect_text(metric, err));
    if (find_metric(metric->string, &out->metric, &why) != GABLE_OK)
        return gable_json_fail(metric, err, "%s", why.text);
    gable_dim dim = gable_metrics[out->metric].dim;
    GABLE_TRY(gable_sweep_quantity(node, "from", dim, &out->from, err));
    GABLE_TRY(gable_sweep_quantity(node, "to", dim, &out->to, err));
    GABLE_TRY(gable_sweep_quantity(node, "bins", GABLE_DIM_COUNT, &bins, err));
    GABLE_TRY(gable_sweep_scale_read(gable_json_get(node, "scale"), &out->log, err));
    if (!(bins >= 1.0 && bins <= GABLE_SWEEP_BINS_CAP) || floor(bins) < bins)
        return gable_json_fail(gable_json_get(node, "bins"), err,
                               "expected a whole number in 1 to %d", GABLE_SWEEP_BINS_CAP);
    if (!(out->from < out->to) || (out->log && !(out->from > 0.0)))
        return gable_json_fail(node, err, "the range is empty, or logarithmic from 0");
    out->n_bins = (int)bins;
    out->wanted = true;
    return GABLE_OK;
}
