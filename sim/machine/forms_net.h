/* machine/forms_net: constants of collectives and of the exchange of expert tokens (forms.h).
 * Room: machine. Uses: nothing. Centres: facts/network.md 5; what no open row says (the scale-out
 * network of collectives) stays at its centre: facts/network.md 2 and 5, NCCL's tuner and measured
 * transfers between nodes. */
#ifndef GABLE_MACHINE_FORMS_NET_H
#define GABLE_MACHINE_FORMS_NET_H

/* T = base + step steps + y + 2 sqrt(ramp y), y = bytes / (frac rate): NCCL's rings, trees and
 * direct sends, and reduction in the switch. */
#define GABLE_COLLECTIVE_PARAMETERS(P, D)                                                          \
    P(T0, "base_us", 6.0, 0.5, 0.3, 500.0, "before the first step, us")                            \
    P(H, "step_us", 1.0, 0.5, 0.005, 200.0, "a step on the scale-up links, us")                    \
    P(PEER, "peer_us", 0.05, 1.0, 0.001, 50.0, "each further rank of a node, us")                  \
    P(FRAC, "link_frac", 0.758, 0.12, 0.02, 1.0, "of the link's rate, from four ranks on")         \
    P(PAIR, "pair_frac", 0.8, 0.2, 0.1, 1.0, "of that when only two ranks take part")              \
    P(TAU, "ramp_us", 4.0, 0.8, 0.01, 500.0, "scale of the bandwidth ramp, us")                    \
    P(LL, "eager_frac", 0.2, 0.7, 0.005, 1.0, "of the link's rate, protocol of small messages")    \
    P(EDGE, "handshake_us", 5.0, 1.0, 0.01, 500.0, "the protocol of large messages adds, us")      \
    P(SWITCH, "switch_frac", 0.65, 0.2, 0.02, 1.0, "of the link's rate, reduction in the switch")  \
    P(SWT0, "switch_us", 15.0, 0.7, 0.1, 300.0, "reduction in the switch adds, us")                \
    P(NH, "nic_step_us", 8.0, 0.5, 0.1, 500.0, "a step between nodes, us")                         \
    P(NFRAC, "nic_frac", 0.9, 0.1, 0.05, 1.0, "of the scale-out rate")                             \
    D(THIN, "eager_divisor", "by which the eager protocol is thinner: staged copies", 1, 16)

/* All-reduce in one kernel of an engine: base + peer (n - 1), then one shot, two shots, or (large
 * buffers) what the engine's library does. */
#define GABLE_CUSTOM_PARAMETERS(P, D)                                                              \
    P(T0, "base_us", 4.0, 0.4, 0.3, 100.0, "launch and barrier, us")                               \
    P(PEER, "peer_us", 0.1, 0.7, 0.001, 10.0, "each further rank, us")                             \
    P(ONE, "one_shot_frac", 0.6, 0.3, 0.01, 1.0, "of the link's rate when all read all")           \
    P(ONE_TAU, "one_shot_ramp_us", 0.05, 1.5, 1e-4, 20.0, "scale of its bandwidth ramp, us")       \
    P(TWO_US, "two_shot_us", 5.0, 0.7, 0.05, 200.0, "second barrier, us")                          \
    P(TWO, "two_shot_frac", 0.6, 0.4, 0.01, 1.0, "of the link's rate, reduce-scatter and gather")  \
    P(LIB_US, "library_us", 15.0, 0.7, 0.5, 500.0, "the library's all-reduce adds, us")            \
    P(FRAC, "link_frac", 0.758, 0.12, 0.02, 1.0, "of the link's rate, rings of the library")       \
    P(TAU, "ramp_us", 4.0, 0.8, 0.01, 500.0, "scale of the bandwidth ramp, us")                    \
    P(SWITCH, "switch_frac", 0.65, 0.2, 0.02, 1.0, "of the link's rate, reduction in the switch")  \
    D(CAP, "one_kernel_mib", "largest buffer of the engine's own kernels, MiB", 1e6, 1, 2, 4, 7,   \
      16, 0.5)                                                                                     \
    D(RAMPED, "one_shot_ramps", "whether one shot ramps up its bandwidth", 0, 1)

/* Expert tokens to their ranks and back: base + log log2(ranks) + per expert + per token + y + 2
 * sqrt(ramp y). */
#define GABLE_EXCHANGE_PARAMETERS(P, D)                                                            \
    P(T0, "base_us", 12.0, 0.7, 0.3, 500.0, "launch and barrier, us")                              \
    P(LOG, "log_us", 1.0, 1.0, 0.01, 50.0, "each doubling of the ranks, us")                       \
    P(EXP, "expert_us", 0.05, 1.2, 0.001, 5.0, "each expert of a rank, us")                        \
    P(TOK, "token_ns", 0.3, 1.5, 0.001, 100.0, "each token of a rank, ns")                         \
    P(FRAC, "link_frac", 0.6, 0.4, 0.02, 1.0, "of the scale-up rate")                              \
    P(SMR, "sm_gbps", 16.0, 0.4, 1.0, 200.0, "each SM that copies, GB/s")                          \
    P(TAU, "ramp_us", 3.0, 1.2, 0.001, 500.0, "scale of the bandwidth ramp, us")                   \
    P(NT0, "nic_base_us", 18.0, 0.6, 1.0, 500.0, "launch and barrier between nodes, us")           \
    P(NLOG, "nic_log_us", 2.0, 1.0, 0.01, 100.0, "each doubling of the nodes, us")                 \
    P(NFRAC, "nic_frac", 0.92, 0.1, 0.05, 1.0, "of the scale-out rate")                            \
    P(NSM, "nic_sm_gbps", 3.0, 0.7, 0.1, 100.0, "each SM that sends between nodes, GB/s")          \
    P(NTAU, "nic_ramp_us", 1.0, 1.2, 0.001, 500.0, "scale of the ramp between nodes, us")

#define GABLE_COLLECTIVE_P(symbol, ...) GABLE_COLLECTIVE_P_##symbol,
enum { GABLE_COLLECTIVE_PARAMETERS(GABLE_COLLECTIVE_P, GABLE_COLLECTIVE_P) GABLE_N_COLLECTIVE_P };
#define GABLE_CUSTOM_P(symbol, ...) GABLE_CUSTOM_P_##symbol,
enum { GABLE_CUSTOM_PARAMETERS(GABLE_CUSTOM_P, GABLE_CUSTOM_P) GABLE_N_CUSTOM_P };
#define GABLE_EXCHANGE_P(symbol, ...) GABLE_EXCHANGE_P_##symbol,
enum { GABLE_EXCHANGE_PARAMETERS(GABLE_EXCHANGE_P, GABLE_EXCHANGE_P) GABLE_N_EXCHANGE_P };

#endif
