/* engine/sim_engine: one engine of a simulation: what runs in it, what waits before it, the step or
 * run of steps that it is in. engine/simulate moves it from event to event.
 * Room: engine. Uses: engine/simulate. */
#ifndef GABLE_ENGINE_SIM_ENGINE_H
#define GABLE_ENGINE_SIM_ENGINE_H
#include "engine/simulate.h"

enum { GABLE_SIM_NONE = -1 };

/* State of each request, shared by all engines; index: the request. A request is in one list at a
 * time. */
typedef struct gable_sim_states {
    const gable_requests *requests;
    int32_t *next;            /* of a queue, of the parts of a step, of what a step has ended */
    int32_t *newer, *older;   /* sequences that hold cache, in order of their start */
    int32_t *made;            /* tokens of the answer before the sequence joined its decoding */
    int32_t *held;            /* tokens in the cache before that */
    int32_t *part;            /* tokens that the planned step computes */
    int32_t *blocks;          /* taken at the start */
    int32_t *heap_at;         /* place among the decoding, or GABLE_SIM_NONE */
    int64_t *joined, *leaves; /* decoding step of the engine before its first, and after its last */
    double *late_s;           /* by which its first token comes after the step that made it */
} gable_sim_states;

/* A list through `next`. */
typedef struct gable_sim_list {
    int32_t first, last;
} gable_sim_list;

typedef enum gable_sim_role {
    GABLE_SIM_BOTH,
    GABLE_SIM_PREFILL, /* a request ends with its first token */
    GABLE_SIM_DECODE   /* prompts come computed */
} gable_sim_role;

typedef struct gable_sim_engine {
    const gable_sim_rules *rules;
    gable_sim_states *states;
    gable_sim_role role;

    double now_s;          /* end of the last step */
    double planned_s;      /* end of what it does now; INFINITY: nothing */
    double drain_s;        /* from there until its prompts have left the last stage */
    double behind_s;       /* by which its parts of prompts take longer than it */
    int64_t planned_steps; /* decoding only; 0: a step with parts of prompts */
    int64_t n_steps, n_decoded;

    gable_sim_list queue, parts, ended;
    gable_sim_list partial;   /* their prompts are computed in part */
    gable_sim_list draining;  /* computed, but the first token is not there yet */
    double next_join_s;       /* when that of one of those is; INFINITY: there are none */
    int64_t n_queued, n_seen; /* of the queue, those that the engine has looked at */
    double queued_tokens;
    int64_t waited_from; /* step since which prompts wait for others; -1: they do not */
    int32_t oldest, newest;
    int64_t n_held;

    int32_t *heap; /* decoding sequences, the first to end on top */
    int64_t n_decoding;
    double context_tokens; /* of those */

    int64_t n_blocks, free_blocks; /* n_blocks 0: no limit */
    int64_t *residues; /* block_tokens: decoding sequences by the step at which they grow */

    double row_s[GABLE_STEP_NODES_CAP]; /* decoding steps of row_batch by context, extras and all */
    double row_batch;

    double busy_s, batch_s, cache_s, cache_most; /* integrals over time; blocks */
    double n_preempted;
} gable_sim_engine;

/* Takes what the engine needs from the arena. */
gable_status gable_sim_engine_init(gable_arena *arena, const gable_sim_rules *rules,
                                   gable_sim_role role, gable_sim_states *states,
                                   gable_sim_engine *out, gable_err *err);

/* A request arrives at `now_s`; the engine's run of steps is cut short where it can start. */
void gable_sim_engine_add(gable_sim_engine *engine, int32_t request, double now_s);

/* At now_s == planned_s, or idle: ends what it does. Requests that end go to `ended`. */
void gable_sim_engine_commit(gable_sim_engine *engine);

/* Decides what it does next, from `now_s` on. */
void gable_sim_engine_plan(gable_sim_engine *engine, double now_s);

void gable_sim_push(gable_sim_states *states, gable_sim_list *list, int32_t request);
int32_t gable_sim_pop(gable_sim_states *states, gable_sim_list *list);

/* ---- engine/sim_decode: runs of steps that only decode ---- */

/* Seconds of the next `steps` decoding steps, without prompts. */
double gable_sim_decode_s(gable_sim_engine *engine, int64_t steps);

/* The least number of steps, 1 to `most`, that take at least `seconds`; `most` when none does. */
int64_t gable_sim_steps_within(gable_sim_engine *engine, double seconds, int64_t most);

/* Blocks that the next `steps` decoding steps take. */
int64_t gable_sim_growth(const gable_sim_engine *engine, int64_t steps);

/* How many of `most` steps the free blocks are enough for. */
int64_t gable_sim_steps_held(const gable_sim_engine *engine, int64_t most);

/* A sequence begins or leaves decoding. */
void gable_sim_join(gable_sim_engine *engine, int32_t request);
void gable_sim_leave(gable_sim_engine *engine, int32_t request);

/* Tokens of a decoding sequence in the cache. */
int64_t gable_sim_cached(const gable_sim_engine *engine, int32_t request);

#endif
