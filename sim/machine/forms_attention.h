/* machine/forms_attention: tables of the constants of attention with a key/value cache, as P and D
 * of machine/forms.h, which includes this. Room: machine. Uses: nothing. Centres and spreads:
 * facts/attention.md 2-3. */
#ifndef GABLE_MACHINE_FORMS_ATTENTION_H
#define GABLE_MACHINE_FORMS_ATTENTION_H

#define GABLE_CONTEXT_PARAMETERS(P, D)                                                             \
    P(T0, "t0_us", 8.0, 0.4, 1.0, 60.0, "floor of the call, us")                                   \
    P(EM, "compute_frac", 0.7, 0.3, 0.1, 1.0, "of the dense peak inside a tile")                   \
    P(EE, "exp_frac", 0.9, 0.4, 0.1, 3.0, "of 16 exponentials per clock and SM")                   \
    D(PP, "pipe_power", "p-norm of products and exponentials", 2, 4, 1)                            \
    P(LAT, "chain_weight", 1.0, 0.15, 0.5, 2.0, "length of the longest block beside its work")     \
    P(KAP, "block_us", 2.0, 0.6, 0.05, 15.0, "fixed cost of a thread block, us")                   \
    P(AL, "tail_frac", 0.4, 0.8, 0.005, 1.5, "of the longest block that sticks out at the end")    \
    P(EB, "memory_frac", 0.8, 0.2, 0.2, 1.1, "of the datasheet bandwidth: Q, K, V, O")             \
    P(EP, "store_frac", 0.8, 0.3, 0.1, 1.2, "of the datasheet bandwidth: the cache store")         \
    P(CTK, "token_ns", 2.0, 1.0, 0.01, 30.0, "cache store of a token, ns on 132 SMs")              \
    P(L2X, "l2_gain", 1.8, 0.4, 1.0, 8.0, "speed of L2 beside memory")                             \
    P(CL2, "l2_frac", 0.5, 0.5, 0.05, 3.0, "of L2 that keeps the streams")                         \
    P(NSM, "splits_cap", 3.0, 0.3, 1.0, 16.0, "most splits of one block's keys")                   \
    P(TCMB, "combine_us", 4.0, 0.4, 0.5, 15.0, "joining the splits, us")                           \
    P(XW, "wide_weight", 1.0, 0.3, 0.3, 4.0, "cost of a tile of heads wider than 128")             \
    P(XO, "odd_weight", 1.0, 0.6, 0.3, 12.0, "cost of a tile of heads that are no multiple of 16") \
    P(XN, "narrow_weight", 1.0, 0.3, 0.3, 4.0, "cost of a tile of heads narrower than 128")        \
    P(XM, "window_weight", 1.0, 0.3, 0.4, 4.0, "cost of a tile inside a window")                   \
    D(M, "tile_m", "query rows of a tile at heads of up to 128", 128, 64, 192, 256)                \
    D(MW, "tile_m_wide", "query rows of a tile at wider heads", 128, 64, 192)                      \
    D(N, "tile_n", "keys of a tile at heads of 128", 128, 64, 256)                                 \
    D(NW, "tile_n_wide", "keys of a tile at wider heads", 128, 64, 32)                             \
    D(NN, "tile_n_narrow", "keys of a tile at narrower heads", 128, 64, 256)                       \
    D(PACK, "packs",                                                                               \
      "queries of a group that share a tile: 0 none, 1 all, 2 single ones without a window", 0, 1, \
      2)                                                                                           \
    D(SPLIT, "splits", "whether the keys of a block are split", 0, 1)                              \
    D(STAGE, "stage",                                                                              \
      "before it: 0 store by blocks of 512 elements, 1 store, 2 RoPE and store, 3 nothing", 0, 1,  \
      2, 3)

#define GABLE_DECODE_PARAMETERS(P, D)                                                              \
    P(T0, "t0_us", 6.0, 0.4, 0.5, 40.0, "floor of the call, us")                                   \
    P(KAP, "block_us", 2.5, 0.6, 0.05, 20.0, "fixed cost of a thread block, us")                   \
    P(TB, "sequence_us", 0.005, 1.0, 1e-4, 0.2, "each sequence, us")                               \
    P(KN, "fill", 0.2, 0.8, 0.005, 3.0, "filling the pipeline with the first 128 keys")            \
    P(BWC, "block_bytes", 60.0, 0.8, 2.0, 1000.0, "GB/s of one block")                             \
    P(BWSM, "sm_bytes", 35.0, 0.5, 2.0, 400.0, "bytes per clock and SM")                           \
    P(G0, "group_rate", 100.0, 1.2, 4.0, 6000.0, "group size that doubles the work of a key")      \
    P(GK, "group_fixed", 200.0, 1.2, 4.0, 8000.0, "group size that doubles the fixed cost")        \
    P(CL2, "l2_frac", 0.7, 0.3, 0.05, 2.0, "of L2 that keeps a cache between calls")               \
    P(EB, "memory_frac", 0.88, 0.1, 0.2, 1.0, "of the datasheet bandwidth")                        \
    P(TR1, "reduce_us", 0.7, 0.7, 0.01, 6.0, "joining splits, us per root of their number")        \
    P(RR, "ramp_us", 5.0, 0.8, 0.05, 30.0, "start of streaming from memory, us")                   \
    P(S0, "ramp_mb", 30.0, 1.0, 1.0, 300.0, "cache at which half of that ramp is there, MB")       \
    P(XD, "wide_power", 0.6, 0.8, 0.02, 1.5, "cost of heads wider than 128")                       \
    P(XS, "narrow_power", 0.5, 0.8, 0.02, 1.5, "cost of heads narrower than 128")                  \
    P(FL, "head_ns", 10.0, 1.0, 0.2, 60.0, "per-head kernels: key of a chain, ns")                 \
    P(FT, "head_rate", 5.0, 1.0, 0.1, 60.0, "per-head kernels: key and head, ns on one SM")        \
    P(FK, "head_wave_us", 4.0, 1.0, 0.1, 40.0, "per-head kernels: a wave, us")                     \
    D(OCC, "blocks_per_sm", "blocks that share an SM", 1, 2, 3, 4)                                 \
    D(OCCR, "waves_per_sm", "blocks that count as one wave", 1, 2)                                 \
    D(MINT, "least_tiles", "key tiles below which a block is not split", 2, 1, 4, 8)               \
    D(POWER, "overlap_power", "p-norm of chain, throughput and memory", 4, 2)                      \
    D(RULE, "kernel_rule",                                                                         \
      "0 any group, 1 one head without splits, 2 one head or group > 32, 3 group > 32", 0, 1, 2,   \
      3)                                                                                           \
    D(SPLITS, "splits", "whether keys are split over blocks", 1, 0)                                \
    D(WHOLE, "whole_cache",                                                                        \
      "whether a window starts from memory when the whole cache is more than L2 keeps", 0, 1)

#endif
