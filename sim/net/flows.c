/* net/flows: see flows.h. Two heaps: flows that wait for their latency, by the time at which they
 * join; and, in each filling, links by their fair share. A share only grows while flows are frozen
 * at smaller rates, so a stale entry is put back when it comes up. */
#include "net/flows.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Ends closer than this, relatively, are one event: rounding must not split them. */
static const double same_time = 1e-12;

typedef struct heap_item {
    double key;
    size_t at;
} heap_item;

typedef struct heap {
    heap_item *item;
    size_t n;
} heap;

/* One crossing of a link by a flow. */
typedef struct hop {
    size_t flow, link; /* link == n_links + …: the flow's own cap */
    size_t slot;       /* in the list of active hops of its link */
    double weight;     /* flows that a link of this row carries for each flow of that row */
} hop;

typedef struct run {
    const gable_flows *f;
    double now_s;
    hop *hops;         /* shared links of all flows, in the order of flow->path */
    size_t *hops_at;   /* n_flows + 1 */
    size_t *list_at;   /* start of each link's list in `list` */
    size_t *list;      /* active hops of each link */
    size_t *n_active;  /* of each link */
    size_t *busy;      /* links with active hops */
    size_t *busy_slot; /* of each link in `busy` */
    size_t n_busy;
    double *cap; /* per flow: what it may take of links that it does not share; DBL_MAX: all */
    double *rate, *left_bytes, *end_s;
    size_t *active, n_active_flows;
    size_t *waits;          /* ends that a flow still waits for */
    double *ready_s;        /* the latest of those that came */
    size_t *next_at, *next; /* who waits for flow i */
    double *room, *weight;  /* of each link while rates are shared out */
    size_t *n_open;
    bool *frozen;
    heap joins, shares;
    size_t n_fillings;
} run;

/* ---- heap: smallest key first; equal keys by number, so that the order is always the same ---- */

static bool before(heap_item a, heap_item b)
{
    return a.key < b.key || (!(b.key < a.key) && a.at < b.at);
}

static void sift_down(heap *h, size_t i)
{
    heap_item moved = h->item[i];
    for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && before(h->item[child + 1], h->item[child]))
            child++;
        if (!before(h->item[child], moved))
            break;
        h->item[i] = h->item[child];
    }
    h->item[i] = moved;
}

static void push(heap *h, double key, size_t at)
{
    size_t i = h->n++;
    heap_item item = {key, at};
    for (; i > 0 && before(item, h->item[(i - 1) / 2]); i = (i - 1) / 2)
        h->item[i] = h->item[(i - 1) / 2];
    h->item[i] = item;
}

static heap_item pop(heap *h)
{
    heap_item top = h->item[0];
    h->item[0] = h->item[--h->n];
    if (h->n)
        sift_down(h, 0);
    return top;
}

/* ---- set-up ---- */

/* The least fatpipe, and the least row of more links than flows: each flow is on one of them. */
static double least_cap(const gable_flows *f, size_t flow)
{
    double cap = DBL_MAX;
    for (size_t i = f->path_at[flow]; i < f->path_at[flow + 1]; i++) {
        size_t link = f->path[i];
        if (f->link_fatpipe[link] || f->link_count[link] > f->flow_count[flow])
            cap = fmin(cap, f->link_bytes_per_s[link]);
    }
    return cap;
}

static double latency_of(const gable_flows *f, size_t flow)
{
    double sum = 0.0;
    for (size_t i = f->path_at[flow]; i < f->path_at[flow + 1]; i++)
        sum += f->link_latency_s[f->path[i]];
    return sum;
}

static gable_status take(gable_arena *arena, run *r, gable_err *err)
{
    const gable_flows *f = r->f;
    size_t flows = f->n_flows + 1, links = f->n_links + 1, hops = f->path_at[f->n_flows] + 1,
           after = f->after_at[f->n_flows] + 1;
    const struct {
        void *out;
        size_t count, size;
    } columns[] = {
        {&r->hops, hops, sizeof *r->hops},
        {&r->hops_at, flows, sizeof *r->hops_at},
        {&r->list_at, links, sizeof *r->list_at},
        {&r->list, hops, sizeof *r->list},
        {&r->n_active, links, sizeof *r->n_active},
        {&r->busy, links, sizeof *r->busy},
        {&r->busy_slot, links, sizeof *r->busy_slot},
        {&r->cap, flows, sizeof *r->cap},
        {&r->rate, flows, sizeof *r->rate},
        {&r->left_bytes, flows, sizeof *r->left_bytes},
        {&r->end_s, flows, sizeof *r->end_s},
        {&r->active, flows, sizeof *r->active},
        {&r->waits, flows, sizeof *r->waits},
        {&r->ready_s, flows, sizeof *r->ready_s},
        {&r->next_at, flows, sizeof *r->next_at},
        {&r->next, after, sizeof *r->next},
        {&r->room, links, sizeof *r->room},
        {&r->weight, links, sizeof *r->weight},
        {&r->n_open, links, sizeof *r->n_open},
        {&r->frozen, flows, sizeof *r->frozen},
        {&r->joins.item, flows, sizeof *r->joins.item},
        {&r->shares.item, links + flows, sizeof *r->shares.item},
    };
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        void *taken;
        GABLE_TRY(gable_arena_take(arena, columns[i].count, columns[i].size, &taken, err));
        memcpy(columns[i].out, &taken, sizeof taken);
    }
    return GABLE_OK;
}

/* Lists of the links, sized by how often each is crossed. */
static void place_hops(run *r)
{
    const gable_flows *f = r->f;
    size_t n = 0;
    for (size_t i = 0; i < f->n_flows; i++) {
        r->hops_at[i] = n;
        for (size_t p = f->path_at[i]; p < f->path_at[i + 1]; p++) {
            size_t link = f->path[p];
            if (f->link_fatpipe[link])
                continue;
            r->hops[n++] =
                (hop){.flow = i, .link = link, .weight = f->flow_count[i] / f->link_count[link]};
            r->list_at[link]++;
        }
        r->cap[i] = least_cap(f, i);
    }
    r->hops_at[f->n_flows] = n;
    for (size_t link = 0, at = 0; link < f->n_links; link++) {
        size_t crossings = r->list_at[link];
        r->list_at[link] = at;
        at += crossings;
    }
}

/* Turns "waits for" round: who is told when a flow ends. */
static void place_waits(run *r)
{
    const gable_flows *f = r->f;
    for (size_t i = 0; i < f->after_at[f->n_flows]; i++)
        r->next_at[f->after[i]]++;
    for (size_t i = 0, at = 0; i <= f->n_flows; i++) {
        size_t count = r->next_at[i];
        r->next_at[i] = at;
        at += count;
    }
    for (size_t i = f->n_flows; i-- > 0;)
        for (size_t a = f->after_at[i]; a < f->after_at[i + 1]; a++)
            r->next[r->next_at[f->after[a]]++] = i;
    /* Each start has moved to the start of the next flow: move them back. */
    for (size_t i = f->n_flows; i > 0; i--)
        r->next_at[i] = r->next_at[i - 1];
    r->next_at[0] = 0;
}

/* ---- joining and leaving ---- */

static void enter_link(run *r, size_t at)
{
    hop *h = &r->hops[at];
    if (r->n_active[h->link] == 0) {
        r->busy_slot[h->link] = r->n_busy;
        r->busy[r->n_busy++] = h->link;
    }
    h->slot = r->n_active[h->link]++;
    r->list[r->list_at[h->link] + h->slot] = at;
}

static void leave_link(run *r, size_t at)
{
    const hop *h = &r->hops[at];
    size_t *list = &r->list[r->list_at[h->link]];
    size_t last = list[--r->n_active[h->link]];
    list[h->slot] = last;
    r->hops[last].slot = h->slot;
    if (r->n_active[h->link] == 0) {
        size_t moved = r->busy[--r->n_busy];
        r->busy[r->busy_slot[h->link]] = moved;
        r->busy_slot[moved] = r->busy_slot[h->link];
    }
}

static void wait_for_latency(run *r, size_t flow)
{
    push(&r->joins, r->f->flow_start_s[flow] + r->ready_s[flow] + latency_of(r->f, flow), flow);
}

static void tell_waiting(run *r, size_t flow)
{
    for (size_t i = r->next_at[flow]; i < r->next_at[flow + 1]; i++) {
        size_t other = r->next[i];
        r->ready_s[other] = fmax(r->ready_s[other], r->end_s[flow]);
        if (--r->waits[other] == 0)
            wait_for_latency(r, other);
    }
}

/* Without bytes, or within one device, nothing is shared: the flow ends as it joins. */
static void join(run *r, size_t flow, double when_s)
{
    bool unhindered = r->hops_at[flow] == r->hops_at[flow + 1] && r->cap[flow] >= DBL_MAX;
    r->left_bytes[flow] = r->f->flow_bytes[flow];
    if (r->left_bytes[flow] <= 0.0 || unhindered) {
        r->end_s[flow] = when_s;
        tell_waiting(r, flow);
        return;
    }
    r->active[r->n_active_flows++] = flow;
    for (size_t i = r->hops_at[flow]; i < r->hops_at[flow + 1]; i++)
        enter_link(r, i);
}

/* ---- sharing out ---- */

/* The flow keeps this rate until the next event; what is left of its links goes to the others. */
static void freeze(run *r, size_t flow, double rate)
{
    r->frozen[flow] = true;
    r->rate[flow] = rate;
    for (size_t i = r->hops_at[flow]; i < r->hops_at[flow + 1]; i++) {
        const hop *h = &r->hops[i];
        r->room[h->link] = fmax(r->room[h->link] - rate * h->weight, 0.0);
        r->weight[h->link] -= h->weight;
        r->n_open[h->link]--;
    }
}

static void open_links(run *r)
{
    r->shares.n = 0;
    for (size_t i = 0; i < r->n_busy; i++) {
        size_t link = r->busy[i];
        const size_t *list = &r->list[r->list_at[link]];
        double weight = 0.0;
        for (size_t k = 0; k < r->n_active[link]; k++)
            weight += r->hops[list[k]].weight;
        r->room[link] = r->f->link_bytes_per_s[link];
        r->weight[link] = weight;
        r->n_open[link] = r->n_active[link];
        push(&r->shares, r->room[link] / weight, link);
    }
    for (size_t i = 0; i < r->n_active_flows; i++) {
        size_t flow = r->active[i];
        r->frozen[flow] = false;
        if (r->cap[flow] < DBL_MAX)
            push(&r->shares, r->cap[flow], r->f->n_links + flow);
    }
}

static void share_out(run *r)
{
    r->n_fillings++;
    open_links(r);
    while (r->shares.n) {
        heap_item top = pop(&r->shares);
        if (top.at >= r->f->n_links) {
            if (!r->frozen[top.at - r->f->n_links])
                freeze(r, top.at - r->f->n_links, top.key);
            continue;
        }
        if (r->n_open[top.at] == 0)
            continue;
        double share = r->room[top.at] / r->weight[top.at];
        if (share > top.key * (1.0 + 1e-15) && r->shares.n && r->shares.item[0].key < share) {
            push(&r->shares, share, top.at);
            continue;
        }
        const size_t *list = &r->list[r->list_at[top.at]];
        for (size_t k = 0; k < r->n_active[top.at]; k++)
            if (!r->frozen[r->hops[list[k]].flow])
                freeze(r, r->hops[list[k]].flow, share);
    }
}

/* ---- time ---- */

static double end_of(const run *r, size_t flow)
{
    /* A share that rounding emptied would never end: it is worth the smallest step instead. */
    return r->rate[flow] > 0.0 ? r->now_s + r->left_bytes[flow] / r->rate[flow] : r->now_s;
}

static double next_end(const run *r)
{
    double next = DBL_MAX;
    for (size_t i = 0; i < r->n_active_flows; i++)
        next = fmin(next, end_of(r, r->active[i]));
    return next;
}

/* Moves all to `when_s`; flows that end by then, within rounding, leave. */
static void advance(run *r, double when_s)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->n_active_flows; i++) {
        size_t flow = r->active[i];
        double end_s = end_of(r, flow);
        if (end_s > when_s * (1.0 + same_time)) {
            r->left_bytes[flow] -= r->rate[flow] * (when_s - r->now_s);
            r->active[kept++] = flow;
            continue;
        }
        r->end_s[flow] = end_s;
        for (size_t h = r->hops_at[flow]; h < r->hops_at[flow + 1]; h++)
            leave_link(r, h);
        tell_waiting(r, flow);
    }
    r->n_active_flows = kept;
    r->now_s = fmax(when_s, r->now_s);
}

static void run_all(run *r)
{
    for (size_t i = 0; i < r->f->n_flows; i++) {
        r->waits[i] = r->f->after_at[i + 1] - r->f->after_at[i];
        if (r->waits[i] == 0)
            wait_for_latency(r, i);
    }
    while (r->n_active_flows || r->joins.n) {
        double join_s = r->joins.n ? r->joins.item[0].key : DBL_MAX;
        advance(r, fmin(next_end(r), join_s));
        while (r->joins.n && r->joins.item[0].key <= r->now_s * (1.0 + same_time)) {
            heap_item item = pop(&r->joins);
            join(r, item.at, item.key);
        }
        if (r->n_active_flows)
            share_out(r);
    }
}

/* ---- bound ---- */

static gable_status bound(gable_arena *arena, const gable_flows *f, gable_flows_end *out,
                          gable_err *err)
{
    double *load;
    out->busiest_link = f->n_links;
    GABLE_TRY(gable_arena_take(arena, f->n_links + 1, sizeof *load, &load, err));
    for (size_t i = 0; i < f->n_flows; i++) {
        double slowest = 0.0;
        for (size_t p = f->path_at[i]; p < f->path_at[i + 1]; p++) {
            size_t link = f->path[p];
            double each_s = f->flow_bytes[i] / f->link_bytes_per_s[link];
            slowest = fmax(slowest, each_s);
            if (!f->link_fatpipe[link])
                load[link] += each_s * f->flow_count[i] / f->link_count[link];
        }
        out->bound_s = fmax(out->bound_s, f->flow_start_s[i] + latency_of(f, i) + slowest);
    }
    double most = 0.0;
    for (size_t link = 0; link < f->n_links; link++)
        if (load[link] > most) {
            most = load[link];
            out->busiest_link = link;
        }
    out->bound_s = fmax(out->bound_s, most);
    return GABLE_OK;
}

gable_status gable_flows_run(gable_arena *arena, const gable_flows *flows, gable_flows_end *out,
                             gable_err *err)
{
    run r = {.f = flows};
    *out = (gable_flows_end){0};
    GABLE_TRY(take(arena, &r, err));
    place_hops(&r);
    place_waits(&r);
    run_all(&r);
    out->end_s = r.end_s;
    out->n_fillings = r.n_fillings;
    for (size_t i = 0; i < flows->n_flows; i++)
        out->makespan_s = fmax(out->makespan_s, r.end_s[i]);
    return bound(arena, flows, out, err);
}
