/* report/scatter: predicted against measured times as a picture (plots/scatter.gp). */
#include <math.h>
#include <string.h>

#include "report/script.h"

enum { GROUPS_CAP = 32 };

typedef struct scatter {
    const gable_scatter_request *request;
    const char *groups[GROUPS_CAP];
    int n_groups;
    double low_us, high_us;
} scatter;

static int group_of(scatter *s, const char *name)
{
    for (int i = 0; i < s->n_groups; i++)
        if (strcmp(s->groups[i], name) == 0)
            return i;
    if (s->n_groups == GROUPS_CAP)
        return GROUPS_CAP - 1;
    s->groups[s->n_groups] = name;
    return s->n_groups++;
}

static void find_range(scatter *s)
{
    s->low_us = HUGE_VAL;
    for (size_t i = 0; i < s->request->n_points; i++) {
        const gable_scatter_point *p = &s->request->points[i];
        group_of(s, p->group);
        s->low_us = fmin(s->low_us, 1e6 * fmin(p->measured_s, p->predicted_s));
        s->high_us = fmax(s->high_us, 1e6 * fmax(p->measured_s, p->predicted_s));
    }
}

/* gnuplot needs a point in each index; blank lines part them. */
static void add_points(scatter *s, gable_text *out)
{
    gable_text_add(out, "$points << END_OF_BLOCK\n");
    for (int g = 0; g < s->n_groups; g++) {
        for (size_t i = 0; i < s->request->n_points; i++) {
            const gable_scatter_point *p = &s->request->points[i];
            if (group_of(s, p->group) == g)
                gable_text_addf(out, "%.4g %.4g\n", 1e6 * p->measured_s, 1e6 * p->predicted_s);
        }
        gable_text_add(out, "\n\n");
    }
    gable_text_add(out, "END_OF_BLOCK\n");
}

static gable_status add_titles(const scatter *s, gable_text *out, gable_err *err)
{
    gable_text_add(out, "title_text = ");
    GABLE_TRY(gable_gp_quote(out, s->request->title, err));
    gable_text_addf(out, "\nn_groups = %d\narray group_title[%d]\n", s->n_groups, s->n_groups);
    for (int g = 0; g < s->n_groups; g++) {
        gable_text_addf(out, "group_title[%d] = ", g + 1);
        GABLE_TRY(gable_gp_quote(out, s->groups[g], err));
        gable_text_add(out, "\n");
    }
    return GABLE_OK;
}

gable_status gable_scatter_script(gable_arena *arena, const gable_scatter_request *request,
                                  gable_text *out, gable_err *err)
{
    scatter s = {.request = request};
    if (request->n_points == 0)
        return gable_fail(err, GABLE_INPUT, "no predicted row to draw");
    find_range(&s);
    const char *terminal = gable_script_terminal(request->canvas);
    gable_text_add(out, terminal ? terminal : "");
    GABLE_TRY(add_titles(&s, out, err));
    gable_text_addf(out, "low = %.4g\nhigh = %.4g\n", s.low_us / 1.2, s.high_us * 1.2);
    add_points(&s, out);
    return gable_script_template(arena, request->plots, "scatter.gp", out, err);
}
