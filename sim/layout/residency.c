/* layout: compressed sparse attention whose entries live in host memory, but for those that an
 * indexer chose for the next steps (facts/models.md 4.9). What the other kinds of layers keep, and
 * windows, stay in the device. */
#include "layout/rows.h"

static bool compresses(const gable_mixer *m)
{
    return m->kind == GABLE_MIXER_CSA && m->compress_ratio > 0;
}

static double period(const gable_scenario *s)
{
    return s->index_every > 1.0 ? s->index_every : 1.0;
}

gable_status gable_layout_check_residency(const gable_model *model, const gable_scenario *s,
                                          gable_err *err)
{
    int n = 0;
    for (int i = 0; i < model->n_kinds; i++)
        n += compresses(&model->kinds[i].mixer);
    if (!(s->resident_kv >= 0.0 && s->resident_kv <= 1.0))
        return gable_fail(err, GABLE_INPUT, "--resident-kv %g is out of range, expected 0 to 1",
                          s->resident_kv);
    if (!(s->index_every >= 0.0 && s->index_every <= 1e6))
        return gable_fail(err, GABLE_INPUT, "--index-every %g is out of range, expected 1 to 1e6",
                          s->index_every);
    if ((s->resident_kv > 0.0 || s->index_every > 1.0) && n == 0)
        return gable_fail(err, GABLE_INPUT,
                          "--resident-kv and --index-every are for compressed sparse attention, "
                          "which %s does not have",
                          model->name);
    return GABLE_OK;
}

/* Compressed entries and index keys of all sequences on one rank. */
static double pool_bytes(const gable_plan *plan)
{
    const gable_model *model = plan->model;
    const gable_scenario *s = &plan->scenario;
    double bytes = 0.0, n = (s->n_cached + s->n_new) / plan->ranks.cp;
    for (int i = 0; i < model->n_kinds; i++) {
        const gable_mixer *m = &model->kinds[i].mixer;
        if (compresses(m))
            bytes += gable_layer_calls(&model->kinds[i]) * plan->stage_frac * plan->sequences * n /
                     m->compress_ratio *
                     (m->head_dim * gable_dtype_bytes(model->kv_dtype) +
                      m->index_dim * gable_dtype_bytes(model->index_dtype));
    }
    return bytes;
}

/* Each choice fetches what it chose; the indexer runs as rarely. */
void gable_layout_residency(gable_laying *l)
{
    gable_plan *plan = l->plan;
    const gable_scenario *s = &plan->local;
    for (int i = 0; i < plan->n_rows; i++)
        if (plan->kind[i] == GABLE_ROW_OP && plan->op[i].kind == GABLE_OP_SUBLAYER &&
            plan->op[i].sublayer.part == GABLE_BLOCK_INDEXER &&
            plan->op[i].sublayer.selection == GABLE_SELECTION_COMPRESSED)
            plan->calls[i] /= period(s);
    if (!(s->resident_kv > 0.0))
        return;
    double pool = pool_bytes(plan), resident = s->resident_kv * pool;
    plan->kv_bytes -= pool - resident;
    plan->host.stored_bytes += pool - resident;
    plan->host.ahead_bytes += resident / period(s);
}
