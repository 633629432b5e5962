/* report/internal: what the files of this room share.
 * Room: report. Uses: every room below. */
#ifndef GABLE_REPORT_INTERNAL_H
#define GABLE_REPORT_INTERNAL_H
#include "engine/energy.h"
#include "engine/interval.h"
#include "engine/rent.h"
#include "report/report.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* `"key": value` of each column of one row, as members of an object that is open: `separator` goes
 * between them (",\n  " or ", "). */
void gable_report_members(gable_text *out, const gable_column *columns, size_t n_columns,
                          const void *row, const char *separator);

/* One row of the plan as people and scripts see it: all calls of the step on one GPU. */
typedef struct gable_cost_row {
    const char *name, *kind;
    int layers;
    double calls, flops, hbm_bytes, wire_bytes;
    double intensity_flops_per_byte; /* NaN where no byte of memory moves */
    double ceiling_s, time_s, share_frac;
    double hidden_s; /* of time_s, what other rows hide */
    double energy_j; /* NaN where it is not asked for, or the design power is not published */
    const char *bound, *source;
    const char *note; /* why a figure is absent; NULL */
} gable_cost_row;

/* plan->n_rows rows in the arena. */
gable_status gable_report_rows(gable_arena *arena, const gable_priced *priced,
                               const gable_cost_row **rows, gable_err *err);

/* "64 sequences x 1 new token, 1024 tokens cached each" */
void gable_report_batch(gable_text *out, const gable_scenario *scenario);

/* Lines above and below the table of operators, for people. */
void gable_report_headline(gable_text *out, const gable_priced *priced);
void gable_report_notes(gable_text *out, const gable_priced *priced);

/* What runs at the same time, in words. */
const char *gable_report_overlap(const gable_plan *plan);

/* How the tokens of a step come about: lines for people, one more member of an open object. */
void gable_report_decoding(gable_text *out, const gable_decoding *decoding);
void gable_report_decoding_json(gable_text *out, const gable_decoding *decoding);

/* What lives beyond the device's memory (nothing when that is nothing), and what compression costs
 * and gains. */
void gable_report_placement(gable_text *out, const gable_priced *priced);
void gable_report_placement_json(gable_text *out, const gable_priced *priced);

/* Fields of the hardware that were edited: a line each; an array. */
void gable_report_edited(gable_text *out, const gable_edited_list *edited);
void gable_report_edited_json(gable_text *out, const gable_edited_list *edited);

/* How far a step's figures can be trusted, and what it hangs on: lines for people, an object. */
void gable_report_uncertainty(gable_text *out, const gable_uncertainty *uncertainty);
void gable_report_uncertainty_json(gable_text *out, const gable_uncertainty *uncertainty);

/* What a step draws and costs: lines for people, members of an open object. */
void gable_report_energy(gable_text *out, const gable_priced *priced);
void gable_report_energy_json(gable_text *out, const gable_priced *priced);

/* printf into a string of the arena; "" when it is full. */
const char *gable_report_format(gable_arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Appends `part` and frees it; a part that ran out of memory makes `out` fail as well. */
void gable_report_append(gable_text *out, gable_text *part);

/* A copy of `part` in the arena, which is freed; fails with GABLE_INTERNAL when memory ran out. */
gable_status gable_report_keep(gable_arena *arena, gable_text *part, const char **out,
                               gable_err *err);

/* Devices that take part in the step. */
double gable_report_n_devices(const gable_priced *priced);

/* Fails with GABLE_INTERNAL when memory ran out while writing. */
gable_status gable_report_done(const gable_text *out, gable_err *err);

#endif
