/* engine/sweep_result: what came of a sweep, or of a part of it: its points with all their figures,
 * so that parts can be joined and shown without models and machines.
 * Room: engine. Uses: engine/sweep_run.h. */
#ifndef GABLE_ENGINE_SWEEP_RESULT_H
#define GABLE_ENGINE_SWEEP_RESULT_H
#include "engine/sweep_run.h"

enum { GABLE_SWEEP_RANGES_CAP = 4096, GABLE_SWEEP_SHARD_CAP = 32 };

/* A point with what it says and costs. */
typedef struct gable_sweep_found {
    uint64_t index;
    const char *text[GABLE_SWEEP_AXES_CAP]; /* of axes of words */
    double value[GABLE_SWEEP_AXES_CAP];     /* of others */
    double metric[GABLE_N_METRICS];         /* NaN: not published */
    const char *bound;
} gable_sweep_found;

typedef struct gable_sweep_named_axis {
    const char *key;
    double n; /* values; 0: a range */
    bool words;
    gable_dim dim;
} gable_sweep_named_axis;

typedef struct gable_sweep_range {
    uint64_t first, end;
} gable_sweep_range;

/* Lives in an arena. */
typedef struct gable_sweep_result {
    const char *path;       /* of the part that was read; NULL: priced here */
    const char *name, *why; /* why may be NULL */
    char hash[17];
    char shard[GABLE_SWEEP_SHARD_CAP]; /* "2/7"; "" for a whole sweep */
    bool sampled;
    uint64_t total;
    int n_ranges;
    gable_sweep_range *range; /* ascending, not touching: what was priced */
    uint64_t points, refused, feasible;
    uint64_t first_refused; /* UINT64_MAX: none */
    const char *refused_why;
    int n_axes;
    gable_sweep_named_axis axis[GABLE_SWEEP_AXES_CAP];
    gable_sweep_goal objective, front[2];
    bool has_front;
    int n_where, top;
    const char *where[GABLE_SWEEP_WHERE_CAP];
    gable_sweep_histogram histogram;
    uint64_t bin[GABLE_SWEEP_BINS_CAP + 2];
    int n_found, n_in_front;
    gable_sweep_found *found, *in_front;
} gable_sweep_result;

/* Prices what was kept of the points of `job` again, one by one, and fills the result. Fails with
 * GABLE_INTERNAL when a point costs another amount alone than it did among others. */
gable_status gable_sweep_collect(gable_arena *arena, const gable_sweep *sweep,
                                 const gable_sweep_job *job, const gable_sweep_kept *kept,
                                 gable_sweep_result *out, gable_err *err);

/* Reads what `gable sweep --format json` wrote. Refuses with GABLE_INPUT. */
gable_status gable_sweep_part_read(gable_arena *arena, const char *path, gable_sweep_result *out,
                                   gable_err *err);

/* Joins parts of one sweep. Refuses (GABLE_INPUT) parts of different sweeps and points that are
 * there twice, and names the files. The order of the parts does not matter. */
gable_status gable_sweep_join(gable_arena *arena, const gable_sweep_result *parts, int n,
                              gable_sweep_result *out, gable_err *err);

/* Whether all points are there. */
bool gable_sweep_complete(const gable_sweep_result *result);

#endif
