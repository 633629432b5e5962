/* layout/ranks: how a model is laid over devices.
 *   tp       ranks that share each product and the heads of attention
 *   attn_dp  groups of tp ranks with sequences of their own, which share the experts
 *   cp       ranks that share the context of each sequence: in prefill its tokens, in decode its
 *            cache (and there the feed-forward parts, as Helix does)
 *   pp       stages of layers, which micro-batches pass one after another
 *   dp       replicas of all that
 *   ep       ranks that experts are split over, of the tp x attn_dp x cp that share them
 * Neighbours: tp ranks first, then cp, attn_dp, pp and dp.
 * Room: layout. Uses: base. Rules: facts/serving.md 2.1, 2.7. */
#ifndef GABLE_LAYOUT_RANKS_H
#define GABLE_LAYOUT_RANKS_H
#include <stdbool.h>

/* X(member, option and key, help). Whole numbers; 0 counts as 1. */
#define GABLE_RANK_LIST(X)                                                                         \
    X(tp, "tp", "tensor-parallel ranks")                                                           \
    X(ep, "ep",                                                                                    \
      "ranks that experts are split over, of all that share them (--tp x --attn-dp x --cp)")       \
    X(pp, "pp", "pipeline stages")                                                                 \
    X(cp, "cp", "ranks that share the context of each sequence")                                   \
    X(dp, "dp", "replicas, each with its part of the batch")                                       \
    X(attn_dp, "attn-dp",                                                                          \
      "groups of --tp ranks with sequences of their own, which share the experts")

#define GABLE_RANK_MEMBER(member, name, help) int member;
/* Members of a struct that says how a model is laid out. */
#define GABLE_RANK_MEMBERS GABLE_RANK_LIST(GABLE_RANK_MEMBER)
/* Copies them between two such structs. */
#define GABLE_RANKS_COPY(to, from)                                                                 \
    ((to)->tp = (from)->tp, (to)->ep = (from)->ep, (to)->pp = (from)->pp, (to)->cp = (from)->cp,   \
     (to)->dp = (from)->dp, (to)->attn_dp = (from)->attn_dp)

/* The ranks as counts that products are made of. */
typedef struct gable_ranks {
    double tp, ep, pp, cp, dp, attn_dp;
    double experts; /* ranks that share the experts: tp x attn_dp x cp */
    double ffn_tp;  /* that share a dense feed-forward part, shared experts and the head */
    double replica; /* devices of one replica */
    double world;   /* devices */
} gable_ranks;

#endif
