/* icmp.c
 * What an ICMP or ICMPv6 error says of the packet that it quotes.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/icmp.h"

#include "core/base/limits.h"
#include "core/clock/issue.h"
#include "core/net/follow.h"
#include "core/model/frames.h"
#include "core/net/tcp_life.h"
#include "core/judge/raise.h"

#define V4_UNREACHABLE         3
#define V6_UNREACHABLE         1
#define V4_HOST_UNREACHABLE    1
#define V6_ADDRESS_UNREACHABLE 3

/* Codes of RFC 792 (with RFC 1122, RFC 1812) and RFC 4443 that end or hinder a flow, or NULL. */
static const char *
words_of_code(const nh_quote *quote)
{
    /* clang-format off */
    static const char *const v4[] = {
        "network unreachable", "host unreachable", "protocol unreachable", "port unreachable", NULL,
        "source route failed", "network unknown", "host unknown", "source host isolated", "network administratively prohibited",
        "host administratively prohibited", "network unreachable for this service", "host unreachable for this service",
        "communication administratively prohibited",
    };
    static const char *const v6[] = { "no route", "administratively prohibited", "beyond scope", "address unreachable",
                                      "port unreachable", "source address failed policy", "route rejected" };
    /* clang-format on */

    if (quote->v6)
        return quote->type == V6_UNREACHABLE && quote->code < G_N_ELEMENTS(v6) ? v6[quote->code] : NULL;
    /* fragmentation needed: path MTU discovery at work, the packet comes again in smaller pieces */
    return quote->type == V4_UNREACHABLE && quote->code < G_N_ELEMENTS(v4) ? v4[quote->code] : NULL;
}

/*
 * The sender's own host says so of its packet. Host (address) unreachable is what
 * the kernel says when the neighbour does not answer (ipv4_link_failure,
 * net/ipv4/route.c; ndisc_error_report, net/ipv6/ndisc.c); all else its packet
 * filter (reject_tg, net/ipv4/netfilter/ipt_REJECT.c).
 */
static bool
says_own_host(const nh_quote *quote)
{
    return nh_addr_equal(&quote->sender, &quote->src.addr);
}

bool
nh_icmp_is_own_filter(const nh_quote *quote)
{
    return says_own_host(quote) && quote->code != (quote->v6 ? V6_ADDRESS_UNREACHABLE : V4_HOST_UNREACHABLE);
}

nh_remark
nh_icmp_remark(nh_watch *watch, const nh_quote *quote, nh_icmp_about about)
{
    const char *what = words_of_code(quote);
    unsigned who = !says_own_host(quote) ? 0 : nh_icmp_is_own_filter(quote) ? 1 : 2;

    if (!what)
        return (nh_remark){ NH_REMARK_NONE };
    return (nh_remark){ NH_REMARK_ICMP_ERROR,
                        { NH_POINTER(what), NH_POINTER(nh_arena_copy(watch->arena, &quote->sender, sizeof quote->sender)), NH_NUMBER(who),
                          NH_NUMBER(about), NH_NUMBER(0), NH_NUMBER(0), NH_NUMBER(quote->dst.port) } };
}

/* Whether the quoted segment is a SYN that the capture did not see (it waited for ARP, or was sent elsewhere). */
static bool
quotes_unseen_syn(const nh_conn *conn, const nh_quote *quote)
{
    bool syn = quote->has_flags ? (quote->flags & (NH_TH_SYN | NH_TH_ACK)) == NH_TH_SYN
                                : !conn || conn->state == NH_TCP_RESET || conn->state == NH_TCP_CLOSED;

    return syn && quote->has_seq && (!conn || !conn->syn.frame || conn->isn != quote->seq);
}

/* Follow the connection from the SYN that only the ICMP error shows; NULL when it is none of ours. */
static nh_conn *
follow_quoted_syn(nh_watch *watch, const nh_quote *quote, nh_moment at)
{
    nh_segment syn = { .frame = quote->frame,
                       .time = quote->time,
                       .src = quote->src,
                       .dst = quote->dst,
                       .seq = quote->seq,
                       .flags = NH_TH_SYN,
                       .quoted = true };

    nh_conn *conn = nh_tcp_segment(watch, &syn).conn;
    if (!conn)
        return NULL;
    nh_attempt *attempt = &conn->pair->side[conn->way].attempt;
    if (attempt->active && attempt->start.frame == at.frame && nh_wait_is_connect(attempt->wait))
        nh_issue_reach_back(&attempt->issue,
                            nh_bound(NH_ISSUE_ATTEMPT, at.frame,
                                     MAX(at.time - NH_NEIGHBOUR_TIME, conn->previous ? conn->previous->last.time : G_MININT64)));
    return conn;
}

void
nh_icmp_quote_tcp(nh_watch *watch, const nh_quote *quote)
{
    nh_conn *conn = nh_follow_find(watch, &quote->src, &quote->dst);
    nh_moment at = { quote->frame, quote->time };
    nh_remark says = nh_icmp_remark(watch, quote, NH_ICMP_ABOUT_CONN);

    if (says.id == NH_REMARK_NONE)
        return;
    if (quotes_unseen_syn(conn, quote))
        conn = follow_quoted_syn(watch, quote, at);
    if (!conn || conn->foreign)
        return;
    nh_frame *frame = nh_frame_get(watch, at);
    frame->conn = conn;
    frame->pair = conn->pair;
    conn->icmp_sender = quote->sender;
    conn->icmp_own_filter = nh_icmp_is_own_filter(quote);
    bool opening = conn->state == NH_TCP_SYN_SENT || conn->state == NH_TCP_RESET;
    nh_raise(&(nh_evidence){
        .finding = NH_UNREACHABLE, .conn = conn, .at = at, .since = opening && conn->syn.frame ? conn->syn : at, .says = says });
}
