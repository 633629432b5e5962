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

/* One step of one model under one layout. */
typedef struct gable_scenario {
    gable_phase phase;
    double batch;    /* sequences in the step, >= 1 */
    double n_cached; /* tokens of each sequence already in the cache, >= 0 (--context) */
    double n_new;    /* tokens that each sequence adds, >= 1 */
    int tp;          /* tensor-parallel ranks, >= 1 */
    int ep;          /* of those, ranks that experts are split over; moe_tp = tp / ep */
    double skew;     /* Zipf exponent of the experts' popularity; 0: uniform */
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
    GABLE_ROW_HOST /* what is fetched from beyond the device's memory; the last row, at most one */
} gable_row_kind;

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
    int n_rows;
    const char **name; /* "qkv_proj" */
    gable_row_kind *kind;
    double *calls;                /* over the step */
    int *layers;                  /* layers that hold it; 0 for embedding, head … */
    gable_op *op;                 /* for GABLE_ROW_OP */
    gable_work *work;             /* of one call */
    gable_collective *collective; /* for GABLE_ROW_COLLECTIVE */

    gable_host_traffic host;
    double *stored_bytes; /* weights that the row keeps on one rank, all layers */
    double tokens;        /* batch * n_new */
    /* bytes on one rank */
    double weights_bytes, kv_bytes, state_bytes, activation_bytes;
} gable_plan;

/* Lays out the step. Refuses with GABLE_INPUT: sizes out of range, heads that tp does not divide,
 * experts that ep does not divide, a block wider than the model's canvas, memory tables of unknown
 * modules. */
gable_status gable_layout_plan(gable_arena *arena, const gable_model *model,
                               const gable_scenario *scenario, gable_plan *out, gable_err *err);

/* Text of a row's kind, "gemm", "all_reduce", "gap" …. */
const char *gable_plan_kind_name(const gable_plan *plan, int row);

#endif
