/* net/share: see share.h. */
#include "net/share.h"

/* Busier and calmer direction of a pair of links. */
static void add_pair(double *up_s, double *down_s, double busy_s, double peak, bool back)
{
    double calm_s = busy_s / peak;
    *up_s += back ? busy_s : calm_s;
    *down_s += back ? calm_s : busy_s;
}

void gable_net_share_add(gable_collective_kind kind, const gable_wire *wire, double calls,
                         gable_lane_use *expected, gable_lane_use *ceiling)
{
    bool back = kind == GABLE_COLLECTIVE_MOE_COMBINE;
    double *e = expected->link_s, *c = ceiling->link_s;
    add_pair(&e[GABLE_LINK_UP], &e[GABLE_LINK_DOWN], calls * wire->inside_s, wire->peak, back);
    add_pair(&e[GABLE_LINK_OUT], &e[GABLE_LINK_IN], calls * wire->outside_s, wire->out_peak, back);
    add_pair(&c[GABLE_LINK_UP], &c[GABLE_LINK_DOWN], calls * wire->least_inside_s, wire->peak,
             back);
    add_pair(&c[GABLE_LINK_OUT], &c[GABLE_LINK_IN], calls * wire->least_outside_s, wire->out_peak,
             back);
}

/* What a lane does before its busiest link: all that no link does. */
static double latency_of(const gable_lane_use *lane)
{
    double most = 0.0;
    for (int i = 0; i < GABLE_N_DEVICE_LINKS; i++)
        most = lane->link_s[i] > most ? lane->link_s[i] : most;
    return lane->time_s > most ? lane->time_s - most : 0.0;
}

/* When a link is done that lane k reaches first of those that come no earlier. */
static double done_after(const gable_lane_use *lanes, const double *latency_s, int n, int k,
                         int link)
{
    double s = latency_s[k];
    for (int i = 0; i < n; i++)
        s += latency_s[i] >= latency_s[k] ? lanes[i].link_s[link] : 0.0;
    return s;
}

double gable_net_share_s(const gable_lane_use *lanes, int n)
{
    double latency_s[GABLE_SHARE_LANES_CAP], most = 0.0;
    for (int k = 0; k < n; k++) {
        latency_s[k] = latency_of(&lanes[k]);
        most = lanes[k].time_s > most ? lanes[k].time_s : most;
    }
    for (int link = 0; link < GABLE_N_DEVICE_LINKS; link++)
        for (int k = 0; k < n; k++) {
            double s = lanes[k].link_s[link] > 0.0 ? done_after(lanes, latency_s, n, k, link) : 0.0;
            most = s > most ? s : most;
        }
    return most;
}
