/* cli/energy_options: see energy_options.h. */
#include "cli/energy_options.h"

static gable_status need_power(gable_cli *cli, const gable_power_limits *limits,
                               const gable_power *power, const gable_accelerator *device)
{
    if (power->limit_w > 0.0 || !(limits->device_w + limits->system_w > 0.0))
        return GABLE_OK;
    return gable_fail(&cli->err, GABLE_INPUT,
                      "a power limit: the design power of %s is not published; "
                      "--set power.tdp=W says it",
                      device->name);
}

gable_status gable_energy_attach(gable_cli *cli, const gable_energy_words *words,
                                 gable_machine *machine)
{
    const gable_power_limits limits = {.device_w = words->power_limit_w,
                                       .system_w = words->system_power_limit_w};
    gable_energy left = {0};
    GABLE_TRY(gable_power_attach(&cli->arena, cli->hw, machine, &cli->err));
    GABLE_TRY(need_power(cli, &limits, machine->power, machine->accelerator));
    if (!(limits.device_w + limits.system_w > 0.0))
        return GABLE_OK;
    GABLE_TRY(gable_energy_take_limits(machine, machine->power, &limits, &left, &cli->err));
    if (left.limit_w < machine->power->limit_w)
        machine->power_limit_w = left.limit_w;
    return GABLE_OK;
}

gable_status gable_bill_add(gable_cli *cli, const gable_energy_words *words, gable_step *step,
                            gable_priced *priced, gable_bill *out)
{
    const gable_accelerator *device = priced->machine->accelerator;
    const gable_power_limits limits = {.device_w = words->power_limit_w,
                                       .system_w = words->system_power_limit_w};
    GABLE_TRY(gable_power_load(&cli->arena, cli->hw, device, &out->power, &cli->err));
    GABLE_TRY(need_power(cli, &limits, &out->power, device));
    GABLE_TRY(gable_energy_of_step(&cli->arena, priced->plan, priced->machine, &out->power, &limits,
                                   step, &out->energy, &cli->err));
    gable_rent_of(device, words->usd_per_gpu_hour, &out->rent);
    priced->energy = &out->energy;
    priced->rent = &out->rent;
    return GABLE_OK;
}
