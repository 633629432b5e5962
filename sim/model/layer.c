/* model/layer: what a layer may be made of. One row per member says which kinds need it and which
 * may have it; reading, checking, comparing, writing and the JSON Schema all go through these rows.
 */
#include <stddef.h>
#include <string.h>

#include "model/internal.h"

static const char *const mixer_names[] = {
#define NAME(symbol, name, title) name,
    GABLE_MIXER_LIST(NAME) NULL};
static const char *const ffn_names[] = {GABLE_FFN_LIST(NAME) NULL};
static const char *const module_names[] = {GABLE_MODULE_LIST(NAME)};
#undef NAME
static const char *const mixer_titles[] = {
#define TITLE(symbol, name, title) title,
    GABLE_MIXER_LIST(TITLE)
#undef TITLE
};

const char *gable_mixer_name(int mixer)
{
    return mixer_names[mixer];
}

const char *gable_mixer_title(int mixer)
{
    return mixer_titles[mixer];
}

const char *gable_ffn_name(int ffn)
{
    return ffn_names[ffn];
}

const char *gable_module_name(int module)
{
    return module >= 0 ? module_names[module] : "other";
}

#define GQA (1u << GABLE_MIXER_GQA)
#define MLA (1u << GABLE_MIXER_MLA)
#define DSA (1u << GABLE_MIXER_DSA)
#define CSA (1u << GABLE_MIXER_CSA)
#define HCA (1u << GABLE_MIXER_HCA)
#define MSA (1u << GABLE_MIXER_MSA)
#define MAMBA2 (1u << GABLE_MIXER_MAMBA2)
#define GDN (1u << GABLE_MIXER_GDN)
#define KDA (1u << GABLE_MIXER_KDA)
#define LATENTS (MLA | DSA)
#define COMPRESSED (CSA | HCA)
#define STATES (MAMBA2 | GDN | KDA)

/* X(member, type, max, needed by, also allowed for, help) */
#define MIXER_ROWS(X)                                                                              \
    X(n_heads, INT, 4096, GQA | MSA | LATENTS | COMPRESSED, 0, "query heads")                      \
    X(n_kv_heads, INT, 4096, GQA | MSA, 0, "key and value heads")                                  \
    X(head_dim, INT, 65536, GQA | MSA | COMPRESSED, 0, "elements of a query or key head")          \
    X(v_head_dim, INT, 65536, LATENTS, GQA | MSA, "elements of a value head, if not head_dim")     \
    X(window, INT, 1 << 28, 0, GQA | MSA | COMPRESSED, "tokens that a query sees; absent: all")    \
    X(k_eq_v, BOOL, 0, 0, GQA, "values reuse the key projection")                                  \
    X(kv_once, BOOL, 0, 0, GQA, "the cache keeps one copy of keys and values that are equal")      \
    X(gated, BOOL, 0, 0, GQA | MSA | LATENTS | KDA, "output gate as wide as the query")            \
    X(qk_norm, BOOL, 0, 0, GQA | MSA, "queries and keys are normalised per head")                  \
    X(sinks, BOOL, 0, 0, GQA | COMPRESSED, "a learned sink per head")                              \
    X(bias, BOOL, 0, 0, GQA | MSA | LATENTS, "projections have biases")                            \
    X(q_rank, INT, 65536, DSA | COMPRESSED, MLA, "rank of the query projection; absent: full")     \
    X(kv_rank, INT, 65536, LATENTS, 0, "rank of the latent that is cached")                        \
    X(nope_dim, INT, 65536, LATENTS, 0, "elements of a head without rotary embedding")             \
    X(rope_dim, INT, 65536, LATENTS | COMPRESSED, 0, "elements of a head with rotary embedding")   \
    X(out_groups, INT, 4096, COMPRESSED, 0, "groups of the output projection")                     \
    X(out_rank, INT, 65536, COMPRESSED, 0, "width of each group's intermediate output")            \
    X(index_heads, INT, 4096, DSA | CSA | MSA, 0, "indexer heads")                                 \
    X(index_dim, INT, 65536, DSA | CSA | MSA, 0, "elements of an index key")                       \
    X(index_topk, INT, 1 << 28, DSA | CSA | MSA, 0, "entries (msa: blocks) that are selected")     \
    X(index_block, INT, 1 << 20, MSA, 0, "tokens of a block that is selected whole")               \
    X(index_shared, BOOL, 0, 0, DSA, "takes the selection of an earlier layer")                    \
    X(compress_ratio, INT, 1 << 20, CSA, HCA, "tokens per compressed entry; absent: window only")  \
    X(state_heads, INT, 65536, STATES, 0, "heads of the recurrent state (value heads)")            \
    X(state_key_heads, INT, 65536, GDN, KDA, "key heads, if not state_heads")                      \
    X(state_key_dim, INT, 65536, STATES, 0, "state rows per head: dk, or the SSM state size")      \
    X(state_value_dim, INT, 65536, STATES, 0, "state columns per head: dv, or the SSM head width") \
    X(state_groups, INT, 65536, MAMBA2, 0, "groups that share B and C")                            \
    X(conv_width, INT, 1024, STATES, 0, "taps of the short convolution")                           \
    X(chunk, INT, 1 << 20, 0, STATES, "tokens of a prefill chunk")

#define DENSE (1u << GABLE_FFN_DENSE)
#define MOES ((1u << GABLE_FFN_MOE) | (1u << GABLE_FFN_LATENT_MOE))
#define FFN_ROWS(X)                                                                                \
    X(width, INT, 1 << 24, DENSE, MOES, "dense width; of a parallel dense branch beside experts")  \
    X(n_matrices, INT, 3, DENSE | MOES, 0, "matrices per feed-forward part: 3 gated, 2 not")       \
    X(n_experts, INT, 1 << 20, MOES, 0, "routed experts")                                          \
    X(n_active, INT, 1 << 20, MOES, 0, "experts that a token uses")                                \
    X(expert_width, INT, 1 << 24, MOES, 0, "width of a routed expert")                             \
    X(shared_width, INT, 1 << 24, 0, MOES, "width of all shared experts together")                 \
    X(latent_dim, INT, 1 << 24, 1u << GABLE_FFN_LATENT_MOE, 0, "width that experts work in")       \
    X(n_groups, INT, 1 << 20, 0, MOES, "groups of group-limited routing")                          \
    X(top_groups, INT, 1 << 20, 0, MOES, "groups that a token may use")                            \
    X(hash_routed, BOOL, 0, 0, MOES, "experts are chosen by the token's id")                       \
    X(bias, BOOL, 0, 0, DENSE | MOES, "matrices have biases")

typedef struct use_row {
    unsigned need, may;
} use_row;

#define FIELD(type_, member, ftype, max_, need, may, help_)                                        \
    {.block = "",                                                                                  \
     .key = #member,                                                                               \
     .type = GABLE_FIELD_##ftype,                                                                  \
     .dim = GABLE_DIM_COUNT,                                                                       \
     .offset = offsetof(type_, member),                                                            \
     .max = (max_),                                                                                \
     .help = (help_)},
#define MIXER_FIELD(member, ftype, max_, need, may, help_)                                         \
    FIELD(gable_mixer, member, ftype, max_, need, may, help_)
#define FFN_FIELD(member, ftype, max_, need, may, help_)                                           \
    FIELD(gable_ffn, member, ftype, max_, need, may, help_)
#define USE(member, ftype, max_, need_, may_, help_) {(need_), (may_)},

static const gable_field mixer_fields[] = {{.block = "",
                                            .key = "kind",
                                            .type = GABLE_FIELD_CHOICE,
                                            .offset = offsetof(gable_mixer, kind),
                                            .flags = GABLE_FIELD_REQUIRED,
                                            .choices = mixer_names,
                                            .help = "what mixes tokens"},
                                           MIXER_ROWS(MIXER_FIELD)};
static const use_row mixer_uses[] = {{0, ~0u}, MIXER_ROWS(USE)};
static const gable_field ffn_fields[] = {{.block = "",
                                          .key = "kind",
                                          .type = GABLE_FIELD_CHOICE,
                                          .offset = offsetof(gable_ffn, kind),
                                          .flags = GABLE_FIELD_REQUIRED,
                                          .choices = ffn_names,
                                          .help = "the feed-forward part"},
                                         FFN_ROWS(FFN_FIELD)};
static const use_row ffn_uses[] = {{0, ~0u}, FFN_ROWS(USE)};

const gable_schema gable_mixer_schema = {
    .title = "mixer of a layer",
    .fields = mixer_fields,
    .n_fields = sizeof mixer_fields / sizeof mixer_fields[0],
};
const gable_schema gable_ffn_schema = {
    .title = "feed-forward part of a layer",
    .fields = ffn_fields,
    .n_fields = sizeof ffn_fields / sizeof ffn_fields[0],
};

/* INT, CHOICE and BOOL members as a number. */
static int member(const gable_field *field, const void *object)
{
    const char *at = (const char *)object + field->offset;

    return field->type == GABLE_FIELD_BOOL ? *(const bool *)(const void *)at
                                           : *(const int *)(const void *)at;
}

static gable_status check_uses(const gable_schema *schema, const use_row *uses, const void *object,
                               const gable_json *where, gable_err *err)
{
    int kind = member(&schema->fields[0], object);
    const char *name = schema->fields[0].choices[kind];

    for (size_t i = 1; i < schema->n_fields; i++) {
        const gable_field *field = &schema->fields[i];
        unsigned bit = 1u << kind;
        int value = member(field, object);
        if (field->type == GABLE_FIELD_INT && value > field->max)
            return gable_json_fail(where, err, "%s = %d, expected at most %.0f", field->key, value,
                                   field->max);
        if (value == 0 && (uses[i].need & bit))
            return gable_json_fail(where, err, "%s of kind \"%s\" needs \"%s\": %s", schema->title,
                                   name, field->key, field->help);
        if (value != 0 && !((uses[i].need | uses[i].may) & bit))
            return gable_json_fail(where, err, "%s of kind \"%s\" has no \"%s\"", schema->title,
                                   name, field->key);
    }
    return GABLE_OK;
}

/* Pairs of which the first must be a multiple of the second (when both are there). */
typedef struct multiple_row {
    const char *what, *of;
    int a, b;
} multiple_row;

static gable_status check_multiples(const multiple_row *rows, size_t n, const gable_json *where,
                                    gable_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].b > 0 && rows[i].a % rows[i].b != 0)
            return gable_json_fail(where, err, "%s = %d is not a multiple of %s = %d", rows[i].what,
                                   rows[i].a, rows[i].of, rows[i].b);
    return GABLE_OK;
}

gable_status gable_layer_check(const gable_layer *layer, const gable_json *where, gable_err *err)
{
    const gable_mixer *m = &layer->mixer;
    const gable_ffn *f = &layer->ffn;
    const multiple_row rows[] = {
        {"n_heads", "n_kv_heads", m->n_heads, m->n_kv_heads},
        {"n_heads", "out_groups", m->n_heads, m->out_groups},
        {"state_heads", "state_key_heads", m->state_heads, m->state_key_heads},
        {"state_heads", "state_groups", m->state_heads, m->state_groups},
        {"n_experts", "n_groups", f->n_experts, f->n_groups},
    };

    GABLE_TRY(check_uses(&gable_mixer_schema, mixer_uses, m, where, err));
    GABLE_TRY(check_uses(&gable_ffn_schema, ffn_uses, f, where, err));
    GABLE_TRY(check_multiples(rows, sizeof rows / sizeof rows[0], where, err));
    if (m->kv_once && !m->k_eq_v)
        return gable_json_fail(where, err,
                               "kv_once without k_eq_v: keys and values that differ need a copy "
                               "each");
    if (f->n_active > f->n_experts)
        return gable_json_fail(where, err, "a token uses %d experts, but there are only %d",
                               f->n_active, f->n_experts);
    if (f->top_groups > f->n_groups)
        return gable_json_fail(where, err, "top_groups = %d is more than n_groups = %d",
                               f->top_groups, f->n_groups);
    if (f->top_groups > 0 && f->n_active > (long)f->top_groups * (f->n_experts / f->n_groups))
        return gable_json_fail(where, err, "a token uses %d experts, but %d of %d groups have %ld",
                               f->n_active, f->top_groups, f->n_groups,
                               (long)f->top_groups * (f->n_experts / f->n_groups));
    if (f->n_matrices == 1)
        return gable_json_fail(where, err, "n_matrices = 1, expected 2 or 3");
    return GABLE_OK;
}

static bool equal_rows(const gable_schema *schema, const void *a, const void *b)
{
    for (size_t i = 0; i < schema->n_fields; i++)
        if (member(&schema->fields[i], a) != member(&schema->fields[i], b))
            return false;
    return true;
}

static bool same_passes(const gable_layer *a, const gable_layer *b)
{
    return a->passes == b->passes || (a->passes <= 1 && b->passes <= 1);
}

bool gable_layer_equal(const gable_layer *a, const gable_layer *b)
{
    return a->hidden == b->hidden && same_passes(a, b) &&
           equal_rows(&gable_mixer_schema, &a->mixer, &b->mixer) &&
           equal_rows(&gable_ffn_schema, &a->ffn, &b->ffn);
}

gable_status gable_model_set_layers(gable_arena *arena, gable_model *model,
                                    const gable_layer *layers, int n_layers, gable_err *err)
{
    gable_layer *kinds;
    int *order;
    int n_kinds = 0;

    GABLE_TRY(gable_arena_take(arena, (size_t)n_layers, sizeof *kinds, &kinds, err));
    GABLE_TRY(gable_arena_take(arena, (size_t)n_layers, sizeof *order, &order, err));
    for (int i = 0; i < n_layers; i++) {
        int k = 0;
        while (k < n_kinds && !gable_layer_equal(&kinds[k], &layers[i]))
            k++;
        if (k == n_kinds) {
            kinds[n_kinds] = layers[i];
            kinds[n_kinds++].count = 0;
        }
        kinds[k].count++;
        order[i] = k;
    }
    model->kinds = kinds;
    model->n_kinds = n_kinds;
    model->kind_of_layer = order;
    model->n_layers = n_layers;
    return GABLE_OK;
}
