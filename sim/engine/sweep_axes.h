/* engine/sweep_axes: what an axis of a sweep may be called, and reading its values. Private to the
 * sweep.
 * Room: engine. Uses: engine/sweep.h. */
#ifndef GABLE_ENGINE_SWEEP_AXES_H
#define GABLE_ENGINE_SWEEP_AXES_H
#include "engine/sweep.h"

/* The table, in the order of the digits, and its length. */
extern const gable_sweep_row gable_sweep_rows[];
extern const int gable_sweep_n_rows;

/* What nothing is said about. */
extern const gable_sweep_words gable_sweep_defaults;

/* Finds what `node` (a member of "axes") names and reads its values, but for those of fields, which
 * are read once the machines are known. */
gable_status gable_sweep_axis_read(gable_arena *arena, const gable_json *node, bool sampled,
                                   gable_sweep_axis *out, gable_err *err);

/* Values of a field on one machine: fills value i of `out` for i in 0 … n - 1. */
gable_status gable_sweep_field_read(const gable_sweep_axis *axis, const gable_edit *edit,
                                    double *out, gable_err *err);

/* Whether a value of the axis is another machine to load: system, stack, clocks. */
bool gable_sweep_loads(const gable_sweep_axis *axis);

/* Whether values are words: names, formats, choices, true and false. */
bool gable_sweep_in_words(const gable_sweep_row *row, const gable_edit_field *field);

/* Puts one value of an axis of the table into words. */
void gable_sweep_set_word(const gable_sweep_axis *axis, int at, double value,
                          gable_sweep_words *words);

#endif
