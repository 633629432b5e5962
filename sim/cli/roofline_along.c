/* cli/roofline_along: see roofline_along.h. */
#include "cli/roofline_along.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const gable_levels[] = {
#define LEVEL_NAME(symbol, name) name,
    GABLE_LEVEL_LIST(LEVEL_NAME)
#undef LEVEL_NAME
        NULL};

/* ---- the axis ---- */

typedef enum axis_type { AXIS_NUMBER, AXIS_TEXT, AXIS_INT } axis_type;

/* An option that a picture can go along, and its member of the shared options. */
static const struct {
    const char *name;
    axis_type type;
    size_t offset;
} axes[] = {
    {"batch", AXIS_NUMBER, offsetof(gable_scenario_options, batch)},
    {"context", AXIS_TEXT, offsetof(gable_scenario_options, context)},
    {"new-tokens", AXIS_TEXT, offsetof(gable_scenario_options, new_tokens)},
    {"tp", AXIS_INT, offsetof(gable_scenario_options, tp)},
    {"ep", AXIS_INT, offsetof(gable_scenario_options, ep)},
};
enum { N_AXES = sizeof axes / sizeof axes[0] };

static gable_status bad_range(gable_cli *cli, const char *option, const char *text)
{
    return gable_fail(&cli->err, GABLE_USAGE,
                      "--%s %.60s: expected AXIS=FROM..TO, upwards, with :x4 or :+64 for other "
                      "steps than doubling, at most %d values; batch=1..512",
                      option, text, GABLE_FRAMES_CAP);
}

static bool read_number(const char *text, size_t length, double *out)
{
    char number[32];
    if (length == 0 || length >= sizeof number)
        return false;
    memcpy(number, text, length);
    number[length] = '\0';
    return gable_units_parse(number, GABLE_DIM_COUNT, true, out) == GABLE_UNITS_OK && *out >= 1.0;
}

static bool fill_values(double from, double to, double times, double plus, roofline_axis *out)
{
    double value = from;
    for (out->n = 0; out->n < GABLE_FRAMES_CAP; value = value * times + plus) {
        out->value[out->n++] = fmin(value, to);
        if (value >= to)
            return true;
    }
    return false;
}

/* Behind the values: nothing (doubling), ":x4" or ":+64". */
static bool read_step(const char *how, double *times, double *plus)
{
    *times = 2.0;
    *plus = 0.0;
    if (!*how)
        return true;
    bool adds = strncmp(how, ":+", 2) == 0;
    if ((!adds && strncmp(how, ":x", 2) != 0) ||
        !read_number(how + 2, strlen(how + 2), adds ? plus : times))
        return false;
    if (adds)
        *times = 1.0;
    return adds || *times > 1.0;
}

static gable_status find_axis(gable_cli *cli, const char *text, size_t length, roofline_axis *out)
{
    const char *names[N_AXES], *given = gable_arena_copy(&cli->arena, text, length);
    if (!given)
        return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
    for (int i = 0; i < N_AXES; i++) {
        names[i] = axes[i].name;
        if (strcmp(given, names[i]) == 0) {
            *out = (roofline_axis){.which = i, .name = names[i]};
            return GABLE_OK;
        }
    }
    return gable_cli_unknown(cli, "axis", given, names, N_AXES);
}

gable_status roofline_axis_read(gable_cli *cli, const char *option, const char *text,
                                roofline_axis *out)
{
    const char *equals = strchr(text, '='), *dots = strstr(text, "..");
    double from, to, times, plus;
    if (!equals || !dots || dots < equals)
        return bad_range(cli, option, text);
    GABLE_TRY(find_axis(cli, text, (size_t)(equals - text), out));
    size_t length = strcspn(dots + 2, ":");
    bool good = read_number(equals + 1, (size_t)(dots - equals - 1), &from) &&
                read_number(dots + 2, length, &to) && to >= from &&
                read_step(dots + 2 + length, &times, &plus) &&
                fill_values(from, to, times, plus, out);
    return good ? GABLE_OK : bad_range(cli, option, text);
}

gable_status roofline_axis_set(gable_cli *cli, const roofline_axis *axis, int i,
                               gable_scenario_options *options)
{
    void *member = (char *)options + axes[axis->which].offset;
    char number[40];
    int whole = (int)axis->value[i], length;
    const char *text;
    switch (axes[axis->which].type) {
    case AXIS_NUMBER:
        memcpy(member, &axis->value[i], sizeof axis->value[i]);
        return GABLE_OK;
    case AXIS_INT:
        memcpy(member, &whole, sizeof whole);
        return GABLE_OK;
    case AXIS_TEXT:
        break;
    }
    length = snprintf(number, sizeof number, "%.17g", axis->value[i]);
    text = gable_arena_copy(&cli->arena, number, (size_t)length);
    memcpy(member, &text, sizeof text);
    return text ? GABLE_OK : gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
}

/* ---- whole steps under the roofs of several machines ---- */

enum { MACHINES_CAP = GABLE_SERIES_CAP / 2, N_VERTICES = 3 };

/* One step, for tables and points. */
typedef struct along_row {
    const char *system, *bound;
    double value, intensity_flops_per_byte, flops_per_s, time_s, tokens_per_s;
} along_row;

typedef struct along_machine {
    const char *name, *roof_name, *model;
    double slope_bytes_per_s, peak_flops_per_s;
    along_row row[GABLE_FRAMES_CAP];
} along_machine;

static double level_bytes(const gable_step *step, int level)
{
    const double bytes[GABLE_N_LEVELS] = {[GABLE_LEVEL_HBM] = step->hbm_bytes,
                                          [GABLE_LEVEL_L2] = step->l2_bytes,
                                          [GABLE_LEVEL_NETWORK] = step->wire_bytes_total};
    return bytes[level];
}

static double level_rate(const gable_machine *machine, int level)
{
    const double rates[GABLE_N_LEVELS] = {
        [GABLE_LEVEL_HBM] = machine->accelerator->hbm_bandwidth_bytes_per_s,
        [GABLE_LEVEL_L2] = machine->accelerator->l2_bandwidth_bytes_per_s,
        [GABLE_LEVEL_NETWORK] = machine->n_nodes > 1 ? machine->system->scale_out_bytes_per_s
                                                     : machine->system->scale_up_bytes_per_s};
    return rates[level];
}

/* The reasons why a level cannot be drawn, as advice. */
static gable_status refuse_level(gable_cli *cli, const char *system, int level, bool no_rate)
{
    if (level == GABLE_LEVEL_L2)
        return gable_fail(&cli->err, GABLE_INPUT, "%s: no bandwidth of its L2 is known", system);
    return gable_fail(&cli->err, GABLE_INPUT,
                      no_rate ? "%s: one device has no links to draw"
                              : "%s: nothing goes over the wire; --level network needs several "
                                "ranks at every value, for example --tp 8",
                      system);
}

static gable_status price_machine(gable_cli *cli, const roofline_options *o,
                                  const roofline_axis *axis, const char *system, along_machine *out)
{
    char rate[2][GABLE_UNITS_TEXT_CAP];
    for (int i = 0; i < axis->n; i++) {
        gable_scenario_options options = o->scenario;
        gable_case priced_case;
        gable_priced priced;
        options.system = system;
        GABLE_TRY(roofline_axis_set(cli, axis, i, &options));
        GABLE_TRY(gable_scenario_price_one(cli, &options, &priced_case, &priced));
        const gable_step *step = priced.step;
        const gable_machine *machine = priced.machine;
        double bytes = level_bytes(step, o->level);
        out->name = machine->system->name;
        out->model = priced_case.model->name;
        out->slope_bytes_per_s = level_rate(machine, o->level);
        if (!(bytes > 0.0) || !(out->slope_bytes_per_s > 0.0))
            return refuse_level(cli, out->name, o->level, bytes > 0.0);
        out->peak_flops_per_s =
            fmax(out->peak_flops_per_s,
                 step->ridge_flops_per_byte * machine->accelerator->hbm_bandwidth_bytes_per_s);
        out->row[i] =
            (along_row){out->name,           gable_bound_name(step->bound),    axis->value[i],
                        step->flops / bytes, step->flops / step->time_s_total, step->time_s_total,
                        step->tokens_per_s};
    }
    char roof[200];
    snprintf(roof, sizeof roof, "%.60s: %s %s, %s dense", out->name, gable_levels[o->level],
             gable_units_print(out->slope_bytes_per_s, GABLE_DIM_BYTES_PER_S, 4, rate[0]),
             gable_units_print(out->peak_flops_per_s, GABLE_DIM_FLOPS_PER_S, 4, rate[1]));
    out->roof_name = gable_arena_copy(&cli->arena, roof, strlen(roof));
    return out->roof_name ? GABLE_OK : gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
}

/* Roofs reach a little beyond the points and their own ridges. */
static void span(const along_machine *machines, int n, const roofline_axis *axis, double *low,
                 double *high)
{
    *low = HUGE_VAL;
    *high = 0.0;
    for (int m = 0; m < n; m++) {
        *high = fmax(*high, 4.0 * machines[m].peak_flops_per_s / machines[m].slope_bytes_per_s);
        for (int i = 0; i < axis->n; i++) {
            *low = fmin(*low, machines[m].row[i].intensity_flops_per_byte / 2.0);
            *high = fmax(*high, machines[m].row[i].intensity_flops_per_byte * 2.0);
        }
    }
}

static gable_status make_series(gable_cli *cli, const along_machine *machines, int n,
                                const roofline_axis *axis, gable_series *series)
{
    double low, high, *at;
    span(machines, n, axis, &low, &high);
    for (int m = 0; m < n; m++) {
        const along_machine *is = &machines[m];
        double slope = is->slope_bytes_per_s, peak = is->peak_flops_per_s, ridge = peak / slope;
        size_t n_values = (size_t)axis->n, n_numbers = 2 * (size_t)N_VERTICES + 3 * n_values;
        GABLE_TRY(gable_arena_take(&cli->arena, n_numbers, sizeof *at, &at, &cli->err));
        double *roof_x = at, *roof_y = at + N_VERTICES, *x = roof_y + N_VERTICES;
        double *y = x + axis->n, *value = y + axis->n;
        const double vertices[N_VERTICES][2] = {
            {low, low * slope}, {fmax(ridge, low), peak}, {high, peak}};
        for (int i = 0; i < N_VERTICES; i++) {
            roof_x[i] = vertices[i][0];
            roof_y[i] = fmin(vertices[i][1], peak);
        }
        for (int i = 0; i < axis->n; i++) {
            x[i] = is->row[i].intensity_flops_per_byte;
            y[i] = is->row[i].flops_per_s;
            value[i] = axis->value[i];
        }
        series[2 * (size_t)m] = (gable_series){
            .name = is->roof_name, .roof = true, .n = N_VERTICES, .x = roof_x, .y = roof_y};
        series[2 * (size_t)m + 1] =
            (gable_series){.name = is->name, .n = axis->n, .x = x, .y = y, .batch = value};
    }
    return GABLE_OK;
}

/* ---- what comes out ---- */

static gable_status draw(gable_cli *cli, const roofline_options *o, gable_canvas canvas,
                         const gable_gnuplot *gnuplot, const roofline_axis *axis, const char *model,
                         const gable_series *series, int n_series)
{
    char title[300], x_label[100];
    static const char *const of[GABLE_N_LEVELS] = {"of device memory", "of L2", "on the wire"};
    snprintf(title, sizeof title, "%.100s, stack %.40s: whole steps, %s %.10g to %.10g", model,
             o->scenario.stack, axis->name, axis->value[0], axis->value[axis->n - 1]);
    snprintf(x_label, sizeof x_label, "FLOP per byte %s", of[o->level]);
    gable_text script = {0}, picture = {0};
    const gable_curve_request request = {.series = series,
                                         .n_series = n_series,
                                         .canvas = canvas,
                                         .mark_batches = true,
                                         .in_pairs = true,
                                         .width = cli->width,
                                         .title = title,
                                         .x_label = x_label,
                                         .y_label = "FLOP/s reached on one device",
                                         .plots = cli->plots};
    gable_status status = gable_curve_script(&cli->arena, &request, &script, &cli->err);
    if (status == GABLE_OK && o->emit_script)
        gable_text_add_n(&cli->out, script.text, script.length_bytes);
    else if (status == GABLE_OK)
        status = gable_gnuplot_run(gnuplot, &script, &picture, &cli->err);
    if (status == GABLE_OK && picture.text && canvas == GABLE_CANVAS_TERMINAL)
        gable_characters_add(&cli->out, &picture);
    else if (status == GABLE_OK && picture.text)
        gable_text_add_n(&cli->out, picture.text, picture.length_bytes);
    gable_text_free(&script);
    gable_text_free(&picture);
    return status;
}

static const gable_column columns[] = {
    GABLE_CELL(along_row, system, "system", TEXT, 0),
    GABLE_CELL(along_row, value, "value", NUMBER, 0),
    GABLE_CELL(along_row, intensity_flops_per_byte, "FLOP/B", NUMBER, 0),
    {.key = "flops_per_s",
     .header = "reached",
     .type = GABLE_CELL_NUMBER,
     .dim = GABLE_DIM_FLOPS_PER_S,
     .offset = offsetof(along_row, flops_per_s)},
    {.key = "time_s",
     .header = "step",
     .type = GABLE_CELL_NUMBER,
     .dim = GABLE_DIM_SECONDS,
     .offset = offsetof(along_row, time_s)},
    GABLE_CELL(along_row, tokens_per_s, "tokens/s", NUMBER, 0),
    GABLE_CELL(along_row, bound, "bound", TEXT, 0),
};

static gable_status write_table(gable_cli *cli, const roofline_options *o,
                                const roofline_axis *axis, const along_machine *machines, int n)
{
    bool json = o->scenario.format == GABLE_FORMAT_JSON;
    along_row *rows;
    size_t n_rows = (size_t)n * (size_t)axis->n;
    GABLE_TRY(gable_arena_take(&cli->arena, n_rows, sizeof *rows, &rows, &cli->err));
    for (int m = 0; m < n; m++)
        memcpy(rows + (size_t)m * (size_t)axis->n, machines[m].row, (size_t)axis->n * sizeof *rows);
    const gable_table table = {
        columns, sizeof columns / sizeof columns[0], rows, sizeof *rows, n_rows, NULL};
    if (json) {
        gable_text_add(&cli->out, "{\n  \"schema\": \"gable.roofline-along/1\",\n  \"axis\": ");
        gable_text_add_json_string(&cli->out, axis->name);
        gable_text_addf(&cli->out,
                        ",\n  \"level\": \"%s\",\n  \"points\": ", gable_levels[o->level]);
    }
    gable_table_write(&cli->out, &table, (gable_format)o->scenario.format, cli->width);
    gable_text_add(&cli->out, json ? "\n}\n" : "");
    return cli->out.failed ? gable_fail(&cli->err, GABLE_INTERNAL, "out of memory") : GABLE_OK;
}

gable_status roofline_along(gable_cli *cli, const roofline_options *o, gable_canvas canvas,
                            const gable_gnuplot *gnuplot)
{
    roofline_axis axis;
    along_machine *machines;
    gable_series series[GABLE_SERIES_CAP];
    int n = 1 + o->beside.n;
    GABLE_TRY(roofline_axis_read(cli, "along", o->along, &axis));
    if (n > MACHINES_CAP)
        return gable_fail(&cli->err, GABLE_USAGE, "--beside: at most %d machines in one picture",
                          MACHINES_CAP);
    for (int m = 0; m < o->beside.n; m++)
        if (!*o->beside.text[m])
            return gable_fail(&cli->err, GABLE_USAGE,
                              "--beside: expected a system, for example --beside l40s");
    GABLE_TRY(gable_arena_take(&cli->arena, (size_t)n, sizeof *machines, &machines, &cli->err));
    for (int m = 0; m < n; m++)
        GABLE_TRY(price_machine(cli, o, &axis, m ? o->beside.text[m - 1] : o->scenario.system,
                                &machines[m]));
    if (o->scenario.format != GABLE_FORMAT_TEXT)
        return write_table(cli, o, &axis, machines, n);
    GABLE_TRY(make_series(cli, machines, n, &axis, series));
    GABLE_TRY(draw(cli, o, canvas, gnuplot, &axis, machines[0].model, series, 2 * n));
    if (canvas != GABLE_CANVAS_TERMINAL || o->emit_script)
        return GABLE_OK;
    for (int m = 0; m < n; m++) /* the letters of the template */
        gable_text_addf(&cli->out, "%s%c %s", m ? "   " : "\n", 'A' + m, machines[m].roof_name);
    gable_text_add(&cli->out, "\n\n");
    return write_table(cli, o, &axis, machines, n);
}
