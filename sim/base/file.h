/* base/file: whole files in, whole files out. POSIX descriptors only, no stdio streams.
 * Room: base. Uses: base/arena, base/err. */
#ifndef GABLE_BASE_FILE_H
#define GABLE_BASE_FILE_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

/* Inputs larger than this are refused: cJSON needs 40 times the bytes (facts/interface.md 6.1). */
#define GABLE_FILE_CAP_JSON_BYTES ((size_t)4 * 1024 * 1024)
/* Tables of measurements are larger than descriptions. */
#define GABLE_FILE_CAP_CSV_BYTES ((size_t)256 * 1024 * 1024)

/* A text that stands in for a file of the same path in whatever is read into an arena that points
 * to it: a data folder with one value replaced, without writing one. The file itself must exist.
 * The caller owns it. */
typedef struct gable_file_overlay {
    const char *path; /* as the loaders spell it: folder, '/', name */
    const char *text;
    size_t length_bytes;
} gable_file_overlay;

/* Reads all of `path` ("-" is standard input), NUL-terminated, into the arena.
 * Refuses with GABLE_INPUT: a missing or unreadable file, a directory or device, more than
 * cap_bytes. */
gable_status gable_file_read(gable_arena *arena, const char *path, size_t cap_bytes,
                             const char **text, size_t *length_bytes, gable_err *err);

/* The same, for a caller that changes the text. */
gable_status gable_file_read_own(gable_arena *arena, const char *path, size_t cap_bytes,
                                 char **text, size_t *length_bytes, gable_err *err);

/* Writes all of `text` to `path` through a temporary file in the same folder and a rename, so that
 * the file is whole or absent; "-" is standard output, and a device or FIFO is written in place.
 * Fails with GABLE_OUTPUT. */
gable_status gable_file_write(const char *path, const char *text, size_t length_bytes,
                              gable_err *err);

bool gable_file_exists(const char *path);
bool gable_file_is_folder(const char *path);

/* Names (not paths) of the regular files in `folder` that end in `ending`, sorted by bytes; the
 * list and its strings live in the arena. A folder that is missing gives an empty list. */
gable_status gable_file_list(gable_arena *arena, const char *folder, const char *ending,
                             const char *const **names, size_t *count, gable_err *err);

/* "folder/name" in the arena; NULL when the arena is full. */
char *gable_file_join(gable_arena *arena, const char *folder, const char *name);

#endif
