/* base/arena: memory with one owner and one end. A scenario's data live in one arena that is sized
 * up front and freed whole; nothing in it is freed alone.
 * Room: base. Uses: base/err. */
#ifndef GABLE_BASE_ARENA_H
#define GABLE_BASE_ARENA_H
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

typedef struct gable_arena {
    unsigned char *base; /* capacity_bytes, zeroed; owned */
    size_t capacity_bytes;
    size_t used_bytes;
    bool full; /* it was asked for more than it has: whatever was made since may lack something */
    const struct gable_file_overlay *overlay; /* base/file.h; NULL: files are as they are */
} gable_arena;

/* Takes `capacity_bytes` (> 0) from the system, zeroed. Pages are touched only when used.
 * Fails with GABLE_INTERNAL when the system has no memory. */
gable_status gable_arena_init(gable_arena *arena, size_t capacity_bytes, gable_err *err);

/* Frees everything; the arena may be initialised again. Safe on a zeroed arena. */
void gable_arena_free(gable_arena *arena);

/* `count` zeroed elements of `size` bytes, aligned for any type; NULL when the arena is full or the
 * product overflows, and then the arena says so from now on. Owned by the arena. */
void *gable_arena_alloc(gable_arena *arena, size_t count, size_t size);

/* As gable_arena_alloc, but records GABLE_INTERNAL ("arena full") and leaves *out NULL. */
gable_status gable_arena_take(gable_arena *arena, size_t count, size_t size, void *out,
                              gable_err *err);

/* NUL-terminated copy of `length` bytes of `text`; NULL when the arena is full. */
char *gable_arena_copy(gable_arena *arena, const char *text, size_t length);

/* Marks for scratch: everything taken after the mark is given back (and zeroed) by the release. */
size_t gable_arena_mark(const gable_arena *arena);
void gable_arena_release(gable_arena *arena, size_t mark);

#endif
