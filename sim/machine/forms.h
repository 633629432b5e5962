/* machine/forms: formulas of kernels' times have named constants. This room knows the names, what
 * they mean and what is believed of them before a fit (priors); the formulas themselves are
 * functions of sim/cost. A constant lives in hw/calibration under its name, is fitted by `gable
 * calibrate`, and is printed by `gable explain`. Adding a constant is a row of its table.
 * Room: machine. Uses: nothing. Centres and spreads: facts/kernels.md 2.4, facts/attention.md 2-3.
 */
#ifndef GABLE_MACHINE_FORMS_H
#define GABLE_MACHINE_FORMS_H
#include <stdbool.h>

#include "machine/forms_attention.h"
#include "machine/forms_latent.h"
#include "machine/forms_net.h"

enum { GABLE_PARAMETERS_CAP = 30, GABLE_CHOICES_CAP = 8 };

/* One constant. Continuous: log-normal around `centre` with `spread` of the logarithm, kept in
 * [low, high]. Discrete (n_choices > 0): one of `choices`, the first by default; tile shapes and
 * switches of a kernel library, found by trying. */
typedef struct gable_parameter {
    const char *name;
    double centre, spread, low, high;
    int n_choices;
    double choices[GABLE_CHOICES_CAP];
    const char *help; /* unit and meaning */
} gable_parameter;

typedef struct gable_form {
    const char *name;
    const gable_parameter *parameters;
    int n_parameters; /* <= GABLE_PARAMETERS_CAP */
} gable_form;

/* X(symbol, name). Each has a time function in sim/cost/forms.c. */
#define GABLE_FORM_LIST(X)                                                                         \
    X(ROOFLINE, "roofline")                                                                        \
    X(GEMM, "gemm")                                                                                \
    X(MOE, "moe")                                                                                  \
    X(CONTEXT, "context")                                                                          \
    X(DECODE, "decode")                                                                            \
    X(LATENT_CONTEXT, "latent_context")                                                            \
    X(LATENT_DECODE, "latent_decode")                                                              \
    X(BATCHED, "batched")                                                                          \
    X(SUBLAYER, "sublayer")                                                                        \
    X(STREAM, "stream")                                                                            \
    X(WIDE, "wide")                                                                                \
    X(COLLECTIVE, "collective")                                                                    \
    X(CUSTOM, "custom")                                                                            \
    X(EXCHANGE, "exchange")
typedef enum gable_form_kind {
#define GABLE_FORM_ENUM(symbol, name) GABLE_FORM_##symbol,
    GABLE_FORM_LIST(GABLE_FORM_ENUM)
#undef GABLE_FORM_ENUM
        GABLE_N_FORMS
} gable_form_kind;

extern const gable_form gable_forms[GABLE_N_FORMS];

/* Index of a constant of a form by its name; -1 when there is none. */
int gable_form_find(const gable_form *form, const char *name);

/* Whether a constant may have this value: in its range, or one of its choices. */
bool gable_form_allows(const gable_parameter *parameter, double value);

/* Tables: P(symbol, name, centre, spread, low, high, help) and D(symbol, name, help, choices…); the
 * symbols become indices GABLE_<FORM>_<symbol>. */
#define GABLE_ROOFLINE_PARAMETERS(P, D)                                                            \
    P(FLOOR, "floor_us", 10.0, 1.0, 0.1, 1e4, "launch and prologue, us")                           \
    P(COMPUTE, "compute_frac", 0.5, 1.0, 0.001, 1.0, "of the dense peak")                          \
    P(MEMORY, "memory_frac", 0.75, 0.5, 0.001, 1.0, "of the datasheet bandwidth")

#define GABLE_GEMM_PARAMETERS(P, D)                                                                \
    P(T0, "t0_us", 2.2, 0.3, 0.5, 60.0, "floor of a launch in a graph, us")                        \
    P(EC, "compute_frac", 0.85, 0.12, 0.2, 1.0, "of the dense peak with full tiles")               \
    P(EM, "memory_frac", 0.84, 0.06, 0.3, 1.0, "of the datasheet bandwidth")                       \
    P(EW, "write_weight", 1.1, 0.25, 0.5, 3.0, "cost of an output byte beside a read one")         \
    D(JOIN, "overlap_power", "p-norm that joins compute and memory", 4, 2, 8)                      \
    P(H, "tile_halo", 5.0, 1.0, 0.05, 60.0, "elements of work lost at each tile edge")             \
    P(TSK, "split_us", 2.7, 0.3, 0.5, 10.0, "one more kernel when k is split, us")                 \
    P(KSK, "split_rate", 0.5, 0.7, 0.02, 20.0, "partial sums: part of the load rate")              \
    P(LSM, "sm_load_bytes", 70.0, 0.4, 5.0, 300.0, "bytes per clock that one SM can pull in")      \
    P(EPI, "sm_store_bytes", 20.0, 0.5, 2.0, 400.0,                                                \
      "bytes per clock that one SM stores in the epilogue")                                        \
    P(LATK, "step_clocks", 1.5, 0.5, 0.1, 10.0, "least clocks per element of k")                   \
    P(SIG, "wave_softness", 0.7, 0.5, 0.02, 1.0, "0: whole waves, 1: none")                        \
    P(L2T, "l2_frac", 0.8, 0.3, 0.1, 2.0, "of L2 that keeps operands between calls")               \
    P(KAP, "l2_gain", 3.0, 0.7, 1.0, 12.0, "speed of L2 beside memory; 1: no credit")              \
    P(DEL, "droop", 0.15, 0.5, 0.001, 0.6, "clock droop of long kernels")                          \
    P(TAU, "droop_ms", 3.0, 0.7, 0.1, 40.0, "length at which half of it is there, ms")             \
    P(TQ0, "quantise_us", 4.0, 2.0, 0.01, 30.0, "floor of quantising the activations, us")         \
    P(TQB, "quantise_passes", 6.0, 0.4, 0.5, 30.0, "bytes moved for it per activation")            \
    D(MENU, "tile_menu", "tiles of the library: rows of the menu table in gemm.c", 0, 1, 2)        \
    D(SPLIT, "splits", "whether the library splits k", 1, 0)                                       \
    D(L2ON, "l2_credit", "whether operands that stay in L2 are faster", 1, 0)

#define GABLE_MOE_PARAMETERS(P, D)                                                                 \
    P(TF, "floor_us", 15.0, 1.0, 0.5, 200.0, "floor of the layer, us")                             \
    P(TFA, "floor_log_us", 2.0, 1.0, 0.01, 30.0, "more of it per doubling of pairs beyond 64, us") \
    P(PT, "pair_ns", 3.0, 1.0, 0.01, 80.0, "routing of one token-expert pair, 1e-4 us")            \
    P(TK, "topk_us", 0.5, 1.0, 0.005, 6.0, "routing of each expert per token beyond 8, us")        \
    P(PE, "expert_us", 0.05, 1.0, 0.001, 3.0, "each expert that is hit, us")                       \
    P(PR, "rank_expert_us", 0.02, 1.5, 5e-4, 3.0, "each expert of the rank, hit or not, us")       \
    P(PB, "stream_weight", 1.0, 0.7, 0.05, 6.0, "permutation and activation bytes beside ideal")   \
    P(EC, "compute_frac", 0.85, 0.2, 0.1, 1.0, "of the dense peak with full tiles")                \
    P(EM, "memory_frac", 0.9, 0.1, 0.2, 1.0, "of the datasheet bandwidth")                         \
    P(EW, "write_weight", 0.85, 0.3, 0.3, 3.0, "cost of an output byte beside a read one")         \
    D(JOIN, "overlap_power", "p-norm that joins compute and memory", 2, 4, 8, 1)                   \
    P(H, "tile_halo", 5.0, 0.7, 0.05, 60.0, "elements of work lost at each tile edge")             \
    P(LSM, "sm_load_bytes", 60.0, 0.5, 5.0, 300.0, "bytes per clock that one SM can pull in")      \
    P(EPI, "sm_store_bytes", 25.0, 0.8, 2.0, 400.0, "bytes per clock stored in the epilogue")      \
    P(SIG, "wave_softness", 0.5, 0.5, 0.02, 1.0, "0: whole waves, 1: none")                        \
    P(LATK, "step_clocks", 1.5, 0.5, 0.1, 10.0, "least clocks per element of k")                   \
    P(OV, "tile_clocks", 500.0, 1.5, 1.0, 2e4, "fixed clocks of a tile")                           \
    P(L2T, "l2_frac", 0.8, 0.4, 0.05, 3.0, "of L2 that keeps operands between kernels")            \
    D(L2ON, "l2_credit", "whether operands that stay in L2 are faster", 0, 1)                      \
    D(RULE, "tile_rule",                                                                           \
      "whether the tile goes by tokens per expert alone; else the best is taken", 0, 1)            \
    D(ALL, "streams_all", "whether buffers hold the pairs of other ranks too, left empty", 0, 1)

/* Kernels that stream memory and walk a chain of steps: facts/attention.md 5. */
#define GABLE_STREAM_PARAMETERS(P, D)                                                              \
    P(T0, "floor_us", 5.0, 1.0, 0.3, 5000.0, "launches and prologue, us")                          \
    P(C1, "step_us", 0.5, 1.5, 0.001, 100.0, "step of a chain on an SM of 1.83 GHz, us")           \
    P(KAP, "block_us", 3.0, 1.5, 0.001, 100.0, "fixed cost of a wave of blocks, us")               \
    P(SIG, "wave_softness", 0.3, 0.7, 0.01, 1.0, "0: whole waves, 1: none")                        \
    P(C2, "unit_us", 0.3, 1.5, 1e-4, 100.0, "unit of work on one SM of 1.83 GHz, us")              \
    P(UW, "tail_weight", 1.0, 0.7, 0.1, 10.0, "cost of a sequence shorter than a step")            \
    P(EB, "memory_frac", 0.85, 0.15, 0.1, 1.0, "of the datasheet bandwidth")                       \
    P(L2X, "l2_gain", 2.5, 0.7, 1.0, 12.0, "speed of L2 beside memory")                            \
    P(CL2, "l2_frac", 0.9, 0.4, 0.05, 4.0, "of L2 that keeps the streams")                         \
    P(EF, "compute_frac", 0.4, 0.7, 0.01, 1.0, "of the dense peak")                                \
    D(SPILL, "spill", "whether states between chunks or drafts go to memory", 1, 0)                \
    D(SERIAL, "blocks_per_sm",                                                                     \
      "blocks that share an SM, wave after wave; 0: they hide each other", 0, 1, 2, 4, 8)          \
    D(POWER, "overlap_power", "p-norm of chain, work, memory and products", 4, 2, 1)               \
    D(GRID, "per_channel", "convolutions: a block for each sequence and channel", 0, 1)            \
    D(L2ON, "l2_credit", "whether streams that stay in L2 are faster", 1, 0)

/* Experts whose tokens are counted and padded by the host: the constants of "moe", and the host's
 * own time. */
#define GABLE_WIDE_PARAMETERS(P, D)                                                                \
    GABLE_MOE_PARAMETERS(P, D)                                                                     \
    P(HOST, "host_us", 200.0, 1.5, 0.5, 5000.0,                                                    \
      "launches by the host, beside which the kernels run, us")                                    \
    D(EAGER, "eager", "whether the host launches each call; else a graph does", 0, 1)

#define GABLE_ROOFLINE_P(symbol, ...) GABLE_ROOFLINE_##symbol,
enum { GABLE_ROOFLINE_PARAMETERS(GABLE_ROOFLINE_P, GABLE_ROOFLINE_P) GABLE_N_ROOFLINE };
#define GABLE_GEMM_P(symbol, ...) GABLE_GEMM_##symbol,
enum { GABLE_GEMM_PARAMETERS(GABLE_GEMM_P, GABLE_GEMM_P) GABLE_N_GEMM };
#define GABLE_MOE_P(symbol, ...) GABLE_MOE_##symbol,
enum { GABLE_MOE_PARAMETERS(GABLE_MOE_P, GABLE_MOE_P) GABLE_N_MOE };
#define GABLE_CONTEXT_P(symbol, ...) GABLE_CONTEXT_##symbol,
enum { GABLE_CONTEXT_PARAMETERS(GABLE_CONTEXT_P, GABLE_CONTEXT_P) GABLE_N_CONTEXT };
#define GABLE_DECODE_P(symbol, ...) GABLE_DECODE_##symbol,
enum { GABLE_DECODE_PARAMETERS(GABLE_DECODE_P, GABLE_DECODE_P) GABLE_N_DECODE };
/* The constants of GABLE_MOE_… come first, under the same indices. */
enum { GABLE_WIDE_HOST = GABLE_N_MOE, GABLE_WIDE_EAGER, GABLE_N_WIDE };
#define GABLE_STREAM_P(symbol, ...) GABLE_STREAM_##symbol,
enum { GABLE_STREAM_PARAMETERS(GABLE_STREAM_P, GABLE_STREAM_P) GABLE_N_STREAM };

#endif
