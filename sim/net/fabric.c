/* net/fabric: levels. See fabric.h. */
#include "net/fabric.h"

#include <math.h>

/* One direction, between halves of equal size. */
static double domain_bisection(const gable_system *s)
{
    double n = s->n_accelerators, half = 0.5 * n, rate = s->scale_up_bytes_per_s;
    double axes = s->n_torus_axes > 0 ? s->n_torus_axes : 3.0;
    switch ((gable_fabric)s->fabric) {
    case GABLE_FABRIC_NONE:
        return 0.0;
    case GABLE_FABRIC_SWITCH:
        return half * rate;
    case GABLE_FABRIC_MESH: /* half times half of the pairs */
        return half * half * rate / (n - 1.0);
    case GABLE_FABRIC_PCIE:
        if (s->socket_bytes_per_s > 0.0)
            return s->socket_bytes_per_s;
        if (!s->p2p && s->host_bounce_bytes_per_s > 0.0)
            return 0.5 * s->host_bounce_bytes_per_s;
        return half * rate;
    case GABLE_FABRIC_TORUS: /* two cuts through a ring of the longest axis */
        return n / pow(n, 1.0 / axes) * rate / axes;
    }
    return 0.0;
}

static gable_level domain(const gable_system *s, double n_nodes)
{
    return (gable_level){.name = s->n_accelerators > 16 ? "rack" : "node",
                         .how = gable_fabrics[s->fabric],
                         .link = s->scale_up_link,
                         .n_units = n_nodes,
                         .n_devices = s->n_accelerators,
                         .device_bytes_per_s = s->scale_up_bytes_per_s,
                         .bisection_bytes_per_s = domain_bisection(s),
                         .oversubscription = 1.0};
}

/* Of a switch with P ports, o times as many look down as up. */
static double down_ports(const gable_system *s, double ports)
{
    double o = s->scale_out_oversubscription;
    return floor(ports * o / (1.0 + o));
}

static gable_level between(const gable_system *s, const char *name, const char *how, double n_units,
                           double nodes, double oversubscription)
{
    double devices = nodes * s->n_accelerators;
    return (gable_level){.name = name,
                         .how = how,
                         .link = s->scale_out_link,
                         .n_units = n_units,
                         .n_devices = devices,
                         .device_bytes_per_s = s->scale_out_bytes_per_s / oversubscription,
                         .bisection_bytes_per_s =
                             0.5 * devices * s->scale_out_bytes_per_s / oversubscription,
                         .oversubscription = oversubscription};
}

/* Device r of every node on leaf r: as many nodes as a leaf looks down to make a pod, whose devices
 * of one rail never meet a spine. */
static int fat_tree(const gable_system *s, double ports, double n_nodes, gable_level *levels)
{
    bool rails = s->scale_out_topology == 1; /* rail_fat_tree: gable_topologies */
    double down = down_ports(s, ports), up = ports - down, g = s->n_accelerators;
    double per_pod = rails ? down : floor(down / g) > 1.0 ? floor(down / g) : 1.0;
    double pod_nodes = fmin(n_nodes, per_pod), pods = ceil(n_nodes / per_pod);
    double leaves = rails ? g : 1.0, o = s->scale_out_oversubscription;
    levels[0] = between(s, "pod", rails ? "leaves, one a rail" : "leaf", pods, pod_nodes, 1.0);
    levels[0].n_switches = leaves;
    if (pods <= 1.0)
        return 1;
    bool core = n_nodes * g > ports * ports / 2.0;
    levels[1] = between(s, "data centre", core ? "spine and core" : "spine", 1.0, n_nodes, o);
    levels[1].n_switches = ceil(pods * leaves * up / ports) * (core ? 3.0 : 1.0);
    return 2;
}

/* Groups of switches that know each other, one link between any two groups: half of the groups
 * reach the other half by groups^2 / 4 links. */
static int dragonfly(const gable_system *s, double ports, double n_nodes, gable_level *levels)
{
    double quarter = floor(ports / 4.0), g = s->n_accelerators;
    double per_group = fmax(floor(quarter * 2.0 * quarter / g), 1.0);
    double groups = ceil(n_nodes / per_group), nodes = fmin(n_nodes, per_group);
    levels[0] = between(s, "group", "switches, each with each", groups, nodes, 1.0);
    levels[0].n_switches = 2.0 * quarter;
    if (groups <= 1.0)
        return 1;
    levels[1] = between(s, "data centre", "one link between any two groups", 1.0, n_nodes, 1.0);
    levels[1].bisection_bytes_per_s =
        fmin(levels[1].bisection_bytes_per_s, groups * groups / 4.0 * s->scale_out_bytes_per_s);
    levels[1].device_bytes_per_s = fmin(s->scale_out_bytes_per_s, levels[1].bisection_bytes_per_s /
                                                                      (0.5 * levels[1].n_devices));
    return 2;
}

int gable_fabric_levels(const gable_system *system, const gable_link *out_link, double n_nodes,
                        gable_level *levels)
{
    levels[0] = domain(system, n_nodes);
    if (n_nodes <= 1.0 || !out_link)
        return 1;
    double ports = out_link->n_switch_ports;
    if (ports <= 0.0) {
        levels[1] = between(system, "data centre", "switches of unknown size", 1.0, n_nodes,
                            system->scale_out_oversubscription);
        return 2;
    }
    if (system->scale_out_topology == 4) /* dragonfly */
        return 1 + dragonfly(system, ports, n_nodes, &levels[1]);
    return 1 + fat_tree(system, ports, n_nodes, &levels[1]);
}
