/* report/whatif_plot: both roofs of a what-if, and how its operators move (plots/whatif.gp). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/script.h"
#include "report/whatif.h"

/* A roof: the slope of a memory, the flat of the unit that does most of the FLOPs. */
typedef struct roof {
    double slope_bytes_per_s, flat_flops_per_s;
} roof;

/* One operator on both sides. */
typedef struct move {
    const char *name;
    double x[2], y[2]; /* before, after */
    double share_frac; /* of the time before */
    double label_y;    /* of its name: beside the point, or above the next name */
} move;

enum { MOVES_CAP = 64, ROOFS = 4 };

static double matrix_peak(const gable_priced *p)
{
    double most = 0.0, peak = p->machine->accelerator->vector_fp32_flops_per_s;
    for (int i = 0; i < p->plan->n_rows; i++) {
        const gable_work *work = &p->plan->work[i];
        double flops = p->plan->calls[i] * work->flops;
        if (p->plan->kind[i] != GABLE_ROW_OP || work->vector || flops <= most)
            continue;
        gable_mma used;
        most = flops;
        peak = gable_accelerator_peak(p->machine->accelerator, work->mma, &used);
    }
    return peak;
}

static int find_row(const gable_plan *plan, const char *name)
{
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_OP && strcmp(plan->name[i], name) == 0)
            return i;
    return -1;
}

static bool place(const gable_priced *p, int row, double *x, double *y)
{
    const gable_work *work = &p->plan->work[row];
    if (work->flops <= 0.0 || work->hbm_bytes <= 0.0 || p->step->time_s[row] <= 0.0)
        return false;
    *x = work->flops / work->hbm_bytes;
    *y = p->plan->calls[row] * work->flops / p->step->time_s[row];
    return true;
}

/* Operators that both steps have, with at least a thousandth of the time. */
static int find_moves(const gable_whatif_report *step, move *moves)
{
    const gable_priced *before = step->before, *after = step->after;
    int n = 0;
    for (int i = 0; i < before->plan->n_rows && n < MOVES_CAP; i++) {
        move m = {.name = before->plan->name[i],
                  .share_frac = before->step->time_s[i] / before->step->time_s_total};
        if (before->plan->kind[i] != GABLE_ROW_OP || m.share_frac < 1e-3)
            continue;
        int other = find_row(after->plan, m.name);
        if (other >= 0 && place(before, i, &m.x[0], &m.y[0]) &&
            place(after, other, &m.x[1], &m.y[1]))
            moves[n++] = m;
    }
    return n;
}

static void widen(double range[4], double x, double y)
{
    range[0] = fmin(range[0], x);
    range[1] = fmax(range[1], x);
    range[2] = fmin(range[2], y);
    range[3] = fmax(range[3], y);
}

static void find_range(const move *moves, int n, const roof *roofs, double range[4])
{
    range[0] = range[2] = HUGE_VAL;
    range[1] = range[3] = 0.0;
    for (int i = 0; i < n; i++)
        for (int side = 0; side < 2; side++)
            widen(range, moves[i].x[side], moves[i].y[side]);
    for (int r = 0; r < 2; r++)
        widen(range, roofs[r].flat_flops_per_s / roofs[r].slope_bytes_per_s,
              roofs[r].flat_flops_per_s);
    range[0] /= 3.0;
    range[1] *= 5.0;
    range[2] /= 3.0;
    range[3] *= 3.0;
}

static int lower_point(const void *a, const void *b)
{
    double x = ((const move *)a)->y[1], y = ((const move *)b)->y[1];
    return (x > y) - (x < y);
}

static const double least_named = 0.02; /* of the time */

/* Names of points that stand together are piled up, lines apart. */
static void place_names(move *moves, int n, const double range[4])
{
    const double near = 8.0, line = pow(range[3] / range[2], 1.0 / 26.0);
    qsort(moves, (size_t)n, sizeof *moves, lower_point);
    for (int i = 0; i < n; i++) {
        move *m = &moves[i];
        m->label_y = m->y[1];
        for (int k = 0; k < i; k++) {
            const move *other = &moves[k];
            double apart = fmax(other->x[1], m->x[1]) / fmin(other->x[1], m->x[1]);
            if (other->share_frac >= least_named && apart < near)
                m->label_y = fmax(m->label_y, other->label_y * line);
        }
    }
}

/* Those of before, after, flash and units in the memory that are there: an index each. */
static void add_roofs(gable_text *out, const roof *roofs, const double range[4])
{
    gable_text_add(out, "$roofs << END_OF_BLOCK\n");
    for (int r = 0; r < ROOFS; r++) {
        double slope = roofs[r].slope_bytes_per_s, flat = roofs[r].flat_flops_per_s;
        if (slope <= 0.0)
            continue;
        double ridge = flat / slope;
        gable_text_addf(out, "%.6g %.6g\n%.6g %.6g\n%.6g %.6g\n\n\n", range[0], slope * range[0],
                        ridge, flat, fmax(range[1], ridge), flat);
    }
    gable_text_add(out, "END_OF_BLOCK\n");
}

static gable_status add_moves(gable_text *out, const move *moves, int n, gable_err *err)
{
    gable_text_add(out, "$moves << END_OF_BLOCK\n");
    for (int i = 0; i < n; i++)
        gable_text_addf(out, "%.6g %.6g %.6g %.6g %.3f %.6g\n", moves[i].x[0], moves[i].y[0],
                        moves[i].x[1], moves[i].y[1], gable_script_point_size(moves[i].share_frac),
                        moves[i].label_y);
    gable_text_addf(out, "END_OF_BLOCK\nn_moves = %d\narray move_name[%d]\n", n, n);
    for (int i = 0; i < n; i++) {
        gable_text_addf(out, "move_name[%d] = ", i + 1);
        GABLE_TRY(
            gable_gp_quote(out, moves[i].share_frac >= least_named ? moves[i].name : "", err));
        gable_text_add(out, "\n");
    }
    return GABLE_OK;
}

static gable_status add_titles(gable_text *out, const roof *roofs, const char *title,
                               const char *subtitle, gable_err *err)
{
    static const char *const names[ROOFS] = {"before", "after", "flash", "in the memory"};
    gable_text_add(out, "title_text = ");
    GABLE_TRY(gable_gp_quote(out, title, err));
    gable_text_add(out, "\nsubtitle_text = ");
    GABLE_TRY(gable_gp_quote(out, subtitle, err));
    gable_text_addf(out, "\narray roof_title[%d]\narray roof_kind[%d]\n", ROOFS, ROOFS);
    int n = 0;
    for (int r = 0; r < ROOFS; r++) {
        char slope[GABLE_UNITS_TEXT_CAP], flat[GABLE_UNITS_TEXT_CAP];
        if (roofs[r].slope_bytes_per_s <= 0.0)
            continue;
        n++;
        gable_units_print(roofs[r].slope_bytes_per_s, GABLE_DIM_BYTES_PER_S, 3, slope);
        gable_units_print(roofs[r].flat_flops_per_s, GABLE_DIM_FLOPS_PER_S, 3, flat);
        gable_text_addf(out, "roof_title[%d] = '%s: %s, %s'\nroof_kind[%d] = %d\n", n, names[r],
                        slope, flat, n, r + 1);
    }
    gable_text_addf(out, "n_roofs = %d\n", n);
    return GABLE_OK;
}

static gable_status add_bars(gable_text *out, const gable_whatif *w)
{
    gable_text_add(out, "$bars << END_OF_BLOCK\n");
    for (int side = 0; side < 2; side++) {
        const gable_whatif_side *s = side ? &w->after : &w->before;
        double from = 0.0;
        for (int b = 0; b < GABLE_N_BOUNDS; b++) {
            double to = from + s->bound_s[b] / w->before.time_s;
            gable_text_addf(out, "%.6g %.6g %d %d\n", from, to, side + 1, b + 1);
            from = to;
        }
    }
    char a[GABLE_UNITS_TEXT_CAP], b[GABLE_UNITS_TEXT_CAP];
    gable_text_addf(out,
                    "END_OF_BLOCK\nbefore_text = '%s'\nafter_text = '%s, x%.3g'\nbar_max = %.6g\n"
                    "end_before = 1\nend_after = %.6g\n",
                    gable_units_print(w->before.time_s, GABLE_DIM_SECONDS, 3, a),
                    gable_units_print(w->after.time_s, GABLE_DIM_SECONDS, 3, b), w->speedup,
                    fmax(1.0, w->after.time_s / w->before.time_s),
                    w->after.time_s / w->before.time_s);
    return GABLE_OK;
}

gable_status gable_whatif_script(gable_arena *arena, const gable_whatif_report *step,
                                 gable_canvas canvas, const char *title, const char *subtitle,
                                 const char *plots, gable_text *out, gable_err *err)
{
    const gable_accelerator *was = step->before->machine->accelerator;
    const gable_accelerator *now = step->after->machine->accelerator;
    double peak = matrix_peak(step->after), range[4];
    const roof roofs[ROOFS] = {
        {was->hbm_bandwidth_bytes_per_s, matrix_peak(step->before)},
        {now->hbm_bandwidth_bytes_per_s, peak},
        {now->flash_bytes_per_s, peak},
        {now->near_bytes_per_s, now->near_flops_per_s},
    };
    move *moves;
    GABLE_TRY(gable_arena_take(arena, MOVES_CAP, sizeof *moves, &moves, err));
    int n = find_moves(step, moves);
    if (n == 0)
        return gable_fail(err, GABLE_INPUT, "no operator is on both sides: nothing to draw");
    const char *terminal = gable_script_terminal(canvas);
    gable_text_add(out, terminal ? terminal : "");
    GABLE_TRY(add_titles(out, roofs, title, subtitle, err));
    find_range(moves, n, roofs, range);
    place_names(moves, n, range);
    gable_text_addf(out, "x_min = %.6g\nx_max = %.6g\ny_min = %.6g\ny_max = %.6g\n", range[0],
                    range[1], range[2], range[3]);
    add_roofs(out, roofs, range);
    GABLE_TRY(add_moves(out, moves, n, err));
    GABLE_TRY(add_bars(out, step->whatif));
    return gable_script_template(arena, plots, "whatif.gp", out, err);
}
