/* engine/overlap: rows of a plan that run at the same time: a group takes as long as its longest
 * lane, as the device is busy, or as the links are that exchanges in several lanes share.
 * Room: engine. Uses: layout, net/share. */
#ifndef GABLE_ENGINE_OVERLAP_H
#define GABLE_ENGINE_OVERLAP_H
#include "engine/engine.h"

/* Seconds of a group from those of its lanes.
 *   lane_s    GABLE_N_LANES sums of rows
 *   busy_s    of all kernels in it without their launches: two streams share the device
 *   shared_s  until links that exchanges in several lanes use are done (gable_net_share_s); 0: none
 *   waves     pieces; with w of them 1 / w of what the longest lane hides shows
 * At least the longest lane and at most the sum of them. */
double gable_engine_group_s(const double *lane_s, double busy_s, double shared_s, double waves);

/* Fills hidden_s of the rows of groups and contended_s and lowers the totals; rows of no group
 * stay. The rows 0 … n - 1 are priced.
 *   n_sm   of the device, of which some exchanges set a part aside */
void gable_engine_overlap(const gable_plan *plan, int n, double n_sm, gable_step *step);

/* Seconds of a step in which its exchanges take the links of a device, at the rates that they
 * reach: links_s[0] inside its node, links_s[1] between nodes. Prices the exchanges anew. */
void gable_engine_links(const gable_plan *plan, const gable_machine *machine, double *links_s);

#endif
