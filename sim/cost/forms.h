/* cost/forms: the formulas behind gable_cost_time, one function a form of machine/forms.h. Private
 * to cost.
 * Room: cost. Uses: machine. */
#ifndef GABLE_COST_FORMS_H
#define GABLE_COST_FORMS_H
#include <math.h>
#include <stdint.h>

#include "cost/chip.h"

/* Fills compute_s, memory_s, overhead_s and exposed_s. `value` is in the order of the form's table.
 */
typedef void gable_form_function(const gable_op *op, const gable_work *work, gable_chip *chip,
                                 const double *value, gable_time *out);

gable_form_function gable_form_roofline, gable_form_gemm, gable_form_moe, gable_form_context,
    gable_form_decode, gable_form_latent_context, gable_form_latent_decode, gable_form_batched,
    gable_form_sublayer, gable_form_stream, gable_form_wide, gable_form_exchange;

/* Whether what is kept is that of this kernel and these formats; if not, it is the caller's to
 * fill. */
static inline bool gable_form_kept(gable_tile_rates *rates, const double *value,
                                   const gable_work *work)
{
    if (rates->of == value && rates->weight_bytes == work->weight_element_bytes &&
        rates->activation_bytes == work->activation_element_bytes)
        return true;
    rates->of = value;
    rates->weight_bytes = work->weight_element_bytes;
    rates->activation_bytes = work->activation_element_bytes;
    return false;
}

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

/* By adding and taking away 2^52, which leaves a whole number: loops over tiles become vectors.
 * Within one above 2^52. */
static inline double gable_form_ceil(double x)
{
    double whole = (x + 0x1p52) - 0x1p52;
    return whole + (whole < x ? 1.0 : 0.0);
}

/* (a^p + b^p)^(1/p) of seconds for p = 1, 2, 4 or 8: no pow on the hot path. a, b above 1e-38
 * (their eighth powers must not vanish). */
static inline double gable_form_join(double a, double b, double p)
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

/* Part of a stream of `bytes` that L2 (of which `frac` is useful) keeps: 1 when small, 0 when
 * large, sharp between. */
static inline double gable_form_hit(double bytes, double useful_l2_bytes)
{
    double x = bytes / useful_l2_bytes;
    double x2 = x * x, x4 = x2 * x2;
    return 1.0 / (1.0 + x4 * x4);
}

/* Waves of `blocks` thread blocks on `slots`: whole ones, softened by `softness` in [0, 1]. */
static inline double gable_form_waves(double blocks, double slots, double softness)
{
    double x = blocks / slots, whole = gable_form_ceil(x);
    return whole + softness * ((x > 1.0 ? x : 1.0) - whole);
}

#endif
