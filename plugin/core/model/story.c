/* story.c
 * Building and freeing what a capture tells.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/story.h"

#include "core/base/search.h"
#include "core/base/text.h"

static void
event_free(void *data)
{
    nh_event *event = data;
    g_free(event->text);
    g_free(event);
}

static void
call_free(void *data)
{
    nh_story_call *call = data;
    g_array_unref(call->frames);
    g_free(call->policy);
    g_free(call->request.owner);
    g_free(call->request.file);
    g_free(call);
}

static void
line_free(void *data)
{
    nh_kernel_line *line = data;
    g_free(line->text);
    g_free(line->logged_text);
    g_free(line);
}

static void
lock_free(void *data)
{
    nh_story_lock *lock = data;
    g_free(lock->file);
    g_free(lock->owner);
    g_free(lock);
}

static void
part_free(void *data)
{
    nh_part *part = data;
    g_free(part->what);
    g_free(part);
}

static void
flow_free(void *data)
{
    nh_flow *flow = data;
    g_free(flow->client);
    g_free(flow->server);
    g_array_unref(flow->marks);
    g_array_unref(flow->spans);
    g_free(flow);
}

static void
incident_free(void *data)
{
    nh_incident *incident = data;
    g_free(incident->summary);
    g_ptr_array_unref(incident->timeline);
    g_ptr_array_unref(incident->kernel_lines);
    g_ptr_array_unref(incident->calls);
    g_ptr_array_unref(incident->next_steps);
    g_ptr_array_unref(incident->locks);
    g_ptr_array_unref(incident->parts);
    g_ptr_array_unref(incident->flows);
    g_array_unref(incident->flow_frames);
    g_free(incident);
}

nh_story *
nh_story_new(void)
{
    nh_story *story = g_new0(nh_story, 1);
    story->first = story->last = NH_TIME_NONE;
    story->pairs = g_ptr_array_new_with_free_func(g_free);
    story->incidents = g_ptr_array_new_with_free_func(incident_free);
    story->locks = g_ptr_array_new_with_free_func(lock_free);
    story->messages = g_ptr_array_new_with_free_func(g_free);
    story->caveats = g_ptr_array_new_with_free_func(g_free);
    return story;
}

nh_incident *
nh_story_add_incident(nh_story *story)
{
    nh_incident *incident = g_new0(nh_incident, 1);
    incident->id = story->incidents->len + 1;
    incident->start = incident->end = NH_TIME_NONE;
    incident->timeline = g_ptr_array_new_with_free_func(event_free);
    incident->calls = g_ptr_array_new_with_free_func(call_free);
    incident->kernel_lines = g_ptr_array_new_with_free_func(line_free);
    incident->next_steps = g_ptr_array_new_with_free_func(g_free);
    incident->locks = g_ptr_array_new_with_free_func(lock_free);
    incident->parts = g_ptr_array_new_with_free_func(part_free);
    incident->flows = g_ptr_array_new_with_free_func(flow_free);
    incident->flow_frames = g_array_new(false, false, sizeof(nh_flow_frame));
    incident->other_first = incident->other_last = NH_TIME_NONE;
    g_ptr_array_add(story->incidents, incident);
    story->verdict = NH_VERDICT_INCIDENTS;
    return incident;
}

nh_story_call *
nh_incident_add_call(nh_incident *incident)
{
    nh_story_call *call = g_new0(nh_story_call, 1);
    call->frames = g_array_new(false, false, sizeof(uint32_t));
    call->sent = call->issued_earliest = call->issued_latest = call->answered_in = NH_TIME_NONE;
    g_ptr_array_add(incident->calls, call);
    return call;
}

nh_kernel_line *
nh_incident_add_line(nh_incident *incident)
{
    nh_kernel_line *line = g_new0(nh_kernel_line, 1);
    line->earliest = line->latest = line->observed = line->answered = line->logged = NH_TIME_NONE;
    g_ptr_array_add(incident->kernel_lines, line);
    return line;
}

nh_time
nh_kernel_line_offset(const nh_kernel_line *line)
{
    nh_time low = nh_time_known(line->observed) ? line->observed : line->earliest;
    nh_time high = nh_time_known(line->observed) ? line->observed : line->latest;

    if (!nh_time_known(line->logged) || !nh_time_known(low) || !nh_time_known(high))
        return NH_TIME_NONE;
    if (line->logged > high)
        return line->logged - high;
    return MIN(line->logged + line->logged_resolution - low, 0);
}

char *
nh_request_key(const nh_story_call *call)
{
    const nh_request *r = &call->request;

    return g_strdup_printf("%u %s %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %d %s %s %s", r->svid, r->file ? r->file : "", r->offset,
                           r->length, r->exclusive, call->procedure ? call->procedure : "", call->callback ? "callback" : "",
                           r->owner ? r->owner : "");
}

unsigned
nh_incident_requests(const nh_incident *incident)
{
    unsigned unknown[2] = { 0, 0 }, known[2] = { 0, 0 }; /* of applications; callbacks, each for a request that is seen nowhere */

    if (incident->requests)
        return incident->requests;
    GHashTable *keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (unsigned i = 0; i < incident->calls->len; i++) {
        const nh_story_call *call = incident->calls->pdata[i];
        if (call->request.known)
            known[call->callback] += g_hash_table_add(keys, nh_request_key(call));
        else
            unknown[call->callback] += call->prog == NH_PROG_NLM;
    }
    g_hash_table_unref(keys);
    return known[0] + unknown[0] ? known[0] + unknown[0] : known[1] + unknown[1];
}

void
nh_incident_add_part(nh_incident *incident, nh_time from, nh_time to, char *what)
{
    nh_part *part = g_new(nh_part, 1);
    *part = (nh_part){ from, to, what };
    g_ptr_array_add(incident->parts, part);
}

nh_flow *
nh_incident_add_flow(nh_incident *incident)
{
    nh_flow *flow = g_new0(nh_flow, 1);
    flow->replaced = NH_TIME_NONE;
    flow->marks = g_array_new(false, false, sizeof(nh_sign));
    flow->spans = g_array_new(false, false, sizeof(nh_span));
    g_ptr_array_add(incident->flows, flow);
    return flow;
}

const nh_flow_frame *
nh_incident_flow_of(const nh_incident *incident, uint32_t frame)
{
    const GArray *frames = incident->flow_frames;
    unsigned place;

    NH_SEARCH(place, frames->len, g_array_index(frames, nh_flow_frame, place).frame < frame);
    const nh_flow_frame *found = place < frames->len ? &g_array_index(frames, nh_flow_frame, place) : NULL;
    return found && found->frame == frame ? found : NULL;
}

const char *
nh_incident_kind_name(nh_incident_kind kind)
{
    return kind == NH_INCIDENT_LOCK ? "lock" : "outage";
}

nh_event *
nh_incident_add_event(nh_incident *incident, uint32_t frame, nh_time at, const char *event, nh_finding finding, char *text)
{
    nh_event *added = g_new(nh_event, 1);
    *added = (nh_event){ frame, at, event, finding, text };
    g_ptr_array_add(incident->timeline, added);
    return added;
}

nh_story_pair *
nh_story_add_pair(nh_story *story)
{
    nh_story_pair *pair = g_new0(nh_story_pair, 1);
    pair->slowest = NH_TIME_NONE;
    g_ptr_array_add(story->pairs, pair);
    return pair;
}

nh_story_lock *
nh_story_add_lock(GPtrArray *locks)
{
    nh_story_lock *lock = g_new0(nh_story_lock, 1);
    lock->since = NH_TIME_NONE;
    g_ptr_array_add(locks, lock);
    return lock;
}

/* --- clean texts ------------------------------------------------------------------ */

static void
clean_texts(GPtrArray *texts)
{
    for (unsigned i = 0; i < texts->len; i++)
        texts->pdata[i] = nh_text_tidy(texts->pdata[i]);
}

static void
clean_locks(GPtrArray *locks)
{
    for (unsigned i = 0; i < locks->len; i++) {
        nh_story_lock *lock = locks->pdata[i];
        lock->file = nh_text_tidy(lock->file);
        lock->owner = nh_text_tidy(lock->owner);
    }
}

static void
clean_incident(nh_incident *incident)
{
    incident->summary = nh_text_tidy(incident->summary);
    for (unsigned i = 0; i < incident->timeline->len; i++) {
        nh_event *event = incident->timeline->pdata[i];
        event->text = nh_text_tidy(event->text);
    }
    for (unsigned i = 0; i < incident->kernel_lines->len; i++) {
        nh_kernel_line *line = incident->kernel_lines->pdata[i];
        line->text = nh_text_tidy(line->text);
        line->logged_text = nh_text_tidy(line->logged_text);
    }
    for (unsigned i = 0; i < incident->calls->len; i++) {
        nh_story_call *call = incident->calls->pdata[i];
        call->request.owner = nh_text_tidy(call->request.owner);
    }
    for (unsigned i = 0; i < incident->parts->len; i++) {
        nh_part *part = incident->parts->pdata[i];
        part->what = nh_text_tidy(part->what);
    }
    clean_texts(incident->next_steps);
    clean_locks(incident->locks);
}

void
nh_story_clean(nh_story *story)
{
    for (unsigned i = 0; i < story->incidents->len; i++)
        clean_incident(story->incidents->pdata[i]);
    clean_locks(story->locks);
    clean_texts(story->messages);
}

void
nh_story_free(nh_story *story)
{
    if (!story)
        return;
    g_ptr_array_unref(story->pairs);
    g_ptr_array_unref(story->incidents);
    g_ptr_array_unref(story->locks);
    g_ptr_array_unref(story->messages);
    g_ptr_array_unref(story->caveats);
    for (unsigned i = 0; i < story->n_points; i++)
        g_free(story->points[i].name);
    g_free(story);
}

const char *
nh_verdict_name(nh_verdict verdict)
{
    static const char *const names[] = {
#define X(id, name) [id] = name,
        NH_VERDICTS(X)
#undef X
    };

    return names[verdict];
}
