/* engine/rent: see rent.h. */
#include "engine/rent.h"

#include <math.h>
#include <stddef.h>

static const double seconds_per_h = 3600.0, million = 1e6;

void gable_rent_of(const gable_accelerator *a, double given_usd_per_h, gable_rent *out)
{
    *out = (gable_rent){.usd_per_h = given_usd_per_h, .source = "given"};
    if (given_usd_per_h > 0.0)
        return;
    *out = (gable_rent){.usd_per_h = a->price_usd_per_h,
                        .low_usd_per_h = a->price_low_usd_per_h,
                        .high_usd_per_h = a->price_high_usd_per_h,
                        .date = a->price_date};
    if (a->price_usd_per_h > 0.0)
        out->source = gable_accelerator_source(a, offsetof(gable_accelerator, price_usd_per_h));
}

double gable_rent_per_million(double usd_per_h, double n_devices, double tokens_per_s)
{
    if (!(usd_per_h > 0.0) || !(n_devices > 0.0) || !(tokens_per_s > 0.0))
        return (double)NAN;
    return usd_per_h * n_devices / seconds_per_h / tokens_per_s * million;
}
