/* gable net flows: transfers that share links, and when each of them ends. */
#include "cli/net.h"
#include "net/flows.h"

/* One flow of the answer. */
typedef struct line {
    const char *id;
    double end_s;
} line;

static const gable_column columns[] = {
    {.key = "id", .header = "flow", .type = GABLE_CELL_TEXT, .offset = offsetof(line, id)},
    {.key = "end_s",
     .header = "end",
     .type = GABLE_CELL_NUMBER,
     .dim = GABLE_DIM_SECONDS,
     .offset = offsetof(line, end_s)},
};

/* More lines than this say nothing to people: the last ends are what they look for. */
enum { TEXT_LINES_CAP = 40 };

static void write_json(gable_text *out, const gable_flows *flows, const gable_flows_end *end)
{
    gable_text_add(out, "{\"schema\": \"gable.flows/1\", \"makespan_s\": ");
    gable_text_add_json_number(out, end->makespan_s);
    gable_text_add(out, ", \"bound_s\": ");
    gable_text_add_json_number(out, end->bound_s);
    gable_text_add(out, ", \"busiest_link\": ");
    if (end->busiest_link < flows->n_links)
        gable_text_add_json_string(out, flows->link_name[end->busiest_link]);
    else
        gable_text_add(out, "null");
    gable_text_add(out, ", \"flows\": [");
    for (size_t i = 0; i < flows->n_flows; i++) {
        gable_text_add(out, i ? ",\n  {\"id\": " : "\n  {\"id\": ");
        gable_text_add_json_string(out, flows->flow_id[i]);
        gable_text_add(out, ", \"end_s\": ");
        gable_text_add_json_number(out, end->end_s[i]);
        gable_text_add(out, "}");
    }
    gable_text_add(out, flows->n_flows ? "\n]}\n" : "]}\n");
}

static void write_headline(gable_text *out, const gable_flows *flows, const gable_flows_end *end)
{
    char makespan[GABLE_UNITS_TEXT_CAP], bound[GABLE_UNITS_TEXT_CAP];
    gable_units_print(end->makespan_s, GABLE_DIM_SECONDS, 6, makespan);
    gable_units_print(end->bound_s, GABLE_DIM_SECONDS, 6, bound);
    gable_text_addf(out, "%zu flows on %zu links end after %s", flows->n_flows, flows->n_links,
                    makespan);
    if (end->busiest_link < flows->n_links)
        gable_text_addf(out, "; no schedule beats %s, the busiest link is ", bound);
    if (end->busiest_link < flows->n_links)
        gable_text_add_safe(out, flows->link_name[end->busiest_link]);
    gable_text_add(out, "\n");
}

gable_status gable_net_flows(gable_cli *cli, const gable_net_options *o)
{
    gable_flows flows;
    gable_flows_end end;
    line *lines;
    GABLE_TRY(gable_flows_read(&cli->arena, cli->arguments[1], &flows, &cli->err));
    GABLE_TRY(gable_flows_run(&cli->arena, &flows, &end, &cli->err));
    if (o->format == GABLE_FORMAT_JSON) {
        write_json(&cli->out, &flows, &end);
        return GABLE_OK;
    }
    GABLE_TRY(gable_arena_take(&cli->arena, flows.n_flows + 1, sizeof *lines, &lines, &cli->err));
    for (size_t i = 0; i < flows.n_flows; i++)
        lines[i] = (line){flows.flow_id[i], end.end_s[i]};
    gable_table table = {.columns = columns,
                         .n_columns = sizeof columns / sizeof columns[0],
                         .rows = lines,
                         .row_bytes = sizeof *lines,
                         .n_rows = flows.n_flows};
    if (o->format == GABLE_FORMAT_TEXT) {
        write_headline(&cli->out, &flows, &end);
        if (table.n_rows > TEXT_LINES_CAP)
            gable_text_addf(&cli->out, "the first %d of them:\n", (int)TEXT_LINES_CAP);
        table.n_rows = table.n_rows > TEXT_LINES_CAP ? TEXT_LINES_CAP : table.n_rows;
    }
    gable_table_write(&cli->out, &table, (gable_format)o->format, cli->width);
    return GABLE_OK;
}
