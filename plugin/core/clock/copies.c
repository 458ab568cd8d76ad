/* copies.c
 * What a copy of a call tells of the kernel line when the capture has no look-up that does.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/clock/copies.h"

#include "core/base/limits.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/model/losses.h"
#include "core/clock/deadlines.h"
#include "core/clock/kernel_lines.h"

/* Of the copies that RPC itself sent, this is the one after the last minor timeout. */
static bool
is_after_minors(const nh_call *call, const nh_deadlines *deadlines)
{
    unsigned copies = 0;

    for (unsigned i = 0; i < call->n_sendings; i++)
        copies += !call->sendings[i].by_tcp;
    return deadlines->n_minor > 0 && copies == deadlines->n_minor + 2;
}

/* The look-up before this copy, a handshake and a question, took no longer than a line may be misdated, if it lost nothing. */
static bool
lookup_is_short(const nh_conn *conn)
{
    return conn && conn->syn.frame && conn->established.frame && conn->syn_count == 1 &&
           conn->established.time - conn->attempt_syn.time <= NH_CLOCK_SLACK / 3;
}

/* Its first copy came a second later (RFC 6298): nothing came before it. */
static bool
is_surely_first(const nh_conn *conn, uint32_t frame)
{
    return conn->syn.frame == frame && ABS(conn->syn_gap - NH_SECOND) <= NH_SECOND / 20;
}

void
nh_line_doubt(nh_call *call)
{
    nh_watch *watch = call->pair->watch;
    const nh_frame *frame = call->line_seen.frame && call->pair->gap.frame ? nh_frame_find(watch, call->line_seen.frame) : NULL;

    bool heavy = nh_loss_is_heavy(call->pair);

    if (!frame || (!heavy && (!frame->conn || frame->conn->service != NH_SERVICE_PORTMAP || is_surely_first(frame->conn, frame->number))))
        return;
    if (!heavy) /* else it may be another's look-up, whose question is missing */
        call->line_before = call->line_seen.time;
    nh_frame_unnote(watch, frame->number, NH_NOT_RESPONDING);
    call->line_seen.frame = 0;
}

/*
 * Where the capture has nothing of port 111, the copy that RPC sends after the
 * look-up is all that follows the major timeout. It dates the line if no minor
 * timeout is missing before it, the server's TCP took those before (so that it
 * left when it was sent), the server is near, and a look-up that lost its SYN
 * would have been later. Else the line came before it.
 */
void
nh_copy_sent(nh_call *call, nh_moment at)
{
    nh_pair *pair = call->pair;
    nh_deadlines deadlines;

    if (call->way != NH_FORWARD || call->line_seen.frame || call->first_unseen || call->cycles_unseen || !call->tcp_acked ||
        pair->side[call->way].last_lookup.frame || (call->wait != NH_WAIT_REPLY && call->wait != NH_WAIT_REPLY_NEW) ||
        nh_call_is_one_way(call) || nh_line_event(pair, call->way, call) != NH_LOG_STILL_TRYING)
        return;
    nh_call_deadlines(call, pair->watch->options.use_mount, &deadlines);
    if (!is_after_minors(call, &deadlines) || at.time < deadlines.major_earliest - NH_CLOCK_SLACK ||
        at.time > deadlines.major_latest + NH_CLOCK_SLACK)
        return;
    if (at.time < deadlines.major_earliest + NH_LOOKUP_RESENT_TIME && lookup_is_short(nh_call_last(call)->conn))
        call->line_seen = at;
    else
        call->line_before = at.time;
}
