/* What stands beside the repository and not in it: measurements, raw configs, flow scenarios. Tests
 * of these are registered only where they are: a test that did nothing would count as passed. */
#ifndef GABLE_TESTS_SHARED_H
#define GABLE_TESTS_SHARED_H
#include <stdbool.h>

/* "FOLDER/name", FOLDER being $GABLE_SHARED or ../shared; valid until the next call. */
const char *shared_path(const char *name);

/* Whether that is there; if not, a line on stderr says that `what` is left out. */
bool shared_is_here(const char *name, const char *what);

#endif
