/* machine/find: see find.h. */
#include "machine/find.h"

#include <stdio.h>
#include <string.h>

static const char ending[] = ".json";

bool gable_find_is_path(const char *name)
{
    size_t n = strlen(name), n_ending = sizeof ending - 1;
    return strchr(name, '/') || (n > n_ending && strcmp(name + n - n_ending, ending) == 0);
}

bool gable_find_exists(const char *hw, const char *folder, const char *name)
{
    char path[4096]; /* a longer one opens no file either */
    if (!gable_text_is_name(name))
        return false;
    int n = snprintf(path, sizeof path, "%s/%s/%s%s", hw, folder, name, ending);
    return n > 0 && (size_t)n < sizeof path && gable_file_exists(path);
}

gable_status gable_find_file(gable_arena *arena, const char *hw, const char *folder,
                             const char *what, const char *name, const char **path, gable_err *err)
{
    char tail[160];
    if (!gable_find_exists(hw, folder, name))
        return gable_find_unknown(arena, hw, folder, NULL, what, name, err);
    snprintf(tail, sizeof tail, "%s/%s%s", folder, name, ending);
    *path = gable_file_join(arena, hw, tail);
    return *path ? GABLE_OK : gable_fail(err, GABLE_INTERNAL, "arena full");
}

/* The files are sorted with their ending, and '-' comes before '.': "x-big" would precede "x". */
static void sort_names(const char **names, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const char *name = names[i];
        size_t at = i;
        for (; at > 0 && strcmp(names[at - 1], name) > 0; at--)
            names[at] = names[at - 1];
        names[at] = name;
    }
}

gable_status gable_find_names(gable_arena *arena, const char *hw, const char *folder,
                              const char *const **names, size_t *count, gable_err *err)
{
    const char *const *files;
    const char **stems;
    char *path = gable_file_join(arena, hw, folder);
    if (!path)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_file_list(arena, path, ending, &files, count, err));
    GABLE_TRY(gable_arena_take(arena, *count + 1, sizeof *stems, &stems, err));
    for (size_t i = 0; i < *count; i++) {
        stems[i] = gable_arena_copy(arena, files[i], strlen(files[i]) - (sizeof ending - 1));
        if (!stems[i])
            return gable_fail(err, GABLE_INTERNAL, "arena full");
    }
    sort_names(stems, *count);
    *names = stems;
    return GABLE_OK;
}

/* So many are listed to somebody who is near none of them: the stacks. */
static const size_t few_names = 6;

/* Lists the names that begin with `name`, if it is not empty; returns how many there are, and the
 * first of them. */
static size_t list_completions(const char *name, const char *const *names, size_t count,
                               const char **only, char *out, size_t out_bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < count && *name; i++) {
        size_t used = strlen(out);
        if (strncmp(names[i], name, strlen(name)) != 0)
            continue;
        if (used + 80 < out_bytes)
            snprintf(out + used, out_bytes - used, "%s%s", n ? ", " : "; one of ", names[i]);
        if (n++ == 0)
            *only = names[i];
    }
    return n;
}

gable_status gable_find_suggest(gable_arena *arena, const char *hw, const char *first,
                                const char *second, const char *name, char *out, size_t out_bytes,
                                gable_err *err)
{
    const char *const *one, *const *two = NULL;
    const char **all;
    size_t n_one, n_two = 0;
    GABLE_TRY(gable_find_names(arena, hw, first, &one, &n_one, err));
    if (second)
        GABLE_TRY(gable_find_names(arena, hw, second, &two, &n_two, err));
    GABLE_TRY(gable_arena_take(arena, n_one + n_two + 1, sizeof *all, &all, err));
    for (size_t i = 0; i < n_one + n_two; i++)
        all[i] = i < n_one ? one[i] : two[i - n_one];
    /* A name cut short is better served by those it begins than by the nearest in letters. */
    const char *near = NULL;
    out[0] = '\0';
    size_t n_begun = list_completions(name, all, n_one + n_two, &near, out, out_bytes);
    if (n_begun >= 2)
        return GABLE_OK;
    if (n_begun == 0)
        near = gable_text_nearest(name, all, n_one + n_two);
    out[0] = '\0';
    if (near)
        snprintf(out, out_bytes, "; did you mean \"%s\"?", near);
    for (size_t i = 0; !near && n_one + n_two <= few_names && i < n_one + n_two; i++) {
        size_t used = strlen(out);
        snprintf(out + used, out_bytes - used, "%s%s", i ? ", " : "; one of ", all[i]);
    }
    return GABLE_OK;
}

gable_status gable_find_unknown(gable_arena *arena, const char *hw, const char *first,
                                const char *second, const char *what, const char *name,
                                gable_err *err)
{
    char clause[400];
    GABLE_TRY(gable_find_suggest(arena, hw, first, second, name, clause, sizeof clause, err));
    return gable_fail(err, GABLE_INPUT, "unknown %s \"%s\"%s", what, name, clause);
}
