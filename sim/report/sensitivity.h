/* report/sensitivity: what a little more of each field is worth, as a table with bars and as a
 * tornado. Room: report. Uses: every room below. */
#ifndef GABLE_REPORT_SENSITIVITY_H
#define GABLE_REPORT_SENSITIVITY_H
#include "engine/sensitivity.h"
#include "report/plot.h"

/* "gable.sensitivity/1" in JSON; a table in the other formats. */
gable_status gable_report_sensitivity(gable_arena *arena, const gable_priced *priced,
                                      const gable_sensitivity *sensitivity, gable_format format,
                                      int width, gable_text *out, gable_err *err);

/* The gnuplot script of the tornado (plots/tornado.gp). Refuses with GABLE_INPUT when no field
 * matters. */
gable_status gable_sensitivity_script(gable_arena *arena, const gable_priced *priced,
                                      const gable_sensitivity *sensitivity, gable_canvas canvas,
                                      const char *plots, gable_text *out, gable_err *err);

#endif
