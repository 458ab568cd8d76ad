/* attempt.h
 * A client's way to a call: the SYNs and look-ups before it is on the wire, and when its timers expire.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ATTEMPT_H
#define NLM_HEALTH_ATTEMPT_H

#include "core/clock/deadlines.h"
#include "core/clock/issue.h"

/* An attempt begins here; earliest: when its call was issued at the earliest. */
void nh_attempt_begin(nh_attempt *attempt, nh_wait wait, nh_issue_bound earliest, nh_moment at);
/* A SYN towards lockd (or a connection that probably is lockd's): begins or continues an attempt. */
void nh_attempt_connect(nh_conn *conn, nh_moment at);
/* It is pending, and its next step or its call may still come. */
bool nh_attempt_lasts(const nh_pair *pair, nh_way way, nh_moment at);
/*
 * The call is sent for the first time: when was it issued, what did it wait for? Ends the attempt. Returns the look-up
 * that came while the call lay in the socket, unseen; its frame is 0 when there was none.
 */
nh_moment nh_attempt_sent(nh_call *call, nh_conn *conn, nh_moment at);
/* The capture ends: where many packets are missing, nobody knows when an attempt began, and what its look-ups follow. */
void nh_attempt_by_losses(const nh_pair *pair, nh_attempt *attempt);
/* Whether nh_attempt_watch() may find anything: at hardly any packet. */
static inline bool
nh_attempt_may_be_due(const nh_pair *pair, nh_moment at)
{
    return pair->side[NH_FORWARD].attempt.active || pair->side[NH_CALLBACK].attempt.active ||
           at.time >= MAX(pair->no_timeout_before, pair->next_pass);
}

/* A packet of the pair passes: tell of the attempt and of the calls that outlived their major timeouts. */
void nh_attempt_watch(nh_pair *pair, nh_moment at);
/* The capture ends now: calls that no later packet of the pair tells of, and whose answers are overdue. */
void nh_attempt_end(nh_pair *pair, nh_moment now);

/* The attempt begins with this look-up, as far as the capture knows: where it lost packets, or begins just before, the call may be older. */
void nh_attempt_may_be_old(nh_pair *pair, nh_way way, nh_moment at);

#endif
