/* lost_replies.c
 * Replies that the capture shows and the caller never received.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/lost_replies.h"

#include "core/base/limits.h"
#include "core/rpc/async_calls.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/net/wrong_source.h"
#include "core/judge/outage.h"
#include "core/judge/raise.h"
#include "core/clock/policy.h"
#include "core/wire/procedures.h"
#include "core/rpc/rpc_replies.h"
#include "core/net/tcp_life.h"

/* Index of the half that sends to the caller. */
static int
answering_half(const nh_conn *conn, const nh_call *call)
{
    return !nh_call_half(call, conn);
}

void
nh_lost_reply_message(nh_watch *watch, const nh_message *message)
{
    nh_conn *conn = message->by ? message->by->conn : NULL;

    if (!message->reply || message->l4 != NH_L4_TCP || message->prog != NH_PROG_NLM || !conn)
        return;
    const nh_frame *frame = nh_frame_find(watch, message->frame);
    if (!frame || frame->conn != conn)
        return;
    for (nh_frame_calls item = nh_frame_calls_of(frame); item.call; nh_frame_calls_next(&item)) {
        nh_call *call = item.call;
        if (call->reply.frame != message->frame || call->xid != message->xid)
            continue;
        call->reply_end = message->by->end;
        if (call->rare)
            call->rare->lost_reply.frame = 0;
        if (!nh_list_has(&conn->replied, call))
            nh_list_add(&conn->replied, call);
    }
}

/* The reply is resent in vain: its caller waits on. */
static void
wait_on(nh_call *call, nh_conn *conn)
{
    nh_call_wait_again(call);
    nh_call_expect(call);
    nh_call_wait_on(call, conn);
    call->dead = NH_PEER_SILENT;
    nh_call_rare_get(call)->dead_since = nh_call_rare_of(call)->lost_reply;
    nh_raise(&(nh_evidence){
        .finding = NH_DEAD_CALL,
        .call = call,
        .at = nh_call_first(call)->at,
        .says = { NH_REMARK_REPLY_UNACKED,
                  { NH_POINTER(nh_nlm_procedure_name(call->proc)), NH_NUMBER(nh_call_rare_of(call)->lost_reply.frame) } } });
    nh_outage_join(call->pair, call);
}

/* The reply got through at last. */
static void
received(nh_call *call, nh_moment at)
{
    call->reply = nh_call_rare_of(call)->lost_reply;
    nh_call_rare_get(call)->lost_reply.frame = 0;
    call->replies = 1;
    call->pair->answered += !nh_call_is_ping(call);
    nh_reply_received(call, at);
}

void
nh_lost_reply_transport(nh_conn *conn, nh_moment at)
{
    for (unsigned i = conn->replied.len; i-- > 0;) {
        nh_call *call = conn->replied.items[i];
        const nh_half *half = &conn->half[answering_half(conn, call)];
        if (call->reply.frame == at.frame)
            continue;
        if (call->reply.frame && nh_tcp_acked(half, call->reply_end)) {
            nh_list_drop_at(&conn->replied, i);
        } else if (nh_call_rare_of(call)->lost_reply.frame && nh_tcp_acked(half, call->reply_end)) {
            nh_list_drop_at(&conn->replied, i);
            received(call, at);
        } else if (call->reply.frame && half->silent >= 2) {
            wait_on(call, conn);
        }
    }
}

/* Its answer was noted, and did not come to its caller: it waits on. */
static void
take_back(nh_call *call)
{
    nh_call_wait_again(call);
    nh_call_expect(call);
    nh_frame_unnote(call->pair->watch, nh_call_rare_of(call)->lost_reply.frame, NH_RECOVERED);
}

void
nh_lost_reply_result(const nh_call *result)
{
    uint32_t number = nh_call_first(result)->at.frame;
    const nh_frame *frame = nh_frame_find(result->pair->watch, number);

    if (!frame)
        return;
    for (nh_frame_calls item = nh_frame_calls_of(frame); item.call; nh_frame_calls_next(&item)) {
        nh_call *call = item.call;
        if (call->reply.frame != number || !nh_nlm_is_message(call->prog, call->proc))
            continue;
        nh_async_unsettle(call);
        take_back(call);
        call->has_status = false;
        nh_call_rare_get(call)->wrong_source = NULL; /* whatever port it came from, it did not arrive */
        nh_call_rare_get(call)->lost_reply.frame = 0;
    }
}

void
nh_lost_reply_refused(nh_call *call)
{
    const nh_wrong_source *other = nh_call_rare_of(call)->wrong_source;
    bool taken = call->reply.frame && other && call->reply.frame == other->last.frame;

    if (taken || !call->reply.frame)
        nh_async_unsettle(call);
    if (taken) {
        take_back(call);
        call->has_status = false;
    }
    call->pair->takes_no_others = true;
    nh_wrong_source_call(call);
}

/* It was told to ask again, or asks while it waits for its callback. */
static bool
has_to_ask_again(const nh_call *before)
{
    return before->has_status && (before->status == NH_NLM_STAT_BLOCKED || before->status == NH_NLM_STAT_GRACE);
}

/* A *_RES that its caller did not get: it sends the same message, with the same cookie, long after the answer. */
static bool
is_result_lost(const nh_call *before, const nh_call *call, nh_moment at)
{
    return !nh_call_rare_of(before)->wrong_source && before->way == NH_FORWARD && before->l4 == NH_L4_UDP && before->reply.frame &&
           before->has_status && nh_nlm_is_message(before->prog, before->proc) && before->nlm.has_cookie && call->nlm.has_cookie &&
           before->nlm.cookie == call->nlm.cookie && nh_async_asks_the_same(before, call) && !has_to_ask_again(before) &&
           at.time - before->reply.time >= NH_CROSSING_TIME;
}

/* One *_RES answers every copy of its *_MSG, and none of them when it is lost. */
static void
take_back_result(nh_call *before)
{
    const nh_frame *frame = nh_frame_find(before->pair->watch, before->reply.frame);
    uint32_t number = before->reply.frame;

    if (!frame)
        return;
    for (nh_frame_calls item = nh_frame_calls_of(frame); item.call; nh_frame_calls_next(&item)) {
        nh_call *call = item.call;
        if (call->reply.frame != number || !call->has_status || !nh_nlm_is_message(call->prog, call->proc))
            continue;
        nh_async_unsettle(call);
        take_back(call);
        call->has_status = false;
    }
}

void
nh_lost_reply_anew(nh_call *before, const nh_call *call, nh_moment at)
{
    if (before && is_result_lost(before, call, at)) {
        take_back_result(before);
        return;
    }
    const nh_wrong_source *other = before ? nh_call_rare_of(before)->wrong_source : NULL;
    bool receipt = before && nh_call_rare_of(before)->accepted.frame && !before->reply.frame; /* RPC's own: its port is no matter */

    if (before && !receipt && !has_to_ask_again(before) && before->way == NH_FORWARD && other && nh_async_asks_the_same(before, call) &&
        at.time - other->last.time >= NH_CROSSING_TIME)
        nh_lost_reply_refused(before);
}

void
nh_lost_reply_copy(nh_call *call, nh_moment at)
{
    bool followed = call->prog == NH_PROG_NLM || call->asked->prog == NH_PROG_NLM;

    if (call->l4 != NH_L4_UDP || call->way != NH_FORWARD || !followed || nh_call_is_one_way(call) || !call->reply.frame ||
        at.time - call->reply.time < NH_CROSSING_TIME)
        return;
    take_back(call);
    if (nh_wrong_source_call(call))
        return;
    nh_raise(&(nh_evidence){ .finding = NH_PEER_SILENT,
                             .call = call,
                             .at = at,
                             .bits = NH_HARMLESS, /* the copy is the symptom (datagrams.c) */
                             .says = { NH_REMARK_REPLY_LOST, { NH_NUMBER(nh_call_rare_of(call)->lost_reply.frame) } } });
}
