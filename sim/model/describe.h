/* model/describe: a model taken apart and written down: its matrices, what each module class
 * weighs, our own JSON. Room: model. Uses: base, model/model.h. Formulas: facts/models.md 4. */
#ifndef GABLE_MODEL_DESCRIBE_H
#define GABLE_MODEL_DESCRIBE_H
#include "model/model.h"

/* Our own description of the model as JSON text (ends with a newline); loading it gives an equal
 * model.
 *   source      what the figures were read from
 *   published   where the published sizes stand; NULL: the same source */
void gable_model_write(gable_text *out, const gable_model *model, const char *source,
                       const char *published);

/* A mixer or feed-forward part as a JSON object of the members that are set, in the order of its
 * rows. */
void gable_model_write_members(gable_text *out, const gable_schema *schema, const void *object);

/* JSON Schema (draft 2020-12) of that description, layers included. */
void gable_model_write_schema(gable_text *out);

/* The order of the layers as the file writes it, "(swa*5 full)*10 swa*2", with the ids of
 * gable_model_kind_id. */
void gable_model_write_order(gable_text *out, const gable_model *model);

enum { GABLE_KIND_ID_CAP = 16 };
/* Id of a kind in files and listings: a, b, … z, k26, k27 …; returns `out` (GABLE_KIND_ID_CAP
 * bytes). */
char *gable_model_kind_id(int kind, char *out);

/* One weight matrix (or group of equal ones) of a layer: what counting and precision maps share. */
typedef struct gable_part {
    int module;         /* gable_module; -1: norms and the like, never quantised */
    const char *name;   /* last component of the module's path: "q_proj" */
    double params;      /* all of it */
    double active_frac; /* share that one token uses: K/E for routed experts */
} gable_part;

enum { GABLE_PARTS_CAP = 32 };

/* Fills `parts` (GABLE_PARTS_CAP entries) with the matrices of a layer; returns how many there are.
 */
int gable_model_parts(const gable_model *model, const gable_layer *layer, gable_part *parts);

/* Weights of each module class, whole model, without MTP; [GABLE_N_MODULES] is what no class holds
 * (norms, hyper-connections, memory tables). */
void gable_model_module_params(const gable_model *model, double params[GABLE_N_MODULES + 1]);

/* Compute per byte of network below which the traffic of expert parallelism hides behind the
 * experts' products: a device of C FLOP/s and B B/s hides it when C / B is less. 0: no experts. */
double gable_model_overlap_flops_per_byte(const gable_model *model);

/* Weights in bytes, scales included, MTP left out; what no class holds counts as bf16. */
double gable_model_weight_bytes(const gable_model *model);

/* Rows of a layer's mixer and feed-forward part: reader, writer, schema and `model show` use them.
 */
extern const gable_schema gable_mixer_schema, gable_ffn_schema;

#endif
