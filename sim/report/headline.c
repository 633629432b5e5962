/* report/headline: what people read first: the scenario, how long, why, whether it fits. */
#include <math.h>
#include <string.h>

#include "report/internal.h"

enum { DIGITS = 4 };

static const char *quantity(double value, gable_dim dim, char *out)
{
    return gable_units_print(value, dim, DIGITS, out);
}

/* A count without an exponent: 4096, not 4.096e+03. */
static void add_count(gable_text *out, double value, const char *one, const char *many)
{
    gable_text_addf(out, "%.10g %s", value, value == 1.0 ? one : many);
}

void gable_report_subject(gable_text *out, const gable_priced *priced)
{
    const gable_scenario *scenario = &priced->plan->scenario;
    gable_text_add_safe(out, priced->plan->model->name);
    gable_text_add(out, " on ");
    gable_text_add_safe(out, priced->machine->system->name);
    const struct {
        const char *name;
        int n;
    } ranks[] = {
#define RANK_ROW(member, name, help) {name, scenario->member},
        GABLE_RANK_LIST(RANK_ROW)
#undef RANK_ROW
    };
    if (priced->machine->n_nodes > 1)
        gable_text_addf(out, " x %d", priced->machine->n_nodes);
    for (size_t i = 0; i < COUNT_OF(ranks); i++)
        if (i == 0 || ranks[i].n > 1)
            gable_text_addf(out, ", %s %d", ranks[i].name, ranks[i].n > 1 ? ranks[i].n : 1);
    gable_text_add(out, ", stack ");
    gable_text_add_safe(out, priced->machine->constants->stack);
}

void gable_report_title(gable_text *out, const gable_priced *priced)
{
    gable_text_addf(out, "%s step of ", gable_phases[priced->plan->scenario.phase]);
    gable_report_subject(out, priced);
}

void gable_report_batch(gable_text *out, const gable_scenario *scenario)
{
    add_count(out, scenario->batch, "sequence", "sequences");
    gable_text_add(out, " x ");
    add_count(out, scenario->n_new, "new token", "new tokens");
    gable_text_add(out, ", ");
    add_count(out, scenario->n_cached, "token cached each", "tokens cached each");
}

static void add_batch(gable_text *out, const gable_scenario *scenario)
{
    gable_text_add(out, "  batch     ");
    gable_report_batch(out, scenario);
    gable_text_add(out, "\n");
}

static void add_time(gable_text *out, const gable_step *step)
{
    char a[GABLE_UNITS_TEXT_CAP], b[GABLE_UNITS_TEXT_CAP], c[GABLE_UNITS_TEXT_CAP];
    gable_text_addf(out, "  expected  %s", quantity(step->time_s_total, GABLE_DIM_SECONDS, a));
    if (step->p90_s > step->p10_s)
        gable_text_addf(out, "  (p10 %s, p90 %s)", quantity(step->p10_s, GABLE_DIM_SECONDS, b),
                        quantity(step->p90_s, GABLE_DIM_SECONDS, c));
    gable_text_addf(out, "\n  ceiling   %s  (speed of light",
                    quantity(step->ceiling_s_total, GABLE_DIM_SECONDS, a));
    if (step->ceiling_s_total > 0.0)
        gable_text_addf(out, "; expected is x%.3g of it",
                        step->time_s_total / step->ceiling_s_total);
    gable_text_add(out, ")\n");
}

/* 4 significant digits without an exponent. */
static void add_rounded(gable_text *out, double value)
{
    double unit = value >= 1e4 ? pow(10.0, floor(log10(value)) - 3.0) : 0.0;
    if (unit > 0.0)
        gable_text_addf(out, "%.0f", round(value / unit) * unit);
    else
        gable_text_addf(out, "%.4g", value);
}

static void add_rate(gable_text *out, const gable_priced *priced)
{
    double rate = priced->step->tokens_per_s, n = gable_report_n_devices(priced);
    gable_text_add(out, "  rate      ");
    add_rounded(out, rate);
    gable_text_add(out, " tokens/s");
    if (n > 1.0) {
        gable_text_add(out, ", ");
        add_rounded(out, rate / n);
        gable_text_add(out, " per device");
    }
    if (priced->plan->scenario.batch > 1.0) {
        gable_text_add(out, ", ");
        add_rounded(out, rate / priced->plan->scenario.batch);
        gable_text_add(out, " per sequence");
    }
    gable_text_add(out, "\n");
}

static void verdict_memory(gable_text *out, const gable_priced *priced)
{
    const gable_step *step = priced->step;
    double intensity = step->intensity_flops_per_byte, ridge = step->ridge_flops_per_byte;
    if (intensity > 0.0 && ridge >= intensity)
        gable_text_addf(out, "%.3g FLOP/B, x%.3g below the ridge at %.4g", intensity,
                        ridge / intensity, ridge);
    else
        gable_text_addf(out, "most operators are, though the step as a whole has %.4g FLOP/B",
                        intensity);
}

static void verdict_compute(gable_text *out, const gable_priced *priced)
{
    const gable_step *step = priced->step;
    double intensity = step->intensity_flops_per_byte, ridge = step->ridge_flops_per_byte;
    if (ridge > 0.0 && intensity >= ridge)
        gable_text_addf(out, "%.4g FLOP/B, x%.3g above the ridge at %.4g", intensity,
                        intensity / ridge, ridge);
    else
        gable_text_addf(out, "the matrix units are busy longer than the memory");
}

static void verdict_network(gable_text *out, const gable_priced *priced)
{
    char bytes[GABLE_UNITS_TEXT_CAP], rate[GABLE_UNITS_TEXT_CAP];
    if (priced->plan->host.stored_bytes > 0.0) {
        gable_text_addf(out, "%s per device over links and from the host",
                        quantity(priced->step->wire_bytes_total, GABLE_DIM_BYTES, bytes));
        return;
    }
    gable_text_addf(
        out, "%s per device over links of %s",
        quantity(priced->step->wire_bytes_total, GABLE_DIM_BYTES, bytes),
        quantity(priced->machine->system->scale_up_bytes_per_s, GABLE_DIM_BYTES_PER_S, rate));
}

static void verdict_overhead(gable_text *out, const gable_priced *priced)
{
    (void)priced;
    gable_text_add(out, "launches, latencies and gaps: on no datasheet");
}

typedef void verdict_writer(gable_text *out, const gable_priced *priced);

static verdict_writer *const verdicts[GABLE_N_BOUNDS] = {
    [GABLE_BOUND_COMPUTE] = verdict_compute,
    [GABLE_BOUND_MEMORY] = verdict_memory,
    [GABLE_BOUND_NETWORK] = verdict_network,
    [GABLE_BOUND_OVERHEAD] = verdict_overhead,
};

void gable_report_verdict(gable_text *out, const gable_priced *priced)
{
    const gable_step *step = priced->step;
    gable_text_addf(out, "%s", gable_bound_name(step->bound));
    if (step->time_s_total > 0.0)
        gable_text_addf(out, ", %.0f %% of time",
                        100.0 * step->bound_s[step->bound] / step->time_s_total);
    gable_text_add(out, ": ");
    verdicts[step->bound](out, priced);
}

typedef struct memory_part {
    const char *name;
    double bytes;
} memory_part;

/* "            a 1 GB, b 2 GB": those that are there. */
static void add_memory_line(gable_text *out, const memory_part *parts, size_t n)
{
    char text[GABLE_UNITS_TEXT_CAP];
    const char *between = "            ";
    for (size_t i = 0; i < n; i++) {
        if (parts[i].bytes <= 0.0)
            continue;
        gable_text_addf(out, "%s%s %s", between, parts[i].name,
                        quantity(parts[i].bytes, GABLE_DIM_BYTES, text));
        between = ", ";
    }
    gable_text_add(out, "\n");
}

/* What the plan holds; what the stack keeps beside it, and what remains. */
static void add_memory(gable_text *out, const gable_priced *priced)
{
    const gable_plan *plan = priced->plan;
    const gable_step *step = priced->step;
    const memory_part held[] = {
        {"weights", plan->weights_bytes},
        {"cache", plan->kv_bytes},
        {"state", plan->state_bytes},
        {"activations", plan->activation_bytes},
    };
    double left = step->capacity_bytes - step->total_bytes - step->reserve_bytes;
    const memory_part kept[] = {
        {"communication", step->communication_bytes},
        {"framework", step->reserve_bytes - step->communication_bytes},
        {"left", left},
        {"missing", -left},
    };
    char a[GABLE_UNITS_TEXT_CAP], b[GABLE_UNITS_TEXT_CAP];
    gable_text_addf(out, "  memory    %s: %s of %s per device\n",
                    step->fits ? "fits" : "DOES NOT FIT",
                    quantity(step->total_bytes, GABLE_DIM_BYTES, a),
                    quantity(step->capacity_bytes, GABLE_DIM_BYTES, b));
    add_memory_line(out, held, COUNT_OF(held));
    if (step->reserve_bytes > 0.0)
        add_memory_line(out, kept, COUNT_OF(kept));
}

void gable_report_headline(gable_text *out, const gable_priced *priced)
{
    gable_report_title(out, priced);
    gable_text_add(out, "\n");
    add_batch(out, &priced->plan->scenario);
    gable_report_edited(out, priced->edited);
    add_time(out, priced->step);
    gable_text_add(out, "  bound by  ");
    gable_report_verdict(out, priced);
    gable_text_add(out, "\n");
    add_rate(out, priced);
    add_memory(out, priced);
    gable_report_energy(out, priced);
    gable_report_placement(out, priced);
    if (priced->decoding)
        gable_report_decoding(out, priced->decoding);
    if (priced->uncertainty)
        gable_report_uncertainty(out, priced->uncertainty);
    gable_text_add(out, "\n");
}

/* Share of the expected time that rests on each kind of constant. */
static void add_sources(gable_text *out, const gable_priced *priced)
{
    double seconds[GABLE_N_PROVENANCES] = {0};
    const gable_step *step = priced->step;
    for (int i = 0; i < priced->plan->n_rows; i++)
        seconds[step->row[i].provenance] += step->time_s[i] - step->hidden_s[i];
    gable_text_add(out, "constants:");
    const char *between = " ";
    for (int i = 0; i < GABLE_N_PROVENANCES; i++) {
        if (seconds[i] <= 0.0 || step->time_s_total <= 0.0)
            continue;
        gable_text_addf(out, "%s%s %.3g %%", between, gable_provenance_name((gable_provenance)i),
                        100.0 * seconds[i] / step->time_s_total);
        between = ", ";
    }
    gable_text_add(out, " of the time\n");
}

const char *gable_report_overlap(const gable_plan *plan)
{
    static const char *const words[GABLE_N_OVERLAPS] = {
        [GABLE_OVERLAP_NONE] = "none between operators; within one, compute and memory overlap",
        [GABLE_OVERLAP_SHARED] = "shared experts beside routed experts and their exchange",
        [GABLE_OVERLAP_TWO_BATCH] = "two halves of the step take turns on device and network",
        [GABLE_OVERLAP_WAVES] = "experts and their exchange in waves, shared experts beside them",
    };
    bool ring = plan->overlaps && plan->scenario.overlap == GABLE_OVERLAP_NONE;
    return ring ? "attention and the ring that brings it keys and values"
                : words[plan->scenario.overlap];
}

void gable_report_notes(gable_text *out, const gable_priced *priced)
{
    const gable_plan *plan = priced->plan;
    gable_text_add(out, "\nFigures are those of all calls in the step on one device, the slowest\n"
                        "rank. ");
    if (plan->overlaps)
        gable_text_addf(out, "Overlap: %s;\nwhat others hide of a row is in the last column.\n",
                        gable_report_overlap(plan));
    else
        gable_text_add(out, "Operators run one after another; within one, compute and memory\n"
                            "overlap.\n");
    if (plan->ranks.pp > 1.0)
        gable_text_addf(
            out, "A stage does %.10g passes a step and waits %.3g %% of the step for others.\n",
            plan->passes, 100.0 * plan->bubble_frac / (1.0 + plan->bubble_frac));
    add_sources(out, priced);
    if (!priced->step->fits)
        gable_text_add(out, "The step does not fit in memory: the times are those if it did.\n");
}
