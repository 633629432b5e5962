/* engine/diff: two priced steps compared, and what made them differ: fields of the scenario, fields
 * of the files under hw/ and workloads/, or the program.
 * Room: engine. Uses: engine/check.
 *
 * A field's part in a change is not read off but priced. Fields of the scenario are exchanged one
 * after another, so their parts add up. Each field of a data file is exchanged alone, in the data
 * of before; fields that meet in one operator (two rates of one roof) do not add up, so what the
 * parts leave over is a figure of its own, `rest_s`. */
#ifndef GABLE_ENGINE_DIFF_H
#define GABLE_ENGINE_DIFF_H
#include "engine/check.h"

/* One step of the two. */
typedef struct gable_diff_side {
    gable_check check; /* the scenario, and what its file recorded */
    bool answers;      /* the file is an answer of `gable cost --format json`, "gable.cost/1" */
    const char *hw, *workloads; /* the data that it is priced with */
    bool is_priced;             /* figures: priced now; else as the file has them */
    gable_check_figures figures;
    bool has[GABLE_N_CHECK_METRICS];
} gable_diff_side;

/* Reads a recorded scenario ("gable.check/1") or an answer of `gable cost` ("gable.cost/1").
 * Refuses with GABLE_INPUT and file:line:column. */
gable_status gable_diff_read(gable_arena *arena, const char *path, gable_diff_side *out,
                             gable_err *err);

/* What a cause is. X(symbol, key) */
#define GABLE_DIFF_CAUSE_LIST(X)                                                                   \
    X(SCENARIO, "scenario")                                                                        \
    X(DATA, "data") /* a field of a file, or the whole file */                                     \
    X(PROGRAM, "program")

typedef enum gable_diff_kind {
#define GABLE_DIFF_CAUSE_ENUM(symbol, key) GABLE_DIFF_##symbol,
    GABLE_DIFF_CAUSE_LIST(GABLE_DIFF_CAUSE_ENUM)
#undef GABLE_DIFF_CAUSE_ENUM
        GABLE_N_DIFF_KINDS
} gable_diff_kind;
extern const char *const gable_diff_kind_keys[GABLE_N_DIFF_KINDS];

typedef struct gable_diff_cause {
    gable_diff_kind kind;
    const char *file;  /* "hw/accelerators/x.json"; of the scenario and program, NULL */
    const char *field; /* "hbm.bandwidth", "system, tp"; NULL: the whole file. Of the
                          program: data that are not as recorded either; NULL: all are */
    const char *old_text, *now_text; /* as they are written; "absent" */
    const char *reason;              /* why it could not be priced alone; NULL: it could */
    double effect_s;                 /* on the time of the step */
    const char *most;                /* the operator (or figure) that it moves most; NULL: none */
    int n_operators;                 /* that it moves */
} gable_diff_cause;

typedef struct gable_diff {
    gable_diff_side before, after;
    gable_check compared; /* recorded: before, now: after; its changes and moves */
    double base_s;        /* before, priced now: what effects are measured from; NaN: not priced */
    int n_causes;
    gable_diff_cause *causes; /* by |effect|, largest first */
    int n_idle;               /* fields that differ and move nothing */
    double rest_s;            /* time of after - before that no cause alone accounts for */
    bool data_known;          /* fields of data were compared: there are folders of both sides */
    bool data_moved[GABLE_N_CHECK_DATA]; /* files whose recorded hashes differ */
} gable_diff;

/* What is compared. */
typedef struct gable_diff_request {
    const char *before, *after; /* files; after NULL: the scenario of before, priced now */
    const char *data; /* root of the data of the program, which holds hw/ and workloads/ */
    const char *data_before, *data_after; /* roots; NULL: `data`, and figures as recorded */
    gable_arena *keep, *scratch;
} gable_diff_request;

/* Reads, prices and compares. Without data_before the figures of before are those recorded, if
 * there are any. Fails with GABLE_INPUT where a side cannot be read or priced. */
gable_status gable_diff_run(const gable_diff_request *request, gable_diff *out, gable_err *err);

/* ---- shared by the files of this room ---- */

/* A value that is not the same in two documents; `a` or `b` is NULL where it is absent. */
typedef struct gable_diff_leaf {
    const gable_json *a, *b;
    const gable_json *parent; /* the object in the first document that lacks `b` */
} gable_diff_leaf;

/* Values in which two documents differ, notes left out; at most `cap` are kept, all are counted. */
size_t gable_diff_leaves(const gable_json *a, const gable_json *b, gable_diff_leaf *leaves,
                         size_t cap);

/* `text`, the document of leaf->a, with this one value as it is in the other document. */
void gable_diff_patch(const char *text, size_t length_bytes, const gable_diff_leaf *leaf,
                      gable_text *out);

/* Adds the causes among the fields of the scenarios, and of the data files of the two sides. */
gable_status gable_diff_find_causes(const gable_diff_request *request, gable_diff *diff,
                                    gable_err *err);

#endif
