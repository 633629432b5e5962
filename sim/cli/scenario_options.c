/* cli/scenario_options: see scenario_options.h. */
#include "cli/scenario_options.h"

#include <string.h>

#include "layout/families.h"
#include "report/plot.h"

const char *const gable_phase_choices[] = {"decode", "prefill", NULL};
const char *const gable_clocks[] = {"burst", "sustained", NULL};
const char *const gable_phase_choices_both[] = {"decode", "prefill", "both", NULL};

/* What the commands take when nothing is said: a short chat. */
static const double default_context = 1024.0, default_prompt = 1024.0;

static gable_status need(gable_cli *cli, const char *value, const char *name, const char *example)
{
    if (value && *value)
        return GABLE_OK;
    return gable_fail(&cli->err, GABLE_USAGE, "--%s is needed, for example --%s %s", name, name,
                      example);
}

gable_status gable_scenario_count(gable_cli *cli, const char *name, const char *text,
                                  double fallback, double *out)
{
    char why[200];
    *out = fallback;
    if (!text)
        return GABLE_OK;
    gable_units_result result = gable_units_parse(text, GABLE_DIM_COUNT, true, out);
    if (result == GABLE_UNITS_OK)
        return GABLE_OK;
    gable_units_explain(result, text, GABLE_DIM_COUNT, why, sizeof why);
    return gable_fail(&cli->err, GABLE_USAGE, "--%s: %s", name, why);
}

static gable_status read_scenario(gable_cli *cli, const gable_scenario_options *o,
                                  gable_phase phase, bool both, gable_scenario *out)
{
    bool decode = phase == GABLE_PHASE_DECODE;
    *out = (gable_scenario){
        .phase = phase, .batch = both && !decode ? 1.0 : o->batch, .skew = o->skew};
    GABLE_LAYOUT_COPY(out, o);
    double context;
    GABLE_TRY(gable_scenario_count(cli, "context", o->context,
                                   decode || both ? default_context : 0.0, &context));
    double prompt = both && o->context ? context : default_prompt;
    bool pair_prefill = both && !decode;
    const char *given_new = both && decode ? NULL : o->new_tokens;
    GABLE_TRY(
        gable_scenario_count(cli, "new-tokens", given_new, decode ? 1.0 : prompt, &out->n_new));
    out->n_cached = pair_prefill ? 0.0 : context;
    return GABLE_OK;
}

static const gable_dtype *chosen(int option, gable_dtype *dtype)
{
    *dtype = option < 0 ? GABLE_DTYPE_BF16 : (gable_dtype)option;
    return option < 0 ? NULL : dtype;
}

static gable_status sustain(gable_cli *cli, gable_machine *machine)
{
    gable_constants *copy;
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *copy, &copy, &cli->err));
    *copy = *machine->constants;
    copy->sustained = true;
    machine->constants = copy;
    return GABLE_OK;
}

static gable_status load(gable_cli *cli, const gable_scenario_options *o, gable_case *out)
{
    GABLE_TRY(need(cli, o->model, "model", "llama-3.1-8b"));
    GABLE_TRY(need(cli, o->system, "system", "hgx-h100-8"));
    if (strchr(o->system, ',') && !gable_file_exists(o->system))
        return gable_fail(&cli->err, GABLE_USAGE, "\"%.80s\": expected one system at a time",
                          o->system);
    GABLE_TRY(gable_model_load(&cli->arena, cli->workloads, o->model, &out->model, &cli->err));
    gable_families families = o->beside ? GABLE_ALL_FAMILIES : gable_layout_families(out->model);
    GABLE_TRY(gable_machine_load_families(&cli->arena, cli->hw, o->system, o->stack, families,
                                          &out->machine, &cli->err));
    out->machine.n_nodes = o->nodes;
    GABLE_TRY(gable_edit_machine(cli, &o->set, &out->machine, &out->edited));
    if (o->clocks)
        GABLE_TRY(sustain(cli, &out->machine));
    if (o->checkpoint) {
        const char *path = gable_file_join(&cli->arena, cli->workloads, "checkpoints.csv");
        if (!path)
            return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
        GABLE_TRY(gable_model_checkpoint(&cli->arena, path, o->checkpoint, out->model, &out->model,
                                         &cli->err));
    }
    if (o->weights < 0 && o->activations < 0 && o->kv < 0)
        return GABLE_OK;
    gable_dtype weights, activations, kv;
    return gable_model_override(&cli->arena, out->model, chosen(o->weights, &weights),
                                chosen(o->activations, &activations), chosen(o->kv, &kv),
                                &out->model, &cli->err);
}

gable_status gable_scenario_read(gable_cli *cli, const gable_scenario_options *options,
                                 gable_phase phase, bool both, gable_case *out,
                                 gable_scenario *scenario)
{
    GABLE_TRY(read_scenario(cli, options, phase, both, scenario));
    GABLE_TRY(load(cli, options, out));
    bool denoises = out->model->canvas > 0 && phase == GABLE_PHASE_DECODE;
    if (denoises && (both || !options->new_tokens))
        scenario->n_new = out->model->canvas;
    return GABLE_OK;
}

gable_status gable_scenario_price_read(gable_cli *cli, const gable_scenario *scenario,
                                       gable_case *out, gable_priced *priced)
{
    GABLE_TRY(gable_engine_lay(&cli->arena, out->model, &out->machine, scenario, &out->plan,
                               &out->step, &cli->err));
    *priced = (gable_priced){
        .plan = &out->plan, .machine = &out->machine, .step = &out->step, .edited = out->edited};
    return GABLE_OK;
}

gable_status gable_scenario_price(gable_cli *cli, const gable_scenario_options *options,
                                  gable_phase phase, bool both, gable_case *out)
{
    gable_scenario scenario;
    gable_priced priced;
    GABLE_TRY(gable_scenario_read(cli, options, phase, both, out, &scenario));
    return gable_scenario_price_read(cli, &scenario, out, &priced);
}

gable_phase gable_scenario_phase(const gable_scenario_options *options)
{
    return options->phase == GABLE_PHASE_CHOICE_PREFILL ? GABLE_PHASE_PREFILL : GABLE_PHASE_DECODE;
}

gable_status gable_scenario_price_one(gable_cli *cli, const gable_scenario_options *options,
                                      gable_case *out, gable_priced *priced)
{
    gable_scenario scenario;
    GABLE_TRY(
        gable_scenario_read(cli, options, gable_scenario_phase(options), false, out, &scenario));
    return gable_scenario_price_read(cli, &scenario, out, priced);
}

gable_status gable_scenario_check_form(gable_cli *cli, const char *output, int format)
{
    gable_canvas canvas = output ? gable_canvas_of(output) : GABLE_N_CANVASES;
    if (canvas == GABLE_N_CANVASES || canvas == GABLE_CANVAS_TERMINAL ||
        format == GABLE_FORMAT_TEXT)
        return GABLE_OK;
    return gable_fail(&cli->err, GABLE_USAGE, "-o %.200s is a picture, --format %s writes text",
                      output, gable_formats[format]);
}

gable_status gable_scenario_deliver(gable_cli *cli, const char *output)
{
    if (!output || strcmp(output, "-") == 0)
        return GABLE_OK;
    if (cli->out.failed)
        return gable_fail(&cli->err, GABLE_INTERNAL, "out of memory");
    GABLE_TRY(
        gable_cli_write(cli, output, cli->out.text ? cli->out.text : "", cli->out.length_bytes));
    gable_text_free(&cli->out);
    cli->out = (gable_text){0};
    return GABLE_OK;
}
