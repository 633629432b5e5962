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

static bool is_block(const gable_json *node, double rows, double columns)
{
    return node && node->type == GABLE_JSON_ARRAY && node->n_children == 2 &&
           node->child->number == rows && node->child->next->number == columns;
}

int gable_hf_pair_index(hf_quantiser *q, gable_module_dtypes pair)
{
    int i = 0;

    while (i < q->n_pairs &&
           (q->pairs[i].weights != pair.weights || q->pairs[i].activations != pair.activations))
        i++;
    if (i == q->n_pairs)
        q->pairs[q->n_pairs++] = pair;
    return i;
}

gable_status gable_hf_pair_of_algo(hf_quantiser *q, const gable_json *node, int *out)
{
    const char *names[sizeof algos / sizeof algos[0]];

    for (size_t i = 0; node->type == GABLE_JSON_STRING && i < sizeof algos / sizeof algos[0]; i++)
        if (strcmp(algos[i].algo, node->string) == 0) {
            *out = gable_hf_pair_index(q, algos[i].pair);
            return GABLE_OK;
        }
    for (size_t i = 0; i < sizeof algos / sizeof algos[0]; i++)
        names[i] = algos[i].algo;
    return gable_hf_unknown(q->in, node, "quant_algo", names, sizeof names / sizeof names[0]);
}

static bool is_set(const gable_json *node)
{
    return node && node->type != GABLE_JSON_NULL;
}

/* Elements that share a scale: 0 when a tensor, a row or a token does ("group_size" null, 0 or -1).
 */
static gable_status group_size(const hf_quantiser *q, const gable_json *node, int *out)
{
    const gable_json *group = gable_json_get(node, "group_size");
    const gable_json *block = gable_json_get(node, "block_structure");

    *out = 0;
    if (is_set(block) && !is_block(block, 128, 128))
        return gable_json_fail(block, q->in->err, "expected blocks of 128x128: [128, 128]");
    if (is_set(block))
        *out = 128;
    else if (is_set(group) && !(group->type == GABLE_JSON_NUMBER && group->number <= 0))
        return gable_hf_member_int(q->in, node, "group_size", out);
    return GABLE_OK;
}

gable_status gable_hf_dtype_of_group(const hf_quantiser *q, const gable_json *node,
                                     gable_dtype *out)
{
    const char *type = gable_hf_text_of(node, "type");
    int bits, group;

    GABLE_TRY(gable_hf_member_int(q->in, node, "num_bits", &bits));
    GABLE_TRY(group_size(q, node, &group));
    for (size_t i = 0; type && i < sizeof group_rows / sizeof group_rows[0]; i++)
        if (group_rows[i].bits == bits && strcmp(group_rows[i].type, type) == 0 &&
            (group_rows[i].group == 0 || group_rows[i].group == group)) {
            *out = group_rows[i].dtype;
            return GABLE_OK;
        }
    return gable_json_fail(node, q->in->err,
                           "%d-bit %.20s in groups of %d is not understood, expected \"type\" "
                           "int or float, and int of 4 or 8 bits, float of 8, or of 4 in groups "
                           "of 16 or 32",
                           bits, type ? type : "of no type", group);
}

gable_status gable_hf_pair_of_group(hf_quantiser *q, const gable_json *group, int *out)
{
    gable_module_dtypes pair = HF_PAIR(BF16, BF16);
    const gable_json *weights = gable_json_get(group, "weights");
    const gable_json *inputs = gable_json_get(group, "input_activations");

    if (!weights || weights->type != GABLE_JSON_OBJECT)
        return gable_json_fail(group, q->in->err, "expected \"weights\"");
    GABLE_TRY(gable_hf_dtype_of_group(q, weights, &pair.weights));
    if (is_set(inputs) && inputs->type != GABLE_JSON_OBJECT)
        return gable_json_fail(inputs, q->in->err, "expected an object or null, got %s",
                               gable_json_type_text(inputs->type));
    if (is_set(inputs))
        GABLE_TRY(gable_hf_dtype_of_group(q, inputs, &pair.activations));
    *out = gable_hf_pair_index(q, pair);
    return GABLE_OK;
}

static gable_status block_format(hf_quantiser *q, const gable_json *config)
{
    const gable_json *block = gable_json_get(config, "weight_block_size");
    gable_module_dtypes pair = HF_PAIR(FP8, FP8);

    if (is_block(block, 128, 128))
        pair = (gable_module_dtypes)HF_PAIR(FP8_BLOCK, FP8_BLOCK);
    else if (is_block(block, 1, 32))
        pair = (gable_module_dtypes)HF_PAIR(MXFP8, MXFP8);
    else if (is_set(block))
        return gable_json_fail(block, q->in->err,
                               "expected blocks of 128x128 or 1x32: [128, 128] or [1, 32]");
    q->base = gable_hf_pair_index(q, pair);
    return GABLE_OK;
}

bool gable_hf_is_linear(const gable_json *target)
{
    return target->type == GABLE_JSON_STRING && strcmp(target->string, "Linear") == 0;
}

/* True when the targets of a group are every linear layer (or nothing says what they are). */
static bool targets_all(const gable_json *targets)
{
    bool all = !is_set(targets) || gable_hf_is_linear(targets);

    for (const gable_json *target = targets ? targets->child : NULL; target; target = target->next)
        all = all || gable_hf_is_linear(target);
    return all;
}

static gable_status group_format(hf_quantiser *q, const gable_json *config)
{
    const gable_json *groups = gable_json_get(config, "config_groups");

    if (!groups || groups->type != GABLE_JSON_OBJECT || !groups->child)
        return gable_json_fail(groups ? groups : config, q->in->err,
                               "expected \"config_groups\": an object with at least one group");
    for (const gable_json *group = groups->child; group; group = group->next) {
        int pair = 0;
        GABLE_TRY(gable_hf_pair_of_group(q, group, &pair));
        if (targets_all(gable_json_get(group, "targets")))
            q->base = pair;
    }
    return GABLE_OK;
}

static gable_status integer_format(hf_quantiser *q, const gable_json *config)
{
    gable_module_dtypes pair = HF_PAIR(INT4, BF16);
    const gable_json *dynamic = gable_json_get(config, "dynamic");
    int bits, group;

    GABLE_TRY(gable_hf_member_int(q->in, config, "bits", &bits));
    GABLE_TRY(group_size(q, config, &group));
    if (bits != 4 && bits != 8)
        return gable_json_fail(gable_json_get(config, "bits"), q->in->err,
                               "%d bits, expected 4 or 8", bits);
    if (dynamic && dynamic->child)
        return gable_json_fail(dynamic, q->in->err,
                               "formats that differ by module are not read from \"dynamic\"");
    if (bits == 8)
        pair.weights = GABLE_DTYPE_INT8;
    else if (group == 32)
        pair.weights = GABLE_DTYPE_INT4_G32;
    q->base = gable_hf_pair_index(q, pair);
    return GABLE_OK;
}

static gable_status tensor_format(hf_quantiser *q, const gable_json *config)
{
    (void)config; /* a scale for each row of weights and each token */
    q->base = gable_hf_pair_index(q, (gable_module_dtypes)HF_PAIR(FP8, FP8));
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
    return q->modelopt ? GABLE_OK /* its quant_algo says it */
                       : gable_json_fail(config, q->in->err, "missing key \"quant_algo\"");
}

gable_status gable_hf_native_format(hf_quantiser *q, const gable_json *config)
{
    static const struct {
        const char *method;
        gable_status (*read)(hf_quantiser *, const gable_json *);
    } methods[] = {{"fp8", block_format},     {"compressed-tensors", group_format},
                   {"mxfp4", routed_format},  {"bitnet", ternary_format},
                   {"modelopt", algo_format}, {"awq", integer_format},
                   {"gptq", integer_format},  {"fbgemm_fp8", tensor_format}};
    const gable_json *method = gable_json_get(config, "quant_method");
    const char *names[sizeof methods / sizeof methods[0]];

    if (!method && gable_json_get(config, "quant_algo"))
        return GABLE_OK;
    if (!method)
        return gable_json_fail(config, q->in->err, "missing key \"quant_method\"");
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        names[i] = methods[i].method;
        if (method->type == GABLE_JSON_STRING && strcmp(methods[i].method, method->string) == 0)
            return methods[i].read(q, config);
    }
    return gable_hf_unknown(q->in, method, "quant_method", names, sizeof names / sizeof names[0]);
}
