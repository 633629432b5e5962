/* report/table: rows of structs -> text, CSV, Markdown, JSON. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/internal.h"

const char *const gable_formats[] = {"text", "json", "csv", "md", NULL};

enum { CELL_CAP = 96 };

/* Unit that a whole column is shown in. */
typedef struct scale {
    double divisor;
    char unit[16];
} scale;

static const void *row_at(const gable_table *table, size_t i_row)
{
    if (i_row == table->n_rows)
        return table->total;
    return (const char *)table->rows + i_row * table->row_bytes;
}

static size_t n_shown_rows(const gable_table *table)
{
    return table->n_rows + (table->total != NULL);
}

static bool is_number(const gable_column *column)
{
    return column->type != GABLE_CELL_TEXT && column->type != GABLE_CELL_BOOL;
}

static double cell_number(const gable_column *column, const void *row)
{
    const void *member = (const char *)row + column->offset;
    if (column->type == GABLE_CELL_INT)
        return (double)*(const int *)member;
    return *(const double *)member;
}

static const char *cell_text(const gable_column *column, const void *row)
{
    const void *member = (const char *)row + column->offset;
    if (column->type == GABLE_CELL_BOOL)
        return *(const bool *)member ? "true" : "false";
    return *(const char *const *)member;
}

/* The unit that suits the largest value of the column: read off a printed quantity, so that
 * base/units stays the only place that knows prefixes. */
static void column_scale(const gable_table *table, const gable_column *column, scale *out)
{
    *out = (scale){1.0, ""};
    if (column->unit)
        snprintf(out->unit, sizeof out->unit, "%s", column->unit);
    if (column->type == GABLE_CELL_SHARE)
        *out = (scale){0.01, "%"};
    if (column->type != GABLE_CELL_NUMBER || !*gable_dim_unit(column->dim))
        return;
    double largest = 0.0;
    for (size_t i = 0; i < n_shown_rows(table); i++) {
        double value = fabs(cell_number(column, row_at(table, i)));
        largest = isfinite(value) && value > largest ? value : largest;
    }
    char printed[GABLE_UNITS_TEXT_CAP], one[GABLE_UNITS_TEXT_CAP + 2];
    gable_units_print(largest, column->dim, 4, printed);
    const char *unit = strchr(printed, ' ');
    snprintf(out->unit, sizeof out->unit, "%s", unit ? unit + 1 : gable_dim_unit(column->dim));
    snprintf(one, sizeof one, "1 %s", out->unit);
    if (gable_units_parse(one, column->dim, true, &out->divisor) != GABLE_UNITS_OK)
        *out = (scale){1.0, ""};
}

/* 4 significant digits without an exponent; where the column has one unit, what is far below it is
 * not worth digits of its own. */
static void print_number(double value, bool scaled, char *out, size_t out_bytes)
{
    double size = fabs(value);
    if (!isfinite(value))
        snprintf(out, out_bytes, "-");
    else if (size >= 999.5 && size < 1e7)
        snprintf(out, out_bytes, "%.0f", value);
    else if (scaled && size > 0.0 && size < 5e-5)
        snprintf(out, out_bytes, "<1e-4");
    else if (scaled && size > 0.0 && size < 0.1)
        snprintf(out, out_bytes, "%.4f", value);
    else
        snprintf(out, out_bytes, "%.4g", value);
}

static void print_cell(const gable_column *column, const scale *unit, const void *row,
                       char out[CELL_CAP])
{
    if (is_number(column)) {
        double value = cell_number(column, row) / unit->divisor;
        if (column->type == GABLE_CELL_SHARE && isfinite(value))
            snprintf(out, CELL_CAP, "%.1f", value);
        else
            print_number(value, column->dim != GABLE_DIM_NONE, out, CELL_CAP);
        return;
    }
    const char *text = cell_text(column, row);
    snprintf(out, CELL_CAP, "%s", text ? text : "-");
    gable_text_make_safe(out);
}

/* Columns on the screen: bytes that do not continue a character. */
static int shown_width(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void add_padded(gable_text *out, const char *cell, int width, bool right, bool last)
{
    int pad = width - shown_width(cell);
    if (right)
        gable_text_addf(out, "%*s", pad > 0 ? pad : 0, "");
    gable_text_add(out, cell);
    if (!right && !last)
        gable_text_addf(out, "%*s", pad > 0 ? pad : 0, "");
}

/* ---- text ---- */

typedef struct text_layout {
    size_t n;
    size_t column[GABLE_COLUMNS_CAP];
    int width[GABLE_COLUMNS_CAP];
    scale unit[GABLE_COLUMNS_CAP];
} text_layout;

static int column_width(const gable_table *table, const gable_column *column, const scale *unit)
{
    int width = shown_width(column->header), wide = shown_width(unit->unit);
    width = wide > width ? wide : width;
    for (size_t i = 0; i < n_shown_rows(table); i++) {
        char cell[CELL_CAP];
        print_cell(column, unit, row_at(table, i), cell);
        wide = shown_width(cell);
        width = wide > width ? wide : width;
    }
    return width;
}

static void remove_column(text_layout *layout, size_t at)
{
    layout->n--;
    for (size_t i = at; i < layout->n; i++) {
        layout->column[i] = layout->column[i + 1];
        layout->width[i] = layout->width[i + 1];
        layout->unit[i] = layout->unit[i + 1];
    }
}

/* Drops columns, the most dispensable first, until the table fits or only needed ones are left. */
static void fit_width(const gable_table *table, text_layout *layout, int width)
{
    for (;;) {
        int total = -2;
        size_t worst = 0;
        for (size_t i = 0; i < layout->n; i++) {
            total += layout->width[i] + 2;
            if (table->columns[layout->column[i]].drop > table->columns[layout->column[worst]].drop)
                worst = i;
        }
        if (total <= width || layout->n == 0 || table->columns[layout->column[worst]].drop <= 0)
            return;
        remove_column(layout, worst);
    }
}

static void lay_out_text(const gable_table *table, int width, text_layout *layout)
{
    layout->n = 0;
    for (size_t i = 0; i < table->n_columns && i < GABLE_COLUMNS_CAP; i++) {
        const gable_column *column = &table->columns[i];
        if (column->drop == GABLE_COLUMN_NEVER)
            continue;
        column_scale(table, column, &layout->unit[layout->n]);
        layout->width[layout->n] = column_width(table, column, &layout->unit[layout->n]);
        layout->column[layout->n++] = i;
    }
    fit_width(table, layout, width);
}

static void add_rule(gable_text *out, const text_layout *layout)
{
    int total = layout->n ? -2 : 0;
    for (size_t i = 0; i < layout->n; i++)
        total += layout->width[i] + 2;
    for (int i = 0; i < total; i++)
        gable_text_add(out, "-");
    gable_text_add(out, "\n");
}

static void trim_line(gable_text *out)
{
    while (!out->failed && out->length_bytes && out->text[out->length_bytes - 1] == ' ')
        out->text[--out->length_bytes] = '\0';
    gable_text_add(out, "\n");
}

static void write_text(gable_text *out, const gable_table *table, int width)
{
    text_layout layout;
    lay_out_text(table, width, &layout);
    for (int line = 0; line < 2; line++) { /* names, then units */
        for (size_t i = 0; i < layout.n; i++) {
            const gable_column *column = &table->columns[layout.column[i]];
            gable_text_add(out, i ? "  " : "");
            add_padded(out, line ? layout.unit[i].unit : column->header, layout.width[i],
                       is_number(column), i + 1 == layout.n);
        }
        trim_line(out);
    }
    add_rule(out, &layout);
    for (size_t i_row = 0; i_row < n_shown_rows(table); i_row++) {
        if (i_row == table->n_rows)
            add_rule(out, &layout);
        for (size_t i = 0; i < layout.n; i++) {
            const gable_column *column = &table->columns[layout.column[i]];
            char cell[CELL_CAP];
            print_cell(column, &layout.unit[i], row_at(table, i_row), cell);
            gable_text_add(out, i ? "  " : "");
            add_padded(out, cell, layout.width[i], is_number(column), i + 1 == layout.n);
        }
        trim_line(out);
    }
}

/* ---- Markdown ---- */

static void add_md_cell(gable_text *out, const char *cell)
{
    gable_text_add(out, " ");
    for (const char *at = cell; *at; at++)
        gable_text_add_n(out, *at == '|' ? "\\|" : at, *at == '|' ? 2 : 1);
    gable_text_add(out, " |");
}

static void add_md_header(gable_text *out, const gable_table *table, scale unit[])
{
    gable_text_add(out, "|");
    for (size_t i = 0; i < table->n_columns; i++) {
        const gable_column *column = &table->columns[i];
        char header[CELL_CAP];
        if (column->drop == GABLE_COLUMN_NEVER)
            continue;
        column_scale(table, column, &unit[i]);
        snprintf(header, sizeof header, *unit[i].unit ? "%s (%s)" : "%s", column->header,
                 unit[i].unit);
        add_md_cell(out, header);
    }
    gable_text_add(out, "\n|");
    for (size_t i = 0; i < table->n_columns; i++)
        if (table->columns[i].drop != GABLE_COLUMN_NEVER)
            gable_text_add(out, is_number(&table->columns[i]) ? "---:|" : "---|");
}

static void write_md(gable_text *out, const gable_table *table, int width)
{
    (void)width;
    scale unit[GABLE_COLUMNS_CAP];
    add_md_header(out, table, unit);
    for (size_t i_row = 0; i_row < n_shown_rows(table); i_row++) {
        gable_text_add(out, "\n|");
        for (size_t i = 0; i < table->n_columns; i++) {
            char cell[CELL_CAP];
            if (table->columns[i].drop == GABLE_COLUMN_NEVER)
                continue;
            print_cell(&table->columns[i], &unit[i], row_at(table, i_row), cell);
            add_md_cell(out, cell);
        }
    }
    gable_text_add(out, "\n");
}

/* ---- CSV ---- */

static void write_csv(gable_text *out, const gable_table *table, int width)
{
    (void)width;
    for (size_t i = 0; i < table->n_columns; i++) {
        gable_text_add(out, i ? "," : "");
        gable_csv_add_cell(out, table->columns[i].key);
    }
    for (size_t i_row = 0; i_row < table->n_rows; i_row++) {
        gable_text_add(out, "\n");
        for (size_t i = 0; i < table->n_columns; i++) {
            const gable_column *column = &table->columns[i];
            const void *row = row_at(table, i_row);
            gable_text_add(out, i ? "," : "");
            if (is_number(column)) {
                double value = cell_number(column, row);
                if (isfinite(value))
                    gable_text_add_json_number(out, value);
            } else {
                const char *text = cell_text(column, row);
                gable_csv_add_cell(out, text ? text : "");
            }
        }
    }
    gable_text_add(out, "\n");
}

/* ---- JSON ---- */

static void add_json_cell(gable_text *out, const gable_column *column, const void *row)
{
    if (is_number(column)) {
        gable_text_add_json_number(out, cell_number(column, row));
        return;
    }
    const char *text = cell_text(column, row);
    if (!text || column->type == GABLE_CELL_BOOL)
        gable_text_add(out, text ? text : "null");
    else
        gable_text_add_json_string(out, text);
}

void gable_report_members(gable_text *out, const gable_column *columns, size_t n_columns,
                          const void *row, const char *separator)
{
    for (size_t i = 0; i < n_columns; i++) {
        gable_text_addf(out, "%s\"%s\": ", i ? separator : "", columns[i].key);
        add_json_cell(out, &columns[i], row);
    }
}

/* An array with one row a line, so that two answers can be compared by diff. */
static void write_json(gable_text *out, const gable_table *table, int width)
{
    (void)width;
    gable_text_add(out, "[");
    for (size_t i_row = 0; i_row < table->n_rows; i_row++) {
        gable_text_add(out, i_row ? ",\n    {" : "\n    {");
        gable_report_members(out, table->columns, table->n_columns, row_at(table, i_row), ", ");
        gable_text_add(out, "}");
    }
    gable_text_add(out, table->n_rows ? "\n  ]" : "]");
}

typedef void table_writer(gable_text *out, const gable_table *table, int width);

static table_writer *const writers[GABLE_N_FORMATS] = {
    [GABLE_FORMAT_TEXT] = write_text,
    [GABLE_FORMAT_JSON] = write_json,
    [GABLE_FORMAT_CSV] = write_csv,
    [GABLE_FORMAT_MD] = write_md,
};

void gable_table_write(gable_text *out, const gable_table *table, gable_format format, int width)
{
    writers[format](out, table, width);
}
