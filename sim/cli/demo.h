/* cli/demo: the tour of `gable demo`: what its stops are made of. A stop is a function that writes
 * a page: arithmetic in plain words, a table, a picture. Every number on it is computed; the prose
 * is all that is typed. Private to `gable demo`. Room: cli. Uses: every room below. To add a stop:
 * one function, and one row of demo_stops. */
#ifndef GABLE_CLI_DEMO_H
#define GABLE_CLI_DEMO_H
#include "cli/cli.h"
#include "report/report.h"

enum { DEMO_WIDTH = 78, DEMO_QUESTIONS_CAP = 8, DEMO_NUMBER_CAP = 64 };

/* A number of the page that --quiz leaves blank. */
typedef struct demo_question {
    const char *text; /* "How long …?"; owned by the stop, static */
    double value;
    gable_dim dim;
    const char *unit;            /* where dim has none; "" */
    char shown[DEMO_NUMBER_CAP]; /* the answer as the page prints it */
} demo_question;

typedef struct demo {
    gable_cli *cli;
    const char *search_path; /* for gnuplot */
    bool quiz;
    bool sketched;   /* gnuplot is missing, or failed: a roofline is only a sketch */
    gable_text page; /* owned */
    int n_questions;
    demo_question questions[DEMO_QUESTIONS_CAP];
    gable_status status; /* the first failure of a helper that returns nothing */
} demo;

typedef struct demo_stop {
    const char *title;
    gable_status (*show)(demo *d);
    const char *question; /* what to think about before the next stop */
    const char *command;  /* what answers it */
} demo_stop;

extern const demo_stop demo_stops[];
extern const size_t demo_n_stops;

gable_status demo_one_user(demo *d);
gable_status demo_more_users(demo *d);
gable_status demo_prompt(demo *d);
gable_status demo_cache(demo *d);
gable_status demo_experts(demo *d);
gable_status demo_wire(demo *d);
gable_status demo_wishes(demo *d);

/* ---- pricing: cli/demo_page.c ---- */

/* A model on a machine, under the stack "ideal": the datasheet alone. */
typedef struct demo_scene {
    const gable_model *model;
    gable_machine machine;
    double bandwidth_bytes_per_s, peak_flops_per_s; /* of memory; of the 16-bit matrix units */
} demo_scene;

typedef struct demo_step {
    gable_plan plan;
    gable_step step;
    gable_priced priced;
} demo_step;

gable_status demo_load(demo *d, const char *model, const char *system, demo_scene *out);

/* One step on one device; `n_new` 1 is decode, more is the prefill of a prompt. */
gable_status demo_price(demo *d, const demo_scene *scene, double batch, double n_cached,
                        double n_new, demo_step *out);

/* Bytes of weights, and of cache, that the step reads. */
double demo_weight_bytes(const demo_step *s);
double demo_cache_bytes(const demo_step *s);

/* Distinct experts that a layer of the step reads, and experts that it has; 0 for dense models. */
double demo_distinct_experts(const demo_step *s, double *experts);

gable_status demo_solve(demo *d, const demo_scene *scene, const gable_scenario *scenario,
                        gable_solve_kind kind, double *value);

/* ---- writing ---- */

/* A paragraph, broken into lines; and one line as it is. */
void demo_say(demo *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void demo_line(demo *d, const char *format, ...) __attribute__((format(printf, 2, 3)));
void demo_gap(demo *d); /* an empty line */

/* "  label   the terms   = result": the results of a page stand below each other. */
void demo_sum(demo *d, const char *label, const char *result, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A copy of `text` in the arena; "" and a failed demo when it is full. */
const char *demo_keep(demo *d, const char *text);

/* "17.9 ms": three digits, in the arena. `unit` stands behind numbers without a dimension; "" for
 * none. Seconds with the unit "ms" are printed in it, so that times of a page have one unit. */
const char *demo_number(demo *d, double value, gable_dim dim, const char *unit);

/* The same for a key number: a blank, "[1]", in a quiz, which then asks `question`. */
const char *demo_key(demo *d, double value, gable_dim dim, const char *unit, const char *question);

/* The roofline of steps of one machine, by gnuplot, or sketched where there is none. */
gable_status demo_roofline(demo *d, const gable_priced *steps, size_t n_steps);

/* ---- charts of characters: cli/demo_chart.c ---- */

typedef struct demo_mark {
    double x, y; /* > 0 */
    char letter;
} demo_mark;

/* Log-log. The roof min(peak, slope * x) is drawn when peak > 0. */
typedef struct demo_chart {
    const char *x_title, *y_title;
    double x_min, x_max, y_min, y_max;
    double roof_slope, roof_peak;
    double other_slope;     /* of another memory under the same peak, dotted; 0: none */
    const demo_mark *marks; /* where two letters meet stands a star */
    size_t n_marks;
} demo_chart;

void demo_chart_draw(gable_text *out, const demo_chart *chart);

/* "####====": two parts of a bar, one character per `unit`, the second at least one when it is not
 * 0. */
const char *demo_bar(demo *d, double first, double second, double unit);

#endif
