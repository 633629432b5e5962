/* cost: seconds of one operator: the speed of light, and the expected time by the form of its
 * family. */
#include <math.h>

#include "cost/forms.h"
#include "cost/tiers.h"

static const char *const bounds[GABLE_N_BOUNDS] = {
#define BOUND_NAME(symbol, name) name,
    GABLE_BOUND_LIST(BOUND_NAME)
#undef BOUND_NAME
};

const char *gable_bound_name(gable_bound bound)
{
    return bounds[bound];
}

static gable_form_function *const forms[GABLE_N_FORMS] = {
    [GABLE_FORM_ROOFLINE] = gable_form_roofline,
    [GABLE_FORM_GEMM] = gable_form_gemm,
    [GABLE_FORM_MOE] = gable_form_moe,
    [GABLE_FORM_CONTEXT] = gable_form_context,
    [GABLE_FORM_DECODE] = gable_form_decode,
    [GABLE_FORM_LATENT_CONTEXT] = gable_form_latent_context,
    [GABLE_FORM_LATENT_DECODE] = gable_form_latent_decode,
    [GABLE_FORM_BATCHED] = gable_form_batched,
    [GABLE_FORM_SUBLAYER] = gable_form_sublayer,
    [GABLE_FORM_WIDE] = gable_form_wide,
    [GABLE_FORM_STREAM] = gable_form_stream,
    [GABLE_FORM_COLLECTIVE] = gable_form_exchange,
    [GABLE_FORM_CUSTOM] = gable_form_exchange,
    [GABLE_FORM_EXCHANGE] = gable_form_exchange,
};

static double max2(double a, double b)
{
    return a > b ? a : b;
}

static double over(double amount, double rate)
{
    return rate > 0.0 ? amount / rate : 0.0;
}

static bool has_parts(const gable_work *work)
{
    return gable_family_form(work->family) == GABLE_FORM_SUBLAYER;
}

/* Datasheet peak of a unit; a device is asked once for each. */
static inline double unit_peak(gable_chip *chip, gable_mma mma)
{
    if (!(chip->unit_flops_per_s[mma] > 0.0))
        chip->unit_flops_per_s[mma] = gable_accelerator_peak(chip->accelerator, mma, NULL);
    return chip->unit_flops_per_s[mma];
}

/* Vector work runs at the FP32 rate where the datasheet gives one; elsewhere only memory is
 * counted. */
static inline double peak_of(const gable_work *work, gable_chip *chip)
{
    return work->vector ? chip->vector_flops_per_s : unit_peak(chip, work->mma);
}

/* Parts of an attention block run on units of their own; the cheaper way of attending counts. */
static double parts_seconds(const gable_work *work, gable_chip *chip)
{
    const gable_sublayer_work *p = &work->parts;
    double core = p->expanded_flops > 0.0 && p->expanded_flops < p->core_flops ? p->expanded_flops
                                                                               : p->core_flops;
    return over(p->projection_flops, unit_peak(chip, p->projection_mma)) +
           over(core, unit_peak(chip, p->core_mma)) +
           over(p->index_flops, unit_peak(chip, p->index_mma));
}

static inline double bandwidth_of(const gable_work *work, const gable_chip *chip)
{
    return chip->tiered ? gable_tiers_bandwidth(work, chip->accelerator)
                        : chip->accelerator->hbm_bandwidth_bytes_per_s;
}

/* `compute` seconds of the FLOPs. */
static inline double ceiling_seconds(const gable_work *work, const gable_chip *chip, double compute,
                                     gable_bound *bound)
{
    double bytes = work->hbm_bytes, near_compute, near_memory;
    if (work->copies != 0.0)
        bytes = max2(bytes - chip->accelerator->l2_capacity_bytes, 0.0);
    double memory = bytes / bandwidth_of(work, chip);
    if (chip->tiered && gable_tiers_near(work, chip->accelerator, &near_compute, &near_memory) &&
        max2(near_compute, near_memory) < max2(compute, memory)) {
        compute = near_compute;
        memory = near_memory;
    }
    if (work->network_s > max2(compute, memory)) {
        *bound = GABLE_BOUND_NETWORK;
        return work->network_s;
    }
    *bound = compute > memory ? GABLE_BOUND_COMPUTE : GABLE_BOUND_MEMORY;
    return compute > memory ? compute : memory;
}

/* Of a bare device only the peaks are known. */
static void bare_chip(const gable_accelerator *accelerator, gable_chip *out)
{
    out->accelerator = accelerator;
    out->vector_flops_per_s = accelerator->vector_fp32_flops_per_s;
    out->tiered = accelerator->flash_bytes_per_s > 0.0 || accelerator->near_bytes_per_s > 0.0;
    for (int i = 0; i < GABLE_N_MMA; i++) {
        out->unit_flops_per_s[i] = 0.0;
        out->tiles[i].of = NULL;
    }
    out->grouped.of = NULL;
}

static double compute_seconds(const gable_work *work, gable_chip *chip)
{
    return has_parts(work) ? parts_seconds(work, chip) : over(work->flops, peak_of(work, chip));
}

double gable_cost_compute_s(const gable_work *work, const gable_accelerator *accelerator)
{
    gable_chip chip;
    bare_chip(accelerator, &chip);
    return compute_seconds(work, &chip);
}

double gable_cost_ceiling_s(const gable_work *work, const gable_accelerator *accelerator,
                            gable_bound *bound)
{
    gable_chip chip;
    bare_chip(accelerator, &chip);
    return ceiling_seconds(work, &chip, compute_seconds(work, &chip), bound);
}

/* The floor counts as overhead only when it is the larger part. */
static gable_bound bound_of(const gable_time *time)
{
    if (time->overhead_s > max2(max2(time->compute_s, time->memory_s), time->network_s))
        return GABLE_BOUND_OVERHEAD;
    if (time->network_s > 0.0)
        return GABLE_BOUND_NETWORK;
    return time->compute_s > time->memory_s ? GABLE_BOUND_COMPUTE : GABLE_BOUND_MEMORY;
}

/* A device with few published figures is filled from its generation; 16 exponentials per clock and
 * SM are what special-function units of all generations do (facts/attention.md 1). */
void gable_cost_chip(const gable_accelerator *a, const gable_constants *constants, gable_chip *out)
{
    bare_chip(a, out);
    out->constants = constants;
    out->n_sm = constants->n_sm > 0.0 ? constants->n_sm : a->n_sm;
    out->clock_hz = constants->clock_hz > 0.0 ? constants->clock_hz : a->tensor_clock_hz;
    out->boost_hz = constants->boost_hz > 0.0 ? constants->boost_hz : out->clock_hz;
    out->l2_bytes = a->l2_capacity_bytes;
    out->exp_per_s = a->exp_per_s > 0.0 ? a->exp_per_s : 16.0 * out->n_sm * out->clock_hz;
    out->sustained = constants->sustained;
}

/* What of the chip goes with the operator, and the time's ceiling. */
static inline void begin(const gable_op *op, const gable_work *work, gable_chip *chip,
                         gable_time *out)
{
    double silicon = chip->constants->silicon_frac, peak = peak_of(work, chip), compute;
    chip->peak_flops_per_s = work->vector ? peak : peak * silicon;
    chip->bandwidth_bytes_per_s = bandwidth_of(work, chip);
    chip->quantised = op->copies == 0.0 && chip->constants->fused_quantisation[op->activations];
    compute = over(work->flops, peak);
    if (has_parts(work)) {
        const gable_sublayer_work *p = &work->parts;
        chip->projection_flops_per_s = silicon * unit_peak(chip, p->projection_mma);
        chip->core_flops_per_s = silicon * unit_peak(chip, p->core_mma);
        chip->index_flops_per_s = silicon * unit_peak(chip, p->index_mma);
        compute = parts_seconds(work, chip);
    }
    gable_time_clear(out);
    out->peak_s = compute;
    out->ceiling_s = ceiling_seconds(work, chip, compute, &out->ceiling_bound);
}

static void take_ideal(const gable_work *work, const gable_chip *chip, gable_time *out)
{
    out->compute_s = out->peak_s;
    out->memory_s = work->hbm_bytes / chip->bandwidth_bytes_per_s;
    if (out->memory_s > out->ceiling_s) /* what L2 may hold is free */
        out->memory_s = out->ceiling_s;
    out->time_s = out->ceiling_s;
    out->bound = out->ceiling_bound;
    out->provenance = GABLE_PROVENANCE_SPEC;
}

/* Units inside the memory attend where that is faster: the floor of the call and the reached share
 * of the bandwidth stay as they are. */
static void try_near(const gable_work *work, const gable_accelerator *accelerator,
                     const gable_kernel_constants *kernel, gable_time *out)
{
    gable_time near = *out;
    if (!gable_tiers_near(work, accelerator, &near.compute_s, &near.memory_s))
        return;
    near.memory_s /= gable_kernel_constant(kernel, work->family, "memory_frac", 1.0);
    near.overhead_s = 1e-6 * gable_kernel_constant(kernel, work->family, "t0_us", 0.0);
    near.exposed_s = 0.0;
    near.time_s = near.overhead_s + max2(near.compute_s, near.memory_s);
    if (near.time_s < out->time_s)
        *out = near;
}

/* The form of the family with these constants, once begun. */
static inline void take_kernel(const gable_op *op, const gable_work *work, gable_chip *chip,
                               const gable_kernel_constants *kernel, gable_time *out)
{
    forms[gable_family_form(work->family)](op, work, chip, kernel->value, out);
    if (chip->tiered)
        out->exposed_s += gable_tiers_latency_s(work, chip->accelerator);
    out->time_s = out->overhead_s + max2(max2(out->compute_s, out->memory_s), out->network_s) +
                  out->exposed_s;
    if (chip->accelerator->near_bytes_per_s > 0.0)
        try_near(work, chip->accelerator, kernel, out);
    if (out->time_s < out->ceiling_s) {
        out->exposed_s += out->ceiling_s - out->time_s;
        out->time_s = out->ceiling_s;
    }
    out->sigma_ln = kernel->sigma_ln;
    out->provenance = kernel->provenance;
    out->kernel = kernel;
    out->bound = bound_of(out);
}

void gable_cost_time_with(const gable_op *op, const gable_work *work,
                          const gable_accelerator *accelerator, const gable_constants *constants,
                          const gable_kernel_constants *kernel, gable_time *out)
{
    gable_chip chip;
    gable_cost_chip(accelerator, constants, &chip);
    begin(op, work, &chip, out);
    take_kernel(op, work, &chip, kernel, out);
}

/* Where a library has several kernels for one job, it runs the fastest. */
static void try_rivals(const gable_op *op, const gable_work *work, gable_chip *chip,
                       gable_time *out)
{
    gable_time other;
    for (int f = GABLE_FLAVOUR_OTHER; f <= GABLE_FLAVOUR_THIRD; f++) {
        const gable_kernel_constants *rival =
            chip->constants->flavoured[f][work->family][work->dtype][work->mma];
        if (!rival)
            return;
        begin(op, work, chip, &other);
        take_kernel(op, work, chip, rival, &other);
        if (other.time_s < out->time_s)
            *out = other;
    }
}

void gable_cost_time_on(const gable_op *op, const gable_work *work, gable_chip *chip,
                        gable_time *out)
{
    const gable_constants *constants = chip->constants;
    begin(op, work, chip, out);
    if (constants->ideal) {
        take_ideal(work, chip, out);
        return;
    }
    take_kernel(
        op, work, chip,
        gable_constants_kernel(constants, work->family, work->dtype, work->mma, work->flavour),
        out);
    if (constants->flavoured[GABLE_FLAVOUR_OTHER][work->family][work->dtype][work->mma])
        try_rivals(op, work, chip, out);
}

void gable_cost_time(const gable_op *op, const gable_work *work,
                     const gable_accelerator *accelerator, const gable_constants *constants,
                     gable_time *out)
{
    gable_chip chip;
    gable_cost_chip(accelerator, constants, &chip);
    gable_cost_time_on(op, work, &chip, out);
}

/* floor + max(flops / (c peak), bytes / (m bandwidth)) */
void gable_form_roofline(const gable_op *op, const gable_work *work, gable_chip *chip,
                         const double *value, gable_time *out)
{
    (void)op;
    out->compute_s = over(work->flops, value[GABLE_ROOFLINE_COMPUTE] * chip->peak_flops_per_s);
    out->memory_s = (work->hbm_bytes + work->spill_bytes) /
                    (value[GABLE_ROOFLINE_MEMORY] * chip->bandwidth_bytes_per_s);
    out->overhead_s = 1e-6 * value[GABLE_ROOFLINE_FLOOR];
}
