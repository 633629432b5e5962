/* base/fields_path: dotted paths of blocks. Private to base.
 * Room: base. Uses: nothing. */
#ifndef GABLE_BASE_FIELDS_PATH_H
#define GABLE_BASE_FIELDS_PATH_H
#include <stdbool.h>
#include <stddef.h>

/* "compute.matrix" below "compute" gives the step "matrix"; false when `path` is not below `block`.
 */
bool gable_path_step(const char *path, const char *block, char *step, size_t step_bytes);

/* Whether `path` ("hbm.bandwidth") stands directly in `block` ("hbm"). */
bool gable_path_parent_is(const char *path, const char *block);

/* Last step of a path: "bandwidth". */
const char *gable_path_last(const char *path);

#endif
