/* engine/whatif: see whatif.h. */
#include "engine/whatif.h"

#include <math.h>
#include <string.h>

double gable_whatif_devices(const gable_plan *plan)
{
    return plan->ranks.world;
}

void gable_whatif_figures(const gable_whatif_step *side, gable_whatif_side *out)
{
    const gable_step *step = side->step;
    const gable_accelerator *device = side->machine->accelerator;
    double n = gable_whatif_devices(side->plan), hourly = n * device->price_usd_per_h;
    *out = (gable_whatif_side){
        .time_s = step->time_s_total,
        .p10_s = step->p10_s,
        .p90_s = step->p90_s,
        .ceiling_s = step->ceiling_s_total,
        .tokens_per_s = step->tokens_per_s,
        .tokens_per_s_per_device = step->tokens_per_s / n,
        .usd_per_million_tokens = hourly > 0.0 && step->tokens_per_s > 0.0
                                      ? hourly / 3600.0 / step->tokens_per_s * 1e6
                                      : (double)NAN,
        .memory_j = device->hbm_j_per_bit > 0.0 ? 8.0 * n * step->hbm_bytes * device->hbm_j_per_bit
                                                : (double)NAN,
        .total_bytes = step->total_bytes,
        .capacity_bytes = step->capacity_bytes,
        .fits = step->fits,
        .bound = gable_bound_name(step->bound),
    };
    memcpy(out->bound_s, step->bound_s, sizeof out->bound_s);
}

static gable_whatif_row *row_of(gable_whatif *w, const char *name)
{
    for (int i = 0; i < w->n_rows; i++)
        if (strcmp(w->rows[i].name, name) == 0)
            return &w->rows[i];
    w->rows[w->n_rows] = (gable_whatif_row){.name = name};
    return &w->rows[w->n_rows++];
}

static void add_side(gable_whatif *w, const gable_whatif_step *side, bool after)
{
    for (int i = 0; i < side->plan->n_rows; i++) {
        gable_whatif_row *row = row_of(w, side->plan->name[i]);
        *(after ? &row->after_s : &row->before_s) +=
            side->step->time_s[i] - side->step->hidden_s[i];
        *(after ? &row->after_ceiling_s : &row->before_ceiling_s) += side->step->ceiling_s[i];
        *(after ? &row->after_bound : &row->before_bound) =
            gable_bound_name(side->step->row[i].bound);
    }
}

static double over(double a, double b)
{
    return a > 0.0 && b > 0.0 ? a / b : (double)NAN;
}

static void finish_row(gable_whatif_row *row)
{
    row->saved_s = row->before_s - row->after_s;
    row->speedup = over(row->before_s, row->after_s);
}

gable_status gable_whatif_compare(gable_arena *arena, const gable_whatif_step *before,
                                  const gable_whatif_step *after, gable_whatif *out, gable_err *err)
{
    size_t most = (size_t)before->plan->n_rows + (size_t)after->plan->n_rows + 1;
    *out = (gable_whatif){.n_rows = 0};
    GABLE_TRY(gable_arena_take(arena, most, sizeof *out->rows, &out->rows, err));
    gable_whatif_figures(before, &out->before);
    gable_whatif_figures(after, &out->after);
    add_side(out, before, false);
    add_side(out, after, true);
    for (int i = 0; i < out->n_rows; i++)
        finish_row(&out->rows[i]);
    out->total = (gable_whatif_row){.name = "step",
                                    .before_s = out->before.time_s,
                                    .after_s = out->after.time_s,
                                    .before_ceiling_s = out->before.ceiling_s,
                                    .after_ceiling_s = out->after.ceiling_s,
                                    .before_bound = out->before.bound,
                                    .after_bound = out->after.bound};
    finish_row(&out->total);
    out->speedup = out->total.speedup;
    out->ceiling_speedup = over(out->before.ceiling_s, out->after.ceiling_s);
    return GABLE_OK;
}
