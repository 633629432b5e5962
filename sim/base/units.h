/* base/units: the one parser and printer of quantities. SI prefixes are strict (1 GB = 1e9 B), IEC
 * prefixes explicit (1 GiB = 2^30 B); b is a bit and B a byte, so 400 Gb/s = 50 GB/s.
 * Room: base. Uses: base/err. Why one parser: facts/interface.md 2.3 lists the tools that got it
 * wrong. */
#ifndef GABLE_BASE_UNITS_H
#define GABLE_BASE_UNITS_H
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* X(symbol, key ending for bare numbers, unit printed after the prefix, example)
 * A "count" has no unit but may carry a prefix: 4k = 4000, 1Mi = 1048576. */
#define GABLE_DIM_LIST(X)                                                                          \
    X(NONE, "", "", "0.5")                                                                         \
    X(COUNT, "", "", "4k")                                                                         \
    X(BYTES, "_bytes", "B", "80 GB")                                                               \
    X(BYTES_PER_S, "_bytes_per_s", "B/s", "3.35 TB/s")                                             \
    X(FLOPS, "_flops", "FLOP", "60 GFLOP")                                                         \
    X(FLOPS_PER_S, "_flops_per_s", "FLOP/s", "989 TFLOP/s")                                        \
    X(OPS_PER_S, "_per_s", "op/s", "5 Top/s")                                                      \
    X(SECONDS, "_s", "s", "50 us")                                                                 \
    X(HERTZ, "_hz", "Hz", "1.83 GHz")                                                              \
    X(WATTS, "_w", "W", "700 W")                                                                   \
    X(JOULES, "_j", "J", "3 J")                                                                    \
    X(JOULES_PER_BIT, "_j_per_bit", "J/bit", "3.9 pJ/bit")                                         \
    X(USD, "_usd", "$", "3 $")                                                                     \
    X(USD_PER_H, "_usd_per_h", "$/h", "2.95 $/h")

typedef enum gable_dim {
#define GABLE_DIM_ENUM(symbol, ending, unit, example) GABLE_DIM_##symbol,
    GABLE_DIM_LIST(GABLE_DIM_ENUM)
#undef GABLE_DIM_ENUM
        GABLE_N_DIMS
} gable_dim;

/* Key ending ("_bytes_per_s"), printed unit ("B/s") and an example ("3.35 TB/s") of a dimension. */
const char *gable_dim_ending(gable_dim dim);
const char *gable_dim_unit(gable_dim dim);
const char *gable_dim_example(gable_dim dim);

/* Why a quantity was refused; the texts say what was expected. */
typedef enum gable_units_result {
    GABLE_UNITS_OK,
    GABLE_UNITS_NOT_A_NUMBER, /* no number at the start, or nan/inf/hex */
    GABLE_UNITS_UNKNOWN_UNIT, /* the text after the number is no unit that we know */
    GABLE_UNITS_WRONG_DIM,    /* a good quantity of another dimension: "3.35 TB" for a rate */
    GABLE_UNITS_MISSING_UNIT, /* a bare number where `bare_ok` is false */
    GABLE_UNITS_RANGE         /* beyond 1e30 in magnitude */
} gable_units_result;

/* Parses the whole of `text` as a quantity of dimension `dim`, in base units (B, s, FLOP, Hz, W, J,
 * $).
 *   bare_ok   a number without unit is taken in base units (command line); false: refused (files)
 * *value is set only on GABLE_UNITS_OK. FLOP/s also accepts op/s spellings (TFLOPS, TFLOP/s, TOPS,
 * TOP/s). */
gable_units_result gable_units_parse(const char *text, gable_dim dim, bool bare_ok, double *value);

/* "expected a rate such as \"3.35 TB/s\"; \"3.35 TB\" is in bytes" — one clause for an error line.
 */
void gable_units_explain(gable_units_result result, const char *text, gable_dim dim, char *out,
                         size_t out_bytes);

enum { GABLE_UNITS_TEXT_CAP = 48 };

/* Prints `value` with an SI prefix and `digits` significant digits: 3.35e12 -> "3.35 TB/s",
 * 0.0179 s -> "17.9 ms". `out` holds GABLE_UNITS_TEXT_CAP bytes. Returns `out`. */
char *gable_units_print(double value, gable_dim dim, int digits, char *out);

#endif
