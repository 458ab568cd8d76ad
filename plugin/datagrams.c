/* datagrams.c
 * Calls over UDP: copies, silence and ICMP errors, which no connection tells of.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "datagrams.h"

#include "async_calls.h"
#include "call.h"
#include "dead_calls.h"
#include "frames.h"
#include "icmp.h"
#include "pairs.h"
#include "ports.h"
#include "procedures.h"

/* RPC waits for seconds before it sends a call again: what follows sooner is a frame captured twice. */
#define COPY_TIME (50 * NH_MSEC)

gboolean
nh_datagram_copied(const nh_call *call, const nh_message *message)
{
    return message->l4 == NH_L4_UDP && ABS(message->time - nh_call_last(call)->at.time) < COPY_TIME;
}

/* The copy before this one met an ICMP error. */
static gboolean
met_icmp_error(const nh_call *call)
{
    const nh_sending *before = &call->sendings[call->n_sendings - 2];
    return call->icmp.at.frame && call->icmp.at.frame > before->at.frame;
}

/* The server's look-up for a callback fails. */
static void
judge_callback(nh_call *call, nh_moment at, nh_moment since, nh_finding why)
{
    if (call->way == NH_CALLBACK && call->asked.prog == NH_PROG_NLM && call->pair->blocked.frame)
        nh_grant_lost(call, at, since,
                      g_strdup_printf("The callback for the lock blocked in frame %u cannot reach the client: %s", call->pair->blocked.frame,
                                      nh_finding_name(why)));
}

/* Over UDP nothing acknowledges a call: two retransmissions without any answer are a silent peer. */
void
nh_datagram_resent(nh_call *call, nh_moment at)
{
    nh_moment since = nh_call_first(call)->at;

    if (met_icmp_error(call)) { /* whoever sends errors is not silent */
        if (call->icmp.port == call->dst.port)
            nh_dead_declare(call, NH_UNREACHABLE, call->icmp.at, at.frame, "is resent into an ICMP error");
        return;
    }
    if (call->n_sendings >= 3) {
        char *silence = nh_duration_text(at.time - since.time);
        nh_frame_note(call->pair->watch, at.frame, NH_PEER_SILENT,
                      g_strdup_printf("Retransmission number %u over UDP without any answer for %s", call->n_sendings - 1, silence));
        nh_dead_declare(call, NH_PEER_SILENT, since, at.frame, "is resent without any answer");
        judge_callback(call, at, since, NH_PEER_SILENT);
        g_free(silence);
    }
    nh_call_symptom(call, NH_PEER_SILENT, at, since);
}

/* The waiting call of this pair that was sent last between these ends over UDP. */
static nh_call *
waiting_datagram(nh_pair *pair, nh_way way, const nh_quote *quote)
{
    nh_call *latest = NULL;

    for (guint i = 0; i < pair->outstanding[way]->len; i++) {
        nh_call *call = g_ptr_array_index(pair->outstanding[way], i);
        if (call->l4 == NH_L4_UDP && call->dst.port == quote->dst.port && call->src.port == quote->src.port &&
            (!latest || nh_call_last(call)->at.frame > nh_call_last(latest)->at.frame))
            latest = call;
    }
    return latest;
}

void
nh_datagram_quote(nh_watch *watch, const nh_quote *quote)
{
    nh_moment at = { quote->frame, quote->time };
    nh_way way;

    if (nh_port_program(watch, &quote->dst.addr, NH_L4_UDP, quote->dst.port) == 0 && quote->dst.port != NH_PORTMAP_PORT)
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
                                  nh_call_last(call)->at.frame));
    g_free(text);
    call->icmp.at = at;
    call->icmp.sender = quote->sender;
    call->icmp.port = quote->dst.port;
    call->icmp.own_filter = nh_icmp_is_own_filter(quote);
    nh_dead_declare(call, NH_UNREACHABLE, at, nh_call_first(call)->at.frame, way == NH_CALLBACK ? "cannot reach the client" : "cannot reach the server");
    nh_call_symptom(call, NH_UNREACHABLE, at, nh_call_first(call)->at);
    judge_callback(call, at, nh_call_first(call)->at, NH_UNREACHABLE);
}
