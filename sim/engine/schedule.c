/* engine/decoding: which drafted tokens to verify (facts/models.md 4.15, DSpark). */
#include <math.h>

#include "engine/decoding.h"

typedef struct survival {
    int n_classes, n_drafted;
    double of[GABLE_SCHEDULE_CLASSES][GABLE_DRAFT_CAP + 1]; /* [1 … n_drafted], never rising */
} survival;

static double min2(double a, double b)
{
    return a < b ? a : b;
}

/* What the i-th token adds to the length is how often it survives; measured tables waver, chances
 * do not rise. */
static void survival_of_table(const gable_acceptance *acceptance, survival *out)
{
    double before = 1.0;
    for (int i = 1; i <= out->n_drafted; i++) {
        double gained = acceptance->length[i] - acceptance->length[i - 1];
        before = out->of[0][i] = min2(before, gained > 0.0 ? gained : 0.0);
    }
}

static void survival_of_rates(const gable_schedule_options *o, survival *out)
{
    double rate = gable_acceptance_rate(o->acceptance, o->n_drafted);
    double spread = min2(o->spread, min2(rate, 1.0 - rate));
    double rates[GABLE_SCHEDULE_CLASSES] = {rate + spread, rate - spread};
    out->n_classes = GABLE_SCHEDULE_CLASSES;
    for (int c = 0; c < GABLE_SCHEDULE_CLASSES; c++) {
        double survives = 1.0;
        for (int i = 1; i <= out->n_drafted; i++)
            out->of[c][i] = survives *= rates[c];
    }
}

/* The class whose next token is the likeliest to survive; -1 when all are verified. */
static int next_class(const survival *s, const int *taken)
{
    int best = -1;
    for (int c = 0; c < s->n_classes; c++) {
        if (taken[c] == s->n_drafted)
            continue;
        if (best < 0 || s->of[c][taken[c] + 1] > s->of[best][taken[best] + 1])
            best = c;
    }
    return best;
}

static double seconds_at(const double *seconds, int last, double verified)
{
    int below = (int)floor(verified);
    if (below >= last)
        return seconds[last];
    return seconds[below] + (verified - below) * (seconds[below + 1] - seconds[below]);
}

void gable_decoding_schedule(const gable_schedule_options *o, gable_schedule *out)
{
    survival s = {.n_classes = 1, .n_drafted = o->n_drafted};
    int taken[GABLE_SCHEDULE_CLASSES] = {0};
    if (o->spread > 0.0)
        survival_of_rates(o, &s);
    else
        survival_of_table(o->acceptance, &s);
    *out = (gable_schedule){.accepted = 1.0, .seconds = o->seconds[0]};
    double best = out->seconds > 0.0 ? 1.0 / out->seconds : 0.0, accepted = 1.0, verified = 0.0;
    for (int c = next_class(&s, taken); c >= 0; c = next_class(&s, taken)) {
        accepted += s.of[c][++taken[c]] / s.n_classes;
        verified += 1.0 / s.n_classes;
        double seconds = seconds_at(o->seconds, o->n_drafted, verified);
        double rate = accepted / (seconds + o->draft_s);
        if (rate <= best)
            continue;
        best = rate;
        *out = (gable_schedule){verified, accepted, seconds};
    }
}
