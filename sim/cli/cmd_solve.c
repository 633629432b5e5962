/* gable solve: the batch or context at which a regime changes, by root finding on the ceiling. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/solve_probe.h"
#include "cli/solve_table.h"

typedef struct solve_options {
    gable_scenario_options scenario; /* first: its rows are offsets into it */
    bool paper;
    const char *target, *low, *high;
    gable_texts with;
} solve_options;
_Static_assert(sizeof(solve_options) <= SOLVE_OPTIONS_DOUBLES * sizeof(double),
               "solve_probe copies the options");

static const gable_option options[] = {
    GABLE_SCENARIO_OPTIONS(gable_phase_choices, "decode"),
    {.name = "paper",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(solve_options, paper),
     .help = "expert-tokens in the convention of the LatentMoE paper"},
    {.name = "for",
     .type = GABLE_OPTION_TEXT,
     .argument = "TARGET",
     .offset = offsetof(solve_options, target),
     .help = "what the step shall meet: time=5ms, bound=compute, fits, equal …"},
    {.name = "with",
     .type = GABLE_OPTION_TEXTS,
     .argument = "OPTION=VALUE",
     .offset = offsetof(solve_options, with),
     .help = "for equal: what is another in the step to equal, such as ep=1"},
    {.name = "low",
     .type = GABLE_OPTION_TEXT,
     .argument = "VALUE",
     .offset = offsetof(solve_options, low),
     .help = "least value that is tried (default: a thousandth of what is)"},
    {.name = "high",
     .type = GABLE_OPTION_TEXT,
     .argument = "VALUE",
     .offset = offsetof(solve_options, high),
     .help = "largest value that is tried (default: a thousand times what is)"},
};

typedef struct question {
    const char *name;
    gable_solve_kind kind;
    const char *asks, *unit;
} question;

static const question questions[] = {
    {"batch", GABLE_SOLVE_COMPUTE_BOUND_BATCH,
     "batch at which the maths of the weights takes as long as reading them", "sequences"},
    {"batch-kv", GABLE_SOLVE_COMPUTE_BOUND_BATCH_KV,
     "batch at which all maths takes as long as reading weights and cache", "sequences"},
    {"context", GABLE_SOLVE_KV_CONTEXT, "context at which the cache is read as long as the weights",
     "tokens"},
    {"expert-tokens", GABLE_SOLVE_EXPERT_TOKENS,
     "tokens per routed expert at which its maths takes as long as reading it", "tokens"},
};
enum { N_QUESTIONS = sizeof questions / sizeof questions[0] };

static gable_status find_question(gable_cli *cli, const question **found)
{
    const char *names[N_QUESTIONS];
    for (int i = 0; i < N_QUESTIONS; i++)
        names[i] = questions[i].name;
    if (cli->n_arguments != 1)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "solve needs what to find: batch, batch-kv, context or expert-tokens; "
                          "or, with --for, any field of the hardware, batch, context, tp …");
    for (int i = 0; i < N_QUESTIONS; i++)
        if (strcmp(questions[i].name, cli->arguments[0]) == 0) {
            *found = &questions[i];
            return GABLE_OK;
        }
    return gable_cli_unknown(cli, "question", cli->arguments[0], names, N_QUESTIONS);
}

static void write_json(gable_text *out, const question *q, const gable_solution *s)
{
    gable_text_addf(out, "{\"schema\": \"gable.solve/1\", \"question\": \"%s\", \"unit\": \"%s\", ",
                    q->name, q->unit);
    gable_text_addf(out, "\"found\": %s, \"value\": ", s->found ? "true" : "false");
    gable_text_add_json_number(out, s->found ? s->value : (double)NAN);
    gable_text_add(out, ", \"low\": ");
    gable_text_add_json_number(out, s->low);
    gable_text_add(out, ", \"high\": ");
    gable_text_add_json_number(out, s->high);
    gable_text_add(out, ", \"network_to_compute\": ");
    gable_text_add_json_number(out,
                               s->network_to_compute > 0.0 ? s->network_to_compute : (double)NAN);
    gable_text_add(out, ", \"reason\": ");
    if (s->reason)
        gable_text_add_json_string(out, s->reason);
    else
        gable_text_add(out, "null");
    gable_text_add(out, "}\n");
}

static void write_text(gable_text *out, const gable_case *c, const question *q,
                       const gable_solution *s)
{
    gable_text_addf(out, "%s on %s, tp %d: %s\n", c->model->name, c->machine.system->name,
                    c->plan.scenario.tp, q->asks);
    if (s->found)
        gable_text_addf(out, "  %.6g %s\n", s->value, q->unit);
    if (s->network_to_compute > 0.0)
        gable_text_addf(out, "  moving them over the scale-up links takes %.4g times their maths\n",
                        s->network_to_compute);
    if (!s->found)
        gable_text_addf(out, "  none from %.0f to %.0f %s: %s\n", s->low, s->high, q->unit,
                        s->reason);
}

/* ---- --for: any unknown, any target ---- */

/* What the target's figure is at an end of the range, and what takes the time there. */
static void add_end(gable_text *out, solve_probe *p, double x)
{
    char where[GABLE_UNITS_TEXT_CAP], what[GABLE_UNITS_TEXT_CAP];
    gable_units_print(x, solve_probe_dim(p), 4, where);
    double miss = solve_probe_miss(x, p);
    if (isnan(miss) || isnan(p->side.time_s)) {
        gable_text_addf(out, "at %s %s", where, p->refusal.text);
        return;
    }
    const gable_target_text *t = &gable_targets[p->target.kind];
    double figure = gable_target_figure(&p->target, &p->side, p->batch, p->other_s);
    if (p->target.kind == GABLE_TARGET_FITS) {
        char all[GABLE_UNITS_TEXT_CAP];
        gable_text_addf(out, "at %s it takes %s of %s", where,
                        gable_units_print(figure, GABLE_DIM_BYTES, 4, what),
                        gable_units_print(p->side.capacity_bytes, GABLE_DIM_BYTES, 4, all));
        return;
    }
    if (p->target.kind == GABLE_TARGET_BOUND)
        gable_text_addf(out, "at %s %s takes %.0f %% of %s", where,
                        gable_bound_name(p->target.bound), 100.0 * figure,
                        gable_units_print(p->side.time_s, GABLE_DIM_SECONDS, 4, what));
    else
        gable_text_addf(out, "at %s %s is %s", where,
                        p->target.kind == GABLE_TARGET_EQUAL ? "time" : t->name,
                        gable_units_print(figure, t->dim, 4, what));
    if (p->target.kind == GABLE_TARGET_EQUAL) {
        char other[GABLE_UNITS_TEXT_CAP];
        double other_s = figure / exp(miss);
        gable_text_addf(out, ", that of the other %s",
                        gable_units_print(other_s, GABLE_DIM_SECONDS, 4, other));
    }
    gable_text_addf(out, ", mostly %s", p->side.bound);
}

static void add_reason(gable_text *out, solve_probe *p, const gable_sought *s)
{
    bool always = s->at_low <= 0.0;
    gable_text_add(out, isnan(s->at_low) ? "no value can be laid out: "
                        : always         ? "met everywhere: "
                                         : "met nowhere: ");
    add_end(out, p, s->low);
    gable_text_add(out, "; ");
    add_end(out, p, s->high);
}

static void add_value_text(gable_text *out, const solve_probe *p, const gable_sought *s)
{
    char value[GABLE_UNITS_TEXT_CAP], base[GABLE_UNITS_TEXT_CAP];
    gable_dim dim = solve_probe_dim(p);
    if (dim <= GABLE_DIM_COUNT) {
        gable_text_addf(out, "  %.6g", s->value);
        if (p->kind != SOLVE_FIELD)
            gable_text_addf(out, " %s", p->name);
    } else {
        gable_text_addf(out, "  %s", gable_units_print(s->value, dim, 5, value));
    }
    if (p->kind == SOLVE_FIELD && p->base > 0.0)
        gable_text_addf(out, ", x%.4g of %s", s->value / p->base,
                        gable_units_print(p->base, dim, 4, base));
    gable_text_add(out, "\n");
    if (s->crossings > 1)
        gable_text_addf(out, "  the first of %d values at which that changes\n", s->crossings);
}

static void write_sought(gable_text *out, solve_probe *p, const solve_options *o,
                         const gable_sought *s)
{
    char low[GABLE_UNITS_TEXT_CAP], high[GABLE_UNITS_TEXT_CAP];
    const gable_scenario *scenario = &p->scenario;
    gable_text_addf(out, "%s on %s, %s, batch %.10g: %s for %s\n", p->given.model->name,
                    p->given.machine.system->name, gable_phases[scenario->phase], scenario->batch,
                    p->name, o->target);
    if (s->found) {
        add_value_text(out, p, s);
        return;
    }
    gable_dim dim = solve_probe_dim(p);
    gable_text_addf(out, "  no solution in range, %s to %s\n  ",
                    gable_units_print(s->low, dim, 4, low),
                    gable_units_print(s->high, dim, 4, high));
    add_reason(out, p, s);
    gable_text_add(out, "\n");
}

static gable_status write_sought_json(gable_text *out, solve_probe *p, const solve_options *o,
                                      const gable_sought *s, gable_err *err)
{
    gable_text reason = {0};
    gable_text_add(out, "{\"schema\": \"gable.solve/1\", \"unknown\": ");
    gable_text_add_json_string(out, p->name);
    gable_text_add(out, ", \"target\": ");
    gable_text_add_json_string(out, o->target);
    gable_text_addf(out, ", \"unit\": \"%s\", \"found\": %s, \"value\": ",
                    gable_dim_unit(solve_probe_dim(p)), s->found ? "true" : "false");
    gable_text_add_json_number(out, s->found ? s->value : (double)NAN);
    gable_text_add(out, ", \"base\": ");
    gable_text_add_json_number(out, p->base > 0.0 ? p->base : (double)NAN);
    gable_text_add(out, ", \"low\": ");
    gable_text_add_json_number(out, s->low);
    gable_text_add(out, ", \"high\": ");
    gable_text_add_json_number(out, s->high);
    gable_text_addf(out, ", \"crossings\": %d, \"reason\": ", s->crossings);
    if (!s->found)
        add_reason(&reason, p, s);
    if (reason.text)
        gable_text_add_json_string(out, reason.text);
    else
        gable_text_add(out, "null");
    gable_text_add(out, "}\n");
    bool failed = reason.failed;
    gable_text_free(&reason);
    return failed ? gable_fail(err, GABLE_INTERNAL, "out of memory") : GABLE_OK;
}

static gable_status seek(gable_cli *cli, const solve_options *o)
{
    solve_probe *probe;
    gable_sought sought;
    if (cli->n_arguments != 1)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "solve --for needs one unknown: a field such as hbm.bandwidth, batch, "
                          "context, new-tokens, tp …");
    const char *name = cli->arguments[0];
    cli->n_arguments = 0; /* the scenario's own reader takes none */
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *probe, &probe, &cli->err));
    GABLE_TRY(solve_probe_open(cli, &gable_command_solve, &o->scenario, &o->with, name, o->target,
                               o->low, o->high, probe));
    GABLE_TRY(solve_probe_seek(probe, &sought));
    if (o->scenario.format == GABLE_FORMAT_JSON)
        GABLE_TRY(write_sought_json(&cli->out, probe, o, &sought, &cli->err));
    else
        write_sought(&cli->out, probe, o, &sought);
    GABLE_TRY(gable_scenario_deliver(cli, o->scenario.output));
    return sought.found ? GABLE_OK : GABLE_DIFFERS;
}

static gable_status run(gable_cli *cli, const void *given)
{
    const solve_options *all = given;
    const gable_scenario_options *o = &all->scenario;
    const question *q = NULL;
    gable_case priced_case;
    gable_priced priced;
    gable_solution solution;
    bool several = gable_solve_table_asked(o) && !all->target;
    if (!several && o->format != GABLE_FORMAT_TEXT && o->format != GABLE_FORMAT_JSON)
        return gable_fail(&cli->err, GABLE_USAGE, "solve answers in text or json");
    if (all->target)
        return seek(cli, all);
    if (all->low || all->high)
        return gable_fail(&cli->err, GABLE_USAGE, "--low and --high are of --for TARGET");
    GABLE_TRY(find_question(cli, &q));
    cli->n_arguments = 0;
    if (several)
        return gable_solve_table(cli, o, q->kind, all->paper, q->name, q->unit);
    GABLE_TRY(gable_scenario_price_one(cli, o, &priced_case, &priced));
    GABLE_TRY(gable_engine_solve(priced_case.model, &priced_case.machine,
                                 &priced_case.plan.scenario, q->kind, all->paper, &solution,
                                 &cli->err));
    if (o->format == GABLE_FORMAT_JSON)
        write_json(&cli->out, q, &solution);
    else
        write_text(&cli->out, &priced_case, q, &solution);
    return gable_scenario_deliver(cli, o->output);
}

const gable_command gable_command_solve = {
    .name = "solve",
    .summary = "where a regime changes, or what it takes to meet a target",
    .arguments = "batch|batch-kv|context|expert-tokens | UNKNOWN --for TARGET",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(solve_options),
    .examples = "gable solve batch --model dense-30b --system h100-sxm --context 0\n"
                "gable solve batch-kv --model llama-3.1-8b --system h100-sxm --context 1k\n"
                "gable solve context --model llama-3.1-70b --system hgx-h100-8 --tp 8 --batch 64\n"
                "gable solve expert-tokens --model qwen3-235b-a22b --system gb200-nvl72 --tp 4 "
                "--weights nvfp4 --activations nvfp4 --paper\n"
                "gable solve batch --model llama-3.1-8b "
                "--system t4,a100-sxm-80gb,h100-sxm,b200-sxm,rubin\n"
                "gable solve hbm.bandwidth --for time=5ms --model llama-3.1-8b --system h100-sxm\n"
                "gable solve batch --for bound=compute --model llama-3.1-8b --system h100-sxm "
                "--stack ideal\n"
                "gable solve scale_up.bandwidth --for equal --with tp=8 --with attn-dp=1 "
                "--tp 1 --attn-dp 8 --ep 8 --model deepseek-v3 --system hgx-h200-8 --batch 64\n"
                "gable solve tp --for fits --model llama-3.1-405b --system gb200-nvl72 "
                "--context 1M\n",
    .run = run,
};
