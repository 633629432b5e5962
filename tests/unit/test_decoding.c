/* decoding: what a draft and its verification cost, block diffusion. Formulas:
 * facts/models.md 4.15, 4.16. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../scratch.h"
#include "engine/decoding.h"
#include "gable.h"
#include "rows.h"

static const gable_model *load_model(const char *name)
{
    gable_err err = {0};
    const gable_model *model = NULL;
    ck_assert_msg(gable_model_load(scratch_arena(), "workloads", name, &model, &err) == GABLE_OK,
                  "%s", err.text);
    return model;
}

static gable_machine load_machine(const char *name, const char *stack)
{
    gable_err err = {0};
    gable_machine machine = {0};
    ck_assert_msg(gable_machine_load(scratch_arena(), "hw", name, stack, &machine, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    return machine;
}

#define ck_within(got, expected, part)                                                             \
    ck_assert_msg(fabs((got) - (expected)) <= (part)*fabs(expected), "got %.9g, expected %.9g",    \
                  (double)(got), (double)(expected))

static const gable_scenario decode = {
    .phase = GABLE_PHASE_DECODE, .batch = 1, .n_cached = 1024, .n_new = 1, .tp = 1, .ep = 1};

/* ---- verification is a decode step with k + 1 new tokens ---- */

static gable_decoding run(const char *name, const gable_scenario *scenario,
                          const gable_decoding_options *options, const char *device,
                          gable_plan *plan)
{
    gable_machine machine = load_machine(device, "ideal");
    gable_decoding d;
    gable_step step;
    gable_err err = {0};
    ck_assert_msg(gable_engine_decode(scratch_arena(), load_model(name), &machine, scenario,
                                      options, plan, &step, &d, &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_double_eq(step.tokens_per_s, d.tokens_per_s);
    return d;
}

static gable_decoding_options drafting(gable_decoding_method method, int n_drafted, double rate)
{
    gable_decoding_options o = {.method = method, .n_drafted = n_drafted};
    gable_acceptance_of_rate(rate, n_drafted, &o.acceptance);
    return o;
}

/* E (1 - (1 - K/E)^T) of facts/models.md 4.11 for T = B (k + 1): not 8 experts, and not free. */
static const struct {
    const char *model;
    double batch;
    int n_drafted;
    double distinct, plain;
} experts[] = {
    {"deepseek-v3", 1, 3, 30.53, 8},     /* 256 (1 - (248/256)^4) */
    {"deepseek-v3", 1, 7, 57.43, 8},     /* T = 8 */
    {"deepseek-v3", 8, 3, 163.3, 57.43}, /* T = 32, 8 */
    {"mixtral-8x7b", 1, 3, 5.469, 2},
};

START_TEST(verification_reads_more_experts)
{
    gable_plan plan;
    gable_scenario s = decode;
    gable_decoding_options o = drafting(GABLE_DECODING_PARALLEL, experts[_i].n_drafted, 0.7);
    s.batch = experts[_i].batch;
    gable_decoding d = run(experts[_i].model, &s, &o, "h200-sxm", &plan);
    ck_within(d.distinct_experts, experts[_i].distinct, 1e-3);
    ck_within(d.plain_distinct_experts, experts[_i].plain, 1e-3);
    ck_assert_double_eq(plan.scenario.n_new, experts[_i].n_drafted + 1.0);
    ck_assert_double_eq(d.draft_s, 0.0);
    ck_assert_double_gt(d.step_s, d.plain_s);
    ck_within(d.tokens_per_s, s.batch * d.accepted_tokens / d.step_s, 1e-12);
    ck_within(d.speedup, d.accepted_tokens * d.plain_s / d.time_s, 1e-12);
}
END_TEST

/* The module of V3 holds 11.61 B parameters (671 B without it, 685 B with it and its copies of the
 * tables), nearly all of them one byte; its tables are the main model's. One pass reads its
 * attention (187.1 M), router, 8 routed experts and the shared one (9 x 44.04 M), the projection
 * (102.8 M) and the head (0.927 B of two bytes). */
START_TEST(prediction_modules)
{
    gable_plan plan;
    gable_decoding_options o = drafting(GABLE_DECODING_MTP, 3, 0.8);
    gable_decoding d = run("deepseek-v3", &decode, &o, "h200-sxm", &plan);
    ck_assert_str_eq(d.draft_name, "its prediction module");
    ck_within(d.draft_weights_bytes, 11.61e9, 0.002);
    ck_within(d.draft_kv_bytes, 1025.0 * 576 * 2, 1e-12);
    double pass = 187.1e6 + 256 * 7168 * 2 + 9 * 44.04e6 + 102.8e6 + 2 * 926.7e6;
    ck_within(d.draft_s, 3.0 * pass / 4.8e12, 0.01);
    ck_assert_double_eq_tol(d.accepted_tokens, 2.952, 1e-12);
    ck_assert_double_eq(d.time_s, d.draft_s + d.step_s);
    /* In one pass, the module drafts the whole block and reads the experts of three tokens. */
    o.method = GABLE_DECODING_BLOCK;
    gable_decoding block = run("deepseek-v3", &decode, &o, "h200-sxm", &plan);
    ck_assert_double_lt(block.draft_s, d.draft_s);
    ck_assert_double_gt(block.draft_s, d.draft_s / 3.0);
}
END_TEST

START_TEST(draft_model)
{
    gable_plan plan;
    gable_decoding_options o = drafting(GABLE_DECODING_DRAFT, 4, 0.8);
    o.draft = load_model("qwen3-0.6b");
    gable_decoding d = run("qwen3-32b", &decode, &o, "h100-sxm", &plan);
    gable_decoding_options alone = drafting(GABLE_DECODING_PARALLEL, 1, 0.8);
    gable_decoding small = run("qwen3-0.6b", &decode, &alone, "h100-sxm", &plan);
    ck_assert_str_eq(d.draft_name, "qwen3-0.6b");
    ck_within(d.draft_s, 4.0 * small.plain_s, 1e-12);
    ck_within(d.draft_weights_bytes, 0.596e9 * 2, 0.01);
    ck_assert_double_gt(d.speedup, 1.0);
    ck_assert_double_lt(d.speedup, d.accepted_tokens);
}
END_TEST

/* ---- schedules ---- */

/* Scheduling is never slower than verifying all, nor than not drafting. */
START_TEST(scheduling_never_loses)
{
    gable_plan plan;
    gable_scenario s = decode;
    gable_decoding_options o = drafting(GABLE_DECODING_BLOCK, 7, 0.6);
    s.batch = 1 << _i;
    gable_decoding all = run("deepseek-v3", &s, &o, "h200-sxm", &plan);
    o.scheduled = true;
    gable_decoding some = run("deepseek-v3", &s, &o, "h200-sxm", &plan);
    ck_assert_double_ge(some.tokens_per_s * (1 + 1e-12), all.tokens_per_s);
    ck_assert_double_ge(some.tokens_per_s * (1 + 1e-12), some.plain_tokens_per_s);
    ck_assert_double_le(some.verified_tokens, all.verified_tokens);
}
END_TEST

/* ---- block diffusion ---- */

/* facts/models.md 4.16, 5 row 17: 25.2 B parameters of one byte: 7.5 ms on H100, 5.25 on H200, and
 * all 128 experts at 256 tokens. Checkpoints keep the head (0.74 B) in 16 bits: 7.75 and 5.41. */
static const struct {
    const char *device;
    gable_dtype head;
    double floor_s;
} floors[] = {
    {"h100-sxm", GABLE_DTYPE_FP8, 7.5e-3},
    {"h200-sxm", GABLE_DTYPE_FP8, 5.25e-3},
    {"h100-sxm", GABLE_DTYPE_BF16, 7.75e-3},
    {"h200-sxm", GABLE_DTYPE_BF16, 5.41e-3},
};

START_TEST(denoising_reads_the_model)
{
    gable_plan plan;
    gable_step step;
    gable_decoding d;
    gable_err err = {0};
    gable_machine machine = load_machine(floors[_i].device, "ideal");
    gable_model model = *load_model("diffusiongemma-26b-a4b");
    gable_decoding_options o = {.method = GABLE_DECODING_DIFFUSION, .denoise_steps = 16};
    gable_scenario s = decode;
    s.n_new = 256;
    for (int i = 0; i < GABLE_N_MODULES; i++)
        model.dtypes[i] = (gable_module_dtypes){GABLE_DTYPE_FP8, GABLE_DTYPE_FP8};
    model.dtypes[GABLE_MODULE_HEAD].weights = floors[_i].head;
    ck_assert_int_eq(
        gable_engine_decode(scratch_arena(), &model, &machine, &s, &o, &plan, &step, &d, &err),
        GABLE_OK);
    ck_within(d.weight_floor_s, floors[_i].floor_s, 0.01);
    ck_within(d.distinct_experts, 128.0, 1e-4);
    ck_assert_double_eq(d.accepted_tokens, 256);
    ck_within(d.time_s, 16.0 * d.step_s + d.commit_s, 1e-12);
    ck_within(d.tokens_per_s, 256.0 / d.time_s, 1e-12);
}
END_TEST

/* Each of 256 tokens sees the whole context and canvas: 4 heads dim q N FLOPs (facts/models.md
 * 4.1); committing them is causal. Their logits are all needed. */
START_TEST(canvas_sees_itself)
{
    gable_plan plan;
    gable_err err = {0};
    gable_scenario s = decode;
    s.n_new = 256;
    const gable_model *model = load_model("diffusiongemma-26b-a4b");
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), model, &s, &plan, &err), GABLE_OK);
    int n_attention = 0;
    for (int i = 0; i < plan.n_rows; i++) {
        if (strcmp(plan.name[i], "lm_head") == 0)
            ck_assert_double_eq(plan.op[i].gemm.m, 256);
        if (strcmp(plan.name[i], "attention") != 0)
            continue;
        n_attention++;
        ck_assert_double_eq(plan.work[i].flops, 4.0 * 16 * 512 * 256 * (1024 + 256));
    }
    ck_assert_int_eq(n_attention, 1);
    s.phase = GABLE_PHASE_PREFILL;
    ck_assert_int_eq(gable_layout_plan(scratch_arena(), model, &s, &plan, &err), GABLE_OK);
    for (int i = 0; i < plan.n_rows; i++)
        if (strcmp(plan.name[i], "attention") == 0)
            ck_assert_double_eq(plan.work[i].flops,
                                4.0 * 16 * 512 * (256 * 1024 + 256.0 * 257 / 2));
}
END_TEST

/* ---- laws ---- */

/* For every model that is described: an iteration is never faster than its ceiling, verifying more
 * is never faster, more is never kept than verified, and with nothing kept but one's own token a
 * draft only costs. */
START_TEST(laws_of_speculation)
{
    const char *const *files;
    size_t n, n_priced = 0;
    gable_err err = {0};
    gable_machine machine = load_machine("hgx-b200-8", "trtllm");
    ck_assert_int_eq(
        gable_file_list(scratch_arena(), "workloads/models", ".json", &files, &n, &err), GABLE_OK);
    for (size_t i = 0; i < n; i++) {
        char name[80];
        double step_s = 0.0;
        size_t mark = gable_arena_mark(scratch_arena());
        snprintf(name, sizeof name, "%.*s", (int)(strlen(files[i]) - 5), files[i]);
        const gable_model *model = load_model(name);
        for (int k = 1; model->canvas == 0 && k <= 4; k += 3) {
            gable_decoding_options o =
                drafting(model->n_mtp ? GABLE_DECODING_MTP : GABLE_DECODING_PARALLEL, k, 0.0);
            gable_decoding d;
            gable_plan plan;
            gable_step step;
            err = (gable_err){0};
            ck_assert_msg(gable_engine_decode(scratch_arena(), model, &machine, &decode, &o, &plan,
                                              &step, &d, &err) == GABLE_OK,
                          "%s", err.text);
            ck_assert_msg(d.time_s >= d.ceiling_s, "%s, k %d: ceiling", name, k);
            ck_assert_msg(d.step_s >= step_s, "%s, k %d: verification", name, k);
            ck_assert_msg(d.accepted_tokens == 1.0 && d.speedup <= 1.0 + 1e-9, "%s, k %d: x%g",
                          name, k, d.speedup);
            ck_assert_double_le(d.p10_s, d.time_s);
            ck_assert_double_ge(d.p90_s, d.time_s);
            step_s = d.step_s;
            n_priced++;
        }
        gable_arena_release(scratch_arena(), mark);
    }
    ck_assert_uint_ge(n_priced, 100);
}
END_TEST

/* ---- the library ---- */

START_TEST(library)
{
    gable_session *s;
    gable_answer a, plain;
    ck_assert_int_eq(gable_open(".", &s), 0);
    gable_query q = {.model = "deepseek-v3",
                     .system = "hgx-h200-8",
                     .stack = "ideal",
                     .phase = "decode",
                     .batch = 1,
                     .context = 1024,
                     .new_tokens = 1,
                     .tp = 8,
                     .ep = 1};
    ck_assert_msg(gable_cost(s, &q, &plain) == 0, "%s", gable_message(s));
    ck_assert_double_eq(plain.iteration_s, plain.time_s);
    ck_assert_double_eq(plain.accepted_tokens, 1);
    ck_assert_double_eq(plain.speedup, 1);
    q.decoding = "mtp";
    q.acceptance_rate = 0.8; /* three drafted tokens, as nothing else is said */
    ck_assert_msg(gable_cost(s, &q, &a) == 0, "%s", gable_message(s));
    ck_assert_double_eq_tol(a.accepted_tokens, 2.952, 1e-12);
    ck_assert_double_gt(a.iteration_s, a.time_s);
    ck_within(a.tokens_per_s, 2.952 / a.iteration_s, 1e-12);
    ck_within(a.speedup, 2.952 * plain.time_s / a.iteration_s, 1e-12);
    ck_assert_double_eq(gable_reprice(s, 2), a.time_s);
    q.acceptance_rate = 1.5;
    ck_assert_int_eq(gable_cost(s, &q, &a), 3);
    ck_assert_ptr_nonnull(strstr(gable_message(s), "--acceptance-rate 1.5 is out of range"));
    q.acceptance_rate = 0.8;
    q.draft_tokens = 65;
    ck_assert_int_eq(gable_cost(s, &q, &a), 3);
    ck_assert_ptr_nonnull(strstr(gable_message(s), "--draft-tokens 65 is out of range"));
    q.draft_tokens = 0;
    q.decoding = "mpt";
    ck_assert_int_eq(gable_cost(s, &q, &a), 3);
    ck_assert_ptr_nonnull(strstr(gable_message(s), "unknown decoding \"mpt\""));
    q.decoding = NULL;
    ck_assert_int_eq(gable_cost(s, &q, &a), 3);
    ck_assert_ptr_nonnull(strstr(gable_message(s), "nothing drafts"));
    gable_close(s);
}
END_TEST

/* ---- refusals ---- */

static const struct {
    const char *model, *draft;
    gable_decoding_method method;
    int n_drafted, known, steps;
    gable_phase phase;
    const char *says;
} refused[] = {
    {"qwen3-32b", NULL, GABLE_DECODING_MTP, 3, 3, 0, GABLE_PHASE_DECODE,
     "qwen3-32b has no multi-token-prediction module"},
    {"qwen3-32b", NULL, GABLE_DECODING_DRAFT, 3, 3, 0, GABLE_PHASE_DECODE,
     "draft needs a model that drafts"},
    {"mixtral-8x7b", "qwen3-0.6b", GABLE_DECODING_DRAFT, 3, 3, 0, GABLE_PHASE_DECODE,
     "its vocabulary has 151936 tokens, not 32000"},
    {"deepseek-v3", NULL, GABLE_DECODING_MTP, 9, 8, 0, GABLE_PHASE_DECODE,
     "lengths are known up to 8 drafted tokens"},
    {"deepseek-v3", NULL, GABLE_DECODING_MTP, 0, 0, 0, GABLE_PHASE_DECODE,
     "--draft-tokens 0 is out of range"},
    {"deepseek-v3", NULL, GABLE_DECODING_MTP, 3, 3, 0, GABLE_PHASE_PREFILL,
     "a prefill step does not decode"},
    {"deepseek-v3", NULL, GABLE_DECODING_DIFFUSION, 0, 0, 16, GABLE_PHASE_DECODE,
     "it has no denoising steps"},
    {"diffusiongemma-26b-a4b", NULL, GABLE_DECODING_PARALLEL, 3, 3, 0, GABLE_PHASE_DECODE,
     "denoises blocks"},
    {"diffusiongemma-26b-a4b", NULL, GABLE_DECODING_DIFFUSION, 0, 0, 0, GABLE_PHASE_DECODE,
     "--denoise-steps 0 is out of range"},
};

START_TEST(decoding_is_refused)
{
    gable_machine machine = load_machine("h200-sxm", "ideal");
    gable_decoding_options o = drafting(refused[_i].method, refused[_i].known, 0.5);
    gable_scenario s = decode;
    gable_decoding d;
    gable_plan plan;
    gable_step step;
    gable_err err = {0};
    o.n_drafted = refused[_i].n_drafted;
    o.denoise_steps = refused[_i].steps;
    o.draft = refused[_i].draft ? load_model(refused[_i].draft) : NULL;
    s.phase = refused[_i].phase;
    ck_assert_int_eq(gable_engine_decode(scratch_arena(), load_model(refused[_i].model), &machine,
                                         &s, &o, &plan, &step, &d, &err),
                     GABLE_INPUT);
    ck_assert_msg(strstr(err.text, refused[_i].says) != NULL, "says: %s", err.text);
}
END_TEST

Suite *gable_suite_decoding(void);

Suite *gable_suite_decoding(void)
{
    Suite *suite = suite_create("decoding");
    TCase *all = tcase_create("decoding");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    ADD_ROWS(all, verification_reads_more_experts, experts);
    tcase_add_test(all, prediction_modules);
    tcase_add_test(all, draft_model);
    tcase_add_loop_test(all, scheduling_never_loses, 0, 8);
    ADD_ROWS(all, denoising_reads_the_model, floors);
    tcase_add_test(all, canvas_sees_itself);
    tcase_add_test(all, laws_of_speculation);
    tcase_add_test(all, library);
    ADD_ROWS(all, decoding_is_refused, refused);
    suite_add_tcase(suite, all);
    return suite;
}
