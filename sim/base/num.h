/* base/num: numbers as text, and small arithmetic that several rooms need.
 * Room: base. Uses: nothing. */
#ifndef GABLE_BASE_NUM_H
#define GABLE_BASE_NUM_H
#include <stdbool.h>

enum { GABLE_NUM_TEXT_CAP = 40 };

/* Shortest decimal that reads back to the same double ("0.1", "1e+300", "-0" prints "0").
 * `value` must be finite; `out` holds GABLE_NUM_TEXT_CAP bytes. Returns `out`. */
char *gable_num_print(double value, char *out);

/* Strict decimal number over the whole text: -?digits[.digits][e[+-]digits]. No blanks, hex, nan,
 * inf. Returns false, leaving *value alone, when the text is something else or overflows. */
bool gable_num_parse(const char *text, double *value);

#endif
