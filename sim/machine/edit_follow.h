/* machine/edit_follow: what follows from an edited field. Private to machine.
 * Room: machine. Uses: base. */
#ifndef GABLE_MACHINE_EDIT_FOLLOW_H
#define GABLE_MACHINE_EDIT_FOLLOW_H
#include "machine/edit.h"

/* Recomputes from the values as opened all that follows.
 *   changed   the field that was set: collectives are scaled again only when it is a constant;
 *             NULL: all */
void gable_edit_follow(gable_edit *edit, const gable_edit_field *changed);

#endif
