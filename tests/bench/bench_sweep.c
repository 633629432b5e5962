/* Points per second of the sweep that speed is judged by, end to end with the best ten, in one and
 * two threads; and the time of a point as a ratio to a bare roofline over the rows of its step.
 *   bench_sweep          medians of rounds
 *   bench_sweep --count  some points in one thread, and as many bare rooflines: what callgrind
 * counts
 */
#include <stdio.h>
#include <string.h>

#include "engine/sweep_run.h"
#include "yardstick.h"

enum { ROUNDS = 5, LOOPS = 20000, COUNTED = 50000 };

/* Everything lives in `arena`, but the result. */
typedef struct bench {
    gable_arena arena;
    gable_sweep *sweep;
    gable_sweep_kept *kept;
    gable_sweep_priced *first;
} bench;

static gable_status open_bench(bench *b, gable_err *err)
{
    gable_sweep_request request = {
        .path = "configs/sweeps/bench.json", .hw = "hw", .workloads = "workloads"};
    GABLE_TRY(gable_arena_init(&b->arena, (size_t)512 << 20, err));
    GABLE_TRY(gable_arena_take(&b->arena, 1, sizeof *b->sweep, &b->sweep, err));
    GABLE_TRY(gable_arena_take(&b->arena, 1, sizeof *b->kept, &b->kept, err));
    GABLE_TRY(gable_arena_take(&b->arena, 1, sizeof *b->first, &b->first, err));
    GABLE_TRY(gable_sweep_read(&b->arena, &request, b->sweep, err));
    return gable_sweep_price(&b->arena, b->sweep, 0, b->first, err);
}

static gable_status sweep_points(bench *b, uint64_t n, int threads, gable_err *err)
{
    gable_sweep_job job = {.end = n, .threads = threads};
    bool stopped;
    gable_sweep_keep_start(b->kept);
    return gable_sweep_run(b->sweep, &job, b->kept, &stopped, err);
}

/* Wall time, for threads; the ratio is of CPU time. */
static gable_status time_threads(bench *b, int threads, gable_err *err)
{
    double rate[ROUNDS], ratio[ROUNDS], n = (double)b->sweep->total;
    for (int i = 0; i < ROUNDS; i++) {
        double bare = bare_roofline_s(&b->first->plan, LOOPS);
        double wall = now_s(CLOCK_MONOTONIC), cpu = now_s(CLOCK_PROCESS_CPUTIME_ID);
        GABLE_TRY(sweep_points(b, b->sweep->total, threads, err));
        cpu = now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        rate[i] = n / (now_s(CLOCK_MONOTONIC) - wall);
        ratio[i] = cpu / n / bare;
    }
    printf("sweep of %.0f million points, %d thread%s %5.2f M points/s  %6.1f x a bare roofline\n",
           1e-6 * n, threads, threads > 1 ? "s" : " ", 1e-6 * median(rate, ROUNDS),
           median(ratio, ROUNDS));
    return GABLE_OK;
}

static gable_status count(bench *b, gable_err *err)
{
    for (int i = 0; i < COUNTED; i++)
        bare_roofline(&b->first->plan);
    printf("sweep, a point\n");
    return sweep_points(b, COUNTED, 1, err);
}

int main(int argc, char **argv)
{
    bench b = {0};
    gable_err err = {0};
    gable_status status = open_bench(&b, &err);
    if (status == GABLE_OK && argc == 2 && strcmp(argv[1], "--count") == 0) {
        status = count(&b, &err);
    } else if (status == GABLE_OK) {
        status = time_threads(&b, 1, &err);
        if (status == GABLE_OK)
            status = time_threads(&b, 2, &err);
    }
    if (status != GABLE_OK)
        fprintf(stderr, "bench: %s\n", err.text);
    gable_arena_free(&b.arena);
    return (int)status;
}
