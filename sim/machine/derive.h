/* machine/derive: ratios that follow from a datasheet. A wrong entry is easier to see in a ratio
 * than in the figure itself: a rate that is off by two makes FLOP per clock no power of two. Room:
 * machine. Uses: base. */
#ifndef GABLE_MACHINE_DERIVE_H
#define GABLE_MACHINE_DERIVE_H
#include <stddef.h>

struct gable_accelerator;

/* X(symbol, key, heading of a column, what it is). 0: a figure that it needs is not published. */
#define GABLE_RATIO_LIST(X)                                                                        \
    X(RIDGE_16, "ridge_16_flops_per_byte", "r16", "16-bit peak over memory bandwidth")             \
    X(RIDGE_8, "ridge_8_flops_per_byte", "r8", "fp8 peak, else int8, over memory bandwidth")       \
    X(RIDGE_4, "ridge_4_flops_per_byte", "r4", "fp4 peak over memory bandwidth")                   \
    X(BYTES_PER_FLOP, "bytes_per_flop_16", "B/FLOP", "memory bandwidth over 16-bit peak")          \
    X(WIDTH_16, "width_16_flops_per_clock_per_sm", "w16", "16-bit FLOP per tensor clock and SM")   \
    X(WIDTH_8, "width_8_flops_per_clock_per_sm", "w8", "fp8, else int8, per tensor clock and SM")  \
    X(WIDTH_4, "width_4_flops_per_clock_per_sm", "w4", "fp4 FLOP per tensor clock and SM")         \
    X(WIDTH_VECTOR, "width_vector_flops_per_clock_per_sm", "vec", "fp32 per vector clock and SM")  \
    X(INT8_OVER_16, "int8_over_16_frac", "int8/16", "int8 peak over 16-bit peak")                  \
    X(HBM_PER_SM, "hbm_bytes_per_s_per_sm", "HBM/SM", "memory bandwidth over SMs")                 \
    X(LINK_OVER_HBM, "scale_up_over_hbm_frac", "link", "scale-up over memory bandwidth")           \
    X(READ_ALL, "read_all_s", "read", "time to read the whole device memory once")

typedef enum gable_ratio {
#define GABLE_RATIO_ENUM(symbol, key, heading, help) GABLE_RATIO_##symbol,
    GABLE_RATIO_LIST(GABLE_RATIO_ENUM)
#undef GABLE_RATIO_ENUM
        GABLE_N_RATIOS
} gable_ratio;

const char *gable_ratio_key(gable_ratio ratio);
const char *gable_ratio_heading(gable_ratio ratio);
const char *gable_ratio_help(gable_ratio ratio);

/* All ratios of one accelerator; 0 where a figure is missing. Cannot fail. */
void gable_derive_ratios(const struct gable_accelerator *accelerator, double out[GABLE_N_RATIOS]);

/* Median of this ratio over the devices of the same generation other than `self`; of two in the
 * middle the one nearer to its own, so that a generation of two minds is no outlier in itself; 0
 * when fewer than two publish it. `accelerators` holds `count` pointers and may include `self`. */
double gable_derive_sibling_median(const struct gable_accelerator *self,
                                   const struct gable_accelerator *const *accelerators,
                                   size_t count, gable_ratio ratio);

/* Whether `value` stands out: more than 1.8 times off `median` (0: no siblings), so that a sparse
 * figure among dense ones or both directions among single ones show; or, for a width, more than 4 %
 * off a power of two. Sold capacities differ by more than that, so the time to read them all never
 * does, nor does a value of 0. */
int gable_derive_stands_out(gable_ratio ratio, double value, double median);

#endif
