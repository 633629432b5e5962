/* base/json_gate: the scan that the raw text must pass before cJSON sees it. Private to base.
 * Room: base. Uses: base/arena, base/err. */
#ifndef GABLE_BASE_JSON_GATE_H
#define GABLE_BASE_JSON_GATE_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

/* Where each value (and its key) starts, in document order: the order of a depth-first walk. */
typedef struct gable_json_place {
    size_t offset_bytes, key_offset_bytes;
    size_t end_bytes; /* where it ends, when it is left out */
    bool is_null;     /* a word of Python that stands for null */
    bool left_out;    /* an element that the pick does not want; what is in it has no places */
} gable_json_place;

typedef struct gable_json_gate {
    const char *file;
    char *text; /* length_bytes and a NUL; NaN and Infinity are overwritten when python is set */
    size_t length_bytes;
    size_t lines_before; /* of the file, for messages */
    int python;
    const gable_json_pick *pick; /* NULL: everything */
    gable_arena *arena;          /* where the places go */
    gable_json_place *places;    /* n_places of them */
    size_t n_places_cap, n_places, n_left_out;
} gable_json_gate;

/* Checks UTF-8, white space, string bytes, escapes, the number grammar and range, nesting, and that
 * exactly one value is there; fills `places`. Duplicate keys are found later, in the tree. Refuses
 * with GABLE_INPUT and "file:line:column: …". */
gable_status gable_json_gate_scan(gable_json_gate *gate, gable_err *err);

/* Line and column (both from 1; the column counts bytes) of an offset. */
void gable_json_gate_position(const char *text, size_t offset_bytes, size_t *line, size_t *column);

#endif
