/* gable plan: which machine, how many devices, which layout, how many clients: the best within the
 * limits, and why the others are not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/option_rows.h"
#include "cli/plan.h"
#include "report/pareto.h"

/* Rows of the table below. */
#define OWNER gable_plan_options
#define TEXT(...) GABLE_TEXT_ROW(OWNER, __VA_ARGS__)
#define NUMBER(...) GABLE_NUMBER_ROW(OWNER, __VA_ARGS__)
#define INT(...) GABLE_INT_ROW(OWNER, __VA_ARGS__)
#define CHOICE(...) GABLE_CHOICE_ROW(OWNER, __VA_ARGS__)
#define FLAG(...) GABLE_FLAG_ROW(OWNER, __VA_ARGS__)

static const gable_option options[] = {
    GABLE_SERVED_OPTIONS(OWNER),
    TEXT(systems, "system", "NAME,…", "systems or devices to choose from, by commas"),
    GABLE_LENGTH_OPTIONS(OWNER),
    INT(gpus, "gpus", "0", 0.0, 65536.0, "devices, all paid for; 0: one system of each"),
    TEXT(ttft, "ttft", "S[@P]",
         "time to first token, at most; the mean, or @p50, @p90, @p99 of the simulated requests"),
    TEXT(tpot, "tpot", "S[@P]", "time per output token, at most; likewise"),
    TEXT(e2e, "e2e", "S[@P]", "time of a whole answer, at most; likewise"),
    NUMBER(rate, "rate", NONE, "R", NULL, 0.0, 1e9, "requests per second that must be served"),
    NUMBER(budget, "budget", USD_PER_H, "USD", NULL, 0.0, 1e9,
           "of the deployment per hour, at most"),
    NUMBER(
        power, "power", WATTS, "W", NULL, 0.0, 1e12,
        "of the deployment under its load, at most: devices, and hosts where they are published"),
    CHOICE(objective, "objective", "WHAT", gable_objectives, "throughput",
           "what is best: throughput (of a device), cost, energy, gpus (fewest for --rate), "
           "latency"),
    FLAG(disagg, "disagg", "also engines for prompts apart from engines for answers"),
    CHOICE(overlap, "overlap", "WHAT", gable_overlaps, "none", "what runs at the same time"),
    NUMBER(skew, "experts-skew", NONE, "A", "0", 0.0, 8.0,
           "Zipf exponent of the experts' popularity; 0 is uniform"),
    INT(most_stages, "max-pp", "0", 0.0, 4096.0, "pipeline stages, at most; 0: any"),
    GABLE_ENERGY_OPTIONS(OWNER),
    INT(top, "top", "10", 1.0, 8192.0, "layouts to list"),
    FLAG(emit, "emit", "print the commands that start the engines of the best layout"),
    CHOICE(format, "format", "FORMAT", gable_formats, "text", "form of the answer"),
    GABLE_OUTPUT_ROW(OWNER, "the answer, or the Pareto front as a picture"),
};

/* ---- limits ---- */

static gable_status read_statistic(gable_cli *cli, const char *name, const char *text,
                                   gable_statistic *out)
{
    for (int i = 0; i < GABLE_N_STATISTICS; i++)
        if (strcasecmp(gable_statistics[i], text) == 0) {
            *out = (gable_statistic)i;
            return GABLE_OK;
        }
    return gable_fail(&cli->err, GABLE_USAGE,
                      "--%s: \"@%.20s\" is not one of @mean, @p50, @p90, @p99", name, text);
}

/* "2s", "2s@p99". */
static gable_status read_limit(gable_cli *cli, const char *name, const char *text,
                               gable_latency_limit *out)
{
    char why[200], seconds[64];
    *out = (gable_latency_limit){0};
    if (!text)
        return GABLE_OK;
    const char *at = strchr(text, '@');
    size_t length = at ? (size_t)(at - text) : strlen(text);
    gable_units_result result = GABLE_UNITS_NOT_A_NUMBER;
    if (length < sizeof seconds) {
        snprintf(seconds, sizeof seconds, "%.*s", (int)length, text);
        result = gable_units_parse(seconds, GABLE_DIM_SECONDS, true, &out->s);
    }
    if (result != GABLE_UNITS_OK) {
        gable_units_explain(result, length < sizeof seconds ? seconds : text, GABLE_DIM_SECONDS,
                            why, sizeof why);
        return gable_fail(&cli->err, GABLE_USAGE, "--%s: %s", name, why);
    }
    if (!(out->s > 0.0))
        return gable_fail(&cli->err, GABLE_USAGE, "--%s %.60s: expected more than 0 s", name, text);
    return at ? read_statistic(cli, name, at + 1, &out->of) : GABLE_OK;
}

static gable_status read_limits(gable_cli *cli, const gable_plan_options *o, gable_goal *goal)
{
    GABLE_TRY(read_limit(cli, "ttft", o->ttft, &goal->ttft));
    GABLE_TRY(read_limit(cli, "tpot", o->tpot, &goal->tpot));
    return read_limit(cli, "e2e", o->e2e, &goal->e2e);
}

/* ---- what is offered ---- */

/* Replicas for a request rate need no links between them. */
static const double most_devices = 65536.0;

static gable_status load_offer(gable_cli *cli, const gable_plan_options *o, const char *system,
                               gable_offer *out)
{
    gable_case c;
    gable_scenario ignored;
    const gable_dtype fp8 = GABLE_DTYPE_FP8;
    gable_scenario_options scenario = {.model = o->model,
                                       .system = system,
                                       .stack = o->stack,
                                       .checkpoint = o->checkpoint,
                                       .batch = 1.0,
                                       .tp = 1,
                                       .ep = 1,
                                       .weights = o->weights,
                                       .activations = o->activations,
                                       .kv = o->kv,
                                       .set = o->set};
    GABLE_TRY(gable_scenario_read(cli, &scenario, GABLE_PHASE_DECODE, false, &c, &ignored));
    *out = (gable_offer){.model = c.model, .machine = c.machine};
    GABLE_TRY(gable_serving_load(&cli->arena, cli->hw, c.machine.accelerator, o->stack,
                                 &out->constants, &out->rules, &cli->err));
    if (o->kv < 0 && out->rules.kv_fp8 && c.model->kv_dtype == GABLE_DTYPE_BF16)
        GABLE_TRY(
            gable_model_override(&cli->arena, c.model, NULL, NULL, &fp8, &out->model, &cli->err));
    int domain = c.machine.system->n_accelerators;
    bool alone = !(c.machine.system->scale_out_bytes_per_s > 0.0);
    out->n_gpus = o->gpus > 0 && !(alone && o->gpus > domain) ? o->gpus : domain;
    out->most_gpus = o->gpus > 0 ? out->n_gpus : most_devices;
    out->machine.n_nodes = (int)((out->n_gpus + domain - 1.0) / domain);
    GABLE_TRY(gable_energy_attach(cli, &o->energy, &out->machine));
    out->usd_per_gpu_h = o->energy.usd_per_gpu_hour > 0.0 ? o->energy.usd_per_gpu_hour
                                                          : c.machine.accelerator->price_usd_per_h;
    if (o->gpus > domain && alone)
        gable_cli_note("%s has no links to others of its kind: looked at with %d %s",
                       c.machine.system->name, domain, domain > 1 ? "devices" : "device");
    return GABLE_OK;
}

static gable_status load_offers(gable_cli *cli, const gable_plan_options *o, gable_plan_answer *a)
{
    if (!o->systems || !*o->systems)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--system is needed, for example --system hgx-h100-8,hgx-b200-8");
    const char *names[GABLE_OFFERS_CAP];
    GABLE_TRY(gable_cli_names(cli, "system", o->systems, GABLE_OFFERS_CAP, names, &a->n_offers));
    for (int i = 0; i < a->n_offers; i++)
        GABLE_TRY(load_offer(cli, o, names[i], &a->offers[i]));
    return GABLE_OK;
}

/* ---- picture ---- */

static const double picture_timeout_s = 30.0;

static gable_status draw(gable_cli *cli, const gable_plan_answer *a)
{
    const gable_planned *p = &a->planned;
    const gable_gnuplot gnuplot = {getenv("PATH"), picture_timeout_s};
    gable_pareto_point *points = NULL;
    GABLE_TRY(
        gable_arena_take(&cli->arena, (size_t)p->n_front + 1, sizeof *points, &points, &cli->err));
    for (int i = 0; i < p->n_front; i++)
        points[i] = (gable_pareto_point){
            .group = a->offers[p->front[i].offer].machine.system->name,
            .x = p->front[i].tokens_per_s_per_user,
            .y = p->front[i].tokens_per_s_per_gpu,
            .best = p->n_feasible > 0 &&
                    p->front[i].layout.concurrency >= p->best[0].layout.concurrency &&
                    p->front[i].tokens_per_s_per_gpu >= p->best[0].tokens_per_s_per_gpu &&
                    p->front[i].tokens_per_s_per_gpu <= p->best[0].tokens_per_s_per_gpu};
    gable_pareto_request request = {.points = points,
                                    .n_points = (size_t)p->n_front,
                                    .title = a->offers[0].model->name,
                                    .plots = cli->plots};
    return gable_pareto_draw(&cli->arena, &request, &gnuplot, a->options->output, &cli->err);
}

/* As many as people read are simulated, whatever --top lists. */
static const int most_ranked = 5;

/* Engines that only decode have no prompts in their steps. */
static void note_range(const gable_plan_answer *a)
{
    const gable_candidate *first = a->planned.best;
    if (a->planned.n_best == 0 || first->prompt_replicas > 0.0 ||
        gable_serving_in_range(&first->serving.parts))
        return;
    gable_cli_note("%.4g prompts join a step of the first: outside the range of the closed form, "
                   "one at most; gable serve simulates it",
                   gable_serving_refills(&first->serving.parts));
}

static gable_status run(gable_cli *cli, const void *given)
{
    const gable_plan_options *o = given;
    gable_plan_answer *a;
    if (o->emit && o->format != GABLE_FORMAT_TEXT)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--emit prints commands, --format %s lists layouts: expected one",
                          gable_formats[o->format]);
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *a, &a, &cli->err));
    a->options = o;
    a->goal = (gable_goal){.isl = o->isl,
                           .osl = o->osl,
                           .length_ratio = o->length_ratio,
                           .rate_per_s = o->rate,
                           .usd_per_h = o->budget,
                           .power_w = o->power,
                           .objective = (gable_objective)o->objective,
                           .overlap = (gable_overlap)o->overlap,
                           .skew = o->skew,
                           .all_gpus = o->gpus > 0,
                           .disagg = o->disagg,
                           .most_stages = o->most_stages,
                           .n_ranked = o->top < most_ranked ? o->top : most_ranked};
    if (o->osl < 2.0)
        gable_cli_note("--osl 1: answers of 2 tokens are priced, one has no time per token");
    GABLE_TRY(read_limits(cli, o, &a->goal));
    GABLE_TRY(load_offers(cli, o, a));
    GABLE_TRY(gable_planner_search(&cli->arena, a->offers, a->n_offers, &a->goal, &a->planned,
                                   &cli->err));
    note_range(a);
    gable_canvas canvas = o->output ? gable_canvas_of(o->output) : GABLE_N_CANVASES;
    bool picture = canvas != GABLE_N_CANVASES && canvas != GABLE_CANVAS_TERMINAL;
    if (picture)
        GABLE_TRY(draw(cli, a));
    GABLE_TRY(o->emit ? gable_plan_launch(cli, a) : gable_plan_write(cli, a));
    if (!picture)
        GABLE_TRY(gable_scenario_deliver(cli, o->output));
    return a->planned.n_feasible > 0 ? GABLE_OK : GABLE_DIFFERS;
}

const gable_command gable_command_plan = {
    .name = "plan",
    .summary = "the best machine, layout and load within limits, and why others are not",
    .arguments = "",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .draws = ".svg .png .pdf",
    .options_bytes = sizeof(gable_plan_options),
    .examples =
        "gable plan --model llama-3.1-70b --system hgx-h100-8 --isl 2k --osl 500 --tpot 30ms\n"
        "gable plan --model deepseek-v3 --system hgx-h200-8,hgx-b200-8,gb200-nvl72 --gpus 64 "
        "--ttft 2s --tpot 50ms --objective cost\n"
        "gable plan --model llama-3.1-70b --system hgx-h100-8 --isl 2k --osl 500 --ttft 1s@p99 "
        "--tpot 40ms@p99\n"
        "gable plan --model qwen3-235b-a22b --system hgx-h200-8 --gpus 16 --disagg -o front.svg\n"
        "gable plan --model llama-3.1-8b --system l40s-pcie-8 --rate 20 --objective gpus --emit\n",
    .run = run,
};
