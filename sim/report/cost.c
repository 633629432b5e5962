/* report/cost: the answer of `gable cost`: figures of the step, then operator by operator. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "report/internal.h"

/* All figures of the step, in the order of CONTRACT 4; what it does not name comes after the
 * operators. */
typedef struct step_figures {
    const char *schema;
    double time_s, p10_s, p90_s, ceiling_s;
    const char *bound;
    double flops, hbm_bytes, wire_bytes, intensity_flops_per_byte, ridge_flops_per_byte;
    double tokens_per_s;
    double weights_bytes, kv_bytes, state_bytes, activation_bytes, total_bytes, capacity_bytes;
    bool fits;
    double reserve_bytes, communication_bytes, left_bytes;
    const char *model, *system, *accelerator, *stack, *phase, *source;
    double batch, context, new_tokens;
    int tp, ep, pp, cp, dp, attn_dp, nodes, devices;
    double micro_batches;
    const char *overlap_mode, *exchange;
    double compute_s, memory_s, network_s, overhead_s;
} step_figures;

#define MEMBER(key_, type_, member_)                                                               \
    {                                                                                              \
        .key = key_, .type = GABLE_CELL_##type_, .offset = offsetof(step_figures, member_)         \
    }

static const gable_column step_columns[] = {
    MEMBER("schema", TEXT, schema),
    MEMBER("time_s", NUMBER, time_s),
    MEMBER("p10_s", NUMBER, p10_s),
    MEMBER("p90_s", NUMBER, p90_s),
    MEMBER("ceiling_s", NUMBER, ceiling_s),
    MEMBER("bound", TEXT, bound),
    MEMBER("flops", NUMBER, flops),
    MEMBER("hbm_bytes", NUMBER, hbm_bytes),
    MEMBER("wire_bytes", NUMBER, wire_bytes),
    MEMBER("intensity_flops_per_byte", NUMBER, intensity_flops_per_byte),
    MEMBER("ridge_flops_per_byte", NUMBER, ridge_flops_per_byte),
    MEMBER("tokens_per_s", NUMBER, tokens_per_s),
};

static const gable_column memory_columns[] = {
    MEMBER("weights_bytes", NUMBER, weights_bytes),
    MEMBER("kv_bytes", NUMBER, kv_bytes),
    MEMBER("state_bytes", NUMBER, state_bytes),
    MEMBER("activation_bytes", NUMBER, activation_bytes),
    MEMBER("total_bytes", NUMBER, total_bytes),
    MEMBER("capacity_bytes", NUMBER, capacity_bytes),
    MEMBER("fits", BOOL, fits),
    MEMBER("reserve_bytes", NUMBER, reserve_bytes),
    MEMBER("communication_bytes", NUMBER, communication_bytes),
    MEMBER("left_bytes", NUMBER, left_bytes),
};

static const gable_column scenario_columns[] = {
    MEMBER("model", TEXT, model),
    MEMBER("system", TEXT, system),
    MEMBER("accelerator", TEXT, accelerator),
    MEMBER("stack", TEXT, stack),
    MEMBER("phase", TEXT, phase),
    MEMBER("batch", NUMBER, batch),
    MEMBER("context", NUMBER, context),
    MEMBER("new_tokens", NUMBER, new_tokens),
    MEMBER("tp", INT, tp),
    MEMBER("ep", INT, ep),
    MEMBER("pp", INT, pp),
    MEMBER("cp", INT, cp),
    MEMBER("dp", INT, dp),
    MEMBER("attn_dp", INT, attn_dp),
    MEMBER("nodes", INT, nodes),
    MEMBER("devices", INT, devices),
    MEMBER("micro_batches", NUMBER, micro_batches),
    MEMBER("overlap_mode", TEXT, overlap_mode),
    MEMBER("exchange", TEXT, exchange),
    MEMBER("source", TEXT, source),
};

static const gable_column bound_columns[] = {
    MEMBER("compute", NUMBER, compute_s),
    MEMBER("memory", NUMBER, memory_s),
    MEMBER("network", NUMBER, network_s),
    MEMBER("overhead", NUMBER, overhead_s),
};
#undef MEMBER

#define COLUMN(key_, header_, type_, dim_, unit_, drop_)                                           \
    {                                                                                              \
        .key = #key_, .header = header_, .type = GABLE_CELL_##type_, .dim = GABLE_DIM_##dim_,      \
        .unit = unit_, .offset = offsetof(gable_cost_row, key_), .drop = drop_                     \
    }

static const gable_column row_columns[] = {
    COLUMN(name, "operator", TEXT, NONE, NULL, 0),
    COLUMN(kind, "kind", TEXT, NONE, NULL, 8),
    COLUMN(layers, "layers", INT, NONE, NULL, 9),
    COLUMN(calls, "calls", NUMBER, NONE, NULL, 3),
    COLUMN(flops, "compute", NUMBER, FLOPS, NULL, 2),
    COLUMN(hbm_bytes, "memory", NUMBER, BYTES, NULL, 0),
    COLUMN(wire_bytes, "wire", NUMBER, BYTES, NULL, 5),
    COLUMN(intensity_flops_per_byte, "intensity", NUMBER, NONE, "FLOP/B", 0),
    COLUMN(ceiling_s, "ceiling", NUMBER, SECONDS, NULL, 0),
    COLUMN(time_s, "expected", NUMBER, SECONDS, NULL, 0),
    COLUMN(share_frac, "share", SHARE, NONE, NULL, 0),
    COLUMN(bound, "bound", TEXT, NONE, NULL, 0),
    COLUMN(source, "source", TEXT, NONE, NULL, 4),
    COLUMN(note, "note", TEXT, NONE, NULL, GABLE_COLUMN_NEVER),
    COLUMN(energy_j, "energy", NUMBER, JOULES, NULL, GABLE_COLUMN_NEVER),
    /* the last: only where something overlaps */
    COLUMN(hidden_s, "hidden", NUMBER, SECONDS, NULL, 0),
};
#undef COLUMN

const char *gable_report_format(gable_arena *arena, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t kept = length < 0 ? 0 : (size_t)length;
    char *copy = gable_arena_copy(arena, text, kept < sizeof text ? kept : sizeof text - 1);
    return copy ? copy : "";
}

void gable_report_append(gable_text *out, gable_text *part)
{
    if (part->text)
        gable_text_add_n(out, part->text, part->length_bytes);
    out->failed = out->failed || part->failed;
    gable_text_free(part);
    *part = (gable_text){0};
}

gable_status gable_report_keep(gable_arena *arena, gable_text *part, const char **out,
                               gable_err *err)
{
    *out = NULL;
    if (!part->failed)
        *out = gable_arena_copy(arena, part->text ? part->text : "", part->length_bytes);
    gable_text_free(part);
    return *out ? GABLE_OK : gable_fail(err, GABLE_INTERNAL, "out of memory");
}

double gable_report_n_devices(const gable_priced *priced)
{
    return priced->plan->ranks.world;
}

gable_status gable_report_done(const gable_text *out, gable_err *err)
{
    return out->failed ? gable_fail(err, GABLE_INTERNAL, "out of memory") : GABLE_OK;
}

static const char *absent_note(const gable_plan *plan, int i)
{
    static const char *const notes[] = {
        [GABLE_ROW_OP] = "no byte of memory moves: the intensity is not defined",
        [GABLE_ROW_COLLECTIVE] = "moves bytes on the wire: the intensity of memory is not defined",
        [GABLE_ROW_GAP] = "time between kernels: nothing is computed or moved",
        [GABLE_ROW_BUBBLE] = "waiting for other stages: nothing is computed or moved",
        [GABLE_ROW_HOST] = "fetched from beyond the device's memory: what other rows do not hide",
    };
    return notes[plan->kind[i]];
}

static void fill_row(const gable_priced *priced, int i, gable_cost_row *row)
{
    const gable_plan *plan = priced->plan;
    const gable_step *step = priced->step;
    double calls = plan->calls[i], total = step->time_s_total;
    bool op = plan->kind[i] == GABLE_ROW_OP;
    row->name = plan->name[i];
    row->kind = gable_plan_kind_name(plan, i);
    row->layers = plan->layers[i];
    row->calls = calls;
    row->flops = op ? calls * plan->work[i].flops : 0.0;
    row->hbm_bytes = op ? calls * plan->work[i].hbm_bytes : 0.0;
    row->wire_bytes = step->wire_bytes[i];
    row->intensity_flops_per_byte =
        row->hbm_bytes > 0.0 ? row->flops / row->hbm_bytes : (double)NAN;
    row->note = row->hbm_bytes > 0.0 ? NULL : absent_note(plan, i);
    row->ceiling_s = step->ceiling_s[i];
    row->time_s = step->time_s[i];
    row->hidden_s = step->hidden_s[i];
    row->share_frac = total > 0.0 ? (row->time_s - row->hidden_s) / total : 0.0;
    row->energy_j =
        priced->energy && priced->energy->power_w > 0.0 ? priced->energy->row_j[i] : (double)NAN;
    row->bound = gable_bound_name(step->row[i].bound);
    row->source = gable_provenance_name(step->row[i].provenance);
}

gable_status gable_report_rows(gable_arena *arena, const gable_priced *priced,
                               const gable_cost_row **rows, gable_err *err)
{
    size_t n_rows = (size_t)priced->plan->n_rows;
    gable_cost_row *filled = NULL;
    GABLE_TRY(gable_arena_take(arena, n_rows + 1, sizeof *filled, &filled, err));
    for (size_t i = 0; i < n_rows; i++)
        fill_row(priced, (int)i, &filled[i]);
    *rows = filled;
    return GABLE_OK;
}

static void fill_figures(const gable_priced *priced, step_figures *f)
{
    const gable_plan *plan = priced->plan;
    const gable_step *step = priced->step;
    const gable_scenario *scenario = &plan->scenario;
    const gable_ranks *r = &plan->ranks;
    gable_token_exchange exchange =
        scenario->exchange == GABLE_EXCHANGE_TOKENS ? GABLE_EXCHANGE_TOKENS : GABLE_EXCHANGE_GATHER;
    *f = (step_figures){
        .schema = "gable.cost/1",
        .time_s = step->time_s_total,
        .p10_s = step->p10_s,
        .p90_s = step->p90_s,
        .ceiling_s = step->ceiling_s_total,
        .bound = gable_bound_name(step->bound),
        .flops = step->flops,
        .hbm_bytes = step->hbm_bytes,
        .wire_bytes = step->wire_bytes_total,
        .intensity_flops_per_byte =
            step->hbm_bytes > 0.0 ? step->flops / step->hbm_bytes : (double)NAN,
        .ridge_flops_per_byte = step->ridge_flops_per_byte,
        .tokens_per_s = step->tokens_per_s,
        .weights_bytes = plan->weights_bytes,
        .kv_bytes = plan->kv_bytes,
        .state_bytes = plan->state_bytes,
        .activation_bytes = plan->activation_bytes,
        .total_bytes = step->total_bytes,
        .capacity_bytes = step->capacity_bytes,
        .fits = step->fits,
        .reserve_bytes = step->reserve_bytes,
        .communication_bytes = step->communication_bytes,
        .left_bytes = step->capacity_bytes - step->total_bytes - step->reserve_bytes,
        .model = plan->model->name,
        .system = priced->machine->system->name,
        .accelerator = priced->machine->accelerator->name,
        .stack = priced->machine->constants->stack,
        .phase = gable_phases[scenario->phase],
        .source = gable_provenance_name(step->provenance),
        .batch = scenario->batch,
        .context = scenario->n_cached,
        .new_tokens = scenario->n_new,
        .tp = (int)r->tp,
        .ep = (int)r->ep,
        .pp = (int)r->pp,
        .cp = (int)r->cp,
        .dp = (int)r->dp,
        .attn_dp = (int)r->attn_dp,
        .nodes = priced->machine->n_nodes > 1 ? priced->machine->n_nodes : 1,
        .devices = (int)r->world,
        .micro_batches =
            scenario->overlap == GABLE_OVERLAP_TWO_BATCH ? plan->passes / 2.0 : plan->passes,
        .overlap_mode = gable_overlaps[scenario->overlap],
        .exchange = r->experts > r->ffn_tp ? gable_token_exchanges[exchange] : NULL,
        .compute_s = step->bound_s[GABLE_BOUND_COMPUTE],
        .memory_s = step->bound_s[GABLE_BOUND_MEMORY],
        .network_s = step->bound_s[GABLE_BOUND_NETWORK],
        .overhead_s = step->bound_s[GABLE_BOUND_OVERHEAD],
    };
}

static void write_json(gable_text *out, const gable_priced *priced, const gable_table *table)
{
    step_figures figures;
    fill_figures(priced, &figures);
    gable_text_add(out, "{\n  ");
    gable_report_members(out, step_columns, COUNT_OF(step_columns), &figures, ",\n  ");
    gable_text_add(out, ",\n  \"memory\": {\n    ");
    gable_report_members(out, memory_columns, COUNT_OF(memory_columns), &figures, ",\n    ");
    gable_text_add(out, "\n  },\n  \"operators\": ");
    gable_table_write(out, table, GABLE_FORMAT_JSON, 0);
    gable_text_add(out, ",\n  ");
    gable_report_members(out, scenario_columns, COUNT_OF(scenario_columns), &figures, ",\n  ");
    gable_text_add(out, ",\n  \"bound_s\": {");
    gable_report_members(out, bound_columns, COUNT_OF(bound_columns), &figures, ", ");
    gable_text_add(out, "},\n  \"overlap\": ");
    gable_text_add_json_string(out, gable_report_overlap(priced->plan));
    gable_report_energy_json(out, priced);
    gable_report_placement_json(out, priced);
    if (priced->decoding)
        gable_report_decoding_json(out, priced->decoding);
    if (priced->edited) {
        gable_text_add(out, ",\n  \"edited\": ");
        gable_report_edited_json(out, priced->edited);
    }
    if (priced->uncertainty) {
        gable_text_add(out, ",\n  \"interval\": ");
        gable_report_uncertainty_json(out, priced->uncertainty);
    }
    gable_text_add(out, "\n}\n");
}

gable_status gable_report_cost(gable_arena *arena, const gable_priced *priced, gable_format format,
                               int width, gable_text *out, gable_err *err)
{
    const gable_cost_row *rows = NULL;
    const gable_step *step = priced->step;
    GABLE_TRY(gable_report_rows(arena, priced, &rows, err));
    gable_cost_row total = {
        .name = "step",
        .calls = NAN,
        .flops = step->flops,
        .hbm_bytes = step->hbm_bytes,
        .wire_bytes = step->wire_bytes_total,
        .intensity_flops_per_byte =
            step->hbm_bytes > 0.0 ? step->flops / step->hbm_bytes : (double)NAN,
        .ceiling_s = step->ceiling_s_total,
        .time_s = step->time_s_total,
        .share_frac = 1.0,
        .bound = gable_bound_name(step->bound),
        .source = gable_provenance_name(step->provenance),
        .layers = priced->plan->model->n_layers,
        .hidden_s = NAN,
        .energy_j = NAN,
    };
    gable_table table = {
        .columns = row_columns,
        .n_columns = COUNT_OF(row_columns) - (priced->plan->overlaps ? 0 : 1),
        .rows = rows,
        .row_bytes = sizeof *rows,
        .n_rows = (size_t)priced->plan->n_rows,
        .total = &total,
    };
    if (format == GABLE_FORMAT_JSON) {
        write_json(out, priced, &table);
        return gable_report_done(out, err);
    }
    if (format == GABLE_FORMAT_TEXT)
        gable_report_headline(out, priced);
    gable_table_write(out, &table, format, width);
    if (format == GABLE_FORMAT_TEXT)
        gable_report_notes(out, priced);
    return gable_report_done(out, err);
}
