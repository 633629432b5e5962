/* cli/model_show: see model_show.h. */
#include "cli/model_show.h"

#include <stdio.h>
#include <string.h>

/* Counts that both forms print, in order. */
typedef struct count_row {
    const char *key, *label;
    double value;
} count_row;

enum { N_COUNTS = 10 };

/* What expert parallelism asks of a machine. */
static void add_overlap(gable_text *out, const gable_model *model)
{
    double bound = gable_model_overlap_flops_per_byte(model);
    if (bound > 0)
        gable_text_addf(out,
                        "\nexpert parallelism: its traffic hides behind the experts while a device "
                        "computes\n  less than %.10g FLOP per byte of its network\n",
                        bound);
}

static void fill_counts(const gable_model *model, count_row rows[N_COUNTS])
{
    gable_params p;

    gable_model_params(model, &p);
    const count_row filled[N_COUNTS] = {
        {"total_params", "total", p.total},
        {"published_params", "total as published", model->published_params},
        {"active_params", "active per token", p.active_total},
        {"published_active_params", "active as published", model->published_active_params},
        {"linear_params", "streamed per token", p.linear},
        {"embedding_params", "input embedding", p.embedding},
        {"head_params", "LM head", p.head},
        {"routed_params", "routed experts", p.routed},
        {"mtp_params", "multi-token prediction", p.mtp},
        {"memory_params", "hashed memory table", model->memory_params},
    };
    memcpy(rows, filled, sizeof filled);
}

static const char *billions(double params, char *out, size_t out_bytes)
{
    if (params < 1e7)
        snprintf(out, out_bytes, "%.0f", params);
    else
        snprintf(out, out_bytes, "%.*f B", params < 1e9 ? 4 : params < 1e11 ? 3 : 1, params / 1e9);
    return out;
}

enum { WIDTH = 80 };

/* Adds " word", on a new line of `indent` blanks when it would pass the last column. */
static void add_word(gable_text *out, size_t *column, int indent, const char *word)
{
    size_t n = strlen(word) + 1;

    if (*column + n > WIDTH) {
        gable_text_addf(out, "\n%*s", indent, "");
        *column = (size_t)indent;
    } else if (*column > (size_t)indent) {
        gable_text_add(out, " ");
        *column += 1;
    }
    gable_text_add_safe(out, word);
    *column += n - 1;
}

/* Free text, broken at its blanks. */
static void add_wrapped(gable_text *out, int indent, const char *text)
{
    char word[WIDTH];
    size_t column = (size_t)indent;

    for (const char *at = text; *at;) {
        size_t n = strcspn(at, " ");
        if (n >= WIDTH)
            n = WIDTH - 1;
        while (n > 1 && ((unsigned char)at[n] & 0xc0) == 0x80) /* not inside a character */
            n--;
        snprintf(word, sizeof word, "%.*s", (int)n, at);
        add_word(out, &column, indent, word);
        at += n;
        at += *at == ' ';
    }
    gable_text_add(out, "\n");
}

static void add_part(gable_text *out, const char *kind, const gable_schema *schema,
                     const void *object)
{
    char word[WIDTH];
    size_t column = 4;

    gable_text_add(out, "    ");
    snprintf(word, sizeof word, "%s:", kind);
    add_word(out, &column, 4, word);
    for (size_t i = 1; i < schema->n_fields; i++) {
        const gable_field *field = &schema->fields[i];
        const char *at = (const char *)object + field->offset;
        if (field->type == GABLE_FIELD_BOOL && *(const bool *)(const void *)at)
            add_word(out, &column, 6, field->key);
        if (field->type != GABLE_FIELD_INT || *(const int *)(const void *)at == 0)
            continue;
        snprintf(word, sizeof word, "%s=%d", field->key, *(const int *)(const void *)at);
        add_word(out, &column, 6, word);
    }
    gable_text_add(out, "\n");
}

static void add_layers(gable_text *out, const gable_model *model)
{
    char id[GABLE_KIND_ID_CAP], total[32], active[32];

    gable_text order = {0};
    gable_text_addf(out, "\nlayers: %d, in the order\n  ", model->n_layers);
    gable_model_write_order(&order, model);
    add_wrapped(out, 2, order.text ? order.text : "");
    out->failed = out->failed || order.failed;
    gable_text_free(&order);
    for (int i = 0; i < model->n_kinds; i++) {
        const gable_layer *layer = &model->kinds[i];
        gable_text_addf(
            out, "  %s  %d x %s,\n    %s parameters each, %s active\n", gable_model_kind_id(i, id),
            layer->count, gable_mixer_title(layer->mixer.kind),
            billions(gable_model_layer_params(model, layer, false), total, sizeof total),
            billions(gable_model_layer_params(model, layer, true), active, sizeof active));
        if (layer->hidden != model->hidden)
            gable_text_addf(out, "    width %d\n", layer->hidden);
        if (layer->passes > 1)
            gable_text_addf(out, "    passed %d times by each token\n", layer->passes);
        add_part(out, gable_mixer_name(layer->mixer.kind), &gable_mixer_schema, &layer->mixer);
        add_part(out, gable_ffn_name(layer->ffn.kind), &gable_ffn_schema, &layer->ffn);
    }
}

static void add_formats(gable_text *out, const gable_model *model)
{
    double params[GABLE_N_MODULES + 1];
    char count[32], bytes[GABLE_UNITS_TEXT_CAP];

    gable_model_module_params(model, params);
    gable_text_add(out, "\nmodules         parameters  weights    activations       bytes\n");
    for (int i = 0; i <= GABLE_N_MODULES; i++) {
        bool other = i == GABLE_N_MODULES;
        gable_module_dtypes pair = {GABLE_DTYPE_BF16, GABLE_DTYPE_BF16};
        if (!(params[i] > 0))
            continue;
        if (!other)
            pair = model->dtypes[i];
        gable_text_addf(out, "  %-10s %13s  %-9s  %-9s  %11s\n", gable_module_name(other ? -1 : i),
                        billions(params[i], count, sizeof count), gable_dtype_name(pair.weights),
                        gable_dtype_name(pair.activations),
                        gable_units_print(params[i] * gable_dtype_bytes(pair.weights),
                                          GABLE_DIM_BYTES, 4, bytes));
    }
    gable_params all;
    gable_model_params(model, &all);
    snprintf(count, sizeof count, "%.4g bits", 8.0 * gable_model_weight_bytes(model) / all.total);
    gable_text_addf(out, "  %-10s %13s  %-9s  %-9s  %11s\n", "all", count, "", "",
                    gable_units_print(gable_model_weight_bytes(model), GABLE_DIM_BYTES, 4, bytes));
}

static void add_cache(gable_text *out, const gable_model *model)
{
    char bytes[GABLE_UNITS_TEXT_CAP];
    double per_token, constant;

    gable_model_cache(model, &per_token, &constant);
    gable_text_addf(out, "\ncache: %.10g B per token (%s", per_token,
                    gable_dtype_name(model->kv_dtype));
    gable_text_addf(out, ", index %s)", gable_dtype_name(model->index_dtype));
    if (constant > 0)
        gable_text_addf(out, "\n  and %s per sequence (windows, states %s)",
                        gable_units_print(constant, GABLE_DIM_BYTES, 4, bytes),
                        gable_dtype_name(model->state_dtype));
    gable_text_add(out, "\n");
}

void gable_model_show_text(gable_text *out, const gable_model *model,
                           const gable_model_flops *flops)
{
    count_row rows[N_COUNTS];
    char count[32];

    gable_text_add_safe(out, model->name);
    if (model->title && strcmp(model->title, model->name) != 0) {
        gable_text_add(out, ": ");
        gable_text_add_safe(out, model->title);
    }
    gable_text_addf(out, "\nhidden %d, vocabulary %d%s", model->hidden, model->vocab,
                    model->tied ? " (tied)" : "");
    if (model->max_context > 0)
        gable_text_addf(out, ", context %d", model->max_context);
    if (model->hyper_streams > 1)
        gable_text_addf(out, ", %d residual streams", model->hyper_streams);
    if (model->canvas > 0)
        gable_text_addf(out, ", blocks of %d tokens", model->canvas);
    if (model->n_mtp > 0)
        gable_text_addf(out, ", %d MTP", model->n_mtp);
    if (model->vision.layers > 0)
        gable_text_addf(out, "\nvision tower: %d layers of %d, patches of %d pixels, %s parameters",
                        model->vision.layers, model->vision.hidden, model->vision.patch,
                        billions(gable_model_vision_params(model), count, sizeof count));
    gable_text_add(out, "\n\nparameters\n");
    fill_counts(model, rows);
    for (int i = 0; i < N_COUNTS; i++)
        if (rows[i].value > 0)
            gable_text_addf(out, "  %-24s %12s\n", rows[i].label,
                            billions(rows[i].value, count, sizeof count));
    add_layers(out, model);
    add_formats(out, model);
    add_overlap(out, model);
    add_cache(out, model);
    gable_model_flops_text(out, flops);
    if (model->remark) {
        gable_text_add(out, "\nremark\n  ");
        add_wrapped(out, 2, model->remark);
    }
}

static void add_json_text(gable_text *out, const char *key, const char *value)
{
    gable_text_addf(out, " \"%s\": ", key);
    if (value)
        gable_text_add_json_string(out, value);
    else
        gable_text_add(out, "null");
    gable_text_add(out, ",\n");
}

static void add_json_layers(gable_text *out, const gable_model *model)
{
    char id[GABLE_KIND_ID_CAP];

    gable_text_add(out, " \"order\": \"");
    gable_model_write_order(out, model);
    gable_text_add(out, "\",\n \"layers\": [");
    for (int i = 0; i < model->n_kinds; i++) {
        const gable_layer *layer = &model->kinds[i];
        gable_text_addf(out,
                        "%s\n  {\"id\": \"%s\", \"count\": %d, \"passes\": %d, \"hidden\": %d, "
                        "\"params\": ",
                        i ? "," : "", gable_model_kind_id(i, id), layer->count,
                        layer->passes > 1 ? layer->passes : 1, layer->hidden);
        gable_text_add_json_number(out, gable_model_layer_params(model, layer, false));
        gable_text_add(out, ", \"active_params\": ");
        gable_text_add_json_number(out, gable_model_layer_params(model, layer, true));
        gable_text_add(out, ",\n   \"mixer\": ");
        gable_model_write_members(out, &gable_mixer_schema, &layer->mixer);
        gable_text_add(out, ",\n   \"ffn\": ");
        gable_model_write_members(out, &gable_ffn_schema, &layer->ffn);
        gable_text_add(out, "}");
    }
    gable_text_add(out, "],\n");
}

static void add_json_formats(gable_text *out, const gable_model *model)
{
    double params[GABLE_N_MODULES + 1];

    gable_model_module_params(model, params);
    gable_text_add(out, " \"modules\": [");
    for (int i = 0; i < GABLE_N_MODULES; i++) {
        gable_text_addf(out,
                        "%s\n  {\"name\": \"%s\", \"weights\": \"%s\", \"activations\": \"%s\", "
                        "\"params\": ",
                        i ? "," : "", gable_module_name(i),
                        gable_dtype_name(model->dtypes[i].weights),
                        gable_dtype_name(model->dtypes[i].activations));
        gable_text_add_json_number(out, params[i]);
        gable_text_add(out, ", \"weights_bytes\": ");
        gable_text_add_json_number(out, params[i] * gable_dtype_bytes(model->dtypes[i].weights));
        gable_text_add(out, "}");
    }
    gable_text_addf(out,
                    "],\n \"cache\": {\"kv\": \"%s\", \"state\": \"%s\", \"index\": \"%s\"},\n",
                    gable_dtype_name(model->kv_dtype), gable_dtype_name(model->state_dtype),
                    gable_dtype_name(model->index_dtype));
}

void gable_model_show_json(gable_text *out, const gable_model *model,
                           const gable_model_flops *flops)
{
    count_row rows[N_COUNTS];
    double per_token, constant;

    gable_text_add(out, "{\"schema\": \"gable.model-show/1\",\n");
    add_json_text(out, "name", model->name);
    add_json_text(out, "title", model->title);
    add_json_text(out, "family", model->family);
    add_json_text(out, "path", model->path);
    gable_text_addf(out,
                    " \"hidden\": %d, \"n_layers\": %d, \"vocab\": %d, \"max_context_tokens\": %d, "
                    "\"tied\": %s, \"n_mtp\": %d, \"hyper_streams\": %d, \"canvas_tokens\": %d,\n",
                    model->hidden, model->n_layers, model->vocab, model->max_context,
                    model->tied ? "true" : "false", model->n_mtp, model->hyper_streams,
                    model->canvas);
    fill_counts(model, rows);
    for (int i = 0; i < N_COUNTS; i++) {
        gable_text_addf(out, " \"%s\": ", rows[i].key);
        if (strncmp(rows[i].key, "published", 9) == 0 && !(rows[i].value > 0))
            gable_text_add(out, "null");
        else
            gable_text_add_json_number(out, rows[i].value);
        gable_text_add(out, ",\n");
    }
    add_json_layers(out, model);
    add_json_formats(out, model);
    gable_text_add(out, " \"overlap_flops_per_byte\": ");
    gable_text_add_json_number(out, gable_model_overlap_flops_per_byte(model));
    gable_text_add(out, ",\n \"weight_bits\": ");
    gable_params all;
    gable_model_params(model, &all);
    gable_text_add_json_number(out, 8.0 * gable_model_weight_bytes(model) / all.total);
    gable_text_add(out, ",\n");
    gable_model_cache(model, &per_token, &constant);
    gable_text_add(out, " \"weights_bytes\": ");
    gable_text_add_json_number(out, gable_model_weight_bytes(model));
    gable_text_add(out, ",\n \"kv_bytes_per_token\": ");
    gable_text_add_json_number(out, per_token);
    gable_text_add(out, ",\n \"state_bytes\": ");
    gable_text_add_json_number(out, constant);
    gable_text_add(out, ",\n");
    gable_text_add(out, " \"vision_params\": ");
    gable_text_add_json_number(out, gable_model_vision_params(model));
    gable_text_add(out, ",\n");
    gable_model_flops_json(out, flops);
    gable_text_add(out, " \"remark\": ");
    if (model->remark)
        gable_text_add_json_string(out, model->remark);
    else
        gable_text_add(out, "null");
    gable_text_add(out, "}\n");
}
