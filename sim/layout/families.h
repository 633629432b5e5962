/* layout/families: which kernels a model can ask for, so that the constants of others need not be
 * loaded.
 * Room: layout. Uses: model, machine/constants. */
#ifndef GABLE_LAYOUT_FAMILIES_H
#define GABLE_LAYOUT_FAMILIES_H
#include "machine/constants.h"
#include "model/model.h"

/* Families of every row that a plan of `model` can have, whatever the scenario; more rather than
 * fewer. A model that drafts or compresses for it is not in it. Cannot fail. */
gable_families gable_layout_families(const gable_model *model);

#endif
