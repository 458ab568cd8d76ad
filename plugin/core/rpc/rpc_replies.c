/* rpc_replies.c
 * What answers mean: the status of a lock call, refusals, the end of an outage.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/rpc_replies.h"

#include "core/base/limits.h"
#include "core/wire/arguments.h"
#include "core/rpc/async_calls.h"
#include "core/clock/client.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/model/trouble.h"
#include "core/judge/incident.h"
#include "core/clock/kernel_lines.h"
#include "core/locks/lock_leaked.h"
#include "core/locks/lock_table.h"
#include "core/judge/dead_calls.h"
#include "core/judge/outage.h"
#include "core/judge/outage_end.h"
#include "core/judge/raise.h"
#include "core/model/ports.h"
#include "core/rpc/requests.h"
#include "core/net/wrong_source.h"
#include "core/rpc/lost_replies.h"
#include "core/rpc/portmap.h"
#include "core/wire/procedures.h"
#include "core/rpc/statd.h"

static void
raise_recovered(nh_call *call, const nh_outage *outage, nh_moment at)
{
    bool may_log = call->proc != 0 && !(call->way == NH_FORWARD && nh_client_is_other(call->pair));
    bool logged = may_log && call->outlived && nh_line_event(call->pair, call->way, call) == NH_LOG_STILL_TRYING;
    bool refused = nh_outage_has_refusals(outage);
    unsigned what = outage->served ? 1 : refused ? 2 : 0;

    if (outage->id)
        nh_raise(&(nh_evidence){ .finding = NH_RECOVERED,
                                 .call = call,
                                 .at = at,
                                 .says = { NH_REMARK_RECOVERED,
                                           { NH_NUMBER(what), NH_NUMBER(nh_elapsed(outage->start.time, at.time)), NH_NUMBER(what == 0),
                                             NH_NUMBER(logged), NH_POINTER(call->pair), NH_NUMBER(call->way), NH_NUMBER(NH_LOG_OK) } } });
}

static void
blocked(nh_call *call, nh_moment at)
{
    call->pair->blocked = at;
    call->pair->blocked_lock.svid = call->nlm.svid;
    call->pair->blocked_lock.file = call->nlm.file;
    if (call->way == NH_FORWARD) /* into an outage of the callbacks: none would tell of this lock either */
        nh_outage_join(call->pair, call);
}

/* The lock that was blocked is granted in the answer to another LOCK: its callback is needed no longer. */
static void
granted(nh_call *call, nh_moment at)
{
    nh_pair *pair = call->pair;

    if (!nh_call_retries_lock(call))
        return;
    pair->retry_grants += pair->blocked.frame && at.time - pair->blocked.time >= NH_HEALTHY_ANSWER;
    pair->blocked.frame = 0;
    pair->granted_by_retry = at;
    nh_outage_answer(pair, NH_CALLBACK, NH_SERVICE_NLM, call, at);
}

/* Refusals that explain themselves in the status. */
static void
judge_status(nh_call *call, nh_moment at)
{
    nh_finding finding = call->status == NH_NLM_STAT_NOLOCKS ? NH_DENIED_NOLOCKS : call->status == NH_NLM_STAT_GRACE ? NH_GRACE : NH_DENIED;

    if (call->status == NH_NLM_STAT_BLOCKED && nh_nlm_kind(call->proc) == NH_NLM_LOCK)
        blocked(call, at);
    else if (call->status == NH_NLM_STAT_GRANTED && nh_nlm_kind(call->proc) == NH_NLM_LOCK)
        granted(call, at);
    if (call->status == NH_NLM_STAT_GRANTED || call->status == NH_NLM_STAT_BLOCKED)
        return;
    call->pair->denied++;
    const char *name = nh_nlm_status_name(call->status);
    nh_remark_id id = finding == NH_DENIED_NOLOCKS ? NH_REMARK_DENIED_NOLOCKS : NH_REMARK_DENIED;
    nh_raise(&(nh_evidence){ .finding = finding,
                             .call = call,
                             .at = at,
                             .bits = NH_HARMLESS,
                             .says = { id, { NH_POINTER(name), NH_NUMBER(name ? 0 : call->status) } } });
}

static void
judge_copies(nh_call *call, const nh_message *message, nh_moment at)
{
    if (!message->nlm.has_status || !call->has_status || call->status == message->nlm.status || nh_nlm_kind(call->proc) != NH_NLM_LOCK)
        return;
    nh_remark says = { NH_REMARK_COPIES_DIFFER,
                       { NH_NUMBER(nh_call_first(call)->at.frame), NH_POINTER(nh_nlm_status_name(call->status)),
                         NH_NUMBER(call->reply.frame), NH_POINTER(nh_nlm_status_name(message->nlm.status)), NH_NUMBER(at.frame) } };
    if (message->nlm.status == NH_NLM_STAT_GRANTED && call->status != NH_NLM_STAT_BLOCKED)
        nh_fault_leaked(call, NH_FAULT_COPIES, at, &says);
    else
        nh_frame_note(call->pair->watch, at.frame, NH_LOCK_LEAKED, &says);
}

/* Grace after SM_NOTIFY, or after the lock connection was lost: the server's lock manager restarted. */
static void
judge_grace(nh_call *call, nh_moment at)
{
    nh_pair *pair = call->pair;
    bool notified = pair->restarted.frame && at.time - pair->restarted.time < NH_RESTART_TIME;

    nh_raise(&(nh_evidence){ .finding = NH_GRACE, .call = call, .at = at, .since = nh_call_first(call)->at });
    if (!notified && (!pair->lost.frame || at.time - pair->lost.time >= NH_RESTART_TIME))
        return;
    if (!notified)
        pair->restarted = at;
    nh_evidence restarted = { .finding = NH_SERVER_RESTARTED, .call = call, .at = at, .since = pair->restarted };
    if (!notified)
        restarted.says = (nh_remark){ NH_REMARK_GRACE_AFTER_LOSS, { NH_NUMBER(pair->lost.frame) } };
    nh_raise(&restarted);
}

static void
first_reply(nh_call *call, const nh_message *message, nh_moment at)
{
    nh_pair *pair = call->pair;
    nh_time latency = nh_elapsed(nh_call_first(call)->at.time, at.time);

    call->reply = at;
    call->has_status = message->nlm.has_status;
    call->status = message->nlm.status;
    call->refused = message->refused;
    if (call->waits && nh_client_waited(call, at) &&
        !call->outage) /* its client sends nothing again: only the answer shows how long it waited */
        nh_dead_overdue(call, NULL, at);
    if (call->waits)
        nh_call_stop_waiting(call);
    if (call->prog != NH_PROG_NLM || nh_nlm_is_result(call->prog, call->proc))
        return;
    if (!nh_conn_is_of_other_client(pair->side[call->way].attempt.opening, nh_call_last(call)->conn))
        pair->side[call->way].attempt.active = false;
    pair->answered += !nh_call_is_ping(call);
    if (call->way == NH_FORWARD)
        pair->last_answer = MAX(pair->last_answer, at.time);
    if (call->outage)
        nh_outage_extend(call->outage, at);
    if (!nh_time_known(pair->slowest) || latency > pair->slowest)
        pair->slowest = latency;
    nh_async_settle(call);
    nh_request_answered(call);
    if (call->has_status) {
        nh_grant_not_tried(call, at);
        judge_status(call, at);
        nh_grant_refused(call, at);
        nh_leak_judge(call, at);
        nh_locks_answer(call, &message->nlm, at);
    }
}

/* A port mapper that does not know this version of the question is asked in another (rpcb_getport_async, net/sunrpc/rpcb_clnt.c). */
static bool
is_refusal(const nh_call *call)
{
    if (!call->refused || call->prog == NH_PROG_NLM)
        return call->refused != NH_REFUSAL_NONE;
    return call->prog == NH_PROG_PORTMAP && call->asked->prog == NH_PROG_NLM && !nh_arguments_indirect(call->vers, call->proc) &&
           !nh_refusal_is_of_version(call->refused);
}

static void
refused_by_rpc(nh_call *call, nh_moment at)
{
    /* its owner gives the lock up all the same: a fault of the locks, if it is the only call that is refused */
    bool leaked = nh_locks_rejected(call, at) && !call->pair->open;

    nh_raise(&(nh_evidence){
        .finding = NH_RPC_REJECTED,
        .call = call,
        .at = at,
        .since = nh_call_first(call)->at,
        .bits = leaked ? NH_HARMLESS : 0,
        .says = { NH_REMARK_RPC_REJECTED, { NH_NUMBER(nh_call_first(call)->at.frame), NH_POINTER(nh_refusal_name(call->refused)) } } });
}

/* An application gets no lock for want of something on the server. An UNLOCK, or a lock that is asked back, fails in another way (lock_leaked.c, lock_restarts.c). */
static bool
is_without_locks(const nh_call *call)
{
    return call->prog == NH_PROG_NLM && call->has_status && call->status == NH_NLM_STAT_NOLOCKS &&
           nh_nlm_kind(call->proc) != NH_NLM_UNLOCK && !call->nlm.reclaim;
}

/* The lock that was held before the restart is lost: an answer, and no recovery. */
static bool
is_reclaim_refused(const nh_call *call)
{
    return call->prog == NH_PROG_NLM && call->nlm.reclaim && call->has_status && call->status != NH_NLM_STAT_GRANTED &&
           call->status != NH_NLM_STAT_BLOCKED;
}

/* An application gets an error, and not because somebody else has the lock. Of a reclaim, and of UNLOCK and CANCEL, others tell. */
static bool
is_error(const nh_call *call)
{
    uint32_t kind = nh_nlm_kind(call->proc);

    return call->prog == NH_PROG_NLM && call->way == NH_FORWARD && call->has_status && nh_nlm_status_is_error(call->status) &&
           (kind == NH_NLM_LOCK || kind == NH_NLM_TEST || kind == NH_NLM_SHARE) && !call->nlm.reclaim;
}

/* What its refusal says beside that it is one; none: it is no error. */
static nh_finding
error_of(const nh_call *call)
{
    return is_without_locks(call) ? NH_DENIED_NOLOCKS : is_error(call) ? NH_DENIED : NH_FINDING_NONE;
}

static bool
fails(const nh_finding_row *row)
{
    return row->fails_at_once || row->denies;
}

/* An error ends an outage in which the server did not answer, but not one that consists of errors. */
static bool
refuses_again(const nh_call *call)
{
    const nh_outage *outage = call->pair->open;

    bool error = call->prog == NH_PROG_NLM && call->has_status && (error_of(call) || nh_nlm_status_is_error(call->status));

    return outage && error && nh_outage_is_all(outage, fails);
}

/* A client that asks in a version that the port mapper does not have, and in no other, never learns lockd's port. */
static bool
judge_version(nh_call *call, nh_moment at)
{
    nh_moment since;

    if (call->prog != NH_PROG_PORTMAP || !nh_portmap_has_no_version(call, at, &since))
        return false;
    nh_raise(&(nh_evidence){
        .finding = NH_RPC_REJECTED,
        .call = call,
        .at = at,
        .since = since,
        .says = { NH_REMARK_NO_VERSION, { NH_NUMBER(call->vers), NH_POINTER(nh_refusal_name(call->refused)), NH_NUMBER(since.frame) } } });
    return true;
}

/* The outage goes on with the other way alone: an answer that is an error is the end of this one all the same. */
static bool
is_over_this_way(const nh_call *call, nh_moment at)
{
    const nh_outage *outage = call->pair->open;

    return outage && outage->side[call->way].over.frame == at.frame;
}

/* Whatever was asked for is granted by a server that has no outage and never had one. */
static bool
is_plain_grant(const nh_call *call)
{
    return call->prog == NH_PROG_NLM && call->has_status && call->status == NH_NLM_STAT_GRANTED && !call->refused &&
           call->pair->outages->len == 0;
}

/* What a first reply means for the pair's outage. */
static void
answer(nh_call *call, nh_moment at)
{
    if (is_plain_grant(call)) /* nearly all: nothing that follows is about them */
        return;
    if (judge_version(call, at))
        return;
    if (is_refusal(call)) {
        refused_by_rpc(call, at);
        return;
    }
    if (call->prog == NH_PROG_STAT) { /* the status monitor is another program: it says nothing of lock calls */
        nh_statd_answered(call, at);
        return;
    }
    /* whoever reclaims does not ask again: nlmclnt_call, fs/lockd/clntproc.c ("spurious grace period reject") */
    if (call->prog == NH_PROG_NLM && call->has_status && call->status == NH_NLM_STAT_GRACE && !call->nlm.reclaim) {
        judge_grace(call, at);
        return;
    }
    nh_evidence refusal = { .finding = error_of(call), .call = call, .at = at, .since = nh_call_first(call)->at };
    if (refuses_again(call)) {
        if (refusal.finding)
            nh_raise(&refusal);
        return;
    }
    nh_outage *ended = nh_outage_answer(call->pair, call->way, nh_service_of_program(call->prog), call, at);
    if (ended && !is_reclaim_refused(call))
        raise_recovered(call, ended, at);
    if (refusal.finding && !is_over_this_way(call, at))
        nh_raise(&refusal);
}

/* RPC's reply to an asynchronous call: its sender stops to repeat it, and waits for the *_RES. */
static void
take_receipt(nh_call *call, nh_moment at)
{
    nh_call_rare_get(call)->accepted = at;
    call->pair->side[call->way].attempt.active = false;
    if (call->waits)
        nh_call_stop_waiting(call);
}

void
nh_reply_received(nh_call *call, nh_moment at)
{
    if (call->waits)
        nh_call_stop_waiting(call);
    call->pair->side[call->way].attempt.active = false;
    answer(call, at);
}

void
nh_reply_take(nh_call *call, const nh_message *message, nh_moment at)
{
    nh_frame_add_call(nh_frame_get(call->pair->watch, at), call);
    call->latest_reply = at.frame;
    if (message->reply && nh_nlm_is_message(call->prog, call->proc) && !message->refused) {
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
void
nh_reply_result(nh_call *result, const nh_message *message, nh_moment at)
{
    GPtrArray *answered = nh_async_answered(result);
    nh_call *elsewhere = answered ? NULL : nh_async_asked_elsewhere(result);

    for (unsigned i = 0; answered && i < answered->len; i++) {
        nh_call *asked = g_ptr_array_index(answered, i);
        bool other_port = asked->l4 == NH_L4_UDP && result->l4 == NH_L4_UDP && result->src.port != asked->dst.port;
        if (other_port)
            nh_wrong_source_port(asked, message);
        if (other_port && asked->pair->takes_no_others)
            nh_lost_reply_refused(asked);
        else
            nh_reply_take(asked, message, at);
    }
    if (elsewhere) {
        nh_frame_get(result->pair->watch, at)->pair = elsewhere->pair;
        nh_wrong_source_port(elsewhere, message);
    }
    if (answered)
        g_ptr_array_unref(answered);
}
