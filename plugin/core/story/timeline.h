/* timeline.h
 * What happened in an incident, frame by frame.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_TIMELINE_H
#define NLM_HEALTH_TIMELINE_H

#include "core/model/model.h"
#include "core/model/story.h"

/* Widen the incident's range of frames: a call is sent before its connection is reset, and its copies may be answered when all is over. */
void nh_timeline_reach_out(nh_incident *incident, const nh_outage *outage);
/* Before and after the incidents of a story: the frames of each pair, gone through once for all of them. */
void nh_timeline_begin(nh_watch *watch);
void nh_timeline_end(nh_watch *watch);
/* Findings, milestones of connections and messages, of all frames in that range that show the incident. */
void nh_timeline_add_frames(nh_incident *incident, nh_outage *outage);
/* In the order of frames, and of time where there is none. */
void nh_timeline_sort(nh_incident *incident);

#endif
