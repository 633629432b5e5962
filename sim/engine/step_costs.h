/* engine/step_costs: seconds of the kernels of any step that an engine can make, from a grid that
 * is priced once: looking a step up takes nanoseconds. A step decodes `batch` sequences and
 * computes parts of prompts beside them, or these alone.
 *   decode      by batch x mean context
 *   shared      what all tokens of a step pass together (products, collectives), by tokens of the
 *               group that has most
 *   experts     likewise, by the tokens of all groups: they go to experts everywhere
 *   attention   of one part of a prompt, by its tokens x those already cached
 *   rest        embedding and head of a step of prompts alone, by tokens
 * Prompts are priced by how long they hold a stage of a pipeline, which then takes the next.
 * Between grid points: linear (attention: linear per token of the part), which is exact where
 * kernels are; tests/unit/test_step_costs.c says how far off it is elsewhere.
 * Room: engine. Uses: layout, machine, cost, net. Rules: facts/serving.md 2.1 to 2.3. */
#ifndef GABLE_ENGINE_STEP_COSTS_H
#define GABLE_ENGINE_STEP_COSTS_H
#include "engine/engine.h"

/* How far a grid reaches; all >= 1, most_prior >= 0. */
typedef struct gable_step_range {
    double most_batch;
    double least_context, most_context; /* mean tokens in the cache of a decoding sequence */
    double most_tokens;                 /* of prompts in one step */
    double most_part, most_prior;       /* of one prompt in one step; of it already cached */
} gable_step_range;

enum { GABLE_STEP_NODES_CAP = 96 };

/* Grid points ascend. Immutable; lives in its arena. */
typedef struct gable_step_costs {
    int n_batch, n_context, n_tokens, n_part, n_prior;
    double *batch, *context, *decode_s;             /* n_batch x n_context */
    double *tokens, *shared_s, *experts_s, *rest_s; /* n_tokens; experts_s NULL: none */
    double *part, *prior, *attention_s; /* n_part x n_prior, seconds per token of the part */
    double groups; /* ranks with prompts of their own (attention data parallelism): tokens of a step
                      count over all of them, spread evenly; parts are of one */
    double launches; /* kernels that a rank launches in a step with prompts */
    double passes;   /* of a step through the stages of a pipeline: each decodes its share */
    /* Prompts follow each other through those stages: one takes them for the seconds that are
     * priced here, and its token comes so many times that later. 0: one stage. */
    double drain_frac;
} gable_step_costs;

/* Prices the grid. `ranks` gives how the model is split; its sizes are not read. Refuses with
 * GABLE_INPUT what gable_layout_plan refuses. */
gable_status gable_step_costs_build(gable_arena *arena, const gable_model *model,
                                    const gable_machine *machine, const gable_scenario *ranks,
                                    const gable_step_range *range, gable_step_costs *out,
                                    gable_err *err);

/* Kernels of a decode step of `batch` sequences: one value for each context of the grid. */
void gable_step_costs_decode(const gable_step_costs *costs, double batch, double *row_s);

/* The same at one mean context. */
double gable_step_costs_decode_at(const gable_step_costs *costs, double batch, double context);

/* `tokens` pass the model together, experts apart; 0 for no tokens. */
double gable_step_costs_shared(const gable_step_costs *costs, double tokens);
double gable_step_costs_experts(const gable_step_costs *costs, double tokens);

/* Embedding and head of a step of prompts alone. */
double gable_step_costs_rest(const gable_step_costs *costs, double tokens);

/* Attention of `part` tokens of a prompt of which `prior` are cached. */
double gable_step_costs_attention(const gable_step_costs *costs, double part, double prior);

/* 2.3: parts of prompts in one step: how many, their tokens, and the sum of their attention. Beside
 * `batch` sequences that decode products run once over the tokens of both and attention comes on
 * top; with a batch of 0 they are a step of their own. Groups take parts in turn. Where they have
 * not as many each, the step is longer by their share of one in which all have as many as the
 * fullest ("E / n": with all of it steps of measured engines are 2 to 5 times too slow); their own
 * tokens come `late_s` after it, when the fullest group would be done. Experts are everywhere. */
double gable_step_costs_parts(const gable_step_costs *costs, double n, double tokens,
                              double attention_s, double batch, double *late_s);

/* Seconds of one operator on one device. */
double gable_step_costs_operator(const gable_op *op, const gable_machine *machine);

/* 2.3: what the prompt of a plan adds to a decode step of `batch` sequences: products run once over
 * the tokens of both, attention of the prompt comes on top.
 *   like   gable_step.like of the plan, so that rows alike are priced once */
double gable_step_costs_joined(const gable_plan *prompt, const int *like,
                               const gable_machine *machine, double batch);

/* Kernels that a rank launches in a step of the plan, one by one: operators count as the kernels
 * that stacks make them of. */
double gable_step_costs_launches(const gable_plan *plan);

/* Kernels of a priced step, without the gaps between them, which are the engine's. */
double gable_step_costs_kernels(const gable_plan *plan, const gable_step *step);

#endif
