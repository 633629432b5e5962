/* engine/recipes: see recipes.h. */
#include "engine/recipes.h"

#include <math.h>
#include <string.h>

/* X(member, column); numbers may be empty. */
#define NAME_LIST(X) X(framework) X(device) X(model) X(precision) X(before)
#define NUMBER_LIST(X)                                                                             \
    X(isl, "isl")                                                                                  \
    X(osl, "osl")                                                                                  \
    X(tp_most, "tp_most")                                                                          \
    X(concurrency_least, "concurrency_least")                                                      \
    X(concurrency_most, "concurrency_most")                                                        \
    X(step_prompts, "step_prompts")                                                                \
    X(intake.graph_tokens, "graph_tokens")                                                         \
    X(intake.step_tokens, "step_tokens")                                                           \
    X(intake.wait_frac, "wait_frac")

static gable_status take_number(const gable_csv *csv, size_t row, const char *name, double *out,
                                gable_err *err)
{
    size_t column;
    GABLE_TRY(gable_csv_need(csv, name, &column, err));
    const char *text = csv->cells[row * csv->n_columns + column];
    *out = 0.0;
    if (!*text || (gable_num_parse(text, out) && *out >= 0.0 && *out <= 1e9))
        return GABLE_OK;
    return gable_csv_fail(csv, row, column, err, "expected a number from 0 to 1e9, got \"%.40s\"",
                          text);
}

static gable_status take_row(const gable_csv *csv, size_t row, gable_recipe *out, gable_err *err)
{
    size_t column;
    double poll, wait;
#define TAKE_NAME(member)                                                                          \
    GABLE_TRY(gable_csv_need(csv, #member, &column, err));                                         \
    out->member = csv->cells[row * csv->n_columns + column];
    NAME_LIST(TAKE_NAME)
#undef TAKE_NAME
#define TAKE_NUMBER(member, name) GABLE_TRY(take_number(csv, row, name, &out->member, err));
    NUMBER_LIST(TAKE_NUMBER)
#undef TAKE_NUMBER
    GABLE_TRY(take_number(csv, row, "poll_steps", &poll, err));
    GABLE_TRY(take_number(csv, row, "wait_steps", &wait, err));
    out->intake.poll_steps = (int)poll;
    out->intake.wait_steps = (int)wait;
    return GABLE_OK;
}

gable_status gable_recipes_read(gable_arena *arena, const char *path, gable_recipes *out,
                                gable_err *err)
{
    gable_csv csv;
    gable_recipe *rows;
    GABLE_TRY(gable_csv_read(arena, path, &csv, err));
    GABLE_TRY(gable_arena_take(arena, csv.n_rows + 1, sizeof *rows, &rows, err));
    for (size_t i = 0; i < csv.n_rows; i++)
        GABLE_TRY(take_row(&csv, i, &rows[i], err));
    *out = (gable_recipes){.row = rows, .n = csv.n_rows};
    return GABLE_OK;
}

static bool is_of(const char *wanted, const char *has)
{
    return !*wanted || strcmp(wanted, has) == 0;
}

static bool is_before(const char *day, const char *measured)
{
    return !*day || (*measured && strcmp(measured, day) < 0);
}

static bool is_size(double wanted, double has)
{
    return !(wanted > 0.0) || fabs(wanted - has) < 0.5;
}

static bool covers(const gable_recipe *r, const gable_recipe_key *key,
                   const gable_serving_request *q)
{
    return is_of(r->framework, key->framework) && is_of(r->device, key->device) &&
           is_of(r->model, key->model) && is_of(r->precision, key->precision) &&
           is_before(r->before, key->measured) && is_size(r->isl, q->isl) &&
           is_size(r->osl, q->osl) && (!(r->tp_most > 0.0) || q->tp <= r->tp_most) &&
           q->concurrency >= r->concurrency_least &&
           (!(r->concurrency_most > 0.0) || q->concurrency <= r->concurrency_most);
}

/* Budgets come in whole kernels' tiles of 64. */
static double budget_of(const gable_recipe *r, const gable_serving_request *q)
{
    if (r->step_prompts > 0.0)
        return 64.0 * ceil((r->step_prompts * q->isl + q->concurrency + 64.0) / 64.0);
    return r->intake.step_tokens;
}

void gable_recipes_apply(const gable_recipes *recipes, const gable_recipe_key *key,
                         gable_serving_request *request)
{
    gable_serving_intake *own = &request->intake;
    size_t i = 0;
    while (i < recipes->n && !covers(&recipes->row[i], key, request))
        i++;
    if (i == recipes->n)
        return;
    const gable_serving_intake *of = &recipes->row[i].intake;
    if (!(own->step_tokens > 0.0))
        own->step_tokens = budget_of(&recipes->row[i], request);
    own->graph_tokens = own->graph_tokens > 0.0 ? own->graph_tokens : of->graph_tokens;
    own->poll_steps = own->poll_steps > 0 ? own->poll_steps : of->poll_steps;
    own->wait_steps = own->wait_steps > 0 ? own->wait_steps : of->wait_steps;
    own->wait_frac = own->wait_frac > 0.0 ? own->wait_frac : of->wait_frac;
}
