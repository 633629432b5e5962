/* engine/predict: see predict.h. */
#include "engine/predict.h"

#include <math.h>
#include <string.h>

enum { PRICERS_CAP = 512, STACKS_CAP = 64 };

/* One device under one stack; loaded when the first row asks for it. */
typedef struct pricer {
    const char *device, *stack;
    const gable_accelerator *accelerator;
    const gable_constants *constants;
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
    GABLE_TRY(gable_stack_of_framework(p->arena, p->options->hw, row->framework, stack, p->err));
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
    return gable_constants_load(p->arena, p->options->hw, out->accelerator, out->stack,
                                &out->constants, p->err);
}

static gable_status find_pricer(predictor *p, size_t row, const char *stack, const pricer **out)
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

static void price(const gable_row *row, const pricer *with, gable_prediction *out)
{
    gable_work work;
    gable_cost_work(&row->op, &work);
    gable_cost_time(&work, with->accelerator, with->constants, &out->time);
    double spread = exp(GABLE_P90_DEVIATE * out->time.sigma_ln);
    out->supported = true;
    out->p10_s = out->time.time_s / spread;
    out->p90_s = out->time.time_s * spread;
    out->stack = with->stack;
    out->from = with->constants->kernel[work.family][work.dtype][work.mma].from;
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
        const pricer *with = NULL;
        GABLE_TRY(find_stack(p, &rows->row[i], &stack));
        if (!stack || rows->row[i].unsupported)
            continue;
        GABLE_TRY(find_pricer(p, i, stack, &with));
        price(&rows->row[i], with, &(*out)[i]);
    }
    return GABLE_OK;
}
