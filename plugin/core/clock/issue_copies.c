/* issue_copies.c
 * What the copies of a call tell: when it was issued, and when its kernel line came.
 *
 * While TCP resends one segment into silence it sends nothing new: the call of
 * another process is not on the wire before the silence ends. RPC hands each
 * message to TCP by itself and TCP sends it at once if it may, so that a copy of an
 * old call and a new call in one segment lay in the socket together. The order
 * of the stream is the order of their issue, and RPC's timer dates the copies.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/issue_copies.h"

#include "core/base/limits.h"
#include "core/clock/deadlines.h"
#include "core/clock/issue.h"
#include "core/clock/kernel_lines.h"
#include "core/clock/policy.h"
#include "core/judge/dead_calls.h"
#include "core/judge/outage.h"
#include "core/judge/raise.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/model/losses.h"

/* --- the times between them ----------------------------------------------------------------- */

static void
issued_before(nh_call *call, nh_issue_bound earliest, nh_issue_bound latest, bool cycles)
{
    call->issue.sent_before = true;
    call->issue.cycles_before = cycles;
    nh_issue_between(&call->issue, earliest, latest);
    nh_call_expect(call);
}

static void
issued_when_seen(nh_call *call)
{
    call->issue.sent_before = call->issue.cycles_before = false;
    nh_issue_is(&call->issue, NH_ISSUE_SENT, call->sendings[0].at);
    nh_call_expect(call);
}

/* How many copies RPC has sent that waited in the socket together with the first one seen; 1 unless one segment shows it. */
static unsigned
copies_queued_together(const nh_call *call)
{
    const nh_sending *first = &call->sendings[0];
    unsigned copies = 1, in_one_frame = 0;

    for (unsigned i = 1; i < call->n_sendings; i++) {
        const nh_sending *sending = &call->sendings[i];
        if (sending->at.time - first->at.time >= NH_QUEUED_TIME)
            break; /* thousands may follow */
        if (sending->by_tcp || sending->conn != first->conn)
            continue;
        copies++;
        in_one_frame += sending->at.frame == (sending - 1)->at.frame;
    }
    return in_one_frame ? copies : 1;
}

/* T, 2T, 3T, and the same again after the major timeout. */
static nh_time
time_to_copy(const nh_call *call, unsigned n)
{
    nh_policy policy = nh_policy_of(call->pair, call->l4, false);
    nh_time timeout = policy.nlm_timeout * NH_SECOND, sum = 0;

    for (unsigned i = 1; i < n; i++)
        sum += ((i - 1) % 3 + 1) * timeout;
    return sum;
}

/* The gap to the next copy that RPC's timer sent; NH_TIME_NONE when there is none. */
static nh_time
first_gap(const nh_call *call)
{
    nh_time first = call->sendings[0].at.time;

    for (unsigned i = 1; i < call->n_sendings; i++) {
        const nh_sending *sending = &call->sendings[i];
        if (sending->behind_hole)
            return NH_TIME_NONE; /* the copy between the two was not captured */
        if (nh_call_timer_sent(call, sending) && sending->at.time - first >= NH_QUEUED_TIME)
            return sending->at.time - first;
    }
    return NH_TIME_NONE;
}

/*
 * Sent on an open connection right after a port look-up, and nothing of it before:
 * after a major timeout, or kernels before 5.10 look up anew each minute.
 */
static bool
follows_lookup(const nh_call *call)
{
    const nh_sending *first = &call->sendings[0];
    nh_moment lookup = call->pair->side[call->way].last_lookup;

    return call->opens_half && lookup.frame && lookup.frame < first->at.frame && first->at.time - lookup.time < NH_SECOND;
}

/* Gaps in units of nlm_timeout, and how long the call had waited before: each copy one unit longer than the last (rpc_timer.c). */
static const struct {
    int64_t gap, least, most;
} waits[] = {
    { 2, 1, 1 },
    { 3, 2, 3 }, /* 2 where the connect had cost one step */
    { 4, 3, 5 }, /* over UDP, and where the connect had cost one */
    { 0, 1, 5 }, /* over UDP, longer: no first gap in any case */
};

/* The latest that its sender had sent on this connection: what the stream holds behind it came later. */
static nh_time
sent_before(const nh_call *call)
{
    const nh_sending *first = call->sendings;
    nh_moment before = first->conn ? first->conn->half[nh_call_half(call, first->conn)].data_before : first->at;

    return before.frame && before.frame < first->at.frame ? before.time : first->at.time - NH_SOCKET_MAX;
}

/* Where nothing tells how long it had waited: no segment is resent for longer than a socket lives, and what was taken may have been sent in each ladder. */
static nh_issue_bound
oldest(const nh_call *call, nh_time seen)
{
    bool taken = call->l4 == NH_L4_UDP || call->tcp_acked;

    return nh_bound(NH_ISSUE_OPEN, 0, seen - (taken ? nh_waited_max(call->pair) : NH_SOCKET_MAX));
}

/* Copies that left together: as many as RPC had sent while nothing got through. */
static void
by_queued_copies(nh_call *call, unsigned queued)
{
    nh_moment seen = nh_call_first(call)->at;
    nh_time before = sent_before(call), latest = seen.time - time_to_copy(call, queued);

    if (call->queued) {
        nh_issue_narrow(&call->issue, nh_bound(NH_ISSUE_QUEUE, 0, G_MININT64),
                        nh_bound(NH_ISSUE_COPIES, seen.frame, MAX(latest, call->issue.earliest)));
        return;
    }
    /* more time than the capture's clock has for it: that host was suspended */
    issued_before(call, nh_bound(NH_ISSUE_QUEUE, 0, MAX(before, seen.time - NH_SOCKET_MAX)),
                  nh_bound(NH_ISSUE_COPIES, seen.frame, before > latest ? seen.time : latest), false);
}

/* The gap to the next copy tells which one the first that was captured is: of its ladder, and where the capture begins of any. */
static void
by_gap(nh_call *call, nh_time gap)
{
    const nh_sending *first = nh_call_first(call);
    nh_policy policy = nh_policy_of(call->pair, call->l4, false);
    nh_time timeout = policy.nlm_timeout * NH_SECOND, seen = first->at.time;
    /* an earlier copy that is not in the capture can only have come before it */
    bool cycles = nh_since_beginning(call->pair->watch, seen) < 4 * timeout + NH_TIMER_LATENESS;

    for (unsigned i = 0; i < G_N_ELEMENTS(waits); i++) {
        bool fits = waits[i].gap ? ABS(gap - waits[i].gap * timeout) < NH_TIMER_LATENESS : call->l4 == NH_L4_UDP && gap > 4 * timeout;
        if (!fits)
            continue;
        /* met in the middle, the connection may have been a new one, and its first gap is 2T for kernels before 5.3 */
        bool maybe_new = waits[i].gap == 2 && first->conn && first->conn->middle && nh_pair_family(call->pair) != NH_FAMILY_5_3;
        /* a datagram leaves no hole: the copy in between may not have been captured */
        bool maybe_lost = call->l4 == NH_L4_UDP && waits[i].gap != 2;
        nh_time least = maybe_new || maybe_lost ? 0 : waits[i].least * timeout, most = waits[i].most * (timeout + NH_TIMER_LATENESS);
        nh_issue_bound earliest = nh_bound(NH_ISSUE_COPIES, first->at.frame, seen - most);
        if (cycles)
            earliest = oldest(call, seen - most);
        issued_before(call, earliest, nh_bound(NH_ISSUE_COPIES, first->at.frame, seen - least + (least ? NH_CLOCK_SLACK : 0)), cycles);
        return;
    }
}

void
nh_issue_by_copies(nh_call *call)
{
    nh_moment seen = nh_call_first(call)->at;
    nh_time gap = first_gap(call);
    unsigned queued = copies_queued_together(call);

    if (call->way != NH_FORWARD || call->wait != NH_WAIT_REPLY || (call->issue.sent_before && !nh_time_known(gap) && queued == 1))
        return;
    if (call->queued || queued > 1) {
        by_queued_copies(call, queued);
        return;
    }
    if (!nh_time_known(gap))
        return;
    if (call->issue.cycles_before || !call->issue.sent_before)
        issued_when_seen(call);
    if (follows_lookup(call))
        issued_before(call, oldest(call, seen.time), nh_bound(NH_ISSUE_SENT, seen.frame, seen.time), true);
    else
        by_gap(call, gap);
}

/* All that the capture has of it begins with this copy, soon enough that others may have come before. */
static bool
begins_among_copies(const nh_call *call)
{
    const nh_sending *first = nh_call_first(call);
    nh_policy policy = nh_policy_of(call->pair, call->l4, false);
    bool at_once = call->issue.earliest == call->issue.latest && call->issue.latest == first->at.time;

    return call->opens_half && call->n_sendings == 1 && at_once && call->wait == NH_WAIT_REPLY &&
           nh_since_beginning(call->pair->watch, first->at.time) < 4 * policy.nlm_timeout * NH_SECOND + NH_TIMER_LATENESS;
}

/*
 * The capture begins with the look-up for it, and it was answered before a line was due. Over TCP the times between SYNs tell
 * the first; a datagram looks the same in each ladder.
 */
static bool
begins_with_datagram(const nh_call *call)
{
    const nh_issue *issue = &call->issue;
    bool first = issue->after == NH_ISSUE_ATTEMPT && issue->earliest == issue->latest &&
                 nh_since_beginning(call->pair->watch, issue->earliest) == 0;
    nh_moment done = nh_call_done(call);

    return call->l4 == NH_L4_UDP && first && nh_wait_is_connect(call->wait) && !call->pair->mounts && done.frame &&
           done.time < nh_pair_no_timeout_before(call->pair, issue->earliest);
}

void
nh_issue_by_beginning(nh_call *call)
{
    nh_moment first = nh_call_first(call)->at;

    if (call->way != NH_FORWARD || call->line_seen.frame)
        return;
    if (begins_among_copies(call))
        issued_before(call, oldest(call, first.time), nh_bound(NH_ISSUE_SENT, first.frame, first.time), true);
    else if (begins_with_datagram(call)) {
        nh_issue_reach_back(&call->issue, oldest(call, call->issue.earliest));
        nh_issue_after_timeouts(&call->issue);
    }
}

/* The least time until the client logs something of this call. */
static nh_time
shortest_major(const nh_call *call)
{
    nh_policy policy = nh_policy_of(call->pair, call->l4, call->pair->watch->options.use_mount);
    nh_time shortest, longest;

    nh_timer_major_range(&policy, nh_pair_family(call->pair), call->wait, &shortest, &longest);
    return shortest - NH_CLOCK_SLACK;
}

void
nh_issue_by_losses(nh_call *call)
{
    nh_moment first = nh_call_first(call)->at;
    nh_time before = first.time - nh_waited_max(call->pair);

    if (call->way != NH_FORWARD || !nh_loss_is_heavy(call->pair))
        return;
    nh_time waited = MAX(nh_call_last(call)->at.time, nh_call_done(call).time) - MIN(call->issue.latest, first.time);
    call->no_line = waited < shortest_major(call) && (call->no_line || !call->doubted);
    call->doubted = true;
    nh_issue_reach_back(&call->issue, nh_bound(NH_ISSUE_OPEN, 0, before));
    issued_before(call, nh_bound(call->issue.after, call->issue.after_frame, call->issue.earliest),
                  nh_bound(NH_ISSUE_SENT, first.frame, first.time), true);
}

void
nh_issue_by_tcp(nh_call *call)
{
    const nh_sending *first = &call->sendings[0], *last = first + call->n_sendings - 1;
    nh_time gap = last->at.time - first->at.time;

    if (!call->opens_half || call->n_sendings != 2 || call->way != NH_FORWARD || call->wait != NH_WAIT_REPLY)
        return;
    /*
     * The timer doubles (RFC 6298 section 5.5): all before took little longer than what
     * follows, for the loss probe and lateness; above its limit of 120 s gaps tell nothing.
     */
    nh_time before = gap > NH_SOCKET_MAX / 3 ? NH_SOCKET_MAX : gap + gap / 32 + NH_SECOND;
    issued_before(call, nh_bound(NH_ISSUE_TCP, last->at.frame, first->at.time - before),
                  nh_bound(NH_ISSUE_SENT, first->at.frame, first->at.time), false);
}

/* --- calls that lay in the socket ------------------------------------------------------------- */

static nh_half *
sender_of(nh_conn *conn, const nh_call *call)
{
    return &conn->half[nh_call_half(call, conn)];
}

static void
mark_queued(nh_call *call, nh_half *half, nh_time from, nh_time until, nh_moment at)
{
    nh_time before = half->data_before.frame ? half->data_before.time : at.time - NH_SOCKET_MAX;

    call->queued = true;
    call->wait = NH_WAIT_REPLY;
    nh_issue_between(&call->issue, nh_bound(NH_ISSUE_QUEUE, half->data_before.frame, MAX(from, before)),
                     nh_bound(NH_ISSUE_QUEUE, at.frame, MIN(until, at.time)));
    nh_call_expect(call);
    nh_outage_join_late(call, at);
}

bool
nh_queued_call(nh_call *call, nh_conn *conn, nh_moment at)
{
    nh_half *half = conn && call->way == NH_FORWARD ? sender_of(conn, call) : NULL;

    if (!half || half->queue_frame != at.frame)
        return false;
    mark_queued(call, half, half->queue_from, at.time, at);
    return true;
}

void
nh_queued_unseen(nh_call *call, nh_conn *conn, nh_moment at)
{
    unsigned copies = copies_queued_together(call);
    nh_moment first = call->sendings[0].at;
    nh_moment since = { first.frame, first.time - time_to_copy(call, copies) };

    if (call->outage && call->outage->start.frame == first.frame) /* one more copy: it lasted longer */
        call->outage->start.time = MIN(call->outage->start.time, since.time);
    if (!conn || copies < 2 || call->outage || call->pair->open || call->queued || call->way != NH_FORWARD || call->prog != NH_PROG_NLM)
        return;
    nh_raise(&(nh_evidence){ .finding = NH_PEER_SILENT,
                             .call = call,
                             .conn = conn,
                             .at = at,
                             .since = since,
                             .bits = NH_LOST_BEFORE | NH_IN_HINDSIGHT,
                             .says = { NH_REMARK_QUEUED_COPIES, { NH_NUMBER(first.frame), NH_NUMBER(nh_elapsed(since.time, at.time)) } } });
    nh_dead_declare(call, NH_PEER_SILENT, since, first.frame, NH_DEAD_IN_SOCKET);
}

/* The latest that the caller sent on connections before this one that a waiting call of the outage was sent on. */
static nh_moment
sent_on_others(const nh_pair *pair, nh_way way, const nh_conn *conn)
{
    nh_moment latest = { 0, NH_TIME_NONE };

    for (unsigned i = 0; pair->open && i < pair->side[way].outstanding.len; i++) {
        const nh_call *other = pair->side[way].outstanding.items[i];
        for (unsigned j = 0; other->outage == pair->open && j < other->n_sendings; j++) {
            nh_conn *old = other->sendings[j].conn;
            nh_moment newest = old && old != conn ? sender_of(old, other)->newest : latest;
            if (newest.frame > latest.frame)
                latest = newest;
        }
    }
    return latest;
}

bool
nh_queued_reconnect(nh_call *call, nh_conn *conn, nh_moment at)
{
    nh_moment from = call->way == NH_FORWARD ? sent_on_others(call->pair, call->way, conn) : (nh_moment){ 0, NH_TIME_NONE };

    if (!from.frame)
        return false;
    call->wait = NH_WAIT_REPLY_NEW;
    nh_issue_between(&call->issue, nh_bound(NH_ISSUE_QUEUE, from.frame, from.time), nh_bound(NH_ISSUE_SENT, at.frame, at.time));
    return true;
}

/* Of the calls in this segment those before the copy were issued before it. */
static void
lay_before(nh_conn *conn, nh_half *half, nh_time until, nh_moment at)
{
    for (unsigned i = 0; i < conn->waiting.len; i++) {
        nh_call *call = conn->waiting.items[i];
        const nh_sending *first = call->sendings;

        if (first->conn != conn || first->at.frame != at.frame || call->prog != NH_PROG_NLM || sender_of(conn, call) != half)
            continue;
        if (call->queued) {
            nh_issue_narrow(&call->issue, nh_bound(NH_ISSUE_QUEUE, 0, G_MININT64),
                            nh_bound(NH_ISSUE_QUEUE, at.frame, MAX(until, call->issue.earliest)));
            continue;
        }
        mark_queued(call, half, half->data_before.time, until, at);
        nh_dead_deferred(call, at);
    }
}

/* The most time from a call to its n-th transmission: before 5.3 a connection that it had to open has cost one step of its timer. */
static nh_time
latest_of_copies(const nh_call *call, unsigned n)
{
    bool stepped = call->wait != NH_WAIT_REPLY && nh_pair_family(call->pair) != NH_FAMILY_5_3;

    return time_to_copy(call, n) + (stepped ? (n - 1) * time_to_copy(call, 2) : 0) + NH_COPY_LATENESS;
}

void
nh_queued_copy(const nh_call *copy, nh_conn *conn, nh_moment at)
{
    const nh_sending *first = copy->sendings;
    unsigned n = 0;

    if (!conn || first->conn != conn || first->at.frame == at.frame || copy->way != NH_FORWARD || copy->prog != NH_PROG_NLM ||
        conn->waiting.room == 0) /* nothing ever waited on it */
        return;
    for (unsigned i = 0; i < copy->n_sendings; i++)
        n += !copy->sendings[i].by_tcp;
    nh_half *half = sender_of(conn, copy);
    bool dated = n <= NH_DATED_COPIES && !copy->issue.sent_before;
    lay_before(conn, half, dated ? first->at.time + latest_of_copies(copy, n) : at.time, at);
    half->queue_frame = at.frame;
    half->queue_from = copy->issue.earliest + time_to_copy(copy, n);
}

/* --- the kernel line ---------------------------------------------------------------------------- */

/* Of the copies that RPC itself sent, this is the one after the last minor timeout. */
static bool
is_after_minors(const nh_call *call, const nh_deadlines *deadlines)
{
    unsigned copies = 0;

    for (unsigned i = 0; i < call->n_sendings; i++)
        copies += !call->sendings[i].by_tcp;
    return deadlines->n_minor > 0 && copies == deadlines->n_minor + 2;
}

/* The look-up before this copy, a handshake and a question, took no longer than a line may be misdated, if it lost nothing. */
static bool
lookup_is_short(const nh_conn *conn)
{
    return conn && conn->syn.frame && conn->established.frame && conn->syn_count == 1 &&
           conn->established.time - conn->attempt_syn.time <= NH_CLOCK_SLACK / 3;
}

/* Its first copy came a second later (RFC 6298): nothing came before it. */
static bool
is_surely_first(const nh_conn *conn, uint32_t frame)
{
    return conn->syn.frame == frame && ABS(conn->syn_gap - NH_SECOND) <= NH_SURELY_FIRST_SYN_SLACK;
}

void
nh_line_by_losses(nh_call *call)
{
    nh_watch *watch = call->pair->watch;
    const nh_frame *frame = call->line_seen.frame && call->pair->gap.frame ? nh_frame_find(watch, call->line_seen.frame) : NULL;

    bool heavy = nh_loss_is_heavy(call->pair);

    if (!frame || (!heavy && (!frame->conn || frame->conn->service != NH_SERVICE_PORTMAP || is_surely_first(frame->conn, frame->number))))
        return;
    if (!heavy) /* else it may be another's look-up, whose question is missing */
        call->line_before = call->line_seen.time;
    nh_frame_unnote(watch, frame->number, NH_NOT_RESPONDING);
    call->line_seen.frame = 0;
}

/*
 * Where the capture has nothing of port 111, the copy that RPC sends after the
 * look-up is all that follows the major timeout. It dates the line if no minor
 * timeout is missing before it, the server's TCP took those before (so that it
 * left when it was sent), the server is near, and a look-up that lost its SYN
 * would have been later. Else the line came before it.
 */
void
nh_copy_sent(nh_call *call, nh_moment at)
{
    nh_pair *pair = call->pair;
    nh_deadlines deadlines;

    if (call->way != NH_FORWARD || call->line_seen.frame || call->issue.sent_before || call->issue.cycles_before || !call->tcp_acked ||
        pair->side[call->way].last_lookup.frame || (call->wait != NH_WAIT_REPLY && call->wait != NH_WAIT_REPLY_NEW) ||
        nh_call_is_one_way(call) || nh_line_event(pair, call->way, call) != NH_LOG_STILL_TRYING)
        return;
    nh_call_deadlines(call, pair->watch->options.use_mount, &deadlines);
    if (!is_after_minors(call, &deadlines) || at.time < deadlines.major_earliest - NH_CLOCK_SLACK ||
        at.time > deadlines.major_latest + NH_CLOCK_SLACK)
        return;
    if (at.time < deadlines.major_earliest + NH_LOOKUP_RESENT_TIME && lookup_is_short(nh_call_last(call)->conn))
        call->line_seen = at;
    else
        call->line_before = at.time;
}
