/* model/parts: what layers are made of: kinds of mixers and feed-forward parts, and the classes of
 * modules that checkpoints quantise apart.
 * Room: model. Uses: nothing. */
#ifndef GABLE_MODEL_PARTS_H
#define GABLE_MODEL_PARTS_H

/* X(symbol, name, title). What mixes tokens in a layer. */
#define GABLE_MIXER_LIST(X)                                                                        \
    X(NONE, "none", "no mixer")                                                                    \
    X(GQA, "gqa", "multi-head, grouped-query or multi-query attention")                            \
    X(MLA, "mla", "multi-head latent attention")                                                   \
    X(DSA, "dsa", "MLA with a lightning indexer and top-k selection")                              \
    X(CSA, "csa", "compressed sparse attention (DeepSeek-V4)")                                     \
    X(HCA, "hca", "heavily compressed attention (DeepSeek-V4)")                                    \
    X(MSA, "msa", "block-sparse attention with a token indexer (MiniMax-M3)")                      \
    X(MAMBA2, "mamba2", "Mamba-2 state-space mixer")                                               \
    X(GDN, "gdn", "Gated DeltaNet")                                                                \
    X(KDA, "kda", "Kimi delta attention")                                                          \
    X(LINEAR, "linear", "one d x d matrix (NAS-replaced attention)")
typedef enum gable_mixer_kind {
#define GABLE_MIXER_ENUM(symbol, name, title) GABLE_MIXER_##symbol,
    GABLE_MIXER_LIST(GABLE_MIXER_ENUM)
#undef GABLE_MIXER_ENUM
        GABLE_N_MIXERS
} gable_mixer_kind;

/* X(symbol, name, title). */
#define GABLE_FFN_LIST(X)                                                                          \
    X(NONE, "none", "no feed-forward part")                                                        \
    X(DENSE, "dense", "dense feed-forward")                                                        \
    X(MOE, "moe", "mixture of experts")                                                            \
    X(LATENT_MOE, "latent_moe", "mixture of experts in a latent space")                            \
    X(LINEAR, "linear", "one d x d matrix (NAS-replaced feed-forward)")
typedef enum gable_ffn_kind {
#define GABLE_FFN_ENUM(symbol, name, title) GABLE_FFN_##symbol,
    GABLE_FFN_LIST(GABLE_FFN_ENUM)
#undef GABLE_FFN_ENUM
        GABLE_N_FFNS
} gable_ffn_kind;

/* Of a gable_mixer_kind, or gable_ffn_kind. */
const char *gable_mixer_name(int mixer);
const char *gable_mixer_title(int mixer);
const char *gable_ffn_name(int ffn);

/* Classes of modules that checkpoints quantise apart (facts/models.md 7, 9).
 * X(symbol, name, help) */
#define GABLE_MODULE_LIST(X)                                                                       \
    X(EMBED, "embed", "input embedding")                                                           \
    X(HEAD, "head", "LM head")                                                                     \
    X(ROUTER, "router", "expert router")                                                           \
    X(ATTENTION, "attention", "projections of the mixer")                                          \
    X(SHARED, "shared", "shared experts")                                                          \
    X(ROUTED, "routed", "routed experts")                                                          \
    X(DENSE, "dense", "dense feed-forward")                                                        \
    X(LATENT, "latent", "down and up projections of a latent MoE")                                 \
    X(INDEXER, "indexer", "sparse-attention indexer")
typedef enum gable_module {
#define GABLE_MODULE_ENUM(symbol, name, help) GABLE_MODULE_##symbol,
    GABLE_MODULE_LIST(GABLE_MODULE_ENUM)
#undef GABLE_MODULE_ENUM
        GABLE_N_MODULES
} gable_module;
/* Of a gable_module; -1 (of a gable_part): "other". */
const char *gable_module_name(int module);

#endif
