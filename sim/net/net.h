/* net: one collective on one fabric: seconds, steps, bytes on the wire. An algorithm is a row of
 * algorithms.c; its seconds are cost/exchange. Room: net. Uses: base, machine, cost. Formulas:
 * facts/network.md 1, 5; sim/net/README.md. Nothing here allocates or fails. */
#ifndef GABLE_NET_H
#define GABLE_NET_H
#include "base/base.h"
#include "cost/cost.h"
#include "machine/machine.h"

/* A group of ranks on a fabric: what algorithms count with. */
typedef struct gable_group {
    double n;    /* ranks */
    double part; /* (n - 1) / n, which most rows ask for: one division for all of them */
    double per_node, n_nodes;
    double bytes_per_s; /* of a device inside its node, one direction */
    /* PCIe: what was reached on the shared path, for neighbours in a ring, and for all with all; 0:
     * no narrower than the links. */
    double ring_cap_bytes_per_s, all_cap_bytes_per_s;
    double mean_hops; /* links that a byte occupies between any two devices; above 1 on a torus */
    double out_bytes_per_s; /* of a device between nodes, one direction */
    double oversubscription;
} gable_group;
void gable_net_group(const gable_collective *collective, const gable_system *system,
                     gable_group *out);

/* Who may run a row. */
enum {
    GABLE_RUNS_NCCL = 1,
    GABLE_RUNS_CUSTOM = 2, /* one kernel of an engine */
    GABLE_RUNS_TOKENS = 4, /* expert tokens */
    GABLE_RUNS_FORCED = 8  /* no library that is measured: with --algorithm, and in the ceiling */
};

/* What a row needs of a group and its system. */
enum {
    GABLE_NEEDS_ONE_NODE = 1,
    GABLE_NEEDS_MANY_NODES = 2,
    GABLE_NEEDS_IN_NETWORK = 4,  /* a switch that reduces and multicasts */
    GABLE_NEEDS_OUT_NETWORK = 8, /* switches between nodes that do */
    GABLE_NEEDS_POWER_OF_TWO = 16
};

typedef struct gable_algorithm {
    const char *name;
    unsigned fabrics;    /* bit per gable_fabric that can run it */
    unsigned needs;      /* GABLE_NEEDS_… */
    unsigned runs;       /* GABLE_RUNS_… */
    unsigned libraries;  /* bit per gable_library; 0: all of `runs` */
    double set_aside_sm; /* that copy while other kernels run beside it */
    gable_way_kind way;
    void (*count)(const gable_collective *collective, const gable_group *group, gable_way *out);
} gable_algorithm;
enum { GABLE_ROWS_CAP = 12 }; /* of one kind */
typedef struct gable_algorithm_list {
    const gable_algorithm *row;
    int n;
} gable_algorithm_list;
extern const gable_algorithm_list gable_algorithms_of[GABLE_N_COLLECTIVES];

/* Whether the fabric can run the row for this group (whoever runs it). */
bool gable_algorithm_fits(const gable_algorithm *algorithm, const gable_group *group,
                          const gable_system *system);

/* How long one call takes the links of the busiest device, in its busier direction; what is left of
 * its time goes on while others use them (net/share.h). */
typedef struct gable_wire {
    double inside_s, outside_s;             /* inside its node, and between nodes; expected */
    double least_inside_s, least_outside_s; /* at the ceiling */
    double peak, out_peak;                  /* of the way: gable_way */
} gable_wire;

/* How it was done. */
typedef struct gable_transfer {
    gable_time time;
    const char *algorithm; /* "ring", "in-switch", "one-shot" …: static text */
    const char *from;      /* what its constants were fitted to */
    double steps;          /* latency steps, those between nodes too */
    double wire_bytes;     /* on the busiest link of a device inside its node, one direction */
    double out_wire_bytes; /* on that between nodes */
    gable_wire wire;
} gable_transfer;

/* Bytes on the busiest link with the algorithm that moves least: what the ceiling counts. */
double gable_net_wire_bytes(const gable_collective *collective, const gable_system *system);

/* busbw / algbw of nccl-tests: 2 (n - 1) / n for all-reduce … */
double gable_net_bus_share(gable_collective_kind kind, double n_ranks);

/* Bus bandwidth of nccl-tests, bytes per second; 0 when nothing is sent. */
double gable_net_busbw(const gable_collective *collective, const gable_transfer *transfer);

/* The fastest algorithm that the fabric and the stack can run. One rank: all zero. A system without
 * a fabric and n_ranks > 1 does not reach here (layout refuses it). About 50 ns. */
void gable_net_transfer(const gable_collective *collective, const gable_machine *machine,
                        gable_transfer *out);

/* The same with given constants of the collective's family (another library), and, unless NULL, one
 * algorithm by name. algorithm of the answer is "none" when the fabric cannot run it. */
void gable_net_transfer_with(const gable_collective *collective, const gable_machine *machine,
                             const gable_kernel_constants *constants, const char *algorithm,
                             gable_transfer *out);

/* All ways of the collective's library on this fabric: what fitting and `gable predict` price. */
void gable_net_ways(const gable_collective *collective, const gable_system *system,
                    gable_ways *out);

#endif
