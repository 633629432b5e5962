/* model/schema: our own description of a model, "gable.model/1": root rows, dtypes per module
 * class, layers and the order that they stand in. workloads/README.md shows one. */
#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "model/internal.h"

/* More layers than any model has (the deepest here has 118); keeps a hostile "count" from filling
 * memory. */
enum { LAYERS_CAP = 2048, KINDS_CAP = 512 };

static const char *const dtype_names[] = {
#define NAME(symbol, name, bits, mma) name,
    GABLE_DTYPE_LIST(NAME)
#undef NAME
        NULL};

/* The root as its rows see it; CHOICE members are plain ints. */
typedef struct model_file {
    gable_model model;
    int kv, state, index;
} model_file;

#define MODEL(member) (offsetof(model_file, model) + offsetof(gable_model, member))
#define ROW(block_, key_, type_, offset_, flags_, help_)                                           \
    {                                                                                              \
        .block = (block_), .key = (key_), .type = GABLE_FIELD_##type_, .dim = GABLE_DIM_COUNT,     \
        .offset = (offset_), .flags = (flags_), .help = (help_)                                    \
    }
#define DTYPE_ROW(key_, member, help_)                                                             \
    {                                                                                              \
        .block = "cache", .key = (key_), .type = GABLE_FIELD_CHOICE,                               \
        .offset = offsetof(model_file, member), .choices = dtype_names, .help = (help_)            \
    }
#define NEED GABLE_FIELD_REQUIRED

static const gable_field fields[] = {
    ROW("", "name", NAME, MODEL(name), NEED, "name, as the file without .json"),
    ROW("", "title", TEXT, MODEL(title), 0, "name as people write it"),
    ROW("", "family", TEXT, MODEL(family), 0, "model_type of the config"),
    ROW("", "hidden", INT, MODEL(hidden), NEED, "width of the residual stream"),
    ROW("", "vocab", INT, MODEL(vocab), NEED, "rows of the embedding"),
    ROW("", "max_context", INT, MODEL(max_context), 0, "longest context in tokens"),
    ROW("", "tied", BOOL, MODEL(tied), 0, "LM head shares the input embedding"),
    ROW("", "n_mtp", INT, MODEL(n_mtp), 0, "multi-token-prediction modules"),
    ROW("", "hyper_streams", INT, MODEL(hyper_streams), 0, "residual streams of mHC"),
    ROW("", "canvas", INT, MODEL(canvas), 0, "block diffusion: tokens of a block"),
    ROW("", "remark", TEXT, MODEL(remark), 0, "what a reader must know"),
    ROW("memory", "params", NUMBER, MODEL(memory_params), 0, "elements of hashed memory tables"),
    ROW("memory", "row_elements", NUMBER, MODEL(memory_row_elements), 0,
        "elements of them that one token reads, all modules together"),
    ROW("memory", "modules", INT, MODEL(memory_modules), 0, "layers that read them"),
    ROW("memory", "first_layer", INT, MODEL(memory_first_layer), 0,
        "the first of those, counted from 1"),
    ROW("memory", "last_layer", INT, MODEL(memory_last_layer), 0,
        "the last of those, counted from 1"),
    ROW("vision", "layers", INT, MODEL(vision.layers), 0, "layers of the vision tower"),
    ROW("vision", "hidden", INT, MODEL(vision.hidden), 0, "its width"),
    ROW("vision", "n_heads", INT, MODEL(vision.n_heads), 0, "its attention heads"),
    ROW("vision", "head_dim", INT, MODEL(vision.head_dim), 0, "their width, if not hidden/n_heads"),
    ROW("vision", "width", INT, MODEL(vision.width), 0, "width of its feed-forward parts"),
    ROW("vision", "n_matrices", INT, MODEL(vision.n_matrices), 0, "2 ungated, 3 gated"),
    ROW("vision", "patch", INT, MODEL(vision.patch), 0, "pixels on a side of a patch"),
    ROW("vision", "merge", INT, MODEL(vision.merge), 0, "patches on a side that become one token"),
    ROW("vision", "pooled", BOOL, MODEL(vision.pooled), 0, "they are averaged, not concatenated"),
    ROW("vision", "window", INT, MODEL(vision.window), 0,
        "patches on a side of the neighbourhood that a patch sees; absent: all"),
    ROW("vision", "stride", INT, MODEL(vision.stride), 0, "steps that the neighbourhood moves in"),
    ROW("published", "params", NUMBER, MODEL(published_params), 0, "parameters as published"),
    ROW("published", "active_params", NUMBER, MODEL(published_active_params), 0,
        "active parameters as published"),
    DTYPE_ROW("kv", kv, "format of keys and values"),
    DTYPE_ROW("state", state, "format of recurrent states"),
    DTYPE_ROW("index", index, "format of index keys"),
};
static const char *const extra_keys[] = {"dtypes", "layers", "order"};

const gable_schema gable_model_schema = {
    .id = "gable.model/1",
    .title = "a model: its layers and their formats",
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .extra_keys = extra_keys,
    .n_extra_keys = sizeof extra_keys / sizeof extra_keys[0],
    .sourced = true,
};

gable_dtype gable_model_natural_activations(gable_dtype weights)
{
    static const struct {
        gable_dtype weights, activations;
    } rows[] = {
        {GABLE_DTYPE_INT4, GABLE_DTYPE_BF16},    {GABLE_DTYPE_INT4_G32, GABLE_DTYPE_BF16},
        {GABLE_DTYPE_IQ2_XXS, GABLE_DTYPE_BF16}, {GABLE_DTYPE_Q2_K, GABLE_DTYPE_BF16},
        {GABLE_DTYPE_IQ3_XXS, GABLE_DTYPE_BF16}, {GABLE_DTYPE_Q3_K, GABLE_DTYPE_BF16},
        {GABLE_DTYPE_Q4_K, GABLE_DTYPE_BF16},    {GABLE_DTYPE_Q5_K, GABLE_DTYPE_BF16},
        {GABLE_DTYPE_Q6_K, GABLE_DTYPE_BF16},    {GABLE_DTYPE_Q8_0, GABLE_DTYPE_BF16},
        {GABLE_DTYPE_MXFP4, GABLE_DTYPE_BF16}, /* published weight-only: gpt-oss, Kimi-K3 */
        {GABLE_DTYPE_TERNARY, GABLE_DTYPE_INT8},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].weights == weights)
            return rows[i].activations;
    return weights;
}

static gable_status read_dtype(const gable_json *node, gable_dtype *out, gable_err *err)
{
    if (node->type != GABLE_JSON_STRING)
        return gable_json_fail(node, err, "expected the name of a format, got %s",
                               gable_json_type_text(node->type));
    if (gable_dtype_find(node->string, out))
        return GABLE_OK;
    const char *near = gable_text_nearest(node->string, dtype_names, GABLE_N_DTYPES);
    return gable_json_fail(node, err, "unknown format \"%s\"%s%s%s", node->string,
                           near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* "nvfp4", or {"weights": "nvfp4", "activations": "bf16"}. */
static gable_status read_pair(const gable_json *node, gable_module_dtypes *out, gable_err *err)
{
    static const char *const keys[] = {"weights", "activations"};
    const gable_json *weights = node;

    if (node->type == GABLE_JSON_OBJECT) {
        GABLE_TRY(gable_json_check_keys(node, keys, 2, err));
        weights = gable_json_get(node, "weights");
        if (!weights)
            return gable_json_fail(node, err, "missing key \"weights\"");
    }
    GABLE_TRY(read_dtype(weights, &out->weights, err));
    out->activations = gable_model_natural_activations(out->weights);
    const gable_json *activations = gable_json_get(node, "activations");
    return activations ? read_dtype(activations, &out->activations, err) : GABLE_OK;
}

static gable_status read_dtypes(const gable_json *node, gable_model *model, gable_err *err)
{
    const char *keys[GABLE_N_MODULES + 1];
    gable_module_dtypes base = {GABLE_DTYPE_BF16, GABLE_DTYPE_BF16};

    for (int i = 0; i < GABLE_N_MODULES; i++)
        keys[i] = gable_module_name(i);
    keys[GABLE_N_MODULES] = "default";
    if (node && node->type != GABLE_JSON_OBJECT)
        return gable_json_fail(node, err, "expected an object, got %s",
                               gable_json_type_text(node->type));
    if (node)
        GABLE_TRY(gable_json_check_keys(node, keys, GABLE_N_MODULES + 1, err));
    if (gable_json_get(node, "default"))
        GABLE_TRY(read_pair(gable_json_get(node, "default"), &base, err));
    for (int i = 0; i < GABLE_N_MODULES; i++) {
        const gable_json *own = gable_json_get(node, keys[i]);
        model->dtypes[i] = base;
        if (own)
            GABLE_TRY(read_pair(own, &model->dtypes[i], err));
    }
    return GABLE_OK;
}

typedef struct layer_file {
    const char *id;
    int count, hidden, passes;
} layer_file;

static const gable_field layer_fields[] = {
    {.block = "",
     .key = "id",
     .type = GABLE_FIELD_NAME,
     .offset = offsetof(layer_file, id),
     .help = "what \"order\" calls the layer"},
    {.block = "",
     .key = "count",
     .type = GABLE_FIELD_INT,
     .dim = GABLE_DIM_COUNT,
     .offset = offsetof(layer_file, count),
     .min = 1,
     .max = LAYERS_CAP,
     .help = "how many there are"},
    {.block = "",
     .key = "hidden",
     .type = GABLE_FIELD_INT,
     .dim = GABLE_DIM_COUNT,
     .offset = offsetof(layer_file, hidden),
     .help = "width, if not the model's"},
    {.block = "",
     .key = "passes",
     .type = GABLE_FIELD_INT,
     .dim = GABLE_DIM_COUNT,
     .offset = offsetof(layer_file, passes),
     .min = 1,
     .max = 1024,
     .help = "times that a token goes through each (looped models); weights are stored once"},
};
static const char *const layer_extra[] = {"mixer", "ffn"};
static const gable_schema layer_schema = {
    .title = "a kind of layer",
    .fields = layer_fields,
    .n_fields = sizeof layer_fields / sizeof layer_fields[0],
    .extra_keys = layer_extra,
    .n_extra_keys = 2,
};

typedef struct layer_list {
    gable_arena *arena;
    gable_err *err;
    gable_layer *kinds; /* as listed */
    const char **ids;
    int n_kinds;
    int *order; /* LAYERS_CAP indices into kinds */
    int n_layers;
} layer_list;

static int find_id(const layer_list *list, const char *at, size_t length)
{
    for (int i = 0; i < list->n_kinds; i++)
        if (list->ids[i] && strlen(list->ids[i]) == length && memcmp(list->ids[i], at, length) == 0)
            return i;
    return -1;
}

static gable_status read_kind(layer_list *list, const gable_json *node, int hidden)
{
    layer_file file = {.count = 1};
    gable_layer *layer = &list->kinds[list->n_kinds];
    const gable_json *mixer = gable_json_get(node, "mixer"), *ffn = gable_json_get(node, "ffn");

    GABLE_TRY(gable_fields_read_object(list->arena, node, &layer_schema, &file, list->err));
    if (!mixer || !ffn)
        return gable_json_fail(node, list->err, "missing key \"%s\"", mixer ? "ffn" : "mixer");
    GABLE_TRY(gable_fields_read_object(list->arena, mixer, &gable_mixer_schema, &layer->mixer,
                                       list->err));
    GABLE_TRY(
        gable_fields_read_object(list->arena, ffn, &gable_ffn_schema, &layer->ffn, list->err));
    layer->count = file.count;
    layer->hidden = file.hidden > 0 ? file.hidden : hidden;
    layer->passes = file.passes;
    if (file.id && find_id(list, file.id, strlen(file.id)) >= 0)
        return gable_json_fail(gable_json_get(node, "id"), list->err,
                               "another layer has the id \"%.64s\"", file.id);
    list->ids[list->n_kinds++] = file.id;
    return gable_layer_check(layer, node, list->err);
}

static gable_status append(layer_list *list, const gable_json *where, int kind, long times)
{
    if (times < 1)
        return gable_json_fail(where, list->err, "expected a number of layers from 1 after *");
    if (times > LAYERS_CAP - list->n_layers)
        return gable_json_fail(where, list->err, "more than %d layers", LAYERS_CAP);
    for (long i = 0; i < times; i++)
        list->order[list->n_layers++] = kind;
    return GABLE_OK;
}

/* "*12" at *at; 1 when there is none, 0 when it is not a number. */
static long read_times(const char **at)
{
    long times = 0;

    if (**at != '*')
        return 1;
    for ((*at)++; isdigit((unsigned char)**at) && times <= LAYERS_CAP; (*at)++)
        times = times * 10 + (**at - '0');
    return times;
}

static gable_status repeat_group(layer_list *list, const gable_json *order, int from, long times)
{
    int n = list->n_layers - from;

    if (times < 1 || n < 1 || times * n > LAYERS_CAP - from)
        return gable_json_fail(order, list->err,
                               "a group is empty, or there are more than %d layers", LAYERS_CAP);
    for (long i = 1; i < times; i++)
        memcpy(&list->order[from + i * n], &list->order[from], (size_t)n * sizeof *list->order);
    list->n_layers = from + (int)times * n;
    return GABLE_OK;
}

/* "(swa*5 full)*10 swa*2": ids with repeats, groups one deep. */
static gable_status read_order(layer_list *list, const gable_json *order)
{
    const char *at = order->string;
    int group = -1;

    while (*at) {
        size_t length = strcspn(at, " *()");
        if (length > 0) {
            int kind = find_id(list, at, length);
            if (kind < 0)
                return gable_json_fail(order, list->err, "no layer has the id \"%.*s\"",
                                       (int)(length > 64 ? 64 : length), at);
            at += length;
            GABLE_TRY(append(list, order, kind, read_times(&at)));
        } else if (*at == '(' && group < 0) {
            group = list->n_layers;
            at++;
        } else if (*at == ')' && group >= 0) {
            at++;
            GABLE_TRY(repeat_group(list, order, group, read_times(&at)));
            group = -1;
        } else if (*at == ' ') {
            at++;
        } else {
            return gable_json_fail(order, list->err, "cannot read the order at \"%.20s\"", at);
        }
    }
    if (group >= 0)
        return gable_json_fail(order, list->err, "a group is not closed");
    return GABLE_OK;
}

/* The order must use each listed layer as often as its count says. */
static gable_status check_counts(const layer_list *list, const gable_json *layers)
{
    const gable_json *node = layers->child;

    for (int i = 0; node && i < list->n_kinds; i++, node = node->next) {
        int n = 0;
        for (int j = 0; j < list->n_layers; j++)
            n += list->order[j] == i;
        if (n == 0 || (gable_json_get(node, "count") && n != list->kinds[i].count))
            return gable_json_fail(node, list->err, "count = %d, but the order has %d of them",
                                   list->kinds[i].count, n);
        for (int j = 0; j < i; j++)
            if (gable_layer_equal(&list->kinds[j], &list->kinds[i]))
                return gable_json_fail(node, list->err, "the same as layers[%d]", j);
    }
    return GABLE_OK;
}

static gable_status take_kinds(layer_list *list, size_t n)
{
    GABLE_TRY(gable_arena_take(list->arena, n, sizeof *list->kinds, &list->kinds, list->err));
    GABLE_TRY(gable_arena_take(list->arena, n, sizeof *list->ids, &list->ids, list->err));
    return gable_arena_take(list->arena, LAYERS_CAP, sizeof *list->order, &list->order, list->err);
}

/* The kinds in their order: as "order" says, else as they are listed. */
static gable_status place_layers(layer_list *list, const gable_json *layers,
                                 const gable_json *order)
{
    if (!order) {
        for (int i = 0; i < list->n_kinds; i++)
            GABLE_TRY(append(list, layers, i, list->kinds[i].count));
        return GABLE_OK;
    }
    if (order->type != GABLE_JSON_STRING)
        return gable_json_fail(order, list->err, "expected a string");
    GABLE_TRY(read_order(list, order));
    if (list->n_layers == 0)
        return gable_json_fail(order, list->err, "the order has no layers");
    return check_counts(list, layers);
}

static gable_status read_layers(layer_list *list, const gable_json *root, gable_model *model)
{
    const gable_json *layers = gable_json_get(root, "layers"),
                     *order = gable_json_get(root, "order");
    gable_layer *in_order;

    if (!layers || layers->type != GABLE_JSON_ARRAY || layers->n_children == 0)
        return gable_json_fail(layers ? layers : root, list->err,
                               "expected \"layers\": a list with at least one layer");
    if (layers->n_children > KINDS_CAP)
        return gable_json_fail(layers, list->err, "more than %d kinds of layers", KINDS_CAP);
    GABLE_TRY(take_kinds(list, layers->n_children));
    for (const gable_json *node = layers->child; node; node = node->next)
        GABLE_TRY(read_kind(list, node, model->hidden));
    GABLE_TRY(place_layers(list, layers, order));
    GABLE_TRY(gable_arena_take(list->arena, (size_t)list->n_layers, sizeof *in_order, &in_order,
                               list->err));
    for (int i = 0; i < list->n_layers; i++)
        in_order[i] = list->kinds[list->order[i]];
    if (in_order[0].mixer.index_shared)
        return gable_json_fail(order ? order : layers, list->err,
                               "the first layer has no selection of an earlier one to share");
    return gable_model_set_layers(list->arena, model, in_order, list->n_layers, list->err);
}

static gable_status check_vision(const gable_json *root, gable_vision *v, gable_err *err)
{
    const gable_json *node = gable_json_get(root, "vision");

    if (!node)
        return GABLE_OK;
    if (v->layers < 1 || v->hidden < 1 || v->n_heads < 1 || v->width < 1 || v->patch < 1 ||
        v->merge < 1)
        return gable_json_fail(node, err,
                               "\"layers\", \"hidden\", \"n_heads\", \"width\", \"patch\" and "
                               "\"merge\" must be at least 1");
    if (v->head_dim == 0 && v->hidden % v->n_heads != 0)
        return gable_json_fail(node, err,
                               "%d heads do not divide hidden = %d, and there is no head_dim",
                               v->n_heads, v->hidden);
    if (v->n_matrices != 2 && v->n_matrices != 3)
        return gable_json_fail(node, err, "\"n_matrices\" is 2 or 3");
    v->stride = v->window > 0 && v->stride == 0 ? 1 : v->stride;
    return v->stride > v->window
               ? gable_json_fail(node, err, "\"stride\" is larger than \"window\"")
               : GABLE_OK;
}

/* A table that layers read: how many, how much, and where the first of them stands. */
static gable_status check_memory(const gable_json *root, const gable_model *model, gable_err *err)
{
    const gable_json *node = gable_json_get(root, "memory");
    int first = model->memory_first_layer, last = model->memory_last_layer;

    if (!node)
        return GABLE_OK;
    if (!(model->memory_params > 0.0 && model->memory_row_elements > 0.0) ||
        model->memory_modules < 1)
        return gable_json_fail(node, err,
                               "\"params\", \"row_elements\" and \"modules\" must be above 0");
    if (model->memory_modules > model->n_layers || first > model->n_layers ||
        last > model->n_layers || (first > 0 && last > 0 && first > last))
        return gable_json_fail(node, err,
                               "%d modules in layers %d to %d, expected 1 <= first <= last <= %d, "
                               "the layers that there are",
                               model->memory_modules, first, last, model->n_layers);
    return GABLE_OK;
}

gable_status gable_model_read(gable_arena *arena, const gable_json *root, gable_model *model,
                              gable_err *err)
{
    model_file file = {
        .kv = GABLE_DTYPE_BF16, .state = GABLE_DTYPE_FP32, .index = GABLE_DTYPE_BF16};
    layer_list list = {.arena = arena, .err = err};

    GABLE_TRY(gable_fields_read(arena, root, &gable_model_schema, &file, NULL, err));
    *model = file.model;
    if (model->hidden < 1 || model->vocab < 1)
        return gable_json_fail(root, err, "\"hidden\" and \"vocab\" must be at least 1");
    GABLE_TRY(check_vision(root, &model->vision, err));
    model->kv_dtype = (gable_dtype)file.kv;
    model->state_dtype = (gable_dtype)file.state;
    model->index_dtype = (gable_dtype)file.index;
    GABLE_TRY(read_dtypes(gable_json_get(root, "dtypes"), model, err));
    if (model->published_params > 0.0 && model->published_active_params > model->published_params)
        return gable_json_fail(gable_json_get(root, "published"), err,
                               "more active parameters than parameters");
    GABLE_TRY(read_layers(&list, root, model));
    return check_memory(root, model, err);
}
