/* machine/derive: see derive.h. */
#include <math.h>
#include <string.h>

#include "machine/machine.h"

static const struct ratio_row {
    const char *key, *heading, *help;
} ratios[GABLE_N_RATIOS] = {
#define RATIO_ROW(symbol, key_, heading_, help_)                                                   \
    [GABLE_RATIO_##symbol] = {.key = (key_), .heading = (heading_), .help = (help_)},
    GABLE_RATIO_LIST(RATIO_ROW)
#undef RATIO_ROW
};

const char *gable_ratio_key(gable_ratio ratio)
{
    return ratios[ratio].key;
}

const char *gable_ratio_heading(gable_ratio ratio)
{
    return ratios[ratio].heading;
}

const char *gable_ratio_help(gable_ratio ratio)
{
    return ratios[ratio].help;
}

static double first_known(double one, double two)
{
    return one > 0.0 ? one : two;
}

static double over(double value, double divisor)
{
    return value > 0.0 && divisor > 0.0 ? value / divisor : 0.0;
}

void gable_derive_ratios(const gable_accelerator *a, double out[GABLE_N_RATIOS])
{
    const double *matrix = a->matrix_flops_per_s;
    double peak_16 = first_known(matrix[GABLE_MMA_BF16], matrix[GABLE_MMA_FP16]);
    double peak_8 = first_known(matrix[GABLE_MMA_FP8], matrix[GABLE_MMA_INT8]);
    double peak_4 = matrix[GABLE_MMA_FP4], hbm = a->hbm_bandwidth_bytes_per_s;
    double tensor_per_s = a->n_sm * a->tensor_clock_hz, vector_per_s = a->n_sm * a->vector_clock_hz;
    out[GABLE_RATIO_RIDGE_16] = over(peak_16, hbm);
    out[GABLE_RATIO_RIDGE_8] = over(peak_8, hbm);
    out[GABLE_RATIO_RIDGE_4] = over(peak_4, hbm);
    out[GABLE_RATIO_BYTES_PER_FLOP] = over(hbm, peak_16);
    out[GABLE_RATIO_WIDTH_16] = over(peak_16, tensor_per_s);
    out[GABLE_RATIO_WIDTH_8] = over(peak_8, tensor_per_s);
    out[GABLE_RATIO_WIDTH_4] = over(peak_4, tensor_per_s);
    out[GABLE_RATIO_WIDTH_VECTOR] = over(a->vector_fp32_flops_per_s, vector_per_s);
    out[GABLE_RATIO_INT8_OVER_16] = over(matrix[GABLE_MMA_INT8], peak_16);
    out[GABLE_RATIO_HBM_PER_SM] = over(hbm, a->n_sm);
    out[GABLE_RATIO_LINK_OVER_HBM] = over(a->scale_up_bytes_per_s, hbm);
    out[GABLE_RATIO_READ_ALL] = over(a->hbm_capacity_bytes, hbm);
}

enum { SIBLINGS_CAP = 64 };

/* Keeps `values` sorted; the lists are short. */
static void insert_sorted(double *values, size_t count, double value)
{
    size_t at = count;
    for (; at > 0 && values[at - 1] > value; at--)
        values[at] = values[at - 1];
    values[at] = value;
}

double gable_derive_sibling_median(const gable_accelerator *self,
                                   const gable_accelerator *const *accelerators, size_t count,
                                   gable_ratio ratio)
{
    double values[SIBLINGS_CAP], all[GABLE_N_RATIOS];
    size_t n = 0;
    for (size_t i = 0; i < count && n < SIBLINGS_CAP; i++) {
        const gable_accelerator *other = accelerators[i];
        if (strcmp(other->name, self->name) == 0 ||
            strcmp(other->generation, self->generation) != 0)
            continue;
        gable_derive_ratios(other, all);
        if (all[ratio] > 0.0)
            insert_sorted(values, n++, all[ratio]);
    }
    if (n < 2)
        return 0.0;
    gable_derive_ratios(self, all);
    double low = values[(n - 1) / 2], high = values[n / 2], own = all[ratio];
    return fabs(own - low) < fabs(own - high) ? low : high;
}

static int is_width(gable_ratio ratio)
{
    return ratio >= GABLE_RATIO_WIDTH_16 && ratio <= GABLE_RATIO_WIDTH_VECTOR;
}

int gable_derive_stands_out(gable_ratio ratio, double value, double median)
{
    if (!(value > 0.0) || ratio == GABLE_RATIO_READ_ALL)
        return 0;
    if (median > 0.0 && (value > 1.8 * median || median > 1.8 * value))
        return 1;
    return is_width(ratio) && fabs(value / exp2(round(log2(value))) - 1.0) > 0.04;
}
