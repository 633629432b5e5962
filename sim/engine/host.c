/* engine/host: see host.h. */
#include "engine/host.h"

#include <math.h>

#include "model/describe.h"

/* The slower of two rates of which the second may be unknown. */
static void slow_down(double *rate, const char **slowest, double other, const char *name)
{
    if (other <= 0.0 || other >= *rate)
        return;
    *rate = other;
    *slowest = name;
}

gable_host_rates gable_engine_host_rates(const gable_plan *plan, const gable_machine *machine)
{
    gable_host_path path = gable_system_host_path(machine->system);
    gable_host_rates rates = {.offload_bytes_per_s = path.link_bytes_per_s, .slowest = path.link};
    slow_down(&rates.offload_bytes_per_s, &rates.slowest, path.memory_bytes_per_s, "host memory");
    rates.memory_bytes_per_s = plan->scenario.memory_place == GABLE_MEMORY_POOL
                                   ? path.pool_bytes_per_s
                                   : rates.offload_bytes_per_s;
    if (plan->scenario.offload_to_storage) {
        slow_down(&rates.offload_bytes_per_s, &rates.slowest, path.storage_bytes_per_s, "storage");
        if (path.storage_bytes_per_s <= 0.0)
            rates.offload_bytes_per_s = 0.0;
    }
    return rates;
}

static double seconds(double bytes, double bytes_per_s)
{
    return bytes > 0.0 ? bytes / bytes_per_s : 0.0;
}

double gable_engine_exchange_s(const gable_machine *machine, double wire_bytes)
{
    const gable_system *system = machine->system;
    bool one_link = system->fabric == GABLE_FABRIC_PCIE;
    return one_link ? seconds(wire_bytes, system->scale_up_bytes_per_s) : 0.0;
}

/* Of others_s, as long as `rate` would take for what the link has room for besides. */
static double room_s(const gable_machine *machine, double rate, double others_s, double exchange_s)
{
    double link = gable_system_host_path(machine->system).link_bytes_per_s;
    double idle_s = fmax(others_s - exchange_s, 0.0);
    return rate > 0.0 && link > rate ? fmin(others_s, idle_s * link / rate) : idle_s;
}

double gable_engine_host_s(const gable_plan *plan, const gable_machine *machine, double others_s,
                           double exchange_s)
{
    const gable_host_traffic *host = &plan->host;
    gable_host_rates rates = gable_engine_host_rates(plan, machine);
    double ahead = seconds(host->ahead_bytes, rates.offload_bytes_per_s);
    double routed = seconds(host->routed_bytes, rates.offload_bytes_per_s);
    double memory = seconds(host->memory_bytes, rates.memory_bytes_per_s);
    bool one_link = plan->scenario.memory_place == GABLE_MEMORY_HOST;
    double hiding_s = exchange_s > 0.0
                          ? room_s(machine, rates.offload_bytes_per_s, others_s, exchange_s)
                          : others_s;
    double late = fmax(ahead + (one_link ? memory : 0.0) - hiding_s, 0.0);
    double rows_late = fmax(memory - host->memory_frac * (one_link ? hiding_s : others_s), 0.0);
    return routed + fmax(late, rows_late);
}

gable_status gable_engine_check_host(const gable_plan *plan, const gable_machine *machine,
                                     gable_err *err)
{
    const gable_host_traffic *host = &plan->host;
    const gable_system *system = machine->system;
    gable_host_path path = gable_system_host_path(system);
    bool offloads = host->ahead_bytes + host->routed_bytes > 0.0, rows = host->memory_bytes > 0.0;
    bool pool = plan->scenario.memory_place == GABLE_MEMORY_POOL;
    if ((offloads || (rows && !pool)) && path.link_bytes_per_s <= 0.0)
        return gable_fail(err, GABLE_INPUT,
                          "%s: nothing can be fetched from the host: links.host_bandwidth of %s is "
                          "not published",
                          system->name, machine->accelerator->name);
    if (offloads && plan->scenario.offload_to_storage && path.storage_bytes_per_s <= 0.0)
        return gable_fail(err, GABLE_INPUT,
                          "%s: nothing can be fetched from SSDs: the system has no \"storage\"; "
                          "offload to host memory, or describe them",
                          system->name);
    if (rows && pool && path.pool_bytes_per_s <= 0.0)
        return gable_fail(err, GABLE_INPUT,
                          "%s: no memory pool can be reached: scale_out.bandwidth is not there",
                          system->name);
    return GABLE_OK;
}

/* ---- loading ---- */

const char *const gable_load_stages[] = {"storage", "host memory", "link", "device memory", NULL};

static gable_status check_load(const gable_machine *machine, const gable_load *load, bool from_host,
                               gable_err *err)
{
    const char *name = machine->system->name;
    if (!from_host && load->bytes_per_s[GABLE_LOAD_STORAGE] <= 0.0)
        return gable_fail(err, GABLE_INPUT,
                          "%s: what its SSDs read is not known (the system has no \"storage\"); "
                          "give --storage-bandwidth, or --from host",
                          name);
    if (load->bytes_per_s[GABLE_LOAD_LINK] <= 0.0)
        return gable_fail(err, GABLE_INPUT, "%s: links.host_bandwidth of %s is not published", name,
                          machine->accelerator->name);
    return GABLE_OK;
}

gable_status gable_engine_load(const gable_plan *plan, const gable_machine *machine,
                               const gable_load_options *options, gable_load *out, gable_err *err)
{
    const gable_system *system = machine->system;
    gable_host_path path = gable_system_host_path(system);
    double tp = plan->scenario.tp, all = tp * plan->weights_bytes;
    double share = options->storage_bytes_per_s > 0.0
                       ? options->storage_bytes_per_s / system->n_accelerators
                       : path.storage_bytes_per_s;
    *out = (gable_load){.checkpoint_bytes = gable_model_weight_bytes(plan->model),
                        .device_bytes = plan->weights_bytes,
                        .capacity_bytes = gable_accelerator_memory_bytes(machine->accelerator)};
    double from_storage = options->from_host ? 0.0 : out->checkpoint_bytes;
    const double bytes[] = {from_storage, from_storage + all, all, all};
    const double rates[] = {share, path.memory_bytes_per_s, path.link_bytes_per_s,
                            machine->accelerator->hbm_bandwidth_bytes_per_s};
    for (int i = 0; i < GABLE_N_LOAD_STAGES; i++) {
        out->bytes[i] = bytes[i];
        out->bytes_per_s[i] = tp * rates[i];
        out->stage_s[i] = rates[i] > 0.0 ? bytes[i] / out->bytes_per_s[i] : 0.0;
        out->serial_s += out->stage_s[i];
        if (out->stage_s[i] > out->time_s) {
            out->time_s = out->stage_s[i];
            out->slowest = (gable_load_stage)i;
        }
    }
    out->fits = out->device_bytes <= out->capacity_bytes;
    return check_load(machine, out, options->from_host, err);
}
