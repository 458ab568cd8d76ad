/* queued.h
 * Calls that lay in the socket of a connection whose peer was silent.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_QUEUED_H
#define NLM_HEALTH_QUEUED_H

#include "core/model/model.h"

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

#endif
