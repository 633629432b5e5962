/* cost: time of kernels that stream memory while each thread block walks a chain of steps:
 * convolutions, chunk scans and updates of recurrent states, hyper-connections, quantisation
 * (facts/attention.md 5). */
#include <math.h>

#include "cost/forms.h"

/* Constants count us on an SM of this clock. */
static const double unit_clock_hz = 1.83e9;

/* Most of what a wave that is not full can lose. */
static const double waves_cap = 8.0;

static double max2(double a, double b)
{
    return a > b ? a : b;
}

/* Some libraries give each sequence and channel a block of its own, which walks the tokens 64 at a
 * time; a sequence that does not fill the 8 tokens of a vector load is slower. */
static gable_grid per_channel(const gable_linear *l, const double *v)
{
    double blocks = l->batch * l->channels, walk = max2(l->tokens / 64.0, 1.0);
    double slow = l->tokens < 8.0 ? v[GABLE_STREAM_UW] : 1.0;
    return (gable_grid){walk, blocks * slow, blocks, 4.0 * l->batch * l->tokens * l->channels};
}

/* p-norm of four, p one of 1, 2, 4: no pow. */
static double norm(const double *x, double p)
{
    double sum = 0.0;
    for (int i = 0; i < 4; i++) {
        double square = x[i] * x[i];
        sum += p > 3.0 ? square * square : p > 1.5 ? square : x[i];
    }
    return p > 3.0 ? sqrt(sqrt(sum)) : p > 1.5 ? sqrt(sum) : sum;
}

/* Whole waves of blocks, softened by the root: blocks of a streaming kernel do not start together.
 */
static double wave_loss(double blocks, double n_sm)
{
    double waves = max2(blocks / n_sm, 1e-3);
    double loss = gable_form_ceil(waves) / waves;
    return sqrt(loss < waves_cap ? loss : waves_cap);
}

/* Blocks that fill an SM walk their chains one wave after another; smaller ones hide each other. */
static double waves_of(const gable_grid *grid, const gable_chip *chip, const double *v)
{
    double per_sm = v[GABLE_STREAM_SERIAL];
    if (per_sm <= 0.0)
        return 1.0;
    return gable_form_waves(grid->blocks, per_sm * chip->n_sm, v[GABLE_STREAM_SIG]);
}

static double memory_seconds(const gable_work *work, const gable_chip *chip, const double *v)
{
    double bytes = work->hbm_bytes + (v[GABLE_STREAM_SPILL] > 0.0 ? work->spill_bytes : 0.0);
    double s = bytes / (v[GABLE_STREAM_EB] * chip->bandwidth_bytes_per_s);
    if (v[GABLE_STREAM_L2ON] <= 0.0 || chip->l2_bytes <= 0.0)
        return s;
    double hit = gable_form_hit(work->grid.touched_bytes, v[GABLE_STREAM_CL2] * chip->l2_bytes);
    return s / (1.0 + (v[GABLE_STREAM_L2X] - 1.0) * hit);
}

void gable_form_stream(const gable_op *op, const gable_work *work, gable_chip *chip,
                       const double *value, gable_time *out)
{
    gable_grid grid = work->grid;
    double slower = 1e-6 * unit_clock_hz / chip->boost_hz;
    bool convolution = op->kind == GABLE_OP_LINEAR && op->linear.stage == GABLE_LINEAR_CONV;
    if (convolution && value[GABLE_STREAM_GRID] > 0.0)
        grid = per_channel(&op->linear, value);
    double chain = waves_of(&grid, chip, value) *
                   (grid.steps * value[GABLE_STREAM_C1] + value[GABLE_STREAM_KAP]) * slower;
    double blocks = grid.units * value[GABLE_STREAM_C2] * slower / chip->n_sm *
                    wave_loss(grid.blocks, chip->n_sm);
    /* Small products between loads do not reach the power limit either. */
    double peak = chip->peak_flops_per_s * chip->boost_hz / chip->clock_hz;
    double products = work->vector ? 0.0 : work->flops / (value[GABLE_STREAM_EF] * peak);
    double memory = memory_seconds(work, chip, value);
    double terms[] = {chain, blocks, products, memory};
    double total = norm(terms, value[GABLE_STREAM_POWER]);
    out->compute_s = max2(max2(chain, blocks), products);
    out->memory_s = memory;
    out->overhead_s = 1e-6 * value[GABLE_STREAM_T0];
    out->exposed_s = max2(total - max2(out->compute_s, memory), 0.0);
}
