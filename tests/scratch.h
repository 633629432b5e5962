/* What a test works in: one arena and one folder, new for each test.
 * Use: tcase_add_checked_fixture(tcase, scratch_open, scratch_close). */
#ifndef GABLE_TESTS_SCRATCH_H
#define GABLE_TESTS_SCRATCH_H
#include "base/arena.h"

void scratch_open(void);
void scratch_close(void);

/* 1 GiB of address space; pages cost nothing until they are touched. */
gable_arena *scratch_arena(void);

/* "FOLDER/name"; the folder is made on the first call and removed with its files by scratch_close.
 */
const char *scratch_path(const char *name);

/* Writes a file there without the code under test; returns its path. */
const char *scratch_file(const char *name, const char *text, size_t length_bytes);

#endif
