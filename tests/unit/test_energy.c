/* engine/energy, engine/power_rows, engine/rent: watts of a call, what a limit does to it, readings
 * of a meter, money. Values by hand. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/power_rows.h"
#include "engine/rent.h"
#include "engine/serving.h"
#include "rows.h"
#include "scratch.h"

static gable_err err;

static void set_up(void)
{
    err = (gable_err){0};
    scratch_open();
}

/* ---- one call ---- */

/* Idle 100 W, busy half of the second at 50 W, 200 J in SMs and 300 J in memory: 625 W. At a limit
 * of 500 W the smooth minimum is 625 (1 + 1.25^8)^(-1/8). */
static const struct {
    double limit_w, cap_frac;
    gable_activity activity;
    double watts;
} draws[] = {
    {1e9, 1.0, {1.0, 0.5, 0.5, 0.5, 50.0, 200.0, 300.0}, 625.0},
    {500.0, 1.0, {1.0, 0.5, 0.5, 0.5, 50.0, 200.0, 300.0}, 490.39975},
    {1000.0, 0.5, {1.0, 0.5, 0.5, 0.5, 50.0, 200.0, 300.0}, 490.39975},
    /* half the time: twice the rate of joules, the same of active watts */
    {1e9, 1.0, {0.5, 0.25, 0.5, 0.5, 50.0, 200.0, 300.0}, 1125.0},
    /* nothing but a launch; nothing at all */
    {1e9, 1.0, {1e-6, 0.0, 0.0, 0.0, 50.0, 0.0, 0.0}, 100.0},
    {1e9, 1.0, {0.0, 0.0, 0.0, 0.0, 50.0, 0.0, 0.0}, 100.0},
};

START_TEST(a_call_draws_idle_and_what_it_does)
{
    gable_power p = {.idle_w = 100.0, .cap_frac = draws[_i].cap_frac, .limit_w = draws[_i].limit_w};
    double watts = gable_energy_draw_w(&p, &draws[_i].activity);
    ck_assert_double_eq_tol(watts / draws[_i].watts, 1.0, 1e-5);
}
END_TEST

/* 2 pJ a FLOP at 16 bits: 1e12 of them on an 8-bit unit with exponent 1 are 1 J, at exponent 2 half
 * of that; 1e9 bytes of L2 at 5 pJ are 5 mJ, of memory at 70 pJ 70 mJ. */
static const struct {
    gable_mma mma;
    double exponent, sm_j;
} flops[] = {
    {GABLE_MMA_BF16, 1.0, 2.005}, {GABLE_MMA_FP8, 1.0, 1.005},  {GABLE_MMA_FP8, 2.0, 0.505},
    {GABLE_MMA_FP4, 1.0, 0.505},  {GABLE_MMA_FP32, 1.0, 4.005},
};

START_TEST(joules_follow_the_work)
{
    gable_power p = {.flop_j = 2e-12,
                     .width_exponent = flops[_i].exponent,
                     .l2_byte_j = 5e-12,
                     .hbm_byte_j = 70e-12,
                     .active_w = 10.0,
                     .softmax_w = 5.0};
    gable_work work = {.flops = 1e12,
                       .l2_bytes = 1e9,
                       .hbm_bytes = 1e9,
                       .mma = flops[_i].mma,
                       .family = GABLE_FAMILY_GEMM};
    gable_time time = {.time_s = 3.0, .overhead_s = 1.0, .compute_s = 2.0, .memory_s = 1.5};
    gable_activity a;
    gable_energy_of_op(&p, &work, &time, &a);
    ck_assert_double_eq_tol(a.sm_j, flops[_i].sm_j, 1e-9);
    ck_assert_double_eq_tol(a.memory_j, 0.07, 1e-9);
    ck_assert_double_eq_tol(a.busy_s, 2.0, 1e-12);
    ck_assert_double_eq_tol(a.active_w, 10.0, 1e-12);
    work.family = GABLE_FAMILY_ATTENTION_CONTEXT;
    gable_energy_of_op(&p, &work, &time, &a);
    ck_assert_double_eq_tol(a.active_w, 15.0, 1e-12);
}
END_TEST

/* Without idle watts a call bound by compute obeys the root: a quarter of the watts, half the
 * clock, twice the time. Bound by memory it only slows its SMs; below 40 % of the clock memory
 * waits: 40 J + 500 J in the 300 W that idle leaves. */
static const struct {
    double idle_w, limit_w;
    gable_activity activity;
    double time_s, clock_frac;
} limits[] = {
    {0.0, 200.0, {1.0, 1.0, 1.0, 0.0, 0.0, 800.0, 0.0}, 2.0, 0.5},
    {0.0, 450.0, {1.0, 1.0, 1.0, 0.0, 0.0, 800.0, 0.0}, 4.0 / 3.0, 0.75},
    {0.0, 900.0, {1.0, 1.0, 1.0, 0.0, 0.0, 800.0, 0.0}, 1.0, 1.0},
    {100.0, 650.0, {1.0, 1.0, 0.2, 1.0, 0.0, 100.0, 500.0}, 1.0, 0.894033},
    {100.0, 400.0, {1.0, 1.0, 0.2, 1.0, 0.0, 100.0, 500.0}, 1.092732, 0.4},
};

START_TEST(a_limit_slows_the_clock)
{
    gable_power p = {.idle_w = limits[_i].idle_w, .cap_frac = 1.0, .limit_w = 1e9};
    gable_throttled held;
    gable_energy_throttle(&p, limits[_i].limit_w, &limits[_i].activity, &held);
    ck_assert_double_eq_tol(held.time_s, limits[_i].time_s, 1e-6);
    ck_assert_double_eq_tol(held.clock_frac, limits[_i].clock_frac, 1e-6);
    ck_assert_double_le(held.draw_w, limits[_i].limit_w * (1.0 + 1e-9));
}
END_TEST

/* ---- constants of devices ---- */

static void load(const char *device, gable_power *out)
{
    const gable_accelerator *a;
    ck_assert_int_eq(gable_accelerator_load(scratch_arena(), "hw", device, &a, &err), GABLE_OK);
    ck_assert_int_eq(gable_power_load(scratch_arena(), "hw", a, out, &err), GABLE_OK);
}

START_TEST(constants_go_from_device_to_device)
{
    gable_power b200, gb200, b300, h100;
    load("b200-sxm", &b200);
    load("gb200", &gb200);
    load("b300-sxm", &b300);
    load("h100-sxm", &h100);
    ck_assert_int_eq((int)b200.provenance, (int)GABLE_PROVENANCE_FITTED);
    ck_assert_int_eq((int)gb200.provenance, (int)GABLE_PROVENANCE_FITTED);
    ck_assert_int_eq((int)b300.provenance, (int)GABLE_PROVENANCE_TRANSFERRED);
    ck_assert_int_eq((int)h100.provenance, (int)GABLE_PROVENANCE_ASSUMED);
    /* one die, boards of 1000 and 1100 W; datasheets: 700 W, 989.4 of 2250 TFLOP/s, 3.35 of 7.7
     * TB/s */
    ck_assert_double_eq_tol(b300.flop_j / b200.flop_j, 1.0, 1e-12);
    ck_assert_double_eq_tol(b300.limit_w, 1100.0, 1e-9);
    ck_assert_double_eq_tol(h100.idle_w / b200.idle_w, 0.7, 1e-9);
    ck_assert_double_eq_tol(h100.flop_j / b200.flop_j, 0.7 * 2250.0 / 989.4, 1e-3);
    ck_assert_double_eq_tol(h100.hbm_byte_j / b200.hbm_byte_j, 0.7 * 7.7 / 3.35, 1e-9);
    ck_assert_double_gt(h100.sigma_ln, b300.sigma_ln);
    ck_assert_double_gt(b300.sigma_ln, b200.sigma_ln);
}
END_TEST

/* ---- readings ---- */

#define HEAD "device,framework,op,dtype,shape,latency_us,power_w,power_limit_w\n"

static gable_status read_power(const char *text, gable_power_rows *out)
{
    static gable_csv csv;
    static gable_rows rows;
    gable_prediction *predictions;
    const char *path = scratch_file("power.csv", text, strlen(text));
    gable_predict_options options = {.hw = "hw", .stack = "trtllm"};
    GABLE_TRY(gable_csv_read(scratch_arena(), path, &csv, &err));
    GABLE_TRY(gable_rows_read(scratch_arena(), &csv, gable_table_kind_find("power"), &rows, &err));
    GABLE_TRY(gable_predict_rows(scratch_arena(), &rows, &options, &predictions, &err));
    return gable_power_rows_read(scratch_arena(), "hw", NULL, &rows, predictions, true, out, &err);
}

/* FLOPs by hand: the same operators as the KINDs of their own have. */
static const struct {
    const char *text;
    double flops;
    gable_mma unit;
} understood[] = {
    {HEAD "b200-sxm,trtllm,gemm,fp8_block,m=2;n=3;k=4,10,300,1000\n", 48, GABLE_MMA_FP8},
    {HEAD "b200-sxm,vllm,attention_generation,bf16,b=2;kv=9;h=4;hkv=2;d=8;w=0,10,300,1000\n",
     2.0 * 2 * 4 * 16 * 9, GABLE_MMA_BF16},
    {HEAD "b200-sxm,vllm,attention_context,bf16/fp8,b=1;s=4;h=4;hkv=2;d=8;w=0,10,300,1000\n",
     2.0 * 4 * 16 * 10, GABLE_MMA_FP8},
    /* the order of the letters is free */
    {HEAD "b200-sxm,trtllm,gemm,bf16,k=4;m=2;n=3,10,300,1000\n", 48, GABLE_MMA_BF16},
};

START_TEST(a_reading_names_its_operator)
{
    gable_power_rows rows;
    gable_work work;
    ck_assert_msg(read_power(understood[_i].text, &rows) == GABLE_OK, "%s", err.text);
    ck_assert(rows.row[0].supported);
    gable_cost_work(&rows.row[0].row->op, &work);
    ck_assert_double_eq_tol(work.flops, understood[_i].flops, 1e-9);
    ck_assert_int_eq((int)work.mma, (int)understood[_i].unit);
    ck_assert_double_eq_tol(rows.row[0].measured_s, 10e-6, 1e-15);
    ck_assert_double_eq_tol(rows.row[0].limit_w, 1000.0, 1e-9);
}
END_TEST

static const char *const not_understood[] = {
    HEAD "b200-sxm,trtllm,gemm,bf16,m=2;n=3,10,300,1000\n",
    HEAD "b200-sxm,trtllm,gemm,bf16,m=2;n=3;k=4;m=5,10,300,1000\n",
    HEAD "b200-sxm,trtllm,gemm,bf16,m=2;n=3;z=4,10,300,1000\n",
    HEAD "b200-sxm,trtllm,gemm,bf16,m=2;n=3;k,10,300,1000\n",
    HEAD "b200-sxm,trtllm,gemm,bf16,m=-2;n=3;k=4,10,300,1000\n",
    HEAD "b200-sxm,trtllm,gemm,w2a2,m=2;n=3;k=4,10,300,1000\n",
    HEAD "b200-sxm,trtllm,power,bf16,m=2;n=3;k=4,10,300,1000\n",
    HEAD "b200-sxm,trtllm,fft,bf16,m=2;n=3;k=4,10,300,1000\n",
    HEAD "b200-sxm,trtllm,gemm,bf16,,10,300,1000\n",
};

START_TEST(what_is_no_operator_is_left_out)
{
    gable_power_rows rows;
    ck_assert_int_eq(read_power(not_understood[_i], &rows), GABLE_OK);
    ck_assert(!rows.row[0].supported);
    ck_assert_ptr_nonnull(rows.row[0].row->unsupported);
}
END_TEST

static const struct {
    const char *text, *says;
} refused[] = {
    {HEAD "b200-sxm,trtllm,gemm,bf16,m=2;n=3;k=4,10,0,1000\n", ":2: power_w: 0: expected"},
    {HEAD "b200-sxm,trtllm,gemm,bf16,m=2;n=3;k=4,10,x,1000\n", ":2: power_w: \"x\" is not"},
    {HEAD "b200-sxm,trtllm,gemm,bf16,m=2;n=3;k=4,-1,300,1000\n", ":2: latency_us: -1: expected"},
    {"device,framework,op,dtype,shape,latency_us\nb200-sxm,trtllm,gemm,bf16,m=2;n=3;k=4,10\n",
     "no column \"power_w\""},
};

START_TEST(bad_readings_are_refused)
{
    gable_power_rows rows;
    ck_assert_int_eq(read_power(refused[_i].text, &rows), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "%s", err.text);
}
END_TEST

/* After one settle time a meter has risen by 1 - (1 - before) / e; at once by `before`. */
START_TEST(a_meter_lags)
{
    gable_power_rows rows;
    ck_assert_int_eq(
        read_power(HEAD "b200-sxm,trtllm,gemm,bf16,m=8192;n=8192;k=8192,700,300,1000\n", &rows),
        GABLE_OK);
    gable_power p = *rows.row[0].power;
    const gable_power_meter slow = {.settle_s = 700e-6}, never = {.settle_s = 1e6};
    double draw = gable_power_reading_w(&p, &rows.row[0], NULL, 700e-6);
    double reads = gable_power_reading_w(&p, &rows.row[0], &slow, 700e-6);
    double risen = 1.0 - (1.0 - p.before_frac) * exp(-1.0);
    ck_assert_double_eq_tol((reads - p.idle_w) / (draw - p.idle_w), risen, 1e-9);
    reads = gable_power_reading_w(&p, &rows.row[0], &never, 700e-6);
    ck_assert_double_eq_tol((reads - p.idle_w) / (draw - p.idle_w), p.before_frac, 1e-6);
}
END_TEST

/* Readings that the model made are found again from other constants. */
START_TEST(a_fit_finds_what_made_the_readings)
{
    static char text[1 << 17];
    static const int sizes[] = {64, 256, 1024, 4096, 8192, 16384};
    gable_power_rows rows;
    gable_power_file found = {0};
    size_t n = (size_t)snprintf(text, sizeof text, HEAD);
    for (int m = 1; m <= 8192; m *= 2)
        for (int i = 0; i < 6; i++)
            for (int j = 0; j < 6; j++)
                n += (size_t)snprintf(text + n, sizeof text - n,
                                      "b200-sxm,trtllm,gemm,bf16,m=%d;n=%d;k=%d,1,1,1000\n", m,
                                      sizes[i], sizes[j]);
    ck_assert_msg(read_power(text, &rows) == GABLE_OK, "%s", err.text);
    for (size_t i = 0; i < rows.rows->csv->n_rows; i++) {
        rows.row[i].measured_s = rows.row[i].prediction->time.time_s;
        rows.row[i].reading_w = rows.row[i].predicted_w;
    }
    ck_assert_msg(gable_power_fit(scratch_arena(), &rows, true, &found, &err) == GABLE_OK, "%s",
                  err.text);
    ck_assert_int_eq(found.n_meters, 1);
    ck_assert_int_eq(found.n_hosts, 1);
    ck_assert_int_gt(found.n_test, 150);
    ck_assert_double_le(found.median_frac, 0.03);
    ck_assert_double_le(found.p90_frac, 0.1);
}
END_TEST

START_TEST(few_readings_are_not_fitted_to)
{
    gable_power_rows rows;
    gable_power_file found = {0};
    ck_assert_int_eq(read_power(understood[0].text, &rows), GABLE_OK);
    ck_assert_int_eq(gable_power_fit(scratch_arena(), &rows, false, &found, &err), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, "expected at least") != NULL, "%s", err.text);
}
END_TEST

/* ---- money, and energy of serving ---- */

/* 3.6 $ an hour are a tenth of a cent a second. */
static const struct {
    double usd_per_h, devices, tokens_per_s, usd;
} rents[] = {
    {3.6, 1.0, 1000.0, 1.0},
    {3.6, 8.0, 1000.0, 8.0},
    {1.8, 8.0, 2000.0, 2.0},
};

START_TEST(a_million_tokens_cost)
{
    ck_assert_double_eq_tol(
        gable_rent_per_million(rents[_i].usd_per_h, rents[_i].devices, rents[_i].tokens_per_s),
        rents[_i].usd, 1e-12);
    ck_assert(isnan(gable_rent_per_million(0.0, 1.0, 1.0)));
    ck_assert(isnan(gable_rent_per_million(1.0, 1.0, 0.0)));
}
END_TEST

/* facts/hardware.md 9: 1.47, 2.35 and 6.88 $ in 2026; a given price has neither range nor month. */
START_TEST(rent_has_a_date_and_a_source)
{
    const gable_accelerator *a;
    gable_rent rent;
    ck_assert_int_eq(gable_accelerator_load(scratch_arena(), "hw", "h100-sxm", &a, &err), GABLE_OK);
    gable_rent_of(a, 0.0, &rent);
    ck_assert_double_eq_tol(rent.usd_per_h, 2.35, 1e-12);
    ck_assert_double_eq_tol(rent.low_usd_per_h, 1.47, 1e-12);
    ck_assert_double_eq_tol(rent.high_usd_per_h, 6.88, 1e-12);
    ck_assert_str_eq(rent.date, "2026-03");
    ck_assert_str_eq(rent.source, "SEMI");
    gable_rent_of(a, 5.0, &rent);
    ck_assert_double_eq_tol(rent.usd_per_h, 5.0, 1e-12);
    ck_assert_double_eq_tol(rent.low_usd_per_h, 0.0, 1e-12);
    ck_assert_str_eq(rent.source, "given");
    ck_assert_ptr_null(rent.date);
}
END_TEST

/* 2 devices of 100 W idle at 50 tokens/s: 4 J idle; a step of 10 sequences 60 J beyond: 6 J; a
 * prompt of 500 J over 100 tokens: 5 J. At the limit of 400 W: 16 J. */
START_TEST(an_answer_draws_idle_steps_and_its_prompt)
{
    gable_accelerator device = {.tdp_w = 400.0};
    gable_power power = {.idle_w = 100.0, .limit_w = 400.0};
    gable_system system = {.n_accelerators = 1, .accelerator = &device};
    gable_machine machine = {.accelerator = &device, .system = &system, .power = &power};
    gable_serving_parts parts = {.batch = 10.0, .osl = 100.0, .decode_j = 60.0, .prompt_j = 500.0};
    gable_serving_energy e;
    gable_serving_energy_of(&parts, &machine, 2.0, 50.0, &e);
    ck_assert(e.modelled);
    ck_assert_double_eq_tol(e.joules_per_token, 15.0, 1e-9);
    ck_assert_double_eq_tol(e.most_joules_per_token, 16.0, 1e-9);
    ck_assert_double_eq_tol(e.power_w, 375.0, 1e-9);
    ck_assert_double_eq_tol(e.idle_frac, 4.0 / 15.0, 1e-9);
    machine.power = NULL;
    gable_serving_energy_of(&parts, &machine, 2.0, 50.0, &e);
    ck_assert(!e.modelled);
    ck_assert_double_eq_tol(e.joules_per_token, 16.0, 1e-9);
}
END_TEST

/* The same on nodes of 4 that draw 2 kW, 400 W of it beside their devices: one node of 2 x 375 W
 * and its 400 W. A spread of ln 1.1 in the constants: p90 is 1.1^1.2816 = 1.1299 of the mean, but
 * the limit is 400 W. Held to 350 W: 14 J a token; 10 devices at it fill three nodes. */
START_TEST(a_rack_draws_its_devices_and_hosts)
{
    gable_accelerator device = {.tdp_w = 400.0};
    gable_power power = {.idle_w = 100.0, .limit_w = 400.0, .sigma_ln = log(1.1)};
    gable_system system = {.n_accelerators = 4, .accelerator = &device, .power_w = 2000.0};
    gable_machine machine = {.accelerator = &device, .system = &system, .power = &power};
    gable_serving_parts parts = {.batch = 10.0, .osl = 100.0, .decode_j = 60.0, .prompt_j = 500.0};
    gable_serving_energy e;
    gable_serving_energy_of(&parts, &machine, 2.0, 50.0, &e);
    ck_assert_double_eq(e.n_systems, 1.0);
    ck_assert_double_eq_tol(e.system_w, 2 * 375.0 + 400.0, 1e-9);
    ck_assert_double_eq_tol(e.all_w, 1150.0, 1e-9);
    ck_assert_double_eq_tol(e.all_p90_w, 1200.0, 1e-9);
    ck_assert_double_eq_tol(e.power_p10_w, 375.0 / 1.12989, 1e-2);
    ck_assert_double_eq_tol(e.power_p90_w, 400.0, 1e-9);
    ck_assert_double_eq(e.system_limit_w, 2000.0);
    machine.power_limit_w = 350.0;
    gable_serving_energy_of(&parts, &machine, 2.0, 50.0, &e);
    ck_assert_double_eq_tol(e.joules_per_token, 14.0, 1e-9);
    ck_assert_double_eq(e.limit_w, 350.0);
    gable_serving_energy_of(&parts, &machine, 10.0, 250.0, &e);
    ck_assert_double_eq(e.n_systems, 3.0);
    ck_assert_double_eq_tol(e.system_w, 4 * 350.0 + 400.0, 1e-9);
    ck_assert_double_eq_tol(e.all_w, 10 * 350.0 + 3 * 400.0, 1e-9);
}
END_TEST

/* A prompt of 0.2 s beside 99 tokens of 0.1 s that 10 share. */
START_TEST(prompts_take_their_part_of_the_time)
{
    gable_serving_parts parts = {.joined_s = 0.2, .decode_s = 0.1, .batch = 10.0, .osl = 100.0};
    ck_assert_double_eq_tol(gable_serving_prompt_frac(&parts), 0.2 / 1.19, 1e-9);
}
END_TEST

Suite *gable_suite_energy(void);
Suite *gable_suite_energy(void)
{
    Suite *suite = suite_create("energy");
    TCase *calls = tcase_create("calls"), *rows = tcase_create("readings");
    tcase_add_checked_fixture(calls, set_up, scratch_close);
    ADD_ROWS(calls, a_call_draws_idle_and_what_it_does, draws);
    ADD_ROWS(calls, joules_follow_the_work, flops);
    ADD_ROWS(calls, a_limit_slows_the_clock, limits);
    ADD_ROWS(calls, a_million_tokens_cost, rents);
    tcase_add_test(calls, constants_go_from_device_to_device);
    tcase_add_test(calls, rent_has_a_date_and_a_source);
    tcase_add_test(calls, an_answer_draws_idle_steps_and_its_prompt);
    tcase_add_test(calls, a_rack_draws_its_devices_and_hosts);
    tcase_add_test(calls, prompts_take_their_part_of_the_time);
    suite_add_tcase(suite, calls);
    tcase_add_checked_fixture(rows, set_up, scratch_close);
    ADD_ROWS(rows, a_reading_names_its_operator, understood);
    ADD_ROWS(rows, what_is_no_operator_is_left_out, not_understood);
    ADD_ROWS(rows, bad_readings_are_refused, refused);
    tcase_add_test(rows, a_meter_lags);
    tcase_add_test(rows, a_fit_finds_what_made_the_readings);
    tcase_add_test(rows, few_readings_are_not_fitted_to);
    suite_add_tcase(suite, rows);
    return suite;
}
