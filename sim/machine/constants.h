/* machine/constants: what separates a kernel's time from its speed of light: launch floors,
 * efficiencies, collective latencies, each with its provenance. hw/calibration/DEVICE.json holds
 * what was fitted on a device (written by `gable calibrate`); hw/generations/GEN.json names the
 * devices that stand for a generation and its collective constants; hw/stacks/STACK.json holds what
 * belongs to the software. Room: machine. Uses: base. */
#ifndef GABLE_MACHINE_CONSTANTS_H
#define GABLE_MACHINE_CONSTANTS_H
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "machine/flavour.h"
#include "machine/forms.h"

struct gable_accelerator;
struct gable_serving_rules;

/* Where a number comes from, best first; an operator's source is the worst among its constants. */
#define GABLE_PROVENANCE_LIST(X)                                                                   \
    X(SPEC, "spec") X(FITTED, "fitted") X(TRANSFERRED, "transferred") X(ASSUMED, "assumed")
typedef enum gable_provenance {
#define GABLE_PROVENANCE_ENUM(symbol, name) GABLE_PROVENANCE_##symbol,
    GABLE_PROVENANCE_LIST(GABLE_PROVENANCE_ENUM)
#undef GABLE_PROVENANCE_ENUM
        GABLE_N_PROVENANCES
} gable_provenance;
const char *gable_provenance_name(gable_provenance provenance);

/* Families of kernels that are fitted together.
 * X(symbol, key = KIND of `gable predict` where there is one, form of its time) */
#define GABLE_FAMILY_LIST(X)                                                                       \
    X(GEMM, "gemm", GEMM)                                                                          \
    X(ATTENTION_CONTEXT, "attention_context", CONTEXT)                                             \
    X(ATTENTION_GENERATION, "attention_generation", DECODE)                                        \
    X(ATTENTION_ENCODER, "attention_encoder", CONTEXT)                                             \
    X(MOE, "moe", MOE)                                                                             \
    X(LATENT_CONTEXT, "mla_context", LATENT_CONTEXT)                                               \
    X(LATENT_GENERATION, "mla_generation", LATENT_DECODE)                                          \
    X(BATCHED, "mla_bmm", BATCHED)                                                                 \
    X(MLA_CONTEXT, "mla_module_context", SUBLAYER)                                                 \
    X(MLA_GENERATION, "mla_module_generation", SUBLAYER)                                           \
    X(DSA_CONTEXT, "dsa_context", SUBLAYER)                                                        \
    X(DSA_GENERATION, "dsa_generation", SUBLAYER)                                                  \
    X(CSA_CONTEXT, "csa_context", SUBLAYER)                                                        \
    X(CSA_GENERATION, "csa_generation", SUBLAYER)                                                  \
    X(HCA_CONTEXT, "hca_context", SUBLAYER)                                                        \
    X(HCA_GENERATION, "hca_generation", SUBLAYER)                                                  \
    X(MSA_CONTEXT, "msa_context", SUBLAYER)                                                        \
    X(MSA_GENERATION, "msa_generation", SUBLAYER)                                                  \
    X(MOE_WIDE, "moe_wideep", WIDE)                                                                \
    X(LINEAR_CONV, "linear_conv", STREAM)                                                          \
    X(LINEAR_SCAN, "linear_scan", STREAM)                                                          \
    X(LINEAR_CONV_UPDATE, "linear_conv_update", STREAM)                                            \
    X(LINEAR_UPDATE, "linear_update", STREAM)                                                      \
    X(MHC_PRE, "mhc_pre", STREAM)                                                                  \
    X(MHC_POST, "mhc_post", STREAM)                                                                \
    X(QUANTIZE, "quantize", STREAM)                                                                \
    X(ALL_REDUCE, "all_reduce", COLLECTIVE)                                                        \
    X(ALL_GATHER, "all_gather", COLLECTIVE)                                                        \
    X(REDUCE_SCATTER, "reduce_scatter", COLLECTIVE)                                                \
    X(ALL_TO_ALL, "all_to_all", COLLECTIVE)                                                        \
    X(CUSTOM_REDUCE, "custom_all_reduce", CUSTOM)                                                  \
    X(MOE_DISPATCH, "moe_dispatch", EXCHANGE)                                                      \
    X(MOE_COMBINE, "moe_combine", EXCHANGE)                                                        \
    X(MOE_PREPARE, "moe_prepare", EXCHANGE)                                                        \
    X(ELEMENTWISE, "elementwise", ROOFLINE)
typedef enum gable_family {
#define GABLE_FAMILY_ENUM(symbol, key, form) GABLE_FAMILY_##symbol,
    GABLE_FAMILY_LIST(GABLE_FAMILY_ENUM)
#undef GABLE_FAMILY_ENUM
        GABLE_N_FAMILIES
} gable_family;
const char *gable_family_key(gable_family family);

/* A set of families, a bit each. */
typedef uint64_t gable_families;
#define GABLE_ALL_FAMILIES (((gable_families)1 << GABLE_N_FAMILIES) - 1)
static inline bool gable_families_have(gable_families set, gable_family family)
{
    return (set >> family & 1) != 0;
}
extern const gable_form_kind gable_family_forms[GABLE_N_FAMILIES];
static inline gable_form_kind gable_family_form(gable_family family)
{
    return gable_family_forms[family];
}

/* What a family's form needs to price a kernel of one format on one device: see machine/forms.h. */
typedef struct gable_kernel_constants {
    double value[GABLE_PARAMETERS_CAP]; /* in the order of the form's table */
    double sigma_ln; /* spread of ln(measured / predicted) on held-out rows; gives p10 and p90 */
    gable_provenance provenance;
    const char *kernel; /* label of the kernel in the measurements */
    const char *from;   /* "h100-sxm trtllm gemm bf16, 137 rows": printed by explain */
} gable_kernel_constants;

/* The constant of that name in the family's form; `fallback` when the form has none. */
double gable_kernel_constant(const gable_kernel_constants *kernel, gable_family family,
                             const char *name, double fallback);

/* All constants of one device under one stack. Lives in the arena of the load. */
typedef struct gable_constants {
    const char *stack, *stack_version;
    bool ideal;            /* stack "ideal": no software cost, expected = ceiling */
    gable_families absent; /* families that were not loaded: nothing of theirs can be priced */
    /* [family][format of the weights, or of the cache][unit that the FLOPs run on]: W4A16 and W4A8
     * share a format and differ in the unit. The stack's usual kernel; equal columns share an
     * entry. */
    const gable_kernel_constants *kernel[GABLE_N_FAMILIES][GABLE_N_DTYPES][GABLE_N_MMA];
    /* Kernels for a particular job; NULL where the family has no such job: the usual one does it.
     */
    const gable_kernel_constants
        *flavoured[GABLE_N_FLAVOURS][GABLE_N_FAMILIES][GABLE_N_DTYPES][GABLE_N_MMA];
    /* Power-limited clocks as after seconds of work, not as in a benchmark with pauses. */
    bool sustained;
    /* In serving, activations of these formats arrive quantised: [format]. */
    bool fused_quantisation[GABLE_N_DTYPES];
    /* Peaks and clocks of boards of one die follow their power (facts/kernels.md 2.3): what the
     * datasheet's figures are multiplied by; 1 where nothing is known. */
    double silicon_frac;
    bool by_power; /* the generation says so: clocks and silicon_frac go with the root of the power
                    */
    double clock_hz, n_sm; /* where the datasheet gives none */
    double
        boost_hz; /* clock of kernels that the power does not limit: alike on all boards of a die */
    double gap_s_per_layer; /* glue between kernels of one layer: facts/serving.md 3 */
    gable_provenance gap_provenance;
    const char *gap_from;
    const struct gable_serving_rules *rules; /* of the stack: what it keeps beside a plan; NULL:
                                                nothing */
} gable_constants;

/* Constants of `accelerator` under `stack`: its own calibration, else a sibling of its generation
 * (transferred), else the generation that its file names as nearest (assumed, with a wider spread).
 */
gable_status gable_constants_load(gable_arena *arena, const char *hw,
                                  const struct gable_accelerator *accelerator, const char *stack,
                                  const gable_constants **out, gable_err *err);

/* The same for kernels of these families alone: other columns are NULL, and files that only they
 * need are not read. */
gable_status gable_constants_load_families(gable_arena *arena, const char *hw,
                                           const struct gable_accelerator *accelerator,
                                           const char *stack, gable_families families,
                                           const gable_constants **out, gable_err *err);

/* The kernel that does a job of the family in these formats. */
static inline const gable_kernel_constants *
gable_constants_kernel(const gable_constants *constants, gable_family family, gable_dtype weights,
                       gable_mma unit, gable_flavour flavour)
{
    const gable_kernel_constants *own = constants->flavoured[flavour][family][weights][unit];
    return own ? own : constants->kernel[family][weights][unit];
}

/* Clock, SMs and silicon_frac of a device alone, without kernels: what fitting needs. */
gable_status gable_silicon_load(gable_arena *arena, const char *hw,
                                const struct gable_accelerator *accelerator, gable_constants **out,
                                gable_err *err);

/* Constants of a named kernel (a value of the column `kernel` of measurements), which may differ
 * from the stack's usual one. Same rules and errors as gable_constants_load. */
gable_status gable_constants_of_kernel(gable_arena *arena, const char *hw,
                                       const struct gable_accelerator *accelerator,
                                       const char *stack, gable_family family, gable_dtype weights,
                                       gable_mma unit, const char *kernel,
                                       const gable_kernel_constants **out, gable_err *err);

/* Stack whose file lists `framework`, a value of that column in tables of measurements; *stack is
 * NULL when none does. *library: no stack, but a library that stacks share and list as one of their
 * "libraries" (NCCL); *stack is its own name then. */
gable_status gable_stack_of_framework(gable_arena *arena, const char *hw, const char *framework,
                                      const char **stack, bool *library, gable_err *err);

/* Families whose constants know no number format: one column serves all. */
bool gable_family_is_net(gable_family family);

#endif
