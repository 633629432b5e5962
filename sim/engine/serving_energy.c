/* engine/serving_energy: what serving draws, and what share of it prompts take (serving.h). Joules
 * beyond idle belong to the steps; all devices draw idle watts all the time, waiting or not. */
#include <math.h>

#include "engine/energy.h"
#include "engine/serving.h"

static const double z_90 = 1.2815515655446004;

gable_status gable_serving_hold(gable_arena *arena, const gable_plan *plan,
                                const gable_machine *machine, gable_step *step,
                                gable_serving_draw *out, gable_err *err)
{
    gable_energy energy;
    const gable_power_limits limits = {.device_w = machine->power_limit_w};
    *out = (gable_serving_draw){.slower = 1.0};
    if (!machine->power)
        return GABLE_OK;
    GABLE_TRY(
        gable_energy_of_step(arena, plan, machine, machine->power, &limits, step, &energy, err));
    out->beyond_idle_j = energy.n_devices * (energy.energy_j - energy.idle_j);
    if (energy.unlimited_s > 0.0)
        out->slower = step->time_s_total / energy.unlimited_s;
    return GABLE_OK;
}

/* Whole systems: a node of which one device serves draws its host's share all the same. */
static void add_systems(const gable_system *system, double n_devices, gable_serving_energy *out)
{
    double host_w = gable_energy_host_w(system), of_one = system->n_accelerators;
    out->all_w = n_devices * out->power_w;
    out->all_p90_w = n_devices * out->power_p90_w;
    if (isnan(host_w))
        return;
    out->n_systems = ceil(n_devices / of_one);
    out->system_w = fmin(n_devices, of_one) * out->power_w + host_w;
    out->system_limit_w = system->power_w;
    out->all_w += out->n_systems * host_w;
    out->all_p90_w += out->n_systems * host_w;
}

void gable_serving_energy_of(const gable_serving_parts *parts, const gable_machine *machine,
                             double n_devices, double tokens_per_s, gable_serving_energy *out)
{
    double limit = machine->accelerator->tdp_w;
    *out = (gable_serving_energy){0};
    if (!(limit > 0.0) || !(tokens_per_s > 0.0))
        return;
    if (machine->power_limit_w > 0.0)
        limit = fmin(limit, machine->power_limit_w);
    out->limit_w = out->power_w = out->power_p10_w = out->power_p90_w = limit;
    out->most_joules_per_token = n_devices * limit / tokens_per_s;
    out->joules_per_token = out->most_joules_per_token;
    if (machine->power && parts->decode_j > 0.0) {
        double idle = n_devices * machine->power->idle_w / tokens_per_s;
        double steps = parts->decode_j / parts->batch + parts->prompt_j / parts->osl;
        double factor = exp(z_90 * machine->power->sigma_ln);
        out->modelled = true;
        out->provenance = machine->power->provenance;
        out->joules_per_token = fmin(idle + steps, out->most_joules_per_token);
        out->idle_frac = fmin(idle / out->joules_per_token, 1.0);
        out->power_w = out->joules_per_token * tokens_per_s / n_devices;
        out->power_p10_w = out->power_w / factor;
        out->power_p90_w = fmin(out->power_w * factor, limit);
    }
    add_systems(machine->system, n_devices, out);
}

double gable_serving_prompt_frac(const gable_serving_parts *parts)
{
    double answer_s = (parts->osl - 1.0) * parts->decode_s / parts->batch;
    double all_s = parts->joined_s + answer_s;
    return all_s > 0.0 ? parts->joined_s / all_s : 0.0;
}
