/* machine/generation: hw/generations/GEN.json (an architecture: which devices stand for it, whom to
 * borrow from) and hw/stacks/STACK.json (what belongs to the software). Private to
 * machine. Room: machine. Uses: base. Formats: hw/calibration/README.md. */
#ifndef GABLE_MACHINE_GENERATION_H
#define GABLE_MACHINE_GENERATION_H
#include "machine/constants.h"
#include "machine/serving.h"

typedef struct gable_names {
    int n;
    const char *const *name;
} gable_names;

/* Entries of a device that no other one should borrow: whoever measured them had a different
 * set-up. */
typedef struct gable_oddity {
    const char *device, *stack, *why;
    int family; /* gable_family */
} gable_oddity;

typedef struct gable_generation {
    const char *name, *title, *vendor, *remark;
    int year;
    gable_names devices; /* calibrated devices that stand for it, best first */
    gable_names nearest; /* generations to borrow from, nearest first */
    /* ln spread that a prediction gains when the constants of another device of this generation, or
     * of another generation, price it: measured by predicting open devices from each other */
    double sibling_sigma_ln, nearest_sigma_ln;
    /* One die on boards of several powers (facts/kernels.md 2.3); 0: not described. Beside the
     * datasheet's figures, because kernels reach what the power allows. */
    double reference_w, reference_bf16_flops_per_s, reference_clock_hz, reference_n_sm;
    int n_odd;
    gable_oddity *odd;
    const char **sources;
} gable_generation;

/* Glue between the kernels of one layer. */
typedef struct gable_gap {
    const char *generation, *from;
    double gap_s;
} gable_gap;

/* Kernels of one family and format that another stack's measurements describe better than those of
 * the first fallback: what the engine runs by default. */
typedef struct gable_stand_in {
    int family, weights; /* gable_family, gable_dtype */
    const char *stack, *why;
    bool
        instead; /* also of the stack's own measurements: of a kernel that it does not serve with */
} gable_stand_in;

typedef struct gable_stack {
    const char *name, *title, *version, *remark;
    bool ideal;
    double elementwise_floor_s, elementwise_memory_frac, elementwise_sigma_ln;
    /* ln spread gained when another stack's kernels, or another format's, stand in */
    double stack_sigma_ln, format_sigma_ln;
    gable_names frameworks; /* values of the column `framework` that are this stack */
    gable_names libraries;  /* that it shares with others: their kernels are its own */
    gable_names fallback;   /* stacks whose kernels stand in for families without rows */
    int n_stand_ins;
    gable_stand_in *stand_ins;
    /* Formats whose scales are known before the step, so that the kernel in front of a product
       writes its activations quantised; benchmarks of products quantise by themselves. */
    gable_names fused_quantisation;
    gable_serving_rules serving;
    gable_names kv_fp8; /* generations on which the cache is 8 bits by default */
    int n_gaps;
    gable_gap *gaps;
    const char **sources;
} gable_stack;

extern const gable_schema gable_generation_schema, gable_oddity_schema, gable_stack_schema,
    gable_gap_schema, gable_stand_in_schema;

/* Read one file; unknown names are refused with the nearest one. Everything lives in the arena. */
gable_status gable_generation_load(gable_arena *arena, const char *hw, const char *name,
                                   const gable_generation **out, gable_err *err);
gable_status gable_stack_load(gable_arena *arena, const char *hw, const char *name,
                              const gable_stack **out, gable_err *err);

/* Elements of root.`key`, an array of objects; a missing key gives none. Each must have a "source"
 * that is in the root's "sources". *out holds `bytes` per element. */
gable_status gable_list_read(gable_arena *arena, const gable_json *root, const char *key,
                             const gable_schema *schema, size_t bytes, void *out, int *n,
                             gable_err *err);

#endif
