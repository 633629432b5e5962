/* engine/validate: see validate.h. */
#include "engine/validate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/gslx.h"

static const char *const regimes[GABLE_N_REGIMES] = {
#define REGIME_NAME(symbol, name) name,
    GABLE_REGIME_LIST(REGIME_NAME)
#undef REGIME_NAME
};

/* Below this a kernel is mostly launch. */
static const double short_s = 10e-6;

const char *gable_regime_name(gable_regime regime)
{
    return regimes[regime];
}

/* One row on its way into a group; sorted by group, then as the table has them. */
typedef struct entry {
    const char *device, *dtype, *framework;
    const gable_prediction *prediction;
    double measured_s, baseline_s;
    size_t row;
} entry;

static int compare_groups(const entry *x, const entry *y)
{
    int device = strcmp(x->device, y->device);
    int dtype = strcmp(x->dtype, y->dtype);
    return device ? device : dtype ? dtype : strcmp(x->framework, y->framework);
}

static int compare_entries(const void *a, const void *b)
{
    const entry *x = (const entry *)a, *y = (const entry *)b;
    int groups = compare_groups(x, y);
    return groups ? groups : (x->row > y->row) - (x->row < y->row);
}

static bool in_regime(const entry *e, gable_regime regime)
{
    bool is_short = e->measured_s < short_s;
    if (!e->prediction->supported && regime > GABLE_REGIME_SHORT)
        return false; /* nobody knows what it is bound by */
    switch (regime) {
    case GABLE_REGIME_ALL:
        return true;
    case GABLE_REGIME_SHORT:
        return is_short;
    case GABLE_REGIME_MEMORY:
        return !is_short && e->prediction->time.compute_s <= e->prediction->time.memory_s;
    case GABLE_REGIME_COMPUTE:
        return !is_short && e->prediction->time.compute_s > e->prediction->time.memory_s;
    case GABLE_N_REGIMES:
        break;
    }
    return false;
}

/* What a statistic is taken of; sorted in place afterwards. */
typedef double measure(const entry *e);

static double error_of(const entry *e)
{
    return e->prediction->time.time_s / e->measured_s - 1.0;
}

static double absolute_of(const entry *e)
{
    return fabs(error_of(e));
}

static double ceiling_of(const entry *e)
{
    return fabs(e->prediction->time.ceiling_s / e->measured_s - 1.0);
}

static double baseline_of(const entry *e)
{
    return fabs(e->baseline_s / e->measured_s - 1.0);
}

static double inside_of(const entry *e)
{
    return e->measured_s >= e->prediction->p10_s && e->measured_s <= e->prediction->p90_s;
}

static size_t collect(const entry *entries, size_t n, gable_regime regime, measure *of,
                      double *values)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (entries[i].prediction->supported && in_regime(&entries[i], regime))
            values[m++] = of(&entries[i]);
    return m;
}

/* Groups too small for a baseline have none. */
static size_t drop_unknown(double *values, size_t n)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[m++] = values[i];
    return m;
}

static void sum_up(const entry *entries, size_t n, gable_regime regime, double *values,
                   gable_errors *out)
{
    *out = (gable_errors){0};
    for (size_t i = 0; i < n; i++)
        out->n += in_regime(&entries[i], regime);
    size_t m = collect(entries, n, regime, absolute_of, values);
    out->n_covered = m;
    gslx_sort(values, m);
    out->median_frac = gslx_median(values, m);
    out->p90_frac = gslx_quantile(values, m, 0.9);
    collect(entries, n, regime, error_of, values);
    gslx_sort(values, m);
    out->bias_frac = gslx_median(values, m);
    collect(entries, n, regime, ceiling_of, values);
    gslx_sort(values, m);
    out->ceiling_median_frac = gslx_median(values, m);
    size_t with = collect(entries, n, regime, baseline_of, values);
    with = drop_unknown(values, with);
    gslx_sort(values, with);
    out->three_median_frac = with ? gslx_median(values, with) : (double)NAN;
    out->three_p90_frac = with ? gslx_quantile(values, with, 0.9) : (double)NAN;
    collect(entries, n, regime, inside_of, values);
    double inside = 0.0;
    for (size_t i = 0; i < m; i++)
        inside += values[i];
    out->inside_frac = m ? inside / (double)m : 0.0;
}

static void fill_group(const entry *entries, size_t n, double *values, gable_error_group *out)
{
    for (int r = 0; r < GABLE_N_REGIMES; r++)
        sum_up(entries, n, (gable_regime)r, values, &out->regime[r]);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static bool counts(const gable_row *row, gable_half half)
{
    return half == GABLE_HALF_BOTH || gable_row_trains(row) == (half == GABLE_HALF_TRAIN);
}

gable_status gable_validate_rows(gable_arena *arena, const gable_rows *rows,
                                 const gable_prediction *predictions, const double *measured_s,
                                 const double *baseline_s, gable_half half, gable_validation *out,
                                 gable_err *err)
{
    entry *entries;
    double *values;
    size_t n = 0, n_rows = rows->csv->n_rows;
    *out = (gable_validation){.total = {.device = "all", .dtype = "", .framework = ""}};
    GABLE_TRY(gable_arena_take(arena, n_rows + 1, sizeof *entries, &entries, err));
    GABLE_TRY(gable_arena_take(arena, n_rows + 1, sizeof *values, &values, err));
    for (size_t i = 0; i < n_rows; i++) {
        const gable_row *row = &rows->row[i];
        if (counts(row, half))
            entries[n++] = (entry){or_empty(row->device),
                                   row->dtype,
                                   or_empty(row->framework),
                                   &predictions[i],
                                   measured_s[i],
                                   baseline_s[i],
                                   i};
    }
    fill_group(entries, n, values, &out->total);
    qsort(entries, n, sizeof *entries, compare_entries);
    size_t n_groups = 0;
    for (size_t i = 0; i < n; i++)
        n_groups += i == 0 || compare_groups(&entries[i - 1], &entries[i]) != 0;
    GABLE_TRY(gable_arena_take(arena, n_groups + 1, sizeof *out->groups, &out->groups, err));
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && compare_groups(&entries[i], &entries[end]) == 0;)
            end++;
        gable_error_group *group = &out->groups[out->n_groups++];
        *group =
            (gable_error_group){entries[i].device, entries[i].dtype, entries[i].framework, {{0}}};
        fill_group(&entries[i], end - i, values, group);
    }
    return GABLE_OK;
}
