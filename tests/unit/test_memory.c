/* engine/memory: bytes of a device while an engine serves, against what engines printed when they
 * started, and by hand. Published runs: github.com/llm-d-incubation/llm-d-planner @875a4fd,
 * accuracy/accuracy_report.md (vLLM 0.19.0, H100 of 79.19 GiB, 8192 tokens a step, 1024 sequences);
 * github.com/casys-kaist/LLMServingSim @da26736 (vLLM 0.19.0, RTX 4090). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../scratch.h"
#include "engine/gslx.h"
#include "engine/serving.h"
#include "rows.h"

static const double gib = 1073741824.0;

typedef struct served {
    const gable_model *model;
    gable_machine machine;
    gable_serving_rules rules;
    gable_serving_constants constants;
} served;

static served load(const char *model, const char *system, const char *stack)
{
    served s = {0};
    gable_err err = {0};
    ck_assert_msg(gable_model_load(scratch_arena(), "workloads", model, &s.model, &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_msg(gable_machine_load(scratch_arena(), "hw", system, stack, &s.machine, &err) ==
                      GABLE_OK,
                  "%s", err.text);
    ck_assert_msg(gable_serving_load(scratch_arena(), "hw", s.machine.accelerator, stack,
                                     &s.constants, &s.rules, &err) == GABLE_OK,
                  "%s", err.text);
    return s;
}

static gable_plan lay(const served *s, const gable_scenario *scenario)
{
    gable_plan plan;
    gable_err err = {0};
    ck_assert_msg(gable_layout_plan(scratch_arena(), s->model, scenario, &plan, &err) == GABLE_OK,
                  "%s", err.text);
    return plan;
}

static gable_plan decode(const served *s, int tp)
{
    return lay(
        s, &(gable_scenario){
               .phase = GABLE_PHASE_DECODE, .batch = 1, .n_new = 1, .n_cached = 1000, .tp = tp});
}

static gable_memory memory_of(const served *s, int tp)
{
    gable_plan plan = decode(s, tp);
    gable_memory m;
    gable_memory_of(&plan, &s->machine, &s->rules, 0.0, 0.0, &m);
    return m;
}

/* ---- the profiled step ---- */

/* What vLLM printed as its peak of activations. Models with an encoder of pictures keep its buffers
 * too, which the rule leaves out; gpt-oss runs experts in Triton kernels that keep less. */
static const struct {
    const char *model;
    int tp;
    double peak_gib;
} peaks[] = {
    {"llama-3.1-8b", 1, 1.89},          {"llama-3.1-8b", 2, 1.89},  {"llama-3.1-8b", 4, 1.89},
    {"llama-3.1-70b", 2, 1.96},         {"llama-3.1-70b", 4, 1.97}, {"qwen3-8b", 1, 2.21},
    {"qwen3-30b-a3b", 1, 2.68},         {"mixtral-8x7b", 2, 1.21},  {"gpt-oss-20b", 2, 2.87},
    {"llama-4-scout-17b-16e", 4, 3.19}, {"gemma-3-4b", 1, 3.89},    {"gemma-3-12b", 1, 3.94},
    {"gemma-3-27b", 1, 3.99},
};

START_TEST(profiled_step)
{
    served s = load(peaks[_i].model, "hgx-h100-8", "vllm");
    double got = memory_of(&s, peaks[_i].tp).activation_bytes / gib;
    printf("# %s tp %d: %.3f of %.2f GiB, %+.1f %%\n", peaks[_i].model, peaks[_i].tp, got,
           peaks[_i].peak_gib, 100.0 * (got / peaks[_i].peak_gib - 1.0));
    check_close(got, peaks[_i].peak_gib, 0.10);
}
END_TEST

START_TEST(profiled_steps_in_the_middle)
{
    double error[sizeof peaks / sizeof peaks[0]];
    size_t n = sizeof peaks / sizeof peaks[0];
    for (size_t i = 0; i < n; i++) {
        served s = load(peaks[i].model, "hgx-h100-8", "vllm");
        double got = memory_of(&s, peaks[i].tp).activation_bytes / gib;
        error[i] = fabs(got / peaks[i].peak_gib - 1.0);
    }
    gslx_sort(error, n);
    ck_assert_double_le(gslx_median(error, n), 0.014);
}
END_TEST

/* Llama-3.1-8B by hand, 1024 sequences and 8192 tokens on 132 SMs. Sampler: 1024 x 128,256 x 14 B =
 * 1.8387 GB, 132 rows x 128,256 x 4 B = 0.0677 GB, 8192 x 4096 x 2 B = 0.0671 GB; workspace 45 MiB.
 * A layer is less: 8192 x (4 x 4096 + 3 x 14,336) x 2 B = 0.973 GB. */
START_TEST(sampler_by_hand)
{
    served s = load("llama-3.1-8b", "h100-sxm", "vllm");
    double sampler = 1024.0 * 128256 * 14 + 132.0 * 128256 * 4 + 8192.0 * 4096 * 2;
    check_close(memory_of(&s, 1).activation_bytes, sampler + 45 * 1048576.0, 1e-12);
    gable_plan plan = decode(&s, 1);
    double layer = 8192.0 * (4 * 4096 + 3 * 14336) * 2;
    check_close(gable_memory_step_bytes(&plan, &s.machine, &s.rules, 8192, 1),
                layer + 45 * 1048576.0, 1e-12);
}
END_TEST

/* ---- rules of engines ---- */

static gable_serving_parts price(const served *s, int tp)
{
    gable_serving_request r = {.isl = 1000, .osl = 1000, .concurrency = 1, .tp = tp, .ep = 1};
    gable_serving_parts out;
    gable_err err = {0};
    ck_assert_msg(gable_serving_price(scratch_arena(), s->model, &s->machine, &s->rules, &r, &out,
                                      &err) == GABLE_OK,
                  "%s", err.text);
    return out;
}

/* 0.95 x 79.19 GiB less 14.99, 1.89 and 0.25 GiB: 58.11 GiB, 29,751 blocks of 16 tokens. */
START_TEST(cache_of_an_h100)
{
    served s = load("llama-3.1-8b", "h100-sxm", "vllm");
    s.rules.memory_frac = 0.95;
    gable_serving_parts p = price(&s, 1);
    check_close(p.free_bytes / gib, 58.11, 1e-3);
    check_close(p.kv_tokens, 476016, 1e-3);
}
END_TEST

/* vLLM 0.19 on an RTX 4090 of 25,250,627,584 B, 2048 tokens a step, 256 sequences, share 0.90: 2588
 * blocks of 16 tokens, 41,408. By the rule:
 *   share      0.9 x 25,250,627,584                        = 22,725,564,826
 *   weights    8,030,261,248 x 2                           = 16,060,522,496
 *   positions  131,072 x 128 x 2                           =     33,554,432
 *   sampler    256 x 128,256 x 14                          =    459,669,504
 *   rows       128 SM x 128,256 x 4                        =     65,667,072
 *   hidden     2048 x 4096 x 2                             =     16,777,216
 *   workspace  45 MiB                                      =     47,185,920
 *   runtime    0.25 GiB, as on the H100                    =    268,435,456
 *   cache      the rest                                    =  5,773,752,730: 44,050 tokens
 * 6.4 % more than vLLM had: something took 0.32 GiB more there, which the record does not name.
 * Starts differ by more than that: the same authors' RTX PRO 6000 had 2.24 GiB beside weights and
 * cache in one start, and 0.45 GiB in another. Weights alone would leave 50,850 of this memory, and
 * a reserve of 4 GB as on large devices 20,333. */
START_TEST(cache_of_an_rtx_4090)
{
    served s = load("llama-3.1-8b", "rtx-4090", "vllm");
    gable_serving_parts p = price(&s, 1);
    double rest = 0.9 * 25250627584.0 - 16060522496.0 - 33554432.0 - 459669504.0 - 65667072.0 -
                  16777216.0 - 47185920.0 - 268435456.0;
    check_close(p.kv_tokens, rest / 131072, 1e-4);
    double blocks = floor(p.kv_tokens / s.rules.block_tokens);
    printf("# RTX 4090: %.0f blocks, vLLM had 2588\n", blocks);
    check_close(blocks, 2588, 0.065);
}
END_TEST

/* One memory, three rules; whatever the rule, all bytes have a name. */
static const struct {
    const char *stack, *system;
    int tp;
} rules[] = {
    {"vllm", "hgx-h100-8", 1},   {"vllm", "hgx-h100-8", 2},   {"sglang", "hgx-h100-8", 1},
    {"sglang", "hgx-h200-8", 4}, {"trtllm", "hgx-h100-8", 1}, {"trtllm", "hgx-b200-8", 8},
    {"ideal", "hgx-h100-8", 1},
};

static double promised(const gable_memory *m, const gable_serving_rules *r)
{
    if (r->of_free) /* TensorRT-LLM */
        return r->memory_frac * (m->capacity_bytes - m->weights_bytes);
    if (r->of_start) /* SGLang */
        return r->memory_frac * (m->capacity_bytes - m->context_bytes - m->communication_bytes) -
               m->weights_bytes;
    double share = r->memory_frac > 0.0 ? r->memory_frac : 1.0;
    return share * m->capacity_bytes - m->weights_bytes - m->activation_bytes -
           m->communication_bytes - m->runtime_bytes;
}

START_TEST(every_byte_has_a_name)
{
    served s = load("llama-3.1-8b", rules[_i].system, rules[_i].stack);
    gable_memory m = memory_of(&s, rules[_i].tp);
    double sum = m.weights_bytes + m.cache_bytes + m.activation_bytes + m.communication_bytes +
                 m.context_bytes + m.runtime_bytes + m.graph_bytes + m.left_bytes;
    bool ideal = strcmp(rules[_i].stack, "ideal") == 0;
    check_close(sum, m.capacity_bytes, 1e-12);
    check_close(m.cache_bytes, promised(&m, &s.rules), 1e-12);
    ck_assert_int_eq(m.communication_bytes > 0.0, rules[_i].tp > 1);
    ck_assert_int_eq(m.activation_bytes > 0.0, !ideal);
    ck_assert_int_eq(m.context_bytes > 0.0, !ideal);
}
END_TEST

/* Buffers of tokens that travel to experts come on top. */
START_TEST(exchanges_have_buffers)
{
    served s = load("deepseek-v3", "hgx-h200-8", "vllm");
    gable_scenario scenario = {.phase = GABLE_PHASE_DECODE,
                               .batch = 8,
                               .n_new = 1,
                               .n_cached = 100,
                               .tp = 1,
                               .attn_dp = 8,
                               .ep = 8};
    gable_plan gathered = lay(&s, &scenario);
    scenario.exchange = GABLE_EXCHANGE_TOKENS;
    gable_plan sent = lay(&s, &scenario);
    check_close(gable_memory_communication_bytes(&gathered, &s.rules), 1.85 * gib, 1e-9);
    check_close(gable_memory_communication_bytes(&sent, &s.rules), 2.85 * gib, 1e-9);
}
END_TEST

/* ---- what fits ---- */

/* Weights of Llama-3.1-405B: 405.85e9 x 2 B = 811.7 GB, of 8 ranks 101.5 GB each. */
static const struct {
    const char *system;
    bool fp8;
    int tp;
    bool fits;
} large[] = {
    {"hgx-h100-8", false, 8, false}, /* 101.5 GB of 85.0 */
    {"hgx-h100-8", true, 8, true},   /* 51 GB, and embeddings in bf16 */
    {"hgx-h200-8", false, 8, true},  /* 101.5 GB of 150.1 */
    {"hgx-h200-8", true, 4, true},   /* 102 GB */
    {"hgx-h200-8", false, 4, false}, /* 203 GB */
    {"hgx-b200-8", false, 8, true},  {"hgx-b200-8", true, 2, false}, /* 204 GB of 191.5 */
};

START_TEST(llama_405b)
{
    served s = load("llama-3.1-405b", large[_i].system, "vllm");
    gable_dtype fp8 = GABLE_DTYPE_FP8;
    gable_err err = {0};
    if (large[_i].fp8)
        ck_assert_int_eq(
            gable_model_override(scratch_arena(), s.model, &fp8, &fp8, &fp8, &s.model, &err),
            GABLE_OK);
    gable_serving_parts p = price(&s, large[_i].tp);
    ck_assert_int_eq(p.fits, large[_i].fits);
    if (!p.fits) /* and it is the weights that are too many */
        ck_assert_double_lt(p.memory.cache_bytes, 0.0);
}
END_TEST

/* gpt-oss-120b: 18 of 36 layers see a window of 128 tokens. 8 heads x 64 x 2 x 2 B = 2048 B a layer
 * and token: 18 x 2048 x 8192 tokens, and 18 x 2048 x 128; charging the window layers for all
 * tokens would make it 1.97 times as much (facts/worked-answers.md names a tool that does). */
START_TEST(windows_are_not_charged)
{
    served s = load("gpt-oss-120b", "h100-sxm", "vllm");
    gable_plan plan = lay(
        &s, &(gable_scenario){
                .phase = GABLE_PHASE_DECODE, .batch = 3, .n_new = 1, .n_cached = 8191, .tp = 1});
    check_close(plan.kv_bytes + plan.state_bytes, 3 * 18.0 * 2048 * (8192 + 128), 1e-12);
}
END_TEST

Suite *gable_suite_memory(void);

Suite *gable_suite_memory(void)
{
    Suite *suite = suite_create("memory");
    TCase *all = tcase_create("memory");
    tcase_add_checked_fixture(all, scratch_open, scratch_close);
    tcase_set_timeout(all, 60);
    ADD_ROWS(all, profiled_step, peaks);
    tcase_add_test(all, profiled_steps_in_the_middle);
    tcase_add_test(all, sampler_by_hand);
    tcase_add_test(all, cache_of_an_h100);
    tcase_add_test(all, cache_of_an_rtx_4090);
    ADD_ROWS(all, every_byte_has_a_name, rules);
    tcase_add_test(all, exchanges_have_buffers);
    ADD_ROWS(all, llama_405b, large);
    tcase_add_test(all, windows_are_not_charged);
    suite_add_tcase(suite, all);
    return suite;
}
