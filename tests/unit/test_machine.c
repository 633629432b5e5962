/* machine: every description of hw/ loads and is sourced; figures that are known; devices as
 * systems; the schemas that are published are the ones in force. What is refused is in
 * test_machine_refused.c. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "machine/machine.h"
#include "rows.h"

static const char hw[] = "hw"; /* tests run in the root of the tree */

enum { ARENA_BYTES = 4 << 20 };
static gable_arena arena;
static gable_err err;

static void set_up(void)
{
    err = (gable_err){0};
    ck_assert_int_eq(gable_arena_init(&arena, ARENA_BYTES, &err), GABLE_OK);
}

static void tear_down(void)
{
    gable_arena_free(&arena);
}

static const gable_accelerator *device(const char *name)
{
    const gable_accelerator *out = NULL;
    ck_assert_msg(gable_accelerator_load(&arena, hw, name, &out, &err) == GABLE_OK, "%s", err.text);
    return out;
}

static void all_devices(const char *const **names, size_t *count)
{
    ck_assert_int_eq(gable_hw_names(&arena, hw, GABLE_HW_ACCELERATOR, names, count, &err),
                     GABLE_OK);
}

static bool near(double value, double expected, double tolerance_frac)
{
    return fabs(value - expected) <= tolerance_frac * fabs(expected);
}

/* ---- every file ---- */

static const size_t fewest_files[GABLE_N_HW_KINDS] = {40, 4, 25, 18};

/* Numbers that a system may take from its accelerator, whose file has the source. */
static bool is_inherited(gable_hw_kind kind, const char *key)
{
    return kind == GABLE_HW_SYSTEM &&
           (strcmp(key, "bandwidth") == 0 || strcmp(key, "oversubscription") == 0);
}

static double number_at(const gable_field *field, const void *object)
{
    const char *member = (const char *)object + field->offset;
    if (field->type == GABLE_FIELD_NUMBER)
        return *(const double *)(const void *)member;
    return field->type == GABLE_FIELD_INT ? *(const int *)(const void *)member : 0.0;
}

START_TEST(every_file_loads_and_every_number_has_its_source)
{
    const char *const *names;
    size_t count;
    gable_hw_kind kind = (gable_hw_kind)_i;
    const gable_schema *schema = gable_hw_schema(kind);
    ck_assert_int_eq(gable_hw_names(&arena, hw, kind, &names, &count, &err), GABLE_OK);
    ck_assert_msg(count >= fewest_files[kind], "only %zu of kind %s", count, gable_hw_kinds[kind]);
    size_t mark = gable_arena_mark(&arena);
    for (size_t i = 0; i < count; i++) {
        gable_hw_entry entry;
        ck_assert_msg(gable_hw_load(&arena, hw, kind, names[i], &entry, &err) == GABLE_OK, "%s",
                      err.text);
        ck_assert_str_eq(entry.name, names[i]);
        for (size_t row = 0; row < schema->n_fields; row++) {
            const gable_field *field = &schema->fields[row];
            if (number_at(field, entry.object) > 0.0 && !is_inherited(kind, field->key))
                ck_assert_msg(entry.sources[row] != NULL, "%s: %s.%s", names[i], field->block,
                              field->key);
        }
        gable_arena_release(&arena, mark);
    }
}
END_TEST

/* Whether any "source" below `node` is `id`; files are at most five deep. */
static bool cites(const gable_json *node, const char *id)
{
    if (node->key && strcmp(node->key, "source") == 0 && node->type == GABLE_JSON_STRING)
        return strcmp(node->string, id) == 0;
    for (const gable_json *child = node->child; child; child = child->next)
        if (cites(child, id))
            return true;
    return false;
}

static const char *const folders[] = {"hw/accelerators", "hw/cpus", "hw/links", "hw/systems"};

START_TEST(every_source_is_described_and_cited)
{
    const char *const *files;
    size_t count;
    ck_assert_int_eq(gable_file_list(&arena, folders[_i], ".json", &files, &count, &err), GABLE_OK);
    ck_assert_uint_gt(count, 0);
    for (size_t i = 0; i < count; i++) {
        const gable_json *root;
        const char *path = gable_file_join(&arena, folders[_i], files[i]);
        ck_assert_int_eq(gable_json_read(&arena, path, GABLE_JSON_STRICT, &root, &err), GABLE_OK);
        const gable_json *sources = gable_json_get(root, "sources");
        ck_assert_msg(sources != NULL, "%s: no sources", path);
        for (const gable_json *s = sources->child; s; s = s->next) {
            ck_assert_msg(gable_json_get(s, "title") && gable_json_get(s, "where"),
                          "%s: source %s says neither title nor where", path, s->key);
            ck_assert_msg(cites(root, s->key), "%s: source %s is cited nowhere", path, s->key);
        }
    }
}
END_TEST

START_TEST(published_schema_is_in_force)
{
    char path[80];
    const char *published;
    size_t length;
    gable_text now = {0};
    snprintf(path, sizeof path, "hw/schemas/%s.schema.json", gable_hw_kinds[_i]);
    ck_assert_msg(gable_file_read(&arena, path, 1 << 20, &published, &length, &err) == GABLE_OK,
                  "%s", err.text);
    gable_fields_write_schema(&now, gable_hw_schema((gable_hw_kind)_i));
    ck_assert_msg(strcmp(published, now.text) == 0,
                  "%s is stale: build/gable hw schema %s >%s renews it", path, gable_hw_kinds[_i],
                  path);
    gable_text_free(&now);
}
END_TEST

/* ---- figures ---- */

/* facts/hardware.md 11, last line: FLOP/B in 16 and 8 bits. */
static const struct {
    const char *name;
    double ridge_16, ridge_8, tolerance;
} ridges[] = {
    {"t4", 203, 406, 0.5},           {"a100-sxm-80gb", 153, 306, 0.5},
    {"l40s", 419, 848, 0.5},         {"h20", 37, 74, 0.5},
    {"h100-sxm", 295.3, 590.7, 0.1}, {"h200-sxm", 206, 412, 0.5},
    {"b200-sxm", 292, 584, 0.5},     {"gb200", 312.5, 625, 0.5},
    {"rubin", 182, 795, 0.6},        {"rubin-maxlps", 208, 911, 0.6},
    {"mi300x", 247, 493, 0.5},       {"mi355x", 315, 629, 0.5},
    {"tpu-v7", 313, 625, 0.5},
};

START_TEST(ridges_are_the_published_ones)
{
    const gable_accelerator *a = device(ridges[_i].name);
    bool has_fp8 = a->matrix_flops_per_s[GABLE_MMA_FP8] > 0.0;
    ck_assert_double_eq_tol(gable_accelerator_ridge(a, GABLE_MMA_BF16), ridges[_i].ridge_16,
                            ridges[_i].tolerance);
    ck_assert_double_eq_tol(gable_accelerator_ridge(a, has_fp8 ? GABLE_MMA_FP8 : GABLE_MMA_INT8),
                            ridges[_i].ridge_8, ridges[_i].tolerance);
}
END_TEST

static const struct {
    const char *name;
    gable_ratio ratio;
    double expected;
} ratios[] = {
    {"v100-sxm2-32gb", GABLE_RATIO_WIDTH_16, 1024}, {"t4", GABLE_RATIO_WIDTH_16, 1024},
    {"a100-sxm-80gb", GABLE_RATIO_WIDTH_16, 2048},  {"h100-sxm", GABLE_RATIO_WIDTH_16, 4096},
    {"h100-sxm", GABLE_RATIO_WIDTH_8, 8192},        {"b200-sxm", GABLE_RATIO_WIDTH_16, 8192},
    {"gb200", GABLE_RATIO_WIDTH_16, 8192},          {"gb200", GABLE_RATIO_WIDTH_4, 32768},
    {"l4", GABLE_RATIO_WIDTH_VECTOR, 256},          {"h100-sxm", GABLE_RATIO_WIDTH_VECTOR, 256},
    {"mi300x", GABLE_RATIO_WIDTH_16, 2048},         {"mi355x", GABLE_RATIO_WIDTH_16, 4096},
    {"b300-sxm", GABLE_RATIO_INT8_OVER_16, 0.0667}, {"h800-sxm", GABLE_RATIO_LINK_OVER_HBM, 0.0597},
};

START_TEST(ratios_follow)
{
    double all[GABLE_N_RATIOS];
    gable_derive_ratios(device(ratios[_i].name), all);
    ck_assert_msg(near(all[ratios[_i].ratio], ratios[_i].expected, 0.005), "%s %s is %g, not %g",
                  ratios[_i].name, gable_ratio_key(ratios[_i].ratio), all[ratios[_i].ratio],
                  ratios[_i].expected);
}
END_TEST

#define AT(member) offsetof(gable_accelerator, member)

/* What a contradiction among the sources was resolved to: hw/README.md. 0 and "" is null. */
static const struct {
    const char *name;
    size_t offset;
    double value;
    const char *source;
} choices[] = {
    {"h100-sxm", AT(matrix_flops_per_s[GABLE_MMA_BF16]), 989.4e12, "H100T"},
    {"h100-sxm", AT(hbm_bandwidth_bytes_per_s), 3.35e12, "H100T"},
    {"h100-sxm", AT(tensor_clock_hz), 1.83e9, "MLE"},
    {"h100-sxm", AT(vector_clock_hz), 1.98e9, "MLE"},
    {"b200-sxm", AT(hbm_bandwidth_bytes_per_s), 7.7e12, "BWDS"},
    {"b200-sxm", AT(hbm_capacity_bytes), 180e9, "BWDS"},
    {"b200-sxm", AT(host_bytes_per_s), 63e9, "BWDS"},
    {"b300-sxm", AT(matrix_flops_per_s[GABLE_MMA_INT8]), 150e12, "BUDS"},
    {"b300-sxm", AT(matrix_flops_per_s[GABLE_MMA_FP4]), 13.5e15, "SECOND"},
    {"gb300", AT(matrix_flops_per_s[GABLE_MMA_INT8]), 165e12, "BUDS"},
    {"gb200", AT(hbm_usable_bytes), 189471.0 * 1048576.0, "AIC"},
    {"rubin", AT(matrix_flops_per_s[GABLE_MMA_FP4]), 35e15, "MLE"},
    {"rubin", AT(fp4_effective_flops_per_s), 50e15, "MLE"},
    {"rubin", AT(matrix_flops_per_s[GABLE_MMA_INT8]), 0.0, ""},
    {"rubin", AT(tdp_w), 0.0, ""},
    {"mi455x", AT(matrix_flops_per_s[GABLE_MMA_FP4]), 40.26e15, "HC26"},
};

START_TEST(contradictions_stay_resolved)
{
    const gable_accelerator *a = device(choices[_i].name);
    const char *member = (const char *)a + choices[_i].offset;
    ck_assert_double_eq(*(const double *)(const void *)member, choices[_i].value);
    ck_assert_str_eq(gable_accelerator_source(a, choices[_i].offset), choices[_i].source);
}
END_TEST

static const struct {
    const char *name;
    gable_mma asked, used;
    double flops_per_s;
} peaks[] = {
    {"h100-sxm", GABLE_MMA_FP8, GABLE_MMA_FP8, 1979e12},
    {"a100-sxm-80gb", GABLE_MMA_FP8, GABLE_MMA_BF16, 312e12},
    {"h100-sxm", GABLE_MMA_FP4, GABLE_MMA_FP8, 1979e12},
    {"h100-sxm", GABLE_MMA_INT4, GABLE_MMA_INT8, 1979e12},
    {"t4", GABLE_MMA_BF16, GABLE_MMA_FP16, 65e12},
    {"t4", GABLE_MMA_TF32, GABLE_MMA_FP32, 8.1e12},
    {"v100-sxm2-32gb", GABLE_MMA_INT8, GABLE_MMA_FP16, 125e12},
    {"tpu-v6e", GABLE_MMA_FP16, GABLE_MMA_BF16, 918e12},
    {"b300-sxm", GABLE_MMA_INT8, GABLE_MMA_INT8, 150e12},
    {"h100-sxm", GABLE_MMA_FP32, GABLE_MMA_FP32, 67e12},
    {"l4", GABLE_MMA_FP64, GABLE_MMA_FP64, 0.5e12},
    {"groq-lp30", GABLE_MMA_BF16, GABLE_MMA_FP8, 615e12},
    {"groq-lp30", GABLE_MMA_FP4, GABLE_MMA_FP8, 1230e12},
};

START_TEST(a_missing_unit_is_replaced)
{
    gable_mma used;
    const gable_accelerator *a = device(peaks[_i].name);
    ck_assert_double_eq(gable_accelerator_peak(a, peaks[_i].asked, &used), peaks[_i].flops_per_s);
    ck_assert_int_eq(used, peaks[_i].used);
    ck_assert_double_eq(gable_accelerator_peak(a, peaks[_i].asked, NULL), peaks[_i].flops_per_s);
}
END_TEST

START_TEST(every_device_has_every_peak)
{
    const char *const *names;
    size_t count;
    all_devices(&names, &count);
    for (size_t i = 0; i < count; i++) {
        double peak = gable_accelerator_peak(device(names[i]), (gable_mma)_i, NULL);
        ck_assert_msg(peak > 0.0 && isfinite(peak), "%s has none for %s", names[i],
                      gable_mma_key((gable_mma)_i));
    }
}
END_TEST

/* The rate of a device is its links times their rate, but for the profile that slows them. */
START_TEST(links_add_up)
{
    const char *const *names;
    size_t count, n_compared = 0;
    all_devices(&names, &count);
    for (size_t i = 0; i < count; i++) {
        const gable_accelerator *a = device(names[i]);
        const gable_link *link = NULL;
        if (!a->scale_up_link || strcmp(a->name, "rubin-maxlps") == 0)
            continue;
        ck_assert_int_eq(gable_link_load(&arena, hw, a->scale_up_link, &link, &err), GABLE_OK);
        double sum = a->scale_up_n_links * link->lane_bytes_per_s;
        if (!(sum > 0.0))
            continue;
        ck_assert_msg(near(a->scale_up_bytes_per_s, sum, 0.01), "%s: %g, not %g", a->name,
                      a->scale_up_bytes_per_s, sum);
        n_compared++;
    }
    ck_assert_uint_gt(n_compared, 20);
}
END_TEST

static const struct {
    gable_ratio ratio;
    double value, median;
    int out;
} outliers[] = {
    {GABLE_RATIO_RIDGE_16, 590.0, 295.0, 1}, /* a sparse peak among dense ones */
    {GABLE_RATIO_LINK_OVER_HBM, 0.134, 0.268, 1},
    {GABLE_RATIO_RIDGE_16, 400.0, 295.0, 0},
    {GABLE_RATIO_RIDGE_16, 590.0, 0.0, 0}, /* no siblings */
    {GABLE_RATIO_RIDGE_16, 0.0, 295.0, 0}, /* not published */
    {GABLE_RATIO_WIDTH_16, 4090.0, 0.0, 0},
    {GABLE_RATIO_WIDTH_16, 3600.0, 0.0, 1}, /* no power of two */
    {GABLE_RATIO_READ_ALL, 9.0, 1.0, 0},
};

START_TEST(what_stands_out)
{
    ck_assert_int_eq(
        gable_derive_stands_out(outliers[_i].ratio, outliers[_i].value, outliers[_i].median),
        outliers[_i].out);
}
END_TEST

START_TEST(a_copy_with_a_sparse_peak_stands_out)
{
    const char *const *names;
    const gable_accelerator *all[64];
    double own[GABLE_N_RATIOS];
    size_t count;
    all_devices(&names, &count);
    ck_assert_uint_le(count, 64);
    for (size_t i = 0; i < count; i++)
        all[i] = device(names[i]);
    gable_accelerator wrong = *device("h200-sxm");
    wrong.matrix_flops_per_s[GABLE_MMA_BF16] *= 2.0;
    gable_derive_ratios(&wrong, own);
    double median = gable_derive_sibling_median(&wrong, all, count, GABLE_RATIO_WIDTH_16);
    ck_assert_double_eq_tol(median, 4096.0, 4.0);
    ck_assert_int_eq(
        gable_derive_stands_out(GABLE_RATIO_WIDTH_16, own[GABLE_RATIO_WIDTH_16], median), 1);
    /* One of a kind has no siblings to be compared with. */
    ck_assert_double_eq(
        gable_derive_sibling_median(device("gaudi3"), all, count, GABLE_RATIO_RIDGE_16), 0.0);
}
END_TEST

/* ---- systems ---- */

static const struct {
    const char *name, *accelerator;
    int n, fabric;
    double scale_up_bytes_per_s, scale_out_bytes_per_s;
    bool in_network;
} systems[] = {
    {"hgx-a100-4", "a100-sxm-80gb", 4, GABLE_FABRIC_MESH, 300e9, 25e9, false},
    {"hgx-a100-8", "a100-sxm-80gb", 8, GABLE_FABRIC_SWITCH, 300e9, 25e9, false},
    {"hgx-a100-16", "a100-sxm-80gb", 16, GABLE_FABRIC_SWITCH, 300e9, 25e9, false},
    {"hgx-h100-4", "h100-sxm", 4, GABLE_FABRIC_MESH, 450e9, 50e9, false},
    {"hgx-h100-8", "h100-sxm", 8, GABLE_FABRIC_SWITCH, 450e9, 50e9, true},
    {"hgx-h200-8", "h200-sxm", 8, GABLE_FABRIC_SWITCH, 450e9, 50e9, true},
    {"hgx-b200-8", "b200-sxm", 8, GABLE_FABRIC_SWITCH, 900e9, 50e9, true},
    {"hgx-b300-8", "b300-sxm", 8, GABLE_FABRIC_SWITCH, 900e9, 100e9, true},
    {"hgx-rubin-nvl8", "rubin", 8, GABLE_FABRIC_SWITCH, 1800e9, 100e9, true},
    {"gb200-nvl72", "gb200", 72, GABLE_FABRIC_SWITCH, 900e9, 50e9, true},
    {"gb300-nvl72", "gb300", 72, GABLE_FABRIC_SWITCH, 900e9, 100e9, true},
    {"vr-nvl72", "rubin-maxlps", 72, GABLE_FABRIC_SWITCH, 1500e9, 200e9, true},
    {"l40s-pcie-8", "l40s", 8, GABLE_FABRIC_PCIE, 31.5e9, 50e9, false},
    {"rtx-pro-6000-pcie-8", "rtx-pro-6000-server", 8, GABLE_FABRIC_PCIE, 63e9, 50e9, false},
    {"mi300x-8", "mi300x", 8, GABLE_FABRIC_MESH, 448e9, 0.0, false},
    {"mi355x-8", "mi355x", 8, GABLE_FABRIC_MESH, 535.5e9, 0.0, false},
    {"dgx-superpod-h100", "h100-sxm", 8, GABLE_FABRIC_SWITCH, 450e9, 50e9, true},
    /* A device is a system of one. */
    {"h100-sxm", "h100-sxm", 1, GABLE_FABRIC_NONE, 0.0, 0.0, false},
    {"hw/accelerators/l4.json", "l4", 1, GABLE_FABRIC_NONE, 0.0, 0.0, false},
};

START_TEST(systems_are_put_together)
{
    const gable_system *s = NULL;
    ck_assert_msg(gable_system_load(&arena, hw, systems[_i].name, &s, &err) == GABLE_OK, "%s",
                  err.text);
    ck_assert_str_eq(s->accelerator->name, systems[_i].accelerator);
    ck_assert_str_eq(s->accelerator_name, systems[_i].accelerator);
    ck_assert_int_eq(s->n_accelerators, systems[_i].n);
    ck_assert_int_eq(s->fabric, systems[_i].fabric);
    ck_assert_double_eq(s->scale_up_bytes_per_s, systems[_i].scale_up_bytes_per_s);
    ck_assert_double_eq(s->scale_out_bytes_per_s, systems[_i].scale_out_bytes_per_s);
    ck_assert_int_eq(s->in_network_reduction, systems[_i].in_network);
    ck_assert_double_eq(s->scale_out_oversubscription, 1.0);
    ck_assert_int_eq((s->scale_out_link != NULL), systems[_i].scale_out_bytes_per_s > 0.0);
    ck_assert_int_eq((s->host_name != NULL), (s->host != NULL));
}
END_TEST

START_TEST(a_machine_has_its_constants)
{
    gable_machine machine = {0};
    ck_assert_msg(gable_machine_load(&arena, hw, "hgx-h100-8", "ideal", &machine, &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_ptr_eq(machine.accelerator, machine.system->accelerator);
    ck_assert_ptr_ne(machine.constants, NULL);
}
END_TEST

START_TEST(memory_is_what_the_driver_reports)
{
    double mib = 1048576.0;
    ck_assert_double_eq(gable_accelerator_memory_bytes(device("gb300")), 284208.0 * mib);
    ck_assert_double_eq_tol(gable_accelerator_memory_bytes(device("h100-sxm")), 79.19 * 1024 * mib,
                            1.0);
    ck_assert_double_eq(gable_accelerator_memory_bytes(device("a100-sxm-80gb")),
                        80e9); /* as printed */
}
END_TEST

/* A full arena is an error with a text, wherever it comes. */
START_TEST(a_small_arena_is_refused)
{
    size_t n_refused = 0;
    for (size_t bytes = 256; bytes < ARENA_BYTES; bytes += 512) {
        gable_arena small = {0};
        gable_err why = {0};
        const gable_system *s;
        ck_assert_int_eq(gable_arena_init(&small, bytes, &why), GABLE_OK);
        gable_status status = gable_system_load(&small, hw, "gb200-nvl72", &s, &why);
        gable_arena_free(&small);
        if (status == GABLE_OK)
            break;
        ck_assert_str_ne(why.text, "");
        n_refused++;
    }
    ck_assert_uint_gt(n_refused, 10);
}
END_TEST

Suite *gable_suite_machine(void);
Suite *gable_suite_machine(void)
{
    Suite *suite = suite_create("machine");
    TCase *files = tcase_create("files"), *figures = tcase_create("figures");
    TCase *parts = tcase_create("systems");
    tcase_set_timeout(parts, 60);
    tcase_add_checked_fixture(files, set_up, tear_down);
    tcase_add_checked_fixture(figures, set_up, tear_down);
    tcase_add_checked_fixture(parts, set_up, tear_down);
    tcase_add_loop_test(files, every_file_loads_and_every_number_has_its_source, 0,
                        GABLE_N_HW_KINDS);
    ADD_ROWS(files, every_source_is_described_and_cited, folders);
    tcase_add_loop_test(files, published_schema_is_in_force, 0, GABLE_N_HW_KINDS);
    ADD_ROWS(figures, ridges_are_the_published_ones, ridges);
    ADD_ROWS(figures, ratios_follow, ratios);
    ADD_ROWS(figures, contradictions_stay_resolved, choices);
    ADD_ROWS(figures, a_missing_unit_is_replaced, peaks);
    tcase_add_loop_test(figures, every_device_has_every_peak, 0, GABLE_N_MMA);
    tcase_add_test(figures, links_add_up);
    ADD_ROWS(figures, what_stands_out, outliers);
    tcase_add_test(figures, a_copy_with_a_sparse_peak_stands_out);
    ADD_ROWS(parts, systems_are_put_together, systems);
    tcase_add_test(parts, a_machine_has_its_constants);
    tcase_add_test(parts, memory_is_what_the_driver_reports);
    tcase_add_test(parts, a_small_arena_is_refused);
    suite_add_tcase(suite, files);
    suite_add_tcase(suite, figures);
    suite_add_tcase(suite, parts);
    return suite;
}
