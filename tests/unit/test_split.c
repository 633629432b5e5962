/* engine: prompts and answers on engines apart: rates and handover by hand, and a simulation in
 * which the engines that the rates ask for are as busy as each other. */
#include <string.h>

#include "engine/arrivals.h"
#include "engine/serving_split.h"
#include "net/flows.h"
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
    gable_handover_end narrow = {.token_bytes = 1000}, wide = {.token_bytes = 4000};
    ck_assert_int_eq(gable_serving_handover(&m, &narrow, &wide, 8, &h, &err), GABLE_OK);
    ck_assert(!h.out);
    check_close(h.token_bytes, 4000, 1e-12);
    check_close(h.token_s, 4000 / m.system->scale_up_bytes_per_s, 1e-6);
    ck_assert_int_eq(gable_serving_handover(&m, &wide, &narrow, 9, &h, &err), GABLE_OK);
    ck_assert(h.out);
    check_close(h.token_s, 4000 / m.system->scale_out_bytes_per_s, 1e-6);
    ck_assert_double_ge(h.fixed_s, 0);
}
END_TEST

/* Beside exchanges that take a quarter of the sender's time and a tenth of the receiver's, and more
 * between nodes; what is lost is what the transfer would take alone, times those parts. */
START_TEST(handover_shares_links)
{
    gable_machine m = machine_of("hgx-h100-8");
    gable_handover h;
    gable_err err = {0};
    gable_handover_end from = {4000, {0.25, 0.5}}, to = {4000, {0.1, 0.75}};
    double alone_s = 4000 / m.system->scale_up_bytes_per_s;
    ck_assert_int_eq(gable_serving_handover(&m, &from, &to, 8, &h, &err), GABLE_OK);
    check_close(h.token_s, 1.25 * alone_s, 1e-6);
    check_close(h.from_late_s, 0.25 * alone_s, 1e-6);
    check_close(h.to_late_s, 0.1 * alone_s, 1e-6);
    alone_s = 4000 / m.system->scale_out_bytes_per_s;
    ck_assert_int_eq(gable_serving_handover(&m, &from, &to, 9, &h, &err), GABLE_OK);
    check_close(h.token_s, 1.75 * alone_s, 1e-6);
    gable_sim_rules prefill = rules_of(&flat, 10), decode = rules_of(&flat, 100);
    gable_handover_slow(&h, 1000, 101, &prefill, &decode);
    check_close(prefill.extras.prompt_s, 1000 * 0.5 * alone_s, 1e-6);
    check_close(decode.extras.sequence_s, 10 * 0.75 * alone_s, 1e-6);
}
END_TEST

/* The rule behind it, flow by flow: steps of 3 ms of work and 1 ms of exchange on one link, and a
 * cache that alone would take 40 ms, ten whole steps. It takes 1 + 1/4 as long, and the steps are
 * later by 10 ms. */
START_TEST(handover_meets_flows)
{
    enum { STEPS = 20 };
    gable_text text = {0};
    gable_flows flows;
    gable_flows_end end;
    gable_err err = {0};
    const gable_json *root;
    gable_text_add(&text, "{\"links\":[{\"name\":\"port\",\"bandwidth_Bps\":1e9,"
                          "\"latency_s\":0}],\"flows\":[{\"id\":\"kv\",\"bytes\":4e7,"
                          "\"path\":[\"port\"],\"start\":0}");
    for (int i = 0; i < STEPS; i++) {
        gable_text_addf(&text,
                        ",{\"id\":\"s%d\",\"bytes\":1e6,\"start\":3e-3,"
                        "\"path\":[\"port\"],\"deps\":[",
                        i);
        if (i > 0)
            gable_text_addf(&text, "\"s%d\"", i - 1);
        gable_text_add(&text, "]}");
    }
    gable_text_add(&text, "]}");
    ck_assert_int_eq(
        gable_json_parse(scratch_arena(), "f", text.text, strlen(text.text), 0, &root, &err),
        GABLE_OK);
    ck_assert_int_eq(gable_flows_parse(scratch_arena(), root, &flows, &err), GABLE_OK);
    ck_assert_int_eq(gable_flows_run(scratch_arena(), &flows, &end, &err), GABLE_OK);
    check_close(end.end_s[0], 40e-3 * (1 + 0.25), 1e-9);
    check_close(end.makespan_s, STEPS * 4e-3 + 0.25 * 40e-3, 1e-9);
    gable_text_free(&text);
}
END_TEST

START_TEST(handover_needs_a_fabric)
{
    gable_machine m = machine_of("h100-sxm");
    gable_handover h;
    gable_err err = {0};
    gable_handover_end end = {.token_bytes = 1000};
    ck_assert_int_eq(gable_serving_handover(&m, &end, &end, 2, &h, &err), GABLE_INPUT);
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
    tcase_add_test(all, handover_shares_links);
    tcase_add_test(all, handover_meets_flows);
    tcase_add_test(all, handover_needs_a_fabric);
    suite_add_tcase(suite, all);
    return suite;
}
