/* model/hf: a Hugging Face config.json from top to bottom. */
#include "model/hf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static gable_status whole(const hf_import *in, const gable_json *node, int *out)
{
    if (node->type != GABLE_JSON_NUMBER)
        return gable_json_fail(node, in->err, "expected a number, got %s",
                               gable_json_type_text(node->type));
    if (node->number < 0 || node->number > 1 << 30 || node->number != floor(node->number))
        return gable_json_fail(node, in->err, "expected a whole number from 0 to 2^30");
    *out = (int)node->number;
    return GABLE_OK;
}

static gable_status at_least_one(const hf_import *in, const gable_json *node, int *out)
{
    GABLE_TRY(whole(in, node, out));
    if (*out == 0)
        return gable_json_fail(node, in->err, "0, expected at least 1");
    return GABLE_OK;
}

gable_status gable_hf_int(const hf_import *in, hf_key key, int *out)
{
    const gable_json *node = gable_hf_find(in, key);

    return node ? whole(in, node, out) : GABLE_OK;
}

gable_status gable_hf_count(const hf_import *in, hf_key key, int *out)
{
    const gable_json *node = gable_hf_find(in, key);

    return node ? at_least_one(in, node, out) : GABLE_OK;
}

gable_status gable_hf_need(const hf_import *in, hf_key key, int *out)
{
    const gable_json *node = gable_hf_find(in, key);

    if (!node)
        return gable_json_fail(in->text, in->err, "missing key \"%s\"", gable_hf_key_name(key));
    return at_least_one(in, node, out);
}

gable_status gable_hf_bool(const hf_import *in, hf_key key, bool *out)
{
    const gable_json *node = gable_hf_find(in, key);

    if (node && node->type != GABLE_JSON_BOOL)
        return gable_json_fail(node, in->err, "expected true or false, got %s",
                               gable_json_type_text(node->type));
    if (node)
        *out = node->boolean;
    return GABLE_OK;
}

gable_status gable_hf_member_int(const hf_import *in, const gable_json *object, const char *name,
                                 int *out)
{
    const gable_json *node = gable_json_get(object, name);

    if (!node)
        return gable_json_fail(object, in->err, "missing key \"%s\"", name);
    return at_least_one(in, node, out);
}

gable_status gable_hf_element(const hf_import *in, hf_key key, int i, const gable_json **out)
{
    const gable_json *list = gable_hf_find(in, key);
    int n_mtp = 0;

    *out = NULL;
    if (!list)
        return GABLE_OK;
    GABLE_TRY(gable_hf_int(in, HF_MTP, &n_mtp)); /* their modules may have entries at the end */
    if (list->type != GABLE_JSON_ARRAY)
        return gable_json_fail(list, in->err,
                               "expected a list with an entry for each layer, got %s",
                               gable_json_type_text(list->type));
    if (list->n_children < (size_t)in->n_layers ||
        list->n_children > (size_t)in->n_layers + (size_t)n_mtp)
        return gable_json_fail(list, in->err,
                               "%zu entries, expected a list with an entry for each of %d layers",
                               list->n_children, in->n_layers);
    *out = list->child;
    for (int k = 0; k < i; k++)
        *out = (*out)->next;
    return GABLE_OK;
}

gable_status gable_hf_flag(const hf_import *in, const gable_json *node, bool *out)
{
    bool number = node->type == GABLE_JSON_NUMBER && (node->number == 0 || node->number == 1);

    if (!number && node->type != GABLE_JSON_BOOL)
        return gable_json_fail(node, in->err, "expected true or false, or 1 or 0");
    *out = number ? node->number == 1 : node->boolean;
    return GABLE_OK;
}

gable_status gable_hf_member_flag(const hf_import *in, const gable_json *object, const char *name,
                                  bool *out)
{
    const gable_json *node = gable_json_get(object, name);

    return node && node->type != GABLE_JSON_NULL ? gable_hf_flag(in, node, out) : GABLE_OK;
}

gable_status gable_hf_holds(const hf_import *in, const gable_json *list, double value, bool *out)
{
    *out = false;
    if (!list)
        return GABLE_OK;
    if (list->type != GABLE_JSON_ARRAY)
        return gable_json_fail(list, in->err, "expected a list of layers, got %s",
                               gable_json_type_text(list->type));
    for (const gable_json *node = list->child; node; node = node->next) {
        if (node->type != GABLE_JSON_NUMBER)
            return gable_json_fail(node, in->err, "expected the number of a layer, got %s",
                                   gable_json_type_text(node->type));
        *out = *out || node->number == value;
    }
    return GABLE_OK;
}

gable_status gable_hf_unknown(const hf_import *in, const gable_json *node, const char *what,
                              const char *const *names, size_t n)
{
    char known[400] = "";

    if (node->type != GABLE_JSON_STRING)
        return gable_json_fail(node, in->err, "expected a string, got %s",
                               gable_json_type_text(node->type));
    const char *near = gable_text_nearest(node->string, names, n);
    if (near)
        return gable_json_fail(node, in->err,
                               "%s \"%.60s\" is not understood; did you mean \"%s\"?", what,
                               node->string, near);
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", names[i]);
    }
    return gable_json_fail(node, in->err, "%s \"%.60s\" is not understood; known are %s", what,
                           node->string, known);
}

static const char *string_of(const gable_json *node)
{
    return node && node->type == GABLE_JSON_STRING ? node->string : NULL;
}

/* The row of the text part's model_type, else of the file's. */
static gable_status find_family(hf_import *in)
{
    const char *near = NULL, *near_root = NULL;
    const gable_json *own = gable_json_get(in->text, "model_type");
    const gable_json *outer = gable_json_get(in->root, "model_type");
    const gable_json *shown = own ? own : outer;

    if (string_of(own))
        in->family = gable_hf_find_family(own->string, &near);
    if (!in->family && string_of(outer))
        in->family = gable_hf_find_family(outer->string, &near_root);
    if (in->family)
        return GABLE_OK;
    if (shown && !string_of(shown))
        return gable_json_fail(shown, in->err, "expected a string, got %s",
                               gable_json_type_text(shown->type));
    if (!shown)
        return gable_json_fail(in->root, in->err,
                               "no \"schema\" and no \"model_type\": neither our description of a "
                               "model nor a Hugging Face config");
    near = near ? near : near_root;
    return gable_json_fail(shown, in->err, "model_type \"%s\" is not understood%s%s%s",
                           shown->string, near ? "; did you mean \"" : "", near ? near : "",
                           near ? "\"?" : "");
}

static gable_status count_layers(hf_import *in)
{
    int stated = 0;

    if (!(in->family->traits & HF_BLOCKS)) {
        GABLE_TRY(gable_hf_need(in, HF_LAYERS, &in->n_layers));
        if (in->n_layers > HF_LAYERS_CAP)
            return gable_json_fail(gable_hf_find(in, HF_LAYERS), in->err, "more than %d layers",
                                   HF_LAYERS_CAP);
    } else {
        GABLE_TRY(gable_hf_count_blocks(in, &in->n_layers));
        GABLE_TRY(gable_hf_int(in, HF_LAYERS, &stated));
        if (stated > 0 && stated != in->n_layers)
            return gable_json_fail(gable_hf_find(in, HF_LAYERS), in->err,
                                   "%d layers, but the pattern has %d", stated, in->n_layers);
    }
    return GABLE_OK;
}

static gable_status read_root(const hf_import *in, gable_model *model)
{
    model->family = in->family->model_type;
    model->hidden = in->hidden;
    model->tied = (in->family->traits & HF_TIED) != 0;
    GABLE_TRY(gable_hf_need(in, HF_VOCAB, &model->vocab));
    GABLE_TRY(gable_hf_int(in, HF_CONTEXT, &model->max_context));
    GABLE_TRY(gable_hf_bool(in, HF_TIED_KEY, &model->tied));
    GABLE_TRY(gable_hf_int(in, HF_MTP, &model->n_mtp));
    GABLE_TRY(gable_hf_int(in, HF_HYPER, &model->hyper_streams));
    return gable_hf_int(in, HF_CANVAS, &model->canvas);
}

static gable_status read_layers(const hf_import *in, gable_model *model)
{
    gable_layer *layers;

    GABLE_TRY(gable_arena_take(in->arena, (size_t)in->n_layers, sizeof *layers, &layers, in->err));
    for (int i = 0; i < in->n_layers; i++) {
        layers[i].count = 1;
        layers[i].hidden = in->hidden;
        GABLE_TRY(in->family->mixer(in, i, &layers[i].mixer));
        GABLE_TRY(in->family->ffn(in, i, &layers[i].ffn));
        GABLE_TRY(gable_layer_check(&layers[i], in->text, in->err));
    }
    return gable_model_set_layers(in->arena, model, layers, in->n_layers, in->err);
}

static const char *const text_keys[] = {"text_config", "llm_config", "language_config"};

gable_status gable_hf_read(gable_arena *arena, const gable_json *root, const gable_json *companion,
                           const char *stem, gable_model *model, gable_err *err)
{
    gable_remark remark = {""};
    hf_import in = {.arena = arena, .err = err, .root = root, .text = root, .remark = &remark};

    for (size_t i = 0; i < sizeof text_keys / sizeof text_keys[0]; i++) {
        const gable_json *text = gable_json_get(root, text_keys[i]);
        if (!text || text->type == GABLE_JSON_NULL)
            continue;
        if (text->type != GABLE_JSON_OBJECT)
            return gable_json_fail(text, err, "expected an object, got %s",
                                   gable_json_type_text(text->type));
        in.text = text;
    }
    model->name = model->title = stem;
    GABLE_TRY(find_family(&in));
    GABLE_TRY(gable_hf_check_keys(&in));
    GABLE_TRY(gable_hf_need(&in, HF_HIDDEN, &in.hidden));
    GABLE_TRY(count_layers(&in));
    GABLE_TRY(read_root(&in, model));
    GABLE_TRY(read_layers(&in, model));
    GABLE_TRY(gable_hf_quant(&in, companion, model));
    gable_hf_vision(&in, &model->vision);
    if (model->vision.layers > 0)
        gable_remark_add(&remark,
                         "Counts are those of the text part; images pass the vision tower.");
    else if (in.text != in.root && !model->canvas)
        gable_remark_add(&remark, "Text part only: towers for other inputs are not counted.");
    if (remark.text[0])
        model->remark = gable_arena_copy(arena, remark.text, strlen(remark.text));
    return GABLE_OK;
}
