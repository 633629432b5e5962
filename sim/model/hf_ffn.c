/* model/hf_ffn: which feed-forward part layer i of a Hugging Face config has. Shapes:
 * facts/models.md 2. */
#include <math.h>
#include <string.h>

#include "model/hf.h"

static gable_status has_experts(const hf_import *in, bool *out)
{
    int n = 0;
    bool block = true;

    if (!gable_hf_find(in, HF_EXPERTS) && gable_hf_find(in, HF_ACTIVE))
        return gable_json_fail(gable_hf_find(in, HF_ACTIVE), in->err,
                               "experts of a token, but no \"%s\"", gable_hf_key_name(HF_EXPERTS));
    GABLE_TRY(gable_hf_int(in, HF_EXPERTS, &n));
    GABLE_TRY(gable_hf_bool(in, HF_MOE_BLOCK, &block));
    *out = n > 0 && block;
    return GABLE_OK;
}

/* moe_layer_freq is one flag per layer, or "every n-th". */
static gable_status by_frequency(const hf_import *in, int i, bool *moe)
{
    const gable_json *freq = gable_hf_find(in, HF_MOE_FREQ), *flag;
    int every = 1;
    bool on;

    if (!freq)
        return GABLE_OK;
    if (freq->type == GABLE_JSON_ARRAY) {
        GABLE_TRY(gable_hf_element(in, HF_MOE_FREQ, i, &flag));
        GABLE_TRY(gable_hf_flag(in, flag, &on));
        *moe = *moe && on;
        return GABLE_OK;
    }
    GABLE_TRY(gable_hf_int(in, HF_MOE_FREQ, &every));
    *moe = *moe && (every <= 1 || i % every == 0);
    return GABLE_OK;
}

static gable_status is_moe(const hf_import *in, int i, bool *moe)
{
    const gable_json *type;
    int first = 0, step = 1;
    bool dense;

    GABLE_TRY(has_experts(in, moe));
    if (!*moe)
        return GABLE_OK;
    GABLE_TRY(gable_hf_element(in, HF_MOE_TYPES, i, &type));
    if (type) {
        if (type->type != GABLE_JSON_STRING ||
            (strcmp(type->string, "dense") != 0 && strcmp(type->string, "sparse") != 0))
            return gable_json_fail(type, in->err, "expected \"dense\" or \"sparse\"");
        *moe = strcmp(type->string, "sparse") == 0;
        return GABLE_OK;
    }
    GABLE_TRY(gable_hf_int(in, HF_FIRST_MOE, &first));
    GABLE_TRY(gable_hf_int(in, HF_MOE_STEP, &step));
    GABLE_TRY(gable_hf_holds(in, gable_hf_find(in, HF_DENSE_LAYERS), i, &dense));
    *moe = i >= first && (step <= 1 || (i + 1) % step == 0) && !dense;
    return by_frequency(in, i, moe);
}

static gable_status fill_dense(const hf_import *in, gable_ffn *f)
{
    f->kind = GABLE_FFN_DENSE;
    f->n_matrices = (in->family->traits & HF_UNGATED_FFN) ? 2 : 3;
    GABLE_TRY(gable_hf_bool(in, HF_MLP_BIAS, &f->bias));
    if ((in->family->traits & HF_EXPERT_IS_WIDTH) && gable_hf_find(in, HF_EXPERTS) &&
        gable_hf_find(in, HF_WIDTH) == gable_hf_find(in, HF_PLAIN_WIDTH))
        return gable_json_fail(in->text, in->err,
                               "missing key \"dense_intermediate_size\" or "
                               "\"intermediate_size_mlp\": \"%s\" is the width of an expert",
                               gable_hf_key_name(HF_PLAIN_WIDTH));
    return gable_hf_need(in, HF_WIDTH, &f->width);
}

/* Shared experts: a width of their own, or n of the routed width. */
static gable_status fill_shared(const hf_import *in, gable_ffn *f)
{
    int n = (in->family->traits & HF_ONE_SHARED) ? 1 : 0;

    GABLE_TRY(gable_hf_int(in, HF_SHARED, &n));
    if ((long)n * f->expert_width > 1 << 24)
        return gable_json_fail(in->text, in->err, "shared experts are too wide");
    f->shared_width = n * f->expert_width;
    return gable_hf_int(in, HF_SHARED_WIDTH, &f->shared_width);
}

static gable_status fill_moe(const hf_import *in, int i, gable_ffn *f)
{
    int hashed = 0;
    bool beside = false;

    f->kind = GABLE_FFN_MOE;
    f->n_matrices = (in->family->traits & HF_UNGATED_FFN) ? 2 : 3;
    f->bias = (in->family->traits & HF_FFN_BIAS) != 0;
    GABLE_TRY(gable_hf_need(in, HF_EXPERTS, &f->n_experts));
    GABLE_TRY(gable_hf_need(in, HF_ACTIVE, &f->n_active));
    if (f->n_active > f->n_experts)
        return gable_json_fail(gable_hf_find(in, HF_ACTIVE), in->err,
                               "a token uses %d experts, but there are only %d", f->n_active,
                               f->n_experts);
    if (in->family->traits & HF_EXPERT_IS_WIDTH)
        GABLE_TRY(gable_hf_int(in, HF_PLAIN_WIDTH, &f->expert_width));
    GABLE_TRY(gable_hf_int(in, HF_EXPERT_WIDTH, &f->expert_width));
    if (f->expert_width == 0)
        return gable_json_fail(in->text, in->err, "missing key \"%s\"",
                               gable_hf_key_name(HF_EXPERT_WIDTH));
    GABLE_TRY(fill_shared(in, f));
    GABLE_TRY(gable_hf_int(in, HF_LATENT, &f->latent_dim));
    if (f->latent_dim > 0)
        f->kind = GABLE_FFN_LATENT_MOE;
    GABLE_TRY(gable_hf_int(in, HF_GROUPS, &f->n_groups));
    GABLE_TRY(gable_hf_int(in, HF_TOP_GROUPS, &f->top_groups));
    if (f->n_groups <= 1) /* one group is no grouping */
        f->n_groups = f->top_groups = 0;
    GABLE_TRY(gable_hf_int(in, HF_HASH_LAYERS, &hashed));
    f->hash_routed = i < hashed;
    GABLE_TRY(gable_hf_bool(in, HF_MOE_BLOCK, &beside));
    if (beside) /* a dense branch in parallel: Gemma-4 */
        return gable_hf_need(in, HF_WIDTH, &f->width);
    return GABLE_OK;
}

gable_status gable_hf_ffn_plain(const hf_import *in, int i_layer, gable_ffn *out)
{
    bool moe;

    GABLE_TRY(is_moe(in, i_layer, &moe));
    return moe ? fill_moe(in, i_layer, out) : fill_dense(in, out);
}

gable_status gable_hf_ffn_hybrid(const hf_import *in, int i_layer, gable_ffn *out)
{
    char block;

    GABLE_TRY(gable_hf_block(in, i_layer, &block));
    if (block == 'E')
        return fill_moe(in, i_layer, out);
    return block == '-' ? fill_dense(in, out) : GABLE_OK;
}

/* Per block: none, one matrix, or a width of 2/3 ffn_mult d, rounded up to 256
 * (facts/models.md 4.19). */
gable_status gable_hf_ffn_nas(const hf_import *in, int i_layer, gable_ffn *out)
{
    const gable_json *block, *mult;
    bool none = false, linear = false;

    GABLE_TRY(gable_hf_element(in, HF_BLOCKS_KEY, i_layer, &block));
    const gable_json *ffn = gable_json_get(block, "ffn");
    if (!ffn)
        return gable_json_fail(block ? block : in->text, in->err,
                               "expected \"block_configs\" with an \"ffn\" per layer");
    GABLE_TRY(gable_hf_member_flag(in, ffn, "no_op", &none));
    GABLE_TRY(gable_hf_member_flag(in, ffn, "replace_with_linear", &linear));
    out->kind = linear && !none ? GABLE_FFN_LINEAR : GABLE_FFN_NONE;
    if (none || linear)
        return GABLE_OK;
    mult = gable_json_get(ffn, "ffn_mult");
    if (!mult || mult->type != GABLE_JSON_NUMBER || mult->number <= 0 || mult->number > 64)
        return gable_json_fail(mult ? mult : ffn, in->err,
                               "expected an \"ffn_mult\": a number above 0, at most 64");
    double width = floor(2.0 * mult->number * in->hidden / 3.0);
    out->kind = GABLE_FFN_DENSE;
    out->n_matrices = 3;
    out->width = (int)(ceil(width / 256.0) * 256.0);
    return gable_hf_bool(in, HF_MLP_BIAS, &out->bias);
}

typedef struct block_row {
    char block;
    const char *name;
} block_row;

static const block_row block_rows[] = {
    {'M', "mamba"}, {'*', "attention"}, {'E', "moe"}, {'-', "mlp"}};
enum { N_BLOCK_ROWS = sizeof block_rows / sizeof block_rows[0] };

gable_status gable_hf_block(const hf_import *in, int i_layer, char *out)
{
    const gable_json *pattern = gable_hf_find(in, HF_HYBRID), *name;

    if (pattern) {
        char c = pattern->string[i_layer];
        for (int i = 0; i < N_BLOCK_ROWS; i++)
            if (block_rows[i].block == c) {
                *out = c;
                return GABLE_OK;
            }
        return gable_json_fail(pattern, in->err, "layer %d is '%c', expected M, *, E or -", i_layer,
                               c);
    }
    GABLE_TRY(gable_hf_element(in, HF_BLOCK_TYPES, i_layer, &name));
    for (int i = 0; name && name->type == GABLE_JSON_STRING && i < N_BLOCK_ROWS; i++)
        if (strcmp(block_rows[i].name, name->string) == 0) {
            *out = block_rows[i].block;
            return GABLE_OK;
        }
    return gable_json_fail(name ? name : in->text, in->err,
                           "expected mamba, attention, moe or mlp for layer %d", i_layer);
}

gable_status gable_hf_count_blocks(const hf_import *in, int *out)
{
    const gable_json *pattern = gable_hf_find(in, HF_HYBRID),
                     *list = gable_hf_find(in, HF_BLOCK_TYPES);
    size_t n;

    if (!pattern && !list)
        return gable_json_fail(in->text, in->err, "missing key \"%s\" or \"%s\"",
                               gable_hf_key_name(HF_HYBRID), gable_hf_key_name(HF_BLOCK_TYPES));
    if (pattern && pattern->type != GABLE_JSON_STRING)
        return gable_json_fail(pattern, in->err, "expected a string with a letter for each layer");
    if (!pattern && list->type != GABLE_JSON_ARRAY)
        return gable_json_fail(list, in->err, "expected a list with an entry for each layer");
    n = pattern ? strlen(pattern->string) : list->n_children;
    if (n == 0 || n > HF_LAYERS_CAP)
        return gable_json_fail(pattern ? pattern : list, in->err,
                               "%zu layers, expected 1 to %d of them", n, HF_LAYERS_CAP);
    *out = (int)n;
    return GABLE_OK;
}
