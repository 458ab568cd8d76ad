/* frames.c
 * The frame book: what is known of each frame the plugin speaks about.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "core/model/frames.h"

#include "core/base/search.h"

static uint32_t
number_of(void *frame)
{
    return ((const nh_frame *)frame)->number;
}

/* How many of so many have a lower number. */
static unsigned
count_before(void *const *frames, unsigned n, uint32_t frame)
{
    unsigned place;

    /* on the first pass it is nearly always the latest, or a new one behind it */
    if (n > 0 && number_of(frames[n - 1]) < frame)
        return n;
    if (n > 0 && number_of(frames[n - 1]) == frame)
        return n - 1;
    NH_SEARCH(place, n, number_of(frames[place]) < frame);
    return place;
}

unsigned
nh_frames_before(const GPtrArray *frames, uint32_t frame)
{
    return count_before(frames->pdata, frames->len, frame);
}

unsigned
nh_frame_index(const nh_watch *watch, uint32_t frame)
{
    return count_before(watch->frames.items, watch->frames.len, frame);
}

nh_frame *
nh_frame_find(const nh_watch *watch, uint32_t number)
{
    if (watch->latest_frame && watch->latest_frame->number == number)
        return watch->latest_frame;
    unsigned i = nh_frame_index(watch, number);
    nh_frame *frame = i < watch->frames.len ? watch->frames.items[i] : NULL;

    return frame && frame->number == number ? frame : NULL;
}

/* Another than the latest one. Not inlined: most callers have that at hand, and would pay for this. */
static nh_frame *G_GNUC_NO_INLINE
get_other(nh_watch *watch, nh_moment at)
{
    unsigned n = watch->frames.len;
    bool is_next = n == 0 || number_of(watch->frames.items[n - 1]) < at.frame; /* as on the first pass */
    unsigned i = is_next ? n : nh_frame_index(watch, at.frame);
    nh_frame *frame = is_next ? NULL : watch->frames.items[i];

    if (frame && frame->number == at.frame)
        return watch->latest_frame = frame;
    frame = nh_arena_room(watch->arena, sizeof *frame);
    *frame = (nh_frame){ .number = at.frame, .time = at.time }; /* in a few stores, as each packet needs one */
    if (is_next)
        nh_list_add(&watch->frames, frame);
    else
        nh_list_insert(&watch->frames, i, frame);
    return watch->latest_frame = frame;
}

nh_frame *
nh_frame_get(nh_watch *watch, nh_moment at)
{
    if (watch->latest_frame && watch->latest_frame->number == at.frame)
        return watch->latest_frame;
    return get_other(watch, at);
}

static void
note_free(void *data)
{
    g_slice_free(nh_note, data);
}

/* What a frame has beside the arena. */
static void
free_notes(nh_frame *frame)
{
    if (frame->rare) /* of few frames, and each frame comes by here */
        g_slist_free_full(frame->rare->notes, note_free);
}

void
nh_frames_free(nh_watch *watch)
{
    for (unsigned i = 0; i < watch->frames.len; i++)
        free_notes(watch->frames.items[i]);
    nh_list_clear(&watch->frames);
}

void
nh_frame_drop(nh_watch *watch, uint32_t frame)
{
    nh_frame *known = nh_frame_find(watch, frame);

    if (!known)
        return;
    watch->latest_frame = NULL;
    free_notes(known);
    nh_list_remove(&watch->frames, nh_frame_index(watch, frame));
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

/* --- remarks ----------------------------------------------------------------------- */

static void *
copy_note(const void *note, void *data)
{
    return g_slice_dup(nh_note, note);
}

static void
notes_free(void *notes)
{
    g_slist_free_full(notes, note_free);
}

void
nh_frames_remember(nh_watch *watch)
{
    if (!watch->concluded.notes)
        watch->concluded.notes = g_hash_table_new_full(NULL, NULL, NULL, notes_free);
}

/* The remarks on a frame change: what they are now is kept, unless it was. */
static void
keep_notes(const nh_watch *watch, nh_frame *frame)
{
    GHashTable *kept = watch->concluded.notes;

    if (kept && !g_hash_table_contains(kept, frame))
        g_hash_table_insert(kept, frame, g_slist_copy_deep(nh_frame_notes(frame), copy_note, NULL));
}

void
nh_frames_restore(nh_watch *watch)
{
    GHashTableIter iter;
    void *key, *notes;

    if (!watch->concluded.notes)
        return;
    g_hash_table_iter_init(&iter, watch->concluded.notes);
    while (g_hash_table_iter_next(&iter, &key, &notes)) {
        nh_frame *frame = key;
        g_hash_table_iter_steal(&iter);
        if (frame->rare) {
            notes_free(frame->rare->notes);
            frame->rare->notes = notes;
        }
    }
    g_clear_pointer(&watch->concluded.notes, g_hash_table_unref);
}

void
nh_frame_note(nh_watch *watch, uint32_t number, nh_finding finding, const nh_remark *says)
{
    nh_frame *frame = nh_frame_find(watch, number);
    nh_note *note = frame ? find_note(frame, finding) : NULL;

    if (!frame)
        return;
    keep_notes(watch, frame);
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
        keep_notes(watch, frame);
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
