/* base/arena: see arena.h. One calloc: the system hands out zero pages only when they are touched,
 * so a generous capacity costs nothing. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

gable_status gable_arena_init(gable_arena *arena, size_t capacity_bytes, gable_err *err)
{
    *arena = (gable_arena){0};
    arena->base = calloc(1, capacity_bytes);
    if (!arena->base)
        return gable_fail(err, GABLE_INTERNAL, "out of memory: %zu bytes for an arena",
                          capacity_bytes);
    arena->capacity_bytes = capacity_bytes;
    return GABLE_OK;
}

void gable_arena_free(gable_arena *arena)
{
    free(arena->base);
    *arena = (gable_arena){0};
}

void *gable_arena_alloc(gable_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    const size_t align = alignof(max_align_t);
    bool possible = !__builtin_mul_overflow(count, size, &bytes) && bytes <= SIZE_MAX - align;
    if (possible)
        bytes = (bytes + align - 1) / align * align;
    if (!possible || bytes > arena->capacity_bytes - arena->used_bytes) {
        arena->full = true;
        return NULL;
    }
    void *block = arena->base + arena->used_bytes;
    arena->used_bytes += bytes;
    return block;
}

gable_status gable_arena_take(gable_arena *arena, size_t count, size_t size, void *out,
                              gable_err *err)
{
    void *block = gable_arena_alloc(arena, count, size);
    memcpy(out, &block, sizeof block);
    if (!block)
        return gable_fail(err, GABLE_INTERNAL, "arena full: %zu of %zu bytes used",
                          arena->used_bytes, arena->capacity_bytes);
    return GABLE_OK;
}

char *gable_arena_copy(gable_arena *arena, const char *text, size_t length)
{
    char *copy = gable_arena_alloc(arena, length + 1, 1);
    if (copy)
        memcpy(copy, text, length);
    return copy;
}

size_t gable_arena_mark(const gable_arena *arena)
{
    return arena->used_bytes;
}

void gable_arena_release(gable_arena *arena, size_t mark)
{
    memset(arena->base + mark, 0, arena->used_bytes - mark);
    arena->used_bytes = mark;
}
