/* position.c
 * Where the capture was taken: as the preference says, else as the handshakes voted.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/position.h"

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
    return NH_SIDE_UNKNOWN;
}

bool
nh_pair_is_one_sided(const nh_pair *pair)
{
    return pair->half_captured && !(pair->seen_client && pair->seen_server);
}
