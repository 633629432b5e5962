/* machine/serving: see serving.h. */
#include "machine/serving.h"

#include <math.h>
#include <string.h>

#include "machine/find.h"
#include "machine/generation.h"
#include "machine/machine.h"
#include "machine/read.h"

/* One file of hw/serving. */
typedef struct serving_file {
    const char *name;
    const char **sources;
} serving_file;

static const gable_field file_rows[] = {
    {.block = "",
     .key = "name",
     .type = GABLE_FIELD_NAME,
     .offset = offsetof(serving_file, name),
     .flags = GABLE_FIELD_REQUIRED,
     .help = "Stack that was measured; the file is called so."},
};
static const char *const file_extra[] = {"engines"};

const gable_schema gable_serving_schema = {
    .id = "gable.serving/1",
    .title = "What a serving engine adds to its kernels; written by gable calibrate serving",
    .fields = file_rows,
    .n_fields = 1,
    .extra_keys = file_extra,
    .n_extra_keys = 1,
    .sourced = true,
};

#define ENTRY(member)                                                                              \
    (offsetof(gable_serving_entry, constants) + offsetof(gable_serving_constants, member))
#define NUMBER(key_, dim_, offset_, min_, max_, help_)                                             \
    {                                                                                              \
        .block = "", .key = (key_), .type = GABLE_FIELD_NUMBER, .dim = GABLE_DIM_##dim_,           \
        .offset = (offset_), .min = (min_), .max = (max_), .flags = GABLE_FIELD_REQUIRED,          \
        .help = (help_)                                                                            \
    }
#define CONSTANT_ROW(member, key, dim, prior, spread, least, most, help)                           \
    NUMBER(key, dim, ENTRY(member), least, most, help),

static const gable_field entry_rows[] = {
    {.block = "",
     .key = "generation",
     .type = GABLE_FIELD_NAME,
     .offset = offsetof(gable_serving_entry, generation),
     .flags = GABLE_FIELD_REQUIRED,
     .help = "Generation of the devices."},
    {.block = "",
     .key = "from",
     .type = GABLE_FIELD_TEXT,
     .offset = ENTRY(from),
     .flags = GABLE_FIELD_REQUIRED,
     .help = "What it was fitted to, and how far off it is on held-out runs."},
    GABLE_SERVING_LIST(CONSTANT_ROW) NUMBER("tpot_sigma_ln", NONE, ENTRY(tpot_sigma_ln), 0, 3,
                                            "Spread of measured / predicted."),
    NUMBER("ttft_sigma_ln", NONE, ENTRY(ttft_sigma_ln), 0, 3, "Spread of measured / predicted."),
};

const gable_schema gable_serving_entry_schema = {
    .title = "Constants of one engine on one generation",
    .fields = entry_rows,
    .n_fields = sizeof entry_rows / sizeof entry_rows[0],
};

static const gable_kind kind_serving = {
    .folder = "serving",
    .what = "serving engine",
    .schema = &gable_serving_schema,
    .struct_bytes = sizeof(serving_file),
    .name_offset = offsetof(serving_file, name),
    .sources_offset = offsetof(serving_file, sources),
};

/* A factor of 2 to the 90th percentile where nothing was fitted; what another generation adds is
 * assumed. */
static const double prior_sigma_ln = 0.55, borrowed_sigma_ln = 0.15;

static void take_priors(gable_serving_constants *out)
{
    *out = (gable_serving_constants){
#define PRIOR(member, key, dim, prior, spread, least, most, help) .member = (prior),
        GABLE_SERVING_LIST(PRIOR)
#undef PRIOR
            .tpot_sigma_ln = prior_sigma_ln,
        .ttft_sigma_ln = prior_sigma_ln, .provenance = GABLE_PROVENANCE_ASSUMED,
        .from = "priors of the formula"};
}

static const gable_serving_entry *entry_of(const gable_serving_entry *entries, int n,
                                           const char *generation)
{
    for (int i = 0; i < n; i++)
        if (strcmp(entries[i].generation, generation) == 0)
            return &entries[i];
    return NULL;
}

/* The entry of the device's generation, else of the nearest that has one. */
static void take_entry(const gable_serving_entry *entries, int n, const gable_generation *g,
                       gable_serving_constants *out)
{
    const gable_serving_entry *entry = entry_of(entries, n, g->name);
    if (entry) {
        *out = entry->constants;
        out->provenance = GABLE_PROVENANCE_FITTED;
        return;
    }
    for (int i = 0; i < g->nearest.n && !entry; i++)
        entry = entry_of(entries, n, g->nearest.name[i]);
    *out = entry ? entry->constants : entries[0].constants;
    out->provenance = GABLE_PROVENANCE_TRANSFERRED;
    out->tpot_sigma_ln = hypot(out->tpot_sigma_ln, borrowed_sigma_ln);
    out->ttft_sigma_ln = hypot(out->ttft_sigma_ln, borrowed_sigma_ln);
}

/* Engines take less of everything on small devices. */
static void take_rules(const gable_stack *stack, const gable_accelerator *accelerator,
                       gable_serving_rules *out)
{
    *out = stack->serving;
    if (gable_accelerator_memory_bytes(accelerator) < out->small_memory_bytes) {
        out->step_tokens = out->small_step_tokens;
        out->sequences = out->small_sequences;
    }
    for (int i = 0; i < stack->kv_fp8.n; i++)
        if (strcmp(stack->kv_fp8.name[i], accelerator->generation) == 0)
            out->kv_fp8 = true;
}

gable_status gable_serving_load(gable_arena *arena, const char *hw,
                                const gable_accelerator *accelerator, const char *stack,
                                gable_serving_constants *constants, gable_serving_rules *rules,
                                gable_err *err)
{
    const gable_stack *engine;
    const gable_json *root;
    gable_serving_entry *entries;
    serving_file *file;
    int n;
    GABLE_TRY(gable_stack_load(arena, hw, stack, &engine, err));
    take_rules(engine, accelerator, rules);
    take_priors(constants);
    if (engine->ideal) {
        *constants = (gable_serving_constants){.step_scale = 1.0,
                                               .prefill_scale = 1.0,
                                               .provenance = GABLE_PROVENANCE_SPEC,
                                               .from = "no software cost"};
        return GABLE_OK;
    }
    if (!gable_find_exists(hw, kind_serving.folder, stack))
        return GABLE_OK;
    GABLE_TRY(gable_read_root(arena, hw, &kind_serving, stack, &root, err));
    GABLE_TRY(gable_read_struct(arena, &kind_serving, root, &file, err));
    GABLE_TRY(gable_list_read(arena, root, "engines", &gable_serving_entry_schema, sizeof *entries,
                              &entries, &n, err));
    if (n == 0)
        return GABLE_OK;
    const gable_generation *generation;
    GABLE_TRY(gable_generation_load(arena, hw, accelerator->generation, &generation, err));
    take_entry(entries, n, generation, constants);
    return GABLE_OK;
}
