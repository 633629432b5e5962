/* base/num: see num.h. */
#include "base/num.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

char *gable_num_print(double value, char *out)
{
    if (value == 0.0)
        value = 0.0; /* -0 prints as 0 */
    /* 15 digits always read back to what they were printed from, so %g's dropping of trailing zeros
     * finds anything shorter; subnormals hold fewer than 15. */
    for (int digits = fabs(value) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
        snprintf(out, GABLE_NUM_TEXT_CAP, "%.*g", digits, value);
        char *end;
        double back = strtod(out, &end);
        if (back >= value && back <= value)
            break;
    }
    return out;
}

static const char *digits_end(const char *at)
{
    while (isdigit((unsigned char)*at))
        at++;
    return at;
}

bool gable_num_parse(const char *text, double *value)
{
    const char *at = text + (*text == '-');
    const char *end = digits_end(at);
    if (end == at)
        return false;
    if (*end == '.') {
        at = end + 1;
        end = digits_end(at);
        if (end == at)
            return false;
    }
    if (*end == 'e' || *end == 'E') {
        at = end + 1;
        at += *at == '-' || *at == '+';
        end = digits_end(at);
        if (end == at)
            return false;
    }
    if (*end)
        return false;
    double parsed = strtod(text, NULL);
    if (!isfinite(parsed))
        return false;
    *value = parsed;
    return true;
}
