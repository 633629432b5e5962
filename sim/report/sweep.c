/* report/sweep: see sweep.h. */
#include "report/sweep.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- JSON ---- */

static void add_key(gable_text *out, const char *key)
{
    gable_text_add(out, ", ");
    gable_text_add_json_string(out, key);
    gable_text_add(out, ": ");
}

static void write_point(gable_text *out, const gable_sweep_result *r, const gable_sweep_found *f)
{
    gable_text_addf(out, "{\"index\": %" PRIu64, f->index);
    for (int i = 0; i < r->n_axes; i++) {
        add_key(out, r->axis[i].key);
        if (r->axis[i].words)
            gable_text_add_json_string(out, f->text[i]);
        else
            gable_text_add_json_number(out, f->value[i]);
    }
    gable_text_add(out, ", \"bound\": ");
    gable_text_add_json_string(out, f->bound);
    for (int m = 0; m < GABLE_N_METRICS; m++) {
        add_key(out, gable_metrics[m].key);
        if (m == GABLE_METRIC_FITS)
            gable_text_add(out, f->metric[m] > 0.0 ? "true" : "false");
        else
            gable_text_add_json_number(out, f->metric[m]);
    }
    gable_text_add(out, "}");
}

static void write_points(gable_text *out, const gable_sweep_result *r,
                         const gable_sweep_found *list, int n, const char *indent)
{
    gable_text_add(out, "[");
    for (int i = 0; i < n; i++) {
        gable_text_addf(out, "%s\n%s", i ? "," : "", indent);
        write_point(out, r, &list[i]);
    }
    gable_text_add(out, "]");
}

static void write_goal(gable_text *out, const gable_sweep_goal *goal)
{
    gable_text_addf(out, "\"%s %s\"", goal->least ? "min" : "max", gable_metrics[goal->metric].key);
}

static void write_axes(gable_text *out, const gable_sweep_result *r)
{
    gable_text_add(out, ",\n  \"axes\": [");
    for (int i = 0; i < r->n_axes; i++) {
        gable_text_addf(out, "%s{\"axis\": ", i ? ", " : "");
        gable_text_add_json_string(out, r->axis[i].key);
        gable_text_addf(out, ", \"values\": %.0f}", r->axis[i].n);
    }
    gable_text_add(out, "]");
}

static void write_histogram(gable_text *out, const gable_sweep_result *r)
{
    double edges[GABLE_SWEEP_BINS_CAP + 1];
    const gable_sweep_histogram *h = &r->histogram;
    gable_text_add(out, ",\n  \"histogram\": ");
    if (!h->wanted) {
        gable_text_add(out, "null");
        return;
    }
    gable_sweep_edges(h, edges);
    gable_text_addf(out, "{\"metric\": \"%s\", \"scale\": \"%s\", \"edges\": [",
                    gable_metrics[h->metric].key, h->log ? "log" : "linear");
    for (int i = 0; i <= h->n_bins; i++) {
        gable_text_add(out, i ? ", " : "");
        gable_text_add_json_number(out, edges[i]);
    }
    gable_text_add(out, "], \"counts\": [");
    for (int i = 0; i < h->n_bins; i++)
        gable_text_addf(out, "%s%" PRIu64, i ? ", " : "", r->bin[i + 1]);
    gable_text_addf(out, "], \"below\": %" PRIu64 ", \"above\": %" PRIu64 "}", r->bin[0],
                    r->bin[h->n_bins + 1]);
}

static void write_counts(gable_text *out, const gable_sweep_result *r)
{
    gable_text_addf(out, ",\n  \"hash\": \"%s\"", r->hash);
    if (r->shard[0])
        gable_text_addf(out, ",\n  \"shard\": \"%s\"", r->shard);
    gable_text_addf(out, ",\n  \"sampled\": %s,\n  \"total_points\": %" PRIu64 ",\n  \"ranges\": [",
                    r->sampled ? "true" : "false", r->total);
    for (int i = 0; i < r->n_ranges; i++)
        gable_text_addf(out, "%s[%" PRIu64 ", %" PRIu64 "]", i ? ", " : "", r->range[i].first,
                        r->range[i].end);
    gable_text_addf(out,
                    "],\n  \"points\": %" PRIu64 ",\n  \"refused\": %" PRIu64
                    ",\n  \"feasible\": %" PRIu64 ",\n  \"first_refused\": ",
                    r->points, r->refused, r->feasible);
    if (r->refused > 0) {
        gable_text_addf(out, "{\"index\": %" PRIu64 ", \"why\": ", r->first_refused);
        gable_text_add_json_string(out, r->refused_why);
        gable_text_add(out, "}");
    } else {
        gable_text_add(out, "null");
    }
}

static void write_json(gable_text *out, const gable_sweep_result *r, int width)
{
    (void)width;
    gable_text_add(out, "{\n  \"schema\": \"gable.sweep/1\",\n  \"name\": ");
    gable_text_add_json_string(out, r->name);
    gable_text_add(out, ",\n  \"why\": ");
    if (r->why)
        gable_text_add_json_string(out, r->why);
    else
        gable_text_add(out, "null");
    write_counts(out, r);
    write_axes(out, r);
    gable_text_add(out, ",\n  \"objective\": ");
    write_goal(out, &r->objective);
    gable_text_addf(out, ",\n  \"top\": %d,\n  \"where\": [", r->top);
    for (int i = 0; i < r->n_where; i++) {
        gable_text_add(out, i ? ", " : "");
        gable_text_add_json_string(out, r->where[i]);
    }
    gable_text_add(out, "],\n  \"best\": ");
    write_points(out, r, r->found, r->n_found, "    ");
    gable_text_add(out, ",\n  \"pareto\": ");
    if (r->has_front) {
        gable_text_add(out, "{\"x\": ");
        write_goal(out, &r->front[0]);
        gable_text_add(out, ", \"y\": ");
        write_goal(out, &r->front[1]);
        gable_text_add(out, ", \"points\": ");
        write_points(out, r, r->in_front, r->n_in_front, "    ");
        gable_text_add(out, "}");
    } else {
        gable_text_add(out, "null");
    }
    write_histogram(out, r);
    gable_text_add(out, "\n}\n");
}

/* ---- tables ---- */

/* A row of a table: a point, and which list it is of. */
typedef struct row {
    gable_sweep_found found;
    const char *list;
    double index;
} row;

static const double *value_at(const row *r, size_t offset)
{
    return (const double *)(const void *)((const char *)r + offset);
}

/* "accelerator.hbm.bandwidth" -> "hbm.bandwidth" */
static const char *short_name(const char *path)
{
    const char *last = strrchr(path, '.');
    const char *from = last;
    while (from && from > path && from[-1] != '.')
        from--;
    return from ? from : path;
}

static size_t add_axes(const gable_sweep_result *r, bool all, gable_column *columns, size_t n)
{
    for (int i = 0; i < r->n_axes && n < GABLE_COLUMNS_CAP; i++) {
        const gable_sweep_named_axis *axis = &r->axis[i];
        size_t at = offsetof(row, found) + (axis->words ? offsetof(gable_sweep_found, text)
                                                        : offsetof(gable_sweep_found, value));
        at += (size_t)i * (axis->words ? sizeof(const char *) : sizeof(double));
        if (axis->n == 1.0 && !all) /* the same in all rows */
            continue;
        columns[n++] = (gable_column){.key = axis->key,
                                      .header = all ? axis->key : short_name(axis->key),
                                      .type = axis->words ? GABLE_CELL_TEXT : GABLE_CELL_NUMBER,
                                      .dim = axis->dim,
                                      .offset = at};
    }
    return n;
}

static size_t add_metric(gable_metric m, gable_column *columns, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(columns[i].key, gable_metrics[m].key) == 0)
            return n;
    if (n == GABLE_COLUMNS_CAP)
        return n;
    columns[n] =
        (gable_column){.key = gable_metrics[m].key,
                       .header = gable_metrics[m].header,
                       .type = GABLE_CELL_NUMBER,
                       .dim = gable_metrics[m].dim,
                       .offset = offsetof(row, found) + offsetof(gable_sweep_found, metric) +
                                 (size_t)m * sizeof(double)};
    return n + 1;
}

static const gable_column index_column = {
    .key = "index", .header = "index", .type = GABLE_CELL_NUMBER, .offset = offsetof(row, index)};

/* What people see of a point: what varies, what was asked for, and the usual figures. */
static size_t columns_for_people(const gable_sweep_result *r, gable_column *columns)
{
    static const gable_metric usual[] = {GABLE_METRIC_TIME, GABLE_METRIC_TOKENS_PER_GPU,
                                         GABLE_METRIC_TOKENS_PER_USER};
    size_t n = add_axes(r, false, columns, 0);
    n = add_metric(r->objective.metric, columns, n);
    for (int i = 0; i < 2 && r->has_front; i++)
        n = add_metric(r->front[i].metric, columns, n);
    size_t asked = n;
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
        n = add_metric(usual[i], columns, n);
    for (size_t i = asked; i < n; i++)
        columns[i].drop = (int)(i - asked) + 1;
    return n;
}

enum { ROWS_SHOWN = 1024 };

static int take_rows(const gable_sweep_found *list, int n, const char *name, row *rows, int at)
{
    for (int i = 0; i < n && at < ROWS_SHOWN; i++)
        rows[at++] = (row){.found = list[i], .list = name, .index = (double)list[i].index};
    return at;
}

static void write_list(gable_text *out, const gable_sweep_result *r, const gable_sweep_found *list,
                       int n, gable_format format, int width)
{
    gable_column columns[GABLE_COLUMNS_CAP];
    size_t n_columns = columns_for_people(r, columns);
    for (int from = 0; from < n; from += ROWS_SHOWN) {
        row rows[ROWS_SHOWN];
        int count = take_rows(&list[from], n - from, "", rows, 0);
        gable_table table = {.columns = columns,
                             .n_columns = n_columns,
                             .rows = rows,
                             .row_bytes = sizeof rows[0],
                             .n_rows = (size_t)count};
        gable_table_write(out, &table, format, width);
    }
}

static void write_md(gable_text *out, const gable_sweep_result *r, int width)
{
    write_list(out, r, r->found, r->n_found, GABLE_FORMAT_MD, width);
    if (!r->has_front)
        return;
    gable_text_add(out, "\n");
    write_list(out, r, r->in_front, r->n_in_front, GABLE_FORMAT_MD, width);
}

static void csv_point(gable_text *out, const char *list, const gable_column *columns, size_t n,
                      const gable_sweep_found *f)
{
    row own = {.found = *f, .list = list, .index = (double)f->index};
    char number[GABLE_NUM_TEXT_CAP];
    gable_text_add(out, list);
    for (size_t i = 0; i < n; i++) {
        const double *x = value_at(&own, columns[i].offset);
        gable_text_add(out, ",");
        if (columns[i].type == GABLE_CELL_TEXT) {
            const char *text;
            memcpy(&text, (const char *)&own + columns[i].offset, sizeof text);
            gable_csv_add_cell(out, text);
        } else if (isfinite(*x)) {
            gable_text_add(out, gable_num_print(*x, number));
        }
    }
    gable_text_add(out, "\n");
}

/* All axes and figures; the first column says whether a point is one of the best or of the front.
 */
static void write_csv(gable_text *out, const gable_sweep_result *r, int width)
{
    gable_column columns[GABLE_COLUMNS_CAP + GABLE_N_METRICS + 1] = {index_column};
    size_t n = add_axes(r, true, columns, 1);
    (void)width;
    for (int m = 0; m < GABLE_N_METRICS; m++) {
        columns[n] =
            (gable_column){.key = gable_metrics[m].key,
                           .type = GABLE_CELL_NUMBER,
                           .offset = offsetof(row, found) + offsetof(gable_sweep_found, metric) +
                                     (size_t)m * sizeof(double)};
        n++;
    }
    gable_text_add(out, "list");
    for (size_t i = 0; i < n; i++)
        gable_text_addf(out, ",%s", columns[i].key);
    gable_text_add(out, "\n");
    for (int i = 0; i < r->n_found; i++)
        csv_point(out, "best", columns, n, &r->found[i]);
    for (int i = 0; i < r->n_in_front; i++)
        csv_point(out, "pareto", columns, n, &r->in_front[i]);
}

/* ---- text ---- */

/* 10000000 as 10,000,000. */
static void add_count(gable_text *out, uint64_t n)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, n);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            gable_text_add(out, ",");
        gable_text_add_n(out, &digits[i], 1);
    }
}

static void write_heading(gable_text *out, const gable_sweep_result *r)
{
    const char *between = r->sampled ? ", " : " x ";
    bool first = true;
    gable_text_addf(out, "sweep %s", r->name);
    if (r->why) {
        gable_text_add(out, ": ");
        gable_text_add_safe(out, r->why);
    }
    gable_text_add(out, "\n  points    ");
    add_count(out, r->points);
    if (!gable_sweep_complete(r)) {
        gable_text_add(out, " of ");
        add_count(out, r->total);
    }
    for (int i = 0; i < r->n_axes; i++) {
        if (r->axis[i].n == 1.0)
            continue;
        gable_text_add(out, first ? r->sampled ? "\n  sampled   " : "\n  grid      " : between);
        if (r->axis[i].n > 0.0)
            gable_text_addf(out, "%.0f ", r->axis[i].n);
        gable_text_add(out, short_name(r->axis[i].key));
        first = false;
    }
    gable_text_add(out, "\n  feasible  ");
    add_count(out, r->feasible);
    for (int i = 0; i < r->n_where; i++)
        gable_text_addf(out, "%s%s", i ? ", " : ": ", r->where[i]);
    gable_text_add(out, "\n");
    if (r->refused > 0) {
        gable_text_add(out, "  refused   ");
        add_count(out, r->refused);
        gable_text_addf(out, ", the first (point %" PRIu64 "): ", r->first_refused);
        gable_text_add_safe(out, r->refused_why);
        gable_text_add(out, "\n");
    }
}

static void write_bars(gable_text *out, const gable_sweep_result *r)
{
    enum { BAR = 40 };
    double edges[GABLE_SWEEP_BINS_CAP + 1];
    const gable_sweep_histogram *h = &r->histogram;
    gable_dim dim = gable_metrics[h->metric].dim;
    uint64_t most = 1;
    gable_sweep_edges(h, edges);
    for (int i = 0; i < h->n_bins + 2; i++)
        most = r->bin[i] > most ? r->bin[i] : most;
    gable_text_addf(out, "\n%s of the feasible points\n", gable_metrics[h->metric].key);
    for (int i = 0; i < h->n_bins + 2; i++) {
        char low[GABLE_UNITS_TEXT_CAP];
        bool outside = i == 0 || i == h->n_bins + 1;
        if (outside && r->bin[i] == 0)
            continue;
        gable_units_print(edges[i == 0 ? 0 : i - 1], dim, 3, low);
        gable_text_addf(out, "%s %10s  ", i == 0 ? "below" : " from", low);
        for (uint64_t b = 0; b < r->bin[i] * BAR / most; b++)
            gable_text_add(out, "#");
        gable_text_add(out, " ");
        add_count(out, r->bin[i]);
        gable_text_add(out, "\n");
    }
}

static void write_text(gable_text *out, const gable_sweep_result *r, int width)
{
    write_heading(out, r);
    if (r->n_found > 0) {
        gable_text_addf(out, "\nbest %d by %s %s\n", r->n_found, r->objective.least ? "min" : "max",
                        gable_metrics[r->objective.metric].key);
        write_list(out, r, r->found, r->n_found, GABLE_FORMAT_TEXT, width);
    }
    if (r->n_in_front > 0) {
        gable_text_addf(out, "\nfront of %s %s and %s %s, %d point%s\n",
                        r->front[0].least ? "min" : "max", gable_metrics[r->front[0].metric].key,
                        r->front[1].least ? "min" : "max", gable_metrics[r->front[1].metric].key,
                        r->n_in_front, r->n_in_front == 1 ? "" : "s");
        write_list(out, r, r->in_front, r->n_in_front, GABLE_FORMAT_TEXT, width);
    }
    if (r->histogram.wanted)
        write_bars(out, r);
}

void gable_report_sweep(gable_text *out, const gable_sweep_result *result, gable_format format,
                        int width)
{
    static void (*const writers[GABLE_N_FORMATS])(gable_text *, const gable_sweep_result *, int) = {
        [GABLE_FORMAT_TEXT] = write_text,
        [GABLE_FORMAT_JSON] = write_json,
        [GABLE_FORMAT_CSV] = write_csv,
        [GABLE_FORMAT_MD] = write_md,
    };
    writers[format](out, result, width);
}
