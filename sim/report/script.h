/* report/script: a gnuplot script that is being written. Private to report.
 * Room: report. Uses: every room below. */
#ifndef GABLE_REPORT_SCRIPT_H
#define GABLE_REPORT_SCRIPT_H
#include "report/picture.h"

typedef struct gable_script {
    gable_arena *arena;
    gable_text *out;
    gable_err *err;
    const gable_picture *picture;
    gable_label_map map;
} gable_script;

/* Canvas that labels are placed on, in pixels, and the main panel as fractions of it. */
#define GABLE_CANVAS_WIDTH 1000.0
#define GABLE_CANVAS_HEIGHT 640.0
#define GABLE_PANEL_LEFT 0.082
#define GABLE_PANEL_RIGHT 0.700
#define GABLE_PANEL_BOTTOM 0.170
#define GABLE_PANEL_TOP 0.815

/* Where a figure of the main panel lies on the canvas. */
double gable_script_x(const gable_picture *picture, double flops_per_byte);
double gable_script_y(const gable_picture *picture, double flops_per_s);

/* Size of a point in gnuplot's units, its area in proportion to the share; its radius in pixels. */
double gable_script_point_size(double share_frac);
double gable_script_point_px(double share_frac);

/* All labels of the main panel, and the list of small operators below it. */
gable_status gable_script_labels(gable_script *script);

/* 'A' for the heaviest operator, lower case in the second step; '*' when letters run out. */
char gable_point_letter(const gable_point *point);

/* "set terminal …" of a canvas; NULL for characters, whose width the caller knows. */
const char *gable_script_terminal(gable_canvas canvas);

/* Adds template `name` of the folder `plots`, with the functions that templates share before it:
 * what the templates read stands in `out` already. GABLE_INPUT without the file. */
gable_status gable_script_template(gable_arena *arena, const char *plots, const char *name,
                                   gable_text *out, gable_err *err);

#endif
