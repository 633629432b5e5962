/* model/hf: the vision tower of a config ("vision_config"). One whose keys are not all understood
 * is left out, and the remark says so: the text model is what a config must describe. */
#include <math.h>

#include "model/hf.h"

enum { KEYS_CAP = 4 };

/* Keys in order of preference; a merge kernel is a list whose first entry counts. */
typedef struct vision_key {
    const char *keys[KEYS_CAP];
    size_t offset;
} vision_key;

#define V(member) offsetof(gable_vision, member)
static const vision_key needed[] = {
    {{"depth", "num_hidden_layers", "vt_num_hidden_layers"}, V(layers)},
    {{"hidden_size", "vt_hidden_size"}, V(hidden)},
    {{"num_heads", "num_attention_heads", "vt_num_attention_heads"}, V(n_heads)},
    {{"intermediate_size", "vt_intermediate_size"}, V(width)},
    {{"patch_size"}, V(patch)},
    {{"spatial_merge_size", "merge_kernel_size", "pooling_kernel_size"}, V(merge)},
};
enum { N_NEEDED = sizeof needed / sizeof needed[0] };

/* Whole numbers of at least 1; 0 otherwise. */
static int value_of(const gable_json *node)
{
    if (node && node->type == GABLE_JSON_ARRAY)
        node = node->child;
    if (!node || node->type != GABLE_JSON_NUMBER || node->number < 1 || node->number > 1 << 20 ||
        node->number != floor(node->number))
        return 0;
    return (int)node->number;
}

static int first_of(const gable_json *config, const vision_key *row)
{
    for (int k = 0; k < KEYS_CAP && row->keys[k]; k++)
        if (gable_json_get(config, row->keys[k]))
            return value_of(gable_json_get(config, row->keys[k]));
    return 0;
}

void gable_hf_vision(const hf_import *in, gable_vision *out)
{
    const gable_json *config = gable_json_get(in->root, "vision_config");
    gable_vision v = {.n_matrices = 2};

    if (!config || config->type != GABLE_JSON_OBJECT)
        return;
    for (int i = 0; i < N_NEEDED; i++) {
        int *member = (int *)((char *)&v + needed[i].offset);
        *member = first_of(config, &needed[i]);
        if (*member == 0)
            return;
    }
    int heads_width = value_of(gable_json_get(config, "qkv_hidden_size"));
    v.head_dim = value_of(gable_json_get(config, "head_dim"));
    if (heads_width > 0)
        v.head_dim = heads_width / v.n_heads;
    if (v.head_dim == 0 && v.hidden % v.n_heads != 0)
        return;
    v.pooled = gable_json_get(config, "pooling_kernel_size") != NULL;
    *out = v;
}
