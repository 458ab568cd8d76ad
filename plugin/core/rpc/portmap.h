/* portmap.h
 * Look-ups of ports (RFC 1833): who asks for what, and what the answers teach.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_PORTMAP_H
#define NLM_HEALTH_PORTMAP_H

#include "core/model/model.h"

/* GETPORT or GETADDR is called; conn NULL over UDP. */
void nh_portmap_call(nh_call *call, nh_conn *conn, const nh_message *message);
/* GETPORT, GETADDR or DUMP is answered: who listens where? */
void nh_portmap_answer(nh_watch *watch, nh_call *call, const nh_message *message, nh_moment at);

/*
 * The port mapper answered a look-up of lockd, or refused it. true when it does not know the version, and the client,
 * which was told so a second ago or more, has no other that it could ask; *since: when it was told first.
 */
bool nh_portmap_has_no_version(nh_call *lookup, nh_moment at, nh_moment *since);

#endif
