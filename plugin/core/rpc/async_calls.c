/* async_calls.c
 * Asynchronous calls: *_MSG and the *_RES that answers it, and callbacks that nobody answers.
 *
 * A *_RES is a call of its own, on whatever connection its sender has. It
 * carries the cookie of the *_MSG, which is unique for its sender only: hosts
 * count from 1 after each boot (fs/lockd/clntproc.c, nlmclnt_next_cookie).
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/async_calls.h"

#include "core/base/limits.h"
#include "core/model/call.h"
#include "core/judge/dead_calls.h"
#include "core/model/frames.h"
#include "core/locks/lock.h"
#include "core/locks/lock_leaked.h"
#include "core/locks/lock_queries.h"
#include "core/judge/outage.h"
#include "core/net/wrong_source.h"
#include "core/judge/raise.h"
#include "core/model/ports.h"
#include "core/rpc/requests.h"
#include "core/wire/procedures.h"

static bool
is_grant(const nh_call *call)
{
    return call->prog == NH_PROG_NLM && nh_nlm_kind(call->proc) == NH_NLM_GRANTED;
}

/* --- MSG and RES -------------------------------------------------------------------- */

static bool
is_answered_by(const nh_call *call, const nh_call *result)
{
    return nh_nlm_is_message(call->prog, call->proc) && call->nlm.has_cookie && call->nlm.cookie == result->nlm.cookie &&
           call->proc - NH_NLM_TEST_MSG == result->proc - NH_NLM_TEST_RES;
}

GPtrArray *
nh_async_answered(nh_call *result)
{
    GPtrArray *unsettled = result->pair->unsettled, *answered = NULL;

    if (!unsettled || !nh_nlm_is_result(result->prog, result->proc) || !result->nlm.has_cookie || !result->nlm.has_status)
        return NULL;
    for (unsigned i = unsettled->len; i-- > 0;) {
        nh_call *call = g_ptr_array_index(unsettled, i);
        if (!is_answered_by(call, result))
            continue;
        if (!answered)
            answered = g_ptr_array_new();
        g_ptr_array_add(answered, call);
        g_ptr_array_remove_index(unsettled, i);
    }
    return answered;
}

nh_call *
nh_async_asked_elsewhere(const nh_call *result)
{
    nh_call *asked = result->l4 == NH_L4_UDP ? nh_wrong_source_asker(result->pair->watch, &result->dst) : NULL;
    bool answers = asked && !asked->reply.frame && asked->pair != result->pair && is_answered_by(asked, result);

    return answers && asked->l4 == NH_L4_UDP ? asked : NULL;
}

/* --- callbacks ------------------------------------------------------------------------ */

static bool
same_lock(const nh_nlm *a, const nh_nlm *b)
{
    return a->has_lock && b->has_lock && a->file == b->file && a->owner == b->owner && a->svid == b->svid && a->offset == b->offset &&
           a->length == b->length;
}

/* The callback before this one, for the same lock and without its answer; NULL when there is none. */
static nh_call *
unanswered_before(const nh_call *grant)
{
    const GPtrArray *unsettled = grant->pair->unsettled;

    for (unsigned i = unsettled ? unsettled->len : 0; i-- > 0;) {
        nh_call *call = g_ptr_array_index(unsettled, i);
        if (call != grant && is_grant(call) && same_lock(&call->nlm, &grant->nlm))
            return call;
    }
    return NULL;
}

/* The first of several callbacks for one lock: since then nobody answers. */
static nh_moment
first_callback(const nh_call *grant)
{
    const GPtrArray *unsettled = grant->pair->unsettled;

    for (unsigned i = 0; unsettled && i < unsettled->len; i++) {
        const nh_call *call = g_ptr_array_index(unsettled, i);
        if (is_grant(call) && same_lock(&call->nlm, &grant->nlm))
            return nh_call_first(call)->at;
    }
    return nh_call_first(grant)->at;
}

static void
lost_without_answer(nh_call *grant, nh_call *before, nh_moment at)
{
    nh_moment since = first_callback(grant);

    nh_raise(&(nh_evidence){
        .finding = NH_GRANT_LOST,
        .call = before,
        .at = at,
        .since = since,
        .says = { NH_REMARK_CALLBACK_AGAIN,
                  { NH_NUMBER(before == grant), NH_NUMBER(since.frame), NH_NUMBER(nh_call_rare_of(before)->accepted.frame != 0),
                    NH_NUMBER(nh_elapsed(since.time, at.time)) } } });
    nh_outage_join(grant->pair, grant);
}

/* Also callbacks for a lock that was granted, refused or given up in another way: nobody waits for their answer. */
void
nh_async_settle(nh_call *call)
{
    GPtrArray *unsettled = call->pair->unsettled;

    if (!unsettled || unsettled->len == 0)
        return;
    g_ptr_array_remove(unsettled, call);
    if (!call->has_status || call->status == NH_NLM_STAT_BLOCKED || nh_nlm_kind(call->proc) == NH_NLM_TEST)
        return;
    for (unsigned i = unsettled->len; i-- > 0;) {
        const nh_call *other = g_ptr_array_index(unsettled, i);
        if (is_grant(other) && same_lock(&other->nlm, &call->nlm))
            g_ptr_array_remove_index(unsettled, i);
    }
}

void
nh_async_resent(nh_call *call, nh_moment at)
{
    if (is_grant(call) && !call->reply.frame && !nh_call_rare_of(call)->accepted.frame)
        lost_without_answer(call, call, at);
}

/* A lock that the client accepted is granted once more: the server did not learn of the answer. */
static void
granted_twice(nh_call *grant, nh_moment at)
{
    nh_lock held;

    if (!nh_locks_called_back(grant, &held))
        return;
    nh_raise(&(nh_evidence){
        .finding = NH_LOCK_LEAKED, .call = grant, .at = at, .says = { NH_REMARK_GRANTED_TWICE, { NH_NUMBER(held.since.frame) } } });
}

/*
 * nlmclnt_grant (fs/lockd/clntlock.c) compares the caller's address with the one
 * that was asked: from another one the callback is for nobody, and the wait goes on.
 */
void
nh_grant_refused(nh_call *grant, nh_moment at)
{
    nh_lock waiting;

    if (!is_grant(grant) || !grant->has_status || grant->status == NH_NLM_STAT_GRANTED || grant->status == NH_NLM_STAT_GRACE)
        return;
    if (!nh_locks_waits(grant, &waiting) || waiting.callbacks > 1) /* it may have taken an earlier one, whose answer did not come */
        return;
    bool other = waiting.pair != grant->pair;
    const nh_lock *who = nh_lock_kept(&waiting);
    nh_frame_get(waiting.pair->watch, at)->pair = waiting.pair; /* it is about that one */
    nh_raise(&(nh_evidence){
        .finding = NH_GRANT_LOST,
        .pair = waiting.pair,
        .way = NH_CALLBACK,
        .service = NH_SERVICE_NLM,
        .at = at,
        .since = at,
        .bits = other ? NH_OTHER_CALLER : NH_REFUSED_BY_CLIENT,
        .says = { NH_REMARK_CALLBACK_REFUSED,
                  { NH_POINTER(who), NH_NUMBER(other), NH_POINTER(&waiting.pair->server), NH_POINTER(&grant->pair->server) } } });
}

/* Whether the server was seen to try to reach the client since then, or may have been missed. */
static bool
may_have_called(const nh_pair *pair, nh_moment since)
{
    const nh_pair_side *back = &pair->side[NH_CALLBACK];

    return back->attempt.start.frame > since.frame || back->last_lookup.frame > since.frame || pair->gap.frame > since.frame ||
           pair->half_captured || !pair->seen_client || !pair->seen_server || pair->encrypted.how;
}

/* The wait for which this call asks again, if whoever stood in its way gave the lock back long enough ago. */
static bool
retries_for_free(nh_call *call, nh_lock *waiting)
{
    nh_moment asked = nh_call_first(call)->at;
    bool granted = call->status == NH_NLM_STAT_GRANTED;

    if (call->way != NH_FORWARD || nh_nlm_kind(call->proc) != NH_NLM_LOCK || !call->nlm.has_lock ||
        !(granted || call->status == NH_NLM_STAT_BLOCKED) || !nh_locks_waits(call, waiting) || waiting->pair != call->pair)
        return false;
    return waiting->nobody.frame && asked.frame > waiting->nobody.frame &&
           asked.time - waiting->nobody.time >= (granted ? NH_CALLBACK_TIME : NH_NOBODY_TIME);
}

void
nh_grant_not_tried(nh_call *call, nh_moment at)
{
    const nh_outage *open = call->pair->open;
    nh_lock waiting;

    if (call->pair->waiters == 0 || (open && open->ways & (1u << NH_CALLBACK))) /* what keeps callbacks from the client is known */
        return;
    if (!retries_for_free(call, &waiting) || waiting.callbacks > 0 || may_have_called(call->pair, waiting.nobody))
        return;
    nh_moment freed = waiting.nobody;
    const nh_lock *who = nh_lock_kept(&waiting);
    nh_time after = nh_call_first(call)->at.time - freed.time;
    nh_raise(&(nh_evidence){ .finding = NH_GRANT_LOST,
                             .pair = call->pair,
                             .way = NH_CALLBACK,
                             .service = NH_SERVICE_NLM,
                             .at = at,
                             .since = { nh_call_first(call)->at.frame, freed.time }, /* that frame is another client's */
                             .bits = NH_NOT_CALLED_BACK,
                             .says = { NH_REMARK_NOT_CALLED_BACK, { NH_POINTER(who), NH_NUMBER(after), NH_NUMBER(freed.frame) } } });
    nh_outage_join(call->pair, call);
}

/* --- *_MSG that are sent anew ------------------------------------------------------------- */

bool
nh_async_asks_the_same(const nh_call *a, const nh_call *b)
{
    if (a->prog != b->prog || a->proc != b->proc)
        return false;
    return a->nlm.has_lock ? same_lock(&a->nlm, &b->nlm) : a->nlm.has_cookie && b->nlm.has_cookie && a->nlm.cookie == b->nlm.cookie;
}

/* The first of those that ask the same and have no *_RES, or NULL; *copies gets their number. */
static nh_call *
first_unanswered(const nh_call *message, unsigned *copies)
{
    const GPtrArray *unsettled = message->pair->unsettled;
    nh_call *first = NULL;

    *copies = 0;
    for (unsigned i = unsettled ? unsettled->len : 0; i-- > 0;) {
        nh_call *call = g_ptr_array_index(unsettled, i);
        if (!nh_async_asks_the_same(call, message))
            continue;
        first = call;
        ++*copies;
    }
    return first;
}

/* The earlier call was answered, and its client did not get or did not take the answer: the new one asks for that. */
static bool
is_answered_in_vain(nh_call *call, nh_call *first, bool taken, nh_moment at)
{
    nh_moment lost = nh_call_rare_of(first)->lost_reply;
    bool wrong_source = nh_call_rare_of(first)->wrong_source != NULL; /* raised when the client did not take it */

    if (lost.frame && !wrong_source)
        nh_raise(&(nh_evidence){ .finding = NH_PEER_SILENT,
                                 .call = first,
                                 .at = at,
                                 .since = nh_call_first(first)->at,
                                 .says = { NH_REMARK_REPLY_LOST, { NH_NUMBER(lost.frame) } } });
    else if (taken || !wrong_source)
        return false;
    nh_outage_join(call->pair, call);
    return true;
}

static nh_remark
remark_of_anew(const nh_call *call, bool taken, bool message, nh_moment since, nh_moment at)
{
    int by = !taken ? 0 : message ? 2 : 1;

    return (nh_remark){ NH_REMARK_SENT_ANEW,
                        { NH_POINTER(nh_nlm_procedure_name(call->proc)), NH_NUMBER(since.frame), NH_NUMBER(by),
                          NH_NUMBER(nh_elapsed(since.time, at.time)) } };
}

/* It asks for what an earlier call, of which the server has not answered any copy, asked for. */
static void
raise_anew(nh_call *call, nh_call *first, unsigned copies, nh_moment at)
{
    bool message = nh_nlm_is_message(call->prog, call->proc), by_udp = call->l4 == NH_L4_UDP;
    bool taken = nh_call_rare_of(first)->accepted.frame || first->tcp_acked, certain = taken || copies >= 2;
    nh_moment since = nh_call_first(first)->at;

    if (nh_elapsed(since.time, at.time) < (message || by_udp ? NH_CALLBACK_REPEAT_TIME : NH_ASKED_ANEW_TIME) || (!taken && !by_udp) ||
        is_answered_in_vain(call, first, taken, at))
        return;
    nh_evidence evidence = { .finding = taken ? NH_REPLY_OVERDUE : NH_PEER_SILENT, .call = call, .at = at, .since = since };
    if (certain)
        evidence.says = remark_of_anew(call, taken, message, since, at);
    else
        evidence.bits = NH_SUSPICION;
    nh_raise(&evidence);
    nh_outage_join(call->pair, first); /* of the same request, though it waits no longer itself */
    if (!taken && copies >= 2)
        nh_dead_declare(call, evidence.finding, since, at.frame, NH_DEAD_SENT_ANEW);
}

/*
 * RPC repeats nothing that expects no reply: the caller itself sends the message
 * anew, under another XID; and clients that give a call up do so with every call.
 * Over UDP that is what a retransmission is elsewhere (datagrams.c); over TCP the
 * connection tells whether the server has it.
 */
static void
asked_anew(nh_call *call, nh_moment at)
{
    unsigned copies = 0;
    nh_call *first = nh_nlm_is_message(call->prog, call->proc) ? first_unanswered(call, &copies) : nh_request_asked(call, &copies);

    if (first)
        raise_anew(call, first, copies, at);
}

static void
add_unsettled(nh_call *call)
{
    nh_pair *pair = call->pair;

    if (!pair->unsettled)
        pair->unsettled = g_ptr_array_new();
    if (pair->unsettled->len >= NH_UNSETTLED_MAX)
        g_ptr_array_remove_index(pair->unsettled, 0);
    g_ptr_array_add(pair->unsettled, call);
}

void
nh_async_call(nh_call *call, nh_moment at)
{
    if (is_grant(call)) {
        nh_call *before = unanswered_before(call);
        if (before && at.time - nh_call_first(before)->at.time >= NH_CALLBACK_REPEAT_TIME)
            lost_without_answer(call, before, at);
        else if (!before)
            granted_twice(call, at);
    }
    if (!is_grant(call) && !nh_nlm_is_result(call->prog, call->proc))
        asked_anew(call, at);
    if (!is_grant(call) && !nh_nlm_is_message(call->prog, call->proc))
        return;
    add_unsettled(call);
}

void
nh_async_unsettle(nh_call *call)
{
    GPtrArray *unsettled = call->pair->unsettled;

    if (nh_nlm_is_message(call->prog, call->proc) && !(unsettled && g_ptr_array_find(unsettled, call, NULL)))
        add_unsettled(call);
}

/* --- locks left behind -------------------------------------------------------------------- */

void
nh_leak_judge(nh_call *call, nh_moment at)
{
    nh_lock suspect;

    if (nh_nlm_kind(call->proc) != NH_NLM_LOCK || !call->nlm.has_lock || !call->has_status ||
        (call->status != NH_NLM_STAT_DENIED && call->status != NH_NLM_STAT_BLOCKED) || !nh_locks_suspect(call, &suspect))
        return;
    nh_fault_leaked(suspect.call, NH_FAULT_COPIES, at,
                    &(nh_remark){ NH_REMARK_COPY_GRANTED,
                                  { NH_NUMBER(at.frame), NH_POINTER(suspect.caller[0] ? suspect.caller : "an unknown host"),
                                    NH_NUMBER(suspect.svid), NH_NUMBER(suspect.since.frame) } });
}

/* Its connection was lost after TCP had taken the call. */
static const nh_conn *
lost_under(const nh_call *call)
{
    const nh_conn *conn = nh_call_last(call)->conn;
    return conn && call->tcp_acked && conn->state == NH_TCP_RESET ? conn : NULL;
}

void
nh_leak_complete(nh_watch *watch)
{
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        const nh_list *waiting = &((const nh_pair *)g_ptr_array_index(watch->pair_list, i))->side[NH_FORWARD].outstanding;
        for (unsigned j = 0; j < waiting->len; j++) {
            nh_call *call = waiting->items[j];
            const nh_conn *conn = call->prog == NH_PROG_NLM && nh_nlm_kind(call->proc) == NH_NLM_UNLOCK ? lost_under(call) : NULL;
            if (conn && !nh_frame_has(nh_frame_find(watch, nh_call_first(call)->at.frame), NH_LOCK_LEAKED) &&
                call->pair->last_answer - conn->last.time >
                    NH_UNLOCK_RESEND_TIME) /* it went on locking, and would have sent the call again */
                nh_fault_leaked(call, NH_FAULT_UNLOCK_UNANSWERED, nh_call_first(call)->at,
                                &(nh_remark){ NH_REMARK_UNLOCK_UNANSWERED, { NH_NUMBER(conn->last.frame) } });
        }
    }
}
