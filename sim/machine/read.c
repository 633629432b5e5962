/* machine/read: see read.h. The loaders of accelerators, hosts and links. */
#include "machine/read.h"

#include <string.h>

#include "machine/find.h"

#define KIND(folder_, what_, schema_, struct_)                                                     \
    {                                                                                              \
        .folder = (folder_), .what = (what_), .schema = &(schema_),                                \
        .struct_bytes = sizeof(struct_), .name_offset = offsetof(struct_, name),                   \
        .sources_offset = offsetof(struct_, sources)                                               \
    }

const gable_kind gable_kind_accelerator =
    KIND("accelerators", "accelerator", gable_accelerator_schema, gable_accelerator);
const gable_kind gable_kind_cpu = KIND("cpus", "cpu", gable_cpu_schema, gable_cpu);
const gable_kind gable_kind_link = KIND("links", "link", gable_link_schema, gable_link);
const gable_kind gable_kind_system = KIND("systems", "system", gable_system_schema, gable_system);

/* A file that is found by its name must say that name, or reports would name another device. */
static gable_status check_own_name(const gable_json *root, const char *name, gable_err *err)
{
    const gable_json *own = gable_json_get(root, "name");
    if (own && own->type == GABLE_JSON_STRING && strcmp(own->string, name) != 0)
        return gable_json_fail(own, err, "the file is called \"%s.json\", expected \"%s\"", name,
                               name);
    return GABLE_OK;
}

gable_status gable_read_root(gable_arena *arena, const char *hw, const gable_kind *kind,
                             const char *name, const gable_json **root, gable_err *err)
{
    return gable_read_picked(arena, hw, kind, name, NULL, root, err);
}

gable_status gable_read_picked(gable_arena *arena, const char *hw, const gable_kind *kind,
                               const char *name, const gable_json_pick *pick,
                               const gable_json **root, gable_err *err)
{
    if (gable_find_is_path(name))
        return gable_json_read_picked(arena, name, GABLE_JSON_STRICT, pick, root, err);
    const char *path;
    GABLE_TRY(gable_find_file(arena, hw, kind->folder, kind->what, name, &path, err));
    GABLE_TRY(gable_json_read_picked(arena, path, GABLE_JSON_STRICT, pick, root, err));
    return check_own_name(*root, name, err);
}

gable_status gable_read_struct(gable_arena *arena, const gable_kind *kind, const gable_json *root,
                               void *out, gable_err *err)
{
    void *object;
    const char **sources;
    GABLE_TRY(gable_arena_take(arena, 1, kind->struct_bytes, &object, err));
    GABLE_TRY(gable_arena_take(arena, kind->schema->n_fields, sizeof *sources, &sources, err));
    GABLE_TRY(gable_fields_read(arena, root, kind->schema, object, sources, err));
    memcpy((char *)object + kind->sources_offset, &sources, sizeof sources);
    memcpy(out, &object, sizeof object);
    return GABLE_OK;
}

gable_status gable_read_check_name(gable_arena *arena, const char *hw, const gable_kind *kind,
                                   const gable_json *root, const char *block, const char *key,
                                   const char *name, gable_err *err)
{
    char clause[400];
    if (!name || gable_find_exists(hw, kind->folder, name))
        return GABLE_OK;
    const gable_json *object = *block ? gable_json_get(root, block) : root;
    const gable_json *node = gable_json_get(object, key);
    GABLE_TRY(gable_find_suggest(arena, hw, kind->folder, NULL, name, clause, sizeof clause, err));
    return gable_json_fail(node ? node : root, err, "unknown %s \"%s\"%s", kind->what, name,
                           clause);
}

/* Pricing divides by a peak: a device must publish one for some format. */
static gable_status check_peaks(const gable_accelerator *accelerator, const gable_json *root,
                                gable_err *err)
{
    double most = accelerator->vector_fp32_flops_per_s;
    for (int mma = 0; mma < GABLE_N_MMA; mma++)
        if (accelerator->matrix_flops_per_s[mma] > most)
            most = accelerator->matrix_flops_per_s[mma];
    if (most > 0.0)
        return GABLE_OK;
    const gable_json *compute = gable_json_get(root, "compute");
    return gable_json_fail(compute ? compute : root, err,
                           "no peak at all, expected a rate in \"matrix\" or \"vector\"");
}

/* What vendors print as GB may be GiB. */
static gable_status check_usable(const gable_accelerator *accelerator, const gable_json *root,
                                 gable_err *err)
{
    static const double gib_bytes = 1073741824.0, gb_bytes = 1e9;
    if (accelerator->hbm_usable_bytes <= accelerator->hbm_capacity_bytes * gib_bytes / gb_bytes)
        return GABLE_OK;
    const gable_json *hbm = gable_json_get(root, "hbm"), *usable = gable_json_get(hbm, "usable");
    return gable_json_fail(usable ? usable : hbm, err,
                           "%s than \"capacity\", also if that is in GiB",
                           usable ? "more" : "\"usable_bytes\" is more");
}

gable_status gable_read_accelerator(gable_arena *arena, const char *hw, const gable_json *root,
                                    const gable_accelerator **out, gable_err *err)
{
    const gable_accelerator *a;
    GABLE_TRY(gable_read_struct(arena, &gable_kind_accelerator, root, &a, err));
    GABLE_TRY(check_peaks(a, root, err));
    GABLE_TRY(check_usable(a, root, err));
    GABLE_TRY(gable_read_check_name(arena, hw, &gable_kind_generation, root, "", "generation",
                                    a->generation, err));
    GABLE_TRY(gable_read_check_name(arena, hw, &gable_kind_link, root, "links", "scale_up",
                                    a->scale_up_link, err));
    GABLE_TRY(gable_read_check_name(arena, hw, &gable_kind_link, root, "links", "host",
                                    a->host_link, err));
    *out = a;
    return GABLE_OK;
}

gable_status gable_accelerator_load(gable_arena *arena, const char *hw, const char *name,
                                    const gable_accelerator **out, gable_err *err)
{
    const gable_json *root = NULL;
    GABLE_TRY(gable_read_root(arena, hw, &gable_kind_accelerator, name, &root, err));
    return gable_read_accelerator(arena, hw, root, out, err);
}

gable_status gable_cpu_load(gable_arena *arena, const char *hw, const char *name,
                            const gable_cpu **out, gable_err *err)
{
    const gable_json *root = NULL;
    GABLE_TRY(gable_read_root(arena, hw, &gable_kind_cpu, name, &root, err));
    return gable_read_struct(arena, &gable_kind_cpu, root, out, err);
}

gable_status gable_link_load(gable_arena *arena, const char *hw, const char *name,
                             const gable_link **out, gable_err *err)
{
    const gable_json *root = NULL;
    GABLE_TRY(gable_read_root(arena, hw, &gable_kind_link, name, &root, err));
    return gable_read_struct(arena, &gable_kind_link, root, out, err);
}
