/* cli/hw_table: see hw_table.h. */
#include "cli/hw_table.h"

#include <stdio.h>
#include <string.h>

const char *const hw_formats[] = {"text", "json", "csv", "md", NULL};

enum { CELL_CAP = 128 };

/* Characters, not bytes: continuation bytes of UTF-8 take no column. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* For people: quantities with prefix and unit, three digits as datasheets are compared by. */
static const char *shown(const hw_column *column, const hw_cell *cell, char *out)
{
    if (column->is_text)
        return cell->text ? cell->text : "";
    if (!(cell->number > 0.0))
        return "-";
    if (*gable_dim_ending(column->dim))
        return gable_units_print(cell->number, column->dim, 3, out);
    if (cell->number >= 100.0)
        snprintf(out, CELL_CAP, "%.0f", cell->number);
    else
        snprintf(out, CELL_CAP, "%.3g", cell->number);
    return out;
}

static void add_padded(gable_text *out, const char *text, size_t width, bool left)
{
    size_t blanks = width > width_of(text) ? width - width_of(text) : 0;
    if (!left)
        gable_text_addf(out, "%*s", (int)blanks, "");
    gable_text_add_safe(out, text);
    if (left)
        gable_text_addf(out, "%*s", (int)blanks, "");
}

static size_t column_width(const hw_table *table, size_t column)
{
    char text[CELL_CAP];
    size_t widest = width_of(table->columns[column].heading);
    for (size_t row = 0; row < table->n_rows; row++) {
        const hw_cell *cell = &table->cells[row * table->n_columns + column];
        size_t width = width_of(shown(&table->columns[column], cell, text));
        widest = width > widest ? width : widest;
    }
    return widest;
}

/* One line; `row` n_rows is the header. `fence` stands between cells, and around them in Markdown.
 */
static void add_line(gable_text *out, const hw_table *table, size_t row, hw_format format)
{
    char text[CELL_CAP];
    const char *gap = format == HW_MD ? "| " : "";
    for (size_t i = 0; i < table->n_columns; i++) {
        const hw_column *column = &table->columns[i];
        if (column->hidden)
            continue;
        const char *what = row == table->n_rows
                               ? column->heading
                               : shown(column, &table->cells[row * table->n_columns + i], text);
        gable_text_add(out, gap);
        bool last = i + 1 == table->n_columns && column->is_text;
        add_padded(out, what, last ? 0 : column_width(table, i), column->is_text);
        gap = format == HW_MD ? " | " : column->is_text ? "  " : " ";
    }
    gable_text_add(out, format == HW_MD ? " |\n" : "\n");
}

static void add_rule(gable_text *out, const hw_table *table)
{
    for (size_t i = 0; i < table->n_columns; i++)
        if (!table->columns[i].hidden)
            gable_text_add(out, table->columns[i].is_text ? "|---" : "|---:");
    gable_text_add(out, "|\n");
}

static void add_csv_row(gable_text *out, const hw_table *table, size_t row)
{
    char text[CELL_CAP];
    for (size_t i = 0; i < table->n_columns; i++) {
        const hw_column *column = &table->columns[i];
        const hw_cell *cell = &table->cells[row * table->n_columns + i];
        gable_text_add(out, i ? "," : "");
        if (column->is_text)
            gable_csv_add_cell(out, cell->text ? cell->text : "");
        else if (cell->number > 0.0)
            gable_text_add(out, gable_num_print(cell->number, text));
    }
    gable_text_add(out, "\n");
}

static void add_csv(gable_text *out, const hw_table *table)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        const hw_column *column = &table->columns[i];
        gable_text_addf(out, "%s%s%s", i ? "," : "", column->key,
                        column->is_text ? "" : gable_dim_ending(column->dim));
    }
    gable_text_add(out, "\n");
    for (size_t row = 0; row < table->n_rows; row++)
        add_csv_row(out, table, row);
}

static void add_json_row(gable_text *out, const hw_table *table, size_t row)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        const hw_column *column = &table->columns[i];
        const hw_cell *cell = &table->cells[row * table->n_columns + i];
        gable_text_addf(out, "%s\"%s%s\": ", i ? ", " : "", column->key,
                        column->is_text ? "" : gable_dim_ending(column->dim));
        if (column->is_text && cell->text)
            gable_text_add_json_string(out, cell->text);
        else if (!column->is_text && cell->number > 0.0)
            gable_text_add_json_number(out, cell->number);
        else
            gable_text_add(out, "null");
    }
}

static void add_json(gable_text *out, const hw_table *table)
{
    gable_text_add(out, "[");
    for (size_t row = 0; row < table->n_rows; row++) {
        gable_text_add(out, row ? "},\n  {" : "\n  {");
        add_json_row(out, table, row);
    }
    gable_text_add(out, table->n_rows ? "}]" : "]");
}

void hw_table_add(gable_text *out, const hw_table *table, hw_format format)
{
    if (format == HW_JSON) {
        add_json(out, table);
        return;
    }
    if (format == HW_CSV) {
        add_csv(out, table);
        return;
    }
    add_line(out, table, table->n_rows, format);
    if (format == HW_MD)
        add_rule(out, table);
    for (size_t row = 0; row < table->n_rows; row++)
        add_line(out, table, row, format);
}
