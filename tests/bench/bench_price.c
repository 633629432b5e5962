/* Speed of pricing, as a ratio to a yardstick in the same run: a bare roofline (two divisions and a
 * maximum per operator) over as many operators. Medians of repeated rounds, for a machine that is
 * shared and noisy. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/engine.h"

enum { ROUNDS = 15, LOOPS = 20000 };

typedef struct subject {
    const char *title, *model, *system;
    gable_scenario scenario;
} subject;

static const subject subjects[] = {
    {"dense 80 layers, tp 8, decode",
     "llama-3.1-70b",
     "hgx-h100-8",
     {.phase = GABLE_PHASE_DECODE, .batch = 64, .n_cached = 4096, .n_new = 1, .tp = 8, .ep = 1}},
    {"MLA + MoE, tp 8, ep 8, decode",
     "deepseek-v3",
     "hgx-h200-8",
     {.phase = GABLE_PHASE_DECODE, .batch = 64, .n_cached = 4096, .n_new = 1, .tp = 8, .ep = 8}},
    {"MoE 94 layers, tp 4, decode",
     "qwen3-235b-a22b",
     "hgx-h200-8",
     {.phase = GABLE_PHASE_DECODE, .batch = 64, .n_cached = 4096, .n_new = 1, .tp = 4, .ep = 1}},
    {"dense, prefill of 8192",
     "llama-3.1-70b",
     "hgx-h100-8",
     {.phase = GABLE_PHASE_PREFILL, .batch = 1, .n_cached = 0, .n_new = 8192, .tp = 8, .ep = 1}},
};

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, ascending);
    return values[ROUNDS / 2];
}

static volatile double sink;

static double yardstick_s(const gable_plan *plan)
{
    volatile double peak = 989e12,
                    bandwidth = 3.35e12; /* volatile: the compiler must not hoist the divisions */
    double start = now_s();
    for (int loop = 0; loop < LOOPS; loop++) {
        double total = 0.0;
        for (int i = 0; i < plan->n_rows; i++) {
            double compute = plan->work[i].flops / peak,
                   memory = plan->work[i].hbm_bytes / bandwidth;
            total += plan->calls[i] * (compute > memory ? compute : memory);
        }
        sink = total;
    }
    return (now_s() - start) / LOOPS;
}

static double price_s(const gable_plan *plan, const gable_machine *machine, gable_step *step)
{
    double start = now_s();
    for (int loop = 0; loop < LOOPS; loop++) {
        gable_engine_price(plan, machine, step);
        sink = step->time_s_total;
    }
    return (now_s() - start) / LOOPS;
}

static gable_status run(gable_arena *arena, const subject *s, gable_err *err)
{
    const gable_model *model;
    gable_machine machine;
    gable_plan plan;
    gable_step step;
    double priced[ROUNDS], bare[ROUNDS], ratio[ROUNDS];
    GABLE_TRY(gable_model_load(arena, "workloads", s->model, &model, err));
    GABLE_TRY(gable_machine_load(arena, "hw", s->system, "trtllm", &machine, err));
    GABLE_TRY(gable_layout_plan(arena, model, &s->scenario, &plan, err));
    GABLE_TRY(gable_step_init(arena, &plan, &step, err));
    for (int i = 0; i < ROUNDS; i++) {
        bare[i] = yardstick_s(&plan);
        priced[i] = price_s(&plan, &machine, &step);
        ratio[i] = priced[i] / bare[i];
    }
    printf("%-32s %3d rows  %8.0f ns a step  %6.1f x a bare roofline\n", s->title, plan.n_rows,
           1e9 * median(priced), median(ratio));
    return GABLE_OK;
}

int main(void)
{
    gable_arena arena;
    gable_err err = {0};
    gable_status status = gable_arena_init(&arena, (size_t)256 << 20, &err);
    for (size_t i = 0; status == GABLE_OK && i < sizeof subjects / sizeof subjects[0]; i++)
        status = run(&arena, &subjects[i], &err);
    if (status != GABLE_OK)
        fprintf(stderr, "bench: %s\n", err.text);
    gable_arena_free(&arena);
    return (int)status;
}
