/* engine/host: time to fetch what does not live in a device's memory, and to load a model.
 * Room: engine. Uses: base, machine, layout. */
#ifndef GABLE_ENGINE_HOST_H
#define GABLE_ENGINE_HOST_H
#include "engine/engine.h"

/* Rates at which a plan's offloaded bytes and memory rows arrive, B/s; 0 where nothing is fetched
 * or nothing is published. */
typedef struct gable_host_rates {
    double offload_bytes_per_s, memory_bytes_per_s;
    const char
        *slowest; /* of the way of offloaded bytes: "c2c" "host link" "host memory" "storage" */
} gable_host_rates;
gable_host_rates gable_engine_host_rates(const gable_plan *plan, const gable_machine *machine);

/* Seconds that fetching adds to a step whose other rows take `others_s`: dense weights and cache
 * are prefetched a layer ahead and show only as far as they take longer than all else; experts are
 * fetched once the router has chosen; rows of a memory table must be there when the first module
 * runs (facts/models.md 4.14). Cannot fail: gable_engine_check saw to the rates.
 *   exchange_s   of others_s, how long exchanges take the link that is fetched over, which is one
 *                queue for both (gable_engine_exchange_s) */
double gable_engine_host_s(const gable_plan *plan, const gable_machine *machine, double others_s,
                           double exchange_s);

/* Seconds that `wire_bytes` of exchanges take the link between a device and the host: in a PCIe box
 * it is the one to other devices; 0 elsewhere. */
double gable_engine_exchange_s(const gable_machine *machine, double wire_bytes);

/* Refuses with GABLE_INPUT a plan that fetches over a link that nobody described, by its name. */
gable_status gable_engine_check_host(const gable_plan *plan, const gable_machine *machine,
                                     gable_err *err);

/* ---- loading a model: SSD -> host memory -> link -> device memory ---- */

typedef enum gable_load_stage {
    GABLE_LOAD_STORAGE,
    GABLE_LOAD_HOST,
    GABLE_LOAD_LINK,
    GABLE_LOAD_HBM,
    GABLE_N_LOAD_STAGES
} gable_load_stage;
extern const char *const gable_load_stages[]; /* "storage" "host memory" "link" "device memory" */

typedef struct gable_load_options {
    bool from_host;             /* the checkpoint is in host memory already */
    double storage_bytes_per_s; /* of all SSDs of the domain, instead of the system's; 0: the
                                   system's */
} gable_load_options;

typedef struct gable_load {
    double checkpoint_bytes, device_bytes; /* whole model; one device's part */
    double bytes[GABLE_N_LOAD_STAGES];     /* that each stage moves, for all devices of the model */
    double bytes_per_s[GABLE_N_LOAD_STAGES];
    double stage_s[GABLE_N_LOAD_STAGES]; /* 0: the stage is not there or its rate not published */
    gable_load_stage slowest;
    double time_s;   /* stages work at the same time: the slowest decides */
    double serial_s; /* one after another */
    double capacity_bytes;
    bool fits;
} gable_load;

/* Loads the plan's weights onto its tp devices, which use their share of SSDs and host memory.
 * Refuses with GABLE_INPUT a system whose SSDs or link nobody described, by the name of what is
 * missing. */
gable_status gable_engine_load(const gable_plan *plan, const gable_machine *machine,
                               const gable_load_options *options, gable_load *out, gable_err *err);

#endif
