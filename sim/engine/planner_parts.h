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
    int n_points, points_cap, n_priced;
} gable_search;

/* Every layout of every offer, one candidate each, with room for one more of each behind them. */
gable_status gable_planner_layouts(gable_search *search, gable_candidate **out, int *n);

/* Figures of a whole deployment from those of a replica of of_replica devices. */
void gable_planner_fill(const gable_goal *goal, const gable_offer *offer, double of_replica,
                        double requests_per_s, gable_candidate *candidate);

/* Adds the best pair of engines apart for each layout that answers, behind those in out->best. */
gable_status gable_planner_apart(gable_search *search, gable_planned *out);

#endif
