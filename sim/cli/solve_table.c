/* cli/solve_table: see solve_table.h. */
#include "cli/solve_table.h"

#include <math.h>
#include <string.h>

typedef struct line {
    const char *system, *reason;
    int year;
    double peak_flops_per_s, hbm_bytes_per_s, ridge_flops_per_byte, value;
} line;

#define COLUMN(key_, header_, type_, dim_, unit_, drop_)                                           \
    {                                                                                              \
        .key = #key_, .header = (header_), .type = GABLE_CELL_##type_, .dim = GABLE_DIM_##dim_,    \
        .unit = (unit_), .offset = offsetof(line, key_), .drop = (drop_)                           \
    }

enum { SYSTEMS_CAP = 32, VALUE_COLUMN = 5, N_COLUMNS = 7 };

bool gable_solve_table_asked(const gable_scenario_options *options)
{
    return options->system && strchr(options->system, ',');
}

static gable_status solve_one(gable_cli *cli, const gable_scenario_options *options,
                              gable_solve_kind kind, bool paper, line *out)
{
    gable_case c;
    gable_priced priced;
    gable_solution solution;
    GABLE_TRY(gable_scenario_price_one(cli, options, &c, &priced));
    GABLE_TRY(gable_engine_solve(c.model, &c.machine, &c.plan.scenario, kind, paper, &solution,
                                 &cli->err));
    const gable_accelerator *a = c.machine.accelerator;
    *out = (line){.system = c.machine.system->name,
                  .year = a->year,
                  .peak_flops_per_s = c.step.ridge_flops_per_byte * a->hbm_bandwidth_bytes_per_s,
                  .hbm_bytes_per_s = a->hbm_bandwidth_bytes_per_s,
                  .ridge_flops_per_byte = c.step.ridge_flops_per_byte,
                  .value = solution.found ? solution.value : (double)NAN,
                  .reason = solution.reason};
    return GABLE_OK;
}

gable_status gable_solve_table(gable_cli *cli, const gable_scenario_options *options,
                               gable_solve_kind kind, bool paper, const char *question,
                               const char *unit)
{
    static const gable_column rows[N_COLUMNS] = {
        COLUMN(system, "system", TEXT, NONE, NULL, 0),
        COLUMN(year, "year", INT, NONE, NULL, 2),
        COLUMN(peak_flops_per_s, "peak", NUMBER, FLOPS_PER_S, NULL, 0),
        COLUMN(hbm_bytes_per_s, "memory", NUMBER, BYTES_PER_S, NULL, 0),
        COLUMN(ridge_flops_per_byte, "ridge", NUMBER, NONE, "FLOP/B", 0),
        COLUMN(value, NULL, NUMBER, NONE, NULL, 0),
        COLUMN(reason, "why none", TEXT, NONE, NULL, 1),
    };
    gable_column columns[N_COLUMNS];
    line lines[SYSTEMS_CAP];
    const char *names[SYSTEMS_CAP];
    int n;
    memcpy(columns, rows, sizeof columns);
    columns[VALUE_COLUMN].header = question;
    columns[VALUE_COLUMN].unit = unit;
    GABLE_TRY(gable_cli_names(cli, "system", options->system, SYSTEMS_CAP, names, &n));
    for (int i = 0; i < n; i++) {
        gable_scenario_options one = *options;
        one.system = names[i];
        GABLE_TRY(solve_one(cli, &one, kind, paper, &lines[i]));
    }
    bool any_reason = false;
    for (int i = 0; i < n; i++)
        any_reason = any_reason || lines[i].reason;
    gable_format format = (gable_format)options->format;
    gable_table table = {.columns = columns,
                         .n_columns =
                             any_reason || format == GABLE_FORMAT_JSON ? N_COLUMNS : N_COLUMNS - 1,
                         .rows = lines,
                         .row_bytes = sizeof *lines,
                         .n_rows = (size_t)n};
    if (format == GABLE_FORMAT_JSON)
        gable_text_addf(&cli->out,
                        "{\n  \"schema\": \"gable.solve/1\",\n  \"question\": \"%s\",\n  "
                        "\"unit\": \"%s\",\n  \"systems\": ",
                        question, unit);
    gable_table_write(&cli->out, &table, format, cli->width);
    if (format == GABLE_FORMAT_JSON)
        gable_text_add(&cli->out, "\n}\n");
    return gable_scenario_deliver(cli, options->output);
}
