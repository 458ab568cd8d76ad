/* frames.h
 * The frame book: what is known of each frame the plugin speaks about.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_FRAMES_H
#define NLM_HEALTH_FRAMES_H

#include "core/model/model.h"

static inline nh_moment
nh_frame_at(const nh_frame *frame)
{
    return (nh_moment){ frame->number, frame->time };
}

/* nh_note*, in the order in which they came; NULL: there is none. */
static inline GSList *
nh_frame_notes(const nh_frame *frame)
{
    return frame->rare ? frame->rare->notes : NULL;
}

/* The first of the faults that it belongs to, or NULL. */
static inline const nh_frame_fault *
nh_frame_faults(const nh_frame *frame)
{
    return frame->rare ? frame->rare->faults : NULL;
}

/* The calls of a frame, one after the other: for (nh_frame_calls each = nh_frame_calls_of(frame); each.call; nh_frame_calls_next(&each)). */
typedef struct {
    nh_call *call; /* NULL: there is no other */
    const nh_frame_call *more;
} nh_frame_calls;

static inline nh_frame_calls
nh_frame_calls_of(const nh_frame *frame)
{
    return (nh_frame_calls){ frame->call, frame->rare ? frame->rare->more_calls : NULL };
}

static inline void
nh_frame_calls_next(nh_frame_calls *calls)
{
    calls->call = calls->more ? calls->more->call : NULL;
    calls->more = calls->more ? calls->more->next : NULL;
}

/* The record of a frame, made when there is none; owned by the watch. */
nh_frame *nh_frame_get(nh_watch *watch, nh_moment at);
/* Forget the record of a frame whose number another frame has now. */
void nh_frame_drop(nh_watch *watch, uint32_t frame);
/* How many records are of frames with a lower number: the place of this frame's, if it has one. */
unsigned nh_frame_index(const nh_watch *watch, uint32_t frame);
/* How many of these frames (nh_frame*, by number) have a lower number. */
unsigned nh_frames_before(const GPtrArray *frames, uint32_t frame);
/* The record of a frame, or NULL. */
nh_frame *nh_frame_find(const nh_watch *watch, uint32_t frame);
/*
 * Note a finding on a frame that has a record (others are ignored). One remark of
 * a finding per frame: a second replaces the first.
 */
void nh_frame_note(nh_watch *watch, uint32_t frame, nh_finding finding, const nh_remark *says);
/* The frame's remark on a finding, if it has one, is about the n-th resend of a FIN. */
void nh_frame_is_resend(nh_watch *watch, uint32_t frame, nh_finding finding, unsigned n);
/* The remark on a finding was said too early: it is taken back. */
void nh_frame_unnote(nh_watch *watch, uint32_t frame, nh_finding finding);
/* From now on, until nh_frames_restore(): what is remarked or taken back is for a story only. */
void nh_frames_remember(nh_watch *watch);
/* The remarks are again as they were then. */
void nh_frames_restore(nh_watch *watch);
/* The frame's remark on a finding; NULL: it has none. */
const nh_note *nh_frame_has(const nh_frame *frame, nh_finding finding);
/* A call was sent or answered in this frame. */
void nh_frame_add_call(nh_frame *frame, nh_call *call);
/* It belongs to this fault of the locks. */
void nh_frame_add_fault(nh_watch *watch, nh_frame *frame, struct nh_fault *fault);
/* What the records have beside the arena. */
void nh_frames_free(nh_watch *watch);

/* "frame 12, 22:53:13.639"; caller frees. */
char *nh_moment_text(nh_moment at);
/* An end as "10.7.1.2:916" or "[2001:db8::1]:916"; caller frees. */
char *nh_end_text(const nh_end *end);

#endif
