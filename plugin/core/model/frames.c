/* frames.c
 * The frame book: what is known of each frame the plugin speaks about.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/frames.h"

#include "core/base/search.h"

unsigned
nh_frames_before(const GPtrArray *frames, uint32_t frame)
{
    unsigned n = frames->len, place;

    /* on the first pass it is nearly always the latest, or a new one behind it */
    if (n > 0 && ((const nh_frame *)g_ptr_array_index(frames, n - 1))->number < frame)
        return n;
    if (n > 0 && ((const nh_frame *)g_ptr_array_index(frames, n - 1))->number == frame)
        return n - 1;
    NH_SEARCH(place, n, ((const nh_frame *)g_ptr_array_index(frames, place))->number < frame);
    return place;
}

/* Index into watch->frames of the first record that is not before this frame: their number when there is none. */
static unsigned
index_of(const nh_watch *watch, uint32_t frame)
{
    return nh_frames_before(watch->frames, frame);
}

nh_frame *
nh_frame_find(const nh_watch *watch, uint32_t number)
{
    if (watch->latest_frame && watch->latest_frame->number == number)
        return watch->latest_frame;
    unsigned i = index_of(watch, number);
    nh_frame *frame = i < watch->frames->len ? g_ptr_array_index(watch->frames, i) : NULL;

    return frame && frame->number == number ? frame : NULL;
}

/* Another than the latest one. Not inlined: most callers have that at hand, and would pay for this. */
static nh_frame *G_GNUC_NO_INLINE
get_other(nh_watch *watch, nh_moment at)
{
    unsigned i = index_of(watch, at.frame);
    nh_frame *frame = i < watch->frames->len ? g_ptr_array_index(watch->frames, i) : NULL;

    if (frame && frame->number == at.frame)
        return watch->latest_frame = frame;
    frame = nh_arena_take(watch->arena, sizeof *frame);
    frame->number = at.frame;
    frame->time = at.time;
    if (i == watch->frames->len)
        g_ptr_array_add(watch->frames, frame);
    else
        g_ptr_array_insert(watch->frames, (int)i, frame);
    return watch->latest_frame = frame;
}

nh_frame *
nh_frame_get(nh_watch *watch, nh_moment at)
{
    if (watch->latest_frame && watch->latest_frame->number == at.frame)
        return watch->latest_frame;
    return get_other(watch, at);
}

void
nh_frame_drop(nh_watch *watch, uint32_t frame)
{
    if (!nh_frame_find(watch, frame))
        return;
    watch->latest_frame = NULL;
    g_ptr_array_remove_index(watch->frames, index_of(watch, frame));
}

static void
note_free(void *data)
{
    g_slice_free(nh_note, data);
}

void
nh_frame_free(void *data)
{
    nh_frame *frame = data;
    if (frame->rare) /* of few frames, and each frame comes by here */
        g_slist_free_full(frame->rare->notes, note_free);
}

static nh_frame_rare *
get_rare(nh_watch *watch, nh_frame *frame)
{
    if (!frame->rare)
        frame->rare = nh_arena_take(watch->arena, sizeof *frame->rare);
    return frame->rare;
}

static nh_note *
find_note(const nh_frame *frame, nh_finding finding)
{
    for (GSList *item = nh_frame_notes(frame); item; item = item->next) {
        nh_note *note = item->data;
        if (note->finding == finding)
            return note;
    }
    return NULL;
}

const nh_note *
nh_frame_has(const nh_frame *frame, nh_finding finding)
{
    return frame ? find_note(frame, finding) : NULL;
}

void
nh_frame_note(nh_watch *watch, uint32_t number, nh_finding finding, const nh_remark *says)
{
    nh_frame *frame = nh_frame_find(watch, number);
    nh_note *note = frame ? find_note(frame, finding) : NULL;

    if (!frame)
        return;
    if (!note) {
        note = g_slice_new(nh_note);
        note->finding = finding;
        note->resends = 0;
        nh_frame_rare *rare = get_rare(watch, frame);
        rare->notes = g_slist_append(rare->notes, note);
    }
    note->says = *says;
}

void
nh_frame_is_resend(nh_watch *watch, uint32_t number, nh_finding finding, unsigned n)
{
    nh_frame *frame = nh_frame_find(watch, number);
    nh_note *note = frame ? find_note(frame, finding) : NULL;

    if (note)
        note->resends = n;
}

void
nh_frame_unnote(nh_watch *watch, uint32_t number, nh_finding finding)
{
    nh_frame *frame = nh_frame_find(watch, number);
    nh_note *note = frame ? find_note(frame, finding) : NULL;

    if (note) {
        frame->rare->notes = g_slist_remove(frame->rare->notes, note);
        note_free(note);
    }
}

void
nh_frame_add_call(nh_frame *frame, nh_call *call)
{
    if (!frame->call)
        frame->call = call;
    if (frame->call == call)
        return;
    nh_frame_call **end = &get_rare(call->pair->watch, frame)->more_calls;
    for (; *end; end = &(*end)->next)
        if ((*end)->call == call)
            return;
    *end = nh_arena_take(call->pair->watch->arena, sizeof **end);
    (*end)->call = call;
}

void
nh_frame_add_fault(nh_watch *watch, nh_frame *frame, struct nh_fault *fault)
{
    nh_frame_fault **end = &get_rare(watch, frame)->faults;

    for (; *end; end = &(*end)->next)
        if ((*end)->fault == fault)
            return;
    *end = nh_arena_take(watch->arena, sizeof **end);
    (*end)->fault = fault;
}

char *
nh_moment_text(nh_moment at)
{
    char *clock = nh_time_clock(at.time);
    char *text = g_strdup_printf("frame %u, %s", at.frame, clock);
    g_free(clock);
    return text;
}

char *
nh_end_text(const nh_end *end)
{
    char buf[NH_ADDR_TEXT];
    return g_strdup_printf(end->addr.len == 16 ? "[%s]:%u" : "%s:%u", nh_addr_text(&end->addr, buf), end->port);
}
