/* middlebox.c
 * Segments that a third machine sends in the name of the server, or of the client.
 *
 * Firewalls refuse and reset so, and SYN proxies accept; a second machine with the same address does, too. All packets of
 * a host that come by one way have the same TTL, and come from the same MAC address, its own or its router's, so that
 * another one tells of another sender. Where the host's own packets differ among themselves, nothing is said; where they
 * are like the odd one from then on, the host is reached in another way (fail-over), and nothing was forged.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/middlebox.h"

#include "core/base/limits.h"

static nh_forged
compare(const nh_distance *known, const nh_segment *segment)
{
    if (known->packets < NH_TTL_PACKETS_MIN || known->iface != segment->iface)
        return NH_FORGED_NOT;
    if (!known->varies && known->hops != segment->hops)
        return NH_FORGED_TTL;
    return segment->has_mac && !known->mac_varies && memcmp(known->mac, segment->mac, sizeof known->mac) != 0 ? NH_FORGED_MAC
                                                                                                              : NH_FORGED_NOT;
}

static void
learn(nh_distance *known, const nh_segment *segment)
{
    if (known->packets++ == 0) {
        known->hops = segment->hops;
        known->iface = segment->iface;
        memcpy(known->mac, segment->mac, sizeof known->mac);
        known->mac_varies = !segment->has_mac;
        return;
    }
    known->varies |= known->hops != segment->hops || known->iface != segment->iface;
    known->mac_varies |= !segment->has_mac || memcmp(known->mac, segment->mac, sizeof known->mac) != 0;
}

/* The same as what seemed to be another machine's. */
static bool
is_like_the_odd_one(const nh_distance *known, const nh_segment *segment)
{
    return known->other_hops == segment->hops && memcmp(known->other_mac, segment->mac, sizeof known->other_mac) == 0;
}

static nh_forged
suspect(nh_distance *known, const nh_segment *segment)
{
    nh_forged forged = compare(known, segment);

    if (forged) {
        known->other_hops = segment->hops;
        memcpy(known->other_mac, segment->mac, sizeof known->other_mac);
    }
    return forged;
}

/* As nearly all are, and never unlike the others: nothing is to be learnt of it. */
static bool
is_as_always(const nh_distance *known, const nh_segment *segment)
{
    return known->hops == segment->hops && known->iface == segment->iface && segment->has_mac && !(segment->flags & NH_TH_RST) &&
           memcmp(known->mac, segment->mac, sizeof known->mac) == 0;
}

/* What differs, or is the first of its kind. Not inlined: nearly no segment comes here. */
static void G_GNUC_NO_INLINE
look_closer(nh_conn *conn, bool server, const nh_segment *segment, nh_distance *known)
{
    if (segment->flags & NH_TH_RST) {
        if (conn->state != NH_TCP_RESET) /* what answers a RST is no news */
            conn->middlebox_reset = suspect(known, segment);
        return;
    }
    if (server && segment->flags & NH_TH_SYN && suspect(known, segment)) {
        conn->middlebox_synack = compare(known, segment);
        return;
    }
    if (known->other_hops && segment->len > 0 && is_like_the_odd_one(known, segment)) /* a host speaks for itself */
        known->moved = true;
    if (!conn->middlebox_synack)
        learn(known, segment);
}

void
nh_middlebox_watch(nh_conn *conn, int half, const nh_segment *segment)
{
    nh_pair *pair = conn->pair;
    bool server = half == 1;
    nh_distance *known = &pair->distance[server];

    if (segment->hops == 0 || segment->quoted || conn->way != NH_FORWARD || pair->one_host)
        return;
    if (is_as_always(known, segment) && !conn->middlebox_synack)
        known->packets++;
    else
        look_closer(conn, server, segment, known);
}
