/* A file of a sweep: refused with a place in the text, or points that are refused in words or
 * priced with finite figures; and a run over some of them counts and ranks what pricing them one by
 * one, the way of `gable cost`, gives. */
#include <math.h>
#include <string.h>

#include "engine/sweep_run.h"
#include "input.h"

static const char path[] = "fuzzed.json";
enum { POINTS_CAP = 6 };

/* What `kept` must hold of the points. */
typedef struct expected {
    uint64_t refused, feasible;
    bool any;
    double best;
} expected;

static bool holds(const gable_sweep *sweep, const double *metric)
{
    for (int i = 0; i < sweep->n_where; i++) {
        const gable_sweep_where *where = &sweep->where[i];
        double x = metric[where->metric];
        if (where->at_most ? !(x <= where->limit) : !(x >= where->limit))
            return false;
    }
    return isfinite(metric[sweep->objective.metric]);
}

/* Metrics that come near a limit may fall on either side of it when they are added up in another
 * order: such a sweep is not judged. */
static bool near_a_limit(const gable_sweep *sweep, const double *metric)
{
    for (int i = 0; i < sweep->n_where; i++) {
        double x = metric[sweep->where[i].metric], limit = sweep->where[i].limit;
        if (x != limit && fabs(x - limit) <= 1e-9 * fabs(limit))
            return true;
    }
    return false;
}

static void check_point(const gable_sweep *sweep, const gable_sweep_priced *priced)
{
    const gable_step *step = &priced->step;
    MUST(isfinite(step->time_s_total) && step->time_s_total > 0.0);
    MUST(step->time_s_total >= step->ceiling_s_total && step->ceiling_s_total >= 0.0);
    MUST(step->p10_s <= step->time_s_total && step->time_s_total <= step->p90_s);
    MUST(isfinite(step->p90_s) && isfinite(step->total_bytes));
    for (int m = 0; m < GABLE_N_METRICS; m++)
        MUST(isnan(priced->metric[m]) || priced->metric[m] >= 0.0);
    for (int i = 0; i < sweep->n_axes; i++) {
        int at = priced->point.at[i];
        MUST(at < sweep->axis[i].n && (at >= 0 || sweep->sampled));
        MUST(isfinite(priced->point.value[i]));
    }
}

/* Prices the first points one by one; false: too near a limit to be judged. */
static bool expect(input *in, const gable_sweep *sweep, uint64_t n, expected *out)
{
    gable_sweep_priced *priced = gable_arena_alloc(in->arena, 1, sizeof *priced);
    size_t mark = gable_arena_mark(in->arena);
    const gable_sweep_goal *goal = &sweep->objective;
    *out = (expected){0};
    MUST(priced);
    for (uint64_t i = 0; i < n; i++, gable_arena_release(in->arena, mark)) {
        in->err = (gable_err){0};
        if (gable_sweep_price(in->arena, sweep, i, priced, &in->err) != GABLE_OK) {
            input_refused(in, NULL);
            out->refused++;
            continue;
        }
        check_point(sweep, priced);
        if (near_a_limit(sweep, priced->metric))
            return false;
        if (!holds(sweep, priced->metric))
            continue;
        double x = priced->metric[goal->metric];
        out->best = !out->any || (goal->least ? x < out->best : x > out->best) ? x : out->best;
        out->any = true;
        out->feasible++;
    }
    return true;
}

static void check_run(input *in, const gable_sweep *sweep, uint64_t n, const expected *want)
{
    static gable_sweep_kept kept;
    const gable_sweep_job job = {.end = n, .threads = 1};
    bool stopped;
    gable_sweep_keep_start(&kept);
    in->err = (gable_err){0};
    MUST(gable_sweep_run(sweep, &job, &kept, &stopped, &in->err) == GABLE_OK && !stopped);
    MUST(kept.points == n && kept.refused == want->refused && kept.feasible == want->feasible);
    MUST((kept.n_top > 0) == want->any);
    if (want->any)
        MUST(fabs(kept.top[0].x - want->best) <= 1e-9 * fabs(want->best));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const gable_sweep_request request = {.path = path, .hw = "hw", .workloads = "workloads"};
    input in = input_open(data, size);
    gable_sweep *sweep = gable_arena_alloc(in.arena, 1, sizeof *sweep);
    expected want;
    MUST(sweep);
    input_stands_in(&in, path, in.text, size);
    if (gable_sweep_read(in.arena, &request, sweep, &in.err) != GABLE_OK) {
        input_refused(&in, path);
    } else {
        uint64_t n = sweep->total < POINTS_CAP ? sweep->total : POINTS_CAP;
        MUST(n >= 1);
        if (expect(&in, sweep, n, &want))
            check_run(&in, sweep, n, &want);
    }
    input_close(&in);
    return 0;
}
