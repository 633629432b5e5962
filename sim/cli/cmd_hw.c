/* cli/cmd_hw: `gable hw`: what hardware is described, one description in full, checks, JSON
 * Schemas. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/hw_check.h"
#include "cli/hw_table.h"
#include "machine/machine.h"

typedef struct hw_options {
    int format; /* hw_format */
    int kind;   /* 0: all, else 1 + gable_hw_kind */
} hw_options;

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* ---- list ---- */

enum {
    LIST_KIND,
    LIST_NAME,
    LIST_GENERATION,
    LIST_STATUS,
    LIST_DEVICES,
    LIST_MEMORY,
    LIST_HBM,
    LIST_PEAK_16,
    LIST_PEAK_8,
    LIST_LINK,
    LIST_TITLE,
    N_LIST
};

static const hw_column list_columns[N_LIST] = {
    [LIST_KIND] = {.key = "kind", .heading = "kind", .is_text = true},
    [LIST_NAME] = {.key = "name", .heading = "name", .is_text = true},
    [LIST_GENERATION] = {.key = "generation", .heading = "", .is_text = true, .hidden = true},
    [LIST_STATUS] = {.key = "status", .heading = "", .is_text = true, .hidden = true},
    [LIST_DEVICES] = {.key = "n_accelerators", .heading = "n", .dim = GABLE_DIM_COUNT},
    [LIST_MEMORY] = {.key = "memory", .heading = "memory", .dim = GABLE_DIM_BYTES},
    [LIST_HBM] = {.key = "memory_bandwidth", .heading = "bandwidth", .dim = GABLE_DIM_BYTES_PER_S},
    [LIST_PEAK_16] = {.key = "peak_16", .heading = "16 bit", .dim = GABLE_DIM_FLOPS_PER_S},
    [LIST_PEAK_8] = {.key = "peak_8", .heading = "", .dim = GABLE_DIM_FLOPS_PER_S, .hidden = true},
    [LIST_LINK] = {.key = "link", .heading = "link/dir", .dim = GABLE_DIM_BYTES_PER_S},
    [LIST_TITLE] = {.key = "title", .heading = "", .is_text = true, .hidden = true},
};

/* Figures of one device; a system's are those of one of its devices. */
static void fill_device(hw_cell *cells, const gable_accelerator *a)
{
    const double *matrix = a->matrix_flops_per_s;
    cells[LIST_GENERATION].text = a->generation;
    cells[LIST_STATUS].text = gable_accelerator_statuses[a->status];
    cells[LIST_MEMORY].number = a->hbm_capacity_bytes;
    cells[LIST_HBM].number = a->hbm_bandwidth_bytes_per_s;
    cells[LIST_PEAK_16].number =
        matrix[GABLE_MMA_BF16] > 0.0 ? matrix[GABLE_MMA_BF16] : matrix[GABLE_MMA_FP16];
    cells[LIST_PEAK_8].number =
        matrix[GABLE_MMA_FP8] > 0.0 ? matrix[GABLE_MMA_FP8] : matrix[GABLE_MMA_INT8];
    cells[LIST_LINK].number = a->scale_up_bytes_per_s;
}

static void fill_list_row(hw_cell *cells, const gable_hw_entry *entry)
{
    cells[LIST_KIND].text = gable_hw_kinds[entry->kind];
    cells[LIST_NAME].text = entry->name;
    cells[LIST_TITLE].text = entry->title;
    if (entry->kind == GABLE_HW_ACCELERATOR) {
        cells[LIST_DEVICES].number = 1.0;
        fill_device(cells, entry->object);
    } else if (entry->kind == GABLE_HW_SYSTEM) {
        const gable_system *system = entry->object;
        fill_device(cells, system->accelerator);
        cells[LIST_DEVICES].number = system->n_accelerators;
        cells[LIST_LINK].number = system->scale_up_bytes_per_s;
    } else if (entry->kind == GABLE_HW_CPU) {
        const gable_cpu *cpu = entry->object;
        cells[LIST_MEMORY].number = cpu->memory_capacity_bytes;
        cells[LIST_HBM].number = cpu->memory_bandwidth_bytes_per_s;
        cells[LIST_LINK].number =
            cpu->c2c_bytes_per_s > 0.0 ? cpu->c2c_bytes_per_s : cpu->pcie_bytes_per_s;
    } else {
        const gable_link *link = entry->object;
        cells[LIST_LINK].number = link->port_bytes_per_s;
    }
}

static gable_status list_kind(gable_cli *cli, gable_hw_kind kind, hw_cell **cells, size_t *n_rows)
{
    const char *const *names;
    size_t count;
    hw_cell *more;
    GABLE_TRY(gable_hw_names(&cli->arena, cli->hw, kind, &names, &count, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, (*n_rows + count) * N_LIST + 1, sizeof *more, &more,
                               &cli->err));
    if (*n_rows > 0)
        memcpy(more, *cells, *n_rows * N_LIST * sizeof *more);
    for (size_t i = 0; i < count; i++) {
        gable_hw_entry entry;
        GABLE_TRY(gable_hw_load(&cli->arena, cli->hw, kind, names[i], &entry, &cli->err));
        fill_list_row(&more[(*n_rows + i) * N_LIST], &entry);
    }
    *cells = more;
    *n_rows += count;
    return GABLE_OK;
}

static gable_status run_list(gable_cli *cli, const hw_options *options)
{
    hw_cell *cells = NULL;
    size_t n_rows = 0;
    for (int kind = 0; kind < GABLE_N_HW_KINDS; kind++)
        if (options->kind == 0 || options->kind == kind + 1)
            GABLE_TRY(list_kind(cli, (gable_hw_kind)kind, &cells, &n_rows));
    hw_table table = {
        .columns = list_columns, .n_columns = N_LIST, .n_rows = n_rows, .cells = cells};
    if (options->format == HW_JSON)
        gable_text_add(&cli->out, "{\"schema\": \"gable.hw/1\", \"hardware\": ");
    hw_table_add(&cli->out, &table, (hw_format)options->format);
    if (options->format == HW_JSON)
        gable_text_add(&cli->out, "}\n");
    return GABLE_OK;
}

/* ---- show ---- */

static bool is_unset_number(double value)
{
    return !(value > 0.0);
}

static void add_value_json(gable_text *out, const gable_field *field, const void *object)
{
    const char *member = (const char *)object + field->offset;
    const char *text;
    switch (field->type) {
    case GABLE_FIELD_NUMBER:
        if (is_unset_number(*(const double *)(const void *)member))
            gable_text_add(out, "null");
        else
            gable_text_add_json_number(out, *(const double *)(const void *)member);
        break;
    case GABLE_FIELD_INT:
        gable_text_addf(out, "%d", *(const int *)(const void *)member);
        break;
    case GABLE_FIELD_BOOL:
        gable_text_add(out, *(const bool *)(const void *)member ? "true" : "false");
        break;
    case GABLE_FIELD_TEXT:
    case GABLE_FIELD_NAME:
        text = *(const char *const *)(const void *)member;
        if (text)
            gable_text_add_json_string(out, text);
        else
            gable_text_add(out, "null");
        break;
    case GABLE_FIELD_CHOICE:
        gable_text_add_json_string(out, field->choices[*(const int *)(const void *)member]);
        break;
    }
}

/* {"block.key_unit": {"value": …, "source": …}, …} in the order of the rows. */
static void add_entry_json(gable_text *out, const gable_hw_entry *entry)
{
    const gable_schema *schema = gable_hw_schema(entry->kind);
    const char *comma = "{";
    for (size_t i = 0; i < schema->n_fields; i++) {
        const gable_field *field = &schema->fields[i];
        bool number = field->type == GABLE_FIELD_NUMBER;
        gable_text_addf(out, "%s\n  \"%s%s%s%s\": ", comma, field->block, *field->block ? "." : "",
                        field->key, number ? gable_dim_ending(field->dim) : "");
        comma = ",";
        if (!number && field->type != GABLE_FIELD_INT) {
            add_value_json(out, field, entry->object);
            continue;
        }
        gable_text_add(out, "{\"value\": ");
        add_value_json(out, field, entry->object);
        gable_text_add(out, ", \"source\": ");
        if (entry->sources[i])
            gable_text_add_json_string(out, entry->sources[i]);
        else
            gable_text_add(out, "null");
        gable_text_add(out, "}");
    }
    gable_text_add(out, "}");
}

static void add_ratios(gable_text *out, const gable_accelerator *accelerator, hw_format format)
{
    double ratios[GABLE_N_RATIOS];
    gable_derive_ratios(accelerator, ratios);
    const char *comma = "";
    for (int i = 0; i < GABLE_N_RATIOS; i++) {
        const char *key = gable_ratio_key((gable_ratio)i);
        if (format == HW_JSON) {
            gable_text_addf(out, "%s\"%s\": ", comma, key);
            gable_text_add_json_number(out, ratios[i]);
            comma = ", ";
        } else if (ratios[i] > 0.0) {
            gable_text_addf(out, "  %-36s %.5g\n", key, ratios[i]);
        }
    }
}

/* The accelerator of a system stands below it: nobody asks for one without the other. */
static const gable_accelerator *accelerator_of(const gable_hw_entry *entry)
{
    if (entry->kind == GABLE_HW_ACCELERATOR)
        return entry->object;
    if (entry->kind == GABLE_HW_SYSTEM)
        return ((const gable_system *)entry->object)->accelerator;
    return NULL;
}

static void show_json(gable_text *out, const gable_hw_entry *entry, const gable_accelerator *a)
{
    gable_text_addf(out, "{\"schema\": \"gable.hw/1\", \"kind\": \"%s\",\n \"description\": ",
                    gable_hw_kinds[entry->kind]);
    add_entry_json(out, entry);
    if (a && entry->kind == GABLE_HW_SYSTEM) {
        gable_hw_entry own = {.kind = GABLE_HW_ACCELERATOR, .object = a, .sources = a->sources};
        gable_text_add(out, ",\n \"accelerator\": ");
        add_entry_json(out, &own);
    }
    if (a) {
        gable_text_add(out, ",\n \"derived\": {");
        add_ratios(out, a, HW_JSON);
        gable_text_add(out, "}");
    }
    gable_text_add(out, "}\n");
}

static gable_status run_show(gable_cli *cli, const hw_options *options)
{
    gable_hw_entry entry;
    if (cli->n_arguments != 2)
        return gable_fail(&cli->err, GABLE_USAGE, "hw show takes one name");
    if (options->format != HW_TEXT && options->format != HW_JSON)
        return gable_fail(&cli->err, GABLE_USAGE, "hw show prints text or json");
    GABLE_TRY(gable_hw_find(&cli->arena, cli->hw, cli->arguments[1], &entry, &cli->err));
    const gable_accelerator *a = accelerator_of(&entry);
    if (options->format == HW_JSON) {
        show_json(&cli->out, &entry, a);
        return GABLE_OK;
    }
    gable_text_addf(&cli->out, "%s %s\n", gable_hw_kinds[entry.kind], entry.name);
    gable_fields_print(&cli->out, gable_hw_schema(entry.kind), entry.object, entry.sources);
    if (a && entry.kind == GABLE_HW_SYSTEM) {
        gable_text_addf(&cli->out, "\naccelerator %s\n", a->name);
        gable_fields_print(&cli->out, &gable_accelerator_schema, a, a->sources);
    }
    if (a) {
        gable_text_add(&cli->out, "\nderived\n");
        add_ratios(&cli->out, a, HW_TEXT);
    }
    return GABLE_OK;
}

/* ---- schema, and the table of verbs ---- */

static gable_status run_schema(gable_cli *cli, const hw_options *options)
{
    (void)options;
    if (cli->n_arguments != 2)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "hw schema takes one of accelerator, cpu, link, system");
    for (int kind = 0; kind < GABLE_N_HW_KINDS; kind++)
        if (strcmp(gable_hw_kinds[kind], cli->arguments[1]) == 0) {
            gable_fields_write_schema(&cli->out, gable_hw_schema((gable_hw_kind)kind));
            return GABLE_OK;
        }
    return gable_cli_unknown(cli, "kind", cli->arguments[1], gable_hw_kinds, GABLE_N_HW_KINDS);
}

static gable_status run_check(gable_cli *cli, const hw_options *options)
{
    return hw_check_run(cli, (hw_format)options->format);
}

static const struct verb {
    const char *name;
    gable_status (*run)(gable_cli *cli, const hw_options *options);
} verbs[] = {
    {.name = "list", .run = run_list},
    {.name = "show", .run = run_show},
    {.name = "check", .run = run_check},
    {.name = "schema", .run = run_schema},
};

static gable_status run(gable_cli *cli, const void *options)
{
    const char *names[COUNT_OF(verbs)];
    if (cli->n_arguments < 1)
        return gable_fail(&cli->err, GABLE_USAGE, "hw takes one of list, show, check, schema");
    for (size_t i = 0; i < COUNT_OF(verbs); i++) {
        names[i] = verbs[i].name;
        if (strcmp(verbs[i].name, cli->arguments[0]) == 0)
            return verbs[i].run(cli, options);
    }
    return gable_cli_unknown(cli, "hw verb", cli->arguments[0], names, COUNT_OF(verbs));
}

static const char *const kind_choices[] = {"all", "accelerator", "cpu", "link", "system", NULL};

static const gable_option options_of_hw[] = {
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .offset = offsetof(hw_options, format),
     .argument = "FORMAT",
     .default_text = "text",
     .choices = hw_formats,
     .help = "how the answer is printed"},
    {.name = "kind",
     .type = GABLE_OPTION_CHOICE,
     .offset = offsetof(hw_options, kind),
     .argument = "KIND",
     .default_text = "all",
     .choices = kind_choices,
     .help = "list this kind only",
     .hint = "GPUs, TPUs and NPUs are accelerators"},
};

extern const gable_command gable_command_hw;
const gable_command gable_command_hw = {
    .name = "hw",
    .summary = "hardware: list, show, check, and the schemas of its descriptions",
    .arguments = "list | show NAME | check [FILE...] | schema KIND",
    .options = options_of_hw,
    .n_options = COUNT_OF(options_of_hw),
    .options_bytes = sizeof(hw_options),
    .examples = "gable hw list --kind system\n"
                "gable hw show h100-sxm\n"
                "gable hw check my-gpu.json\n"
                "gable hw schema accelerator\n",
    .run = run,
};
