/* machine/catalog: the descriptions of hw/ as a whole: what there is, and any of them by name or
 * path. Room: machine. Uses: base. */
#ifndef GABLE_MACHINE_CATALOG_H
#define GABLE_MACHINE_CATALOG_H
#include "base/base.h"

/* X(symbol, name, folder below hw) */
#define GABLE_HW_KIND_LIST(X)                                                                      \
    X(ACCELERATOR, "accelerator", "accelerators")                                                  \
    X(CPU, "cpu", "cpus")                                                                          \
    X(LINK, "link", "links")                                                                       \
    X(SYSTEM, "system", "systems")

typedef enum gable_hw_kind {
#define GABLE_HW_KIND_ENUM(symbol, name, folder) GABLE_HW_##symbol,
    GABLE_HW_KIND_LIST(GABLE_HW_KIND_ENUM)
#undef GABLE_HW_KIND_ENUM
        GABLE_N_HW_KINDS
} gable_hw_kind;

/* Names of the kinds, NULL-terminated, in the order of the enum. */
extern const char *const gable_hw_kinds[];

/* One loaded description. `object` is a gable_accelerator, gable_cpu, gable_link or gable_system.
 */
typedef struct gable_hw_entry {
    gable_hw_kind kind;
    const char *name, *title;
    const void *object;
    const char *const *sources; /* one per row of gable_hw_schema(kind) */
} gable_hw_entry;

/* The rows that describe a kind. */
const gable_schema *gable_hw_schema(gable_hw_kind kind);

/* Names of a kind in hw, sorted by bytes; they live in the arena. A missing folder gives none. */
gable_status gable_hw_names(gable_arena *arena, const char *hw, gable_hw_kind kind,
                            const char *const **names, size_t *count, gable_err *err);

/* Loads NAME of a kind, all checks included. */
gable_status gable_hw_load(gable_arena *arena, const char *hw, gable_hw_kind kind, const char *name,
                           gable_hw_entry *out, gable_err *err);

/* Loads a path, or a name that is looked for among accelerators, systems, cpus and links in this
 * order; for a path the file's "schema" says the kind. An unknown name is refused with the nearest
 * one. */
gable_status gable_hw_find(gable_arena *arena, const char *hw, const char *name,
                           gable_hw_entry *out, gable_err *err);

#endif
