/* gable solve: the batch or context at which a regime changes, by root finding on the ceiling. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "cli/scenario_options.h"

typedef struct solve_options {
    gable_scenario_options scenario; /* first: its rows are offsets into it */
    bool paper;
} solve_options;

static const gable_option options[] = {
    GABLE_SCENARIO_OPTIONS(gable_phase_choices, "decode"),
    {.name = "paper",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(solve_options, paper),
     .help = "expert-tokens in the convention of the LatentMoE paper"},
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
                          "solve needs what to find: batch, batch-kv, context or expert-tokens");
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

static gable_status run(gable_cli *cli, const void *given)
{
    const solve_options *all = given;
    const gable_scenario_options *o = &all->scenario;
    const question *q = NULL;
    gable_case priced_case;
    gable_priced priced;
    gable_solution solution;
    GABLE_TRY(find_question(cli, &q));
    if (o->format != GABLE_FORMAT_TEXT && o->format != GABLE_FORMAT_JSON)
        return gable_fail(&cli->err, GABLE_USAGE, "solve answers in text or json");
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
    .summary = "the batch or context at which a regime changes",
    .arguments = "batch|batch-kv|context|expert-tokens",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(solve_options),
    .examples = "gable solve batch --model dense-30b --system h100-sxm --context 0\n"
                "gable solve batch-kv --model llama-3.1-8b --system h100-sxm --context 1k\n"
                "gable solve context --model llama-3.1-70b --system hgx-h100-8 --tp 8 --batch 64\n"
                "gable solve expert-tokens --model qwen3-235b-a22b --system gb200-nvl72 --tp 4 "
                "--weights nvfp4 --activations nvfp4 --paper\n",
    .run = run,
};
