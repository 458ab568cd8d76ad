/* view.c
 * What one frame shows: everything that fields and expert infos need.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/story/view.h"

#include "core/base/search.h"
#include "core/clock/client.h"
#include "core/clock/deadlines.h"
#include "core/model/frames.h"
#include "core/clock/issue.h"
#include "core/clock/kernel_lines.h"
#include "core/judge/outage.h"
#include "core/model/trouble.h"
#include "core/model/ports.h"
#include "core/wire/procedures.h"

unsigned
nh_view_attempt(const nh_frame *frame, const nh_call *call)
{
    unsigned place;

    /* they stand by frame, and may be thousands */
    NH_SEARCH(place, call->reply.frame == frame->number ? 0 : call->n_sendings, call->sendings[place].at.frame < frame->number);
    return place < call->n_sendings && call->sendings[place].at.frame == frame->number ? place + 1 : 0;
}

static const char *
ordinal_ending(unsigned n)
{
    static const char *const endings[] = { "th", "st", "nd", "rd" };
    return n % 10 < G_N_ELEMENTS(endings) && (n / 10) % 10 != 1 ? endings[n % 10] : "th";
}

/* before, and a duration if it is known; caller frees. */
static char *
words_with_duration(const char *procedure, const char *words, nh_time duration)
{
    if (!nh_time_known(duration))
        return g_strdup(procedure);
    char *text = nh_duration_text(duration);
    char *both = g_strconcat(procedure, words, text, NULL);
    g_free(text);
    return both;
}

static char *
words_of_call(const nh_frame *frame, const nh_call *call)
{
    const char *name = nh_procedure_name(call->prog, call->vers, call->proc);
    unsigned attempt = nh_view_attempt(frame, call);

    if (!name)
        return NULL;
    if (call->reply.frame == frame->number)
        return words_with_duration(name, ", answered after ", nh_elapsed(call->sendings[0].at.time, call->reply.time));
    if (attempt == 0)
        return g_strconcat(name, ", another answer", NULL);
    if (attempt > 1)
        return g_strdup_printf("%s resent, %u%s", name, attempt - 1, ordinal_ending(attempt - 1));
    if (!call->deferred)
        return g_strdup(name);
    return words_with_duration(name, ", held back for up to ", nh_elapsed(nh_issue_of(call)->earliest, call->sendings[0].at.time));
}

/* The finding's title without what explains it. */
static char *
words_of_note(const nh_note *note)
{
    const char *title = nh_finding_get(note->finding)->title;

    if (note->resends)
        return g_strdup_printf("FIN resent, %u%s", note->resends, ordinal_ending(note->resends));
    return g_strndup(title, strcspn(title, ":"));
}

char *
nh_view_words(const nh_view *view)
{
    for (nh_frame_calls item = nh_frame_calls_of(view->frame); item.call; nh_frame_calls_next(&item)) {
        char *words = item.call->prog == NH_PROG_NLM ? words_of_call(view->frame, item.call) : NULL;
        if (words)
            return words;
    }
    return nh_frame_notes(view->frame) ? words_of_note(nh_frame_notes(view->frame)->data) : NULL;
}

static const char *
words_of_service(nh_service service)
{
    switch (service) {
    case NH_SERVICE_PORTMAP:
        return "port mapper";
    case NH_SERVICE_NLM:
        return "lockd";
    case NH_SERVICE_STATD:
        return "statd";
    case NH_SERVICE_PROBABLE:
        return "probably lockd";
    default:
        return NULL;
    }
}

char *
nh_view_connection_words(const nh_view *view)
{
    const char *whose = words_of_service(view->service);

    if (!whose || !view->trouble)
        return g_strdup(whose);
    const char *title = nh_finding_get(view->trouble->finding)->title;
    return g_strdup_printf("%s: %.*s", whose, (int)strcspn(title, ":"), title);
}

/* A client that is no Linux logs no such line. */
static void
forget_line(nh_timers *timers)
{
    timers->no_line = timers->deadlines.major_earliest == NH_NEVER;
    if (!timers->no_line)
        return;
    timers->has_mount_deadlines = false;
    timers->deadlines.major_earliest = timers->deadlines.major_latest = timers->observed = NH_TIME_NONE;
}

bool
nh_view_timers_of_call(const nh_call *call, nh_timers *timers)
{
    bool use_mount = call->pair->watch->options.use_mount;

    if (!call->outage || !nh_line_may_come(call))
        return false;
    *timers = (nh_timers){
        .pair = call->pair,
        .way = call->way,
        .event = nh_line_event(call->pair, call->way, call),
        .has_mount_deadlines = true,
        .observed = call->line_seen.frame ? call->line_seen.time : NH_TIME_NONE,
        .family = nh_pair_family(call->pair),
        .policy = nh_policy_of(call->pair, call->l4, use_mount),
    };
    nh_call_deadlines(call, use_mount, &timers->deadlines);
    nh_call_deadlines(call, true, &timers->mount_deadlines);
    forget_line(timers);
    return true;
}

/* The call that this outage held back: its timers stand on the frames in trouble, too. */
static const nh_call *
held_back(const nh_outage *outage)
{
    for (unsigned i = 0; outage && i < outage->calls->len; i++)
        if (((const nh_call *)g_ptr_array_index(outage->calls, i))->deferred)
            return g_ptr_array_index(outage->calls, i);
    return NULL;
}

/* No call could be sent: the timers of the attempt stand on the frames in trouble. */
static bool
timers_of_attempt(const nh_conn *conn, uint32_t frame, nh_timers *timers)
{
    const nh_attempt *attempt = &conn->pair->side[conn->way].attempt;
    bool use_mount = conn->pair->watch->options.use_mount;

    if (!nh_attempt_pending(attempt) || frame < attempt->start.frame)
        return false;
    *timers = (nh_timers){
        .pair = conn->pair,
        .way = conn->way,
        .event = nh_line_event(conn->pair, conn->way, attempt->answers),
        .observed = attempt->line_seen.frame ? attempt->line_seen.time : NH_TIME_NONE,
        .family = nh_pair_family(conn->pair),
        .policy = nh_policy_of(conn->pair, NH_L4_TCP, use_mount),
    };
    nh_attempt_deadlines(conn->pair, conn->way, attempt, &timers->deadlines);
    forget_line(timers);
    return true;
}

bool
nh_view_timers_in_trouble(const nh_view *view, nh_timers *timers)
{
    const nh_call *held = held_back(view->outage);

    if (!view->trouble)
        return false;
    for (nh_frame_calls item = nh_frame_calls_of(view->frame); item.call; nh_frame_calls_next(&item))
        if (item.call->prog == NH_PROG_NLM)
            return false;
    return held ? nh_view_timers_of_call(held, timers) : timers_of_attempt(view->frame->conn, view->frame->number, timers);
}

/* The incident of a call whose reply came behind its end. */
static const nh_outage *
outage_of_calls(const nh_frame *frame)
{
    for (nh_frame_calls item = nh_frame_calls_of(frame); item.call; nh_frame_calls_next(&item)) {
        const nh_call *call = item.call;
        if (call->prog == NH_PROG_NLM && call->outage && call->outage->id)
            return call->outage;
    }
    return NULL;
}

static bool
was_in_trouble(const nh_conn *conn)
{
    return conn->troubles || conn->one_sided_reported;
}

/* Only its ports speak for it, and nothing is wrong with it: another protocol may have it, and that is no business of ours. */
static bool
is_mere_guess(const nh_conn *conn)
{
    return nh_conn_service(conn) == NH_SERVICE_PROBABLE && !conn->pair->lock_traffic && !was_in_trouble(conn) &&
           !(conn->previous && was_in_trouble(conn->previous));
}

bool
nh_view_frame(const nh_watch *watch, uint32_t number, nh_view *view)
{
    const nh_frame *frame = nh_frame_find(watch, number);

    if (!frame || (frame->conn && (nh_conn_service(frame->conn) == NH_SERVICE_NONE || frame->conn->foreign || is_mere_guess(frame->conn))))
        return false;
    *view = (nh_view){ .frame = frame, .points = watch->points };
    view->service = frame->service ? frame->service : frame->conn ? nh_conn_service(frame->conn) : NH_SERVICE_NONE;
    view->trouble = frame->conn ? nh_conn_trouble_at(frame->conn, number) : NULL;
    view->outage = frame->pair ? nh_outage_at(frame->pair, number) : NULL;
    if (!view->outage)
        view->outage = outage_of_calls(frame);
    return true;
}

void
nh_view_faults(const nh_view *view, void (*visit)(const nh_fault *fault, void *data), void *data)
{
    for (const nh_frame_fault *item = nh_frame_faults(view->frame); item; item = item->next)
        if (((const nh_fault *)item->fault)->id)
            visit(item->fault, data);
}

static void
take_first(const nh_fault *fault, void *data)
{
    unsigned *id = data;

    if (*id == 0 || fault->id < *id)
        *id = fault->id;
}

unsigned
nh_view_incident(const nh_view *view)
{
    unsigned id = 0;

    if (view->outage)
        return view->outage->id;
    nh_view_faults(view, take_first, &id);
    return id;
}

bool
nh_view_shows(const nh_outage *outage, uint32_t frame)
{
    nh_view view;

    return frame && nh_view_frame(outage->pair->watch, frame, &view) && view.outage == outage;
}
