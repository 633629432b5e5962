/* engine/interval: see interval.h. */
#include "engine/interval.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/gslx.h"
#include "machine/edit.h"

enum { N_POINTS = 2047 };

static const double z_90 = 1.2815515655446004;

/* Assumed. Shipping parts: boards of one type, and sources that differ by a few hundredths (HBM of
 * H100 3.35 or 3.43 TB/s, of B200 7.7 or 8.0); preliminary ones: Rubin is printed with 19.2 and
 * with 22 TB/s. */
double gable_interval_tolerance(int status)
{
    static const double by_status[] = {0.02, 0.07, 0.1, 0.1};
    return by_status[status];
}

/* Rates whose tolerance is drawn; one draw for all that match. */
static const char *const rates[] = {"accelerator.hbm.bandwidth", "accelerator.compute.*",
                                    "accelerator.links.scale_up_bandwidth",
                                    "system.scale_out.bandwidth"};
static const char *const rate_names[] = {"hbm.bandwidth", "compute", "links", "scale_out"};
enum { N_RATES = sizeof rates / sizeof rates[0], FIELDS_CAP = 24 };

enum { GROUP_NET = GABLE_N_FAMILIES, GROUP_GAP, N_GROUPS };

/* One step, and which draw moves what of it. */
typedef struct side {
    const gable_whatif_step *given;
    gable_edit edit;
    gable_step step;
    int doubt_of_group[N_GROUPS]; /* -1: no such row */
    int n_fields;
    gable_edit_field field[FIELDS_CAP];
    int doubt_of_field[FIELDS_CAP];
    int doubt_of_price;  /* -1: not published */
    int n_doubts, first; /* of this side; their place among all draws */
    gable_doubt doubts[GABLE_DOUBTS_CAP];
    double *time_s, *usd, *draw; /* N_POINTS each */
} side;

static int group_of(const gable_plan *plan, int row)
{
    if (plan->kind[row] == GABLE_ROW_OP)
        return (int)plan->work[row].family;
    return plan->kind[row] == GABLE_ROW_COLLECTIVE ? GROUP_NET : GROUP_GAP;
}

static const char *group_name(int group)
{
    if (group == GROUP_NET)
        return "collectives";
    return group == GROUP_GAP ? "gaps" : gable_family_key((gable_family)group);
}

static int add_doubt(side *s, const char *name, double sigma_ln)
{
    if (s->n_doubts == GABLE_DOUBTS_CAP)
        return GABLE_DOUBTS_CAP - 1; /* the rest move with the last */
    s->doubts[s->n_doubts] = (gable_doubt){.name = name, .sigma_ln = sigma_ln};
    return s->n_doubts++;
}

/* Rows of one family may have constants of different spread: the mean by their time is shown. */
static void add_groups(side *s)
{
    const gable_plan *plan = s->given->plan;
    const gable_step *step = s->given->step;
    double spread[N_GROUPS] = {0}, time[N_GROUPS] = {0};
    for (int i = 0; i < plan->n_rows; i++) {
        int g = group_of(plan, i);
        spread[g] += step->time_s[i] * step->row[i].sigma_ln;
        time[g] += step->time_s[i];
    }
    for (int g = 0; g < N_GROUPS; g++)
        s->doubt_of_group[g] =
            spread[g] > 0.0 ? add_doubt(s, group_name(g), spread[g] / time[g]) : -1;
}

static bool is_rate(const gable_edit_field *field)
{
    gable_dim dim = field->row->dim;
    return dim == GABLE_DIM_BYTES_PER_S || dim == GABLE_DIM_FLOPS_PER_S ||
           dim == GABLE_DIM_OPS_PER_S || dim == GABLE_DIM_HERTZ;
}

static gable_status add_rates(side *s, gable_err *err)
{
    double tolerance = gable_interval_tolerance(s->edit.accelerator.status);
    for (int r = 0; r < N_RATES; r++) {
        gable_edit_field found[FIELDS_CAP];
        int n, doubt = -1;
        GABLE_TRY(gable_edit_find_all(rates[r], found, FIELDS_CAP, &n, err));
        for (int i = 0; i < n; i++) {
            if (!is_rate(&found[i]) || gable_edit_get(&s->edit, &found[i]) <= 0.0 ||
                s->n_fields == FIELDS_CAP)
                continue;
            if (doubt < 0)
                doubt = add_doubt(s, rate_names[r], tolerance);
            s->field[s->n_fields] = found[i];
            s->doubt_of_field[s->n_fields++] = doubt;
        }
    }
    return GABLE_OK;
}

static void add_price(side *s)
{
    const gable_accelerator *a = s->given->machine->accelerator;
    double low = a->price_low_usd_per_h, high = a->price_high_usd_per_h;
    s->doubt_of_price = -1;
    if (a->price_usd_per_h <= 0.0)
        return;
    s->doubt_of_price =
        add_doubt(s, "price", low > 0.0 && high > low ? log(high / low) / (2.0 * z_90) : 0.0);
    s->doubts[s->doubt_of_price].is_price = true;
}

static gable_status open_side(gable_arena *arena, const gable_whatif_step *given, side *s,
                              gable_err *err)
{
    *s = (side){.given = given};
    GABLE_TRY(gable_edit_open(arena, given->machine, &s->edit, err));
    GABLE_TRY(gable_step_init(arena, given->plan, &s->step, err));
    GABLE_TRY(gable_arena_take(arena, N_POINTS, sizeof *s->time_s, &s->time_s, err));
    GABLE_TRY(gable_arena_take(arena, N_POINTS, sizeof *s->usd, &s->usd, err));
    GABLE_TRY(gable_arena_take(arena, N_POINTS, sizeof *s->draw, &s->draw, err));
    add_groups(s);
    GABLE_TRY(add_rates(s, err));
    add_price(s);
    return GABLE_OK;
}

/* ---- one draw ---- */

static double draw_time(side *s, const double *z)
{
    const gable_plan *plan = s->given->plan;
    double total = 0.0, base_s = 0.0;
    for (int i = 0; i < s->n_fields; i++) {
        int doubt = s->doubt_of_field[i];
        double base = gable_edit_get_base(&s->edit, &s->field[i]);
        gable_edit_set(&s->edit, &s->field[i], base * exp(s->doubts[doubt].sigma_ln * z[doubt]));
    }
    gable_engine_price(plan, &s->edit.machine, &s->step);
    for (int i = 0; i < plan->n_rows; i++) {
        int doubt = s->doubt_of_group[group_of(plan, i)];
        double factor = doubt < 0 ? 1.0 : exp(s->step.row[i].sigma_ln * z[doubt]);
        double shown = s->step.time_s[i] - s->step.hidden_s[i];
        if (plan->kind[i] == GABLE_ROW_BUBBLE) /* as long as the rows before it make it */
            factor = base_s > 0.0 ? total / base_s : 1.0;
        total += shown * factor;
        base_s += shown;
    }
    return fmax(total, s->step.ceiling_s_total);
}

static void draw_all(side *s, const double *normals, size_t dimensions)
{
    const gable_accelerator *a = s->given->machine->accelerator;
    double n = gable_whatif_devices(s->given->plan);
    double tokens = s->given->step->tokens_per_s * s->given->step->time_s_total;
    for (size_t p = 0; p < N_POINTS; p++) {
        const double *z = normals + p * dimensions + s->first;
        s->time_s[p] = draw_time(s, z);
        s->usd[p] = (double)NAN;
        if (s->doubt_of_price >= 0 && tokens > 0.0)
            s->usd[p] = n * a->price_usd_per_h *
                        exp(s->doubts[s->doubt_of_price].sigma_ln * z[s->doubt_of_price]) / 3600.0 *
                        s->time_s[p] / tokens * 1e6;
    }
}

/* ---- what came out ---- */

static gable_spread spread_of(const double *values, double *scratch)
{
    memcpy(scratch, values, N_POINTS * sizeof *scratch);
    if (isnan(values[0]))
        return (gable_spread){(double)NAN, (double)NAN, (double)NAN};
    gslx_sort(scratch, N_POINTS);
    return (gable_spread){gslx_quantile(scratch, N_POINTS, 0.1), gslx_median(scratch, N_POINTS),
                          gslx_quantile(scratch, N_POINTS, 0.9)};
}

static int larger_share(const void *a, const void *b)
{
    double x = ((const gable_doubt *)a)->share_frac, y = ((const gable_doubt *)b)->share_frac;
    return (x < y) - (x > y);
}

/* Squared correlation of ln(time) with each draw: its part of the variance where effects add. */
static void add_shares(side *s, const double *normals, size_t dimensions, double *log_time)
{
    for (int d = 0; d < s->n_doubts; d++) {
        bool price = d == s->doubt_of_price;
        for (size_t p = 0; p < N_POINTS; p++) {
            s->draw[p] = normals[p * dimensions + (size_t)(s->first + d)];
            log_time[p] = log(price ? s->usd[p] : s->time_s[p]);
        }
        double r = gslx_correlation(log_time, s->draw, N_POINTS);
        s->doubts[d].share_frac = r * r;
    }
}

static void finish(side *s, gable_uncertainty *out, double *scratch)
{
    double tokens = s->given->step->tokens_per_s * s->given->step->time_s_total;
    *out = (gable_uncertainty){.time_s = spread_of(s->time_s, scratch),
                               .usd_per_million_tokens = spread_of(s->usd, scratch),
                               .n_doubts = s->n_doubts};
    out->tokens_per_s = (gable_spread){tokens / out->time_s.p90, tokens / out->time_s.p50,
                                       tokens / out->time_s.p10};
    memcpy(out->doubts, s->doubts, sizeof out->doubts);
    int n_sorted = s->n_doubts - (s->doubt_of_price >= 0);
    qsort(out->doubts, (size_t)n_sorted, sizeof *out->doubts, larger_share);
}

static void decide(const side *a, const side *b, bool same, double *ratio, double *scratch,
                   gable_decision *out)
{
    double per_a = a->given->plan->tokens, per_b = b->given->plan->tokens;
    size_t faster = 0, cheaper = 0;
    for (size_t p = 0; p < N_POINTS; p++) {
        ratio[p] = a->time_s[p] / per_a / (b->time_s[p] / per_b);
        faster += ratio[p] > 1.0;
        cheaper += b->usd[p] < a->usd[p];
    }
    bool priced = !isnan(a->usd[0]) && !isnan(b->usd[0]);
    *out = (gable_decision){.faster_frac = (double)faster / N_POINTS,
                            .cheaper_frac = priced ? (double)cheaper / N_POINTS : (double)NAN,
                            .speedup = spread_of(ratio, scratch),
                            .same_device = same};
}

static bool share_draws(const side *a, const side *b)
{
    const gable_machine *m = a->given->machine, *n = b->given->machine;
    return strcmp(m->accelerator->name, n->accelerator->name) == 0 &&
           strcmp(m->constants->stack, n->constants->stack) == 0;
}

/* Each doubt its own dimension; returns how many there are. */
static size_t place_draws(side *sides, int n_sides)
{
    if (n_sides < 2)
        return (size_t)sides[0].n_doubts;
    sides[1].first = sides[0].n_doubts;
    return (size_t)sides[0].n_doubts + (size_t)sides[1].n_doubts;
}

/* Draws of `b` become those of `a` that have the same name. */
static void share_columns(const side *a, const side *b, double *normals, size_t dimensions)
{
    for (int j = 0; j < b->n_doubts; j++)
        for (int i = 0; i < a->n_doubts; i++)
            if (strcmp(a->doubts[i].name, b->doubts[j].name) == 0)
                for (size_t p = 0; p < N_POINTS; p++)
                    normals[p * dimensions + (size_t)(b->first + j)] =
                        normals[p * dimensions + (size_t)i];
}

gable_status gable_interval_run(gable_arena *arena, const gable_whatif_step *given, int n_sides,
                                gable_uncertainty *out, gable_decision *decision, gable_err *err)
{
    side *sides;
    double *normals, *scratch, *ratio;
    GABLE_TRY(gable_arena_take(arena, 2, sizeof *sides, &sides, err));
    for (int i = 0; i < n_sides; i++)
        GABLE_TRY(open_side(arena, &given[i], &sides[i], err));
    bool same = n_sides == 2 && share_draws(&sides[0], &sides[1]);
    size_t dimensions = place_draws(sides, n_sides);
    GABLE_TRY(gable_arena_take(arena, N_POINTS * (dimensions + 1), sizeof *normals, &normals, err));
    GABLE_TRY(gable_arena_take(arena, N_POINTS, sizeof *scratch, &scratch, err));
    GABLE_TRY(gable_arena_take(arena, N_POINTS, sizeof *ratio, &ratio, err));
    GABLE_TRY(gslx_sobol_normals(dimensions, N_POINTS, normals, err));
    if (same)
        share_columns(&sides[0], &sides[1], normals, dimensions);
    for (int i = 0; i < n_sides; i++) {
        draw_all(&sides[i], normals, dimensions);
        add_shares(&sides[i], normals, dimensions, scratch);
        finish(&sides[i], &out[i], scratch);
    }
    if (n_sides == 2 && decision)
        decide(&sides[0], &sides[1], same, ratio, scratch, decision);
    return GABLE_OK;
}
