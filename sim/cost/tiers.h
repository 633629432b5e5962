/* cost/tiers: memory that no device ships yet: flash beside the device memory, units inside it.
 * Room: cost. Uses: machine. Where the figures come from: configs/whatif. */
#ifndef GABLE_COST_TIERS_H
#define GABLE_COST_TIERS_H
#include "cost/cost.h"

/* Bytes per second at which an operator's bytes arrive when weights (and the part of the cache that
 * seldom changes) come from flash while all else comes from device memory; that of the device
 * memory where there is no flash. */
double gable_tiers_bandwidth(const gable_work *work, const gable_accelerator *accelerator);

/* What flash adds to a call whose weights are known only when a router has chosen them, s. All
 * other weights are asked for ahead. */
double gable_tiers_latency_s(const gable_work *work, const gable_accelerator *accelerator);

/* Units inside the memory: whether they can do this operator (attention of single tokens to a
 * cache: a GEMV per head), and its seconds at their peaks.
 *   compute_s, memory_s   the terms */
bool gable_tiers_near(const gable_work *work, const gable_accelerator *accelerator,
                      double *compute_s, double *memory_s);

#endif
