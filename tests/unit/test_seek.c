/* seek: the first value that meets a target, and targets as people write them. */
#include <math.h>
#include <string.h>

#include "engine/seek.h"
#include "rows.h"

static gable_err err;

#define ck_near(got, expected, part)                                                               \
    ck_assert_msg(fabs((got) - (expected)) <= (part)*fabs(expected), "got %.9g, expected %.9g",    \
                  (double)(got), (double)(expected))

static void set_up(void)
{
    err = (gable_err){0};
}

static double seven(double x, void *ctx)
{
    (void)ctx;
    return x < 2.0 ? (double)NAN : x - 7.0;
}

static double wave(double x, void *ctx)
{
    (void)ctx;
    return (x - 3.0) * (x - 30.0) * (x - 300.0);
}

static double above(double x, void *ctx)
{
    (void)ctx;
    return x + 1.0;
}

START_TEST(a_search_finds_the_first_change)
{
    gable_sought s;
    ck_assert_int_eq(gable_seek(seven, NULL, 1.0, 1000.0, &s, &err), GABLE_OK);
    ck_assert(s.found);
    ck_near(s.value, 7.0, 1e-9);
    ck_assert_int_eq(s.crossings, 1);
    ck_assert_int_eq(gable_seek(wave, NULL, 1.0, 1000.0, &s, &err), GABLE_OK);
    ck_near(s.value, 3.0, 1e-9);
    ck_assert_int_eq(s.crossings, 3);
    ck_assert_int_eq(gable_seek(above, NULL, 1.0, 1000.0, &s, &err), GABLE_OK);
    ck_assert(!s.found);
    ck_assert_double_eq(s.at_low, 2.0);
    ck_near(s.at_high, 1001.0, 1e-9);
}
END_TEST

START_TEST(whole_numbers_are_tried_upwards)
{
    static const double values[] = {1, 2, 4, 8};
    gable_sought s;
    gable_seek_whole(wave, NULL, values, 4, &s);
    ck_assert(s.found);
    ck_assert_double_eq(s.value, 1.0);
    gable_seek_whole(above, NULL, values, 4, &s);
    ck_assert(!s.found);
}
END_TEST

static const struct {
    const char *text;
    gable_target_kind kind;
    double value;
} targets[] = {
    {"time=5ms", GABLE_TARGET_TIME, 5e-3},
    {"tpot=5ms", GABLE_TARGET_TPOT, 5e-3},
    {"ceiling=1us", GABLE_TARGET_CEILING, 1e-6},
    {"tokens_per_s_per_user=20", GABLE_TARGET_USER_RATE, 20.0},
    {"bound=network", GABLE_TARGET_BOUND, 0.0},
    {"fits", GABLE_TARGET_FITS, 0.0},
    {"equal", GABLE_TARGET_EQUAL, 0.0},
    {"speedup=2", GABLE_TARGET_SPEEDUP, 2.0},
};

START_TEST(targets_are_read)
{
    gable_target t;
    ck_assert_int_eq(gable_target_read(targets[_i].text, &t, &err), GABLE_OK);
    ck_assert_int_eq(t.kind, targets[_i].kind);
    ck_assert_double_eq(t.value, targets[_i].value);
}
END_TEST

static const struct {
    const char *text, *says;
} bad_targets[] = {
    {"tim=5ms", "did you mean \"time\"?"},
    {"time", "needs a value"},
    {"time=5GB", "expected"},
    {"time=0", "more than 0"},
    {"bound=cpu", "compute, memory"},
    {"fits=1", "takes no value"},
    {"happiness=1", "expected such as time"},
};

START_TEST(wrong_targets_are_refused)
{
    gable_target t;
    ck_assert_int_eq(gable_target_read(bad_targets[_i].text, &t, &err), GABLE_USAGE);
    ck_assert_msg(strstr(err.text, bad_targets[_i].says) != NULL, "%s", err.text);
}
END_TEST

Suite *gable_suite_seek(void);
Suite *gable_suite_seek(void)
{
    Suite *all = suite_create("seek");
    TCase *tcase = tcase_create("seek");
    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_test(tcase, a_search_finds_the_first_change);
    tcase_add_test(tcase, whole_numbers_are_tried_upwards);
    ADD_ROWS(tcase, targets_are_read, targets);
    ADD_ROWS(tcase, wrong_targets_are_refused, bad_targets);
    suite_add_tcase(all, tcase);
    return all;
}
