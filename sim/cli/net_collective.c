/* gable net collective: seconds of one collective, of a range of sizes as nccl-tests print it, or
 * as a picture. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/net.h"
#include "report/plot.h"

static const double z_90 = 1.2815515655446004, picture_timeout_s = 30.0;

/* One size. */
typedef struct line {
    double bytes, time_s, p10_s, p90_s, ceiling_s, algbw, busbw, wire_bytes, out_wire_bytes;
    int steps;
    const char *algorithm, *source;
    const char *size;                   /* "512 KiB" */
    double time_us, p90_us, ceiling_us; /* for people, whose sizes span nine decades */
} line;

#define NUMBER(key_, header_, dim_, member_, drop_)                                                \
    {                                                                                              \
        .key = (key_), .header = (header_), .type = GABLE_CELL_NUMBER, .dim = GABLE_DIM_##dim_,    \
        .offset = offsetof(line, member_), .drop = (drop_)                                         \
    }

static const gable_column columns[] = {
    NUMBER("bytes", "size", BYTES, bytes, 0),
    NUMBER("time_s", "time", SECONDS, time_s, 0),
    NUMBER("p10_s", "p10", SECONDS, p10_s, 3),
    NUMBER("p90_s", "p90", SECONDS, p90_s, 3),
    NUMBER("ceiling_s", "ceiling", SECONDS, ceiling_s, 2),
    NUMBER("algbw_bytes_per_s", "algbw", BYTES_PER_S, algbw, 0),
    NUMBER("busbw_bytes_per_s", "busbw", BYTES_PER_S, busbw, 0),
    {.key = "algorithm",
     .header = "algorithm",
     .type = GABLE_CELL_TEXT,
     .offset = offsetof(line, algorithm)},
    {.key = "steps", .header = "steps", .type = GABLE_CELL_INT, .offset = offsetof(line, steps)},
    NUMBER("wire_bytes", "wire", BYTES, wire_bytes, 1),
    NUMBER("out_wire_bytes", "between", BYTES, out_wire_bytes, 4),
    {.key = "source",
     .header = "source",
     .type = GABLE_CELL_TEXT,
     .offset = offsetof(line, source),
     .drop = 2},
};
enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

#define PLAIN(key_, header_, unit_, member_, drop_)                                                \
    {                                                                                              \
        .key = (key_), .header = (header_), .type = GABLE_CELL_NUMBER, .unit = (unit_),            \
        .offset = offsetof(line, member_), .drop = (drop_)                                         \
    }

/* What nccl-tests print: size, time, algbw, busbw. */
static const gable_column people[] = {
    {.key = "size", .header = "size", .type = GABLE_CELL_TEXT, .offset = offsetof(line, size)},
    PLAIN("time_us", "time", "us", time_us, 0),
    PLAIN("p90_us", "p90", "us", p90_us, 3),
    PLAIN("ceiling_us", "ceiling", "us", ceiling_us, 2),
    NUMBER("algbw_bytes_per_s", "algbw", BYTES_PER_S, algbw, 0),
    NUMBER("busbw_bytes_per_s", "busbw", BYTES_PER_S, busbw, 0),
    {.key = "algorithm",
     .header = "algorithm",
     .type = GABLE_CELL_TEXT,
     .offset = offsetof(line, algorithm)},
    {.key = "steps", .header = "steps", .type = GABLE_CELL_INT, .offset = offsetof(line, steps)},
    NUMBER("wire_bytes", "wire", BYTES, wire_bytes, 1),
    NUMBER("out_wire_bytes", "between", BYTES, out_wire_bytes, 4),
    {.key = "source",
     .header = "source",
     .type = GABLE_CELL_TEXT,
     .offset = offsetof(line, source),
     .drop = 5},
};

/* A rate over no time is no number. */
static double rate(double bytes, double seconds)
{
    return seconds > 0.0 && bytes > 0.0 ? bytes / seconds : (double)NAN;
}

static line make_line(gable_arena *arena, const gable_net_query *q, double bytes, const char **from)
{
    gable_transfer t;
    gable_net_answer(q, bytes, &t);
    double spread = exp(z_90 * t.time.sigma_ln);
    double moved = bytes > 0.0 ? bytes : t.wire_bytes + t.out_wire_bytes;
    *from = t.from;
    return (line){.bytes = bytes,
                  .size = gable_net_size_text(arena, bytes),
                  .time_us = 1e6 * t.time.time_s,
                  .p90_us = 1e6 * t.time.time_s * spread,
                  .ceiling_us = 1e6 * t.time.ceiling_s,
                  .time_s = t.time.time_s,
                  .p10_s = fmax(t.time.time_s / spread, t.time.ceiling_s),
                  .p90_s = t.time.time_s * spread,
                  .ceiling_s = t.time.ceiling_s,
                  .algbw = rate(moved, t.time.time_s),
                  .busbw = bytes > 0.0 ? rate(bytes * gable_net_bus_share(q->collective.kind,
                                                                          q->collective.n_ranks),
                                              t.time.time_s)
                                       : rate(t.wire_bytes, t.time.time_s),
                  .wire_bytes = t.wire_bytes,
                  .out_wire_bytes = t.out_wire_bytes,
                  .steps = (int)t.steps,
                  .algorithm = t.algorithm,
                  .source = gable_provenance_name(t.time.provenance)};
}

static void add_key(gable_text *out, const char *key, double value)
{
    gable_text_addf(out, ", \"%s\": ", key);
    gable_text_add_json_number(out, value);
}

static void add_head(gable_text *out, const gable_net_query *q)
{
    gable_text_add(out, "{\"schema\": \"gable.collective/1\", \"system\": ");
    gable_text_add_json_string(out, q->machine.system->name);
    gable_text_addf(out, ", \"op\": \"%s\", \"library\": \"%s\"",
                    gable_collective_name((int)q->collective.kind),
                    gable_libraries[q->collective.library]);
    add_key(out, "ranks", q->collective.n_ranks);
    add_key(out, "nodes", q->collective.n_nodes);
}

static void write_json(gable_text *out, const gable_net_query *q, const line *l, const char *from)
{
    add_head(out, q);
    add_key(out, "bytes", l->bytes);
    add_key(out, "time_s", l->time_s);
    add_key(out, "p10_s", l->p10_s);
    add_key(out, "p90_s", l->p90_s);
    add_key(out, "ceiling_s", l->ceiling_s);
    gable_text_addf(out, ", \"algorithm\": \"%s\"", l->algorithm);
    add_key(out, "algbw_bytes_per_s", l->algbw);
    add_key(out, "busbw_bytes_per_s", l->busbw);
    add_key(out, "wire_bytes", l->wire_bytes);
    add_key(out, "out_wire_bytes", l->out_wire_bytes);
    add_key(out, "steps", l->steps);
    gable_text_addf(out, ", \"source\": \"%s\", \"from\": ", l->source);
    gable_text_add_json_string(out, from);
    gable_text_addf(out, ", \"reason\": %s}\n",
                    l->time_s > 0.0 ? "null" : "\"nothing is sent, so there is no rate\"");
}

static void write_title(gable_text *out, const gable_net_query *q)
{
    const gable_collective *c = &q->collective;
    gable_text_addf(out, "%s over %.0f rank%s", gable_collective_name((int)c->kind), c->n_ranks,
                    c->n_ranks > 1.0 ? "s" : "");
    if (c->n_nodes > 1.0)
        gable_text_addf(out, " on %.0f nodes", c->n_nodes);
    gable_text_addf(out, " of %s", q->machine.system->name);
    if (c->library != GABLE_LIBRARY_ANY)
        gable_text_addf(out, ", %s", gable_libraries[c->library]);
}

static gable_status draw(gable_cli *cli, const gable_net_query *q, const line *lines, size_t n,
                         const char *output)
{
    gable_sizes_point points[GABLE_NET_SIZES_CAP];
    gable_text script = {0}, picture = {0}, title = {0};
    const gable_gnuplot gnuplot = {getenv("PATH"), picture_timeout_s};
    for (size_t i = 0; i < n; i++)
        points[i] = (gable_sizes_point){lines[i].algorithm, lines[i].bytes, lines[i].time_s,
                                        lines[i].p10_s,     lines[i].p90_s, lines[i].ceiling_s};
    write_title(&title, q);
    gable_sizes_request request = {.points = points,
                                   .n_points = n,
                                   .canvas = gable_canvas_of(output),
                                   .title = title.text,
                                   .plots = cli->plots};
    gable_status status =
        title.failed ? gable_fail(&cli->err, GABLE_INTERNAL, "out of memory") : GABLE_OK;
    if (request.canvas == GABLE_N_CANVASES || request.canvas == GABLE_CANVAS_TERMINAL)
        status =
            gable_fail(&cli->err, GABLE_USAGE, "-o %.200s: expected .svg, .png or .pdf", output);
    if (status == GABLE_OK)
        status = gable_sizes_script(&cli->arena, &request, &script, &cli->err);
    if (status == GABLE_OK)
        status = gable_gnuplot_run(&gnuplot, &script, &picture, &cli->err);
    if (status == GABLE_OK)
        status = gable_cli_write(cli, output, picture.text, picture.length_bytes);
    gable_text_free(&title);
    gable_text_free(&script);
    gable_text_free(&picture);
    return status;
}

static void write_table(gable_cli *cli, const gable_net_query *q, const line *lines, size_t n,
                        gable_format format)
{
    gable_table table = {.columns = columns,
                         .n_columns = N_COLUMNS,
                         .rows = lines,
                         .row_bytes = sizeof *lines,
                         .n_rows = n};
    if (format == GABLE_FORMAT_TEXT || format == GABLE_FORMAT_MD) {
        table.columns = people;
        table.n_columns = sizeof people / sizeof people[0];
    }
    if (format == GABLE_FORMAT_TEXT) {
        write_title(&cli->out, q);
        gable_text_add(&cli->out, "\n");
    }
    if (format == GABLE_FORMAT_JSON) {
        add_head(&cli->out, q);
        gable_text_add(&cli->out, ", \"sizes\": ");
    }
    gable_table_write(&cli->out, &table, format, cli->width);
    if (format == GABLE_FORMAT_JSON)
        gable_text_add(&cli->out, "}\n");
}

gable_status gable_net_collective(gable_cli *cli, const gable_net_options *o)
{
    gable_net_query query;
    double bytes[GABLE_NET_SIZES_CAP];
    size_t n = 0;
    line *lines;
    const char *from = "";
    GABLE_TRY(gable_net_ask(cli, o, o->system, &query));
    GABLE_TRY(gable_net_sizes(cli, o, bytes, &n));
    GABLE_TRY(gable_arena_take(&cli->arena, n + 1, sizeof *lines, &lines, &cli->err));
    for (size_t i = 0; i < n; i++) {
        lines[i] = make_line(&cli->arena, &query, bytes[i], &from);
        if (strcmp(lines[i].algorithm, "none") == 0 && query.collective.n_ranks > 1.0)
            return gable_fail(&cli->err, GABLE_INPUT, "%s cannot run %s%s%s",
                              query.machine.system->name, gable_net_ops[o->op],
                              o->library ? " of " : "",
                              o->library ? gable_libraries[o->library] : "");
    }
    if (o->output)
        GABLE_TRY(draw(cli, &query, lines, n, o->output));
    if (n == 1 && o->format == GABLE_FORMAT_JSON)
        write_json(&cli->out, &query, &lines[0], from);
    else
        write_table(cli, &query, lines, n, (gable_format)o->format);
    if (n == 1 && o->format == GABLE_FORMAT_TEXT)
        gable_text_addf(&cli->out, "constants: %s\n", from);
    return GABLE_OK;
}
