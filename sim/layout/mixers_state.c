/* layout: rows of the mixers that keep a state instead of a cache (facts/models.md 4.13):
 * projections in, a short convolution, a scan over the prompt or an update by the next tokens, a
 * gated norm, and the projection out. Heads are split over the ranks; keys that a group of heads
 * shares are replicated once there are more ranks than groups. */
#include "layout/rows.h"

static double max2(double a, double b)
{
    return a > b ? a : b;
}

/* The recurrence of one rank. */
typedef struct state_shape {
    double key_heads, key_dim, value_heads, value_dim;
    double keys, values; /* elements of all heads, per token */
} state_shape;

static state_shape shape_of(const gable_laying *l)
{
    const gable_mixer *m = &l->layer->mixer;
    double key_heads = m->state_key_heads > 0 ? m->state_key_heads : m->state_heads;
    if (m->kind == GABLE_MIXER_MAMBA2)
        key_heads = m->state_groups;
    state_shape s = {.key_heads = max2(key_heads / l->tp, 1.0),
                     .key_dim = m->state_key_dim,
                     .value_heads = m->state_heads / l->tp,
                     .value_dim = m->state_value_dim};
    s.keys = s.key_heads * s.key_dim;
    s.values = s.value_heads * s.value_dim;
    return s;
}

static void stage(gable_laying *l, const char *name, const state_shape *shape,
                  gable_linear_stage which, double stored_elements)
{
    static const gable_recurrence recurrences[GABLE_N_MIXERS] = {
        [GABLE_MIXER_MAMBA2] = GABLE_RECURRENCE_MAMBA2,
        [GABLE_MIXER_GDN] = GABLE_RECURRENCE_GDN,
        [GABLE_MIXER_KDA] = GABLE_RECURRENCE_KDA,
    };
    const gable_scenario *s = &l->plan->local;
    gable_op op = {.kind = GABLE_OP_LINEAR,
                   .weights = GABLE_DTYPE_BF16,
                   .activations = GABLE_DTYPE_BF16,
                   .linear = {.stage = which,
                              .recurrence = recurrences[l->layer->mixer.kind],
                              .batch = s->batch,
                              .tokens = s->n_new,
                              .channels = 2.0 * shape->keys + shape->values,
                              .taps = l->layer->mixer.conv_width,
                              .key_heads = shape->key_heads,
                              .key_dim = shape->key_dim,
                              .value_heads = shape->value_heads,
                              .value_dim = shape->value_dim}};
    gable_rows_op(l, name, &op, stored_elements * gable_dtype_bytes(GABLE_DTYPE_BF16));
}

/* Convolution, recurrence, and the norm that the gate z is applied in. `conv_params` are the
 * convolution's weights per channel; `head_params` other small ones. */
static void recur(gable_laying *l, const state_shape *shape, double conv_params, double head_params)
{
    bool decode = l->plan->local.phase == GABLE_PHASE_DECODE;
    double channels = 2.0 * shape->keys + shape->values;
    stage(l, decode ? "conv_update" : "conv", shape,
          decode ? GABLE_LINEAR_CONV_UPDATE : GABLE_LINEAR_CONV, channels * conv_params);
    stage(l, decode ? "state_update" : "state_scan", shape,
          decode ? GABLE_LINEAR_UPDATE : GABLE_LINEAR_SCAN, head_params);
    gable_rows_stream(l, "gated_norm", 2.0 * shape->values, shape->values, 9.0 * shape->values,
                      0.0);
}

/* fp32 states, and the convolution's last inputs. A verified draft may end at any of its tokens, so
 * each of them leaves a state. */
static void keep(gable_laying *l, const state_shape *shape)
{
    const gable_scenario *s = &l->plan->local;
    double copies = s->phase == GABLE_PHASE_DECODE ? s->n_new : 1.0;
    double state = shape->value_heads * shape->key_dim * shape->value_dim *
                   gable_dtype_bytes(l->model->state_dtype);
    double conv = (2.0 * shape->keys + shape->values) * (l->layer->mixer.conv_width - 1.0) *
                  gable_dtype_bytes(GABLE_DTYPE_BF16);
    gable_rows_keep_state(l, copies * (state + conv));
}

static void project_out(gable_laying *l, const state_shape *shape)
{
    double d = l->layer->hidden;
    gable_rows_gemm(l, "o_proj", GABLE_MODULE_ATTENTION, l->tokens, d, shape->values, 1.0);
    gable_rows_collective(l, "attention_all_reduce", GABLE_COLLECTIVE_ALL_REDUCE, l->tokens * d);
}

/* One product for z, x, B, C and dt. A bias beside the convolution; A, D and dt's bias per head. */
void gable_layout_mamba2(gable_laying *l)
{
    state_shape s = shape_of(l);
    double n = 2.0 * s.values + 2.0 * s.keys + s.value_heads;
    gable_rows_norm(l, "attention_norm");
    gable_rows_gemm(l, "in_proj", GABLE_MODULE_ATTENTION, l->tokens, n, l->layer->hidden, 1.0);
    recur(l, &s, l->layer->mixer.conv_width + 1.0, s.values + 3.0 * s.value_heads);
    keep(l, &s);
    project_out(l, &s);
}

/* q, k, v, z, and two numbers per head. */
void gable_layout_gdn(gable_laying *l)
{
    state_shape s = shape_of(l);
    double n = 2.0 * s.keys + 2.0 * s.values + 2.0 * s.value_heads;
    gable_rows_norm(l, "attention_norm");
    gable_rows_gemm(l, "in_proj", GABLE_MODULE_ATTENTION, l->tokens, n, l->layer->hidden, 1.0);
    recur(l, &s, l->layer->mixer.conv_width, 0.0);
    keep(l, &s);
    project_out(l, &s);
}

/* q, k, v and one number per head; the forget gate, and the output gate where it is not a full
 * matrix, go through the width of one head, which every rank computes. */
void gable_layout_kda(gable_laying *l)
{
    const gable_mixer *m = &l->layer->mixer;
    state_shape s = shape_of(l);
    double low = m->state_key_dim, n_low = m->gated ? 1.0 : 2.0;
    double n = 2.0 * s.keys + s.values + s.value_heads + n_low * low;
    n += m->gated ? s.values : 0.0;
    gable_rows_norm(l, "attention_norm");
    gable_rows_gemm(l, "in_proj", GABLE_MODULE_ATTENTION, l->tokens, n, l->layer->hidden, 1.0);
    gable_rows_gemm(l, "gate_up", GABLE_MODULE_ATTENTION, l->tokens, s.values, low, n_low);
    recur(l, &s, m->conv_width, 0.0);
    keep(l, &s);
    project_out(l, &s);
}
