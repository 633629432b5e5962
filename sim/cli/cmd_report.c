/* gable report: one self-contained page that computes in the browser what this program computes. */
#include <stddef.h>
#include <string.h>

#include "cli/rank_options.h"
#include "cli/scenario_options.h"
#include "report/page.h"

typedef struct report_options {
    const char *model, *system, *stack, *checkpoint;
    int phase;
    double batch, skew;
    const char *context, *new_tokens; /* their defaults depend on the phase */
    GABLE_RANK_MEMBERS
    int nodes;
    int weights, activations, kv;
    const char *output;
} report_options;

#define TEXT(name_, argument_, default_, member_, help_)                                           \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_TEXT, .argument = argument_, .default_text = default_, \
        .offset = offsetof(report_options, member_), .help = help_                                 \
    }
#define COUNT(name_, default_, min_, max_, member_, help_)                                         \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_QUANTITY, .dim = GABLE_DIM_COUNT, .argument = "N",     \
        .default_text = default_, .min = min_, .max = max_,                                        \
        .offset = offsetof(report_options, member_), .help = help_                                 \
    }
#define FORMAT(name_, help_)                                                                       \
    {                                                                                              \
        .name = #name_, .type = GABLE_OPTION_DTYPE, .argument = "DTYPE",                           \
        .offset = offsetof(report_options, name_), .help = help_                                   \
    }
#define RANK(member_, name_, help_)                                                                \
    GABLE_RANK_OPTION(report_options, member_, name_, "1", 1.0, help_),

static const gable_option options[] = {
    TEXT("model", "NAME|PATH", NULL, model, "model of `gable model list`, or a config.json"),
    TEXT("system", "NAME|PATH", NULL, system, "system or device of `gable hw list`, or a file"),
    GABLE_CHOICE_OPTION(report_options, phase, "phase", "PHASE", gable_phases, "decode",
                        "what the step does"),
    COUNT("batch", "1", 1.0, 1048576.0, batch, "sequences in the step"),
    TEXT("context", "N", NULL, context,
         "tokens of each sequence already cached (decode 1024, prefill 0)"),
    TEXT("new-tokens", "N", NULL, new_tokens,
         "tokens that each sequence adds (decode 1, prefill 1024)"),
    GABLE_RANK_LIST(RANK) /* tp, ep … */
    GABLE_RANK_OPTION(report_options, nodes, "nodes", "1", 1.0,
                      "systems, connected by their scale-out links"),
    COUNT("experts-skew", "0", 0.0, 8.0, skew, "Zipf exponent of the experts' popularity"),
    TEXT("checkpoint", "NAME", NULL, checkpoint,
         "formats of a published checkpoint: a row of workloads/checkpoints.csv"),
    FORMAT(weights, "format of the weights instead of the model's"),
    FORMAT(activations, "format of the activations instead of the model's"),
    FORMAT(kv, "format of the cache instead of the model's"),
    TEXT("stack", "STACK", "trtllm", stack, "software that runs the kernels; ideal: the ceiling"),
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .argument = "FILE.html",
     .offset = offsetof(report_options, output),
     .help = "the page, whole or not at all; - is standard output"},
};

static gable_status need(gable_cli *cli, const char *value, const char *name, const char *example)
{
    if (value && *value)
        return GABLE_OK;
    return gable_fail(&cli->err, GABLE_USAGE, "--%s is needed, for example --%s %s", name, name,
                      example);
}

static gable_status check_words(gable_cli *cli, const report_options *o)
{
    GABLE_TRY(need(cli, o->model, "model", "llama-3.1-70b"));
    GABLE_TRY(need(cli, o->system, "system", "hgx-h100-8"));
    if (!o->output || !*o->output)
        return gable_fail(&cli->err, GABLE_USAGE, "-o is needed, for example -o report.html");
    return GABLE_OK;
}

/* Beside the templates of an installed program; in the source tree where `make` puts it. */
static const char *find_template(gable_cli *cli)
{
    const char *installed = gable_file_join(&cli->arena, cli->plots, "page.html");
    if (installed && gable_file_exists(installed))
        return installed;
    return gable_file_join(&cli->arena, cli->plots, "../build/page.html");
}

static const char *format_name(int dtype)
{
    return dtype < 0 ? NULL : gable_dtype_name((gable_dtype)dtype);
}

static gable_status read_step(gable_cli *cli, const report_options *o, gable_scenario *out)
{
    bool decode = (gable_phase)o->phase == GABLE_PHASE_DECODE;
    *out = (gable_scenario){.phase = (gable_phase)o->phase, .batch = o->batch, .skew = o->skew};
    GABLE_RANKS_COPY(out, o);
    GABLE_TRY(
        gable_scenario_count(cli, "context", o->context, decode ? 1024.0 : 0.0, &out->n_cached));
    return gable_scenario_count(cli, "new-tokens", o->new_tokens, decode ? 0.0 : 1024.0,
                                &out->n_new);
}

static gable_status run(gable_cli *cli, const void *given)
{
    const report_options *o = given;
    GABLE_TRY(check_words(cli, o));
    gable_scenario scenario;
    GABLE_TRY(read_step(cli, o, &scenario));
    const gable_page_request request = {.template_path = find_template(cli),
                                        .hw = cli->hw,
                                        .workloads = cli->workloads,
                                        .model = o->model,
                                        .system = o->system,
                                        .stack = o->stack,
                                        .scenario = &scenario,
                                        .n_nodes = o->nodes,
                                        .checkpoint = o->checkpoint,
                                        .weights = format_name(o->weights),
                                        .activations = format_name(o->activations),
                                        .kv = format_name(o->kv)};
    if (!request.template_path)
        return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_page_write(&cli->arena, &request, &cli->out, &cli->err));
    return gable_scenario_deliver(cli, o->output);
}

const gable_command gable_command_report = {
    .name = "report",
    .summary = "one page for a browser: roofline and breakdown that follow sliders, off line",
    .arguments = "",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(report_options),
    .examples = "gable report --model llama-3.1-70b --system hgx-h100-8 --tp 8 -o report.html\n"
                "gable report --model deepseek-v3 --system hgx-h200-8 --tp 8 --ep 8 --batch 64 "
                "--context 4k -o report.html\n",
    .run = run,
};
