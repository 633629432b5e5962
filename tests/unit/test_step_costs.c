/* engine: the grid of step costs against pricing each step, and by hand between its points. */
#include <math.h>
#include <stdlib.h>

#include "../scratch.h"
#include "engine/gslx.h"
#include "engine/step_costs.h"
#include "rows.h"

enum { N = 200 };

/* Errors of a model on a machine, as shares of a whole step; measured when this was written, with
 * some room. Kernels step with their tiles, so single steps are further off than most. */
static const struct {
    const char *model, *system, *stack;
    double decode_p90, prompt_p90, joined_p90, most;
} subjects[] = {
    {"llama-3.1-8b", "h100-sxm", "vllm", 0.010, 0.055, 0.070, 0.18},
    {"llama-3.1-70b", "hgx-h200-8", "trtllm", 0.015, 0.045, 0.055, 0.18},
    {"deepseek-r1", "hgx-b200-8", "sglang", 0.010, 0.050, 0.045, 0.12},
    {"gpt-oss-120b", "hgx-h200-8", "vllm", 0.005, 0.020, 0.020, 0.07},
    {"qwen3-next-80b-a3b", "hgx-h100-8", "vllm", 0.006, 0.012, 0.012, 0.12},
};

static const gable_step_range range = {.most_batch = 512,
                                       .least_context = 256,
                                       .most_context = 20000,
                                       .most_tokens = 8192,
                                       .most_part = 8192,
                                       .most_prior = 19999};

typedef struct pricing {
    const gable_model *model;
    gable_machine machine;
    gable_scenario ranks;
    gable_step_costs costs;
} pricing;

static pricing load(const char *model, const char *system, const char *stack)
{
    pricing p = {0};
    gable_err err = {0};
    ck_assert_int_eq(gable_model_load(scratch_arena(), "workloads", model, &p.model, &err),
                     GABLE_OK);
    ck_assert_int_eq(gable_machine_load(scratch_arena(), "hw", system, stack, &p.machine, &err),
                     GABLE_OK);
    p.ranks = (gable_scenario){.tp = p.machine.system->n_accelerators, .ep = 1};
    ck_assert_msg(gable_step_costs_build(scratch_arena(), p.model, &p.machine, &p.ranks, &range,
                                         &p.costs, &err) == GABLE_OK,
                  "%s", err.text);
    return p;
}

/* Kernels of one step; `plan` lives until the arena is released to `mark`. */
static double price(const pricing *p, gable_phase phase, double batch, double cached, double tokens,
                    gable_plan *plan)
{
    gable_step step;
    gable_err err = {0};
    gable_scenario s = p->ranks;
    s.phase = phase;
    s.batch = batch;
    s.n_cached = cached;
    s.n_new = tokens;
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), p->model, &s, plan, &err), GABLE_OK);
    ck_assert_int_eq(gable_step_init(scratch_arena(), plan, &step, &err), GABLE_OK);
    gable_engine_price(plan, &p->machine, &step);
    return gable_step_costs_kernels(plan, &step);
}

/* From least to most, as likely in each octave. */
static double between(double u, double least, double most)
{
    return floor(least * exp(u * log(most / least)));
}

static void check_errors(double *errors, double p90, double most, const char *what)
{
    gslx_sort(errors, N);
    ck_assert_msg(gslx_quantile(errors, N, 0.9) <= p90, "%s: p90 %g", what,
                  gslx_quantile(errors, N, 0.9));
    ck_assert_msg(errors[N - 1] <= most, "%s: most %g", what, errors[N - 1]);
    ck_assert_msg(gslx_median(errors, N) <= 0.01, "%s: median %g", what, gslx_median(errors, N));
}

START_TEST(close_to_pricing)
{
    double u[4 * N], decode[N], prompt[N], joined[N];
    gable_err err = {0};
    pricing p = load(subjects[_i].model, subjects[_i].system, subjects[_i].stack);
    ck_assert_int_eq(gslx_uniform(1, 4 * N, u, &err), GABLE_OK);
    for (int i = 0; i < N; i++) {
        gable_plan plan;
        size_t mark = gable_arena_mark(scratch_arena());
        double batch = between(u[4 * i], 1, 512), context = between(u[4 * i + 1], 256, 20000);
        double tokens = between(u[4 * i + 2], 16, 8192), prior = i % 2 ? 0.0 : context - 256;
        double direct = price(&p, GABLE_PHASE_DECODE, batch, context, 1, &plan);
        decode[i] = fabs(gable_step_costs_decode_at(&p.costs, batch, context) / direct - 1.0);
        direct = price(&p, GABLE_PHASE_PREFILL, 1, prior, tokens, &plan);
        double attention = gable_step_costs_attention(&p.costs, tokens, prior), late_s;
        prompt[i] =
            fabs(gable_step_costs_parts(&p.costs, 1, tokens, attention, 0, &late_s) / direct - 1.0);
        gable_step step;
        ck_assert_int_eq(gable_step_init(scratch_arena(), &plan, &step, &err), GABLE_OK);
        joined[i] = fabs(gable_step_costs_parts(&p.costs, 1, tokens, attention, batch, &late_s) -
                         gable_step_costs_joined(&plan, step.like, &p.machine, batch)) /
                    direct;
        gable_arena_release(scratch_arena(), mark);
    }
    check_errors(decode, subjects[_i].decode_p90, subjects[_i].most, "decode");
    check_errors(prompt, subjects[_i].prompt_p90, subjects[_i].most, "prompt");
    check_errors(joined, subjects[_i].joined_p90, subjects[_i].most, "joined");
}
END_TEST

/* Batches 1 and 3, contexts 100 and 300: 10 and 20, 30 and 60 s. */
static double batches[] = {1, 3}, contexts[] = {100, 300}, decode_s[] = {10, 20, 30, 60};
static double tokens[] = {1, 101}, shared_s[] = {1, 201}, rest_s[] = {5, 5};
static double parts[] = {10, 20}, priors[] = {0, 100}, attention_s[] = {1, 3, 2, 6};
static const gable_step_costs hand = {.n_batch = 2,
                                      .n_context = 2,
                                      .n_tokens = 2,
                                      .n_part = 2,
                                      .n_prior = 2,
                                      .batch = batches,
                                      .context = contexts,
                                      .decode_s = decode_s,
                                      .tokens = tokens,
                                      .shared_s = shared_s,
                                      .rest_s = rest_s,
                                      .part = parts,
                                      .prior = priors,
                                      .attention_s = attention_s,
                                      .groups = 2,
                                      .passes = 4};

START_TEST(between_points_by_hand)
{
    ck_assert_double_eq(gable_step_costs_decode_at(&hand, 1, 100), 10);
    ck_assert_double_eq(gable_step_costs_decode_at(&hand, 2, 200), 30); /* the mean of all four */
    ck_assert_double_eq(gable_step_costs_decode_at(&hand, 3, 50), 30);  /* stays before the first */
    ck_assert_double_eq(gable_step_costs_decode_at(&hand, 3, 500), 90); /* goes on after the last */
    ck_assert_double_eq(gable_step_costs_shared(&hand, 0), 0);
    ck_assert_double_eq(gable_step_costs_shared(&hand, 51), 101);
    ck_assert_double_eq(gable_step_costs_attention(&hand, 10, 0), 10);
    ck_assert_double_eq(gable_step_costs_attention(&hand, 15, 50), 45); /* 15 x (1+3+2+6)/4 */
}
END_TEST

/* A dense layer: two norms, four products, attention in two, the activation; around the layers
 * embedding, norm, head, sampling. A layer of experts on 8 ranks: two norms, three products,
 * attention, ten of the experts, two collectives; around, two collectives more. */
START_TEST(launches_by_hand)
{
    ck_assert_double_eq(load("llama-3.1-8b", "h100-sxm", "vllm").costs.launches, 32 * 9 + 4);
    ck_assert_double_eq(load("gpt-oss-120b", "hgx-h200-8", "vllm").costs.launches, 36 * 19 + 6);
    /* Activations scaled by blocks are quantised apart, before products and experts. */
    pricing p = load("deepseek-r1", "hgx-h200-8", "trtllm");
    ck_assert_double_eq(p.costs.launches, 61 * (2 + 1 + 4 * 2 + 6 + 2) + 3 * (2 * 2 + 1) +
                                              58 * (1 + 11 + 2 * 2 + 1) + 6);
}
END_TEST

/* Seconds of the step, and of what its tokens come later. */
static void check_parts(const gable_step_costs *costs, double n, double batch, double step_s,
                        double later_s)
{
    double late_s;
    ck_assert_double_eq_tol(gable_step_costs_parts(costs, n, 30, 60, batch, &late_s), step_s, 1e-9);
    ck_assert_double_eq_tol(late_s, later_s, 1e-9);
}

/* Two groups: of three parts of 10 tokens one has two, as long as if there were four parts: three
 * quarters of that are the step, the last comes later. A step through four passes shares its
 * products with a quarter of those that decode. 2 s a token, less 1 s. */
START_TEST(groups_take_parts_in_turn)
{
    check_parts(&hand, 3, 0, 0.75 * (2 * 40 - 1 + 5 + 40), 0.25 * (2 * 40 - 1 + 5 + 40));
    check_parts(&hand, 3, 8, 0.75 * (2 * 40 + 40), 0.25 * (2 * 40 + 40));
    check_parts(&hand, 2, 0, 2 * 30 - 1 + 5 + 30, 0);
    /* Experts, 3 s a token less 2 s, are everywhere: 30 tokens are 30, those of four parts 40. */
    static double experts_s[] = {1, 301};
    gable_step_costs mixed = hand;
    mixed.experts_s = experts_s;
    check_parts(&mixed, 3, 0, 0.75 * (2 * 40 - 1 + 5 + 40 + 3 * 40 - 2),
                2 * 40 - 1 + 5 + 40 + 3 * 30 - 2 - 0.75 * (2 * 40 - 1 + 5 + 40 + 3 * 40 - 2));
    check_parts(&mixed, 3, 8, 0.75 * (2 * 40 + 40 + 3 * 40),
                2 * 40 + 40 + 3 * 30 - 0.75 * (2 * 40 + 40 + 3 * 40));
}
END_TEST

Suite *gable_suite_step_costs(void);

Suite *gable_suite_step_costs(void)
{
    Suite *suite = suite_create("step_costs");
    TCase *all = tcase_create("step costs");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_set_timeout(all, 60);
    ADD_ROWS(all, close_to_pricing, subjects);
    tcase_add_test(all, between_points_by_hand);
    tcase_add_test(all, launches_by_hand);
    tcase_add_test(all, groups_take_parts_in_turn);
    suite_add_tcase(suite, all);
    return suite;
}
