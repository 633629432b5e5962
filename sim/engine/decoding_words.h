/* engine/decoding_words: how tokens are decoded, as people say it: options of the program, members
 * of the library's query.
 * Room: engine. Uses: engine/decoding.h. */
#ifndef GABLE_ENGINE_DECODING_WORDS_H
#define GABLE_ENGINE_DECODING_WORDS_H
#include "engine/decoding.h"

typedef struct gable_decoding_words {
    int method;       /* index into gable_decoding_choices */
    int draft_tokens; /* 0: not given */
    const char *draft;
    double acceptance_rate, accepted_length; /* 0: not given */
    const char *acceptance_table;
    bool schedule;
    double confidence_spread;
    int denoise_steps; /* 0: not given */
} gable_decoding_words;

extern const char *const gable_decoding_choices[]; /* "plain" "mtp" "draft" "block" "parallel" NULL
                                                    */

/* Whether the step is not one token after another: speculation was asked for, or the model has a
 * canvas and `phase` is decode. Refuses options that belong to another method. */
gable_status gable_decoding_asked(const gable_decoding_words *words, const gable_model *model,
                                  gable_phase phase, bool *asked, gable_err *err);

/* The words as gable_engine_decode takes them; loads the draft and the acceptance table, found in
 * the folder `workloads`. Fails with GABLE_USAGE (words that contradict each other) or GABLE_INPUT.
 */
gable_status gable_decoding_read(gable_arena *arena, const char *workloads,
                                 const gable_decoding_words *words, const gable_model *model,
                                 gable_decoding_options *out, gable_err *err);

#endif
