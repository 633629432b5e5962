/* engine/sweep_keep: what is kept of the points of a sweep: the best, a front, counts. Orders are
 * total, so that it does not matter which point comes first. */
#include <string.h>

#include "engine/sweep_run.h"

void gable_sweep_keep_start(gable_sweep_kept *kept)
{
    kept->points = kept->refused = kept->feasible = 0;
    kept->first_refused = UINT64_MAX;
    kept->n_top = kept->n_front = 0;
    kept->overflow = false;
    memset(kept->bin, 0, sizeof kept->bin);
}

static bool better(double a, double b, bool least)
{
    return least ? a < b : a > b;
}

/* Whether a comes before b in a list: the better, of equals the earlier point. */
static bool before(const gable_sweep_entry *a, const gable_sweep_entry *b, bool least)
{
    if (better(a->x, b->x, least))
        return true;
    return !better(b->x, a->x, least) && a->index < b->index;
}

void gable_sweep_keep_top(const gable_sweep *sweep, gable_sweep_kept *kept,
                          const gable_sweep_entry *entry)
{
    bool least = sweep->objective.least;
    int i = kept->n_top;
    if (i == sweep->top && !before(entry, &kept->top[i - 1], least))
        return;
    i = kept->n_top < sweep->top ? kept->n_top++ : i - 1;
    for (; i > 0 && before(entry, &kept->top[i - 1], least); i--)
        kept->top[i] = kept->top[i - 1];
    kept->top[i] = *entry;
}

/* Where an entry belongs in a front that is sorted by x, best first: before the first that is not
 * better in x. */
static int place_in_front(const gable_sweep *sweep, const gable_sweep_kept *kept, double x)
{
    int low = 0, high = kept->n_front;
    while (low < high) {
        int middle = (low + high) / 2;
        if (better(kept->front[middle].x, x, sweep->front[0].least))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Along the front x gets worse and y better, both strictly; of equal points the earliest is there.
 */
void gable_sweep_keep_front(const gable_sweep *sweep, gable_sweep_kept *kept,
                            const gable_sweep_entry *e)
{
    bool least_x = sweep->front[0].least, least_y = sweep->front[1].least;
    gable_sweep_entry *front = kept->front;
    int at = place_in_front(sweep, kept, e->x), last = at;
    if (at > 0 && !better(e->y, front[at - 1].y, least_y))
        return;
    if (at < kept->n_front && !better(e->x, front[at].x, least_x)) { /* as good in x */
        bool equal = !better(front[at].y, e->y, least_y) && !better(e->y, front[at].y, least_y);
        if (better(front[at].y, e->y, least_y) || (equal && front[at].index <= e->index))
            return;
    }
    while (last < kept->n_front && !better(front[last].y, e->y, least_y))
        last++;
    if (last == at && kept->n_front == GABLE_SWEEP_FRONT_CAP) {
        kept->overflow = true;
        return;
    }
    memmove(&front[at + 1], &front[last], (size_t)(kept->n_front - last) * sizeof *front);
    front[at] = *e;
    kept->n_front += 1 - (last - at);
}

void gable_sweep_keep_all(const gable_sweep *sweep, gable_sweep_kept *kept,
                          const gable_sweep_kept *more)
{
    kept->points += more->points;
    kept->refused += more->refused;
    kept->feasible += more->feasible;
    kept->overflow |= more->overflow;
    if (more->first_refused < kept->first_refused)
        kept->first_refused = more->first_refused;
    for (int i = 0; i < more->n_top; i++)
        gable_sweep_keep_top(sweep, kept, &more->top[i]);
    for (int i = 0; i < more->n_front; i++)
        gable_sweep_keep_front(sweep, kept, &more->front[i]);
    for (int i = 0; i < GABLE_SWEEP_BINS_CAP + 2; i++)
        kept->bin[i] += more->bin[i];
}
