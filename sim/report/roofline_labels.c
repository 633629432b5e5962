/* report/roofline_labels: what is written into the main panel: roofs, ridges, zones, the names of
 * operators. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/script.h"

/* Marks a line as taken, by small boxes along it. */
static void take_line(gable_script *s, double x0, double y0, double x1, double y1)
{
    double length = hypot(x1 - x0, y1 - y0);
    int n = (int)(length / 6.0) + 1;
    for (int i = 0; i <= n; i++) {
        double x = x0 + (x1 - x0) * i / n, y = y0 + (y1 - y0) * i / n;
        gable_labels_take(&s->map, &(gable_box){x - 1.5, y - 1.5, x + 1.5, y + 1.5});
    }
}

static void take_roof(gable_script *s, double bytes_per_s, double flops_per_s)
{
    const gable_picture *p = s->picture;
    double ridge = fmin(flops_per_s / bytes_per_s, p->x_max);
    double x_low = fmax(p->x_min, p->y_min / bytes_per_s);
    take_line(s, gable_script_x(p, x_low), gable_script_y(p, bytes_per_s * x_low),
              gable_script_x(p, ridge), gable_script_y(p, bytes_per_s * ridge));
    take_line(s, gable_script_x(p, ridge), gable_script_y(p, flops_per_s),
              gable_script_x(p, p->x_max), gable_script_y(p, flops_per_s));
}

/* Text with its left (or right) end at a pixel, turned by `degrees`; what it covers is taken. */
typedef struct fixed_label {
    double x, y, degrees;
    bool right;
    const char *color;
} fixed_label;

enum { N_SAMPLES = 26 };

/* Rectangles that cover a label from end to end. */
static void sample_fixed(const gable_script *s, const char *text, const fixed_label *at,
                         gable_box boxes[N_SAMPLES])
{
    double length = (double)strlen(text) * s->map.char_px * (at->right ? -1.0 : 1.0);
    double angle = at->degrees * acos(-1.0) / 180.0;
    for (int i = 0; i < N_SAMPLES; i++) {
        double part = (double)i / (N_SAMPLES - 1);
        double x = at->x + part * length * cos(angle), y = at->y + part * length * sin(angle);
        boxes[i] = (gable_box){x - 5.0, y - 6.0, x + 5.0, y + 6.0};
    }
}

static gable_status add_fixed(gable_script *s, const char *text, const fixed_label *at)
{
    gable_box boxes[N_SAMPLES];
    gable_text_add(s->out, "set label ");
    GABLE_TRY(gable_gp_quote(s->out, text, s->err));
    gable_text_addf(s->out,
                    " at screen %.5f,%.5f %s rotate by %.2f noenhanced font ',10' "
                    "textcolor rgb '%s'\n",
                    at->x / GABLE_CANVAS_WIDTH, at->y / GABLE_CANVAS_HEIGHT,
                    at->right ? "right" : "left", at->degrees, at->color);
    sample_fixed(s, text, at, boxes);
    for (int i = 0; i < N_SAMPLES; i++)
        gable_labels_take(&s->map, &boxes[i]);
    return GABLE_OK;
}

/* How much of a label lies on what is taken. */
static int covered(const gable_script *s, const char *text, const fixed_label *at)
{
    gable_box boxes[N_SAMPLES];
    int n = 0;
    sample_fixed(s, text, at, boxes);
    for (int i = 0; i < N_SAMPLES; i++)
        n += !gable_labels_free(&s->map, &boxes[i]);
    return n;
}

/* Adds the label at the place, of those tried, that covers least; the first of equals. */
static gable_status add_best(gable_script *s, const char *text, const fixed_label *places, int n)
{
    int best = 0, least = N_SAMPLES + 1;
    for (int i = 0; i < n; i++) {
        int now = covered(s, text, &places[i]);
        if (now < least) {
            least = now;
            best = i;
        }
    }
    return add_fixed(s, text, &places[best]);
}

/* Adds the label at the first place that covers nothing; nowhere, if there is none. */
static gable_status add_free(gable_script *s, const char *text, const fixed_label *places, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (covered(s, text, &places[i]) == 0)
            return add_fixed(s, text, &places[i]);
    return GABLE_OK;
}

static const char *reached(gable_arena *arena, double expected, double spec)
{
    if (expected >= spec * (1.0 - 1e-9))
        return "";
    return gable_report_format(arena, ", %.0f %% reached", 100.0 * expected / spec);
}

/* The name at the right end of the line, the ridge at the axis where there is room, the figures in
 * a list in the corner that is emptiest: much intensity, little speed. */
static gable_status label_flat(gable_script *s, int i)
{
    const gable_picture *p = s->picture;
    const gable_flat *f = &p->flats[i];
    double ridge = f->spec_flops_per_s / p->hbm_bytes_per_s;
    double right = GABLE_CANVAS_WIDTH * GABLE_PANEL_RIGHT;
    double bottom = GABLE_CANVAS_HEIGHT * GABLE_PANEL_BOTTOM;
    char rate[GABLE_UNITS_TEXT_CAP];
    const char *key = gable_mma_key(f->mma);
    const fixed_label name = {right + 4.0, gable_script_y(p, f->spec_flops_per_s), 0.0, false,
                              "#333333"};
    const fixed_label axis[] = {
        {gable_script_x(p, ridge) + 3.0, bottom + 9.0, 0.0, false, "#777777"},
        {gable_script_x(p, ridge) - 3.0, bottom + 9.0, 0.0, true, "#777777"}};
    const fixed_label list = {right - 5.0, bottom + 26.0 + 14.0 * i, 0.0, true, "#333333"};
    GABLE_TRY(add_fixed(s, key, &name));
    GABLE_TRY(add_free(s, gable_report_format(s->arena, "%.4g", ridge), axis, COUNT_OF(axis)));
    gable_units_print(f->spec_flops_per_s, GABLE_DIM_FLOPS_PER_S, 4, rate);
    const char *text =
        gable_report_format(s->arena, "%s dense %s%s, ridge %.4g FLOP/B", key, rate,
                            reached(s->arena, f->expected_flops_per_s, f->spec_flops_per_s), ridge);
    return add_fixed(s, text, &list);
}

/* Along a diagonal; the angle follows from the size of a decade on the canvas. */
static gable_status label_diagonal(gable_script *s, double bytes_per_s, const char *name)
{
    static const double parts[] = {0.36, 0.28, 0.44, 0.20, 0.52, 0.12, 0.60, 0.06};
    const gable_picture *p = s->picture;
    char rate[GABLE_UNITS_TEXT_CAP];
    fixed_label places[COUNT_OF(parts)];
    double x_low = fmax(p->x_min, p->y_min / bytes_per_s);
    double x_high = fmin(gable_picture_top(p) / bytes_per_s, p->x_max);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        double x = x_low * pow(x_high / x_low, parts[i]);
        double dx = gable_script_x(p, 2.0 * x) - gable_script_x(p, x);
        double dy = gable_script_y(p, 2.0 * x * bytes_per_s) - gable_script_y(p, x * bytes_per_s);
        double length = hypot(dx, dy);
        places[i] = (fixed_label){gable_script_x(p, x) - 11.0 * dy / length,
                                  gable_script_y(p, x * bytes_per_s) + 11.0 * dx / length,
                                  atan2(dy, dx) * 180.0 / acos(-1.0), false, "#333333"};
    }
    const char *text = gable_report_format(
        s->arena, "%s %s%s", name, gable_units_print(bytes_per_s, GABLE_DIM_BYTES_PER_S, 4, rate),
        bytes_per_s == p->hbm_bytes_per_s
            ? reached(s->arena, p->hbm_expected_bytes_per_s, bytes_per_s)
            : "");
    return add_best(s, text, places, (int)COUNT_OF(parts));
}

static gable_status label_roofs(gable_script *s)
{
    const gable_picture *p = s->picture;
    const gable_accelerator *device = p->request->steps[0].machine->accelerator;
    for (int i = 0; i < p->n_flats; i++)
        GABLE_TRY(label_flat(s, i));
    fixed_label words = {GABLE_CANVAS_WIDTH * GABLE_PANEL_RIGHT - 5.0,
                         GABLE_CANVAS_HEIGHT * GABLE_PANEL_BOTTOM + 28.0 + 14.0 * p->n_flats, 0.0,
                         true, "#777777"};
    if (!p->request->steps[0].machine->constants->ideal) {
        GABLE_TRY(add_fixed(s, "dashed: datasheet; solid: what kernels reach", &words));
        words.y += 14.0;
    }
    if (p->request->hierarchy)
        GABLE_TRY(add_fixed(s,
                            p->l2_bytes_per_s > 0.0
                                ? "circles: at FLOP per byte of L2"
                                : "circles: at FLOP per byte of L2 (bandwidth not published)",
                            &words));
    GABLE_TRY(
        label_diagonal(s, p->hbm_bytes_per_s, device->hbm_kind ? device->hbm_kind : "memory"));
    if (p->l2_bytes_per_s > 0.0)
        GABLE_TRY(label_diagonal(s, p->l2_bytes_per_s, "L2"));
    words = (fixed_label){GABLE_CANVAS_WIDTH * GABLE_PANEL_LEFT + 8.0,
                          GABLE_CANVAS_HEIGHT * GABLE_PANEL_TOP - 12.0, 0.0, false, "#4477aa"};
    GABLE_TRY(add_fixed(s, "memory-bound", &words));
    words = (fixed_label){GABLE_CANVAS_WIDTH * GABLE_PANEL_RIGHT - 3.0,
                          GABLE_CANVAS_HEIGHT * GABLE_PANEL_TOP - 12.0, 0.0, true, "#aa7722"};
    return add_fixed(s, "compute-bound", &words);
}

enum { N_NAMED = 8 };

/* Points below this share of their step are drawn, not named. */
static const double named_share_min = 0.004;

/* Points are sorted: how many of them carry a name or a number. */
static int n_labelled(const gable_picture *p)
{
    int n = 0;
    while (n < p->n_points && p->points[n].share_frac >= named_share_min)
        n++;
    return n;
}

static void make_labels(gable_script *s, gable_label *labels)
{
    const gable_picture *p = s->picture;
    int number = N_NAMED;
    for (int i = 0; i < p->n_points; i++) {
        const gable_point *point = &p->points[i];
        double radius = gable_script_point_px(point->share_frac);
        double x = gable_script_x(p, point->x_flops_per_byte),
               y = gable_script_y(p, point->y_flops_per_s);
        labels[i] = (gable_label){.text = point->name, .at_x = x, .at_y = y, .radius = radius};
        if (i >= N_NAMED)
            labels[i].text = gable_report_format(s->arena, "%d", ++number);
        gable_labels_take(&s->map, &(gable_box){x - 0.8 * radius, y - 0.8 * radius,
                                                x + 0.8 * radius, y + 0.8 * radius});
    }
}

static gable_status write_label(gable_script *s, const gable_label *label)
{
    const gable_box *box = &label->box;
    double x = (box->left + box->right) / 2.0, y = (box->bottom + box->top) / 2.0;
    double edge_x = fmin(fmax(label->at_x, box->left), box->right);
    double edge_y = fmin(fmax(label->at_y, box->bottom), box->top);
    if (!label->placed)
        return GABLE_OK;
    gable_text_add(s->out, "set label ");
    GABLE_TRY(gable_gp_quote(s->out, label->text, s->err));
    gable_text_addf(s->out,
                    " at screen %.5f,%.5f center noenhanced front font ',10' textcolor rgb "
                    "'#222222'\n",
                    x / GABLE_CANVAS_WIDTH, y / GABLE_CANVAS_HEIGHT);
    if (hypot(edge_x - label->at_x, edge_y - label->at_y) > label->radius + 8.0)
        gable_text_addf(s->out,
                        "set arrow from screen %.5f,%.5f to screen %.5f,%.5f nohead lw 0.6 "
                        "lc rgb '#888888'\n",
                        label->at_x / GABLE_CANVAS_WIDTH, label->at_y / GABLE_CANVAS_HEIGHT,
                        edge_x / GABLE_CANVAS_WIDTH, edge_y / GABLE_CANVAS_HEIGHT);
    return GABLE_OK;
}

/* "9 activation, 10 …" under the picture, in lines that fit. */
static gable_status write_rest(gable_script *s, const gable_label *labels)
{
    const gable_picture *p = s->picture;
    char line[GABLE_GP_TEXT_CAP] = "";
    size_t used = 0;
    int n_lines = 0;
    for (int i = N_NAMED; i <= n_labelled(p) && n_lines < 3; i++) {
        char item[96] = "";
        if (i < n_labelled(p))
            snprintf(item, sizeof item, "%s %s (%s)   ", labels[i].text, p->points[i].name,
                     gable_phases[p->request->steps[p->points[i].i_step].plan->scenario.phase]);
        bool full = used + strlen(item) > 185 || i == n_labelled(p);
        if (full && used) {
            gable_text_add(s->out, "set label ");
            GABLE_TRY(gable_gp_quote(s->out, line, s->err));
            gable_text_addf(s->out,
                            " at screen %.5f,%.5f left noenhanced font ',9' textcolor rgb "
                            "'#444444'\n",
                            GABLE_PANEL_LEFT, 0.058 - 0.020 * n_lines++);
            used = 0;
        }
        used += (size_t)snprintf(line + used, sizeof line - used, "%s", item);
    }
    return GABLE_OK;
}

enum { TAKEN_CAP = 4096 };

gable_status gable_script_labels(gable_script *s)
{
    const gable_picture *p = s->picture;
    gable_label *labels = NULL;
    gable_box *taken = NULL;
    GABLE_TRY(gable_arena_take(s->arena, TAKEN_CAP, sizeof *taken, &taken, s->err));
    GABLE_TRY(gable_arena_take(s->arena, (size_t)p->n_points + 1, sizeof *labels, &labels, s->err));
    s->map = (gable_label_map){
        .area = {GABLE_CANVAS_WIDTH * GABLE_PANEL_LEFT + 2.0,
                 GABLE_CANVAS_HEIGHT * GABLE_PANEL_BOTTOM + 2.0,
                 GABLE_CANVAS_WIDTH * GABLE_PANEL_RIGHT - 2.0,
                 GABLE_CANVAS_HEIGHT * GABLE_PANEL_TOP - 2.0},
        .char_px = 6.3,
        .line_px = 13.0,
        .taken = taken,
        .cap_taken = TAKEN_CAP,
    };
    make_labels(s, labels); /* points and lines first: what is written keeps clear of them */
    for (int i = 0; i < p->n_flats; i++) {
        take_roof(s, p->hbm_bytes_per_s, p->flats[i].spec_flops_per_s);
        take_roof(s, p->hbm_expected_bytes_per_s, p->flats[i].expected_flops_per_s);
    }
    GABLE_TRY(label_roofs(s));
    gable_labels_place(&s->map, labels, n_labelled(p));
    for (int i = 0; i < n_labelled(p); i++)
        GABLE_TRY(write_label(s, &labels[i]));
    return write_rest(s, labels);
}
