/* others.c
 * Other clients of a server that leaves one alone.
 *
 * Where its lock manager answers them at once it is up, and so is its host: what
 * is wrong concerns the one client, or the path to it.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/judge/others.h"

#include "core/model/call.h"
#include "core/model/frames.h"

/* Answers that take longer speak of a server in trouble itself. */
#define AT_ONCE NH_SECOND

/* The call of another client that this frame answers at once, or NULL. */
static const nh_call *
served_in(const nh_frame *frame, const nh_pair *pair)
{
    if (!frame->pair || frame->pair == pair || !nh_addr_equal(&frame->pair->server, &pair->server))
        return NULL;
    for (const GSList *item = frame->calls; item; item = item->next) {
        const nh_call *call = item->data;
        if (call->prog == NH_PROG_NLM && call->way == NH_FORWARD && call->reply.frame == frame->at.frame &&
            frame->at.time - nh_call_first(call)->at.time < AT_ONCE)
            return call;
    }
    return NULL;
}

void
nh_others_story(nh_incident *incident, const nh_outage *outage)
{
    const nh_watch *watch = outage->pair->watch;
    const nh_frame *first = NULL, *last = NULL;
    unsigned answers = 0, end = nh_frame_index(watch, outage->last.frame);

    for (unsigned i = nh_frame_index(watch, outage->start.frame); i < end; i++) {
        const nh_frame *frame = g_ptr_array_index(watch->frames, i);
        if (!served_in(frame, outage->pair))
            continue;
        first = first ? first : frame;
        last = frame;
        answers++;
    }
    if (answers == 0)
        return;
    char client[NH_ADDR_TEXT];
    nh_incident_add_event(
        incident, first->at.frame, first->at.time, "others", NH_FINDING_NONE,
        g_strdup_printf("This server answers lock calls of other clients meanwhile: %u answer%s, the last in frame %u, to %s", answers,
                        answers == 1 ? "" : "s", last->at.frame, nh_addr_text(&last->pair->client, client)));
}
