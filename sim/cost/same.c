/* cost: whether two operators, or two collectives, are the same work, and so have one price. What
 * is compared are the runs of members between the gaps that alignment leaves. */
#include <stddef.h>
#include <string.h>

#include "cost/cost.h"

typedef struct span {
    size_t at, bytes;
} span;

/* Members of `type` from `first` to `last`, which have one alignment. */
#define SPAN(type, first, last)                                                                    \
    {                                                                                              \
        offsetof(type, first),                                                                     \
            offsetof(type, last) - offsetof(type, first) + sizeof(((type *)0)->last)               \
    }

enum { SPANS_CAP = 4 };
static const span op_spans[GABLE_N_OP_KINDS][SPANS_CAP] = {
    [GABLE_OP_GEMM] = {SPAN(gable_op, gemm.m, gemm.groups)},
    [GABLE_OP_BATCHED] = {SPAN(gable_op, gemm.m, gemm.groups)},
    [GABLE_OP_ATTENTION] = {SPAN(gable_op, attention.batch, attention.write_elements),
                            SPAN(gable_op, attention.causal, attention.causal),
                            SPAN(gable_op, attention.kv, attention.kv)},
    [GABLE_OP_LATENT] = {SPAN(gable_op, attention.batch, attention.write_elements),
                         SPAN(gable_op, attention.causal, attention.causal),
                         SPAN(gable_op, attention.kv, attention.kv)},
    [GABLE_OP_SUBLAYER] = {SPAN(gable_op, sublayer.selection, sublayer.kv),
                           SPAN(gable_op, sublayer.decode, sublayer.decode),
                           SPAN(gable_op, sublayer.batch, sublayer.window)},
    [GABLE_OP_MOE] = {SPAN(gable_op, moe.tokens, moe.skew),
                      SPAN(gable_op, moe.routing, moe.routing),
                      SPAN(gable_op, moe.wide, moe.clumped),
                      SPAN(gable_op, moe.rank_tokens, moe.slots)},
    [GABLE_OP_LINEAR] = {SPAN(gable_op, linear.stage, linear.recurrence),
                         SPAN(gable_op, linear.batch, linear.value_dim)},
    [GABLE_OP_MHC] = {SPAN(gable_op, mhc.tokens, mhc.streams), SPAN(gable_op, mhc.pre, mhc.pre)},
    [GABLE_OP_QUANTIZE] = {SPAN(gable_op, quantize.rows, quantize.columns),
                           SPAN(gable_op, quantize.find_scale, quantize.find_scale)},
    [GABLE_OP_EXCHANGE] = {SPAN(gable_op, exchange.collective.kind, exchange.collective.kind)},
    [GABLE_OP_STREAM] = {SPAN(gable_op, stream.read_bytes, stream.flops)},
};

static const span collective_spans[SPANS_CAP] = {
    SPAN(gable_collective, kind, kind),
    SPAN(gable_collective, bytes, span),
    SPAN(gable_collective, library, library),
    SPAN(gable_collective, tokens, payload),
};

/* A member that comes between these belongs in the table above. */
_Static_assert(offsetof(gable_collective, library) ==
                       offsetof(gable_collective, span) + sizeof(double) &&
                   sizeof(gable_collective) == offsetof(gable_collective, payload) + sizeof(double),
               "all members of a collective are compared");

static bool same_spans(const void *a, const void *b, const span *spans)
{
    for (int i = 0; i < SPANS_CAP && spans[i].bytes > 0; i++)
        if (memcmp((const char *)a + spans[i].at, (const char *)b + spans[i].at, spans[i].bytes) !=
            0)
            return false;
    return true;
}

bool gable_op_same(const gable_op *a, const gable_op *b)
{
    if (a->kind != b->kind || a->weights != b->weights || a->activations != b->activations ||
        a->copies != b->copies || !same_spans(a, b, op_spans[a->kind]))
        return false;
    return a->kind != GABLE_OP_EXCHANGE ||
           (a->exchange.ways == b->exchange.ways &&
            gable_collective_same(&a->exchange.collective, &b->exchange.collective));
}

bool gable_collective_same(const gable_collective *a, const gable_collective *b)
{
    return same_spans(a, b, collective_spans);
}
