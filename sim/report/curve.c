/* report/curve: lines of several models in one log-log picture (plots/curve.gp). */
#include <math.h>

#include "report/script.h"

static gable_status add_names(const gable_curve_request *r, gable_text *out, gable_err *err)
{
    gable_text_add(out, "title_text = ");
    GABLE_TRY(gable_gp_quote(out, r->title, err));
    gable_text_add(out, "\nx_text = ");
    GABLE_TRY(gable_gp_quote(out, r->x_label, err));
    gable_text_add(out, "\ny_text = ");
    GABLE_TRY(gable_gp_quote(out, r->y_label, err));
    gable_text_addf(out, "\nn_series = %d\narray series_title[%d]\narray series_roof[%d]\n",
                    r->n_series, r->n_series, r->n_series);
    for (int i = 0; i < r->n_series; i++) {
        gable_text_addf(out, "series_title[%d] = ", i + 1);
        GABLE_TRY(gable_gp_quote(out, r->series[i].name, err));
        gable_text_addf(out, "\nseries_roof[%d] = %d\n", i + 1, r->series[i].roof);
    }
    return GABLE_OK;
}

enum { MARKS_CAP = 256 };

/* Range of all points. */
static void find_range(const gable_curve_request *r, double low[2], double high[2])
{
    low[0] = low[1] = HUGE_VAL;
    high[0] = high[1] = 0.0;
    for (int i = 0; i < r->n_series; i++)
        for (int k = 0; k < r->series[i].n; k++) {
            const double at[2] = {r->series[i].x[k], r->series[i].y[k]};
            for (int a = 0; a < 2; a++) {
                low[a] = fmin(low[a], at[a]);
                high[a] = fmax(high[a], at[a]);
            }
        }
}

/* Whether a number at `at`, in parts of the panel, would lie on one that is there; it is if not. */
static bool is_crowded(const double at[2], double (*marks)[2], int *n)
{
    static const double wide = 0.05, tall = 0.022;
    for (int i = 0; i < *n; i++)
        if (fabs(at[0] - marks[i][0]) < wide && fabs(at[1] - marks[i][1]) < tall)
            return true;
    if (*n == MARKS_CAP)
        return true;
    marks[*n][0] = at[0];
    marks[(*n)++][1] = at[1];
    return false;
}

/* Points, and for every fourth batch its number, to be written beside the point; of machines whose
 * points stand together, where there is room. */
static void add_points(const gable_curve_request *r, gable_text *out)
{
    gable_text_add(out, "$series << END_OF_BLOCK\n");
    for (int i = 0; i < r->n_series; i++) {
        for (int k = 0; k < r->series[i].n; k++)
            gable_text_addf(out, "%.6g %.6g\n", r->series[i].x[k], r->series[i].y[k]);
        gable_text_add(out, "\n\n");
    }
    double low[2], high[2], marks[MARKS_CAP][2];
    int n_marks = 0;
    find_range(r, low, high);
    gable_text_add(out, "END_OF_BLOCK\n$marks << END_OF_BLOCK\n");
    for (int i = 0; i < r->n_series; i++) {
        gable_text_add(out, "0 0 0\n"); /* an index needs a line; log axes pass over it */
        int every = r->series[i].n > 12 ? 4 : r->series[i].n > 6 ? 2 : 1;
        for (int k = 0; k < r->series[i].n && r->series[i].batch && r->mark_batches; k += every) {
            double x = r->series[i].x[k], y = r->series[i].y[k];
            const double at[2] = {log(x / low[0]) / log(high[0] / low[0]),
                                  log(y / low[1]) / log(high[1] / low[1])};
            if (!r->in_pairs || !is_crowded(at, marks, &n_marks))
                gable_text_addf(out, "%.6g %.6g %.0f\n", x, y, r->series[i].batch[k]);
        }
        gable_text_add(out, "\n\n");
    }
    gable_text_add(out, "END_OF_BLOCK\n");
}

static void add_range(const gable_curve_request *r, gable_text *out)
{
    double low[2], high[2];
    find_range(r, low, high);
    gable_text_addf(out, "x_min = %.6g\nx_max = %.6g\ny_min = %.6g\ny_max = %.6g\n", low[0],
                    high[0], low[1] / 1.5, high[1] * 1.5);
}

gable_status gable_curve_script(gable_arena *arena, const gable_curve_request *request,
                                gable_text *out, gable_err *err)
{
    if (request->n_series == 0)
        return gable_fail(err, GABLE_INPUT, "no model to draw");
    bool characters = request->canvas == GABLE_CANVAS_TERMINAL;
    const char *terminal = gable_script_terminal(request->canvas);
    if (terminal)
        gable_text_add(out, terminal);
    else
        gable_text_addf(out, "set terminal dumb size %d,%d noenhanced mono\n", request->width - 1,
                        request->width * 26 / 80);
    gable_text_addf(out, "in_pairs = %d\n", request->in_pairs);
    GABLE_TRY(add_names(request, out, err));
    add_range(request, out);
    add_points(request, out);
    return gable_script_template(arena, request->plots,
                                 characters ? "curve-terminal.gp" : "curve.gp", out, err);
}
