/* cli/serve_price: from the options of `gable serve` to its answer. See serve.h. */
#include <math.h>

#include "cli/serve.h"
#include "engine/trace.h"

/* What pricing needs beside the answer. */
typedef struct serving {
    gable_cli *cli;
    const gable_serve_options *options;
    gable_serve_answer *answer;
    gable_serving_constants constants;
    gable_serving_rules rules;
    gable_serving_parts parts;
    gable_trace trace;
    gable_step_costs costs, prefill_costs;
    gable_serving_request prefill_request;
    gable_serving_parts prefill_parts;
} serving;

static bool is_closed(const gable_serve_options *o)
{
    return o->arrivals == GABLE_ARRIVALS_CLOSED;
}

static bool is_timed(const gable_serve_options *o)
{
    return o->arrivals == GABLE_ARRIVALS_POISSON || o->arrivals == GABLE_ARRIVALS_BURSTY;
}

static bool finds_rate(const gable_serve_options *o)
{
    return is_timed(o) && !(o->rate > 0.0);
}

/* ---- at the door ---- */

static gable_status check_arrivals(gable_cli *cli, const gable_serve_options *o)
{
    const char *name = gable_arrivals_names[o->arrivals];
    if (finds_rate(o) && !(o->ttft_limit_s > 0.0) && !(o->tpot_limit_s > 0.0))
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--arrivals %s needs --rate R (requests/s), or limits (--ttft, --tpot) "
                          "that the most is found for",
                          name);
    if (is_closed(o) && o->rate > 0.0)
        return gable_fail(&cli->err, GABLE_USAGE, "--rate: --arrivals %s has no rate", name);
    if ((o->arrivals == GABLE_ARRIVALS_TRACE) != (o->trace != NULL))
        return gable_fail(&cli->err, GABLE_USAGE, "--arrivals trace and --trace FILE go together");
    if (o->prefix_cache > 0.0 && !o->trace)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--prefix-cache needs --trace FILE: only a trace says which prompts "
                          "begin alike");
    return GABLE_OK;
}

static gable_status check_options(gable_cli *cli, const gable_serve_options *o)
{
    const char *name = gable_arrivals_names[o->arrivals];
    GABLE_TRY(check_arrivals(cli, o));
    if (o->warmup > 0.0 && !is_closed(o))
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--warmup: of requests that arrive %s none starts with all others", name);
    if (o->warmup > 0.0 && o->warmup >= o->waves)
        return gable_fail(&cli->err, GABLE_USAGE, "--warmup %.10g leaves nothing of --waves %.10g",
                          o->warmup, o->waves);
    if (o->prefill_tp > 0 && o->prefill_engines == 0)
        return gable_fail(&cli->err, GABLE_USAGE,
                          "--prefill-tp is of engines for prompts: --prefill-engines N");
    if (o->wait_fill < 1.0 && o->wait == 0)
        return gable_fail(&cli->err, GABLE_USAGE, "--wait-fill ends a --wait N early");
    if (o->requests > GABLE_SIMULATE_REQUESTS_CAP)
        return gable_fail(&cli->err, GABLE_USAGE, "--requests: at most %d",
                          GABLE_SIMULATE_REQUESTS_CAP);
    return GABLE_OK;
}

/* ---- what is asked for ---- */

/* Recorded gaps between arrivals, shorter or longer by one factor. */
static void scale_arrivals(gable_requests *r, double rate)
{
    double last_s = r->arrival_s[r->n - 1];
    if (!(rate > 0.0) || !(last_s > 0.0))
        return;
    double factor = (double)(r->n - 1) / last_s / rate;
    for (size_t i = 0; i < r->n; i++)
        r->arrival_s[i] *= factor;
}

/* Recorded lengths stand for --isl and --osl: their means. */
static gable_status take_trace(serving *v)
{
    const gable_serve_options *o = v->options;
    gable_serving_request *q = &v->answer->request;
    gable_arena *arena = &v->cli->arena;
    double prompts = 0.0, answers = 0.0;
    GABLE_TRY(gable_trace_read(arena, o->trace, (size_t)o->requests, &v->trace, &v->cli->err));
    gable_requests *r = &v->trace.requests;
    scale_arrivals(r, o->rate);
    for (size_t i = 0; i < r->n; i++) {
        prompts += r->prompt[i];
        answers += r->answer[i];
    }
    q->isl = prompts / (double)r->n;
    q->osl = answers / (double)r->n;
    q->length_ratio = 1.0;
    v->answer->prefix_hit_frac = (double)NAN;
    if (o->prefix_cache > 0.0)
        return gable_trace_prefixes(arena, &v->trace, o->prefix_cache, &v->answer->prefix_hit_frac,
                                    &v->cli->err);
    return GABLE_OK;
}

static gable_status take_request(serving *v)
{
    const gable_serve_options *o = v->options;
    v->answer->request = (gable_serving_request){.isl = o->isl,
                                                 .osl = o->osl,
                                                 .length_ratio = o->length_ratio,
                                                 .concurrency = o->concurrency,
                                                 .waves = o->waves,
                                                 .overlap = (gable_overlap)o->overlap,
                                                 .exchange = (gable_token_exchange)o->exchange,
                                                 .redundant_experts = o->redundant_experts,
                                                 .intake = {.step_tokens = o->chunk,
                                                            .most_sequences = o->max_sequences,
                                                            .block_tokens = o->block,
                                                            .reserve = o->reserve,
                                                            .poll_steps = o->poll,
                                                            .wait_steps = o->wait,
                                                            .wait_frac = o->wait_fill}};
    GABLE_RANKS_COPY(&v->answer->request, o);
    v->answer->prefix_hit_frac = (double)NAN;
    return o->trace ? take_trace(v) : GABLE_OK;
}

static gable_status load(serving *v)
{
    const gable_serve_options *o = v->options;
    gable_cli *cli = v->cli;
    gable_case *c = &v->answer->priced;
    gable_scenario ignored;
    const gable_dtype fp8 = GABLE_DTYPE_FP8;
    gable_scenario_options scenario = {.model = o->model,
                                       .system = o->system,
                                       .stack = o->stack,
                                       .checkpoint = o->checkpoint,
                                       .batch = 1.0,
                                       .nodes = o->nodes,
                                       .set = o->set,
                                       .weights = o->weights,
                                       .activations = o->activations,
                                       .kv = o->kv};
    GABLE_TRY(gable_scenario_read(cli, &scenario, GABLE_PHASE_DECODE, false, c, &ignored));
    GABLE_TRY(gable_energy_attach(cli, &o->energy, &c->machine));
    GABLE_TRY(gable_serving_load(&cli->arena, cli->hw, c->machine.accelerator, o->stack,
                                 &v->constants, &v->rules, &cli->err));
    if (o->kv < 0 && v->rules.kv_fp8 && c->model->kv_dtype == GABLE_DTYPE_BF16)
        return gable_model_override(&cli->arena, c->model, NULL, NULL, &fp8, &c->model, &cli->err);
    return GABLE_OK;
}

/* ---- the simulation ---- */

/* How many requests: of the loop, as given, or a number whose p99 means something. */
static double count_requests(const serving *v)
{
    double clients, n, default_requests = 2000.0;
    if (v->options->requests >= 1.0)
        return v->options->requests;
    gable_serving_loop_size(&v->answer->request, &clients, &n);
    return is_closed(v->options) ? n : default_requests;
}

static gable_status take_requests(serving *v, gable_requests *out)
{
    const gable_serve_options *o = v->options;
    gable_cli *cli = v->cli;
    gable_lengths lengths = gable_lengths_of(o->isl, o->osl, o->length_ratio);
    if (o->trace) {
        *out = v->trace.requests;
        return GABLE_OK;
    }
    GABLE_TRY(gable_requests_init(&cli->arena, (size_t)count_requests(v), out, &cli->err));
    return gable_arrivals_lengths(&cli->arena, &lengths, (unsigned)o->seed, out, &cli->err);
}

/* Runs the requests, which arrive at the answer's rate where they have one. */
static gable_status run_requests(serving *v, const gable_sim_setup *setup)
{
    const gable_serve_options *o = v->options;
    gable_serve_answer *a = v->answer;
    gable_cli *cli = v->cli;
    double shape = o->arrivals == GABLE_ARRIVALS_BURSTY ? o->burstiness : 1.0;
    if (is_timed(o))
        GABLE_TRY(gable_arrivals_times(&cli->arena, a->rate, shape, (unsigned)o->seed, &a->requests,
                                       &cli->err));
    a->simulated = true;
    return gable_simulate(&cli->arena, setup, &a->requests, &a->result, &cli->err);
}

/* Engines that compute prompts for the others, of --prefill-tp ranks; their cache holds prompts
 * alone. */
static gable_status take_prefill(serving *v, const gable_served *served,
                                 const gable_request_range *range, gable_sim_rules *out)
{
    gable_cli *cli = v->cli;
    gable_served own = *served;
    v->prefill_request = *served->request;
    if (v->options->prefill_tp > 0)
        v->prefill_request.tp = v->options->prefill_tp;
    own.request = &v->prefill_request;
    own.parts = &v->prefill_parts;
    GABLE_TRY(gable_serving_price(&cli->arena, own.model, own.machine, own.rules, own.request,
                                  &v->prefill_parts, &cli->err));
    if (!v->prefill_parts.fits)
        return gable_fail(&cli->err, GABLE_INPUT,
                          "--prefill-tp %d: not one prompt fits beside the weights",
                          v->prefill_request.tp);
    GABLE_TRY(gable_serving_engine(&cli->arena, &own, range, &v->prefill_costs, out, &cli->err));
    out->extras = gable_serving_extras(&v->constants, v->prefill_parts.n_layers);
    return GABLE_OK;
}

static gable_status take_split(serving *v, const gable_served *served,
                               const gable_request_range *range, gable_sim_setup *setup)
{
    gable_cli *cli = v->cli;
    gable_serve_split *apart = &v->answer->apart;
    GABLE_TRY(take_prefill(v, served, range, &setup->prefill));
    setup->n_prefill = v->options->prefill_engines;
    gable_handover_end from = gable_handover_from(&v->prefill_parts, &v->constants);
    gable_handover_end to = gable_handover_to(&v->parts, &v->constants);
    GABLE_TRY(gable_serving_handover(served->machine, &from, &to, v->answer->n_devices,
                                     &apart->handover, &cli->err));
    gable_handover_slow(&apart->handover, v->parts.isl, v->parts.osl, &setup->prefill,
                        &setup->rules);
    setup->transfer_s = apart->handover.fixed_s;
    setup->transfer_s_per_token = apart->handover.token_s;
    double batch = floor(v->parts.capacity);
    if (is_closed(v->options))
        batch = fmin(batch, ceil(v->answer->request.concurrency / setup->n_engines));
    if (setup->rules.most_sequences > 0.0)
        batch = fmin(batch, setup->rules.most_sequences);
    batch = fmin(batch, setup->rules.costs->batch[setup->rules.costs->n_batch - 1]);
    apart->rates = gable_serving_split_rates(&setup->prefill, &setup->rules, v->parts.isl,
                                             v->parts.osl, fmax(batch, 1.0));
    return GABLE_OK;
}

/* ---- limits ---- */

/* Where requests come faster than they are answered the last ones wait for the whole backlog: most
 * of the time that is left when they arrive. Elsewhere they wait for little of it. */
static bool falls_behind(const gable_requests *r, double span_s)
{
    size_t tail = r->n / 20 + 1;
    double waited_s = 0.0, left_s = r->arrival_s[0] + span_s - r->arrival_s[r->n - 1];
    for (size_t i = r->n - tail; i < r->n; i++)
        waited_s += (r->start_s[i] - r->arrival_s[i]) / (double)tail;
    return waited_s > 0.5 * left_s;
}

static bool within(const gable_serve_options *o, double ttft_s, double tpot_s)
{
    return (!(o->ttft_limit_s > 0.0) || ttft_s <= o->ttft_limit_s) &&
           (!(o->tpot_limit_s > 0.0) || tpot_s <= o->tpot_limit_s);
}

/* Requests without those of --warmup. */
static gable_requests counted_of(const gable_serve_options *o, const gable_serve_answer *a)
{
    return gable_requests_after(&a->requests, (size_t)(o->warmup * floor(o->concurrency)));
}

/* Share of requests that keep both limits (the goodput of DistServe); of a closed form, whether the
 * means do. */
static double share_within(const gable_serve_options *o, const gable_serve_answer *a)
{
    gable_requests counted = counted_of(o, a);
    const gable_requests *r = &counted;
    double n = 0.0;
    if (!(o->ttft_limit_s > 0.0) && !(o->tpot_limit_s > 0.0))
        return (double)NAN;
    if (!a->simulated)
        return within(o, a->serving.ttft_s, a->serving.tpot_s);
    for (size_t i = 0; i < r->n; i++)
        n += within(o, r->first_s[i] - r->arrival_s[i],
                    r->answer[i] > 1 ? (r->end_s[i] - r->first_s[i]) / (r->answer[i] - 1.0) : 0.0);
    return n / (double)r->n;
}

/* What the engine adds around the steps of requests. */
static void add_first(serving *v)
{
    gable_serve_answer *a = v->answer;
    double dp = v->options->dp;
    double present = is_closed(v->options) ? ceil(a->request.concurrency / dp) /* of one engine */
                                           : a->result.present_mean / dp;
    a->saturated = !is_closed(v->options) && falls_behind(&a->requests, a->result.span_s);
    gable_serving_add_first(&v->constants, present, &a->requests);
}

static gable_status keeps_limits(serving *v, const gable_sim_setup *setup, double rate, bool *out)
{
    v->answer->rate = rate;
    GABLE_TRY(run_requests(v, setup));
    add_first(v);
    *out = !v->answer->saturated && share_within(v->options, v->answer) >= v->options->attain;
    return GABLE_OK;
}

/* The most requests a second that keep the limits, to 0.1 %: by doubling or halving from 1 until
 * one side is known, then by bisection of its logarithm. */
static gable_status find_rate(serving *v, const gable_sim_setup *setup)
{
    double low = 0.0, high = 0.0, rate = 1.0;
    for (int i = 0; i < 60 && !(low > 0.0 && high > 0.0 && high < 1.001 * low); i++) {
        bool keeps;
        GABLE_TRY(keeps_limits(v, setup, rate, &keeps));
        *(keeps ? &low : &high) = rate;
        if (low > 0.0 && high > 0.0)
            rate = sqrt(low * high);
        else
            rate *= keeps ? 2.0 : 0.5;
        if (rate < 1e-4)
            break;
    }
    v->answer->rate = low;
    v->answer->rate_found = true;
    if (low > 0.0)
        return GABLE_OK;
    return gable_fail(&v->cli->err, GABLE_DIFFERS,
                      "however few requests arrive, the limits are missed");
}

/* ---- the run ---- */

static gable_status simulate(serving *v)
{
    gable_cli *cli = v->cli;
    gable_serve_answer *a = v->answer;
    double clients, n;
    gable_sim_setup setup = {.n_engines = v->options->dp};
    gable_served served = {.model = a->priced.model,
                           .machine = &a->priced.machine,
                           .rules = &v->rules,
                           .request = &a->request,
                           .parts = &v->parts};
    GABLE_TRY(take_requests(v, &a->requests));
    gable_serving_loop_size(&a->request, &clients, &n);
    setup.clients = is_closed(v->options) ? (size_t)clients : 0;
    gable_request_range range = gable_request_range_of(&a->requests, setup.clients);
    GABLE_TRY(
        gable_serving_engine(&cli->arena, &served, &range, &v->costs, &setup.rules, &cli->err));
    setup.rules.extras = gable_serving_extras(&v->constants, v->parts.n_layers);
    a->split = v->options->prefill_engines > 0;
    if (a->split)
        GABLE_TRY(take_split(v, &served, &range, &setup));
    a->rate = v->options->rate;
    if (finds_rate(v->options))
        GABLE_TRY(find_rate(v, &setup));
    return run_requests(v, &setup);
}

/* Whether a closed form has an answer: a closed loop of one engine or of several alike. */
static bool has_closed_form(const gable_serve_options *o)
{
    return is_closed(o) && o->prefill_engines == 0;
}

/* A loop that is too long for an instant answer on each engine, or whose cache holds not one of the
 * longest, is answered in closed form; one of so many requests as were asked for is simulated. */
static bool worth_simulating(const serving *v)
{
    const gable_serve_options *o = v->options;
    gable_lengths lengths = gable_lengths_of(o->isl, o->osl, o->length_ratio);
    double longest = lengths.prompt_most + lengths.answer_most + GABLE_SIM_BLOCK_CAP;
    double most = fmin(GABLE_SERVING_LOOP_CAP * (double)o->dp, GABLE_SIMULATE_REQUESTS_CAP);
    return !has_closed_form(o) || o->requests >= 1.0 ||
           (count_requests(v) <= most && v->parts.kv_tokens >= longest);
}

/* ---- the answer ---- */

/* A figure with its interval becomes another one. */
static void move_to(double to, double *figure, double *p10, double *p90)
{
    *p10 *= to / *figure;
    *p90 *= to / *figure;
    *figure = to;
}

/* All devices are paid for all the time. */
static void take_bill(double given_usd_per_h, gable_serve_answer *a)
{
    const gable_serving *s = &a->serving;
    double prompts = gable_serving_prompt_frac(&s->parts);
    double input = s->requests_per_s * s->parts.isl;
    gable_rent_of(a->priced.machine.accelerator, given_usd_per_h, &a->rent);
    double usd_per_h = a->rent.usd_per_h, n = a->n_devices;
    a->usd_per_million_tokens = gable_rent_per_million(usd_per_h, n, s->tokens_per_s);
    a->usd_per_million_input = prompts * gable_rent_per_million(usd_per_h, n, input);
    a->usd_per_million_generated = (1.0 - prompts) * a->usd_per_million_tokens;
}

/* Steps hold as many sequences as the simulation had on average. */
static gable_status take_energy(serving *v)
{
    gable_serve_answer *a = v->answer;
    gable_serving *s = &a->serving;
    gable_serving_request mean = a->request;
    gable_serving_parts parts;
    double batch = floor(fmax(a->result.use.batch_mean, 1.0));
    mean.concurrency = batch * (mean.dp > 1 ? mean.dp : 1);
    GABLE_TRY(gable_serving_price(&v->cli->arena, a->priced.model, &a->priced.machine, &v->rules,
                                  &mean, &parts, &v->cli->err));
    gable_serving_energy_of(&parts, &a->priced.machine, a->n_devices, s->tokens_per_s, &s->energy);
    s->joules_per_token = s->energy.joules_per_token;
    return GABLE_OK;
}

/* Figures of what was simulated: of arrivals from outside, of engines for prompts apart, and of
 * answers so short that steps have more prompts than the closed form knows. Other closed loops have
 * its figures, which constants were fitted by. */
static gable_status take_rates(serving *v)
{
    gable_serve_answer *a = v->answer;
    gable_serving *s = &a->serving;
    bool plain = has_closed_form(v->options) && gable_serving_in_range(&s->parts);
    if (a->simulated)
        move_to(a->times.ttft.mean, &s->ttft_s, &s->ttft_p10_s, &s->ttft_p90_s);
    if (a->simulated && !plain) {
        move_to(a->times.tpot.mean, &s->tpot_s, &s->tpot_p10_s, &s->tpot_p90_s);
        /* In a closed loop by Little's law, as in closed form: clients wait for what is around the
         * steps too, and neither start nor end of a run counts. */
        double answer = a->times.tokens_per_s / a->times.requests_per_s;
        s->requests_per_s = is_closed(v->options) ? a->request.concurrency / a->times.e2e.mean
                                                  : a->times.requests_per_s;
        s->tokens_per_s = s->requests_per_s * answer;
        s->tokens_per_s_per_user = s->tpot_s > 0.0 ? 1.0 / s->tpot_s : 0.0;
        GABLE_TRY(take_energy(v));
    }
    s->tokens_per_s_per_gpu = s->tokens_per_s / a->n_devices;
    take_bill(v->options->energy.usd_per_gpu_hour, a);
    return GABLE_OK;
}

static double devices_of(const gable_serve_options *o)
{
    gable_scenario one = {.dp = 1};
    GABLE_RANKS_COPY(&one, o);
    one.dp = 1;
    double decode = gable_layout_devices(&one) * (double)o->dp;
    if (o->prefill_tp > 0)
        one.tp = o->prefill_tp;
    return decode + gable_layout_devices(&one) * (double)o->prefill_engines;
}

gable_status gable_serve_price(gable_cli *cli, const gable_serve_options *o,
                               gable_serve_answer *out)
{
    serving v = {.cli = cli, .options = o, .answer = out};
    gable_serving_wait wait;
    *out = (gable_serve_answer){.n_devices = devices_of(o)};
    GABLE_TRY(check_options(cli, o));
    GABLE_TRY(load(&v));
    GABLE_TRY(take_request(&v));
    GABLE_TRY(gable_serving_price(&cli->arena, out->priced.model, &out->priced.machine, &v.rules,
                                  &out->request, &v.parts, &cli->err));
    if (v.parts.fits && worth_simulating(&v))
        GABLE_TRY(simulate(&v));
    if (out->simulated)
        wait = gable_serving_wait_of(&out->requests);
    gable_serving_finish(&v.parts, &v.constants, &out->request, &out->priced.machine,
                         out->simulated ? &wait : NULL, &out->serving);
    out->within_frac = (double)NAN;
    if (!v.parts.fits)
        return GABLE_OK;
    if (out->simulated) {
        add_first(&v);
        const gable_requests counted = counted_of(o, out);
        GABLE_TRY(gable_request_times_of(&cli->arena, &counted, out->result.span_s, &out->times,
                                         &cli->err));
    }
    out->within_frac = share_within(o, out);
    return take_rates(&v);
}
