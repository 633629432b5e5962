/* cli/serve_write: the answer of `gable serve` in text, JSON, CSV and Markdown. See serve.h. */
#include <math.h>

#include "cli/serve.h"
#include "report/memory.h"

/* ---- the requests of a simulation ---- */

typedef struct line {
    const char *figure;
    gable_spread s;
} line;
enum { N_LINES = 4 };

static void take_lines(const gable_serve_answer *a, line *out)
{
    const gable_request_times *t = &a->times;
    out[0] = (line){"ttft", t->ttft};
    out[1] = (line){"tpot", t->tpot};
    out[2] = (line){"e2e", t->e2e};
    out[3] = (line){"wait", t->wait};
}

#define SECONDS_COLUMN(member, header_)                                                            \
    {                                                                                              \
        .key = #member "_s", .header = (header_), .type = GABLE_CELL_NUMBER,                       \
        .dim = GABLE_DIM_SECONDS, .offset = offsetof(line, s.member)                               \
    }
static const gable_column columns[] = {
    {.key = "figure",
     .header = "figure",
     .type = GABLE_CELL_TEXT,
     .offset = offsetof(line, figure)},
    SECONDS_COLUMN(mean, "mean"),
    SECONDS_COLUMN(p50, "p50"),
    SECONDS_COLUMN(p90, "p90"),
    SECONDS_COLUMN(p99, "p99"),
};
#undef SECONDS_COLUMN

static void write_table(gable_cli *cli, const gable_serve_answer *a, gable_format format)
{
    line lines[N_LINES];
    take_lines(a, lines);
    gable_table table = {.columns = columns,
                         .n_columns = sizeof columns / sizeof columns[0],
                         .rows = lines,
                         .row_bytes = sizeof lines[0],
                         .n_rows = a->simulated ? N_LINES : 0};
    gable_table_write(&cli->out, &table, format, cli->width);
}

/* ---- text ---- */

typedef char quantity[GABLE_UNITS_TEXT_CAP];

static const char *seconds(double s, quantity out)
{
    return gable_units_print(s, GABLE_DIM_SECONDS, 4, out);
}

static const char *watts(double w, quantity out)
{
    return gable_units_print(w, GABLE_DIM_WATTS, 4, out);
}

static void add_times(gable_text *out, const char *label, const double s[3])
{
    quantity text[3];
    gable_text_addf(out, "  %-9s %s  (p10 %s, p90 %s)\n", label, seconds(s[0], text[0]),
                    seconds(s[1], text[1]), seconds(s[2], text[2]));
}

static void write_load(gable_text *out, const gable_serve_options *o, const gable_serve_answer *a)
{
    const gable_serving_parts *p = &a->serving.parts;
    const char *varied =
        fabs(a->request.length_ratio - 1.0) > 1e-9 || o->trace ? " on average" : "";
    /* The closed form prices answers of two tokens at least, what arrives is as long as it is. */
    double osl =
        o->arrivals == GABLE_ARRIVALS_CLOSED ? p->osl : a->request.osl * p->isl / a->request.isl;
    if (o->arrivals == GABLE_ARRIVALS_CLOSED)
        gable_text_addf(out, "  load      %.10g client%s", a->request.concurrency,
                        a->request.concurrency > 1.0 ? "s" : "");
    else if (o->arrivals == GABLE_ARRIVALS_TRACE)
        gable_text_addf(out, "  load      %zu requests as recorded%s, %.4g requests/s",
                        a->requests.n, a->rate > 0.0 ? " but for their rate" : "",
                        a->rate > 0.0 ? a->rate : (double)a->requests.n / a->result.span_s);
    else
        gable_text_addf(out, "  load      %zu requests, %s, %.4g requests/s%s", a->requests.n,
                        gable_arrivals_names[o->arrivals], a->rate,
                        a->rate_found ? ": the most that keep the limits" : "");
    gable_text_addf(out, ", prompts of %.10g and answers of %.10g token%s%s\n", round(p->isl),
                    round(osl), round(osl) > 1.0 ? "s" : "", varied);
    if (isfinite(a->prefix_hit_frac))
        gable_text_addf(out, "            %.1f %% of prompt tokens are in the cache of prefixes\n",
                        100.0 * a->prefix_hit_frac);
}

static void write_memory(gable_text *out, const gable_serve_options *o, const gable_serve_answer *a)
{
    const gable_serving_parts *p = &a->serving.parts;
    quantity free_text;
    gable_report_memory(out, p);
    gable_units_print(p->free_bytes, GABLE_DIM_BYTES, 4, free_text);
    gable_text_addf(out,
                    "  cache     %s of each device, %.0f tokens: %.4g sequences of this length%s\n",
                    free_text, floor(p->kv_tokens), p->capacity, p->fits ? "" : ": NOT ONE FITS");
    double clients = a->request.concurrency / o->dp;
    if (o->arrivals == GABLE_ARRIVALS_CLOSED && p->fits && p->batch < floor(clients))
        gable_text_addf(out, "            %.0f run, %.0f wait%s\n", p->batch,
                        floor(clients) - p->batch, o->dp > 1 ? ", on each engine" : "");
}

/* Whether prompts join steps at a pace that the closed form knows of. */
static bool has_refills(const gable_serve_options *o)
{
    return o->arrivals == GABLE_ARRIVALS_CLOSED && o->prefill_engines == 0;
}

static void write_estimate(gable_text *out, const gable_serve_options *o,
                           const gable_serve_answer *a)
{
    const gable_serving *s = &a->serving;
    const gable_serving_parts *p = &s->parts;
    quantity text[3];
    double scale = a->simulated ? a->times.ttft.p50 / s->ttft_s : 1.0;
    add_times(out, "TTFT",
              (double[]){scale * s->ttft_s, scale * s->ttft_p10_s, scale * s->ttft_p90_s});
    if (a->simulated)
        gable_text_addf(out, "            half of the requests; mean %s, in the queue %s\n",
                        seconds(s->ttft_s, text[0]), seconds(a->times.wait.mean, text[1]));
    else
        gable_text_addf(out, "            a mean, in closed form; of it service %s\n",
                        seconds(s->ttft_service_s, text[0]));
    if (s->tpot_s > 0.0)
        add_times(out, "TPOT", (double[]){s->tpot_s, s->tpot_p10_s, s->tpot_p90_s});
    else
        gable_text_add(out, "  TPOT      none: no answer has a second token\n");
    if (o->arrivals == GABLE_ARRIVALS_CLOSED)
        gable_text_addf(out, "            kernels of a step %s, a prompt adds %s; ceiling %s\n",
                        seconds(p->decode_s, text[0]), seconds(p->joined_s, text[1]),
                        seconds(s->tpot_ceiling_s, text[2]));
    if (has_refills(o) && !gable_serving_in_range(p))
        gable_text_addf(out, "            %.4g prompts join a step on average: %s\n",
                        gable_serving_refills(p),
                        a->simulated ? "simulated, the closed form is of one at most"
                                     : "OUTSIDE THE RANGE of the closed form, one at most");
    gable_text_addf(
        out, "  rate      %.4g tokens/s, %.4g per device, %.4g per user; %.4g requests/s\n",
        s->tokens_per_s, s->tokens_per_s_per_gpu, s->tokens_per_s_per_user, s->requests_per_s);
}

static void write_limits(gable_text *out, const gable_serve_options *o, const gable_serve_answer *a)
{
    quantity text;
    gable_text_addf(out, "  limits    %.1f %% of requests keep them:", 100.0 * a->within_frac);
    if (o->ttft_limit_s > 0.0)
        gable_text_addf(out, " first token in %s", seconds(o->ttft_limit_s, text));
    if (o->tpot_limit_s > 0.0)
        gable_text_addf(out, "%s a token in %s", o->ttft_limit_s > 0.0 ? "," : "",
                        seconds(o->tpot_limit_s, text));
    gable_text_addf(out, "%s\n", a->within_frac < o->attain ? ": MISSED" : "");
}

static void write_use(gable_text *out, const char *label, int n, const gable_sim_use *use)
{
    gable_text_addf(out, "  %-9s %d busy %.1f %% of the time, %.4g sequences at a time", label, n,
                    100.0 * use->busy_frac, use->batch_mean);
    if (use->cache_most_frac > 0.0)
        gable_text_addf(out, ", cache %.1f %% full, at most %.1f %%", 100.0 * use->cache_mean_frac,
                        100.0 * use->cache_most_frac);
    gable_text_add(out, "\n");
}

static void write_split(gable_text *out, const gable_serve_options *o, const gable_serve_answer *a)
{
    const gable_serve_split *x = &a->apart;
    quantity text;
    double prompt = a->serving.parts.isl;
    write_use(out, "prefill", o->prefill_engines, &a->result.prefill_use);
    gable_text_addf(out,
                    "            a prompt's cache is handed over in %s, %s; links busy %.1f %%\n",
                    seconds(x->handover.fixed_s + x->handover.token_s * prompt, text),
                    x->handover.out ? "over the scale-out fabric" : "inside the domain",
                    100.0 * a->result.link_busy_frac);
    if (x->handover.longer_frac > 0.0)
        gable_text_addf(out,
                        "            %.1f %% slower beside the engines' own exchanges, which it "
                        "slows in turn\n",
                        100.0 * x->handover.longer_frac);
    gable_text_addf(out,
                    "  balance   %.4g requests/s an engine that computes prompts, %.4g one that "
                    "answers %.0f: %.3g to 1\n",
                    x->rates.prefill_requests_per_s, x->rates.decode_requests_per_s, x->rates.batch,
                    x->rates.prefill_per_decode);
}

static void write_simulated(gable_cli *cli, const gable_serve_options *o,
                            const gable_serve_answer *a)
{
    gable_text *out = &cli->out;
    const gable_simulated *r = &a->result;
    if (a->split)
        write_split(out, o, a);
    write_use(out, a->split ? "decode" : "engines", o->dp, &r->use);
    gable_text_addf(out, "  queue     %.4g requests on average, at most %.0f", r->queue_mean,
                    r->queue_most);
    if (r->n_preempted > 0.0)
        gable_text_addf(out, "; %.0f gave way for want of cache and began anew", r->n_preempted);
    if (a->saturated)
        gable_text_add(out, ": IT GROWS, requests come faster than they are answered");
    gable_text_addf(out, "\nover %zu requests\n", a->requests.n);
    write_table(cli, a, GABLE_FORMAT_TEXT);
}

static void write_title(gable_text *out, const gable_serve_answer *a)
{
    gable_plan plan = {.model = a->priced.model};
    gable_priced priced = {.plan = &plan, .machine = &a->priced.machine};
    GABLE_RANKS_COPY(&plan.scenario, &a->request);
    gable_text_add(out, "serving of ");
    gable_report_subject(out, &priced);
    gable_text_add(out, "\n");
}

static void write_bill(gable_text *out, const gable_serve_answer *a)
{
    if (!(a->usd_per_million_tokens > 0.0))
        return;
    gable_text_addf(out, "  cost      %.4g USD per million output tokens, at %.4g USD/h a device",
                    a->usd_per_million_tokens, a->rent.usd_per_h);
    gable_text_addf(out, " (%s%s", a->rent.date ? a->rent.date : "", a->rent.date ? ", " : "");
    gable_text_add_safe(out, a->rent.source);
    gable_text_addf(out,
                    ")\n            of it %.4g a million input tokens, %.4g a million answered\n",
                    a->usd_per_million_input, a->usd_per_million_generated);
}

static void write_energy(gable_text *out, const gable_serving_energy *e)
{
    if (e->modelled)
        gable_text_addf(out,
                        "  energy    %.4g J per output token (%s), %.0f W a device, %.0f %% of it "
                        "idle; at most %.4g J\n",
                        e->joules_per_token, gable_provenance_name(e->provenance), e->power_w,
                        100.0 * e->idle_frac, e->most_joules_per_token);
    else if (e->joules_per_token > 0.0)
        gable_text_addf(out,
                        "  energy    at most %.4g J per output token (devices at their limit)\n",
                        e->joules_per_token);
}

void gable_serve_write_power(gable_text *out, const gable_serving *s, const gable_machine *machine)
{
    const gable_serving_energy *e = &s->energy;
    quantity text[3];
    if (!(e->power_w > 0.0))
        return;
    gable_text_addf(out, "  power     %s a device", watts(e->power_w, text[0]));
    if (e->modelled)
        gable_text_addf(out, " of %s (%s, p10 %s, p90 %s)", watts(e->limit_w, text[0]),
                        gable_provenance_name(e->provenance), watts(e->power_p10_w, text[1]),
                        watts(e->power_p90_w, text[2]));
    else
        gable_text_add(out, ", its limit");
    if (e->n_systems > 0.0) {
        gable_text_addf(out, ",\n            %.0f x ", e->n_systems);
        gable_text_add_safe(out, machine->system->name);
        gable_text_addf(out, " with hosts %s of %s", watts(e->system_w, text[0]),
                        watts(e->system_limit_w, text[1]));
        if (e->n_systems > 1.0)
            gable_text_addf(out, " each, %s in all", watts(e->all_w, text[2]));
    }
    gable_text_add(out, "\n");
    if (machine->power_limit_w > 0.0)
        gable_text_addf(
            out,
            "  held      to %s a device: kernels of a step that decodes take x%.4g, of a "
            "prompt x%.4g\n",
            watts(machine->power_limit_w, text[0]), s->parts.decode_slower, s->parts.prompt_slower);
}

static void write_text(gable_cli *cli, const gable_serve_options *o, const gable_serve_answer *a)
{
    gable_text *out = &cli->out;
    const gable_serving *s = &a->serving;
    write_title(out, a);
    if (s->parts.fits || o->arrivals == GABLE_ARRIVALS_CLOSED)
        write_load(out, o, a);
    write_memory(out, o, a);
    if (!s->parts.fits)
        return;
    write_estimate(out, o, a);
    if (isfinite(a->within_frac))
        write_limits(out, o, a);
    write_bill(out, a);
    write_energy(out, &s->energy);
    gable_serve_write_power(out, s, &a->priced.machine);
    gable_text_addf(out, "  engine    %s: ", gable_provenance_name(s->provenance));
    gable_text_add_safe(out, s->from);
    gable_text_add(out, "\n");
    if (a->simulated)
        write_simulated(cli, o, a);
}

/* ---- JSON (CONTRACT 7) ---- */

typedef struct json_row {
    const char *key;
    double value;
} json_row;

static void add_rows(gable_text *out, const char *indent, const json_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        gable_text_addf(out, "%s\n%s\"%s\": ", i ? "," : "", indent, rows[i].key);
        gable_text_add_json_number(out, rows[i].value);
    }
}

static void write_json_use(gable_text *out, const char *key, int engines, const gable_sim_use *use)
{
    const json_row rows[] = {{"engines", engines},
                             {"busy_frac", use->busy_frac},
                             {"batch_mean", use->batch_mean},
                             {"cache_mean_frac", use->cache_mean_frac},
                             {"cache_most_frac", use->cache_most_frac}};
    gable_text_addf(out, ",\n    \"%s\": {", key);
    add_rows(out, "      ", rows, sizeof rows / sizeof rows[0]);
    gable_text_add(out, "\n    }");
}

static void write_json_split(gable_text *out, const gable_serve_options *o,
                             const gable_serve_answer *a)
{
    const gable_serve_split *x = &a->apart;
    const json_row rows[] = {
        {"handover_s", x->handover.fixed_s + x->handover.token_s * a->serving.parts.isl},
        {"handover_bytes", x->handover.token_bytes * a->serving.parts.isl},
        {"handover_longer_frac", x->handover.longer_frac},
        {"link_busy_frac", a->result.link_busy_frac},
        {"prefill_requests_per_s", x->rates.prefill_requests_per_s},
        {"decode_requests_per_s", x->rates.decode_requests_per_s},
        {"prefill_per_decode", x->rates.prefill_per_decode}};
    write_json_use(out, "prefill", o->prefill_engines, &a->result.prefill_use);
    gable_text_add(out, ",\n    \"split\": {");
    add_rows(out, "      ", rows, sizeof rows / sizeof rows[0]);
    gable_text_add(out, "\n    }");
}

static void write_json_simulated(gable_text *out, const gable_serve_options *o,
                                 const gable_serve_answer *a)
{
    const gable_simulated *r = &a->result;
    line lines[N_LINES];
    const json_row rows[] = {{"requests", (double)a->requests.n},
                             {"seed", o->seed},
                             {"rate_per_s", a->rate > 0.0 ? a->rate : (double)NAN},
                             {"span_s", r->span_s},
                             {"queue_mean", r->queue_mean},
                             {"queue_most", r->queue_most},
                             {"present_mean", r->present_mean},
                             {"preemptions", r->n_preempted},
                             {"steps", r->n_steps},
                             {"prefix_hit_frac", a->prefix_hit_frac}};
    take_lines(a, lines);
    gable_text_addf(out, ",\n  \"simulated\": {\n    \"arrivals\": \"%s\",\n    \"saturated\": %s,",
                    gable_arrivals_names[o->arrivals], a->saturated ? "true" : "false");
    add_rows(out, "    ", rows, sizeof rows / sizeof rows[0]);
    for (int i = 0; i < N_LINES; i++) {
        const json_row spread[] = {{"mean_s", lines[i].s.mean},
                                   {"p50_s", lines[i].s.p50},
                                   {"p90_s", lines[i].s.p90},
                                   {"p99_s", lines[i].s.p99}};
        gable_text_addf(out, ",\n    \"%s\": {", lines[i].figure);
        add_rows(out, "      ", spread, sizeof spread / sizeof spread[0]);
        gable_text_add(out, "\n    }");
    }
    write_json_use(out, "decode", o->dp, &r->use);
    if (a->split)
        write_json_split(out, o, a);
    gable_text_add(out, "\n  }");
}

static double above_0(double value)
{
    return value > 0.0 ? value : (double)NAN;
}

static void add_text(gable_text *out, const char *key, const char *text)
{
    gable_text_addf(out, ",\n  \"%s\": ", key);
    if (text)
        gable_text_add_json_string(out, text);
    else
        gable_text_add(out, "null");
}

static void write_json(gable_text *out, const gable_serve_options *o, const gable_serve_answer *a)
{
    const gable_serving *s = &a->serving;
    const gable_serving_parts *p = &s->parts;
    double nothing = (double)NAN, usd = a->usd_per_million_tokens;
    double median = a->simulated ? a->times.ttft.p50 / s->ttft_s : 1.0;
    json_row rows[] = {
        {"ttft_s", median * s->ttft_s},
        {"ttft_s_p10", median * s->ttft_p10_s},
        {"ttft_s_p90", median * s->ttft_p90_s},
        {"ttft_service_s", s->ttft_service_s},
        {"tpot_s", above_0(s->tpot_s)},
        {"tpot_s_p10", above_0(s->tpot_p10_s)},
        {"tpot_s_p90", above_0(s->tpot_p90_s)},
        {"tpot_ceiling_s", s->tpot_ceiling_s},
        {"tokens_per_s", s->tokens_per_s},
        {"tokens_per_s_per_gpu", s->tokens_per_s_per_gpu},
        {"tokens_per_s_per_user", above_0(s->tokens_per_s_per_user)},
        {"requests_per_s", s->requests_per_s},
        {"batch", p->batch},
        {"step_kernels_s", p->decode_s},
        {"prefill_kernels_s", p->prefill_s},
        {"prompt_adds_s", p->joined_s},
        {"prompts_per_step", has_refills(o) ? gable_serving_refills(p) : nothing},
        {"usd_per_million_output_tokens", usd},
        {"joules_per_output_token", above_0(s->joules_per_token)},
        {"ttft_mean_s", s->ttft_s},
        {"within_frac", a->within_frac},
        {"usd_per_gpu_hour", above_0(a->rent.usd_per_h)},
        {"low_usd_per_gpu_hour", above_0(a->rent.low_usd_per_h)},
        {"high_usd_per_gpu_hour", above_0(a->rent.high_usd_per_h)},
        {"usd_per_million_input_tokens", a->usd_per_million_input},
        {"usd_per_million_generated_tokens", a->usd_per_million_generated},
        {"most_joules_per_output_token", above_0(s->energy.most_joules_per_token)},
        {"power_w", above_0(s->energy.power_w)},
        {"idle_energy_frac", s->energy.modelled ? s->energy.idle_frac : nothing},
        {"power_p10_w", above_0(s->energy.power_p10_w)},
        {"power_p90_w", above_0(s->energy.power_p90_w)},
        {"power_limit_w", above_0(s->energy.limit_w)},
        {"systems", above_0(s->energy.n_systems)},
        {"system_power_w", above_0(s->energy.system_w)},
        {"system_power_limit_w", above_0(s->energy.system_limit_w)},
        {"deployment_power_w", above_0(s->energy.all_w)},
        {"step_slower", p->decode_slower},
        {"prompt_slower", p->prompt_slower},
    };
    size_t n = sizeof rows / sizeof rows[0];
    for (size_t i = 0; !p->fits && i < n; i++)
        rows[i].value = nothing;
    gable_text_add(out, "{\n  \"schema\": \"gable.serve/1\",");
    add_rows(out, "  ", rows, n);
    gable_text_add(out, ",\n  \"kv_tokens_capacity\": ");
    gable_text_add_json_number(out, floor(p->kv_tokens));
    gable_text_addf(out, ",\n  \"fits\": %s,\n  \"source\": \"%s\"", p->fits ? "true" : "false",
                    gable_provenance_name(s->provenance));
    gable_text_add(out, ",\n  ");
    gable_report_memory_json(out, p, "  ");
    add_text(out, "price_date", a->rent.date);
    add_text(out, "price_source", a->rent.source);
    add_text(out, "power_source",
             s->energy.modelled ? gable_provenance_name(s->energy.provenance) : NULL);
    if (a->simulated)
        write_json_simulated(out, o, a);
    gable_text_add(out, "\n}\n");
}

void gable_serve_write(gable_cli *cli, const gable_serve_options *o, const gable_serve_answer *a)
{
    if (o->format == GABLE_FORMAT_JSON)
        write_json(&cli->out, o, a);
    else if (o->format == GABLE_FORMAT_TEXT)
        write_text(cli, o, a);
    else
        write_table(cli, a, (gable_format)o->format);
}
