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

enum { INDENT = 2, LABEL_WIDTH = 28, VALUE_WIDTH = 14 };

/* Lines so far: a source that was just printed is not repeated in full. */
typedef struct text_state {
    gable_text *out;
    const char *source;
} text_state;

static void add_source(text_state *state, const char *source)
{
    bool again = state->source && strcmp(state->source, source) == 0;
    gable_text_add(state->out, "  [");
    gable_text_add_n(state->out, source, again ? strcspn(source, ":") : strlen(source));
    gable_text_add(state->out, "]");
    state->source = source;
}

static void add_arithmetic(gable_text *out, const gable_node *node)
{
    static const char *const words[GABLE_N_COMBINES] = {
        [GABLE_COMBINE_NONE] = "",
        [GABLE_COMBINE_SUM] = " = sum of",
        [GABLE_COMBINE_MAX] = " = the longest of",
        [GABLE_COMBINE_LAST] = "",
    };
    if (node->n_factors) {
        gable_text_add(out, " = ");
        add_factors(out, node, false);
        gable_text_add(out, "  (");
        add_factors(out, node, true);
        gable_text_add(out, ")");
    } else if (node->child && node->child->next) {
        gable_text_add(out, words[node->combine]);
    }
}

static void add_line(text_state *state, const gable_node *node, int depth)
{
    gable_text *out = state->out, value = {0};
    add_value(&value, node->value, node->dim, node->unit);
    gable_text_addf(out, "%*s", depth * INDENT, "");
    size_t before = out->length_bytes;
    gable_text_add_safe(out, node->label);
    int pad = LABEL_WIDTH - depth * INDENT - (int)(out->length_bytes - before);
    gable_text_addf(out, "%*s %*s", pad > 0 ? pad : 0, "", VALUE_WIDTH - 2,
                    value.text ? value.text : "");
    gable_text_free(&value);
    add_arithmetic(out, node);
    if (node->source)
        add_source(state, node->source);
    if (node->reason)
        gable_text_addf(out, "  %s", node->reason);
    gable_text_add(out, "\n");
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
    (void)width;
    switch (format) {
    case GABLE_FORMAT_TEXT:
        write_text(&(text_state){out, NULL}, root, 0);
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
