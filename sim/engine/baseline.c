/* engine/baseline: see baseline.h. */
#include "engine/baseline.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A row on its way into its group; sorted so that groups are runs. */
typedef struct entry {
    const char *device, *dtype, *framework;
    size_t row;
} entry;

typedef struct baseline {
    gable_arena *arena;
    const char *hw;
    const gable_rows *rows;
    const double *measured_s;
    double *out;
    gable_err *err;
} baseline;

static int compare_groups(const entry *x, const entry *y)
{
    int device = strcmp(x->device, y->device), dtype = strcmp(x->dtype, y->dtype);
    return device ? device : dtype ? dtype : strcmp(x->framework, y->framework);
}

static int compare(const void *a, const void *b)
{
    const entry *x = (const entry *)a, *y = (const entry *)b;
    int groups = compare_groups(x, y);
    return groups ? groups : (x->row > y->row) - (x->row < y->row);
}

static size_t collect(const baseline *b, const char *device, entry *entries)
{
    size_t n = 0;
    for (size_t i = 0; i < b->rows->csv->n_rows; i++) {
        const gable_row *row = &b->rows->row[i];
        const char *own = row->device ? row->device : device;
        b->out[i] = (double)NAN;
        if (!row->unsupported && own && row->op.kind != GABLE_OP_EXCHANGE)
            entries[n++] = (entry){own, row->dtype, row->framework ? row->framework : "", i};
    }
    qsort(entries, n, sizeof *entries, compare);
    return n;
}

/* The family of elementwise kernels has the form of three constants; its work is that of the row.
 */
static void fill_rows(const baseline *b, const entry *entries, size_t n, gable_fit_rows *out)
{
    for (size_t i = 0; i < n; i++) {
        const gable_row *row = &b->rows->row[entries[i].row];
        gable_fit_row *to = &out->row[i];
        *to = (gable_fit_row){.op = &row->op,
                              .measured_s = b->measured_s[entries[i].row],
                              .train = gable_row_trains(row)};
        gable_cost_work(&row->op, &to->work);
        to->work.family = GABLE_FAMILY_ELEMENTWISE;
    }
    out->n = n;
}

static size_t count_training(const gable_fit_rows *rows)
{
    size_t n = 0;
    for (size_t i = 0; i < rows->n; i++)
        n += rows->row[i].train;
    return n;
}

static gable_status fit_group(const baseline *b, const entry *entries, size_t n)
{
    gable_constants *silicon;
    gable_fit_rows rows = {.half = true};
    gable_calibrated fitted = {.family = GABLE_FAMILY_ELEMENTWISE};
    gable_kernel_constants kernel = {.sigma_ln = 0.0};
    size_t mark = gable_arena_mark(b->arena);
    GABLE_TRY(
        gable_accelerator_load(b->arena, b->hw, entries[0].device, &rows.accelerator, b->err));
    GABLE_TRY(gable_silicon_load(b->arena, b->hw, rows.accelerator, &silicon, b->err));
    GABLE_TRY(gable_arena_take(b->arena, n, sizeof *rows.row, &rows.row, b->err));
    rows.constants = silicon;
    fill_rows(b, entries, n, &rows);
    if (count_training(&rows) >= gable_fit_least_rows(GABLE_FAMILY_ELEMENTWISE)) {
        GABLE_TRY(gable_fit_kernel(b->arena, &rows, &fitted, b->err));
        memcpy(kernel.value, fitted.value, sizeof kernel.value);
        for (size_t i = 0; i < n; i++) {
            gable_time time;
            gable_cost_time_with(rows.row[i].op, &rows.row[i].work, rows.accelerator,
                                 rows.constants, &kernel, &time);
            b->out[entries[i].row] = time.time_s;
        }
    }
    gable_arena_release(b->arena, mark);
    return GABLE_OK;
}

gable_status gable_baseline_rows(gable_arena *arena, const char *hw, const gable_rows *rows,
                                 const double *measured_s, const char *device, double **out,
                                 gable_err *err)
{
    entry *entries;
    baseline b = {arena, hw, rows, measured_s, NULL, err};
    size_t n_rows = rows->csv->n_rows;
    GABLE_TRY(gable_arena_take(arena, n_rows + 1, sizeof *b.out, &b.out, err));
    GABLE_TRY(gable_arena_take(arena, n_rows + 1, sizeof *entries, &entries, err));
    size_t n = collect(&b, device, entries);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && compare_groups(&entries[i], &entries[end]) == 0;)
            end++;
        GABLE_TRY(fit_group(&b, &entries[i], end - i));
    }
    *out = b.out;
    return GABLE_OK;
}
