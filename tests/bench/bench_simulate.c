/* Speed of the event simulation: 100 000 requests as they arrive at one engine, and in a closed
 * loop, as a ratio to sorting as many numbers in the same run. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "engine/serving_sim.h"

enum { ROUNDS = 9, N = 100000 };

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

static double sort_s(const double *values, double *scratch)
{
    double start = now_s();
    for (size_t i = 0; i < N; i++)
        scratch[i] = values[(i * 7919) % N];
    qsort(scratch, N, sizeof *scratch, ascending);
    return now_s() - start;
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof *values, ascending);
    return values[ROUNDS / 2];
}

typedef struct subject {
    const char *title;
    double requests_per_s; /* 0: a closed loop */
    size_t clients;
} subject;

static const subject subjects[] = {{"at random, 8 a second", 8.0, 0},
                                   {"closed loop of 64", 0.0, 64},
                                   {"closed loop of 512", 0.0, 512}};

static gable_status load(gable_arena *arena, gable_requests *requests, gable_step_costs *costs,
                         gable_sim_setup *setup, gable_err *err)
{
    gable_lengths lengths = gable_lengths_of(1024, 256, 0.9);
    gable_machine machine = {0};
    gable_serving_constants constants;
    gable_serving_rules rules;
    gable_serving_parts parts;
    const gable_model *model;
    gable_serving_request request = {
        .isl = 1024, .osl = 256, .concurrency = 64, .tp = 1, .ep = 1, .pp = 1, .cp = 1, .dp = 1};
    GABLE_TRY(gable_model_load(arena, "workloads", "llama-3.1-8b", &model, err));
    GABLE_TRY(gable_machine_load(arena, "hw", "h100-sxm", "vllm", &machine, err));
    GABLE_TRY(
        gable_serving_load(arena, "hw", machine.accelerator, "vllm", &constants, &rules, err));
    GABLE_TRY(gable_serving_price(arena, model, &machine, &rules, &request, &parts, err));
    GABLE_TRY(gable_requests_init(arena, N, requests, err));
    GABLE_TRY(gable_arrivals_lengths(arena, &lengths, 1, requests, err));
    gable_request_range range = gable_request_range_of(requests, 0);
    gable_served served = {model, &machine, &rules, &request, &parts};
    GABLE_TRY(gable_serving_engine(arena, &served, &range, costs, &setup->rules, err));
    setup->rules.extras = gable_serving_extras(&constants, parts.n_layers);
    setup->n_engines = 1;
    return GABLE_OK;
}

static gable_status run(gable_arena *arena, const subject *s, gable_sim_setup *setup,
                        gable_requests *requests, gable_err *err)
{
    double simulated[ROUNDS], ratio[ROUNDS], *scratch;
    gable_simulated out;
    GABLE_TRY(gable_arena_take(arena, N, sizeof *scratch, &scratch, err));
    setup->clients = s->clients;
    if (s->clients == 0)
        GABLE_TRY(gable_arrivals_times(arena, s->requests_per_s, 1.0, 1, requests, err));
    for (int i = 0; i < ROUNDS; i++) {
        double start = now_s();
        GABLE_TRY(gable_simulate(arena, setup, requests, &out, err));
        simulated[i] = now_s() - start;
        ratio[i] = simulated[i] / sort_s(requests->end_s, scratch);
    }
    printf(
        "%-24s %d requests, %9.0f steps  %6.1f ms  %5.0f ns a request  %5.1f x sorting as many\n",
        s->title, N, out.n_steps, 1e3 * median(simulated), 1e9 * median(simulated) / N,
        median(ratio));
    return GABLE_OK;
}

int main(void)
{
    gable_arena arena;
    gable_err err = {0};
    gable_requests requests;
    gable_step_costs costs;
    gable_sim_setup setup = {0};
    gable_status status = gable_arena_init(&arena, (size_t)256 << 20, &err);
    if (status == GABLE_OK)
        status = load(&arena, &requests, &costs, &setup, &err);
    for (size_t i = 0; status == GABLE_OK && i < sizeof subjects / sizeof subjects[0]; i++)
        status = run(&arena, &subjects[i], &setup, &requests, &err);
    if (status != GABLE_OK)
        fprintf(stderr, "bench: %s\n", err.text);
    gable_arena_free(&arena);
    return (int)status;
}
