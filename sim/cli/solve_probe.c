/* cli/solve_probe: see solve_probe.h. */
#include "cli/solve_probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/options.h"

static const struct {
    const char *name;
    size_t offset;
    double low, high;
} lengths[] = {
    {"batch", offsetof(gable_scenario, batch), 1.0, 1048575.0},
    {"context", offsetof(gable_scenario, n_cached), 1.0, 16777215.0},
    {"new-tokens", offsetof(gable_scenario, n_new), 1.0, 1048575.0},
};
enum { N_LENGTHS = sizeof lengths / sizeof lengths[0] };

/* Ranks and devices come in these numbers. */
static const double wholes[] = {1,   2,   3,   4,   6,   8,   9,   12,  16,  18,
                                24,  32,  36,  40,  48,  64,  72,  96,  128, 144,
                                192, 256, 288, 320, 384, 512, 576, 640, 768, 1024};

/* How far from what a field is the search goes when nothing is said. */
static const double reach = 1e3;

/* ---- evaluation ---- */

static void evaluate(solve_probe *p, gable_case *c, const gable_scenario *scenario,
                     const gable_machine *machine, gable_whatif_side *out)
{
    gable_arena *arena = &p->cli->arena;
    gable_plan plan;
    gable_step step;
    gable_err *err = &p->refusal;
    *err = (gable_err){0};
    size_t mark = gable_arena_mark(arena);
    *out = (gable_whatif_side){.time_s = (double)NAN};
    if (gable_engine_lay(arena, c->model, machine, scenario, &plan, &step, err) == GABLE_OK) {
        const gable_whatif_step one = {&plan, machine, &step};
        gable_whatif_figures(&one, out);
    }
    gable_arena_release(arena, mark);
}

static double miss_of(solve_probe *p, double batch, double other_s)
{
    p->batch = batch;
    return isnan(p->side.time_s) ? (double)NAN
                                 : gable_target_miss(&p->target, &p->side, batch, other_s);
}

static double miss_field(solve_probe *p, double x)
{
    double other_s = p->other_s;
    gable_edit_set(p->edit, &p->field, x);
    evaluate(p, &p->given, &p->scenario, &p->edit->machine, &p->side);
    if (p->other_edit) {
        gable_whatif_side other;
        gable_edit_set(p->other_edit, &p->field, x);
        evaluate(p, &p->other, &p->other_scenario, &p->other_edit->machine, &other);
        other_s = other.time_s;
    }
    return miss_of(p, p->scenario.batch, other_s);
}

static void set_length(gable_scenario *scenario, size_t offset, double value)
{
    memcpy((char *)scenario + offset, &value, sizeof value);
}

static double miss_whole_length(solve_probe *p, size_t offset, double x)
{
    gable_scenario s = p->scenario, t = p->other_scenario;
    double other_s = p->other_s;
    set_length(&s, offset, x);
    evaluate(p, &p->given, &s, &p->given.machine, &p->side);
    if (p->target.kind == GABLE_TARGET_EQUAL) {
        gable_whatif_side other;
        set_length(&t, offset, x);
        evaluate(p, &p->other, &t, &p->other.machine, &other);
        other_s = other.time_s;
    }
    return miss_of(p, s.batch, other_s);
}

/* Between two whole numbers, between their misses. */
static double miss_length(solve_probe *p, double x)
{
    size_t offset = 0;
    for (int i = 0; i < N_LENGTHS; i++)
        if (strcmp(lengths[i].name, p->name) == 0)
            offset = lengths[i].offset;
    double low = floor(x), part = x - low, below = miss_whole_length(p, offset, low);
    return part > 0.0 ? below + part * (miss_whole_length(p, offset, low + 1.0) - below) : below;
}

static double miss_option(solve_probe *p, double x)
{
    gable_cli *cli = p->cli;
    char assignment[64];
    double options[SOLVE_OPTIONS_DOUBLES]; /* aligned for any member */
    gable_case c;
    gable_scenario scenario;
    double miss = (double)NAN;
    p->side.time_s = (double)NAN;
    size_t mark = gable_arena_mark(&cli->arena);
    memcpy(options, p->options, p->command->options_bytes);
    snprintf(assignment, sizeof assignment, "%s=%.0f", p->name, x);
    const gable_scenario_options *changed = (const void *)options;
    if (gable_options_set(p->command, assignment, options, &cli->err) == GABLE_OK &&
        gable_scenario_read(cli, changed, gable_scenario_phase(changed), false, &c, &scenario) ==
            GABLE_OK) {
        evaluate(p, &c, &scenario, &c.machine, &p->side);
        miss = miss_of(p, scenario.batch, p->other_s);
    }
    if (cli->err.status != GABLE_OK)
        p->refusal = cli->err;
    cli->err = (gable_err){0}; /* what cannot be laid out is no answer, and no error */
    gable_arena_release(&cli->arena, mark);
    return miss;
}

double solve_probe_miss(double x, void *context)
{
    solve_probe *p = context;
    if (p->kind == SOLVE_FIELD)
        return miss_field(p, x);
    return p->kind == SOLVE_LENGTH ? miss_length(p, x) : miss_option(p, x);
}

/* ---- opening ---- */

static gable_status open_field(solve_probe *p, const char *name)
{
    gable_cli *cli = p->cli;
    GABLE_TRY(gable_edit_find(name, &p->field, &cli->err));
    p->kind = SOLVE_FIELD;
    p->name = p->field.path;
    if (p->field.row->type == GABLE_FIELD_BOOL || p->field.row->type == GABLE_FIELD_CHOICE)
        return gable_fail(&cli->err, GABLE_USAGE, "%s is no number; compare it with gable whatif",
                          p->field.path);
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *p->edit, &p->edit, &cli->err));
    GABLE_TRY(gable_edit_open(&cli->arena, &p->given.machine, p->edit, &cli->err));
    p->base = gable_edit_get(p->edit, &p->field);
    if (p->target.kind != GABLE_TARGET_EQUAL)
        return GABLE_OK;
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *p->other_edit, &p->other_edit, &cli->err));
    return gable_edit_open(&cli->arena, &p->other.machine, p->other_edit, &cli->err);
}

static bool is_length(const char *name)
{
    for (int i = 0; i < N_LENGTHS; i++)
        if (strcmp(lengths[i].name, name) == 0)
            return true;
    return false;
}

static bool is_whole_option(const gable_command *command, const char *name)
{
    for (size_t i = 0; i < command->n_options; i++)
        if (strcmp(command->options[i].name, name) == 0)
            return command->options[i].type == GABLE_OPTION_INT;
    return false;
}

static gable_status open_unknown(solve_probe *p, const char *name)
{
    if (is_length(name)) {
        p->kind = SOLVE_LENGTH;
        for (int i = 0; i < N_LENGTHS; i++)
            if (strcmp(lengths[i].name, name) == 0) {
                memcpy(&p->base, (const char *)&p->scenario + lengths[i].offset, sizeof p->base);
                p->low = lengths[i].low;
                p->high = lengths[i].high;
            }
        p->name = name;
        return GABLE_OK;
    }
    if (is_whole_option(p->command, name)) {
        p->kind = SOLVE_OPTION;
        p->name = name;
        return GABLE_OK;
    }
    return open_field(p, name);
}

/* An end of the range, in the unknown's unit. */
static gable_status read_end(solve_probe *p, const char *name, const char *text, double *end)
{
    char why[256];
    gable_err *err = &p->cli->err;
    if (!text)
        return GABLE_OK;
    gable_units_result result = gable_units_parse(text, solve_probe_dim(p), true, end);
    gable_units_explain(result, text, solve_probe_dim(p), why, sizeof why);
    if (result != GABLE_UNITS_OK)
        return gable_fail(err, GABLE_USAGE, "--%s: %s", name, why);
    return *end > 0.0 ? GABLE_OK : gable_fail(err, GABLE_USAGE, "--%s: expected more than 0", name);
}

static gable_status choose_range(solve_probe *p)
{
    gable_err *err = &p->cli->err;
    const gable_field *row = p->field.row;
    if (p->kind == SOLVE_FIELD && !solve_probe_whole(p)) {
        double low = p->base > 0.0 ? p->base / reach : row->min;
        double high = p->base > 0.0 ? p->base * reach : row->max;
        if (row->dim == GABLE_DIM_NONE && row->max > 0.0 && high > row->max)
            high = row->max;
        p->low = p->low > 0.0 ? p->low : low;
        p->high = p->high > 0.0 ? p->high : high;
        if (p->low <= 0.0)
            return gable_fail(err, GABLE_USAGE, "%s is 0: --low is needed", p->name);
        GABLE_TRY(gable_edit_check(p->edit, &p->field, p->low, err));
        GABLE_TRY(gable_edit_check(p->edit, &p->field, p->high, err));
    }
    if (solve_probe_whole(p)) {
        p->low = p->low > 0.0 ? p->low : 1.0;
        p->high = p->high > 0.0 ? p->high : 1024.0;
    }
    return p->low < p->high
               ? GABLE_OK
               : gable_fail(err, GABLE_USAGE, "--low %g is not below --high %g", p->low, p->high);
}

static gable_status read_other(solve_probe *p)
{
    gable_cli *cli = p->cli;
    double options[SOLVE_OPTIONS_DOUBLES]; /* aligned for any member */
    memcpy(options, p->options, p->command->options_bytes);
    for (int i = 0; i < p->with.n; i++)
        GABLE_TRY(gable_options_set(p->command, p->with.text[i], options, &cli->err));
    const gable_scenario_options *other = (const void *)options;
    return gable_scenario_read(cli, other, gable_scenario_phase(other), false, &p->other,
                               &p->other_scenario);
}

gable_status solve_probe_open(gable_cli *cli, const gable_command *command,
                              const gable_scenario_options *options, const gable_texts *with,
                              const char *name, const char *target, const char *low,
                              const char *high, solve_probe *out)
{
    gable_priced priced;
    gable_whatif_side side;
    *out = (solve_probe){.cli = cli, .command = command, .options = options, .with = *with};
    GABLE_TRY(gable_target_read(target, &out->target, &cli->err));
    bool equal = out->target.kind == GABLE_TARGET_EQUAL;
    if (equal != (with->n > 0))
        return gable_fail(&cli->err, GABLE_USAGE,
                          equal ? "--for equal needs --with, such as --with ep=1"
                                : "--with is for --for equal");
    GABLE_TRY(gable_scenario_read(cli, options, gable_scenario_phase(options), false, &out->given,
                                  &out->scenario));
    if (equal)
        GABLE_TRY(read_other(out));
    GABLE_TRY(open_unknown(out, name));
    GABLE_TRY(read_end(out, "low", low, &out->low));
    GABLE_TRY(read_end(out, "high", high, &out->high));
    GABLE_TRY(choose_range(out));
    if (out->kind == SOLVE_OPTION && !equal)
        return GABLE_OK; /* the step as given need not be one that can be laid out */
    gable_scenario s = equal ? out->other_scenario : out->scenario;
    gable_case *c = equal ? &out->other : &out->given;
    GABLE_TRY(gable_scenario_price_read(cli, &s, c, &priced));
    const gable_whatif_step step = {priced.plan, priced.machine, priced.step};
    gable_whatif_figures(&step, &side);
    out->other_s = side.time_s;
    return GABLE_OK;
}

gable_dim solve_probe_dim(const solve_probe *probe)
{
    return probe->kind == SOLVE_FIELD ? probe->field.row->dim : GABLE_DIM_COUNT;
}

bool solve_probe_whole(const solve_probe *probe)
{
    return probe->kind == SOLVE_OPTION ||
           (probe->kind == SOLVE_FIELD && probe->field.row->type == GABLE_FIELD_INT);
}

gable_status solve_probe_seek(solve_probe *probe, gable_sought *out)
{
    double values[SOLVE_WHOLE_CAP];
    int n = 0;
    if (!solve_probe_whole(probe))
        return gable_seek(solve_probe_miss, probe, probe->low, probe->high, out, &probe->cli->err);
    for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++)
        if (wholes[i] >= probe->low && wholes[i] <= probe->high)
            values[n++] = wholes[i];
    if (n == 0)
        return gable_fail(&probe->cli->err, GABLE_USAGE, "no whole number from --low to --high");
    gable_seek_whole(solve_probe_miss, probe, values, n, out);
    return GABLE_OK;
}
