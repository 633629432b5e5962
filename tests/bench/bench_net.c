/* Pricing one collective inside a step, and 5112 flows of a rack whose first device is hot, each as
 * a ratio to plain arithmetic beside it; seconds of CPU time, for a machine that is shared. Not a
 * test: run by `make bench`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "net/fabric.h"
#include "net/flows.h"
#include "net/net.h"

enum { LOOPS = 200000, ROUNDS = 9 };

static volatile double sink;

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, compare);
    return values[ROUNDS / 2];
}

/* Two roots and a division: the least that the formula needs. */
static double yardstick_s(void)
{
    volatile double bytes = 1e6;
    double start = now_s();
    for (int i = 0; i < LOOPS; i++)
        sink = sqrt(bytes / 4e11) + sqrt(bytes * 3e-6);
    return (now_s() - start) / LOOPS;
}

static double price_s(const gable_collective *c, const gable_machine *machine)
{
    gable_transfer t;
    double start = now_s();
    for (int i = 0; i < LOOPS; i++) {
        gable_net_transfer(c, machine, &t);
        sink = t.time.time_s;
    }
    return (now_s() - start) / LOOPS;
}

static void bench_collective(const gable_machine *machine, const char *title,
                             const gable_collective *c)
{
    double priced[ROUNDS], bare[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        bare[i] = yardstick_s();
        priced[i] = price_s(c, machine);
    }
    double each = median(priced);
    printf("%-32s %8.1f ns  %6.1f x two square roots\n", title, 1e9 * each, each / median(bare));
}

/* All but the first device get 1 MB from each other one, the first three times as much. */
static gable_status bench_flows(gable_arena *arena, const gable_machine *machine, gable_err *err)
{
    double took[ROUNDS];
    gable_traffic traffic = {
        .pattern = GABLE_PATTERN_MOE, .n_ranks = 72, .n_nodes = 1, .bytes = 72e6};
    for (int i = 0; i < ROUNDS; i++) {
        size_t mark = gable_arena_mark(arena);
        gable_flows flows;
        gable_flows_end end;
        GABLE_TRY(gable_traffic_build(arena, machine->system, &traffic, &flows, err));
        for (size_t k = 0; k < flows.n_flows; k++)
            flows.flow_bytes[k] *= flows.path[flows.path_at[k] + 1] == 1 ? 3.0 : 1.0;
        double start = now_s();
        GABLE_TRY(gable_flows_run(arena, &flows, &end, err));
        took[i] = now_s() - start;
        sink = end.makespan_s;
        gable_arena_release(arena, mark);
    }
    printf("%-32s %8.2f ms\n", "5112 flows, one device hot", 1e3 * median(took));
    return GABLE_OK;
}

int main(void)
{
    gable_arena arena;
    gable_err err = {0};
    gable_machine h100, rack;
    gable_status status = gable_arena_init(&arena, (size_t)256 << 20, &err);
    if (status == GABLE_OK)
        status = gable_machine_load(&arena, "hw", "hgx-h100-8", "trtllm", &h100, &err);
    if (status == GABLE_OK)
        status = gable_machine_load(&arena, "hw", "gb200-nvl72", "trtllm", &rack, &err);
    if (status == GABLE_OK) {
        gable_collective c = {.kind = GABLE_COLLECTIVE_ALL_REDUCE, .bytes = 1e6, .n_ranks = 8};
        bench_collective(&h100, "all-reduce, 1 MB, 8 ranks", &c);
        c.bytes = 1e9;
        bench_collective(&h100, "all-reduce, 1 GB, 8 ranks", &c);
        c.bytes = 65536.0;
        bench_collective(&h100, "all-reduce, 64 KiB, 8 ranks", &c);
        c.bytes = 1e6;
        c.kind = GABLE_COLLECTIVE_ALL_GATHER;
        bench_collective(&h100, "all-gather, 1 MB, 8 ranks", &c);
        status = bench_flows(&arena, &rack, &err);
    }
    if (status != GABLE_OK)
        fprintf(stderr, "bench: %s\n", err.text);
    gable_arena_free(&arena);
    return (int)status;
}
