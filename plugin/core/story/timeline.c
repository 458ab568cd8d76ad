/* timeline.c
 * What happened in an incident, frame by frame.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/timeline.h"

#include "core/story/remark_text.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/wire/procedures.h"
#include "core/model/ports.h"
#include "core/story/view.h"

/* Milestones of a connection's life that are no finding. */
static const char *
milestone(const nh_conn *conn, uint32_t frame, const char **what)
{
    bool callback = conn->way == NH_CALLBACK;
    const char *of_client = "FIN of the client", *of_server = "FIN of the server";
    const struct {
        uint32_t frame;
        const char *event, *what;
    } milestones[] = {
        { conn->syn.frame, "syn", "SYN" },
        { conn->synack.frame, "synack", "SYN-ACK" },
        { conn->established.frame, "connected", "connection open" },
        { conn->half[0].fin_at.frame, "fin", callback ? of_server : of_client },
        { conn->half[1].fin_at.frame, "fin", callback ? of_client : of_server },
        { conn->half[0].fin_acked_at.frame, "fin_acked", callback ? "FIN of the server acknowledged" : "FIN of the client acknowledged" },
    };

    for (unsigned i = 0; i < G_N_ELEMENTS(milestones); i++)
        if (milestones[i].frame == frame) {
            *what = milestones[i].what;
            return milestones[i].event;
        }
    return NULL;
}

static void
add_milestone(nh_incident *incident, const nh_frame *frame)
{
    const nh_conn *conn = frame->conn;
    const char *what, *event = conn ? milestone(conn, frame->number, &what) : NULL;

    if (!event)
        return;
    char *client = nh_end_text(&conn->client), *server = nh_end_text(&conn->server);
    nh_incident_add_event(incident, frame->number, frame->time, event, NH_FINDING_NONE,
                          g_strdup_printf("%s, %s -> %s (%s)", what, client, server, nh_service_name(nh_conn_service(conn))));
    g_free(client);
    g_free(server);
}

/* While some calls hang, those that are served tell nothing. */
static bool
is_bystander(const nh_outage *outage, const nh_call *call)
{
    return outage->served && call->prog == NH_PROG_NLM && call->outage != outage;
}

/* Whether the frame lies between the beginning of the cause and its latest symptom: what the server answers then, it answers meanwhile. */
static bool
is_meanwhile(const nh_outage *outage, uint32_t frame)
{
    return frame > outage->start.frame && frame < outage->hindsight.latest && (!outage->end.frame || frame < outage->end.frame);
}

/* No lock for want of the server: it says nothing of other owners. */
static bool
is_no_answer(const nh_call *call)
{
    return call->refused || (call->has_status && (call->status == NH_NLM_STAT_GRACE || call->status == NH_NLM_STAT_NOLOCKS ||
                                                  nh_nlm_status_is_error(call->status)));
}

/* A lock call gets its answer before the end, and not that there are no locks now. */
static void
count_answer(nh_outage *outage, const nh_call *call, uint32_t frame)
{
    bool inside = frame > outage->start.frame && (!outage->end.frame || frame < outage->end.frame);

    if (call->prog != NH_PROG_NLM || call->way != NH_FORWARD || call->proc == 0 || !inside || is_no_answer(call))
        return;
    if (call->outage == outage)
        outage->hindsight.answered++;
    else {
        outage->hindsight.beside++;
        outage->hindsight.alive |= is_meanwhile(outage, frame);
    }
}

static void
add_messages(nh_incident *incident, nh_outage *outage, const nh_frame *frame)
{
    for (nh_frame_calls item = nh_frame_calls_of(frame); item.call; nh_frame_calls_next(&item)) {
        const nh_call *call = item.call;
        const char *name = nh_procedure_name(call->prog, call->vers, call->proc);
        bool reply = call->reply.frame == frame->number;
        const char *status = reply ? nh_call_outcome(call) : NULL;
        bool first = call->sendings[0].at.frame == frame->number;

        if ((!reply && !first) || is_bystander(outage, call))
            continue;
        if (reply)
            count_answer(outage, call, frame->number);
        if (reply && call->way == NH_FORWARD && is_meanwhile(outage, frame->number))
            outage->hindsight.alive = true;
        nh_incident_add_event(incident, frame->number, frame->time, reply ? "reply" : "call", NH_FINDING_NONE,
                              g_strdup_printf("%s %s, XID 0x%08x%s%s", name ? name : "?", reply ? "reply" : "call", call->xid,
                                              status ? ": " : "", status ? status : ""));
    }
}

/* In a storm the port is looked up before each attempt: thousands of healthy connections that tell nothing. */
static bool
in_storm(const nh_pair *pair, const nh_frame *frame)
{
    return pair->storm.start.frame && frame->number > pair->storm.start.frame && frame->number < pair->storm.last.frame;
}

void
nh_timeline_reach_out(nh_incident *incident, const nh_outage *outage)
{
    for (unsigned i = 0; i < outage->calls->len; i++) {
        const nh_call *call = g_ptr_array_index(outage->calls, i);
        const nh_sending *first = nh_call_first(call), *last = nh_call_last(call);
        if (nh_view_shows(outage, first->at.frame))
            incident->first_frame = MIN(incident->first_frame, first->at.frame);
        if (nh_view_shows(outage, last->at.frame))
            incident->last_frame = MAX(incident->last_frame, last->at.frame);
        if (nh_view_shows(outage, call->latest_reply))
            incident->last_frame = MAX(incident->last_frame, call->latest_reply);
    }
}

void
nh_timeline_begin(nh_watch *watch)
{
    for (unsigned i = 0; i < watch->frames.len; i++) {
        nh_frame *frame = watch->frames.items[i];
        if (!frame->pair || frame->pair->outages->len == 0)
            continue;
        if (!frame->pair->indexed.frames)
            frame->pair->indexed.frames = g_ptr_array_new();
        g_ptr_array_add(frame->pair->indexed.frames, frame);
    }
}

void
nh_timeline_end(nh_watch *watch)
{
    for (unsigned i = 0; i < watch->pair_list->len; i++) {
        nh_pair *pair = g_ptr_array_index(watch->pair_list, i);
        g_clear_pointer(&pair->indexed.frames, g_ptr_array_unref);
    }
}

void
nh_timeline_add_frames(nh_incident *incident, nh_outage *outage)
{
    const GPtrArray *frames = outage->pair->indexed.frames;
    unsigned end = frames ? nh_frames_before(frames, incident->last_frame + 1) : 0;

    for (unsigned i = frames ? nh_frames_before(frames, incident->first_frame) : 0; i < end; i++) {
        const nh_frame *frame = g_ptr_array_index(frames, i);
        bool outside = frame->number < outage->start.frame || frame->number > outage->last.frame;
        if ((frame->conn && frame->conn->foreign) || (outside && !nh_view_shows(outage, frame->number)))
            continue;
        for (const GSList *item = nh_frame_notes(frame); item; item = item->next) {
            const nh_note *note = item->data;
            nh_incident_add_event(incident, frame->number, frame->time, nh_finding_name(note->finding), note->finding,
                                  nh_remark_text(&note->says));
        }
        if (in_storm(outage->pair, frame))
            continue;
        if (!nh_frame_notes(frame))
            add_milestone(incident, frame);
        add_messages(incident, outage, frame);
    }
}

static int
by_time(const void *a, const void *b)
{
    const nh_event *x = *(nh_event *const *)a, *y = *(nh_event *const *)b;

    if (x->frame && y->frame && x->frame != y->frame)
        return x->frame < y->frame ? -1 : 1; /* frames keep their order even where time runs back */
    return x->time < y->time ? -1 : x->time > y->time;
}

void
nh_timeline_sort(nh_incident *incident)
{
    g_ptr_array_sort(incident->timeline, by_time);
}
