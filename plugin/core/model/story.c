/* story.c
 * Building and freeing what a capture tells.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/story.h"

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
incident_free(void *data)
{
    nh_incident *incident = data;
    g_free(incident->summary);
    g_ptr_array_unref(incident->timeline);
    g_ptr_array_unref(incident->kernel_lines);
    g_ptr_array_unref(incident->calls);
    g_ptr_array_unref(incident->next_steps);
    g_ptr_array_unref(incident->locks);
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
    g_ptr_array_add(story->incidents, incident);
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

void
nh_story_free(nh_story *story)
{
    if (!story)
        return;
    g_ptr_array_unref(story->pairs);
    g_ptr_array_unref(story->incidents);
    g_ptr_array_unref(story->locks);
    g_ptr_array_unref(story->messages);
    g_free(story);
}
