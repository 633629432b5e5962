/* machine/host: how fast an accelerator reaches what is not in its own memory. */
#include "machine/machine.h"

gable_host_path gable_system_host_path(const gable_system *system)
{
    const gable_accelerator *device = system->accelerator;
    double n = system->n_accelerators;
    bool coherent = device->c2c_bytes_per_s > 0.0;
    gable_host_path path = {
        .link = coherent ? "c2c" : "host link",
        .link_bytes_per_s = coherent ? device->c2c_bytes_per_s : device->host_bytes_per_s,
        .storage_bytes_per_s = system->storage_bytes_per_s / n,
        .pool_bytes_per_s = system->scale_out_bytes_per_s,
    };
    if (system->host)
        path.memory_bytes_per_s = system->n_hosts * system->host->memory_bandwidth_bytes_per_s / n;
    return path;
}
