/* position.c
 * Where the capture was taken: as the preference says, else as the handshakes voted.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/position.h"

#include "core/base/limits.h"

/* Nothing has passed a router on its way to here (initial values of all systems). */
static bool
comes_from_near(const nh_distance *host)
{
    return host->packets >= NH_TTL_PACKETS_MIN && !host->varies && (host->hops == 64 || host->hops == 128 || host->hops == 255);
}

static bool
comes_from_far(const nh_distance *host)
{
    return host->packets >= NH_TTL_PACKETS_MIN && !host->varies && !comes_from_near(host);
}

/* No handshake to tell by: the host whose packets have passed no router, if those of the other one have. */
static nh_side
position_by_hops(const nh_pair *pair)
{
    const nh_distance *client = &pair->distance[0], *server = &pair->distance[1];

    return comes_from_near(client) && comes_from_far(server)   ? NH_SIDE_CLIENT
           : comes_from_near(server) && comes_from_far(client) ? NH_SIDE_SERVER
                                                               : NH_SIDE_UNKNOWN;
}

nh_side
nh_capture_position(const nh_pair *pair)
{
    nh_side preference = pair->watch->options.position;

    if (preference != NH_SIDE_NONE && preference != NH_SIDE_UNKNOWN)
        return preference;
    if (pair->near_client > 2 * pair->near_server)
        return NH_SIDE_CLIENT;
    if (pair->near_server > 2 * pair->near_client)
        return NH_SIDE_SERVER;
    return pair->near_client + pair->near_server == 0 ? position_by_hops(pair) : NH_SIDE_UNKNOWN;
}

bool
nh_pair_is_one_sided(const nh_pair *pair)
{
    return pair->half_captured && !(pair->seen_client && pair->seen_server);
}
