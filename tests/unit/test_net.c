/* net: bytes and seconds of collectives by hand, laws of the algorithms, what the articles say. */
#include <math.h>
#include <string.h>

#include "net/net.h"
#include "rows.h"

static gable_system make_system(gable_fabric fabric, int n)
{
    return (gable_system){.name = "test",
                          .n_accelerators = n,
                          .fabric = (int)fabric,
                          .scale_up_bytes_per_s = 100e9,
                          .scale_out_bytes_per_s = 10e9,
                          .scale_out_oversubscription = 1.0,
                          .p2p = true};
}

/* One set for each form, round numbers; every family of the network has those of its form. */
static gable_constants *make_constants(void)
{
    static gable_constants constants;
    static gable_kernel_constants library = {
        .from = "test", .kernel = "nccl/test", .sigma_ln = 0.1};
    static gable_kernel_constants custom = {.from = "test", .kernel = "custom", .sigma_ln = 0.1};
    static gable_kernel_constants tokens = {.from = "test", .kernel = "deepep_ll/dispatch"};
    double *v = library.value;
    v[GABLE_COLLECTIVE_P_T0] = 4.0;
    v[GABLE_COLLECTIVE_P_H] = 1.0;
    v[GABLE_COLLECTIVE_P_FRAC] = 0.8;
    v[GABLE_COLLECTIVE_P_PAIR] = 0.75;
    v[GABLE_COLLECTIVE_P_TAU] = 2.0;
    v[GABLE_COLLECTIVE_P_LL] = 0.25;
    v[GABLE_COLLECTIVE_P_EDGE] = 3.0;
    v[GABLE_COLLECTIVE_P_SWITCH] = 0.7;
    v[GABLE_COLLECTIVE_P_SWT0] = 5.0;
    v[GABLE_COLLECTIVE_P_NH] = 8.0;
    v[GABLE_COLLECTIVE_P_NFRAC] = 0.9;
    v[GABLE_COLLECTIVE_P_THIN] = 1.0;
    v = custom.value;
    v[GABLE_CUSTOM_P_T0] = 3.0;
    v[GABLE_CUSTOM_P_PEER] = 0.1;
    v[GABLE_CUSTOM_P_ONE] = 0.6;
    v[GABLE_CUSTOM_P_TWO_US] = 2.0;
    v[GABLE_CUSTOM_P_TWO] = 0.5;
    v[GABLE_CUSTOM_P_FRAC] = v[GABLE_CUSTOM_P_SWITCH] = 0.7;
    v[GABLE_CUSTOM_P_CAP] = 8.0;
    v = tokens.value;
    v[GABLE_EXCHANGE_P_T0] = 10.0;
    v[GABLE_EXCHANGE_P_LOG] = 1.0;
    v[GABLE_EXCHANGE_P_FRAC] = 0.5;
    v[GABLE_EXCHANGE_P_SMR] = 2.0;
    v[GABLE_EXCHANGE_P_NT0] = 20.0;
    v[GABLE_EXCHANGE_P_NFRAC] = 0.9;
    v[GABLE_EXCHANGE_P_NSM] = 1.0;
    memset(&constants, 0, sizeof constants);
    library.provenance = custom.provenance = GABLE_PROVENANCE_FITTED;
    tokens.provenance = GABLE_PROVENANCE_FITTED;
    for (int f = GABLE_FAMILY_ALL_REDUCE; f <= GABLE_FAMILY_MOE_PREPARE; f++)
        for (int d = 0; d < GABLE_N_DTYPES; d++)
            constants.kernel[f][d][GABLE_MMA_BF16] = f < GABLE_FAMILY_CUSTOM_REDUCE    ? &library
                                                     : f == GABLE_FAMILY_CUSTOM_REDUCE ? &custom
                                                                                       : &tokens;
    return &constants;
}

static gable_transfer price(const gable_collective *collective, const gable_system *system)
{
    gable_transfer out;
    gable_machine machine = {.system = system, .constants = make_constants()};
    gable_net_transfer(collective, &machine, &out);
    return out;
}

static gable_transfer run(gable_collective_kind kind, double bytes, double ranks,
                          const gable_system *system)
{
    return price(&(gable_collective){.kind = kind, .bytes = bytes, .n_ranks = ranks}, system);
}

static gable_transfer force(gable_collective_kind kind, double bytes, double ranks,
                            const char *algorithm, const gable_system *system)
{
    gable_transfer out;
    gable_constants *all = make_constants();
    gable_machine machine = {.system = system, .constants = all};
    gable_collective c = {
        .kind = kind, .bytes = bytes, .n_ranks = ranks, .library = GABLE_LIBRARY_NCCL};
    gable_net_transfer_with(&c, &machine, all->kernel[GABLE_FAMILY_ALL_REDUCE][0][GABLE_MMA_BF16],
                            algorithm, &out);
    return out;
}

#define KIND(kind) GABLE_COLLECTIVE_##kind

/* Textbook counts for a full buffer of 8 MB: busiest link of a device inside its node, one
 * direction, and between nodes; steps. Eight devices a node. */
static const struct {
    gable_collective_kind kind;
    const char *algorithm;
    double ranks, wire_bytes, out_wire_bytes, steps;
} wire_rows[] = {
    {KIND(ALL_REDUCE), "ring", 8, 14e6, 0, 14}, /* 2 S (n-1)/n, 2 (n-1) */
    {KIND(ALL_REDUCE), "ring", 2, 8e6, 0, 2},
    {KIND(ALL_REDUCE), "ring", 16, 15e6, 15e6 / 8, 30},
    {KIND(ALL_REDUCE), "tree", 16, 16e6, 2e6, 16}, /* 2 (7 + log2 2) */
    {KIND(ALL_REDUCE), "tree", 64, 16e6, 2e6, 20},
    {KIND(ALL_REDUCE), "halving-doubling", 8, 14e6, 0, 6},
    {KIND(ALL_REDUCE), "in-switch", 8, 9e6, 0, 2}, /* S (1 + 1/n) */
    {KIND(ALL_REDUCE), "in-switch-tree", 32, 9e6, 2e6, 6},
    {KIND(ALL_REDUCE), "hierarchical", 32, 14e6, 1.5e6, 20}, /* NIC 2 (S/g)(N-1)/N */
    {KIND(ALL_REDUCE), "sharp", 32, 9e6, 1e6, 4},
    {KIND(ALL_GATHER), "ring", 8, 7e6, 0, 7}, /* S (n-1)/n */
    {KIND(ALL_GATHER), "direct", 8, 7e6, 0, 1},
    {KIND(REDUCE_SCATTER), "ring", 8, 7e6, 0, 7},
    {KIND(ALL_TO_ALL), "direct", 8, 7e6, 0, 1},
    {KIND(ALL_TO_ALL), "direct", 16, 3.5e6, 4e6, 2}, /* NIC S (N-1)/N */
    {KIND(ALL_TO_ALL), "rails", 16, 7e6, 4e6, 2},
    {KIND(ALL_TO_ALL), "pairwise", 8, 7e6, 0, 7},
    {KIND(BROADCAST), "chain", 8, 8e6, 0, 7},
    {KIND(REDUCE), "in-switch", 8, 8e6, 0, 1},
    {KIND(P2P), "direct", 2, 8e6, 0, 1},
    {KIND(KV_TRANSFER), "direct", 8, 1e6, 0, 1},
};

START_TEST(wire)
{
    gable_system system = make_system(GABLE_FABRIC_SWITCH, 8);
    system.in_network_reduction = system.scale_out_reduction = true;
    gable_transfer t =
        force(wire_rows[_i].kind, 8e6, wire_rows[_i].ranks, wire_rows[_i].algorithm, &system);
    ck_assert_str_eq(t.algorithm, wire_rows[_i].algorithm);
    ck_assert_double_eq_tol(t.wire_bytes, wire_rows[_i].wire_bytes, 1.0);
    ck_assert_double_eq_tol(t.out_wire_bytes, wire_rows[_i].out_wire_bytes, 1.0);
    ck_assert_double_eq_tol(t.steps, wire_rows[_i].steps, 1e-9);
}
END_TEST

/* 128 tokens of 7168 values to the 8 best of 256 experts on 8 ranks (facts/network.md 1 and 5). */
static const struct {
    gable_library library;
    gable_dtype payload;
    double ranks, wire_bytes, out_wire_bytes;
} token_rows[] = {
    /* 128 x 8 copies of 7168 (1 + 4/128) + 16 bytes, 7 of 8 to other ranks */
    {GABLE_LIBRARY_DEEPEP_LL, GABLE_DTYPE_FP8, 8, 128 * 8 * 7408.0 * 7 / 8, 0},
    {GABLE_LIBRARY_DEEPEP_LL, GABLE_DTYPE_FP8, 16, 128 * 8 * 7408.0 * 7 / 16, 128 * 8 * 7408.0 / 2},
    /* 5.29 distinct ranks, 4.63 of them remote */
    {GABLE_LIBRARY_DEEPEP_HT, GABLE_DTYPE_BF16, 8, 128 * 4.633 * 14336.0, 0},
    /* min(8, 4) ranks, 3 of 4 remote */
    {GABLE_LIBRARY_ONE_SIDED, GABLE_DTYPE_NVFP4, 4, 128 * 3 * 7168 * 0.5625, 0},
};

START_TEST(tokens)
{
    gable_system system = make_system(GABLE_FABRIC_SWITCH, 8);
    gable_collective c = {.kind = GABLE_COLLECTIVE_MOE_DISPATCH,
                          .n_ranks = token_rows[_i].ranks,
                          .library = token_rows[_i].library,
                          .tokens = 128,
                          .hidden = 7168,
                          .top_k = 8,
                          .experts = 256,
                          .payload = token_rows[_i].payload};
    gable_transfer t = price(&c, &system);
    ck_assert_double_eq_tol(t.wire_bytes / token_rows[_i].wire_bytes, 1.0, 1e-4);
    ck_assert_double_eq_tol(t.out_wire_bytes, token_rows[_i].out_wire_bytes, 1.0);
    ck_assert_double_ge(t.time.time_s, t.time.ceiling_s);
}
END_TEST

/* 4 us + 14 steps of 1 us + handshake 3 us + y + 2 sqrt(2 us y), y = 14 MB / 80 GB/s = 175 us */
START_TEST(ring_by_hand)
{
    gable_system system = make_system(GABLE_FABRIC_SWITCH, 8);
    gable_transfer t = force(GABLE_COLLECTIVE_ALL_REDUCE, 8e6, 8, "ring", &system);
    double y = 14e6 / 80e9;
    ck_assert_double_eq_tol(t.time.time_s, 21e-6 + y + 2.0 * sqrt(2e-6 * y), 1e-15);
    gable_collective c = {.kind = GABLE_COLLECTIVE_ALL_REDUCE, .bytes = 8e6, .n_ranks = 8};
    ck_assert_double_eq_tol(gable_net_busbw(&c, &t), 14e6 / t.time.time_s, 1e-3);
    ck_assert_double_eq_tol(t.time.ceiling_s, 14e6 / 100e9, 1e-18);
    /* 8 kB: no handshake, a quarter of the rate. */
    t = force(GABLE_COLLECTIVE_ALL_REDUCE, 8e3, 8, "ring", &system);
    ck_assert_double_eq_tol(t.time.time_s, 18e-6 + 14e3 / 20e9, 1e-15);
}
END_TEST

START_TEST(small_messages_take_one_shot)
{
    gable_system system = make_system(GABLE_FABRIC_SWITCH, 8);
    gable_transfer t = run(GABLE_COLLECTIVE_ALL_REDUCE, 16384, 8, &system);
    ck_assert_str_eq(t.algorithm, "one-shot");
    ck_assert_double_eq_tol(t.time.time_s, 3.7e-6 + 7.0 * 16384 / 60e9, 1e-15);
    ck_assert_int_eq((int)t.time.bound, (int)GABLE_BOUND_OVERHEAD);
    t = run(GABLE_COLLECTIVE_ALL_REDUCE, 1e6, 8, &system);
    ck_assert_str_eq(t.algorithm, "two-shot"); /* 5.7 us + 1.75 MB / 50 GB/s */
    ck_assert_double_eq_tol(t.time.time_s, 5.7e-6 + 1.75e6 / 50e9, 1e-15);
}
END_TEST

/* The switch reduces: S (1 + 1/n) instead of 2 S (n-1)/n, from three ranks on. */
START_TEST(switch_reduces)
{
    gable_system system = make_system(GABLE_FABRIC_SWITCH, 8);
    system.in_network_reduction = true;
    gable_transfer t = run(GABLE_COLLECTIVE_ALL_REDUCE, 8e7, 8, &system);
    ck_assert_str_eq(t.algorithm, "in-switch");
    ck_assert_double_eq_tol(t.wire_bytes, 9e7, 1.0);
    ck_assert_double_eq_tol(t.time.ceiling_s, 9e7 / 100e9, 1e-15);
    gable_collective c = {.kind = GABLE_COLLECTIVE_ALL_REDUCE, .bytes = 8e7, .n_ranks = 8};
    ck_assert_double_eq_tol(gable_net_wire_bytes(&c, &system), 9e7, 1.0);
    t = run(GABLE_COLLECTIVE_ALL_REDUCE, 8e7, 2, &system);
    ck_assert_str_eq(t.algorithm, "ring");
}
END_TEST

/* Four devices without a switch have a third of their rate per pair; two of four use one link of
 * three. 900 GB/s in both directions over 7 peers is 128 GB/s per pair in both. */
START_TEST(mesh_pairs)
{
    gable_system system = make_system(GABLE_FABRIC_MESH, 4);
    gable_transfer all = run(GABLE_COLLECTIVE_ALL_GATHER, 8e7, 4, &system);
    ck_assert_double_eq_tol(all.time.ceiling_s, 6e7 / 100e9, 1e-15);
    gable_transfer pair = run(GABLE_COLLECTIVE_ALL_GATHER, 8e7, 2, &system);
    ck_assert_double_eq_tol(pair.time.ceiling_s, 4e7 / (100e9 / 3.0), 1e-15);
    system = make_system(GABLE_FABRIC_MESH, 8);
    system.scale_up_bytes_per_s = 450e9;
    pair = run(GABLE_COLLECTIVE_P2P, 1e9, 2, &system);
    ck_assert_double_eq_tol(2.0 * 1e9 / pair.time.ceiling_s / 1e9, 128.6, 0.1);
    system = make_system(GABLE_FABRIC_MESH, 4); /* 3.6 TB/s split three ways */
    system.scale_up_bytes_per_s = 3.6e12;
    pair = run(GABLE_COLLECTIVE_P2P, 1e9, 2, &system);
    ck_assert_double_eq_tol(1e9 / pair.time.ceiling_s / 1e12, 1.2, 1e-9);
}
END_TEST

/* Two cards below a switch reach each other at their own rate; without peer access four share the
 * memory of the host, eight cross to the other socket. */
START_TEST(pcie_trees)
{
    gable_system system = make_system(GABLE_FABRIC_PCIE, 8);
    double moved = 8e9 * 7 / 8;
    system.host_bounce_bytes_per_s = 20e9;
    system.socket_bytes_per_s = 6e9;
    system.root_bytes_per_s = 25e9;
    gable_transfer t = run(GABLE_COLLECTIVE_ALL_GATHER, 8e9, 8, &system);
    ck_assert_double_eq_tol(moved / t.time.network_s / 6e9, 1.0, 0.05); /* a ring crosses once */
    t = run(GABLE_COLLECTIVE_ALL_TO_ALL, 8e9, 8, &system); /* 2 buffers cross, of 7/8 sent */
    ck_assert_double_eq_tol(2 * 8e9 / t.time.network_s / 6e9, 1.0, 0.05);
    t = run(GABLE_COLLECTIVE_ALL_GATHER, 8e9, 4, &system);
    ck_assert_double_eq_tol(6e9 / t.time.network_s / 25e9, 1.0, 0.05);
    system.p2p = false;
    t = run(GABLE_COLLECTIVE_ALL_GATHER, 8e9, 4, &system);
    ck_assert_double_eq_tol(6e9 / t.time.network_s / 5e9, 1.0, 0.05);
    t = run(GABLE_COLLECTIVE_ALL_GATHER, 8e9, 8, &system);
    ck_assert_double_eq_tol(moved / t.time.network_s / 1.5e9, 1.0, 0.05);
    t = run(GABLE_COLLECTIVE_ALL_GATHER, 8e9, 2, &system);
    ck_assert_double_eq_tol(4e9 / t.time.network_s / 60e9, 1.0, 0.05);
}
END_TEST

/* Leaves of 2:1: what changes rails waits for the spine, what is forwarded first does not. Scenario
 * 11 of facts/network.md: four devices a node, 2.018 ms against 1.345 ms. */
START_TEST(rails_avoid_the_spine)
{
    gable_system system = make_system(GABLE_FABRIC_SWITCH, 4);
    system.scale_out_oversubscription = 2.0;
    gable_transfer flat = force(GABLE_COLLECTIVE_ALL_TO_ALL, 1e9, 8, "direct", &system);
    gable_transfer rails = force(GABLE_COLLECTIVE_ALL_TO_ALL, 1e9, 8, "rails", &system);
    ck_assert_double_eq_tol(flat.time.network_s / rails.time.network_s, 2.018 / 1.345, 0.01);
    gable_transfer best = run(GABLE_COLLECTIVE_ALL_TO_ALL, 1e9, 8, &system);
    ck_assert_str_eq(best.algorithm, "rails");
    /* All-reduce in two levels moves less between nodes than a flat ring. */
    gable_transfer ring = force(GABLE_COLLECTIVE_ALL_REDUCE, 1e9, 8, "ring", &system);
    gable_transfer levels = force(GABLE_COLLECTIVE_ALL_REDUCE, 1e9, 8, "hierarchical", &system);
    ck_assert_double_lt(levels.time.time_s, ring.time.time_s);
}
END_TEST

/* The scaling book: all-to-all on a ring takes a quarter of the all-gather of the same array, of
 * which each rank holds 1/n. */
START_TEST(torus_all_to_all)
{
    gable_system system = make_system(GABLE_FABRIC_TORUS, 16);
    system.n_torus_axes = 1;
    gable_transfer gather = run(GABLE_COLLECTIVE_ALL_GATHER, 16e9, 16, &system);
    gable_transfer all = run(GABLE_COLLECTIVE_ALL_TO_ALL, 1e9, 16, &system);
    ck_assert_double_eq_tol(all.time.ceiling_s / gather.time.ceiling_s, 0.25, 1e-9);
}
END_TEST

static const gable_fabric fabrics[] = {GABLE_FABRIC_SWITCH, GABLE_FABRIC_MESH, GABLE_FABRIC_PCIE,
                                       GABLE_FABRIC_TORUS};

/* More bytes never take less; more bandwidth never more; no bus is faster than its link; expected
 * is never below the ceiling; one rank costs nothing. */
START_TEST(laws)
{
    gable_system system = make_system(fabrics[_i], 8), faster = system;
    faster.scale_up_bytes_per_s *= 1.5;
    faster.scale_out_bytes_per_s *= 1.5;
    for (int kind = 0; kind < GABLE_COLLECTIVE_MOE_DISPATCH; kind++)
        for (double ranks = 1; ranks <= 32; ranks *= 2) {
            double last = 0.0;
            for (double bytes = 1; bytes <= 1e10; bytes *= 3) {
                gable_transfer t = run((gable_collective_kind)kind, bytes, ranks, &system);
                if (ranks < 2) {
                    ck_assert(t.time.time_s == 0.0 && t.wire_bytes == 0.0);
                    continue;
                }
                ck_assert_str_ne(t.algorithm, "none");
                ck_assert_double_ge(t.time.time_s, last);
                ck_assert_double_ge(t.time.time_s, t.time.ceiling_s);
                ck_assert_double_le(
                    run((gable_collective_kind)kind, bytes, ranks, &faster).time.time_s,
                    t.time.time_s);
                if (kind != GABLE_COLLECTIVE_KV_TRANSFER) /* parts go side by side */
                    ck_assert_double_le(
                        gable_net_busbw(&(gable_collective){.kind = (gable_collective_kind)kind,
                                                            .bytes = bytes,
                                                            .n_ranks = ranks},
                                        &t),
                        system.scale_up_bytes_per_s);
                last = t.time.time_s;
            }
        }
}
END_TEST

Suite *gable_suite_net(void);

Suite *gable_suite_net(void)
{
    Suite *suite = suite_create("net");
    TCase *all = tcase_create("collectives");
    ADD_ROWS(all, wire, wire_rows);
    ADD_ROWS(all, tokens, token_rows);
    tcase_add_test(all, ring_by_hand);
    tcase_add_test(all, small_messages_take_one_shot);
    tcase_add_test(all, switch_reduces);
    tcase_add_test(all, mesh_pairs);
    tcase_add_test(all, pcie_trees);
    tcase_add_test(all, rails_avoid_the_spine);
    tcase_add_test(all, torus_all_to_all);
    ADD_ROWS(all, laws, fabrics);
    suite_add_tcase(suite, all);
    return suite;
}
