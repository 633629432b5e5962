/* net/traffic: patterns as flows. See fabric.h. Links of a device go in a fixed order, so that a
 * path is arithmetic: up and down of each device, to and from the network of each device, to and
 * from the spine of each rail, then what the fabric shares. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "net/fabric.h"

const char *const gable_patterns[] = {
#define PATTERN_NAME(symbol, name, help) name,
    GABLE_PATTERN_LIST(PATTERN_NAME)
#undef PATTERN_NAME
        NULL};

enum { PATH_CAP = 6 };
#define NO_NUMBER SIZE_MAX

typedef struct builder {
    gable_arena *arena;
    const gable_system *system;
    const gable_traffic *traffic;
    gable_flows *out;
    size_t n, per_node, n_rails;
    size_t rails_at, shared_at;
    size_t flows_cap, path_cap, after_cap;
    uint64_t state;
    bool failed;
    gable_err *err;
} builder;

/* splitmix64: the same numbers everywhere. */
static double uniform(builder *b)
{
    uint64_t z = b->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

/* "d3.up", "n0.socket.1": what it is, which, and of which of its parts. */
static const char *name_of(builder *b, const char *what, size_t i, const char *part, size_t j)
{
    char text[64];
    bool numbered = j != NO_NUMBER;
    snprintf(text, sizeof text, "%s%zu%s", what, i, part);
    size_t n = strlen(text);
    if (numbered)
        snprintf(text + n, sizeof text - n, "%zu", j);
    const char *copy = gable_arena_copy(b->arena, text, strlen(text));
    b->failed = b->failed || !copy;
    return copy ? copy : "";
}

/* ---- links ---- */

static void add_link(builder *b, const char *name, double rate, double count)
{
    gable_flows *f = b->out;
    f->link_name[f->n_links] = name;
    f->link_bytes_per_s[f->n_links] = rate;
    f->link_count[f->n_links++] = count;
}

static void add_pairs(builder *b)
{
    double rate = b->system->scale_up_bytes_per_s / (b->system->n_accelerators - 1.0);
    for (size_t i = 0; i < b->n; i++)
        for (size_t j = 0; j < b->per_node; j++)
            add_link(b, name_of(b, "d", i, ".to", j), rate, 1.0);
}

/* A shared path that was measured: memory of a host, or the link between its sockets. */
static void add_box(builder *b)
{
    const gable_system *s = b->system;
    for (size_t node = 0; node * b->per_node < b->n; node++) {
        double host =
            s->p2p || s->host_bounce_bytes_per_s <= 0.0 ? 1e18 : s->host_bounce_bytes_per_s;
        double socket = s->socket_bytes_per_s > 0.0 ? s->socket_bytes_per_s : 1e18;
        add_link(b, name_of(b, "n", node, ".host", NO_NUMBER), host, 1.0);
        add_link(b, name_of(b, "n", node, ".socket.", 0), socket, 1.0);
        add_link(b, name_of(b, "n", node, ".socket.", 1), socket, 1.0);
    }
}

static gable_status take_links(builder *b, size_t n)
{
    gable_flows *f = b->out;
    GABLE_TRY(gable_arena_take(b->arena, n, sizeof *f->link_name, &f->link_name, b->err));
    GABLE_TRY(
        gable_arena_take(b->arena, n, sizeof *f->link_bytes_per_s, &f->link_bytes_per_s, b->err));
    GABLE_TRY(gable_arena_take(b->arena, n, sizeof *f->link_latency_s, &f->link_latency_s, b->err));
    GABLE_TRY(gable_arena_take(b->arena, n, sizeof *f->link_count, &f->link_count, b->err));
    return gable_arena_take(b->arena, n, sizeof *f->link_fatpipe, &f->link_fatpipe, b->err);
}

/* Uplinks of the leaf of one rail, of all nodes together. */
static double spine_rate(const builder *b)
{
    double nodes = (double)b->n / (double)b->per_node;
    return nodes * b->system->scale_out_bytes_per_s / b->system->scale_out_oversubscription;
}

static gable_status lay_links(builder *b)
{
    const gable_system *s = b->system;
    bool many = b->n > b->per_node;
    size_t mesh = s->fabric == GABLE_FABRIC_MESH ? b->n * b->per_node : 0;
    GABLE_TRY(take_links(b, 4 * b->n + 2 * b->per_node + mesh + 3 * b->n + 4));
    for (size_t i = 0; i < b->n; i++) {
        add_link(b, name_of(b, "d", i, ".up", NO_NUMBER), s->scale_up_bytes_per_s, 1.0);
        add_link(b, name_of(b, "d", i, ".down", NO_NUMBER), s->scale_up_bytes_per_s, 1.0);
    }
    for (size_t i = 0; many && i < b->n; i++) {
        add_link(b, name_of(b, "d", i, ".out", NO_NUMBER), s->scale_out_bytes_per_s, 1.0);
        add_link(b, name_of(b, "d", i, ".in", NO_NUMBER), s->scale_out_bytes_per_s, 1.0);
    }
    b->rails_at = b->out->n_links;
    for (size_t r = 0; many && r < b->per_node; r++) {
        add_link(b, name_of(b, "rail", r, ".up", NO_NUMBER), spine_rate(b), 1.0);
        add_link(b, name_of(b, "rail", r, ".down", NO_NUMBER), spine_rate(b), 1.0);
    }
    b->shared_at = b->out->n_links;
    if (s->fabric == GABLE_FABRIC_MESH)
        add_pairs(b);
    if (s->fabric == GABLE_FABRIC_PCIE)
        add_box(b);
    return GABLE_OK;
}

/* ---- paths ---- */

static size_t box_path(const builder *b, size_t i, size_t j, size_t *path)
{
    size_t n = 0, box = b->shared_at + 3 * (i / b->per_node);
    size_t a = i % b->per_node, z = j % b->per_node, half = (size_t)b->system->n_accelerators / 2;
    path[n++] = 2 * i;
    if (a / 2 != z / 2) /* beyond one switch */
        path[n++] = box;
    if ((a < half) != (z < half))
        path[n++] = box + (a < half ? 1 : 2);
    path[n++] = 2 * j + 1;
    return n;
}

static size_t path_of(const builder *b, size_t i, size_t j, size_t *path)
{
    size_t n = 0;
    if (i / b->per_node != j / b->per_node) {
        size_t out = 2 * b->n, rail_i = i % b->per_node, rail_j = j % b->per_node;
        path[n++] = out + 2 * i;
        if (rail_i != rail_j) {
            path[n++] = b->rails_at + 2 * rail_i;
            path[n++] = b->rails_at + 2 * rail_j + 1;
        }
        path[n++] = out + 2 * j + 1;
        return n;
    }
    if (b->system->fabric == GABLE_FABRIC_PCIE)
        return box_path(b, i, j, path);
    if (b->system->fabric == GABLE_FABRIC_MESH) {
        path[n++] = b->shared_at + i * b->per_node + j % b->per_node;
        return n;
    }
    path[n++] = 2 * i;
    path[n++] = 2 * j + 1;
    return n;
}

/* ---- flows ---- */

static gable_status take_flows(builder *b, size_t n, size_t n_after)
{
    gable_flows *f = b->out;
    if (n > GABLE_TRAFFIC_FLOWS_CAP)
        return gable_fail(b->err, GABLE_INPUT, "%zu flows, at most %d are laid out one by one", n,
                          (int)GABLE_TRAFFIC_FLOWS_CAP);
    b->flows_cap = n;
    GABLE_TRY(gable_arena_take(b->arena, n + 1, sizeof *f->flow_id, &f->flow_id, b->err));
    GABLE_TRY(gable_arena_take(b->arena, n + 1, sizeof *f->flow_start_s, &f->flow_start_s, b->err));
    GABLE_TRY(gable_arena_take(b->arena, n + 1, sizeof *f->flow_bytes, &f->flow_bytes, b->err));
    GABLE_TRY(gable_arena_take(b->arena, n + 1, sizeof *f->flow_count, &f->flow_count, b->err));
    GABLE_TRY(gable_arena_take(b->arena, n + 2, sizeof *f->path_at, &f->path_at, b->err));
    GABLE_TRY(gable_arena_take(b->arena, n + 2, sizeof *f->after_at, &f->after_at, b->err));
    GABLE_TRY(gable_arena_take(b->arena, n_after + 1, sizeof *f->after, &f->after, b->err));
    return gable_arena_take(b->arena, n * PATH_CAP + 1, sizeof *f->path, &f->path, b->err);
}

static void add_flow(builder *b, const char *id, size_t i, size_t j, double bytes, double start_s,
                     const size_t *after)
{
    gable_flows *f = b->out;
    size_t k = f->n_flows++, at = f->path_at[k], waits = f->after_at[k];
    f->flow_id[k] = id;
    f->flow_bytes[k] = bytes;
    f->flow_start_s[k] = start_s;
    f->flow_count[k] = 1.0;
    f->path_at[k + 1] = at + path_of(b, i, j, f->path + at);
    if (after)
        f->after[waits++] = *after;
    f->after_at[k + 1] = waits;
}

/* Share of rank j among n that are popular by Zipf's law. */
static double zipf_sum(double n, double skew)
{
    double sum = 0.0;
    for (double r = 1.0; r <= n; r += 1.0)
        sum += pow(r, -skew);
    return sum;
}

double gable_zipf_imbalance(double n_ranks, double skew)
{
    return skew > 0.0 ? n_ranks / zipf_sum(n_ranks, skew) : 1.0;
}

static gable_status lay_matrix(builder *b)
{
    double sum = zipf_sum((double)b->n, b->traffic->skew);
    bool moe = b->traffic->pattern == GABLE_PATTERN_MOE;
    GABLE_TRY(take_flows(b, b->n * (b->n - 1), 0));
    for (size_t i = 0; i < b->n; i++)
        for (size_t j = 0; j < b->n; j++) {
            double share = moe ? pow((double)(j + 1), -b->traffic->skew) / sum : 1.0 / (double)b->n;
            if (i != j)
                add_flow(b, name_of(b, "", i, "_", j), i, j, b->traffic->bytes * share, 0.0, NULL);
        }
    return GABLE_OK;
}

/* All-reduce of the `n` ranks from `first` on: step k of a rank hands on what step k - 1 of the one
 * before it brought. */
static void add_ring(builder *b, size_t first, size_t n)
{
    for (size_t k = 0; k < 2 * (n - 1); k++)
        for (size_t i = 0; i < n; i++) {
            size_t before = k ? (k - 1) * n + (i + n - 1) % n : 0;
            add_flow(b, name_of(b, "s", k, "_", first + i), first + i, first + (i + 1) % n,
                     b->traffic->bytes / (double)n, 0.0, k ? &before : NULL);
        }
}

static gable_status lay_ring(builder *b)
{
    size_t n_flows = 2 * (b->n - 1) * b->n;
    GABLE_TRY(take_flows(b, n_flows, n_flows));
    add_ring(b, 0, b->n);
    return GABLE_OK;
}

/* Prefill hands caches over to decode, whose all-reduce shares the links with them. */
static gable_status lay_handover(builder *b)
{
    size_t half = b->n / 2, n = b->n - half, ring = 2 * (n - 1) * n;
    GABLE_TRY(take_flows(b, ring + half, ring));
    add_ring(b, half, n);
    for (size_t i = 0; i < half; i++)
        add_flow(b, name_of(b, "kv", i, "_", half + i), i, half + i, b->traffic->bytes, 0.0, NULL);
    return GABLE_OK;
}

static gable_status lay_incast(builder *b)
{
    GABLE_TRY(take_flows(b, b->n - 1, 0));
    for (size_t i = 1; i < b->n; i++)
        add_flow(b, name_of(b, "", i, "_", 0), i, 0, b->traffic->bytes, 0.0, NULL);
    return GABLE_OK;
}

/* One cycle through all ranks in random order: nobody sends to itself. */
static gable_status lay_permutation(builder *b)
{
    size_t *order;
    GABLE_TRY(take_flows(b, b->n, 0));
    GABLE_TRY(gable_arena_take(b->arena, b->n, sizeof *order, &order, b->err));
    for (size_t i = 0; i < b->n; i++)
        order[i] = i;
    for (size_t i = b->n - 1; i > 0; i--) {
        size_t k = (size_t)(uniform(b) * (double)(i + 1)), moved = order[i];
        order[i] = order[k];
        order[k] = moved;
    }
    for (size_t i = 0; i < b->n; i++) {
        size_t from = order[i], to = order[(i + 1) % b->n];
        add_flow(b, name_of(b, "", from, "_", to), from, to, b->traffic->bytes, 0.0, NULL);
    }
    return GABLE_OK;
}

/* As many flows as keep every device busy about half of the time that eight of them take. */
static gable_status lay_random(builder *b)
{
    size_t n = 8 * b->n;
    double span_s = 16.0 * b->traffic->bytes / b->system->scale_up_bytes_per_s;
    GABLE_TRY(take_flows(b, n, 0));
    for (size_t k = 0; k < n; k++) {
        size_t i = (size_t)(uniform(b) * (double)b->n);
        size_t j = (i + 1 + (size_t)(uniform(b) * (double)(b->n - 1))) % b->n;
        double bytes = 2.0 * b->traffic->bytes * uniform(b);
        add_flow(b, name_of(b, "f", k, "", NO_NUMBER), i, j, bytes, span_s * uniform(b), NULL);
    }
    return GABLE_OK;
}

/* All-to-all behind switches looks alike from every device: one row for each kind of path. */
static gable_status lay_symmetric(builder *b)
{
    const gable_system *s = b->system;
    gable_flows *f = b->out;
    double n = b->traffic->n_ranks, g = n / b->traffic->n_nodes;
    const struct {
        const char *id;
        double count;
        size_t n_path, path[4];
    } rows[] = {
        {"inside", n * (g - 1.0), 2, {0, 1}},
        {"same-rail", n * (n / g - 1.0), 2, {2, 3}},
        {"other-rail", n * (n / g - 1.0) * (g - 1.0), 4, {2, 4, 5, 3}},
    };
    GABLE_TRY(take_links(b, 6));
    add_link(b, "up", s->scale_up_bytes_per_s, n);
    add_link(b, "down", s->scale_up_bytes_per_s, n);
    add_link(b, "out", fmax(s->scale_out_bytes_per_s, 1.0), n);
    add_link(b, "in", fmax(s->scale_out_bytes_per_s, 1.0), n);
    add_link(b, "rail-up", fmax(spine_rate(b), 1.0), g);
    add_link(b, "rail-down", fmax(spine_rate(b), 1.0), g);
    GABLE_TRY(take_flows(b, 3, 0));
    for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++) {
        size_t k = f->n_flows;
        if (rows[r].count < 1.0)
            continue;
        f->flow_id[k] = rows[r].id;
        f->flow_bytes[k] = b->traffic->bytes / n;
        f->flow_count[k] = rows[r].count;
        memcpy(f->path + f->path_at[k], rows[r].path, rows[r].n_path * sizeof *f->path);
        f->path_at[k + 1] = f->path_at[k] + rows[r].n_path;
        f->n_flows++;
    }
    return GABLE_OK;
}

gable_status gable_traffic_build(gable_arena *arena, const gable_system *system,
                                 const gable_traffic *traffic, gable_flows *out, gable_err *err)
{
    typedef gable_status lay(builder * b);
    static lay *const lays[GABLE_N_PATTERNS] = {[GABLE_PATTERN_ALL_TO_ALL] = lay_matrix,
                                                [GABLE_PATTERN_RING] = lay_ring,
                                                [GABLE_PATTERN_INCAST] = lay_incast,
                                                [GABLE_PATTERN_RANDOM] = lay_random,
                                                [GABLE_PATTERN_PERMUTATION] = lay_permutation,
                                                [GABLE_PATTERN_MOE] = lay_matrix,
                                                [GABLE_PATTERN_KV] = lay_handover};
    builder b = {.arena = arena,
                 .system = system,
                 .traffic = traffic,
                 .out = out,
                 .n = (size_t)traffic->n_ranks,
                 .per_node = (size_t)(traffic->n_ranks / traffic->n_nodes),
                 .state = traffic->seed,
                 .err = err};
    *out = (gable_flows){0};
    if (traffic->n_ranks < 2)
        return gable_fail(err, GABLE_INPUT, "traffic needs two ranks");
    if (system->fabric == GABLE_FABRIC_TORUS)
        return gable_fail(err, GABLE_INPUT, "%s: no routes on a torus are laid out", system->name);
    if (traffic->pattern == GABLE_PATTERN_ALL_TO_ALL && system->fabric == GABLE_FABRIC_SWITCH)
        return lay_symmetric(&b);
    if (b.n > 65536)
        return gable_fail(err, GABLE_INPUT, "%zu ranks, at most 65536 are laid out one by one",
                          b.n);
    GABLE_TRY(lay_links(&b));
    GABLE_TRY(lays[traffic->pattern](&b));
    return b.failed ? gable_fail(err, GABLE_INTERNAL, "arena full") : GABLE_OK;
}
