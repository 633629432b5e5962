/* cli/sweep_emit: scripts that run the shards of a sweep and join them.
 * Room: cli. Uses: base. */
#ifndef GABLE_CLI_SWEEP_EMIT_H
#define GABLE_CLI_SWEEP_EMIT_H
#include <stdbool.h>

#include "base/base.h"

typedef struct gable_sweep_launch {
    bool slurm;       /* an array of jobs; else GNU parallel */
    const char *path; /* of the sweep's file */
    const char *name;
    const char *pareto; /* NULL: as the file says */
    int top, threads, shards;
} gable_sweep_launch;

/* A shell script. Shards that were killed are redone from where they were. */
void gable_sweep_emit(gable_text *out, const gable_sweep_launch *launch);

#endif
