/* machine/accelerator: what follows from a datasheet without a model: peaks by format, ridges. */
#include <stdlib.h>

#include "machine/machine.h"

/* Unit that takes over where one is missing, wider or as wide; itself where there is none. A
 * product of int8 operands is exact in bf16 only up to 8 bits of significand each: that is what
 * kernels do. */
static const gable_mma next_wider[GABLE_N_MMA] = {
    [GABLE_MMA_INT4] = GABLE_MMA_INT8, [GABLE_MMA_FP4] = GABLE_MMA_FP6,
    [GABLE_MMA_FP6] = GABLE_MMA_FP8,   [GABLE_MMA_FP8] = GABLE_MMA_BF16,
    [GABLE_MMA_INT8] = GABLE_MMA_BF16, [GABLE_MMA_BF16] = GABLE_MMA_FP16,
    [GABLE_MMA_FP16] = GABLE_MMA_TF32, [GABLE_MMA_TF32] = GABLE_MMA_FP32,
    [GABLE_MMA_FP32] = GABLE_MMA_FP32, [GABLE_MMA_FP64] = GABLE_MMA_FP64,
};

static const int bits_of[GABLE_N_MMA] = {
    [GABLE_MMA_FP64] = 64, [GABLE_MMA_FP32] = 32, [GABLE_MMA_TF32] = 32, [GABLE_MMA_BF16] = 16,
    [GABLE_MMA_FP16] = 16, [GABLE_MMA_FP8] = 8,   [GABLE_MMA_INT8] = 8,  [GABLE_MMA_FP6] = 6,
    [GABLE_MMA_FP4] = 4,   [GABLE_MMA_INT4] = 4,
};

/* The published unit nearest in width, where no wider one of the same family is: at its own rate
 * when it is as wide or wider, else slower in proportion. Only devices that publish 8 or 4 bits
 * alone come here, and the loader made sure that there is one. */
static double from_nearest(const gable_accelerator *accelerator, gable_mma mma, gable_mma *used)
{
    gable_mma best = mma;
    for (int i = 0; i < GABLE_N_MMA; i++)
        if (accelerator->matrix_flops_per_s[i] > 0.0 &&
            (best == mma || abs(bits_of[i] - bits_of[mma]) < abs(bits_of[best] - bits_of[mma])))
            best = (gable_mma)i;
    *used = best;
    double slower = bits_of[best] < bits_of[mma] ? (double)bits_of[best] / bits_of[mma] : 1.0;
    return accelerator->matrix_flops_per_s[best] * slower;
}

static double from_wider(const gable_accelerator *accelerator, gable_mma mma, gable_mma *used)
{
    for (gable_mma at = mma;; at = next_wider[at]) {
        /* fp16 stands in for bf16 by the table; bf16 for fp16 by this line, or the table would
         * loop. */
        if (at == GABLE_MMA_FP16 && !(accelerator->matrix_flops_per_s[at] > 0.0) &&
            accelerator->matrix_flops_per_s[GABLE_MMA_BF16] > 0.0)
            at = GABLE_MMA_BF16;
        *used = at;
        if (accelerator->matrix_flops_per_s[at] > 0.0)
            return accelerator->matrix_flops_per_s[at];
        if (next_wider[at] == at)
            return at == GABLE_MMA_FP64 ? accelerator->vector_fp64_flops_per_s
                                        : accelerator->vector_fp32_flops_per_s;
    }
}

double gable_accelerator_peak(const gable_accelerator *accelerator, gable_mma mma, gable_mma *used)
{
    gable_mma ran_on;
    double peak = from_wider(accelerator, mma, &ran_on);
    if (!(peak > 0.0))
        peak = from_nearest(accelerator, mma, &ran_on);
    if (!(peak > 0.0)) {
        /* fp64 on a device whose only published rate is a vector one. */
        ran_on = GABLE_MMA_FP32;
        peak = accelerator->vector_fp32_flops_per_s;
    }
    if (used)
        *used = ran_on;
    return peak;
}

static double device_memory(const gable_accelerator *accelerator)
{
    return accelerator->hbm_usable_bytes > 0.0 ? accelerator->hbm_usable_bytes
                                               : accelerator->hbm_capacity_bytes;
}

double gable_accelerator_memory_bytes(const gable_accelerator *accelerator)
{
    return device_memory(accelerator) + accelerator->flash_capacity_bytes;
}

bool gable_accelerator_holds(const gable_accelerator *accelerator, double weights_bytes,
                             double cache_bytes, double other_bytes)
{
    double on_flash = weights_bytes + accelerator->flash_context_frac * cache_bytes;
    double all = weights_bytes + cache_bytes + other_bytes;
    if (accelerator->flash_capacity_bytes <= 0.0)
        return all <= device_memory(accelerator);
    return on_flash <= accelerator->flash_capacity_bytes &&
           all - on_flash <= device_memory(accelerator);
}

double gable_accelerator_ridge(const gable_accelerator *accelerator, gable_mma mma)
{
    return gable_accelerator_peak(accelerator, mma, NULL) / accelerator->hbm_bandwidth_bytes_per_s;
}

const char *gable_accelerator_source(const gable_accelerator *accelerator, size_t offset)
{
    for (size_t i = 0; i < gable_accelerator_schema.n_fields; i++)
        if (gable_accelerator_schema.fields[i].offset == offset)
            return accelerator->sources[i] ? accelerator->sources[i] : "";
    return "";
}
