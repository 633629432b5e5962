/* sweep: axes and their values, indices and points, what is kept whatever the split, journals,
 * parts.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/sweep_axes.h"
#include "engine/sweep_journal.h"
#include "gable.h"
#include "report/sweep.h"
#include "rows.h"
#include "scratch.h"
#include "wrap.h"

static gable_err err;

static void set_up(void)
{
    scratch_open();
    err = (gable_err){0};
}

/* ---- helpers ---- */

/* A file with these axes and whatever else is asked. */
static const char *file_of(const char *axes, const char *more)
{
    static char text[4096];
    int n = snprintf(text, sizeof text,
                     "{\"schema\": \"gable.sweep/1\", \"name\": \"case\",\n\"axes\": {%s}%s%s}\n",
                     axes, *more ? ",\n" : "", more);
    return scratch_file("case.json", text, (size_t)n);
}

static gable_status try_read(const char *axes, const char *more, gable_sweep *out)
{
    gable_sweep_request request = {
        .path = file_of(axes, more), .hw = "hw", .workloads = "workloads"};
    err = (gable_err){0};
    return gable_sweep_read(scratch_arena(), &request, out, &err);
}

static gable_sweep *read_sweep(const char *axes, const char *more)
{
    gable_sweep *sweep;
    ck_assert_int_eq(gable_arena_take(scratch_arena(), 1, sizeof *sweep, &sweep, &err), GABLE_OK);
    ck_assert_msg(try_read(axes, more, sweep) == GABLE_OK, "%s", err.text);
    return sweep;
}

static void *take(size_t bytes)
{
    void *out;
    ck_assert_int_eq(gable_arena_take(scratch_arena(), 1, bytes, &out, &err), GABLE_OK);
    return out;
}

/* The points from first to end, and what came of them. */
static gable_sweep_result *run(const gable_sweep *sweep, uint64_t first, uint64_t end, int threads)
{
    gable_sweep_kept *kept = take(sizeof *kept);
    gable_sweep_result *result = take(sizeof *result);
    gable_sweep_job job = {.first = first, .end = end, .threads = threads};
    bool stopped;
    gable_sweep_keep_start(kept);
    ck_assert_msg(gable_sweep_run(sweep, &job, kept, &stopped, &err) == GABLE_OK, "%s", err.text);
    ck_assert(!stopped);
    ck_assert_msg(gable_sweep_collect(scratch_arena(), sweep, &job, kept, result, &err) == GABLE_OK,
                  "%s", err.text);
    return result;
}

static const char *as_json(const gable_sweep_result *result)
{
    gable_text out = {0};
    gable_report_sweep(&out, result, GABLE_FORMAT_JSON, 80);
    ck_assert(!out.failed);
    const char *copy = gable_arena_copy(scratch_arena(), out.text, out.length_bytes);
    gable_text_free(&out);
    ck_assert_ptr_nonnull(copy);
    return copy;
}

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
    {FIXED, "\"pareto\": [\"time_s\"]", "pareto: expected two metrics"},
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

/* ---- what is kept ---- */

/* Less x and more y are better: of these, points 1, 2, 4 and 6 are on the front; 5 is as good as 2
 * but later, 3 as good as 4 in x but worse in y. Any order of arrival gives the same. */
START_TEST(front_by_hand)
{
    static const gable_sweep_entry points[] = {{0, 9, 1}, {1, 1, 1}, {2, 3, 5}, {3, 2, 2},
                                               {4, 2, 4}, {5, 3, 5}, {6, 8, 9}, {7, 8, 3}};
    static const uint64_t front[] = {1, 4, 2, 6};
    enum { N = sizeof points / sizeof points[0] };
    gable_sweep *sweep = take(sizeof *sweep);
    gable_sweep_kept *kept = take(sizeof *kept);
    sweep->front[0] = (gable_sweep_goal){GABLE_METRIC_TIME, true};
    sweep->front[1] = (gable_sweep_goal){GABLE_METRIC_TOKENS, false};
    sweep->objective = sweep->front[0];
    sweep->top = 3;
    for (unsigned start = 0; start < N; start++)
        for (unsigned stride = 1; stride < N; stride += 2) {
            gable_sweep_keep_start(kept);
            for (unsigned i = 0; i < N; i++) {
                gable_sweep_keep_front(sweep, kept, &points[(start + i * stride) % N]);
                gable_sweep_keep_top(sweep, kept, &points[(start + i * stride) % N]);
            }
            ck_assert_int_eq(kept->n_front, 4);
            for (int i = 0; i < 4; i++)
                ck_assert_uint_eq(kept->front[i].index, front[i]);
            ck_assert_int_eq(kept->n_top, 3);
            ck_assert_uint_eq(kept->top[0].index, 1);
            ck_assert_uint_eq(kept->top[1].index, 3);
            ck_assert_uint_eq(kept->top[2].index, 4);
        }
}
END_TEST

/* ---- points cost what `gable cost` says ---- */

static void check_cost(gable_session *session, const gable_sweep_result *r, int point)
{
    const gable_sweep_found *f = &r->found[point];
    gable_query q = {.stack = "trtllm", .phase = "decode", .new_tokens = 1.0};
    gable_answer a;
    for (int i = 0; i < r->n_axes; i++) {
        const char *key = r->axis[i].key;
        if (strcmp(key, "model") == 0)
            q.model = f->text[i];
        else if (strcmp(key, "system") == 0)
            q.system = f->text[i];
        else if (strcmp(key, "weights") == 0)
            q.weights = f->text[i];
        else if (strcmp(key, "tp") == 0)
            q.tp = (int)f->value[i];
        else if (strcmp(key, "ep") == 0)
            q.ep = (int)f->value[i];
        else if (strcmp(key, "batch") == 0)
            q.batch = f->value[i];
        else if (strcmp(key, "context") == 0)
            q.context = f->value[i];
    }
    ck_assert_msg(gable_cost(session, &q, &a) == 0, "%s", gable_message(session));
    ck_assert_double_eq(f->metric[GABLE_METRIC_TIME], a.time_s);
    ck_assert_double_eq(f->metric[GABLE_METRIC_P90], a.p90_s);
    ck_assert_double_eq(f->metric[GABLE_METRIC_HBM], a.hbm_bytes);
    ck_assert_double_eq(f->metric[GABLE_METRIC_TOTAL], a.total_bytes);
    ck_assert_double_eq(f->metric[GABLE_METRIC_FITS], a.fits ? 1.0 : 0.0);
}

#define GRID                                                                                       \
    "\"model\": [\"llama-3.1-70b\", \"qwen3-235b-a22b\"], \"ep\": 1, \"tp\": [4, 8], "             \
    "\"weights\": [\"bf16\", \"fp8\"], \"system\": [\"hgx-h100-8\", \"hgx-b200-8\"], "             \
    "\"batch\": [1, 48, 300], \"context\": [0, 900, 5000, 70000]"

START_TEST(every_point_costs_what_cost_says)
{
    /* All are kept, so that gable_sweep_collect compares each with itself alone. */
    const gable_sweep *sweep = read_sweep(GRID, "\"where\": [], \"top\": 1000");
    const gable_sweep_result *r = run(sweep, 0, sweep->total, 1);
    gable_session *session;
    ck_assert_uint_eq(r->points, 192);
    ck_assert_uint_eq(r->refused, 0);
    ck_assert_int_eq(r->n_found, 192);
    ck_assert_int_eq(gable_open(".", &session), 0);
    for (int i = 0; i < r->n_found; i++)
        check_cost(session, r, i);
    gable_close(session);
}
END_TEST

/* Fields of the machine, two ways to experts, steps that overlap, prompts: each point alone again.
 */
static const struct {
    const char *axes, *more;
} alone_rows[] = {
    {"\"model\": \"deepseek-v3\", \"system\": [\"gb200-nvl72\", \"hgx-h200-8\"], \"tp\": [1, 8], "
     "\"attn_dp\": [1, 8], \"ep\": [1, 8], \"batch\": [8, 64, 512], \"context\": [100, 4096], "
     "\"overlap\": [\"none\", \"two-batch\"]",
     ""},
    {"\"model\": \"llama-3.1-70b\", \"system\": [\"hgx-h100-8\", \"hgx-a100-8\"], \"tp\": [2, 8], "
     "\"context\": [10, 8000], \"hbm.bandwidth\": [\"x1\", \"x3\"], \"hbm.capacity\": [\"x1\", "
     "\"1 TB\"], \"system.scale_up.bandwidth\": [\"x1\", \"x4\"], "
     "\"nodes\": [1, 2], \"clocks\": [\"burst\", \"sustained\"]",
     ""},
    {"\"model\": \"llama-3.1-8b\", \"system\": [\"hgx-h100-8\"], \"phase\": [\"prefill\", "
     "\"decode\"], \"tp\": [1, 2, 8], \"pp\": [1, 2], \"batch\": [1, 4], \"new_tokens\": [1, 700]",
     ""},
    {"\"model\": [\"deepseek-v3\", \"gpt-oss-120b\"], \"system\": [\"hgx-h200-8\", "
     "\"hgx-b200-8\"], \"tp\": [4, 8], \"ep\": [1, 4], \"batch\": \"1..500\", "
     "\"context\": \"0..100k\", \"hbm.bandwidth\": \"1 TB/s..9 TB/s\"",
     "\"sample\": {\"points\": 150}, "},
};

START_TEST(every_point_costs_the_same_alone)
{
    char more[200];
    snprintf(more, sizeof more, "%s\"where\": [], \"top\": 1000", alone_rows[_i].more);
    const gable_sweep *sweep = read_sweep(alone_rows[_i].axes, more);
    const gable_sweep_result *r = run(sweep, 0, sweep->total, 1);
    ck_assert_uint_eq(r->points, sweep->total);
    ck_assert_uint_gt(r->feasible, r->points / 4);
    ck_assert_uint_eq(r->feasible + r->refused, r->points);
    ck_assert_int_eq(r->n_found, (int)r->feasible);
}
END_TEST

/* ---- whatever the split ---- */

#define SPLIT                                                                                      \
    "\"model\": [\"llama-3.1-70b\", \"gpt-oss-120b\"], \"tp\": [1, 2, 3, 8], "                     \
    "\"system\": [\"hgx-h100-8\", \"hgx-b200-8\"], \"batch\": [1, 3, 9, 27, 81], "                 \
    "\"context\": \"1000..1037\", \"hbm.bandwidth\": [\"x1\", \"x2\", \"4 TB/s\"]"
#define ASKED                                                                                      \
    "\"top\": 7, \"pareto\": [\"tokens_per_s_per_user\", \"min usd_per_million_tokens\"], "        \
    "\"histogram\": {\"metric\": \"p90_s\", \"from\": \"1 ms\", \"to\": \"50 ms\", \"bins\": 9, "  \
    "\"scale\": \"log\"}, \"where\": [\"fits\", \"memory_frac <= 0.9\"]"

static gable_sweep *split_sweep(bool sampled)
{
    gable_sweep *sweep = sampled ? read_sweep(SPLIT, ASKED ", \"sample\": {\"points\": 2000}")
                                 : read_sweep(SPLIT, ASKED);
    sweep->block = 97; /* many blocks, which end in the middle of runs */
    return sweep;
}

/* Threads 1, 2, 5; odd: of a sample. */
START_TEST(threads_give_the_same)
{
    const gable_sweep *sweep = split_sweep(_i % 2);
    const char *one = as_json(run(sweep, 0, sweep->total, 1));
    ck_assert_ptr_nonnull(strstr(one, "\"counts\": ["));
    ck_assert_str_eq(one, as_json(run(sweep, 0, sweep->total, _i < 2 ? 2 : 5)));
}
END_TEST

static gable_sweep_result part_of(const gable_sweep *sweep, uint64_t i, uint64_t n)
{
    uint64_t first = gable_sweep_shard_start(sweep->total, i, n);
    gable_sweep_result *r = run(sweep, first, gable_sweep_shard_start(sweep->total, i + 1, n), 1);
    gable_sweep_result read;
    char name[32];
    snprintf(name, sizeof name, "part-%d.json", (int)i);
    snprintf(r->shard, sizeof r->shard, "%d/%d", (int)i + 1, (int)n);
    const char *json = as_json(r), *path = scratch_file(name, json, strlen(json));
    ck_assert_msg(gable_sweep_part_read(scratch_arena(), path, &read, &err) == GABLE_OK, "%s",
                  err.text);
    return read;
}

static const int shard_counts[] = {1, 3, 7, 3};

/* The last of them of a sample. Parts come in another order, and first two are joined. */
START_TEST(shards_join_to_the_same)
{
    const gable_sweep *sweep = split_sweep(_i == 3);
    int n = shard_counts[_i];
    gable_sweep_result parts[8], two, all;
    for (int i = 0; i < n; i++)
        parts[(i * 2 + 1) % n] = part_of(sweep, (uint64_t)i, (uint64_t)n);
    const char *whole = as_json(run(sweep, 0, sweep->total, 1));
    ck_assert_int_eq(gable_sweep_join(scratch_arena(), parts, n, &all, &err), GABLE_OK);
    ck_assert(gable_sweep_complete(&all));
    ck_assert_str_eq(as_json(&all), whole);
    if (n < 2)
        return;
    ck_assert_int_eq(gable_sweep_join(scratch_arena(), parts, 2, &two, &err), GABLE_OK);
    ck_assert(!gable_sweep_complete(&two));
    parts[1] = two;
    ck_assert_int_eq(gable_sweep_join(scratch_arena(), parts + 1, n - 1, &all, &err), GABLE_OK);
    ck_assert_str_eq(as_json(&all), whole);
}
END_TEST

START_TEST(parts_that_do_not_belong_together)
{
    const gable_sweep *sweep = split_sweep(false);
    gable_sweep_result parts[2] = {part_of(sweep, 0, 3), part_of(sweep, 0, 3)}, all;
    ck_assert_int_eq(gable_sweep_join(scratch_arena(), parts, 2, &all, &err), GABLE_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "are in more than one part"));
    err = (gable_err){0};
    parts[1].hash[3] ^= 1;
    ck_assert_int_eq(gable_sweep_join(scratch_arena(), parts, 2, &all, &err), GABLE_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "is of another sweep, or of other data"));
}
END_TEST

/* The options and each change of the file make another sweep; the layout of its text does not. */
START_TEST(hashes)
{
    uint64_t one = read_sweep(GRID, "\"top\": 5")->hash;
    ck_assert_uint_eq(one, read_sweep(GRID, "\n  \"top\" :  5 ")->hash);
    ck_assert_uint_ne(one, read_sweep(GRID, "\"top\": 6")->hash);
    ck_assert_uint_ne(one, read_sweep(GRID ", \"stack\": \"vllm\"", "\"top\": 5")->hash);
}
END_TEST

/* ---- journals ---- */

typedef struct cutter {
    gable_sweep_journal journal;
    int left;
} cutter;

static bool count_down(void *context, uint64_t block, const gable_sweep_kept *of_block,
                       gable_err *why)
{
    cutter *c = context;
    return gable_sweep_journal_add(&c->journal, block, of_block, why) == GABLE_OK && --c->left > 0;
}

/* Runs up to `blocks` more blocks with the journal at `path`; true: the sweep is through. */
static bool run_with(const gable_sweep *sweep, const char *path, int blocks, int threads,
                     gable_sweep_kept *kept)
{
    cutter c = {.left = blocks};
    gable_sweep_job job = {
        .end = sweep->total, .threads = threads, .watch = count_down, .context = &c};
    bool stopped, *done = take(gable_sweep_n_blocks(sweep, &job) * sizeof *done);
    job.done = done;
    gable_sweep_keep_start(kept);
    ck_assert_msg(gable_sweep_journal_open(scratch_arena(), sweep, &job, path, done, kept,
                                           &c.journal, &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_int_eq(gable_sweep_run(sweep, &job, kept, &stopped, &err), GABLE_OK);
    gable_sweep_journal_close(&c.journal, false);
    return kept->points == sweep->total;
}

static void cut_file(const char *path, size_t n)
{
    const char *text;
    size_t length;
    ck_assert_int_eq(gable_file_read(scratch_arena(), path, 1u << 24, &text, &length, &err),
                     GABLE_OK);
    ck_assert_uint_gt(length, n);
    char *copy = gable_arena_copy(scratch_arena(), text, length - n);
    ck_assert_int_eq(gable_file_write(path, copy, length - n, &err), GABLE_OK);
}

/* Cut off again and again, and its last line torn each time by another number of bytes. */
START_TEST(resumed_gives_the_same)
{
    const gable_sweep *sweep = split_sweep(_i == 1);
    const char *path = scratch_path("sweep.journal");
    gable_sweep_kept *kept = take(sizeof *kept);
    gable_sweep_job job = {.end = sweep->total};
    gable_sweep_result *result = take(sizeof *result);
    const char *whole = as_json(run(sweep, 0, sweep->total, 1));
    int runs = 1;
    for (; !run_with(sweep, path, 6, 1 + runs % 2, kept); runs++)
        if (runs < 6)
            cut_file(path, (size_t)(runs * 37));
    ck_assert_int_gt(runs, 3);
    ck_assert_int_eq(gable_sweep_collect(scratch_arena(), sweep, &job, kept, result, &err),
                     GABLE_OK);
    ck_assert_str_eq(as_json(result), whole);
}
END_TEST

START_TEST(journal_of_another_sweep)
{
    gable_sweep *sweep = split_sweep(false);
    const char *path = scratch_path("sweep.journal");
    gable_sweep_kept *kept = take(sizeof *kept);
    gable_sweep_journal journal;
    bool done[4096] = {false};
    gable_sweep_job job = {.end = sweep->total};
    run_with(sweep, path, 2, 1, kept);
    sweep->hash ^= 1;
    ck_assert_int_eq(
        gable_sweep_journal_open(scratch_arena(), sweep, &job, path, done, kept, &journal, &err),
        GABLE_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "is of another sweep"));
}
END_TEST

/* However many points: what a run takes from the system does not go with them. */
START_TEST(points_allocate_nothing)
{
    const gable_sweep *sweep = split_sweep(false);
    gable_sweep_kept *kept = take(sizeof *kept);
    long taken[2];
    for (int i = 0; i < 2; i++) {
        gable_sweep_job job = {.end = i ? sweep->total : 97, .threads = 1};
        bool stopped;
        long before = gable_wrap_count();
        ck_assert_int_eq(gable_sweep_run(sweep, &job, kept, &stopped, &err), GABLE_OK);
        taken[i] = gable_wrap_count() - before;
    }
    ck_assert_int_gt(taken[0], 0);
    ck_assert_int_eq(taken[0], taken[1]);
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
    tcase_add_test(reading, hashes);
    suite_add_tcase(suite, reading);
    TCase *running = tcase_create("running");
    tcase_add_checked_fixture(running, set_up, scratch_close);
    tcase_set_timeout(running, 120.0);
    tcase_add_test(running, front_by_hand);
    tcase_add_test(running, every_point_costs_what_cost_says);
    ADD_ROWS(running, every_point_costs_the_same_alone, alone_rows);
    tcase_add_loop_test(running, threads_give_the_same, 0, 4);
    ADD_ROWS(running, shards_join_to_the_same, shard_counts);
    tcase_add_test(running, parts_that_do_not_belong_together);
    tcase_add_loop_test(running, resumed_gives_the_same, 0, 2);
    tcase_add_test(running, journal_of_another_sweep);
    tcase_add_test(running, points_allocate_nothing);
    suite_add_tcase(suite, running);
    return suite;
}
