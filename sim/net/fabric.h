/* net/fabric: what a system is made of, level by level (device, node or rack, pod, data centre),
 * and traffic on it as flows. Levels are counted, never enumerated: 100 000 devices are four rows.
 * Room: net. Uses: base, machine, net/flows. Sizes of fat trees: facts/network.md 3. */
#ifndef GABLE_NET_FABRIC_H
#define GABLE_NET_FABRIC_H
#include "machine/machine.h"
#include "net/flows.h"

/* One level. Rates are of one direction. */
typedef struct gable_level {
    const char *name;             /* "node", "pod", "data centre" */
    const char *how;              /* "switch", "mesh", "leaves, one a rail", "spine" */
    const char *link;             /* a file of hw/links, or NULL */
    double n_units;               /* in the whole system */
    double n_devices, n_switches; /* in one unit; switches 0: not known */
    double device_bytes_per_s;    /* what a device has to others of its unit */
    double bisection_bytes_per_s; /* of one unit, halves of equal size */
    double oversubscription;
} gable_level;

enum { GABLE_LEVELS_CAP = 4 };

/* Levels of `n_nodes` scale-up domains, the innermost first; returns how many.
 *   out_link   of the system's scale_out_link; NULL: none */
int gable_fabric_levels(const gable_system *system, const gable_link *out_link, double n_nodes,
                        gable_level *levels);

/* X(symbol, name, help) */
#define GABLE_PATTERN_LIST(X)                                                                      \
    X(ALL_TO_ALL, "all_to_all", "everybody to everybody")                                          \
    X(RING, "ring", "the steps of a ring all-reduce, each after what it hands on")                 \
    X(INCAST, "incast", "everybody to the first")                                                  \
    X(PERMUTATION, "permutation", "everybody to one other, at random")                             \
    X(RANDOM, "random", "pairs, sizes and starts at random")                                       \
    X(MOE, "moe", "expert tokens, ranks popular by --skew")                                        \
    X(KV, "kv", "half the ranks send caches to the other half, which runs a ring all-reduce")
typedef enum gable_pattern {
#define GABLE_PATTERN_ENUM(symbol, name, help) GABLE_PATTERN_##symbol,
    GABLE_PATTERN_LIST(GABLE_PATTERN_ENUM)
#undef GABLE_PATTERN_ENUM
        GABLE_N_PATTERNS
} gable_pattern;
extern const char *const gable_patterns[]; /* NULL-terminated */

typedef struct gable_traffic {
    gable_pattern pattern;
    int n_ranks, n_nodes; /* n_ranks a multiple of n_nodes */
    double bytes;         /* that each rank sends; for random, the mean of a flow */
    double skew;          /* moe: Zipf exponent of the ranks' popularity */
    unsigned seed;
} gable_traffic;

/* Largest pattern that is laid out flow by flow; all-to-all behind switches is laid out by symmetry
 * and has no limit. */
enum { GABLE_TRAFFIC_FLOWS_CAP = 1 << 20 };

/* The pattern on the links of a system. Refuses with GABLE_INPUT what is too large, and a fabric
 * that has no paths here (a torus). */
gable_status gable_traffic_build(gable_arena *arena, const gable_system *system,
                                 const gable_traffic *traffic, gable_flows *out, gable_err *err);

/* What the busiest rank gets over the mean when ranks are popular by Zipf's law; >= 1. */
double gable_zipf_imbalance(double n_ranks, double skew);

#endif
