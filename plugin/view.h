/* view.h
 * What one frame shows: everything that fields and expert infos need.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_VIEW_H
#define NLM_HEALTH_VIEW_H

#include "model.h"

/* Unknown values are 0, NULL or NH_TIME_NONE; pointers belong to the watch. */
typedef struct {
    const nh_frame *frame;
    nh_service service;
    const nh_trouble *trouble;      /* of its connection at this frame */
    const nh_call *call;            /* NLM call sent or answered in it */
    gboolean is_reply, is_first;    /* the frame answers the call; is its first transmission */
    guint attempt;                  /* which transmission, from 1; 0 for a reply */
    gboolean has_deadlines, has_mount_deadlines;
    nh_deadlines deadlines, mount_deadlines;
    nh_time observed;
    nh_family family;
    nh_policy policy;
    const nh_outage *outage;        /* the incident, or NULL */
} nh_view;

/* FALSE when the plugin has nothing to say about the frame. */
gboolean nh_view_frame(const nh_watch *watch, guint32 frame, nh_view *view);

#endif
