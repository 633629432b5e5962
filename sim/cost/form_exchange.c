/* cost: time of collectives and of the exchange of expert tokens (facts/network.md 5). */
#include <math.h>

#include "cost/forms.h"

static const char *const names[GABLE_N_COLLECTIVES] = {
#define COLLECTIVE_NAME(symbol, name, family) name,
    GABLE_COLLECTIVE_LIST(COLLECTIVE_NAME)
#undef COLLECTIVE_NAME
};
static const gable_family families[GABLE_N_COLLECTIVES] = {
#define COLLECTIVE_FAMILY(symbol, name, family) GABLE_FAMILY_##family,
    GABLE_COLLECTIVE_LIST(COLLECTIVE_FAMILY)
#undef COLLECTIVE_FAMILY
};
const char *const gable_libraries[] = {
#define LIBRARY_NAME(symbol, name) name,
    GABLE_LIBRARY_LIST(LIBRARY_NAME)
#undef LIBRARY_NAME
        NULL};

static const double mib = 1048576.0;

const char *gable_collective_name(int kind)
{
    return names[kind];
}

gable_family gable_collective_family(const gable_collective *c)
{
    bool custom = c->library >= GABLE_LIBRARY_TRTLLM_AR && c->library <= GABLE_LIBRARY_SGLANG_AR;
    if (c->kind == GABLE_COLLECTIVE_ALL_TO_ALL && c->library >= GABLE_LIBRARY_DEEPEP_LL)
        return GABLE_FAMILY_MOE_DISPATCH; /* a library that moves tokens */
    return custom ? GABLE_FAMILY_CUSTOM_REDUCE : families[c->kind];
}

static double max2(double a, double b)
{
    return a > b ? a : b;
}

static double min2(double a, double b)
{
    return a < b ? a : b;
}

/* y + 2 sqrt(ramp y): pieces in flight, the best number of them (facts/network.md 1). */
static double ramped(double y, double ramp_us)
{
    return ramp_us > 0.0 ? y + 2.0 * sqrt(1e-6 * ramp_us * y) : y;
}

static double capped(double rate, double cap)
{
    return cap > 0.0 ? min2(rate, cap) : rate;
}

/* Small messages go by a protocol that waits for nothing and wastes bandwidth, large ones shake
 * hands first. Between nodes the two networks work on different pieces at once. */
static double collective_s(const gable_collective *c, const gable_way *w, const double *v,
                           double best_s, gable_way_parts *parts)
{
    double peers = c->n_nodes > 1.0 ? c->n_ranks / c->n_nodes - 1.0 : c->n_ranks - 1.0;
    double start =
        1e-6 * (v[GABLE_COLLECTIVE_P_T0] + v[GABLE_COLLECTIVE_P_H] * w->steps +
                v[GABLE_COLLECTIVE_P_PEER] * peers + v[GABLE_COLLECTIVE_P_NH] * w->out_steps);
    bool in_switch = w->kind == GABLE_WAY_SWITCH;
    if (in_switch)
        start += 1e-6 * v[GABLE_COLLECTIVE_P_SWT0];
    parts->overhead_s = start;
    if (start >= best_s)
        return start;
    double frac = in_switch ? v[GABLE_COLLECTIVE_P_SWITCH]
                            : v[GABLE_COLLECTIVE_P_FRAC] *
                                  (c->n_ranks < 3.0 ? v[GABLE_COLLECTIVE_P_PAIR] : 1.0);
    double y = w->wire_bytes / capped(frac * w->bytes_per_s, w->cap_bytes_per_s);
    double out = w->out_wire_bytes > 0.0
                     ? w->out_wire_bytes / (v[GABLE_COLLECTIVE_P_NFRAC] * w->out_bytes_per_s)
                     : 0.0;
    parts->inside_s = y;
    parts->outside_s = out;
    if (in_switch)
        return start + max2(y, out);
    double faster = max2(y, out); /* neither protocol of more than two ranks can do it in less */
    if (c->n_ranks > 2.0 && start + faster >= best_s)
        return start + faster;
    double eager_rate = capped(v[GABLE_COLLECTIVE_P_LL] / v[GABLE_COLLECTIVE_P_THIN] *
                                   v[GABLE_COLLECTIVE_P_FRAC] * w->bytes_per_s,
                               w->cap_bytes_per_s);
    double eager = max2(w->wire_bytes / eager_rate, 2.0 * out);
    double bulk = 1e-6 * v[GABLE_COLLECTIVE_P_EDGE] + ramped(faster, v[GABLE_COLLECTIVE_P_TAU]);
    return start + min2(eager, bulk);
}

static double custom_s(const gable_collective *c, const gable_way *w, const double *v,
                       double best_s, gable_way_parts *parts)
{
    double start = 1e-6 * (v[GABLE_CUSTOM_P_T0] + v[GABLE_CUSTOM_P_PEER] * (c->n_ranks - 1.0));
    double rate = w->bytes_per_s, wire = w->wire_bytes, cap = w->cap_bytes_per_s, y;
    bool too_large = c->bytes > mib * v[GABLE_CUSTOM_P_CAP];
    parts->overhead_s = start;
    parts->outside_s = 0.0;
    switch (w->kind) {
    case GABLE_WAY_ONE_SHOT:
        parts->inside_s = y = wire / capped(v[GABLE_CUSTOM_P_ONE] * rate, cap);
        return too_large
                   ? (double)INFINITY
                   : start + ramped(y, v[GABLE_CUSTOM_P_RAMPED] > 0.0 ? v[GABLE_CUSTOM_P_ONE_TAU]
                                                                      : 0.0);
    case GABLE_WAY_TWO_SHOT:
        parts->overhead_s = start += 1e-6 * v[GABLE_CUSTOM_P_TWO_US];
        if (start >= best_s)
            return start;
        parts->inside_s = y = wire / capped(v[GABLE_CUSTOM_P_TWO] * rate, cap);
        return too_large ? (double)INFINITY : start + y;
    case GABLE_WAY_SWITCH:
    case GABLE_WAY_RING:
    case GABLE_WAY_TOKENS:
        break;
    }
    parts->overhead_s = start += 1e-6 * v[GABLE_CUSTOM_P_LIB_US];
    if (start >= best_s)
        return start;
    y = w->kind == GABLE_WAY_SWITCH ? wire / (v[GABLE_CUSTOM_P_SWITCH] * rate)
                                    : wire / capped(v[GABLE_CUSTOM_P_FRAC] * rate, cap);
    parts->inside_s = y;
    return start + ramped(y, v[GABLE_CUSTOM_P_TAU]);
}

static double copy_rate(double frac_rate, double n_sm, double sm_gbps)
{
    return n_sm > 0.0 ? min2(frac_rate, n_sm * sm_gbps * 1e9) : frac_rate;
}

static double tokens_s(const gable_collective *c, const gable_way *w, const double *v,
                       gable_way_parts *parts)
{
    double fixed = v[GABLE_EXCHANGE_P_EXP] * c->experts / c->n_ranks +
                   1e-3 * v[GABLE_EXCHANGE_P_TOK] * c->tokens;
    double rate =
        copy_rate(v[GABLE_EXCHANGE_P_FRAC] * w->bytes_per_s, c->n_sm, v[GABLE_EXCHANGE_P_SMR]);
    parts->inside_s = w->wire_bytes / rate;
    parts->outside_s = 0.0;
    double y = ramped(parts->inside_s, v[GABLE_EXCHANGE_P_TAU]);
    parts->overhead_s =
        1e-6 * (v[GABLE_EXCHANGE_P_T0] + v[GABLE_EXCHANGE_P_LOG] * w->steps + fixed);
    if (w->out_wire_bytes <= 0.0)
        return parts->overhead_s + y;
    double out_rate =
        copy_rate(v[GABLE_EXCHANGE_P_NFRAC] * w->out_bytes_per_s, c->n_sm, v[GABLE_EXCHANGE_P_NSM]);
    parts->outside_s = w->out_wire_bytes / out_rate;
    double out = ramped(parts->outside_s, v[GABLE_EXCHANGE_P_NTAU]);
    parts->overhead_s =
        1e-6 * (v[GABLE_EXCHANGE_P_NT0] + v[GABLE_EXCHANGE_P_NLOG] * w->out_steps + fixed);
    return parts->overhead_s + max2(out, y);
}

double gable_way_s(const gable_collective *collective, const gable_way *way, gable_family family,
                   const double *value, double best_s, gable_way_parts *parts)
{
    gable_form_kind form = gable_family_form(family);
    if (form == GABLE_FORM_CUSTOM)
        return custom_s(collective, way, value, best_s, parts);
    if (form == GABLE_FORM_EXCHANGE)
        return tokens_s(collective, way, value, parts);
    return collective_s(collective, way, value, best_s, parts);
}

void gable_form_exchange(const gable_op *op, const gable_work *work, gable_chip *chip,
                         const double *value, gable_time *out)
{
    const gable_ways *ways = op->exchange.ways;
    double best = (double)INFINITY, overhead_s = 0.0;
    (void)chip;
    for (int i = 0; i < ways->n; i++) {
        gable_way_parts parts;
        double s =
            gable_way_s(&op->exchange.collective, &ways->way[i], work->family, value, best, &parts);
        if (s < best) {
            best = s;
            overhead_s = parts.overhead_s;
        }
    }
    out->overhead_s = overhead_s;
    out->network_s = best - overhead_s;
}

void gable_work_exchange(const gable_op *op, gable_work *out)
{
    out->family = gable_collective_family(&op->exchange.collective);
    out->dtype = op->exchange.collective.payload;
    out->mma = GABLE_MMA_BF16;
    out->network_s = op->exchange.ways ? op->exchange.ways->ceiling_s : 0.0;
}
