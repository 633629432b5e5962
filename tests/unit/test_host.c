/* host: what lives beyond the device's memory: rates of the way, what fetching adds to a step,
 * memory tables (facts/models.md 4.14), loading, compressed contexts. */
#include <math.h>
#include <string.h>

#include "engine/compress.h"
#include "engine/host.h"
#include "gable.h"
#include "plans.h"
#include "rows.h"

static const gable_model *load_model(const char *name)
{
    gable_err err = {0};
    const gable_model *model = NULL;
    ck_assert_msg(gable_model_load(scratch_arena(), "workloads", name, &model, &err) == GABLE_OK,
                  "%s", err.text);
    return model;
}

static gable_machine load_machine(const char *name)
{
    gable_err err = {0};
    gable_machine machine = {0};
    ck_assert_msg(gable_machine_load(scratch_arena(), "hw", name, "ideal", &machine, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    return machine;
}

#define ck_within(got, expected, part)                                                             \
    ck_assert_msg(fabs((got) - (expected)) <= (part)*fabs(expected), "got %.9g, expected %.9g",    \
                  (double)(got), (double)(expected))

static const gable_scenario decode = {
    .phase = GABLE_PHASE_DECODE, .batch = 1, .n_cached = 1024, .n_new = 1, .tp = 1, .ep = 1};

static gable_step price(const gable_plan *plan, const gable_machine *machine)
{
    gable_step step;
    gable_err err = {0};
    ck_assert_msg(gable_engine_check(plan, machine, &err) == GABLE_OK, "%s", err.text);
    ck_assert_int_eq(gable_step_init(scratch_arena(), plan, &step, &err), GABLE_OK);
    gable_engine_price(plan, machine, &step);
    return step;
}

/* ---- the way ---- */

static const struct {
    const char *system, *link;
    double rate, memory, storage; /* GB/s */
} paths[] = {
    {"gb200-nvl72", "c2c", 225, 250, 0},      /* 36 x 500 GB/s for 72 devices */
    {"gb300-nvl72", "c2c", 225, 250, 14},     /* an SSD a device */
    {"vr-nvl72", "c2c", 450, 600, 28},        /* 36 x 1200 GB/s */
    {"hgx-h100-8", "host link", 63, 76.8, 0}, /* 2 x 307.2 GB/s for 8 */
    {"hgx-a100-8", "host link", 31.5, 0, 0},  /* no host is described */
    {"gaudi3-8", "host link", 0, 0, 0},
};

START_TEST(way_to_the_host)
{
    gable_host_path path = gable_system_host_path(load_machine(paths[_i].system).system);
    ck_assert_str_eq(path.link, paths[_i].link);
    ck_assert_double_eq_tol(path.link_bytes_per_s / 1e9, paths[_i].rate, 1e-9);
    ck_assert_double_eq_tol(path.memory_bytes_per_s / 1e9, paths[_i].memory, 1e-9);
    ck_assert_double_eq_tol(path.storage_bytes_per_s / 1e9, paths[_i].storage, 1e-9);
}
END_TEST

/* ---- offload ---- */

/* Llama-3.1-70B streams 70.55 - 1.05 B parameters of two bytes a step: 139.0 GB, 17.4 ms of GB200's
 * memory. Half of it takes 308.9 ms over C2C and decides; a hundredth takes 6.2 ms and is hidden.
 * A twentieth of DeepSeek-V3's experts (8 of 256, 58 layers of 3 x 7168 x 2048 bytes) cannot be
 * fetched before they are chosen. */
static const struct {
    const char *model, *system;
    double weights, kv, context;
    double step_s; /* 0: as long as without */
} offloads[] = {
    {"llama-3.1-70b", "gb200-nvl72", 0.5, 0, 1024, 0.5 * 139.0e9 / 225e9},
    {"llama-3.1-70b", "gb200-nvl72", 0.01, 0, 1024, 0},
    {"llama-3.1-70b", "hgx-h100-8", 0.5, 0, 1024, 0.5 * 139.0e9 / 63e9},
    /* 327680 B a token, 38.7 GB */
    {"llama-3.1-70b", "gb200-nvl72", 0, 0.9, 131072, 0.9 * 327680 * 131072 / 225e9},
    {"llama-3.1-70b", "gb200-nvl72", 0, 0.9, 1024, 0},
};

START_TEST(fetching_is_hidden_or_decides)
{
    gable_machine machine = load_machine(offloads[_i].system);
    gable_scenario s = decode;
    s.n_cached = offloads[_i].context;
    const gable_model *model = load_model(offloads[_i].model);
    gable_plan plain = lay(model, &s);
    gable_step before = price(&plain, &machine);
    s.offload_weights = offloads[_i].weights;
    s.offload_kv = offloads[_i].kv;
    gable_plan plan = lay(model, &s);
    gable_step step = price(&plan, &machine);
    double expected = offloads[_i].step_s > 0.0 ? offloads[_i].step_s : before.time_s_total;
    ck_within(step.time_s_total, expected, 1e-3);
    ck_within(step.ceiling_s_total, step.time_s_total, 1e-12);
    /* Two of 80 layers' worth is in flight. */
    ck_within(plan.weights_bytes, plain.weights_bytes * (1 - s.offload_weights * 78 / 80), 1e-9);
    ck_within(plan.kv_bytes, plain.kv_bytes * (1 - s.offload_kv * 78 / 80), 1e-9);
    ck_within(plan.host.stored_bytes,
              plain.weights_bytes * s.offload_weights + plain.kv_bytes * s.offload_kv, 1e-9);
    double sum = 0.0;
    for (int i = 0; i < plan.n_rows; i++)
        sum += step.time_s[i];
    ck_within(sum, step.time_s_total, 1e-12);
}
END_TEST

START_TEST(chosen_experts_are_not_hidden)
{
    gable_machine machine = load_machine("gb200-nvl72");
    gable_scenario s = decode;
    s.tp = 8;
    const gable_model *model = load_model("deepseek-v3");
    gable_plan plain = lay(model, &s);
    double before_s = price(&plain, &machine).time_s_total;
    s.offload_weights = 0.05;
    gable_plan plan = lay(model, &s);
    double experts = 0.05 * 8 * 58 * 3.0 * 7168 * 2048 / 8;
    ck_within(plan.host.routed_bytes, experts, 1e-3);
    ck_within(price(&plan, &machine).time_s_total, before_s + experts / 225e9, 1e-3);
}
END_TEST

/* With a part of a prompt in the cache and the cache on the host, that part is fetched. */
START_TEST(cached_prefix_is_fetched)
{
    gable_scenario s = {.phase = GABLE_PHASE_PREFILL,
                        .batch = 1,
                        .n_cached = 3000,
                        .n_new = 1000,
                        .tp = 1,
                        .ep = 1,
                        .offload_kv = 1.0};
    gable_plan plan = lay(load_model("llama-3.1-8b"), &s);
    double entries = 131072.0 * (4000 + 1000); /* read: all; written: the new ones */
    ck_within(plan.host.ahead_bytes, 0.75 * entries, 1e-9);
    s.n_cached = 0;
    ck_assert_double_eq(lay(load_model("llama-3.1-8b"), &s).host.ahead_bytes, 0.0);
}
END_TEST

/* ---- memory tables ---- */

/* The file has four residual streams; with one, a module has one key beside its value: 2 x 1280 x
 * 2560 x 2 FLOPs (32.8 MFLOP with four keys). A token reads 2 x 16 rows of 80 elements: 2560 B a
 * module. 5.7 B elements of two bytes. */
START_TEST(memory_rows)
{
    gable_model model = *load_model("engram-27b");
    model.hyper_streams = 0;
    gable_scenario s = decode;
    s.batch = 8;
    gable_plan plan = lay(&model, &s);
    int lookup = find(&plan, "memory_lookup"), proj = find(&plan, "memory_proj");
    ck_assert_double_eq(plan.work[lookup].activation_bytes, 2.0 * 8 * 2 * 2560);
    ck_assert_double_eq(plan.stored_bytes[lookup], 11.4e9);
    ck_assert_double_eq(plan.calls[proj], 2);
    ck_assert_double_eq(plan.work[proj].flops, 8 * 2.0 * 1280 * 2560 * 2);
    gable_plan streams = lay(load_model("engram-27b"), &s);
    ck_within(streams.work[find(&streams, "memory_proj")].flops / 8, 32.8e6, 0.002);
    double in_hbm = plan.weights_bytes;
    s.memory_place = GABLE_MEMORY_HOST;
    plan = lay(&model, &s);
    ck_assert_double_eq_tol(plan.weights_bytes, in_hbm - 11.4e9, 1.0);
    ck_assert_double_eq(plan.host.stored_bytes, 11.4e9);
    ck_assert_double_eq(plan.host.memory_bytes, 8.0 * 2 * 2560);
    ck_assert_double_eq_tol(plan.host.memory_frac, 1.0 / 30.0, 1e-12);
    s.tp = 4;
    s.memory_place = GABLE_MEMORY_HBM;
    plan = lay(&model, &s);
    ck_assert_double_eq(plan.stored_bytes[find(&plan, "memory_lookup")], 11.4e9 / 4);
    ck_assert_double_eq(plan.collective[find(&plan, "memory_all_gather")].bytes, 8.0 * 2 * 2560);
}
END_TEST

/* Rows must be there after `frac` of the layers. 63 MB take 1 ms of H100's 63 GB/s; of a pool at 50
 * GB/s, 1.26 ms. */
static const struct {
    gable_memory_place place;
    double frac, others_s, exposed_s;
} windows[] = {
    {GABLE_MEMORY_HOST, 0.1, 20e-3, 0},     /* 2 ms of layers come before */
    {GABLE_MEMORY_HOST, 0.1, 5e-3, 0.5e-3}, /* half of them do not suffice */
    {GABLE_MEMORY_HOST, 0.0, 20e-3, 1e-3},  /* the first layer: nothing comes before */
    {GABLE_MEMORY_POOL, 0.1, 10e-3, 0.26e-3},
};

START_TEST(rows_are_prefetched)
{
    gable_machine machine = load_machine("hgx-h100-8");
    gable_plan plan = {
        .scenario = {.memory_place = windows[_i].place},
        .host = {.memory_bytes = 63e6, .memory_frac = windows[_i].frac, .stored_bytes = 1}};
    ck_assert_double_eq_tol(gable_engine_host_s(&plan, &machine, windows[_i].others_s, 0.0),
                            windows[_i].exposed_s, 1e-12);
}
END_TEST

/* A PCIe box: weights and exchanges use one link of 27 GB/s, and both are flows of it; weights that
 * the host's memory brings at 9 GB/s leave room for exchanges. Elsewhere exchanges have links of
 * their own. */
static const struct {
    const char *system;
    double memory_bytes_per_s, ahead_bytes, wire_bytes, others_s, exposed_s;
} one_link[] = {
    {"l40s-pcie-8", 0, 270e6, 27e6, 12e-3, 0},      /* 10 and 1 of 12 ms */
    {"l40s-pcie-8", 0, 270e6, 81e6, 12e-3, 1e-3},   /* 10 and 3 */
    {"l40s-pcie-8", 9e9, 90e6, 81e6, 12e-3, 0},     /* 10 ms; a third of 9 idle ones would do */
    {"l40s-pcie-8", 9e9, 90e6, 270e6, 12e-3, 4e-3}, /* 2 idle ms are worth 6 */
    {"hgx-h100-8", 0, 630e6, 450e6, 12e-3, 0},
};

START_TEST(one_link_for_both)
{
    gable_machine machine = load_machine(one_link[_i].system);
    gable_system system = *machine.system;
    gable_accelerator device = *system.accelerator;
    gable_cpu host = {.memory_bandwidth_bytes_per_s =
                          one_link[_i].memory_bytes_per_s * system.n_accelerators};
    bool pcie = system.fabric == GABLE_FABRIC_PCIE;
    if (pcie)
        device.host_bytes_per_s = system.scale_up_bytes_per_s = 27e9;
    system.accelerator = machine.accelerator = &device;
    system.n_hosts = 1;
    system.host = host.memory_bandwidth_bytes_per_s > 0.0 ? &host : NULL;
    machine.system = &system;
    gable_plan plan = {.host = {.ahead_bytes = one_link[_i].ahead_bytes, .stored_bytes = 1}};
    double exchange_s = gable_engine_exchange_s(&machine, one_link[_i].wire_bytes);
    ck_assert_double_eq_tol(exchange_s, pcie ? one_link[_i].wire_bytes / 27e9 : 0.0, 1e-12);
    ck_assert_double_eq_tol(gable_engine_host_s(&plan, &machine, one_link[_i].others_s, exchange_s),
                            one_link[_i].exposed_s, 1e-9);
}
END_TEST

/* facts/models.md 4.14: the bandwidth of a table of 100 B parameters in host memory costs next to
 * nothing at 64 sequences: 64 x 5120 B / 63 GB/s = 5.2 us, less than the layer that hides it. */
START_TEST(decode_hides_the_table)
{
    gable_machine machine = load_machine("hgx-h800-8");
    gable_model model = *load_model("engram-27b");
    model.hyper_streams = 0;
    gable_scenario s = decode;
    s.batch = 64;
    s.memory_place = GABLE_MEMORY_HOST;
    gable_plan plan = lay(&model, &s);
    gable_step step = price(&plan, &machine);
    int row = find(&plan, "host_transfer");
    ck_within(plan.host.memory_bytes / 63e9, 5.2e-6, 0.01);
    ck_assert_double_eq(step.time_s[row], 0.0);
}
END_TEST

/* ---- loading ---- */

/* 673.2 GB of V3 on 8 of 72 devices: SSDs of 14 GB/s each: 6.01 s. From host memory: over C2C. */
static const struct {
    const char *model, *system;
    int tp;
    bool from_host;
    double storage; /* B/s; 0: the system's */
    double time_s;
    gable_load_stage slowest;
} loads[] = {
    {"deepseek-v3", "gb300-nvl72", 8, false, 0, 673.2e9 / (8 * 14e9), GABLE_LOAD_STORAGE},
    {"llama-3.1-70b", "hgx-h100-8", 8, false, 50e9, 141.1e9 / 50e9, GABLE_LOAD_STORAGE},
    {"llama-3.1-70b", "hgx-h100-8", 4, false, 50e9, 141.1e9 / 25e9, GABLE_LOAD_STORAGE},
    {"llama-3.1-70b", "gb200-nvl72", 1, true, 0, 141.1e9 / 225e9, GABLE_LOAD_LINK},
    {"llama-3.1-70b", "hgx-h100-8", 8, true, 0, 141.1e9 / (8 * 63e9), GABLE_LOAD_LINK},
    /* Written and read, 76.8 GB/s a device of host memory are less than SSDs of 1 TB/s give. */
    {"llama-3.1-70b", "hgx-h100-8", 8, false, 1e12, 2 * 141.1e9 / 614.4e9, GABLE_LOAD_HOST},
};

START_TEST(loading_a_model)
{
    gable_machine machine = load_machine(loads[_i].system);
    gable_load_options o = {loads[_i].from_host, loads[_i].storage};
    gable_scenario s = decode;
    gable_load load;
    gable_err err = {0};
    s.tp = loads[_i].tp;
    gable_plan plan = lay(load_model(loads[_i].model), &s);
    ck_assert_msg(gable_engine_load(&plan, &machine, &o, &load, &err) == GABLE_OK, "%s", err.text);
    ck_within(load.time_s, loads[_i].time_s, 0.002);
    ck_assert_int_eq(load.slowest, loads[_i].slowest);
    ck_assert_double_gt(load.serial_s, load.time_s);
}
END_TEST

/* ---- compression ---- */

START_TEST(compressed_context)
{
    gable_machine machine = load_machine("hgx-h100-8");
    gable_scenario s = {.phase = GABLE_PHASE_PREFILL, .batch = 1, .n_new = 8001, .tp = 8, .ep = 1};
    gable_scenario shorter;
    gable_compression c;
    gable_err err = {0};
    const gable_model *model = load_model("llama-3.1-70b"), *small = load_model("llama-3.1-8b");
    ck_assert_int_eq(gable_compress_scenario(&s, 4, &shorter, &err), GABLE_OK);
    ck_assert_double_eq(shorter.n_new, 2001);
    gable_plan plan = lay(model, &shorter), whole = lay(model, &s), pass = lay(small, &s);
    gable_step step = price(&plan, &machine);
    ck_assert_int_eq(
        gable_compress_price(scratch_arena(), model, small, &machine, &s, 4, &step, &c, &err),
        GABLE_OK);
    ck_within(c.plain_s, price(&whole, &machine).time_s_total, 1e-12);
    ck_within(c.compressor_s, price(&pass, &machine).time_s_total, 1e-12);
    ck_within(c.total_s, c.compressor_s + step.time_s_total, 1e-12);
    ck_within(c.speedup, c.plain_s / c.total_s, 1e-12);
    s = decode;
    ck_assert_int_eq(gable_compress_scenario(&s, 3, &shorter, &err), GABLE_OK);
    ck_assert_double_eq(shorter.n_cached, 342);
    ck_assert_int_eq(gable_compress_scenario(&s, 0.5, &shorter, &err), GABLE_INPUT);
}
END_TEST

/* ---- the library ---- */

START_TEST(library)
{
    gable_session *s;
    gable_answer plain, half;
    ck_assert_int_eq(gable_open(".", &s), 0);
    gable_query q = {.model = "llama-3.1-70b",
                     .system = "gb200-nvl72",
                     .stack = "ideal",
                     .phase = "decode",
                     .batch = 1,
                     .context = 1024,
                     .new_tokens = 1,
                     .tp = 1,
                     .ep = 1};
    ck_assert_msg(gable_cost(s, &q, &plain) == 0, "%s", gable_message(s));
    ck_assert_double_eq(plain.host_bytes, 0.0);
    q.offload_weights = 0.5;
    ck_assert_msg(gable_cost(s, &q, &half) == 0, "%s", gable_message(s));
    ck_within(half.host_bytes, plain.weights_bytes / 2.0, 1e-9);
    ck_within(half.time_s, 0.5 * 139.0e9 / 225e9, 1e-3);
    q.offload_to = "storage"; /* GB200's file does not say what its SSDs are */
    ck_assert_int_eq(gable_cost(s, &q, &half), 3);
    ck_assert_ptr_nonnull(strstr(gable_message(s), "has no \"storage\""));
    q.offload_to = "moon";
    ck_assert_int_eq(gable_cost(s, &q, &half), 3);
    ck_assert_ptr_nonnull(strstr(gable_message(s), "offload_to: no place \"moon\""));
    gable_close(s);
}
END_TEST

/* ---- refusals ---- */

static const struct {
    const char *model, *system;
    gable_scenario scenario;
    const char *says;
} refused[] = {
    {"llama-3.1-8b",
     "gaudi3-8",
     {.offload_weights = 0.5},
     "links.host_bandwidth of gaudi3 is not published"},
    {"llama-3.1-8b",
     "hgx-h100-8",
     {.offload_kv = 0.5, .offload_to_storage = true},
     "the system has no \"storage\""},
    {"llama-3.1-8b",
     "hgx-h100-8",
     {.memory_place = GABLE_MEMORY_HOST},
     "--memory host: llama-3.1-8b has no memory table"},
    {"llama-3.1-8b", "hgx-h100-8", {.offload_weights = 1.5}, "--offload-weights 1.5 is out of"},
    {"llama-3.1-8b", "hgx-h100-8", {.offload_kv = -1}, "--offload-kv -1 is out of range"},
    {"engram-27b",
     "h100-sxm",
     {.memory_place = GABLE_MEMORY_POOL},
     "no memory pool can be reached"},
};

START_TEST(placement_is_refused)
{
    gable_machine machine = load_machine(refused[_i].system);
    gable_model model = *load_model(refused[_i].model);
    gable_scenario s = refused[_i].scenario;
    gable_plan plan;
    gable_err err = {0};
    model.hyper_streams = 0;
    s.phase = GABLE_PHASE_DECODE;
    s.batch = s.n_new = s.tp = s.ep = 1;
    s.n_cached = 1024;
    gable_status status = gable_layout_plan(scratch_arena(), &model, &s, &plan, &err);
    if (status == GABLE_OK)
        status = gable_engine_check(&plan, &machine, &err);
    ck_assert_int_eq(status, GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "says: %s", err.text);
}
END_TEST

START_TEST(loading_is_refused)
{
    gable_machine machine = load_machine("hgx-h100-8");
    gable_load_options o = {0};
    gable_load load;
    gable_err err = {0};
    gable_plan plan = lay(load_model("llama-3.1-8b"), &decode);
    ck_assert_int_eq(gable_engine_load(&plan, &machine, &o, &load, &err), GABLE_INPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "give --storage-bandwidth, or --from host"));
}
END_TEST

Suite *gable_suite_host(void);

Suite *gable_suite_host(void)
{
    Suite *suite = suite_create("host");
    TCase *all = tcase_create("host");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    ADD_ROWS(all, way_to_the_host, paths);
    ADD_ROWS(all, fetching_is_hidden_or_decides, offloads);
    tcase_add_test(all, chosen_experts_are_not_hidden);
    tcase_add_test(all, cached_prefix_is_fetched);
    tcase_add_test(all, memory_rows);
    ADD_ROWS(all, rows_are_prefetched, windows);
    ADD_ROWS(all, one_link_for_both, one_link);
    tcase_add_test(all, decode_hides_the_table);
    ADD_ROWS(all, loading_a_model, loads);
    tcase_add_test(all, compressed_context);
    tcase_add_test(all, library);
    ADD_ROWS(all, placement_is_refused, refused);
    tcase_add_test(all, loading_is_refused);
    suite_add_tcase(suite, all);
    return suite;
}
