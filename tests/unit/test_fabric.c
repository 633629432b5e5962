/* net/fabric: levels by hand; traffic against closed forms; what the articles say of links. */
#include <math.h>
#include <string.h>

#include "net/fabric.h"
#include "net/net.h"
#include "rows.h"
#include "scratch.h"

static gable_err err;

static const gable_system *load(const char *name, const gable_link **link)
{
    const gable_system *system;
    err = (gable_err){0};
    *link = NULL;
    ck_assert_msg(gable_system_load(scratch_arena(), "hw", name, &system, &err) == GABLE_OK, "%s",
                  err.text);
    if (system->scale_out_link)
        ck_assert_int_eq(gable_link_load(scratch_arena(), "hw", system->scale_out_link, link, &err),
                         GABLE_OK);
    return system;
}

/* Bisections of one unit, one direction, GB/s. */
static const struct {
    const char *system;
    double nodes;
    int n_levels;
    double units[3], devices[3], bisection[3];
} shapes[] = {
    {"hgx-h100-8", 1, 1, {1}, {8}, {1800}},    /* 4 x 450; 3.6 TB/s in both directions */
    {"hgx-a100-4", 1, 1, {1}, {4}, {400}},     /* 2 x 2 pairs of 100 */
    {"gb200-nvl72", 1, 1, {1}, {72}, {32400}}, /* 36 x 900 */
    {"rtx-pro-6000-pcie-8", 1, 1, {1}, {8}, {24.7}},
    /* 64 ports: 32 nodes a leaf, eight leaves a pod, two pods */
    {"hgx-h100-8", 64, 3, {64, 2, 1}, {8, 256, 512}, {1800, 6400, 12800}},
    /* 100 000 devices are three levels */
    {"gb200-nvl72", 1389, 3, {1389, 44, 1}, {72, 2304, 100008}, {32400, 57600, 2500200}},
};

START_TEST(levels_by_hand)
{
    const gable_link *link;
    gable_level levels[GABLE_LEVELS_CAP];
    const gable_system *system = load(shapes[_i].system, &link);
    int n = gable_fabric_levels(system, link, shapes[_i].nodes, levels);
    ck_assert_int_eq(n, shapes[_i].n_levels);
    for (int i = 0; i < n; i++) {
        ck_assert_double_eq_tol(levels[i].n_units, shapes[_i].units[i], 1e-9);
        ck_assert_double_eq_tol(levels[i].n_devices, shapes[_i].devices[i], 1e-9);
        ck_assert_double_eq_tol(levels[i].bisection_bytes_per_s / 1e9, shapes[_i].bisection[i],
                                1e-6 * shapes[_i].bisection[i]);
    }
}
END_TEST

START_TEST(oversubscription_thins_the_spine)
{
    const gable_link *link;
    gable_level even[GABLE_LEVELS_CAP], thin[GABLE_LEVELS_CAP];
    gable_system system = *load("hgx-h100-8", &link);
    gable_fabric_levels(&system, link, 128, even);
    system.scale_out_oversubscription = 3.0;
    int n = gable_fabric_levels(&system, link, 128, thin);
    ck_assert_int_eq(n, 3);
    ck_assert_double_eq_tol(thin[1].n_devices, 48 * 8, 1e-9); /* 48 ports down, 16 up */
    ck_assert_double_eq_tol(thin[2].bisection_bytes_per_s * 3.0, even[2].bisection_bytes_per_s,
                            1.0);
}
END_TEST

/* Switches of 64 ports: 16 devices each, 32 in a group, so 64 nodes of eight; of four groups two
 * halves see each other by four links of 50 GB/s. */
START_TEST(dragonfly_is_bound_by_its_global_links)
{
    const gable_link *link;
    gable_level levels[GABLE_LEVELS_CAP];
    gable_system system = *load("hgx-h100-8", &link);
    system.scale_out_topology = 4;
    ck_assert_str_eq(gable_topologies[4], "dragonfly");
    ck_assert_int_eq(gable_fabric_levels(&system, link, 256, levels), 3);
    ck_assert_double_eq_tol(levels[1].n_devices, 512, 1e-9);
    ck_assert_double_eq_tol(levels[1].n_units, 4, 1e-9);
    ck_assert_double_eq_tol(levels[2].bisection_bytes_per_s, 4 * 50e9, 1.0);
}
END_TEST

/* 16 x 16 devices of 180 GB/s over four links: 2 x 16 links of 45 GB/s cross the middle. */
START_TEST(torus_is_cut_twice)
{
    gable_level levels[GABLE_LEVELS_CAP];
    gable_system system = {.name = "torus",
                           .n_accelerators = 256,
                           .fabric = GABLE_FABRIC_TORUS,
                           .scale_up_bytes_per_s = 180e9,
                           .n_torus_axes = 2};
    ck_assert_int_eq(gable_fabric_levels(&system, NULL, 1, levels), 1);
    ck_assert_double_eq_tol(levels[0].bisection_bytes_per_s, 32 * 45e9, 1.0);
}
END_TEST

static gable_flows_end run(const gable_system *system, const gable_traffic *traffic,
                           gable_flows *flows)
{
    gable_flows_end end;
    ck_assert_msg(gable_traffic_build(scratch_arena(), system, traffic, flows, &err) == GABLE_OK,
                  "%s", err.text);
    ck_assert_int_eq(gable_flows_run(scratch_arena(), flows, &end, &err), GABLE_OK);
    ck_assert_double_ge(end.makespan_s, end.bound_s * (1.0 - 1e-12));
    return end;
}

/* Every system and pattern: all flows end, and at the closed form where one link is always busy. */
static const struct {
    const char *system;
    gable_pattern pattern;
    int ranks, nodes;
    double bytes, makespan_s;
} closed[] = {
    {"hgx-h100-8", GABLE_PATTERN_ALL_TO_ALL, 8, 1, 8e9, 7e9 / 450e9},
    {"hgx-a100-4", GABLE_PATTERN_ALL_TO_ALL, 4, 1, 4e9, 1e9 / 100e9}, /* a link a pair */
    {"hgx-a100-4", GABLE_PATTERN_PERMUTATION, 4, 1, 1e9, 1e9 / 100e9},
    {"hgx-h100-8", GABLE_PATTERN_INCAST, 8, 1, 1e9, 7e9 / 450e9},
    {"hgx-h100-8", GABLE_PATTERN_PERMUTATION, 8, 1, 1e9, 1e9 / 450e9},
    {"hgx-h100-8", GABLE_PATTERN_RING, 8, 1, 8e9, 14e9 / 450e9},
    /* six steps of a quarter and the whole cache pass each link into the other half */
    {"hgx-h100-8", GABLE_PATTERN_KV, 8, 1, 8e9, 20e9 / 450e9},
    {"hgx-h100-8", GABLE_PATTERN_KV, 2, 1, 8e9, 8e9 / 450e9}, /* nothing to reduce */
    {"hgx-h100-8", GABLE_PATTERN_ALL_TO_ALL, 16, 2, 1e9, 5e8 / 50e9},
    {"gb200-nvl72", GABLE_PATTERN_ALL_TO_ALL, 100008, 1389, 1e9, 1e9 * (1388.0 / 1389.0) / 50e9},
    {"rtx-pro-6000-pcie-8", GABLE_PATTERN_ALL_TO_ALL, 8, 1, 1e9, 2e9 / 24.7e9},
    /* 48 of 56 pairs, 1/8 GB each, through one host memory */
    {"l40s-pcie-8", GABLE_PATTERN_ALL_TO_ALL, 8, 1, 1e9, 2e9 / 6e9},
};

START_TEST(traffic_meets_closed_forms)
{
    const gable_link *link;
    gable_flows flows;
    gable_traffic traffic = {.pattern = closed[_i].pattern,
                             .n_ranks = closed[_i].ranks,
                             .n_nodes = closed[_i].nodes,
                             .bytes = closed[_i].bytes,
                             .seed = 1};
    gable_flows_end end = run(load(closed[_i].system, &link), &traffic, &flows);
    ck_assert_double_eq_tol(end.makespan_s / closed[_i].makespan_s, 1.0, 1e-9);
}
END_TEST

/* By symmetry and flow by flow: the same end; at 2:1, what changes rails waits for the spine. */
START_TEST(symmetry_meets_enumeration)
{
    const gable_link *link;
    gable_flows flows;
    gable_system system = *load("hgx-h100-8", &link);
    system.scale_out_oversubscription = _i ? 2.0 : 1.0;
    gable_traffic traffic = {
        .pattern = GABLE_PATTERN_ALL_TO_ALL, .n_ranks = 16, .n_nodes = 2, .bytes = 1e9};
    double symmetric = run(&system, &traffic, &flows).makespan_s;
    ck_assert_uint_eq(flows.n_flows, 3);
    traffic.pattern = GABLE_PATTERN_MOE; /* skew 0: the same matrix, enumerated */
    double each = run(&system, &traffic, &flows).makespan_s;
    ck_assert_uint_eq(flows.n_flows, 240);
    ck_assert_double_eq_tol(symmetric / each, 1.0, 1e-9);
}
END_TEST

/* The rank that all like best bounds a skewed exchange: makespan over the balanced one is the
 * imbalance that prices it. */
START_TEST(skew_is_the_busiest_rank)
{
    const gable_link *link;
    gable_flows flows;
    const gable_system *system = load("gb200-nvl72", &link);
    gable_traffic traffic = {
        .pattern = GABLE_PATTERN_MOE, .n_ranks = 72, .n_nodes = 1, .bytes = 1e9, .skew = 0.8};
    double skewed = run(system, &traffic, &flows).makespan_s;
    traffic.skew = 0.0;
    double even = run(system, &traffic, &flows).makespan_s;
    ck_assert_double_eq_tol(skewed / even, gable_zipf_imbalance(72, 0.8), 1e-6);
    ck_assert_double_eq(gable_zipf_imbalance(72, 0.0), 1.0);
}
END_TEST

START_TEST(random_is_repeatable)
{
    const gable_link *link;
    gable_flows flows;
    const gable_system *system = load("hgx-h100-8", &link);
    gable_traffic traffic = {
        .pattern = GABLE_PATTERN_RANDOM, .n_ranks = 8, .n_nodes = 1, .bytes = 1e9, .seed = 3};
    double first = run(system, &traffic, &flows).makespan_s;
    ck_assert(run(system, &traffic, &flows).makespan_s == first);
    traffic.seed = 4;
    ck_assert(run(system, &traffic, &flows).makespan_s != first);
}
END_TEST

static const gable_link *link_of(const char *name)
{
    const gable_link *link;
    ck_assert_int_eq(gable_link_load(scratch_arena(), "hw", name, &link, &err), GABLE_OK);
    return link;
}

/* NVLink 6 against PCIe 6, both directions and as both are sold: 14 times; usable, one direction:
 * 15. Scale-up against scale-out of a device, like for like: 9 times on H100, 18 on GB200. */
START_TEST(articles)
{
    const gable_link *up = link_of("nvlink-6"), *pcie = link_of("pcie-6"), *unused;
    ck_assert_double_eq_tol(up->raw_bytes_per_s / pcie->raw_bytes_per_s, 14.06, 0.01);
    ck_assert_double_eq_tol(up->port_bytes_per_s / pcie->port_bytes_per_s, 14.9, 0.1);
    const gable_system *h100 = load("hgx-h100-8", &unused), *rack = load("gb200-nvl72", &unused);
    ck_assert_double_eq_tol(h100->scale_up_bytes_per_s / h100->scale_out_bytes_per_s, 9.0, 1e-9);
    ck_assert_double_eq_tol(rack->scale_up_bytes_per_s / rack->scale_out_bytes_per_s, 18.0, 1e-9);
}
END_TEST

Suite *gable_suite_fabric(void);
Suite *gable_suite_fabric(void)
{
    Suite *suite = suite_create("fabric");
    TCase *t = tcase_create("fabric");
    tcase_add_checked_fixture(t, scratch_open, scratch_close);
    ADD_ROWS(t, levels_by_hand, shapes);
    tcase_add_test(t, oversubscription_thins_the_spine);
    tcase_add_test(t, dragonfly_is_bound_by_its_global_links);
    tcase_add_test(t, torus_is_cut_twice);
    ADD_ROWS(t, traffic_meets_closed_forms, closed);
    tcase_add_loop_test(t, symmetry_meets_enumeration, 0, 2);
    tcase_add_test(t, skew_is_the_busiest_rank);
    tcase_add_test(t, random_is_repeatable);
    tcase_add_test(t, articles);
    suite_add_tcase(suite, t);
    return suite;
}
