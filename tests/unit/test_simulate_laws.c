/* engine: the event simulation against one that makes every step one by one, and against queueing
 * theory. */
#include <string.h>

#include "engine/arrivals.h"
#include "engine/gslx.h"
#include "simulated.h"

/* Steps of 1 ms + 0.1 ms a sequence + 1 us a cached token, kinked at 50; prompts 0.2 ms a token. */
static double two_batches[] = {1, 101}, contexts[] = {0, 50, 1000};
static double bent_s[] = {0.0011, 0.00115, 0.0021, 0.0111, 0.01115, 0.0121};
static double more_s[] = {0, 2e5};
static const gable_step_costs bent = {.n_batch = 2,
                                      .n_context = 3,
                                      .n_tokens = 2,
                                      .n_part = 1,
                                      .n_prior = 1,
                                      .groups = 1,
                                      .passes = 1,
                                      .batch = two_batches,
                                      .context = contexts,
                                      .decode_s = bent_s,
                                      .tokens = token_nodes,
                                      .shared_s = more_s,
                                      .rest_s = no_rest,
                                      .part = one_part,
                                      .prior = no_prior,
                                      .attention_s = no_attention};

/* ---- against every step, one by one ---- */

/* A request in the slow simulation. `done` counts computed tokens, that of the last answer included
 * once it decodes. */
typedef struct slow_request {
    int done, made, held; /* of the prompt; of the answer; in the cache */
    int part;             /* that the step computes */
} slow_request;

enum { SLOW_CAP = 64 };

typedef struct slow_engine {
    const gable_sim_rules *rules;
    gable_requests *r;
    slow_request of[SLOW_CAP];
    size_t running[SLOW_CAP], queue[SLOW_CAP]; /* in order of their start, and of arrival */
    size_t n_running, n_queue, n_arrived, n_ended;
    double now_s, used, batch, context; /* of the cache; decoding sequences, and their tokens */
} slow_engine;

static int wanted(const slow_engine *e, size_t i)
{
    return e->r->prompt[i] + e->of[i].made;
}

static bool decodes(const slow_engine *e, size_t i)
{
    return e->of[i].made > 0 && e->of[i].done >= wanted(e, i);
}

static void count_running(slow_engine *e)
{
    e->used = e->batch = e->context = 0.0;
    for (size_t k = 0; k < e->n_running; k++) {
        size_t i = e->running[k];
        bool d = decodes(e, i);
        e->of[i].part = 0;
        e->used += d ? e->of[i].held : wanted(e, i);
        e->batch += d;
        e->context += d ? e->of[i].held : 0;
    }
}

/* The newest gives way until the next step fits. */
static void give_way(slow_engine *e)
{
    count_running(e);
    for (; e->n_running > 1 && e->used + e->batch > e->rules->cache_tokens; count_running(e)) {
        size_t i = e->running[--e->n_running];
        for (size_t k = e->n_queue++; k > 0; k--) /* valgrind takes memmove for memcpy */
            e->queue[k] = e->queue[k - 1];
        e->queue[0] = i;
        e->of[i].done = e->of[i].held = 0;
    }
}

/* Parts of prompts that run, then of those that wait, as the budget and the cache allow. */
static double take_parts(slow_engine *e)
{
    double room = e->rules->step_tokens - e->batch, tokens = 0.0;
    for (size_t k = 0; k < e->n_running || e->n_queue > 0; k++) {
        if (room < 1.0)
            break;
        if (k == e->n_running) {
            size_t next = e->queue[0];
            if (e->used + wanted(e, next) + e->batch > e->rules->cache_tokens)
                break;
            e->n_queue--;
            for (size_t q = 0; q < e->n_queue; q++)
                e->queue[q] = e->queue[q + 1];
            e->running[e->n_running++] = next;
            e->used += wanted(e, next);
        }
        size_t i = e->running[k];
        if (decodes(e, i))
            continue;
        e->of[i].part = (int)fmin(room, wanted(e, i) - e->of[i].done);
        room -= e->of[i].part;
        tokens += e->of[i].part;
    }
    return tokens;
}

static void end_step(slow_engine *e)
{
    size_t kept = 0;
    for (size_t k = 0; k < e->n_running; k++) {
        size_t i = e->running[k];
        slow_request *s = &e->of[i];
        bool d = decodes(e, i);
        s->done += s->part;
        s->held += d ? 1 : s->part;
        if (d || (s->part > 0 && s->done == wanted(e, i))) {
            s->made++;
            s->done++;
            if (s->made == 1)
                e->r->first_s[i] = e->now_s;
        }
        if (s->made == e->r->answer[i]) {
            e->r->end_s[i] = e->now_s;
            e->n_ended++;
        } else {
            e->running[kept++] = i;
        }
    }
    e->n_running = kept;
}

/* The rules of simulate.h step by step: prompts in parts, blocks of one token. */
static void simulate_slowly(const gable_sim_rules *rules, gable_requests *r)
{
    slow_engine e = {.rules = rules, .r = r};
    while (e.n_ended < r->n) {
        while (e.n_arrived < r->n && r->arrival_s[e.n_arrived] <= e.now_s)
            e.queue[e.n_queue++] = e.n_arrived++;
        if (e.n_running == 0 && e.n_queue == 0) {
            e.now_s = r->arrival_s[e.n_arrived];
            continue;
        }
        give_way(&e);
        double batch = e.batch, context = e.context, tokens = take_parts(&e);
        if (tokens > 0)
            e.now_s += gable_step_costs_shared(rules->costs, tokens + batch) -
                       gable_step_costs_shared(rules->costs, batch);
        if (batch > 0)
            e.now_s += gable_step_costs_decode_at(rules->costs, batch, context / batch);
        end_step(&e);
    }
}

START_TEST(jumps_are_exact)
{
    enum { N = 40 };
    double u[3 * N], first[N], end[N], n_preempted;
    gable_err err = {0};
    gable_sim_setup setup = {.rules = rules_of(&bent, 40), .n_engines = 1};
    gable_requests r = requests_of(N);
    ck_assert_int_eq(gslx_uniform((unsigned long)_i + 1, 3 * N, u, &err), GABLE_OK);
    setup.rules.cache_tokens = 250 + 100 * (_i % 4);
    setup.rules.block_tokens = 1;
    for (size_t i = 0; i < N; i++) {
        r.arrival_s[i] = (i > 0 ? r.arrival_s[i - 1] : 0.0) + 0.02 * u[3 * i];
        r.prompt[i] = 1 + (int32_t)(90 * u[3 * i + 1]);
        r.answer[i] = 1 + (int32_t)(120 * u[3 * i + 2]);
    }
    n_preempted = simulate(&setup, &r).n_preempted;
    for (size_t i = 0; i < N; i++) {
        first[i] = r.first_s[i];
        end[i] = r.end_s[i];
    }
    simulate_slowly(&setup.rules, &r);
    for (size_t i = 0; i < N; i++) {
        check_close(first[i], r.first_s[i], 1e-9);
        check_close(end[i], r.end_s[i], 1e-9);
    }
    if (_i == 0)
        ck_assert_double_gt(n_preempted, 0);
}
END_TEST

/* ---- laws ---- */

static gable_requests poisson(size_t n, double rate, int32_t prompt, int32_t answer)
{
    gable_requests r = requests_of(n);
    gable_err err = {0};
    ck_assert_int_eq(gable_arrivals_times(scratch_arena(), rate, 1, 7, &r, &err), GABLE_OK);
    for (size_t i = 0; i < n; i++) {
        r.prompt[i] = prompt;
        r.answer[i] = answer;
    }
    return r;
}

/* Little: requests there on average = their rate x the time that each is there. Both sides are
 * counted apart: the left over events, the right over requests. */
START_TEST(littles_law)
{
    gable_sim_setup setup = {.rules = rules_of(&bent, 64), .n_engines = 1 + _i};
    gable_requests r = poisson(5000, 20.0, 100, 50);
    double there = 0.0, waiting = 0.0;
    setup.rules.most_sequences = 8;
    gable_simulated out = simulate(&setup, &r);
    for (size_t i = 0; i < r.n; i++) {
        there += r.end_s[i] - r.arrival_s[i];
        waiting += r.start_s[i] - r.arrival_s[i];
    }
    check_close(out.present_mean * out.span_s, there, 1e-9);
    check_close(out.queue_mean * out.span_s, waiting, 1e-9);
    ck_assert_double_gt(out.queue_most, out.queue_mean);
}
END_TEST

/* One prompt at a time, 1 s each, nothing else: M/D/1. Mean wait rho S / (2 (1 - rho)): Pollaczek
 * and Khinchine. 200 000 requests; the sample's own rate stands for the nominal one. */
START_TEST(one_server_queue)
{
    static const double loads[] = {0.3, 0.6, 0.8};
    gable_sim_setup setup = {.rules = rules_of(&flat, 10), .n_engines = 1};
    gable_requests r = poisson(200000, loads[_i], 10, 1);
    double wait = 0.0;
    simulate(&setup, &r);
    for (size_t i = 0; i < r.n; i++)
        wait += (r.start_s[i] - r.arrival_s[i]) / (double)r.n;
    double rho = (double)(r.n - 1) / r.arrival_s[r.n - 1];
    check_close(wait, rho / (2.0 * (1.0 - rho)), 0.03);
}
END_TEST

/* The more cache, engines and sequences, the sooner answers end on average, as long as the cache
 * holds the sequences: more of them than that give way and are computed twice. */
START_TEST(more_is_never_worse)
{
    static const struct {
        double cache, sequences;
        int engines;
    } steps[] = {{300, 2, 1},  {600, 2, 1},   {600, 4, 1},   {1200, 4, 1},
                 {1200, 8, 1}, {2400, 16, 1}, {2400, 16, 2}, {4000, 0, 4}};
    double before = (double)INFINITY;
    for (int k = 0; k < N_ROWS(steps); k++) {
        gable_sim_setup setup = {.rules = rules_of(&bent, 128), .n_engines = steps[k].engines};
        gable_requests r = poisson(2000, 15.0, 100, 60);
        double mean = 0.0;
        setup.rules.cache_tokens = steps[k].cache;
        setup.rules.most_sequences = steps[k].sequences;
        simulate(&setup, &r);
        for (size_t i = 0; i < r.n; i++)
            mean += (r.end_s[i] - r.arrival_s[i]) / (double)r.n;
        ck_assert_msg(mean <= before * (1 + 1e-9), "step %d: %g after %g", k, mean, before);
        before = mean;
    }
}
END_TEST

/* The same input gives the same bytes, and gaps are those of the seed. */
START_TEST(repeats_itself)
{
    gable_sim_setup setup = {.rules = rules_of(&bent, 64), .n_engines = 2};
    gable_requests a = poisson(3000, 30.0, 200, 80), b = poisson(3000, 30.0, 200, 80);
    setup.rules.cache_tokens = 2000;
    simulate(&setup, &a);
    simulate(&setup, &b);
    ck_assert_int_eq(memcmp(a.end_s, b.end_s, a.n * sizeof *a.end_s), 0);
    ck_assert_int_eq(memcmp(a.first_s, b.first_s, a.n * sizeof *a.first_s), 0);
}
END_TEST

Suite *gable_suite_simulate_laws(void);

Suite *gable_suite_simulate_laws(void)
{
    Suite *suite = suite_create("simulate_laws");
    TCase *all = tcase_create("laws");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_set_timeout(all, 60);
    tcase_add_loop_test(all, jumps_are_exact, 0, 20);
    tcase_add_loop_test(all, littles_law, 0, 3);
    tcase_add_loop_test(all, one_server_queue, 0, 3);
    tcase_add_test(all, more_is_never_worse);
    tcase_add_test(all, repeats_itself);
    suite_add_tcase(suite, all);
    return suite;
}
