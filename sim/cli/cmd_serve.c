/* gable serve: a model served to a number of clients: time to the first token, time per output
 * token, throughput. */
#include <math.h>
#include <string.h>

#include "cli/rank_options.h"
#include "cli/scenario_options.h"
#include "engine/serving.h"

typedef struct serve_options {
    const char *model, *system, *stack, *checkpoint, *output;
    double isl, osl, length_ratio, concurrency, waves, usd_per_gpu_hour;
    GABLE_LAYOUT_MEMBERS
    int weights, activations, kv, format;
    gable_texts set;
} serve_options;

#define COUNT_ROW(name_, default_, min_, max_, member, help_)                                      \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_QUANTITY, .dim = GABLE_DIM_COUNT, .argument = "N",     \
        .default_text = default_, .min = min_, .max = max_,                                        \
        .offset = offsetof(serve_options, member), .help = help_                                   \
    }
#define TEXT_ROW(name_, argument_, member, help_)                                                  \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_TEXT, .argument = argument_,                           \
        .offset = offsetof(serve_options, member), .help = help_                                   \
    }
#define DTYPE_ROW(name_, member, help_)                                                            \
    {                                                                                              \
        .name = name_, .type = GABLE_OPTION_DTYPE, .argument = "DTYPE",                            \
        .offset = offsetof(serve_options, member), .help = help_                                   \
    }
static const gable_option options[] = {
    TEXT_ROW("model", "NAME|PATH", model, "model: a name of `gable model list`, or a config.json"),
    TEXT_ROW("checkpoint", "NAME", checkpoint,
             "formats of a published checkpoint: a row of workloads/checkpoints.csv"),
    TEXT_ROW("system", "NAME|PATH", system, "system or device: a name of `gable hw list`"),
    {.name = "stack",
     .type = GABLE_OPTION_TEXT,
     .argument = "STACK",
     .default_text = "vllm",
     .offset = offsetof(serve_options, stack),
     .help = "engine that serves; ideal: no software cost"},
    COUNT_ROW("isl", "1024", 1.0, 1e9, isl, "tokens of a prompt"),
    COUNT_ROW("osl", "1024", 1.0, 1e9, osl, "tokens of an answer"),
    {.name = "length-ratio",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_NONE,
     .argument = "R",
     .default_text = "1",
     .min = 0.01,
     .max = 1.0,
     .offset = offsetof(serve_options, length_ratio),
     .help = "mean length / --isl and --osl, where those are the most"},
    COUNT_ROW("concurrency", "1", 1.0, 1048576.0, concurrency,
              "clients that ask again as soon as they are answered"),
    COUNT_ROW("waves", "10", 1.0, 1e9, waves, "requests of each client in the run"),
    GABLE_LAYOUT_OPTIONS(serve_options),
    GABLE_EDIT_OPTION(serve_options, set),
    DTYPE_ROW("weights", weights, "format of the weights instead of the model's"),
    DTYPE_ROW("activations", activations, "format of the activations instead of the model's"),
    DTYPE_ROW("kv", kv, "format of the cache instead of the engine's default"),
    {.name = "usd-per-gpu-hour",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_NONE,
     .argument = "USD",
     .min = 0.0,
     .max = 1e6,
     .offset = offsetof(serve_options, usd_per_gpu_hour),
     .help = "price of a device, for the cost of tokens"},
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .argument = "FORMAT",
     .choices = gable_formats,
     .default_text = "text",
     .offset = offsetof(serve_options, format),
     .help = "form of the answer: text or json"},
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .argument = "FILE",
     .offset = offsetof(serve_options, output),
     .help = "write the answer to FILE, whole or not at all"},
};
#undef COUNT_ROW
#undef TEXT_ROW
#undef DTYPE_ROW

typedef struct served {
    gable_case priced; /* model and machine */
    gable_serving_request request;
    gable_serving serving;
    double usd_per_million_tokens;
} served;

static gable_status price(gable_cli *cli, const serve_options *o, served *out)
{
    gable_serving_constants constants;
    gable_serving_rules rules;
    gable_scenario ignored;
    const gable_dtype fp8 = GABLE_DTYPE_FP8;
    gable_scenario_options load = {.model = o->model,
                                   .system = o->system,
                                   .stack = o->stack,
                                   .checkpoint = o->checkpoint,
                                   .batch = 1.0,
                                   .nodes = o->nodes,
                                   .weights = o->weights,
                                   .activations = o->activations,
                                   .kv = o->kv,
                                   .set = o->set};
    gable_case *c = &out->priced;
    GABLE_TRY(gable_scenario_read(cli, &load, GABLE_PHASE_DECODE, false, c, &ignored));
    GABLE_TRY(gable_serving_load(&cli->arena, cli->hw, c->machine.accelerator, o->stack, &constants,
                                 &rules, &cli->err));
    if (o->kv < 0 && rules.kv_fp8 && c->model->kv_dtype == GABLE_DTYPE_BF16)
        GABLE_TRY(
            gable_model_override(&cli->arena, c->model, NULL, NULL, &fp8, &c->model, &cli->err));
    gable_serving_parts parts;
    out->request = (gable_serving_request){.isl = o->isl,
                                           .osl = o->osl,
                                           .length_ratio = o->length_ratio,
                                           .concurrency = o->concurrency,
                                           .waves = o->waves,
                                           .overlap = (gable_overlap)o->overlap,
                                           .exchange = (gable_token_exchange)o->exchange,
                                           .redundant_experts = o->redundant_experts};
    GABLE_RANKS_COPY(&out->request, o);
    GABLE_TRY(gable_serving_price(&cli->arena, c->model, &c->machine, &rules, &out->request, &parts,
                                  &cli->err));
    gable_serving_finish(&parts, &constants, &out->request, &c->machine, 0.0, &out->serving);
    if (o->usd_per_gpu_hour > 0.0 && parts.fits)
        out->usd_per_million_tokens =
            o->usd_per_gpu_hour * out->serving.n_gpus / 3600.0 / out->serving.tokens_per_s * 1e6;
    return GABLE_OK;
}

/* ---- text ---- */

static void add_times(gable_text *out, const char *label, const double s[3])
{
    char text[3][GABLE_UNITS_TEXT_CAP];
    for (int i = 0; i < 3; i++)
        gable_units_print(s[i], GABLE_DIM_SECONDS, 4, text[i]);
    gable_text_addf(out, "  %-9s %s  (p10 %s, p90 %s)\n", label, text[0], text[1], text[2]);
}

static void write_memory(gable_text *out, const served *v)
{
    const gable_serving_parts *p = &v->serving.parts;
    char free_text[GABLE_UNITS_TEXT_CAP];
    gable_units_print(fmax(p->free_bytes, 0.0), GABLE_DIM_BYTES, 4, free_text);
    gable_text_addf(out,
                    "  cache     %s of each device, %.0f tokens: %.4g sequences of this length%s\n",
                    free_text, floor(p->kv_tokens), p->capacity, p->fits ? "" : ": NOT ONE FITS");
    if (p->fits && p->batch < v->request.concurrency)
        gable_text_addf(out, "            %.0f run, %.0f wait\n", p->batch,
                        v->request.concurrency - p->batch);
}

static void write_text(gable_text *out, const served *v, const serve_options *o)
{
    const gable_serving *s = &v->serving;
    const gable_serving_parts *p = &s->parts;
    char a[GABLE_UNITS_TEXT_CAP], b[GABLE_UNITS_TEXT_CAP], c[GABLE_UNITS_TEXT_CAP];
    gable_text_add_safe(out, v->priced.model->name);
    gable_text_addf(out, " served on %s, tp %d, stack %s\n", v->priced.machine.system->name, o->tp,
                    o->stack);
    gable_text_addf(
        out, "  load      %.10g client%s, prompts of %.10g and answers of %.10g tokens\n",
        v->request.concurrency, v->request.concurrency > 1.0 ? "s" : "", p->isl, p->osl);
    write_memory(out, v);
    if (!p->fits)
        return;
    add_times(out, "TTFT", (double[]){s->ttft_s, s->ttft_p10_s, s->ttft_p90_s});
    gable_text_addf(out, "            %s of it service, the rest waiting\n",
                    gable_units_print(s->ttft_service_s, GABLE_DIM_SECONDS, 4, a));
    add_times(out, "TPOT", (double[]){s->tpot_s, s->tpot_p10_s, s->tpot_p90_s});
    gable_text_addf(out, "            kernels of a step %s, a prompt adds %s; ceiling %s\n",
                    gable_units_print(p->decode_s, GABLE_DIM_SECONDS, 4, a),
                    gable_units_print(p->joined_s, GABLE_DIM_SECONDS, 4, b),
                    gable_units_print(s->tpot_ceiling_s, GABLE_DIM_SECONDS, 4, c));
    gable_text_addf(
        out, "  rate      %.4g tokens/s, %.4g per device, %.4g per user; %.4g requests/s\n",
        s->tokens_per_s, s->tokens_per_s_per_gpu, s->tokens_per_s_per_user, s->requests_per_s);
    if (v->usd_per_million_tokens > 0.0)
        gable_text_addf(out, "  cost      %.4g USD per million output tokens\n",
                        v->usd_per_million_tokens);
    if (s->joules_per_token > 0.0)
        gable_text_addf(out,
                        "  energy    at most %.4g J per output token (devices at their limit)\n",
                        s->joules_per_token);
    gable_text_addf(out, "  engine    %s: ", gable_provenance_name(s->provenance));
    gable_text_add_safe(out, s->from);
    gable_text_add(out, "\n");
}

/* ---- JSON (CONTRACT 7) ---- */

static void write_json(gable_text *out, const served *v)
{
    const gable_serving *s = &v->serving;
    const gable_serving_parts *p = &s->parts;
    double nothing = (double)NAN;
    const struct {
        const char *key;
        double value;
    } rows[] = {
        {"ttft_s", s->ttft_s},
        {"ttft_s_p10", s->ttft_p10_s},
        {"ttft_s_p90", s->ttft_p90_s},
        {"ttft_service_s", s->ttft_service_s},
        {"tpot_s", s->tpot_s},
        {"tpot_s_p10", s->tpot_p10_s},
        {"tpot_s_p90", s->tpot_p90_s},
        {"tpot_ceiling_s", s->tpot_ceiling_s},
        {"tokens_per_s", s->tokens_per_s},
        {"tokens_per_s_per_gpu", s->tokens_per_s_per_gpu},
        {"tokens_per_s_per_user", s->tokens_per_s_per_user},
        {"requests_per_s", s->requests_per_s},
        {"batch", p->batch},
        {"step_kernels_s", p->decode_s},
        {"prefill_kernels_s", p->prefill_s},
        {"prompt_adds_s", p->joined_s},
        {"usd_per_million_output_tokens",
         v->usd_per_million_tokens > 0.0 ? v->usd_per_million_tokens : nothing},
        {"joules_per_output_token", s->joules_per_token > 0.0 ? s->joules_per_token : nothing},
    };
    gable_text_add(out, "{\n  \"schema\": \"gable.serve/1\"");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        gable_text_addf(out, ",\n  \"%s\": ", rows[i].key);
        gable_text_add_json_number(out, p->fits ? rows[i].value : nothing);
    }
    gable_text_add(out, ",\n  \"kv_tokens_capacity\": ");
    gable_text_add_json_number(out, floor(p->kv_tokens));
    gable_text_addf(out, ",\n  \"fits\": %s,\n  \"source\": \"%s\"\n}\n",
                    p->fits ? "true" : "false", gable_provenance_name(s->provenance));
}

static gable_status run(gable_cli *cli, const void *given)
{
    const serve_options *o = given;
    served v = {0};
    if (o->format != GABLE_FORMAT_TEXT && o->format != GABLE_FORMAT_JSON)
        return gable_fail(&cli->err, GABLE_USAGE, "serve answers in text or json");
    GABLE_TRY(price(cli, o, &v));
    if (o->format == GABLE_FORMAT_JSON)
        write_json(&cli->out, &v);
    else
        write_text(&cli->out, &v, o);
    return gable_scenario_deliver(cli, o->output);
}

const gable_command gable_command_serve = {
    .name = "serve",
    .summary = "a model served to clients: time to first token, per token, throughput",
    .arguments = "",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(serve_options),
    .examples = "gable serve --model llama-3.1-70b --checkpoint llama-3.1-70b-fp8 "
                "--system hgx-h100-8 --tp 4 --isl 1k --osl 1k --concurrency 32\n"
                "gable serve --model gpt-oss-120b --system hgx-h200-8 --tp 2 --stack trtllm "
                "--concurrency 64 --format json\n",
    .run = run,
};
