/* engine/sensitivity: see sensitivity.h. */
#include "engine/sensitivity.h"

#include <math.h>
#include <stdlib.h>

/* Widths in ln(field). Kernels choose tiles and splits, so that the time has small steps: a width
 * far above rounding and well above those steps; the two widths that agree best are taken. */
static const double widths[] = {0.04, 0.02, 0.01, 0.005};
enum { N_WIDTHS = sizeof widths / sizeof widths[0] };

static const double tenth = 1.1;
static const double least_elasticity = 1e-6;

typedef struct probe {
    const gable_plan *plan;
    gable_edit edit;
    gable_step step;
    double ceiling_s;
} probe;

static double time_at(probe *p, const gable_edit_field *field, double value)
{
    gable_edit_set(&p->edit, field, value);
    gable_engine_price(p->plan, &p->edit.machine, &p->step);
    p->ceiling_s = p->step.ceiling_s_total;
    return p->step.time_s_total;
}

typedef struct slope {
    double expected, ceiling;
} slope;

static slope central(probe *p, const gable_edit_field *field, double base, double width)
{
    double high = time_at(p, field, base * exp(width)), high_ceiling = p->ceiling_s;
    double low = time_at(p, field, base * exp(-width)), low_ceiling = p->ceiling_s;
    return (slope){log(high / low) / (2.0 * width),
                   low_ceiling > 0.0 ? log(high_ceiling / low_ceiling) / (2.0 * width) : 0.0};
}

static bool is_rate(gable_dim dim)
{
    return dim == GABLE_DIM_BYTES_PER_S || dim == GABLE_DIM_FLOPS_PER_S ||
           dim == GABLE_DIM_OPS_PER_S || dim == GABLE_DIM_HERTZ;
}

/* Of two widths, one twice the other, without the error that goes with the square (Richardson). */
static double extrapolate(double wide, double narrow)
{
    return (4.0 * narrow - wide) / 3.0;
}

/* What is rough is not extrapolated. */
static const double rough = 0.002;

/* To what differences of doubles are good for: equal on all machines. */
static double rounded(double x)
{
    return round(1e9 * x) / 1e9 + 0.0;
}

static void differentiate(probe *p, gable_elasticity *row)
{
    const gable_edit_field *field = &row->field;
    double base_s = time_at(p, field, row->base);
    row->saved_frac = 1.0 - time_at(p, field, row->base * tenth) / base_s;
    row->error = HUGE_VAL;
    slope last = central(p, field, row->base, widths[0]);
    for (int w = 1; w < N_WIDTHS; w++) {
        slope here = central(p, field, row->base, widths[w]);
        double error = fabs(here.expected - last.expected);
        if (error < row->error) {
            row->error = error;
            row->elasticity =
                error < rough ? extrapolate(last.expected, here.expected) : here.expected;
        }
        row->ceiling_elasticity = extrapolate(last.ceiling, here.ceiling);
        last = here;
    }
    row->elasticity = rounded(row->elasticity);
    row->ceiling_elasticity = rounded(row->ceiling_elasticity);
    row->saved_frac = rounded(row->saved_frac);
    row->error = rounded(row->error);
    gable_edit_reset(&p->edit);
}

/* The system's rate that the loader took from the device. */
static bool follows(const gable_edit *edit, const gable_edit_field *field)
{
    const gable_system *s = edit->base.system;
    const gable_accelerator *a = edit->base.accelerator;
    double of_device =
        s->fabric == GABLE_FABRIC_PCIE ? a->host_bytes_per_s : a->scale_up_bytes_per_s;
    return field->part == GABLE_EDIT_SYSTEM &&
           field->row->offset == offsetof(gable_system, scale_up_bytes_per_s) &&
           s->scale_up_bytes_per_s == of_device;
}

static int larger(const void *a, const void *b)
{
    const gable_elasticity *x = a, *y = b;
    double p = fabs(x->elasticity), q = fabs(y->elasticity);
    return p != q ? (p < q) - (p > q) : x->field.index - y->field.index;
}

gable_status gable_sensitivity_run(gable_arena *arena, const gable_whatif_step *step,
                                   gable_sensitivity *out, gable_err *err)
{
    probe *p;
    int n = gable_edit_count();
    *out = (gable_sensitivity){.n = 0};
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *p, &p, err));
    GABLE_TRY(gable_arena_take(arena, (size_t)n, sizeof *out->rows, &out->rows, err));
    p->plan = step->plan;
    GABLE_TRY(gable_edit_open(arena, step->machine, &p->edit, err));
    GABLE_TRY(gable_step_init(arena, step->plan, &p->step, err));
    for (int i = 0; i < n; i++) {
        gable_elasticity row = {.error = 0.0};
        gable_edit_at(i, &row.field);
        row.base = gable_edit_get(&p->edit, &row.field);
        row.rate = is_rate(row.field.row->dim);
        if (row.field.row->type != GABLE_FIELD_NUMBER || row.base <= 0.0 ||
            follows(&p->edit, &row.field))
            continue;
        differentiate(p, &row);
        double either = fmax(fabs(row.elasticity), fabs(row.ceiling_elasticity));
        if (fmax(either, row.error) < least_elasticity) {
            out->n_without++;
            continue;
        }
        out->rates_sum -= row.rate ? row.elasticity : 0.0;
        out->ceiling_rates_sum -= row.rate ? row.ceiling_elasticity : 0.0;
        out->rows[out->n++] = row;
    }
    out->rates_sum = rounded(out->rates_sum);
    out->ceiling_rates_sum = rounded(out->ceiling_rates_sum);
    out->fixed_frac = rounded(1.0 - out->rates_sum);
    qsort(out->rows, (size_t)out->n, sizeof *out->rows, larger);
    return GABLE_OK;
}
