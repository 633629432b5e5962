/* machine/direction: configs/whatif/NAME.json: a named change of hardware, as a list of edits. A
 * direction is data: adding one is adding a file. Format: configs/whatif/README.md.
 * Room: machine. Uses: base, machine/edit. */
#ifndef GABLE_MACHINE_DIRECTION_H
#define GABLE_MACHINE_DIRECTION_H
#include "machine/edit.h"

enum { GABLE_DIRECTION_EDITS_CAP = 32 };

typedef struct gable_direction {
    const char *name, *title;
    const char *text; /* one paragraph: what it is, where its figures come from */
    int n_assume, n_set;
    const char *assume[GABLE_DIRECTION_EDITS_CAP]; /* of figures that no datasheet gives, before and
                                                      after */
    const char *set[GABLE_DIRECTION_EDITS_CAP];
    double every_years; /* a trend: the factors hold for so many years; 0: at once */
    double until_year;  /* of a trend, where nothing else is asked for */
} gable_direction;

/* Reads `name` of `folder`, or a path; unknown names are refused with the nearest. */
gable_status gable_direction_load(gable_arena *arena, const char *folder, const char *name,
                                  const gable_direction **out, gable_err *err);

/* Names of all directions in `folder`, sorted. */
gable_status gable_direction_names(gable_arena *arena, const char *folder,
                                   const char *const **names, size_t *n, gable_err *err);

/* Sets what the direction assumes, where nothing is published. */
gable_status gable_direction_assume(const gable_direction *direction, gable_edit *edit,
                                    gable_edited_list *done, gable_err *err);

/* Sets what it changes; a trend as from the accelerator's year until `year` (0: its own).
 *   done   what was set */
gable_status gable_direction_apply(gable_arena *arena, const gable_direction *direction,
                                   double year, gable_edit *edit, gable_edited_list *done,
                                   gable_err *err);

#endif
