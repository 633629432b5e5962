/* report/memory: the bytes of a device by name, for people and as an object.
 * Room: report. Uses: engine. */
#ifndef GABLE_REPORT_MEMORY_H
#define GABLE_REPORT_MEMORY_H
#include "base/base.h"
#include "engine/serving.h"

/* Lines below a headline: what each part takes, what is left, and why nothing fits. */
void gable_report_memory(gable_text *out, const gable_serving_parts *parts);

/* `"memory": {…}`, a member of an open object. */
void gable_report_memory_json(gable_text *out, const gable_serving_parts *parts,
                              const char *indent);

#endif
