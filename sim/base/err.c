/* base/err: see err.h. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

gable_status(gable_fail)(gable_err *err, gable_status status, const char *format, ...)
{
    if (!err)
        return status;
    if (err->status != GABLE_OK)
        return err->status;
    err->status = status;
    va_list arguments;
    va_start(arguments, format);
    int written = vsnprintf(err->text, sizeof err->text, format, arguments);
    va_end(arguments);
    if (written < 0)
        err->text[0] = '\0';
    gable_text_make_safe(err->text);
    return status;
}

const char *gable_status_text(gable_status status)
{
    switch (status) {
#define GABLE_STATUS_CASE(symbol, code, text)                                                      \
    case GABLE_##symbol:                                                                           \
        return (text);
        GABLE_STATUS_LIST(GABLE_STATUS_CASE)
#undef GABLE_STATUS_CASE
    }
    return "unknown status";
}
