/* report/diff: two steps compared, for people and scripts.
 * Room: report. Uses: every room below. */
#ifndef GABLE_REPORT_DIFF_H
#define GABLE_REPORT_DIFF_H
#include "engine/diff.h"
#include "report/report.h"

/* The answer of `gable diff`: headline, operators that moved, causes. "gable.diff/1" in JSON; the
 * operators alone in CSV. Fails with GABLE_INTERNAL when the arena is full.
 *   width   columns of the terminal, for text */
gable_status gable_report_diff(gable_arena *arena, const gable_diff *diff, gable_format format,
                               int width, gable_text *out, gable_err *err);

#endif
