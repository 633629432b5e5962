/* engine/memory: see memory.h. */
#include "engine/memory.h"

#include <math.h>

/* Activations and hidden states are bf16. */
static const double element_bytes = 2.0, logit_row_bytes = 4.0;

/* Residual in and out, attention's output, and the normed input of the products. */
static const double streams = 4.0;

/* Elements of one token between the products of a mixer. */
static double mixer_elements(const gable_mixer *m, double tp)
{
    double v_dim = m->v_head_dim > 0 ? m->v_head_dim : m->head_dim;
    double latent = m->nope_dim + m->rope_dim; /* prompts of latent attention unfold keys */
    double qk_dim = latent > 0.0 ? latent : m->head_dim;
    double kv_heads = latent > 0.0 ? m->n_heads : m->n_kv_heads;
    double state = m->state_heads * (double)m->state_value_dim +
                   2.0 * m->state_key_heads * (double)m->state_key_dim;
    double attention = m->n_heads * (qk_dim + v_dim) + kv_heads * (qk_dim + v_dim);
    return fmax(attention, 2.0 * state) / tp;
}

/* Of the products of a dense part or of shared experts: gate and up, and what enters down. */
static double ffn_elements(const gable_ffn *f, double ffn_tp)
{
    return fmax(f->width, f->shared_width) * (double)f->n_matrices / ffn_tp;
}

/* Rows of all experts of one rank, evenly dealt: tokens of all groups x top-k over the ranks. With
 * pure tensor parallelism each rank has all rows and a part of the width: as many bytes. */
static double expert_elements(const gable_ffn *f, const gable_ranks *r, double hidden)
{
    if (f->n_active == 0)
        return 0.0;
    double ep = fmax(r->ep, 1.0), groups = r->experts / r->ffn_tp;
    double width = f->expert_width * ep / r->experts;
    double d = f->latent_dim > 0 ? f->latent_dim : hidden;
    return f->n_active * groups / ep * (fmax((f->n_matrices - 1.0) * width, d) + width);
}

double gable_memory_step_bytes(const gable_plan *plan, const gable_machine *machine,
                               const gable_serving_rules *rules, double step_tokens,
                               double sequences)
{
    const gable_model *model = plan->model;
    const gable_ranks *r = &plan->ranks;
    double widest = 0.0, experts = 0.0, d = model->hidden;
    if (!(rules->logit_bytes > 0.0)) /* a stack without software */
        return 0.0;
    for (int i = 0; i < model->n_kinds; i++) {
        const gable_layer *layer = &model->kinds[i];
        widest = fmax(widest, fmax(mixer_elements(&layer->mixer, r->tp),
                                   ffn_elements(&layer->ffn, r->ffn_tp)));
        experts = fmax(experts, expert_elements(&layer->ffn, r, layer->hidden));
    }
    double residual = model->hyper_streams > 1 ? 2.0 * (model->hyper_streams - 1.0) * d : 0.0;
    double layer = step_tokens * (streams * d + residual + widest) * element_bytes;
    double rows = machine->accelerator->n_sm * rules->rows_per_sm;
    double sampler = model->vocab * (sequences * rules->logit_bytes + rows * logit_row_bytes) +
                     step_tokens * d * element_bytes;
    return fmax(layer, sampler) + step_tokens * experts * element_bytes + rules->workspace_bytes;
}

double gable_memory_communication_bytes(const gable_plan *plan, const gable_serving_rules *rules)
{
    const gable_ranks *r = &plan->ranks;
    bool collectives = r->tp > 1.0 || r->experts > 1.0;
    bool sends = plan->scenario.exchange == GABLE_EXCHANGE_TOKENS && r->experts > r->ffn_tp;
    return collectives * rules->collective_bytes + sends * rules->exchange_bytes;
}

double gable_memory_position_bytes(const gable_model *model)
{
    double widest = 0.0;
    for (int i = 0; i < model->n_kinds; i++) {
        const gable_mixer *m = &model->kinds[i].mixer;
        widest = fmax(widest, m->rope_dim > 0 ? m->rope_dim : m->head_dim);
    }
    return model->max_context * widest * element_bytes;
}

/* What the engine's rule leaves for the cache. */
static double cache_bytes(const gable_memory *m, const gable_serving_rules *rules)
{
    double frac = rules->memory_frac > 0.0 ? rules->memory_frac : 1.0;
    if (rules->of_free)
        return frac * (m->capacity_bytes - m->weights_bytes);
    if (rules->of_start)
        return frac * (m->capacity_bytes - m->context_bytes - m->communication_bytes) -
               m->weights_bytes;
    return frac * m->capacity_bytes - m->weights_bytes - m->activation_bytes -
           m->communication_bytes - m->runtime_bytes;
}

void gable_memory_of(const gable_plan *plan, const gable_machine *machine,
                     const gable_serving_rules *rules, double step_tokens, double sequences,
                     gable_memory *out)
{
    double tokens = step_tokens > 0.0 ? step_tokens : rules->step_tokens;
    double n = sequences > 0.0 ? sequences : rules->sequences;
    *out = (gable_memory){
        .capacity_bytes = gable_accelerator_memory_bytes(machine->accelerator),
        .weights_bytes = plan->weights_bytes,
        .activation_bytes = gable_memory_step_bytes(plan, machine, rules, tokens, n),
        .communication_bytes = gable_memory_communication_bytes(plan, rules),
        .context_bytes = rules->context_bytes,
        .runtime_bytes =
            gable_memory_runtime_bytes(rules, gable_memory_position_bytes(plan->model)),
        .graph_bytes = rules->graph_bytes,
    };
    out->cache_bytes = cache_bytes(out, rules);
    out->left_bytes = out->capacity_bytes - out->weights_bytes - fmax(out->cache_bytes, 0.0) -
                      out->activation_bytes - out->communication_bytes - out->context_bytes -
                      out->runtime_bytes - out->graph_bytes;
}
