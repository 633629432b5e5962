/* machine/generation_fields: the rows of hw/generations, hw/stacks and hw/calibration. */
#include "machine/calibration.h"
#include "machine/generation.h"

static const char *const families[] = {
#define FAMILY_KEY(symbol, key, form) key,
    GABLE_FAMILY_LIST(FAMILY_KEY)
#undef FAMILY_KEY
        NULL};
static const char *const dtypes[] = {
#define DTYPE_NAME(symbol, name, bits, mma) name,
    GABLE_DTYPE_LIST(DTYPE_NAME)
#undef DTYPE_NAME
        NULL};
static const char *const units[] = {
#define MMA_KEY(symbol, key) key,
    GABLE_MMA_LIST(MMA_KEY)
#undef MMA_KEY
        NULL};
static const char *const provenances[] = {
#define PROVENANCE_NAME(symbol, name) name,
    GABLE_PROVENANCE_LIST(PROVENANCE_NAME)
#undef PROVENANCE_NAME
        NULL};

const char *gable_family_key(gable_family family)
{
    return families[family];
}

const gable_form_kind gable_family_forms[GABLE_N_FAMILIES] = {
#define FAMILY_FORM(symbol, key, form) GABLE_FORM_##form,
    GABLE_FAMILY_LIST(FAMILY_FORM)
#undef FAMILY_FORM
};

const char *gable_provenance_name(gable_provenance provenance)
{
    return provenances[provenance];
}

#define TEXT_ROW(struct_, key_, type_, member, flags_, help_)                                      \
    {                                                                                              \
        .block = "", .key = (key_), .type = GABLE_FIELD_##type_,                                   \
        .offset = offsetof(struct_, member), .flags = (flags_), .help = (help_)                    \
    }
#define NUMBER_ROW(struct_, block_, key_, dim_, member, min_, max_, flags_, help_)                 \
    {                                                                                              \
        .block = (block_), .key = (key_), .type = GABLE_FIELD_NUMBER, .dim = GABLE_DIM_##dim_,     \
        .offset = offsetof(struct_, member), .min = (min_), .max = (max_), .flags = (flags_),      \
        .help = (help_)                                                                            \
    }
#define INT_ROW(struct_, key_, member, min_, max_, flags_, help_)                                  \
    {                                                                                              \
        .block = "", .key = (key_), .type = GABLE_FIELD_INT, .offset = offsetof(struct_, member),  \
        .min = (min_), .max = (max_), .flags = (flags_), .help = (help_)                           \
    }
#define CHOICE_ROW(struct_, block_, key_, member, choices_, flags_, help_)                         \
    {                                                                                              \
        .block = (block_), .key = (key_), .type = GABLE_FIELD_CHOICE,                              \
        .offset = offsetof(struct_, member), .flags = (flags_), .choices = (choices_),             \
        .help = (help_)                                                                            \
    }
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

enum { REQUIRED = GABLE_FIELD_REQUIRED };
#define LEAST_FRAC 1e-4 /* a kernel below that is broken, not slow */
#define MOST_SIGMA 3.0  /* a factor of 20 either way: no prediction any more */

/* ---- generations ---- */

#define GEN_NUMBER(...) NUMBER_ROW(gable_generation, __VA_ARGS__)

static const gable_field generation_rows[] = {
    TEXT_ROW(gable_generation, "name", NAME, name, REQUIRED,
             "Name that accelerators use; the file is called so."),
    TEXT_ROW(gable_generation, "title", TEXT, title, REQUIRED, "What people call it, one line."),
    TEXT_ROW(gable_generation, "vendor", TEXT, vendor, REQUIRED, "Who designed it."),
    TEXT_ROW(gable_generation, "remark", TEXT, remark, 0, "Why it borrows from whom it does."),
    INT_ROW(gable_generation, "year", year, 2006, 2040, REQUIRED, "Year of first shipment."),
    GEN_NUMBER(
        "silicon", "power", WATTS, reference_w, 0, 0, 0,
        "Board power at which peak and clock hold, W; those of other boards go by its root."),
    GEN_NUMBER("silicon", "peak_bf16", FLOPS_PER_S, reference_bf16_flops_per_s, 0, 0, 0,
               "Dense bf16 peak at that power, FLOP/s."),
    GEN_NUMBER("silicon", "clock", HERTZ, reference_clock_hz, 0, 0, 0, "Clock at that power, Hz."),
    GEN_NUMBER("silicon", "sm_count", COUNT, reference_n_sm, 0, 0, 0,
               "SMs of the die that kernels fill."),
    GEN_NUMBER("transfer", "sibling_sigma_ln", NONE, sibling_sigma_ln, 0, MOST_SIGMA, REQUIRED,
               "Spread gained by a device of this generation that was not measured, ln."),
    GEN_NUMBER("transfer", "nearest_sigma_ln", NONE, nearest_sigma_ln, 0, MOST_SIGMA, REQUIRED,
               "Spread gained by constants of another generation, ln."),
};
static const char *const generation_extra[] = {"devices", "nearest", "odd"};

const gable_schema gable_generation_schema = {
    .id = "gable.generation/1",
    .title = "One architecture: who stands for it, whom it borrows from, its collectives",
    .fields = generation_rows,
    .n_fields = COUNT_OF(generation_rows),
    .extra_keys = generation_extra,
    .n_extra_keys = COUNT_OF(generation_extra),
    .sourced = true,
};

static const gable_field oddity_rows[] = {
    TEXT_ROW(gable_oddity, "device", NAME, device, REQUIRED, "Device that was measured."),
    TEXT_ROW(gable_oddity, "stack", NAME, stack, REQUIRED, "Stack of the entries."),
    CHOICE_ROW(gable_oddity, "", "family", family, families, REQUIRED, "Family of the entries."),
    TEXT_ROW(gable_oddity, "why", TEXT, why, REQUIRED, "How it differs from its siblings."),
};

const gable_schema gable_oddity_schema = {
    .title = "Entries that no other device borrows",
    .fields = oddity_rows,
    .n_fields = COUNT_OF(oddity_rows),
};

/* ---- stacks ---- */

#define STACK_NUMBER(...) NUMBER_ROW(gable_stack, __VA_ARGS__)

static const gable_field stack_rows[] = {
    TEXT_ROW(gable_stack, "name", NAME, name, REQUIRED,
             "Name that --stack takes; the file is called so."),
    TEXT_ROW(gable_stack, "title", TEXT, title, REQUIRED, "What people call it, one line."),
    TEXT_ROW(gable_stack, "version", TEXT, version, REQUIRED, "Release that was measured."),
    TEXT_ROW(gable_stack, "remark", TEXT, remark, 0, "What a reader should know."),
    {.block = "",
     .key = "ideal",
     .type = GABLE_FIELD_BOOL,
     .offset = offsetof(gable_stack, ideal),
     .help = "No software cost: expected is the speed of light."},
    STACK_NUMBER("elementwise", "floor", SECONDS, elementwise_floor_s, 0, 1e-3, 0,
                 "Time of a kernel that streams nothing, s."),
    STACK_NUMBER("elementwise", "memory_frac", NONE, elementwise_memory_frac, LEAST_FRAC, 1, 0,
                 "Reached share of the memory bandwidth."),
    STACK_NUMBER("elementwise", "sigma_ln", NONE, elementwise_sigma_ln, 0, MOST_SIGMA, 0,
                 "Spread of ln(measured / predicted)."),
    STACK_NUMBER("serving", "memory_frac", NONE, serving.memory_frac, 0, 1, 0,
                 "Part of the memory that an engine takes, or of what the weights leave."),
    {.block = "serving",
     .key = "of_free",
     .type = GABLE_FIELD_BOOL,
     .offset = offsetof(gable_stack, serving.of_free),
     .help = "memory_frac is of what the weights leave, for the cache alone."},
    {.block = "serving",
     .key = "of_start",
     .type = GABLE_FIELD_BOOL,
     .offset = offsetof(gable_stack, serving.of_start),
     .help = "memory_frac is of what context and buffers leave, for weights and cache alone."},
    STACK_NUMBER("serving", "context", BYTES, serving.context_bytes, 0, 1e12, 0,
                 "Taken by the driver before the engine counts, B."),
    STACK_NUMBER("serving", "runtime", BYTES, serving.runtime_bytes, 0, 1e12, 0,
                 "Taken by kernels and libraries, B."),
    STACK_NUMBER("serving", "graphs", BYTES, serving.graph_bytes, 0, 1e12, 0,
                 "Taken by captured steps, B."),
    STACK_NUMBER("serving", "workspace", BYTES, serving.workspace_bytes, 0, 1e12, 0,
                 "Taken by workspaces of products, B."),
    STACK_NUMBER("serving", "collective_buffers", BYTES, serving.collective_bytes, 0, 1e12, 0,
                 "Taken by collectives on each rank, where ranks share products, B."),
    STACK_NUMBER("serving", "exchange_buffers", BYTES, serving.exchange_bytes, 0, 1e12, 0,
                 "Taken by tokens sent to experts, on each rank, B."),
    STACK_NUMBER("serving", "logit_bytes", NONE, serving.logit_bytes, 0, 1e3, 0,
                 "Kept alive for each logit while an engine samples, B."),
    STACK_NUMBER("serving", "rows_per_sm", COUNT, serving.rows_per_sm, 0, 1e3, 0,
                 "Rows of logits that sampling keeps as scratch for each SM."),
    STACK_NUMBER("serving", "sequences", COUNT, serving.sequences, 1, 1e9, 0,
                 "Sequences that run at a time, at most."),
    STACK_NUMBER("serving", "small_memory", BYTES, serving.small_memory_bytes, 0, 1e15, 0,
                 "Devices with less take small_step_tokens and small_sequences, B."),
    STACK_NUMBER("serving", "small_step_tokens", COUNT, serving.small_step_tokens, 1, 1e9, 0,
                 "step_tokens of small devices."),
    STACK_NUMBER("serving", "small_sequences", COUNT, serving.small_sequences, 1, 1e9, 0,
                 "sequences of small devices."),
    {.block = "serving",
     .key = "separate_prefill",
     .type = GABLE_FIELD_BOOL,
     .offset = offsetof(gable_stack, serving.separate_prefill),
     .help = "A prompt is a step of its own."},
    STACK_NUMBER("serving", "step_tokens", COUNT, serving.step_tokens, 1, 1e9, 0,
                 "Budget of one step: tokens of prompts and of decoding sequences."),
    STACK_NUMBER("serving", "graph_tokens", COUNT, serving.graph_tokens, 0, 1e9, 0,
                 "Tokens of the largest step with prompts that is launched as a graph."),
    STACK_NUMBER("serving", "block_tokens", COUNT, serving.block_tokens, 1, 1024, 0,
                 "Tokens of one block of the cache."),
    {.block = "serving",
     .key = "whole_prompts",
     .type = GABLE_FIELD_BOOL,
     .offset = offsetof(gable_stack, serving.whole_prompts),
     .help = "A prompt is not cut to fill a step."},
    {.block = "serving",
     .key = "whole_answers",
     .type = GABLE_FIELD_BOOL,
     .offset = offsetof(gable_stack, serving.whole_answers),
     .help = "A request starts when the cache has room for its whole answer."},
    STACK_NUMBER("transfer", "stack_sigma_ln", NONE, stack_sigma_ln, 0, MOST_SIGMA, 0,
                 "Spread gained when another stack's kernels stand in, ln."),
    STACK_NUMBER("transfer", "format_sigma_ln", NONE, format_sigma_ln, 0, MOST_SIGMA, 0,
                 "Spread gained when another format's kernels stand in, ln."),
};
static const char *const stack_extra[] = {"frameworks", "libraries",          "fallback", "gaps",
                                          "stands_in",  "fused_quantisation", "kv_fp8"};

const gable_schema gable_stack_schema = {
    .id = "gable.stack/1",
    .title = "One software stack: what it costs beside its kernels, and whose kernels stand in",
    .fields = stack_rows,
    .n_fields = COUNT_OF(stack_rows),
    .extra_keys = stack_extra,
    .n_extra_keys = COUNT_OF(stack_extra),
    .sourced = true,
};

static const gable_field stand_in_rows[] = {
    CHOICE_ROW(gable_stand_in, "", "family", family, families, REQUIRED, "Family of kernels."),
    CHOICE_ROW(gable_stand_in, "", "weights", weights, dtypes, REQUIRED, "Format of the weights."),
    TEXT_ROW(gable_stand_in, "stack", NAME, stack, REQUIRED, "Whose kernels stand in."),
    TEXT_ROW(gable_stand_in, "why", TEXT, why, REQUIRED, "What the engine runs, in words."),
    {.block = "",
     .key = "instead",
     .type = GABLE_FIELD_BOOL,
     .offset = offsetof(gable_stand_in, instead),
     .help =
         "Also where the stack itself was measured, with a kernel that it does not serve with."},
};

const gable_schema gable_stand_in_schema = {
    .title = "Kernels that stand in for one family and format",
    .fields = stand_in_rows,
    .n_fields = COUNT_OF(stand_in_rows),
};

static const gable_field gap_rows[] = {
    TEXT_ROW(gable_gap, "generation", NAME, generation, REQUIRED, "Name of a file here."),
    TEXT_ROW(gable_gap, "from", TEXT, from, REQUIRED, "What it was fitted to."),
    NUMBER_ROW(gable_gap, "", "gap", SECONDS, gap_s, 0, 1e-2, REQUIRED,
               "Time between the kernels of one layer, all together, s."),
};

const gable_schema gable_gap_schema = {
    .title = "Glue between kernels of one layer",
    .fields = gap_rows,
    .n_fields = COUNT_OF(gap_rows),
};

/* ---- calibrations ---- */

static const gable_field calibration_rows[] = {
    TEXT_ROW(gable_calibration, "name", NAME, name, REQUIRED,
             "Device that was measured; the file is called so."),
};
static const char *const calibration_extra[] = {"kernels"};

const gable_schema gable_calibration_schema = {
    .id = "gable.calibration/1",
    .title = "What was fitted on one device; written by gable calibrate",
    .fields = calibration_rows,
    .n_fields = COUNT_OF(calibration_rows),
    .extra_keys = calibration_extra,
    .n_extra_keys = COUNT_OF(calibration_extra),
    .sourced = true,
};

#define FIT_NUMBER(...) NUMBER_ROW(gable_calibrated, "", __VA_ARGS__)

static const gable_field calibrated_rows[] = {
    CHOICE_ROW(gable_calibrated, "", "family", family, families, REQUIRED, "Family of kernels."),
    TEXT_ROW(gable_calibrated, "stack", NAME, stack, REQUIRED, "Software that was measured."),
    TEXT_ROW(gable_calibrated, "version", TEXT, version, REQUIRED, "Its release."),
    CHOICE_ROW(gable_calibrated, "", "weights", weights, dtypes, REQUIRED,
               "Format of the weights, or of the cache."),
    CHOICE_ROW(gable_calibrated, "", "unit", unit, units, REQUIRED, "Unit that the FLOPs run on."),
    TEXT_ROW(gable_calibrated, "kernel", TEXT, kernel, 0, "Label of the kernel in the rows."),
    FIT_NUMBER("sigma_ln", NONE, sigma_ln, 0, MOST_SIGMA, REQUIRED,
               "Spread of ln(measured / predicted) on the test rows."),
    INT_ROW(gable_calibrated, "n_train", n_train, 1, 100000000, REQUIRED, "Rows fitted to."),
    INT_ROW(gable_calibrated, "n_test", n_test, 0, 100000000, REQUIRED, "Rows tested on."),
    FIT_NUMBER("median_frac", NONE, median_frac, 0, 1000, REQUIRED,
               "Median of |predicted / measured - 1| on the test rows."),
    FIT_NUMBER("p90_frac", NONE, p90_frac, 0, 1000, REQUIRED, "90th percentile of the same."),
    FIT_NUMBER("bias_frac", NONE, bias_frac, -1, 1000, REQUIRED,
               "Median of predicted / measured - 1 on the test rows."),
    TEXT_ROW(gable_calibrated, "source", NAME, source, REQUIRED, "Rows that it was fitted to."),
    TEXT_ROW(gable_calibrated, "date", TEXT, date, 0, "Day of the fit."),
};

static const char *const calibrated_extra[] = {"constants"};

const gable_schema gable_calibrated_schema = {
    .title = "Constants of one family, format, stack and kernel",
    .fields = calibrated_rows,
    .n_fields = COUNT_OF(calibrated_rows),
    .extra_keys = calibrated_extra,
    .n_extra_keys = COUNT_OF(calibrated_extra),
};
