/* cli/model_regimes: what decode of every model is bound by on given devices. Private to `gable
 * model`.
 * Room: cli. Uses: engine. */
#ifndef GABLE_CLI_MODEL_REGIMES_H
#define GABLE_CLI_MODEL_REGIMES_H
#include "cli/cli.h"

/* Appends a row for each model (Markdown) or each model and device (text, CSV, JSON): bytes per
 * token of one sequence with `context` cached tokens, what bounds it, and the batches at which the
 * maths of the weights takes as long as reading them, and all maths as long as reading weights and
 * cache; on the ceiling, whether that many sequences fit or not.
 *   systems   names, separated by commas
 *   format    hw_format */
gable_status gable_model_regimes(gable_cli *cli, const char *systems, double context, int format);

#endif
