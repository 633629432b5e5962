#include "scratch.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gable_arena arena;
static char folder[64];

static void open_bytes(size_t capacity_bytes)
{
    gable_err err = {0};
    ck_assert_int_eq(gable_arena_init(&arena, capacity_bytes, &err), GABLE_OK);
    folder[0] = '\0';
}

void scratch_open(void)
{
    open_bytes((size_t)32 << 20);
}

void scratch_open_large(void)
{
    open_bytes((size_t)1 << 30);
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
    gable_arena_free(&arena);
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
