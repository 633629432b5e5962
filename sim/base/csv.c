/* base/csv: see csv.h. Two passes over a copy: count, then unquote in place. */
#include "base/csv.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

typedef struct reader {
    const char *file;
    gable_err *err;
    char *at; /* next byte of the copy */
    const char *end;
    size_t line;
} reader;

/* What ended a cell. */
typedef enum cell_end { CELL_COMMA, CELL_ROW, CELL_FILE } cell_end;

static gable_status refuse(const reader *r, const char *what)
{
    return gable_fail(r->err, GABLE_INPUT, "%s:%zu: %s", r->file, r->line, what);
}

static gable_status take_end(reader *r, char *stop, cell_end *end)
{
    if (r->at >= r->end) {
        *end = CELL_FILE;
        *stop = '\0';
        return GABLE_OK;
    }
    char c = *r->at++;
    *stop = '\0';
    if (c == ',') {
        *end = CELL_COMMA;
        return GABLE_OK;
    }
    if (c == '\r' && r->at < r->end && *r->at == '\n')
        c = *r->at++;
    if (c != '\n')
        return refuse(r, "text after a closing quote, or a lone carriage return");
    r->line++;
    *end = CELL_ROW;
    return GABLE_OK;
}

static gable_status take_quoted(reader *r, char **cell, cell_end *end)
{
    char *out = ++r->at;
    *cell = out;
    for (;;) {
        if (r->at >= r->end)
            return refuse(r, "quote that is never closed");
        char c = *r->at++;
        if (c == '"') {
            if (r->at >= r->end || *r->at != '"')
                break;
            r->at++;
        }
        r->line += c == '\n';
        *out++ = c;
    }
    return take_end(r, out, end);
}

static gable_status take_cell(reader *r, char **cell, cell_end *end)
{
    if (r->at < r->end && *r->at == '"')
        return take_quoted(r, cell, end);
    *cell = r->at;
    while (r->at < r->end && !strchr(",\r\n\"", *r->at))
        r->at++;
    if (r->at < r->end && *r->at == '"')
        return refuse(r, "quote inside a cell that does not begin with one");
    return take_end(r, r->at, end);
}

static size_t count_cells(const char *text, size_t length, size_t *rows)
{
    size_t cells = 1;
    *rows = 1;
    for (size_t i = 0; i < length; i++) {
        cells += text[i] == ',' || text[i] == '\n';
        *rows += text[i] == '\n';
    }
    return cells;
}

typedef struct filling {
    const char **cells;
    size_t *lines;
    size_t n_cells, n_rows, n_columns;
} filling;

/* All rows; the first one (the header) decides the number of columns. */
static gable_status take_rows(reader *r, filling *f)
{
    cell_end end = CELL_ROW;
    while (r->at < r->end) {
        size_t first = f->n_cells;
        f->lines[f->n_rows] = r->line;
        do {
            char *cell;
            GABLE_TRY(take_cell(r, &cell, &end));
            f->cells[f->n_cells++] = cell;
        } while (end == CELL_COMMA);
        size_t n = f->n_cells - first;
        if (f->n_rows == 0)
            f->n_columns = n;
        if (n != f->n_columns)
            return gable_fail(r->err, GABLE_INPUT,
                              "%s:%zu: %zu cells, expected %zu as in the header", r->file,
                              f->lines[f->n_rows], n, f->n_columns);
        f->n_rows++;
    }
    return GABLE_OK;
}

/* The widest file of ours has 30 columns; names are compared in pairs. */
enum { COLUMNS_CAP = 1024 };

static gable_status check_names(const gable_csv *csv, gable_err *err)
{
    if (csv->n_columns > COLUMNS_CAP)
        return gable_fail(err, GABLE_INPUT, "%s:1: more than %d columns", csv->file, COLUMNS_CAP);
    for (size_t i = 0; i < csv->n_columns; i++) {
        if (csv->names[i][0] == '\0')
            return gable_fail(err, GABLE_INPUT, "%s:1: column %zu has no name", csv->file, i + 1);
        for (size_t j = 0; j < i; j++)
            if (strcmp(csv->names[i], csv->names[j]) == 0)
                return gable_fail(err, GABLE_INPUT, "%s:1: column \"%s\" twice", csv->file,
                                  csv->names[i]);
    }
    return GABLE_OK;
}

static gable_status check_bytes(const char *file, const char *text, size_t length_bytes,
                                gable_err *err)
{
    size_t line = 1;
    for (size_t i = 0; i < length_bytes;) {
        size_t n = gable_text_utf8_bytes(text + i);
        if (n == 0)
            return gable_fail(err, GABLE_INPUT, "%s:%zu: %s", file, line,
                              text[i] ? "invalid UTF-8" : "NUL byte");
        line += text[i] == '\n';
        i += n;
    }
    return GABLE_OK;
}

gable_status gable_csv_parse(gable_arena *arena, const char *file, const char *text,
                             size_t length_bytes, gable_csv *out, gable_err *err)
{
    GABLE_TRY(check_bytes(file, text, length_bytes, err));
    if (length_bytes == 0)
        return gable_fail(err, GABLE_INPUT, "%s:1: empty, expected a header row", file);
    size_t rows, cells = count_cells(text, length_bytes, &rows);
    filling f = {0};
    GABLE_TRY(gable_arena_take(arena, cells, sizeof *f.cells, &f.cells, err));
    GABLE_TRY(gable_arena_take(arena, rows, sizeof *f.lines, &f.lines, err));
    char *copy = gable_arena_copy(arena, text, length_bytes);
    char *label = gable_arena_copy(arena, file, strlen(file));
    if (!copy || !label)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    reader r = {.file = label, .err = err, .at = copy, .end = copy + length_bytes, .line = 1};
    GABLE_TRY(take_rows(&r, &f));
    *out = (gable_csv){.file = label,
                       .n_columns = f.n_columns,
                       .n_rows = f.n_rows - 1,
                       .names = f.cells,
                       .cells = f.cells + f.n_columns,
                       .lines = f.lines + 1};
    return check_names(out, err);
}

gable_status gable_csv_read(gable_arena *arena, const char *path, gable_csv *out, gable_err *err)
{
    const char *text;
    size_t length_bytes;
    GABLE_TRY(gable_file_read(arena, path, GABLE_FILE_CAP_CSV_BYTES, &text, &length_bytes, err));
    return gable_csv_parse(arena, path, text, length_bytes, out, err);
}

size_t gable_csv_column(const gable_csv *csv, const char *name)
{
    size_t i = 0;
    while (i < csv->n_columns && strcmp(csv->names[i], name) != 0)
        i++;
    return i;
}

gable_status gable_csv_need(const gable_csv *csv, const char *name, size_t *column, gable_err *err)
{
    *column = gable_csv_column(csv, name);
    if (*column < csv->n_columns)
        return GABLE_OK;
    const char *near = gable_text_nearest(name, csv->names, csv->n_columns);
    return gable_fail(err, GABLE_INPUT, "%s:1: no column \"%s\"%s%s%s", csv->file, name,
                      near ? "; \"" : "", near ? near : "", near ? "\" is near" : "");
}

gable_status(gable_csv_fail)(const gable_csv *csv, size_t row, size_t column, gable_err *err,
                             const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return gable_fail(err, GABLE_INPUT, "%s:%zu: %s: %s", csv->file, csv->lines[row],
                      csv->names[column], text);
}

void gable_csv_add_cell(gable_text *out, const char *cell)
{
    if (!strpbrk(cell, ",\"\r\n")) {
        gable_text_add(out, cell);
        return;
    }
    gable_text_add(out, "\"");
    for (const char *at = cell; *at; at++)
        gable_text_add_n(out, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
    gable_text_add(out, "\"");
}
