/* machine/ladder: which fitted constants price a kernel. Every calibrated entry that could stand in
 * has a distance, and the nearest one is taken; how far it had to go is its provenance and widens
 * its spread. */
#include "machine/ladder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef gable_ladder ladder;
typedef gable_rung rung;

/* Preference, not physics: any own row beats a sibling's, a sibling's beats another format's, and
 * another format of the own generation beats the same format of another one. */
static const double far_host = 0.5, far_stack = 1.0, far_sibling = 3.0, far_kernel = 5.0,
                    far_job = 2.5, far_format = 8.0, far_odd = 20.0, far_generation = 40.0;

/* ln spread of what is only believed: a factor of 2 to the 90th percentile. */
static const double prior_sigma_ln = 0.55;

/* Formats this close (bf16 and fp16: same bytes, same rate) run the same kernels. */
static const double same_kernels = 0.02;

/* ---- distances ---- */

static const double unit_bits[GABLE_N_MMA] = {
    [GABLE_MMA_FP64] = 64, [GABLE_MMA_FP32] = 32, [GABLE_MMA_TF32] = 19, [GABLE_MMA_BF16] = 16,
    [GABLE_MMA_FP16] = 16, [GABLE_MMA_FP8] = 8,   [GABLE_MMA_INT8] = 8,  [GABLE_MMA_FP6] = 6,
    [GABLE_MMA_FP4] = 4,   [GABLE_MMA_INT4] = 4};

/* Octaves of bytes and of rate between two columns; a hair for other names of the same thing. */
static double format_distance(const ladder *l, int weights, int unit, const gable_calibrated *entry)
{
    double hair = 0.01 * ((weights != entry->weights) + (unit != entry->unit));
    return fabs(l->log_bytes[weights] - l->log_bytes[entry->weights]) +
           fabs(l->log_unit[unit] - l->log_unit[entry->unit]) + hair;
}

static void take_logarithms(ladder *l)
{
    for (int d = 0; d < GABLE_N_DTYPES; d++)
        l->log_bytes[d] = log2(gable_dtype_bytes((gable_dtype)d));
    for (int u = 0; u < GABLE_N_MMA; u++)
        l->log_unit[u] = log2(unit_bits[u]);
}

double gable_stack_distance(const gable_stack *stack, const char *theirs)
{
    if (strcmp(stack->name, theirs) == 0)
        return 0.0;
    for (int i = 0; i < stack->libraries.n; i++)
        if (strcmp(stack->libraries.name[i], theirs) == 0)
            return 0.01 * i; /* the first of several libraries is the usual one */
    for (int i = 0; i < stack->fallback.n; i++)
        if (strcmp(stack->fallback.name[i], theirs) == 0)
            return far_stack * (1.0 + 0.1 * i);
    return -1.0;
}

/* ---- the ladder ---- */

/* Entries that hw/generations names as measured on an unusual set-up. */
static bool is_odd(const ladder *l, const rung *r, const gable_calibrated *entry)
{
    for (int i = 0; i < l->own->n_odd; i++) {
        const gable_oddity *odd = &l->own->odd[i];
        if (odd->family == entry->family && strcmp(odd->stack, entry->stack) == 0 &&
            strcmp(odd->device, r->calibration->name) == 0)
            return r->distance > 0.0; /* the device itself may keep it */
    }
    return false;
}

/* Nearer than the first fallback, and than the stack itself when it stands in for that too. */
static double stand_in_distance(const ladder *l, const gable_calibrated *entry, double distance)
{
    for (int i = 0; i < l->stack->n_stand_ins && distance >= far_stack; i++) {
        const gable_stand_in *s = &l->stack->stand_ins[i];
        if (s->family == entry->family && s->weights == entry->weights &&
            strcmp(s->stack, entry->stack) == 0)
            return far_stack * (s->instead ? -0.9 : 0.9);
    }
    return distance;
}

/* What of an entry's distance does not go with the column. */
static double base_distance(const ladder *l, const rung *r, const gable_calibrated *entry,
                            double stack)
{
    bool own_host = r->coherent_host == (l->accelerator->c2c_bytes_per_s > 0.0);
    bool net = gable_family_is_net((gable_family)entry->family);
    return r->distance + stack + (net && !own_host ? far_host : 0.0) +
           (is_odd(l, r, entry) ? far_odd : 0.0);
}

/* Entries of one family after another, in the order of the file. */
static gable_status sort_rung(ladder *l, gable_rung *r)
{
    const gable_calibration *c = r->calibration;
    size_t n = (size_t)c->n_entries + 1;
    int at = 0;
    GABLE_TRY(gable_arena_take(l->arena, n, sizeof *r->order, &r->order, l->err));
    GABLE_TRY(gable_arena_take(l->arena, n, sizeof *r->described, &r->described, l->err));
    GABLE_TRY(gable_arena_take(l->arena, n, sizeof *r->stack_distance, &r->stack_distance, l->err));
    GABLE_TRY(gable_arena_take(l->arena, n, sizeof *r->base_distance, &r->base_distance, l->err));
    for (int i = 0; i < c->n_entries; i++) {
        const gable_calibrated *entry = &c->entries[i];
        double stack = gable_stack_distance(l->stack, entry->stack);
        r->stack_distance[i] = stack < 0.0 ? -1.0 : stand_in_distance(l, entry, stack);
        r->base_distance[i] = base_distance(l, r, entry, r->stack_distance[i]);
    }
    for (int f = 0; f < GABLE_N_FAMILIES; f++) {
        r->first[f] = at;
        for (int i = 0; i < c->n_entries; i++)
            if (c->entries[i].family == f)
                r->order[at++] = i;
    }
    r->first[GABLE_N_FAMILIES] = at;
    return GABLE_OK;
}

/* The furthest that a column can be from an entry, beside the base distance. */
static double widest(const ladder *l)
{
    double bytes[2] = {l->log_bytes[0], l->log_bytes[0]},
           unit[2] = {l->log_unit[0], l->log_unit[0]};
    for (int d = 0; d < GABLE_N_DTYPES; d++) {
        bytes[0] = fmin(bytes[0], l->log_bytes[d]);
        bytes[1] = fmax(bytes[1], l->log_bytes[d]);
    }
    for (int u = 0; u < GABLE_N_MMA; u++) {
        unit[0] = fmin(unit[0], l->log_unit[u]);
        unit[1] = fmax(unit[1], l->log_unit[u]);
    }
    double job = far_job * gable_flavour_farthest;
    return bytes[1] - bytes[0] + unit[1] - unit[0] + far_format + far_kernel + job + far_stack;
}

/* What is left open when the next rung is `distance` away; stacks that stand in come nearer by less
 * than far_stack. */
static void close_families(ladder *l, double distance)
{
    for (int f = 0; f < GABLE_N_FAMILIES; f++)
        if (l->reach[f] < distance - far_stack)
            l->open &= ~((gable_families)1 << f);
}

/* After a rung has been sorted. */
static void note_reach(ladder *l, const rung *r)
{
    double most = widest(l);
    for (int i = 0; i < r->calibration->n_entries; i++) {
        double *reach = &l->reach[r->calibration->entries[i].family];
        if (r->stack_distance[i] > -1.0)
            *reach = fmin(*reach, r->base_distance[i] + most);
    }
}

static gable_status add_rung(ladder *l, const char *device, rung r)
{
    gable_calibration *calibration;
    for (int i = 0; i < l->n_rungs; i++)
        if (strcmp(l->rungs[i].calibration->name, device) == 0)
            return GABLE_OK;
    close_families(l, r.distance);
    if (!l->open || l->n_rungs == GABLE_RUNGS_CAP)
        return GABLE_OK;
    GABLE_TRY(
        gable_calibration_load_families(l->arena, l->hw, device, l->open, &calibration, l->err));
    if (!calibration || calibration->n_entries == 0)
        return GABLE_OK;
    const gable_accelerator *theirs;
    GABLE_TRY(gable_accelerator_load(l->arena, l->hw, device, &theirs, l->err));
    r.coherent_host = theirs->c2c_bytes_per_s > 0.0;
    r.calibration = calibration;
    GABLE_TRY(sort_rung(l, &r));
    note_reach(l, &r);
    l->rungs[l->n_rungs++] = r;
    return GABLE_OK;
}

static gable_status add_generation(ladder *l, const gable_generation *g, rung r)
{
    for (int i = 0; i < g->devices.n; i++) {
        rung one = r;
        one.distance += 0.01 * i;
        GABLE_TRY(add_rung(l, g->devices.name[i], one));
    }
    return GABLE_OK;
}

static gable_status climb(ladder *l)
{
    GABLE_TRY(gable_generation_load(l->arena, l->hw, l->accelerator->generation, &l->own, l->err));
    GABLE_TRY(add_rung(l, l->accelerator->name, (rung){.provenance = GABLE_PROVENANCE_FITTED}));
    rung sibling = {.distance = far_sibling,
                    .sigma_ln = l->own->sibling_sigma_ln,
                    .provenance = GABLE_PROVENANCE_TRANSFERRED};
    GABLE_TRY(add_generation(l, l->own, sibling));
    for (int i = 0; i < l->own->nearest.n; i++) {
        const gable_generation *g;
        rung other = {.distance = far_generation + i,
                      .sigma_ln = l->own->nearest_sigma_ln,
                      .provenance = GABLE_PROVENANCE_ASSUMED};
        close_families(l, other.distance);
        if (!l->open)
            return GABLE_OK;
        GABLE_TRY(gable_generation_load(l->arena, l->hw, l->own->nearest.name[i], &g, l->err));
        GABLE_TRY(add_generation(l, g, other));
    }
    return GABLE_OK;
}

/* ---- kernels ---- */

/* The entry that stands in for one column, and how far away it is. */
/* What is wanted. */
typedef struct column {
    int family, weights, unit;
    const char *kernel; /* NULL: the usual one */
    gable_flavour flavour;
    const char *taken[2]; /* kernels other than these */
} column;

typedef struct choice {
    const gable_calibrated *entry;
    const rung *rung;
    double distance, format, stack;
} choice;

/* Among kernels of one stack the one with most rows is the usual one. */
static bool nearer(const choice *c, const choice *best)
{
    if (!best->entry || fabs(c->distance - best->distance) > 1e-9)
        return !best->entry || c->distance < best->distance;
    return c->entry->n_train + c->entry->n_test > best->entry->n_train + best->entry->n_test;
}

static void consider(const ladder *l, const rung *r, int i, const column *want, choice *best)
{
    const gable_calibrated *entry = &r->calibration->entries[i];
    choice c = {.entry = entry, .rung = r, .stack = r->stack_distance[i]};
    /* What is added to the base is never below 0. */
    if (c.stack <= -1.0 || (best->entry && r->base_distance[i] > best->distance + 1e-6))
        return;
    for (size_t k = 0; k < sizeof want->taken / sizeof want->taken[0]; k++)
        if (want->taken[k] && strcmp(want->taken[k], entry->kernel) == 0)
            return;
    c.format = format_distance(l, want->weights, want->unit, entry);
    bool other = want->kernel && strcmp(want->kernel, entry->kernel) != 0;
    c.distance = r->base_distance[i] + (other ? far_kernel : 0.0) +
                 far_job * gable_flavour_distance(want->flavour, entry->kernel) +
                 (c.format > 0.0 ? c.format + (c.format > same_kernels ? far_format : 0.0) : 0.0);
    if (nearer(&c, best))
        *best = c;
}

static gable_provenance worst(gable_provenance a, gable_provenance b)
{
    return a > b ? a : b;
}

static void take_choice(const ladder *l, const choice *c, const char *from,
                        gable_kernel_constants *out)
{
    double rung_ln = c->rung->sigma_ln;
    double stack_ln = fabs(c->stack) > 0.5 * far_stack ? l->stack->stack_sigma_ln : 0.0;
    double format_ln = c->format > same_kernels ? l->stack->format_sigma_ln : 0.0;
    double own_ln = c->entry->sigma_ln;
    gable_provenance provenance = c->rung->provenance;
    if (fabs(c->stack) > 0.5 * far_stack || c->format > 0.0)
        provenance = worst(provenance, GABLE_PROVENANCE_TRANSFERRED);
    if (c->format > same_kernels)
        provenance = GABLE_PROVENANCE_ASSUMED;
    *out = (gable_kernel_constants){
        .kernel = c->entry->kernel,
        .sigma_ln =
            sqrt(own_ln * own_ln + rung_ln * rung_ln + stack_ln * stack_ln + format_ln * format_ln),
        .provenance = provenance,
        .from = from,
    };
    memcpy(out->value, c->entry->value, sizeof out->value);
}

/* "h100-sxm trtllm 1.3.0rc20 gemm bf16 (bf16 unit), 137 rows, 2026-11-22" */
static const char *describe(gable_arena *arena, const char *device, const gable_calibrated *e)
{
    char text[256];
    snprintf(text, sizeof text, "%.64s %.32s %.32s %s %s (%s unit), %d rows%s%.16s", device,
             *e->kernel ? e->kernel : e->stack, e->version,
             gable_family_key((gable_family)e->family), gable_dtype_name((gable_dtype)e->weights),
             gable_mma_key((gable_mma)e->unit), e->n_train + e->n_test, e->date ? ", " : "",
             e->date ? e->date : "");
    return gable_arena_copy(arena, text, strlen(text));
}

/* best->entry is NULL when nobody has measured the family. */
static void choose(const ladder *l, const column *want, choice *best)
{
    *best = (choice){0};
    for (int r = 0; r < l->n_rungs; r++) {
        const gable_rung *at = &l->rungs[r];
        for (int i = at->first[want->family]; i < at->first[want->family + 1]; i++)
            consider(l, at, at->order[i], want, best);
    }
}

/* A family that nobody has measured on any device that may stand in: what is believed before a fit.
 */
static gable_status fill_prior(const ladder *l, int family, const gable_kernel_constants **out)
{
    gable_kernel_constants *k;
    const gable_form *form = &gable_forms[gable_family_form((gable_family)family)];
    GABLE_TRY(gable_arena_take(l->arena, 1, sizeof *k, &k, l->err));
    *k = (gable_kernel_constants){.sigma_ln = prior_sigma_ln,
                                  .provenance = GABLE_PROVENANCE_ASSUMED,
                                  .kernel = "",
                                  .from = "priors of the formula"};
    for (int i = 0; i < form->n_parameters; i++)
        k->value[i] = form->parameters[i].n_choices ? form->parameters[i].choices[0]
                                                    : form->parameters[i].centre;
    *out = k;
    return GABLE_OK;
}

/* Columns that chose the same entry from as far share one set of constants. */
static gable_status take_column(ladder *l, const choice *best, const gable_kernel_constants **out)
{
    gable_kernel_constants one, *kept;
    const rung *from = best->rung;
    const char **described = &from->described[best->entry - from->calibration->entries];
    if (!*described)
        *described = describe(l->arena, from->calibration->name, best->entry);
    if (!*described)
        return gable_fail(l->err, GABLE_INTERNAL, "arena full");
    take_choice(l, best, *described, &one);
    for (int i = l->n_kept - 1; i >= 0; i--)
        if (l->kept[i]->from == one.from && l->kept[i]->provenance == one.provenance &&
            fabs(l->kept[i]->sigma_ln - one.sigma_ln) < 1e-12) {
            *out = l->kept[i];
            return GABLE_OK;
        }
    GABLE_TRY(gable_arena_take(l->arena, 1, sizeof *kept, &kept, l->err));
    *kept = one;
    *out = kept;
    if (l->n_kept < GABLE_KEPT_CAP)
        l->kept[l->n_kept++] = kept;
    return GABLE_OK;
}

static gable_status fill_column(ladder *l, const column *want, const gable_kernel_constants **out)
{
    choice best;
    choose(l, want, &best);
    return best.entry ? take_column(l, &best, out) : fill_prior(l, want->family, out);
}

static const double same_stack = 1e-9, all_libraries = 0.05; /* gable_stack_distance */

/* Kernels beside the usual one of the same device and format, of the same stack or at most `slack`
 * from it when it has none of its own. */
static gable_status fill_rivals(ladder *l, const column *usual, double slack, gable_constants *out)
{
    column want = *usual;
    choice best, next;
    choose(l, &want, &best);
    next = best;
    for (int i = 0; next.entry && i < GABLE_FLAVOUR_THIRD - GABLE_FLAVOUR_OTHER + 1; i++) {
        want.taken[i] = next.entry->kernel;
        choose(l, &want, &next);
        if (!next.entry || next.distance > best.distance + (best.stack > 0.0 ? slack : same_stack))
            return GABLE_OK;
        GABLE_TRY(take_column(
            l, &next,
            &out->flavoured[GABLE_FLAVOUR_OTHER + i][want.family][want.weights][want.unit]));
    }
    return GABLE_OK;
}

/* Which families have kernels for particular jobs, or several for one. */
static const struct {
    gable_family family;
    gable_flavour first, last;
} jobs[] = {
    {GABLE_FAMILY_MOE, GABLE_FLAVOUR_UNGATED, GABLE_FLAVOUR_UNGATED},
    {GABLE_FAMILY_MOE_WIDE, GABLE_FLAVOUR_DECODE, GABLE_FLAVOUR_DECODE},
    {GABLE_FAMILY_LINEAR_CONV, GABLE_FLAVOUR_GDN, GABLE_FLAVOUR_MAMBA2_VERIFY},
    {GABLE_FAMILY_LINEAR_SCAN, GABLE_FLAVOUR_GDN, GABLE_FLAVOUR_MAMBA2_VERIFY},
    {GABLE_FAMILY_LINEAR_CONV_UPDATE, GABLE_FLAVOUR_GDN, GABLE_FLAVOUR_MAMBA2_VERIFY},
    {GABLE_FAMILY_LINEAR_UPDATE, GABLE_FLAVOUR_GDN, GABLE_FLAVOUR_MAMBA2_VERIFY},
    {GABLE_FAMILY_MHC_PRE, GABLE_FLAVOUR_OTHER, GABLE_FLAVOUR_OTHER},
};

static gable_status fill_jobs(ladder *l, const column *usual, gable_constants *out)
{
    for (size_t j = 0; j < sizeof jobs / sizeof jobs[0]; j++) {
        if ((int)jobs[j].family != usual->family)
            continue;
        if (jobs[j].first == GABLE_FLAVOUR_OTHER)
            return fill_rivals(l, usual, same_stack, out);
        for (int f = (int)jobs[j].first; f <= (int)jobs[j].last; f++) {
            column want = *usual;
            want.flavour = (gable_flavour)f;
            GABLE_TRY(
                fill_column(l, &want, &out->flavoured[f][want.family][want.weights][want.unit]));
        }
    }
    return GABLE_OK;
}

static gable_status fill_elementwise(const ladder *l, gable_constants *out)
{
    gable_kernel_constants *k;
    GABLE_TRY(gable_arena_take(l->arena, 1, sizeof *k, &k, l->err));
    *k = (gable_kernel_constants){.sigma_ln = l->stack->elementwise_sigma_ln,
                                  .provenance = GABLE_PROVENANCE_ASSUMED,
                                  .kernel = "",
                                  .from = l->stack->title};
    k->value[GABLE_ROOFLINE_FLOOR] = 1e6 * l->stack->elementwise_floor_s;
    k->value[GABLE_ROOFLINE_COMPUTE] = 1.0;
    k->value[GABLE_ROOFLINE_MEMORY] = l->stack->elementwise_memory_frac;
    for (int d = 0; d < GABLE_N_DTYPES; d++)
        for (int u = 0; u < GABLE_N_MMA; u++)
            out->kernel[GABLE_FAMILY_ELEMENTWISE][d][u] = k;
    return GABLE_OK;
}

/* One choice for all columns; formats keep their own where they have been measured. */
static gable_status fill_net(ladder *l, gable_family family, gable_constants *out)
{
    for (int d = 0; d < GABLE_N_DTYPES; d++) {
        const gable_kernel_constants *one;
        bool payload = family >= GABLE_FAMILY_MOE_DISPATCH;
        column want = {.family = (int)family,
                       .weights = payload ? d : GABLE_DTYPE_BF16,
                       .unit = GABLE_MMA_BF16};
        if (d == 0 || payload)
            GABLE_TRY(fill_column(l, &want, &one));
        if (payload)
            GABLE_TRY(fill_rivals(l, &want, all_libraries, out));
        for (int u = 0; u < GABLE_N_MMA; u++)
            out->kernel[family][d][u] = one;
    }
    return GABLE_OK;
}

bool gable_family_is_net(gable_family family)
{
    return family >= GABLE_FAMILY_ALL_REDUCE && family <= GABLE_FAMILY_MOE_PREPARE;
}

gable_status gable_ladder_fill(ladder *l, gable_constants *out)
{
    for (int f = GABLE_FAMILY_ALL_REDUCE; f <= GABLE_FAMILY_MOE_PREPARE; f++)
        if (gable_families_have(l->wanted, (gable_family)f))
            GABLE_TRY(fill_net(l, (gable_family)f, out));
    for (int f = 0; f < GABLE_FAMILY_ALL_REDUCE; f++)
        for (int d = 0; d < GABLE_N_DTYPES && gable_families_have(l->wanted, (gable_family)f); d++)
            for (int u = 0; u < GABLE_N_MMA; u++) {
                column want = {.family = f, .weights = d, .unit = u};
                GABLE_TRY(fill_column(l, &want, &out->kernel[f][d][u]));
                GABLE_TRY(fill_jobs(l, &want, out));
            }
    return fill_elementwise(l, out);
}

gable_status gable_ladder_open(ladder *l, gable_arena *arena, const char *hw,
                               const gable_accelerator *accelerator, const char *stack,
                               gable_families wanted, gable_err *err)
{
    *l = (ladder){.arena = arena,
                  .hw = hw,
                  .accelerator = accelerator,
                  .wanted = wanted,
                  .open = wanted,
                  .err = err};
    for (int f = 0; f < GABLE_N_FAMILIES; f++)
        l->reach[f] = INFINITY;
    GABLE_TRY(gable_stack_load(arena, hw, stack, &l->stack, err));
    if (l->stack->ideal)
        return GABLE_OK;
    take_logarithms(l);
    return climb(l);
}

gable_status gable_constants_of_kernel(gable_arena *arena, const char *hw,
                                       const gable_accelerator *accelerator, const char *stack,
                                       gable_family family, gable_dtype weights, gable_mma unit,
                                       const char *kernel, const gable_kernel_constants **out,
                                       gable_err *err)
{
    ladder *l;
    choice best;
    gable_kernel_constants *made;
    column want = {
        .family = (int)family, .weights = (int)weights, .unit = (int)unit, .kernel = kernel};
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *l, &l, err));
    GABLE_TRY(
        gable_ladder_open(l, arena, hw, accelerator, stack, (gable_families)1 << family, err));
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *made, &made, err));
    choose(l, &want, &best);
    if (!best.entry)
        return fill_prior(l, (int)family, out);
    take_choice(l, &best, describe(arena, best.rung->calibration->name, best.entry), made);
    *out = made;
    return made->from ? GABLE_OK : gable_fail(err, GABLE_INTERNAL, "arena full");
}
