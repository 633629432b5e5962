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

/* Vector work runs at the FP32 rate where the datasheet gives one; elsewhere only memory is
 * counted. */
static double peak_of(const gable_work *work, const gable_accelerator *accelerator)
{
    gable_mma used;
    if (work->vector)
        return accelerator->vector_fp32_flops_per_s;
    return gable_accelerator_peak(accelerator, work->mma, &used);
}

static double over(double amount, double rate)
{
    return rate > 0.0 ? amount / rate : 0.0;
}

static bool has_parts(const gable_work *work)
{
    return gable_family_form(work->family) == GABLE_FORM_SUBLAYER;
}

/* Parts of an attention block run on units of their own; the cheaper way of attending counts. */
double gable_cost_compute_s(const gable_work *work, const gable_accelerator *accelerator)
{
    const gable_sublayer_work *p = &work->parts;
    gable_mma used;
    if (!has_parts(work))
        return over(work->flops, peak_of(work, accelerator));
    double core = p->expanded_flops > 0.0 && p->expanded_flops < p->core_flops ? p->expanded_flops
                                                                               : p->core_flops;
    return over(p->projection_flops,
                gable_accelerator_peak(accelerator, p->projection_mma, &used)) +
           over(core, gable_accelerator_peak(accelerator, p->core_mma, &used)) +
           over(p->index_flops, gable_accelerator_peak(accelerator, p->index_mma, &used));
}

double gable_cost_ceiling_s(const gable_work *work, const gable_accelerator *accelerator,
                            gable_bound *bound)
{
    double compute = gable_cost_compute_s(work, accelerator);
    double bytes = work->hbm_bytes;
    if (work->copies != 0.0)
        bytes = max2(bytes - accelerator->l2_capacity_bytes, 0.0);
    double memory = bytes / gable_tiers_bandwidth(work, accelerator);
    double near_compute, near_memory;
    if (gable_tiers_near(work, accelerator, &near_compute, &near_memory) &&
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
static gable_chip chip_of(const gable_work *work, const gable_accelerator *a,
                          const gable_constants *constants)
{
    double silicon = constants->silicon_frac;
    gable_chip chip = {
        .n_sm = constants->n_sm > 0.0 ? constants->n_sm : a->n_sm,
        .clock_hz = constants->clock_hz > 0.0 ? constants->clock_hz : a->tensor_clock_hz,
        .boost_hz = constants->boost_hz,
        .peak_flops_per_s = peak_of(work, a) * (work->vector ? 1.0 : silicon),
        .bandwidth_bytes_per_s = gable_tiers_bandwidth(work, a),
        .l2_bytes = a->l2_capacity_bytes,
        .vector_flops_per_s = a->vector_fp32_flops_per_s,
        .exp_per_s = a->exp_per_s,
    };
    if (chip.boost_hz <= 0.0)
        chip.boost_hz = chip.clock_hz;
    if (chip.exp_per_s <= 0.0)
        chip.exp_per_s = 16.0 * chip.n_sm * chip.clock_hz;
    if (has_parts(work)) {
        gable_mma used;
        const gable_sublayer_work *p = &work->parts;
        chip.projection_flops_per_s = silicon * gable_accelerator_peak(a, p->projection_mma, &used);
        chip.core_flops_per_s = silicon * gable_accelerator_peak(a, p->core_mma, &used);
        chip.index_flops_per_s = silicon * gable_accelerator_peak(a, p->index_mma, &used);
    }
    return chip;
}

static void take_ideal(const gable_work *work, const gable_accelerator *accelerator,
                       gable_time *out)
{
    out->compute_s = gable_cost_compute_s(work, accelerator);
    out->memory_s = work->hbm_bytes / gable_tiers_bandwidth(work, accelerator);
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

void gable_cost_time_with(const gable_op *op, const gable_work *work,
                          const gable_accelerator *accelerator, const gable_constants *constants,
                          const gable_kernel_constants *kernel, gable_time *out)
{
    *out = (gable_time){0};
    out->ceiling_s = gable_cost_ceiling_s(work, accelerator, &out->ceiling_bound);
    gable_chip chip = chip_of(work, accelerator, constants);
    chip.sustained = constants->sustained;
    chip.quantised = op->copies == 0.0 && constants->fused_quantisation[op->activations];
    forms[gable_family_form(work->family)](op, work, &chip, kernel->value, out);
    out->exposed_s += gable_tiers_latency_s(work, accelerator);
    out->time_s = out->overhead_s + max2(max2(out->compute_s, out->memory_s), out->network_s) +
                  out->exposed_s;
    try_near(work, accelerator, kernel, out);
    if (out->time_s < out->ceiling_s) {
        out->exposed_s += out->ceiling_s - out->time_s;
        out->time_s = out->ceiling_s;
    }
    out->sigma_ln = kernel->sigma_ln;
    out->provenance = kernel->provenance;
    out->kernel = kernel;
    out->bound = bound_of(out);
}

/* Where a library has several kernels for one job, it runs the fastest. */
static void try_rivals(const gable_op *op, const gable_work *work,
                       const gable_accelerator *accelerator, const gable_constants *constants,
                       gable_time *out)
{
    gable_time other;
    for (int f = GABLE_FLAVOUR_OTHER; f <= GABLE_FLAVOUR_THIRD; f++) {
        const gable_kernel_constants *rival =
            constants->flavoured[f][work->family][work->dtype][work->mma];
        if (!rival)
            return;
        gable_cost_time_with(op, work, accelerator, constants, rival, &other);
        if (other.time_s < out->time_s)
            *out = other;
    }
}

void gable_cost_time(const gable_op *op, const gable_work *work,
                     const gable_accelerator *accelerator, const gable_constants *constants,
                     gable_time *out)
{
    if (!constants->ideal) {
        gable_cost_time_with(
            op, work, accelerator, constants,
            gable_constants_kernel(constants, work->family, work->dtype, work->mma, work->flavour),
            out);
        try_rivals(op, work, accelerator, constants, out);
        return;
    }
    *out = (gable_time){0};
    out->ceiling_s = gable_cost_ceiling_s(work, accelerator, &out->ceiling_bound);
    take_ideal(work, accelerator, out);
}

/* ---- what several forms share ---- */

double gable_form_join(double a, double b, double p)
{
    if (p < 2.0)
        return a + b;
    double a2 = a * a, b2 = b * b;
    if (p < 4.0)
        return sqrt(a2 + b2);
    double a4 = a2 * a2, b4 = b2 * b2;
    if (p < 8.0)
        return sqrt(sqrt(a4 + b4));
    return sqrt(sqrt(sqrt(a4 * a4 + b4 * b4)));
}

double gable_form_hit(double bytes, double useful_l2_bytes)
{
    double x = bytes / useful_l2_bytes;
    double x2 = x * x, x4 = x2 * x2;
    return 1.0 / (1.0 + x4 * x4);
}

double gable_form_waves(double blocks, double slots, double softness)
{
    double x = blocks / slots, whole = gable_form_ceil(x);
    return whole + softness * (max2(x, 1.0) - whole);
}

/* floor + max(flops / (c peak), bytes / (m bandwidth)) */
void gable_form_roofline(const gable_op *op, const gable_work *work, const gable_chip *chip,
                         const double *value, gable_time *out)
{
    (void)op;
    out->compute_s = over(work->flops, value[GABLE_ROOFLINE_COMPUTE] * chip->peak_flops_per_s);
    out->memory_s = (work->hbm_bytes + work->spill_bytes) /
                    (value[GABLE_ROOFLINE_MEMORY] * chip->bandwidth_bytes_per_s);
    out->overhead_s = 1e-6 * value[GABLE_ROOFLINE_FLOOR];
}
