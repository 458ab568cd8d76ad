/* issue_time.h
 * How old a call or a connection attempt was when the capture first showed it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ISSUE_TIME_H
#define NLM_HEALTH_ISSUE_TIME_H

#include "core/base/limits.h"
#include "core/model/model.h"

/* The least time from a call to its n-th transmission by RPC. */
nh_time nh_time_to_copy(const nh_call *call, unsigned n);
/* How many copies RPC has sent that waited in the socket together with the first one seen; 1 unless one segment shows it. */
unsigned nh_copies_queued_together(const nh_call *call);
/*
 * RPC sent the call again: the gaps between its copies, and copies that left
 * together, tell whether there was one before the first that was captured (the
 * capture began later, or lost it). Widens the issue window if so.
 */
void nh_issue_time_by_copies(nh_call *call);
/*
 * The capture ends or the answer came: of a call in an outage that the capture begins with, and that was seen once, nobody
 * knows how many copies were sent before.
 */
void nh_issue_time_by_beginning(nh_call *call);
/* The capture ends: where many packets are missing, there may have been any number of copies before the first one that is not. */
void nh_issue_time_by_losses(nh_call *call);
/* TCP sent the call again, for the first time in this capture: the same by TCP's own timer. */
void nh_issue_time_by_tcp(nh_call *call);
/* The connection's SYN is resent: undates what its first captured SYN dated if that turns out to be a resend, too. */
void nh_issue_time_by_syn(nh_conn *conn, nh_moment at);
/* The FIN of the incarnation before, with the earliest that it can have been sent, if its socket held this SYN back; frame 0 if not. */
nh_moment nh_blocking_fin(const nh_conn *conn, nh_moment at);
/* That FIN held this attempt back: since before the capture? */
void nh_issue_time_by_fin(nh_attempt *attempt, const nh_conn *conn, nh_moment fin);

#endif
