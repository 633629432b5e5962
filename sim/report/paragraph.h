/* report/paragraph: running text in a terminal.
 * Room: report. Uses: base. */
#ifndef GABLE_REPORT_PARAGRAPH_H
#define GABLE_REPORT_PARAGRAPH_H
#include "base/base.h"

/* Appends `text`, made safe for a terminal, broken at blanks into lines of at most `width` columns,
 * every line indented by `indent` blanks, and ended by a newline. A longer word stands alone on its
 * line. */
void gable_paragraph(gable_text *out, const char *text, int indent, int width);

#endif
