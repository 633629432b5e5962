/* Any bytes: refused with a line inside the text, or a table that reads the same when it is written
 * and read again. */
#include <string.h>

#include "base/csv.h"
#include "input.h"

static void write_table(gable_text *out, const gable_csv *csv)
{
    for (size_t i = 0; i < (csv->n_rows + 1) * csv->n_columns; i++) {
        const char *cell = i < csv->n_columns ? csv->names[i] : csv->cells[i - csv->n_columns];
        bool ends_row = (i + 1) % csv->n_columns == 0;
        if (csv->n_columns == 1 && !*cell)
            gable_text_add(out, "\"\""); /* an empty line would do, too; this is plain to see */
        else
            gable_csv_add_cell(out, cell);
        gable_text_add(out, ends_row ? "\n" : ",");
    }
}

static void check_same(const gable_csv *a, const gable_csv *b)
{
    MUST(a->n_columns == b->n_columns && a->n_rows == b->n_rows);
    for (size_t i = 0; i < a->n_columns; i++)
        MUST(strcmp(a->names[i], b->names[i]) == 0 && gable_csv_column(b, a->names[i]) == i);
    for (size_t i = 0; i < a->n_rows * a->n_columns; i++)
        MUST(strcmp(a->cells[i], b->cells[i]) == 0);
}

static void check(gable_arena *arena, const char *text, size_t size)
{
    gable_csv csv = {0}, again = {0};
    gable_err err = {0};
    size_t line;
    if (gable_csv_parse(arena, "f", text, size, &csv, &err) != GABLE_OK) {
        MUST(err.status == GABLE_INTERNAL || sscanf(err.text, "f:%zu: ", &line) == 1);
        return;
    }
    MUST(csv.n_columns > 0);
    for (size_t i = 0; i < csv.n_rows; i++)
        MUST(csv.lines[i] > (i ? csv.lines[i - 1] : 1) && csv.lines[i] <= size + 1);
    gable_text out = {0};
    write_table(&out, &csv);
    MUST(!out.failed);
    MUST(gable_csv_parse(arena, "f", out.text, out.length_bytes, &again, &err) == GABLE_OK);
    check_same(&csv, &again);
    gable_text_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return input_text(data, size, (size_t)1 << 20, 100, check);
}
