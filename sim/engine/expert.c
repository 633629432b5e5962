/* engine: the roofline of one routed expert, in true bytes and in the convention of the LatentMoE
 * paper. */
#include "engine/engine.h"

/* Everything is linear in the tokens t of an expert: seconds of maths = t * compute, seconds of
 * memory = fixed + t * per_token, so the crossing is one division. */
typedef struct lines {
    double flops_per_token, fixed_bytes, bytes_per_token, wire_bytes_per_token;
} lines;

/* One matrix of hidden x width, one byte per element; 0.5 B dispatched and 2 B combined per
 * element. */
static lines paper_lines(double hidden, double width)
{
    return (lines){.flops_per_token = 2.0 * hidden * width,
                   .fixed_bytes = hidden * width,
                   .bytes_per_token = hidden + width,
                   .wire_bytes_per_token = 2.5 * hidden};
}

static lines true_lines(const gable_module_dtypes *dtypes, double matrices, double hidden,
                        double width)
{
    double in = gable_dtype_bytes(dtypes->activations), back = gable_dtype_bytes(GABLE_DTYPE_BF16);
    return (lines){.flops_per_token = 2.0 * matrices * hidden * width,
                   .fixed_bytes = matrices * hidden * width * gable_dtype_bytes(dtypes->weights),
                   .bytes_per_token = hidden * (in + back),
                   .wire_bytes_per_token = hidden * (in + back)};
}

static const gable_layer *find_experts(const gable_model *model)
{
    for (int i = 0; i < model->n_kinds; i++)
        if (model->kinds[i].ffn.n_experts > 0)
            return &model->kinds[i];
    return NULL;
}

gable_status gable_engine_expert_roofline(const gable_model *model, const gable_machine *machine,
                                          bool paper, gable_expert_roofline *out, gable_err *err)
{
    const gable_layer *layer = find_experts(model);
    if (!layer)
        return gable_fail(err, GABLE_INPUT, "%s has no routed experts", model->name);
    const gable_module_dtypes *dtypes = &model->dtypes[GABLE_MODULE_ROUTED];
    const gable_accelerator *device = machine->accelerator;
    double hidden = layer->ffn.latent_dim > 0 ? layer->ffn.latent_dim : layer->hidden;
    double width = layer->ffn.expert_width;
    gable_mma used;
    double peak = gable_accelerator_peak(
        device, gable_dtype_mma(dtypes->weights, dtypes->activations), &used);
    double bandwidth = device->hbm_bandwidth_bytes_per_s;
    lines l = paper ? paper_lines(hidden, width)
                    : true_lines(dtypes, layer->ffn.n_matrices, hidden, width);
    double compute_s = l.flops_per_token / peak, memory_s = l.bytes_per_token / bandwidth;
    *out = (gable_expert_roofline){.ridge_flops_per_byte = peak / bandwidth};
    out->found = compute_s > memory_s;
    if (out->found)
        out->tokens = l.fixed_bytes / bandwidth / (compute_s - memory_s);
    double rate = machine->system->scale_up_bytes_per_s;
    if (rate > 0.0)
        out->network_to_compute = l.wire_bytes_per_token / rate / compute_s;
    return GABLE_OK;
}
