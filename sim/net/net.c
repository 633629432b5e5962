/* net: see net.h. */
#include "net/net.h"

#include <math.h>
#include <string.h>

/* In-switch reduction starts paying with three ranks (NCCL builds no NVLS tree for a pair). */
static const double in_network_min_ranks = 3.0;

/* Largest buffer and group of the engines' own all-reduce kernels. */
static const double custom_cap_bytes = 8.0 * 1048576.0, custom_cap_ranks = 8.0;

/* ln spread of what no row between nodes was fitted to. */
static const double out_sigma_ln = 0.35;

/* ---- the group ---- */

/* A direct mesh that is used in part gives a group only the links among its members. */
static double rate_of(const gable_collective *c, const gable_group *g, const gable_system *s)
{
    if (s->fabric != GABLE_FABRIC_MESH || s->n_accelerators <= 1)
        return s->scale_up_bytes_per_s;
    double peers = c->kind == GABLE_COLLECTIVE_P2P ? 1.0 : g->per_node - 1.0;
    return s->scale_up_bytes_per_s * peers / (s->n_accelerators - 1.0);
}

static double narrower(double a, double b)
{
    return a <= 0.0 ? b : b <= 0.0 ? a : fmin(a, b);
}

/* A PCIe tree: two devices below one switch reach each other; more go through the root, or (without
 * peer access) copy through the memory of the host, which all share; more than half of a box cross
 * between sockets. Of all-to-all, n / 4 buffers cross in each direction. */
static void take_tree(const gable_system *s, gable_group *g)
{
    double n = g->per_node;
    bool crosses = n > 0.5 * s->n_accelerators;
    double socket = crosses ? s->socket_bytes_per_s : 0.0;
    if (s->fabric != GABLE_FABRIC_PCIE || n <= 2.0)
        return;
    if (!s->p2p) {
        g->ring_cap_bytes_per_s = g->all_cap_bytes_per_s =
            narrower(s->host_bounce_bytes_per_s / n, socket / (0.5 * n));
        return;
    }
    g->ring_cap_bytes_per_s = narrower(s->root_bytes_per_s, socket);
    g->all_cap_bytes_per_s = narrower(s->root_bytes_per_s, socket * 4.0 * (n - 1.0) / (n * n));
}

/* A quarter of the way round on each axis (scaling book: all-to-all takes a quarter of the
 * all-gather on a ring of one axis). */
static double mean_hops(const gable_system *s, double n)
{
    double axes = s->n_torus_axes > 0 ? s->n_torus_axes : 3.0;
    double hops = axes * pow(n, 1.0 / axes) / 4.0;
    return hops > 1.0 ? hops : 1.0;
}

void gable_net_group(const gable_collective *collective, const gable_system *system,
                     gable_group *out)
{
    double n = collective->n_ranks, domain = system->n_accelerators;
    double nodes = collective->n_nodes;
    if (nodes < 1.0)
        nodes = n > domain ? ceil(n / domain) : 1.0;
    *out = (gable_group){.n = n,
                         .n_nodes = nodes,
                         .per_node = n / nodes > 1.0 ? n / nodes : 1.0,
                         .mean_hops = 1.0,
                         .out_bytes_per_s = system->scale_out_bytes_per_s,
                         .oversubscription = system->scale_out_oversubscription};
    out->bytes_per_s = rate_of(collective, out, system);
    take_tree(system, out);
    if (system->fabric == GABLE_FABRIC_TORUS)
        out->mean_hops = mean_hops(system, out->per_node);
}

/* ---- which algorithms ---- */

static bool is_power_of_two(double n)
{
    double reach = 1.0;
    while (reach < n)
        reach *= 2.0;
    return reach <= n;
}

bool gable_algorithm_fits(const gable_algorithm *a, const gable_collective *c, const gable_group *g,
                          const gable_system *system)
{
    bool many = g->n_nodes > 1.0;
    if (a->kind != c->kind || !(a->fabrics & (1u << system->fabric)))
        return false;
    if ((a->one_node && many) || (a->many_nodes && !many) ||
        (many && system->scale_out_bytes_per_s <= 0.0))
        return false;
    if (a->in_network && (!system->in_network_reduction || g->per_node < in_network_min_ranks))
        return false;
    if (a->out_network && !system->scale_out_reduction)
        return false;
    return !a->power_of_two || is_power_of_two(g->n);
}

static bool by_library(const gable_algorithm *a, gable_library library)
{
    return a->libraries == 0 || (a->libraries & (1u << library)) != 0;
}

static void count(const gable_algorithm *a, const gable_collective *c, const gable_group *g,
                  gable_way *out)
{
    *out = (gable_way){.algorithm = a->name,
                       .kind = a->way,
                       .bytes_per_s = g->bytes_per_s,
                       .out_bytes_per_s = g->out_bytes_per_s};
    a->count(c, g, out);
}

static double least_s(const gable_way *w)
{
    double inside = w->wire_bytes > 0.0 ? w->wire_bytes / w->bytes_per_s : 0.0;
    double outside = w->out_wire_bytes > 0.0 ? w->out_wire_bytes / w->out_bytes_per_s : 0.0;
    return inside > outside ? inside : outside;
}

/* Rows of one kind stand together. */
static int first_of(gable_collective_kind kind)
{
    int i = 0;
    while (i < gable_n_algorithms && gable_algorithms[i].kind != kind)
        i++;
    return i;
}

/* Speed of light: the way with the least bytes, whoever may run it, at the datasheet's rates, no
 * latency. Of expert tokens only the rows of the library count: another would send other bytes. */
static double ceiling(const gable_collective *c, const gable_group *g, const gable_system *system,
                      gable_library library, gable_way *best)
{
    double least = (double)INFINITY;
    for (int i = first_of(c->kind); i < gable_n_algorithms && gable_algorithms[i].kind == c->kind;
         i++) {
        const gable_algorithm *a = &gable_algorithms[i];
        gable_way way;
        if (!gable_algorithm_fits(a, c, g, system) || !by_library(a, library))
            continue;
        count(a, c, g, &way);
        double s = least_s(&way);
        if (s < least || (s <= least && way.wire_bytes < best->wire_bytes)) {
            least = s;
            *best = way;
        }
    }
    return least < (double)INFINITY ? least : 0.0;
}

double gable_net_wire_bytes(const gable_collective *collective, const gable_system *system)
{
    gable_group group;
    gable_way best = {0};
    gable_net_group(collective, system, &group);
    ceiling(collective, &group, system, collective->library, &best);
    return best.wire_bytes;
}

double gable_net_bus_share(gable_collective_kind kind, double n)
{
    switch ((int)kind) {
    case GABLE_COLLECTIVE_ALL_REDUCE:
        return 2.0 * (n - 1.0) / n;
    case GABLE_COLLECTIVE_ALL_GATHER:
    case GABLE_COLLECTIVE_REDUCE_SCATTER:
    case GABLE_COLLECTIVE_ALL_TO_ALL:
        return (n - 1.0) / n;
    default:
        return 1.0;
    }
}

/* Kinds of rows that a library runs. */
static unsigned runs_of(const gable_collective *c)
{
    if (c->kind >= GABLE_COLLECTIVE_MOE_DISPATCH)
        return GABLE_RUNS_TOKENS;
    bool custom = c->library >= GABLE_LIBRARY_TRTLLM_AR && c->library <= GABLE_LIBRARY_SGLANG_AR;
    return custom ? GABLE_RUNS_CUSTOM | GABLE_RUNS_NCCL : GABLE_RUNS_NCCL;
}

void gable_net_ways(const gable_collective *collective, const gable_system *system, gable_ways *out)
{
    gable_group group;
    gable_way best = {0};
    unsigned runs = runs_of(collective);
    out->n = 0;
    gable_net_group(collective, system, &group);
    out->ceiling_s = ceiling(collective, &group, system, collective->library, &best);
    for (int i = first_of(collective->kind); i < gable_n_algorithms && out->n < GABLE_WAYS_CAP;
         i++) {
        const gable_algorithm *a = &gable_algorithms[i];
        if ((a->runs & runs) && gable_algorithm_fits(a, collective, &group, system) &&
            by_library(a, collective->library))
            count(a, collective, &group, &out->way[out->n++]);
    }
}

/* ---- pricing ---- */

/* What is being priced, and the best so far. */
typedef struct contest {
    const gable_collective *collective;
    const gable_group *group;
    const gable_system *system;
    gable_library library;
    const char *algorithm; /* NULL: any */
    unsigned runs;
    const gable_kernel_constants *constants;
    gable_family family;
    gable_transfer *out;
} contest;

static void enter(const contest *x)
{
    gable_transfer *out = x->out;
    for (int i = first_of(x->collective->kind);
         i < gable_n_algorithms && gable_algorithms[i].kind == x->collective->kind; i++) {
        const gable_algorithm *a = &gable_algorithms[i];
        gable_way way;
        double overhead_s;
        if (!(a->runs & x->runs) || !by_library(a, x->library) ||
            !gable_algorithm_fits(a, x->collective, x->group, x->system) ||
            (x->algorithm && strcmp(a->name, x->algorithm) != 0))
            continue;
        count(a, x->collective, x->group, &way);
        double s = gable_way_s(x->collective, &way, x->family, x->constants->value, &overhead_s);
        if (!(s < out->time.time_s))
            continue;
        out->algorithm = a->name;
        out->from = x->constants->from;
        out->steps = way.steps + way.out_steps;
        out->wire_bytes = way.wire_bytes;
        out->out_wire_bytes = way.out_wire_bytes;
        out->time.time_s = s;
        out->time.overhead_s = overhead_s;
        out->time.provenance = x->constants->provenance;
        out->time.sigma_ln = x->constants->sigma_ln;
    }
}

/* Nothing is faster than light; nothing is said of a fabric that cannot run it. */
static void finish(const gable_collective *c, const gable_group *g, gable_transfer *out)
{
    if (!(out->time.time_s < (double)INFINITY)) {
        out->time = (gable_time){.ceiling_s = out->time.ceiling_s};
        out->time.bound = out->time.ceiling_bound = GABLE_BOUND_NETWORK;
        return;
    }
    if (out->time.time_s < out->time.ceiling_s)
        out->time.time_s = out->time.ceiling_s;
    out->time.network_s = out->time.time_s - out->time.overhead_s;
    out->time.ceiling_bound = GABLE_BOUND_NETWORK;
    out->time.bound =
        out->time.overhead_s > out->time.network_s ? GABLE_BOUND_OVERHEAD : GABLE_BOUND_NETWORK;
    bool fitted_inside = g->n_nodes > 1.0 && c->kind < GABLE_COLLECTIVE_MOE_DISPATCH;
    if (fitted_inside && out->time.provenance != GABLE_PROVENANCE_SPEC) {
        out->time.provenance = GABLE_PROVENANCE_ASSUMED;
        out->time.sigma_ln =
            sqrt(out->time.sigma_ln * out->time.sigma_ln + out_sigma_ln * out_sigma_ln);
    }
    if (out->time.time_s > 0.0)
        out->busbw_bytes_per_s =
            c->bytes * gable_net_bus_share(c->kind, c->n_ranks) / out->time.time_s;
}

static bool begin(const gable_collective *c, const gable_machine *machine, gable_library library,
                  gable_group *group, gable_way *least, gable_transfer *out)
{
    *out = (gable_transfer){.algorithm = "none", .from = "datasheet"};
    out->time.bound = out->time.ceiling_bound = GABLE_BOUND_NETWORK;
    if (c->n_ranks <= 1.0 || machine->system->fabric == GABLE_FABRIC_NONE)
        return false;
    gable_net_group(c, machine->system, group);
    out->time.ceiling_s = ceiling(c, group, machine->system, library, least);
    out->time.time_s = (double)INFINITY;
    return true;
}

static void take_ideal(const gable_way *least, gable_transfer *out)
{
    out->algorithm = "ideal";
    out->wire_bytes = least->wire_bytes;
    out->out_wire_bytes = least->out_wire_bytes;
    out->time.time_s = out->time.ceiling_s;
    out->time.provenance = GABLE_PROVENANCE_SPEC;
}

/* "deepep_ll/dispatch" -> DEEPEP_LL: constants of expert tokens belong to a way of counting. */
static gable_library library_of(const gable_collective *c, const gable_kernel_constants *k)
{
    if (c->library != GABLE_LIBRARY_ANY || c->kind < GABLE_COLLECTIVE_MOE_DISPATCH)
        return c->library;
    for (int i = GABLE_LIBRARY_ANY + 1; k && i < GABLE_N_LIBRARIES; i++) {
        size_t n = strlen(gable_libraries[i]);
        if (strncmp(k->kernel, gable_libraries[i], n) == 0 && k->kernel[n] == '/')
            return (gable_library)i;
    }
    return GABLE_LIBRARY_DEEPEP_LL;
}

/* The engine's own kernel for small buffers beside the library. */
static bool may_custom(const gable_collective *c, const gable_group *g)
{
    return c->kind == GABLE_COLLECTIVE_ALL_REDUCE && c->library == GABLE_LIBRARY_ANY &&
           g->n_nodes <= 1.0 && c->n_ranks <= custom_cap_ranks && c->bytes <= custom_cap_bytes;
}

void gable_net_transfer(const gable_collective *collective, const gable_machine *machine,
                        gable_transfer *out)
{
    gable_group group;
    gable_way least = {0};
    gable_family family = gable_collective_family(collective);
    const gable_constants *all = machine->constants;
    const gable_kernel_constants *k = all->kernel[family][collective->payload][GABLE_MMA_BF16];
    gable_library library = library_of(collective, k);
    if (!begin(collective, machine, library, &group, &least, out))
        return;
    if (all->ideal || !k) {
        take_ideal(&least, out);
        finish(collective, &group, out);
        return;
    }
    contest x = {.collective = collective,
                 .group = &group,
                 .system = machine->system,
                 .library = library,
                 .runs = runs_of(collective),
                 .constants = k,
                 .family = family,
                 .out = out};
    enter(&x);
    if (may_custom(collective, &group)) {
        x.family = GABLE_FAMILY_CUSTOM_REDUCE;
        x.constants = all->kernel[x.family][collective->payload][GABLE_MMA_BF16];
        x.runs = GABLE_RUNS_CUSTOM;
        if (x.constants)
            enter(&x);
    }
    finish(collective, &group, out);
}

void gable_net_transfer_with(const gable_collective *collective, const gable_machine *machine,
                             const gable_kernel_constants *constants, const char *algorithm,
                             gable_transfer *out)
{
    gable_group group;
    gable_way least = {0};
    gable_library library = library_of(collective, constants);
    if (!begin(collective, machine, library, &group, &least, out))
        return;
    contest x = {.collective = collective,
                 .group = &group,
                 .system = machine->system,
                 .library = library,
                 .algorithm = algorithm,
                 .runs = runs_of(collective) | (algorithm ? GABLE_RUNS_FORCED : 0),
                 .constants = constants,
                 .family = gable_collective_family(collective),
                 .out = out};
    enter(&x);
    finish(collective, &group, out);
}
