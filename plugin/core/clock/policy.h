/* policy.h
 * Which timers a pair's client has: preferences, and what its packets and its log taught.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_POLICY_H
#define NLM_HEALTH_POLICY_H

#include "core/base/limits.h"
#include "core/clock/rpc_timer.h"
#include "core/model/model.h"

/* The family that rules a pair's timers: the preference, or the one recognised. */
nh_family nh_pair_family(const nh_pair *pair);
/* The policy of a call over this transport; mount: timeo/retrans instead of lockd's timers. */
nh_policy nh_policy_of(const nh_pair *pair, nh_l4 l4, bool mount);
/* The pair's lockd turns out to have this nlm_timeout; 0: not known (any more). */
void nh_pair_set_nlm_timeout(nh_pair *pair, unsigned seconds);
/*
 * Before this time no major timeout of a call or attempt that was issued then comes, whatever the family (six steps);
 * NH_TIME_NONE where nothing is known of that. Predictions cost too much for each packet of a storm.
 */
nh_time nh_pair_no_timeout_before(const nh_pair *pair, nh_time issued);
/* It is known, or known otherwise, when this call was issued: nh_attempt_watch() looks at it in time. */
void nh_call_expect(nh_call *call);

#endif
