/* cli/net_query: the options of `gable net` -> a collective on a machine. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/net.h"
#include "net/fabric.h"

const char *const gable_net_ops[] = {
#define OP_NAME(symbol, name, family) name,
    GABLE_COLLECTIVE_LIST(OP_NAME)
#undef OP_NAME
        NULL};

static bool is_custom(int library)
{
    return library >= GABLE_LIBRARY_TRTLLM_AR && library <= GABLE_LIBRARY_SGLANG_AR;
}

static bool is_tokens(int kind)
{
    return kind >= GABLE_COLLECTIVE_MOE_DISPATCH;
}

/* Constants of a library that moves tokens go by library and phase. */
static bool by_phase(const gable_collective *c)
{
    return c->library >= GABLE_LIBRARY_DEEPEP_LL;
}

static gable_status take_ranks(gable_cli *cli, const gable_net_options *o,
                               const gable_system *system, gable_collective *c)
{
    double domain = system->n_accelerators;
    double nodes = o->nodes > 0 ? o->nodes : 1.0;
    c->n_ranks = o->ranks > 0 ? o->ranks : domain * nodes;
    if (c->kind == GABLE_COLLECTIVE_P2P && o->ranks == 0)
        c->n_ranks = 2.0;
    if (o->nodes == 0)
        nodes = ceil(c->n_ranks / domain);
    c->n_nodes = nodes;
    if (nodes > 1.0 && system->scale_out_bytes_per_s <= 0.0)
        return gable_fail(&cli->err, GABLE_INPUT, "%s has no scale-out link for %.0f nodes",
                          system->name, nodes);
    if (system->max_nodes > 0 && nodes > system->max_nodes)
        return gable_fail(&cli->err, GABLE_INPUT, "%s joins at most %d nodes, not %.0f",
                          system->name, system->max_nodes, nodes);
    double per_node = c->n_ranks / nodes;
    if (per_node > domain || per_node != floor(per_node))
        return gable_fail(
            &cli->err, GABLE_INPUT,
            "%.0f ranks on %.0f nodes of %.0f: expected the same whole number on each", c->n_ranks,
            nodes, domain);
    return GABLE_OK;
}

/* Whether any row of this kind is run by the library. */
static bool library_does(int library, gable_collective_kind kind)
{
    if (library == GABLE_LIBRARY_ANY)
        return true;
    if (is_custom(library))
        return kind == GABLE_COLLECTIVE_ALL_REDUCE;
    for (int i = 0; i < gable_algorithms_of[kind].n; i++) {
        const gable_algorithm *a = &gable_algorithms_of[kind].row[i];
        bool named = (a->libraries & (1u << library)) != 0;
        if (named || (library == GABLE_LIBRARY_NCCL && a->libraries == 0))
            return true;
    }
    return false;
}

static gable_status take_tokens(gable_cli *cli, const gable_net_options *o, gable_collective *c)
{
    c->tokens = o->tokens;
    c->hidden = o->hidden;
    c->top_k = o->top_k;
    c->experts = o->experts;
    c->n_sm = o->n_sm;
    c->imbalance = gable_zipf_imbalance(c->n_ranks, o->skew);
    c->payload = o->payload >= 0                           ? (gable_dtype)o->payload
                 : c->kind == GABLE_COLLECTIVE_MOE_COMBINE ? GABLE_DTYPE_BF16
                                                           : GABLE_DTYPE_FP8;
    if (is_tokens((int)c->kind) && (c->tokens < 1.0 || c->hidden < 1.0))
        return gable_fail(&cli->err, GABLE_USAGE, "%s needs --tokens and --hidden of a rank",
                          gable_collective_name((int)c->kind));
    if (is_tokens((int)c->kind) && c->top_k > c->experts)
        return gable_fail(&cli->err, GABLE_USAGE, "--top-k %.0f of --experts %.0f", c->top_k,
                          c->experts);
    return GABLE_OK;
}

/* Constants of an exchange of tokens belong to a library and phase: the kernel "deepep_ll/dispatch"
 * of the measurements. */
static gable_status take_constants(gable_cli *cli, gable_net_query *q, const char *stack)
{
    static const char skip[] = "moe_";
    const gable_collective *c = &q->collective;
    gable_family family = gable_collective_family(c);
    if (q->machine.constants->ideal)
        return GABLE_OK;
    q->constants = q->machine.constants->kernel[family][c->payload][GABLE_MMA_BF16];
    if (!by_phase(c))
        return GABLE_OK;
    char kernel[80];
    const char *phase =
        is_tokens((int)c->kind) ? gable_collective_name((int)c->kind) + strlen(skip) : "dispatch";
    bool nvlink = c->library >= GABLE_LIBRARY_ONE_SIDED;
    snprintf(kernel, sizeof kernel, "%s/%s%s", gable_libraries[c->library],
             nvlink ? "alltoall_" : "", phase);
    return gable_constants_of_kernel(&cli->arena, cli->hw, q->machine.accelerator, stack, family,
                                     c->payload, GABLE_MMA_BF16, kernel, &q->constants, &cli->err);
}

/* The stack whose kernel the library is; else the one that was asked for. */
static gable_status find_stack(gable_cli *cli, const gable_net_options *o, const char **stack)
{
    bool library;
    *stack = o->stack ? o->stack : "trtllm";
    if (o->stack || o->library == GABLE_LIBRARY_ANY)
        return GABLE_OK;
    const char *theirs;
    GABLE_TRY(gable_stack_of_framework(&cli->arena, cli->hw, gable_libraries[o->library], &theirs,
                                       &library, &cli->err));
    if (theirs && !library)
        *stack = theirs;
    return GABLE_OK;
}

static gable_status take_algorithm(gable_cli *cli, const gable_net_options *o, gable_net_query *q)
{
    const char *names[64];
    size_t n = 0;
    gable_group group;
    const gable_system *system = q->machine.system;
    if (!o->algorithm)
        return GABLE_OK;
    gable_net_group(&q->collective, system, &group);
    gable_algorithm_list list = gable_algorithms_of[q->collective.kind];
    for (int i = 0; i < list.n && n < 64; i++) {
        const gable_algorithm *a = &list.row[i];
        names[n++] = a->name;
        if (strcmp(a->name, o->algorithm) != 0)
            continue;
        if (!gable_algorithm_fits(a, &group, system))
            return gable_fail(&cli->err, GABLE_INPUT, "%s cannot run %s over %.0f ranks on %.0f %s",
                              system->name, a->name, group.n, group.n_nodes,
                              group.n_nodes > 1.0 ? "nodes" : "node");
        q->algorithm = a->name;
        if (a->runs & GABLE_RUNS_CUSTOM && !is_custom((int)q->collective.library))
            q->collective.library =
                GABLE_LIBRARY_TRTLLM_AR; /* any of them: the stack's constants */
        return GABLE_OK;
    }
    return gable_cli_unknown(cli, "algorithm", o->algorithm, names, n);
}

gable_status gable_net_ask(gable_cli *cli, const gable_net_options *o, const char *system,
                           gable_net_query *out)
{
    const char *stack;
    *out = (gable_net_query){
        .collective = {.kind = (gable_collective_kind)o->op, .library = (gable_library)o->library}};
    if (!system)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--system is needed, for example --system hgx-h100-8");
    if (!library_does(o->library, out->collective.kind))
        return gable_fail(&cli->err, GABLE_USAGE, "%s does no %s", gable_libraries[o->library],
                          gable_net_ops[o->op]);
    GABLE_TRY(find_stack(cli, o, &stack));
    GABLE_TRY(gable_machine_load(&cli->arena, cli->hw, system, stack, &out->machine, &cli->err));
    GABLE_TRY(take_ranks(cli, o, out->machine.system, &out->collective));
    GABLE_TRY(take_tokens(cli, o, &out->collective));
    if (out->machine.constants->ideal && o->algorithm)
        return gable_fail(&cli->err, GABLE_USAGE, "stack ideal has no algorithms to choose from");
    GABLE_TRY(take_algorithm(cli, o, out));
    return take_constants(cli, out, stack);
}

void gable_net_answer(const gable_net_query *query, double bytes, gable_transfer *out)
{
    gable_collective c = query->collective;
    c.bytes = bytes;
    if (query->constants && (query->algorithm || by_phase(&c)))
        gable_net_transfer_with(&c, &query->machine, query->constants, query->algorithm, out);
    else
        gable_net_transfer(&c, &query->machine, out);
}

/* ---- sizes ---- */

static gable_status size_of(gable_cli *cli, const char *text, size_t length, double *bytes)
{
    char word[64], why[300];
    snprintf(word, sizeof word, "%.*s", (int)(length < 63 ? length : 63), text);
    gable_units_result result = gable_units_parse(word, GABLE_DIM_BYTES, true, bytes);
    if (result == GABLE_UNITS_WRONG_DIM || result == GABLE_UNITS_UNKNOWN_UNIT)
        result = gable_units_parse(word, GABLE_DIM_COUNT, true, bytes); /* 512Mi */
    gable_units_explain(result, word, GABLE_DIM_BYTES, why, sizeof why);
    if (result != GABLE_UNITS_OK)
        return gable_fail(&cli->err, GABLE_USAGE, "--bytes: %s", why);
    return *bytes >= 0.0 && *bytes <= 1e15
               ? GABLE_OK
               : gable_fail(&cli->err, GABLE_USAGE, "--bytes %s: expected 0 to 1 PB", word);
}

gable_status gable_net_sizes(gable_cli *cli, const gable_net_options *o, double *bytes, size_t *n)
{
    double last;
    *n = 1;
    bytes[0] = 0.0;
    if (!o->bytes)
        return is_tokens(o->op)
                   ? GABLE_OK
                   : gable_fail(&cli->err, GABLE_USAGE,
                                "--bytes is needed, for example --bytes 1MiB or 512..512Mi");
    const char *dots = strstr(o->bytes, "..");
    GABLE_TRY(size_of(cli, o->bytes, dots ? (size_t)(dots - o->bytes) : strlen(o->bytes), bytes));
    if (!dots)
        return GABLE_OK;
    GABLE_TRY(size_of(cli, dots + 2, strlen(dots + 2), &last));
    if (bytes[0] < 1.0 || last < bytes[0])
        return gable_fail(&cli->err, GABLE_USAGE, "--bytes %s: expected FROM..TO, upwards",
                          o->bytes);
    while (*n < GABLE_NET_SIZES_CAP && bytes[*n - 1] * 2.0 <= last) {
        bytes[*n] = bytes[*n - 1] * 2.0;
        ++*n;
    }
    return GABLE_OK;
}

const char *gable_net_size_text(gable_arena *arena, double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    char text[GABLE_UNITS_TEXT_CAP];
    size_t u = 0;
    double value = bytes;
    while (u < 4 && value >= 1024.0 && fmod(value, 1024.0) == 0.0) {
        value /= 1024.0;
        u++;
    }
    if (value < 1024.0)
        snprintf(text, sizeof text, "%.0f %s", value, units[u]);
    else
        gable_units_print(bytes, GABLE_DIM_BYTES, 4, text);
    const char *copy = gable_arena_copy(arena, text, strlen(text));
    return copy ? copy : "";
}
