/* engine: rows of the tables of latent attention become operators, or are refused. */
#include <math.h>

#include "engine/kinds.h"
#include "rows.h"

/* ---- rows of the tables ---- */

static const char *make(const char *kind, const gable_cells *cells, gable_op *op)
{
    const gable_table_kind *table = gable_table_kind_find(kind);
    ck_assert_ptr_nonnull(table);
    *op = (gable_op){0};
    return table->make(cells, op);
}

START_TEST(kernel_rows)
{
    gable_cells cells = {.label = {"generation", "fp8"}, .number = {[2] = 16, 4, 1, 1000}};
    gable_op op;
    ck_assert_ptr_null(make("mla_kernel", &cells, &op));
    check_close(op.attention.n_cached, 999, 1e-15);
    check_close(op.attention.read_elements, 576, 1e-15);
    ck_assert_int_eq((int)op.attention.kv, (int)GABLE_DTYPE_FP8);
    cells.label[0] = "context";
    cells.number[4] = 1000;
    ck_assert_ptr_null(make("mla_kernel", &cells, &op));
    check_close(op.attention.n_cached, 0, 1e-15);
    check_close(op.attention.kv_heads, 16, 1e-15);
    cells.number[4] = 1001;
    ck_assert_ptr_nonnull(make("mla_kernel", &cells, &op));
    cells.label[0] = "warm-up";
    ck_assert_ptr_nonnull(make("mla_kernel", &cells, &op));
    gable_cells product = {.label = {"mla_gen_post", "bf16"}, .number = {[2] = 8, 32}};
    ck_assert_ptr_null(make("mla_bmm", &product, &op));
    check_close(op.gemm.k, 512, 1e-15);
    check_close(op.gemm.groups, 32, 1e-15);
    product.label[0] = "mla_gen";
    ck_assert_ptr_nonnull(make("mla_bmm", &product, &op));
}
END_TEST

/* variant, model, rank-local heads -> selection, groups, top_k; NULL selection: refused */
static const struct {
    const char *variant, *model;
    double heads;
    bool known;
    gable_selection selection;
    double groups, top_k;
} sparse_rows[] = {
    {"dsa", "V3.2", 16, true, GABLE_SELECTION_TOKENS, 0, 2048},
    {"dsa", "GLM-5-FP8", 64, true, GABLE_SELECTION_TOKENS, 0, 2048},
    {"dsv4_csa", "V4-Pro-FP8", 64, true, GABLE_SELECTION_COMPRESSED, 8, 1024},
    {"dsv4_hca", "V4-Flash", 8, true, GABLE_SELECTION_COARSE, 1, 0},
    {"dsv4_csa", "V3.2", 16, false, GABLE_SELECTION_ALL, 0, 0},
    {"dsa", "V4-Pro", 16, false, GABLE_SELECTION_ALL, 0, 0},
    {"dsa", "V9", 16, false, GABLE_SELECTION_ALL, 0, 0},
};

START_TEST(sparse_row)
{
    gable_cells cells = {
        .label = {sparse_rows[_i].variant, "context", sparse_rows[_i].model, "fp8", "fp8_block"},
        .number = {[5] = sparse_rows[_i].heads, 1, 2, 64, 128}};
    gable_op op;
    const char *why = make("sparse_attention", &cells, &op);
    ck_assert_int_eq(why == NULL, sparse_rows[_i].known);
    if (why)
        return;
    ck_assert_int_eq((int)op.sublayer.selection, (int)sparse_rows[_i].selection);
    check_close(op.sublayer.groups, sparse_rows[_i].groups, 1e-15);
    check_close(op.sublayer.top_k, sparse_rows[_i].top_k, 1e-15);
    ck_assert(!op.sublayer.decode);
}
END_TEST

Suite *gable_suite_kinds_mla(void);

Suite *gable_suite_kinds_mla(void)
{
    Suite *suite = suite_create("kinds_mla");
    TCase *tcase = tcase_create("rows");
    tcase_add_test(tcase, kernel_rows);
    ADD_ROWS(tcase, sparse_row, sparse_rows);
    suite_add_tcase(suite, tcase);
    return suite;
}
