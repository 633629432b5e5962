/* gable whatif: a step on hardware that does not exist, beside the same step on what does. */
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/scenario_options.h"
#include "report/whatif.h"

typedef struct whatif_options {
    gable_scenario_options scenario; /* first: the shared rows point into it */
    gable_texts directions, with;
    int year;
    bool interval, list, fields;
    const char *title;
} whatif_options;

static const gable_option options[] = {
    GABLE_SCENARIO_OPTIONS(gable_phase_choices_both, "decode"),
    {.name = "direction",
     .type = GABLE_OPTION_TEXTS,
     .argument = "NAME|FILE",
     .offset = offsetof(whatif_options, directions),
     .help = "a named change of configs/whatif, may be repeated"},
    {.name = "project",
     .type = GABLE_OPTION_INT,
     .argument = "YEAR",
     .min = 2000.0,
     .max = 2100.0,
     .offset = offsetof(whatif_options, year),
     .help = "carry a trend on until that year; without --direction the memory wall's"},
    {.name = "with",
     .type = GABLE_OPTION_TEXTS,
     .argument = "OPTION=VALUE",
     .offset = offsetof(whatif_options, with),
     .help = "an option that is another after the change, may be repeated: tp=4, system=gb200"},
    {.name = "interval",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(whatif_options, interval),
     .help = "p10 to p90 of both, and how often the change pays"},
    {.name = "title",
     .type = GABLE_OPTION_TEXT,
     .argument = "TEXT",
     .offset = offsetof(whatif_options, title),
     .help = "above the picture"},
    {.name = "list",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(whatif_options, list),
     .help = "list the directions"},
    {.name = "fields",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(whatif_options, fields),
     .help = "list the fields that --set takes, with their values on --system"},
};

enum { N_BOTH = 2 };
static const double picture_timeout_s = 30.0;

/* One phase, both sides. */
typedef struct pair {
    gable_case cases[2];
    gable_priced priced[2];
    gable_whatif whatif;
    gable_uncertainty uncertainty[2];
    gable_decision decision;
} pair;

/* ---- lists ---- */

static const char *whatif_folder(gable_cli *cli)
{
    const char *path = gable_file_join(&cli->arena, cli->configs, "whatif");
    return path ? path : "";
}

typedef struct listed {
    const char *name, *value, *help;
} listed;

static const gable_column list_columns[] = {
    {.key = "name", .header = "direction", .offset = offsetof(listed, name)},
    {.key = "title", .header = "what it is", .offset = offsetof(listed, help)},
};
static const gable_column field_columns[] = {
    {.key = "field", .header = "field", .offset = offsetof(listed, name)},
    {.key = "value", .header = "value", .offset = offsetof(listed, value)},
    {.key = "help", .header = "what it is", .offset = offsetof(listed, help), .drop = 1},
};

static gable_status write_list(gable_cli *cli, const whatif_options *o, const gable_table *table,
                               const char *key)
{
    gable_format format = (gable_format)o->scenario.format;
    if (format == GABLE_FORMAT_JSON)
        gable_text_addf(&cli->out, "{\n  \"schema\": \"gable.whatif/1\",\n  \"%s\": ", key);
    gable_table_write(&cli->out, table, format, cli->width);
    if (format == GABLE_FORMAT_JSON)
        gable_text_add(&cli->out, "\n}\n");
    return gable_scenario_deliver(cli, o->scenario.output);
}

static gable_status list_directions(gable_cli *cli, const whatif_options *o)
{
    const char *const *names, *folder = whatif_folder(cli);
    listed *rows;
    size_t n;
    GABLE_TRY(gable_direction_names(&cli->arena, folder, &names, &n, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, n + 1, sizeof *rows, &rows, &cli->err));
    for (size_t i = 0; i < n; i++) {
        const gable_direction *direction;
        GABLE_TRY(gable_direction_load(&cli->arena, folder, names[i], &direction, &cli->err));
        rows[i] = (listed){.name = direction->name, .help = direction->title};
    }
    gable_table table = {.columns = list_columns,
                         .n_columns = sizeof list_columns / sizeof list_columns[0],
                         .rows = rows,
                         .row_bytes = sizeof *rows,
                         .n_rows = n};
    return write_list(cli, o, &table, "directions");
}

static gable_status list_fields(gable_cli *cli, const whatif_options *o)
{
    gable_machine machine;
    gable_edit *edit;
    gable_edit_field *fields;
    listed *rows;
    size_t n = (size_t)gable_edit_count();
    if (!o->scenario.system)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--fields: --system is needed, for example --system hgx-h100-8");
    GABLE_TRY(gable_machine_load(&cli->arena, cli->hw, o->scenario.system, o->scenario.stack,
                                 &machine, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *edit, &edit, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, n, sizeof *rows, &rows, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, n, sizeof *fields, &fields, &cli->err));
    GABLE_TRY(gable_edit_open(&cli->arena, &machine, edit, &cli->err));
    for (size_t i = 0; i < n; i++) {
        gable_text value = {0};
        gable_edit_at((int)i, &fields[i]);
        gable_edit_print(&fields[i], gable_edit_get(edit, &fields[i]), &value);
        const char *copy =
            value.failed
                ? NULL
                : gable_arena_copy(&cli->arena, value.text ? value.text : "", value.length_bytes);
        gable_text_free(&value);
        if (!copy)
            return gable_fail(&cli->err, GABLE_INTERNAL, "out of memory");
        rows[i] = (listed){fields[i].path, copy, fields[i].row->help};
    }
    gable_table table = {.columns = field_columns,
                         .n_columns = sizeof field_columns / sizeof field_columns[0],
                         .rows = rows,
                         .row_bytes = sizeof *rows,
                         .n_rows = n};
    return write_list(cli, o, &table, "fields");
}

/* ---- what changes ---- */

/* The trend that --project carries on when no direction is one. */
static gable_status find_trend(gable_cli *cli, gable_whatif_changes *out)
{
    const char *const *names, *folder = whatif_folder(cli);
    size_t n;
    for (int i = 0; i < out->n_directions; i++)
        if (out->directions[i]->every_years > 0.0)
            return GABLE_OK;
    GABLE_TRY(gable_direction_names(&cli->arena, folder, &names, &n, &cli->err));
    for (size_t i = 0; i < n && out->n_directions < GABLE_DIRECTIONS_CAP; i++) {
        const gable_direction *direction;
        GABLE_TRY(gable_direction_load(&cli->arena, folder, names[i], &direction, &cli->err));
        if (direction->every_years > 0.0) {
            out->directions[out->n_directions++] = direction;
            return GABLE_OK;
        }
    }
    return gable_fail(&cli->err, GABLE_INPUT, "%s: no direction there is a trend", folder);
}

static gable_status load_directions(gable_cli *cli, const whatif_options *o,
                                    gable_whatif_changes *out)
{
    if (o->directions.n > GABLE_DIRECTIONS_CAP)
        return gable_fail(&cli->err, GABLE_USAGE, "--direction: given more than %d times",
                          GABLE_DIRECTIONS_CAP);
    for (int i = 0; i < o->directions.n; i++)
        GABLE_TRY(gable_direction_load(&cli->arena, whatif_folder(cli), o->directions.text[i],
                                       &out->directions[out->n_directions++], &cli->err));
    out->with = o->with.text;
    out->n_with = o->with.n;
    return o->year > 0 ? find_trend(cli, out) : GABLE_OK;
}

/* Edits a copy of *machine: what the directions assume, and when `after` all that changes. */
static gable_status edit_machine(gable_cli *cli, const whatif_options *o,
                                 const gable_whatif_changes *changes, bool after,
                                 gable_machine *machine, gable_edited_list *assumed,
                                 gable_edited_list *edited)
{
    gable_edit *edit;
    gable_err *err = &cli->err;
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *edit, &edit, err));
    GABLE_TRY(gable_edit_open(&cli->arena, machine, edit, err));
    assumed->n = edited->n = 0;
    for (int i = 0; i < changes->n_directions; i++)
        GABLE_TRY(gable_direction_assume(changes->directions[i], edit, assumed, err));
    for (int i = 0; after && i < changes->n_directions; i++)
        GABLE_TRY(
            gable_direction_apply(&cli->arena, changes->directions[i], o->year, edit, edited, err));
    for (int i = 0; after && i < o->scenario.set.n; i++)
        GABLE_TRY(gable_edit_apply(edit, o->scenario.set.text[i], edited, err));
    GABLE_TRY(gable_edit_check_whole(edit, err));
    *machine = edit->machine;
    return GABLE_OK;
}

/* ---- one phase ---- */

static gable_status price_side(gable_cli *cli, const whatif_options *o,
                               const gable_scenario_options *scenario, gable_phase phase, bool both,
                               gable_whatif_changes *changes, bool after, pair *out)
{
    gable_scenario read;
    gable_scenario_options plain = *scenario;
    gable_edited_list *assumed, *edited;
    gable_case *c = &out->cases[after];
    plain.set.n = 0; /* of the side after, and applied behind the directions */
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *assumed, &assumed, &cli->err));
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *edited, &edited, &cli->err));
    GABLE_TRY(gable_scenario_read(cli, &plain, phase, both, c, &read));
    GABLE_TRY(edit_machine(cli, o, changes, after, &c->machine, assumed, edited));
    changes->assumed = assumed;
    changes->edited = edited;
    return gable_scenario_price_read(cli, &read, c, &out->priced[after]);
}

static gable_whatif_step step_of(const gable_priced *p)
{
    return (gable_whatif_step){p->plan, p->machine, p->step};
}

static gable_status compare(gable_cli *cli, const whatif_options *o, gable_phase phase, bool both,
                            gable_whatif_changes *changes, pair *out)
{
    whatif_options later = *o;
    for (int i = 0; i < o->with.n; i++)
        GABLE_TRY(gable_options_set(&gable_command_whatif, o->with.text[i], &later, &cli->err));
    GABLE_TRY(price_side(cli, o, &o->scenario, phase, both, changes, false, out));
    GABLE_TRY(price_side(cli, &later, &later.scenario, phase, both, changes, true, out));
    const gable_whatif_step sides[2] = {step_of(&out->priced[0]), step_of(&out->priced[1])};
    GABLE_TRY(gable_whatif_compare(&cli->arena, &sides[0], &sides[1], &out->whatif, &cli->err));
    if (o->interval)
        GABLE_TRY(
            gable_interval_run(&cli->arena, sides, 2, out->uncertainty, &out->decision, &cli->err));
    return GABLE_OK;
}

/* ---- the answer ---- */

/* The direction, or what else is changed: "What if hbm.bandwidth=x2, tp=8". */
static void add_title(gable_text *out, const whatif_options *o, const gable_whatif_changes *changes)
{
    const gable_texts *changed[] = {&o->scenario.set, &o->with};
    const char *between = changes->n_directions > 0 ? ", and " : " ";
    gable_text_add(out, changes->n_directions > 0 ? changes->directions[0]->title : "What if");
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < changed[k]->n; i++) {
            gable_text_addf(out, "%s%s", between, changed[k]->text[i]);
            between = ", ";
        }
}

static gable_status draw(gable_cli *cli, const whatif_options *o, gable_canvas canvas,
                         const gable_whatif_changes *changes, const gable_whatif_report *step)
{
    gable_text script = {0}, subtitle = {0}, title = {0};
    const gable_gnuplot gnuplot = {getenv("PATH"), picture_timeout_s};
    if (o->title)
        gable_text_add(&title, o->title);
    else
        add_title(&title, o, changes);
    gable_report_title(&subtitle, step->before);
    const gable_scenario *s = &step->before->plan->scenario;
    gable_text_addf(&subtitle, ", %.10g x %.10g tokens, %.10g cached each", s->batch, s->n_new,
                    s->n_cached);
    gable_status status = subtitle.failed || title.failed
                              ? gable_fail(&cli->err, GABLE_INTERNAL, "out of memory")
                              : GABLE_OK;
    if (status == GABLE_OK)
        status =
            gable_whatif_script(&cli->arena, step, canvas, title.text ? title.text : "",
                                subtitle.text ? subtitle.text : "", cli->plots, &script, &cli->err);
    if (status == GABLE_OK)
        status = gable_gnuplot_run(&gnuplot, &script, &cli->out, &cli->err);
    gable_text_free(&script);
    gable_text_free(&subtitle);
    gable_text_free(&title);
    return status;
}

static gable_status answer(gable_cli *cli, const whatif_options *o,
                           const gable_whatif_changes *changes, const pair *pairs, int n)
{
    gable_whatif_report steps[N_BOTH];
    const char *output = o->scenario.output;
    gable_canvas canvas = output ? gable_canvas_of(output) : GABLE_N_CANVASES;
    for (int i = 0; i < n; i++)
        steps[i] = (gable_whatif_report){.whatif = &pairs[i].whatif,
                                         .before = &pairs[i].priced[0],
                                         .after = &pairs[i].priced[1],
                                         .uncertainty = o->interval ? pairs[i].uncertainty : NULL,
                                         .decision = o->interval ? &pairs[i].decision : NULL};
    if (canvas == GABLE_N_CANVASES || canvas == GABLE_CANVAS_TERMINAL)
        GABLE_TRY(gable_report_whatif(&cli->arena, changes, steps, n,
                                      (gable_format)o->scenario.format, cli->width, &cli->out,
                                      &cli->err));
    else if (n > 1)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "-o %.200s: a picture shows one phase, decode or prefill", output);
    else
        GABLE_TRY(draw(cli, o, canvas, changes, steps));
    return gable_scenario_deliver(cli, output);
}

static gable_status run(gable_cli *cli, const void *given)
{
    static const gable_phase order[N_BOTH] = {GABLE_PHASE_DECODE, GABLE_PHASE_PREFILL};
    const whatif_options *o = given;
    gable_whatif_changes changes = {.n_directions = 0};
    pair *pairs;
    if (o->list)
        return list_directions(cli, o);
    if (o->fields)
        return list_fields(cli, o);
    GABLE_TRY(gable_scenario_check_form(cli, o->scenario.output, o->scenario.format));
    GABLE_TRY(gable_arena_take(&cli->arena, N_BOTH, sizeof *pairs, &pairs, &cli->err));
    GABLE_TRY(load_directions(cli, o, &changes));
    bool both = o->scenario.phase == GABLE_PHASE_CHOICE_BOTH;
    for (int i = 0; i < (both ? N_BOTH : 1); i++)
        GABLE_TRY(compare(cli, o, both ? order[i] : gable_scenario_phase(&o->scenario), both,
                          &changes, &pairs[i]));
    return answer(cli, o, &changes, pairs, both ? N_BOTH : 1);
}

const gable_command gable_command_whatif = {
    .name = "whatif",
    .summary = "a step on hardware that does not exist, beside the same step on what does",
    .arguments = "",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .draws = ".svg .gif .png .pdf",
    .options_bytes = sizeof(whatif_options),
    .examples = "gable whatif --model llama-3.1-70b --system hgx-h100-8 --tp 8 --batch 64 "
                "--set hbm.bandwidth=x2\n"
                "gable whatif --model llama-3.1-405b --system hgx-b200-8 --tp 8 --direction hbf\n"
                "gable whatif --model llama-3.1-70b --system gb200-nvl72 --tp 4 --project 2032 "
                "--phase both\n"
                "gable whatif --model qwen3-32b --system hgx-h100-8 --tp 4 --with tp=8 --interval\n"
                "gable whatif --model qwen3-32b --system h100-sxm --direction pnm --batch 64 "
                "--context 16k -o pnm.svg\n"
                "gable whatif --list\n"
                "gable whatif --fields --system hgx-h100-8\n",
    .run = run,
};
