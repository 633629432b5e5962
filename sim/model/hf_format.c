/* model/hf_format: what checkpoints call their formats: quant_method, quant_algo, config_groups. */
#include <string.h>

#include "model/hf_quant.h"

/* quant_algo as modelopt writes it */
static const struct {
    const char *algo;
    gable_module_dtypes pair;
} algos[] = {
    {"FP8", HF_PAIR(FP8, FP8)},
    {"FP8_PER_CHANNEL_PER_TOKEN", HF_PAIR(FP8, FP8)},
    {"FP8_PB_WO", HF_PAIR(FP8_BLOCK, FP8_BLOCK)},
    {"FP8_BLOCK_SCALES", HF_PAIR(FP8_BLOCK, FP8_BLOCK)},
    {"MXFP8", HF_PAIR(MXFP8, MXFP8)},
    {"NVFP4", HF_PAIR(NVFP4, NVFP4)},
    {"NVFP4_AWQ", HF_PAIR(NVFP4, NVFP4)},
    {"W4A16_NVFP4", HF_PAIR(NVFP4, BF16)},
    {"W4A8_NVFP4_FP8", HF_PAIR(NVFP4, FP8)},
    {"MXFP4", HF_PAIR(MXFP4, BF16)},
    {"W4A16_MXFP4", HF_PAIR(MXFP4, BF16)},
    {"W4A8_MXFP4_FP8", HF_PAIR(MXFP4, FP8)},
    {"W4A8_MXFP4_MXFP8", HF_PAIR(MXFP4, MXFP8)},
    {"W4A16", HF_PAIR(INT4, BF16)},
    {"W4A16_AWQ", HF_PAIR(INT4, BF16)},
    {"W4A8_AWQ", HF_PAIR(INT4, FP8)},
    {"W8A16", HF_PAIR(INT8, BF16)},
    {"W8A8_SQ_PER_CHANNEL", HF_PAIR(INT8, INT8)},
};

/* config_groups of compressed-tensors and modelopt: bits, type, group size (0: any) */
static const struct {
    int bits;
    const char *type;
    int group;
    gable_dtype dtype;
} group_rows[] = {
    {4, "int", 32, GABLE_DTYPE_INT4_G32}, {4, "int", 0, GABLE_DTYPE_INT4},
    {4, "float", 16, GABLE_DTYPE_NVFP4},  {4, "float", 32, GABLE_DTYPE_MXFP4},
    {8, "float", 32, GABLE_DTYPE_MXFP8},  {8, "float", 128, GABLE_DTYPE_FP8_BLOCK},
    {8, "float", 0, GABLE_DTYPE_FP8},     {8, "int", 0, GABLE_DTYPE_INT8},
};

const char *gable_hf_text_of(const gable_json *object, const char *key)
{
    const gable_json *node = gable_json_get(object, key);

    return node && node->type == GABLE_JSON_STRING ? node->string : NULL;
}

double gable_hf_number_of(const gable_json *object, const char *key)
{
    const gable_json *node = gable_json_get(object, key);

    return node && node->type == GABLE_JSON_NUMBER ? node->number : 0;
}

int gable_hf_pair_index(hf_quantiser *q, gable_module_dtypes pair)
{
    int i = 0;

    while (i < q->n_pairs &&
           (q->pairs[i].weights != pair.weights || q->pairs[i].activations != pair.activations))
        i++;
    if (i == q->n_pairs && q->n_pairs < HF_PAIRS_CAP)
        q->pairs[q->n_pairs++] = pair;
    return i < q->n_pairs ? i : 0;
}

gable_status gable_hf_pair_of_algo(hf_quantiser *q, const gable_json *node, int *out)
{
    for (size_t i = 0; node->type == GABLE_JSON_STRING && i < sizeof algos / sizeof algos[0]; i++)
        if (strcmp(algos[i].algo, node->string) == 0) {
            *out = gable_hf_pair_index(q, algos[i].pair);
            return GABLE_OK;
        }
    return gable_json_fail(node, q->in->err, "a quantisation that is not understood");
}

static gable_status dtype_of_group(const hf_quantiser *q, const gable_json *node, gable_dtype *out)
{
    const char *type = gable_hf_text_of(node, "type");
    int bits = (int)gable_hf_number_of(node, "num_bits"),
        group = (int)gable_hf_number_of(node, "group_size");

    for (size_t i = 0; type && i < sizeof group_rows / sizeof group_rows[0]; i++)
        if (group_rows[i].bits == bits && strcmp(group_rows[i].type, type) == 0 &&
            (group_rows[i].group == 0 || group_rows[i].group == group)) {
            *out = group_rows[i].dtype;
            return GABLE_OK;
        }
    return gable_json_fail(node, q->in->err, "%d-bit %s weights in groups of %d are not understood",
                           bits, type ? type : "?", group);
}

gable_status gable_hf_pair_of_group(hf_quantiser *q, const gable_json *group, int *out)
{
    gable_module_dtypes pair = HF_PAIR(BF16, BF16);
    const gable_json *weights = gable_json_get(group, "weights");
    const gable_json *inputs = gable_json_get(group, "input_activations");

    if (!weights || weights->type != GABLE_JSON_OBJECT)
        return gable_json_fail(group, q->in->err, "expected \"weights\"");
    GABLE_TRY(dtype_of_group(q, weights, &pair.weights));
    if (inputs && inputs->type == GABLE_JSON_OBJECT)
        GABLE_TRY(dtype_of_group(q, inputs, &pair.activations));
    *out = gable_hf_pair_index(q, pair);
    return GABLE_OK;
}

static gable_status block_format(hf_quantiser *q, const gable_json *config)
{
    const gable_json *block = gable_json_get(config, "weight_block_size");
    gable_module_dtypes pair = HF_PAIR(FP8, FP8);

    if (block && block->type == GABLE_JSON_ARRAY && block->n_children == 2) {
        double rows = block->child->number, columns = block->child->next->number;
        if (rows == 128 && columns == 128)
            pair = (gable_module_dtypes)HF_PAIR(FP8_BLOCK, FP8_BLOCK);
        else if (rows == 1 && columns == 32)
            pair = (gable_module_dtypes)HF_PAIR(MXFP8, MXFP8);
        else
            return gable_json_fail(block, q->in->err, "expected blocks of 128x128 or 1x32");
    }
    q->base = gable_hf_pair_index(q, pair);
    return GABLE_OK;
}

bool gable_hf_targets_all(const gable_json *targets)
{
    return !targets || targets->type != GABLE_JSON_ARRAY ||
           (targets->n_children == 1 && targets->child->type == GABLE_JSON_STRING &&
            strcmp(targets->child->string, "Linear") == 0);
}

static gable_status group_format(hf_quantiser *q, const gable_json *config)
{
    const gable_json *groups = gable_json_get(config, "config_groups");

    for (const gable_json *group = groups ? groups->child : NULL; group; group = group->next) {
        const gable_json *targets = gable_json_get(group, "targets");
        int pair = 0;
        GABLE_TRY(gable_hf_pair_of_group(q, group, &pair));
        if (gable_hf_targets_all(targets))
            q->base = pair;
    }
    return GABLE_OK;
}

static gable_status int4_format(hf_quantiser *q, const gable_json *config)
{
    bool g32 = gable_hf_number_of(config, "group_size") == 32;
    gable_module_dtypes pair = HF_PAIR(INT4, BF16);

    if (gable_hf_number_of(config, "bits") != 4)
        return gable_json_fail(config, q->in->err, "expected \"bits\": 4");
    if (g32)
        pair.weights = GABLE_DTYPE_INT4_G32;
    q->base = gable_hf_pair_index(q, pair);
    return GABLE_OK;
}

static gable_status ternary_format(hf_quantiser *q, const gable_json *config)
{
    (void)config;
    q->base = gable_hf_pair_index(q, (gable_module_dtypes)HF_PAIR(TERNARY, INT8));
    return GABLE_OK;
}

static gable_status routed_format(hf_quantiser *q, const gable_json *config)
{
    (void)config;
    q->base = gable_hf_pair_index(q, (gable_module_dtypes)HF_PAIR(MXFP4, BF16));
    q->routed_only = true;
    return GABLE_OK;
}

static gable_status algo_format(hf_quantiser *q, const gable_json *config)
{
    (void)q;
    (void)config; /* modelopt: quant_algo says it */
    return GABLE_OK;
}

gable_status gable_hf_native_format(hf_quantiser *q, const gable_json *config)
{
    static const struct {
        const char *method;
        gable_status (*read)(hf_quantiser *, const gable_json *);
    } methods[] = {{"fp8", block_format},     {"compressed-tensors", group_format},
                   {"mxfp4", routed_format},  {"bitnet", ternary_format},
                   {"modelopt", algo_format}, {"awq", int4_format},
                   {"gptq", int4_format}};
    const gable_json *method = gable_json_get(config, "quant_method");

    if (!method && gable_json_get(config, "quant_algo"))
        return GABLE_OK;
    for (size_t i = 0; method && i < sizeof methods / sizeof methods[0]; i++)
        if (method->type == GABLE_JSON_STRING && strcmp(methods[i].method, method->string) == 0)
            return methods[i].read(q, config);
    return gable_json_fail(method ? method : config, q->in->err,
                           "a quant_method that is not understood");
}
