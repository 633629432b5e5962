/* report/sweep: what came of a sweep. A function of the result alone, so that parts joined together
 * and a sweep in one piece are written in the same bytes.
 * Room: report. Uses: every room below. */
#ifndef GABLE_REPORT_SWEEP_H
#define GABLE_REPORT_SWEEP_H
#include "engine/sweep_result.h"
#include "report/report.h"

/* "gable.sweep/1" in JSON, which `gable merge` reads; one row per point in CSV and Markdown;
 * counts, tables and a histogram to people. */
void gable_report_sweep(gable_text *out, const gable_sweep_result *result, gable_format format,
                        int width);

#endif
