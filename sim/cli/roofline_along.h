/* cli/roofline_along: rooflines along an axis: batch=1..512. Private to `gable roofline`.
 * Room: cli. Uses: every room below. */
#ifndef GABLE_CLI_ROOFLINE_ALONG_H
#define GABLE_CLI_ROOFLINE_ALONG_H
#include "cli/scenario_options.h"
#include "report/plot.h"

/* The traffic that an intensity is counted over. X(symbol, name) */
#define GABLE_LEVEL_LIST(X) X(HBM, "hbm") X(L2, "l2") X(NETWORK, "network")
typedef enum gable_level {
#define GABLE_LEVEL_ENUM(symbol, name) GABLE_LEVEL_##symbol,
    GABLE_LEVEL_LIST(GABLE_LEVEL_ENUM)
#undef GABLE_LEVEL_ENUM
        GABLE_N_LEVELS
} gable_level;
extern const char *const gable_levels[]; /* NULL-terminated */

typedef struct roofline_options {
    gable_scenario_options scenario; /* first: the shared rows point into it */
    bool terminal, emit_script, hierarchy;
    const char *animate, *along; /* "batch=1..512"; NULL */
    gable_texts beside;          /* more systems for `along` */
    int level;                   /* gable_level */
} roofline_options;

/* Values of one option, upwards. */
typedef struct roofline_axis {
    int which;        /* index into its own table of axes */
    const char *name; /* "batch" */
    int n;
    double value[GABLE_FRAMES_CAP];
} roofline_axis;

/* "batch=1..512" doubles; ":x4" multiplies by 4, ":+64" adds 64; the end is always there. Refuses
 * with GABLE_USAGE. */
gable_status roofline_axis_read(gable_cli *cli, const char *option, const char *text,
                                roofline_axis *out);

/* The options with value `i` of the axis. */
gable_status roofline_axis_set(gable_cli *cli, const roofline_axis *axis, int i,
                               gable_scenario_options *options);

/* Whole steps along o->along under the roofs of the machine and of those beside it: a picture for
 * -o, characters, or with --format the figures ("gable.roofline-along/1"). */
gable_status roofline_along(gable_cli *cli, const roofline_options *o, gable_canvas canvas,
                            const gable_gnuplot *gnuplot);

#endif
