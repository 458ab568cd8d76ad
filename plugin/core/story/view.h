/* view.h
 * What one frame shows: everything that fields and expert infos need.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_VIEW_H
#define NLM_HEALTH_VIEW_H

#include "core/locks/fault.h"
#include "core/model/model.h"

/* Unknown values are 0, NULL or NH_TIME_NONE; pointers belong to the watch. */
typedef struct {
    const nh_frame *frame;
    nh_service service;
    const nh_trouble *trouble; /* of its connection at this frame */
    const nh_outage *outage;   /* the incident, or NULL */
    const nh_points *points;   /* of a capture that was taken at two points, or NULL */
} nh_view;

/* When a client's timers expire, and the line that follows. */
typedef struct {
    const nh_pair *pair;
    nh_way way;
    nh_log_event event;
    bool no_line; /* its system is no Linux: the moment of the line is unknown, and so is the line */
    bool has_mount_deadlines;
    nh_deadlines deadlines, mount_deadlines;
    nh_time observed;
    nh_family family;
    nh_policy policy;
} nh_timers;

/* false when the plugin has nothing to say about the frame. */
bool nh_view_frame(const nh_watch *watch, uint32_t frame, nh_view *view);
/* Call visit for each fault of locks that the frame belongs to and that is told. */
void nh_view_faults(const nh_view *view, void (*visit)(const nh_fault *fault, void *data), void *data);
/* The number of the frame's incident: of the outage rather than of the locks; 0 = none. */
unsigned nh_view_incident(const nh_view *view);
/* Whether a frame is the outage's: all of its pair from start to end, and those of its calls before and behind; 0 never is. */
bool nh_view_shows(const nh_outage *outage, uint32_t frame);
/* Which transmission of the call the frame is, from 1; 0 for a reply. */
unsigned nh_view_attempt(const nh_frame *frame, const nh_call *call);
/* What the packet is in the story, for a column: "FIN resent, 3rd", "LOCK, held back for up to 110 s"; caller frees. NULL = nothing. */
char *nh_view_words(const nh_view *view);
/* Whose connection it is and what is wrong with it, in words: "lockd", "port mapper: SYN without any answer"; caller frees. */
char *nh_view_connection_words(const nh_view *view);
/* The timers of a call; false where they did not matter. */
bool nh_view_timers_of_call(const nh_call *call, nh_timers *timers);
/* Those of what a frame in trouble, which carries no NLM call, holds back; false when it is nothing. */
bool nh_view_timers_in_trouble(const nh_view *view, nh_timers *timers);

#endif
