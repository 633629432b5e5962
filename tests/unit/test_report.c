/* report: tables in every format; the keys of gable.cost/1 and their order; explain trees that add
 * up. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/describe.h"
#include "report/plot.h"
#include "rows.h"
#include "scratch.h"
#include "wrap.h"

/* ---- tables ---- */
typedef struct sample_row {
    const char *name;
    double seconds, share;
    int count;
    bool good;
} sample_row;

static const gable_column sample_columns[] = {
    {"name", "name", GABLE_CELL_TEXT, GABLE_DIM_NONE, NULL, offsetof(sample_row, name), 0},
    {"time_s", "time", GABLE_CELL_NUMBER, GABLE_DIM_SECONDS, NULL, offsetof(sample_row, seconds),
     0},
    {"share_frac", "share", GABLE_CELL_SHARE, GABLE_DIM_NONE, NULL, offsetof(sample_row, share), 0},
    {"n", "n", GABLE_CELL_INT, GABLE_DIM_NONE, NULL, offsetof(sample_row, count), 2},
    {"good", "good", GABLE_CELL_BOOL, GABLE_DIM_NONE, NULL, offsetof(sample_row, good), 1},
};

static const sample_row samples[] = {
    {"a,\"b\"|c", 0.00123456, 0.25, 7, true},
    {NULL, NAN, 1.0, -1, false},
};

static const struct {
    gable_format format;
    int width;
    const char *expected;
} table_rows[] = {
    {GABLE_FORMAT_CSV, 0,
     "name,time_s,share_frac,n,good\n\"a,\"\"b\"\"|c\",0.00123456,0.25,7,true\n,,1,-1,false\n"},
    {GABLE_FORMAT_JSON, 0,
     "[\n    {\"name\": \"a,\\\"b\\\"|c\", \"time_s\": 0.00123456, \"share_frac\": 0.25, \"n\": 7, "
     "\"good\": true},\n    {\"name\": null, \"time_s\": null, \"share_frac\": 1, \"n\": -1, "
     "\"good\": false}\n  ]"},
    {GABLE_FORMAT_MD, 0,
     "| name | time (ms) | share (%) | n | good |\n|---|---:|---:|---:|---|\n"
     "| a,\"b\"\\|c | 1.235 | 25.0 | 7 | true |\n| - | - | 100.0 | -1 | false |\n"},
    {GABLE_FORMAT_TEXT, 80,
     "name      time  share   n  good\n            ms      %\n--------------------------------\n"
     "a,\"b\"|c  1.235   25.0   7  true\n-            -  100.0  -1  false\n"},
    /* the most dispensable column goes first, columns of drop 0 never */
    {GABLE_FORMAT_TEXT, 29,
     "name      time  share  good\n            ms      %\n----------------------------\n"
     "a,\"b\"|c  1.235   25.0  true\n-            -  100.0  false\n"},
    {GABLE_FORMAT_TEXT, 1,
     "name      time  share\n            ms      %\n---------------------\n"
     "a,\"b\"|c  1.235   25.0\n-            -  100.0\n"},
};

START_TEST(table)
{
    gable_table sample = {sample_columns, 5, samples, sizeof samples[0], 2, NULL};
    gable_text out = {0};
    gable_table_write(&out, &sample, table_rows[_i].format, table_rows[_i].width);
    ck_assert_str_eq(out.text, table_rows[_i].expected);
    gable_text_free(&out);
}
END_TEST

START_TEST(table_csv_reads_back)
{
    gable_table sample = {sample_columns, 5, samples, sizeof samples[0], 2, NULL};
    gable_text out = {0};
    gable_csv csv;
    gable_err err = {0};
    gable_table_write(&out, &sample, GABLE_FORMAT_CSV, 0);
    ck_assert_msg(!gable_csv_parse(scratch_arena(), "t", out.text, out.length_bytes, &csv, &err),
                  "%s", err.text);
    ck_assert_uint_eq(csv.n_rows, 2);
    ck_assert_str_eq(csv.cells[0], "a,\"b\"|c");
    gable_text_free(&out);
}
END_TEST

/* Bytes that drive a terminal do not reach one. */
START_TEST(table_text_is_safe)
{
    const sample_row hostile = {"x\033[31m\ny", 1.0, 0.0, 0, true};
    gable_table sample = {sample_columns, 1, &hostile, sizeof hostile, 1, NULL};
    gable_text out = {0};
    gable_table_write(&out, &sample, GABLE_FORMAT_TEXT, 80);
    ck_assert_ptr_null(strchr(out.text, '\033'));
    ck_assert_ptr_nonnull(strstr(out.text, "x?[31m?y"));
    gable_text_free(&out);
}
END_TEST

/* ---- priced steps ---- */
static const struct {
    const char *model, *system, *stack;
    gable_scenario scenario;
} steps[] = {
    {"llama-3.1-8b",
     "h100-sxm",
     "ideal",
     {.phase = GABLE_PHASE_DECODE,
      .batch = 1,
      .n_cached = 1024,
      .n_new = 1,
      .tp = 1,
      .ep = 1,
      .skew = 0}},
    {"llama-3.1-8b",
     "h100-sxm",
     "trtllm",
     {.phase = GABLE_PHASE_DECODE,
      .batch = 64,
      .n_cached = 1024,
      .n_new = 1,
      .tp = 1,
      .ep = 1,
      .skew = 0}},
    {"llama-3.1-70b",
     "hgx-h100-8",
     "trtllm",
     {.phase = GABLE_PHASE_DECODE,
      .batch = 64,
      .n_cached = 4096,
      .n_new = 1,
      .tp = 8,
      .ep = 1,
      .skew = 0}},
    {"llama-3.1-70b",
     "hgx-h100-8",
     "ideal",
     {.phase = GABLE_PHASE_PREFILL,
      .batch = 2,
      .n_cached = 0,
      .n_new = 4096,
      .tp = 8,
      .ep = 1,
      .skew = 0}},
    {"deepseek-v3",
     "hgx-h200-8",
     "trtllm",
     {.phase = GABLE_PHASE_DECODE,
      .batch = 32,
      .n_cached = 2048,
      .n_new = 1,
      .tp = 8,
      .ep = 8,
      .skew = 0}},
    {"deepseek-v3",
     "hgx-h200-8",
     "ideal",
     {.phase = GABLE_PHASE_PREFILL,
      .batch = 1,
      .n_cached = 512,
      .n_new = 2048,
      .tp = 8,
      .ep = 8,
      .skew = 0.5}},
};

typedef struct loaded {
    const gable_model *model;
    gable_machine machine;
    gable_plan plan;
    gable_step step;
    gable_priced priced;
} loaded;

static void load(int i, loaded *out)
{
    gable_arena *arena = scratch_arena();
    gable_err err = {0};
    ck_assert_msg(!gable_model_load(arena, "workloads", steps[i].model, &out->model, &err) &&
                      !gable_machine_load(arena, "hw", steps[i].system, steps[i].stack,
                                          &out->machine, &err) &&
                      !gable_layout_plan(arena, out->model, &steps[i].scenario, &out->plan, &err) &&
                      !gable_step_init(arena, &out->plan, &out->step, &err),
                  "%s", err.text);
    gable_engine_price(&out->plan, &out->machine, &out->step);
    out->priced = (gable_priced){.plan = &out->plan, .machine = &out->machine, .step = &out->step};
}

static const gable_json *parse(const gable_text *text)
{
    const gable_json *root = NULL;
    gable_err err = {0};
    ck_assert_msg(!gable_json_parse(scratch_arena(), "out", text->text, text->length_bytes,
                                    GABLE_JSON_STRICT, &root, &err),
                  "%s", err.text);
    return root;
}

static void check_keys(const gable_json *object, const char *const *keys)
{
    const gable_json *child = object->child;
    for (size_t i = 0; keys[i]; i++) {
        ck_assert_msg(child != NULL, "%s is missing", keys[i]);
        ck_assert_str_eq(child->key, keys[i]);
        child = child->next;
    }
}

/* CONTRACT 4, in its order; what comes after it is ours to extend. */
START_TEST(cost_keys)
{
    static const char *const keys[] = {"schema",
                                       "time_s",
                                       "p10_s",
                                       "p90_s",
                                       "ceiling_s",
                                       "bound",
                                       "flops",
                                       "hbm_bytes",
                                       "wire_bytes",
                                       "intensity_flops_per_byte",
                                       "ridge_flops_per_byte",
                                       "tokens_per_s",
                                       "memory",
                                       "operators",
                                       NULL};
    static const char *const memory[] = {
        "weights_bytes", "kv_bytes",       "state_bytes", "activation_bytes",
        "total_bytes",   "capacity_bytes", "fits",        NULL};
    static const char *const operators[] = {
        "name",      "kind",      "layers",     "calls",
        "flops",     "hbm_bytes", "wire_bytes", "intensity_flops_per_byte",
        "ceiling_s", "time_s",    "share_frac", "bound",
        "source",    NULL};
    loaded l;
    gable_text out = {0};
    gable_err err = {0};
    load(_i, &l);
    ck_assert_int_eq(
        gable_report_cost(scratch_arena(), &l.priced, GABLE_FORMAT_JSON, 80, &out, &err), GABLE_OK);
    const gable_json *root = parse(&out);
    check_keys(root, keys);
    check_keys(gable_json_get(root, "memory"), memory);
    ck_assert_str_eq(gable_json_get(root, "schema")->string, "gable.cost/1");
    const gable_json *rows = gable_json_get(root, "operators");
    ck_assert_uint_eq(rows->n_children, (size_t)l.plan.n_rows);
    double time_s = 0.0, share = 0.0;
    for (const gable_json *row = rows->child; row; row = row->next) {
        check_keys(row, operators);
        time_s += gable_json_get(row, "time_s")->number;
        share += gable_json_get(row, "share_frac")->number;
        /* null comes with a reason, a figure without */
        bool absent = gable_json_get(row, "intensity_flops_per_byte")->type == GABLE_JSON_NULL;
        ck_assert_int_eq(absent, gable_json_get(row, "note")->type == GABLE_JSON_STRING);
    }
    ck_assert_double_eq_tol(time_s, gable_json_get(root, "time_s")->number, 1e-12 * time_s);
    ck_assert_double_eq_tol(share, 1.0, 1e-12);
    ck_assert_ptr_nonnull(gable_json_get(root, "bound_s"));
    gable_text_free(&out);
}
END_TEST

/* All formats work, equal input gives equal bytes, and text stays within the terminal. */
START_TEST(cost_formats)
{
    loaded l;
    gable_err err = {0};
    load(_i, &l);
    for (int format = 0; format < GABLE_N_FORMATS; format++) {
        gable_text a = {0}, b = {0};
        ck_assert_int_eq(
            gable_report_cost(scratch_arena(), &l.priced, (gable_format)format, 100, &a, &err),
            GABLE_OK);
        ck_assert_int_eq(
            gable_report_cost(scratch_arena(), &l.priced, (gable_format)format, 100, &b, &err),
            GABLE_OK);
        ck_assert_str_eq(a.text, b.text);
        for (char *line = a.text; format == GABLE_FORMAT_TEXT && *line;) {
            size_t length = strcspn(line, "\n");
            ck_assert_msg(length <= 100, "%.*s", (int)length, line);
            line += length + (line[length] == '\n');
        }
        gable_text_free(&a);
        gable_text_free(&b);
    }
}
END_TEST

/* ---- explain ---- */
static const gable_node *child_called(const gable_node *node, const char *label)
{
    for (const gable_node *child = node->child; child; child = child->next)
        if (strcmp(child->label, label) == 0)
            return child;
    ck_abort_msg("%s has no line %s", node->label, label);
    return NULL;
}

static const gable_node *explain(int i, loaded *l)
{
    const gable_node *root = NULL;
    gable_err err = {0};
    load(i, l);
    ck_assert_msg(!gable_explain_build(scratch_arena(), &l->priced, &root, &err), "%s", err.text);
    return root;
}

START_TEST(explain_adds_up)
{
    loaded l;
    const gable_node *root = explain(_i, &l);
    const char *label = "";
    ck_assert_msg(gable_explain_holds(root, 1e-12, &label), "%s does not add up", label);
    const gable_node *expected = child_called(root, "expected time");
    ck_assert_int_eq(expected->combine, GABLE_COMBINE_SUM);
    int n_rows = 0;
    for (const gable_node *row = expected->child; row; row = row->next)
        n_rows++;
    ck_assert_int_eq(n_rows, l.plan.n_rows);
    ck_assert_double_eq_tol(child_called(root, "weights of the whole model")->value,
                            gable_model_weight_bytes(l.model),
                            1e-12 * gable_model_weight_bytes(l.model));
}
END_TEST

/* The formulas that stand beside the figures are those that made them: every GEMM has its m, n and
 * k. */
START_TEST(explain_shows_formulas)
{
    loaded l;
    const gable_node *root = explain(_i, &l);
    const gable_node *row = child_called(root, "expected time")->child;
    for (int i = 0; i < l.plan.n_rows; i++, row = row->next) {
        if (l.plan.kind[i] != GABLE_ROW_OP || l.plan.op[i].kind == GABLE_OP_STREAM)
            continue;
        ck_assert_msg(child_called(row, "compute")->n_factors >= 5, "%s: FLOPs without a formula",
                      l.plan.name[i]);
        if (l.plan.work[i].weight_bytes > 0.0)
            ck_assert_msg(child_called(child_called(row, "memory"), "weights")->n_factors >= 4,
                          "%s: weights without a formula", l.plan.name[i]);
    }
}
END_TEST

/* A tree that is tampered with is caught. */
START_TEST(explain_notices)
{
    loaded l;
    const gable_node *root = explain(0, &l);
    gable_node *leaf = (gable_node *)child_called(root, "expected time")->child->next;
    const char *label = "";
    leaf->value *= 1.0 + 1e-9;
    ck_assert(!gable_explain_holds(root, 1e-12, &label));
}
END_TEST

START_TEST(explain_formats)
{
    loaded l;
    const gable_node *root = explain(_i, &l);
    gable_err err = {0};
    for (int format = 0; format < GABLE_N_FORMATS; format++) {
        gable_text out = {0};
        ck_assert_int_eq(
            gable_explain_write(scratch_arena(), root, (gable_format)format, 80, &out, &err),
            GABLE_OK);
        ck_assert_uint_gt(out.length_bytes, 1000);
        if (format == GABLE_FORMAT_JSON) {
            const gable_json *json = parse(&out);
            ck_assert_str_eq(gable_json_get(json, "schema")->string, "gable.explain/1");
            ck_assert_double_eq(gable_json_get(gable_json_get(json, "tree"), "value")->number,
                                l.step.time_s_total);
        }
        gable_text_free(&out);
    }
}
END_TEST

/* ---- memory runs out ---- */

typedef gable_status report_function(const gable_priced *priced, gable_format format,
                                     gable_text *out, gable_err *err);

static gable_status report_cost(const gable_priced *priced, gable_format format, gable_text *out,
                                gable_err *err)
{
    return gable_report_cost(scratch_arena(), priced, format, 80, out, err);
}

static gable_status report_explain(const gable_priced *priced, gable_format format, gable_text *out,
                                   gable_err *err)
{
    const gable_node *root = NULL;
    GABLE_TRY(gable_explain_build(scratch_arena(), priced, &root, err));
    return gable_explain_write(scratch_arena(), root, format, 80, out, err);
}

static gable_status report_script(const gable_priced *priced, gable_format format, gable_text *out,
                                  gable_err *err)
{
    const gable_roofline_request request = {.steps = priced,
                                            .n_steps = 1,
                                            .canvas = (gable_canvas)format,
                                            .width = 80,
                                            .plots = "plots"};
    return gable_roofline_script(scratch_arena(), &request, out, err);
}

static gable_status report_figures(const gable_priced *priced, gable_format format, gable_text *out,
                                   gable_err *err)
{
    const gable_roofline_request request = {
        .steps = priced, .n_steps = 1, .canvas = GABLE_CANVAS_SVG, .width = 80, .plots = "plots"};
    return gable_roofline_write(scratch_arena(), &request, format, out, err);
}

static report_function *const reports[] = {report_cost, report_explain, report_script,
                                           report_figures};

/* Whichever allocation fails, the report is whole or refused. */
START_TEST(whole_or_refused)
{
    loaded l;
    load(1, &l);
    for (int format = 0; format < GABLE_N_FORMATS; format++) {
        gable_text whole = {0};
        gable_err err = {0};
        size_t mark = gable_arena_mark(scratch_arena());
        ck_assert_msg(!reports[_i](&l.priced, (gable_format)format, &whole, &err), "%s", err.text);
        gable_status status = GABLE_INTERNAL;
        for (long n = 0; status != GABLE_OK; n++) {
            gable_text out = {0};
            err = (gable_err){0};
            gable_arena_release(scratch_arena(), mark);
            gable_wrap_fail_after(n);
            status = reports[_i](&l.priced, (gable_format)format, &out, &err);
            gable_wrap_off();
            if (status == GABLE_OK)
                ck_assert_str_eq(out.text, whole.text);
            else
                ck_assert_int_eq(status, GABLE_INTERNAL);
            gable_text_free(&out);
        }
        gable_text_free(&whole);
    }
}
END_TEST

Suite *gable_suite_report(void);
Suite *gable_suite_report(void)
{
    Suite *suite = suite_create("report");
    TCase *tables = tcase_create("tables"), *cost = tcase_create("cost");
    TCase *trees = tcase_create("explain");
    tcase_add_checked_fixture(tables, scratch_open, scratch_close);
    tcase_add_checked_fixture(cost, scratch_open, scratch_close);
    tcase_add_checked_fixture(trees, scratch_open, scratch_close);
    ADD_ROWS(tables, table, table_rows);
    tcase_add_test(tables, table_csv_reads_back);
    tcase_add_test(tables, table_text_is_safe);
    ADD_ROWS(cost, cost_keys, steps);
    ADD_ROWS(cost, cost_formats, steps);
    ADD_ROWS(trees, explain_adds_up, steps);
    ADD_ROWS(trees, explain_shows_formulas, steps);
    ADD_ROWS(trees, explain_formats, steps);
    tcase_add_test(trees, explain_notices);
    ADD_ROWS(cost, whole_or_refused, reports);
    suite_add_tcase(suite, tables);
    suite_add_tcase(suite, cost);
    suite_add_tcase(suite, trees);
    return suite;
}
