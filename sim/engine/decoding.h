/* engine/decoding: ways to get more than one token out of a step: speculation (a draft is verified
 * in one step), parallel prediction, block diffusion (facts/models.md 4.15, 4.16). What a step
 * costs is what the same rows cost for more new tokens; verification reads more experts and is not
 * free.
 * Room: engine. Uses: base, model, layout, engine. */
#ifndef GABLE_ENGINE_DECODING_H
#define GABLE_ENGINE_DECODING_H
#include "engine/acceptance.h"
#include "engine/engine.h"

/* X(symbol, name, who drafts) */
#define GABLE_DECODING_LIST(X)                                                                     \
    X(PLAIN, "plain", "nobody: one token a step")                                                  \
    X(MTP, "mtp", "the model's own prediction modules, token after token")                         \
    X(DRAFT, "draft", "a smaller model, token after token")                                        \
    X(BLOCK, "block", "a small model or prediction module, the whole block in one pass")           \
    X(PARALLEL, "parallel", "the model itself, which predicts several tokens in one pass")         \
    X(DIFFUSION, "diffusion", "the model itself, which denoises a block of tokens")
typedef enum gable_decoding_method {
#define GABLE_DECODING_ENUM(symbol, name, title) GABLE_DECODING_##symbol,
    GABLE_DECODING_LIST(GABLE_DECODING_ENUM)
#undef GABLE_DECODING_ENUM
        GABLE_N_DECODINGS
} gable_decoding_method;
const char *gable_decoding_name(gable_decoding_method method);
const char *gable_decoding_title(gable_decoding_method method);

typedef struct gable_decoding_options {
    gable_decoding_method method;
    int n_drafted;            /* tokens drafted a step, 1 … GABLE_DRAFT_CAP; for PARALLEL: those
                                 predicted beside the one that a plain step gives */
    const gable_model *draft; /* DRAFT needs it; BLOCK may have it; NULL: the model's module */
    gable_acceptance acceptance; /* known up to n_drafted */
    /* Verify only as many drafted tokens as pay: those that maximise tokens kept per second, by how
     * likely each survives (DSpark). `spread`: half of the requests have a rate higher by so much,
     * half a lower one, and the scheduler knows which. */
    bool scheduled;
    double spread;
    int denoise_steps; /* DIFFUSION */
} gable_decoding_options;

/* One iteration: draft and verify, or denoise and commit. Seconds of the whole iteration; bytes on
 * one device. */
typedef struct gable_decoding {
    gable_decoding_method method;
    const char *draft_name;        /* of the drafting model; NULL: nobody drafts */
    const char *acceptance_source; /* NULL for DIFFUSION */
    int n_drafted, denoise_steps;
    double verified_tokens; /* new tokens of each sequence in the verifying step, or of a canvas */
    double accepted_tokens; /* that each sequence gains */
    double step_s;          /* one verifying or denoising step */
    double draft_s, commit_s;
    double time_s, p10_s, p90_s, ceiling_s; /* of the iteration */
    double plain_s, plain_ceiling_s;        /* of a plain decode step */
    double tokens_per_s, plain_tokens_per_s, speedup, ceiling_speedup;
    double distinct_experts, plain_distinct_experts; /* read by the heaviest rank in one layer; 0:
                                                        none */
    double weight_floor_s; /* reading a step's weights once at the memory's rate */
    double draft_weights_bytes, draft_kv_bytes;
    double total_bytes; /* with the draft */
    bool fits;
} gable_decoding;

/* Prices decoding of `scenario` (a decode step; its n_new is replaced, but for DIFFUSION, where it
 * is the canvas). The verifying (denoising) step is left in `plan` and `step`, with the tokens kept
 * per second in step->tokens_per_s. Refuses with GABLE_INPUT what a model or a draft cannot do. */
gable_status gable_engine_decode(gable_arena *arena, const gable_model *model,
                                 const gable_machine *machine, const gable_scenario *scenario,
                                 const gable_decoding_options *options, gable_plan *plan,
                                 gable_step *step, gable_decoding *out, gable_err *err);

/* ---- which drafted tokens to verify ---- */

enum { GABLE_SCHEDULE_CLASSES = 2 };

/* seconds[n]: of a step that verifies n drafted tokens of each sequence, n = 0 … n_drafted (without
 * the draft, which takes draft_s unless nothing is verified). */
typedef struct gable_schedule_options {
    int n_drafted;
    const double *seconds;
    double draft_s, spread;
    const gable_acceptance *acceptance;
} gable_schedule_options;

typedef struct gable_schedule {
    double verified; /* drafted tokens verified, mean over the sequences */
    double accepted; /* tokens gained, mean */
    double seconds;  /* of the verifying step */
} gable_schedule;

/* Takes drafted tokens by falling survival and stops where tokens per second are most. Between
 * whole numbers of tokens the time of the step is interpolated. Cannot fail. */
void gable_decoding_schedule(const gable_schedule_options *options, gable_schedule *out);

#endif
