/* engine: prompts and answers on engines apart: rates and handover by hand, and a simulation in
 * which the engines that the rates ask for are as busy as each other. */
#include <string.h>

#include "engine/arrivals.h"
#include "engine/serving_split.h"
#include "simulated.h"

/* A prompt of 10 tokens takes 1 s; 8 answers of 3 tokens take 2 steps of 1 s. */
START_TEST(rates_by_hand)
{
    gable_sim_rules prefill = rules_of(&flat, 10), decode = rules_of(&flat, 100);
    gable_split_rates r = gable_serving_split_rates(&prefill, &decode, 10, 3, 8);
    check_close(r.prefill_requests_per_s, 1, 1e-12);
    check_close(r.decode_requests_per_s, 4, 1e-12);
    check_close(r.prefill_per_decode, 4, 1e-12);
    prefill.extras.prompt_s = 0.5; /* of a part */
    check_close(gable_serving_split_rates(&prefill, &decode, 10, 3, 8).prefill_requests_per_s,
                1 / 1.5, 1e-12);
    prefill.step_tokens = 4; /* three parts: 4, 4 and 2 tokens */
    check_close(gable_serving_split_rates(&prefill, &decode, 10, 3, 8).prefill_requests_per_s,
                1 / 2.5, 1e-12);
    prefill.whole_prompts = true;
    check_close(gable_serving_split_rates(&prefill, &decode, 10, 3, 8).prefill_requests_per_s,
                1 / 1.5, 1e-12);
}
END_TEST

/* At the rate that 4 to 1 engines give, a little less and a little more. */
START_TEST(matched_engines_are_equally_busy)
{
    static const double loads[] = {0.7, 0.9};
    gable_sim_setup setup = {.rules = rules_of(&flat, 100),
                             .prefill = rules_of(&flat, 10),
                             .n_engines = 1,
                             .n_prefill = 4,
                             .transfer_s = 0.01};
    gable_requests r = requests_of(20000);
    gable_err err = {0};
    setup.rules.most_sequences = 8;
    gable_split_rates rates = gable_serving_split_rates(&setup.prefill, &setup.rules, 10, 3, 8);
    ck_assert_int_eq(gable_arrivals_times(scratch_arena(), loads[_i] * rates.decode_requests_per_s,
                                          100, 5, &r, &err),
                     GABLE_OK);
    for (size_t i = 0; i < r.n; i++) {
        r.prompt[i] = 10;
        r.answer[i] = 3;
    }
    gable_simulated out = simulate(&setup, &r);
    check_close(out.prefill_use.busy_frac, loads[_i], 0.02);
    check_close(out.use.batch_mean / 8, loads[_i], 0.1); /* sequences wait for a step to end */
}
END_TEST

static gable_machine machine_of(const char *system)
{
    gable_machine m = {0};
    gable_err err = {0};
    ck_assert_msg(gable_machine_load(scratch_arena(), "hw", system, "ideal", &m, &err) == GABLE_OK,
                  "%s", err.text);
    return m;
}

/* Without software a byte costs what its link says: NVLink inside 8 devices, the port of one device
 * between 9. Each rank sends to one other, whichever side holds more of a token. */
START_TEST(handover_by_hand)
{
    gable_machine m = machine_of("hgx-h100-8");
    gable_handover h;
    gable_err err = {0};
    ck_assert_int_eq(gable_serving_handover(&m, 1000, 4000, 8, &h, &err), GABLE_OK);
    ck_assert(!h.out);
    check_close(h.token_bytes, 4000, 1e-12);
    check_close(h.token_s, 4000 / m.system->scale_up_bytes_per_s, 1e-6);
    ck_assert_int_eq(gable_serving_handover(&m, 4000, 1000, 9, &h, &err), GABLE_OK);
    ck_assert(h.out);
    check_close(h.token_s, 4000 / m.system->scale_out_bytes_per_s, 1e-6);
    ck_assert_double_ge(h.fixed_s, 0);
}
END_TEST

START_TEST(handover_needs_a_fabric)
{
    gable_machine m = machine_of("h100-sxm");
    gable_handover h;
    gable_err err = {0};
    ck_assert_int_eq(gable_serving_handover(&m, 1000, 1000, 2, &h, &err), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, "2 devices do not fit into one domain of h100-sxm") != NULL,
                  "%s", err.text);
}
END_TEST

Suite *gable_suite_split(void);

Suite *gable_suite_split(void)
{
    Suite *suite = suite_create("split");
    TCase *all = tcase_create("split");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_test(all, rates_by_hand);
    tcase_add_loop_test(all, matched_engines_are_equally_busy, 0, 2);
    tcase_add_test(all, handover_by_hand);
    tcase_add_test(all, handover_needs_a_fabric);
    suite_add_tcase(suite, all);
    return suite;
}
