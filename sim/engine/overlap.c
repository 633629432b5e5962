/* engine/overlap: see overlap.h. */
#include "engine/overlap.h"

#include <math.h>

#include "net/share.h"

/* Seconds of one group's lanes, expected or at the ceiling. */
typedef struct lanes {
    double s[GABLE_N_LANES], busy_s;
    double shared_s; /* until the links that several of them use are done */
} lanes;

static double sum_of(const double *lane_s)
{
    double sum = 0.0;
    for (int i = 0; i < GABLE_N_LANES; i++)
        sum += lane_s[i];
    return sum;
}

static int longest_of(const double *lane_s)
{
    int longest = 0;
    for (int i = 1; i < GABLE_N_LANES; i++)
        longest = lane_s[i] > lane_s[longest] ? i : longest;
    return longest;
}

double gable_engine_group_s(const double *lane_s, double busy_s, double shared_s, double waves)
{
    double sum = sum_of(lane_s), longest = lane_s[longest_of(lane_s)];
    double together = fmax(longest, fmin(fmax(busy_s, shared_s), sum));
    return waves > 1.0 ? together + (sum - together) / waves : together;
}

static void add(lanes *to, gable_lane lane, double s, double busy_s)
{
    to->s[lane] += s;
    to->busy_s += busy_s;
}

/* Seconds of a row beside the others of its group. */
static double beside_s(const gable_step *step, int row)
{
    return step->time_s[row] - step->hidden_s[row];
}

/* Shares out what a group hides among the rows of its shorter lanes. */
static void hide(const gable_plan *plan, int n, gable_overlap_group group, const lanes *x,
                 double group_s, gable_step *step)
{
    int longest = longest_of(x->s);
    double others = sum_of(x->s) - x->s[longest], hidden = sum_of(x->s) - group_s;
    for (int i = 0; i < n && others > 0.0; i++)
        if (plan->group[i] == group && (int)plan->lane[i] != longest)
            step->hidden_s[i] += beside_s(step, i) * fmin(hidden / others, 1.0);
}

/* SMs that an exchange beside kernels sets aside: products on the rest take longer, which counts as
 * hidden less than nothing. */
static void set_aside(const gable_plan *plan, int n, double n_sm, gable_step *step)
{
    double aside[GABLE_N_GROUPS] = {0};
    for (int i = 0; i < n; i++)
        aside[plan->group[i]] = fmax(aside[plan->group[i]], step->row[i].set_aside_sm);
    aside[GABLE_GROUP_NONE] = 0.0;
    for (int i = 0; i < n; i++) {
        const gable_time *row = &step->row[i];
        double taken = aside[plan->group[i]];
        bool slowed = plan->kind[i] == GABLE_ROW_OP && row->compute_s > row->memory_s;
        step->hidden_s[i] = 0.0;
        if (slowed && taken > 0.0 && taken < n_sm)
            step->hidden_s[i] = -plan->calls[i] * row->compute_s * taken / (n_sm - taken);
    }
}

/* Exchanges of a group in several lanes: how long the links take that they share.
 *   exchanging   those lanes, a bit each */
static void share_links(const gable_plan *plan, int n, int group, unsigned exchanging,
                        const gable_step *step, lanes *expected, lanes *ceiling)
{
    gable_lane_use as_is[GABLE_N_LANES], least[GABLE_N_LANES];
    int at[GABLE_N_LANES], n_lanes = 0;
    for (int lane = 0; lane < GABLE_N_LANES; lane++) {
        at[lane] = n_lanes;
        if (!(exchanging & (1u << lane)))
            continue;
        as_is[n_lanes] = (gable_lane_use){.time_s = expected->s[lane]};
        least[n_lanes++] = (gable_lane_use){.time_s = ceiling->s[lane]};
    }
    for (int i = 0; i < n; i++)
        if ((int)plan->group[i] == group && plan->kind[i] == GABLE_ROW_COLLECTIVE)
            gable_net_share_add(plan->collective[i].kind, &step->wire[i], plan->calls[i],
                                &as_is[at[plan->lane[i]]], &least[at[plan->lane[i]]]);
    expected->shared_s = gable_net_share_s(as_is, n_lanes);
    ceiling->shared_s = gable_net_share_s(least, n_lanes);
}

/* More than one lane of `lanes`, a bit each. */
static bool several(unsigned bits)
{
    return (bits & (bits - 1u)) != 0;
}

static double seconds_of(const lanes *x, double shared_s, double waves)
{
    return gable_engine_group_s(x->s, x->busy_s, shared_s, waves);
}

/* Lowers the totals by what group `g` hides. */
static void settle(const gable_plan *plan, int n, int g, const lanes *expected,
                   const lanes *ceiling, gable_step *step)
{
    /* Datasheets know no waves: the best overlap there could be. */
    double least_s = seconds_of(ceiling, ceiling->shared_s, 0.0);
    double waves = g == GABLE_GROUP_LAYERS ? plan->waves : 0.0;
    double s = fmax(seconds_of(expected, expected->shared_s, waves), least_s);
    hide(plan, n, (gable_overlap_group)g, expected, s, step);
    step->ceiling_s_total -= sum_of(ceiling->s) - least_s;
    if (expected->shared_s > 0.0)
        step->contended_s +=
            s - fmax(seconds_of(expected, 0.0, waves), seconds_of(ceiling, 0.0, 0.0));
}

void gable_engine_overlap(const gable_plan *plan, int n, double n_sm, gable_step *step)
{
    lanes expected[GABLE_N_GROUPS] = {0}, ceiling[GABLE_N_GROUPS] = {0};
    unsigned exchanging[GABLE_N_GROUPS] = {0};
    set_aside(plan, n, n_sm, step);
    for (int i = 0; i < n; i++) {
        gable_overlap_group g = plan->group[i];
        bool kernel = plan->kind[i] == GABLE_ROW_OP;
        double floor_s = step->row[i].overhead_s * plan->calls[i], s = beside_s(step, i);
        add(&expected[g], plan->lane[i], s, kernel ? s - floor_s : 0.0);
        add(&ceiling[g], plan->lane[i], step->ceiling_s[i], kernel ? step->ceiling_s[i] : 0.0);
        if (plan->kind[i] == GABLE_ROW_COLLECTIVE)
            exchanging[g] |= 1u << plan->lane[i];
    }
    for (int g = GABLE_GROUP_NONE + 1; g < GABLE_N_GROUPS; g++) {
        if (several(exchanging[g]))
            share_links(plan, n, g, exchanging[g], step, &expected[g], &ceiling[g]);
        settle(plan, n, g, &expected[g], &ceiling[g], step);
    }
    for (int i = 0; i < n; i++)
        step->time_s_total -= step->hidden_s[i];
}

void gable_engine_links(const gable_plan *plan, const gable_machine *machine, double *links_s)
{
    links_s[0] = links_s[1] = 0.0;
    for (int i = 0; i < plan->n_rows; i++) {
        gable_transfer transfer;
        if (plan->kind[i] != GABLE_ROW_COLLECTIVE)
            continue;
        gable_net_transfer(&plan->collective[i], machine, &transfer);
        links_s[0] += plan->calls[i] * transfer.wire.inside_s;
        links_s[1] += plan->calls[i] * transfer.wire.outside_s;
    }
}
