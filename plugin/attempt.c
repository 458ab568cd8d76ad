/* attempt.c
 * A client's way to a call: the SYNs and look-ups before it is on the wire, and when its timers expire.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "attempt.h"

#include "age.h"
#include "answers.h"
#include "async_calls.h"
#include "call.h"
#include "follow.h"
#include "frames.h"
#include "incident.h"
#include "lines.h"
#include "outage.h"
#include "portmap.h"
#include "queued.h"
#include "trouble.h"
#include "verdict.h"

/* Between the steps of one attempt (look-up answered, then SYN) no more time passes than this. */
#define STEP_TIME (5 * NH_SECOND)
/* Look-ups closer together than this are retries of a look-up in trouble (5 s, call_bind_status) or a storm: they date no major timeout. */
#define RETRY_TIME (8 * NH_SECOND)
/* A call leaves so soon after its connection was established that it had been waiting for it. */
#define FIRST_CALL_TIME (500 * NH_MSEC)
/* All that wait for a connection are sent in one go when it opens (xprt_wake_pending_tasks, net/sunrpc/xprt.c). */
#define RELEASE_TIME (100 * NH_MSEC)
/* Between two SYNs of a connection (tcp_syn_retries 6): where the capture begins late nothing else tells of the first ones. */
#define SYN_GAP_MAX (70 * NH_SECOND)

/* --- attempts ------------------------------------------------------------------- */

/* The connection of this way whose stuck FIN blocks the port, or NULL. */
static nh_conn *
blocking_conn(const nh_pair *pair, nh_way way)
{
    for (guint i = 0; i < pair->troubled->len; i++) {
        nh_conn *conn = g_ptr_array_index(pair->troubled, i);
        if (conn->way == way && conn->service != NH_SERVICE_PORTMAP && nh_conn_trouble(conn)->finding == NH_FIN_UNACKED)
            return conn;
    }
    return nh_verdict_withheld(pair, NH_FIN_UNACKED, way);
}

gboolean
nh_attempt_pending(const nh_attempt *attempt)
{
    return attempt->active && !attempt->taken;
}

/* A look-up of this attempt over UDP, where no connection is in trouble, has no answer yet. */
static gboolean
lookup_waits(const nh_pair *pair, nh_way way, nh_moment at)
{
    for (guint i = 0; i < pair->outstanding[way]->len; i++) {
        const nh_call *call = g_ptr_array_index(pair->outstanding[way], i);
        guint32 first = call->sendings[0].at.frame;
        if (call->l4 == NH_L4_UDP && call->asked.prog == NH_PROG_NLM && first >= pair->attempt[way].start.frame && first < at.frame)
            return TRUE;
    }
    return FALSE;
}

gboolean
nh_attempt_lasts(const nh_pair *pair, nh_way way, nh_moment at)
{
    const nh_attempt *attempt = &pair->attempt[way];
    nh_time latest = pair->relieved.frame ? MAX(attempt->step.time, pair->relieved.time) : attempt->step.time;
    /* where look-ups find nothing no connection is in trouble */
    gboolean in_trouble = pair->troubled->len > 0 ||
                          (pair->open && pair->open->ways & (1u << way) && !nh_outage_is_watching(pair->open));

    gboolean opening = attempt->opening && attempt->opening->state == NH_TCP_SYN_SENT && at.time - attempt->step.time <= SYN_GAP_MAX;

    return nh_attempt_pending(attempt) && (in_trouble || opening || at.time - latest <= STEP_TIME || lookup_waits(pair, way, at));
}

static void
begin(nh_attempt *attempt, nh_wait wait, nh_time earliest, nh_moment at)
{
    *attempt = (nh_attempt){ .active = TRUE, .start = at, .step = at, .earliest = earliest, .wait = wait };
}

/* Calls of the outage wait for this connection: it is not opened for a new one. */
static gboolean
others_wait(const nh_pair *pair, nh_way way)
{
    for (guint i = 0; pair->open && i < pair->outstanding[way]->len; i++)
        if (((const nh_call *)g_ptr_array_index(pair->outstanding[way], i))->outage == pair->open)
            return TRUE;
    return FALSE;
}

void
nh_attempt_connect(nh_conn *conn, nh_moment at)
{
    nh_pair *pair = conn->pair;
    nh_attempt *attempt = &pair->attempt[conn->way];
    nh_moment fin = nh_age_blocking_fin(conn, at);

    nh_portmap_overtaken(pair, conn->way);
    pair->wants_locks = TRUE;
    nh_outage_waits(pair, at.time);
    if (nh_answer_begins(pair, conn->way, at) || others_wait(pair, conn->way))
        return;
    if (!nh_attempt_lasts(pair, conn->way, at)) {
        begin(attempt, fin.frame ? NH_WAIT_CLOSING : NH_WAIT_CONNECT, fin.frame ? fin.time : at.time, at);
        if (fin.frame)
            attempt->start = at;
    }
    if (fin.frame)
        nh_age_by_fin(attempt, conn, fin);
    attempt->step = at;
    attempt->opening = conn;
}

/* issued: at the latest, where more is not known of it. */
static void
tell_rebind(nh_pair *pair, nh_way way, nh_moment at, nh_time issued, gboolean known, const nh_call *call)
{
    char *after = nh_duration_text(at.time - issued);
    const nh_sending *first = call ? &call->sendings[0] : NULL;
    char *whose = first ? g_strdup_printf("the %s call of frame %u", nh_nlm_procedure_name(call->vers, call->proc), first->at.frame)
                        : g_strdup("a call that is not on the wire");

    nh_frame_note(pair->watch, at.frame, NH_REBIND,
                  g_strdup_printf("The %s looks the port of NLM up again, %s%s after it issued %s: its major timeout expired",
                                  way == NH_CALLBACK ? "server" : "client", after, known ? "" : " or more", whose));
    g_free(after);
    g_free(whose);
}

static gboolean
in_window(const nh_deadlines *deadlines, nh_moment at)
{
    return at.time >= deadlines->major_earliest - NH_CLOCK_SLACK && at.time <= deadlines->major_latest + 5 * NH_CLOCK_SLACK;
}

/* The bit of a call or of what is looked up in nh_pair's spoken; 0 for a version that no NLM has. */
static guint8
version_bit(guint32 vers)
{
    return vers < 8 ? (guint8)(1u << vers) : 0;
}

void
nh_attempt_speaks(const nh_call *call)
{
    call->pair->wants_locks = TRUE;
    call->pair->spoken[call->way][call->l4 == NH_L4_UDP] |= version_bit(call->vers);
}

/* rpcb_getport_async, net/sunrpc/rpcb_clnt.c: version and transport of the call that waits, asked over the same transport. */
static gboolean
is_asked_for(const nh_call *call, const nh_call *lookup)
{
    return !lookup || (lookup->asked.vers == call->vers && lookup->asked.prot == call->l4 && lookup->l4 == call->l4);
}

/* Monitoring looks up what its pair's lock calls do not use; of a pair without calls nobody knows. */
static gboolean
is_for_locks(const nh_call *lookup)
{
    const guint8 *spoken = lookup->pair->spoken[lookup->way];

    if (!spoken[0] && !spoken[1])
        return TRUE;
    return spoken[lookup->asked.prot == NH_L4_UDP] & version_bit(lookup->asked.vers);
}

/* A call that waits, and whose major timeout this look-up follows. */
static void
tell_rebind_of(const nh_call *call, nh_moment at)
{
    nh_pair *pair = call->pair;
    nh_policy policy = nh_policy_of(pair, call->l4, pair->watch->options.use_mount);
    gboolean known = call->issued_earliest == call->issued_latest;
    nh_time shortest, longest;

    nh_timer_major_range(&policy, nh_pair_family(pair), call->wait, &shortest, &longest);
    tell_rebind(pair, call->way, at, known ? call->issued_latest : MIN(call->issued_latest, at.time - shortest), known, call);
}

/* Calls that wait: does this look-up (NULL: what it asks is not known yet) follow their major timeout? */
static gboolean
dates_a_call(nh_pair *pair, nh_way way, const nh_call *lookup, nh_moment at)
{
    gboolean dated = FALSE;

    for (guint i = 0; i < pair->outstanding[way]->len; i++) {
        nh_call *call = g_ptr_array_index(pair->outstanding[way], i);
        nh_deadlines deadlines;

        if (call->prog != NH_PROG_NLM || nh_async_is_one_way(call) || call->line_seen.frame || call->cycles_unseen)
            continue;
        if (nh_line_event(pair, way, call) != NH_LOG_STILL_TRYING)
            continue; /* a soft task ends there and looks up nothing */
        nh_call_deadlines(call, pair->watch->options.use_mount, &deadlines);
        if (!is_asked_for(call, lookup) || !in_window(&deadlines, at))
            continue;
        call->line_seen = at;
        if (!dated) {
            pair->dated.frame = at.frame;
            pair->dated.before = pair->family;
        }
        nh_attempt_recognise(call);
        if (!dated)
            tell_rebind_of(call, at);
        dated = TRUE;
    }
    return dated;
}

/*
 * A look-up while the old socket blocks the port, and nothing else tells of a
 * call: less than a major timeout after the FIN it belongs to the call's start
 * (nlm_bind_host looks up anew 60 s after the last time, fs/lockd/host.c up to
 * 5.10); later it follows a major timeout. 3.10-5.0, and who was seen to, do
 * both, so that a late single look-up proves nothing there.
 */
static void
begin_while_closing(nh_pair *pair, nh_way way, const nh_conn *blocking, nh_moment at)
{
    nh_attempt *attempt = &pair->attempt[way];
    nh_policy policy = nh_policy_of(pair, NH_L4_TCP, pair->watch->options.use_mount);
    nh_time fin = blocking->half[0].fin_since;
    nh_time shortest, longest;

    nh_timer_major_range(&policy, nh_pair_family(pair), NH_WAIT_CLOSING, &shortest, &longest);
    if (at.time - fin < shortest - NH_CLOCK_SLACK || nh_pair_family(pair) == NH_FAMILY_3_10 || pair->looks_up_first) {
        begin(attempt, NH_WAIT_CLOSING, at.time, at);
        return;
    }
    begin(attempt, NH_WAIT_CLOSING, MAX(fin, at.time - longest), at);
    attempt->start.time = at.time - shortest;
    attempt->line_seen = at;
    tell_rebind(pair, way, at, attempt->start.time, FALSE, NULL);
}

static gboolean
lock_calls_wait(const nh_pair *pair, nh_way way)
{
    for (guint i = 0; i < pair->outstanding[way]->len; i++)
        if (((const nh_call *)g_ptr_array_index(pair->outstanding[way], i))->prog == NH_PROG_NLM)
            return TRUE;
    return FALSE;
}

/* A look-up by a SYN to port 111 (lookup NULL) or by a datagram. */
static void
look_up(nh_pair *pair, nh_way way, nh_conn *conn, const nh_call *lookup, nh_moment at, gboolean seen)
{
    nh_attempt *attempt = &pair->attempt[way];
    nh_conn *blocking = blocking_conn(pair, way);
    gboolean retry = pair->last_lookup[way].frame && at.time - pair->last_lookup[way].time < RETRY_TIME;
    nh_deadlines deadlines;

    pair->lookup_before[way] = pair->last_lookup[way];
    pair->last_lookup[way] = at;
    if (nh_answer_begins(pair, way, at)) {
        attempt->looker = conn;
        return;
    }
    if (seen && !retry && dates_a_call(pair, way, lookup, at))
        return;
    if (nh_attempt_lasts(pair, way, at)) {
        attempt->step = at;
        if (!seen || retry || attempt->line_seen.frame || attempt->answers || attempt->undatable)
            return;
        nh_attempt_deadlines(pair, way, attempt, &deadlines);
        if (in_window(&deadlines, at)) {
            attempt->line_seen = at;
            attempt->looker = conn;
            tell_rebind(pair, way, at, attempt->start.time, attempt->earliest == attempt->start.time, NULL);
        }
    } else if (!lock_calls_wait(pair, way)) {
        if (blocking && seen)
            begin_while_closing(pair, way, blocking, at);
        else
            begin(attempt, NH_WAIT_CONNECT, at.time, at);
        attempt->looker = conn;
    }
}

void
nh_attempt_lookup_syn(nh_conn *conn, nh_moment at, gboolean seen)
{
    look_up(conn->pair, conn->way, conn, NULL, at, seen);
}

/* The SYN dated the lines of calls that its look-up (NULL: of another program) does not ask for: so did it not. */
static void
undate_calls(const nh_conn *conn, const nh_call *lookup)
{
    nh_pair *pair = conn->pair;
    gboolean undated = FALSE, dated = FALSE;

    for (guint i = 0; conn->syn.frame && i < pair->outstanding[conn->way]->len; i++) {
        nh_call *call = g_ptr_array_index(pair->outstanding[conn->way], i);
        if (call->line_seen.frame != conn->syn.frame)
            continue;
        if (lookup && is_asked_for(call, lookup)) {
            dated = TRUE;
            continue;
        }
        call->line_seen.frame = 0;
        call->outlived = FALSE;
        call->outlived_in = 0;
        undated = TRUE;
    }
    if (!undated || dated)
        return;
    nh_frame_unnote(pair->watch, conn->syn.frame, NH_REBIND);
    nh_frame_unnote(pair->watch, conn->syn.frame, NH_NOT_RESPONDING);
    if (pair->dated.frame == conn->syn.frame)
        pair->family = pair->dated.before;
}

void
nh_attempt_lookup(nh_call *lookup, nh_conn *conn, nh_moment at)
{
    gboolean for_locks = is_for_locks(lookup);

    if (conn) { /* its SYN was taken for a look-up of the right kind */
        undate_calls(conn, lookup);
        if (!for_locks)
            nh_attempt_not_ours(conn);
    } else if (for_locks) {
        look_up(lookup->pair, lookup->way, NULL, lookup, at, TRUE);
    }
}

void
nh_attempt_not_ours(nh_conn *conn)
{
    nh_attempt *attempt = &conn->pair->attempt[conn->way];

    if (conn->syn.frame && conn->pair->last_lookup[conn->way].frame == conn->syn.frame)
        conn->pair->last_lookup[conn->way] = conn->pair->lookup_before[conn->way];
    undate_calls(conn, NULL);
    nh_frame_unnote(conn->pair->watch, conn->syn.frame, NH_REBIND);
    if (attempt->looker != conn)
        return;
    if (attempt->line_seen.frame && attempt->start.frame != conn->syn.frame)
        attempt->line_seen.frame = 0;
    else
        attempt->active = FALSE;
    attempt->looker = NULL;
}

/* The call was sent at once: nothing held it back. */
static void
issued_when_sent(nh_call *call, nh_wait wait, nh_moment at)
{
    call->wait = wait;
    call->issued_from = at;
    call->issued_earliest = call->issued_latest = at.time;
}

/*
 * The call lay behind a closed window: RPC had handed it to TCP between the closing
 * and the first probe, which only waiting bytes cause (tcp_probe_timer,
 * net/ipv4/tcp_timer.c). Those behind it may have come at any time.
 */
static gboolean
lay_behind_window(nh_call *call, nh_conn *conn, nh_moment at)
{
    nh_half *receiver = conn ? &conn->half[!nh_call_half(call, conn)] : NULL;

    if (!receiver || !receiver->shut.until.frame || at.time - receiver->shut.until.time > FIRST_CALL_TIME)
        return FALSE;
    call->wait = NH_WAIT_REPLY;
    call->issued_from = receiver->shut.since;
    call->issued_earliest = receiver->shut.since.time;
    call->issued_latest = nh_time_known(receiver->shut.probed) ? receiver->shut.probed : at.time;
    receiver->shut.probed = NH_TIME_NONE;
    return TRUE;
}

void
nh_attempt_sent(nh_call *call, nh_conn *conn, nh_moment at)
{
    nh_attempt *attempt = &call->pair->attempt[call->way];
    gboolean new_conn = conn && conn->established.frame && at.time - conn->established.time <= FIRST_CALL_TIME;
    gboolean first = new_conn && conn->calls == 1;

    nh_portmap_overtaken(call->pair, call->way);
    if (conn && !new_conn) {
        call->pair->looks_up_first |= nh_portmap_asked_first(attempt, conn, at);
        attempt->active = FALSE;
    }
    if (lay_behind_window(call, conn, at) || nh_queued_call(call, conn, at))
        return;
    if (!attempt->active && new_conn && nh_queued_reconnect(call, conn, at))
        return;
    if (!attempt->active) {
        issued_when_sent(call, first ? NH_WAIT_REPLY_NEW : NH_WAIT_REPLY, at);
        return;
    }
    call->wait = conn ? NH_WAIT_REPLY_NEW : NH_WAIT_REPLY;
    call->issued_from = attempt->start;
    call->issued_earliest = attempt->earliest;
    /* the first call out had opened the connection; those behind it may have come later */
    call->issued_latest = attempt->wait == NH_WAIT_CLOSING && !attempt->line_seen.frame && attempt->earliest < attempt->start.time
                              ? attempt->start.time
                              : first || !conn ? attempt->start.time : at.time;
    gboolean released = conn && at.time - conn->established.time <= RELEASE_TIME && at.time - attempt->start.time > NH_SECOND;
    if (at.time - call->issued_latest > NH_SECOND || attempt->wait == NH_WAIT_CLOSING || released)
        call->wait = attempt->wait;
    if (first || !conn)
        call->line_seen = attempt->line_seen;
    /* a soft task that outlived it is gone */
    call->outlived = attempt->outlived && nh_line_event(call->pair, call->way, attempt->answers) == NH_LOG_STILL_TRYING;
    call->outlived_in = call->outlived ? attempt->outlived_in : 0;
    call->cycles_unseen = attempt->undatable;
    attempt->taken = TRUE;
}

/* --- outliving the major timeout ---------------------------------------------------- */

/* Returns the frame on which it is told. */
static guint32
tell_outlived(nh_pair *pair, nh_log_event event, nh_moment at, const nh_deadlines *deadlines, nh_moment line_seen)
{
    guint32 frame = line_seen.frame ? line_seen.frame : at.frame;

    nh_frame_note(pair->watch, frame, NH_NOT_RESPONDING, nh_line_sentence(pair, event, deadlines, line_seen));
    return frame;
}

/* A call that outlived its major timeout without any other symptom: the server had it, or nobody knows (one direction captured). */
static void
suspect(nh_call *call, nh_moment at)
{
    const nh_sending *first = &call->sendings[0];
    nh_symptom symptom = { .finding = NH_REPLY_OVERDUE, .service = NH_SERVICE_NLM, .way = call->way, .at = at, .since = first->at,
                           .conn = first->conn, .call = call };

    if (call->tcp_acked && !call->first_unseen && call->pair->seen_client && call->pair->seen_server && !(first->conn && first->conn->one_sided))
        nh_outage_symptom(call->pair, &symptom);
}

/* No major timeout comes sooner after the issue, whatever the family: six steps. Predictions cost too much for each packet of a storm. */
static gboolean
is_early(const nh_pair *pair, nh_time issued, gboolean mount, nh_moment at)
{
    nh_policy policy = nh_policy_of(pair, NH_L4_TCP, mount);
    return policy.kind == NH_POLICY_LOCKD && at.time - issued < 6 * policy.nlm_timeout * NH_SECOND - NH_CLOCK_SLACK;
}

/* Its connection opened and nothing was in its way since: its call went out, whether or not the capture shows it (snaplen). */
static void
lapse(nh_attempt *attempt, nh_moment at)
{
    const nh_conn *conn = attempt->opening;

    if (conn && conn->established.frame >= attempt->step.frame && !nh_conn_trouble(conn) && at.time - conn->established.time > STEP_TIME)
        attempt->active = FALSE;
}

void
nh_attempt_watch(nh_pair *pair, nh_moment at)
{
    nh_attempt *attempt = &pair->attempt[NH_FORWARD];
    gboolean use_mount = pair->watch->options.use_mount;
    nh_deadlines deadlines;

    for (int way = NH_FORWARD; way <= NH_CALLBACK; way++)
        if (pair->attempt[way].active)
            lapse(&pair->attempt[way], at);
    for (guint i = 0; i < pair->outstanding[NH_FORWARD]->len; i++) {
        nh_call *call = g_ptr_array_index(pair->outstanding[NH_FORWARD], i);
        if (call->outlived || call->prog != NH_PROG_NLM || nh_async_is_one_way(call) || is_early(pair, call->issued_earliest, use_mount, at))
            continue;
        nh_call_deadlines(call, use_mount, &deadlines);
        call->outlived = call->line_seen.frame || at.time > deadlines.major_latest;
        if (call->outlived && !call->outage)
            suspect(call, at);
        if (call->outlived && call->outage)
            call->outlived_in = tell_outlived(pair, nh_line_event(pair, call->way, call), at, &deadlines, call->line_seen);
    }
    if (nh_attempt_pending(attempt) && !attempt->outlived && !is_early(pair, attempt->earliest, use_mount, at) &&
        (pair->troubled->len > 0 || lookup_waits(pair, NH_FORWARD, at))) {
        nh_attempt_deadlines(pair, NH_FORWARD, attempt, &deadlines);
        attempt->outlived = attempt->line_seen.frame || at.time > deadlines.major_latest;
        if (attempt->outlived)
            attempt->outlived_in = tell_outlived(pair, nh_line_event(pair, NH_FORWARD, attempt->answers), at, &deadlines, attempt->line_seen);
    }
}
