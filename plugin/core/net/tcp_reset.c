/* tcp_reset.c
 * The end of a connection by RST (RFC 9293 section 3.5.2): refused, declined, reset.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/tcp_reset.h"

#include "core/base/limits.h"
#include "core/net/follow.h"
#include "core/net/reset_storm.h"
#include "core/net/middlebox.h"
#include "core/net/turned_away.h"
#include "core/judge/outage_end.h"
#include "core/judge/raise.h"

unsigned
nh_conn_outstanding(const nh_conn *conn)
{
    return conn->waiting.len;
}

static void
refused(nh_segment_context *p)
{
    nh_conn *conn = p->conn;

    conn->state = NH_TCP_RESET;
    if (!nh_storm_takes(conn, p->at))
        nh_raise(&(nh_evidence){ .finding = NH_SYN_REFUSED,
                                 .conn = conn,
                                 .at = p->at,
                                 .since = conn->syn,
                                 .says = { NH_REMARK_SYN_REFUSED,
                                           { NH_NUMBER(conn->attempt_syn.frame), NH_NUMBER(conn->middlebox_reset), NH_NUMBER(p->seg->hops),
                                             NH_NUMBER(conn->pair->distance[1].hops) } } });
}

static void
reset(nh_segment_context *p)
{
    nh_conn *conn = p->conn;
    bool closing = conn->half[0].fin || conn->half[1].fin;
    unsigned away = p->index == 1 ? nh_turned_away_count(conn, p->at) : 0;

    conn->state = NH_TCP_RESET;
    conn->reset_by_client = p->index == 0;
    if (p->index == 1 && conn->service != NH_SERVICE_PORTMAP)
        conn->pair->lost = p->at;
    nh_remark says = { NH_REMARK_RESET,
                       { NH_NUMBER(conn->middlebox_reset), NH_NUMBER(nh_conn_role(conn, p->index)), NH_NUMBER(nh_conn_outstanding(conn)),
                         NH_NUMBER(conn->middlebox_reset), NH_NUMBER(p->seg->hops), NH_NUMBER(conn->pair->distance[p->index].hops) } };

    if (nh_conn_outstanding(conn) == 0 &&
        (closing || away < NH_TURNED_AWAY_MIN)) { /* nobody waits: it ends whatever was wrong and keeps nobody from connecting anew */
        nh_trouble_end(conn, NH_FINDING_NONE, p->at);
        if (!closing)
            nh_raise(&(nh_evidence){ .finding = NH_RESET, .conn = conn, .at = p->at, .bits = NH_HARMLESS, .says = says });
    } else if (!nh_storm_takes(conn, p->at)) {
        nh_raise(&(nh_evidence){ .finding = NH_RESET,
                                 .conn = conn,
                                 .at = p->at,
                                 .since = nh_conn_outstanding(conn) ? p->at : conn->pair->turned_since,
                                 .says = says });
    }
    nh_turned_away_to_outage(conn);
}

/* The host that sent the SYN resets what the other one accepted. */
static void
declined(nh_segment_context *p)
{
    nh_conn *conn = p->conn;

    conn->state = NH_TCP_RESET;
    conn->reset_by_client = true;
    if (!nh_storm_takes(conn, p->at))
        nh_raise(
            &(nh_evidence){ .finding = NH_RESET,
                            .conn = conn,
                            .at = p->at,
                            .since = conn->syn.frame ? conn->syn : p->at,
                            .says = { NH_REMARK_RESET_DECLINES, { NH_NUMBER(nh_conn_role(conn, 0)), NH_NUMBER(nh_conn_role(conn, 1)) } } });
}

/* Its sequence number tells of bytes that the capture has not (a filter for flags, losses): the connection was open. */
static bool
was_used(const nh_segment_context *p)
{
    uint32_t sent = p->seg->seq - p->conn->isn - 1;

    return p->index == 0 && p->seg->flags & NH_TH_ACK && sent > 0 && sent <= G_MAXINT32;
}

void
nh_reset_take(nh_segment_context *p)
{
    nh_conn *conn = p->conn;

    switch (conn->state) {
    case NH_TCP_SYN_SENT:
        if (p->index == 1)
            refused(p);
        return; /* the client's own RST answers a challenge ACK: part of that */
    case NH_TCP_SYN_RECEIVED:
        if (p->index == 0 && !was_used(p)) {
            declined(p);
            return;
        }
        if (p->index == 0)
            conn->established = conn->synack;
        reset(p);
        return;
    case NH_TCP_ESTABLISHED:
        reset(p);
        return;
    case NH_TCP_CLOSED:
    case NH_TCP_RESET:
        return;
    }
}
