/* base/fields_path: see fields_path.h. */
#include "base/fields_path.h"

#include <stdio.h>
#include <string.h>

bool gable_path_step(const char *path, const char *block, char *step, size_t step_bytes)
{
    size_t n = strlen(block);
    if (n > 0 && (strncmp(path, block, n) != 0 || path[n] != '.'))
        return false;
    const char *rest = path + n + (n > 0);
    if (*rest == '\0')
        return false;
    snprintf(step, step_bytes, "%.*s", (int)strcspn(rest, "."), rest);
    return true;
}

const char *gable_path_last(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

bool gable_path_parent_is(const char *path, const char *block)
{
    const char *last = gable_path_last(path);
    size_t n = last == path ? 0 : (size_t)(last - path - 1);
    return strlen(block) == n && strncmp(path, block, n) == 0;
}
