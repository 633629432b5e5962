/* cli/rank_options: rows of option tables that commands with a layout share.
 * Room: cli. Uses: cli/cli.h, layout/ranks.h. */
#ifndef GABLE_CLI_RANK_OPTIONS_H
#define GABLE_CLI_RANK_OPTIONS_H
#include "cli/cli.h"
#include "layout/layout.h"

/* A whole number into `member_` of `owner_`. */
#define GABLE_RANK_OPTION(owner_, member_, name_, default_, min_, help_)                           \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_INT, .dim = GABLE_DIM_COUNT, .argument = "N",          \
        .default_text = default_, .min = min_, .max = 4096.0, .offset = offsetof(owner_, member_), \
        .help = help_                                                                              \
    }
#define GABLE_CHOICE_OPTION(owner_, member_, name_, argument_, choices_, default_, help_)          \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_CHOICE, .argument = argument_, .choices = choices_,    \
        .default_text = default_, .offset = offsetof(owner_, member_), .help = help_               \
    }

/* Members of an options struct that says how a model is laid over devices. */
#define GABLE_LAYOUT_MEMBERS                                                                       \
    GABLE_RANK_MEMBERS                                                                             \
    int nodes, micro_batches, redundant_experts, overlap, exchange, context_exchange;
/* Rows of commands that know nothing but tensor and expert parallelism. */
#define GABLE_RANK_OPTIONS(owner_)                                                                 \
    GABLE_RANK_OPTION(owner_, tp, "tp", "1", 1.0, "tensor-parallel ranks"),                        \
        GABLE_RANK_OPTION(owner_, ep, "ep", "1", 1.0,                                              \
                          "ranks that experts are split over, of those of --tp")
/* Their rows. */
#define GABLE_LAYOUT_OPTIONS(owner_)                                                               \
    GABLE_RANK_OPTION(owner_, tp, "tp", "1", 1.0, "tensor-parallel ranks"),                        \
        GABLE_RANK_OPTION(owner_, ep, "ep", "1", 1.0,                                              \
                          "ranks that experts are split over, of --tp x --attn-dp x --cp"),        \
        GABLE_RANK_OPTION(owner_, pp, "pp", "1", 1.0, "pipeline stages"),                          \
        GABLE_RANK_OPTION(owner_, cp, "cp", "1", 1.0,                                              \
                          "ranks that share the context of each sequence"),                        \
        GABLE_RANK_OPTION(owner_, dp, "dp", "1", 1.0,                                              \
                          "replicas, each with its part of the batch"),                            \
        GABLE_RANK_OPTION(owner_, attn_dp, "attn-dp", "1", 1.0,                                    \
                          "groups of --tp ranks with sequences of their own and common experts"),  \
        GABLE_RANK_OPTION(owner_, nodes, "nodes", "1", 1.0,                                        \
                          "systems, connected by their scale-out links"),                          \
        GABLE_RANK_OPTION(owner_, micro_batches, "micro-batches", "0", 0.0,                        \
                          "parts of a step through the stages; 0: as many as stages"),             \
        GABLE_RANK_OPTION(owner_, redundant_experts, "redundant-experts", "0", 0.0,                \
                          "copies of the most popular experts (EPLB)"),                            \
        GABLE_CHOICE_OPTION(owner_, overlap, "overlap", "WHAT", gable_overlaps, "none",            \
                            "what runs at the same time: none, shared, two-batch, waves"),         \
        GABLE_CHOICE_OPTION(owner_, exchange, "exchange", "HOW", gable_token_exchanges, "auto",    \
                            "tokens to experts of other groups: auto, gather, tokens"),            \
        GABLE_CHOICE_OPTION(owner_, context_exchange, "context-exchange", "HOW",                   \
                            gable_context_exchanges, "ring",                                       \
                            "keys and values of --cp in prefill: ring, gather")

/* All of it from one such struct into a scenario. */
#define GABLE_LAYOUT_COPY(to, from)                                                                \
    (GABLE_RANKS_COPY(to, from), (to)->micro_batches = (from)->micro_batches,                      \
     (to)->redundant_experts = (from)->redundant_experts,                                          \
     (to)->overlap = (gable_overlap)(from)->overlap,                                               \
     (to)->exchange = (gable_token_exchange)(from)->exchange,                                      \
     (to)->context_exchange = (gable_context_exchange)(from)->context_exchange)

#endif
