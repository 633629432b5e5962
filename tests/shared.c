/* See shared.h. */
#include "shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *shared_path(const char *name)
{
    static char path[2048];
    const char *folder = getenv("GABLE_SHARED");
    snprintf(path, sizeof path, "%s/%s", folder ? folder : "../shared", name);
    return path;
}

bool shared_is_here(const char *name, const char *what)
{
    const char *path = shared_path(name);
    if (access(path, R_OK) == 0)
        return true;
    fprintf(stderr, "# SKIP %s: no %s\n", what, path);
    return false;
}
