/* gable load: how long a checkpoint takes from SSDs into the devices. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "cli/rank_options.h"
#include "cli/scenario_options.h"
#include "engine/host.h"

typedef struct load_options {
    const char *model, *system;
    int tp, ep, weights;
    int from; /* index into places */
    double storage_bytes_per_s;
    int format;
    const char *output;
} load_options;

static const char *const places[] = {"storage", "host", NULL};

static const gable_option options[] = {
    {.name = "model",
     .type = GABLE_OPTION_TEXT,
     .argument = "NAME|PATH",
     .offset = offsetof(load_options, model),
     .help = "model: a name of `gable model list`, or a config.json"},
    {.name = "system",
     .type = GABLE_OPTION_TEXT,
     .argument = "NAME|PATH",
     .offset = offsetof(load_options, system),
     .help = "system or device: a name of `gable hw list`, or a file"},
    GABLE_RANK_OPTIONS(load_options),
    {.name = "weights",
     .type = GABLE_OPTION_DTYPE,
     .argument = "DTYPE",
     .offset = offsetof(load_options, weights),
     .help = "format of the weights instead of the model's"},
    {.name = "from",
     .type = GABLE_OPTION_CHOICE,
     .argument = "PLACE",
     .choices = places,
     .default_text = "storage",
     .offset = offsetof(load_options, from),
     .help = "where the checkpoint is: on SSDs or in host memory"},
    {.name = "storage-bandwidth",
     .type = GABLE_OPTION_QUANTITY,
     .dim = GABLE_DIM_BYTES_PER_S,
     .argument = "RATE",
     .offset = offsetof(load_options, storage_bytes_per_s),
     .help = "what all SSDs of the system read together, instead of what its file says"},
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .argument = "FORMAT",
     .choices = gable_formats,
     .default_text = "text",
     .offset = offsetof(load_options, format),
     .help = "form of the answer"},
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .argument = "FILE",
     .offset = offsetof(load_options, output),
     .help = "write the answer to FILE, whole or not at all"},
};

/* One stage as a row of the table. */
typedef struct stage_row {
    const char *name;
    double bytes, bytes_per_s, time_s; /* NaN: the stage is not there, or its rate not known */
} stage_row;

#define COLUMN(key_, header_, type_, dim_)                                                         \
    {                                                                                              \
        .key = #key_, .header = header_, .type = GABLE_CELL_##type_, .dim = GABLE_DIM_##dim_,      \
        .offset = offsetof(stage_row, key_)                                                        \
    }
static const gable_column columns[] = {
    COLUMN(name, "stage", TEXT, NONE),
    COLUMN(bytes, "moved", NUMBER, BYTES),
    COLUMN(bytes_per_s, "rate", NUMBER, BYTES_PER_S),
    COLUMN(time_s, "time", NUMBER, SECONDS),
};
#undef COLUMN

static void fill_rows(const gable_load *load, stage_row rows[GABLE_N_LOAD_STAGES])
{
    for (int i = 0; i < GABLE_N_LOAD_STAGES; i++) {
        bool known = load->stage_s[i] > 0.0;
        rows[i] = (stage_row){gable_load_stages[i], load->bytes[i],
                              load->bytes_per_s[i] > 0.0 ? load->bytes_per_s[i] : (double)NAN,
                              known ? load->stage_s[i] : (double)NAN};
    }
}

static void add_headline(gable_text *out, const gable_case *c, const gable_load *load)
{
    char a[GABLE_UNITS_TEXT_CAP], b[GABLE_UNITS_TEXT_CAP];
    gable_text_add(out, "loading ");
    gable_text_add_safe(out, c->model->name);
    gable_text_add(out, " into ");
    gable_text_add_safe(out, c->machine.system->name);
    gable_text_addf(out, ", tp %d\n  checkpoint  %s, %s on each device: %s\n", c->plan.scenario.tp,
                    gable_units_print(load->checkpoint_bytes, GABLE_DIM_BYTES, 4, a),
                    gable_units_print(load->device_bytes, GABLE_DIM_BYTES, 4, b),
                    load->fits ? "fits" : "DOES NOT FIT");
    gable_text_addf(out, "  pipelined   %s, as long as the slowest stage takes: %s\n",
                    gable_units_print(load->time_s, GABLE_DIM_SECONDS, 4, a),
                    gable_load_stages[load->slowest]);
    gable_text_addf(out, "  in turn     %s, one stage after another\n\n",
                    gable_units_print(load->serial_s, GABLE_DIM_SECONDS, 4, a));
}

static void add_number(gable_text *out, const char *key, double value)
{
    gable_text_addf(out, "\"%s\": ", key);
    gable_text_add_json_number(out, value);
    gable_text_add(out, ",\n  ");
}

static void write_json(gable_text *out, const gable_case *c, const gable_load *load,
                       const gable_table *table)
{
    gable_text_add(out, "{\n  \"schema\": \"gable.load/1\",\n  \"model\": ");
    gable_text_add_json_string(out, c->model->name);
    gable_text_add(out, ",\n  \"system\": ");
    gable_text_add_json_string(out, c->machine.system->name);
    gable_text_addf(out, ",\n  \"tp\": %d,\n  ", c->plan.scenario.tp);
    add_number(out, "checkpoint_bytes", load->checkpoint_bytes);
    add_number(out, "device_bytes", load->device_bytes);
    add_number(out, "time_s", load->time_s);
    add_number(out, "serial_s", load->serial_s);
    gable_text_addf(out, "\"slowest\": \"%s\",\n  \"fits\": %s,\n  \"stages\": ",
                    gable_load_stages[load->slowest], load->fits ? "true" : "false");
    gable_table_write(out, table, GABLE_FORMAT_JSON, 0);
    gable_text_add(out, "\n}\n");
}

static gable_status price(gable_cli *cli, const load_options *o, gable_case *c, gable_load *load)
{
    gable_scenario_options scenario = {.model = o->model,
                                       .system = o->system,
                                       .stack = "ideal",
                                       .batch = 1.0,
                                       .tp = o->tp,
                                       .ep = o->ep,
                                       .weights = o->weights,
                                       .activations = -1,
                                       .kv = -1};
    gable_priced priced;
    gable_load_options how = {strcmp(places[o->from], "host") == 0, o->storage_bytes_per_s};
    GABLE_TRY(gable_scenario_price_one(cli, &scenario, c, &priced));
    return gable_engine_load(&c->plan, &c->machine, &how, load, &cli->err);
}

static gable_status run(gable_cli *cli, const void *given)
{
    const load_options *o = given;
    gable_case c;
    gable_load load;
    stage_row rows[GABLE_N_LOAD_STAGES];
    GABLE_TRY(price(cli, o, &c, &load));
    fill_rows(&load, rows);
    gable_table table = {.columns = columns,
                         .n_columns = sizeof columns / sizeof columns[0],
                         .rows = rows,
                         .row_bytes = sizeof rows[0],
                         .n_rows = GABLE_N_LOAD_STAGES};
    if (o->format == GABLE_FORMAT_JSON) {
        write_json(&cli->out, &c, &load, &table);
    } else {
        if (o->format == GABLE_FORMAT_TEXT)
            add_headline(&cli->out, &c, &load);
        gable_table_write(&cli->out, &table, (gable_format)o->format, cli->width);
    }
    return gable_scenario_deliver(cli, o->output);
}

const gable_command gable_command_load = {
    .name = "load",
    .summary = "how long a checkpoint takes from SSDs into the devices",
    .arguments = "",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(load_options),
    .examples = "gable load --model deepseek-v3 --system gb300-nvl72 --tp 8\n"
                "gable load --model llama-3.1-70b --system hgx-h100-8 --tp 8 "
                "--storage-bandwidth 50GB/s\n"
                "gable load --model llama-3.1-70b --system gb200-nvl72 --from host\n",
    .run = run,
};
