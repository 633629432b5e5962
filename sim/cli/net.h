/* cli/net: the verbs of `gable net`, one file each, and what they share: options -> a collective on
 * a machine. Private to cli. Room: cli. Uses: every room below. */
#ifndef GABLE_CLI_NET_H
#define GABLE_CLI_NET_H
#include "cli/cli.h"
#include "net/net.h"
#include "report/report.h"

typedef struct gable_net_options {
    const char *system, *stack, *bytes, *algorithm, *output;
    int op, library, pattern, ranks, nodes, format, payload, seed;
    double tokens, hidden, top_k, experts, n_sm, skew;
} gable_net_options;

/* One verb; fills cli->out from cli->arguments[1 …]. */
typedef gable_status gable_net_verb(gable_cli *cli, const gable_net_options *o);
gable_net_verb gable_net_collective, gable_net_compare, gable_net_flows, gable_net_show,
    gable_net_traffic;

/* Choices of --op, --library. */
extern const char *const gable_net_ops[];

/* A collective whose size is still open, and whose constants price it. Lives in cli->arena. */
typedef struct gable_net_query {
    gable_machine machine;
    gable_collective collective;
    const gable_kernel_constants *constants; /* NULL: those that the stack has */
    const char *algorithm;                   /* NULL: the fastest */
} gable_net_query;

/* Refuses what cannot be: ranks that no domain or node holds, a library without the operation, an
 * algorithm that is unknown or that the fabric cannot run. */
gable_status gable_net_ask(gable_cli *cli, const gable_net_options *o, const char *system,
                           gable_net_query *out);
void gable_net_answer(const gable_net_query *query, double bytes, gable_transfer *out);

/* Buffers of --bytes: one ("8 MiB"), or a range by doublings ("512..512Mi"). *n <= 64. */
enum { GABLE_NET_SIZES_CAP = 64 };
gable_status gable_net_sizes(gable_cli *cli, const gable_net_options *o, double *bytes, size_t *n);

/* Bytes of a buffer for people: "512 KiB" where that is exact, else "8 MB". Lives in `arena`; ""
 * where that is full. */
const char *gable_net_size_text(gable_arena *arena, double bytes);

#endif
