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
raise_dead_call(nh_call *call, uint32_t frame, const char *how)
{
    char *since = nh_moment_text(call->dead_since);

    nh_raise(&(nh_evidence){
        .finding = NH_DEAD_CALL,
        .call = call,
        .at = { frame, call->dead_since.time },
        .text = g_strdup_printf("%s %s: %s since %s", nh_nlm_procedure_name(call->proc), how, nh_finding_name(call->dead), since) });
    g_free(since);
}

void
nh_dead_declare(nh_call *call, nh_finding reason, nh_moment since, uint32_t frame, const char *how)
{
    if (call->prog != NH_PROG_NLM)
        return;
    if (call->dead == NH_FINDING_NONE) {
        call->dead = reason;
        call->dead_since = since;
        if (frame != nh_call_first(call)->at.frame)
            raise_dead_call(call, nh_call_first(call)->at.frame,
                            call->l4 == NH_L4_UDP ? "was sent, and met no answer" : "was sent, then the connection died under it");
    }
    raise_dead_call(call, frame, how);
    nh_outage_join(call->pair, call);
}

/* A connection fell into trouble: the calls on it that no longer can be carried. */
void
nh_dead_bury(nh_conn *conn, const nh_trouble *trouble)
{
    for (unsigned i = 0; conn->waiting && i < conn->waiting->len; i++) {
        nh_call *call = g_ptr_array_index(conn->waiting, i);
        bool lost = nh_finding_get(trouble->finding)->loses_calls || !call->tcp_acked;
        if (lost && call->dead == NH_FINDING_NONE)
            nh_dead_declare(call, trouble->finding, trouble->since, nh_call_first(call)->at.frame,
                            "was sent, then the connection died under it");
    }
}

/* What held a deferred call back: what explains the outage, as far as it is known by now. */
static nh_finding
reason_of_deferral(const nh_call *call, nh_moment *since)
{
    const nh_outage *outage = call->outage ? call->outage : call->pair->open;
    nh_judgement judgement;

    if (!outage)
        return NH_FINDING_NONE;
    judgement = nh_judge(outage);
    if (!judgement.evidence)
        return NH_FINDING_NONE;
    *since = judgement.evidence->since;
    return judgement.cause;
}

void
nh_dead_deferred(nh_call *call, nh_moment at)
{
    nh_moment since = { 0, NH_TIME_NONE };
    nh_finding reason;

    if (!nh_wait_is_connect(call->wait) && call->wait != NH_WAIT_CLOSING && !call->queued && at.time - call->issued_latest < NH_SECOND)
        return;
    reason = reason_of_deferral(call, &since);
    call->deferred = reason != NH_FINDING_NONE;
    /* a port mapper that knows no NLM holds calls back, too, but no connection is dead */
    if (!call->deferred || nh_finding_get(reason)->kind != NH_KIND_TRANSPORT)
        return;
    char *held = nh_duration_text(nh_elapsed(call->issued_earliest, at.time));
    char *how = g_strdup_printf("was held back for %s%s and sent when the outage ended",
                                call->issued_latest > call->issued_earliest ? "up to " : "", held);
    nh_dead_declare(call, reason, since, at.frame, how);
    g_free(held);
    g_free(how);
}

/* A call that is sent although its connection cannot carry it. */
void
nh_dead_sent(nh_call *call, nh_conn *conn, nh_moment at)
{
    int peer = !nh_call_half(call, conn);
    const nh_trouble *trouble = nh_conn_trouble(conn);

    if (conn->half[peer].fin && conn->state != NH_TCP_RESET) {
        char *fin = nh_moment_text(conn->half[peer].fin_at);
        nh_raise(&(nh_evidence){ .finding = NH_HALF_CLOSED,
                                 .conn = conn,
                                 .at = at,
                                 .since = conn->half[peer].fin_at,
                                 .text = g_strdup_printf("Call sent after the peer's FIN of %s", fin) });
        g_free(fin);
        trouble = nh_conn_trouble(conn);
    }
    if (trouble)
        nh_dead_declare(call, trouble->finding, trouble->since, at.frame, "is sent on a dead connection");
    else if (conn->state == NH_TCP_RESET)
        nh_dead_declare(call, NH_RESET, conn->last, at.frame, "is sent on a dead connection");
}
