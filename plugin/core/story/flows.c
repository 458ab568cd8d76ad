/* flows.c
 * The connections of an incident as a picture needs them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/flows.h"

#include "core/base/limits.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/model/ports.h"
#include "core/story/view.h"
#include "core/wire/procedures.h"

/* A connection of the incident, and its number among them, from 1. */
typedef struct {
    unsigned number;
    nh_flow *flow;
} numbered;

typedef struct {
    nh_incident *incident;
    GHashTable *by_conn; /* nh_conn* to numbered* */
    GPtrArray *conns;    /* nh_conn* that has the flow of this index for itself; or NULL */
    unsigned found;
    numbered udp[2][NH_SERVICE_COUNT]; /* over UDP all of a service is one flow: each call may have a port of its own */
    nh_flow *lookups[2];               /* over TCP, by way */
    nh_flow *further;                  /* connections that are too many for a lane each */
} collection;

/* --- one connection -------------------------------------------------------------- */

/* The latest mark of this kind among the last few, if it is too close for another. */
static nh_sign *
blurred(nh_flow *flow, nh_sign_kind kind, nh_moment at, const char *what, nh_time apart)
{
    for (unsigned i = flow->marks->len; i-- > 0 && flow->marks->len - i <= 16;) {
        nh_sign *mark = &g_array_index(flow->marks, nh_sign, i);
        if (mark->kind == kind && g_strcmp0(mark->what, what) == 0)
            return at.time - mark->time < apart && at.time >= mark->time ? mark : NULL;
    }
    return NULL;
}

static void
add_mark(collection *c, nh_flow *flow, nh_sign_kind kind, nh_moment at, bool by_server, const char *what)
{
    nh_sign mark = { kind, at.frame, at.time, by_server, what, 1 };
    nh_sign *before = blurred(flow, kind, at, what, c->incident->duration / NH_PICTURE_RESOLUTION);

    if (!at.frame)
        return;
    if (before)
        before->count++;
    else
        g_array_append_val(flow->marks, mark);
}

static void
add_span(nh_flow *flow, nh_span_kind kind, nh_finding finding, nh_time from, nh_time to)
{
    nh_span span = { kind, finding, from, to };

    if (nh_time_known(from) && (!nh_time_known(to) || to >= from))
        g_array_append_val(flow->spans, span);
}

static nh_time
earlier(nh_time a, nh_moment b)
{
    return b.frame && (!nh_time_known(a) || b.time < a) ? b.time : a;
}

/* Opening, open, closing; what is not over ends with end (NH_TIME_NONE: it lasts). */
static void
add_life(nh_flow *flow, const nh_conn *conn, nh_time end)
{
    nh_time opened = conn->established.frame ? conn->established.time : conn->middle ? conn->first.time : NH_TIME_NONE;
    nh_time closing = earlier(earlier(NH_TIME_NONE, conn->half[0].fin_at), conn->half[1].fin_at);
    nh_time over = conn->state == NH_TCP_CLOSED || conn->state == NH_TCP_RESET ? conn->last.time : end;

    if (conn->syn.frame)
        add_span(flow, NH_SPAN_OPENING, NH_FINDING_NONE, conn->syn.time, nh_time_known(opened) ? opened : over);
    if (nh_time_known(opened))
        add_span(flow, NH_SPAN_OPEN, NH_FINDING_NONE, opened, nh_time_known(closing) ? closing : over);
    add_span(flow, NH_SPAN_CLOSING, NH_FINDING_NONE, closing, over);
}

static void
add_troubles(nh_flow *flow, const nh_conn *conn, nh_time end)
{
    for (unsigned i = 0; conn->troubles && i < conn->troubles->len; i++) {
        const nh_trouble *trouble = &g_array_index(conn->troubles, nh_trouble, i);
        nh_time until = trouble->until.frame ? trouble->until.time : end;
        if (nh_time_known(end) && nh_time_known(until))
            until = MIN(until, end);
        add_span(flow, NH_SPAN_TROUBLE, trouble->finding, trouble->since.time, until);
    }
}

static void
add_steps(collection *c, nh_flow *flow, const nh_conn *conn)
{
    add_mark(c, flow, NH_SIGN_SYN, conn->syn, false, "SYN");
    add_mark(c, flow, NH_SIGN_SYNACK, conn->synack, true, "SYN-ACK");
    add_mark(c, flow, NH_SIGN_FIN, conn->half[0].fin_at, false, "FIN");
    add_mark(c, flow, NH_SIGN_FIN, conn->half[1].fin_at, true, "FIN of the other side");
    add_mark(c, flow, NH_SIGN_ACK, conn->half[0].fin_acked_at, true, "FIN acknowledged");
}

/* --- collecting -------------------------------------------------------------------- */

static nh_flow *
new_flow(collection *c, const nh_conn *own, nh_service service, nh_way way, const nh_end *client, const nh_end *server)
{
    nh_flow *flow = nh_incident_add_flow(c->incident);

    flow->service = service;
    flow->callback = way == NH_CALLBACK;
    flow->client = nh_end_text(client);
    flow->server = nh_end_text(server);
    g_ptr_array_add(c->conns, (void *)own);
    return flow;
}

/* The flow that a connection shares with others, where it does. */
static nh_flow **
shared_flow(collection *c, const nh_conn *conn)
{
    if (nh_conn_service(conn) == NH_SERVICE_PORTMAP)
        return &c->lookups[conn->way];
    return c->incident->flows->len >= NH_FLOWS_MAX ? &c->further : NULL;
}

static numbered *
flow_of_conn(collection *c, const nh_conn *conn)
{
    numbered *its = g_hash_table_lookup(c->by_conn, conn);
    nh_flow **shared = its ? NULL : shared_flow(c, conn);

    if (its)
        return its;
    its = g_new0(numbered, 1);
    g_hash_table_insert(c->by_conn, (void *)conn, its);
    its->number = ++c->found;
    its->flow = shared ? *shared : NULL;
    if (!its->flow)
        its->flow = new_flow(c, shared ? NULL : conn, nh_conn_service(conn), conn->way, &conn->client, &conn->server);
    if (shared)
        *shared = its->flow;
    its->flow->connections++;
    add_steps(c, its->flow, conn);
    return its;
}

static numbered *
flow_of_call(collection *c, const nh_call *call, nh_service service)
{
    numbered *its = &c->udp[call->way][service];

    if (its->number)
        return its;
    its->number = ++c->found;
    its->flow = new_flow(c, NULL, service, call->way, &call->src, &call->dst);
    return its;
}

static void
add_call(collection *c, nh_flow *flow, const nh_call *call, nh_moment at)
{
    const char *name = nh_procedure_name(call->prog, call->vers, call->proc);

    if (call->reply.frame == at.frame) {
        const char *outcome = nh_call_outcome(call);
        add_mark(c, flow, NH_SIGN_REPLY, at, true, outcome ? outcome : "answer");
    } else {
        bool first = nh_call_first(call)->at.frame == at.frame;
        add_mark(c, flow, first ? NH_SIGN_CALL : NH_SIGN_RESENT, at, false, name ? name : "call");
    }
}

/* The FIN itself, the first SYN: they have a mark of their own. */
static bool
is_step(const nh_conn *conn, uint32_t frame)
{
    return frame == conn->syn.frame || frame == conn->synack.frame || frame == conn->half[0].fin_at.frame ||
           frame == conn->half[1].fin_at.frame;
}

static void
add_findings(collection *c, nh_flow *flow, const nh_frame *frame)
{
    nh_finding found = NH_FINDING_NONE;

    for (const GSList *item = nh_frame_notes(frame); item; item = item->next) {
        nh_finding finding = ((const nh_note *)item->data)->finding;
        if (nh_finding_get(finding)->sign.what && (found == NH_FINDING_NONE || finding < found))
            found = finding;
    }
    if (found == NH_FINDING_NONE || is_step(frame->conn, frame->number))
        return;
    const nh_finding_sign *sign = &nh_finding_get(found)->sign;
    add_mark(c, flow, sign->kind, nh_frame_at(frame), sign->by_server, sign->what);
}

static void
take_frame(collection *c, const nh_frame *frame)
{
    nh_service service = frame->service ? frame->service : frame->conn ? nh_conn_service(frame->conn) : NH_SERVICE_NLM;
    const numbered *its = frame->conn ? flow_of_conn(c, frame->conn) : NULL;

    if (its)
        add_findings(c, its->flow, frame);
    for (nh_frame_calls item = nh_frame_calls_of(frame); item.call; nh_frame_calls_next(&item)) {
        if (!frame->conn)
            its = flow_of_call(c, item.call, service);
        add_call(c, its->flow, item.call, nh_frame_at(frame));
    }
    if (its) {
        nh_flow_frame entry = { frame->number, its->number, service };
        g_array_append_val(c->incident->flow_frames, entry);
    }
}

/* A connection ends at the latest when its port pair is used again. */
static void
complete_flows(collection *c)
{
    for (unsigned i = 0; i < c->conns->len; i++) {
        const nh_conn *conn = c->conns->pdata[i], *previous = conn ? conn->previous : NULL;
        const numbered *old = previous ? g_hash_table_lookup(c->by_conn, previous) : NULL;
        if (old)
            old->flow->replaced = conn->syn.frame ? conn->syn.time : conn->first.time;
    }
    for (unsigned i = 0; i < c->conns->len; i++) {
        const nh_conn *conn = c->conns->pdata[i];
        nh_flow *flow = c->incident->flows->pdata[i];
        if (!conn) /* shared */
            continue;
        add_life(flow, conn, flow->replaced);
        add_troubles(flow, conn, flow->replaced);
    }
}

void
nh_story_flows(nh_incident *incident, const nh_outage *outage)
{
    const GPtrArray *frames = outage->pair->indexed.frames;
    collection c = { .incident = incident };
    unsigned end = frames ? nh_frames_before(frames, incident->last_frame + 1) : 0;

    c.by_conn = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    c.conns = g_ptr_array_new();
    for (unsigned i = frames ? nh_frames_before(frames, incident->first_frame) : 0; i < end; i++) {
        const nh_frame *frame = g_ptr_array_index(frames, i);
        bool outside = frame->number < outage->start.frame || frame->number > outage->last.frame;
        if ((frame->conn && frame->conn->foreign) || (outside && !nh_view_shows(outage, frame->number)))
            continue;
        take_frame(&c, frame);
    }
    complete_flows(&c);
    incident->other_answers = outage->nfs_answers;
    incident->other_first = outage->nfs_answers ? outage->nfs_first.time : NH_TIME_NONE;
    incident->other_last = outage->nfs_answers ? outage->nfs_last.time : NH_TIME_NONE;
    g_ptr_array_unref(c.conns);
    g_hash_table_unref(c.by_conn);
}
