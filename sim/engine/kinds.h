/* engine/kinds: tables of measured operators: which columns a KIND has, and what operator a row is.
 * The column latency_us is never looked at here, so no prediction can depend on it.
 * Room: engine. Uses: base, cost. Columns and label traps: shared/measurements/README.md 5 and 7.
 */
#ifndef GABLE_ENGINE_KINDS_H
#define GABLE_ENGINE_KINDS_H
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "cost/cost.h"

enum { GABLE_ROW_COLUMNS_CAP = 20, GABLE_ROW_LABELS_CAP = 3 };

/* One column of a KIND. */
typedef struct gable_row_column {
    const char *name;
    bool label;  /* text; else a number */
    bool hashed; /* part of the shape that the train/test split goes by */
    bool blank;  /* a number that may be left empty: 0; a label whose column may be missing: "" */
} gable_row_column;

/* Cells of one row, in the order of the KIND's columns: number[i] or label[i]. */
typedef struct gable_cells {
    double number[GABLE_ROW_COLUMNS_CAP];
    const char *label[GABLE_ROW_COLUMNS_CAP];
} gable_cells;

typedef struct gable_table_kind {
    const char *name; /* "gemm" */
    gable_row_column columns[GABLE_ROW_COLUMNS_CAP];
    int n_columns;
    int dtype_column;   /* the label that results are grouped by; -1: none */
    bool library_first; /* no column framework: column 0, the library, stands for it */
    /* Labels that together name the kernel, "gdn/chunk_scan/context"; none: the column `kernel`,
     * where there is one. */
    int kernel_columns[GABLE_ROW_LABELS_CAP], n_kernel_columns;
    /* Fills `op`; returns NULL, or why the row is outside the model's range (fixed text). */
    const char *(*make)(const gable_cells *cells, gable_op *op);
} gable_table_kind;

/* One row of a table. */
typedef struct gable_row {
    gable_op op;
    const char *device, *framework, *version, *kernel; /* NULL where the table has no such column */
    const char *dtype;                                 /* label as written */
    uint64_t shape; /* hash of the shape alone: equal for all devices, formats and stacks */
    uint64_t draw;  /* hash of all numbers of the row: what samples of rows are drawn by */
    bool alike; /* a product whose operands hold one value: multipliers draw less than on others */
    const char *unsupported; /* NULL, or why the row cannot be priced */
} gable_row;

typedef struct gable_rows {
    const gable_csv *csv;
    const gable_table_kind *kind;
    gable_row *row; /* csv->n_rows */
} gable_rows;

/* KINDs of kinds_stream.c. */
enum {
    GABLE_LINEAR_COLUMNS = 15,
    GABLE_MHC_COLUMNS = 4,
    GABLE_QUANTIZE_COLUMNS = 3,
    GABLE_WIDE_COLUMNS = 12
};
const char *gable_kind_make_linear(const gable_cells *cells, gable_op *op);
const char *gable_kind_make_mhc(const gable_cells *cells, gable_op *op);
const char *gable_kind_make_quantize(const gable_cells *cells, gable_op *op);
const char *gable_kind_make_wide(const gable_cells *cells, gable_op *op);

/* Understands "balanced", "uniform", "power_law_1.2". */
bool gable_row_routing(const char *label, gable_moe *moe);

extern const gable_table_kind gable_table_kinds[];
extern const int gable_n_table_kinds;

/* The KIND of that name; NULL when there is none. */
const gable_table_kind *gable_table_kind_find(const char *name);

/* Understands every row. Refuses with GABLE_INPUT: a missing column (with the nearest name), a cell
 * that is no number, a number below 0 (with file, line and column). */
gable_status gable_rows_read(gable_arena *arena, const gable_csv *csv, const gable_table_kind *kind,
                             gable_rows *out, gable_err *err);

/* Half that a shape belongs to: true for the rows that constants are fitted to. */
bool gable_row_trains(const gable_row *row);

/* Formats that a label stands for ("w4a8_mxfp4_mxfp8", "int8_wo", or the name of a format). */
bool gable_row_formats(const char *label, gable_dtype *weights, gable_dtype *activations);

#endif
