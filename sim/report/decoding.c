/* report/decoding: speculation and block diffusion: lines below the headline, members of the JSON.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/internal.h"

enum { DIGITS = 4 };

static const char *seconds(double value, char *out)
{
    return gable_units_print(value, GABLE_DIM_SECONDS, DIGITS, out);
}

/* The name of a table without where it was measured, which the JSON has. */
static void add_source(gable_text *out, const char *source)
{
    char name[80];
    size_t n = strcspn(source, ":");
    gable_text_add(out, source[n] ? " by table " : " by ");
    snprintf(name, sizeof name, "%.*s", (int)n, source);
    gable_text_add_safe(out, name);
    gable_text_add(out, "\n");
}

static void add_drafting(gable_text *out, const gable_decoding *d)
{
    gable_text_addf(out, "  decoding  %s: ", gable_decoding_name(d->method));
    if (d->draft_name) {
        gable_text_add_safe(out, d->draft_name);
        gable_text_addf(out, " drafts %d; this step takes %.4g of each sequence\n", d->n_drafted,
                        d->verified_tokens);
    } else {
        gable_text_addf(out, "%.4g tokens of each sequence in this step\n", d->verified_tokens);
    }
    gable_text_addf(out, "            %.4g are kept,", d->accepted_tokens);
    add_source(out, d->acceptance_source);
}

static void add_denoising(gable_text *out, const gable_decoding *d)
{
    gable_text_addf(out, "  decoding  diffusion: %d steps like this one, then one that commits\n",
                    d->denoise_steps);
}

static void add_iteration(gable_text *out, const gable_decoding *d)
{
    char a[GABLE_UNITS_TEXT_CAP], b[GABLE_UNITS_TEXT_CAP], c[GABLE_UNITS_TEXT_CAP];
    bool diffusion = d->method == GABLE_DECODING_DIFFUSION;
    gable_text_addf(out, "  %s %s for %.4g tokens: ", diffusion ? "block    " : "iteration",
                    seconds(d->time_s, a), d->accepted_tokens);
    if (diffusion)
        gable_text_addf(out, "%d x %s denoising, %s committing\n", d->denoise_steps,
                        seconds(d->step_s, b), seconds(d->commit_s, c));
    else
        gable_text_addf(out, "draft %s, verify %s\n", seconds(d->draft_s, b),
                        seconds(d->step_s, c));
    gable_text_addf(out, "            ceiling %s; reading the weights of a step takes %s\n",
                    seconds(d->ceiling_s, a), seconds(d->weight_floor_s, b));
    gable_text_addf(out, "  speed-up  x%.3g over plain decode, %s a token (x%.3g at the ceiling)\n",
                    d->speedup, seconds(d->plain_s, a), d->ceiling_speedup);
}

void gable_report_decoding(gable_text *out, const gable_decoding *d)
{
    char a[GABLE_UNITS_TEXT_CAP], b[GABLE_UNITS_TEXT_CAP];
    if (d->method == GABLE_DECODING_DIFFUSION)
        add_denoising(out, d);
    else
        add_drafting(out, d);
    add_iteration(out, d);
    if (d->distinct_experts > 0.0)
        gable_text_addf(out,
                        "  experts   %.4g distinct ones read in a layer, %.4g in a plain step\n",
                        d->distinct_experts, d->plain_distinct_experts);
    if (d->draft_weights_bytes + d->draft_kv_bytes > 0.0)
        gable_text_addf(out, "  draft     weights %s, cache %s: %s with it\n",
                        gable_units_print(d->draft_weights_bytes, GABLE_DIM_BYTES, DIGITS, a),
                        gable_units_print(d->draft_kv_bytes, GABLE_DIM_BYTES, DIGITS, b),
                        d->fits ? "fits" : "DOES NOT FIT");
}

/* The struct with its names as texts, as columns want them. */
typedef struct figures {
    gable_decoding d;
    const char *method;
    double drafted, steps, commit_s;
} figures;

#define MEMBER(key_, type_, member_)                                                               \
    {                                                                                              \
        .key = key_, .type = GABLE_CELL_##type_, .offset = offsetof(figures, member_)              \
    }

static const gable_column columns[] = {
    MEMBER("method", TEXT, method),
    MEMBER("draft", TEXT, d.draft_name),
    MEMBER("drafted_tokens", NUMBER, drafted),
    MEMBER("denoise_steps", NUMBER, steps),
    MEMBER("verified_tokens", NUMBER, d.verified_tokens),
    MEMBER("accepted_tokens", NUMBER, d.accepted_tokens),
    MEMBER("acceptance_source", TEXT, d.acceptance_source),
    MEMBER("step_s", NUMBER, d.step_s),
    MEMBER("draft_s", NUMBER, d.draft_s),
    MEMBER("commit_s", NUMBER, commit_s),
    MEMBER("iteration_s", NUMBER, d.time_s),
    MEMBER("iteration_p10_s", NUMBER, d.p10_s),
    MEMBER("iteration_p90_s", NUMBER, d.p90_s),
    MEMBER("iteration_ceiling_s", NUMBER, d.ceiling_s),
    MEMBER("plain_s", NUMBER, d.plain_s),
    MEMBER("tokens_per_s", NUMBER, d.tokens_per_s),
    MEMBER("plain_tokens_per_s", NUMBER, d.plain_tokens_per_s),
    MEMBER("speedup", NUMBER, d.speedup),
    MEMBER("ceiling_speedup", NUMBER, d.ceiling_speedup),
    MEMBER("distinct_experts", NUMBER, d.distinct_experts),
    MEMBER("plain_distinct_experts", NUMBER, d.plain_distinct_experts),
    MEMBER("weight_floor_s", NUMBER, d.weight_floor_s),
    MEMBER("draft_weights_bytes", NUMBER, d.draft_weights_bytes),
    MEMBER("draft_kv_bytes", NUMBER, d.draft_kv_bytes),
    MEMBER("total_bytes", NUMBER, d.total_bytes),
    MEMBER("fits", BOOL, d.fits),
};
#undef MEMBER

void gable_report_decoding_json(gable_text *out, const gable_decoding *decoding)
{
    bool diffusion = decoding->method == GABLE_DECODING_DIFFUSION;
    figures f = {.d = *decoding, .method = gable_decoding_name(decoding->method)};
    f.drafted = diffusion ? (double)NAN : decoding->n_drafted;
    f.steps = diffusion ? decoding->denoise_steps : (double)NAN;
    f.commit_s = diffusion ? decoding->commit_s : (double)NAN;
    gable_text_add(out, ",\n  \"decoding\": {\n    ");
    gable_report_members(out, columns, COUNT_OF(columns), &f, ",\n    ");
    gable_text_add(out, "\n  }");
}
