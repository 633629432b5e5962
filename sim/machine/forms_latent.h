/* machine/forms_latent: constants of the kernels of latent attention (MLA) and of whole attention
 * blocks; see forms.h.
 * Room: machine. Uses: nothing. Centres and spreads: facts/attention.md 2, 4-6, and the fits of
 * hw/calibration. */
#ifndef GABLE_MACHINE_FORMS_LATENT_H
#define GABLE_MACHINE_FORMS_LATENT_H

#define GABLE_LATENT_CONTEXT_PARAMETERS(P, D)                                                      \
    P(T0, "t0_us", 9.0, 0.4, 1.0, 60.0, "floor of the call, us")                                   \
    P(EM, "compute_frac", 0.75, 0.3, 0.1, 1.1, "of the dense peak inside a tile")                  \
    P(EE, "exp_frac", 0.9, 0.4, 0.1, 3.0, "of 16 exponentials per clock and SM")                   \
    P(LAT, "chain_weight", 1.0, 0.15, 0.5, 2.0, "length of the longest block beside its work")     \
    P(KAP, "block_us", 2.0, 0.6, 0.05, 15.0, "fixed cost of a thread block, us")                   \
    P(AL, "tail_frac", 0.4, 0.8, 0.005, 1.5, "of the longest block that sticks out at the end")    \
    P(EB, "memory_frac", 0.8, 0.2, 0.2, 1.1, "of the datasheet bandwidth: Q, K, V, O")             \
    P(EP, "store_frac", 0.8, 0.3, 0.1, 1.2, "of the datasheet bandwidth: the cache store")         \
    P(CTK, "token_ns", 2.0, 1.0, 0.01, 60.0, "cache store of a token, ns on 132 SMs")              \
    P(L2X, "l2_gain", 1.8, 0.4, 1.0, 8.0, "speed of L2 beside memory")                             \
    P(CL2, "l2_frac", 0.5, 0.5, 0.05, 3.0, "of L2 that keeps the streams")                         \
    D(PP, "pipe_power", "p-norm of products and exponentials", 2, 4, 1)                            \
    D(M, "tile_m", "query rows of a tile", 128, 64, 192, 256)                                      \
    D(N, "tile_n", "keys of a tile", 128, 64)                                                      \
    D(STAGE, "stage", "before it: 1 store, 2 RoPE and store, 3 nothing", 1, 2, 3)                  \
    D(ABSORB, "absorbs", "whether all heads read the latents themselves", 0, 1)

#define GABLE_LATENT_DECODE_PARAMETERS(P, D)                                                       \
    P(T0, "t0_us", 7.0, 0.4, 0.5, 60.0, "floor of the call, us")                                   \
    P(EM, "compute_frac", 0.6, 0.4, 0.05, 1.0, "of the dense peak inside a tile")                  \
    P(BWSM, "sm_bytes", 35.0, 0.5, 2.0, 400.0, "bytes per clock and SM")                           \
    P(LAT, "chain_weight", 1.0, 0.4, 0.2, 6.0, "length of one block beside its work")              \
    P(KAP, "block_us", 2.5, 0.6, 0.05, 20.0, "fixed cost of a thread block, us")                   \
    P(GK, "heads_fixed", 200.0, 1.2, 4.0, 8000.0, "heads that double the fixed cost")              \
    P(CL2, "l2_frac", 0.7, 0.3, 0.05, 2.0, "of L2 that keeps a cache between calls")               \
    P(EB, "memory_frac", 0.88, 0.1, 0.2, 1.0, "of the datasheet bandwidth")                        \
    P(TB, "sequence_us", 0.005, 1.0, 1e-4, 0.3, "each sequence, us")                               \
    P(TR1, "reduce_us", 0.7, 0.7, 0.01, 6.0, "joining splits, us per root of their number")        \
    P(RR, "ramp_us", 5.0, 0.8, 0.05, 40.0, "start of streaming from memory, us")                   \
    P(S0, "ramp_mb", 30.0, 1.0, 1.0, 300.0, "cache at which half of that ramp is there, MB")       \
    P(X32, "odd_weight", 1.0, 0.2, 0.7, 2.5,                                                       \
      "cost of exactly 32 heads: a poorer kernel of some libraries")                               \
    D(GT, "heads_per_block", "heads that share a thread block", 64, 16, 32, 128)                   \
    D(MINT, "least_tiles", "tiles of 64 keys below which a block is not split", 16, 4, 8, 32, 64)  \
    D(OCC, "blocks_per_sm", "blocks that share an SM", 1, 2)                                       \
    D(POWER, "overlap_power", "p-norm of chain, throughput and memory", 4, 2)                      \
    D(HMIN, "least_heads", "heads that a tile is padded to", 16, 8, 64, 128)                       \
    D(SPLITS, "splits", "whether keys are split over blocks", 1, 0)

#define GABLE_BATCHED_PARAMETERS(P, D)                                                             \
    P(T0, "t0_us", 3.5, 0.4, 0.5, 40.0, "floor of the call, us")                                   \
    P(CHAIN, "block_us", 1.0, 0.8, 0.02, 20.0, "one thread block, us at 1.83 GHz")                 \
    P(TILE, "tile_us", 1.0, 0.8, 0.02, 20.0, "SM time of a 128 x 128 tile, us at 1.83 GHz")        \
    P(EF, "compute_frac", 0.5, 0.4, 0.05, 1.0, "of the dense peak")                                \
    P(EB, "memory_frac", 0.8, 0.2, 0.2, 1.0, "of the datasheet bandwidth")                         \
    P(L2X, "l2_gain", 2.0, 0.5, 1.0, 8.0, "speed of L2 beside memory")                             \
    P(CL2, "l2_frac", 0.5, 0.5, 0.05, 3.0, "of L2 that keeps operands between calls")              \
    D(POWER, "overlap_power", "p-norm of the terms", 2, 4)

#define GABLE_SUBLAYER_PARAMETERS(P, D)                                                            \
    P(T0, "t0_us", 50.0, 0.7, 2.0, 2000.0, "floor of all kernels of the block, us")                \
    P(TQ, "narrow_us", 12.0, 0.8, 0.05, 200.0, "more of it with 8-bit projections, us")            \
    P(TF, "fourth_us", 12.0, 1.0, 0.05, 200.0, "more of it with 4-bit projections, us")            \
    P(TC, "narrow_cache_us", 1.0, 1.0, 0.05, 100.0, "more of it with an 8-bit cache, us")          \
    P(EW, "weight_frac", 0.7, 0.4, 0.1, 1.0, "of the datasheet bandwidth: weights")                \
    P(L2X, "l2_gain", 2.0, 0.5, 1.0, 8.0, "speed of L2 beside memory")                             \
    P(CL2, "l2_frac", 0.6, 0.5, 0.05, 3.0, "of L2 that keeps weights and cache between calls")     \
    P(EG, "projection_frac", 0.6, 0.3, 0.05, 1.0, "of the bf16 peak in projections")               \
    P(EN, "narrow_frac", 0.5, 0.4, 0.03, 1.0, "of the 8-bit peak in projections")                  \
    P(EF, "fourth_frac", 0.4, 0.5, 0.02, 1.0, "of the 4-bit peak in projections")                  \
    P(EA, "stream_frac", 0.45, 0.6, 0.01, 1.0, "of the datasheet bandwidth: activations")          \
    P(EM, "core_frac", 0.45, 0.5, 0.01, 1.0, "of the peak in the attention")                       \
    P(EC, "narrow_core", 1.0, 0.4, 0.1, 3.0, "that, with an 8-bit cache, beside bf16")             \
    P(UT, "fill_power", 0.7, 0.5, 0.05, 1.5, "loss of the attention on few thread blocks")         \
    P(EB, "memory_frac", 0.6, 0.4, 0.02, 1.0, "of the datasheet bandwidth: the cache")             \
    P(CHAIN, "chain_us", 0.5, 1.0, 0.005, 20.0, "128 keys of one thread block, us")                \
    P(KF, "least_keys", 150.0, 1.0, 1.0, 1024.0, "keys that those of a query are padded to")       \
    P(TB, "sequence_us", 0.05, 1.2, 0.0005, 20.0, "each sequence, us")                             \
    P(X32, "odd_weight", 1.0, 0.2, 0.7, 2.5,                                                       \
      "cost of exactly 32 heads on latents: a poorer kernel of some libraries")                    \
    P(EI, "index_frac", 0.3, 0.8, 0.003, 1.0, "of the peak in the indexer")                        \
    P(ES, "score_frac", 0.5, 0.8, 0.003, 1.0,                                                      \
      "of the datasheet bandwidth: keys and scores of the indexer")                                \
    P(KS, "select_ns", 0.2, 1.2, 0.001, 20.0, "picking among an entry, ns of one thread block")    \
    P(TS, "select_us", 8.0, 1.2, 0.02, 200.0,                                                      \
      "floor of picking, once there is something to pick, us")                                     \
    P(TW, "select_wave_us", 3.0, 1.2, 0.02, 100.0, "that, each time the queries fill the SMs, us") \
    P(X1, "single_weight", 1.0, 0.3, 0.5, 30.0,                                                    \
      "cost of scores of an indexer with one head: a poorer kernel")                               \
    D(EXPAND, "expands", "latents are expanded: 0 never, 1 always, 2 when nothing is picked", 0,   \
      1, 2)                                                                                        \
    D(SPLITS, "splits", "whether keys are split over blocks", 0, 1)                                \
    D(FULL, "walks_all", "whether lists of picked keys are walked to their end, filled or not", 0, \
      1)                                                                                           \
    D(HP, "least_heads", "heads that a tile is padded to, of latents or of a group", 1, 16, 64,    \
      128)                                                                                         \
    D(QT, "query_tile", "queries that a tile of keys per head is padded to", 1, 64, 128)

#define GABLE_LATENT_CONTEXT_P(symbol, ...) GABLE_LATENT_CONTEXT_##symbol,
enum {
    GABLE_LATENT_CONTEXT_PARAMETERS(GABLE_LATENT_CONTEXT_P, GABLE_LATENT_CONTEXT_P)
        GABLE_N_LATENT_CONTEXT
};
#define GABLE_LATENT_DECODE_P(symbol, ...) GABLE_LATENT_DECODE_##symbol,
enum {
    GABLE_LATENT_DECODE_PARAMETERS(GABLE_LATENT_DECODE_P, GABLE_LATENT_DECODE_P)
        GABLE_N_LATENT_DECODE
};
#define GABLE_BATCHED_P(symbol, ...) GABLE_BATCHED_##symbol,
enum { GABLE_BATCHED_PARAMETERS(GABLE_BATCHED_P, GABLE_BATCHED_P) GABLE_N_BATCHED };
#define GABLE_SUBLAYER_P(symbol, ...) GABLE_SUBLAYER_##symbol,
enum { GABLE_SUBLAYER_PARAMETERS(GABLE_SUBLAYER_P, GABLE_SUBLAYER_P) GABLE_N_SUBLAYER };

#endif
