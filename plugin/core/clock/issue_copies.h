/* issue_copies.h
 * What the copies of a call tell: when it was issued, and when its kernel line came.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ISSUE_COPIES_H
#define NLM_HEALTH_ISSUE_COPIES_H

#include "core/model/model.h"

/* --- when it was issued -------------------------------------------------------------------- */

/*
 * RPC sent the call again: the gaps between its copies, and copies that left
 * together, tell whether there was one before the first that was captured (the
 * capture began later, or lost it). Widens the issue window if so.
 */
void nh_issue_by_copies(nh_call *call);
/*
 * The capture ends or the answer came: of a call in an outage that the capture begins with, and that was seen once, nobody
 * knows how many copies were sent before.
 */
void nh_issue_by_beginning(nh_call *call);
/* The capture ends: where many packets are missing, there may have been any number of copies before the first one that is not. */
void nh_issue_by_losses(nh_call *call);
/* TCP sent the call again, for the first time in this capture: the same by TCP's own timer. */
void nh_issue_by_tcp(nh_call *call);

/* --- calls that lay in the socket ---------------------------------------------------------- */

/* A call is sent for the first time: whether it lay in the socket behind copies in the same segment. Sets its issue window. */
bool nh_queued_call(nh_call *call, nh_conn *conn, nh_moment at);
/*
 * RPC sent a call again: whether its copies lay in the socket together with the first one seen. Then nothing got through
 * from its caller to where the capture was taken, and no other packet may tell of that outage.
 */
void nh_queued_unseen(nh_call *call, nh_conn *conn, nh_moment at);
/*
 * A call is sent for the first time on a new connection that others of the outage had been waiting for: it may have
 * waited with them, in the socket of the connection before or for this one. Sets its issue window if so.
 */
bool nh_queued_reconnect(nh_call *call, nh_conn *conn, nh_moment at);
/* RPC's copy of an earlier call is sent: the calls before it in the same segment lay in the socket. */
void nh_queued_copy(const nh_call *copy, nh_conn *conn, nh_moment at);

/* --- the kernel line ----------------------------------------------------------------------- */

/* RPC sent the call again: the copy may date its major timeout. */
void nh_copy_sent(nh_call *call, nh_moment at);

/* The capture lost packets: a look-up that dates the call's line may have begun before its first SYN that was captured. The line then came before it. */
void nh_line_by_losses(nh_call *call);

#endif
