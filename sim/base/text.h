/* base/text: growing strings, names, near misses, text that is safe to print.
 * Room: base. Uses: base/err. */
#ifndef GABLE_BASE_TEXT_H
#define GABLE_BASE_TEXT_H
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* A growing string. Start as {0}; `text` is NULL or NUL-terminated and owned until gable_text_free.
 * When memory runs out `failed` is set, and every later call does nothing: test it once, at the
 * end. */
typedef struct gable_text {
    char *text;
    size_t length_bytes;
    size_t capacity_bytes;
    bool failed;
} gable_text;

void gable_text_free(gable_text *text);
void gable_text_add(gable_text *text, const char *more);
void gable_text_add_n(gable_text *text, const char *more, size_t length_bytes);
void gable_text_addf(gable_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends `string` as a JSON string literal, quotes and escapes included; `string` is valid UTF-8.
 */
void gable_text_add_json_string(gable_text *text, const char *string);

/* Appends the shortest decimal of a finite number, or `null` when it is NaN or infinite. */
void gable_text_add_json_number(gable_text *text, double value);

/* Length in bytes of the well-formed UTF-8 sequence (RFC 3629) that `text` starts with; 0 when
 * there is none, or a NUL. Never reads past a NUL. */
size_t gable_text_utf8_bytes(const char *text);

/* Appends `string` with control characters, escapes and bidirectional marks and bytes that are not
 * UTF-8 replaced by '?'. */
void gable_text_add_safe(gable_text *text, const char *string);

/* Appends `word` as one word of any POSIX shell: in single quotes, 'it'\''s'. */
void gable_text_add_quoted(gable_text *text, const char *word);

/* Appends the path of a file for people to copy into a shell: safe, and in quotes where it is not
 * made of letters, digits and . / _ - + = : @ % , alone. */
void gable_text_add_path(gable_text *text, const char *path);

/* In place: bytes that could drive a terminal (C0, DEL, C1, bidi marks) become '?'. */
void gable_text_make_safe(char *string);

/* A name of a device, model, source …: [A-Za-z0-9._+-]{1,64}, no leading dot. */
bool gable_text_is_name(const char *string);

/* The candidate nearest to `wanted` within Damerau-Levenshtein distance 2 (and less than half of
 * its length), or that `wanted` is a unique prefix of; NULL when nothing is near. `candidates`
 * holds `count` strings; NULL entries are skipped. */
const char *gable_text_nearest(const char *wanted, const char *const *candidates, size_t count);

#endif
