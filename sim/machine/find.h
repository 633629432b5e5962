/* machine/find: from a name to a file of hw/. Private to machine.
 * Room: machine. Uses: base. */
#ifndef GABLE_MACHINE_FIND_H
#define GABLE_MACHINE_FIND_H
#include <stdbool.h>

#include "base/base.h"

/* Whether `name` is meant as a path: it holds '/' or ends in ".json". */
bool gable_find_is_path(const char *name);

/* Whether there is a file hw/folder/name.json. Not when `name` is no name, so that nothing outside
 * the folder can be reached. Needs no memory: whoever does without the file must not do so because
 * an arena is full. */
bool gable_find_exists(const char *hw, const char *folder, const char *name);

/* Its path, in the arena. Fails like gable_find_unknown where there is none. */
gable_status gable_find_file(gable_arena *arena, const char *hw, const char *folder,
                             const char *what, const char *name, const char **path, gable_err *err);

/* Names of the descriptions in hw/folder, sorted, without ".json"; they live in the arena. */
gable_status gable_find_names(gable_arena *arena, const char *hw, const char *folder,
                              const char *const **names, size_t *count, gable_err *err);

/* Records GABLE_INPUT "unknown WHAT "name"" with the nearest name, or those it begins, of two
 * folders. second   may be NULL */
gable_status gable_find_unknown(gable_arena *arena, const char *hw, const char *first,
                                const char *second, const char *what, const char *name,
                                gable_err *err);

/* The same clause ("; did you mean "x"?", "; one of x, y", or nothing) into `out`. */
gable_status gable_find_suggest(gable_arena *arena, const char *hw, const char *first,
                                const char *second, const char *name, char *out, size_t out_bytes,
                                gable_err *err);

#endif
