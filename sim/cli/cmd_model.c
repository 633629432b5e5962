/* cli/cmd_model: `gable model`: which models are described, one in full, a Hugging Face config
 * turned into a description, the JSON Schema of descriptions. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/hw_table.h"
#include "cli/model_regimes.h"
#include "cli/model_show.h"
#include "cli/scenario_options.h"
#include "model/describe.h"

typedef struct model_options {
    int format; /* hw_format */
    const char *output, *name, *title, *source, *published, *systems;
    double params, active_params, context;
} model_options;

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- list ---- */

enum {
    LIST_NAME,
    LIST_TITLE,
    LIST_PARAMS,
    LIST_ACTIVE,
    LIST_LAYERS,
    LIST_MADE_OF,
    LIST_KV,
    LIST_STATE,
    LIST_WEIGHTS,
    LIST_DTYPES,
    N_LIST
};

static const hw_column list_columns[N_LIST] = {
    [LIST_NAME] = {.key = "name", .heading = "name", .is_text = true},
    [LIST_TITLE] = {.key = "title", .heading = "", .is_text = true, .hidden = true},
    [LIST_PARAMS] = {.key = "params", .heading = "params", .dim = GABLE_DIM_COUNT},
    [LIST_ACTIVE] = {.key = "active_params", .heading = "active", .dim = GABLE_DIM_COUNT},
    [LIST_LAYERS] = {.key = "n_layers",
                     .heading = "layers",
                     .dim = GABLE_DIM_COUNT,
                     .hidden = true},
    [LIST_MADE_OF] = {.key = "made_of", .heading = "layers", .is_text = true},
    [LIST_KV] = {.key = "kv_per_token", .heading = "KV/token", .dim = GABLE_DIM_BYTES},
    [LIST_STATE] = {.key = "state", .heading = "state", .dim = GABLE_DIM_BYTES, .hidden = true},
    [LIST_WEIGHTS] = {.key = "weights",
                      .heading = "weights",
                      .dim = GABLE_DIM_BYTES,
                      .hidden = true},
    [LIST_DTYPES] = {.key = "dtypes", .heading = "formats", .is_text = true, .hidden = true},
};

/* "36 gdn + 12 gqa; 48 moe": layers by mixer, then by feed-forward part. */
static char *made_of(gable_arena *arena, const gable_model *model)
{
    int mixers[GABLE_N_MIXERS] = {0}, ffns[GABLE_N_FFNS] = {0};
    char text[256] = "";
    const char *separator = "";

    for (int i = 0; i < model->n_kinds; i++) {
        mixers[model->kinds[i].mixer.kind] += model->kinds[i].count;
        ffns[model->kinds[i].ffn.kind] += model->kinds[i].count;
    }
    for (int i = 1; i < GABLE_N_MIXERS + GABLE_N_FFNS; i++) {
        size_t used = strlen(text);
        bool ffn = i >= GABLE_N_MIXERS;
        int n = ffn ? ffns[i - GABLE_N_MIXERS] : mixers[i];
        if (i == GABLE_N_MIXERS)
            separator = used ? "; " : "";
        if (n == 0 || i == GABLE_N_MIXERS)
            continue;
        snprintf(text + used, sizeof text - used, "%s%d %s", separator, n,
                 ffn ? gable_ffn_name(i - GABLE_N_MIXERS) : gable_mixer_name(i));
        separator = " + ";
    }
    return gable_arena_copy(arena, text, strlen(text));
}

/* "nvfp4 bf16": formats of the weights, the one with most weights first. */
static char *formats_of(gable_arena *arena, const gable_model *model)
{
    double params[GABLE_N_MODULES + 1], held[GABLE_N_DTYPES] = {0};
    char text[256] = "";

    gable_model_module_params(model, params);
    for (int i = 0; i < GABLE_N_MODULES; i++)
        held[model->dtypes[i].weights] += params[i];
    for (;;) {
        int best = 0;
        size_t used = strlen(text);
        for (int i = 0; i < GABLE_N_DTYPES; i++)
            best = held[i] > held[best] ? i : best;
        if (!(held[best] > 0))
            break;
        held[best] = 0;
        snprintf(text + used, sizeof text - used, "%s%s", used ? " " : "",
                 gable_dtype_name((gable_dtype)best));
    }
    return gable_arena_copy(arena, text, strlen(text));
}

static gable_status fill_row(gable_cli *cli, const char *name, hw_cell *cells)
{
    const gable_model *model;
    gable_params params;

    GABLE_TRY(gable_model_load(&cli->arena, cli->workloads, name, &model, &cli->err));
    gable_model_params(model, &params);
    cells[LIST_NAME].text = model->name;
    cells[LIST_TITLE].text = model->title;
    cells[LIST_PARAMS].number = params.total;
    cells[LIST_ACTIVE].number = params.active_total;
    cells[LIST_LAYERS].number = model->n_layers;
    cells[LIST_MADE_OF].text = made_of(&cli->arena, model);
    gable_model_cache(model, &cells[LIST_KV].number, &cells[LIST_STATE].number);
    cells[LIST_WEIGHTS].number = gable_model_weight_bytes(model);
    cells[LIST_DTYPES].text = formats_of(&cli->arena, model);
    return GABLE_OK;
}

/* For people: "70.6 B". Scripts get every digit. */
static gable_status round_counts(gable_cli *cli, hw_column *columns, hw_cell *cells, size_t n_rows)
{
    static const int counts[] = {LIST_PARAMS, LIST_ACTIVE};

    for (size_t c = 0; c < COUNT_OF(counts); c++) {
        columns[counts[c]].is_text = true;
        for (size_t i = 0; i < n_rows; i++) {
            hw_cell *cell = &cells[i * N_LIST + (size_t)counts[c]];
            char text[32];
            double billions = cell->number / 1e9;
            snprintf(text, sizeof text, "%*.*f B", 6, billions < 100 ? 2 : 1, billions);
            cell->text = gable_arena_copy(&cli->arena, text, strlen(text));
            if (!cell->text)
                return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
        }
    }
    return GABLE_OK;
}

static gable_status run_list(gable_cli *cli, const model_options *options)
{
    const char *const *files;
    size_t n;
    hw_cell *cells;
    const char *folder = gable_file_join(&cli->arena, cli->workloads, "models");

    if (cli->n_arguments != 1)
        return gable_fail(&cli->err, GABLE_USAGE, "model list takes no name");
    if (!folder)
        return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_file_list(&cli->arena, folder, ".json", &files, &n, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, n * N_LIST + 1, sizeof *cells, &cells, &cli->err));
    for (size_t i = 0; i < n; i++) {
        char *name = gable_arena_copy(&cli->arena, files[i], strlen(files[i]) - strlen(".json"));
        if (!name)
            return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
        GABLE_TRY(fill_row(cli, name, &cells[i * N_LIST]));
    }
    hw_column columns[N_LIST];
    memcpy(columns, list_columns, sizeof columns);
    if (options->format == HW_TEXT || options->format == HW_MD)
        GABLE_TRY(round_counts(cli, columns, cells, n));
    columns[LIST_DTYPES].hidden = options->format == HW_TEXT; /* 80 columns */
    hw_table table = {.columns = columns, .n_columns = N_LIST, .n_rows = n, .cells = cells};
    bool json = options->format == HW_JSON;
    gable_text_add(&cli->out, json ? "{\"schema\": \"gable.model-list/1\", \"models\": " : "");
    hw_table_add(&cli->out, &table, (hw_format)options->format);
    gable_text_add(&cli->out, json ? "}\n" : "");
    return GABLE_OK;
}

/* ---- show, import, schema ---- */

static gable_status run_show(gable_cli *cli, const model_options *options)
{
    const gable_model *model;
    gable_model_flops flops;

    if (cli->n_arguments != 2)
        return gable_fail(&cli->err, GABLE_USAGE, "model show takes one name or path");
    if (options->format != HW_TEXT && options->format != HW_JSON)
        return gable_fail(&cli->err, GABLE_USAGE, "model show prints text or json");
    GABLE_TRY(gable_model_load(&cli->arena, cli->workloads, cli->arguments[1], &model, &cli->err));
    GABLE_TRY(gable_model_flops_take(cli, model, &flops));
    if (options->format == HW_JSON)
        gable_model_show_json(&cli->out, model, &flops);
    else
        gable_model_show_text(&cli->out, model, &flops);
    return GABLE_OK;
}

static gable_status run_import(gable_cli *cli, const model_options *options)
{
    const gable_model *read;

    if (cli->n_arguments != 2)
        return gable_fail(&cli->err, GABLE_USAGE, "model import takes one config.json");
    if (options->name && !gable_text_is_name(options->name))
        return gable_fail(&cli->err, GABLE_USAGE, "--name takes 1 to 64 of A-Z a-z 0-9 . _ + -");
    GABLE_TRY(gable_model_load(&cli->arena, cli->workloads, cli->arguments[1], &read, &cli->err));
    gable_model model = *read;
    model.name = options->name ? options->name : model.name;
    model.title = options->title ? options->title : model.title;
    if (options->params > 0)
        model.published_params = options->params;
    if (options->active_params > 0)
        model.published_active_params = options->active_params;
    const char *source = options->source ? options->source : model.path;
    gable_model_write(&cli->out, &model, source, options->published);
    return GABLE_OK;
}

static gable_status run_schema(gable_cli *cli, const model_options *options)
{
    (void)options;
    if (cli->n_arguments != 1)
        return gable_fail(&cli->err, GABLE_USAGE, "model schema takes no name");
    gable_model_write_schema(&cli->out);
    return GABLE_OK;
}

static gable_status run_regimes(gable_cli *cli, const model_options *options)
{
    if (cli->n_arguments != 1)
        return gable_fail(&cli->err, GABLE_USAGE, "model regimes takes no name");
    return gable_model_regimes(cli, options->systems, options->context, options->format);
}

static const struct verb {
    const char *name;
    gable_status (*run)(gable_cli *cli, const model_options *options);
} verbs[] = {
    {.name = "list", .run = run_list},       {.name = "show", .run = run_show},
    {.name = "import", .run = run_import},   {.name = "schema", .run = run_schema},
    {.name = "regimes", .run = run_regimes},
};

static gable_status run(gable_cli *cli, const void *given)
{
    const model_options *options = given;
    const char *names[COUNT_OF(verbs)];

    if (cli->n_arguments < 1)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "model takes one of list, show, import, schema, regimes");
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        names[i] = verbs[i].name;
        if (strcmp(verbs[i].name, cli->arguments[0]) != 0)
            continue;
        GABLE_TRY(verbs[i].run(cli, options));
        return gable_scenario_deliver(cli, options->output);
    }
    return gable_cli_unknown(cli, "model verb", cli->arguments[0], names, COUNT_OF(verbs));
}

static const gable_option options_of_model[] = {
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .offset = offsetof(model_options, format),
     .argument = "FORMAT",
     .default_text = "text",
     .choices = hw_formats,
     .help = "how list, show and regimes print"},
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .offset = offsetof(model_options, output),
     .argument = "FILE",
     .help = "write the answer to FILE, whole or not at all"},
    {.name = "name",
     .type = GABLE_OPTION_TEXT,
     .offset = offsetof(model_options, name),
     .argument = "NAME",
     .help = "import: name of the model, if not the file's"},
    {.name = "title",
     .type = GABLE_OPTION_TEXT,
     .offset = offsetof(model_options, title),
     .argument = "TEXT",
     .help = "import: name as people write it"},
    {.name = "source",
     .type = GABLE_OPTION_TEXT,
     .offset = offsetof(model_options, source),
     .argument = "TEXT",
     .help = "import: what the figures were read from, if not the path"},
    {.name = "published",
     .type = GABLE_OPTION_TEXT,
     .offset = offsetof(model_options, published),
     .argument = "TEXT",
     .help = "import: where the published sizes stand"},
    {.name = "params",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_COUNT,
     .offset = offsetof(model_options, params),
     .argument = "N",
     .help = "import: parameters as published"},
    {.name = "active-params",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_COUNT,
     .offset = offsetof(model_options, active_params),
     .argument = "N",
     .help = "import: active parameters as published"},
    {.name = "systems",
     .type = GABLE_OPTION_TEXT,
     .offset = offsetof(model_options, systems),
     .argument = "NAME,NAME…",
     .default_text = "h100-sxm,b200-sxm,gb200,rubin",
     .help = "regimes: devices to decode on"},
    {.name = "context",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_COUNT,
     .offset = offsetof(model_options, context),
     .argument = "N",
     .default_text = "4096",
     .help = "regimes: tokens of each sequence already cached"},
};

extern const gable_command gable_command_model;
const gable_command gable_command_model = {
    .name = "model",
    .summary = "models: list, show, import a Hugging Face config, their schema and decode regimes",
    .arguments = "list | show NAME | import CONFIG.json | schema | regimes",
    .options = options_of_model,
    .n_options = COUNT_OF(options_of_model),
    .options_bytes = sizeof(model_options),
    .examples = "gable model list\n"
                "gable model show deepseek-v3\n"
                "gable model show path/to/config.json --format json\n"
                "gable model import path/to/config.json -o my-model.json\n"
                "gable model regimes --systems h100-sxm,rubin --format md\n",
    .run = run,
};
