/* base/json: the strict gate in front of cJSON, and the tree behind it.
 * cJSON accepts duplicate keys, 01, 1e999, NUL in strings, text after the value …
 * (facts/interface.md 6.2). The gate scans the raw text first, so all of that is refused with file,
 * line and column; cJSON then parses, and the result is copied into nodes that know where they
 * stand.
 * Room: base. Uses: base/arena, base/err, cJSON. */
#ifndef GABLE_BASE_JSON_H
#define GABLE_BASE_JSON_H
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

typedef enum gable_json_type {
    GABLE_JSON_NULL,
    GABLE_JSON_BOOL,
    GABLE_JSON_NUMBER,
    GABLE_JSON_STRING,
    GABLE_JSON_ARRAY,
    GABLE_JSON_OBJECT
} gable_json_type;

typedef struct gable_json gable_json;

/* Immutable. Lives, with its strings, in the arena that it was parsed into. */
struct gable_json {
    gable_json_type type;
    bool boolean;
    double number;      /* finite */
    const char *string; /* for GABLE_JSON_STRING; valid UTF-8, without NUL */
    const char *key;    /* name in the parent object, else NULL */
    size_t n_children;
    size_t index; /* position in the parent */
    const gable_json *parent, *child, *next;
    size_t offset_bytes;     /* where the value starts in the text */
    size_t key_offset_bytes; /* where its key starts, when it has one */
    const struct gable_json_doc *doc;
};

/* Deeper documents are refused; deepest file of ours is 7. */
enum { GABLE_JSON_DEPTH_CAP = 32 };

typedef enum gable_json_flags {
    GABLE_JSON_STRICT = 0,
    /* Infinity and -Infinity (Python's json writes them) are read as null: Hugging Face configs. */
    GABLE_JSON_PYTHON = 1
} gable_json_flags;

/* Parses `text` (length_bytes, and a NUL after it). `file` is the label for messages.
 * Refuses with GABLE_INPUT and "file:line:column: …". */
gable_status gable_json_parse(gable_arena *arena, const char *file, const char *text,
                              size_t length_bytes, unsigned flags, const gable_json **root,
                              gable_err *err);

/* The same for one line of a file of JSON lines; messages count lines after `lines_before`. `text`
 * need not end after length_bytes. */
gable_status gable_json_parse_line(gable_arena *arena, const char *file, size_t lines_before,
                                   const char *text, size_t length_bytes, const gable_json **root,
                                   gable_err *err);

/* Which elements of a list are worth a tree. Elements of root.`list` are objects with a string
 * `key`: where `wanted` says no to all of an element's, it is checked for syntax alone and is not
 * in the tree; the others keep their index. `value` has no NUL after its `length_bytes`. */
typedef struct gable_json_pick {
    const char *list, *key;
    bool (*wanted)(const void *with, const char *value, size_t length_bytes);
    const void *with;
} gable_json_pick;

/* gable_file_read (4 MiB cap) and gable_json_parse; pick   may be NULL: everything. */
gable_status gable_json_read_picked(gable_arena *arena, const char *path, unsigned flags,
                                    const gable_json_pick *pick, const gable_json **root,
                                    gable_err *err);
gable_status gable_json_read(gable_arena *arena, const char *path, unsigned flags,
                             const gable_json **root, gable_err *err);

/* Child of an object by exact name; NULL when `object` is NULL, no object, or has no such key. */
const gable_json *gable_json_get(const gable_json *object, const char *key);

/* The value as it is written: `*length_bytes` bytes of its document, not NUL-terminated. Offset and
 * length say where it stands in the text that was parsed. */
const char *gable_json_raw(const gable_json *node, size_t *length_bytes);

/* Path of a node, "hbm.bandwidth" or "layers[3].kind"; "(root)" for the root. Longer paths lose
 * their beginning. */
enum { GABLE_JSON_PATH_CAP = 256 };
const char *gable_json_path(const gable_json *node, char out[GABLE_JSON_PATH_CAP]);

/* Text of a type, "a number", "an object" …, for messages. */
const char *gable_json_type_text(gable_json_type type);

/* Records GABLE_INPUT with "file:line:column: path: text" for this node and returns it. The path is
 * like hbm.bandwidth or layers[3].kind; the root's path is "(root)". */
gable_status gable_json_fail(const gable_json *node, gable_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define gable_json_fail(...) gable_never_ok((gable_json_fail)(__VA_ARGS__))

/* As above but points at the node's key. */
gable_status gable_json_fail_key(const gable_json *node, gable_err *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define gable_json_fail_key(...) gable_never_ok((gable_json_fail_key)(__VA_ARGS__))

/* Refuses any key of `object` that is not in `allowed` (NULLs are skipped), with the nearest one as
 * a suggestion, or all when they are few. Keys that start with "x-" or "_" and the key "note" are
 * always allowed. */
gable_status gable_json_check_keys(const gable_json *object, const char *const *allowed,
                                   size_t count, gable_err *err);

#endif
