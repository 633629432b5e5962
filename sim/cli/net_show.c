/* gable net show SYSTEM: the levels of a system, their rates and bisections. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/net.h"
#include "net/fabric.h"
#include "report/fabric.h"

#define COLUMN(key_, header_, type_, dim_, member_, drop_)                                         \
    {                                                                                              \
        .key = (key_), .header = (header_), .type = GABLE_CELL_##type_, .dim = GABLE_DIM_##dim_,   \
        .offset = offsetof(line, member_), .drop = (drop_)                                         \
    }

/* One level; `name` carries the branches of the tree in text. */
typedef struct line {
    const char *name, *how, *link;
    double n_units, n_devices, n_switches, device, bisection, oversubscription;
} line;

static const gable_column columns[] = {
    COLUMN("level", "level", TEXT, NONE, name, 0),
    COLUMN("units", "units", NUMBER, COUNT, n_units, 0),
    COLUMN("devices", "devices", NUMBER, COUNT, n_devices, 0),
    COLUMN("switches", "switches", NUMBER, COUNT, n_switches, 2),
    COLUMN("device_bytes_per_s", "per device", NUMBER, BYTES_PER_S, device, 0),
    COLUMN("bisection_bytes_per_s", "bisection", NUMBER, BYTES_PER_S, bisection, 0),
    COLUMN("oversubscription", "over", NUMBER, NONE, oversubscription, 3),
    COLUMN("fabric", "fabric", TEXT, NONE, how, 1),
    COLUMN("link", "link", TEXT, NONE, link, 1),
};

static line make_line(const gable_level *level, const char *name)
{
    return (line){.name = name,
                  .how = level->how,
                  .link = level->link,
                  .n_units = level->n_units,
                  .n_devices = level->n_devices,
                  .n_switches = level->n_switches > 0.0 ? level->n_switches : (double)NAN,
                  .device = level->device_bytes_per_s,
                  .bisection = level->bisection_bytes_per_s,
                  .oversubscription = level->oversubscription};
}

/* The widest level first, each one hung below the one that holds it. */
static gable_status make_lines(gable_cli *cli, const gable_level *levels, int n, bool tree,
                               line *lines)
{
    for (int i = n - 1; i >= 0; i--) {
        char text[80];
        int depth = n - 1 - i;
        snprintf(text, sizeof text, "%*s%s%s", tree && depth ? 2 * (depth - 1) : 0, "",
                 tree && depth ? "`-" : "", levels[i].name);
        const char *name = gable_arena_copy(&cli->arena, text, strlen(text));
        if (!name)
            return gable_fail(&cli->err, GABLE_INTERNAL, "arena full");
        lines[depth] = make_line(&levels[i], name);
    }
    return GABLE_OK;
}

static void add_host(gable_text *out, const gable_system *s)
{
    char rate[GABLE_UNITS_TEXT_CAP];
    const gable_accelerator *a = s->accelerator;
    bool coherent = a->c2c_bytes_per_s > 0.0;
    double to_host = coherent ? a->c2c_bytes_per_s : a->host_bytes_per_s;
    if (to_host <= 0.0)
        return;
    gable_units_print(to_host, GABLE_DIM_BYTES_PER_S, 4, rate);
    gable_text_addf(
        out, "host: %s each way a device%s%s%s%s\n", rate, coherent ? ", coherent (C2C)" : "",
        s->host_name ? ", " : "", s->host_name ? s->host_name : "",
        s->fabric == GABLE_FABRIC_PCIE ? (s->p2p ? ", peer access" : ", no peer access") : "");
}

static gable_status draw(gable_cli *cli, const gable_system *system, const gable_level *levels,
                         int n, double nodes, const char *output)
{
    char title[200];
    gable_text picture = {0};
    snprintf(title, sizeof title, "%.80s, %.0f nodes: %.0f devices", system->name, nodes,
             nodes * system->n_accelerators);
    if (strlen(output) < 4 || strcmp(output + strlen(output) - 4, ".svg") != 0)
        return gable_fail(&cli->err, GABLE_USAGE, "-o %.200s: expected .svg", output);
    gable_fabric_svg(&picture, title, levels, n);
    gable_status status = picture.failed
                              ? gable_fail(&cli->err, GABLE_INTERNAL, "out of memory")
                              : gable_cli_write(cli, output, picture.text, picture.length_bytes);
    gable_text_free(&picture);
    return status;
}

static gable_status check_nodes(gable_cli *cli, const gable_system *s, double nodes)
{
    if (s->max_nodes > 0 && nodes > s->max_nodes)
        return gable_fail(&cli->err, GABLE_INPUT, "%s joins at most %d nodes, not %.0f", s->name,
                          s->max_nodes, nodes);
    if (nodes > 1.0 && !s->scale_out_link)
        return gable_fail(&cli->err, GABLE_INPUT, "%s has no scale-out link for %.0f nodes",
                          s->name, nodes);
    return GABLE_OK;
}

static void write_table(gable_cli *cli, const gable_system *system, const line *lines, int n,
                        double nodes, gable_format format)
{
    gable_table table = {.columns = columns,
                         .n_columns = sizeof columns / sizeof columns[0],
                         .rows = lines,
                         .row_bytes = sizeof *lines,
                         .n_rows = (size_t)n};
    if (format == GABLE_FORMAT_TEXT)
        gable_text_addf(&cli->out, "%s: %.0f %s of %d x %s\n", system->name, nodes,
                        nodes > 1.0 ? "domains" : "domain", system->n_accelerators,
                        system->accelerator_name);
    if (format == GABLE_FORMAT_JSON)
        gable_text_addf(&cli->out,
                        "{\"schema\": \"gable.net_show/1\", \"system\": \"%s\", \"nodes\": %.0f, "
                        "\"devices\": %.0f, \"levels\": ",
                        system->name, nodes, nodes * system->n_accelerators);
    gable_table_write(&cli->out, &table, format, cli->width);
    if (format == GABLE_FORMAT_JSON)
        gable_text_add(&cli->out, "}\n");
    if (format == GABLE_FORMAT_TEXT)
        add_host(&cli->out, system);
}

gable_status gable_net_show(gable_cli *cli, const gable_net_options *o)
{
    const gable_system *system;
    const gable_link *out_link = NULL;
    gable_level levels[GABLE_LEVELS_CAP];
    line lines[GABLE_LEVELS_CAP];
    double nodes = o->nodes > 0 ? o->nodes : 1.0;
    GABLE_TRY(gable_system_load(&cli->arena, cli->hw, cli->arguments[1], &system, &cli->err));
    GABLE_TRY(check_nodes(cli, system, nodes));
    if (system->scale_out_link)
        GABLE_TRY(
            gable_link_load(&cli->arena, cli->hw, system->scale_out_link, &out_link, &cli->err));
    int n = gable_fabric_levels(system, out_link, nodes, levels);
    GABLE_TRY(make_lines(cli, levels, n, o->format == GABLE_FORMAT_TEXT, lines));
    if (o->output)
        GABLE_TRY(draw(cli, system, levels, n, nodes, o->output));
    write_table(cli, system, lines, n, nodes, (gable_format)o->format);
    return GABLE_OK;
}
