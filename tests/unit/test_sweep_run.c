/* sweep: running: points cost what `gable cost` says, what is kept is the same whatever the split,
 * journals, parts. */
#include "engine/sweep_journal.h"
#include "gable.h"
#include "report/sweep.h"
#include "rows.h"
#include "sweeps.h"
#include "wrap.h"

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
    "\"context\": \"1000..1037\", \"scale_up.fabric\": \"switch\", \"hbm.bandwidth\": [\"x1\", "   \
    "\"x2\", \"4 TB/s\"]"
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
    parts[0].path = "a.json";
    parts[1].path = "b.json";
    uint64_t last = --parts[0].range[0].end - 1; /* the first ends one point earlier */
    char says[80];
    ck_assert_int_eq(gable_sweep_join(scratch_arena(), parts, 2, &all, &err), GABLE_INPUT);
    snprintf(says, sizeof says, "b.json: points 0 to %d are in a.json too", (int)last);
    ck_assert_str_eq(err.text, says);
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

static bool stop_at_once(void *context, uint64_t block, const gable_sweep_kept *of_block,
                         gable_err *why)
{
    (void)context, (void)block, (void)of_block, (void)why;
    return false;
}

/* Not one of the 10^11 blocks that are left is looked at: that alone would take an hour. */
START_TEST(stops_whatever_is_left)
{
    gable_sweep *sweep =
        read_sweep("\"model\": \"llama-3.1-8b\", \"system\": \"h100-sxm\", \"batch\": \"1..64\"",
                   "\"sample\": {\"points\": 1e15}");
    const gable_sweep_job job = {.end = sweep->total, .threads = 2, .watch = stop_at_once};
    gable_sweep_kept *kept = take(sizeof *kept);
    bool stopped;
    sweep->block = 64;
    gable_sweep_keep_start(kept);
    ck_assert_int_eq(gable_sweep_run(sweep, &job, kept, &stopped, &err), GABLE_OK);
    ck_assert(stopped);
    ck_assert_uint_eq(kept->points, sweep->block); /* the other thread's block came too late */
}
END_TEST

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

/* What --resume finds at FILE.journal. Somebody's notes stay as they are; a journal that was cut
 * off within its first line is one without a block. */
static const struct {
    const char *text; /* NULL: the first line of a journal of this sweep, cut off */
    size_t cut_bytes;
    gable_status status;
} found_rows[] = {{"", 0, GABLE_OK},
                  {NULL, 9, GABLE_OK},
                  {NULL, 40, GABLE_OK},
                  {"my notes\nof a year\n", 0, GABLE_INPUT},
                  {"notes", 0, GABLE_INPUT},
                  {"0123456789abcdef {\"schema\": \"gable.sweep.journal/1\"}\n", 0, GABLE_INPUT}};

START_TEST(what_is_no_journal_stays)
{
    const gable_sweep *sweep = split_sweep(false);
    const char *path = scratch_path("sweep.journal"), *text = found_rows[_i].text, *after;
    size_t n = text ? strlen(text) : found_rows[_i].cut_bytes, length;
    gable_sweep_kept *kept = take(sizeof *kept);
    gable_sweep_journal journal;
    bool done[4096] = {false};
    gable_sweep_job job = {.end = sweep->total};
    run_with(sweep, path, 1, 1, kept);
    ck_assert_int_eq(gable_file_read(scratch_arena(), path, 1u << 24, &after, &length, &err), 0);
    ck_assert_int_eq(gable_file_write(path, text ? text : after, n, &err), GABLE_OK);
    ck_assert_int_eq(
        gable_sweep_journal_open(scratch_arena(), sweep, &job, path, done, kept, &journal, &err),
        found_rows[_i].status);
    ck_assert(!done[0]);
    if (found_rows[_i].status == GABLE_OK) {
        gable_sweep_journal_close(&journal, true);
        return;
    }
    ck_assert_ptr_nonnull(strstr(err.text, "sweep.journal:1:1: expected the first line of a"));
    ck_assert_int_eq(gable_file_read(scratch_arena(), path, 1u << 24, &after, &length, &err), 0);
    ck_assert_str_eq(after, text);
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

Suite *gable_suite_sweep_run(void);

Suite *gable_suite_sweep_run(void)
{
    Suite *suite = suite_create("sweep_run");
    TCase *light = tcase_create("keeping");
    tcase_add_checked_fixture(light, set_up, scratch_close);
    tcase_set_timeout(light, 120.0);
    tcase_add_test(light, front_by_hand);
    tcase_add_test(light, points_allocate_nothing);
    suite_add_tcase(suite, light);
    TCase *running = tcase_create("running");
    tcase_set_tags(running, "slow"); /* thousands of points, and threads that outlive the test */
    tcase_add_checked_fixture(running, set_up, scratch_close);
    tcase_set_timeout(running, 120.0);
    tcase_add_test(running, every_point_costs_what_cost_says);
    ADD_ROWS(running, every_point_costs_the_same_alone, alone_rows);
    tcase_add_loop_test(running, threads_give_the_same, 0, 4);
    ADD_ROWS(running, shards_join_to_the_same, shard_counts);
    tcase_add_test(running, stops_whatever_is_left);
    tcase_add_test(running, hashes);
    tcase_add_test(running, parts_that_do_not_belong_together);
    tcase_add_loop_test(running, resumed_gives_the_same, 0, 2);
    tcase_add_test(running, journal_of_another_sweep);
    ADD_ROWS(running, what_is_no_journal_stays, found_rows);
    suite_add_tcase(suite, running);
    return suite;
}
