/* model: an architecture -> layers. Reads our own schema (workloads/models) and Hugging Face
 * config.json with hf_quant_config.json beside it. A layer is a mixer, a feed-forward part and
 * their formats; equal layers are stored once, with a count. Everything lives in the caller's
 * arena. Room: model. Uses: base, machine (for nothing but dtype names). Formats:
 * workloads/README.md; formulas and aliases: facts/models.md. */
#ifndef GABLE_MODEL_H
#define GABLE_MODEL_H
#include <stdbool.h>

#include "base/base.h"
#include "model/parts.h"
#include "model/vision.h"

/* Formats of one module class: of its weights, and of the activations that enter its GEMMs (the
 * pair decides the matrix unit; W4A16 keeps bf16 activations). */
typedef struct gable_module_dtypes {
    gable_dtype weights, activations;
} gable_module_dtypes;

typedef struct gable_mixer {
    int kind; /* gable_mixer_kind */
    /* gqa, mla, dsa, csa, hca, msa: heads of the query; of keys and values; elements per head */
    int n_heads, n_kv_heads, head_dim, v_head_dim; /* v_head_dim 0: == head_dim */
    int window;   /* 0: full context; else tokens that a query sees */
    bool k_eq_v;  /* values reuse the key projection: no V weights (Gemma-4 full layers) */
    bool kv_once; /* and the cache keeps one copy of both (engines that rotate keys on the fly) */
    bool gated;   /* output gate: d x n_heads*head_dim more weights */
    bool qk_norm, sinks, bias;
    /* mla, dsa, csa, hca */
    int q_rank, kv_rank, nope_dim, rope_dim; /* q_rank 0: the query is not low-rank */
    int out_groups, out_rank;                /* csa, hca: grouped output projection */
    /* dsa, csa, msa: the indexer */
    int index_heads, index_dim, index_topk, index_block;
    bool index_shared;  /* reuses the selection of an earlier layer: no indexer weights, no index
                           cache */
    int compress_ratio; /* csa 4, hca 128; hca with 0: the sliding-window branch alone (V4-Flash 0
                           and 1) */
    /* mamba2, gdn, kda */
    int state_heads, state_key_heads, state_key_dim, state_value_dim, state_groups, conv_width,
        chunk;
} gable_mixer;

/* Carries a recurrent state from token to token. */
static inline bool gable_mixer_has_state(const gable_mixer *mixer)
{
    return mixer->kind >= GABLE_MIXER_MAMBA2 && mixer->kind <= GABLE_MIXER_KDA;
}

typedef struct gable_ffn {
    int kind;       /* gable_ffn_kind */
    int width;      /* dense width; parallel dense branch of a MoE when both are there (Gemma-4) */
    int n_matrices; /* 3 gated, 2 ungated */
    int n_experts, n_active, expert_width;
    int shared_width; /* total width of the shared experts: S*m, or as given; 0: none */
    int latent_dim;   /* latent_moe */
    int n_groups, top_groups;
    bool hash_routed, bias;
} gable_ffn;

/* A run of equal layers. */
typedef struct gable_layer {
    gable_mixer mixer;
    gable_ffn ffn;
    int count;  /* how many layers of the model are like this one, >= 1 */
    int hidden; /* of this layer: variable-width models */
    int passes; /* of a token: looped models share weights; 0: once */
} gable_layer;

/* Layers that run: each pass has a cache of its own, but no weights. */
static inline int gable_layer_calls(const gable_layer *layer)
{
    return layer->count * (layer->passes > 1 ? layer->passes : 1);
}

typedef struct gable_model {
    const char *name, *title,
        *family;      /* family: "llama", "qwen3_moe" … as the config's model_type */
    const char *path; /* file that it came from */
    int hidden, n_layers, vocab, max_context;
    bool tied;                  /* LM head shares the input embedding */
    int n_mtp;                  /* multi-token-prediction modules */
    bool mtp_module;            /* is such a module itself (gable_model_mtp_module) */
    int hyper_streams;          /* mHC residual streams; 0 or 1: plain residual */
    int canvas;                 /* block diffusion: tokens per block; 0: autoregressive */
    double memory_params;       /* hashed memory tables (Engram): looked up, never multiplied */
    double memory_row_elements; /* elements of them that one token reads, all modules together */
    int memory_modules;         /* layers that read them */
    int memory_first_layer, memory_last_layer; /* of those, counted from 1 */
    gable_vision vision;
    int n_kinds;              /* distinct layers */
    const gable_layer *kinds; /* n_kinds */
    const int *kind_of_layer; /* n_layers indices into kinds, in order */
    gable_module_dtypes dtypes[GABLE_N_MODULES];
    gable_dtype kv_dtype, state_dtype, index_dtype;
    double published_params,
        published_active_params; /* 0: not published; parameters, not billions */
    const char *remark;
} gable_model;

/* Parameters by the named conventions (facts/models.md 5). All counts are of parameters. */
typedef struct gable_params {
    double total;        /* everything but MTP modules */
    double embedding;    /* input embedding (and untied head apart) */
    double head;         /* LM head; 0 when tied */
    double active_total; /* per token: experts that a token uses, embedding and head included */
    double linear;       /* streamed per token: active without the input embedding */
    double routed;       /* all routed experts */
    double mtp;
} gable_params;

/* Loads a model: a name in `workloads`/models, a path to our JSON, a Hugging Face config.json, or
 * the folder that holds one. The precision map beside it is read too: hf_quant_config.json beside
 * config.json, X.hf_quant.json beside X.json. *out lives in the arena. Refuses with GABLE_INPUT:
 * what is wrong, and where; a family that is not understood is named. Keys that no rule knows are
 * listed in `remark`; nothing is skipped silently.
 *   workloads   may be NULL: then only paths are found */
gable_status gable_model_load(gable_arena *arena, const char *workloads, const char *name,
                              const gable_model **out, gable_err *err);

/* Counts parameters of the model, or of one layer of kind `kind` (active: as used by one token),
 * norms and hyper-connections included. Formulas: facts/models.md 4. Cannot fail. */
void gable_model_params(const gable_model *model, gable_params *out);
double gable_model_layer_params(const gable_model *model, const gable_layer *layer, bool active);

/* Bytes that the cache grows per token and keeps per sequence, one sequence, whole model,
 * unsharded, in the model's cache formats (facts/models.md 3). Kept: windows at full size,
 * recurrent states, bf16 states of short convolutions, fp32 tails of compressors. Cannot fail. */
void gable_model_cache(const gable_model *model, double *bytes_per_token, double *bytes_const);

/* One multi-token-prediction module as a model of one layer: embedding of the last token and hidden
 * state of the main model, normed and projected 2d -> d, a layer like the main model's last, and
 * the main model's LM head (facts/models.md 4.15). Tables are the main model's: they are read,
 * not stored. Refuses with GABLE_INPUT a model without such modules. */
gable_status gable_model_mtp_module(gable_arena *arena, const gable_model *model,
                                    const gable_model **out, gable_err *err);

/* The model with the formats of a published checkpoint: the row `name` of a table
 * (workloads/checkpoints.csv, facts/models.md 7). Refuses with GABLE_INPUT a name that is not
 * there, with the nearest, and a checkpoint of another model. */
gable_status gable_model_checkpoint(gable_arena *arena, const char *path, const char *name,
                                    const gable_model *model, const gable_model **out,
                                    gable_err *err);

/* Overrides: --weights, --activations, --kv. Weights apply to every module but embed, head and
 * router, as checkpoints do; `model` is copied. */
gable_status gable_model_override(gable_arena *arena, const gable_model *model,
                                  const gable_dtype *weights, const gable_dtype *activations,
                                  const gable_dtype *kv, const gable_model **out, gable_err *err);

extern const gable_schema gable_model_schema;

#endif
