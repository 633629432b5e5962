/* report/interval: p10 to p90 of a step, and what the spread comes from. */
#include <math.h>

#include "report/internal.h"

/* Doubts that make up less of the variance are left to JSON. */
static const double least_share = 0.005;

static const char *range(const gable_spread *spread, gable_dim dim, char out[3][64])
{
    gable_units_print(spread->p10, dim, 4, out[0]);
    gable_units_print(spread->p50, dim, 4, out[1]);
    return gable_units_print(spread->p90, dim, 4, out[2]);
}

void gable_report_uncertainty(gable_text *out, const gable_uncertainty *u)
{
    const struct {
        const char *name;
        const gable_spread *spread;
        gable_dim dim;
    } rows[] = {
        {"time", &u->time_s, GABLE_DIM_SECONDS},
        {"tokens/s", &u->tokens_per_s, GABLE_DIM_NONE},
        {"$/Mtoken", &u->usd_per_million_tokens, GABLE_DIM_NONE},
    };
    gable_text_add(out, "  interval  p10, p50, p90 with residuals, tolerances and prices\n");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[3][64];
        if (isnan(rows[i].spread->p50))
            continue;
        range(rows[i].spread, rows[i].dim, text);
        gable_text_addf(out, "            %-10s%s, %s, %s\n", rows[i].name, text[0], text[1],
                        text[2]);
    }
    gable_text_add(out, "            variance of the time:");
    const char *between = " ";
    for (int i = 0; i < u->n_doubts; i++) {
        if (u->doubts[i].share_frac < least_share || u->doubts[i].is_price)
            continue;
        gable_text_addf(out, "%s%s %.0f %%", between, u->doubts[i].name,
                        100.0 * u->doubts[i].share_frac);
        between = ", ";
    }
    gable_text_add(out, "\n");
}

static void add_spread(gable_text *out, const char *key, const gable_spread *spread)
{
    gable_text_addf(out, "\"%s\": {\"p10\": ", key);
    gable_text_add_json_number(out, spread->p10);
    gable_text_add(out, ", \"p50\": ");
    gable_text_add_json_number(out, spread->p50);
    gable_text_add(out, ", \"p90\": ");
    gable_text_add_json_number(out, spread->p90);
    gable_text_add(out, "}, ");
}

void gable_report_uncertainty_json(gable_text *out, const gable_uncertainty *u)
{
    gable_text_add(out, "{");
    add_spread(out, "time_s", &u->time_s);
    add_spread(out, "tokens_per_s", &u->tokens_per_s);
    add_spread(out, "usd_per_million_tokens", &u->usd_per_million_tokens);
    gable_text_add(out, "\"sources\": [");
    for (int i = 0; i < u->n_doubts; i++) {
        gable_text_add(out, i ? ", {\"name\": " : "{\"name\": ");
        gable_text_add_json_string(out, u->doubts[i].name);
        gable_text_add(out, ", \"sigma_ln\": ");
        gable_text_add_json_number(out, u->doubts[i].sigma_ln);
        gable_text_addf(
            out, ", \"of\": \"%s\", \"variance_frac\": ", u->doubts[i].is_price ? "cost" : "time");
        gable_text_add_json_number(out, u->doubts[i].share_frac);
        gable_text_add(out, "}");
    }
    gable_text_add(out, "]}");
}
