/* attempt.h
 * A client's way to a call: the SYNs and look-ups before it is on the wire, and when its timers expire.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_ATTEMPT_H
#define NLM_HEALTH_ATTEMPT_H

#include "deadlines.h"

/* A SYN towards lockd (or a connection that probably is lockd's): begins or continues an attempt. */
void nh_attempt_connect(nh_conn *conn, nh_moment at);
/* A call of NLM: its version and transport are those that the pair looks up. */
void nh_attempt_speaks(const nh_call *call);
/*
 * A port look-up begins with the SYN to port 111. It may be the wire mark of a
 * major timeout (call_timeout / rpc_check_timeout -> rpc_force_rebind,
 * net/sunrpc/clnt.c). seen: the packet itself is in the capture, so that its
 * time dates something.
 */
void nh_attempt_lookup_syn(nh_conn *conn, nh_moment at, gboolean seen);
/* The port of NLM is looked up, over UDP (conn NULL) or on the connection whose SYN was taken for that. */
void nh_attempt_lookup(nh_call *lookup, nh_conn *conn, nh_moment at);
/* It is pending, and its next step or its call may still come. */
gboolean nh_attempt_lasts(const nh_pair *pair, nh_way way, nh_moment at);
/* That look-up asked for another program: it was none of lockd's. */
void nh_attempt_not_ours(nh_conn *conn);
/* The call is sent for the first time: when was it issued, what did it wait for? Ends the attempt. */
void nh_attempt_sent(nh_call *call, nh_conn *conn, nh_moment at);
/* Time passes: tell when a waiting call or attempt outlives its major timeout. */
void nh_attempt_watch(nh_pair *pair, nh_moment at);

#endif
