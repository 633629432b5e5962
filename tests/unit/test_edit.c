/* edit: paths of fields, values as text, and edited machines, which must price as if a file with
 * that number had been loaded. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../scratch.h"
#include "base/file.h"
#include "engine/engine.h"
#include "machine/edit.h"
#include "rows.h"

static gable_err err;

static void set_up(void)
{
    err = (gable_err){0};
    scratch_open();
}

static gable_machine load(const char *hw, const char *system, const char *stack)
{
    gable_machine machine = {0};
    ck_assert_msg(gable_machine_load(scratch_arena(), hw, system, stack, &machine, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    return machine;
}

static gable_edit_field find(const char *path)
{
    gable_edit_field field = {.index = -1};
    ck_assert_msg(gable_edit_find(path, &field, &err) == GABLE_OK, "%s", err.text);
    return field;
}

static void open_edit(const gable_machine *machine, gable_edit *edit)
{
    ck_assert_int_eq(gable_edit_open(scratch_arena(), machine, edit, &err), GABLE_OK);
}

static void set(gable_edit *edit, const char *path, const char *text)
{
    gable_edit_field field = find(path);
    double value = 0.0;
    ck_assert_msg(gable_edit_parse(edit, &field, text, &value, &err) == GABLE_OK, "%s", err.text);
    ck_assert_msg(gable_edit_check(edit, &field, value, &err) == GABLE_OK, "%s", err.text);
    gable_edit_set(edit, &field, value);
}

/* ---- paths ---- */

START_TEST(every_field_is_found_by_its_path)
{
    int n = gable_edit_count();
    ck_assert_int_gt(n, 60);
    ck_assert_int_lt(n, GABLE_EDIT_FIELDS_CAP);
    for (int i = 0; i < n; i++) {
        gable_edit_field field, again;
        gable_edit_at(i, &field);
        again = find(field.path);
        ck_assert_int_eq(again.index, i);
        ck_assert_ptr_eq(again.row, field.row);
    }
}
END_TEST

/* Written by hand from the files of hw/. */
static const struct {
    const char *path, *full;
} spellings[] = {
    {"accelerator.hbm.bandwidth", "accelerator.hbm.bandwidth"},
    {"hbm.bandwidth", "accelerator.hbm.bandwidth"},
    {"compute.matrix.fp8", "accelerator.compute.matrix.fp8"},
    {"scale_up.bandwidth", "system.scale_up.bandwidth"},
    {"memory.bandwidth", "host.memory.bandwidth"},
    {"kernels.gap", "constants.kernels.gap"},
};

START_TEST(a_part_may_be_left_out)
{
    ck_assert_str_eq(find(spellings[_i].path).path, spellings[_i].full);
}
END_TEST

static const struct {
    const char *path, *says;
} wrong_paths[] = {
    {"accelerator.hbm.bandwith", "did you mean \"accelerator.hbm.bandwidth\"?"},
    {"hbm.bandwdith", "did you mean \"hbm.bandwidth\"?"},
    {"gpu.memory.l2_capacity", "did you mean \"accelerator.cache.l2_capacity\"?"},
    {"nonsense", "lists them"},
    {"accelerator.hbm.*", "unknown field"},
    {"power.tdp", "expected accelerator.power.tdp or system.power.tdp"},
    {"accelerator.name", "unknown field"},
    {"", "unknown field"},
};

START_TEST(a_wrong_path_is_refused_with_the_nearest)
{
    gable_edit_field field;
    ck_assert_int_eq(gable_edit_find(wrong_paths[_i].path, &field, &err), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, wrong_paths[_i].says) != NULL, "%s", err.text);
}
END_TEST

/* What lies between stars, in order; and one that tried all ways once, for hours. */
static const struct {
    const char *pattern;
    int n;
} stars[] = {
    {"accelerator.compute.matrix.*", GABLE_N_MMA + 1}, /* and the marketing figure */
    {"*.bandwidth", 5}, /* hbm, near_memory, scale_up, scale_out, memory of the host */
    {"**.b*n*w*h", 5},
    {"matrix.q*", 0},
    {"acc*.hbm.*width", 1},
    {"*.hbm.bandwidth.*", 0},
    {"*hbm*hbm*", 0},
    {"d********************************************************************width", 0},
    {"a*c*c*e*l*e*r*a*t*o*r*c*o*m*p*u*t*e*m*a*t*r*i*x*e*a*o*u*i*e*a*o*u*x*y*z", 0},
};

START_TEST(stars_find)
{
    gable_edit_field found[32];
    int n = 0;
    gable_status status = gable_edit_find_all(stars[_i].pattern, found, 32, &n, &err);
    ck_assert_int_eq(status, stars[_i].n ? GABLE_OK : GABLE_INPUT);
    ck_assert_int_eq(n, stars[_i].n);
}
END_TEST

START_TEST(a_star_finds_no_more_than_asked)
{
    gable_edit_field found[2];
    int n;
    ck_assert_int_eq(gable_edit_find_all("hbm.*", found, 2, &n, &err), GABLE_OK);
    ck_assert_int_eq(n, 2);
}
END_TEST

/* ---- values ---- */

static const struct {
    const char *path, *text;
    double value; /* of h100-sxm behind hgx-h100-8 */
} values[] = {
    {"accelerator.hbm.bandwidth", "8TB/s", 8e12},
    {"accelerator.hbm.bandwidth", "4e12", 4e12},
    {"accelerator.hbm.bandwidth", "x2", 6.7e12},
    {"accelerator.hbm.bandwidth", "+10%", 3.685e12},
    {"accelerator.hbm.bandwidth", "-50%", 1.675e12},
    {"accelerator.compute.matrix.fp8", "4 PFLOP/s", 4e15},
    {"system.scale_up.in_network_reduction", "false", 0.0},
    {"system.scale_out.topology", "dragonfly", 4.0},
    {"system.devices.count", "16", 16.0},
    {"constants.scale_up.step", "x0.5", 0.5},
};

START_TEST(values_are_read)
{
    gable_machine machine = load("hw", "hgx-h100-8", "trtllm");
    gable_edit edit;
    open_edit(&machine, &edit);
    set(&edit, values[_i].path, values[_i].text);
    gable_edit_field field = find(values[_i].path);
    ck_assert_double_eq_tol(gable_edit_get(&edit, &field), values[_i].value,
                            1e-12 * (1.0 + fabs(values[_i].value)));
}
END_TEST

static const struct {
    const char *path, *text, *says;
} wrong_values[] = {
    {"accelerator.hbm.bandwidth", "8 TB", "B/s"},
    {"accelerator.hbm.bandwidth", "fast", "accelerator.hbm.bandwidth"},
    {"accelerator.hbm.bandwidth", "x", "no change"},
    {"accelerator.hbm.bandwidth", "x-2", "no change"},
    {"accelerator.hbm.bandwidth", "+ten%", "no change"},
    {"accelerator.hbm.bandwidth", "8", "out of range, expected 10 MB/s to 10 EB/s"},
    {"accelerator.compute.matrix.fp4", "x2", "not published"},
    {"system.scale_up.fabric", "swich", "none, switch, mesh, pcie, torus"},
    {"system.scale_up.p2p", "1", "false, true"},
    {"system.devices.count", "2.5", "whole"},
    {"system.devices.count", "0", "out of range"},
    {"system.scale_out.oversubscription", "0.5", "out of range"},
};

START_TEST(wrong_values_are_refused)
{
    gable_machine machine = load("hw", "hgx-h100-8", "trtllm");
    gable_edit edit;
    gable_edit_field field = find(wrong_values[_i].path);
    double value = 0.0;
    open_edit(&machine, &edit);
    gable_status status = gable_edit_parse(&edit, &field, wrong_values[_i].text, &value, &err);
    if (status == GABLE_OK)
        status = gable_edit_check(&edit, &field, value, &err);
    ck_assert_int_eq(status, GABLE_INPUT);
    ck_assert_msg(strstr(err.text, wrong_values[_i].says) != NULL, "%s", err.text);
}
END_TEST

START_TEST(a_device_without_a_host_has_none_to_edit)
{
    gable_machine machine = load("hw", "h100-sxm", "trtllm");
    gable_edit edit;
    gable_edit_field field = find("host.memory.bandwidth");
    open_edit(&machine, &edit);
    ck_assert_double_eq(gable_edit_get_base(&edit, &field), 0.0);
    ck_assert_int_eq(gable_edit_check(&edit, &field, 1e12, &err), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, "has no host") != NULL, "%s", err.text);
}
END_TEST

START_TEST(fabric_and_count_must_agree)
{
    gable_machine machine = load("hw", "h100-sxm", "trtllm");
    gable_edit edit;
    open_edit(&machine, &edit);
    ck_assert_int_eq(gable_edit_check_whole(&edit, &err), GABLE_OK);
    set(&edit, "system.devices.count", "8");
    ck_assert_int_eq(gable_edit_check_whole(&edit, &err), GABLE_INPUT);
    err = (gable_err){0};
    set(&edit, "system.scale_up.fabric", "switch");
    ck_assert_int_eq(gable_edit_check_whole(&edit, &err), GABLE_OK);
    ck_assert_double_eq(edit.system.scale_up_bytes_per_s, 450e9); /* of its links */
}
END_TEST

/* ---- prices ---- */

static const gable_scenario scenarios[] = {
    {.phase = GABLE_PHASE_DECODE, .batch = 16, .n_cached = 4096, .n_new = 1, .tp = 1, .ep = 1},
    {.phase = GABLE_PHASE_PREFILL, .batch = 2, .n_new = 3000, .tp = 8, .ep = 1},
    {.phase = GABLE_PHASE_DECODE,
     .batch = 4,
     .n_cached = 100,
     .n_new = 1,
     .tp = 8,
     .ep = 1,
     .offload_weights = 0.5},
};
enum { N_SCENARIOS = sizeof scenarios / sizeof scenarios[0] };

static void price(const gable_machine *machine, int scenario, gable_step *step)
{
    const gable_model *model;
    gable_plan *plan;
    gable_scenario s = scenarios[scenario];
    if (s.tp > machine->system->n_accelerators)
        s.tp = 1;
    ck_assert_int_eq(gable_arena_take(scratch_arena(), 1, sizeof *plan, &plan, &err), GABLE_OK);
    ck_assert_msg(gable_model_load(scratch_arena(), "workloads", "llama-3.1-8b", &model, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), model, &s, plan, &err), GABLE_OK);
    ck_assert_int_eq(gable_step_init(scratch_arena(), plan, step, &err), GABLE_OK);
    gable_engine_price(plan, machine, step);
}

static void same_price(const gable_step *a, const gable_step *b, int scenario)
{
    ck_assert_msg(a->time_s_total == b->time_s_total, "scenario %d: %.17g s, file %.17g s",
                  scenario, a->time_s_total, b->time_s_total);
    ck_assert_double_eq(a->ceiling_s_total, b->ceiling_s_total);
    ck_assert_double_eq(a->p10_s, b->p10_s);
    ck_assert_double_eq(a->p90_s, b->p90_s);
    ck_assert_double_eq(a->capacity_bytes, b->capacity_bytes);
    ck_assert_double_eq(a->ridge_flops_per_byte, b->ridge_flops_per_byte);
    ck_assert_int_eq(a->fits, b->fits);
}

START_TEST(an_unedited_copy_prices_the_same)
{
    static const char *const stacks[] = {"trtllm", "vllm", "ideal"};
    gable_machine machine = load("hw", "gb200-nvl72", stacks[_i]);
    gable_edit edit;
    open_edit(&machine, &edit);
    gable_edit_field field = find("hbm.bandwidth");
    for (int again = 0; again < 2; again++) {
        for (int s = 0; s < N_SCENARIOS; s++) {
            gable_step a, b;
            price(&machine, s, &a);
            price(&edit.machine, s, &b);
            same_price(&a, &b, s);
        }
        gable_edit_set(&edit, &field, 1e12);
        set(&edit, "constants.scale_up.step", "3");
        gable_edit_reset(&edit);
    }
}
END_TEST

/* hw in the scratch folder: links to the folders of hw, but for one, which holds links to its
 * files, but for one, in which `from` is written as `to`. */
static void link_to(const char *top, const char *name)
{
    char target[600], cwd[300];
    ck_assert_ptr_nonnull(getcwd(cwd, sizeof cwd));
    snprintf(target, sizeof target, "%s/%s/%s", cwd, top, name);
    const char *slash = strchr(top, '/');
    char local[200];
    snprintf(local, sizeof local, "%s%s%s", slash ? slash + 1 : "", slash ? "/" : "", name);
    ck_assert_int_eq(symlink(target, scratch_path(local)), 0);
}

static void write_changed(const char *folder, const char *file, const char *from, const char *to)
{
    const char *text;
    char path[200];
    size_t bytes;
    snprintf(path, sizeof path, "hw/%s/%s", folder, file);
    ck_assert_int_eq(gable_file_read(scratch_arena(), path, 1 << 20, &text, &bytes, &err),
                     GABLE_OK);
    const char *at = strstr(text, from);
    ck_assert_msg(at != NULL, "%s is not in %s", from, path);
    snprintf(path, sizeof path, "%s/%s", folder, file);
    FILE *out = fopen(scratch_path(path), "wb");
    ck_assert_ptr_nonnull(out);
    fprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    ck_assert_int_eq(fclose(out), 0);
}

static const char *const folders[] = {"accelerators", "calibration", "cpus",   "generations",
                                      "links",        "stacks",      "systems"};

static void files_of(const char *folder, const char *const **names, size_t *n)
{
    char path[100];
    snprintf(path, sizeof path, "hw/%s", folder);
    ck_assert_int_eq(gable_file_list(scratch_arena(), path, ".json", names, n, &err), GABLE_OK);
}

static const char *make_hw(const char *folder, const char *file, const char *from, const char *to)
{
    const char *const *names;
    size_t n;
    char top[100];
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (strcmp(folders[i], folder) != 0)
            link_to("hw", folders[i]);
    ck_assert_int_eq(mkdir(scratch_path(folder), 0700), 0);
    files_of(folder, &names, &n);
    snprintf(top, sizeof top, "hw/%s", folder);
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], file) != 0)
            link_to(top, names[i]);
    write_changed(folder, file, from, to);
    return scratch_path(".");
}

static void remove_files(const char *folder)
{
    const char *const *names;
    char path[300];
    size_t n;
    files_of(folder, &names, &n);
    for (size_t i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(scratch_path(path));
    }
}

static const struct {
    const char *system, *folder, *file, *from, *to, *path, *value;
} loaded[] = {
#define H100 "hgx-h100-8", "accelerators", "h100-sxm.json"
    {H100, "\"3.35 TB/s", "\"8 TB/s", "accelerator.hbm.bandwidth", "8 TB/s"},
    {H100, "\"bf16\": \"989.4 TFLOP/s\"", "\"bf16\": \"2 PFLOP/s\"", "compute.matrix.bf16", "2e15"},
    {H100, "\"fp32\": \"67 TFLOP/s\"", "\"fp32\": \"90 TFLOP/s\"", "compute.vector.fp32", "9e13"},
    {H100, "\"sm_count\": 132", "\"sm_count\": 144", "compute.sm_count", "144"},
    {H100, "1830 MHz\"", "1500 MHz\"", "compute.tensor_clock", "1.5 GHz"},
    {H100, "1980 MHz\"", "2200 MHz\"", "compute.vector_clock", "2.2 GHz"},
    {H100, "\"exp\": null", "\"exp\": \"9 Top/s\"", "compute.exp", "9e12"},
    {H100, "50 MB", "90 MB", "cache.l2_capacity", "90 MB"},
    {"hgx-a100-8", "accelerators", "a100-sxm-80gb.json", "80 GB\",\n    \"usable\"",
     "96 GB\",\n    \"usable\"", "hbm.capacity", "96 GB"},
    {H100, "450 GB/s", "900 GB/s", "links.scale_up_bandwidth", "900 GB/s"},
    {H100, "63 GB/s", "31 GB/s", "links.host_bandwidth", "31 GB/s"},
    {H100, "700 W", "350 W", "accelerator.power.tdp", "350 W"},
#undef H100
    {"l40s-pcie-8", "accelerators", "l40s.json", "31.5 GB/s", "63 GB/s", "links.host_bandwidth",
     "63 GB/s"},
    {"gb200-nvl72", "accelerators", "gb200.json", "1200 W", "900 W", "accelerator.power.tdp",
     "900 W"},
    {"gb200-nvl72", "accelerators", "gb200.json", "\"fp8\": \"5000", "\"fp8\": \"6000",
     "compute.matrix.fp8", "6e15"},
    {"gb200-nvl72", "accelerators", "gb200.json", "\"8 TB/s", "\"16 TB/s", "hbm.bandwidth", "x2"},
    {"hgx-h100-8", "systems", "hgx-h100-8.json", "\"bandwidth\": null",
     "\"bandwidth\": \"300 GB/s\"", "scale_up.bandwidth", "300 GB/s"},
    {"hgx-h100-8", "systems", "hgx-h100-8.json", "\"in_network_reduction\": true",
     "\"in_network_reduction\": false", "system.scale_up.in_network_reduction", "false"},
    {"hgx-h100-8", "systems", "hgx-h100-8.json", "\"count\": 8,\n    \"reference\"",
     "\"count\": 16,\n    \"reference\"", "devices.count", "16"},
};

START_TEST(an_edit_prices_as_a_file_with_that_number)
{
    gable_machine machine = load("hw", loaded[_i].system, "trtllm");
    const char *hw = make_hw(loaded[_i].folder, loaded[_i].file, loaded[_i].from, loaded[_i].to);
    gable_machine from_file = load(hw, loaded[_i].system, "trtllm");
    remove_files(loaded[_i].folder);
    gable_edit edit;
    open_edit(&machine, &edit);
    set(&edit, loaded[_i].path, loaded[_i].value);
    ck_assert_int_eq(gable_edit_check_whole(&edit, &err), GABLE_OK);
    for (int s = 0; s < N_SCENARIOS; s++) {
        gable_step a, b;
        price(&edit.machine, s, &a);
        price(&from_file, s, &b);
        same_price(&a, &b, s);
    }
}
END_TEST

/* What a datasheet of a described die would not move, a what-if does. */
START_TEST(an_edited_peak_counts_where_the_silicon_is_described)
{
    gable_machine machine = load("hw", "b200-sxm", "trtllm");
    gable_edit edit;
    gable_step before, after;
    open_edit(&machine, &edit);
    price(&machine, 1, &before);
    set(&edit, "compute.matrix.bf16", "x2");
    price(&edit.machine, 1, &after);
    ck_assert_double_lt(after.time_s_total, 0.9 * before.time_s_total);
}
END_TEST

START_TEST(usable_memory_goes_with_the_capacity_unless_it_is_set)
{
    gable_machine machine = load("hw", "gb200-nvl72", "trtllm");
    double usable = machine.accelerator->hbm_usable_bytes;
    gable_edit edit;
    open_edit(&machine, &edit);
    ck_assert_double_gt(usable, 0.0);
    set(&edit, "hbm.capacity", "x2");
    ck_assert_double_eq_tol(edit.accelerator.hbm_usable_bytes, 2.0 * usable, 1.0);
    set(&edit, "hbm.usable", "100 GB");
    set(&edit, "hbm.capacity", "300 GB");
    ck_assert_double_eq(edit.accelerator.hbm_usable_bytes, 100e9);
    gable_edit_reset(&edit);
    ck_assert_double_eq(edit.accelerator.hbm_usable_bytes, usable);
}
END_TEST

START_TEST(steps_of_collectives_scale)
{
    gable_machine machine = load("hw", "hgx-h100-8", "trtllm");
    gable_edit edit;
    gable_collective all_reduce = {.kind = GABLE_COLLECTIVE_ALL_REDUCE,
                                   .bytes = 8192,
                                   .n_ranks = 8,
                                   .library = GABLE_LIBRARY_NCCL,
                                   .payload = GABLE_DTYPE_BF16};
    gable_transfer before, after, base;
    open_edit(&machine, &edit);
    gable_net_transfer(&all_reduce, &machine, &before);
    set(&edit, "constants.scale_up.step", "x0.5");
    gable_net_transfer(&all_reduce, &edit.machine, &after);
    ck_assert_double_lt(after.time.time_s, before.time.time_s);
    set(&edit, "constants.collectives.base", "0");
    gable_net_transfer(&all_reduce, &edit.machine, &base);
    ck_assert_double_lt(base.time.time_s, after.time.time_s);
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("edit");
    TCase *tcase = tcase_create("edit");
    tcase_add_checked_fixture(tcase, set_up, scratch_close);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, every_field_is_found_by_its_path);
    ADD_ROWS(tcase, a_part_may_be_left_out, spellings);
    ADD_ROWS(tcase, a_wrong_path_is_refused_with_the_nearest, wrong_paths);
    tcase_add_test(tcase, a_star_finds_no_more_than_asked);
    ADD_ROWS(tcase, stars_find, stars);
    ADD_ROWS(tcase, values_are_read, values);
    ADD_ROWS(tcase, wrong_values_are_refused, wrong_values);
    tcase_add_test(tcase, a_device_without_a_host_has_none_to_edit);
    tcase_add_test(tcase, fabric_and_count_must_agree);
    tcase_add_loop_test(tcase, an_unedited_copy_prices_the_same, 0, 3);
    ADD_ROWS(tcase, an_edit_prices_as_a_file_with_that_number, loaded);
    tcase_add_test(tcase, an_edited_peak_counts_where_the_silicon_is_described);
    tcase_add_test(tcase, usable_memory_goes_with_the_capacity_unless_it_is_set);
    tcase_add_test(tcase, steps_of_collectives_scale);
    suite_add_tcase(all, tcase);
    return all;
}

Suite *gable_suite_edit(void);
Suite *gable_suite_edit(void)
{
    return suite();
}
