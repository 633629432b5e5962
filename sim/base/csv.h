/* base/csv: RFC 4180 tables with a header row.
 * Room: base. Uses: base/arena, base/err, base/text. */
#ifndef GABLE_BASE_CSV_H
#define GABLE_BASE_CSV_H
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

/* Immutable; lives in its arena. cells[row * n_columns + column] is NUL-terminated and unquoted. */
typedef struct gable_csv {
    const char *file;
    size_t n_columns, n_rows; /* the header is not counted */
    const char *const *names; /* n_columns */
    const char *const *cells; /* n_rows x n_columns */
    const size_t *lines;      /* n_rows: line of the file where each row starts, from 1 */
} gable_csv;

/* Parses `text` (length_bytes, and a NUL after it). Refuses with "file:line: …": ragged rows, a
 * stray or missing quote, duplicate or empty column names, invalid UTF-8, NUL, no header. */
gable_status gable_csv_parse(gable_arena *arena, const char *file, const char *text,
                             size_t length_bytes, gable_csv *out, gable_err *err);

/* gable_file_read (256 MiB cap) and gable_csv_parse. */
gable_status gable_csv_read(gable_arena *arena, const char *path, gable_csv *out, gable_err *err);

/* Index of the column called `name`; n_columns when there is none. */
size_t gable_csv_column(const gable_csv *csv, const char *name);

/* As above, but a missing column is refused with the nearest name as a suggestion. */
gable_status gable_csv_need(const gable_csv *csv, const char *name, size_t *column, gable_err *err);

/* Records "file:line: column: text" for a cell. */
gable_status gable_csv_fail(const gable_csv *csv, size_t row, size_t column, gable_err *err,
                            const char *format, ...) __attribute__((format(printf, 5, 6)));

#define gable_csv_fail(...) gable_never_ok((gable_csv_fail)(__VA_ARGS__))

/* Appends one cell, quoted when it holds a comma, quote, CR or LF. Commas and line ends are the
 * caller's. */
void gable_csv_add_cell(gable_text *out, const char *cell);

#endif
