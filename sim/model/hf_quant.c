/* model/hf_quant: which format each module of a checkpoint is in. Quantised checkpoints leave much
 * as it was (facts/models.md 0.1, 7): every matrix of every layer gets a format first, and a module
 * class takes the one that holds most of its weights. */
#include "model/hf_quant.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Path of a part below "layers.", as the family's checkpoints call it. */
static void part_path(const hf_quantiser *q, int i_layer, const gable_part *part, char *out)
{
    const hf_paths *p = q->in->family->paths;
    bool state = gable_mixer_has_state(&q->model->kinds[q->model->kind_of_layer[i_layer]].mixer);
    const char *const prefixes[GABLE_N_MODULES] = {
        [GABLE_MODULE_ATTENTION] = state ? p->state : p->attention,
        [GABLE_MODULE_INDEXER] = p->attention,
        [GABLE_MODULE_ROUTED] = p->routed,
        [GABLE_MODULE_SHARED] = p->shared,
        [GABLE_MODULE_DENSE] = p->dense,
        [GABLE_MODULE_ROUTER] = p->router,
        [GABLE_MODULE_LATENT] = p->dense,
    };
    const char *prefix = part->module < 0 ? NULL : prefixes[part->module];

    snprintf(out, HF_PATH_CAP, "layers.%d.%s.%s", i_layer, prefix ? prefix : "", part->name);
}

/* What comes before "layers." differs by wrapper (model., language_model.model., backbone.); and
 * matrices of one feed-forward part go by several names. False: the pattern is about something that
 * is not priced here. */
static bool normalise(const char *pattern, char out[HF_PATH_CAP])
{
    static const char *const synonyms[][2] = {{".w1", ".up_proj"},
                                              {".w3", ".up_proj"},
                                              {".gate_proj", ".up_proj"},
                                              {".w2", ".down_proj"},
                                              {".gate_up_proj", ".up_proj"}};
    const char *layers = strstr(pattern, "layers."), *expert = strstr(pattern, "experts.");

    if (strncmp(pattern, "mtp", 3) == 0)
        return false;
    if (expert && expert[8] >= '1' && expert[8] <= '9') /* expert 0 stands for all */
        return false;
    bool regex = strncmp(pattern, "re:", 3) == 0;
    if (layers && !regex && (layers == pattern || layers[-1] == '.'))
        pattern = layers;
    snprintf(out, HF_PATH_CAP, "%s", pattern);
    for (size_t i = 0; i < sizeof synonyms / sizeof synonyms[0]; i++) {
        size_t n = strlen(out), m = strlen(synonyms[i][0]);
        if (n > m && strcmp(out + n - m, synonyms[i][0]) == 0) {
            snprintf(out + n - m, HF_PATH_CAP - (n - m), "%s", synonyms[i][1]);
            break;
        }
    }
    return true;
}

/* A wildcard may reach into the wrapper that normalise() takes from plain names. */
static bool names_part(const char *pattern, const char *path, bool *ok)
{
    static const char *const wrappers[] = {"", "model.", "model.language_model.",
                                           "language_model.model.", "backbone."};
    bool wild = strncmp(pattern, "layers.", 7) != 0 &&
                (strncmp(pattern, "re:", 3) == 0 || strchr(pattern, '*'));
    size_t n = wild ? sizeof wrappers / sizeof wrappers[0] : 1;

    for (size_t i = 0; i < n; i++) {
        char full[HF_PATH_CAP + 32];
        snprintf(full, sizeof full, "%s%s", wrappers[i], path);
        if (gable_hf_match(pattern, full, ok))
            return true;
    }
    return false;
}

static gable_status assign_layer(hf_quantiser *q, const gable_json *where, const char *pattern,
                                 int i_layer, int pair)
{
    gable_part parts[GABLE_PARTS_CAP];
    const gable_model *model = q->model;
    int n = gable_model_parts(model, &model->kinds[model->kind_of_layer[i_layer]], parts);
    bool ok = true;

    for (int i = 0; i < n; i++) {
        char path[HF_PATH_CAP];
        if (parts[i].module < 0)
            continue;
        part_path(q, i_layer, &parts[i], path);
        if (names_part(pattern, path, &ok)) {
            q->assigned[i_layer * GABLE_PARTS_CAP + i] = (unsigned char)pair;
            q->n_hits++;
        }
    }
    return ok ? GABLE_OK
              : gable_json_fail(where, q->in->err,
                                "a pattern that is not understood: \"%.80s\"; read are names, * "
                                "and, after re:, . .* \\. \\d+ and (a|b)",
                                pattern);
}

static bool names_any(const char *pattern, const char *const *names)
{
    bool ok = true;

    for (; *names; names++)
        if (gable_hf_match(pattern, *names, &ok))
            return true;
    return false;
}

/* Gives the modules that one pattern names the format `pair`. */
static gable_status assign(hf_quantiser *q, const gable_json *where, const char *raw, int pair)
{
    static const char *const heads[] = {"lm_head", "head", "language_model.lm_head", NULL};
    static const char *const embeds[] = {"embed_tokens", "model.embed_tokens",
                                         "backbone.embeddings", NULL};
    char pattern[HF_PATH_CAP];
    char *end;

    if (strlen(raw) + 16 > HF_PATH_CAP)
        return gable_json_fail(where, q->in->err, "a pattern of more than %d bytes",
                               HF_PATH_CAP - 16);
    if (!normalise(raw, pattern))
        return GABLE_OK;
    if (strncmp(pattern, "layers.", 7) == 0 && isdigit((unsigned char)pattern[7])) {
        long layer = strtol(pattern + 7, &end, 10);
        /* "layers.1*" is written for layer 1, not for 10 to 19 (those have lines of their own) */
        if (strcmp(end, "*") == 0)
            *end = '\0';
        if (*end == '\0' || *end == '.')
            return layer < q->model->n_layers ? assign_layer(q, where, pattern, (int)layer, pair)
                                              : GABLE_OK;
    }
    if (++q->n_wide > HF_WIDE_CAP)
        return gable_json_fail(where, q->in->err, "more than %d patterns without a layer number",
                               HF_WIDE_CAP);
    bool head = names_any(pattern, heads), embed = names_any(pattern, embeds);
    q->head = head ? pair : q->head;
    q->embed = embed ? pair : q->embed;
    q->n_hits += head + embed;
    for (int i = 0; i < q->model->n_layers; i++)
        GABLE_TRY(assign_layer(q, where, pattern, i, pair));
    return GABLE_OK;
}

static gable_status assign_list(hf_quantiser *q, const gable_json *list, int pair)
{
    if (!list || list->type == GABLE_JSON_NULL)
        return GABLE_OK;
    if (list->type != GABLE_JSON_ARRAY)
        return gable_json_fail(list, q->in->err, "expected a list of modules");
    for (const gable_json *node = list->child; node; node = node->next) {
        if (node->type != GABLE_JSON_STRING)
            return gable_json_fail(node, q->in->err, "expected the name of a module");
        GABLE_TRY(assign(q, node, node->string, pair));
    }
    return GABLE_OK;
}

/* Every matrix of the classes that are quantised at all starts in the base format. */
static void assign_base(hf_quantiser *q)
{
    for (int layer = 0; layer < q->model->n_layers; layer++) {
        gable_part parts[GABLE_PARTS_CAP];
        const gable_model *model = q->model;
        int n = gable_model_parts(model, &model->kinds[model->kind_of_layer[layer]], parts);
        for (int i = 0; i < n; i++) {
            bool kept = parts[i].module < 0 || parts[i].module == GABLE_MODULE_ROUTER ||
                        (q->routed_only && parts[i].module != GABLE_MODULE_ROUTED);
            q->assigned[layer * GABLE_PARTS_CAP + i] = (unsigned char)(kept ? 0 : q->base);
        }
    }
}

/* "quantized_layers": each module with its algorithm. */
static gable_status assign_map(hf_quantiser *q, const gable_json *modelopt)
{
    const gable_json *map = gable_json_get(modelopt, "quantized_layers");

    if (!map || map->type != GABLE_JSON_OBJECT || !map->child)
        return gable_json_fail(map ? map : modelopt, q->in->err,
                               "MIXED_PRECISION needs \"quantized_layers\": an object with a "
                               "\"quant_algo\" for each module");
    for (const gable_json *node = map->child; node; node = node->next) {
        const gable_json *algo = gable_json_get(node, "quant_algo");
        int pair = 0;
        if (!algo)
            return gable_json_fail(node, q->in->err, "expected \"quant_algo\"");
        GABLE_TRY(gable_hf_pair_of_algo(q, algo, &pair));
        GABLE_TRY(assign(q, node, node->key, pair));
    }
    return GABLE_OK;
}

/* A module that a group lists. A class of modules other than Linear is not known here. */
static gable_status assign_target(hf_quantiser *q, const gable_json *target, int pair)
{
    long before = q->n_hits;

    if (gable_hf_is_linear(target)) /* the base, before any list */
        return GABLE_OK;
    if (target->type != GABLE_JSON_STRING)
        return gable_json_fail(target, q->in->err, "expected the name of a module");
    GABLE_TRY(assign(q, target, target->string, pair));
    if (q->n_hits == before && !strpbrk(target->string, ".*:"))
        return gable_json_fail(target, q->in->err,
                               "\"%.60s\" names no module, expected \"Linear\" or the path of "
                               "one",
                               target->string);
    return GABLE_OK;
}

/* Groups of compressed-tensors that list their modules. */
static gable_status assign_groups(hf_quantiser *q, const gable_json *config)
{
    const char *method = gable_hf_text_of(config, "quant_method");
    const gable_json *groups = gable_json_get(config, "config_groups");

    if (!method || strcmp(method, "compressed-tensors") != 0)
        return GABLE_OK;
    for (const gable_json *group = groups->child; group; group = group->next) { /* as it was read */
        const gable_json *targets = gable_json_get(group, "targets");
        int pair = 0;
        GABLE_TRY(gable_hf_pair_of_group(q, group, &pair));
        if (targets && targets->type == GABLE_JSON_STRING)
            GABLE_TRY(assign_target(q, targets, pair));
        for (const gable_json *t = targets ? targets->child : NULL; t; t = t->next)
            GABLE_TRY(assign_target(q, t, pair));
    }
    return GABLE_OK;
}

/* "kv_cache_quant_algo" or "kv_cache_scheme": null, a name, or a group without a group size. */
static gable_status cache_format(const hf_quantiser *q, const gable_json *config)
{
    static const char *const names[] = {"FP8", "NVFP4", "INT8"};
    static const gable_dtype dtypes[] = {GABLE_DTYPE_FP8, GABLE_DTYPE_NVFP4, GABLE_DTYPE_INT8};
    const gable_json *algo = gable_json_get(q->modelopt, "kv_cache_quant_algo");
    gable_dtype dtype;
    size_t i = 0;

    if (!algo || algo->type == GABLE_JSON_NULL)
        algo = gable_json_get(config, "kv_cache_scheme");
    if (!algo || algo->type == GABLE_JSON_NULL)
        return GABLE_OK;
    if (algo->type == GABLE_JSON_OBJECT) {
        GABLE_TRY(gable_hf_dtype_of_group(q, algo, &dtype));
    } else {
        while (i < 3 && !(algo->type == GABLE_JSON_STRING && strcmp(algo->string, names[i]) == 0))
            i++;
        if (i == 3)
            return gable_hf_unknown(q->in, algo, "cache format", names, 3);
        dtype = dtypes[i];
    }
    if (q->model->kv_dtype == GABLE_DTYPE_BF16) /* packed entries are FP8 already */
        q->model->kv_dtype = dtype;
    return GABLE_OK;
}

/* A class takes the format of most of its weights; the remark says when it is not all of them. */
static void settle(const hf_quantiser *q)
{
    double held[GABLE_N_MODULES][HF_PAIRS_CAP] = {{0}};
    gable_model *model = q->model;

    for (int layer = 0; layer < model->n_layers; layer++) {
        gable_part parts[GABLE_PARTS_CAP];
        int n = gable_model_parts(model, &model->kinds[model->kind_of_layer[layer]], parts);
        for (int i = 0; i < n; i++)
            if (parts[i].module >= 0)
                held[parts[i].module][q->assigned[layer * GABLE_PARTS_CAP + i]] += parts[i].params;
    }
    held[GABLE_MODULE_HEAD][q->head] += 1;
    held[GABLE_MODULE_EMBED][q->embed] += 1;
    for (int m = 0; m < GABLE_N_MODULES; m++) {
        double sum = 0;
        int best = 0;
        for (int p = 0; p < q->n_pairs; p++) {
            sum += held[m][p];
            best = held[m][p] > held[m][best] ? p : best;
        }
        model->dtypes[m] = q->pairs[best];
        if (held[m][best] < 0.995 * sum)
            gable_remark_add(q->in->remark, "%s: %.0f %% of the weights are %s; all are priced so.",
                             gable_module_name(m), 100 * held[m][best] / sum,
                             gable_dtype_name(q->pairs[best].weights));
    }
}

static gable_status read_formats(hf_quantiser *q, const gable_json *config)
{
    const gable_json *algo = gable_json_get(q->modelopt, "quant_algo");
    const gable_json *names[] = {gable_json_get(q->modelopt, "exclude_modules"),
                                 gable_json_get(config, "modules_to_not_convert"),
                                 gable_json_get(config, "ignored_layers"),
                                 gable_json_get(config, "ignore")};
    bool mixed =
        algo && algo->type == GABLE_JSON_STRING && strcmp(algo->string, "MIXED_PRECISION") == 0;

    if (config)
        GABLE_TRY(gable_hf_native_format(q, config));
    if (algo && algo->type != GABLE_JSON_NULL && !mixed)
        GABLE_TRY(gable_hf_pair_of_algo(q, algo, &q->base));
    assign_base(q);
    GABLE_TRY(assign_groups(q, config));
    for (size_t i = 0; !mixed && i < sizeof names / sizeof names[0]; i++)
        GABLE_TRY(assign_list(q, names[i], 0));
    if (mixed)
        GABLE_TRY(assign_map(q, q->modelopt));
    return cache_format(q, config);
}

/* "expert_dtype": "fp4": MXFP4 experts that run with FP8 activations (facts/models.md 2.4, 4.18).
 */
static gable_status expert_format(hf_quantiser *q)
{
    const gable_json *node = gable_hf_find(q->in, HF_EXPERT_DTYPE);
    gable_module_dtypes pair = HF_PAIR(MXFP4, FP8);

    if (!node)
        return GABLE_OK;
    if (node->type != GABLE_JSON_STRING || strcmp(node->string, "fp4") != 0)
        return gable_json_fail(node, q->in->err, "expected \"fp4\"");
    if (q->model->dtypes[GABLE_MODULE_ROUTED].weights == GABLE_DTYPE_FP8_BLOCK)
        q->model->dtypes[GABLE_MODULE_ROUTED] = pair;
    return GABLE_OK;
}

static gable_status read_dtype(const hf_quantiser *q, const gable_json *node, gable_dtype *out)
{
    if (node->type != GABLE_JSON_STRING)
        return gable_json_fail(node, q->in->err, "expected a string, got %s",
                               gable_json_type_text(node->type));
    return gable_dtype_find(node->string, out)
               ? GABLE_OK
               : gable_json_fail(node, q->in->err,
                                 "unknown format \"%.40s\", expected one like \"bfloat16\"",
                                 node->string);
}

static gable_status plain_format(hf_quantiser *q)
{
    const gable_json *dtype = gable_hf_find(q->in, HF_DTYPE),
                     *state = gable_hf_find(q->in, HF_SSM_DTYPE);
    gable_dtype plain = GABLE_DTYPE_BF16;

    q->model->state_dtype = GABLE_DTYPE_FP32;
    q->model->kv_dtype = q->in->family->kv;
    q->model->index_dtype = q->in->family->index;
    if (dtype)
        GABLE_TRY(read_dtype(q, dtype, &plain));
    if (state)
        GABLE_TRY(read_dtype(q, state, &q->model->state_dtype));
    gable_hf_pair_index(q, (gable_module_dtypes){plain, plain});
    return GABLE_OK;
}

gable_status gable_hf_quant(const hf_import *in, const gable_json *companion, gable_model *model)
{
    hf_quantiser q = {.in = in, .model = model};
    const gable_json *config = gable_hf_find(in, HF_QUANT);
    size_t mark = gable_arena_mark(in->arena);

    if (config && config->type != GABLE_JSON_OBJECT)
        return gable_json_fail(config, in->err, "expected an object");
    q.modelopt = gable_json_get(companion, "quantization");
    if (companion && (!q.modelopt || q.modelopt->type != GABLE_JSON_OBJECT))
        return gable_json_fail(q.modelopt ? q.modelopt : companion, in->err,
                               "expected an object \"quantization\"");
    if (!q.modelopt && gable_json_get(config, "quant_algo"))
        q.modelopt = config;
    if (config)
        gable_hf_check_quant_keys(in, config);
    GABLE_TRY(plain_format(&q));
    GABLE_TRY(gable_arena_take(in->arena, (size_t)model->n_layers, GABLE_PARTS_CAP, &q.assigned,
                               in->err));
    GABLE_TRY(read_formats(&q, config));
    settle(&q);
    gable_arena_release(in->arena, mark);
    return expert_format(&q);
}
