/* engine/power_fit: constants of machine/power and settle times of meters, from readings
 * (power_rows.h). */
#include <math.h>
#include <string.h>

#include "engine/gslx.h"
#include "engine/power_rows.h"

/* Readings scatter by what ran before them; beyond this a residual counts by its size alone. */
static const double robust_scale = 0.1;

/* Rows err together where the form is wrong, so that many of them do not outweigh a prior. */
static const double prior_weight = 1.0;

/* Settle times: 20 us, give or take a factor of three; hosts differ by a factor of two. */
static const double settle_prior_s = 80e-6, settle_spread = 2.0, host_spread = 0.7;

/* What a board draws idle: among thousands of readings some are of runs that were over before the
 * meter moved. */
static const double idle_quantile = 0.01;

/* The meter averages about a second: kernels of this length fill it in every benchmark. */
static const double settled_s = 300e-6;

/* Fewer readings do not tell eight constants apart. */
enum { LEAST_ROWS = 100 };

static const struct {
    size_t offset;
    double prior, spread, least, most;
} parameters[] = {
#define PARAMETER(member, key, dim, prior, spread, least, most, help)                              \
    {offsetof(gable_power, member), prior, spread, least, most},
    GABLE_POWER_LIST(PARAMETER)
#undef PARAMETER
};
enum { N_CONSTANTS = sizeof parameters / sizeof parameters[0] };

typedef struct fitting {
    const gable_power_rows *rows;
    const gable_work *work; /* of each row */
    const int *meter, *host;
    size_t *chosen; /* rows fitted to */
    size_t n_chosen;
    int n_meters, n_hosts;
    double idle_w[GABLE_POWER_HOSTS_CAP]; /* of each board */
    double z[GSLX_PARAMETERS_CAP];        /* all parameters, in spreads from their priors */
    int first, n_moved;                   /* those that are being fitted */
    bool settled;                         /* the meter shows what a kernel draws */
    double *scratch;
} fitting;

static int n_parameters(const fitting *f)
{
    return N_CONSTANTS + f->n_meters + f->n_hosts - 1;
}

static void take_constants(const double *z, gable_power *out)
{
    for (int i = 0; i < N_CONSTANTS; i++) {
        double value = parameters[i].prior * exp(z[i] * parameters[i].spread);
        value = fmin(fmax(value, parameters[i].least), parameters[i].most);
        memcpy((char *)out + parameters[i].offset, &value, sizeof value);
    }
}

/* Parameters come as constants, settle times, then hosts but for the first. */
static gable_power_meter meter_of(const fitting *f, const double *z, int meter, int host)
{
    const double *settle = z + N_CONSTANTS, *hosts = settle + f->n_meters;
    double pace = host ? exp(host_spread * hosts[host - 1]) : 1.0;
    return (gable_power_meter){
        .settle_s = pace * settle_prior_s * exp(settle_spread * settle[meter]),
    };
}

/* ln(predicted / reading) of one row. */
static double residual(const fitting *f, const double *z, const gable_power *p, size_t row)
{
    gable_power_row own = f->rows->row[row];
    gable_power board = *p;
    gable_power_meter meter = meter_of(f, z, f->meter[row], f->host[row]);
    board.idle_w = f->idle_w[f->host[row]];
    gable_energy_of_op(p, &f->work[row], &own.prediction->time, &own.activity);
    return log(gable_power_reading_w(&board, &own, f->settled ? NULL : &meter, own.measured_s) /
               own.reading_w);
}

static bool counts(const gable_power_row *row)
{
    return row->supported && row->row->framework && row->row->device;
}

/* Rows of at least that many seconds. */
static size_t choose(fitting *f, gable_half half, double least_s)
{
    f->n_chosen = 0;
    for (size_t i = 0; i < f->rows->rows->csv->n_rows; i++)
        if (counts(&f->rows->row[i]) && f->rows->row[i].measured_s >= least_s &&
            (half == GABLE_HALF_BOTH ||
             gable_row_trains(f->rows->row[i].row) == (half == GABLE_HALF_TRAIN)))
            f->chosen[f->n_chosen++] = i;
    return f->n_chosen;
}

static void find_idle(fitting *f)
{
    double *readings = f->scratch;
    for (int h = 0; h < f->n_hosts; h++) {
        size_t n = 0;
        for (size_t i = 0; i < f->n_chosen; i++)
            if (f->host[f->chosen[i]] == h)
                readings[n++] = f->rows->row[f->chosen[i]].reading_w;
        gslx_sort(readings, n);
        f->idle_w[h] = gslx_quantile(readings, n, idle_quantile);
    }
}

static void residuals(const double *moved, void *ctx, double *out)
{
    const fitting *f = ctx;
    gable_power p = {0};
    double z[GSLX_PARAMETERS_CAP];
    memcpy(z, f->z, sizeof z);
    memcpy(z + f->first, moved, (size_t)f->n_moved * sizeof *z);
    take_constants(z, &p);
    for (size_t i = 0; i < f->n_chosen; i++)
        out[i] = residual(f, z, &p, f->chosen[i]);
    for (int i = 0; i < f->n_moved; i++)
        out[f->n_chosen + (size_t)i] = prior_weight * moved[i];
}

static gable_status fit_stage(fitting *f, int first, int n, gable_err *err)
{
    f->first = first;
    f->n_moved = n;
    gslx_fit fit = {.residuals = residuals,
                    .ctx = f,
                    .n_parameters = (size_t)n,
                    .n_residuals = f->n_chosen + (size_t)n,
                    .scale = robust_scale};
    return gslx_least_squares(&fit, f->z + first, NULL, err);
}

/* First what kernels draw, from those that are so long that the meter has settled; then how fast it
 * settles, from all. */
static gable_status fit_rows(fitting *f, gable_half half, gable_err *err)
{
    memset(f->z, 0, sizeof f->z);
    choose(f, half, 0.0);
    find_idle(f);
    choose(f, half, settled_s);
    f->settled = true;
    GABLE_TRY(fit_stage(f, 0, N_CONSTANTS - 1, err));
    choose(f, half, 0.0);
    f->settled = false;
    return fit_stage(f, N_CONSTANTS - 1, n_parameters(f) - N_CONSTANTS + 1, err);
}

/* ---- what there is to fit ---- */

static int find_meter(gable_power_file *out, const gable_power_row *row, const char *op)
{
    for (int i = 0; i < out->n_meters; i++) {
        const gable_power_meter *m = &out->meters[i];
        if (strcmp(m->framework, row->row->framework) == 0 && strcmp(m->op, op) == 0 &&
            strcmp(m->dtype, row->row->dtype) == 0)
            return i;
    }
    if (out->n_meters == GABLE_POWER_METERS_CAP)
        return -1;
    out->meters[out->n_meters] =
        (gable_power_meter){.framework = row->row->framework, .op = op, .dtype = row->row->dtype};
    return out->n_meters++;
}

static int find_host(gable_power_file *out, const char *device)
{
    for (int i = 0; i < out->n_hosts; i++)
        if (strcmp(out->hosts[i].device, device) == 0)
            return i;
    if (out->n_hosts == GABLE_POWER_HOSTS_CAP)
        return -1;
    out->hosts[out->n_hosts] = (gable_power_host){.device = device};
    return out->n_hosts++;
}

typedef struct columns {
    gable_work *work;
    int *meter, *host;
    size_t *chosen;
    double *e;
} columns;

static gable_status take_columns(gable_arena *arena, size_t n, columns *out, gable_err *err)
{
    GABLE_TRY(gable_arena_take(arena, n, sizeof *out->work, &out->work, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *out->meter, &out->meter, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *out->host, &out->host, err));
    GABLE_TRY(gable_arena_take(arena, n, sizeof *out->chosen, &out->chosen, err));
    return gable_arena_take(arena, n, sizeof *out->e, &out->e, err);
}

static gable_status sort_out(const gable_power_rows *rows, columns *c, gable_power_file *out,
                             gable_err *err)
{
    const gable_csv *csv = rows->rows->csv;
    size_t op = gable_csv_column(csv, "op");
    for (size_t i = 0; i < csv->n_rows; i++) {
        const gable_power_row *row = &rows->row[i];
        if (!counts(row))
            continue;
        gable_cost_work(&row->row->op, &c->work[i]);
        c->meter[i] = find_meter(out, row, csv->cells[i * csv->n_columns + op]);
        c->host[i] = find_host(out, row->row->device);
        if (c->meter[i] < 0 || c->host[i] < 0)
            return gable_fail(err, GABLE_INPUT, "%s: more than %d benchmarks or %d devices",
                              csv->file, (int)GABLE_POWER_METERS_CAP, (int)GABLE_POWER_HOSTS_CAP);
    }
    if (N_CONSTANTS + out->n_meters + out->n_hosts - 1 > GSLX_PARAMETERS_CAP)
        return gable_fail(err, GABLE_INPUT, "%s: more than %d constants to fit", csv->file,
                          (int)GSLX_PARAMETERS_CAP);
    return GABLE_OK;
}

static void test(fitting *f, gable_power_file *out)
{
    gable_power p = {0};
    size_t n = f->n_chosen;
    double *e = f->scratch, *z = f->z;
    take_constants(z, &p);
    for (size_t i = 0; i < n; i++)
        e[i] = residual(f, z, &p, f->chosen[i]);
    gslx_sort(e, n);
    out->bias_frac = expm1(gslx_median(e, n));
    for (size_t i = 0; i < n; i++)
        e[i] = fabs(e[i]);
    gslx_sort(e, n);
    out->power.sigma_ln = gslx_quantile(e, n, 0.8) / GABLE_P90_DEVIATE;
    for (size_t i = 0; i < n; i++)
        e[i] = fabs(expm1(residual(f, z, &p, f->chosen[i])));
    gslx_sort(e, n);
    out->median_frac = gslx_median(e, n);
    out->p90_frac = gslx_quantile(e, n, 0.9);
}

static void take_fit(const fitting *f, gable_power_file *out)
{
    const double *z = f->z;
    double sigma = out->power.sigma_ln;
    take_constants(z, &out->power);
    out->power.sigma_ln = sigma;
    out->power.idle_w = f->idle_w[0];
    for (int i = 0; i < out->n_meters; i++) {
        out->meters[i].settle_s = meter_of(f, z, i, 0).settle_s;
    }
    for (int i = 0; i < out->n_hosts; i++) {
        out->hosts[i].settle_frac = meter_of(f, z, 0, i).settle_s / out->meters[0].settle_s;
        out->hosts[i].idle_frac = f->idle_w[i] / f->idle_w[0];
    }
}

gable_status gable_power_fit(gable_arena *arena, const gable_power_rows *rows, bool half,
                             gable_power_file *out, gable_err *err)
{
    columns c = {0};
    size_t n = rows->rows->csv->n_rows + 1;
    GABLE_TRY(take_columns(arena, n, &c, err));
    GABLE_TRY(
        gable_arena_take(arena, GABLE_POWER_METERS_CAP, sizeof *out->meters, &out->meters, err));
    GABLE_TRY(gable_arena_take(arena, GABLE_POWER_HOSTS_CAP, sizeof *out->hosts, &out->hosts, err));
    GABLE_TRY(sort_out(rows, &c, out, err));
    fitting f = {.rows = rows,
                 .work = c.work,
                 .meter = c.meter,
                 .host = c.host,
                 .chosen = c.chosen,
                 .scratch = c.e,
                 .n_meters = out->n_meters,
                 .n_hosts = out->n_hosts};
    out->n_train = (int)choose(&f, GABLE_HALF_TRAIN, 0.0);
    if (out->n_train < LEAST_ROWS)
        return gable_fail(err, GABLE_INPUT, "%s: %d readings to fit to, expected at least %d",
                          rows->rows->csv->file, out->n_train, (int)LEAST_ROWS);
    GABLE_TRY(fit_rows(&f, GABLE_HALF_TRAIN, err));
    out->n_test = (int)choose(&f, GABLE_HALF_TEST, 0.0);
    test(&f, out);
    if (!half)
        GABLE_TRY(fit_rows(&f, GABLE_HALF_BOTH, err));
    take_fit(&f, out);
    return GABLE_OK;
}
