/* net/share: exchanges that run at the same time on the same devices, and how long all of them
 * take. What one call takes of a device's links is gable_wire; here exchanges become lanes, and
 * lanes share links by max-min fairness, as net/flows does it event by event.
 *
 * Closed form: bytes inside a node and bytes between nodes are flows of their own, so each link is
 * one queue that is never idle while anything waits for it. With lanes that come to it after
 * latencies L, the link is done at max over lanes k of L_k + the seconds of all lanes with L >=
 * L_k, whatever the shares; the exchanges are done when their last link is. Where one lane alone
 * uses a link this is that lane's own time. Exact for lanes that start together and whose latency
 * comes first; tests/unit/test_share.c runs the same flows through net/flows, and expert tokens
 * pair by pair.
 * Room: net. Uses: base, net. */
#ifndef GABLE_NET_SHARE_H
#define GABLE_NET_SHARE_H
#include "net/net.h"

/* Links of a device, by direction; the names are those of `gable net traffic`. */
typedef enum gable_device_link {
    GABLE_LINK_UP, /* inside the node */
    GABLE_LINK_DOWN,
    GABLE_LINK_OUT, /* between nodes */
    GABLE_LINK_IN,
    GABLE_N_DEVICE_LINKS
} gable_device_link;

/* Seconds, of a lane or of one call of an exchange. */
typedef struct gable_lane_use {
    double time_s;                       /* alone; at least each of link_s */
    double link_s[GABLE_N_DEVICE_LINKS]; /* that it takes each link, alone */
} gable_lane_use;

/* Adds how long `calls` of an exchange take each link, to link_s of both; time_s is the caller's.
 * Skewed tokens gather at one device: on the way out its downward links take what `wire` says and
 * its upward ones the mean, on the way back it is the other way round. */
void gable_net_share_add(gable_collective_kind kind, const gable_wire *wire, double calls,
                         gable_lane_use *expected, gable_lane_use *ceiling);

enum { GABLE_SHARE_LANES_CAP = 8 };

/* Seconds until `n` lanes, at most GABLE_SHARE_LANES_CAP, that start together are done: at least
 * the longest of them, at most their sum. Allocates nothing. */
double gable_net_share_s(const gable_lane_use *lanes, int n);

#endif
