/* net/flows: who ends when, when transfers share links. Event-driven max-min fairness by
 * progressive filling: a flow is ready at start + the latest end of what it waits for, pays the sum
 * of its path's latencies, and then shares every link of its path with all that are active; the
 * rates change only when a flow joins or ends. Room: net. Uses: base. Rule: facts/network.md 3-4
 * (agrees with SimGrid's CM02 without its TCP terms). */
#ifndef GABLE_NET_FLOWS_H
#define GABLE_NET_FLOWS_H
#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

/* Links and flows as columns, all in one arena. A symmetric pattern is one row with a count: a row
 * of links stands for link_count alike links, a row of flows for flow_count alike flows that are
 * spread evenly over them, so that a million flows cost as much as one. */
typedef struct gable_flows {
    size_t n_links, n_flows;
    const char **link_name;
    double *link_bytes_per_s; /* > 0 */
    double *link_latency_s;   /* >= 0 */
    double *link_count;       /* >= 1 */
    bool *link_fatpipe;       /* caps each flow singly and is never shared */
    const char **flow_id;
    double *flow_start_s, *flow_bytes; /* >= 0 */
    double *flow_count;                /* >= 1 */
    size_t *path_at, *path;            /* links of flow i: path[path_at[i] .. path_at[i + 1]) */
    size_t *after_at, *after;          /* flows that flow i waits for, in the same way */
} gable_flows;

typedef struct gable_flows_end {
    double *end_s; /* of each flow, in the arena */
    double makespan_s;
    /* No schedule can be faster: the most loaded link, bytes over bandwidth, and the longest single
     * flow with its latency. Equal to the makespan where one link is busy all the time. */
    double bound_s;
    size_t busiest_link; /* of bound_s; n_links when no link carries anything */
    size_t n_fillings;   /* how often rates were shared out anew */
} gable_flows_end;

/* Reads the input of `gable net flows` (CONTRACT 6; sim/net/README.md) from a path, or "-".
 * Refuses with GABLE_INPUT, file, line and column: what is no number or out of range, a link or
 * flow that is named and not there (with the nearest name) or there twice, flows that wait for each
 * other. */
gable_status gable_flows_read(gable_arena *arena, const char *path, gable_flows *out,
                              gable_err *err);
/* The same of a parsed document. */
gable_status gable_flows_parse(gable_arena *arena, const gable_json *root, gable_flows *out,
                               gable_err *err);

/* Runs to the last end. Scratch comes from the arena. Fails only when the arena is full. */
gable_status gable_flows_run(gable_arena *arena, const gable_flows *flows, gable_flows_end *out,
                             gable_err *err);

#endif
