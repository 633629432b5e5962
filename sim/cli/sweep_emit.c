/* cli/sweep_emit: see sweep_emit.h. */
#include "cli/sweep_emit.h"

/* The command of one shard; `shard` is what the launcher puts in. */
static void add_command(gable_text *out, const gable_sweep_launch *l, const char *shard)
{
    gable_text_add(out, "\"$GABLE\" sweep \"$SWEEP\"");
    if (l->top > 0)
        gable_text_addf(out, " --top %d", l->top);
    if (l->pareto) {
        gable_text_add(out, " --pareto ");
        gable_text_add_quoted(out, l->pareto);
    }
    gable_text_addf(out, " --threads %d --shard %s/%d --resume -o \"$PARTS/%s.json\"",
                    l->threads > 0 ? l->threads : 1, shard, l->shards, shard);
}

static void add_setup(gable_text *out, const gable_sweep_launch *l)
{
    gable_text_add(out, "export GABLE=${GABLE:-gable} SWEEP=");
    gable_text_add_quoted(out, l->path);
    gable_text_addf(out, " PARTS=${PARTS:-%s-parts}\nmkdir -p \"$PARTS\"\n", l->name);
}

static void emit_slurm(gable_text *out, const gable_sweep_launch *l)
{
    gable_text_addf(out,
                    "#!/bin/sh\n"
                    "#SBATCH --job-name=%s\n"
                    "#SBATCH --array=1-%d\n"
                    "#SBATCH --cpus-per-task=%d\n"
                    "#SBATCH --requeue\n"
                    "#SBATCH --signal=B:TERM@30\n"
                    "#SBATCH --output=%%x-%%A_%%a.log\n"
                    "# sbatch this file; once the array is through: gable merge %s-parts/*.json\n",
                    l->name, l->shards, l->threads > 0 ? l->threads : 1, l->name);
    add_setup(out, l);
    add_command(out, l, "$SLURM_ARRAY_TASK_ID");
    /* What was cut off goes on from its journal, three times at most. */
    gable_text_add(out, " &\ntrap \"kill -TERM $!\" TERM\nwait $! && exit 0\n"
                        "[ \"${SLURM_RESTART_COUNT:-0}\" -lt 3 ] && scontrol requeue "
                        "\"$SLURM_JOB_ID\"\nexit 1\n");
}

static void emit_parallel(gable_text *out, const gable_sweep_launch *l)
{
    gable_text_addf(out, "#!/bin/sh\n# Run it again after a failure: only what is missing is done. "
                         "--sshlogin FILE spreads it over machines.\nset -eu\n");
    add_setup(out, l);
    gable_text_addf(out,
                    "seq %d | parallel --joblog \"$PARTS/joblog\" --resume-failed --retries 3 "
                    "--halt soon,fail=20%% ",
                    l->shards);
    gable_text shard = {0};
    add_command(&shard, l, "{}");
    gable_text_add_quoted(out, shard.text ? shard.text : "");
    out->failed |= shard.failed;
    gable_text_free(&shard);
    gable_text_add(out, "\n\"$GABLE\" merge \"$PARTS\"/*.json \"$@\"\n");
}

void gable_sweep_emit(gable_text *out, const gable_sweep_launch *launch)
{
    if (launch->slurm)
        emit_slurm(out, launch);
    else
        emit_parallel(out, launch);
}
