/* machine/flavour: kernels of one family that are built for different jobs, and how the labels of
 * the measurements tell them apart. An operator says which job it is (gable_work.flavour); a device
 * and stack without a kernel for it are priced with the nearest they have.
 * Room: machine. Uses: nothing. */
#ifndef GABLE_MACHINE_FLAVOUR_H
#define GABLE_MACHINE_FLAVOUR_H
#include "machine/forms.h"

/* X(symbol, part of the label that names the job ("" for any), whether it is the kernel that checks
 * drafts). OTHER and THIRD are not jobs: where a library has several kernels for one and runs the
 * fastest, they hold those beside the usual one. */
#define GABLE_FLAVOUR_LIST(X)                                                                      \
    X(USUAL, "", 0)                                                                                \
    X(UNGATED, "nongated", 0)                                                                      \
    X(DECODE, "/generation", 0)                                                                    \
    X(GDN, "gdn/", 0)                                                                              \
    X(GDN_VERIFY, "gdn/", 1)                                                                       \
    X(KDA, "kda/", 0)                                                                              \
    X(KDA_VERIFY, "kda/", 1)                                                                       \
    X(MAMBA2, "mamba2/", 0)                                                                        \
    X(MAMBA2_VERIFY, "mamba2/", 1)                                                                 \
    X(OTHER, "", 0)                                                                                \
    X(THIRD, "", 0)
typedef enum gable_flavour {
#define GABLE_FLAVOUR_ENUM(symbol, label, verify) GABLE_FLAVOUR_##symbol,
    GABLE_FLAVOUR_LIST(GABLE_FLAVOUR_ENUM)
#undef GABLE_FLAVOUR_ENUM
        GABLE_N_FLAVOURS
} gable_flavour;

/* How far a kernel with this label is from the job: 0 its own, 1 the same mechanism's but not for
 * (or only for) checking drafts, 2 another mechanism's. */
enum { gable_flavour_farthest = 2 };
int gable_flavour_distance(gable_flavour flavour, const char *kernel);

#endif
