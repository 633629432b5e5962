/* engine/learning: how the error on the test rows falls with the number of rows fitted to (fit.h).
 */
#include <stdlib.h>
#include <string.h>

#include "engine/fit.h"

enum { FIRST_POINT = 8 };

/* A training row's place in a draw. */
typedef struct ticket {
    uint64_t order;
    size_t row;
} ticket;

/* Mixer of MurmurHash3: another order in every draw. */
static uint64_t shuffle(uint64_t hash, uint64_t draw)
{
    hash += draw * 0x9e3779b97f4a7c15u;
    hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
    hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
    return hash ^ (hash >> 33);
}

static int by_order(const void *a, const void *b)
{
    const ticket *x = (const ticket *)a, *y = (const ticket *)b;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row; /* the same shape twice */
}

typedef struct curve {
    gable_arena *arena;
    const gable_fit_rows *rows;
    gable_family family;
    ticket *tickets;
    size_t n_train;
    gable_fit_row *sample; /* all test rows, then those of the draw */
    size_t n_test;
    gable_err *err;
} curve;

static void deal(curve *c, uint64_t draw)
{
    size_t n = 0;
    for (size_t i = 0; i < c->rows->n; i++)
        if (c->rows->row[i].train)
            c->tickets[n++] = (ticket){shuffle(c->rows->row[i].draw, draw), i};
    qsort(c->tickets, n, sizeof *c->tickets, by_order);
}

/* The first n rows of the draw fitted to, and the test rows. */
static gable_status fit_sample(curve *c, size_t n, gable_calibrated *out)
{
    gable_fit_rows rows = *c->rows;
    for (size_t i = 0; i < n; i++)
        c->sample[c->n_test + i] = c->rows->row[c->tickets[i].row];
    rows.row = c->sample;
    rows.n = c->n_test + n;
    rows.half = true;
    rows.few = true;
    *out = (gable_calibrated){.family = (int)c->family};
    return gable_fit_kernel(c->arena, &rows, out, c->err);
}

static gable_status add_point(curve *c, size_t n, gable_curve_point *out)
{
    int n_draws = n == c->n_train ? 1 : GABLE_CURVE_DRAWS;
    *out = (gable_curve_point){.n_train = (int)n, .n_draws = n_draws};
    for (int draw = 0; draw < n_draws; draw++) {
        gable_calibrated fitted;
        deal(c, (uint64_t)draw);
        GABLE_TRY(fit_sample(c, n, &fitted));
        out->median_frac += fitted.median_frac / n_draws;
        out->p90_frac += fitted.p90_frac / n_draws;
        if (fitted.p90_frac > out->worst_p90_frac)
            out->worst_p90_frac = fitted.p90_frac;
    }
    return GABLE_OK;
}

gable_status gable_fit_curve(gable_arena *arena, const gable_fit_rows *rows, gable_family family,
                             gable_curve_point *out, int *n_out, gable_err *err)
{
    curve c = {.arena = arena, .rows = rows, .family = family, .err = err};
    *n_out = 0;
    GABLE_TRY(gable_arena_take(arena, rows->n + 1, sizeof *c.tickets, &c.tickets, err));
    GABLE_TRY(gable_arena_take(arena, rows->n + 1, sizeof *c.sample, &c.sample, err));
    for (size_t i = 0; i < rows->n; i++)
        if (rows->row[i].train)
            c.n_train++;
        else
            c.sample[c.n_test++] = rows->row[i];
    if (c.n_test < GABLE_FIT_TEST_LEAST)
        return GABLE_OK;
    for (size_t n = FIRST_POINT; n < c.n_train && *n_out < GABLE_CURVE_POINTS_CAP - 1; n *= 2)
        GABLE_TRY(add_point(&c, n, &out[(*n_out)++]));
    return add_point(&c, c.n_train, &out[(*n_out)++]);
}
