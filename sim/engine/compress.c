/* engine/compress: see compress.h. */
#include "engine/compress.h"

#include <math.h>

gable_status gable_compress_scenario(const gable_scenario *scenario, double ratio,
                                     gable_scenario *out, gable_err *err)
{
    *out = *scenario;
    if (!(ratio >= 1.0))
        return gable_fail(err, GABLE_INPUT, "--compress %g is out of range, expected at least 1",
                          ratio);
    if (scenario->phase == GABLE_PHASE_PREFILL)
        out->n_new = ceil(scenario->n_new / ratio);
    else
        out->n_cached = ceil(scenario->n_cached / ratio);
    return GABLE_OK;
}

static gable_status time_of(gable_arena *arena, const gable_model *model,
                            const gable_machine *machine, const gable_scenario *scenario,
                            double *time_s, gable_err *err)
{
    gable_plan plan;
    gable_step step;
    size_t mark = gable_arena_mark(arena);
    GABLE_TRY(gable_layout_plan(arena, model, scenario, &plan, err));
    GABLE_TRY(gable_engine_check(&plan, machine, err));
    GABLE_TRY(gable_step_init(arena, &plan, &step, err));
    gable_engine_price(&plan, machine, &step);
    *time_s = step.time_s_total;
    gable_arena_release(arena, mark);
    return GABLE_OK;
}

gable_status gable_compress_price(gable_arena *arena, const gable_model *model,
                                  const gable_model *compressor, const gable_machine *machine,
                                  const gable_scenario *scenario, double ratio,
                                  const gable_step *step, gable_compression *out, gable_err *err)
{
    bool prefill = scenario->phase == GABLE_PHASE_PREFILL;
    *out = (gable_compression){.ratio = ratio,
                               .plain_tokens = prefill ? scenario->n_new : scenario->n_cached,
                               .step_s = step->time_s_total};
    if (prefill && !compressor)
        return gable_fail(err, GABLE_INPUT,
                          "a prompt is compressed by a model: which one? (--compressor)");
    if (!prefill && compressor)
        return gable_fail(err, GABLE_INPUT,
                          "--compressor %s: a decode step finds its context compressed already",
                          compressor->name);
    if (compressor) {
        gable_scenario s = *scenario;
        s.memory_place = GABLE_MEMORY_HBM;
        s.offload_weights = s.offload_kv = 0.0;
        out->compressor = compressor->name;
        GABLE_TRY(time_of(arena, compressor, machine, &s, &out->compressor_s, err));
    }
    GABLE_TRY(time_of(arena, model, machine, scenario, &out->plain_s, err));
    out->total_s = out->compressor_s + out->step_s;
    out->speedup = out->total_s > 0.0 ? out->plain_s / out->total_s : 0.0;
    return GABLE_OK;
}
