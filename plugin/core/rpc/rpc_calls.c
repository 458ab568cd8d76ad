/* rpc_calls.c
 * Every call of the followed programs, across retransmissions and reconnects.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/rpc_calls.h"

#include "core/base/limits.h"
#include "core/clock/issue_copies.h"
#include "core/wire/arguments.h"
#include "core/rpc/async_calls.h"
#include "core/clock/attempt.h"
#include "core/clock/client.h"
#include "core/model/call.h"
#include "core/rpc/datagrams.h"
#include "core/judge/dead_calls.h"
#include "core/rpc/early_replies.h"
#include "core/clock/deadlines.h"
#include "core/net/wrong_source.h"
#include "core/net/follow.h"
#include "core/model/frames.h"
#include "core/locks/lock_clients.h"
#include "core/locks/lock_table.h"
#include "core/clock/lookups.h"
#include "core/judge/outage.h"
#include "core/judge/outage_end.h"
#include "core/judge/raise.h"
#include "core/net/pairs.h"
#include "core/rpc/portmap.h"
#include "core/model/ports.h"
#include "core/wire/procedures.h"
#include "core/rpc/rpc_replies.h"
#include "core/rpc/statd.h"
#include "core/net/tcp_life.h"
#include "core/model/trouble.h"
#include "core/rpc/lost_replies.h"

static nh_sending *
last_sending_on(nh_call *call, const nh_conn *conn)
{
    for (unsigned i = call->n_sendings; i-- > 0;) {
        nh_sending *sending = &call->sendings[i];
        if (sending->conn == conn)
            return sending;
    }
    return NULL;
}

/* The bytes of a waiting call were sent again by TCP. */
static void
resent_by_tcp(nh_call *call, nh_conn *conn, nh_moment at)
{
    nh_sending sending = { at, conn, last_sending_on(call, conn)->seq_end, true, false };

    nh_call_append(call, sending);
    nh_issue_by_tcp(call);
    nh_frame_add_call(nh_frame_get(call->pair->watch, at), call);
    if (nh_conn_trouble(conn))
        nh_dead_declare(call, nh_conn_trouble(conn)->finding, nh_conn_trouble(conn)->since, at.frame, NH_DEAD_RESENT_BY_TCP);
}

/* The caller acknowledged bytes that the capture missed: its calls were answered as far as anyone can tell. */
static void
miss_replies(nh_conn *conn, int half, nh_moment at)
{
    for (unsigned i = conn->waiting.len; i-- > 0;) {
        nh_call *call = conn->waiting.items[i];
        int sender = nh_call_half(call, conn);
        if (sender != half)
            continue;
        nh_call_stop_waiting(call);
        /* it was answered before it would have been sent again, if that could be seen */
        const nh_trouble *trouble = nh_conn_trouble(conn);
        nh_time due = nh_call_last(call)->at.time + NH_OVERDUE_TIME;
        bool carried = (!trouble || trouble->since.time > due) && !nh_call_last(call)->by_tcp;
        nh_call_rare_get(call)->acknowledged = (nh_moment){ at.frame, carried ? MIN(at.time, due) : at.time };
    }
}

/*
 * Which of the waiting calls of this half its peer's TCP has by now. They are the
 * latest ones, near the end, however many wait for their answers.
 */
static void
take_acks(nh_conn *conn, int half)
{
    unsigned left = conn->unacked[half];

    for (unsigned i = conn->waiting.len; left > 0 && i-- > 0;) {
        nh_call *call = conn->waiting.items[i];
        if (call->tcp_acked || nh_call_half(call, conn) != half)
            continue;
        const nh_sending *sending = last_sending_on(call, conn);
        left--;
        if (!sending || !nh_tcp_acked(&conn->half[half], sending->seq_end))
            continue;
        call->tcp_acked = sending->at.frame;
        conn->unacked[half]--;
    }
    conn->unacked[half] -= left; /* acknowledged on another connection on which they were sent, too */
}

/* The waiting calls that end in these bytes. */
static void
retransmitted(nh_conn *conn, const nh_segment_effect *effect, nh_moment at)
{
    for (unsigned i = 0; i < conn->waiting.len; i++) {
        nh_call *call = conn->waiting.items[i];
        const nh_sending *sending = last_sending_on(call, conn);

        if (sending && effect->half == nh_call_half(call, conn) && (int32_t)(sending->seq_end - effect->seq) > 0 &&
            (int32_t)(sending->seq_end - effect->end) <= 0)
            resent_by_tcp(call, conn, at);
    }
}

void
nh_calls_transport(const nh_segment_effect *effect, nh_moment at)
{
    nh_conn *conn = effect->conn;

    if (conn->waiting.len == 0 || effect->duplicate)
        return;
    const nh_trouble *trouble = nh_conn_trouble(conn);
    if (effect->missed)
        miss_replies(conn, effect->half, at);
    for (int half = 0; half < 2; half++)
        if (conn->unacked[half] > 0 && conn->half[half].has_acked)
            take_acks(conn, half);
    if (effect->retransmission)
        retransmitted(conn, effect, at);
    if (trouble && conn->calls_unchecked) {
        nh_dead_on_conn(conn, trouble);
        conn->calls_unchecked = false;
    }
}

/* The connection that carries a message; NULL over UDP. */
static nh_conn *
carrier(nh_watch *watch, const nh_message *message)
{
    const nh_end *client = message->reply ? &message->dst : &message->src;
    const nh_end *server = message->reply ? &message->src : &message->dst;
    nh_moment at = { message->frame, message->time };
    nh_segment_effect *by = message->by;

    if (message->l4 != NH_L4_TCP)
        return NULL;
    if (by && by->conn && by->conn->service != NH_SERVICE_PROBABLE && nh_conn_joins(by->conn, client, server))
        return by->conn;
    bool known = nh_follow_find(watch, client, server) != NULL;
    nh_conn *conn = nh_follow_message(watch, client, server, nh_service_of_program(message->prog), at);
    if (!known && by)
        *by = nh_tcp_pass(conn, by->segment);
    return conn;
}

/* Lock calls show where lockd listens; once per connection is enough. */
static void
learn_lock_port(nh_watch *watch, nh_conn *conn, const nh_end *server, nh_l4 l4)
{
    if (conn && conn->port_learnt)
        return;
    nh_port_learn(watch, &server->addr, l4, server->port, NH_PROG_NLM);
    if (conn)
        conn->port_learnt = true;
}

static void
first_transmission(nh_call *call, nh_conn *conn, uint32_t seq_end, nh_moment at)
{
    nh_call_add_sending(call, conn, seq_end, at);
    if (!conn) {
        nh_lost_reply_anew(nh_wrong_source_asker(call->pair->watch, &call->src), call, at);
        nh_asks_by_datagram(call->pair->watch, call);
    }
    if (call->prog != NH_PROG_NLM)
        return;
    if (conn && conn->calls == 0 && conn->pair != call->pair)
        nh_conn_move(conn, call->pair, call->way);
    call->pair->calls += !nh_nlm_is_result(call->prog, call->proc) && !nh_call_is_ping(call);
    nh_lookup_note_version(call);
    if (conn)
        conn->calls++;
    if (!conn && call->way == NH_FORWARD)
        call->pair->unfollowed.n = 0; /* over UDP nothing else shows that the client goes on */
    call->opens_half = conn && conn->middle && conn->half[nh_call_half(call, conn)].packets == 1;
    nh_moment looked_up = nh_attempt_sent(call, conn, at);
    if (looked_up.frame)
        nh_lookup_in_hindsight(call, looked_up);
    nh_call_expect(call);
    nh_dead_deferred(call, at);
    if (conn)
        nh_dead_sent(call, conn, at);
    if (call->pair->open && call->way == NH_FORWARD && (call->pair->open->ways & (1u << NH_FORWARD) || nh_call_retries_lock(call)))
        nh_outage_join(call->pair, call);
}

static void
raise_resent(nh_call *call, const nh_sending *before, nh_conn *conn, nh_moment at)
{
    nh_moment first = nh_call_first(call)->at;

    nh_raise(&(nh_evidence){ .finding = NH_CALL_RESENT,
                             .call = call,
                             .at = at,
                             .says = { NH_REMARK_CALL_RESENT,
                                       { NH_POINTER(nh_procedure_name(call->prog, call->vers, call->proc)), NH_NUMBER(before->conn != conn),
                                         NH_NUMBER(first.frame), NH_NUMBER(nh_elapsed(first.time, at.time)) } } });
}

static void
resent(nh_call *call, nh_conn *conn, uint32_t seq_end, nh_moment at)
{
    nh_sending before = *nh_call_last(call);

    nh_lost_reply_copy(call, at);
    nh_call_add_sending(call, conn, seq_end, at);
    raise_resent(call, &before, conn, at);
    call->pair->resent += call->prog == NH_PROG_NLM;
    if (call->prog == NH_PROG_NLM) {
        nh_client_resends(call);
        nh_attempt_recognise(call);
        nh_queued_copy(call, conn, at);
        nh_queued_unseen(call, conn, at);
        nh_copy_sent(call, at);
    }
    if (nh_call_rare_of(call)->notice)
        nh_statd_again(call, at);
    if (!call->waits || (call->prog != NH_PROG_NLM && call->asked->prog != NH_PROG_NLM))
        return;
    if (call->l4 == NH_L4_UDP) {
        nh_datagram_resent(call, at);
        nh_async_resent(call, at);
        return;
    }
    if (conn && nh_conn_trouble(conn))
        nh_dead_declare(call, nh_conn_trouble(conn)->finding, nh_conn_trouble(conn)->since, at.frame, NH_DEAD_RESENT);
    /* copies that left together: nothing is overdue yet */
    if (call->tcp_acked && (before.conn != conn || at.time - before.at.time >= NH_QUEUED_TIME))
        nh_dead_overdue(call, NULL, at);
    nh_async_resent(call, at);
    nh_outage_join(call->pair, call);
}

/*
 * Over UDP nothing else proves that one direction is missing: the client looked the port up, and uses it at once, so
 * that it got the answer which the capture has not.
 */
static void
check_one_sided(const nh_call *call, nh_moment at)
{
    nh_pair *pair = call->pair;

    for (unsigned i = 0; call->l4 == NH_L4_UDP && pair->lookups && i < pair->lookups->len; i++) {
        const nh_call *lookup = g_ptr_array_index(pair->lookups, i);
        if (lookup->way == call->way && lookup->l4 == NH_L4_UDP && lookup->asked->prog == NH_PROG_NLM &&
            lookup->asked->vers == call->vers && at.time - nh_call_last(lookup)->at.time < NH_LOOKUP_FOLLOWED_TIME)
            pair->half_captured = true;
    }
}

static void
nlm_call(nh_call *call, const nh_message *message, nh_moment at)
{
    check_one_sided(call, at);
    nh_client_calls(call, nh_call_first(call)->conn);
    nh_locks_call(call, at);
    nh_async_call(call, at);
    nh_reply_result(call, message, at);
    if (call->nlm.reclaim)
        nh_statd_reclaimed(call->pair);
    if (call->proc == NH_NLM_FREE_ALL)
        nh_locks_free_all(call);
}

/* Two clients behind one address may use one XID: their calls differ in the arguments, copies of one call do not. */
static bool
same_arguments(const nh_nlm *a, const nh_nlm *b)
{
    if (!a->has_lock || !b->has_lock)
        return true;
    return a->cookie == b->cookie && a->svid == b->svid && a->file == b->file && a->owner == b->owner && a->offset == b->offset &&
           a->length == b->length;
}

static void
lookup_call(nh_call *call, nh_conn *conn, const nh_message *message, nh_moment at)
{
    nh_portmap_call(call, conn, message);
    nh_statd_looks_up(call, at);
}

static void
take_call(nh_pair *pair, nh_way way, const nh_message *message)
{
    nh_watch *watch = pair->watch;
    nh_conn *conn = carrier(watch, message);
    uint32_t seq_end = conn && message->by && message->by->conn == conn ? message->by->end : 0;
    nh_moment at = { message->frame, message->time };
    uint32_t hash;
    nh_call *call = nh_call_known(watch, message, &hash);
    bool same = call && call->proc == message->proc && same_arguments(&call->nlm, &message->nlm) &&
                (!call->reply.frame || message->time - call->reply.time < NH_XID_REUSE_TIME);

    if (same && nh_datagram_copied(call, message))
        return;
    if (!same) {
        call = nh_call_new(pair, way, message, call, hash);
        first_transmission(call, conn, seq_end, at);
        if (message->prog == NH_PROG_NLM)
            nlm_call(call, message, at);
        else if (message->prog == NH_PROG_PORTMAP)
            lookup_call(call, conn, message, at);
        else if (message->prog == NH_PROG_STAT)
            nh_statd_call(call, message);
    } else {
        call->src = message->src;
        call->dst = message->dst;
        resent(call, conn, seq_end, at);
        nh_reply_result(call, message, at);
    }
    nh_frame_add_call(nh_frame_get(watch, at), call);
    if (message->prog == NH_PROG_NLM) {
        nh_pair_locks(call->pair);
        learn_lock_port(watch, conn, &message->dst, message->l4);
    }
}

/* A single answer: the port, or 0 */
static void
lookup_answer(nh_watch *watch, nh_call *call, const nh_message *message, nh_moment at)
{
    nh_portmap_answer(watch, call, message, at);
    nh_statd_looked_up(call, message->n_mappings > 0 && message->mappings[0].port != 0, at);
}

static void
take_reply(nh_watch *watch, const nh_message *message)
{
    nh_call *call = nh_call_find(watch, &message->dst.addr, &message->src.addr, message->prog, message->xid);
    nh_conn *conn = carrier(watch, message);
    nh_moment at = { message->frame, message->time };

    if (!call)
        return;
    nh_reply_take(call, message, at);
    if (call->replies > 1)
        return;
    if (call->prog == NH_PROG_PORTMAP && !message->refused)
        lookup_answer(watch, call, message, at);
    if (call->prog == NH_PROG_NLM)
        learn_lock_port(watch, conn, &message->src, message->l4);
}

/* Procedures without results: NULL, *_MSG, *_RES, FREE_ALL; SM_SIMU_CRASH, SM_NOTIFY. */
static bool
returns_nothing(const nh_call *call)
{
    return call->proc == 0 || (call->prog == NH_PROG_STAT && call->proc >= NH_NSM_SIMU_CRASH) || nh_call_is_one_way(call) ||
           (call->prog == NH_PROG_NLM && call->proc == NH_NLM_FREE_ALL);
}

/* The results of a reply: what they are, its call tells. */
static void
read_results(const nh_call *call, const nh_message *message, const nh_rpc_header *header, nh_message *reply)
{
    nh_rpc_header results = *header;

    nh_message_copy(reply, message);
    reply->prog = call->prog;
    reply->vers = call->vers;
    reply->proc = call->proc;
    if (header->gss_verifier && call->integrity)
        nh_rpc_unwrap(&results);
    if (!header->refused && !returns_nothing(call))
        nh_arguments_read(reply, results.body, results.body_length);
}

/* Of a new call: its answer may have been captured before it. */
static void
take_early_reply(nh_watch *watch, const nh_message *message)
{
    nh_message early, reply;
    nh_rpc_header header;

    if (!watch->early) /* hardly any capture has such a reply */
        return;
    nh_call *call = nh_call_find(watch, &message->src.addr, &message->dst.addr, message->prog, message->xid);
    if (!call || call->reply.frame || call->n_sendings > 1 || !nh_early_take(watch, call, &early, &header))
        return;
    if (call->pair->orphans && call->l4 == NH_L4_TCP && call->prog == NH_PROG_NLM)
        call->pair->orphans--;
    read_results(call, &early, &header, &reply);
    take_reply(watch, &reply);
}

/* Whether the lock server sends this call: callbacks, and the results of *_MSG (X/Open NLM, asynchronous procedures). */
static bool
sent_by_server(uint32_t proc)
{
    return proc == NH_NLM_GRANTED || proc == NH_NLM_GRANTED_MSG || (proc >= NH_NLM_TEST_RES && proc < NH_NLM_GRANTED_RES);
}

/* Nobody but a status monitor with a notice wants to know; over TCP the connection has told whose pair it is. */
static bool
looks_up_statd(const nh_message *message)
{
    return message->l4 == NH_L4_UDP && message->prog == NH_PROG_PORTMAP && message->n_mappings > 0 &&
           message->mappings[0].prog == NH_PROG_STAT && !nh_arguments_indirect(message->vers, message->proc);
}

/* The pair of a call (not of a reply), made when there is none; the procedure tells who of the two is the lock client. */
static nh_pair *
pair_of_call(nh_watch *watch, const nh_message *message, nh_way *way)
{
    if ((message->prog == NH_PROG_STAT && message->proc == NH_NSM_NOTIFY) || looks_up_statd(message))
        return nh_pair_of_restart(watch, &message->src.addr, &message->dst.addr, way);
    if (message->prog != NH_PROG_NLM || message->proc == 0)
        return nh_pair_of_flow(watch, &message->src.addr, &message->dst.addr, way);
    if (sent_by_server(message->proc)) {
        *way = NH_CALLBACK;
        return nh_pair_of_roles(watch, &message->dst.addr, &message->src.addr);
    }
    *way = NH_FORWARD;
    return nh_pair_of_roles(watch, &message->src.addr, &message->dst.addr);
}

void
nh_calls_message(nh_watch *watch, const nh_message *message)
{
    nh_moment at = { message->frame, message->time };
    nh_way way;

    /* Linux's statd tells its own lockd of a restart (fs/lockd/svc4proc.c, nlm4svc_proc_sm_notify): no call between a client and a server */
    if (message->prog == NH_PROG_NLM && message->proc == NH_NLM_NSM_NOTIFY)
        return;
    nh_frame *frame = nh_frame_get(watch, at);
    nh_pair *pair = message->reply ? nh_pair_of_flow(watch, &message->dst.addr, &message->src.addr, &way)
                                   : pair_of_call(watch, message, &way);

    frame->service = nh_service_of_program(message->prog);
    frame->pair = pair;
    nh_pair_seen(pair, &message->src.addr);
    nh_raise_release(pair);
    if (message->l4 == NH_L4_UDP) { /* over TCP the segment did all that */
        nh_locks_seen(watch->locks, &message->src.addr, at);
        nh_outage_tick(pair, at);
        nh_attempt_watch(pair, at);
    }
    if (message->reply) {
        take_reply(watch, message);
    } else {
        take_call(pair, way, message);
        take_early_reply(watch, message);
    }
}

/* Whether a call was sent to where this reply comes from; port: over UDP, too, where another port of the host may answer. */
static bool
was_sent_there(const nh_call *call, const nh_message *reply, bool port)
{
    if (call->l4 != reply->l4)
        return false;
    if (call->dst.port == reply->src.port || (!port && reply->l4 == NH_L4_UDP))
        return true;
    for (unsigned i = 0; reply->by && i < call->n_sendings; i++)
        if (call->sendings[i].conn && call->sendings[i].conn == reply->by->conn)
            return true;
    return false;
}

/* The call that a reply answers, whatever its program, or NULL. */
static nh_call *
call_answered_by(nh_watch *watch, const nh_message *reply)
{
    static const uint32_t programs[] = { NH_PROG_NLM, NH_PROG_PORTMAP, NH_PROG_STAT };
    nh_call *latest = reply->by && reply->by->conn ? nh_call_latest_on(reply->by->conn, reply) : NULL;

    if (latest && was_sent_there(latest, reply, true)) /* nearly always */
        return latest;
    for (int port = true; port >= false; port--)
        for (unsigned i = 0; i < G_N_ELEMENTS(programs); i++) {
            nh_call *call = nh_call_find(watch, &reply->dst.addr, &reply->src.addr, programs[i], reply->xid);
            if (call && was_sent_there(call, reply, port))
                return call;
        }
    return NULL;
}

bool
nh_calls_answers(nh_watch *watch, const nh_message *reply)
{
    return call_answered_by(watch, reply) != NULL;
}

/* An answer on a connection to lockd whose call was not captured. */
static void
count_orphan(const nh_message *message)
{
    const nh_segment_effect *by = message->by;
    const nh_conn *conn = by ? by->conn : NULL;

    if (conn && nh_conn_service(conn) == NH_SERVICE_NLM && !by->retransmission && !by->duplicate)
        conn->pair->orphans++;
}

void
nh_calls_reply(nh_watch *watch, const nh_message *message, const nh_rpc_header *header)
{
    nh_call *call = call_answered_by(watch, message);
    nh_message reply;

    if (!call) {
        if (!nh_wrong_source_reply(watch, message) && !header->refused && !header->starttls) { /* the probe for TLS is no call of ours */
            count_orphan(message);
            if (message->l4 == NH_L4_UDP || (message->by && message->by->conn))
                nh_early_keep(watch, message, header);
        }
        return;
    }
    if (message->l4 == NH_L4_UDP && call->waits && call->dst.port != message->src.port &&
        (call->n_sendings == 1 || call->pair->takes_no_others)) {
        nh_wrong_source_port(call, message);
        if (call->pair->takes_no_others && nh_wrong_source_call(call))
            return;
    }
    read_results(call, message, header, &reply);
    nh_calls_message(watch, &reply);
    nh_lost_reply_message(watch, &reply);
}
