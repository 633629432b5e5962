/* base/units: what is read, what is refused and why, and that what is printed reads back. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "rows.h"

static const struct {
    const char *text;
    gable_dim dim;
    double value;
} good[] = {
    {"80GB", GABLE_DIM_BYTES, 80e9},
    {"80 GB", GABLE_DIM_BYTES, 80e9},
    {"80GiB", GABLE_DIM_BYTES, 80.0 * 1073741824.0},
    {"1KiB", GABLE_DIM_BYTES, 1024.0},
    {"1kB", GABLE_DIM_BYTES, 1000.0},
    {"1.5TiB", GABLE_DIM_BYTES, 1.5 * 1099511627776.0},
    {"8b", GABLE_DIM_BYTES, 1.0},
    {"0.5 B", GABLE_DIM_BYTES, 0.5},
    {"3.35TB/s", GABLE_DIM_BYTES_PER_S, 3.35e12},
    {"3.35 TB/s", GABLE_DIM_BYTES_PER_S, 3.35e12},
    {"400Gb/s", GABLE_DIM_BYTES_PER_S, 50e9}, /* b is a bit */
    {"400 Gbps", GABLE_DIM_BYTES_PER_S, 50e9},
    {"400GB/s", GABLE_DIM_BYTES_PER_S, 400e9},
    {"989TFLOP/s", GABLE_DIM_FLOPS_PER_S, 989e12},
    {"989 TFLOPS", GABLE_DIM_FLOPS_PER_S, 989e12},
    {"1979 TOPS", GABLE_DIM_FLOPS_PER_S, 1979e12},
    {"1979 TOP/s", GABLE_DIM_FLOPS_PER_S, 1979e12},
    {"15 PFLOP/s", GABLE_DIM_FLOPS_PER_S, 15e15},
    {"60 GFLOP", GABLE_DIM_FLOPS, 60e9},
    {"5 Top/s", GABLE_DIM_OPS_PER_S, 5e12},
    {"50us", GABLE_DIM_SECONDS, 50e-6},
    {"50 \xc2\xb5s", GABLE_DIM_SECONDS, 50e-6},
    {"700ns", GABLE_DIM_SECONDS, 700e-9},
    {"2s", GABLE_DIM_SECONDS, 2.0},
    {"50ms", GABLE_DIM_SECONDS, 0.05},
    {"2min", GABLE_DIM_SECONDS, 120.0},
    {"1h", GABLE_DIM_SECONDS, 3600.0},
    {"1.83 GHz", GABLE_DIM_HERTZ, 1.83e9},
    {"700 W", GABLE_DIM_WATTS, 700.0},
    {"120 kW", GABLE_DIM_WATTS, 120e3},
    {"3 J", GABLE_DIM_JOULES, 3.0},
    {"2.95 $/h", GABLE_DIM_USD_PER_H, 2.95},
    {"3 $", GABLE_DIM_USD, 3.0},
    {"4k", GABLE_DIM_COUNT, 4000.0},
    {"4Ki", GABLE_DIM_COUNT, 4096.0},
    {"1Mi", GABLE_DIM_COUNT, 1048576.0},
    {"12", GABLE_DIM_COUNT, 12.0},
    {"0.5", GABLE_DIM_NONE, 0.5},
    {"1e3 B", GABLE_DIM_BYTES, 1000.0},
    {"1E", GABLE_DIM_COUNT, 1e18}, /* exa: no exponent follows */
    {"2e-3s", GABLE_DIM_SECONDS, 0.002},
    {"-5 GB", GABLE_DIM_BYTES, -5e9}, /* the sign is the field's range to refuse */
    {"0 B/s", GABLE_DIM_BYTES_PER_S, 0.0},
    {"1e30", GABLE_DIM_COUNT, 1e30},
};

START_TEST(reads)
{
    double value = NAN;
    gable_units_result result = gable_units_parse(good[_i].text, good[_i].dim, false, &value);
    ck_assert_msg(result == GABLE_UNITS_OK, "\"%s\": result %d", good[_i].text, (int)result);
    check_close(value, good[_i].value, 1e-15);
}
END_TEST

/* The command line takes bare numbers in base units; files do not. */
START_TEST(bare_numbers_are_for_the_command_line)
{
    for (int dim = 0; dim < GABLE_N_DIMS; dim++) {
        double value = 42.0;
        bool unitless = gable_dim_unit((gable_dim)dim)[0] == '\0';
        gable_units_result in_file = gable_units_parse("1.5e3", (gable_dim)dim, false, &value);
        ck_assert_int_eq(in_file, unitless ? GABLE_UNITS_OK : GABLE_UNITS_MISSING_UNIT);
        ck_assert_double_eq(value, unitless ? 1500.0 : 42.0);
        ck_assert_int_eq(gable_units_parse("1.5e3", (gable_dim)dim, true, &value), GABLE_UNITS_OK);
        ck_assert_double_eq(value, 1500.0);
    }
}
END_TEST

static const struct {
    const char *text;
    gable_dim dim;
    gable_units_result result;
    const char *says;
} bad[] = {
    {"3.35 TB", GABLE_DIM_BYTES_PER_S, GABLE_UNITS_WRONG_DIM, "3.35 TB/s"},
    {"80 GB/s", GABLE_DIM_BYTES, GABLE_UNITS_WRONG_DIM, "B/s"},
    {"989 TFLOP", GABLE_DIM_FLOPS_PER_S, GABLE_UNITS_WRONG_DIM, "FLOP"},
    {"8B", GABLE_DIM_COUNT, GABLE_UNITS_WRONG_DIM, "a billion is G"}, /* parameters */
    {"50 us", GABLE_DIM_COUNT, GABLE_UNITS_WRONG_DIM, "s"},
    {"4k", GABLE_DIM_BYTES, GABLE_UNITS_WRONG_DIM, "80 GB"},
    {"80 gb", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "\"80 gb\""},
    {"80 gb", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "did you mean \"80 GB\"?"},
    {"1mb", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "did you mean \"1MB\"?"}, /* no millibit */
    {"1mB/s", GABLE_DIM_BYTES_PER_S, GABLE_UNITS_UNKNOWN_UNIT, "did you mean \"1MB/s\"?"},
    {"8tb/S", GABLE_DIM_BYTES_PER_S, GABLE_UNITS_UNKNOWN_UNIT, "did you mean \"8TB/s\"?"},
    {"64MIB", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "did you mean \"64MiB\"?"},
    {"50 MS", GABLE_DIM_SECONDS, GABLE_UNITS_UNKNOWN_UNIT, "did you mean \"50 ms\"?"},
    {"4K", GABLE_DIM_COUNT, GABLE_UNITS_UNKNOWN_UNIT, "did you mean \"4k\"?"},
    {"95%", GABLE_DIM_NONE, GABLE_UNITS_UNKNOWN_UNIT, "did you mean \"0.95\"?"},
    {"80 Gb/S", GABLE_DIM_BYTES_PER_S, GABLE_UNITS_UNKNOWN_UNIT, "80 Gb/S"},
    {"80 KB", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "did you mean \"80 kB\"?"}, /* never K */
    {"80 GBit", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "GBit"},
    {"80  GB", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "80"},
    {"80 GB ", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "80 GB "},
    {"80 G B", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "80 G B"},
    {"80 GB junk", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "junk"},
    {"80,5 GB", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "80,5"},
    {"1e", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "1e"},
    {"1e+", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "1e+"},
    {"0x10", GABLE_DIM_COUNT, GABLE_UNITS_UNKNOWN_UNIT, "0x10"},
    {"0x10 B", GABLE_DIM_BYTES, GABLE_UNITS_UNKNOWN_UNIT, "0x10"},
    {"", GABLE_DIM_BYTES, GABLE_UNITS_NOT_A_NUMBER, "80 GB"},
    {" ", GABLE_DIM_BYTES, GABLE_UNITS_NOT_A_NUMBER, "80 GB"},
    {" 80 GB", GABLE_DIM_BYTES, GABLE_UNITS_NOT_A_NUMBER, "80 GB"},
    {"GB", GABLE_DIM_BYTES, GABLE_UNITS_NOT_A_NUMBER, "80 GB"},
    {"fast", GABLE_DIM_BYTES_PER_S, GABLE_UNITS_NOT_A_NUMBER, "fast"},
    {"nan", GABLE_DIM_SECONDS, GABLE_UNITS_NOT_A_NUMBER, "nan"},
    {"nan s", GABLE_DIM_SECONDS, GABLE_UNITS_NOT_A_NUMBER, "nan"},
    {"inf", GABLE_DIM_SECONDS, GABLE_UNITS_NOT_A_NUMBER, "inf"},
    {"-inf s", GABLE_DIM_SECONDS, GABLE_UNITS_NOT_A_NUMBER, "inf"},
    {"+5 s", GABLE_DIM_SECONDS, GABLE_UNITS_NOT_A_NUMBER, "+5"},
    {".5 s", GABLE_DIM_SECONDS, GABLE_UNITS_NOT_A_NUMBER, ".5"},
    {"5. s", GABLE_DIM_SECONDS, GABLE_UNITS_NOT_A_NUMBER, "5."},
    {"1.2.3 s", GABLE_DIM_SECONDS, GABLE_UNITS_NOT_A_NUMBER, "1.2.3"},
    {"1-2 s", GABLE_DIM_SECONDS, GABLE_UNITS_NOT_A_NUMBER, "1-2"},
    {"--1 s", GABLE_DIM_SECONDS, GABLE_UNITS_NOT_A_NUMBER, "--1"},
    {"1e999 s", GABLE_DIM_SECONDS, GABLE_UNITS_NOT_A_NUMBER, "1e999"},
    {"1e31", GABLE_DIM_COUNT, GABLE_UNITS_RANGE, "1e30"},
    {"-1e31 B", GABLE_DIM_BYTES, GABLE_UNITS_RANGE, "1e30"},
    {"1e20 TB", GABLE_DIM_BYTES, GABLE_UNITS_RANGE, "1e30"},
};

START_TEST(refuses)
{
    double value = 42.0;
    char why[200];
    gable_units_result result = gable_units_parse(bad[_i].text, bad[_i].dim, false, &value);
    ck_assert_msg(result == bad[_i].result, "\"%s\": result %d", bad[_i].text, (int)result);
    ck_assert_double_eq(value, 42.0);
    gable_units_explain(result, bad[_i].text, bad[_i].dim, why, sizeof why);
    ck_assert_msg(strstr(why, bad[_i].says) != NULL, "\"%s\" does not say \"%s\"", why,
                  bad[_i].says);
}
END_TEST

/* The copy ends where its memory ends, so that a sanitizer sees a read past the NUL. */
START_TEST(reads_no_byte_past_the_end)
{
    static const char *const texts[] = {"1e", "1E", "1e+", "1e-", "", "-", "1", "1 ", "1 K", "1 G"};
    char *exact = malloc(strlen(texts[_i]) + 1);
    ck_assert_ptr_nonnull(exact);
    memcpy(exact, texts[_i], strlen(texts[_i]) + 1);
    double value = 42.0;
    gable_units_result result = gable_units_parse(exact, GABLE_DIM_SECONDS, false, &value);
    ck_assert_int_ne(result, GABLE_UNITS_OK);
    char why[100];
    gable_units_explain(result, exact, GABLE_DIM_SECONDS, why, sizeof why);
    ck_assert_uint_gt(strlen(why), 10);
    free(exact);
}
END_TEST

START_TEST(explanations_fit_where_they_are_told_to)
{
    char longest[300], why[32];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (int result = 0; result <= GABLE_UNITS_RANGE; result++) {
        memset(why, '#', sizeof why);
        gable_units_explain((gable_units_result)result, longest, GABLE_DIM_BYTES, why, 20);
        ck_assert_uint_lt(strlen(why), 20);
        ck_assert_int_eq(why[20], '#');
    }
}
END_TEST

START_TEST(examples_read_back)
{
    double value = NAN;
    const char *example = gable_dim_example((gable_dim)_i);
    ck_assert_int_eq(gable_units_parse(example, (gable_dim)_i, false, &value), GABLE_UNITS_OK);
    ck_assert(value > 0.0);
}
END_TEST

static const struct {
    double value;
    gable_dim dim;
    int digits;
    const char *text;
} prints[] = {
    {3.35e12, GABLE_DIM_BYTES_PER_S, 3, "3.35 TB/s"},
    {0.0179, GABLE_DIM_SECONDS, 3, "17.9 ms"},
    {1.5, GABLE_DIM_SECONDS, 3, "1.5 s"},
    {50e-6, GABLE_DIM_SECONDS, 3, "50 us"},
    {700e-9, GABLE_DIM_SECONDS, 3, "700 ns"},
    {80e9, GABLE_DIM_BYTES, 4, "80 GB"},
    {989.4e12, GABLE_DIM_FLOPS_PER_S, 4, "989.4 TFLOP/s"},
    {15e15, GABLE_DIM_FLOPS_PER_S, 3, "15 PFLOP/s"},
    {999.96, GABLE_DIM_BYTES, 4, "1 kB"}, /* rounds into the next prefix */
    {999.94, GABLE_DIM_BYTES, 4, "999.9 B"},
    {0.0, GABLE_DIM_BYTES, 3, "0 B"},
    {0.0, GABLE_DIM_SECONDS, 3, "0 s"},
    {0.5, GABLE_DIM_NONE, 3, "0.5"},
    {4096.0, GABLE_DIM_COUNT, 4, "4096"},
    {2.95, GABLE_DIM_USD_PER_H, 3, "2.95 $/h"},
    {-3.35e12, GABLE_DIM_BYTES_PER_S, 3, "-3.35 TB/s"},
    {1.83e9, GABLE_DIM_HERTZ, 3, "1.83 GHz"},
    {700.0, GABLE_DIM_WATTS, 3, "700 W"},
};

START_TEST(prints_for_people)
{
    char text[GABLE_UNITS_TEXT_CAP];
    ck_assert_ptr_eq(gable_units_print(prints[_i].value, prints[_i].dim, prints[_i].digits, text),
                     text);
    ck_assert_str_eq(text, prints[_i].text);
}
END_TEST

/* Three steps a decade over the range that a dimension meets: print with 6 digits, read, compare.
 */
START_TEST(prints_what_it_reads)
{
    gable_dim dim = (gable_dim)_i;
    bool plain = dim == GABLE_DIM_NONE || dim == GABLE_DIM_USD || dim == GABLE_DIM_USD_PER_H;
    double low = dim == GABLE_DIM_SECONDS ? 1e-8 : 1.0, high = plain ? 1e5 : 1e19;
    if (dim == GABLE_DIM_SECONDS)
        high = 1e5;
    for (double value = low; value < high; value *= 2.154434690031884) {
        char text[GABLE_UNITS_TEXT_CAP];
        double back = NAN;
        gable_units_print(value, dim, 6, text);
        gable_units_result result = gable_units_parse(text, dim, false, &back);
        ck_assert_msg(result == GABLE_UNITS_OK, "%g is printed as \"%s\"", value, text);
        ck_assert_msg(fabs(back / value - 1.0) < 5.1e-6, "%g as \"%s\" is %g", value, text, back);
    }
}
END_TEST

Suite *gable_suite_units(void);
Suite *gable_suite_units(void)
{
    Suite *suite = suite_create("units");
    TCase *parse = tcase_create("parse"), *print = tcase_create("print");
    ADD_ROWS(parse, reads, good);
    ADD_ROWS(parse, refuses, bad);
    tcase_add_test(parse, bare_numbers_are_for_the_command_line);
    tcase_add_loop_test(parse, reads_no_byte_past_the_end, 0, 10);
    tcase_add_test(parse, explanations_fit_where_they_are_told_to);
    tcase_add_loop_test(parse, examples_read_back, 0, GABLE_N_DIMS);
    ADD_ROWS(print, prints_for_people, prints);
    tcase_add_loop_test(print, prints_what_it_reads, 0, GABLE_N_DIMS);
    suite_add_tcase(suite, parse);
    suite_add_tcase(suite, print);
    return suite;
}
