/* base/fields: a struct described as rows; one table drives reading, checking, printing and the
 * JSON Schema of a description. Adding a field is adding a row. A number may be written as
 *   "hbm": {"bandwidth": "3.35 TB/s"}           unit in the value
 *   "hbm": {"bandwidth_bytes_per_s": 3.35e12}   unit in the key
 *   "hbm": {"bandwidth": {"value": "3.35 TB/s", "source": "MLE", "note": "…"}}
 * and its source is its own "source", else the "source" of its block, else that of the root; the id
 * must resolve in the root's "sources". null is "not published": the member keeps 0.
 * Room: base. Uses: base/json, base/units. */
#ifndef GABLE_BASE_FIELDS_H
#define GABLE_BASE_FIELDS_H
#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "base/text.h"
#include "base/units.h"

typedef enum gable_field_type {
    GABLE_FIELD_NUMBER, /* double member */
    GABLE_FIELD_INT,    /* int member; whole, |x| < 2^31 */
    GABLE_FIELD_BOOL,   /* bool member */
    GABLE_FIELD_TEXT,   /* const char * member; free text */
    GABLE_FIELD_NAME,   /* const char * member; gable_text_is_name */
    GABLE_FIELD_CHOICE  /* int member; index into `choices` */
} gable_field_type;

typedef enum gable_field_flags { GABLE_FIELD_REQUIRED = 1 } gable_field_flags;

typedef struct gable_field {
    const char *block; /* "" for the root, "hbm", "compute.matrix" … */
    const char *key;
    gable_field_type type;
    gable_dim dim;   /* for NUMBER; COUNT/NONE take bare JSON numbers, COUNT whole ones */
    size_t offset;   /* offsetof the member */
    double min, max; /* inclusive; for NUMBER and INT. min = max = 0: any finite value >= 0 */
    unsigned flags;
    const char *const *choices; /* for CHOICE: NULL-terminated */
    const char *help;           /* one sentence with the unit; goes into the JSON Schema */
} gable_field;

typedef struct gable_schema {
    const char *id;    /* "gable.accelerator/1": the value that the root's "schema" must have */
    const char *title; /* one line */
    const gable_field *fields;
    size_t n_fields;
    const char *const *extra_keys; /* dotted paths that the caller reads itself: "layers" */
    size_t n_extra_keys;
    bool sourced; /* every number must have a source id that resolves */
} gable_schema;

/* Reads `root` into `out` by the rows; refuses wrong schema ids, unknown keys, wrong types, units
 * and ranges, missing required keys and sources that do not resolve.
 *   sources   n_fields pointers (or NULL): the source id of each number read, else NULL */
gable_status gable_fields_read(gable_arena *arena, const gable_json *root,
                               const gable_schema *schema, void *out, const char **sources,
                               gable_err *err);

/* Reads one object (no schema id, no sources of its own) by rows whose block is "": elements of
 * arrays. */
gable_status gable_fields_read_object(gable_arena *arena, const gable_json *object,
                                      const gable_schema *schema, void *out, gable_err *err);

/* The JSON Schema (draft 2020-12) of a description, one object, with a newline at its end. */
void gable_fields_write_schema(gable_text *out, const gable_schema *schema);

/* "block.key = value unit [source]" lines of a struct, aligned; fields that are 0/NULL are skipped.
 */
void gable_fields_print(gable_text *out, const gable_schema *schema, const void *object,
                        const char *const *sources);

#endif
