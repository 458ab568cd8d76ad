/* dead_calls.c
 * Calls on connections that cannot carry them, and calls that an outage held back.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/judge/dead_calls.h"

#include "core/model/call.h"
#include "core/judge/cause.h"
#include "core/model/frames.h"
#include "core/judge/outage.h"
#include "core/judge/raise.h"
#include "core/wire/procedures.h"
#include "core/model/trouble.h"

static void
raise_dead_call(nh_call *call, uint32_t frame, nh_dead_how how)
{
    bool known = call->issue.earliest == call->issue.latest;

    nh_raise(&(nh_evidence){ .finding = NH_DEAD_CALL,
                             .call = call,
                             .at = { frame, nh_call_rare_of(call)->dead_since.time },
                             .says = { NH_REMARK_DEAD_CALL,
                                       { NH_POINTER(nh_nlm_procedure_name(call->proc)), NH_NUMBER(how), NH_NUMBER(call->dead),
                                         NH_MOMENT(nh_call_rare_of(call)->dead_since), NH_NUMBER(!known),
                                         NH_NUMBER(nh_elapsed(call->issue.earliest, nh_call_first(call)->at.time)) } } });
}

void
nh_dead_declare(nh_call *call, nh_finding reason, nh_moment since, uint32_t frame, nh_dead_how how)
{
    if (call->prog != NH_PROG_NLM)
        return;
    if (call->dead == NH_FINDING_NONE) {
        call->dead = reason;
        nh_call_rare_get(call)->dead_since = since;
        if (frame != nh_call_first(call)->at.frame)
            raise_dead_call(call, nh_call_first(call)->at.frame, call->l4 == NH_L4_UDP ? NH_DEAD_UNANSWERED : NH_DEAD_UNDER_IT);
    }
    raise_dead_call(call, frame, how);
    nh_outage_join(call->pair, call);
}

/* A connection fell into trouble: the calls on it that no longer can be carried. */
void
nh_dead_on_conn(nh_conn *conn, const nh_trouble *trouble)
{
    for (unsigned i = 0; i < conn->waiting.len; i++) {
        nh_call *call = conn->waiting.items[i];
        bool lost = nh_finding_get(trouble->finding)->loses_calls || !call->tcp_acked;
        if (lost && call->dead == NH_FINDING_NONE)
            nh_dead_declare(call, trouble->finding, trouble->since, nh_call_first(call)->at.frame, NH_DEAD_UNDER_IT);
    }
}

void
nh_dead_deferred(nh_call *call, nh_moment at)
{
    const nh_outage *outage = call->outage ? call->outage : call->pair->open;
    nh_moment since = { 0, NH_TIME_NONE };

    if (!nh_wait_is_connect(call->wait) && call->wait != NH_WAIT_CLOSING && !call->queued && at.time - call->issue.latest < NH_SECOND)
        return;
    nh_finding reason = outage ? nh_cause_so_far(outage, &since) : NH_FINDING_NONE;
    call->deferred = reason != NH_FINDING_NONE;
    /* a port mapper that knows no NLM holds calls back, too, but no connection is dead */
    if (!call->deferred || nh_finding_get(reason)->kind != NH_KIND_TRANSPORT)
        return;
    nh_dead_declare(call, reason, since, at.frame, NH_DEAD_HELD_BACK);
}

/* A call that is sent although its connection cannot carry it. */
void
nh_dead_sent(nh_call *call, nh_conn *conn, nh_moment at)
{
    int peer = !nh_call_half(call, conn);
    const nh_trouble *trouble = nh_conn_trouble(conn);

    if (conn->half[peer].fin && conn->state != NH_TCP_RESET) {
        nh_raise(&(nh_evidence){ .finding = NH_HALF_CLOSED,
                                 .conn = conn,
                                 .at = at,
                                 .since = conn->half[peer].fin_at,
                                 .says = { NH_REMARK_CALL_AFTER_FIN, { NH_MOMENT(conn->half[peer].fin_at) } } });
        trouble = nh_conn_trouble(conn);
    }
    if (trouble)
        nh_dead_declare(call, trouble->finding, trouble->since, at.frame, NH_DEAD_SENT);
    else if (conn->state == NH_TCP_RESET)
        nh_dead_declare(call, NH_RESET, conn->last, at.frame, NH_DEAD_SENT);
}

static nh_remark
remark_of_overdue(const nh_call *call, nh_moment at)
{
    return (nh_remark){ NH_REMARK_CALL_OVERDUE,
                        { NH_NUMBER(call->tcp_acked), NH_NUMBER(nh_elapsed(nh_call_first(call)->at.time, at.time)) } };
}

void
nh_dead_not_overdue(nh_call *call)
{
    uint32_t frame = nh_call_first(call)->at.frame;
    nh_outage *outage = call->outage;

    call->overdue_at_end = call->outlived = false;
    nh_frame_unnote(call->pair->watch, frame, NH_REPLY_OVERDUE);
    for (unsigned i = outage ? outage->symptoms->len : 0; i-- > 0;) {
        const nh_symptom *symptom = &g_array_index(outage->symptoms, nh_symptom, i);
        if (symptom->finding == NH_REPLY_OVERDUE && symptom->call == call && symptom->at.frame == frame)
            nh_outage_retract(outage, i);
    }
    if (!outage || outage->symptoms->len)
        return;
    for (unsigned i = 0; i < outage->calls->len; i++)
        ((nh_call *)g_ptr_array_index(outage->calls, i))->outage = NULL;
    g_ptr_array_set_size(outage->calls, 0);
    outage->proved = false;
}

void
nh_dead_overdue(nh_call *call, nh_conn *conn, nh_moment at)
{
    nh_moment sent = nh_call_first(call)->at;

    nh_raise(&(nh_evidence){
        .finding = NH_REPLY_OVERDUE, .call = call, .conn = conn, .at = at, .since = sent, .says = remark_of_overdue(call, at) });
}
