/* report/sensitivity: see sensitivity.h. */
#include "report/sensitivity.h"

#include <math.h>
#include <string.h>

#include "report/internal.h"
#include "report/script.h"

enum { BAR_CAP = 14, SHOWN_CAP = 16 };

/* Of the elasticity: fields with less are not shown to people. */
static const double least_shown = 0.002;

typedef struct line {
    const char *field, *value, *unit, *bar;
    double base, elasticity, ceiling_elasticity, error, saved_frac;
} line;

#define COLUMN(key_, header_, type_, drop_)                                                        \
    {                                                                                              \
        .key = #key_, .header = (header_), .type = GABLE_CELL_##type_,                             \
        .offset = offsetof(line, key_), .drop = (drop_)                                            \
    }
static const gable_column people[] = {
    COLUMN(field, "field", TEXT, 0),
    COLUMN(value, "value", TEXT, 2),
    COLUMN(elasticity, "elasticity", NUMBER, 0),
    COLUMN(ceiling_elasticity, "ceiling", NUMBER, 3),
    COLUMN(error, "+-", NUMBER, 4),
    COLUMN(saved_frac, "+10 % buys", SHARE, 0),
    COLUMN(bar, "", TEXT, 1),
};
static const gable_column machines[] = {
    COLUMN(field, "field", TEXT, 0),
    COLUMN(base, "base", NUMBER, 0),
    COLUMN(unit, "unit", TEXT, 0),
    COLUMN(elasticity, "elasticity", NUMBER, 0),
    COLUMN(ceiling_elasticity, "ceiling elasticity", NUMBER, 0),
    COLUMN(error, "error", NUMBER, 0),
    COLUMN(saved_frac, "+10 % buys", SHARE, 0),
};
#undef COLUMN

static double rounded(double value)
{
    return round(1e3 * value) / 1e3 + 0.0;
}

static gable_status make_line(gable_arena *arena, const gable_elasticity *e, double most,
                              bool people_read, line *out, gable_err *err)
{
    gable_text value = {0};
    char bar[BAR_CAP + 1] = "";
    int n = (int)lround(BAR_CAP * fabs(e->elasticity) / most);
    memset(bar, '#', (size_t)(n < BAR_CAP ? n : BAR_CAP));
    *out = (line){.field = e->field.path,
                  .unit = gable_dim_unit(e->field.row->dim),
                  .base = e->base,
                  .elasticity = people_read ? rounded(e->elasticity) : e->elasticity,
                  .ceiling_elasticity =
                      people_read ? rounded(e->ceiling_elasticity) : e->ceiling_elasticity,
                  .error = people_read ? rounded(e->error) : e->error,
                  .saved_frac = e->saved_frac};
    gable_edit_print(&e->field, e->base, &value);
    GABLE_TRY(gable_report_keep(arena, &value, &out->value, err));
    out->bar = gable_arena_copy(arena, bar, strlen(bar));
    return out->bar ? GABLE_OK : gable_fail(err, GABLE_INTERNAL, "arena full");
}

static bool shown(const gable_elasticity *e)
{
    return fmax(fabs(e->elasticity), fabs(e->ceiling_elasticity)) >= least_shown;
}

static gable_status make_lines(gable_arena *arena, const gable_sensitivity *s, bool people_read,
                               line **lines, size_t *n, gable_err *err)
{
    double most = s->n > 0 ? fmax(fabs(s->rows[0].elasticity), 1e-9) : 1.0;
    GABLE_TRY(gable_arena_take(arena, (size_t)s->n + 1, sizeof **lines, lines, err));
    *n = 0;
    for (int i = 0; i < s->n; i++)
        if (!people_read || shown(&s->rows[i]))
            GABLE_TRY(make_line(arena, &s->rows[i], most, people_read, &(*lines)[(*n)++], err));
    return GABLE_OK;
}

static void add_headline(gable_text *out, const gable_priced *priced)
{
    char time[GABLE_UNITS_TEXT_CAP];
    const gable_scenario *s = &priced->plan->scenario;
    gable_report_title(out, priced);
    gable_text_add(out, "\n  ");
    gable_report_batch(out, s);
    gable_text_addf(out, ": %s, ",
                    gable_units_print(priced->step->time_s_total, GABLE_DIM_SECONDS, 4, time));
    gable_report_verdict(out, priced);
    gable_text_add(out, "\n");
    gable_report_edited(out, priced->edited);
    gable_text_add(out, "\n");
}

static void add_sums(gable_text *out, const gable_sensitivity *s)
{
    gable_text_addf(out,
                    "\nRates together: %.3f of the expected time goes with them, %.4f of the\n"
                    "ceiling.",
                    s->rates_sum, s->ceiling_rates_sum);
    if (s->fixed_frac >= 5e-4)
        gable_text_addf(out,
                        " The other %.3f is launches, latencies and the like, which no\n"
                        "datasheet has.",
                        s->fixed_frac);
    gable_text_add(out, " Elasticities are d ln(time) / d ln(field); '+10 % buys'\n"
                        "is priced at a tenth more.\n");
}

static void write_json(gable_text *out, const gable_priced *priced, const gable_sensitivity *s,
                       const gable_table *table)
{
    gable_text_add(out, "{\n  \"schema\": \"gable.sensitivity/1\",\n  \"model\": ");
    gable_text_add_json_string(out, priced->plan->model->name);
    gable_text_add(out, ",\n  \"system\": ");
    gable_text_add_json_string(out, priced->machine->system->name);
    gable_text_addf(
        out, ",\n  \"phase\": \"%s\",\n  \"time_s\": ", gable_phases[priced->plan->scenario.phase]);
    gable_text_add_json_number(out, priced->step->time_s_total);
    gable_text_add(out, ",\n  \"ceiling_s\": ");
    gable_text_add_json_number(out, priced->step->ceiling_s_total);
    gable_text_add(out, ",\n  \"rates_sum\": ");
    gable_text_add_json_number(out, s->rates_sum);
    gable_text_add(out, ",\n  \"ceiling_rates_sum\": ");
    gable_text_add_json_number(out, s->ceiling_rates_sum);
    gable_text_add(out, ",\n  \"fixed_frac\": ");
    gable_text_add_json_number(out, s->fixed_frac);
    gable_text_addf(out, ",\n  \"fields_without_effect\": %d,\n  \"edited\": ", s->n_without);
    gable_report_edited_json(out, priced->edited);
    gable_text_add(out, ",\n  \"fields\": ");
    gable_table_write(out, table, GABLE_FORMAT_JSON, 0);
    gable_text_add(out, "\n}\n");
}

gable_status gable_report_sensitivity(gable_arena *arena, const gable_priced *priced,
                                      const gable_sensitivity *sensitivity, gable_format format,
                                      int width, gable_text *out, gable_err *err)
{
    bool people_read = format == GABLE_FORMAT_TEXT || format == GABLE_FORMAT_MD;
    line *lines;
    gable_table table = {.columns = people_read ? people : machines,
                         .n_columns = people_read ? COUNT_OF(people) : COUNT_OF(machines),
                         .row_bytes = sizeof *lines};
    GABLE_TRY(make_lines(arena, sensitivity, people_read, &lines, &table.n_rows, err));
    table.rows = lines;
    if (format == GABLE_FORMAT_JSON) {
        write_json(out, priced, sensitivity, &table);
        return gable_report_done(out, err);
    }
    if (format == GABLE_FORMAT_TEXT)
        add_headline(out, priced);
    gable_table_write(out, &table, format, width);
    if (format == GABLE_FORMAT_TEXT)
        add_sums(out, sensitivity);
    return gable_report_done(out, err);
}

/* ---- picture ---- */

static gable_status add_bars(gable_text *out, const gable_sensitivity *s, gable_err *err)
{
    int n = 0;
    double low = 0.0, high = 0.0;
    gable_text_add(out, "$bars << END_OF_BLOCK\n");
    for (int i = 0; i < s->n && n < SHOWN_CAP; i++) {
        const gable_elasticity *e = &s->rows[i];
        if (!shown(e))
            continue;
        low = fmin(low, fmin(e->elasticity, e->ceiling_elasticity));
        high = fmax(high, fmax(e->elasticity, e->ceiling_elasticity));
        gable_text_addf(out, "%d %.6g %.6g %.6g\n", ++n, e->elasticity, e->ceiling_elasticity,
                        100.0 * e->saved_frac);
    }
    if (n == 0)
        return gable_fail(err, GABLE_INPUT, "no field of the hardware moves this step");
    gable_text_addf(out, "END_OF_BLOCK\nn_bars = %d\narray bar_name[%d]\n", n, n);
    n = 0;
    for (int i = 0; i < s->n && n < SHOWN_CAP; i++) {
        if (!shown(&s->rows[i]))
            continue;
        gable_text_addf(out, "bar_name[%d] = ", ++n);
        GABLE_TRY(gable_gp_quote(out, s->rows[i].field.path, err));
        gable_text_add(out, "\n");
    }
    double span = fmax(high - low, 0.05);
    gable_text_addf(out, "x_min = %.6g\nx_max = %.6g\n", low - 0.16 * span, high + 0.22 * span);
    return GABLE_OK;
}

gable_status gable_sensitivity_script(gable_arena *arena, const gable_priced *priced,
                                      const gable_sensitivity *sensitivity, gable_canvas canvas,
                                      const char *plots, gable_text *out, gable_err *err)
{
    gable_text title = {0};
    const char *kept = NULL;
    const gable_scenario *s = &priced->plan->scenario;
    const char *terminal = gable_script_terminal(canvas);
    gable_text_add(out, terminal ? terminal : "");
    gable_report_title(&title, priced);
    gable_text_addf(&title, ", %.10g x %.10g tokens, %.10g cached each", s->batch, s->n_new,
                    s->n_cached);
    GABLE_TRY(gable_report_keep(arena, &title, &kept, err));
    gable_text_add(out, "title_text = ");
    GABLE_TRY(gable_gp_quote(out, kept, err));
    gable_text_addf(out, "\nsum_text = 'rates together: %.2f of the time, %.2f of the ceiling'\n",
                    sensitivity->rates_sum, sensitivity->ceiling_rates_sum);
    GABLE_TRY(add_bars(out, sensitivity, err));
    return gable_script_template(arena, plots, "tornado.gp", out, err);
}
