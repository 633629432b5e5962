/* cli/hw_table: rows of texts and quantities as aligned text, CSV, Markdown or JSON. Private to
 * `gable hw`. Room: cli. Uses: base. */
#ifndef GABLE_CLI_HW_TABLE_H
#define GABLE_CLI_HW_TABLE_H
#include "base/base.h"

typedef struct hw_column {
    const char *key;     /* of JSON and CSV, without the unit's ending */
    const char *heading; /* of text and Markdown */
    bool is_text;
    gable_dim dim; /* of numbers */
    bool hidden;   /* left out of text and Markdown: too wide for a terminal */
} hw_column;

/* Texts may be NULL and numbers 0: not published; both print as nothing (null in JSON). */
typedef struct hw_cell {
    const char *text;
    double number;
} hw_cell;

/* cells[row * n_columns + column]. All owned by the caller. */
typedef struct hw_table {
    const hw_column *columns;
    size_t n_columns, n_rows;
    const hw_cell *cells;
} hw_table;

/* Choices of --format, NULL-terminated, in the order of hw_format. */
extern const char *const hw_formats[];
typedef enum hw_format { HW_TEXT, HW_JSON, HW_CSV, HW_MD } hw_format;

/* Appends the table; as JSON only its array of objects, one a line, without a newline after it. */
void hw_table_add(gable_text *out, const hw_table *table, hw_format format);

#endif
