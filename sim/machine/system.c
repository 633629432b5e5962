/* machine/system: the loader of systems: a file of hw/systems, or one accelerator alone. */
#include <string.h>

#include "machine/find.h"
#include "machine/machine.h"
#include "machine/read.h"

/* Rates that the system's file leaves to its accelerator. */
static void inherit_rates(gable_system *system)
{
    if (system->scale_up_bytes_per_s <= 0.0)
        system->scale_up_bytes_per_s = system->fabric == GABLE_FABRIC_PCIE
                                           ? system->accelerator->host_bytes_per_s
                                           : system->accelerator->scale_up_bytes_per_s;
    if (system->scale_out_oversubscription <= 0.0)
        system->scale_out_oversubscription = 1.0;
}

static gable_status check_names(gable_arena *arena, const char *hw, const gable_json *root,
                                const gable_system *system, gable_err *err)
{
    GABLE_TRY(gable_read_check_name(arena, hw, &gable_kind_accelerator, root, "devices",
                                    "accelerator", system->accelerator_name, err));
    GABLE_TRY(gable_read_check_name(arena, hw, &gable_kind_cpu, root, "host", "cpu",
                                    system->host_name, err));
    GABLE_TRY(gable_read_check_name(arena, hw, &gable_kind_link, root, "storage", "link",
                                    system->storage_link, err));
    GABLE_TRY(gable_read_check_name(arena, hw, &gable_kind_link, root, "scale_up", "link",
                                    system->scale_up_link, err));
    return gable_read_check_name(arena, hw, &gable_kind_link, root, "scale_out", "link",
                                 system->scale_out_link, err);
}

/* What the rows cannot say: members that must agree with each other. */
static gable_status check_fabric(const gable_system *system, const gable_json *root, gable_err *err)
{
    const gable_json *scale_up = gable_json_get(root, "scale_up");
    bool alone = system->fabric == GABLE_FABRIC_NONE;
    if (alone != (system->n_accelerators == 1))
        return gable_json_fail(scale_up, err, "fabric \"%s\" with %d accelerators",
                               gable_fabrics[system->fabric], system->n_accelerators);
    if (!alone && system->scale_up_bytes_per_s <= 0.0)
        return gable_json_fail(scale_up, err, "no bandwidth here nor in accelerator \"%s\"",
                               system->accelerator_name);
    if (system->scale_out_link && system->scale_out_bytes_per_s <= 0.0)
        return gable_json_fail(gable_json_get(root, "scale_out"), err,
                               "a link without bandwidth, expected \"bandwidth\" per accelerator");
    return GABLE_OK;
}

static gable_status read_system(gable_arena *arena, const char *hw, const gable_json *root,
                                const gable_system **out, gable_err *err)
{
    gable_system *system;
    GABLE_TRY(gable_read_struct(arena, &gable_kind_system, root, &system, err));
    GABLE_TRY(check_names(arena, hw, root, system, err));
    GABLE_TRY(
        gable_accelerator_load(arena, hw, system->accelerator_name, &system->accelerator, err));
    if (system->host_name)
        GABLE_TRY(gable_cpu_load(arena, hw, system->host_name, &system->host, err));
    if (system->storage_link) {
        const gable_link *ssd;
        GABLE_TRY(gable_link_load(arena, hw, system->storage_link, &ssd, err));
        system->storage_bytes_per_s = system->n_storage * ssd->port_bytes_per_s;
    }
    inherit_rates(system);
    GABLE_TRY(check_fabric(system, root, err));
    *out = system;
    return GABLE_OK;
}

/* One accelerator without a fabric, called like the accelerator. */
static gable_status single(gable_arena *arena, const char *hw, const gable_json *root,
                           const gable_system **out, gable_err *err)
{
    gable_system *system;
    const char **sources;
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *system, &system, err));
    GABLE_TRY(
        gable_arena_take(arena, gable_system_schema.n_fields, sizeof *sources, &sources, err));
    GABLE_TRY(gable_read_accelerator(arena, hw, root, &system->accelerator, err));
    system->name = system->accelerator_name = system->accelerator->name;
    system->title = system->accelerator->title;
    system->n_accelerators = 1;
    system->fabric = GABLE_FABRIC_NONE;
    system->scale_out_oversubscription = 1.0;
    system->power_w = system->accelerator->tdp_w;
    system->remark = system->accelerator->remark;
    system->sources = sources;
    *out = system;
    return GABLE_OK;
}

/* Of whatever version: its own loader refuses another one. */
static bool is_accelerator(const gable_json *root)
{
    const gable_json *id = gable_json_get(root, "schema");
    size_t length = strcspn(gable_accelerator_schema.id, "/") + 1;
    return id && id->type == GABLE_JSON_STRING &&
           strncmp(id->string, gable_accelerator_schema.id, length) == 0;
}

/* A host processor or a link is no system, though `gable hw list` has its name. */
static gable_status refuse_name(gable_arena *arena, const char *hw, const char *name,
                                gable_err *err)
{
    const gable_kind *const parts[] = {&gable_kind_cpu, &gable_kind_link};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (gable_find_exists(hw, parts[i]->folder, name))
            return gable_fail(err, GABLE_INPUT, "%s is a %s, expected a system or an accelerator",
                              name, parts[i]->what);
    return gable_find_unknown(arena, hw, gable_kind_system.folder, gable_kind_accelerator.folder,
                              "system", name, err);
}

gable_status gable_system_load(gable_arena *arena, const char *hw, const char *name,
                               const gable_system **out, gable_err *err)
{
    const gable_json *root;
    const gable_kind *kind = &gable_kind_system;
    if (!gable_find_is_path(name) && !gable_find_exists(hw, kind->folder, name)) {
        kind = &gable_kind_accelerator;
        if (!gable_find_exists(hw, kind->folder, name))
            return refuse_name(arena, hw, name, err);
    }
    GABLE_TRY(gable_read_root(arena, hw, kind, name, &root, err));
    if (is_accelerator(root))
        return single(arena, hw, root, out, err);
    return read_system(arena, hw, root, out, err);
}

static gable_status built_of(gable_arena *arena, const char *hw, const char *name,
                             const char *device, bool *is, bool *reference, gable_err *err)
{
    const gable_json *root;
    GABLE_TRY(gable_read_root(arena, hw, &gable_kind_system, name, &root, err));
    const gable_json *devices = gable_json_get(root, "devices");
    const gable_json *accelerator = gable_json_get(devices, "accelerator");
    const gable_json *flag = gable_json_get(devices, "reference");
    *is = accelerator && accelerator->type == GABLE_JSON_STRING &&
          strcmp(accelerator->string, device) == 0;
    *reference = *is && flag && flag->boolean;
    return GABLE_OK;
}

gable_status gable_system_of_device(gable_arena *arena, const char *hw, const char *device,
                                    const gable_system **out, gable_err *err)
{
    const char *const *names;
    const char *chosen = NULL;
    size_t n;
    bool reference = false;
    *out = NULL;
    GABLE_TRY(gable_find_names(arena, hw, gable_kind_system.folder, &names, &n, err));
    for (size_t i = 0; i < n && !reference; i++) {
        bool is = false;
        GABLE_TRY(built_of(arena, hw, names[i], device, &is, &reference, err));
        if (reference || (is && !chosen))
            chosen = names[i];
    }
    return chosen ? gable_system_load(arena, hw, chosen, out, err) : GABLE_OK;
}

gable_status gable_machine_load(gable_arena *arena, const char *hw, const char *system,
                                const char *stack, gable_machine *out, gable_err *err)
{
    return gable_machine_load_families(arena, hw, system, stack, GABLE_ALL_FAMILIES, out, err);
}

gable_status gable_machine_load_families(gable_arena *arena, const char *hw, const char *system,
                                         const char *stack, gable_families families,
                                         gable_machine *out, gable_err *err)
{
    gable_machine machine = {0};
    GABLE_TRY(gable_system_load(arena, hw, system, &machine.system, err));
    if (!machine.system)
        return gable_fail(err, GABLE_INTERNAL, "%s: no system", system);
    machine.accelerator = machine.system->accelerator;
    GABLE_TRY(gable_constants_load_families(arena, hw, machine.accelerator, stack, families,
                                            &machine.constants, err));
    *out = machine;
    return GABLE_OK;
}
