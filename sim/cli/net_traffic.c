/* gable net traffic: a pattern of flows on a system: when it ends, and (-o) the flows themselves
 * for `gable net flows`. */
#include <math.h>
#include <string.h>

#include "cli/net.h"
#include "net/fabric.h"

static void add_number(gable_text *out, const char *key, double value)
{
    gable_text_addf(out, ", \"%s\": ", key);
    gable_text_add_json_number(out, value);
}

static void add_names(gable_text *out, const char *key, const char *const *names,
                      const size_t *rows, size_t n)
{
    gable_text_addf(out, ", \"%s\": [", key);
    for (size_t i = 0; i < n; i++) {
        gable_text_add(out, i ? ", " : "");
        gable_text_add_json_string(out, names[rows[i]]);
    }
    gable_text_add(out, "]");
}

/* What `gable net flows` reads. */
static void write_scenario(gable_text *out, const gable_flows *f)
{
    gable_text_add(out, "{\"links\": [");
    for (size_t i = 0; i < f->n_links; i++) {
        gable_text_add(out, i ? ",\n  {\"name\": " : "\n  {\"name\": ");
        gable_text_add_json_string(out, f->link_name[i]);
        add_number(out, "bandwidth_Bps", f->link_bytes_per_s[i]);
        if (f->link_count[i] > 1.0)
            add_number(out, "count", f->link_count[i]);
        gable_text_add(out, "}");
    }
    gable_text_add(out, "],\n \"flows\": [");
    for (size_t i = 0; i < f->n_flows; i++) {
        size_t at = f->path_at[i], after = f->after_at[i];
        gable_text_add(out, i ? ",\n  {\"id\": " : "\n  {\"id\": ");
        gable_text_add_json_string(out, f->flow_id[i]);
        add_number(out, "bytes", f->flow_bytes[i]);
        if (f->flow_start_s[i] > 0.0)
            add_number(out, "start", f->flow_start_s[i]);
        if (f->flow_count[i] > 1.0)
            add_number(out, "count", f->flow_count[i]);
        if (f->after_at[i + 1] > after)
            add_names(out, "deps", f->flow_id, f->after + after, f->after_at[i + 1] - after);
        add_names(out, "path", f->link_name, f->path + at, f->path_at[i + 1] - at);
        gable_text_add(out, "}");
    }
    gable_text_add(out, "]}\n");
}

static gable_status save(gable_cli *cli, const gable_flows *flows, const char *output)
{
    gable_text text = {0};
    write_scenario(&text, flows);
    gable_status status = text.failed ? gable_fail(&cli->err, GABLE_INTERNAL, "out of memory")
                                      : gable_cli_write(cli, output, text.text, text.length_bytes);
    gable_text_free(&text);
    return status;
}

static double count_flows(const gable_flows *flows)
{
    double n = 0.0;
    for (size_t i = 0; i < flows->n_flows; i++)
        n += flows->flow_count[i];
    return n;
}

static const char *busiest(const gable_flows *flows, const gable_flows_end *end)
{
    return end->busiest_link < flows->n_links ? flows->link_name[end->busiest_link] : "none";
}

static void write_answer(gable_cli *cli, const gable_net_query *q, const char *pattern,
                         const gable_flows *flows, const gable_flows_end *end, gable_format format)
{
    char makespan[GABLE_UNITS_TEXT_CAP], bound[GABLE_UNITS_TEXT_CAP];
    if (format == GABLE_FORMAT_JSON) {
        gable_text_addf(&cli->out, "{\"schema\": \"gable.traffic/1\", \"system\": \"%s\"",
                        q->machine.system->name);
        gable_text_addf(&cli->out, ", \"pattern\": \"%s\"", pattern);
        add_number(&cli->out, "ranks", q->collective.n_ranks);
        add_number(&cli->out, "nodes", q->collective.n_nodes);
        add_number(&cli->out, "flows", count_flows(flows));
        add_number(&cli->out, "makespan_s", end->makespan_s);
        add_number(&cli->out, "bound_s", end->bound_s);
        gable_text_addf(&cli->out, ", \"busiest_link\": \"%s\"}\n", busiest(flows, end));
        return;
    }
    gable_units_print(end->makespan_s, GABLE_DIM_SECONDS, 6, makespan);
    gable_units_print(end->bound_s, GABLE_DIM_SECONDS, 6, bound);
    gable_text_addf(&cli->out,
                    "%s over %.0f ranks of %s: %.0f flows end after %s\n"
                    "no schedule beats %s; the busiest link is %s\n",
                    pattern, q->collective.n_ranks, q->machine.system->name, count_flows(flows),
                    makespan, bound, busiest(flows, end));
}

gable_status gable_net_traffic(gable_cli *cli, const gable_net_options *o)
{
    gable_net_options as_collective = *o;
    gable_net_query query;
    gable_flows flows;
    gable_flows_end end;
    double bytes[GABLE_NET_SIZES_CAP];
    size_t n = 0;
    if (o->format != GABLE_FORMAT_TEXT && o->format != GABLE_FORMAT_JSON)
        return gable_fail(&cli->err, GABLE_USAGE, "traffic answers in text or json");
    if (o->bytes && strstr(o->bytes, ".."))
        return gable_fail(&cli->err, GABLE_USAGE, "--bytes %.60s: traffic takes one size",
                          o->bytes);
    as_collective.op = GABLE_COLLECTIVE_ALL_TO_ALL;
    as_collective.library = GABLE_LIBRARY_ANY;
    as_collective.algorithm = NULL;
    as_collective.stack = "ideal";
    GABLE_TRY(gable_net_ask(cli, &as_collective, o->system, &query));
    GABLE_TRY(gable_net_sizes(cli, &as_collective, bytes, &n));
    gable_traffic traffic = {.pattern = (gable_pattern)o->pattern,
                             .n_ranks = (int)query.collective.n_ranks,
                             .n_nodes = (int)query.collective.n_nodes,
                             .bytes = bytes[0],
                             .skew = o->skew,
                             .seed = (unsigned)o->seed};
    GABLE_TRY(gable_traffic_build(&cli->arena, query.machine.system, &traffic, &flows, &cli->err));
    GABLE_TRY(gable_flows_run(&cli->arena, &flows, &end, &cli->err));
    if (o->output)
        GABLE_TRY(save(cli, &flows, o->output));
    write_answer(cli, &query, gable_patterns[o->pattern], &flows, &end, (gable_format)o->format);
    return GABLE_OK;
}
