/* engine/decoding_words: see decoding_words.h. */
#include "engine/decoding_words.h"

const char *const gable_decoding_choices[] = {"plain", "mtp", "draft", "block", "parallel", NULL};
static const gable_decoding_method methods[] = {GABLE_DECODING_PLAIN, GABLE_DECODING_MTP,
                                                GABLE_DECODING_DRAFT, GABLE_DECODING_BLOCK,
                                                GABLE_DECODING_PARALLEL};

/* Adaptive in practice: 10 to 20 are typical, 48 the limit of the model that is published
 * (facts/models.md 4.16). */
static const int default_denoise_steps = 16, default_draft_tokens = 3;

/* --draft alone says that it drafts. */
static gable_decoding_method method_of(const gable_decoding_words *w)
{
    gable_decoding_method method = methods[w->method];
    return method == GABLE_DECODING_PLAIN && w->draft ? GABLE_DECODING_DRAFT : method;
}

static int n_acceptances(const gable_decoding_words *w)
{
    return (w->acceptance_rate > 0.0) + (w->accepted_length > 0.0) + (w->acceptance_table != NULL);
}

/* The first option that only speculation knows; NULL when there is none. */
static const char *speculative_word(const gable_decoding_words *w)
{
    if (n_acceptances(w) > 0)
        return w->acceptance_table        ? "acceptance-table"
               : w->acceptance_rate > 0.0 ? "acceptance-rate"
                                          : "accepted-length";
    if (w->confidence_spread > 0.0)
        return "confidence-spread";
    if (w->draft_tokens > 0)
        return "draft-tokens";
    return w->schedule ? "schedule" : NULL;
}

gable_status gable_decoding_asked(const gable_decoding_words *w, const gable_model *model,
                                  gable_phase phase, bool *asked, gable_err *err)
{
    gable_decoding_method method = method_of(w);
    bool diffusion = model->canvas > 0 && phase == GABLE_PHASE_DECODE;
    const char *lost = speculative_word(w);
    *asked = method != GABLE_DECODING_PLAIN || diffusion;
    if (method == GABLE_DECODING_PLAIN && lost)
        return gable_fail(err, GABLE_USAGE,
                          "--%s is about drafted tokens, but nothing drafts; add --decoding mtp, "
                          "block or parallel, or --draft MODEL",
                          lost);
    if (w->draft && method != GABLE_DECODING_DRAFT && method != GABLE_DECODING_BLOCK)
        return gable_fail(err, GABLE_USAGE, "--draft is for --decoding draft and block");
    if (w->denoise_steps > 0 && !diffusion)
        return gable_fail(err, GABLE_USAGE,
                          "--denoise-steps is for decode steps of models that denoise blocks; %s "
                          "%s",
                          model->name,
                          model->canvas > 0 ? "prefills like any other" : "is not one");
    if (w->confidence_spread > 0.0 && !w->schedule)
        return gable_fail(err, GABLE_USAGE,
                          "--confidence-spread is what --schedule can tell apart; add it");
    return GABLE_OK;
}

static gable_status read_acceptance(gable_arena *arena, const char *workloads,
                                    const gable_decoding_words *w, const gable_model *model,
                                    gable_decoding_options *out, gable_err *err)
{
    if (out->n_drafted > GABLE_DRAFT_CAP)
        return gable_fail(err, GABLE_USAGE, "--draft-tokens %d is out of range, expected 1 to %d",
                          out->n_drafted, GABLE_DRAFT_CAP);
    if (n_acceptances(w) > 1)
        return gable_fail(err, GABLE_USAGE,
                          "give one of --acceptance-rate, --accepted-length, --acceptance-table");
    if (w->acceptance_rate > 1.0)
        return gable_fail(err, GABLE_USAGE, "--acceptance-rate %g is out of range, expected 0 to 1",
                          w->acceptance_rate);
    if (w->acceptance_rate > 0.0) {
        gable_acceptance_of_rate(w->acceptance_rate, out->n_drafted, &out->acceptance);
        return GABLE_OK;
    }
    if (w->accepted_length > 0.0)
        return gable_acceptance_of_length(w->accepted_length, out->n_drafted, &out->acceptance,
                                          err);
    const char *path = gable_file_join(arena, workloads, "acceptance.csv");
    if (!path)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    return gable_acceptance_read(arena, path, w->acceptance_table, model->name,
                                 gable_decoding_name(out->method), &out->acceptance, err);
}

gable_status gable_decoding_read(gable_arena *arena, const char *workloads,
                                 const gable_decoding_words *w, const gable_model *model,
                                 gable_decoding_options *out, gable_err *err)
{
    *out = (gable_decoding_options){
        .method = method_of(w),
        .n_drafted = w->draft_tokens > 0 ? w->draft_tokens : default_draft_tokens,
        .scheduled = w->schedule,
        .spread = w->confidence_spread,
        .denoise_steps = w->denoise_steps > 0 ? w->denoise_steps : default_denoise_steps};
    if (model->canvas > 0 && out->method == GABLE_DECODING_PLAIN)
        out->method = GABLE_DECODING_DIFFUSION;
    if (w->draft)
        GABLE_TRY(gable_model_load(arena, workloads, w->draft, &out->draft, err));
    if (out->method == GABLE_DECODING_DIFFUSION)
        return GABLE_OK;
    return read_acceptance(arena, workloads, w, model, out, err);
}
