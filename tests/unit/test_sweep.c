/* sweep: reading a file, axes and their values, indices and points. */
#include <math.h>

#include "engine/sweep_axes.h"
#include "rows.h"
#include "sweeps.h"

/* ---- values of an axis ---- */

#define FIXED "\"model\": \"llama-3.1-8b\", \"system\": \"h100-sxm\""

static const struct {
    const char *axis;
    int n;
    double value[8];
} value_rows[] = {
    {"\"batch\": [1, 2, 4]", 3, {1, 2, 4}},
    {"\"batch\": 7", 1, {7}},
    {"\"context\": \"1k\"", 1, {1000}},
    {"\"context\": [\"1Ki\", 0]", 2, {1024, 0}},
    {"\"batch\": {\"from\": 1, \"to\": 64, \"count\": 7, \"scale\": \"log\"}",
     7,
     {1, 2, 4, 8, 16, 32, 64}},
    /* 1, 1.19, 1.41, 1.68, 2, 2.38, 2.83, 3.36, 4: whole numbers once each */
    {"\"batch\": {\"from\": 1, \"to\": 4, \"count\": 9, \"scale\": \"log\"}", 4, {1, 2, 3, 4}},
    {"\"batch\": \"3..6\"", 4, {3, 4, 5, 6}},
    {"\"experts_skew\": {\"from\": 0, \"to\": 1, \"count\": 3}", 3, {0, 0.5, 1}},
    {"\"phase\": [\"decode\", \"prefill\"]", 2, {GABLE_PHASE_DECODE, GABLE_PHASE_PREFILL}},
    {"\"kv\": [\"fp8\", \"bf16\"]", 2, {GABLE_DTYPE_FP8, GABLE_DTYPE_BF16}},
    /* 3.35 TB/s on the datasheet */
    {"\"accelerator.hbm.bandwidth\": [\"2 TB/s\", \"x2\", 1e12, \"+10%\"]",
     4,
     {2e12, 6.7e12, 1e12, 3.685e12}},
    {"\"hbm.bandwidth\": {\"from\": \"2 TB/s\", \"to\": \"8 TB/s\", \"count\": 3, "
     "\"scale\": \"log\"}",
     3,
     {2e12, 4e12, 8e12}},
};

START_TEST(axis_values)
{
    char axes[512];
    snprintf(axes, sizeof axes, FIXED ", %s", value_rows[_i].axis);
    const gable_sweep *sweep = read_sweep(axes, "");
    ck_assert_int_eq(sweep->n_axes, 3);
    for (int i = 0; i < sweep->n_axes; i++) {
        const gable_sweep_axis *axis = &sweep->axis[i];
        if (strcmp(axis->key, "model") == 0 || strcmp(axis->key, "system") == 0)
            continue;
        const double *value = axis->row ? axis->value : axis->base_value;
        ck_assert_int_eq(axis->n, value_rows[_i].n);
        for (int k = 0; k < axis->n; k++)
            ck_assert_double_le(fabs(value[k] - value_rows[_i].value[k]),
                                1e-12 * fabs(value_rows[_i].value[k]));
    }
}
END_TEST

static const struct {
    const char *axes, *more, *says;
} refused_rows[] = {
    {"\"model\": \"llama-3.1-8b\"", "", "axes: \"system\" is missing"},
    {"\"system\": \"h100-sxm\"", "", "axes: \"model\" is missing"},
    {FIXED ", \"bacth\": 1", "",
     "case.json:2:57: axes.bacth: unknown axis; did you mean \"batch\"?"},
    {FIXED ", \"accelerator.hbm.bandwith\": 1", "", "did you mean \"accelerator.hbm.bandwidth\"?"},
    {FIXED ", \"batch\": []", "", "axes.batch: no values"},
    {FIXED ", \"batch\": 0", "", "0 is out of range, expected a whole number in 1 to 1048576"},
    {FIXED ", \"batch\": 1.5", "", "1.5 is out of range"},
    {FIXED ", \"batch\": [1, \"two\"]", "", "axes.batch[1]: "},
    {FIXED ", \"batch\": {\"from\": 4, \"to\": 2, \"count\": 2}", "",
     "the range ends (2) before it starts (4)"},
    {FIXED ", \"batch\": {\"from\": 1}", "", "a range needs \"from\" and \"to\""},
    {FIXED ", \"batch\": {\"from\": 1, \"to\": 8, \"step\": 1}", "", "step"},
    {FIXED ", \"hbm.bandwidth\": \"2 TB/s..8 TB/s\"", "", "a grid needs a number of values"},
    {FIXED ", \"hbm.bandwidth\": \"2 TB\"", "", "axes.hbm.bandwidth: "},
    {FIXED ", \"context\": {\"from\": 0, \"to\": 8, \"count\": 2, \"scale\": \"log\"}", "",
     "a logarithmic range cannot start at 0"},
    {FIXED ", \"kv\": \"fp9\"", "", "unknown format \"fp9\"; did you mean \"fp8\"?"},
    {FIXED ", \"phase\": \"decoding\"", "", "unknown phase \"decoding\""},
    {"\"model\": \"llama-3.1-9b\", \"system\": \"h100-sxm\"", "", "case.json:2:19: axes.model: "},
    {FIXED, "\"objective\": \"tokens\"", "objective: unknown metric \"tokens\""},
    {FIXED, "\"where\": [\"time_s < 1\"]", "where[0]: \"time_s < 1\": expected METRIC <= VALUE"},
    {FIXED, "\"where\": [\"time_s <= 1 GB\"]", "where[0]: \"time_s <= 1 GB\": "},
    {FIXED, "\"where\": [\"time_s == 4 ms\"]", "\"time_s == 4 ms\": expected METRIC <= VALUE"},
    {FIXED, "\"where\": [\"time_s => 4 ms\"]", "\"time_s => 4 ms\": expected METRIC <= VALUE"},
    {FIXED, "\"where\": [\"<= 4\"]", "where[0]: \"<= 4\": expected METRIC <= VALUE"},
    {FIXED, "\"where\": [\"fits != 1\"]", "METRIC >= VALUE or fits"},
    {FIXED, "\"where\": [\"fit\"]", "unknown metric \"fit\"; did you mean \"fits\"?"},
    {FIXED ", \"batch\": [1, 2, 4, 2]", "", "2:76: axes.batch[3]: the same value as [1], expected"},
    {FIXED ", \"context\": [1000, \"1k\"]", "", "axes.context[1]: the same value as [0]"},
    {FIXED ", \"kv\": [\"fp8\", \"bf16\", \"fp8\"]", "", "axes.kv[2]: the same value as [0]"},
    {FIXED ", \"stack\": [\"vllm\", \"vllm\"]", "", "axes.stack[1]: the same value as [0]"},
    {FIXED ", \"hbm.bandwidth\": [\"x2\", \"x2\"]", "", "axes.hbm.bandwidth[1]: the same value"},
    {FIXED, "\"pareto\": [\"time_s\"]", "pareto: expected two metrics, got 1"},
    {FIXED, "\"pareto\": [\"time_s\", \"max time_s\"]",
     "pareto: expected two metrics, got one twice"},
    {FIXED, "\"histogram\": {\"metric\": \"time_s\", \"from\": 0, \"to\": 1, \"bins\": 2.5}",
     "histogram.bins: expected a whole number in 1 to 512"},
    {FIXED, "\"histogram\": {\"metric\": \"time_s\", \"from\": 1, \"to\": 1, \"bins\": 3}",
     "the range is empty"},
    {FIXED, "\"sample\": {\"points\": 0}", "sample: \"points\": expected a whole number from 1"},
    {FIXED, "\"topp\": 3", "topp"},
    {FIXED ", \"batch\": \"1..1000000\"", "", "1000000 values, at most 65536"},
};

START_TEST(refused)
{
    gable_sweep *sweep = take(sizeof *sweep);
    ck_assert_int_eq(try_read(refused_rows[_i].axes, refused_rows[_i].more, sweep), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refused_rows[_i].says) != NULL, "says: %s", err.text);
}
END_TEST

/* ---- indices ---- */

/* Slowest first: what is laid out, then the machine, then the context. 17 = ((1 x 3 + 1) x 2 + 0)
 * x 2 + 1. */
START_TEST(digits)
{
    const gable_sweep *sweep =
        read_sweep("\"context\": [100, 200], \"model\": \"llama-3.1-8b\", "
                   "\"system\": [\"h100-sxm\", \"h200-sxm\"], \"batch\": [5, 6, 7], \"tp\": [1, 2]",
                   "");
    static const char *const keys[] = {"model", "tp", "batch", "system", "context"};
    static const int at[] = {0, 1, 1, 0, 1};
    static const double value[] = {0, 2, 6, 0, 200};
    gable_sweep_walk walk;
    gable_sweep_point point;
    gable_sweep_words words;
    ck_assert_uint_eq(sweep->total, 24);
    ck_assert_int_eq(gable_sweep_walk_open(sweep, &walk, &err), GABLE_OK);
    gable_sweep_at(sweep, &walk, 17, &point);
    for (int i = 0; i < 5; i++) {
        ck_assert_str_eq(sweep->axis[i].key, keys[i]);
        ck_assert_int_eq(point.at[i], at[i]);
        if (i != 0 && i != 3)
            ck_assert_double_eq(point.value[i], value[i]);
    }
    gable_sweep_words_of(sweep, &point, &words);
    ck_assert_str_eq(words.system, "h100-sxm");
    ck_assert_double_eq(words.context, 200.0);
    ck_assert_int_eq(point.base, 0);
    gable_sweep_walk_close(&walk);
}
END_TEST

/* A Sobol point is the same however it is reached, and fills its range evenly: of the first 64 in
 * one axis each eighth of the range has eight; GSL leaves out the very first, which is 0. */
START_TEST(samples)
{
    const gable_sweep *sweep =
        read_sweep(FIXED ", \"context\": \"0..7999\"", "\"sample\": {\"points\": 64}");
    gable_sweep_walk walk, back;
    gable_sweep_point point, again;
    int count[8] = {0};
    ck_assert_int_eq(gable_sweep_walk_open(sweep, &walk, &err), GABLE_OK);
    ck_assert_int_eq(gable_sweep_walk_open(sweep, &back, &err), GABLE_OK);
    int axis = strcmp(sweep->axis[1].key, "context") == 0 ? 1 : 2;
    for (uint64_t i = 0; i < 63; i++) {
        gable_sweep_at(sweep, &walk, i, &point);
        gable_sweep_at(sweep, &back, 62 - i, &again);
        gable_sweep_at(sweep, &back, i, &again);
        ck_assert_double_eq(point.value[axis], again.value[axis]);
        ck_assert_double_ge(point.value[axis], 0.0);
        ck_assert_double_le(point.value[axis], 7999.0);
        count[(int)point.value[axis] / 1000]++;
    }
    for (int i = 0; i < 8; i++)
        ck_assert_int_eq(count[i], i == 0 ? 7 : 8);
    gable_sweep_walk_close(&walk);
    gable_sweep_walk_close(&back);
}
END_TEST

START_TEST(shards_cover)
{
    static const uint64_t totals[] = {1, 5, 7, 1000, 1125899906842623u};
    for (size_t t = 0; t < sizeof totals / sizeof totals[0]; t++)
        for (uint64_t n = 1; n < 12; n++) {
            ck_assert_uint_eq(gable_sweep_shard_start(totals[t], 0, n), 0);
            ck_assert_uint_eq(gable_sweep_shard_start(totals[t], n, n), totals[t]);
            for (uint64_t i = 0; i < n; i++)
                ck_assert_uint_le(gable_sweep_shard_start(totals[t], i, n),
                                  gable_sweep_shard_start(totals[t], i + 1, n));
        }
}
END_TEST

Suite *gable_suite_sweep(void);

Suite *gable_suite_sweep(void)
{
    Suite *suite = suite_create("sweep");
    TCase *reading = tcase_create("reading");
    tcase_add_checked_fixture(reading, set_up, scratch_close);
    tcase_set_timeout(reading, 60.0);
    ADD_ROWS(reading, axis_values, value_rows);
    ADD_ROWS(reading, refused, refused_rows);
    tcase_add_test(reading, digits);
    tcase_add_test(reading, samples);
    tcase_add_test(reading, shards_cover);
    suite_add_tcase(suite, reading);
    return suite;
}
