/* engine/sweep_metrics: see sweep_metrics.h. */
#include "engine/sweep_metrics.h"

#include <math.h>
#include <string.h>

const gable_metric_row gable_metrics[GABLE_N_METRICS] = {
#define METRIC_ROW(symbol, key, header, dim, least, sums, figure)                                  \
    [GABLE_METRIC_##symbol] = {key, header, GABLE_DIM_##dim, least, sums},
    GABLE_METRIC_LIST(METRIC_ROW)
#undef METRIC_ROW
};

double gable_metric_usd_per_h(const gable_plan *plan, const gable_machine *machine)
{
    double usd = machine->accelerator->price_usd_per_h;
    return usd > 0.0 ? usd * plan->ranks.world : (double)NAN;
}

double gable_metric_of(gable_metric metric, const gable_plan *plan, const gable_machine *machine,
                       const gable_step *step)
{
    switch (metric) {
#define METRIC_CASE(symbol, key, header, dim, least, sums, figure)                                 \
    case GABLE_METRIC_##symbol:                                                                    \
        return figure;
        GABLE_METRIC_LIST(METRIC_CASE)
#undef METRIC_CASE
    case GABLE_N_METRICS:
        break;
    }
    return (double)NAN;
}

bool gable_metric_find(const char *key, gable_metric *out)
{
    for (int i = 0; i < GABLE_N_METRICS; i++)
        if (strcmp(gable_metrics[i].key, key) == 0) {
            *out = (gable_metric)i;
            return true;
        }
    return false;
}
