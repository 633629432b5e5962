/* net: one collective on one fabric: seconds, steps, bytes on the wire.
 * Room: net. Uses: base, machine, cost (for gable_time). Formulas: facts/network.md 1, 5;
 * sim/net/README.md. Nothing here allocates or fails. */
#ifndef GABLE_NET_H
#define GABLE_NET_H
#include "base/base.h"
#include "cost/cost.h"
#include "machine/machine.h"

/* X(symbol, name). `bytes` of each follows nccl-tests: the full buffer. */
#define GABLE_COLLECTIVE_LIST(X)                                                                   \
    X(ALL_REDUCE, "all_reduce")                                                                    \
    X(ALL_GATHER, "all_gather")                                                                    \
    X(REDUCE_SCATTER, "reduce_scatter")                                                            \
    X(ALL_TO_ALL, "all_to_all")
typedef enum gable_collective_kind {
#define GABLE_COLLECTIVE_ENUM(symbol, name) GABLE_COLLECTIVE_##symbol,
    GABLE_COLLECTIVE_LIST(GABLE_COLLECTIVE_ENUM)
#undef GABLE_COLLECTIVE_ENUM
        GABLE_N_COLLECTIVES
} gable_collective_kind;
const char *gable_collective_name(int kind);

typedef struct gable_collective {
    gable_collective_kind kind;
    double bytes;   /* full buffer, as in nccl-tests; >= 0 */
    double n_ranks; /* >= 1, all in one scale-up domain */
} gable_collective;

/* How it was done. */
typedef struct gable_transfer {
    gable_time time;
    const char *algorithm;    /* "ring", "in-switch", "one-shot" …: static text */
    double steps;             /* latency steps */
    double wire_bytes;        /* on the busiest device link, one direction */
    double busbw_bytes_per_s; /* nccl-tests convention; 0 for one rank */
} gable_transfer;

/* Bytes on the busiest link with the algorithm that moves least: what the ceiling counts. */
double gable_net_wire_bytes(const gable_collective *collective, const gable_system *system);

/* The fastest algorithm that the fabric can run. One rank: all zero. A system without a fabric and
 * n_ranks > 1 does not reach here (layout refuses it). */
void gable_net_transfer(const gable_collective *collective, const gable_machine *machine,
                        gable_transfer *out);

#endif
