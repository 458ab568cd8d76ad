/* view.c
 * What one frame shows: everything that fields and expert infos need.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "view.h"

#include "attempt.h"
#include "outage.h"
#include "verdict.h"

/* The call that a frame speaks about: NLM before look-ups. */
static const nh_call *
choose_call(const nh_frame *frame)
{
    for (const GSList *item = frame->calls; item; item = item->next)
        if (((const nh_call *)item->data)->prog == NH_PROG_NLM)
            return item->data;
    return NULL;
}

static void
view_call(const nh_call *call, nh_view *view)
{
    guint32 frame = view->frame->at.frame;

    view->call = call;
    view->is_reply = call->reply.frame == frame;
    for (guint i = 0; i < call->sendings->len && !view->is_reply; i++)
        if (g_array_index(call->sendings, nh_sending, i).at.frame == frame) {
            view->attempt = i + 1;
            break;
        }
    view->is_first = view->attempt == 1;
}

/* Timers are shown where they mattered: calls of an outage. */
static void
view_timers_of_call(const nh_watch *watch, const nh_call *call, nh_view *view)
{
    if (!call->outage)
        return;
    view->has_deadlines = view->has_mount_deadlines = TRUE;
    nh_call_deadlines(call, watch->options.use_mount, &view->deadlines);
    nh_call_deadlines(call, TRUE, &view->mount_deadlines);
    view->policy = nh_policy_of(call->pair, call->l4, watch->options.use_mount);
    view->family = nh_pair_family(call->pair);
    if (call->line_seen.frame)
        view->observed = call->line_seen.time;
}

/* The call that this outage held back: its timers stand on the frames in trouble, too. */
static const nh_call *
held_back(const nh_outage *outage)
{
    for (guint i = 0; outage && i < outage->calls->len; i++)
        if (((const nh_call *)g_ptr_array_index(outage->calls, i))->deferred)
            return g_ptr_array_index(outage->calls, i);
    return NULL;
}

/* No call could be sent: the timers of the attempt stand on the frames in trouble. */
static void
view_timers_of_attempt(const nh_watch *watch, nh_view *view)
{
    const nh_conn *conn = view->frame->conn;
    const nh_attempt *attempt = conn ? &conn->pair->attempt[conn->way] : NULL;

    if (!attempt || !nh_attempt_pending(attempt) || !view->trouble || view->frame->at.frame < attempt->start.frame)
        return;
    view->has_deadlines = TRUE;
    nh_attempt_deadlines(conn->pair, attempt, &view->deadlines);
    view->policy = nh_policy_of(conn->pair, NH_L4_TCP, watch->options.use_mount);
    view->family = nh_pair_family(conn->pair);
    if (attempt->line_seen.frame)
        view->observed = attempt->line_seen.time;
}

gboolean
nh_view_frame(const nh_watch *watch, guint32 number, nh_view *view)
{
    const nh_frame *frame = g_hash_table_lookup(watch->frames, GUINT_TO_POINTER(number));
    const nh_call *call;

    if (!frame || (frame->conn && nh_conn_service(frame->conn) == NH_SERVICE_NONE) || (frame->conn && frame->conn->foreign))
        return FALSE;
    *view = (nh_view){ .frame = frame, .observed = NH_TIME_NONE };
    view->service = frame->service ? frame->service : frame->conn ? nh_conn_service(frame->conn) : NH_SERVICE_NONE;
    view->trouble = frame->conn ? nh_conn_trouble_at(frame->conn, number) : NULL;
    view->outage = frame->pair ? nh_outage_at(frame->pair, number) : NULL;
    call = choose_call(frame);
    if (!view->outage && call && call->outage && call->outage->id) /* its reply came behind the outage's end */
        view->outage = call->outage;
    if (call) {
        view_call(call, view);
        view_timers_of_call(watch, call, view);
    } else if (view->trouble && held_back(view->outage)) {
        view_timers_of_call(watch, held_back(view->outage), view);
    } else {
        view_timers_of_attempt(watch, view);
    }
    return TRUE;
}
