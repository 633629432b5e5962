/* report/script: what all gnuplot scripts have in common; see script.h. */
#include "report/script.h"

#include "base/base.h"

/* gnuplot 6 chooses marks on logarithmic axes that crowd one end and leave the rest bare; older
 * ones choose decades. A mark of ours on the very end of an axis would be left out: hence 1e-6. */
static const char functions[] =
    "no_name = ''\n"
    "decades(axis, low, high) = GPVAL_VERSION < 6 || high < 100.0 * low ? '' : sprintf(\\\n"
    "    'set %srange [%.9g:%.9g]; set %stics (%g); do for [e=%d:%d] { set %stics add (10.0**e); "
    "'.\\\n"
    "    'do for [m=2:9] { set %stics add (no_name m * 10.0**e 1) } }', \\\n"
    "    axis, low * 0.999999, high * 1.000001, axis, 10.0**floor(log10(low)), \\\n"
    "    floor(log10(low)), ceil(log10(high)), axis, axis)\n";

gable_status gable_script_template(gable_arena *arena, const char *plots, const char *name,
                                   gable_text *out, gable_err *err)
{
    const char *text = NULL;
    size_t length = 0;
    char *path = gable_file_join(arena, plots, name);
    if (!path)
        return gable_fail(err, GABLE_INTERNAL, "arena full");
    GABLE_TRY(gable_file_read(arena, path, GABLE_FILE_CAP_JSON_BYTES, &text, &length, err));
    gable_text_add(out, functions);
    gable_text_add_n(out, text, length);
    return GABLE_OK;
}
