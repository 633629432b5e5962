/* cost/forms: the formulas behind gable_cost_time, one function a form of machine/forms.h. Private
 * to cost.
 * Room: cost. Uses: machine. */
#ifndef GABLE_COST_FORMS_H
#define GABLE_COST_FORMS_H
#include <stdint.h>

#include "cost/cost.h"

/* The device as a kernel sees it, SI units. */
typedef struct gable_chip {
    double n_sm, clock_hz;
    double boost_hz;         /* of kernels that the power does not limit */
    double peak_flops_per_s; /* of the unit that the FLOPs run on */
    double bandwidth_bytes_per_s, l2_bytes;
    double exp_per_s, vector_flops_per_s;
    bool sustained; /* clocks are those of a busy hour */
    bool quantised; /* activations arrive in the format of the product */
    double projection_flops_per_s, core_flops_per_s,
        index_flops_per_s; /* peaks, of attention blocks only */
} gable_chip;

/* Fills compute_s, memory_s, overhead_s and exposed_s. `value` is in the order of the form's table.
 */
typedef void gable_form_function(const gable_op *op, const gable_work *work, const gable_chip *chip,
                                 const double *value, gable_time *out);

gable_form_function gable_form_roofline, gable_form_gemm, gable_form_moe, gable_form_context,
    gable_form_decode, gable_form_latent_context, gable_form_latent_decode, gable_form_batched,
    gable_form_sublayer, gable_form_stream, gable_form_wide, gable_form_exchange;

/* Work function of GABLE_OP_SUBLAYER (sim/cost/work_sublayer.c). */
void gable_work_sublayer(const gable_op *op, gable_work *out);

/* Work functions of ops.def that are not in work.c. */
void gable_work_linear(const gable_op *op, gable_work *out);
void gable_work_mhc(const gable_op *op, gable_work *out);
void gable_work_exchange(const gable_op *op, gable_work *out);
void gable_work_quantize(const gable_op *op, gable_work *out);

/* Rounding of 0 <= x < 2^63: libm's calls cost more than the rest of a form. */
static inline double gable_form_floor(double x)
{
    return (double)(int64_t)x;
}

static inline double gable_form_ceil(double x)
{
    double whole = gable_form_floor(x);
    return x > whole ? whole + 1.0 : whole;
}

/* (a^p + b^p)^(1/p) of seconds for p = 1, 2, 4 or 8: no pow on the hot path. a, b above 1e-38
 * (their eighth powers must not vanish). */
double gable_form_join(double a, double b, double p);

/* Part of a stream of `bytes` that L2 (of which `frac` is useful) keeps: 1 when small, 0 when
 * large, sharp between. */
double gable_form_hit(double bytes, double useful_l2_bytes);

/* Waves of `blocks` thread blocks on `slots`: whole ones, softened by `softness` in [0, 1]. */
double gable_form_waves(double blocks, double slots, double softness);

#endif
