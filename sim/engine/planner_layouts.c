/* engine/planner: every way of splitting a model over at most so many devices. Sizes are powers of
 * two and divisors of the devices of a domain and of all devices. */
#include <math.h>

#include "engine/planner_parts.h"

enum { SIZES_CAP = 64 };

typedef struct sizes {
    int n, of[SIZES_CAP];
} sizes;

/* Contexts below this are not split over ranks. */
static const double long_context = 32768.0;
static const int most_tp = 64, most_cp = 8;

static bool is_power_of_two(int n)
{
    return (n & (n - 1)) == 0;
}

static sizes sizes_of(const gable_offer *offer)
{
    sizes s = {0};
    int all = (int)offer->n_gpus, domain = offer->machine.system->n_accelerators;
    for (int i = 1; i <= all && s.n < SIZES_CAP; i++)
        if (is_power_of_two(i) || domain % i == 0 || all % i == 0)
            s.of[s.n++] = i;
    return s;
}

static bool has_experts(const gable_model *model)
{
    for (int i = 0; i < model->n_kinds; i++)
        if (model->kinds[i].ffn.n_experts > 0)
            return true;
    return false;
}

typedef struct listing {
    gable_search *search;
    int offer;
    bool experts, long_context;
    gable_candidate *out; /* NULL: only counted */
    int n;
} listing;

static void add(listing *l, int tp, int ep, int pp, int cp, int attn_dp)
{
    const gable_goal *g = l->search->goal;
    if (l->out)
        l->out[l->n] = (gable_candidate){.offer = l->offer,
                                         .layout = {.isl = g->isl,
                                                    .osl = g->osl,
                                                    .length_ratio = g->length_ratio,
                                                    .concurrency = 1.0,
                                                    .overlap = g->overlap,
                                                    .skew = g->skew,
                                                    .tp = tp,
                                                    .ep = ep,
                                                    .pp = pp,
                                                    .cp = cp,
                                                    .dp = 1,
                                                    .attn_dp = attn_dp}};
    l->n++;
}

/* Experts over any part of the ranks that share them. */
static void list_experts(listing *l, const sizes *s, int tp, int pp, int cp, int attn_dp)
{
    int ranks = tp * attn_dp * cp;
    for (int i = 0; i < s->n && s->of[i] <= ranks; i++)
        if (ranks % s->of[i] == 0 && (l->experts || s->of[i] == 1))
            add(l, tp, s->of[i], pp, cp, attn_dp);
}

static void list_groups(listing *l, const sizes *s, int all, int tp, int pp)
{
    for (int i = 0; i < s->n; i++)
        for (int c = 0; c < s->n && s->of[c] <= most_cp; c++) {
            double devices = (double)tp * pp * s->of[i] * s->of[c];
            bool asked = (l->experts || s->of[i] == 1) && (l->long_context || s->of[c] == 1);
            if (asked && devices <= all)
                list_experts(l, s, tp, pp, s->of[c], s->of[i]);
        }
}

static void list_offer(listing *l)
{
    const gable_offer *offer = &l->search->offers[l->offer];
    const gable_goal *g = l->search->goal;
    sizes s = sizes_of(offer);
    int all = (int)offer->n_gpus;
    l->experts = has_experts(offer->model);
    l->long_context = g->isl + g->osl >= long_context;
    for (int t = 0; t < s.n && s.of[t] <= most_tp; t++)
        for (int p = 0; p < s.n; p++) {
            bool few = g->most_stages < 1 || s.of[p] <= g->most_stages;
            if (few && (double)s.of[t] * s.of[p] <= all)
                list_groups(l, &s, all, s.of[t], s.of[p]);
        }
}

static int list_all(gable_search *search, gable_candidate *out)
{
    listing l = {.search = search, .out = out};
    for (l.offer = 0; l.offer < search->n_offers; l.offer++)
        list_offer(&l);
    return l.n;
}

gable_status gable_planner_layouts(gable_search *search, gable_candidate **out, int *n)
{
    *n = list_all(search, NULL);
    if (*n > GABLE_LAYOUTS_CAP)
        return gable_fail(search->err, GABLE_INPUT,
                          "%d layouts are too many, at most %d; fewer "
                          "--gpus or systems",
                          *n, GABLE_LAYOUTS_CAP);
    GABLE_TRY(gable_arena_take(search->arena, 2 * (size_t)*n + 1, sizeof **out, out, search->err));
    list_all(search, *out);
    return GABLE_OK;
}
