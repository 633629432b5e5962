/* engine: serving in closed form by hand (facts/serving.md 2), constants that come back from runs
 * made with them, and how far off measured runs are. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../scratch.h"
#include "engine/gslx.h"
#include "engine/serving_fit.h"
#include "rows.h"
#include "shared.h"

/* Steps of 10 ms of 50 layers, prompts of 1000 tokens that take 40 ms alone and 30 ms in a step. */
static const gable_serving_parts parts = {.isl = 1000,
                                          .osl = 101,
                                          .batch = 21,
                                          .decode_s = 0.010,
                                          .decode_ceiling_s = 0.004,
                                          .prefill_s = 0.040,
                                          .joined_s = 0.030,
                                          .launches = 600,
                                          .launch_steps = 2,
                                          .groups = 1,
                                          .burst = 1,
                                          .n_layers = 50,
                                          .fits = true};
static const gable_serving_constants constants = {.step_scale = 1.1,
                                                  .gap_s = 20e-6,
                                                  .sequence_s = 10e-6,
                                                  .prefill_scale = 0.9,
                                                  .prefill_gap_s = 60e-6,
                                                  .launch_s = 50e-6,
                                                  .first_s = 0.020,
                                                  .first_token_s = 2e-6,
                                                  .client_s = 0.1e-6,
                                                  .tpot_sigma_ln = 0.1,
                                                  .ttft_sigma_ln = 0.2};

/* 11 ms + 50 x 20 us + 21 x 10 us, and 20 prompts of 27 ms + 50 x 60 us in each 100 steps. */
START_TEST(time_per_token)
{
    check_close(gable_serving_tpot(&parts, &constants), 0.01221 + 0.2 * 0.030, 1e-12);
    gable_serving_parts one = parts;
    one.batch = 1; /* nobody else's prompts */
    check_close(gable_serving_tpot(&one, &constants), 0.01201, 1e-12);
}
END_TEST

/* A prompt of 0.9 x 40 ms + 50 x 60 us and a step of 12.21 ms; 20 others x (1/20 + 0.008) x 30 ms.
 * Around it 20 ms + 2 ms and 21 clients x 1000 tokens x 0.1 us. */
START_TEST(time_to_first_token)
{
    gable_serving_request r = {.concurrency = 21, .waves = 10, .tp = 1};
    double service = 0.036 + 0.003 + 0.01221, queue = service + 20 * 0.058 * 0.030;
    check_close(gable_serving_service_s(&parts, &constants), service, 1e-12);
    check_close(gable_serving_queue_s(&parts, &constants, &r), queue, 1e-12);
    gable_serving_wait wait = {1000, queue};
    check_close(gable_serving_ttft(&constants, &wait, 21), 0.022 + queue + 0.0021, 1e-12);
    r.intake.poll_steps = 11; /* 5 steps pass by on average */
    r.intake.wait_steps = 20;
    check_close(gable_serving_queue_s(&parts, &constants, &r), queue + 25 * 0.01221, 1e-12);
    r.intake = (gable_serving_intake){0};
    r.concurrency = 42; /* as many wait for a whole answer */
    check_close(gable_serving_queue_s(&parts, &constants, &r),
                2 * queue + 101 * gable_serving_tpot(&parts, &constants), 1e-12);
    gable_serving_parts one = parts;
    one.batch = 1; /* no step of others to share */
    r.concurrency = 1;
    check_close(gable_serving_queue_s(&one, &constants, &r), 0.039, 1e-12);
}
END_TEST

/* 2000 launches of 50 us: a step with a prompt takes 100 ms, of which two steps of 12.21 ms pass
 * before the host is needed; with 4 groups a quarter of the rest is each prompt's. */
START_TEST(launches_bound_prompts)
{
    gable_serving_parts slow = parts;
    slow.launches = 2000;
    check_close(gable_serving_prompt_s(&slow, &constants), 0.1, 1e-12);
    check_close(gable_serving_joined_s(&slow, &constants), 0.1 - 2 * 0.01221, 1e-12);
    slow.groups = 4;
    slow.joined_s = 0;
    check_close(gable_serving_joined_s(&slow, &constants), 0.25 * (0.1 - 2 * 0.01221), 1e-12);
    slow.launches = 0; /* a graph */
    check_close(gable_serving_prompt_s(&slow, &constants), 0.039, 1e-12);
    check_close(gable_serving_joined_s(&slow, &constants), 0.003, 1e-12);
}
END_TEST

START_TEST(rates_and_intervals)
{
    gable_accelerator device = {.tdp_w = 700};
    gable_system system = {.n_accelerators = 1, .accelerator = &device};
    gable_machine machine = {.system = &system, .accelerator = &device};
    gable_serving_request r = {.concurrency = 21, .waves = 10, .tp = 2};
    gable_serving s;
    gable_serving_finish(&parts, &constants, &r, &machine, NULL, &s);
    double life = s.ttft_s + 100 * s.tpot_s;
    check_close(s.tokens_per_s, 21 * 101 / life, 1e-12);
    check_close(s.tokens_per_s_per_gpu, s.tokens_per_s / 2, 1e-12);
    check_close(s.joules_per_token, 1400 / s.tokens_per_s, 1e-12);
    check_close(s.tpot_p90_s / s.tpot_s, exp(0.12815515655), 1e-9);
    ck_assert_double_ge(s.tpot_p10_s, s.tpot_ceiling_s);
    gable_serving_parts none = parts;
    none.fits = false;
    gable_serving_finish(&none, &constants, &r, &machine, NULL, &s);
    ck_assert_double_eq(s.tokens_per_s, 0);
}
END_TEST

/* ---- the cache ---- */

static gable_serving_parts price(const char *model, const char *system, const char *stack,
                                 const gable_serving_request *request)
{
    gable_err err = {0};
    const gable_model *loaded;
    gable_machine machine = {0};
    gable_serving_constants c;
    gable_serving_rules rules;
    gable_serving_parts out;
    ck_assert_int_eq(gable_model_load(scratch_arena(), "workloads", model, &loaded, &err),
                     GABLE_OK);
    ck_assert_msg(gable_machine_load(scratch_arena(), "hw", system, stack, &machine, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    ck_assert_msg(gable_serving_load(scratch_arena(), "hw", machine.accelerator, stack, &c, &rules,
                                     &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_msg(gable_serving_price(scratch_arena(), loaded, &machine, &rules, request, &out,
                                      &err) == GABLE_OK,
                  "%s", err.text);
    return out;
}

/* vLLM on an H100 of 79.19 GiB: 0.9 of it less 16.06 GB of weights, 2.021 GB of a profiled step
 * (tests/unit/test_memory.c), 0.25 GiB of kernels and 32 MiB of positions; 131,072 B a token. */
START_TEST(cache_holds)
{
    gable_serving_request r = {.isl = 1000, .osl = 1000, .concurrency = 8, .tp = 1, .ep = 1};
    gable_serving_parts p = price("llama-3.1-8b", "h100-sxm", "vllm", &r);
    double rest = 0.9 * 79.19 * 1073741824.0 - 16060522496.0 - 2.0207e9 - 268435456.0 - 33554432.0;
    check_close(p.kv_tokens, rest / 131072, 1e-4);
    check_close(p.capacity, p.kv_tokens / 1550, 1e-12);
    ck_assert_double_eq(p.batch, 8);
    r.concurrency = 100000;
    p = price("llama-3.1-8b", "h100-sxm", "vllm", &r);
    ck_assert_double_eq(p.batch, floor(p.capacity));
    r.intake.most_sequences = 64.5; /* not the half of one */
    p = price("llama-3.1-8b", "h100-sxm", "vllm", &r);
    ck_assert_double_eq(p.batch, 64);
    p = price("llama-3.1-405b", "h100-sxm", "vllm", &r);
    ck_assert(!p.fits);
}
END_TEST

/* A prompt that joins a step costs less than one alone, and more than nothing. */
START_TEST(joining_shares_the_weights)
{
    gable_serving_request r = {.isl = 512, .osl = 100, .concurrency = 16, .tp = 1, .ep = 1};
    gable_serving_parts p = price("llama-3.1-8b", "h100-sxm", "vllm", &r);
    ck_assert_double_lt(p.joined_s, p.prefill_s);
    ck_assert_double_gt(p.joined_s, 0.3 * p.prefill_s);
    p = price("llama-3.1-8b", "h100-sxm", "sglang", &r); /* a step of its own */
    ck_assert_double_eq(p.joined_s, p.prefill_s);
}
END_TEST

/* Four stages: a prompt whole is four stages long; the last of four parts passes three of them
 * alone. Then another prompt may follow. */
START_TEST(parts_follow_each_other)
{
    gable_serving_request r = {.isl = 4096, .osl = 2, .concurrency = 1, .tp = 1, .ep = 1, .pp = 4};
    r.intake.step_tokens = 4096;
    gable_serving_parts whole = price("llama-3.1-70b", "hgx-h200-8", "vllm", &r);
    r.intake.step_tokens = 1024;
    gable_serving_parts parted = price("llama-3.1-70b", "hgx-h200-8", "vllm", &r);
    check_close(parted.prefill_s, whole.prefill_s * (1 + 3.0 / 4) / 4, 1e-12);
    check_close(parted.prefill_ceiling_s, whole.prefill_ceiling_s * (1 + 3.0 / 4) / 4, 1e-12);
    check_close(whole.held_frac, 1.0 / 4, 1e-12);
    check_close(parted.held_frac, 1 / (1 + 3.0 / 4), 1e-12);
    gable_serving_parts alike = price("llama-3.1-70b", "hgx-h200-8", "trtllm", &r);
    check_close(alike.held_frac, 1.0 / 4, 1e-12); /* takes no prompts in parts */
}
END_TEST

/* ---- tables ---- */

static const char header[] = "device,system,framework,model,precision,tp,ep,isl,osl,length_ratio,"
                             "waves,concurrency,ttft_clean,ttft_ms,tpot_ms\n";

static gable_status read_runs(const char *rows, gable_serving_runs *runs, gable_err *err)
{
    static gable_csv csv;
    char text[8192];
    snprintf(text, sizeof text, "%s%s", header, rows);
    GABLE_TRY(gable_csv_parse(scratch_arena(), "runs.csv", text, strlen(text), &csv, err));
    return gable_serving_runs_read(scratch_arena(), "hw", "workloads", &csv, NULL, true, runs, err);
}

static const struct {
    const char *row, *says; /* what is refused, or why a row is unsupported */
    gable_status status;
} tables[] = {
    {"h100-sxm,hgx-h100-8,vllm,llama-3.1-70b,fp8,4,1,1024,1024,0.9,10,16,1,100,15\n", NULL,
     GABLE_OK},
    {"h100-sxm,hgx-h100-8,vllm,llama-3.1-70b,bf16,1,1,1024,1024,1,,1,,,\n", "no sequence fits",
     GABLE_OK},
    {"h100-sxm,hgx-h100-8,vllm,llama-3.1-70b,fp8,3,1,1024,1024,1,,1,,,\n", "cannot be split",
     GABLE_OK},
    {"h100-sxm,hgx-h100-8,other,llama-3.1-70b,fp8,4,1,1024,1024,1,,1,,,\n",
     "no stack stands for its framework", GABLE_OK},
    {"h100-sxm,hgx-h100-8,vllm,llama-3.1-70b,fp8,4,1,0,1024,1,,1,,,\n", "a size below 1", GABLE_OK},
    {"h100-sxm,hgx-h100-8,vllm,llama-3.1-70b,fp7,4,1,1024,1024,1,,1,,,\n",
     "unknown precision \"fp7\"", GABLE_INPUT},
    {"h100-sxm,hgx-h100-8,vllm,llama-3.1-70c,fp8,4,1,1024,1024,1,,1,,,\n",
     "did you mean \"llama-3.1-70b\"", GABLE_INPUT},
    {"h100-sxm,hgx-h100-9,vllm,llama-3.1-70b,fp8,4,1,1024,1024,1,,1,,,\n", "unknown system",
     GABLE_INPUT},
    {"h100-sxm,hgx-h100-8,vllm,llama-3.1-70b,fp8,four,1,1024,1024,1,,1,,,\n",
     "expected a number of at least 0, got \"four\"", GABLE_INPUT},
};

START_TEST(row_of_a_table)
{
    gable_serving_runs runs;
    gable_err err = {0};
    gable_status status = read_runs(tables[_i].row, &runs, &err);
    ck_assert_int_eq(status, tables[_i].status);
    const char *text = status == GABLE_OK ? runs.run[0].unsupported : err.text;
    if (!tables[_i].says)
        ck_assert_msg(!text && runs.run[0].serving.tpot_s > 0.0, "%s", text ? text : "no time");
    else
        ck_assert_msg(text && strstr(text, tables[_i].says), "says: %s", text ? text : "nothing");
}
END_TEST

/* Runs made with known constants give them back. */
START_TEST(fit_finds_what_made_the_runs)
{
    enum { N = 40 };
    char rows[8192] = "";
    size_t n = 0;
    gable_serving_runs runs;
    gable_err err = {0};
    for (int i = 0; i < N; i++)
        n += (size_t)snprintf(
            rows + n, sizeof rows - n,
            "h100-sxm,hgx-h100-8,vllm,llama-3.1-8b,bf16,%d,1,%d,%d,1,10,%d,1,1,1\n", i % 2 ? 2 : 1,
            i % 3 ? 1024 : 4096, i % 2 ? 256 : 1024, 1 + 3 * i);
    ck_assert_msg(read_runs(rows, &runs, &err) == GABLE_OK, "%s", err.text);
    gable_serving_constants truth = constants;
    truth.step_scale = 1.05;
    truth.gap_s = 25e-6;
    gable_serving_wait wait;
    for (int i = 0; i < N; i++) {
        gable_serving_run *run = &runs.run[i];
        ck_assert_ptr_null(run->unsupported);
        run->tpot_s = gable_serving_tpot(&run->parts, &truth);
        ck_assert_int_eq(gable_serving_run_wait(scratch_arena(), run, &truth, &wait, &err),
                         GABLE_OK);
        run->ttft_s = gable_serving_ttft(&truth, &wait, run->request.concurrency);
    }
    gable_serving_entry entry[GABLE_SERVING_GROUPS_CAP];
    int found;
    ck_assert_int_eq(gable_serving_fit(scratch_arena(), &runs, "vllm", false, entry, &found, &err),
                     GABLE_OK);
    ck_assert_int_eq(found, 1);
    ck_assert_str_eq(entry[0].generation, "hopper");
    ck_assert_double_lt(entry[0].tpot_p90_frac, 0.02); /* priors pull a little */
    ck_assert_double_lt(entry[0].ttft_p90_frac, 0.08);
    /* The gap of a layer and the scale of a step stand for each other; together they are known. */
    double step = entry[0].constants.step_scale * 0.010 + 32 * entry[0].constants.gap_s;
    check_close(step, 1.05 * 0.010 + 32 * 25e-6, 0.02);
}
END_TEST

/* The closed form stands for the simulation of the same loop. Measured when this was written:
 * median 1.06, 90 % in 0.88 to 1.29; it sees that prompts of a burst share their launches, not that
 * they share their weights. */
static void check_closed_form(const gable_serving_runs *runs)
{
    double *ratio;
    size_t n = 0, n_rows = runs->csv->n_rows;
    gable_err err = {0};
    ck_assert_int_eq(gable_arena_take(scratch_arena(), n_rows, sizeof *ratio, &ratio, &err),
                     GABLE_OK);
    for (size_t i = 0; i < n_rows; i++) {
        gable_serving_run *run = &runs->run[i];
        gable_serving_wait wait;
        if (run->unsupported || !run->loop.simulated || !run->ttft_clean)
            continue;
        ck_assert_int_eq(gable_serving_run_wait(scratch_arena(), run, &run->constants, &wait, &err),
                         GABLE_OK);
        ratio[n++] =
            gable_serving_queue_s(&run->parts, &run->constants, &run->request) / wait.queue_s;
    }
    gslx_sort(ratio, n);
    ck_assert_double_ge(gslx_median(ratio, n), 0.95);
    ck_assert_double_le(gslx_median(ratio, n), 1.15);
    ck_assert_double_ge(gslx_quantile(ratio, n, 0.05), 0.85);
    ck_assert_double_le(gslx_quantile(ratio, n, 0.95), 1.35);
}

/* Sequences that ran at a time, of what a run measured, by Little's law; and what the memory rule
 * says fits. */
static double ran_to_fits(const gable_serving_run *run, double ttft_s, double tpot_s)
{
    double answer_s = run->parts.osl * tpot_s;
    double ran = run->request.concurrency * answer_s / (answer_s + ttft_s);
    double replicas = run->request.dp > 1 ? run->request.dp : 1.0;
    return ran / (replicas * run->parts.capacity);
}

/* Runs with more clients than fit, as facts/serving.md 7 prints them; no open run has. Without the
 * totals that CUDA reports and the named parts of the reserve the ratios were 1.04, 1.17, 1.25 and
 * 1.75. The last one's TTFT is 11.6 % off since waiting counts as simulated; it was 7 % when a
 * factor that was fitted to other models took 4 % off. */
static const struct {
    const char *row;
    double ttft_s, tpot_s, least, most;
} capped[] = {
    {"b200-sxm,hgx-b200-8,trtllm,llama-3.1-70b,fp8,1,1,8192,1024,0.9,10,128,1,,\n", 47.1, 68.5e-3,
     0.9, 1.1},
    {"h200-sxm,hgx-h200-8,vllm,llama-3.1-70b,fp8,1,1,8192,1024,0.9,10,64,1,,\n", 39.8, 107e-3, 0.9,
     1.1},
    {"b200-sxm,hgx-b200-8,vllm,minimax-m2.5,fp8,2,1,8192,1024,0.9,10,256,1,,\n", 63.9, 46.9e-3, 0.9,
     1.1},
    {"h100-sxm,hgx-h100-8,vllm,minimax-m2.5,fp8,4,1,8192,1024,0.9,10,64,1,,\n", 30.6, 29.6e-3, 0.9,
     1.16},
};

START_TEST(capped_run)
{
    gable_serving_runs runs;
    gable_err err = {0};
    ck_assert_msg(read_runs(capped[_i].row, &runs, &err) == GABLE_OK, "%s", err.text);
    const gable_serving_run *run = &runs.run[0];
    ck_assert_ptr_null(run->unsupported);
    ck_assert_double_lt(run->parts.capacity, run->request.concurrency);
    double ratio = ran_to_fits(run, capped[_i].ttft_s, capped[_i].tpot_s);
    printf("# %s on %s: ran / fits %.3f, TTFT %+.1f %%, TPOT %+.1f %%\n", run->model, run->device,
           ratio, 100.0 * (run->serving.ttft_s / capped[_i].ttft_s - 1.0),
           100.0 * (run->serving.tpot_s / capped[_i].tpot_s - 1.0));
    ck_assert_double_ge(ratio, capped[_i].least);
    ck_assert_double_le(ratio, capped[_i].most);
    check_close(run->serving.ttft_s, capped[_i].ttft_s, 0.12);
    check_close(run->serving.tpot_s, capped[_i].tpot_s, 0.14);
}
END_TEST

/* Nowhere did more run than fits. */
static void check_fitting(const gable_serving_runs *runs)
{
    for (size_t i = 0; i < runs->csv->n_rows; i++) {
        const gable_serving_run *run = &runs->run[i];
        if (!run->unsupported)
            ck_assert_double_le(ran_to_fits(run, run->ttft_s, run->tpot_s), 1.05);
    }
}

static const char measured[] = "measurements/serving.csv";

/* A ratchet: errors on the open runs with the constants that ship; engines set as their scripts
 * say, as when these were fitted, and at their defaults. */
static const struct {
    bool recipes;
    double tpot_median, tpot_p90, ttft_median, ttft_p90;
} met[] = {
    {true, 0.0505, 0.165, 0.096, 0.35},
    {false, 0.0505, 0.165, 0.125, 0.59},
};

START_TEST(measured_runs_are_met)
{
    gable_serving_errors errors[GABLE_SERVING_GROUPS_CAP];
    gable_recipes recipes;
    gable_serving_runs runs;
    gable_csv csv;
    gable_err err = {0};
    int n;
    ck_assert_int_eq(gable_csv_read(scratch_arena(), shared_path(measured), &csv, &err), GABLE_OK);
    ck_assert_int_eq(gable_recipes_read(scratch_arena(), "workloads/recipes.csv", &recipes, &err),
                     GABLE_OK);
    ck_assert_msg(gable_serving_runs_read(scratch_arena(), "hw", "workloads", &csv,
                                          met[_i].recipes ? &recipes : NULL, true, &runs,
                                          &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_int_eq(
        gable_serving_validate(scratch_arena(), &runs, GABLE_SERVING_BOTH, errors, &n, &err),
        GABLE_OK);
    const gable_serving_errors *all = &errors[n - 1];
    ck_assert_int_eq(all->n_covered, all->n);
    ck_assert_double_le(all->tpot_median_frac, met[_i].tpot_median);
    ck_assert_double_le(all->tpot_p90_frac, met[_i].tpot_p90);
    ck_assert_double_le(all->ttft_median_frac, met[_i].ttft_median);
    ck_assert_double_le(all->ttft_p90_frac, met[_i].ttft_p90);
    ck_assert_double_ge(all->tpot_inside_frac, 0.75);
    ck_assert_double_le(all->tpot_inside_frac, 0.85);
    if (met[_i].recipes)
        check_closed_form(&runs);
    check_fitting(&runs);
}
END_TEST

Suite *gable_suite_serving(void);

Suite *gable_suite_serving(void)
{
    Suite *suite = suite_create("serving");
    TCase *all = tcase_create("closed form");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_set_timeout(all, 60);
    tcase_add_test(all, time_per_token);
    tcase_add_test(all, time_to_first_token);
    tcase_add_test(all, launches_bound_prompts);
    tcase_add_test(all, rates_and_intervals);
    tcase_add_test(all, cache_holds);
    tcase_add_test(all, joining_shares_the_weights);
    tcase_add_test(all, parts_follow_each_other);
    ADD_ROWS(all, row_of_a_table, tables);
    ADD_ROWS(all, capped_run, capped);
    tcase_add_test(all, fit_finds_what_made_the_runs);
    suite_add_tcase(suite, all);
    TCase *tree = tcase_create("tree");
    tcase_add_checked_fixture(tree, scratch_open, scratch_close);
    tcase_set_tags(tree, "slow");
    tcase_set_timeout(tree, 60);
    if (shared_is_here(measured, "measured runs"))
        ADD_ROWS(tree, measured_runs_are_met, met);
    suite_add_tcase(suite, tree);
    return suite;
}
