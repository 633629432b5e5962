/* engine/acceptance: see acceptance.h. */
#include "engine/acceptance.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static double length_at(double rate, int n_drafted)
{
    double length = 1.0, survives = 1.0;
    for (int i = 0; i < n_drafted; i++)
        length += survives *= rate;
    return length;
}

void gable_acceptance_of_rate(double rate, int n_drafted, gable_acceptance *out)
{
    *out = (gable_acceptance){.n_known = n_drafted, .source = "a rate that was given"};
    for (int k = 0; k <= n_drafted; k++)
        out->length[k] = length_at(rate, k);
}

/* The length grows with the rate: halving an interval 60 times leaves nothing of a double. */
static double rate_of(double length, int n_drafted)
{
    double low = 0.0, high = 1.0;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2.0;
        if (length_at(middle, n_drafted) < length)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2.0;
}

gable_status gable_acceptance_of_length(double length, int n_drafted, gable_acceptance *out,
                                        gable_err *err)
{
    if (!(length >= 1.0 && length <= n_drafted + 1.0))
        return gable_fail(err, GABLE_USAGE,
                          "--accepted-length %g: with %d drafted tokens a step yields 1 to %d",
                          length, n_drafted, n_drafted + 1);
    gable_acceptance_of_rate(rate_of(length, n_drafted), n_drafted, out);
    out->length[n_drafted] = length;
    out->source = "a length that was given";
    return GABLE_OK;
}

double gable_acceptance_rate(const gable_acceptance *acceptance, int n_drafted)
{
    return rate_of(acceptance->length[n_drafted], n_drafted);
}

/* Columns of the table. */
typedef struct columns {
    size_t name, model, method, source;
} columns;

static const char *cell(const gable_csv *csv, size_t row, size_t column)
{
    return csv->cells[row * csv->n_columns + column];
}

static gable_status read_row(gable_arena *arena, const gable_csv *csv, size_t row,
                             const columns *at, gable_acceptance *out, gable_err *err)
{
    char header[16], text[300];
    *out = (gable_acceptance){.length = {1.0}};
    for (int k = 1; k <= GABLE_DRAFT_CAP; k++) {
        snprintf(header, sizeof header, "al_%d", k);
        size_t column = gable_csv_column(csv, header);
        if (column == csv->n_columns || !*cell(csv, row, column))
            break;
        double length;
        if (!gable_num_parse(cell(csv, row, column), &length) ||
            !(length >= 1.0 && length <= k + 1.0))
            return gable_csv_fail(csv, row, column, err, "expected a length from 1 to %d", k + 1);
        out->length[k] = length;
        out->n_known = k;
    }
    int n = snprintf(text, sizeof text, "%.60s: %.200s", cell(csv, row, at->name),
                     cell(csv, row, at->source));
    out->source = gable_arena_copy(arena, text, (size_t)n);
    return out->source ? GABLE_OK : gable_fail(err, GABLE_INTERNAL, "arena full");
}

static gable_status unknown_table(gable_arena *arena, const gable_csv *csv, size_t column,
                                  const char *name, gable_err *err)
{
    const char **names;
    GABLE_TRY(gable_arena_take(arena, csv->n_rows + 1, sizeof *names, &names, err));
    for (size_t i = 0; i < csv->n_rows; i++)
        names[i] = cell(csv, i, column);
    const char *near = gable_text_nearest(name, names, csv->n_rows);
    return gable_fail(err, GABLE_INPUT, "%s: no table \"%.60s\"%s%s%s", csv->file, name,
                      near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

gable_status gable_acceptance_read(gable_arena *arena, const char *path, const char *name,
                                   const char *model, const char *method, gable_acceptance *out,
                                   gable_err *err)
{
    gable_csv csv;
    columns at;
    GABLE_TRY(gable_csv_read(arena, path, &csv, err));
    GABLE_TRY(gable_csv_need(&csv, "name", &at.name, err));
    GABLE_TRY(gable_csv_need(&csv, "model", &at.model, err));
    GABLE_TRY(gable_csv_need(&csv, "method", &at.method, err));
    GABLE_TRY(gable_csv_need(&csv, "source", &at.source, err));
    for (size_t i = 0; i < csv.n_rows; i++) {
        bool wanted = name ? strcmp(cell(&csv, i, at.name), name) == 0
                           : strcmp(cell(&csv, i, at.model), model) == 0 &&
                                 strcmp(cell(&csv, i, at.method), method) == 0;
        if (wanted)
            return read_row(arena, &csv, i, &at, out, err);
    }
    if (name)
        return unknown_table(arena, &csv, at.name, name, err);
    return gable_fail(err, GABLE_INPUT,
                      "%s: no table of the drafted tokens that %s keeps (method %s); give "
                      "--acceptance-rate, --accepted-length or --acceptance-table",
                      path, model, method);
}
