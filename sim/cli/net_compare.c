/* gable net compare A B: the same collective on two systems, size by size. */
#include <math.h>

#include "cli/net.h"

typedef struct line {
    double bytes, a_s, b_s, speedup, a_busbw, b_busbw, ceiling_ratio;
    const char *a_algorithm, *b_algorithm;
    const char *size;  /* "512 KiB" */
    double a_us, b_us; /* for people, whose sizes span nine decades */
} line;

#define COLUMN(key_, header_, type_, dim_, member_, drop_)                                         \
    {                                                                                              \
        .key = (key_), .header = (header_), .type = GABLE_CELL_##type_, .dim = GABLE_DIM_##dim_,   \
        .offset = offsetof(line, member_), .drop = (drop_)                                         \
    }

static const gable_column columns[] = {
    COLUMN("bytes", "size", NUMBER, BYTES, bytes, 0),
    COLUMN("a_time_s", "A", NUMBER, SECONDS, a_s, 0),
    COLUMN("b_time_s", "B", NUMBER, SECONDS, b_s, 0),
    COLUMN("speedup", "A / B", NUMBER, NONE, speedup, 0),
    COLUMN("ceiling_ratio", "of ceilings", NUMBER, NONE, ceiling_ratio, 1),
    COLUMN("a_busbw_bytes_per_s", "A busbw", NUMBER, BYTES_PER_S, a_busbw, 2),
    COLUMN("b_busbw_bytes_per_s", "B busbw", NUMBER, BYTES_PER_S, b_busbw, 2),
    COLUMN("a_algorithm", "A by", TEXT, NONE, a_algorithm, 0),
    COLUMN("b_algorithm", "B by", TEXT, NONE, b_algorithm, 0),
};

static const gable_column people[] = {
    COLUMN("size", "size", TEXT, NONE, size, 0),
    {.key = "a_us",
     .header = "A",
     .type = GABLE_CELL_NUMBER,
     .unit = "us",
     .offset = offsetof(line, a_us)},
    {.key = "b_us",
     .header = "B",
     .type = GABLE_CELL_NUMBER,
     .unit = "us",
     .offset = offsetof(line, b_us)},
    COLUMN("speedup", "A / B", NUMBER, NONE, speedup, 0),
    COLUMN("ceiling_ratio", "ceilings", NUMBER, NONE, ceiling_ratio, 2),
    COLUMN("a_busbw_bytes_per_s", "A busbw", NUMBER, BYTES_PER_S, a_busbw, 3),
    COLUMN("b_busbw_bytes_per_s", "B busbw", NUMBER, BYTES_PER_S, b_busbw, 3),
    COLUMN("a_algorithm", "A by", TEXT, NONE, a_algorithm, 0),
    COLUMN("b_algorithm", "B by", TEXT, NONE, b_algorithm, 0),
};

static double ratio(double a, double b)
{
    return b > 0.0 ? a / b : (double)NAN;
}

static double busbw(const gable_net_query *query, double bytes, const gable_transfer *transfer)
{
    gable_collective c = query->collective;
    c.bytes = bytes;
    return gable_net_busbw(&c, transfer);
}

static line make_line(gable_arena *arena, const gable_net_query *query, double bytes)
{
    gable_transfer a, b;
    gable_net_answer(&query[0], bytes, &a);
    gable_net_answer(&query[1], bytes, &b);
    return (line){.bytes = bytes,
                  .size = gable_net_size_text(arena, bytes),
                  .a_us = 1e6 * a.time.time_s,
                  .b_us = 1e6 * b.time.time_s,
                  .a_s = a.time.time_s,
                  .b_s = b.time.time_s,
                  .speedup = ratio(a.time.time_s, b.time.time_s),
                  .ceiling_ratio = ratio(a.time.ceiling_s, b.time.ceiling_s),
                  .a_busbw = busbw(&query[0], bytes, &a),
                  .b_busbw = busbw(&query[1], bytes, &b),
                  .a_algorithm = a.algorithm,
                  .b_algorithm = b.algorithm};
}

static void add_side(gable_text *out, const char *key, const gable_net_query *q)
{
    gable_text_addf(out, ", \"%s\": ", key);
    gable_text_add_json_string(out, q->machine.system->name);
    gable_text_addf(out, ", \"%s_ranks\": %.0f", key, q->collective.n_ranks);
}

gable_status gable_net_compare(gable_cli *cli, const gable_net_options *o)
{
    gable_net_query query[2];
    double bytes[GABLE_NET_SIZES_CAP];
    size_t n = 0;
    line *lines;
    for (int i = 0; i < 2; i++)
        GABLE_TRY(gable_net_ask(cli, o, cli->arguments[1 + i], &query[i]));
    GABLE_TRY(gable_net_sizes(cli, o, bytes, &n));
    GABLE_TRY(gable_arena_take(&cli->arena, n + 1, sizeof *lines, &lines, &cli->err));
    for (size_t i = 0; i < n; i++)
        lines[i] = make_line(&cli->arena, query, bytes[i]);
    bool for_people = o->format == GABLE_FORMAT_TEXT || o->format == GABLE_FORMAT_MD;
    gable_table table = {.columns = for_people ? people : columns,
                         .n_columns = for_people ? sizeof people / sizeof people[0]
                                                 : sizeof columns / sizeof columns[0],
                         .rows = lines,
                         .row_bytes = sizeof *lines,
                         .n_rows = n};
    if (o->format == GABLE_FORMAT_TEXT)
        gable_text_addf(&cli->out, "%s: A %s, %.0f ranks; B %s, %.0f ranks\n", gable_net_ops[o->op],
                        query[0].machine.system->name, query[0].collective.n_ranks,
                        query[1].machine.system->name, query[1].collective.n_ranks);
    if (o->format == GABLE_FORMAT_JSON) {
        gable_text_addf(&cli->out, "{\"schema\": \"gable.net_compare/1\", \"op\": \"%s\"",
                        gable_net_ops[o->op]);
        add_side(&cli->out, "a", &query[0]);
        add_side(&cli->out, "b", &query[1]);
        gable_text_add(&cli->out, ", \"sizes\": ");
    }
    gable_table_write(&cli->out, &table, (gable_format)o->format, cli->width);
    if (o->format == GABLE_FORMAT_JSON)
        gable_text_add(&cli->out, "}\n");
    return GABLE_OK;
}
