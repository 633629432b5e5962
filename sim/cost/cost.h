/* cost: one operator on one device: its work (FLOPs, bytes per memory level), its speed of light,
 * and the time that a real kernel needs. An operator is one row of ops.def, one work function and,
 * where it has its own physics, one time function.
 * Room: cost. Uses: base, machine. Formulas: facts/models.md 4; sim/cost/README.md.
 * Nothing here allocates, prints or fails: shapes were checked when the plan was laid out. */
#ifndef GABLE_COST_H
#define GABLE_COST_H
#include <stdbool.h>

#include "base/base.h"
#include "cost/exchange.h"
#include "cost/sublayer.h"
#include "machine/machine.h"

/* What limits an operator or a step. X(symbol, name) */
#define GABLE_BOUND_LIST(X)                                                                        \
    X(COMPUTE, "compute") X(MEMORY, "memory") X(NETWORK, "network") X(OVERHEAD, "overhead")
typedef enum gable_bound {
#define GABLE_BOUND_ENUM(symbol, name) GABLE_BOUND_##symbol,
    GABLE_BOUND_LIST(GABLE_BOUND_ENUM)
#undef GABLE_BOUND_ENUM
        GABLE_N_BOUNDS
} gable_bound;
const char *gable_bound_name(gable_bound bound);

typedef enum gable_op_kind {
#define OP(symbol, name, work, help) GABLE_OP_##symbol,
#include "cost/ops.def"
#undef OP
    GABLE_N_OP_KINDS
} gable_op_kind;
const char *gable_op_kind_name(int kind);

/* (m, k) x (k, n): m tokens, n outputs, k inputs; weights (k, n) in `weights`, the rest in
 * `activations`. `groups` such products in one kernel (one per head in MLA); 0 means 1. */
typedef struct gable_gemm {
    double m, n, k, groups;
} gable_gemm;

/* softmax(Q K^T) V of `batch` sequences that each have n_cached tokens in the cache and add n_new.
 * Q (n_new, heads, qk_dim); read_elements per visible token are read once for all heads (kv_heads *
 * (qk_dim + v_dim), or rank + rope of a latent cache), write_elements per new token are stored.
 * window 0: none. */
typedef struct gable_attention {
    double batch, n_new, n_cached, heads, kv_heads, qk_dim, v_dim, window;
    double read_elements, write_elements;
    bool causal;
    gable_dtype kv;
} gable_attention;

/* How tokens fall on experts. */
typedef enum gable_routing {
    GABLE_ROUTING_UNIFORM, /* every expert equally likely, K distinct per token (expected values) */
    GABLE_ROUTING_BALANCED,  /* dealt round-robin: the benchmarks' "balanced" */
    GABLE_ROUTING_POWER_LAW, /* counts drawn from a truncated power law: the benchmarks' "power_law"
                              */
    GABLE_ROUTING_ZIPF       /* popularity of the r-th expert ~ r^-skew: --experts-skew */
} gable_routing;

/* Routed experts of one layer on one rank: tokens (all that reach the experts, over all ranks),
 * hidden -> inter
 * -> hidden per expert; inter is split by tp, experts by ep. */
typedef struct gable_moe {
    double tokens, hidden, inter, top_k, experts, n_matrices, tp, ep, skew;
    gable_routing routing;
    bool wide;    /* tokens were already sent to the rank: no routing here, kernels of wide expert
                     parallelism */
    bool decode;  /* of those, the ones for the few tokens of a decode step */
    bool even;    /* a load balancer deals experts to ranks by their load (EPLB) */
    bool clumped; /* power law: pairs that rounding lost went to the first experts, as an old
                     benchmark did it, not to rank after rank */
    double rank_tokens; /* of the tokens, those that reach the rank; 0: not known */
    double slots; /* places for experts over all ranks: more than experts when popular ones have
                     copies; 0: experts */
} gable_moe;

/* Anything that streams memory: norms, RoPE, activations, embeddings, sampling. */
typedef struct gable_stream {
    double read_bytes, write_bytes, flops;
} gable_stream;

/* A collective as an operator of a table: `ways` is filled when its fabric is known. */
typedef struct gable_exchange {
    gable_collective collective;
    const gable_ways *ways;
} gable_exchange;

/* One operator, one call of it on one rank. */
typedef struct gable_op {
    gable_op_kind kind;
    gable_dtype weights, activations;
    /* Benchmarks call an operator again and again, so that its operands may be in L2: over how many
     * copies of the weights they rotate. 0: cold, as in serving; > 0: at most so many, as few as
     * fill L2; < 0: exactly so many. */
    double copies;
    union {
        gable_gemm gemm;
        gable_attention attention;
        gable_moe moe;
        gable_stream stream;
        gable_linear linear;
        gable_mhc mhc;
        gable_quantize quantize;
        gable_sublayer sublayer;
        gable_exchange exchange;
    };
} gable_op;

/* Whether both are the same work, so that one price holds for both. */
bool gable_op_same(const gable_op *a, const gable_op *b);

/* Load of the heaviest rank: token-expert pairs, distinct experts that it reads
 * (facts/models.md 4.11), and tiles of 16, 32, 64, 128, 256 tokens that its experts fill
 * (facts/kernels.md 5.1). */
enum { GABLE_MOE_TILES = 5 };
typedef struct gable_moe_load {
    double pairs, distinct;
    double tiles[GABLE_MOE_TILES];
} gable_moe_load;
gable_moe_load gable_cost_moe_load(const gable_moe *moe);

/* What an operator does, whatever it runs on. All >= 0. hbm_bytes = weight + activation + cache
 * bytes: what must cross the memory's pins. spill_bytes is what kernels of today write and read
 * again on top (the experts' hidden activations between their two products); it is part of the
 * expected time, not of the speed of light. */
typedef struct gable_work {
    double flops, hbm_bytes, weight_bytes, activation_bytes, cache_bytes, spill_bytes;
    double l2_bytes;       /* with 128 x 128 tiles: what the kernels ask of L2 */
    gable_mma mma;         /* unit that the FLOPs run on */
    bool vector;           /* FLOPs run on the vector units instead */
    gable_family family;   /* whose constants price it */
    gable_flavour flavour; /* for which job of the family */
    gable_dtype dtype;     /* of the weights or the cache: with mma, the column of the constants */
    double network_s;      /* least seconds on the wire at datasheet rates */
    double copies;         /* as in gable_op */
    double weight_element_bytes, activation_element_bytes;
    union {
        gable_moe_load load; /* for experts */
        gable_grid grid;     /* for streaming kernels */
        gable_sublayer_work
            parts; /* for attention blocks: dtype and mma are bf16, all formats share constants */
    };
} gable_work;

/* Time of one call. ceiling_s <= time_s; the others are the terms of time_s before they are
 * combined: time_s = overhead_s + max(compute_s, memory_s, network_s) + exposed_s, where exposed_s
 * is what of the shorter ones sticks out because real kernels do not overlap perfectly. */
typedef struct gable_time {
    double ceiling_s, time_s;
    double compute_s, memory_s, network_s, overhead_s, exposed_s;
    double sigma_ln;     /* spread of ln(measured / time_s) */
    double peak_s;       /* the FLOPs at datasheet peaks */
    double wire_bytes;   /* of collectives: on the busiest link of a device, one direction */
    double set_aside_sm; /* of collectives: SMs that kernels beside them do without */
    gable_bound bound, ceiling_bound;
    gable_provenance provenance;
    const gable_kernel_constants *kernel; /* that priced it; NULL: nothing but the datasheet */
} gable_time;

/* Member by member: compilers clear a whole struct by a string instruction, which takes as long as
 * pricing an operator. */
static inline void gable_time_clear(gable_time *t)
{
    t->ceiling_s = t->time_s = t->compute_s = t->memory_s = t->network_s = t->overhead_s = 0.0;
    t->exposed_s = t->sigma_ln = t->peak_s = t->wire_bytes = t->set_aside_sm = 0.0;
    t->bound = t->ceiling_bound = GABLE_BOUND_COMPUTE;
    t->provenance = GABLE_PROVENANCE_SPEC;
    t->kernel = NULL;
}

/* Work of one call. Valid for all shapes with non-negative sizes. */
void gable_cost_work(const gable_op *op, gable_work *out);

/* Speed of light: max(flops / dense peak, hbm_bytes / datasheet bandwidth), nothing else. Of
 * operands that an earlier call may have left in L2 (copies != 0) as many bytes as L2 holds are
 * free. */
double gable_cost_ceiling_s(const gable_work *work, const gable_accelerator *accelerator,
                            gable_bound *bound);

/* Seconds of the FLOPs at datasheet peaks; the parts of an attention block each on their own unit.
 */
double gable_cost_compute_s(const gable_work *work, const gable_accelerator *accelerator);

/* Expected time by the form of the operator's family with the constants of the device and stack;
 * the ceiling when the stack is ideal. About 100 ns. */
void gable_cost_time(const gable_op *op, const gable_work *work,
                     const gable_accelerator *accelerator, const gable_constants *constants,
                     gable_time *out);

/* The same with given constants of the family instead of the stack's usual ones: fitting, named
 * kernels. */
void gable_cost_time_with(const gable_op *op, const gable_work *work,
                          const gable_accelerator *accelerator, const gable_constants *constants,
                          const gable_kernel_constants *kernel, gable_time *out);

/* Query-key pairs of one sequence: causal, windowed or full (facts/models.md 1: P, P_w). */
double gable_cost_pairs(double n_cached, double n_new, double window, bool causal);

#endif
