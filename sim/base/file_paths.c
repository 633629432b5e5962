/* base/file: what needs no file system; the page of `gable report` has files of its own. */
#include <string.h>

#include "base/file.h"

gable_status gable_file_read(gable_arena *arena, const char *path, size_t cap_bytes,
                             const char **text, size_t *length_bytes, gable_err *err)
{
    char *own = NULL;
    gable_status status = gable_file_read_own(arena, path, cap_bytes, &own, length_bytes, err);
    *text = own;
    return status;
}

char *gable_file_join(gable_arena *arena, const char *folder, const char *name)
{
    size_t n_folder = strlen(folder), n_name = strlen(name);
    char *path = gable_arena_alloc(arena, n_folder + n_name + 2, 1);
    if (path) {
        memcpy(path, folder, n_folder);
        path[n_folder] = '/';
        memcpy(path + n_folder + 1, name, n_name);
    }
    return path;
}
