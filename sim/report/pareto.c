/* report/pareto: see pareto.h. */
#include "report/pareto.h"

#include <string.h>

#include "report/script.h"

enum { GROUPS_CAP = 16 };

static int group_of(const char **groups, int *n, const char *name)
{
    for (int i = 0; i < *n; i++)
        if (strcmp(groups[i], name) == 0)
            return i;
    if (*n == GROUPS_CAP)
        return GROUPS_CAP - 1;
    groups[*n] = name;
    return (*n)++;
}

static gable_status add_points(const gable_pareto_request *r, gable_text *out, gable_err *err)
{
    const char *groups[GROUPS_CAP];
    int n = 0;
    for (size_t i = 0; i < r->n_points; i++)
        group_of(groups, &n, r->points[i].group);
    gable_text_add(out, "$front << END_OF_BLOCK\n");
    for (int g = 0; g < n; g++) {
        for (size_t i = 0; i < r->n_points; i++)
            if (group_of(groups, &n, r->points[i].group) == g)
                gable_text_addf(out, "%.6g %.6g %d\n", r->points[i].x, r->points[i].y,
                                r->points[i].best);
        gable_text_add(out, "\n\n");
    }
    gable_text_add(out, "END_OF_BLOCK\n$line << END_OF_BLOCK\n");
    for (size_t i = 0; i < r->n_points; i++)
        gable_text_addf(out, "%.6g %.6g\n", r->points[i].x, r->points[i].y);
    gable_text_add(out, "END_OF_BLOCK\ntitle_text = ");
    GABLE_TRY(gable_gp_quote(out, r->title, err));
    gable_text_addf(out, "\nn_groups = %d\narray group_title[%d]\n", n, n);
    for (int g = 0; g < n; g++) {
        gable_text_addf(out, "group_title[%d] = ", g + 1);
        GABLE_TRY(gable_gp_quote(out, groups[g], err));
        gable_text_add(out, "\n");
    }
    return GABLE_OK;
}

gable_status gable_pareto_draw(gable_arena *arena, const gable_pareto_request *request,
                               const gable_gnuplot *gnuplot, const char *output, gable_err *err)
{
    gable_text script = {0}, picture = {0};
    gable_canvas canvas = gable_canvas_of(output);
    if (canvas == GABLE_N_CANVASES || canvas == GABLE_CANVAS_TERMINAL)
        return gable_fail(err, GABLE_USAGE, "-o %.200s: expected .svg, .png or .pdf", output);
    if (request->n_points < 1)
        return gable_fail(err, GABLE_INPUT, "nothing is within the limits: there is no front");
    const char *terminal = gable_script_terminal(canvas);
    gable_text_add(&script, terminal ? terminal : "");
    gable_status status = add_points(request, &script, err);
    if (status == GABLE_OK)
        status = gable_script_template(arena, request->plots, "pareto.gp", &script, err);
    if (status == GABLE_OK)
        status = gable_gnuplot_run(gnuplot, &script, &picture, err);
    if (status == GABLE_OK)
        status = gable_file_write(output, picture.text, picture.length_bytes, err);
    gable_text_free(&script);
    gable_text_free(&picture);
    return status;
}
