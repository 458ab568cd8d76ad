/* datagrams.c
 * Calls over UDP: copies, silence and ICMP errors, which no connection tells of.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/datagrams.h"

#include "core/base/limits.h"
#include "core/rpc/async_calls.h"
#include "core/rpc/lost_replies.h"
#include "core/model/call.h"
#include "core/judge/dead_calls.h"
#include "core/model/frames.h"
#include "core/net/wrong_source.h"
#include "core/net/icmp.h"
#include "core/judge/raise.h"
#include "core/net/pairs.h"
#include "core/model/ports.h"
#include "core/wire/procedures.h"

bool
nh_datagram_copied(const nh_call *call, const nh_message *message)
{
    return message->l4 == NH_L4_UDP && ABS(message->time - nh_call_last(call)->at.time) < NH_DATAGRAM_COPY_TIME;
}

/* The copy before this one met an ICMP error. */
static bool
met_icmp_error(const nh_call *call)
{
    const nh_sending *before = &call->sendings[call->n_sendings - 2];
    return nh_call_rare_of(call)->icmp.at.frame && nh_call_rare_of(call)->icmp.at.frame > before->at.frame;
}

/* Over UDP nothing acknowledges a call: two retransmissions without any answer are a silent peer. */
void
nh_datagram_resent(nh_call *call, nh_moment at)
{
    nh_evidence silence = { .finding = NH_PEER_SILENT, .call = call, .at = at, .since = nh_call_first(call)->at, .bits = NH_SUSPICION };

    if (nh_elapsed(silence.since.time, at.time) == 0) /* the clock was set back: nobody knows how long it was silent */
        return;
    if (met_icmp_error(call)) { /* whoever sends errors is not silent */
        if (nh_call_rare_of(call)->icmp.port == call->dst.port)
            nh_dead_declare(call, NH_UNREACHABLE, nh_call_rare_of(call)->icmp.at, at.frame, NH_DEAD_RESENT_INTO_ERROR);
        return;
    }
    if (nh_wrong_source_call(call)) { /* nor is who answers from another address */
        nh_dead_declare(call, NH_ANSWER_ELSEWHERE, nh_call_rare_of(call)->wrong_source->last, at.frame, NH_DEAD_RESENT_ANSWERED_ELSEWHERE);
        return;
    }
    if (call->n_sendings >= 3) {
        silence.bits = 0;
        if (!nh_call_rare_of(call)->lost_reply.frame)
            silence.says = (nh_remark){ NH_REMARK_DATAGRAM_SILENCE,
                                        { NH_NUMBER(call->n_sendings - 1), NH_NUMBER(nh_elapsed(silence.since.time, at.time)) } };
    }
    nh_raise(&silence);
    if (call->n_sendings >= 3)
        nh_dead_declare(call, NH_PEER_SILENT, silence.since, at.frame, NH_DEAD_RESENT_UNANSWERED);
}

static bool
is_between(const nh_call *call, const nh_quote *quote)
{
    return call->l4 == NH_L4_UDP && call->dst.port == quote->dst.port && call->src.port == quote->src.port;
}

/* The waiting call of this pair that was sent last between these ends over UDP. */
static nh_call *
waiting_datagram(nh_pair *pair, nh_way way, const nh_quote *quote)
{
    const nh_list *outstanding = &pair->side[way].outstanding;
    nh_call *latest = pair->side[way].latest_datagram;

    if (latest && latest->waits && is_between(latest, quote))
        return latest;
    latest = NULL;
    for (unsigned i = outstanding->len - MIN(outstanding->len, NH_QUOTED_DEPTH); i < outstanding->len; i++) {
        nh_call *call = outstanding->items[i];
        if (is_between(call, quote) && (!latest || nh_call_last(call)->at.frame > nh_call_last(latest)->at.frame))
            latest = call;
    }
    return latest;
}

/* The call between these ends that was captured so shortly before that the error may be late for it; NULL: none. */
static nh_call *
captured_shortly_before(const nh_watch *watch, const nh_quote *quote)
{
    for (unsigned i = watch->call_list.len; i-- > 0;) {
        nh_call *call = watch->call_list.items[i];
        if (quote->time - nh_call_last(call)->at.time > NH_LATE_ERROR_TIME)
            return NULL;
        if (is_between(call, quote) && nh_addr_equal(&call->dst.addr, &quote->dst.addr) && nh_addr_equal(&call->src.addr, &quote->src.addr))
            return call;
    }
    return NULL;
}

/* A lock call that only the error shows: it waited for ARP, or its own host's firewall rejected it. */
static void
quote_unseen(nh_pair *pair, nh_way way, const nh_quote *quote)
{
    nh_moment at = { quote->frame, quote->time };
    nh_frame *frame = nh_frame_get(pair->watch, at);

    frame->pair = pair;
    frame->service = NH_SERVICE_NLM;
    nh_raise(&(nh_evidence){ .finding = NH_UNREACHABLE,
                             .pair = pair,
                             .way = way,
                             .service = NH_SERVICE_NLM,
                             .at = at,
                             .since = at,
                             .bits = nh_icmp_is_own_filter(quote) ? NH_OWN_FILTER : 0,
                             .icmp_sender = &quote->sender,
                             .says = nh_icmp_remark(pair->watch, quote, NH_ICMP_ABOUT_UNSEEN) });
}

/* The error is about this call. */
static void
remember_error(nh_call *call, const nh_quote *quote, nh_moment at)
{
    nh_frame *frame = nh_frame_get(call->pair->watch, at);
    nh_call_rare *rare = nh_call_rare_get(call);

    frame->pair = call->pair;
    frame->service = nh_service_of_program(call->prog);
    rare->icmp.at = at;
    rare->icmp.sender = quote->sender;
    rare->icmp.port = quote->dst.port;
    rare->icmp.own_filter = nh_icmp_is_own_filter(quote);
}

/* A notice of a restart, or the look-up for it: no lock call, and no callback, suffers (statd.c). */
static bool
is_of_notice(const nh_call *call)
{
    return call->prog == NH_PROG_STAT || (call->prog == NH_PROG_PORTMAP && call->asked->prog == NH_PROG_STAT);
}

static void
note_notice_error(const nh_call *call)
{
    nh_notice *notice = nh_call_rare_of(call)->notice;

    if (!notice)
        return;
    notice->errors++;
    notice->error_by_host = nh_addr_equal(&nh_call_rare_of(call)->icmp.sender, &call->dst.addr);
}

static void
raise_error(nh_call *call, nh_remark *says, nh_moment at)
{
    says->values[4].pointer = nh_procedure_name(call->prog, call->vers, call->proc);
    says->values[5].number = nh_call_last(call)->at.frame;
    nh_raise(&(nh_evidence){ .finding = NH_UNREACHABLE,
                             .call = call,
                             .at = at,
                             .since = nh_call_first(call)->at,
                             .bits = is_of_notice(call) ? NH_HARMLESS : 0,
                             .says = *says });
}

/* A *_RES that nobody took: its call is not answered. False when the error is about something else. */
static bool
quote_result(nh_watch *watch, const nh_quote *quote)
{
    nh_call *result = captured_shortly_before(watch, quote);
    nh_moment at = { quote->frame, quote->time };
    nh_remark says = nh_icmp_remark(watch, quote, NH_ICMP_ABOUT_CALL);

    if (!result || !nh_nlm_is_result(result->prog, result->proc) || says.id == NH_REMARK_NONE)
        return false;
    remember_error(result, quote, at);
    nh_lost_reply_result(result);
    raise_error(result, &says, at);
    return true;
}

void
nh_datagram_quote(nh_watch *watch, const nh_quote *quote)
{
    nh_moment at = { quote->frame, quote->time };
    nh_way way;

    nh_call *refused = nh_wrong_source_quote(watch, quote);
    if (refused) {
        nh_lost_reply_refused(refused);
        return;
    }
    if (quote_result(watch, quote))
        return;
    if (nh_port_program(watch, &quote->dst.addr, NH_L4_UDP, quote->dst.port) == 0 && quote->dst.port != NH_PORTMAP_PORT)
        return;
    nh_pair *pair = nh_pair_of_flow(watch, &quote->src.addr, &quote->dst.addr, &way);
    nh_call *call = waiting_datagram(pair, way, quote);
    nh_remark says = nh_icmp_remark(watch, quote, NH_ICMP_ABOUT_CALL);
    bool hinders = says.id != NH_REMARK_NONE;
    if (hinders && !call && nh_port_program(watch, &quote->dst.addr, NH_L4_UDP, quote->dst.port) == NH_PROG_NLM &&
        !captured_shortly_before(watch, quote))
        quote_unseen(pair, way, quote);
    if (!hinders || !call)
        return;
    remember_error(call, quote, at);
    note_notice_error(call);
    raise_error(call, &says, at);
    if (!is_of_notice(call))
        nh_dead_declare(call, NH_UNREACHABLE, at, nh_call_first(call)->at.frame,
                        way == NH_CALLBACK ? NH_DEAD_TO_CLIENT : NH_DEAD_TO_SERVER);
}
