/* client.h
 * Whose lock client a host is: a Linux kernel, whose timers and lines are known, or another system's.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_CLIENT_H
#define NLM_HEALTH_CLIENT_H

#include "core/clock/policy.h"

/* A moment that never comes: the line of a client that logs none. */
#define NH_NEVER G_MAXINT64

/* --- what is seen of it ---------------------------------------------------------- */

/* The client of this pair looks the port of NLM up: asked for is known. */
void nh_client_looks_up(const nh_call *lookup);
/* It sends a call of NLM for the first time; conn NULL over UDP. */
void nh_client_calls(const nh_call *call, nh_conn *conn);
/* It sent a call again: its copies tell of its timer. */
void nh_client_resends(const nh_call *call);
/* A copy of this call would be in the capture, had it been sent on the call's connection. */
bool nh_client_would_be_seen(const nh_call *call);
/* One of its calls waited until now, and was answered or the capture ends: true if it waited longer than any client of Linux without sending it again. */
bool nh_client_waited(const nh_call *call, nh_moment at);

/* --- what it is ------------------------------------------------------------------- */

/* The pair's client is no Linux kernel, as far as is known by now: no line of Linux is to be expected in its log. */
bool nh_client_is_other(const nh_pair *pair);
/* Why it is taken for another system, for people: "looks lockd up by rpcbind 4 over IPv4 (frame 1)"; NULL when it is not. Caller frees. */
char *nh_client_why(const nh_pair *pair);
/* When such a client sends a call again that was sent first at this time, where its system is known; none else. The line never comes. */
void nh_client_deadlines(const nh_pair *pair, nh_l4 l4, nh_time sent, nh_deadlines *out);
/* The timers of a pair's client in one line: those of nh_policy_text(), or what is known of another system's. Caller frees. */
char *nh_client_policy_text(const nh_pair *pair, nh_way way, nh_l4 l4, const nh_policy *policy, nh_family family);

#endif
