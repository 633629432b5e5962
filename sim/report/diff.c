/* report/diff: see diff.h. */
#include "report/diff.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/check.h"
#include "report/internal.h"
#include "report/paragraph.h"

/* ---- rows of operators ---- */

typedef struct diff_row {
    const char *name;
    double before_s, after_s, delta_s, share_frac; /* of the change of the step; NaN when it is 0 */
    const char *before_bound, *after_bound;        /* "absent" */
} diff_row;

#define SECONDS_CELL(member_, header_)                                                             \
    {                                                                                              \
        .key = #member_, .header = (header_), .type = GABLE_CELL_NUMBER, .dim = GABLE_DIM_SECONDS, \
        .offset = offsetof(diff_row, member_)                                                      \
    }
static const gable_column row_columns[] = {
    {.key = "name", .header = "operator", .offset = offsetof(diff_row, name)},
    SECONDS_CELL(before_s, "before"),
    SECONDS_CELL(after_s, "after"),
    SECONDS_CELL(delta_s, "change"),
    GABLE_CELL(diff_row, share_frac, "share", SHARE, 1),
    GABLE_CELL(diff_row, before_bound, "bound", TEXT, 2),
    GABLE_CELL(diff_row, after_bound, "now", TEXT, 2),
};

static const gable_check_operator *find(const gable_check_figures *figures, const char *name)
{
    for (int i = 0; i < figures->n_operators; i++)
        if (strcmp(figures->operators[i].name, name) == 0)
            return &figures->operators[i];
    return NULL;
}

static void fill_row(const gable_diff *diff, const char *name, diff_row *row)
{
    const gable_check_operator *was = find(&diff->compared.recorded, name);
    const gable_check_operator *is = find(&diff->compared.now, name);
    double all_s = diff->compared.now.metric[GABLE_CHECK_TIME] -
                   diff->compared.recorded.metric[GABLE_CHECK_TIME];
    row->name = name;
    row->before_s = !was ? 0.0 : was->time_s >= 0.0 ? was->time_s : (double)NAN;
    row->after_s = !is ? 0.0 : is->time_s >= 0.0 ? is->time_s : (double)NAN;
    row->delta_s = row->after_s - row->before_s;
    row->share_frac = fabs(all_s) > 0.0 ? row->delta_s / all_s : (double)NAN;
    row->before_bound = was ? gable_bound_name((gable_bound)was->bound) : "absent";
    row->after_bound = is ? gable_bound_name((gable_bound)is->bound) : "absent";
}

static bool is_listed(const diff_row *rows, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].name, name) == 0)
            return true;
    return false;
}

/* Operators that moved, most seconds first, and then those of which the regime alone did. */
static gable_status find_rows(gable_arena *arena, const gable_diff *diff, const diff_row **out,
                              size_t *count, gable_err *err)
{
    const gable_check *c = &diff->compared;
    diff_row *rows;
    size_t n = 0;
    GABLE_TRY(
        gable_arena_take(arena, (size_t)(c->n_moves + c->n_changes) + 1, sizeof *rows, &rows, err));
    for (int i = 0; i < c->n_moves; i++)
        fill_row(diff, c->moves[i].name, &rows[n++]);
    for (int i = 0; i < c->n_changes; i++) {
        const char *name = c->changes[i].name;
        bool is_operator = find(&c->recorded, name) || find(&c->now, name);
        if (c->changes[i].is_regime && is_operator && !is_listed(rows, n, name))
            fill_row(diff, name, &rows[n++]);
    }
    *out = rows;
    *count = n;
    return GABLE_OK;
}

static gable_table table_of(const diff_row *rows, size_t n)
{

    return (gable_table){.columns = row_columns,
                         .n_columns = COUNT_OF(row_columns),
                         .rows = rows,
                         .row_bytes = sizeof *rows,
                         .n_rows = n};
}

/* ---- causes, as people read them ---- */

static void add_seconds(gable_text *out, double seconds)
{
    char text[GABLE_UNITS_TEXT_CAP];
    if (!(fabs(seconds) > 0.0)) {
        gable_text_add(out, "no time");
        return;
    }
    gable_text_addf(out, "%s%s", seconds >= 0.0 ? "+" : "",
                    gable_units_print(seconds, GABLE_DIM_SECONDS, 4, text));
}

/* "hw/accelerators/x.json: hbm.bandwidth", "tp of the scenario". */
static void add_place(gable_text *out, const gable_diff_cause *cause)
{
    if (cause->kind == GABLE_DIFF_PROGRAM) {
        gable_text_add(out, "the program");
        if (cause->field)
            gable_text_addf(out, ", or data before that are not as recorded: %s;", cause->field);
    } else if (cause->kind == GABLE_DIFF_SCENARIO) {
        gable_text_addf(out, "scenario: %s", cause->field);
    } else {
        gable_text_add_safe(out, cause->file);
        gable_text_add(out, cause->field ? ": " : "");
        gable_text_add_safe(out, cause->field ? cause->field : "");
    }
}

static const double share_most = 10.0; /* beyond, causes cancel and a share says nothing */

static void add_effect(gable_text *out, const gable_diff *diff, const gable_diff_cause *cause)
{
    double all_s = diff->compared.now.metric[GABLE_CHECK_TIME] -
                   diff->compared.recorded.metric[GABLE_CHECK_TIME];
    if (cause->reason) {
        gable_text_add(out, "not priced alone: ");
        gable_text_add_safe(out, cause->reason);
        return;
    }
    add_seconds(out, cause->effect_s);
    if (fabs(cause->effect_s) > 0.0 && fabs(cause->effect_s) < share_most * fabs(all_s))
        gable_text_addf(out, ", %.3g %% of the change", 100.0 * cause->effect_s / all_s);
    if (cause->n_operators)
        gable_text_addf(out, "; %d operator%s, %s most", cause->n_operators,
                        cause->n_operators == 1 ? "" : "s", cause->most);
    else if (cause->most)
        gable_text_addf(out, "; it moves %s", cause->most);
}

static void add_cause(gable_text *out, const gable_diff *diff, const gable_diff_cause *cause,
                      int width)
{
    gable_text line = {0};
    add_place(&line, cause);
    gable_text_addf(&line, "  ");
    gable_text_add_safe(&line, cause->old_text);
    gable_text_add(&line, " -> ");
    gable_text_add_safe(&line, cause->now_text);
    gable_paragraph(out, line.text ? line.text : "", 2, width);
    out->failed = out->failed || line.failed;
    gable_text_free(&line);
    add_effect(&line, diff, cause);
    gable_paragraph(out, line.text ? line.text : "", 6, width);
    out->failed = out->failed || line.failed;
    gable_text_free(&line);
}

enum { CAUSES_SHOWN = 24 };

/* Files of which only hashes are known. */
static void add_moved_files(gable_text *out, const gable_diff *diff, int width)
{
    char list[160] = "", line[320];
    for (int i = 0; i < GABLE_N_CHECK_DATA; i++) {
        size_t used = strlen(list);
        if (diff->data_moved[i])
            snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "",
                     gable_check_data_keys[i]);
    }
    if (!*list || diff->data_known)
        return;
    snprintf(
        line, sizeof line,
        "data files are not the same: %s. Give the older data (--data-before FOLDER, a checkout "
        "that holds hw/ and workloads/) to learn which field",
        list);
    gable_paragraph(out, line, 2, width);
}

static void add_causes(gable_text *out, const gable_diff *diff, int width)
{
    gable_text_add(out, "\nwhat moved it\n");
    add_moved_files(out, diff, width);
    for (int i = 0; i < diff->n_causes && i < CAUSES_SHOWN; i++)
        add_cause(out, diff, &diff->causes[i], width);
    if (diff->n_causes > CAUSES_SHOWN)
        gable_text_addf(out, "  and %d more\n", diff->n_causes - CAUSES_SHOWN);
    if (fabs(diff->rest_s) > 0.0) {
        gable_text_add(out, diff->n_causes ? "  together beyond each alone, or not known: "
                                           : "  not known: ");
        add_seconds(out, diff->rest_s);
        gable_text_add(out, "\n");
    }
    if (diff->n_idle)
        gable_text_addf(out, "  %d other field%s moves nothing here\n", diff->n_idle,
                        diff->n_idle == 1 ? " differs and" : "s differ, which");
}

/* ---- text ---- */

static void add_side(gable_text *out, const char *label, const gable_diff_side *side)
{
    gable_text_addf(out, "  %-7s ", label);
    gable_text_add_safe(out, side->check.path);
    if (side->is_priced)
        gable_text_add(out, ", priced now\n");
    else if (side->check.recorded.program) {
        gable_text_add(out, ", recorded by gable ");
        gable_text_add_safe(out, side->check.recorded.program);
        gable_text_add(out, "\n");
    } else
        gable_text_add(out, side->answers ? ", an answer\n" : ", as recorded\n");
}

static void add_change(gable_text *out, const gable_check_change *change)
{
    gable_text_add(out, "  ");
    gable_check_add_change(out, change);
    gable_text_add(out, "\n");
}

static void add_headline(gable_text *out, const gable_diff *diff)
{
    const gable_check *c = &diff->compared;
    char was[GABLE_UNITS_TEXT_CAP], is[GABLE_UNITS_TEXT_CAP], relative[GABLE_CHECK_VALUE_CAP];
    double old_s = c->recorded.metric[GABLE_CHECK_TIME], now_s = c->now.metric[GABLE_CHECK_TIME];
    gable_text_add_safe(out, c->name);
    if (c->outcome == GABLE_CHECK_OK) {
        gable_text_add(out, ": the same\n");
    } else if (c->expects[GABLE_CHECK_TIME]) {
        gable_units_print(old_s, GABLE_DIM_SECONDS, 4, was);
        gable_units_print(now_s, GABLE_DIM_SECONDS, 4, is);
        gable_check_print_relative(old_s > 0.0 ? now_s / old_s - 1.0 : (double)INFINITY, false,
                                   relative);
        gable_text_addf(out, ": %s -> %s, %s\n", was, is, relative);
    } else {
        gable_text_add(out, ": not the same\n");
    }
    add_side(out, "before", &diff->before);
    add_side(out, "after", &diff->after);
}

static bool is_figure(const gable_diff *diff, const gable_check_change *change)
{
    return !find(&diff->compared.recorded, change->name) &&
           !find(&diff->compared.now, change->name);
}

static void write_text(const gable_diff *diff, const gable_table *table, int width, gable_text *out)
{
    const gable_check *c = &diff->compared;
    int text_width = width < 100 ? width - 2 : 98;
    add_headline(out, diff);
    for (int i = 0; i < c->n_changes; i++)
        if (is_figure(diff, &c->changes[i]) && strcmp(c->changes[i].name, "time_s") != 0)
            add_change(out, &c->changes[i]);
    if (table->n_rows) {
        gable_text_add(out, "\n");
        gable_table_write(out, table, GABLE_FORMAT_TEXT, width);
    }
    if (c->outcome != GABLE_CHECK_OK || diff->n_causes)
        add_causes(out, diff, text_width);
}

/* `text` as code: a backtick of its own would end it. */
static void add_code(gable_text *out, const char *text)
{
    gable_text safe = {0};
    gable_text_add_safe(&safe, text);
    gable_text_add(out, "`");
    for (const char *c = safe.text; c && *c; c++)
        gable_text_add_n(out, *c == '`' ? "'" : c, 1);
    gable_text_add(out, "`");
    out->failed = out->failed || safe.failed;
    gable_text_free(&safe);
}

static void write_md(const gable_diff *diff, const gable_table *table, int width, gable_text *out)
{
    gable_text_add(out, "### ");
    add_headline(out, diff);
    if (table->n_rows) {
        gable_text_add(out, "\n");
        gable_table_write(out, table, GABLE_FORMAT_MD, width);
    }
    for (int i = 0; i < diff->n_causes && i < CAUSES_SHOWN; i++) {
        gable_text_add(out, i ? "- " : "\nWhat moved it:\n\n- ");
        gable_text place = {0};
        add_place(&place, &diff->causes[i]);
        add_code(out, place.text ? place.text : "");
        out->failed = out->failed || place.failed;
        gable_text_free(&place);
        gable_text_add(out, " ");
        add_code(out, diff->causes[i].old_text);
        gable_text_add(out, " -> ");
        add_code(out, diff->causes[i].now_text);
        gable_text_add(out, ": ");
        add_effect(out, diff, &diff->causes[i]);
        gable_text_add(out, "\n");
    }
}

/* ---- JSON ---- */

static void add_member(gable_text *out, const char *before, const char *key, const char *value)
{
    gable_text_addf(out, "%s\"%s\": ", before, key);
    if (value)
        gable_text_add_json_string(out, value);
    else
        gable_text_add(out, "null");
}

static void add_number(gable_text *out, const char *before, const char *key, double value)
{
    gable_text_addf(out, "%s\"%s\": ", before, key);
    gable_text_add_json_number(out, value);
}

static void add_json_side(gable_text *out, const char *key, const gable_diff_side *side)
{
    const gable_check_figures *figures = &side->figures;
    gable_text_addf(out, ",\n  \"%s\": ", key);
    add_member(out, "{", "file", side->check.path);
    gable_text_addf(out, ", \"priced\": %s", side->is_priced ? "true" : "false");
    add_member(out, ", ", "program", figures->program);
    add_number(out, ", ", "time_s",
               side->has[GABLE_CHECK_TIME] ? figures->metric[GABLE_CHECK_TIME] : (double)NAN);
    add_member(out, ", ", "bound",
               figures->bound < 0 ? NULL : gable_bound_name((gable_bound)figures->bound));
    gable_text_add(out, "}");
}

static void add_json_change(gable_text *out, const gable_check_change *change)
{
    add_member(out, "{", "name", change->name);
    if (change->is_regime) {
        add_member(out, ", ", "before", change->old_text);
        add_member(out, ", ", "after", change->now_text);
    } else {
        add_number(out, ", ", "before", change->old);
        add_number(out, ", ", "after", change->now);
        add_number(out, ", ", "relative_frac", change->relative_frac);
    }
    gable_text_add(out, "}");
}

static void add_json_cause(gable_text *out, const gable_diff_cause *cause)
{
    add_member(out, "{", "kind", gable_diff_kind_keys[cause->kind]);
    add_member(out, ", ", "file", cause->file);
    add_member(out, ", ", "field", cause->field);
    add_member(out, ", ", "before", cause->old_text);
    add_member(out, ", ", "after", cause->now_text);
    add_number(out, ", ", "effect_s", cause->reason ? (double)NAN : cause->effect_s);
    gable_text_addf(out, ", \"operators\": %d", cause->n_operators);
    add_member(out, ", ", "most", cause->most);
    add_member(out, ", ", "reason", cause->reason);
    gable_text_add(out, "}");
}

static void write_json(const gable_diff *diff, const gable_table *table, gable_text *out)
{
    const gable_check *c = &diff->compared;
    gable_text_add(out, "{\n  \"schema\": \"gable.diff/1\"");
    add_member(out, ",\n  ", "name", c->name);
    gable_text_addf(out, ",\n  \"same\": %s", c->outcome == GABLE_CHECK_OK ? "true" : "false");
    add_json_side(out, "before", &diff->before);
    add_json_side(out, "after", &diff->after);
    gable_text_add(out, ",\n  \"changes\": [");
    for (int i = 0; i < c->n_changes; i++) {
        gable_text_add(out, i ? ",\n    " : "\n    ");
        add_json_change(out, &c->changes[i]);
    }
    gable_text_add(out, c->n_changes ? "\n  ],\n  \"operators\": " : "],\n  \"operators\": ");
    gable_table_write(out, table, GABLE_FORMAT_JSON, 0);
    gable_text_add(out, ",\n  \"causes\": [");
    for (int i = 0; i < diff->n_causes; i++) {
        gable_text_add(out, i ? ",\n    " : "\n    ");
        add_json_cause(out, &diff->causes[i]);
    }
    gable_text_addf(out, "%s],\n  \"idle_fields\": %d", diff->n_causes ? "\n  " : "", diff->n_idle);
    add_number(out, ",\n  ", "base_s", diff->base_s);
    add_number(out, ",\n  ", "rest_s", diff->rest_s);
    gable_text_add(out, ",\n  \"data_changed\": [");
    const char *between = "";
    for (int i = 0; i < GABLE_N_CHECK_DATA; i++) {
        if (!diff->data_moved[i])
            continue;
        gable_text_addf(out, "%s\"%s\"", between, gable_check_data_keys[i]);
        between = ", ";
    }
    gable_text_add(out, "]\n}\n");
}

gable_status gable_report_diff(gable_arena *arena, const gable_diff *diff, gable_format format,
                               int width, gable_text *out, gable_err *err)
{
    const diff_row *rows;
    size_t n;
    GABLE_TRY(find_rows(arena, diff, &rows, &n, err));
    gable_table table = table_of(rows, n);
    switch (format) {
    case GABLE_FORMAT_TEXT:
        write_text(diff, &table, width, out);
        break;
    case GABLE_FORMAT_JSON:
        write_json(diff, &table, out);
        break;
    case GABLE_FORMAT_MD:
        write_md(diff, &table, width, out);
        break;
    case GABLE_FORMAT_CSV:
    case GABLE_N_FORMATS:
        gable_table_write(out, &table, GABLE_FORMAT_CSV, width);
        break;
    }
    return gable_report_done(out, err);
}
