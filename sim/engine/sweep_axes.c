/* engine/sweep_axes: see sweep_axes.h. */
#include "engine/sweep_axes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/sweep_goals.h"

static const char *const clocks[] = {"burst", "sustained", NULL};

#define ROW(key_, part_, type_, ...)                                                               \
    {                                                                                              \
        .key = #key_, .part = GABLE_SWEEP_##part_, .type = GABLE_SWEEP_##type_,                    \
        .offset = offsetof(gable_sweep_words, key_), __VA_ARGS__                                   \
    }
#define NAME_ROW(key_, part_) ROW(key_, part_, NAME, .dim = GABLE_DIM_NONE)
#define DTYPE_ROW(key_) ROW(key_, MODEL, DTYPE, .dim = GABLE_DIM_NONE)
#define WORD_ROW(key_, part_, choices_) ROW(key_, part_, CHOICE, .choices = (choices_))
#define COUNT_ROW(key_, part_, min_, max_)                                                         \
    ROW(key_, part_, WHOLE, .dim = GABLE_DIM_COUNT, .min = (min_), .max = (max_))
#define RANK_ROW(key_) COUNT_ROW(key_, LAYOUT, 1.0, 4096.0)
#define FRAC_ROW(key_, max_)                                                                       \
    ROW(key_, LAYOUT, NUMBER, .dim = GABLE_DIM_NONE, .min = 0.0, .max = (max_))

/* Slowest first: what costs most to change. */
const gable_sweep_row gable_sweep_rows[] = {
    NAME_ROW(model, MODEL),
    NAME_ROW(checkpoint, MODEL),
    DTYPE_ROW(weights),
    DTYPE_ROW(activations),
    DTYPE_ROW(kv),
    WORD_ROW(phase, LAYOUT, gable_phases),
    WORD_ROW(overlap, LAYOUT, gable_overlaps),
    WORD_ROW(exchange, LAYOUT, gable_token_exchanges),
    WORD_ROW(context_exchange, LAYOUT, gable_context_exchanges),
    RANK_ROW(dp),
    RANK_ROW(pp),
    RANK_ROW(cp),
    RANK_ROW(attn_dp),
    RANK_ROW(tp),
    RANK_ROW(ep),
    COUNT_ROW(micro_batches, LAYOUT, 0.0, 4096.0),
    COUNT_ROW(redundant_experts, LAYOUT, 0.0, 4096.0),
    FRAC_ROW(experts_skew, 8.0),
    FRAC_ROW(offload_weights, 1.0),
    FRAC_ROW(offload_kv, 1.0),
    COUNT_ROW(new_tokens, LAYOUT, 1.0, 1073741824.0),
    COUNT_ROW(batch, LAYOUT, 1.0, 1048576.0),
    COUNT_ROW(context, LAYOUT, 0.0, 1073741824.0),
    NAME_ROW(system, MACHINE),
    NAME_ROW(stack, MACHINE),
    WORD_ROW(clocks, MACHINE, clocks),
    COUNT_ROW(nodes, MACHINE, 1.0, 4096.0),
};
const int gable_sweep_n_rows = sizeof gable_sweep_rows / sizeof gable_sweep_rows[0];

const gable_sweep_words gable_sweep_defaults = {.stack = "trtllm",
                                                .weights = -1.0,
                                                .activations = -1.0,
                                                .kv = -1.0,
                                                .nodes = 1.0,
                                                .phase = GABLE_PHASE_DECODE,
                                                .batch = 1.0,
                                                .context = -1.0,
                                                .new_tokens = -1.0,
                                                .tp = 1.0,
                                                .ep = 1.0,
                                                .pp = 1.0,
                                                .cp = 1.0,
                                                .dp = 1.0,
                                                .attn_dp = 1.0};

void gable_sweep_set_word(const gable_sweep_axis *axis, int at, double value,
                          gable_sweep_words *words)
{
    char *member = (char *)words + axis->row->offset;
    if (axis->type == GABLE_SWEEP_NAME)
        *(const char **)(void *)member = axis->text[at];
    else
        *(double *)(void *)member = value;
}

bool gable_sweep_loads(const gable_sweep_axis *axis)
{
    return axis->row && axis->part == GABLE_SWEEP_MACHINE && axis->type <= GABLE_SWEEP_CHOICE;
}

bool gable_sweep_in_words(const gable_sweep_row *row, const gable_edit_field *field)
{
    if (row)
        return row->type <= GABLE_SWEEP_CHOICE;
    return field->row->type == GABLE_FIELD_CHOICE || field->row->type == GABLE_FIELD_BOOL;
}

/* ---- which axis ---- */

static const gable_sweep_row *find_row(const char *key)
{
    for (int i = 0; i < gable_sweep_n_rows; i++)
        if (strcmp(gable_sweep_rows[i].key, key) == 0)
            return &gable_sweep_rows[i];
    return NULL;
}

enum { ROWS_CAP = 40 };

static gable_status find_axis(const gable_json *node, gable_sweep_axis *out, gable_err *err)
{
    const char *keys[ROWS_CAP];
    gable_err why = {0};
    *out = (gable_sweep_axis){.key = node->key, .node = node, .row = find_row(node->key)};
    if (out->row) {
        out->part = out->row->part;
        out->type = out->row->type;
        out->dim = out->row->dim;
        return GABLE_OK;
    }
    out->part = GABLE_SWEEP_MACHINE;
    out->type = GABLE_SWEEP_NUMBER;
    if (gable_edit_find(node->key, &out->field, &why) == GABLE_OK) {
        out->dim = out->field.row->dim;
        return GABLE_OK;
    }
    for (int i = 0; i < gable_sweep_n_rows; i++)
        keys[i] = gable_sweep_rows[i].key;
    const char *near = gable_text_nearest(node->key, keys, (size_t)gable_sweep_n_rows);
    if (near)
        return gable_json_fail_key(node, err, "unknown axis; did you mean \"%s\"?", near);
    return gable_json_fail_key(node, err, "no axis, and %s", why.text);
}

/* ---- values ---- */

enum { VALUES_CAP = 65536 };

static gable_status read_quantity(const gable_json *node, gable_dim dim, double *out,
                                  gable_err *err)
{
    char why[200];
    if (node->type == GABLE_JSON_NUMBER) {
        *out = node->number;
        return GABLE_OK;
    }
    if (node->type != GABLE_JSON_STRING)
        return gable_json_fail(node, err, "expected a number or a quantity, got %s",
                               gable_json_type_text(node->type));
    gable_units_result result = gable_units_parse(node->string, dim, true, out);
    if (result == GABLE_UNITS_OK)
        return GABLE_OK;
    gable_units_explain(result, node->string, dim, why, sizeof why);
    return gable_json_fail(node, err, "%s", why);
}

/* One value of a row of the table. */
static gable_status check_value(const gable_json *node, const gable_sweep_row *row, double value,
                                gable_err *err)
{
    bool whole = row->type == GABLE_SWEEP_WHOLE;
    if (value >= row->min && value <= row->max && (!whole || floor(value) >= value))
        return GABLE_OK;
    return gable_json_fail(node, err, "%.15g is out of range, expected %s%.15g to %.15g", value,
                           whole ? "a whole number in " : "", row->min, row->max);
}

static gable_status refuse_word(const gable_json *node, const char *what, const char *const *names,
                                gable_err *err)
{
    size_t n = 0;
    while (names[n])
        n++;
    const char *near = gable_text_nearest(node->string, names, n);
    if (near)
        return gable_json_fail(node, err, "unknown %s \"%.60s\"; did you mean \"%s\"?", what,
                               node->string, near);
    return gable_json_fail(node, err, "unknown %s \"%.60s\", expected such as \"%s\"", what,
                           node->string, names[0]);
}

static gable_status read_word(const gable_json *node, const gable_sweep_row *row, double *out,
                              gable_err *err)
{
    gable_dtype dtype;
    if (node->type != GABLE_JSON_STRING)
        return gable_json_fail(node, err, "expected a string, got %s",
                               gable_json_type_text(node->type));
    if (row->type == GABLE_SWEEP_NAME)
        return GABLE_OK;
    if (row->type == GABLE_SWEEP_DTYPE) {
        if (!gable_dtype_find(node->string, &dtype))
            return refuse_word(node, "format", gable_dtype_names(), err);
        *out = dtype;
        return GABLE_OK;
    }
    for (int i = 0; row->choices[i]; i++)
        if (strcmp(row->choices[i], node->string) == 0) {
            *out = i;
            return GABLE_OK;
        }
    return refuse_word(node, row->key, row->choices, err);
}

static gable_status take_values(gable_arena *arena, int n, gable_sweep_axis *out, gable_err *err)
{
    out->n = n;
    GABLE_TRY(gable_arena_take(arena, (size_t)n, sizeof *out->value, &out->value, err));
    return gable_arena_take(arena, (size_t)n, sizeof *out->text, &out->text, err);
}

/* One listed value; that of a field stays text until its machine is known. */
static gable_status read_value(gable_arena *arena, const gable_json *node, gable_sweep_axis *out,
                               int i, gable_err *err)
{
    char number[GABLE_NUM_TEXT_CAP];
    bool words = out->row && out->type <= GABLE_SWEEP_CHOICE;
    if (node->type == GABLE_JSON_STRING)
        out->text[i] = node->string;
    if (words)
        return read_word(node, out->row, &out->value[i], err);
    if (out->row) {
        GABLE_TRY(read_quantity(node, out->dim, &out->value[i], err));
        return check_value(node, out->row, out->value[i], err);
    }
    if (node->type == GABLE_JSON_BOOL)
        out->text[i] = node->boolean ? "true" : "false";
    else if (node->type == GABLE_JSON_NUMBER)
        out->text[i] = gable_arena_copy(arena, gable_num_print(node->number, number),
                                        strlen(gable_num_print(node->number, number)));
    else if (node->type != GABLE_JSON_STRING)
        return gable_json_fail(node, err, "expected a value, got %s",
                               gable_json_type_text(node->type));
    return out->text[i] ? GABLE_OK : gable_fail(err, GABLE_INTERNAL, "arena full");
}

/* ---- ranges ---- */

/* `count` values from `from` to `to`; whole numbers once each. */
static gable_status space_out(gable_arena *arena, int count, gable_sweep_axis *out, gable_err *err)
{
    int n = 0;
    GABLE_TRY(take_values(arena, count, out, err));
    for (int i = 0; i < count; i++) {
        double part = count > 1 ? (double)i / (count - 1.0) : 0.0;
        double x = out->log ? out->from * pow(out->to / out->from, part)
                            : out->from + (out->to - out->from) * part;
        if (i == count - 1 && count > 1)
            x = out->to;
        if (out->type == GABLE_SWEEP_WHOLE)
            x = floor(x + 0.5);
        if (n == 0 || out->type != GABLE_SWEEP_WHOLE || x > out->value[n - 1])
            out->value[n++] = x;
    }
    out->n = n;
    return GABLE_OK;
}

static gable_status check_range(const gable_json *node, const gable_sweep_axis *axis,
                                gable_err *err)
{
    if (gable_sweep_in_words(axis->row, &axis->field))
        return gable_json_fail(node, err, "a range of words, expected a list");
    if (!(axis->from <= axis->to))
        return gable_json_fail(node, err, "the range ends (%.15g) before it starts (%.15g)",
                               axis->to, axis->from);
    if (axis->log && !(axis->from > 0.0))
        return gable_json_fail(node, err, "a logarithmic range cannot start at %.15g", axis->from);
    if (axis->row) {
        GABLE_TRY(check_value(node, axis->row, axis->from, err));
        GABLE_TRY(check_value(node, axis->row, axis->to, err));
    }
    return GABLE_OK;
}

/* A range of a grid needs a number of steps; whole numbers are all of them. In a sample it stays a
 * range. */
static gable_status take_range(gable_arena *arena, const gable_json *node, double count,
                               bool sampled, gable_sweep_axis *out, gable_err *err)
{
    GABLE_TRY(check_range(node, out, err));
    if (count <= 0.0 && sampled)
        return GABLE_OK;
    if (count <= 0.0 && out->type == GABLE_SWEEP_WHOLE && !out->log)
        count = out->to - out->from + 1.0;
    if (count <= 0.0)
        return gable_json_fail(node, err,
                               "a grid needs a number of values: {\"from\": …, \"to\": …, "
                               "\"count\": 9, \"scale\": \"log\"}");
    if (count > VALUES_CAP)
        return gable_json_fail(node, err, "%.0f values, at most %d", count, VALUES_CAP);
    return space_out(arena, (int)count, out, err);
}

/* "2 TB/s..32 TB/s" */
static gable_status read_dots(gable_arena *arena, const gable_json *node, bool sampled,
                              gable_sweep_axis *out, gable_err *err)
{
    const char *dots = strstr(node->string, "..");
    gable_json ends[2] = {*node, *node};
    ends[0].string = gable_arena_copy(arena, node->string, (size_t)(dots - node->string));
    ends[1].string = dots + 2;
    if (!ends[0].string)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(read_quantity(&ends[0], out->dim, &out->from, err));
    GABLE_TRY(read_quantity(&ends[1], out->dim, &out->to, err));
    return take_range(arena, node, 0.0, sampled, out, err);
}

static gable_status read_object(gable_arena *arena, const gable_json *node, bool sampled,
                                gable_sweep_axis *out, gable_err *err)
{
    static const char *const keys[] = {"from", "to", "count", "scale"};
    const gable_json *part[4];
    double count = 0.0;
    GABLE_TRY(gable_json_check_keys(node, keys, 4, err));
    for (int i = 0; i < 4; i++)
        part[i] = gable_json_get(node, keys[i]);
    if (!part[0] || !part[1])
        return gable_json_fail(node, err, "a range needs \"from\" and \"to\"");
    GABLE_TRY(read_quantity(part[0], out->dim, &out->from, err));
    GABLE_TRY(read_quantity(part[1], out->dim, &out->to, err));
    if (part[2]) {
        GABLE_TRY(read_quantity(part[2], GABLE_DIM_COUNT, &count, err));
        if (!(count >= 1.0) || floor(count) < count)
            return gable_json_fail(part[2], err, "expected a whole number from 1");
    }
    GABLE_TRY(gable_sweep_scale_read(part[3], &out->log, err));
    return take_range(arena, node, count, sampled, out, err);
}

/* A value of a list, where it stands. */
typedef struct listed {
    const gable_json *node;
    const char *text; /* NULL: `value` is what it is */
    double value;
    int at;
} listed;

static int compare_listed(const void *a, const void *b)
{
    const listed *x = a, *y = b;
    int words = x->text && y->text ? strcmp(x->text, y->text) : 0;
    return words ? words : x->value != y->value ? (x->value > y->value ? 1 : -1) : x->at - y->at;
}

/* A value that a grid has twice would take two places among the best and count double. */
static gable_status refuse_twice(gable_arena *arena, const gable_json *node,
                                 const gable_sweep_axis *axis, gable_err *err)
{
    listed *list;
    int n = 0;
    size_t mark = gable_arena_mark(arena);
    bool words = !axis->row || axis->type == GABLE_SWEEP_NAME;
    GABLE_TRY(gable_arena_take(arena, (size_t)axis->n, sizeof *list, &list, err));
    for (const gable_json *value = node->child; value; value = value->next, n++)
        list[n] = (listed){value, words ? axis->text[n] : NULL, words ? 0.0 : axis->value[n], n};
    qsort(list, (size_t)n, sizeof *list, compare_listed);
    for (int i = 1; i < n; i++) {
        listed before = list[i - 1];
        before.at = list[i].at;
        if (compare_listed(&before, &list[i]) == 0)
            return gable_json_fail(list[i].node, err, "the same value as [%d], expected each once",
                                   list[i - 1].at);
    }
    gable_arena_release(arena, mark);
    return GABLE_OK;
}

static gable_status read_list(gable_arena *arena, const gable_json *node, bool sampled,
                              gable_sweep_axis *out, gable_err *err)
{
    int i = 0;
    if (node->n_children == 0)
        return gable_json_fail(node, err, "no values");
    if (node->n_children > VALUES_CAP)
        return gable_json_fail(node, err, "%zu values, at most %d", node->n_children, VALUES_CAP);
    GABLE_TRY(take_values(arena, (int)node->n_children, out, err));
    for (const gable_json *value = node->child; value; value = value->next)
        GABLE_TRY(read_value(arena, value, out, i++, err));
    return sampled ? GABLE_OK : refuse_twice(arena, node, out, err);
}

gable_status gable_sweep_axis_read(gable_arena *arena, const gable_json *node, bool sampled,
                                   gable_sweep_axis *out, gable_err *err)
{
    GABLE_TRY(find_axis(node, out, err));
    bool name = out->row && out->type == GABLE_SWEEP_NAME; /* "../config.json" is no range */
    if (node->type == GABLE_JSON_ARRAY)
        return read_list(arena, node, sampled, out, err);
    if (node->type == GABLE_JSON_OBJECT)
        return read_object(arena, node, sampled, out, err);
    if (node->type == GABLE_JSON_STRING && !name && strstr(node->string, ".."))
        return read_dots(arena, node, sampled, out, err);
    GABLE_TRY(take_values(arena, 1, out, err));
    return read_value(arena, node, out, 0, err);
}

gable_status gable_sweep_field_read(const gable_sweep_axis *axis, const gable_edit *edit,
                                    double *out, gable_err *err)
{
    gable_err why = {0};
    gable_status status = GABLE_OK;
    for (int i = 0; i < axis->n && status == GABLE_OK; i++) {
        if (axis->text[i])
            status = gable_edit_parse(edit, &axis->field, axis->text[i], &out[i], &why);
        else
            out[i] = axis->value[i];
        if (status == GABLE_OK)
            status = gable_edit_check(edit, &axis->field, out[i], &why);
    }
    if (status == GABLE_OK && axis->n == 0) {
        status = gable_edit_check(edit, &axis->field, axis->from, &why);
        if (status == GABLE_OK)
            status = gable_edit_check(edit, &axis->field, axis->to, &why);
    }
    return status == GABLE_OK ? GABLE_OK : gable_json_fail(axis->node, err, "%s", why.text);
}
