/* queued.c
 * Calls that lay in the socket of a connection whose peer was silent.
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

#include "core/clock/queued.h"

#include "core/base/limits.h"
#include "core/clock/issue_time.h"
#include "core/model/call.h"
#include "core/judge/dead_calls.h"
#include "core/model/frames.h"
#include "core/judge/outage.h"
#include "core/judge/raise.h"
#include "core/clock/policy.h"

static nh_half *
sender_of(nh_conn *conn, const nh_call *call)
{
    return &conn->half[nh_call_half(call, conn)];
}

static void
lay(nh_call *call, nh_half *half, nh_time from, nh_time until, nh_moment at)
{
    nh_time oldest = half->data_before.frame ? half->data_before.time : at.time - NH_SOCKET_MAX;

    call->queued = true;
    call->wait = NH_WAIT_REPLY;
    call->issued_from = half->data_before.frame ? half->data_before : at;
    call->issued_earliest = MAX(from, oldest);
    call->issued_latest = CLAMP(until, call->issued_earliest, at.time);
    nh_call_expect(call);
    nh_outage_join_late(call, at);
}

bool
nh_queued_call(nh_call *call, nh_conn *conn, nh_moment at)
{
    nh_half *half = conn && call->way == NH_FORWARD ? sender_of(conn, call) : NULL;

    if (!half || half->queue_frame != at.frame)
        return false;
    lay(call, half, half->queue_from, at.time, at);
    return true;
}

void
nh_queued_unseen(nh_call *call, nh_conn *conn, nh_moment at)
{
    unsigned copies = nh_copies_queued_together(call);
    nh_moment first = call->sendings[0].at;
    nh_moment since = { first.frame, first.time - nh_time_to_copy(call, copies) };

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
sent_before(const nh_pair *pair, nh_way way, const nh_conn *conn)
{
    nh_moment latest = { 0, NH_TIME_NONE };

    for (unsigned i = 0; pair->open && i < pair->side[way].outstanding->len; i++) {
        const nh_call *other = g_ptr_array_index(pair->side[way].outstanding, i);
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
    nh_moment from = call->way == NH_FORWARD ? sent_before(call->pair, call->way, conn) : (nh_moment){ 0, NH_TIME_NONE };

    if (!from.frame)
        return false;
    call->wait = NH_WAIT_REPLY_NEW;
    call->issued_from = from;
    call->issued_earliest = from.time;
    call->issued_latest = at.time;
    return true;
}

/* Of the calls in this segment those before the copy were issued before it. */
static void
lay_before(nh_conn *conn, nh_half *half, nh_time until, nh_moment at)
{
    for (unsigned i = 0; i < conn->waiting->len; i++) {
        nh_call *call = g_ptr_array_index(conn->waiting, i);
        const nh_sending *first = call->sendings;

        if (first->conn != conn || first->at.frame != at.frame || call->prog != NH_PROG_NLM || sender_of(conn, call) != half)
            continue;
        if (call->queued) {
            call->issued_latest = CLAMP(until, call->issued_earliest, call->issued_latest);
            continue;
        }
        lay(call, half, half->data_before.time, until, at);
        nh_dead_deferred(call, at);
    }
}

/* The most time from a call to its n-th transmission: before 5.3 a connection that it had to open has cost one step of its timer. */
static nh_time
latest_of_copies(const nh_call *call, unsigned n)
{
    bool stepped = call->wait != NH_WAIT_REPLY && nh_pair_family(call->pair) != NH_FAMILY_5_3;

    return nh_time_to_copy(call, n) + (stepped ? (n - 1) * nh_time_to_copy(call, 2) : 0) + NH_COPY_LATENESS;
}

void
nh_queued_copy(const nh_call *copy, nh_conn *conn, nh_moment at)
{
    const nh_sending *first = copy->sendings;
    unsigned n = 0;

    if (!conn || first->conn != conn || first->at.frame == at.frame || copy->way != NH_FORWARD || copy->prog != NH_PROG_NLM ||
        !conn->waiting)
        return;
    for (unsigned i = 0; i < copy->n_sendings; i++)
        n += !copy->sendings[i].by_tcp;
    nh_half *half = sender_of(conn, copy);
    bool dated = n <= NH_DATED_COPIES && !copy->first_unseen;
    lay_before(conn, half, dated ? first->at.time + latest_of_copies(copy, n) : at.time, at);
    half->queue_frame = at.frame;
    half->queue_from = copy->issued_earliest + nh_time_to_copy(copy, n);
}
