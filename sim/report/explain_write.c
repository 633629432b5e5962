/* report/explain_write: an explain tree as indented lines, JSON, CSV and Markdown. */
#include <stdio.h>
#include <string.h>

#include "report/internal.h"

static void add_value(gable_text *out, double value, gable_dim dim, const char *unit)
{
    char text[GABLE_UNITS_TEXT_CAP];
    bool whole = value < 1e7 && value >= 0.0 && value == (double)(long)value;
    if (dim == GABLE_DIM_NONE || (dim == GABLE_DIM_COUNT && whole))
        gable_text_addf(out, whole ? "%.0f" : "%.4g", value);
    else
        gable_text_add(out, gable_units_print(value, dim, 4, text));
    if (unit)
        gable_text_addf(out, " %s", unit);
}

/* Either the symbols "2 x m x n" or the numbers "2 x 64 x 8192" of a formula. */
static void add_factors(gable_text *out, const gable_node *node, bool symbols)
{
    for (int i = 0; i < node->n_factors; i++) {
        const gable_factor *factor = &node->factors[i];
        gable_text_add(out, i == 0 ? "" : factor->divides ? " / " : " x ");
        if (symbols)
            gable_text_add(out, factor->symbol);
        else
            add_value(out, factor->value, factor->dim, factor->unit);
    }
}

static const char *const combine_names[GABLE_N_COMBINES] = {
    [GABLE_COMBINE_NONE] = NULL,
    [GABLE_COMBINE_SUM] = "sum",
    [GABLE_COMBINE_MAX] = "max",
    [GABLE_COMBINE_LAST] = "last",
};

/* ---- text ---- */

/* Arithmetic needs more room than tables: narrower terminals wrap by themselves. */
enum { INDENT = 2, LABEL_WIDTH = 28, VALUE_WIDTH = 14, WIDTH_MIN = 100 };

/* "2 x 64 m x 8192 n": each number with what it is. */
static void add_named_factors(gable_text *out, const gable_node *node)
{
    for (int i = 0; i < node->n_factors; i++) {
        const gable_factor *factor = &node->factors[i];
        gable_text_add(out, i == 0 ? "" : factor->divides ? " / " : " x ");
        add_value(out, factor->value, factor->dim, factor->unit);
        bool constant = factor->symbol[0] >= '0' && factor->symbol[0] <= '9';
        if (!constant)
            gable_text_addf(out, " %s", factor->symbol);
    }
}

/* Lines so far: a source that was just printed is not repeated in full. */
typedef struct text_state {
    gable_text *out;
    int width;
    const char *source;
} text_state;

/* One part of a line, on a line of its own when it does not fit behind the others. */
static void add_part(text_state *state, gable_text *line, gable_text *part)
{
    state->out->failed = state->out->failed || part->failed;
    if (part->length_bytes == 0)
        return;
    if ((int)(line->length_bytes + part->length_bytes) + 1 > state->width) {
        gable_report_append(state->out, line);
        gable_text_add(state->out, "\n");
        gable_text_addf(line, "%*s", LABEL_WIDTH + VALUE_WIDTH - 1, "");
    }
    gable_text_add(line, " ");
    gable_report_append(line, part);
}

static void add_source(text_state *state, gable_text *line, const char *source)
{
    gable_text part = {0};
    bool again = state->source && strcmp(state->source, source) == 0;
    gable_text_add(&part, "[");
    gable_text_add_n(&part, source, again ? strcspn(source, ":") : strlen(source));
    gable_text_add(&part, "]");
    add_part(state, line, &part);
    state->source = source;
}

static void add_arithmetic(text_state *state, gable_text *line, const gable_node *node)
{
    static const char *const words[GABLE_N_COMBINES] = {
        [GABLE_COMBINE_NONE] = "",
        [GABLE_COMBINE_SUM] = "= sum of",
        [GABLE_COMBINE_MAX] = "= the longest of",
        [GABLE_COMBINE_LAST] = "",
    };
    gable_text part = {0};
    if (node->n_factors) {
        gable_text_add(&part, "= ");
        add_named_factors(&part, node);
    } else if (node->child && node->child->next) {
        gable_text_add(&part, words[node->combine]);
    }
    add_part(state, line, &part);
    gable_text_free(&part);
}

static void add_line(text_state *state, const gable_node *node, int depth)
{
    gable_text line = {0}, value = {0}, reason = {0};
    add_value(&value, node->value, node->dim, node->unit);
    gable_text_addf(&line, "%*s", depth * INDENT, "");
    gable_text_add_safe(&line, node->label);
    int pad = LABEL_WIDTH - (int)line.length_bytes;
    int value_pad = VALUE_WIDTH - 2 - (int)value.length_bytes;
    gable_text_addf(&line, "%*s %*s", pad > 0 ? pad : 0, "", value_pad > 0 ? value_pad : 0, "");
    gable_report_append(&line, &value);
    add_arithmetic(state, &line, node);
    if (node->source)
        add_source(state, &line, node->source);
    if (node->reason)
        gable_text_addf(&reason, "# %s", node->reason);
    add_part(state, &line, &reason);
    gable_report_append(state->out, &line);
    gable_text_add(state->out, "\n");
    gable_text_free(&reason);
}

static void write_text(text_state *state, const gable_node *node, int depth)
{
    if (depth == 0)
        gable_text_addf(state->out, "%s\n  %s\n", node->label, node->reason ? node->reason : "");
    else
        add_line(state, node, depth);
    for (const gable_node *child = node->child; child; child = child->next) {
        if (depth == 0)
            gable_text_add(state->out, "\n");
        write_text(state, child, depth + 1);
    }
}

/* ---- JSON ---- */

static void add_json_text(gable_text *out, const char *key, const char *text)
{
    gable_text_addf(out, ", \"%s\": ", key);
    if (text)
        gable_text_add_json_string(out, text);
    else
        gable_text_add(out, "null");
}

static void add_json_factors(gable_text *out, const gable_node *node)
{
    gable_text formula = {0}, numbers = {0};
    add_factors(&formula, node, true);
    add_factors(&numbers, node, false);
    add_json_text(out, "formula", formula.text);
    add_json_text(out, "numbers", numbers.text);
    out->failed = out->failed || formula.failed || numbers.failed;
    gable_text_free(&formula);
    gable_text_free(&numbers);
    gable_text_add(out, ", \"factors\": [");
    for (int i = 0; i < node->n_factors; i++) {
        const gable_factor *factor = &node->factors[i];
        gable_text_add(out, i ? ", {\"symbol\": " : "{\"symbol\": ");
        gable_text_add_json_string(out, factor->symbol);
        gable_text_add(out, ", \"value\": ");
        gable_text_add_json_number(out, factor->value);
        gable_text_addf(out, ", \"divides\": %s}", factor->divides ? "true" : "false");
    }
    gable_text_add(out, "]");
}

static const char *unit_of(const gable_node *node)
{
    return node->unit ? node->unit : gable_dim_unit(node->dim);
}

static void write_json_node(gable_text *out, const gable_node *node, int depth)
{
    gable_text_addf(out, "%*s{\"label\": ", depth * INDENT, "");
    gable_text_add_json_string(out, node->label);
    gable_text_add(out, ", \"value\": ");
    gable_text_add_json_number(out, node->value);
    add_json_text(out, "unit", unit_of(node));
    add_json_factors(out, node);
    add_json_text(out, "source", node->source);
    add_json_text(out, "reason", node->reason);
    add_json_text(out, "combine", combine_names[node->combine]);
    gable_text_add(out, ", \"children\": [");
    for (const gable_node *child = node->child; child; child = child->next) {
        gable_text_add(out, child == node->child ? "\n" : ",\n");
        write_json_node(out, child, depth + 1);
    }
    gable_text_add(out, "]}");
}

/* ---- one row a line, for CSV and Markdown ---- */

typedef struct line_row {
    int depth;
    const char *label, *unit, *formula, *numbers, *source, *reason;
    double value;
} line_row;

#define COLUMN(key_, type_)                                                                        \
    {                                                                                              \
        .key = #key_, .header = #key_, .type = GABLE_CELL_##type_,                                 \
        .offset = offsetof(line_row, key_)                                                         \
    }

static const gable_column line_columns[] = {
    COLUMN(depth, INT),    COLUMN(label, TEXT),   COLUMN(value, NUMBER), COLUMN(unit, TEXT),
    COLUMN(formula, TEXT), COLUMN(numbers, TEXT), COLUMN(source, TEXT),  COLUMN(reason, TEXT),
};
#undef COLUMN

static const char *factors_text(gable_arena *arena, const gable_node *node, bool symbols)
{
    gable_text text = {0};
    add_factors(&text, node, symbols);
    const char *copy = text.text ? gable_arena_copy(arena, text.text, text.length_bytes) : NULL;
    gable_text_free(&text);
    return copy;
}

static size_t n_nodes(const gable_node *node)
{
    size_t n = 1;
    for (const gable_node *child = node->child; child; child = child->next)
        n += n_nodes(child);
    return n;
}

static void fill_lines(gable_arena *arena, const gable_node *node, int depth, line_row **row)
{
    *(*row)++ = (line_row){
        .depth = depth,
        .label = node->label,
        .unit = unit_of(node),
        .formula = factors_text(arena, node, true),
        .numbers = factors_text(arena, node, false),
        .source = node->source,
        .reason = node->reason,
        .value = node->value,
    };
    for (const gable_node *child = node->child; child; child = child->next)
        fill_lines(arena, child, depth + 1, row);
}

static gable_status write_lines(gable_arena *arena, const gable_node *root, gable_format format,
                                gable_text *out, gable_err *err)
{
    line_row *rows = NULL, *row = NULL;
    size_t n = n_nodes(root);
    GABLE_TRY(gable_arena_take(arena, n, sizeof *rows, &rows, err));
    row = rows;
    fill_lines(arena, root, 0, &row);
    gable_table table = {line_columns, COUNT_OF(line_columns), rows, sizeof *rows, n, NULL};
    gable_table_write(out, &table, format, 0);
    return GABLE_OK;
}

gable_status gable_explain_write(gable_arena *arena, const gable_node *root, gable_format format,
                                 int width, gable_text *out, gable_err *err)
{
    switch (format) {
    case GABLE_FORMAT_TEXT:
        write_text(&(text_state){out, width > WIDTH_MIN ? width : WIDTH_MIN, NULL}, root, 0);
        break;
    case GABLE_FORMAT_JSON:
        gable_text_add(out, "{\n  \"schema\": \"gable.explain/1\",\n  \"tree\":\n");
        write_json_node(out, root, 1);
        gable_text_add(out, "\n}\n");
        break;
    case GABLE_FORMAT_CSV:
    case GABLE_FORMAT_MD:
        GABLE_TRY(write_lines(arena, root, format, out, err));
        break;
    case GABLE_N_FORMATS:
        break;
    }
    return gable_report_done(out, err);
}
