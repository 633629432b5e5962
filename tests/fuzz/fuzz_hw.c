/* A description of hardware: refused with a place in the text, or a machine whose derived figures
 * are finite and which prices a step. */
#include <math.h>

#include "input.h"

static const char path[] = "hw/fuzzed.json";

static void check_accelerator(const gable_accelerator *a)
{
    for (int mma = 0; mma < GABLE_N_MMA; mma++) {
        double peak = gable_accelerator_peak(a, (gable_mma)mma, NULL);
        double ridge = gable_accelerator_ridge(a, (gable_mma)mma);
        MUST(isfinite(peak) && peak > 0.0 && isfinite(ridge) && ridge > 0.0);
    }
    MUST(isfinite(gable_accelerator_memory_bytes(a)));
    MUST(gable_accelerator_memory_bytes(a) > 0.0);
}

static void check_machine(input *in, const gable_model *model, const gable_machine *tree)
{
    const gable_system *system;
    gable_constants *constants;
    in->err = (gable_err){0};
    if (gable_system_load(in->arena, "hw", path, &system, &in->err) != GABLE_OK) {
        input_refused(in, path);
        return;
    }
    gable_host_path host = gable_system_host_path(system);
    MUST(isfinite(host.memory_bytes_per_s) && isfinite(host.storage_bytes_per_s));
    if (gable_silicon_load(in->arena, "hw", system->accelerator, &constants, &in->err) !=
        GABLE_OK) {
        input_refused(in, NULL);
        return;
    }
    MUST(isfinite(constants->silicon_frac) && constants->silicon_frac > 0.0);
    gable_machine machine = {.system = system, .accelerator = system->accelerator};
    machine.constants = tree->constants;
    input_priced(in, model, &machine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const gable_model *model;
    static const gable_machine *machine;
    if (!model) {
        model = input_tree_model("llama-3.1-8b");
        machine = input_tree_machine("h100-sxm");
    }
    input in = input_open(data, size);
    gable_hw_entry entry;
    input_stands_in(&in, path, in.text, size);
    if (gable_hw_find(in.arena, "hw", path, &entry, &in.err) != GABLE_OK) {
        input_refused(&in, path);
    } else {
        gable_text out = {0};
        gable_fields_print(&out, gable_hw_schema(entry.kind), entry.object, entry.sources);
        MUST(!out.failed && out.length_bytes > 0);
        gable_text_free(&out);
        if (entry.kind == GABLE_HW_ACCELERATOR)
            check_accelerator(entry.object);
        if (entry.kind == GABLE_HW_ACCELERATOR || entry.kind == GABLE_HW_SYSTEM)
            check_machine(&in, model, machine);
    }
    input_close(&in);
    return 0;
}
