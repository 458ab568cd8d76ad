/* complete.c
 * What earlier frames show can be said only when the end is known.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/complete.h"

#include "core/base/limits.h"
#include "core/clock/attempt.h"
#include "core/clock/client.h"
#include "core/clock/kernel_lines.h"
#include "core/model/call.h"
#include "core/model/conn.h"
#include "core/model/frames.h"
#include "core/model/position.h"
#include "core/story/conclude.h"

/* Until when the socket of a FIN blocks its port; how long another system's lasts is not known. */
static void
add_fin_block(nh_remark *says, const nh_conn *conn, const nh_trouble *trouble)
{
    const nh_half *half = &conn->half[conn->half[0].fin_at.frame == trouble->since.frame ? 0 : 1];
    nh_time earliest, latest;

    if (!nh_finding_get(trouble->finding)->blocks_port || nh_client_is_other(conn->pair))
        return;
    nh_timer_fin_block(half->fin_since, half->fin_at.time, &earliest, &latest);
    says->values[2].number = true;
    says->values[3].number = earliest;
    says->values[4].number = latest;
}

/* A packet that nobody answers is known for what it is only when it comes again. */
static void
complete_trouble(nh_watch *watch, const nh_conn *conn)
{
    for (unsigned i = 0; conn->troubles && i < conn->troubles->len; i++) {
        const nh_trouble *trouble = &g_array_index(conn->troubles, nh_trouble, i);
        nh_time lasted = nh_elapsed(trouble->since.time, trouble->until.frame ? trouble->until.time : trouble->last.time);
        nh_remark says = { nh_finding_get(trouble->finding)->first, { NH_NUMBER(lasted), NH_NUMBER(trouble->count) } };

        if (says.id == NH_REMARK_NONE)
            continue;
        add_fin_block(&says, conn, trouble);
        nh_frame_note(watch, trouble->since.frame, trouble->finding, &says);
    }
}

/* A FIN that was acknowledged, but whose peer never closed its side before the port pair was used again. */
static void
complete_half_closed(nh_watch *watch, const nh_conn *conn)
{
    const nh_half *client = &conn->half[0], *server = &conn->half[1];

    if (client->fin_acked && !server->fin && conn->state == NH_TCP_ESTABLISHED &&
        watch->last - client->fin_acked_at.time > NH_HALF_CLOSED_TIME && conn->service != NH_SERVICE_PORTMAP)
        nh_frame_note(watch, client->fin_at.frame, NH_HALF_CLOSED,
                      &(nh_remark){ NH_REMARK_NEVER_CLOSED, { NH_NUMBER(nh_conn_role(conn, 1)) } });
}

/* What the client's log says of a call stands at the call, too; and the kernel's family may be known better than when it was told. */
static void
complete_call(nh_watch *watch, nh_call *call)
{
    nh_deadlines deadlines;
    nh_moment done = nh_call_done(call);

    if (!nh_story_may_be_logged(call) || call->proc == 0 || nh_client_is_other(call->pair))
        return;
    nh_call_deadlines(call, watch->options.use_mount, &deadlines);
    if (!call->line_seen.frame && (done.frame ? done.time : watch->last) <= deadlines.major_latest)
        return;
    nh_remark says = nh_line_remark(call->pair, nh_line_event(call->pair, call->way, call), &deadlines, call->line_seen), for_call = says;
    for_call.values[6].number = true;
    nh_frame_note(watch, nh_call_first(call)->at.frame, NH_NOT_RESPONDING, &for_call);
    if (call->outlived_in)
        nh_frame_note(watch, call->outlived_in, NH_NOT_RESPONDING, &says);
}

/* The same as of a call, where none came of it */
static void
complete_attempt(const nh_pair *pair)
{
    const nh_attempt *attempt = &pair->side[NH_FORWARD].attempt;
    nh_deadlines deadlines;

    if (!attempt->outlived_in || !nh_attempt_pending(attempt) || nh_client_is_other(pair))
        return;
    nh_attempt_deadlines(pair, NH_FORWARD, attempt, &deadlines);
    nh_remark says = nh_line_remark(pair, nh_line_event(pair, NH_FORWARD, attempt->answers), &deadlines, attempt->line_seen);
    nh_frame_note(pair->watch, attempt->outlived_in, NH_NOT_RESPONDING, &says);
}

void
nh_story_complete(nh_watch *watch)
{
    for (unsigned i = 0; i < watch->conn_list->len; i++) {
        const nh_conn *conn = g_ptr_array_index(watch->conn_list, i);
        if (!conn->foreign && !nh_pair_is_one_sided(conn->pair)) {
            complete_trouble(watch, conn);
            complete_half_closed(watch, conn);
        }
    }
    for (unsigned i = 0; i < watch->call_list.len; i++)
        complete_call(watch, watch->call_list.items[i]);
    for (unsigned i = 0; i < watch->pair_list->len; i++)
        complete_attempt(g_ptr_array_index(watch->pair_list, i));
}
