/* engine/serving_split: see serving_split.h. */
#include "engine/serving_split.h"

#include <math.h>

static double handover_s(const gable_machine *machine, bool out, double bytes)
{
    gable_collective c = {
        .kind = GABLE_COLLECTIVE_P2P, .bytes = bytes, .n_ranks = 2.0, .n_nodes = out ? 2.0 : 1.0};
    gable_transfer transfer;
    gable_net_transfer(&c, machine, &transfer);
    return transfer.time.time_s;
}

/* Fewer ranks at one end hold more of a token each, and their links are what it takes. */
gable_status gable_serving_handover(const gable_machine *machine, double from_token_bytes,
                                    double to_token_bytes, double n_devices, gable_handover *out,
                                    gable_err *err)
{
    static const double low_tokens = 1024.0, high_tokens = 16384.0;
    const gable_system *system = machine->system;
    *out = (gable_handover){.token_bytes = fmax(from_token_bytes, to_token_bytes),
                            .out = n_devices > system->n_accelerators};
    if (out->out && !(system->scale_out_bytes_per_s > 0.0))
        return gable_fail(err, GABLE_INPUT,
                          "%.0f devices do not fit into one domain of %s (%d), and it describes no "
                          "fabric beyond",
                          n_devices, system->name, system->n_accelerators);
    double low_s = handover_s(machine, out->out, low_tokens * out->token_bytes);
    double high_s = handover_s(machine, out->out, high_tokens * out->token_bytes);
    out->token_s = (high_s - low_s) / (high_tokens - low_tokens);
    out->fixed_s = fmax(low_s - low_tokens * out->token_s, 0.0);
    return GABLE_OK;
}

/* Steps of `n` prompts, `tokens` of each after `prior`. */
static double prompts_s(const gable_sim_rules *r, double n, double tokens, double prior)
{
    double attention = n * gable_step_costs_attention(r->costs, tokens, prior);
    double s =
        r->extras.prompt_scale * gable_step_costs_parts(r->costs, n, n * tokens, attention, 0.0) +
        ceil(n / r->costs->groups) * r->extras.prompt_s;
    bool graph = n * tokens <= r->graph_tokens;
    return graph ? s : fmax(s, r->extras.launch_s * r->costs->launches);
}

/* As many prompts in a step as its budget holds; a longer one takes several steps. */
static double prefill_rate(const gable_sim_rules *r, double prompt)
{
    double n = fmax(floor(r->step_tokens / prompt), 1.0), s = 0.0, done = 0.0;
    for (; !r->whole_prompts && prompt - done > r->step_tokens; done += r->step_tokens)
        s += prompts_s(r, 1.0, r->step_tokens, done);
    return n / (s + prompts_s(r, n, prompt - done, done));
}

gable_split_rates gable_serving_split_rates(const gable_sim_rules *prefill,
                                            const gable_sim_rules *decode, double prompt,
                                            double answer, double batch)
{
    const gable_step_extras *x = &decode->extras;
    gable_split_rates out = {.prefill_requests_per_s = prefill_rate(prefill, prompt),
                             .batch = batch};
    double step =
        x->scale * gable_step_costs_decode_at(decode->costs, batch, prompt + 0.5 * answer) +
        x->step_s + batch * x->sequence_s;
    out.decode_requests_per_s = batch / (fmax(answer - 1.0, 1.0) * step);
    out.prefill_per_decode = out.decode_requests_per_s / out.prefill_requests_per_s;
    return out;
}
