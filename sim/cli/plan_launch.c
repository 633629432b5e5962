/* gable plan --emit: command lines that start the engines of a layout. What an engine calls its
 * options is data: hw/stacks/launch.csv, a row an option. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/plan.h"

typedef struct launch {
    gable_cli *cli;
    const gable_plan_answer *answer;
    const gable_serving_request *layout;
    const gable_offer *offer;
} launch;

/* What a row may ask for. */
static double value_of(const launch *l, const char *of, bool *found)
{
    const gable_serving_request *q = l->layout;
    const gable_serving_rules *r = &l->offer->rules;
    double groups = q->attn_dp > 1 ? q->attn_dp : 1.0,
           ranks = q->tp * groups * (q->cp > 1 ? q->cp : 1);
    double domain = l->offer->machine.system->n_accelerators;
    const struct {
        const char *name;
        double value;
    } values[] = {{"tp", q->tp},
                  {"ep", q->ep},
                  {"pp", q->pp},
                  {"cp", q->cp},
                  {"attn_dp", q->attn_dp},
                  {"ranks", ranks},
                  {"nodes", ceil(ranks * (q->pp > 1 ? q->pp : 1) / domain)},
                  {"copies", q->redundant_experts},
                  {"context", q->isl + q->osl},
                  {"clients", q->concurrency},
                  {"clients_of_group", ceil(q->concurrency / groups)},
                  {"step_tokens", r->step_tokens},
                  {"memory_frac", r->memory_frac},
                  {"kv_fp8", l->offer->model->kv_dtype == GABLE_DTYPE_FP8}};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        if (strcmp(values[i].name, of) == 0)
            return values[i].value;
    *found = false;
    return 0.0;
}

/* {n} and {model}. */
static void add_filled(gable_text *out, const char *text, double n, const char *model)
{
    for (const char *c = text; *c; c++) {
        if (strncmp(c, "{n}", 3) == 0) {
            gable_text_addf(out, "%.10g", n);
            c += 2;
        } else if (strncmp(c, "{model}", 7) == 0) {
            gable_text_add_safe(out, model);
            c += 6;
        } else {
            gable_text_add_n(out, c, 1);
        }
    }
}

enum { STACK, OF, ABOVE, TEXT, N_COLUMNS };

static gable_status add_option(const launch *l, const gable_csv *csv, size_t row,
                               const size_t *column, gable_text *out)
{
    const char *const *cell = csv->cells + row * csv->n_columns;
    const char *of = cell[column[OF]], *text = cell[column[TEXT]];
    bool found = true;
    double n = *of ? value_of(l, of, &found) : 1.0;
    if (!found)
        return gable_csv_fail(csv, row, column[OF], &l->cli->err, "unknown value \"%.40s\"", of);
    if (*of && n <= strtod(cell[column[ABOVE]], NULL))
        return GABLE_OK;
    if (*of)
        gable_text_add(out, " \\\n    ");
    add_filled(out, text, n, l->answer->options->model);
    return GABLE_OK;
}

static gable_status add_command(const launch *l, const gable_csv *csv, gable_text *out)
{
    static const char *const names[N_COLUMNS] = {"stack", "of", "above", "text"};
    size_t column[N_COLUMNS];
    bool any = false;
    for (int i = 0; i < N_COLUMNS; i++)
        GABLE_TRY(gable_csv_need(csv, names[i], &column[i], &l->cli->err));
    for (size_t r = 0; r < csv->n_rows; r++) {
        const char *stack = csv->cells[r * csv->n_columns + column[STACK]];
        if (strcmp(stack, l->answer->options->stack) != 0)
            continue;
        any = true;
        GABLE_TRY(add_option(l, csv, r, column, out));
    }
    if (!any)
        return gable_fail(&l->cli->err, GABLE_INPUT, "--emit: %.200s has no rows for stack %.60s",
                          csv->file, l->answer->options->stack);
    gable_text_add(out, "\n");
    return GABLE_OK;
}

static void add_remark(gable_text *out, const char *what, double n, const launch *l)
{
    gable_text_addf(out, "# %s: %.0f engine%s, each on ", what, n, n > 1.0 ? "s" : "");
    gable_scenario one = {0};
    GABLE_RANKS_COPY(&one, l->layout);
    int devices = gable_layout_devices(&one);
    gable_text_addf(out, "%d device%s of ", devices, devices > 1 ? "s" : "");
    gable_text_add_safe(out, l->offer->machine.system->name);
    gable_text_add(out, " (");
    gable_plan_layout(out, l->layout);
    gable_text_add(out, ")\n");
}

gable_status gable_plan_launch(gable_cli *cli, const gable_plan_answer *a)
{
    gable_csv csv;
    if (a->planned.n_feasible == 0) {
        gable_cli_note("nothing is within the limits: there is nothing to start");
        return GABLE_OK;
    }
    const gable_candidate *best = &a->planned.best[0];
    char *path = gable_file_join(&cli->arena, cli->hw, "stacks/launch.csv");
    if (!path)
        return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_csv_read(&cli->arena, path, &csv, &cli->err));
    launch l = {cli, a, &best->layout, &a->offers[best->offer]};
    bool apart = best->prompt_replicas > 0.0;
    add_remark(&cli->out, apart ? "answers" : "the model", best->replicas, &l);
    GABLE_TRY(add_command(&l, &csv, &cli->out));
    if (!apart)
        return GABLE_OK;
    l.layout = &best->prompt_layout;
    add_remark(&cli->out, "prompts", best->prompt_replicas, &l);
    return add_command(&l, &csv, &cli->out);
}
