/* cli/placement_options: see placement_options.h. */
#include "cli/placement_options.h"

#include <math.h>

const char *const gable_offload_places[] = {"host", "storage", NULL};

/* What was hit is read from the cache; at least one token is new, or there would be no step. */
static gable_status hit_prefix(gable_cli *cli, double frac, gable_scenario *scenario)
{
    if (frac <= 0.0)
        return GABLE_OK;
    if (scenario->phase != GABLE_PHASE_PREFILL)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--prefix-hit is for --phase prefill: a decode step reads its whole "
                          "context from the cache");
    double hit = fmin(floor(frac * scenario->n_new), scenario->n_new - 1.0);
    scenario->n_cached += hit;
    scenario->n_new -= hit;
    return GABLE_OK;
}

gable_status gable_placement_apply(gable_cli *cli, const gable_placement_words *w,
                                   gable_scenario *scenario)
{
    scenario->memory_place = (gable_memory_place)w->memory;
    scenario->offload_weights = w->offload_weights;
    scenario->offload_kv = w->offload_kv;
    scenario->offload_to_storage = w->offload_to == 1;
    if (scenario->offload_to_storage && w->offload_weights + w->offload_kv <= 0.0)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--offload-to says where to, not what; add --offload-weights or "
                          "--offload-kv");
    if (w->compressor && w->compress <= 0.0)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--compressor needs --compress: how much shorter is the context?");
    return hit_prefix(cli, w->prefix_hit, scenario);
}
