/* engine/serving_sim: a served model as engines of a simulation, and what its requests came to.
 * Room: engine. Uses: engine/serving, engine/simulate, engine/arrivals. */
#ifndef GABLE_ENGINE_SERVING_SIM_H
#define GABLE_ENGINE_SERVING_SIM_H
#include "engine/arrivals.h"
#include "engine/serving.h"
#include "engine/simulate.h"

/* What is served, and by what. */
typedef struct gable_served {
    const gable_model *model;
    const gable_machine *machine;
    const gable_serving_rules *rules;
    const gable_serving_request *request; /* its ranks and intake are read */
    const gable_serving_parts *parts;     /* its cache is */
} gable_served;

/* Sizes of requests that a grid of step costs must reach. */
typedef struct gable_request_range {
    double n; /* that can be there at a time */
    double least_prompt, most_prompt, most_total;
    bool cached; /* prompts may begin in a cache of prefixes */
} gable_request_range;

/*   clients   of a closed loop; 0: all may be there at a time */
gable_request_range gable_request_range_of(const gable_requests *requests, size_t clients);

/* Prices the grid of step costs of an engine for such requests, and sets the engine's rules with
 * it; what the engine adds to its kernels is set by gable_serving_extras. */
gable_status gable_serving_engine(gable_arena *arena, const gable_served *served,
                                  const gable_request_range *range, gable_step_costs *costs,
                                  gable_sim_rules *out, gable_err *err);
gable_step_extras gable_serving_extras(const gable_serving_constants *constants, double n_layers);

/* ---- what requests came to ---- */

/* Means of what was simulated. */
gable_serving_wait gable_serving_wait_of(const gable_requests *requests);

/* Moves the first tokens and ends of simulated requests by what the engine adds around their steps
 * (gable_serving_ttft). */
void gable_serving_add_first(const gable_serving_constants *constants, double present,
                             gable_requests *requests);

/* The requests after the first `n`: a closed loop starts with all clients at once, as no day does.
 * The columns are those of `requests`. */
gable_requests gable_requests_after(const gable_requests *requests, size_t n);

/* One figure over all requests; 0 where none has it. */
typedef struct gable_spread {
    double mean, p50, p90, p99;
} gable_spread;

/* Seconds: to the first token, per token after it (requests of one token have none), to the last,
 * and in the queue. */
typedef struct gable_request_times {
    gable_spread ttft, tpot, e2e, wait;
    double requests_per_s, tokens_per_s;
} gable_request_times;

gable_status gable_request_times_of(gable_arena *arena, const gable_requests *requests,
                                    double span_s, gable_request_times *out, gable_err *err);

/* ---- the closed loop of a request: clients x waves requests with lengths up to isl and osl ----
 */

typedef struct gable_serving_loop {
    bool
        simulated; /* false: more than GABLE_SERVING_LOOP_CAP requests, or the cache is too small */
    size_t clients, n;
    gable_lengths lengths;
    double n_layers;
    gable_step_costs costs;
    gable_sim_rules rules;
} gable_serving_loop;

/* Loops beyond this are priced in closed form, so that answers stay instant. */
enum { GABLE_SERVING_LOOP_CAP = 50000, GABLE_SERVING_LOOP_SEED = 1 };

/* How many clients and requests the loop of a request has. */
void gable_serving_loop_size(const gable_serving_request *request, double *clients, double *n);

/* Prices what the loop needs; it can then run again and again with other constants. */
gable_status gable_serving_loop_init(gable_arena *arena, const gable_served *served,
                                     gable_serving_loop *out, gable_err *err);

/* Runs the loop. `arena` is released to where it was. */
gable_status gable_serving_loop_run(gable_arena *arena, gable_serving_loop *loop,
                                    const gable_serving_constants *constants,
                                    gable_serving_wait *out, gable_err *err);

#endif
