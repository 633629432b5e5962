/* net: see net.h. An algorithm is a row: where it can run, its steps, its bytes on the busiest
 * link. */
#include "net/net.h"

#include <math.h>

static const char *const collectives[GABLE_N_COLLECTIVES] = {
#define COLLECTIVE_NAME(symbol, name) name,
    GABLE_COLLECTIVE_LIST(COLLECTIVE_NAME)
#undef COLLECTIVE_NAME
};

const char *gable_collective_name(int kind)
{
    return collectives[kind];
}

typedef struct algorithm {
    const char *name;
    gable_collective_kind kind;
    unsigned fabrics; /* bit per gable_fabric that can run it */
    bool in_network;  /* needs a switch that reduces and multicasts */
    bool custom;      /* one kernel of the engine: its own constants, small messages only */
    double (*steps)(double n);
    double (*share)(
        double n); /* bytes on the busiest link, one direction, per byte of the full buffer */
} algorithm;

#define ON(fabric) (1u << (fabric))
#define ON_ALL                                                                                     \
    (ON(GABLE_FABRIC_SWITCH) | ON(GABLE_FABRIC_MESH) | ON(GABLE_FABRIC_PCIE) |                     \
     ON(GABLE_FABRIC_TORUS))
#define ON_LINKS (ON(GABLE_FABRIC_SWITCH) | ON(GABLE_FABRIC_MESH))

static double steps_1(double n)
{
    (void)n;
    return 1.0;
}
static double steps_2(double n)
{
    (void)n;
    return 2.0;
}
static double steps_ring(double n)
{
    return n - 1.0;
}
static double steps_ring_twice(double n)
{
    return 2.0 * (n - 1.0);
}
static double share_part(double n)
{
    return (n - 1.0) / n;
}
static double share_twice(double n)
{
    return 2.0 * (n - 1.0) / n;
}
static double share_one_shot(double n)
{
    return n - 1.0;
}
static double share_in_switch(double n)
{
    return 1.0 + 1.0 / n;
}

/* facts/network.md 1. The one-shot and in-switch limits follow vLLM, TensorRT-LLM and NCCL. */
static const algorithm algorithms[] = {
    {.name = "ring",
     .kind = GABLE_COLLECTIVE_ALL_REDUCE,
     .fabrics = ON_ALL,
     .steps = steps_ring_twice,
     .share = share_twice},
    {.name = "in-switch",
     .kind = GABLE_COLLECTIVE_ALL_REDUCE,
     .fabrics = ON(GABLE_FABRIC_SWITCH),
     .in_network = true,
     .steps = steps_2,
     .share = share_in_switch},
    {.name = "one-shot",
     .kind = GABLE_COLLECTIVE_ALL_REDUCE,
     .fabrics = ON_LINKS,
     .custom = true,
     .steps = steps_1,
     .share = share_one_shot},
    {.name = "ring",
     .kind = GABLE_COLLECTIVE_ALL_GATHER,
     .fabrics = ON_ALL,
     .steps = steps_ring,
     .share = share_part},
    {.name = "ring",
     .kind = GABLE_COLLECTIVE_REDUCE_SCATTER,
     .fabrics = ON_ALL,
     .steps = steps_ring,
     .share = share_part},
    {.name = "direct",
     .kind = GABLE_COLLECTIVE_ALL_TO_ALL,
     .fabrics = ON_ALL,
     .steps = steps_1,
     .share = share_part},
};
enum { N_ALGORITHMS = sizeof algorithms / sizeof algorithms[0] };

/* Largest buffer of the engines' one-shot kernels. */
static const double custom_cap_bytes = 1024.0 * 1024.0;

/* In-switch reduction starts paying with three ranks (NCCL builds no NVLS tree for a pair). */
static const double in_network_min_ranks = 3.0;

static bool runs(const algorithm *a, const gable_collective *c, const gable_system *system)
{
    if (a->kind != c->kind || !(a->fabrics & ON(system->fabric)))
        return false;
    return !a->in_network || (system->in_network_reduction && c->n_ranks >= in_network_min_ranks);
}

/* Rate of a device's link in one direction. A PCIe tree without peer access shares one path through
 * host memory: each byte is written and read there, by all devices at once. A direct mesh that is
 * used in part gives a group only the links among its members. */
static double link_rate(const gable_collective *c, const gable_system *system)
{
    double rate = system->scale_up_bytes_per_s;
    if (system->fabric == GABLE_FABRIC_MESH && system->n_accelerators > 1)
        return rate * (c->n_ranks - 1.0) / (system->n_accelerators - 1.0);
    if (system->fabric == GABLE_FABRIC_PCIE && !system->p2p &&
        system->host_bounce_bytes_per_s > 0.0)
        return fmin(rate, system->host_bounce_bytes_per_s / (2.0 * c->n_ranks));
    return rate;
}

double gable_net_wire_bytes(const gable_collective *collective, const gable_system *system)
{
    double best = 0.0;
    bool found = false;
    for (int i = 0; i < N_ALGORITHMS; i++) {
        if (!runs(&algorithms[i], collective, system))
            continue;
        double bytes = collective->bytes * algorithms[i].share(collective->n_ranks);
        if (!found || bytes < best)
            best = bytes;
        found = true;
    }
    return best;
}

/* T = t0 + h steps + y + 2 sqrt(tau y): facts/network.md 5, M2; one-shot: t0 + h (n - 1) + wire /
 * (eta B). */
static void time_algorithm(const algorithm *a, const gable_collective *c, double rate,
                           const gable_collective_constants *k, gable_transfer *out)
{
    double n = c->n_ranks, frac = k->link_frac;
    out->algorithm = a->name;
    out->steps = a->steps(n);
    out->wire_bytes = c->bytes * a->share(n);
    double overhead = k->base_s + k->step_s * out->steps, ramp = k->ramp_s;
    if (a->custom) {
        frac = k->custom_link_frac;
        overhead = k->custom_base_s + k->custom_per_peer_s * (n - 1.0);
        ramp = 0.0;
    } else if (a->in_network) {
        frac = k->in_network_frac;
    }
    if (c->kind == GABLE_COLLECTIVE_ALL_TO_ALL)
        overhead += k->all_to_all_extra_s;
    double y = out->wire_bytes / (frac * rate);
    out->time.overhead_s = overhead;
    out->time.network_s = y + 2.0 * sqrt(ramp * y);
    out->time.time_s = out->time.overhead_s + out->time.network_s;
    out->time.sigma_ln = k->sigma_ln;
    out->time.provenance = k->provenance;
}

static bool usable(const algorithm *a, const gable_collective *c,
                   const gable_collective_constants *k)
{
    if (a->custom)
        return k->custom_link_frac > 0.0 && c->bytes <= custom_cap_bytes;
    return !a->in_network || k->in_network_frac > 0.0;
}

static double busbw_share(gable_collective_kind kind, double n)
{
    return kind == GABLE_COLLECTIVE_ALL_REDUCE ? share_twice(n) : share_part(n);
}

/* Speed of light: the least bytes at the datasheet's rate, no latency. */
static void take_ideal(const gable_collective *c, const gable_system *system, double rate,
                       gable_transfer *out)
{
    *out = (gable_transfer){.algorithm = "ideal"};
    out->wire_bytes = gable_net_wire_bytes(c, system);
    out->time.network_s = out->time.ceiling_s;
    out->time.time_s = out->time.ceiling_s = out->time.network_s = out->wire_bytes / rate;
    out->time.provenance = GABLE_PROVENANCE_SPEC;
}

void gable_net_transfer(const gable_collective *collective, const gable_machine *machine,
                        gable_transfer *out)
{
    const gable_system *system = machine->system;
    const gable_collective_constants *k = &machine->constants->collective;
    *out = (gable_transfer){.algorithm = "none"};
    out->time.bound = out->time.ceiling_bound = GABLE_BOUND_NETWORK;
    if (collective->n_ranks <= 1.0 || system->fabric == GABLE_FABRIC_NONE)
        return;
    double rate = link_rate(collective, system);
    gable_transfer ideal, tried = {0};
    take_ideal(collective, system, rate, &ideal);
    bool found = false;
    for (int i = 0; i < N_ALGORITHMS && !machine->constants->ideal; i++) {
        const algorithm *a = &algorithms[i];
        if (!runs(a, collective, system) || !usable(a, collective, k))
            continue;
        time_algorithm(a, collective, rate, k, &tried);
        if (!found || tried.time.time_s < out->time.time_s)
            *out = tried;
        found = true;
    }
    if (!found)
        *out = ideal;
    out->time.ceiling_s = ideal.time.ceiling_s;
    out->time.ceiling_bound = GABLE_BOUND_NETWORK;
    out->time.bound =
        out->time.overhead_s > out->time.network_s ? GABLE_BOUND_OVERHEAD : GABLE_BOUND_NETWORK;
    if (out->time.time_s > 0.0)
        out->busbw_bytes_per_s = collective->bytes *
                                 busbw_share(collective->kind, collective->n_ranks) /
                                 out->time.time_s;
}
