/* engine/serving_energy: what serving draws, and what share of it prompts take (serving.h). Joules
 * beyond idle belong to the steps; all devices draw idle watts all the time, waiting or not. */
#include <math.h>

#include "engine/energy.h"
#include "engine/serving.h"

gable_status gable_serving_step_j(gable_arena *arena, const gable_plan *plan,
                                  const gable_machine *machine, gable_step *step, double *out,
                                  gable_err *err)
{
    gable_energy energy;
    const gable_power_limits none = {0};
    *out = 0.0;
    if (!machine->power)
        return GABLE_OK;
    GABLE_TRY(
        gable_energy_of_step(arena, plan, machine, machine->power, &none, step, &energy, err));
    *out = energy.n_devices * (energy.energy_j - energy.idle_j);
    return GABLE_OK;
}

void gable_serving_energy_of(const gable_serving_parts *parts, const gable_machine *machine,
                             double n_devices, double tokens_per_s, gable_serving_energy *out)
{
    double limit = n_devices * machine->accelerator->tdp_w;
    *out = (gable_serving_energy){0};
    if (!(limit > 0.0) || !(tokens_per_s > 0.0))
        return;
    out->joules_per_token = out->most_joules_per_token = limit / tokens_per_s;
    if (!machine->power || !(parts->decode_j > 0.0))
        return;
    double idle = n_devices * machine->power->idle_w / tokens_per_s;
    double steps = parts->decode_j / parts->batch + parts->prompt_j / parts->osl;
    out->modelled = true;
    out->provenance = machine->power->provenance;
    out->joules_per_token = fmin(idle + steps, out->most_joules_per_token);
    out->idle_frac = idle / out->joules_per_token;
    out->power_w = out->joules_per_token * tokens_per_s / n_devices;
}

double gable_serving_prompt_frac(const gable_serving_parts *parts)
{
    double answer_s = (parts->osl - 1.0) * parts->decode_s / parts->batch;
    double all_s = parts->joined_s + answer_s;
    return all_s > 0.0 ? parts->joined_s / all_s : 0.0;
}
