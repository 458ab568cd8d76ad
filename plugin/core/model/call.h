/* call.h
 * One call: found by who sent it and its XID, with each of its transmissions.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_CALL_H
#define NLM_HEALTH_CALL_H

#include "core/model/model.h"

/* What few calls have, to be read; all zero for the others. */
extern const nh_call_rare nh_call_no_rare;

static inline const nh_call_rare *
nh_call_rare_of(const nh_call *call)
{
    return call->rare ? call->rare : &nh_call_no_rare;
}

/* The same to be written; of the watch's memory. */
nh_call_rare *nh_call_rare_get(nh_call *call);

/* RPC's own timer sent this copy: not TCP, and not a new connection, on which all that waits is sent again. */
static inline bool
nh_call_timer_sent(const nh_call *call, const nh_sending *sending)
{
    return !sending->by_tcp && sending->conn == nh_call_first(call)->conn;
}

/* NULL asks the lock manager whether it lives: no call for a lock. */
static inline bool
nh_call_is_ping(const nh_call *call)
{
    return call->prog == NH_PROG_NLM && call->proc == 0;
}

/* The latest call with this XID, whatever connection carried it (Wireshark's own matching is per conversation); NULL when there is none. */
nh_call *nh_call_find(nh_watch *watch, const nh_addr *from, const nh_addr *to, uint32_t prog, uint32_t xid);
/* The same of a call's message; *hash is for nh_call_new(). */
nh_call *nh_call_known(nh_watch *watch, const nh_message *message, uint32_t *hash);
/* The latest call on a connection, if it is of NLM and this may answer it and no later one; else NULL. */
nh_call *nh_call_latest_on(const nh_conn *conn, const nh_message *reply);
/* Index of the half of a connection that sends the call: copies may come from other ports, over other connections. */
int nh_call_half(const nh_call *call, const nh_conn *conn);
/*
 * A call that was not seen before, of this pair and way; belongs to the watch. Its first transmission
 * is yet to be added. It takes the place of the one that nh_call_known() knows (before, or NULL).
 */
nh_call *nh_call_new(nh_pair *pair, nh_way way, const nh_message *message, nh_call *before, uint32_t hash);
/* One more transmission; the pointers to earlier ones stay good, but see no changes. */
void nh_call_append(nh_call *call, nh_sending sending);
/* RPC sent the call; conn NULL over UDP. */
void nh_call_add_sending(nh_call *call, nh_conn *conn, uint32_t seq_end, nh_moment at);
/* The call waits for an answer on this connection. */
void nh_call_wait_on(nh_call *call, nh_conn *conn);
/* An answer passed the capture and was lost behind it: its caller waits on. */
void nh_call_wait_again(nh_call *call);
/* No answer is expected any longer: it came, or nobody can wait for it. */
void nh_call_stop_waiting(nh_call *call);
/* The client goes to the port it asked for: look-ups over TCP that seem to wait were answered, and the capture missed it. */
void nh_call_lookups_overtaken(nh_pair *pair, nh_way way);
/* What the answer says: why RPC refused the call, or the status of NLM; static; NULL while there is neither. */
const char *nh_call_outcome(const nh_call *call);

/* A connection that is now the pair's: turned round with it, should its roles prove wrong. */
void nh_pair_own_conn(nh_pair *pair, nh_conn *conn);

/* A *_MSG or a *_RES: Linux expects no RPC reply to it (xdr_dec_norep, fs/lockd/clnt4xdr.c): such a task ends with its transmission. */
bool nh_call_is_one_way(const nh_call *call);
/* When RPC was done with the call: its reply, or the transmission of one that has none; frame 0 when it was not. */
nh_moment nh_call_done(const nh_call *call);
/*
 * Whether it asks again for the lock whose callback is due (Linux does so every
 * 30 s, NLMCLNT_POLL_TIMEOUT, fs/lockd/clntproc.c); where the capture began after
 * NLM_BLOCKED nothing tells which lock that is.
 */
bool nh_call_retries_lock(const nh_call *call);

#endif
