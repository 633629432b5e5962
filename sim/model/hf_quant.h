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
 * dozen. Pairs: the tables of hf_format.c make 90 at most. */
enum { HF_PAIRS_CAP = 96, HF_WIDE_CAP = 512, HF_PATH_CAP = 192 };

typedef struct hf_quantiser {
    const hf_import *in;
    gable_model *model;
    gable_module_dtypes pairs[HF_PAIRS_CAP]; /* [0]: not quantised */
    const gable_json
        *modelopt; /* where "quant_algo" is: the companion's or the config's; or NULL */
    int n_pairs, base, n_wide;
    long n_hits; /* matrices and tables that patterns named so far */
    bool routed_only;
    unsigned char *assigned; /* n_layers x GABLE_PARTS_CAP indices into pairs */
    int head, embed;
} hf_quantiser;

/* String of a member; NULL when it is absent or something else. */
const char *gable_hf_text_of(const gable_json *object, const char *key);

/* Index of a pair in q->pairs, added when it is new. */
int gable_hf_pair_index(hf_quantiser *q, gable_module_dtypes pair);

/* Pair of a modelopt "quant_algo", or of one of "config_groups"; refused when it is not understood.
 */
gable_status gable_hf_pair_of_algo(hf_quantiser *q, const gable_json *node, int *out);
gable_status gable_hf_pair_of_group(hf_quantiser *q, const gable_json *group, int *out);

/* Format of "num_bits", "type" and "group_size" or "block_structure". */
gable_status gable_hf_dtype_of_group(const hf_quantiser *q, const gable_json *node,
                                     gable_dtype *out);

/* True when a target of a group is the class of every linear layer, rather than a module. */
bool gable_hf_is_linear(const gable_json *target);

/* Sets q->base (and routed_only) from "quant_method" of a quantization_config. */
gable_status gable_hf_native_format(hf_quantiser *q, const gable_json *config);

#endif
