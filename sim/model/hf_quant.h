/* model/hf_quant: formats of quantised checkpoints, private to the importer. hf_format.c knows what
 * the writers of checkpoints call a format; hf_quant.c knows which module has which. Room: model.
 * Uses: base. */
#ifndef GABLE_MODEL_HF_QUANT_H
#define GABLE_MODEL_HF_QUANT_H
#include "model/hf.h"

#define HF_PAIR(weights, activations)                                                              \
    {                                                                                              \
        GABLE_DTYPE_##weights, GABLE_DTYPE_##activations                                           \
    }

/* Patterns without a layer number are tried on every layer; no checkpoint has more than a few
 * dozen. */
enum { HF_PAIRS_CAP = 12, HF_WIDE_CAP = 512, HF_PATH_CAP = 192 };

typedef struct hf_quantiser {
    const hf_import *in;
    gable_model *model;
    gable_module_dtypes pairs[HF_PAIRS_CAP]; /* [0]: not quantised */
    int n_pairs, base, n_wide;
    bool routed_only;
    unsigned char *assigned; /* n_layers x GABLE_PARTS_CAP indices into pairs */
    int head, embed;
} hf_quantiser;

/* String or number of a member; NULL or 0 when it is absent or something else. */
const char *gable_hf_text_of(const gable_json *object, const char *key);
double gable_hf_number_of(const gable_json *object, const char *key);

/* Index of a pair in q->pairs, added when it is new. */
int gable_hf_pair_index(hf_quantiser *q, gable_module_dtypes pair);

/* Pair of a modelopt "quant_algo", or of one of "config_groups"; refused when it is not understood.
 */
gable_status gable_hf_pair_of_algo(hf_quantiser *q, const gable_json *node, int *out);
gable_status gable_hf_pair_of_group(hf_quantiser *q, const gable_json *group, int *out);

/* True when the targets of a group are every linear layer, rather than a list of modules. */
bool gable_hf_targets_all(const gable_json *targets);

/* Sets q->base (and routed_only) from "quant_method" of a quantization_config. */
gable_status gable_hf_native_format(hf_quantiser *q, const gable_json *config);

#endif
