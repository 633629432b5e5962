/* engine/seek: see seek.h. */
#include "engine/seek.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const gable_target_text gable_targets[GABLE_N_TARGETS] = {
#define TARGET_TEXT(symbol, name, dim, more, help)                                                 \
    [GABLE_TARGET_##symbol] = {name, help, GABLE_DIM_##dim, more},
    GABLE_TARGET_LIST(TARGET_TEXT)
#undef TARGET_TEXT
};

/* ---- targets ---- */

static bool takes_value(gable_target_kind kind)
{
    return kind != GABLE_TARGET_EQUAL && kind != GABLE_TARGET_FITS;
}

static gable_status refuse_target(const char *text, gable_err *err)
{
    const char *names[GABLE_N_TARGETS];
    char name[64];
    for (int i = 0; i < GABLE_N_TARGETS; i++)
        names[i] = gable_targets[i].name;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(text, "="), text);
    const char *near = gable_text_nearest(name, names, GABLE_N_TARGETS);
    if (near)
        return gable_fail(err, GABLE_USAGE, "--for: unknown target \"%s\"; did you mean \"%s\"?",
                          name, near);
    return gable_fail(err, GABLE_USAGE,
                      "--for: unknown target \"%s\", expected such as time=5ms, bound=compute, "
                      "tokens_per_s=1000, fits",
                      name);
}

static gable_status read_bound(const char *text, gable_bound *out, gable_err *err)
{
    for (int b = 0; b < GABLE_N_BOUNDS; b++)
        if (strcmp(gable_bound_name((gable_bound)b), text) == 0) {
            *out = (gable_bound)b;
            return GABLE_OK;
        }
    return gable_fail(err, GABLE_USAGE,
                      "--for bound=%.40s: expected compute, memory, network or overhead", text);
}

gable_status gable_target_read(const char *text, gable_target *out, gable_err *err)
{
    size_t length = strcspn(text, "=");
    const char *value = text[length] == '=' ? text + length + 1 : NULL;
    *out = (gable_target){.kind = GABLE_N_TARGETS};
    for (int i = 0; i < GABLE_N_TARGETS; i++)
        if (strlen(gable_targets[i].name) == length &&
            strncmp(gable_targets[i].name, text, length) == 0)
            out->kind = (gable_target_kind)i;
    if (out->kind == GABLE_N_TARGETS)
        return refuse_target(text, err);
    const char *name = gable_targets[out->kind].name;
    if ((value != NULL) != takes_value(out->kind))
        return gable_fail(err, GABLE_USAGE, "--for %s %s", name,
                          value ? "takes no value" : "needs a value, such as time=5ms");
    if (!value)
        return GABLE_OK;
    if (out->kind == GABLE_TARGET_BOUND)
        return read_bound(value, &out->bound, err);
    gable_dim dim = gable_targets[out->kind].dim;
    gable_units_result result = gable_units_parse(value, dim, true, &out->value);
    char why[256];
    if (result != GABLE_UNITS_OK) {
        gable_units_explain(result, value, dim, why, sizeof why);
        return gable_fail(err, GABLE_USAGE, "--for %s: %s", name, why);
    }
    return out->value > 0.0 ? GABLE_OK
                            : gable_fail(err, GABLE_USAGE, "--for %s: expected more than 0", name);
}

double gable_target_figure(const gable_target *target, const gable_whatif_side *side, double batch,
                           double other_s)
{
    switch (target->kind) {
    case GABLE_TARGET_TIME:
    case GABLE_TARGET_EQUAL:
        return side->time_s;
    case GABLE_TARGET_TPOT:
        return batch / side->tokens_per_s;
    case GABLE_TARGET_CEILING:
        return side->ceiling_s;
    case GABLE_TARGET_RATE:
        return side->tokens_per_s;
    case GABLE_TARGET_DEVICE_RATE:
        return side->tokens_per_s_per_device;
    case GABLE_TARGET_USER_RATE:
        return side->tokens_per_s / batch;
    case GABLE_TARGET_USD:
        return side->usd_per_million_tokens;
    case GABLE_TARGET_SPEEDUP:
        return other_s / side->time_s;
    case GABLE_TARGET_BOUND:
        return side->bound_s[target->bound] / side->time_s;
    case GABLE_TARGET_FITS:
        return side->total_bytes;
    case GABLE_N_TARGETS:
        break;
    }
    return (double)NAN;
}

static double miss_bound(const gable_target *target, const gable_whatif_side *side)
{
    double most = 0.0;
    for (int b = 0; b < GABLE_N_BOUNDS; b++)
        if (b != (int)target->bound)
            most = fmax(most, side->bound_s[b]);
    return (most - side->bound_s[target->bound]) / side->time_s;
}

double gable_target_miss(const gable_target *target, const gable_whatif_side *side, double batch,
                         double other_s)
{
    double wanted = target->kind == GABLE_TARGET_EQUAL ? other_s : target->value;
    if (target->kind == GABLE_TARGET_BOUND)
        return miss_bound(target, side);
    if (target->kind == GABLE_TARGET_FITS)
        return side->fits ? -1.0 : 1.0;
    double off = log(gable_target_figure(target, side, batch, other_s) / wanted);
    return gable_targets[target->kind].more ? -off : off;
}

/* ---- the search ---- */

enum { SCAN_POINTS = 129 };

typedef struct in_logarithm {
    gslx_function *miss;
    void *ctx;
} in_logarithm;

static double miss_at(double ln_x, void *ctx)
{
    const in_logarithm *f = ctx;
    return f->miss(exp(ln_x), f->ctx);
}

gable_status gable_seek(gslx_function *miss, void *ctx, double low, double high, gable_sought *out,
                        gable_err *err)
{
    in_logarithm f = {miss, ctx};
    double from = log(low), span = log(high) - log(low);
    double last_x = from, last = (double)NAN, bracket[2] = {0.0, 0.0};
    *out = (gable_sought){.low = low, .high = high, .at_low = (double)NAN, .at_high = (double)NAN};
    for (int i = 0; i < SCAN_POINTS; i++) {
        double x = from + span * i / (SCAN_POINTS - 1), here = miss_at(x, &f);
        if (!isfinite(here))
            continue;
        if (isnan(out->at_low))
            out->at_low = here;
        out->at_high = here;
        if (isfinite(last) && (last <= 0.0) != (here <= 0.0) && out->crossings++ == 0) {
            bracket[0] = last_x;
            bracket[1] = x;
        }
        last_x = x;
        last = here;
    }
    if (out->crossings == 0)
        return GABLE_OK;
    double root;
    GABLE_TRY(gslx_root(miss_at, &f, bracket[0], bracket[1], &root, err));
    out->found = true;
    out->value = exp(root);
    return GABLE_OK;
}

void gable_seek_whole(gslx_function *miss, void *ctx, const double *values, int n,
                      gable_sought *out)
{
    bool met = false;
    *out = (gable_sought){
        .low = values[0], .high = values[n - 1], .at_low = (double)NAN, .at_high = (double)NAN};
    for (int i = 0; i < n; i++) {
        double here = miss(values[i], ctx);
        if (!isfinite(here))
            continue;
        if (isnan(out->at_low))
            out->at_low = here;
        out->at_high = here;
        bool meets = here <= 0.0;
        if (meets && !out->found) {
            out->found = true;
            out->value = values[i];
        }
        out->crossings += meets != met;
        met = meets;
    }
}
