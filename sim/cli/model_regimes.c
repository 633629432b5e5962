/* cli/model_regimes: see model_regimes.h. */
#include "cli/model_regimes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/hw_table.h"
#include "engine/engine.h"

enum { SYSTEMS_CAP = 8 };

typedef struct survey {
    gable_cli *cli;
    gable_machine machines[SYSTEMS_CAP];
    int n_systems;
    gable_scenario scenario;
    bool wide; /* Markdown: devices side by side */
    hw_cell *cells;
    size_t n_cells;
} survey;

enum { MODEL, BYTES, FIRST_SYSTEM };

static gable_status load_systems(survey *s, const char *list)
{
    gable_cli *cli = s->cli;
    const char *names[SYSTEMS_CAP];
    GABLE_TRY(gable_cli_names(cli, "systems", list, SYSTEMS_CAP, names, &s->n_systems));
    for (int i = 0; i < s->n_systems; i++)
        GABLE_TRY(gable_machine_load(&cli->arena, cli->hw, names[i], "ideal", &s->machines[i],
                                     &cli->err));
    return GABLE_OK;
}

/* Batches at which decode turns compute-bound: of the weights alone, and with the cache. 0: at
 * none. */
typedef struct turning {
    const char *regime; /* of one sequence */
    double weights_batch, batch;
} turning;

static gable_status find_batch(survey *s, const gable_model *model, int system,
                               gable_solve_kind kind, turning *t, double *batch)
{
    gable_solution solution;
    GABLE_TRY(gable_engine_solve(model, &s->machines[system], &s->scenario, kind, false, &solution,
                                 &s->cli->err));
    *batch = solution.found ? ceil(solution.value) : 0.0;
    t->regime = "memory";
    if (!solution.found && strncmp(solution.reason, "compute", 7) == 0) {
        t->regime = "compute";
        *batch = 1.0;
    }
    return GABLE_OK;
}

/* "memory: 296 / never" */
static gable_status describe(survey *s, const turning *t, const char **text)
{
    char line[80], with_cache[24] = "never", weights[24] = "never";
    if (t->batch > 0.0)
        snprintf(with_cache, sizeof with_cache, "%.0f", t->batch);
    if (t->weights_batch > 0.0)
        snprintf(weights, sizeof weights, "%.0f", t->weights_batch);
    snprintf(line, sizeof line, "%s: %s / %s", t->regime, weights, with_cache);
    *text = gable_arena_copy(&s->cli->arena, line, strlen(line));
    return *text ? GABLE_OK : gable_fail(&s->cli->err, GABLE_INTERNAL, "arena full");
}

static gable_status token_bytes(survey *s, const gable_model *model, double *bytes)
{
    gable_plan plan;
    gable_cli *cli = s->cli;
    size_t mark = gable_arena_mark(&cli->arena);
    gable_status status = gable_layout_plan(&cli->arena, model, &s->scenario, &plan, &cli->err);
    *bytes = 0.0;
    for (int i = 0; status == GABLE_OK && i < plan.n_rows; i++)
        if (plan.kind[i] == GABLE_ROW_OP)
            *bytes += plan.calls[i] * plan.work[i].hbm_bytes;
    gable_arena_release(&cli->arena, mark);
    return status;
}

static gable_status add_model(survey *s, const char *name)
{
    const gable_model *model;
    gable_cli *cli = s->cli;
    double bytes;
    GABLE_TRY(gable_model_load(&cli->arena, cli->workloads, name, &model, &cli->err));
    GABLE_TRY(token_bytes(s, model, &bytes));
    for (int i = 0; i < s->n_systems; i++) {
        turning t;
        const char *text;
        GABLE_TRY(find_batch(s, model, i, GABLE_SOLVE_COMPUTE_BOUND_BATCH, &t, &t.weights_batch));
        GABLE_TRY(find_batch(s, model, i, GABLE_SOLVE_COMPUTE_BOUND_BATCH_KV, &t, &t.batch));
        GABLE_TRY(describe(s, &t, &text));
        if (!s->wide || i == 0) {
            s->cells[s->n_cells++] = (hw_cell){.text = name};
            s->cells[s->n_cells++] = (hw_cell){.number = bytes};
        }
        if (s->wide) {
            s->cells[s->n_cells++] = (hw_cell){.text = text};
            continue;
        }
        s->cells[s->n_cells++] = (hw_cell){.text = s->machines[i].system->name};
        s->cells[s->n_cells++] = (hw_cell){.text = t.regime};
        s->cells[s->n_cells++] = (hw_cell){.number = t.weights_batch};
        s->cells[s->n_cells++] = (hw_cell){.number = t.batch};
    }
    return GABLE_OK;
}

static const hw_column long_columns[] = {
    {.key = "model", .heading = "model", .is_text = true},
    {.key = "hbm_per_token", .heading = "bytes/token", .dim = GABLE_DIM_BYTES},
    {.key = "system", .heading = "system", .is_text = true},
    {.key = "regime", .heading = "batch 1", .is_text = true},
    {.key = "weights_batch", .heading = "flips (weights)", .dim = GABLE_DIM_COUNT},
    {.key = "batch", .heading = "flips (with cache)", .dim = GABLE_DIM_COUNT},
};
enum { N_LONG = sizeof long_columns / sizeof long_columns[0] };

static void write_table(survey *s, int format)
{
    hw_column wide[FIRST_SYSTEM + SYSTEMS_CAP] = {
        [MODEL] = long_columns[MODEL], [BYTES] = long_columns[BYTES]};
    for (int i = 0; i < s->n_systems; i++)
        wide[FIRST_SYSTEM + i] =
            (hw_column){.heading = s->machines[i].system->name, .is_text = true};
    size_t n_columns = s->wide ? (size_t)(FIRST_SYSTEM + s->n_systems) : N_LONG;
    hw_table table = {.columns = s->wide ? wide : long_columns,
                      .n_columns = n_columns,
                      .n_rows = s->n_cells / n_columns,
                      .cells = s->cells};
    bool json = format == HW_JSON;
    gable_text_add(&s->cli->out, json ? "{\"schema\": \"gable.model-regimes/1\", \"rows\": " : "");
    hw_table_add(&s->cli->out, &table, (hw_format)format);
    gable_text_add(&s->cli->out, json ? "}\n" : "");
}

gable_status gable_model_regimes(gable_cli *cli, const char *systems, double context, int format)
{
    static survey empty;
    survey *s;
    const char *const *files;
    size_t n;
    char *folder = gable_file_join(&cli->arena, cli->workloads, "models");
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *s, &s, &cli->err));
    *s = empty;
    s->cli = cli;
    s->wide = format == HW_MD;
    s->scenario = (gable_scenario){
        .phase = GABLE_PHASE_DECODE, .batch = 1, .n_cached = context, .n_new = 1, .tp = 1, .ep = 1};
    if (!folder)
        return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(load_systems(s, systems));
    GABLE_TRY(gable_file_list(&cli->arena, folder, ".json", &files, &n, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, n * SYSTEMS_CAP * N_LONG + 1, sizeof *s->cells,
                               &s->cells, &cli->err));
    for (size_t i = 0; i < n; i++) {
        char *name = gable_arena_copy(&cli->arena, files[i], strlen(files[i]) - strlen(".json"));
        if (!name)
            return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
        GABLE_TRY(add_model(s, name));
    }
    write_table(s, format);
    return GABLE_OK;
}
