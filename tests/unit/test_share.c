/* net/share: lanes by hand; the closed form against net/flows, for lanes at random and for expert
 * tokens on their way out and back at the same time, pair by pair. */
#include <math.h>
#include <string.h>

#include "net/fabric.h"
#include "net/share.h"
#include "rows.h"
#include "scratch.h"

static gable_err err;

static const struct {
    const char *what;
    gable_lane_use lane[3];
    double expected_s;
} known[] = {
    {"one lane alone", {{5, {1, 3, 0, 0}}}, 5},
    {"links of their own", {{5, {3, 3, 0, 0}}, {4, {0, 0, 2, 2}}}, 5},
    {"one link: the first comes after 2, and then nothing is idle",
     {{5, {3, 3, 0, 0}}, {5, {3, 3, 0, 0}}},
     8},
    {"the second comes when the first is done", {{3, {2, 0, 0, 0}}, {9, {4, 0, 0, 0}}}, 9},
    {"the second comes while the first is there", {{5, {4, 0, 0, 0}}, {6, {3, 0, 0, 0}}}, 8},
    {"out and back of skewed tokens: each is calm where the other is busy",
     {{6, {2, 6, 0, 0}}, {6, {6, 2, 0, 0}}},
     8},
    {"three lanes, the middle one elsewhere",
     {{4, {3, 0, 0, 0}}, {9, {0, 9, 0, 0}}, {4, {3, 0, 0, 0}}},
     9},
};

START_TEST(lanes_by_hand)
{
    ck_assert_double_eq_tol(gable_net_share_s(known[_i].lane, 3), known[_i].expected_s, 1e-12);
}
END_TEST

/* splitmix64, 0 to 1. */
static double uniform(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

enum { LANES = 4, LINKS = GABLE_N_DEVICE_LINKS };

/* A flow for each link of each lane; a link of a lane's own brings its latency. */
static double run_lanes(const gable_lane_use *lanes, const double *latency_s)
{
    static const char *name = "x";
    const char *names[LANES * LINKS];
    double rate[LANES + LINKS], latency[LANES + LINKS] = {0}, count[LANES * LINKS];
    double start[LANES * LINKS] = {0}, bytes[LANES * LINKS];
    bool fatpipe[LANES + LINKS] = {false};
    size_t path_at[LANES * LINKS + 1] = {0}, path[2 * LANES * LINKS];
    size_t after_at[LANES * LINKS + 1] = {0}, after[1] = {0};
    gable_flows f = {LINKS + LANES, LANES * LINKS, names, rate,     latency,
                     count,         fatpipe,       names, start,    bytes,
                     count,         path_at,       path,  after_at, after};
    gable_flows_end end;
    for (int k = 0; k < LANES * LINKS; k++) {
        int lane = k / LINKS, link = k % LINKS;
        names[k] = name;
        count[k] = 1.0;
        bytes[k] = lanes[lane].link_s[link];
        path[2 * k] = LINKS + (size_t)lane;
        path[2 * k + 1] = (size_t)link;
        path_at[k + 1] = 2 * (size_t)k + 2;
    }
    for (int i = 0; i < LANES + LINKS; i++) {
        rate[i] = i < LINKS ? 1.0 : 1e30; /* bytes are seconds */
        latency[i] = i < LINKS ? 0.0 : latency_s[i - LINKS];
        fatpipe[i] = i >= LINKS;
    }
    ck_assert_int_eq(gable_flows_run(scratch_arena(), &f, &end, &err), GABLE_OK);
    return end.makespan_s;
}

START_TEST(lanes_at_random)
{
    uint64_t state = 7;
    for (int round = 0; round < 2000; round++) {
        gable_lane_use lanes[LANES] = {0};
        double latency_s[LANES], longest = 0.0, sum = 0.0;
        for (int i = 0; i < LANES; i++) {
            double most = 0.0;
            for (int link = 0; link < LINKS; link++)
                if (uniform(&state) < 0.6)
                    most = fmax(most, lanes[i].link_s[link] = uniform(&state));
            latency_s[i] = uniform(&state) < 0.3 ? 0.0 : 2.0 * uniform(&state);
            lanes[i].time_s = latency_s[i] + most;
            longest = fmax(longest, lanes[i].time_s);
            sum += lanes[i].time_s;
        }
        double together = gable_net_share_s(lanes, LANES);
        ck_assert_double_eq_tol(together, run_lanes(lanes, latency_s), 1e-9);
        ck_assert(together >= longest && together <= sum * (1.0 + 1e-12));
    }
}
END_TEST

/* Tokens to experts, and as many from them, at the same time: each flow once more, turned round.
 * Links go in pairs of directions. */
static gable_flows there_and_back(const gable_flows *out, double back_per_out)
{
    gable_flows both = *out;
    size_t n = out->n_flows, hops = out->path_at[n];
    ck_assert_int_eq(
        gable_arena_take(scratch_arena(), 2 * n, sizeof *both.flow_id, &both.flow_id, &err),
        GABLE_OK);
#define COLUMN(member, count)                                                                      \
    ck_assert_int_eq(                                                                              \
        gable_arena_take(scratch_arena(), count, sizeof *both.member, &both.member, &err),         \
        GABLE_OK)
    COLUMN(flow_start_s, 2 * n);
    COLUMN(flow_bytes, 2 * n);
    COLUMN(flow_count, 2 * n);
    COLUMN(path_at, 2 * n + 1);
    COLUMN(after_at, 2 * n + 1);
    COLUMN(path, 2 * hops);
#undef COLUMN
    both.n_flows = 2 * n;
    for (size_t i = 0; i < n; i++) {
        size_t from = out->path_at[i], to = out->path_at[i + 1];
        both.flow_bytes[i] = out->flow_bytes[i];
        both.flow_bytes[n + i] = out->flow_bytes[i] * back_per_out;
        both.flow_count[i] = both.flow_count[n + i] = 1.0;
        both.path_at[i + 1] = to;
        both.path_at[n + i + 1] = hops + to;
        for (size_t p = from; p < to; p++) {
            both.path[p] = out->path[p];
            both.path[hops + from + to - 1 - p] = out->path[p] ^ 1u;
        }
    }
    return both;
}

static const struct {
    const char *system;
    int ranks, nodes;
    double skew, hot, back_per_out, tolerance;
} exchanges[] = {
    {"gb200-nvl72", 72, 1, 0.0, 0.0, 2.0, 1e-9},
    {"gb200-nvl72", 72, 1, 0.8, 0.0, 2.0, 1e-9},
    {"hgx-h100-8", 8, 1, 0.0, 0.0, 1.0, 1e-9},
    {"hgx-h100-8", 8, 1, 1.2, 0.0, 2.0, 1e-9},
    {"hgx-h100-8", 32, 4, 0.0, 0.0, 1.0, 1e-9},
    {"hgx-h100-8", 16, 2, 0.0, 3.0, 2.0, 1e-9},
    {"hgx-h100-8", 32, 4, 0.0, 5.0, 2.0, 1e-9},
    /* Other ranks of the busiest node are popular too, so less leaves it than is reckoned. */
    {"hgx-h100-8", 32, 4, 0.8, 0.0, 2.0, 0.03},
};

/* The first rank gets `hot` times the mean, all others the same. */
static void heat(gable_flows *f, double n, double hot)
{
    for (size_t k = 0; k < f->n_flows; k++)
        f->flow_bytes[k] *= f->flow_id[k][strlen(f->flow_id[k]) - 1] == '0' &&
                                    f->flow_id[k][strlen(f->flow_id[k]) - 2] == '_'
                                ? hot
                                : (n - hot) / (n - 1.0);
}

/* What `gable_net_transfer` would say of tokens at the links' own rates. */
static gable_wire wire_of(const gable_system *s, const gable_traffic *t, double hot, double bytes)
{
    double n = t->n_ranks, g = n / t->n_nodes, peak = hot * (n - 1.0) / (n - hot);
    gable_wire wire = {.inside_s = hot * bytes * (g - 1.0) / n / s->scale_up_bytes_per_s,
                       .peak = peak,
                       .out_peak = peak};
    if (t->n_nodes > 1)
        wire.outside_s = hot * bytes * (n - g) / n / s->scale_out_bytes_per_s;
    return wire;
}

START_TEST(tokens_out_and_back)
{
    const gable_system *system;
    gable_flows out;
    gable_flows_end end;
    gable_lane_use lanes[2] = {0}, least[2] = {0};
    gable_traffic traffic = {.pattern = GABLE_PATTERN_MOE,
                             .n_ranks = exchanges[_i].ranks,
                             .n_nodes = exchanges[_i].nodes,
                             .bytes = 1e9,
                             .skew = exchanges[_i].skew};
    ck_assert_int_eq(gable_system_load(scratch_arena(), "hw", exchanges[_i].system, &system, &err),
                     GABLE_OK);
    ck_assert_int_eq(gable_traffic_build(scratch_arena(), system, &traffic, &out, &err), GABLE_OK);
    double hot = exchanges[_i].hot;
    if (hot > 0.0)
        heat(&out, traffic.n_ranks, hot);
    else
        hot = gable_zipf_imbalance(traffic.n_ranks, traffic.skew);
    gable_flows both = there_and_back(&out, exchanges[_i].back_per_out);
    ck_assert_int_eq(gable_flows_run(scratch_arena(), &both, &end, &err), GABLE_OK);
    for (int back = 0; back < 2; back++) {
        gable_wire wire = wire_of(system, &traffic, hot,
                                  traffic.bytes * (back ? exchanges[_i].back_per_out : 1.0));
        gable_net_share_add(back ? GABLE_COLLECTIVE_MOE_COMBINE : GABLE_COLLECTIVE_MOE_DISPATCH,
                            &wire, 1.0, &lanes[back], &least[back]);
        lanes[back].time_s = fmax(wire.inside_s, wire.outside_s);
    }
    ck_assert_double_eq_tol(end.makespan_s / gable_net_share_s(lanes, 2), 1.0,
                            exchanges[_i].tolerance);
}
END_TEST

/* Skewed tokens on their way out: the ceiling that a collective is priced with against the flows of
 * the matrix. `hot` 0: popularity by Zipf's law, where below a thin spine those less popular than
 * the second are done sooner than all others of equal popularity would be. */
static const struct {
    const char *system;
    int ranks, nodes;
    double oversubscription, skew, hot, tolerance;
} skewed[] = {
    {"gb200-nvl72", 72, 1, 1, 0.0, 5.0, 1e-9}, {"gb200-nvl72", 72, 1, 1, 0.8, 0.0, 1e-9},
    {"hgx-h100-8", 8, 1, 1, 1.2, 0.0, 1e-9},   {"hgx-a100-4", 4, 1, 1, 0.8, 0.0, 1e-9},
    {"hgx-h100-8", 16, 2, 1, 0.0, 3.0, 1e-9},  {"hgx-h100-8", 32, 4, 1, 0.8, 0.0, 1e-9},
    {"hgx-h100-8", 32, 4, 2, 0.0, 1.0, 1e-9},  {"hgx-h100-8", 32, 4, 2, 0.0, 1.5, 1e-9},
    {"hgx-h100-8", 32, 4, 4, 0.0, 3.0, 1e-9},  {"hgx-h100-8", 32, 4, 2, 0.0, 8.0, 1e-9},
    {"hgx-h100-8", 16, 2, 4, 0.0, 2.0, 1e-9},  {"hgx-h100-8", 32, 4, 2, 0.8, 0.0, 0.01},
    {"hgx-h100-8", 32, 4, 4, 0.8, 0.0, 0.08},  {"hgx-h100-8", 64, 8, 4, 0.4, 0.0, 0.08},
};

START_TEST(skewed_tokens)
{
    const gable_system *loaded;
    gable_flows flows;
    gable_flows_end end;
    gable_transfer priced;
    gable_constants ideal = {.ideal = true};
    ck_assert_int_eq(gable_system_load(scratch_arena(), "hw", skewed[_i].system, &loaded, &err),
                     GABLE_OK);
    gable_system system = *loaded;
    system.scale_out_oversubscription = skewed[_i].oversubscription;
    gable_machine machine = {
        .system = &system, .accelerator = system.accelerator, .constants = &ideal};
    double n = skewed[_i].ranks, hot = skewed[_i].hot;
    gable_collective c = {.kind = GABLE_COLLECTIVE_MOE_COMBINE,
                          .n_ranks = n,
                          .n_nodes = skewed[_i].nodes,
                          .library = GABLE_LIBRARY_DEEPEP_LL,
                          .tokens = 1024,
                          .hidden = 4096,
                          .top_k = 1,
                          .experts = n,
                          .imbalance = hot > 0.0 ? hot : gable_zipf_imbalance(n, skewed[_i].skew),
                          .payload = GABLE_DTYPE_BF16};
    gable_traffic traffic = {.pattern = GABLE_PATTERN_MOE,
                             .n_ranks = skewed[_i].ranks,
                             .n_nodes = skewed[_i].nodes,
                             .bytes = 1024.0 * 4096.0 * 2.0,
                             .skew = skewed[_i].skew};
    ck_assert_int_eq(gable_traffic_build(scratch_arena(), &system, &traffic, &flows, &err),
                     GABLE_OK);
    if (hot > 0.0)
        heat(&flows, n, hot);
    ck_assert_int_eq(gable_flows_run(scratch_arena(), &flows, &end, &err), GABLE_OK);
    gable_net_transfer(&c, &machine, &priced);
    ck_assert_double_eq_tol(priced.time.ceiling_s / end.makespan_s, 1.0, skewed[_i].tolerance);
    ck_assert(priced.time.ceiling_s >= end.makespan_s * (1.0 - 1e-9));
}
END_TEST

/* Tokens that are sent once to a rank, and once to a node, are never more than that, however
 * popular it is. 100 tokens of 10 B in bf16; 16 experts, two a token; E[distinct] of 4 ranks is
 * 4 (1 - C(12,2)/C(16,2)) = 1.8, of 2 nodes 2 (1 - C(8,2)/C(16,2)) = 23/15. */
static const struct {
    gable_library library;
    double imbalance, ranks, nodes; /* copies of a token, to the busiest times how many there are */
} copies[] = {
    {GABLE_LIBRARY_DEEPEP_HT, 0.0, 1.8, 23.0 / 15.0},
    /* the hot rank's node gets (1.5 + 2.5/3)/2 of the mean */
    {GABLE_LIBRARY_DEEPEP_HT, 1.5, 2.7, 23.0 / 15.0 * 7.0 / 6.0},
    {GABLE_LIBRARY_DEEPEP_HT, 3.0, 4.0, 2.0},
    {GABLE_LIBRARY_ONE_SIDED, 0.0, 2.0, 2.0},
    {GABLE_LIBRARY_ONE_SIDED, 1.5, 3.0, 2.0},
    {GABLE_LIBRARY_ONE_SIDED, 2.5, 4.0, 2.0},
};

START_TEST(copies_of_a_token)
{
    const gable_system *system;
    gable_ways ways;
    gable_collective c = {.kind = GABLE_COLLECTIVE_MOE_COMBINE,
                          .n_ranks = 4,
                          .n_nodes = 2,
                          .library = copies[_i].library,
                          .tokens = 100,
                          .hidden = 5,
                          .top_k = 2,
                          .experts = 16,
                          .imbalance = copies[_i].imbalance,
                          .payload = GABLE_DTYPE_BF16};
    ck_assert_int_eq(gable_system_load(scratch_arena(), "hw", "hgx-h100-8", &system, &err),
                     GABLE_OK);
    gable_net_ways(&c, system, &ways);
    ck_assert_int_eq(ways.n, 1);
    ck_assert_double_eq_tol(ways.way[0].wire_bytes, 1000 * copies[_i].ranks * 3 / 4, 1e-9);
    ck_assert_double_eq_tol(ways.way[0].out_wire_bytes, 1000 * copies[_i].nodes / 2, 1e-9);
}
END_TEST

/* All with all in a PCIe box: the path that pricing takes for the narrowest against the flows. With
 * peer access it is the link between sockets, exactly. Without, what rings reach over it (a fourth
 * each, as measured) is taken for this too, and flows that all cross at once would be faster. */
static const struct {
    const char *system;
    int ranks;
    bool exact;
} boxes[] = {
    {"rtx-pro-6000-pcie-8", 8, true}, {"l40s-pcie-8", 8, false}, {"l40s-pcie-8", 4, false}};

START_TEST(pcie_boxes)
{
    const gable_system *system;
    gable_flows flows;
    gable_flows_end end;
    gable_group group;
    double n = boxes[_i].ranks;
    gable_traffic traffic = {.pattern = GABLE_PATTERN_ALL_TO_ALL,
                             .n_ranks = boxes[_i].ranks,
                             .n_nodes = 1,
                             .bytes = 1e9};
    gable_collective c = {.kind = GABLE_COLLECTIVE_ALL_TO_ALL, .bytes = 1e9, .n_ranks = n};
    ck_assert_int_eq(gable_system_load(scratch_arena(), "hw", boxes[_i].system, &system, &err),
                     GABLE_OK);
    ck_assert_int_eq(gable_traffic_build(scratch_arena(), system, &traffic, &flows, &err),
                     GABLE_OK);
    ck_assert_int_eq(gable_flows_run(scratch_arena(), &flows, &end, &err), GABLE_OK);
    gable_net_group(&c, system, &group);
    double priced_s = 1e9 * (n - 1.0) / n / group.all_cap_bytes_per_s;
    ck_assert_double_ge(priced_s, end.makespan_s * (1.0 - 1e-9));
    if (boxes[_i].exact)
        ck_assert_double_eq_tol(priced_s / end.makespan_s, 1.0, 1e-9);
}
END_TEST

Suite *gable_suite_share(void);
Suite *gable_suite_share(void)
{
    Suite *suite = suite_create("share");
    TCase *t = tcase_create("share");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    ADD_ROWS(t, lanes_by_hand, known);
    tcase_add_test(t, lanes_at_random);
    ADD_ROWS(t, tokens_out_and_back, exchanges);
    ADD_ROWS(t, skewed_tokens, skewed);
    ADD_ROWS(t, copies_of_a_token, copies);
    ADD_ROWS(t, pcie_boxes, boxes);
    suite_add_tcase(suite, t);
    return suite;
}
