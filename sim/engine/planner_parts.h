/* engine/planner_parts: what the files of the planner share.
 * Room: engine. Uses: engine/planner.h. */
#ifndef GABLE_ENGINE_PLANNER_PARTS_H
#define GABLE_ENGINE_PLANNER_PARTS_H
#include "engine/planner.h"

typedef struct gable_search {
    gable_arena *arena;
    const gable_offer *offers;
    int n_offers;
    const gable_goal *goal;
    gable_err *err;
    gable_candidate *points; /* within the limits; what does not fit in is not on the front */
    int n_points, points_cap, n_priced, n_simulated;
} gable_search;

/* A loop of more requests is not simulated (GABLE_SERVING_LOOP_CAP): clients of a replica. */
extern const double gable_planner_most_clients;

/* Every layout of every offer, one candidate each, with room for one more of each behind them. */
gable_status gable_planner_layouts(gable_search *search, gable_candidate **out, int *n);

/* Figures of a whole deployment from those of a replica of of_replica devices. */
void gable_planner_fill(const gable_goal *goal, const gable_offer *offer, double of_replica,
                        double requests_per_s, gable_candidate *candidate);

/* Prices the open layout with `clients` and judges it by the closed form; false when they do not
 * fit. `candidate` has its offer, id and layout. */
bool gable_planner_price(gable_search *search, gable_serving_layout *open, double clients,
                         gable_candidate *candidate);

/* Sets the verdict: the first limit that the closed form says is missed, else BEHIND. A limited
 * percentile counts as what it cannot be below. */
gable_verdict gable_planner_judge(const gable_goal *goal, const gable_offer *offer,
                                  gable_candidate *candidate);

/* The verdict MEMORY: the cache does not hold one of the longest sequences. */
void gable_planner_cannot_hold(const gable_search *search, gable_candidate *candidate);

/* Best by score first, then what the simulation refused, what was not simulated, what missed. */
int gable_planner_order(const void *a, const void *b);

/* One that may be on the front. */
void gable_planner_point(gable_search *search, const gable_candidate *candidate);

/* From the points, the Pareto set: the fastest for a user first. */
void gable_planner_front(gable_search *search, gable_planned *out);

/* ---- percentiles: planner_tails.c ---- */

/* Simulates what of out->best (in order) may be among the goal's n_ranked best, each at as many
 * clients as its limits allow, and takes from the points what the simulation refuses, until all of
 * the front is simulated. */
gable_status gable_planner_tails(gable_search *search, gable_planned *out);

/* ---- engines apart: planner_apart.c ---- */

/* Runs the closed loop of a candidate with engines apart: its times, or the verdict MEMORY. */
gable_status gable_planner_run_apart(gable_search *search, gable_candidate *candidate);

/* The pair of engines of `candidate` at other clients; false when it does not keep the limits in
 * closed form. */
bool gable_planner_pair_at(gable_search *search, const gable_candidate *candidate, double clients,
                           gable_candidate *out);

/* Adds the best pair of engines apart for each layout that answers, behind those in out->best. */
gable_status gable_planner_apart(gable_search *search, gable_planned *out);

#endif
