/* report/placement: what lives beyond the device's memory, and compressed contexts: lines below the
 * headline, members of the JSON. */
#include "engine/host.h"
#include "report/internal.h"

enum { DIGITS = 4 };

/* Where bytes are and what fetching them adds. */
typedef struct host_figures {
    const char *place, *slowest;
    double stored_bytes, fetched_bytes, bytes_per_s, exposed_s, ceiling_exposed_s;
} host_figures;

#define MEMBER(struct_, key_, type_, member_)                                                      \
    {                                                                                              \
        .key = key_, .type = GABLE_CELL_##type_, .offset = offsetof(struct_, member_)              \
    }

static const gable_column host_columns[] = {
    MEMBER(host_figures, "place", TEXT, place),
    MEMBER(host_figures, "stored_bytes", NUMBER, stored_bytes),
    MEMBER(host_figures, "fetched_bytes", NUMBER, fetched_bytes),
    MEMBER(host_figures, "fetch_bytes_per_s", NUMBER, bytes_per_s),
    MEMBER(host_figures, "slowest", TEXT, slowest),
    MEMBER(host_figures, "exposed_s", NUMBER, exposed_s),
    MEMBER(host_figures, "ceiling_exposed_s", NUMBER, ceiling_exposed_s),
};

static const gable_column compression_columns[] = {
    MEMBER(gable_compression, "ratio", NUMBER, ratio),
    MEMBER(gable_compression, "compressor", TEXT, compressor),
    MEMBER(gable_compression, "plain_tokens", NUMBER, plain_tokens),
    MEMBER(gable_compression, "compressor_s", NUMBER, compressor_s),
    MEMBER(gable_compression, "step_s", NUMBER, step_s),
    MEMBER(gable_compression, "total_s", NUMBER, total_s),
    MEMBER(gable_compression, "plain_s", NUMBER, plain_s),
    MEMBER(gable_compression, "speedup", NUMBER, speedup),
};
#undef MEMBER

static void fill_host(const gable_priced *priced, host_figures *f)
{
    const gable_plan *plan = priced->plan;
    const gable_scenario *s = &plan->scenario;
    gable_host_rates rates = gable_engine_host_rates(plan, priced->machine);
    bool pooled = s->memory_place == GABLE_MEMORY_POOL;
    bool offloads = plan->host.ahead_bytes + plan->host.routed_bytes > 0.0;
    int row = plan->n_rows - 1; /* the host's row is the last */
    *f = (host_figures){
        .place = pooled && !offloads     ? "pool"
                 : s->offload_to_storage ? "storage"
                                         : "host",
        .slowest = pooled && !offloads ? "network" : rates.slowest,
        .stored_bytes = plan->host.stored_bytes,
        .fetched_bytes = priced->step->wire_bytes[row],
        .bytes_per_s = offloads ? rates.offload_bytes_per_s : rates.memory_bytes_per_s,
        .exposed_s = priced->step->time_s[row],
        .ceiling_exposed_s = priced->step->ceiling_s[row],
    };
}

static void host_lines(gable_text *out, const gable_priced *priced)
{
    char a[GABLE_UNITS_TEXT_CAP], b[GABLE_UNITS_TEXT_CAP], c[GABLE_UNITS_TEXT_CAP];
    host_figures f;
    fill_host(priced, &f);
    gable_text_addf(out, "  %-9s %s of each device live there\n", f.place,
                    gable_units_print(f.stored_bytes, GABLE_DIM_BYTES, DIGITS, a));
    gable_text_addf(out, "            %s fetched in this step at %s (%s), %s of it exposed\n",
                    gable_units_print(f.fetched_bytes, GABLE_DIM_BYTES, DIGITS, a),
                    gable_units_print(f.bytes_per_s, GABLE_DIM_BYTES_PER_S, DIGITS, b), f.slowest,
                    gable_units_print(f.exposed_s, GABLE_DIM_SECONDS, DIGITS, c));
}

static void compression_lines(gable_text *out, const gable_compression *c)
{
    char a[GABLE_UNITS_TEXT_CAP], b[GABLE_UNITS_TEXT_CAP];
    gable_text_addf(out, "  context   compressed x%.4g from %.10g tokens", c->ratio,
                    c->plain_tokens);
    if (c->compressor) {
        gable_text_add(out, " by ");
        gable_text_add_safe(out, c->compressor);
        gable_text_addf(out, " in %s",
                        gable_units_print(c->compressor_s, GABLE_DIM_SECONDS, DIGITS, a));
    }
    gable_text_addf(out, "\n            %s in all, %s without: x%.3g\n",
                    gable_units_print(c->total_s, GABLE_DIM_SECONDS, DIGITS, a),
                    gable_units_print(c->plain_s, GABLE_DIM_SECONDS, DIGITS, b), c->speedup);
}

static void image_lines(gable_text *out, const gable_priced *priced)
{
    const gable_scenario *s = &priced->plan->scenario;
    gable_image image = gable_layout_image(&priced->plan->model->vision, s);
    gable_text_addf(out,
                    "  images    %.10g in each prompt, %.10gx%.10g pixels: %.10g patches each, "
                    "%.10g tokens\n",
                    s->images, s->image_width, s->image_height, image.patches, image.tokens);
}

void gable_report_placement(gable_text *out, const gable_priced *priced)
{
    if (priced->plan->scenario.images > 0.0)
        image_lines(out, priced);
    if (priced->plan->host.stored_bytes > 0.0)
        host_lines(out, priced);
    if (priced->compression)
        compression_lines(out, priced->compression);
}

static void object(gable_text *out, const char *key, const gable_column *columns, size_t n_columns,
                   const void *row)
{
    gable_text_addf(out, ",\n  \"%s\": {", key);
    gable_report_members(out, columns, n_columns, row, ", ");
    gable_text_add(out, "}");
}

void gable_report_placement_json(gable_text *out, const gable_priced *priced)
{
    const gable_scenario *s = &priced->plan->scenario;
    host_figures f;
    if (s->images > 0.0) {
        gable_image image = gable_layout_image(&priced->plan->model->vision, s);
        gable_text_addf(out,
                        ",\n  \"images\": {\"per_prompt\": %.17g, \"patches\": %.17g, "
                        "\"tokens\": %.17g}",
                        s->images, image.patches, image.tokens);
    }
    if (priced->plan->host.stored_bytes > 0.0) {
        fill_host(priced, &f);
        object(out, "host", host_columns, COUNT_OF(host_columns), &f);
    }
    if (priced->compression)
        object(out, "compression", compression_columns, COUNT_OF(compression_columns),
               priced->compression);
}
