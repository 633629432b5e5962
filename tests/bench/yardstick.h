/* What speed is compared with, in the same process: a bare roofline (two divisions and a maximum
 * per operator) over the rows of a plan. Medians, for a machine that is shared and noisy. */
#ifndef GABLE_TESTS_BENCH_YARDSTICK_H
#define GABLE_TESTS_BENCH_YARDSTICK_H
#include <stdlib.h>
#include <time.h>

#include "engine/engine.h"

static double now_s(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, ascending);
    return values[n / 2];
}

static volatile double sink;

/* Counted by callgrind under this name. */
__attribute__((noinline)) void bare_roofline(const gable_plan *plan);

__attribute__((noinline)) void bare_roofline(const gable_plan *plan)
{
    volatile double peak = 989e12,
                    bandwidth = 3.35e12; /* volatile: the compiler must not hoist the divisions */
    double total = 0.0;
    for (int i = 0; i < plan->n_rows; i++) {
        double compute = plan->work[i].flops / peak, memory = plan->work[i].hbm_bytes / bandwidth;
        total += plan->calls[i] * (compute > memory ? compute : memory);
    }
    sink = total;
}

/* Seconds of one, of CPU time. */
static double bare_roofline_s(const gable_plan *plan, int loops)
{
    double start = now_s(CLOCK_PROCESS_CPUTIME_ID);
    for (int loop = 0; loop < loops; loop++)
        bare_roofline(plan);
    return (now_s(CLOCK_PROCESS_CPUTIME_ID) - start) / loops;
}

#endif
