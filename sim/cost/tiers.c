/* cost/tiers: see tiers.h. */
#include "cost/tiers.h"

static double max2(double a, double b)
{
    return a > b ? a : b;
}

double gable_tiers_bandwidth(const gable_work *work, const gable_accelerator *accelerator)
{
    double hbm = accelerator->hbm_bandwidth_bytes_per_s, flash = accelerator->flash_bytes_per_s;
    if (flash <= 0.0 || work->hbm_bytes <= 0.0)
        return hbm;
    double there = work->weight_bytes + accelerator->flash_context_frac * work->cache_bytes;
    double seconds = max2(there / flash, max2(work->hbm_bytes - there, 0.0) / hbm);
    return seconds > 0.0 ? work->hbm_bytes / seconds : hbm;
}

double gable_tiers_latency_s(const gable_work *work, const gable_accelerator *accelerator)
{
    bool routed = work->family == GABLE_FAMILY_MOE || work->family == GABLE_FAMILY_MOE_WIDE;
    return routed && accelerator->flash_bytes_per_s > 0.0 ? accelerator->flash_latency_s : 0.0;
}

bool gable_tiers_near(const gable_work *work, const gable_accelerator *accelerator,
                      double *compute_s, double *memory_s)
{
    bool attends = work->family == GABLE_FAMILY_ATTENTION_GENERATION ||
                   work->family == GABLE_FAMILY_LATENT_GENERATION;
    if (!attends || accelerator->near_bytes_per_s <= 0.0 || accelerator->near_flops_per_s <= 0.0)
        return false;
    *compute_s = work->flops / accelerator->near_flops_per_s;
    *memory_s = work->hbm_bytes / accelerator->near_bytes_per_s;
    return true;
}
