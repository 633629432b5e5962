/* report/whatif: see whatif.h. The answer of `gable whatif` in text, JSON, CSV and Markdown. */
#include "report/whatif.h"

#include <math.h>

#include "report/internal.h"

/* One line of the table: an operator of one phase. */
typedef struct line {
    const char *phase, *name;
    double before_s, after_s, saved_s, speedup, before_ceiling_s, after_ceiling_s;
    const char *before_bound, *after_bound;
} line;

#define COLUMN(key_, header_, type_, dim_, unit_, drop_)                                           \
    {                                                                                              \
        .key = #key_, .header = header_, .type = GABLE_CELL_##type_, .dim = GABLE_DIM_##dim_,      \
        .unit = unit_, .offset = offsetof(line, key_), .drop = drop_                               \
    }
static const gable_column columns[] = {
    COLUMN(phase, "phase", TEXT, NONE, NULL, GABLE_COLUMN_NEVER),
    COLUMN(name, "operator", TEXT, NONE, NULL, 0),
    COLUMN(before_s, "before", NUMBER, SECONDS, NULL, 0),
    COLUMN(after_s, "after", NUMBER, SECONDS, NULL, 0),
    COLUMN(saved_s, "saved", NUMBER, SECONDS, NULL, 0),
    COLUMN(speedup, "speed-up", NUMBER, NONE, "x", 0),
    COLUMN(before_ceiling_s, "ceiling", NUMBER, SECONDS, NULL, 2),
    COLUMN(after_ceiling_s, "ceiling after", NUMBER, SECONDS, NULL, 2),
    COLUMN(before_bound, "bound", TEXT, NONE, NULL, 0),
    COLUMN(after_bound, "bound after", TEXT, NONE, NULL, 0),
};
#undef COLUMN

static line line_of(const gable_whatif_report *step, const gable_whatif_row *row)
{
    return (line){gable_phases[step->before->plan->scenario.phase],
                  row->name,
                  row->before_s,
                  row->after_s,
                  row->saved_s,
                  row->speedup,
                  row->before_ceiling_s,
                  row->after_ceiling_s,
                  row->before_bound,
                  row->after_bound};
}

static gable_status lines_of(gable_arena *arena, const gable_whatif_report *steps, int n_steps,
                             line **out, size_t *n, gable_err *err)
{
    size_t most = 1;
    for (int i = 0; i < n_steps; i++)
        most += (size_t)steps[i].whatif->n_rows;
    GABLE_TRY(gable_arena_take(arena, most, sizeof **out, out, err));
    *n = 0;
    for (int i = 0; i < n_steps; i++)
        for (int r = 0; r < steps[i].whatif->n_rows; r++)
            (*out)[(*n)++] = line_of(&steps[i], &steps[i].whatif->rows[r]);
    return GABLE_OK;
}

/* ---- text ---- */

static const char *quantity(double value, gable_dim dim, char *out)
{
    return isnan(value) ? "-" : gable_units_print(value, dim, 4, out);
}

static void add_pair(gable_text *out, const char *what, double before, double after, gable_dim dim,
                     double factor)
{
    char a[GABLE_UNITS_TEXT_CAP], b[GABLE_UNITS_TEXT_CAP];
    if (isnan(before) && isnan(after))
        return;
    gable_text_addf(out, "  %-10s%12s  ->  %-12s", what, quantity(before, dim, a),
                    quantity(after, dim, b));
    if (isfinite(factor))
        gable_text_addf(out, "  x%.3g", factor);
    gable_text_add(out, "\n");
}

static double ratio(double a, double b)
{
    return a > 0.0 && b > 0.0 ? a / b : (double)NAN;
}

static void add_bounds(gable_text *out, const gable_whatif *w)
{
    gable_text_add(out, "  bound     ");
    for (int side = 0; side < 2; side++) {
        const gable_whatif_side *s = side ? &w->after : &w->before;
        gable_text_add(out, side ? "  ->  " : " ");
        const char *between = "";
        for (int b = 0; b < GABLE_N_BOUNDS; b++) {
            double share = s->time_s > 0.0 ? 100.0 * s->bound_s[b] / s->time_s : 0.0;
            if (share < 0.5)
                continue;
            gable_text_addf(out, "%s%s %.0f %%", between, gable_bound_name((gable_bound)b), share);
            between = ", ";
        }
    }
    gable_text_add(out, "\n");
}

static void add_fit(gable_text *out, const gable_whatif *w)
{
    char a[GABLE_UNITS_TEXT_CAP], b[GABLE_UNITS_TEXT_CAP];
    gable_text_add(out, "  memory    ");
    for (int side = 0; side < 2; side++) {
        const gable_whatif_side *s = side ? &w->after : &w->before;
        gable_text_addf(out, "%s%s, %s of %s", side ? "  ->  " : " ",
                        s->fits ? "fits" : "DOES NOT FIT",
                        quantity(s->total_bytes, GABLE_DIM_BYTES, a),
                        quantity(s->capacity_bytes, GABLE_DIM_BYTES, b));
    }
    gable_text_add(out, "\n");
}

static void add_spread(gable_text *out, const char *what, const gable_spread *before,
                       const gable_spread *after, gable_dim dim)
{
    char a[2][GABLE_UNITS_TEXT_CAP], b[2][GABLE_UNITS_TEXT_CAP];
    if (isnan(before->p50) && isnan(after->p50))
        return;
    gable_text_addf(out, "  %-10s %s to %s  ->  %s to %s\n", what, quantity(before->p10, dim, a[0]),
                    quantity(before->p90, dim, a[1]), quantity(after->p10, dim, b[0]),
                    quantity(after->p90, dim, b[1]));
}

static void add_decision(gable_text *out, const gable_whatif_report *step)
{
    const gable_decision *d = step->decision;
    const gable_uncertainty *u = step->uncertainty;
    if (!d)
        return;
    gable_text_add(out, "p10 to p90, with the constants' residuals and the rates' tolerances\n");
    add_spread(out, "time", &u[0].time_s, &u[1].time_s, GABLE_DIM_SECONDS);
    add_spread(out, "$/Mtoken", &u[0].usd_per_million_tokens, &u[1].usd_per_million_tokens,
               GABLE_DIM_NONE);
    gable_text_addf(out, "  speed-up   x%.3g to x%.3g\n", d->speedup.p10, d->speedup.p90);
    gable_text_addf(out, "  after is faster in %.4g %% of the draws", 100.0 * d->faster_frac);
    if (!isnan(d->cheaper_frac))
        gable_text_addf(out, ", cheaper in %.4g %%", 100.0 * d->cheaper_frac);
    gable_text_addf(out, " (%s)\n",
                    d->same_device ? "one device: its errors are drawn together"
                                   : "two devices: errors drawn apart");
}

static gable_status add_step(gable_arena *arena, gable_text *out, const gable_whatif_report *step,
                             int width, gable_err *err)
{
    const gable_whatif *w = step->whatif;
    line total = line_of(step, &w->total), *lines;
    size_t n;
    GABLE_TRY(lines_of(arena, step, 1, &lines, &n, err));
    gable_text_addf(out, "\n%s: ", gable_phases[step->before->plan->scenario.phase]);
    gable_report_batch(out, &step->before->plan->scenario);
    gable_text_add(out, "\n");
    add_pair(out, "expected", w->before.time_s, w->after.time_s, GABLE_DIM_SECONDS, w->speedup);
    add_pair(out, "ceiling", w->before.ceiling_s, w->after.ceiling_s, GABLE_DIM_SECONDS,
             w->ceiling_speedup);
    add_pair(out, "tokens/s", w->before.tokens_per_s, w->after.tokens_per_s, GABLE_DIM_NONE,
             ratio(w->after.tokens_per_s, w->before.tokens_per_s));
    add_pair(out, "$/Mtoken", w->before.usd_per_million_tokens, w->after.usd_per_million_tokens,
             GABLE_DIM_NONE,
             ratio(w->after.usd_per_million_tokens, w->before.usd_per_million_tokens));
    add_pair(out, "HBM energy", w->before.memory_j, w->after.memory_j, GABLE_DIM_JOULES,
             ratio(w->after.memory_j, w->before.memory_j));
    add_bounds(out, w);
    add_fit(out, w);
    add_decision(out, step);
    gable_text_add(out, "\n");
    gable_table table = {.columns = columns,
                         .n_columns = COUNT_OF(columns),
                         .rows = lines,
                         .row_bytes = sizeof *lines,
                         .n_rows = n,
                         .total = &total};
    gable_table_write(out, &table, GABLE_FORMAT_TEXT, width);
    return GABLE_OK;
}

static void add_changes(gable_text *out, const gable_whatif_changes *changes)
{
    for (int i = 0; i < changes->n_directions; i++) {
        gable_text_addf(out, "  direction %s: ", changes->directions[i]->name);
        gable_text_add_safe(out, changes->directions[i]->title);
        gable_text_add(out, "\n");
    }
    for (int i = 0; changes->assumed && i < changes->assumed->n; i++) {
        const gable_edited *one = &changes->assumed->item[i];
        gable_text_addf(out, "  assumed   %s ", one->field.path);
        gable_edit_print(&one->field, one->after, out);
        gable_text_add(out, ", which is not published\n");
    }
    gable_report_edited(out, changes->edited);
    for (int i = 0; i < changes->n_with; i++)
        gable_text_addf(out, "  with      %s\n", changes->with[i]);
    bool none = changes->n_directions + changes->n_with == 0 &&
                (!changes->edited || changes->edited->n == 0);
    if (none)
        gable_text_add(out, "  nothing is changed\n");
}

/* Whether the changes leave every step as it is. */
static bool moves_nothing(const gable_whatif_report *steps, int n_steps)
{
    for (int i = 0; i < n_steps; i++) {
        const gable_whatif *w = steps[i].whatif;
        if (w->before.time_s != w->after.time_s || w->before.ceiling_s != w->after.ceiling_s ||
            w->before.capacity_bytes != w->after.capacity_bytes)
            return false;
    }
    return true;
}

static gable_status write_text(gable_arena *arena, gable_text *out,
                               const gable_whatif_changes *changes,
                               const gable_whatif_report *steps, int n_steps, int width,
                               gable_err *err)
{
    gable_text_add(out, "what if: ");
    gable_report_subject(out, steps[0].before);
    gable_text_add(out, "\n");
    add_changes(out, changes);
    if (changes->edited && changes->edited->n > 0 && moves_nothing(steps, n_steps))
        gable_text_add(out, "  none of this moves the step; `gable sensitivity` lists what does\n");
    for (int i = 0; i < n_steps; i++)
        GABLE_TRY(add_step(arena, out, &steps[i], width, err));
    return GABLE_OK;
}

/* ---- JSON ---- */

#define SIDE(key_, type_)                                                                          \
    {                                                                                              \
        .key = #key_, .type = GABLE_CELL_##type_, .offset = offsetof(gable_whatif_side, key_)      \
    }
static const gable_column side_columns[] = {
    SIDE(time_s, NUMBER),
    SIDE(p10_s, NUMBER),
    SIDE(p90_s, NUMBER),
    SIDE(ceiling_s, NUMBER),
    SIDE(bound, TEXT),
    SIDE(tokens_per_s, NUMBER),
    SIDE(tokens_per_s_per_device, NUMBER),
    SIDE(usd_per_million_tokens, NUMBER),
    SIDE(memory_j, NUMBER),
    SIDE(total_bytes, NUMBER),
    SIDE(capacity_bytes, NUMBER),
    SIDE(fits, BOOL),
};
#undef SIDE

static void add_side_json(gable_text *out, const char *key, const gable_whatif_side *side,
                          const gable_uncertainty *uncertainty)
{
    gable_text_addf(out, "      \"%s\": {", key);
    gable_report_members(out, side_columns, COUNT_OF(side_columns), side, ", ");
    gable_text_add(out, ", \"bound_s\": {");
    for (int b = 0; b < GABLE_N_BOUNDS; b++) {
        gable_text_addf(out, "%s\"%s\": ", b ? ", " : "", gable_bound_name((gable_bound)b));
        gable_text_add_json_number(out, side->bound_s[b]);
    }
    gable_text_add(out, "}");
    if (uncertainty) {
        gable_text_add(out, ", \"interval\": ");
        gable_report_uncertainty_json(out, uncertainty);
    }
    gable_text_add(out, "},\n");
}

static void add_decision_json(gable_text *out, const gable_decision *d)
{
    gable_text_add(out, "      \"decision\": {\"faster_frac\": ");
    gable_text_add_json_number(out, d->faster_frac);
    gable_text_add(out, ", \"cheaper_frac\": ");
    gable_text_add_json_number(out, d->cheaper_frac);
    gable_text_add(out, ", \"speedup_p10\": ");
    gable_text_add_json_number(out, d->speedup.p10);
    gable_text_add(out, ", \"speedup_p50\": ");
    gable_text_add_json_number(out, d->speedup.p50);
    gable_text_add(out, ", \"speedup_p90\": ");
    gable_text_add_json_number(out, d->speedup.p90);
    gable_text_addf(out, ", \"same_device\": %s},\n", d->same_device ? "true" : "false");
}

static gable_status add_step_json(gable_arena *arena, gable_text *out,
                                  const gable_whatif_report *step, gable_err *err)
{
    const gable_whatif *w = step->whatif;
    line *lines;
    size_t n;
    GABLE_TRY(lines_of(arena, step, 1, &lines, &n, err));
    gable_table table = {.columns = columns,
                         .n_columns = COUNT_OF(columns),
                         .rows = lines,
                         .row_bytes = sizeof *lines,
                         .n_rows = n};
    gable_text_addf(out, "    {\n      \"phase\": \"%s\",\n      \"speedup\": ",
                    gable_phases[step->before->plan->scenario.phase]);
    gable_text_add_json_number(out, w->speedup);
    gable_text_add(out, ",\n      \"ceiling_speedup\": ");
    gable_text_add_json_number(out, w->ceiling_speedup);
    gable_text_add(out, ",\n");
    add_side_json(out, "before", &w->before, step->uncertainty);
    add_side_json(out, "after", &w->after, step->uncertainty ? step->uncertainty + 1 : NULL);
    if (step->decision)
        add_decision_json(out, step->decision);
    gable_text_add(out, "      \"operators\": ");
    gable_table_write(out, &table, GABLE_FORMAT_JSON, 0);
    gable_text_add(out, "\n    }");
    return GABLE_OK;
}

static gable_status write_json(gable_arena *arena, gable_text *out,
                               const gable_whatif_changes *changes,
                               const gable_whatif_report *steps, int n_steps, gable_err *err)
{
    gable_text_add(out, "{\n  \"schema\": \"gable.whatif/1\",\n  \"model\": ");
    gable_text_add_json_string(out, steps[0].before->plan->model->name);
    gable_text_add(out, ",\n  \"system\": ");
    gable_text_add_json_string(out, steps[0].before->machine->system->name);
    gable_text_add(out, ",\n  \"stack\": ");
    gable_text_add_json_string(out, steps[0].before->machine->constants->stack);
    gable_text_add(out, ",\n  \"directions\": [");
    for (int i = 0; i < changes->n_directions; i++) {
        gable_text_add(out, i ? ", " : "");
        gable_text_add_json_string(out, changes->directions[i]->name);
    }
    gable_text_add(out, "],\n  \"with\": [");
    for (int i = 0; i < changes->n_with; i++) {
        gable_text_add(out, i ? ", " : "");
        gable_text_add_json_string(out, changes->with[i]);
    }
    gable_text_add(out, "],\n  \"assumed\": ");
    gable_report_edited_json(out, changes->assumed);
    gable_text_add(out, ",\n  \"edited\": ");
    gable_report_edited_json(out, changes->edited);
    gable_text_add(out, ",\n  \"steps\": [\n");
    for (int i = 0; i < n_steps; i++) {
        GABLE_TRY(add_step_json(arena, out, &steps[i], err));
        gable_text_add(out, i + 1 < n_steps ? ",\n" : "\n");
    }
    gable_text_add(out, "  ]\n}\n");
    return GABLE_OK;
}

gable_status gable_report_whatif(gable_arena *arena, const gable_whatif_changes *changes,
                                 const gable_whatif_report *steps, int n_steps, gable_format format,
                                 int width, gable_text *out, gable_err *err)
{
    line *lines;
    size_t n;
    if (format == GABLE_FORMAT_TEXT) {
        GABLE_TRY(write_text(arena, out, changes, steps, n_steps, width, err));
    } else if (format == GABLE_FORMAT_JSON) {
        GABLE_TRY(write_json(arena, out, changes, steps, n_steps, err));
    } else {
        GABLE_TRY(lines_of(arena, steps, n_steps, &lines, &n, err));
        gable_table table = {.columns = columns,
                             .n_columns = COUNT_OF(columns),
                             .rows = lines,
                             .row_bytes = sizeof *lines,
                             .n_rows = n};
        gable_table_write(out, &table, format, width);
    }
    return gable_report_done(out, err);
}
