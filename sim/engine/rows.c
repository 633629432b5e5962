/* engine/rows: a table -> operators (kinds.h). Cells are checked here; what they mean is the KIND's
 * matter. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/kinds.h"

/* Where the columns of a KIND stand in a table; n_columns of the table for those that it lacks. */
typedef struct columns {
    size_t at[GABLE_ROW_COLUMNS_CAP];
    size_t device, framework, version, kernel;
} columns;

/* FNV-1a, 64 bit, finished with the mixer of MurmurHash3 so that the low bit depends on all of the
 * text. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

static uint64_t hash_end(uint64_t hash)
{
    hash ^= hash >> 33;
    hash *= 0xff51afd7ed558ccdu;
    hash ^= hash >> 33;
    hash *= 0xc4ceb9fe1a85ec53u;
    return hash ^ (hash >> 33);
}

bool gable_row_trains(const gable_row *row)
{
    return (row->shape & 1) == 0;
}

/* Hash of "m=128;n=4096;k=7168;"; all: of numbers outside the shape too. */
static uint64_t hash_shape(const gable_table_kind *kind, const gable_cells *cells, bool all)
{
    uint64_t hash = 14695981039346656037u;
    for (int i = 0; i < kind->n_columns; i++) {
        char value[GABLE_NUM_TEXT_CAP];
        const gable_row_column *column = &kind->columns[i];
        if (!column->hashed && (column->label || !all))
            continue;
        hash = hash_text(hash, column->name);
        hash = hash_text(hash, "=");
        hash = hash_text(hash, column->label ? cells->label[i]
                                             : gable_num_print(cells->number[i], value));
        hash = hash_text(hash, ";");
    }
    return hash_end(hash);
}

static gable_status find_columns(const gable_csv *csv, const gable_table_kind *kind, columns *out,
                                 gable_err *err)
{
    for (int i = 0; i < kind->n_columns; i++) {
        const gable_row_column *column = &kind->columns[i];
        out->at[i] = gable_csv_column(csv, column->name);
        if (!column->label || !column->blank)
            GABLE_TRY(gable_csv_need(csv, column->name, &out->at[i], err));
    }
    out->device = gable_csv_column(csv, "device");
    out->framework = gable_csv_column(csv, "framework");
    out->version = gable_csv_column(csv, "version");
    out->kernel = gable_csv_column(csv, "kernel");
    return GABLE_OK;
}

static const char *cell(const gable_csv *csv, size_t row, size_t column)
{
    return csv->cells[row * csv->n_columns + column];
}

static const char *optional(const gable_csv *csv, size_t row, size_t column)
{
    const char *text = column < csv->n_columns ? cell(csv, row, column) : NULL;
    return text && *text ? text : NULL;
}

static gable_status take_cells(const gable_csv *csv, const gable_table_kind *kind,
                               const columns *at, size_t row, gable_cells *out, gable_err *err)
{
    for (int i = 0; i < kind->n_columns; i++) {
        const char *text = at->at[i] < csv->n_columns ? cell(csv, row, at->at[i]) : "";
        double value;
        if (kind->columns[i].label) {
            out->label[i] = text;
            continue;
        }
        if (!*text && kind->columns[i].blank)
            continue;
        if (!gable_num_parse(text, &value))
            return gable_csv_fail(csv, row, at->at[i], err, "\"%.40s\" is not a number", text);
        if (value < 0.0 || value > 1e15 || value != floor(value))
            return gable_csv_fail(csv, row, at->at[i], err,
                                  "%.40s: expected a whole number from 0 to 1e15", text);
        out->number[i] = value;
    }
    return GABLE_OK;
}

/* "gdn/chunk_scan/context". Neighbouring rows mostly name the same kernel: the last name is used
 * again. */
static gable_status name_kernel(gable_arena *arena, const gable_table_kind *kind,
                                const gable_cells *cells, const char **last, gable_err *err)
{
    char text[256] = "";
    size_t n = 0;
    for (int i = 0; i < kind->n_kernel_columns; i++) {
        int more = snprintf(text + n, sizeof text - n, "%s%.80s", i ? "/" : "",
                            cells->label[kind->kernel_columns[i]]);
        n += (size_t)more;
    }
    if (*last && strcmp(*last, text) == 0)
        return GABLE_OK;
    *last = gable_arena_copy(arena, text, n);
    return *last ? GABLE_OK : gable_fail(err, GABLE_INTERNAL, "arena full");
}

/* Over how many copies of its weights each collector rotates (measurements/README.md 3): its
 * operands may be in L2. */
static double copies_of(const char *framework)
{
    bool trtllm_rule = framework && strcmp(framework, "trtllm") == 0;
    return trtllm_rule ? 5.0 : -6.0;
}

static bool measured_by(const gable_row *row, const char *framework, const char *version)
{
    return row->framework && row->version && strcmp(row->framework, framework) == 0 &&
           strncmp(row->version, version, strlen(version)) == 0;
}

/* The collector of TensorRT-LLM 1.0 hits one rank with all of a few tokens; that of vLLM fills the
 * operands of products with one value (measurements/README.md 1, fact 3). */
static void take_collector(gable_row *row)
{
    row->alike = row->op.kind == GABLE_OP_GEMM && measured_by(row, "vllm", "");
    if (row->op.kind == GABLE_OP_MOE && measured_by(row, "trtllm", "1.0."))
        row->op.moe.clumped = true;
}

gable_status gable_rows_read(gable_arena *arena, const gable_csv *csv, const gable_table_kind *kind,
                             gable_rows *out, gable_err *err)
{
    columns at = {0};
    const char *named = NULL;
    *out = (gable_rows){.csv = csv, .kind = kind};
    GABLE_TRY(find_columns(csv, kind, &at, err));
    GABLE_TRY(gable_arena_take(arena, csv->n_rows + 1, sizeof *out->row, &out->row, err));
    for (size_t i = 0; i < csv->n_rows; i++) {
        gable_cells cells = {0};
        gable_row *row = &out->row[i];
        GABLE_TRY(take_cells(csv, kind, &at, i, &cells, err));
        row->device = optional(csv, i, at.device);
        row->framework = optional(csv, i, at.framework);
        row->version = optional(csv, i, at.version);
        row->kernel = optional(csv, i, at.kernel);
        if (kind->n_kernel_columns > 0) {
            GABLE_TRY(name_kernel(arena, kind, &cells, &named, err));
            row->kernel = named;
        }
        if (kind->library_first)
            row->framework = cells.label[0];
        row->dtype = kind->dtype_column >= 0 ? cells.label[kind->dtype_column] : "";
        row->shape = hash_shape(kind, &cells, false);
        row->draw = hash_shape(kind, &cells, true);
        row->unsupported = kind->make(&cells, &row->op);
        row->op.copies = copies_of(row->framework);
        take_collector(row);
    }
    return GABLE_OK;
}
