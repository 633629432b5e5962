/* report/sizes: time of a collective against its size (plots/sizes.gp): expected with its interval,
 * the ceiling, one colour an algorithm. */
#include <math.h>
#include <string.h>

#include "report/script.h"

/* Points of one algorithm after another; gnuplot needs a blank line between indices. A run takes
 * the first point of the next along, so that the line does not break. */
static int add_runs(const gable_sizes_request *r, gable_text *out)
{
    int n_runs = 0;
    gable_text_add(out, "$runs << END_OF_BLOCK\n");
    for (size_t i = 0; i < r->n_points; i++) {
        const gable_sizes_point *p = &r->points[i];
        bool starts = i == 0 || strcmp(p->algorithm, r->points[i - 1].algorithm) != 0;
        if (starts && i > 0)
            gable_text_addf(out, "%.6g %.6g\n\n\n", p->bytes, 1e6 * p->time_s);
        n_runs += starts;
        gable_text_addf(out, "%.6g %.6g\n", p->bytes, 1e6 * p->time_s);
    }
    gable_text_add(out, "END_OF_BLOCK\n");
    return n_runs;
}

static gable_status add_titles(const gable_sizes_request *r, int n_runs, gable_text *out,
                               gable_err *err)
{
    int run = 0;
    gable_text_add(out, "title_text = ");
    GABLE_TRY(gable_gp_quote(out, r->title, err));
    gable_text_addf(out, "\nn_runs = %d\narray run_title[%d]\n", n_runs, n_runs);
    for (size_t i = 0; i < r->n_points; i++) {
        if (i > 0 && strcmp(r->points[i].algorithm, r->points[i - 1].algorithm) == 0)
            continue;
        gable_text_addf(out, "run_title[%d] = ", ++run);
        GABLE_TRY(gable_gp_quote(out, r->points[i].algorithm, err));
        gable_text_add(out, "\n");
    }
    return GABLE_OK;
}

gable_status gable_sizes_script(gable_arena *arena, const gable_sizes_request *request,
                                gable_text *out, gable_err *err)
{
    if (request->n_points < 2)
        return gable_fail(err, GABLE_USAGE, "a picture needs a range of sizes, FROM..TO");
    if (!(request->points[0].time_s > 0.0))
        return gable_fail(err, GABLE_INPUT, "nothing is sent, so there is nothing to draw");
    const char *terminal = gable_script_terminal(request->canvas);
    gable_text_add(out, terminal ? terminal : "");
    int n_runs = add_runs(request, out);
    GABLE_TRY(add_titles(request, n_runs, out, err));
    gable_text_add(out, "$band << END_OF_BLOCK\n");
    for (size_t i = 0; i < request->n_points; i++) {
        const gable_sizes_point *p = &request->points[i];
        gable_text_addf(out, "%.6g %.6g %.6g %.6g\n", p->bytes, 1e6 * p->p10_s, 1e6 * p->p90_s,
                        1e6 * p->ceiling_s);
    }
    gable_text_add(out, "END_OF_BLOCK\n");
    return gable_script_template(arena, request->plots, "sizes.gp", out, err);
}
