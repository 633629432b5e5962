/* machine/flavour: see flavour.h. */
#include "machine/flavour.h"

#include <stdbool.h>
#include <string.h>

static const struct {
    const char *label;
    int verify;
} flavours[GABLE_N_FLAVOURS] = {
#define FLAVOUR_ROW(symbol, label, verify) {label, verify},
    GABLE_FLAVOUR_LIST(FLAVOUR_ROW)
#undef FLAVOUR_ROW
};

int gable_flavour_distance(gable_flavour flavour, const char *kernel)
{
    bool verifies = strstr(kernel, "verify") != NULL;
    if (!flavours[flavour].label[0])
        return 0;
    if (!strstr(kernel, flavours[flavour].label))
        return 2;
    return verifies != (flavours[flavour].verify != 0);
}
