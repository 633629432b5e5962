/* engine/sim_decode: decoding sequences of an engine: who ends next, how long a run of steps takes,
 * how the cache grows in it. See sim_engine.h. */
#include <math.h>

#include "engine/sim_engine.h"

/* ---- who ends next: a heap by step ---- */

static void place(gable_sim_engine *e, int64_t at, int32_t request)
{
    e->heap[at] = request;
    e->states->heap_at[request] = (int32_t)at;
}

/* The earlier in order of the requests where steps are equal, so that results are the same however
 * the heap came about. */
static bool before(const gable_sim_engine *e, int32_t a, int32_t b)
{
    int64_t x = e->states->leaves[a], y = e->states->leaves[b];
    return x != y ? x < y : a < b;
}

static void move_up(gable_sim_engine *e, int64_t at)
{
    int32_t request = e->heap[at];
    for (; at > 0 && before(e, request, e->heap[(at - 1) / 2]); at = (at - 1) / 2)
        place(e, at, e->heap[(at - 1) / 2]);
    place(e, at, request);
}

static void move_down(gable_sim_engine *e, int64_t at)
{
    int32_t request = e->heap[at];
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child + 1 < e->n_decoding && before(e, e->heap[child + 1], e->heap[child]))
            child++;
        if (child >= e->n_decoding || !before(e, e->heap[child], request))
            break;
        place(e, at, e->heap[child]);
        at = child;
    }
    place(e, at, request);
}

static int64_t residue_of(const gable_sim_engine *e, int32_t request)
{
    int64_t b = e->rules->block_tokens;
    int64_t shift = e->states->held[request] - e->states->joined[request];
    return ((shift % b) + b) % b;
}

void gable_sim_join(gable_sim_engine *e, int32_t request)
{
    gable_sim_states *s = e->states;
    s->joined[request] = e->n_decoded;
    s->leaves[request] = e->n_decoded + s->requests->answer[request] - s->made[request];
    e->context_tokens += s->held[request];
    e->residues[residue_of(e, request)]++;
    place(e, e->n_decoding++, request);
    move_up(e, e->n_decoding - 1);
}

int64_t gable_sim_cached(const gable_sim_engine *e, int32_t request)
{
    return e->states->held[request] + e->n_decoded - e->states->joined[request];
}

void gable_sim_leave(gable_sim_engine *e, int32_t request)
{
    gable_sim_states *s = e->states;
    int64_t at = s->heap_at[request], steps = e->n_decoded - s->joined[request];
    e->residues[residue_of(e, request)]--;
    e->context_tokens -= (double)gable_sim_cached(e, request);
    s->made[request] += (int32_t)steps;
    s->held[request] += (int32_t)steps;
    s->heap_at[request] = GABLE_SIM_NONE;
    int32_t last = e->heap[--e->n_decoding];
    if (last == request)
        return;
    place(e, at, last);
    move_up(e, at);
    move_down(e, s->heap_at[last]);
}

/* ---- how long steps take ---- */

/* Kernels of a step go by its mean context, which grows by one token a step; so a run of steps is a
 * sum along a line of straight segments. */
static void refresh_row(gable_sim_engine *e)
{
    const gable_step_extras *x = &e->rules->extras;
    double batch = (double)e->n_decoding;
    if (fabs(e->row_batch - batch) < 0.5)
        return;
    gable_step_costs_decode(e->rules->costs, batch, e->row_s);
    for (int j = 0; j < e->rules->costs->n_context; j++)
        e->row_s[j] = x->scale * e->row_s[j] + x->step_s + batch * x->sequence_s;
    e->row_batch = batch;
}

/* A straight piece: the first step takes at_s, each further one slope_s more; so many steps. */
typedef struct piece {
    double at_s, slope_s, steps;
} piece;

/* The piece that begins at mean context x, in or after segment *i. */
static piece piece_at(const gable_sim_engine *e, double x, int *i)
{
    const double *c = e->rules->costs->context;
    int n = e->rules->costs->n_context;
    if (n == 1)
        return (piece){e->row_s[0], 0.0, (double)INFINITY};
    while (*i < n - 2 && c[*i + 1] <= x)
        (*i)++;
    double slope = (e->row_s[*i + 1] - e->row_s[*i]) / (c[*i + 1] - c[*i]);
    if (x < c[0])
        return (piece){e->row_s[0], 0.0, ceil(c[0] - x)};
    double steps = *i == n - 2 ? (double)INFINITY : ceil(c[*i + 1] - x);
    return (piece){e->row_s[*i] + slope * (x - c[*i]), slope, steps};
}

static double sum_of(const piece *p, double steps)
{
    return steps * p->at_s + 0.5 * steps * (steps - 1.0) * p->slope_s;
}

double gable_sim_decode_s(gable_sim_engine *e, int64_t steps)
{
    double left = (double)steps, s = 0.0;
    double x = e->context_tokens / (double)e->n_decoding;
    refresh_row(e);
    for (int i = 0; left > 0.0;) {
        piece p = piece_at(e, x, &i);
        double n = fmin(p.steps, left);
        s += sum_of(&p, n);
        left -= n;
        x += n;
    }
    return s;
}

/* Fewest steps of the piece that take `seconds`. */
static double solve(const piece *p, double seconds)
{
    double b = p->at_s - 0.5 * p->slope_s, a = 0.5 * p->slope_s;
    double d = sqrt(fmax(b * b + 4.0 * a * seconds, 0.0));
    double n = fmax(ceil(2.0 * seconds / (b + d)), 1.0);
    if (n > 1.0 && sum_of(p, n - 1.0) >= seconds) /* rounding, one way or the other */
        n -= 1.0;
    else if (sum_of(p, n) < seconds)
        n += 1.0;
    return n;
}

int64_t gable_sim_steps_within(gable_sim_engine *e, double seconds, int64_t most)
{
    double done = 0.0, s = 0.0;
    double x = e->context_tokens / (double)e->n_decoding;
    refresh_row(e);
    for (int i = 0; done < (double)most;) {
        piece p = piece_at(e, x, &i);
        double n = fmin(p.steps, (double)most - done);
        double more = sum_of(&p, n);
        if (s + more >= seconds)
            return (int64_t)fmax(done + fmin(solve(&p, seconds - s), n), 1.0);
        s += more;
        done += n;
        x += n;
    }
    return most;
}

/* ---- how the cache grows ---- */

/* At step n_decoded + k those grow whose cache is full then. */
static int64_t growing(const gable_sim_engine *e, int64_t k)
{
    int64_t b = e->rules->block_tokens;
    return e->residues[(b - (e->n_decoded + k) % b) % b];
}

int64_t gable_sim_growth(const gable_sim_engine *e, int64_t steps)
{
    int64_t b = e->rules->block_tokens;
    int64_t n = steps / b * e->n_decoding;
    if (e->rules->reserve)
        return 0;
    for (int64_t k = 0; k < steps % b; k++)
        n += growing(e, k);
    return n;
}

int64_t gable_sim_steps_held(const gable_sim_engine *e, int64_t most)
{
    int64_t b = e->rules->block_tokens, free = e->free_blocks;
    if (e->n_blocks == 0 || e->rules->reserve || (most / b + 1) * e->n_decoding <= free)
        return most;
    int64_t cycles = free / e->n_decoding;
    int64_t k = cycles * b;
    if (k >= most)
        return most;
    free -= cycles * e->n_decoding;
    for (; k < most; k++) {
        free -= growing(e, k);
        if (free < 0)
            return k;
    }
    return most;
}
