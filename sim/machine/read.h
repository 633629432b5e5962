/* machine/read: from a file to a checked struct. Private to machine.
 * Room: machine. Uses: base, machine/find. */
#ifndef GABLE_MACHINE_READ_H
#define GABLE_MACHINE_READ_H
#include "machine/machine.h"

/* One kind of description. */
typedef struct gable_kind {
    const char *folder; /* below hw: "accelerators" */
    const char *what;   /* "accelerator", for messages */
    const gable_schema *schema;
    size_t struct_bytes;
    size_t name_offset, sources_offset; /* of the members `name` and `sources` */
} gable_kind;

extern const gable_kind gable_kind_accelerator, gable_kind_cpu, gable_kind_link, gable_kind_system,
    gable_kind_generation;

/* Parses the file of `name` (a name in hw, or a path); one found by its name must also say that
 * name. */
gable_status gable_read_root(gable_arena *arena, const char *hw, const gable_kind *kind,
                             const char *name, const gable_json **root, gable_err *err);

/* The same without the elements that nobody wants (base/json.h); pick   may be NULL. */
gable_status gable_read_picked(gable_arena *arena, const char *hw, const gable_kind *kind,
                               const char *name, const gable_json_pick *pick,
                               const gable_json **root, gable_err *err);

/* Fills a new struct of this kind from a parsed file, with its sources. */
gable_status gable_read_struct(gable_arena *arena, const gable_kind *kind, const gable_json *root,
                               void *out, gable_err *err);

/* As gable_accelerator_load, of a file that is parsed already. */
gable_status gable_read_accelerator(gable_arena *arena, const char *hw, const gable_json *root,
                                    const gable_accelerator **out, gable_err *err);

/* Refuses `name`, written at `block`.`key` of `root` (a block of "": at its own key), when
 * hw/`folder` has no such file; a NULL name passes. */
gable_status gable_read_check_name(gable_arena *arena, const char *hw, const gable_kind *kind,
                                   const gable_json *root, const char *block, const char *key,
                                   const char *name, gable_err *err);

#endif
