/* middlebox.c
 * Segments that a third machine sends in the server's name.
 *
 * Firewalls refuse and reset so, and SYN proxies accept. All packets of a host that come by one way have the same TTL, so
 * that another one tells of another sender; where the server's own packets differ among themselves, nothing is said.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/middlebox.h"

#include "core/base/limits.h"

static bool
has_other_ttl(const nh_pair *pair, const nh_segment *segment)
{
    return pair->distance.packets >= NH_TTL_PACKETS_MIN && !pair->distance.varies && pair->distance.iface == segment->iface &&
           pair->distance.hops != segment->hops;
}

static void
learn(nh_pair *pair, const nh_segment *segment)
{
    if (pair->distance.packets++ == 0) {
        pair->distance.hops = segment->hops;
        pair->distance.iface = segment->iface;
    } else if (pair->distance.hops != segment->hops || pair->distance.iface != segment->iface) {
        pair->distance.varies = true;
    }
}

void
nh_middlebox_watch(nh_conn *conn, const nh_segment *segment)
{
    nh_pair *pair = conn->pair;

    if (segment->hops == 0 || segment->quoted || conn->way != NH_FORWARD || !nh_addr_equal(&segment->src.addr, &pair->server))
        return;
    if (segment->flags & NH_TH_RST)
        conn->middlebox_reset = has_other_ttl(pair, segment);
    else if (segment->flags & NH_TH_SYN && has_other_ttl(pair, segment))
        conn->middlebox_synack = true;
    else if (!conn->middlebox_synack)
        learn(pair, segment);
}
