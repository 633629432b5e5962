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

static gable_handover_end end_of(double token_bytes, const double *links_s, double s)
{
    gable_handover_end end = {.token_bytes = token_bytes};
    for (int i = 0; i < 2; i++)
        end.busy_frac[i] = s > 0.0 ? fmin(links_s[i] / s, 1.0) : 0.0;
    return end;
}

gable_handover_end gable_handover_from(const gable_serving_parts *parts,
                                       const gable_serving_constants *constants)
{
    return end_of(parts->token_bytes, parts->prefill_links_s,
                  gable_serving_prompt_s(parts, constants));
}

gable_handover_end gable_handover_to(const gable_serving_parts *parts,
                                     const gable_serving_constants *constants)
{
    return end_of(parts->token_bytes, parts->decode_links_s,
                  gable_serving_step_s(parts, constants));
}

/* Fewer ranks at one end hold more of a token each, and their links are what it takes. */
gable_status gable_serving_handover(const gable_machine *machine, const gable_handover_end *from,
                                    const gable_handover_end *to, double n_devices,
                                    gable_handover *out, gable_err *err)
{
    static const double low_tokens = 1024.0, high_tokens = 16384.0;
    const gable_system *system = machine->system;
    *out = (gable_handover){.token_bytes = fmax(from->token_bytes, to->token_bytes),
                            .out = n_devices > system->n_accelerators};
    if (out->out && !(system->scale_out_bytes_per_s > 0.0))
        return gable_fail(err, GABLE_INPUT,
                          "%.0f devices do not fit into one domain of %s (%d), and it describes no "
                          "fabric beyond",
                          n_devices, system->name, system->n_accelerators);
    double low_s = handover_s(machine, out->out, low_tokens * out->token_bytes);
    double high_s = handover_s(machine, out->out, high_tokens * out->token_bytes);
    double alone_s = (high_s - low_s) / (high_tokens - low_tokens);
    double from_frac = from->busy_frac[out->out], to_frac = to->busy_frac[out->out];
    out->fixed_s = fmax(low_s - low_tokens * alone_s, 0.0);
    out->longer_frac = fmax(from_frac, to_frac);
    out->token_s = alone_s * (1.0 + out->longer_frac);
    out->from_late_s = alone_s * from_frac;
    out->to_late_s = alone_s * to_frac;
    return GABLE_OK;
}

/* A prompt is computed once; an answer is in all steps after that of its first token, and groups of
 * ranks get the caches of their own sequences at the same time. */
void gable_handover_slow(const gable_handover *handover, double prompt, double answer,
                         gable_sim_rules *prefill, gable_sim_rules *decode)
{
    prefill->extras.prompt_s += handover->from_late_s * prompt;
    decode->extras.sequence_s +=
        handover->to_late_s * prompt / (fmax(answer - 1.0, 1.0) * decode->costs->groups);
}

/* Steps of `n` prompts, `tokens` of each after `prior`. */
static double prompts_s(const gable_sim_rules *r, double n, double tokens, double prior)
{
    double attention = n * gable_step_costs_attention(r->costs, tokens, prior), late_s;
    double kernels_s = gable_step_costs_parts(r->costs, n, n * tokens, attention, 0.0, &late_s);
    double s = r->extras.prompt_scale * kernels_s + ceil(n / r->costs->groups) * r->extras.prompt_s;
    bool graph = n * tokens <= r->graph_tokens;
    return graph ? s : fmax(s, r->extras.launch_s * r->costs->launches);
}

/* As many prompts in a step as its budget holds; a longer one takes several steps, and each group
 * of ranks computes one. */
static double prefill_rate(const gable_sim_rules *r, double prompt)
{
    double groups = r->costs->groups, s = 0.0, done = 0.0;
    double n = fmax(floor(r->step_tokens * groups / prompt), groups);
    for (; !r->whole_prompts && prompt - done > r->step_tokens; done += r->step_tokens)
        s += prompts_s(r, n, r->step_tokens, done);
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
