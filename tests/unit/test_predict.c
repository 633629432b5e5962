/* engine/kinds, engine/predict, engine/validate: what a row of a table means, that its price keeps
 * its promises, and that the measured column is never read by it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/fit.h"
#include "engine/validate.h"
#include "rows.h"
#include "scratch.h"
#include "shared.h"

static gable_err err;

static void set_up(void)
{
    err = (gable_err){0};
    scratch_open();
}

static gable_status read_table(const char *kind, const char *text, gable_csv *csv, gable_rows *rows)
{
    const char *path = scratch_file("table.csv", text, strlen(text));
    GABLE_TRY(gable_csv_read(scratch_arena(), path, csv, &err));
    return gable_rows_read(scratch_arena(), csv, gable_table_kind_find(kind), rows, &err);
}

static gable_status predict(const char *kind, const char *text, gable_rows *rows,
                            gable_prediction **out)
{
    static gable_csv csv;
    gable_predict_options options = {.hw = "hw", .stack = "trtllm"};
    GABLE_TRY(read_table(kind, text, &csv, rows));
    return gable_predict_rows(scratch_arena(), rows, &options, out, &err);
}

/* ---- rows ---- */

#define GEMM_HEAD "device,framework,dtype,m,n,k\n"
#define GEN_HEAD "device,framework,kv_dtype,batch,kv_len,heads,kv_heads,head_dim,window\n"
#define CTX_HEAD "device,framework,attn_dtype,kv_dtype,batch,isl,heads,kv_heads,head_dim,window\n"
#define ENC_HEAD "device,framework,dtype,batch,isl,heads,head_dim\n"
#define COMM_HEAD "device,library,op,dtype,gpus,bytes\n"
#define A2A_HEAD "device,library,phase,dtype,nodes,ep,hidden,topk,experts,tokens_per_rank,sms\n"
#define MOE_HEAD "device,framework,dtype,dist,tokens,hidden,inter,topk,experts,tp,ep,gemms\n"

/* FLOPs and bytes by hand; the unit says that the traps of the labels were seen. */
static const struct {
    const char *kind, *text;
    double flops, hbm_bytes;
    gable_mma unit;
    gable_dtype column;
} works[] = {
    {"gemm", GEMM_HEAD "h100-sxm,trtllm,bf16,2,3,4\n", 48, 2.0 * (12 + 8 + 6), GABLE_MMA_BF16,
     GABLE_DTYPE_BF16},
    {"gemm", GEMM_HEAD "h100-sxm,trtllm,fp8,2,3,4\n", 48, 12 + 8 + 2.0 * 6, GABLE_MMA_FP8,
     GABLE_DTYPE_FP8},
    /* weight only: 8-bit weights, bf16 activations and rate; sq multiplies in int8 */
    {"gemm", GEMM_HEAD "a100-sxm-80gb,trtllm,int8_wo,2,3,4\n", 48, 12 + 2.0 * (8 + 6),
     GABLE_MMA_BF16, GABLE_DTYPE_INT8},
    {"gemm", GEMM_HEAD "a100-sxm-80gb,trtllm,sq,2,3,4\n", 48, 12 + 8 + 2.0 * 6, GABLE_MMA_INT8,
     GABLE_DTYPE_INT8},
    /* kv_len counts the new token: 8 cached + 1 */
    {"attention_generation", GEN_HEAD "h100-sxm,vllm,bf16,2,9,4,2,8,0\n", 2.0 * 2 * 4 * 16 * 9,
     2.0 * (2 * 4 * 16 + 2 * 9 * 32 + 2 * 32), GABLE_MMA_BF16, GABLE_DTYPE_BF16},
    /* bf16 attention over an fp8 cache computes in fp8 */
    {"attention_context", CTX_HEAD "h100-sxm,vllm,bf16,fp8,1,4,4,2,8,0\n", 2.0 * 4 * 16 * 10,
     2.0 * 4 * 4 * 16 + 4 * 32 + 4 * 32, GABLE_MMA_FP8, GABLE_DTYPE_FP8},
    /* every query sees all keys; nothing is cached */
    {"attention_encoder", ENC_HEAD "h100-sxm,vllm,bf16,1,4,4,8\n", 2.0 * 4 * 16 * 16,
     2.0 * (4 * 4 * 16 + 4 * 64), GABLE_MMA_BF16, GABLE_DTYPE_BF16},
    /* relu^2 experts have two matrices: one token, one expert of two */
    {"moe", MOE_HEAD "h100-sxm,trtllm,bf16,balanced,1,8,4,1,2,1,1,2\n", 2.0 * 2 * 32, -1,
     GABLE_MMA_BF16, GABLE_DTYPE_BF16},
    {"moe", MOE_HEAD "b200-sxm,trtllm,w4a8_mxfp4_mxfp8,balanced,64,64,64,2,8,1,1,3\n",
     2.0 * 128 * 3 * 4096, -1, GABLE_MMA_FP8, GABLE_DTYPE_MXFP4},
    {"moe", MOE_HEAD "b200-sxm,trtllm,w4a16_mxfp4,balanced,64,64,64,2,8,1,1,3\n",
     2.0 * 128 * 3 * 4096, -1, GABLE_MMA_BF16, GABLE_DTYPE_MXFP4},
};

START_TEST(row_is_understood)
{
    gable_csv csv;
    gable_rows rows;
    gable_work work;
    ck_assert_msg(read_table(works[_i].kind, works[_i].text, &csv, &rows) == GABLE_OK, "%s",
                  err.text);
    ck_assert_msg(!rows.row[0].unsupported, "%s", rows.row[0].unsupported);
    gable_cost_work(&rows.row[0].op, &work);
    ck_assert_msg(fabs(work.flops - works[_i].flops) < 1e-6, "%g FLOP", work.flops);
    ck_assert_msg(works[_i].hbm_bytes < 0.0 || fabs(work.hbm_bytes - works[_i].hbm_bytes) < 1e-6,
                  "%g B, expected %g", work.hbm_bytes, works[_i].hbm_bytes);
    ck_assert_str_eq(gable_mma_key(work.mma), gable_mma_key(works[_i].unit));
    ck_assert_str_eq(gable_dtype_name(work.dtype), gable_dtype_name(works[_i].column));
}
END_TEST

/* Measured by nccl-tests and the engines on one node of eight (facts/network.md 5; A2A: DeepEP on 4
 * nodes, 128 tokens). */
static const struct {
    const char *kind, *text;
    double us, within_frac;
} exchanged[] = {
    {"comm", COMM_HEAD "h100-sxm,nccl,all_reduce,fp16,2,512\n", 6.2, 0.1},
    {"comm", COMM_HEAD "h100-sxm,nccl,all_reduce,fp16,8,536870912\n", 2111, 0.1},
    {"comm", COMM_HEAD "h200-sxm,nccl,all_gather,fp16,8,536870912\n", 1394, 0.1},
    {"comm", COMM_HEAD "b200-sxm,nccl,alltoall,fp16,8,536870912\n", 834, 0.1},
    {"comm", COMM_HEAD "l40s,nccl,all_reduce,fp16,4,536870912\n", 157000, 0.25},
    {"comm", COMM_HEAD "h100-sxm,trtllm_custom_ar,all_reduce,bf16,8,512\n", 3.07, 0.1},
    {"moe_a2a", A2A_HEAD "h100-sxm,deepep_ll,dispatch,fp8,4,32,7168,8,256,128,0\n", 143, 0.1},
};

START_TEST(collectives_are_priced_on_their_fabric)
{
    gable_rows rows;
    gable_prediction *p;
    ck_assert_msg(predict(exchanged[_i].kind, exchanged[_i].text, &rows, &p) == GABLE_OK, "%s",
                  err.text);
    ck_assert(p[0].supported);
    ck_assert_double_eq_tol(1e6 * p[0].time.time_s / exchanged[_i].us, 1.0,
                            exchanged[_i].within_frac);
    ck_assert_double_ge(p[0].time.time_s, p[0].time.ceiling_s);
    ck_assert_double_gt(p[0].time.ceiling_s, 0.0);
    ck_assert_int_ne((int)p[0].time.bound, (int)GABLE_BOUND_COMPUTE);
}
END_TEST

static const struct {
    const char *kind, *text;
} unsupported[] = {
    {"gemm", GEMM_HEAD "h100-sxm,trtllm,bf16,0,3,4\n"},
    {"gemm", GEMM_HEAD "h100-sxm,trtllm,w2a2,2,3,4\n"},
    {"gemm", GEMM_HEAD "h100-sxm,onnx,bf16,2,3,4\n"},
    {"attention_generation", GEN_HEAD "h100-sxm,vllm,bf16,2,1,4,2,8,0\n"},
    {"attention_context", CTX_HEAD "h100-sxm,vllm,bf16,bf16,1,4,2,4,8,0\n"},
    {"moe", MOE_HEAD "h100-sxm,trtllm,bf16,lognormal,1,8,4,1,2,1,1,2\n"},
    {"moe", MOE_HEAD "h100-sxm,trtllm,bf16,balanced,1,8,4,3,2,1,1,2\n"},
    {"moe", MOE_HEAD "h100-sxm,trtllm,bf16,balanced,1,8,4,1,2,1,1,4\n"},
    {"mhc", "device,framework,op,tokens,hidden,hc_mult\nh100-sxm,trtllm,mid,4,8,4\n"},
    {"comm", COMM_HEAD "h100-sxm,mpi,all_reduce,fp16,8,4\n"},
    {"comm", COMM_HEAD "h100-sxm,nccl,all_reverse,fp16,8,4\n"},
    {"comm", COMM_HEAD "h100-sxm,vllm_custom_ar,all_gather,bf16,8,4\n"},
    {"comm", COMM_HEAD "h100-sxm,nccl,all_reduce,fp16,1,4\n"},
    {"moe_a2a", A2A_HEAD "h100-sxm,deepep_ll,gather,fp8,1,8,7168,8,256,128,0\n"},
    {"moe_a2a", A2A_HEAD "h100-sxm,deepep_ll,dispatch,fp8,1,8,7168,8,4,128,0\n"},
    {"moe_a2a", A2A_HEAD "l40s,deepep_ll,dispatch,fp8,1,8,7168,8,256,128,0\n"},
};

START_TEST(outside_the_range_is_not_priced)
{
    gable_rows rows;
    gable_prediction *p;
    ck_assert_msg(predict(unsupported[_i].kind, unsupported[_i].text, &rows, &p) == GABLE_OK, "%s",
                  err.text);
    ck_assert(!p[0].supported);
    ck_assert(p[0].time.time_s == 0.0);
}
END_TEST

static const struct {
    const char *kind, *text, *says;
} refused[] = {
    {"gemm", "device,framework,dtype,m,n\nh100-sxm,trtllm,bf16,1,2\n", "k"},
    {"moe", "dtype,dist,token,hidden,inter,topk,experts,tp,ep,gemms\n", "tokens"},
    {"gemm", GEMM_HEAD "h100-sxm,trtllm,bf16,1,2,3\nh100-sxm,trtllm,bf16,1,x,3\n", ":3: n"},
    {"gemm", GEMM_HEAD "h100-sxm,trtllm,bf16,1,-2,3\n", ":2: n"},
    {"gemm", GEMM_HEAD "h100-sxm,trtllm,bf16,1,2.5,3\n", "whole number"},
    {"gemm", GEMM_HEAD "h100-sxn,trtllm,bf16,1,2,3\n", "h100-sxm"},
    {"gemm", "dtype,m,n,k\nbf16,1,2,3\n", "--device"},
};

START_TEST(bad_table_is_refused)
{
    gable_rows rows;
    gable_prediction *p;
    ck_assert_int_eq(predict(refused[_i].kind, refused[_i].text, &rows, &p), GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refused[_i].says), "%s", err.text);
    ck_assert_msg(strstr(err.text, "table.csv:"), "%s", err.text);
}
END_TEST

/* ---- the split ---- */

START_TEST(split_goes_by_the_shape_alone)
{
    static const char text[] = MOE_HEAD "h100-sxm,trtllm,bf16,balanced,1,8,4,1,2,1,1,2\n"
                                        "b200-sxm,vllm,fp8,power_law_1.2,777,8,4,1,2,1,1,3\n"
                                        "h100-sxm,trtllm,bf16,balanced,1,8,5,1,2,1,1,2\n";
    gable_csv csv;
    gable_rows rows;
    ck_assert_msg(read_table("moe", text, &csv, &rows) == GABLE_OK, "%s", err.text);
    ck_assert(rows.row[0].shape == rows.row[1].shape);
    ck_assert(rows.row[0].shape != rows.row[2].shape);
}
END_TEST

/* ---- measured tables, where they are ---- */

static const char *const kinds[] = {"gemm", "attention_context", "attention_generation",
                                    "attention_encoder", "moe"};

static void read_measured(const char *kind, gable_csv *csv, gable_rows *rows)
{
    char under[128] = "measurements/";
    const char *path = shared_path(strcat(strcat(under, kind), ".csv"));
    ck_assert_msg(gable_csv_read(scratch_arena(), path, csv, &err) == GABLE_OK, "%s", err.text);
    ck_assert_msg(gable_rows_read(scratch_arena(), csv, gable_table_kind_find(kind), rows, &err) ==
                      GABLE_OK,
                  "%s", err.text);
}

START_TEST(measured_rows_keep_the_promises)
{
    gable_csv csv;
    gable_rows rows;
    gable_prediction *p;
    gable_predict_options options = {.hw = "hw", .stack = "trtllm"};
    read_measured(kinds[_i], &csv, &rows);
    ck_assert_msg(gable_predict_rows(scratch_arena(), &rows, &options, &p, &err) == GABLE_OK, "%s",
                  err.text);
    for (size_t i = 0; i < csv.n_rows; i++) {
        ck_assert_msg(p[i].supported, "line %zu: %s", csv.lines[i], rows.row[i].unsupported);
        ck_assert_msg(p[i].time.ceiling_s > 0.0 && p[i].time.ceiling_s <= p[i].time.time_s,
                      "line %zu: %g after a ceiling of %g", csv.lines[i], p[i].time.time_s,
                      p[i].time.ceiling_s);
        ck_assert_msg(p[i].p10_s > 0.0 && p[i].p10_s < p[i].time.time_s &&
                          p[i].time.time_s < p[i].p90_s && isfinite(p[i].p90_s),
                      "line %zu: %g %g %g", csv.lines[i], p[i].p10_s, p[i].time.time_s, p[i].p90_s);
    }
}
END_TEST

/* The same shapes with other times, with text for times, and without: the same predictions, bit for
 * bit. */
START_TEST(measured_column_is_never_read)
{
    static const char *const tables[] = {
        "device,framework,dtype,m,n,k,latency_us\n"
        "h100-sxm,trtllm,bf16,128,4096,4096,11.5\nb200-sxm,sglang,nvfp4,1,512,7168,4\n",
        "device,framework,dtype,m,n,k,latency_us\n"
        "h100-sxm,trtllm,bf16,128,4096,4096,9e9\nb200-sxm,sglang,nvfp4,1,512,7168,none\n",
        "k,device,framework,dtype,n,m\n"
        "4096,h100-sxm,trtllm,bf16,4096,128\n7168,b200-sxm,sglang,nvfp4,512,1\n",
    };
    gable_prediction *first, *p;
    gable_rows rows;
    ck_assert_msg(predict("gemm", tables[0], &rows, &first) == GABLE_OK, "%s", err.text);
    for (int t = 1; t < N_ROWS(tables); t++) {
        ck_assert_msg(predict("gemm", tables[t], &rows, &p) == GABLE_OK, "%s", err.text);
        for (int i = 0; i < 2; i++) {
            ck_assert(p[i].time.time_s == first[i].time.time_s);
            ck_assert(p[i].p10_s == first[i].p10_s && p[i].p90_s == first[i].p90_s);
        }
    }
}
END_TEST

/* ---- errors ---- */

START_TEST(errors_by_group_and_regime)
{
    static const char text[] = GEMM_HEAD "h100-sxm,trtllm,bf16,1,64,64\n"
                                         "h100-sxm,trtllm,bf16,4096,8192,8192\n"
                                         "h100-sxm,trtllm,bf16,1,65536,8192\n"
                                         "h100-sxm,trtllm,fp8,1,64,64\n"
                                         "h100-sxm,trtllm,bf16,0,64,64\n";
    gable_rows rows;
    gable_prediction *p;
    gable_validation v;
    double measured_s[5] = {1.0, 1.0, 1.0, 1.0, 1.0};
    ck_assert_msg(predict("gemm", text, &rows, &p) == GABLE_OK, "%s", err.text);
    measured_s[0] = p[0].time.time_s / 1.1; /* 10 % too slow */
    measured_s[1] = p[1].time.time_s / 0.8; /* 20 % too fast */
    measured_s[2] = p[2].time.time_s;       /* right */
    measured_s[3] = p[3].time.time_s / 3.0;
    ck_assert_int_eq(gable_validate_rows(scratch_arena(), &rows, p, measured_s, measured_s,
                                         GABLE_HALF_BOTH, &v, &err),
                     GABLE_OK);
    ck_assert_int_eq(v.n_groups, 2);
    const gable_errors *all = &v.groups[0].regime[GABLE_REGIME_ALL];
    ck_assert_str_eq(v.groups[0].dtype, "bf16");
    ck_assert_uint_eq(all->n, 4);
    ck_assert_uint_eq(all->n_covered, 3);
    ck_assert(fabs(all->median_frac - 0.1) < 1e-9);
    ck_assert(fabs(all->bias_frac) < 1e-9);
    ck_assert(all->p90_frac > 0.1 && all->p90_frac <= 0.2 + 1e-9);
    ck_assert(fabs(v.groups[0].regime[GABLE_REGIME_COMPUTE].median_frac - 0.2) < 1e-9);
    ck_assert(fabs(v.groups[0].regime[GABLE_REGIME_SHORT].bias_frac - 0.1) < 1e-9);
    ck_assert(fabs(v.groups[1].regime[GABLE_REGIME_ALL].median_frac - 2.0) < 1e-9);
    ck_assert(v.groups[1].regime[GABLE_REGIME_ALL].inside_frac == 0.0);
    ck_assert_uint_eq(v.total.regime[GABLE_REGIME_ALL].n, 5);
}
END_TEST

START_TEST(halves_are_disjoint)
{
    gable_csv csv;
    gable_rows rows;
    gable_prediction *p;
    double *seconds;
    gable_validation both, train, test;
    gable_predict_options options = {.hw = "hw", .stack = "trtllm"};
    read_measured("attention_encoder", &csv, &rows);
    gable_arena *arena = scratch_arena();
    ck_assert_int_eq(gable_measured_read(arena, &csv, &seconds, &err), GABLE_OK);
    ck_assert_int_eq(gable_predict_rows(arena, &rows, &options, &p, &err), GABLE_OK);
    gable_validate_rows(arena, &rows, p, seconds, seconds, GABLE_HALF_BOTH, &both, &err);
    gable_validate_rows(arena, &rows, p, seconds, seconds, GABLE_HALF_TRAIN, &train, &err);
    gable_validate_rows(arena, &rows, p, seconds, seconds, GABLE_HALF_TEST, &test, &err);
    size_t n_train = train.total.regime[GABLE_REGIME_ALL].n;
    size_t n_test = test.total.regime[GABLE_REGIME_ALL].n;
    ck_assert_uint_eq(n_train + n_test, csv.n_rows);
    ck_assert_uint_ge(n_train, csv.n_rows / 3);
    ck_assert_uint_ge(n_test, csv.n_rows / 3);
}
END_TEST

Suite *gable_suite_predict(void);
Suite *gable_suite_predict(void)
{
    Suite *suite = suite_create("predict");
    TCase *tcase = tcase_create("predict");
    tcase_add_checked_fixture(tcase, set_up, scratch_close);
    tcase_set_timeout(tcase, 60);
    ADD_ROWS(tcase, row_is_understood, works);
    ADD_ROWS(tcase, outside_the_range_is_not_priced, unsupported);
    ADD_ROWS(tcase, collectives_are_priced_on_their_fabric, exchanged);
    ADD_ROWS(tcase, bad_table_is_refused, refused);
    tcase_add_test(tcase, split_goes_by_the_shape_alone);
    tcase_add_test(tcase, measured_column_is_never_read);
    tcase_add_test(tcase, errors_by_group_and_regime);
    bool measured = shared_is_here("measurements", "predictions of measured rows");
    if (measured)
        tcase_add_test(tcase, halves_are_disjoint);
    suite_add_tcase(suite, tcase);
    TCase *tree = tcase_create("tree");
    tcase_set_tags(tree, "slow");
    tcase_add_checked_fixture(tree, set_up, scratch_close);
    tcase_set_timeout(tree, 60);
    if (measured)
        ADD_ROWS(tree, measured_rows_keep_the_promises, kinds);
    suite_add_tcase(suite, tree);
    return suite;
}
