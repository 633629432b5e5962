/* gable plan: which machine, how many devices, which layout, how many clients: the best within the
 * limits, and why the others are not. */
#include <stdlib.h>
#include <string.h>

#include "cli/plan.h"
#include "machine/power.h"
#include "report/pareto.h"

#define TEXT_ROW(name_, argument_, member, help_)                                                  \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_TEXT, .argument = argument_,                           \
        .offset = offsetof(gable_plan_options, member), .help = help_                              \
    }
#define NUMBER_ROW(name_, dim_, argument_, default_, min_, max_, member, help_)                    \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_QUANTITY, .dim = GABLE_DIM_##dim_,                     \
        .argument = argument_, .default_text = default_, .min = min_, .max = max_,                 \
        .offset = offsetof(gable_plan_options, member), .help = help_                              \
    }
#define INT_ROW(name_, default_, min_, max_, member, help_)                                        \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_INT, .dim = GABLE_DIM_COUNT, .argument = "N",          \
        .default_text = default_, .min = min_, .max = max_,                                        \
        .offset = offsetof(gable_plan_options, member), .help = help_                              \
    }
#define DTYPE_ROW(name_, member, help_)                                                            \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_DTYPE, .argument = "DTYPE",                            \
        .offset = offsetof(gable_plan_options, member), .help = help_                              \
    }
#define CHOICE_ROW(name_, argument_, choices_, default_, member, help_)                            \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_CHOICE, .argument = argument_, .choices = choices_,    \
        .default_text = default_, .offset = offsetof(gable_plan_options, member), .help = help_    \
    }

static const gable_option options[] = {
    TEXT_ROW("model", "NAME|PATH", model, "model: a name of `gable model list`, or a config.json"),
    TEXT_ROW("checkpoint", "NAME", checkpoint,
             "formats of a published checkpoint: a row of workloads/checkpoints.csv"),
    TEXT_ROW("system", "NAME,…", systems, "systems or devices to choose from, by commas"),
    {.name = "stack",
     .type = GABLE_OPTION_TEXT,
     .argument = "STACK",
     .default_text = "vllm",
     .offset = offsetof(gable_plan_options, stack),
     .help = "engine that serves; ideal: no software cost"},
    INT_ROW("gpus", "0", 0.0, 65536.0, gpus, "devices, all paid for; 0: one system of each"),
    NUMBER_ROW("isl", COUNT, "N", "1024", 1.0, 1e9, isl, "tokens of a prompt"),
    NUMBER_ROW("osl", COUNT, "N", "1024", 1.0, 1e9, osl, "tokens of an answer"),
    NUMBER_ROW("length-ratio", NONE, "R", "1", 0.01, 1.0, length_ratio,
               "mean length / --isl and --osl, where those are the most"),
    NUMBER_ROW("ttft", SECONDS, "S", NULL, 0.0, 1e6, ttft, "mean time to first token, at most"),
    NUMBER_ROW("tpot", SECONDS, "S", NULL, 0.0, 1e6, tpot, "mean time per output token, at most"),
    NUMBER_ROW("e2e", SECONDS, "S", NULL, 0.0, 1e9, e2e, "mean time of a whole answer, at most"),
    NUMBER_ROW("rate", NONE, "R", NULL, 0.0, 1e9, rate, "requests per second that must be served"),
    NUMBER_ROW("budget", NONE, "USD", NULL, 0.0, 1e9, budget,
               "of the deployment per hour, at most"),
    NUMBER_ROW("power", NONE, "W", NULL, 0.0, 1e12, power,
               "of the devices at their limit, at most"),
    CHOICE_ROW("objective", "WHAT", gable_objectives, "throughput", objective,
               "what is best: throughput (of a device), cost, energy, gpus (fewest for --rate), "
               "latency"),
    {.name = "disagg",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(gable_plan_options, disagg),
     .help = "also engines for prompts apart from engines for answers"},
    CHOICE_ROW("overlap", "WHAT", gable_overlaps, "none", overlap, "what runs at the same time"),
    NUMBER_ROW("experts-skew", NONE, "A", "0", 0.0, 8.0, skew,
               "Zipf exponent of the experts' popularity; 0 is uniform"),
    INT_ROW("max-pp", "0", 0.0, 4096.0, most_stages, "pipeline stages, at most; 0: any"),
    DTYPE_ROW("weights", weights, "format of the weights instead of the model's"),
    DTYPE_ROW("activations", activations, "format of the activations instead of the model's"),
    DTYPE_ROW("kv", kv, "format of the cache instead of the engine's default"),
    NUMBER_ROW("usd-per-gpu-hour", NONE, "USD", NULL, 0.0, 1e6, usd_per_gpu_hour,
               "price of a device instead of the one in hw/accelerators"),
    GABLE_EDIT_OPTION(gable_plan_options, set),
    INT_ROW("top", "10", 1.0, 8192.0, top, "layouts to list"),
    {.name = "emit",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(gable_plan_options, emit),
     .help = "print the commands that start the engines of the best layout"},
    CHOICE_ROW("format", "FORMAT", gable_formats, "text", format, "form of the answer"),
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .argument = "FILE",
     .offset = offsetof(gable_plan_options, output),
     .help = "the answer, or the Pareto front as a picture (.svg, .png, .pdf)"},
};

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
    GABLE_TRY(gable_power_attach(&cli->arena, cli->hw, &out->machine, &cli->err));
    out->usd_per_gpu_h =
        o->usd_per_gpu_hour > 0.0 ? o->usd_per_gpu_hour : c.machine.accelerator->price_usd_per_h;
    if (o->gpus > domain && alone)
        gable_cli_note("%s has no links to others of its kind: %d devices of it are looked at",
                       c.machine.system->name, domain);
    return GABLE_OK;
}

static gable_status load_offers(gable_cli *cli, const gable_plan_options *o, gable_plan_answer *a)
{
    if (!o->systems || !*o->systems)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--system is needed, for example --system hgx-h100-8,hgx-b200-8");
    char *names = gable_arena_copy(&cli->arena, o->systems, strlen(o->systems)), *rest = NULL;
    if (!names)
        return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
    for (char *name = strtok_r(names, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        if (a->n_offers == GABLE_OFFERS_CAP)
            return gable_fail(&cli->err, GABLE_USAGE, "--system: at most %d at a time",
                              GABLE_OFFERS_CAP);
        GABLE_TRY(load_offer(cli, o, name, &a->offers[a->n_offers]));
        a->n_offers++;
    }
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

static gable_status run(gable_cli *cli, const void *given)
{
    const gable_plan_options *o = given;
    gable_plan_answer *a;
    if (cli->n_arguments > 0)
        return gable_fail(&cli->err, GABLE_USAGE, "unexpected argument \"%.80s\"",
                          cli->arguments[0]);
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *a, &a, &cli->err));
    a->options = o;
    a->goal = (gable_goal){.isl = o->isl,
                           .osl = o->osl,
                           .length_ratio = o->length_ratio,
                           .ttft_s = o->ttft,
                           .tpot_s = o->tpot,
                           .e2e_s = o->e2e,
                           .rate_per_s = o->rate,
                           .usd_per_h = o->budget,
                           .power_w = o->power,
                           .objective = (gable_objective)o->objective,
                           .overlap = (gable_overlap)o->overlap,
                           .skew = o->skew,
                           .all_gpus = o->gpus > 0,
                           .disagg = o->disagg,
                           .most_stages = o->most_stages};
    GABLE_TRY(load_offers(cli, o, a));
    GABLE_TRY(gable_planner_search(&cli->arena, a->offers, a->n_offers, &a->goal, &a->planned,
                                   &cli->err));
    bool picture = o->output && gable_canvas_of(o->output) != GABLE_N_CANVASES;
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
    .options_bytes = sizeof(gable_plan_options),
    .examples =
        "gable plan --model llama-3.1-70b --system hgx-h100-8 --isl 2k --osl 500 --tpot 30ms\n"
        "gable plan --model deepseek-v3 --system hgx-h200-8,hgx-b200-8,gb200-nvl72 --gpus 64 "
        "--ttft 2s --tpot 50ms --objective cost\n"
        "gable plan --model qwen3-235b-a22b --system hgx-h200-8 --gpus 16 --disagg -o front.svg\n"
        "gable plan --model llama-3.1-8b --system l40s-pcie-8 --rate 20 --objective gpus --emit\n",
    .run = run,
};
