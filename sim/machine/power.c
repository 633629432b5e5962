/* machine/power: see power.h. */
#include "machine/power.h"

#include <math.h>
#include <string.h>

#include "machine/find.h"
#include "machine/generation.h"
#include "machine/machine.h"
#include "machine/read.h"

enum { REQUIRED = GABLE_FIELD_REQUIRED };

#define ROW(struct_, block_, key_, type_, dim_, member_, min_, max_, flags_, help_)                \
    {                                                                                              \
        .block = (block_), .key = (key_), .type = GABLE_FIELD_##type_, .dim = GABLE_DIM_##dim_,    \
        .offset = offsetof(struct_, member_), .min = (min_), .max = (max_), .flags = (flags_),     \
        .help = (help_)                                                                            \
    }
#define FILE_ROW(...) ROW(gable_power_file, __VA_ARGS__)
#define CONSTANT_ROW(member, key, dim, prior, spread, least, most, help)                           \
    FILE_ROW("draw", key, NUMBER, dim, power.member, least, most, REQUIRED, help),

static const gable_field file_rows[] = {
    FILE_ROW("", "name", NAME, NONE, name, 0, 0, REQUIRED,
             "Generation that was measured; the file is called so."),
    FILE_ROW("", "reference", NAME, NONE, reference, 0, 0, REQUIRED,
             "Device from whose datasheet other generations scale."),
    FILE_ROW("", "date", TEXT, NONE, date, 0, 0, 0, "Day of the fit."),
    GABLE_POWER_LIST(CONSTANT_ROW)
        FILE_ROW("draw", "sigma_ln", NUMBER, NONE, power.sigma_ln, 0, 3, REQUIRED,
                 "Spread of ln(reading / predicted) on the rows that were held out."),
    FILE_ROW("fit", "n_train", INT, COUNT, n_train, 0, 1e9, REQUIRED, "Rows fitted to."),
    FILE_ROW("fit", "n_test", INT, COUNT, n_test, 0, 1e9, REQUIRED, "Rows held out."),
    FILE_ROW("fit", "median_frac", NUMBER, NONE, median_frac, 0, 1e3, REQUIRED,
             "Median of |predicted / reading - 1| on the rows that were held out."),
    FILE_ROW("fit", "p90_frac", NUMBER, NONE, p90_frac, 0, 1e3, REQUIRED,
             "90th percentile of the same."),
    FILE_ROW("fit", "bias_frac", NUMBER, NONE, bias_frac, -1, 1e3, REQUIRED,
             "Median of predicted / reading - 1."),
};
static const char *const file_extra[] = {"meters", "hosts"};

const gable_schema gable_power_schema = {
    .id = "gable.power/1",
    .title = "What the devices of one generation draw; written by gable calibrate power",
    .fields = file_rows,
    .n_fields = sizeof file_rows / sizeof file_rows[0],
    .extra_keys = file_extra,
    .n_extra_keys = 2,
    .sourced = true,
};

#define METER_ROW(...) ROW(gable_power_meter, "", __VA_ARGS__)
static const gable_field meter_rows[] = {
    METER_ROW("framework", TEXT, NONE, framework, 0, 0, REQUIRED, "Column of the same name."),
    METER_ROW("op", TEXT, NONE, op, 0, 0, REQUIRED, "Column of the same name."),
    METER_ROW("dtype", TEXT, NONE, dtype, 0, 0, REQUIRED, "Column of the same name."),
    METER_ROW("settle", NUMBER, SECONDS, settle_s, 0, 1, REQUIRED,
              "Latency at which a reading has risen by 1 - 1/e of the way, s."),
};
const gable_schema gable_power_meter_schema = {
    .title = "How the meter of one benchmark reads",
    .fields = meter_rows,
    .n_fields = sizeof meter_rows / sizeof meter_rows[0],
};

#define HOST_ROW(...) ROW(gable_power_host, "", __VA_ARGS__)
static const gable_field host_rows[] = {
    HOST_ROW("device", NAME, NONE, device, 0, 0, REQUIRED, "Device that was measured."),
    HOST_ROW("settle_frac", NUMBER, NONE, settle_frac, 0, 1e3, REQUIRED,
             "Settle times on its host, over those of the meters."),
    HOST_ROW("idle_frac", NUMBER, NONE, idle_frac, 0.1, 10, REQUIRED,
             "What the board draws idle, over idle_w."),
};
const gable_schema gable_power_host_schema = {
    .title = "How the host of one device paces the benchmarks",
    .fields = host_rows,
    .n_fields = sizeof host_rows / sizeof host_rows[0],
};

static const gable_kind kind_power = {
    .folder = "power",
    .what = "power of a generation",
    .schema = &gable_power_schema,
    .struct_bytes = sizeof(gable_power_file),
    .name_offset = offsetof(gable_power_file, name),
    .sources_offset = offsetof(gable_power_file, sources),
};

/* Assumed: SerDes of 5 to 7 pJ a bit at both ends, as 112G links are quoted. */
static const double wire_byte_j = 60e-12;

/* Assumed: shares of the design power were only compared within one generation. */
static const double other_sigma_ln = 0.2, sibling_sigma_ln = 0.05;

gable_power gable_power_priors(void)
{
    return (gable_power){
#define PRIOR(member, key, dim, prior, spread, least, most, help) .member = (prior),
        GABLE_POWER_LIST(PRIOR)
#undef PRIOR
            .wire_byte_j = wire_byte_j,
        .provenance = GABLE_PROVENANCE_ASSUMED, .from = "priors of the formula"};
}

static gable_status read_file(gable_arena *arena, const char *hw, const char *name,
                              const gable_power_file **out, gable_err *err)
{
    const gable_json *root;
    gable_power_file *file;
    GABLE_TRY(gable_read_root(arena, hw, &kind_power, name, &root, err));
    GABLE_TRY(gable_read_struct(arena, &kind_power, root, &file, err));
    GABLE_TRY(gable_list_read(arena, root, "meters", &gable_power_meter_schema,
                              sizeof *file->meters, &file->meters, &file->n_meters, err));
    GABLE_TRY(gable_list_read(arena, root, "hosts", &gable_power_host_schema, sizeof *file->hosts,
                              &file->hosts, &file->n_hosts, err));
    file->power.wire_byte_j = wire_byte_j;
    *out = file;
    return GABLE_OK;
}

/* Generations to ask, the device's own first: those that it names as nearest, then those that they
 * name. Two steps reach every generation that has readings. */
static const char *first_with_file(const char *hw, const gable_generation *own,
                                   const gable_generation *const *nearest)
{
    if (gable_find_exists(hw, kind_power.folder, own->name))
        return own->name;
    for (int i = 0; i < own->nearest.n; i++)
        if (gable_find_exists(hw, kind_power.folder, own->nearest.name[i]))
            return own->nearest.name[i];
    for (int i = 0; i < own->nearest.n; i++)
        for (int j = 0; j < nearest[i]->nearest.n; j++)
            if (gable_find_exists(hw, kind_power.folder, nearest[i]->nearest.name[j]))
                return nearest[i]->nearest.name[j];
    return NULL;
}

gable_status gable_power_file_load(gable_arena *arena, const char *hw,
                                   const gable_accelerator *accelerator,
                                   const gable_power_file **out, gable_err *err)
{
    const gable_generation *own, **nearest;
    *out = NULL;
    GABLE_TRY(gable_generation_load(arena, hw, accelerator->generation, &own, err));
    GABLE_TRY(gable_arena_take(arena, (size_t)own->nearest.n + 1, sizeof *nearest, &nearest, err));
    for (int i = 0; i < own->nearest.n; i++)
        GABLE_TRY(gable_generation_load(arena, hw, own->nearest.name[i], &nearest[i], err));
    const char *name = first_with_file(hw, own, nearest);
    return name ? read_file(arena, hw, name, out, err) : GABLE_OK;
}

/* Quotient of two figures of datasheets; 1 where either is not published. */
static double ratio(double to, double from)
{
    return to > 0.0 && from > 0.0 ? to / from : 1.0;
}

/* Equal shares of the peaks draw equal shares of the design power. */
static void scale(const gable_accelerator *from, const gable_accelerator *to, gable_power *p)
{
    double tdp = ratio(to->tdp_w, from->tdp_w);
    double rate =
        ratio(to->matrix_flops_per_s[GABLE_MMA_BF16], from->matrix_flops_per_s[GABLE_MMA_BF16]);
    double bandwidth = ratio(to->hbm_bandwidth_bytes_per_s, from->hbm_bandwidth_bytes_per_s);
    p->idle_w *= tdp;
    p->active_w *= tdp;
    p->softmax_w *= tdp;
    p->flop_j *= tdp / rate;
    p->hbm_byte_j *= tdp / bandwidth;
    p->l2_byte_j *= tdp / bandwidth;
    p->sigma_ln = hypot(p->sigma_ln, other_sigma_ln);
    p->provenance = GABLE_PROVENANCE_ASSUMED;
}

static const gable_power_host *host_of(const gable_power_file *file, const char *device)
{
    for (int i = 0; i < file->n_hosts; i++)
        if (strcmp(file->hosts[i].device, device) == 0)
            return &file->hosts[i];
    return NULL;
}

gable_status gable_power_scale(gable_arena *arena, const char *hw, const gable_power_file *file,
                               const gable_accelerator *accelerator, gable_power *out,
                               gable_err *err)
{
    const gable_accelerator *reference;
    const gable_power_host *host = host_of(file, accelerator->name);
    *out = file->power;
    out->provenance = GABLE_PROVENANCE_FITTED;
    out->limit_w = accelerator->tdp_w;
    if (host)
        out->idle_w *= host->idle_frac;
    if (strcmp(file->name, accelerator->generation) != 0) {
        GABLE_TRY(gable_accelerator_load(arena, hw, file->reference, &reference, err));
        scale(reference, accelerator, out);
    } else if (!host) {
        out->sigma_ln = hypot(out->sigma_ln, sibling_sigma_ln);
        out->provenance = GABLE_PROVENANCE_TRANSFERRED;
    }
    if (accelerator->hbm_j_per_bit > 0.0)
        out->hbm_byte_j = 8.0 * accelerator->hbm_j_per_bit;
    return GABLE_OK;
}

gable_status gable_power_load(gable_arena *arena, const char *hw,
                              const gable_accelerator *accelerator, gable_power *out,
                              gable_err *err)
{
    const gable_power_file *file;
    GABLE_TRY(gable_power_file_load(arena, hw, accelerator, &file, err));
    if (!file) {
        *out = gable_power_priors();
        out->limit_w = accelerator->tdp_w;
        return GABLE_OK;
    }
    GABLE_TRY(gable_power_scale(arena, hw, file, accelerator, out, err));
    out->from = file->name;
    return GABLE_OK;
}

gable_status gable_power_attach(gable_arena *arena, const char *hw, gable_machine *machine,
                                gable_err *err)
{
    gable_power *power;
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *power, &power, err));
    GABLE_TRY(gable_power_load(arena, hw, machine->accelerator, power, err));
    machine->power = power;
    return GABLE_OK;
}
