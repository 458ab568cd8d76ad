/* picture_owners.c
 * The lanes of an incident of the locks themselves.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/out/picture_owners.h"

#include "core/out/owners.h"
#include "core/out/request.h"

/* More would be too small to see; the table of calls has them. */
#define MAX_OWNERS 8

static void
put_held(nh_drawing *d, nh_owner *who, nh_time until)
{
    if (nh_time_known(who->holds_since))
        nh_drawing_bar(d, NH_SHAPE_HOLDS, who->holds_since, until, "holds the lock");
    who->holds_since = NH_TIME_NONE;
}

/* What a granted call changes. */
static void
note_granted(nh_drawing *d, nh_owner *who, const nh_story_call *call)
{
    nh_time answered = nh_story_call_answered(call);

    if (g_strcmp0(call->procedure, "UNLOCK") == 0)
        put_held(d, who, answered);
    else if (g_strcmp0(call->procedure, "LOCK") == 0 && !nh_time_known(who->holds_since))
        who->holds_since = answered;
}

/* A call with its outcome. */
static void
put_call(nh_drawing *d, const nh_story_call *call)
{
    const char *name = call->procedure ? call->procedure : "lock call";
    nh_time answered = nh_story_call_answered(call);
    const char *outcome = call->status ? call->status : nh_time_known(answered) ? "answered" : "no answer in the capture";
    int x = nh_drawing_mark(d, NH_SHAPE_SENT, call->sent, nh_story_call_frame(call), name);

    if (nh_time_known(answered))
        nh_drawing_mark(d, NH_SHAPE_ANSWER, answered, call->reply_frame, outcome);
    nh_drawing_labelf(d, x, "%s: %s", name, outcome);
}

/* The bar of what is held lies under the marks, so that the calls are gone through twice. */
static void
draw_owner(nh_drawing *d, nh_owner *who)
{
    char *process = nh_owner_text(who);
    char *range = nh_range_text(who->offset, who->length);
    char *what = who->file ? g_strdup_printf("%s of %s", range, who->file) : g_strdup(range);

    nh_drawing_begin_lane(d, "Owner of a lock", process, what);
    for (int marks = 0; marks < 2; marks++) {
        for (unsigned i = 0; i < who->calls->len; i++) {
            const nh_story_call *call = who->calls->pdata[i];
            if (call->callback || !nh_time_known(call->sent))
                continue;
            if (marks)
                put_call(d, call);
            else if (g_strcmp0(call->status, "NLM_GRANTED") == 0)
                note_granted(d, who, call);
        }
        if (!marks)
            put_held(d, who, NH_TIME_NONE);
    }
    nh_drawing_end_lane(d, 2);
    g_free(process);
    g_free(range);
    g_free(what);
}

/* What was found wrong, each finding at its packet. */
static void
draw_wrong(nh_drawing *d)
{
    nh_drawing_begin_lane(d, "What went wrong", NULL, NULL);
    for (unsigned i = 0; i < d->incident->timeline->len; i++) {
        const nh_event *event = d->incident->timeline->pdata[i];
        const nh_finding_row *row = nh_finding_get(event->finding);
        if (!row || !nh_time_known(event->time))
            continue;
        int x = nh_drawing_mark(d, NH_SHAPE_WRONG, event->time, event->frame, event->text ? event->text : row->title);
        nh_drawing_label(d, x, row->title);
    }
    nh_drawing_end_lane(d, 0);
}

void
nh_picture_owners(nh_drawing *d)
{
    GPtrArray *owners = nh_owners_of(d->incident);
    unsigned drawn = MIN(owners->len, MAX_OWNERS);

    for (unsigned i = 0; i < drawn; i++)
        draw_owner(d, owners->pdata[i]);
    nh_drawing_more(d, owners->len - drawn, "owners");
    draw_wrong(d);
    g_ptr_array_unref(owners);
}
