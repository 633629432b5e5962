/* acceptance: accepted lengths of rates, lengths and tables, and which drafted tokens pay. Formulas
 * and golden lengths: facts/models.md 4.15. */
#include <math.h>
#include <string.h>

#include "../scratch.h"
#include "engine/decoding.h"
#include "rows.h"

/* ---- accepted lengths ---- */

/* (1 - a^(k+1)) / (1 - a); all of them at a = 1. */
static const struct {
    double rate;
    int n_drafted;
    double length;
} rates[] = {
    {0.8, 3, 2.952}, /* 1 + 0.8 + 0.64 + 0.512 */
    {0.5, 1, 1.5},   {0.5, 4, 1.9375}, {1.0, 7, 8.0}, {0.0, 5, 1.0},
};

START_TEST(length_of_a_rate)
{
    gable_acceptance a;
    gable_acceptance_of_rate(rates[_i].rate, rates[_i].n_drafted, &a);
    ck_assert_int_eq(a.n_known, rates[_i].n_drafted);
    ck_assert_double_eq_tol(a.length[a.n_known], rates[_i].length, 1e-12);
    ck_assert_double_eq(a.length[0], 1.0);
    ck_assert_double_eq_tol(gable_acceptance_rate(&a, a.n_known), rates[_i].rate, 1e-9);
}
END_TEST

START_TEST(length_that_is_given)
{
    gable_acceptance a;
    gable_err err = {0};
    ck_assert_int_eq(gable_acceptance_of_length(2.952, 3, &a, &err), GABLE_OK);
    ck_assert_double_eq(a.length[3], 2.952);
    ck_assert_double_eq_tol(a.length[2], 2.44, 1e-9); /* at the same rate, 0.8 */
    ck_assert_int_eq(gable_acceptance_of_length(4.1, 3, &a, &err), GABLE_USAGE);
    ck_assert_ptr_nonnull(strstr(err.text, "with 3 drafted tokens a step yields 1 to 4"));
}
END_TEST

/* facts/models.md 4.15, golden lengths of SPEED-Bench coding. */
static const struct {
    const char *name, *model, *method;
    int n_drafted;
    double length; /* 0: refused, and `says` why */
    const char *says;
} tables[] = {
    {"deepseek-v4-pro-mtp-think", "", "", 3, 2.49, NULL},
    {"deepseek-v4-pro-mtp-no-think", "", "", 6, 3.16, NULL},
    {NULL, "deepseek-v4-pro", "mtp", 8, 2.58, NULL},
    {NULL, "deepseek-v4-pro", "block", 6, 3.77, NULL},
    {NULL, "glm-5.2", "mtp", 8, 4.06, NULL},
    {NULL, "kimi-k2.5", "draft", 1, 1.83, NULL},
    {NULL, "minimax-m3", "draft", 4, 3.11, NULL},
    {NULL, "qwen3.5-397b-a17b", "mtp", 5, 4.41, NULL},
    {"glm-5.2-mtp-thin", "", "", 1, 0, "did you mean \"glm-5.2-mtp-think\"?"},
    {NULL, "mixtral-8x7b", "mtp", 1, 0,
     "no table of the drafted tokens that mixtral-8x7b keeps (method mtp)"},
};

START_TEST(length_of_a_table)
{
    gable_acceptance a;
    gable_err err = {0};
    gable_status status =
        gable_acceptance_read(scratch_arena(), "workloads/acceptance.csv", tables[_i].name,
                              tables[_i].model, tables[_i].method, &a, &err);
    if (tables[_i].says) {
        ck_assert_int_eq(status, GABLE_INPUT);
        ck_assert_msg(strstr(err.text, tables[_i].says) != NULL, "says: %s", err.text);
        return;
    }
    ck_assert_msg(status == GABLE_OK, "%s", err.text);
    ck_assert_int_eq(a.n_known, 8);
    ck_assert_double_eq(a.length[tables[_i].n_drafted], tables[_i].length);
}
END_TEST

START_TEST(bad_table_is_refused)
{
    static const char text[] = "name,model,method,al_1,source\nx,m,mtp,2.5,nowhere\n";
    gable_acceptance a;
    gable_err err = {0};
    const char *path = scratch_file("bad.csv", text, strlen(text));
    ck_assert_int_eq(gable_acceptance_read(scratch_arena(), path, "x", "", "", &a, &err),
                     GABLE_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, ":2: al_1: expected a length from 1 to 2"));
}
END_TEST

/* ---- which drafted tokens to verify ---- */

/* Rate 0.5: survivals 0.5, 0.25, 0.125; lengths 1, 1.5, 1.75, 1.875. Seconds 10, 10, 10, 30 and a
 * draft of 1: 0.1, 1.5/11 = 0.136, 1.75/11 = 0.159, 1.875/31 = 0.060: two of three. */
static const double flat[] = {10, 10, 10, 30}, steep[] = {10, 20, 30, 40},
                    free_[] = {10, 10, 10, 10};
static const struct {
    const double *seconds;
    double rate, draft_s, spread, verified, accepted;
} schedules[] = {
    {flat, 0.5, 1, 0, 2, 1.75},
    {steep, 0.5, 1, 0, 0, 1},     /* 1.5/21 < 1/10: drafting does not pay */
    {free_, 0.5, 1, 0, 3, 1.875}, /* verifying costs nothing: all of them */
    {free_, 0.5, 20, 0, 0, 1},    /* 1.875/30 < 0.1: the draft costs too much */
    /* Rates 0.9 and 0.1: survivals 0.9 0.81 0.729 and 0.1 0.01 0.001, each of half the requests:
     * 1.45/16, 1.855/21, 2.2195/26 … are all less than 1/10. */
    {steep, 0.5, 1, 0.4, 0, 1},
    /* The sure half is verified whole (1.5 tokens on average), then one token of the others: 2.2695
     * in 11 s. Their second would pass two on average, where the step takes longer. */
    {flat, 0.5, 1, 0.4, 2, 2.2695},
};

START_TEST(tokens_that_pay)
{
    gable_acceptance a;
    gable_schedule s;
    gable_acceptance_of_rate(schedules[_i].rate, 3, &a);
    gable_schedule_options o = {.n_drafted = 3,
                                .seconds = schedules[_i].seconds,
                                .draft_s = schedules[_i].draft_s,
                                .spread = schedules[_i].spread,
                                .acceptance = &a};
    gable_decoding_schedule(&o, &s);
    ck_assert_double_eq_tol(s.verified, schedules[_i].verified, 1e-9);
    ck_assert_double_eq_tol(s.accepted, schedules[_i].accepted, 1e-6);
}
END_TEST

Suite *gable_suite_acceptance(void);

Suite *gable_suite_acceptance(void)
{
    Suite *suite = suite_create("acceptance");
    TCase *all = tcase_create("acceptance");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    ADD_ROWS(all, length_of_a_rate, rates);
    tcase_add_test(all, length_that_is_given);
    ADD_ROWS(all, length_of_a_table, tables);
    tcase_add_test(all, bad_table_is_refused);
    ADD_ROWS(all, tokens_that_pay, schedules);
    suite_add_tcase(suite, all);
    return suite;
}
