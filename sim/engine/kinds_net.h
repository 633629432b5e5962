/* engine/kinds_net: the KINDs of collectives and of the exchange of expert tokens (kinds.h). A row
 * is what was asked for; gable_row_place gives it the ways that its fabric has. Room: engine. Uses:
 * base, machine, cost, net, engine/kinds. */
#ifndef GABLE_ENGINE_KINDS_NET_H
#define GABLE_ENGINE_KINDS_NET_H
#include "engine/kinds.h"
#include "net/net.h"

enum {
    GABLE_COMM_LIBRARY,
    GABLE_COMM_OP,
    GABLE_COMM_DTYPE,
    GABLE_COMM_GPUS,
    GABLE_COMM_BYTES,
    GABLE_N_COMM
};
enum {
    GABLE_A2A_LIBRARY,
    GABLE_A2A_PHASE,
    GABLE_A2A_DTYPE,
    GABLE_A2A_NODES,
    GABLE_A2A_EP,
    GABLE_A2A_HIDDEN,
    GABLE_A2A_TOPK,
    GABLE_A2A_EXPERTS,
    GABLE_A2A_TOKENS,
    GABLE_A2A_SMS,
    GABLE_N_A2A
};
const char *gable_make_comm(const gable_cells *cells, gable_op *op);
const char *gable_make_moe_a2a(const gable_cells *cells, gable_op *op);

/* Ways of an exchange on the fabric of a system, in the arena. *why: NULL, or why the fabric cannot
 * run it (fixed text). Other operators are left as they are. */
gable_status gable_row_place(gable_arena *arena, const gable_system *system, gable_op *op,
                             const char **why, gable_err *err);

#endif
