/* limits.h
 * Time constants: each with why, and where it comes from.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_LIMITS_H
#define NLM_HEALTH_LIMITS_H

#include "core/base/core.h"

/* --- outages (core/judge) --- */

/* After its last trouble is over an outage waits so long for a call that it had held back: two of the longest steps of a connect (3 s, 5 s). */
#define NH_SETTLE_TIME (10 * NH_SECOND)
/* An outage that nobody touched for so long, and in which nobody waits, is another one's past: TCP gives up sooner (TCP_USER_TIMEOUT, 180 s). */
#define NH_STALE_TIME (300 * NH_SECOND)
/* Grace that is noticed so long after SM_NOTIFY is the same restart's (nlm_grace_period, 50 s by default). */
#define NH_GRACE_TIME (60 * NH_SECOND)
/* The longest grace period that can be configured (nlm_grace_period, fs/lockd/svc.c). */
#define NH_GRACE_MAX (240 * NH_SECOND)
/* Who gets an answer sooner has not waited. */
#define NH_AT_ONCE NH_SECOND
/* So many new connections in a row that the server gives up at once are no accident. */
#define NH_TURNED_AWAY_MIN 3
/*
 * A lock client that is told of no lockd asks again after 3 s (call_bind_status, net/sunrpc/clnt.c). Who asks once a
 * minute, and never tries anything else, is a tool that watches the server (rpcinfo).
 */
#define NH_ASKS_AGAIN_TIME (15 * NH_SECOND)
/* So long after its SM_NOTIFY the server may hold connections of a client's life before: until keep-alives tell it. */
#define NH_OLD_CONNECTION_TIME (300 * NH_SECOND)
/* A server that has not answered a call on its new connection by then does not work on it. */
#define NH_ANSWER_TIME (5 * NH_SECOND)
/* A call that is sent so short before an outage ends was held back until then: the handshake and the answer lie between. */
#define NH_RELEASE_SLACK NH_SECOND

/* --- copies of calls (core/clock, core/rpc) --- */

/* Copies closer than this were not sent by RPC's timer (nlm_timeout is 3 s at least): they waited in the socket together. */
#define NH_QUEUED_TIME (2500 * NH_MSEC)

/* --- what is said of a capture (core/story) --- */

/* An answer that took longer is worth a look, though nobody gave up: the shortest minor timeout of lockd (nlm_timeout, 10 s by default). */
#define NH_HEALTHY_ANSWER (10 * NH_SECOND)
/* From so many calls of a client on, its first ones are known to be no copies of older ones: a client that waits sends nothing else for that lock. */
#define NH_HEALTHY_CALLS 3

#endif
