/* engine/sweep_goals: reading what a sweep looks for. Private to the sweep. All refuse with
 * GABLE_INPUT and, where there is a node, its place.
 * Room: engine. Uses: engine/sweep.h. */
#ifndef GABLE_ENGINE_SWEEP_GOALS_H
#define GABLE_ENGINE_SWEEP_GOALS_H
#include "engine/sweep.h"

/* "max tokens_per_s", or a metric alone: then the way that its row calls better. */
gable_status gable_sweep_goal_read(const char *text, gable_sweep_goal *out, gable_err *err);

/* Lists of conditions; without one (NULL) a point must fit. */
gable_status gable_sweep_where_read(gable_arena *arena, const gable_json *node, gable_sweep *out,
                                    gable_err *err);

/* Two goals, of the file (NULL: none) and of the command line ("x,y"; NULL: as the file says). */
gable_status gable_sweep_front_read(const gable_json *node, gable_sweep *out, gable_err *err);
gable_status gable_sweep_front_words(gable_arena *arena, const char *text, gable_sweep *out,
                                     gable_err *err);

gable_status gable_sweep_histogram_read(const gable_json *node, gable_sweep_histogram *out,
                                        gable_err *err);

/* A member that is a number or a quantity of that dimension. */
gable_status gable_sweep_quantity(const gable_json *object, const char *key, gable_dim dim,
                                  double *out, gable_err *err);

/* "log", "linear", or nothing (linear). */
gable_status gable_sweep_scale_read(const gable_json *node, bool *log, gable_err *err);

gable_status gable_sweep_expect(const gable_json *node, gable_json_type type, gable_err *err);

#endif
