/* show.h
 * The fields and expert infos of NLM Health, and how a frame shows them.
 *
 * Copyright 2026, the NLM Health authors
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef NLM_HEALTH_SHOW_H
#define NLM_HEALTH_SHOW_H

#include "wireshark/compat.h"
#include "wireshark/prefs.h"
#include "core/model/story.h"
#include "core/story/view.h"

void nh_show_register(int proto);
/* Whether anybody looks at the frame, or it has something to tell those who do not. */
bool nh_show_is_wanted(const nh_frame *frame, const proto_tree *tree);
/*
 * Show a frame. tree may be NULL or its items may be fake: everything is added
 * all the same, since columns, filters and -T fields live on it. story: of the
 * whole capture, or NULL on the first pass.
 */
void nh_show_frame(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const nh_view *view, const nh_story *story);
/* Show only at which of two capture points a frame was captured, if that is known. */
void nh_show_point(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, const nh_points *points);
/* Queue the frame for the tap "nlm_health". */
void nh_show_tap(packet_info *pinfo, const nh_view *view);

#endif
