/* engine/sweep_journal: what a sweep that is cut off has done already: one line for each block,
 * with a checksum. A line that is torn or damaged, and all after it, count for nothing.
 * Room: engine. Uses: engine/sweep_run.h. */
#ifndef GABLE_ENGINE_SWEEP_JOURNAL_H
#define GABLE_ENGINE_SWEEP_JOURNAL_H
#include "engine/sweep_run.h"

typedef struct gable_sweep_journal {
    int fd; /* < 0: closed */
    const char *path;
    int64_t synced_s; /* when it was last sure to be on the disk */
} gable_sweep_journal;

/* Opens the journal of a job, for one process at a time. What it holds is added to `kept`, and the
 * blocks marked in `done` (gable_sweep_n_blocks of them). Refuses (GABLE_INPUT) the journal of
 * another sweep or part; fails with GABLE_OUTPUT when it cannot be written or another process has
 * it. */
gable_status gable_sweep_journal_open(gable_arena *arena, const gable_sweep *sweep,
                                      const gable_sweep_job *job, const char *path, bool *done,
                                      gable_sweep_kept *kept, gable_sweep_journal *out,
                                      gable_err *err);

gable_status gable_sweep_journal_add(gable_sweep_journal *journal, uint64_t block,
                                     const gable_sweep_kept *kept, gable_err *err);

/* Closes it; `finished`: what it was for is done, and it is removed. */
void gable_sweep_journal_close(gable_sweep_journal *journal, bool finished);

#endif
