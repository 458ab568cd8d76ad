/* lost_replies.h
 * Replies that the capture shows and the caller never received.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LOST_REPLIES_H
#define NLM_HEALTH_LOST_REPLIES_H

#include "core/model/model.h"

/* A reply passed over TCP: until the caller's TCP acknowledges it, it may be lost behind the capture point. */
void nh_lost_reply_message(nh_watch *watch, const nh_message *message);
/* A segment of this connection passed: acknowledges replies, or shows that one is resent in vain. */
void nh_lost_reply_transport(nh_conn *conn, nh_moment at);

/* RPC sends a call again over UDP: an answer that passed long before did not get to the caller. */
void nh_lost_reply_copy(nh_call *call, nh_moment at);

/* An ICMP error says that this *_RES did not arrive: what it answered waits on. */
void nh_lost_reply_result(const nh_call *result);
/* Nobody at the caller took the answer that came from where it had not asked: it waits on. */
void nh_lost_reply_refused(nh_call *call);
/* A new call of an end over UDP; before is its latest one (NULL: none), whose answer it may not have taken. */
void nh_lost_reply_anew(nh_call *before, const nh_call *call, nh_moment at);

#endif
