/* policy.c
 * Which timers a pair's client has: preferences, and what its packets and its log taught.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/policy.h"

nh_family
nh_pair_family(const nh_pair *pair)
{
    nh_family preference = pair->watch->options.family;
    return preference != NH_FAMILY_UNKNOWN ? preference : pair->family;
}

nh_policy
nh_policy_of(const nh_pair *pair, nh_l4 l4, bool mount)
{
    nh_policy policy = mount ? pair->watch->options.mount : pair->watch->options.lockd;
    if (!mount)
        policy.proto = l4;
    if (pair->nlm_timeout)
        policy.nlm_timeout = pair->nlm_timeout;
    return policy;
}

void
nh_pair_set_nlm_timeout(nh_pair *pair, unsigned seconds)
{
    if (pair->nlm_timeout == seconds)
        return;
    pair->nlm_timeout = seconds;
    pair->no_timeout_before = NH_TIME_NONE;
}

nh_time
nh_pair_no_timeout_before(const nh_pair *pair, nh_time issued)
{
    nh_policy policy = nh_policy_of(pair, NH_L4_TCP, pair->watch->options.use_mount);

    /* timeo is in tenths of a second: no major timeout comes before the first minor one */
    nh_time shortest = policy.kind == NH_POLICY_LOCKD ? NH_LOCKD_WAITS * policy.nlm_timeout * NH_SECOND : policy.timeo * (NH_SECOND / 10);
    return issued + shortest - NH_CLOCK_SLACK;
}

void
nh_call_expect(nh_call *call)
{
    nh_pair *pair = call->pair;

    if (call->way != NH_FORWARD)
        return;
    if (!nh_time_known(call->next_look))
        call->next_look = call->sendings[0].at.time + NH_OVERDUE_TIME;
    pair->no_timeout_before = MIN(pair->no_timeout_before, MIN(call->next_look, nh_pair_no_timeout_before(pair, call->issue.earliest)));
}
