/* wrong_source.h
 * Answers that come from another address, or port, than the one that was asked.
 *
 * The client's host takes them for nobody's and resets or ignores them. The capture knows them by the client's own port
 * and numbers: the acknowledged sequence number, the XID.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_WRONG_SOURCE_H
#define NLM_HEALTH_WRONG_SOURCE_H

#include "core/model/model.h"

/* Tables of who asks: by the asking end the latest nh_conn, and the latest nh_call over UDP. Owned by the watch. */
GHashTable *nh_askers_new(void);
void nh_asks_by_conn(nh_watch *watch, nh_conn *conn);
void nh_asks_by_datagram(nh_watch *watch, nh_call *call);

/* Whether this segment of no known connection answers one of them, or is the client's answer to that. */
bool nh_wrong_source_segment(nh_watch *watch, const nh_segment *segment);
/* The client sends again, and has taken nothing: what answered from elsewhere since is raised; false when nothing did. */
bool nh_wrong_source_conn(nh_conn *conn, nh_moment since);

/* Whether this reply over UDP, to no call that was sent to where it comes from, answers one that was sent to another address. */
bool nh_wrong_source_reply(nh_watch *watch, const nh_message *reply);
/* The reply to this call came from another port of the host that was asked. */
void nh_wrong_source_port(nh_call *call, const nh_message *reply);
/* The caller asks again, or its host has nobody who takes the answer: it is raised; false when there was none. */
bool nh_wrong_source_call(nh_call *call);
/* The call that is answered by what an ICMP error of the caller's own host quotes: nobody there takes it; or NULL. */
nh_call *nh_wrong_source_quote(nh_watch *watch, const nh_quote *quote);
/* The latest call over UDP of this end; NULL when there is none. */
nh_call *nh_wrong_source_asker(nh_watch *watch, const nh_end *end);

#endif
