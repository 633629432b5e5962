/* engine/sweep_result: see sweep_result.h. */
#include "engine/sweep_result.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "engine/sweep_axes.h"

/* ---- from a run ---- */

static void name_axes(const gable_sweep *sweep, gable_sweep_result *out)
{
    out->n_axes = sweep->n_axes;
    for (int i = 0; i < sweep->n_axes; i++) {
        const gable_sweep_axis *axis = &sweep->axis[i];
        out->axis[i] =
            (gable_sweep_named_axis){.key = axis->key,
                                     .n = axis->n,
                                     .words = gable_sweep_in_words(axis->row, &axis->field),
                                     .dim = axis->dim};
    }
}

static void name_sweep(const gable_sweep *sweep, gable_sweep_result *out)
{
    *out = (gable_sweep_result){.name = sweep->name,
                                .why = sweep->why,
                                .sampled = sweep->sampled,
                                .total = sweep->total,
                                .objective = sweep->objective,
                                .front = {sweep->front[0], sweep->front[1]},
                                .has_front = sweep->has_front,
                                .n_where = sweep->n_where,
                                .top = sweep->top,
                                .histogram = sweep->histogram};
    snprintf(out->hash, sizeof out->hash, "%016" PRIx64, sweep->hash);
    for (int i = 0; i < sweep->n_where; i++)
        out->where[i] = sweep->where[i].text;
    name_axes(sweep, out);
}

static void take_found(const gable_sweep *sweep, const gable_sweep_priced *priced, uint64_t index,
                       gable_sweep_found *out)
{
    *out = (gable_sweep_found){.index = index, .bound = gable_bound_name(priced->step.bound)};
    memcpy(out->metric, priced->metric, sizeof out->metric);
    for (int i = 0; i < sweep->n_axes; i++) {
        const gable_sweep_axis *axis = &sweep->axis[i];
        if (gable_sweep_in_words(axis->row, &axis->field))
            out->text[i] = axis->text[priced->point.at[i]];
        out->value[i] = priced->point.value[i];
    }
}

/* Prices kept points again; what a point costs must not depend on the others. */
static gable_status price_again(gable_arena *arena, const gable_sweep *sweep,
                                const gable_sweep_entry *entries, int n, gable_metric metric,
                                gable_sweep_found *out, gable_err *err)
{
    gable_sweep_priced *priced;
    size_t mark = gable_arena_mark(arena);
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *priced, &priced, err));
    size_t before = gable_arena_mark(arena);
    for (int i = 0; i < n; i++) {
        gable_err refused = {0};
        gable_status status = gable_sweep_price(arena, sweep, entries[i].index, priced, &refused);
        if (status != GABLE_OK || priced->metric[metric] != entries[i].x)
            return gable_fail(err, GABLE_INTERNAL,
                              "point %" PRIu64 " costs something else alone%s%s", entries[i].index,
                              status == GABLE_OK ? "" : ": ", refused.text);
        take_found(sweep, priced, entries[i].index, &out[i]);
        gable_arena_release(arena, before);
    }
    gable_arena_release(arena, mark);
    return GABLE_OK;
}

static gable_status say_why(gable_arena *arena, const gable_sweep *sweep, uint64_t index,
                            const char **out, gable_err *err)
{
    gable_err refused = {0};
    gable_sweep_priced *priced;
    size_t mark = gable_arena_mark(arena);
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *priced, &priced, err));
    gable_sweep_price(arena, sweep, index, priced, &refused);
    gable_arena_release(arena, mark);
    *out = gable_arena_copy(arena, refused.text, strlen(refused.text));
    return *out ? GABLE_OK : gable_fail(err, GABLE_INTERNAL, "arena full");
}

gable_status gable_sweep_collect(gable_arena *arena, const gable_sweep *sweep,
                                 const gable_sweep_job *job, const gable_sweep_kept *kept,
                                 gable_sweep_result *out, gable_err *err)
{
    name_sweep(sweep, out);
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *out->range, &out->range, err));
    out->n_ranges = job->end > job->first;
    out->range[0] = (gable_sweep_range){job->first, job->end};
    out->points = kept->points;
    out->refused = kept->refused;
    out->feasible = kept->feasible;
    out->first_refused = kept->first_refused;
    memcpy(out->bin, kept->bin, sizeof out->bin);
    out->n_found = kept->n_top;
    out->n_in_front = kept->n_front;
    GABLE_TRY(
        gable_arena_take(arena, (size_t)out->n_found + 1, sizeof *out->found, &out->found, err));
    GABLE_TRY(gable_arena_take(arena, (size_t)out->n_in_front + 1, sizeof *out->in_front,
                               &out->in_front, err));
    if (kept->refused > 0)
        GABLE_TRY(say_why(arena, sweep, kept->first_refused, &out->refused_why, err));
    GABLE_TRY(price_again(arena, sweep, kept->top, kept->n_top, sweep->objective.metric, out->found,
                          err));
    return price_again(arena, sweep, kept->front, kept->n_front, sweep->front[0].metric,
                       out->in_front, err);
}

/* ---- parts ---- */

bool gable_sweep_complete(const gable_sweep_result *r)
{
    return r->n_ranges == 1 && r->range[0].first == 0 && r->range[0].end == r->total;
}

/* Refuses points of range `i` of part `p` that an earlier range or part has too. */
static gable_status refuse_twice(const gable_sweep_result *parts, int p, int i, gable_err *err)
{
    const gable_sweep_range more = parts[p].range[i];
    for (int q = 0; q <= p; q++)
        for (int k = 0; k < (q < p ? parts[q].n_ranges : i); k++) {
            const gable_sweep_range *has = &parts[q].range[k];
            if (has->first < more.end && more.first < has->end)
                return gable_fail(err, GABLE_INPUT,
                                  "%s: points %" PRIu64 " to %" PRIu64 " are in %s too",
                                  parts[p].path, more.first > has->first ? more.first : has->first,
                                  (more.end < has->end ? more.end : has->end) - 1, parts[q].path);
        }
    return GABLE_OK;
}

/* Adds a range to ascending ones that have none of its points. */
static gable_status add_range(gable_sweep_result *out, gable_sweep_range more, gable_err *err)
{
    int at = 0, n = out->n_ranges;
    gable_sweep_range *r = out->range;
    while (at < n && r[at].first < more.first)
        at++;
    bool left = at > 0 && r[at - 1].end == more.first, right = at < n && more.end == r[at].first;
    if (left && right) {
        r[at - 1].end = r[at].end;
        memmove(&r[at], &r[at + 1], (size_t)(n - at - 1) * sizeof *r);
        out->n_ranges--;
    } else if (left) {
        r[at - 1].end = more.end;
    } else if (right) {
        r[at].first = more.first;
    } else if (n == GABLE_SWEEP_RANGES_CAP) {
        return gable_fail(err, GABLE_INPUT, "more than %d pieces", GABLE_SWEEP_RANGES_CAP);
    } else {
        memmove(&r[at + 1], &r[at], (size_t)(n - at) * sizeof *r);
        r[at] = more;
        out->n_ranges++;
    }
    return GABLE_OK;
}

static void add_counts(const gable_sweep_result *part, gable_sweep_result *out)
{
    out->points += part->points;
    out->refused += part->refused;
    out->feasible += part->feasible;
    if (part->first_refused < out->first_refused) {
        out->first_refused = part->first_refused;
        out->refused_why = part->refused_why;
    }
    for (int i = 0; i < GABLE_SWEEP_BINS_CAP + 2; i++)
        out->bin[i] += part->bin[i];
}

/* Points of all parts by their indices: what a list of entries refers to. */
static const gable_sweep_found *find_point(const gable_sweep_result *parts, int n, bool front,
                                           uint64_t index)
{
    for (int p = 0; p < n; p++) {
        const gable_sweep_found *list = front ? parts[p].in_front : parts[p].found;
        int count = front ? parts[p].n_in_front : parts[p].n_found;
        for (int i = 0; i < count; i++)
            if (list[i].index == index)
                return &list[i];
    }
    return NULL;
}

static void keep_points(const gable_sweep *sweep, const gable_sweep_result *part,
                        gable_sweep_kept *kept)
{
    for (int i = 0; i < part->n_found; i++)
        gable_sweep_keep_top(
            sweep, kept,
            &(gable_sweep_entry){.index = part->found[i].index,
                                 .x = part->found[i].metric[sweep->objective.metric]});
    for (int i = 0; i < part->n_in_front; i++) {
        const gable_sweep_found *f = &part->in_front[i];
        gable_sweep_keep_front(sweep, kept,
                               &(gable_sweep_entry){.index = f->index,
                                                    .x = f->metric[sweep->front[0].metric],
                                                    .y = f->metric[sweep->front[1].metric]});
    }
}

gable_status gable_sweep_join(gable_arena *arena, const gable_sweep_result *parts, int n,
                              gable_sweep_result *out, gable_err *err)
{
    gable_sweep *sweep;
    gable_sweep_kept *kept;
    *out = parts[0];
    out->path = NULL;
    out->shard[0] = '\0';
    out->points = out->refused = out->feasible = 0;
    out->first_refused = UINT64_MAX;
    out->refused_why = NULL;
    out->n_ranges = 0;
    memset(out->bin, 0, sizeof out->bin);
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *sweep, &sweep, err));
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *kept, &kept, err));
    GABLE_TRY(
        gable_arena_take(arena, GABLE_SWEEP_RANGES_CAP, sizeof *out->range, &out->range, err));
    sweep->objective = out->objective;
    sweep->front[0] = out->front[0];
    sweep->front[1] = out->front[1];
    sweep->top = out->top;
    gable_sweep_keep_start(kept);
    for (int p = 0; p < n; p++) {
        if (strcmp(parts[p].hash, out->hash) != 0)
            return gable_fail(err, GABLE_INPUT,
                              "part %d is of another sweep, or of other data, than the first "
                              "(%s %s, %s %s)",
                              p + 1, parts[p].name, parts[p].hash, out->name, out->hash);
        for (int i = 0; i < parts[p].n_ranges; i++) {
            GABLE_TRY(refuse_twice(parts, p, i, err));
            GABLE_TRY(add_range(out, parts[p].range[i], err));
        }
        add_counts(&parts[p], out);
        keep_points(sweep, &parts[p], kept);
    }
    out->n_found = kept->n_top;
    out->n_in_front = kept->n_front;
    GABLE_TRY(
        gable_arena_take(arena, (size_t)kept->n_top + 1, sizeof *out->found, &out->found, err));
    GABLE_TRY(gable_arena_take(arena, (size_t)kept->n_front + 1, sizeof *out->in_front,
                               &out->in_front, err));
    for (int i = 0; i < kept->n_top; i++)
        out->found[i] = *find_point(parts, n, false, kept->top[i].index);
    for (int i = 0; i < kept->n_front; i++)
        out->in_front[i] = *find_point(parts, n, true, kept->front[i].index);
    return GABLE_OK;
}
