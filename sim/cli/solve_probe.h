/* cli/solve_probe: a step as a function of one unknown, for `gable solve … --for`. Private to that
 * command. Room: cli. Uses: every room below. */
#ifndef GABLE_CLI_SOLVE_PROBE_H
#define GABLE_CLI_SOLVE_PROBE_H
#include "cli/scenario_options.h"
#include "engine/seek.h"

typedef enum solve_unknown {
    SOLVE_FIELD,  /* of the hardware: priced again, nothing is laid out again */
    SOLVE_LENGTH, /* batch, context, new tokens: real numbers, between two layouts */
    SOLVE_OPTION  /* any other option that takes a whole number: tp, ep … */
} solve_unknown;

enum { SOLVE_WHOLE_CAP = 64, SOLVE_OPTIONS_DOUBLES = 160 };

typedef struct solve_probe {
    gable_cli *cli;
    const gable_command *command;
    const gable_scenario_options *options; /* first member of the command's options */
    gable_texts with;
    gable_target target;

    solve_unknown kind;
    const char *name;       /* of a length or an option */
    gable_edit_field field; /* of a field */
    double base;            /* value as it is; 0: not published */
    double low, high;

    gable_case given, other; /* other: for EQUAL */
    gable_scenario scenario, other_scenario;
    gable_edit *edit, *other_edit;
    double other_s;         /* SPEEDUP: the step as given */
    gable_whatif_side side; /* of the last evaluation */
    double batch;
    gable_err refusal; /* why the last evaluation could not be laid out */
} solve_probe;

/* Finds what `name` is, loads and prices the step as given. Unknown names are refused with the
 * nearest field. low, high: NULL where the range is to be chosen. */
gable_status solve_probe_open(gable_cli *cli, const gable_command *command,
                              const gable_scenario_options *options, const gable_texts *with,
                              const char *name, const char *target, const char *low,
                              const char *high, solve_probe *out);

/* By how much the step misses the target at x (gable_target_miss); NaN where it cannot be laid out.
 */
double solve_probe_miss(double x, void *probe);

/* Searches the range. */
gable_status solve_probe_seek(solve_probe *probe, gable_sought *out);

/* Dimension of the unknown. */
gable_dim solve_probe_dim(const solve_probe *probe);

/* Whether only whole values of the unknown are tried. */
bool solve_probe_whole(const solve_probe *probe);

#endif
