/* engine/power_rows: see power_rows.h. */
#include "engine/power_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/gslx.h"

enum { DEVICES_CAP = 64 };

/* Constants of one device; loaded when the first row asks for it. */
typedef struct one_device {
    const char *name;
    const gable_power_file *file; /* NULL: no generation has one */
    gable_power power;
} one_device;

typedef struct reader {
    gable_arena *arena;
    const char *hw;
    const gable_csv *csv;
    size_t latency, reading, limit; /* columns; csv->n_columns: there is none */
    one_device *devices;
    int n_devices;
    gable_err *err;
} reader;

static gable_status find_device(reader *r, const char *name, const one_device **out)
{
    const gable_accelerator *accelerator;
    for (int i = 0; i < r->n_devices; i++)
        if (strcmp(r->devices[i].name, name) == 0) {
            *out = &r->devices[i];
            return GABLE_OK;
        }
    if (r->n_devices == DEVICES_CAP)
        return gable_fail(r->err, GABLE_INPUT, "%s: more than %d devices", r->csv->file,
                          (int)DEVICES_CAP);
    one_device *d = &r->devices[r->n_devices];
    d->name = name;
    GABLE_TRY(gable_accelerator_load(r->arena, r->hw, name, &accelerator, r->err));
    GABLE_TRY(gable_power_file_load(r->arena, r->hw, accelerator, &d->file, r->err));
    GABLE_TRY(gable_power_load(r->arena, r->hw, accelerator, &d->power, r->err));
    r->n_devices++;
    *out = d;
    return GABLE_OK;
}

static gable_status take_cell(const reader *r, size_t row, size_t column, double scale, double *out,
                              gable_err *err)
{
    double value;
    *out = 0.0;
    if (column >= r->csv->n_columns)
        return GABLE_OK;
    const char *text = r->csv->cells[row * r->csv->n_columns + column];
    if (!gable_num_parse(text, &value))
        return gable_csv_fail(r->csv, row, column, err, "\"%.40s\" is not a number", text);
    if (!(value > 0.0))
        return gable_csv_fail(r->csv, row, column, err, "%.40s: expected a number above 0", text);
    *out = value * scale;
    return GABLE_OK;
}

/* The entry of the benchmark; one of the same operator in another format; none: it has settled. */
static gable_power_meter meter_of(const gable_power_file *file, const gable_row *row,
                                  const char *op)
{
    gable_power_meter near = {0};
    double host = 1.0;
    if (!file || !row->framework)
        return near;
    for (int i = 0; i < file->n_hosts; i++)
        if (row->device && strcmp(file->hosts[i].device, row->device) == 0)
            host = file->hosts[i].settle_frac;
    for (int i = 0; i < file->n_meters; i++) {
        const gable_power_meter *m = &file->meters[i];
        if (strcmp(m->framework, row->framework) != 0 || strcmp(m->op, op) != 0)
            continue;
        near = *m;
        if (strcmp(m->dtype, row->dtype) == 0)
            break;
    }
    near.settle_s *= host;
    return near;
}

double gable_power_reading_w(const gable_power *power, const gable_power_row *row,
                             const gable_power_meter *meter, double time_s)
{
    gable_power own = *power;
    gable_activity a = row->activity;
    double share = row->row->alike ? power->alike_frac : 1.0;
    own.limit_w = row->limit_w;
    a.time_s = time_s;
    a.busy_s = fmin(a.busy_s, time_s);
    a.sm_j *= share;
    a.memory_j *= share;
    double draw = gable_energy_draw_w(&own, &a);
    if (!meter || !(meter->settle_s > 0.0))
        return draw;
    double risen = 1.0 - (1.0 - power->before_frac) * exp(-time_s / meter->settle_s);
    return own.idle_w + (draw - own.idle_w) * risen;
}

static const char *op_of(const reader *r, size_t row)
{
    return r->csv->cells[row * r->csv->n_columns + gable_csv_column(r->csv, "op")];
}

static gable_status read_row(reader *r, size_t i, const char *device, gable_power_row *out)
{
    const one_device *d;
    const gable_prediction *p = out->prediction;
    const char *name = out->row->device ? out->row->device : device;
    gable_work work;
    GABLE_TRY(take_cell(r, i, r->latency, 1e-6, &out->measured_s, r->err));
    GABLE_TRY(take_cell(r, i, r->reading, 1.0, &out->reading_w, r->err));
    GABLE_TRY(take_cell(r, i, r->limit, 1.0, &out->limit_w, r->err));
    if (!p->supported || !name)
        return GABLE_OK;
    GABLE_TRY(find_device(r, name, &d));
    if (!(out->limit_w > 0.0))
        out->limit_w = d->power.limit_w;
    out->supported = out->limit_w > 0.0;
    if (!out->supported)
        return GABLE_OK;
    out->power = &d->power;
    out->meter = meter_of(d->file, out->row, op_of(r, i));
    gable_cost_work(&out->row->op, &work);
    gable_energy_of_op(&d->power, &work, &p->time, &out->activity);
    out->draw_w = gable_power_reading_w(&d->power, out, NULL, p->time.time_s);
    out->predicted_w = gable_power_reading_w(&d->power, out, &out->meter, p->time.time_s);
    if (out->measured_s > 0.0)
        out->at_measured_w = gable_power_reading_w(&d->power, out, &out->meter, out->measured_s);
    return GABLE_OK;
}

gable_status gable_power_rows_read(gable_arena *arena, const char *hw, const char *device,
                                   const gable_rows *rows, const gable_prediction *predictions,
                                   bool measured, gable_power_rows *out, gable_err *err)
{
    const gable_csv *csv = rows->csv;
    reader r = {.arena = arena, .hw = hw, .csv = csv, .err = err};
    r.latency = gable_csv_column(csv, "latency_us");
    r.reading = gable_csv_column(csv, "power_w");
    r.limit = gable_csv_column(csv, "power_limit_w");
    if (measured) {
        GABLE_TRY(gable_csv_need(csv, "latency_us", &r.latency, err));
        GABLE_TRY(gable_csv_need(csv, "power_w", &r.reading, err));
    }
    GABLE_TRY(gable_arena_take(arena, DEVICES_CAP, sizeof *r.devices, &r.devices, err));
    GABLE_TRY(gable_arena_take(arena, csv->n_rows + 1, sizeof *out->row, &out->row, err));
    out->rows = rows;
    for (size_t i = 0; i < csv->n_rows; i++) {
        out->row[i].row = &rows->row[i];
        out->row[i].prediction = &predictions[i];
        GABLE_TRY(read_row(&r, i, device, &out->row[i]));
    }
    return GABLE_OK;
}

/* ---- errors ---- */

typedef struct entry {
    const char *device, *op, *dtype, *framework;
    const gable_power_row *row;
    size_t at;
} entry;

static int compare_groups(const entry *x, const entry *y)
{
    int device = strcmp(x->device, y->device), op = strcmp(x->op, y->op);
    int dtype = strcmp(x->dtype, y->dtype);
    return device ? device : op ? op : dtype ? dtype : strcmp(x->framework, y->framework);
}

static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    int groups = compare_groups(x, y);
    return groups ? groups : (x->at > y->at) - (x->at < y->at);
}

typedef double guess(const gable_power_row *row);

static double at_measured(const gable_power_row *row)
{
    return row->at_measured_w;
}

static double at_predicted(const gable_power_row *row)
{
    return row->predicted_w;
}

static double by_limit(const gable_power_row *row)
{
    return row->limit_w;
}

/* facts/hardware.md has memory-bound kernels at 70 to 85 % of the limit. */
static double by_rule(const gable_power_row *row)
{
    const gable_time *time = &row->prediction->time;
    return (time->compute_s > time->memory_s ? 1.0 : 0.77) * row->limit_w;
}

/* Median of the error, median and 90th percentile of its size; returns the rows it is of. */
static size_t spread_of(const entry *entries, size_t n, guess *of, double *e, double *bias,
                        double *median, double *p90)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (entries[i].row->supported)
            e[m++] = of(entries[i].row) / entries[i].row->reading_w - 1.0;
    gslx_sort(e, m);
    *bias = gslx_median(e, m);
    for (size_t i = 0; i < m; i++)
        e[i] = fabs(e[i]);
    gslx_sort(e, m);
    *median = gslx_median(e, m);
    *p90 = gslx_quantile(e, m, 0.9);
    return m;
}

static double inside_of(const entry *entries, size_t n)
{
    size_t inside = 0, m = 0;
    for (size_t i = 0; i < n; i++) {
        const gable_power_row *row = entries[i].row;
        if (!row->supported)
            continue;
        double off = fabs(log(row->at_measured_w / row->reading_w));
        inside += off <= GABLE_P90_DEVIATE * row->power->sigma_ln;
        m++;
    }
    return m ? (double)inside / (double)m : 0.0;
}

static void fill_group(const entry *entries, size_t n, double *e, gable_power_errors *out)
{
    double bias;
    out->n = n;
    out->n_covered =
        spread_of(entries, n, at_measured, e, &out->bias_frac, &out->median_frac, &out->p90_frac);
    spread_of(entries, n, at_predicted, e, &bias, &out->own_median_frac, &out->own_p90_frac);
    spread_of(entries, n, by_limit, e, &bias, &out->limit_median_frac, &out->limit_p90_frac);
    spread_of(entries, n, by_rule, e, &bias, &out->rule_median_frac, &out->rule_p90_frac);
    out->inside_frac = inside_of(entries, n);
}

static entry entry_of(const gable_power_rows *rows, size_t i)
{
    const gable_row *row = &rows->rows->row[i];
    const gable_csv *csv = rows->rows->csv;
    return (entry){row->device ? row->device : "",
                   csv->cells[i * csv->n_columns + gable_csv_column(csv, "op")],
                   row->dtype,
                   row->framework ? row->framework : "",
                   &rows->row[i],
                   i};
}

gable_status gable_power_validate(gable_arena *arena, const gable_power_rows *rows, gable_half half,
                                  gable_power_errors **out, int *n, gable_err *err)
{
    entry *entries;
    double *e;
    size_t n_rows = rows->rows->csv->n_rows, m = 0;
    GABLE_TRY(gable_arena_take(arena, n_rows + 1, sizeof *entries, &entries, err));
    GABLE_TRY(gable_arena_take(arena, n_rows + 1, sizeof *e, &e, err));
    GABLE_TRY(gable_arena_take(arena, n_rows + 2, sizeof **out, out, err));
    for (size_t i = 0; i < n_rows; i++)
        if (half == GABLE_HALF_BOTH ||
            gable_row_trains(&rows->rows->row[i]) == (half == GABLE_HALF_TRAIN))
            entries[m++] = entry_of(rows, i);
    qsort(entries, m, sizeof *entries, compare_entries);
    *n = 0;
    for (size_t i = 0, end; i < m; i = end) {
        for (end = i + 1; end < m && compare_groups(&entries[i], &entries[end]) == 0;)
            end++;
        gable_power_errors *group = &(*out)[(*n)++];
        *group = (gable_power_errors){.device = entries[i].device,
                                      .op = entries[i].op,
                                      .dtype = entries[i].dtype,
                                      .framework = entries[i].framework};
        fill_group(&entries[i], end - i, e, group);
    }
    gable_power_errors *all = &(*out)[(*n)++];
    *all = (gable_power_errors){.device = "all", .op = "", .dtype = "", .framework = ""};
    fill_group(entries, m, e, all);
    return GABLE_OK;
}
