/* tcp_fin.c
 * The close of a connection (RFC 9293 section 3.6): a FIN, and one that comes again because nobody acknowledges it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/net/tcp_fin.h"

#include "core/base/limits.h"
#include "core/clock/client.h"
#include "core/clock/lookups.h"
#include "core/judge/raise.h"
#include "core/model/conn.h"
#include "core/net/turned_away.h"

/* Whether the sender is the lock client: only its own stuck FIN keeps it from connecting anew. */
static bool
is_lock_clients(const nh_segment_context *p)
{
    return (p->index == 0) == (p->conn->way == NH_FORWARD);
}

static void
fin_of_server_again(nh_segment_context *p)
{
    const nh_pair *pair = p->conn->pair;

    if (pair->seen_client && pair->seen_server)
        nh_raise(
            &(nh_evidence){ .finding = NH_FIN_UNACKED,
                            .conn = p->conn,
                            .at = p->at,
                            .bits = NH_HARMLESS,
                            .resends = p->from->fin_resends,
                            .says = { NH_REMARK_FIN_OF_SERVER_RESENT, { NH_MOMENT(p->from->fin_at), NH_NUMBER(p->from->fin_resends) } } });
}

/*
 * The capture begins with a FIN that may have been resent before. The retransmission
 * timer doubles (RFC 6298 section 5.5), so that all before it took no longer than what follows.
 */
static void
date_first_fin(nh_segment_context *p)
{
    nh_half *from = p->from;
    nh_time gap = nh_elapsed(from->fin_at.time, p->at.time);
    bool begins = from->packets == 1 && p->conn->middle, losses = p->conn->pair->gap.frame && gap > NH_FIRST_FIN_GAP;

    if (from->fin_resends == 1 && (begins || losses))
        from->fin_since = from->fin_at.time - MIN(gap, NH_FIN_BLOCK_MAX);
}

static void
fin_again(nh_segment_context *p)
{
    nh_half *from = p->from;

    if (from->fin_acked)
        return;
    from->fin_resends++;
    date_first_fin(p);
    if (!is_lock_clients(p)) {
        fin_of_server_again(p);
        return;
    }
    nh_time earliest, latest;
    nh_timer_fin_block(from->fin_since, from->fin_at.time, &earliest, &latest);
    nh_raise(&(nh_evidence){ .finding = NH_FIN_UNACKED,
                             .conn = p->conn,
                             .silent = nh_silent_side(!p->index),
                             .at = p->at,
                             .since = from->fin_at,
                             .resends = from->fin_resends,
                             .says = { NH_REMARK_FIN_RESENT,
                                       { NH_MOMENT(from->fin_at), NH_NUMBER(from->fin_resends), NH_NUMBER(nh_conn_role(p->conn, !p->index)),
                                         NH_NUMBER(!nh_client_is_other(p->conn->pair)), NH_NUMBER(earliest), NH_NUMBER(latest) } } });
}

/* Its client may close in good order, send nothing and try again: that nothing comes of it is all there is to see. */
static void
fin_of_server(nh_segment_context *p)
{
    unsigned away = nh_turned_away_count(p->conn, p->at);

    if (away >= NH_TURNED_AWAY_MIN)
        nh_raise(&(nh_evidence){ .finding = NH_HALF_CLOSED,
                                 .conn = p->conn,
                                 .at = p->at,
                                 .since = p->conn->pair->turned_since,
                                 .says = { NH_REMARK_TURNED_AWAY, { NH_NUMBER(away) } } });
    nh_turned_away_to_outage(p->conn);
}

void
nh_fin_take(nh_segment_context *p)
{
    nh_half *from = p->from;

    if (from->fin) {
        if (p->end == from->fin_end)
            fin_again(p);
        return;
    }
    from->fin = true;
    from->fin_end = p->end;
    from->fin_at = p->at;
    from->fin_since = p->at.time;
    if (p->index == 1)
        fin_of_server(p);
    /* what was asked is missing in the capture: as likely as not another program */
    if (p->index == 0 && p->conn->service == NH_SERVICE_PORTMAP && p->conn->state == NH_TCP_ESTABLISHED && !p->conn->asked &&
        from->has_hole)
        nh_lookup_not_ours(p->conn);
    if (p->index == 1 && !p->to->fin && p->conn->service != NH_SERVICE_PORTMAP)
        p->conn->pair->lost = p->at; /* the server closes first: its lock manager may be going down */
}
