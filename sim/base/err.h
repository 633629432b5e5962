/* base/err: one error type. The first failure on a path is kept; later ones do not overwrite it.
 * Room: base. Uses: nothing. */
#ifndef GABLE_BASE_ERR_H
#define GABLE_BASE_ERR_H
#include <stdbool.h>

/* X(symbol, exit code, text). The exit codes are the contract's. */
#define GABLE_STATUS_LIST(X)                                                                       \
    X(OK, 0, "ok")                                                                                 \
    X(DIFFERS, 1, "the check or constraint said no")                                               \
    X(USAGE, 2, "usage")                                                                           \
    X(INPUT, 3, "input refused")                                                                   \
    X(OUTPUT, 4, "could not write, or a helper program failed")                                    \
    X(INTERNAL, 70, "internal error")

typedef enum gable_status {
#define GABLE_STATUS_ENUM(symbol, code, text) GABLE_##symbol = (code),
    GABLE_STATUS_LIST(GABLE_STATUS_ENUM)
#undef GABLE_STATUS_ENUM
} gable_status;

enum { GABLE_ERR_CAP = 1024 };

/* Owned by the caller; start it as {0}. `text` is one line, without a newline, safe for a terminal.
 */
typedef struct gable_err {
    gable_status status;
    bool by_system; /* a call of the system failed, such as read: not what the input says */
    char text[GABLE_ERR_CAP];
} gable_err;

/* Records `status` and the formatted text unless an error is already there (the first one wins),
 * replaces bytes that could drive a terminal by '?', and returns the status that is recorded.
 *   err   may be NULL: then only `status` is returned. */
gable_status gable_fail(gable_err *err, gable_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Compilers cannot see that a failure is never GABLE_OK, and then warn about results that look
 * unset. */
static inline gable_status gable_never_ok(gable_status status)
{
    return status == GABLE_OK ? GABLE_INTERNAL : status;
}
#define gable_fail(...) gable_never_ok((gable_fail)(__VA_ARGS__))

/* Fixed text of a status, never NULL. */
const char *gable_status_text(gable_status status);

/* Returns from the calling function when `call` fails; adds nothing to the error. */
#define GABLE_TRY(call)                                                                            \
    do {                                                                                           \
        gable_status gable_try_status = (call);                                                    \
        if (gable_try_status != GABLE_OK)                                                          \
            return gable_try_status;                                                               \
    } while (0)

#endif
