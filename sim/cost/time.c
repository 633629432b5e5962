/* cost: seconds of one operator: the speed of light, and the provisional three-constant form of the
 * expected time. The kernel models of "Right on silicon" replace gable_cost_time and nothing else.
 */
#include "cost/cost.h"

static const char *const bounds[GABLE_N_BOUNDS] = {
#define BOUND_NAME(symbol, name) name,
    GABLE_BOUND_LIST(BOUND_NAME)
#undef BOUND_NAME
};

const char *gable_bound_name(gable_bound bound)
{
    return bounds[bound];
}

/* Vector work runs at the FP32 rate where the datasheet gives one; elsewhere only memory is
 * counted. */
static double peak_of(const gable_work *work, const gable_accelerator *accelerator)
{
    gable_mma used;
    if (work->vector)
        return accelerator->vector_fp32_flops_per_s;
    return gable_accelerator_peak(accelerator, work->mma, &used);
}

static double seconds_of_flops(const gable_work *work, const gable_accelerator *accelerator)
{
    double peak = peak_of(work, accelerator);
    return peak > 0.0 ? work->flops / peak : 0.0;
}

double gable_cost_ceiling_s(const gable_work *work, const gable_accelerator *accelerator,
                            gable_bound *bound)
{
    double compute = seconds_of_flops(work, accelerator);
    double memory = work->hbm_bytes / accelerator->hbm_bandwidth_bytes_per_s;
    *bound = compute > memory ? GABLE_BOUND_COMPUTE : GABLE_BOUND_MEMORY;
    return compute > memory ? compute : memory;
}

void gable_cost_seconds(const gable_work *work, const gable_accelerator *accelerator,
                        double *compute_s, double *memory_s)
{
    *compute_s = seconds_of_flops(work, accelerator);
    *memory_s = (work->hbm_bytes + work->spill_bytes) / accelerator->hbm_bandwidth_bytes_per_s;
}

/* The floor counts as overhead only when it is the larger part. */
static gable_bound bound_of(const gable_time *time)
{
    double longer = time->compute_s > time->memory_s ? time->compute_s : time->memory_s;
    if (time->overhead_s > longer)
        return GABLE_BOUND_OVERHEAD;
    return time->compute_s > time->memory_s ? GABLE_BOUND_COMPUTE : GABLE_BOUND_MEMORY;
}

void gable_cost_time(const gable_work *work, const gable_accelerator *accelerator,
                     const gable_constants *constants, gable_time *out)
{
    *out = (gable_time){0};
    out->ceiling_s = gable_cost_ceiling_s(work, accelerator, &out->ceiling_bound);
    gable_cost_seconds(work, accelerator, &out->compute_s, &out->memory_s);
    if (constants->ideal) {
        out->memory_s = work->hbm_bytes / accelerator->hbm_bandwidth_bytes_per_s;
        out->time_s = out->ceiling_s;
        out->bound = out->ceiling_bound;
        out->provenance = GABLE_PROVENANCE_SPEC;
        return;
    }
    const gable_kernel_constants *k = &constants->kernel[work->family][work->dtype][work->mma];
    out->compute_s /= k->compute_frac;
    out->memory_s /= k->memory_frac;
    out->overhead_s = k->floor_s;
    double longer = out->compute_s > out->memory_s ? out->compute_s : out->memory_s;
    out->time_s = k->floor_s + longer;
    out->sigma_ln = k->sigma_ln;
    out->provenance = k->provenance;
    out->bound = bound_of(out);
}
