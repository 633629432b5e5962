/* engine/sweep_run: see sweep_run.h. Of the digits of a point the last one goes fastest, and only
 * the layout's; before it come the machine's. So the plans of one run of the last digit are laid
 * out once and serve all machines; on a machine, from one plan to the next, only the rows whose
 * operators differ are priced again. */
#include "engine/sweep_run.h"

#include <math.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "engine/gslx.h"
#include "engine/sweep_axes.h"

/* Plans that are held at a time: longer runs are laid out in pieces, for each machine anew. */
enum { RUN_CAP = 256 };

/* Address space of one worker; what is touched is a few MB. */
static const size_t worker_bytes = (size_t)512 << 20, scratch_bytes = (size_t)64 << 20;

/* One plan of a run. */
typedef struct laid {
    bool ok;
    int previous; /* the last plan before it that is ok; -1: none */
    gable_plan plan;
    gable_step step; /* its columns of prices are those of the whole run */
    int n_changed;   /* rows that differ from the previous plan; all of them at the start */
    int *changed;
} laid;

/* The plans of a run, laid out in one way. */
typedef struct series {
    laid *plans; /* RUN_CAP */
    int priced;  /* whose prices are in its columns, on the current machine; -1: none */
} series;

typedef struct worker {
    const gable_sweep *sweep;
    const void *bins; /* of the histogram; NULL: none */
    gable_arena arena, scratch;
    size_t mark; /* of the arena, behind what is not of one run */
    gable_sweep_walk walk;
    gable_sweep_point point;
    gable_sweep_words words;
    gable_edit **edit; /* of each base, opened when it is needed; NULL: no fields */
    gable_machine machine;
    bool machine_ok;
    gable_chip chip;
    uint64_t run, at_machine; /* what is laid out, and set; UINT64_MAX: nothing */
    bool two_ways;            /* some plan may send tokens: `other` is filled */
    series usual, other;
    gable_sweep_kept *kept; /* of the current block */
    gable_err *err;
} worker;

/* ---- plans ---- */

static gable_status copy_column(gable_arena *arena, const void *from, size_t n, size_t size,
                                void *out, gable_err *err)
{
    void *column;
    GABLE_TRY(gable_arena_take(arena, n, size, &column, err));
    memcpy(column, from, n * size);
    memcpy(out, &column, sizeof column);
    return GABLE_OK;
}

/* The columns that pricing reads, of n_rows instead of the most there can be. */
static gable_status keep_plan(gable_arena *arena, const gable_plan *plan, gable_plan *out,
                              gable_err *err)
{
    size_t n = (size_t)plan->n_rows;
    *out = *plan;
    out->name = NULL;
    out->layers = NULL;
    out->stored_bytes = NULL;
    GABLE_TRY(copy_column(arena, plan->kind, n, sizeof *plan->kind, &out->kind, err));
    GABLE_TRY(copy_column(arena, plan->calls, n, sizeof *plan->calls, &out->calls, err));
    GABLE_TRY(copy_column(arena, plan->op, n, sizeof *plan->op, &out->op, err));
    GABLE_TRY(copy_column(arena, plan->work, n, sizeof *plan->work, &out->work, err));
    GABLE_TRY(copy_column(arena, plan->group, n, sizeof *plan->group, &out->group, err));
    GABLE_TRY(copy_column(arena, plan->lane, n, sizeof *plan->lane, &out->lane, err));
    return copy_column(arena, plan->collective, n, sizeof *plan->collective, &out->collective, err);
}

static bool same_row(const gable_plan *a, const gable_plan *b, int i)
{
    if (a->kind[i] != b->kind[i])
        return false;
    if (a->kind[i] == GABLE_ROW_OP)
        return gable_op_same(&a->op[i], &b->op[i]);
    return a->kind[i] != GABLE_ROW_COLLECTIVE ||
           gable_collective_same(&a->collective[i], &b->collective[i]);
}

/* Plans of one shape share the columns of prices, so that what did not change stays there. */
static gable_status join(worker *w, series *s, laid *l)
{
    int n = l->plan.n_rows;
    const laid *before = l->previous < 0 ? NULL : &s->plans[l->previous];
    GABLE_TRY(gable_step_init(&w->arena, &l->plan, &l->step, w->err));
    GABLE_TRY(gable_arena_take(&w->arena, (size_t)n + 1, sizeof *l->changed, &l->changed, w->err));
    if (before && (before->plan.n_rows != n || before->plan.overlaps != l->plan.overlaps))
        before = NULL;
    if (!before) {
        l->previous = -1;
        return GABLE_OK;
    }
    l->step.row = before->step.row;
    l->step.time_s = before->step.time_s;
    l->step.ceiling_s = before->step.ceiling_s;
    l->step.wire_bytes = before->step.wire_bytes;
    l->step.hidden_s = before->step.hidden_s;
    l->step.algorithm = before->step.algorithm;
    l->step.wire = before->step.wire;
    for (int i = 0; i < n; i++)
        if (!same_row(&before->plan, &l->plan, i))
            l->changed[l->n_changed++] = i;
    return GABLE_OK;
}

/* Lays out one plan; a scenario that is refused is no error. */
static gable_status lay(worker *w, const gable_scenario *scenario, series *s, int at)
{
    laid *l = &s->plans[at];
    gable_plan plan;
    gable_err refused = {0};
    int previous = at - 1;
    *l = (laid){.previous = -1};
    const gable_model *model = w->sweep->variant[w->point.variant];
    gable_status status = gable_layout_plan(&w->scratch, model, scenario, &plan, &refused);
    if (status == GABLE_OK) {
        while (previous >= 0 && !s->plans[previous].ok)
            previous--;
        l->previous = previous;
        l->ok = true;
        status = keep_plan(&w->arena, &plan, &l->plan, w->err);
        if (status == GABLE_OK)
            status = join(w, s, l);
    } else if (status != GABLE_INTERNAL) {
        status = GABLE_OK;
    } else {
        gable_fail(w->err, status, "%s", refused.text);
    }
    gable_arena_release(&w->scratch, 0);
    return status;
}

static uint64_t pieces_of(const gable_sweep *sweep)
{
    return (sweep->n_run + RUN_CAP - 1) / RUN_CAP;
}

/* Lays out the plans of the run that the current point is in. */
static gable_status lay_run(worker *w, uint64_t run, uint64_t first)
{
    const gable_sweep *sweep = w->sweep;
    gable_sweep_point at = w->point;
    gable_sweep_words words = w->words;
    const gable_sweep_axis *last = &sweep->axis[sweep->n_axes - 1];
    uint64_t left = sweep->n_run - first;
    int n = left < RUN_CAP ? (int)left : RUN_CAP;
    gable_arena_release(&w->arena, w->mark);
    w->two_ways = false;
    w->usual.priced = w->other.priced = -1;
    for (int i = 0; i < n; i++) {
        gable_scenario scenario;
        if (sweep->n_run > 1) {
            int digit = (int)first + i;
            gable_sweep_set_word(last, digit, last->value[digit], &words);
        }
        gable_sweep_scenario(sweep, &words, at.variant, &scenario);
        GABLE_TRY(lay(w, &scenario, &w->usual, i));
        w->other.plans[i] = (laid){.previous = -1};
        if (!w->usual.plans[i].ok || !gable_engine_may_send(&w->usual.plans[i].plan))
            continue;
        w->two_ways = true;
        scenario.exchange = GABLE_EXCHANGE_TOKENS;
        GABLE_TRY(lay(w, &scenario, &w->other, i));
    }
    w->run = run;
    return GABLE_OK;
}

/* ---- machines ---- */

static gable_status open_edit(worker *w, int base)
{
    /* Behind the mark, so that it stays: what is laid out is laid out again. */
    gable_arena_release(&w->arena, w->mark);
    w->run = UINT64_MAX;
    GABLE_TRY(gable_arena_take(&w->arena, 1, sizeof **w->edit, &w->edit[base], w->err));
    GABLE_TRY(gable_edit_open(&w->arena, &w->sweep->base[base].machine, w->edit[base], w->err));
    w->mark = gable_arena_mark(&w->arena);
    return GABLE_OK;
}

static void set_fields(worker *w, gable_edit *edit)
{
    const gable_sweep *sweep = w->sweep;
    for (int i = 0; i < sweep->n_axes; i++)
        if (!sweep->axis[i].row)
            gable_edit_set(edit, &sweep->axis[i].field, w->point.value[i]);
    w->machine = edit->machine;
    w->machine_ok = gable_edit_check_whole(edit, NULL) == GABLE_OK;
}

static gable_status set_machine(worker *w, uint64_t at)
{
    int base = w->point.base;
    w->machine_ok = true;
    if (w->edit && !w->edit[base])
        GABLE_TRY(open_edit(w, base));
    if (w->edit)
        set_fields(w, w->edit[base]);
    else
        w->machine = w->sweep->base[base].machine;
    w->machine.n_nodes = (int)w->words.nodes;
    gable_cost_chip(w->machine.accelerator, w->machine.constants, &w->chip);
    w->usual.priced = w->other.priced = -1;
    w->at_machine = at;
    return GABLE_OK;
}

/* ---- points ---- */

static bool holds(const gable_sweep *sweep, const gable_plan *plan, const gable_machine *machine,
                  const gable_step *step)
{
    for (int i = 0; i < sweep->n_where; i++) {
        const gable_sweep_where *where = &sweep->where[i];
        double x = gable_metric_of(where->metric, plan, machine, step);
        if (where->at_most ? !(x <= where->limit) : !(x >= where->limit))
            return false;
    }
    return true;
}

static void count_bin(worker *w, double x)
{
    if (isfinite(x))
        w->kept->bin[gslx_bins_find(w->bins, x) + 1]++;
}

static void keep_point(worker *w, uint64_t index, const gable_plan *plan, const gable_step *step)
{
    const gable_sweep *sweep = w->sweep;
    const gable_machine *machine = &w->machine;
    gable_sweep_entry e = {.index = index};
    if (!holds(sweep, plan, machine, step))
        return;
    e.x = gable_metric_of(sweep->objective.metric, plan, machine, step);
    if (!isfinite(e.x)) /* the price of a device that nobody published */
        return;
    w->kept->feasible++;
    gable_sweep_keep_top(sweep, w->kept, &e);
    if (w->bins)
        count_bin(w, gable_metric_of(sweep->histogram.metric, plan, machine, step));
    if (!sweep->has_front)
        return;
    e.x = gable_metric_of(sweep->front[0].metric, plan, machine, step);
    e.y = gable_metric_of(sweep->front[1].metric, plan, machine, step);
    if (isfinite(e.x) && isfinite(e.y))
        gable_sweep_keep_front(sweep, w->kept, &e);
}

/* Prices a plan on the machine; false: it cannot run there. */
static bool price(worker *w, series *s, int at)
{
    laid *l = &s->plans[at];
    if (!l->ok || gable_engine_check(&l->plan, &w->machine, NULL) != GABLE_OK)
        return false;
    if (l->previous >= 0 && l->previous == s->priced)
        gable_engine_price_rows(&l->plan, &w->machine, &w->chip, l->changed, l->n_changed,
                                &l->step);
    else
        gable_engine_price_rows(&l->plan, &w->machine, &w->chip, NULL, l->plan.n_rows, &l->step);
    s->priced = at;
    if (w->sweep->sums)
        gable_engine_add(&l->plan, &w->machine, &l->step);
    else
        gable_engine_add_times(&l->plan, &w->machine, &l->step);
    return true;
}

static void refuse(worker *w, uint64_t index)
{
    w->kept->refused++;
    if (index < w->kept->first_refused)
        w->kept->first_refused = index;
}

/* The point `at` of the run; the faster of two ways, as gable_engine_lay chooses. */
static void price_point(worker *w, uint64_t index, int at)
{
    const laid *l = &w->usual.plans[at], *other = &w->other.plans[at];
    bool second = w->two_ways && l->ok && gable_engine_may_send(&l->plan);
    w->kept->points++;
    if (!w->machine_ok || !price(w, &w->usual, at) || (second && !price(w, &w->other, at))) {
        refuse(w, index);
        return;
    }
    if (second && other->step.time_s_total < l->step.time_s_total)
        l = other;
    keep_point(w, index, &l->plan, &l->step);
}

/* The points from `index` to before `end` that are of one machine and one piece of a run; returns
 * how many there were. */
static gable_status price_piece(worker *w, uint64_t index, uint64_t end, uint64_t *n)
{
    const gable_sweep *sweep = w->sweep;
    uint64_t run = index, first = 0, at = 0, machine = index;
    gable_sweep_at(sweep, &w->walk, index, &w->point);
    gable_sweep_words_of(sweep, &w->point, &w->words);
    *n = 1;
    if (!sweep->sampled) {
        at = index % sweep->n_run;
        machine = index / sweep->n_run % sweep->n_machines;
        first = at / RUN_CAP * RUN_CAP;
        run = index / sweep->n_run / sweep->n_machines * pieces_of(sweep) + at / RUN_CAP;
        *n = sweep->n_run - at < first + RUN_CAP - at ? sweep->n_run - at : first + RUN_CAP - at;
        *n = *n < end - index ? *n : end - index;
    }
    if (w->at_machine != machine)
        GABLE_TRY(set_machine(w, machine));
    if (w->run != run)
        GABLE_TRY(lay_run(w, run, first));
    for (uint64_t i = 0; i < *n; i++)
        price_point(w, index + i, (int)(at - first + i));
    return GABLE_OK;
}

static gable_status price_block(worker *w, uint64_t first, uint64_t end)
{
    uint64_t n;
    gable_sweep_keep_start(w->kept);
    for (uint64_t index = first; index < end; index += n)
        GABLE_TRY(price_piece(w, index, end, &n));
    return GABLE_OK;
}

/* ---- workers ---- */

static gable_status open_series(worker *w, series *out)
{
    return gable_arena_take(&w->arena, RUN_CAP, sizeof *out->plans, &out->plans, w->err);
}

static gable_status open_worker(worker *w, const gable_sweep *sweep, const void *bins,
                                gable_err *err)
{
    bool fields = false;
    *w = (worker){
        .sweep = sweep, .bins = bins, .run = UINT64_MAX, .at_machine = UINT64_MAX, .err = err};
    for (int i = 0; i < sweep->n_axes; i++)
        fields |= !sweep->axis[i].row;
    GABLE_TRY(gable_arena_init(&w->arena, worker_bytes, err));
    GABLE_TRY(gable_arena_init(&w->scratch, scratch_bytes, err));
    GABLE_TRY(gable_sweep_walk_open(sweep, &w->walk, err));
    GABLE_TRY(gable_arena_take(&w->arena, 1, sizeof *w->kept, &w->kept, err));
    if (fields)
        GABLE_TRY(
            gable_arena_take(&w->arena, (size_t)sweep->n_bases, sizeof *w->edit, &w->edit, err));
    GABLE_TRY(open_series(w, &w->usual));
    GABLE_TRY(open_series(w, &w->other));
    w->mark = gable_arena_mark(&w->arena);
    return GABLE_OK;
}

static void close_worker(worker *w)
{
    gable_sweep_walk_close(&w->walk);
    gable_arena_free(&w->arena);
    gable_arena_free(&w->scratch);
}

/* What the workers of a job share. */
typedef struct gang {
    const gable_sweep *sweep;
    const gable_sweep_job *job;
    void *bins;
    gable_sweep_kept *kept;
    uint64_t next; /* block that nobody has taken */
    bool stopped;
    gable_status status;
    gable_err *err;
} gang;

/* After a block, in one thread at a time. */
static void hand_in(gang *g, const worker *w, uint64_t block)
{
    if (g->stopped || g->status != GABLE_OK)
        return;
    gable_sweep_keep_all(g->sweep, g->kept, w->kept);
    if (g->kept->overflow)
        g->status =
            gable_fail(g->err, GABLE_INPUT, "more than %d points are on the front of %s and %s",
                       GABLE_SWEEP_FRONT_CAP, gable_metrics[g->sweep->front[0].metric].key,
                       gable_metrics[g->sweep->front[1].metric].key);
    else if (g->job->watch)
        g->stopped = !g->job->watch(g->job->context, block, w->kept, g->err);
    if (g->err->status != GABLE_OK)
        g->status = g->err->status;
}

static void fail(gang *g, const gable_err *err)
{
    if (g->status == GABLE_OK)
        g->status = gable_fail(g->err, err->status, "%s", err->text);
}

/* False: there is no more, or what is left is not wanted; that may be more blocks than anybody
 * could pass by one after another. */
static bool take_block(gang *g, uint64_t n, uint64_t *out)
{
    const bool *done = g->job->done;
    bool taken;
#pragma omp critical(sweep)
    {
        while (done && g->next < n && done[g->next])
            g->next++;
        taken = g->next < n && !g->stopped && g->status == GABLE_OK;
        if (taken)
            *out = g->next++;
    }
    return taken;
}

static void work(gang *g, worker *w, uint64_t block)
{
    const gable_sweep_job *job = g->job;
    uint64_t first = job->first + block * g->sweep->block, end = first + g->sweep->block;
    gable_status status = price_block(w, first, end < job->end ? end : job->end);
#pragma omp critical(sweep)
    {
        if (status == GABLE_OK)
            hand_in(g, w, block);
        else
            fail(g, w->err);
    }
}

uint64_t gable_sweep_n_blocks(const gable_sweep *sweep, const gable_sweep_job *job)
{
    return (job->end - job->first + sweep->block - 1) / sweep->block;
}

static gable_status open_bins(const gable_sweep *sweep, void **out, gable_err *err)
{
    double edges[GABLE_SWEEP_BINS_CAP + 1];
    if (!sweep->histogram.wanted)
        return GABLE_OK;
    gable_sweep_edges(&sweep->histogram, edges);
    return gslx_bins_open(edges, (size_t)sweep->histogram.n_bins, out, err);
}

void gable_sweep_edges(const gable_sweep_histogram *h, double *edges)
{
    for (int i = 0; i <= h->n_bins; i++) {
        double part = (double)i / h->n_bins;
        edges[i] =
            h->log ? h->from * pow(h->to / h->from, part) : h->from + (h->to - h->from) * part;
    }
    edges[h->n_bins] = h->to;
}

gable_status gable_sweep_run(const gable_sweep *sweep, const gable_sweep_job *job,
                             gable_sweep_kept *kept, bool *stopped, gable_err *err)
{
    gang g = {.sweep = sweep, .job = job, .kept = kept, .err = err};
    uint64_t n = gable_sweep_n_blocks(sweep, job);
    GABLE_TRY(open_bins(sweep, &g.bins, err));
#pragma omp parallel num_threads(job->threads > 0 ? job->threads : gable_sweep_threads())
    {
        worker w;
        uint64_t block;
        gable_err own = {0};
        gable_status status = open_worker(&w, sweep, g.bins, &own);
#pragma omp critical(sweep)
        if (status != GABLE_OK)
            fail(&g, &own);
        while (take_block(&g, n, &block))
            work(&g, &w, block);
        close_worker(&w);
    }
    gslx_bins_close(g.bins);
    *stopped = g.stopped;
    return g.status;
}

int gable_sweep_threads(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}
