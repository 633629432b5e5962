/* report/picture: see picture.h. */
#include "report/picture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const gable_priced *first_step(const gable_picture *picture)
{
    return &picture->request->steps[0];
}

double gable_picture_top(const gable_picture *picture)
{
    return picture->flats[picture->n_flats - 1].spec_flops_per_s;
}

/* ---- roofs ---- */

static gable_flat *flat_of(gable_picture *picture, gable_mma mma, double peak)
{
    for (int i = 0; i < picture->n_flats; i++)
        if (picture->flats[i].mma == mma)
            return &picture->flats[i];
    gable_flat *flat = &picture->flats[picture->n_flats++];
    *flat = (gable_flat){.mma = mma, .spec_flops_per_s = peak};
    return flat;
}

static void add_roofs_of_row(gable_picture *picture, const gable_priced *priced, int row)
{
    const gable_work *work = &priced->plan->work[row];
    const gable_constants *constants = priced->machine->constants;
    const gable_kernel_constants *kernel = priced->step->row[row].kernel;
    double memory_frac = 1.0, compute_frac = 1.0;
    if (!constants->ideal) {
        memory_frac = fmin(gable_kernel_constant(kernel, work->family, "memory_frac", 1.0), 1.0);
        compute_frac = fmin(gable_kernel_constant(kernel, work->family, "compute_frac", 1.0), 1.0);
    }
    picture->hbm_expected_bytes_per_s =
        fmax(picture->hbm_expected_bytes_per_s, memory_frac * picture->hbm_bytes_per_s);
    if (work->vector || work->flops <= 0.0)
        return;
    gable_mma used = work->mma;
    double peak = gable_accelerator_peak(priced->machine->accelerator, work->mma, &used);
    gable_flat *flat = flat_of(picture, used, peak);
    flat->expected_flops_per_s = fmax(flat->expected_flops_per_s, compute_frac * peak);
    flat->flops += priced->plan->calls[row] * work->flops;
}

static int lower_flat(const void *a, const void *b)
{
    double x = ((const gable_flat *)a)->spec_flops_per_s;
    double y = ((const gable_flat *)b)->spec_flops_per_s;
    return (x > y) - (x < y);
}

static gable_status add_roofs(gable_picture *picture, gable_err *err)
{
    const gable_machine *machine = first_step(picture)->machine;
    picture->hbm_bytes_per_s = machine->accelerator->hbm_bandwidth_bytes_per_s;
    picture->l2_bytes_per_s = machine->accelerator->l2_bandwidth_bytes_per_s;
    for (size_t i = 0; i < picture->request->n_steps; i++) {
        const gable_priced *priced = &picture->request->steps[i];
        if (priced->step->wire_bytes_total > 0.0)
            picture->link_bytes_per_s = machine->system->scale_up_bytes_per_s;
        for (int row = 0; row < priced->plan->n_rows; row++)
            if (priced->plan->kind[row] == GABLE_ROW_OP)
                add_roofs_of_row(picture, priced, row);
    }
    if (picture->n_flats == 0)
        return gable_fail(err, GABLE_INPUT, "no operator uses a matrix unit: no roof to draw");
    qsort(picture->flats, (size_t)picture->n_flats, sizeof picture->flats[0], lower_flat);
    for (int i = 1; i < picture->n_flats; i++)
        if (picture->flats[i].flops > picture->flats[picture->i_main].flops)
            picture->i_main = i;
    return GABLE_OK;
}

/* ---- points ---- */

static double roof_at(const gable_picture *picture, const gable_work *work,
                      const gable_accelerator *device, double x)
{
    gable_mma used;
    double peak = work->vector ? device->vector_fp32_flops_per_s
                               : gable_accelerator_peak(device, work->mma, &used);
    double slope = picture->hbm_bytes_per_s * x;
    return peak > 0.0 ? fmin(peak, slope) : slope;
}

static void add_points(gable_picture *picture, int i_step)
{
    const gable_priced *priced = &picture->request->steps[i_step];
    double total = priced->step->time_s_total;
    for (int row = 0; row < priced->plan->n_rows; row++) {
        const gable_work *work = &priced->plan->work[row];
        double time = priced->step->time_s[row], calls = priced->plan->calls[row];
        if (priced->plan->kind[row] != GABLE_ROW_OP || work->flops <= 0.0 ||
            work->hbm_bytes <= 0.0 || time <= 0.0)
            continue;
        if (time / total < GABLE_POINT_SHARE_MIN || picture->n_points == GABLE_POINTS_CAP) {
            picture->n_small++;
            continue;
        }
        double x = work->flops / work->hbm_bytes, y = calls * work->flops / time;
        double roof = roof_at(picture, work, priced->machine->accelerator, x);
        picture->points[picture->n_points++] = (gable_point){
            .name = priced->plan->name[row],
            .i_step = i_step,
            .x_flops_per_byte = x,
            .y_flops_per_s = y,
            .l2_flops_per_byte = work->l2_bytes > 0.0 ? work->flops / work->l2_bytes : 0.0,
            .share_frac = time / total,
            .roof_frac = y / roof};
    }
}

/* Heaviest first; ties by step and name, so that equal input gives equal bytes. */
static int heavier(const void *a, const void *b)
{
    const gable_point *p = a, *q = b;
    if (p->share_frac > q->share_frac || p->share_frac < q->share_frac)
        return p->share_frac < q->share_frac ? 1 : -1;
    if (p->i_step != q->i_step)
        return p->i_step - q->i_step;
    return strcmp(p->name, q->name);
}

/* The n-th operator of a name in one step goes with the n-th of that name in the others. */
static int occurrence(const gable_picture *picture, int i)
{
    int n = 0;
    for (int j = 0; j < i; j++)
        n += picture->points[j].i_step == picture->points[i].i_step &&
             strcmp(picture->points[j].name, picture->points[i].name) == 0;
    return n;
}

static void number_names(gable_picture *picture)
{
    int n_names = 0;
    for (int i = 0; i < picture->n_points; i++) {
        gable_point *point = &picture->points[i];
        int nth = occurrence(picture, i);
        point->i_name = -1;
        for (int j = 0; j < i && point->i_name < 0; j++)
            if (strcmp(picture->points[j].name, point->name) == 0 && occurrence(picture, j) == nth)
                point->i_name = picture->points[j].i_name;
        if (point->i_name < 0)
            point->i_name = n_names++;
    }
}

/* ---- axes ---- */

static double decade_below(double value)
{
    return pow(10.0, floor(log10(value)));
}

static double decade_above(double value)
{
    return pow(10.0, ceil(log10(value)));
}

static void choose_axes(gable_picture *picture)
{
    double top = gable_picture_top(picture), ridge = top / picture->hbm_bytes_per_s;
    double x_low = 1.0, x_high = 4.0 * ridge, y_low = 0.1 * top;
    for (int i = 0; i < picture->n_points; i++) {
        x_low = fmin(x_low, 0.8 * picture->points[i].x_flops_per_byte);
        x_high = fmax(x_high, 1.25 * picture->points[i].x_flops_per_byte);
        y_low = fmin(y_low, 0.6 * picture->points[i].y_flops_per_s);
        if (picture->request->hierarchy && picture->points[i].l2_flops_per_byte > 0.0)
            x_low = fmin(x_low, 0.8 * picture->points[i].l2_flops_per_byte);
    }
    picture->x_min = fmax(decade_below(x_low), 1e-3);
    picture->x_max = decade_above(x_high);
    picture->y_min = fmax(decade_below(y_low), 1e-7 * top);
    picture->y_max = 6.0 * top;
    const gable_axes *axes = picture->request->axes;
    if (!axes || axes->x_max <= 0.0)
        return;
    picture->x_min = fmin(picture->x_min, axes->x_min);
    picture->x_max = fmax(picture->x_max, axes->x_max);
    picture->y_min = fmin(picture->y_min, axes->y_min);
    picture->y_max = fmax(picture->y_max, axes->y_max);
}

gable_status gable_roofline_axes(gable_arena *arena, const gable_roofline_request *request,
                                 gable_axes *axes, gable_err *err)
{
    gable_roofline_request with = *request;
    gable_picture picture;
    with.axes = axes;
    GABLE_TRY(gable_picture_make(arena, &with, &picture, err));
    *axes = (gable_axes){picture.x_min, picture.x_max, picture.y_min, picture.y_max};
    return GABLE_OK;
}

gable_status gable_picture_make(gable_arena *arena, const gable_roofline_request *request,
                                gable_picture *out, gable_err *err)
{
    *out = (gable_picture){.request = request};
    GABLE_TRY(gable_arena_take(arena, GABLE_POINTS_CAP, sizeof *out->points, &out->points, err));
    GABLE_TRY(add_roofs(out, err));
    for (size_t i = 0; i < request->n_steps; i++)
        add_points(out, (int)i);
    qsort(out->points, (size_t)out->n_points, sizeof *out->points, heavier);
    number_names(out);
    choose_axes(out);
    return GABLE_OK;
}
