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
    if (s->fabric != GABLE_FABRIC_PCIE || n <= 2.0)
        return;
    double socket = n > 0.5 * s->n_accelerators ? s->socket_bytes_per_s : 0.0;
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
    if (nodes < 1.0) {
        double span = collective->span > n ? collective->span : n;
        nodes = span > domain ? ceil(span / domain) : 1.0;
        nodes = nodes < n ? nodes : n;
    }
    out->n = n;
    out->part = (n - 1.0) / n;
    out->n_nodes = nodes;
    out->per_node = nodes <= 1.0 ? n : n / nodes > 1.0 ? n / nodes : 1.0;
    out->mean_hops = 1.0;
    out->ring_cap_bytes_per_s = out->all_cap_bytes_per_s = 0.0;
    out->out_bytes_per_s = system->scale_out_bytes_per_s;
    out->oversubscription = system->scale_out_oversubscription;
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

/* What a group and its system have to offer, looked up once for all rows. */
typedef struct offer {
    unsigned fabric; /* its bit; 0: nothing can run */
    unsigned lacks;  /* GABLE_NEEDS_… */
} offer;

static inline offer offer_of(const gable_group *g, const gable_system *system)
{
    bool many = g->n_nodes > 1.0;
    bool in_network = system->in_network_reduction && g->per_node >= in_network_min_ranks;
    bool cut_off = many && system->scale_out_bytes_per_s <= 0.0;
    unsigned lacks = many ? GABLE_NEEDS_ONE_NODE : GABLE_NEEDS_MANY_NODES;
    lacks |= in_network ? 0u : (unsigned)GABLE_NEEDS_IN_NETWORK;
    lacks |= system->scale_out_reduction ? 0u : (unsigned)GABLE_NEEDS_OUT_NETWORK;
    return (offer){.fabric = cut_off ? 0u : 1u << system->fabric, .lacks = lacks};
}

static inline bool reaches(const gable_algorithm *a, offer has)
{
    return (a->fabrics & has.fabric) && !(a->needs & has.lacks);
}

static inline bool counts_out(const gable_algorithm *a, const gable_group *g)
{
    return !(a->needs & GABLE_NEEDS_POWER_OF_TWO) || is_power_of_two(g->n);
}

bool gable_algorithm_fits(const gable_algorithm *algorithm, const gable_group *group,
                          const gable_system *system)
{
    return reaches(algorithm, offer_of(group, system)) && counts_out(algorithm, group);
}

static bool by_library(const gable_algorithm *a, gable_library library)
{
    return a->libraries == 0 || (a->libraries & (1u << library)) != 0;
}

/* Member by member: clearing a whole struct first costs as much as pricing it. */
static void count(const gable_algorithm *a, const gable_collective *c, const gable_group *g,
                  gable_way *out)
{
    out->algorithm = a->name;
    out->kind = a->way;
    out->bytes_per_s = g->bytes_per_s;
    out->out_bytes_per_s = g->out_bytes_per_s;
    out->set_aside_sm = a->set_aside_sm;
    out->steps = out->wire_bytes = out->cap_bytes_per_s = 0.0;
    out->out_steps = out->out_wire_bytes = 0.0;
    out->peak = out->out_peak = 1.0;
    a->count(c, g, out);
}

static double over(double bytes, double bytes_per_s)
{
    return bytes > 0.0 ? bytes / bytes_per_s : 0.0;
}

static double least_s(const gable_way *w)
{
    double inside = over(w->wire_bytes, w->bytes_per_s);
    double outside = over(w->out_wire_bytes, w->out_bytes_per_s);
    return inside > outside ? inside : outside;
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

double gable_net_busbw(const gable_collective *collective, const gable_transfer *transfer)
{
    double s = transfer->time.time_s, n = collective->n_ranks;
    return s > 0.0 ? collective->bytes * gable_net_bus_share(collective->kind, n) / s : 0.0;
}

/* Kinds of rows that a library runs. */
static unsigned runs_of(const gable_collective *c)
{
    if (c->kind >= GABLE_COLLECTIVE_MOE_DISPATCH || c->library >= GABLE_LIBRARY_DEEPEP_LL)
        return GABLE_RUNS_TOKENS;
    bool custom = c->library >= GABLE_LIBRARY_TRTLLM_AR && c->library <= GABLE_LIBRARY_SGLANG_AR;
    return custom ? GABLE_RUNS_CUSTOM | GABLE_RUNS_NCCL : GABLE_RUNS_NCCL;
}

/* ---- pricing ---- */

/* One walk over the rows of a kind: each that the fabric can run lowers the ceiling, whoever may
 * run it; those that `runs` lets in are priced by the constants of whoever runs them. */
typedef struct contest {
    const gable_collective *collective;
    const gable_system *system;
    gable_group group;
    gable_library library;
    const char *algorithm; /* NULL: any */
    unsigned runs;
    gable_family family;
    const gable_kernel_constants *constants;
    const gable_kernel_constants *custom; /* of the engine's own kernel beside a library; or NULL */
    /* What came of it; the ways live in hold's caller. */
    const gable_way *least, *best;
    double ceiling_s, time_s;
    double least_inside_s, least_outside_s; /* at the ceiling: how long the links are taken */
    gable_way_parts parts[2]; /* of the best, and room for the next: a copy would wait for both */
    int spare;
    const gable_kernel_constants *won; /* NULL: nobody could */
} contest;

/* Speed of light: the way with the least bytes at the datasheet's rates, no latency. Of expert
 * tokens only the rows of the library count: another would send other bytes. */
static void lower_ceiling(contest *x, const gable_way *way)
{
    /* Inside a node all ways have the same links: their bytes say it without a division. */
    double most = x->group.n_nodes > 1.0 ? least_s(way) : way->wire_bytes;
    if (most < x->ceiling_s || (most <= x->ceiling_s && way->wire_bytes < x->least->wire_bytes)) {
        x->ceiling_s = most;
        x->least = way;
    }
}

static void enter(contest *x, const gable_algorithm *a, const gable_way *way)
{
    bool own = x->custom && (a->runs & GABLE_RUNS_CUSTOM);
    const gable_kernel_constants *k = own ? x->custom : x->constants;
    if (!own && !(a->runs & x->runs))
        return;
    if (!k || (x->algorithm && strcmp(a->name, x->algorithm) != 0))
        return;
    double s = gable_way_s(x->collective, way, own ? GABLE_FAMILY_CUSTOM_REDUCE : x->family,
                           k->value, x->time_s, &x->parts[x->spare]);
    if (!(s < x->time_s))
        return;
    x->time_s = s;
    x->spare ^= 1;
    x->best = way;
    x->won = k;
}

/* Inside a node no row moves fewer bytes than the library's, so those that nobody is going to run
 * need no count: the ceiling stays where it is.
 *   runs   bits of those who may run */
static inline bool idle(const contest *x, const gable_algorithm *a, unsigned runs)
{
    return !(a->runs & runs) && (a->needs & GABLE_NEEDS_ONE_NODE) && !x->algorithm;
}

/* ways   GABLE_ROWS_CAP of them, for what is counted */
static void hold(contest *x, gable_way *ways)
{
    gable_algorithm_list list = gable_algorithms_of[x->collective->kind];
    unsigned runs = x->runs | (x->custom ? (unsigned)GABLE_RUNS_CUSTOM : 0u);
    offer has = offer_of(&x->group, x->system);
    x->ceiling_s = x->time_s = (double)INFINITY;
    for (int i = 0; i < list.n; i++) {
        const gable_algorithm *a = &list.row[i];
        if (!reaches(a, has) || idle(x, a, runs) || !by_library(a, x->library) ||
            !counts_out(a, &x->group))
            continue;
        count(a, x->collective, &x->group, ways);
        lower_ceiling(x, ways);
        enter(x, a, ways);
        ways++;
    }
    x->ceiling_s = x->least_inside_s = x->least_outside_s = 0.0;
    if (!x->least)
        return;
    x->least_inside_s = over(x->least->wire_bytes, x->least->bytes_per_s);
    x->least_outside_s = over(x->least->out_wire_bytes, x->least->out_bytes_per_s);
    x->ceiling_s = x->least_inside_s > x->least_outside_s ? x->least_inside_s : x->least_outside_s;
}

double gable_net_wire_bytes(const gable_collective *collective, const gable_system *system)
{
    gable_way ways[GABLE_ROWS_CAP];
    contest x = {.collective = collective,
                 .system = system,
                 .library = collective->library,
                 .runs = runs_of(collective)};
    gable_net_group(collective, system, &x.group);
    hold(&x, ways);
    return x.least ? x.least->wire_bytes : 0.0;
}

void gable_net_ways(const gable_collective *collective, const gable_system *system, gable_ways *out)
{
    gable_way ways[GABLE_ROWS_CAP];
    contest x = {.collective = collective,
                 .system = system,
                 .library = collective->library,
                 .runs = runs_of(collective)};
    gable_algorithm_list list = gable_algorithms_of[collective->kind];
    unsigned runs = runs_of(collective);
    gable_net_group(collective, system, &x.group);
    hold(&x, ways);
    *out = (gable_ways){.ceiling_s = x.ceiling_s};
    for (int i = 0; i < list.n && out->n < GABLE_WAYS_CAP; i++) {
        const gable_algorithm *a = &list.row[i];
        if ((a->runs & runs) && gable_algorithm_fits(a, &x.group, system) &&
            by_library(a, collective->library))
            count(a, collective, &x.group, &out->way[out->n++]);
    }
}

/* Between nodes no open row of a collective was measured. */
static void blur(const contest *x, gable_time *time)
{
    if (x->group.n_nodes <= 1.0 || x->collective->kind >= GABLE_COLLECTIVE_MOE_DISPATCH)
        return;
    time->provenance = GABLE_PROVENANCE_ASSUMED;
    time->sigma_ln = sqrt(time->sigma_ln * time->sigma_ln + out_sigma_ln * out_sigma_ln);
}

static void take_time(const contest *x, double time_s, double overhead_s, gable_time *out)
{
    bool late = overhead_s > time_s - overhead_s;
    gable_time_clear(out);
    out->ceiling_s = x->ceiling_s;
    out->time_s = time_s;
    out->network_s = time_s - overhead_s;
    out->overhead_s = overhead_s;
    out->bound = late ? GABLE_BOUND_OVERHEAD : GABLE_BOUND_NETWORK;
    out->ceiling_bound = GABLE_BOUND_NETWORK;
}

static void take_wire(const contest *x, const gable_way *way, double inside_s, double outside_s,
                      gable_wire *out)
{
    out->inside_s = inside_s;
    out->outside_s = outside_s;
    out->least_inside_s = x->least_inside_s;
    out->least_outside_s = x->least_outside_s;
    out->peak = way ? way->peak : 1.0;
    out->out_peak = way ? way->out_peak : 1.0;
}

/* Datasheet alone: the ceiling; nobody could run it: nothing. */
static void finish_without(const contest *x, bool ideal, gable_transfer *out)
{
    const gable_way *least = ideal ? x->least : NULL;
    out->algorithm = ideal ? "ideal" : "none";
    out->from = "datasheet";
    out->steps = 0.0;
    out->wire_bytes = least ? least->wire_bytes : 0.0;
    out->out_wire_bytes = least ? least->out_wire_bytes : 0.0;
    take_wire(x, least, least ? x->least_inside_s : 0.0, least ? x->least_outside_s : 0.0,
              &out->wire);
    take_time(x, ideal ? x->ceiling_s : 0.0, 0.0, &out->time);
}

static void finish(const contest *x, bool ideal, gable_transfer *out)
{
    if (ideal || !x->won) {
        finish_without(x, ideal, out);
    } else {
        const gable_way *way = x->best;
        const gable_way_parts *parts = &x->parts[x->spare ^ 1];
        out->algorithm = way->algorithm;
        out->from = x->won->from;
        out->steps = way->steps + way->out_steps;
        out->wire_bytes = way->wire_bytes;
        out->out_wire_bytes = way->out_wire_bytes;
        take_wire(x, way, parts->inside_s, parts->outside_s, &out->wire);
        take_time(x, x->time_s > x->ceiling_s ? x->time_s : x->ceiling_s, parts->overhead_s,
                  &out->time);
        out->time.sigma_ln = x->won->sigma_ln;
        out->time.set_aside_sm = way->set_aside_sm;
        out->time.provenance = x->won->provenance;
        blur(x, &out->time);
    }
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

/* False when nothing is sent: the answer is there already. */
static bool begin(const gable_collective *c, const gable_machine *machine, contest *x,
                  gable_transfer *out)
{
    x->collective = c;
    x->system = machine->system;
    x->algorithm = NULL;
    x->custom = x->won = NULL;
    x->least = x->best = NULL;
    x->spare = 0;
    x->ceiling_s = x->time_s = x->least_inside_s = x->least_outside_s = 0.0;
    x->family = gable_collective_family(c);
    x->runs = runs_of(c);
    if (c->n_ranks > 1.0 && machine->system->fabric != GABLE_FABRIC_NONE) {
        gable_net_group(c, machine->system, &x->group);
        return true;
    }
    x->group.n_nodes = 1.0;
    finish_without(x, false, out);
    return false;
}

/* Of several libraries that move tokens the fastest runs: few tokens go by the one with the
 * shortest start, many by the one that sends least. */
static void try_libraries(const gable_collective *c, const gable_machine *machine,
                          gable_transfer *out)
{
    for (int f = GABLE_FLAVOUR_OTHER; f <= GABLE_FLAVOUR_THIRD; f++) {
        const gable_kernel_constants *rival =
            machine->constants
                ->flavoured[f][gable_collective_family(c)][c->payload][GABLE_MMA_BF16];
        gable_transfer other;
        if (!rival)
            return;
        gable_net_transfer_with(c, machine, rival, NULL, &other);
        if (other.time.time_s > 0.0 && other.time.time_s < out->time.time_s)
            *out = other;
    }
}

void gable_net_transfer(const gable_collective *collective, const gable_machine *machine,
                        gable_transfer *out)
{
    gable_way ways[GABLE_ROWS_CAP];
    contest x;
    const gable_constants *all = machine->constants;
    if (!begin(collective, machine, &x, out))
        return;
    x.constants = all->kernel[x.family][collective->payload][GABLE_MMA_BF16];
    x.library = library_of(collective, x.constants);
    if (may_custom(collective, &x.group))
        x.custom = all->kernel[GABLE_FAMILY_CUSTOM_REDUCE][collective->payload][GABLE_MMA_BF16];
    hold(&x, ways);
    finish(&x, all->ideal || !x.constants, out);
    if (collective->kind >= GABLE_COLLECTIVE_MOE_DISPATCH && !all->ideal &&
        collective->library == GABLE_LIBRARY_ANY)
        try_libraries(collective, machine, out);
}

void gable_net_transfer_with(const gable_collective *collective, const gable_machine *machine,
                             const gable_kernel_constants *constants, const char *algorithm,
                             gable_transfer *out)
{
    gable_way ways[GABLE_ROWS_CAP];
    contest x;
    if (!begin(collective, machine, &x, out))
        return;
    x.constants = constants;
    x.library = library_of(collective, constants);
    x.algorithm = algorithm;
    x.runs |= algorithm ? GABLE_RUNS_FORCED : 0u;
    hold(&x, ways);
    finish(&x, false, out);
}
