/* Speed of pricing a step, as a ratio to a yardstick in the same run.
 *   bench_price            all subjects, medians of rounds
 *   bench_price --count I  subject I and the yardstick, COUNTED times each: what callgrind counts
 */
#include <stdio.h>
#include <string.h>

#include "yardstick.h"

enum { ROUNDS = 15, LOOPS = 20000, COUNTED = 200 };

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
enum { N_SUBJECTS = sizeof subjects / sizeof subjects[0] };

typedef struct prepared {
    const gable_model *model;
    gable_machine machine;
    gable_plan plan;
    gable_step step;
} prepared;

static gable_status prepare(gable_arena *arena, const subject *s, prepared *out, gable_err *err)
{
    GABLE_TRY(gable_model_load(arena, "workloads", s->model, &out->model, err));
    GABLE_TRY(gable_machine_load(arena, "hw", s->system, "trtllm", &out->machine, err));
    GABLE_TRY(gable_layout_plan(arena, out->model, &s->scenario, &out->plan, err));
    return gable_step_init(arena, &out->plan, &out->step, err);
}

static double price_s(prepared *p)
{
    double start = now_s(CLOCK_PROCESS_CPUTIME_ID);
    for (int loop = 0; loop < LOOPS; loop++) {
        gable_engine_price(&p->plan, &p->machine, &p->step);
        sink = p->step.time_s_total;
    }
    return (now_s(CLOCK_PROCESS_CPUTIME_ID) - start) / LOOPS;
}

static gable_status run(gable_arena *arena, const subject *s, gable_err *err)
{
    prepared p;
    double priced[ROUNDS], ratio[ROUNDS];
    GABLE_TRY(prepare(arena, s, &p, err));
    for (int i = 0; i < ROUNDS; i++) {
        double bare = bare_roofline_s(&p.plan, LOOPS);
        priced[i] = price_s(&p);
        ratio[i] = priced[i] / bare;
    }
    printf("%-32s %3d rows  %8.0f ns a step  %6.1f x a bare roofline\n", s->title, p.plan.n_rows,
           1e9 * median(priced, ROUNDS), median(ratio, ROUNDS));
    return GABLE_OK;
}

static gable_status count(gable_arena *arena, const subject *s, gable_err *err)
{
    prepared p;
    GABLE_TRY(prepare(arena, s, &p, err));
    for (int i = 0; i < COUNTED; i++) {
        bare_roofline(&p.plan);
        gable_engine_price(&p.plan, &p.machine, &p.step);
    }
    printf("%s\n", s->title);
    return GABLE_OK;
}

int main(int argc, char **argv)
{
    gable_arena arena;
    gable_err err = {0};
    int one = argc == 3 && strcmp(argv[1], "--count") == 0 ? argv[2][0] - '0' : -1;
    gable_status status = gable_arena_init(&arena, (size_t)256 << 20, &err);
    for (int i = 0; status == GABLE_OK && i < N_SUBJECTS; i++) {
        if (one >= 0 && i == one)
            status = count(&arena, &subjects[i], &err);
        else if (one < 0)
            status = run(&arena, &subjects[i], &err);
    }
    if (status != GABLE_OK)
        fprintf(stderr, "bench: %s\n", err.text);
    gable_arena_free(&arena);
    return (int)status;
}
