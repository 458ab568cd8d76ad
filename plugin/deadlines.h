/* deadlines.h
 * When the timers of a call or of an attempt expire, and what a pair's packets tell of them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_DEADLINES_H
#define NLM_HEALTH_DEADLINES_H

#include "model.h"

/* What a clock and a capture may differ from the timers' arithmetic. */
#define NH_CLOCK_SLACK (100 * NH_MSEC)
/* How late a timer of the client may be (timer wheel, kernel/time/timer.c). */
#define NH_TIMER_LATENESS (2100 * NH_MSEC)

/* The family that rules a pair's timers: the preference, or the one recognised. */
nh_family nh_pair_family(const nh_pair *pair);
/* Try to recognise the family from a call's transmissions. */
void nh_attempt_recognise(nh_call *call);
/* The policy of a call over this transport; mount: timeo/retrans instead of lockd's timers. */
nh_policy nh_policy_of(const nh_pair *pair, nh_l4 l4, gboolean mount);
/*
 * Before this time no major timeout of a call or attempt that was issued then comes, whatever the family (six steps);
 * NH_TIME_NONE where nothing is known of that. Predictions cost too much for each packet of a storm.
 */
nh_time nh_pair_calm_until(const nh_pair *pair, nh_time issued);
/* It is known, or known otherwise, when this call was issued: nh_attempt_watch() looks at it in time. */
void nh_call_expect(nh_call *call);
/* When a call's timers expire. */
void nh_call_deadlines(const nh_call *call, gboolean mount, nh_deadlines *out);
/* When the timers of an attempt of this way expire. */
void nh_attempt_deadlines(const nh_pair *pair, nh_way way, const nh_attempt *attempt, nh_deadlines *out);

#endif
