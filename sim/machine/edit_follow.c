/* machine/edit_follow: see edit_follow.h. What the loader derives (system.c, constants.c), as
 * ratios to the machine that was opened. */
#include "machine/edit_follow.h"

#include <math.h>
#include <string.h>

/* now / before; 1 where either is not published. */
static double ratio(double now, double before)
{
    return now > 0.0 && before > 0.0 ? now / before : 1.0;
}

static bool is_row(const gable_edit_field *field, gable_edit_part part, size_t offset)
{
    return field && field->part == part && field->row->offset == offset;
}

static void note_own(gable_edit *e, const gable_edit_field *changed)
{
    if (is_row(changed, GABLE_EDIT_ACCELERATOR, offsetof(gable_accelerator, hbm_usable_bytes)))
        e->own_usable = true;
    if (is_row(changed, GABLE_EDIT_SYSTEM, offsetof(gable_system, scale_up_bytes_per_s)))
        e->own_scale_up = true;
    if (is_row(changed, GABLE_EDIT_SYSTEM, offsetof(gable_system, power_w)))
        e->own_power = true;
}

/* The rate between devices is the device's, of its host link behind a PCIe fabric. Where a system's
 * file says its own, that is of the same links and goes along. */
static void follow_system(gable_edit *e)
{
    const gable_accelerator *now = &e->accelerator, *was = e->base.accelerator;
    const gable_system *base = e->base.system;
    bool pcie = e->system.fabric == GABLE_FABRIC_PCIE;
    double rate = pcie ? now->host_bytes_per_s : now->scale_up_bytes_per_s;
    double before = pcie ? was->host_bytes_per_s : was->scale_up_bytes_per_s;
    bool inherits = base->scale_up_bytes_per_s <= 0.0 || base->scale_up_bytes_per_s == before;
    if (!e->own_scale_up && e->system.fabric != GABLE_FABRIC_NONE)
        e->system.scale_up_bytes_per_s =
            inherits ? rate : base->scale_up_bytes_per_s * ratio(rate, before);
    if (!e->own_power && base->n_accelerators == 1)
        e->system.power_w = now->tdp_w;
    if (base->n_storage > 0)
        e->system.storage_bytes_per_s =
            base->storage_bytes_per_s * e->system.n_storage / base->n_storage;
}

static double first_known(double one, double two)
{
    return one > 0.0 ? one : two;
}

/* As fill_silicon of constants.c; peaks and clocks of one die go with the root of the board's
 * power. */
static void follow_silicon(gable_edit *e)
{
    const gable_accelerator *now = &e->accelerator, *was = e->base.accelerator;
    const gable_constants *base = e->base.constants;
    gable_constants *c = e->constants;
    if (base->ideal)
        return;
    c->boost_hz = was->vector_clock_hz > 0.0 || base->by_power
                      ? base->boost_hz * ratio(now->vector_clock_hz, was->vector_clock_hz)
                      : first_known(now->vector_clock_hz, base->boost_hz);
    if (!base->by_power) {
        c->n_sm = first_known(now->n_sm, base->n_sm);
        c->clock_hz =
            first_known(now->tensor_clock_hz, first_known(now->vector_clock_hz, base->clock_hz));
        return;
    }
    double root = sqrt(ratio(now->tdp_w, was->tdp_w));
    c->silicon_frac = base->silicon_frac * root;
    c->clock_hz = base->clock_hz * root * ratio(now->tensor_clock_hz, was->tensor_clock_hz);
    c->n_sm = base->n_sm * ratio(now->n_sm, was->n_sm);
}

/* Which parameters of a form each knob scales. */
typedef struct scaled {
    gable_form_kind form;
    int parameter;
    size_t knob; /* offset in gable_edit_knobs */
} scaled;

#define STEP offsetof(gable_edit_knobs, scale_up_step_frac)
#define OUT_STEP offsetof(gable_edit_knobs, scale_out_step_frac)
#define BASE offsetof(gable_edit_knobs, collective_base_frac)
static const scaled table[] = {
    {GABLE_FORM_COLLECTIVE, GABLE_COLLECTIVE_P_T0, BASE},
    {GABLE_FORM_COLLECTIVE, GABLE_COLLECTIVE_P_EDGE, BASE},
    {GABLE_FORM_COLLECTIVE, GABLE_COLLECTIVE_P_SWT0, BASE},
    {GABLE_FORM_COLLECTIVE, GABLE_COLLECTIVE_P_H, STEP},
    {GABLE_FORM_COLLECTIVE, GABLE_COLLECTIVE_P_PEER, STEP},
    {GABLE_FORM_COLLECTIVE, GABLE_COLLECTIVE_P_NH, OUT_STEP},
    {GABLE_FORM_CUSTOM, GABLE_CUSTOM_P_T0, BASE},
    {GABLE_FORM_CUSTOM, GABLE_CUSTOM_P_TWO_US, BASE},
    {GABLE_FORM_CUSTOM, GABLE_CUSTOM_P_LIB_US, BASE},
    {GABLE_FORM_CUSTOM, GABLE_CUSTOM_P_PEER, STEP},
    {GABLE_FORM_EXCHANGE, GABLE_EXCHANGE_P_T0, BASE},
    {GABLE_FORM_EXCHANGE, GABLE_EXCHANGE_P_NT0, BASE},
    {GABLE_FORM_EXCHANGE, GABLE_EXCHANGE_P_LOG, STEP},
    {GABLE_FORM_EXCHANGE, GABLE_EXCHANGE_P_NLOG, OUT_STEP},
};

static void follow_knobs(gable_edit *e)
{
    e->constants->gap_s_per_layer = e->knobs.gap_s_per_layer;
    for (int k = 0; k < e->n_kernels; k++) {
        gable_form_kind form = gable_family_form(e->family[k]);
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
            double factor;
            if (table[i].form != form)
                continue;
            memcpy(&factor, (const char *)&e->knobs + table[i].knob, sizeof factor);
            e->kernel[k].value[table[i].parameter] =
                e->fitted[k]->value[table[i].parameter] * factor;
        }
    }
}

void gable_edit_follow(gable_edit *edit, const gable_edit_field *changed)
{
    const gable_accelerator *was = edit->base.accelerator;
    note_own(edit, changed);
    if (!edit->own_usable)
        edit->accelerator.hbm_usable_bytes =
            was->hbm_usable_bytes *
            ratio(edit->accelerator.hbm_capacity_bytes, was->hbm_capacity_bytes);
    follow_system(edit);
    follow_silicon(edit);
    if (!changed || changed->part == GABLE_EDIT_CONSTANTS)
        follow_knobs(edit);
}
