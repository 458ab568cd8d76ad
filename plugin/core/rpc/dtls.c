/* dtls.c
 * RPC over DTLS (RFC 9289 section 4.1): datagrams that cannot be read, judged by whether anything answers them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/rpc/dtls.h"

#include "core/base/limits.h"
#include "core/model/frames.h"
#include "core/net/icmp.h"
#include "core/judge/outage_end.h"
#include "core/judge/raise.h"
#include "core/net/pairs.h"
#include "core/model/ports.h"

typedef struct {
    nh_end client, server;
    bool encrypted;        /* STARTTLS was answered */
    unsigned unanswered;   /* datagrams that the client sent again and again since the server's last */
    nh_moment first, last; /* of these */
} flow;

static flow *
find_flow(const nh_watch *watch, const nh_end *client, const nh_end *server)
{
    for (unsigned i = 0; watch->dtls_flows && i < watch->dtls_flows->len; i++) {
        flow *f = g_ptr_array_index(watch->dtls_flows, i);
        if (f->client.port == client->port && f->server.port == server->port && nh_addr_equal(&f->client.addr, &client->addr) &&
            nh_addr_equal(&f->server.addr, &server->addr))
            return f;
    }
    return NULL;
}

/* The call of the AUTH_TLS flavor that asks whether the server knows TLS. */
static void
probe(nh_watch *watch, const nh_end *client, const nh_end *server)
{
    if (find_flow(watch, client, server))
        return;
    if (!watch->dtls_flows)
        watch->dtls_flows = g_ptr_array_new_with_free_func(g_free);
    if (watch->dtls_flows->len >= NH_DTLS_FLOWS_MAX)
        g_ptr_array_remove_index(watch->dtls_flows, 0);
    flow *f = g_new0(flow, 1);
    f->client = *client;
    f->server = *server;
    g_ptr_array_add(watch->dtls_flows, f);
}

bool
nh_dtls_header(nh_watch *watch, const nh_message *message, const nh_rpc_header *header)
{
    if (header->tls_probe && nh_service_of_program(header->prog) != NH_SERVICE_NONE)
        probe(watch, &message->src, &message->dst);
    flow *f = header->starttls ? find_flow(watch, &message->dst, &message->src) : NULL;
    if (f)
        f->encrypted = true;
    return f != NULL;
}

static nh_pair *
show_on_frame(nh_watch *watch, const flow *f, nh_way *way, nh_moment at)
{
    nh_pair *pair = nh_pair_of_flow(watch, &f->client.addr, &f->server.addr, way);
    nh_frame *frame = nh_frame_get(watch, at);

    frame->pair = pair;
    frame->service = NH_SERVICE_NLM;
    return pair;
}

static void
raise_of_flow(nh_watch *watch, const flow *f, nh_finding finding, nh_moment at, const nh_quote *quote, nh_remark says)
{
    nh_evidence evidence = {
        .finding = finding, .service = NH_SERVICE_NLM, .at = at, .since = f->unanswered ? f->first : at, .says = says
    };

    evidence.pair = show_on_frame(watch, f, &evidence.way, at);
    if (quote) {
        evidence.icmp_sender = &quote->sender;
        evidence.bits = nh_icmp_is_own_filter(quote) ? NH_OWN_FILTER : 0;
    }
    nh_raise(&evidence);
}

static void
sent(nh_watch *watch, flow *f, nh_moment at)
{
    nh_time gap = at.time - f->last.time;
    nh_way way;

    show_on_frame(watch, f, &way, at); /* an outage may begin with it */
    if (f->unanswered && gap < NH_DTLS_REPEAT_MIN)
        return;
    if (f->unanswered == 0 || gap > NH_DTLS_REPEAT_MAX || gap < 0) {
        f->first = at;
        f->unanswered = 0;
    }
    f->unanswered++;
    f->last = at;
    if (f->unanswered < 3)
        return;
    raise_of_flow(watch, f, NH_PEER_SILENT, at, NULL,
                  (nh_remark){ NH_REMARK_DTLS_SILENCE, { NH_NUMBER(nh_elapsed(f->first.time, at.time)) } });
}

void
nh_dtls_datagram(nh_watch *watch, const nh_end *src, const nh_end *dst, nh_moment at)
{
    flow *f = find_flow(watch, src, dst);

    if (f && f->encrypted) {
        sent(watch, f, at);
        return;
    }
    f = find_flow(watch, dst, src);
    if (!f || !f->encrypted)
        return;
    nh_way way;
    nh_pair *pair = show_on_frame(watch, f, &way, at);
    f->unanswered = 0;
    nh_pair_seen(pair, &src->addr);
    nh_outage_answer(pair, way, NH_SERVICE_NLM, NULL, at);
}

bool
nh_dtls_quote(nh_watch *watch, const nh_quote *quote)
{
    const flow *f = find_flow(watch, &quote->src, &quote->dst);

    if (!f || !f->encrypted)
        return false;
    nh_remark says = nh_icmp_remark(watch, quote, NH_ICMP_ABOUT_ENCRYPTED);
    if (says.id != NH_REMARK_NONE)
        raise_of_flow(watch, f, NH_UNREACHABLE, (nh_moment){ quote->frame, quote->time }, quote, says);
    return true;
}
