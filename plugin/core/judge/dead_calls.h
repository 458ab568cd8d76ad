/* dead_calls.h
 * Calls on connections that cannot carry them, and calls that an outage held back.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_DEAD_CALLS_H
#define NLM_HEALTH_DEAD_CALLS_H

#include "core/model/model.h"

/* What happens to a call that cannot arrive, in the order of the remark DEAD_CALL. */
typedef enum {
    NH_DEAD_UNANSWERED,
    NH_DEAD_UNDER_IT, /* the connection died when it had been sent */
    NH_DEAD_SENT,
    NH_DEAD_RESENT,
    NH_DEAD_RESENT_BY_TCP,
    NH_DEAD_RESENT_INTO_ERROR,
    NH_DEAD_RESENT_ANSWERED_ELSEWHERE,
    NH_DEAD_RESENT_UNANSWERED,
    NH_DEAD_SENT_ANEW,
    NH_DEAD_IN_SOCKET,
    NH_DEAD_TO_CLIENT,
    NH_DEAD_TO_SERVER,
    NH_DEAD_HELD_BACK
} nh_dead_how;

/* The call cannot arrive, and why; how: what happens to it in this frame. Calls of other programs than NLM are left alone. */
void nh_dead_declare(nh_call *call, nh_finding reason, nh_moment since, uint32_t frame, nh_dead_how how);
/* A connection fell into trouble: the calls on it that can no longer be carried. */
void nh_dead_on_conn(nh_conn *conn, const nh_trouble *trouble);
/* A call's first transmission: was it held back by an outage? */
void nh_dead_deferred(nh_call *call, nh_moment at);
/* The server has the call, as TCP shows, and does not answer it; conn: the connection that this is about, NULL for the latest. */
void nh_dead_overdue(nh_call *call, nh_conn *conn, nh_moment at);
/* What was told of it at the end of a story is taken back: more packets come. */
void nh_dead_not_overdue(nh_call *call);
/* A call's first transmission: can its connection carry it? */
void nh_dead_sent(nh_call *call, nh_conn *conn, nh_moment at);

#endif
