/* model/hf: the importer of Hugging Face configs, private to this room. A config is read through
 * alias rows (one concept, the keys that families use for it); a family is one row that says how
 * its layers are told apart. Aliases and families: facts/models.md 2 and 9. Room: model. Uses:
 * base. */
#ifndef GABLE_MODEL_HF_H
#define GABLE_MODEL_HF_H
#include "model/hf_keys.h"
#include "model/internal.h"

/* As in schema.c: deeper than any model, small enough for any arena. */
enum { HF_LAYERS_CAP = 2048 };

/* Where the modules of a layer hang in checkpoints, for precision maps: "layers.7.<part>.<matrix>".
 */
typedef struct hf_paths {
    const char *attention, *state, *routed, *shared, *dense, *router;
} hf_paths;

typedef struct hf_import hf_import;
typedef gable_status hf_mixer_function(const hf_import *in, int i_layer, gable_mixer *out);
typedef gable_status hf_ffn_function(const hf_import *in, int i_layer, gable_ffn *out);

typedef enum hf_trait {
    HF_EXPERT_IS_WIDTH = 1, /* "intermediate_size" is the expert's width */
    HF_QK_NORM = 2,
    HF_QKV_BIAS = 4,
    HF_SINKS = 8,
    HF_FFN_BIAS = 16,
    HF_TIED = 32,          /* embeddings are tied unless the config says otherwise */
    HF_GATED = 64,         /* attention has an output gate */
    HF_UNGATED_FFN = 128,  /* two matrices per feed-forward part */
    HF_ONE_SHARED = 256,   /* one shared expert as wide as a routed one, without a key for it */
    HF_BLOCKS = 512,       /* mixers and feed-forward parts are layers of their own */
    HF_WINDOW_OFF = 1024,  /* "sliding_window" counts only where "use_sliding_window" says so */
    HF_MIXED = 2048,       /* layers differ, and only the config knows which is which */
    HF_HEAD_DIM_OWN = 4096 /* heads are not as wide as hidden_size / num_attention_heads */
} hf_trait;

/* One family: what its model_type is called and how its layers are read. */
typedef struct hf_family {
    const char *model_type;
    hf_mixer_function *mixer;
    hf_ffn_function *ffn;
    unsigned traits;  /* hf_trait */
    int window_every; /* every n-th layer sees everything; 0: as the config says */
    const hf_paths *paths;
    gable_dtype kv,
        index; /* cache formats of the engines that serve it, unless the checkpoint says */
} hf_family;

struct hf_import {
    gable_arena *arena;
    gable_err *err;
    const gable_json *root; /* the file */
    const gable_json
        *text; /* the part that describes the language model: text_config or the root */
    const hf_family *family;
    int n_layers, hidden;
    gable_remark *remark;
};

/* Value of a concept under any of its keys, in the text part or else the root; NULL when absent or
 * null. */
const gable_json *gable_hf_find(const hf_import *in, hf_key key);

/* First key of a concept, for messages. */
const char *gable_hf_key_name(hf_key key);

/* Reads a whole number >= 0; *out is left alone when absent. Wrong types are refused. */
gable_status gable_hf_int(const hf_import *in, hf_key key, int *out);

/* As gable_hf_int, but 0 is refused. */
gable_status gable_hf_count(const hf_import *in, hf_key key, int *out);

/* As gable_hf_int, but absence or 0 is refused. */
gable_status gable_hf_need(const hf_import *in, hf_key key, int *out);

/* True or false; *out is left alone when absent. */
gable_status gable_hf_bool(const hf_import *in, hf_key key, bool *out);

/* Reads member `name` of a nested object as a whole number >= 1; refused when absent. */
gable_status gable_hf_member_int(const hf_import *in, const gable_json *object, const char *name,
                                 int *out);

/* Element `i` of the array of a concept: refused when it is no array or shorter than the layers.
 * NULL in *out when the key is absent. */
gable_status gable_hf_element(const hf_import *in, hf_key key, int i, const gable_json **out);

/* Reads true, false, 1 or 0 (lists of flags are written both ways); anything else is refused. */
gable_status gable_hf_flag(const hf_import *in, const gable_json *node, bool *out);

/* Reads member `name` of a nested object as a flag; *out is left alone when absent or null. */
gable_status gable_hf_member_flag(const hf_import *in, const gable_json *object, const char *name,
                                  bool *out);

/* Whether a list of layers holds `value`; an absent list holds nothing. What is no list of numbers
 * is refused. */
gable_status gable_hf_holds(const hf_import *in, const gable_json *list, double value, bool *out);

/* Refuses a string that is none of `names`: says which it may be, or the nearest. `what` names it:
 * "quant_method". */
gable_status gable_hf_unknown(const hf_import *in, const gable_json *node, const char *what,
                              const char *const *names, size_t n);

extern hf_mixer_function gable_hf_mixer_gqa, gable_hf_mixer_mla, gable_hf_mixer_v4,
    gable_hf_mixer_msa, gable_hf_mixer_gdn, gable_hf_mixer_kda, gable_hf_mixer_hybrid,
    gable_hf_mixer_nas;
extern hf_ffn_function gable_hf_ffn_plain, gable_hf_ffn_hybrid, gable_hf_ffn_nas;

/* Kinds of blocks of a hybrid that lists them ('M' state space, '*' attention, 'E' experts, '-'
 * dense), and how many there are; refused when the config has neither of the two ways to list them.
 */
gable_status gable_hf_block(const hf_import *in, int i_layer, char *out);
gable_status gable_hf_count_blocks(const hf_import *in, int *out);

/* Row of a model_type; NULL when it is unknown, and then the nearest known one is in *near. */
const hf_family *gable_hf_find_family(const char *model_type, const char **near);

/* Adds a sentence on keys that no row knows; refuses keys that would change the architecture. */
gable_status gable_hf_check_keys(const hf_import *in);

/* As above for the keys of a quantization_config; refuses none. */
void gable_hf_check_quant_keys(const hf_import *in, const gable_json *config);

/* Fills dtypes and cache formats from the config's quantization_config and the companion. */
gable_status gable_hf_quant(const hf_import *in, const gable_json *companion, gable_model *model);

/* Fills the vision tower when all of it is understood; else *out is left alone. */
void gable_hf_vision(const hf_import *in, gable_vision *out);

/* Whether a pattern of an exclusion list names a module: whole components, "*" globs, and for "re:"
 * the subset of regular expressions that checkpoints use (. * \. and one-level (a|b) groups). *ok
 * becomes false when the pattern uses more than that. */
bool gable_hf_match(const char *pattern, const char *module, bool *ok);

#endif
