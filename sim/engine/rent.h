/* engine/rent: what devices cost by the hour, and tokens with them: list prices of hw/accelerators
 * with their month and source, or a price that was given.
 * Room: engine. Uses: machine. */
#ifndef GABLE_ENGINE_RENT_H
#define GABLE_ENGINE_RENT_H
#include "machine/machine.h"

/* Of one device. 0: not published. */
typedef struct gable_rent {
    double usd_per_h, low_usd_per_h, high_usd_per_h;
    const char *date;   /* month of the typical price; NULL: given, or not published */
    const char *source; /* id in the device's file, "given", or NULL: not published */
} gable_rent;

/*   given_usd_per_h   instead of the list price; 0: none. A given price has no range. */
void gable_rent_of(const gable_accelerator *accelerator, double given_usd_per_h, gable_rent *out);

/* Dollars for a million tokens: n_devices at usd_per_h yield tokens_per_s. NaN where one of them is
 * not above 0. */
double gable_rent_per_million(double usd_per_h, double n_devices, double tokens_per_s);

#endif
