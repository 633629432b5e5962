/* report/pareto: what a user gets against what a device gives, as a picture (plots/pareto.gp).
 * Room: report. Uses: report/plot.h. */
#ifndef GABLE_REPORT_PARETO_H
#define GABLE_REPORT_PARETO_H
#include "report/plot.h"

typedef struct gable_pareto_point {
    const char *group; /* colour: a system */
    double x, y;       /* tokens/s of a user, of a device */
    bool best;         /* what the objective chose */
} gable_pareto_point;

typedef struct gable_pareto_request {
    const gable_pareto_point *points; /* x downwards */
    size_t n_points;
    const char *title, *plots;
} gable_pareto_request;

/* Draws to `output`, whole or not at all. Refuses no points, and endings that are no picture's. */
gable_status gable_pareto_draw(gable_arena *arena, const gable_pareto_request *request,
                               const gable_gnuplot *gnuplot, const char *output, gable_err *err);

#endif
