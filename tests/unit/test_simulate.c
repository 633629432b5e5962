/* engine: the event simulation against schedules worked out by hand. */
#include <string.h>

#include "simulated.h"

/* ---- by hand ---- */

/* Requests of 10 tokens (unless said) arrive at the given seconds; first token and end of each. */
static const struct {
    const char *what;
    gable_sim_rules rules; /* costs and extras are those above */
    int n, answer;
    double arrival_s[3], first_s[3], end_s[3];
} schedules[] = {
    /* 20 tokens in one step, then two more of 1 s. */
    {"both prompts in one step", {.step_tokens = 100}, 2, 3, {0, 0}, {2, 2}, {4, 4}},
    /* 0-1 the first prompt; 1-2.9 it decodes beside 9 tokens of the second, 2.9-4 beside the last.
     */
    {"a prompt in parts", {.step_tokens = 10}, 2, 3, {0, 0}, {1, 4}, {4, 6}},
    {"prompts apart", {.step_tokens = 10, .separate_prefill = true}, 2, 3, {0, 0}, {1, 2}, {4, 4}},
    /* Budget 15 holds one whole prompt beside 5 tokens of the next, which waits for a step of its
       own beside the one that decodes. */
    {"whole prompts", {.step_tokens = 15, .whole_prompts = true}, 2, 3, {0, 0}, {1, 3}, {4, 5}},
    {"a prompt longer than the budget",
     {.step_tokens = 4, .whole_prompts = true},
     2,
     3,
     {0, 0},
     {1, 3},
     {4, 5}},
    /* After 2 steps of both, 24 of 25 tokens are taken: the second gives way at 4, and computes 13
       tokens when the first has ended at 6. */
    {"gives way", {.step_tokens = 100, .cache_tokens = 25}, 2, 5, {0, 0}, {2, 2}, {6, 8.3}},
    {"reserves",
     {.step_tokens = 100, .cache_tokens = 25, .reserve = true},
     2,
     5,
     {0, 0},
     {1, 6},
     {5, 10}},
    /* Blocks of 8: a prompt takes two, and the third at its 17th token; 5 blocks hold both prompts
       and one of the two that grow at the seventh step. */
    {"blocks",
     {.step_tokens = 100, .cache_tokens = 40, .block_tokens = 8},
     2,
     10,
     {0, 0},
     {2, 2},
     {11, 14.7}},
    {"one at a time", {.step_tokens = 100, .most_sequences = 1}, 2, 3, {0, 0}, {1, 4}, {3, 6}},
    /* Arrives in the step of 1 to 2; starts with the next. */
    {"arrives in a run of steps", {.step_tokens = 100}, 2, 9, {0, 1.5}, {1, 4}, {10, 12}},
    /* Beside the first, the budget holds 9 tokens; that of two passes all of them. */
    {"arrives beside a step", {.step_tokens = 10}, 2, 9, {0, 1.5}, {1, 5}, {10, 13}},
    {"passes have budgets", {.step_tokens = 10, .stages = 2}, 2, 9, {0, 1.5}, {1, 4}, {10, 12}},
    /* Steps end at 1, 2, 3, 4: the fourth one looks for arrivals. */
    {"polls", {.step_tokens = 100, .poll_steps = 4}, 2, 9, {0, 1.5}, {1, 6}, {10, 14}},
    /* Looks at 2, waits for 3 steps. */
    {"waits for others", {.step_tokens = 100, .wait_steps = 3}, 2, 9, {0, 1.5}, {1, 7}, {10, 15}},
    /* The third fills the step: 21 tokens of 20. */
    {"waits no longer",
     {.step_tokens = 20, .wait_steps = 9},
     3,
     9,
     {0, 1.5, 3.5},
     {1, 6.9, 8},
     {11, 15, 16}},
    /* Nothing runs when it arrives. */
    {"idle between", {.step_tokens = 100, .poll_steps = 7}, 2, 2, {0, 50}, {1, 51}, {2, 52}},
};

/* A prompt of 10 tokens takes 1 s of kernels, and 8 launches of half a second each unless it is a
 * graph; steps that decode are. */
START_TEST(host_launches_steps_with_prompts)
{
    gable_step_costs costs = flat;
    gable_sim_setup setup = {.rules = rules_of(&costs, 100), .n_engines = 1};
    gable_requests r = requests_of(1);
    costs.launches = 8;
    setup.rules.extras.launch_s = 0.5;
    r.arrival_s[0] = 0;
    r.prompt[0] = 10;
    r.answer[0] = 3;
    simulate(&setup, &r);
    check_close(r.first_s[0], 4, 1e-12);
    check_close(r.end_s[0], 6, 1e-12);
    setup.rules.graph_tokens = 10;
    simulate(&setup, &r);
    check_close(r.first_s[0], 1, 1e-12);
    check_close(r.end_s[0], 3, 1e-12);
}
END_TEST

/* Four stages, a second each: prompts follow each other after one second, tokens come three later;
 * and so do caches that are handed over. */
START_TEST(prompts_leave_the_last_stage_later)
{
    gable_step_costs costs = flat;
    gable_sim_setup setup = {.rules = rules_of(&costs, 10), .n_engines = 1};
    gable_requests r = requests_of(2);
    costs.drain_frac = 3;
    setup.rules.separate_prefill = true;
    for (int i = 0; i < 2; i++) {
        r.arrival_s[i] = 0;
        r.prompt[i] = 10;
        r.answer[i] = 3;
    }
    simulate(&setup, &r); /* steps of prompts end at 1 and 2, decoding begins at 4 */
    check_close(r.first_s[0], 4, 1e-12);
    check_close(r.first_s[1], 5, 1e-12);
    check_close(r.end_s[0], 6, 1e-12);
    check_close(r.end_s[1], 7, 1e-12);
    r.arrival_s[1] = 2; /* the first stage has nothing to do */
    simulate(&setup, &r);
    check_close(r.first_s[0], 4, 1e-12);
    check_close(r.first_s[1], 6, 1e-12);
    check_close(r.end_s[0], 6, 1e-12);
    check_close(r.end_s[1], 8, 1e-12);
    r.arrival_s[1] = 0;
    setup.prefill = setup.rules;
    setup.n_prefill = 1;
    setup.transfer_s = 0.5;
    simulate(&setup,
             &r); /* handed over from 4 to 4.5 and from 5 to 5.5; 4.5 to 5.5 to 6.5 to 7.5 */
    check_close(r.first_s[0], 4.5, 1e-12);
    check_close(r.first_s[1], 5.5, 1e-12);
    check_close(r.end_s[0], 6.5, 1e-12);
    check_close(r.end_s[1], 7.5, 1e-12);
}
END_TEST

START_TEST(schedule_by_hand)
{
    gable_sim_setup setup = {.rules = schedules[_i].rules, .n_engines = 1};
    gable_requests r = requests_of((size_t)schedules[_i].n);
    setup.rules.costs = &flat;
    setup.rules.extras = nothing_more;
    setup.rules.wait_frac = 1;
    if (setup.rules.block_tokens == 0)
        setup.rules.block_tokens = 1;
    for (size_t i = 0; i < r.n; i++) {
        r.arrival_s[i] = schedules[_i].arrival_s[i];
        r.prompt[i] = 10;
        r.answer[i] = schedules[_i].answer;
    }
    simulate(&setup, &r);
    for (size_t i = 0; i < r.n; i++)
        ck_assert_msg(fabs(r.first_s[i] - schedules[_i].first_s[i]) < 1e-9 &&
                          fabs(r.end_s[i] - schedules[_i].end_s[i]) < 1e-9,
                      "%s: request %zu: first %.9g, end %.9g", schedules[_i].what, i, r.first_s[i],
                      r.end_s[i]);
}
END_TEST

/* Two groups, each with a budget of 5 tokens: two prompts in halves of a second for both. One alone
 * takes as long, though steps are only half as long for it: its tokens come a second after them. */
START_TEST(groups_by_hand)
{
    gable_step_costs costs = flat;
    gable_sim_setup setup = {.rules = rules_of(&costs, 5), .n_engines = 1};
    costs.groups = 2;
    for (size_t n = 1; n <= 2; n++) {
        gable_requests r = requests_of(n);
        for (size_t i = 0; i < n; i++) {
            r.arrival_s[i] = 0;
            r.prompt[i] = 10;
            r.answer[i] = 3;
        }
        simulate(&setup, &r);
        for (size_t i = 0; i < n; i++) {
            check_close(r.first_s[i], 2, 1e-12);
            check_close(r.end_s[i], 4, 1e-12);
        }
    }
}
END_TEST

/* One client asks three times: 1 s of prompt and 2 s of steps each. */
START_TEST(closed_loop_by_hand)
{
    gable_sim_setup setup = {.rules = rules_of(&flat, 100), .n_engines = 1, .clients = 1};
    gable_requests r = requests_of(3);
    for (size_t i = 0; i < r.n; i++) {
        r.prompt[i] = 10;
        r.answer[i] = 3;
    }
    gable_simulated out = simulate(&setup, &r);
    for (size_t i = 0; i < r.n; i++) {
        check_close(r.arrival_s[i], 3.0 * (double)i, 1e-12);
        check_close(r.end_s[i], 3.0 * (double)i + 3.0, 1e-12);
    }
    check_close(out.span_s, 9, 1e-12);
    check_close(out.use.busy_frac, 1, 1e-12);
    check_close(out.present_mean, 1, 1e-12);
    check_close(out.n_steps, 9, 1e-12);
}
END_TEST

/* Prompts 0-1 and 1-2, each handed over in 0.5 s: the first answers from 1.5 on in steps of 1 s,
 * the second joins at 2.5. With a link of 2 s the second cache waits for the first. */
START_TEST(engines_apart_by_hand)
{
    gable_sim_setup setup = {.rules = rules_of(&flat, 100),
                             .prefill = rules_of(&flat, 10),
                             .n_engines = 1,
                             .n_prefill = 1,
                             .transfer_s = 0.3,
                             .transfer_s_per_token = 0.02};
    gable_requests r = requests_of(2);
    for (size_t i = 0; i < r.n; i++) {
        r.prompt[i] = 10;
        r.answer[i] = 3;
    }
    gable_simulated out = simulate(&setup, &r);
    check_close(r.first_s[0], 1.5, 1e-12);
    check_close(r.end_s[0], 3.5, 1e-12);
    check_close(r.first_s[1], 2.5, 1e-12);
    check_close(r.end_s[1], 4.5, 1e-12);
    check_close(out.prefill_use.busy_frac, 2 / 4.5, 1e-12);
    check_close(out.link_busy_frac, 1 / 4.5, 1e-12);
    setup.transfer_s = 1.8;
    simulate(&setup, &r);
    check_close(r.first_s[0], 3, 1e-12);
    check_close(r.first_s[1], 5, 1e-12);
}
END_TEST

/* Two engines: the second request goes to the one that is free, the third waits for neither. */
START_TEST(goes_to_the_engine_with_the_fewest)
{
    gable_sim_setup setup = {.rules = rules_of(&flat, 100), .n_engines = 2};
    gable_requests r = requests_of(2);
    setup.rules.most_sequences = 1;
    for (size_t i = 0; i < r.n; i++) {
        r.prompt[i] = 10;
        r.answer[i] = 3;
    }
    gable_simulated out = simulate(&setup, &r);
    check_close(r.end_s[0], 3, 1e-12);
    check_close(r.end_s[1], 3, 1e-12);
    check_close(out.use.batch_mean, 1, 1e-12);
}
END_TEST

/* A prompt of which all but a token is in a cache of prefixes takes 0.1 s. */
START_TEST(cached_prefixes_are_not_computed)
{
    gable_sim_setup setup = {.rules = rules_of(&flat, 100), .n_engines = 1};
    gable_requests r = requests_of(1);
    int32_t cached = 9;
    r.prompt[0] = 10;
    r.answer[0] = 2;
    r.cached = &cached;
    simulate(&setup, &r);
    check_close(r.first_s[0], 0.1, 1e-12);
    check_close(r.end_s[0], 1.1, 1e-12);
}
END_TEST

/* ---- refused ---- */

static const struct {
    const char *says;
    double cache_tokens, step_tokens, second_s;
    int32_t prompt, answer;
    int engines;
} refusals[] = {
    {"request 1 has 13 tokens, the cache holds 12", 12, 100, 0, 10, 3, 1},
    {"request 2 arrives before the one ahead of it", 0, 100, -1, 10, 3, 1},
    {"a number of tokens is out of range", 0, 100, 0, 0, 3, 1},
    {"a number of tokens is out of range", 0, 100, 0, 10, 0, 1},
    {"a rule is out of range", 0, 0, 0, 10, 3, 1},
    {"expected 1 to 1024 engines", 0, 100, 0, 10, 3, 0},
};

START_TEST(refuses)
{
    gable_sim_setup setup = {.rules = rules_of(&flat, refusals[_i].step_tokens),
                             .n_engines = refusals[_i].engines};
    gable_requests r = requests_of(2);
    gable_simulated out;
    gable_err err = {0};
    setup.rules.cache_tokens = refusals[_i].cache_tokens;
    r.arrival_s[1] = refusals[_i].second_s;
    for (size_t i = 0; i < r.n; i++) {
        r.prompt[i] = refusals[_i].prompt;
        r.answer[i] = refusals[_i].answer;
    }
    ck_assert_int_eq(gable_simulate(scratch_arena(), &setup, &r, &out, &err), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refusals[_i].says) != NULL, "%s", err.text);
}
END_TEST

Suite *gable_suite_simulate(void);

Suite *gable_suite_simulate(void)
{
    Suite *suite = suite_create("simulate");
    TCase *all = tcase_create("simulate");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_set_timeout(all, 60);
    ADD_ROWS(all, schedule_by_hand, schedules);
    tcase_add_test(all, host_launches_steps_with_prompts);
    tcase_add_test(all, prompts_leave_the_last_stage_later);
    tcase_add_test(all, groups_by_hand);
    tcase_add_test(all, closed_loop_by_hand);
    tcase_add_test(all, engines_apart_by_hand);
    tcase_add_test(all, goes_to_the_engine_with_the_fewest);
    tcase_add_test(all, cached_prefixes_are_not_computed);
    ADD_ROWS(all, refuses, refusals);
    suite_add_tcase(suite, all);
    return suite;
}
