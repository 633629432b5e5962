/* cli/energy_options: see energy_options.h. */
#include "cli/energy_options.h"

gable_status gable_bill_add(gable_cli *cli, const gable_energy_words *words, gable_step *step,
                            gable_priced *priced, gable_bill *out)
{
    const gable_accelerator *device = priced->machine->accelerator;
    const gable_power_limits limits = {.device_w = words->power_limit_w,
                                       .system_w = words->system_power_limit_w};
    GABLE_TRY(gable_power_load(&cli->arena, cli->hw, device, &out->power, &cli->err));
    if (!(out->power.limit_w > 0.0) && limits.device_w + limits.system_w > 0.0)
        return gable_fail(&cli->err, GABLE_INPUT,
                          "a power limit: the design power of %s is not published; "
                          "--set power.tdp=W says it",
                          device->name);
    GABLE_TRY(gable_energy_of_step(&cli->arena, priced->plan, priced->machine, &out->power, &limits,
                                   step, &out->energy, &cli->err));
    gable_rent_of(device, words->usd_per_gpu_hour, &out->rent);
    priced->energy = &out->energy;
    priced->rent = &out->rent;
    return GABLE_OK;
}
