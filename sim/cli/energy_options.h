/* cli/energy_options: options of what a step draws and costs.
 * Room: cli. Uses: every room below. */
#ifndef GABLE_CLI_ENERGY_OPTIONS_H
#define GABLE_CLI_ENERGY_OPTIONS_H
#include "cli/cli.h"
#include "engine/energy.h"
#include "engine/rent.h"
#include "report/report.h"

typedef struct gable_energy_words {
    double power_limit_w, system_power_limit_w, usd_per_gpu_hour; /* 0: not given */
} gable_energy_words;

#define GABLE_PRICE_OPTION(owner_, member_)                                                        \
    {                                                                                              \
        .name = "usd-per-gpu-hour", .type = GABLE_OPTION_QUANTITY, .dim = GABLE_DIM_USD_PER_H,     \
        .argument = "USD", .min = 0.0, .max = 1e6, .offset = offsetof(owner_, member_),            \
        .help = "price of a device instead of the list price of hw/accelerators"                   \
    }

/* Rows of an option table; `owner_` is an options struct with the member `energy`. */
#define GABLE_ENERGY_OPTIONS(owner_)                                                               \
    {.name = "power-limit",                                                                        \
     .type = GABLE_OPTION_QUANTITY,                                                                \
     .dim = GABLE_DIM_WATTS,                                                                       \
     .argument = "W",                                                                              \
     .min = 0.0,                                                                                   \
     .max = 1e5,                                                                                   \
     .offset = offsetof(owner_, energy.power_limit_w),                                             \
     .help = "that each device is held to; operators that would draw more slow down"},             \
        {.name = "system-power-limit",                                                             \
         .type = GABLE_OPTION_QUANTITY,                                                            \
         .dim = GABLE_DIM_WATTS,                                                                   \
         .argument = "W",                                                                          \
         .min = 0.0,                                                                               \
         .max = 1e8,                                                                               \
         .offset = offsetof(owner_, energy.system_power_limit_w),                                  \
         .help = "the same of a whole node or rack; its devices share what its hosts leave"},      \
        GABLE_PRICE_OPTION(owner_, energy.usd_per_gpu_hour)

/* What a machine draws under a load, for those who price many steps: machine->power and, held to
 * the limits, machine->power_limit_w. Refuses limits that the machine cannot keep. */
gable_status gable_energy_attach(gable_cli *cli, const gable_energy_words *words,
                                 gable_machine *machine);

/* What a report of a step says of energy and money. */
typedef struct gable_bill {
    gable_power power;
    gable_energy energy;
    gable_rent rent;
} gable_bill;

/* Holds the priced step to the limits (`step` is its own, writable) and adds energy and rent to
 * `priced`. Refuses what gable_energy_of_step refuses. */
gable_status gable_bill_add(gable_cli *cli, const gable_energy_words *words, gable_step *step,
                            gable_priced *priced, gable_bill *out);

#endif
