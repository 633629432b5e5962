/* net: bytes and seconds of collectives by hand, laws of the algorithms. */
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
                          .p2p = true};
}

static gable_constants *make_constants(void)
{
    static gable_constants constants;
    memset(&constants, 0, sizeof constants);
    constants.collective = (gable_collective_constants){.base_s = 4e-6,
                                                        .step_s = 1e-6,
                                                        .ramp_s = 2e-6,
                                                        .link_frac = 0.8,
                                                        .in_network_frac = 0.7,
                                                        .all_to_all_extra_s = 2e-6,
                                                        .custom_base_s = 3e-6,
                                                        .custom_per_peer_s = 1e-7,
                                                        .custom_link_frac = 0.6,
                                                        .sigma_ln = 0.1,
                                                        .provenance = GABLE_PROVENANCE_FITTED};
    return &constants;
}

static gable_transfer run(gable_collective_kind kind, double bytes, double ranks,
                          const gable_system *system, const gable_constants *constants)
{
    gable_transfer out;
    gable_collective collective = {kind, bytes, ranks};
    gable_machine machine = {.system = system, .constants = constants};
    gable_net_transfer(&collective, &machine, &out);
    return out;
}

/* What the textbook counts on the busiest link, one direction, for a full buffer of 8 MB on 8
 * ranks. */
static const struct {
    gable_collective_kind kind;
    double ranks, wire_bytes;
} wire_rows[] = {
    {GABLE_COLLECTIVE_ALL_REDUCE, 8, 14e6}, /* 2 S (n-1)/n */
    {GABLE_COLLECTIVE_ALL_GATHER, 8, 7e6},  /* S (n-1)/n */
    {GABLE_COLLECTIVE_REDUCE_SCATTER, 8, 7e6}, {GABLE_COLLECTIVE_ALL_TO_ALL, 8, 7e6},
    {GABLE_COLLECTIVE_ALL_REDUCE, 2, 8e6},     {GABLE_COLLECTIVE_ALL_REDUCE, 1, 0},
};

START_TEST(wire)
{
    gable_system system = make_system(GABLE_FABRIC_SWITCH, 8);
    gable_transfer t = run(wire_rows[_i].kind, 8e6, wire_rows[_i].ranks, &system, make_constants());
    ck_assert_double_eq_tol(t.wire_bytes, wire_rows[_i].wire_bytes, 1.0);
}
END_TEST

/* 4 us + 14 steps of 1 us + y + 2 sqrt(2 us y), y = 14 MB / 80 GB/s = 175 us */
START_TEST(ring_by_hand)
{
    gable_system system = make_system(GABLE_FABRIC_SWITCH, 8);
    gable_transfer t = run(GABLE_COLLECTIVE_ALL_REDUCE, 8e6, 8, &system, make_constants());
    double y = 14e6 / 80e9;
    ck_assert_str_eq(t.algorithm, "ring");
    ck_assert_double_eq_tol(t.time.time_s, 18e-6 + y + 2.0 * sqrt(2e-6 * y), 1e-15);
    ck_assert_double_eq_tol(t.busbw_bytes_per_s, 14e6 / t.time.time_s, 1e-3);
    ck_assert_double_eq_tol(t.time.ceiling_s, 14e6 / 100e9, 1e-18);
}
END_TEST

START_TEST(small_messages_take_one_shot)
{
    gable_system system = make_system(GABLE_FABRIC_SWITCH, 8);
    gable_transfer t = run(GABLE_COLLECTIVE_ALL_REDUCE, 16384, 8, &system, make_constants());
    ck_assert_str_eq(t.algorithm, "one-shot");
    ck_assert_double_eq_tol(t.time.time_s, 3.7e-6 + 7.0 * 16384 / 60e9, 1e-15);
    ck_assert_int_eq((int)t.time.bound, (int)GABLE_BOUND_OVERHEAD);
}
END_TEST

/* The switch reduces: S (1 + 1/n) instead of 2 S (n-1)/n, from three ranks on. */
START_TEST(switch_reduces)
{
    gable_system system = make_system(GABLE_FABRIC_SWITCH, 8);
    system.in_network_reduction = true;
    gable_transfer t = run(GABLE_COLLECTIVE_ALL_REDUCE, 8e7, 8, &system, make_constants());
    ck_assert_str_eq(t.algorithm, "in-switch");
    ck_assert_double_eq_tol(t.wire_bytes, 9e7, 1.0);
    t = run(GABLE_COLLECTIVE_ALL_REDUCE, 8e7, 2, &system, make_constants());
    ck_assert_str_eq(t.algorithm, "ring");
}
END_TEST

/* Four devices without a switch have a third of their rate per pair; two of four use one link of
 * three. */
START_TEST(mesh_pairs)
{
    gable_system system = make_system(GABLE_FABRIC_MESH, 4);
    gable_transfer all = run(GABLE_COLLECTIVE_ALL_GATHER, 8e7, 4, &system, make_constants());
    ck_assert_double_eq_tol(all.time.ceiling_s, 6e7 / 100e9, 1e-15);
    gable_transfer pair = run(GABLE_COLLECTIVE_ALL_GATHER, 8e7, 2, &system, make_constants());
    ck_assert_double_eq_tol(pair.time.ceiling_s, 4e7 / (100e9 / 3.0), 1e-15);
}
END_TEST

/* Without peer access all devices share the path through host memory, and each byte crosses it
 * twice. */
START_TEST(host_bounce)
{
    gable_system system = make_system(GABLE_FABRIC_PCIE, 8);
    system.p2p = false;
    system.host_bounce_bytes_per_s = 64e9;
    gable_transfer t = run(GABLE_COLLECTIVE_ALL_GATHER, 8e7, 8, &system, make_constants());
    ck_assert_double_eq_tol(t.time.ceiling_s, 7e7 / 4e9, 1e-12);
}
END_TEST

static const gable_fabric fabrics[] = {GABLE_FABRIC_SWITCH, GABLE_FABRIC_MESH, GABLE_FABRIC_PCIE,
                                       GABLE_FABRIC_TORUS};

/* More bytes never take less; no bus is faster than its link; expected is never below the ceiling.
 */
START_TEST(laws)
{
    gable_system system = make_system(fabrics[_i], 8);
    for (int kind = 0; kind < GABLE_N_COLLECTIVES; kind++)
        for (double ranks = 2; ranks <= 8; ranks *= 2) {
            double last = 0.0;
            for (double bytes = 1; bytes <= 1e10; bytes *= 3) {
                gable_transfer t =
                    run((gable_collective_kind)kind, bytes, ranks, &system, make_constants());
                ck_assert_double_ge(t.time.time_s, last);
                ck_assert_double_ge(t.time.time_s, t.time.ceiling_s);
                ck_assert_double_le(t.busbw_bytes_per_s, system.scale_up_bytes_per_s);
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
    tcase_add_test(all, ring_by_hand);
    tcase_add_test(all, small_messages_take_one_shot);
    tcase_add_test(all, switch_reduces);
    tcase_add_test(all, mesh_pairs);
    tcase_add_test(all, host_bounce);
    ADD_ROWS(all, laws, fabrics);
    suite_add_tcase(suite, all);
    return suite;
}
