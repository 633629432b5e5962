/* layout: model x parallelism x phase -> a plan: flat columns of operators and collectives of one
 * rank (the heaviest), and the bytes that it stores. Planning knows no device: a new device
 * re-prices, it does not re-plan.
 * Room: layout. Uses: base, machine (limits only), model, cost, net. Rules: facts/serving.md 2.1,
 * facts/models.md 4. */
#ifndef GABLE_LAYOUT_H
#define GABLE_LAYOUT_H
#include <stdbool.h>

#include "base/base.h"
#include "cost/cost.h"
#include "layout/ranks.h"
#include "model/model.h"
#include "net/net.h"

typedef enum gable_phase { GABLE_PHASE_PREFILL, GABLE_PHASE_DECODE, GABLE_N_PHASES } gable_phase;
extern const char *const gable_phases[]; /* "prefill" "decode" NULL */

/* Where a hashed memory table (Engram) lives. X(symbol, name) */
#define GABLE_MEMORY_LIST(X) X(HBM, "hbm") X(HOST, "host") X(POOL, "pool")
typedef enum gable_memory_place {
#define GABLE_MEMORY_ENUM(symbol, name) GABLE_MEMORY_##symbol,
    GABLE_MEMORY_LIST(GABLE_MEMORY_ENUM)
#undef GABLE_MEMORY_ENUM
        GABLE_N_MEMORY_PLACES
} gable_memory_place;
extern const char *const gable_memory_places[]; /* "hbm" "host" "pool" NULL */

/* What runs at the same time in a step. X(symbol, name, help) */
#define GABLE_OVERLAP_LIST(X)                                                                      \
    X(NONE, "none", "one operator after another")                                                  \
    X(SHARED, "shared", "shared experts beside the routed ones and their exchange")                \
    X(TWO_BATCH, "two-batch", "two halves of the step take turns: one computes, one exchanges")    \
    X(WAVES, "waves", "exchange and experts in waves, shared experts beside them")
typedef enum gable_overlap {
#define GABLE_OVERLAP_ENUM(symbol, name, help) GABLE_OVERLAP_##symbol,
    GABLE_OVERLAP_LIST(GABLE_OVERLAP_ENUM)
#undef GABLE_OVERLAP_ENUM
        GABLE_N_OVERLAPS
} gable_overlap;
extern const char *const gable_overlaps[]; /* NULL-terminated */

/* How tokens reach experts on other ranks than their own, where those have tokens of their own.
 * X(symbol, name, help) */
#define GABLE_EXCHANGE_LIST(X)                                                                     \
    X(AUTO, "auto", "whichever is faster")                                                         \
    X(GATHER, "gather", "all tokens to all ranks, partial sums back")                              \
    X(TOKENS, "tokens", "each token to the ranks of its experts, and back")
typedef enum gable_token_exchange {
#define GABLE_EXCHANGE_ENUM(symbol, name, help) GABLE_EXCHANGE_##symbol,
    GABLE_EXCHANGE_LIST(GABLE_EXCHANGE_ENUM)
#undef GABLE_EXCHANGE_ENUM
        GABLE_N_EXCHANGES
} gable_token_exchange;
extern const char *const gable_token_exchanges[]; /* NULL-terminated */

/* How the parts of a context meet in prefill. X(symbol, name, help) */
#define GABLE_CONTEXT_LIST(X)                                                                      \
    X(RING, "ring", "keys and values go round while attention runs")                               \
    X(GATHER, "gather", "keys and values are gathered before attention")
typedef enum gable_context_exchange {
#define GABLE_CONTEXT_ENUM(symbol, name, help) GABLE_CONTEXT_##symbol,
    GABLE_CONTEXT_LIST(GABLE_CONTEXT_ENUM)
#undef GABLE_CONTEXT_ENUM
        GABLE_N_CONTEXTS
} gable_context_exchange;
extern const char *const gable_context_exchanges[]; /* NULL-terminated */

/* One step of one model under one layout. */
typedef struct gable_scenario {
    gable_phase phase;
    double batch;          /* sequences in the step, of all replicas, >= 1 */
    double n_cached;       /* tokens of each sequence already in the cache, >= 0 (--context) */
    double n_new;          /* tokens that each sequence adds, >= 1 */
    GABLE_RANK_MEMBERS     /* tp, ep, pp, cp, dp, attn_dp */
        int micro_batches; /* of a step through the stages; 0: as many as stages, where there are
                              sequences for them */
    gable_overlap overlap;
    gable_token_exchange exchange; /* AUTO is laid out as GATHER; gable_engine_lay chooses */
    gable_context_exchange context_exchange;
    double skew;                     /* Zipf exponent of the experts' popularity; 0: uniform */
    int redundant_experts;           /* copies of the most popular experts (EPLB), >= 0 */
    gable_memory_place memory_place; /* of the model's memory table, when it has one */
    /* Parts of the weights and of the cache that live in the host's memory, or on its SSDs. */
    double offload_weights, offload_kv;
    bool offload_to_storage;
    /* Images of each sequence, among its new tokens, and their sizes in pixels; prefill only. */
    double images, image_width, image_height;
    /* Compressed sparse attention with most entries in host memory (FlashMemory): the part of them
       that is in the device, 0 meaning all; it is chosen anew every index_every steps, 0 and 1
       meaning each (facts/models.md 4.9). */
    double resident_kv, index_every;
} gable_scenario;

/* Row kinds beyond operators. */
typedef enum gable_row_kind {
    GABLE_ROW_OP,
    GABLE_ROW_COLLECTIVE,
    GABLE_ROW_GAP,
    GABLE_ROW_BUBBLE, /* waiting for other stages; after all rows of the layers, at most one */
    GABLE_ROW_HOST /* what is fetched from beyond the device's memory; the last row, at most one */
} gable_row_kind;

/* Rows of one group run at the same time if they are in different lanes. */
typedef enum gable_overlap_group {
    GABLE_GROUP_NONE,
    GABLE_GROUP_LAYERS,  /* as --overlap says */
    GABLE_GROUP_CONTEXT, /* attention and the ring that feeds it */
    GABLE_N_GROUPS
} gable_overlap_group;
typedef enum gable_lane {
    GABLE_LANE_DEVICE,  /* kernels one after another */
    GABLE_LANE_SIDE,    /* kernels of a second stream */
    GABLE_LANE_NETWORK, /* exchange */
    GABLE_LANE_RETURN,  /* an exchange beside those: with waves the way back beside the way out, of
                           two halves what goes to the next stage */
    GABLE_N_LANES
} gable_lane;

/* Bytes that one device fetches in the step from beyond its memory, and what it keeps there. */
typedef struct gable_host_traffic {
    double ahead_bytes;  /* weights and cache: which ones is known, layers before them hide them */
    double routed_bytes; /* weights of experts: known once the router has chosen */
    double memory_bytes; /* rows of a hashed memory table: known from the tokens */
    double memory_frac;  /* of the layers that run before the first module that needs those */
    double stored_bytes;
} gable_host_traffic;

/* Patches of one image, whole groups of merge x merge, and tokens that they become. */
typedef struct gable_image {
    double rows, columns, patches, tokens;
} gable_image;
gable_image gable_layout_image(const gable_vision *vision, const gable_scenario *scenario);

enum { GABLE_PLAN_ROWS_CAP = 512 };

/* Columns of n_rows. A row is one operator of one kind of layer (or of the whole step); `calls`
 * counts it over the step. Immutable after gable_layout_plan; lives in its arena. */
typedef struct gable_plan {
    const gable_model *model;
    gable_scenario scenario;
    int n_rows, rows_cap; /* used, and taken from the arena */
    const char **name;    /* "qkv_proj" */
    gable_row_kind *kind;
    double *calls;                /* over the step */
    int *layers;                  /* layers that hold it; 0 for embedding, head … */
    gable_op *op;                 /* for GABLE_ROW_OP */
    gable_work *work;             /* of one call */
    gable_collective *collective; /* for GABLE_ROW_COLLECTIVE */
    gable_overlap_group *group;
    gable_lane *lane;
    bool overlaps; /* some row is in a group */
    double waves;  /* pieces of the group of the layers: what does not overlap is 1 / waves */

    gable_ranks ranks;
    gable_scenario local; /* of one rank in one pass: its sequences, new tokens and cached tokens */
    double sequences;     /* whose cache one rank holds */
    double passes;        /* of a rank through its layers in the step: micro-batches x halves */
    double stage_frac;    /* layers of the fullest stage / all layers */
    double bubble_frac;   /* seconds a stage waits / seconds that it works */

    gable_host_traffic host;
    double *stored_bytes; /* weights that the row keeps on one rank, all layers */
    double tokens;        /* batch * n_new, of the whole deployment */
    /* bytes on one rank */
    double weights_bytes, kv_bytes, state_bytes, activation_bytes;
} gable_plan;

/* Counts of ranks, 0 taken as 1. */
gable_ranks gable_layout_ranks(const gable_scenario *scenario);

/* Devices of the whole deployment. */
int gable_layout_devices(const gable_scenario *scenario);

/* Lays out the step. Refuses with GABLE_INPUT and the reason: sizes out of range, heads that tp
 * does not divide, experts that ep does not divide, more stages than layers, more replicas than
 * sequences, a block wider than the model's canvas, memory tables of unknown modules. */
gable_status gable_layout_plan(gable_arena *arena, const gable_model *model,
                               const gable_scenario *scenario, gable_plan *out, gable_err *err);

/* Text of a row's kind, "gemm", "all_reduce", "gap" …. */
const char *gable_plan_kind_name(const gable_plan *plan, int row);

#endif
