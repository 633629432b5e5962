/* engine/kinds_net: see kinds_net.h. */
#include "engine/kinds_net.h"

#include <string.h>

static const char unknown_library[] = "unknown library";

static bool find_library(const char *label, gable_library *out)
{
    for (int i = GABLE_LIBRARY_NCCL; i < GABLE_N_LIBRARIES; i++)
        if (strcmp(gable_libraries[i], label) == 0) {
            *out = (gable_library)i;
            return true;
        }
    return false;
}

/* nccl-tests write "alltoall". */
static bool find_kind(const char *label, gable_collective_kind *out)
{
    const char *name = strcmp(label, "alltoall") == 0 ? "all_to_all" : label;
    for (int i = 0; i < GABLE_COLLECTIVE_MOE_DISPATCH; i++)
        if (strcmp(gable_collective_name(i), name) == 0) {
            *out = (gable_collective_kind)i;
            return true;
        }
    return false;
}

const char *gable_make_comm(const gable_cells *cells, gable_op *op)
{
    gable_collective c = {.bytes = cells->number[GABLE_COMM_BYTES],
                          .n_ranks = cells->number[GABLE_COMM_GPUS],
                          .payload = GABLE_DTYPE_BF16};
    if (!find_library(cells->label[GABLE_COMM_LIBRARY], &c.library))
        return unknown_library;
    if (!find_kind(cells->label[GABLE_COMM_OP], &c.kind))
        return "unknown collective";
    if (gable_collective_family(&c) == GABLE_FAMILY_CUSTOM_REDUCE &&
        c.kind != GABLE_COLLECTIVE_ALL_REDUCE)
        return "a custom kernel of an engine reduces all, and nothing else";
    if (c.bytes < 1.0 || c.n_ranks < 2.0)
        return "no bytes, or fewer than two ranks";
    op->kind = GABLE_OP_EXCHANGE;
    op->exchange = (gable_exchange){.collective = c};
    return NULL;
}

/* "dispatch", "alltoall_combine", "alltoall_combine_low_precision" … */
static bool find_phase(const char *label, gable_collective_kind *out)
{
    static const struct {
        const char *word;
        gable_collective_kind kind;
    } words[] = {
        {"dispatch", GABLE_COLLECTIVE_MOE_DISPATCH},
        {"combine", GABLE_COLLECTIVE_MOE_COMBINE},
        {"prepare", GABLE_COLLECTIVE_MOE_PREPARE},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strstr(label, words[i].word)) {
            *out = words[i].kind;
            return true;
        }
    return false;
}

/* Results come back in bf16 unless the phase says otherwise, whatever was sent out. */
static bool find_payload(const gable_cells *cells, gable_collective *c)
{
    gable_dtype ignored;
    const char *label = cells->label[GABLE_A2A_DTYPE];
    bool narrow = strstr(cells->label[GABLE_A2A_PHASE], "low_precision") != NULL;
    c->payload = GABLE_DTYPE_BF16;
    if (c->kind != GABLE_COLLECTIVE_MOE_DISPATCH && !narrow)
        return true;
    if (strncmp(label, "fp8", 3) == 0) { /* "fp8_or_bf16_best" too: the faster one is fp8 */
        c->payload = GABLE_DTYPE_FP8;
        return true;
    }
    return gable_row_formats(label, &c->payload, &ignored);
}

const char *gable_make_moe_a2a(const gable_cells *cells, gable_op *op)
{
    gable_collective c = {.n_ranks = cells->number[GABLE_A2A_EP],
                          .tokens = cells->number[GABLE_A2A_TOKENS],
                          .hidden = cells->number[GABLE_A2A_HIDDEN],
                          .top_k = cells->number[GABLE_A2A_TOPK],
                          .experts = cells->number[GABLE_A2A_EXPERTS],
                          .n_sm = cells->number[GABLE_A2A_SMS]};
    if (!find_library(cells->label[GABLE_A2A_LIBRARY], &c.library))
        return unknown_library;
    if (!find_phase(cells->label[GABLE_A2A_PHASE], &c.kind))
        return "unknown phase";
    if (!find_payload(cells, &c))
        return "unknown number format";
    if (c.tokens < 1.0 || c.hidden < 1.0 || c.top_k < 1.0 || c.n_ranks < 2.0)
        return "a size below 1, or fewer than two ranks";
    if (c.top_k > c.experts || c.experts > 1e5)
        return "fewer experts than a token uses";
    op->kind = GABLE_OP_EXCHANGE;
    op->exchange = (gable_exchange){.collective = c};
    return NULL;
}

gable_status gable_row_place(gable_arena *arena, const gable_system *system, gable_op *op,
                             const char **why, gable_err *err)
{
    gable_ways *ways;
    *why = NULL;
    if (op->kind != GABLE_OP_EXCHANGE)
        return GABLE_OK;
    if (!system) {
        *why = "no system of hw/systems is built of this device";
        return GABLE_OK;
    }
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *ways, &ways, err));
    gable_net_ways(&op->exchange.collective, system, ways);
    op->exchange.ways = ways;
    if (ways->n == 0)
        *why = "the fabric cannot run it";
    return GABLE_OK;
}
