/* faults.c
 * Faults of the locks themselves as incidents.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/faults.h"

#include "core/base/text.h"
#include "core/clock/client.h"
#include "core/story/lock_story.h"
#include "core/model/call.h"
#include "core/model/frames.h"
#include "core/clock/kernel_lines.h"
#include "core/story/incident_calls.h"
#include "core/story/remark_text.h"
#include "core/wire/procedures.h"

static void
add_message(nh_incident *incident, const nh_call *call, nh_moment at, bool reply)
{
    const char *name = nh_procedure_name(call->prog, call->vers, call->proc), *status = reply ? nh_call_outcome(call) : NULL;

    if (at.frame)
        nh_incident_add_event(incident, at.frame, at.time, reply ? "reply" : "call", NH_FINDING_NONE,
                              g_strdup_printf("%s %s, XID 0x%08x%s%s%s", name ? name : "?", reply ? "reply" : "call", call->xid,
                                              !reply && call->nlm.caller[0] ? ", "
                                              : status                      ? ": "
                                                                            : "",
                                              !reply ? call->nlm.caller : "", status ? status : ""));
}

/* What else is noted on the frames of these calls: each frame once. */
static void
add_notes(nh_incident *incident, const nh_watch *watch, nh_moment at, GHashTable *noted)
{
    const nh_frame *frame = at.frame ? nh_frame_find(watch, at.frame) : NULL;

    if (!frame || !g_hash_table_add(noted, GUINT_TO_POINTER(at.frame)))
        return;
    for (const GSList *item = nh_frame_notes(frame); item; item = item->next) {
        const nh_note *note = item->data;
        nh_incident_add_event(incident, at.frame, at.time, nh_finding_name(note->finding), note->finding, nh_remark_text(&note->says));
    }
}

static void
add_calls(nh_incident *incident, const nh_fault *fault)
{
    const nh_watch *watch = fault->pair->watch;
    GHashTable *noted = g_hash_table_new(NULL, NULL);

    for (unsigned i = 0; i < fault->calls->len; i++) {
        const nh_call *call = g_ptr_array_index(fault->calls, i);
        nh_incident_describe_call(incident, call);
        add_message(incident, call, nh_call_first(call)->at, false);
        add_message(incident, call, call->reply, true);
        add_notes(incident, watch, nh_call_first(call)->at, noted);
        add_notes(incident, watch, call->reply, noted);
    }
    add_notes(incident, watch, fault->at, noted);
    for (unsigned i = 0; i < fault->steps->len; i++) {
        const nh_fault_step *step = &g_array_index(fault->steps, nh_fault_step, i);
        nh_incident_add_event(incident, step->at.frame, step->at.time, step->event, NH_FINDING_NONE,
                              nh_remark_text(&(nh_remark){ .id = step->says }));
        add_notes(incident, watch, step->at, noted);
    }
    add_notes(incident, watch, fault->refused_first, noted);
    add_notes(incident, watch, fault->refused_last, noted);
    g_hash_table_unref(noted);
}

/* What the client's kernel logs of it, as soon as the answer is there. */
static void
add_line(nh_incident *incident, const nh_fault *fault)
{
    nh_kernel_line *line;

    if (fault->line.id == NH_REMARK_NONE || nh_client_is_other(fault->pair))
        return;
    line = nh_incident_add_line(incident);
    line->program = "lockd";
    line->event = NH_LOG_OTHER;
    line->text = nh_remark_text(&fault->line);
    line->earliest = fault->line_at.time;
    line->latest = fault->line_at.time + NH_OBSERVED_SLACK;
    line->observed = fault->line_at.time;
    line->observed_frame = fault->line_at.frame;
}

/* "; 3 answers refuse others since (frames 12 to 40)"; caller frees. */
static char *
refusals(const nh_fault *fault)
{
    if (fault->refused == 0)
        return g_strdup("");
    if (fault->refused == 1)
        return g_strdup_printf("; frame %u refuses another because of it", fault->refused_first.frame);
    return g_strdup_printf("; %u answers refuse others since (frames %u to %u)", fault->refused, fault->refused_first.frame,
                           fault->refused_last.frame);
}

char *
nh_fault_summary(const nh_fault *fault)
{
    char server[NH_ADDR_TEXT];
    char *what = nh_remark_text(&fault->what), *when = nh_time_clock(fault->at.time), *refused = refusals(fault);
    char *more = fault->more ? g_strdup_printf("; so with %u more lock%s", fault->more, nh_plural(fault->more)) : g_strdup("");
    char *side = nh_side_sentence(fault->side, fault->confidence);
    char *text = g_strdup_printf("At %s UTC, server %s: %s (%s, frame %u)%s%s.%s", when, nh_addr_text(&fault->pair->server, server), what,
                                 nh_finding_name(fault->finding), fault->at.frame, more, refused, side);
    g_free(side);
    g_free(what);
    g_free(when);
    g_free(more);
    g_free(refused);
    return text;
}

void
nh_fault_story(nh_story *story, const nh_fault *fault)
{
    nh_incident *incident = nh_story_add_incident(story);
    const nh_watch *watch = fault->pair->watch;

    incident->kind = NH_INCIDENT_LOCK;
    incident->client = fault->pair->client;
    incident->server = fault->pair->server;
    incident->service = fault->finding == NH_NOTICE_LOST ? NH_SERVICE_STATD : NH_SERVICE_NLM;
    incident->cause = fault->finding;
    incident->side = fault->side;
    incident->confidence = fault->confidence;
    incident->summary = nh_fault_summary(fault);
    incident->first_frame = fault->first.frame;
    incident->last_frame = fault->last.frame;
    incident->start = fault->at.time;
    incident->end = fault->end.frame ? fault->end.time : NH_TIME_NONE;
    incident->duration = MAX((fault->end.frame ? fault->end.time : watch->last) - fault->at.time, 0);
    add_calls(incident, fault);
    add_line(incident, fault);
    if (nh_fault_advice(fault))
        g_ptr_array_add(incident->next_steps, g_strdup(nh_fault_advice(fault)));
    nh_lock_story_list(incident->locks, fault->locks);
}
