/* machine/catalog: see catalog.h. */
#include <string.h>

#include "machine/find.h"
#include "machine/machine.h"
#include "machine/read.h"

const char *const gable_hw_kinds[] = {
#define KIND_NAME(symbol, name, folder) name,
    GABLE_HW_KIND_LIST(KIND_NAME)
#undef KIND_NAME
        NULL};

static const char *const folders[] = {
#define KIND_FOLDER(symbol, name, folder) folder,
    GABLE_HW_KIND_LIST(KIND_FOLDER)
#undef KIND_FOLDER
};

/* People mean devices and systems more often than links. */
static const gable_hw_kind order_of_search[GABLE_N_HW_KINDS] = {
    GABLE_HW_ACCELERATOR, GABLE_HW_SYSTEM, GABLE_HW_CPU, GABLE_HW_LINK};

const gable_schema *gable_hw_schema(gable_hw_kind kind)
{
    static const gable_schema *const schemas[GABLE_N_HW_KINDS] = {
        [GABLE_HW_ACCELERATOR] = &gable_accelerator_schema,
        [GABLE_HW_CPU] = &gable_cpu_schema,
        [GABLE_HW_LINK] = &gable_link_schema,
        [GABLE_HW_SYSTEM] = &gable_system_schema,
    };
    return schemas[kind];
}

gable_status gable_hw_names(gable_arena *arena, const char *hw, gable_hw_kind kind,
                            const char *const **names, size_t *count, gable_err *err)
{
    return gable_find_names(arena, hw, folders[kind], names, count, err);
}

#define ENTRY(kind_, object_)                                                                      \
    (gable_hw_entry)                                                                               \
    {                                                                                              \
        .kind = (kind_), .name = (object_)->name, .title = (object_)->title, .object = (object_),  \
        .sources = (object_)->sources                                                              \
    }

gable_status gable_hw_load(gable_arena *arena, const char *hw, gable_hw_kind kind, const char *name,
                           gable_hw_entry *out, gable_err *err)
{
    const gable_accelerator *accelerator;
    const gable_cpu *cpu;
    const gable_link *link;
    const gable_system *system;
    switch (kind) {
    case GABLE_HW_ACCELERATOR:
        GABLE_TRY(gable_accelerator_load(arena, hw, name, &accelerator, err));
        *out = ENTRY(kind, accelerator);
        return GABLE_OK;
    case GABLE_HW_CPU:
        GABLE_TRY(gable_cpu_load(arena, hw, name, &cpu, err));
        *out = ENTRY(kind, cpu);
        return GABLE_OK;
    case GABLE_HW_LINK:
        GABLE_TRY(gable_link_load(arena, hw, name, &link, err));
        *out = ENTRY(kind, link);
        return GABLE_OK;
    case GABLE_HW_SYSTEM:
        GABLE_TRY(gable_system_load(arena, hw, name, &system, err));
        *out = ENTRY(kind, system);
        return GABLE_OK;
    case GABLE_N_HW_KINDS:
        break;
    }
    return GABLE_INTERNAL;
}

/* What a file says it is. */
static gable_status kind_of_file(gable_arena *arena, const char *path, gable_hw_kind *kind,
                                 gable_err *err)
{
    const gable_json *root;
    GABLE_TRY(gable_json_read(arena, path, GABLE_JSON_STRICT, &root, err));
    const gable_json *id = gable_json_get(root, "schema");
    const char *ids[GABLE_N_HW_KINDS];
    if (!id || id->type != GABLE_JSON_STRING)
        return gable_json_fail(id ? id : root, err, "expected \"schema\": \"%s\" or another kind",
                               gable_accelerator_schema.id);
    for (int i = 0; i < GABLE_N_HW_KINDS; i++) {
        ids[i] = gable_hw_schema((gable_hw_kind)i)->id;
        if (strcmp(id->string, ids[i]) == 0) {
            *kind = (gable_hw_kind)i;
            return GABLE_OK;
        }
    }
    const char *near = gable_text_nearest(id->string, ids, GABLE_N_HW_KINDS);
    return gable_json_fail(id, err, "not a description of hardware, expected \"%s\"",
                           near ? near : gable_accelerator_schema.id);
}

/* All names of all kinds serve as candidates. */
static gable_status unknown_anywhere(gable_arena *arena, const char *hw, const char *name,
                                     gable_err *err)
{
    char devices[400], parts[400];
    GABLE_TRY(gable_find_suggest(arena, hw, folders[GABLE_HW_ACCELERATOR], folders[GABLE_HW_SYSTEM],
                                 name, devices, sizeof devices, err));
    GABLE_TRY(gable_find_suggest(arena, hw, folders[GABLE_HW_LINK], folders[GABLE_HW_CPU], name,
                                 parts, sizeof parts, err));
    return gable_fail(err, GABLE_INPUT, "unknown hardware \"%s\"%s", name,
                      *devices ? devices : parts);
}

gable_status gable_hw_find(gable_arena *arena, const char *hw, const char *name,
                           gable_hw_entry *out, gable_err *err)
{
    gable_hw_kind kind = GABLE_HW_ACCELERATOR;
    if (gable_find_is_path(name)) {
        GABLE_TRY(kind_of_file(arena, name, &kind, err));
        return gable_hw_load(arena, hw, kind, name, out, err);
    }
    for (int i = 0; i < GABLE_N_HW_KINDS; i++) {
        kind = order_of_search[i];
        if (gable_find_exists(hw, folders[kind], name))
            return gable_hw_load(arena, hw, kind, name, out, err);
    }
    return unknown_anywhere(arena, hw, name, err);
}
