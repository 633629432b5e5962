/* base/dtype: bytes an element, spellings, and the unit that a pair of operands runs on. */
#include <string.h>

#include "base/dtype.h"
#include "rows.h"

START_TEST(names_lead_back)
{
    gable_dtype found = GABLE_N_DTYPES;
    const char *name = gable_dtype_name((gable_dtype)_i);
    ck_assert(gable_dtype_find(name, &found));
    ck_assert_int_eq(found, _i);
    ck_assert_str_eq(gable_dtype_names()[_i], name);
    ck_assert_ptr_null(gable_dtype_names()[GABLE_N_DTYPES]);
    ck_assert(gable_dtype_bytes((gable_dtype)_i) > 0.0);
}
END_TEST

static const struct {
    const char *name;
    double bytes;
} sizes[] = {
    {"fp32", 4.0},
    {"bf16", 2.0},
    {"fp8", 1.0},
    {"fp8_block", 1.0 + 4.0 / 16384.0}, /* one fp32 scale per 128 x 128 */
    {"mxfp8", 33.0 / 32.0},             /* one byte per 32 */
    {"nvfp4", 9.0 / 16.0},              /* 16 x 4 bit + 1 byte */
    {"mxfp4", 17.0 / 32.0},
    {"int4", 0.5 + 2.0 / 128.0},
    {"mla_fp8", 656.0 / 576.0},
};

START_TEST(bytes_include_the_scales)
{
    gable_dtype dtype;
    ck_assert(gable_dtype_find(sizes[_i].name, &dtype));
    ck_assert_double_eq_tol(gable_dtype_bytes(dtype), sizes[_i].bytes, 1e-12);
}
END_TEST

static const struct {
    const char *weights, *activations, *unit; /* unit NULL: the name is unknown */
} units[] = {
    {"bf16", "bf16", "bf16"},      {"fp8", "fp8", "fp8"},
    {"fp8_block", "bf16", "bf16"}, /* the wider operand decides */
    {"nvfp4", "fp8", "fp8"},       {"nvfp4", "nvfp4", "fp4"},
    {"int4", "bf16", "bf16"}, /* weight-only */
    {"int4", "fp8", "fp8"},        {"int8", "int8", "int8"},
    {"int8", "bf16", "bf16"},      {"ternary", "int8", "int8"},
    {"fp32", "bf16", "fp32"},      {"float16", "half", "fp16"},
    {"bfloat16", "e4m3", "bf16"},  {"fp5", NULL, NULL},
    {"BF16", NULL, NULL},          {"", NULL, NULL},
};

START_TEST(the_wider_operand_decides)
{
    gable_dtype weights, activations;
    if (!units[_i].unit) {
        weights = GABLE_DTYPE_FP6;
        ck_assert(!gable_dtype_find(units[_i].weights, &weights));
        ck_assert_int_eq(weights, GABLE_DTYPE_FP6);
        return;
    }
    ck_assert(gable_dtype_find(units[_i].weights, &weights));
    ck_assert(gable_dtype_find(units[_i].activations, &activations));
    ck_assert_str_eq(gable_mma_key(gable_dtype_mma(weights, activations)), units[_i].unit);
}
END_TEST

Suite *gable_suite_dtype(void);
Suite *gable_suite_dtype(void)
{
    Suite *suite = suite_create("dtype");
    TCase *tcase = tcase_create("dtype");
    tcase_add_loop_test(tcase, names_lead_back, 0, GABLE_N_DTYPES);
    ADD_ROWS(tcase, bytes_include_the_scales, sizes);
    ADD_ROWS(tcase, the_wider_operand_decides, units);
    suite_add_tcase(suite, tcase);
    return suite;
}
