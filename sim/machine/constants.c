/* machine/constants: constants of a device under a stack: its kernels' (ladder.h), its silicon's,
 * its collectives' and gaps'. */
#include "machine/constants.h"

#include <math.h>
#include <string.h>

#include "machine/ladder.h"

double gable_kernel_constant(const gable_kernel_constants *kernel, gable_family family,
                             const char *name, double fallback)
{
    int i = gable_form_find(&gable_forms[gable_family_form(family)], name);
    return i < 0 ? fallback : kernel->value[i];
}

/* ---- gaps ---- */

static const gable_gap *find_gap(const gable_stack *stack, const char *generation)
{
    for (int i = 0; i < stack->n_gaps; i++)
        if (strcmp(stack->gaps[i].generation, generation) == 0)
            return &stack->gaps[i];
    return NULL;
}

static void fill_gap(const gable_ladder *l, gable_constants *out)
{
    const gable_gap *gap = find_gap(l->stack, l->own->name);
    out->gap_provenance = gap ? GABLE_PROVENANCE_FITTED : GABLE_PROVENANCE_ASSUMED;
    for (int i = 0; !gap && i < l->own->nearest.n; i++)
        gap = find_gap(l->stack, l->own->nearest.name[i]);
    if (!gap)
        gap = &l->stack->gaps[0];
    out->gap_s_per_layer = gap->gap_s;
    out->gap_from = gap->from;
}

/* ---- the whole ---- */

static void fill_ideal(gable_constants *out)
{
    out->silicon_frac = 1.0;
    out->gap_from = "datasheet";
}

/* Boards of one die reach peaks and clocks that go with the root of their power, whatever the
 * datasheet rounds to. */
static void fill_silicon(const gable_ladder *l, gable_constants *out)
{
    const gable_generation *g = l->own;
    const gable_accelerator *a = l->accelerator;
    double bf16 = a->matrix_flops_per_s[GABLE_MMA_BF16];
    out->silicon_frac = 1.0;
    out->n_sm = g->reference_n_sm > 0.0 ? g->reference_n_sm : a->n_sm;
    out->clock_hz = a->tensor_clock_hz > 0.0 ? a->tensor_clock_hz : a->vector_clock_hz;
    out->by_power = g->reference_w > 0.0 && a->tdp_w > 0.0 && bf16 > 0.0;
    if (out->by_power) {
        double root = sqrt(a->tdp_w / g->reference_w);
        out->silicon_frac = g->reference_bf16_flops_per_s * root / bf16;
        out->clock_hz = g->reference_clock_hz * root;
    }
    out->boost_hz = a->vector_clock_hz > 0.0 ? a->vector_clock_hz : g->reference_clock_hz;
    /* What no datasheet says: middling figures, so that a form has something to work with. */
    if (out->n_sm <= 0.0)
        out->n_sm = 128.0;
    if (out->clock_hz <= 0.0)
        out->clock_hz = 1.8e9;
    if (out->boost_hz <= 0.0)
        out->boost_hz = out->clock_hz;
}

static void fill_fusion(const gable_stack *stack, gable_constants *out)
{
    gable_dtype dtype;
    for (int i = 0; i < stack->fused_quantisation.n; i++)
        if (gable_dtype_find(stack->fused_quantisation.name[i], &dtype))
            out->fused_quantisation[dtype] = true;
}

gable_status gable_silicon_load(gable_arena *arena, const char *hw,
                                const gable_accelerator *accelerator, gable_constants **out,
                                gable_err *err)
{
    gable_ladder *l;
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *l, &l, err));
    *l = (gable_ladder){.arena = arena, .hw = hw, .accelerator = accelerator, .err = err};
    GABLE_TRY(gable_generation_load(arena, hw, accelerator->generation, &l->own, err));
    GABLE_TRY(gable_arena_take(arena, 1, sizeof **out, out, err));
    fill_silicon(l, *out);
    return GABLE_OK;
}

gable_status gable_constants_load(gable_arena *arena, const char *hw,
                                  const gable_accelerator *accelerator, const char *stack,
                                  const gable_constants **out, gable_err *err)
{
    return gable_constants_load_families(arena, hw, accelerator, stack, GABLE_ALL_FAMILIES, out,
                                         err);
}

gable_status gable_constants_load_families(gable_arena *arena, const char *hw,
                                           const gable_accelerator *accelerator, const char *stack,
                                           gable_families families, const gable_constants **out,
                                           gable_err *err)
{
    const gable_families elementwise = (gable_families)1 << GABLE_FAMILY_ELEMENTWISE;
    gable_ladder *l;
    gable_constants *constants;
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *l, &l, err));
    /* The stack has the constants of that one. */
    GABLE_TRY(gable_ladder_open(l, arena, hw, accelerator, stack, families & ~elementwise, err));
    GABLE_TRY(gable_arena_take(arena, 1, sizeof *constants, &constants, err));
    constants->stack = l->stack->name;
    constants->stack_version = l->stack->version;
    constants->ideal = l->stack->ideal;
    constants->rules = &l->stack->serving;
    constants->absent = GABLE_ALL_FAMILIES & ~(families | elementwise);
    *out = constants;
    if (constants->ideal) {
        fill_ideal(constants);
        return GABLE_OK;
    }
    fill_silicon(l, constants);
    fill_fusion(l->stack, constants);
    GABLE_TRY(gable_ladder_fill(l, constants));
    fill_gap(l, constants);
    return GABLE_OK;
}
