/* report: results -> text, JSON, CSV, Markdown, explain trees, pictures. Nothing here computes a
 * time: it shows what the engine priced. A format is one row of a table of writers, a column one
 * row of a table of columns. Room: report. Uses: every room below. How to add a format or a
 * picture: sim/report/README.md. */
#ifndef GABLE_REPORT_H
#define GABLE_REPORT_H
#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"
#include "engine/compress.h"
#include "engine/decoding.h"
#include "engine/engine.h"
#include "machine/edit.h"

typedef enum gable_format {
    GABLE_FORMAT_TEXT,
    GABLE_FORMAT_JSON,
    GABLE_FORMAT_CSV,
    GABLE_FORMAT_MD,
    GABLE_N_FORMATS
} gable_format;

/* "text" "json" "csv" "md" NULL: choices of --format. */
extern const char *const gable_formats[];

/* ---- tables: report/table.c ---- */

typedef enum gable_cell_type {
    GABLE_CELL_TEXT,   /* const char * member; NULL is an absent value */
    GABLE_CELL_NUMBER, /* double member; NaN is an absent value */
    GABLE_CELL_SHARE,  /* double member, a fraction; shown to people as % */
    GABLE_CELL_INT,    /* int member */
    GABLE_CELL_BOOL    /* bool member */
} gable_cell_type;

enum { GABLE_COLUMN_NEVER = -1, GABLE_COLUMNS_CAP = 32 };

/* One column. Machines see `key` and the shortest decimal in base units; people see `header`, and
 * one unit for the whole column with 4 significant digits. */
typedef struct gable_column {
    const char *key;    /* unit in the ending: "time_s" */
    const char *header; /* "time" */
    gable_cell_type type;
    gable_dim dim;
    const char *unit; /* shown where `dim` has no unit: "FLOP/B"; else NULL */
    size_t offset;    /* member of the row */
    int drop; /* text: 0 always shown; the greatest goes first when the terminal is narrow; NEVER */
} gable_column;

/* A column of a struct's member that is called as its key is. */
#define GABLE_CELL(struct_, key_, header_, type_, drop_)                                           \
    {                                                                                              \
        .key = #key_, .header = (header_), .type = GABLE_CELL_##type_,                             \
        .offset = offsetof(struct_, key_), .drop = (drop_)                                         \
    }

typedef struct gable_table {
    const gable_column *columns;
    size_t n_columns; /* <= GABLE_COLUMNS_CAP */
    const void *rows;
    size_t row_bytes, n_rows;
    const void *total; /* a row below a rule, in text and Markdown; NULL: none */
} gable_table;

/* Appends the table. Absent values are null in JSON, empty in CSV and "-" to people.
 *   width   columns of the terminal, for text */
void gable_table_write(gable_text *out, const gable_table *table, gable_format format, int width);

/* ---- one priced step ---- */

/* What all reports of a step read; owns nothing. */
typedef struct gable_priced {
    const gable_plan *plan;
    const gable_machine *machine;
    const gable_step *step;
    bool constants;                 /* explain lists the constants of each kernel's form */
    const gable_decoding *decoding; /* how the step's tokens come about; NULL: one after another */
    const gable_compression *compression;        /* NULL: none */
    const gable_edited_list *edited;             /* fields of the machine; NULL: none */
    const struct gable_uncertainty *uncertainty; /* --interval; NULL: not asked for */
    const struct gable_energy *energy;           /* what it draws; NULL: not asked for */
    const struct gable_rent *rent;               /* what its devices cost; NULL: not asked for */
} gable_priced;

/* The answer of `gable cost` (CONTRACT 4): headline, regime table and notes in text; "gable.cost/1"
 * in JSON; one row per operator in CSV and Markdown. Fails with GABLE_INTERNAL when the arena is
 * full. */
gable_status gable_report_cost(gable_arena *arena, const gable_priced *priced, gable_format format,
                               int width, gable_text *out, gable_err *err);

/* "llama… on hgx…, tp 8, stack …", and the same with its phase: "decode step of …". */
void gable_report_subject(gable_text *out, const gable_priced *priced);
void gable_report_title(gable_text *out, const gable_priced *priced);

/* "memory, 64 % of time: …": why the step takes as long as it does, one sentence without a full
 * stop. */
void gable_report_verdict(gable_text *out, const gable_priced *priced);

/* ---- explain: report/explain.c ---- */

/* How a node's value follows from its children. */
typedef enum gable_combine {
    GABLE_COMBINE_NONE, /* it does not: they illustrate it */
    GABLE_COMBINE_SUM,
    GABLE_COMBINE_MAX,
    GABLE_COMBINE_LAST, /* the last child's value; the ones before it lead there */
    GABLE_N_COMBINES
} gable_combine;

/* One factor of a node's formula; `divides`: below the line. */
typedef struct gable_factor {
    const char *symbol;
    double value;
    gable_dim dim;
    const char *unit; /* where dim has none: "FLOP", "B" …; NULL */
    bool divides;
} gable_factor;

enum { GABLE_FACTORS_CAP = 8 };

/* A line of arithmetic: value = product of the factors (when there are any), and value = its
 * children combined. Lives in an arena. */
typedef struct gable_node gable_node;
struct gable_node {
    const char *label;
    double value;
    gable_dim dim;
    const char *unit; /* where dim has none */
    const char
        *source; /* "spec H100T", "fitted: 137 rows of …"; NULL: follows from the lines around it */
    const char *reason; /* one line; may be NULL */
    gable_combine combine;
    int n_factors;
    gable_factor factors[GABLE_FACTORS_CAP];
    gable_node *child, *last, *next;
};

/* The arithmetic of a step as a tree. The nodes live in the arena. */
gable_status gable_explain_build(gable_arena *arena, const gable_priced *priced,
                                 const gable_node **root, gable_err *err);

/* Whether every value below follows from its factors and children within `tolerance` (relative);
 * the first that does not is named in `label` (may be NULL). */
bool gable_explain_holds(const gable_node *root, double tolerance, const char **label);

/* "gable.explain/1" or indented lines. CSV and Markdown list the same lines as a table. */
gable_status gable_explain_write(gable_arena *arena, const gable_node *root, gable_format format,
                                 int width, gable_text *out, gable_err *err);

#endif
