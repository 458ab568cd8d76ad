/* tcp_open.c
 * The opening of a connection (RFC 9293 section 3.5): SYN, SYN-ACK and what answers them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/tcp_open.h"

#include "core/clock/issue_syns.h"
#include "core/clock/attempt.h"
#include "core/net/wrong_source.h"
#include "core/net/follow.h"
#include "core/model/frames.h"
#include "core/model/losses.h"
#include "core/clock/lookups.h"
#include "core/net/turned_away.h"
#include "core/judge/outage_end.h"
#include "core/model/trouble.h"
#include "core/judge/raise.h"
#include "core/model/ports.h"

/* Of a connection met in the middle one acknowledged FIN may be all that the capture has of its end. */
static bool
was_closing(const nh_conn *conn)
{
    return conn->middle && (conn->half[0].fin_acked || conn->half[1].fin_acked);
}

static void
first_syn(nh_segment_context *p)
{
    nh_conn *conn = p->conn;
    const nh_conn *before = conn->previous;

    if (conn->synack.frame) /* it comes behind its answer */
        nh_loss_filled(conn->pair);
    conn->isn = p->seg->seq;
    conn->syn = conn->attempt_syn = p->at;
    conn->syn_count = 1;
    /* one that fell into trouble and closed at last did not close cleanly */
    bool clean = before && !before->troubles && (before->state == NH_TCP_CLOSED || was_closing(before));

    if (before && !clean && (before->established.frame || before->middle) && conn->first.frame == p->at.frame)
        nh_raise(&(nh_evidence){
            .finding = NH_PORT_REUSED, .conn = conn, .at = p->at, .says = { NH_REMARK_PORT_REUSED, { NH_MOMENT(before->last) } } });
    if (conn->service == NH_SERVICE_PORTMAP)
        nh_lookup_syn(conn, p->at, !p->seg->quoted);
    else if (nh_conn_carries_locks(conn))
        nh_attempt_connect(conn, p->at);
}

static void
synack_ignored(nh_segment_context *p, bool synack)
{
    nh_conn *conn = p->conn;

    nh_raise(&(nh_evidence){
        .finding = NH_SYNACK_UNACKED,
        .conn = conn,
        .silent = NH_SILENT_CLIENT,
        .at = p->at,
        .since = conn->synack,
        .says = { NH_REMARK_SYNACK_IGNORED, { NH_NUMBER(synack), NH_MOMENT(conn->synack), NH_NUMBER(nh_conn_role(conn, 0)) } } });
}

static void
syn_unanswered(nh_segment_context *p)
{
    nh_conn *conn = p->conn;

    nh_raise(&(nh_evidence){
        .finding = NH_SYN_UNANSWERED,
        .conn = conn,
        .silent = NH_SILENT_SERVER,
        .at = p->at,
        .since = conn->syn,
        .says = { NH_REMARK_SYN_RESENT, { NH_NUMBER(nh_elapsed(conn->syn.time, p->at.time)), NH_NUMBER(conn->syn.frame) } } });
}

/* Another attempt: whether it is answered is not known yet. A client that sends one SYN each time never resends any. */
static void
attempt_again(nh_segment_context *p)
{
    nh_conn *conn = p->conn;

    conn->tries_are_trouble = conn->attempts_unanswered > 1 && (conn->tries_are_trouble || !nh_conn_trouble(conn));
    if (conn->tries_are_trouble && !nh_wrong_source_conn(conn, conn->attempt_syn))
        syn_unanswered(p);
    conn->attempt_syn = p->at;
}

/* A SYN that was sent before, or another attempt after the first one failed. */
static void
syn_again(nh_segment_context *p)
{
    nh_conn *conn = p->conn;
    nh_trouble *trouble = nh_conn_trouble(conn);
    bool answered = trouble && nh_finding_get(trouble->finding)->answers_syn;

    if (p->seg->seq == conn->isn)
        nh_issue_by_syn(conn, p->at);
    if (conn->syn_count == 1)
        conn->syn_gap = p->at.time - conn->syn.time;
    conn->syn_count++;
    if (p->seg->seq != conn->isn)
        attempt_again(p);
    else if (conn->synack.frame)
        synack_ignored(p, false);
    else if (nh_wrong_source_conn(conn, conn->attempt_syn))
        ; /* told on the answer itself */
    else if (!answered && p->to->packets == 0)
        syn_unanswered(p);
    if (nh_conn_carries_locks(conn))
        nh_attempt_connect(conn, p->at);
}

void
nh_open_syn(nh_segment_context *p)
{
    nh_conn *conn = p->conn;

    if (!conn->syn.frame)
        first_syn(p);
    else
        syn_again(p);
    conn->isn = p->seg->seq;
}

/* Its SYN was not captured, or comes behind. */
static void
synack_first(nh_segment_context *p)
{
    nh_conn *conn = p->conn;
    nh_moment *lookup = &conn->pair->side[conn->way].last_lookup;

    conn->isn = p->seg->ack - 1;
    nh_loss_note(conn->pair, p->at);
    if (conn->service == NH_SERVICE_PORTMAP)
        *lookup = lookup->frame ? *lookup : p->at;
    else if (nh_conn_carries_locks(conn))
        nh_attempt_connect(conn, p->at);
}

void
nh_open_synack(nh_segment_context *p)
{
    nh_conn *conn = p->conn;

    if (!conn->synack.frame || conn->server_isn != p->seg->seq) {
        conn->synack = p->at;
        conn->server_isn = p->seg->seq;
        conn->synack_count = 1;
        if (!conn->syn.frame && conn->state != NH_TCP_ESTABLISHED)
            synack_first(p);
        if (conn->state != NH_TCP_ESTABLISHED)
            conn->state = NH_TCP_SYN_RECEIVED;
        return;
    }
    conn->synack_count++;
    if (conn->state == NH_TCP_SYN_RECEIVED)
        synack_ignored(p, true);
    else if (conn->state == NH_TCP_ESTABLISHED)
        conn->unaccepted = p->at;
}

/* Older attempts of the same service that failed are overcome once a connection opens. */
static void
overcome_failed_attempts(nh_conn *conn, nh_moment at)
{
    GPtrArray *troubled = conn->pair->troubled;

    for (unsigned i = troubled->len; i-- > 0 && i < troubled->len;) {
        nh_conn *other = g_ptr_array_index(troubled, i);
        if (other != conn && other->way == conn->way && nh_conn_service(other) == nh_conn_service(conn) &&
            other->state != NH_TCP_ESTABLISHED)
            nh_trouble_end(other, NH_FINDING_NONE, at);
    }
}

/*
 * The handshake tells where the capture was taken: the host that is near answers
 * at once, the far one after the round trip.
 */
static void
vote_for_position(nh_conn *conn, nh_moment ack)
{
    nh_time far_server = conn->synack.time - conn->attempt_syn.time, far_client = ack.time - conn->synack.time;
    bool initiator_is_client = nh_addr_equal(&conn->client.addr, &conn->pair->client);

    if (!conn->syn.frame || !conn->synack.frame || conn->syn_count > 1 || far_server < 0 || far_client < 0)
        return;
    /* divided, since a wrong clock makes times of which three are too many */
    if (far_server / 3 > far_client)
        (*(initiator_is_client ? &conn->pair->near_client : &conn->pair->near_server))++;
    else if (far_client / 3 > far_server)
        (*(initiator_is_client ? &conn->pair->near_server : &conn->pair->near_client))++;
}

static void
establish(nh_segment_context *p)
{
    nh_conn *conn = p->conn;

    if (p->index == 0)
        vote_for_position(conn, p->at);
    if (!conn->synack.frame)
        nh_loss_note(conn->pair, p->at);

    conn->state = NH_TCP_ESTABLISHED;
    conn->established = p->at;
    nh_trouble_end(conn, NH_FINDING_NONE, p->at);
    overcome_failed_attempts(conn, p->at);
    nh_turned_away_opens(conn);
    nh_records_start(&conn->half[0].records, true, conn->isn + 1);
    nh_records_start(&conn->half[1].records, conn->synack.frame != 0, conn->server_isn + 1);
}

bool
nh_open_other(nh_segment_context *p)
{
    nh_conn *conn = p->conn;

    if (p->index == 0) {
        if (p->seg->flags & NH_TH_ACK)
            establish(p);
        return true;
    }
    /* what acknowledges a little more than the SYN was captured before the SYN-ACK */
    if (p->seg->flags & NH_TH_ACK && p->seg->len == 0 && p->seg->ack - conn->isn - 1 > G_MAXUINT16 && !conn->synack.frame) {
        nh_raise(&(nh_evidence){
            .finding = NH_CHALLENGE_ACK,
            .conn = conn,
            .at = p->at,
            .since = conn->syn,
            .says = { NH_REMARK_CHALLENGE_ACK, { NH_NUMBER(conn->attempt_syn.frame), NH_NUMBER(nh_conn_role(conn, 1)) } } });
        return false;
    }
    establish(p);
    return true;
}
