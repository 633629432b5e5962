/* engine/sweep_price: one point of a sweep, laid out and priced as `gable cost` does it. */
#include <math.h>

#include "engine/sweep.h"

/* Sets what a point says of the machine. */
static gable_status set_machine(gable_arena *arena, const gable_sweep *sweep,
                                const gable_sweep_point *point, const gable_sweep_words *words,
                                gable_machine *out, gable_err *err)
{
    gable_edit *edit;
    *out = sweep->base[point->base].machine;
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *edit, &edit, err));
    GABLE_TRY(gable_edit_open(arena, &sweep->base[point->base].machine, edit, err));
    bool edited = false;
    for (int i = 0; i < sweep->n_axes; i++)
        if (!sweep->axis[i].row) {
            gable_edit_set(edit, &sweep->axis[i].field, point->value[i]);
            edited = true;
        }
    if (edited) {
        GABLE_TRY(gable_edit_check_whole(edit, err));
        *out = edit->machine;
    }
    out->n_nodes = (int)words->nodes;
    return GABLE_OK;
}

gable_status gable_sweep_price(gable_arena *arena, const gable_sweep *sweep, uint64_t index,
                               gable_sweep_priced *out, gable_err *err)
{
    gable_sweep_walk walk;
    gable_sweep_words words;
    gable_scenario scenario;
    GABLE_TRY(gable_sweep_walk_open(sweep, &walk, err));
    gable_sweep_at(sweep, &walk, index, &out->point);
    gable_sweep_walk_close(&walk);
    gable_sweep_words_of(sweep, &out->point, &words);
    gable_sweep_scenario(sweep, &words, out->point.variant, &scenario);
    GABLE_TRY(set_machine(arena, sweep, &out->point, &words, &out->machine, err));
    GABLE_TRY(gable_engine_lay(arena, sweep->variant[out->point.variant], &out->machine, &scenario,
                               &out->plan, &out->step, err));
    for (int m = 0; m < GABLE_N_METRICS; m++) {
        double x = gable_metric_of((gable_metric)m, &out->plan, &out->machine, &out->step);
        out->metric[m] = isfinite(x) ? x : (double)NAN;
    }
    return GABLE_OK;
}

enum { PROBES = 16 };

/* Seconds to six digits: machines of a cluster may differ in the last bits of a root or power. */
static uint64_t rounded(double s)
{
    int exponent;
    double mantissa = frexp(s, &exponent);
    return (uint64_t)(int64_t)floor(mantissa * 1e6 + 0.5) * 4096u + (uint64_t)(exponent + 2048);
}

gable_status gable_sweep_fingerprint(gable_arena *arena, gable_sweep *sweep, gable_err *err)
{
    size_t mark = gable_arena_mark(arena);
    gable_sweep_priced *priced;
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *priced, &priced, err));
    size_t before = gable_arena_mark(arena);
    uint64_t range = sweep->sampled && sweep->total > 4096 ? 4096 : sweep->total;
    for (uint64_t i = 0; i < PROBES; i++) {
        gable_err refused = {0};
        uint64_t index = range / PROBES * i + range % PROBES * i / PROBES;
        bool fine = gable_sweep_price(arena, sweep, index, priced, &refused) == GABLE_OK;
        if (refused.status == GABLE_INTERNAL)
            return gable_fail(err, GABLE_INTERNAL, "%s", refused.text);
        sweep->hash =
            (sweep->hash ^ (fine ? rounded(priced->step.time_s_total) : 1u)) * 0x100000001b3u;
        gable_arena_release(arena, before);
    }
    gable_arena_release(arena, mark);
    return GABLE_OK;
}
