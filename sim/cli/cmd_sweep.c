/* gable sweep: a grid or a sample of scenarios, priced; the best of them, a front, a histogram. */
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/sweep_emit.h"
#include "engine/sweep_journal.h"
#include "report/sweep.h"

typedef struct sweep_options {
    int top, threads, shards;
    const char *pareto, *shard, *output;
    bool resume, stats;
    int emit, format;
} sweep_options;

enum { EMIT_NONE, EMIT_SLURM };
static const char *const emitters[] = {"none", "slurm", "parallel", NULL};
static const int shards_default = 16;

static const gable_option options[] = {
    {.name = "top",
     .type = GABLE_OPTION_INT,
     .dim = GABLE_DIM_COUNT,
     .argument = "K",
     .min = 1.0,
     .max = GABLE_SWEEP_TOP_CAP,
     .offset = offsetof(sweep_options, top),
     .help = "points to keep by the objective, instead of the file's number"},
    {.name = "pareto",
     .type = GABLE_OPTION_TEXT,
     .argument = "X,Y",
     .offset = offsetof(sweep_options, pareto),
     .help = "two metrics whose front to keep; \"min \" or \"max \" before one turns it round"},
    {.name = "threads",
     .type = GABLE_OPTION_INT,
     .dim = GABLE_DIM_COUNT,
     .argument = "N",
     .min = 0.0,
     .max = 1024.0,
     .offset = offsetof(sweep_options, threads),
     .help = "threads; 0: as many as OpenMP takes (OMP_NUM_THREADS)"},
    {.name = "shard",
     .type = GABLE_OPTION_TEXT,
     .argument = "I/N",
     .offset = offsetof(sweep_options, shard),
     .help = "the I-th of N equal parts, in JSON, for `gable merge`"},
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .argument = "FILE",
     .offset = offsetof(sweep_options, output),
     .help = "write the answer to FILE, whole or not at all; FILE.journal remembers what is done"},
    {.name = "resume",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(sweep_options, resume),
     .help = "go on with what FILE.journal remembers, if it is there"},
    {.name = "stats",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(sweep_options, stats),
     .help = "points and points_per_s of the pricing loop to stderr, as JSON"},
    {.name = "emit",
     .type = GABLE_OPTION_CHOICE,
     .argument = "LAUNCHER",
     .choices = emitters,
     .default_text = "none",
     .offset = offsetof(sweep_options, emit),
     .help = "instead of running, print a script that runs all shards: slurm, parallel"},
    {.name = "shards",
     .type = GABLE_OPTION_INT,
     .dim = GABLE_DIM_COUNT,
     .argument = "N",
     .min = 1.0,
     .max = 1000.0,
     .offset = offsetof(sweep_options, shards),
     .help = "how many of them, for --emit (default 16)"},
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .argument = "FORMAT",
     .choices = gable_formats,
     .default_text = "text",
     .offset = offsetof(sweep_options, format),
     .help = "form of the answer; of a shard it is json"},
};

/* ---- watching ---- */

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What is done after each block. */
typedef struct watcher {
    gable_sweep_journal journal;
    bool shows;                   /* stderr is a terminal */
    uint64_t points, before, all; /* priced now, priced earlier, of the job */
    double start_s, shown_s;
    sigset_t stop;
} watcher;

static const double show_every_s = 0.2;

static void show(watcher *w)
{
    enum { BAR = 24 };
    char bar[BAR + 1] = {0};
    double now = now_s(), took = now - w->start_s;
    if (!w->shows || now - w->shown_s < show_every_s)
        return;
    w->shown_s = now;
    double rate = took > 0.0 ? (double)w->points / took : 0.0;
    double done = (double)(w->points + w->before), frac = w->all ? done / (double)w->all : 1.0;
    for (int i = 0; i < BAR; i++)
        bar[i] = i < (int)(frac * BAR) ? '#' : '.';
    double left = rate > 0.0 ? ((double)w->all - done) / rate : 0.0;
    fprintf(stderr, "\r[%s] %3.0f %%  %.3g M points/s, %.0f s left ", bar, 100.0 * frac,
            1e-6 * rate, left);
}

static void hide(const watcher *w)
{
    if (w->shows)
        fprintf(stderr, "\r%79s\r", "");
}

static const int asks[] = {SIGINT, SIGTERM, SIGHUP};

/* Those that ask to stop, but for what the caller has us ignore (nohup). */
static void stop_signals(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        struct sigaction now;
        if (sigaction(asks[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(set, asks[i]);
    }
}

/* They wait until a block is over: they are blocked while the sweep runs. */
static bool asked_to_stop(const sigset_t *stop)
{
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++)
        if (sigismember(stop, asks[i]) == 1 && sigismember(&pending, asks[i]) == 1)
            return true;
    return false;
}

static bool watch(void *context, uint64_t block, const gable_sweep_kept *of_block, gable_err *err)
{
    watcher *w = context;
    w->points += of_block->points;
    if (w->journal.fd >= 0)
        gable_sweep_journal_add(&w->journal, block, of_block, err);
    show(w);
    return err->status == GABLE_OK && !asked_to_stop(&w->stop);
}

/* ---- running ---- */

/* "2/7" */
static gable_status read_shard(gable_cli *cli, const char *text, const gable_sweep *sweep,
                               gable_sweep_job *job)
{
    int i, n, end = 0;
    job->first = 0;
    job->end = sweep->total;
    if (!text)
        return GABLE_OK;
    if (sscanf(text, "%9d/%9d%n", &i, &n, &end) != 2 || text[end] != '\0' || i < 1 || i > n)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--shard %.40s: expected I/N with I from 1 to N, such as 2/7", text);
    job->first = gable_sweep_shard_start(sweep->total, (uint64_t)i - 1, (uint64_t)n);
    job->end = gable_sweep_shard_start(sweep->total, (uint64_t)i, (uint64_t)n);
    return GABLE_OK;
}

static bool to_file(const sweep_options *o)
{
    return o->output && strcmp(o->output, "-") != 0;
}

/* A journal that is there and not asked for may be hours of work. */
static gable_status open_journal(gable_cli *cli, const sweep_options *o, const gable_sweep *sweep,
                                 gable_sweep_job *job, gable_sweep_kept *kept,
                                 gable_sweep_journal *out)
{
    static const char ending[] = ".journal";
    size_t n = o->output ? strlen(o->output) : 0;
    char *path;
    bool *done;
    out->fd = -1;
    if (o->resume && !to_file(o))
        return gable_fail(&cli->err, GABLE_USAGE, "--resume needs -o FILE: FILE.journal remembers");
    if (!to_file(o))
        return GABLE_OK;
    GABLE_TRY(gable_arena_take(&cli->arena, n + sizeof ending, 1, &path, &cli->err));
    memcpy(path, o->output, n);
    memcpy(path + n, ending, sizeof ending);
    if (!o->resume && gable_file_exists(path))
        return gable_fail(&cli->err, GABLE_USAGE,
                          "%.400s is of a sweep that was cut off: --resume goes on with it, or "
                          "remove it",
                          path);
    GABLE_TRY(gable_arena_take(&cli->arena, gable_sweep_n_blocks(sweep, job) + 1, sizeof *done,
                               &done, &cli->err));
    job->done = done;
    return gable_sweep_journal_open(&cli->arena, sweep, job, path, done, kept, out, &cli->err);
}

/* Says how to go on, behind what failed or alone; then a signal does what it does. */
static gable_status end_early(gable_cli *cli, watcher *w, const sigset_t *mask)
{
    char how[GABLE_ERR_CAP];
    size_t length = strlen(cli->err.text);
    bool kept = w->journal.fd >= 0;
    gable_sweep_journal_close(&w->journal, false);
    snprintf(how, sizeof how, "stopped after %" PRIu64 " of %" PRIu64 " points%s%s",
             w->points + w->before, w->all,
             kept ? "; the same command with --resume goes on, from "
                  : "; with -o FILE it could have been resumed",
             kept ? w->journal.path : "");
    gable_text_make_safe(how);
    if (cli->err.status == GABLE_OK)
        gable_cli_note("%s", how);
    else
        snprintf(cli->err.text + length, sizeof cli->err.text - length, "; %s", how);
    sigprocmask(SIG_SETMASK, mask, NULL);
    return gable_fail(&cli->err, GABLE_OUTPUT, "stopped");
}

static void write_stats(const watcher *w, int threads)
{
    double took = now_s() - w->start_s;
    fprintf(stderr,
            "{\"points\": %" PRIu64
            ", \"points_per_s\": %.0f, \"time_s\": %.6f, \"threads\": %d}\n",
            w->points, took > 0.0 ? (double)w->points / took : 0.0, took, threads);
}

static gable_status run_job(gable_cli *cli, const sweep_options *o, const gable_sweep *sweep,
                            gable_sweep_job *job, gable_sweep_kept *kept)
{
    sigset_t before;
    bool stopped = false;
    watcher w = {.shows = isatty(STDERR_FILENO), .all = job->end - job->first};
    GABLE_TRY(open_journal(cli, o, sweep, job, kept, &w.journal));
    stop_signals(&w.stop);
    sigprocmask(SIG_BLOCK, &w.stop, &before);
    w.before = kept->points;
    w.start_s = w.shown_s = now_s();
    gable_sweep_job watched = *job;
    watched.threads = o->threads;
    watched.watch = watch;
    watched.context = &w;
    gable_status status = gable_sweep_run(sweep, &watched, kept, &stopped, &cli->err);
    hide(&w);
    if (o->stats)
        write_stats(&w, o->threads > 0 ? o->threads : gable_sweep_threads());
    if (stopped && w.points + w.before < w.all)
        return end_early(cli, &w, &before);
    /* The journal goes when the answer is there: remove_journal(). */
    gable_sweep_journal_close(&w.journal, false);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}

static gable_status deliver(gable_cli *cli, const sweep_options *o)
{
    if (!to_file(o))
        return GABLE_OK;
    if (cli->out.failed)
        return gable_fail(&cli->err, GABLE_INTERNAL, "out of memory");
    GABLE_TRY(gable_cli_write(cli, o->output, cli->out.text, cli->out.length_bytes));
    gable_text_free(&cli->out);
    cli->out = (gable_text){0};
    return GABLE_OK;
}

/* The answer is there: what its journal remembers is not needed any more. */
static void remove_journal(const sweep_options *o)
{
    char journal[4096];
    if (!to_file(o))
        return;
    snprintf(journal, sizeof journal, "%s.journal", o->output);
    unlink(journal);
}

static gable_status sweep_and_report(gable_cli *cli, const sweep_options *o,
                                     const gable_sweep *sweep)
{
    gable_sweep_kept *kept;
    gable_sweep_job job = {0};
    gable_sweep_result *result;
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *kept, &kept, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *result, &result, &cli->err));
    gable_sweep_keep_start(kept);
    GABLE_TRY(read_shard(cli, o->shard, sweep, &job));
    GABLE_TRY(run_job(cli, o, sweep, &job, kept));
    GABLE_TRY(gable_sweep_collect(&cli->arena, sweep, &job, kept, result, &cli->err));
    if (o->shard && job.end - job.first < sweep->total)
        snprintf(result->shard, sizeof result->shard, "%s", o->shard);
    gable_report_sweep(&cli->out, result, o->shard ? GABLE_FORMAT_JSON : (gable_format)o->format,
                       cli->width);
    GABLE_TRY(deliver(cli, o));
    remove_journal(o);
    return result->feasible > 0 || o->shard ? GABLE_OK : GABLE_DIFFERS;
}

/* Options that would do nothing beside others that are there. */
static gable_status refuse_idle(gable_cli *cli, const sweep_options *o)
{
    if (o->emit == EMIT_NONE)
        return o->shards == 0 ? GABLE_OK
                              : gable_fail(&cli->err, GABLE_USAGE,
                                           "--shards needs --emit slurm or --emit parallel; one "
                                           "part alone is --shard I/%d",
                                           o->shards);
    const char *idle = o->shard ? "--shard" : o->resume ? "--resume" : o->stats ? "--stats" : NULL;
    if (!idle)
        return GABLE_OK;
    return gable_fail(&cli->err, GABLE_USAGE,
                      "--emit prints a script and runs nothing, expected no %s: each run of the "
                      "script has --shard and --resume of its own",
                      idle);
}

static gable_status run(gable_cli *cli, const void *given)
{
    const sweep_options *o = given;
    gable_sweep *sweep;
    if (cli->n_arguments != 1)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "sweep needs one file, such as configs/sweeps/bench.json");
    GABLE_TRY(refuse_idle(cli, o));
    gable_sweep_request request = {.path = cli->arguments[0],
                                   .hw = cli->hw,
                                   .workloads = cli->workloads,
                                   .top = o->top,
                                   .pareto = o->pareto};
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *sweep, &sweep, &cli->err));
    GABLE_TRY(gable_sweep_read(&cli->arena, &request, sweep, &cli->err));
    if (o->emit == EMIT_NONE)
        return sweep_and_report(cli, o, sweep);
    gable_sweep_launch launch = {.slurm = o->emit == EMIT_SLURM,
                                 .path = cli->arguments[0],
                                 .name = sweep->name,
                                 .pareto = o->pareto,
                                 .top = o->top,
                                 .threads = o->threads,
                                 .shards = o->shards > 0 ? o->shards : shards_default};
    gable_sweep_emit(&cli->out, &launch);
    return deliver(cli, o);
}

const gable_command gable_command_sweep = {
    .name = "sweep",
    .summary = "price a grid or a sample of scenarios: the best, a front, a histogram",
    .arguments = "FILE.json",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(sweep_options),
    .examples = "gable sweep configs/sweeps/batch-context.json\n"
                "gable sweep configs/sweeps/bench.json --threads 2 --stats -o best.txt\n"
                "gable sweep configs/sweeps/bench.json --shard 2/7 -o part-2.json --resume\n"
                "gable sweep configs/sweeps/bench.json --emit slurm --shards 64 > sweep.sbatch\n",
    .run = run,
};
