/* report/fabric: the levels of a fabric as nested boxes. Room: report. Uses: base, net. */
#ifndef GABLE_REPORT_FABRIC_H
#define GABLE_REPORT_FABRIC_H
#include "net/fabric.h"

/* An SVG document: the widest level outside, devices (at most 18 of them) inside. Safe for any
 * title. */
void gable_fabric_svg(gable_text *out, const char *title, const gable_level *levels, int n_levels);

#endif
