/* gable net: the interconnect on its own. One verb a row and a file. */
#include <string.h>

#include "cli/net.h"
#include "net/fabric.h"

#define TEXT(name_, argument_, member_, help_)                                                     \
    {                                                                                              \
        .name = (name_), .type = GABLE_OPTION_TEXT, .argument = (argument_),                       \
        .offset = offsetof(gable_net_options, member_), .help = (help_)                            \
    }
#define COUNT(name_, member_, fallback_, max_, help_)                                              \
    {                                                                                              \
        .name = (name_), .type = GABLE_OPTION_INT, .dim = GABLE_DIM_COUNT, .argument = "N",        \
        .default_text = (fallback_), .min = 0.0, .max = (max_),                                    \
        .offset = offsetof(gable_net_options, member_), .help = (help_)                            \
    }
#define AMOUNT(name_, member_, fallback_, max_, help_)                                             \
    {                                                                                              \
        .name = (name_), .type = GABLE_OPTION_QUANTITY, .dim = GABLE_DIM_COUNT, .argument = "N",   \
        .default_text = (fallback_), .min = 0.0, .max = (max_),                                    \
        .offset = offsetof(gable_net_options, member_), .help = (help_)                            \
    }
#define EXPONENT(name_, member_, max_, help_)                                                      \
    {                                                                                              \
        .name = (name_), .type = GABLE_OPTION_QUANTITY, .argument = "A", .default_text = "0",      \
        .max = (max_), .offset = offsetof(gable_net_options, member_), .help = (help_)             \
    }
#define CHOICE(name_, argument_, member_, choices_, fallback_, help_)                              \
    {                                                                                              \
        .name = (name_), .type = GABLE_OPTION_CHOICE, .argument = (argument_),                     \
        .choices = (choices_), .default_text = (fallback_),                                        \
        .offset = offsetof(gable_net_options, member_), .help = (help_)                            \
    }

static const gable_option options[] = {
    TEXT("system", "NAME|PATH", system, "system: a name of `gable hw list`, or a file"),
    CHOICE("op", "OP", op, gable_net_ops, "all_reduce", "collective"),
    TEXT("bytes", "N|FROM..TO", bytes,
         "full buffer, as in nccl-tests; a range is walked by doublings"),
    COUNT("ranks", ranks, "0", 1048576.0, "ranks; 0: all devices of the nodes"),
    COUNT("nodes", nodes, "0", 1048576.0, "scale-up domains; 0: as few as hold the ranks"),
    CHOICE("library", "LIBRARY", library, gable_libraries, "any",
           "who runs it; any: what the stack has"),
    TEXT("algorithm", "NAME", algorithm, "one algorithm instead of the fastest: ring tree …"),
    TEXT("stack", "STACK", stack, "whose kernels: trtllm vllm sglang; ideal: the ceiling alone"),
    AMOUNT("tokens", tokens, "0", 1e9, "moe_*: tokens of each rank"),
    AMOUNT("hidden", hidden, "0", 1e6, "moe_*: values of a token"),
    AMOUNT("top-k", top_k, "8", 1e4, "moe_*: experts of a token"),
    AMOUNT("experts", experts, "256", 1e5, "moe_*: experts over all ranks"),
    AMOUNT("sms", n_sm, "0", 1e4, "moe_*: SMs that copy; 0: as many as it takes"),
    {.name = "payload",
     .type = GABLE_OPTION_DTYPE,
     .argument = "DTYPE",
     .offset = offsetof(gable_net_options, payload),
     .help = "moe_*: format of the tokens (dispatch fp8, combine bf16)"},
    EXPONENT("skew", skew, 8.0,
             "moe_*, traffic moe: Zipf exponent of how popular ranks are; 0: alike"),
    CHOICE("pattern", "PATTERN", pattern, gable_patterns, "all_to_all",
           "traffic: who sends to whom"),
    COUNT("seed", seed, "1", 1e9, "traffic: of what is random"),
    {.name = "output",
     .letter = 'o',
     .type = GABLE_OPTION_TEXT,
     .argument = "FILE",
     .offset = offsetof(gable_net_options, output),
     .help = "collective: picture of a range of sizes; show: .svg; traffic: the "
             "flows, as net flows reads them"},
    CHOICE("format", "FORMAT", format, gable_formats, "text", "form of the answer"),
};

static const struct verb {
    const char *name;
    gable_net_verb *run;
    int n_names;
    const char *needs; /* those names */
    bool writes;       /* -o */
} verbs[] = {
    {"collective", gable_net_collective, 0, "no name beside --system", true},
    {"compare", gable_net_compare, 2, "two systems", false},
    {"flows", gable_net_flows, 1, "one FILE.json (or -)", false},
    {"show", gable_net_show, 1, "one system", true},
    {"traffic", gable_net_traffic, 0, "no name beside --system", true},
};
enum { N_VERBS = sizeof verbs / sizeof verbs[0] };

static gable_status run_verb(gable_cli *cli, const struct verb *verb, const gable_net_options *o)
{
    if (cli->n_arguments != 1 + verb->n_names)
        return gable_fail(&cli->err, GABLE_USAGE, "net %s needs %s", verb->name, verb->needs);
    if (o->output && !verb->writes)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "-o %.200s: net %s prints its answer; expected > FILE", o->output,
                          verb->name);
    return verb->run(cli, o);
}

static gable_status run(gable_cli *cli, const void *given)
{
    const char *names[N_VERBS];
    for (int i = 0; i < N_VERBS; i++)
        names[i] = verbs[i].name;
    if (cli->n_arguments < 1)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "net takes one of collective, compare, flows, show, traffic");
    for (int i = 0; i < N_VERBS; i++)
        if (strcmp(verbs[i].name, cli->arguments[0]) == 0)
            return run_verb(cli, &verbs[i], given);
    return gable_cli_unknown(cli, "verb of net", cli->arguments[0], names, N_VERBS);
}

const gable_command gable_command_net = {
    .name = "net",
    .summary = "the interconnect: collectives, and transfers that share links",
    .arguments = "collective | compare A B | flows FILE.json | show SYSTEM | traffic",
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .draws = ".svg .png .pdf",
    .options_bytes = sizeof(gable_net_options),
    .examples =
        "gable net collective --system hgx-h100-8 --op all_reduce --bytes 1MiB\n"
        "gable net collective --system hgx-h100-8 --bytes 512..512Mi --library nccl -o ar.svg\n"
        "gable net collective --system hgx-h100-8 --op all_to_all --bytes 64MiB --nodes 4\n"
        "gable net collective --system gb200-nvl72 --op moe_dispatch --ranks 32 --tokens 128 "
        "--hidden 7168\n"
        "gable net compare hgx-h100-8 hgx-b200-8 --bytes 8..1Gi\n"
        "gable net show hgx-h100-8 --nodes 128 -o fabric.svg\n"
        "gable net traffic --system gb200-nvl72 --pattern moe --skew 0.5 --bytes 64MiB\n"
        "gable net traffic --system hgx-h100-8 --nodes 2 --pattern ring --bytes 1GiB -o ring.json\n"
        "gable net flows ring.json\n",
    .run = run,
};
