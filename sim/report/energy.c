/* report/energy: what a step draws and costs: lines for people, members of an open object. */
#include <math.h>

#include "report/internal.h"

enum { DIGITS = 4 };

static const char *watts(double value, char *out)
{
    return gable_units_print(value, GABLE_DIM_WATTS, DIGITS, out);
}

/* A dollar figure: cents where it is dollars, four digits where it is less. */
static void add_usd(gable_text *out, double usd)
{
    gable_text_addf(out, usd >= 1.0 ? "%.2f $" : "%.3g $", usd);
}

static void add_limit(gable_text *out, const gable_energy *e)
{
    if (!e->n_throttled)
        return;
    gable_text_addf(out,
                    "            held to it: %d operator%s at %.0f %% of the clock, the "
                    "step takes x%.3g\n",
                    e->n_throttled, e->n_throttled > 1 ? "s" : "", 100.0 * e->throttled_clock_frac,
                    e->energy_j / e->power_w / e->unlimited_s);
}

static void add_power(gable_text *out, const gable_energy *e)
{
    char a[GABLE_UNITS_TEXT_CAP], b[GABLE_UNITS_TEXT_CAP], c[GABLE_UNITS_TEXT_CAP];
    gable_text_addf(out, "  power     %s of %s per device (%s)", watts(e->power_w, a),
                    watts(e->limit_w, b), gable_provenance_name(e->provenance));
    if (!isnan(e->joules_per_token))
        gable_text_addf(out, ", %s per token of all devices",
                        gable_units_print(e->joules_per_token, GABLE_DIM_JOULES, DIGITS, c));
    gable_text_add(out, "\n");
    add_limit(out, e);
    if (!isnan(e->system_w))
        gable_text_addf(out, "            whole system at most %s of %s, %s of it beside devices\n",
                        watts(e->system_w, a), watts(e->system_limit_w, b), watts(e->host_w, c));
}

static void add_price(gable_text *out, const gable_priced *priced)
{
    const gable_rent *r = priced->rent;
    double n = gable_report_n_devices(priced), rate = priced->step->tokens_per_s;
    double usd = gable_rent_per_million(r->usd_per_h, n, rate);
    double low = gable_rent_per_million(r->low_usd_per_h, n, rate);
    double high = gable_rent_per_million(r->high_usd_per_h, n, rate);
    if (isnan(usd))
        return;
    gable_text_add(out, "  price     ");
    add_usd(out, usd);
    gable_text_add(out, " per million tokens");
    if (!isnan(low) && !isnan(high)) {
        gable_text_add(out, " (");
        add_usd(out, low);
        gable_text_add(out, " to ");
        add_usd(out, high);
        gable_text_add(out, ")");
    }
    gable_text_addf(out, " at %.4g $/h a device", r->usd_per_h);
    if (r->date) {
        gable_text_add(out, ", ");
        gable_text_add_safe(out, r->date);
    }
    gable_text_add(out, ", ");
    gable_text_add_safe(out, r->source);
    gable_text_add(out, "\n");
}

void gable_report_energy(gable_text *out, const gable_priced *priced)
{
    if (priced->energy && priced->energy->power_w > 0.0)
        add_power(out, priced->energy);
    if (priced->rent)
        add_price(out, priced);
}

/* ---- JSON ---- */

typedef struct figures {
    double energy_j, power_w, power_limit_w, joules_per_token;
    double idle_j, system_power_w, host_power_w, system_power_limit_w;
    int throttled_operators;
    double unlimited_s, throttled_clock_frac;
    const char *power_source;
    double usd_per_gpu_hour, low, high;
    double usd_per_million_input_tokens, usd_per_million_output_tokens;
    double low_per_million, high_per_million;
    const char *date, *source;
} figures;

#define MEMBER(key_, type_, member_)                                                               \
    {                                                                                              \
        .key = key_, .type = GABLE_CELL_##type_, .offset = offsetof(figures, member_)              \
    }
static const gable_column energy_columns[] = {
    MEMBER("energy_j", NUMBER, energy_j),
    MEMBER("power_w", NUMBER, power_w),
    MEMBER("joules_per_token", NUMBER, joules_per_token),
};
static const gable_column power_columns[] = {
    MEMBER("limit_w", NUMBER, power_limit_w),
    MEMBER("idle_j", NUMBER, idle_j),
    MEMBER("system_w", NUMBER, system_power_w),
    MEMBER("system_limit_w", NUMBER, system_power_limit_w),
    MEMBER("host_w", NUMBER, host_power_w),
    MEMBER("throttled_operators", INT, throttled_operators),
    MEMBER("unlimited_s", NUMBER, unlimited_s),
    MEMBER("throttled_clock_frac", NUMBER, throttled_clock_frac),
    MEMBER("source", TEXT, power_source),
};
static const gable_column rent_columns[] = {
    MEMBER("usd_per_gpu_hour", NUMBER, usd_per_gpu_hour),
    MEMBER("usd_per_million_input_tokens", NUMBER, usd_per_million_input_tokens),
    MEMBER("usd_per_million_output_tokens", NUMBER, usd_per_million_output_tokens),
};
static const gable_column price_columns[] = {
    MEMBER("low_usd_per_gpu_hour", NUMBER, low),
    MEMBER("high_usd_per_gpu_hour", NUMBER, high),
    MEMBER("low_usd_per_million_tokens", NUMBER, low_per_million),
    MEMBER("high_usd_per_million_tokens", NUMBER, high_per_million),
    MEMBER("date", TEXT, date),
    MEMBER("source", TEXT, source),
};
#undef MEMBER

static double or_none(double value)
{
    return value > 0.0 ? value : (double)NAN;
}

static void fill_energy(const gable_energy *e, figures *f)
{
    bool known = e->power_w > 0.0;
    double none = known ? 0.0 : (double)NAN;
    f->energy_j = e->energy_j + none;
    f->power_w = e->power_w + none;
    f->joules_per_token = e->joules_per_token;
    f->power_limit_w = e->limit_w + none;
    f->idle_j = e->idle_j + none;
    f->system_power_w = e->system_w;
    f->system_power_limit_w = known ? e->system_limit_w : (double)NAN;
    f->host_power_w = known ? e->host_w : (double)NAN;
    f->throttled_operators = e->n_throttled;
    f->unlimited_s = e->unlimited_s;
    f->throttled_clock_frac = e->throttled_clock_frac;
    f->power_source = gable_provenance_name(e->provenance);
}

static void fill_rent(const gable_priced *priced, figures *f)
{
    const gable_rent *r = priced->rent;
    double n = gable_report_n_devices(priced), rate = priced->step->tokens_per_s;
    double usd = gable_rent_per_million(r->usd_per_h, n, rate);
    bool prefill = priced->plan->scenario.phase == GABLE_PHASE_PREFILL;
    f->usd_per_gpu_hour = or_none(r->usd_per_h);
    f->low = or_none(r->low_usd_per_h);
    f->high = or_none(r->high_usd_per_h);
    f->usd_per_million_input_tokens = prefill ? usd : (double)NAN;
    f->usd_per_million_output_tokens = prefill ? (double)NAN : usd;
    f->low_per_million = gable_rent_per_million(r->low_usd_per_h, n, rate);
    f->high_per_million = gable_rent_per_million(r->high_usd_per_h, n, rate);
    f->date = r->date;
    f->source = r->source;
}

static void add_object(gable_text *out, const char *key, const gable_column *columns,
                       size_t n_columns, const figures *f)
{
    gable_text_addf(out, ",\n  \"%s\": {", key);
    gable_report_members(out, columns, n_columns, f, ", ");
    gable_text_add(out, "}");
}

void gable_report_energy_json(gable_text *out, const gable_priced *priced)
{
    figures f = {0};
    if (priced->energy) {
        fill_energy(priced->energy, &f);
        gable_text_add(out, ",\n  ");
        gable_report_members(out, energy_columns, COUNT_OF(energy_columns), &f, ",\n  ");
        add_object(out, "power", power_columns, COUNT_OF(power_columns), &f);
    }
    if (priced->rent) {
        fill_rent(priced, &f);
        gable_text_add(out, ",\n  ");
        gable_report_members(out, rent_columns, COUNT_OF(rent_columns), &f, ",\n  ");
        add_object(out, "price", price_columns, COUNT_OF(price_columns), &f);
    }
}
