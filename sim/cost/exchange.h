/* cost/exchange: a collective, the ways in which it can be done, and the seconds of a way. The room
 * net counts steps and bytes on a fabric; here they become time, so that fitting and pricing use
 * one formula. Room: cost. Uses: machine/forms. Formulas: facts/network.md 1 and 5. */
#ifndef GABLE_COST_EXCHANGE_H
#define GABLE_COST_EXCHANGE_H
#include <stdbool.h>

#include "base/base.h"
#include "machine/constants.h"

/* X(symbol, name, family of its constants). `bytes` follows nccl-tests: the full buffer. */
#define GABLE_COLLECTIVE_LIST(X)                                                                   \
    X(ALL_REDUCE, "all_reduce", ALL_REDUCE)                                                        \
    X(ALL_GATHER, "all_gather", ALL_GATHER)                                                        \
    X(REDUCE_SCATTER, "reduce_scatter", REDUCE_SCATTER)                                            \
    X(ALL_TO_ALL, "all_to_all", ALL_TO_ALL)                                                        \
    X(BROADCAST, "broadcast", ALL_GATHER)                                                          \
    X(REDUCE, "reduce", REDUCE_SCATTER)                                                            \
    X(P2P, "p2p", ALL_TO_ALL)                                                                      \
    X(KV_TRANSFER, "kv_transfer", ALL_TO_ALL)                                                      \
    X(MOE_DISPATCH, "moe_dispatch", MOE_DISPATCH)                                                  \
    X(MOE_COMBINE, "moe_combine", MOE_COMBINE)                                                     \
    X(MOE_PREPARE, "moe_prepare", MOE_PREPARE)
typedef enum gable_collective_kind {
#define GABLE_COLLECTIVE_ENUM(symbol, name, family) GABLE_COLLECTIVE_##symbol,
    GABLE_COLLECTIVE_LIST(GABLE_COLLECTIVE_ENUM)
#undef GABLE_COLLECTIVE_ENUM
        GABLE_N_COLLECTIVES
} gable_collective_kind;
const char *gable_collective_name(int kind);

/* Who runs it. ANY: whatever the stack has. X(symbol, value of --library and of tables) */
#define GABLE_LIBRARY_LIST(X)                                                                      \
    X(ANY, "any")                                                                                  \
    X(NCCL, "nccl")                                                                                \
    X(TRTLLM_AR, "trtllm_custom_ar")                                                               \
    X(VLLM_AR, "vllm_custom_ar")                                                                   \
    X(SGLANG_AR, "sglang_custom_ar")                                                               \
    X(DEEPEP_LL, "deepep_ll")                                                                      \
    X(DEEPEP_HT, "deepep_ht")                                                                      \
    X(ONE_SIDED, "trtllm_NVLinkOneSided")                                                          \
    X(TWO_SIDED, "trtllm_NVLinkTwoSided")
typedef enum gable_library {
#define GABLE_LIBRARY_ENUM(symbol, name) GABLE_LIBRARY_##symbol,
    GABLE_LIBRARY_LIST(GABLE_LIBRARY_ENUM)
#undef GABLE_LIBRARY_ENUM
        GABLE_N_LIBRARIES
} gable_library;
extern const char *const gable_libraries[]; /* NULL-terminated */

typedef struct gable_collective {
    gable_collective_kind kind;
    double bytes;   /* full buffer, as in nccl-tests; >= 0; not for the exchange of experts */
    double n_ranks; /* >= 1 */
    double n_nodes; /* over which they are spread evenly; 0: as few as hold `span` */
    double span;    /* devices from the first rank to the last; 0: n_ranks, neighbours */
    gable_library library;
    /* Exchange of expert tokens: of each rank, to and from top_k of the experts. */
    double tokens, hidden, top_k, experts;
    double n_sm;         /* that copy; 0: as many as it takes */
    double imbalance;    /* what the busiest rank gets over the mean; 0: 1 */
    gable_dtype payload; /* of the tokens that are sent */
} gable_collective;

/* Whether both are the same exchange, so that one price holds for both. */
bool gable_collective_same(const gable_collective *a, const gable_collective *b);

/* What bounds a way, and so which constants price it. */
typedef enum gable_way_kind {
    GABLE_WAY_RING,   /* rings, trees, direct sends: steps and bytes on the busiest link */
    GABLE_WAY_SWITCH, /* the switch reduces and multicasts */
    GABLE_WAY_ONE_SHOT,
    GABLE_WAY_TWO_SHOT,
    GABLE_WAY_TOKENS /* expert tokens */
} gable_way_kind;

/* One way to do a collective on a fabric. Wire bytes are those of the busiest link of a device, one
 * direction; `out` is the part between nodes. */
typedef struct gable_way {
    const char *algorithm; /* "ring" */
    gable_way_kind kind;
    double steps, wire_bytes, bytes_per_s;
    double set_aside_sm; /* taken from kernels that run beside it */
    double
        cap_bytes_per_s; /* what was measured on a shared path; no share is taken of it; 0: none */
    double out_steps, out_wire_bytes, out_bytes_per_s;
    double peak, out_peak; /* what the busiest device gets over the mean of all; 1 without skew */
} gable_way;

/* Where the seconds of a way go: what does not go with the bytes, and how long links of the busiest
 * device are taken at the rates that are reached, inside its node and between nodes: what another
 * exchange at the same time has to wait for (net/share.h). */
typedef struct gable_way_parts {
    double overhead_s, inside_s, outside_s;
} gable_way_parts;

enum { GABLE_WAYS_CAP = 8 };
typedef struct gable_ways {
    int n;
    gable_way way[GABLE_WAYS_CAP];
    double ceiling_s; /* least bytes of any way at the datasheet's rates */
} gable_ways;

/* Family whose constants price a collective of a library; custom all-reduce has its own. */
gable_family gable_collective_family(const gable_collective *collective);

/* Seconds of one way. `value` is in the order of the family's form.
 *   best_s   of another way: one that cannot be faster may be left unfinished, at some time between
 *            that and its own; INFINITY asks for the time itself
 *   parts    filled where the way is finished */
double gable_way_s(const gable_collective *collective, const gable_way *way, gable_family family,
                   const double *value, double best_s, gable_way_parts *parts);

#endif
