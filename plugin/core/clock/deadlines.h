/* deadlines.h
 * When the timers of a call or of an attempt expire, and what a pair's packets tell of them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_DEADLINES_H
#define NLM_HEALTH_DEADLINES_H

#include "core/clock/policy.h"

/* Try to recognise the family from a call's transmissions. */
void nh_attempt_recognise(nh_call *call);
/* When a call's timers expire. The major timeout of a client that is no Linux never comes: NH_NEVER (client.h). */
void nh_call_deadlines(const nh_call *call, bool mount, nh_deadlines *out);
/* When the timers of an attempt of this way expire. */
void nh_attempt_deadlines(const nh_pair *pair, nh_way way, const nh_attempt *attempt, nh_deadlines *out);

#endif
