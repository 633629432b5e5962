/* engine/calibrate: rows of a device -> groups -> fits (fit.h). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/fit.h"
#include "engine/kinds_net.h"

gable_status gable_measured_read(gable_arena *arena, const gable_csv *csv, double **seconds,
                                 gable_err *err)
{
    size_t column;
    GABLE_TRY(gable_csv_need(csv, "latency_us", &column, err));
    GABLE_TRY(gable_arena_take(arena, csv->n_rows + 1, sizeof **seconds, seconds, err));
    for (size_t i = 0; i < csv->n_rows; i++) {
        const char *text = csv->cells[i * csv->n_columns + column];
        double value;
        if (!gable_num_parse(text, &value))
            return gable_csv_fail(csv, i, column, err, "\"%.40s\" is not a number", text);
        if (value <= 0.0)
            return gable_csv_fail(csv, i, column, err, "%.40s: expected a time above 0", text);
        (*seconds)[i] = value * 1e-6;
    }
    return GABLE_OK;
}

/* Rows that share constants. */
typedef struct group {
    const char *stack, *version, *dtype, *kernel;
    gable_family family; /* a KIND may hold several: prefill and decode */
    gable_dtype weights;
    gable_mma unit;
    gable_fit_rows rows;
} group;

typedef struct calibrator {
    gable_arena *arena;
    const gable_rows *rows;
    const double *seconds;
    const gable_calibrate_options *options;
    const gable_accelerator *accelerator;
    const gable_system *system; /* that its collectives were measured on; NULL: none */
    gable_constants *silicon;   /* clock and SMs; no kernels */
    group groups[GABLE_FIT_GROUPS_CAP];
    int n_groups;
    int n_unsupported;
    gable_err *err;
} calibrator;

/* Stack of a row that is to be fitted; NULL for rows of other devices and stacks. */
static gable_status stack_of(const calibrator *c, const gable_row *row, const char **stack)
{
    const gable_calibrate_options *o = c->options;
    *stack = NULL;
    if (row->device && strcmp(row->device, o->device) != 0)
        return GABLE_OK;
    if (!row->framework) {
        *stack = o->stack;
        return GABLE_OK;
    }
    bool library;
    GABLE_TRY(gable_stack_of_framework(c->arena, o->hw, row->framework, stack, &library, c->err));
    if (*stack && o->stack && strcmp(*stack, o->stack) != 0)
        *stack = NULL;
    return GABLE_OK;
}

static gable_status find_group(calibrator *c, const char *stack, const gable_work *work,
                               const gable_row *row, group **out)
{
    const char *kernel = row->kernel ? row->kernel : "";
    for (int i = 0; i < c->n_groups; i++) {
        group *g = &c->groups[i];
        bool same = g->family == work->family && g->weights == work->dtype &&
                    g->unit == work->mma && strcmp(g->stack, stack) == 0 &&
                    strcmp(g->kernel, kernel) == 0;
        if (same) {
            *out = g;
            return GABLE_OK;
        }
    }
    if (c->n_groups == GABLE_FIT_GROUPS_CAP)
        return gable_fail(c->err, GABLE_INPUT, "more than %d groups of stack, format and unit",
                          (int)GABLE_FIT_GROUPS_CAP);
    *out = &c->groups[c->n_groups++];
    **out = (group){
        .stack = stack,
        .version = row->version ? row->version : "unknown",
        .dtype = row->dtype,
        .kernel = kernel,
        .rows = {.accelerator = c->accelerator, .constants = c->silicon, .half = c->options->half},
        .family = work->family,
        .weights = work->dtype,
        .unit = work->mma};
    return gable_arena_take(c->arena, c->rows->csv->n_rows, sizeof *(*out)->rows.row,
                            &(*out)->rows.row, c->err);
}

static gable_status add_row(calibrator *c, size_t i, const char *stack)
{
    gable_row *row = &c->rows->row[i];
    gable_work work;
    group *g = NULL;
    if (!row->unsupported)
        GABLE_TRY(gable_row_place(c->arena, c->system, &row->op, &row->unsupported, c->err));
    if (row->unsupported) {
        c->n_unsupported++;
        return GABLE_OK;
    }
    gable_cost_work(&row->op, &work);
    GABLE_TRY(find_group(c, stack, &work, row, &g));
    g->rows.row[g->rows.n++] = (gable_fit_row){.op = &row->op,
                                               .work = work,
                                               .measured_s = c->seconds[i],
                                               .train = gable_row_trains(row),
                                               .draw = row->draw};
    return GABLE_OK;
}

/* Neighbouring rows mostly name the same framework, and reading the stacks is slow: the last answer
 * is kept. */
static gable_status group_rows(calibrator *c)
{
    const char *last = NULL, *stack = NULL;
    bool known = false;
    for (size_t i = 0; i < c->rows->csv->n_rows; i++) {
        const gable_row *row = &c->rows->row[i];
        bool same = known && row->framework && last && strcmp(last, row->framework) == 0;
        if (row->device && strcmp(row->device, c->options->device) != 0)
            continue;
        if (!same)
            GABLE_TRY(stack_of(c, row, &stack));
        known = true;
        last = row->framework;
        if (stack)
            GABLE_TRY(add_row(c, i, stack));
    }
    return GABLE_OK;
}

/* "gemm.csv, 7510 rows, fnv1a 0123456789abcdef": the cells, so that line ends do not matter. */
static gable_status add_source(const calibrator *c, gable_calibration *out)
{
    const gable_csv *csv = c->rows->csv;
    uint64_t hash = 14695981039346656037u;
    char text[256];
    for (size_t i = 0; i < csv->n_rows * csv->n_columns; i++) {
        for (const char *at = csv->cells[i]; *at; at++)
            hash = (hash ^ (unsigned char)*at) * 1099511628211u;
        hash = (hash ^ ',') * 1099511628211u;
    }
    const char *slash = strrchr(csv->file, '/');
    snprintf(text, sizeof text, "%.100s, %zu rows, fnv1a %016" PRIx64,
             slash ? slash + 1 : csv->file, csv->n_rows, hash);
    char *where = gable_arena_copy(c->arena, text, strlen(text));
    GABLE_TRY(gable_arena_take(c->arena, 1, sizeof *out->notes, &out->notes, c->err));
    if (!where)
        return gable_fail(c->err, GABLE_INTERNAL, "arena full");
    out->n_notes = 1;
    out->notes[0] = (gable_source){.id = c->rows->kind->name,
                                   .title = "Measured kernels that gable calibrate fitted to",
                                   .where = where};
    return GABLE_OK;
}

/* A group too small for two halves trains on all of its rows: n_test is 0 then. */
static bool enough_rows(const group *g)
{
    size_t n_train = 0, least = gable_fit_least_rows(g->family);
    for (size_t i = 0; i < g->rows.n; i++)
        n_train += g->rows.row[i].train;
    if (n_train >= least || g->rows.n < least)
        return n_train >= least;
    for (size_t i = 0; i < g->rows.n; i++)
        g->rows.row[i].train = true;
    return true;
}

static gable_status fit_groups(calibrator *c, gable_calibrate_report *out)
{
    gable_calibration *fitted = &out->fitted;
    size_t most = (size_t)c->n_groups + 1;
    GABLE_TRY(gable_arena_take(c->arena, most, sizeof *fitted->entries, &fitted->entries, c->err));
    GABLE_TRY(gable_arena_take(c->arena, most, sizeof *out->certainty, &out->certainty, c->err));
    GABLE_TRY(gable_arena_take(c->arena, most, sizeof *out->curve, &out->curve, c->err));
    GABLE_TRY(gable_arena_take(c->arena, most, sizeof *out->n_curve, &out->n_curve, c->err));
    for (int i = 0; i < c->n_groups; i++) {
        const group *g = &c->groups[i];
        gable_calibrated one = {.family = (int)g->family,
                                .weights = (int)g->weights,
                                .unit = (int)g->unit,
                                .stack = g->stack,
                                .version = g->version,
                                .kernel = g->kernel,
                                .source = c->rows->kind->name,
                                .date = c->options->date};
        if (!enough_rows(g)) {
            out->left_out[out->n_left_out++] = (gable_left_out){g->stack, g->dtype, (int)g->rows.n};
            continue;
        }
        GABLE_TRY(gable_fit_kernel(c->arena, &g->rows, &one, c->err));
        int at = fitted->n_entries++;
        fitted->entries[at] = one;
        GABLE_TRY(gable_fit_certainty(&g->rows, &one, &out->certainty[at], c->err));
        if (c->options->curve)
            GABLE_TRY(gable_fit_curve(c->arena, &g->rows, g->family, out->curve[at],
                                      &out->n_curve[at], c->err));
    }
    return add_source(c, fitted);
}

gable_status gable_calibrate_rows(gable_arena *arena, const gable_rows *rows, const double *seconds,
                                  const gable_calibrate_options *options,
                                  gable_calibrate_report *out, gable_err *err)
{
    calibrator *c;
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *c, &c, err));
    c->arena = arena;
    c->rows = rows;
    c->seconds = seconds;
    c->options = options;
    c->err = err;
    *out = (gable_calibrate_report){.fitted = {.name = options->device}};
    GABLE_TRY(gable_accelerator_load(arena, options->hw, options->device, &c->accelerator, err));
    GABLE_TRY(gable_system_of_device(arena, options->hw, options->device, &c->system, err));
    GABLE_TRY(gable_silicon_load(arena, options->hw, c->accelerator, &c->silicon, err));
    GABLE_TRY(group_rows(c));
    if (c->n_groups == 0)
        return gable_fail(err, GABLE_INPUT, "%s: no row of device %s%s%s that can be fitted",
                          rows->csv->file, options->device, options->stack ? " and stack " : "",
                          options->stack ? options->stack : "");
    out->n_unsupported = c->n_unsupported;
    return fit_groups(c, out);
}
