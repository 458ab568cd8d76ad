/* policy.c
 * Which timers a pair's client has: preferences, and what its packets and its log taught.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "policy.h"

nh_family
nh_pair_family(const nh_pair *pair)
{
    nh_family preference = pair->watch->options.family;
    return preference != NH_FAMILY_UNKNOWN ? preference : pair->family;
}

nh_policy
nh_policy_of(const nh_pair *pair, nh_l4 l4, gboolean mount)
{
    nh_policy policy = mount ? pair->watch->options.mount : pair->watch->options.lockd;
    if (!mount)
        policy.proto = l4;
    if (pair->nlm_timeout)
        policy.nlm_timeout = pair->nlm_timeout;
    return policy;
}
