#define _DEFAULT_SOURCE 1 /* MAP_ANONYMOUS */
#include "scratch.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static gable_arena arena;
static char folder[64];

/* Mapped, not allocated: valgrind and the sanitizers touch every page of an allocation of that
 * size. */
void scratch_open(void)
{
    size_t bytes = (size_t)1 << 30;
    void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(base != MAP_FAILED);
    arena = (gable_arena){.base = base, .capacity_bytes = bytes};
    folder[0] = '\0';
}

static void remove_folder(void)
{
    DIR *open_folder = opendir(folder);
    if (!open_folder)
        return;
    const struct dirent *entry;
    while ((entry = readdir(open_folder))) {
        char path[512];
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (unlink(path) != 0)
            rmdir(path);
    }
    closedir(open_folder);
    rmdir(folder);
}

void scratch_close(void)
{
    munmap(arena.base, arena.capacity_bytes);
    arena = (gable_arena){0};
    if (folder[0])
        remove_folder();
    folder[0] = '\0';
}

gable_arena *scratch_arena(void)
{
    return &arena;
}

const char *scratch_path(const char *name)
{
    if (!folder[0]) {
        strcpy(folder, "/tmp/gable-test-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
    }
    char *path = gable_arena_alloc(&arena, strlen(folder) + strlen(name) + 2, 1);
    ck_assert_ptr_nonnull(path);
    return strcat(strcat(strcpy(path, folder), "/"), name);
}

const char *scratch_file(const char *name, const char *text, size_t length_bytes)
{
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, length_bytes, file), length_bytes);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}
