/* model/write: a model as our own JSON, and the JSON Schema of that. */
#include <stdio.h>
#include <string.h>

#include "model/internal.h"

/* Longest repeat, in runs, that is looked for when an order is folded; hybrids have at most 9 runs
 * a block. */
enum { FOLD_CAP = 12, RUNS_CAP = 2048 };

char *gable_model_kind_id(int kind, char *out)
{
    if (kind < 26)
        snprintf(out, GABLE_KIND_ID_CAP, "%c", (char)('a' + kind));
    else
        snprintf(out, GABLE_KIND_ID_CAP, "k%d", kind);
    return out;
}

typedef struct run {
    int kind, count;
} run;

static int find_runs(const gable_model *model, run *runs)
{
    int n = 0;

    for (int i = 0; i < model->n_layers; i++) {
        int kind = model->kind_of_layer[i];
        if (n > 0 && runs[n - 1].kind == kind)
            runs[n - 1].count++;
        else if (n < RUNS_CAP)
            runs[n++] = (run){kind, 1};
    }
    return n;
}

static void add_runs(gable_text *out, const run *runs, int n)
{
    char id[GABLE_KIND_ID_CAP];

    for (int i = 0; i < n; i++) {
        gable_text_addf(out, "%s%s", i ? " " : "", gable_model_kind_id(runs[i].kind, id));
        if (runs[i].count > 1)
            gable_text_addf(out, "*%d", runs[i].count);
    }
}

static int count_repeats(const run *runs, int n, int length)
{
    int times = 1;

    while ((times + 1) * length <= n &&
           memcmp(runs, runs + (size_t)times * (size_t)length, (size_t)length * sizeof *runs) == 0)
        times++;
    return times;
}

void gable_model_write_order(gable_text *out, const gable_model *model)
{
    run runs[RUNS_CAP];
    int n = find_runs(model, runs);

    for (int i = 0; i < n;) {
        int best = 1, best_times = 1;
        for (int length = 2; length <= FOLD_CAP; length++) {
            int times = count_repeats(runs + i, n - i, length);
            if (times > 1 && times * length > best * best_times) {
                best = length;
                best_times = times;
            }
        }
        gable_text_add(out, i ? " " : "");
        gable_text_add(out, best_times > 1 ? "(" : "");
        add_runs(out, runs + i, best);
        if (best_times > 1)
            gable_text_addf(out, ")*%d", best_times);
        i += best * best_times;
    }
}

void gable_model_write_members(gable_text *out, const gable_schema *schema, const void *object)
{
    const char *comma = "";

    gable_text_add(out, "{");
    for (size_t i = 0; i < schema->n_fields; i++) {
        const gable_field *field = &schema->fields[i];
        const char *at = (const char *)object + field->offset;
        if (field->type == GABLE_FIELD_CHOICE)
            gable_text_addf(out, "%s\"%s\": \"%s\"", comma, field->key,
                            field->choices[*(const int *)(const void *)at]);
        else if (field->type == GABLE_FIELD_BOOL && *(const bool *)(const void *)at)
            gable_text_addf(out, "%s\"%s\": true", comma, field->key);
        else if (field->type == GABLE_FIELD_INT && *(const int *)(const void *)at != 0)
            gable_text_addf(out, "%s\"%s\": %d", comma, field->key, *(const int *)(const void *)at);
        else
            continue;
        comma = ", ";
    }
    gable_text_add(out, "}");
}

static void add_layers(gable_text *out, const gable_model *model)
{
    char id[GABLE_KIND_ID_CAP];

    gable_text_add(out, "  \"layers\": [");
    for (int i = 0; i < model->n_kinds; i++) {
        const gable_layer *layer = &model->kinds[i];
        gable_text_addf(out, "%s\n    {\"id\": \"%s\", \"count\": %d,", i ? "," : "",
                        gable_model_kind_id(i, id), layer->count);
        if (layer->hidden != model->hidden)
            gable_text_addf(out, " \"hidden\": %d,", layer->hidden);
        if (layer->passes > 1)
            gable_text_addf(out, " \"passes\": %d,", layer->passes);
        gable_text_add(out, "\n     \"mixer\": ");
        gable_model_write_members(out, &gable_mixer_schema, &layer->mixer);
        gable_text_add(out, ",\n     \"ffn\": ");
        gable_model_write_members(out, &gable_ffn_schema, &layer->ffn);
        gable_text_add(out, "}");
    }
    gable_text_add(out, "\n  ]");
    if (model->n_kinds > 1) {
        gable_text_add(out, ",\n  \"order\": \"");
        gable_model_write_order(out, model);
        gable_text_add(out, "\"");
    }
    gable_text_add(out, "\n");
}

static void add_pair(gable_text *out, gable_module_dtypes pair)
{
    if (pair.activations == gable_model_natural_activations(pair.weights))
        gable_text_addf(out, "\"%s\"", gable_dtype_name(pair.weights));
    else
        gable_text_addf(out, "{\"weights\": \"%s\", \"activations\": \"%s\"}",
                        gable_dtype_name(pair.weights), gable_dtype_name(pair.activations));
}

static bool same_pair(gable_module_dtypes a, gable_module_dtypes b)
{
    return a.weights == b.weights && a.activations == b.activations;
}

/* "default" is the pair that most classes have; the others are listed. */
static void add_dtypes(gable_text *out, const gable_model *model)
{
    const gable_module_dtypes *pairs = model->dtypes;
    int best = 0, most = 0;

    for (int i = 0; i < GABLE_N_MODULES; i++) {
        int n = 0;
        for (int j = 0; j < GABLE_N_MODULES; j++)
            n += same_pair(pairs[i], pairs[j]);
        best = n > most ? i : best;
        most = n > most ? n : most;
    }
    gable_text_add(out, "  \"dtypes\": {\"default\": ");
    add_pair(out, pairs[best]);
    for (int i = 0; i < GABLE_N_MODULES; i++) {
        if (same_pair(pairs[i], pairs[best]))
            continue;
        gable_text_addf(out, ", \"%s\": ", gable_module_name(i));
        add_pair(out, pairs[i]);
    }
    gable_text_add(out, "},\n");
    gable_text_addf(out, "  \"cache\": {\"kv\": \"%s\", \"state\": \"%s\", \"index\": \"%s\"},\n",
                    gable_dtype_name(model->kv_dtype), gable_dtype_name(model->state_dtype),
                    gable_dtype_name(model->index_dtype));
}

static void add_text_line(gable_text *out, const char *key, const char *value)
{
    if (!value)
        return;
    gable_text_addf(out, "  \"%s\": ", key);
    gable_text_add_json_string(out, value);
    gable_text_add(out, ",\n");
}

/* {"params": a, "second": b, "source": id}, leaving out what is 0 or NULL. */
typedef struct counts {
    const char *block, *second, *source;
    double params, other;
    const gable_model *memory; /* whose modules read a table; NULL for other blocks */
} counts;

static void add_memory_modules(gable_text *out, const gable_model *model)
{
    const struct {
        const char *key;
        int value;
    } rows[] = {{"modules", model->memory_modules},
                {"first_layer", model->memory_first_layer},
                {"last_layer", model->memory_last_layer}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].value > 0)
            gable_text_addf(out, ", \"%s\": %d", rows[i].key, rows[i].value);
}

static void add_counts(gable_text *out, const counts *c)
{
    const char *comma = "";

    if (!(c->params > 0) && !(c->other > 0))
        return;
    gable_text_addf(out, "  \"%s\": {", c->block);
    if (c->params > 0) {
        gable_text_add(out, "\"params\": ");
        gable_text_add_json_number(out, c->params);
        comma = ", ";
    }
    if (c->other > 0) {
        gable_text_addf(out, "%s\"%s\": ", comma, c->second);
        gable_text_add_json_number(out, c->other);
    }
    if (c->memory)
        add_memory_modules(out, c->memory);
    if (c->source)
        gable_text_addf(out, ", \"source\": \"%s\"", c->source);
    gable_text_add(out, "},\n");
}

static void add_vision(gable_text *out, const gable_vision *v)
{
    const struct {
        const char *key;
        int value;
    } rows[] = {{"hidden", v->hidden}, {"n_heads", v->n_heads},       {"head_dim", v->head_dim},
                {"width", v->width},   {"n_matrices", v->n_matrices}, {"patch", v->patch},
                {"merge", v->merge},   {"window", v->window},         {"stride", v->stride}};

    if (v->layers == 0)
        return;
    gable_text_addf(out, "  \"vision\": {\"layers\": %d", v->layers);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].value > 0)
            gable_text_addf(out, ", \"%s\": %d", rows[i].key, rows[i].value);
    gable_text_add(out, v->pooled ? ", \"pooled\": true},\n" : "},\n");
}

void gable_model_write(gable_text *out, const gable_model *model, const char *source,
                       const char *published)
{
    const counts blocks[] = {
        {"memory", "row_elements", NULL, model->memory_params, model->memory_row_elements, model},
        {"published", "active_params", published ? "published" : NULL, model->published_params,
         model->published_active_params, NULL}};
    const struct {
        const char *key;
        int value;
    } ints[] = {{"max_context", model->max_context},
                {"n_mtp", model->n_mtp},
                {"hyper_streams", model->hyper_streams},
                {"canvas", model->canvas}};

    gable_text_addf(out, "{\n  \"schema\": \"%s\",\n", gable_model_schema.id);
    add_text_line(out, "name", model->name);
    add_text_line(out, "title", model->title);
    add_text_line(out, "family", model->family);
    gable_text_add(out, "  \"sources\": {\"config\": ");
    gable_text_add_json_string(out, source);
    if (published) {
        gable_text_add(out, ", \"published\": ");
        gable_text_add_json_string(out, published);
    }
    gable_text_add(out, "},\n  \"source\": \"config\",\n");
    gable_text_addf(out, "  \"hidden\": %d,\n  \"vocab\": %d,\n", model->hidden, model->vocab);
    for (size_t i = 0; i < sizeof ints / sizeof ints[0]; i++)
        if (ints[i].value != 0)
            gable_text_addf(out, "  \"%s\": %d,\n", ints[i].key, ints[i].value);
    gable_text_addf(out, "  \"tied\": %s,\n", model->tied ? "true" : "false");
    add_text_line(out, "remark", model->remark);
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++)
        add_counts(out, &blocks[i]);
    add_vision(out, &model->vision);
    add_dtypes(out, model);
    add_layers(out, model);
    gable_text_add(out, "}\n");
}

/* The rows cover the root; the list of layers and the map of formats are spelled out beside it. */
void gable_model_write_schema(gable_text *out)
{
    gable_text_add(out, "{\"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                        "\"title\": \"gable.model/1\",\n\"allOf\": [\n");
    gable_fields_write_schema(out, &gable_model_schema);
    gable_text_add(out, ",\n{\"required\": [\"layers\"], \"properties\": {\n"
                        "\"order\": {\"type\": \"string\"},\n\"dtypes\": {\"type\": \"object\", "
                        "\"additionalProperties\": false, \"properties\": {\"default\": "
                        "{\"$ref\": \"#/$defs/format\"}");
    for (int i = 0; i < GABLE_N_MODULES; i++)
        gable_text_addf(out, ",\n \"%s\": {\"$ref\": \"#/$defs/format\"}", gable_module_name(i));
    gable_text_add(out, "}},\n\"layers\": {\"type\": \"array\", \"minItems\": 1, \"items\": "
                        "{\"type\": \"object\", \"required\": [\"mixer\", \"ffn\"], "
                        "\"properties\": {\n\"id\": {\"type\": \"string\"}, "
                        "\"count\": {\"type\": \"integer\", \"minimum\": 1}, "
                        "\"hidden\": {\"type\": \"integer\", \"minimum\": 1}, "
                        "\"passes\": {\"type\": \"integer\", \"minimum\": 1},\n\"mixer\": ");
    gable_fields_write_schema(out, &gable_mixer_schema);
    gable_text_add(out, ",\n\"ffn\": ");
    gable_fields_write_schema(out, &gable_ffn_schema);
    gable_text_add(out, "}}}}}],\n\"$defs\": {\"format\": {\"oneOf\": [{\"$ref\": "
                        "\"#/$defs/name\"}, {\"type\": \"object\", \"required\": [\"weights\"], "
                        "\"properties\": {\"weights\": {\"$ref\": \"#/$defs/name\"}, "
                        "\"activations\": {\"$ref\": \"#/$defs/name\"}}}]},\n"
                        "\"name\": {\"enum\": [");
    for (int i = 0; i < GABLE_N_DTYPES; i++)
        gable_text_addf(out, "%s\"%s\"", i ? ", " : "", gable_dtype_name((gable_dtype)i));
    gable_text_add(out, "]}}}\n");
}
