/* engine/kinds_power: the KIND power: rows of several other KINDs whose sizes stand in one text,
 * "m=8;n=128;k=512", with what the board drew beside its time. Room: engine. Uses: engine/kinds. */
#ifndef GABLE_ENGINE_KINDS_POWER_H
#define GABLE_ENGINE_KINDS_POWER_H
#include "engine/kinds.h"

enum { GABLE_POWER_OP, GABLE_POWER_DTYPE, GABLE_POWER_SHAPE, GABLE_N_POWER };

/* op: the KIND of the operator; dtype: its labels of formats, "bf16/fp8" where it has two. */
const char *gable_make_power(const gable_cells *cells, gable_op *op);

#endif
