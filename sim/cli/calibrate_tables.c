/* cli/calibrate_tables: see calibrate_tables.h. */
#include "cli/calibrate_tables.h"

#include <math.h>

const char *const gable_calibrate_tables[] = {"kernels", "constants", "curve", NULL};

/* Group of rows that a line is about: the first member of all lines. */
typedef struct group {
    const char *stack, *version, *weights, *unit, *kernel;
} group;

static group group_of(const gable_calibrated *e)
{
    return (group){.stack = e->stack,
                   .version = e->version,
                   .weights = gable_dtype_name((gable_dtype)e->weights),
                   .unit = gable_mma_key((gable_mma)e->unit),
                   .kernel = e->kernel};
}

#define GROUP_CELLS                                                                                \
    GABLE_CELL(group, stack, "stack", TEXT, 0), GABLE_CELL(group, version, "version", TEXT, 5),    \
        GABLE_CELL(group, weights, "weights", TEXT, 0), GABLE_CELL(group, unit, "unit", TEXT, 0),  \
        GABLE_CELL(group, kernel, "kernel", TEXT, 4)

typedef struct kernel_line {
    group group;
    int n_train, n_test, n_constants, n_data;
    double sigma_ln, median_frac, p90_frac, bias_frac;
} kernel_line;

static const gable_column kernel_columns[] = {
    GROUP_CELLS,
    GABLE_CELL(kernel_line, n_train, "train", INT, 0),
    GABLE_CELL(kernel_line, n_test, "test", INT, 0),
    GABLE_CELL(kernel_line, sigma_ln, "sigma", NUMBER, 2),
    GABLE_CELL(kernel_line, median_frac, "median", SHARE, 0),
    GABLE_CELL(kernel_line, p90_frac, "p90", SHARE, 0),
    GABLE_CELL(kernel_line, bias_frac, "bias", SHARE, 1),
    GABLE_CELL(kernel_line, n_constants, "constants", INT, 3),
    GABLE_CELL(kernel_line, n_data, "by data", INT, 3),
};

static size_t add_kernel(const gable_calibrate_report *report, int i, void *out)
{
    const gable_calibrated *e = &report->fitted.entries[i];
    *(kernel_line *)out = (kernel_line){.group = group_of(e),
                                        .n_train = e->n_train,
                                        .n_test = e->n_test,
                                        .n_constants = report->certainty[i].n,
                                        .n_data = report->certainty[i].n_data,
                                        .sigma_ln = e->sigma_ln,
                                        .median_frac = e->median_frac,
                                        .p90_frac = e->p90_frac,
                                        .bias_frac = e->bias_frac};
    return 1;
}

typedef struct constant_line {
    group group;
    const char *constant, *by, *pair;
    double value, prior, prior_ln, error_ln, error_of_prior_frac, correlation;
} constant_line;

static const gable_column constant_columns[] = {
    GROUP_CELLS,
    GABLE_CELL(constant_line, constant, "constant", TEXT, 0),
    GABLE_CELL(constant_line, value, "value", NUMBER, 0),
    GABLE_CELL(constant_line, prior, "prior", NUMBER, 2),
    GABLE_CELL(constant_line, prior_ln, "spread", NUMBER, 3),
    GABLE_CELL(constant_line, error_ln, "error", NUMBER, 0),
    GABLE_CELL(constant_line, error_of_prior_frac, "of prior", SHARE, 0),
    GABLE_CELL(constant_line, by, "by", TEXT, 0),
    GABLE_CELL(constant_line, pair, "goes with", TEXT, 2),
    GABLE_CELL(constant_line, correlation, "r", NUMBER, 3),
};

static size_t add_constants(const gable_calibrate_report *report, int i, void *out)
{
    const gable_certainty *known = &report->certainty[i];
    for (int j = 0; j < known->n; j++) {
        const gable_certain *c = &known->constant[j];
        ((constant_line *)out)[j] =
            (constant_line){.group = group_of(&report->fitted.entries[i]),
                            .constant = c->parameter->name,
                            .by = gable_verdict_name(c->verdict),
                            .pair = c->pair,
                            .value = c->value,
                            .prior = c->parameter->centre,
                            .prior_ln = c->parameter->spread,
                            .error_ln = c->error_ln,
                            .error_of_prior_frac = c->error_ln / c->parameter->spread,
                            .correlation = c->pair ? c->correlation : (double)NAN};
    }
    return (size_t)known->n;
}

typedef struct curve_line {
    group group;
    int n_train, n_draws, n_test;
    double median_frac, p90_frac, worst_p90_frac;
} curve_line;

static const gable_column curve_columns[] = {
    GROUP_CELLS,
    GABLE_CELL(curve_line, n_train, "train", INT, 0),
    GABLE_CELL(curve_line, n_draws, "draws", INT, 0),
    GABLE_CELL(curve_line, n_test, "test", INT, 0),
    GABLE_CELL(curve_line, median_frac, "median", SHARE, 0),
    GABLE_CELL(curve_line, p90_frac, "p90", SHARE, 0),
    GABLE_CELL(curve_line, worst_p90_frac, "worst p90", SHARE, 1),
};

static size_t add_curve(const gable_calibrate_report *report, int i, void *out)
{
    for (int j = 0; j < report->n_curve[i]; j++) {
        const gable_curve_point *point = &report->curve[i][j];
        ((curve_line *)out)[j] = (curve_line){.group = group_of(&report->fitted.entries[i]),
                                              .n_train = point->n_train,
                                              .n_draws = point->n_draws,
                                              .n_test = report->fitted.entries[i].n_test,
                                              .median_frac = point->median_frac,
                                              .p90_frac = point->p90_frac,
                                              .worst_p90_frac = point->worst_p90_frac};
    }
    return (size_t)report->n_curve[i];
}

#define TABLE(columns_, line_, add_, most_)                                                        \
    {                                                                                              \
        (columns_), sizeof(columns_) / sizeof(columns_)[0], sizeof(line_), (most_), add_           \
    }
static const struct {
    const gable_column *columns;
    size_t n_columns, line_bytes, most_lines; /* of a group */
    size_t (*add)(const gable_calibrate_report *report, int i, void *out);
} tables[GABLE_N_CALIBRATE_TABLES] = {
    [GABLE_CALIBRATE_KERNELS] = TABLE(kernel_columns, kernel_line, add_kernel, 1),
    [GABLE_CALIBRATE_CONSTANTS] =
        TABLE(constant_columns, constant_line, add_constants, GABLE_PARAMETERS_CAP),
    [GABLE_CALIBRATE_CURVE] = TABLE(curve_columns, curve_line, add_curve, GABLE_CURVE_POINTS_CAP),
};

gable_status gable_calibrate_write(gable_cli *cli, const char *kind,
                                   const gable_calibrate_report *report,
                                   gable_calibrate_table which, gable_format format)
{
    char *lines;
    size_t n = 0, bytes = tables[which].line_bytes;
    size_t most = (size_t)report->fitted.n_entries * tables[which].most_lines;
    GABLE_TRY(gable_arena_take(&cli->arena, most + 1, bytes, &lines, &cli->err));
    for (int i = 0; i < report->fitted.n_entries; i++)
        n += tables[which].add(report, i, lines + n * bytes);
    gable_table table = {.columns = tables[which].columns,
                         .n_columns = tables[which].n_columns,
                         .rows = lines,
                         .row_bytes = bytes,
                         .n_rows = n};
    bool json = format == GABLE_FORMAT_JSON;
    if (json)
        gable_text_addf(&cli->out,
                        "{\n  \"schema\": \"gable.calibrate/1\",\n  \"kind\": \"%s\",\n"
                        "  \"device\": \"%s\",\n  \"%s\": ",
                        kind, report->fitted.name, gable_calibrate_tables[which]);
    gable_table_write(&cli->out, &table, format, cli->width);
    if (json)
        gable_text_add(&cli->out, "\n}\n");
    return GABLE_OK;
}
