/* gable merge: parts of a sweep become one answer, the same as that of the sweep in one piece. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "report/sweep.h"

typedef struct merge_options {
    bool partial;
    const char *output;
    int format;
} merge_options;

static const gable_option options[] = {
    {.name = "partial",
     .type = GABLE_OPTION_FLAG,
     .offset = offsetof(merge_options, partial),
     .help = "join what is there although points are missing: a larger part, in json"},
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .argument = "FILE",
     .offset = offsetof(merge_options, output),
     .help = "write the answer to FILE, whole or not at all"},
    {.name = "format",
     .type = GABLE_OPTION_CHOICE,
     .argument = "FORMAT",
     .choices = gable_formats,
     .default_text = "text",
     .offset = offsetof(merge_options, format),
     .help = "form of the answer"},
};

/* Whether shard `i` of `n` (from 1) lies in what is there. */
static bool has_shard(const gable_sweep_result *r, uint64_t i, uint64_t n)
{
    uint64_t first = gable_sweep_shard_start(r->total, i - 1, n);
    uint64_t end = gable_sweep_shard_start(r->total, i, n);
    for (int k = 0; k < r->n_ranges; k++)
        if (r->range[k].first <= first && end <= r->range[k].end)
            return true;
    return first == end;
}

/* Which shards are missing, when the first part says of how many it is one; else which points. */
static void name_missing(const gable_sweep_result *r, const char *shard, gable_text *out)
{
    int i, n = 0;
    const char *comma = "";
    if (sscanf(shard, "%9d/%9d", &i, &n) == 2 && n > 0) {
        gable_text_add(out, "shards ");
        for (int k = 1; k <= n; k++)
            if (!has_shard(r, (uint64_t)k, (uint64_t)n)) {
                gable_text_addf(out, "%s%d", comma, k);
                comma = ", ";
            }
        gable_text_addf(out, " of %d", n);
        return;
    }
    uint64_t from = 0;
    gable_text_add(out, "points ");
    for (int k = 0; k <= r->n_ranges; k++) {
        uint64_t to = k < r->n_ranges ? r->range[k].first : r->total;
        if (from < to) {
            gable_text_addf(out, "%s%" PRIu64 " to %" PRIu64, comma, from, to - 1);
            comma = ", ";
        }
        from = k < r->n_ranges ? r->range[k].end : to;
    }
}

static gable_status refuse_gaps(gable_cli *cli, const gable_sweep_result *joined, const char *shard)
{
    gable_text missing = {0};
    name_missing(joined, shard, &missing);
    gable_fail(&cli->err, GABLE_INPUT, "%.600s of %s are missing; --partial joins what is there",
               missing.text ? missing.text : "", joined->name);
    gable_text_free(&missing);
    return cli->err.status;
}

static gable_status read_parts(gable_cli *cli, gable_sweep_result **parts)
{
    int n = cli->n_arguments;
    GABLE_TRY(gable_arena_take(&cli->arena, (size_t)n, sizeof **parts, parts, &cli->err));
    for (int i = 0; i < n; i++)
        GABLE_TRY(gable_sweep_part_read(&cli->arena, cli->arguments[i], &(*parts)[i], &cli->err));
    for (int i = 1; i < n; i++)
        if (strcmp((*parts)[i].hash, (*parts)[0].hash) != 0)
            return gable_fail(&cli->err, GABLE_INPUT,
                              "%s: of another sweep, other options or other data than %s",
                              cli->arguments[i], cli->arguments[0]);
    return GABLE_OK;
}

static gable_status run(gable_cli *cli, const void *given)
{
    const merge_options *o = given;
    gable_sweep_result *parts, *joined;
    if (cli->n_arguments < 1)
        return gable_fail(&cli->err, GABLE_USAGE, "merge needs the parts, such as parts/*.json");
    GABLE_TRY(read_parts(cli, &parts));
    GABLE_TRY(gable_arena_take(&cli->arena, 1, sizeof *joined, &joined, &cli->err));
    GABLE_TRY(gable_sweep_join(&cli->arena, parts, cli->n_arguments, joined, &cli->err));
    bool complete = gable_sweep_complete(joined);
    if (!complete && !o->partial)
        return refuse_gaps(cli, joined, parts[0].shard);
    gable_report_sweep(&cli->out, joined, complete ? (gable_format)o->format : GABLE_FORMAT_JSON,
                       cli->width);
    if (o->output && strcmp(o->output, "-") != 0) {
        if (cli->out.failed)
            return gable_fail(&cli->err, GABLE_INTERNAL, "out of memory");
        GABLE_TRY(gable_cli_write(cli, o->output, cli->out.text, cli->out.length_bytes));
        gable_text_free(&cli->out);
        cli->out = (gable_text){0};
    }
    return joined->feasible > 0 || !complete ? GABLE_OK : GABLE_DIFFERS;
}

const gable_command gable_command_merge = {
    .name = "merge",
    .summary = "join the shards of a sweep",
    .arguments = "PART.json…",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .options_bytes = sizeof(merge_options),
    .examples = "gable merge parts/*.json\n"
                "gable merge parts/*.json --format json -o bench-result.json\n",
    .run = run,
};
