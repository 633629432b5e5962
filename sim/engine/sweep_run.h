/* engine/sweep_run: the points of a sweep, priced block after block on several threads, and what is
 * kept of them.
 * Room: engine. Uses: engine/sweep.h. */
#ifndef GABLE_ENGINE_SWEEP_RUN_H
#define GABLE_ENGINE_SWEEP_RUN_H
#include "engine/sweep.h"

/* One point that is kept: x of the objective or the front, y of the front. */
typedef struct gable_sweep_entry {
    uint64_t index;
    double x, y;
} gable_sweep_entry;

/* What is kept of a range of points. */
typedef struct gable_sweep_kept {
    uint64_t points, refused, feasible;
    uint64_t first_refused; /* UINT64_MAX: none */
    int n_top, n_front;
    gable_sweep_entry top[GABLE_SWEEP_TOP_CAP];     /* best first */
    gable_sweep_entry front[GABLE_SWEEP_FRONT_CAP]; /* by x, best first */
    bool overflow;                                  /* of the front */
    uint64_t bin[GABLE_SWEEP_BINS_CAP + 2];         /* below, the bins, above */
} gable_sweep_kept;

void gable_sweep_keep_start(gable_sweep_kept *kept);
void gable_sweep_keep_top(const gable_sweep *sweep, gable_sweep_kept *kept,
                          const gable_sweep_entry *entry);
void gable_sweep_keep_front(const gable_sweep *sweep, gable_sweep_kept *kept,
                            const gable_sweep_entry *entry);
void gable_sweep_keep_all(const gable_sweep *sweep, gable_sweep_kept *kept,
                          const gable_sweep_kept *more);

/* Called from one thread at a time, after each block. False: stop here. */
typedef bool gable_sweep_watch(void *context, uint64_t block, const gable_sweep_kept *of_block,
                               gable_err *err);

typedef struct gable_sweep_job {
    uint64_t first, end; /* points */
    int threads;         /* 0: as many as OpenMP takes */
    const bool *done;    /* of each block: already in `kept`; NULL: none */
    gable_sweep_watch *watch;
    void *context;
} gable_sweep_job;

/* Where the i-th of n equal parts of a sweep starts; the n-th (counted from 0) at its end. */
uint64_t gable_sweep_shard_start(uint64_t total, uint64_t i, uint64_t n);

/* Threads of a job that does not say. */
int gable_sweep_threads(void);

/* n_bins + 1 edges, ascending. */
void gable_sweep_edges(const gable_sweep_histogram *histogram, double *edges);

/* Blocks of a job. */
uint64_t gable_sweep_n_blocks(const gable_sweep *sweep, const gable_sweep_job *job);

/* Prices the points of a job and adds them to `kept`. Memory does not go with their number.
 *   stopped   watch said so: the blocks that it saw are in `kept`, others are not */
gable_status gable_sweep_run(const gable_sweep *sweep, const gable_sweep_job *job,
                             gable_sweep_kept *kept, bool *stopped, gable_err *err);

#endif
