/* portmap.h
 * Look-ups of ports (RFC 1833): who asks for what, and what the answers teach.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_PORTMAP_H
#define NLM_HEALTH_PORTMAP_H

#include "model.h"

/* GETPORT or GETADDR is called; conn NULL over UDP. */
void nh_portmap_call(nh_call *call, nh_conn *conn, const nh_message *message);
/* GETPORT, GETADDR or DUMP is answered: who listens where? */
void nh_portmap_answer(nh_watch *watch, nh_call *call, const nh_message *message, nh_moment at);
/* A packet of the pair passes: look-ups that wait too long for their answer. */
void nh_portmap_watch(nh_pair *pair, nh_moment at);
/*
 * A look-up and at once a call, on a connection that was open all the time: this
 * client looks up anew for a call 60 s after the last time (nlm_bind_host,
 * fs/lockd/host.c up to 5.10), so that a look-up may be the start of a call.
 */
gboolean nh_portmap_asked_first(const nh_attempt *attempt, const nh_conn *conn, nh_moment call);
/* The client goes to the port it asked for: look-ups over TCP that seem to wait were answered, and the capture missed it. */
void nh_portmap_overtaken(nh_pair *pair, nh_way way);

#endif
