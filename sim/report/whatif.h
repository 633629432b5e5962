/* report/whatif: hardware that does not exist, beside hardware that does: tables and pictures.
 * Room: report. Uses: every room below. */
#ifndef GABLE_REPORT_WHATIF_H
#define GABLE_REPORT_WHATIF_H
#include "engine/interval.h"
#include "engine/whatif.h"
#include "machine/direction.h"
#include "report/plot.h"

enum { GABLE_DIRECTIONS_CAP = 8 };

/* One step before and after. */
typedef struct gable_whatif_report {
    const gable_whatif *whatif;
    const gable_priced *before, *after;
    const gable_uncertainty *uncertainty; /* of both sides; NULL: not asked for */
    const gable_decision *decision;
} gable_whatif_report;

/* What was changed, for all steps. */
typedef struct gable_whatif_changes {
    const gable_direction *directions[GABLE_DIRECTIONS_CAP];
    int n_directions;
    const gable_edited_list *assumed, *edited; /* NULL: nothing */
    const char *const *with;                   /* "tp=4": options of the scenario that change */
    int n_with;
} gable_whatif_changes;

/* "gable.whatif/1" in JSON; one row per operator in CSV and Markdown; headline and table to people.
 */
gable_status gable_report_whatif(gable_arena *arena, const gable_whatif_changes *changes,
                                 const gable_whatif_report *steps, int n_steps, gable_format format,
                                 int width, gable_text *out, gable_err *err);

/* Both rooflines and how the operators of the step move: the gnuplot script (plots/whatif.gp). */
gable_status gable_whatif_script(gable_arena *arena, const gable_whatif_report *step,
                                 gable_canvas canvas, const char *title, const char *subtitle,
                                 const char *plots, gable_text *out, gable_err *err);

#endif
