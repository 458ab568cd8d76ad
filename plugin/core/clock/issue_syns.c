/* issue_syns.c
 * What SYNs and FINs tell of when the call was issued that they are for: captures begin in the
 * middle of an outage, and lose packets. Nothing but the timers that follow can tell.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/issue_syns.h"

#include "core/base/limits.h"
#include "core/clock/issue.h"
#include "core/clock/policy.h"
#include "core/model/frames.h"

/* What a SYN dated that was not the first one. */
static void
undate(nh_pair *pair, nh_way way, uint32_t frame)
{
    nh_attempt *attempt = &pair->side[way].attempt;

    if (attempt->line_seen.frame == frame)
        attempt->line_seen.frame = 0;
    for (unsigned i = 0; i < pair->side[way].outstanding.len; i++) {
        nh_call *call = pair->side[way].outstanding.items[i];
        if (call->line_seen.frame == frame)
            call->line_seen.frame = 0;
    }
    nh_frame_unnote(pair->watch, frame, NH_NOT_RESPONDING);
}

/* The first SYN that was captured is a resend: the attempt began so much earlier. */
static void
began_earlier(nh_conn *conn, nh_time by)
{
    nh_attempt *attempt = &conn->pair->side[conn->way].attempt;

    undate(conn->pair, conn->way, conn->syn.frame);
    if (!nh_attempt_pending(attempt) || attempt->start.frame != conn->syn.frame)
        return;
    nh_issue_reach_back(&attempt->issue, nh_bound(NH_ISSUE_SYNS, conn->syn.frame, conn->syn.time - by));
    if (conn->service == NH_SERVICE_PORTMAP) /* such a look-up may have followed any major timeout */
        nh_issue_open(&attempt->issue, conn->pair, conn->syn.time);
}

static void
by_linear_gaps(nh_conn *conn, nh_moment at)
{
    unsigned gaps = conn->syn_count - 1; /* before this SYN */
    nh_time latest = at.time - conn->last.time, before = conn->last.time - conn->syn.time;
    bool seconds = ABS(before - gaps * NH_SECOND) <= gaps * NH_SYN_LATENESS;

    if (gaps < 2 || gaps >= NH_SYN_LINEAR_GAPS || !seconds || ABS(latest - NH_SYN_GAP_DOUBLED) > 2 * NH_SYN_LATENESS)
        return;
    began_earlier(conn, (NH_SYN_LINEAR_GAPS - gaps) * (NH_SECOND + NH_SYN_LATENESS));
}

/* A resend comes late by a tenth at most; where several were lost between two, so much is too much to tell one number of them from another. */
static bool
is_about(nh_time gap, int64_t seconds, int64_t lateness)
{
    return gap >= seconds * NH_SECOND - NH_CLOCK_SLACK && gap <= seconds * NH_SECOND + seconds * NH_SECOND / lateness;
}

/* Between two SYNs, the first of which the timer follows after so many seconds; where packets were lost others may have come between them. */
static bool
is_gap_of(nh_time gap, int64_t step, bool losses)
{
    bool found = is_about(gap, step, 10);

    for (int64_t next = 2 * step, sum = step + next; losses && next <= 64; next *= 2, sum += next)
        found = found || is_about(gap, sum, 20);
    return found;
}

void
nh_issue_by_syn(nh_conn *conn, nh_moment at)
{
    nh_time gap = at.time - conn->attempt_syn.time;

    if (conn->syn_count > 1) {
        if (conn->attempt_syn.frame == conn->syn.frame)
            by_linear_gaps(conn, at);
        return;
    }
    if (!is_gap_of(gap, 1, conn->pair->gap.frame != 0))
        for (int64_t step = 2; step <= 64; step *= 2)
            if (is_gap_of(gap, step, conn->pair->gap.frame != 0))
                began_earlier(conn, step * NH_SECOND + step * NH_SECOND / 10 + NH_SYN_LINEAR_TIME);
}

nh_moment
nh_blocking_fin(const nh_conn *conn, nh_moment at)
{
    const nh_conn *before = conn->previous;
    nh_moment none = { 0, NH_TIME_NONE };

    /* its trouble may not be known yet: a verdict is withheld while only one direction was seen */
    if (!before || !before->half[0].fin)
        return none;
    const nh_half *half = &before->half[0];
    /* the only packet that the capture has of it, and nobody acknowledged it: the last of many */
    if (half->fin_resends == 0 && before->middle && half->packets == 1 && !half->fin_acked &&
        at.time - half->fin_at.time > NH_FIN_RELEASE_TIME)
        return (nh_moment){ half->fin_at.frame, at.time - NH_FIN_BLOCK_MAX };
    if (half->fin_resends == 0)
        return none;
    bool released = half->fin_acked && at.time - half->fin_acked_at.time <= NH_FIN_RELEASE_TIME;
    bool expired = !half->fin_acked && at.time - half->fin_at.time <= NH_FIN_BLOCK_MAX;
    return released || expired ? (nh_moment){ half->fin_at.frame, half->fin_since } : none;
}

void
nh_issue_by_fin(nh_attempt *attempt, const nh_conn *conn, nh_moment fin)
{
    /* only where the capture begins among its resends: else a look-up that begins an attempt is its beginning */
    if (fin.frame > attempt->start.frame || fin.time >= conn->previous->half[0].fin_at.time)
        return;
    if (nh_wait_is_connect(attempt->wait)) {
        attempt->wait = NH_WAIT_CLOSING;
        nh_issue_reach_back(&attempt->issue, nh_bound(NH_ISSUE_FIN, fin.frame, fin.time));
    }
    nh_issue_after_timeouts(&attempt->issue);
}
