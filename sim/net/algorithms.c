/* net/algorithms: one row an algorithm: who can run it where, its steps, its bytes on the busiest
 * link (facts/network.md 1; sim/net/README.md has the table). */
#include <math.h>

#include "net/net.h"

#define ON(fabric) (1u << GABLE_FABRIC_##fabric)
#define ON_ALL (ON(SWITCH) | ON(MESH) | ON(PCIE) | ON(TORUS))
#define ON_LINKS (ON(SWITCH) | ON(MESH))
#define BY(library) (1u << GABLE_LIBRARY_##library)

/* ---- what counts share ---- */

static double part(double n)
{
    return (n - 1.0) / n;
}

/* log2 for the whole numbers that ranks are, upwards; no libm on the way of pricing. */
static double doublings(double n)
{
    double steps = 0.0;
    for (double reach = 1.0; reach < n; reach *= 2.0)
        steps += 1.0;
    return steps;
}

/* `rounds` walks around all ranks: most steps stay inside nodes, every node has one that leaves.
 * Devices of a node share the bytes that leave it, each on its own port. */
static void ring(const gable_collective *c, const gable_group *g, double rounds, gable_way *w)
{
    w->out_steps = g->n_nodes > 1.0 ? rounds * (g->n_nodes - 1.0) : 0.0;
    w->steps = rounds * (g->n - 1.0) - w->out_steps;
    w->wire_bytes = rounds * c->bytes * g->part;
    w->cap_bytes_per_s = g->ring_cap_bytes_per_s;
    if (g->n_nodes > 1.0)
        w->out_wire_bytes = w->wire_bytes / g->per_node;
}

static void ring_once(const gable_collective *c, const gable_group *g, gable_way *w)
{
    ring(c, g, 1.0, w);
}

static void ring_twice(const gable_collective *c, const gable_group *g, gable_way *w)
{
    ring(c, g, 2.0, w);
}

/* Two trees, each for half of the buffer; a chain inside the node. A rank sends S up and S down. */
static void tree_twice(const gable_collective *c, const gable_group *g, gable_way *w)
{
    w->steps = 2.0 * (g->per_node - 1.0);
    w->out_steps = 2.0 * doublings(g->n_nodes);
    w->wire_bytes = 2.0 * c->bytes;
    w->cap_bytes_per_s = g->ring_cap_bytes_per_s;
    if (g->n_nodes > 1.0)
        w->out_wire_bytes = w->wire_bytes / g->per_node;
}

static void halving(const gable_collective *c, const gable_group *g, gable_way *w)
{
    w->steps = 2.0 * doublings(g->n);
    w->wire_bytes = 2.0 * c->bytes * g->part;
    w->cap_bytes_per_s = g->all_cap_bytes_per_s;
}

/* The switch reduces what each rank owns (S / n) and multicasts it. */
static void in_switch(const gable_collective *c, const gable_group *g, gable_way *w)
{
    w->steps = 2.0;
    w->wire_bytes = c->bytes * (2.0 - g->part);
}

static void in_switch_tree(const gable_collective *c, const gable_group *g, gable_way *w)
{
    w->steps = 2.0;
    w->wire_bytes = c->bytes * (1.0 + 1.0 / g->per_node);
    w->out_steps = 2.0 * doublings(g->n_nodes);
    w->out_wire_bytes = 2.0 * c->bytes / g->per_node;
}

static void sharp(const gable_collective *c, const gable_group *g, gable_way *w)
{
    in_switch_tree(c, g, w);
    w->out_steps = 2.0;
    w->out_wire_bytes = c->bytes / g->per_node;
}

/* Reduce-scatter inside nodes, all-reduce of the parts between them, all-gather. */
static void hierarchical(const gable_collective *c, const gable_group *g, gable_way *w)
{
    w->steps = 2.0 * (g->per_node - 1.0);
    w->wire_bytes = 2.0 * c->bytes * part(g->per_node);
    w->out_steps = 2.0 * (g->n_nodes - 1.0);
    w->out_wire_bytes = 2.0 * c->bytes / g->per_node * part(g->n_nodes);
}

static void one_shot(const gable_collective *c, const gable_group *g, gable_way *w)
{
    w->steps = 1.0;
    w->wire_bytes = c->bytes * (g->n - 1.0);
    w->cap_bytes_per_s = g->all_cap_bytes_per_s;
}

static void two_shot(const gable_collective *c, const gable_group *g, gable_way *w)
{
    w->steps = 2.0;
    w->wire_bytes = 2.0 * c->bytes * g->part;
    w->cap_bytes_per_s = g->all_cap_bytes_per_s;
}

/* Everybody sends to everybody at once; between nodes most of it changes rails and meets the
 * spine. */
static void direct(const gable_collective *c, const gable_group *g, gable_way *w)
{
    w->steps = 1.0;
    w->wire_bytes = c->bytes * (g->per_node - 1.0) / g->n * g->mean_hops;
    w->cap_bytes_per_s = g->all_cap_bytes_per_s;
    if (g->n_nodes <= 1.0)
        return;
    double through_spine = g->oversubscription * part(g->per_node);
    w->out_steps = 1.0;
    w->out_wire_bytes = c->bytes * part(g->n_nodes);
    w->out_bytes_per_s /= through_spine > 1.0 ? through_spine : 1.0;
}

static void pairwise(const gable_collective *c, const gable_group *g, gable_way *w)
{
    direct(c, g, w);
    w->steps = g->per_node - 1.0;
    w->out_steps = g->n - g->per_node;
}

/* By the scale-up links to the device on the rail of the receiver, then along the rail. */
static void rails(const gable_collective *c, const gable_group *g, gable_way *w)
{
    w->steps = 1.0;
    w->wire_bytes = c->bytes * part(g->per_node);
    w->out_steps = 1.0;
    w->out_wire_bytes = c->bytes * part(g->n_nodes);
}

/* Parallel aggregated trees: one rank a node, one step a doubling. */
static void aggregated(const gable_collective *c, const gable_group *g, gable_way *w)
{
    w->out_steps = doublings(g->n_nodes);
    w->out_wire_bytes = c->bytes * g->part;
}

/* Each rank takes from the first, or gives to it, and hands on: the pieces of a pipeline. */
static void chain(const gable_collective *c, const gable_group *g, gable_way *w)
{
    w->steps = g->n - g->n_nodes;
    w->out_steps = g->n_nodes - 1.0;
    w->wire_bytes = c->bytes;
    w->cap_bytes_per_s = g->ring_cap_bytes_per_s;
    if (g->n_nodes > 1.0)
        w->out_wire_bytes = c->bytes / g->per_node;
}

static void multicast(const gable_collective *c, const gable_group *g, gable_way *w)
{
    (void)g;
    w->steps = 1.0;
    w->wire_bytes = c->bytes;
}

static void send(const gable_collective *c, const gable_group *g, gable_way *w)
{
    w->steps = g->n_nodes > 1.0 ? 0.0 : 1.0;
    w->wire_bytes = g->n_nodes > 1.0 ? 0.0 : c->bytes;
    w->cap_bytes_per_s = g->ring_cap_bytes_per_s;
    if (g->n_nodes > 1.0) {
        w->out_steps = 1.0;
        w->out_wire_bytes = c->bytes;
    }
}

/* Each of n ranks hands its part of the cache to a rank of another group. */
static void send_parts(const gable_collective *c, const gable_group *g, gable_way *w)
{
    send(c, g, w);
    w->wire_bytes /= g->n;
    w->out_wire_bytes /= g->n;
}

/* ---- expert tokens ---- */

/* Bytes of one token on the wire: with the scales of its format (128 fp8 values share one of 4
 * bytes, 16 fp4 values one of 1); a low-latency message names its token in 16 bytes. */
static double token_bytes(const gable_collective *c)
{
    bool back = c->kind == GABLE_COLLECTIVE_MOE_COMBINE;
    double h = c->hidden, label = c->library == GABLE_LIBRARY_DEEPEP_LL ? 16.0 : 0.0;
    switch ((int)c->payload) {
    case GABLE_DTYPE_FP8:
    case GABLE_DTYPE_FP8_BLOCK:
        return h * (1.0 + 4.0 / 128.0) + (back ? 0.0 : label);
    case GABLE_DTYPE_NVFP4:
    case GABLE_DTYPE_FP4:
    case GABLE_DTYPE_MXFP4:
        return h * (0.5 + 1.0 / 16.0) + (back ? 0.0 : label);
    default:
        return h * gable_dtype_bytes(c->payload) + (back ? 0.0 : label);
    }
}

/* ---- skew ----
 * The busiest rank gets `imbalance` times the mean, all others the same. Then the exchange has a
 * closed form, which tests/unit/test_share.c holds against net/flows pair by pair: in a rack, a
 * mesh, nodes on rails and below a thinner spine, to 1e-9. Where popularity falls off by Zipf's law
 * it is as exact wherever the port of the busiest rank takes longest, that is unless the spine is
 * thinner; there it is up to 7 % long at exponents of 0.4 to 0.8. */

static double busiest(const gable_collective *c)
{
    return c->imbalance > 1.0 ? fmin(c->imbalance, c->n_ranks) : 1.0;
}

/* What the busiest of `groups` groups of ranks gets over the mean of groups. */
static double busiest_group(const gable_collective *c, double groups)
{
    double n = c->n_ranks, hot = busiest(c), others = (n - hot) / (n - 1.0);
    return (hot + (n / groups - 1.0) * others) * groups / n;
}

/* Of one direction over the other: the busiest rank keeps what it would send to itself. */
static double peak(const gable_collective *c)
{
    double n = c->n_ranks, hot = busiest(c);
    return hot < n ? hot * (n - 1.0) / (n - hot) : (double)INFINITY;
}

/* Tokens that go straight to their rank change rails and meet the spine, which is o times thinner.
 * Its flows share it evenly until those to all other ranks are done; what is left for the busiest
 * rank is held up by its port, or by its rail where all the nodes' uplinks of it are less. */
static void through_spine(const gable_collective *c, const gable_group *g, gable_way *w)
{
    double n = g->n, o = g->oversubscription, hot = busiest(c), others = (n - hot) / (n - 1.0);
    if (g->n_nodes <= 1.0 || o <= 1.0)
        return;
    double alone = o > g->n_nodes ? o / g->n_nodes : 1.0;
    double over_port = part(g->per_node) * (o * others + alone * (hot - others)) / hot;
    if (over_port <= 1.0)
        return;
    w->out_bytes_per_s /= over_port;
    w->out_peak = 1.0; /* both directions of the spine are as full */
}

/* Expected groups that the top_k of `experts` fall on when `groups` share them evenly: R (1 - C(E -
 * E/R, k) / C(E, k)). */
static double distinct(const gable_collective *c, double groups)
{
    double missed = 1.0, kept = c->experts - c->experts / groups;
    for (double i = 0.0; i < c->top_k; i += 1.0)
        missed *= fmax(kept - i, 0.0) / (c->experts - i);
    return groups * (1.0 - missed);
}

/* A copy for each expert, also for two on one rank. */
static void low_latency(const gable_collective *c, const gable_group *g, gable_way *w)
{
    double all = c->tokens * busiest(c) * c->top_k * token_bytes(c);
    w->steps = doublings(g->n);
    w->wire_bytes = all * (g->per_node - 1.0) / g->n;
    w->peak = w->out_peak = peak(c);
    if (g->n_nodes > 1.0) {
        w->out_steps = doublings(g->n_nodes);
        w->out_wire_bytes = all * part(g->n_nodes);
        through_spine(c, g, w);
    }
}

/* A copy for each node, by the port of the sender's rail, then one for each rank of it. However
 * popular they are, a node and a rank get each token once. */
static void deduplicated(const gable_collective *c, const gable_group *g, gable_way *w)
{
    double one = c->tokens * token_bytes(c), ranks = distinct(c, g->n);
    double most = fmin(ranks * busiest(c), g->n);
    w->steps = doublings(g->n);
    w->wire_bytes = one * most * g->part;
    w->peak = most / ranks;
    if (g->n_nodes > 1.0) {
        double nodes = distinct(c, g->n_nodes);
        double copies = fmin(nodes * busiest_group(c, g->n_nodes), g->n_nodes);
        w->out_steps = doublings(g->n_nodes);
        w->out_wire_bytes = one * copies * part(g->n_nodes);
        w->out_peak = copies / nodes;
    }
}

/* A copy for each rank, experts dealt evenly: min(k, R) of them, as the benchmarks route; between
 * nodes as above. */
static void dealt(const gable_collective *c, const gable_group *g, gable_way *w)
{
    double one = c->tokens * token_bytes(c), ranks = fmin(c->top_k, g->n);
    double most = fmin(ranks * busiest(c), g->n);
    w->steps = doublings(g->n);
    w->wire_bytes = one * most * g->part;
    w->peak = most / ranks;
    if (g->n_nodes > 1.0) {
        double nodes = fmin(c->top_k, g->n_nodes);
        double copies = fmin(nodes * busiest_group(c, g->n_nodes), g->n_nodes);
        w->out_steps = doublings(g->n_nodes);
        w->out_wire_bytes = one * copies * part(g->n_nodes);
        w->out_peak = copies / nodes;
    }
}

/* All-to-all by a library of tokens: the buffer is what all ranks' tokens fill. */
static void messages(const gable_collective *c, const gable_group *g, gable_way *w)
{
    direct(c, g, w);
    w->steps = doublings(g->n);
    w->out_steps = g->n_nodes > 1.0 ? doublings(g->n_nodes) : 0.0;
    if (c->library != GABLE_LIBRARY_DEEPEP_LL) /* others go by the rail of the receiver */
        w->out_bytes_per_s = g->out_bytes_per_s;
}

/* Only counts travel. */
static void counts(const gable_collective *c, const gable_group *g, gable_way *w)
{
    (void)c;
    w->steps = doublings(g->n);
}

/* ---- the table ---- */

#define ROW(name_, fabrics_, runs_, way_, count_, ...)                                             \
    {                                                                                              \
        .name = (name_), .fabrics = (fabrics_), .runs = GABLE_RUNS_##runs_,                        \
        .way = GABLE_WAY_##way_, .count = (count_), __VA_ARGS__                                    \
    }
#define NEEDS(what) .needs = (what)
#define EVERYWHERE NEEDS(0)
#define IN_A_NODE NEEDS(GABLE_NEEDS_ONE_NODE)
#define BETWEEN_NODES NEEDS(GABLE_NEEDS_MANY_NODES)
#define IN_A_SWITCH NEEDS(GABLE_NEEDS_ONE_NODE | GABLE_NEEDS_IN_NETWORK)
#define BETWEEN_SWITCHES NEEDS(GABLE_NEEDS_MANY_NODES | GABLE_NEEDS_IN_NETWORK)
#define DEALERS .libraries = BY(ONE_SIDED) | BY(TWO_SIDED)
#define MOVERS .libraries = BY(DEEPEP_LL) | BY(DEEPEP_HT) | BY(ONE_SIDED) | BY(TWO_SIDED)

static const gable_algorithm all_reduce[] = {
    /* First: what small buffers take, so that the others need not be finished. */
    ROW("one-shot", ON_ALL, CUSTOM, ONE_SHOT, one_shot, IN_A_NODE),
    ROW("two-shot", ON_ALL, CUSTOM, TWO_SHOT, two_shot, IN_A_NODE),
    ROW("tree", ON_ALL, NCCL, RING, tree_twice, BETWEEN_NODES),
    ROW("in-switch", ON(SWITCH), NCCL, SWITCH, in_switch, IN_A_SWITCH),
    ROW("ring", ON_ALL, NCCL, RING, ring_twice, EVERYWHERE),
    ROW("in-switch-tree", ON(SWITCH), NCCL, SWITCH, in_switch_tree, BETWEEN_SWITCHES),
    ROW("halving-doubling", ON_LINKS, FORCED, RING, halving,
        NEEDS(GABLE_NEEDS_ONE_NODE | GABLE_NEEDS_POWER_OF_TWO)),
    ROW("hierarchical", ON_ALL, FORCED, RING, hierarchical, BETWEEN_NODES),
    ROW("sharp", ON(SWITCH), FORCED, SWITCH, sharp,
        NEEDS(GABLE_NEEDS_MANY_NODES | GABLE_NEEDS_IN_NETWORK | GABLE_NEEDS_OUT_NETWORK)),
};

static const gable_algorithm all_gather[] = {
    ROW("ring", ON_ALL, NCCL, RING, ring_once, EVERYWHERE),
    ROW("direct", ON_LINKS, FORCED, RING, direct, IN_A_NODE),
    ROW("in-switch", ON(SWITCH), FORCED, SWITCH, multicast, IN_A_SWITCH),
    ROW("pat", ON_ALL, FORCED, RING, aggregated, BETWEEN_NODES),
};

static const gable_algorithm all_to_all[] = {
    ROW("direct", ON_ALL, NCCL, RING, direct, EVERYWHERE),
    ROW("rails", ON_ALL, NCCL, RING, rails, BETWEEN_NODES),
    ROW("pairwise", ON_ALL, FORCED, RING, pairwise, EVERYWHERE),
    ROW("messages", ON_LINKS, TOKENS, TOKENS, messages, MOVERS),
};

static const gable_algorithm broadcast[] = {
    ROW("chain", ON_ALL, NCCL, RING, chain, EVERYWHERE),
    ROW("in-switch", ON(SWITCH), FORCED, SWITCH, multicast, IN_A_SWITCH),
};

static const gable_algorithm reduce[] = {
    ROW("chain", ON_ALL, NCCL, RING, chain, EVERYWHERE),
    ROW("in-switch", ON(SWITCH), FORCED, SWITCH, multicast, IN_A_SWITCH),
};

static const gable_algorithm p2p[] = {
    ROW("direct", ON_ALL, NCCL, RING, send, EVERYWHERE),
};

static const gable_algorithm kv_transfer[] = {
    ROW("direct", ON_ALL, NCCL, RING, send_parts, EVERYWHERE),
};

static const gable_algorithm moe_dispatch[] = {
    ROW("low-latency", ON_LINKS, TOKENS, TOKENS, low_latency, .libraries = BY(DEEPEP_LL)),
    /* 24 SMs: DeepSeek's published prefill (facts/network.md 6); the low-latency kernels take none.
     */
    ROW("deduplicated", ON_LINKS, TOKENS, TOKENS, deduplicated, .libraries = BY(DEEPEP_HT),
        .set_aside_sm = 24.0),
    ROW("dealt", ON_LINKS, TOKENS, TOKENS, dealt, DEALERS),
};

static const gable_algorithm moe_prepare[] = {
    ROW("counts", ON_LINKS, TOKENS, TOKENS, counts, DEALERS),
};

#define OF(kind, rows) [GABLE_COLLECTIVE_##kind] = {rows, (int)(sizeof(rows) / sizeof(rows)[0])}

const gable_algorithm_list gable_algorithms_of[GABLE_N_COLLECTIVES] = {
    OF(ALL_REDUCE, all_reduce),
    OF(ALL_GATHER, all_gather),
    OF(REDUCE_SCATTER, all_gather),
    OF(ALL_TO_ALL, all_to_all),
    OF(BROADCAST, broadcast),
    OF(REDUCE, reduce),
    OF(P2P, p2p),
    OF(KV_TRANSFER, kv_transfer),
    OF(MOE_DISPATCH, moe_dispatch),
    OF(MOE_COMBINE, moe_dispatch),
    OF(MOE_PREPARE, moe_prepare),
};
