/* model/hf_mixer: which mixer layer i of a Hugging Face config has. Shapes: facts/models.md 2. */
#include <string.h>

#include "model/hf.h"

typedef enum layer_type { FULL, SLIDING, LINEAR, CHUNKED } layer_type;

static gable_status type_of_name(const hf_import *in, const gable_json *node, layer_type *out)
{
    static const struct {
        const char *name;
        layer_type type;
    } rows[] = {{"full_attention", FULL},
                {"sliding_attention", SLIDING},
                {"linear_attention", LINEAR},
                {"chunked_attention", CHUNKED}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (node->type == GABLE_JSON_STRING && strcmp(rows[i].name, node->string) == 0) {
            *out = rows[i].type;
            return GABLE_OK;
        }
    static const char *const names[] = {"full_attention", "sliding_attention", "linear_attention",
                                        "chunked_attention"};
    return gable_hf_unknown(in, node, "a layer of type", names, sizeof names / sizeof names[0]);
}

/* Windows without a list: every n-th layer sees all (Gemma), all from the first windowed layer on
 * (Qwen2), or all of them (Mistral). */
static gable_status type_of_rules(const hf_import *in, int i, layer_type *out)
{
    int every = in->family->window_every, from = 0, window = 0;
    bool use = (in->family->traits & HF_WINDOW_OFF) == 0;

    GABLE_TRY(gable_hf_int(in, HF_WINDOW_EVERY, &every));
    GABLE_TRY(gable_hf_bool(in, HF_USE_WINDOW, &use));
    GABLE_TRY(gable_hf_int(in, HF_WINDOW, &window));
    if (!use)
        return GABLE_OK;
    if (every > 0) {
        if ((i + 1) % every != 0)
            *out = window > 0 ? SLIDING : CHUNKED;
        return GABLE_OK;
    }
    if (gable_hf_find(in, HF_USE_WINDOW))
        GABLE_TRY(gable_hf_int(in, HF_WINDOW_FROM, &from));
    if (window > 0 && i >= from)
        *out = SLIDING;
    return GABLE_OK;
}

static gable_status find_type(const hf_import *in, int i, layer_type *out)
{
    const gable_json *named, *flag, *kind;
    int every = 0;
    bool sliding;

    *out = FULL;
    GABLE_TRY(gable_hf_element(in, HF_LAYER_TYPES, i, &named));
    if (named)
        return type_of_name(in, named, out);
    GABLE_TRY(gable_hf_element(in, HF_SWA_LAYERS, i, &flag));
    if (flag) {
        GABLE_TRY(gable_hf_flag(in, flag, &sliding));
        *out = sliding ? SLIDING : FULL;
        return GABLE_OK;
    }
    GABLE_TRY(gable_hf_element(in, HF_ATTENTION_TYPES, i, &kind));
    if (kind && (kind->type != GABLE_JSON_NUMBER || kind->number != 1))
        return gable_json_fail(kind, in->err, "only attention of type 1 (softmax) is understood");
    GABLE_TRY(gable_hf_int(in, HF_FULL_EVERY, &every));
    if (every > 0) {
        *out = (i + 1) % every == 0 ? FULL : LINEAR;
        return GABLE_OK;
    }
    if (in->family->traits & HF_MIXED)
        return gable_json_fail(in->text, in->err, "missing key \"%s\", \"%s\" or \"%s\"",
                               gable_hf_key_name(HF_LAYER_TYPES), gable_hf_key_name(HF_SWA_LAYERS),
                               gable_hf_key_name(HF_FULL_EVERY));
    return type_of_rules(in, i, out);
}

static gable_status head_dims(const hf_import *in, layer_type type, gable_mixer *m)
{
    int head_dim;

    GABLE_TRY(gable_hf_need(in, HF_HEADS, &m->n_heads));
    m->n_kv_heads = m->n_heads;
    GABLE_TRY(gable_hf_count(in, HF_KV_HEADS, &m->n_kv_heads));
    if (m->n_heads % m->n_kv_heads != 0)
        return gable_json_fail(gable_hf_find(in, HF_KV_HEADS), in->err,
                               "n_heads = %d is not a multiple of n_kv_heads = %d", m->n_heads,
                               m->n_kv_heads);
    GABLE_TRY(gable_hf_int(in, HF_HEAD_DIM, &m->head_dim));
    GABLE_TRY(gable_hf_int(in, HF_V_HEAD_DIM, &m->v_head_dim));
    if (type == SLIDING) {
        GABLE_TRY(gable_hf_count(in, HF_SWA_HEADS, &m->n_heads));
        GABLE_TRY(gable_hf_count(in, HF_SWA_KV_HEADS, &m->n_kv_heads));
        GABLE_TRY(gable_hf_count(in, HF_SWA_HEAD_DIM, &m->head_dim));
        GABLE_TRY(gable_hf_count(in, HF_SWA_V_HEAD_DIM, &m->v_head_dim));
    }
    if (type == FULL && gable_hf_find(in, HF_GLOBAL_HEAD_DIM)) {
        GABLE_TRY(gable_hf_count(in, HF_GLOBAL_HEAD_DIM, &m->head_dim));
        GABLE_TRY(gable_hf_count(in, HF_GLOBAL_KV_HEADS, &m->n_kv_heads));
        GABLE_TRY(gable_hf_bool(in, HF_K_EQ_V, &m->k_eq_v));
    }
    if (in->family->traits & HF_HEAD_DIM_OWN)
        GABLE_TRY(gable_hf_need(in, HF_HEAD_DIM, &head_dim));
    if (m->head_dim == 0 && in->hidden % m->n_heads != 0)
        return gable_json_fail(gable_hf_find(in, HF_HEADS), in->err,
                               "%d heads do not divide hidden_size = %d, and there is no head_dim",
                               m->n_heads, in->hidden);
    if (m->head_dim == 0)
        m->head_dim = in->hidden / m->n_heads;
    if (m->v_head_dim == m->head_dim)
        m->v_head_dim = 0;
    return GABLE_OK;
}

static gable_status gqa_flags(const hf_import *in, layer_type type, gable_mixer *m)
{
    m->qk_norm = (in->family->traits & HF_QK_NORM) != 0;
    m->bias = (in->family->traits & HF_QKV_BIAS) != 0;
    m->sinks = (in->family->traits & HF_SINKS) != 0;
    m->gated = (in->family->traits & HF_GATED) != 0;
    GABLE_TRY(gable_hf_bool(in, HF_QK_NORM_KEY, &m->qk_norm));
    GABLE_TRY(gable_hf_bool(in, HF_BIAS, &m->bias));
    GABLE_TRY(gable_hf_bool(in, HF_GATED_KEY, &m->gated));
    return gable_hf_bool(in, type == SLIDING ? HF_SWA_SINKS : HF_FULL_SINKS, &m->sinks);
}

static gable_status fill_gqa(const hf_import *in, layer_type type, gable_mixer *m)
{
    m->kind = GABLE_MIXER_GQA;
    GABLE_TRY(head_dims(in, type, m));
    GABLE_TRY(gqa_flags(in, type, m));
    if (type == SLIDING)
        return gable_hf_need(in, HF_WINDOW, &m->window);
    if (type == CHUNKED && !gable_hf_find(in, HF_CHUNK_WINDOW))
        return gable_json_fail(in->text, in->err, "missing key \"%s\" or \"%s\"",
                               gable_hf_key_name(HF_WINDOW), gable_hf_key_name(HF_CHUNK_WINDOW));
    if (type == CHUNKED)
        return gable_hf_need(in, HF_CHUNK_WINDOW, &m->window);
    return GABLE_OK;
}

gable_status gable_hf_mixer_gqa(const hf_import *in, int i_layer, gable_mixer *out)
{
    layer_type type;

    GABLE_TRY(find_type(in, i_layer, &type));
    if (type == LINEAR)
        return gable_json_fail(
            in->text, in->err,
            "layer %d is linear attention, which model_type \"%s\" should not have", i_layer,
            in->family->model_type);
    return fill_gqa(in, type, out);
}

/* GLM-5.2 shares selections: a list, or full for the first layers and then every n-th
 * (facts/models.md 2.3). */
static gable_status index_shared(const hf_import *in, int i, bool *out)
{
    const gable_json *type;
    int every = 0, offset = 0;

    GABLE_TRY(gable_hf_element(in, HF_INDEX_TYPES, i, &type));
    if (type && (type->type != GABLE_JSON_STRING ||
                 (strcmp(type->string, "full") != 0 && strcmp(type->string, "shared") != 0)))
        return gable_json_fail(type, in->err, "expected \"full\" or \"shared\"");
    if (type) {
        *out = strcmp(type->string, "shared") == 0;
        return *out && i == 0 ? gable_json_fail(type, in->err,
                                                "the first layer has no selection of an earlier "
                                                "one to share, expected \"full\"")
                              : GABLE_OK;
    }
    GABLE_TRY(gable_hf_int(in, HF_INDEX_EVERY, &every));
    GABLE_TRY(gable_hf_int(in, HF_INDEX_OFFSET, &offset));
    if (every > 1 && offset == 0)
        return gable_json_fail(gable_hf_find(in, HF_INDEX_EVERY), in->err,
                               "the first layer has no selection of an earlier one to share, "
                               "expected \"%s\" of at least 1",
                               gable_hf_key_name(HF_INDEX_OFFSET));
    *out = every > 1 && i >= offset && (i - offset + 1) % every != 0;
    return GABLE_OK;
}

gable_status gable_hf_mixer_mla(const hf_import *in, int i_layer, gable_mixer *out)
{
    out->kind = GABLE_MIXER_MLA;
    GABLE_TRY(gable_hf_need(in, HF_HEADS, &out->n_heads));
    GABLE_TRY(gable_hf_int(in, HF_Q_RANK, &out->q_rank));
    GABLE_TRY(gable_hf_need(in, HF_KV_RANK, &out->kv_rank));
    GABLE_TRY(gable_hf_need(in, HF_NOPE_DIM, &out->nope_dim));
    GABLE_TRY(gable_hf_need(in, HF_ROPE_DIM, &out->rope_dim));
    GABLE_TRY(gable_hf_need(in, HF_V_HEAD_DIM, &out->v_head_dim));
    GABLE_TRY(gable_hf_bool(in, HF_GATED_KEY, &out->gated));
    GABLE_TRY(gable_hf_bool(in, HF_BIAS, &out->bias));
    if (!gable_hf_find(in, HF_INDEX_TOPK))
        return GABLE_OK;
    out->kind = GABLE_MIXER_DSA;
    GABLE_TRY(gable_hf_need(in, HF_Q_RANK, &out->q_rank)); /* the indexer reads the query latent */
    GABLE_TRY(gable_hf_need(in, HF_INDEX_HEADS, &out->index_heads));
    GABLE_TRY(gable_hf_need(in, HF_INDEX_DIM, &out->index_dim));
    GABLE_TRY(gable_hf_need(in, HF_INDEX_TOPK, &out->index_topk));
    return index_shared(in, i_layer, &out->index_shared);
}

/* 0: sliding window alone; 4: sparse with an indexer; 128: heavy compression (facts/models.md 2.4).
 */
gable_status gable_hf_mixer_v4(const hf_import *in, int i_layer, gable_mixer *out)
{
    const gable_json *ratio;

    GABLE_TRY(gable_hf_element(in, HF_RATIOS, i_layer, &ratio));
    if (!ratio)
        return gable_json_fail(in->text, in->err, "missing key \"%s\"",
                               gable_hf_key_name(HF_RATIOS));
    if (ratio->type != GABLE_JSON_NUMBER ||
        (ratio->number != 0 && ratio->number != 4 && ratio->number != 128))
        return gable_json_fail(ratio, in->err, "expected a compression ratio of 0, 4 or 128");
    out->compress_ratio = (int)ratio->number;
    out->kind = out->compress_ratio == 4 ? GABLE_MIXER_CSA : GABLE_MIXER_HCA;
    out->sinks = true;
    GABLE_TRY(gable_hf_need(in, HF_HEADS, &out->n_heads));
    GABLE_TRY(gable_hf_need(in, HF_HEAD_DIM, &out->head_dim));
    GABLE_TRY(gable_hf_need(in, HF_WINDOW, &out->window));
    GABLE_TRY(gable_hf_need(in, HF_Q_RANK, &out->q_rank));
    GABLE_TRY(gable_hf_need(in, HF_ROPE_DIM, &out->rope_dim));
    GABLE_TRY(gable_hf_need(in, HF_OUT_GROUPS, &out->out_groups));
    GABLE_TRY(gable_hf_need(in, HF_OUT_RANK, &out->out_rank));
    if (out->kind != GABLE_MIXER_CSA)
        return GABLE_OK;
    GABLE_TRY(gable_hf_need(in, HF_INDEX_HEADS, &out->index_heads));
    GABLE_TRY(gable_hf_need(in, HF_INDEX_DIM, &out->index_dim));
    return gable_hf_need(in, HF_INDEX_TOPK, &out->index_topk);
}

gable_status gable_hf_mixer_msa(const hf_import *in, int i_layer, gable_mixer *out)
{
    const gable_json *sparse = gable_hf_find(in, HF_SPARSE);
    const gable_json *list = gable_json_get(sparse, "sparse_attention_freq");
    const gable_json *flag = list && list->type == GABLE_JSON_ARRAY ? list->child : NULL;
    bool on = true;

    GABLE_TRY(fill_gqa(in, FULL, out));
    if (!sparse)
        return gable_json_fail(in->text, in->err, "missing key \"%s\"",
                               gable_hf_key_name(HF_SPARSE));
    GABLE_TRY(gable_hf_member_flag(in, sparse, "use_sparse_attention", &on));
    if (!on)
        return GABLE_OK;
    for (int i = 0; i < i_layer && flag; i++)
        flag = flag->next;
    if (!flag)
        return gable_json_fail(list ? list : sparse, in->err,
                               "expected \"sparse_attention_freq\" with one entry per layer");
    GABLE_TRY(gable_hf_flag(in, flag, &on));
    if (!on)
        return GABLE_OK;
    out->kind = GABLE_MIXER_MSA;
    GABLE_TRY(gable_hf_member_int(in, sparse, "sparse_num_index_heads", &out->index_heads));
    GABLE_TRY(gable_hf_member_int(in, sparse, "sparse_index_dim", &out->index_dim));
    GABLE_TRY(gable_hf_member_int(in, sparse, "sparse_topk_blocks", &out->index_topk));
    return gable_hf_member_int(in, sparse, "sparse_block_size", &out->index_block);
}

gable_status gable_hf_mixer_gdn(const hf_import *in, int i_layer, gable_mixer *out)
{
    layer_type type;

    GABLE_TRY(find_type(in, i_layer, &type));
    if (type != LINEAR)
        return fill_gqa(in, type, out);
    out->kind = GABLE_MIXER_GDN;
    GABLE_TRY(gable_hf_need(in, HF_GDN_HEADS, &out->state_heads));
    GABLE_TRY(gable_hf_need(in, HF_GDN_KEY_HEADS, &out->state_key_heads));
    GABLE_TRY(gable_hf_need(in, HF_GDN_KEY_DIM, &out->state_key_dim));
    GABLE_TRY(gable_hf_need(in, HF_GDN_VALUE_DIM, &out->state_value_dim));
    return gable_hf_need(in, HF_CONV, &out->conv_width);
}

/* Layers are listed by number, counted from 1, in one list per kind. */
gable_status gable_hf_mixer_kda(const hf_import *in, int i_layer, gable_mixer *out)
{
    const gable_json *linear = gable_hf_find(in, HF_LINEAR);
    bool kda, full;

    if (!linear || linear->type != GABLE_JSON_OBJECT)
        return gable_json_fail(linear ? linear : in->text, in->err, "expected an object \"%s\"",
                               gable_hf_key_name(HF_LINEAR));
    GABLE_TRY(gable_hf_holds(in, gable_json_get(linear, "kda_layers"), i_layer + 1, &kda));
    GABLE_TRY(gable_hf_holds(in, gable_json_get(linear, "full_attn_layers"), i_layer + 1, &full));
    if (kda == full)
        return gable_json_fail(linear, in->err,
                               "layer %d is in %s of kda_layers and full_attn_layers", i_layer + 1,
                               kda ? "both" : "neither");
    if (full)
        return gable_hf_mixer_mla(in, i_layer, out);
    out->kind = GABLE_MIXER_KDA;
    GABLE_TRY(gable_hf_member_flag(in, linear, "use_full_rank_gate", &out->gated));
    GABLE_TRY(gable_hf_member_int(in, linear, "num_heads", &out->state_heads));
    GABLE_TRY(gable_hf_member_int(in, linear, "head_dim", &out->state_key_dim));
    GABLE_TRY(gable_hf_member_int(in, linear, "short_conv_kernel_size", &out->conv_width));
    out->state_value_dim = out->state_key_dim;
    return GABLE_OK;
}

gable_status gable_hf_mixer_hybrid(const hf_import *in, int i_layer, gable_mixer *out)
{
    char block;

    GABLE_TRY(gable_hf_block(in, i_layer, &block));
    if (block == '*')
        return fill_gqa(in, FULL, out);
    if (block != 'M')
        return GABLE_OK;
    out->kind = GABLE_MIXER_MAMBA2;
    GABLE_TRY(gable_hf_need(in, HF_SSM_HEADS, &out->state_heads));
    GABLE_TRY(gable_hf_need(in, HF_SSM_HEAD_DIM, &out->state_value_dim));
    GABLE_TRY(gable_hf_need(in, HF_SSM_STATE, &out->state_key_dim));
    GABLE_TRY(gable_hf_need(in, HF_SSM_GROUPS, &out->state_groups));
    GABLE_TRY(gable_hf_int(in, HF_SSM_CHUNK, &out->chunk));
    return gable_hf_need(in, HF_CONV, &out->conv_width);
}

/* Per block: no attention, one matrix, or grouped heads (facts/models.md 4.19). */
gable_status gable_hf_mixer_nas(const hf_import *in, int i_layer, gable_mixer *out)
{
    const gable_json *block;
    bool none = false, linear = false;
    int group;

    GABLE_TRY(gable_hf_element(in, HF_BLOCKS_KEY, i_layer, &block));
    const gable_json *attention = gable_json_get(block, "attention");
    if (!attention)
        return gable_json_fail(block ? block : in->text, in->err,
                               "expected \"block_configs\" with an \"attention\" per layer");
    GABLE_TRY(gable_hf_member_flag(in, attention, "no_op", &none));
    GABLE_TRY(gable_hf_member_flag(in, attention, "replace_with_linear", &linear));
    out->kind = linear && !none ? GABLE_MIXER_LINEAR : GABLE_MIXER_NONE;
    if (none || linear)
        return GABLE_OK;
    GABLE_TRY(fill_gqa(in, FULL, out));
    GABLE_TRY(gable_hf_member_int(in, attention, "n_heads_in_group", &group));
    if (out->n_heads % group != 0)
        return gable_json_fail(gable_json_get(attention, "n_heads_in_group"), in->err,
                               "expected n_heads_in_group to divide %d heads", out->n_heads);
    out->n_kv_heads = out->n_heads / group;
    const gable_json *window = gable_json_get(attention, "window_length");
    if (window && window->type != GABLE_JSON_NULL)
        return gable_hf_member_int(in, attention, "window_length", &out->window);
    return GABLE_OK;
}
