/* model/params: how many weights a layer has and how many bytes its cache keeps.
 * Formulas: facts/models.md 4.1 (gqa), 4.3 (mla), 4.4 (dsa), 4.7 (csa, hca, mHC), 4.8
 * (msa), 4.11, 4.12 (moe), 4.13 (mamba2, gdn, kda), 4.14 (memory tables), 3 (cache). */
#include <string.h>

#include "model/internal.h"

typedef struct part_list {
    gable_part *parts;
    int n;
    double hidden;
} part_list;

static void add(part_list *list, int module, const char *name, double params)
{
    if (params > 0 && list->n < GABLE_PARTS_CAP)
        list->parts[list->n++] = (gable_part){module, name, params, 1.0};
}

static double v_dim(const gable_mixer *m)
{
    return m->v_head_dim > 0 ? m->v_head_dim : m->head_dim;
}

static void parts_none(part_list *list, const gable_mixer *m)
{
    (void)list;
    (void)m;
}

static void parts_gqa(part_list *list, const gable_mixer *m)
{
    double d = list->hidden, q = (double)m->n_heads * m->head_dim;
    double k = (double)m->n_kv_heads * m->head_dim, v = m->n_kv_heads * v_dim(m);

    add(list, GABLE_MODULE_ATTENTION, "q_proj", d * q);
    add(list, GABLE_MODULE_ATTENTION, "k_proj", d * k);
    add(list, GABLE_MODULE_ATTENTION, "v_proj", m->k_eq_v ? 0 : d * v);
    add(list, GABLE_MODULE_ATTENTION, "o_proj", m->n_heads * v_dim(m) * d);
    add(list, GABLE_MODULE_ATTENTION, "q_proj", m->gated ? d * q : 0);
    add(list, -1, "bias", m->bias ? q + k + v : 0);
    add(list, -1, "sinks", m->sinks ? m->n_heads : 0);
    add(list, -1, "qk_norm", m->qk_norm ? 2.0 * m->head_dim : 0);
}

static void parts_msa(part_list *list, const gable_mixer *m)
{
    parts_gqa(list, m);
    add(list, GABLE_MODULE_INDEXER, "index_q_proj",
        list->hidden * (double)m->index_heads * m->index_dim);
    add(list, GABLE_MODULE_INDEXER, "index_k_proj", list->hidden * m->index_dim);
}

static void parts_mla(part_list *list, const gable_mixer *m)
{
    double d = list->hidden, heads = m->n_heads;
    double qk = (double)m->nope_dim + m->rope_dim;

    add(list, GABLE_MODULE_ATTENTION, "q_a_proj", d * m->q_rank);
    add(list, GABLE_MODULE_ATTENTION, m->q_rank > 0 ? "q_b_proj" : "q_proj",
        (m->q_rank > 0 ? m->q_rank : d) * heads * qk);
    add(list, GABLE_MODULE_ATTENTION, "kv_a_proj_with_mqa", d * ((double)m->kv_rank + m->rope_dim));
    add(list, GABLE_MODULE_ATTENTION, "kv_b_proj",
        m->kv_rank * heads * ((double)m->nope_dim + m->v_head_dim));
    add(list, GABLE_MODULE_ATTENTION, "o_proj", heads * m->v_head_dim * d);
    add(list, GABLE_MODULE_ATTENTION, "g_proj", m->gated ? d * heads * m->v_head_dim : 0);
    add(list, -1, "norm", (double)m->q_rank + m->kv_rank);
}

static void parts_dsa(part_list *list, const gable_mixer *m)
{
    parts_mla(list, m);
    if (m->index_shared)
        return;
    add(list, GABLE_MODULE_INDEXER, "indexer.wq_b",
        (double)m->q_rank * m->index_heads * m->index_dim);
    add(list, GABLE_MODULE_INDEXER, "indexer.wk", list->hidden * m->index_dim);
    add(list, GABLE_MODULE_INDEXER, "indexer.weights_proj", list->hidden * m->index_heads);
}

/* csa and hca share projections; they differ in the compressor, and csa has an indexer with one of
 * its own. */
static void parts_v4(part_list *list, const gable_mixer *m)
{
    double d = list->hidden, c = m->head_dim, heads = m->n_heads;
    bool csa = m->kind == GABLE_MIXER_CSA;
    double streams = csa ? 4 : (m->compress_ratio > 0 ? 2 : 0);

    add(list, GABLE_MODULE_ATTENTION, "wq_a", d * m->q_rank);
    add(list, GABLE_MODULE_ATTENTION, "wq_b", m->q_rank * heads * c);
    add(list, GABLE_MODULE_ATTENTION, "wkv", d * c);
    add(list, GABLE_MODULE_ATTENTION, "wo_a", heads * c * m->out_rank);
    add(list, GABLE_MODULE_ATTENTION, "wo_b", (double)m->out_groups * m->out_rank * d);
    add(list, GABLE_MODULE_ATTENTION, "compressor", streams * d * c);
    add(list, -1, "sinks", m->sinks ? heads : 0);
    if (!csa)
        return;
    add(list, GABLE_MODULE_INDEXER, "indexer.compressor", 4 * d * m->index_dim);
    add(list, GABLE_MODULE_INDEXER, "indexer.wq_b",
        (double)m->q_rank * m->index_heads * m->index_dim);
    add(list, GABLE_MODULE_INDEXER, "indexer.weights_proj", d * m->index_heads);
}

/* Channels that pass through the short convolution of a state-space or linear-attention mixer. */
static double conv_channels(const gable_mixer *m)
{
    double values = (double)m->state_heads * m->state_value_dim;

    if (m->kind == GABLE_MIXER_MAMBA2)
        return values + 2.0 * m->state_groups * m->state_key_dim;
    double key_heads = m->state_key_heads > 0 ? m->state_key_heads : m->state_heads;
    return values + 2.0 * key_heads * m->state_key_dim;
}

static void parts_mamba2(part_list *list, const gable_mixer *m)
{
    double d = list->hidden, inner = (double)m->state_heads * m->state_value_dim;
    double states = 2.0 * m->state_groups * m->state_key_dim;

    add(list, GABLE_MODULE_ATTENTION, "in_proj", d * (2 * inner + states + m->state_heads));
    add(list, GABLE_MODULE_ATTENTION, "out_proj", inner * d);
    add(list, -1, "conv1d", conv_channels(m) * (m->conv_width + 1.0));
    add(list, -1, "norm", inner + 3.0 * m->state_heads);
}

static void parts_gdn(part_list *list, const gable_mixer *m)
{
    double d = list->hidden, values = (double)m->state_heads * m->state_value_dim;
    double keys = (double)m->state_key_heads * m->state_key_dim;

    add(list, GABLE_MODULE_ATTENTION, "in_proj_qkv", d * (2 * keys + values));
    add(list, GABLE_MODULE_ATTENTION, "in_proj_z", d * values);
    add(list, GABLE_MODULE_ATTENTION, "in_proj_ba", d * 2.0 * m->state_heads);
    add(list, GABLE_MODULE_ATTENTION, "out_proj", values * d);
    add(list, -1, "conv1d", conv_channels(m) * m->conv_width);
}

/* `gated`: the output gate is a full matrix (Kimi-K3); otherwise it goes through one head's width.
 */
static void parts_kda(part_list *list, const gable_mixer *m)
{
    double d = list->hidden, p = (double)m->state_heads * m->state_value_dim;
    double low = d * m->state_key_dim + m->state_key_dim * p;

    add(list, GABLE_MODULE_ATTENTION, "qkv_proj", 3 * d * p);
    add(list, GABLE_MODULE_ATTENTION, "g_proj", m->gated ? d * p : low);
    add(list, GABLE_MODULE_ATTENTION, "b_proj", d * m->state_heads);
    add(list, GABLE_MODULE_ATTENTION, "f_proj", low);
    add(list, GABLE_MODULE_ATTENTION, "o_proj", p * d);
    add(list, -1, "conv1d", conv_channels(m) * m->conv_width);
}

static void parts_linear(part_list *list, const gable_mixer *m)
{
    (void)m;
    add(list, GABLE_MODULE_ATTENTION, "linear_attn", list->hidden * list->hidden);
}

static void (*const mixer_parts[GABLE_N_MIXERS])(part_list *, const gable_mixer *) = {
    [GABLE_MIXER_NONE] = parts_none,     [GABLE_MIXER_GQA] = parts_gqa,
    [GABLE_MIXER_MLA] = parts_mla,       [GABLE_MIXER_DSA] = parts_dsa,
    [GABLE_MIXER_CSA] = parts_v4,        [GABLE_MIXER_HCA] = parts_v4,
    [GABLE_MIXER_MSA] = parts_msa,       [GABLE_MIXER_MAMBA2] = parts_mamba2,
    [GABLE_MIXER_GDN] = parts_gdn,       [GABLE_MIXER_KDA] = parts_kda,
    [GABLE_MIXER_LINEAR] = parts_linear,
};

static void ffn_parts(part_list *list, const gable_ffn *f)
{
    double d = list->hidden, g = f->n_matrices, inner = f->latent_dim > 0 ? f->latent_dim : d;
    double experts = f->n_experts;

    if (f->kind == GABLE_FFN_LINEAR)
        add(list, GABLE_MODULE_DENSE, "linear_mlp", d * d);
    add(list, GABLE_MODULE_DENSE, "down_proj", d * f->width);
    add(list, GABLE_MODULE_DENSE, "up_proj", (g - 1) * d * f->width);
    if (f->n_experts == 0)
        return;
    add(list, GABLE_MODULE_ROUTER, "gate", d * experts);
    add(list, GABLE_MODULE_SHARED, "down_proj", d * f->shared_width);
    add(list, GABLE_MODULE_SHARED, "up_proj", (g - 1) * d * f->shared_width);
    add(list, GABLE_MODULE_LATENT, "latent_proj", f->latent_dim > 0 ? 2 * d * inner : 0);
    int first = list->n;
    add(list, GABLE_MODULE_ROUTED, "down_proj", experts * inner * f->expert_width);
    add(list, GABLE_MODULE_ROUTED, "up_proj", experts * (g - 1) * inner * f->expert_width);
    add(list, -1, "bias", f->bias ? experts * ((g - 1) * f->expert_width + inner) : 0);
    for (int i = first; i < list->n; i++)
        list->parts[i].active_frac = f->n_active / experts;
}

int gable_model_parts(const gable_model *model, const gable_layer *layer, gable_part *parts)
{
    part_list list = {parts, 0, layer->hidden};
    double n = model->hyper_streams, d = layer->hidden;

    mixer_parts[layer->mixer.kind](&list, &layer->mixer);
    ffn_parts(&list, &layer->ffn);
    add(&list, -1, "norm",
        d * ((layer->mixer.kind != GABLE_MIXER_NONE) + (layer->ffn.kind != GABLE_FFN_NONE)));
    /* one mHC site before the mixer and one before the feed-forward part, n d (n^2 + 2n) each */
    add(&list, -1, "hyper", n > 1 ? 2 * n * d * (n * n + 2 * n) : 0);
    return list.n;
}

double gable_model_layer_params(const gable_model *model, const gable_layer *layer, bool active)
{
    gable_part parts[GABLE_PARTS_CAP];
    int n = gable_model_parts(model, layer, parts);
    double sum = 0;

    for (int i = 0; i < n; i++)
        sum += parts[i].params * (active ? parts[i].active_frac : 1);
    return sum;
}

static bool is_attention(int kind)
{
    return kind != GABLE_MIXER_NONE && kind != GABLE_MIXER_MAMBA2 && kind != GABLE_MIXER_GDN &&
           kind != GABLE_MIXER_KDA && kind != GABLE_MIXER_LINEAR;
}

/* No config spells out the MTP module; checkpoints use one more layer like the last (attention and
 * feed-forward part) and a 2d x d projection of the two inputs (facts/models.md 4.15). */
gable_layer gable_model_mtp_layer(const gable_model *model)
{
    gable_layer layer = {.hidden = model->hidden, .count = 1};

    for (int i = 0; i < model->n_layers; i++) {
        const gable_layer *from = &model->kinds[model->kind_of_layer[i]];
        if (is_attention(from->mixer.kind))
            layer.mixer = from->mixer;
        if (from->ffn.kind != GABLE_FFN_NONE)
            layer.ffn = from->ffn;
    }
    return layer;
}

static double mtp_params(const gable_model *model)
{
    if (model->n_mtp == 0)
        return 0;
    gable_layer layer = gable_model_mtp_layer(model);
    return model->n_mtp *
           (gable_model_layer_params(model, &layer, false) + 2.0 * model->hidden * model->hidden);
}

void gable_model_params(const gable_model *model, gable_params *out)
{
    double table = (double)model->vocab * model->hidden;

    memset(out, 0, sizeof *out);
    out->embedding = table;
    out->head = model->tied ? 0 : table;
    out->total = out->active_total = table + out->head + model->hidden;
    for (int i = 0; i < model->n_kinds; i++) {
        const gable_layer *layer = &model->kinds[i];
        const gable_ffn *f = &layer->ffn;
        double inner = f->latent_dim > 0 ? f->latent_dim : layer->hidden;
        out->total += layer->count * gable_model_layer_params(model, layer, false);
        out->active_total += layer->count * gable_model_layer_params(model, layer, true);
        out->routed +=
            (double)layer->count * f->n_experts * f->n_matrices * inner * f->expert_width;
    }
    out->total += model->memory_params;
    out->active_total += model->memory_row_elements;
    /* a tied table is read whole as the LM head; an untied input embedding gives up one row */
    out->linear = out->active_total - (model->tied ? 0 : table);
    out->mtp = mtp_params(model);
}

void gable_model_module_params(const gable_model *model, double params[GABLE_N_MODULES + 1])
{
    double table = (double)model->vocab * model->hidden;

    memset(params, 0, (GABLE_N_MODULES + 1) * sizeof *params);
    params[GABLE_MODULE_EMBED] = table;
    params[GABLE_MODULE_HEAD] = model->tied ? 0 : table;
    params[GABLE_N_MODULES] = model->hidden + model->memory_params;
    for (int i = 0; i < model->n_kinds; i++) {
        gable_part parts[GABLE_PARTS_CAP];
        int n = gable_model_parts(model, &model->kinds[i], parts);
        for (int j = 0; j < n; j++)
            params[parts[j].module < 0 ? GABLE_N_MODULES : parts[j].module] +=
                model->kinds[i].count * parts[j].params;
    }
}

/* A pair of token and expert computes 2 G h m FLOPs and moves h elements there in 8 bits and back
 * in 16 (facts/models.md 4.7); h is the hidden or the latent width and cancels. */
double gable_model_overlap_flops_per_byte(const gable_model *model)
{
    double most = 0;

    for (int i = 0; i < model->n_kinds; i++) {
        const gable_ffn *f = &model->kinds[i].ffn;
        double bound = f->n_experts > 0 ? 2.0 * f->n_matrices * f->expert_width / 3.0 : 0;
        most = bound > most ? bound : most;
    }
    return most;
}

double gable_model_weight_bytes(const gable_model *model)
{
    double params[GABLE_N_MODULES + 1], bytes;

    gable_model_module_params(model, params);
    bytes = params[GABLE_N_MODULES] * gable_dtype_bytes(GABLE_DTYPE_BF16);
    for (int i = 0; i < GABLE_N_MODULES; i++)
        bytes += params[i] * gable_dtype_bytes(model->dtypes[i].weights);
    return bytes;
}

/* Bytes of one layer of one sequence: per token, and however long the text is. */
typedef struct cache {
    double per_token, constant;
} cache;

static void cache_pages(cache *out, double token_bytes, int window)
{
    if (window > 0)
        out->constant += token_bytes * window;
    else
        out->per_token += token_bytes;
}

/* Sliding branch, compressed entries, and what the compressor has seen but not yet emitted. The
 * last is fp32 for two or four streams over (csa, overlapping: twice) one block, as serving engines
 * keep it (facts/models.md 4.7). */
static void cache_v4(cache *out, const gable_model *model, const gable_mixer *m)
{
    double entry = m->head_dim * gable_dtype_bytes(model->kv_dtype);
    double ratio = m->compress_ratio, fp32 = gable_dtype_bytes(GABLE_DTYPE_FP32);

    cache_pages(out, entry, m->window);
    if (m->compress_ratio == 0)
        return;
    out->per_token += entry / ratio;
    out->constant += 2 * ratio * m->head_dim * fp32;
    if (m->kind != GABLE_MIXER_CSA)
        return;
    out->per_token += m->index_dim * gable_dtype_bytes(model->index_dtype) / ratio;
    out->constant += 2 * ratio * m->head_dim * fp32 + 4 * ratio * m->index_dim * fp32;
}

static void cache_state(cache *out, const gable_model *model, const gable_mixer *m)
{
    double state = (double)m->state_heads * m->state_key_dim * m->state_value_dim;

    out->constant += state * gable_dtype_bytes(model->state_dtype) +
                     conv_channels(m) * (m->conv_width - 1) * gable_dtype_bytes(GABLE_DTYPE_BF16);
}

static cache layer_cache(const gable_model *model, const gable_mixer *m)
{
    cache out = {0, 0};
    double kv = gable_dtype_bytes(model->kv_dtype), index = gable_dtype_bytes(model->index_dtype);

    switch ((gable_mixer_kind)m->kind) {
    case GABLE_MIXER_MSA:
        out.per_token = m->index_dim * index;
        cache_pages(&out, m->n_kv_heads * (m->head_dim + v_dim(m)) * kv, m->window);
        break;
    case GABLE_MIXER_GQA:
        cache_pages(&out, m->n_kv_heads * (m->head_dim + (m->kv_once ? 0 : v_dim(m))) * kv,
                    m->window);
        break;
    case GABLE_MIXER_DSA:
        out.per_token = m->index_shared ? 0 : m->index_dim * index;
        out.per_token += ((double)m->kv_rank + m->rope_dim) * kv;
        break;
    case GABLE_MIXER_MLA:
        out.per_token = ((double)m->kv_rank + m->rope_dim) * kv;
        break;
    case GABLE_MIXER_CSA:
    case GABLE_MIXER_HCA:
        cache_v4(&out, model, m);
        break;
    case GABLE_MIXER_MAMBA2:
    case GABLE_MIXER_GDN:
    case GABLE_MIXER_KDA:
        cache_state(&out, model, m);
        break;
    case GABLE_MIXER_NONE:
    case GABLE_MIXER_LINEAR:
    case GABLE_N_MIXERS:
        break;
    }
    return out;
}

void gable_model_cache(const gable_model *model, double *bytes_per_token, double *bytes_const)
{
    *bytes_per_token = *bytes_const = 0;
    for (int i = 0; i < model->n_kinds; i++) {
        cache layer = layer_cache(model, &model->kinds[i].mixer);
        *bytes_per_token += gable_layer_calls(&model->kinds[i]) * layer.per_token;
        *bytes_const += gable_layer_calls(&model->kinds[i]) * layer.constant;
    }
}
