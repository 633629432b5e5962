/* cli/net: the verbs of `gable net`, one file each. Private to cli.
 * Room: cli. Uses: every room below. */
#ifndef GABLE_CLI_NET_H
#define GABLE_CLI_NET_H
#include "cli/cli.h"
#include "report/report.h"

typedef struct gable_net_options {
    const char *output;
    int format;
} gable_net_options;

/* One verb; fills cli->out from cli->arguments[1 …]. */
typedef gable_status gable_net_verb(gable_cli *cli, const gable_net_options *o);
gable_net_verb gable_net_flows;

#endif
