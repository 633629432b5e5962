/* machine/constants: every device has constants under every stack, says where they are from, and is
 * less sure the farther it had to go; the files of hw/calibration read back as they were written.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/calibration.h"
#include "machine/generation.h"
#include "machine/machine.h"
#include "rows.h"
#include "scratch.h"

static const char hw[] = "hw"; /* tests run in the root of the tree */
static gable_err err;

static void set_up(void)
{
    err = (gable_err){0};
    scratch_open();
}

static const gable_accelerator *device(const char *name)
{
    const gable_accelerator *out = NULL;
    ck_assert_msg(gable_accelerator_load(scratch_arena(), hw, name, &out, &err) == GABLE_OK, "%s",
                  err.text);
    return out;
}

static const gable_constants *constants(const char *name, const char *stack)
{
    const gable_constants *out = NULL;
    gable_status status =
        gable_constants_load(scratch_arena(), hw, device(name), stack, &out, &err);
    ck_assert_msg(status == GABLE_OK, "%s %s: %s", name, stack, err.text);
    return out;
}

/* ---- every device, every stack ---- */

static const char *const stacks[] = {"trtllm", "vllm", "sglang", "ideal"};

/* NULL: nothing is wrong. */
static const char *fault_of(const gable_kernel_constants *k, gable_family family)
{
    const gable_form *form = &gable_forms[gable_family_form(family)];
    if (!k)
        return "no constants";
    for (int i = 0; i < form->n_parameters; i++)
        if (!gable_form_allows(&form->parameters[i], k->value[i]))
            return form->parameters[i].name;
    if (!(k->sigma_ln >= 0.0 && isfinite(k->sigma_ln)))
        return "sigma_ln";
    return k->from && *k->from ? NULL : "nobody knows from where";
}

static void check_constants(const char *name, const gable_constants *c)
{
    for (int f = 0; f < GABLE_N_FAMILIES && !c->ideal; f++)
        for (int d = 0; d < GABLE_N_DTYPES; d++)
            for (int u = 0; u < GABLE_N_MMA; u++) {
                const char *fault = fault_of(c->kernel[f][d][u], (gable_family)f);
                if (fault) /* a Check assertion that holds takes longer than all of this */
                    ck_abort_msg(
                        "%s %s %s %s %s: %s", name, c->stack, gable_family_key((gable_family)f),
                        gable_dtype_name((gable_dtype)d), gable_mma_key((gable_mma)u), fault);
            }
    ck_assert_msg(c->gap_s_per_layer >= 0.0 && c->gap_s_per_layer < 1e-3, "%s", name);
    ck_assert_msg(c->gap_from, "%s: nobody knows from where", name);
}

START_TEST(every_device_has_constants)
{
    const char *const *files;
    size_t count;
    ck_assert_int_eq(
        gable_file_list(scratch_arena(), "hw/accelerators", ".json", &files, &count, &err),
        GABLE_OK);
    ck_assert_uint_ge(count, 40);
    for (size_t i = 0; i < count; i++) {
        char name[80];
        snprintf(name, sizeof name, "%.*s", (int)(strlen(files[i]) - strlen(".json")), files[i]);
        size_t mark = gable_arena_mark(scratch_arena());
        check_constants(name, constants(name, stacks[_i]));
        gable_arena_release(scratch_arena(), mark);
    }
}
END_TEST

START_TEST(ideal_costs_nothing)
{
    const gable_constants *c = constants("h100-sxm", "ideal");
    ck_assert(c->ideal);
    ck_assert(c->silicon_frac == 1.0);
    ck_assert(c->gap_s_per_layer == 0.0);
}
END_TEST

/* ---- provenance ---- */

static const struct {
    const char *device, *stack;
    gable_family family;
    gable_dtype weights;
    gable_mma unit;
    gable_provenance provenance;
    const char *from; /* how the origin starts */
} origins[] = {
    {"h100-sxm", "trtllm", GABLE_FAMILY_GEMM, GABLE_DTYPE_BF16, GABLE_MMA_BF16,
     GABLE_PROVENANCE_FITTED, "h100-sxm torch_flow 1.3.0rc20 gemm bf16"},
    {"gb200", "sglang", GABLE_FAMILY_MOE, GABLE_DTYPE_NVFP4, GABLE_MMA_FP4, GABLE_PROVENANCE_FITTED,
     "gb200 sglang"},
    /* the same kernels under another name */
    {"h100-sxm", "trtllm", GABLE_FAMILY_GEMM, GABLE_DTYPE_FP16, GABLE_MMA_FP16,
     GABLE_PROVENANCE_TRANSFERRED, "h100-sxm torch_flow 1.3.0rc20 gemm bf16"},
    /* a stack that was not measured here */
    {"h100-sxm", "vllm", GABLE_FAMILY_GEMM, GABLE_DTYPE_BF16, GABLE_MMA_BF16,
     GABLE_PROVENANCE_TRANSFERRED, "h100-sxm sglang"},
    /* siblings */
    {"h200-sxm", "trtllm", GABLE_FAMILY_GEMM, GABLE_DTYPE_BF16, GABLE_MMA_BF16,
     GABLE_PROVENANCE_TRANSFERRED, "h100-sxm torch_flow"},
    {"b300-sxm", "trtllm", GABLE_FAMILY_GEMM, GABLE_DTYPE_NVFP4, GABLE_MMA_FP4,
     GABLE_PROVENANCE_TRANSFERRED, "b200-sxm torch_flow"},
    {"gb300", "vllm", GABLE_FAMILY_ATTENTION_GENERATION, GABLE_DTYPE_FP8, GABLE_MMA_FP8,
     GABLE_PROVENANCE_TRANSFERRED, "b200-sxm vllm"},
    /* another format of the same device */
    {"h100-sxm", "trtllm", GABLE_FAMILY_GEMM, GABLE_DTYPE_INT8, GABLE_MMA_BF16,
     GABLE_PROVENANCE_ASSUMED, "h100-sxm torch_flow"},
    /* other generations; its FP4 comes from the one that has FP4 */
    {"rtx-pro-6000-server", "trtllm", GABLE_FAMILY_GEMM, GABLE_DTYPE_BF16, GABLE_MMA_BF16,
     GABLE_PROVENANCE_ASSUMED, "l40s torch_flow"},
    {"rtx-pro-6000-server", "trtllm", GABLE_FAMILY_GEMM, GABLE_DTYPE_NVFP4, GABLE_MMA_FP4,
     GABLE_PROVENANCE_ASSUMED, "b200-sxm torch_flow"},
    {"mi300x", "vllm", GABLE_FAMILY_ATTENTION_CONTEXT, GABLE_DTYPE_BF16, GABLE_MMA_BF16,
     GABLE_PROVENANCE_ASSUMED, "h100-sxm vllm"},
    {"h100-sxm", "trtllm", GABLE_FAMILY_ELEMENTWISE, GABLE_DTYPE_BF16, GABLE_MMA_FP32,
     GABLE_PROVENANCE_ASSUMED, "TensorRT-LLM"},
};

START_TEST(origin_is_told)
{
    const gable_constants *c = constants(origins[_i].device, origins[_i].stack);
    const gable_kernel_constants *k =
        c->kernel[origins[_i].family][origins[_i].weights][origins[_i].unit];
    ck_assert_msg(strncmp(k->from, origins[_i].from, strlen(origins[_i].from)) == 0,
                  "%s, expected %s…", k->from, origins[_i].from);
    ck_assert_str_eq(gable_provenance_name(k->provenance),
                     gable_provenance_name(origins[_i].provenance));
}
END_TEST

START_TEST(borrowing_widens_the_spread)
{
    static const char *const farther[] = {"h100-sxm", "h200-sxm", "tpu-v5p"};
    double last = 0.0;
    for (int i = 0; i < N_ROWS(farther); i++) {
        const gable_constants *c = constants(farther[i], "trtllm");
        double sigma = c->kernel[GABLE_FAMILY_GEMM][GABLE_DTYPE_BF16][GABLE_MMA_BF16]->sigma_ln;
        ck_assert_msg(sigma > last, "%s: %g after %g", farther[i], sigma, last);
        last = sigma;
    }
}
END_TEST

START_TEST(gaps_belong_to_the_stack)
{
    const gable_constants *own = constants("h200-sxm", "vllm"), *far = constants("t4", "vllm");
    ck_assert(fabs(own->gap_s_per_layer - 14.1e-6) < 1e-12); /* facts/serving.md 3 */
    ck_assert_int_eq(own->gap_provenance, GABLE_PROVENANCE_FITTED);
    ck_assert_int_eq(far->gap_provenance, GABLE_PROVENANCE_ASSUMED);
}
END_TEST

/* NCCL is everybody's, one-shot all-reduce is an engine's own; facts/network.md 5 has 0.84 us a
 * step and 2.34 us for SGLang's kernel on the same rows. */
START_TEST(collectives_come_from_rows)
{
    const gable_constants *own = constants("h100-sxm", "sglang"), *far = constants("rubin", "vllm");
    const gable_kernel_constants *ring =
        own->kernel[GABLE_FAMILY_ALL_REDUCE][GABLE_DTYPE_FP8][GABLE_MMA_FP8];
    const gable_kernel_constants *shot =
        own->kernel[GABLE_FAMILY_CUSTOM_REDUCE][GABLE_DTYPE_BF16][GABLE_MMA_BF16];
    ck_assert(ring->value[GABLE_COLLECTIVE_P_H] > 0.4 && ring->value[GABLE_COLLECTIVE_P_H] < 1.2);
    ck_assert_int_eq(ring->provenance, GABLE_PROVENANCE_FITTED);
    ck_assert(fabs(shot->value[GABLE_CUSTOM_P_T0] / 2.34 - 1.0) < 0.15);
    ck_assert_msg(strstr(shot->from, "sglang_custom_ar"), "%s", shot->from);
    const gable_kernel_constants *other =
        far->kernel[GABLE_FAMILY_ALL_REDUCE][GABLE_DTYPE_BF16][GABLE_MMA_BF16];
    ck_assert_int_eq(other->provenance, GABLE_PROVENANCE_ASSUMED);
    ck_assert(other->sigma_ln > ring->sigma_ln);
}
END_TEST

START_TEST(unknown_stack_is_refused)
{
    const gable_constants *out;
    ck_assert_int_eq(
        gable_constants_load(scratch_arena(), hw, device("h100-sxm"), "trtlm", &out, &err),
        GABLE_INPUT);
    ck_assert_msg(strstr(err.text, "\"trtllm\""), "%s", err.text);
}
END_TEST

START_TEST(framework_names_its_stack)
{
    static const struct {
        const char *framework, *stack;
        bool library;
    } rows[] = {{"sglang", "sglang", false},
                {"vllm_custom_ar", "vllm", false},
                {"nccl", "nccl", true},
                {"llama.cpp", NULL, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *stack;
        bool library;
        ck_assert_int_eq(gable_stack_of_framework(scratch_arena(), hw, rows[i].framework, &stack,
                                                  &library, &err),
                         0);
        ck_assert_int_eq(library, rows[i].library);
        ck_assert_pstr_eq(stack, rows[i].stack);
    }
}
END_TEST

/* ---- files ---- */

START_TEST(calibrations_read_back_as_written)
{
    static const char *const devices[] = {"a100-sxm-80gb", "l40s", "h100-sxm", "b200-sxm", "gb200"};
    gable_calibration *c, merged;
    gable_text text = {0};
    const char *file;
    size_t length_bytes;
    char path[128];
    ck_assert_int_eq(gable_calibration_load(scratch_arena(), hw, devices[_i], &c, &err), GABLE_OK);
    ck_assert_ptr_nonnull(c);
    ck_assert_int_eq(gable_calibration_merge(scratch_arena(), c, c, &merged, &err), GABLE_OK);
    ck_assert_int_eq(merged.n_entries, c->n_entries);
    gable_calibration_write(&text, &merged);
    snprintf(path, sizeof path, "hw/calibration/%s.json", devices[_i]);
    ck_assert_int_eq(gable_file_read(scratch_arena(), path, GABLE_FILE_CAP_JSON_BYTES, &file,
                                     &length_bytes, &err),
                     GABLE_OK);
    ck_assert_str_eq(text.text, file);
    gable_text_free(&text);
}
END_TEST

#define ENTRY                                                                                      \
    "{\"family\": \"gemm\", \"stack\": \"x\", \"version\": \"1\", \"weights\": \"bf16\", "         \
    "\"unit\": \"bf16\", \"constants\": {\"t0_us\": 2}, "                                          \
    "\"sigma_ln\": 0.1, \"n_train\": 20, \"n_test\": 20, \"median_frac\": 0.1, "                   \
    "\"p90_frac\": 0.2, \"bias_frac\": 0.0, \"source\": \"s\"}"
#define AROUND(kernels)                                                                            \
    "{\"schema\": \"gable.calibration/1\", \"name\": \"d\",\n\"kernels\": " kernels                \
    ",\n\"sources\": {\"s\": {\"title\": \"t\", \"where\": \"w\"}}}"

static const struct {
    const char *text, *says;
} refused[] = {
    {AROUND("[" ENTRY "]"),
     "kernels[0].constants: expected a number \"compute_frac\": of the dense peak"},
    {AROUND("7"), "expected an array"},
    {AROUND("[7]"), "expected an object"},
    {AROUND("[{\"family\": \"gem\"}]"), "did you mean \"gemm\""},
    {AROUND("[{\"family\": \"gemm\", \"kernl\": 1}]"), "did you mean \"kernel\""},
    {"{\"schema\": \"gable.calibration/1\", \"name\": \"d\", \"kernels\": [" ENTRY "]}",
     "not in \"sources\""},
    {"{\"schema\": \"gable.calibration/2\", \"name\": \"d\"}", "gable.calibration/1"},
};

START_TEST(bad_calibration_is_refused)
{
    gable_calibration *c;
    const char *path = scratch_file("bad.json", refused[_i].text, strlen(refused[_i].text));
    ck_assert_int_eq(gable_calibration_load(scratch_arena(), hw, path, &c, &err), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refused[_i].says), "%s", err.text);
    ck_assert_msg(strstr(err.text, "bad.json:"), "%s", err.text);
}
END_TEST

/* A key that names no family is refused whatever is asked for, and so is what is broken in an entry
 * that is; an entry of another family is left to who asks for it. */
START_TEST(families_that_are_not_asked_for_are_left_out)
{
    gable_calibration *c;
    const gable_families moe = (gable_families)1 << GABLE_FAMILY_MOE,
                         gemm = (gable_families)1 << GABLE_FAMILY_GEMM;
    const char *bad = refused[0].text, *none = refused[3].text;
    const char *path = scratch_file("bad.json", bad, strlen(bad));
    ck_assert_int_eq(gable_calibration_load_families(scratch_arena(), hw, path, moe, &c, &err),
                     GABLE_OK);
    ck_assert_int_eq(c->n_entries, 0);
    ck_assert_int_eq(gable_calibration_load_families(scratch_arena(), hw, path, gemm, &c, &err),
                     GABLE_INPUT);
    err = (gable_err){0};
    path = scratch_file("none.json", none, strlen(none));
    ck_assert_int_eq(gable_calibration_load_families(scratch_arena(), hw, path, moe, &c, &err),
                     GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refused[3].says), "%s", err.text);
}
END_TEST

/* What is not asked for does not change what is. */
START_TEST(a_family_alone_is_as_among_all)
{
    static const char *const names[] = {"h100-sxm", "b200-sxm", "h200-sxm", "l4", "mi300x", "t4"};
    const gable_constants *all = constants(names[_i], "vllm"), *one;
    const gable_accelerator *a = device(names[_i]);
    for (int f = 0; f < GABLE_N_FAMILIES; f++) {
        ck_assert_int_eq(gable_constants_load_families(scratch_arena(), hw, a, "vllm",
                                                       (gable_families)1 << f, &one, &err),
                         GABLE_OK);
        for (int d = 0; d < GABLE_N_DTYPES; d++)
            for (int u = 0; u < GABLE_N_MMA; u++) {
                const gable_kernel_constants *x = all->kernel[f][d][u], *y = one->kernel[f][d][u];
                ck_assert_str_eq(x->from, y->from);
                ck_assert_mem_eq(x->value, y->value, sizeof x->value);
                ck_assert(x->sigma_ln == y->sigma_ln && x->provenance == y->provenance);
            }
        ck_assert(one->absent == (GABLE_ALL_FAMILIES & ~((gable_families)1 << f) &
                                  ~((gable_families)1 << GABLE_FAMILY_ELEMENTWISE)));
    }
}
END_TEST

Suite *gable_suite_constants(void);
Suite *gable_suite_constants(void)
{
    Suite *suite = suite_create("constants");
    TCase *tcase = tcase_create("constants");
    tcase_add_checked_fixture(tcase, set_up, scratch_close);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, ideal_costs_nothing);
    ADD_ROWS(tcase, origin_is_told, origins);
    tcase_add_test(tcase, borrowing_widens_the_spread);
    tcase_add_test(tcase, gaps_belong_to_the_stack);
    tcase_add_test(tcase, collectives_come_from_rows);
    tcase_add_test(tcase, unknown_stack_is_refused);
    tcase_add_test(tcase, framework_names_its_stack);
    tcase_add_loop_test(tcase, calibrations_read_back_as_written, 0, 5);
    ADD_ROWS(tcase, bad_calibration_is_refused, refused);
    tcase_add_test(tcase, families_that_are_not_asked_for_are_left_out);
    tcase_add_loop_test(tcase, a_family_alone_is_as_among_all, 0, 6);
    suite_add_tcase(suite, tcase);
    TCase *tree = tcase_create("tree");
    tcase_set_tags(tree, "slow");
    tcase_add_checked_fixture(tree, set_up, scratch_close);
    tcase_set_timeout(tree, 60);
    ADD_ROWS(tree, every_device_has_constants, stacks);
    suite_add_tcase(suite, tree);
    return suite;
}
