/* rpc_calls.c
 * Every call of the followed programs, across retransmissions and reconnects.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "rpc_calls.h"

#include "async_calls.h"
#include "attempt.h"
#include "cause.h"
#include "follow.h"
#include "frames.h"
#include "icmp.h"
#include "lines.h"
#include "lock_table.h"
#include "outage.h"
#include "pairs.h"
#include "tcp_life.h"
#include "verdict.h"

/* An XID that comes back so long after its answer belongs to another call. */
#define XID_REUSE_TIME (120 * NH_SECOND)

/* The key of a call: Wireshark's own matching is per conversation, ours is not. */
typedef struct {
    nh_addr from, to;
    guint32 prog, xid;
} call_key;

static call_key
make_key(const nh_addr *from, const nh_addr *to, guint32 prog, guint32 xid)
{
    call_key key;
    memset(&key, 0, sizeof key);
    key.from = *from;
    key.to = *to;
    key.prog = prog;
    key.xid = xid;
    return key;
}

guint
nh_call_key_hash(gconstpointer data)
{
    const call_key *key = data;
    return nh_addr_hash(&key->from) * 31 + nh_addr_hash(&key->to) + key->xid * 2654435761u + key->prog;
}

gboolean
nh_call_key_equal(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, sizeof(call_key)) == 0;
}

void
nh_call_free(gpointer data)
{
    nh_call *call = data;
    g_array_unref(call->sendings);
    g_free(call);
}

/* --- procedures of NLM ----------------------------------------------------------- */

/* Whether the lock server sends this call: callbacks, and the results of *_MSG (X/Open NLM, asynchronous procedures). */
static gboolean
sent_by_server(guint32 proc)
{
    return proc == NH_NLM_GRANTED || proc == NH_NLM_GRANTED_MSG || (proc >= NH_NLM_TEST_RES && proc < NH_NLM_GRANTED_RES);
}

/* --- dead calls ------------------------------------------------------------------- */

static void
tell_dead(nh_call *call, guint32 frame, const char *how)
{
    char *since = nh_moment_text(call->dead_since);

    nh_frame_note(call->pair->watch, frame, NH_DEAD_CALL,
                  g_strdup_printf("%s %s: %s since %s", nh_nlm_procedure_name(call->vers, call->proc), how,
                                  nh_finding_name(call->dead), since));
    g_free(since);
}

static const nh_sending *
first_sending(const nh_call *call)
{
    return &g_array_index(call->sendings, nh_sending, 0);
}

static const nh_sending *
last_sending(const nh_call *call)
{
    return &g_array_index(call->sendings, nh_sending, call->sendings->len - 1);
}

static void
declare_dead(nh_call *call, nh_finding reason, nh_moment since, guint32 frame, const char *how)
{
    if (call->prog != NH_PROG_NLM)
        return;
    if (call->dead == NH_FINDING_NONE) {
        call->dead = reason;
        call->dead_since = since;
        if (frame != first_sending(call)->at.frame)
            tell_dead(call, first_sending(call)->at.frame, "was sent, then the connection died under it");
    }
    tell_dead(call, frame, how);
    nh_outage_join(call->pair, call);
}

/* A connection fell into trouble: the calls on it that no longer can be carried. */
static void
bury_calls(nh_conn *conn, const nh_trouble *trouble)
{
    for (guint i = 0; conn->waiting && i < conn->waiting->len; i++) {
        nh_call *call = g_ptr_array_index(conn->waiting, i);
        gboolean lost = trouble->finding == NH_RESET || trouble->finding == NH_RESET_STORM || !call->tcp_acked;
        if (lost && call->dead == NH_FINDING_NONE)
            declare_dead(call, trouble->finding, trouble->since, first_sending(call)->at.frame,
                         "was sent, then the connection died under it");
    }
}

static void
stop_waiting(nh_call *call)
{
    call->waits = FALSE;
    g_ptr_array_remove_fast(call->pair->outstanding[call->way], call);
    for (guint i = 0; i < call->sendings->len; i++) {
        nh_conn *conn = g_array_index(call->sendings, nh_sending, i).conn;
        if (conn && conn->waiting)
            g_ptr_array_remove_fast(conn->waiting, call);
    }
}

static nh_sending *
last_sending_on(nh_call *call, const nh_conn *conn)
{
    for (guint i = call->sendings->len; i-- > 0;) {
        nh_sending *sending = &g_array_index(call->sendings, nh_sending, i);
        if (sending->conn == conn)
            return sending;
    }
    return NULL;
}

/* The bytes of a waiting call were sent again by TCP. */
static void
resent_by_tcp(nh_call *call, nh_conn *conn, nh_moment at)
{
    nh_sending sending = { at, conn, last_sending_on(call, conn)->seq_end, TRUE };

    g_array_append_val(call->sendings, sending);
    nh_frame_add_call(nh_frame_get(call->pair->watch, at), call);
    if (nh_conn_trouble(conn))
        declare_dead(call, nh_conn_trouble(conn)->finding, nh_conn_trouble(conn)->since, at.frame, "is resent by TCP on a dead connection");
}

/* The caller acknowledged bytes that the capture missed: its calls were answered as far as anyone can tell. */
static void
miss_replies(nh_conn *conn, int half)
{
    for (guint i = conn->waiting->len; i-- > 0;) {
        nh_call *call = g_ptr_array_index(conn->waiting, i);
        int sender = nh_conn_half(conn, &call->src);
        if (sender == half)
            stop_waiting(call);
    }
}

void
nh_calls_transport(nh_watch *watch, nh_moment at)
{
    const nh_passing *passing = &watch->passing;
    nh_conn *conn = passing->conn;
    const nh_trouble *trouble = conn ? nh_conn_trouble(conn) : NULL;

    if (!conn || !conn->waiting || passing->duplicate)
        return;
    if (passing->missed)
        miss_replies(conn, passing->half);
    for (guint i = 0; i < conn->waiting->len; i++) {
        nh_call *call = g_ptr_array_index(conn->waiting, i);
        nh_sending *sending = last_sending_on(call, conn);
        int sender = nh_conn_half(conn, &call->src);

        if (!call->tcp_acked)
            call->tcp_acked = nh_tcp_acked(&conn->half[sender], sending->seq_end);
        if (passing->retransmission && passing->half == sender && (gint32)(sending->seq_end - passing->seq) > 0 &&
            (gint32)(sending->seq_end - passing->end) <= 0)
            resent_by_tcp(call, conn, at);
    }
    if (trouble)
        bury_calls(conn, trouble);
}

/* --- calls --------------------------------------------------------------------------- */

static void
symptom_of_call(nh_call *call, nh_finding finding, nh_moment at, nh_moment since)
{
    nh_sending *last = &g_array_index(call->sendings, nh_sending, call->sendings->len - 1);
    nh_symptom symptom = { .finding = finding, .service = nh_service_of_program(call->prog), .way = call->way,
                           .at = at, .since = since, .conn = last->conn, .call = call };
    nh_outage_symptom(call->pair, &symptom);
}

static nh_pair *
pair_of_message(nh_watch *watch, const nh_message *message, nh_way *way)
{
    if (message->prog != NH_PROG_NLM || message->proc == 0)
        return nh_pair_of_flow(watch, &message->src.addr, &message->dst.addr, way);
    if (sent_by_server(message->proc)) {
        *way = NH_CALLBACK;
        return nh_pair_of_roles(watch, &message->dst.addr, &message->src.addr);
    }
    *way = NH_FORWARD;
    return nh_pair_of_roles(watch, &message->src.addr, &message->dst.addr);
}

/* The connection that carries a message; NULL over UDP. */
static nh_conn *
carrier(nh_watch *watch, const nh_message *message)
{
    const nh_end *client = message->reply ? &message->dst : &message->src;
    const nh_end *server = message->reply ? &message->src : &message->dst;
    nh_moment at = { message->frame, message->time };

    if (message->l4 != NH_L4_TCP)
        return NULL;
    gboolean known = nh_follow_find(watch, client, server) != NULL;
    nh_conn *conn = nh_follow_message(watch, client, server, nh_service_of_program(message->prog), at);
    if (!known && watch->segment.frame == message->frame)
        nh_tcp_adopt(conn, &watch->segment);
    return conn;
}

static void
append_sending(nh_call *call, nh_conn *conn, nh_moment at)
{
    const nh_passing *passing = &call->pair->watch->passing;
    nh_sending sending = { at, conn, conn && passing->conn == conn ? passing->end : 0, FALSE };

    g_array_append_val(call->sendings, sending);
    if (!conn || !call->waits)
        return;
    if (!conn->waiting)
        conn->waiting = g_ptr_array_new();
    if (!g_ptr_array_find(conn->waiting, call, NULL))
        g_ptr_array_add(conn->waiting, call);
}

static nh_call *
new_call(nh_watch *watch, const nh_message *message)
{
    nh_call *call = g_new0(nh_call, 1);

    call->pair = pair_of_message(watch, message, &call->way);
    call->l4 = message->l4;
    call->src = message->src;
    call->dst = message->dst;
    call->xid = message->xid;
    call->prog = message->prog;
    call->vers = message->vers;
    call->proc = message->proc;
    call->nlm = message->nlm;
    call->sendings = g_array_new(FALSE, FALSE, sizeof(nh_sending));
    call->reply.time = NH_TIME_NONE;
    call->issued_earliest = call->issued_latest = NH_TIME_NONE;
    call->waits = !nh_async_is_result(call->prog, call->proc); /* many send no RPC reply to those */
    g_ptr_array_add(watch->call_list, call);
    call_key key = make_key(&message->src.addr, &message->dst.addr, message->prog, message->xid);
    g_hash_table_replace(watch->calls, g_memdup2(&key, sizeof key), call);
    if (call->waits)
        g_ptr_array_add(call->pair->outstanding[call->way], call);
    return call;
}

/* What held a deferred call back: what explains the outage, as far as it is known by now. */
static nh_finding
reason_of_deferral(const nh_call *call, nh_moment *since)
{
    const nh_outage *outage = call->pair->open;
    nh_judgement judgement;

    if (!outage)
        return NH_FINDING_NONE;
    judgement = nh_judge(outage);
    if (!judgement.evidence || nh_finding_get(judgement.cause)->kind != NH_KIND_TRANSPORT)
        return NH_FINDING_NONE;
    *since = judgement.evidence->since;
    return judgement.cause;
}

static void
check_deferred(nh_call *call, nh_moment at)
{
    nh_moment since = { 0, NH_TIME_NONE };
    nh_finding reason;

    if (call->wait != NH_WAIT_CONNECT && call->wait != NH_WAIT_CLOSING)
        return;
    reason = reason_of_deferral(call, &since);
    if (reason == NH_FINDING_NONE)
        return;
    call->deferred = TRUE;
    char *held = nh_duration_text(at.time - call->issued_earliest);
    char *how = g_strdup_printf("was held back for %s%s and sent when the outage ended",
                                call->issued_latest > call->issued_earliest ? "up to " : "", held);
    declare_dead(call, reason, since, at.frame, how);
    g_free(held);
    g_free(how);
}

/* A call that is sent although its connection cannot carry it. */
static void
check_sent_dead(nh_call *call, nh_conn *conn, nh_moment at)
{
    int peer = !nh_conn_half(conn, &call->src);
    const nh_trouble *trouble = nh_conn_trouble(conn);

    if (conn->half[peer].fin && conn->state != NH_TCP_RESET) {
        char *fin = nh_moment_text(conn->half[peer].fin_at);
        nh_verdict(conn, NH_HALF_CLOSED, NH_SILENT_NOBODY, at, conn->half[peer].fin_at,
                   g_strdup_printf("Call sent after the peer's FIN of %s", fin));
        g_free(fin);
        trouble = nh_conn_trouble(conn);
    }
    if (trouble)
        declare_dead(call, trouble->finding, trouble->since, at.frame, "is sent on a dead connection");
    else if (conn->state == NH_TCP_RESET)
        declare_dead(call, NH_RESET, conn->last, at.frame, "is sent on a dead connection");
}

static void
first_transmission(nh_call *call, nh_conn *conn, nh_moment at)
{
    append_sending(call, conn, at);
    if (call->prog != NH_PROG_NLM)
        return;
    call->pair->calls += !nh_async_is_result(call->prog, call->proc);
    if (conn)
        conn->calls++;
    nh_attempt_sent(call, conn, at);
    check_deferred(call, at);
    if (conn)
        check_sent_dead(call, conn, at);
    if (call->pair->open && call->way == NH_FORWARD)
        nh_outage_join(call->pair, call);
}

/* Whether this copy is TCP's doing and not RPC's (Wireshark dissects it when it does not analyse sequence numbers). */
static gboolean
copy_by_tcp(const nh_watch *watch, const nh_conn *conn)
{
    return conn && watch->passing.conn == conn && (watch->passing.retransmission || watch->passing.duplicate);
}

static void
tell_resent(nh_call *call, const nh_sending *before, nh_conn *conn, nh_moment at)
{
    const nh_sending *first = first_sending(call);
    char *ago = nh_duration_text(at.time - first->at.time);

    nh_frame_note(call->pair->watch, at.frame, NH_CALL_RESENT,
                  g_strdup_printf("%s resent%s: first sent in frame %u, %s ago", nh_procedure_name(call->prog, call->vers, call->proc),
                                  before->conn != conn ? " on another connection" : "", first->at.frame, ago));
    g_free(ago);
}

/* The copy before this one met an ICMP error. */
static gboolean
met_icmp_error(const nh_call *call)
{
    const nh_sending *before = &g_array_index(call->sendings, nh_sending, call->sendings->len - 2);
    return call->icmp.at.frame && call->icmp.at.frame > before->at.frame;
}

/* Over UDP nothing acknowledges a call: two retransmissions without any answer are a silent peer. */
static void
judge_resent_by_udp(nh_call *call, nh_moment at)
{
    nh_moment since = first_sending(call)->at;

    if (met_icmp_error(call)) { /* whoever sends errors is not silent */
        declare_dead(call, NH_UNREACHABLE, call->icmp.at, at.frame, "is resent into an ICMP error");
        return;
    }
    if (call->sendings->len >= 3) {
        char *silence = nh_duration_text(at.time - since.time);
        nh_frame_note(call->pair->watch, at.frame, NH_PEER_SILENT,
                      g_strdup_printf("Retransmission number %u over UDP without any answer for %s", call->sendings->len - 1, silence));
        declare_dead(call, NH_PEER_SILENT, since, at.frame, "is resent without any answer");
        g_free(silence);
    }
    symptom_of_call(call, NH_PEER_SILENT, at, since);
}

static void
resent(nh_call *call, nh_conn *conn, nh_moment at)
{
    nh_sending before = g_array_index(call->sendings, nh_sending, call->sendings->len - 1);

    append_sending(call, conn, at);
    tell_resent(call, &before, conn, at);
    call->pair->resent += call->prog == NH_PROG_NLM;
    if (call->prog == NH_PROG_NLM)
        nh_attempt_recognise(call);
    if (!call->waits || (call->prog != NH_PROG_NLM && call->asked.prog != NH_PROG_NLM))
        return;
    if (call->l4 == NH_L4_UDP) {
        judge_resent_by_udp(call, at);
        nh_async_resent(call, at);
        return;
    }
    if (conn && nh_conn_trouble(conn))
        declare_dead(call, nh_conn_trouble(conn)->finding, nh_conn_trouble(conn)->since, at.frame, "is resent on a dead connection");
    if (call->tcp_acked) {
        char *ago = nh_duration_text(at.time - first_sending(call)->at.time);
        nh_frame_note(call->pair->watch, at.frame, NH_REPLY_OVERDUE,
                      g_strdup_printf("TCP acknowledged the call of frame %u, but no reply for %s", first_sending(call)->at.frame, ago));
        g_free(ago);
        symptom_of_call(call, NH_REPLY_OVERDUE, at, first_sending(call)->at);
    }
    nh_async_resent(call, at);
    nh_outage_join(call->pair, call);
}

static nh_call *
find_call(const nh_watch *watch, const nh_addr *from, const nh_addr *to, guint32 prog, guint32 xid)
{
    call_key key = make_key(from, to, prog, xid);
    return g_hash_table_lookup(watch->calls, &key);
}

static void
look_up_call(nh_call *call, nh_conn *conn, const nh_message *message)
{
    gboolean for_nlm = message->n_mappings > 0 && message->mappings[0].prog == NH_PROG_NLM;
    nh_moment at = { message->frame, message->time };

    if (message->n_mappings == 0)
        return;
    call->asked = message->mappings[0];
    if (for_nlm) {
        call->pair->lock_traffic = TRUE;
        if (!conn)
            nh_attempt_lookup(call->pair, call->way, NULL, at, TRUE);
    } else if (conn) {
        conn->looks_up_other = TRUE;
        nh_attempt_not_ours(conn);
        nh_verdict_forget(conn);
    }
}

static void
server_restarted(nh_watch *watch, const nh_message *message)
{
    nh_moment at = { message->frame, message->time };
    nh_way way;
    nh_pair *pair = nh_pair_of_flow(watch, &message->dst.addr, &message->src.addr, &way);
    nh_symptom symptom = { .finding = NH_SERVER_RESTARTED, .service = NH_SERVICE_STATD, .way = NH_FORWARD, .at = at, .since = at };

    nh_locks_restarted(pair, way, message->nsm_state);
    if (way == NH_CALLBACK)
        return; /* it is the client that restarted */
    pair->restarted = at;
    nh_frame_note(watch, at.frame, NH_SERVER_RESTARTED, g_strdup_printf("SM_NOTIFY: %s restarted", message->mon_name[0] ? message->mon_name : "the server"));
    nh_outage_symptom(pair, &symptom);
}

static void take_result(nh_call *result, const nh_message *message, nh_moment at);

static void
nlm_call(nh_call *call, const nh_message *message, nh_moment at)
{
    nh_async_call(call, at);
    take_result(call, message, at);
    if (call->proc == NH_NLM_FREE_ALL)
        nh_locks_free_all(call);
}

#define STATD_SM_NOTIFY 6

/* RPC waits for seconds before it sends a call again: what follows sooner is a frame captured twice. */
#define COPY_TIME (50 * NH_MSEC)

static gboolean
copy_of_datagram(const nh_call *call, const nh_message *message)
{
    const nh_sending *last = &g_array_index(call->sendings, nh_sending, call->sendings->len - 1);
    return message->l4 == NH_L4_UDP && ABS(message->time - last->at.time) < COPY_TIME;
}

/* Two clients behind one address may use one XID: their calls differ in the arguments, copies of one call do not. */
static gboolean
same_arguments(const nh_nlm *a, const nh_nlm *b)
{
    if (!a->has_lock || !b->has_lock)
        return TRUE;
    return a->cookie == b->cookie && a->svid == b->svid && a->file == b->file && a->owner == b->owner && a->offset == b->offset &&
           a->length == b->length;
}

static void
take_call(nh_watch *watch, const nh_message *message)
{
    nh_conn *conn = carrier(watch, message);
    nh_moment at = { message->frame, message->time };
    nh_call *call = find_call(watch, &message->src.addr, &message->dst.addr, message->prog, message->xid);
    gboolean same = call && call->proc == message->proc && same_arguments(&call->nlm, &message->nlm) &&
                    (!call->reply.frame || message->time - call->reply.time < XID_REUSE_TIME);

    if (same && (copy_by_tcp(watch, conn) || copy_of_datagram(call, message)))
        return;
    if (!same) {
        call = new_call(watch, message);
        first_transmission(call, conn, at);
        if (message->prog == NH_PROG_NLM)
            nlm_call(call, message, at);
        else if (message->prog == NH_PROG_PORTMAP)
            look_up_call(call, conn, message);
        else if (message->prog == NH_PROG_STAT && message->proc == STATD_SM_NOTIFY)
            server_restarted(watch, message);
    } else {
        resent(call, conn, at);
    }
    nh_frame_add_call(nh_frame_get(watch, at), call);
    if (message->prog == NH_PROG_NLM) {
        call->pair->lock_traffic = watch->lock_traffic = TRUE;
        nh_port_learn(watch, &message->dst.addr, message->l4, message->dst.port, NH_PROG_NLM);
    }
}

/* --- replies ----------------------------------------------------------------------------- */

static void
tell_recovered(nh_call *call, const nh_outage *outage, nh_moment at)
{
    char *lasted = nh_duration_text(at.time - outage->start.time);
    char *line = nh_line_text(call->pair, call->way, NH_LOG_OK);

    if (outage->id)
        nh_frame_note(call->pair->watch, at.frame, NH_RECOVERED,
                      g_strdup_printf("First answer after %s without one%s%s%s", lasted, call->outlived ? ": \"" : "",
                                      call->outlived ? line : "", call->outlived ? "\" is logged now" : ""));
    g_free(line);
    g_free(lasted);
}

static void
blocked(nh_call *call, nh_moment at)
{
    call->pair->blocked = at;
    call->pair->blocked_lock = call->nlm;
}

/* The lock that was blocked is granted in the answer to a poll: its callback is needed no longer. */
static void
granted(nh_call *call, nh_moment at)
{
    nh_pair *pair = call->pair;

    if (!pair->blocked.frame || !call->nlm.has_lock || call->nlm.svid != pair->blocked_lock.svid || call->nlm.file != pair->blocked_lock.file)
        return;
    pair->blocked.frame = 0;
    pair->polled = at;
    nh_outage_answer(pair, NH_CALLBACK, NH_SERVICE_NLM, call, at);
}

/* Refusals that explain themselves in the status. */
static void
judge_status(nh_call *call, nh_moment at)
{
    const char *name = nh_nlm_status_name(call->status);
    nh_finding finding = call->status == 2 ? NH_DENIED_NOLOCKS : call->status == 4 ? NH_GRACE : NH_DENIED;

    if (call->status == 3 && nh_nlm_kind(call->proc) == NH_NLM_LOCK)
        blocked(call, at);
    else if (call->status == 0 && nh_nlm_kind(call->proc) == NH_NLM_LOCK)
        granted(call, at);
    if (call->status == 0 || call->status == 3)
        return;
    call->pair->denied++;
    char *text = finding == NH_DENIED_NOLOCKS
                     ? g_strdup_printf("%s: usually the server's statd cannot monitor the client, or it has no resources", name)
                     : g_strdup(name ? name : "unknown status");
    nh_frame_note(call->pair->watch, at.frame, finding, text);
}

static void
judge_copies(nh_call *call, const nh_message *message, nh_moment at)
{
    if (!message->nlm.has_status || !call->has_status || call->status == message->nlm.status || nh_nlm_kind(call->proc) != NH_NLM_LOCK)
        return;
    nh_frame_note(call->pair->watch, at.frame, NH_LOCK_LEAKED,
                  g_strdup_printf("Copies of the LOCK of frame %u got different answers: %s in frame %u, %s here", first_sending(call)->at.frame,
                                  nh_nlm_status_name(call->status), call->reply.frame, nh_nlm_status_name(message->nlm.status)));
}

/* A restart so long ago (statd's own retries, the longest grace period) has nothing to do with a grace period now. */
#define RESTART_TIME (300 * NH_SECOND)

/* Grace after SM_NOTIFY, or after the lock connection was lost: the server's lock manager restarted. */
static void
judge_grace(nh_call *call, nh_moment at)
{
    nh_pair *pair = call->pair;
    gboolean told = pair->restarted.frame && at.time - pair->restarted.time < RESTART_TIME;

    symptom_of_call(call, NH_GRACE, at, first_sending(call)->at);
    if (!told && (!pair->lost.frame || at.time - pair->lost.time >= RESTART_TIME))
        return;
    if (!told) {
        pair->restarted = at;
        nh_frame_note(pair->watch, at.frame, NH_SERVER_RESTARTED,
                      g_strdup_printf("Grace period after the connection was lost in frame %u", pair->lost.frame));
    }
    symptom_of_call(call, NH_SERVER_RESTARTED, at, pair->restarted);
}

static void
first_reply(nh_call *call, const nh_message *message, nh_moment at)
{
    nh_pair *pair = call->pair;
    nh_time latency = at.time - first_sending(call)->at.time;

    call->reply = at;
    call->has_status = message->nlm.has_status;
    call->status = message->nlm.status;
    call->refused = message->refused;
    if (call->waits)
        stop_waiting(call);
    if (call->prog != NH_PROG_NLM || nh_async_is_result(call->prog, call->proc))
        return;
    pair->attempt[call->way].active = FALSE;
    pair->answered++;
    if (call->outage)
        nh_outage_extend(call->outage, at);
    if (!nh_time_known(pair->slowest) || latency > pair->slowest)
        pair->slowest = latency;
    nh_async_settle(call);
    if (call->has_status) {
        judge_status(call, at);
        nh_leak_judge(call, at);
        nh_locks_answer(call, &message->nlm, at);
    }
}

static void
refused_by_rpc(nh_call *call, nh_moment at)
{
    nh_frame_note(call->pair->watch, at.frame, NH_RPC_REJECTED, g_strdup_printf("RPC refuses the call of frame %u: %s", first_sending(call)->at.frame, call->refused));
    symptom_of_call(call, NH_RPC_REJECTED, at, first_sending(call)->at);
    if (nh_nlm_kind(call->proc) == NH_NLM_GRANTED)
        nh_grant_lost(call, at, first_sending(call)->at, g_strdup_printf("The client's RPC refuses the callback: %s", call->refused));
}

/* What a first reply means for the pair's outage. */
static void
answer(nh_call *call, nh_moment at)
{
    if (call->refused && call->prog == NH_PROG_NLM) {
        refused_by_rpc(call, at);
        return;
    }
    if (call->prog == NH_PROG_NLM && call->has_status && call->status == 4) {
        judge_grace(call, at);
        return;
    }
    nh_outage *ended = nh_outage_answer(call->pair, call->way, nh_service_of_program(call->prog), call, at);
    if (ended)
        tell_recovered(call, ended, at);
    if (call->prog == NH_PROG_NLM && call->has_status && call->status == 2 && !ended)
        symptom_of_call(call, NH_DENIED_NOLOCKS, at, first_sending(call)->at);
}

/* RPC's reply to an asynchronous call: its sender stops to repeat it, and waits for the *_RES. */
static void
take_receipt(nh_call *call, nh_moment at)
{
    call->accepted = at;
    call->pair->attempt[call->way].active = FALSE;
    if (call->waits)
        stop_waiting(call);
}

void
nh_calls_answered(nh_call *call, nh_moment at)
{
    if (call->waits)
        stop_waiting(call);
    call->pair->attempt[call->way].active = FALSE;
    answer(call, at);
}

static void
take_answer(nh_call *call, const nh_message *message, nh_moment at)
{
    nh_frame_add_call(nh_frame_get(call->pair->watch, at), call);
    if (message->reply && nh_async_is_message(call->prog, call->proc) && !message->refused) {
        take_receipt(call, at);
        return;
    }
    if (call->replies++ > 0) {
        judge_copies(call, message, at);
        return;
    }
    first_reply(call, message, at);
    answer(call, at);
}

/* A *_RES: the answer to every copy of its *_MSG. */
static void
take_result(nh_call *result, const nh_message *message, nh_moment at)
{
    GPtrArray *answered = nh_async_answered(result);

    for (guint i = 0; answered && i < answered->len; i++)
        take_answer(g_ptr_array_index(answered, i), message, at);
    if (answered)
        g_ptr_array_unref(answered);
}

/* GETPORT, GETADDR or DUMP answered: who listens where? */
static void
learn_ports(nh_watch *watch, nh_call *call, const nh_message *message, nh_moment at)
{
    for (guint i = 0; i < message->n_mappings; i++) {
        const nh_mapping *listed = &message->mappings[i];
        const nh_mapping *mapping = listed->prog ? listed : &call->asked; /* a single answer repeats not what was asked */
        if (listed->port != 0)
            nh_port_learn(watch, &message->src.addr, mapping->prot == NH_L4_UDP ? NH_L4_UDP : NH_L4_TCP, listed->port, mapping->prog);
        else if (mapping->prog == NH_PROG_NLM) {
            nh_frame_note(watch, at.frame, NH_NOT_REGISTERED, g_strdup_printf("The port mapper knows no NLM version %u", mapping->vers));
            symptom_of_call(call, NH_NOT_REGISTERED, at, first_sending(call)->at);
            if (call->way == NH_CALLBACK && call->pair->blocked.frame)
                nh_grant_lost(call, at, first_sending(call)->at, g_strdup("A lock was blocked, and the client's port mapper knows no lock manager to call back"));
        }
    }
}

static void
take_reply(nh_watch *watch, const nh_message *message)
{
    nh_call *call = find_call(watch, &message->dst.addr, &message->src.addr, message->prog, message->xid);
    nh_conn *conn = carrier(watch, message);
    nh_moment at = { message->frame, message->time };

    if (!call || copy_by_tcp(watch, conn))
        return;
    take_answer(call, message, at);
    if (call->replies > 1)
        return;
    if (call->prog == NH_PROG_PORTMAP && !message->refused)
        learn_ports(watch, call, message, at);
    if (call->prog == NH_PROG_NLM)
        nh_port_learn(watch, &message->src.addr, message->l4, message->src.port, NH_PROG_NLM);
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
    nh_pair *pair = message->reply ? nh_pair_of_flow(watch, &message->dst.addr, &message->src.addr, &way) : pair_of_message(watch, message, &way);

    frame->service = nh_service_of_program(message->prog);
    frame->pair = pair;
    nh_pair_seen(pair, &message->src.addr);
    nh_locks_seen(watch->locks, &message->src.addr, at);
    nh_verdict_release(pair);
    if (message->l4 == NH_L4_UDP) {
        nh_outage_tick(pair, at);
        nh_attempt_watch(pair, at);
    }
    if (message->reply)
        take_reply(watch, message);
    else
        take_call(watch, message);
}

/* Procedures without results: *_MSG, *_RES, FREE_ALL. */
static gboolean
returns_nothing(const nh_call *call)
{
    return nh_async_is_message(call->prog, call->proc) || nh_async_is_result(call->prog, call->proc) ||
           (call->prog == NH_PROG_NLM && call->proc == NH_NLM_FREE_ALL);
}

/* The waiting call that a reply with this XID answers, whatever its program, or NULL. */
static nh_call *
call_answered_by(nh_watch *watch, const nh_message *message)
{
    static const guint32 programs[] = { NH_PROG_NLM, NH_PROG_PORTMAP };

    for (guint i = 0; i < G_N_ELEMENTS(programs); i++) {
        nh_call *call = find_call(watch, &message->dst.addr, &message->src.addr, programs[i], message->xid);
        if (call && (call->waits || returns_nothing(call)))
            return call;
    }
    return NULL;
}

static void
reply_by_header(nh_watch *watch, const nh_call *call, const nh_message *message)
{
    nh_message reply = *message;

    reply.prog = call->prog;
    reply.vers = call->vers;
    reply.proc = call->proc;
    nh_calls_message(watch, &reply);
}

void
nh_calls_bare_reply(nh_watch *watch, const nh_message *message)
{
    const nh_call *call = call_answered_by(watch, message);

    if (call && call->waits)
        reply_by_header(watch, call, message);
}

void
nh_calls_empty_reply(nh_watch *watch, const nh_message *message)
{
    const nh_call *call = call_answered_by(watch, message);

    if (call && (message->refused || returns_nothing(call)))
        reply_by_header(watch, call, message);
}

/* The waiting call of this pair that was sent last between these ends over UDP. */
static nh_call *
waiting_datagram(nh_pair *pair, nh_way way, const nh_quote *quote)
{
    nh_call *latest = NULL;

    for (guint i = 0; i < pair->outstanding[way]->len; i++) {
        nh_call *call = g_ptr_array_index(pair->outstanding[way], i);
        if (call->l4 == NH_L4_UDP && call->dst.port == quote->dst.port && call->src.port == quote->src.port &&
            (!latest || last_sending(call)->at.frame > last_sending(latest)->at.frame))
            latest = call;
    }
    return latest;
}

void
nh_calls_quote(nh_watch *watch, const nh_quote *quote)
{
    nh_moment at = { quote->frame, quote->time };
    nh_way way;

    if (nh_port_program(watch, &quote->dst.addr, NH_L4_UDP, quote->dst.port) == 0 && quote->dst.port != 111)
        return;
    nh_pair *pair = nh_pair_of_flow(watch, &quote->src.addr, &quote->dst.addr, &way);
    nh_call *call = waiting_datagram(pair, way, quote);
    char *text = call ? nh_icmp_text(quote) : NULL;
    if (!text)
        return;
    nh_frame *frame = nh_frame_get(watch, at);
    frame->pair = pair;
    frame->service = nh_service_of_program(call->prog);
    nh_frame_note(watch, at.frame, NH_UNREACHABLE,
                  g_strdup_printf("%s, about the %s of frame %u", text, nh_procedure_name(call->prog, call->vers, call->proc),
                                  last_sending(call)->at.frame));
    g_free(text);
    call->icmp.at = at;
    call->icmp.sender = quote->sender;
    declare_dead(call, NH_UNREACHABLE, at, first_sending(call)->at.frame, "cannot reach the server");
    symptom_of_call(call, NH_UNREACHABLE, at, first_sending(call)->at);
}
