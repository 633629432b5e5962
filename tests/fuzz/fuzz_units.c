/* Any text, as a quantity of any dimension: refused with a reason that is printable, or read as a
 * number within the range that prints and reads back as the same quantity. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/units.h"
#include "input.h"

static void check(const char *text, gable_dim dim, bool bare_ok)
{
    double value = 42.0;
    char why[300];
    gable_units_result result = gable_units_parse(text, dim, bare_ok, &value);
    gable_units_explain(result, text, dim, why, sizeof why);
    MUST(strlen(why) > 0 && strlen(why) < sizeof why - 1);
    if (result != GABLE_UNITS_OK) {
        MUST(value == 42.0);
        return;
    }
    MUST(isfinite(value) && fabs(value) <= 1e30);
    char printed[GABLE_UNITS_TEXT_CAP];
    MUST(gable_units_print(value, dim, 6, printed) == printed);
    MUST(strlen(printed) < GABLE_UNITS_TEXT_CAP - 1);
    double size = fabs(value), back;
    if (size < 1.0 || size > 1e18)
        return; /* beyond the prefixes the print is for people only */
    MUST(gable_units_parse(printed, dim, true, &back) == GABLE_UNITS_OK);
    MUST(fabs(back / value - 1.0) < 6e-6 || fabs(back - value) < 0.51);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = input_copy(data, size);
    for (int dim = 0; dim < GABLE_N_DIMS; dim++) {
        check(text, (gable_dim)dim, false);
        check(text, (gable_dim)dim, true);
    }
    double number;
    char printed[GABLE_NUM_TEXT_CAP];
    if (gable_num_parse(text, &number)) {
        double back;
        MUST(gable_num_parse(gable_num_print(number, printed), &back) && back == number);
    }
    free(text);
    return 0;
}
