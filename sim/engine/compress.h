/* engine/compress: a context that a compressor model shortens before the main model reads it.
 * Room: engine. Uses: model, layout, engine. */
#ifndef GABLE_ENGINE_COMPRESS_H
#define GABLE_ENGINE_COMPRESS_H
#include "engine/engine.h"

typedef struct gable_compression {
    double ratio;           /* tokens before over tokens after, >= 1 */
    const char *compressor; /* its name; NULL: it has done its work (decode) */
    double plain_tokens;    /* of each sequence, before */
    double compressor_s;    /* its pass over them; 0 without it */
    double step_s;          /* the main model's step on what is left */
    double total_s;         /* both */
    double plain_s;         /* the main model's step without compression */
    double speedup;
} gable_compression;

/* The scenario with the prompt (prefill) or the cached context (decode) shortened, rounded up to
 * whole tokens. Refuses with GABLE_INPUT a ratio below 1. */
gable_status gable_compress_scenario(const gable_scenario *scenario, double ratio,
                                     gable_scenario *out, gable_err *err);

/* What it costs and gains. `step` is the priced step of the shortened scenario. Scratch memory of
 * the arena is given back.
 *   compressor   NULL for decode, needed for prefill */
gable_status gable_compress_price(gable_arena *arena, const gable_model *model,
                                  const gable_model *compressor, const gable_machine *machine,
                                  const gable_scenario *scenario, double ratio,
                                  const gable_step *step, gable_compression *out, gable_err *err);

#endif
