/* report/plot: pictures that gnuplot draws of what the engine priced: the roofline of steps, and
 * predicted beside measured times. Room: report. Uses: every room below. How to add a picture:
 * sim/report/README.md. */
#ifndef GABLE_PLOT_H
#define GABLE_PLOT_H
#include "engine/curve.h"
#include "report/report.h"

/* ---- pictures: report/roofline.c, report/gnuplot.c ---- */

/* What gnuplot draws to. X(symbol, suffix of -o, help) */
#define GABLE_CANVAS_LIST(X)                                                                       \
    X(TERMINAL, ".txt", "characters, as in a terminal")                                            \
    X(SVG, ".svg", "vector picture for the web")                                                   \
    X(GIF, ".gif", "bitmap, moving with --animate")                                                \
    X(PNG, ".png", "bitmap")                                                                       \
    X(PDF, ".pdf", "vector picture for print")
typedef enum gable_canvas {
#define GABLE_CANVAS_ENUM(symbol, suffix, help) GABLE_CANVAS_##symbol,
    GABLE_CANVAS_LIST(GABLE_CANVAS_ENUM)
#undef GABLE_CANVAS_ENUM
        GABLE_N_CANVASES
} gable_canvas;

/* The canvas that the ending of `path` asks for; GABLE_N_CANVASES when none does. */
gable_canvas gable_canvas_of(const char *path);

enum { GABLE_ROOFLINE_STEPS_CAP = 4 };

/* Ends of both axes. */
typedef struct gable_axes {
    double x_min, x_max, y_min, y_max;
} gable_axes;

/* One picture: steps of one machine (decode and prefill …). */
typedef struct gable_roofline_request {
    const gable_priced *steps;
    size_t n_steps; /* 1 … GABLE_ROOFLINE_STEPS_CAP, all on the machine of the first */
    gable_canvas canvas;
    int width;              /* columns, for TERMINAL */
    bool color;             /* TERMINAL: ANSI colours */
    const char *plots;      /* folder of the templates */
    bool hierarchy;         /* each operator a second time, at its FLOP per byte of L2 */
    const gable_axes *axes; /* at least these, so that frames have the same; NULL: what is needed */
} gable_roofline_request;

/* The ends that a picture chooses by itself, united with those in `axes` (all 0: none yet). */
gable_status gable_roofline_axes(gable_arena *arena, const gable_roofline_request *request,
                                 gable_axes *axes, gable_err *err);

typedef struct gable_gnuplot {
    const char *search_path; /* PATH of the caller */
    double timeout_s;        /* > 0; then the child is killed */
} gable_gnuplot;

/* ---- frames: report/frames.c ---- */

/* Milliseconds that a frame stands. */
enum { GABLE_FRAME_MS = 900, GABLE_FRAMES_CAP = 64 };

/* One after another: a GIF that moves, one SVG that shows its frames in turn, or characters (each
 * frame with its legend, `between` before all but the first). `frames` are requests with one
 * canvas, TERMINAL, SVG or GIF; their axes are set here. Fails as gable_roofline_draw. */
gable_status gable_frames_draw(gable_arena *arena, gable_roofline_request *frames, size_t n_frames,
                               const gable_gnuplot *gnuplot, const char *between, gable_text *out,
                               gable_err *err);

/* Appends the gnuplot script: figures as variables and datablocks, then the template. */
gable_status gable_roofline_script(gable_arena *arena, const gable_roofline_request *request,
                                   gable_text *out, gable_err *err);

/* What stands below the picture in a terminal: letters, names, shares, ridges. */
gable_status gable_roofline_legend(gable_arena *arena, const gable_roofline_request *request,
                                   gable_text *out, gable_err *err);

/* The same figures without a picture: roofs and points as "gable.roofline/1", or the points as CSV
 * and Markdown. */
gable_status gable_roofline_write(gable_arena *arena, const gable_roofline_request *request,
                                  gable_format format, gable_text *out, gable_err *err);

/* Appends `text` as a gnuplot string: single quotes, '' for each one inside, a blank before a
 * leading one. Refuses with GABLE_INPUT what could end the string or the line (control bytes) and
 * more than GABLE_GP_TEXT_CAP bytes: facts/interface.md 6.4. */
enum { GABLE_GP_TEXT_CAP = 200 };
gable_status gable_gp_quote(gable_text *out, const char *text, gable_err *err);

/* Runs gnuplot on `script` (no shell, no start-up files, a bare environment) and appends what it
 * prints. Fails with GABLE_OUTPUT: not found, too slow, or what it said on its standard error. */
gable_status gable_gnuplot_run(const gable_gnuplot *gnuplot, const gable_text *script,
                               gable_text *out, gable_err *err);

/* A picture of characters without the form feed that gnuplot's terminal starts with, and without
 * empty lines and blanks at the ends. */
void gable_characters_add(gable_text *out, const gable_text *picture);

/* Script, gnuplot, and for TERMINAL the legend below: the whole answer of `gable roofline`. */
gable_status gable_roofline_draw(gable_arena *arena, const gable_roofline_request *request,
                                 const gable_gnuplot *gnuplot, gable_text *out, gable_err *err);

/* ---- predicted against measured: report/scatter.c ---- */

typedef struct gable_scatter_point {
    const char *group;              /* colour: a device */
    double measured_s, predicted_s; /* > 0 */
} gable_scatter_point;

typedef struct gable_scatter_request {
    const gable_scatter_point *points;
    size_t n_points;
    gable_canvas canvas; /* not TERMINAL */
    const char *title, *plots;
} gable_scatter_request;

/* Appends the gnuplot script of a log-log picture with bands of 10 and 25 %. Refuses with
 * GABLE_INPUT when there is no point. */
gable_status gable_scatter_script(gable_arena *arena, const gable_scatter_request *request,
                                  gable_text *out, gable_err *err);

/* ---- lines of several models: report/curve.c ---- */

typedef struct gable_curve_request {
    const gable_series *series;
    int n_series;
    gable_canvas canvas;
    bool mark_batches; /* write the batch beside some points */
    bool in_pairs;     /* a roof and the line below it have one colour */
    int width;         /* columns, for TERMINAL */
    const char *title, *x_label, *y_label, *plots;
} gable_curve_request;

/* Appends the gnuplot script. Refuses with GABLE_INPUT when there is no series. */
gable_status gable_curve_script(gable_arena *arena, const gable_curve_request *request,
                                gable_text *out, gable_err *err);

/* ---- a collective against its size: report/sizes.c ---- */

typedef struct gable_sizes_point {
    const char *algorithm;
    double bytes, time_s, p10_s, p90_s, ceiling_s;
} gable_sizes_point;

typedef struct gable_sizes_request {
    const gable_sizes_point *points; /* sizes upwards */
    size_t n_points;
    gable_canvas canvas; /* not TERMINAL */
    const char *title, *plots;
} gable_sizes_request;

/* Appends the gnuplot script. Refuses fewer than two sizes, and what takes no time. */
gable_status gable_sizes_script(gable_arena *arena, const gable_sizes_request *request,
                                gable_text *out, gable_err *err);

#endif
