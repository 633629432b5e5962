/* report/roofline_script: the figures of a picture as gnuplot variables and datablocks, then the
 * template. Numbers are printed here; text goes through gable_gp_quote. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/script.h"

static const char *const terminals[GABLE_N_CANVASES] = {
    [GABLE_CANVAS_TERMINAL] = NULL,
    [GABLE_CANVAS_SVG] =
        "set terminal svg size 1000,640 dynamic font 'Helvetica,12' background '#ffffff'\n",
    [GABLE_CANVAS_GIF] = "set terminal gif animate delay 90 loop 0 size 1000,640 font "
                         "'DejaVuSans,10' fontscale 0.8 background '#ffffff'\n",
    [GABLE_CANVAS_PNG] = "set terminal pngcairo size 1500,960 font 'Helvetica,11.5' fontscale 1.25 "
                         "linewidth 1.5 pointscale 1.5 background '#ffffff'\n",
    [GABLE_CANVAS_PDF] = "set terminal pdfcairo size 10in,6.4in font 'Helvetica,12' fontscale 0.56 "
                         "linewidth 1.2 pointscale 0.72 background '#ffffff'\n",
};

const char *gable_script_terminal(gable_canvas canvas)
{
    return terminals[canvas];
}

gable_canvas gable_canvas_of(const char *path)
{
    static const char *const suffixes[GABLE_N_CANVASES] = {
#define CANVAS_SUFFIX(symbol, suffix, help) [GABLE_CANVAS_##symbol] = suffix,
        GABLE_CANVAS_LIST(CANVAS_SUFFIX)
#undef CANVAS_SUFFIX
    };
    size_t length = strlen(path);
    for (int i = 0; i < GABLE_N_CANVASES; i++) {
        size_t n = strlen(suffixes[i]);
        if (length > n && strcmp(path + length - n, suffixes[i]) == 0)
            return (gable_canvas)i;
    }
    return GABLE_N_CANVASES;
}

/* ---- small writers ---- */

static void variable(gable_script *s, const char *name, double value)
{
    gable_text_addf(s->out, "%s = ", name);
    gable_text_add_json_number(s->out, value);
    gable_text_add(s->out, "\n");
}

/* A pair of numbers on a line of a datablock: starts with a digit or a sign. */
static void vertex(gable_script *s, double x, double y)
{
    gable_text_add_json_number(s->out, x);
    gable_text_add(s->out, " ");
    gable_text_add_json_number(s->out, y);
    gable_text_add(s->out, "\n");
}

static void open_block(gable_script *s, const char *name)
{
    gable_text_addf(s->out, "$%s << END_OF_BLOCK\n", name);
}

static void close_block(gable_script *s)
{
    gable_text_add(s->out, "END_OF_BLOCK\n");
}

static gable_status text_variable(gable_script *s, const char *name, const char *value)
{
    gable_text_addf(s->out, "%s = ", name);
    GABLE_TRY(gable_gp_quote(s->out, value, s->err));
    gable_text_add(s->out, "\n");
    return GABLE_OK;
}

/* ---- from figures to pixels ---- */

double gable_script_x(const gable_picture *p, double flops_per_byte)
{
    double part = log10(flops_per_byte / p->x_min) / log10(p->x_max / p->x_min);
    return GABLE_CANVAS_WIDTH * (GABLE_PANEL_LEFT + (GABLE_PANEL_RIGHT - GABLE_PANEL_LEFT) * part);
}

double gable_script_y(const gable_picture *p, double flops_per_s)
{
    double part = log10(flops_per_s / p->y_min) / log10(p->y_max / p->y_min);
    return GABLE_CANVAS_HEIGHT *
           (GABLE_PANEL_BOTTOM + (GABLE_PANEL_TOP - GABLE_PANEL_BOTTOM) * part);
}

/* Area in proportion to the share of time. */
double gable_script_point_size(double share_frac)
{
    return fmax(0.5, 5.0 * sqrt(share_frac));
}

double gable_script_point_px(double share_frac)
{
    const double unit_px = 4.5; /* radius of a point of size 1 */
    return unit_px * gable_script_point_size(share_frac);
}

/* ---- roofs ---- */

/* Diagonal up to the lower of the top flat and the edge. */
static void diagonal(gable_script *s, double bytes_per_s, double top_flops_per_s)
{
    const gable_picture *p = s->picture;
    double x_low = fmax(p->x_min, p->y_min / bytes_per_s);
    double x_high = fmin(top_flops_per_s / bytes_per_s, p->x_max);
    vertex(s, x_low, bytes_per_s * x_low);
    vertex(s, x_high, bytes_per_s * x_high);
    gable_text_add(s->out, "\n");
}

static void flat(gable_script *s, double flops_per_s, double bytes_per_s)
{
    vertex(s, flops_per_s / bytes_per_s, flops_per_s);
    vertex(s, s->picture->x_max, flops_per_s);
    gable_text_add(s->out, "\n");
}

static void write_roofs(gable_script *s)
{
    const gable_picture *p = s->picture;
    double expected_top = 0.0;
    open_block(s, "spec");
    diagonal(s, p->hbm_bytes_per_s, gable_picture_top(p));
    for (int i = 0; i < p->n_flats; i++) {
        flat(s, p->flats[i].spec_flops_per_s, p->hbm_bytes_per_s);
        expected_top = fmax(expected_top, p->flats[i].expected_flops_per_s);
    }
    close_block(s);
    open_block(s, "expected");
    diagonal(s, p->hbm_expected_bytes_per_s, expected_top);
    for (int i = 0; i < p->n_flats; i++)
        flat(s, p->flats[i].expected_flops_per_s, p->hbm_expected_bytes_per_s);
    close_block(s);
    open_block(s, "cache");
    if (p->l2_bytes_per_s > 0.0)
        diagonal(s, p->l2_bytes_per_s, gable_picture_top(p));
    else
        vertex(s, p->x_min, p->y_min / 10.0); /* below the picture: an empty block is an error */
    close_block(s);
    open_block(s, "ridges");
    for (int i = 0; i < p->n_flats; i++) {
        double ridge = p->flats[i].spec_flops_per_s / p->hbm_bytes_per_s;
        vertex(s, ridge, p->y_min);
        vertex(s, ridge, p->flats[i].spec_flops_per_s);
        gable_text_add(s->out, "\n");
    }
    close_block(s);
}

/* ---- points ---- */

/* In characters one cell holds one letter: the heavier operator's, of whichever step. */
static bool hidden(const gable_picture *p, int i)
{
    const double columns = 64.0, rows = 21.0;
    for (int j = 0; j < i; j++) {
        double dx = log10(p->points[i].x_flops_per_byte / p->points[j].x_flops_per_byte);
        double dy = log10(p->points[i].y_flops_per_s / p->points[j].y_flops_per_s);
        if (fabs(dx) * columns < 0.8 * log10(p->x_max / p->x_min) &&
            fabs(dy) * rows < 0.8 * log10(p->y_max / p->y_min))
            return true;
    }
    return false;
}

static void write_points(gable_script *s, bool letters)
{
    const gable_picture *p = s->picture;
    open_block(s, letters ? "letters" : "points");
    for (size_t i_step = 0; i_step < p->request->n_steps; i_step++) {
        gable_text_add(s->out, i_step ? "\n\n" : "");
        vertex(s, p->x_min, p->y_min / 10.0);
        for (int i = p->n_points - 1; i >= 0; i--) { /* the heaviest on top */
            const gable_point *point = &p->points[i];
            if ((size_t)point->i_step != i_step || (letters && hidden(p, i)))
                continue;
            gable_text_addf(s->out, "%.17g %.17g ", point->x_flops_per_byte, point->y_flops_per_s);
            if (letters)
                gable_text_addf(s->out, "\"%c\"\n", gable_point_letter(point));
            else
                gable_text_addf(s->out, "%.4f\n", gable_script_point_size(point->share_frac));
        }
    }
    close_block(s);
}

/* Operators at their bytes of L2, and the way there from their bytes of memory. */
static void write_levels(gable_script *s)
{
    const gable_picture *p = s->picture;
    for (int way = 0; way < 2; way++) {
        open_block(s, way ? "level_ways" : "levels");
        vertex(s, p->x_min, p->y_min / 10.0);
        gable_text_add(s->out, way ? "\n" : "");
        for (int i = 0; i < p->n_points && p->request->hierarchy; i++) {
            const gable_point *point = &p->points[i];
            if (point->l2_flops_per_byte <= 0.0)
                continue;
            vertex(s, point->l2_flops_per_byte, point->y_flops_per_s);
            if (way) {
                vertex(s, point->x_flops_per_byte, point->y_flops_per_s);
                gable_text_add(s->out, "\n");
            }
        }
        close_block(s);
    }
}

char gable_point_letter(const gable_point *point)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    static const char small[] = "abcdefghijklmnopqrstuvwxyz";
    if (point->i_name >= 26)
        return '*';
    return point->i_step == 0 ? letters[point->i_name] : small[point->i_name];
}

/* ---- network panel ---- */

/* FLOP per byte on the wire of the steps that send anything, and the ridges: the range of the axis.
 */
static void write_link(gable_script *s)
{
    const gable_picture *p = s->picture;
    double link = p->link_bytes_per_s > 0.0 ? p->link_bytes_per_s : 1.0;
    double high = gable_picture_top(p) / link, low = high;
    for (size_t i = 0; i < p->request->n_steps; i++) {
        const gable_step *step = p->request->steps[i].step;
        if (step->wire_bytes_total <= 0.0)
            continue;
        high = fmax(high, step->flops / step->wire_bytes_total);
        low = fmin(low, step->flops / step->wire_bytes_total);
    }
    double x_min = pow(10.0, floor(log10(low / 3.0))), x_max = pow(10.0, ceil(log10(high * 2.0)));
    double x_floor = fmax(x_min, p->y_min / link);
    variable(s, "has_network", p->link_bytes_per_s > 0.0);
    variable(s, "link_x_min", x_min);
    variable(s, "link_x_max", x_max);
    open_block(s, "link");
    vertex(s, x_floor, x_floor * link);
    vertex(s, gable_picture_top(p) / link, gable_picture_top(p));
    close_block(s);
    open_block(s, "link_flats");
    for (int i = 0; i < p->n_flats; i++) {
        vertex(s, p->flats[i].spec_flops_per_s / link, p->flats[i].spec_flops_per_s);
        vertex(s, x_max, p->flats[i].spec_flops_per_s);
        gable_text_add(s->out, "\n");
    }
    close_block(s);
    open_block(s, "link_points");
    for (size_t i = 0; i < p->request->n_steps; i++) {
        const gable_step *step = p->request->steps[i].step;
        gable_text_add(s->out, i ? "\n\n" : "");
        vertex(s, x_min, p->y_min / 10.0);
        if (step->wire_bytes_total > 0.0)
            vertex(s, step->flops / step->wire_bytes_total, step->flops / step->time_s_total);
    }
    close_block(s);
}

/* ---- where the time goes ---- */

static void write_bars(gable_script *s)
{
    static const char *const colors[GABLE_N_BOUNDS] = {
        /* Okabe and Ito, as decimal RGB: bound_color of the template */
        [GABLE_BOUND_COMPUTE] = "15113984",
        [GABLE_BOUND_MEMORY] = "5682409",
        [GABLE_BOUND_NETWORK] = "40563",
        [GABLE_BOUND_OVERHEAD] = "12303291",
    };
    const gable_picture *p = s->picture;
    open_block(s, "bars");
    for (size_t i = 0; i < p->request->n_steps; i++) {
        const gable_step *step = p->request->steps[i].step;
        double from = 0.0, total = step->time_s_total > 0.0 ? step->time_s_total : 1.0;
        for (int b = 0; b < GABLE_N_BOUNDS; b++) {
            double to = from + step->bound_s[b] / total;
            gable_text_addf(s->out, "%.6f %.6f %zu %s\n", from, to, i + 1, colors[b]);
            from = to;
        }
    }
    close_block(s);
}

/* ---- titles ---- */

static gable_status array_text(gable_script *s, const char *array, size_t i, const char *text)
{
    return text_variable(s, gable_report_format(s->arena, "%s[%zu]", array, i + 1), text);
}

/* A pair of phases has its colours; other sets of steps are told apart by their order. */
static size_t step_style(const gable_roofline_request *request, size_t i)
{
    bool decode = request->steps[i].plan->scenario.phase == GABLE_PHASE_DECODE;
    return request->n_steps > 2 ? i + 1 : decode ? 1 : 2;
}

static gable_status write_titles(gable_script *s)
{
    const gable_roofline_request *request = s->picture->request;
    const gable_priced *first = &request->steps[0];
    const gable_scenario *layout = &first->plan->scenario;
    const char *title =
        gable_report_format(s->arena,
                            layout->ep > 1 ? "%.70s on %.40s, stack %.40s, tp %d, ep %d"
                                           : "%.70s on %.40s, stack %.40s, tp %d",
                            first->plan->model->name, first->machine->system->name,
                            first->machine->constants->stack, layout->tp, layout->ep);
    GABLE_TRY(text_variable(s, "title_text", title));
    variable(s, "n_steps", (double)request->n_steps);
    static const char *const arrays[] = {"step_title", "step_name", "step_style"};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        gable_text_addf(s->out, "array %s[%d]\n", arrays[i], GABLE_ROOFLINE_STEPS_CAP);
    for (size_t i = 0; i < request->n_steps; i++) {
        const gable_priced *priced = &request->steps[i];
        const gable_scenario *scenario = &priced->plan->scenario;
        gable_text verdict = {0};
        const char *why = NULL;
        char time[GABLE_UNITS_TEXT_CAP];
        gable_report_verdict(&verdict, priced);
        GABLE_TRY(gable_report_keep(s->arena, &verdict, &why, s->err));
        title = gable_report_format(
            s->arena, "%s: %.10g x %.10g new tokens, %.10g cached, %s: %.110s",
            gable_phases[scenario->phase], scenario->batch, scenario->n_new, scenario->n_cached,
            gable_units_print(priced->step->time_s_total, GABLE_DIM_SECONDS, 4, time), why);
        GABLE_TRY(array_text(s, "step_title", i, title));
        gable_text_addf(s->out, "step_style[%zu] = %zu\n", i + 1, step_style(request, i));
        GABLE_TRY(array_text(s, "step_name", i, gable_phases[scenario->phase]));
    }
    char rate[GABLE_UNITS_TEXT_CAP];
    return text_variable(s, "link_text",
                         gable_report_format(s->arena, "slope: links of %s",
                                             gable_units_print(s->picture->link_bytes_per_s,
                                                               GABLE_DIM_BYTES_PER_S, 4, rate)));
}

/* ---- the whole ---- */

static void write_axes(gable_script *s)
{
    const gable_picture *p = s->picture;
    const gable_flat *main_flat = &p->flats[p->i_main];
    variable(s, "left", GABLE_PANEL_LEFT);
    variable(s, "right", GABLE_PANEL_RIGHT);
    variable(s, "bottom", GABLE_PANEL_BOTTOM);
    variable(s, "top", GABLE_PANEL_TOP);
    variable(s, "x_min", p->x_min);
    variable(s, "x_max", p->x_max);
    variable(s, "y_min", p->y_min);
    variable(s, "y_max", p->y_max);
    variable(s, "main_ridge", main_flat->spec_flops_per_s / p->hbm_bytes_per_s);
}

static void write_terminal(gable_script *s)
{
    const gable_roofline_request *request = s->picture->request;
    int width = request->width < 50 ? 50 : request->width > 200 ? 200 : request->width;
    if (terminals[request->canvas])
        gable_text_add(s->out, terminals[request->canvas]);
    else
        gable_text_addf(s->out, "set terminal dumb size %d,%d noenhanced %s\n", width - 1,
                        width * 26 / 80, request->color ? "ansi256" : "mono");
    gable_text_add(s->out, "set encoding utf8\n");
}

gable_status gable_roofline_script(gable_arena *arena, const gable_roofline_request *request,
                                   gable_text *out, gable_err *err)
{
    gable_picture picture;
    GABLE_TRY(gable_picture_make(arena, request, &picture, err));
    gable_script s = {.arena = arena, .out = out, .err = err, .picture = &picture};
    bool letters = request->canvas == GABLE_CANVAS_TERMINAL;
    write_terminal(&s);
    GABLE_TRY(write_titles(&s));
    write_axes(&s);
    write_roofs(&s);
    write_points(&s, letters);
    write_levels(&s);
    if (!letters) {
        write_link(&s);
        write_bars(&s);
        GABLE_TRY(gable_script_labels(&s));
    }
    GABLE_TRY(gable_script_template(arena, request->plots,
                                    letters ? "roofline-terminal.gp" : "roofline.gp", out, err));
    return arena->full ? gable_fail(err, GABLE_INTERNAL, "out of memory")
                       : gable_report_done(out, err);
}
