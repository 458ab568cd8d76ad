/* lookups.h
 * Look-ups of lockd's port: the start of a call, or the mark of its major timeout.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOOKUPS_H
#define NLM_HEALTH_LOOKUPS_H

#include "core/model/model.h"

/* A call of NLM: its version and transport are those that the pair looks up. */
void nh_lookup_note_version(const nh_call *call);
/*
 * A port look-up begins with the SYN to port 111. It may be the wire mark of a
 * major timeout (call_timeout / rpc_check_timeout -> rpc_force_rebind,
 * net/sunrpc/clnt.c). seen: the packet itself is in the capture, so that its
 * time dates something.
 */
void nh_lookup_syn(nh_conn *conn, nh_moment at, bool seen);
/* The port of NLM is looked up, over UDP (conn NULL) or on the connection whose SYN was taken for that. */
void nh_lookup_call(nh_call *lookup, nh_conn *conn, nh_moment at);
/* The client's look-up was told of no lock manager. */
void nh_lookup_told_none(nh_call *lookup, nh_moment at);
/* That look-up asked for another program: it was none of lockd's. */
void nh_lookup_not_ours(nh_conn *conn);
/* A look-up that came while this call lay in the socket, unseen: it may have followed its major timeout. */
void nh_lookup_in_hindsight(nh_call *call, nh_moment at);
/* A packet of the pair passes: look-ups that wait too long for their answer. */
void nh_lookup_watch(nh_pair *pair, nh_moment at);

#endif
