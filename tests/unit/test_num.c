/* base/num: shortest decimals that read back, and the strict number grammar. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "rows.h"

static const struct {
    double value;
    const char *text;
} prints[] = {
    {0.0, "0"},
    {-0.0, "0"}, /* a sign that says nothing is not printed */
    {1.0, "1"},
    {-1.5, "-1.5"},
    {0.1, "0.1"},
    {0.1 + 0.2, "0.30000000000000004"}, /* cJSON prints 0.3 */
    {1.0 / 3.0, "0.3333333333333333"},
    {5e-324, "5e-324"}, /* smallest subnormal */
    {1e300, "1e+300"},
    {-1e300, "-1e+300"},
    {123456789.0, "123456789"},
    {9007199254740992.0, "9007199254740992"}, /* 2^53 */
    {989.4e12, "989400000000000"},
};

START_TEST(prints_shortest)
{
    char text[GABLE_NUM_TEXT_CAP];
    ck_assert_ptr_eq(gable_num_print(prints[_i].value, text), text);
    ck_assert_str_eq(text, prints[_i].text);
}
END_TEST

static void check_round_trip(double value)
{
    char text[GABLE_NUM_TEXT_CAP];
    double back = NAN;
    gable_num_print(value, text);
    ck_assert_msg(strlen(text) < GABLE_NUM_TEXT_CAP, "%s is too long", text);
    ck_assert_msg(gable_num_parse(text, &back), "%s does not parse", text);
    ck_assert_msg(back == value, "%a printed as %s reads back as %a", value, text, back);
}

START_TEST(extremes_round_trip)
{
    static const double values[] = {DBL_MAX,
                                    DBL_MIN,
                                    DBL_EPSILON,
                                    5e-324,
                                    2.2250738585072011e-308,
                                    1e22,
                                    1e23,
                                    4503599627370497.5,
                                    1.7976931348623155e308};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        check_round_trip(values[i]);
        check_round_trip(-values[i]);
    }
}
END_TEST

/* splitmix64: a fixed, well mixed sequence of bit patterns. */
static uint64_t next_bits(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

START_TEST(random_bit_patterns_round_trip)
{
    uint64_t state = 20261122;
    int n_finite = 0;
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = next_bits(&state);
        double value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        check_round_trip(value);
        n_finite++;
    }
    ck_assert_int_gt(n_finite, 99000);
}
END_TEST

/* Of all decimals that read back to the value, none is shorter than the one printed. */
START_TEST(no_digit_can_be_dropped)
{
    uint64_t state = 7;
    for (int i = 0; i < 2000; i++) {
        double value = (double)(next_bits(&state) >> 11) * 0x1p-53, back;
        char text[GABLE_NUM_TEXT_CAP], shorter[GABLE_NUM_TEXT_CAP];
        gable_num_print(value, text);
        int n_digits = 0, leading = 1;
        for (const char *p = text; *p && *p != 'e'; p++) {
            leading = leading && (*p == '0' || *p == '.');
            n_digits += !leading && *p != '.';
        }
        if (n_digits < 2)
            continue;
        snprintf(shorter, sizeof shorter, "%.*e", n_digits - 2, value);
        ck_assert(gable_num_parse(shorter, &back));
        ck_assert_msg(back != value, "%s is enough for %s", shorter, text);
    }
}
END_TEST

static const struct {
    const char *text;
    double value;
} accepted[] = {
    {"0", 0.0},
    {"-0", -0.0},
    {"12", 12.0},
    {"-12.5", -12.5},
    {"1e3", 1000.0},
    {"1E3", 1000.0},
    {"1e+3", 1e3},
    {"1e-3", 0.001},
    {"0.5", 0.5},
    {"1e308", 1e308},
    {"5e-324", 5e-324},
    {"1e-400", 0},
    {"123456789012345678901234567890", 123456789012345678901234567890.0},
};

START_TEST(parses)
{
    double value = NAN;
    ck_assert_msg(gable_num_parse(accepted[_i].text, &value), "%s", accepted[_i].text);
    ck_assert_double_eq(value, accepted[_i].value);
}
END_TEST

static const char *const refused[] = {
    "",       " ",   " 1",    "1 ",    "+1",    "-",   "--1", ".5",  "-.5",  "1.",       "1.e5",
    "1e",     "1e+", "1e5.",  "0x10",  "0X1p3", "nan", "NaN", "inf", "-inf", "Infinity", "1e999",
    "-1e999", "1,5", "1_000", "1e5e5", "1.2.3", "1-2", "1\n", "\t1", "٣",
};

START_TEST(refuses)
{
    double value = 42.0;
    ck_assert_msg(!gable_num_parse(refused[_i], &value), "\"%s\" was read as %g", refused[_i],
                  value);
    ck_assert_double_eq(value, 42.0);
}
END_TEST

Suite *gable_suite_num(void);
Suite *gable_suite_num(void)
{
    Suite *suite = suite_create("num");
    TCase *print = tcase_create("print"), *parse = tcase_create("parse");
    ADD_ROWS(print, prints_shortest, prints);
    tcase_add_test(print, extremes_round_trip);
    tcase_add_test(print, random_bit_patterns_round_trip);
    tcase_add_test(print, no_digit_can_be_dropped);
    tcase_set_timeout(print, 30);
    ADD_ROWS(parse, parses, accepted);
    ADD_ROWS(parse, refuses, refused);
    suite_add_tcase(suite, print);
    suite_add_tcase(suite, parse);
    return suite;
}
