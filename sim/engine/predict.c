/* engine/predict: see predict.h. */
#include "engine/predict.h"

#include <math.h>
#include <string.h>

#include "engine/kinds_net.h"

enum { PRICERS_CAP = 512, STACKS_CAP = 64, KERNELS_CAP = 256 };

/* Constants of one kernel of a pricer; found when the first row asks for them. */
typedef struct named {
    const char *kernel;
    gable_family family;
    gable_dtype weights;
    gable_mma unit;
    const gable_kernel_constants *constants;
} named;

/* One device under one stack; loaded when the first row asks for it. */
typedef struct pricer {
    const char *device, *stack;
    const gable_accelerator *accelerator;
    const gable_system *system; /* that tables of the device were measured on; NULL: none */
    const gable_constants *constants;
    named *kernels;
    int n_kernels;
} pricer;

typedef struct predictor {
    gable_arena *arena;
    const gable_rows *rows;
    const gable_predict_options *options;
    pricer pricers[PRICERS_CAP];
    int n_pricers;
    struct {
        const char *framework, *stack; /* stack NULL: none stands for it */
    } stacks[STACKS_CAP];
    int n_stacks;
    gable_err *err;
} predictor;

/* NULL in *stack: no stack stands for the framework of this row. */
static gable_status find_stack(predictor *p, const gable_row *row, const char **stack)
{
    *stack = p->options->stack;
    if (p->options->force_stack || !row->framework)
        return GABLE_OK;
    for (int i = 0; i < p->n_stacks; i++)
        if (strcmp(p->stacks[i].framework, row->framework) == 0) {
            *stack = p->stacks[i].stack;
            return GABLE_OK;
        }
    bool library;
    GABLE_TRY(gable_stack_of_framework(p->arena, p->options->hw, row->framework, stack, &library,
                                       p->err));
    if (library) /* every stack has it */
        *stack = p->options->stack;
    if (p->n_stacks < STACKS_CAP) {
        p->stacks[p->n_stacks].framework = row->framework;
        p->stacks[p->n_stacks++].stack = *stack;
    }
    return GABLE_OK;
}

static gable_status load_pricer(predictor *p, size_t row, const char *device, pricer *out)
{
    gable_err why = {0};
    const gable_csv *csv = p->rows->csv;
    gable_status status =
        gable_accelerator_load(p->arena, p->options->hw, device, &out->accelerator, &why);
    if (status)
        return gable_fail(p->err, status, "%s:%zu: %s", csv->file, csv->lines[row], why.text);
    GABLE_TRY(gable_system_of_device(p->arena, p->options->hw, device, &out->system, p->err));
    GABLE_TRY(gable_arena_take(p->arena, KERNELS_CAP, sizeof *out->kernels, &out->kernels, p->err));
    return gable_constants_load(p->arena, p->options->hw, out->accelerator, out->stack,
                                &out->constants, p->err);
}

static gable_status find_pricer(predictor *p, size_t row, const char *stack, pricer **out)
{
    const char *device = p->rows->row[row].device;
    const gable_csv *csv = p->rows->csv;
    if (!device)
        device = p->options->device;
    if (!device)
        return gable_fail(p->err, GABLE_INPUT,
                          "%s:%zu: no device, expected a column \"device\" or "
                          "the option --device",
                          csv->file, csv->lines[row]);
    for (int i = p->n_pricers - 1; i >= 0; i--)
        if (strcmp(p->pricers[i].device, device) == 0 && strcmp(p->pricers[i].stack, stack) == 0) {
            *out = &p->pricers[i];
            return GABLE_OK;
        }
    if (p->n_pricers == PRICERS_CAP)
        return gable_fail(p->err, GABLE_INPUT, "%s:%zu: more than %d devices and stacks", csv->file,
                          csv->lines[row], (int)PRICERS_CAP);
    pricer *one = &p->pricers[p->n_pricers];
    *one = (pricer){.device = device, .stack = stack};
    GABLE_TRY(load_pricer(p, row, device, one));
    p->n_pricers++;
    *out = one;
    return GABLE_OK;
}

/* The constants of the kernel that the row names, or of the stack's usual one. */
static gable_status find_kernel(predictor *p, const gable_row *row, const gable_work *work,
                                pricer *with, const gable_kernel_constants **out)
{
    *out = gable_constants_kernel(with->constants, work->family, work->dtype, work->mma,
                                  GABLE_FLAVOUR_USUAL);
    if (!row->kernel || with->constants->ideal)
        return GABLE_OK;
    for (int i = with->n_kernels - 1; i >= 0; i--) {
        const named *n = &with->kernels[i];
        if (n->family == work->family && n->weights == work->dtype && n->unit == work->mma &&
            strcmp(n->kernel, row->kernel) == 0) {
            *out = n->constants;
            return GABLE_OK;
        }
    }
    GABLE_TRY(gable_constants_of_kernel(p->arena, p->options->hw, with->accelerator, with->stack,
                                        work->family, work->dtype, work->mma, row->kernel, out,
                                        p->err));
    if (with->n_kernels < KERNELS_CAP)
        with->kernels[with->n_kernels++] =
            (named){row->kernel, work->family, work->dtype, work->mma, *out};
    return GABLE_OK;
}

static gable_status price(predictor *p, gable_row *row, pricer *with, gable_prediction *out)
{
    gable_work work;
    const gable_kernel_constants *kernel = NULL;
    GABLE_TRY(gable_row_place(p->arena, with->system, &row->op, &row->unsupported, p->err));
    if (row->unsupported)
        return GABLE_OK;
    gable_cost_work(&row->op, &work);
    GABLE_TRY(find_kernel(p, row, &work, with, &kernel));
    if (with->constants->ideal)
        gable_cost_time(&row->op, &work, with->accelerator, with->constants, &out->time);
    else
        gable_cost_time_with(&row->op, &work, with->accelerator, with->constants, kernel,
                             &out->time);
    double spread = exp(GABLE_P90_DEVIATE * out->time.sigma_ln);
    out->supported = true;
    out->p10_s = out->time.time_s / spread;
    out->p90_s = out->time.time_s * spread;
    out->stack = with->stack;
    out->from = kernel ? kernel->from : "datasheet";
    return GABLE_OK;
}

gable_status gable_predict_rows(gable_arena *arena, const gable_rows *rows,
                                const gable_predict_options *options, gable_prediction **out,
                                gable_err *err)
{
    predictor *p;
    GABLE_TRY(gable_arena_take(arena, rows->csv->n_rows + 1, sizeof **out, out, err));
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *p, &p, err));
    p->arena = arena;
    p->rows = rows;
    p->options = options;
    p->err = err;
    for (size_t i = 0; i < rows->csv->n_rows; i++) {
        const char *stack;
        pricer *with = NULL;
        GABLE_TRY(find_stack(p, &rows->row[i], &stack));
        if (!stack || rows->row[i].unsupported)
            continue;
        GABLE_TRY(find_pricer(p, i, stack, &with));
        GABLE_TRY(price(p, &rows->row[i], with, &(*out)[i]));
    }
    return GABLE_OK;
}
