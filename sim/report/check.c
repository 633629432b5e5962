/* report/check: text, JSON and Markdown of `gable check`. TAP, JUnit and GitHub are in check_ci.c.
 */
#include "report/check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/internal.h"
#include "report/paragraph.h"

const char *const gable_check_formats[] = {
#define FORMAT_NAME(symbol, name) [GABLE_CHECK_FORMAT_##symbol] = (name),
    GABLE_CHECK_FORMAT_LIST(FORMAT_NAME)
#undef FORMAT_NAME
        NULL};

size_t gable_check_count(const gable_check_report *report, gable_check_outcome outcome)
{
    size_t n = 0;
    for (size_t i = 0; i < report->n; i++)
        n += report->checks[i].outcome == outcome;
    return n;
}

bool gable_check_failed(const gable_check *check)
{
    return check->outcome == GABLE_CHECK_DIFFERS || check->outcome == GABLE_CHECK_UNRECORDED;
}

/* ---- what the writers share ---- */

/* Four digits, and more where the two sides would look alike. */
static int digits_for(double relative_frac)
{
    double size = fabs(relative_frac);
    if (!(size > 0.0) || size >= 1e-3)
        return 4;
    double digits = 2.0 + ceil(-log10(size));
    return digits < 17.0 ? (int)digits : 17;
}

void gable_check_print_value(const gable_check_change *change, bool now,
                             char out[GABLE_CHECK_VALUE_CAP])
{
    double value = now ? change->now : change->old;
    if (change->is_regime)
        snprintf(out, GABLE_CHECK_VALUE_CAP, "%s", now ? change->now_text : change->old_text);
    else
        gable_units_print(value, change->dim, digits_for(change->relative_frac), out);
}

void gable_check_print_relative(double relative_frac, bool is_regime,
                                char out[GABLE_CHECK_VALUE_CAP])
{
    double percent = 100.0 * relative_frac;
    out[0] = '\0';
    if (is_regime)
        return;
    if (!isfinite(relative_frac))
        snprintf(out, GABLE_CHECK_VALUE_CAP, "from 0");
    else if (fabs(percent) >= 1000.0)
        snprintf(out, GABLE_CHECK_VALUE_CAP, "x%.3g", 1.0 + relative_frac);
    else
        snprintf(out, GABLE_CHECK_VALUE_CAP, "%+.3g %%", percent);
}

void gable_check_add_change(gable_text *out, const gable_check_change *change)
{
    char value[GABLE_CHECK_VALUE_CAP];
    gable_check_print_value(change, false, value);
    gable_text_addf(out, "%s %s", change->name, value);
    gable_check_print_value(change, true, value);
    gable_text_addf(out, " -> %s", value);
    gable_check_print_relative(change->relative_frac, change->is_regime, value);
    if (*value)
        gable_text_addf(out, ", %s", value);
}

/* A regime that flipped is worse than any figure; the first change is the worst of its scenario. */
static double severity(const gable_check *check)
{
    if (!gable_check_failed(check))
        return -1.0;
    return check->n_changes ? fabs(check->changes[0].relative_frac) : 0.0;
}

size_t *gable_check_worst_first(gable_arena *arena, const gable_check_report *report)
{
    size_t *order = gable_arena_alloc(arena, report->n + 1, sizeof *order);
    for (size_t i = 0; order && i < report->n; i++) {
        size_t at = i;
        for (; at > 0 && severity(&report->checks[order[at - 1]]) < severity(&report->checks[i]);
             at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

/* ---- text ---- */

enum { CHANGES_SHOWN = 24, MOVES_SHOWN = 8 };

static void write_changes(gable_text *out, const gable_check *check)
{
    char old[GABLE_CHECK_VALUE_CAP], now[GABLE_CHECK_VALUE_CAP], change[GABLE_CHECK_VALUE_CAP];
    if (check->n_changes)
        gable_text_addf(out, "  %-28s %15s %15s %12s\n", "", "recorded", "now", "change");
    for (int i = 0; i < check->n_changes && i < CHANGES_SHOWN; i++) {
        const gable_check_change *c = &check->changes[i];
        gable_check_print_value(c, false, old);
        gable_check_print_value(c, true, now);
        gable_check_print_relative(c->relative_frac, c->is_regime, change);
        gable_text_addf(out, "  %-28s %15s %15s %12s\n", c->name, old, now,
                        c->is_regime ? "regime" : change);
    }
    if (check->n_changes > CHANGES_SHOWN)
        gable_text_addf(out, "  and %d more\n", check->n_changes - CHANGES_SHOWN);
}

static void write_moves(gable_text *out, const gable_check *check)
{
    char change[GABLE_CHECK_VALUE_CAP], old[GABLE_CHECK_VALUE_CAP], now[GABLE_CHECK_VALUE_CAP];
    if (check->n_moves)
        gable_text_add(out, "  operators whose time moved, most seconds first\n");
    for (int i = 0; i < check->n_moves && i < MOVES_SHOWN; i++) {
        const gable_check_move *m = &check->moves[i];
        double relative = m->old_s > 0.0 ? m->now_s / m->old_s - 1.0 : (double)INFINITY;
        int digits = digits_for(relative);
        gable_check_print_relative(relative, false, change);
        gable_text_addf(out, "  %-28s %15s %15s %12s\n", m->name,
                        gable_units_print(m->old_s, GABLE_DIM_SECONDS, digits, old),
                        gable_units_print(m->now_s, GABLE_DIM_SECONDS, digits, now), change);
    }
    if (check->n_moves > MOVES_SHOWN)
        gable_text_addf(out, "  and %d more operators\n", check->n_moves - MOVES_SHOWN);
}

/* Which side moved: data files, or the program alone. */
static void add_suspects(gable_text *out, const gable_check *check)
{
    if (!check->recorded.program)
        return;
    const char *between = "  data files that changed since it was recorded: ";
    bool any = false;
    for (int i = 0; i < GABLE_N_CHECK_DATA; i++) {
        if (!check->data_moved[i])
            continue;
        gable_text_addf(out, "%s%s", between, gable_check_data_keys[i]);
        between = ", ";
        any = true;
    }
    if (!any)
        gable_text_add(out, "  the data files are as recorded: the program moved, or the scenario");
    gable_text_addf(out,
                    "\n  recorded by gable %s, this is gable %s\n  which field did it: gable diff ",
                    check->recorded.program, check->now.program);
    gable_text_add_safe(out, check->path);
    gable_text_add(out, " --data-before FOLDER\n");
}

static void write_text_of(gable_text *out, const gable_check *check)
{
    char time[GABLE_UNITS_TEXT_CAP];
    gable_units_print(check->now.metric[GABLE_CHECK_TIME], GABLE_DIM_SECONDS, 4, time);
    gable_text_addf(out, "%-10s  %-30s %9s  %s-bound%s\n", gable_check_outcome_keys[check->outcome],
                    check->name, time, gable_bound_name((gable_bound)check->now.bound),
                    check->now.fits ? "" : ", does not fit");
    if (check->outcome == GABLE_CHECK_UNRECORDED) {
        gable_text_add(out, "  nothing is expected yet; record it with gable check --update ");
        gable_text_add_path(out, check->path);
        gable_text_add(out, "\n");
    }
    if (!check->n_changes)
        return;
    gable_paragraph(out, check->why, 2, 78);
    write_changes(out, check);
    write_moves(out, check);
    add_suspects(out, check);
    gable_text_add(out, "\n");
}

static void write_tally(gable_text *out, const gable_check_report *report)
{
    static const struct {
        const char *one, *many;
    } words[GABLE_N_CHECK_OUTCOMES] = {
        [GABLE_CHECK_OK] = {"as recorded", "as recorded"},
        [GABLE_CHECK_DIFFERS] = {"differs", "differ"},
        [GABLE_CHECK_UNRECORDED] = {"not recorded", "not recorded"},
        [GABLE_CHECK_UPDATED] = {"updated", "updated"},
        [GABLE_CHECK_RECORDED] = {"newly recorded", "newly recorded"}};
    const char *between = ": ";
    gable_text_addf(out, "%zu scenario%s", report->n, report->n == 1 ? "" : "s");
    for (int i = 0; i < GABLE_N_CHECK_OUTCOMES; i++) {
        size_t n = gable_check_count(report, (gable_check_outcome)i);
        if (!n)
            continue;
        gable_text_addf(out, "%s%zu %s", between, n, n == 1 ? words[i].one : words[i].many);
        between = ", ";
    }
    gable_text_add(out, "\n");
}

static void write_text(gable_arena *arena, const gable_check_report *report, gable_text *out)
{
    const char *accept = NULL;
    (void)arena;
    for (size_t i = 0; i < report->n; i++) {
        const gable_check *check = &report->checks[i];
        write_text_of(out, check);
        if (check->outcome == GABLE_CHECK_DIFFERS && !accept)
            accept = check->path;
    }
    write_tally(out, report);
    if (!accept)
        return;
    gable_text_add(out, "if a change is meant: gable check --update ");
    gable_text_add_path(out, accept);
    gable_text_add(out, "\n");
}

/* ---- JSON ---- */

static void add_member(gable_text *out, const char *before, const char *key, const char *value)
{
    gable_text_addf(out, "%s\"%s\": ", before, key);
    gable_text_add_json_string(out, value);
}

static void add_number(gable_text *out, const char *before, const char *key, double value)
{
    gable_text_addf(out, "%s\"%s\": ", before, key);
    gable_text_add_json_number(out, value);
}

static void add_json_change(gable_text *out, const gable_check_change *change)
{
    add_member(out, "{", "name", change->name);
    if (change->is_regime) {
        add_member(out, ", ", "recorded", change->old_text);
        add_member(out, ", ", "now", change->now_text);
    } else {
        add_number(out, ", ", "recorded", change->old);
        add_number(out, ", ", "now", change->now);
        add_number(out, ", ", "relative_frac", change->relative_frac);
        if (!isfinite(change->relative_frac))
            add_member(out, ", ", "reason", "recorded as 0");
        add_number(out, ", ", "tolerance", change->tolerance);
    }
    if (change->line)
        gable_text_addf(out, ", \"line\": %zu, \"column\": %zu", change->line, change->column);
    gable_text_add(out, "}");
}

static void write_json_of(gable_text *out, const gable_check *check)
{
    const char *between = "";
    add_member(out, "\n    {", "name", check->name);
    add_member(out, ", ", "file", check->path);
    add_member(out, ", ", "outcome", gable_check_outcome_keys[check->outcome]);
    add_member(out, ",\n     ", "model", check->model);
    add_member(out, ", ", "system", check->system);
    add_member(out, ", ", "stack", check->stack);
    add_number(out, ",\n     ", "time_s", check->now.metric[GABLE_CHECK_TIME]);
    add_number(out, ", ", "ceiling_s", check->now.metric[GABLE_CHECK_CEILING]);
    add_member(out, ", ", "bound", gable_bound_name((gable_bound)check->now.bound));
    gable_text_addf(out, ", \"fits\": %s,\n     \"changes\": [",
                    check->now.fits ? "true" : "false");
    for (int i = 0; i < check->n_changes; i++) {
        gable_text_add(out, i ? ",\n       " : "\n       ");
        add_json_change(out, &check->changes[i]);
    }
    gable_text_add(out, "],\n     \"operators\": [");
    for (int i = 0; i < check->n_moves; i++) {
        add_member(out, i ? ",\n       {" : "\n       {", "name", check->moves[i].name);
        add_number(out, ", ", "recorded_s", check->moves[i].old_s);
        add_number(out, ", ", "now_s", check->moves[i].now_s);
        gable_text_add(out, "}");
    }
    gable_text_add(out, "],\n     \"data_changed\": [");
    for (int i = 0; i < GABLE_N_CHECK_DATA; i++) {
        if (!check->data_moved[i])
            continue;
        gable_text_addf(out, "%s\"%s\"", between, gable_check_data_keys[i]);
        between = ", ";
    }
    gable_text_add(out, "]}");
}

static void write_json(gable_arena *arena, const gable_check_report *report, gable_text *out)
{
    (void)arena;
    gable_text_addf(out, "{\n  \"schema\": \"gable.check/1\",\n  \"scenarios\": %zu", report->n);
    for (int i = 0; i < GABLE_N_CHECK_OUTCOMES; i++)
        gable_text_addf(out, ",\n  \"%s\": %zu", gable_check_outcome_keys[i],
                        gable_check_count(report, (gable_check_outcome)i));
    gable_text_add(out, ",\n  \"results\": [");
    for (size_t i = 0; i < report->n; i++) {
        gable_text_add(out, i ? "," : "");
        write_json_of(out, &report->checks[i]);
    }
    gable_text_add(out, "\n  ]\n}\n");
}

/* ---- Markdown: for $GITHUB_STEP_SUMMARY, which holds 1 MiB ---- */

enum { MD_ROWS_CAP = 50 };

typedef struct md_row {
    const char *scenario, *what, *old, *now, *change;
} md_row;

static const gable_column md_columns[] = {
    {.key = "scenario", .header = "scenario", .offset = offsetof(md_row, scenario)},
    {.key = "what", .header = "what", .offset = offsetof(md_row, what)},
    {.key = "recorded", .header = "recorded", .offset = offsetof(md_row, old)},
    {.key = "now", .header = "now", .offset = offsetof(md_row, now)},
    {.key = "change", .header = "change", .offset = offsetof(md_row, change)},
};

static void fill_md_row(gable_arena *arena, const gable_check *check,
                        const gable_check_change *change, md_row *row)
{
    char value[GABLE_CHECK_VALUE_CAP];
    row->scenario = check->name;
    row->what = change->name;
    gable_check_print_value(change, false, value);
    row->old = gable_report_format(arena, "%s", value);
    gable_check_print_value(change, true, value);
    row->now = gable_report_format(arena, "%s", value);
    gable_check_print_relative(change->relative_frac, change->is_regime, value);
    row->change = gable_report_format(arena, "%s", change->is_regime ? "regime" : value);
}

static void write_md(gable_arena *arena, const gable_check_report *report, gable_text *out)
{
    md_row rows[MD_ROWS_CAP];
    size_t n = 0, n_left = 0, *order = gable_check_worst_first(arena, report);
    gable_text_add(out, "### gable check\n\n");
    write_tally(out, report);
    out->failed = out->failed || !order;
    for (size_t i = 0; order && i < report->n; i++) {
        const gable_check *check = &report->checks[order[i]];
        if (check->outcome == GABLE_CHECK_UNRECORDED)
            gable_text_addf(out, "\n`%s` expects nothing yet: `gable check --update` records it.\n",
                            check->name);
        for (int k = 0; k < check->n_changes; k++) {
            if (n == MD_ROWS_CAP)
                n_left++;
            else
                fill_md_row(arena, check, &check->changes[k], &rows[n++]);
        }
    }
    if (!n)
        return;
    gable_table table = {.columns = md_columns,
                         .n_columns = COUNT_OF(md_columns),
                         .rows = rows,
                         .row_bytes = sizeof rows[0],
                         .n_rows = n};
    gable_text_add(out, "\n");
    gable_table_write(out, &table, GABLE_FORMAT_MD, 0);
    if (n_left)
        gable_text_addf(out, "\n%zu more are not shown.\n", n_left);
}

/* ---- the table of writers ---- */

static gable_check_writer *const writers[GABLE_N_CHECK_FORMATS] = {
    [GABLE_CHECK_FORMAT_TEXT] = write_text,
    [GABLE_CHECK_FORMAT_JSON] = write_json,
    [GABLE_CHECK_FORMAT_TAP] = gable_check_write_tap,
    [GABLE_CHECK_FORMAT_JUNIT] = gable_check_write_junit,
    [GABLE_CHECK_FORMAT_GITHUB] = gable_check_write_github,
    [GABLE_CHECK_FORMAT_MD] = write_md,
};

gable_status gable_report_check(gable_arena *arena, const gable_check_report *report,
                                gable_check_format format, gable_text *out, gable_err *err)
{
    writers[format](arena, report, out);
    return gable_report_done(out, err);
}
