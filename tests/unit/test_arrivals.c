/* engine: lengths and gaps between arrivals have the distributions they claim; recorded requests
 * are read as they were written, bad ones refused where they stand. */
#include <string.h>

#include "engine/arrivals.h"
#include "engine/trace.h"
#include "simulated.h"

/* ---- arrivals ---- */

/* Mean 1/rate and squared coefficient of variation 1/shape. */
START_TEST(gaps_are_gamma)
{
    static const double shapes[] = {1.0, 0.25, 4.0};
    enum { N = 200000 };
    gable_requests r = requests_of(N);
    gable_err err = {0};
    double sum = 0.0, squares = 0.0;
    ck_assert_int_eq(gable_arrivals_times(scratch_arena(), 5.0, shapes[_i], 3, &r, &err), GABLE_OK);
    ck_assert_double_eq(r.arrival_s[0], 0);
    for (size_t i = 1; i < N; i++) {
        double gap = r.arrival_s[i] - r.arrival_s[i - 1];
        sum += gap;
        squares += gap * gap;
    }
    double mean = sum / (N - 1), variance = squares / (N - 1) - mean * mean;
    check_close(mean, 0.2, 0.02);
    check_close(variance / (mean * mean), 1.0 / shapes[_i], 0.03);
}
END_TEST

static const struct {
    double isl, ratio, least, most;
} lengths[] = {
    {1000, 0.9, 800, 1000}, {1000, 1, 1000, 1000}, {1000, 0, 900, 1100},
    {1000, 0.25, 1, 500},   {1, 0, 1, 1},
};

START_TEST(lengths_by_hand)
{
    gable_lengths l = gable_lengths_of(lengths[_i].isl, 1, lengths[_i].ratio);
    gable_requests r = requests_of(20000);
    gable_err err = {0};
    double mean = 0.0;
    ck_assert_double_eq(l.prompt_least, lengths[_i].least);
    ck_assert_double_eq(l.prompt_most, lengths[_i].most);
    ck_assert_int_eq(gable_arrivals_lengths(scratch_arena(), &l, 1, &r, &err), GABLE_OK);
    for (size_t i = 0; i < r.n; i++) {
        ck_assert(r.prompt[i] >= l.prompt_least && r.prompt[i] <= l.prompt_most);
        mean += r.prompt[i] / (double)r.n;
    }
    check_close(mean, 0.5 * (l.prompt_least + l.prompt_most), 0.01);
}
END_TEST

/* ---- traces ---- */

static gable_status read(const char *name, const char *text, gable_trace *out, gable_err *err)
{
    return gable_trace_read(scratch_arena(), scratch_file(name, text, strlen(text)), 0, out, err);
}

/* The same three requests in three forms: at 0, 1.5 and 86401.5 s. */
static const char *const forms[] = {
    "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-02-28 23:59:58.5000000,10,2\n"
    "2024-02-29 00:00:00.0000000,20,3\n2024-03-01T00:00:00.0000000+00:00,30,4\n",
    "timestamp,input_length,output_length,hash_ids\n1000,10,2,7\n2500,20,3,7 8\n86402500,30,4,\n",
    "{\"timestamp\": 1000, \"input_length\": 10, \"output_length\": 2, \"hash_ids\": [7]}\n\n"
    "{\"timestamp\": 2500, \"input_length\": 20, \"output_length\": 3, \"hash_ids\": [7, 8]}\n"
    "{\"timestamp\": 86402500, \"input_length\": 30, \"output_length\": 4, \"hash_ids\": []}",
};

START_TEST(forms_are_one)
{
    gable_trace trace;
    gable_err err = {0};
    static const double at_s[] = {0, 1.5, 86401.5};
    ck_assert_msg(read("trace", forms[_i], &trace, &err) == GABLE_OK, "%s", err.text);
    ck_assert_uint_eq(trace.requests.n, 3);
    for (int i = 0; i < 3; i++) {
        check_close(trace.requests.arrival_s[i], at_s[i], 1e-12);
        ck_assert_int_eq(trace.requests.prompt[i], 10 * (i + 1));
        ck_assert_int_eq(trace.requests.answer[i], i + 2);
    }
    if (_i == 0) {
        ck_assert_ptr_null(trace.block_at);
        return;
    }
    ck_assert_uint_eq(trace.block_at[1], 1);
    ck_assert_uint_eq(trace.block_at[3], 3);
    ck_assert_double_eq(trace.block[2], 8);
}
END_TEST

static const struct {
    const char *text, *says;
} bad[] = {
    {"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9,10,0\n",
     ":2: GeneratedTokens: expected a whole number of tokens from 1 to 1e9, got \"0\""},
    {"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-13-16 18:17:03.9,10,1\n",
     ":2: TIMESTAMP: expected a date and a time, or a number, got \"2023-13-16 18:17:03.9\""},
    {"TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1.5,1\n",
     ":2: ContextTokens: expected a whole number"},
    {"TIMESTAMP,ContextTokens,GeneratedToken\n2023-11-16 18:17:03,1,1\n",
     ":1: no column \"GeneratedTokens\"; \"GeneratedToken\" is near"},
    {"TIMESTAMP,ContextTokens,GeneratedTokens\n", ":1: a trace without requests"},
    {"timestamp,input_length,output_length\n5,1,1\n4,1,1\n",
     ":3: timestamp: earlier than the row before it; sort the trace, got \"4\""},
    {"timestamp,input_length,output_length,hash_ids\n5,1,1,a\n",
     ":2: hash_ids: expected whole numbers parted by blanks"},
    {"{\"timestamp\": 0, \"input_length\": 5, \"output_length\": 1}\n"
     "{\"timestamp\": 0, \"input_length\": 5, \"output_length\": 0}\n",
     ":2:54: output_length: expected a whole number of tokens from 1 to 1e9, got 0"},
    {"{\"timestamp\": 0, \"input_length\": 5, \"output_length\": 1}\n{\"timestamp\": 01}\n",
     ":2:15: "},
    {"{\"timestamp\": 0, \"input_length\": 5}\n", ":1:1: (root): missing key \"output_length\""},
    {"{\"timestamp\": 0, \"input_length\": 5, \"output_length\": 1, \"hash_ids\": [-1]}\n",
     ":1:70: hash_ids[0]: expected a whole number from 0 to 1e15"},
    {"{\"timestamp\": \"now\", \"input_length\": 5, \"output_length\": 1}\n",
     ":1:15: timestamp: expected a number, got a string"},
};

START_TEST(bad_rows_are_refused)
{
    gable_trace trace;
    gable_err err = {0};
    ck_assert_int_eq(read("bad", bad[_i].text, &trace, &err), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, bad[_i].says) != NULL, "%s", err.text);
}
END_TEST

/* Blocks of 512: the second prompt begins with two of the first's three blocks, the third one with
 * three, the last of them in part; one token is always computed. A cache of two blocks keeps what
 * was used last: the first two of each prompt. */
START_TEST(prefixes_by_hand)
{
    static const char text[] = "timestamp,input_length,output_length,hash_ids\n"
                               "0,1400,1,1 2 3\n1,1536,1,1 2 4\n2,1400,1,1 2 3\n3,512,1,9\n";
    static const struct {
        double tokens;
        int32_t cached[4];
    } caches[] = {{1e9, {0, 1024, 1399, 0}}, {1024, {0, 1024, 1024, 0}}, {511, {0, 0, 0, 0}}};
    gable_trace trace;
    gable_err err = {0};
    double hit_frac;
    ck_assert_int_eq(read("prefix", text, &trace, &err), GABLE_OK);
    for (int k = 0; k < N_ROWS(caches); k++) {
        double hits = 0.0;
        ck_assert_int_eq(
            gable_trace_prefixes(scratch_arena(), &trace, caches[k].tokens, &hit_frac, &err),
            GABLE_OK);
        for (int i = 0; i < 4; i++) {
            ck_assert_int_eq(trace.requests.cached[i], caches[k].cached[i]);
            hits += caches[k].cached[i];
        }
        check_close(hit_frac, hits / (1400 + 1536 + 1400 + 512), 1e-12);
    }
}
END_TEST

START_TEST(prefixes_need_blocks)
{
    gable_trace trace;
    gable_err err = {0};
    double hit_frac;
    ck_assert_int_eq(read("plain", forms[0], &trace, &err), GABLE_OK);
    ck_assert_int_eq(gable_trace_prefixes(scratch_arena(), &trace, 1e9, &hit_frac, &err),
                     GABLE_INPUT);
}
END_TEST

Suite *gable_suite_arrivals(void);

Suite *gable_suite_arrivals(void)
{
    Suite *suite = suite_create("arrivals");
    TCase *all = tcase_create("arrivals");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_add_loop_test(all, gaps_are_gamma, 0, 3);
    ADD_ROWS(all, lengths_by_hand, lengths);
    ADD_ROWS(all, forms_are_one, forms);
    ADD_ROWS(all, bad_rows_are_refused, bad);
    tcase_add_test(all, prefixes_by_hand);
    tcase_add_test(all, prefixes_need_blocks);
    suite_add_tcase(suite, all);
    return suite;
}
